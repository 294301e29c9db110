"""Spectra as files that other programs open: dmfit, ssNake, SIMPSON's viewers, RMN, csdmpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.errors import SettingsError, writing
from paddlewheel.lab.nmr.readers.csdm import as_csdm
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.version import __version__

FORMATS = (".spe", ".txt", ".csdf")
"""dmfit's form of SIMPSON (complex), columns of Hz and real part with `ti:` and `##freq`, and CSDM."""


def write_spectrum(path: str | Path, signal: Signal, *, row: int = 0) -> Path:
    """Write one row of a spectrum; the suffix says the format.

    Parameters
    ----------
    path
        Ends in .spe (dmfit and what reads SIMPSON), .txt (dmfit, spreadsheets) or .csdf.
    signal
        In the frequency domain.
    row
        Which.

    Raises
    ------
    SettingsError
        For another suffix, a decay, or a row that is not there.
    RunDirectoryError
        If it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SettingsError(f"the suffix {suffix!r}", where=path, remedy=f"known are {', '.join(FORMATS)}")
    if signal.domain != "frequency":
        raise SettingsError("a decay, not a spectrum", where=signal.name, remedy="transform it first")
    if not 0 <= row < len(signal.values):
        raise SettingsError(f"row {row}", where="row", remedy=f"there are rows 0 to {len(signal.values) - 1}")
    values, axis = signal.values[row], signal.axis
    offset_Hz = signal.shift_ppm * axis.reference_MHz
    title = f"{signal.name} {axis.nucleus}, paddlewheel {__version__}".replace("\n", " ")
    if suffix == ".spe":
        text = _spe(values, offset_Hz, signal, title)
    elif suffix == ".txt":
        lines = [f"{x:.6f} {y:.9g}" for x, y in zip(offset_Hz[::-1], values.real[::-1], strict=True)]
        text = "\n".join([f"ti: {title}", f"##freq {axis.reference_MHz:.9f}", *lines, ""])
    else:
        text = _csdf(values, offset_Hz, signal, title)
    with writing(path):
        path.write_text(text, encoding="utf-8")
    return path


def _spe(values: np.ndarray, offset_Hz: np.ndarray, signal: Signal, title: str) -> str:
    """dmfit: from the highest frequency, `X0`, downwards."""
    header = [
        "SIMP", f"COMMENT={title}", f"NP={len(values)}", f"X0={offset_Hz[-1]:.6f}",
        f"SW={signal.axis.spectral_width_Hz:.6f}", f"SF={signal.axis.reference_MHz:.9f}", "TYPE=SPE", "DATA",
    ]  # fmt: skip
    return "\n".join([*header, *(f"{value.real:.9g} {value.imag:.9g}" for value in values[::-1]), "END", ""])


def _csdf(values: np.ndarray, offset_Hz: np.ndarray, signal: Signal, title: str) -> str:
    dimension = {
        "type": "linear",
        "count": len(values),
        "increment": f"{signal.axis.spectral_width_Hz / len(values)!r} Hz",
        "coordinates_offset": f"{float(offset_Hz[len(values) // 2])!r} Hz",
        "origin_offset": f"{signal.axis.reference_MHz * 1e6!r} Hz",
        "quantity_name": "frequency",
        "label": signal.axis.nucleus,
        "complex_fft": True,
        "reciprocal": {"quantity_name": "time"},
    }
    return as_csdm(values, [dimension], description=title)
