"""Heat capacities: by three runs (empty pans, sapphire, sample; ASTM E1269), and, less certain, by one.

Between the holds at both ends of a ramp each run is set to zero by a line in time; what is left of the sample less the
empty run, over what is left of the sapphire less the empty run, is the ratio of mass times heat capacity. The areas of
whole steps, from hold to hold, give the mean over each step with no lag in it, and are held against that. Sapphire:
Ditmars et al., J. Res. NBS 87, 159 (1982) (NIST SRM 720), in the polynomial of ISO 11357-4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import Segment, find_segments
from paddlewheel.records import Measured
from paddlewheel.units import ZERO_CELSIUS_K

Method = Literal["three runs", "one run"]

_SAPPHIRE_J_PER_GK = (
    1.12705, 0.23260, -0.21704, 0.26410, -0.23778, -0.10023, 0.15393, 0.54579, -0.47824, -0.37623, 0.34407
)  # fmt: skip
"""Of x = (T / K - 650) / 550; within 0.1 % of the table of Ditmars et al. from 100 to 1200 K."""
SAPPHIRE_RANGE_K = (100.0, 1200.0)
_SAPPHIRE_SHARE = 0.001
_METHOD_SHARE = 0.022
"""Relative standard deviation of E1269 within one laboratory, by its own precision statement."""
_BENT = 0.1
"""Of the offset between two runs in their holds: by how much its way between them may leave the line."""
_HOLD_SHARE, _LONGEST_LEVEL_S = 0.3, 300.0
_EARLY = 0.25
"""Of a ramp: what of the hold before it is looked at with it."""
_LAGS = 5.0
_BINS = 40
_LEAST_SWING_K, _SAME_PERIOD = 0.02, 0.1
_SAME_RATE = 0.05
_SAME_START_K = 15.0
_APART_K = 3.0
_LARGE_OFFSET, _REFUSED_OFFSET = 0.2, 0.5
"""Of a sample's signal: an offset that is told, and one with which there is no heat capacity."""
_CHECK = 0.03
_FALLS = 0.9
_MASS_STD_MG = 0.02


@dataclass(frozen=True, kw_only=True)
class Step:
    """One ramp between two holds.

    Attributes
    ----------
    start_C, end_C
        Of the sample, in the holds.
    rate_K_per_min
        Of its ramp.
    mean_J_per_gK
        Mean heat capacity between them by the areas from hold to hold; None for one run, and where it is refused.
    offsets_mW
        Of the sample's run from the empty one in the hold before and after.
    signal_mW
        Of the sample less the empty run on the ramp.
    refused
        Why there is no heat capacity.
    """

    start_C: float
    end_C: float
    rate_K_per_min: float
    mean_J_per_gK: Measured | None
    offsets_mW: tuple[float, float]
    signal_mW: float
    refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class HeatCapacity:
    """Heat capacity against temperature.

    Attributes
    ----------
    temperature_C, heat_capacity_J_per_gK, std_J_per_gK
        Means over fortieths of each ramp, [n]; the standard uncertainty is nan where nothing tells it (one run).
    steps
        The ramps.
    warnings
        What speaks against it.
    """

    method: Method
    temperature_C: np.ndarray
    heat_capacity_J_per_gK: np.ndarray
    std_J_per_gK: np.ndarray
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]


def sapphire_J_per_gK(temperature_C: np.ndarray | float) -> np.ndarray:
    """Heat capacity of sapphire.

    Raises
    ------
    DataError
        Outside 100 to 1200 K.
    """
    kelvin = np.asarray(temperature_C, float) + ZERO_CELSIUS_K
    low, high = SAPPHIRE_RANGE_K
    if (kelvin < low).any() or (kelvin > high).any():
        raise DataError(
            f"{kelvin.min():.4g} to {kelvin.max():.4g} K", where="sapphire",
            remedy=f"its heat capacity is known from {low:g} to {high:g} K: cut the range",
        )  # fmt: skip
    return np.polynomial.polynomial.polyval((kelvin - 650.0) / 550.0, _SAPPHIRE_J_PER_GK)


@dataclass(frozen=True, kw_only=True)
class _Ramp:
    """A ramp of one run with its level in the holds before and after, set to zero by the line between them."""

    time_s: np.ndarray
    temperature_C: np.ndarray
    aligned: np.ndarray
    levels: tuple[float, float]
    level_std: float
    hold_C: tuple[float, float]
    rate_K_per_s: float
    ramp_s: float


def three_run_heat_capacity(
    sample: ThermalScan,
    sapphire: ThermalScan,
    empty: ThermalScan,
    *,
    sample_mass_mg: float | Measured,
    sapphire_mass_mg: float | Measured,
) -> HeatCapacity:
    """Heat capacity by the runs of the sample, of sapphire and of empty pans under one programme, endothermic positive.

    Parameters
    ----------
    sample, sapphire, empty
        The runs, each with holds around its ramps.
    sample_mass_mg, sapphire_mass_mg
        Masses; the standard uncertainty is 0.02 mg where none is given.

    Raises
    ------
    DataError
        For runs of different programmes, without holds, modulated, or of different units.
    """
    masses = [_weighed(mass) for mass in (sample_mass_mg, sapphire_mass_mg)]
    units = {scan.signal_unit for scan in (sample, sapphire, empty)}
    if len(units) > 1:
        raise DataError("runs in mW and uV", where=sample.source, remedy="give all with one sensitivity")
    ramps = [_ramps(scan) for scan in (sample, sapphire, empty)]
    _check_programmes(sample, sapphire, empty, ramps)
    warnings: list[str] = []
    temperatures, values, stds, steps = [], [], [], []
    for of_sample, of_sapphire, of_empty in zip(*ramps, strict=True):
        degrees, found, std, step = _one_step(of_sample, of_sapphire, of_empty, masses, sample.source)
        step = _judged(of_sample, of_empty, step, warnings)
        steps.append(step)
        if step.refused is None:
            temperatures.append(degrees)
            values.append(found)
            stds.append(std)
    if not values:
        raise DataError(str(steps[0].refused), where=sample.source, remedy="measure again with the same pans in place")
    _check_by_areas(values, [step for step in steps if step.refused is None], warnings)
    whole = np.concatenate(values)
    _tell_of_fall(np.concatenate(temperatures), whole, warnings)
    return HeatCapacity(
        method="three runs", temperature_C=np.concatenate(temperatures), heat_capacity_J_per_gK=whole,
        std_J_per_gK=np.concatenate(stds), steps=tuple(steps), warnings=tuple(warnings),
    )  # fmt: skip


def one_run_heat_capacity(
    sample: ThermalScan, *, sample_mass_mg: float | Measured, empty: ThermalScan | None = None
) -> HeatCapacity:
    """Heat capacity by the heat flow of one run over mass and rate, set to zero by its holds; less an empty run's.

    Its error is not known: nothing tells the sensitivity at its temperatures, nor, without an empty run, the pans'.

    Raises
    ------
    DataError
        For a run in uV, without holds, or modulated.
    """
    if sample.signal_unit != "mW":
        raise DataError("is in uV", where=sample.source, remedy="give --sensitivity-uV-per-mW, or a run of sapphire")
    mass = _weighed(sample_mass_mg)
    ramps = _ramps(sample)
    empties = [None] * len(ramps) if empty is None else _ramps(empty)
    if len(empties) != len(ramps):
        raise DataError(
            f"{len(empties)} ramps, and {len(ramps)} of the sample",
            where=sample.source if empty is None else empty.source, remedy="give an empty run of the same programme",
        )  # fmt: skip
    temperatures, values, steps = [], [], []
    for ramp, of_empty in zip(ramps, empties, strict=True):
        net = ramp.aligned - (0.0 if of_empty is None else _at(of_empty, ramp.time_s))
        steady = _steady(ramp.time_s, net, ramp.ramp_s)
        degrees, flow, _ = _binned(ramp.temperature_C[steady], net[steady])
        temperatures.append(degrees)
        values.append(flow / (mass.value * ramp.rate_K_per_s))
        offsets = (0.0, 0.0) if of_empty is None else _offsets(ramp, of_empty)
        steps.append(_step(ramp, None, offsets, float(np.median(net[steady]))))
    told = "neither empty pans nor sapphire" if empty is None else "no sapphire"
    whole = np.concatenate(values)
    warnings = [f"heat capacity by one run, {told}: its error is not known, 5 to 20 % is usual"]
    _tell_of_fall(np.concatenate(temperatures), whole, warnings)
    return HeatCapacity(
        method="one run", temperature_C=np.concatenate(temperatures), heat_capacity_J_per_gK=whole,
        std_J_per_gK=np.full(len(whole), np.nan), steps=tuple(steps), warnings=tuple(warnings),
    )  # fmt: skip


def modulation_period_s(scan: ThermalScan) -> float | None:
    """Period of a temperature that swings around its ramp (modulated DSC); None for one that does not.

    Four of six stretches of the run must swing with one period, each with one size throughout.
    """
    edges = np.linspace(0, scan.time_s.size, 7).astype(int)
    found = [_swing_s(scan.time_s[low:high], scan.temperature_C[low:high]) for low, high in pairwise(edges)]
    periods = np.array([period for period in found if period is not None])
    if len(periods) < 4:
        return None
    middle = float(np.median(periods))
    return middle if (np.abs(periods / middle - 1) < _SAME_PERIOD).sum() >= 4 else None


def _swing_s(time_s: np.ndarray, temperature_C: np.ndarray) -> float | None:
    """Period of what a smooth course leaves of a stretch, where it is of one frequency and size; else None."""
    if time_s.size < 100:
        return None
    count = min(time_s.size, 2000)
    times = np.linspace(time_s[0], time_s[-1], count)
    temperature = np.interp(times, time_s, temperature_C)
    x = np.linspace(-1, 1, count)
    swing = temperature - np.polynomial.chebyshev.chebval(x, np.polynomial.chebyshev.chebfit(x, temperature, 5))
    spectrum = np.abs(np.fft.rfft(swing * np.hanning(count))) ** 2
    top = int(np.argmax(spectrum))
    share = spectrum[max(0, top - 2) : top + 3].sum() / max(float(spectrum.sum()), 1e-300)
    if top < 5 or share < 0.6 or np.sqrt(2 * np.mean(swing**2)) < _LEAST_SWING_K:
        return None
    period = float((times[-1] - times[0]) / top)
    wave = np.exp(-2j * np.pi * times / period)
    halves = [abs(np.mean(part)) for part in np.array_split(swing * wave, 2)]
    return period if 10.0 < period < 300.0 and min(halves) > 0.5 * max(halves) else None


def _weighed(mass_mg: float | Measured) -> Measured:
    mass = mass_mg if isinstance(mass_mg, Measured) else Measured(value=float(mass_mg), std=_MASS_STD_MG)
    if not mass.value > 0:
        raise DataError(f"{mass.value:g} mg", where="mass", remedy="give the mass in mg, above 0")
    return mass


def _ramps(scan: ThermalScan) -> list[_Ramp]:
    """The heating ramps of a run that lie between two holds."""
    if (period := modulation_period_s(scan)) is not None:
        raise DataError(
            f"its temperature swings with a period of {period:.3g} s: modulated", where=scan.source,
            remedy="give a run on a plain ramp, or the heat capacity that the instrument's program makes of it",
        )  # fmt: skip
    segments = find_segments(scan)
    found = [
        _ramp(scan, before, ramp, after)
        for before, ramp, after in zip(segments, segments[1:], segments[2:], strict=False)
        if (before.direction, ramp.direction, after.direction) == ("isothermal", "heating", "isothermal")
    ]
    if not found:
        raise DataError(
            "no ramp between two holds, by which its zero is told", where=scan.source,
            remedy="give a run that is held at both ends of its ramps",
        )  # fmt: skip
    return found


def _ramp(scan: ThermalScan, before: Segment, ramp: Segment, after: Segment) -> _Ramp:
    levels, stds, holds = [], [], []
    for hold in (before, after):
        times = scan.time_s[hold.points]
        window = min(_HOLD_SHARE * (times[-1] - times[0]), _LONGEST_LEVEL_S)
        last = times >= times[-1] - window
        flows = scan.signal[hold.points][last]
        levels.append(float(flows.mean()))
        stds.append(float(flows.std() / np.sqrt(max(1, min(len(flows), 10)))))  # ten independent stretches of it
        holds.append(float(scan.temperature_C[hold.points][last].mean()))
    # begin and end are where the line of the ramp meets the holds: segments are cut to a hundredth of a run
    times, temperature = scan.time_s[ramp.points], scan.temperature_C[ramp.points]
    inner = (temperature > holds[0] + 0.3 * (holds[1] - holds[0])) & (
        temperature < holds[1] - 0.1 * (holds[1] - holds[0])
    )
    if inner.sum() < 10:
        raise DataError(f"{int(inner.sum())} points on a ramp", where=scan.source, remedy="give a run with more points")
    rate, zero = (float(value) for value in np.polyfit(times[inner] - times[0], temperature[inner], 1))
    start_s, stop_s = (float(times[0] + (hold - zero) / rate) for hold in holds)
    early_s = start_s - _EARLY * (stop_s - start_s)  # the flow rises before the sample's temperature does
    points = slice(max(before.start, int(np.searchsorted(scan.time_s, early_s))), after.stop)
    times = scan.time_s[points] - start_s
    line = np.interp(times, [0.0, stop_s - start_s], levels)
    return _Ramp(
        time_s=times, temperature_C=scan.temperature_C[points], aligned=scan.signal[points] - line,
        levels=(levels[0], levels[1]), level_std=float(np.hypot(*stds)), hold_C=(holds[0], holds[1]), rate_K_per_s=rate,
        ramp_s=stop_s - start_s,
    )  # fmt: skip


def _check_programmes(
    sample: ThermalScan, sapphire: ThermalScan, empty: ThermalScan, ramps: Sequence[Sequence[_Ramp]]
) -> None:
    for scan, of_scan in zip((sapphire, empty), ramps[1:], strict=True):
        if len(of_scan) != len(ramps[0]):
            raise DataError(f"{len(of_scan)} ramps between holds, and {len(ramps[0])} of {sample.source}",
                            where=scan.source, remedy="give runs of one programme")  # fmt: skip
        for mine, other in zip(ramps[0], of_scan, strict=True):
            apart = abs(mine.hold_C[0] - other.hold_C[0])
            rates = mine.rate_K_per_s * 60, other.rate_K_per_s * 60
            if apart > _SAME_START_K or abs(rates[1] / rates[0] - 1) > _SAME_RATE:
                raise DataError(
                    f"a ramp from {other.hold_C[0]:.4g} at {rates[1]:.3g} K/min, and from {mine.hold_C[0]:.4g} at "
                    f"{rates[0]:.3g} in {sample.source}", where=scan.source, remedy="give runs of one programme",
                )  # fmt: skip


def _at(ramp: _Ramp, times_s: np.ndarray) -> np.ndarray:
    return np.interp(times_s, ramp.time_s, ramp.aligned)


def _offsets(ramp: _Ramp, empty: _Ramp) -> tuple[float, float]:
    return ramp.levels[0] - empty.levels[0], ramp.levels[1] - empty.levels[1]


def _one_step(
    sample: _Ramp, sapphire: _Ramp, empty: _Ramp, masses: Sequence[Measured], source: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Step]:
    """Bins of temperature, heat capacity and its std on a ramp, and the step as a whole."""
    times = sample.time_s
    blank = _at(empty, times)
    of_sample, of_sapphire = sample.aligned - blank, _at(sapphire, times) - blank
    steady = _steady(times, of_sapphire, sample.ramp_s)
    reference_C = np.interp(times, sapphire.time_s, sapphire.temperature_C)
    signal, reference = float(np.median(of_sample[steady])), float(np.median(of_sapphire[steady]))
    if not reference > 3 * sapphire.level_std:
        raise DataError(
            f"sapphire and empty pans differ by {reference:.3g} mW on a ramp: by noise, or the wrong way",
            where=source, remedy="check which run is which, and --exothermic",
        )  # fmt: skip
    sample_mass, sapphire_mass = masses
    share = sapphire_mass.value / sample_mass.value * sapphire.rate_K_per_s / sample.rate_K_per_s
    degrees, flow, spread = _binned(sample.temperature_C[steady], of_sample[steady])
    _, reference_flow, reference_spread = _binned(sample.temperature_C[steady], of_sapphire[steady])
    _, known, _ = _binned(sample.temperature_C[steady], sapphire_J_per_gK(reference_C[steady]))
    capacity = known * share * flow / reference_flow
    bent = [_BENT * max(abs(offset) for offset in _offsets(ramp, empty)) for ramp in (sample, sapphire)]
    relative = np.sqrt(
        (np.hypot(spread, np.hypot(bent[0], sample.level_std)) / np.maximum(np.abs(flow), 1e-12)) ** 2
        + (np.hypot(reference_spread, np.hypot(bent[1], sapphire.level_std)) / reference_flow) ** 2
        + _METHOD_SHARE**2 + _SAPPHIRE_SHARE**2
        + (sample_mass.std / sample_mass.value) ** 2 + (sapphire_mass.std / sapphire_mass.value) ** 2
    )  # fmt: skip
    areas = [float(np.trapezoid(values, times)) for values in (of_sample, of_sapphire)]
    low, high = sapphire.hold_C
    between = float(sapphire_J_per_gK(np.linspace(low, high, 101)).mean())
    spans = (high - low) / (sample.hold_C[1] - sample.hold_C[0])
    mean = between * spans * sapphire_mass.value / sample_mass.value * areas[0] / areas[1]
    step = _step(
        sample, Measured(value=mean, std=abs(mean) * float(np.median(relative))), _offsets(sample, empty), signal
    )
    return degrees, capacity, np.abs(capacity) * relative, step


def _step(ramp: _Ramp, mean: Measured | None, offsets: tuple[float, float], signal_mW: float) -> Step:
    return Step(
        start_C=ramp.hold_C[0], end_C=ramp.hold_C[1], rate_K_per_min=ramp.rate_K_per_s * 60, mean_J_per_gK=mean,
        offsets_mW=offsets, signal_mW=signal_mW,
    )  # fmt: skip


def _steady(times_s: np.ndarray, flow: np.ndarray, ramp_s: float) -> np.ndarray:
    """Points of a ramp after five times the lag with which its flow rises (a tenth to 63 %), and before its end."""
    central = (times_s > 0.4 * ramp_s) & (times_s < 0.8 * ramp_s)
    plateau = float(np.median(flow[central]))
    half = max(1, len(times_s) // 400)
    smooth = np.convolve(np.pad(flow, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), mode="valid")
    shares = smooth / plateau if plateau else np.zeros(len(smooth))
    low, high = (int(np.argmax(shares > share)) for share in (0.1, 0.632))
    lag_s = float(times_s[high] - times_s[low]) / 0.895
    begin = min(times_s[low] + _LAGS * lag_s, 0.5 * ramp_s)
    return (times_s >= begin) & (times_s <= 0.95 * ramp_s)


def _binned(temperature_C: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over even stretches of points, and the standard error of each about a line in it."""
    count = max(1, min(_BINS, len(values) // 5))
    parts = np.array_split(np.arange(len(values)), count)
    means = [(float(temperature_C[part].mean()), float(values[part].mean())) for part in parts]
    errors = []
    for part in parts:
        x = np.arange(len(part)) - (len(part) - 1) / 2
        slope = float(x @ values[part] / (x @ x)) if len(part) > 2 else 0.0
        errors.append(
            float(np.std(values[part] - slope * x) / np.sqrt(max(1.0, len(part) / 4)))
        )  # neighbours are alike
    degrees, found = np.array(means).T
    return degrees, found, np.array(errors)


def _judged(sample: _Ramp, empty: _Ramp, step: Step, warnings: list[str]) -> Step:
    """The step, refused where the sample's run was too far from the empty one; what is odd in its holds is told."""
    worst = max(abs(offset) for offset in step.offsets_mW)
    where = f"{step.start_C:.0f} to {step.end_C:.0f} degrees Celsius"
    apart = sample.hold_C[0] - empty.hold_C[0]
    if abs(apart) > _APART_K:
        warnings.append(f"{where}: held, the sample is {apart:+.2g} K from where the empty pans were")
    if worst <= _LARGE_OFFSET * abs(step.signal_mW):
        return step
    told = (
        f"{where}: held, the sample's run is {worst:.3g} mW from the empty one, and its signal is "
        f"{step.signal_mW:.3g} mW: pans or their places differed"
    )
    if worst <= _REFUSED_OFFSET * abs(step.signal_mW):
        warnings.append(f"{told}, and its error is wide")
        return step
    warnings.append(f"{told}; no heat capacity")
    return replace(step, mean_J_per_gK=None, refused=told)


def _check_by_areas(values: Sequence[np.ndarray], steps: Sequence[Step], warnings: list[str]) -> None:
    for found, step in zip(values, steps, strict=True):
        mean = step.mean_J_per_gK
        if mean is not None and abs(found.mean() - mean.value) > _CHECK * abs(mean.value):
            warnings.append(
                f"{step.start_C:.0f} to {step.end_C:.0f} degrees Celsius: {found.mean():.3g} J/(g K) on the ramp, "
                f"{mean.value:.3g} by the areas from hold to hold"
            )


def _tell_of_fall(temperature_C: np.ndarray, values: np.ndarray, warnings: list[str]) -> None:
    tenth = max(1, len(values) // 10)
    first, last = float(values[:tenth].mean()), float(values[-tenth:].mean())
    if last < _FALLS * first:
        warnings.append(
            f"falls from {first:.3g} to {last:.3g} J/(g K) between {temperature_C[0]:.0f} and {temperature_C[-1]:.0f} "
            "degrees Celsius, as no solid does without a transition"
        )
