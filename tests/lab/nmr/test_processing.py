"""Decays to spectra against analytic transforms, and phases that are found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.processing import autophase, phased, to_spectrum
from paddlewheel.lab.nmr.signal import Axis, Signal

AXIS = Axis(nucleus="23Na", carrier_MHz=132.3, reference_MHz=132.294, spectral_width_Hz=20000.0)


def _decay(
    offsets_Hz: tuple[float, ...], *, width_Hz: float = 120.0, delay: float = 0.0, n_points: int = 4096
) -> Signal:
    time_s = (np.arange(n_points) - delay) / AXIS.spectral_width_Hz
    lines = sum(np.exp(2j * np.pi * offset * time_s) for offset in offsets_Hz)
    values = lines * np.exp(-np.pi * width_Hz * time_s) * (time_s >= 0)
    return Signal(values=values[None, :], domain="time", axis=AXIS, name="made", group_delay_points=delay)


def test_a_lorentzian_has_its_position_width_and_integral():
    spectrum = to_spectrum(_decay((3000.0,)), line_broadening_Hz=80.0, zero_fill=4)
    real = spectrum.values[0].real
    offset_Hz = (spectrum.shift_ppm - AXIS.carrier_ppm) * AXIS.reference_MHz
    width = 200.0  # 120 of the line and 80 of the broadening
    expected = (width / 2) / ((offset_Hz - 3000.0) ** 2 + (width / 2) ** 2) / (2 * np.pi)
    # the discrete transform folds the tails of 1/nu in: 1.5e-3 of the peak at 200 Hz of 20 kHz
    assert np.abs(real - expected).max() < 2e-3 * expected.max()
    assert real.sum() * (offset_Hz[1] - offset_Hz[0]) == pytest.approx(0.5, rel=1e-9)  # half of s(0) = 1


def test_a_gaussian_broadening_is_the_width_it_says():
    spectrum = to_spectrum(_decay((0.0,), width_Hz=0.0), gaussian_Hz=300.0, zero_fill=4)
    real = spectrum.values[0].real
    above = np.flatnonzero(real > real.max() / 2)
    assert (above[-1] - above[0]) * 20000.0 / len(real) == pytest.approx(300.0, abs=3.0)  # two points of 1.2 Hz


@pytest.mark.parametrize("delay", [68.0, 66.625])
def test_a_group_delay_leaves_no_phase(delay: float):
    """A filter's delay is a shift in time of what has no frequencies at the edge: a line of Gaussian decay inside."""
    time_s = (np.arange(4096) - delay) / AXIS.spectral_width_Hz
    for offset in (-4000.0, 0.0, 4000.0):
        echo = np.exp(2j * np.pi * offset * time_s) * np.exp(-((time_s / 1e-3) ** 2))
        signal = Signal(values=echo[None, :], domain="time", axis=AXIS, name="echo", group_delay_points=delay)
        values = to_spectrum(signal).values[0]
        # an even envelope about t = 0 has a real transform; what is cut before the first point is exp(-11)
        assert np.abs(values.imag).max() < 1e-4 * values.real.max()


@pytest.mark.parametrize(("phase0", "phase1"), [(0.0, 0.0), (75.0, 0.0), (-120.0, 90.0), (160.0, -300.0)])
def test_phases_are_found_again(phase0: float, phase1: float):
    spectrum = to_spectrum(_decay((-4000.0, 500.0, 3000.0)))
    turned = phased(spectrum, phase0_deg=-phase0, phase1_deg=-phase1)
    found0, found1 = autophase(turned)
    # a start for a fit: within 5 degrees at every line
    for offset in (-4000.0, 500.0, 3000.0):
        wrong = (found0 - phase0 + (found1 - phase1) * offset / 20000.0 + 180.0) % 360.0 - 180.0
        assert abs(wrong) < 5.0


def test_a_row_that_is_inverted_keeps_its_sign():
    spectrum = to_spectrum(_decay((500.0,)))
    both = np.concatenate([-spectrum.values, spectrum.values])
    rows = replace(spectrum, values=both, delays_s=np.array([1e-3, 1.0]))
    found = phased(rows, phase0_deg=autophase(rows)[0], phase1_deg=autophase(rows)[1])
    sums = found.values.real.sum(axis=1)
    assert sums[0] < 0 < sums[1]


def test_what_has_no_phase_is_refused():
    with pytest.raises(DataError, match="a decay has no phase"):
        phased(_decay((0.0,)))
    real = Signal(values=np.ones((1, 8)), domain="frequency", axis=AXIS, name="real", is_complex=False)
    with pytest.raises(DataError, match="only the real part"):
        autophase(real)
    with pytest.raises(DataError, match="fill with fewer zeros"):
        to_spectrum(_decay((0.0,)), zero_fill=10**6)
