"""What the lines around a table of a calorimeter say: mass, sign, rates, instrument, name, date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

Direction = Literal["up", "down"]
_NUMBER = r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?"
_MASS = re.compile(
    r"\b(?:sample\s*(?:mass|weight|size)|initial\s*mass|size|mass|weight|masse|gewicht|einwaage|probenmasse"
    r"|masse \S*chantillon|probengewicht)\b"
    rf"[^\d\n]{{0,20}}?\s*(?P<before>[/(\[]\s*(?:mg|ug|\u00b5g|g)\b)?[^\d\n]{{0,20}}?(?P<value>{_NUMBER})"
    r"\s*(?P<unit>mg|\u00b5g|ug|g)?\b",
    re.IGNORECASE,
)
_NOT_THE_SAMPLE = re.compile(
    r"reference|referenz|r\u00e9f\u00e9rence|crucible|tiegel|creuset|\bpan\b|panmass|molar|lid|correction|loss|verlust|blank",
    re.IGNORECASE,
)
_METTLER_SAMPLE = re.compile(rf"^\s*(?P<name>.*?),\s*(?P<value>{_NUMBER})\s*(?P<unit>mg|g)\s*$")
_UP = r"up|oben|auf|haut|arriba|positive?"
_DOWN = r"down|unten|ab|bas|abajo|negative?"
_SIGN = re.compile(
    rf"(?P<kind>exo|endo)(?:therm\w*)?\W{{0,3}}(?:\b(?:direction|nach|vers le|is|=)\b\W*)?(?P<way>{_UP}|{_DOWN})\b",
    re.IGNORECASE,
)
_NETZSCH_EXO = re.compile(r"^\s*#EXO\s*:?\W*?(?P<way>-?1)\b", re.IGNORECASE)
_CARET = re.compile(r"\^\s*(?P<kind>exo|endo)", re.IGNORECASE)
_RATE = re.compile(
    rf"(?P<value>{_NUMBER})\s*\(?\s*(?:K|[\u00b0\u00ba\ufffd?]?\s?C|deg\s?C)\s*/\s*(?P<per>min|s)\b", re.IGNORECASE
)
_INSTRUMENT = re.compile(r"^\W*instrument(?:\s*(?:name|type))?\W*[:\t;]\W*(?P<value>.+?)[;\s]*$", re.IGNORECASE)
_NAME = re.compile(
    r"^\W*(?:sample|sample\s*name|sample id|probe|\u00e9chantillon)\s*[:\t;]\W*(?P<value>.+?)[;\s]*$", re.IGNORECASE
)
_DATED = re.compile(
    r"^\W*(?P<key>date/time|date|rundate|run date|creation date|started?|datum)\b\s*[:\t;,]?\W*(?P<value>.+?)[;\s]*$",
    re.IGNORECASE,
)
_CLOCKED = re.compile(r"^\W*(?:time|zeit)\s*[:\t;]\s*(?P<value>\d{1,2}:\d{2}(?::\d{2})?)\W*$", re.IGNORECASE)
_DATES = ("%Y-%m-%d", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d.%m.%Y", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y")
"""Dates that can be read in one way alone: 08/01/2025 is none of them."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the header says; None or empty where it does not.

    Attributes
    ----------
    mass_mg
        Of the sample, above zero.
    masses_mg
        Every mass of the sample that is stated, for one that contradicts another.
    exothermic
        Way in which exothermic goes.
    rates_K_per_min
        Of the programme, without their signs.
    """

    mass_mg: float | None = None
    masses_mg: tuple[float, ...] = ()
    reference_mass_mg: float | None = None
    exothermic: Direction | None = None
    rates_K_per_min: tuple[float, ...] = ()
    instrument: str | None = None
    name: str | None = None
    started: datetime | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)

    def over(self, general: Header) -> Header:
        """This header, with what it does not say from a more general one."""
        if general == self:
            return self
        return replace(
            self,
            mass_mg=self.mass_mg if self.mass_mg is not None else general.mass_mg,
            masses_mg=self.masses_mg or general.masses_mg,
            reference_mass_mg=general.reference_mass_mg if self.reference_mass_mg is None else self.reference_mass_mg,
            exothermic=self.exothermic or general.exothermic,
            rates_K_per_min=self.rates_K_per_min or general.rates_K_per_min,
            instrument=self.instrument or general.instrument,
            name=self.name or general.name,
            started=self.started or general.started,
        )


def read_header(lines: Iterable[str]) -> Header:
    """The header of a table from the lines around it, without that of its columns."""
    kept = tuple(line.strip("\r\n") for line in lines if line.strip())
    masses: list[float] = []
    reference = None
    name = _first(_NAME, kept)
    for place, line in enumerate(kept):
        plain = line.replace("\u00a0", " ")
        found = _MASS.search(plain) or (
            _METTLER_SAMPLE.search(plain) if place and kept[place - 1].strip().lower().startswith("sample:") else None
        )
        if found is None:
            continue
        if found.re is _METTLER_SAMPLE:
            name = name or found["name"]
        value = _value(found["value"])
        before = found["before"] if "before" in found.re.groupindex else None
        unit = found["unit"] or (before or "/mg").strip("/([ ")
        value *= {"mg": 1.0, "g": 1e3}.get(unit.lower(), 1e-3)
        if not _NOT_THE_SAMPLE.search(plain):
            masses.append(value)
        elif re.search(r"referen[cz]", plain, re.IGNORECASE) and "crucible" not in plain.lower():
            reference = value
    positive = [mass for mass in masses if mass > 0]
    return Header(
        mass_mg=positive[0] if positive else None,
        masses_mg=tuple(dict.fromkeys(positive)),
        reference_mass_mg=reference,
        exothermic=exothermic_way(kept),
        rates_K_per_min=tuple(dict.fromkeys(rate for line in _of_run(kept) for rate in _rates(line) if rate > 0)),
        instrument=_first(_INSTRUMENT, kept),
        name=name,
        started=_started(kept),
        lines=kept,
    )


def exothermic_way(lines: Iterable[str]) -> Direction | None:
    """The way in which exothermic goes as these lines say it; None where none does, or where two contradict."""
    ways: set[Direction] = set()
    for line in lines:
        if found := _NETZSCH_EXO.search(line):
            ways.add("up" if found["way"] == "1" else "down")
        for found in _SIGN.finditer(line.replace("_", " ")):
            goes_up = re.fullmatch(_UP, found["way"], re.IGNORECASE) is not None
            ways.add("up" if goes_up == (found["kind"].lower() == "exo") else "down")
        if found := _CARET.search(line):
            ways.add("up" if found["kind"].lower() == "exo" else "down")
    return ways.pop() if len(ways) == 1 else None


def _of_run(lines: Iterable[str]) -> Iterator[str]:
    """The lines that are not of a calibration: TRIOS tells of these in sections of their own, with their rates."""
    calibration = False
    for line in lines:
        if re.match(r"\s*\[[^\]]+\]\s*[,;]*\s*$", line):
            calibration = "calibration" in line.lower()
        if not calibration:
            yield line


def _rates(line: str) -> list[float]:
    return [
        abs(_value(found["value"])) * (60.0 if found["per"].lower() == "s" else 1.0) for found in _RATE.finditer(line)
    ]


def _value(written: str) -> float:
    return float(written.replace(",", "."))


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str | None:
    found = next((found for line in lines if (found := pattern.match(line))), None)
    return found["value"].strip() if found else None


def _started(lines: Sequence[str]) -> datetime | None:
    dated = next((found["value"] for line in lines if (found := _DATED.match(line))), None)
    if dated is None:
        return None
    clock = re.search(r"\d{1,2}:\d{2}(?::\d{2})?", dated) or next(
        (re.match(r".*", found["value"]) for line in lines if (found := _CLOCKED.match(line))), None
    )
    day = re.split(r"[ T](?=\d{1,2}:)", dated)[0].strip()
    for layout in _DATES:
        try:
            at = datetime.strptime(day, layout)
        except ValueError:
            continue
        if clock is not None:
            hours, minutes, *seconds = (int(part) for part in clock[0].split(":"))
            if hours < 24 and minutes < 60 and all(second < 60 for second in seconds):
                at = at.replace(hour=hours, minute=minutes, second=seconds[0] if seconds else 0)
        return at
    return None
