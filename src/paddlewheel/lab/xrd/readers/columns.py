"""Columns of text: an angle, q or d, the intensity, perhaps its error; any separator, header and language.

Columns are known by a header (of pyFAI, Fit2D, instruments in many languages), else by their numbers: the first rises,
and a third is the error where it scatters as the intensities do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable, parse_table
from paddlewheel.lab.xrd.instrument import stated_radiation
from paddlewheel.lab.xrd.readers.header import facts, several_wavelengths
from paddlewheel.lab.xrd.readers.ranges import split_runs
from paddlewheel.lab.xrd.readers.scan import LARGEST, Abscissa, Scan, scatter
from paddlewheel.units import ZERO_CELSIUS_K

_ANGLES: tuple[tuple[str, Abscissa], ...] = (
    (r"2[\s*_-]*(theta|th(?![a-z])|th_|θ|teta|tetha)|two[\s_-]*theta|^t?tth|ttheta|angle|winkel|角度|угол|^pos(ition)?\b|2тета",
     "two-theta-deg"),
    (r"^(theta|θ|th|omega)\b", "theta-deg"),
    (r"^\|?q\|?(\W|_|$)|scatt\w* vector|momentum transfer|^s?q_", "q-per-A"),
    (r"^d(\W|_|$)|d[\s_-]*(spacing|value|wert)", "d-A"),
)  # fmt: skip
_SAYS_TWO_THETA = re.compile(r"(start|end|step|min|max|range|anfang|ende)[^\n=:]*2[\s_-]*th", re.IGNORECASE)
_STD = re.compile(r"err|^e\.?s\.?d|sigma|^std|^sd\b|σ|uncert|fehler|误差|誤差|^d[iy]\b|погреш", re.IGNORECASE)
_FOREIGN = re.compile(
    r"\b(time|zeit|ppm|shift|hz|freq\w*|voltage|potential|current|temp\w*|heat ?flow|dsc|cycle|capacity|impedance|"
    r"t[12]|wavenumber|energy|ewe|re\(z\)|linewidth|fwhm)\b",
    re.IGNORECASE,
)
"""Names of columns that no powder pattern has first."""
_INTENSITY = re.compile(r"int|count|cps|z[äa]hl|imp|强度|強度|интенс|^i\b|^i_|^y\b|obs|signal|^yo", re.IGNORECASE)
_OTHER = re.compile(r"calc|diff|back|bkg|unter|weight|background|^n$|pixel|norm|index|point", re.IGNORECASE)
_PER_NM = re.compile(r"nm|nanomet", re.IGNORECASE)
_KELVIN = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*[_ ]?(K|[°º]?C)\b")
_ROW = re.compile(r"\s*[-+]?[\d.][\d.,eEdD+-]*[\s;,]+[-+]?[\d.][\d.,;eEdD\s+-]*$")
_SAME_STD = 0.05
"""Relative: how little std^2 over the intensity differs between points where errors are roots of (scaled) counts."""
_FAR = 25.0
"""Of variances: a third column that is so far from the scatter is no error."""


@dataclass(frozen=True, kw_only=True)
class _Columns:
    position: int
    intensities: tuple[int, ...]
    std: int | None
    abscissa: Abscissa
    says: bool
    scale: float = 1.0


def read_columns(text: str, *, path: Path, name: str, said: Sequence[str] = ()) -> list[Scan]:
    """The patterns of a table: one, or one for each column of intensities, or for each time that the angles begin anew.

    Raises
    ------
    DataError
        For no table.
    """
    source = str(path)
    stepped = _stepped(text, name=name, source=source)
    if stepped is not None:
        return [stepped]
    table = parse_table(_bare(text), source=source, warnings=said)
    header = _header(text)
    columns = _columns(table, header)
    rest = [place for place in table.numbers if place not in (columns.position, columns.std, *columns.intensities)]
    warnings = [line for line in table.warnings if not line.startswith("no header")]
    if rest:
        warnings.append(f"columns {', '.join(str(place + 1) for place in rest)} are left out")
    if (several := several_wavelengths(header)) is not None:
        warnings.append(several)
    told = facts(header, n_points=len(table), source=source)
    base = Scan(
        name=name, position=table.numbers[columns.position] * columns.scale, intensity=np.empty(0),
        abscissa=columns.abscissa, says_abscissa=columns.says, metadata={"header": header},
        warnings=tuple(warnings), **told,
    )  # fmt: skip
    std = None if columns.std is None else table.numbers[columns.std]
    scans = []
    for place in columns.intensities:
        scan = replace(base, intensity=table.numbers[place], std=std)
        if len(columns.intensities) > 1:
            column = table.names[place] or f"column {place + 1}"
            kelvin = _kelvin(column)
            scan = replace(scan, name=f"{name} {column}", temperature_K=kelvin or base.temperature_K)
        scans.append(scan)
    return [part for scan in scans for part in split_runs(scan)]


def _header(text: str) -> list[str]:
    """The lines above the numbers."""
    header = []
    for line in text.splitlines():
        if _ROW.match(line):
            break
        if line.strip():
            header.append(line.strip())
    return header


def _bare(text: str) -> str:
    """The text without a comment's ends, as 11-BM writes them around its header."""
    return text.replace("/*", "# ", 1).replace("*/", "", 1) if text.startswith("/*") else text


def _columns(table: TextTable, header: Sequence[str]) -> _Columns:
    numeric = sorted(table.numbers)
    width = len(table.names)
    names, units = _names(table, header, width)
    position: tuple[int, Abscissa] | None = None
    for place in numeric:
        kind = _angle(names[place])
        if kind is not None:
            position = place, kind
            break
    foreign = [name for name in names if _FOREIGN.search(name)]
    if position is None and foreign:
        raise DataError(f"has columns of another technique ({', '.join(foreign[:4])})", where=table.source,
                        remedy="give a powder pattern, or name its first column 2theta, q or d")  # fmt: skip
    says = position is not None or _SAYS_TWO_THETA.search("\n".join(header)) is not None
    if position is None:
        position = _first(table, numeric), "two-theta-deg"
    place, kind = position
    scale = 1.0
    label = f"{names[place]} {units[place]}"
    if kind == "q-per-A" and _PER_NM.search(label):
        kind = "q-per-nm"
    if kind in ("two-theta-deg", "theta-deg") and re.search(r"\brad|_rad", label, re.IGNORECASE):
        scale = 180 / np.pi
    if kind == "d-A" and _PER_NM.search(label):
        scale = 10.0
    others = [other for other in numeric if other > place] or [other for other in numeric if other != place]
    std = next((other for other in others if names[other] and _STD.search(names[other])), None)
    if any(names[other] for other in others):
        named = [other for other in others if _INTENSITY.search(names[other]) and not _OTHER.search(names[other])]
        named = [other for other in named if not _STD.search(names[other])]
        plain = [other for other in others if other != std and not _OTHER.search(names[other])
                 and not _STD.search(names[other])]  # fmt: skip
        series = [other for other in plain if _kelvin(names[other]) is not None]
        chosen = series if len(series) > 1 else (named or plain or others)[: None if _alike(names, named) else 1]
        return _Columns(position=place, intensities=tuple(chosen), std=std, abscissa=kind, says=says, scale=scale)
    if not others:
        raise DataError("one column of numbers", where=table.source, remedy="give angles and intensities")
    if len(others) > 1 and _is_error(table.numbers[others[0]], table.numbers[others[1]]):
        std = others[1]
    return _Columns(position=place, intensities=(others[0],), std=std, abscissa=kind, says=says, scale=scale)


def _alike(names: Sequence[str], places: Sequence[int]) -> bool:
    """Whether several columns of intensities are a series: their names differ by a number alone."""
    stems = {re.sub(r"[\d.]+", "", names[place]) for place in places}
    return len(places) > 1 and len(stems) == 1


def _names(table: TextTable, header: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """Names and units of the columns: of the header, else of the last comment that has as many words."""
    for line in reversed(header[-4:]):
        bare = line.strip().lstrip("#%!;'*/> ").strip()
        for parted in (re.split(r"\t+", bare), re.split(r"\s{2,}|\t+", bare), re.split(r"[,;]\s*", bare), bare.split()):
            words = [word.strip(" \"'") for word in parted]
            if len(words) == width and any(_angle(word) for word in words):
                return words, [""] * width
    if any(table.names):
        return [name.strip("#%!;'\" ") for name in table.names], table.units
    return _fit2d(header, width)


def _fit2d(header: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """Names of a .chi: its second and third line name the axes."""
    names = [""] * width
    for line in header[:4]:
        if _angle(line.strip()) is not None and width >= 2:
            names[0] = line.strip()
            break
    return names, [""] * width


def is_cpi(text: str) -> bool:
    """Whether it is CPI of Sietronics."""
    return text.startswith("SIETRONICS XRD SCAN")


def read_cpi(text: str, *, name: str, source: str) -> list[Scan]:
    """The scan of a CPI: start, end, step, anode, wavelength, date, time a step, sample, then counts.

    Raises
    ------
    DataError
        Where start, step or counts are missing.
    """
    lines = [line.strip() for line in text.splitlines()]
    begin = next((place for place, line in enumerate(lines) if line.upper() == "SCANDATA"), None)
    try:
        start, step, wavelength_A = (float(lines[place]) for place in (1, 3, 5))
        intensity = np.array(" ".join(lines[begin + 1 :] if begin else []).split(), dtype=float)
    except (ValueError, IndexError):
        raise DataError("a scan without angles, step or counts", where=source, remedy="export it again") from None
    if not step > 0:
        raise DataError(f"a step of {step:g}", where=source, remedy="export it again")
    return [
        Scan(
            name=name, position=start + step * np.arange(intensity.size), intensity=intensity,
            radiation=stated_radiation(wavelength_A, source=source), metadata={"header": lines[:begin]},
        )
    ]  # fmt: skip


def _angle(name: str) -> Abscissa | None:
    word = name.strip().lower()
    return next((kind for pattern, kind in _ANGLES if word and re.search(pattern, word)), None)


def _first(table: TextTable, numeric: Sequence[int]) -> int:
    """The first column that is no mere count of the points."""
    if not numeric:
        raise DataError("no column of numbers", where=table.source, remedy="give angles and intensities")
    first = table.numbers[numeric[0]]
    counts_points = first[0] in (0, 1) and bool((np.diff(first) == 1).all()) and len(numeric) > 2
    if counts_points and bool((np.diff(table.numbers[numeric[1]]) > 0).all()):
        return numeric[1]
    return numeric[0]


def _is_error(intensity: np.ndarray, third: np.ndarray) -> bool:
    """Whether a third column without a name is the error of the intensities."""
    there = np.isfinite(intensity) & np.isfinite(third) & (third > 0) & (intensity > 0)
    if (third < 0).any() or there.sum() < 10:
        return False
    if max(third[there].max(), intensity[there].max()) > LARGEST:
        return False
    over = third[there] ** 2 / intensity[there]
    if np.percentile(np.abs(over / np.median(over) - 1), 75) < _SAME_STD:
        return True
    ratio = scatter(intensity[there], third[there] ** 2)
    return ratio is None or 1 / _FAR < ratio < _FAR


def _kelvin(name: str) -> float | None:
    match = _KELVIN.search(name)
    if match is None:
        return None
    return float(match[1]) + (0.0 if match[2] == "K" else ZERO_CELSIUS_K)


def _stepped(text: str, *, name: str, source: str) -> Scan | None:
    """A pattern of DBWS and FullProf: start, step and end in one line, then intensities, eight or ten a line."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "!#"]
    for place, line in enumerate(lines[:8]):
        words = line.replace(",", " ").split()
        try:
            start, step, end = (float(word) for word in words[:3])
        except ValueError:
            continue
        if not (step > 0 and end > start and start > -20 and end <= 180 and step < (end - start) / 9):
            continue
        wanted = round((end - start) / step) + 1
        body = " ".join(lines[place + 1 :]).replace(",", " ").split()
        if abs(len(body) - wanted) > 1:
            continue
        try:
            intensity = np.array(body, dtype=float)
        except ValueError:
            continue
        position = start + step * np.arange(intensity.size)
        header = [each.strip() for each in [*lines[:place], " ".join(words[3:])] if each.strip()]
        told = facts(header, n_points=intensity.size, source=source)
        return Scan(name=name, position=position, intensity=intensity, metadata={"header": header}, **told)
    return None
