"""`cycling`: capacities, efficiencies, voltages, constant-voltage share and dQ/dV of every cycle of a cell test, and
capacity against rate and temperature of one test or several."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.cell_tests import CellTests, rows_sha256
from paddlewheel.lab.cycling import (
    CellKind,
    ElectrodeSeen,
    Fault,
    HalfCycle,
    Kind,
    Opening,
    find_and_mend,
    find_cycles,
    find_half_cycles,
    is_cut_short,
    seen_by,
    tell_cell_kind,
)
from paddlewheel.lab.cycling.half_cycles import LEAST_SHARE
from paddlewheel.lab.geometry import Geometry, geometry, nominal, to_measured
from paddlewheel.lab.measured_as import refuse_other_technique
from paddlewheel.lab.ranges import question
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.lab.table import CellTest
from paddlewheel.records import Citation, Measured, Record
from paddlewheel.studies.cycling.curves import Curve, shown_curves
from paddlewheel.studies.cycling.group import group_rows
from paddlewheel.studies.cycling.pulses import citations_of, diffusion_length_um, pulses_of
from paddlewheel.studies.cycling.record import (
    CURVES,
    CYCLES,
    DIFFUSION,
    DQDV,
    DVDQ,
    GROUP,
    PULSES,
    STAGES,
    CycleRow,
    CyclingFault,
    CyclingFragment,
    CyclingRecord,
    CyclingSeriesRecord,
    CyclingStage,
    DifferentialCurve,
    DiffusionRow,
    GroupRow,
    PulseRow,
    kind_in_words,
    of_today,
)
from paddlewheel.studies.cycling.rows import (
    cycle_rows,
    cycling_trends,
    efficiencies,
    polarization_growth,
    reference_of,
    retained_across_rates,
)
from paddlewheel.studies.cycling.stages import find_stages
from paddlewheel.studies.laboratory.settings import CELL_TESTS, ColumnSettings
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Integers, Numbers, setting
from paddlewheel.study.study import Argument, Study

_FILES = {"cycles": CYCLES, "stages": STAGES, "voltage curves": CURVES, "dQ/dV": DQDV, "dV/dQ": DVDQ}
_CITATIONS = (
    Citation(what="trends", reference="Sen, J. Am. Stat. Assoc. 63, 1379 (1968)", doi="10.1080/01621459.1968.10480934"),
)


class CyclingSettings(ColumnSettings):
    """Settings of `cycling`."""

    sample: Path | Sample | None = setting(
        None, "Sample file (YAML: die, masses, fractions), for capacities per g and cm2, and the C-rate."
    )
    cell_kind: Kind | None = setting(
        None,
        "What the cell is: a full cell (a cycle begins with the charge), the half cell of a cathode (with what comes "
        "first) or of an anode (with the discharge), or symmetric (two electrodes alike: no efficiency); by default "
        "told from the first step, the window and the trend",
        aliases=("working",),
    )
    electrode: ElectrodeSeen = setting(
        "Ewe",
        "Of a cell of three electrodes: the working one (Ewe) or the counter one (Ece) against the reference, or the "
        "cell (Ewe-Ece)",
    )
    reference_cycle: int | None = setting(
        None, "Cycle whose capacity is the retention's 1; the first whole one by default.", ge=1, le=10_000_000
    )
    curves: Integers | None = setting(
        None, "Cycles whose curves are kept, such as 1,2,50; six by default.", each=(1, 10_000_000)
    )
    bin_mV: float = setting(2.0, "Bins of dQ/dV, mV.", ge=0.05, le=100)
    smoothing_mV: float = setting(5.0, "Gaussian over dQ/dV, mV; 0: none.", ge=0, le=200)
    particle_radius_um: float | None = setting(
        None, "Radius of the particles, um, for diffusivities by GITT and ICI (a sphere).", ge=1e-4, le=1e4
    )
    film_thickness_um: float | None = setting(
        None,
        "Thickness of the electrode, um, for diffusivities of a film with one free face.",
        ge=1e-4,
        le=1e4,
        only_with={"particle_radius_um": False},
    )
    c_rates_per_h: Numbers = setting(
        (),
        "C-rates of the files, 1/h, one for all or one a file, for files of one rate; else current over capacity.",
        aliases=("rates",),
    )
    temperatures_K: Numbers = setting(
        (), "Temperatures of the files, K, one for all or one a file, over what they say."
    )


@dataclass(frozen=True, kw_only=True)
class MendedTest:
    """A test without the faults that can be mended, its half cycles and fragments, and what kind of cell it is of."""

    test: CellTest
    faults: list[Fault]
    half_cycles: list[HalfCycle]
    fragments: list[HalfCycle]
    kind: CellKind

    @property
    def opens_with(self) -> Opening:
        """The half with which a cycle begins, once it is known."""
        assert self.kind.opens_with is not None
        return self.kind.opens_with


@dataclass(frozen=True, kw_only=True)
class CyclingInputs:
    """The tests, each with the rate and temperature that was given for it, and the sample."""

    tests: list[CellTest]
    mended: list[MendedTest]
    c_rates_per_h: list[float | None]
    temperatures_K: list[float | None]
    sample: Sample | None
    geometry: Geometry | None
    is_series: bool


def _opens(files: CellTests, settings: CyclingSettings) -> CyclingInputs:
    is_series = not isinstance(files, str | Path | CellTest)
    given = list(files) if is_series else [files]
    if not given:
        raise SettingsError("none given", where="files", remedy="give at least one")
    path = settings.sample if isinstance(settings.sample, Path) else None
    sample = settings.sample if isinstance(settings.sample, Sample) else None if path is None else load_sample(path)
    tests = [
        seen_by(
            source if isinstance(source, CellTest) else read_cell_test(source, columns=settings.columns),
            settings.electrode,
        )
        for source in given
    ]
    for test in tests:
        refuse_other_technique(test, "cycling", "dc")
    return CyclingInputs(
        sample=sample,
        geometry=None if sample is None else geometry(sample, where=path or "sample"),
        c_rates_per_h=_each(settings.c_rates_per_h, len(given), "c_rates_per_h"),
        temperatures_K=_each(settings.temperatures_K, len(given), "temperatures_K"),
        tests=tests,
        mended=_of_known_kind([_mended(test, settings.cell_kind) for test in tests]),
        is_series=is_series,
    )


def _mended(test: CellTest, given: Kind | None) -> MendedTest:
    """Raises DataError if no current flows, or no charge passes."""
    mended, faults = find_and_mend(test)
    half_cycles, fragments = find_half_cycles(mended)
    kind = tell_cell_kind(mended, half_cycles, given=given)
    if kind.opens_with is None and len(half_cycles) == 1:  # nothing to pair
        kind = replace(kind, opens_with="charge" if half_cycles[0].charging else "discharge")
    return MendedTest(test=mended, faults=faults, half_cycles=half_cycles, fragments=fragments, kind=kind)


def _of_known_kind(tests: list[MendedTest]) -> list[MendedTest]:
    """The tests of a cell, or of cells alike: one that does not tell its kind has that of the others, if they agree.

    Raises
    ------
    DataError
        For the first whose kind has to be asked for.
    """
    others = [test.kind for test in tests if test.kind.opens_with is not None and len(test.half_cycles) > 1]
    alike = others[0] if len({kind.opens_with for kind in others}) == 1 else None
    known = []
    for test in tests:
        if test.kind.opens_with is None and alike is not None:
            test = replace(test, kind=replace(alike, why="as the other files"))
        if test.kind.opens_with is None:
            raise DataError(
                f"which electrode works? {test.kind.why}", where=_name(test.test),
                remedy="say it with --cell-kind full, cathode, anode or symmetric",
            )  # fmt: skip
        known.append(test)
    return known


def _each(values: Sequence[float], n_files: int, name: str) -> list[float | None]:
    """One value for every file, None without any."""
    if len(values) not in (0, 1, n_files):
        raise SettingsError(f"{len(values)} for {n_files} files", where=name, remedy="give one for all, or one a file")
    return list(values) if len(values) == n_files else [values[0] if values else None] * n_files


def _document(inputs: CyclingInputs, settings: CyclingSettings) -> dict[str, Any]:
    """Of a series one document a test."""
    told = {name: value for name, value in settings.document().items() if not name.endswith(("_per_h", "_K"))}
    documents = [
        {
            "command": "cycling",
            "file": _name(test),
            "rows_sha256": rows_sha256(test),
            **told,
            "opens_with": ready.opens_with,
            "sample": None if inputs.sample is None else inputs.sample.model_dump(mode="json"),
            "c_rate_per_h": rate,
            "temperature_K": kelvin,
        }
        for test, ready, rate, kelvin in zip(
            inputs.tests, inputs.mended, inputs.c_rates_per_h, inputs.temperatures_K, strict=True
        )
    ]
    return {"tests": documents} if inputs.is_series else documents[0]


def _of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(found.get("tests"), list):
        return dict(found) | {"tests": [of_today(test) for test in found["tests"]]}
    return of_today(found)


def _name(test: CellTest) -> str:
    return Path(test.source).name or "rows"


def _measures(inputs: CyclingInputs, settings: CyclingSettings, run: Run) -> CyclingRecord | CyclingSeriesRecord:
    if not inputs.is_series:
        record, curves = _analysed(inputs, settings, 0, run)
        _keep_tables(record, curves, run)
        return record
    documents = run.document.contents["tests"]
    stems = [re.sub(r"[^A-Za-z0-9._=-]+", "-", Path(document["file"]).stem)[:60] for document in documents]
    folders = [f"tests/{number:02d}-{stem}" for number, stem in enumerate(stems, start=1)]
    parts = [run.part(folder, document) for folder, document in zip(folders, documents, strict=True)]
    analysed = [_analysed(inputs, settings, place, part) for place, part in enumerate(parts)]
    for part, (record, curves) in zip(parts, analysed, strict=True):
        _keep_tables(record, curves, part)
        run.keep(part, record)
    records = [record for record, _ in analysed]
    return _series(records, folders, inputs, settings, run)


def _analysed(
    inputs: CyclingInputs, settings: CyclingSettings, place: int, run: Run
) -> tuple[CyclingRecord, list[Curve]]:
    """Faults, half cycles, cycles, stages, trends and curves of one test; nothing is written.

    Raises
    ------
    InputError
        If a cycle that is asked for is not there.
    """
    test, sample, found, ready = inputs.tests[place], inputs.sample, inputs.geometry, inputs.mended[place]
    half_cycles, opens_with = ready.half_cycles, ready.opens_with
    cycles = find_cycles(half_cycles, opens_with=opens_with)
    name = _name(test)
    rows = cycle_rows(
        cycles,
        found,
        opens_with,
        settings.reference_cycle,
        cut_short=is_cut_short(half_cycles),
        two_alike=ready.kind.kind == "symmetric",
    )
    _check_capacity(rows, found, where=name)
    stages, warnings = find_stages(
        rows, opens_with=opens_with, file=name, sample=sample, geometry=found,
        c_rate_per_h=inputs.c_rates_per_h[place], temperature_K=inputs.temperatures_K[place],
        header=test.metadata.get("header", ()),
    )  # fmt: skip
    trends = cycling_trends(rows, stages)
    judged = efficiencies(rows, opens_with)
    curves = shown_curves(
        ready.test, cycles, settings.curves, bin_mV=settings.bin_mV, smoothing_mV=settings.smoothing_mV
    )
    length_um = diffusion_length_um(settings.particle_radius_um, settings.film_thickness_um)
    diffusion, pulses = pulses_of(ready.test, length_um)
    found_files = ({"diffusion": DIFFUSION} if diffusion else {}) | ({"pulses": PULSES} if pulses else {})
    record = CyclingRecord(
        file=name,
        file_sha256=run.document.contents["rows_sha256"],
        sample=None if sample is None else sample.name,
        n_rows=len(test),
        cell_kind=ready.kind.kind,
        opens_with=opens_with,
        cell_kind_from=ready.kind.why,
        **_normalizers(found),
        cycles=rows,
        initial_coulombic_efficiency=judged.initial,
        average_coulombic_efficiency=judged.average,
        average_over_cycles=judged.n_averaged,
        efficiency_note=judged.note,
        reference_cycle=reference_of(rows, settings.reference_cycle),
        polarization_growth_mV_per_cycle=polarization_growth(trends),
        trends=trends,
        stages=stages,
        differential=[
            DifferentialCurve(
                cycle=curve.cycle, half=curve.half, resolution_mV=curve.resolution_mV, peaks_V=curve.peaks_V
            )
            for curve in curves
        ],
        diffusion=diffusion,
        pulses=pulses,
        fragments=_fragments(ready.fragments, half_cycles, rows),
        faults=[CyclingFault(**vars(fault)) for fault in ready.faults],
        contradictions=[] if found is None else [str(contradiction) for contradiction in found.contradictions],
        warnings=[
            *test.warnings,
            *warnings,
            *_integrated(half_cycles),
            *_warnings(rows, sample, found),
            *retained_across_rates(rows, settings.reference_cycle, opens_with),
        ],
        files={"cycles": CYCLES, "stages": STAGES, "voltage curves": CURVES, "dQ/dV": DQDV, "dV/dQ": DVDQ}
        | found_files,
        citations=[*_CITATIONS, *citations_of(diffusion, pulses)],
        provenance=run.provenance(),
    )
    return record, curves


def _check_capacity(rows: Sequence[CycleRow], found: Geometry | None, *, where: str) -> None:
    """Hold the largest capacity against the sample's: a wrong unit of current or mass sets them a thousand apart."""
    if found is None or found.theoretical_capacity_mAh is None:
        return
    largest = max(max(row.charge_mAh or 0.0, row.discharge_mAh or 0.0) for row in rows)
    theory = nominal(found.theoretical_capacity_mAh)
    if (asked := question("capacity_over_theory", largest / theory)) is not None:
        wrong = "small (mA given as A), or the masses large (ug given as mg)"
        wrong = wrong if largest < theory else "large (A given as mA), or the masses small (g given as mg)"
        raise DataError(
            f"{asked[0]}: {largest:.3g} mAh at most, {theory:.3g} by the sample", where=where,
            remedy=f"are the currents a thousand times too {wrong}?",
        )  # fmt: skip


def _series(
    records: Sequence[CyclingRecord],
    folders: Sequence[str],
    inputs: CyclingInputs,
    settings: CyclingSettings,
    run: Run,
) -> CyclingSeriesRecord:
    stages = [
        stage.model_copy(update={"test": number})
        for number, record in enumerate(records, start=1)
        for stage in record.stages
    ]
    stages = [stage.model_copy(update={"over_first": stage.capacity_mAh / stages[0].capacity_mAh}) for stage in stages]
    cells = group_rows(records)
    group_files = {"cells": run.table(GROUP, _columns(cells, list(GroupRow.model_fields)))} if cells else {}
    return CyclingSeriesRecord(
        sample=None if inputs.sample is None else inputs.sample.name,
        opens_with=inputs.mended[0].opens_with,
        **_normalizers(inputs.geometry),
        stages=stages,
        cells=cells,
        tests=dict(zip(folders, (record.file for record in records), strict=True)),
        contradictions=list(dict.fromkeys(text for record in records for text in record.contradictions)),
        warnings=[*_of_several_kinds(records), *(f"{each.file}: {text}" for each in records for text in each.warnings)],
        files={"stages": run.table(STAGES, _stage_columns(stages))} | group_files,
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _of_several_kinds(records: Sequence[CyclingRecord]) -> list[str]:
    if len({record.opens_with for record in records}) == 1:
        return []
    told = ", ".join(f"{record.file} with the {record.opens_with}" for record in records)
    return [f"cycles do not begin with the same half in all tests: {told} (--cell-kind says it for all)"]


def _normalizers(found: Geometry | None) -> dict[str, Any]:
    """The fields of a record that its capacities are divided by."""
    values = {
        name: None if found is None else getattr(found, name)
        for name in ("active_mass_mg", "area_cm2", "theoretical_capacity_mAh")
    }
    return {name: None if value is None else to_measured(value) for name, value in values.items()}


def _fragments(
    fragments: Sequence[HalfCycle], half_cycles: Sequence[HalfCycle], rows: Sequence[CycleRow]
) -> list[CyclingFragment]:
    largest = max(half.capacity_Ah for half in half_cycles)
    # cycles are made of half cycles in order: so many halves each
    ends: list[int] = []
    place = -1
    for row in rows:
        place += (row.charge_mAh is not None) + (row.discharge_mAh is not None)
        ends.append(half_cycles[place].rows[1])
    spans = [half.rows for half in half_cycles]

    def why(fragment: HalfCycle) -> str:
        small = f"passes less than {100 * LEAST_SHARE:g} % of the largest half cycle"
        inside = any(start < fragment.rows[0] and fragment.rows[1] <= end for start, end in spans)
        return f"{small}; within a half cycle of the other direction, whose charge it lowers" if inside else small

    return [
        CyclingFragment(
            half="charge" if fragment.charging else "discharge",
            first_row=fragment.rows[0],
            last_row=fragment.rows[1] - 1,
            after_cycle=sum(end <= fragment.rows[0] for end in ends),
            duration_s=fragment.duration_s,
            charge_mAh=1000 * fragment.capacity_Ah,
            share_of_largest=fragment.capacity_Ah / largest,
            why=why(fragment),
        )
        for fragment in fragments
    ]


def _integrated(half_cycles: Sequence[HalfCycle]) -> list[str]:
    """What a capacity is known to without a counter."""
    shares = [half.charge_error_Ah / half.capacity_Ah for half in half_cycles if half.charge_error_Ah is not None]
    if not shares:
        return []
    return [
        "no counter of the charge: capacities are integrals of the current, which steps at an instant between two rows "
        f"dt apart; I dt / 2 at either end is {100 * max(shares):.2g} % of a half cycle at most, and efficiencies are "
        "known no better"
    ]


def _warnings(rows: Sequence[CycleRow], sample: Sample | None, found: Geometry | None) -> list[str]:
    warnings = []
    if sample is None:
        warnings.append("no sample: capacities are those of the cell, in mAh")
    elif found is not None and found.active_mass_mg is None:
        warnings.append("the sample has no component with a capacity: no capacity per g")
    if found is not None and found.theoretical_capacity_mAh is not None:
        theory = nominal(found.theoretical_capacity_mAh)
        largest = max((row.discharge_mAh or 0.0 for row in rows), default=0.0)
        if largest > 1.2 * theory:
            warnings.append(
                f"{largest:.3g} mAh are discharged, {theory:.3g} is the sample's theoretical capacity: check its mass"
            )
    return warnings


def _keep_tables(record: CyclingRecord, curves: Sequence[Curve], run: Run) -> None:
    """Cycles, stages, voltage curves, dQ/dV and dV/dQ; diffusivities and resistances of pulses where there are any."""
    if record.diffusion:
        run.table(DIFFUSION, _columns(record.diffusion, list(DiffusionRow.model_fields)))
    if record.pulses:
        times = sorted(
            {time for row in record.pulses for time in row.resistance_ohm}, key=lambda time: float(time[:-2])
        )
        columns = _columns(record.pulses, [name for name in PulseRow.model_fields if name != "resistance_ohm"])
        for time in times:
            name = f"resistance_at_{time.replace(' ', '_')}_ohm"
            columns[name] = [row.resistance_ohm.get(time) for row in record.pulses]
        run.table(PULSES, columns)
    run.table(CYCLES, _columns(record.cycles, list(CycleRow.model_fields)))
    run.table(STAGES, _stage_columns(record.stages))
    for file, x, y, labels in (
        (CURVES, "capacity_mAh", "voltage_V", ("capacity_mAh", "voltage_V")),
        (DQDV, "dq_voltage_V", "dq_mAh_per_V", ("voltage_V", "dq_dv_mAh_per_V")),
        (DVDQ, "dv_capacity_mAh", "dv_V_per_mAh", ("capacity_mAh", "dv_dq_V_per_mAh")),
    ):
        lengths = [len(getattr(curve, x)) for curve in curves]
        run.table(
            file,
            {
                "cycle": np.repeat([curve.cycle for curve in curves], lengths),
                "charging": np.repeat([float(curve.half == "charge") for curve in curves], lengths),
                labels[0]: np.concatenate([getattr(curve, x) for curve in curves] or [np.empty(0)]),
                labels[1]: np.concatenate([getattr(curve, y) for curve in curves] or [np.empty(0)]),
            },
        )


def _stage_columns(stages: Sequence[CyclingStage]) -> dict[str, list[Any]]:
    names = [name for name in CyclingStage.model_fields if name not in ("file", "c_rate_from", "temperature_from")]
    return _columns(stages, names)


def _columns(rows: Sequence[Record], names: Sequence[str]) -> dict[str, list[Any]]:
    """The fields as columns; a measured one is followed by that of its standard uncertainty, where it has any value."""
    columns: dict[str, list[Any]] = {}
    for name in names:
        values = [getattr(row, name) for row in rows]
        columns[name] = [value.value if isinstance(value, Measured) else value for value in values]
        if any(isinstance(value, Measured) for value in values):
            columns[f"{name}_std"] = [None if value is None else value.std for value in values]
    return columns


def _says(record: CyclingRecord | CyclingSeriesRecord) -> list[str]:
    if isinstance(record, CyclingRecord):
        lines = _test_lines(record)
    else:
        lines = [f"{len(record.tests)} tests, {len(record.stages)} stages", *map(_stage_line, record.stages)]
        lines += _group_lines(record)
    return [*lines, *(f"does not fit: {text}" for text in record.contradictions)]


def _test_lines(record: CyclingRecord) -> list[str]:
    n_cycles = len(record.cycles)
    lines = [
        f"{record.n_rows} rows, {n_cycles} cycle{'s' * (n_cycles != 1)}",
        f"{kind_in_words(record)}: a cycle begins with the {record.opens_with} ({record.cell_kind_from})",
    ]
    first, average = record.initial_coulombic_efficiency, record.average_coulombic_efficiency
    told = [] if first is None else [f"{100 * first:.2f} % at first"]
    told += [] if average is None else [f"{100 * average:.2f} % on average over {record.average_over_cycles} after it"]
    if told:
        lines.append(f"coulombic efficiency {', '.join(told)}")
    if record.efficiency_note:
        lines.append(f"note: {record.efficiency_note}")
    kept = [row for row in record.cycles if row.retention is not None and not row.cut_short]
    if kept:
        lines.append(
            f"{100 * (kept[-1].retention or 0):.1f} % of cycle {record.reference_cycle} after {kept[-1].cycle}"
        )
    if (growth := record.polarization_growth_mV_per_cycle) is not None:
        lines.append(f"polarization changes by {growth.value:.3g} +- {growth.std:.2g} mV a cycle")
    lines += _pulse_lines(record)
    if len(record.stages) > 1:
        lines += map(_stage_line, record.stages)
    if record.fragments:
        first_left, whole_mAh = record.fragments[0], sum(fragment.charge_mAh for fragment in record.fragments)
        n_left = len(record.fragments)
        lines.append(
            f"left out: {n_left} stretch{'es' * (n_left > 1)} of current, of {whole_mAh:.3g} mAh in all, "
            f"the first in rows {first_left.first_row} to {first_left.last_row} ({first_left.half}, "
            f"{first_left.charge_mAh:.3g} mAh: {first_left.why})"
        )
    return lines + [f"fault: {fault.kind}, {fault.count} ({fault.detail}); {fault.action}" for fault in record.faults]


def _group_lines(record: CyclingSeriesRecord) -> list[str]:
    """The first and the last cycle of cells alike."""
    ends = record.cells if len(record.cells) < 2 else [record.cells[0], record.cells[-1]]
    return [
        f"cycle {row.cycle}, {row.n_cells} cells: {row.capacity_mAh:.4g} mAh"
        + (f", {row.capacity_spread_mAh:.2g} from cell to cell" if row.capacity_spread_mAh is not None else "")
        for row in ends
    ]


def _pulse_lines(record: CyclingRecord) -> list[str]:
    lines = []
    for method in ("GITT", "ICI"):
        rows = [row for row in record.diffusion if row.method == method]
        rates = [row.over_length2_per_s for row in rows if row.over_length2_per_s is not None]
        if not rows:
            continue
        values = [row.diffusivity_cm2_per_s.value for row in rows if row.diffusivity_cm2_per_s is not None]
        name, unit = ("D", "cm2/s") if values else ("D over the length squared (--particle-radius-um)", "1/s")
        shown = values or rates
        found = f", {name} {min(shown):.3g} to {max(shown):.3g} {unit}" if shown else ""
        lines.append(f"{method}: {len(rates)} of {len(rows)} give a diffusivity{found}")
        problems = [row.problem for row in rows if row.problem is not None]
        if problems:
            lines.append(f"{method}, the first that does not: {problems[0]}")
    for half in ("charge", "discharge"):
        pulses = [row for row in record.pulses if row.half == half]
        for time in ("10 s", "1 s", "0.1 s"):
            ohms = [row.resistance_ohm[time] for row in pulses if time in row.resistance_ohm]
            if ohms:
                lines.append(f"{len(ohms)} pulses of {half}: {min(ohms):.4g} to {max(ohms):.4g} ohm at {time}")
                break
    return lines


def _stage_line(stage: CyclingStage) -> str:
    rate = f"{stage.current_mA:.4g} mA" if stage.c_rate_per_h is None else f"{stage.c_rate_per_h.value:.3g} C"
    at = "" if stage.temperature_K is None else f", {stage.temperature_K:.4g} K"
    per_area = stage.capacity_mAh_per_cm2
    capacity = (
        f"{stage.capacity_mAh:.4g} mAh" if per_area is None else f"{per_area.value:.4g} +- {per_area.std:.2g} mAh/cm2"
    )
    return f"{stage.file}, cycles {stage.first_cycle} to {stage.last_cycle}, {rate}{at}: {capacity}"


STUDY = Study(
    command="cycling",
    arguments=(
        Argument(
            name="files",
            metavar="FILE...",
            help="of a cycler: .mpr, .mpt, .nda, .ndax, CSV, .xlsx, ...; several are a series",
            many=True,
            alone=True,
            annotation=CELL_TESTS.annotation,
        ),
    ),
    settings=CyclingSettings,
    record=(CyclingRecord, CyclingSeriesRecord),
    opens=_opens,
    measures=_measures,
    says=_says,
    document=_document,
    of_today=_of_today,
    unsaid=("cell_kind",),
    example="paddlewheel cycling cell.mpr --sample sample.yaml",
    notes="Of several files, of one cell or of cells alike, also capacity against rate and temperature.",
)
