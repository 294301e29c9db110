"""Impedance spectra in plain text or CSV: columns found by their names, or f, Z', Z'' where there are just three."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.spectrum import Spectrum

_MOST_BYTES = 64 * 1024 * 1024
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eEdD][-+]?\d+)?")
_CELSIUS = re.compile(
    r"(?<![A-SU-Z0-9.])(-?\d+(?:\.\d+)?)\s*_?(?:°\s*C?|deg(?:ree)?s?\s*C?|C)(?![A-Za-z])", re.IGNORECASE
)
_KELVIN = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*_?K(?![A-Za-z])")
_SCALES = {"u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_QUANTITIES = {
    # the name without unit, spaces and case; the longer names first
    "minus_imaginary": r"[-−](im\(z\)|imz|zim|z''|z\"|zs''|z_imag|imag|zimag|x)",
    "imaginary": r"(im\(z\)|imz|zim|z''|z\"|zs''|z_imag|imag|zimag|imaginary|z″|x)",
    "modulus": r"(\|z\||zmod|modulus|zmodulus|magnitude|zmag|z)",
    "phase": r"(phase\(z\)|phase|zphz|theta|phi|φ)",
    "real": r"(re\(z\)|rez|zre|z'|zs'|z_real|real|zreal|z′|r)",
    "frequency": r"(freq\.?|frequency|f|freq)",
}


@dataclass(frozen=True)
class _Column:
    """What a column holds, and its factor to Hz, ohm or degrees."""

    quantity: str
    factor: float


def read_spectra(path: str | Path) -> list[Spectrum]:
    """Every spectrum of a text file; several sweeps of one file are told apart by where the frequency starts anew.

    The sign of Z'' is that of the column's name: a name such as -Z'' or -Im(Z) is turned. The temperature is that in
    the file's name, such as 25C, 140deg (taken for Celsius) or 298K.

    Raises
    ------
    DataError
        If the file cannot be read, holds no table of numbers, or its columns are not those of a spectrum.
    """
    path = Path(path)
    header, rows = _table(_text(path), path)
    warnings: list[str] = []
    frequency, impedance = _columns(header, rows, path, warnings)
    good = np.isfinite(frequency) & np.isfinite(impedance) & (frequency > 0) & (np.abs(impedance) > 0)
    if not good.all():
        warnings.append(f"{np.sum(~good)} rows without a frequency above 0 or an impedance were left out")
    frequency, impedance = frequency[good], impedance[good]
    temperature = _temperature(path.stem, warnings)
    sweeps = _sweeps(frequency)
    several = len(sweeps) > 1
    found = []
    for k, rows_of in enumerate(sweeps, start=1):
        found.append(
            Spectrum(
                frequency_Hz=frequency[rows_of],
                impedance_ohm=impedance[rows_of],
                name=f"{path.name} sweep {k}" if several else path.name,
                temperature_K=temperature,
                cycle=k if several else None,
                metadata={"header": header},
                warnings=tuple(warnings),
            )
        )
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError("is larger than any spectrum", where=path, remedy="give a file of spectra")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path, remedy="check the file") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise DataError("is no text", where=path, remedy="export the spectrum as text or CSV")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _table(text: str, path: Path) -> tuple[list[str], np.ndarray]:
    """Names of the columns (empty without) and the longest block of rows of equally many numbers."""
    lines = text.splitlines()
    best: tuple[int, list[list[float]]] = (0, [])
    rows: list[list[float]] = []
    start = 0
    for k, line in enumerate([*lines, ""]):
        numbers = _numbers(line)
        if numbers is not None and (not rows or len(numbers) == len(rows[0])):
            start = start if rows else k
            rows.append(numbers)
            continue
        if len(rows) > len(best[1]):
            best = (start, rows)
        rows, start = ([numbers], k) if numbers is not None else ([], k)
    first, table = best
    if len(table) < 3:
        raise DataError(
            "no table of three or more rows of numbers", where=path, remedy="give a spectrum as text or CSV"
        )
    before = [line for line in lines[max(0, first - 3) : first] if line.strip()]
    names = _split(before[-1]) if before else []
    if len(names) != len(table[0]):
        names = []
    return names, np.array(table)


def _split(line: str) -> list[str]:
    for separator in ("\t", ";", ","):
        if separator in line:
            parts = [part.strip().strip('"') for part in line.strip().strip(separator).split(separator)]
            return [part for part in parts if part]
    return re.split(r"\s{2,}|(?<=\])\s+|\s+(?![(\[/])", line.strip())


def _numbers(line: str) -> list[float] | None:
    """The numbers of a row of three or more; None where it is no such row. A comma is decimal beside ; tab or space."""
    text = line.strip().strip(";,").strip()
    if not text:
        return None
    if ";" in text or "\t" in text:
        parts = [part.strip() for part in re.split(r"[;\t]", text)]
    elif re.search(r"\s", text) and not re.search(r",\s", text):
        parts = text.split()
    else:
        parts = [part.strip() for part in text.split(",")]
    parts = [part for part in parts if part]
    if len(parts) < 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return [float(part.replace(",", ".").lower().replace("d", "e")) for part in parts]


def _columns(header: list[str], rows: np.ndarray, path: Path, warnings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    found: dict[str, tuple[int, float]] = {}
    for k, name in enumerate(header):
        column = _meaning(name, path)
        if column is not None and column.quantity not in found:
            found[column.quantity] = (k, column.factor)
    if "frequency" not in found and not header and rows.shape[1] == 3:
        warnings.append("no names of columns: taken for frequency (Hz), Z' and Z'' (ohm)")
        found = {"frequency": (0, 1.0), "real": (1, 1.0), "imaginary": (2, 1.0)}
    told = {name: rows[:, k] * factor for name, (k, factor) in found.items()}
    if "minus_imaginary" in told:
        told["imaginary"] = -told["minus_imaginary"]
    if "frequency" in told and {"real", "imaginary"} <= told.keys():
        return told["frequency"], told["real"] + 1j * told["imaginary"]
    if "frequency" in told and {"modulus", "phase"} <= told.keys():
        return told["frequency"], told["modulus"] * np.exp(1j * np.deg2rad(told["phase"]))
    raise DataError(
        f"columns {', '.join(header) or 'without names'} are not those of a spectrum",
        where=path,
        remedy="name them frequency (Hz), Z' (ohm), Z'' (ohm), or |Z| (ohm) and phase (deg)",
    )


def _meaning(name: str, path: Path) -> _Column | None:
    """What a column of this name holds; None for what is not needed."""
    unit = re.search(r"[\[(/]\s*([^\[\]()/]*)\s*[\])]?\s*$", name)
    inside = unit.group(1).strip() if unit else ""
    bare = re.sub(r"\s+", "", name[: unit.start()] if unit and inside.lower() not in ("z", "") else name).lower()
    for quantity, pattern in _QUANTITIES.items():
        if re.fullmatch(pattern, bare):
            return _Column(quantity, _factor(inside, quantity, name, path))
    return None


def _factor(unit: str, quantity: str, name: str, path: Path) -> float:
    if quantity == "phase":
        return float(np.rad2deg(1.0)) if unit.lower() in ("rad", "radian") else 1.0
    if "cm" in unit.lower():
        raise DataError(
            f"column {name} is divided or multiplied by an area",
            where=path,
            remedy="give the impedance of the cell, in ohm",
        )
    base = "hz" if quantity == "frequency" else "ohm|ohms|Ω|Ω"
    match = re.fullmatch(rf"([uµmkMG]?)({base})", unit, re.IGNORECASE)
    if not unit or (match is None and unit.lower() == "z"):
        return 1.0
    if match is None:
        raise DataError(f"the unit of column {name} is not known", where=path,
                        remedy="give Hz and ohm, with k, M, m or none before them")  # fmt: skip
    return _SCALES.get(match.group(1), _SCALES.get(match.group(1).lower(), 1.0))


def _temperature(stem: str, warnings: list[str]) -> float | None:
    kelvin, celsius = _KELVIN.findall(stem), _CELSIUS.search(stem)
    if len(kelvin) == 1:
        return float(kelvin[0])
    if celsius is None:
        return None
    if not celsius.group(0).rstrip().upper().endswith("C"):
        warnings.append("the degrees in the name are taken for Celsius")
    return float(celsius.group(1)) + 273.15


def _sweeps(frequency: np.ndarray) -> list[slice]:
    """One sweep a run of frequencies in the direction of the first two."""
    steps = np.sign(np.diff(frequency))
    if not len(steps) or steps[0] == 0:
        return [slice(0, len(frequency))]
    starts = [0, *(int(k) + 1 for k in np.flatnonzero(steps == -steps[0])), len(frequency)]
    return [slice(a, b) for a, b in pairwise(starts)]
