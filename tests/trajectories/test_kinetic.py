"""The kinetic temperature of frames: that of oscillators of a known one, and silent where frames are too far apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.trajectories import Trajectory, read_trajectory
from paddlewheel.trajectories.kinetic import kinetic_temperature
from paddlewheel.units import ATOMIC_MASS_KG, BOLTZMANN_J_PER_K

MASS_NA_U = 22.98976928


def _oscillators(temperature_K: float, *, period_fs: float, interval_fs: float, n_atoms: int = 200, seed: int = 0):
    """Na on a grid, each an independent oscillator with the mean energy of the temperature (equipartition)."""
    rng = np.random.default_rng(seed)
    omega = 2 * np.pi / (period_fs * 1e-15)
    spread_A = np.sqrt(BOLTZMANN_J_PER_K * temperature_K / (MASS_NA_U * ATOMIC_MASS_KG)) / omega * 1e10
    cos, sin = rng.normal(scale=spread_A, size=(2, n_atoms, 3))
    time_s = np.arange(300)[:, None, None] * interval_fs * 1e-15
    sites = np.stack(np.meshgrid(*[np.arange(6)] * 3), axis=-1).reshape(-1, 3)[:n_atoms] * 5.0
    positions = sites + cos * np.cos(omega * time_s) + sin * np.sin(omega * time_s)
    return Trajectory.from_arrays(
        positions_A=positions, cell_A=np.eye(3) * 30.0, symbols=["Na"] * n_atoms, frame_interval_fs=interval_fs
    )


@given(temperature_K=st.floats(50, 2000), slow=st.floats(12, 60), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_temperature_of_oscillators_is_found(temperature_K: float, slow: float, seed: int) -> None:
    """12 frames a period are a ratio of 3.73; equipartition over 600 oscillators is known to 6 %, three sigma of it."""
    found = kinetic_temperature(_oscillators(temperature_K, period_fs=10 * slow, interval_fs=10.0, seed=seed))
    assert found is not None
    assert found.temperature_K == pytest.approx(temperature_K, rel=0.20)


def test_it_goes_with_the_square_of_the_interval() -> None:
    trajectory = _oscillators(600.0, period_fs=300.0, interval_fs=10.0)
    right = kinetic_temperature(trajectory)
    wrong = kinetic_temperature(trajectory.with_frame_interval(100.0))
    assert right is not None
    assert wrong is not None
    assert right.temperature_K == pytest.approx(100 * wrong.temperature_K)
    assert right.temperature_K == pytest.approx(600.0, rel=0.1)


@pytest.mark.parametrize("period_fs", [25.0, 45.0])
def test_frames_that_are_too_far_apart_say_nothing(period_fs: float) -> None:
    assert kinetic_temperature(_oscillators(600.0, period_fs=period_fs, interval_fs=10.0)) is None


def test_a_random_walk_has_no_temperature() -> None:
    steps = np.random.default_rng(1).normal(scale=0.1, size=(400, 20, 3))
    walk = Trajectory.from_arrays(
        positions_A=np.cumsum(steps, axis=0), cell_A=np.eye(3) * 30, symbols=["Li"] * 20, frame_interval_fs=10.0
    )
    assert kinetic_temperature(walk) is None


def test_atoms_at_rest_and_few_frames_have_none() -> None:
    still = np.tile([[[1.0, 1, 1], [3, 3, 3]]], (20, 1, 1))
    for positions in (still, still[:4]):
        trajectory = Trajectory.from_arrays(
            positions_A=positions, cell_A=np.eye(3) * 9, symbols=["Na", "Cl"], frame_interval_fs=10.0
        )
        assert kinetic_temperature(trajectory) is None


@pytest.mark.parametrize("temperature_K", [600, 800])
def test_runs_of_o_nbh_have_their_temperature(shared: Path, temperature_K: int) -> None:
    """Molecular dynamics of 12 Na over 18 ps: the error is told, and holds."""
    run = read_trajectory(shared / f"data/trajectories/oNBH_{temperature_K}K.npz", frame_interval_fs=10)
    found = kinetic_temperature(run)
    assert found is not None
    assert found.element == "Na"
    assert abs(found.temperature_K - temperature_K) < 3 * found.std_K
    assert found.std_K < 0.06 * temperature_K
