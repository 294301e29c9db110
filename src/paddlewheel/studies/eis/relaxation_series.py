"""Peaks of the relaxation times followed over temperature, each with its own activation energies.

A peak is told again by its capacitance tau / R, which hardly changes where tau and R change by decades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from paddlewheel.lab.eis.relaxation_times import RelaxationPeak
from paddlewheel.records import Measured
from paddlewheel.studies.eis.record import FollowedPeak, FollowedPoint
from paddlewheel.studies.eis.spectrum import AnalysedSpectrum
from paddlewheel.transport import ArrheniusFit, fit_arrhenius

_APART = np.log(5.0)
"""Most that the logarithm of a capacitance may differ from that at the temperature before."""
_FEWEST = 3
_LEAST_ERROR = 1e-6
"""Relative error of spectra without noise, which weigh alike."""


@dataclass
class _Track:
    temperatures_K: list[float] = field(default_factory=list)
    peaks: list[RelaxationPeak] = field(default_factory=list)


def follow_peaks(analysed: Sequence[AnalysedSpectrum], *, allow_violations: bool = False) -> list[FollowedPeak]:
    """The peaks that are seen at two temperatures or more, from fast to slow.

    Peaks of positive resistance inside the range of the spectrum. Of several spectra at one temperature the first that
    passes the Kramers-Kronig test counts.

    Parameters
    ----------
    analysed
        All spectra.
    allow_violations
        Take also those that fail the test.
    """
    tracks: list[_Track] = []
    for kelvin, each in _by_temperature(analysed, allow_violations=allow_violations):
        omega = 2 * np.pi * each.spectrum.frequency_Hz
        peaks = [
            peak
            for peak in each.distribution.peaks
            if peak.resistance_ohm > 0 and 1 / omega.max() <= peak.mean_tau_s <= 1 / omega.min()
        ]
        _continue(tracks, kelvin, peaks)
    long = [track for track in tracks if len(track.peaks) > 1]
    return [_followed(track) for track in sorted(long, key=lambda track: track.peaks[0].mean_tau_s)]


def _by_temperature(
    analysed: Sequence[AnalysedSpectrum], *, allow_violations: bool
) -> list[tuple[float, AnalysedSpectrum]]:
    first: dict[float, AnalysedSpectrum] = {}
    for each in analysed:
        kelvin = each.spectrum.temperature_K
        if kelvin is not None and (allow_violations or each.test.passed):
            first.setdefault(round(kelvin, 1), each)
    return sorted(first.items())


def _continue(tracks: list[_Track], kelvin: float, peaks: Sequence[RelaxationPeak]) -> None:
    """Every peak goes on with the track of the nearest capacitance, the nearest pair first, or begins one."""
    pairs = sorted(
        (abs(_log_capacitance(peak) - _log_capacitance(track.peaks[-1])), i, k)
        for i, track in enumerate(tracks)
        for k, peak in enumerate(peaks)
    )
    gone_on, placed = set[int](), set[int]()
    for apart, i, k in pairs:
        if apart < _APART and i not in gone_on and k not in placed:
            gone_on.add(i)
            placed.add(k)
            tracks[i].temperatures_K.append(kelvin)
            tracks[i].peaks.append(peaks[k])
    tracks += [_Track([kelvin], [peak]) for k, peak in enumerate(peaks) if k not in placed]


def _log_capacitance(peak: RelaxationPeak) -> float:
    return float(np.log(peak.mean_tau_s / peak.resistance_ohm))


def _followed(track: _Track) -> FollowedPeak:
    followed = FollowedPeak(
        capacitance_F=float(np.exp(np.mean([_log_capacitance(peak) for peak in track.peaks]))),
        points=[
            FollowedPoint(
                temperature_K=kelvin,
                tau_s=peak.mean_tau_s,
                ln_tau_std=peak.ln_tau_std,
                resistance_ohm=Measured(value=peak.resistance_ohm, std=peak.resistance_std_ohm),
            )
            for kelvin, peak in zip(track.temperatures_K, track.peaks, strict=True)
        ],
    )
    if len(track.peaks) < _FEWEST:
        return followed
    conductance = np.array([1 / peak.resistance_ohm for peak in track.peaks])
    relative = np.array([max(peak.resistance_std_ohm / peak.resistance_ohm, _LEAST_ERROR) for peak in track.peaks])
    rate = np.array([1 / peak.mean_tau_s for peak in track.peaks])
    rate_std = rate * np.sinh([max(peak.ln_tau_std, _LEAST_ERROR) for peak in track.peaks])
    of_resistance = fit_arrhenius(track.temperatures_K, conductance, conductance * relative)
    of_tau = fit_arrhenius(track.temperatures_K, rate, rate_std, quantity="ln(D)")
    return followed.model_copy(update={**_energies("resistance", of_resistance), **_energies("tau", of_tau)})


def _energies(name: str, fit: ArrheniusFit) -> dict[str, object]:
    return {
        f"{name}_activation_energy_eV": Measured.or_none(fit.activation_energy_eV, fit.activation_energy_std_eV),
        f"{name}_activation_energy_95_eV": fit.activation_energy_95_eV,
        f"{name}_chi2_per_dof": fit.chi2_per_dof,
    }
