"""Saved figures: ticks that stand apart, and a PDF in a journal's column with nothing cut, the same every time."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from figure_text import cut_texts, sizes_pt
from paddlewheel.page.drawing import house_style, save_figure
from paddlewheel.page.fitting import fit_column, tidy_ticks


def drawn(width: float, height: float, columns: int, title: str = "Displacement") -> Figure:
    with house_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        x = np.linspace(0.02, 0.09, 50)
        for axes in figure.subplots(1, columns, squeeze=False)[0]:
            axes.plot(x, x**2, label="700 K")
            axes.scatter(x[::10], x[::10] ** 2)
            axes.set(xscale="log", yscale="log", xlabel="time lag (ps)", ylabel="mean squared displacement (Å²)")
            axes.set_title(title)
            axes.text(0.05, 0.9, "small", transform=axes.transAxes, fontsize=6)
        figure.axes[0].legend()
    return figure


def labels(figure: Figure) -> list[tuple[str, Bbox]]:
    """Labels of the horizontal axis that are drawn, from left to right."""
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    shown = [label for label in figure.axes[0].get_xticklabels(which="both") if low <= label.get_position()[0] <= high]
    found = [(label.get_text(), label.get_window_extent()) for label in shown if label.get_text()]
    return sorted(found, key=lambda pair: pair[1].x0)


def test_logarithmic_ticks_are_plain_and_stand_apart() -> None:
    figure = drawn(3.6, 3.0, 1)
    before = labels(figure)
    assert any(left.x1 > right.x0 for (_, left), (_, right) in pairwise(before))  # matplotlib's own touch
    tidy_ticks(figure)
    after = labels(figure)
    assert [text for text, _ in after] == ["0.02", "0.05"]
    assert all(left.x1 < right.x0 for (_, left), (_, right) in pairwise(after))


def test_logarithmic_axes_without_data_are_drawn(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [np.inf, np.nan])
    axes.set(xscale="log", yscale="log")  # matplotlib leaves the ends of a linear axis, -0.055 and 0.055
    save_figure(figure, tmp_path, "empty", "nothing")
    assert axes.get_ylim()[0] > 0
    assert not recwarn.list


@pytest.mark.parametrize(
    ("ends", "shown"), [((0.11, 0.19), "0.12 0.14 0.16 0.18"), ((3e-6, 3e-5), "5.0 × 10⁻⁶"), ((1, 9e4), "")]
)
def test_ticks_of_short_and_long_logarithmic_axes(ends: tuple[float, float], shown: str) -> None:
    figure = Figure()
    figure.subplots().set(xscale="log", xlim=ends)
    tidy_ticks(figure)
    texts = [text for text, _ in labels(figure)]
    assert shown.replace("5.0", "5") in " ".join(texts)
    assert len(texts) <= 7


def test_a_study_s_own_ticks_stay() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set(xscale="log", xlim=(1, 50))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"<{value:g}>"))
    tidy_ticks(figure)
    assert [text for text, _ in labels(figure) if text == "<10>"]


@pytest.mark.parametrize(
    ("width", "height", "columns", "column_mm"), [(10.4, 3.4, 3, 170), (6.4, 3.6, 1, 85), (7.0, 4.2, 2, 170)]
)
def test_a_figure_fits_a_column_with_nothing_cut(width: float, height: float, columns: int, column_mm: float) -> None:
    figure = drawn(width, height, columns, "Mean squared displacement of all ions, and its fit")
    with house_style():
        tidy_ticks(figure)
        fit_column(figure)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(column_mm)
    assert min(sizes_pt(figure)) >= 7
    assert max(sizes_pt(figure)) <= 8
    assert cut_texts(figure) == []


def test_cut_text_is_found() -> None:
    figure = Figure(figsize=(3, 2))
    figure.text(0.9, 0.5, "reaches out")
    assert cut_texts(figure) == ["reaches out"]


@pytest.mark.parametrize(("width", "column_mm"), [(10.4, 170), (6.4, 85)])
def test_the_pdf_is_the_same_every_time_with_its_text_as_text(tmp_path: Path, width: float, column_mm: float) -> None:
    saved = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        with house_style():
            save_figure(drawn(width, 3.4, 1), folder, "msd", "alt")
        assert {path.name for path in folder.iterdir()} == {"msd.svg", "msd.png", "msd.pdf"}
        saved.append((folder / "msd.pdf").read_bytes())
    assert saved[0] == saved[1]
    assert b"CreationDate" not in saved[0]
    assert b"/FontFile2" in saved[0]  # TrueType, whole glyphs: Type 42
    assert b"/Type3" not in saved[0]
    box = re.search(rb"/MediaBox \[\s*0 0 (\S+) \S+\s*\]", saved[0])
    assert box is not None
    assert float(box[1]) / 72 * 25.4 == pytest.approx(column_mm, abs=0.1)


def test_ticks_that_stay_long_come_to_an_end() -> None:
    figure = Figure(figsize=(1.2, 1.0))
    axes = figure.subplots()
    axes.set_xlim(0, 3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"number {value:g} of all"))
    tidy_ticks(figure)
    assert len(labels(figure)) >= 2


def test_numbers_in_the_inline_figure_are_whole(tmp_path: Path) -> None:
    with house_style():
        figure = Figure(figsize=(4, 3))
        figure.subplots().set_yticks([0.2, 0.8], ["0.10412", "0.10418"])
        drawing = save_figure(figure, tmp_path, "small", "alt")
    shown = re.findall(r"<text[^>]*>([\d.]+)</text>", drawing.svg)
    assert {"0.10412", "0.10418"} <= set(shown)
    assert not re.search(r'[ "]\d+\.\d{4,}[ "]', re.sub(r">[^<]*<", "><", drawing.svg))  # places have three decimals
