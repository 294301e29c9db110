"""The record of `spectra`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records.base import Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

VELOCITIES, DIRECTIONS = "velocities.csv", "directions.csv"
"""The tables beside the record; the second only where there are polyanions."""


class ElementSpectrum(Record):
    """Power spectrum of the velocities of one element; the temperature is that of its mean kinetic energy, 3/2 k T."""

    element: str
    n_atoms: int
    peak_per_cm: Measured | None
    centre_per_cm: Measured | None
    temperature_K: Measured | None


class OrientationSpectrum(Record):
    """Power spectrum of the unit vectors from the centre of an anion to its outer atoms.

    `mobile_share` is 1 - |<u>|^2: 0 for vectors that keep their direction, 1 for those that point everywhere.
    `peak_per_cm` is the strongest line above that of power times wavenumber squared (bending and libration, as in the
    velocities); `low_share` is the share of the power below `low_below_per_cm`: turning, not libration.
    """

    anion: str
    n_anions: int
    n_vectors: int
    peak_per_cm: Measured | None
    mobile_share: Measured | None
    low_share: Measured | None
    low_below_per_cm: float


class SpectraRecord(MotionRecord):
    """The record of `spectra`; the spectra are in the tables that `files` names. Errors are those of stretches of time;
    null where the run has fewer than two."""

    rows_in: ClassVar[str] = "elements"
    kind: Literal["spectra"] = "spectra"
    segment_fs: float
    resolution_per_cm: float
    highest_per_cm: float
    elements: list[ElementSpectrum]
    orientations: list[OrientationSpectrum]
