"""Cyclic voltammetry: scans by their turning points, peaks over their baselines, charges, capacitance.

Scans are told apart by where the voltage turns, whatever a column of cycles says. The baseline of a peak is the line
through the foot before it, extrapolated below it. Behind a turn the current of the sweep before still decays as
1 / sqrt(time), as diffusion does (Cottrell): continued, it is the baseline of the return peak (Polcyn and Shain, Anal.
Chem. 1966, 38, 370, doi 10.1021/ac60235a004). Errors are the spread over resampled noise, feet chosen anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from paddlewheel.lab.ohmic import SweepShape, sweep_shape
from paddlewheel.lab.onset import find_background, smoothed, smoothing_rows, without_spikes
from paddlewheel.lab.polarization import variance_inflation
from paddlewheel.lab.voltammetry import Sweep, row_noise
from paddlewheel.records import Measured

_SAME_TURN = 0.1
"""Share of the widest sweep within which two turns are at one voltage."""
_SHARE, _SHARES = 0.7, (0.55, 0.85)
_RESAMPLES = 60
_ABOVE_NOISE = 8.0
_LEAST_SHARE = 0.05
"""Prominence of a peak over the largest current of its sweep."""
_TAIL = 0.05
"""Current at the turn, over that of the peak before it, from which on its decay is the baseline of the return."""
_TOP = 0.06
"""Depth below the top, over its height, of the rows that give the potential of a peak."""
_MOST_PEAKS = 4
_TOLD = 4.0
"""Height of a peak over its error."""
_EDGE = 0.1
_EVEN = 0.5
"""Spread of a capacitance over the voltages, over its median, up to which it is one number."""

Baseline = Literal["foot", "decay"]
"""The line through the foot, or the decay of the sweep before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Peak:
    """A peak of a sweep.

    Attributes
    ----------
    potential_V, current_A
        Where it is, and its height over the baseline: positive of oxidation, negative of reduction.
    half_peak_V
        How far before it the current is half of it: 2.20 RT/nF of a reversible dissolved couple.
    width_V
        Its full width at half height; None where the current does not fall to half in the sweep.
    baseline
        What it was measured from.
    sweep
        Place of its sweep in the scan.
    """

    potential_V: Measured
    current_A: Measured
    half_peak_V: float | None
    width_V: float | None
    baseline: Baseline
    sweep: int


@dataclass(frozen=True, kw_only=True)
class Couple:
    """An anodic and a cathodic peak of one scan.

    Attributes
    ----------
    separation_V, half_wave_V
        Anodic less cathodic potential, and the mean of both.
    ratio
        Current of the later peak over that of the earlier one.
    beyond_peak_V
        How far the earlier sweep goes on behind its peak.
    """

    anodic: Peak
    cathodic: Peak
    separation_V: Measured
    half_wave_V: Measured
    ratio: Measured
    beyond_peak_V: float

    @property
    def first(self) -> Peak:
        """The earlier of the two."""
        return self.anodic if self.anodic.sweep < self.cathodic.sweep else self.cathodic


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """The sweeps between two turns at the same end.

    Attributes
    ----------
    complete
        Whether it comes back to where it began.
    baselines_A
        Of each sweep, `[n_rows]`: the foot of the first peak, or the decay; None where the sweep has no peak.
    anodic_charge_C, cathodic_charge_C
        Integrals over the time of the positive and of the negative current, from zero current.
    capacitance_F, capacitance_is_bound
        Half of what the currents of the two branches differ, over the rate: the median where that is much the same at
        all voltages, otherwise the least, a bound; None where the branches cross or one is missing.
    shapes
        Of each sweep, whether a line describes it: a resistance.
    n_spikes
        Rows that stand out alone and were left out.
    """

    sweeps: tuple[Sweep, ...]
    complete: bool
    peaks: tuple[Peak, ...]
    couples: tuple[Couple, ...]
    baselines_A: tuple[np.ndarray | None, ...]
    anodic_charge_C: Measured
    cathodic_charge_C: Measured
    capacitance_F: Measured | None
    capacitance_is_bound: bool
    shapes: tuple[SweepShape | None, ...]
    n_spikes: int

    @property
    def rate_V_per_s(self) -> float:
        """Mean of its sweeps."""
        return float(np.mean([sweep.rate_mV_per_s for sweep in self.sweeps])) / 1000

    @property
    def resistance_ohm(self) -> Measured | None:
        """Of a scan whose every sweep is a line that rises: a resistance and no peak."""
        slopes = [shape.slope for shape in self.shapes if shape is not None and shape.ohmic]
        if len(slopes) < len(self.sweeps) or self.peaks:
            return None
        errors = [shape.slope_std for shape in self.shapes if shape is not None]
        slope, std = float(np.mean(slopes)), float(np.linalg.norm(errors)) / len(errors)
        return Measured(value=1 / slope, std=std / slope**2)


def find_scans(sweeps: Sequence[Sweep], *, seed: int = 1) -> list[Scan]:
    """The scans of a voltammetry, with peaks and what follows from them.

    `sweeps` are in the order of time, as `paddlewheel.lab.voltammetry.find_sweeps` gives them.
    """
    rng = np.random.default_rng(seed)
    return [scan for run in _runs(sweeps) for scan in _scans_of(run, rng)]


def _runs(sweeps: Sequence[Sweep]) -> list[list[Sweep]]:
    """Sweeps of which each begins at the turn that ends the one before, at the same rate."""
    runs: list[list[Sweep]] = []
    for sweep in sweeps:
        if not (runs and _follows(runs[-1][-1], sweep)):
            runs.append([])
        runs[-1].append(sweep)
    return runs


def _places_of_scans(run: Sequence[Sweep]) -> list[tuple[slice, bool]]:
    """Sweeps of each scan, and whether it comes back to where it began.

    A scan begins where the first full sweep does; a shorter one before it, from rest to the first turn, is a part of
    the first scan.
    """
    widest = max(_width_V(sweep) for sweep in run)
    opening = len(run) > 2 and _width_V(run[0]) < (1 - _SAME_TURN) * widest
    places = []
    for start in range(int(opening), len(run), 2):
        pair = run[start : start + 2]
        back = len(pair) == 2 and abs(pair[1].voltage_V[-1] - pair[0].voltage_V[0]) < 2 * _SAME_TURN * widest
        places.append((slice(0 if start == 1 else start, start + len(pair)), back))
    return places


def _follows(before: Sweep, after: Sweep) -> bool:
    """Whether a sweep begins at the turn that ends the one before."""
    near = abs(after.voltage_V[0] - before.voltage_V[-1]) < _SAME_TURN * max(_width_V(before), _width_V(after))
    alike = 0.8 < after.rate_mV_per_s / before.rate_mV_per_s < 1.25
    return before.direction != after.direction and near and alike


def _width_V(sweep: Sweep) -> float:
    return float(np.ptp(sweep.voltage_V))


def _scans_of(run: Sequence[Sweep], rng: np.random.Generator) -> list[Scan]:
    cleaned = [without_spikes(sweep.current_A) for sweep in run]
    currents = [current for current, _ in cleaned]
    shapes = [sweep_shape(sweep.voltage_V, current) for sweep, current in zip(run, currents, strict=True)]
    smooth = [smoothed(current) for current in currents]
    noise = [_noise_of(current, smooth_current) for current, smooth_current in zip(currents, smooth, strict=True)]
    found = _found(run, currents, shapes, _SHARE)
    drawn = [
        _found(
            run, [rows + _drawn(rest, rng) for rows, rest in zip(smooth, noise, strict=True)], shapes,
            rng.uniform(*_SHARES),
        )
        for _ in range(_RESAMPLES if found.peaks else 0)
    ]  # fmt: skip
    peaks = [peak for top in found.peaks if _is_told(peak := _with_errors(top, run, drawn))]
    peaked = {peak.sweep for peak in peaks}
    baselines = [base if place in peaked else None for place, base in enumerate(found.baselines)]
    scans = []
    for rows, complete in _places_of_scans(run):
        inside = [
            replace(peak, sweep=peak.sweep - rows.start) for peak in peaks if rows.start <= peak.sweep < rows.stop
        ]
        anodic, cathodic = (_charge_C(run[rows], smooth[rows], noise[rows], sign) for sign in (1.0, -1.0))
        capacitance, is_bound = _capacitance_F(run[rows], smooth[rows], noise[rows], peaks=bool(inside))
        scans.append(
            Scan(
                sweeps=tuple(run[rows]),
                complete=complete,
                peaks=tuple(inside),
                couples=tuple(_couples(inside, run[rows])),
                baselines_A=tuple(baselines[rows]),
                anodic_charge_C=anodic,
                cathodic_charge_C=cathodic,
                capacitance_F=capacitance,
                capacitance_is_bound=is_bound,
                shapes=tuple(shapes[rows]),
                n_spikes=sum(count for _, count in cleaned[rows]),
            )
        )
    return scans


@dataclass(frozen=True)
class _Top:
    sweep: int
    potential_V: float
    current_A: float
    half_peak_V: float | None
    width_V: float | None
    baseline: Baseline


@dataclass(frozen=True)
class _FoundPeaks:
    peaks: list[_Top]
    baselines: list[np.ndarray | None]


@dataclass(frozen=True)
class _Tail:
    """What a sweep leaves to the next: the line below its peak, slope and intercept, and the decay over it."""

    line: tuple[float, float]
    begin_s: float
    scale: float

    def over(self, time_s: np.ndarray) -> np.ndarray:
        return self.scale / np.sqrt(np.maximum(time_s - self.begin_s, 1e-12))


def _found(
    sweeps: Sequence[Sweep], currents: Sequence[np.ndarray], shapes: Sequence[SweepShape | None], share: float
) -> _FoundPeaks:
    peaks: list[_Top] = []
    baselines: list[np.ndarray | None] = []
    tail: _Tail | None = None
    for place, (sweep, current, shape) in enumerate(zip(sweeps, currents, shapes, strict=True)):
        tops: list[_Top] = []
        base: np.ndarray | None = None
        if shape is None:  # else one line or parabola: no peak
            tops, base, tail = _peaks_of_sweep(sweep, current, share, tail, place)
        else:
            tail = None
        peaks += tops
        baselines.append(base if tops else None)
    return _FoundPeaks(peaks, baselines)


def _peaks_of_sweep(
    sweep: Sweep, current: np.ndarray, share: float, before: _Tail | None, place: int
) -> tuple[list[_Top], np.ndarray | None, _Tail | None]:
    """Peaks, baseline in A, and what the sweep leaves to the next."""
    from scipy.signal import find_peaks

    way = sweep.way
    x, y, t = way * sweep.voltage_V, way * current, sweep.time_s
    rises = np.maximum.accumulate(x)  # a noisy voltage goes back and forth
    if before is None:
        (slope, intercept), _, _ = find_background(rises, y, share)
        level = y - slope * rises - intercept
        base = slope * rises + intercept
        kind: Baseline = "foot"
    else:
        # way I = way (a V + b) + way z(t) + c, c what the capacitance turns over
        line = before.line[0] * sweep.voltage_V + before.line[1]
        level = y - way * line
        decay = way * before.over(t)
        level, base, kind = _after_turn(level, decay, way * line)
        slope, intercept = before.line[0], before.line[1] * way
    smooth = smoothed(level)
    noise = row_noise(y) / np.sqrt(smoothing_rows(len(y)))
    least = max(_ABOVE_NOISE * noise, _LEAST_SHARE * float(np.ptp(smooth)), 1e-30)
    places, facts = find_peaks(smooth, prominence=least)
    chosen = sorted(np.argsort(-facts["prominences"])[:_MOST_PEAKS])
    over = y - base
    tops = [
        _top(sweep, rises, level, over, smooth, int(places[number]), kind, place)
        for number in chosen
        if over[places[number]] > least
    ]
    tail = None
    if tops:
        main = int(places[max(chosen, key=lambda number: smooth[places[number]])])
        tail = _tail(sweep, over if kind == "decay" else level, main, (slope, way * intercept))
    return tops, base * way, tail


def _after_turn(level: np.ndarray, decay: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray, Baseline]:
    """The level with the step of the capacitance taken off, and the baseline: the decay with that step.

    The step is what the current leaves the decay by, from a little behind the turn to a little farther.
    """
    smooth = smoothed(level)
    peak = int(np.argmax(smooth))
    rows = slice(max(2, peak // 20), max(6, peak // 6))
    step = float(np.median(level[rows] - decay[rows]))
    return level - step, line + decay + step, "decay"


def _top(
    sweep: Sweep, x: np.ndarray, level: np.ndarray, over: np.ndarray, smooth: np.ndarray, at: int, kind: Baseline,
    place: int,
) -> _Top:  # fmt: skip
    """Potential by a cubic through the rows near the top; height over the baseline; widths."""
    height = float(smooth[at])
    # of a peak that stands on a negative level the depth counts from its height over the baseline
    depth = _TOP * max(float(over[at]), 1e-30)
    low = np.flatnonzero(smooth[:at] < height - depth)
    high = np.flatnonzero(smooth[at:] < height - depth)
    first = int(low[-1]) + 1 if len(low) else 0
    last = at + int(high[0]) if len(high) else len(x)
    first, last = min(first, max(at - 3, 0)), max(last, min(at + 4, len(x)))
    u = (x[first:last] - x[at]) / max(float(np.ptp(x[first:last])), 1e-12)
    powers = min(4, len(np.unique(u)))  # a cubic, of few voltages less
    design, grid = np.vander(u, powers), np.linspace(u.min(), u.max(), 401)
    level_of, over_of = np.linalg.lstsq(design, np.column_stack([level[first:last], over[first:last]]), rcond=None)[0].T
    best = float(grid[int(np.argmax(np.polyval(level_of, grid)))])
    potential = float(x[at] + best * max(float(np.ptp(x[first:last])), 1e-12))
    current = float(np.polyval(over_of, best))
    smooth_over = smoothed(over)
    before = np.flatnonzero(smooth_over[:at] < 0.5 * current)
    after = np.flatnonzero(smooth_over[at:] < 0.5 * current)
    half = width = None
    if len(before):
        half_x = _crossing(x, smooth_over, int(before[-1]), 0.5 * current)
        half = potential - half_x
        if len(after):
            width = _crossing(x, smooth_over, at + int(after[0]) - 1, 0.5 * current) - half_x
    way = sweep.way
    return _Top(place, way * potential, way * current, half, width, kind)


def _crossing(x: np.ndarray, y: np.ndarray, row: int, value: float) -> float:
    """Where y passes a value between a row and the next."""
    rise = y[row + 1] - y[row]
    return float(x[row] + (x[row + 1] - x[row]) * (value - y[row]) / rise) if rise else float(x[row])


def _tail(sweep: Sweep, over: np.ndarray, peak: int, line: tuple[float, float]) -> _Tail | None:
    """The decay behind a peak, 1 / over^2 = (t - t0) / b^2; None where the current is back at its baseline."""
    smooth = smoothed(over)
    height = float(smooth[peak])
    behind = np.arange(peak, len(over))
    behind = behind[smooth[peak:] < 0.8 * height]
    if len(behind) < 8 or not smooth[-1] > _TAIL * height:
        return None
    behind = behind[len(behind) // 3 :]  # the decay comes near 1 / sqrt(t) late
    z, t = smooth[behind], sweep.time_s[behind]
    if not np.all(z > 0):
        return None
    weights = z**3  # of 1 / z^2 under an even noise of z
    slope, intercept = np.polyfit(t, 1 / z**2, 1, w=weights)
    if not slope > 0:
        return None
    return _Tail(line=line, begin_s=float(-intercept / slope), scale=float(sweep.way / np.sqrt(slope)))


def _noise_of(current: np.ndarray, smooth: np.ndarray) -> np.ndarray:
    """Residuals of the smoothing, as large as the noise: a local parabola takes 9 / 4 rows' worth of it."""
    kept = max(1 - 2.25 / smoothing_rows(len(current)), 0.3)
    return (current - smooth) / np.sqrt(kept)


def _drawn(noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise anew, as loud where it was loud, louder where it is correlated."""
    return noise * rng.normal(size=len(noise)) * np.sqrt(variance_inflation(noise, 0))


def _with_errors(peak: _Top, sweeps: Sequence[Sweep], drawn: Sequence[_FoundPeaks]) -> Peak:
    """The peak with the spread over the resamples: of the nearest peak of the same sweep in each."""
    sweep = sweeps[peak.sweep]
    reach = 0.1 * _width_V(sweep)
    same = [
        min(alike, key=lambda other: abs(other.potential_V - peak.potential_V))
        for found in drawn
        if (
            alike := [
                other
                for other in found.peaks
                if other.sweep == peak.sweep and abs(other.potential_V - peak.potential_V) < reach
            ]
        )
    ]

    def spread(values: Sequence[float], value: float) -> float:
        return float(np.sqrt(np.mean((np.asarray(values) - value) ** 2))) if values else 0.0

    spacing = float(np.median(np.abs(np.diff(sweep.voltage_V)))) / np.sqrt(12)
    return Peak(
        potential_V=Measured(
            value=peak.potential_V,
            std=float(np.hypot(spread([other.potential_V for other in same], peak.potential_V), spacing)),
        ),
        current_A=Measured(value=peak.current_A, std=spread([other.current_A for other in same], peak.current_A)),
        half_peak_V=peak.half_peak_V,
        width_V=peak.width_V,
        baseline=peak.baseline,
        sweep=peak.sweep,
    )


def _is_told(peak: Peak) -> bool:
    """Whether its height is told from its baseline, whose choice is in the error: a bump on a slope is not."""
    return abs(peak.current_A.value) > _TOLD * peak.current_A.std


def _couples(peaks: Sequence[Peak], sweeps: Sequence[Sweep]) -> list[Couple]:
    """The largest anodic peak with the nearest cathodic one first, then those left over."""
    anodic = sorted((peak for peak in peaks if peak.current_A.value > 0), key=lambda peak: -peak.current_A.value)
    cathodic = [peak for peak in peaks if peak.current_A.value < 0]
    couples = []
    for one in anodic:
        free = [other for other in cathodic if abs(other.sweep - one.sweep) == 1]
        if not free:
            continue
        other = min(free, key=lambda peak: abs(peak.potential_V.value - one.potential_V.value))
        cathodic.remove(other)
        error = float(np.hypot(one.potential_V.std, other.potential_V.std))
        first, later = (one, other) if one.sweep < other.sweep else (other, one)
        ratio = abs(later.current_A.value / first.current_A.value)
        relative = np.hypot(later.current_A.std / later.current_A.value, first.current_A.std / first.current_A.value)
        couples.append(
            Couple(
                anodic=one,
                cathodic=other,
                separation_V=Measured(value=one.potential_V.value - other.potential_V.value, std=error),
                half_wave_V=Measured(value=0.5 * (one.potential_V.value + other.potential_V.value), std=0.5 * error),
                ratio=Measured(value=ratio, std=float(ratio * relative)),
                beyond_peak_V=abs(float(sweeps[first.sweep].voltage_V[-1]) - first.potential_V.value),
            )
        )
    return couples


def _charge_C(
    sweeps: Sequence[Sweep], smooth: Sequence[np.ndarray], noise: Sequence[np.ndarray], sign: float
) -> Measured:
    """Integral over the time of the current of one sign, of the smoothed rows; its error that of the noise."""
    value = variance = 0.0
    for sweep, current, rest in zip(sweeps, smooth, noise, strict=True):
        value += float(np.trapezoid(np.clip(sign * current, 0, None), sweep.time_s))
        step = float(np.median(np.diff(sweep.time_s)))
        variance += float(np.sum((sign * current > 0) * rest**2)) * step**2
    return Measured(value=sign * value, std=float(np.sqrt(variance)))


def _capacitance_F(
    sweeps: Sequence[Sweep], smooth: Sequence[np.ndarray], noise: Sequence[np.ndarray], *, peaks: bool
) -> tuple[Measured | None, bool]:
    """Half the difference of the branches over the rate, and whether it is a bound; see `Scan`."""
    branches = list(zip(sweeps, smooth, noise, strict=True))[-2:]
    if len(branches) < 2 or branches[0][0].direction == branches[1][0].direction:
        return None, peaks
    (up, down) = branches if branches[0][0].way > 0 else branches[::-1]
    low = max(up[0].voltage_V.min(), down[0].voltage_V.min())
    high = min(up[0].voltage_V.max(), down[0].voltage_V.max())
    inside = np.linspace(low + _EDGE * (high - low), high - _EDGE * (high - low), 201)
    currents = []
    for sweep, current, _ in (up, down):
        order = np.argsort(sweep.voltage_V)
        currents.append(np.interp(inside, sweep.voltage_V[order], current[order]))
    rate = 0.5e-3 * (up[0].rate_mV_per_s + down[0].rate_mV_per_s)
    values = 0.5 * (currents[0] - currents[1]) / rate
    rows = 0.5 * (len(up[1]) + len(down[1]))
    quiet = 0.5 * float(np.hypot(np.std(up[2]), np.std(down[2]))) / rate
    mean, std = np.convolve(values, np.ones(11) / 11, mode="valid"), quiet / np.sqrt(max(rows / 20, 1.0))
    middle, spread = float(np.median(values)), float(np.ptp(np.quantile(mean, [0.1, 0.9])))
    if not peaks and spread < max(_EVEN * abs(middle), 6 * std):
        return Measured(value=middle, std=float(quiet * 1.25 / np.sqrt(0.8 * rows))), False
    least = float(mean.min())
    # branches that cross are of no capacitance
    return (Measured(value=least, std=float(std)), True) if least > 0 else (None, True)
