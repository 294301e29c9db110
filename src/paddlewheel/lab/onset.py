"""The onset of oxidation or reduction in a sweep: by the tangent and by a threshold, each as stated, with errors.

Tangent: the line through the foot of the rise (between 10 and 60 % of its height) meets the background, the line
through what lies before it (capacitive current and leak). Threshold: where the current over the background passes a
stated density for good. The two answer different questions and are both given. Their errors are the spread over sweeps
with resampled noise (moving blocks, so that correlated noise counts) in each of which foot and background are chosen
anew within their usual ranges: the choice is part of the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import Measured

_RESAMPLES = 200
_FOOT = (0.10, 0.60)
_SHARE = 0.7
_FOOT_LOW, _FOOT_HIGH, _SHARES = (0.07, 0.15), (0.45, 0.75), (0.55, 0.85)
"""Ranges within which foot and background are chosen anew in every resample."""
_BEGINS = 12
_ABOVE_NOISE = 8.0
_LIKE_NOISE = 1.3


@dataclass(frozen=True, kw_only=True)
class Onset:
    """Onsets of a sweep, in V of the sweep; None where the sweep shows none, with the reason.

    Attributes
    ----------
    tangent_V
        Where the tangent meets the background.
    thresholds_V
        Where the density over the background passes each threshold for good.
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
    """

    tangent_V: Measured | None
    thresholds_V: tuple[Measured | None, ...]
    tangent: tuple[float, float] | None
    background: tuple[float, float]
    largest: float
    noise: float
    reason: str


@dataclass(frozen=True)
class _Found:
    tangent_x: float | None
    crossings: list[float | None]
    tangent: tuple[float, float] | None
    background: tuple[float, float]
    largest: float
    noise: float
    reason: str


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
    order = np.argsort(way * voltage_V, kind="stable")
    x, y = way * voltage_V[order], way * density[order]
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
        tangent=None if found.tangent is None else turned(found.tangent),
        background=turned(found.background),
        largest=way * found.largest,
        noise=found.noise,
        reason=found.reason,
    )


def _onset(
    x: np.ndarray, y: np.ndarray, thresholds: tuple[float, ...], foot: tuple[float, float], share: float, subtract: bool
) -> _Found:
    line, noise = _background(x, y, share)[:2] if subtract else ((0.0, 0.0), _noise(y))
    over = y - line[0] * x - line[1]
    smooth = _smoothed(over)  # rows are chosen on it: noise would choose those that it lifts
    peak = int(np.argmax(smooth))
    top = float(smooth[peak])
    crossings = [_crossing(x[: peak + 1], smooth[: peak + 1], threshold) for threshold in thresholds]
    # a return sweep falls back to its background: that is no rise
    if top < _ABOVE_NOISE * max(noise / np.sqrt(_width(len(y))), 1e-300) or top < 2 * noise:
        return _Found(None, crossings, None, line, top, noise, "no rise above the noise of the background")
    if y[peak] + 2 * noise < 0.5 * top:
        return _Found(None, [None] * len(thresholds), None, line, top, noise, "the current only falls back")
    below = np.flatnonzero(smooth[: peak + 1] < foot[0] * top)
    if not len(below):
        return _Found(None, crossings, None, line, top, noise, "the sweep begins within the rise")
    start = int(below[-1]) + 1
    end = start + int(np.argmax(smooth[start : peak + 1] >= foot[1] * top)) + 1
    if end - start < 3:
        return _Found(None, crossings, None, line, top, noise, "fewer than 3 rows in the foot of the rise")
    slope, intercept = _line(x[start:end], over[start:end])
    if not slope > 0:
        return _Found(None, crossings, None, line, top, noise, "the foot does not rise")
    tangent = (slope + line[0], intercept + line[1])
    return _Found(-intercept / slope, crossings, tangent, line, top, noise, "")


def _crossing(x: np.ndarray, smooth: np.ndarray, threshold: float) -> float | None:
    """Where the density passes the threshold and stays above up to the end; None where it begins above it."""
    below = np.flatnonzero(smooth <= threshold)
    if smooth[-1] <= threshold or not len(below):
        return None
    last = int(below[-1])
    share = (threshold - smooth[last]) / (smooth[last + 1] - smooth[last])
    return float(x[last] + share * (x[last + 1] - x[last]))


def _background(x: np.ndarray, y: np.ndarray, share: float) -> tuple[tuple[float, float], float, slice]:
    """The line through the stretch before the rise, the scatter about it, and its rows.

    Its begin is left out as far as needed for the scatter to be the noise, for there the double layer still charges.
    The longest such stretch, not the one of the least slope: that would be chosen by its noise.
    """
    smooth = _smoothed(y)
    top = int(np.argmax(smooth > smooth.min() + _FOOT[0] * np.ptp(smooth)))
    end = min(max(8, int(share * top)), len(x))
    noise = _noise(y[:end])
    found = []
    for first in np.unique(np.linspace(0, max(0, end // 2 - 4), _BEGINS).astype(int)):
        slope, intercept = _line(x[first:end], y[first:end])
        scatter = float(np.std(y[first:end] - slope * x[first:end] - intercept))
        found.append(((slope, intercept), scatter, slice(int(first), end)))
        if scatter <= _LIKE_NOISE * noise:
            return found[-1]
    return min(found, key=lambda interval: interval[1])


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    centred = x - x.mean()
    power = float(centred @ centred)
    slope = float(centred @ y) / power if power > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _noise(y: np.ndarray) -> float:
    steps = np.diff(y)
    return 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2) if len(steps) else 0.0


def _smoothed(y: np.ndarray) -> np.ndarray:
    """Local lines (second order) of a fiftieth of the sweep, which follow a rise that a mean would shift."""
    from scipy.signal import savgol_filter

    return np.asarray(savgol_filter(y, _width(len(y)), 2, mode="interp"))


def _width(n_rows: int) -> int:
    return max(5, n_rows // 50) | 1


def _resampled(
    x: np.ndarray, y: np.ndarray, thresholds: tuple[float, ...], subtract: bool, rng: np.random.Generator
) -> np.ndarray:
    """Onsets `[n, 1 + n_thresholds]` with the noise resampled in blocks and the windows chosen anew; nan where none."""
    smooth = _smoothed(y)
    width = _width(len(y))
    # noise from before the rise, where a line alone is taken from it: what a smoothing leaves lacks its slow part
    (slope, intercept), _, rows = _background(x, y, _SHARE)
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
