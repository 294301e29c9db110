"""Tables of numbers that lie beside a record, read for its figures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from paddlewheel.errors import InputError

Columns = dict[str, np.ndarray]
"""Column name -> values `[n_rows]` float64, nan where the file says nothing."""


def read_columns(path: Path, *, made_by: str) -> Columns:
    """The columns of a CSV file of numbers.

    Raises
    ------
    InputError
        If it cannot be read, or is no table of numbers.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream))
        values = np.array([[float(text) if text else np.nan for text in row] for row in rows])
        values = values.reshape(len(rows), len(header))
    except (OSError, ValueError) as error:
        raise InputError(f"no table of numbers ({error})", where=path, remedy=f"run {made_by} again") from error
    return dict(zip(header, values.T, strict=True))
