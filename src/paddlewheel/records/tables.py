"""Tables of numbers beside a record, as CSV: written whole or not at all, and read back for figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.records import (
    write_atomically,
)

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


def write_table(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write equally long columns as CSV, atomically; what is not finite is an empty cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([f"{value:.10g}" if np.isfinite(value) else "" for value in row])
    write_atomically(path, buffer.getvalue())


def write_stacked_table(path: Path, names: Sequence[str], parts: Sequence[Sequence[np.ndarray]]) -> None:
    """Write stretches of the same columns, one after the other, as one CSV; each part has a column for each name."""
    write_table(path, {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)})
