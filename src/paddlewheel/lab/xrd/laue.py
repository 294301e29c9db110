"""The Laue group of a phase: its rotations, and the crystal system that they make."""

from __future__ import annotations

import numpy as np

from paddlewheel.crystals.cif_symmetry import EQUAL_LENGTHS
from paddlewheel.lab.xrd.phase import CrystalSystem

_ANGLE_DEG = 0.1
_ORDER_OF_TRACE = {3: 1, -1: 2, 0: 3, 1: 4, 2: 6}


def laue_rotations(rotations: np.ndarray) -> np.ndarray:
    """Rotations on fractional coordinates, [n, 3, 3] integers, with inversion added and none twice."""
    both = np.concatenate([rotations, -rotations]).reshape(-1, 9)
    return np.unique(both, axis=0)[::-1].reshape(-1, 3, 3)


def crystal_system(rotations: np.ndarray, cell: np.ndarray) -> CrystalSystem | None:
    """Crystal system of a Laue group on the axes of a cell; None where the axes are not the usual ones."""
    proper = rotations * np.rint(np.linalg.det(rotations)).astype(int)[:, None, None]
    proper = np.unique(proper.reshape(-1, 9), axis=0).reshape(-1, 3, 3)
    orders = [_ORDER_OF_TRACE[int(np.trace(rotation))] for rotation in proper]
    counts = {order: orders.count(order) for order in (2, 3, 4, 6)}
    (a, b, c), angles = cell[:3], cell[3:]
    right = np.abs(angles - 90) < _ANGLE_DEG
    square = abs(a / b - 1) < EQUAL_LENGTHS
    equal = square and abs(a / c - 1) < EQUAL_LENGTHS
    if counts[3] == 8:
        return "cubic" if equal and right.all() else None
    if counts[6] or counts[3]:
        if square and right[:2].all() and abs(angles[2] - 120) < _ANGLE_DEG:
            return "hexagonal"
        return "trigonal" if equal and np.ptp(angles) < _ANGLE_DEG and not counts[6] else None
    if counts[4]:
        fourfold = proper[orders.index(4)]
        return "tetragonal" if square and right.all() and np.array_equal(fourfold[2], (0, 0, 1)) else None
    if counts[2] == 3:
        return "orthorhombic" if right.all() else None
    if counts[2] == 1:
        twofold = proper[orders.index(2)]
        diagonal = np.array_equal(np.abs(twofold), np.eye(3))
        axis = int(np.argmax(np.diag(twofold)))
        return (
            "monoclinic" if diagonal and (axis == 1 if right.all() else not right[axis] and right.sum() == 2) else None
        )
    return "triclinic"
