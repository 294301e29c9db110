"""What the studies of NMR are told beside the files: nucleus, reference, delays, conditions, and the transform."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.processing import to_spectrum
from paddlewheel.lab.nmr.readers import read_nmr
from paddlewheel.lab.nmr.readers.bruker_parameters import read_times
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.ranges import question
from paddlewheel.studies.laboratory.settings import LaboratorySettings
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.study.study import Argument

Measurements = str | Path | Signal | Sequence[str | Path | Signal]
"""What the studies of NMR take: measurements read already, folders or files."""
NMR_MEASUREMENTS = Argument(
    name="measurements",
    metavar="FOLDER...",
    help="of NMR: folders of Bruker or Varian, .jdf, SIMPSON, ssNake, CSDM, text",
    many=True,
    annotation="str | Path | paddlewheel.lab.nmr.signal.Signal"
    " | Sequence[str | Path | paddlewheel.lab.nmr.signal.Signal]",
)
"""What the studies of NMR are about: what `paddlewheel.lab.nmr.readers.read_nmr` reads."""


class NmrSettings(LaboratorySettings):
    """What files of NMR do not say, or say wrong."""

    nucleus: str | None = setting(None, "Nucleus that was measured, such as 23Na, over what the file says.")
    frequency_MHz: float | None = setting(
        None, "Frequency of 0 ppm, MHz, for files that do not say it (text, SIMPSON).", gt=0, le=3000
    )
    sr_Hz: float | None = setting(
        None, "Frequency of 0 ppm less BF1, Hz (SR of TopSpin), over what the processing says.", ge=-1e7, le=1e7
    )
    reference_shift_ppm: float = setting(
        0.0, "Added to every shift, ppm: a reference that was measured.", ge=-1e5, le=1e5
    )
    delays_s: Numbers = setting(
        (), "Delays of the rows, s, or one for each of several measurements of one row.", each=(0.0, 1e6)
    )
    delays_file: Path | None = setting(
        None, "File of the delays, one a line with n, u, m or s after it (a vdlist), instead of --delays-s."
    )
    temperatures_K: Numbers = setting((), "K, one for all or one a measurement, over what the files say.")
    spinning_Hz: float | None = setting(
        None, "Rate of magic angle spinning, Hz, over what the file says; 0 for none.", ge=0, le=3e5
    )
    pulse_us: float | None = setting(None, "Length of the exciting pulse, us, over what the file says.", gt=0, le=1e4)
    nutation_Hz: float | None = setting(
        None, "Radio-frequency field of the pulse, gamma B1 / 2 pi in Hz (1 / (4 x the 90 degree pulse)).", gt=0, le=1e7
    )

    @model_validator(mode="after")
    def _nmr_is_consistent(self) -> Self:
        if self.nucleus is not None:
            isotope(self.nucleus, where="nucleus")
        if self.delays_s and self.delays_file is not None:
            raise SettingsError("given beside delays_s", where="delays_file", remedy="give one of them")
        if self.delays_s and not any(self.delays_s):
            raise SettingsError("every delay is zero", where="delays_s", remedy="give the delays in s")
        for name, value in (("nutation_Hz", self.nutation_Hz), ("spinning_Hz", self.spinning_Hz)):
            if value and (asked := question(name, value)) is not None:
                raise SettingsError(asked[0], where=name, remedy=asked[1])
        for kelvin in self.temperatures_K:
            asked = question("temperature_K", kelvin)
            if asked is not None:
                raise SettingsError(asked[0], where="temperatures_K", remedy=asked[1])
        return self

    def read(self, given: Measurements) -> list[Signal]:
        """The measurements of everything given, with what the settings say of them.

        Raises
        ------
        InputError
            For what cannot be read, and for delays or temperatures that are not as many as what they are of.
        """
        delays_s = self._delays()
        found: list[Signal] = []
        for source in [given] if isinstance(given, str | Path | Signal) else given:
            found += (
                [source]
                if isinstance(source, Signal)
                else read_nmr(source, nucleus=self.nucleus, frequency_MHz=self.frequency_MHz, delays_s=delays_s)
            )
        if not found:
            raise DataError("no measurement", where="measurements", remedy="give a folder")
        if delays_s is not None:
            found = _delayed(found, delays_s)
        temperatures = self.temperatures_K * (len(found) if len(self.temperatures_K) == 1 else 1)
        if temperatures and len(temperatures) != len(found):
            raise SettingsError(
                f"{len(temperatures)} temperatures for {len(found)} measurements", where="temperatures_K",
                remedy="give one for all, or one a measurement",
            )  # fmt: skip
        kelvins = temperatures or (None,) * len(found)
        return [self._told(signal, kelvin) for signal, kelvin in zip(found, kelvins, strict=True)]

    def _delays(self) -> np.ndarray | None:
        if self.delays_file is not None:
            return read_times(self.delays_file)[0]
        return np.array(self.delays_s) if self.delays_s else None

    def _told(self, signal: Signal, kelvin: float | None) -> Signal:
        """The signal with what the settings say over its file."""
        stated = {
            "temperature_K": kelvin, "spinning_Hz": self.spinning_Hz, "pulse_us": self.pulse_us,
            "nutation_Hz": self.nutation_Hz,
        }  # fmt: skip
        told = {name: value for name, value in stated.items() if value is not None}
        return replace(
            signal,
            axis=self._referenced(signal.axis, signal.metadata),
            conditions=replace(signal.conditions, **told),
        )

    def _referenced(self, axis: Axis, metadata: dict[str, Any]) -> Axis:
        if self.nucleus is not None:
            axis = replace(axis, nucleus=self.nucleus)
        if self.sr_Hz is not None:
            base = metadata.get("acqus", {}).get("BF1")
            if not isinstance(base, int | float):
                raise SettingsError("no BF1 in the file", where="sr_Hz", remedy="give --reference-shift-ppm instead")
            axis = replace(axis, reference_MHz=float(base) + self.sr_Hz * 1e-6)
        if self.reference_shift_ppm:
            axis = replace(axis, reference_MHz=_shifted_MHz(axis, self.reference_shift_ppm))
        return axis


class NmrSpectrumSettings(NmrSettings):
    """How decays become spectra."""

    line_broadening_Hz: float = setting(0.0, "Lorentzian broadening of the decays (LB), Hz.", ge=0, le=1e6)
    gaussian_Hz: float = setting(0.0, "Gaussian broadening, full width at half maximum, Hz.", ge=0, le=1e6)
    zero_fill: int = setting(
        1, "Points of the spectrum over those of the decay; at 1 the noise of the points is independent.", ge=1, le=64
    )

    def spectrum(self, signal: Signal) -> Signal:
        """The spectra of a measurement's rows; those of a measurement in the frequency domain are as they are."""
        return to_spectrum(
            signal,
            line_broadening_Hz=self.line_broadening_Hz,
            gaussian_Hz=self.gaussian_Hz,
            zero_fill=self.zero_fill,
        )


def signal_inputs(signals: Sequence[Signal]) -> list[dict[str, str | int | float | None]]:
    """Name, size, conditions and sha256 over points and delays of each, for `inputs.yaml`."""
    return [
        {
            "name": signal.name,
            "nucleus": signal.axis.nucleus,
            "n_rows": signal.values.shape[0],
            "n_points": signal.values.shape[1],
            "temperature_K": signal.conditions.temperature_K,
            "sha256": _digest(signal),
        }
        for signal in signals
    ]


def _digest(signal: Signal) -> str:
    axes = [signal.axis] + ([signal.indirect] if signal.indirect is not None else [])
    numbers = [[axis.carrier_MHz, axis.reference_MHz, axis.spectral_width_Hz] for axis in axes]
    delays = b"" if signal.delays_s is None else signal.delays_s.tobytes()
    return hashlib.sha256(signal.values.tobytes() + delays + np.array(numbers).tobytes()).hexdigest()


def _shifted_MHz(axis: Axis, shift_ppm: float) -> float:
    """The frequency of 0 ppm by which the carrier, and so all, has a shift larger by `shift_ppm`."""
    return axis.carrier_MHz / (1 + (axis.carrier_ppm + shift_ppm) * 1e-6)


def _delayed(signals: list[Signal], delays_s: np.ndarray) -> list[Signal]:
    """The measurements with these delays of their rows; several of one row each become one of as many rows."""
    if len(signals) > 1 and all(len(signal.values) == 1 for signal in signals):
        return [stacked(signals, delays_s)]
    return [replace(signal, delays_s=delays_s, indirect=None, quadrature=None) for signal in signals]


def stacked(signals: Sequence[Signal], delays_s: np.ndarray) -> Signal:
    """Measurements of one row each as the rows of one, each over its scans where these differ.

    Raises
    ------
    DataError
        If they are not alike in nucleus, transmitter, width and points, or not as many as the delays.
    """
    first = signals[0]
    for other in signals[1:]:
        if (
            (other.axis.nucleus, other.domain, other.values.shape)
            != (first.axis.nucleus, first.domain, first.values.shape)
            or abs(other.group_delay_points - first.group_delay_points) > 1e-6
            or abs(other.axis.carrier_MHz - first.axis.carrier_MHz) > 1e-6
            or abs(other.axis.spectral_width_Hz / first.axis.spectral_width_Hz - 1) > 1e-6
        ):
            raise DataError(
                f"another nucleus, width, transmitter or size than {first.name}", where=other.name,
                remedy="give measurements that differ in their delay alone",
            )  # fmt: skip
    if len(delays_s) != len(signals):
        raise DataError(
            f"{len(delays_s)} delays for {len(signals)} measurements", where="delays_s", remedy="give one for each"
        )
    warnings = list(dict.fromkeys(warning for signal in signals for warning in signal.warnings))
    scans = [signal.conditions.scans for signal in signals]
    weights = np.ones(len(signals))
    if len(set(scans)) > 1:
        if None in scans:
            raise DataError(
                "scans that some of the measurements do not say", where=first.name, remedy="give one file of all rows"
            )
        weights = np.array([scans[0] / each for each in scans if each and scans[0]])
        warnings.append(
            f"measurements of {min(filter(None, scans))} to {max(filter(None, scans))} scans: scaled to {scans[0]}"
        )
    gains = {signal.metadata.get("acqus", {}).get("RG") for signal in signals}
    if len(gains) > 1:
        warnings.append("the receiver gain RG differs between the measurements: their intensities may not compare")
    return replace(
        first,
        values=np.concatenate([signal.values for signal in signals]) * weights[:, None],
        delays_s=delays_s,
        name=f"{first.name} to {signals[-1].name}",
        warnings=tuple(warnings),
    )
