"""`dsc`: what happened in a sample, at which temperature, with how much heat."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.dsc.calibration import MeasuredStandard, calibrate, calibration_document
from paddlewheel.lab.dsc.heat_capacity import HeatCapacity, three_run_heat_capacity
from paddlewheel.lab.dsc.literature import literature_of
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.standards import find_standard
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.dsc.beside import HullSeen, SeriesSeen, read_beside, shared_axis
from paddlewheel.studies.dsc.capacities import CAPACITY_CITATIONS, capacity_record, capacity_table
from paddlewheel.studies.dsc.measure import (
    MeasuredRun,
    known_mass_mg,
    measure_run,
    pair_records,
    rate_records,
    segment_records,
)
from paddlewheel.studies.dsc.record import (
    AXIS_ENERGIES,
    AXIS_FRACTIONS,
    BASELINES,
    CALIBRATION,
    CAPACITIES,
    CURVES,
    DscEvent,
    DscPair,
    DscRecord,
    DscRun,
    DscSegment,
    SharedAxis,
)
from paddlewheel.studies.laboratory.dsc import THERMAL_SCANS, DscSettings, Scans, scan_inputs
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Names, Paths, Quantity, Ranges, setting
from paddlewheel.study.study import Study

_LEAST_BARRIER_KJ_PER_MOL = 5.0
_MOST_DRAWN = 1500
"""Points of a segment in the tables that figures are drawn from."""
_CITATIONS = (
    Citation(
        what="names and definitions", doi="10.1515/pac-2012-0609",
        reference="Lever et al., Pure Appl. Chem. 86, 545 (2014)",
    ),
    Citation(
        what="baselines", reference="Hemminger, Sarge, J. Therm. Anal. 37, 1455 (1991)"
    ),
)  # fmt: skip
_KISSINGER = Citation(
    what="barriers by Kissinger", reference="Kissinger, Anal. Chem. 29, 1702 (1957)", doi="10.1021/ac60131a045"
)


class DscStudySettings(DscSettings):
    """Settings of `dsc`."""

    windows_C: Ranges = setting(
        (),
        "Windows with one event each, from low to high, as 20:50; found by themselves by default.",
        each=(-273.15, 4000.0),
    )
    standard: Names = setting(
        (),
        "Standards that the files are of, one for all or one a file, as In,Sn: writes calibration.yaml, which "
        "--calibration takes.",
    )
    beside: Paths = setting(
        (), "Run directories of xrd series and hull of the same sample, for one temperature axis.", may_change=True
    )
    barrier_kJ_per_mol: Quantity | None = setting(
        None, "Activation energy of the shared events, for their shift between the rates: value or value,std.",
        each=(0.0, 5000.0), only_with={"beside": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _windows_are_wide(self) -> Self:
        for low, high in self.windows_C:
            if high - low < 1.0:
                raise SettingsError(
                    f"{low:g}:{high:g} is narrower than 1 K", where="windows_C", remedy="give the flanks of the event"
                )
        for name in self.standard:
            find_standard(name)
        if self.standard and self.calibration is not None:
            raise SettingsError(
                "given with a calibration", where="standard", remedy="measure standards without --calibration"
            )
        if self.barrier_kJ_per_mol is not None and self.barrier_kJ_per_mol.value < _LEAST_BARRIER_KJ_PER_MOL:
            raise SettingsError(
                f"{self.barrier_kJ_per_mol.value:g} kJ/mol is no barrier", where="barrier_kJ_per_mol",
                remedy=f"give {_LEAST_BARRIER_KJ_PER_MOL:g} or more",
            )  # fmt: skip
        return self


@dataclass(frozen=True, kw_only=True)
class DscInputs:
    """The runs, endothermic positive."""

    scans: tuple[ThermalScan, ...]
    beside: tuple[tuple[str, SeriesSeen | HullSeen], ...] = ()
    with_references: tuple[tuple[ThermalScan, ThermalScan, ThermalScan], ...] = ()
    """Each run itself, that of sapphire and that of empty pans, where heat capacities are asked for."""

    def document(self) -> dict[str, Any]:
        """Every run by its content."""
        references = self.with_references[0][1:] if self.with_references else ()
        return (
            {"runs": scan_inputs(self.scans)}
            | ({"beside_sha256": [_digest(record) for _, record in self.beside]} if self.beside else {})
            | ({"references": scan_inputs(references)} if references else {})
        )


def _digest(record: SeriesSeen | HullSeen) -> str:
    return hashlib.sha256(record.model_dump_json().encode()).hexdigest()


def _opens(given: Scans, settings: DscStudySettings) -> DscInputs:
    scans = settings.read(given)
    names = [scan.name for scan in scans]
    return DscInputs(
        scans=tuple(
            replace(scan, name=f"{scan.name}, {Path(scan.source).stem}") if names.count(scan.name) > 1 else scan
            for scan in scans
        ),
        beside=tuple(read_beside(settings.beside)),
        with_references=tuple(settings.read_with_references(given)),
    )


def _measures(inputs: DscInputs, settings: DscStudySettings, run: Run) -> DscRecord:
    warnings = [f"{scan.name}: {text}" for scan in inputs.scans for text in scan.warnings]
    runs = [measure_run(scan, settings.windows_C) for scan in inputs.scans]
    segments = [made for measured in runs for made in segment_records(measured)]
    if settings.windows_C and not segments:
        raise DataError("no ramp passes through it", where="windows_C", remedy="give what the runs went through")
    pairs = pair_records(runs)
    rates = rate_records(runs, segments)
    for measured in runs:
        warnings += _told(measured)
    warnings += [text for segment in segments for text in _told_of_events(segment)]
    warnings += _literature(runs, segments)
    capacities = [_capacity(*runs_of_one) for runs_of_one in inputs.with_references]
    capacity_records = [
        capacity_record(scan.name, sapphire, capacity)
        for scan, (_, sapphire, _), capacity in zip(inputs.scans, inputs.with_references, capacities, strict=False)
    ]
    warnings += [f"{each.run}: {text}" for each in capacity_records for text in each.doubts]
    files = {"curves": run.table(CURVES, _curves(runs)), "baselines": run.table(BASELINES, _baselines(runs))}
    axis = None
    if inputs.beside:
        axis, fractions, energies = shared_axis(segments, rates, inputs.beside, settings.barrier_kJ_per_mol)
        if fractions["sample_C"].size:
            files["axis_fractions"] = run.table(AXIS_FRACTIONS, fractions)
        if energies["temperature_C"].size:
            files["axis_free_energies"] = run.table(AXIS_ENERGIES, energies)
    if capacities:
        files["heat_capacities"] = run.table(CAPACITIES, capacity_table(capacities))
    if settings.standard:
        files["calibration"] = run.text(CALIBRATION, _calibration_file(runs, segments, settings.standard))
    has_barriers = any(each.barriers for each in rates)
    return DscRecord(
        runs=[
            DscRun(
                name=scan.name,
                source=scan.source,
                instrument=scan.instrument,
                mass_mg=known_mass_mg(scan),
                signal_unit=scan.signal_unit,
                calibrated=scan.calibration is not None,
            )
            for scan in inputs.scans
        ],
        segments=segments,
        pairs=pairs,
        rates=rates,
        axis=axis,
        heat_capacities=capacity_records,
        notes=[_pair_in_words(pair, segments) for pair in pairs],
        warnings=list(dict.fromkeys(warnings)),
        files=files,
        citations=[
            *_CITATIONS,
            *((_KISSINGER,) if has_barriers else ()),
            *(CAPACITY_CITATIONS if capacities else ()),
        ],
        provenance=run.provenance(),
    )


def _calibration_file(runs: Sequence[MeasuredRun], segments: Sequence[DscSegment], names: Sequence[str]) -> str:
    """The file of a calibration by the melting of each run's standard, at each of its rates of heating."""
    if len(names) not in (1, len(runs)):
        raise DataError(f"{len(names)} for {len(runs)} runs", where="standard", remedy="give one for all, or one a run")
    measured: list[MeasuredStandard] = []
    for name, one in zip(names if len(names) > 1 else [names[0]] * len(runs), runs, strict=True):
        heating = [each for each in segments if each.run == one.scan.name and each.direction == "heating"]
        found = [
            (segment.rate_K_per_min.value, event)
            for segment in heating
            for event in segment.events
            if event.thermal == "endothermic" and event.onset_C is not None
        ]
        if not found:
            raise DataError(f"no melting of {name} was measured", where=one.scan.source,
                            remedy="give a run of heating through it")  # fmt: skip
        standard = find_standard(name)
        for rate in dict.fromkeys(rate for rate, _ in found):
            event = max((event for other, event in found if other == rate), key=lambda each: each.height or 0.0)
            measured.append(
                MeasuredStandard(standard=standard, rate_K_per_min=rate, onset_C=event.onset_C,
                                 enthalpy_J_per_g=event.enthalpy_J_per_g)
            )  # fmt: skip
    calibrate(measured)  # refuses what is no such standard
    return yaml.safe_dump(calibration_document(measured), sort_keys=False, width=120)


def _capacity(sample: ThermalScan, sapphire: ThermalScan, empty: ThermalScan) -> HeatCapacity:
    mass_mg = known_mass_mg(sample)
    if mass_mg is None or sapphire.mass_mg is None:
        raise DataError("no mass, so no heat capacity", where=sample.source, remedy="give --mass-mg")
    return three_run_heat_capacity(sample, sapphire, empty, sample_mass_mg=mass_mg, sapphire_mass_mg=sapphire.mass_mg)


def _told(measured: MeasuredRun) -> list[str]:
    """What a run lacks."""
    scan = measured.scan
    told = []
    if scan.signal_unit == "uV":
        told.append(f"{scan.name}: in microvolts: areas are in µV s, and no enthalpy; give --sensitivity-uV-per-mW")
    elif known_mass_mg(scan) is None and not scan.mass_is_nominal:
        told.append(f"{scan.name}: no mass: enthalpies are in mJ of the whole sample; give --mass-mg")
    if scan.calibration is None:
        told.append(
            f"{scan.name}: not calibrated here: temperatures and heats are those of its instrument, and ± "
            "says how they repeat, not how true they are; give --calibration"
        )
    return told


def _told_of_events(segment: DscSegment) -> list[str]:
    told = []
    for event in segment.events:
        where = f"{segment.run}, {segment.direction}, {event.start_C:.4g} to {event.end_C:.4g} °C"
        if event.parts:
            parts = ", ".join(
                f"{part.area.value:.4g} ± {part.area.std:.2g} {part.unit.replace('u', 'µ')} (top {part.top_C:.4g} °C)"
                for part in event.parts
            )
            told.append(
                f"{where}: overlapping events: the area is of all; cut by drop lines at the minima between their tops, "
                f"which is a convention, the parts are {parts}"
            )
        elif event.overlaps_at_C:
            tops = ", ".join(f"{top:.4g}" for top in event.overlaps_at_C)
            told.append(
                f"{where}: a further top or shoulder at {tops} °C: an overlapping event, or how it melts; the area is "
                "of all"
            )
        if event.refused:
            told.append(f"{where}: no enthalpy: {event.refused}")
    return told


def _literature(runs: Sequence[MeasuredRun], segments: Sequence[DscSegment]) -> list[str]:
    """How far enthalpies of melting are off what is known of a sample whose name says what it is."""
    names = {measured.scan.name: literature_of(_sample_name(measured.scan)) for measured in runs}
    told = []
    for segment in segments:
        known = names.get(segment.run)
        for event in segment.events:
            found = event.enthalpy_J_per_g
            if known is None or event.kind != "melting" or found is None:
                continue
            share = found.value / known.enthalpy_J_per_g - 1.0
            std = np.hypot(found.std, known.enthalpy_std_J_per_g) / known.enthalpy_J_per_g
            if abs(share) > max(2 * std, 0.03):
                side = "over" if share > 0 else "under"
                told.append(
                    f"{segment.run}: {found.value:.4g} J/g is {abs(100 * share):.2g} % {side} the literature of "
                    f"{known.name} ({known.enthalpy_J_per_g:.4g} J/g, {known.source}): the heat of this "
                    "instrument is not calibrated, or the mass is wrong"
                )
    return told


def _sample_name(scan: ThermalScan) -> str:
    named = [
        str(value) for key, value in scan.metadata.items() if str(key).strip().lower() in ("sample", "sample name")
    ]
    return named[0] if named else scan.name


def _pair_in_words(pair: DscPair, segments: Sequence[DscSegment]) -> str:
    hot, cold = (segments[place].events[event] for place, event in (pair.heating, pair.cooling))
    text = f"{segments[pair.heating[0]].run}: {hot.kind} on heating and {cold.kind} on cooling"
    ratio = pair.cooling_over_heating
    if ratio is not None:
        agree = "differ" if pair.differ else "agree"
        text += f": enthalpies {agree}, cooling over heating {ratio.value:.4f} ± {ratio.std:.2g}"
    if pair.hysteresis_K is not None:
        name = "supercooled by" if hot.kind == "melting" else "hysteresis"
        text += f"; {name} {pair.hysteresis_K.value:.3g} ± {pair.hysteresis_K.std:.2g} K between the onsets"
    return text


def _curves(runs: Sequence[MeasuredRun]) -> dict[str, np.ndarray]:
    parts: list[tuple[np.ndarray, ...]] = []
    place = 0
    for measured in runs:
        for segment in measured.segments:
            scan = measured.scan
            step = max(1, (segment.stop - segment.start) // _MOST_DRAWN)
            chosen = slice(segment.start, segment.stop, step)
            time = scan.time_s[chosen]
            parts.append((np.full(time.size, float(place)), time, scan.temperature_C[chosen], scan.signal[chosen]))
            place += 1
    names = ("segment", "time_s", "temperature_C", "signal")
    return {name: np.concatenate([part[column] for part in parts]) for column, name in enumerate(names)}


def _baselines(runs: Sequence[MeasuredRun]) -> dict[str, np.ndarray]:
    names = ("segment", "event", "time_s", "temperature_C", "signal", "baseline", "other", "tangent")
    parts: list[tuple[np.ndarray, ...]] = [tuple(np.zeros(0) for _ in names)]
    first = 0
    for measured in runs:
        counted: dict[int, int] = {}
        for each in measured.named:
            number = counted.get(each.segment, 0)
            counted[each.segment] = number + 1
            curve = measured.curves[each.segment]
            if curve is None or not each.event.drawn:
                continue
            time, baseline, other, tangent = each.event.drawn
            chosen = slice(None, None, max(1, time.size // _MOST_DRAWN))
            time = time[chosen]
            parts.append(
                (np.full(time.size, float(first + each.segment)), np.full(time.size, float(number)), time,
                 np.interp(time, curve.time_s, curve.temperature_C), np.interp(time, curve.time_s, curve.signal),
                 baseline[chosen], other[chosen], tangent[chosen])
            )  # fmt: skip
        first += len(measured.segments)
    return {name: np.concatenate([part[column] for part in parts]) for column, name in enumerate(names)}


def _says(record: DscRecord) -> list[str]:
    lines = []
    for segment in record.segments:
        rate = f"{segment.run}: {ramp_in_words(segment)}"
        lines += [f"{rate}: {event.kind}, {_event_in_words(event, segment)}" for event in segment.events]
        if not segment.events and segment.direction != "isothermal":
            lines.append(f"{rate}: no event")
    for rates in record.rates:
        for zero in rates.zero_rate:
            value = zero.temperature_C
            lines.append(f"{rates.kind}: {zero.what} {value.value:.2f} ± {value.std:.2f} °C at zero rate ({zero.form})")
        for barrier in rates.barriers[:2]:
            energy = barrier.energy_kJ_per_mol
            said = barrier.without_sense or f"{energy.value:.4g} ± {energy.std:.2g} kJ/mol"
            lines.append(f"{rates.kind}: {barrier.method}: {said}")
    for capacity in record.heat_capacities:
        lines += [
            f"{capacity.run}: {step.mean_J_per_g_K.value:.3g} ± {step.mean_J_per_g_K.std:.2g} J/(g K) from "
            f"{step.start_C:.0f} to {step.end_C:.0f} °C"
            for step in capacity.steps
            if step.mean_J_per_g_K is not None
        ]
    return [*lines, *record.notes, *_axis_in_words(record.axis)]


def _axis_in_words(axis: SharedAxis | None) -> list[str]:
    if axis is None:
        return []
    lines = []
    if axis.offset_K is not None:
        slope = "T_set" if axis.slope is None else f"({axis.slope.value:.4f} ± {axis.slope.std:.2g}) T_set"
        lines.append(f"one axis: T_sample = ({axis.offset_K.value:.3g} ± {axis.offset_K.std:.2g}) + {slope} in °C")
    for event in axis.events:
        rates = f"{event.dsc_rate_K_per_min:.3g} against {event.xrd_rate_K_per_min or float('nan'):.3g} K/min"
        shift = event.shift_K
        low, high = event.shift_bounds_K or (float("nan"), float("nan"))
        said = f"{shift.value:.3g} ± {shift.std:.2g} K" if shift else f"{low:.3g} to {high:.3g} K"
        lines.append(
            f"{event.name}: DSC {event.dsc_C.value:.1f} °C, XRD set to {event.xrd_set_C.value:.1f} °C; the rates alone "
            f"({rates}) shift it by {said} ({event.shift_from})"
        )
    for crossing in axis.crossings:
        at, away = crossing.temperature_C, crossing.away_K
        beside = f"; {crossing.event} lies {away.value:+.3g} ± {away.std:.2g} K from it" if away else ""
        lines.append(f"{crossing.name}: free energies cross at {at.value:.4g} ± {at.std:.2g} °C{beside}")
    return [*lines, *axis.notes]


def ramp_in_words(segment: DscSegment) -> str:
    """Direction and rate of a ramp; temperature and length of a hold."""
    if segment.direction == "isothermal":
        minutes = (segment.end_s - segment.start_s) / 60.0
        return f"hold at {0.5 * (segment.start_C + segment.end_C):.4g} °C for {minutes:.3g} min"
    return f"{segment.direction} at {abs(segment.rate_K_per_min.value):.4g} K/min"


def _event_in_words(event: DscEvent, segment: DscSegment) -> str:
    heats = ((event.enthalpy_J_per_g, "J/g"), (event.enthalpy_mJ, "mJ"), (event.area_uV_s, "µV s"))
    parts: list[tuple[str, Measured | None, str]]
    if segment.direction == "isothermal":
        times = (("onset", event.onset_s), ("top", event.peak_s))
        told = [f"{name} {(at - segment.start_s) / 60.0:.3g} min into it" for name, at in times if at is not None]
        heat = [f"{value.value:.4g} ± {value.std:.2g} {unit}" for value, unit in heats if value is not None][:1]
        return ", ".join([*told, *heat, *([f"no enthalpy ({event.refused})"] if event.refused else [])])
    if event.thermal == "step":
        parts = [("midpoint", event.midpoint_C, "°C"), ("dCp", event.heat_capacity_step_J_per_g_K, "J/(g K)")]
    else:
        parts = [("onset", event.onset_C, "°C"), ("peak", event.peak_C, "°C")]
        parts += [("", value, unit) for value, unit in heats if value is not None][:1]
    told = [f"{name} {value.value:.4g} ± {value.std:.2g} {unit}".strip() for name, value, unit in parts if value]
    return ", ".join([*told, *([f"no enthalpy ({event.refused})"] if event.refused else [])])


STUDY = Study(
    command="dsc",
    arguments=(THERMAL_SCANS,),
    settings=DscStudySettings,
    record=DscRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel dsc sample.txt --mass-mg 9",
)
