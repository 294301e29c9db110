"""The largest table of a workbook: .xlsx through openpyxl, .ods (OpenDocument) by its own XML.

An .ods is a zip with `content.xml`: `table:table`, `table:table-row`, `table:table-cell`, of which rows and cells may
stand for many (`number-rows-repeated`); a number is in `office:value`, a text in `text:p` (OpenDocument 1.3, part 3).
Nothing of the XML is expanded: a document type is refused, and cells are counted before they are written out.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import check_archive, parsing, refuse_document_types
from paddlewheel.lab.readers.text_table import TextTable, parse_table

_LARGEST_BYTES = 500_000_000
_MOST_CELLS = 20_000_000
_EMPTY_CELLS = 256
"""Of one element, above which they are the rest of the row."""
_CHARACTERS_A_CELL = _LARGEST_BYTES // _MOST_CELLS
_REMEDY = "save it again as .xlsx or as CSV"
_DURATION = re.compile(r"P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")


def read_xlsx(path: Path) -> TextTable:
    """The table of the sheet with the most rows that hold one.

    Raises
    ------
    DataError
        If it is no workbook, or no sheet has a table of numbers.
    """
    return largest_table(xlsx_sheets(path), path)


def xlsx_sheets(path: Path) -> dict[str, str]:
    """The sheets of a workbook by their titles, as text with tabs between the cells.

    Raises
    ------
    DataError
        If it is no workbook.
    """
    from openpyxl import load_workbook

    check_archive(path, DataError, remedy=_REMEDY, largest=_LARGEST_BYTES)
    refuse_document_types(path, DataError, remedy=_REMEDY)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        return {sheet.title: _text(sheet, path) for sheet in book.worksheets}
    except DataError:
        raise
    except Exception as error:  # a damaged workbook fails in zipfile, in the XML parser or in openpyxl, each its way
        raise DataError(f"no readable workbook ({type(error).__name__})", where=path, remedy=_REMEDY) from error


def is_ods(path: Path) -> bool:
    """Whether a zip file is a spreadsheet of OpenDocument."""
    with parsing(path, DataError, problem="is a damaged archive", remedy=_REMEDY), zipfile.ZipFile(path) as archive:
        return "content.xml" in archive.namelist() and "[Content_Types].xml" not in archive.namelist()


def read_ods(path: Path) -> TextTable:
    """The table of the sheet with the most rows that hold one.

    Raises
    ------
    DataError
        If it is no spreadsheet, or no sheet has a table of numbers.
    """
    return largest_table(ods_sheets(path), path)


def ods_sheets(path: Path) -> dict[str, str]:
    """The sheets of a spreadsheet by their titles, as text with tabs between the cells.

    Raises
    ------
    DataError
        If it is no spreadsheet.
    """
    check_archive(path, DataError, remedy=_REMEDY, largest=_LARGEST_BYTES)
    reader = _OdsReader(path)
    with (
        parsing(path, DataError, problem="no readable workbook", remedy=_REMEDY),
        zipfile.ZipFile(path) as archive,
        archive.open("content.xml") as stream,
    ):
        try:
            reader.parser.ParseFile(stream)
        except expat.ExpatError as error:
            raise ValueError(str(error)) from error
    return {title: sheet.getvalue() for title, sheet in reader.sheets.items()}


class _OdsReader:
    """Sheets with tabs between their cells, as the parser comes upon them."""

    def __init__(self, path: Path) -> None:
        self.sheets: dict[str, io.StringIO] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._path, self._count = path, 0
        self._row: list[str] = []
        self._repeats, self._cell_repeats = 1, 1
        self._value: str | None = None
        self._words: list[str] | None = None

    def _refuse(self, *_: Any) -> None:
        raise DataError("declares a document type", where=self._path, remedy=_REMEDY)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(" ")[2]
        told = {name.rpartition(" ")[2]: value for name, value in attributes.items()}
        if kind == "table":
            self.sheets.setdefault(told.get("name", f"sheet {len(self.sheets) + 1}"), io.StringIO())
        elif kind == "table-row":
            self._row, self._repeats = [], int(told.get("number-rows-repeated", 1))
        elif kind in ("table-cell", "covered-table-cell"):
            self._cell_repeats = int(told.get("number-columns-repeated", 1))
            self._value, self._words = _ods_value(told), []

    def _text(self, text: str) -> None:
        if self._words is not None:
            self._words.append(text)

    def _end(self, tag: str) -> None:
        kind = tag.rpartition(" ")[2]
        if kind in ("table-cell", "covered-table-cell") and self._words is not None:
            cell = self._value if self._value is not None else cell_text("".join(self._words))
            if cell or self._cell_repeats < _EMPTY_CELLS:  # a row ends with one empty cell for all columns there are
                self._counted(self._cell_repeats)
                self._row += [cell] * self._cell_repeats
            self._words = None
        elif kind == "table-row" and self.sheets:
            while self._row and not self._row[-1]:
                self._row.pop()
            repeats = self._repeats if self._row else 1
            self._counted(repeats * (len(self._row) + 1))
            line = io.StringIO()
            csv.writer(line, delimiter="\t", lineterminator="\n").writerow(self._row)
            self._counted(repeats * line.tell() // _CHARACTERS_A_CELL)
            next(reversed(self.sheets.values())).write(line.getvalue() * repeats)

    def _counted(self, cells: int) -> None:
        self._count += cells
        if self._count > _MOST_CELLS or cells < 0:
            raise DataError(
                f"more than {_MOST_CELLS / 1e6:g} million cells",
                where=self._path,
                remedy="save what was measured as CSV",
            )


def _ods_value(told: dict[str, str]) -> str | None:
    """What a cell holds as a number, a date or seconds; None for a text."""
    if "value" in told:
        return cell_text(told["value"])
    if "date-value" in told:
        return cell_text(told["date-value"].replace("T", " "))
    if matched := _DURATION.fullmatch(told.get("time-value", "")):
        days, hours, minutes, seconds = (float(part or 0) for part in matched.groups())
        return str(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())
    return None


def largest_table(sheets: Mapping[str, str], path: Path) -> TextTable:
    """The table with the most rows of the sheets, given with tabs between their cells; joined with those that go on.

    Raises
    ------
    DataError
        If none holds a table of numbers.
    """
    tables: list[TextTable] = []
    for title, text in sheets.items():
        try:
            tables.append(parse_table(text, source=str(path), warnings=[f"sheet {title}"]))
        except DataError:
            continue  # a sheet of remarks
    if not tables:
        raise DataError("no sheet with a table of numbers", where=path, remedy="give a workbook of measured data")
    place = max(range(len(tables)), key=lambda place: len(tables[place]))
    first = last = place
    while first > 0 and _goes_on(tables[first - 1], tables[first]):
        first -= 1
    while last + 1 < len(tables) and _goes_on(tables[last], tables[last + 1]):
        last += 1
    return tables[place] if first == last else _joined(tables[first : last + 1])


def _goes_on(earlier: TextTable, later: TextTable) -> bool:
    """Whether the rows of a sheet are the next of those of another: same columns, and the numbers of the rows go on."""
    same = (earlier.names, earlier.units, [*earlier.numbers]) == (later.names, later.units, [*later.numbers])
    return same and 0 in later.numbers and bool(later.numbers[0][0] == earlier.numbers[0][-1] + 1)


def _joined(tables: Sequence[TextTable]) -> TextTable:
    return replace(
        tables[0],
        numbers={place: np.concatenate([table.numbers[place] for table in tables]) for place in tables[0].numbers},
        texts={place: [cell for table in tables for cell in table.texts[place]] for place in tables[0].texts},
        warnings=[warning for table in tables for warning in table.warnings],
    )


def _text(sheet: Any, path: Path) -> str:
    """A sheet with tabs between its cells; its own word for its size is not believed, and its cells are counted."""
    sheet.reset_dimensions()
    text, count = io.StringIO(), 0
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    for row in sheet.iter_rows(values_only=True):
        count += len(row) + 1
        if count > _MOST_CELLS or text.tell() > _LARGEST_BYTES:
            raise DataError(
                f"sheet {sheet.title} has more than {_MOST_CELLS / 1e6:g} million cells", where=path,
                remedy="save what was measured as CSV",
            )  # fmt: skip
        writer.writerow([cell_text(cell) for cell in row])
    return text.getvalue()


def cell_text(value: Any) -> str:
    """A cell of a workbook as text without tabs and line breaks; "" for an empty one."""
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\t", " ").replace("\n", " ").replace("\r", " ")
