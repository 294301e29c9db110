"""Rotations as unit quaternions (w, x, y, z), in arrays `[..., 4]`."""

from __future__ import annotations

import numpy as np


def relative(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """conj(first) second: the rotation from `first` to `second` in the axes of the body, `[..., 4]`."""
    w1, x1, y1, z1 = np.moveaxis(first, -1, 0)
    w2, x2, y2, z2 = np.moveaxis(second, -1, 0)
    return np.stack(
        [
            w1 * w2 + x1 * x2 + y1 * y2 + z1 * z2,
            w1 * x2 - x1 * w2 - y1 * z2 + z1 * y2,
            w1 * y2 + x1 * z2 - y1 * w2 - z1 * x2,
            w1 * z2 - x1 * y2 + y1 * x2 - z1 * w2,
        ],
        axis=-1,
    )


def angle_rad(quaternions: np.ndarray) -> np.ndarray:
    """Angle of each rotation, from 0 to pi."""
    return 2.0 * np.arctan2(np.linalg.norm(quaternions[..., 1:], axis=-1), np.abs(quaternions[..., 0]))


def rotation_vectors(quaternions: np.ndarray) -> np.ndarray:
    """Axis times angle (0 to pi) of each rotation, `[..., 3]`, rad."""
    vector = quaternions[..., 1:] * np.where(quaternions[..., :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, np.abs(quaternions[..., :1]))
    return vector * np.divide(angle, sine, out=np.full_like(sine, 2.0), where=sine > 1e-12)


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices `[..., 3, 3]`: body to lattice, acting on column vectors."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
