"""The first table of an .xlsx workbook, through openpyxl."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable, parse_table


def read_xlsx(path: Path) -> TextTable:
    """The table of the sheet with the most rows that hold one.

    Raises
    ------
    DataError
        If it is no workbook, or no sheet has a table of numbers.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
        sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    except Exception as error:  # a damaged workbook fails in zipfile, in the XML parser or in openpyxl, each its way
        raise DataError(
            f"no readable workbook ({type(error).__name__})", where=path, remedy="save it again as .xlsx or as CSV"
        ) from error
    best: TextTable | None = None
    for title, rows in sheets.items():
        text = io.StringIO()
        csv.writer(text, delimiter="\t", lineterminator="\n").writerows([_cell(cell) for cell in row] for row in rows)
        try:
            table = parse_table(text.getvalue(), source=str(path), warnings=[f"sheet {title}"])
        except DataError:
            continue  # a sheet of remarks
        if best is None or len(table) > len(best):
            best = table
    if best is None:
        raise DataError("no sheet with a table of numbers", where=path, remedy="give a workbook of measured data")
    return best


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
