"""The quasi-harmonic volume against the identity of Grueneisen, of a crystal whose frequencies are a power of V."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import ScienceError
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.quasi_harmonic import quasi_harmonic
from paddlewheel.units import BOLTZMANN_eV_PER_K, eV_PER_A3_IN_GPA

V0, BULK_GPA, GAMMA, NUMBER_PER_CM = 10.0, 90.0, 2.0, 250.0


def _crystal(volumes: np.ndarray, T: np.ndarray):
    static = 0.5 * BULK_GPA / eV_PER_A3_IN_GPA * (volumes - V0) ** 2 / V0
    thermal = [
        harmonic_functions(np.full((1, 3), NUMBER_PER_CM * (v / V0) ** -GAMMA), T, weights=[1.0]) for v in volumes
    ]
    return static, thermal


def test_expansion_obeys_grueneisen_and_cp_is_larger_than_cv() -> None:
    T = np.arange(0.0, 431.0, 10.0)
    volumes = V0 * np.array([0.97, 0.99, 1.0, 1.01, 1.03, 1.05, 1.08])
    static, thermal = _crystal(volumes, T)
    found = quasi_harmonic(volumes, static, thermal)
    for temperature in (200.0, 300.0, 400.0):
        i = int(np.flatnonzero(found.temperature_K == temperature)[0])
        V = found.volume_A3_per_atom[i]
        cv = harmonic_functions(
            np.full((1, 3), NUMBER_PER_CM * (V / V0) ** -GAMMA), [temperature], weights=[1.0]
        ).heat_capacity_eV_per_K_per_atom[0]
        bulk = found.bulk_modulus_GPa[i] / eV_PER_A3_IN_GPA
        # alpha B V = gamma Cv, exactly; 3 % for the equation of state that is not the crystal's own
        assert found.thermal_expansion_per_K[i] * bulk * V == pytest.approx(GAMMA * cv, rel=0.03)
        extra = temperature * V * bulk * found.thermal_expansion_per_K[i] ** 2
        assert found.heat_capacity_eV_per_K_per_atom[i] == pytest.approx(cv + extra, abs=0.03 * 3 * BOLTZMANN_eV_PER_K)


def test_result_ends_where_the_volume_leaves_the_range() -> None:
    T = np.arange(0.0, 831.0, 10.0)
    volumes = V0 * np.linspace(0.97, 1.03, 7)
    static, thermal = _crystal(volumes, T)
    found = quasi_harmonic(volumes, static, thermal)
    assert found.temperature_K[-1] < 800
    assert found.volume_A3_per_atom.max() <= volumes.max()
    with pytest.raises(ScienceError, match="already outside"):
        quasi_harmonic(volumes[:5] - 0.4, _crystal(volumes[:5] - 0.4, T)[0], _crystal(volumes[:5] - 0.4, T)[1])
    with pytest.raises(ScienceError, match="4 volumes"):
        quasi_harmonic(volumes[:4], static[:4], thermal[:4])
