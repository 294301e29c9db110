"""BRML of Bruker's DIFFRAC suite: a zip file with one XML document a scan."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import check_archive, parse_xml, parsing, read_member
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.readers.scan import Scan, attenuated, over_two_theta
from paddlewheel.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_REMEDY = "export it again, or as RAW or text"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def members(path: Path) -> list[str]:
    """Names within a zip file that is no bomb and leads nowhere.

    Raises
    ------
    DataError
        For one that is damaged.
    """
    check_archive(path, DataError, remedy=_REMEDY)
    with parsing(path, DataError, problem="is a damaged archive", remedy=_REMEDY), zipfile.ZipFile(path) as archive:
        return archive.namelist()


def raw_data(names: list[str]) -> list[str]:
    """Members that are scans of BRML, in their order."""
    found = [name for name in names if re.search(r"RawData\d*\.xml$", name)]
    return sorted(found, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def read_brml(path: Path, names: list[str], *, name: str, source: str) -> list[Scan]:
    """The scans over two theta.

    Raises
    ------
    DataError
        For damaged documents, and where no scan goes over two theta.
    """
    scans: list[Scan] = []
    others: list[str] = []
    for member in raw_data(names):
        root = parse_xml(read_member(path, member, DataError, remedy=_REMEDY), source, DataError, remedy=_REMEDY)
        for route in root.iter("DataRoute"):
            info = route.find("ScanInformation")
            visible = (info.get("VisibleName") or info.get("ScanName") or "").strip() if info is not None else ""
            scan = _route(root, route, source)
            if scan is None:
                others.append(visible or "unnamed")
            else:
                scans.append(scan)
    return over_two_theta(scans, others, name=name, source=source)


def _route(root: Element, route: Element, source: str) -> Scan | None:
    """The pattern of one way of the data; None where two theta stands still, or a point has a whole profile."""
    rows = [(datum.text or "").split(",") for datum in route.findall("Datum")]
    if len(rows) < 10:
        return None
    views = _views(route)
    recorded = [start for start, length, kind, _ in views if kind == "RecordedRawDataView" and length == 1]
    angle = _place(route, views)
    if angle is None or not recorded or len({len(row) for row in rows}) != 1:
        return None
    width = len(rows[0])
    if max(angle, recorded[0]) >= width:
        raise DataError(f"rows of {width} numbers without its columns", where=source, remedy=_REMEDY)
    try:
        table = np.array(rows, dtype=float)
    except ValueError:
        raise DataError("words among the numbers of a scan", where=source, remedy=_REMEDY) from None
    named = {name: start for start, length, _, name in views if length == 1}
    said: list[str] = []
    factors = table[:, named["AbsorptionFactor"]] if "AbsorptionFactor" in named else np.empty(0)
    intensity, std = attenuated(table[:, recorded[0]], factors, corrected=True, said=said)
    if len(recorded) > 1:
        said.append(f"the first of {len(recorded)} counters is taken")
    times = table[:, named["MeasuredTime"]] if "MeasuredTime" in named else np.empty(0)
    wavelengths = [_value(root, f"WaveLength{which}") for which in ("Alpha1", "Alpha2", "Ratio")]
    started = root.findtext("TimeStampStarted") or ""
    return Scan(
        name="", position=table[:, angle], intensity=intensity, std=std,
        radiation=stated_radiation(*wavelengths, source=source),
        goniometer_radius_mm=_radius_mm(root), temperature_K=_temperature_K(root, said),
        exposure_s=float(times.sum()) if times.size and (times > 0).all() else None, started=_date(started),
        metadata={"anode": root.findtext(".//TubeMaterial"), "sample": _sample(root)},
        warnings=tuple(said),
    )  # fmt: skip


def _views(route: Element) -> list[tuple[int, int, str, str]]:
    """Start, length, type and name of what the columns of a row are."""
    return [
        (int(view.get("Start") or 0), int(view.get("Length") or 1), view.get(_TYPE) or "", view.get("LogicName") or "")
        for view in route.iter("RawDataView")
    ]


def _place(route: Element, views: list[tuple[int, int, str, str]]) -> int | None:
    """Column of two theta among the scanned axes."""
    for view, (start, _, _, _) in zip(route.iter("RawDataView"), views, strict=True):
        for offset, field in enumerate(view.iter("FieldDefinitions")):
            if field.get("FieldName") == "TwoTheta" or field.get("AxisId") == "TwoTheta":
                return start + offset
    axes = [axis.get("AxisId") for axis in route.findall("ScanInformation/ScanAxes/ScanAxisInfo")]
    return 2 + axes.index("TwoTheta") if "TwoTheta" in axes else None


def _value(root: Element, tag: str) -> float | None:
    for element in root.iter(tag):
        try:
            return float(element.get("Value") or "")
        except ValueError:
            return None
    return None


def _radius_mm(root: Element) -> float | None:
    for track in root.iter("SecondaryTracks"):
        return _value(track, "Radius")
    return None


def _temperature_K(root: Element, said: list[str]) -> float | None:
    """That of the non-ambient chamber."""
    for chamber in root.iter("NonAmbients"):
        for element in chamber.iter():
            if "temperature" not in element.tag.lower() or element.get("Value") is None:
                continue
            value, unit = _value(chamber, element.tag), element.get("Unit") or ""
            if value is not None and unit:
                said.append("its temperature is that of the chamber's programme")
                return value + (ZERO_CELSIUS_K if "C" in unit else 0.0)
    return None


def _sample(root: Element) -> str | None:
    return next((item.get("Value") for item in root.iter("InfoItem") if item.get("Name") == "SampleName"), None)


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text)) if text else None
    except ValueError:
        return None
