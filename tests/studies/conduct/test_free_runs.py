"""Runs without a thermostat are measured at the temperature that they had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from paddlewheel.records import HealthCheck
from paddlewheel.studies.conduct.fit import fit_temperatures
from paddlewheel.studies.conduct.measure import analyse_temperature
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns
from paddlewheel.studies.motion.free_runs import mean_ran_K
from paddlewheel.trajectories import Displacements
from paddlewheel.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, BOLTZMANN_eV_PER_K

ENERGY_eV = 0.3


def _walk(asked_K: float, ran_K: float | None, health: Sequence[HealthCheck] = ()) -> Analysed:
    """Ions with the steps of an Arrhenius law at the temperature that ruled."""
    rng = np.random.default_rng(3)
    n_frames, n_ions = 2000, 20
    step_A = 4.0 * np.exp(-ENERGY_eV / (2 * BOLTZMANN_eV_PER_K * (ran_K or asked_K)))
    displacements = Displacements(
        positions_A=rng.normal(scale=step_A, size=(n_frames, n_ions, 3)).cumsum(axis=0),
        mean_cell_A=np.eye(3) * 10, volumes_A3=np.full(n_frames, 1000.0), frame_interval_fs=10.0,
        indices=np.arange(n_ions), symbol="Na", density_g_per_cm3=1.0, drift_removed="none",
        cell_lengths_mean_A=np.full(3, 10.0), cell_lengths_std_A=np.zeros(3),
    )  # fmt: skip
    runs = TemperatureRuns(
        temperature_K=asked_K, displacements=[displacements], n_ions=n_ions, mass_u=600.0, volume_A3=1000.0,
        production_ps=20.0, ran_K=ran_K, health=health,
    )  # fmt: skip
    return analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.0)  # walks have no cages to leave


def test_conductivity_and_fit_take_the_temperature_that_ran() -> None:
    """900 K asked and 814 K run: n e^2 D / (V k 814), and the activation energy of the law, not 0.3 less a sixth."""
    rows = [_walk(600.0, 520.0), _walk(900.0, 814.0)]
    row = rows[1].row
    assert (row.temperature_K, row.temperature_ran_K) == (900.0, 814.0)
    assert row.diffusivity_cm2_per_s is not None
    assert row.conductivity_mS_per_cm is not None
    per_m3 = 20 / (1000.0 * 1e-30)
    siemens_per_m = per_m3 * ELEMENTARY_CHARGE_C**2 * row.diffusivity_cm2_per_s.value * 1e-4
    assert row.conductivity_mS_per_cm.value == pytest.approx(siemens_per_m / (BOLTZMANN_J_PER_K * 814.0) * 10)
    found = fit_temperatures(rows)
    assert found.fit is not None
    assert found.fit.without_prior is not None
    # the same steps, scaled
    assert found.fit.without_prior.activation_energy_eV == pytest.approx(ENERGY_eV, rel=1e-6)
    assert found.result.temperatures_used_K == [600.0, 900.0]


def test_a_thermostat_keeps_the_temperature_asked_for() -> None:
    assert _walk(600.0, None).row.at_K == 600.0
    assert mean_ran_K([590.0, 600.0]) == 595.0
    assert mean_ran_K([590.0, None]) is None  # one of them had a thermostat


def test_what_several_runs_warn_of_is_said_once() -> None:
    pressures = [HealthCheck(name="pressure", status="warning", detail=f"mean {value} GPa") for value in (0.9, 1.1)]
    drift = HealthCheck(name="energy-drift", status="warning", detail="2 meV/atom/ps")
    warnings = _walk(600.0, None, [*pressures, drift]).row.warnings
    assert "pressure: mean 0.9 GPa (the first of 2 runs that warn of it)" in warnings
    assert "energy-drift: 2 meV/atom/ps" in warnings
    assert not any("1.1" in text for text in warnings)
