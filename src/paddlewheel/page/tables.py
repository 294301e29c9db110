"""The tables of the report as rows of ready text; the template only lays them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from markupsafe import Markup, escape

from paddlewheel.page.numbers import (
    ABSENT,
)
from paddlewheel.records import (
    Citation,
    Provenance,
)

AnyText = TypeVar("AnyText", str, Markup)
_PROSE = 36
"""Letters from which the text of a cell may break into lines."""
_PHONE = 36
"""Letters of a line, with two between columns, that a phone shows."""
_SYMBOLS = {
    "ok": "✓",
    "warning": "!",
    "broken": "✕",
    "not-diffusive": "○",
    "not-stationary": "∿",
    "too-short": "…",
    "extrapolating": "↗",
}


@dataclass(frozen=True)
class Cell:
    """One cell: its text, an optional small second line, and a status that gives it a badge."""

    text: str
    small: str | None = None
    status: str | None = None

    @property
    def symbol(self) -> str:
        """The sign of the status, so that it does not rest on colour alone."""
        return _SYMBOLS.get(self.status or "", "")

    @property
    def is_prose(self) -> bool:
        """Whether the text may break into lines: a sentence may, a number with its error not."""
        return len(self.text) > _PROSE


@dataclass(frozen=True)
class Table:
    """A captioned table whose first column holds the row headers.

    Attributes
    ----------
    columns
        Header and unit of each column.
    """

    caption: str
    columns: list[tuple[str, str]]
    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def is_broad(self) -> bool:
        """Whether it may be broader than the screen of a phone, by its letters."""
        broadest = [max(map(len, (*name.split(), unit))) for name, unit in self.columns]
        for row in self.rows:
            for column, cell in enumerate(row):
                broadest[column] = max(broadest[column], min(len(cell.text), _PROSE))
        return sum(broadest) + 2 * len(broadest) > _PHONE


def filled(table: Table) -> Table:
    """The table without the columns that hold nothing in any row; the first column stays."""
    absent = Cell(ABSENT)
    kept = [k for k in range(len(table.columns)) if k == 0 or any(row[k] != absent for row in table.rows)]
    rows = [[row[k] for k in kept] for row in table.rows]
    return Table(table.caption, [table.columns[k] for k in kept], rows)


def settings_groups(settings: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Nested settings as titled groups of (name, value); single values come first, under `general`."""
    general = [(str(key), _value(value)) for key, value in settings.items() if not isinstance(value, dict)]
    groups = [("general", general)] if general else []
    groups += [(str(key), list(_flat(value))) for key, value in settings.items() if isinstance(value, dict) and value]
    return groups


def provenance_rows(provenance: Provenance) -> list[tuple[str, str]]:
    """Name and value of everything that makes the record again."""
    rows = [("command", provenance.command), ("created (UTC)", provenance.created_utc)]
    rows += sorted({"paddlewheel": provenance.paddlewheel_version, **provenance.versions}.items())
    rows += [("structure sha256", provenance.structure_sha256), ("potential sha256", provenance.potential_sha256)]
    return [(name, value) for name, value in rows if value]


def minute(moment: str) -> str:
    """A moment of a record to the minute, as a reader writes it."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{read:%Y-%m-%d %H:%M} UTC"


def doi_link(citation: Citation) -> str | None:
    """The address of a DOI, always under doi.org; None without one."""
    if not citation.doi:
        return None
    bare = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", citation.doi.strip(), flags=re.IGNORECASE)
    return f"https://doi.org/{quote(bare, safe='/().;:-_')}"


def formula_html(formula: str) -> Markup:
    """A chemical formula with its counts as subscripts."""
    return Markup(re.sub(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)", r"<sub>\1</sub>", str(escape(formula))))


def options_html(text: str) -> Markup:
    """Text with its command-line options set as code; no line breaks inside one, nor inside a number with its error."""
    return whole_numbers(Markup(re.sub(r"(?<![\w-])(--[a-z][\w-]*\w)", r"<code>\1</code>", str(escape(text)))))


def whole_numbers(text: AnyText) -> AnyText:
    """Text whose lines never break after a ± or a ×, nor before a %."""
    whole = re.sub(r"(?<=±) |(?<=×) (?=10)| (?=%)", "\u00a0", text)
    return type(text)(whole)


def ion_html(specie: str, charge_e: float) -> Markup:
    """An ion with its charge as a superscript: Na⁺, Mg²⁺."""
    size = "" if abs(charge_e) == 1 else f"{abs(charge_e):g}"
    sign = "+" if charge_e > 0 else "−" if charge_e < 0 else ""
    return Markup("{}<sup>{}{}</sup>").format(specie, size, sign) if sign else Markup("{}").format(specie)


def words(name: str) -> str:
    """A name of code as words."""
    return name.replace("-", " ").replace("_", " ")


def _flat(settings: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _value(value)


def _value(value: Any) -> str:
    if value is None or value == {} or value == []:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        rows = any(isinstance(item, dict) for item in value)
        return ("; " if rows else ", ").join(_value(item) for item in value)
    return str(value)
