"""Barriers from several rates against exact solutions; temperatures at zero rate against the lag that was put in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from paddlewheel.lab.dsc.kinetics import at_zero_rate, friedman, kissinger, ozawa, shift_K, why_no_barrier

R = 8.314462618e-3
RATES = np.array([1.25, 2.5, 5.0, 10.0, 20.0])


def peaks_C(energy: float, ln_prefactor: float) -> np.ndarray:
    """Where beta E / (R T^2) = A exp(-E / (R T)), the maximum of a first-order reaction, exactly."""

    def late(kelvin: float, rate: float) -> float:
        return float(np.log(rate / 60 * energy / (R * kelvin**2)) - ln_prefactor + energy / (R * kelvin))

    kelvins: list[float] = [float(brentq(late, 200, 1500, args=(rate,))) for rate in RATES]  # pyright: ignore[reportArgumentType]
    return np.array(kelvins) - 273.15


def test_kissinger_gives_the_barrier_and_the_prefactor_of_a_first_order_reaction():
    found = kissinger(RATES, peaks_C(120.0, 28.0), np.full(5, 0.1))
    assert found is not None
    assert found.ln_prefactor_per_s is not None
    assert found.energy_kJ_per_mol.value == pytest.approx(120.0, abs=1e-6)
    assert found.ln_prefactor_per_s.value == pytest.approx(28.0, abs=1e-6)


def test_kissinger_errors_hold_the_truth():
    random = np.random.default_rng(5)
    exact = peaks_C(120.0, 28.0)
    ratios = []
    for _ in range(200):
        found = kissinger(RATES, exact + random.normal(0, 0.3, 5), np.full(5, 0.3))
        assert found is not None
        ratios.append((found.energy_kJ_per_mol.value - 120.0) / found.energy_kJ_per_mol.std)
    # widened by the chi2 of three degrees of freedom, so a little wider than one
    assert 0.6 < float(np.std(ratios)) < 1.1


def test_ozawa_agrees_with_kissinger_once_doyle_is_corrected():
    found = ozawa(RATES, peaks_C(120.0, 28.0), np.full(5, 0.1))
    # the peak of a first-order reaction is not exactly at one conversion: 0.5 % is what that leaves
    assert found is not None
    assert found.energy_kJ_per_mol.value == pytest.approx(120.0, rel=0.005)


def test_friedman_is_exact_at_one_conversion():
    temperatures = np.array([300.0, 310.0, 322.0, 335.0, 350.0])
    rates = np.exp(20.0 - 90.0 / (R * (temperatures + 273.15)))
    found = friedman(RATES, temperatures, rates, 0.5, np.full(5, 0.1))
    assert found is not None
    assert found.energy_kJ_per_mol.value == pytest.approx(90.0, abs=1e-6)


def test_two_rates_give_nothing():
    assert kissinger(RATES[:2], np.array([100.0, 110.0]), np.full(2, 0.1)) is None
    assert at_zero_rate(RATES[:2], np.array([100.0, 110.0]), np.full(2, 0.1)) is None


@pytest.mark.parametrize(("form", "lag"), [("linear", RATES), ("square root", np.sqrt(RATES))])
def test_zero_rate_finds_the_form_of_the_lag(form: str, lag: np.ndarray):
    found = at_zero_rate(RATES, 130.0 + 0.8 * lag, np.full(5, 0.05))
    assert found is not None
    assert found.form == form
    assert found.temperature_C.value == pytest.approx(130.0, abs=2 * found.temperature_C.std)
    assert found.lag.value == pytest.approx(0.8, abs=0.02)


def test_melting_has_no_barrier_and_a_stiff_line_is_none():
    melted = kissinger(RATES, np.array([130.0, 130.4, 131.2, 132.8, 136.0]), np.full(5, 0.1))
    assert melted is not None
    assert "thermal lag" in (why_no_barrier("melting", melted) or "")
    assert "no barrier" in (why_no_barrier("decomposition", melted) or "")
    real = kissinger(RATES, peaks_C(120.0, 28.0), np.full(5, 0.1))
    assert real is not None
    assert why_no_barrier("decomposition", real) is None


def test_a_peak_moves_between_two_rates_as_kissinger_says():
    exact = peaks_C(150.0, 30.0)
    assert shift_K(exact[2], 150.0, 5.0, 10.0) == pytest.approx(exact[3] - exact[2], abs=1e-6)
