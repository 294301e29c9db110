"""Neware's layered text: lines of cycles, of steps and of records under each other.

Three header lines say what the lines hold; those of a step begin with one empty cell, those of a record with two. A
cycle's line may go on with that of its first step.
"""

from __future__ import annotations

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import CELL_FIELDS, plain_name, split_header
from paddlewheel.lab.readers.text_table import TextTable, parse_table

_DELIMITERS = (",", "\t", ";")
_STEPS = ("stepnumber", *CELL_FIELDS["step"][1])


def is_layered(text: str) -> bool:
    """Whether a text begins with the three header lines."""
    return _delimiter(text) is not None


def _delimiter(text: str) -> str | None:
    heads = text[:20_000].splitlines()[:3]
    if len(heads) < 3:
        return None
    for delimiter in _DELIMITERS:
        if [_depth(line, delimiter) for line in heads] == [0, 1, 2] and _place(heads[1].split(delimiter), _STEPS):
            return delimiter
    return None


def _depth(line: str, delimiter: str) -> int:
    """How many empty cells a line begins with."""
    return len(line) - len(line.lstrip(delimiter))


def _place(cells: list[str], names: tuple[str, ...]) -> int | None:
    """Where the column with the first of these plain names stands."""
    plain = [plain_name(split_header(cell)[0])[0] for cell in cells]
    return next((plain.index(name) for name in names if name in plain), None)


def read_layered(text: str, *, source: str, warnings: list[str]) -> TextTable:
    """The records as one table, each with its cycle, step and the kind of its step before it.

    Raises
    ------
    DataError
        If it holds no record.
    """
    delimiter = _delimiter(text)
    assert delimiter is not None
    lines = text.splitlines()
    cycles, steps, records = (line.rstrip("\r").split(delimiter) for line in lines[:3])
    width = len(cycles)
    step_at, kind_at = _place(steps, _STEPS) or 1, _place(steps, CELL_FIELDS["step_kind"][1])
    cycle = step = kind = ""
    flat = [delimiter.join(["Cycle", "Step", "Step Type", *records[2:]])]
    for line in lines[3:]:
        depth = _depth(line, delimiter)
        if depth >= 2:
            flat.append(f"{cycle}{delimiter}{step}{delimiter}{kind}{delimiter}{line[2 * len(delimiter) :]}")
            continue
        cells = line.split(delimiter)
        if depth == 0:
            cycle, cells = cells[0], ["", *cells[width:]]
        if len(cells) > max(step_at, kind_at or 0):
            step, kind = cells[step_at], "" if kind_at is None else cells[kind_at]
    if len(flat) < 3:
        raise DataError("no record under its cycles and steps", where=source, remedy="export it with its records")
    return parse_table("\n".join(flat), source=source, warnings=[*warnings, "cycles, steps and records in layers"])
