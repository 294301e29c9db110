"""The space group of points in a cell, with its operations as exact fractions, also of a supercell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import StructureError

_DENOMINATOR = 288
"""Translations of the 230 groups are multiples of 1/12 or 1/8 of the standard cell; a supercell has parts of those."""
_CELLS = 6
"""Standard cells that are looked through along each axis for the translations of a supercell."""


@dataclass(frozen=True)
class SpaceGroup:
    """A space group in the basis of a given cell, which may be a supercell of its standard one.

    Attributes
    ----------
    symbol, number
        International short symbol and number.
    rotations, translations
        `[n, 3, 3]` integers and `[n, 3]` fractions: x -> W x + t for fractional columns x **counted from `origin`**.
    origin
        Fractional coordinates `[3]` of the group's origin in the given cell.
    """

    symbol: str
    number: int
    rotations: np.ndarray
    translations: np.ndarray
    origin: np.ndarray

    @property
    def n_operations(self) -> int:
        """Operations of the cell, its inner translations included."""
        return len(self.rotations)


def find_space_group(
    cell_A: np.ndarray, fractional: np.ndarray, kinds: Sequence[int], *, tolerance_A: float
) -> SpaceGroup:
    """The space group of points by spglib (Togo, Shinohara, Tanaka, doi 10.1080/27660400.2024.2384822).

    The operations are those of spglib's tables, carried to the given cell: exact, whatever the noise of the points.

    Parameters
    ----------
    cell_A, fractional, kinds
        `[3, 3]` with vectors as rows, `[n, 3]`, and what tells the points apart `[n]`.
    tolerance_A
        How far a point may be from its image.

    Raises
    ------
    StructureError
        If spglib finds none.
    """
    import spglib

    points: Any = (cell_A, fractional, list(kinds))
    found = spglib.get_symmetry_dataset(points, symprec=tolerance_A)
    if found is None:
        raise StructureError(
            f"no space group found within {tolerance_A:g} A", remedy="give another tolerance, or leave it unsymmetrized"
        )
    to_standard = np.asarray(found.transformation_matrix, dtype=float)
    back = np.rint(np.linalg.inv(to_standard) * _DENOMINATOR) / _DENOMINATOR
    table = spglib.get_symmetry_from_database(found.hall_number)
    assert table is not None
    cells = np.array(list(itertools.product(range(-_CELLS, _CELLS + 1), repeat=3)))
    inner = np.mod(np.rint(cells @ back.T * _DENOMINATOR), _DENOMINATOR)
    inner = np.unique(inner.astype(int), axis=0)
    seen: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    for rotation, translation in zip(table["rotations"], table["translations"], strict=True):
        here = back @ rotation @ to_standard
        if np.abs(here - np.rint(here)).max() > 1e-3:  # a rotation that the supercell does not have
            continue
        whole = np.rint(here).astype(int)
        start = np.rint(back @ translation * _DENOMINATOR).astype(int)
        for shift in np.unique(np.mod(inner + start, _DENOMINATOR), axis=0):
            seen[whole.tobytes() + shift.tobytes()] = (whole, shift / _DENOMINATOR)
    return SpaceGroup(
        symbol=found.international,
        number=found.number,
        rotations=np.array([rotation for rotation, _ in seen.values()]),
        translations=np.array([shift for _, shift in seen.values()]),
        origin=-back @ np.asarray(found.origin_shift, dtype=float),
    )
