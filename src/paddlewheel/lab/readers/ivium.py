"""Ivium's .idf and .ids: lines of text among bytes; after the settings of each measurement stand its `primary_data`.

`Method=Impedance`, `Title=...`, then `primary_data`, the number of columns and of rows, and the rows: of an impedance
Z', Z'' and frequency (facts from files). A .ids holds several measurements, also of other methods, which are left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_document
from paddlewheel.lab.readers.sweeps import stacked
from paddlewheel.lab.readers.text_table import TextTable, number_of

_DATA = b"primary_data"
_METHOD = re.compile(r"^\W*Method=(.*?)\s*$")
_TITLE = re.compile(r"^\W*Title=(.*?)\s*$")
_IMPEDANCE = "impedance"


def is_ivium(path: Path) -> bool:
    """Whether a file is one of Ivium, by its suffix or by what stands in it."""
    return path.suffix.lower() in (".idf", ".ids") or _DATA in _content(path)


def read_impedances(path: Path) -> TextTable:
    """The impedance spectra of all measurements in the file, one under the other.

    Raises
    ------
    DataError
        If it has none, or fewer rows than it says.
    """
    lines = [line.rstrip() for line in _content(path).decode("latin-1").splitlines()]
    tables, others = [], []
    method = title = ""
    for index, line in enumerate(lines):
        if matched := _METHOD.match(line):
            method, title = matched[1], ""
        elif matched := _TITLE.match(line):
            title = matched[1]
        elif line.strip() == _DATA.decode():
            if method.lower() == _IMPEDANCE:
                tables.append(_table(lines[index + 1 :], title, path))
            else:
                others.append(method or "a method without a name")
    if not tables:
        held = ", ".join(dict.fromkeys(others)) or "no measurement"
        raise DataError(f"holds no impedance but {held}", where=path, remedy="give a file of an impedance measurement")
    said = [f"{len(others)} measurements left out ({', '.join(dict.fromkeys(others))})"] if others else []
    return stacked(tables, source=str(path), warnings=said)


def _content(path: Path) -> bytes:
    return read_document(path, DataError, remedy="give a file of measured data")


def _table(lines: list[str], title: str, path: Path) -> TextTable:
    counts = [line.strip() for line in lines[:2]]  # isdigit alone takes a superscript two, which is no integer
    integers = all(count.isascii() and count.isdigit() and len(count) < 9 for count in counts)
    if len(counts) < 2 or not integers or int(counts[0]) != 3:
        raise DataError("its primary_data are no three columns", where=path, remedy="copy it again")
    count = int(counts[1])
    rows = [[number_of(cell) for cell in line.split()] for line in lines[2 : 2 + count]]
    whole = [row for row in rows if len(row) == 3 and None not in row]
    if len(whole) < count:
        raise DataError(
            f"{len(whole)} of {count} points of the measurement {title!r}", where=path,
            remedy="it is truncated: copy it again",
        )  # fmt: skip
    numbers = np.array(whole, dtype=float).reshape(count, 3)
    return TextTable(
        names=["Z'", "Z''", "frequency"], units=["ohm", "ohm", "Hz"], numbers=dict(enumerate(numbers.T)), texts={},
        preamble=[title] if title else [], source=str(path),
    )  # fmt: skip
