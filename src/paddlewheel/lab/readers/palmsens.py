"""PalmSens's .pssession: JSON in UTF-16, a list of measurements, of which those of impedance are read.

A measurement has `EISDataList`, or in older files a `DataSet` whose type names EIS; both hold `Values`, a list of
columns with a `Unit` (`Type` such as PalmSens.Units.Hertz, `Q` the quantity such as -Z'') and `DataValues`, each `{"V":
number}`. Keys are written with capitals or without (facts from the MIT-licensed PSData-in-python,
github.com/stephanschoeman/PSData-in-python, which also says that a character follows the document). Not tested on a
real file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_document
from paddlewheel.lab.readers.sweeps import stacked
from paddlewheel.lab.readers.text_table import TextTable

BEGINNINGS = (b"\xff\xfe{\x00", b"\xfe\xff\x00{", b"{\x00")
_REMEDY = "save it again in PSTrace, or export the spectrum as CSV"
_FIELDS = {"hertz": "frequency", "zre": "Z'", "zim": "-Z''"}
_QUANTITIES = {"frequency": "frequency", "z'": "Z'", "-z''": "-Z''", "z''": "Z''"}
_UNITS = {"frequency": "Hz"}


def read_session(path: Path) -> TextTable:
    """The impedance spectra of the file, one under the other.

    Raises
    ------
    DataError
        If it is damaged, or has no impedance spectrum.
    """
    content = read_document(path, DataError, remedy=_REMEDY)
    with parsing(path, DataError, problem="cannot be read as JSON", remedy=_REMEDY):
        text = content.decode("utf-16-le" if content.startswith(b"{") else "utf-16", errors="replace")
        document, _ = json.JSONDecoder(object_hook=_lower).raw_decode(text)
        measurements = document["measurements"]
        tables, others = [], 0
        for measurement in measurements:
            found = [_table(each["dataset"], str(each.get("title") or measurement.get("title") or ""), path)
                     for each in _spectra(measurement)]  # fmt: skip
            others += not found
            tables += found
    if not tables:
        raise DataError(
            f"holds {len(measurements)} measurements, none of impedance", where=path,
            remedy="give a session with an impedance spectrum",
        )  # fmt: skip
    said = [f"{others} measurements left out: none of impedance"] if others else []
    return stacked(tables, source=str(path), warnings=said)


def _lower(given: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in given.items()}


def _spectra(measurement: dict[str, Any]) -> list[dict[str, Any]]:
    """What holds a data set of impedance: the entries of the list, or the measurement itself."""
    if listed := measurement.get("eisdatalist"):
        return listed
    return [measurement] if "eis" in str((measurement.get("dataset") or {}).get("type", "")).lower() else []


def _table(dataset: dict[str, Any], title: str, path: Path) -> TextTable:
    columns: dict[str, np.ndarray] = {}
    for values in dataset["values"]:
        name = _name(values.get("unit") or {})
        if name is not None and name not in columns:
            columns[name] = np.array([float(value["v"]) for value in values["datavalues"]])
    if len({len(column) for column in columns.values()}) > 1:
        raise DataError(f"columns of unlike lengths in {title!r}", where=path, remedy=_REMEDY)
    names = list(columns)
    return TextTable(
        names=names, units=[_UNITS.get(name, "ohm") for name in names], numbers=dict(enumerate(columns.values())),
        texts={}, preamble=[title] if title else [], source=str(path),
    )  # fmt: skip


def _name(unit: dict[str, Any]) -> str | None:
    """The column by its quantity, else by the type of its unit; None for a column that no spectrum needs."""
    quantity = str(unit.get("q") or "").strip().lower().replace('"', "''")
    if quantity in _QUANTITIES:
        return _QUANTITIES[quantity]
    kind = str(unit.get("type") or "").lower().rpartition(".")[2]
    return _FIELDS.get(kind)
