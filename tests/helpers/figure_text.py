"""The text of a matplotlib figure: its sizes, and what of it is cut by the edge."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

_PIXELS = 1.0


def _texts(figure: Figure) -> list[Text]:
    figure.draw_without_rendering()
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def sizes_pt(figure: Figure) -> list[float]:
    """Sizes of all text that is seen."""
    return [text.get_fontsize() for text in _texts(figure)]


def cut_texts(figure: Figure) -> list[str]:
    """Texts that reach over the edge of the figure. Labels of ticks outside their axis are not drawn."""
    outside = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
        if not _between(tick.get_loc(), axis.get_view_interval())
    }
    sheet = figure.bbox
    found = []
    for text in _texts(figure):
        box = text.get_window_extent()
        is_in = (
            box.x0 >= -_PIXELS and box.y0 >= -_PIXELS and box.x1 <= sheet.x1 + _PIXELS and box.y1 <= sheet.y1 + _PIXELS
        )
        if id(text) not in outside and not is_in:
            found.append(text.get_text())
    return found


def _between(value: float, ends: tuple[float, float]) -> bool:
    low, high = sorted(ends)
    return low - 1e-9 * (high - low) <= value <= high + 1e-9 * (high - low)
