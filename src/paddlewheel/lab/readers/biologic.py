"""Biologic's binary .mpr: modules one after the other, of which `VMP data` holds the rows.

The layout is that of public descriptions of the format (github.com/echemdata/galvani issue 80, yadg's documentation)
and of the bytes of files beside their text exports. A module is `MODULE`, a short name of 10 and a long name of 25
characters, length and version (4 bytes each) and a date of 8; from EC-Lab 11.5 on a mark of four bytes 0xFF stands
before the length and a second version after the first. The data module begins with the number of rows (4), that of
columns (1, from 11.5 on 2) and the columns' numbers (2 each, in the oldest files 1); the rows stand at its end. So the
width of a row is known, and with it that of a column whose number is not: it is kept by its number.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.biologic_columns import FLAGS, NAMES, STORED, name_and_unit
from paddlewheel.lab.readers.biologic_table import NOT_GIVEN, completed
from paddlewheel.lab.readers.text_table import TextTable
from paddlewheel.lab.techniques import TECHNIQUES

MAGIC = b"BIO-LOGIC MODULAR FILE"
_MODULE, _HEADER_BYTES = b"MODULE", 57
_TECHNIQUES = {
    0x04: "GCPL", 0x06: "CV", 0x0B: "OCV", 0x16: "MP", 0x18: "CA", 0x19: "CP", 0x1C: "WAIT", 0x1D: "PEIS", 0x1E: "GEIS",
    0x30: "CV", 0x32: "ZIR", 0x33: "CVA", 0x6C: "LSV", 0x75: "CoV", 0x76: "CoC", 0x77: "GCPL", 0x7F: "MB", 0x88: "BCD",
}  # fmt: skip
"""First byte of the settings -> plain name (`paddlewheel.lab.techniques`)."""
_ROWS_AT = {0: 100, 1: 100, 2: 405, 3: 406}
_ROWS_AT_SINCE_11_5 = 1007
"""Where the rows begin in the data of a module, by version."""
_KINDS = {8: "<f8", 4: "<f4", 2: "<u2", 1: "u1"}
"""How a value of so many bytes is stored, where nothing else is known of its column."""
_FLAGS = -1
"""Stands for all the columns that share the byte of flags."""
_MOST_UNKNOWN = 5
"""Columns of unknown width in one file: the ways to share bytes among them are tried, 4 to the power of so many."""
_SAMPLE_ROWS = 200
_ALIKE = 0.02
"""Shares of senseless values that differ by less tell no difference."""
_OLE_DAY_0 = datetime(1899, 12, 30)
_STARTED_AT = (0x249, 0x1D1, 0x1D5, 0x1D9)
"""Where the log module may have the start, in days since 1899-12-30; the last three in old files."""
_AREA_CM2 = {2: 1.0, 3: 0.01}
_MASS_G = {1: 1.0, 2: 1e-3}
"""Units of the settings' electrode area and characteristic mass, by their codes."""


@dataclass(frozen=True, kw_only=True)
class _Module:
    name: str
    version: int
    since_11_5: bool
    date: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A value of a row: the column's number or `_FLAGS`, its place, and how it is stored; None where not known."""

    number: int
    offset: int
    kind: str | None


def read_mpr(path: Path) -> TextTable:
    """The rows of a .mpr as a table, with the technique and what else its modules say.

    Raises
    ------
    DataError
        If it is truncated or damaged, holds no row, or its rows are not as wide as their columns.
    """
    warnings: list[str] = []
    modules: dict[str, _Module] = {}
    for module in _modules(path.read_bytes(), path, warnings):
        modules.setdefault(module.name, module)
    data = modules.get("VMP data")
    if data is None:
        raise DataError(
            "no data module", where=path, remedy="the file is truncated: copy it again, or export it as .mpt"
        )
    content = {name: module.content for name, module in modules.items()}
    settings_bytes, log = content.get("VMP Set", b""), content.get("VMP LOG", b"")
    technique = _TECHNIQUES.get(settings_bytes[0]) if settings_bytes else None
    names, units, numbers = _columns(data, path, warnings, technique)
    settings = _inputs(content.get("VMP ExtDev", b""))
    date = modules["VMP Set"].date if "VMP Set" in modules else data.date
    started, at = _started(log, date)
    settings |= {"started": started} if started else {}
    if at in (None, _STARTED_AT[0]):  # else an old file: where its settings and its log have the rest is not known
        settings |= _settings(settings_bytes)
        version = _text(log, 0x3B7)
        settings |= {"program": f"EC-Lab {version}"} if version else {}
    n_rows = len(next(iter(numbers.values())))
    loops = _loop_starts(content.get("VMP loop", b""), n_rows)
    title = TECHNIQUES[technique].titles[0] if technique else ""
    preamble = [f"date: {date}", f"{MAGIC.decode()}, VMP data version {data.version}", title]
    preamble += [f"{name} : {settings[name]}" for name in ("electrode_material", "electrolyte", "comments")
                 if name in settings]  # fmt: skip
    table = TextTable(names=names, units=units, numbers=numbers, texts={}, preamble=[line for line in preamble if line],
                      source=str(path), warnings=warnings, technique=technique, settings=settings)  # fmt: skip
    return completed(table, loop_starts=loops)


def _modules(content: bytes, path: Path, warnings: list[str]) -> Iterator[_Module]:
    if not content.startswith(MAGIC):
        raise DataError("is no Biologic .mpr", where=path, remedy="give a file of EC-Lab")
    at = content.find(_MODULE)
    while at >= 0 and at + _HEADER_BYTES + 8 <= len(content) and content.startswith(_MODULE, at):
        name, long_name = (
            content[at + first : at + last].decode("latin-1").strip() for first, last in ((6, 16), (16, 41))
        )
        length, version = struct.unpack_from("<II", content, at + 41)
        header = _HEADER_BYTES
        since_11_5 = length == 0xFFFFFFFF
        if since_11_5:
            length, _, version = struct.unpack_from("<III", content, at + 45)
            header = _HEADER_BYTES + 8
        date = content[at + header - 8 : at + header].decode("latin-1")
        data = content[at + header : at + header + length]
        if len(data) < length:
            told = f"the module {long_name} has {len(data)} of {length} bytes"
            if name != "VMP LOG":
                raise DataError(told, where=path, remedy="the file is truncated: copy it again")
            warnings.append(f"{told}: the file is truncated behind its rows")
        yield _Module(name=name, version=version, since_11_5=since_11_5, date=date, content=data)
        at += header + length


def _columns(
    module: _Module, path: Path, warnings: list[str], technique: str | None
) -> tuple[list[str], list[str], dict[int, np.ndarray]]:
    """Names, units and values of the columns."""
    column_numbers, n_rows, start = _header(module, path)
    if n_rows == 0:
        told = f"no row of data: {technique} was begun and nothing recorded" if technique else "no row of data"
        raise DataError(told, where=path, remedy="give a file with measured points")
    width, n_rows, fields = _row_layout(column_numbers, module.content, n_rows, start, path, warnings)
    stored = [field for field in fields if field.kind is not None]
    dtype = np.dtype({
        "names": [str(place) for place in range(len(stored))], "formats": [field.kind for field in stored],
        "offsets": [field.offset for field in stored], "itemsize": width,
    })  # fmt: skip
    rows = np.frombuffer(module.content, dtype=dtype, count=n_rows, offset=start)
    names: list[str] = []
    units: list[str] = []
    numbers: dict[int, np.ndarray] = {}
    for place, field in enumerate(stored):
        values = rows[str(place)]
        if field.number == _FLAGS:
            for name, bits in (FLAGS[number] for number in column_numbers if number in FLAGS):
                numbers[len(names)] = ((values & bits) // (bits & -bits)).astype(float)
                names.append(name)
                units.append("")
            continue
        name, unit = name_and_unit(NAMES.get(field.number, f"column {field.number}"))
        numbers[len(names)] = values.astype(float)
        names.append(name)
        units.append(unit)
    return names, units, numbers


def _header(module: _Module, path: Path) -> tuple[list[int], int, int]:
    """The columns' numbers, the number of rows, and where the rows begin."""
    data = module.content
    since_11_5 = module.since_11_5 or (module.version == 0 and data[5:6] == b"\0")  # no column has the number 0
    known = since_11_5 or module.version in _ROWS_AT
    start = _ROWS_AT_SINCE_11_5 if since_11_5 else _ROWS_AT.get(module.version, 0)
    if not known or len(data) < start:
        raise DataError(
            f"data of version {module.version}" + (f" in {len(data)} bytes" if known else ""), where=path,
            remedy="export it as .mpt in EC-Lab; please report the version" if not known else "copy it again",
        )  # fmt: skip
    n_rows, n_columns = struct.unpack_from("<IB", data)
    if since_11_5:
        (n_columns,) = struct.unpack_from("<H", data, 4)
    first = 6 if since_11_5 else 5
    size = 1 if not since_11_5 and module.version < 2 else 2
    if n_columns == 0 or first + size * n_columns > start:
        raise DataError(f"{n_columns} columns", where=path, remedy="the file is damaged: copy it again")
    numbers = np.frombuffer(data, dtype="u1" if size == 1 else "<u2", count=n_columns, offset=first)
    return numbers.tolist(), n_rows, start


def _row_layout(
    numbers: Sequence[int], data: bytes, n_rows: int, start: int, path: Path, warnings: list[str]
) -> tuple[int, int, list[_Field]]:
    """Width of a row in bytes, the number of rows, and the fields of a row.

    Where the types of all columns are known, their widths must add up to the row's. Otherwise the bytes that remain are
    shared among the others: in the way that gives numbers of sense, 4 bytes to each before any other.
    """
    slots = _slots(numbers)
    sizes = [1 if number == _FLAGS else np.dtype(STORED[number]).itemsize if number in STORED else 0
             for number in slots]  # fmt: skip
    unknown = [place for place, size in enumerate(sizes) if not size]
    known, bytes_of_rows = sum(sizes), len(data) - start
    if not unknown and bytes_of_rows != n_rows * known and bytes_of_rows and bytes_of_rows % known == 0:
        counted = bytes_of_rows // known
        warnings.append(f"the header says {n_rows} rows, the file has {counted}: all of them are read")
        n_rows = counted
    width, rest = divmod(bytes_of_rows, n_rows)
    spare = width - known
    if rest or not len(unknown) <= spare <= 8 * len(unknown):
        raise DataError(
            f"{bytes_of_rows} bytes are not {n_rows} rows of {known}{' or more' if unknown else ''}", where=path,
            remedy="the file is damaged, or a column has another type than known: export it as .mpt in EC-Lab",
        )  # fmt: skip
    if not unknown:
        return width, n_rows, _fields(slots, sizes, {})
    sample = np.frombuffer(data, dtype=("V", width), count=n_rows, offset=start)
    sample = sample[np.unique(np.linspace(0, n_rows - 1, _SAMPLE_ROWS).astype(int))]
    shared = _shared(slots, sizes, unknown, spare, sample)
    if shared is None:
        first, last = unknown[0], unknown[-1]
        out, size = slots[first : last + 1], spare + sum(sizes[first : last + 1])
        warnings.append(f"columns {', '.join(map(str, out))} are left out: how they share {size} bytes is not known")
        sizes[first] = size
        fields = _fields(slots[: first + 1] + slots[last + 1 :], sizes[: first + 1] + sizes[last + 1 :], {first: None})
        return width, n_rows, fields
    kinds = dict(zip(unknown, shared, strict=True))
    for place, kind in kinds.items():
        number, name = slots[place], NAMES.get(slots[place])
        stored = f"{np.dtype(kind).itemsize} bytes a value, by the width of the rows"
        warnings.append(f"column number {number} is not known: kept as column {number}, {stored}" if name is None
                        else f"how {name} is stored is not known: {stored}")  # fmt: skip
    return width, n_rows, _fields(slots, sizes, kinds)


def _slots(numbers: Sequence[int]) -> list[int]:
    """The columns' numbers, with one `_FLAGS` for all that share a byte."""
    slots: list[int] = []
    for number in numbers:
        if number not in FLAGS:
            slots.append(number)
        elif _FLAGS not in slots:
            slots.append(_FLAGS)
    return slots


def _fields(slots: Sequence[int], sizes: Sequence[int], kinds: Mapping[int, str | None]) -> list[_Field]:
    """Each slot's place in a row; `kinds` of those whose type is not that of `STORED`, by their place."""
    fields, offset = [], 0
    for place, (number, size) in enumerate(zip(slots, sizes, strict=True)):
        kind = kinds[place] if place in kinds else "u1" if number == _FLAGS else STORED[number]
        fields.append(_Field(number=number, offset=offset, kind=kind))
        offset += size or np.dtype(kind).itemsize
    return fields


def _shared(
    slots: Sequence[int], sizes: Sequence[int], unknown: Sequence[int], spare: int, sample: np.ndarray
) -> list[str] | None:
    """Types for the unknown columns that fill the spare bytes with numbers of sense; None where several ways do."""
    n = len(unknown)
    ways: Iterable[tuple[int, ...]] = [(4,) * n]
    if n <= _MOST_UNKNOWN:
        ways = itertools.chain(ways, (way for way in itertools.product(_KINDS, repeat=n) if set(way) != {4}))
    judged = []
    for way in ways:
        if sum(way) == spare:
            kinds = {place: _KINDS[size] for place, size in zip(unknown, way, strict=True)}
            fields = _fields(slots, sizes, kinds)[unknown[0] : unknown[-1] + 1]
            columns = [(field, _values(sample, field)) for field in fields]
            judged.append((sum(_senseless(values) for _, values in columns), [
                _stored(values) for field, values in columns if field.number in {slots[place] for place in unknown}
            ]))  # fmt: skip
    if not judged:
        return None
    least = min(score for score, _ in judged)
    best = [kinds for score, kinds in judged if score <= least + _ALIKE]
    fours = 4 * n == spare and judged[0][0] <= least + _ALIKE
    return best[0] if fours or len(best) == 1 else None


def _values(sample: np.ndarray, field: _Field) -> np.ndarray:
    dtype = np.dtype(field.kind)
    columns = sample.view("u1").reshape(len(sample), -1)[:, field.offset : field.offset + dtype.itemsize]
    return np.ascontiguousarray(columns).view(dtype)[:, 0]


def _senseless(values: np.ndarray) -> float:
    """Share of the values that no instrument writes: neither 0 nor of a usual size."""
    if values.dtype.kind == "u":
        return float(np.mean(values > (100 if values.dtype.itemsize == 1 else 10_000)))
    if _stored(values) == "<u4":
        return 0.0
    with np.errstate(invalid="ignore"):
        sizes = np.abs(values.astype(float))
        return float(1 - np.mean((values == 0) | ((sizes > 1e-15) & (sizes < 1e15))))


def _stored(values: np.ndarray) -> str:
    """The type of a column; of 4 bytes that are counts and no numbers with a point, the type of counts."""
    if values.dtype == "<f4":
        counts = np.ascontiguousarray(values).view("<u4")
        if counts.any() and counts.max() < 1_000_000:  # as numbers with a point they are below 1e-38
            return "<u4"
    return values.dtype.str.replace("|", "")


def _settings(data: bytes) -> dict[str, Any]:
    """What the settings say of the cell, by name with the unit; only what the user has given."""
    known: dict[str, Any] = {
        name: text for name, at in (("comments", 0x07), ("electrode_material", 0x11E), ("electrolyte", 0x1C0),
                                    ("reference_electrode", 0x215))
        if (text := " ".join(_text(data, at).split())) and text != "(unspecified)"
    }  # fmt: skip
    area_code, mass_code = data[0x250:0x252].ljust(2, b"\0")
    for name, at, factor in (
        ("active_material_mass_mg", 0x107, 1.0), ("electrode_area_cm2", 0x211, _AREA_CM2.get(area_code)),
        ("characteristic_mass_g", 0x24C, _MASS_G.get(mass_code)), ("battery_capacity_mAh", 0x25C, 1.0),
    ):  # fmt: skip
        value = _number(data, at, "<f")
        if value is not None and value > NOT_GIVEN and factor is not None:
            known[name] = float(f"{value * factor:.6g}")
    return known


def _inputs(data: bytes) -> dict[str, Any]:
    """What the analog inputs measure, where the module of external devices names it: `Analog IN 1` -> `Force/N`."""
    named = {"Analog IN 1": _text(data, 0x36), "Analog IN 2": _text(data, 0x63)}
    named = {name: text for name, text in named.items() if text}
    return {"inputs": named} if named else {}


def _started(log: bytes, date: str) -> tuple[str | None, int | None]:
    """When the technique was started, in ISO 8601, local time, and where the log says so, on the settings' day.

    Without a log the day alone.
    """
    matched = re.fullmatch(r"(\d\d)[/.-](\d\d)[/.-](\d\d)", date)
    try:
        day = datetime.strptime("/".join(matched.groups()), "%m/%d/%y").date() if matched else None
    except ValueError:
        day = None
    for at in _STARTED_AT:
        days = _number(log, at, "<d")
        if days is not None and 1 < days < 100_000:
            found = _OLE_DAY_0 + timedelta(milliseconds=round(days * 86_400_000))
            if found.date() == day:
                return found.isoformat(timespec="milliseconds"), at
    return None if day is None else day.isoformat(), None


def _loop_starts(data: bytes, n_rows: int) -> list[int]:
    """The rows with which loops begin."""
    if len(data) < 8:
        return []
    (n_loops,) = struct.unpack_from("<I", data)
    starts = np.frombuffer(data, dtype="<u4", offset=4, count=min(n_loops, len(data) // 4 - 1)).tolist()
    rising = all(one < other for one, other in itertools.pairwise(starts))
    return [start for start in starts if start < n_rows] if rising else []


def _number(data: bytes, at: int, form: str) -> float | None:
    if at + struct.calcsize(form) > len(data):
        return None
    (value,) = struct.unpack_from(form, data, at)
    return value if np.isfinite(value) else None


def _text(data: bytes, at: int) -> str:
    """A text with its length before it; "" where it has none, or signs that no text has."""
    if at >= len(data):
        return ""
    text = data[at + 1 : at + 1 + data[at]].decode("cp1252", errors="replace")
    return (
        text.strip() if len(text) == data[at] and all(sign.isprintable() or sign in "\r\n\t" for sign in text) else ""
    )
