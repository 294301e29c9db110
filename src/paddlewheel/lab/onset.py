"""The onset of oxidation or reduction in a sweep: by the tangent and by a threshold, each as stated, with errors.

Tangent: the line through the foot of the rise (between 10 and 60 % of its height) meets the background, the line
through what lies before it (capacitive current and leak). Threshold: where the current over the background passes a
stated density for good. The two answer different questions and are both given. Their errors are the spread over sweeps
with resampled noise (moving blocks, so that correlated noise counts) in each of which foot and background are chosen
anew within their usual ranges: the choice is part of the error. A sweep that is one line, as that of a resistance,
has neither; an onset lies inside its sweep, and where that begins above it or ends below it, its end is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.ohmic import SweepShape, sweep_shape
from paddlewheel.lab.voltammetry import row_noise
from paddlewheel.records import Measured

_RESAMPLES = 200
_FOOT = (0.10, 0.60)
_SHARE = 0.7
_FOOT_LOW, _FOOT_HIGH, _SHARES = (0.07, 0.15), (0.45, 0.75), (0.55, 0.85)
"""Ranges within which foot and background are chosen anew in every resample."""
_BEGINS = 12
_SHORTER = (1.0, 0.85, 0.7, 0.55, 0.4)
"""Shares of the rows before the rise, where a steep foot stands in their end."""
_ABOVE_NOISE = 8.0
_LIKE_NOISE = 1.3
_MOST_ROUNDS = 8
_RISEN = 5e-4
"""Scatter about the background, as a share of the rise, from which on a part of the rise is in it."""
_EDGE_ROWS = 2
"""An onset within so many rows of the sweep's end is a bound."""
_SPIKE_ROWS, _SPIKE_NOISES, _SPIKE_SHARE = 7, 10.0, 0.02
"""A spike is over within three rows; so many times the scatter, and such a share of the sweep's span of current."""
_LineOfRows = tuple[tuple[float, float], float, slice]
"""Slope and intercept, scatter, and rows."""
Outside = Literal["before", "after"]
"""Of a sweep: the onset lies before its first voltage, or after its last; each is a bound."""


@dataclass(frozen=True, kw_only=True)
class Onset:
    """Onsets of a sweep, in V of the sweep; None where the sweep shows none, with the reason.

    Attributes
    ----------
    tangent_V
        Where the tangent meets the background.
    thresholds_V
        Where the density over the background passes each threshold for good.
    tangent_outside, thresholds_outside
        Where the sweep tells that there is none inside it, on which side; None where it tells nothing.
    tangent
        Slope and intercept of the tangent, as density against voltage; None as above.
    background
        Slope and intercept of the background.
    largest
        Largest density over the background.
    noise
        Standard deviation of the density around the background.
    reason
        Why there is no tangent; empty where there is.
    shape
        The line or parabola that describes the whole sweep; None where it takes an onset.
    n_spikes
        Rows that stand out alone and were left out.
    """

    tangent_V: Measured | None
    thresholds_V: tuple[Measured | None, ...]
    tangent_outside: Outside | None
    thresholds_outside: tuple[Outside | None, ...]
    tangent: tuple[float, float] | None
    background: tuple[float, float]
    largest: float
    noise: float
    reason: str
    shape: SweepShape | None
    n_spikes: int


@dataclass(frozen=True)
class _Found:
    tangent_x: float | None
    crossings: list[float | None]
    tangent: tuple[float, float] | None
    background: tuple[float, float]
    largest: float
    noise: float
    reason: str
    tangent_outside: Outside | None = None
    crossings_outside: tuple[Outside | None, ...] = ()


def find_onset(
    voltage_V: np.ndarray,
    density: np.ndarray,
    *,
    way: float,
    thresholds: tuple[float, ...],
    subtract_background: bool = True,
    seed: int = 1,
) -> Onset:
    """Onset by tangent and by thresholds.

    Parameters
    ----------
    voltage_V, density
        `[n_rows]`; the density in any unit, that of the thresholds.
    way
        1 for oxidation (currents above the background count), -1 for reduction.
    thresholds
        Densities above the background, positive.
    subtract_background
        False counts from a density of 0.

    Raises
    ------
    SettingsError
        For a threshold that is not positive.
    """
    for threshold in thresholds:
        if not (np.isfinite(threshold) and threshold > 0):
            raise SettingsError(f"{threshold:g}", where="threshold", remedy="give a current density above 0")
    density, n_spikes = without_spikes(density)
    order = np.argsort(way * voltage_V, kind="stable")
    x, y = way * voltage_V[order], way * density[order]
    shape = sweep_shape(voltage_V, density)
    if shape is not None and (shape.ohmic or not shape.straight):
        return _footless(x, y, shape, way, n_thresholds=len(thresholds), n_spikes=n_spikes)
    found = _onset(x, y, thresholds, _FOOT, _SHARE, subtract_background)
    drawn = _resampled(x, y, thresholds, subtract_background, np.random.default_rng(seed))
    spacing = float(np.median(np.diff(x))) / np.sqrt(12)  # a file has no voltage between its rows

    def measured(value: float | None, column: int) -> Measured | None:
        if value is None:
            return None
        known = drawn[:, column][np.isfinite(drawn[:, column])]
        # around the value, not around their mean: a shift of the resamples is an error too
        spread = float(np.sqrt(np.mean((known - value) ** 2))) if len(known) > 1 else 0.0
        return Measured(value=way * value, std=float(np.hypot(spread, spacing)))

    def turned(line: tuple[float, float]) -> tuple[float, float]:
        return line[0], way * line[1]  # way y = a way x + b

    return Onset(
        tangent_V=measured(found.tangent_x, 0),
        thresholds_V=tuple(measured(crossing, 1 + place) for place, crossing in enumerate(found.crossings)),
        tangent_outside=found.tangent_outside,
        thresholds_outside=found.crossings_outside,
        tangent=None if found.tangent is None else turned(found.tangent),
        background=turned(found.background),
        largest=way * found.largest,
        noise=found.noise,
        reason=found.reason,
        shape=shape,
        n_spikes=n_spikes,
    )


def _footless(
    x: np.ndarray, y: np.ndarray, shape: SweepShape, way: float, *, n_thresholds: int, n_spikes: int
) -> Onset:
    """Of a sweep without a foot: the line is its background, and nothing passes a threshold over it."""
    largest = float(np.max(smoothed(y - shape.slope * x - way * shape.intercept)))
    return Onset(
        tangent_V=None,
        thresholds_V=(None,) * n_thresholds,
        tangent_outside=None,
        thresholds_outside=(None,) * n_thresholds,
        tangent=None,
        background=(shape.slope, shape.intercept),
        largest=way * largest,
        noise=row_noise(y),
        reason="ohmic" if shape.straight else "the current bends all along the sweep, as a parabola: it has no foot",
        shape=shape,
        n_spikes=n_spikes,
    )


def without_spikes(density: np.ndarray) -> tuple[np.ndarray, int]:
    """The density with lone rows (shorts, changes of range) at the median of their neighbours, and their number.

    A median of neighbours leaves a rise as it is, however steep.
    """
    from scipy.ndimage import median_filter

    middle = median_filter(density, _SPIKE_ROWS, mode="nearest")
    away = np.abs(density - middle)
    usual = np.maximum(median_filter(away, 2 * smoothing_rows(len(density)) + 1, mode="nearest"), np.median(away))
    alone = away > np.maximum(_SPIKE_NOISES * 1.4826 * usual, _SPIKE_SHARE * float(np.ptp(middle)))
    return np.where(alone, middle, density), int(alone.sum())


def _onset(
    x: np.ndarray, y: np.ndarray, thresholds: tuple[float, ...], foot: tuple[float, float], share: float, subtract: bool
) -> _Found:
    line, noise = find_background(x, y, share)[:2] if subtract else ((0.0, 0.0), row_noise(y))
    over = y - line[0] * x - line[1]
    smooth = smoothed(over)  # rows are chosen on it: noise would choose those that it lifts
    peak = int(np.argmax(smooth))
    top = float(smooth[peak])
    crossed = [_crossing(x[: peak + 1], smooth[: peak + 1], threshold) for threshold in thresholds]
    crossings: list[float | None] = [value for value, _ in crossed]
    outside: tuple[Outside | None, ...] = tuple(where for _, where in crossed)

    def without(reason: str, tangent_outside: Outside | None = None) -> _Found:
        return _Found(None, crossings, None, line, top, noise, reason, tangent_outside, outside)

    # a return sweep falls back to its background: that is no rise
    if top < _ABOVE_NOISE * max(noise / np.sqrt(smoothing_rows(len(y))), 1e-300) or top < 2 * noise:
        return without("no rise above the noise of the background", "after")
    if y[peak] + 2 * noise < 0.5 * top:
        nowhere: list[float | None] = [None] * len(thresholds)
        return _Found(
            None, nowhere, None, line, top, noise, "the current only falls back", None, (None,) * len(nowhere)
        )
    below = np.flatnonzero(smooth[: peak + 1] < foot[0] * top)
    if not len(below):
        return without("the sweep begins within the rise", "before")
    start = int(below[-1]) + 1
    end = start + int(np.argmax(smooth[start : peak + 1] >= foot[1] * top)) + 1
    if end - start < 3:
        return without("fewer than 3 rows in the foot of the rise", "after" if end >= len(x) - _EDGE_ROWS else None)
    slope, intercept = _line(x[start:end], over[start:end])
    if not slope > 0:
        return without("the foot does not rise")
    crosses = -intercept / slope
    if crosses < x[min(_EDGE_ROWS, len(x) - 1)]:
        return without("the tangent meets the background at or before the begin of the sweep", "before")
    tangent = (slope + line[0], intercept + line[1])
    return _Found(crosses, crossings, tangent, line, top, noise, "", None, outside)


def _crossing(x: np.ndarray, smooth: np.ndarray, threshold: float) -> tuple[float | None, Outside | None]:
    """Where the density passes the threshold and stays above up to the end; or on which side of the sweep that is."""
    below = np.flatnonzero(smooth <= threshold)
    if smooth[-1] <= threshold:
        return None, "after"
    if not len(below) or below[-1] < _EDGE_ROWS:
        return None, "before"
    last = int(below[-1])
    share = (threshold - smooth[last]) / (smooth[last + 1] - smooth[last])
    return float(x[last] + share * (x[last + 1] - x[last])), None


def find_background(x: np.ndarray, y: np.ndarray, share: float) -> _LineOfRows:
    """The line through the stretch before the rise, the scatter about it, and its rows.

    The rise begins at a tenth of what the density changes over the line; of a leak that rises itself, the first line
    tells more of it, so long as a line describes it as well as the noise allows.
    """
    found = _line_before(x, y, y, share)
    for _ in range(_MOST_ROUNDS):
        (slope, intercept), _, rows = found
        longer = _line_before(x, y, y - slope * x - intercept, share)
        if longer[2].stop <= 1.05 * rows.stop or longer[1] > _LIKE_NOISE * row_noise(y[: longer[2].stop]):
            break
        found = longer
    return found


def _line_before(x: np.ndarray, y: np.ndarray, over: np.ndarray, share: float) -> _LineOfRows:
    """The line through what lies before the rise of `over`.

    Its begin is left out as far as needed for the scatter to be the noise, for there the double layer still charges.
    The longest such stretch, not the one of the least slope: that would be chosen by its noise. Its end is left out
    where a steep rise has begun in it.
    """
    smooth = smoothed(over)
    height = float(np.ptp(smooth))
    top = int(np.argmax(smooth > smooth.min() + _FOOT[0] * height))
    end = min(max(8, int(share * top)), len(x))
    lines = _Lines(x, y)
    fallback: _LineOfRows | None = None
    for shorter in _SHORTER:
        last = max(8, int(shorter * end))
        firsts = np.linspace(0, max(0, last // 2 - 4), _BEGINS).astype(int)
        slopes, intercepts, scatters = lines.of(firsts, last)
        # what charges comes down to the line, or up to it steeply; a slow begin before a steep line is before a foot
        before = lines.of(np.zeros_like(firsts), np.maximum(firsts, 2))[0]
        charging = (firsts < 2) | (before < 0) | (before > slopes)
        found: list[_LineOfRows] = [
            ((float(slope), float(intercept)), float(scatter), slice(int(first), last))
            for slope, intercept, scatter, first in zip(slopes, intercepts, scatters, firsts, strict=True)
        ]
        quiet = charging & (scatters <= _LIKE_NOISE * row_noise(y[:last]))
        if quiet.any():
            return found[int(np.argmax(quiet))]
        fallback = fallback or found[int(np.argmin(scatters))]
        quietest = int(np.argmin(np.where(charging, scatters, np.inf)))
        if scatters[quietest] <= _RISEN * height:
            return found[quietest]
    assert fallback is not None
    return fallback


class _Lines:
    """Least squares lines through stretches of rows, by sums up to each row."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self._origin = float(x.mean()), float(y.mean())
        u, v = x - self._origin[0], y - self._origin[1]
        columns = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v])
        self._sums = np.concatenate([np.zeros((6, 1)), np.cumsum(columns, axis=1)], axis=1)

    def of(self, firsts: np.ndarray, ends: np.ndarray | int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slopes, intercepts and scatters `[n]` of the lines through rows `firsts` to `ends`."""
        n, u, v, uu, uv, vv = self._sums[:, ends].reshape(6, -1) - self._sums[:, firsts]
        power = uu - u * u / n
        slopes = np.where(power > 0, (uv - u * v / n) / np.where(power > 0, power, 1.0), 0.0)
        squares = vv - v * v / n - slopes * (uv - u * v / n)
        intercepts = (v - slopes * u) / n + self._origin[1] - slopes * self._origin[0]
        return slopes, intercepts, np.sqrt(np.maximum(squares, 0.0) / n)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    centred = x - x.mean()
    power = float(centred @ centred)
    slope = float(centred @ y) / power if power > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def smoothed(y: np.ndarray) -> np.ndarray:
    """Local parabolas through a fiftieth of the sweep (Savitzky and Golay), which follow a rise; a mean shifts it.

    The ends are those of the first and of the last parabola.
    """
    width = smoothing_rows(len(y))
    middle, projection = width // 2, _parabolas(width)
    inner = np.convolve(y, projection[middle][::-1], mode="valid")
    return np.concatenate([projection[:middle] @ y[:width], inner, projection[middle + 1 :] @ y[-width:]])


@lru_cache(maxsize=64)
def _parabolas(width: int) -> np.ndarray:
    """Values of the least squares parabola through `width` rows, `[width, width]` times the rows."""
    design = np.vander(np.linspace(-1, 1, width), 3)
    return design @ np.linalg.pinv(design)


def smoothing_rows(n_rows: int) -> int:
    """A fiftieth of the sweep, an odd number."""
    return max(5, n_rows // 50) | 1


def _resampled(
    x: np.ndarray, y: np.ndarray, thresholds: tuple[float, ...], subtract: bool, rng: np.random.Generator
) -> np.ndarray:
    """Onsets `[n, 1 + n_thresholds]` with the noise resampled in blocks and the windows chosen anew; nan where none."""
    smooth = smoothed(y)
    width = smoothing_rows(len(y))
    # noise from before the rise, where a line alone is taken from it: what a smoothing leaves lacks its slow part
    (slope, intercept), _, rows = find_background(x, y, _SHARE)
    noise = y[rows] - slope * x[rows] - intercept
    fast = y - smooth
    before = float(np.std(fast[rows]))
    after = float(np.std(fast[rows.stop :])) if rows.stop < len(y) else before
    louder = np.where(np.arange(len(y)) < rows.stop, 1.0, max(1.0, after / before) if before > 0 else 1.0)
    width = min(width, len(noise) - 1)
    found = np.full((_RESAMPLES, 1 + len(thresholds)), np.nan)
    for row in range(_RESAMPLES):
        starts = rng.integers(0, len(noise) - width + 1, size=-(-len(y) // width))
        drawn = louder * (noise[starts[:, None] + np.arange(width)]).ravel()[: len(y)]
        onset = _onset(
            x, smooth + drawn, thresholds, (rng.uniform(*_FOOT_LOW), rng.uniform(*_FOOT_HIGH)), rng.uniform(*_SHARES),
            subtract,
        )  # fmt: skip
        for column, value in enumerate((onset.tangent_x, *onset.crossings)):
            if value is not None:
                found[row, column] = value
    return found
