"""Thermal functions against closed forms: one oscillator, a Debye crystal, a chain of two masses; and phonopy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from paddlewheel.errors import SettingsError
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.units import BOLTZMANN_eV_PER_K as K
from paddlewheel.units import PER_CM_IN_eV

TEMPERATURES = np.array([0.0, 20.0, 100.0, 300.0, 1000.0])


def test_einstein_crystal_is_its_closed_form() -> None:
    theta = 400.0  # K; 3 modes an atom
    found = harmonic_functions(np.full((1, 3), theta * K / PER_CM_IN_eV), TEMPERATURES, weights=[1.0])
    assert found.zero_point_eV_per_atom == pytest.approx(1.5 * K * theta, rel=1e-12)
    for i, T in enumerate(TEMPERATURES[1:], start=1):
        x = theta / T
        assert found.free_energy_eV_per_atom[i] == pytest.approx(3 * K * T * np.log(2 * np.sinh(x / 2)), rel=1e-11)
        entropy = 3 * K * (x / 2 / np.tanh(x / 2) - np.log(2 * np.sinh(x / 2)))
        # the closed form loses digits where it is the difference of equal numbers
        assert found.entropy_eV_per_K_per_atom[i] == pytest.approx(entropy, rel=1e-9, abs=1e-15)
        capacity = 3 * K * (x / 2 / np.sinh(x / 2)) ** 2
        assert found.heat_capacity_eV_per_K_per_atom[i] == pytest.approx(capacity, rel=1e-11)
    assert found.free_energy_eV_per_atom[0] == found.zero_point_eV_per_atom
    assert found.entropy_eV_per_K_per_atom[0] == found.heat_capacity_eV_per_K_per_atom[0] == 0


def test_debye_crystal_is_the_debye_function_and_t_cubed() -> None:
    theta = 350.0
    # g = 3 omega^2 with the substitution u = (omega / omega_D)^3: midpoints of u carry equal weights
    u = (np.arange(20000) + 0.5) / 20000
    omega = theta * K / PER_CM_IN_eV * np.cbrt(u)
    found = harmonic_functions(omega, [10.0, 100.0, 300.0], weights=np.full(u.size, 3 / u.size))
    assert found.zero_point_eV_per_atom == pytest.approx(9 / 8 * K * theta, rel=1e-6)
    for i, T in enumerate(found.temperature_K):
        debye = 3 * (T / theta) ** 3 * quad(lambda x: x**3 / np.expm1(x), 0, theta / T)[0]
        free = 9 / 8 * K * theta + K * T * (3 * np.log(-np.expm1(-theta / T)) - debye)
        entropy = K * (4 * debye - 3 * np.log(-np.expm1(-theta / T)))
        assert found.free_energy_eV_per_atom[i] == pytest.approx(free, abs=1e-6)
        # midpoints resolve the modes below kT: 1e-3 of theta^3 is 20 points at 10 K
        assert found.entropy_eV_per_K_per_atom[i] == pytest.approx(entropy, rel=2e-2 if T < 50 else 1e-4)
    cold = harmonic_functions(omega, [12.0], weights=np.full(u.size, 3 / u.size))
    t_cubed = 12 * np.pi**4 / 5 * K * (12.0 / theta) ** 3
    assert cold.heat_capacity_eV_per_K_per_atom[0] == pytest.approx(t_cubed, rel=1e-2)


def chain_per_cm(q: np.ndarray, *, spring: float, masses: tuple[float, float]) -> np.ndarray:
    """Both branches [n_q, 2] of a chain of two masses (u) joined by one spring (eV/A^2); q a in radians."""
    one, two = masses
    total = 1 / one + 1 / two
    root = np.sqrt(total**2 - 4 * np.sin(q / 2) ** 2 / (one * two))
    squared = spring * np.stack([total - root, total + root], axis=1)
    hertz = np.sqrt(np.maximum(squared, 0) * 1.602176634e-19 * 1e20 / 1.66053906660e-27) / (2 * np.pi)
    return hertz / 2.99792458e10


def test_diatomic_chain_has_its_classical_free_energy_in_closed_form() -> None:
    """<ln omega> of both branches together is ln(K / sqrt(m1 m2)) / 1, since the mean of ln sin^2 is -2 ln 2."""
    spring, masses = 2.0, (23.0, 10.8)
    q = (np.arange(4000) + 0.5) * np.pi / 4000
    numbers = chain_per_cm(q, spring=spring, masses=masses)
    T = 20000.0  # classical: corrections of (hw / kT)^2 / 24
    found = harmonic_functions(numbers, [T], weights=np.full(q.size, 1 / q.size), n_atoms=2)
    hertz = np.sqrt(spring / np.sqrt(masses[0] * masses[1]) * 1.602176634e-19 * 1e20 / 1.66053906660e-27) / (2 * np.pi)
    mean_logarithm = np.log(hertz / 2.99792458e10 * PER_CM_IN_eV / (K * T))  # a mode, one mode an atom
    assert found.free_energy_eV_per_atom[0] == pytest.approx(K * T * mean_logarithm, rel=2e-4)
    assert found.entropy_eV_per_K_per_atom[0] == pytest.approx(K * (1 - mean_logarithm), rel=2e-4)
    assert found.heat_capacity_eV_per_K_per_atom[0] == pytest.approx(K, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(5.0, 3000.0), min_size=3, max_size=12),
    st.floats(40.0, 1500.0),
)
def test_entropy_is_minus_df_dt_and_capacity_is_t_ds_dt(numbers: list[float], T: float) -> None:
    step = T * 1e-4
    found = harmonic_functions(np.array([numbers]), [T - step, T, T + step], weights=[1.0])
    slope = -(found.free_energy_eV_per_atom[2] - found.free_energy_eV_per_atom[0]) / (2 * step)
    assert slope == pytest.approx(found.entropy_eV_per_K_per_atom[1], rel=1e-5, abs=1e-12)
    rise = T * (found.entropy_eV_per_K_per_atom[2] - found.entropy_eV_per_K_per_atom[0]) / (2 * step)
    assert rise == pytest.approx(found.heat_capacity_eV_per_K_per_atom[1], rel=1e-5, abs=1e-12)


def test_the_papers_sign_of_the_last_term_is_wrong() -> None:
    """Eq. 2 as printed, with a minus before (1/T) sum hw / (exp - 1), is not -dF/dT."""
    found = harmonic_functions(np.array([[200.0]]), [299.0, 300.0, 301.0], weights=[1.0])
    slope = -(found.free_energy_eV_per_atom[2] - found.free_energy_eV_per_atom[0]) / 2
    x = 200.0 * PER_CM_IN_eV / (K * 300.0)
    printed = -K * np.log(1 - np.exp(-x)) - K * x / np.expm1(x)
    assert found.entropy_eV_per_K_per_atom[1] == pytest.approx(slope, rel=1e-5)
    assert printed < 0.5 * slope


def test_splitting_a_cell_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.uniform(50, 2000, (4, 6))
    one = harmonic_functions(numbers, TEMPERATURES, weights=np.full(4, 0.25), n_atoms=2)
    double = harmonic_functions(np.hstack([numbers, numbers]), TEMPERATURES, weights=np.full(4, 0.25), n_atoms=4)
    np.testing.assert_allclose(one.free_energy_eV_per_atom, double.free_energy_eV_per_atom, rtol=1e-12)


def test_falling_temperatures_are_refused() -> None:
    with pytest.raises(SettingsError, match="temperature_K"):
        harmonic_functions(np.array([[200.0]]), [300.0, 100.0], weights=[1.0])
