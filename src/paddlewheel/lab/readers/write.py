"""Cell tests out: BDF, the Battery Data Format, as CSV; and Parquet."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from paddlewheel.errors import SettingsError, writing
from paddlewheel.lab.table import CellTest
from paddlewheel.records import write_atomically

_BDF = {
    "time_s": ("Test Time / s", 0.0),
    "voltage_V": ("Voltage / V", 0.0),
    "current_A": ("Current / A", 0.0),
    "charge_Ah": ("Net Capacity / Ah", 0.0),
    "cycle": ("Cycle Count / 1", 0.0),
    "step": ("Step Count / 1", 0.0),
    "temperature_K": ("Ambient Temperature / degC", -273.15),
}
"""Our columns under BDF's labels (battery-data-alliance.github.io/battery-data-format)."""


def write_bdf(test: CellTest, path: str | Path) -> Path:
    """Write the columns that BDF knows as CSV, atomically.

    Raises
    ------
    RunDirectoryError
        If the file cannot be written.
    """
    path = Path(path)
    labels, columns = [], []
    for name, (label, shift) in _BDF.items():
        values = getattr(test, name)
        if values is not None:
            labels.append(label)
            columns.append(np.asarray(values, dtype=float) + shift)
    text = io.StringIO()
    np.savetxt(text, np.stack(columns, axis=1), fmt="%.12g", delimiter=",", header=",".join(labels), comments="")
    with writing(path):
        write_atomically(path, text.getvalue())
    return path


def write_parquet(test: CellTest, path: str | Path) -> Path:
    """Write every column as Parquet, under our names.

    Raises
    ------
    SettingsError
        If pyarrow is not installed.
    RunDirectoryError
        If the file cannot be written.
    """
    try:
        import pyarrow as pa  # type: ignore[import-not-found]
        import pyarrow.parquet as pq  # type: ignore[import-not-found]
    except ImportError as error:
        raise SettingsError(
            "writing Parquet needs pyarrow", where="parquet", remedy="pip install 'paddlewheel[parquet]'"
        ) from error
    path = Path(path)
    with writing(path):
        pq.write_table(pa.table({name: pa.array(column) for name, column in test.columns().items()}), path)
    return path
