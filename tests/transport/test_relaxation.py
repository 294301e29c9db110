"""A relaxation is left out where it ends, told where it does not, and stationary series are left whole."""

import numpy as np
import pytest
from scipy.signal import lfilter

from paddlewheel.transport import steady
from paddlewheel.transport.relaxation import Relaxation, relaxation
from paddlewheel.transport.stationarity import LEVEL_CUT

N = 4000


def noise(seed: int, correlation: float = 0.0, n: int = N) -> np.ndarray:
    """Stationary, of mean 0 and variance 1: white, or AR(1) with this correlation time."""
    decay = np.exp(-1.0 / correlation) if correlation else 0.0
    white = np.random.default_rng([20160, seed]).normal(size=n + int(20 * correlation))
    return np.asarray(lfilter([1.0], [1.0, -decay], white * np.sqrt(1.0 - decay**2)))[-n:]


def relaxing(amplitude: float, time: float, n: int = N) -> np.ndarray:
    return amplitude * np.exp(-np.arange(n) / time)


@pytest.mark.parametrize("correlation", [0.0, 10.0, 100.0])
def test_stationary_series_are_left_whole(correlation):
    found = [steady({"energy": [noise(seed, correlation)]}) for seed in range(20)]
    # more than 4 of 20 at the level of 5 % have a chance of 0.3 %
    assert sum(each.first_frame > 0.1 * N for each in found) <= 4
    assert all(each.drifts is None for each in found)


@pytest.mark.parametrize(("correlation", "amplitude"), [(0.0, 1.0), (10.0, 3.0)])
def test_a_relaxation_of_a_twentieth_of_the_run_leaves_less_than_its_error(correlation, amplitude):
    left = []
    for seed in range(20):
        found = steady({"energy": [noise(seed, correlation) + relaxing(amplitude, 200.0)]})
        left.append(relaxing(amplitude, 200.0)[found.first_frame :].mean())
        assert found.drifts is None
    inefficiency = 1.0 / np.tanh(0.5 / correlation) if correlation else 1.0  # of AR(1)
    assert np.mean(left) < np.sqrt(inefficiency / N)


@pytest.mark.parametrize("amplitude", [1.0, 3.0])
def test_a_relaxation_of_a_quarter_of_the_run_is_never_passed_over(amplitude):
    found = [steady({"energy": [noise(seed) + relaxing(amplitude, 1000.0)]}) for seed in range(20)]
    # an eighth of the amplitude and more is left in the mean of the second half: 2.6 errors at least
    assert all(each.drifts or each.lasts for each in found)
    assert sum(each.drifts is not None for each in found) >= 10


def test_in_runs_as_long_as_it_says_the_relaxation_is_over():
    told = relaxation([noise(1) + relaxing(2.0, 1000.0)])
    assert not told.is_over
    assert N < told.needs < 20 * N
    longer = [relaxation([noise(seed, n=told.needs) + relaxing(2.0, 1000.0, told.needs)]) for seed in range(5)]
    assert sum(each.is_over and each.p_value < LEVEL_CUT for each in longer) >= 4  # the time is known to a factor
    assert all(abs(each.time - 1000.0) < 700.0 for each in longer)  # times are tried at factors of 1.7


def test_replicas_tell_more_than_one_and_have_means_of_their_own():
    one = relaxation([noise(3, 30.0) + relaxing(1.5, 200.0)])
    four = relaxation([noise(seed, 30.0) + relaxing(1.5, 200.0) + 50.0 * seed for seed in range(3, 7)])
    assert four.p_value < 0.2 * one.p_value
    assert relaxation([noise(seed, 30.0) + 50.0 * seed for seed in range(3, 7)]).p_value > LEVEL_CUT
    unequal = relaxation([noise(8) + relaxing(2.0, 300.0), (noise(9) + relaxing(2.0, 300.0))[:2500]])
    assert unequal.p_value < LEVEL_CUT


@pytest.mark.parametrize("series", [[], [np.zeros(N)], [np.arange(31.0)], [np.zeros(0)]])
def test_nothing_is_found_where_nothing_is_to_be_tested(series):
    assert relaxation(series) == Relaxation()


@pytest.mark.parametrize("n", [32, 41, 127])
def test_short_series_are_fitted_too(n):
    found = relaxation([noise(1, n=n) + relaxing(30.0, 2.0, n)])
    assert found.p_value < LEVEL_CUT
    assert 4 <= found.first <= n // 2  # from 30 errors to one: 3.4 times


def test_a_step_is_left_out_to_its_end():
    series = noise(2)
    series[:1000] += 2.0
    found = relaxation([series])
    assert found.is_over
    assert abs(found.first - 1000) <= 2 * N // 64  # borders are tried at every second block
    late = noise(2)
    late[3000:] += 2.0
    assert steady({"energy": [late]}).drifts == "energy"


def test_a_quantity_that_is_constant_takes_no_share_of_the_level():
    series = noise(4) + relaxing(1.0, 200.0)
    with_it = steady({"potential energy": [series], "volume": [np.full(N, 512.0)]})
    assert with_it == steady({"potential energy": [series]})
    assert with_it.cut_by == "potential energy"
