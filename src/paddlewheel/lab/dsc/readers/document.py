"""JSON of apparent heat capacities as fpex0 has it: temperatures, values and a rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers.header import Header
from paddlewheel.lab.dsc.readers.table import Told, scans_of
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.readers.text_table import TextTable

_REMEDY = "give T and latentdata (or cp) of one length, and rate in K/min"
_VALUES = {"latentdata": "J/(g K)", "cp": "J/(g K)", "heat_flow_mW": "mW", "heat_flow_W_per_g": "W/g"}


def scans_of_document(document: Any, path: Path, told: Told) -> list[ThermalScan]:
    """The runs of a JSON document: one object, or a list of them.

    Raises
    ------
    DataError
        For other documents.
    """
    return [
        scan for part in (document if isinstance(document, list) else [document]) for scan in _scan(part, path, told)
    ]


def _scan(part: Any, path: Path, told: Told) -> list[ThermalScan]:
    key = next((key for key in _VALUES if isinstance(part, dict) and key in part), None)
    if key is None or "T" not in part:
        raise DataError("no T with latentdata, cp or a heat flow", where=path, remedy=_REMEDY)
    try:
        temperatures, values = (np.array(part[name], dtype=float) for name in ("T", key))
        rate = float(part["rate"]) if part.get("rate") is not None else None
        mass = float(part["mass_mg"]) if part.get("mass_mg") is not None else None
    except (TypeError, ValueError) as error:
        raise DataError("T, values, rate or mass_mg are no numbers", where=path, remedy=_REMEDY) from error
    if temperatures.ndim != 1 or temperatures.shape != values.shape:
        raise DataError(f"{temperatures.size} temperatures for {values.size} values", where=path, remedy=_REMEDY)
    table = TextTable(
        names=["T", key], units=["C", _VALUES[key]], numbers={0: temperatures, 1: values}, texts={}, preamble=[],
        source=str(path),
    )  # fmt: skip
    header = Header(
        mass_mg=mass, masses_mg=() if mass is None else (mass,),
        rates_K_per_min=() if rate is None or rate == 0 else (abs(rate),), name=str(part.get("ID") or "") or None,
    )  # fmt: skip
    return scans_of(table, header, told, name=path.name.partition(".json")[0])
