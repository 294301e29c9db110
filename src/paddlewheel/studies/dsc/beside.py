"""Records of `xrd series` and `hull` on the calorimeter's temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.lab.temperature_axis import (
    USUAL_BARRIERS_KJ_PER_MOL,
    Axis,
    fit_axis,
    match_events,
    shift_by_barrier,
)
from paddlewheel.records import Measured, Record, read_record
from paddlewheel.records.tables import Columns
from paddlewheel.studies.dsc.record import AxisCrossing, DscRates, DscSegment, SharedAxis, SharedEvent
from paddlewheel.units import ZERO_CELSIUS_K

_ONE_EVENT_K = 10.0
"""Onsets of phases that are closer than this, or than their errors, are one event."""


class _Seen(Record):
    """What of a foreign record is read; the rest is its own study's."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Phase(_Seen):
    name: str
    weight_fraction: Measured | None


class _Pattern(_Seen):
    temperature_K: float
    phases: list[_Phase]


class _Transition(_Seen):
    phase: str
    direction: str | None = None
    onset_K: Measured | None


class SeriesSeen(_Seen):
    """Of `xrd series`."""

    kind: Literal["xrd-series"]
    direction: Literal["heating", "cooling"]
    rate_K_per_min: float | None = None
    patterns: list[_Pattern]
    transitions: list[_Transition] = []


class _HullPhase(_Seen):
    name: str
    e_above_hull_meV_per_atom: Measured
    e_above_others_meV_per_atom: Measured | None = None


class _HullTemperature(_Seen):
    temperature_K: float
    phases: list[_HullPhase]


class _Crossing(_Seen):
    name: str
    temperature_K: Measured
    becomes_stable: bool


class HullSeen(_Seen):
    """Of `hull`."""

    kind: Literal["hull"]
    temperatures: list[_HullTemperature]
    crossings: list[_Crossing] = []


def read_beside(paths: Sequence[str | Path]) -> list[tuple[str, SeriesSeen | HullSeen]]:
    """The records of run directories, with their names.

    Raises
    ------
    InputError
        For what is no record, or of another kind.
    """
    found: list[tuple[str, SeriesSeen | HullSeen]] = []
    for given in paths:
        path = Path(given) / "result.json" if Path(given).is_dir() else Path(given)
        document: Any = read_json(path, DataError, remedy="give the run directory of xrd series or hull")
        kind = document.get("kind") if isinstance(document, dict) else None
        if kind == "xrd-series":
            found.append((str(given), read_record(path, SeriesSeen, made_by="xrd series")))
        elif kind == "hull":
            found.append((str(given), read_record(path, HullSeen, made_by="hull")))
        else:
            raise DataError(
                f"is a record of {kind or 'nothing known'}", where=path,
                remedy="give run directories of xrd series and hull",
            )  # fmt: skip
    return found


def shared_axis(
    segments: Sequence[DscSegment],
    rates: Sequence[DscRates],
    records: Sequence[tuple[str, SeriesSeen | HullSeen]],
    barrier_kJ_per_mol: Measured | None,
) -> tuple[SharedAxis, Columns, Columns]:
    """The axis, the fractions of XRD on it, and the free energies."""
    series = [record for _, record in records if isinstance(record, SeriesSeen)]
    hulls = [record for _, record in records if isinstance(record, HullSeen)]
    events = [event for one in series for event in _shared_events(segments, rates, one, barrier_kJ_per_mol)]
    notes = []
    axis = None
    if events:
        axis = fit_axis([each.xrd_set_C for each in events], [each.dsc_at_xrd_rate_C for each in events])
        events = [
            event.model_copy(update={"residual_K": residual})
            for event, residual in zip(events, axis.residuals_K, strict=True)
        ]
        notes += _of_axis(axis, events)
    elif series:
        notes.append("no event was seen by both: the fractions stand at the temperatures that were set")
    made = SharedAxis(
        offset_K=None if axis is None else axis.offset_K,
        slope=None if axis is None else axis.slope,
        events=events,
        crossings=[each for hull in hulls for each in _crossings(hull, segments, rates)],
        records=[name for name, _ in records],
        notes=notes,
    )
    return made, _fractions(series, axis), _energies(hulls)


def _of_axis(axis: Axis, events: Sequence[SharedEvent]) -> list[str]:
    notes = []
    if axis.slope is None and len(events) > 1:
        notes.append("the shared events lie too close together for a slope: b is 1")
    if any(event.shift_K is None for event in events):
        notes.append(
            "the shift by the rates is not known (one rate, no barrier), so the axis holds it: measure at three rates, "
            "or give --barrier-kJ-per-mol"
        )
    return notes


def _shared_events(
    segments: Sequence[DscSegment], rates: Sequence[DscRates], series: SeriesSeen, barrier: Measured | None
) -> list[SharedEvent]:
    """Events on the ramp of the series' direction whose rate is nearest its own, matched with the series' onsets."""
    ramps = [(place, each) for place, each in enumerate(segments) if each.direction == series.direction and each.events]
    onsets = _onsets(series)
    if not ramps or not onsets:
        return []
    rate = series.rate_K_per_min
    number, ramp = min(
        ramps, key=lambda each: abs(np.log(abs(each[1].rate_K_per_min.value) / abs(rate))) if rate else -each[0]
    )
    known = [(place, event, event.onset_C) for place, event in enumerate(ramp.events) if event.onset_C is not None]
    pairs = match_events([onset.value for *_, onset in known], [onset.value for onset, _ in onsets])
    found = []
    for mine, theirs in pairs:
        place, event, onset = known[mine]
        at, phases = onsets[theirs]
        own_rate = abs(ramp.rate_K_per_min.value)
        shift, bounds, how = None, None, "not known: the rate of the series is not stated"
        if rate:
            group = next((each for each in rates if (number, place) in each.events), None)
            shift, bounds, how = _shift(onset.value, own_rate, abs(rate), group, barrier)
        without = onset.value - (shift.value if shift else 0.0)
        std = float(np.hypot(onset.std, shift.std if shift else 0.0))
        found.append(
            SharedEvent(
                name=event.kind,
                phases=phases,
                direction=series.direction,
                dsc_C=onset,
                xrd_set_C=at,
                dsc_rate_K_per_min=own_rate,
                xrd_rate_K_per_min=rate,
                shift_K=shift,
                shift_bounds_K=bounds,
                shift_from=how,
                dsc_at_xrd_rate_C=Measured(value=without, std=std),
            )
        )
    return found


def _onsets(series: SeriesSeen) -> list[tuple[Measured, list[str]]]:
    """Onsets of a series in C: phases that change together are one event, at the mean by their errors."""
    known = sorted(
        ((each.onset_K, each.phase) for each in series.transitions if each.onset_K is not None),
        key=lambda pair: pair[0].value,
    )
    groups: list[list[tuple[Measured, str]]] = []
    for onset, phase in known:
        last = groups[-1][-1][0] if groups else None
        if last is not None and onset.value - last.value < max(_ONE_EVENT_K, 2 * float(np.hypot(onset.std, last.std))):
            groups[-1].append((onset, phase))
        else:
            groups.append([(onset, phase)])
    return [_together(group) for group in groups]


def _together(group: Sequence[tuple[Measured, str]]) -> tuple[Measured, list[str]]:
    """Their weighted mean; the error is the smallest of theirs, for they are of the same frames."""
    values = np.array([onset.value for onset, _ in group]) - ZERO_CELSIUS_K
    stds = np.maximum([onset.std for onset, _ in group], 1e-6)
    weights = stds**-2 / (stds**-2).sum()
    return Measured(value=float(weights @ values), std=float(stds.min())), [phase for _, phase in group]


def _shift(
    onset_C: float, rate: float, other: float, group: DscRates | None, barrier: Measured | None
) -> tuple[Measured | None, tuple[float, float] | None, str]:
    """By how much the event comes later at the calorimeter's rate; bounds where it is not known; how it is known."""
    if abs(rate / other - 1.0) < 0.02:
        return Measured(value=0.0, std=0.0), None, "the same rate"
    if barrier is not None:
        return shift_by_barrier(onset_C, barrier, rate, other), None, "the barrier that was given"
    activated = (
        [each for each in group.barriers if each.method == "Kissinger" and not each.without_sense] if group else []
    )
    if activated:
        return shift_by_barrier(onset_C, activated[0].energy_kJ_per_mol, rate, other), None, "Kissinger"
    lags = [each for each in group.zero_rate if each.what == "onset"] if group else []
    if lags:
        power = 1.0 if lags[0].form == "linear" else 0.5
        factor = rate**power - other**power
        lag = lags[0].lag_K
        return (
            Measured(value=lag.value * factor, std=abs(lag.std * factor)),
            None,
            f"lag with the rate ({lags[0].form})",
        )
    ends = [
        shift_by_barrier(onset_C, Measured(value=energy, std=0.0), rate, other).value
        for energy in USUAL_BARRIERS_KJ_PER_MOL
    ]
    low, high = USUAL_BARRIERS_KJ_PER_MOL
    return None, (min(ends), max(ends)), f"not known; barriers of {low:g} to {high:g} kJ/mol would give the bounds"


def _crossings(hull: HullSeen, segments: Sequence[DscSegment], rates: Sequence[DscRates]) -> list[AxisCrossing]:
    """The crossings, each beside the nearest onset on heating, at zero rate where that is known."""
    onsets = [
        (f"{group.kind}, onset at zero rate", zero.temperature_C)
        for group in rates
        for zero in group.zero_rate
        if zero.what == "onset" and group.direction == "heating"
    ] or [
        (f"{event.kind}, onset at {abs(segment.rate_K_per_min.value):.3g} K/min", event.onset_C)
        for segment in segments
        for event in segment.events
        if segment.direction == "heating" and event.onset_C is not None
    ]
    found = []
    for crossing in hull.crossings:
        celsius = Measured(value=crossing.temperature_K.value - ZERO_CELSIUS_K, std=crossing.temperature_K.std)
        near = min(onsets, key=lambda each: abs(each[1].value - celsius.value), default=None)
        found.append(
            AxisCrossing(
                name=crossing.name,
                temperature_C=celsius,
                becomes_stable=crossing.becomes_stable,
                event=near[0] if near else None,
                away_K=Measured(value=near[1].value - celsius.value, std=float(np.hypot(near[1].std, celsius.std)))
                if near
                else None,
            )
        )
    return found


def _fractions(series: Sequence[SeriesSeen], axis: Axis | None) -> Columns:
    rows: dict[str, list[Any]] = {name: [] for name in ("series", "phase", "set_C", "sample_C", "fraction", "std")}
    for number, one in enumerate(series):
        for pattern in one.patterns:
            set_C = pattern.temperature_K - ZERO_CELSIUS_K
            sample_C = set_C if axis is None else float(axis.to_sample_C(set_C))
            for phase in pattern.phases:
                if phase.weight_fraction is not None:
                    values = (
                        number,
                        phase.name,
                        set_C,
                        sample_C,
                        phase.weight_fraction.value,
                        phase.weight_fraction.std,
                    )
                    for column, value in zip(rows.values(), values, strict=True):
                        column.append(value)
    return {name: np.array(column) for name, column in rows.items()}


def _energies(hulls: Sequence[HullSeen]) -> Columns:
    """Free energies against what the others make: negative where a phase is stable."""
    rows: dict[str, list[Any]] = {name: [] for name in ("phase", "temperature_C", "energy_meV_per_atom", "std")}
    for hull in hulls:
        for at in hull.temperatures:
            for phase in at.phases:
                energy = phase.e_above_others_meV_per_atom
                if energy is not None:
                    values = (phase.name, at.temperature_K - ZERO_CELSIUS_K, energy.value, energy.std)
                    for column, value in zip(rows.values(), values, strict=True):
                        column.append(value)
    return {name: np.array(column) for name, column in rows.items()}
