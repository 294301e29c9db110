"""`cycling`: capacities, efficiencies, voltages, constant-voltage share and dQ/dV of every cycle of a cell test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import (
    Cycle,
    HalfCycle,
    differential_capacity,
    find_and_mend,
    find_cycles,
    find_half_cycles,
    robust_trend,
)
from paddlewheel.lab.cycling.half_cycles import passed_charge_Ah
from paddlewheel.lab.geometry import Geometry, geometry, nominal, to_measured
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.lab.table import CellTest
from paddlewheel.records import (
    Citation,
    CycleRow,
    CyclingFault,
    CyclingRecord,
    CyclingTrend,
    DifferentialCurve,
    write_record,
)
from paddlewheel.studies.motion import run_directory
from paddlewheel.studies.provenance import provenance
from paddlewheel.studies.run_files import write_table

Working = Literal["cathode", "anode"]
_MOST_CURVES = 6
_MOST_POINTS = 3000
_IMPOSSIBLE_EFFICIENCY = 1.05
_CITATIONS = (
    Citation(what="trends", reference="Sen, J. Am. Stat. Assoc. 63, 1379 (1968)", doi="10.1080/01621459.1968.10480934"),
)


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """A half cycle of which voltage and dQ/dV are shown."""

    cycle: int
    half: Literal["charge", "discharge"]
    capacity_mAh: np.ndarray
    voltage_V: np.ndarray
    dq_voltage_V: np.ndarray
    dq_mAh_per_V: np.ndarray
    resolution_mV: float
    peaks_V: list[float]


def cycling(
    file: str | Path | CellTest,
    *,
    sample: str | Path | Sample | None = None,
    working: Working = "cathode",
    reference_cycle: int | None = None,
    curves: Sequence[int] | None = None,
    bin_mV: float = 2.0,
    smoothing_mV: float = 5.0,
    columns: Mapping[str, str] | None = None,
    out: str | Path | None = None,
) -> CyclingRecord:
    """Every cycle of a cell test, with the faults of its file.

    Parameters
    ----------
    file
        A file that `paddlewheel.lab.readers.read_cell_test` reads, or a test that it gave.
    sample
        A sample (or its file) with a composite, for capacities per g and per cm2, and the C-rate.
    working
        ``cathode``: cycles begin with the charge, the efficiency is discharge over charge; ``anode``: the other way.
    reference_cycle
        The cycle whose second half is the retention's 1; by default the first whole one.
    curves
        Cycles whose voltage and dQ/dV are kept; by default six over the test.
    bin_mV, smoothing_mV
        Of dQ/dV, see `differential_capacity`.
    columns
        As for `read_cell_test`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For a file without a cell test, without current or charge, a sample that cannot be, a cycle that is not
        there, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import cycling
    >>> cycling("cell.mpr", sample="sample.yaml").average_coulombic_efficiency  # doctest: +SKIP
    """
    if working not in ("cathode", "anode"):
        raise SettingsError(f"{working!r}", where="working", remedy="give cathode or anode")
    test = file if isinstance(file, CellTest) else read_cell_test(file, columns=columns)
    known = load_sample(sample) if isinstance(sample, str | Path) else sample
    found = None if known is None else geometry(known, where=sample if isinstance(sample, str | Path) else "sample")
    mended, faults = find_and_mend(test)
    cycles = find_cycles(find_half_cycles(mended), working=working)
    digest = hashlib.sha256()
    for column in (test.time_s, test.voltage_V, test.current_A):
        digest.update(np.ascontiguousarray(column, dtype=float).tobytes())
    settings: dict[str, Any] = {
        "command": "cycling", "file": Path(test.source).name, "rows_sha256": digest.hexdigest(),
        "sample": None if known is None else known.model_dump(mode="json"), "working": working,
        "reference_cycle": reference_cycle, "curves": None if curves is None else list(curves), "bin_mV": bin_mV,
        "smoothing_mV": smoothing_mV, "columns": None if columns is None else dict(columns),
    }  # fmt: skip
    rows = _rows(cycles, found, working, reference_cycle)
    shown = _curves(mended, cycles, curves, bin_mV=bin_mV, smoothing_mV=smoothing_mV)
    efficiencies = [row.coulombic_efficiency for row in rows if row.coulombic_efficiency is not None]
    record = CyclingRecord(
        file=Path(test.source).name or "rows",
        file_sha256=digest.hexdigest(),
        sample=None if known is None else known.name,
        n_rows=len(test),
        working=working,
        active_mass_mg=None if found is None or found.active_mass_mg is None else to_measured(found.active_mass_mg),
        area_cm2=None if found is None else to_measured(found.area_cm2),
        cycles=rows,
        initial_coulombic_efficiency=efficiencies[0] if efficiencies else None,
        average_coulombic_efficiency=float(np.mean(efficiencies[1:])) if len(efficiencies) > 1 else None,
        reference_cycle=_reference(rows, reference_cycle),
        trends=_trends(rows),
        differential=[
            DifferentialCurve(cycle=one.cycle, half=one.half, resolution_mV=one.resolution_mV, peaks_V=one.peaks_V)
            for one in shown
        ],
        faults=[CyclingFault(**vars(fault)) for fault in faults],
        contradictions=[] if found is None else [str(one) for one in found.contradictions],
        warnings=[*test.warnings, *_warnings(rows, known, found)],
        files={"cycles": "cycles.csv", "voltage curves": "curves.csv", "dQ/dV": "dqdv.csv"},
        citations=list(_CITATIONS),
        provenance=provenance(settings),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_tables(record, shown, directory)
            write_record(record, directory / "result.json")
    return record


def _rows(
    cycles: Sequence[Cycle], found: Geometry | None, working: Working, reference_cycle: int | None
) -> list[CycleRow]:
    mass_g = None if found is None or found.active_mass_mg is None else nominal(found.active_mass_mg) / 1000
    area_cm2 = None if found is None else nominal(found.area_cm2)
    nominal_Ah = (
        None
        if found is None or found.theoretical_capacity_mAh is None
        else nominal(found.theoretical_capacity_mAh) / 1000
    )

    def mAh(half: HalfCycle | None, over: float | None = 1.0) -> float | None:
        return None if half is None or over is None else 1000 * half.capacity_Ah / over

    def rate(half: HalfCycle | None) -> float | None:
        return None if half is None or nominal_Ah is None else half.current_A / nominal_Ah

    rows = []
    for one in cycles:
        temperatures = [half.temperature_K for half in (one.charge, one.discharge) if half is not None]
        known = [value for value in temperatures if value is not None]
        rows.append(
            CycleRow(
                cycle=one.number,
                charge_mAh=mAh(one.charge),
                discharge_mAh=mAh(one.discharge),
                charge_mAh_per_g=mAh(one.charge, mass_g),
                discharge_mAh_per_g=mAh(one.discharge, mass_g),
                charge_mAh_per_cm2=mAh(one.charge, area_cm2),
                discharge_mAh_per_cm2=mAh(one.discharge, area_cm2),
                coulombic_efficiency=one.efficiency(working),
                retention=None,
                mean_charge_voltage_V=None if one.charge is None else one.charge.mean_voltage_V,
                mean_discharge_voltage_V=None if one.discharge is None else one.discharge.mean_voltage_V,
                polarization_V=one.polarization_V,
                cv_share=None if one.charge is None else one.charge.cv_share,
                charge_c_rate_per_h=rate(one.charge),
                discharge_c_rate_per_h=rate(one.discharge),
                temperature_K=float(np.mean(known)) if known else None,
            )
        )
    reference = _reference(rows, reference_cycle)
    if reference is None:
        return rows
    end = "discharge_mAh" if working == "cathode" else "charge_mAh"
    unit = getattr(rows[reference - 1], end)
    return [
        row.model_copy(update={"retention": None if getattr(row, end) is None else getattr(row, end) / unit})
        for row in rows
    ]


def _reference(rows: Sequence[CycleRow], wanted: int | None) -> int | None:
    whole = [row.cycle for row in rows if row.charge_mAh and row.discharge_mAh]
    if wanted is None:
        return whole[0] if whole else None
    if wanted not in whole:
        raise SettingsError(
            f"cycle {wanted} is not whole, or not there", where="reference_cycle",
            remedy=f"there are {whole[0]} to {whole[-1]}" if whole else "leave it out",
        )  # fmt: skip
    return wanted


def _trends(rows: Sequence[CycleRow]) -> list[CyclingTrend]:
    trends = []
    for quantity in ("retention", "coulombic_efficiency", "polarization_V", "cv_share"):
        known = [(row.cycle, getattr(row, quantity)) for row in rows[1:] if getattr(row, quantity) is not None]
        # a test may end within a half cycle: what that passed is no trend
        known = known[:-1] if quantity == "retention" else known
        trend = robust_trend(*np.array(known, dtype=float).T) if len(known) > 3 else None
        if trend is not None:
            trends.append(
                CyclingTrend(quantity=quantity, per_cycle=trend.slope_per_cycle, interval_95=(trend.low, trend.high),
                             n_cycles=len(known))
            )  # fmt: skip
    return trends


def _curves(
    test: CellTest, cycles: Sequence[Cycle], wanted: Sequence[int] | None, *, bin_mV: float, smoothing_mV: float
) -> list[_Curve]:
    numbers = [one.number for one in cycles]
    if wanted is None:
        places = np.unique(np.linspace(0, len(numbers) - 1, min(_MOST_CURVES, len(numbers))).astype(int))
        chosen = [numbers[place] for place in places]
    else:
        absent = [number for number in wanted if number not in numbers]
        if absent:
            raise SettingsError(
                f"no cycle {absent[0]}", where="curves", remedy=f"there are {numbers[0]} to {numbers[-1]}"
            )
        chosen = list(wanted)
    charge_mAh = 1000 * passed_charge_Ah(test)
    shown: list[_Curve] = []
    for number in chosen:
        cycle = cycles[numbers.index(number)]
        for half, name in ((cycle.charge, "charge"), (cycle.discharge, "discharge")):
            if half is None or half.rows[1] - half.rows[0] < 3:
                continue
            rows = slice(*half.rows)
            curve = differential_capacity(
                test.voltage_V[rows], charge_mAh[rows] / 1000, bin_mV=bin_mV, smoothing_mV=smoothing_mV
            )
            passed = np.abs(charge_mAh[rows] - charge_mAh[max(half.rows[0] - 1, 0)])
            kept = np.unique(np.linspace(0, len(passed) - 1, min(_MOST_POINTS, len(passed))).astype(int))
            shown.append(
                _Curve(
                    cycle=number,
                    half=name,  # type: ignore[arg-type]
                    capacity_mAh=passed[kept],
                    voltage_V=test.voltage_V[rows][kept],
                    dq_voltage_V=curve.voltage_V,
                    dq_mAh_per_V=1000 * curve.value_Ah_per_V,
                    resolution_mV=curve.resolution_mV,
                    peaks_V=[float(one) for one in curve.peaks_V],
                )
            )
    return shown


def _warnings(rows: Sequence[CycleRow], sample: Sample | None, found: Geometry | None) -> list[str]:
    warnings = []
    if sample is None:
        warnings.append("no sample: capacities are those of the cell, in mAh")
    elif found is not None and found.active_mass_mg is None:
        warnings.append("the sample has no component with a capacity: no capacity per g")
    strange = [row.cycle for row in rows if (row.coulombic_efficiency or 0) > _IMPOSSIBLE_EFFICIENCY]
    if strange:
        warnings.append(
            f"more comes back than went in, in {len(strange)} cycles (the first: {strange[0]}): a half cycle is "
            "missing, or the working electrode is the other kind"
        )
    if found is not None and found.theoretical_capacity_mAh is not None:
        theory = nominal(found.theoretical_capacity_mAh)
        largest = max((row.discharge_mAh or 0.0 for row in rows), default=0.0)
        if largest > 1.2 * theory:
            warnings.append(
                f"{largest:.3g} mAh are discharged, {theory:.3g} is the sample's theoretical capacity: check its mass"
            )
    return warnings


def _write_tables(record: CyclingRecord, shown: Sequence[_Curve], directory: Path) -> None:
    names = [name for name in CycleRow.model_fields if name != "cycle"]
    columns: dict[str, Any] = {"cycle": np.array([row.cycle for row in record.cycles])}
    for name in names:
        values = [getattr(row, name) for row in record.cycles]
        columns[name] = np.array([np.nan if value is None else value for value in values])
    write_table(directory / "cycles.csv", columns)
    for file, x, y, labels in (
        ("curves.csv", "capacity_mAh", "voltage_V", ("capacity_mAh", "voltage_V")),
        ("dqdv.csv", "dq_voltage_V", "dq_mAh_per_V", ("voltage_V", "dq_dv_mAh_per_V")),
    ):
        parts = [(one.cycle, one.half == "charge", getattr(one, x), getattr(one, y)) for one in shown]
        write_table(
            directory / file,
            {
                "cycle": np.concatenate([np.full(len(a), cycle) for cycle, _, a, _ in parts] or [np.empty(0)]),
                "charging": np.concatenate([np.full(len(a), float(up)) for _, up, a, _ in parts] or [np.empty(0)]),
                labels[0]: np.concatenate([a for _, _, a, _ in parts] or [np.empty(0)]),
                labels[1]: np.concatenate([b for _, _, _, b in parts] or [np.empty(0)]),
            },
        )
