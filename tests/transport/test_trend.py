"""Trends against lines known beforehand: slope, coverage of the interval, and points shared by two fits."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.transport import fit_trend, slope_difference

X = np.log([1.0, 4.0, 10.0])


def test_an_exact_line_gives_its_slope_and_the_textbook_error():
    found = fit_trend(X, 2.0 - 0.5 * X, [0.1, 0.1, 0.1])
    assert found.slope == pytest.approx(-0.5, abs=1e-12)
    assert found.std == pytest.approx(0.1 / np.sqrt(np.sum((X - X.mean()) ** 2)))
    assert found.direction == "falls"
    np.testing.assert_allclose(found.weights @ np.ones(3), 0, atol=1e-12)


def test_against_numpy_with_unequal_errors():
    y, std = np.array([1.0, 0.7, 0.9]), np.array([0.3, 0.5, 0.2])
    slope = np.polyfit(X, y, 1, w=1 / std)[0]
    assert fit_trend(X, y, std).slope == pytest.approx(slope)


def test_a_common_slope_is_not_moved_by_the_offsets_of_its_groups():
    x, groups = np.tile(X, 3), np.repeat([600.0, 700.0, 800.0], 3)
    y = 0.2 * x + np.repeat([-5.0, 0.0, 40.0], 3)
    found = fit_trend(x, y, np.full(9, 0.1), groups=groups)
    assert found.slope == pytest.approx(0.2)
    # three times the points, a root of three less error
    assert found.std == pytest.approx(fit_trend(X, y[:3], [0.1] * 3).std / np.sqrt(3))


def test_intervals_hold_what_they_say():
    rng = np.random.default_rng(3)
    std = np.array([0.1, 0.2, 0.15])
    inside = 0
    for _ in range(1000):
        low, high = fit_trend(X, 0.3 * X + rng.normal(size=3) * std, std).interval_95
        inside += low <= 0.3 <= high
    # the errors are right, but 1 in 20 sets is taken for scattered and widened: 95 to 98 %, +- 0.7 % of 1000 draws
    assert 0.93 <= inside / 1000 <= 0.99


def test_scatter_beyond_the_errors_widens_the_interval():
    found = fit_trend(np.arange(6.0), [0, 5, -5, 5, -5, 0], np.full(6, 0.1))
    assert found.scale > 10
    assert found.direction == "no change within errors"


def test_the_difference_of_two_slopes_knows_their_shared_point():
    rng = np.random.default_rng(5)
    std = np.full(3, 0.1)
    differences = []
    for _ in range(1500):
        first, second = rng.normal(size=3) * std, rng.normal(size=3) * std
        second[0] = first[0]  # the natural masses are one run
        # without the widening, which the formula does not hold for
        one, other = fit_trend(X[:2], first[:2], std[:2]), fit_trend(X[:2], second[:2], std[:2])
        difference, error = slope_difference(one, other, shared=[(0, 0)], stds=[0.1])
        differences.append(difference)
    # 1500 draws give a spread within 1/sqrt(3000) = 1.8 %; four of these
    assert np.std(differences) == pytest.approx(error, rel=0.073)


def test_nothing_to_fit_is_refused():
    with pytest.raises(InputError, match="same at all points"):
        fit_trend([1.0, 1.0], [0.0, 1.0], [0.1, 0.1])
    with pytest.raises(InputError, match="same at all points"):
        fit_trend([], [], [])
    with pytest.raises(InputError, match="not positive"):
        fit_trend([0.0, 1.0], [0.0, 1.0], [0.1, 0.0])
    with pytest.raises(InputError, match="as many"):
        fit_trend([0.0, 1.0], [0.0], [0.1])
