"""Decays of JEOL Delta (`.jdf`), read by nmrglue."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_document
from paddlewheel.lab.nmr.isotopes import isotopes
from paddlewheel.lab.nmr.readers.axes import stated_axis
from paddlewheel.lab.nmr.signal import Conditions, Signal
from paddlewheel.units import ZERO_CELSIUS_K

BEGINNINGS = (b"JEOL.NMR", b"RMN.LOEJ")
_REMEDY = "copy it again, or export it as text"
_RECORD_BYTES = 64


def read_jdf(path: Path, *, nucleus: str | None = None) -> Signal:
    """The decay of a file in one dimension.

    Raises
    ------
    InputError
        For damage, more dimensions, spectra, and an unknown nucleus.
    """
    from nmrglue.fileio import jeol

    content = read_document(path, DataError, remedy=_REMEDY)
    with parsing(path, DataError, problem="cannot be read as JEOL Delta", remedy=_REMEDY):
        found = jeol.parse_jeol(content)
        header, told = found["header"], found["parameters"]
        n_points = int(header["data_points"][0])
        if jeol.ndims(found) != 1:
            raise DataError("several dimensions", where=path, remedy="export each row, as text")
        if header["data_axis_type"][0] != "complex" or header["units"][0][2] != "second":
            raise DataError("no complex decay", where=path, remedy="give the raw data")
        if header["data_start"] + 2 * n_points * _bytes_of(header) > len(content):
            raise DataError("ends early", where=path, remedy=_REMEDY)
        values = np.asarray(jeol.truncate_data(found, jeol.reorganize(found, jeol.read_bin_data(found, content))))
        values = values.reshape(-1)
        base, width = float(told["x_freq"]) * 1e-6, float(told["x_sweep"])
        offset_ppm = float(told.get("x_offset", 0.0))
        delay = _group_delay_points(content, header)
        axis = stated_axis(
            path, nucleus=nucleus or _nucleus(str(told.get("x_domain", "")), path), reference_MHz=base, width_Hz=width,
            carrier_offset_Hz=offset_ppm * base,
        )  # fmt: skip
    warnings = () if delay is not None else (
        "the delay of its digital filter is not known (no orders and factors): 0 points taken",
    )  # fmt: skip
    return Signal(
        values=values[None, :], domain="time", axis=axis, name=path.stem, group_delay_points=delay or 0.0,
        conditions=_conditions(told), metadata={"format": "JEOL", "title": header["title"].strip()}, warnings=warnings,
    )  # fmt: skip


def _bytes_of(header: dict[str, Any]) -> int:
    return 4 if header["data_type"] == "float32" else 8


def _group_delay_points(content: bytes, header: dict[str, Any]) -> float | None:
    """Half the orders of the filter's stages over the decimation that is still to come; None where they are not said.

    nmrglue takes the spaces out of texts, so the two lists are read from their records here.
    """
    lists: dict[str, list[int]] = {}
    start = int(header["param_start"]) + 16
    for place in range(start, len(content) - _RECORD_BYTES + 1, _RECORD_BYTES):
        name = content[place + 36 : place + 64].decode("latin-1").strip(" \x00").lower()
        if name in ("orders", "factors"):
            lists[name] = [int(word) for word in re.findall(rb"\d+", content[place + 16 : place + 32])]
    orders, factors = lists.get("orders", []), lists.get("factors", [])
    if len(orders) < 2 or len(factors) != len(orders) - 1 or not all(factors):
        return None
    remaining = np.cumprod(factors[::-1])[::-1]
    return float(np.sum((np.array(orders[1:]) - 1) / remaining) / 2)


def _nucleus(named: str, path: Path) -> str:
    """A name such as Sodium23 or Proton as 23Na or 1H."""
    fixed = {"proton": "1H", "deuterium": "2H", "tritium": "3H"}
    found = re.match(r"^([A-Za-z]+?)(\d+)$", named)
    symbol = fixed.get(named.lower(), "")
    if found:
        symbol = f"{found[2]}{_ELEMENTS.get(found[1].lower(), found[1])}"
    if symbol not in isotopes():
        raise DataError(f"the nucleus is {named!r}", where=path, remedy="give it, as --nucleus 23Na")
    return symbol


def _conditions(told: dict[str, Any]) -> Conditions:
    def number(name: str) -> float | None:
        value = told.get(name)
        return float(value) if isinstance(value, int | float) and np.isfinite(value) and value > 0 else None

    units = told.get("info", {}).get("temp_get", {}).get("units", [])
    celsius = number("temp_get")
    if celsius is not None and units and units[0][2] == "celsius":
        celsius += ZERO_CELSIUS_K
    scans, pulse = number("total_scans") or number("scans"), number("x_pulse")
    return Conditions(
        temperature_K=celsius, spinning_Hz=number("spin_get"), pulse_us=pulse * 1e6 if pulse else None,
        recycle_delay_s=number("relaxation_delay"), scans=int(scans) if scans else None,
    )  # fmt: skip


_ELEMENTS = {
    "lithium": "Li", "beryllium": "Be", "boron": "B", "carbon": "C", "nitrogen": "N", "oxygen": "O", "fluorine": "F",
    "sodium": "Na", "magnesium": "Mg", "aluminum": "Al", "aluminium": "Al", "silicon": "Si", "phosphorus": "P",
    "sulfur": "S", "chlorine": "Cl", "potassium": "K", "calcium": "Ca", "scandium": "Sc", "titanium": "Ti",
    "vanadium": "V", "cobalt": "Co", "copper": "Cu", "zinc": "Zn", "gallium": "Ga", "selenium": "Se", "bromine": "Br",
    "rubidium": "Rb", "strontium": "Sr", "yttrium": "Y", "zirconium": "Zr", "niobium": "Nb", "rhodium": "Rh",
    "silver": "Ag", "cadmium": "Cd", "indium": "In", "tin": "Sn", "antimony": "Sb", "tellurium": "Te", "iodine": "I",
    "xenon": "Xe", "cesium": "Cs", "lanthanum": "La", "tungsten": "W", "platinum": "Pt", "mercury": "Hg",
    "thallium": "Tl", "lead": "Pb",
}  # fmt: skip
