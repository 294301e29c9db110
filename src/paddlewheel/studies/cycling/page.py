"""The report of `cycling`, of one test or of a series."""

from __future__ import annotations

import numpy as np

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.interactive import CREDIT, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, interval, measured, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.records.tables import Beside
from paddlewheel.studies.cycling.figures import capacity, figures, plots, unit_of
from paddlewheel.studies.cycling.record import CycleRow, CyclingRecord, CyclingSeriesRecord, CyclingStage, kind_in_words

__all__ = ["figures", "page"]

_ROWS = 24
_FRAGMENTS = 12
_QUANTITIES = {
    "retention": "Retention",
    "coulombic_efficiency": "Coulombic efficiency",
    "polarization_V": "Polarization (V)",
    "cv_share": "Share at constant voltage",
}


def page(record: CyclingRecord | CyclingSeriesRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    if isinstance(record, CyclingSeriesRecord):
        return _series_page(record, drawings)
    return _test_page(record, beside, drawings)


def _test_page(record: CyclingRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    first, average = record.initial_coulombic_efficiency, record.average_coulombic_efficiency
    kept = [row for row in record.cycles if row.retention is not None and not row.cut_short]
    after = f"over {record.average_over_cycles} cycles after it" if record.average_over_cycles else ""
    numbers = [
        Number(name="initial coulombic efficiency", value=_percent(first), unit="%"),
        Number(name="average after the first", value=_percent(average), unit="%", note=after),
    ]
    if kept:
        numbers.append(
            Number(name=f"of cycle {record.reference_cycle} after {kept[-1].cycle}",
                   value=f"{100 * (kept[-1].retention or 0):.1f}", unit="%")
        )  # fmt: skip
    if record.polarization_growth_mV_per_cycle is not None:
        numbers.append(
            Number(name="polarization growth", value=measured(record.polarization_growth_mV_per_cycle),
                   unit="mV a cycle")
        )  # fmt: skip
    told = [] if first is None else [f"coulombic efficiency {100 * first:.1f} % at first"]
    told += [] if average is None else [f"{100 * average:.2f} % on average after the first"]
    many = "cycle" if len(kept) == 1 else "cycles"
    headline = "No whole cycle" if not kept else f"{len(kept)} {many} with a capacity; " + (
        ", ".join(told) or "no coulombic efficiency that means one"
    )  # fmt: skip
    return Page(
        eyebrow="Cycling",
        title=record.sample or record.file,
        facts=[
            ("File", record.file),
            ("Rows", f"{record.n_rows}"),
            ("Cycles", f"{len(record.cycles)}"),
            ("Cell", kind_in_words(record)),
            *_cell_facts(record),
        ],
        headline=headline,
        tone="good" if told else "none",
        numbers=numbers,
        remarks=(
            [f"{record.efficiency_note[0].upper()}{record.efficiency_note[1:]}."] if record.efficiency_note else []
        )
        + [f"Does not fit: {text}." for text in record.contradictions]
        + [
            f"Fault of the file: {fault.kind}, {fault.count} ({fault.detail}); {fault.action}."
            for fault in record.faults
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="cycles",
                title="Cycles",
                paragraphs=[
                    f"A cycle begins with the {record.opens_with} ({record.cell_kind_from}); its coulombic "
                    "efficiency is what comes back over what went in. The average is the mean over the whole cycles "
                    "after the first. A ratio that tells of no loss is no efficiency, and stands under the dash with "
                    "the reason: more comes back than went in, the cycle ends at another current or temperature than "
                    "the one before, or the end of the test cut it short. It is neither in the average nor in the "
                    "figure. The uncertainty of normalized numbers is that of mass and area: one error, common to all "
                    "cycles."
                ],
                drawings=[(drawings["cycles"], "All cycles.")],
                tables=[_trend_table(record), _cycle_table(record), _fragment_table(record)],
            ),
            *_stage_sections(record, drawings),
            *_pulse_sections(record, drawings),
            Section(
                id="curves",
                title="Voltage, dQ/dV and dV/dQ",
                paragraphs=[
                    "dQ/dV is a histogram of the charge over the voltage, smoothed: a sharp peak appears "
                    f"{plain(record.differential[0].resolution_mV if record.differential else None)} mV wide (FWHM), "
                    "and two peaks nearer than that appear as one. The constant-voltage stage is a peak at its "
                    "voltage, which the axis does not follow, nor the first cycle where there are others: all of "
                    "it is in dqdv.csv. Peaks of dV/dQ are the steps between plateaus; it is at constant current alone."
                ],
                drawings=[
                    (drawings[name], caption)
                    for name, caption in (
                        ("curves", "Voltage; cycles spread over the test, or those of --curves."),
                        ("dqdv", "dQ/dV, the discharge below 0; axes by the cycles after the first."),
                        ("dvdq", "dV/dQ, axes by the middle of the half cycles."),
                    )
                    if name in drawings
                ],
                tables=[_peak_table(record)],
            ),
            zoom_section(plots(record, beside)),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=max(len({curve.cycle for curve in record.differential}), len(record.stages), 1),
    )


def _cell_facts(record: CyclingRecord | CyclingSeriesRecord) -> list[tuple[str, str]]:
    return [
        ("Active mass", ABSENT if record.active_mass_mg is None else f"{measured(record.active_mass_mg)} mg"),
        ("Area", ABSENT if record.area_cm2 is None else f"{measured(record.area_cm2)} cm²"),
    ]


def _series_page(record: CyclingSeriesRecord, drawings: dict[str, Drawing]) -> Page:
    ending, unit = unit_of(record)
    values = [capacity(stage, f"capacity_{ending}") for stage in record.stages]
    spread = f", {plain(min(values))} to {plain(max(values))} {unit}" if values else ""
    n_stages = f"{len(record.stages)} stage{'s' * (len(record.stages) != 1)}"
    return Page(
        eyebrow="Cycling, a series",
        title=record.sample or f"{len(record.tests)} tests",
        facts=[("Tests", ", ".join(record.tests.values())), *_cell_facts(record)],
        headline=f"{n_stages} of one rate and temperature{spread}" if values else "No stage with a capacity",
        tone="good" if values else "none",
        remarks=[f"Does not fit: {text}." for text in record.contradictions],
        warnings=record.warnings,
        sections=[*_group_sections(record, drawings), *_stage_sections(record, drawings)]
        or [Section(id="stages", title="Stages", tables=[_stage_table(record)])],
        citations=record.citations,
        provenance=record.provenance,
        footer="The report of each test is in tests/. The same numbers, unrounded, are in result.json and its files.",
        n_series=max(len(record.stages), 1),
    )  # fmt: skip


def _stage_sections(record: CyclingRecord | CyclingSeriesRecord, drawings: dict[str, Drawing]) -> list[Section]:
    if "stages" not in drawings:
        return []
    said = (
        "A stage is a stretch of cycles whose current stays within 5 % and whose temperature within 3 K. Its capacity "
        "is the mean of what comes back, cycles cut short left out; bars are the standard deviation of one cycle. "
        "± in the table is that of mass and area, common to all stages."
    )
    return [
        Section(id="stages", title="Rate and temperature", paragraphs=[said],
                drawings=[(drawings["stages"], "Each stage once.")], tables=[_stage_table(record)])
    ]  # fmt: skip


def _group_sections(record: CyclingSeriesRecord, drawings: dict[str, Drawing]) -> list[Section]:
    if "cells" not in drawings:
        return []
    said = (
        "The tests are repeats of one: cycle for cycle at currents within 10 %, at temperatures within 3 K. The mean "
        "is over the cells that have the cycle whole; the band is a standard deviation from cell to cell, and holds "
        "what one cell's mass differs by from another's."
    )
    return [
        Section(id="cells", title="Cells alike", paragraphs=[said],
                drawings=[(drawings["cells"], "Mean and spread; all in cells.csv.")])
    ]  # fmt: skip


def _pulse_sections(record: CyclingRecord, drawings: dict[str, Drawing]) -> list[Section]:
    sections = []
    if record.diffusion:
        said = (
            "D = (4 / pi) L² [(dE/dt of equilibrium) / (dE/d√t)]², L the volume of a particle over its surface: a "
            "third of --particle-radius-um, or --film-thickness-um. A pulse is used as long as D t / L² is below 0.2, "
            "with a term that is linear in t beside √t. The uncertainty is that of the scatter of the rows alone."
        )
        problems: dict[str, int] = {}
        for row in record.diffusion:
            if row.problem is not None:
                problems[row.problem.split(",")[0]] = problems.get(row.problem.split(",")[0], 0) + 1
        left_out = [Listing(title="Without a diffusivity", lines=[f"{n}: {why}" for why, n in problems.items()])]
        sections.append(
            Section(id="diffusion", title="Diffusivity", paragraphs=[said], lists=left_out if problems else [],
                    drawings=[(drawings["diffusion"], "Each pulse or interruption once; all in diffusion.csv.")])
        )  # fmt: skip
    if record.pulses:
        said = (
            "R = (E - E before) / I at 0.1, 1, 10, 18 and 30 s into pulses of 90 s or less after a rest of 10 s or "
            "more. A time before the first row of a pulse, or after its last, has none."
        )
        sections.append(
            Section(id="pulses", title="Pulse resistance", paragraphs=[said],
                    drawings=[(drawings["pulses"], "Each pulse once; all in pulses.csv.")])
        )  # fmt: skip
    return sections


def _stage_table(record: CyclingRecord | CyclingSeriesRecord) -> Table:
    ending, unit = unit_of(record)
    table = Table("Stages (all in stages.csv)", [
        ("Test", ""), ("Cycles", ""), ("Current", "mA"), ("Rate", "C"), ("Temperature", "K"), ("Capacity", unit),
        ("One cycle's scatter", "%"), ("Over the first", "%"), ("Efficiency", "%"), ("Mean voltage", "V"),
        ("Polarization", "V"),
    ])  # fmt: skip
    for stage in record.stages:
        table.rows.append([
            Cell(stage.file), Cell(f"{stage.first_cycle}–{stage.last_cycle}"), Cell(plain(stage.current_mA)),
            Cell(measured(stage.c_rate_per_h), stage.c_rate_from),
            Cell(plain(stage.temperature_K, 4), stage.temperature_from),
            Cell(_stage_capacity(stage, ending)),
            Cell(ABSENT if stage.scatter_mAh is None else f"{100 * stage.scatter_mAh / stage.capacity_mAh:.2f}"),
            Cell(f"{100 * stage.over_first:.1f}"), Cell(_percent(stage.coulombic_efficiency)),
            Cell(plain(stage.mean_voltage_V, 4)), Cell(plain(stage.polarization_V)),
        ])  # fmt: skip
    return filled(table)


def _stage_capacity(stage: CyclingStage, ending: str) -> str:
    return plain(stage.capacity_mAh, 4) if ending == "mAh" else measured(stage.capacity_mAh_per_cm2)


def _trend_table(record: CyclingRecord) -> Table | None:
    if not record.trends:
        return None
    table = Table("Change per cycle (Theil and Sen), over the longest stage, the first cycle left out",
                  [("Quantity", ""), ("Per cycle", ""), ("95 %", ""), ("Cycles", "")])  # fmt: skip
    for trend in record.trends:
        table.rows.append([
            Cell(_QUANTITIES[trend.quantity]), Cell(plain(trend.per_cycle)), Cell(interval(trend.interval_95)),
            Cell(f"{trend.first_cycle}–{trend.last_cycle}"),
        ])  # fmt: skip
    return table


def _cycle_table(record: CyclingRecord) -> Table:
    ending, unit = unit_of(record)
    table = Table("Cycles (all in cycles.csv)", [
        ("Cycle", ""), ("Charge", unit), ("Discharge", unit), ("Efficiency", "%"),
        ("Energy efficiency", "%"), ("Retention", "%"),
        ("Mean voltage, charge", "V"), ("Mean voltage, discharge", "V"), ("CV share", "%"),
    ])  # fmt: skip
    places = np.unique(np.linspace(0, len(record.cycles) - 1, min(_ROWS, len(record.cycles))).astype(int))
    for row in (record.cycles[place] for place in places):
        charge, discharge = (
            plain(getattr(row, f"{half}_mAh"), 4) if ending == "mAh" else measured(getattr(row, f"{half}_{ending}"))
            for half in ("charge", "discharge")
        )
        table.rows.append([
            Cell(f"{row.cycle}", "cut short by the end of the test" if row.cut_short else None), Cell(charge),
            Cell(discharge), _efficiency(row), Cell(_percent(row.energy_efficiency)), Cell(_percent(row.retention)),
            Cell(plain(row.mean_charge_voltage_V, 4)), Cell(plain(row.mean_discharge_voltage_V, 4)),
            Cell(_percent(row.cv_share)),
        ])  # fmt: skip
    return filled(table)


def _efficiency(row: CycleRow) -> Cell:
    """The coulombic efficiency, or the ratio that is none under a dash."""
    if row.no_efficiency is None:
        return Cell(_percent(row.coulombic_efficiency))
    return Cell(ABSENT, f"{_percent(row.closing_over_opening)}: {row.no_efficiency}")


def _fragment_table(record: CyclingRecord) -> Table | None:
    if not record.fragments:
        return None
    count = len(record.fragments)
    shown = f", the first {_FRAGMENTS}" if count > _FRAGMENTS else ""
    table = Table(f"Left out of the half cycles: {count} stretch{'es' * (count > 1)} of current{shown}",
                  [("Rows", ""), ("After cycle", ""), ("", ""), ("Passes", "mAh"), ("Of the largest", "%"),
                   ("Lasts", "s"), ("Why", "")])  # fmt: skip
    for fragment in record.fragments[:_FRAGMENTS]:
        table.rows.append([
            Cell(f"{fragment.first_row}–{fragment.last_row}"), Cell(f"{fragment.after_cycle}"), Cell(fragment.half),
            Cell(plain(fragment.charge_mAh)), Cell(plain(100 * fragment.share_of_largest)),
            Cell(plain(fragment.duration_s)), Cell(fragment.why),
        ])  # fmt: skip
    return table


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.2f}"


def _peak_table(record: CyclingRecord) -> Table:
    table = Table("Peaks of dQ/dV", [("Cycle", ""), ("Half", ""), ("Peaks", "V")])
    for curve in record.differential:
        table.rows.append(
            [Cell(f"{curve.cycle}"), Cell(curve.half), Cell(", ".join(f"{v:.3f}" for v in curve.peaks_V))]
        )
    return table
