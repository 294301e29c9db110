"""Figures of an `active` report: the fraction over thresholds and windows, and where the active ions start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    GRID,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    series_colours,
)
from paddlewheel.studies.active.record import ActiveRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FACES = (((0, 1), "ab"), ((0, 2), "ac"), ((1, 2), "bc"))


def curve_figure(record: ActiveRecord) -> Figure:
    """The active fraction against the threshold, a line for each window, with the counted point and the paper's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.subplots()
    for row, colour in zip(record.curves, series_colours(len(record.curves)), strict=True):
        x = np.array(row.thresholds_A2)
        value = np.array([one.value for one in row.fraction])
        std = np.array([one.std for one in row.fraction])
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
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="window")
    return figure


def map_figure(record: ActiveRecord) -> Figure:
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
            edgecolors=[INK if one else "none" for one in active], linewidths=1.4,
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
