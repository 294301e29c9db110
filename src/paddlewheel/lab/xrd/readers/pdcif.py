"""Powder data in CIF (pd_ of the IUCr's powder dictionary)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.readers.scan import Abscissa, Scan, over_two_theta

_REMEDY = "give a CIF with _pd_meas_ or _pd_proc_ columns"
_ANGLES: tuple[tuple[str, Abscissa], ...] = (
    ("_pd_proc_2theta_corrected", "two-theta-deg"), ("_pd_meas_2theta_scan", "two-theta-deg"),
    ("_pd_meas_2theta_corrected", "two-theta-deg"), ("_pd_proc_d_spacing", "d-A"),
)  # fmt: skip
_INTENSITIES = (
    "_pd_meas_counts_total", "_pd_meas_intensity_total", "_pd_proc_intensity_total", "_pd_meas_intensity_net",
    "_pd_proc_intensity_net",
)  # fmt: skip
_COLUMN = re.compile(r"^\s*_pd_(meas|proc)_(2theta|counts|intensity|d_spacing)", re.MULTILINE | re.IGNORECASE)
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\((\d+)\))?$")


def is_pdcif(text: str) -> bool:
    """Whether it is a CIF with powder data."""
    return re.search(r"^data_", text, re.MULTILINE | re.IGNORECASE) is not None and _COLUMN.search(text) is not None


def read_pdcif(text: str, *, name: str, source: str) -> list[Scan]:
    """The patterns of a CIF, one a block that has any.

    Raises
    ------
    DataError
        For a damaged CIF, and one without a pattern.
    """
    from gemmi import cif

    with parsing(source, DataError, problem="is a damaged CIF", remedy=_REMEDY):
        document = cif.read_string(text)
        scans = [scan for block in document if (scan := _block(block, source)) is not None]
    if not scans:
        raise DataError("a CIF without a measured pattern", where=source, remedy=_REMEDY)
    return over_two_theta(scans, [], name=name, source=source)


def _block(block: Any, source: str) -> Scan | None:
    intensity_tag = next((tag for tag in _INTENSITIES if len(block.find_values(tag)) > 9), None)
    if intensity_tag is None:
        return None
    intensity, std = _column(block.find_values(intensity_tag))
    kind: Abscissa = "two-theta-deg"
    position = None
    for tag, abscissa in _ANGLES:
        values = block.find_values(tag)
        if len(values) == intensity.size:
            position, kind = _column(values)[0], abscissa
            break
    if position is None:
        ends = [_value(block, f"_pd_meas_2theta_range_{end}") for end in ("min", "max", "inc")]
        ends = (
            ends
            if None not in ends
            else [_value(block, f"_pd_proc_2theta_range_{end}") for end in ("min", "max", "inc")]
        )
        if ends[0] is None or ends[2] is None:
            return None
        position = ends[0] + ends[2] * np.arange(intensity.size)
    if std is None and (weights := block.find_values("_pd_proc_ls_weight")) and len(weights) == intensity.size:
        weight = _column(weights)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            std = np.where(weight > 0, 1 / np.sqrt(weight), 0.0)
    kelvin = _value(block, "_diffrn_ambient_temperature") or _value(block, "_cell_measurement_temperature")
    lines = [float(match[1]) for value in block.find_values("_diffrn_radiation_wavelength") if (match := _match(value))]
    if not lines and (single := _value(block, "_diffrn_radiation_wavelength")) is not None:
        lines = [single]
    radiation = stated_radiation(lines[0], lines[1] if len(lines) > 1 else None, 0.5, source=source) if lines else None
    return Scan(
        name="", position=position, intensity=intensity, std=std, abscissa=kind, radiation=radiation,
        temperature_K=kelvin, metadata={"block": block.name},
    )  # fmt: skip


def _match(text: str) -> re.Match[str] | None:
    return _NUMBER.match(text.strip("'\" "))


def _value(block: Any, tag: str) -> float | None:
    match = _match(block.find_value(tag) or "")
    return float(match[1]) if match else None


def _column(values: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Numbers of a column, and their errors in brackets where all have them."""
    numbers, errors = [], []
    for value in values:
        match = _match(value)
        numbers.append(float(match[1]) if match else np.nan)
        if match and match[2]:
            places = len(match[1].partition(".")[2]) if "e" not in match[1].lower() else 0
            errors.append(int(match[2]) * 10.0**-places)
    column = np.array(numbers)
    return column, np.array(errors) if len(errors) == column.size else None
