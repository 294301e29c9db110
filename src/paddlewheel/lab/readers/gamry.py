"""Gamry's .DTA (EXPLAIN): the tables `ZCURVE` of a file that may begin with an open-circuit or other curve.

A line without a tab before it begins an object: `NAME`, `TABLE`, the number of rows; indented lines are its table
(Gamry's EIS data file description, help.gamry.com/eis-data-analysis-file-overview).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.sweeps import stacked
from paddlewheel.lab.readers.text_table import TextTable, parse_table

_TABLE = re.compile(r"(\w+)\tTABLE\b")
_SPECTRA = re.compile(r"ZCURVE\d*")


def has_spectra(text: str) -> bool:
    """Whether a text is a file of Gamry with an impedance curve."""
    return text.startswith("EXPLAIN") and any(_SPECTRA.fullmatch(name) for name in _TABLE.findall(text))


def read_spectra_tables(text: str, *, source: str, warnings: Sequence[str]) -> TextTable:
    """The impedance curves of the file, one under the other.

    Raises
    ------
    DataError
        If no impedance curve has a row.
    """
    lines = text.splitlines()
    begins = [index for index, line in enumerate(lines) if line.strip() and not line[0].isspace()]
    tables, empty = [], 0
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        matched = _TABLE.match(lines[begin])
        if not matched or not _SPECTRA.fullmatch(matched[1]):
            continue
        try:
            tables.append(parse_table("\n".join(lines[begin:end]), source=source))
        except DataError:
            empty += 1
    if not tables:
        raise DataError("its ZCURVE has no row", where=source, remedy="give a sweep that was measured")
    said = list(warnings)
    if empty:
        said.append(f"{empty} impedance curves without a row left out")
    if any("drcor" in name.lower() for name in tables[0].names):
        said.append("Zreal and Zimag as measured: for the drift-corrected ones name their columns with --columns")
    table = stacked(tables, source=source, warnings=said)
    table.preamble[:] = [line for line in lines[: begins[-1]] if line.strip() and not line[0].isspace()]
    return table
