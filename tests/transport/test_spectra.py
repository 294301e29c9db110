"""Spectra of harmonic oscillators of known frequency and amplitude."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError, ScienceError
from paddlewheel.transport import find_band, highest_wavenumber, orientation_spectrum, power_spectrum
from paddlewheel.transport.spectra import SPEED_OF_LIGHT_CM_PER_FS


def _oscillators(wavenumbers, amplitudes_A, *, interval_fs: float, n_frames: int) -> np.ndarray:
    time = np.arange(n_frames) * interval_fs
    phases = np.arange(len(wavenumbers)) * 0.7
    omega = 2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * np.asarray(wavenumbers)
    path = (np.asarray(amplitudes_A) * np.sin(omega * time[:, None] + phases)).sum(axis=1)
    positions = np.zeros((n_frames, 1, 3))
    positions[:, 0, 0] = path
    return positions


@pytest.mark.parametrize("wavenumber", [350.0, 1132.0, 2401.0, 6000.0])
def test_oscillator_has_its_frequency_and_mean_squared_velocity(wavenumber):
    positions = _oscillators([wavenumber], [0.1], interval_fs=2.0, n_frames=2001)
    spectrum = power_spectrum(positions, frame_interval_fs=2.0)
    band = find_band(spectrum, low_per_cm=wavenumber - 200, high_per_cm=wavenumber + 200)
    assert band is not None
    # a tenth of the resolution: the parabola through a smoothed Hann line
    assert band.peak_per_cm == pytest.approx(wavenumber, abs=spectrum.resolution_per_cm / 10)
    assert band.centre_per_cm == pytest.approx(wavenumber, abs=spectrum.resolution_per_cm / 10)
    omega = 2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * wavenumber
    step = spectrum.wavenumber_per_cm[1]
    # up to 6000 1/cm, 0.72 of the Nyquist frequency: the correction for the finite difference is right
    assert spectrum.power.sum() * step == pytest.approx(0.5 * (0.1 * omega) ** 2, rel=0.02)
    assert band.share > 0.99


def test_two_modes_are_told_apart_and_weighed_by_their_velocities():
    positions = _oscillators([1150.0, 2400.0], [0.1, 0.1], interval_fs=2.0, n_frames=4001)
    spectrum = power_spectrum(positions, frame_interval_fs=2.0)
    bend = find_band(spectrum, low_per_cm=900, high_per_cm=1400)
    stretch = find_band(spectrum, low_per_cm=2100, high_per_cm=2700)
    assert bend is not None
    assert stretch is not None
    assert stretch.share / bend.share == pytest.approx((2400 / 1150) ** 2, rel=0.02)


def test_masses_weigh_the_atoms():
    light = _oscillators([500.0], [0.1], interval_fs=2.0, n_frames=1001)
    heavy = _oscillators([1500.0], [0.1], interval_fs=2.0, n_frames=1001)
    both = np.concatenate([light, heavy], axis=1)
    spectrum = power_spectrum(both, frame_interval_fs=2.0, masses_u=np.array([9.0, 1.0]))
    low = find_band(spectrum, low_per_cm=300, high_per_cm=700)
    high = find_band(spectrum, low_per_cm=1300, high_per_cm=1700)
    assert low is not None
    assert high is not None
    assert low.share == pytest.approx(high.share, rel=0.02)  # equal kinetic energies: 9 x 500^2 = 1 x 1500^2


def test_rounding_of_the_positions_is_taken_off():
    exact = _oscillators([400.0], [0.02], interval_fs=2.0, n_frames=4001)
    exact[:, 0, 1] = exact[::-1, 0, 0]
    exact[:, 0, 2] = 0.7 * exact[:, 0, 0]
    rounded = np.round(exact / 0.001) * 0.001
    centres = []
    for positions, quantum_A in ((exact, 0.0), (rounded, 0.0), (rounded, 0.001)):
        spectrum = power_spectrum(positions, frame_interval_fs=2.0, quantum_A=quantum_A)
        band = find_band(spectrum, low_per_cm=50, high_per_cm=8000)
        assert band is not None
        centres.append(band.centre_per_cm)
    true, raw, cleaned = centres
    assert raw > true + 50  # the noise matters here, or the test could not fail
    # single bins of the noise scatter by its own size, and what is negative is cut off: a quarter of it stays
    assert cleaned - true < 0.35 * (raw - true)


def test_empty_band_is_none_and_a_short_run_refused():
    positions = _oscillators([500.0], [0.1], interval_fs=2.0, n_frames=1001)
    assert find_band(power_spectrum(positions, frame_interval_fs=2.0), low_per_cm=3000, high_per_cm=4000) is None
    with pytest.raises(ScienceError, match="too short"):
        power_spectrum(positions[:100], frame_interval_fs=2.0)


def _rotors(turn_per_cm: float, *, stretch_per_cm: float = 0.0, n_frames: int = 4001) -> np.ndarray:
    """Bonds of 1.2 A that turn in the xy plane, their length going up and down by a tenth."""
    time = np.arange(n_frames) * 2.0
    omega, stretch = (2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * one for one in (turn_per_cm, stretch_per_cm))
    phases = np.array([0.0, 1.0, 2.0])
    angle = omega * time[:, None] + phases
    length = 1.2 * (1 + 0.1 * np.sin(stretch * time))[:, None, None]
    return length * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=2)


@pytest.mark.parametrize("wavenumber", [120.0, 900.0])
def test_turning_bond_has_its_line_all_the_power_and_no_stretch(wavenumber):
    spectrum, mobile = orientation_spectrum(_rotors(wavenumber, stretch_per_cm=2400.0), frame_interval_fs=2.0)
    band = find_band(spectrum, low_per_cm=wavenumber - 100, high_per_cm=wavenumber + 100)
    assert band is not None
    assert band.peak_per_cm == pytest.approx(wavenumber, abs=spectrum.resolution_per_cm / 10)
    assert mobile == pytest.approx(1.0, abs=0.01)  # whole turns but for the last
    step = spectrum.wavenumber_per_cm[1]
    assert spectrum.power.sum() * step == pytest.approx(1.0, rel=0.02)
    assert band.share > 0.97
    assert spectrum.power[spectrum.wavenumber_per_cm > 2200].sum() * step < 1e-4


def test_libration_of_known_amplitude():
    time = np.arange(4001) * 2.0
    angle = 0.1 * np.sin(2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * 350.0 * time)[:, None]
    bonds = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=2)
    spectrum, mobile = orientation_spectrum(bonds, frame_interval_fs=2.0)
    # 1 - <cos>^2 = 1 - J0(0.1)^2 = 0.1^2 / 2 to a percent
    assert mobile == pytest.approx(0.005, rel=0.01)
    band = find_band(spectrum, low_per_cm=250, high_per_cm=450)
    assert band is not None
    assert band.share > 0.98


def test_orientation_does_not_change_under_rotation_scale_and_order():
    rng = np.random.default_rng(0)
    bonds = rng.normal(size=(600, 4, 3)).cumsum(axis=0) + 30.0
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    plain, mobile = orientation_spectrum(bonds, frame_interval_fs=2.0)
    for other in (bonds @ rotation, 2.5 * bonds, bonds[:, ::-1]):
        again, share = orientation_spectrum(other, frame_interval_fs=2.0)
        np.testing.assert_allclose(again.power, plain.power, rtol=1e-6, atol=1e-12)
        assert share == pytest.approx(mobile, abs=1e-9)


def test_nyquist_and_a_bond_without_length():
    # 10 fs: 1 / (2 x 10e-15 s x 2.998e10 cm/s) = 1667.8 1/cm
    assert highest_wavenumber(10.0) == pytest.approx(1667.8, abs=0.1)
    with pytest.raises(InputError, match="on the centre"):
        orientation_spectrum(np.zeros((600, 1, 3)), frame_interval_fs=2.0)
