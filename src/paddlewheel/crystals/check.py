"""Is this a crystal that a simulation can start from?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.cif_statements import SMALLEST_VOLUME_A3, other_unit
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms

SHORTEST_DISTANCE_A = 0.5
"""No two nuclei of a solid come closer (H2 has 0.74 A)."""

SHORTEST_COVALENT_FRACTION = 0.4
"""Least share of the sum of the covalent radii; below it the repulsion is far outside any potential's training."""

LARGEST_A = 1e4
"""Longest cell vector and largest coordinate of anything that is simulated atom by atom (molecules in vacuum too)."""

NO_CELL_REMEDY = (
    'give a crystal with three lattice vectors (in an .xyz: Lattice="a1 a2 a3 b1 b2 b3 c1 c2 c3" in its second line), '
    "not a molecule"
)
_LARGEST_KNOWN_NUMBER = 103  # Lr: the last with a covalent radius and a mass worth the name


def check_structure(atoms: Atoms, where: str | Path | None = None) -> Atoms:
    """Return `atoms` unchanged if it is a periodic crystal without overlapping atoms.

    Parameters
    ----------
    atoms
        The structure to check.
    where
        The file or name to put into the error.

    Raises
    ------
    StructureError
        For no atoms at all, unknown elements, coordinates or cell vectors that are not finite or beyond 1e4 A, a cell
        of less than 2 A^3 an atom, a cell without
        volume or not periodic in three directions, and pairs closer than 0.5 A or than 0.4 times the sum of
        their covalent radii.
    """
    from ase.data import chemical_symbols, covalent_radii

    if len(atoms) == 0:
        raise StructureError(
            "the structure has no atoms", where=where, remedy="give a structure with at least one atom"
        )
    numbers = np.asarray(atoms.numbers)
    if unknown := sorted({int(n) for n in numbers if not 1 <= n <= _LARGEST_KNOWN_NUMBER}):
        index = int(np.flatnonzero(numbers == unknown[0])[0])
        raise StructureError(
            f"atom {index + 1} has atomic number {unknown[0]}, which is no element that can be simulated",
            where=where,
            remedy="replace dummy atoms by elements or remove them",
        )
    positions, cell = atoms.get_positions(), atoms.cell.array
    if not np.isfinite(cell).all():
        raise StructureError("the cell vectors are not finite numbers", where=where, remedy="write the cell again")
    if not np.isfinite(positions).all():
        index = int(np.flatnonzero(~np.isfinite(positions).all(axis=1))[0])
        raise StructureError(
            f"the coordinates of atom {index + 1} ({chemical_symbols[numbers[index]]}) are not finite numbers",
            where=where,
            remedy="correct that line of the file",
        )
    lengths = np.linalg.norm(cell, axis=1)
    largest = max(lengths.max(), np.abs(positions).max())
    if largest > LARGEST_A:
        what = "a lattice vector" if lengths.max() == largest else "a coordinate"
        raise StructureError(
            f"{what} of {largest:.3g} A is no crystal's",
            where=where,
            remedy="look for a number that lost its decimal point, or for another unit",
        )
    # a relative measure: a flat cell is flat in any unit
    if lengths.min() < 1e-3 or abs(np.linalg.det(cell)) < 1e-3 * lengths.prod():
        volume = abs(np.linalg.det(cell))
        raise StructureError(
            "there is no periodic cell"
            + (f" (lattice parameters {_three(lengths)} A, volume {volume:.3g} A^3)" if lengths.any() else ""),
            where=where,
            remedy=NO_CELL_REMEDY,
        )
    volume_A3 = abs(np.linalg.det(cell)) / len(atoms)
    if volume_A3 < SMALLEST_VOLUME_A3:
        raise StructureError(
            f"the cell has {volume_A3:.2g} A^3 for each of its {len(atoms)} atoms",
            where=where,
            remedy=other_unit(volume_A3) or "check the cell and its unit: no crystal has less than 2",
        )
    if not atoms.pbc.all():
        raise StructureError(
            f"the structure is periodic along {int(atoms.pbc.sum())} of its 3 cell vectors",
            where=where,
            remedy='make it periodic in all three (pbc="T T T")',
        )
    _refuse_overlaps(atoms, where, covalent_radii, chemical_symbols)
    return atoms


def _refuse_overlaps(atoms: Atoms, where: str | Path | None, radii: np.ndarray, symbols: list[str]) -> None:
    numbers = np.asarray(atoms.numbers)
    largest = max(SHORTEST_DISTANCE_A, 2 * SHORTEST_COVALENT_FRACTION * float(radii[numbers].max()))
    pairs = pairs_within(atoms, cutoff_A=largest)
    limit = SHORTEST_COVALENT_FRACTION * (radii[numbers[pairs.first]] + radii[numbers[pairs.second]])
    limit = np.maximum(limit, SHORTEST_DISTANCE_A)
    close = np.flatnonzero(pairs.distances_A < limit)
    if len(close) == 0:
        return
    worst = close[np.argmin(pairs.distances_A[close])]
    i, j = sorted((int(pairs.first[worst]), int(pairs.second[worst])))
    names = f"{symbols[numbers[i]]}{i + 1} and {symbols[numbers[j]]}{j + 1}"
    if i == j:
        names = f"{symbols[numbers[i]]}{i + 1} and its own periodic image"
    more = f" ({len(close)} such pairs)" if len(close) > 1 else ""
    raise StructureError(
        f"atoms {names} overlap: {pairs.distances_A[worst]:.2f} A apart, at least {limit[worst]:.2f} A expected{more}",
        where=where,
        remedy="remove the duplicate atom, or check the cell and the coordinates' unit",
    )


def _three(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
