"""Biologic's binary .mpr: modules one after the other, of which `VMP data` holds the rows.

The layout is that of public descriptions of the format (github.com/echemdata/galvani issue 80, yadg's documentation)
and of the bytes themselves: a module is `MODULE`, a short name of 10 and a long name of 25 characters, length and
version (4 bytes each) and a date of 8. Its data are the number of rows (4), of columns (1), and their numbers: one byte
each in version 0, two in later ones; the rows stand at the module's end, so that the width of a row is checked against
the types of its columns, and a file with a column of unknown type is refused instead of misread.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable

MAGIC = b"BIO-LOGIC MODULAR FILE"
_MODULE, _HEADER_BYTES = b"MODULE", 57
_FLAGS = {1: ("mode", 0x03), 2: ("ox/red", 0x04), 3: ("error", 0x08), 21: ("control changes", 0x10),
          31: ("Ns changes", 0x20), 65: ("counter inc.", 0x80)}  # fmt: skip
"""Columns that share the one byte `flags`: number -> name and bits."""
_COLUMNS: dict[int, tuple[str, str, str]] = {
    4: ("time", "s", "<f8"), 5: ("control", "V/mA", "<f4"), 6: ("Ewe", "V", "<f4"), 7: ("dq", "mA.h", "<f8"),
    8: ("I", "mA", "<f4"), 9: ("Ece", "V", "<f4"), 11: ("<I>", "mA", "<f8"), 13: ("(Q-Qo)", "mA.h", "<f8"),
    16: ("Analog IN 1", "V", "<f4"), 17: ("Analog IN 2", "V", "<f4"), 19: ("control", "V", "<f4"),
    20: ("control", "mA", "<f4"), 23: ("dQ", "mA.h", "<f8"), 24: ("cycle number", "", "<f8"),
    32: ("freq", "Hz", "<f4"), 33: ("|Ewe|", "V", "<f4"), 34: ("|I|", "A", "<f4"), 35: ("Phase(Z)", "deg", "<f4"),
    36: ("|Z|", "Ohm", "<f4"), 37: ("Re(Z)", "Ohm", "<f4"), 38: ("-Im(Z)", "Ohm", "<f4"), 39: ("I Range", "", "<u2"),
    69: ("R", "Ohm", "<f4"), 70: ("P", "W", "<f4"), 74: ("|Energy|", "W.h", "<f8"), 75: ("Analog OUT", "V", "<f4"),
    76: ("<I>", "mA", "<f4"), 77: ("<Ewe>", "V", "<f4"), 78: ("Cs-2", "µF-2", "<f4"), 96: ("|Ece|", "V", "<f4"),
    98: ("Phase(Zce)", "deg", "<f4"), 99: ("|Zce|", "Ohm", "<f4"), 100: ("Re(Zce)", "Ohm", "<f4"),
    101: ("-Im(Zce)", "Ohm", "<f4"), 123: ("Energy charge", "W.h", "<f8"), 124: ("Energy discharge", "W.h", "<f8"),
    125: ("Capacitance charge", "µF", "<f8"), 126: ("Capacitance discharge", "µF", "<f8"), 131: ("Ns", "", "<u2"),
    163: ("|Estack|", "V", "<f4"), 168: ("Rcmp", "Ohm", "<f4"), 169: ("Cs", "µF", "<f4"), 172: ("Cp", "µF", "<f4"),
    173: ("Cp-2", "µF-2", "<f4"), 174: ("<Ewe>", "V", "<f4"), 178: ("(Q-Qo)", "C", "<f4"), 179: ("dQ", "C", "<f4"),
    182: ("step time", "s", "<f8"), 211: ("Q charge/discharge", "mA.h", "<f8"), 212: ("half cycle", "", "<u4"),
    213: ("z cycle", "", "<u4"), 217: ("THD Ewe", "%", "<f4"), 218: ("THD I", "%", "<f4"), 220: ("NSD Ewe", "%", "<f4"),
    221: ("NSD I", "%", "<f4"), 223: ("NSR Ewe", "%", "<f4"), 224: ("NSR I", "%", "<f4"),
    230: ("|Ewe h2|", "V", "<f4"), 231: ("|Ewe h3|", "V", "<f4"), 232: ("|Ewe h4|", "V", "<f4"),
    233: ("|Ewe h5|", "V", "<f4"), 234: ("|Ewe h6|", "V", "<f4"), 235: ("|Ewe h7|", "V", "<f4"),
    236: ("|I h2|", "A", "<f4"), 237: ("|I h3|", "A", "<f4"), 238: ("|I h4|", "A", "<f4"), 239: ("|I h5|", "A", "<f4"),
    240: ("|I h6|", "A", "<f4"), 241: ("|I h7|", "A", "<f4"), 242: ("|E2|", "V", "<f4"), 434: ("(Q-Qo)", "C", "<f4"),
    435: ("dQ", "C", "<f4"), 467: ("Q charge/discharge", "mA.h", "<f8"), 468: ("half cycle", "", "<u4"),
    469: ("z cycle", "", "<u4"), 471: ("THD Ewe", "%", "<f4"), 472: ("THD I", "%", "<f4"), 474: ("NSD Ewe", "%", "<f4"),
    475: ("NSD I", "%", "<f4"), 477: ("NSR Ewe", "%", "<f4"), 478: ("NSR I", "%", "<f4"),
}  # fmt: skip
_TECHNIQUES = {
    0x04: "GCPL", 0x06: "CV", 0x0B: "OCV", 0x16: "MP", 0x18: "CA", 0x19: "CP", 0x1C: "WAIT", 0x1D: "PEIS", 0x1E: "GEIS",
    0x30: "CV", 0x32: "ZIR", 0x33: "CVA", 0x6C: "LSV", 0x75: "CoV", 0x76: "CoC", 0x77: "GCPL", 0x7F: "MB", 0x88: "BCD",
}  # fmt: skip
"""First byte of the settings -> plain name (`paddlewheel.lab.techniques`)."""
_ROWS_AT = {0: 100, 1: 100, 2: 405, 3: 406}
"""Where the rows begin in the data of a module, by version; checked against its length."""


@dataclass(frozen=True, kw_only=True)
class _Module:
    name: str
    version: int
    date: str
    content: bytes


def read_mpr(path: Path) -> TextTable:
    """The rows of a .mpr as a table.

    Raises
    ------
    DataError
        If it is truncated or damaged, or has a column of unknown type.
    """
    content = path.read_bytes()
    modules = _modules(content, path)
    module = next((module for module in modules if module.name == "VMP data"), None)
    if module is None:
        raise DataError(
            "no data module", where=path, remedy="the file is truncated: copy it again, or export it as .mpt"
        )
    warnings: list[str] = []
    settings = next((module.content for module in modules if module.name == "VMP settings"), b"")
    rows, names, units = _rows(module, path, warnings)
    numbers = {place: values.astype(float) for place, values in enumerate(rows)}
    header = [f"date: {module.date}", f"{MAGIC.decode()}, VMP data version {module.version}"]
    if "Ewe" in names and not {"I", "<I>"} & set(names) and "P" in names:
        power, voltage = rows[names.index("P")].astype(float), rows[names.index("Ewe")].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            current = np.where(np.abs(voltage) > 1e-3, power / voltage, np.nan)
        numbers[len(names)] = 1000 * np.where(np.isfinite(current), current, 0.0)
        names, units = [*names, "I"], [*units, "mA"]
        warnings.append("the file holds no current: taken as power over voltage")
    return TextTable(names=names, units=units, numbers=numbers, texts={}, preamble=header, source=str(path),
                     warnings=warnings, technique=_TECHNIQUES.get(settings[0]) if settings else None)  # fmt: skip


def _modules(content: bytes, path: Path) -> list[_Module]:
    if not content.startswith(MAGIC):
        raise DataError("is no Biologic .mpr", where=path, remedy="give a file of EC-Lab")
    modules: list[_Module] = []
    at = content.find(_MODULE)
    while at >= 0 and at + _HEADER_BYTES <= len(content) and content.startswith(_MODULE, at):
        long_name = content[at + 16 : at + 41].decode("latin-1").strip()
        length, version = struct.unpack_from("<II", content, at + 41)
        header = _HEADER_BYTES
        if length == 0xFFFFFFFF:  # EC-Lab 11.5 and later: room for longer modules
            length, version = struct.unpack_from("<II", content, at + 45)
            header = _HEADER_BYTES + 8
        date = content[at + header - 8 : at + header].decode("latin-1", errors="replace")
        data = content[at + header : at + header + length]
        if len(data) < length:
            raise DataError(
                f"the module {long_name} has {len(data)} of {length} bytes", where=path,
                remedy="the file is truncated: copy it again",
            )  # fmt: skip
        modules.append(_Module(name=long_name, version=version, date=date, content=data))
        at += header + length
    return modules


def _rows(module: _Module, path: Path, warnings: list[str]) -> tuple[list[np.ndarray], list[str], list[str]]:
    data = module.content
    if module.version not in _ROWS_AT or len(data) < 8:
        raise DataError(
            f"data of version {module.version}",
            where=path,
            remedy="export it as .mpt in EC-Lab; please report the version",
        )
    n_rows, n_columns = struct.unpack_from("<IB", data)
    wide = module.version >= 2
    numbers = np.frombuffer(data, dtype="<u2" if wide else "u1", count=n_columns, offset=5)
    dtype, names, units = _dtype(numbers.tolist(), path)
    start = len(data) - n_rows * dtype.itemsize
    expected = _ROWS_AT[module.version]
    if n_rows == 0:
        raise DataError("no row of data", where=path, remedy="give a file with measured points")
    if start != expected:
        raise DataError(
            f"{len(data)} bytes are not {n_rows} rows of {dtype.itemsize}", where=path,
            remedy="a column has another type than known: export it as .mpt in EC-Lab",
        )  # fmt: skip
    table = np.frombuffer(data, dtype=dtype, count=n_rows, offset=start)
    columns: list[np.ndarray] = []
    labels, marks = [], []
    if "flags" in (dtype.names or ()):
        for number in numbers.tolist():
            if number in _FLAGS:
                name, bits = _FLAGS[number]
                columns.append((table["flags"] & bits) // (bits & -bits))
                labels.append(name)
                marks.append("")
    for key, name, unit in zip((name for name in dtype.names or () if name != "flags"), names, units, strict=True):
        columns.append(table[key])
        labels.append(name)
        marks.append(unit)
    return columns, labels, marks


def _dtype(numbers: list[int], path: Path) -> tuple[np.dtype, list[str], list[str]]:
    fields: list[tuple[str, Any]] = []
    names, units = [], []
    for number in numbers:
        if number in _FLAGS:
            if ("flags", "u1") not in fields:
                fields.append(("flags", "u1"))
            continue
        if number not in _COLUMNS:
            raise DataError(
                f"column number {number} is not known",
                where=path,
                remedy="export it as .mpt in EC-Lab; please report it",
            )
        name, unit, kind = _COLUMNS[number]
        fields.append((f"{number} {len(fields)}", kind))
        names.append(name)
        units.append(unit)
    return np.dtype(fields), names, units
