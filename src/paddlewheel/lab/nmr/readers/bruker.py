"""Raw data of Bruker: `fid` and `ser`, of XWIN-NMR, TopSpin 1 to 4 and the NEO consoles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.foreign import parsing, read_document
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.readers.axes import check_magnet
from paddlewheel.lab.nmr.readers.bruker_parameters import Parameters, as_text, read_parameters, read_times
from paddlewheel.lab.nmr.readers.group_delay import group_delay_points
from paddlewheel.lab.nmr.signal import Axis, Conditions, Quadrature, Signal

TYPES = {0: "i4", 1: "f4", 2: "f8"}
"""Of a point, by DTYPA or DTYPP."""
_BLOCK_BYTES = 1024
_QUADRATURES: dict[int, Quadrature] = {1: "qf", 3: "tppi", 4: "states", 5: "states-tppi", 6: "echo-antiecho"}
_MC2 = {0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6}
"""FnMODE of the same meaning, by MC2 of the processing."""
_PSEUDO = re.compile(r"sat.?rec|satr|inv.?rec|invrec|t1|t2|cpmg|rho|dosy|stebp|ledbp|nutat|popt", re.IGNORECASE)
_LISTS = {"vd": ("vdlist", 1.0), "vp": ("vplist", 1e-6), "vc": ("vclist", 0.0)}
"""Name in a pulse program -> the file beside it, and the unit of a number without one, s; 0 for counts."""


def is_experiment(folder: Path) -> bool:
    """Whether a folder holds raw data of Bruker."""
    return any((folder / name).is_file() for name in ("fid", "ser")) and not (folder / "procpar").is_file()


def read_experiment(folder: Path, *, delays_s: np.ndarray | None = None, nucleus: str | None = None) -> Signal:
    """The measurement of a folder with `acqus` and `fid` or `ser`.

    Parameters
    ----------
    folder
        Of one experiment.
    delays_s, nucleus
        Instead of the list in the folder, and of NUC1.

    Raises
    ------
    InputError
        For missing or damaged files, three dimensions, an unknown nucleus, an impossible field, or delays that do not
        fit the rows.
    """
    acqus = acquisition_parameters(folder, nucleus=nucleus)
    warnings: list[str] = []
    is_ser = (folder / "ser").is_file()
    if is_ser and (folder / "acqu3s").is_file() and read_parameters(folder / "acqu3s").integer("TD", 0) > 1:
        raise DataError("three dimensions", where=folder, remedy="give a measurement of one or two")
    acqu2s = read_parameters(folder / "acqu2s") if is_ser and (folder / "acqu2s").is_file() else None
    values = _rows(folder / ("ser" if is_ser else "fid"), acqus, acqu2s, warnings)
    procs = _parameters_or_none(processing_folder(folder) / "procs")
    delay, note = group_delay_points(acqus)
    if note:
        warnings.append(note)
    if values.shape[1] <= delay:
        raise DataError(
            f"{values.shape[1]} points, fewer than the {delay:g} of the digital filter's delay", where=folder,
            remedy="copy the folder again",
        )  # fmt: skip
    program = pulse_program(folder)
    rows: dict[str, Any] = {}
    if acqu2s is not None or values.shape[0] > 1:
        rows = what_rows_are(folder, acqus, acqu2s, program, len(values), delays_s, warnings)
    return Signal(
        values=values, domain="time", axis=raw_axis(acqus, procs, folder, warnings), group_delay_points=delay,
        conditions=conditions(acqus, program, warnings), name=folder.name or str(folder),
        metadata=metadata(acqus, folder), warnings=tuple(warnings), **rows,
    )  # fmt: skip


def acquisition_parameters(folder: Path, *, nucleus: str | None = None) -> Parameters:
    """`acqus` of a folder, with another nucleus where that is given.

    Raises
    ------
    DataError
        If it is missing or damaged.
    """
    if not (folder / "acqus").is_file():
        raise DataError(
            "raw data without acqus, the parameters of the acquisition", where=folder,
            remedy="copy the whole folder of the measurement",
        )  # fmt: skip
    acqus = read_parameters(folder / "acqus")
    if nucleus is not None:
        acqus.values["NUC1"] = isotope(nucleus, where="nucleus").symbol
    return acqus


def processing_folder(folder: Path) -> Path:
    """The first of `pdata`: of the lowest number that has parameters, `pdata/1` where none has."""
    inner = folder / "pdata"
    there = [place for place in inner.glob("*/procs") if place.parent.name.isdecimal()] if inner.is_dir() else []
    return min((place.parent for place in there), key=lambda place: int(place.name), default=inner / "1")


def _parameters_or_none(path: Path) -> Parameters | None:
    return read_parameters(path) if path.is_file() else None


def _rows(path: Path, acqus: Parameters, acqu2s: Parameters | None, warnings: list[str]) -> np.ndarray:
    """The complex points of each row, [n_rows, n_points], without what fills rows up to blocks of 1024 bytes."""
    mode = acqus.integer("AQ_mod", 3)
    if mode not in (1, 3):
        raise DataError(
            f"AQ_mod {mode}: one channel, or both one after the other", where=acqus.path,
            remedy="process it in TopSpin and give pdata/1",
        )  # fmt: skip
    code = acqus.integer("DTYPA", 0)
    if code not in TYPES:
        raise DataError(f"DTYPA {code}", where=acqus.path, remedy="0 (integers), 1 and 2 (floats) are known")
    kind = np.dtype((">" if acqus.integer("BYTORDA", 0, low=0, high=1) else "<") + TYPES[code])
    n_numbers = acqus.integer("TD", low=8)
    n_rows = 1 if acqu2s is None else acqu2s.integer("TD", 1, low=1)
    if acqu2s is None and path.name == "ser":
        n_rows = max(acqus.integer("NBL", 1), 1)
    with parsing(path, DataError, problem="cannot be read", remedy="copy the folder again"):
        content = path.read_bytes()
    row_bytes = n_numbers * kind.itemsize
    stride = _stride(content, row_bytes, n_rows)
    n_whole = len(content) // stride
    if len(content) % stride >= row_bytes:  # a last row whose block was not filled up
        n_whole += 1
    if n_whole == 0:
        return _cut_fid(path, content, kind, n_numbers, warnings)
    values = np.ndarray((n_whole, n_numbers), dtype=kind, buffer=content, strides=(stride, kind.itemsize))
    left = len(content) - (n_whole - 1) * stride - row_bytes
    if n_whole < n_rows:
        warnings.append(f"{path.name} ends early: {n_whole} whole rows of {n_rows}; the rest is left out")
    elif left > stride - row_bytes:
        warnings.append(f"{path.name} has {left} bytes after its last row, which are left out")
    if n_whole > n_rows:
        warnings.append(f"{path.name} holds {n_whole} rows, its parameters say {n_rows}: all are read")
    measured = np.asarray(values.any(axis=1))
    if not np.any(measured):
        raise DataError("no signal: every point is zero", where=path, remedy="give a measurement that was run")
    last = int(np.flatnonzero(measured)[-1]) + 1
    if last < n_whole:
        warnings.append(f"rows {last + 1} to {n_whole} hold zeros alone: not measured, left out")
    if not np.all(measured[:last]):
        empty = ", ".join(str(row + 1) for row in np.flatnonzero(~measured[:last])[:8])
        warnings.append(f"rows of zeros alone between others: {empty}")
    if n_numbers % 2:
        warnings.append(f"TD {n_numbers} is odd: the last real part, which has no imaginary part, is left out")
        values = values[:, :-1]
    signal = np.empty((last, n_numbers // 2), dtype=complex)
    signal.real, signal.imag = values[:last, 0::2], values[:last, 1::2]
    exponent = acqus.integer("NC", 0, low=-100, high=100) if code == 0 else 0
    return signal * 2.0**exponent if exponent else signal


def _stride(content: bytes, row_bytes: int, n_rows: int) -> int:
    """Bytes from the beginning of a row to that of the next.

    Rows begin at blocks of 1024 bytes; some consoles write them one after the other. The length of the file tells;
    where it does not (a file that ends early), what fills the first block: zeros, or the next row.
    """
    padded = -(-row_bytes // _BLOCK_BYTES) * _BLOCK_BYTES
    if padded == row_bytes or len(content) <= row_bytes or len(content) == n_rows * padded:
        return padded
    if len(content) == n_rows * row_bytes:
        return row_bytes
    return row_bytes if any(content[row_bytes:padded]) else padded


def _cut_fid(path: Path, content: bytes, kind: np.dtype, n_numbers: int, warnings: list[str]) -> np.ndarray:
    """The points of a decay that ends before its TD."""
    count = len(content) // kind.itemsize // 2 * 2
    if path.name == "ser" or count < n_numbers // 4:
        raise DataError(
            f"ends after {count} of the {n_numbers} numbers of its first row", where=path, remedy="copy it again"
        )
    warnings.append(f"{path.name} ends early: {count} numbers of {n_numbers}")
    numbers = np.frombuffer(content, dtype=kind, count=count).astype(float)
    if not numbers.any():
        raise DataError("no signal: every point is zero", where=path, remedy="give a measurement that was run")
    return (numbers[0::2] + 1j * numbers[1::2])[None, :]


def raw_axis(acqus: Parameters, procs: Parameters | None, folder: Path, warnings: list[str]) -> Axis:
    """Frequencies of raw data: the transmitter, and 0 ppm by SF of the processing where there is one, else by BF1."""
    nucleus = known_nucleus(acqus)
    base = acqus.number("BF1", acqus.number("SFO1", 0.0))
    carrier = acqus.number("SFO1", base + acqus.number("O1", 0.0) * 1e-6)
    width = acqus.number("SW_h")
    if not (carrier > 0 and base > 0 and width > 0):
        raise DataError(
            f"transmitter {carrier:g} MHz, BF1 {base:g} MHz, width {width:g} Hz", where=acqus.path,
            remedy="copy the folder again",
        )  # fmt: skip
    reference = base if procs is None else procs.number("SF", base)
    if not abs(reference / base - 1) < 0.01:
        warnings.append(f"SF {reference:g} MHz is far from BF1 {base:g} MHz: 0 ppm is taken at BF1")
        reference = base
    axis = Axis(nucleus=nucleus, carrier_MHz=carrier, reference_MHz=reference, spectral_width_Hz=width)
    check_field(axis, acqus, warnings)
    return axis


def known_nucleus(parameters: Parameters, name: str = "NUC1") -> str:
    """The nucleus that parameters name, under NUCLEUS before XWIN-NMR 2.

    Raises
    ------
    InputError
        For one that is not in the table.
    """
    symbol = parameters.text(name)
    try:
        return isotope(symbol if name in parameters.values else parameters.text("NUCLEUS")).symbol
    except InputError as error:
        raise InputError(
            f"{name} is {symbol!r}, no nucleus", where=parameters.path, remedy="give it, as --nucleus 23Na"
        ) from error


def check_field(axis: Axis, acqus: Parameters, warnings: list[str]) -> None:
    """Refuse a frequency that no magnet gives the nucleus; warn where another channel is in another field."""
    check_magnet(axis, acqus.path)
    for channel in range(2, 9):
        symbol, base = acqus.text(f"NUC{channel}"), acqus.number(f"BF{channel}", 0.0)
        try:
            other = abs(base / isotope(symbol).gyromagnetic_ratio_MHz_per_T)
        except InputError:  # the channel is off
            continue
        if base > 0 and abs(other / axis.field_T - 1) > 0.01:
            warnings.append(
                f"{axis.nucleus} at {axis.carrier_MHz:g} MHz is a field of {axis.field_T:.3f} T, {symbol} at "
                f"{base:g} MHz one of {other:.3f} T: is the nucleus right?"
            )


def conditions(acqus: Parameters, program: str, warnings: list[str]) -> Conditions:
    """How it was measured; zeros, which stand where nothing was said, are None."""
    temperature, other = acqus.number("TE", 0.0), acqus.number("TE1", 0.0)
    if temperature <= 1 < other:
        warnings.append(f"no temperature TE; its second sensor TE1 says {other:g} K, which is not taken")
    scans = acqus.integer("NS", 0)
    used = {int(number) for number in re.findall(r"(?<![A-Za-z0-9])p(\d+)(?![A-Za-z0-9])", program)}
    place = min(used) if len(used) == 1 else 1
    pulse = acqus.element("P", place)
    delay = acqus.element("D", 1)
    return Conditions(
        temperature_K=temperature if temperature > 1 else None,
        spinning_Hz=_spinning_Hz(acqus, program, warnings),
        pulse_us=pulse if pulse and pulse > 0 else None,
        recycle_delay_s=delay if delay and delay > 0 else None,
        scans=scans if scans > 0 else None,
        pulse_program=acqus.text("PULPROG"),
    )


def _spinning_Hz(acqus: Parameters, program: str, warnings: list[str]) -> float | None:
    """MASR, or CNST31 where the pulse program takes the rate from there; None where neither says one."""
    unit, constant = acqus.number("MASR", 0.0), acqus.element("CNST", 31) or 0.0
    if constant <= 100 or abs(constant - unit) <= 0.01 * constant:  # 1 is what stands there unless it was set
        return unit if unit > 0 else None
    taken = constant if "cnst31" in program or unit <= 0 else unit
    if unit > 0:
        warnings.append(
            f"two rates of spinning: MASR {unit:g} Hz and CNST31 {constant:g} Hz; {taken:g} Hz is taken"
        )  # fmt: skip
    return taken


def pulse_program(folder: Path) -> str:
    """The statements of the pulse program of a folder, without comments; empty where it is not there."""
    return "\n".join(
        line.split(";")[0] for line in _program_lines(folder) if not line.lstrip().startswith(("#", ";"))
    )  # fmt: skip


def _program_lines(folder: Path) -> list[str]:
    path = folder / "pulseprogram"
    if not path.is_file():
        return []
    return as_text(read_document(path, DataError, remedy="copy the folder again", largest=10_000_000)).splitlines()


def metadata(acqus: Parameters, folder: Path) -> dict[str, Any]:
    """Format, software, power, title and the acquisition parameters as they stand."""
    title = processing_folder(folder) / "title"
    found: dict[str, Any] = {"format": "Bruker", "software": acqus.text("TITLE"), "acqus": dict(acqus.values)}
    if title.is_file():
        text = as_text(read_document(title, DataError, remedy="copy the folder again", largest=1_000_000)).strip()
        found["title"] = text
    return found


def quadrature_of(acqu2s: Parameters, proc2s: Parameters | None) -> tuple[int, Quadrature | None]:
    """FnMODE, by MC2 of the processing where it is not set, and what it means."""
    mode = acqu2s.integer("FnMODE", 0)
    if mode == 0 and proc2s is not None:
        mode = _MC2.get(proc2s.integer("MC2", -1), 0)
    return mode, _QUADRATURES.get(mode)


def what_rows_are(
    folder: Path,
    acqus: Parameters,
    acqu2s: Parameters | None,
    program: str,
    n_rows: int,
    delays_s: np.ndarray | None,
    warnings: list[str],
) -> dict[str, Any]:
    """Delays, or the axis of an indirect dimension, of the rows of `ser`."""
    if delays_s is not None:
        return {"delays_s": delays_s}
    mode = 0 if acqu2s is None else acqu2s.integer("FnMODE", 0)
    if acqu2s is None or mode in (0, 1):
        used = [
            name for name in _LISTS
            if re.search(rf"(?<![A-Za-z0-9]){name}(?:list)?(?![A-Za-z0-9])", program, re.IGNORECASE)
        ]  # fmt: skip
        there = [name for name in _LISTS if _list_file(folder, acqus, name).is_file()]
        if used or (there and not program):
            return _delays(_list_file(folder, acqus, (used or there)[0]), (used or there)[0], n_rows, warnings)
        if acqu2s is None or (not program and _PSEUDO.search(acqus.text("PULPROG"))):
            warnings.append("what its rows differ in is not known: no list of delays")
            return {}
    proc2s = _parameters_or_none(processing_folder(folder) / "proc2s")
    mode, quadrature = quadrature_of(acqu2s, proc2s)
    if quadrature is None:
        warnings.append(f"FnMODE {mode}: how the rows hold the phase is not known")
    return {
        "indirect": _indirect_axis(acqus, acqu2s, proc2s, warnings),
        "quadrature": quadrature,
        "mixing_s": _mixing_s(folder, acqus, program),
    }


def _list_file(folder: Path, acqus: Parameters, name: str) -> Path:
    """The list that was used: `vdlist` in the folder, else that of VDLIST in `lists/vd`."""
    file = _LISTS[name][0]
    named = Path(acqus.text(file.upper())).name
    inner = folder / "lists" / name / named
    return inner if named and not (folder / file).is_file() and inner.is_file() else folder / file


def _delays(path: Path, name: str, n_rows: int, warnings: list[str]) -> dict[str, Any]:
    """The times of a list as delays of the rows; none where it is a list of counts."""
    file, unit_s = _LISTS[name]
    if not path.is_file():
        warnings.append(f"its pulse program takes a {file}, which is not in the folder: the delays are not known")
        return {}
    times, bare = read_times(path, unit_s=unit_s or 1.0)
    if unit_s == 0:
        warnings.append(f"{file} counts loops, so the delays are not known: give them, as --delays-s")
        return {}
    if bare and unit_s != 1.0:
        warnings.append(f"{file} has no units: taken as microseconds")
    if len(times) < n_rows:
        raise DataError(
            f"{len(times)} delays for {n_rows} rows", where=path, remedy="give the delays of this measurement"
        )
    if len(times) > n_rows:
        warnings.append(
            f"{file} has {len(times)} times and the measurement {n_rows} rows: the first {n_rows} are taken"
        )
    if n_rows > 1 and not times[:n_rows].any():
        raise DataError("every delay is zero", where=path, remedy="give the delays of this measurement")
    return {"delays_s": times[:n_rows]}


def _indirect_axis(acqus: Parameters, acqu2s: Parameters, proc2s: Parameters | None, warnings: list[str]) -> Axis:
    """Axis of the rows; its width by the increment INF1 of the pulse program, which `acqu2s` need not follow."""
    nucleus = known_nucleus(acqu2s)
    base = acqu2s.number("BF1", acqu2s.number("SFO1", 0.0))
    carrier = acqu2s.number("SFO1", base)
    if not (base > 0 and carrier > 0):
        raise DataError(f"indirect dimension at {carrier:g} MHz", where=acqu2s.path, remedy="copy the folder again")
    increment_us = acqus.element("INF", 1) or 0.0
    stated = acqu2s.number("SW", 0.0) * carrier or acqu2s.number("SW_h", 0.0)
    width = 1e6 / increment_us if increment_us > 0 else stated
    if not width > 0:
        raise DataError("no width of the indirect dimension", where=acqu2s.path, remedy="copy the folder again")
    if stated > 0 and abs(width / stated - 1) > 0.01:
        warnings.append(
            f"indirect dimension: the increment INF1 of {increment_us:g} us is a width of {width:g} Hz, acqu2s says "
            f"{stated:g} Hz; the first is taken"
        )
    reference = base if proc2s is None else proc2s.number("SF", base)
    if not abs(reference / base - 1) < 0.01:
        warnings.append(f"indirect dimension: SF {reference:g} MHz is far from BF1 {base:g} MHz: 0 ppm is at BF1")
        reference = base
    return Axis(nucleus=nucleus, carrier_MHz=carrier, reference_MHz=reference, spectral_width_Hz=width)


def _mixing_s(folder: Path, acqus: Parameters, program: str) -> float | None:
    """The mixing time, where the comments of the pulse program name its delay, else D8 where it is used."""
    named = [
        match[1]
        for line in _program_lines(folder)
        if (match := re.match(r"\s*;\s*d(\d+)\s*:.*mix", line, re.IGNORECASE))
    ]
    if named:
        return acqus.element("D", int(named[0]))
    if re.search(r"(?<![A-Za-z0-9])d8(?![A-Za-z0-9])", program):
        return acqus.element("D", 8)
    return None
