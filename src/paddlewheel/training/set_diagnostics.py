"""What a labelled set says of itself: labels that stand apart from a potential, frames that are nearly alike, regions
that refused frames leave empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.training.direct import coverage, principal_components
from paddlewheel.training.features import radial_features

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from paddlewheel.training.parity import Parity

SMALL_FORCE_eV_PER_A = 0.1
"""Added in quadrature to the forces of a frame before its error is compared with them: at rest they are none."""
OUTLIER_DEVIATIONS = 6.0
"""From the median, in robust standard deviations of the logarithm: one in 1e9 of a log-normal distribution."""
_SMALLEST_SPREAD = 0.15
"""Of the logarithm: frames that are all equally wrong are no measure of each other."""
_FEWEST = 5
"""Frames of which a map can be drawn."""
NEAR = 0.01
"""Of the median distance of two frames: nearer ones teach the same."""


@dataclass(frozen=True, kw_only=True)
class ForceOutlier:
    """A frame whose forces differ from a potential's far more than those of the other frames.

    Attributes
    ----------
    frame, atom
        Numbers, from 0; the atom that differs most.
    rms_eV_per_A, largest_eV_per_A
        Root mean square over all components of the frame, and the largest difference of one atom's force.
    deviations
        Robust standard deviations from the median of the logarithm of error over force.
    """

    frame: int
    atom: int
    rms_eV_per_A: float
    largest_eV_per_A: float
    deviations: float


def force_outliers(parity: Parity, n_atoms: Sequence[int]) -> list[ForceOutlier]:
    """Frames whose forces stand apart, the worst first.

    Errors of a potential grow with the forces, so that each frame's root mean square error is divided by that of its
    own forces; the logarithm of this ratio is compared with its median over the set, in median absolute deviations.

    Parameters
    ----------
    parity
        Labels beside the potential's predictions.
    n_atoms
        [n_frames] atoms of each frame.
    """
    labels, predictions = (column.reshape(-1, 3) for column in parity.forces_eV_per_A.T)
    ends = np.cumsum(n_atoms)[:-1]
    errors = np.split(predictions - labels, ends)
    forces = np.split(labels, ends)
    rms = np.array([np.sqrt(np.mean(each**2)) for each in errors])
    own = np.array([np.sqrt(np.mean(each**2)) for each in forces])
    ratio = np.log(np.maximum(rms, 1e-6) / np.hypot(own, SMALL_FORCE_eV_PER_A))
    middle = np.median(ratio)
    spread = max(1.4826 * float(np.median(np.abs(ratio - middle))), _SMALLEST_SPREAD)
    deviations = (ratio - middle) / spread
    found = []
    for frame in np.flatnonzero(deviations > OUTLIER_DEVIATIONS):
        sizes = np.linalg.norm(errors[frame], axis=1)
        found.append(ForceOutlier(
            frame=int(frame), atom=int(sizes.argmax()), rms_eV_per_A=float(rms[frame]),
            largest_eV_per_A=float(sizes.max()), deviations=float(deviations[frame]),
        ))  # fmt: skip
    return sorted(found, key=lambda outlier: -outlier.deviations)


def map_of(frames: Sequence[Atoms]) -> NDArray[np.float64] | None:
    """Principal components [n_frames, n_components] of the frames' radial features; None of few or equal ones."""
    if len(frames) < _FEWEST:
        return None
    elements = sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()})
    features = []
    for frame in frames:
        of_atoms = radial_features(frame, elements=elements)
        features.append(np.concatenate([of_atoms.mean(axis=0), of_atoms.std(axis=0)]))
    table = np.array(features)
    if np.ptp(table, axis=0).max() < 1e-9:
        return None
    return principal_components(table)[0]


def near_twins(components: NDArray[np.float64]) -> int:
    """How many frames have another one nearer than `NEAR` of the median distance of two frames."""
    from scipy.spatial import KDTree

    some = components[np.unique(np.linspace(0, len(components) - 1, min(len(components), 500)).astype(int))]
    between = np.linalg.norm(some[:, None] - some[None], axis=2)[np.triu_indices(len(some), 1)]
    nearest = KDTree(components).query(components, k=2)[0][:, 1]
    return int(np.count_nonzero(nearest < NEAR * np.median(between)))


def covered(components: NDArray[np.float64], taken: Sequence[int]) -> float:
    """Share of the region of all frames that those taken cover: the mean over components of `direct.coverage`.

    As many bins as a third of the frames, 99 at most: of few frames each would have a bin of its own.
    """
    return float(np.mean(coverage(components, taken, n_bins=int(np.clip(len(components) // 3, 5, 100)))))
