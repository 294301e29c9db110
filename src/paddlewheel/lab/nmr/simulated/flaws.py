"""What a spectrometer adds to a free induction decay: phase, dead time, ringing, noise, its digital filter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.lab.nmr.signal import Signal

_RINGING_POINTS = 3.0
"""Decay of the ringing, in points: its line is a tenth of the spectrum wide."""
_RINGING_OFFSET = 0.07
"""Its frequency over the spectral width."""


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """What is wrong with a measurement.

    Attributes
    ----------
    phase_deg
        Of the receiver, the same for all rows.
    dead_time_us
        From the pulse to the first point: a phase that grows with the frequency, and broad lines that lose.
    ringing
        Of the probe after the pulse, over the first point of the largest row: a baseline that rolls.
    noise
        Standard deviation of real and of imaginary part, over the largest point of the decay without flaws.
    row_noise
        Relative standard deviation of the gain from row to row: noise along the indirect dimension (t1 noise).
    """

    phase_deg: float = 0.0
    dead_time_us: float = 0.0
    ringing: float = 0.0
    noise: float = 0.0
    row_noise: float = 0.0

    def spoil(self, decays: np.ndarray, rng: np.random.Generator, *, noise_of: float | None = None) -> np.ndarray:
        """The decays `[n_rows, n_points]` as the spectrometer gives them.

        The dead time is the simulation's: it begins later. `noise_of` is what the noise is relative to, where decays
        are one of a series; by default the largest of these points.
        """
        largest = float(np.abs(decays).max()) if noise_of is None else noise_of
        points = np.arange(decays.shape[1])
        ring = largest * self.ringing * np.exp(points * (-1 / _RINGING_POINTS + 2j * np.pi * _RINGING_OFFSET))
        gain = 1 + self.row_noise * rng.standard_normal((decays.shape[0], 1))
        hiss = rng.standard_normal((*decays.shape, 2)) @ np.array([1.0, 1.0j])
        return (gain * (decays + ring)) * np.exp(1j * np.deg2rad(self.phase_deg)) + self.noise * largest * hiss


def digitally_filtered(signal: Signal, group_delay_points: float = 67.98) -> Signal:
    """The same decays behind a digital filter: t = 0 comes after `group_delay_points`, after a rise from zero.

    The filter is a perfect one: it passes every frequency of the spectrum alike. The signal begins within its first
    point, which counts half: before the filter it is sampled much more often.
    """
    n_points = signal.values.shape[1]
    frequencies = np.fft.fftfreq(2 * n_points)
    began = signal.values.copy()
    began[:, 0] *= 0.5
    padded = np.fft.fft(began, 2 * n_points, axis=1)
    delayed = np.fft.ifft(padded * np.exp(-2j * np.pi * frequencies * group_delay_points), axis=1)[:, :n_points]
    return replace(signal, values=delayed, group_delay_points=group_delay_points)
