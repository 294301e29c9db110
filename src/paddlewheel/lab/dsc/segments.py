"""Segments of a run by the turning points of its programme: heating, holding, cooling, each with its rate.

The sign of dT/dt point by point is no guide: noise makes thousands of pieces of it, and a sample that warms
itself while it crystallizes makes a cooling run heat. Here the rate is taken over a stretch that is long beside
the noise, and a piece after which the temperature goes on along the line of before is no turn of the programme.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.scan import ThermalScan

Direction = Literal["heating", "isothermal", "cooling"]
_MOST_POINTS = 2000
_FEWEST_POINTS = 20
_WINDOWS = 250
"""Stretches over which the rate is taken, in a run: the shortest piece that is seen is two of them."""
_NOISE_OF_RATE = 0.1
"""Of a usual rate: stretches are lengthened until the noise of the rate is below it."""
_STILL = 0.03
"""Of a usual rate: below it the temperature is held."""
_HELD_K = 1.0
"""Range of the temperatures of a run that is one hold."""
_OTHER_RATE = 0.15
_SAME_LINE = 0.35
"""Of a piece's length: by how much the line after it may lie off the line before it, where the programme ran on."""
_STRAIGHT = 0.01
"""Of its span: by how much a ramp's temperatures may lie off their line where a ramp is cut into two rates."""
_BLOCKS = 10


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One piece of the programme.

    Attributes
    ----------
    direction
        Of the temperature.
    start, stop
        Of its points: ``scan.time_s[start:stop]``.
    rate_K_per_min, rate_std_K_per_min
        Positive on heating, negative on cooling: median over ten stretches, and the standard error of that.
    start_C, end_C
        Temperatures at its ends.
    """

    direction: Direction
    start: int
    stop: int
    rate_K_per_min: float
    rate_std_K_per_min: float
    start_C: float
    end_C: float

    @property
    def points(self) -> slice:
        """Its points in the run."""
        return slice(self.start, self.stop)


def find_segments(scan: ThermalScan) -> tuple[Segment, ...]:
    """The pieces of the programme of a run, in their order; together they are the whole run.

    Raises
    ------
    DataError
        If there are fewer than 20 points.
    """
    temperature = scan.temperature_C if scan.programme_C is None else scan.programme_C
    time, smooth = _evenly(scan.time_s, temperature)
    if time.size < _FEWEST_POINTS:
        raise DataError(f"{time.size} points hold no ramp", where=scan.source, remedy="give a whole run")
    if float(np.ptp(np.quantile(smooth, (0.02, 0.98)))) < _HELD_K:
        return (_segment(scan, 0, 0, scan.time_s.size),)
    window, slope = _slopes(time, smooth)
    usual = float(np.quantile(np.abs(slope), 0.9))
    sign = np.where(np.abs(slope) < _STILL * usual, 0, np.sign(slope)).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(sign)) + 1).tolist(), sign.size]
    pieces = [(low, high, int(sign[low])) for low, high in pairwise(edges)]
    pieces = _joined(pieces, time, smooth, shortest=2 * window)
    pieces = [part for piece in pieces for part in _by_rate(piece, time, smooth, shortest=4 * window)]
    turns = [_turn(first, second, slope, window) for first, second in pairwise(pieces)]
    bounds = [0, *(int(np.searchsorted(scan.time_s, time[turn])) for turn in turns), scan.time_s.size]
    return tuple(
        _segment(scan, sign, low, high)
        for (*_, sign), low, high in zip(pieces, bounds[:-1], bounds[1:], strict=True)
        if high - low >= 2
    )


def _evenly(time_s: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values at even times, averaged where the points lie closer."""
    count = min(_MOST_POINTS, time_s.size)
    edges = np.linspace(time_s[0], time_s[-1], count + 1)
    place = np.clip(np.searchsorted(edges, time_s, side="right") - 1, 0, count - 1)
    number = np.bincount(place, minlength=count)
    filled = number > 0
    centre = np.bincount(place, weights=time_s, minlength=count)[filled] / number[filled]
    mean = np.bincount(place, weights=values, minlength=count)[filled] / number[filled]
    even = np.linspace(time_s[0], time_s[-1], count)
    return even, np.interp(even, centre, mean)


def _slopes(time: np.ndarray, values: np.ndarray) -> tuple[int, np.ndarray]:
    """Points of a stretch, and the slope of the line through the stretch around each point."""
    step = float(time[1] - time[0])
    noise = float(np.median(np.abs(np.diff(values, n=2)))) / 0.6745 / np.sqrt(6.0)
    half = max(2, time.size // (2 * _WINDOWS))
    while True:
        moments = np.arange(-half, half + 1) * step
        padded = np.concatenate(
            [2 * values[0] - values[half:0:-1], values, 2 * values[-1] - values[-2 : -half - 2 : -1]]
        )
        slope = np.convolve(padded, moments[::-1], mode="valid") / float(moments @ moments)
        usual = float(np.quantile(np.abs(slope), 0.9))
        if noise / float(np.sqrt(moments @ moments)) <= _NOISE_OF_RATE * _STILL * 3 * usual or half > time.size // 20:
            return 2 * half + 1, slope
        half = int(1.5 * half) + 1


def _line(piece: tuple[int, int, int], time: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Slope and value at time zero of a piece, without its first and last tenth."""
    low, high, _ = piece
    margin = (high - low) // 10
    inner = slice(low + margin, high - margin)
    if time[inner].size < 2:
        inner = slice(max(0, low - 1), min(high + 1, time.size))
    slope, offset = np.polyfit(time[inner], values[inner], 1)
    return float(slope), float(offset)


def _joined(
    pieces: list[tuple[int, int, int]], time: np.ndarray, values: np.ndarray, *, shortest: int
) -> list[tuple[int, int, int]]:
    """The pieces without those after which the programme ran on, and without those too short to be one."""
    while len(pieces) > 1:
        lengths = [high - low for low, high, _ in pieces]
        for place in sorted(range(len(pieces)), key=lengths.__getitem__):
            before, after = pieces[place - 1] if place else None, pieces[place + 1 : place + 2]
            if before and after and before[2] == after[0][2] != pieces[place][2]:
                long_enough = min(lengths[place - 1], lengths[place + 1]) >= lengths[place]
                goes_on = long_enough and _runs_on(before, pieces[place], after[0], time, values)
                if goes_on or lengths[place] < shortest:
                    pieces[place - 1 : place + 2] = [(before[0], after[0][1], before[2])]
                    break
            elif lengths[place] < shortest:
                if before is None or (after and lengths[place + 1] > lengths[place - 1]):
                    pieces[place : place + 2] = [(pieces[place][0], after[0][1], after[0][2])]
                else:
                    pieces[place - 1 : place + 1] = [(before[0], pieces[place][1], before[2])]
                break
        else:
            return pieces
        pieces = _merged(pieces)
    return pieces


def _merged(pieces: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    merged = pieces[:1]
    for low, high, sign in pieces[1:]:
        if sign == merged[-1][2]:
            merged[-1] = (merged[-1][0], high, sign)
        else:
            merged.append((low, high, sign))
    return merged


def _runs_on(
    before: tuple[int, int, int],
    piece: tuple[int, int, int],
    after: tuple[int, int, int],
    time: np.ndarray,
    values: np.ndarray,
) -> bool:
    """Whether the temperature after a piece lies on the line of before: the sample lagged, nothing turned."""
    (slope, offset), (slope_after, offset_after) = _line(before, time, values), _line(after, time, values)
    if slope == 0.0 or abs(slope_after / slope - 1.0) > 2 * _OTHER_RATE:
        return False
    middle = time[(piece[0] + piece[1]) // 2]
    late_s = (slope * middle + offset - slope_after * middle - offset_after) / slope
    return abs(late_s) < _SAME_LINE * (piece[1] - piece[0]) * (time[1] - time[0])


def _by_rate(
    piece: tuple[int, int, int], time: np.ndarray, values: np.ndarray, *, shortest: int
) -> list[tuple[int, int, int]]:
    """A ramp cut where it goes on at another rate."""
    low, high, sign = piece
    shortest = max(shortest, (high - low) // 12)
    if sign == 0 or high - low < 2 * shortest:
        return [piece]
    cuts = np.linspace(low + shortest, high - shortest, 60).astype(int)
    errors = [_misfit(time[low:cut], values[low:cut]) + _misfit(time[cut:high], values[cut:high]) for cut in cuts]
    best = int(cuts[int(np.argmin(errors))])
    parts = [(low, best, sign), (best, high, sign)]
    slopes = [_line(part, time, values)[0] for part in parts]
    ratio = max(map(abs, slopes)) / max(min(map(abs, slopes)), 1e-12)
    straight = all(
        np.sqrt(_misfit(time[start:end], values[start:end]) / (end - start)) < _STRAIGHT * np.ptp(values[start:end])
        for start, end, _ in parts
    )
    if ratio < 1 + _OTHER_RATE or not straight:
        return [piece]
    return [each for part in parts for each in _by_rate(part, time, values, shortest=shortest)]


def _misfit(time: np.ndarray, values: np.ndarray) -> float:
    away, off = time - time.mean(), values - values.mean()
    return max(0.0, float(off @ off - (away @ off) ** 2 / max(float(away @ away), 1e-300)))


def _segment(scan: ThermalScan, sign: int, low: int, high: int) -> Segment:
    time, temperature = scan.time_s[low:high], scan.temperature_C[low:high]
    blocks = np.array_split(np.arange(time.size), max(1, min(_BLOCKS, time.size // 3)))
    rates = np.array([60.0 * _line((0, block.size, 0), time[block], temperature[block])[0] for block in blocks])
    rate = float(np.median(rates))
    off = np.abs(rates - rate)
    usual = rates[off <= 5.0 * np.median(off) / 0.6745]  # a sample that melts lags behind in one stretch or two
    spread = float(np.sqrt(np.sum((usual - rate) ** 2) / max(usual.size - 1, 1)))
    return Segment(
        direction="isothermal" if sign == 0 else "heating" if sign > 0 else "cooling",
        start=low,
        stop=high,
        rate_K_per_min=rate,
        rate_std_K_per_min=float(1.2533 * spread / np.sqrt(rates.size)),
        start_C=float(temperature[0]),
        end_C=float(temperature[-1]),
    )


def _turn(first: tuple[int, int, int], second: tuple[int, int, int], slope: np.ndarray, window: int) -> int:
    """Where the rate is half-way between those of two pieces, near where they were cut."""
    rates = [float(np.median(slope[low:high])) for low, high, _ in (first, second)]
    low, high = max(first[0] + 1, second[0] - window), min(second[1] - 1, second[0] + window)
    past = (slope[low:high] - np.mean(rates)) * np.sign(rates[1] - rates[0]) > 0
    return low + int(np.argmax(past)) if past.any() else second[0]
