"""The report of `coordination`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, Drawing, series_colours
from paddlewheel.page.numbers import ABSENT, enumeration, measured, percent, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.coordination.record import LIFETIME, RADIAL, TIME, CoordinationRecord, CoordinationResult
from paddlewheel.studies.motion.page import facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 600


def figures(record: CoordinationRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    ion = record.specie
    drawn = {
        "gr": (
            _radial(record, beside.columns(RADIAL)),
            f"g(r) of the anions' centres around {ion}, with the running number.",
        )
    }
    if TIME in record.files.values():
        drawn["time"] = (_time(record, beside.columns(TIME)), f"Coordination number of {ion} over time and its shares.")
        drawn["lifetime"] = (_memory(record, beside.columns(LIFETIME)), "Correlation of the shells against time.")
    return drawn


def _colours(record: CoordinationRecord) -> dict[str, str]:
    names = [row.anion for row in record.results]
    return dict(zip(names, series_colours(len(names)), strict=True))


def _radial(record: CoordinationRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours, r = _colours(record), table["r_A"]
    for row in record.results:
        if f"g_{row.anion}" not in table:
            continue
        colour, g, std = colours[row.anion], table[f"g_{row.anion}"], table[f"std_{row.anion}"]
        left.plot(r, g, color=colour, lw=1.4, label=row.anion)
        left.fill_between(r, g - std, g + std, color=colour, alpha=0.2, lw=0)
        right.plot(r, table[f"coordination_{row.anion}"], color=colour, lw=1.4, label=row.anion)
        if row.cutoff_A is not None:
            for axes in (left, right):
                axes.axvline(row.cutoff_A, color=colour, lw=1.0, ls=(0, (4, 3)))
    left.axhline(1.0, color=MUTED, lw=0.8)
    left.set(xlim=(0, r[-1]), xlabel="distance r  (Å)", ylabel="g(r)", title="Anion centres around the ion")
    right.set(xlim=(0, r[-1]), xlabel="distance r  (Å)", ylabel="anions within r", title="Running number")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
    left.legend(loc="upper left")
    return figure


def _time(record: CoordinationRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.0))
    colours = _colours(record)
    told = [row for row in record.results if row.coordination is not None]
    size = max(1, table["time_ps"].size // _MOST_POINTS)
    for index, row in enumerate(told):
        n = table["time_ps"].size // size * size
        time, number = (table[name][:n].reshape(-1, size).mean(axis=1) for name in ("time_ps", row.anion))
        left.plot(time, number, color=colours[row.anion], lw=1.0, label=row.anion)
        at = np.arange(len(row.share)) + (index - (len(told) - 1) / 2) * 0.8 / len(told)
        right.bar(at, row.share, width=0.8 / len(told), color=colours[row.anion], label=row.anion)
    left.set(xlabel="time (ps)", ylabel="coordination number", title="Mean over the ions of the first run")
    left.set_ylim(bottom=0)
    right.set(xlabel="number of anions", ylabel="share of ions and frames", title="Distribution")
    right.legend()
    return figure


def _memory(record: CoordinationRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.0), layout="constrained")
    axes = figure.subplots()
    for name, colour in _colours(record).items():
        if name in table and np.isfinite(table[name]).any():
            axes.plot(table["lag_ps"], table[name], color=colour, lw=1.4, label=name)
    axes.axhline(np.exp(-1), color=INK, lw=0.9, ls=(0, (4, 3)), label="1/e")
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_xscale("log")
    axes.set(xlabel="time lag  (ps)", ylabel="correlation of the shell", title="How long neighbours stay neighbours")
    axes.legend(loc="lower left")
    return figure


def page(record: CoordinationRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    told = [row for row in record.results if row.coordination is not None]
    single = [row for row in told if row.anion != "all"]
    if single:
        parts = [f"{measured(row.coordination)} {row.anion}" for row in single]
        headline = f"{record.specie} has {enumeration(parts)} around it"
    else:
        headline = f"No anion forms a shell around {record.specie} that could be counted"
    numbers = [
        Number(
            name="all anions" if row.anion == "all" else row.anion,
            value=measured(row.coordination),
            note="" if row.cutoff_A is None else f"within {row.cutoff_A:.2f} Å ({row.cutoff_from})",
        )
        for row in told
    ]
    sections = [
        Section(
            id="gr",
            title="g(r)",
            paragraphs=[
                "All periodic images count; distances are those in the mean cell. Dashed: the cutoff of the shell."
            ],
            drawings=[(drawings["gr"], "Bands are standard errors from stretches of time.")],
            tables=[_table(record.results)],
        )
    ]
    if "time" in drawings:
        sections.append(
            Section(
                id="time",
                title="Coordination over time",
                drawings=[
                    (drawings["time"], "Coordination number over time, and its distribution over all ions and frames."),
                    (drawings["lifetime"], "1 at lag 0, 0 where only chance is left."),
                ],
            )
        )
    return Page(
        eyebrow="coordination",
        title=f"Anions around {record.specie} in {record.formula}",
        facts=facts(record),
        headline=headline,
        tone="good" if single else "none",
        numbers=numbers,
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.results),
    )


def _table(rows: list[CoordinationResult]) -> Table:
    table = Table(
        "Shells (± is the standard error: the larger of those over ions and over stretches of time)",
        [
            ("Anion", ""), ("In the cell", ""), ("g(r) peaks at", "Å"), ("Cutoff", "Å"), ("Coordination number", ""),
            ("Most common", ""), ("Lifetime of the shell", "ps"),
        ],
    )  # fmt: skip
    for row in rows:
        if row.coordination is None:
            refused = Cell("no shell", row.reason)
            table.rows.append([Cell(row.anion), Cell(str(row.n_anions)), refused, *(Cell(ABSENT) for _ in range(4))])
            continue
        common = int(np.argmax(row.share))
        table.rows.append(
            [
                Cell(row.anion),
                Cell(str(row.n_anions)),
                Cell(plain(row.peak_A)),
                Cell(plain(row.cutoff_A), row.cutoff_from),
                value_cell(row.coordination),
                Cell(str(common), percent(row.share[common])),
                _lifetime(row),
            ]
        )
    return table


def _lifetime(row: CoordinationResult) -> Cell:
    life = row.lifetime
    if life is None:
        return Cell(ABSENT)
    if life.time_ps is None:
        return Cell(f"> {plain(life.lower_bound_ps)}" if life.lower_bound_ps else ABSENT, life.reason)
    return Cell(measured(life.time_ps))
