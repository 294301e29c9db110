"""Processed data of Bruker: `1r` with `1i`, and `2rr`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.nmr.readers.bruker import (
    TYPES,
    acquisition_parameters,
    check_field,
    conditions,
    known_nucleus,
    metadata,
    pulse_program,
    quadrature_of,
    what_rows_are,
)
from paddlewheel.lab.nmr.readers.bruker_parameters import Parameters, read_parameters
from paddlewheel.lab.nmr.signal import Axis, Signal

_MAGNITUDES = (2, 3)
"""PH_mod of the square root of the power, and of the power."""


def is_processed(folder: Path) -> bool:
    """Whether a folder holds processed data (`pdata/1`)."""
    return (folder / "procs").is_file() and any((folder / name).is_file() for name in ("1r", "2rr"))


def read_processed(folder: Path, *, nucleus: str | None = None) -> Signal:
    """The spectrum of a folder such as `pdata/1`, of another nucleus than NUC1 where that is given.

    Raises
    ------
    InputError
        For missing or damaged files.
    """
    procs = read_parameters(folder / "procs")
    experiment = folder.resolve().parent.parent
    acqus = acquisition_parameters(experiment, nucleus=nucleus)
    warnings: list[str] = []
    if procs.integer("FT_mod", 1) == 0:
        raise DataError("not transformed, by FT_mod", where=folder / "procs", remedy="give the folder of the raw data")
    axis, stops = _axis(procs, known_nucleus(acqus)), _size(procs, low=4)
    check_field(axis, acqus, warnings)
    name = f"{experiment.name}/{folder.name}"
    program = pulse_program(experiment)
    measured = conditions(acqus, program, warnings)
    about = metadata(acqus, experiment) | {"procs": dict(procs.values)}
    is_magnitude = procs.integer("PH_mod", 0) in _MAGNITUDES
    if is_magnitude:
        warnings.append("a magnitude or power spectrum, by PH_mod: lines are wider, and areas are none")
    if (folder / "1r").is_file():
        real = _points(folder / "1r", procs, (1, stops))
        has_imaginary = (folder / "1i").is_file()
        imaginary = _points(folder / "1i", procs, (1, stops)) if has_imaginary else np.zeros_like(real)
        # TopSpin's points fall in ppm, and its phases turn the other way
        return Signal(
            values=(real - 1j * imaginary)[:, ::-1], domain="frequency", axis=axis, is_complex=has_imaginary, name=name,
            conditions=measured, metadata=about, warnings=tuple(warnings),
        )  # fmt: skip
    proc2s, acqu2s = read_parameters(folder / "proc2s"), read_parameters(experiment / "acqu2s")
    rows = _size(proc2s, low=1)
    blocks = (proc2s.integer("XDIM", 0), procs.integer("XDIM", 0))
    values = _points(folder / "2rr", procs, (rows, stops), blocks).astype(complex)
    is_plane = proc2s.integer("FT_mod", 1) != 0
    part = next((folder / each for each in ("2ir", "2ii") if (folder / each).is_file()), None)
    if not is_plane and part is not None:
        values -= 1j * _points(part, procs, (rows, stops), blocks)
    stated: dict[str, Any] = {}
    if is_plane:
        values, stated["indirect"] = values[::-1, ::-1], _axis(proc2s, known_nucleus(acqu2s))
        is_magnitude = is_magnitude or proc2s.integer("PH_mod", 0) in _MAGNITUDES
        stated["quadrature"] = "magnitude" if is_magnitude else quadrature_of(acqu2s, proc2s)[1]
    else:  # rows as they were measured, and rows of zeros after them
        measured_rows = np.flatnonzero((values != 0).any(axis=1))
        count = min(acqu2s.integer("TD", rows, low=1), int(measured_rows[-1]) + 1 if len(measured_rows) else 0)
        if count == 0:
            raise DataError("no signal: every point is zero", where=folder, remedy="process it again")
        values = values[:count, ::-1]
        stated = what_rows_are(experiment, acqus, acqu2s, program, count, None, warnings)
    return Signal(
        values=values, domain="frequency", axis=axis, is_complex=not is_plane and part is not None, name=name,
        conditions=measured, indirect_domain="frequency" if is_plane else "time", metadata=about,
        warnings=tuple(warnings), **stated,
    )  # fmt: skip


def _size(processing: Parameters, *, low: int) -> int:
    """Points of a dimension: those of the strip that was kept, else all."""
    return processing.integer("STSI", 0) or processing.integer("SI", low=low)


def _axis(processing: Parameters, nucleus: str) -> Axis:
    """Axis by OFFSET (ppm of the first point, the highest), SW_p and SF."""
    reference, width = processing.number("SF"), processing.number("SW_p")
    stops = _size(processing, low=1)
    if not (reference > 0 and width > 0):
        raise DataError(f"SF {reference:g} MHz, SW_p {width:g} Hz", where=processing.path, remedy="process it again")
    middle_ppm = processing.number("OFFSET") - (stops - 1 - stops // 2) * width / stops / reference
    return Axis(
        nucleus=nucleus,
        carrier_MHz=reference * (1 + middle_ppm * 1e-6),
        reference_MHz=reference,
        spectral_width_Hz=width,
    )


def _points(
    path: Path, procs: Parameters, shape: tuple[int, int], blocks: tuple[int, int] = (0, 0)
) -> np.ndarray:  # fmt: skip
    """The points of a file, [rows, points], scaled by NC_proc, put together from its blocks of XDIM."""
    code = procs.integer("DTYPP", 0)
    if code not in TYPES:
        raise DataError(f"DTYPP {code}", where=procs.path, remedy="0 (integers), 1 and 2 (floats) are known")
    kind = np.dtype((">" if procs.integer("BYTORDP", 0, low=0, high=1) else "<") + TYPES[code])
    with parsing(path, DataError, problem="cannot be read", remedy="copy the folder again"):
        content = path.read_bytes()
    if len(content) != shape[0] * shape[1] * kind.itemsize:
        raise DataError(
            f"{len(content) // kind.itemsize} points, its parameters say {shape[0]} x {shape[1]}", where=path,
            remedy="copy the folder again, or process it again",
        )  # fmt: skip
    values = np.frombuffer(content, dtype=kind).astype(float) * 2.0 ** procs.integer("NC_proc", 0, low=-200, high=200)
    down, across = (block or size for block, size in zip(blocks, shape, strict=True))
    if shape[0] % down or shape[1] % across:
        raise DataError(f"blocks of {down} x {across} points", where=procs.path, remedy="process it again")
    values = values.reshape(shape[0] // down, shape[1] // across, down, across)
    return values.transpose(0, 2, 1, 3).reshape(shape)
