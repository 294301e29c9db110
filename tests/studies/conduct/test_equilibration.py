"""The data choose where the production begins, the record and the verdict say so; `auto` leaves out what a thermostat
needs."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.dynamics import Ensemble
from paddlewheel.errors import SettingsError
from paddlewheel.studies.conduct.measure import analyse_temperature
from paddlewheel.studies.conduct.naming import equilibration_sentences
from paddlewheel.studies.conduct.record import TemperatureResult
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.study import ConductSettings
from paddlewheel.studies.motion.hop_distance import HopDistance
from paddlewheel.studies.simulation.settings import DynamicsSettings
from paddlewheel.trajectories import Displacements

N_FRAMES, INTERVAL_PS = 1500, 0.02


@pytest.mark.parametrize(("ensemble", "left_out_ps"), [("nvt", 0.5), ("npt", 0.5), ("langevin", 0.5), ("nve", 2.0)])
def test_auto_is_the_run_of_that_number(ensemble: Ensemble, left_out_ps: float) -> None:
    auto = DynamicsSettings(ensemble=ensemble, equilibrate_ps="auto").dynamics(temperature_K=700.0)
    number = DynamicsSettings(ensemble=ensemble, equilibrate_ps=left_out_ps).dynamics(temperature_K=700.0)
    assert auto.document() == number.document()  # of the keys of units, so that directories of before are read
    assert auto.equilibrate_ps == left_out_ps


def test_the_equilibration_is_auto_or_a_time() -> None:
    assert ConductSettings(equilibrate_ps="2.5").left_out_ps == 2.5
    assert ConductSettings().left_out_ps == 2.0
    for given in ("automatic", "-1", "nan", -1.0):
        with pytest.raises(SettingsError, match="neither auto nor a time"):
            ConductSettings(equilibrate_ps=given)


def _row(energies_eV: list[np.ndarray], equilibrate_ps: float | None = None) -> TemperatureResult:
    rng = np.random.default_rng(5)
    paths = [
        Displacements(
            positions_A=rng.normal(scale=0.3, size=(N_FRAMES, 12, 3)).cumsum(axis=0), mean_cell_A=11.4 * np.eye(3),
            volumes_A3=np.full(N_FRAMES, 1500.0), frame_interval_fs=1000 * INTERVAL_PS, indices=np.arange(12),
            symbol="Na", density_g_per_cm3=1.0, drift_removed="none", cell_lengths_mean_A=np.full(3, 11.4),
            cell_lengths_std_A=np.zeros(3), largest_strain=0.0,
        )
        for _ in energies_eV
    ]  # fmt: skip
    runs = TemperatureRuns(
        temperature_K=700.0, displacements=paths, n_ions=12, mass_u=1000.0, volume_A3=1500.0,
        production_ps=INTERVAL_PS * (N_FRAMES - 1), hop_distance=HopDistance(value_A=2.0, origin="by hand"),
        state=[
            {"potential_energy_eV": energies, "volume_A3": np.full(N_FRAMES, 1500.0),
             "pressure_GPa": rng.normal(size=N_FRAMES)}
            for energies in energies_eV
        ],
        equilibrate_ps=equilibrate_ps,
    )  # fmt: skip
    return analyse_temperature(runs, charge_e=1.0, minimum_onset_ps=0.5).row


def _energies(amplitude: float, time_ps: float) -> list[np.ndarray]:
    noise = np.random.default_rng(6).normal(size=(2, N_FRAMES))
    return list(noise + amplitude * np.exp(-INTERVAL_PS * np.arange(N_FRAMES) / time_ps))


def test_what_relaxes_is_left_out_and_the_record_says_by_what() -> None:
    row = _row(_energies(3.0, 1.5), equilibrate_ps=0.5)
    found = row.equilibration
    assert found is not None
    assert row.status == "ok"
    assert found.by == ["potential energy"]
    assert found.tested == ["potential energy", "pressure", "mobility"]
    assert 2 * 1.5 < found.t0_ps < 8 * 1.5  # from 3 sigma to a tenth of the error of the mean: 2 to 7 relaxation times
    assert found.t0_ps == pytest.approx(row.left_out_ps)
    assert found.fraction_discarded == pytest.approx(found.t0_ps / (INTERVAL_PS * (N_FRAMES - 1)), abs=1e-6)
    assert found.lasts is None
    line = equilibration_sentences([row])[0]
    assert "after the 0.5 ps of the setting" in line
    assert f"{found.t0_ps:.3g} ps more" in line


def test_what_relaxes_for_longer_than_the_run_is_refused_with_the_length_it_takes() -> None:
    row = _row(_energies(3.0, 10.0))
    found = row.equilibration
    assert found is not None
    assert row.status == "not-stationary"
    assert row.diffusivity_cm2_per_s is None
    assert found.lasts == "potential energy"
    # a second half of four relaxation times takes 80 ps; the time is known to a factor of two from a third of them
    assert found.needs_ps is not None
    assert 40 < found.needs_ps < 200
    assert row.reason is not None
    assert f"runs of about {found.needs_ps:.2g} ps" in row.reason
    assert "Run longer" in equilibration_sentences([row])[1]


def test_settled_runs_are_left_whole() -> None:
    row = _row(_energies(0.0, 1.0))
    assert row.equilibration is not None
    assert row.equilibration.by == []
    assert row.equilibration.t0_ps == 0.0
    assert "leave out nothing more" in equilibration_sentences([row])[0]
