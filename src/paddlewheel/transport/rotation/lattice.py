"""The frame of the lattice: what is left of a changing cell when its rotation as a whole is taken out."""

from __future__ import annotations

import numpy as np

from paddlewheel.crystals.mean_cell import without_rotation


def lattice_cells(cells_A: np.ndarray, first_cell_A: np.ndarray) -> np.ndarray:
    """Cells without their rotation since the first, turned so that the first has a along x and b in the xy plane.

    The cells of `without_rotation` times S, which turns h(0) into the standard orientation.

    Orientations of rigid bodies in this frame do not depend
    on how the whole cell is turned, in a file or in time, nor on a cell that breathes.

    Parameters
    ----------
    cells_A
        `[n, 3, 3]`, A.
    first_cell_A
        `[3, 3]`, A, of the first frame of the run.
    """
    standard = standard_rotation(first_cell_A)
    if (cells_A == first_cell_A).all():
        return np.broadcast_to(first_cell_A @ standard, cells_A.shape).copy()
    return without_rotation(cells_A, first_cell_A) @ standard


def standard_rotation(cell_A: np.ndarray) -> np.ndarray:
    """The proper rotation S for which the rows of `cell_A @ S` have a along x and b in the upper xy plane."""
    x = cell_A[0] / np.linalg.norm(cell_A[0])
    z = np.cross(cell_A[0], cell_A[1])
    z /= np.linalg.norm(z)
    return np.stack([x, np.cross(z, x), z], axis=1)


def heights_A(cell_A: np.ndarray) -> np.ndarray:
    """Distances between the faces of a cell `[3, 3]`, A, `[3]`."""
    return 1.0 / np.linalg.norm(np.linalg.inv(cell_A), axis=0)
