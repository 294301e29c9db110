"""The first table of an .xlsx workbook, through openpyxl."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from paddlewheel.errors import DataError
from paddlewheel.foreign import check_archive, refuse_document_types
from paddlewheel.lab.readers.text_table import TextTable, parse_table

_LARGEST_BYTES = 500_000_000
_MOST_CELLS = 20_000_000


def read_xlsx(path: Path) -> TextTable:
    """The table of the sheet with the most rows that hold one.

    Raises
    ------
    DataError
        If it is no workbook, or no sheet has a table of numbers.
    """
    from openpyxl import load_workbook

    remedy = "save it again as .xlsx or as CSV"
    check_archive(path, DataError, remedy=remedy, largest=_LARGEST_BYTES)
    refuse_document_types(path, DataError, remedy=remedy)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        sheets = {sheet.title: _text(sheet, path) for sheet in book.worksheets}
    except DataError:
        raise
    except Exception as error:  # a damaged workbook fails in zipfile, in the XML parser or in openpyxl, each its way
        raise DataError(f"no readable workbook ({type(error).__name__})", where=path, remedy=remedy) from error
    best: TextTable | None = None
    for title, text in sheets.items():
        try:
            table = parse_table(text, source=str(path), warnings=[f"sheet {title}"])
        except DataError:
            continue  # a sheet of remarks
        if best is None or len(table) > len(best):
            best = table
    if best is None:
        raise DataError("no sheet with a table of numbers", where=path, remedy="give a workbook of measured data")
    return best


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
        writer.writerow([_cell(cell) for cell in row])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\t", " ").replace("\n", " ").replace("\r", " ")
