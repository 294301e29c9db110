"""van Hove functions of motions that are known: random walks, hops, crystals, ideal gases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import hops, random_walk, vibration_and_hops

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport import log_spaced_lags, van_hove_distinct, van_hove_self

STEP_FS = 10.0
CUBE = np.eye(3) * 12.0


def _self(*replicas: np.ndarray, lags=(1, 4, 16), **more):
    return van_hove_self(list(replicas), frame_interval_fs=STEP_FS, lags=np.array(lags), **more)


def _distinct(positions: np.ndarray, cell: np.ndarray, lags=(0, 2), range_A=6.0, **more):
    return van_hove_distinct(
        [positions], [cell], frame_interval_fs=STEP_FS, lags=np.array(lags), range_A=range_A, **more
    )


def test_random_walk_is_gaussian_with_its_width_and_alpha_zero():
    positions, _ = random_walk(np.random.default_rng(1), n_ions=200, n_frames=400, step_A=0.3)
    found = _self(positions, bin_A=0.1)
    for k, lag in enumerate((1, 4, 16)):
        variance = 0.09 * lag
        r = found.r_A
        # mean over a bin of 4 pi r^2 exp(-r^2 / 2 s^2) / (2 pi s^2)^1.5, by Simpson's rule
        ends = found.edges_A
        values = [4 * np.pi * x**2 * np.exp(-(x**2) / 2 / variance) / (2 * np.pi * variance) ** 1.5
                  for x in (ends[:-1], r, ends[1:])]  # fmt: skip
        expected = (values[0] + 4 * values[1] + values[2]) / 6
        # the error is that of ions, which are independent here: five of them, over some hundred bins
        assert (np.abs(found.density_per_A[k] - expected) < 5 * found.std_per_A[k] + 2e-3).all()
        assert found.density_per_A[k].sum() * 0.1 == pytest.approx(1.0, abs=1e-12)
        assert abs(found.alpha_2[k]) < 4 * found.alpha_2_std[k]
        assert found.alpha_2_std[k] < 0.05
        assert found.msd_A2[k] == pytest.approx(3 * variance, rel=0.02)  # 80,000 steps, but overlapping
    volumes = 4 / 3 * np.pi * np.diff(found.edges_A**3)
    np.testing.assert_allclose((found.density_per_A3 * volumes).sum(axis=1), 1.0)


def test_one_displacement_falls_in_its_bin_and_beyond_the_range():
    positions = np.zeros((3, 1, 3))
    positions[1, 0] = (3.0, 4.0, 0.0)
    positions[2, 0] = (3.0, 4.0, 0.2)
    found = _self(positions, lags=(1, 2), bin_A=1.0, range_A=3.0)
    # displacements 5 and 0.2 A at lag 1; sqrt(25.04) at lag 2
    np.testing.assert_allclose(found.density_per_A, [[0.5, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(found.beyond, [0.5, 1.0])
    assert found.msd_A2[0] == pytest.approx((25 + 0.04) / 2)
    # <r^4> = (625 + 0.0016) / 2: alpha_2 by hand
    assert found.alpha_2[0] == pytest.approx(0.6 * (625 + 0.0016) / 2 / ((25 + 0.04) / 2) ** 2 - 1)


def test_hops_have_the_alpha_of_a_poisson_process():
    # hops of length a along the axes at a mean number of them n: <r^2> = n a^2, <r^4> = n a^4 + 5/3 n^2 a^4, so that
    # alpha_2 = 3 / (5 n): fourth cumulants of a compound Poisson process
    positions, _ = hops(np.random.default_rng(3), n_ions=400, n_frames=600, per_ion=12.0)
    lags = np.array([5, 25, 100, 300])
    found = _self(positions, lags=lags)
    expected = 3 / (5 * 12.0 * lags / 600)
    assert (np.abs(found.alpha_2 - expected) < 4 * found.alpha_2_std).all()
    assert (found.alpha_2_std[:2] < 0.1 * expected[:2]).all()


def test_vibration_and_hops_are_heterogeneous_until_all_have_hopped():
    positions, _ = vibration_and_hops(np.random.default_rng(4), n_ions=200, n_frames=3000, per_ion=60)
    found = _self(positions, lags=(1, 30, 1400))
    # few hops on a small vibration, few hops, 28 hops each (3/5 over their number: 0.02)
    assert found.alpha_2[0] > found.alpha_2[1] + 5 * found.alpha_2_std[0]
    assert found.alpha_2[1] > 5 * found.alpha_2_std[1]
    assert found.alpha_2[2] < 0.1


def test_strided_origins_give_the_same_within_errors():
    positions, _ = random_walk(np.random.default_rng(5), n_ions=100, n_frames=500)
    every, third = _self(positions), _self(positions, origin_stride=3)
    np.testing.assert_allclose(third.msd_A2, every.msd_A2, rtol=0.05)
    assert np.abs(third.alpha_2 - every.alpha_2).max() < 0.1


def test_error_of_alpha_is_that_of_independent_ions():
    values = []
    for seed in range(40):
        positions, _ = hops(np.random.default_rng(seed), n_ions=50, n_frames=200, per_ion=6.0)
        found = _self(positions, lags=(20,))
        values.append((found.alpha_2[0], found.alpha_2_std[0]))
    scatter, told = np.std([one for one, _ in values]), np.mean([std for _, std in values])
    assert told == pytest.approx(scatter, rel=0.4)  # 40 samples know their scatter to 11 %; the jackknife is skewed


def test_ideal_gas_is_the_density_at_every_time_even_in_a_skewed_cell():
    rng = np.random.default_rng(6)
    cell = np.array([[9.0, 0, 0], [4.0, 8.0, 0], [-1.0, 2.0, 8.5]])
    positions = rng.random((150, 60, 3)) @ cell
    found = _distinct(positions, cell, range_A=8.0, bin_A=0.5, n_origins=150)
    at_zero, later = found.g[0, 4:], found.g[1, 4:]
    # N - 1 others, and no image of itself nearer than 8 A at lag 0; at later times itself is anywhere but in its place
    np.testing.assert_allclose(at_zero, 59 / 60, atol=0.03)
    assert (np.abs(later - 1) < 5 * found.std[1, 4:] + 1 / 60).all()
    assert found.density_per_A3 == pytest.approx(60 / abs(np.linalg.det(cell)))


def test_a_crystal_at_rest_has_its_shells_and_no_ion_in_its_own_place():
    sites = np.stack(np.meshgrid(*[np.arange(4.0) * 3.0] * 3), axis=-1).reshape(1, -1, 3)
    positions = np.repeat(sites, 5, axis=0)
    found = _distinct(positions, CUBE, lags=(0, 3), range_A=6.5, bin_A=0.25)
    volumes = 4 / 3 * np.pi * np.diff(found.edges_A**3)
    neighbours = found.g * found.density_per_A3 * volumes
    expected = np.zeros(26)
    for distance, number in ((3.0, 6), (np.sqrt(18), 12), (np.sqrt(27), 8), (6.0, 6)):
        expected[int(distance / 0.25 + 1e-9)] += number
    np.testing.assert_allclose(neighbours, [expected, expected], atol=1e-9)


def test_two_ions_that_change_places_fill_the_vacated_site():
    positions = np.zeros((2, 2, 3))
    positions[0, 1], positions[1, 0] = (3.0, 0, 0), (3.0, 0, 0)
    found = _distinct(positions, CUBE, lags=(0, 1), range_A=4.0, bin_A=1.0, n_origins=2)
    assert found.g[0, 0] == 0
    volume = 4 / 3 * np.pi
    assert found.g[1, 0] * 2 / 12.0**3 * volume == pytest.approx(1.0)  # each of the two has the other in its place


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_origin_rotation_and_supercell_change_nothing(seed):
    rng = np.random.default_rng(seed)
    cell = np.array([[8.0, 0, 0], [1.0, 9.0, 0], [-2.0, 1.0, 8.5]])
    positions = rng.random((1, 7, 3)) @ cell + rng.normal(scale=0.1, size=(20, 7, 3)).cumsum(axis=0)
    order, shift = rng.permutation(7), rng.normal(scale=50.0, size=3)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    doubled = np.concatenate([positions, positions + cell[0]], axis=1)
    # bins of an odd width: no distance of the rotated copy falls on the other side of an edge but by chance 1e-12
    options = {"bin_A": 0.2371, "lags": (0, 3)}
    own = _self(positions, lags=(3, 7), bin_A=0.2371)
    plain = _distinct(positions, cell, **options)
    for moved, box in (
        (positions[:, order], cell), (positions + shift, cell), (positions @ rotation, cell @ rotation),
        (doubled, cell * [[2], [1], [1]]),
    ):  # fmt: skip
        again = _self(moved, lags=(3, 7), bin_A=0.2371)
        np.testing.assert_allclose(again.density_per_A, own.density_per_A, atol=1e-9)
        np.testing.assert_allclose(again.alpha_2, own.alpha_2, atol=1e-9)
        np.testing.assert_allclose(_distinct(moved, box, **options).g, plain.g, atol=1e-9)


def test_lags_are_different_and_end_at_half_of_the_run():
    lags = log_spaced_lags(20_000, 62)
    assert lags[0] == 1
    assert lags[-1] == 9999
    assert (np.diff(lags) > 0).all()
    assert log_spaced_lags(3, 55).tolist() == [1]


def test_bad_input_is_refused_in_one_line():
    positions = np.zeros((40, 2, 3))
    with pytest.raises(InputError, match=r"a lag of 0\.4 ps is longer than the run \(0\.39 ps\)"):
        _self(positions, lags=(40,))
    with pytest.raises(InputError, match="cell is too small for a range of 13 A: at 12 A"):
        _distinct(positions, CUBE, range_A=13.0)
    with pytest.raises(InputError, match="no mobile ion"):
        _self(np.zeros((10, 0, 3)))
    for wrong in ({"bin_A": 0.0}, {"range_A": -1.0}, {"origin_stride": 0}, {"lags": (-1,)}):
        with pytest.raises(SettingsError):
            _self(positions, **wrong)
