"""`lsv`: onsets of oxidation and reduction of linear sweeps, by tangent and by thresholds, and the window between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import field_validator

from paddlewheel.lab.cell_tests import CellTests, ReadTests, open_tests
from paddlewheel.lab.geometry import Uncertain, deviation, nominal, to_measured, to_uncertain
from paddlewheel.lab.onset import Onset, find_onset
from paddlewheel.lab.voltammetry import Sweep, corrected_voltage_V, find_sweeps
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.laboratory.settings import (
    CELL_TESTS,
    ColumnSettings,
    DiscSettings,
    DrawnSettings,
    ReferenceSettings,
    check_drawn,
    spread,
)
from paddlewheel.studies.lsv.record import SWEEPS, LsvRecord, LsvSweep, LsvWindow, ThresholdOnset
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Integers, Numbers, Quantity, bad_value, setting
from paddlewheel.study.study import Study

_UA_PER_A = 1e6
_APART_V = 0.2
"""Tangent and threshold that differ by more are told: the onset is a matter of definition."""
_SLOW_mV_PER_S = 0.5
_MOST_DRAWN = 4
_CITATIONS = (
    Citation(
        what="resampling of correlated noise in blocks",
        reference="Kuensch, Ann. Statist. 17, 1217 (1989)",
        doi="10.1214/aos/1176347265",
    ),
    Citation(
        what="smoothing by local parabolas",
        reference="Savitzky, Golay, Anal. Chem. 36, 1627 (1964)",
        doi="10.1021/ac60214a047",
    ),
)


class LsvSettings(DiscSettings, ColumnSettings, ReferenceSettings, DrawnSettings):
    """Settings of `lsv`."""

    thresholds_uA_per_cm2: Numbers = setting((1.0, 10.0), "Densities over the background that count as an onset.")
    resistance_ohm: Quantity | None = setting(
        None, "Ohmic resistance of the cell, for V - I R: value or value,std; none by default."
    )
    subtract_background: bool = setting(
        True, "Count currents from the capacitive and ohmic background, or from zero.", option="--background"
    )

    sweeps: Integers = setting(
        (),
        "Sweeps to draw, by number from 1; four at most by default.",
        each=(1, 1_000_000),
        distinct="name each sweep once",
        may_change=True,
    )

    @field_validator("thresholds_uA_per_cm2")
    @classmethod
    def _one_or_more(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        if not given:
            raise bad_value("none", "give densities above 0")
        return given


@dataclass(frozen=True, kw_only=True)
class LsvInputs:
    """The tests and the area of the electrode."""

    read: ReadTests
    sample: str
    area_cm2: Uncertain

    def document(self) -> dict[str, Any]:
        """The area and the tests by their content."""
        return {
            "sample": self.sample or None,
            "area_cm2": to_measured(self.area_cm2).model_dump(),
            "tests": self.read.inputs(),
        }


def _opens(files: CellTests, settings: LsvSettings) -> LsvInputs:
    name, area = settings.area_cm2()
    return LsvInputs(
        read=open_tests(files, columns=settings.columns, commands=("lsv", "cv")), sample=name, area_cm2=area
    )


def _document(inputs: LsvInputs, settings: LsvSettings) -> dict[str, Any]:
    """The area stands for the diameter."""
    told = {name: value for name, value in settings.document().items() if not name.startswith("diameter")}
    return told | inputs.document()


def _measures(inputs: LsvInputs, settings: LsvSettings, run: Run) -> LsvRecord:
    area, resistance, shift = inputs.area_cm2, settings.resistance_ohm, settings.reference_shift_V
    thresholds = settings.thresholds_uA_per_cm2
    errors = (deviation(area) / nominal(area), 0.0 if resistance is None else resistance.std, shift.std)
    rows, curves, warnings = [], [], list(inputs.read.warnings)
    for file, test in zip(inputs.read.names, inputs.read.tests, strict=True):
        for sweep in find_sweeps(test):
            voltage = sweep.voltage_V if resistance is None else corrected_voltage_V(sweep, to_uncertain(resistance))
            voltage = voltage + shift.value
            density = sweep.current_A * _UA_PER_A / nominal(area)
            onset = find_onset(
                voltage,
                density,
                way=sweep.way,
                thresholds=thresholds,
                subtract_background=settings.subtract_background,
            )
            rows.append(_row(sweep, file, (voltage, density), onset, thresholds, area_cm2=nominal(area), errors=errors))
            if onset.n_spikes:
                warnings.append(
                    f"{file}, rows {sweep.rows[0]} to {sweep.rows[1] - 1}: {onset.n_spikes} points stand out alone "
                    "(shorts, changes of range) and were left out"
                )
            curves.append((voltage, density, onset))
            if sweep.rate_mV_per_s > 1.01 * _SLOW_mV_PER_S:  # printed times and voltages are rounded
                warnings.append(
                    f"{file}: {sweep.rate_mV_per_s:.3g} mV/s: slow decompositions show later than in a slower sweep; "
                    f"{_SLOW_mV_PER_S:g} mV/s or less is better"
                )
    check_drawn("sweeps", settings.sweeps, len(rows))
    return LsvRecord(
        sample=inputs.sample or None,
        area_cm2=to_measured(area),
        measured_against=settings.measured_against,
        reference=settings.reference or settings.measured_against,
        reference_shift_V=shift,
        resistance_ohm=resistance,
        background_subtracted=settings.subtract_background,
        sweeps=rows,
        windows=_windows(rows, thresholds),
        drawn_sweeps=list(settings.sweeps) or spread(len(rows), most=_MOST_DRAWN),
        drawn_V=settings.drawn_V(),
        notes=_notes(rows),
        warnings=list(dict.fromkeys(warnings)),
        files={"sweeps": _keep_sweeps(curves, run)},
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _row(
    sweep: Sweep,
    file: str,
    curve: tuple[np.ndarray, np.ndarray],
    onset: Onset,
    thresholds: Sequence[float],
    *,
    area_cm2: float,
    errors: tuple[float, float, float],
) -> LsvSweep:
    """`errors` are those of the area (relative), of the resistance in ohm and of the reference in V."""
    voltage, density = curve
    order = np.argsort(voltage)
    relative_area, resistance_std, shift_std = errors

    def complete(found: Measured | None, threshold: float) -> Measured | None:
        """With the errors of the reference, of the resistance, and of the area, which moves a threshold."""
        if found is None:
            return None
        ends = np.interp([found.value - 0.01, found.value + 0.01], voltage[order], density[order])
        there = float(np.interp(found.value, voltage[order], density[order]))
        slope = abs(float(ends[1] - ends[0])) / 0.02
        current_A = abs(there / density[peak] * sweep.current_A[peak])
        of_area = relative_area * threshold / slope if slope > 0 else 0.0
        return Measured(
            value=found.value, std=float(np.linalg.norm([found.std, shift_std, current_A * resistance_std, of_area]))
        )

    peak = int(np.argmax(np.abs(density)))
    slope, intercept = onset.background
    return LsvSweep(
        file=file,
        first_row=sweep.rows[0],
        last_row=sweep.rows[1] - 1,
        direction=sweep.direction,
        first_V=float(voltage[0]),
        last_V=float(voltage[-1]),
        rate_mV_per_s=sweep.rate_mV_per_s,
        tangent_V=complete(onset.tangent_V, 0.0),
        tangent_reason=onset.reason or None,
        tangent_outside=onset.tangent_outside,
        ohmic_resistance_ohm=_resistance_ohm(onset, area_cm2),
        thresholds=[
            ThresholdOnset(threshold_uA_per_cm2=threshold, onset_V=complete(found, threshold), outside=outside)
            for threshold, found, outside in zip(thresholds, onset.thresholds_V, onset.thresholds_outside, strict=True)
        ],
        largest_uA_per_cm2=onset.largest,
        noise_uA_per_cm2=onset.noise,
        background_at_first_uA_per_cm2=float(slope * voltage[0] + intercept),
        background_slope_uA_per_cm2_V=slope,
    )


def _resistance_ohm(onset: Onset, area_cm2: float) -> Measured | None:
    """Of an ohmic sweep; the area is that of the density, and leaves no error."""
    if onset.shape is None or not onset.shape.ohmic:
        return None
    conductance_S = onset.shape.slope * area_cm2 / _UA_PER_A
    return Measured(value=1 / conductance_S, std=onset.shape.slope_std / onset.shape.slope / conductance_S)


def _windows(sweeps: Sequence[LsvSweep], thresholds: Sequence[float]) -> list[LsvWindow]:
    definitions: list[tuple[Literal["tangent", "threshold"], float | None]] = [("tangent", None)]
    definitions.extend(("threshold", density) for density in thresholds)
    windows = []
    for place, (definition, threshold) in enumerate(definitions):
        found: dict[str, list[Measured]] = {"oxidation": [], "reduction": []}
        for sweep in sweeps:
            onset = sweep.tangent_V if threshold is None else sweep.thresholds[place - 1].onset_V
            if onset is not None:
                found[sweep.direction].append(onset)
        oxidation = min(found["oxidation"], key=lambda onset: onset.value, default=None)
        reduction = max(found["reduction"], key=lambda onset: onset.value, default=None)
        width = None
        if oxidation is not None and reduction is not None and oxidation.value > reduction.value:
            width = Measured(value=oxidation.value - reduction.value, std=float(np.hypot(oxidation.std, reduction.std)))
        windows.append(
            LsvWindow(definition=definition, threshold_uA_per_cm2=threshold, reduction_V=reduction,
                      oxidation_V=oxidation, width_V=width)
        )  # fmt: skip
    return windows


def _notes(sweeps: Sequence[LsvSweep]) -> list[str]:
    notes = []
    for sweep in sweeps:
        onsets = [found.onset_V.value for found in sweep.thresholds if found.onset_V is not None]
        onsets += [sweep.tangent_V.value] if sweep.tangent_V is not None else []
        if onsets and np.ptp(onsets) > _APART_V:
            notes.append(
                f"{sweep.file}, {sweep.direction} from {sweep.first_V:.3g} V: tangent and thresholds lie "
                f"{min(onsets):.3g} to {max(onsets):.3g} V: the limit is a matter of definition"
            )
        known = [found.threshold_uA_per_cm2 for found in sweep.thresholds]
        low = [density for density in known if density < 3 * sweep.noise_uA_per_cm2]
        if low:
            notes.append(
                f"{sweep.file}: a threshold of {low[0]:g} uA/cm2 is below three times the noise of "
                f"{sweep.noise_uA_per_cm2:.2g} uA/cm2"
            )
    directions = {sweep.direction for sweep in sweeps if sweep.tangent_V is not None}
    if len(directions) == 1:
        other = "reduction" if "oxidation" in directions else "oxidation"
        notes.append(f"No onset of {other} in these sweeps: the window has one edge alone")
    return notes


def _keep_sweeps(curves: Sequence[tuple[np.ndarray, np.ndarray, Onset]], run: Run) -> str:
    parts = []
    for number, (voltage, density, onset) in enumerate(curves, start=1):
        slope, intercept = onset.background
        tangent = np.full(len(voltage), np.nan)
        if onset.tangent is not None:
            tangent = onset.tangent[0] * voltage + onset.tangent[1]
        parts.append((np.full(len(voltage), number), voltage, density, slope * voltage + intercept, tangent))
    names = ("sweep", "voltage_V", "density_uA_per_cm2", "background_uA_per_cm2", "tangent_uA_per_cm2")
    return run.table(SWEEPS, stacked(names, parts))


def _says(record: LsvRecord) -> list[str]:
    lines = []
    for sweep in record.sweeps:
        where = f"{sweep.direction}, {sweep.first_V:.3g} to {sweep.last_V:.3g} V"
        lines.append(f"{where}: {', '.join(_told_onsets(sweep))}")
    for window in record.windows:
        name = "tangent" if window.threshold_uA_per_cm2 is None else f"{window.threshold_uA_per_cm2:g} uA/cm2"
        if window.width_V is not None:
            lines.append(f"window by {name}: {_told(window.width_V)} against {record.reference}")
    return [*lines, *(f"note: {note}" for note in record.notes)]


def _told_onsets(sweep: LsvSweep) -> list[str]:
    if sweep.ohmic_resistance_ohm is not None:
        return [f"no onset: ohmic, R = {sweep.told_resistance()}"]
    told = [f"tangent {_told(sweep.tangent_V)}" if sweep.tangent_V else f"no tangent ({sweep.tangent_reason})"]
    for found in sweep.thresholds:
        if found.onset_V is not None:
            told.append(f"{found.threshold_uA_per_cm2:g} uA/cm2 at {_told(found.onset_V)}")
        elif found.outside == "before":
            told.append(f"{found.threshold_uA_per_cm2:g} uA/cm2 at or before {sweep.first_V:.4g} V, where it begins")
        elif found.outside == "after":
            told.append(f"{found.threshold_uA_per_cm2:g} uA/cm2 not up to {sweep.last_V:.4g} V")
    return told


def _told(value: Measured) -> str:
    return f"{value.value:.5g} +- {value.std:.2g} V"


STUDY = Study(
    command="lsv",
    arguments=(CELL_TESTS,),
    settings=LsvSettings,
    record=LsvRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    document=_document,
    example="paddlewheel lsv sweep.mpt --diameter-cm 1.0 --measured-against Na9Sn4 --reference Na "
    "--reference-shift-V 0.1",
    notes="Linear sweeps or cyclic voltammetries; each stretch in which the voltage goes one way is a sweep.",
)
