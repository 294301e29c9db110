"""Impedance spectra from a table: frequency with real and imaginary part, or magnitude and phase."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.column_names import SPECTRUM_FIELDS, find_columns
from paddlewheel.lab.readers.headerless import named
from paddlewheel.lab.readers.sweeps import sweeps_of
from paddlewheel.lab.readers.text_table import TextTable
from paddlewheel.lab.spectrum import Spectrum, check_ranges

_CELSIUS = re.compile(r"(?<![\dA-Za-z.])([-+]?\d{1,4}(?:\.\d+)?)\s*_?(?:deg(?:ree)?s?_?C?|°C|C|oC|grad)(?![A-Za-z])")
_KELVIN = re.compile(r"(?<![\dA-Za-z.])(\d{2,4}(?:\.\d+)?)\s*_?K(?![A-Za-z])")
_LEAST_POINTS = 3


def spectra_of(table: TextTable, *, columns: Mapping[str, str] | None, name: str) -> list[Spectrum]:
    """The spectra of a table: one for each cycle, or each sweep where the frequency begins anew.

    Raises
    ------
    DataError
        If it has no frequency and impedance.
    """
    if not columns:
        table = named(table)
    try:
        found, warnings = find_columns(table.names, table.units, SPECTRUM_FIELDS, columns)
    except KeyError as error:
        raise DataError(str(error.args[0]), where=table.source, remedy="name the columns with --columns") from error

    def column(field: str) -> np.ndarray | None:
        column = found.get(field)
        if column is None or column.place not in table.numbers:
            return None
        values = table.numbers[column.place] * column.factor
        return values + 273.15 if column.celsius else values

    warnings = [*table.warnings, *warnings]
    frequency, impedance = column("frequency_Hz"), _impedance(column)
    if frequency is None or impedance is None:
        lacking = "frequency" if frequency is None else "impedance"
        listed = ", ".join(filter(None, table.names)) or "none has a name"
        raise DataError(
            f"no {lacking} among the columns ({listed}){_misfits(warnings)}",
            where=table.source,
            remedy="name them with --columns frequency_Hz=..., real_ohm=..., imag_ohm=... (a minus before a name turns "
            "its sign)",
        )
    time, temperature, cycle = column("time_s"), column("temperature_K"), column("cycle")
    usable = np.isfinite(frequency) & np.isfinite(impedance) & (frequency > 0)
    parts = [part for part in sweeps_of(frequency, cycle, table.sweep, source=table.source) if usable[part].sum() >= _LEAST_POINTS]
    cycles = _cycles(cycle, [int(part[usable[part]][0]) for part in parts])
    spectra = []
    for number, part in enumerate(parts):
        keep = part[usable[part]]
        said = list(warnings)
        if len(keep) < len(part):
            said.append(f"{len(part) - len(keep)} points left out: no frequency above 0 or no impedance")
        _, first = np.unique(frequency[keep], return_index=True)
        if len(first) < len(keep):
            said.append(f"{len(keep) - len(first)} points left out: their frequency stands twice")
            keep = keep[np.sort(first)]
        if len(keep) < _LEAST_POINTS:
            continue
        if (np.imag(impedance[keep]) > 0).all():
            said.append("the imaginary part is positive at every frequency: inductive, or -Z'' without its sign")
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
                warnings=tuple(said),
            )
        )
    if not spectra:
        raise DataError("no spectrum of three points or more", where=table.source, remedy="give a whole sweep")
    return spectra


def _misfits(warnings: list[str]) -> str:
    """Columns whose unit forbade their use, for the message that nothing was found."""
    return "".join(f"; {warning}" for warning in warnings if " is not used: " in warning)


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
        found = {value if 0 < value < 2500 else None for value in found} - {None}
        if len(found) == 1:
            return float(found.pop())  # type: ignore[arg-type]
    return None
