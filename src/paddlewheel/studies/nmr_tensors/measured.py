"""The measured spectrum that is drawn beside a simulated one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.processing import autophase, phased, to_spectrum
from paddlewheel.lab.nmr.readers import read_nmr

_SHOWN = 0.1
"""Of the largest intensity: what is above it is in the picture."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured1D:
    """One row of a measurement: shift [n], rising, and the absorption [n], 1 where it is largest.

    `sha256` is that of the numbers in the file.
    """

    name: str
    nucleus: str
    field_T: float
    spinning_Hz: float | None
    shift_ppm: np.ndarray
    intensity: np.ndarray
    warnings: tuple[str, ...]
    sha256: str

    @property
    def highest_ppm(self) -> float:
        """Where it is largest."""
        return float(self.shift_ppm[int(np.argmax(self.intensity))])

    @property
    def range_ppm(self) -> tuple[float, float]:
        """What has over a tenth of the largest intensity."""
        shown = self.shift_ppm[self.intensity > _SHOWN]
        return float(shown[0]), float(shown[-1])


def read_measured(path: str | Path) -> Measured1D:
    """The row of a measurement with the most signal, transformed and phased.

    Raises
    ------
    DataError
        For two dimensions, several measurements, and a spectrum that has no positive part.
    """
    found = read_nmr(path)
    if len(found) != 1:
        raise DataError(f"{len(found)} measurements", where=path, remedy="give the folder of one")
    (signal,) = found
    if signal.indirect is not None:
        raise DataError("has two dimensions", where=path, remedy="give a spectrum of one")
    spectrum = to_spectrum(signal, zero_fill=2)
    if signal.domain == "time" and spectrum.is_complex:
        phase0_deg, phase1_deg = autophase(spectrum)
        spectrum = phased(spectrum, phase0_deg=phase0_deg, phase1_deg=phase1_deg)
    strength = (np.abs(spectrum.values) ** 2).sum(axis=1)
    row = spectrum.values[int(np.argmax(strength))].real
    if not row.max() > 0:
        raise DataError("no positive intensity", where=path, remedy="phase the spectrum")
    return Measured1D(
        name=signal.name,
        nucleus=signal.axis.nucleus,
        field_T=signal.axis.field_T,
        spinning_Hz=signal.conditions.spinning_Hz,
        shift_ppm=spectrum.shift_ppm,
        intensity=row / row.max(),
        warnings=signal.warnings,
        sha256=hashlib.sha256(np.ascontiguousarray(signal.values).tobytes()).hexdigest(),
    )
