"""The table of a text export: its encoding, delimiter and decimal mark are found, names and units are split.

The delimiter and the decimal mark are those with which most cells of the longest stretch of alike lines are numbers.
Above that stretch stands the header, or the header and a row of units; what stands above those is the preamble.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_document
from paddlewheel.lab.readers.column_names import is_unit, plain_unit, split_header

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?\s*\Z|\s*[+-]?(nan|inf)\s*\Z", re.IGNORECASE)
_WHOLE_QUOTED = re.compile(r'"([^"]*[,;\t][^"]*)"\s*\Z')
_DELIMITERS: tuple[str | None, ...] = ("\t", ";", ",", None)  # None: any white space
_CHINESE = ("电压", "电流", "容量", "时间")
"""Words of which one stands in a Chinese cycler's header: they tell its encoding from Windows-1252."""
_PADDED_COMMAS = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?(?:,\s+[-+]?\d+(?:,\d+)?(?:[eE][-+]?\d+)?)+\s*$")
_SAMPLE_LINES = 3000
_SPREAD_LINES = 1000
_CHUNK_LINES = 50_000
_LARGEST_BYTES = 2_000_000_000


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table with its surroundings.

    Attributes
    ----------
    names, units
        Of each column, as the header has them; "" where it says nothing.
    numbers
        Numeric columns `[n_rows]` by their place; nan where a cell was empty.
    texts
        The other columns by their place.
    preamble
        Lines above the header.
    warnings
        What was guessed or left out.
    technique
        Plain name of the technique that wrote it (`paddlewheel.lab.techniques`), such as ``PEIS``, ``GCPL``, ``CV``,
        ``OCV``; None where the file does not say it.
    settings
        What else the file says of the measurement, by name with the unit: ``started``, ``electrode_area_cm2``, ...
    sweep
        `[n_rows]` of whole numbers: that of the frequency sweep that a row belongs to, from 1, and 0 where it belongs
        to a cell test; None where the file does not say it.
    """

    names: list[str]
    units: list[str]
    numbers: dict[int, np.ndarray]
    texts: dict[int, list[str]]
    preamble: list[str]
    source: str
    warnings: list[str] = field(default_factory=list)
    technique: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    sweep: np.ndarray | None = None

    def metadata(self) -> dict[str, Any]:
        """What a cell test or spectrum made of it keeps: ``header``, ``technique`` and the settings, where known."""
        told = {"header": self.preamble or None, "technique": self.technique}
        return {name: value for name, value in told.items() if value is not None} | self.settings

    def rows(self, kept: np.ndarray) -> TextTable:
        """The table of some rows; `kept` is `[n_rows]` of bool."""
        places = np.flatnonzero(kept).tolist()
        return replace(
            self,
            numbers={place: values[kept] for place, values in self.numbers.items()},
            texts={place: [cells[row] for row in places] for place, cells in self.texts.items()},
            sweep=None if self.sweep is None else self.sweep[kept],
        )

    def __len__(self) -> int:
        columns = [*self.numbers.values(), *self.texts.values()]
        return len(columns[0]) if columns else 0


def read_text(path: Path) -> tuple[str, list[str]]:
    """The text of a file, and a warning where its encoding had to be guessed.

    Raises
    ------
    DataError
        If it cannot be read, is empty, or is no text.
    """
    content = read_document(path, DataError, remedy="give a file of measured data", largest=_LARGEST_BYTES)
    if not content.strip():
        raise DataError("is empty", where=path, remedy="give a file of measured data")
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), []
    if b"\x00" in content[:4096] or _control_share(content[:4096]) > 0.02:
        raise DataError("is no text", where=path, remedy="export it as text from the instrument's program")
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    try:
        chinese = content.decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    if any(word in chinese for word in _CHINESE):
        return chinese, ["not UTF-8: read as GB 18030"]
    return content.decode("cp1252", errors="replace"), ["not UTF-8: read as Windows-1252"]


def _control_share(content: bytes) -> float:
    return sum(byte < 32 and byte not in (9, 10, 12, 13, 26) for byte in content) / max(1, len(content))


def parse_table(text: str, *, source: str, warnings: Sequence[str] = ()) -> TextTable:
    """The largest table of a text.

    Raises
    ------
    DataError
        If there is none: no two lines alike with two numbers each.
    """
    lines = _padded_commas_parted(_whole_lines_unquoted(text.splitlines()))
    said = list(warnings)
    delimiter, decimal, start, width = _layout(lines[:_SAMPLE_LINES], source)
    if any('"' in line for line in lines[max(0, start - 3) :]):
        lines, delimiter = _unquoted(lines, delimiter), "\t"
    names, units, header_line = _header(lines, start, width, delimiter, decimal)
    preamble = [line for line in lines[: start if header_line is None else header_line] if line.strip()]
    if decimal == "," and delimiter != ",":
        said.append("decimal commas")
        lines = [*lines[:start], *(line.replace(",", ".") for line in lines[start:])]
    if header_line is None:
        said.append("no header: the columns have no names")
    return table_from(lines, start, names=names, units=units, delimiter=delimiter, preamble=preamble, source=source,
                      warnings=said)  # fmt: skip


def table_from(
    lines: list[str],
    start: int,
    *,
    names: list[str],
    units: list[str],
    delimiter: str | None,
    preamble: list[str],
    source: str,
    warnings: Sequence[str],
) -> TextTable:
    """The table of the lines from `start` on, with points for decimals and as many cells as there are names.

    Raises
    ------
    DataError
        If no line has numbers in such cells.
    """
    said = list(warnings)
    numeric = _numeric_columns(_sample(lines, start), len(names), delimiter)
    numbers, texts, dropped, strange = _columns(lines, start, len(names), delimiter, numeric)
    if strange:
        number, cell = strange[0]
        said.append(f"{len(strange)} cells are no numbers, the first in line {number}: {cell[:60]!r}; taken as empty")
    if dropped:
        number, line = dropped[0]
        said.append(
            f"{len(dropped)} lines left out that do not fit the table, the first in line {number}: {line[:60]!r}"
        )
    if not any(len(column) for column in (*numbers.values(), *texts.values())):
        raise DataError("no row of numbers", where=source, remedy="give a file of measured data")
    return TextTable(names=names, units=units, numbers=numbers, texts=texts, preamble=preamble, source=source,
                     warnings=said)  # fmt: skip


def _padded_commas_parted(lines: list[str]) -> list[str]:
    """The lines with tabs for ``, `` where a comma with a space parts columns and one without is the decimal mark.

    That is where all lines of numbers are so, none has a point, and what follows a comma begins with zeros
    (``10,0200, 273``).
    """
    numeric = [line for line in lines[:_SAMPLE_LINES] if line.strip() and not re.search(r"[^\d\s.,eE+-]", line)]
    if len(numeric) < 3 or not all(map(_PADDED_COMMAS.match, numeric)):
        return lines
    if not any(re.search(r"\d,0\d", line) for line in numeric):
        return lines
    return [re.sub(r",\s+", "\t", line) for line in lines]


def _whole_lines_unquoted(lines: list[str]) -> list[str]:
    """The lines without the quotes around a line as a whole: Novonix quotes its rows so."""
    return [one[1] if line.startswith('"') and (one := _WHOLE_QUOTED.match(line)) else line for line in lines]


def split_line(line: str, delimiter: str | None) -> list[str]:
    """The cells of a line; a delimiter at its end makes no cell."""
    if delimiter is None:
        return line.split()
    cells = [cell.strip() for cell in line.rstrip("\r\n").split(delimiter)]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def is_number(cell: str) -> bool:
    """Whether a cell is a number as instruments write them."""
    return bool(_NUMBER.match(cell))


def number_of(cell: str) -> float | None:
    """The number of a cell, with Fortran's D for E; nan of an empty cell, None of anything else."""
    if not cell:
        return float("nan")
    return float(cell.replace("d", "e").replace("D", "E")) if is_number(cell) else None


def _layout(lines: list[str], source: str) -> tuple[str | None, str, int, int]:
    """Delimiter, decimal mark, first line and width of the table: where numbers are densest."""
    best: tuple[int, tuple[str | None, str, int, int]] | None = None
    marks = {mark for mark in "\t;," if any(mark in line for line in lines)}
    for delimiter in _DELIMITERS:
        for decimal in (".", ","):
            if delimiter == decimal or not {delimiter, decimal} <= marks | {None, "."}:
                continue  # what stands nowhere parts nothing
            score, start, width = _longest_run(lines, delimiter, decimal)
            if start >= 0 and (best is None or score > best[0]):
                best = (score, (delimiter, decimal, start, width))
    if best is None:
        raise DataError("no table of numbers", where=source, remedy="give a file of measured data")
    return best[1]


def _longest_run(lines: list[str], delimiter: str | None, decimal: str) -> tuple[int, int, int]:
    """Score, first line and width of the longest stretch of lines with as many cells, two numbers or more in each."""
    found, start, width, score = (0, -1, 0), -1, 0, 0
    for index, line in enumerate(lines):
        if not line.strip() and start >= 0:
            continue  # a blank line ends no table
        cells = _quoted_cells(line, delimiter) if '"' in line else split_line(line, delimiter)
        numbers = sum(is_number(cell.replace(",", ".", 1) if decimal == "," else cell) for cell in cells)
        goes_on = start >= 0 and len(cells) == width
        alike = numbers >= 2 and (goes_on or 2 * numbers >= len(cells) - 1)
        if not alike:
            start = -1
            continue
        if start < 0 or len(cells) != width:
            start, width, score = index, len(cells), 0
        score += 2 * numbers - len(cells) if numbers < len(cells) else 2 * numbers
        found = max(found, (score, start, width))
    return found


def _quoted_cells(line: str, delimiter: str | None) -> list[str]:
    """The cells of a line with quotes; those that csv cannot part are parted as if they had none."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True), [])
    except csv.Error:
        return split_line(line, delimiter)
    cells = [cell.strip() for cell in cells]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def _unquoted(lines: list[str], delimiter: str | None) -> list[str]:
    """The lines with tabs for delimiters and without quotes, each by itself: a stray quote ends with its line."""
    plain = []
    for line in lines:
        if '"' not in line:
            plain.append("\t".join(split_line(line, delimiter)))
            continue
        cells = _quoted_cells(line, delimiter)
        plain.append("\t".join(cell.replace("\t", " ") for cell in cells))
    return plain


def _header(
    lines: list[str], start: int, width: int, delimiter: str | None, decimal: str
) -> tuple[list[str], list[str], int | None]:
    """Names and units of the columns, and the line of the header; names are "" where there is none."""
    above = [index for index in range(start - 1, max(-1, start - 8), -1) if lines[index].strip()][:2]
    rows = [(index, _header_cells(lines[index], width, delimiter)) for index in above]
    rows = [(index, cells) for index, cells in rows if cells and not any(is_number(cell) for cell in cells if cell)]
    if not rows:
        return [""] * width, [""] * width, None
    index, cells = rows[0]
    filled = [cell for cell in cells if cell]
    if len(rows) > 1 and 2 * sum(is_unit(plain_unit(cell)) or cell == "#" for cell in filled) > len(filled):
        return [split_header(name)[0] for name in rows[1][1]], [plain_unit(cell) for cell in cells], rows[1][0]
    pairs = [split_header(cell) for cell in cells]
    return [name for name, _ in pairs], [unit for _, unit in pairs], index


def _header_cells(line: str, width: int, delimiter: str | None) -> list[str]:
    candidates = [split_line(line, delimiter)]
    # some programs part the header otherwise than the rows
    candidates += [[cell.strip() for cell in re.split(parting, line.strip())] for parting in (r"\t", r"\t+|\s{2,}|,|;")]
    for cells in candidates:
        if len(cells) == width:
            return cells
        if len(cells) == width - 1 and delimiter is not None:
            return [*cells, ""]
    return []


def _sample(lines: list[str], start: int) -> list[str]:
    """The first rows, and some from all over the file: a column may begin with numbers and go on with words."""
    return lines[start : start + 200] + lines[start + 200 :: max(1, (len(lines) - start) // _SPREAD_LINES)]


def _numeric_columns(sample: list[str], width: int, delimiter: str | None) -> list[int]:
    rows = [cells for line in sample if len(cells := split_line(line, delimiter)) == width]
    numeric = []
    for column in range(width):
        filled = [row[column] for row in rows if row[column]]
        if filled and 2 * sum(is_number(cell) for cell in filled) > len(filled):
            numeric.append(column)
    return numeric


def _columns(
    lines: list[str], start: int, width: int, delimiter: str | None, numeric: list[int]
) -> tuple[dict[int, np.ndarray], dict[int, list[str]], list[tuple[int, str]], list[tuple[int, str]]]:
    """Numeric and text columns of the lines from `start` on; the lines left out, and the cells of numeric columns that
    are no numbers, with their lines' numbers from 1."""
    textual = [column for column in range(width) if column not in numeric]
    parts: list[np.ndarray] = []
    texts: dict[int, list[str]] = {column: [] for column in textual}
    dropped: list[tuple[int, str]] = []
    strange: list[tuple[int, str]] = []
    for first in range(start, len(lines), _CHUNK_LINES):
        chunk = lines[first : first + _CHUNK_LINES]
        table = _fast(chunk, width, delimiter, numeric, texts)
        if table is None:
            table = _slow(chunk, first, width, delimiter, numeric, texts, dropped, strange)
        parts.append(table)
    whole = np.concatenate(parts) if parts else np.empty((0, len(numeric)))
    return {column: whole[:, place].copy() for place, column in enumerate(numeric)}, texts, dropped, strange


def _fast(
    chunk: list[str], width: int, delimiter: str | None, numeric: list[int], texts: dict[int, list[str]]
) -> np.ndarray | None:
    """All cells of alike lines at once, the text columns into `texts`; None where a line differs."""
    if texts and delimiter is None:
        return None
    if texts:
        counts = {line.count(str(delimiter)) for line in chunk}
        if 0 in counts:  # blank lines, as many programs end a file
            chunk = [line for line in chunk if line.strip()]
            counts = {line.count(str(delimiter)) for line in chunk}
        ends_open = width in counts and any(
            line.count(str(delimiter)) == width and line.rpartition(str(delimiter))[2].strip() for line in chunk
        )
        if not counts or counts - {width - 1, width} or ends_open:  # a delimiter at a line's end makes no cell
            return None
    try:
        table = np.loadtxt(chunk, delimiter=delimiter, comments=None, ndmin=2, usecols=numeric if texts else None)
    except ValueError:
        return None
    if table.shape[1] != len(numeric) or (texts and len(table) != len(chunk)):
        return None
    for column, cells in texts.items():  # no list of all cells is kept: the collector would walk over each
        cells.extend([line.split(delimiter, column + 1)[column].strip() for line in chunk])
    return table


def _slow(
    chunk: list[str],
    first: int,
    width: int,
    delimiter: str | None,
    numeric: list[int],
    texts: dict[int, list[str]],
    dropped: list[tuple[int, str]],
    strange: list[tuple[int, str]],
) -> np.ndarray:
    rows = []
    for offset, line in enumerate(chunk):
        cells = split_line(line, delimiter)
        if not line.strip():
            continue
        if len(cells) == width - 1 and delimiter is not None and line.rstrip("\r\n ").endswith(delimiter):
            cells.append("")
        values = [number_of(cells[column]) for column in numeric] if len(cells) == width else []
        # a line without any number is a repeated header or a remark
        if all(value is None or np.isnan(value) for value in values):
            dropped.append((first + offset + 1, line))
            continue
        if None in values:
            strange += [
                (first + offset + 1, cells[column])
                for column, value in zip(numeric, values, strict=True)
                if value is None
            ]
        rows.append([np.nan if value is None else value for value in values])
        for column, cell in texts.items():
            cell.append(cells[column])
    return np.array(rows, dtype=float).reshape(len(rows), len(numeric))
