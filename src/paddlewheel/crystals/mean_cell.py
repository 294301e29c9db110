"""The mean of a cell that changes, without what it turns as a whole, and how far it strays from it.

Lattice vectors of a cell that turns average to shorter ones: of a cube that turns steadily by 90 degrees about an edge,
two edges come out 10 % short, and D with them 13 % low.
"""

from __future__ import annotations

import numpy as np

LARGEST_STRAIN = 0.1
"""Of a part of a run against its mean cell: beyond it there is no mean cell to speak of."""
_PARTS = 8


def mean_cell(cells_A: np.ndarray) -> np.ndarray:
    """Mean lattice vectors `[3, 3]` (rows) of cells `[n_frames, 3, 3]`, each turned back onto the first.

    A cell that keeps its shape has the volume of every frame.
    """
    if (cells_A == cells_A[0]).all():
        return cells_A[0].copy()
    return without_rotation(cells_A, cells_A[0]).mean(axis=0)


def without_rotation(cells_A: np.ndarray, first_cell_A: np.ndarray) -> np.ndarray:
    """Cells `[n, 3, 3]` turned back onto the first `[3, 3]`.

    With rows as lattice vectors h(t) = h(0) F and F = V Q (polar decomposition, V symmetric, Q a rotation): h(0) V.
    """
    u, stretch, _ = np.linalg.svd(np.linalg.inv(first_cell_A) @ cells_A)
    return first_cell_A @ ((u * stretch[:, None, :]) @ u.transpose(0, 2, 1))


def largest_strain(cells_A: np.ndarray, mean_cell_A: np.ndarray) -> float:
    """Largest strain (Green and Lagrange) against a mean cell of an eighth of the cells `[n_frames, 3, 3]`.

    A cell that turns as a whole has none; one that shears without end has ever more.
    """
    inverse, largest = np.linalg.inv(mean_cell_A), 0.0
    for part in np.array_split(cells_A, min(_PARTS, len(cells_A))):
        gradient = inverse @ mean_cell(part)
        strain = np.abs(np.linalg.eigvalsh(0.5 * (gradient @ gradient.T - np.eye(3)))).max()
        largest = max(largest, float(strain))
    return largest
