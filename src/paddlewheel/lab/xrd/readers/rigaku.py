"""Rigaku: RAS (text), RASX (zip), and the older text with ``*TYPE`` and ``*COUNT`` (.asc, .dat)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parse_xml, read_member
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.readers.scan import Scan, attenuated, over_two_theta
from paddlewheel.units import ZERO_CELSIUS_K

_REMEDY = "export it again, or as text"
_TWO_THETA = re.compile(r"2[\s_-]*theta|two\s*theta|theta\s*/\s*2", re.IGNORECASE)
_PAIR = re.compile(r'^\*([A-Z0-9_.-]+)\s*(?:=\s*)?"?(.*?)"?\s*$')


def is_ras(text: str) -> bool:
    """Whether it is RAS."""
    return text.startswith(("*RAS_DATA_START", "*RAS_HEADER_START"))


def is_asc(text: str) -> bool:
    """Whether it is the older text of Rigaku."""
    return text.startswith("*TYPE") and "*COUNT" in text


def read_ras(text: str, *, name: str, source: str) -> list[Scan]:
    """Every scan of RAS over two theta.

    Raises
    ------
    DataError
        For damaged rows, and where no scan goes over two theta.
    """
    scans: list[Scan] = []
    others: list[str] = []
    header: dict[str, str] = {}
    rows: list[str] | None = None
    for line in text.splitlines():
        if line.startswith("*RAS_HEADER_START"):
            header = {}
        elif line.startswith("*RAS_INT_START"):
            rows = []
        elif line.startswith("*RAS_INT_END"):
            axis = header.get("MEAS_SCAN_AXIS_X", header.get("MEAS_SCAN_AXIS_X_INTERNAL", "2theta"))
            if _TWO_THETA.search(axis):
                scans.append(_scan(_table(rows or [], source), header, source))
            else:
                others.append(axis)
            rows = None
        elif rows is not None:
            rows.append(line)
        elif (match := _PAIR.match(line)) is not None:
            header[match[1]] = match[2]
    if rows:
        scans.append(_scan(_table(rows, source), header, source))
        scans[-1] = replace(scans[-1], warnings=(*scans[-1].warnings, "the file ends within a scan"))
    return over_two_theta(scans, others, name=name, source=source)


def _table(rows: list[str], source: str) -> np.ndarray:
    fields = [re.split(r"[\s,]+", row.strip()) for row in rows if row.strip()]
    widths = {len(row) for row in fields}
    if widths - {2, 3} or len(widths) != 1:
        raise DataError("rows that are not two or three numbers", where=source, remedy=_REMEDY)
    try:
        return np.array(fields, dtype=float)
    except ValueError:
        raise DataError("words among the numbers of a scan", where=source, remedy=_REMEDY) from None


def _scan(table: np.ndarray, header: dict[str, str], source: str) -> Scan:
    said: list[str] = []
    factors = table[:, 2] if table.shape[1] == 3 else np.empty(0)
    intensity, std = attenuated(table[:, 1], factors, corrected=False, said=said)
    unit = header.get("MEAS_SCAN_UNIT_Y", "")
    started, ended = (_date(header.get(f"MEAS_SCAN_{which}_TIME", "")) for which in ("START", "END"))
    return Scan(
        name="", position=table[:, 0], intensity=intensity, std=std,
        radiation=stated_radiation(
            _number(header.get("HW_XG_WAVE_LENGTH_ALPHA1")), _number(header.get("HW_XG_WAVE_LENGTH_ALPHA2")), 0.5,
            source=source,
        ),
        temperature_K=_axis_K(header), started=started,
        exposure_s=(ended - started).total_seconds() or None if started and ended else None,
        metadata=_plain({
            "unit": unit, "sample": header.get("FILE_SAMPLE"), "anode": header.get("HW_XG_TARGET_NAME"),
            "axis": header.get("MEAS_SCAN_AXIS_X"), "comment": header.get("FILE_COMMENT"),
        }),
        warnings=tuple(said),
    )  # fmt: skip


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _date(text: str) -> datetime | None:
    for form in ("%m/%d/%y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _axis_K(header: dict[str, str]) -> float | None:
    """Position of the axis that is a temperature."""
    for key, value in header.items():
        if key.startswith("MEAS_COND_AXIS_NAME-") and value.lower() in ("temp", "temperature"):
            number = key.rpartition("-")[2]
            celsius = _number(header.get(f"MEAS_COND_AXIS_POSITION-{number}"))
            unit = header.get(f"MEAS_COND_AXIS_UNIT-{number}", "")
            if celsius is not None and unit:
                return celsius + (0.0 if unit.strip() == "K" else ZERO_CELSIUS_K)
    return None


def rasx_scans(names: list[str]) -> list[str]:
    """Folders of a zip file that are scans of RASX."""
    found = {match[1] for name in names if (match := re.search(r"^(Data\d+)/Profile\d+\.txt$", name))}
    return sorted(found, key=lambda folder: int(folder[4:]))


def read_rasx(path: Path, names: list[str], *, name: str, source: str) -> list[Scan]:
    """Every scan of RASX over two theta; as `read_ras`."""
    scans: list[Scan] = []
    others: list[str] = []
    for folder in rasx_scans(names):
        profile = next(member for member in names if member.startswith(f"{folder}/Profile"))
        conditions = next((member for member in names if re.match(rf"{folder}/Mea?surementConditions", member)), None)
        header: dict[str, str] = {}
        kelvin = None
        if conditions is not None:
            content = read_member(path, conditions, DataError, remedy=_REMEDY)
            header, kelvin = _conditions(parse_xml(content, source, DataError, remedy=_REMEDY))
        axis = header.get("MEAS_SCAN_AXIS_X", "2theta")
        if not _TWO_THETA.search(axis):
            others.append(axis)
            continue
        text = read_member(path, profile, DataError, remedy=_REMEDY).decode("utf-8-sig", errors="replace")
        scan = _scan(_table(text.splitlines(), source), header, source)
        scans.append(replace(scan, temperature_K=kelvin if kelvin is not None else scan.temperature_K))
    return over_two_theta(scans, others, name=name, source=source)


def _conditions(root: Any) -> tuple[dict[str, str], float | None]:
    """Conditions by the keys of RAS, and the temperature of the sample."""
    header: dict[str, str] = {}
    for pair in root.iter("Pair"):
        texts = [element.text or "" for element in pair.findall("string")]
        if len(texts) == 2:
            header[texts[0].lstrip("*")] = texts[1]
    for tag, key in (
        ("WavelengthKalpha1", "HW_XG_WAVE_LENGTH_ALPHA1"), ("WavelengthKalpha2", "HW_XG_WAVE_LENGTH_ALPHA2"),
        ("TargetName", "HW_XG_TARGET_NAME"), ("IntensityUnit", "MEAS_SCAN_UNIT_Y"),
        ("StartTime", "MEAS_SCAN_START_TIME"), ("EndTime", "MEAS_SCAN_END_TIME"), ("AxisName", "MEAS_SCAN_AXIS_X"),
    ):  # fmt: skip
        found = next(root.iter(tag), None)
        if found is not None and found.text:
            header[key] = found.text
    for axis in root.iter("Axis"):
        if (axis.get("Name") or "").lower() in ("temp", "temperature"):
            celsius = _number(axis.get("Position"))
            if celsius is not None and axis.get("Unit"):
                return header, celsius + (0.0 if axis.get("Unit") == "K" else ZERO_CELSIUS_K)
    return header, None


def read_asc(text: str, *, name: str, source: str) -> list[Scan]:
    """Every group of the older text: start and step, then counts, several a line.

    Raises
    ------
    DataError
        For groups without start, step or as many counts as they announce.
    """
    scans: list[Scan] = []
    common: dict[str, str] = {}
    group: dict[str, str] | None = None
    numbers: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("*BEGIN"):
            group, numbers = {}, []
        elif stripped.startswith("*END") and group is not None:
            scan = _group({**common, **group}, numbers, source)
            scans.append(scan)
            group = None
        elif stripped.startswith("*") and "=" in stripped:
            key, _, value = stripped[1:].partition("=")
            (common if group is None else group)[key.strip()] = value.strip()
        elif stripped and stripped[0] != "#":
            numbers += re.split(r"[\s,]+", stripped.strip(", "))
    if group is not None:
        raise DataError("ends within a group", where=source, remedy=_REMEDY)
    return over_two_theta(scans, [], name=name, source=source)


def _group(header: dict[str, str], numbers: list[str], source: str) -> Scan:
    start, step, count = (_number(header.get(key)) for key in ("START", "STEP", "COUNT"))
    if start is None or step is None or not step > 0 or count is None:
        raise DataError("a group without start, step or count", where=source, remedy=_REMEDY)
    try:
        intensity = np.array(numbers, dtype=float)
    except ValueError:
        raise DataError("words among the counts of a group", where=source, remedy=_REMEDY) from None
    if intensity.size != count:
        raise DataError(f"announces {count:g} counts and has {intensity.size}", where=source, remedy=_REMEDY)
    radiation = stated_radiation(
        _number(header.get("WAVE_LENGTH1")), _number(header.get("WAVE_LENGTH2")), 0.5, source=source
    )
    return Scan(
        name="", position=start + step * np.arange(intensity.size), intensity=intensity, radiation=radiation,
        metadata=_plain({"sample": header.get("SAMPLE"), "anode": header.get("TARGET"), "unit": header.get("YUNIT")}),
    )  # fmt: skip
