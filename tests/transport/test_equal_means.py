"""Errors of correlated time averages, and Welch's test of them, against series whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import ttest_ind

from paddlewheel.transport.equal_means import TimeAverage, homogeneity, time_average


def _series(rng: np.random.Generator, n_series: int, n: int, correlation: float) -> np.ndarray:
    """Autoregressive series of unit variance, mean 0 and `exp(-1/correlation)` from one number to the next."""
    factor = np.exp(-1 / correlation)
    noise = np.sqrt(1 - factor**2) * rng.normal(size=(n_series, n + round(20 * correlation)))
    return lfilter([1], [1, -factor], noise, axis=1)[:, -n:]


@pytest.mark.parametrize(("n", "correlation"), [(2000, 0.1), (1000, 5.0), (4000, 20.0)])
def test_means_scatter_as_their_errors_say_and_equal_ones_are_rarely_told_apart(n: int, correlation: float) -> None:
    """At the level 0.01 of 1,500 pairs 15 differ; 30 are four standard deviations more."""
    averages = [time_average(values) for values in _series(np.random.default_rng(7), 3000, n, correlation)]
    known = [average for average in averages if average is not None]
    assert len(known) > 2990
    # 1.0 is right; the error of a standard deviation of 3,000 numbers is 1.3 %, windows are finite: 5 %
    assert np.std([average.mean / average.std for average in known]) == pytest.approx(1.0, abs=0.08)
    chances = np.array([homogeneity(pair).probability for pair in zip(known[::2], known[1::2], strict=False)])
    assert np.sum(chances < 0.01) < 30


def test_of_two_means_it_is_welchs_t_test() -> None:
    """Against scipy, for independent numbers whose errors are given."""
    rng = np.random.default_rng(2)
    one, other = rng.normal(0.0, 1.0, 40), rng.normal(0.5, 2.0, 25)
    averages = [TimeAverage(float(x.mean()), float(x.std(ddof=1) / np.sqrt(len(x))), len(x) - 1) for x in (one, other)]
    found = homogeneity(averages)
    expected = ttest_ind(one, other, equal_var=False)
    assert found.probability == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.chi2_per_dof == pytest.approx(expected.statistic**2, rel=1e-9)


def test_a_shift_of_many_errors_is_found_among_several() -> None:
    series = _series(np.random.default_rng(3), 3, 4000, 10.0)  # an error of about 0.07
    series[2] += 0.7
    averages = [average for values in series if (average := time_average(values)) is not None]
    assert homogeneity(averages).probability < 1e-4


@pytest.mark.parametrize("values", [np.full(1000, 3.0), np.arange(1000.0), np.zeros(2), np.empty(0)])
def test_a_constant_a_drift_and_a_handful_of_numbers_have_no_error(values: np.ndarray) -> None:
    assert time_average(values) is None
