"""DIRECT sampling: few frames that cover the same region of feature space as all of them.

DImensionality-Reduced Encoded Clusters with sTratified sampling (Qi, Ko, Wood, Pham, Ong, npj Comput. Mater. 10, 43
(2024), doi 10.1038/s41524-024-01227-4): features of each structure, normalized; principal components with eigenvalues
over 1 (Kaiser's rule), each weighted by its share of the variance; BIRCH clusters; from each cluster the frames nearest
to, or at even ranks from, its centre. The picks are those of maml's `DIRECTSampler` on the same features and settings.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from sklearn.cluster import Birch

COVERAGE_BINS = 100


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What DIRECT chose.

    Attributes
    ----------
    indices
        [n_selected] frames chosen, ascending.
    components
        [n_frames, n_components] weighted principal components of all frames.
    explained_variance
        [n_components] share of the variance of each.
    labels
        [n_frames] cluster of each frame.
    threshold
        Radius of the BIRCH subclusters that gave as many clusters as were asked for.
    """

    indices: NDArray[np.int64]
    components: NDArray[np.float64]
    explained_variance: NDArray[np.float64]
    labels: NDArray[np.int64]
    threshold: float

    @property
    def n_clusters(self) -> int:
        """Clusters that hold frames."""
        return len(np.unique(self.labels))


def direct_select(
    features: ArrayLike, *, n_clusters: int | None, per_cluster: int = 1, threshold: float = 0.5
) -> Selection:
    """Choose frames by DIRECT.

    Equal runs on one processor give equal picks. Where subclusters are merged to `n_clusters`, the centre of the last
    one stands for the cluster, as in maml; which is the last can hang on rounding, and another processor pick others.

    Parameters
    ----------
    features
        [n_frames, n_features], any units: every column is normalized.
    n_clusters
        Clusters to make; None takes BIRCH's subclusters of radius `threshold` as they are.
    per_cluster
        Frames from each cluster: the one nearest to its centre for 1, else at even ranks of distance from the nearest
        to the farthest; a smaller cluster gives all it has.
    threshold
        Radius of the subclusters in units of the weighted components, to begin with: it shrinks until there are
        `n_clusters`.

    Raises
    ------
    SettingsError
        If a number is out of range, or there are fewer different frames than clusters asked for.
    DatasetError
        If features are not finite, or all frames have the same.
    """
    table = np.asarray(features, dtype=np.float64)
    _check(table, n_clusters=n_clusters, per_cluster=per_cluster, threshold=threshold)
    components, explained = principal_components(table)
    if n_clusters is not None and (different := len(np.unique(components, axis=0))) < n_clusters:
        raise SettingsError(
            f"{n_clusters} clusters of {different} different frames", where="select", remedy="select fewer, or run more"
        )
    model, threshold = _cluster(components, n_clusters=n_clusters, threshold=threshold)
    labels = np.asarray(model.predict(components), dtype=np.int64)
    # where BIRCH merged subclusters, the centre of the last one stands for the cluster, as in maml
    centres = dict(zip(model.subcluster_labels_, model.subcluster_centers_, strict=True))
    chosen: set[int] = set()
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        distances = np.linalg.norm(components[members] - centres[label], axis=1)
        ranks = np.linspace(0, len(members) - 1, per_cluster).astype(int)
        chosen.update(members[np.argpartition(distances, ranks)[ranks]].tolist())
    return Selection(
        indices=np.array(sorted(chosen), dtype=np.int64),
        components=components,
        explained_variance=explained,
        labels=labels,
        threshold=threshold,
    )


def principal_components(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal components of normalized features with eigenvalues over 1, each times its share of the variance.

    Returns
    -------
    tuple
        Components [n_frames, n_components], shares of the variance [n_components].

    Raises
    ------
    DatasetError
        If no component has an eigenvalue over 1: the frames do not differ.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    normalized = StandardScaler().fit_transform(features)
    pca = PCA().fit(normalized) if normalized.any() else None
    n = int((pca.explained_variance_ > 1).sum()) if pca is not None else 0
    if pca is None or n == 0:
        raise DatasetError("all frames have the same features", where="DIRECT", remedy="give frames that differ")
    shares = pca.explained_variance_ratio_[:n]
    return pca.transform(normalized)[:, :n] * shares, shares


def coverage(components: NDArray[np.float64], indices: ArrayLike, *, n_bins: int = COVERAGE_BINS) -> NDArray:
    """Share of the occupied bins of each component that the frames at `indices` occupy too: [n_components], 0 to 1.

    Qi et al. 2024, "feature coverage score"; `n_bins - 1` bins between the smallest and the largest value, as in maml's
    example.
    """
    chosen = np.asarray(indices, dtype=np.int64)
    scores = []
    for column in components.T:
        edges = np.linspace(column.min(), column.max(), n_bins)
        everything, mine = (np.histogram(values, bins=edges)[0] for values in (column, column[chosen]))
        scores.append(np.count_nonzero(mine) / np.count_nonzero(everything))
    return np.array(scores)


def random_selection(n_frames: int, *, n_selected: int, seed: int) -> NDArray[np.int64]:
    """As many frames at random, for comparison; ascending."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return np.sort(rng.choice(n_frames, size=n_selected, replace=False))


def _cluster(components: NDArray, *, n_clusters: int | None, threshold: float) -> tuple[Birch, float]:
    from sklearn.cluster import Birch
    from sklearn.exceptions import ConvergenceWarning

    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # too few subclusters: what this loop mends
            model = Birch(n_clusters=n_clusters, threshold=threshold).fit(components)  # type: ignore[arg-type]
        found = len(set(model.subcluster_labels_))
        if n_clusters is None or found >= n_clusters:
            return model, threshold
        threshold *= found / n_clusters


def _check(features: NDArray, *, n_clusters: int | None, per_cluster: int, threshold: float) -> None:
    if features.ndim != 2 or len(features) < 2:
        raise DatasetError(
            f"features of shape {features.shape}",
            where="DIRECT",
            remedy="give [n_frames, n_features], two frames or more",
        )
    if not np.isfinite(features).all():
        frame = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        raise DatasetError("has features that are not finite", where=f"frame {frame}", remedy="remove the frame")
    for name, value in (("clusters", n_clusters), ("per_cluster", per_cluster)):
        if value is not None and value < 1:
            raise SettingsError(f"{value}", where=name, remedy="give 1 or more")
    if not (np.isfinite(threshold) and threshold > 0):
        raise SettingsError(f"{threshold:g}", where="threshold", remedy="give a radius above 0")
