"""The time of a run: its unit, what it is without a clock, where a new run begins, and what is out of order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers.columns import TIME_S

_FITS = 0.2
"""Of a stated rate: the most that the ramps of its run are off it, with transients, and a sample that melts."""
_SLOWEST_K_PER_MIN, _FASTEST_K_PER_MIN = 0.3, 120.0
"""Between these lie the rates of calorimeters that no header states."""
_MOST_OUT_OF_ORDER = 0.02
_SHORTEST_RUN = 10
_EVEN = 0.15
"""Of a ramp's step: the spread of steps that are alike."""


def seconds(
    raw: np.ndarray,
    unit: str,
    temperature_C: np.ndarray,
    *,
    rates_K_per_min: Sequence[float],
    where: str | Path,
    warnings: list[str],
) -> np.ndarray:
    """A column of times in s, [n_points], its unit held against the rates that the file states.

    Raises
    ------
    DataError
        Where the unit is not known and several are possible, or where it contradicts the stated rate and another fits.
    """
    rate_per_unit = ramp_rate(raw, temperature_C)
    rates = {name: rate_per_unit * 60.0 / in_s for name, in_s in TIME_S.items()}
    fitting = [name for name, rate in rates.items() if _fits(rate, rates_K_per_min)]
    if not unit:
        if len(fitting) == 1:
            unit = fitting[0]
        else:
            possible = [name for name, rate in rates.items() if _SLOWEST_K_PER_MIN <= rate <= _FASTEST_K_PER_MIN]
            if len(possible) != 1:
                told = ", ".join(f"{rates[name]:.3g} K/min in {name}" for name in ("s", "min", "h"))
                raise DataError(
                    f"a time without a unit ({told})", where=where,
                    remedy="say which, as --columns time_min=NAME, or --rate-K-per-min",
                )  # fmt: skip
            unit = possible[0]
        warnings.append(f"its time has no unit: {unit} makes {rates[unit]:.3g} K/min")
    elif rate_per_unit > 0 and rates_K_per_min and unit not in fitting:
        stated = ", ".join(f"{rate:g}" for rate in rates_K_per_min)
        if fitting:
            raise DataError(
                f"its time in {unit} makes {rates[unit]:.3g} K/min, and {stated} K/min is stated, which it is in "
                f"{fitting[0]}", where=where, remedy=f"say which, as --columns time_{fitting[0]}=NAME",
            )  # fmt: skip
        warnings.append(f"ramps of {rates[unit]:.3g} K/min, where {stated} K/min is stated")
    elif rates[unit] > _FASTEST_K_PER_MIN * 2 and not rates_K_per_min:
        warnings.append(f"ramps of {rates[unit]:.3g} K/min: check that its time is in {unit}")
    return raw * TIME_S[unit]


def ramp_rate(time: np.ndarray, temperature: np.ndarray) -> float:
    """The usual |dT/dt| of the ramps of a run; 0 where its temperature stands still or there is no clock."""
    stride = max(1, len(time) // 200)
    steps, changes = time[stride:] - time[:-stride], np.abs(temperature[stride:] - temperature[:-stride])
    rising = steps > 0
    if not rising.any():
        return 0.0
    rates = changes[rising] / steps[rising]
    ramps = rates[rates > 0.3 * np.percentile(rates, 90)]
    return float(np.median(ramps)) if len(ramps) else 0.0


def _fits(rate: float, stated: Sequence[float]) -> bool:
    return any(abs(rate - each) <= _FITS * each for each in stated)


def from_rate(
    temperature_C: np.ndarray, rate_K_per_min: float, *, where: str | Path, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Time in s along the ramps of a file without a clock, and which points these are, [n_points] of bool.

    On a ramp points taken at even intervals are evenly apart in temperature; where they are not, each step takes what
    it takes at the rate. Where the temperature stands still no rate tells the time: these points are left out.

    Raises
    ------
    DataError
        Where no ramp is found.
    """
    half = 4
    steps = np.diff(temperature_C)
    padded = np.pad(np.abs(steps), half, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)
    usual = float(np.median(smooth[smooth > 0.5 * np.percentile(smooth, 80)])) if smooth.any() else 0.0
    if usual == 0:
        raise DataError("no ramp that a rate could tell the time of", where=where, remedy="export it with its time")
    ramps = _long(smooth > 0.5 * usual)
    if not ramps.any():
        raise DataError("no ramp that a rate could tell the time of", where=where, remedy="export it with its time")
    on_ramp = np.abs(steps[ramps])
    even = np.percentile(np.abs(on_ramp - usual), 68) < _EVEN * usual
    usual = float(on_ramp[np.abs(on_ramp - usual) < 0.5 * usual].mean())  # finer than the digits of one step
    seconds_a_kelvin = 60.0 / rate_K_per_min
    intervals = np.full(len(steps), usual) if even else np.maximum(np.abs(steps), 1e-3 * usual)
    kept = np.zeros(len(temperature_C), bool)
    kept[:-1] |= ramps
    kept[1:] |= ramps
    time = np.concatenate([[0.0], np.cumsum(np.where(ramps, intervals, usual) * seconds_a_kelvin)])
    if not kept.all():
        warnings.append(
            f"{int((~kept).sum())} of {len(kept)} points left out: off the ramps the rate does not tell their time"
        )
    return time - time[kept][0], kept


def _long(flags: np.ndarray) -> np.ndarray:
    """The flags that stand in a row of at least a run's points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    kept = np.zeros(len(flags), bool)
    for start, end in edges.reshape(-1, 2):
        kept[start:end] = end - start >= _SHORTEST_RUN
    return kept


def runs_of(time: np.ndarray) -> list[slice]:
    """Where the clock begins anew: the runs, in their order."""
    falls = np.flatnonzero(np.diff(time) < 0) + 1
    starts = [0]
    for fall in falls.tolist():
        rest = time[fall : fall + _SHORTEST_RUN]
        begins_anew = len(rest) == _SHORTEST_RUN and rest.max() < time[fall - 1] and (np.diff(rest) >= 0).all()
        if begins_anew:
            starts.append(fall)
    ends = [*starts[1:], len(time)]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True)]


def in_order(time_s: np.ndarray, *, where: str | Path, warnings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rising times and the points that they are of, [n_points] of bool; equal times, printed with too few digits, are
    spread evenly.

    Raises
    ------
    DataError
        Where more than 2 % of the points are out of order.
    """
    highest = np.maximum.accumulate(time_s)
    lowest = np.minimum.accumulate(time_s[::-1])[::-1]
    late, early = time_s < highest, time_s > lowest
    strays = late if late.sum() <= early.sum() else early  # a lone spike makes all that follow it late
    if strays.sum() > _MOST_OUT_OF_ORDER * len(time_s):
        raise DataError(
            f"times do not rise ({int(strays.sum())} of {len(time_s)} points)", where=where,
            remedy="export the run in the order in which it was measured",
        )  # fmt: skip
    if strays.any():
        first = int(np.flatnonzero(strays)[0])
        warnings.append(f"{int(strays.sum())} points left out whose time is out of order, the first {first + 1}")
    kept = ~strays
    times = time_s[kept]
    values, first, counts = np.unique(times, return_index=True, return_counts=True)
    if counts.max() > 1:
        warnings.append(f"{int(counts.max())} points share one time, printed with few digits: spread evenly")
        last_step = np.median(np.diff(values)) if len(values) > 1 else 1.0
        steps = np.append(np.diff(values), last_step)
        within = np.arange(len(times)) - np.repeat(first, counts)
        times = np.repeat(values, counts) + within * np.repeat(steps / counts, counts)
    return times, kept
