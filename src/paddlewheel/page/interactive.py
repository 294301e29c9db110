"""Figures in which a reader zooms: plotly.js in the page itself, its data beside it, nothing from the network.

The bundle is plotly.js-basic-dist-min 2.35.2 (MIT, 1.07 MB; scatter, bar and pie), vendored with its licence. It runs
under the page's content policy, named by its hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.page import (
    HERE,
    Section,
    asset_script,
    json_for_script,
)

if TYPE_CHECKING:
    from markupsafe import Markup

CREDIT = "Figures to zoom in are drawn by plotly.js (MIT), whose licence is in the source of this page."
_MOST_POINTS = 60_000
"""Points of all plots of a page together: 60,000 are about 1.2 MB."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series of a plot.

    Attributes
    ----------
    name, colour
        As in the legend, and one of the colours of the still figures.
    x, y
        `[n]`; what is not finite is a gap.
    mode
        ``lines``, ``markers`` or ``lines+markers``.
    group
        Series of one group are shown and hidden together; the first of a group stands in the legend.
    axes
        Of a plot with several panels: such as ``x2 y2``.
    style
        Further keys of a plotly trace, such as ``line`` or ``marker``.
    """

    name: str
    colour: str
    x: np.ndarray
    y: np.ndarray
    mode: str = "lines"
    group: str | None = None
    axes: str = "x y"
    style: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure to zoom in.

    Attributes
    ----------
    id, title
        Letters and hyphens, one of a page; what it shows.
    axes
        plotly's `xaxis`, `yaxis`, ... each with `title` and what else it needs.
    """

    id: str
    title: str
    lines: Sequence[Line]
    axes: dict[str, dict[str, Any]]


def zoom_section(plots: Sequence[Plot]) -> Section:
    """The section that holds the plots, with their data; the page needs `zoom_scripts` and `CREDIT`."""
    from markupsafe import Markup

    n_points = sum(len(line.x) for plot in plots for line in plot.lines)
    step = max(1, -(-n_points // _MOST_POINTS))
    boxes = Markup("").join(
        Markup('<div id="{}" class="zoomed" hidden role="img" aria-label="{}"></div>\n').format(plot.id, plot.title)
        for plot in plots
    )
    data = json_for_script([_plain(plot, step) for plot in plots])
    thinned = f" Every {step}th point is shown." if step > 1 else ""
    return Section(
        id="zoom",
        title="Zoom",
        paragraphs=[
            "Drag to zoom, double-click to see all again; a click in the legend hides a series, a double-click shows "
            f"it alone.{thinned} The tables beside this report have all numbers."
        ],
        html=boxes + Markup('<script type="application/json" id="plots-data">{}</script>\n').format(data),
    )


def zoom_scripts() -> list[Markup]:
    """plotly.js with its licence, and what draws the plots with it."""
    from markupsafe import Markup

    licence = (HERE / "assets" / "plotly-LICENSE.txt").read_text(encoding="utf-8").replace("*/", "* /")
    library = (HERE / "assets" / "plotly-basic.min.js").read_text(encoding="utf-8")
    return [Markup(f"/*\n{licence}*/\n{library}"), asset_script("plots.js")]


def _plain(plot: Plot, step: int) -> dict[str, Any]:
    groups: set[str] = set()
    traces = []
    for line in plot.lines:
        first = line.group is None or line.group not in groups
        groups |= {line.group or ""}
        xaxis, yaxis = line.axes.split()
        kept = _kept(len(line.x), step)
        traces.append(
            {"name": line.name, "colour": line.colour, "mode": line.mode, "x": _numbers(line.x[kept]),
             "y": _numbers(line.y[kept]), "xaxis": xaxis, "yaxis": yaxis, "showlegend": first}
            | ({} if line.group is None else {"legendgroup": line.group})
            | line.style
        )  # fmt: skip
    axes = {name: axis | {"title": {"text": axis["title"]}} for name, axis in plot.axes.items()}
    return {"id": plot.id, "title": plot.title, "traces": traces, "axes": axes}


def _kept(count: int, step: int) -> np.ndarray:
    places = np.arange(0, count, step)
    return places if count == 0 or places[-1] == count - 1 else np.append(places, count - 1)


def _numbers(values: np.ndarray) -> list[float | None]:
    """Six significant figures; null for what is not finite."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
