"""An impedance spectrum as every reader gives it and every fit takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.ranges import check_quantity

ImpedanceOf = Literal["Ewe", "Ece", "Ewe-Ece"]
"""Whose impedance: the working electrode's against the reference, the counter electrode's, or that of the cell."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Spectrum:
    """One impedance spectrum.

    Attributes
    ----------
    frequency_Hz
        [n] positive, from high to low.
    impedance_ohm
        [n] complex Z = Z' + i Z'' of the cell, not divided by any area; Z'' < 0 where it is capacitive.
    name
        Of the spectrum: the file's name, with what tells several of one file apart.
    temperature_K
        Where the file or its name says it.
    cycle
        Cycle or repeat that the spectrum belongs to, where the file says so.
    time_s
        Start of the spectrum since the start of the experiment, where the file says so.
    metadata
        What else the file's header says, as it stands there.
    warnings
        What the reader had to guess or leave out, a sentence each.

    Raises
    ------
    DataError
        For fewer than three points, frequencies that are not positive or not distinct, numbers that are not finite, or
        frequencies and impedances outside their range of sense (`paddlewheel.lab.ranges`).
    """

    frequency_Hz: np.ndarray
    impedance_ohm: np.ndarray
    name: str
    temperature_K: float | None = None
    cycle: int | None = None
    time_s: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frequency = np.asarray(self.frequency_Hz, dtype=float)
        impedance = np.asarray(self.impedance_ohm, dtype=complex)
        if frequency.shape != impedance.shape or frequency.ndim != 1 or len(frequency) < 3:
            raise DataError(f"{len(frequency)} points", where=self.name, remedy="a spectrum has three or more")
        if not (np.isfinite(frequency).all() and np.isfinite(impedance).all()):
            raise DataError("a value is not finite", where=self.name, remedy="remove the point")
        if (frequency <= 0).any():
            raise DataError(f"a frequency of {frequency.min():g} Hz", where=self.name, remedy="remove the point")
        check_ranges(frequency, impedance, where=self.name)
        order = np.argsort(-frequency, kind="stable")
        object.__setattr__(self, "frequency_Hz", frequency[order])
        object.__setattr__(self, "impedance_ohm", impedance[order])
        if (np.diff(self.frequency_Hz) == 0).any():
            raise DataError("a frequency stands twice", where=self.name, remedy="average or remove one of the points")


def check_ranges(frequency_Hz: np.ndarray, impedance_ohm: np.ndarray, *, where: str) -> None:
    """Ask back frequencies and a median impedance outside their range of sense (`paddlewheel.lab.ranges`).

    Raises
    ------
    DataError
        With the likely unit.
    """
    for each in (float(frequency_Hz.min()), float(frequency_Hz.max())):
        check_quantity("frequency_Hz", each, where=where)
    check_quantity("impedance_ohm", float(np.median(np.abs(impedance_ohm))), where=where)
