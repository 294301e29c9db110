"""The report of `cycling`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.records import CyclingRecord, read_record
from paddlewheel.report.columns import Columns, read_columns
from paddlewheel.report.correlation_pages import Figures, write_page
from paddlewheel.report.drawing import BLUE, INK, ORANGE, Drawing, series_colours
from paddlewheel.report.numbers import ABSENT, interval, measured, plain
from paddlewheel.report.page import Number, Page, Section
from paddlewheel.report.tables import Cell, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS = 24
_QUANTITIES = {
    "retention": "Retention",
    "coulombic_efficiency": "Coulombic efficiency",
    "polarization_V": "Polarization (V)",
    "cv_share": "Share at constant voltage",
}


def write_cycling_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from `result.json` and the tables that it names.

    Raises
    ------
    InputError
        If `result.json` is no such record, or a table is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", CyclingRecord, made_by="cycling")
    tables = {
        name: read_columns(directory / file, made_by="cycling")
        for name, file in (("curves", "curves.csv"), ("dqdv", "dqdv.csv"))
    }
    return write_page(directory, lambda: _figures(record, tables), lambda drawings: _page(record, drawings))


def _unit(record: CyclingRecord) -> tuple[str, str]:
    """The field ending and the printed unit of capacities: per cm2 where there is an area, else of the cell."""
    return ("mAh_per_cm2", "mAh/cm²") if record.area_cm2 is not None else ("mAh", "mAh")


def _figures(record: CyclingRecord, tables: dict[str, Columns]) -> Figures:
    return {
        "cycles": (_cycles(record), "Capacity and coulombic efficiency against the cycle; polarization and CV share."),
        "curves": (_curves(record, tables), "Voltage against capacity, and dQ/dV against voltage, of some cycles."),
    }


def _cycles(record: CyclingRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    ending, unit = _unit(record)
    numbers = [row.cycle for row in record.cycles]
    for half, colour, marker in (("charge", BLUE, "o"), ("discharge", ORANGE, "s")):
        values = [_nan(getattr(row, f"{half}_{ending}")) for row in record.cycles]
        left.plot(numbers, values, marker, ms=3.5, color=colour, label=half)
    left.set(xlabel="cycle", title=f"Capacity ({unit}) and coulombic efficiency (%)")
    left.set_ylim(bottom=0)
    efficiency = left.twinx()
    efficiency.plot(
        numbers, [100 * _nan(row.coulombic_efficiency) for row in record.cycles], "^", ms=3.5, color=INK, label="CE"
    )
    efficiency.grid(visible=False)
    efficiency.set_ylim(top=102)
    handles = [*left.get_legend_handles_labels()[0], *efficiency.get_legend_handles_labels()[0]]
    left.legend(handles=handles, loc="lower left", ncols=3)
    right.plot(numbers, [_nan(row.polarization_V) for row in record.cycles], "o", ms=3.5, color=BLUE)
    right.set(xlabel="cycle", title="Polarization (V, ●), CV share of the charge (%, ■)")
    share = right.twinx()
    share.plot(numbers, [100 * _nan(row.cv_share) for row in record.cycles], "s", ms=3.5, color=ORANGE)
    share.grid(visible=False)
    share.set_ylim(0, max(1.0, *(110 * (row.cv_share or 0.0) for row in record.cycles)))
    return figure


def _curves(record: CyclingRecord, tables: dict[str, Columns]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = sorted({one.cycle for one in record.differential})
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    for number, colour in zip(shown, series_colours(max(len(shown), 1)), strict=False):
        for axes, table, x, y, scale in (
            (left, tables["curves"], "capacity_mAh", "voltage_V", (factor, 1.0)),
            (right, tables["dqdv"], "voltage_V", "dq_dv_mAh_per_V", (1.0, factor)),
        ):
            for charging in (1.0, 0.0):
                rows = (table["cycle"] == number) & (table["charging"] == charging)
                sign = 1.0 if axes is left or charging else -1.0
                axes.plot(scale[0] * table[x][rows], sign * scale[1] * table[y][rows], color=colour, lw=1.2,
                          label=f"cycle {number}" if charging and axes is left else None)  # fmt: skip
    _, unit = _unit(record)
    left.set(xlabel=f"capacity  ({unit})", ylabel="voltage  (V)", title="Voltage")
    left.legend(loc="center left", bbox_to_anchor=(0.0, 0.42))
    right.axhline(0, color=INK, lw=0.8)
    right.set(xlabel="voltage  (V)", ylabel=f"dQ/dV  ({unit}/V)", title="Differential capacity, discharge below")
    return figure


def _nan(value: float | None) -> float:
    return np.nan if value is None else value


def _page(record: CyclingRecord, drawings: dict[str, Drawing]) -> Page:
    first, average = record.initial_coulombic_efficiency, record.average_coulombic_efficiency
    kept = [row for row in record.cycles if row.retention is not None]
    numbers = [
        Number(name="initial coulombic efficiency", value=ABSENT if first is None else f"{100 * first:.2f}", unit="%"),
        Number(name="average after the first", value=ABSENT if average is None else f"{100 * average:.2f}", unit="%"),
    ]
    if kept:
        numbers.append(
            Number(name=f"of cycle {record.reference_cycle} after {kept[-1].cycle}",
                   value=f"{100 * (kept[-1].retention or 0):.1f}", unit="%")
        )  # fmt: skip
    resolution = record.differential[0].resolution_mV if record.differential else None
    return Page(
        eyebrow="Cycling",
        title=record.sample or record.file,
        facts=[
            ("File", record.file),
            ("Rows", f"{record.n_rows}"),
            ("Cycles", f"{len(record.cycles)}"),
            ("Working electrode", record.working),
            ("Active mass", ABSENT if record.active_mass_mg is None else f"{measured(record.active_mass_mg)} mg"),
            ("Area", ABSENT if record.area_cm2 is None else f"{measured(record.area_cm2)} cm²"),
        ],
        headline=(
            "No whole cycle"
            if first is None
            else f"{len(kept)} cycles with a capacity; coulombic efficiency {100 * first:.1f} % at first"
            + ("" if average is None else f", {100 * average:.2f} % on average after")
        ),
        tone="none" if first is None else "good",
        numbers=numbers,
        remarks=[f"Does not fit: {one}." for one in record.contradictions]
        + [f"Fault of the file: {one.kind}, {one.count} ({one.detail}); {one.action}." for one in record.faults],
        warnings=record.warnings,
        sections=[
            Section(
                id="cycles",
                title="Cycles",
                paragraphs=[
                    "A cycle begins with the charge of a cathode, with the discharge of an anode. The average "
                    "coulombic efficiency is the mean over all cycles after the first. The last cycle may be cut "
                    "short by the end of the test."
                ],
                drawings=[(drawings["cycles"], "All cycles.")],
                tables=[_trend_table(record), _cycle_table(record)],
            ),
            Section(
                id="curves",
                title="Voltage and dQ/dV",
                paragraphs=[
                    "dQ/dV is a histogram of the charge over the voltage, smoothed: a sharp peak appears "
                    f"{plain(resolution)} mV wide (FWHM), and two peaks nearer than that appear as one. The "
                    "constant-voltage stage is a peak at its voltage."
                ],
                drawings=[(drawings["curves"], "Cycles spread over the test.")],
                tables=[_peak_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(len({one.cycle for one in record.differential}), 1),
    )


def _trend_table(record: CyclingRecord) -> Table | None:
    if not record.trends:
        return None
    table = Table("Change per cycle (Theil and Sen), from the second cycle on",
                  [("Quantity", ""), ("Per cycle", ""), ("95 %", ""), ("Cycles", "")])  # fmt: skip
    for one in record.trends:
        table.rows.append([Cell(_QUANTITIES[one.quantity]), Cell(plain(one.per_cycle)), Cell(interval(one.interval_95)),
                           Cell(f"{one.n_cycles}")])  # fmt: skip
    return table


def _cycle_table(record: CyclingRecord) -> Table:
    ending, unit = _unit(record)
    table = Table("Cycles (all in cycles.csv)", [
        ("Cycle", ""), ("Charge", unit), ("Discharge", unit), ("Efficiency", "%"), ("Retention", "%"),
        ("Mean voltage, charge", "V"), ("Mean voltage, discharge", "V"), ("CV share", "%"),
    ])  # fmt: skip
    places = np.unique(np.linspace(0, len(record.cycles) - 1, min(_ROWS, len(record.cycles))).astype(int))
    for row in (record.cycles[place] for place in places):
        table.rows.append([
            Cell(f"{row.cycle}"), Cell(plain(getattr(row, f"charge_{ending}"), 4)),
            Cell(plain(getattr(row, f"discharge_{ending}"), 4)), Cell(_percent(row.coulombic_efficiency)),
            Cell(_percent(row.retention)), Cell(plain(row.mean_charge_voltage_V, 4)),
            Cell(plain(row.mean_discharge_voltage_V, 4)), Cell(_percent(row.cv_share)),
        ])  # fmt: skip
    return table


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.2f}"


def _peak_table(record: CyclingRecord) -> Table:
    table = Table("Peaks of dQ/dV", [("Cycle", ""), ("Half", ""), ("Peaks", "V")])
    for one in record.differential:
        table.rows.append([Cell(f"{one.cycle}"), Cell(one.half), Cell(", ".join(f"{v:.3f}" for v in one.peaks_V))])
    return table
