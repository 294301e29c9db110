"""Biologic's text export .mpt: its header says how many lines it has, the technique, the cell and the loops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from paddlewheel.lab.readers.biologic_columns import name_and_unit
from paddlewheel.lab.readers.biologic_table import NOT_GIVEN, completed
from paddlewheel.lab.readers.text_table import TextTable, is_number, number_of, parse_table, table_from
from paddlewheel.lab.techniques import technique_of_title

MAGIC = ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE")
_HEADER_LINES = re.compile(r"Nb header lines\s*:\s*(\d{1,6})")
_DATES = ("%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S")
_LOOP = re.compile(r"Loop \d+ from point number (\d{1,9}) to \d+")
_STARTED = re.compile(r"Acquisition started on : (\d\d)[/.-](\d\d)[/.-](\d{4}) (\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")
_PROGRAM = re.compile(r"(EC|BT)-L(?:ab|AB) for windows v([\d.]+)")
_POTENTIAL = re.compile(r" \([-+\d.,]+ V\)$")
_QUANTITY = re.compile(r"([\d.,]+(?:[eE][+-]?\d+)?) (\S+)$")
_SETTINGS = {
    "Mass of active material": ("active_material_mass_mg", {"mg": 1.0, "g": 1e3, "kg": 1e6, "µg": 1e-3}),
    "Electrode surface area": ("electrode_area_cm2", {"cm²": 1.0, "mm²": 1e-2, "dm²": 1e2, "m²": 1e4, "µm²": 1e-8}),
    "Characteristic mass": ("characteristic_mass_g", {"g": 1.0, "mg": 1e-3, "kg": 1e3, "µg": 1e-6}),
    "Battery capacity": ("battery_capacity_mAh", {"mA.h": 1.0, "A.h": 1e3, "µA.h": 1e-3}),
}
_TEXTS = {
    "Comments": "comments", "Electrode material": "electrode_material", "Electrolyte": "electrolyte",
    "Reference electrode": "reference_electrode",
}  # fmt: skip


def read_mpt(text: str, *, source: str, warnings: Sequence[str] = ()) -> TextTable:
    """The table of a .mpt, with the technique and what else its header says.

    Raises
    ------
    DataError
        If there is none.
    """
    lines = text.splitlines()
    said = list(warnings)
    place = _header_line(lines)
    if place is None:
        table = parse_table(text, source=source, warnings=warnings)
    else:
        cells = [cell.strip() for cell in lines[place].rstrip().split("\t")]
        names, units = zip(*map(name_and_unit, cells), strict=True)
        first = next((line for line in lines[place + 1 :] if line.strip()), "")
        if any("," in cell and is_number(cell.replace(",", ".", 1)) for cell in first.split("\t")):
            said.append("decimal commas")
            lines = [*lines[: place + 1], *(line.replace(",", ".") for line in lines[place + 1 :])]
        table = table_from(lines, place + 1, names=list(names), units=list(units), delimiter="\t", source=source,
                           preamble=[line for line in lines[:place] if line.strip()], warnings=said)  # fmt: skip
    loops = [int(matched[1]) for line in table.preamble if (matched := _LOOP.match(line.strip()))]
    technique = technique_of_title(table.preamble[2]) if len(table.preamble) > 2 else None
    settings = _settings(table.preamble)
    table = _elapsed(replace(table, technique=technique, settings=settings))
    return completed(table, loop_starts=loops)


def _elapsed(table: TextTable) -> TextTable:
    """The table with the time since the start, where it was exported as dates (`Time format : Absolute`)."""
    place = next((place for place, name in enumerate(table.names) if name == "time" and place in table.texts), None)
    cells = [] if place is None else table.texts[place]
    for form in _DATES:
        try:
            moments = [datetime.strptime(cell, form) for cell in cells]
            break
        except ValueError:
            continue
    else:
        return table
    if place is None or not moments:
        return table
    started = table.settings.get("started")
    began = moments[0] if started is None else datetime.fromisoformat(started)
    seconds = np.array([(moment - began).total_seconds() for moment in moments])
    texts = {column: values for column, values in table.texts.items() if column != place}
    return replace(table, texts=texts, numbers=table.numbers | {place: seconds})


def _header_line(lines: Sequence[str]) -> int | None:
    """The line of the columns' names: as the second line says, if that is one; None where it is not."""
    matched = _HEADER_LINES.match(lines[1].strip()) if len(lines) > 1 else None
    place = int(matched[1]) - 1 if matched else -1
    if not 1 < place < len(lines):
        return None
    cells = lines[place].rstrip().split("\t")
    return place if len(cells) > 1 and all(cells) and not any(is_number(cell) for cell in cells) else None


def _settings(preamble: Sequence[str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for line in preamble:
        if program := _PROGRAM.match(line.strip()):
            known["program"] = f"{program[1]}-Lab {program[2]}"
        name, found, value = line.strip().partition(" : ")
        if not found or not value.strip():
            continue
        if name in _TEXTS and value.strip() != "(unspecified)":
            earlier = known.get("comments", "") if name == "Comments" else ""  # several lines, each with the name
            known[_TEXTS[name]] = _POTENTIAL.sub("", " ".join(f"{earlier} {value}".split()))
        if name in _SETTINGS and (matched := _QUANTITY.match(value.strip())):
            label, factors = _SETTINGS[name]
            number, unit = number_of(matched[1].replace(",", ".")), matched[2]
            if number is not None and number > NOT_GIVEN and unit in factors:
                known[label] = float(f"{number * factors[unit]:.6g}")
        if started := _STARTED.match(line.strip()):
            month, day, year, clock, part = started.groups()
            try:
                began = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}.{(part or '0').ljust(6, '0')}")
            except ValueError:
                continue
            known["started"] = began.isoformat(timespec="milliseconds")
    return known
