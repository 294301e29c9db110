"""Arbin's .res, a Microsoft Access database, through mdb-export of mdbtools (GPL, a program of its own, by subprocess).

The rows stand in `Channel_Normal_Table`: time in s, current in A, voltage in V, capacities in Ah, dates in days.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable, parse_table

BEGINNINGS = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_PROGRAM, _TABLE = "mdb-export", "Channel_Normal_Table"
_LONGEST_S = 900
_LARGEST_BYTES = 4_000_000_000
_UNITS = {"Test_Time": "s", "Step_Time": "s", "Current": "A", "Voltage": "V", "Charge_Capacity": "Ah",
          "Discharge_Capacity": "Ah", "Charge_Energy": "Wh", "Discharge_Energy": "Wh", "dV/dt": "V/s",
          "Internal_Resistance": "ohm"}  # fmt: skip


def read_res(path: Path) -> TextTable:
    """The rows of a .res in the order of their numbers.

    Raises
    ------
    DataError
        If mdb-export is not installed, or cannot read the file.
    """
    text = _exported(path)
    if not text.strip():
        raise DataError(f"no table {_TABLE}", where=path, remedy="give a .res of Arbin's MITS Pro")
    table = parse_table(text, source=str(path))
    units = [_UNITS.get(name, "") for name in table.names]
    table = replace(table, units=units, warnings=[one for one in table.warnings if "no unit" not in one])
    return _in_order(table)


def _exported(path: Path) -> str:
    limits = {"capture_output": True, "timeout": _LONGEST_S, "check": False}
    try:
        done = subprocess.run([_PROGRAM, str(path.resolve()), _TABLE], **limits)
    except FileNotFoundError as error:
        raise DataError(
            f"reading an Arbin .res needs {_PROGRAM}", where=path,
            remedy="apt-get install mdbtools (macOS: brew install mdbtools), or export it as CSV from Arbin's program",
        ) from error  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"{_PROGRAM} did not end in {_LONGEST_S} s", where=path, remedy="the file is damaged: copy it again"
        ) from error
    if done.returncode or len(done.stdout) > _LARGEST_BYTES:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DataError(
            f"{_PROGRAM} cannot read it ({said[-1][:80] if said else f'status {done.returncode}'})", where=path,
            remedy="copy it again, or export it as CSV",
        )  # fmt: skip
    return done.stdout.decode("utf-8", "replace")


def _in_order(table: TextTable) -> TextTable:
    """The rows by the number of their test and their own: a database keeps no order."""
    places = {name: place for place, name in enumerate(table.names)}
    columns = [table.numbers[places[name]] for name in ("Data_Point", "Test_ID") if name in places
               and places[name] in table.numbers]  # fmt: skip
    if not columns:
        return table
    order = np.lexsort(columns)
    if (np.diff(order) == 1).all():
        return table
    table.warnings.append("the rows are put in the order of their numbers")
    return table.rows(order)
