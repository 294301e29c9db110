"""Netzsch's binary .ngb-ss3 and .ngb-ds3 through pyngb (MIT), an optional package."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import bounded_recursion, brief, check_archive, parsing
from paddlewheel.lab.dsc.readers.header import Direction
from paddlewheel.lab.dsc.readers.table import Told
from paddlewheel.lab.dsc.scan import SignalUnit, ThermalScan

_REMEDY = "export it as text (CSV) from Proteus"
_LEAST_UV_PER_MW = 0.02
_NAMES = ("time", "sample_temperature", "dsc_signal")


def is_ngb(path: Path) -> bool:
    """Whether a zip file is a measurement of Netzsch."""
    with parsing(path, DataError, problem="is a damaged archive", remedy=_REMEDY), zipfile.ZipFile(path) as archive:
        return any(name.endswith((".table", "stream_1.table")) for name in archive.namelist())


def read_ngb_scans(path: Path, told: Told, *, correction: bool = False) -> list[ThermalScan]:
    """The run of a Netzsch file as it was measured, or the correction (the empty run) that a .ngb-ds3 holds with it.

    Raises
    ------
    DataError
        If pyngb is not installed, or for no DSC signal or a damaged file.
    """
    try:
        from pyngb import read_ngb  # type: ignore[import-not-found]
    except ImportError as error:
        raise DataError(
            "reading a Netzsch .ngb needs pyngb", where=path, remedy=f"pip install 'paddlewheel[netzsch]', or {_REMEDY}"
        ) from error
    check_archive(path, DataError, remedy=_REMEDY)
    try:
        table = read_ngb(str(path), run="correction" if correction else "sample")
        with bounded_recursion():
            said: dict[str, Any] = json.loads(table.schema.metadata[b"file_metadata"])
        names = table.column_names
        values = {name: np.asarray(table[name].to_numpy(), float) for name in names}
    except ValueError as error:
        if correction and "correction" in str(error):
            raise DataError("holds no correction", where=path, remedy="give the file of an empty run") from error
        raise DataError(f"is damaged ({brief(error)})", where=path, remedy="copy it again") from error
    except Exception as error:  # damaged bytes fail in pyngb, polars or pyarrow, each its way
        raise DataError(f"is damaged ({type(error).__name__})", where=path, remedy="copy it again") from error
    missing = [name for name in _NAMES if name not in values]
    if missing:
        raise DataError(f"holds no {', '.join(missing)}", where=path, remedy="give a file of a DSC or STA")
    time_s, temperature_C, signal = (values[name] for name in _NAMES)
    kept = np.isfinite(time_s) & np.isfinite(temperature_C) & np.isfinite(signal)
    kept &= np.append(True, np.diff(np.maximum.accumulate(np.where(kept, time_s, -np.inf))) > 0)
    warnings = [] if kept.all() else [f"{int((~kept).sum())} points left out: no number, or out of order in time"]
    if "correction_file_path" in said and not correction:
        warnings.append(
            "was measured with a correction (an empty run), which is not subtracted; --blank subtracts one: its own "
            "file, or this one where it is a .ngb-ds3"
        )
    way = told.exothermic or _exothermic(said, warnings)
    time_s, temperature_C, signal = time_s[kept], temperature_C[kept], signal[kept]
    unit: SignalUnit = "uV"
    sensitivity = told.sensitivity_uV_per_mW or _sensitivity(said, temperature_C)
    if sensitivity is not None:
        signal, unit = signal / sensitivity, "mW"
        if told.sensitivity_uV_per_mW is None:
            warnings.append("in mW by the sensitivity that is in the file")
    mass = told.mass_mg if told.mass_mg is not None else said.get("sample_mass")
    return [
        ThermalScan(
            name=str(said.get("sample_name") or path.stem), source=str(path), time_s=time_s,
            temperature_C=temperature_C, signal=-signal if way == "up" else signal, signal_unit=unit,
            exothermic_known=way is not None, mass_mg=float(mass) if mass else None,
            reference_mass_mg=said.get("reference_mass"), instrument=said.get("instrument"), started=_started(said),
            metadata=said, warnings=tuple(warnings),
        )
    ]  # fmt: skip


def _sensitivity(said: dict[str, Any], temperature_C: np.ndarray) -> np.ndarray | None:
    """uV/mW at each temperature, (p2 + p3 z + p4 z^2 + p5 z^3) exp(-z^2), z = (T - p0) / p1; None for none."""
    constants = said.get("calibration_constants") or {}
    if not all(isinstance(constants.get(f"p{place}"), int | float) for place in range(6)) or not constants["p1"]:
        return None
    z = (temperature_C - constants["p0"]) / constants["p1"]
    sensitivity = np.polynomial.polynomial.polyval(z, [constants[f"p{place}"] for place in range(2, 6)]) * np.exp(
        -(z**2)
    )
    return sensitivity if (sensitivity > _LEAST_UV_PER_MW).all() else None


def _exothermic(said: dict[str, Any], warnings: list[str]) -> Direction | None:
    """The way of exothermic by the areas of the standards whose calibration is in the file: all of one sign."""
    fixpoints = (said.get("sensitivity_calibration") or {}).get("fixpoints") or []
    areas = [point["peak_area"] for point in fixpoints if isinstance(point.get("peak_area"), int | float)]
    if not areas or not (all(area < 0 for area in areas) or all(area > 0 for area in areas)):
        warnings.append("the file does not say which way is exothermic")
        return None
    way: Direction = "up" if areas[0] < 0 else "down"
    warnings.append(
        f"exothermic is {way}, by the calibration in the file: {fixpoints[0].get('name')} has an area of "
        f"{areas[0]:.4g} uV s/mg where it melts or transforms on heating"
    )
    return way


def _started(said: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(said.get("date_performed"))).replace(tzinfo=None)
    except ValueError:
        return None
