"""Impedance spectra from a table: frequency with real and imaginary part, or magnitude and phase."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import SPECTRUM_FIELDS, find_columns, misfits, plain_name
from paddlewheel.lab.readers.headerless import named
from paddlewheel.lab.readers.sweeps import sweeps_of
from paddlewheel.lab.readers.text_table import TextTable
from paddlewheel.lab.spectrum import ImpedanceOf, Spectrum, check_ranges
from paddlewheel.lab.techniques import other_command

_CELSIUS = re.compile(r"(?<![\dA-Za-z.])([-+]?\d{1,4}(?:\.\d+)?)\s*_?(?:deg(?:ree)?s?_?C?|°C|C|oC|grad)(?![A-Za-z])")
_KELVIN = re.compile(r"(?<![\dA-Za-z.])(\d{2,4}(?:\.\d+)?)\s*_?K(?![A-Za-z])")
_LEAST_POINTS = 3
_HOTTEST_K = 2500.0
_PARTS = {"real_ohm": "re(z{})", "imag_ohm": "im(z{})", "magnitude_ohm": "|z{}|", "phase_deg": "phase(z{})"}
_NAMES_OF: dict[ImpedanceOf, str] = {"Ece": "ce", "Ewe-Ece": "wece"}
"""What EC-Lab writes between the brackets, as `plain_name` has it."""


def spectra_of(
    table: TextTable, *, columns: Mapping[str, str] | None, name: str, impedance_of: ImpedanceOf = "Ewe"
) -> list[Spectrum]:
    """The spectra of a table: one for each cycle, or each sweep where the frequency begins anew.

    Raises
    ------
    DataError
        If it has no frequency and impedance, or none of the electrode that is asked for.
    """
    if not columns:
        table = named(table)
    said = [] if {"real_ohm", "magnitude_ohm"} & set(columns or ()) else _electrode_warnings(table, impedance_of)
    column, warnings = _found(table, columns, impedance_of)
    warnings = [*table.warnings, *warnings, *said]
    frequency, impedance = column("frequency_Hz"), _impedance(column)
    if impedance is None and impedance_of == "Ewe-Ece":  # as EC-Lab has it: Zwe-ce is Zwe + Zce
        parts = [_impedance(_found(table, columns, electrode)[0]) for electrode in ("Ewe", "Ece")]
        impedance = None if parts[0] is None or parts[1] is None else parts[0] + parts[1]
    if frequency is None or impedance is None:
        lacking = "frequency" if frequency is None else "impedance"
        listed = ", ".join(filter(None, table.names)) or "none has a name"
        raise DataError(
            f"no {lacking} among the columns ({listed}){misfits(warnings)}",
            where=table.source,
            remedy="name them (or give their numbers, from 1): --columns frequency_Hz=...,real_ohm=...,imag_ohm=... (a "
            "minus before a name turns its sign)",
        )
    time, temperature, cycle = column("time_s"), column("temperature_K"), column("cycle")
    if temperature is not None:  # -327.67 C is Gamry's word for no sensor
        temperature = np.where((temperature > 0) & (temperature < _HOTTEST_K), temperature, np.nan)
    usable = np.isfinite(frequency) & np.isfinite(impedance) & (frequency > 0)
    swept = sweeps_of(frequency, cycle, table.sweep, source=table.source)
    parts = [part for part in swept if usable[part].sum() >= _LEAST_POINTS]
    short = [int(usable[part].sum()) for part in swept if 0 < usable[part].sum() < _LEAST_POINTS]
    if short:
        warnings.append(f"{sum(short)} points left out: {len(short)} sweeps of fewer than {_LEAST_POINTS}")
    cycles = _cycles(cycle, [int(part[usable[part]][0]) for part in parts])
    spectra = []
    for number, part in enumerate(parts):
        keep = part[usable[part]]
        told = list(warnings)
        if len(keep) < len(part):
            told.append(f"{len(part) - len(keep)} points left out: no frequency above 0 or no impedance")
        _, first = np.unique(frequency[keep], return_index=True)
        if len(first) < len(keep):
            told.append(f"{len(keep) - len(first)} points left out: their frequency stands twice")
            keep = keep[np.sort(first)]
        if len(keep) < _LEAST_POINTS:
            continue
        if (np.imag(impedance[keep]) > 0).all():
            told.append("the imaginary part is positive at every frequency: inductive, or -Z'' without its sign")
        check_ranges(frequency[keep], impedance[keep], where=table.source)
        held = None if temperature is None or not np.isfinite(temperature[keep]).any() else temperature[keep]
        spectra.append(
            Spectrum(
                frequency_Hz=frequency[keep],
                impedance_ohm=impedance[keep],
                name=name if len(parts) == 1 else f"{name} #{number + 1}",
                temperature_K=temperature_in(name, table.preamble) if held is None else float(np.nanmean(held)),
                cycle=cycles[number],
                time_s=None if time is None or not np.isfinite(time[keep[0]]) else float(time[keep[0]]),
                metadata=table.metadata(),
                warnings=tuple(told),
            )
        )
    if not spectra:
        other = other_command(table.technique, "eis")
        why = "no spectrum of three points or more" if usable.any() else "no row with a frequency above 0 and impedance"
        raise DataError(f"{other + ': ' if other else ''}{why}", where=table.source, remedy="give a whole sweep")
    return spectra


def _found(
    table: TextTable, columns: Mapping[str, str] | None, impedance_of: ImpedanceOf
) -> tuple[Callable[[str], np.ndarray | None], list[str]]:
    """What gives the numbers of a field in our unit, or None; and warnings of the search."""
    try:
        found, warnings = find_columns(table.names, table.units, _fields_of(impedance_of), columns)
    except KeyError as error:
        raise DataError(str(error.args[0]), where=table.source, remedy="name the columns with --columns") from error

    def column(field: str) -> np.ndarray | None:
        place = found.get(field)
        if place is None or place.place not in table.numbers:
            return None
        values = table.numbers[place.place] * place.factor
        return values + 273.15 if place.celsius else values

    return column, warnings


def _fields_of(impedance_of: ImpedanceOf) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The fields of a spectrum with the names of its columns, for one of the electrodes."""
    if impedance_of == "Ewe":
        return SPECTRUM_FIELDS
    which = _NAMES_OF[impedance_of]
    return SPECTRUM_FIELDS | {
        field: (SPECTRUM_FIELDS[field][0], (name.format(which),)) for field, name in _PARTS.items()
    }


def _electrode_warnings(table: TextTable, impedance_of: ImpedanceOf) -> list[str]:
    """What is taken of a file that has the impedance of several electrodes.

    Raises
    ------
    DataError
        If it has none of the electrode that is asked for.
    """
    plain = {plain_name(name)[0] for name in table.names}
    there = ["Ewe"]
    there += [of for of, which in _NAMES_OF.items() if any(part.format(which) in plain for part in _PARTS.values())]
    if "Ece" in there and "Ewe-Ece" not in there:
        there.append("Ewe-Ece")
    if impedance_of not in there:
        raise DataError(
            f"no impedance of {impedance_of}", where=table.source,
            remedy=f"take --impedance-of {' or '.join(there)}, or name the columns with --columns",
        )  # fmt: skip
    others = [electrode for electrode in there if electrode != impedance_of]
    return [f"impedance of {impedance_of}; the file has {' and '.join(others)} too (--impedance-of)"] if others else []


def _cycles(cycle: np.ndarray | None, rows: list[int]) -> list[int | None]:
    """Of each sweep by the column where it tells them apart, else counted from 1; None for a sweep alone."""
    if cycle is not None and np.isfinite(cycle[rows]).all() and len(np.unique(cycle[rows])) == len(rows):
        return [int(cycle[row]) for row in rows]
    return [None] if len(rows) == 1 else list(range(1, len(rows) + 1))


def _impedance(column) -> np.ndarray | None:
    real, imaginary = column("real_ohm"), column("imag_ohm")
    if real is not None and imaginary is not None:
        impedance = np.empty(len(real), dtype=complex)
        impedance.real, impedance.imag = real, imaginary  # a product with 1j makes nan of inf
        return impedance
    magnitude, phase = column("magnitude_ohm"), column("phase_deg")
    if magnitude is None or phase is None:
        return None
    return magnitude * np.exp(1j * np.deg2rad(phase))


def temperature_in(name: str, preamble: list[str]) -> float | None:
    """The temperature that a file's name or its header says, in K; None where it says none or several."""
    for text in (name, *preamble[:30]):
        celsius, kelvin = set(_CELSIUS.findall(text)), set(_KELVIN.findall(text))
        found = {float(text) + 273.15 for text in celsius} | {float(text) for text in kelvin}
        # a hyphen before the number in `s04147-140deg` parts words, it is no sign: below 0 K nothing is measured
        found = {value if 0 < value < _HOTTEST_K else None for value in found} - {None}
        if len(found) == 1:
            return float(found.pop())  # type: ignore[arg-type]
    return None
