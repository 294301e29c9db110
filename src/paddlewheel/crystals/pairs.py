"""Pairs of atoms closer than a cutoff, with periodic images (vesin does the search)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Pairs:
    """Every pair of atoms within a cutoff, each once.

    Attributes
    ----------
    first, second
        Indices of the two atoms, `[n_pairs]`.
    shifts
        Lattice translations of the second atom, integers `[n_pairs, 3]`: the vector from `first` to `second` is
        `positions[second] + shifts @ cell - positions[first]`.
    distances_A
        Lengths of those vectors, `[n_pairs]`.
    """

    first: np.ndarray
    second: np.ndarray
    shifts: np.ndarray
    distances_A: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


def pairs_within(atoms: Atoms, *, cutoff_A: float) -> Pairs:
    """Find all pairs of atoms (an atom and its own image included) closer than `cutoff_A`, each pair once.

    Parameters
    ----------
    atoms
        A structure with a cell of finite volume, periodic in the directions that `atoms.pbc` names.
    cutoff_A
        Largest distance, A.
    """
    from vesin import NeighborList  # loads torch where it is installed: not at import time

    search = NeighborList(cutoff=float(cutoff_A), full_list=False)
    first, second, shifts, distances = search.compute(
        points=atoms.get_positions(), box=atoms.cell.array, periodic=atoms.pbc, quantities="ijSd"
    )
    return Pairs(
        np.asarray(first, dtype=int),
        np.asarray(second, dtype=int),
        np.asarray(shifts, dtype=int),
        np.asarray(distances),
    )
