"""Tables of T1 or of line widths against temperature, as text of any spreadsheet writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import Found, find_columns
from paddlewheel.lab.readers.text_table import parse_table, read_text
from paddlewheel.units import ZERO_CELSIUS_K

_FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "temperature_K": ("K", ("temperature", "temp", "t", "temperatur")),
    "t1_std_s": ("s", ("t1std", "t1error", "t1err", "errort1", "t1uncertainty", "st1", "dt1", "sigmat1")),
    "t1_s": ("s", ("t1", "t1time", "spinlatticerelaxationtime")),
    "rate_per_s": ("Hz", ("r1", "1/t1", "rate", "relaxationrate")),
    "width_std_Hz": ("Hz", ("widthstd", "widthserror", "widtherror", "linewidtherror", "linewidthstd", "fwhmerror",
                            "fwhmstd", "widtherr", "errorwidth")),
    "width_Hz": ("Hz", ("width", "widths", "linewidth", "linewidths", "fwhm")),
    "frequency_Hz": ("Hz", ("frequency", "larmorfrequency", "larmor", "freq")),
}  # fmt: skip
_SUFFIXES = (".csv", ".txt", ".tsv", ".dat")


@dataclass(frozen=True, eq=False, kw_only=True)
class TemperatureTable:
    """T1 or line widths against temperature; columns are [n], those that are absent None.

    `frequency_Hz` is the Larmor frequency of each row.
    """

    name: str
    temperature_K: np.ndarray
    t1_s: np.ndarray | None = None
    t1_std_s: np.ndarray | None = None
    width_Hz: np.ndarray | None = None
    width_std_Hz: np.ndarray | None = None
    frequency_Hz: np.ndarray | None = None
    warnings: tuple[str, ...] = ()


def read_temperature_table(path: Path) -> TemperatureTable | None:
    """The table of a text file; None of a file of another kind, or one that names neither T1 nor a width.

    Raises
    ------
    DataError
        For a column in a unit that does not fit, no temperature, or a cell without a number.
    """
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        return None
    try:
        text, said = read_text(path)
        table = parse_table(text, source=path.name, warnings=said)
    except DataError:  # no table: a spectrum may still be in it, whose reader says what is wrong
        return None
    try:
        found, warnings = find_columns(table.names, table.units, _FIELDS, None)
    except KeyError as error:
        remedy = "give temperatures in K, T1 in s, widths in Hz"
        raise DataError(str(error.args[0]), where=path, remedy=remedy) from error
    if not {"t1_s", "rate_per_s", "width_Hz"} & set(found):
        return None
    if "temperature_K" not in found:
        raise DataError(
            f"no column of temperatures among {', '.join(filter(None, table.names))}", where=path,
            remedy="name it temperature_K",
        )  # fmt: skip
    columns = {name: _numbers(table.numbers, column, name, path) for name, column in found.items()}
    if "t1_s" not in columns and "rate_per_s" in columns:
        if not (columns["rate_per_s"] > 0).all():
            raise DataError("a rate that is not above 0", where=path, remedy="give R1 in 1/s")
        columns["t1_s"] = 1.0 / columns["rate_per_s"]
    columns.pop("rate_per_s", None)
    return TemperatureTable(name=path.stem, **columns, warnings=(*table.warnings, *warnings))


def _numbers(numbers: Mapping[int, np.ndarray], column: Found, name: str, path: Path) -> np.ndarray:
    values = numbers.get(column.place)
    if values is None or not np.isfinite(values).all():
        row = 0 if values is None else int(np.argmax(~np.isfinite(values)))
        raise DataError(
            f"{name} of row {row + 1} is no number", where=path, remedy="fill the cell, or leave the row out"
        )
    return values * column.factor + (ZERO_CELSIUS_K if column.celsius else 0.0)
