"""Events of a segment: peaks with onset, top, end and area, glass steps with dCp, each with errors or refused.

Areas are integrals over the time, so that a sample that lags or warms itself keeps its enthalpy. The onset is where the
tangent at the steepest point of the leading edge meets the extrapolated baseline (ISO 11357-1); of a glass step the
tangent meets both baselines (ASTM E1356).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from paddlewheel.lab.dsc.baselines import (
    BaselineFit,
    Noise,
    believed_range,
    fit_baselines,
    noise_of,
    weights_of,
    widest_range,
)
from paddlewheel.lab.dsc.departures import find_departures, is_blurred, point_noise
from paddlewheel.lab.dsc.glass import glass_step
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import Segment

CONVERSIONS = (0.2, 0.35, 0.5, 0.65, 0.8)
_MOST_POINTS = 3000
_FEWEST_POINTS = 40
_PADS, _FLANKS = (0.02, 0.12), (0.4, 0.8)
"""Of an event's length: by how much its window is wider on each side, and how long its flanks are; all are tried."""
_CUT = 0.03
"""Of the area: where baselines disagree by more, and by more than noise, the window cuts the event."""
_BY_BASELINES = 3.0
"""Errors by noise beyond which what baselines disagree by is theirs; below, it scatters as the noise does, and is part
of the error."""
_SEEN = 5.0
"""Standard errors of the area, or of the height, of what is an event."""
_STEPS = 0.1
"""Of its height over its chord: a stretch whose ends differ by more may be a glass step."""
_LEAST_OVERSHOOT = 0.1
"""Of a step: an overshoot that is told."""
_TALL = 0.3
"""Of all that a ramp changes: a departure that is lower may be part of a glass step that is wide."""
_TAIL = 0.0015
"""Of the height: a flank that is farther from its outer line is a tail of the event."""
_FARTHEST_TAIL = 10.0
"""Widths at half height that a tail may be long."""
_LEAST_SHARE = 2e-3
"""Of the highest event of a segment: what is lower lies in what its own instrument does to it."""
_LEAST_IN_TAIL = 0.02
"""The same of what lies within its tails."""
_FLANK_SHARE = 0.15
"""Of the width at half height: flanks that are shorter tell no baseline."""
_REPRODUCIBLE = 2e-4
"""Of the height: what a smooth baseline leaves of an instrument at best."""
_NEAR = 12
"""Points from the end of a ramp within which a departure is of what settles there."""
_TURN = 3
"""Points that are left out where a ramp begins or ends by a turn."""
_SLOPE_NOISE = 0.01
_TOP_IS_KNOWN = 0.01
"""Of the width at half height: the stretch through which the top is found is widened until its error is below it."""
_OVERLAP = 0.1
_NARROWEST_HALF = 3
_GAP_SHARE = 0.5
"""Of the narrower of two events: the least stretch of baseline between them."""
_ON_BASELINE = 0.1
"""Of the lower of two events: how far what lies between them may be off the lines beside both."""
_BEYOND_NOISE = 10.0
"""Of the noise of a point: what a polynomial leaves of a window that holds an event without its baseline, and of a
stretch that is no event by any."""
_DRIFT_DEGREE = 6
_PLATEAU, _EDGE_DIGITS = 4, 3.0
"""Points of one value, and digits from it to the next, of a signal that is clipped."""
_MOST_SPACING = 0.4
"""Of the width at half height: points that are farther apart do not hold an event."""
_FEWEST_ACROSS = 4.0
"""Points across the width at half height of an event."""
_CURVED = 0.5
"""Second derivative of a Gaussian about its top over height and variance, root mean square."""
_OF_FLOATS = 1e-9
"""Of the range of a signal: values closer than this are one, of which a product differs by its last bits."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """A segment at even times, averaged where its points lie closer; [n_points].

    `first` and `last` enclose the points at which the ramp has its rate; what the instrument does before and after
    is no event. `digit` is what the signal was rounded to, `measured_s` the times at which it was measured, `clipped`
    the times between which it stands at an end of its range, and where that is.
    """

    time_s: np.ndarray
    temperature_C: np.ndarray
    signal: np.ndarray
    rate_K_per_min: float
    first: int
    last: int
    digit: float = 0.0
    measured_s: np.ndarray | None = None
    clipped: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """A value and its standard error."""

    value: float
    std: float


@dataclass(frozen=True, kw_only=True)
class AreaByBaseline:
    """What one baseline gives: area, its error by noise, and how far it is believed."""

    kind: str
    area: float
    area_std: float
    weight: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of overlapping events between drop lines at the minima beside its top: by convention, no event's own area.

    Attributes
    ----------
    start_C, top_C, end_C
        Drop line or end of the whole before it, its top, the same after it.
    area
        Signal less the baseline of the whole over the time, as of the whole.
    """

    start_C: float
    top_C: float
    end_C: float
    area: Found


@dataclass(frozen=True, eq=False, kw_only=True)
class Event:
    """A peak, or a step of the heat capacity.

    Attributes
    ----------
    sign
        1 where heat flows in (endothermic), -1 where it flows out; of a step, of its rise in time.
    is_step
        Whether it is a glass step.
    start_C, end_C, start_s, end_s
        Where the curve leaves its baseline and comes back.
    onset_C, peak_C, offset_C
        Tangent of the leading edge, top, tangent of the trailing edge. Of a step: extrapolated onset, inflection,
        extrapolated end.
    midpoint_C
        Of a step: where the curve is half-way between its baselines.
    onset_s, peak_s
        The same as times.
    area
        Signal less baseline over the time, unit of the signal times s; positive where heat flows in. None of a step.
    step
        Of a step: its height, unit of the signal.
    height
        Of the top over the baseline.
    half_width_K, half_width_s, leading_half_width_K, trailing_half_width_K
        Width at half height, in all, and before and after the top.
    baselines
        What each baseline gives.
    disagreement
        Between the areas by baselines and windows that the data allow, as a share of the area.
    shoulders_C
        Tops of further events that overlap with it.
    parts
        Of overlapping events with a minimum between their tops: the area cut there.
    refused
        Why it has no area.
    drawn
        Points (time_s, baseline, std, onset tangent) to draw it with; of a step both its lines instead of the second
        and third.
    at_conversions
        Temperature in C and d alpha / dt in 1/s at each share of `CONVERSIONS` of the area.
    """

    sign: int
    is_step: bool
    start_C: float
    end_C: float
    start_s: float
    end_s: float
    onset_C: Found | None = None
    peak_C: Found | None = None
    offset_C: Found | None = None
    midpoint_C: Found | None = None
    onset_s: float | None = None
    peak_s: float | None = None
    area: Found | None = None
    step: Found | None = None
    height: float | None = None
    half_width_K: float | None = None
    half_width_s: float | None = None
    leading_half_width_K: float | None = None
    trailing_half_width_K: float | None = None
    baselines: tuple[AreaByBaseline, ...] = ()
    disagreement: float | None = None
    shoulders_C: tuple[float, ...] = ()
    parts: tuple[Part, ...] = ()
    overshoot: float | None = None
    refused: str | None = None
    drawn: tuple[np.ndarray, ...] = ()
    at_conversions: tuple[tuple[float, float], ...] = ()


def curve_of(scan: ThermalScan, segment: Segment, window_C: tuple[float, float] | None = None) -> Curve | None:
    """The curve of a segment, or of its part between two temperatures; None where too few points are in it."""
    time, temperature = scan.time_s[segment.points], scan.temperature_C[segment.points]
    signal = scan.signal[segment.points]
    if window_C is not None:
        inside = np.flatnonzero((temperature >= min(window_C)) & (temperature <= max(window_C)))
        if inside.size < _FEWEST_POINTS:
            return None
        part = slice(int(inside[0]), int(inside[-1]) + 1)
        time, temperature, signal = time[part], temperature[part], signal[part]
    if time.size < _FEWEST_POINTS:
        return None
    count = min(_MOST_POINTS, time.size)
    edges = np.linspace(time[0], time[-1], count + 1)
    place = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, count - 1)
    number = np.bincount(place, minlength=count)
    filled = number > 0
    centre, *means = (
        np.bincount(place, weights=values, minlength=count)[filled] / number[filled]
        for values in (time, temperature, signal)
    )
    even = np.linspace(centre[0], centre[-1], count)
    even_temperature, even_signal = (np.interp(even, centre, mean) for mean in means)
    is_hold = segment.direction == "isothermal"
    first, last = 0, count
    if is_hold:
        first, last = 1, count - 1
    elif window_C is None:
        first, last = _at_rate(even, even_temperature, segment.rate_K_per_min)
        near = max(_TURN, count // 100)  # the place of a turn is known to some points
        first = max(first, near if segment.start > 0 else 0)
        last = min(last, count - near if segment.stop < scan.time_s.size else count)
    return Curve(
        time_s=even, temperature_C=even_temperature, signal=even_signal,
        rate_K_per_min=0.0 if is_hold else segment.rate_K_per_min,
        first=first, last=last, digit=(digit := _digit(signal)), measured_s=time, clipped=_clipped(time, signal, digit),
    )  # fmt: skip


def _digit(signal: np.ndarray) -> float:
    """What values were rounded to: the least difference of two of them that is more than that of floats."""
    gaps = np.diff(np.unique(signal))
    gaps = gaps[gaps > _OF_FLOATS * np.ptp(signal)]
    return float(gaps.min()) if gaps.size else 0.0


def _clipped(time: np.ndarray, signal: np.ndarray, digit: float) -> tuple[tuple[float, float, float], ...]:
    """Plateaus of one value at the top or the bottom of a curve with edges that no rounding makes."""
    found = []
    for end in (float(signal.max()), float(signal.min())):
        edges = np.flatnonzero(np.diff(np.r_[False, signal == end, False].astype(int)))
        for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            beside = [abs(signal[place] - end) for place in (low - 1, high) if 0 <= place < signal.size]
            if high - low >= _PLATEAU and beside and min(beside) > _EDGE_DIGITS * digit:
                found.append((float(time[low]), float(time[high - 1]), end))
    return tuple(found)


def _lost(curve: Curve, top_s: float, width_s: float, sign: int) -> tuple[str | None, float, float]:
    """Why an area is none for points that lack; else its error by their spacing over the height, in s, and that of a
    place in s.

    The line between two points leaves h^3 f'' / 12 of an area and h^2 f'' / 8 of a height; f'' is that of a Gaussian.
    """
    value = next(
        (
            value
            for low, high, value in curve.clipped
            if low < top_s + width_s and high > top_s - width_s and (value > np.median(curve.signal)) == (sign > 0)
        ),
        None,
    )
    if value is not None:
        return f"the signal is clipped at {value:.4g}", 0.0, 0.0
    if curve.measured_s is None:
        return None, 0.0, 0.0
    steps = np.diff(curve.measured_s)
    if width_s < _FEWEST_ACROSS * float(np.median(steps)):
        return "a spike: fewer than four points are in its width", 0.0, 0.0
    near = np.abs(0.5 * (curve.measured_s[1:] + curve.measured_s[:-1]) - top_s) < width_s + 0.5 * steps
    if not near.any():
        return "no point was measured at its top", 0.0, 0.0
    widest, sigma_s = float(steps[near].max()), width_s / 2.3548
    if widest > _MOST_SPACING * width_s:
        return f"no point was measured for {widest:.3g} s of it, which is {width_s:.3g} s wide", 0.0, 0.0
    of_area = float(np.sqrt((steps[near] ** 6).sum())) * _CURVED / sigma_s**2 / 12.0
    return None, of_area, widest**2 * _CURVED / (8.0 * sigma_s)


def _at_rate(time: np.ndarray, temperature: np.ndarray, rate_K_per_min: float) -> tuple[int, int]:
    """The stretch between the first and the last point at which the rate is right, and as much again left out."""
    half = max(2, time.size // 200)
    rate = 60.0 * (temperature[2 * half :] - temperature[: -2 * half]) / (time[2 * half :] - time[: -2 * half])
    right = np.flatnonzero(np.abs(rate - rate_K_per_min) < 0.1 * abs(rate_K_per_min))
    if right.size == 0:
        return 0, time.size
    first = min(2 * int(right[0]), time.size // 5)
    short = rate.size - 1 - int(right[-1])
    return first, time.size - min(2 * short, time.size // 5)


def find_events(curve: Curve, *, as_one: bool = False) -> tuple[Event, ...]:
    """The events of a curve, in the order they came; with `as_one` all that it holds as one, as of a given window."""
    if curve.rate_K_per_min == 0.0:
        curve = _without_start(curve)
    begin, end = (curve.first, curve.last) if curve.rate_K_per_min == 0.0 else (0, curve.signal.size)
    departures = [
        (begin + departure.low, begin + departure.high)
        for departure in find_departures(curve.signal[begin:end], curve.digit)
    ]
    curve, found = _settled(curve, departures)
    if not as_one:
        found = [part for span, room in _with_room(curve, found) for part in _apart(curve, span, room)]
    wide = _wide_step(curve, found) if curve.rate_K_per_min else None
    if wide is not None:
        return (wide,)
    if not found:
        if as_one and _bends(curve, (0, curve.signal.size), (0, curve.signal.size), degree=3):
            found = [(curve.first, curve.last)]
        else:
            return ()
    if as_one:
        found = [(found[0][0], found[-1][1])]
    steps = _steps(curve, found) if curve.rate_K_per_min else {}
    peaks = [span for span in found if span not in steps]
    worth = set(_worth_it(curve, peaks) if peaks else ())
    found = [span for span in found if span in steps or span in worth]
    if not as_one:
        found = [
            part
            for span, room in _with_room(curve, found)
            for part in ([span] if span in steps or _is_cut(curve, span, room) else _parted(curve, *span))
        ]
        if curve.rate_K_per_min:
            steps |= _steps(curve, [span for span in found if span not in steps], found)
        found = _overlapping(curve, found, steps)
    events = []
    for span, room in _with_room(curve, found):
        event = steps.get(span) or _measured(curve, *span, room, is_window=as_one)
        if event is None and _bends(curve, span, room, degree=_DRIFT_DEGREE):
            event = replace(_blank(curve, *span), refused="neither a peak on any baseline nor a glass step")
        if event is not None:
            events.append(event)
    tallest = max((each.height or 0.0 for each in events if not each.is_step), default=0.0)
    return tuple(each for each in events if each.is_step or (each.height or 0.0) >= 3 * _LEAST_SHARE * tallest)


def _bends(curve: Curve, span: tuple[int, int], room: tuple[int, int], *, degree: int) -> bool:
    """Whether a stretch, with half of its length on each side, holds more than a polynomial and its noise."""
    aside = (span[1] - span[0]) // 2
    inside = curve.signal[max(room[0], span[0] - aside) : min(room[1], span[1] + aside)]
    place = np.linspace(-1.0, 1.0, inside.size)
    design = np.polynomial.legendre.legvander(place, degree)
    left = inside - design @ np.linalg.lstsq(design, inside, rcond=None)[0]
    noise = max(point_noise(curve.signal), curve.digit)
    return float(np.std(left)) > _BEYOND_NOISE * noise


def _with_room(curve: Curve, found: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Each stretch with the room between its neighbours."""
    ends = [curve.first, *(high for _, high in found)]
    begins = [*(low for low, _ in found), curve.last]
    return [(span, (ends[place], begins[place + 1])) for place, span in enumerate(found)]


def _without_start(curve: Curve) -> Curve:
    """A hold without what settles at its beginning, as far as its first tenth shows it."""
    size = curve.signal.size // 10
    early = find_departures(curve.signal[:size], curve.digit)
    if early and early[0].low <= _NEAR and early[0].high < size - _NEAR:
        return replace(curve, first=early[0].high)
    return curve


def _settled(curve: Curve, found: Sequence[tuple[int, int]]) -> tuple[Curve, list[tuple[int, int]]]:
    """The curve without what settles at the ends of a ramp, and the stretches that are left."""
    first, last, left = curve.first, curve.last, []
    if (first, last) == (0, curve.signal.size):  # a window that was given: what begins at its ends is cut, not settling
        return curve, list(found)
    inside = [
        (first + departure.low, first + departure.high)
        for departure in find_departures(curve.signal[first:last], curve.digit)
    ]
    for low, high in found:
        outside = all(high <= start or low >= stop for start, stop in inside)  # it is of what comes before or after
        if low <= first + _NEAR and (outside or high <= first or _is_transient(curve, low, high)):
            first = max(first, high)
        elif high >= last - _NEAR and (outside or low >= last or _is_transient(curve, low, high)):
            last = min(last, low)
        else:
            left.append((low, high))
    return replace(curve, first=first, last=last), left


def _worth_it(curve: Curve, found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches without those far lower than the highest, and those in its own tails that are lower by much."""
    sizes = [_size(curve, low, high) for low, high in found]
    best = int(np.argmax([height for height, _ in sizes]))
    height, width = sizes[best]
    kept = []
    for (low, high), (own, _) in zip(found, sizes, strict=True):
        away = max(low - found[best][1], found[best][0] - high, 0)
        least = _LEAST_IN_TAIL if away < _FARTHEST_TAIL * width else _LEAST_SHARE
        if own > least * height:
            kept.append((low, high))
    return kept


def _size(curve: Curve, low: int, high: int) -> tuple[float, int]:
    """Height of a stretch over its chord, and its width at half of that in points."""
    signal = curve.signal[low:high]
    excess = np.abs(signal - np.linspace(signal[0], signal[-1], signal.size))
    return float(excess.max()), int((excess > 0.5 * excess.max()).sum())


def _apart(curve: Curve, span: tuple[int, int], room: tuple[int, int]) -> list[tuple[int, int]]:
    """A stretch of a wide second derivative as what narrower ones find in it, where baseline lies between those."""
    half = (span[1] - span[0]) // 4
    while half >= _NARROWEST_HALF:
        low, high = max(room[0], span[0] - half), min(room[1], span[1] + half)
        parts = [
            (curve.first + found.low, curve.first + found.high)
            for found in find_departures(curve.signal[curve.first : curve.last], curve.digit, half)
            if curve.first + found.low < span[1] and curve.first + found.high > span[0]
        ]
        parts = [(max(a, low), min(b, high)) for a, b in parts]
        joined = parts[:1]
        for part in parts[1:]:
            if _is_baseline(curve, (joined[-1][1], part[0]), span, room, joined[-1], part):
                joined.append(part)
            else:
                joined[-1] = joined[-1][0], part[1]
        if len(joined) > 1:
            rooms = [room[0], *((a[1] + b[0]) // 2 for a, b in pairwise(joined)), room[1]]
            return [
                part
                for each, ends in zip(joined, pairwise(rooms), strict=True)
                for part in _apart(curve, each, (ends[0], ends[1]))
            ]
        half = int(half / 1.4)
    return [span]


def _is_baseline(
    curve: Curve,
    gap: tuple[int, int],
    span: tuple[int, int],
    room: tuple[int, int],
    before: tuple[int, int],
    after: tuple[int, int],
) -> bool:
    """Whether a gap within a stretch lies on a line beside it, or between those of its two sides."""
    length = gap[1] - gap[0]
    heights, widths = zip(_size(curve, *before), _size(curve, *after), strict=True)
    if length < max(8, int(_GAP_SHARE * min(widths))):
        return False
    noise = point_noise(curve.signal[room[0] : room[1]])
    size = max(length, _FEWEST_POINTS)
    sides = [side for side in ((max(room[0], span[0] - size), span[0]), (span[1], min(room[1], span[1] + size)))
             if side[1] - side[0] >= 8]  # fmt: skip
    if not sides:
        return False
    quarter = max(2, length // 4)
    least = _ON_BASELINE * min(heights) + 3.0 * noise / np.sqrt(quarter)
    for low, high in ((gap[0], gap[0] + quarter), (gap[1] - quarter, gap[1])):
        place, level = 0.5 * (low + high - 1), float(curve.signal[low:high].mean())
        lines = [float(np.polyval(np.polyfit(np.arange(a, b) - place, curve.signal[a:b], 1), 0.0)) for a, b in sides]
        if not min(lines) - least < level < max(lines) + least:
            return False
    return True


def _overlapping(
    curve: Curve, found: Sequence[tuple[int, int]], steps: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The stretches, neighbours of one sign without baseline between them as one."""
    joined: list[tuple[int, int]] = []
    for place, (span, room) in enumerate(_with_room(curve, found)):
        last = joined[-1] if joined else None
        if last is not None and span[0] <= last[1] and not {span, found[place - 1]} & set(steps):
            alike = _blank(curve, *span).sign == _blank(curve, *found[place - 1]).sign
            spans, width = _limits(curve, *span, room)
            shortest = max(4, int(_FLANK_SHARE * width))
            if alike and all(each[0] - room[0] < shortest for each in spans):
                joined[-1] = last[0], span[1]
                continue
        joined.append(span)
    return joined


def _is_cut(curve: Curve, span: tuple[int, int], room: tuple[int, int]) -> bool:
    """Whether the segment begins or ends within a stretch: its chord is no baseline then."""
    shortest = max(4, int(_FLANK_SHARE * _size(curve, *span)[1]))
    return any(
        edge == end and abs(side - edge) < shortest
        for edge, end, side in ((room[0], curve.first, span[0]), (room[1], curve.last, span[1]))
    )


def _parted(curve: Curve, low: int, high: int) -> list[tuple[int, int]]:
    """A stretch cut where the curve comes back, or nearly, to its chord between two tops, or crosses it."""
    signal = curve.signal[low:high]
    if signal.size < 12:
        return [(low, high)]
    half = max(1, signal.size // 60)
    smooth = np.convolve(np.pad(signal, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    level = smooth - np.linspace(smooth[0], smooth[-1], smooth.size)
    top = float(np.abs(level).max())
    busy = np.abs(level) > 0.05 * top
    edges = np.flatnonzero(np.diff(np.r_[False, busy, False].astype(int)))
    least = max(_OVERLAP * top, _SEEN * point_noise(signal) / np.sqrt(2 * half + 1))
    spans = [
        (int(a), int(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if np.abs(level[a:b]).max() > least and b - a > 4
    ]
    if len(spans) < 2:
        return [(low, high)]
    cuts = [low, *(low + (spans[k][1] + spans[k + 1][0]) // 2 for k in range(len(spans) - 1)), high]
    return list(pairwise(cuts))


def _measured(curve: Curve, low: int, high: int, room: tuple[int, int], *, is_window: bool) -> Event | None:
    """The event of a stretch; None where it is no more than the curvature of its baseline."""
    spans, width = _limits(curve, low, high, room)
    shortest = max(4, int(_FLANK_SHARE * width))
    free = [span for span in spans if span[0] - room[0] >= shortest and room[1] - span[1] >= shortest]
    if not free:
        low, high = spans[0]
        at_start = low - room[0] < shortest
        neighbour = room[0] > curve.first if at_start else room[1] < curve.last
        reason = (
            "overlaps with its neighbour: no baseline lies between them"
            if neighbour
            else f"the window, or the segment, {'starts' if at_start else 'ends'} within it: it is cut"
        )
        return replace(_blank(curve, low, high), refused=reason)
    low, high = min(free, key=lambda span: _doubt(curve, span, room, shortest)) if len(free) > 1 else free[0]
    blank = _blank(curve, low, high)
    windows = [
        fits
        for pad in _PADS
        for flank in _FLANKS
        if (fits := _fits(curve, low, high, room, pad=pad, flank=flank, shortest=shortest)) is not None
    ]
    if not windows:
        return replace(blank, refused="no baseline beside it")
    return _peak(curve, (low, high), windows, blank, is_window=is_window)


def _doubt(curve: Curve, span: tuple[int, int], room: tuple[int, int], shortest: int) -> float:
    """Error of the area with these limits, with what baselines leave open."""
    found = _fits(curve, *span, room, pad=_PADS[0], flank=_FLANKS[-1], shortest=shortest)
    if found is None:
        return np.inf
    _, fits = found
    return float(np.hypot(widest_range(fits), np.median([fit.area_std for fit in fits])))


def _limits(curve: Curve, low: int, high: int, room: tuple[int, int]) -> tuple[list[tuple[int, int]], int]:
    """First and last point of an event, without its tails and with more and more of them, and its width at half height
    in points."""
    signal = curve.signal
    chord = np.interp(np.arange(low, high), [low, high - 1], [signal[low], signal[high - 1]])
    excess = np.abs(signal[low:high] - chord)
    height = float(excess.max())
    width = max(int((excess > 0.5 * height).sum()), 3)
    low, high = _drawn_in(signal, low, high, height, width)
    low, high = max(low, room[0]), min(high, room[1])
    spans = [(low, high)]
    for _ in range(3):
        before = _tail(signal[room[0] : low][::-1], height, width)
        after = _tail(signal[high : room[1]], height, width)
        low, high = low - before, high + after
        spans.append((low, high))
    return list(dict.fromkeys(spans)), width


def _drawn_in(signal: np.ndarray, low: int, high: int, height: float, width: int) -> tuple[int, int]:
    """The stretch without what at its ends lies on its chord."""
    half = max(1, min(width // 8, (high - low) // 40))
    inside = signal[low:high]
    smooth = np.convolve(np.pad(inside, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    noise = float(np.median(np.abs(np.diff(inside, n=2)))) / 0.6745 / np.sqrt(6.0)
    least = max(_TAIL * height, 3.0 * noise / np.sqrt(2 * half + 1))
    for _ in range(3):
        chord = np.linspace(smooth[0], smooth[-1], smooth.size)
        off = np.flatnonzero(np.abs(smooth - chord) > least)
        if off.size == 0:
            break
        first, last = max(0, int(off[0]) - half), min(smooth.size, int(off[-1]) + 1 + half)
        low, smooth = low + first, smooth[first:last]
    return low, low + smooth.size


def _tail(flank: np.ndarray, height: float, width: int) -> int:
    """How many points of a flank, from the event outwards, lie off the line of its outer half."""
    flank = flank[: int(2 * _FARTHEST_TAIL * width)]
    if flank.size < 12:
        return 0
    half = max(1, min(width // 8, flank.size // 12))
    place = np.arange(flank.size)
    outer = place >= flank.size // 2
    slope, offset = np.polyfit(place[outer], flank[outer], 1)
    off = flank - slope * place - offset
    noise = float(np.std(off[outer]))
    mean = np.convolve(np.pad(off, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    still = np.flatnonzero(np.abs(mean) < max(_TAIL * height, 3 * noise / np.sqrt(2 * half + 1)))
    return int(still[0]) if still.size else flank.size // 2


def _is_transient(curve: Curve, low: int, high: int) -> bool:
    """Whether a stretch at the end of a ramp falls or rises to one side alone, as what settles does, or is a trifle."""
    signal = curve.signal[low:high]
    ends = abs(float(signal[-1] - signal[0]))
    beyond = max(float(signal.max()) - max(signal[0], signal[-1]), min(signal[0], signal[-1]) - float(signal.min()))
    return beyond < 0.5 * ends or float(np.ptp(signal)) < _LEAST_IN_TAIL * float(np.ptp(curve.signal))


def _fits(
    curve: Curve, low: int, high: int, room: tuple[int, int], *, pad: float, flank: float, shortest: int
) -> tuple[slice, tuple[BaselineFit, ...]] | None:
    length = high - low
    before = max(shortest, 4)
    start = max(low - int(pad * length), room[0] + before)
    stop = min(high + int(pad * length), room[1] - before)
    size = max(int(flank * length), before, 8)
    flanks = slice(max(room[0], start - size), start), slice(stop, min(room[1], stop + size))
    if any(each.stop - each.start < 4 for each in flanks):
        return None
    reach = slice(flanks[0].start, flanks[1].stop)
    inside = slice(start - reach.start, stop - reach.start)
    fits = fit_baselines(
        curve.time_s[reach], curve.signal[reach], window=inside,
        flanks=(slice(0, inside.start), slice(inside.stop, reach.stop - reach.start)),
        reproducible=_REPRODUCIBLE * _size(curve, low, high)[0],
    )  # fmt: skip
    return reach, fits


def _blank(curve: Curve, low: int, high: int) -> Event:
    last = min(high, curve.signal.size) - 1
    signal = curve.signal[low : last + 1]
    middle = signal - np.linspace(signal[0], signal[-1], signal.size)
    return Event(
        sign=1 if middle[int(np.argmax(np.abs(middle)))] >= 0 else -1, is_step=False,
        start_C=float(curve.temperature_C[low]), end_C=float(curve.temperature_C[last]),
        start_s=float(curve.time_s[low]), end_s=float(curve.time_s[last]),
    )  # fmt: skip


def _peak(
    curve: Curve,
    limits: tuple[int, int],
    windows: Sequence[tuple[slice, tuple[BaselineFit, ...]]],
    blank: Event,
    *,
    is_window: bool,
) -> Event | None:
    (low, high), step_s = limits, float(curve.time_s[1] - curve.time_s[0])
    weights = [weights_of(fits) / len(windows) for _, fits in windows]
    share = np.concatenate(weights)
    area, spread = _mixed(share, [(fit.area, fit.area_std) for _, fits in windows for fit in fits])
    if not is_blurred(curve.signal, curve.digit):  # rounding that no noise blurs is the same over a whole flank
        of_digit = curve.digit / np.sqrt(12.0) * (high - low) * step_s
        area = replace(area, std=float(np.hypot(area.std, of_digit)))
    if abs(area.value) < _SEEN * area.std:
        return None
    sign = 1 if area.value > 0 else -1
    reach, fits = windows[-1]
    best = fits[int(np.argmax(weights[-1]))]
    excess = sign * (curve.signal[reach] - best.values)
    offset = reach.start
    inner = slice(low - offset, high - offset)
    flank = np.r_[excess[: inner.start], excess[inner.stop :]]
    noise = noise_of(flank, 2)
    top, top_std, height = _top(excess, inner, noise)
    if height < _SEEN * noise.std / np.sqrt(max(1.0, _half_points(excess, inner, height) / noise.correlated_points)):
        return None
    lows, highs = zip(*(believed_range(each) for _, each in windows), strict=True)
    widest = (max(highs) - min(lows)) / abs(area.value)
    event = replace(
        blank, sign=sign, height=height, disagreement=widest, peak_s=float(curve.time_s[0] + (offset + top) * step_s),
        baselines=tuple(
            AreaByBaseline(kind=fit.kind, area=fit.area, area_std=fit.area_std, weight=float(each))
            for fit, each in zip(fits, weights[-1] * len(windows), strict=True)
        ),
    )  # fmt: skip
    event = replace(event, peak_C=_temperature(curve, offset + top, top_std, width=3))
    onset = _tangent(curve, windows, share, sign, top + offset, leading=True, noise=noise, limits=(low, high))
    trailing = _tangent(curve, windows, share, sign, top + offset, leading=False, noise=noise, limits=(low, high))
    before, after = _halves(excess, inner, top, height)
    if before is not None and after is not None:
        temperatures = np.interp(
            np.array([before, top, after]) + offset, np.arange(curve.signal.size), curve.temperature_C
        )
        event = replace(
            event, half_width_s=(after - before) * step_s,
            half_width_K=float(abs(temperatures[2] - temperatures[0])),
            leading_half_width_K=float(abs(temperatures[1] - temperatures[0])),
            trailing_half_width_K=float(abs(temperatures[2] - temperatures[1])),
        )  # fmt: skip
    drawn_tangent = np.full(excess.size, np.nan)
    if onset is not None:
        place, std, slope = onset
        event = replace(event, onset_C=_temperature(curve, place, std, width=3),
                        onset_s=float(curve.time_s[0] + place * step_s))  # fmt: skip
        drawn_tangent = _drawn_tangent(best, place - offset, slope, sign, height)
    if trailing is not None:
        event = replace(event, offset_C=_temperature(curve, trailing[0], trailing[1], width=3))
    event = replace(
        event, shoulders_C=_shoulders(curve, excess, inner, top, offset, noise),
        parts=_parts(curve, sign, area, windows[-1], weights[-1] * len(windows), inner, noise),
        drawn=(curve.time_s[reach], best.values, best.std, drawn_tangent),
        at_conversions=_conversions(curve, excess, inner, offset),
    )  # fmt: skip
    usual = float(np.median([widest_range(each) for _, each in windows]))
    of_noise = float(np.median([fit.area_std for _, fits in windows for fit in fits]))
    doubt = usual if is_window else spread
    lost, of_area_s, of_place_s = _lost(curve, event.peak_s or event.start_s, event.half_width_s or 0.0, sign)
    if lost is None and of_area_s * height > _CUT * abs(area.value):
        lost = f"too few points: their spacing leaves {100 * of_area_s * height / abs(area.value):.2g} % of it open"
    if lost is not None:
        return replace(blank, refused=lost)
    area = replace(area, std=float(np.hypot(area.std, of_area_s * height)))
    of_place_K = of_place_s * abs(curve.rate_K_per_min) / 60.0
    event = replace(event, onset_C=_wider(event.onset_C, of_place_K), peak_C=_wider(event.peak_C, of_place_K),
                    offset_C=_wider(event.offset_C, of_place_K))  # fmt: skip
    if doubt > max(_CUT * abs(area.value), _BY_BASELINES * of_noise):
        reason = f"baselines disagree by {100 * widest:.2g} % of the area: the window cuts the event, or none fits it"
        return replace(event, refused=reason)
    return replace(event, area=area)


def _wider(found: Found | None, std: float) -> Found | None:
    return None if found is None else replace(found, std=float(np.hypot(found.std, std)))


def _mixed(share: np.ndarray, values: Sequence[tuple[float, float]]) -> tuple[Found, float]:
    """Mean by shares with the larger of two errors, by noise and by the spread (which holds noise too); the spread."""
    value, std = np.array(values).T
    mean = float(share @ value)
    noise, spread = float(share @ std**2), float(share @ (value - mean) ** 2)
    return Found(value=mean, std=float(np.sqrt(max(noise, spread)))), float(np.sqrt(spread))


def _local(values: np.ndarray, centre: float, half: int, degree: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Polynomial through the points around a place: powers rising in points from the centre, their covariance over the
    variance of a point, and the residuals' mean square."""
    low, high = max(0, int(centre) - half), min(values.size, int(centre) + half + 1)
    design = np.vander(np.arange(low, high) - centre, degree + 1, increasing=True)
    turned = np.linalg.pinv(design)  # not of its square: powers of many points differ by many orders
    inverse = turned @ turned.T
    parameters = turned @ values[low:high]
    residuals = values[low:high] - design @ parameters
    return parameters, inverse, float(residuals @ residuals) / max(1, residuals.size - degree - 1)


def _conversions(curve: Curve, excess: np.ndarray, inner: slice, offset: int) -> tuple[tuple[float, float], ...]:
    inside = excess[inner]
    half = max(1, inside.size // 100)
    smooth = np.convolve(np.pad(inside, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    share = np.maximum.accumulate(np.cumsum(smooth) / smooth.sum())
    step_s = float(curve.time_s[1] - curve.time_s[0])
    places = np.interp(CONVERSIONS, share, np.arange(share.size))
    kelvin = np.interp(places + inner.start + offset, np.arange(curve.signal.size), curve.temperature_C)
    rates = np.interp(places, np.arange(smooth.size), smooth) / (smooth.sum() * step_s)
    return tuple((float(celsius), float(rate)) for celsius, rate in zip(kelvin, rates, strict=True))


def _half_points(excess: np.ndarray, inner: slice, height: float) -> int:
    return int((excess[inner] > 0.5 * height).sum())


def _top(excess: np.ndarray, inner: slice, noise: Noise) -> tuple[float, float, float]:
    """Place of the top in points, its error, and its height: where a cubic through the points around it is level."""
    inside = excess[inner]
    width = max(3, int((inside > 0.5 * np.quantile(inside, 0.98)).sum()))
    half = max(1, width // 12)
    smooth = np.convolve(np.pad(inside, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    rough = int(np.argmax(smooth)) + inner.start
    for share in (0.97, 0.94, 0.9, 0.85, 0.8, 0.7):
        above = smooth > share * smooth.max()
        reach = max(3, min(_run(above, rough - inner.start, -1), _run(above, rough - inner.start, 1)))
        (height, slope, curved, third), inverse, scatter = _local(excess, rough, reach, 3)
        variance = max(scatter, noise.std**2) * noise.correlated_points
        std = float(np.sqrt(variance * inverse[1, 1])) / max(abs(2 * float(curved)), 1e-300)
        if curved < 0 and std < _TOP_IS_KNOWN * width:
            break
    if curved >= 0:
        return float(rough), float(reach), float(smooth.max())
    place = -slope / (2 * curved)
    place -= (slope + 2 * curved * place + 3 * third * place**2) / (2 * curved + 6 * third * place)
    return rough + (float(place) if abs(place) <= reach else 0.0), std, float(height)


def _run(flags: np.ndarray, start: int, way: int) -> int:
    place = start
    while 0 <= place + way < flags.size and flags[place + way]:
        place += way
    return abs(place - start)


def _halves(excess: np.ndarray, inner: slice, top: float, height: float) -> tuple[float | None, float | None]:
    """Places left and right of the top where the curve falls through half its height."""
    ends: list[float | None] = []
    for way in (-1, 1):
        place = round(top)
        while inner.start <= place + way < inner.stop and excess[place + way] > 0.5 * height:
            place += way
        other = place + way
        if not inner.start <= other < inner.stop:
            ends.append(None)
            continue
        fall = excess[place] - excess[other]
        ends.append(place + way * float((excess[place] - 0.5 * height) / fall if fall > 0 else 0.5))
    return ends[0], ends[1]


def _tangent(
    curve: Curve,
    windows: Sequence[tuple[slice, tuple[BaselineFit, ...]]],
    share: np.ndarray,
    sign: int,
    top: float,
    *,
    leading: bool,
    noise: Noise,
    limits: tuple[int, int],
) -> tuple[float, float, float] | None:
    """Where the tangent at the steepest point of an edge meets the baseline, in points; its error; the slope."""
    reach, fits = windows[-1]
    best = fits[int(np.argmax(share[-len(fits) :]))]
    excess = sign * (curve.signal[reach] - best.values)
    start, stop = (limits[0], round(top)) if leading else (round(top), limits[1])
    low, high = start - reach.start, stop - reach.start + 1
    edge = excess[low:high]
    if edge.size < 5:
        return None
    height = float(edge.max())
    rise = max(2, int(((edge > 0.15 * height) & (edge < 0.85 * height)).sum()))
    steepest = _steepest(excess, low, high, rise, noise, leading=leading)
    if steepest is None:
        return None
    place, half = steepest
    (value, slope, *_), inverse, scatter = _local(excess, place, half, 3)
    if slope == 0 or (slope > 0) != leading:
        return None
    variance = max(scatter, noise.std**2) * noise.correlated_points
    gradient = np.array([-1.0 / slope, value / slope**2, 0.0, 0.0])
    of_noise = float(gradient @ inverse @ gradient) * variance
    met = []
    at = place + reach.start
    rise_of_best = float(best.values[place + 1] - best.values[place - 1]) / 2.0
    for window, each in windows:
        here = at - window.start
        for fit in each:
            line = fit.initial if leading else fit.values
            height_here = float(value) + sign * float(best.values[place] - line[here])
            slope_here = float(slope) + sign * (rise_of_best - float(line[here + 1] - line[here - 1]) / 2.0)
            found = here - height_here / slope_here
            std = np.interp(found, np.arange(fit.std.size), fit.std) / abs(slope_here)
            met.append((found + window.start, float(std)))
    mixed, _ = _mixed(share, met)
    return mixed.value, float(np.sqrt(mixed.std**2 + of_noise)), sign * float(slope)


def _steepest(
    excess: np.ndarray, low: int, high: int, rise: int, noise: Noise, *, leading: bool
) -> tuple[int, int] | None:
    """The steepest point of an edge, and half the stretch over which its slope is known to 1 %, or a third of it."""
    half = 2
    while True:
        start, stop = max(low - half, 0), min(high + half, excess.size)
        if stop - start < 2 * half + 5:
            return None
        weights = np.linalg.pinv(np.vander(np.arange(-half, half + 1.0), 4, increasing=True))[1]
        slopes = np.convolve(excess[start:stop], weights[::-1], mode="valid") * (1 if leading else -1)
        best = int(np.argmax(slopes))
        error = noise.std * np.sqrt(noise.correlated_points * (weights @ weights))
        if error < _SLOPE_NOISE * slopes[best] or half >= max(2, rise // 2):
            return (start + half + best, half) if slopes[best] > 0 else None
        half += max(1, half // 3)


def _temperature(curve: Curve, place: float, std_points: float, *, width: int) -> Found:
    """The temperature at a place between points by the line around it, and its error by that of the place."""
    (value, slope), inverse, scatter = _local(curve.temperature_C, place, max(2, width), 1)
    step_s = float(curve.time_s[1] - curve.time_s[0])
    per_point = max(abs(float(slope)), abs(curve.rate_K_per_min) * step_s / 60.0 if width <= 3 else 0.0)
    return Found(value=float(value), std=float(np.sqrt((per_point * std_points) ** 2 + scatter * inverse[0, 0])))


def _drawn_tangent(fit: BaselineFit, place: float, slope: float, sign: int, height: float) -> np.ndarray:
    points = np.arange(fit.values.size)
    line = np.interp(place, points, fit.initial) + slope * (points - place)
    over = sign * (line - fit.initial)
    return np.where((over > -0.12 * height) & (over < 1.05 * height), line, np.nan)


def _shoulders(
    curve: Curve, excess: np.ndarray, inner: slice, top: float, offset: int, noise: Noise
) -> tuple[float, ...]:
    """Temperatures of further tops, and of shoulders: where the curvature has another deep minimum."""
    inside = excess[inner]
    width = max(6, int((inside > 0.5 * inside.max()).sum()))
    half = max(3, width // 7)
    if inside.size < 4 * half:
        return ()
    weights = np.linalg.pinv(np.vander(np.arange(-half, half + 1.0), 4, increasing=True))[2]
    curvature = np.convolve(inside, weights[::-1], mode="valid")
    floor = -max(
        0.12 * float(-curvature.min()), _SEEN * noise.std * np.sqrt(noise.correlated_points * (weights @ weights))
    )
    found = []
    for place in range(1, curvature.size - 1):
        if not (curvature[place] < floor and curvature[place - 1] > curvature[place] <= curvature[place + 1]):
            continue
        at = place + half
        near_top = abs(at + inner.start - top) < 1.5 * half
        if not near_top and inside[at] > 0.08 * inside.max() and _between(curvature, place, top - inner.start - half):
            found.append(float(curve.temperature_C[at + inner.start + offset]))
    return tuple(found)


def _parts(
    curve: Curve,
    sign: int,
    area: Found,
    window: tuple[slice, tuple[BaselineFit, ...]],
    weights: np.ndarray,
    inner: slice,
    noise: Noise,
) -> tuple[Part, ...]:
    """The area of an event with several tops, cut at the minima between these; none where it has one top.

    Errors are those of noise and of what the baselines disagree by, at least the share of the whole's.
    """
    reach, fits = window
    excess = sign * (curve.signal[reach] - fits[int(np.argmax(weights))].values)[inner]
    half = max(1, int((excess > 0.5 * excess.max()).sum()) // 12)
    smooth = np.convolve(np.pad(excess, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    blurred = noise.std * np.sqrt(min(1.0, noise.correlated_points / (2 * half + 1)))
    tops, _ = find_peaks(smooth, prominence=max(_OVERLAP * float(smooth.max()), _SEEN * blurred))
    if tops.size < 2:
        return ()
    cuts = [0, *(a + int(np.argmin(smooth[a:b])) for a, b in pairwise(tops.tolist())), excess.size - 1]
    step_s = float(curve.time_s[1] - curve.time_s[0])
    made = []
    for top, (low, high) in zip(tops.tolist(), pairwise(cuts), strict=True):
        part = slice(reach.start + inner.start + low, reach.start + inner.start + high)
        each = np.array([
            (curve.signal[part] - fit.values[inner.start + low : inner.start + high]).sum() * step_s for fit in fits
        ])  # fmt: skip
        value = float(weights @ each)
        spread = float(np.sqrt(weights @ (each - value) ** 2))
        of_noise = noise.std * step_s * float(np.sqrt((high - low) * noise.correlated_points))
        std = max(float(np.hypot(spread, of_noise)), area.std * abs(value / area.value))
        start, at, end = (float(curve.temperature_C[reach.start + inner.start + place]) for place in (low, top, high))
        made.append(Part(start_C=start, top_C=at, end_C=end, area=Found(value=value, std=std)))
    return tuple(made)


def _between(curvature: np.ndarray, place: int, top: float) -> bool:
    """Whether the curvature rises to zero, or by half, between a minimum and that of the top."""
    low, high = sorted((place, int(np.clip(round(top), 0, curvature.size - 1))))
    return bool(curvature[low : high + 1].max() > 0.3 * curvature[place])


def _wide_step(curve: Curve, found: Sequence[tuple[int, int]]) -> Event | None:
    """A glass step that all departures of a ramp are part of, or that departs from no noise because it is so wide."""
    inside = curve.signal[curve.first : curve.last]
    if inside.size == 0 or any(_size(curve, *span)[0] > _TALL * np.ptp(inside) for span in found):
        return None
    event = _step_between(curve, curve.first, curve.last)
    if event is None:
        return None
    low, high = np.searchsorted(curve.time_s, (event.start_s, event.end_s))
    return event if all(low < 0.5 * (span[0] + span[1]) < high for span in found) else None


def _steps(
    curve: Curve, spans: Sequence[tuple[int, int]], found: Sequence[tuple[int, int]] | None = None
) -> dict[tuple[int, int], Event]:
    """Those of the stretches that are glass steps, among all that were found."""
    rooms = _with_room(curve, found or spans)
    return {
        span: step for span, room in rooms if span in spans and (step := _step(curve, span, room)) is not None
    }  # fmt: skip


def _step(curve: Curve, span: tuple[int, int], room: tuple[int, int]) -> Event | None:
    """A stretch as a glass step; None where it is a peak."""
    low, high = span
    size = max(2 * (high - low), _FEWEST_POINTS)
    start, stop = max(room[0], low - size), min(room[1], high + size)
    before, after = curve.signal[start:low], curve.signal[high:stop]
    if min(before.size, after.size) < 6:
        return None
    height, _ = _size(curve, low, high)
    if abs(float(np.median(after[: high - low]) - np.median(before[low - high :]))) < _STEPS * height:
        return None
    return _step_between(curve, start, stop)


def _step_between(curve: Curve, start: int, stop: int) -> Event | None:
    found = glass_step(curve.signal[start:stop])
    if found is None:
        return None
    places = {
        name: _temperature(curve, start + place, std, width=3)
        for name, (place, std) in (
            ("onset_C", found.onset), ("midpoint_C", found.midpoint), ("peak_C", found.inflection),
            ("offset_C", found.end),
        )
    }  # fmt: skip
    points = np.arange(curve.signal.size)
    onset_s, peak_s = np.interp((start + found.onset[0], start + found.inflection[0]), points, curve.time_s)
    sign = 1 if found.height > 0 else -1
    at = int(np.clip(round(found.midpoint[0]), 0, found.before.size - 1))
    slope = abs(found.height) / max(found.end[0] - found.onset[0], 1.0)
    value = slope * (at - found.onset[0])
    tangent = _step_tangent(found.before, sign * (found.after - found.before), at, value, slope, sign)
    event = replace(
        _blank(curve, start + found.low, start + found.high), sign=sign, is_step=True, height=abs(found.height),
        onset_s=float(onset_s), peak_s=float(peak_s), step=Found(value=found.height, std=found.height_std),
        overshoot=found.overshoot if found.overshoot > _LEAST_OVERSHOOT else None,
        drawn=(curve.time_s[start:stop], found.before, found.after, tangent),
    )  # fmt: skip
    return replace(event, **places)


def _step_tangent(line: np.ndarray, upper: np.ndarray, at: int, value: float, slope: float, sign: int) -> np.ndarray:
    over = value + slope * (np.arange(line.size) - at)
    inside = (over > -0.15 * upper[at]) & (over < 1.15 * upper[at])
    return np.where(inside, line + sign * over, np.nan)
