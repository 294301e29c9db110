"""What the columns of an export are: names and units as instruments write them, to the fields of our tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_LOST = " ?\ufffd"
"""What an encoding leaves of a sign that it does not have, such as that of degrees Celsius."""
_SAY_IT = ("volt", "volts", "amp", "amps", "amphr", "ah")
"""Plain names that are a unit themselves."""
_PER_GRAM = re.compile(r"/\s*k?g\b|\bk?g\^?-1")
_BRACKETED = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*$")

_ANGULAR_UNITS = ("rad/s", "rad s-1", "rad s^-1", "rad.s-1")
UNITS: dict[str, dict[str, float]] = {
    "Hz": {"Hz": 1, "kHz": 1e3, "MHz": 1e6, "mHz": 1e-3, "1/s": 1, "hz": 1, "cps": 1,
           **dict.fromkeys(_ANGULAR_UNITS, 1 / (2 * np.pi))},
    "ohm": {"ohm": 1, "Ohm": 1, "OHM": 1, "ohms": 1, "Ohms": 1, "\u2126": 1, "Ω": 1, "kohm": 1e3, "kOhm": 1e3,
            "kΩ": 1e3, "Mohm": 1e6, "MOhm": 1e6, "MΩ": 1e6, "mohm": 1e-3, "mOhm": 1e-3, "mΩ": 1e-3},
    "s": {"s": 1, "S": 1, "sec": 1, "Sec": 1, "Secs": 1, "second": 1, "seconds": 1, "Seconds": 1,
          "ms": 1e-3, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
          "Hours": 3600, "d": 86400, "Std": 3600, "Std.": 3600, "Stunden": 3600, "Minuten": 60, "Sek": 1,
          "Sekunden": 1, "小时": 3600, "分钟": 60, "秒": 1},
    "V": {"V": 1, "v": 1, "Volt": 1, "Volts": 1, "volt": 1, "volts": 1, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "μV": 1e-6},
    "A": {"A": 1, "Amp": 1, "Amps": 1, "amps": 1, "ampere": 1, "mA": 1e-3, "uA": 1e-6, "µA": 1e-6,
          "μA": 1e-6, "nA": 1e-9},
    "Ah": {"Ah": 1, "A.h": 1, "A*h": 1, "Amp-hr": 1, "AmpHr": 1, "amp-hr": 1, "mAh": 1e-3, "mA.h": 1e-3, "mA*h": 1e-3,
           "uAh": 1e-6, "µAh": 1e-6, "μAh": 1e-6, "uA.h": 1e-6, "µA.h": 1e-6, "C": 1 / 3600, "As": 1 / 3600,
           "mC": 1e-3 / 3600},
    "K": {"K": 1, "C": 1, "°C": 1, "degC": 1, "Celsius": 1, "celsius": 1, "℃": 1, "oC": 1},
    "W": {"W": 1, "mW": 1e-3, "uW": 1e-6, "µW": 1e-6, "Watt": 1, "watt": 1, "kW": 1e3},
    "Wh": {"Wh": 1, "W.h": 1, "mWh": 1e-3, "mW.h": 1e-3, "uWh": 1e-6, "Watt-hr": 1, "kWh": 1e3},
    "deg": {"deg": 1, "°": 1, "degree": 1, "degrees": 1, "Deg": 1, "rad": 57.29577951308232, "-°": -1, "-deg": -1},
}  # fmt: skip
"""Factors to our units; a temperature that is not in K has its zero at 273.15 K."""
_SMALL_LETTERS = {unit.lower(): unit for units in UNITS.values() for unit in reversed(units) if unit.isascii()}
"""Units as names in small letters end: `current_a`, `capacity_mah`; of two that differ in their letters the first."""

_ANGULAR = ("omega", "angularfrequency", "angfreq", "kreisfrequenz")
"""Plain names of a frequency times 2 pi, whether its unit is rad/s, 1/s or none."""

SPECTRUM_FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "frequency_Hz": ("Hz", ("f", "freq", "frequency", "frequenz", "fréquence", "frq",
                            *_ANGULAR)),
    "real_ohm": ("ohm", ("z'", "zs'", "zreal", "rez", "re(z)", "zre", "z'(a)", "realz", "zr", "zprime", "re", "real",
                         "realpart", "z1", "z_re", "realimpedance", "impedance(real)", "realteil")),
    "imag_ohm": ("ohm", ("z''", "zs''", "zimag", "imz", "im(z)", "zim", "z''(b)", "imagz", "zi", "zdoubleprime", "im",
                         "imag", "imaginary", "imaginarypart", "z2", 'z"', 'zs"', "z_im", "zimg",
                         "imaginaryimpedance", "impedance(imag)", "imaginärteil")),
    "magnitude_ohm": ("ohm", ("|z|", "zmod", "zmag", "modulus", "impedance", "absz", "z", "zmodulus", "mag")),
    "phase_deg": ("deg", ("phase", "phase(z)", "phasez", "zphz", "theta", "phi", "phaseangle", "phaseofz", "zphase")),
    "time_s": ("s", ("time", "t", "pttime", "elapsedtime", "zeit")),
    "cycle": ("", ("cyclenumber", "cycle", "zcycle", "repeat", "spectrum", "loop", "loopindex", "loopnumber")),
    "temperature_K": ("K", ("temperature", "temp", "temperatur", "tempc")),
}  # fmt: skip

CELL_FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "time_s": ("s", ("testtime", "totaltime", "cumulativetime", "runtime", "time", "elapsedtime", "t", "zeit",
                     "totaltimes", "timetest", "recordtime", "testzeit", "gesamtzeit", "laufzeit", "总时间", "测试时间",
                     "时间")),
    "datetime": ("", ("datetime", "date", "dpttime", "absolutetime", "realtime", "systime", "timestamp", "datetimeutc",
                      "unixtime", "unixtimes", "dateandtime", "datum", "绝对时间", "系统时间", "日期")),
    "voltage_V": ("V", ("voltage", "ewe", "ewece", "ecell", "u", "e", "v", "potential", "cellvoltage", "vf", "volts",
                        "volt", "spannung", "vcell", "zellspannung", "电压")),
    "current_A": ("A", ("current", "i", "im", "amps", "amp", "strom", "icell", "stromstärke", "电流")),
    "charge_counter_Ah": ("Ah", ("chargecapacity", "chargecap", "qcharge", "chgcap", "chargeah", "capacitycharge",
                                 "chargingcapacity", "chargingcapacityah", "chargecapacityah", "ladekapazität",
                                 "充电容量")),
    "discharge_counter_Ah": ("Ah", ("dischargecapacity", "dischargecap", "qdischarge", "dchgcap", "dischargeah",
                                    "capacitydischarge", "dischargingcapacity", "dischargingcapacityah",
                                    "dischargecapacityah", "entladekapazität", "放电容量")),
    "net_charge_Ah": ("Ah", ("qqo", "netcapacity", "netcapacityah", "qq0", "cumulativecharge")),
    "step_charge_Ah": ("Ah", ("capacity", "cap", "stepcapacity", "amphr", "qchargedischarge",
                              "qcharge/discharge", "kapazität", "ladung", "ladungsmenge", "capacityah", "ah", "q",
                              "容量")),
    "step": ("", ("step", "stepindex", "stepnumber", "ns", "stepcount", "stepid", "stepno", "schritt", "工步号", "工步",
                  "工步序号")),
    "step_kind": ("", ("steptype", "state", "status", "mode", "md", "steptypename", "stepname", "workmode",
                       "command", "工步类型", "工步状态", "状态", "工作模式")),
    "cycle": ("", ("cycle", "cyclenumber", "cycleindex", "cyclecount", "cyc#", "cyc", "cycleid", "cycleno", "cyccount",
                   "zyklus", "cyclep", "循环号", "循环", "循环序号", "zyklennummer")),
    "temperature_K": ("K", ("temperature", "temp", "temperatur", "cellt", "celltemperature", "auxtemperature",
                            "temperaturet1", "t1", "auxtemperature1", "surfacetemperature", "auxavet",
                            "ambienttemperature", "温度")),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Found:
    """A field's column: its place, its factor to our unit, whether it is in degrees Celsius, and its unit's name."""

    place: int
    factor: float
    celsius: bool
    unit: str


def split_header(cell: str) -> tuple[str, str]:
    """Name and unit of a header's cell: `Freq.[Hz]`, `Voltage(V)`, `Re(Z)/Ohm`, `Voltage / V`, `time_s`, `Time`."""
    text = cell.strip().strip("\"'#~").strip() if not cell.strip().startswith(("Z'", "z'")) else cell.strip()
    if matched := _BRACKETED.match(text):
        name, unit = matched["name"].strip(), matched["unit"].strip(_LOST)
        if name and not unit and matched["unit"].strip():
            return name, ""
        if unit in UNITS["s"] and name in ("Test", "Step"):  # Maccor's `Test (Sec)`
            return f"{name} Time", unit
        if name and (is_unit(unit) or not re.fullmatch(r"(?i)z|a|b|t", unit)):
            return name, unit
    for unit in (*_ANGULAR_UNITS, "1/s"):  # `omega/rad/s`, before its last mark is taken for that of s
        if text.endswith(unit) and (name := text.removesuffix(unit).rstrip(" /_,")):
            return name, unit
    for mark in ("/", "_", ",", " in "):
        head, found, tail = text.rpartition(mark)
        if found and head.strip() and is_unit(tail.strip()):
            return head.strip(), tail.strip()
        if mark == "_" and found and head and text == text.lower() and tail in _SMALL_LETTERS:
            return head, _SMALL_LETTERS[tail]
    return text, ""


def is_unit(text: str) -> bool:
    """Whether a text is a unit that we know, or an area-related one that we refuse."""
    return (
        text == "1"
        or any(text in units for units in UNITS.values())
        or "cm2" in text
        or "cm²" in text
        or "cm^2" in text
    )


def plain_unit(text: str) -> str:
    """A unit as a row of units has it, without what it is against: `V vs. Ref.`, `deg C`, `#`."""
    unit = text.split(" vs")[0].strip().replace("deg C", "degC")
    if len(unit) > 2 and unit[0] + unit[-1] in ("()", "[]"):
        unit = unit[1:-1].strip()
    return "" if unit == "#" else unit


def plain_name(name: str) -> tuple[str, bool]:
    """A name without case, spaces and decoration, and whether it stands for the negative."""
    text = name.strip().lower().replace("’", "'").replace("″", "''").replace("`", "'")
    negative = text.startswith(("-", "−", "–", "neg."))
    text = text.removeprefix("neg.")
    text = re.sub(r"[<>\s._\-−–*:：]", "", text)
    text = text.replace("(q", "q").replace("qo)", "qo").replace("q0)", "q0") if text.startswith("(q") else text
    return text, negative


def find_columns(
    names: list[str],
    units: list[str],
    fields: Mapping[str, tuple[str, tuple[str, ...]]],
    given: Mapping[str, str] | None,
) -> tuple[dict[str, Found], list[str]]:
    """The columns of the fields, the user's `given` names first, and warnings about units that had to be assumed.

    Raises
    ------
    KeyError
        With a message, if a given column or field does not exist, or a unit does not fit.
    """
    found: dict[str, Found] = {}
    warnings: list[str] = []
    for name, column in (given or {}).items():
        if name not in fields:
            raise KeyError(f"no field {name}; there are {', '.join(fields)}")
        sign, wanted = (-1.0, column[1:]) if column.startswith("-") and column not in names else (1.0, column)
        places = [
            place
            for place, name in enumerate(names)
            if name == wanted or plain_name(name) == plain_name(wanted) or (name, units[place]) == split_header(wanted)
        ]
        if not places and wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(names):
            places = [int(wanted) - 1]
        if not places:
            raise KeyError(f"no column {wanted!r}; there are {', '.join(filter(None, names)) or len(names)}")
        found[name] = _found(places[0], units[places[0]], fields[name][0], sign, wanted, warnings, assumed=True)
    taken = {column.place for column in found.values()}
    for field_name, (unit, synonyms) in fields.items():
        if field_name in found:
            continue
        for synonym in synonyms:
            places = [
                place for place, name in enumerate(names) if place not in taken and plain_name(name)[0] == synonym
            ]
            fitting = [place for place in places if not units[place] or not unit or units[place] in UNITS[unit]]
            if not places:
                continue
            if not fitting:
                warnings.append(
                    f"{names[places[0]]} is not used: {units[places[0]]} is no unit of {unit}"
                    + (f" (multiply it by the mass, and give {unit})" if _PER_GRAM.search(units[places[0]]) else "")
                )
                if "cm" in units[places[0]]:
                    raise KeyError(
                        f"{names[places[0]]} is in {units[places[0]]}: give it without the area, which is divided out "
                        "once, by the sample's geometry"
                    )
                continue
            place = fitting[0]
            negative = plain_name(names[place])[1]
            found[field_name] = _found(place, units[place], unit, -1.0 if negative else 1.0, names[place], warnings)
            taken.add(place)
            break
    return found, warnings


def misfits(warnings: list[str]) -> str:
    """Columns whose unit forbade their use, for the message that nothing was found."""
    return "".join(f"; {warning}" for warning in warnings if " is not used: " in warning)


def _found(
    place: int, unit: str, wanted: str, sign: float, name: str, warnings: list[str], *, assumed: bool = False
) -> Found:
    if not wanted:
        return Found(place=place, factor=sign, celsius=False, unit="")
    called_angular = plain_name(name)[0] in _ANGULAR and unit in ("", "1/s") and not assumed
    if wanted == "Hz" and (called_angular or unit in _ANGULAR_UNITS):
        warnings.append(f"{name} is an angular frequency{', taken as in rad/s' * called_angular}: divided by 2 pi")
        return Found(place=place, factor=sign / (2 * np.pi), celsius=False, unit="rad/s")
    if not unit:
        if not assumed and plain_name(name)[0] not in _SAY_IT:
            warnings.append(f"{name} has no unit: taken as {wanted}")
        return Found(place=place, factor=sign, celsius=False, unit=wanted)
    if unit not in UNITS[wanted]:
        raise KeyError(f"{name} is in {unit}, not in {wanted}")
    celsius = wanted == "K" and unit != "K"
    return Found(place=place, factor=sign * UNITS[wanted][unit], celsius=celsius, unit=unit)
