"""One cell test of `cycling`, analysed: its record, and the curves that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddlewheel.lab.cell_tests import rows_sha256
from paddlewheel.lab.cycling import HalfCycle, find_and_mend, find_cycles, find_half_cycles, is_cut_short
from paddlewheel.lab.cycling.half_cycles import LEAST_SHARE
from paddlewheel.lab.geometry import Geometry, nominal, to_measured
from paddlewheel.lab.sample import Sample
from paddlewheel.lab.table import CellTest
from paddlewheel.records import Citation
from paddlewheel.studies.cycling.curves import (
    Curve,
    shown_curves,
)
from paddlewheel.studies.cycling.record import (
    CycleRow,
    CyclingFault,
    CyclingFragment,
    CyclingRecord,
    DifferentialCurve,
)
from paddlewheel.studies.cycling.rows import (
    Working,
    cycle_rows,
    cycling_trends,
    efficiencies,
    polarization_growth,
    reference_of,
)
from paddlewheel.studies.cycling.stages import find_stages
from paddlewheel.study.provenance import provenance

__all__ = ["AnalysedTest", "CyclingSettings", "Working", "analyse_test", "normalizers"]

_CITATIONS = (
    Citation(what="trends", reference="Sen, J. Am. Stat. Assoc. 63, 1379 (1968)", doi="10.1080/01621459.1968.10480934"),
)


@dataclass(frozen=True, kw_only=True)
class CyclingSettings:
    """What all tests of a run share; see `paddlewheel.studies.cycling.study.cycling`."""

    sample: Sample | None
    geometry: Geometry | None
    working: Working
    reference_cycle: int | None
    curves: tuple[int, ...] | None
    bin_mV: float
    smoothing_mV: float
    columns: dict[str, str] | None


@dataclass(frozen=True, kw_only=True)
class AnalysedTest:
    """The record of a test, the curves that its tables hold, and its resolved settings."""

    record: CyclingRecord
    curves: list[Curve]
    settings: dict[str, Any]


def analyse_test(
    test: CellTest, settings: CyclingSettings, *, c_rate_per_h: float | None, temperature_K: float | None
) -> AnalysedTest:
    """Faults, half cycles, cycles, stages, trends and curves of one test; nothing is written.

    Raises
    ------
    InputError
        If no current flows, no charge passes, or a cycle that is asked for is not there.
    """
    mended, faults = find_and_mend(test)
    half_cycles, fragments = find_half_cycles(mended)
    cut_short = is_cut_short(half_cycles)
    cycles = find_cycles(half_cycles, working=settings.working)
    known, found, working = settings.sample, settings.geometry, settings.working
    name = Path(test.source).name or "rows"
    sha256 = rows_sha256(test)
    resolved: dict[str, Any] = {
        "command": "cycling", "file": name, "rows_sha256": sha256,
        "sample": None if known is None else known.model_dump(mode="json"), "working": working,
        "reference_cycle": settings.reference_cycle,
        "curves": None if settings.curves is None else list(settings.curves), "bin_mV": settings.bin_mV,
        "smoothing_mV": settings.smoothing_mV, "c_rate_per_h": c_rate_per_h, "temperature_K": temperature_K,
        "columns": settings.columns,
    }  # fmt: skip
    rows = cycle_rows(cycles, found, working, settings.reference_cycle, cut_short=cut_short)
    stages, warnings = find_stages(
        rows, working=working, file=name, sample=known, geometry=found, c_rate_per_h=c_rate_per_h,
        temperature_K=temperature_K, header=test.metadata.get("header", ()),
    )  # fmt: skip
    trends = cycling_trends(rows, stages)
    judged = efficiencies(rows, working)
    curves = shown_curves(mended, cycles, settings.curves, bin_mV=settings.bin_mV, smoothing_mV=settings.smoothing_mV)
    left_out = _fragments(fragments, half_cycles, rows)
    record = CyclingRecord(
        file=name,
        file_sha256=sha256,
        sample=None if known is None else known.name,
        n_rows=len(test),
        working=working,
        **normalizers(found),
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
            DifferentialCurve(cycle=one.cycle, half=one.half, resolution_mV=one.resolution_mV, peaks_V=one.peaks_V)
            for one in curves
        ],
        fragments=left_out,
        faults=[CyclingFault(**vars(fault)) for fault in faults],
        contradictions=[] if found is None else [str(one) for one in found.contradictions],
        warnings=[*test.warnings, *warnings, *_warnings(rows, known, found)],
        files={
            "cycles": "cycles.csv", "stages": "stages.csv", "voltage curves": "curves.csv", "dQ/dV": "dqdv.csv"
        },
        citations=list(_CITATIONS),
        provenance=provenance(resolved),
    )  # fmt: skip
    return AnalysedTest(record=record, curves=curves, settings=resolved)


def normalizers(found: Geometry | None) -> dict[str, Any]:
    """The fields of a record that its capacities are divided by."""
    values = {
        "active_mass_mg": None if found is None else found.active_mass_mg,
        "area_cm2": None if found is None else found.area_cm2,
        "theoretical_capacity_mAh": None if found is None else found.theoretical_capacity_mAh,
    }
    return {name: None if value is None else to_measured(value) for name, value in values.items()}


def _fragments(
    fragments: Sequence[HalfCycle], half_cycles: Sequence[HalfCycle], rows: Sequence[CycleRow]
) -> list[CyclingFragment]:
    largest = max(one.capacity_Ah for one in half_cycles)
    # cycles are made of half cycles in order: so many halves each
    ends: list[int] = []
    place = -1
    for row in rows:
        place += (row.charge_mAh is not None) + (row.discharge_mAh is not None)
        ends.append(half_cycles[place].rows[1])
    spans = [one.rows for one in half_cycles]

    def why(one: HalfCycle) -> str:
        small = f"passes less than {100 * LEAST_SHARE:g} % of the largest half cycle"
        inside = any(start < one.rows[0] and one.rows[1] <= end for start, end in spans)
        return f"{small}; within a half cycle of the other direction, whose charge it lowers" if inside else small

    return [
        CyclingFragment(
            half="charge" if one.charging else "discharge",
            first_row=one.rows[0],
            last_row=one.rows[1] - 1,
            after_cycle=sum(end <= one.rows[0] for end in ends),
            duration_s=one.duration_s,
            charge_mAh=1000 * one.capacity_Ah,
            share_of_largest=one.capacity_Ah / largest,
            why=why(one),
        )
        for one in fragments
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
