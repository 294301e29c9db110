"""Neware's .nda and .ndax through fastnda (BSD-3-Clause), an optional package."""

from __future__ import annotations

import importlib
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import check_archive
from paddlewheel.lab.readers.cell_tests import assemble, rising_steps, step_kinds
from paddlewheel.lab.table import CellTest

SUFFIXES = (".nda", ".ndax")
_LARGEST_BYTES = 2_000_000_000
_TAKEN = ("voltage_V", "current_mA", "total_time_s", "capacity_mAh", "step_count", "step_type", "cycle_count")


def read_neware(path: Path) -> CellTest:
    """The rows of a .nda or .ndax.

    Raises
    ------
    DataError
        If fastnda is not installed, or cannot read the file.
    """
    try:
        fastnda = _import_fastnda()
    except ImportError as error:
        raise DataError(
            "reading it needs fastnda", where=path, remedy="pip install 'paddlewheel[neware]', or export it as CSV"
        ) from error
    if path.suffix.lower() == ".ndax":
        check_archive(path, DataError, remedy="copy it again, or export it as CSV", largest=_LARGEST_BYTES)
    try:
        frame = fastnda.read(path)
        columns = {name: frame[name].to_numpy() for name in frame.columns if name != "step_type"}
        kinds = [str(kind) for kind in frame["step_type"].to_list()]
    except Exception as error:  # a parser of a foreign binary format fails in every way there is; one line for all
        raise DataError(
            f"fastnda cannot read it ({type(error).__name__}: {str(error)[:80]})", where=path,
            remedy="copy it again, or export it as CSV",
        ) from error  # fmt: skip
    if not len(kinds):
        raise DataError("no row of data", where=path, remedy="give a file with measured points")
    step = columns["step_count"].astype(np.int64)
    fields: dict[str, Any] = {
        "time_s": columns["total_time_s"].astype(float),
        "voltage_V": columns["voltage_V"].astype(float),
        "current_A": columns["current_mA"].astype(float) / 1000,
        "step": rising_steps(step),
        "step_kind": step_kinds(kinds),
        "cycle": columns["cycle_count"].astype(np.int64),
    }
    return assemble(
        fields,
        counters={"step_charge_Ah": columns["capacity_mAh"].astype(float) / 1000},
        other={name: column for name, column in columns.items() if name not in _TAKEN},
        source=str(path),
        metadata={"read_by": "fastnda"},
        warnings=[],
    )


def _import_fastnda() -> ModuleType:
    """fastnda, with zlib as it was: its .ndax part puts isal's functions there, whose errors no other reader knows."""
    functions = zlib.decompress, zlib.decompressobj
    try:
        importlib.import_module("fastnda.ndax")
        return importlib.import_module("fastnda")
    finally:
        zlib.decompress, zlib.decompressobj = functions
