"""What a periodic cell allows: how many images a distance reaches, and how far a range may go."""

from __future__ import annotations

import numpy as np

from paddlewheel.crystals.supercell import image_distance_A
from paddlewheel.errors import InputError


def image_reach(cell_A: np.ndarray, range_A: float) -> np.ndarray:
    """`[3]`: images to look at beyond the wrapped one, so that no pair within `range_A` is missed in any cell.

    A vector of length r has fractional coordinates of at most r / h, h the distance of the faces of the cell; the
    wrapped one is within 1/2.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell_A), axis=0)
    return np.floor(range_A / heights + 0.5).astype(np.int64)


def checked_range(range_A: float, cell_A: np.ndarray) -> None:
    """Refuse a range beyond the shortest lattice vector.

    Raises
    ------
    InputError
        With the longest range that the cell allows.
    """
    shortest = image_distance_A(cell_A)
    if range_A > shortest * (1 + 1e-9):
        raise InputError(
            f"the cell is too small for a range of {range_A:g} A: at {shortest:.4g} A atoms meet their own images",
            remedy=f"give at most {np.floor(shortest * 100) / 100:g} A, or a larger supercell",
        )
