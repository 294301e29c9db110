"""A table in Parquet, such as BDF's, through pyarrow or polars, optional packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import split_header
from paddlewheel.lab.readers.text_table import TextTable

BEGINNING = b"PAR1"
_OURS = {"charge_Ah": ("Net Capacity", "Ah")}
"""Names of `write_parquet` that do not say by themselves what they are."""


def read_parquet(path: Path) -> TextTable:
    """The columns of a Parquet file.

    Raises
    ------
    DataError
        If neither pyarrow nor polars is installed, or the file cannot be read or holds no column of numbers.
    """
    reader = _reader()
    if reader is None:
        raise DataError(
            "reading Parquet needs pyarrow", where=path, remedy="pip install 'paddlewheel[parquet]', or give CSV"
        )
    try:
        columns = {str(name): np.asarray(column) for name, column in reader(path).items()}
    except Exception as error:  # a damaged file fails in pyarrow and in polars in ways of their own; one line for all
        raise DataError(
            f"no readable Parquet ({type(error).__name__}: {str(error)[:80]})", where=path,
            remedy="copy it again, or give CSV",
        ) from error  # fmt: skip
    pairs = [_OURS.get(name) or split_header(name) for name in columns]
    numbers: dict[int, np.ndarray] = {}
    texts: dict[int, list[str]] = {}
    for place, column in enumerate(columns.values()):
        if column.dtype.kind in "fiub":
            numbers[place] = column.astype(float)
        elif column.dtype.kind == "M":
            numbers[place] = np.where(np.isnat(column), np.nan, column.astype("datetime64[us]").astype(float) / 1e6)
        elif column.dtype.kind == "m":
            numbers[place] = column / np.timedelta64(1, "s")
        else:
            texts[place] = ["" if cell is None else str(cell) for cell in column.tolist()]
    if not numbers or not len(next(iter(numbers.values()))):
        raise DataError("no column of numbers", where=path, remedy="give a file of measured data")
    return TextTable(names=[name for name, _ in pairs], units=[unit for _, unit in pairs], numbers=numbers, texts=texts,
                     preamble=[], source=str(path))  # fmt: skip


def _reader() -> Any:
    """What gives the columns of a file by name, of the first of the two packages that is installed."""
    try:
        from pyarrow import parquet  # type: ignore[import-not-found]

        def by_pyarrow(path: Path) -> dict[str, Any]:
            table = parquet.read_table(path)
            return {name: table[name].to_numpy() for name in table.column_names}

        return by_pyarrow
    except ImportError:
        pass
    try:
        import polars  # type: ignore[import-not-found]
    except ImportError:
        return None

    def by_polars(path: Path) -> dict[str, Any]:
        frame = polars.read_parquet(path)
        return {name: frame[name].to_numpy() for name in frame.columns}

    return by_polars
