"""Covariance between the values of an all-origins MSD at different lags.

Two parts. The first is that of Gaussian displacements: for stationary increments with variance V(n) of one
component at lag n, the displacements over [t, t+n] and [s, s+m] have the covariance (h = s - t)

    c(h) = 1/2 [V(|h+m|) + V(|h-n|) - V(|h|) - V(|h+m-n|)],

and their squares 2 c(h)^2 (Wick). The MSD is their mean over origins, so its covariance is a sum over h. For
V(n) = a^2 + n sigma^2 this is the covariance of Bullerjahn, von Bulow and Hummer, J. Chem. Phys. 153, 024116
(2020), doi 10.1063/5.0008312; here V is whatever the trajectory shows, so vibration, caging and persistence
are in it.

The second is shot noise. Displacements made of few hops are not Gaussian: each hop adds its fourth power wherever
two windows share it, so that squares gain a covariance proportional to the time o(h) that the windows overlap
(the fourth cumulant of a compound Poisson process), as do hops that several ions make together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_OFFSETS_PER_LAG = 12
"""c(h) varies over the shorter of two lags: a dozen points resolve it (1 % of the covariance)."""


class Covariance(NamedTuple):
    """The two parts, each `[n_lags, n_lags]`: Gaussian (unit of V squared) and shot noise of unit strength."""

    gaussian: np.ndarray
    shot: np.ndarray


def msd_covariance(variance: np.ndarray, lags: np.ndarray, n_frames: int, memory: int) -> Covariance:
    """Covariance of the MSD of one component of one ion.

    Parameters
    ----------
    variance
        `[n_frames + 1]`, the variance V(n) of one component at lag n; linear beyond `memory`.
    lags
        `[n_lags]` in frames, ascending.
    n_frames
        Length of the trajectory.
    memory
        Lag beyond which V is linear, so that displacements further apart are independent.
    """
    gaussian = np.empty((lags.size, lags.size))
    shot = np.empty_like(gaussian)
    for j, m in enumerate(lags):
        for i in range(j, lags.size):
            offsets, squares, shared = _kernels(variance, int(lags[i]), int(m), n_frames, memory)
            pairs = _overlap(n_frames - lags[i], n_frames - m, offsets)
            pairs /= float(n_frames - lags[i]) * float(n_frames - m)
            gaussian[i, j] = gaussian[j, i] = pairs @ squares
            shot[i, j] = shot[j, i] = pairs @ shared
    return Covariance(gaussian, shot)


def part_covariance(variance: np.ndarray, lags: np.ndarray, n_frames: int, memory: int, n_parts: int) -> Covariance:
    """As `msd_covariance`, for the mean over one of `n_parts` equal stretches of each lag's origins.

    It is that of the middle one, where the windows of all lags are centred at the same time.
    """
    gaussian = np.empty((lags.size, lags.size))
    shot = np.empty_like(gaussian)
    for j, m in enumerate(lags):
        for i in range(j, lags.size):
            n = lags[i]
            offsets, squares, shared = _kernels(variance, int(n), int(m), n_frames, memory)
            length_n, length_m = (n_frames - n) / n_parts, (n_frames - m) / n_parts
            shift = (length_n - length_m) / 2 + (n - m) / 2
            pairs = _overlap(length_n, length_m, offsets - shift) / (length_n * length_m)
            gaussian[i, j] = gaussian[j, i] = pairs @ squares
            shot[i, j] = shot[j, i] = pairs @ shared
    return Covariance(gaussian, shot)


def _kernels(
    variance: np.ndarray, n: int, m: int, n_frames: int, memory: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets h for lags n >= m, and at each 2 c(h)^2 and o(h), times the stride of the offsets."""
    stride = max(1, m // _OFFSETS_PER_LAG)
    low, high = max(-(m + memory), 1 - (n_frames - n)), min(n + memory, n_frames - m - 1)
    middle = (n - m) // 2  # both kernels are symmetric about (n - m) / 2
    below = np.arange(middle, low - 1, -stride)[::-1]
    offsets = np.concatenate([below, np.arange(middle + stride, high + 1, stride)])
    c = 0.5 * (
        variance[np.abs(offsets + m)]
        + variance[np.abs(offsets - n)]
        - variance[np.abs(offsets)]
        - variance[np.abs(offsets + m - n)]
    )
    shared = np.maximum(np.minimum(n, offsets + m) - np.maximum(0, offsets), 0)
    return offsets, 2.0 * stride * c * c, stride * shared.astype(np.float64)


def _overlap(size_n: float, size_m: float, offsets: np.ndarray) -> np.ndarray:
    """Number of origin pairs (t in [0, size_n), t + h in [0, size_m)) at each offset h."""
    return np.maximum(np.minimum(size_n, size_m - offsets) - np.maximum(0.0, -offsets), 0.0)
