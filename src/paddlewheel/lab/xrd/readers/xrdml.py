"""XRDML of PANalytical (Malvern Panalytical): one pattern a scan, counts with their attenuators."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parse_xml
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.pattern import Geometry, Radiation
from paddlewheel.lab.xrd.readers.crystals import cos2_of
from paddlewheel.lab.xrd.readers.scan import Scan, attenuated, over_two_theta
from paddlewheel.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_REMEDY = "save it again as XRDML"
_GEOMETRY: dict[str, Geometry] = {"reflection": "bragg-brentano", "transmission": "debye-scherrer"}


def is_xrdml(begin: bytes) -> bool:
    """Whether a file begins as XRDML does."""
    return b"<xrdMeasurements" in begin


def read_xrdml(content: bytes, *, name: str, source: str) -> list[Scan]:
    """Every scan over two theta.

    Raises
    ------
    DataError
        For damaged XML, and where no scan goes over two theta.
    """
    root = parse_xml(content, source, DataError, remedy=_REMEDY)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found: list[Scan] = []
    others: list[str] = []
    for measurement in root.iter("xrdMeasurement"):
        for scan in measurement.iter("scan"):
            points = scan.find("dataPoints")
            if points is None:
                continue
            angles = _two_theta(points, source)
            if angles is None:
                others.append(scan.get("scanAxis", "none"))
                continue
            found.append(_scan(root, measurement, scan, points, angles, source))
    return over_two_theta(found, others, name=name, source=source)


def _numbers(element: Element | None, source: str) -> np.ndarray:
    text = "" if element is None else element.text or ""
    try:
        return np.array(text.split(), dtype=float)
    except ValueError:
        tag = "" if element is None else element.tag
        raise DataError(f"its {tag} are no numbers", where=source, remedy=_REMEDY) from None


def _number(element: Element | None, source: str) -> float | None:
    values = _numbers(element, source)
    return float(values[0]) if values.size else None


def _two_theta(points: Element, source: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Ends (or list) of the scanned two theta and the counts; None where it stands still."""
    counts = points.find("counts")
    values = _numbers(counts if counts is not None else points.find("intensities"), source)
    for positions in points.iter("positions"):
        if positions.get("axis") != "2Theta":
            continue
        listed = _numbers(positions.find("listPositions"), source)
        if listed.size:
            if listed.size != values.size:
                raise DataError(f"{listed.size} angles and {values.size} counts", where=source, remedy=_REMEDY)
            return listed, values
        start, end = (_number(positions.find(f"{which}Position"), source) for which in ("start", "end"))
        if start is not None and end is not None and start != end:
            return np.linspace(start, end, values.size), values
    return None


def _scan(
    root: Element, measurement: Element, scan: Element, points: Element, angles: tuple[np.ndarray, np.ndarray],
    source: str,
) -> Scan:  # fmt: skip
    position, values = angles
    said: list[str] = []
    raw = points.find("counts") is not None
    factors = _numbers(points.find("beamAttenuationFactors"), source)
    if factors.size not in (0, values.size):
        raise DataError(f"{values.size} counts and {factors.size} attenuations", where=source, remedy=_REMEDY)
    # counts are as detected, intensities are corrected for the attenuator already
    intensity, std = attenuated(values, factors, corrected=not raw, said=said)
    if scan.get("status") not in (None, "Completed"):
        said.append(f"the scan is {scan.get('status')}")
    unit = next((e.get("unit") for e in (points.find("counts"), points.find("intensities")) if e is not None), None)
    times = _numbers(points.find("countingTimes"), source)
    if times.size == values.size and times.size and np.ptp(times) > 0:
        if not (times > 0).all():
            raise DataError("a counting time that is not positive", where=source, remedy=_REMEDY)
        said.append("counting times differ between points: intensities are brought to their mean")
        scale = times.mean() / times
        std = (np.sqrt(np.maximum(intensity, 1.0)) if std is None else std) * scale
        intensity = intensity * scale
    started, ended = (_date(scan.find(f"header/{which}TimeStamp")) for which in ("start", "end"))
    seconds = (ended - started).total_seconds() if started and ended else None
    step_s = _number(points.find("commonCountingTime"), source)
    radiation = _radiation(measurement, source, said)
    metadata: dict[str, Any] = {
        "unit": unit, "scan_axis": scan.get("scanAxis"), "counting_time_s": step_s,
        "comments": [entry.text for entry in root.iter("entry") if entry.text],
        "sample": (root.findtext("sample/id") or root.findtext("sample/name") or "").strip(),
        "anode": measurement.findtext("incidentBeamPath/xRayTube/anodeMaterial"),
    }  # fmt: skip
    return Scan(
        name="", position=position, intensity=intensity, std=std, radiation=radiation,
        geometry=_GEOMETRY.get((measurement.get("sampleMode") or "").lower()),
        goniometer_radius_mm=_number(measurement.find("diffractedBeamPath/radius"), source),
        temperature_K=_temperature_K(scan, source, said), exposure_s=seconds or (step_s and step_s * values.size),
        started=started, metadata={key: value for key, value in metadata.items() if value}, warnings=tuple(said),
    )  # fmt: skip


def _date(element: Element | None) -> datetime | None:
    try:
        return datetime.fromisoformat(element.text or "") if element is not None else None
    except ValueError:
        return None


def _radiation(measurement: Element, source: str, said: list[str]) -> Radiation | None:
    wavelength = measurement.find("usedWavelength")
    if wavelength is None:
        return None
    ka1, ka2, ratio = (
        _number(wavelength.find(tag), source) for tag in ("kAlpha1", "kAlpha2", "ratioKAlpha2KAlpha1")
    )  # fmt: skip
    incident = measurement.find("incidentBeamPath/monochromator")
    if incident is not None and "Ge" in (incident.findtext("crystal") or incident.get("name") or ""):
        said.append(f"behind its monochromator ({incident.get('name')}) Ka1 alone is taken")
        ka2 = None
    radiation = stated_radiation(ka1, ka2, ratio, source=source)
    if radiation is None:
        return None
    cos2 = 1.0
    for place in ("incidentBeamPath", "diffractedBeamPath"):
        for crystal in measurement.findall(f"{place}/monochromator"):
            hkl = "".join(crystal.findtext(f"hkl/{index}") or "" for index in "hkl")
            reflections = _number(crystal.find("numberOfReflections"), source) or 1
            label = f"{crystal.findtext('crystal') or crystal.get('name') or ''} {hkl}"
            one = cos2_of(label, radiation.wavelength_A, reflections=int(min(max(reflections, 1), 8)))
            if one is None:
                said.append(f"the crystal of its monochromator is not known: {label.strip()[:40]!r}")
            cos2 *= one or 1.0
    return replace(radiation, monochromator_cos2=cos2)


def _temperature_K(scan: Element, source: str, said: list[str]) -> float | None:
    """The mean of a scan; told where it changed by over 2 K."""
    for values in scan.iter("nonAmbientValues"):
        if (values.get("type") or "").lower() != "temperature":
            continue
        kelvins = _numbers(values, source)
        kelvins = kelvins[np.isfinite(kelvins)]
        if not kelvins.size:
            continue
        if "c" in (values.get("unit") or "K").lower():
            kelvins = kelvins + ZERO_CELSIUS_K
        if np.ptp(kelvins) > 2:
            said.append(f"the temperature went from {kelvins[0]:.1f} to {kelvins[-1]:.1f} K during the scan")
        return float(kelvins.mean())
    return None
