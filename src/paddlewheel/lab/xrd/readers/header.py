"""What headers of text say of a pattern, in the words of many programs: wavelength, temperature, time, radius."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from paddlewheel.lab.xrd.instrument import HC_KEV_A, is_wavelength, stated_radiation
from paddlewheel.lab.xrd.pattern import Radiation
from paddlewheel.units import ZERO_CELSIUS_K

_N = r"([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)"
_UNIT = r"\s*[\"']?\s*(keV|eV|nm|pm|Å|A(?:ng[a-z]*)?|m)?\b"
_SAYS = r"[^\d\n=:+-]*[=:\s]\s*[\"']?"
_KA1 = re.compile(rf"(?:k[\s_-]*a(?:lpha)?|\balpha)[\s_-]*1[\s_-]*(?:wave\s*length)?{_SAYS}{_N}", re.IGNORECASE)
_KA2 = re.compile(rf"(?:k[\s_-]*a(?:lpha)?|\balpha)[\s_-]*2[\s_-]*(?:wave\s*length)?{_SAYS}{_N}", re.IGNORECASE)
_RATIO = re.compile(
    rf"(?:k[\s_-]*a(?:lpha)?[\s_-]*2\s*/\s*k[\s_-]*a(?:lpha)?[\s_-]*1|alpha[\s_-]*ratio|ka2[\s_-]*ratio)[^\d\n]*{_N}",
    re.IGNORECASE,
)
_WAVELENGTH = re.compile(
    rf"(?:wave\s*length|lambda|λ|wellenl[äa]nge|longueur d'onde|波长|波長|длина волны){_SAYS}{_N}{_UNIT}",
    re.IGNORECASE,
)
_ENERGY = re.compile(rf"(?:photon\s*|beam\s*)?energy{_SAYS}{_N}\s*(keV|eV)", re.IGNORECASE)
_TEMPERATURE = re.compile(
    rf"\btemp(?:erature|eratur|érature)?\b\s*[\[(]?\s*(K|[°º]?\s*C|deg\s*C|celsius|kelvin)?\s*[\])]?\s*[=:,;\t]\s*[\"']?"
    rf"{_N}\s*([°º]?\s*C|K|deg\s*C|celsius|kelvin)?\b",
    re.IGNORECASE,
)
_EXPOSURE = re.compile(
    rf"(?:exposure|counting|acquisition|collection)\s*(?:time)?\s*[\[(]?\s*(s|sec|min)?\w*\s*[\])]?\s*[=:]\s*{_N}\s*"
    r"(s|sec|min)?\b",
    re.IGNORECASE,
)
_STEP_TIME = re.compile(
    rf"(?:time per step|step[\s_-]*time|counts?[\s_-]*time)\s*[\[(]?\s*(?:s|sec)?\w*\s*[\])]?\s*[=:]\s*{_N}",
    re.IGNORECASE,
)
_RADIUS = re.compile(rf"gon(?:iometer|io)[\s_.-]*radius\s*[\[(]?\s*(mm|cm|m)?\s*[\])]?\s*[=:]\s*{_N}", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?|[A-Z]{3} \d\d, \d{4} \d\d:\d\d:\d\d"
    r"|\d\d-[A-Za-z]{3}-\d{4} \d\d:\d\d(?::\d\d)?)"
)
_DATE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%b %d, %Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M",
)  # fmt: skip
_ONE_RADIATION = 0.01
"""Relative: Ka1 and Ka2 differ by 0.25 % in Cu, 0.6 % in Mo."""
_TO_A = {"nm": 10.0, "pm": 0.01, "m": 1e10}


def number(text: str) -> float:
    """A number that may have a decimal comma."""
    return float(text.replace(",", "."))


def facts(lines: Sequence[str], *, n_points: int | None = None, source: str = "") -> dict[str, Any]:
    """What the lines of a header say, by the fields of `Scan`; `n_points` turns a time per step into that of the whole.

    Raises
    ------
    DataError
        For a wavelength that none is.
    """
    text = "\n".join(lines)
    found: dict[str, Any] = {
        "radiation": _radiation(text, source), "temperature_K": temperature_K(text), "started": date_in(text),
        "goniometer_radius_mm": _radius_mm(text), "exposure_s": _exposure_s(text, n_points),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _radiation(text: str, source: str) -> Radiation | None:
    ka1, ka2, ratio = (pattern.search(text) for pattern in (_KA1, _KA2, _RATIO))
    if ka1 is not None and is_wavelength(number(ka1[1])):
        return stated_radiation(
            number(ka1[1]), number(ka2[1]) if ka2 else None, number(ratio[1]) if ratio else 0.5, source=source
        )
    for wavelength_A in _wavelengths_A(text):
        return stated_radiation(wavelength_A, source=source)
    energy = _ENERGY.search(text)
    if energy is not None and number(energy[1]) > 0:
        return stated_radiation(
            HC_KEV_A / number(energy[1]) * (1 if energy[2].lower() == "kev" else 1000), source=source
        )
    return None


def _wavelengths_A(text: str) -> list[float]:
    """Every wavelength that the text states, in its order."""
    found = []
    for match in _WAVELENGTH.finditer(text):
        value, unit = number(match[1]), (match[2] or "").lower()
        if value <= 0:
            continue
        if value < 1e-8:  # m, as pyFAI writes them
            unit = "m"
        if unit in ("kev", "ev"):
            found.append(HC_KEV_A / value * (1 if unit == "kev" else 1000))
        else:
            found.append(value * _TO_A.get(unit, 1.0))
    return found


def several_wavelengths(lines: Sequence[str]) -> str | None:
    """A line where a header states wavelengths that are not of one radiation (over 1 % apart): the first is taken."""
    stated = _wavelengths_A("\n".join(lines))
    others = [value for value in dict.fromkeys(stated) if abs(value / stated[0] - 1) > _ONE_RADIATION]
    if not others:
        return None
    told = ", ".join(f"{value:.6g}" for value in others)
    return f"its header states several wavelengths: {stated[0]:.6g} A is taken, not {told} (--wavelength-A for another)"


def temperature_K(text: str) -> float | None:
    """That of a header, in K; a number without a unit is none."""
    for match in _TEMPERATURE.finditer(text):
        unit = (match[1] or match[3] or "").lower()
        if not unit:
            continue
        value = number(match[2])
        kelvin = value if unit.startswith("k") else value + ZERO_CELSIUS_K
        if 0 < kelvin < 5000:
            return kelvin
    return None


def date_in(text: str) -> datetime | None:
    """The first date and time of a text."""
    match = _DATE.search(text)
    if match is None:
        return None
    for form in _DATE_FORMATS:
        with contextlib.suppress(ValueError):
            return datetime.strptime(match[1], form)
    return None


def _exposure_s(text: str, n_points: int | None) -> float | None:
    match = _EXPOSURE.search(text)
    if match is not None:
        scale = 60.0 if "min" in (match[1] or match[3] or "").lower() else 1.0
        return number(match[2]) * scale or None
    step = _STEP_TIME.search(text)
    if step is None or n_points is None:
        return None
    steps = re.search(r"no\.?\s*(?:of\s*)?steps\s*[=:]\s*(\d+)", text, re.IGNORECASE)
    return number(step[1]) * (int(steps[1]) if steps else n_points) or None


def _radius_mm(text: str) -> float | None:
    match = _RADIUS.search(text)
    if match is None:
        return None
    scale = {"cm": 10.0, "m": 1000.0}.get((match[1] or "mm").lower(), 1.0)
    return number(match[2]) * scale or None
