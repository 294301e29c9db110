"""Nyquist and Bode figures of `eis`: equal scales, whole decades of frequency marked, the fast part enlarged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAPER, series_styles
from paddlewheel.page.numbers import prefixed, superscript
from paddlewheel.records.tables import Columns
from paddlewheel.studies.eis.labels import columns_of_legend, label
from paddlewheel.studies.eis.record import SpectrumResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _FLATTEST = 0.75, 0.45
"""Of a panel over its width, at most and at least; both axes have one scale."""
_ENLARGED_BELOW = 0.1
"""Of the width of the panel: what ends there is enlarged in an inset."""
_TOP_BELOW = 0.3
"""Of the highest frequency: an arc whose top lies above it is not seen as one."""
_LEAST_ENLARGED = 5
"""Points that an inset is worth."""
_MARGIN = 1.08
_NEAREST_DECADES = 0.12
"""From a whole decade, up to which a point stands for it."""
_APART = 0.12
"""Of the panel's width between the numbers of decades."""
_INSET = 0.4
_CORNERS = ((0.14, 0.56), (0.58, 0.56), (0.58, 0.14))
"""Where insets may stand, and their size, as shares of the panel."""
_IS_TAU = re.compile(r"tau\d*_s")
_DECADES = "whole decades of frequency (Hz)"


@dataclass(frozen=True)
class _View:
    """What a panel shows: ohm from `low` up on the vertical axis, from 0 to `width` on the other."""

    width: float
    low: float
    height: float = _HEIGHT


def nyquist(rows: Sequence[SpectrumResult], points: Sequence[Columns], *, to_ohm: float | None = None) -> Figure:
    """Measured points, the fitted circuit, and the total resistance, a panel a spectrum; up to `to_ohm` if given."""
    from matplotlib.figure import Figure

    chosen = range(len(rows))
    totals = [rows[k].resistances_ohm.total for k in chosen]
    ends = [None if total is None else total.value for total in totals]
    views = [_view_of(points[k], end, to_ohm) for k, end in zip(chosen, ends, strict=True)]
    insets = [
        _enlarged([points[k]], 1.5 * _fast_end(rows[k], view.width)) for k, view in zip(chosen, views, strict=True)
    ]
    height = _HEIGHT if any(insets) else _height([points[k] for k in chosen], views)
    columns = 1 if len(chosen) == 1 else 2 if len(chosen) in (2, 4) else 3
    lines = -(-len(chosen) // columns)
    width = {1: 6.4, 2: 8.4, 3: 10.4}[columns]
    figure = Figure(figsize=(width, lines * (height * (width / columns - 0.75) + 0.7) + 0.6), layout="compressed")
    panels: Any = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, k, end, view, within in zip(panels, chosen, ends, views, insets, strict=False):
        data, seen = points[k], replace(view, height=height)
        if within is not None:
            seen = _with_room([data], seen)
        unit = _draw(panel, data, seen, end)
        panel.set_title(label(rows[k]))
        if within is not None:
            axes = _inset(panel, [data], seen)
            _draw(axes, data, within, end if end is not None and end < within.width else None, unit)
    for panel in panels[len(chosen) :]:
        panel.set_visible(False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def together(
    rows: Sequence[SpectrumResult], points: Sequence[Columns], *, to_ohm: float | None = None
) -> Figure | None:
    """All spectra in one Nyquist plot, up to `to_ohm` where it is given; None for a spectrum alone."""
    if len(rows) < 2:
        return None
    from matplotlib.figure import Figure

    chosen = range(len(rows))
    totals = [row.resistances_ohm.total for row in (rows[k] for k in chosen)]
    views = [
        _view_of(points[k], None if total is None else total.value, to_ohm)
        for k, total in zip(chosen, totals, strict=True)
    ]
    widest = max(view.width for view in views)
    low = min(view.low for view in views)
    small = [view.width for view in views if view.width < _ENLARGED_BELOW * widest]
    within = _enlarged([points[k] for k in chosen], max(small, default=0.0))
    drawn = [points[k] for k in chosen]
    everything = _View(width=widest, low=low)
    height = _HEIGHT if within is not None else _height(drawn, [everything] * len(drawn))
    view = replace(everything, height=height)
    if within is not None:
        view = _with_room(drawn, view)
    words = [*(label(rows[k]) for k in chosen), "decades of Hz"]
    columns = columns_of_legend(words)
    figure = Figure(figsize=(6.4, 5.8 * height + 0.6 + 0.22 * -(-len(words) // columns)), layout="compressed")
    panel = figure.subplots()
    styles = series_styles(len(chosen))
    scale = _frame(panel, view)

    def draw(axes: Axes, scale: float, size: float) -> None:
        for style, k in zip(styles, chosen, strict=True):
            data = points[k]
            at = _decades(data["frequency_Hz"])
            x, y = data["Z_real_ohm"] / scale, -data["Z_imag_ohm"] / scale
            axes.plot(data["fit_real_ohm"] / scale, -data["fit_imag_ohm"] / scale, ls=style.line, color=style.colour,
                      lw=1.0)  # fmt: skip
            axes.plot(x, y, style.marker, ms=3.6, mfc="none", mec=style.colour, mew=0.9, label=label(rows[k]))
            axes.plot(x[at], y[at], style.marker, ms=size, color=style.colour)

    draw(panel, scale, 5.0)
    panel.plot([], [], "o", ms=5.0, color=MUTED, label=words[-1])
    if within is not None:
        axes = _inset(panel, drawn, view)
        draw(axes, _frame(axes, within, scale), 4.0)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=columns)
    return figure


def bode(rows: Sequence[SpectrumResult], points: Sequence[Columns]) -> Figure:
    """Modulus and phase of all spectra against frequency, points measured, lines fitted."""
    from matplotlib.figure import Figure

    chosen = range(len(rows))
    figure = Figure(figsize=(6.4, 6.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for style, k in zip(series_styles(len(chosen)), chosen, strict=True):
        data = points[k]
        order = np.argsort(data["frequency_Hz"])
        for part, words in (("fit", None), ("Z", label(rows[k]))):
            z = (data[f"{part}_real_ohm"] + 1j * data[f"{part}_imag_ohm"])[order]
            look: dict[str, Any] = {"color": style.colour, "label": words}
            look |= (
                {"ls": "none", "marker": style.marker, "ms": 3.4, "mfc": "none", "mew": 0.9}
                if words
                else {"ls": style.line, "lw": 1.0}
            )
            upper.loglog(data["frequency_Hz"][order], np.abs(z), **look)
            lower.semilogx(data["frequency_Hz"][order], -np.degrees(np.angle(z)), **look)
    for panel in (upper, lower):
        panel.minorticks_off()  # of eight decades they say nothing
    upper.set_ylabel("|Z| (Ω)")
    lower.set(xlabel="frequency (Hz)", ylabel="−phase (°)")
    ncols = columns_of_legend([label(rows[k]) for k in chosen])
    figure.legend(*upper.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)
    return figure


def _height(data: Sequence[Columns], views: Sequence[_View]) -> float:
    """The height of panels over their width that the flattest of spectra need, up to `_HEIGHT`."""
    needed = [_FLATTEST]
    for each, view in zip(data, views, strict=True):
        inside = -each["Z_imag_ohm"][each["Z_real_ohm"] <= view.width]
        if len(inside):
            needed.append((_MARGIN * float(inside.max()) - view.low) / view.width)
    return min(max(needed), _HEIGHT)


def _view_of(data: Columns, total: float | None, to_ohm: float | None) -> _View:
    """What is asked for; else the electrolyte, not the electrode, fills the picture, or everything without a total."""
    x, y = data["Z_real_ohm"], -data["Z_imag_ohm"]
    if to_ohm is not None:
        low = min(0.0, float(y[x <= to_ohm].min(initial=0.0)))
        return _View(width=to_ohm, low=_MARGIN * low - 0.02 * to_ohm)
    edge = float(x.max()) if total is None else min(1.45 * total, float(x.max()))
    inside = x <= (edge if total is None else 1.02 * total)
    top = float(y[inside].max()) if inside.any() else float(y.max())
    low = min(0.0, float(y[x <= 1.02 * edge].min())) if (x <= 1.02 * edge).any() else 0.0
    width = _MARGIN * max(edge, (top - _MARGIN * low) / _HEIGHT, 1e-12)
    return _View(width=width, low=_MARGIN * low - 0.02 * width)


def _frame(panel: Axes, view: _View, scale: float | None = None) -> float:
    """Give a panel its ranges, one scale on both axes; the ohms of a unit of its axes, in an inset its panel's."""
    unit, name = prefixed(max(view.width, 1.0), "Ω") if scale is None else (scale, "")
    if scale is None:
        panel.set(xlabel=f"Z′ ({name})", ylabel=f"−Z″ ({name})")
    panel.set_xlim(0, view.width / unit)
    panel.set_ylim(view.low / unit, (view.low + view.height * view.width) / unit)
    panel.set_aspect("equal", adjustable="box")
    panel.locator_params(nbins=6 if scale is None else 4)
    return unit


def _draw(panel: Axes, data: Columns, view: _View, total: float | None, scale: float | None = None) -> float:
    unit = _frame(panel, view, scale)
    x, y = data["Z_real_ohm"] / unit, -data["Z_imag_ohm"] / unit
    at = _decades(data["frequency_Hz"])
    panel.plot(data["fit_real_ohm"] / unit, -data["fit_imag_ohm"] / unit, color=ORANGE, lw=1.4, label="circuit")
    panel.plot(x, y, "o", ms=3.2, mfc="none", mec=BLUE, mew=1.0, label="measured")
    panel.plot(x[at], y[at], "o", ms=4.6, color=INK, label=_DECADES)
    if total is not None:
        panel.axvline(total / unit, color=MUTED, lw=0.9, ls="--", label="total resistance")
    _number_decades(panel, data["frequency_Hz"], x, y, apart=_APART if scale is None else 2 * _APART)
    return unit


def _decades(frequency_Hz: np.ndarray) -> np.ndarray:
    """`[n]` whether a point stands for a whole decade of frequency."""
    decades = np.log10(frequency_Hz)
    whole = np.arange(np.ceil(decades.min() - _NEAREST_DECADES), decades.max() + _NEAREST_DECADES)
    stands = np.zeros(len(decades), dtype=bool)
    for each in whole:
        nearest = int(np.argmin(np.abs(decades - each)))
        stands[nearest] |= bool(abs(decades[nearest] - each) < _NEAREST_DECADES)
    return stands


def _number_decades(panel: Axes, frequency_Hz: np.ndarray, x: np.ndarray, y: np.ndarray, *, apart: float) -> None:
    """The powers of ten beside the curve, where they cover no point, no other number and no edge of the panel."""
    (left, right), (low, high) = panel.get_xlim(), panel.get_ylim()
    width = right - left
    reach, side = 0.58 * apart * width, 0.42 * apart * width
    order = np.argsort(-frequency_Hz)
    x, y = x[order], y[order]
    across, along = np.gradient(x), np.gradient(y)
    placed: list[tuple[float, float]] = []
    for k in np.flatnonzero(_decades(frequency_Hz[order])):
        size = float(np.hypot(across[k], along[k])) or 1.0
        for way in (1.0, -1.0):  # the outer side of an arc first
            out_x, out_y = -way * along[k] / size, way * across[k] / size
            text_x, text_y = x[k] + reach * out_x, y[k] + 0.8 * reach * out_y
            if not (left + side < text_x < right - side and low + side < text_y < high - side):
                continue
            if (np.hypot(x - text_x, (y - text_y) * 1.3) < 0.36 * apart * width).any():
                continue
            if any(np.hypot(text_x - other_x, text_y - other_y) < apart * width for other_x, other_y in placed):
                continue
            placed.append((text_x, text_y))
            exponent = superscript(round(np.log10(frequency_Hz[order][k])))
            panel.text(text_x, text_y, f"10{exponent}", ha="center", va="center", fontsize=8.0, color=INK)
            break


def _fast_end(row: SpectrumResult, width: float) -> float:
    """Where the last arc ends that would be lost in a corner of the panel, its top measured, ohm; 0 for none."""
    values = {parameter.name: parameter.value for parameter in row.parameters}
    arcs = sorted((tau, values[f"R{name[3:-2]}_ohm"]) for name, tau in values.items() if _IS_TAU.fullmatch(name)
                  and f"R{name[3:-2]}_ohm" in values)  # fmt: skip
    ends = values.get("R_ohm", 0.0) + np.cumsum([resistance for _, resistance in arcs])
    lost = [
        float(end)
        for end, (tau, _) in zip(ends, arcs, strict=True)
        if 0 < end < _ENLARGED_BELOW * width and _TOP_BELOW * row.highest_Hz * 2 * np.pi * tau > 1
    ]
    return max(lost, default=0.0)


def _enlarged(data: Sequence[Columns], width: float) -> _View | None:
    """What an inset shows of the first `width` ohm; None where that is not worth one."""
    inside = [(each["Z_real_ohm"] <= width, -each["Z_imag_ohm"]) for each in data]
    there = [y[within] for within, y in inside if within.sum() >= _LEAST_ENLARGED]
    if width <= 0 or not there:
        return None
    low, top = min(0.0, *(float(y.min()) for y in there)), max(float(y.max()) for y in there)
    span = max(width, min((top - low) / _HEIGHT, 2 * width))
    return _View(width=span, low=_MARGIN * low - 0.02 * span)


def _with_room(data: Sequence[Columns], view: _View) -> _View:
    """A view, wider where needed, in which an inset covers no point."""
    for wider in (1.0, 1.25, 1.5, 2.0):
        candidate = replace(view, width=wider * view.width)
        if not min(_covered(data, candidate)):
            return candidate
    return view


def _covered(data: Sequence[Columns], view: _View) -> list[int]:
    """Points that an inset with its numbers would cover in each of the corners."""
    counts = []
    for at_x, at_y in _CORNERS:
        counts.append(0)
        for each in data:
            x, y = each["Z_real_ohm"] / view.width, (-each["Z_imag_ohm"] - view.low) / (view.height * view.width)
            beside = (x > at_x - 0.1) & (x < at_x + _INSET + 0.02)
            counts[-1] += int((beside & (y > at_y - 0.1) & (y < at_y + _INSET + 0.02)).sum())
    return counts


def _inset(panel: Axes, data: Sequence[Columns], view: _View) -> Axes:
    """Axes in the corner that covers the fewest points."""
    corner = _CORNERS[int(np.argmin(_covered(data, view)))]
    axes = panel.inset_axes((*corner, _INSET, _INSET), facecolor=PAPER)
    axes.tick_params(labelsize=7.5)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_in_layout(False)  # it lies within its panel
    return axes
