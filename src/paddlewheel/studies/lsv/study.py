"""`lsv`: onsets of oxidation and reduction of linear sweeps, by tangent and by thresholds, and the window between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cell_tests import (
    CellTests,
    open_tests,
)
from paddlewheel.lab.geometry import (
    Uncertain,
    as_measured,
    deviation,
    disc_area_cm2,
    geometry,
    nominal,
    to_measured,
    to_uncertain,
)
from paddlewheel.lab.onset import Onset, find_onset
from paddlewheel.lab.sample import load_sample
from paddlewheel.lab.voltammetry import Sweep, corrected_voltage_V, find_sweeps
from paddlewheel.records import (
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_stacked_table,
)
from paddlewheel.studies.lsv.record import (
    LsvRecord,
    LsvSweep,
    LsvWindow,
    ThresholdOnset,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.study.citations import lsv_citations
from paddlewheel.study.provenance import provenance

_UA_PER_A = 1e6
_APART_V = 0.2
"""Tangent and threshold that differ by more are told: the onset is a matter of definition."""
_SLOW_mV_PER_S = 0.5


def lsv(
    files: CellTests,
    *,
    sample: str | Path | None = None,
    diameter_cm: float | None = None,
    diameter_std_cm: float = 0.0,
    thresholds_uA_per_cm2: Sequence[float] = (1.0, 10.0),
    resistance_ohm: Measured | float | None = None,
    measured_against: str = "the electrode of the file",
    reference: str | None = None,
    reference_shift_V: Measured | float = 0.0,
    subtract_background: bool = True,
    columns: Mapping[str, str] | None = None,
    out: str | Path | None = None,
) -> LsvRecord:
    """Onsets of every sweep, and the window between oxidation and reduction.

    Parameters
    ----------
    files
        Linear sweeps or cyclic voltammetries of cells alike; each stretch in which the voltage goes one way is a sweep.
    sample
        File of the sample (`paddlewheel.lab.sample`), for the area.
    diameter_cm, diameter_std_cm
        Of the electrode, instead.
    thresholds_uA_per_cm2
        Densities over the background that count as an onset.
    resistance_ohm
        Of the cell, for V - I R; none by default.
    measured_against, reference, reference_shift_V
        The electrode that the file's voltages are against, such as Na9Sn4, the one that they are wanted against, such
        as Na, and the potential of the first against the second, which is added to every voltage.
    subtract_background
        False: currents count from zero, not from the capacitive and ohmic background.
    columns
        As for `read_cell_test`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For a file without a sweep, no area, bad settings, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import lsv
    >>> lsv("carbon.mpt", diameter_cm=1.0, measured_against="Na9Sn4", reference="Na",
    ...     reference_shift_V=0.1).windows  # doctest: +SKIP
    """
    thresholds = tuple(float(one) for one in thresholds_uA_per_cm2)
    if not thresholds or any(not (np.isfinite(one) and one > 0) for one in thresholds):
        raise SettingsError(
            ", ".join(f"{one:g}" for one in thresholds) or "none", where="thresholds_uA_per_cm2",
            remedy="give densities above 0",
        )  # fmt: skip
    shift = as_measured(reference_shift_V)
    if not abs(shift.value) <= 10:
        raise SettingsError(f"{shift.value:g} V", where="reference_shift_V", remedy="give it in V, as 0.1")
    if shift.value and reference is None:
        raise SettingsError("not given", where="reference", remedy="name the electrode that the shift leads to: Na")
    resistance = None if resistance_ohm is None else as_measured(resistance_ohm)
    name, area = _area(sample, diameter_cm, diameter_std_cm)
    read = open_tests(files, columns=columns)
    settings: dict[str, Any] = {
        "command": "lsv",
        "sample": None if sample is None else str(sample),
        "area_cm2": to_measured(area).model_dump(),
        "thresholds_uA_per_cm2": list(thresholds),
        "resistance_ohm": None if resistance is None else resistance.model_dump(),
        "measured_against": measured_against,
        "reference": reference,
        "reference_shift_V": shift.model_dump(),
        "subtract_background": subtract_background,
        "columns": None if columns is None else dict(columns),
        "tests": read.inputs(),
    }
    sweeps, curves, warnings = [], [], list(read.warnings)
    for file, test in zip(read.names, read.tests, strict=True):
        for one in find_sweeps(test):
            voltage = one.voltage_V if resistance is None else corrected_voltage_V(one, to_uncertain(resistance))
            voltage = voltage + shift.value
            density = one.current_A * _UA_PER_A / nominal(area)
            onset = find_onset(
                voltage, density, way=one.way, thresholds=thresholds, subtract_background=subtract_background
            )
            errors = (deviation(area) / nominal(area), 0.0 if resistance is None else resistance.std, shift.std)
            sweeps.append(_row(one, file, (voltage, density), onset, thresholds, errors=errors))
            curves.append((voltage, density, onset))
            if one.rate_mV_per_s > _SLOW_mV_PER_S:
                warnings.append(
                    f"{file}: {one.rate_mV_per_s:.3g} mV/s: slow decompositions show later than in a slower sweep; "
                    f"{_SLOW_mV_PER_S:g} mV/s or less is better"
                )
    record = LsvRecord(
        sample=name or None,
        area_cm2=to_measured(area),
        measured_against=measured_against,
        reference=reference or measured_against,
        reference_shift_V=shift,
        resistance_ohm=resistance,
        background_subtracted=subtract_background,
        sweeps=sweeps,
        windows=_windows(sweeps, thresholds),
        notes=_notes(sweeps),
        warnings=list(dict.fromkeys(warnings)),
        files={"sweeps": "sweeps.csv"},
        citations=lsv_citations(),
        provenance=provenance(settings),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_sweeps(directory / "sweeps.csv", curves)
            write_record(record, directory / "result.json")
    return record


def _area(sample: str | Path | None, diameter_cm: float | None, diameter_std_cm: float) -> tuple[str, Uncertain]:
    if sample is not None:
        if diameter_cm is not None:
            raise SettingsError("a diameter and a sample file", where="geometry", remedy="give one of them")
        known = load_sample(sample)
        return known.name, geometry(known, where=sample).area_cm2
    if diameter_cm is None:
        raise SettingsError("no area, so no current density", where="diameter_cm", remedy="give it, or a sample file")
    if not 0.01 <= diameter_cm <= 30 or not 0 <= diameter_std_cm < 0.5 * diameter_cm:
        raise SettingsError(
            f"{diameter_cm:g} +- {diameter_std_cm:g} cm", where="diameter_cm", remedy="give it in cm, such as 1.0"
        )
    return "", disc_area_cm2(to_uncertain(Measured(value=diameter_cm, std=diameter_std_cm)))


def _row(
    sweep: Sweep,
    file: str,
    curve: tuple[np.ndarray, np.ndarray],
    onset: Onset,
    thresholds: Sequence[float],
    *,
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
        thresholds=[
            ThresholdOnset(threshold_uA_per_cm2=one, onset_V=complete(found, one))
            for one, found in zip(thresholds, onset.thresholds_V, strict=True)
        ],
        largest_uA_per_cm2=onset.largest,
        noise_uA_per_cm2=onset.noise,
        background_at_first_uA_per_cm2=float(slope * voltage[0] + intercept),
        background_slope_uA_per_cm2_V=slope,
    )


def _windows(sweeps: Sequence[LsvSweep], thresholds: Sequence[float]) -> list[LsvWindow]:
    definitions: list[tuple[Literal["tangent", "threshold"], float | None]] = [("tangent", None)]
    definitions.extend(("threshold", one) for one in thresholds)
    windows = []
    for place, (definition, threshold) in enumerate(definitions):
        found: dict[str, list[Measured]] = {"oxidation": [], "reduction": []}
        for one in sweeps:
            onset = one.tangent_V if threshold is None else one.thresholds[place - 1].onset_V
            if onset is not None:
                found[one.direction].append(onset)
        oxidation = min(found["oxidation"], key=lambda one: one.value, default=None)
        reduction = max(found["reduction"], key=lambda one: one.value, default=None)
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
    for one in sweeps:
        onsets = [each.onset_V.value for each in one.thresholds if each.onset_V is not None]
        onsets += [one.tangent_V.value] if one.tangent_V is not None else []
        if onsets and np.ptp(onsets) > _APART_V:
            notes.append(
                f"{one.file}, {one.direction} from {one.first_V:.3g} V: tangent and thresholds lie "
                f"{min(onsets):.3g} to {max(onsets):.3g} V: the limit is a matter of definition"
            )
        known = [each.threshold_uA_per_cm2 for each in one.thresholds]
        low = [each for each in known if each < 3 * one.noise_uA_per_cm2]
        if low:
            notes.append(
                f"{one.file}: a threshold of {low[0]:g} uA/cm2 is below three times the noise of "
                f"{one.noise_uA_per_cm2:.2g} uA/cm2"
            )
    both = {
        way: [one for one in sweeps if one.direction == way and one.tangent_V is not None]
        for way in ("oxidation", "reduction")
    }
    for way, name in (("oxidation", "reduction"), ("reduction", "oxidation")):
        if both[way] and not both[name]:
            notes.append(f"no onset of {name} in these sweeps: the window has one edge alone")
    return notes


def _write_sweeps(path: Path, curves: Sequence[tuple[np.ndarray, np.ndarray, Onset]]) -> None:
    parts = []
    for number, (voltage, density, onset) in enumerate(curves, start=1):
        slope, intercept = onset.background
        tangent = np.full(len(voltage), np.nan)
        if onset.tangent is not None:
            tangent = onset.tangent[0] * voltage + onset.tangent[1]
        parts.append((np.full(len(voltage), number), voltage, density, slope * voltage + intercept, tangent))
    names = ("sweep", "voltage_V", "density_uA_per_cm2", "background_uA_per_cm2", "tangent_uA_per_cm2")
    write_stacked_table(path, names, parts)
