"""What the columns of a calorimeter's export are: role and unit, by names in English, German, French and Spanish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from paddlewheel.lab.dsc.scan import SignalUnit

Role = Literal["time", "temperature", "programme", "furnace", "signal", "sensitivity", "mass", "other"]
Per = Literal["sample", "gram", "gram and kelvin", "kelvin"]
"""What a signal is over: the whole sample; its mass; mass and temperature (apparent heat capacity); temperature."""

TIME_S: Mapping[str, float] = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
TEMPERATURES = ("C", "K", "F")
SIGNALS: Mapping[str, tuple[SignalUnit, Per, float]] = {
    "mW": ("mW", "sample", 1.0), "W": ("mW", "sample", 1e3), "uW": ("mW", "sample", 1e-3),
    "mcal/s": ("mW", "sample", 4.184), "W/g": ("mW", "gram", 1.0), "mW/g": ("mW", "gram", 1e-3),
    "uV": ("uV", "sample", 1.0), "mV": ("uV", "sample", 1e3), "uV/mg": ("uV", "gram", 1.0),
    "J/(g K)": ("mW", "gram and kelvin", 1.0), "J/(kg K)": ("mW", "gram and kelvin", 1e-3),
    "mJ/K": ("mW", "kelvin", 1.0), "J/K": ("mW", "kelvin", 1e3),
}  # fmt: skip
"""Of each unit: what it becomes, what it is over, and its factor (W/g is mW/mg; J/(g K) is mJ/(mg K))."""
_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "ms": ("ms",),
    "s": ("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "sekunde", "seconde", "secondes", "segundos"),
    "min": ("min", "mins", "minute", "minutes", "minuten", "minutos"),
    "h": ("h", "hr", "hrs", "hour", "hours", "std", "stunden", "heure", "heures", "horas"),
    "C": ("C", "degC", "oC", "celsius", "gradC", "DegC"),
    "K": ("K", "kelvin", "Kelvin"),
    "F": ("F", "degF", "oF", "fahrenheit"),
    "mW": ("mW", "mJ/s", "milliwatt"), "W": ("W", "Watt", "watt", "J/s"), "uW": ("uW",),
    "mcal/s": ("mcal/s", "mcal/sec"),
    "W/g": ("W/g", "mW/mg", "Wg-1", "mWmg-1", "Wperg", "mWpermg", "kW/kg", "J/s/g", "J/(s/g)"),
    "mW/g": ("mW/g", "uW/mg", "mWg-1", "uWmg-1", "W/kg", "Wkg-1", "mWperg"),
    "uV": ("uV",), "mV": ("mV",), "uV/mg": ("uV/mg", "uVmg-1", "uVpermg"), "uV/mW": ("uV/mW", "uVmW-1"),
    "J/(g K)": ("J/gK", "J/gC", "J/g/K", "J/g/C", "Jg-1K-1", "JK-1g-1", "Jg-1C-1", "kJ/kgK", "kJ/kgC", "kJkg-1K-1",
                "JpergK", "Jpergperk", "mJ/mgK", "J/Kg", "J/gdegC", "JpergperK"),
    "J/(kg K)": ("J/kgK", "J/kgC", "J/kg/K", "Jkg-1K-1", "JkgK", "J/KkG"),
    "mJ/K": ("mJ/K", "mJ/C"), "J/K": ("J/K", "J/C"),
    "V": ("V", "volt", "Volts"), "A": ("A", "ampere", "Amps"), "mA": ("mA",),
    "K/min": ("K/min", "C/min"), "mg": ("mg",), "g": ("g",), "%": ("%",), "ml/min": ("ml/min", "mL/min"),
}  # fmt: skip
_UNIT_OF = {written: unit for unit, ways in _WRITTEN.items() for written in ways}
_SAID_SO = re.compile(
    r"deriv|d/dt|^ddsc|baseline|basislinie|ligne de base|calibrat|kalibrier|rever[st]|non-?rev|integral|phase"
    r"|amplitude|uncorrected|unkorrigiert|gas|purge|leistung|power|flow_?rate",
    re.IGNORECASE,
)
"""Of columns in the unit of a signal that are not the signal."""
_SIGNAL = re.compile(
    r"heat[ _]?(?:flow|flux)|w(?:\u00e4|ae)rme(?:strom|fluss)|\bdsc\b|\bdta\b|flux (?:de chaleur|thermique)"
    r"|flujo de calor|\bhf\b|^value$|^wert$|^valeur$|^signal|^c_?p\b|heat[ _]?capacity|w(?:\u00e4|ae)rmekapazit"
    r"|latentdata"
    r"|capacit\u00e9 (?:thermique|calorifique)|^endo|^exo",
    re.IGNORECASE,
)
_CAPACITY = re.compile(r"^c_?p\b|heat[ _]?capacity|w(?:\u00e4|ae)rmekapazit|capacit\u00e9|latentdata", re.IGNORECASE)
_PROGRAMME = re.compile(r"prog|set ?_?(?:point|temp)|soll|consigne|t_?set\b", re.IGNORECASE)
_FURNACE = re.compile(
    r"furnace|oven|ofen|^four\b|horno|referen[cz]|r\u00e9f\u00e9rence|^t_?r\b|^t_?ref|block|^t_?f\b|case|flange|umgeb|foil|cold",
    re.IGNORECASE,
)
_TEMPERATURE = re.compile(
    r"temp|^t$|^t_?s(?:ample)?\b|probe|sample|\u00e9chantillon|muestra|\u6e29\u5ea6", re.IGNORECASE
)
_SAMPLE = re.compile(r"sample|probe|\u00e9chantillon|muestra|^t_?s\b", re.IGNORECASE)
_TIME = re.compile(r"^(?:elapsed |test )?(?:time|zeit|temps|tiempo)\b|^t$|\u65f6\u95f4", re.IGNORECASE)


_WAY = re.compile(r"\s+\(?(?:exo|endo)\w*\W+\w+\)?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its place, role, name and plain unit ("" where the header has none); -1 turns its sign."""

    place: int
    role: Role
    name: str
    unit: str
    sign: float = 1.0


def split_column(header: str) -> tuple[str, str]:
    """Name and plain unit of a header's cell: `DSC/(mW/mg)`, `Heat Flow Endo Up (mW)`, `temperature_C`; "" for none."""
    text = header.strip().strip("\"'#").strip()
    said = _WAY.search(text)
    if said is not None and (found := split_column(text[: said.start()]))[1]:  # `DSC/(mW/mg) exo ab`
        return f"{found[0]} {said[0].strip()}", found[1]
    for place, mark in enumerate(text):
        if mark in " /_([{,;" and (unit := plain_unit(text[place:])) and text[:place].strip(" /_([{,;^"):
            return text[:place].strip(" /_([{,;"), unit
    return ("", unit) if (unit := plain_unit(text)) else (text, "")


def plain_unit(written: str) -> str:
    """Our way to write a unit, "" where it is none: `(J/(g*\u00b0C))` is J/(g K)."""
    # of old code pages 0xe6 is that of micro, and Netzsch writes 0x91
    plain = re.sub("[\u00b5\u03bc\u00e6]|\u2018(?=[VW])", "u", written).replace("\u2212", "-").replace("\u2103", "C")
    plain = re.sub(r"[\s_()\[\]{}^*.,;?]|[^\x00-\x7f]", "", plain).strip("/").removeprefix("in")
    return _UNIT_OF.get(plain) or (_UNIT_OF.get(plain.lower(), "") if len(plain) > 2 and "/" not in plain else "")


def column_of(place: int, name: str, unit: str) -> Column:
    """The role of a column by its name and its unit, as `split_column` gives them."""
    return Column(place=place, role=_role(name, unit), name=name, unit=unit)


def _role(name: str, unit: str) -> Role:
    if unit == "uV/mW" or re.search(r"sensit|empfindl", name, re.IGNORECASE):
        return "sensitivity"
    if _SAID_SO.search(name):
        return "other"
    if unit in SIGNALS or (not unit and _SIGNAL.search(name)):
        return "signal"
    if unit in TIME_S:
        return "time"
    if unit in TEMPERATURES or not unit:
        if _PROGRAMME.search(name):
            return "programme"
        if _FURNACE.search(name):
            return "furnace"
        if unit or (_TEMPERATURE.search(name) and name != "t"):
            return "temperature"
        return "time" if _TIME.search(name) else "other"
    return "mass" if unit in ("mg", "g") and re.search(r"mass|weight|gewicht|\btg\b", name, re.IGNORECASE) else "other"


def best(columns: Sequence[Column], role: Role) -> Column | None:
    """The column of a role: the sample's temperature before another, a signal of the whole sample before others."""
    if role == "signal":
        order = tuple(SIGNALS)
        of_role = [column for column in columns if column.role == role]
        flows = [column for column in of_role if not _CAPACITY.search(column.name)] or of_role
        return min(flows, key=lambda column: order.index(column.unit) if column.unit else len(order), default=None)
    of_role = [column for column in columns if column.role == role]
    return min(of_role, key=lambda column: not _SAMPLE.search(column.name), default=None)


def is_capacity(column: Column) -> bool:
    """Whether a signal without a unit is a heat capacity by its name."""
    return bool(_CAPACITY.search(column.name))
