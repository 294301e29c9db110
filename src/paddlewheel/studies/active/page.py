"""The report of `active`: the share over thresholds and windows, and where the ions start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import GRID, INK, MUTED, ORANGE, PAPER, Drawing, series_colours
from paddlewheel.page.numbers import ABSENT, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.active.record import ActivePoint, ActiveRecord
from paddlewheel.studies.motion.page import facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_IONS = 200
_FACES = (((0, 1), "ab"), ((0, 2), "ac"), ((1, 2), "bc"))


def figures(record: ActiveRecord, _beside: Beside) -> Figures:
    """The figures of the report."""
    return {
        "active": (
            _curve_figure(record),
            "Share of active ions against the threshold of the MSD, for several windows.",
        ),
        "starts": (
            _map_figure(record),
            "Where the ions start, along the three axes of the cell, coloured by their MSD.",
        ),
    }


def _curve_figure(record: ActiveRecord) -> Figure:
    """The active fraction against the threshold, a line for each window, with the counted point and the paper's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for row, colour in zip(record.curves, series_colours(len(record.curves)), strict=True):
        x = np.array(row.thresholds_A2)
        value = np.array([share.value for share in row.fraction])
        std = np.array([share.std for share in row.fraction])
        axes.fill_between(x, np.maximum(value - std, 0), np.minimum(value + std, 1), color=colour, alpha=0.18, lw=0)
        axes.plot(x, value, color=colour, marker="o", ms=3, label=f"{row.window_ps:g} ps")
    counted = record.counted
    for point, marker, label in ((counted, "D", "counted"), (record.paper, "*", "paper: 21 Å² over 1 ns")):
        if point.fraction is not None:
            axes.errorbar(
                point.threshold_A2, point.fraction.value, yerr=point.fraction.std, color=ORANGE, marker=marker,
                ms=9 if marker == "D" else 13, mfc=PAPER, mew=1.6, elinewidth=1.6, lw=0, label=label, zorder=5,
            )  # fmt: skip
    if record.paper.fraction is None:
        axes.axvline(record.paper.threshold_A2, color=MUTED, lw=1, ls=(0, (4, 3)), label="the paper's threshold")
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("threshold of the MSD  (Å²)")
    axes.set_ylabel(f"active share of {record.specie}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="window")
    return figure


def _map_figure(record: ActiveRecord) -> Figure:
    """Where the ions of the first run start, seen along the three axes of the cell: colour is the MSD, a ring means
    active; anion centres in grey."""
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    ions = [ion for ion in record.ions if ion.run == 0]
    places = np.array([ion.start_fractional for ion in ions])
    msd = np.maximum([ion.msd_A2 for ion in ions], 1e-2)
    active = np.array([ion.active for ion in ions])
    figure = Figure(figsize=(10.4, 3.5), layout="constrained")
    panels = figure.subplots(1, 3)
    limit = max(record.counted.threshold_A2, 1e-2)
    norm = LogNorm(vmin=min(float(msd.min()), 0.5 * limit), vmax=max(float(msd.max()), limit))
    shapes = "shpX"
    for axes, ((i, j), name) in zip(panels, _FACES, strict=True):
        for number, (anion, centres) in enumerate(record.anion_centres.items()):
            at = np.array(centres)
            axes.scatter(
                at[:, i], at[:, j], s=110, marker=shapes[number % len(shapes)], facecolors=GRID, edgecolors=MUTED,
                linewidths=0.8, label=anion,
            )  # fmt: skip
        drawn = axes.scatter(
            places[:, i], places[:, j], c=msd, norm=norm, cmap="viridis", s=34, zorder=3,
            edgecolors=[INK if moves else "none" for moves in active], linewidths=1.4,
        )  # fmt: skip
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel(f"along {name[0]}")
        axes.set_ylabel(f"along {name[1]}")
        axes.set_aspect("equal")
    figure.colorbar(drawn, ax=panels, label=f"MSD over {record.counted.window_ps:g} ps  (Å²)", shrink=0.9, format="%g")
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def page(record: ActiveRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    counted = record.counted
    return Page(
        eyebrow="active ions",
        title=f"Which {record.specie} move",
        facts=facts(record),
        headline=f"{counted.n_active} of {counted.n_ions} {record.specie} are active: an MSD of "
        f"{counted.threshold_A2:g} Å² or more over {counted.window_ps:g} ps.",
        numbers=[
            Number(name="Active share", value=measured(counted.fraction), note=_definition(counted)),
            Number(
                name="By the paper's definition", value=measured(record.paper.fraction),
                note=record.paper.reason or _definition(record.paper),
            ),
        ],
        warnings=record.warnings,
        sections=[
            Section(
                id="curve",
                title="Over windows and thresholds",
                paragraphs=["An ion counts where its MSD over the window, averaged over all time origins, is at least "
                            "the threshold: the number means nothing without both."],
                drawings=[(drawings["active"], "Bands: 68 %.")],
                tables=[_curve_table(record)],
            ),
            Section(
                id="starts",
                title="Which ions, and where they start",
                drawings=[
                    (drawings["starts"], "Ringed: active. Grey: centres of the anions. First frame of the first run.")
                ],
                tables=[_start_table(record), _ion_table(record)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.curves),
    )  # fmt: skip


def _definition(point: ActivePoint) -> str:
    return f"MSD of at least {point.threshold_A2:g} Å² over {point.window_ps:g} ps"


def _curve_table(record: ActiveRecord) -> Table:
    """The share at every window and threshold."""
    thresholds = record.curves[0].thresholds_A2
    table = Table(
        "Active share: rows are thresholds of the MSD, columns windows",
        [("Threshold", "Å²"), *((f"{row.window_ps:g}", "ps") for row in record.curves)],
    )
    for i, threshold in enumerate(thresholds):
        table.rows.append([Cell(f"{threshold:g}"), *(Cell(measured(row.fraction[i])) for row in record.curves)])
    return table


def _start_table(record: ActiveRecord) -> Table | None:
    """Activity by the type of anion that an ion starts at; None without anions."""
    if not record.starts:
        return None
    table = Table(
        "By the anion that an ion starts nearest to (in units of its usual distance)",
        [("Anion", ""), ("Ions", ""), ("Active", ""), ("Share", "")],
    )
    for row in record.starts:
        table.rows.append(
            [Cell(row.nearest_anion), Cell(str(row.n_ions)), Cell(str(row.n_active)), Cell(measured(row.fraction))]
        )
    return table


def _ion_table(record: ActiveRecord) -> Table:
    """The ions, the fastest first."""
    ions = sorted(record.ions, key=lambda ion: -ion.msd_A2)[:_MOST_IONS]
    cutoffs = record.coordination_cutoffs_A
    left_out = len(record.ions) - len(ions)
    more = f"; {left_out} more are in ions.csv" if left_out else ""
    table = Table(
        f"Ions, the fastest first{more}",
        [("Atom", ""), ("Run", ""), ("MSD", "Å²"), ("Active", ""), ("Start", "a, b, c"), ("Nearest anion", ""),
         *((f"{name} around", f"within {plain(cutoff)} Å") for name, cutoff in cutoffs.items())],
    )  # fmt: skip
    for ion in ions:
        near = None if ion.nearest_distance_A is None else f"{ion.nearest_distance_A:.2f} Å"
        table.rows.append(
            [
                Cell(str(ion.index)),
                Cell(str(ion.run)),
                Cell(plain(ion.msd_A2)),
                Cell("yes" if ion.active else "no"),
                Cell(", ".join(f"{x:.3f}" for x in ion.start_fractional)),
                Cell(ion.nearest_anion or ABSENT, near),
                *(Cell(str(ion.coordination.get(name, 0))) for name in cutoffs),
            ]
        )
    return table
