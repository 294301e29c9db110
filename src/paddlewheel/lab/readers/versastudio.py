"""VersaStudio's .par: sections in angle brackets, of which `Segment1` and so on hold the rows under `Definition=`.

Rows are those of all actions, with a frequency of 0 where none was applied; the format has no units but those in the
names, and its impedances are in ohm (facts from files and from the MIT-licensed reader of impedance.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import split_header
from paddlewheel.lab.readers.sweeps import stacked
from paddlewheel.lab.readers.text_table import TextTable, parse_table

_MARK = "<Application>"
_SEGMENT = re.compile(r"<Segment(\d+)>(.*?)(?:</Segment\1>|\Z)", re.DOTALL)
_DEFINITION = re.compile(r"^Definition=(.*)$", re.MULTILINE)
_IMPEDANCE = re.compile(r"Z2? (?:Real|Imag)")


def is_versastudio(text: str) -> bool:
    """Whether a text is a .par of VersaStudio."""
    return text.lstrip("\ufeff \r\n").startswith(_MARK) and "<Segment" in text


def _named(table: TextTable, names: list[str]) -> TextTable:
    """The rows of a segment under the names of its definition, of which the last may be a bare 0."""
    width = len(table.names)
    pairs = [split_header(name) for name in [*names, *[""] * width][:width]]
    units = ["ohm" if _IMPEDANCE.fullmatch(name) else unit for name, unit in pairs]
    said = [text for text in table.warnings if not text.startswith("no header")]
    return replace(table, names=[name for name, _ in pairs], units=units, warnings=said)


def read_segments(text: str, *, source: str, warnings: Sequence[str]) -> TextTable:
    """The rows of all segments, one under the other.

    Raises
    ------
    DataError
        If no segment has a row.
    """
    tables = []
    for _, body in _SEGMENT.findall(text):
        defined = _DEFINITION.search(body)
        if defined is None or not body[defined.end() :].strip():
            continue
        tables.append(_named(parse_table(body[defined.end() :], source=source), defined[1].split(",")))
    if not tables:
        raise DataError("no segment has a row", where=source, remedy="give a test that was measured")
    table = stacked(tables, source=source, warnings=warnings)
    table.preamble[:] = [line for line in text[: text.find("<Segment")].splitlines() if "=" in line]
    return table
