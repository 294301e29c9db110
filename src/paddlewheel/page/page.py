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
    share_of_page,
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
class Listing:
    """Lines of text under a small title: what was left out, what to do. Nothing is shown where there are none."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """A group of names and values under a small title; several groups stand in columns."""

    title: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Folded:
    """A figure under a line that opens and closes it: one of many that are alike, such as those of each run."""

    title: str
    drawing: Drawing
    caption: str = ""
    is_open: bool = True


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section. Its parts stand in the order of the attributes, each only where there is one.

    Attributes
    ----------
    id
        Anchor, letters and hyphens.
    paragraphs
        What is seen here, and how it was made.
    drawings
        Saved figures with their captions; the text alternative is in the drawing. Each is as wide as it was drawn, so
        that text has one size in all of them.
    folded
        Figures that open and close, one below the other.
    html
        Ready markup, such as `viewer.cell_view`; made by this package, never from input.
    groups
        Names and values in columns.
    tables
        None stands for a table that has nothing to show.
    lists
        Titled lines.
    """

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    drawings: Sequence[tuple[Drawing, str]] = ()
    folded: Sequence[Folded] = ()
    html: Markup | None = None
    groups: Sequence[Pairs] = ()
    tables: Sequence[Table | None] = ()
    lists: Sequence[Listing] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but the title and paragraphs; without these the page leaves it out."""
        shown = [table for table in self.tables if table is not None]
        return not (self.drawings or self.folded or self.html or self.groups or shown or self.lists)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a report says.

    Every text is escaped. Where a study needs more than letters, it gives `Markup`: `tables.formula_html` and
    `tables.ion_html` make it for titles and facts, and `Markup("E<sub>a</sub> of {}").format(text)` escapes what is
    put in. Command-line options in text are set as code by themselves.

    Attributes
    ----------
    eyebrow, title
        What kind of report, and of what.
    facts
        Name and value of the facts under the title.
    headline, tone
        The verdict in one sentence; tone ``good``, ``partial`` (read the remarks) or ``none`` (nothing could be
        concluded, or a test failed).
    numbers
        The numbers a reader came for, large.
    remarks
        Sentences of the verdict.
    lists
        Titled lines beside the remarks, in a second column.
    tables
        Tables of the verdict itself, such as its gates.
    warnings
        Each as text, or as a pair of the place it is about and the text: ``("700 K", "broken")``.
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
    lists: Sequence[Listing] = ()
    tables: Sequence[Table | None] = ()
    warnings: Sequence[str | tuple[str, str]] = ()
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
    made.filters.update(
        options=tables.options_html,
        share_of_page=share_of_page,
        whole_numbers=tables.whole_numbers,
        minute=tables.minute,
    )
    made.globals.update(doi_link=tables.doi_link)
    return made


def render_page(page: Page) -> str:
    """The page as HTML."""

    warnings = [("", warning) if isinstance(warning, str) else warning for warning in page.warnings]
    return environment().get_template("page.html.j2").render(
        page=page,
        warnings=warnings,
        lists=[listing for listing in page.lists if listing.lines],
        sections=[section for section in page.sections if section.paragraphs or not section.is_empty],
        policy=content_policy(page.scripts),
        css=stylesheet(page.n_series),
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


def asset_script(name: str) -> Markup:
    """The script `assets/name`."""
    from markupsafe import Markup

    return Markup((HERE / "assets" / name).read_text(encoding="utf-8"))


def json_for_script(data: dict[str, Any] | list[dict[str, Any]]) -> Markup:
    """JSON that no HTML parser can end early: `<`, `>` and `&` as escapes."""
    from markupsafe import Markup

    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
