"""A page in a browser, on a screen, on a phone and in print: what is cut, squeezed, crowded or fetched is found.

The reports of all studies are looked at in `tests/studies/test_old_run_directories.py`, which makes them. Needs
Debian's chromium (`apt-get install chromium`) and the package playwright, of the extra `dev`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddlewheel.page.drawing import house_style, save_figure
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.page import Page, Section, render_page
from paddlewheel.page.tables import Cell, Table
from paddlewheel.records import Provenance
from rendered_page import WIDTHS_PX, render

OLD_RULE = """
figure > div { height: 28rem; overflow-x: auto; }
figure svg { min-width: 44rem; }
"""
"""What stood in report.css for static figures too, while it was meant for those to zoom in."""


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a figure of one panel and one of four rows, a zoomed plot, a broad table and one of sentences."""
    from matplotlib.figure import Figure

    folder = tmp_path_factory.mktemp("page")
    x = np.linspace(0, 3, 40)
    drawings = []
    with house_style():
        for name, size, rows in (("flat", (10.4, 3.2), 1), ("tall", (10.4, 9.0), 4), ("small", (6.4, 3.6), 1)):
            figure = Figure(figsize=size, layout="constrained")
            for axes in figure.subplots(rows, 1, squeeze=False)[:, 0]:
                axes.plot(x, np.sin(x))
                axes.set(xlabel="time lag (ps)", ylabel="MSD (Å²)", title="Displacement")
            drawings.append((save_figure(figure, folder, name, f"A {name} figure."), "A caption."))
    numbers = [Cell("(1.05 ± 0.12) × 10⁻⁶", "95 %: 0.81 to 1.32") for _ in range(12)]
    broad = Table("Broad", [(f"Quantity {k}", "mS/cm") for k in range(12)], [numbers] * 3)
    sentence = [Cell("600 K"), Cell("broken", status="broken"), Cell("a B-H bond broke at 12.1 ps. " * 6)]
    wordy = Table("Sentences", [("Run", ""), ("Health", ""), ("Why", "")], [sentence])
    plot = Plot(id="zoom-one", title="To zoom in", lines=[Line(name="sine", colour="#0071b1", x=x, y=np.sin(x))],
                axes={"xaxis": {"title": "time (ps)"}, "yaxis": {"title": "voltage (V)"}})  # fmt: skip
    page = Page(
        eyebrow="test", title="A page", facts=[("Formula", "NaCl")], headline="All stands", sections=[
            Section(id="figures", title="Figures", drawings=drawings, tables=[broad, wordy]), zoom_section([plot])],
        scripts=zoom_scripts(), scripts_credit=CREDIT,
        provenance=Provenance(paddlewheel_version="0", created_utc="now", versions={}, settings={"a": {"b": 1}}),
    )  # fmt: skip
    path = folder / "report.html"
    path.write_text(render_page(page), encoding="utf-8")
    return path


@pytest.mark.parametrize("medium", WIDTHS_PX)
def test_a_plain_page_has_no_fault(chrome: Any, plain_page: Path, medium: str) -> None:
    found = render(chrome, plain_page, medium)
    assert found.faults == []
    assert found.n_figures == 3
    assert found.n_scrolling_tables == (medium == "phone")


@pytest.mark.parametrize("medium", WIDTHS_PX)
def test_the_style_of_before_is_found_at_fault(chrome: Any, plain_page: Path, medium: str) -> None:
    before = plain_page.with_name("before.html")
    before.write_text(
        plain_page.read_text(encoding="utf-8").replace("</style>", f"{OLD_RULE}</style>"), encoding="utf-8"
    )
    faults = "\n".join(render(chrome, before, medium).faults)
    assert "px along y" in faults  # the tall figure is cut
    assert "px of nothing below it" in faults  # the flat one is padded
    if medium == "phone":
        assert "px along x" in faults


def test_a_zoomed_drawing_in_a_box_without_height_is_found(chrome: Any, plain_page: Path) -> None:
    flat = plain_page.with_name("flat.html")
    style = ".zoomed .svg-container { height: auto !important }"
    text = plain_page.read_text(encoding="utf-8").replace("</style>", f"{style}</style>", 1)  # plotly.js has others
    flat.write_text(text, encoding="utf-8")
    found = render(chrome, flat, "screen").faults
    assert found == ["a drawing to zoom in is taller or wider than its box div.user-select-none.svg-container"]


@pytest.mark.parametrize(
    ("markup", "fault"),
    [
        ('<div style="width: 3000px">wide</div>', "reaches beyond the page"),
        ('<p style="height: 1rem; overflow: hidden">a<br>b<br>c</p>', "cuts"),
        ('<div class="scroll"><table style="width: 3000px"><tr><td>a</td></tr></table></div>', "cuts"),
        ('<figure><svg viewBox="0 0 9 4" style="height: 300px"></svg></figure>', "aspect ratio"),
        ('<figure><svg viewBox="0 0 90 40"><text x="80" y="20">words</text></svg></figure>', "leaves its figure"),
        ('<figure><svg viewBox="0 0 90 40"><text y="20">one</text><text y="21">two</text></svg></figure>', "stands on"),
        ('<p>first</p><p style="margin-top: -2.2rem">second</p>', "stands on"),
        ("<script>window.stop()</script>", "console: "),
        ('<img alt="" src="https://example.org/a.png">', "console: "),
    ],
)
def test_each_fault_is_found(chrome: Any, plain_page: Path, markup: str, fault: str) -> None:
    broken = plain_page.with_name("broken.html")
    broken.write_text(plain_page.read_text(encoding="utf-8").replace("</main>", f"{markup}</main>"), encoding="utf-8")
    found = render(chrome, broken, "screen").faults
    assert any(fault in text for text in found), found


def test_a_request_and_a_lifted_policy_are_found(chrome: Any, plain_page: Path) -> None:
    open_page = plain_page.with_name("open.html")
    text = plain_page.read_text(encoding="utf-8").replace("Content-Security-Policy", "X-None")
    open_page.write_text(text.replace("</main>", '<img alt="" src="other.png"></main>'), encoding="utf-8")
    faults = render(chrome, open_page, "screen").faults
    assert "the page has no content policy" in faults
    assert any(text.startswith("request: ") for text in faults)
