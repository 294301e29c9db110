"""Folders of Varian and Agilent: `fid` and `procpar` (VnmrJ)."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.nmr.isotopes import isotopes
from paddlewheel.lab.nmr.readers.axes import stated_axis
from paddlewheel.lab.nmr.signal import Axis, Conditions, Signal
from paddlewheel.units import ZERO_CELSIUS_K

_REMEDY = "copy the folder again"
_DELAY, _PULSE = "3", "6"
"""Kinds of a parameter in procpar: s and us."""


def is_experiment(folder: Path) -> bool:
    """Whether a folder holds raw data of Varian."""
    return (folder / "fid").is_file() and (folder / "procpar").is_file()


def read_experiment(
    folder: Path, *, delays_s: np.ndarray | None = None, nucleus: str | None = None
) -> Signal:  # fmt: skip
    """The measurement of a folder; `procpar` is read by nmrglue, `fid` here, which fewer bytes shorten.

    Raises
    ------
    InputError
        For damaged files, an unknown nucleus, or delays that do not fit the rows.
    """
    from nmrglue.fileio import varian

    with parsing(folder / "procpar", DataError, problem="cannot be read", remedy=_REMEDY):
        parameters = _Parameters(varian.read_procpar(str(folder / "procpar")), folder / "procpar")
    warnings: list[str] = []
    with parsing(folder / "fid", DataError, problem="cannot be read", remedy=_REMEDY):
        values = _rows((folder / "fid").read_bytes(), folder / "fid", warnings)
    transmitter, width = parameters.number("sfrq"), parameters.number("sw")
    if transmitter is None or width is None:
        raise DataError("no sfrq or sw", where=folder / "procpar", remedy=_REMEDY)
    reference = parameters.number("reffrq")
    if not reference or not abs(reference / transmitter - 1) < 0.01:
        line, edge = parameters.number("rfp") or 0.0, parameters.number("rfl")
        reference = transmitter - (line - edge + width / 2) * 1e-6 if edge is not None else transmitter
    axis = stated_axis(
        folder / "procpar", nucleus=nucleus or _nucleus(parameters, folder), reference_MHz=reference, width_Hz=width,
        carrier_offset_Hz=(transmitter - reference) * 1e6,
    )  # fmt: skip
    celsius, spinning = parameters.number("temp"), parameters.number("srate")
    scans, pulse = parameters.number("nt"), parameters.number("pw")
    conditions = Conditions(
        temperature_K=celsius + ZERO_CELSIUS_K if celsius is not None and celsius > -ZERO_CELSIUS_K else None,
        spinning_Hz=spinning if spinning and spinning > 0 else None,
        pulse_us=pulse if pulse and pulse > 0 else None,
        recycle_delay_s=parameters.number("d1"),
        scans=int(scans) if scans else None,
        pulse_program=parameters.text("seqfil"),
    )
    rows: dict[str, Any] = {}
    if delays_s is not None:
        rows = {"delays_s": delays_s}
    elif len(values) > 1:
        rows = _what_rows_are(parameters, axis, len(values), warnings)
    return Signal(
        values=values, domain="time", axis=axis, name=folder.name.removesuffix(".fid"), conditions=conditions,
        metadata={"format": "Varian"}, warnings=tuple(warnings), **rows,
    )  # fmt: skip


class _Parameters:
    """`procpar` by name."""

    def __init__(self, found: dict[str, Any], path: Path) -> None:
        self.found, self.path = found, path

    def values(self, name: str) -> list[str]:
        return list(self.found.get(name, {}).get("values", []))

    def text(self, name: str) -> str:
        return (self.values(name) or [""])[0]

    def number(self, name: str) -> float | None:
        """The first value; None where there is none."""
        values = self.values(name)
        if not values:
            return None
        with parsing(self.path, DataError, problem=f"{name} is {values[0][:30]!r}", remedy=_REMEDY):
            return float(values[0])


def _rows(content: bytes, path: Path, warnings: list[str]) -> np.ndarray:
    """The points of each trace, [n_rows, n_points]; conjugated, for VnmrJ's frequencies run the other way."""
    n_blocks, n_traces, n_numbers, n_bytes, trace_bytes, block_bytes, _, status, n_headers = struct.unpack(
        ">6i2hi", content[:32]
    )
    kind = np.dtype(">f4" if status & 8 else {2: ">i2", 4: ">i4"}.get(n_bytes, ""))
    header = 28 * n_headers
    if (
        min(n_blocks, n_traces) < 1 or n_numbers < 8 or n_headers < 0
        or trace_bytes != n_numbers * kind.itemsize or block_bytes != n_traces * trace_bytes + header
    ):  # fmt: skip
        raise DataError("sizes that contradict each other", where=path, remedy=_REMEDY)
    there = (len(content) - 32) // block_bytes
    if there < 1:
        raise DataError("ends within its first block", where=path, remedy=_REMEDY)
    if there < n_blocks:
        warnings.append(f"fid ends early: {there} whole blocks of {n_blocks}; the rest is left out")
    blocks = min(there, n_blocks)
    bytes_ = np.frombuffer(content, dtype=np.uint8, count=blocks * block_bytes, offset=32).reshape(blocks, block_bytes)
    numbers = np.ascontiguousarray(bytes_[:, header:]).view(kind).reshape(blocks * n_traces, n_numbers).astype(float)
    if n_numbers % 2:
        warnings.append(f"np {n_numbers} is odd: the last real part is left out")
        numbers = numbers[:, :-1]
    measured = (numbers != 0).any(axis=1)
    if not np.any(measured):
        raise DataError("no signal: every point is zero", where=path, remedy="give a measurement that was run")
    last = int(np.flatnonzero(measured)[-1]) + 1
    if last < len(numbers):
        warnings.append(f"rows {last + 1} to {len(numbers)} hold zeros alone: not measured, left out")
    return numbers[:last, 0::2] - 1j * numbers[:last, 1::2]


def _nucleus(parameters: _Parameters, folder: Path) -> str:
    """tn, such as Na23, as 23Na."""
    named = parameters.text("tn")
    found = re.match(r"^([A-Z][a-z]?)(\d+)$", named)
    symbol = f"{found[2]}{found[1]}" if found else named
    if symbol not in isotopes():
        raise DataError(f"tn is {named!r}, no nucleus", where=folder / "procpar", remedy="give it, as --nucleus 23Na")
    return symbol


def _what_rows_are(parameters: _Parameters, axis: Axis, n_rows: int, warnings: list[str]) -> dict[str, Any]:
    """The arrayed delay, or the indirect dimension."""
    arrayed = [name for name in re.split(r"[(),\s]+", parameters.text("array")) if name]
    increments, width = parameters.number("ni") or 0, parameters.number("sw1")
    if increments > 1 and width:
        rows: dict[str, Any] = {
            "indirect": Axis(
                nucleus=axis.nucleus, carrier_MHz=axis.carrier_MHz, reference_MHz=axis.reference_MHz,
                spectral_width_Hz=width,
            )
        }  # fmt: skip
        if arrayed == ["phase"] and len(parameters.values("phase")) == 2:
            rows["quadrature"] = "states"
            warnings.append("two phases of each increment: taken as States")
        else:
            warnings.append(f"how the rows hold the phase is not known (array {parameters.text('array')!r})")
        return rows
    kind = parameters.found.get(arrayed[0], {}).get("subtype") if len(arrayed) == 1 else None
    if str(kind) in (_DELAY, _PULSE):
        with parsing(parameters.path, DataError, problem=f"{arrayed[0]} is damaged", remedy=_REMEDY):
            times = np.array(parameters.values(arrayed[0]), dtype=float) * (1e-6 if str(kind) == _PULSE else 1.0)
        if len(times) < n_rows:
            raise DataError(f"{len(times)} delays for {n_rows} rows", where=parameters.path, remedy=_REMEDY)
        return {"delays_s": times[:n_rows]}
    warnings.append(f"what its rows differ in is not known (array {parameters.text('array')!r})")
    return {}
