"""A measurement of NMR as every reader gives it, every fit takes it, and the simulation makes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.isotopes import Isotope, isotope

Quadrature = Literal["states", "states-tppi", "tppi", "echo-antiecho", "qf", "magnitude"]
"""How the rows of a two-dimensional measurement hold the indirect dimension's phase."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Axis:
    """The frequency axis of one dimension.

    Attributes
    ----------
    nucleus
        Such as ``23Na``.
    carrier_MHz
        Frequency at the middle of the spectrum (the transmitter's).
    reference_MHz
        Frequency at 0 ppm.
    spectral_width_Hz
        One over the dwell time of complex points.
    """

    nucleus: str
    carrier_MHz: float
    reference_MHz: float
    spectral_width_Hz: float

    @property
    def isotope(self) -> Isotope:
        """The nucleus with its constants."""
        return isotope(self.nucleus)

    @property
    def carrier_ppm(self) -> float:
        """Shift at the middle of the spectrum."""
        return (self.carrier_MHz - self.reference_MHz) / self.reference_MHz * 1e6

    @property
    def field_T(self) -> float:
        """Static field, by the carrier."""
        return abs(self.carrier_MHz / self.isotope.gyromagnetic_ratio_MHz_per_T)

    def shift_ppm(self, n_points: int) -> np.ndarray:
        """Shift of each point of a spectrum of `n_points`, rising; [n_points].

        Point n_points // 2 is the carrier, as `numpy.fft.fftshift` puts it.
        """
        offset_Hz = (np.arange(n_points) - n_points // 2) * self.spectral_width_Hz / n_points
        return self.carrier_ppm + offset_Hz / self.reference_MHz


@dataclass(frozen=True, eq=False, kw_only=True)
class Conditions:
    """How a measurement was made; None where the file does not say.

    Attributes
    ----------
    temperature_K
        Of the sample, as the file says.
    spinning_Hz
        Rate of magic angle spinning; 0 where it was static.
    pulse_us, nutation_Hz
        Length of the exciting pulse, and the radio-frequency field gamma B1 / 2 pi.
    recycle_delay_s
        Between scans.
    scans
        Number of transients of a row.
    pulse_program
        Its name.
    """

    temperature_K: float | None = None
    spinning_Hz: float | None = None
    pulse_us: float | None = None
    nutation_Hz: float | None = None
    recycle_delay_s: float | None = None
    scans: int | None = None
    pulse_program: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Signal:
    """Rows of one measurement: free induction decays, or spectra.

    Attributes
    ----------
    values
        [n_rows, n_points] complex. In the time domain the first point is t = 0 less `group_delay_points` and a
        line at the offset nu from the carrier is exp(+2 pi i nu t); in the frequency domain the points rise in ppm as
        `axis.shift_ppm` gives them. A spectrum of which only the real part is known has an imaginary part of zero.
    domain
        "time" or "frequency" of the points of a row.
    axis
        Of the points of a row.
    group_delay_points
        Points before t = 0 that the digital filter put there, often not whole; 0 in the frequency domain.
    is_complex
        False where the file has the real part alone.
    delays_s
        [n_rows] what the rows differ in: recovery, mixing or locking times; None where there is one row or the rows are
        an indirect dimension.
    indirect
        Axis of the rows of a two-dimensional measurement, with `quadrature`; None otherwise.
    quadrature
        How the rows hold the phase.
    indirect_domain
        "time" or "frequency" of the rows of a two-dimensional measurement.
    mixing_s
        Mixing time of a two-dimensional measurement, where the file says so.
    conditions
        How it was made.
    name
        Of the folder or file.
    metadata
        What else the file says, as it stands there.
    warnings
        What the reader had to guess, leave out or repair, a sentence each.

    Raises
    ------
    DataError
        For no points, numbers that are not finite, delays that do not fit the rows, are negative or not finite.
    """

    values: np.ndarray
    domain: Literal["time", "frequency"]
    axis: Axis
    name: str
    group_delay_points: float = 0.0
    is_complex: bool = True
    delays_s: np.ndarray | None = None
    indirect: Axis | None = None
    quadrature: Quadrature | None = None
    indirect_domain: Literal["time", "frequency"] = "time"
    mixing_s: float | None = None
    conditions: Conditions = field(default_factory=Conditions)
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.ndim != 2 or values.shape[0] < 1 or values.shape[1] < 4:
            raise DataError(f"{values.shape} points", where=self.name, remedy="a measurement has rows of points")
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            raise DataError(
                f"row {int(np.argmax(bad)) + 1} has values that are not finite", where=self.name,
                remedy="give the file as the spectrometer wrote it",
            )  # fmt: skip
        if self.delays_s is not None:
            delays = np.asarray(self.delays_s, dtype=float)
            if delays.shape != (values.shape[0],):
                raise DataError(
                    f"{len(delays)} delays for {values.shape[0]} rows", where=self.name,
                    remedy="give the list of delays of this measurement",
                )  # fmt: skip
            if not (np.isfinite(delays).all() and (delays >= 0).all()):
                wrong = delays[~(np.isfinite(delays) & (delays >= 0))][0]
                raise DataError(f"a delay of {wrong:g} s", where=self.name, remedy="delays are zero or positive")
            object.__setattr__(self, "delays_s", delays)
        object.__setattr__(self, "values", values.astype(complex, copy=False))

    @property
    def shift_ppm(self) -> np.ndarray:
        """Shift of each point of a row, rising; [n_points]. Of time domain data: of the spectrum that they give."""
        return self.axis.shift_ppm(self.values.shape[1])

    def told(self, *warnings: str) -> Signal:
        """The same measurement with further warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))
