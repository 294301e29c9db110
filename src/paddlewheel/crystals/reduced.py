"""The Minkowski-reduced basis of a lattice, in which rounding coordinates finds the nearest image of short vectors."""

from __future__ import annotations

import numpy as np


def reduced_basis(cell_A: np.ndarray) -> np.ndarray:
    """Rows: the reduced lattice vectors in terms of those of `cell_A` [3, 3], whole numbers as float64 [3, 3].

    Nguyen and Stehle, Low-dimensional lattice basis reduction revisited (doi 10.1145/1597036.1597050), as in ASE.
    """
    from ase.geometry import minkowski_reduce

    return np.asarray(minkowski_reduce(cell_A)[1], dtype=np.float64)
