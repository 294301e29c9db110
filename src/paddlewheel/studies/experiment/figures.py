"""The figure of `validate --experiment`: predicted against measured, both logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import GRID, INK, MUTED, SeriesStyle, series_styles
from paddlewheel.studies.experiment.record import ExperimentRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_FAMILIES = 7
_OTHERS = "others"
_FARTHEST_DECADES = 6.0
"""Beyond the range of the measurements a prediction is drawn at the edge."""


def parity_figure(rows: Sequence[ExperimentRow], styles: dict[str, SeriesStyle]) -> Figure | None:
    """The rows of one potential, by family; None where none of them has a prediction."""
    from matplotlib.figure import Figure

    told = [row for row in rows if _predicted(row) is not None]
    if not told:
        return None
    figure = Figure(figsize=(10.4, 5.6), layout="constrained")
    axes = figure.subplots()
    low, high = _limits(told)
    along = np.array([low[0], high[0]])
    axes.fill_between(along, along / 10, along * 10, color=GRID, alpha=0.6, lw=0, zorder=0, label="factor of 10")
    axes.plot(along, along, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=1)
    for family, style in styles.items():
        members = [row for row in told if _shown_family(row.family, styles) == family]
        if members:  # filled in the legend, whether or not its first is a bound
            axes.plot([], [], marker=style.marker, ms=6, ls="", color=style.colour, label=family)
        for row in members:
            _draw(axes, row, style, floor=low[1])
    axes.set(xscale="log", yscale="log", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set(xlabel="measured conductivity  (S/cm)", ylabel="predicted conductivity  (S/cm)")
    axes.set_title("Bars: 95 %, statistical; arrows: upper bounds")
    figure.legend(loc="outside right center")
    return figure


def family_styles(rows: Sequence[ExperimentRow]) -> dict[str, SeriesStyle]:
    """How each family is drawn: the largest have a style of their own, the rest one together."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.family] = counts.get(row.family, 0) + 1
    largest = sorted(counts, key=lambda name: (name == _OTHERS, -counts[name], name))[:_MOST_FAMILIES]
    names = [name for name in largest if name != _OTHERS]
    if len(counts) > len(names):
        names.append(_OTHERS)
    return dict(zip(names, series_styles(len(names)), strict=True))


def _shown_family(family: str, styles: dict[str, SeriesStyle]) -> str:
    return family if family in styles else _OTHERS


def _predicted(row: ExperimentRow) -> float | None:
    return row.predicted.value if row.predicted is not None else row.predicted_upper_bound_95_S_per_cm


def _limits(rows: Sequence[ExperimentRow]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower and upper ends of both axes."""
    measured = np.log10([row.measured_S_per_cm for row in rows])
    found = np.log10([_predicted(row) or math.nan for row in rows])
    found = np.clip(found, measured.min() - _FARTHEST_DECADES, measured.max() + _FARTHEST_DECADES)
    left, right = measured.min() - 0.6, measured.max() + 0.6
    bottom, top = min(left, found.min() - 0.6), max(right, found.max() + 0.6)
    return (float(10**left), float(10**bottom)), (float(10**right), float(10**top))


def _draw(axes: Axes, row: ExperimentRow, style: SeriesStyle, *, floor: float) -> None:
    x, y = row.measured_S_per_cm, max(_predicted(row) or math.nan, 1.5 * floor)
    is_value = row.predicted is not None
    if row.predicted is not None and row.predicted.interval_95 is not None:
        low, high = row.predicted.interval_95
        axes.plot([x, x], [max(low, floor), high], color=style.colour, lw=1.0, alpha=0.6, zorder=2)
    axes.plot(
        [x], [y], marker=style.marker, ms=6, ls="", color=style.colour, mfc=style.colour if is_value else "none",
        zorder=3,
    )  # fmt: skip
    arrow = {"arrowstyle": "-|>", "color": style.colour if is_value else MUTED, "lw": 0.9}
    if not is_value:
        axes.annotate("", (x, y / 8), (x, y), arrowprops=arrow | {"color": style.colour}, zorder=2)
    if row.measured_is_bound:
        axes.annotate("", (x / 4, y), (x, y), arrowprops=arrow, zorder=2)
