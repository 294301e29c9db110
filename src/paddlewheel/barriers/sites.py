"""Sites of a mobile ion in a crystal: its lattice sites, and the voids between all atoms, in families of the group."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.space_group import SpaceGroup
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

SAME_SITE_A = 0.5
"""Places of an ion closer than this are one site: half of the shortest distance between sites of split positions."""


@dataclass(frozen=True, kw_only=True)
class Sites:
    """Sites of one cell, closed under its space group.

    Attributes
    ----------
    fractional
        `[n, 3]`.
    family
        `[n]`, number of the family: sites that the group maps onto each other.
    names
        Name of each family: `Li1`, `i2`.
    """

    fractional: np.ndarray
    family: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.fractional)

    def first_of(self, family: int) -> int:
        """The first site of a family."""
        return int(np.flatnonzero(self.family == family)[0])

    def multiplicity(self, family: int) -> int:
        """How many sites of the cell are of a family."""
        return int((self.family == family).sum())


@dataclass(frozen=True, kw_only=True)
class SiteMaps:
    """What the operations of a group do to sites: site `s` goes to site `site[g, s]` of the cell `shift[g, s]`.

    Attributes
    ----------
    rotations
        `[n_operations, 3, 3]`, of fractional columns.
    site, shift
        `[n_operations, n_sites]`, `[n_operations, n_sites, 3]`.
    """

    rotations: np.ndarray
    site: np.ndarray
    shift: np.ndarray


def lattice_sites(atoms: Atoms, group: SpaceGroup, *, specie: str) -> Sites:
    """The sites that `specie` has in a crystal, by the families of its space group."""
    fractional = atoms.get_scaled_positions(wrap=False)[atoms.symbols == specie]
    return _in_families(fractional, group, atoms.cell.array, prefix=specie)


def void_sites(
    atoms: Atoms, group: SpaceGroup, *, smallest_A: float, most_families: int = 24, prefix: str = "i"
) -> Sites:
    """Empty places: the centres of the largest spheres between the atoms, in families of the group.

    They are the vertices of the Voronoi diagram of the atoms (Aurenhammer, doi 10.1145/116873.116880), each equally far
    from four atoms or more and no nearer to any other. Vertices closer than `SAME_SITE_A` count once, the emptiest of
    them.

    Parameters
    ----------
    smallest_A
        Distance of the nearest atom's nucleus, at least.
    most_families
        That are kept, the emptiest first.
    """
    from scipy.spatial import KDTree, Voronoi

    cell = atoms.cell.array
    wrapped = atoms.get_scaled_positions()
    shifts = np.array(list(itertools.product((-1, 0, 1), repeat=3)))
    images = ((wrapped[None] + shifts[:, None]).reshape(-1, 3)) @ cell
    vertices = Voronoi(images).vertices
    inside = vertices @ np.linalg.inv(cell)
    keep = ((inside > -1e-6) & (inside < 1 - 1e-6)).all(axis=1)
    radii, _ = KDTree(images).query(vertices[keep])
    chosen = np.argsort(-radii, kind="stable")
    chosen = chosen[radii[chosen] >= smallest_A]
    return orbits_of(inside[keep][chosen], group, cell, prefix=prefix, most_families=most_families)


def orbits_of(
    fractional: np.ndarray, group: SpaceGroup, cell_A: np.ndarray, *, prefix: str, most_families: int = 1000
) -> Sites:
    """The orbits of points under the group; a point near a site that is there already (`SAME_SITE_A`) is that site.

    Images of one point that are that close are one site at their mean, on the element of symmetry between them.
    """
    found: list[np.ndarray] = []
    family: list[int] = []
    n_families = 0
    for point in fractional:
        if n_families == most_families:
            break
        if found and _distances(np.array(found), point, cell_A).min() < SAME_SITE_A:
            continue
        orbit = _merged(_images(point, group), cell_A)
        found.extend(orbit)
        family.extend([n_families] * len(orbit))
        n_families += 1
    return Sites(
        fractional=np.array(found).reshape(-1, 3),
        family=np.array(family, dtype=int),
        names=tuple(f"{prefix}{number + 1}" for number in range(n_families)),
    )


def site_maps(sites: Sites, group: SpaceGroup, cell_A: np.ndarray) -> SiteMaps:
    """What each operation does to each site.

    Raises
    ------
    StructureError
        If an operation takes a site where there is none.
    """
    from scipy.spatial import KDTree

    images = _operated(sites.fractional, group)
    wrapped = np.mod(sites.fractional, 1.0) % 1.0  # -1e-17 wraps to 1
    nearest = np.asarray(KDTree(wrapped, boxsize=1.0).query(np.mod(images, 1.0) % 1.0)[1])
    difference = images - sites.fractional[nearest]
    whole = np.rint(difference)
    worst = float(np.linalg.norm((difference - whole) @ cell_A, axis=-1).max())
    if worst > SAME_SITE_A:
        raise StructureError(
            f"the sites are not those of the space group {group.symbol}: one has no partner within {worst:.2f} A",
            remedy="give all sites of a family, or one of each",
        )
    return SiteMaps(rotations=group.rotations, site=nearest, shift=whole.astype(int))


def nearest_site(sites: Sites, fractional: np.ndarray, cell_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The site nearest to each of some points `[n, 3]`, and its distance (A)."""
    distance = np.array([_distances(sites.fractional, point, cell_A) for point in fractional])
    nearest = distance.argmin(axis=1)
    return nearest, distance[np.arange(len(nearest)), nearest]


def _in_families(fractional: np.ndarray, group: SpaceGroup, cell_A: np.ndarray, *, prefix: str) -> Sites:
    """Sites that are closed under the group already, in their own order."""
    whole = Sites(fractional=fractional, family=np.zeros(len(fractional), dtype=int), names=(prefix,))
    maps = site_maps(whole, group, cell_A)
    first = maps.site.min(axis=0)
    labels = {site: number for number, site in enumerate(dict.fromkeys(first.tolist()))}
    return Sites(
        fractional=fractional,
        family=np.array([labels[site] for site in first.tolist()], dtype=int),
        names=tuple(f"{prefix}{number + 1}" for number in range(len(labels))),
    )


def _operated(points: np.ndarray, group: SpaceGroup) -> np.ndarray:
    """`[n_operations, n_points, 3]`: x -> W (x - o) + t + o."""
    moved = np.einsum("gij,pj->gpi", group.rotations, points - group.origin)
    return moved + group.translations[:, None] + group.origin


def _images(point: np.ndarray, group: SpaceGroup) -> np.ndarray:
    return _operated(point[None], group)[:, 0]


def _merged(images: np.ndarray, cell_A: np.ndarray) -> list[np.ndarray]:
    """Images of one point, those within `SAME_SITE_A` of each other at their mean."""
    left, merged = list(images), []
    while left:
        first = left[0]
        near = _distances(np.array(left), first, cell_A) < SAME_SITE_A
        group = np.array(left)[near]
        group = group - np.rint(group - first)
        merged.append(np.mod(group.mean(axis=0), 1.0))
        left = [point for point, is_near in zip(left, near, strict=True) if not is_near]
    return merged


def _distances(fractional: np.ndarray, point: Sequence[float] | np.ndarray, cell_A: np.ndarray) -> np.ndarray:
    """Of points from one, to the nearest image in a cell that is not strongly skewed, `[n]` (A)."""
    from ase.geometry import find_mic

    difference = np.asarray(fractional) - np.asarray(point)
    return find_mic(difference @ cell_A, cell_A, pbc=True)[1]
