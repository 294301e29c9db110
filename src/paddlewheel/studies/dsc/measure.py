"""From runs to the record of `dsc`: segments, events with their units, pairs, and what several rates say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.dsc.events import CONVERSIONS, Curve, Event, Found, curve_of, find_events
from paddlewheel.lab.dsc.kinetics import Barrier, ZeroRate, at_zero_rate, friedman, kissinger, ozawa, why_no_barrier
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.segments import Segment, find_segments
from paddlewheel.lab.dsc.transitions import Named, name_events, pair_events
from paddlewheel.records import Measured
from paddlewheel.studies.dsc.record import (
    DscBarrier,
    DscBaseline,
    DscEvent,
    DscPair,
    DscPart,
    DscRates,
    DscSegment,
    DscZeroRate,
)

_SAME_RATE = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredRun:
    """One run with the curves of its segments and their events, as they were measured."""

    scan: ThermalScan
    segments: tuple[Segment, ...]
    curves: tuple[Curve | None, ...]
    windows_C: tuple[tuple[float, float] | None, ...]
    named: tuple[Named, ...]


def measure_run(scan: ThermalScan, windows_C: Sequence[tuple[float, float]]) -> MeasuredRun:
    """The segments and events of a run; with windows, one segment and at most one event for each that it holds."""
    segments, curves, windows, events = [], [], [], []
    for segment in find_segments(scan):
        for window in windows_C or (None,):
            is_hold = segment.direction == "isothermal"
            curve = None if is_hold and window is not None else curve_of(scan, segment, window)
            if window is not None and curve is None:
                continue
            segments.append(segment)
            curves.append(curve)
            windows.append(window)
            events.append(() if curve is None else find_events(curve, as_one=window is not None))
    return MeasuredRun(
        scan=scan, segments=tuple(segments), curves=tuple(curves), windows_C=tuple(windows),
        named=name_events(segments, events),
    )  # fmt: skip


def segment_records(run: MeasuredRun) -> list[DscSegment]:
    """The segments of a run with their events."""
    made = []
    for place, (segment, window) in enumerate(zip(run.segments, run.windows_C, strict=True)):
        points = run.scan.time_s[segment.points]
        made.append(
            DscSegment(
                run=run.scan.name,
                direction=segment.direction,
                start_C=segment.start_C,
                end_C=segment.end_C,
                rate_K_per_min=Measured(value=segment.rate_K_per_min, std=segment.rate_std_K_per_min),
                start_s=float(points[0]),
                end_s=float(points[-1]),
                window_C=window,
                events=[_event(each, run.scan, segment) for each in run.named if each.segment == place],
            )
        )
    return made


def _event(named: Named, scan: ThermalScan, segment: Segment) -> DscEvent:
    event = named.event
    in_mW, mass_mg = scan.signal_unit == "mW", known_mass_mg(scan)
    enthalpy = _measured(event.area) if in_mW else None
    per_gram = None
    is_hold = segment.direction == "isothermal"
    if enthalpy is not None and (mass_mg or scan.mass_is_nominal):
        per_gram = _scaled(enthalpy, 1.0 / (mass_mg or 1.0))
        if scan.calibration is not None and scan.calibration.has_heat and event.peak_C is not None:
            share = scan.calibration.heat_factor_std(event.peak_C.value) / float(
                scan.calibration.heat_factor(event.peak_C.value)
            )
            per_gram = Measured(value=per_gram.value, std=float(np.hypot(per_gram.std, share * per_gram.value)))
    step = None
    if event.step is not None and in_mW and (mass_mg or scan.mass_is_nominal):
        per_rate = 60.0 / (abs(segment.rate_K_per_min) * (mass_mg or 1.0))
        step = Measured(value=abs(event.step.value) * per_rate, std=event.step.std * per_rate)
    return DscEvent(
        kind=named.kind,
        because=named.because,
        thermal="unknown"
        if named.kind == "unnamed"
        else "step"
        if event.is_step
        else "endothermic"
        if event.sign > 0
        else "exothermic",
        onset_C=None if is_hold else _calibrated(event.onset_C, scan, segment),
        peak_C=None if is_hold else _calibrated(event.peak_C, scan, segment),
        offset_C=None if is_hold else _calibrated(event.offset_C, scan, segment),
        midpoint_C=None if is_hold else _calibrated(event.midpoint_C, scan, segment),
        start_C=event.start_C,
        end_C=event.end_C,
        onset_s=event.onset_s,
        peak_s=event.peak_s,
        enthalpy_J_per_g=per_gram,
        enthalpy_mJ=None if scan.mass_is_nominal else enthalpy,
        area_uV_s=None if in_mW else _measured(event.area),
        heat_capacity_step_J_per_g_K=step,
        step=_measured(event.step),
        height=event.height,
        half_width_K=event.half_width_K,
        half_width_s=event.half_width_s,
        leading_half_width_K=event.leading_half_width_K,
        trailing_half_width_K=event.trailing_half_width_K,
        overlaps_at_C=list(event.shoulders_C),
        parts=_parts(event, enthalpy, per_gram),
        overshoot=event.overshoot,
        baselines=[
            DscBaseline(kind=each.kind, area=Measured(value=each.area, std=each.area_std), weight=each.weight)
            for each in event.baselines
        ],
        disagreement=event.disagreement,
        refused=event.refused,
    )


def _parts(event: Event, enthalpy: Measured | None, per_gram: Measured | None) -> list[DscPart]:
    """The parts of an event with the unit of its own heat."""
    if event.area is None:
        return []
    whole, unit = (per_gram, "J/g") if per_gram else (enthalpy, "mJ") if enthalpy else (None, "uV s")
    factor = 1.0 if whole is None else whole.value / event.area.value
    return [
        DscPart(start_C=part.start_C, top_C=part.top_C, end_C=part.end_C, unit=unit,
                area=Measured(value=part.area.value * factor, std=part.area.std * abs(factor)))
        for part in event.parts
    ]  # fmt: skip


def known_mass_mg(scan: ThermalScan) -> float | None:
    """The mass of the sample where it is one, not the 1 mg that stands for a signal over an unknown mass."""
    return None if scan.mass_is_nominal else scan.mass_mg


def _calibrated(found: Found | None, scan: ThermalScan, segment: Segment) -> Measured | None:
    if found is None:
        return None
    std = found.std
    if scan.calibration is not None and scan.calibration.has_temperature:
        std = float(np.hypot(std, scan.calibration.temperature_std_C(found.value, segment.rate_K_per_min)))
    return Measured.or_none(found.value, std)


def _measured(found: Found | None) -> Measured | None:
    return None if found is None else Measured.or_none(found.value, found.std)


def _scaled(value: Measured, factor: float) -> Measured:
    return Measured(value=value.value * factor, std=value.std * factor)


def pair_records(runs: Sequence[MeasuredRun]) -> list[DscPair]:
    """What is undone on the other ramp of the same run, by the places of the record."""
    made, first = [], 0
    for run in runs:
        places = _places(run, first)
        made += [
            DscPair(
                kind=run.named[pair.on_heating].kind,
                heating=places[pair.on_heating],
                cooling=places[pair.on_cooling],
                hysteresis_K=_measured(pair.hysteresis_K),
                cooling_over_heating=_measured(pair.ratio),
                differ=pair.differ,
            )
            for pair in pair_events(run.named, run.segments)
        ]
        first += len(run.segments)
    return made


def _places(run: MeasuredRun, first: int) -> list[tuple[int, int]]:
    """Segment and event in the record of each named event."""
    counted: dict[int, int] = {}
    places = []
    for each in run.named:
        number = counted.get(each.segment, 0)
        counted[each.segment] = number + 1
        places.append((first + each.segment, number))
    return places


def rate_records(runs: Sequence[MeasuredRun], segments: Sequence[DscSegment]) -> list[DscRates]:
    """Each event that was seen at two rates or more: where it lies at zero rate, and the barriers of its kind."""
    groups: dict[tuple[str, str, int], list[tuple[tuple[int, int], Event, float]]] = {}
    first = 0
    for run in runs:
        counted: dict[tuple[int, str], int] = {}
        for each, place in zip(run.named, _places(run, first), strict=True):
            order = counted.get((each.segment, each.kind), 0)
            counted[each.segment, each.kind] = order + 1
            segment = run.segments[each.segment]
            if segment.direction == "isothermal" or each.kind == "unnamed":
                continue
            key = (each.kind, segment.direction, order)
            groups.setdefault(key, []).append((place, each.event, segment.rate_K_per_min))
        first += len(run.segments)
    made = []
    for (kind, direction, _), members in groups.items():
        rates = np.array([rate for *_, rate in members])
        if _distinct(rates) < 2:
            continue
        members = [members[place] for place in np.argsort(np.abs(rates))]
        made.append(_at_rates(kind, "heating" if direction == "heating" else "cooling", members, segments))
    return made


def _distinct(rates: np.ndarray) -> int:
    ordered = np.sort(np.abs(rates))
    return 1 + int((np.diff(ordered) > _SAME_RATE * ordered[1:]).sum()) if ordered.size else 0


def _at_rates(
    kind: str,
    direction: str,
    members: Sequence[tuple[tuple[int, int], Event, float]],
    segments: Sequence[DscSegment],
) -> DscRates:
    places = [place for place, *_ in members]
    events = [segments[segment].events[event] for segment, event in places]
    zero = []
    for what, found in (("onset", [each.onset_C for each in events]), ("peak", [each.peak_C for each in events])):
        known = [(rate, value) for (*_, rate), value in zip(members, found, strict=True) if value is not None]
        if _distinct(np.array([rate for rate, _ in known])) >= 3:
            fitted = at_zero_rate(
                np.array([rate for rate, _ in known]), np.array([value.value for _, value in known]),
                np.array([value.std for _, value in known]),
            )  # fmt: skip
            if fitted is not None:
                zero.append(_zero(what, fitted))
    return DscRates.model_validate(
        {
            "kind": kind,
            "direction": direction,
            "rates_K_per_min": [rate for *_, rate in members],
            "onsets_C": [each.onset_C for each in events],
            "peaks_C": [each.peak_C for each in events],
            "enthalpies_J_per_g": [each.enthalpy_J_per_g for each in events],
            "events": places,
            "zero_rate": zero,
            "barriers": [] if kind == "glass transition" else _barriers(kind, members, events),
        }
    )


def _zero(what: str, fitted: ZeroRate) -> DscZeroRate:
    return DscZeroRate.model_validate(
        {
            "what": what,
            "temperature_C": Measured(value=fitted.temperature_C.value, std=fitted.temperature_C.std),
            "form": fitted.form,
            "lag_K": Measured(value=fitted.lag.value, std=fitted.lag.std),
            "reduced_chi2": fitted.reduced_chi2,
        }
    )


def _barriers(
    kind: str, members: Sequence[tuple[tuple[int, int], Event, float]], events: Sequence[DscEvent]
) -> list[DscBarrier]:
    known = [(rate, each.peak_C, event) for (_, event, rate), each in zip(members, events, strict=True) if each.peak_C]
    rates = np.array([rate for rate, *_ in known])
    if _distinct(rates) < 3:
        return []
    peaks = np.array([peak.value for _, peak, _ in known])
    stds = np.array([peak.std for _, peak, _ in known])
    found = [kissinger(rates, peaks, stds), ozawa(rates, peaks, stds)]
    if kind not in ("melting", "solid-solid") and all(event.at_conversions for *_, event in known):
        for place, conversion in enumerate(CONVERSIONS):
            at = np.array([event.at_conversions[place] for *_, event in known])
            found.append(friedman(rates, at[:, 0], at[:, 1], conversion, stds))
    return [_barrier(kind, each) for each in found if each is not None]


def _barrier(kind: str, found: Barrier) -> DscBarrier:
    prefactor = found.ln_prefactor_per_s
    return DscBarrier(
        method=found.method,
        energy_kJ_per_mol=Measured(value=found.energy_kJ_per_mol.value, std=found.energy_kJ_per_mol.std),
        ln_prefactor_per_s=None if prefactor is None else Measured(value=prefactor.value, std=prefactor.std),
        reduced_chi2=found.reduced_chi2,
        conversion=found.conversion,
        without_sense=why_no_barrier(kind, found),
    )
