"""How figures look and are saved: one style, files written atomically, an inline SVG that follows the page's theme."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.page.fitting import fit_column, lay_out, tidy_ticks
from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1c2127", "#69727d", "#dfe3e8", "#ffffff"
PAGE_INCHES = 10.4
"""Width of a figure that fills the page."""
BLUE, ORANGE = "#0071b1", "#d45d00"  # Okabe and Ito (2008), distinct under every common colour blindness

_DARK = {PAPER: "#191d23", INK: "#e7eaee", MUTED: "#a0a9b4", GRID: "#333a43", BLUE: "#5db4ea", ORANGE: "#f08a3c"}
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "paddlewheel",
    "path.simplify": True,
}


@dataclass(frozen=True)
class Drawing:
    """A saved figure: its stem in `figures/`, its SVG for the page, its text alternative, and its file of pixels."""

    name: str
    svg: str
    alt: str
    png: Path


@contextmanager
def house_style() -> Iterator[None]:
    """The style of all figures, for the duration of a block."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def series_colours(count: int) -> list[str]:
    """Colours from cold to hot for `count` ordered temperatures, readable on white (plasma without its yellow)."""
    return _plasma(count, 0.02, 0.80)


@dataclass(frozen=True)
class SeriesStyle:
    """How one of several series is drawn: each differs from its neighbours in grey too, by marker and line."""

    colour: str
    marker: str
    line: str | tuple[int, tuple[float, ...]]


_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_LINES = (
    "-",
    (0, (6.0, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6.0, 1.5, 1.2, 1.5)),
    (0, (3.0, 1.2)),
    (0, (6.0, 1.5, 1.2, 1.5, 1.2, 1.5)),
)


def series_styles(count: int) -> list[SeriesStyle]:
    """`series_colours`, which grow lighter, each with a marker and a line; 42 are unlike."""
    return [
        SeriesStyle(colour, _MARKERS[place % len(_MARKERS)], _LINES[place % len(_LINES)])
        for place, colour in enumerate(series_colours(count))
    ]


def theme_css(count: int) -> str:
    """CSS variables of the figure colours, light and dark, for `count` series."""
    light = {**{colour: colour for colour in _DARK}, **{c: c for c in series_colours(count)}}
    dark = {**_DARK, **dict(zip(series_colours(count), _plasma(count, 0.38, 0.95), strict=True))}
    light_rules = "".join(f"{_variable(key)}:{value};" for key, value in light.items())
    dark_rules = "".join(f"{_variable(key)}:{value};" for key, value in dark.items())
    return f":root{{{light_rules}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark_rules}}}}}"


def save_figure(figure: Figure, folder: Path, name: str, alt: str) -> Drawing:
    """Write `name`.svg, `name`.png (white ground, 200 dpi) and `name`.pdf (as wide as a journal's column, its text
    as text) in `folder`, each atomically.

    The figure is used up: it has the size of the PDF afterwards.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    folder.mkdir(exist_ok=True)
    tidy_ticks(figure)
    lay_out(figure)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    write_atomically(folder / f"{name}.svg", text.getvalue())
    pixels, sheet = io.BytesIO(), io.BytesIO()
    figure.savefig(pixels, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    write_atomically(folder / f"{name}.png", pixels.getvalue())
    fit_column(figure)
    with _light_fonts():
        figure.savefig(sheet, format="pdf", metadata=dict.fromkeys(("Creator", "Producer", "CreationDate")))
    write_atomically(folder / f"{name}.pdf", sheet.getvalue())
    return Drawing(name, _inline(text.getvalue(), name), alt, folder / f"{name}.png")


@contextmanager
def _light_fonts() -> Iterator[None]:
    """Embed fonts without their tables of ligatures, kerning and mathematics, which matplotlib has applied: in half the
    time."""
    from fontTools.subset import Options

    usual = Options._drop_tables_default
    Options._drop_tables_default = [*usual, "GSUB", "GPOS", "GDEF", "MATH", "kern"]
    try:
        yield
    finally:
        Options._drop_tables_default = usual


def share_of_page(svg: str) -> float:
    """Width of a figure over that of the page, where 10.4 inches fill it: more does too."""
    width_pt = float(svg[svg.index('viewBox="') :].split('"')[1].split()[2])
    return min(1.0, round(width_pt / 72 / PAGE_INCHES, 3))


def _plasma(count: int, low: float, high: float) -> list[str]:
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    colours = mpl.colormaps["plasma"]
    steps = [0.5 * (low + high)] if count == 1 else [low + (high - low) * i / (count - 1) for i in range(count)]
    return [to_hex(colours(step)) for step in steps]


def _variable(colour: str) -> str:
    return f"--fig-{colour[1:]}"


def _inline(svg: str, name: str) -> str:
    """The `<svg>` element alone: ids unique on the page, colours as CSS variables, no document-wide style."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    prefix = re.sub(r"[^A-Za-z0-9]", "_", name)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d{3})\d+", r"\1", tag[0]), svg)  # places, not numbers shown
    return re.sub(r"#[0-9a-f]{6}\b(?=[;\"])", lambda hit: f"var({_variable(hit[0])},{hit[0]})", svg)
