"""What an ordering costs: the Ewald energy of point charges on a list of sites, and pairs that exclude each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.occupancies import exclusive_pairs, is_ordered
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.crystals.valences import sum_of_radii
from paddlewheel.units import COULOMB_eV_A

if TYPE_CHECKING:
    from ase import Atoms

_DECAYED = 16.0
"""Both sums of Ewald are cut off where their terms have decayed by exp of minus this."""
_BOND = 1.25
"""Of the sum of the covalent radii, up to which a ligand belongs to a group."""
_CENTRES = {"H": ("B", "C", "N", "O", "Al"), **dict.fromkeys(("O", "F", "S"), ("B", "C", "N", "P", "S", "Cl", "Si"))}
"""Centres of groups whose ligands may be disordered, by ligand: BH4, NH2, OH, AlH4; SO4, PO4, NO3, BF4, PS4."""
_WHOLE = 0.05


def ewald_matrix(cell_A: np.ndarray, positions_A: np.ndarray) -> np.ndarray:
    """Matrix `m`, eV/e^2, `[n, n]`, such that charges `q` on the sites have the Coulomb energy `q @ m @ q`.

    The sum of Ewald with conducting surroundings, and a uniform background where the charges are not neutral
    (Ann. Phys. 369, 253 (1921), doi 10.1002/andp.19213690304); cut off where its terms have fallen by e^-16.

    Parameters
    ----------
    cell_A, positions_A
        Cell vectors as rows, and sites `[n, 3]`, A.
    """
    from ase import Atoms
    from scipy.special import erfc

    n, volume_A3 = len(positions_A), abs(np.linalg.det(cell_A))
    cutoff_A = float(np.clip(8.0 * (n / 300) ** (1 / 3), 8.0, 14.0))
    width = np.sqrt(_DECAYED) / cutoff_A
    matrix = np.full((n, n), -np.pi / (width**2 * volume_A3))
    waves = _half_sphere(cell_A, 2 * width * np.sqrt(_DECAYED))
    squares = (waves**2).sum(axis=1)
    weights = np.sqrt(8 * np.pi / volume_A3 * np.exp(-squares / (4 * width**2)) / squares)
    phases = positions_A @ waves.T
    for part in (np.cos(phases) * weights, np.sin(phases) * weights):
        matrix += part @ part.T
    pairs = pairs_within(Atoms(["X"] * n, positions=positions_A, cell=cell_A, pbc=True), cutoff_A=cutoff_A)
    near = erfc(width * pairs.distances_A) / pairs.distances_A
    np.add.at(matrix, (pairs.first, pairs.second), near)
    np.add.at(matrix, (pairs.second, pairs.first), near)
    matrix[np.diag_indices(n)] -= 2 * width / np.sqrt(np.pi)
    return 0.5 * COULOMB_eV_A * matrix


def _half_sphere(cell_A: np.ndarray, longest_per_A: float) -> np.ndarray:
    """Reciprocal vectors, one of each pair of opposite ones, without zero."""
    reciprocal = 2 * np.pi * np.linalg.inv(cell_A).T
    most = np.floor(longest_per_A * np.linalg.norm(cell_A, axis=1) / (2 * np.pi)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3)
    waves = grid[len(grid) // 2 + 1 :] @ reciprocal  # the grid is symmetric about its middle, which is zero
    return waves[(waves**2).sum(axis=1) <= longest_per_A**2]


@dataclass(frozen=True, eq=False)
class Group:
    """A centre whose ligands are disordered: the sites of those, and how many of them are filled."""

    centre: int
    ligand: str
    sites: np.ndarray
    number: float


def disordered_groups(rows: Sequence[Mapping[str, float]], cell_A: np.ndarray, positions_A: np.ndarray) -> list[Group]:
    """Centres on full sites with ligands on partly occupied ones, each ligand with its nearest centre."""
    from ase import Atoms

    partial = {
        i: next(iter(row)) for i, row in enumerate(rows)
        if not is_ordered(row) and len(row) == 1 and next(iter(row)) in _CENTRES
    }  # fmt: skip
    if not partial:
        return []
    pairs = pairs_within(Atoms(["X"] * len(rows), positions=positions_A, cell=cell_A, pbc=True), cutoff_A=3.0)
    nearest: dict[int, tuple[float, int]] = {}
    for i, j, distance in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.distances_A.tolist(), strict=True):
        for site, centre in ((i, j), (j, i)):
            ligand = next(iter(rows[site]))
            if len(rows[site]) > 1 or ligand not in _CENTRES or not is_ordered(rows[centre]):
                continue
            middle = next(iter(rows[centre]))
            if middle in _CENTRES[ligand] and distance <= _BOND * sum_of_radii(ligand, middle):
                nearest[site] = min(nearest.get(site, (distance, centre)), (distance, centre))
    members: dict[tuple[int, str], list[int]] = {}
    for site, (_, centre) in nearest.items():
        members.setdefault((centre, next(iter(rows[site]))), []).append(site)
    return [
        Group(centre, ligand, np.array(sorted(sites)), sum(rows[site][ligand] for site in sites))
        for (centre, ligand), sites in members.items()
        if any(site in partial for site in sites)
    ]


def broken_groups(groups: Sequence[Group], filled: np.ndarray) -> int:
    """How many groups with a whole number of ligands have another."""
    return sum(
        abs(group.number - round(group.number)) < _WHOLE and int(filled[group.sites].sum()) != round(group.number)
        for group in groups
    )


def exclusion_matrix(
    rows: Sequence[Mapping[str, float]], atoms: Atoms, groups: Sequence[Group], *, overlap_eV: float, group_eV: float
) -> tuple[np.ndarray, np.ndarray]:
    """Matrix `p`, eV, `[n, n]`, such that sites filled by `f` (0 or 1) cost `f @ p @ f`, and which pairs overlap.

    Two sites too near to be both filled cost `overlap_eV`, a group that has not its number of ligands `group_eV` times
    the square of the difference, less a constant.
    """
    n = len(rows)
    first, second = exclusive_pairs(rows, atoms.cell.array, atoms.get_scaled_positions(wrap=False))
    overlapping = np.zeros((n, n), dtype=bool)
    overlapping[first, second] = overlapping[second, first] = True
    matrix = 0.5 * overlap_eV * overlapping
    for group in groups:
        matrix[np.ix_(group.sites, group.sites)] += group_eV
        matrix[group.sites, group.sites] -= 2 * group_eV * group.number
    return matrix, overlapping
