"""What a microscope adds to a stack: drift of position and brightness, shadows, curtains, odd slices, noise and blur.

Brightness is corrected by residuals: each voxel's grey value minus the level of the phase that it seems to be of. What
a slice is made of cannot shift these, as it shifts the mean or the median of the slice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import DataError

_SLAB = 16
"""Slices that are worked on together."""
_CURTAIN_ROWS = 128
"""Rows over which a curtain counts as the same: the window of its estimate."""
_LINE, _OUTLIER = 3.5, 5.0
"""Deviations from which the mean of a row counts as a line, and from which a voxel tells nothing of brightness."""
_MIRRORED = 16
"""Voxels beyond the edges of a slice that is moved, at least."""
NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
Watch = Callable[[float], None]
"""Is told the share of the work that is done."""


def slabs(n_z: int, thickness: int = _SLAB) -> list[tuple[int, int]]:
    """First and last-but-one slice of slabs that cover a stack."""
    return [(start, min(start + thickness, n_z)) for start in range(0, n_z, thickness)]


def read_slices(values: Any, start: int, stop: int) -> np.ndarray:
    """Slices of an array or of a chunked array as float32, [stop - start, n_y, n_x]."""
    return np.asarray(values[start:stop], dtype=np.float32)


def noise_sigma(values: Any) -> float:
    """Standard deviation of the noise of single voxels, in grey values.

    The robust form of Immerkaer's estimate in each slice (doi 10.1006/cviu.1996.0060): edges are left out.

    Parameters
    ----------
    values
        [n_z, n_y, n_x]; some twenty slices are looked at.
    """
    from scipy.ndimage import convolve

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    n_z = values.shape[0]
    found = []
    for z in np.unique(np.linspace(0, n_z - 1, min(n_z, 20)).astype(int)):
        seen = convolve(read_slices(values, z, z + 1)[0], kernel)[1:-1, 1:-1]
        found.append(NORMAL_MAD * float(np.median(np.abs(seen))) / 6)
    return float(np.median(found))


def correlation_lengths(values: Any) -> tuple[float, float, float]:
    """Lags in voxels along z, y, x at which the correlation of grey values falls to 1/e, extrapolated from a half.

    Parameters
    ----------
    values
        [n_z, n_y, n_x]; up to 64 slices in the middle are looked at.
    """
    n_z = values.shape[0]
    start = max(0, (n_z - 64) // 2)
    seen = read_slices(values, start, min(n_z, start + 64))
    seen = seen - seen.mean()
    found = []
    for axis in range(3):
        most = min(seen.shape[axis] - 1, 60)
        moved = np.moveaxis(seen, axis, 0)
        first = _product(moved, 1) if most >= 1 else 1.0
        length = float(max(most, 1))
        for lag in range(2, most + 1):
            # over lag 1, which noise of single voxels does not reach
            if _product(moved, lag) < first * np.exp(-0.7):
                length = (lag - 1) / 0.7
                break
        found.append(max(length, 1.0))
    return found[0], found[1], found[2]


def _product(moved: np.ndarray, lag: int) -> float:
    return float(np.mean(moved[lag:] * moved[: moved.shape[0] - lag]))


@dataclass(frozen=True, eq=False, kw_only=True)
class Fields:
    """What is taken from the grey values: g = (1 + gain) level + offset + curtain + line.

    Attributes
    ----------
    gain, offset
        Coefficients of the terms of `_terms`: low orders of z, and of y and x.
    odd
        [n_z]: grey values added to a slice that stands out against its trend; 0 for all others.
    curtains
        [n_z, n_windows, n_x]: vertical stripes in windows of rows, with linear transitions.
    lines
        [n_z, n_y]: rows that charge has made brighter or darker; 0 for all others.
    shape
        Of the stack.
    """

    gain: np.ndarray
    offset: np.ndarray
    odd: np.ndarray
    curtains: np.ndarray
    lines: np.ndarray
    shape: tuple[int, int, int]

    @classmethod
    def none(cls, shape: tuple[int, int, int]) -> Fields:
        """Nothing to take away."""
        n_z, n_y, n_x = shape
        n_windows = max(1, round(n_y / _CURTAIN_ROWS))
        return cls(gain=np.zeros(_N_TERMS), offset=np.zeros(_N_TERMS), odd=np.zeros(n_z),
                   curtains=np.zeros((n_z, n_windows, n_x), dtype=np.float32),
                   lines=np.zeros((n_z, n_y), dtype=np.float32), shape=shape)  # fmt: skip

    def followed_by(self, other: Fields) -> Fields:
        """Of both: `other` was found where these were taken away already (to first order in the gains)."""
        return Fields(
            gain=self.gain + other.gain, offset=self.offset + other.offset, odd=self.odd + other.odd,
            curtains=self.curtains + other.curtains, lines=self.lines + other.lines, shape=self.shape,
        )  # fmt: skip

    def trend(self, level: float) -> np.ndarray:
        """[n_z]: what drift adds to a grey value, in the middle of the slices."""
        n_z = self.shape[0]
        terms = _terms(self.shape, np.arange(n_z), np.array([self.shape[1] // 2]), np.array([self.shape[2] // 2]))
        return np.tensordot(self.offset + level * self.gain, terms, 1)[:, 0, 0] + self.odd

    def shadow(self, level: float) -> np.ndarray:
        """[n_y, n_x]: what shadows add to a grey value."""
        terms = _terms(self.shape, np.array([self.shape[0] // 2]), np.arange(self.shape[1]), np.arange(self.shape[2]))
        return np.tensordot(self.offset + level * self.gain, terms, 1)[0]

    def taken_from(self, values: np.ndarray, start: int) -> np.ndarray:
        """Slices from `start` on, without what the fields add; float32 [n, n_y, n_x]."""
        count = values.shape[0]
        terms = _terms(self.shape, np.arange(start, start + count), np.arange(self.shape[1]), np.arange(self.shape[2]))
        offset = np.tensordot(self.offset, terms, 1) + self.odd[start : start + count, None, None]
        offset = offset + self.lines[start : start + count, :, None]
        return ((values - offset - self.stripes(start, count)) / (1 + np.tensordot(self.gain, terms, 1))).astype(
            np.float32
        )

    def stripes(self, start: int, count: int) -> np.ndarray:
        """[count, n_y, n_x]: the curtains of some slices."""
        part = self.curtains[start : start + count]
        n_windows = part.shape[1]
        if n_windows == 1:
            return np.broadcast_to(part, (count, self.shape[1], self.shape[2]))
        rows = self.shape[1]
        place = np.clip((np.arange(rows) + 0.5) / rows * n_windows - 0.5, 0, n_windows - 1)
        low = np.minimum(place.astype(int), n_windows - 2)
        share = (place - low).astype(np.float32)[None, :, None]
        return part[:, low] * (1 - share) + part[:, low + 1] * share


_N_TERMS = 7


def _terms(shape: tuple[int, int, int], z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """[7, z, y, x]: z, z^2, y, x, y^2, yx, x^2 on -1..1, each with a mean of about 0."""
    places = [
        (2 * (where + 0.5) / size - 1).astype(np.float32)
        for where, size in zip((z, y, x), shape, strict=True)
    ]  # fmt: skip
    z, y, x = places[0][:, None, None], places[1][None, :, None], places[2][None, None, :]
    one = np.ones((z.size, y.size, x.size), dtype=np.float32)
    third = np.float32(1 / 3)
    return np.stack([one * z, one * (z * z - third), one * y, one * x, one * (y * y - third), one * (y * x),
                     one * (x * x - third)])  # fmt: skip


def find_fields(
    values: Any, *, levels: Sequence[float], noise: float, before: Fields | None = None, curtains: bool = True,
    expected: Callable[[int, int], np.ndarray] | None = None, watch: Watch | None = None,
) -> Fields:  # fmt: skip
    """Drift of brightness, shadows, odd slices, curtains and lines, from the residuals of every voxel's level.

    A low-order trend along z and in the plane, of offset and gain, by robust least squares; then, of each slice, what
    is left on the mean (kept only where it stands out six deviations from its neighbours'), column means (curtains)
    shrunk by their own error, and, where labels are known, means of rows that stand out (lines).

    Parameters
    ----------
    values
        [n_z, n_y, n_x].
    levels
        Grey value of each phase, ascending.
    noise
        Of single voxels.
    before
        A first estimate, by which voxels are told apart.
    expected
        Gives the slices from a first to a last-but-one as they should be, where labels are known already: then no voxel
        is told apart by its grey value.
    """
    from scipy.ndimage import gaussian_filter, gaussian_filter1d, median_filter

    shape: tuple[int, int, int] = tuple(int(n) for n in values.shape)  # type: ignore[assignment]
    n_z, n_y, n_x = shape
    before = before or Fields.none(shape)
    at = np.asarray(levels, dtype=np.float32)
    middles = (at[1:] + at[:-1]) / 2
    gap = float(np.diff(at).min())
    scale = float(at.mean())

    def seen(start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        raw = read_slices(values, start, stop)
        flat = before.taken_from(raw, start)
        if expected is not None:
            level = expected(start, stop)
            return raw, level, np.abs(flat - level) < _OUTLIER * noise
        smooth = np.stack([gaussian_filter(each, 1.0) for each in flat])
        level = at[np.digitize(smooth, middles)]
        return raw, level, np.abs(smooth - level) < 0.5 * gap + noise  # what is on no edge of large contrast

    size = 1 + 2 * _N_TERMS
    normal, right = np.zeros((size, size)), np.zeros(size)
    step = max(1, int((n_z * n_y * n_x / 4e6) ** 0.5))
    for start, stop in slabs(n_z):
        raw, level, kept = seen(start, stop)
        terms = _terms(shape, np.arange(start, stop), np.arange(0, n_y, step), np.arange(0, n_x, step))
        cut = np.s_[:, ::step, ::step]
        known = before.stripes(start, stop - start) + before.lines[start:stop, :, None]
        residual = (raw - level - known - before.odd[start:stop, None, None])[cut]
        keep = kept[cut]
        block = terms[:, keep]
        rows = np.concatenate([np.ones((1, block.shape[1])), block, block * (level[cut][keep] / scale)])
        normal += rows @ rows.T
        right += rows @ residual[keep]
        if watch is not None:
            watch(0.5 * stop / n_z)
    # a little ridge: gain and offset of phases of nearly one level cannot be told apart
    ridge = 1e-3 * np.trace(normal) / size
    solved = np.linalg.solve(normal + np.diag([0.0] + [1e-6 * ridge] * _N_TERMS + [ridge] * _N_TERMS), right)
    made = Fields(gain=solved[1 + _N_TERMS :] / scale, offset=solved[1 : 1 + _N_TERMS], odd=np.zeros(n_z),
                  curtains=np.zeros_like(before.curtains), lines=np.zeros_like(before.lines), shape=shape)  # fmt: skip
    means, columns, rows_of = np.zeros(n_z), np.zeros_like(before.curtains), np.zeros_like(before.lines)
    bounds = np.linspace(0, n_y, before.curtains.shape[1] + 1).astype(int)
    for start, stop in slabs(n_z):
        raw, level, kept = seen(start, stop)
        residual = np.where(kept, made.taken_from(raw, start) - level, np.nan)
        for z in range(stop - start):
            means[start + z] = np.nanmean(residual[z]) if kept[z].any() else 0.0
        for window in range(bounds.size - 1) if curtains else ():
            part = residual[:, bounds[window] : bounds[window + 1]]
            count = np.maximum(np.isfinite(part).sum(axis=1), 1)
            columns[start:stop, window] = np.nansum(part, axis=1) / count
        rows_of[start:stop] = np.nansum(residual, axis=2) / np.maximum(np.isfinite(residual).sum(axis=2), 1)
        if watch is not None:
            watch(0.5 + 0.5 * stop / n_z)
    away = means - _local_median(means)
    spread = NORMAL_MAD * float(np.median(np.abs(away - np.median(away))))
    stands_out = np.abs(away) > max(6 * spread, 0.1 * gap)
    odd = np.where(stands_out, away, 0.0)
    if curtains:
        columns -= gaussian_filter1d(columns, max(n_x / 10, 4.0), axis=2)
        rows_each = n_y / columns.shape[1]
        error = noise / np.sqrt(rows_each)
        variance = columns.var(axis=2, keepdims=True)
        columns *= np.maximum(0, 1 - error**2 / np.maximum(variance, 1e-12))
    lines = (
        np.zeros_like(rows_of)
        if expected is None
        else rows_of - median_filter(rows_of, size=(1, min(15, n_y | 1)), mode="nearest")
    )
    spread = NORMAL_MAD * float(np.median(np.abs(lines)))
    lines[np.abs(lines) < max(_LINE * spread, noise / 4)] = 0
    return Fields(gain=made.gain, offset=made.offset, odd=odd, curtains=columns, lines=lines, shape=shape)


def _local_median(means: np.ndarray) -> np.ndarray:
    from scipy.ndimage import median_filter

    return median_filter(means, size=min(9, means.size | 1), mode="nearest")


def broken_slices(values: Any, *, watch: Watch | None = None) -> list[int]:
    """Slices that hold no image of the sample: of one grey value, or unlike both of their neighbours.

    Unlike: the larger correlation with a neighbour is more than eight deviations, and 0.3, below that of all slices.
    """
    n_z = values.shape[0]
    if n_z < 5:
        return []
    likeness = np.zeros(n_z - 1)
    flat = np.zeros(n_z, dtype=bool)
    previous = read_slices(values, 0, 1)[0]
    flat[0] = previous.std() == 0
    for z in range(1, n_z):
        this = read_slices(values, z, z + 1)[0]
        flat[z] = this.std() == 0
        if not (flat[z] or flat[z - 1]):
            likeness[z - 1] = np.corrcoef(_coarse(this), _coarse(previous))[0, 1]
        previous = this
        if watch is not None:
            watch(z / n_z)
    best = np.maximum(np.append(likeness, -1), np.insert(likeness, 0, -1))
    usual = float(np.median(best))
    spread = NORMAL_MAD * float(np.median(np.abs(best - usual)))
    return [int(z) for z in np.nonzero(flat | (best < usual - max(8 * spread, 0.3)))[0]]


def _coarse(image: np.ndarray) -> np.ndarray:
    """Means over squares of four voxels, flat: noise counts less."""
    rows, columns = (image.shape[0] // 4 * 4, image.shape[1] // 4 * 4)
    if min(rows, columns) == 0:
        return image.ravel()
    return image[:rows, :columns].reshape(rows // 4, 4, columns // 4, 4).mean(axis=(1, 3)).ravel()


def moved_slice(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A slice moved back by `shift` (y, x, voxels); what comes in at edges is mirrored.

    In Fourier space, since splines between voxels smooth: the noise would be lower and no longer one of single voxels.
    """
    from scipy.ndimage import fourier_shift

    if not np.any(np.abs(shift) > 1e-3):
        return image
    margin = math.ceil(float(np.abs(shift).max())) + _MIRRORED
    seen = np.pad(image, margin, mode="symmetric")
    moved = np.fft.ifft2(fourier_shift(np.fft.fft2(seen), -np.asarray(shift))).real
    return moved[margin:-margin, margin:-margin].astype(np.float32)


def common_window(removed: np.ndarray, shape: tuple[int, int, int], *, where: str) -> tuple[slice, slice]:
    """Rows and columns that every slice has after it was moved back.

    Raises
    ------
    DataError
        Where less than half of the width or height is left.
    """
    bounds = []
    for axis, size in ((0, shape[1]), (1, shape[2])):
        low, high = max(0, int(np.ceil(-removed[:, axis].min()))), max(0, int(np.ceil(removed[:, axis].max())))
        if size - low - high < size / 2:
            raise DataError(
                f"slices drift over {np.ptp(removed[:, axis]):.0f} of {size} voxels along {'yx'[axis]}", where=where,
                remedy="crop the stack to slices that show the same place, or give --alignment none",
            )  # fmt: skip
        bounds.append(slice(low, size - high))
    return bounds[0], bounds[1]
