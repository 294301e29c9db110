"""Sites of mobile ions: where they are in the mean cell, what they are called, and how large their cores are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from paddlewheel.errors import InputError, SettingsError

MINIMUM_DISTANCE_A = 1.0
"""Sites closer than this overlap: half of the shortest distance between any two cations in a solid, and about three
times the vibration of an ion at 600 K along an axis."""
CORE_FRACTION = 0.5
"""Radius of a core over half of the distance to the nearest other site."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites in fractional coordinates of the mean cell, so that they breathe with it.

    Attributes
    ----------
    fractional
        `[n_sites, 3]`, in 0 to 1.
    cell_A
        Lattice vectors of the mean cell as rows, `[3, 3]`.
    labels
        Name of each site, all different.
    families
        Name of the kind of each site: sites of one family are taken for equivalent.

    Raises
    ------
    InputError
        For no site, positions that are not finite, or names that do not match them.
    """

    fractional: np.ndarray
    cell_A: np.ndarray
    labels: tuple[str, ...]
    families: tuple[str, ...]

    def __post_init__(self) -> None:
        fractional = np.asarray(self.fractional, dtype=np.float64)
        cell = np.asarray(self.cell_A, dtype=np.float64)
        if fractional.ndim != 2 or fractional.shape[1] != 3 or len(fractional) == 0:
            raise InputError(f"sites have shape {fractional.shape}, not (n_sites, 3)", remedy="give at least one site")
        if cell.shape != (3, 3) or not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-3:
            raise InputError("the cell of the sites has no volume", remedy="give three lattice vectors as rows")
        if not np.isfinite(fractional).all():
            raise InputError("a position of a site is not a finite number", remedy="correct the list of sites")
        if not len(self.labels) == len(self.families) == len(fractional):
            raise InputError(
                f"{len(self.labels)} labels and {len(self.families)} families for {len(fractional)} sites",
                remedy="give one of each for every site",
            )
        if len(set(self.labels)) < len(self.labels):
            twice = next(label for label in self.labels if self.labels.count(label) > 1)
            raise InputError(f"two sites are called {twice}", remedy="give each site a name of its own")
        wrapped = fractional - np.floor(fractional)
        wrapped[wrapped >= 1.0] = 0.0  # -1e-17 wraps to 1
        object.__setattr__(self, "fractional", wrapped)
        object.__setattr__(self, "cell_A", cell)

    def __len__(self) -> int:
        return len(self.fractional)

    @cached_property
    def nearest(self) -> tuple[np.ndarray, np.ndarray]:
        """Distance (A) to the nearest other site or own image, `[n_sites]`, and which site that is, `[n_sites]`."""
        return nearest_sites(self.fractional, self.cell_A)

    @property
    def family_names(self) -> tuple[str, ...]:
        """The families, in the order of their first site."""
        return tuple(dict.fromkeys(self.families))

    @property
    def family_index(self) -> np.ndarray:
        """Index into `family_names` of each site, `[n_sites]`."""
        names = {name: index for index, name in enumerate(self.family_names)}
        return np.array([names[family] for family in self.families])

    @property
    def multiplicity(self) -> np.ndarray:
        """Number of sites of each family, `[n_families]`."""
        return np.bincount(self.family_index)


def check_overlap(sites: Sites, *, minimum_distance_A: float = MINIMUM_DISTANCE_A) -> None:
    """Refuse sites so close that an ion cannot be said to be on one of them.

    Raises
    ------
    InputError
        Naming the closest pair and its distance.
    """
    distances, others = sites.nearest
    first = int(np.argmin(distances))
    if distances[first] >= minimum_distance_A:
        return
    one, two = sorted((first, int(others[first])))
    other = sites.labels[two] if two != one else "its own periodic image"
    raise InputError(
        f"sites {sites.labels[one]} and {other} overlap: {distances[first]:.2f} A apart "
        f"(at least {minimum_distance_A:g})",
        remedy="merge them into one, or allow less by the minimum distance",
    )


def core_radii_A(sites: Sites, *, core_radius_A: float | None = None) -> np.ndarray:
    """Radius of the core of each site, `[n_sites]`, A.

    By default a quarter of the distance to the nearest other site (half of the way to the face between them), so that
    no two cores touch: an ion that vibrates about its site must travel three quarters of the way to the next before
    it counts as having arrived.

    Parameters
    ----------
    core_radius_A
        One radius for all instead.

    Raises
    ------
    SettingsError
        If that is not positive, or cores of this radius overlap; the closest pair is named.
    """
    distances, others = sites.nearest
    if core_radius_A is None:
        return 0.5 * CORE_FRACTION * distances
    if not (np.isfinite(core_radius_A) and core_radius_A > 0):
        raise SettingsError(f"core radius {core_radius_A:g} A", remedy="give a positive radius")
    first = int(np.argmin(distances))
    if 2 * core_radius_A > distances[first]:
        one, two = sorted((first, int(others[first])))
        raise SettingsError(
            f"cores of {core_radius_A:g} A overlap: sites {sites.labels[one]} and {sites.labels[two]} "
            f"are {distances[first]:.2f} A apart",
            remedy=f"give at most {0.5 * distances[first]:.2f} A",
        )
    return np.full(len(sites), float(core_radius_A))


def image_shells(cell_A: np.ndarray, reach_A: float) -> np.ndarray:
    """Translations, integers `[n, 3]`, of all images of the cell that hold points within `reach_A` of it."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell_A), axis=0)
    ranges = [np.arange(-n, n + 1) for n in np.ceil(reach_A / heights).astype(int)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)


def nearest_sites(fractional: np.ndarray, cell_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest other point or own image, `[n]` (A), and the index of that point, `[n]`."""
    from scipy.spatial import KDTree

    fractional = fractional - np.floor(fractional)
    reach = float(np.linalg.norm(cell_A, axis=1).min())  # nobody is farther from its own image
    images = fractional[None] + image_shells(cell_A, reach)[:, None]
    tree = KDTree(images.reshape(-1, 3) @ cell_A)
    distances, found = (np.asarray(found) for found in tree.query(fractional @ cell_A, k=2))
    return distances[:, 1], found[:, 1] % len(fractional)
