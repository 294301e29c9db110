"""Ticks and texts that fit their figure: on the page, and in the columns of a journal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.page.numbers import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis, Tick
    from matplotlib.figure import Figure
    from matplotlib.text import Text

COLUMN_MM, PAGE_MM = 85.0, 170.0
"""Widths of one and of two columns of most journals."""
_MM_PER_INCH = 25.4
_ONE_COLUMN_INCHES = 7.0
"""Figures of one panel that were drawn up to this width are for one column."""
_SMALLEST_pt, _LARGEST_pt = 7.0, 8.0
_THINNER = 0.7
_LETTER = 0.65
"""Width of a letter over the size of its text, at most on average."""
_STEPPED_DECADES, _DIVIDED_DECADES, _PLAIN_DECADES = 0.6, 2.0, 3.2
"""Up to which length a logarithmic axis has steps of one size, ticks at 1, 2 and 5, and plain numbers at all."""


def tidy_ticks(figure: Figure) -> None:
    """Give logarithmic axes few plain numbers, and horizontal ones no more than stand side by side.

    matplotlib's own labels of an axis of about a decade (2 × 10⁻², 3 × 10⁻², ...) run into each other. What a study
    has chosen itself stays.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                _give_ends(axis)
                if axis.isDefault_minfmt:
                    _plain_log_ticks(axis)
        _spread_ticks(axes)


def fit_column(figure: Figure) -> None:
    """Make a figure as wide as a journal's column or page, with text of 7 to 8 points and thinner lines.

    It is laid out anew; titles and labels that are too long for their panel are broken into lines. A figure that was
    drawn for the whole width of a report fills both columns. Its text is larger beside the panels than in the report,
    for which it becomes a little taller.
    """
    width, height = figure.get_size_inches()
    grids = [place.get_gridspec() for axes in figure.axes if (place := axes.get_subplotspec()) is not None]
    is_laid_out, side_by_side = bool(grids), max((grid.ncols for grid in grids), default=1)
    is_narrow = width <= _ONE_COLUMN_INCHES and side_by_side == 1
    column_mm, taller = (COLUMN_MM, 1.3) if is_narrow else (PAGE_MM, 1.15)
    if all(axes.get_aspect() != "auto" for axes in figure.axes):  # equal scales: the width says how high it is
        taller = 1.05
    share = column_mm / _MM_PER_INCH / width
    figure.set_size_inches(width * share, height * share * (taller if is_laid_out else 1.0))
    if not is_laid_out:  # a picture
        return
    _shrink(figure)
    tidy_ticks(figure)
    _break_long_text(figure)
    lay_out(figure, "constrained")
    if _break_long_text(figure):
        lay_out(figure, "constrained")


def lay_out(figure: Figure, engine: Literal["constrained"] | None = None) -> None:
    """Place the panels once, by the figure's own engine or the one given: each drawing would do it again."""
    if engine is not None:
        figure.set_layout_engine(engine)
    chosen = figure.get_layout_engine()
    if chosen is not None:
        chosen.execute(figure)
        figure.set_layout_engine(None)


def _give_ends(axis: Axis) -> None:
    """A logarithmic axis on which nothing is shown keeps the ends of a linear one in matplotlib, of which one is below
    0, and cannot be drawn."""
    if min(axis.get_view_interval()) <= 0:
        axis.set_view_interval(1.0, 10.0, ignore=True)


def _plain_log_ticks(axis: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    axis.set_minor_formatter(NullFormatter())
    if not (axis.isDefault_majloc and axis.isDefault_majfmt):
        return
    low, high = sorted(axis.get_view_interval())
    decades = math.log10(high / low)
    if decades > _PLAIN_DECADES:
        return
    if decades < _STEPPED_DECADES:
        axis.set_major_locator(MaxNLocator(nbins=5))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < _DIVIDED_DECADES else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    """0.02, 300 or 2 × 10⁻⁵: without zeros at the end."""
    number, times, power = plain(value, 4).partition(" × ")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + times + power


def _spread_ticks(axes: Axes) -> None:
    """Fewer ticks where the labels of the horizontal axis would touch."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    locator = axes.xaxis.get_major_locator()
    for bins in (6, 4, 3, 2):
        labels = [label for label in axes.get_xticklabels() if label.get_visible() and label.get_text()]
        room_pt = 72 * axes.get_window_extent().width / axes.figure.dpi
        if sum((_letters(label) + 1) * _LETTER * float(label.get_fontsize()) for label in labels) < room_pt:
            return  # by far: to measure them takes time
        boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
        if all(left.x1 + 0.5 * left.height < right.x0 for left, right in pairwise(boxes)):
            return
        if isinstance(locator, LogLocator):
            locator.set_params(subs=(1.0,))
        elif isinstance(locator, MaxNLocator):
            locator.set_params(nbins=bins)
        else:
            return


def _letters(label: Text) -> int:
    """Letters of a tick, without the marks of mathematical text."""
    return len(re.sub(r"\\mathdefault|[${}^]", "", label.get_text()))


def _shrink(figure: Figure) -> None:
    """Text to 7 to 8 points, lines and marks to seven tenths."""
    from matplotlib.collections import Collection, PathCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    for mark in figure.findobj():
        if isinstance(mark, Text):
            mark.set_fontsize(min(max(float(mark.get_fontsize()) - 1.0, _SMALLEST_pt), _LARGEST_pt))
        elif isinstance(mark, Line2D):
            mark.set_linewidth(_THINNER * mark.get_linewidth())
            mark.set_markersize(_THINNER * mark.get_markersize())
            mark.set_markeredgewidth(_THINNER * mark.get_markeredgewidth())
        elif isinstance(mark, Patch):
            mark.set_linewidth(_THINNER * mark.get_linewidth())
        elif isinstance(mark, Collection):
            mark.set_linewidth([_THINNER * width for width in np.atleast_1d(mark.get_linewidth())])
            if isinstance(mark, PathCollection):
                mark.set_sizes(_THINNER**2 * np.asarray(mark.get_sizes()))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_tick_params("major", **_like(axis.get_major_ticks(1)[0]))
            axis.set_tick_params("minor", **_like(axis.get_minor_ticks(1)[0]))


def _like(tick: Tick) -> dict[str, Any]:
    """How ticks that are made later become like this one."""
    return {
        "labelsize": tick.label1.get_fontsize(),
        "length": tick.tick1line.get_markersize(),
        "width": tick.tick1line.get_markeredgewidth(),
    }


def _break_long_text(figure: Figure) -> bool:
    """Break titles and labels that are longer than their side of the panel into lines; whether there were any."""
    broken = False
    for axes in figure.axes:
        for text, side, room in _texts(axes, figure):
            before = text.get_text()
            words, count = before.split(), before.count("\n") + 1
            while count < len(words) and getattr(text.get_window_extent(), side) > room:
                count += 1
                text.set_text(_in_lines(words, count))
            broken |= text.get_text() != before
    return broken


def _texts(axes: Axes, figure: Figure) -> Iterator[tuple[Text, str, float]]:
    """Titles and labels, the side along which they run, and the room they have there, in pixels."""
    from matplotlib.text import Text

    panel = axes.get_window_extent()
    panels = [other.get_window_extent() for other in figure.axes]
    beside = [other.x0 for other in panels if other.x0 >= panel.x1 and other.y0 < panel.y1 and other.y1 > panel.y0]
    words = {axes.get_title(loc) for loc in ("left", "center", "right")} - {""}
    for child in axes.get_children():
        if isinstance(child, Text) and child.get_text() in words:
            yield child, "width", min(beside, default=figure.bbox.x1) - panel.x0
    if axes.get_xlabel():
        yield axes.xaxis.label, "width", 1.15 * panel.width
    if axes.get_ylabel():
        yield axes.yaxis.label, "height", 1.15 * panel.height


def _in_lines(words: list[str], count: int) -> str:
    """Words in lines of about one length."""
    room = len(" ".join(words)) / count
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 0.5 * len(word) > room and len(lines) < count:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
