"""Instrument files: GSAS .prm, GSAS-II .instprm, lines of TOPAS, and the record of a standard that was fitted.

Widths of GSAS are in hundredths of a degree, its Gaussian ones variances: 8 ln 2 / 10^4 of them are full widths squared
in degrees squared. GP, the Gaussian width by size, is P / cos^2 theta = P (1 + tan^2 theta), and goes into U and W.
Coefficients by type of the profile: GSAS manual (Larson and Von Dreele, LAUR 86-748, 2004), CW profile functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_json
from paddlewheel.lab.readers.text_table import read_text
from paddlewheel.lab.xrd.instrument import stated_radiation, tube
from paddlewheel.lab.xrd.pattern import Geometry, Radiation

_REMEDY = "give a .prm of GSAS, an .instprm of GSAS-II, lines of TOPAS (la, lo), or the result.json of a standard"
_FWHM2 = 8 * np.log(2) / 1e4
_TYPES: Mapping[int, tuple[str, ...]] = {
    1: ("GU", "GV", "GW", "asym", "F1", "F2"),
    2: ("GU", "GV", "GW", "LX", "LY", "trns", "asym", "shft", "GP", "stec", "ptec", "sfec"),
    3: ("GU", "GV", "GW", "GP", "LX", "LY", "S/L", "H/L", "trns", "shft", "stec", "ptec", "sfec"),
    4: ("GU", "GV", "GW", "GP", "LX", "ptec", "trns", "shft", "sfec", "S/L", "H/L", "eta"),
}
_TUBES = {1: "Cr", 2: "Fe", 3: "Cu", 4: "Mo", 5: "Ag", 7: "Co"}
PROFILE = ("u_deg2", "v_deg2", "w_deg2", "x_deg", "y_deg", "z_deg", "axial", "zero_deg")
"""Names of what a profile is made of, as the fit has them."""


@dataclass(frozen=True, kw_only=True)
class InstrumentCard:
    """What a file says of an instrument.

    Attributes
    ----------
    radiation, geometry, goniometer_radius_mm
        None where it does not say.
    profile
        Widths by `PROFILE`: Gaussian U, V, W (full widths squared, deg^2), Lorentzian X, Y, Z (deg), axial divergence
        (S + H) / L, zero (deg). Empty where it has none.
    warnings
        What was left out, a line each.
    """

    name: str
    radiation: Radiation | None = None
    geometry: Geometry | None = None
    goniometer_radius_mm: float | None = None
    profile: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_instrument(path: str | Path) -> InstrumentCard:
    """The instrument of a file, known by its content.

    Raises
    ------
    DataError
        In one line, for what is no instrument file, neutrons, and numbers that are none.
    """
    path = Path(path)
    text, _ = read_text(path)
    if re.search(r"^INS\s", text, re.MULTILINE):
        return _gsas(text, path)
    if re.search(r"^(Lam1?|Type)\s*:", text, re.MULTILINE):
        return _gsas2(text, path)
    if text.lstrip().startswith("{"):
        return _record(path)
    lines = re.findall(r"\bla\s+([-\d.eE+]+)\s+lo\s+([-\d.eE+]+)", text)
    if lines:
        return _topas(lines, path)
    raise DataError("is no instrument file that is known", where=path, remedy=_REMEDY)


def _float(text: str, path: Path, what: str) -> float:
    try:
        value = float(text.replace("D", "E")) if text.strip() else 0.0
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise DataError(f"its {what} is {text.strip()[:20]!r}", where=path, remedy="correct the file")
    return value


def _gsas(text: str, path: Path) -> InstrumentCard:
    """A .prm: lines of twelve characters for the key, then fields of fixed width."""
    lines = {line[:12]: line[12:] for line in text.splitlines() if line.startswith("INS")}
    kind = lines.get("INS   HTYPE ", "PXCR").strip()
    if "C" not in kind[2:3]:
        raise DataError(f"is of type {kind[:6]}: no X-rays of one wavelength", where=path, remedy=_REMEDY)
    constants = lines.get("INS  1 ICONS", "").ljust(70)
    first, second = (_float(constants[at : at + 10], path, "wavelength") for at in (0, 10))
    zero_deg = _float(constants[20:30], path, "zero") / 100
    polarized, ratio = (_float(constants[at : at + 10], path, "ICONS") for at in (40, 55))
    said: list[str] = []
    radiation = stated_radiation(first or None, second or None, ratio or None, source=str(path))
    if radiation is None and (element := _TUBES.get(int(_float(lines.get("INS  1 IRAD ", "0"), path, "IRAD")))):
        radiation = tube(element)
    if radiation is not None and 0 < polarized <= 1:
        # (1 - P) cos^2 + P of GSAS is (1 + K cos^2) / (1 + K)
        radiation = Radiation(lines=radiation.lines, monochromator_cos2=(1 - polarized) / polarized)
    found = {number: lines[key].split() for number in "123456789" if (key := f"INS  1PRCF{number} ") in lines}
    profile: dict[str, float] = {}
    for number, words in found.items():
        kind_number = int(_float(words[0], path, "type of profile")) if words else 0
        names = _TYPES.get(abs(kind_number))
        if names is None:
            said.append(f"profile {number} of type {kind_number} is left out")
            continue
        values: list[float] = []
        for row in range(1, 9):
            values += [_float(word, path, "profile") for word in lines.get(f"INS  1PRCF{number}{row}", "").split()]
        profile = _widths(dict(zip(names, values, strict=False)))
        break
    if profile:
        profile["zero_deg"] = zero_deg
    geometry: Geometry = "bragg-brentano" if radiation is not None and len(radiation.lines) > 1 else "debye-scherrer"
    return InstrumentCard(
        name=path.name, radiation=radiation, geometry=geometry if radiation else None, profile=profile,
        warnings=tuple(said),
    )  # fmt: skip


def _widths(values: Mapping[str, float]) -> dict[str, float]:
    """Widths in degrees of what GSAS has in hundredths."""
    size = values.get("GP", 0.0)
    return {
        "u_deg2": _FWHM2 * (values.get("GU", 0.0) + size), "v_deg2": _FWHM2 * values.get("GV", 0.0),
        "w_deg2": _FWHM2 * (values.get("GW", 0.0) + size), "x_deg": values.get("LX", 0.0) / 100,
        "y_deg": values.get("LY", 0.0) / 100, "z_deg": 0.0,
        "axial": values.get("S/L", 0.0) + values.get("H/L", 0.0),
    }  # fmt: skip


def _gsas2(text: str, path: Path) -> InstrumentCard:
    """An .instprm: ``name:value``, a line each or parted by semicolons; of several banks the first."""
    banks = re.split(r"^#\s*Bank\s+\d+.*$", text, flags=re.MULTILINE)
    chosen = next((bank for bank in banks if ":" in re.sub(r"^#.*$", "", bank, flags=re.MULTILINE)), "")
    values: dict[str, str] = {}
    for item in re.split(r"[\n;]", re.sub(r"^#.*$", "", chosen, flags=re.MULTILINE)):
        name, colon, value = item.partition(":")
        if colon:
            values[name.strip()] = value.strip()
    kind = values.get("Type", "PXC")
    if not kind.startswith("PXC"):
        raise DataError(f"is of type {kind[:6]}: no X-rays of one wavelength", where=path, remedy=_REMEDY)
    get = {name: _float(value, path, name) for name, value in values.items() if _is_number(value)}
    said = () if len(banks) < 3 else ("of its banks the first is taken",)
    radiation = stated_radiation(
        get.get("Lam1", get.get("Lam")), get.get("Lam2"), get.get("I(L2)/I(L1)"), source=str(path)
    )
    polarized = get.get("Polariz.", 0.0)
    if radiation is not None and 0 < polarized <= 1:
        radiation = Radiation(lines=radiation.lines, monochromator_cos2=(1 - polarized) / polarized)
    names = {"GU": "U", "GV": "V", "GW": "W", "LX": "X", "LY": "Y", "S/L": "SH/L"}
    profile = _widths({name: get.get(key, 0.0) for name, key in names.items()}) if "W" in get else {}
    if profile:
        profile |= {"z_deg": get.get("Z", 0.0) / 100, "zero_deg": get.get("Zero", 0.0)}
    geometries: dict[str, Geometry] = {"Bragg-Brentano": "bragg-brentano", "Debye-Scherrer": "debye-scherrer"}
    default = "Bragg-Brentano" if "Lam1" in get else "Debye-Scherrer"
    radius_mm = get.get("Gonio. radius", get.get("Gonio.radius"))
    return InstrumentCard(
        name=path.name, radiation=radiation, geometry=geometries.get(values.get("Diff-type", default)),
        goniometer_radius_mm=radius_mm if radius_mm and radius_mm > 0 else None, profile=profile, warnings=said,
    )  # fmt: skip


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text) is not None


def _topas(found: list[tuple[str, str]], path: Path) -> InstrumentCard:
    """Lines of an emission profile, ``la`` weight ``lo`` wavelength; the strongest first."""
    lines = sorted(((_float(lo, path, "lo"), _float(la, path, "la")) for la, lo in found), key=lambda line: -line[1])
    total = sum(weight for _, weight in lines)
    if not (total > 0 and all(weight >= 0 and 0.05 <= wavelength <= 5 for wavelength, weight in lines)):
        raise DataError("lines (la, lo) without a weight or wavelength in A", where=path, remedy="correct the file")
    return InstrumentCard(
        name=path.name, radiation=Radiation(lines=tuple((wavelength, weight / total) for wavelength, weight in lines))
    )


def _record(path: Path) -> InstrumentCard:
    """The instrument in the record of `xrd fit` of a standard."""
    document: Any = read_json(path, DataError, remedy=_REMEDY)
    given = document.get("instrument") if isinstance(document, dict) else None
    if not isinstance(given, dict) or not all(
        isinstance(given.get(name, 0.0), int | float) and np.isfinite(given.get(name, 0.0)) for name in PROFILE
    ):
        raise DataError("has no instrument with a profile", where=path, remedy=_REMEDY)
    return InstrumentCard(name=path.name, profile={name: float(given.get(name, 0.0)) for name in PROFILE})
