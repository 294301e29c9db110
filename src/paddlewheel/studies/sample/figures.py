"""Figures of a sampling: the map of the candidates, by what was chosen and by where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, MUTED, ORANGE, PAPER, series_colours
from paddlewheel.page.numbers import kelvin, percent
from paddlewheel.records.tables import Columns
from paddlewheel.studies.label.page import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paddlewheel.studies.sample.record import SamplingRecord


def map_figure(record: SamplingRecord, columns: Columns) -> Figure:
    """First two components: all candidates in grey, beside each other what DIRECT and what chance chose.

    `columns` are those of ``map.csv``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.8), layout="constrained")
    coverage, shares = record.choice.coverage, record.choice.explained_variance
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    first, second = columns["component_1"], columns["component_2"]
    n_random = int((columns["random"] > 0).sum())
    added = f" and {record.choice.n_relaxed_added} relaxed" if record.choice.n_relaxed_added else ""
    ours = f"DIRECT: {n_random} frames{added}, coverage {percent(coverage.direct_mean)}"
    chance = f"At random: {n_random} frames, coverage {percent(coverage.random_mean.value)}"
    for axes, key, colour, title in ((panels[0], "chosen", BLUE, ours), (panels[1], "random", ORANGE, chance)):
        picked = columns[key] > 0
        others = thinned(np.flatnonzero(~picked))
        axes.scatter(first[others], second[others], s=7, color=MUTED, alpha=0.35, linewidths=0)
        axes.scatter(first[picked], second[picked], s=24, color=colour, edgecolors=PAPER, linewidths=0.5)
        axes.set_title(title)
        axes.set_xlabel(f"component 1  ({percent(shares[0])} of the variance)")
    panels[0].set_ylabel(f"component 2  ({percent(shares[1])} of the variance)" if len(shares) > 1 else "")
    return figure


def origin_figure(record: SamplingRecord, columns: Columns) -> Figure:
    """The same map by where candidates come from: colour for temperature, one panel for each structure."""
    from matplotlib.figure import Figure

    names = [structure.name for structure in record.structures]
    temperatures = sorted({float(value) for value in columns["temperature_K"]})
    colours = series_colours(len(temperatures))
    n_columns = min(3, len(names))
    n_rows = -(-len(names) // n_columns)
    figure = Figure(figsize=(10.4, 0.6 + 3.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(panels, names, strict=False):
        _draw_origin(axes, columns, name, temperatures, colours)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(8, len(labels)), markerscale=2.2)
    return figure


def _draw_origin(axes: Axes, columns: Columns, name: str, temperatures: list[float], colours: list[str]) -> None:
    mine = columns["structure"] == name
    others = thinned(np.flatnonzero(~mine))
    axes.scatter(
        columns["component_1"][others], columns["component_2"][others], s=5, color=MUTED, alpha=0.2, linewidths=0
    )
    for value, colour in zip(temperatures, colours, strict=True):
        at = thinned(np.flatnonzero(mine & (columns["temperature_K"] == value)))
        axes.scatter(
            columns["component_1"][at], columns["component_2"][at], s=9, color=colour, alpha=0.7, linewidths=0,
            label=kelvin(value),
        )  # fmt: skip
    axes.set_title(name)
    axes.set_xlabel("component 1")
    axes.set_ylabel("component 2")
    axes.label_outer()
