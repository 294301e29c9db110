"""The one page: what a study says stands on it, in its order, escaped, and closed."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import Markup

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.page import Folded, Listing, Number, Page, Pairs, Section, render_page
from paddlewheel.page.tables import Cell, Table, filled, formula_html, ion_html, settings_groups
from paddlewheel.page.viewer import cell_view, viewer_scripts
from paddlewheel.records import Citation, Provenance
from report_page import Page as ParsedPage

PROVENANCE = Provenance(paddlewheel_version="0", created_utc="now", versions={}, settings={"seed": 3})
PIXEL = bytes.fromhex("89504e470d0a1a0a")


def drawing(folder: Path, name: str) -> Drawing:
    path = folder / f"{name}.png"
    path.write_bytes(PIXEL)
    return Drawing(name, f'<svg viewBox="0 0 720 300" id="{name}"></svg>', f"Picture of {name}.", path)


@pytest.fixture
def page(tmp_path: Path) -> ParsedPage:
    view = cell_view(drawing(tmp_path, "cell"), {"symbols": ["Na"]}, legend=[("Na", "#e08a00", "8")])
    row = [Cell("force", "of each atom"), Cell("0.1", "of 3", "broken")]
    table = Table("gates", [("Gate", ""), ("Found", "eV")], [row])
    section = Section(
        id="thermo",
        title="Thermodynamics",
        paragraphs=["Give --production-ps."],
        drawings=[(drawing(tmp_path, "msd"), Markup("ln A − E<sub>a</sub>/kT"))],
        folded=[Folded(title="700 K", drawing=drawing(tmp_path, "t700")),
                Folded(title="900 K", drawing=drawing(tmp_path, "t900"), is_open=False)],
        html=view,
        groups=[Pairs(title="span", rows=[("energy", "1 to 2")])],
        tables=[None, table],
        lists=[Listing(title="Refused frames", lines=["frame 3: <b>too near</b>"]), Listing(title="Nobody", lines=[])],
    )  # fmt: skip
    made = Page(
        eyebrow="conductivity", title=Markup("{} in {}").format(ion_html("Na", 1), "<x>"),
        facts=[("Formula", formula_html("Na2B12H12"))], headline="No & none", tone="none",
        numbers=[Number(name="σ", value="1.0", unit="mS/cm", note="at 300 K")], remarks=["One remark."],
        lists=[Listing(title="What to do", lines=["Longer."]), Listing(title="Left out", lines=[])],
        tables=[table], warnings=["of all", ("700 K", "broken")], sections=[section],
        citations=[Citation(what="method", reference="Somebody (2020)", doi="10.1/2")], provenance=PROVENANCE,
        scripts=viewer_scripts(),
    )  # fmt: skip
    return ParsedPage(render_page(made))


def test_all_that_a_study_gives_stands_in_order(page: ParsedPage) -> None:
    words, place = page.words(), 0
    for text in (
        "Na+ in <x>", "Na2B12H12", "No & none", "mS/cm", "One remark.", "What to do", "Longer.", "gates",
        "of each atom", "0.1",
        "of all", "700 K: broken", "Give --production-ps.", "ln A − Ea/kT", "700 K", "900 K", "Drag to rotate", "Na 8",
        "span", "gates", "Refused frames", "frame 3: <b>too near</b>", "seed", "Somebody (2020)",
    ):  # fmt: skip
        assert text in words[place:], text
        place = words.index(text, place) + len(text)
    assert "Left out" not in words
    assert "Nobody" not in words


def test_the_page_is_whole_and_loads_nothing(page: ParsedPage) -> None:
    assert page.faults == []
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    assert [attributes for tag, attributes in page.tags if tag == "details"] == [{"open": ""}, {}]


def test_a_page_of_nothing_has_no_empty_parts() -> None:
    provenance = PROVENANCE.model_copy(update={"settings": {}, "created_utc": "2026-11-29T01:46:45+00:00"})
    nothing = Section(id="nothing", title="Nothing", tables=[None])
    made = Page(eyebrow="a", title="b", facts=[], headline="c", sections=[nothing], provenance=provenance)
    page = ParsedPage(render_page(made))
    assert page.faults == []
    assert {"warnings", "cite", "nothing"}.isdisjoint(page.ids)
    assert "2026-11-29 01:46 UTC" in page.words()
    assert "None were recorded." in page.words()


def test_columns_that_hold_nothing_are_left_out() -> None:
    rows = [[Cell("a"), Cell("–"), Cell("–", "why"), Cell("1")], [Cell("–"), Cell("–"), Cell("–"), Cell("–")]]
    shown = filled(Table("three", [("name", ""), ("nothing", "K"), ("reason", ""), ("number", "V")], rows))
    assert [name for name, _ in shown.columns] == ["name", "reason", "number"]
    assert [len(row) for row in shown.rows] == [3, 3]


def test_settings_with_rows_are_told_in_words() -> None:
    sets = [{"name": "a.extxyz", "n_frames": 3}, {"name": "b.extxyz", "n_frames": 4}]
    [(_, rows)] = settings_groups({"command": "train", "datasets": sets})
    assert rows[1] == ("datasets", "name a.extxyz, n_frames 3; name b.extxyz, n_frames 4")
