"""Figures to zoom in: their data are the numbers, their scripts the only ones that run, and nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import json

import numpy as np
import pytest

from paddlewheel.page.interactive import (
    CREDIT,
    Line,
    Plot,
    zoom_scripts,
    zoom_section,
)
from paddlewheel.page.page import (
    Page,
    render_page,
)
from paddlewheel.records import Provenance
from report_page import Page as ParsedPage


def plot(n_points: int) -> Plot:
    x = np.linspace(0, 1, n_points)
    lines = [Line(name="cycle <1>", colour="#0071b1", x=x, y=x**2, group="one"),
             Line(name="cycle <1>", colour="#0071b1", x=x, y=np.where(x > 0.5, np.nan, x), group="one")]  # fmt: skip
    return Plot(id="zoom-one", title="One & all", lines=lines, axes={"xaxis": {"title": "x"}, "yaxis": {"title": "y"}})


@pytest.fixture(scope="module")
def page() -> ParsedPage:
    provenance = Provenance(paddlewheel_version="0", created_utc="now", versions={}, settings={})
    made = Page(eyebrow="a", title="b", facts=[], headline="c", provenance=provenance, scripts=zoom_scripts(),
                scripts_credit=CREDIT, sections=[zoom_section([plot(5)])])  # fmt: skip
    return ParsedPage(render_page(made))


def test_the_data_in_the_page_are_the_numbers(page):
    ((data,),) = [json.loads(text) for attributes, text in page.scripts if attributes.get("id") == "plots-data"]
    first, second = data["traces"]
    assert first["x"] == [0, 0.25, 0.5, 0.75, 1]
    assert first["y"] == [0, 0.0625, 0.25, 0.5625, 1]
    assert second["y"] == [0, 0.25, 0.5, None, None]
    assert [one["showlegend"] for one in (first, second)] == [True, False]
    assert first["name"] == "cycle <1>"
    assert "zoom-one" in page.ids


def test_only_the_page_s_own_scripts_run_and_nothing_is_loaded(page):
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    run = [text for attributes, text in page.scripts if attributes.get("type") != "application/json"]
    assert len(run) == 2
    for text in run:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert page.loaded == []
    assert page.faults == []
    assert "The MIT License" in run[0]
    assert "plotly.js (MIT)" in page.words()


def test_many_points_are_thinned_with_both_ends_kept_and_said():
    section = zoom_section([plot(100_000)])
    text = str(section.html)
    (data,) = json.loads(text[text.index("[{") : text.rindex("</script>")])
    xs = data["traces"][0]["x"]
    assert 25_000 <= len(xs) <= 30_001
    assert (xs[0], xs[-1]) == (0, 1)
    assert "Every 4th point" in section.paragraphs[0]
    assert len(text) < 3e6
