"""Corrections of areas by pulse and recycle delay."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from paddlewheel.lab.nmr.excitation import excitation, satellites_apart_Hz, saturation, visible_share


@pytest.mark.parametrize(("cq_MHz", "lost_percent"), [(0.2, 2), (0.4, 8), (0.6, 17), (0.8, 27), (1.0, 37), (1.5, 57)])
def test_the_90_degree_pulse_of_the_paper_loses_what_the_design_says(cq_MHz, lost_percent):
    kept = excitation(spin=1.5, pulse_us=1.73, nutation_Hz=145e3, cq_MHz=cq_MHz)
    assert 100 * (1 - kept) == pytest.approx(lost_percent, abs=0.5)  # printed as whole percents
    third = excitation(spin=1.5, pulse_us=1.73 / 3, nutation_Hz=145e3, cq_MHz=cq_MHz)
    assert third > 0.98


@pytest.mark.parametrize("spin", [1.5, 2.5, 3.5])
def test_a_strongly_split_central_transition_turns_faster_by_the_spin_and_a_half(spin):
    """Selective limit: sin((I + 1/2) beta) / (I + 1/2) over sin(beta), but for angles near the magic one."""
    pulse_us, nutation_Hz = 0.5, 50e3
    angle = 2 * np.pi * nutation_Hz * pulse_us * 1e-6
    cq_MHz = 3.0 * 2 * spin * (2 * spin - 1) / 3  # a splitting of 3 MHz, 60 times the nutation frequency
    kept = excitation(spin=spin, pulse_us=pulse_us, nutation_Hz=nutation_Hz, cq_MHz=cq_MHz)
    selective = np.sin((spin + 0.5) * angle) / (spin + 0.5) / np.sin(angle)
    assert kept == pytest.approx(selective, rel=0.03)


def test_asymmetry_and_spin_one_half_have_their_limits():
    of_pulse = partial(excitation, pulse_us=1.73, nutation_Hz=145e3)
    assert of_pulse(spin=0.5, cq_MHz=1.0) == 1
    near = of_pulse(spin=1.5, cq_MHz=0.8, asymmetry=1e-6)
    assert near == pytest.approx(of_pulse(spin=1.5, cq_MHz=0.8), abs=1e-6)


def test_saturation_of_relaxed_spins_and_of_a_delay_of_one_t1():
    assert saturation(t1_s=1.0, recycle_delay_s=20.0) == pytest.approx(1, abs=1e-8)
    assert saturation(t1_s=2.0, recycle_delay_s=2.0) == pytest.approx(1 - np.exp(-1))
    assert saturation(t1_s=2.0, recycle_delay_s=2.0, flip_angle_deg=30) > 0.9


@pytest.mark.parametrize("spin", [1.5, 2.5])
def test_all_bands_together_have_all_that_a_short_pulse_excites(spin):
    of_bands = partial(visible_share, spin=spin, pulse_us=0.001, nutation_Hz=1e5, cq_MHz=0.6, spinning_Hz=30e3)
    assert of_bands(orders=range(-60, 61), asymmetry=0.3) == pytest.approx(1, abs=1e-4)
    central = 4 / 10 if spin == 1.5 else 9 / 35
    assert of_bands(with_satellites=False) == pytest.approx(central, abs=1e-3)
    assert of_bands() > central


def test_without_a_coupling_a_line_has_all_and_a_small_one_takes_little():
    given = partial(visible_share, spin=1.5, pulse_us=1.73, nutation_Hz=145e3, spinning_Hz=30e3)
    assert given(cq_MHz=0.0) == 1
    assert given(cq_MHz=0.002) == pytest.approx(1, abs=1e-3)
    shares = [given(cq_MHz=cq) for cq in (0.02, 0.05, 0.1, 0.2)]
    assert shares == sorted(shares, reverse=True)


def test_satellites_of_spin_three_halves_lie_three_times_as_far_off_on_the_other_side():
    """The central transition of 11B with C_Q 1 MHz lies at -(1/40) C_Q^2 / nu0 = -195 Hz, its satellites at 390 Hz."""
    assert satellites_apart_Hz(spin=1.5, cq_MHz=1.0, carrier_MHz=128.38) == pytest.approx(3 / 40 / 128.38 * 1e6)
