"""UXD of Bruker: text, ``_KEY=value``, then counts alone or with their angles."""

from __future__ import annotations

import re

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.readers.header import date_in
from paddlewheel.lab.xrd.readers.scan import Scan, over_two_theta

_DATA = re.compile(r"^_(2THETA)?(COUNTS|CPS)\b", re.IGNORECASE)
_OVER_TWO_THETA = ("COUPLED", "2THETA", "THETA-2THETA", "")
_ROUNDED = 0.02
"""Degrees: four digits of an angle above 10."""
_REMEDY = "export it again"


def is_uxd(text: str) -> bool:
    """Whether it is UXD."""
    lines = [line for line in text[:5000].splitlines() if line.strip() and not line.startswith(";")]
    return bool(lines) and lines[0].upper().startswith("_FILEVERSION")


def read_uxd(text: str, *, name: str, source: str) -> list[Scan]:
    """The ranges of a file; where its angles are rounded, start and step are taken.

    Raises
    ------
    DataError
        For a range without start, step or numbers.
    """
    scans: list[Scan] = []
    others: list[str] = []
    header: dict[str, str] = {}
    numbers: list[str] | None = None
    pairs, unit = False, ""
    for line in [*text.splitlines(), "_DRIVE="]:
        stripped = line.strip()
        data = _DATA.match(stripped)
        if stripped.startswith("_"):
            if numbers is not None:
                if header.get("DRIVE", "COUPLED").upper() in _OVER_TWO_THETA:
                    scans.append(_range(header, numbers, pairs, unit, source))
                else:
                    others.append(header["DRIVE"])
                numbers = None
            if data is not None:
                numbers, pairs, unit = [], data[1] is not None, data[2].lower()
            else:
                key, _, value = stripped[1:].partition("=")
                header[key.strip().upper()] = value.strip().strip("'")
        elif numbers is not None and stripped and stripped[0] != ";":
            numbers += re.split(r"[\s,;]+", stripped.strip(",; "))
    return over_two_theta(scans, others, name=name, source=source)


def _range(header: dict[str, str], numbers: list[str], pairs: bool, unit: str, source: str) -> Scan:
    try:
        values = np.array(numbers, dtype=float)
        start, step = float(header.get("2THETA") or header.get("START") or "nan"), float(header["STEPSIZE"])
    except (ValueError, KeyError):
        raise DataError("a range without start, step or numbers", where=source, remedy=_REMEDY) from None
    if pairs:
        if values.size % 2:
            raise DataError("an angle without its intensity", where=source, remedy=_REMEDY)
        angles, intensity = values[::2], values[1::2]
        even = start + step * np.arange(intensity.size)
        position = even if np.isfinite(start) and np.abs(even - angles).max(initial=0.0) < _ROUNDED else angles
    else:
        intensity = values
        position = start + step * np.arange(intensity.size)
    seconds = _number(header, "STEPTIME")
    return Scan(
        name="", position=position, intensity=intensity,
        radiation=stated_radiation(
            _number(header, "WL1"), _number(header, "WL2"), _number(header, "WLRATIO"), source=source
        ),
        goniometer_radius_mm=_number(header, "GONIOMETER_RADIUS"),
        exposure_s=seconds * intensity.size if seconds else None,
        started=date_in(header.get("DATEMEASURED", "")),
        metadata={"unit": unit, "sample": header.get("SAMPLE"), "anode": header.get("ANODE")},
    )  # fmt: skip


def _number(header: dict[str, str], key: str) -> float | None:
    try:
        value = float(header.get(key, ""))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None
