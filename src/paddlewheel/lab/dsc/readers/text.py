"""The tables of a text, each with the lines around it: steps, curves and files that follow each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers.columns import column_of, plain_unit, split_column
from paddlewheel.lab.readers.text_table import TextTable, is_number, parse_table

_BEGINS = re.compile(
    r"^\W*(?:curve name|closed|version|#?exporttype|filename|\[step\]|language|pyris|creation date)\b", re.IGNORECASE
)
_WORDS = re.compile(r"[A-DF-Za-df-z\u00e4\u00c4\u00b0]{2}|[\u4e00-\u9fff]|\b[tTK]\b")
_DELIMITERS = (r"\t", ";", ",", r"\s{2,}", r"\s+")
_CELLS, _MANY_DIGITS = re.compile(r"[\t;,]"), re.compile(r"\d\d|\d[.,]|^\W*\d")
_MOST_AROUND = 300
_MOST_REMARKS = 20
"""In one table; words between many rows are of another technique."""
_LETTER = re.compile(r"[A-DF-Za-df-z]")
_TWO_NUMBERS = re.compile(r"\d[\s;,]+[-+.]?\d")
_SIG = re.compile(r"^Sig(\d+)\s+(.+?)\s*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A table, and the lines of the text that belong to it."""

    table: TextTable
    lines: list[str]


def blocks_of(text: str, *, source: str, warnings: list[str]) -> list[Block]:
    """The tables of a text in their order.

    Raises
    ------
    DataError
        If there is none.
    """
    lines = _with_headers(text.splitlines())
    starts = [
        place
        for place, line in enumerate(lines)
        if _WORDS.search(line) and _above_rows(lines, place) and is_header(line)
    ]
    cuts = [0, *(_cut(lines, earlier, later) for earlier, later in pairwise(starts)), len(lines)]
    found: list[Block] = []
    problem: DataError | None = None
    for begin, end in pairwise(cuts):
        of_block = lines[begin:end]
        rows, remarks = _without_remarks(of_block)
        said = [*warnings, *(f"a remark amid the numbers is left out: {remark.strip()[:60]!r}" for remark in remarks)]
        try:
            table = parse_table("\n".join(rows), source=source, warnings=said)
        except DataError as error:
            problem = problem or error
            continue
        if len(table) >= 2:
            found.append(Block(table=table, lines=_ends(list(_around(of_block)))))
    if not found:
        raise problem or DataError("no table of numbers", where=source, remedy="give a file of a calorimeter")
    return found


def _without_remarks(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines without remarks between rows that are alike, and these: they end no table."""
    filled = [place for place, line in enumerate(lines) if line.strip()]
    remarks = {
        place
        for before, place, after in zip(filled, filled[1:], filled[2:], strict=False)
        if _LETTER.search(lines[place]) and not is_header(lines[place]) and not _TWO_NUMBERS.search(lines[place])
        and all(_is_row(lines[beside]) for beside in (before, after))
        and len(_CELLS.findall(lines[before])) == len(_CELLS.findall(lines[after]))
    }  # fmt: skip
    if len(remarks) > _MOST_REMARKS:
        return lines, []
    rows = [line for place, line in enumerate(lines) if place not in remarks]
    return rows, [lines[place] for place in sorted(remarks)]


def is_header(line: str) -> bool:
    """Whether a line names the columns of a calorimeter: a signal, and a time or a temperature."""
    if any(is_number(cell) for cell in _CELLS.split(line)):
        return False  # most rows, of a file with words in them too
    for delimiter in _DELIMITERS:
        cells = [cell for cell in re.split(delimiter, line.strip()) if cell.strip()]
        if len(cells) < 2 or any(is_number(cell.replace(",", ".")) for cell in cells):
            continue
        roles = {column_of(0, *split_column(cell)).role for cell in cells}
        if "signal" in roles and roles & {"time", "temperature", "furnace", "programme"}:
            return True
    return False


def _with_headers(lines: list[str]) -> list[str]:
    """The lines, with one of names where TA has `StartOfData`, and names with their units where these stand below."""
    names: dict[int, str] = {}
    whole: list[str] = []
    for line in lines:
        if found := _SIG.match(line):
            names[int(found[1])] = found[2]
        if line.strip() == "StartOfData" and names:
            whole.append("\t".join(names[number] for number in sorted(names)))
            names = {}
            continue
        if whole and (merged := _with_units(whole[-1], line)) is not None:
            whole[-1] = merged
            continue
        whole.append(line)
    return whole


def _with_units(names: str, units: str) -> str | None:
    """A line of names with the units of the line below it, by tabs; None where these are no such lines."""
    if _MANY_DIGITS.search(units) or not _LETTER.search(names):
        return None
    for delimiter in _DELIMITERS:
        below = [cell.strip().strip("[]()").strip() for cell in re.split(delimiter, units.strip())]
        if not any(plain_unit(cell) for cell in below):
            continue
        if not all(plain_unit(cell) or cell in ("", "-", "#") for cell in below):
            continue
        for parting in _DELIMITERS:
            above = [cell.strip() for cell in re.split(parting, names.strip())]
            counted = above[:1] == ["Index"] and len(above) == len(below) + 1  # Mettler's first column has no unit
            if len(above) == len(below) or counted:
                cells = ["", *below] if counted else below
                return "\t".join(f"{name} ({unit})" if plain_unit(unit) else name
                                 for name, unit in zip(above, cells, strict=True))  # fmt: skip
    return None


def _above_rows(lines: list[str], place: int) -> bool:
    """Whether the next line that holds anything is one of numbers."""
    below = next((line for line in lines[place + 1 : place + 4] if line.strip()), "")
    return _is_row(below)


def _cut(lines: list[str], earlier: int, later: int) -> int:
    """Where the lines of a table end and those of the next begin, between their headers."""
    last = next((place for place in range(later - 1, earlier, -1) if _is_row(lines[place])), earlier)
    marked = next((place for place in range(last + 1, later) if _BEGINS.match(lines[place])), None)
    return last + 1 if marked is None else marked


def _is_row(line: str) -> bool:
    return not _LETTER.search(line) and _TWO_NUMBERS.search(line) is not None


def _ends(lines: list[str]) -> list[str]:
    """The first and last lines of many: words in the rows of another technique are no header."""
    return lines if len(lines) <= 2 * _MOST_AROUND else lines[:_MOST_AROUND] + lines[-_MOST_AROUND:]


def _around(lines: list[str]) -> Iterator[str]:
    """The lines that hold no rows of numbers, and not the names of their columns."""
    for line in lines:
        if (not _is_row(line) or line.lstrip().startswith("#")) and not is_header(line):
            yield line
