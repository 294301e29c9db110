"""The MSD against its definition, against analytic truths, and under the symmetries it must have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport import mean_squared_displacement

seeds = st.integers(0, 2**32 - 1)


def _walk(seed: int, n_frames: int = 60, n_ions: int = 19) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_frames, n_ions, 3)).cumsum(axis=0)


def _msd(positions: np.ndarray, **keywords):
    return mean_squared_displacement(positions, frame_interval_fs=10.0, **keywords)


def test_equals_the_definition_summed_over_all_origins():
    positions = _walk(1)
    found = _msd(positions)
    total = positions.sum(axis=1)
    for lag in range(1, positions.shape[0]):
        step = positions[lag:] - positions[:-lag]
        # 1e-11: rounding of a transform of numbers of order 100 in float64
        np.testing.assert_allclose(found.per_ion_A2[lag], (step**2).sum(axis=2).mean(axis=0), rtol=1e-11)
        np.testing.assert_allclose(found.by_component_A2[lag], (step**2).mean(axis=(0, 1)), rtol=1e-11)
        charge = ((total[lag:] - total[:-lag]) ** 2).sum(axis=1).mean() / positions.shape[1]
        assert found.collective_A2[lag] == pytest.approx(charge, rel=1e-11)
    np.testing.assert_allclose(found.msd_A2, found.per_ion_A2.mean(axis=1), rtol=1e-11, atol=1e-11)
    assert found.msd_A2[0] == 0.0
    assert found.lag_ps[3] == pytest.approx(0.03)


def test_chosen_lags_are_those_of_the_whole():
    positions = _walk(2)
    np.testing.assert_array_equal(_msd(positions, lags=[1, 7, 59]).per_ion_A2, _msd(positions).per_ion_A2[[1, 7, 59]])


def test_offset_of_200_A_changes_nothing():
    # a vibration of 0.01 A: single precision would lose it under the offset
    positions = np.random.default_rng(3).normal(scale=0.01, size=(500, 10, 3))
    moved = _msd(positions + 200.0).per_ion_A2[1:]
    # 1e-9: 200 A in float64 is known to 3e-14 A, a part in 3e11 of the vibration
    np.testing.assert_allclose(moved, _msd(positions).per_ion_A2[1:], rtol=1e-9)


def test_ballistic_motion_is_exactly_quadratic():
    velocity = np.random.default_rng(4).normal(size=(1, 5, 3))
    found = _msd(np.arange(50.0)[:, None, None] * velocity)
    expected = np.arange(50.0)[:, None] ** 2 * (velocity[0] ** 2).sum(axis=1)
    np.testing.assert_allclose(found.per_ion_A2, expected, rtol=1e-10, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_order_of_ions_direction_of_time_rotation_and_unit(seed):
    positions = _walk(seed)
    rng = np.random.default_rng(seed)
    found = _msd(positions)
    order = rng.permutation(positions.shape[1])
    np.testing.assert_allclose(_msd(positions[:, order]).per_ion_A2, found.per_ion_A2[:, order], rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(_msd(positions[::-1]).msd_A2, found.msd_A2, rtol=1e-10, atol=1e-9)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    np.testing.assert_allclose(_msd(positions @ rotation).msd_A2, found.msd_A2, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(_msd(positions * 10.0).msd_A2, 100.0 * found.msd_A2, rtol=1e-10, atol=1e-7)


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        (np.zeros((5, 3)), "shape"),
        (np.zeros((5, 0, 3)), "no mobile ion"),
        (np.zeros((1, 2, 3)), "needs two"),
        (np.full((5, 2, 3), np.nan), "frame 0"),
        ([[[0.0, 0.0, 0.0]], [[0.0]]], "not one array"),
    ],
)
def test_bad_positions_are_refused_in_one_line(positions, words):
    with pytest.raises(InputError, match=words):
        _msd(positions)


def test_bad_settings_are_refused():
    with pytest.raises(SettingsError, match="frame interval"):
        mean_squared_displacement(_walk(0), frame_interval_fs=0.0)
    with pytest.raises(SettingsError, match="outside"):
        _msd(_walk(0), lags=[60])
