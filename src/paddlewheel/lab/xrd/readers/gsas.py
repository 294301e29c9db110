"""Raw data of GSAS: banks of fixed columns (STD, ESD, ALT) or free ones (FXY, FXYE), angles in hundredths of a degree.

The layout is that of the GSAS manual (Larson and Von Dreele, LAUR 86-748, 2004, "Powder data files"). A bank's line is
``BANK number channels records CONS start step 0 0 TYPE``. In STD the ten channels of a record have two digits for the
number of detectors that were added and six for their mean: the variance is the mean over their number.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.readers.header import facts
from paddlewheel.lab.xrd.readers.scan import Scan

_BANK = re.compile(r"^BANK\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)(.*)$")
_FAST = ("RALF", "SLOG", "TIME_MAP", "LPSD", "LOG6", "TIME")
_REMEDY = "export the pattern again"


def is_gsas(text: str) -> bool:
    """Whether a line of a bank stands in it."""
    return re.search(r"^BANK\s+\d+\s+\d+\s+\d+\s+\S", text, re.MULTILINE) is not None


def read_gsas(text: str, *, name: str, source: str) -> list[Scan]:
    """The banks of a file.

    Raises
    ------
    DataError
        For a time of flight, an unknown type, and records that are damaged or too few.
    """
    lines = text.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("BANK")]
    header = [line.strip() for line in lines[: starts[0]]]
    scans = []
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        scan = _bank(
            lines[start], lines[start + 1 : end], name if len(starts) == 1 else f"{name} bank {place + 1}", source
        )
        told = facts(header, n_points=scan.position.size, source=source)
        scans.append(replace(scan, metadata={"header": header}, **told))
    return scans


def _bank(line: str, records: list[str], name: str, source: str) -> Scan:
    match = _BANK.match(line)
    if match is None:
        raise DataError(f"{line.strip()[:60]!r} is no bank of GSAS", where=source, remedy=_REMEDY)
    channels, kind, rest = int(match[2]), match[4].upper(), match[5].split()
    if kind.startswith(_FAST):
        raise DataError(f"its bank is of {kind}: neutrons by time of flight", where=source, remedy="give X-rays")
    layout = next((word for word in rest if word in ("STD", "ESD", "ALT", "FXY", "FXYE")), "STD")
    if not kind.startswith("CONS") and layout in ("STD", "ESD"):
        raise DataError(f"its bank is of {kind}, not CONS", where=source, remedy=_REMEDY)
    body = [record for record in records if record.strip() and not record.startswith("#")]
    said: list[str] = []
    if layout in ("FXY", "FXYE"):
        position, intensity, std = _free(body, 3 if layout == "FXYE" else 2, source)
        position = position / 100
    elif layout == "ALT":
        table = _fixed(body, (8, 7, 5), (0, 4, 4), 4, source)
        position, intensity, std = table[:, 0] / 100, table[:, 1], table[:, 2]
    else:
        numbers = _numbers(rest, source)
        widths = (2, 6) if layout == "STD" else (8, 8)
        table = _fixed(body, widths, (0, 0), 10 if layout == "STD" else 5, source)
        intensity = table[:, 1] if layout == "STD" else table[:, 0]
        position = (numbers[0] + numbers[1] * np.arange(intensity.size)) / 100
        std = table[:, 1]
        if layout == "STD":
            detectors = np.maximum(table[:, 0], 1)
            # of one detector they are counts, of which the evidence is looked at
            std = None if (detectors == 1).all() else np.sqrt(np.maximum(intensity, 1) / detectors)
    if intensity.size < channels:
        said.append(f"{intensity.size} of {channels} points of the bank are there")
    size = min(channels, intensity.size)
    return Scan(
        name=name, position=position[:size], intensity=intensity[:size], std=None if std is None else std[:size],
        warnings=tuple(said),
    )  # fmt: skip


def _numbers(words: list[str], source: str) -> list[float]:
    try:
        start, step = float(words[0]), float(words[1])
    except (ValueError, IndexError):
        start, step = 0.0, 0.0
    if not step > 0:
        raise DataError("its bank has no start and step", where=source, remedy=_REMEDY)
    return [start, step]


def _free(body: list[str], width: int, source: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    rows = []
    for place, record in enumerate(body):
        words = record.replace(",", " ").split()
        try:
            rows.append([float(word) for word in words[:width]])
        except ValueError:
            rows.append([])
        if len(rows[-1]) != width:
            raise DataError(f"record {place + 1} of its bank, {record.strip()[:40]!r}, is no {width} numbers",
                            where=source, remedy=_REMEDY)  # fmt: skip
    table = np.array(rows, dtype=float).reshape(-1, width)
    return table[:, 0], table[:, 1], table[:, 2] if width == 3 else None


def _fixed(body: list[str], widths: tuple[int, ...], decimals: tuple[int, ...], most: int, source: str) -> np.ndarray:
    """Fields of fixed width; a number without a point has `decimals` of them, as Fortran reads it; [n, len(widths)]."""
    whole = sum(widths)
    rows = []
    for place, record in enumerate(body):
        for begin in range(0, min(len(record.rstrip()), most * whole), whole):
            row, at = [], begin
            for width, places in zip(widths, decimals, strict=True):
                word = record[at : at + width].strip()
                at += width
                try:
                    row.append((float(word) if "." in word else float(word) / 10**places) if word else 0.0)
                except ValueError:
                    raise DataError(f"record {place + 1} of its bank has {word!r} for a number", where=source,
                                    remedy=_REMEDY) from None  # fmt: skip
            rows.append(row)
    return np.array(rows, dtype=float).reshape(-1, len(widths))
