"""The largest table of an .xls, the workbook of Excel before 2007, through xlrd (BSD-3-Clause), an optional package."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.spreadsheet import cell_text, largest_table
from paddlewheel.lab.readers.text_table import TextTable

BEGINNING = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REMEDY = "save it again as .xlsx or as CSV"


def read_xls(path: Path) -> TextTable:
    """The table of the sheet with the most rows that hold one.

    Raises
    ------
    DataError
        If xlrd is not installed, or it is no workbook or has no table of numbers.
    """
    return largest_table(xls_sheets(path), path)


def xls_sheets(path: Path) -> dict[str, str]:
    """The sheets of a workbook by their titles, as text with tabs between the cells.

    Raises
    ------
    DataError
        If xlrd is not installed, or it is no workbook.
    """
    try:
        import xlrd  # type: ignore[import-not-found]
    except ImportError as error:
        raise DataError(
            "reading an .xls needs xlrd", where=path, remedy=f"pip install 'paddlewheel[xls]', or {_REMEDY}"
        ) from error
    try:
        with xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True) as book:
            return {name: _text(book, book.sheet_by_name(name)) for name in book.sheet_names()}
    except Exception as error:  # a damaged workbook fails in xlrd in every way there is; one line for all
        raise DataError(f"no readable workbook ({type(error).__name__})", where=path, remedy=_REMEDY) from error


def _text(book: Any, sheet: Any) -> str:
    from xlrd import XL_CELL_DATE  # type: ignore[import-not-found]
    from xlrd.xldate import xldate_as_datetime  # type: ignore[import-not-found]

    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    for row in range(sheet.nrows):
        cells = sheet.row(row)
        writer.writerow([
            cell_text(xldate_as_datetime(cell.value, book.datemode) if cell.ctype == XL_CELL_DATE else cell.value)
            for cell in cells
        ])  # fmt: skip
    return text.getvalue()
