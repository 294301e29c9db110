"""A report page from sections of text, tables and figures: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.page import tables
from paddlewheel.page.drawing import (
    Drawing,
    theme_css,
)
from paddlewheel.page.tables import Table

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from paddlewheel.records import (
        Citation,
        Provenance,
    )

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Number:
    """A headline number of the verdict: `value` and `unit` as text, and what it is."""

    name: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section: paragraphs first, then figures (each with its caption), then tables.

    Attributes
    ----------
    id
        Anchor, letters and hyphens.
    drawings
        Saved figures with their captions; the text alternative is in the drawing.
    html
        Ready markup after the figures, such as the stage of a 3D viewer; made by this package, never from input.
    """

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    drawings: Sequence[tuple[Drawing, str]] = ()
    html: Markup | None = None
    tables: Sequence[Table | None] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a report says.

    Attributes
    ----------
    eyebrow, title
        What kind of report, and of what.
    facts
        Name and value of the facts under the title.
    headline, tone
        The verdict in one sentence; tone ``good`` or ``none`` (nothing could be concluded).
    n_series
        Colours of `drawing.series_colours` that the figures use.
    scripts
        Whole scripts to run, each named by hash in the page's content policy.
    scripts_credit
        Whose they are, for the foot of the page.
    """

    eyebrow: str
    title: str
    facts: Sequence[tuple[str, str]]
    headline: str
    tone: str = "good"
    numbers: Sequence[Number] = ()
    remarks: Sequence[str] = ()
    warnings: Sequence[str] = ()
    sections: Sequence[Section] = ()
    citations: Sequence[Citation] = ()
    provenance: Provenance
    footer: str = "The same numbers, unrounded, are in result.json and the files that it names."
    n_series: int = 1
    scripts: Sequence[Markup] = field(default=())
    scripts_credit: str = (
        "The 3D view is drawn by 3Dmol.js (BSD-3-Clause), whose licence is in the source of this page."
    )


def environment() -> Environment:
    """The jinja2 environment of all reports: escapes everything, and refuses undefined names."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["options"] = tables.options_html
    made.globals.update(doi_link=tables.doi_link)
    return made


def render_page(page: Page) -> str:
    """The page as HTML."""
    from markupsafe import Markup

    return environment().get_template("page.html.j2").render(
        page=page,
        policy=content_policy(page.scripts),
        css=stylesheet(page.n_series),
        svg=lambda drawing: Markup(drawing.svg),
        settings=tables.settings_groups(page.provenance.settings),
        provenance=tables.provenance_rows(page.provenance),
    )  # fmt: skip


def stylesheet(n_series: int) -> Markup:
    """The style of all reports, with the colours of `n_series` series."""
    from markupsafe import Markup

    return Markup((HERE / "assets" / "report.css").read_text(encoding="utf-8") + theme_css(n_series))


def content_policy(scripts: Sequence[Markup]) -> str:
    """Only the file's own scripts run, named by hash, and nothing is fetched from anywhere."""
    hashes = [base64.b64encode(hashlib.sha256(str(script).encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )


def viewer_scripts(name: str) -> list[Markup]:
    """3Dmol.js with its licence, and the viewer `assets/name`."""
    from markupsafe import Markup

    licence = (HERE / "assets" / "3Dmol-LICENSE.txt").read_text(encoding="utf-8").replace("*/", "* /")
    library = (HERE / "assets" / "3Dmol-min.js").read_text(encoding="utf-8")
    viewer = (HERE / "assets" / name).read_text(encoding="utf-8")
    return [Markup(f"/*\n{licence}*/\n{library}"), Markup(viewer)]


def asset_script(name: str) -> Markup:
    """The script `assets/name`, to stand beside those of `viewer_scripts`."""
    from markupsafe import Markup

    return Markup((HERE / "assets" / name).read_text(encoding="utf-8"))


def json_for_script(data: dict[str, Any] | list[dict[str, Any]]) -> Markup:
    """JSON that no HTML parser can end early: `<`, `>` and `&` as escapes."""
    from markupsafe import Markup

    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def data_url(path: Path) -> str:
    """A PNG file as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
