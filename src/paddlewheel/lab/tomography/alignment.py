"""Where the slices of a stack lie, as far as the pictures can tell: jitter, steps and drift apart from the structure.

Shifts between neighbouring slices follow the sample, and the particles as they grow and shrink from slice to slice. The
second adds up to a random walk of several voxels where a field holds a few particles. How large it is, the tiles of a
slice say, whose shifts differ; how long it lasts, the correlation of grey values along z. What is left is the sample's
path (Wiener filter, with spectra by Whittle's likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.lab.tomography.artefacts import NORMAL_MAD, Watch, read_slices

Alignment = Literal["auto", "none"]
"""Whether the path of the slices is taken back as far as it is known, or not at all."""

_LARGEST_FIELD = 500
"""Pixels along the shorter edge; larger pictures are looked at in means of pixels."""
_STEP = 5.0
"""Standard deviations beyond which a shift is a step of its own, not part of a random path."""
_JUMP = 0.5
"""A far shift is believed where its 1 - r is so much smaller than that of the near one: the middle of a picture of few
particles fits some other place by chance, all that both show does not."""
_SIGNIFICANT = 2.0
"""Standard uncertainties from which a straight drift is taken back."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Drift:
    """Path of the slices in their plane, voxels.

    Attributes
    ----------
    seen
        [n_z, 2]: along y and x, the sum of the shifts between neighbours; its mean is 0.
    removed
        [n_z, 2]: what of it is the sample's, and is taken back.
    error
        [n_z, 2]: standard uncertainty of what is left, about its mean, for the whole path of the sample.
    slope, slope_error
        Straight drift along y and x, voxels a slice, and its standard uncertainty.
    """

    seen: np.ndarray
    removed: np.ndarray
    error: np.ndarray
    slope: tuple[float, float]
    slope_error: tuple[float, float]

    @classmethod
    def none(cls, n_z: int) -> Drift:
        """Nothing that is known."""
        zero = np.zeros((n_z, 2))
        return cls(seen=zero, removed=zero, error=zero, slope=(0.0, 0.0), slope_error=(0.0, 0.0))


def find_drift(
    values: Any,
    *,
    lengths_voxels: tuple[float, float, float],
    watch: Watch | None = None,
) -> Drift:
    """The path of the slices, and what of it is known to be the sample's.

    Parameters
    ----------
    values
        [n_z, n_y, n_x], as an array or a chunked array.
    lengths_voxels
        Correlation lengths of the grey values along z, y, x (`artefacts.correlation_lengths`).
    """
    n_z, n_y, n_x = values.shape
    if n_z < 8 or min(n_y, n_x) < 32:
        return Drift.none(n_z)
    bin_size = max(1, min(n_y, n_x) // _LARGEST_FIELD)
    tile = max(16, round(2 * max(lengths_voxels[1:]) / bin_size))
    before = _prepared(values, 0, bin_size)
    shifts, variances = np.zeros((n_z - 1, 2)), np.zeros((n_z - 1, 2))
    for z in range(1, n_z):
        seen = _prepared(values, z, bin_size)
        shifts[z - 1], variances[z - 1] = _shift(before, seen, tile)
        before = seen
        if watch is not None:
            watch((z + 1) / n_z)
    if not np.isfinite(np.median(variances)):  # pictures without anything to hold on to
        return Drift.none(n_z)
    shifts, variances = shifts * bin_size, variances * bin_size**2
    paths = [_known(shifts[:, axis], variances[:, axis], lengths_voxels[0]) for axis in (0, 1)]
    seen = np.concatenate([np.zeros((1, 2)), np.cumsum(shifts, axis=0)])
    removed = np.stack([path.removed for path in paths], axis=1)
    return Drift(
        seen=seen - seen.mean(axis=0), removed=removed, error=np.stack([path.error for path in paths], axis=1),
        slope=(paths[0].slope, paths[1].slope),
        slope_error=(paths[0].slope_error, paths[1].slope_error),
    )  # fmt: skip


def _prepared(values: Any, z: int, bin_size: int) -> np.ndarray:
    """A slice without its noise, its shadows and its curtains, which stand still while the sample moves."""
    from scipy.ndimage import gaussian_filter

    seen = read_slices(values, z, z + 1)[0]
    rows, columns = (length // bin_size for length in seen.shape)
    seen = seen[: rows * bin_size, : columns * bin_size].reshape(rows, bin_size, columns, bin_size).mean(axis=(1, 3))
    seen = gaussian_filter(seen, 1.0)
    seen = seen - gaussian_filter(seen, min(seen.shape) / 6)
    return seen - np.median(seen, axis=0)


def _shift(first: np.ndarray, second: np.ndarray, tile: int) -> tuple[np.ndarray, np.ndarray]:
    """Shift of the second picture against the first along y and x, and the variance that its tiles say it has."""
    from skimage.registration import phase_cross_correlation

    window = np.outer(np.hanning(first.shape[0]), np.hanning(first.shape[1])).astype(np.float32)
    start, _, _ = phase_cross_correlation(first * window, second * window, normalization=None)  # pyright: ignore
    near = _refined(first, second, tile, np.zeros(2))
    if np.abs(start).max() <= 2:
        return near
    far = _refined(first, second, tile, -np.asarray(start))
    return far if _unlikeness(first, second, far[0]) < _JUMP * _unlikeness(first, second, near[0]) else near


def _unlikeness(first: np.ndarray, second: np.ndarray, shift: np.ndarray) -> float:
    """1 - r of all that both pictures show when the second is shifted back, to the nearest pixel."""
    steps = np.rint(shift).astype(int)
    if np.any(np.abs(steps) > np.array(first.shape) // 2):
        return np.inf
    ours = tuple(slice(max(0, -step), size - max(0, step)) for step, size in zip(steps, first.shape, strict=True))
    theirs = tuple(slice(max(0, step), size - max(0, -step)) for step, size in zip(steps, first.shape, strict=True))
    return 1 - float(np.corrcoef(first[ours].reshape(-1), second[theirs].reshape(-1))[0, 1])


def _refined(first: np.ndarray, second: np.ndarray, tile: int, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of the grey values over a shift (Lucas and Kanade), and its variance; infinite without structure.

    The covariance counts each tile as one independent piece (sandwich estimate).
    """
    from scipy.ndimage import shift as moved_by

    rows, columns = first.shape
    n_y, n_x = max(2, rows // tile), max(2, columns // tile)
    piece = (np.arange(rows) * n_y // rows)[:, None] * n_x + np.arange(columns) * n_x // columns
    shift = start.copy()
    normal, right, step = np.zeros((2, 2, n_y * n_x)), np.zeros((2, n_y * n_x)), np.zeros(2)
    for _ in range(5):
        margin = min(int(np.ceil(np.abs(shift).max())) + 2, min(rows, columns) // 3)
        inside = (slice(margin, -margin), slice(margin, -margin))
        moved = moved_by(second, -shift, order=1, mode="nearest")
        slopes = [np.gradient((first + moved) / 2, axis=axis)[inside] for axis in (0, 1)]
        difference, where = (first - moved)[inside], piece[inside].reshape(-1)

        def total(product: np.ndarray, where: np.ndarray = where) -> np.ndarray:
            return np.bincount(where, product.reshape(-1), n_y * n_x)

        normal = np.array([[total(one * other) for other in slopes] for one in slopes])
        right = np.array([total(slope * difference) for slope in slopes])
        whole = normal.sum(axis=2)
        if np.linalg.cond(whole) > 1e8:
            return start, np.full(2, np.inf)
        step = np.linalg.solve(whole, right.sum(axis=1))
        shift = shift + step
        if np.abs(step).max() < 0.01:
            break
    rest = right - np.einsum("ijt,j->it", normal, step)
    inverse = np.linalg.inv(normal.sum(axis=2))
    count = n_y * n_x
    return shift, np.diag(inverse @ (rest @ rest.T) @ inverse) * count / (count - 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Path:
    """The known part of a path along one axis."""

    removed: np.ndarray
    error: np.ndarray
    slope: float
    slope_error: float


def _known(shifts: np.ndarray, variances: np.ndarray, length: float) -> _Path:
    """Split shifts between neighbours into those of the sample and those of the structure.

    The sample's are steps that all tiles share, a straight drift, a random walk (white in the shifts) and jitter (white
    in the positions); the structure's are a first-order autoregression of the tiles' variance and a length.
    """
    count = shifts.size
    usual = float(np.median(variances))
    middle = np.median(shifts)
    scatter = max(NORMAL_MAD * float(np.median(np.abs(shifts - middle))), np.sqrt(usual), 0.02)
    is_step = (np.abs(shifts - middle) > _STEP * scatter) & (variances < scatter**2)
    steps = np.where(is_step, shifts - middle, 0.0)
    rest = shifts - steps
    memory = float(np.exp(-1 / max(length, 0.2)))
    walk, jitter, structure = _spectra(rest - rest.mean(), usual, memory)
    lags = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    of_structure = structure * memory**lags
    of_sample = walk * np.eye(count) + jitter * (2 * np.eye(count) - np.eye(count, k=1) - np.eye(count, k=-1))
    slope = float(rest.mean())
    slope_error = float(np.sqrt(of_structure.sum())) / count
    kept = slope * (1 - (slope_error / slope) ** 2) if abs(slope) > _SIGNIFICANT * slope_error else 0.0
    gain = of_sample @ np.linalg.inv(of_sample + of_structure + 1e-9 * np.eye(count))
    path = np.append(0.0, np.cumsum(gain @ (rest - slope) + kept + steps))
    summed = np.vstack([np.zeros(count), np.tri(count)])
    summed = summed - summed.mean(axis=0)
    # the mean of the shifts is taken apart: what the filter leaves of a straight line is in `slope_error`
    straight = np.arange(count + 1) - count / 2
    left = of_sample - gain @ of_sample
    variance = np.maximum(np.einsum("ij,jk,ik->i", summed, left, summed), 0) + (slope_error * straight) ** 2
    return _Path(removed=path - path.mean(), error=np.sqrt(variance), slope=slope, slope_error=slope_error)


def _spectra(rest: np.ndarray, usual: float, memory: float) -> tuple[float, float, float]:
    """Variances of the walk's and the jitter's steps and of the structure's shifts that make a periodogram likeliest.

    Whittle's likelihood; the structure's variance is that of the tiles within a factor of about two.
    """
    count = rest.size
    angle = 2 * np.pi * np.arange(1, count // 2 + 1) / count
    power = np.abs(np.fft.rfft(rest)[1 : angle.size + 1]) ** 2 / count
    shape = (1 - memory**2) / (1 + memory**2 - 2 * memory * np.cos(angle))
    scale = max(float(rest.var()), 1e-8)
    sizes = np.append(0.0, np.geomspace(1e-4, 2, 25)) * scale
    walks, jitters, factors = np.meshgrid(sizes, sizes / 2, np.geomspace(0.35, 2.8, 7), indexing="ij")
    of_all = (
        walks[..., None] + jitters[..., None] * (2 - 2 * np.cos(angle)) + (usual * factors)[..., None] * shape
        + 1e-6 * scale
    )  # fmt: skip
    likelihood = -(power / of_all + np.log(of_all)).sum(axis=-1) - 0.5 * (np.log(factors) / np.log(2)) ** 2
    best = np.unravel_index(int(np.argmax(likelihood)), likelihood.shape)
    return float(walks[best]), float(jitters[best]), float(usual * factors[best])
