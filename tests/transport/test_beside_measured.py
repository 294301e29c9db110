"""Predictions beside measurements: the truth is Spearman's of scipy, small cases by hand, and normal laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from paddlewheel.errors import InputError
from paddlewheel.transport.beside_measured import Known, Share, rank_correlation, share_covered, share_within


def known(values, bounds=()):
    values = np.array(values, dtype=float)
    return Known.of(values, np.isin(np.arange(len(values)), list(bounds)))


def test_without_bounds_it_is_spearmans_with_ties():
    rng = np.random.default_rng(5)
    x = np.exp(rng.integers(0, 12, size=30).astype(float))
    y = np.exp(rng.integers(0, 9, size=30) + 0.3 * np.log(x))
    found = rank_correlation(known(x), known(y))
    assert found is not None
    assert found.value == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-12)


def test_pairs_that_a_bound_leaves_open_count_for_nothing():
    # < 1 is below 1 (a bound is not reached) and 5; beside 0.1 and another bound it is open
    order = known([1.0, 0.1, 1.0, 5.0, 3.0], bounds=[0, 4]).order()
    assert order[0].tolist() == [0, 0, -1, -1, 0]
    assert order[3].tolist() == [1, 1, 1, 0, 1]
    assert order[4].tolist() == [0, 0, 0, -1, 0]
    assert (order == -order.T).all()


def test_bounds_draw_towards_zero_and_never_turn_the_sign():
    x = np.geomspace(1e-9, 1e-2, 12)
    whole = rank_correlation(known(x), known(x))
    some = rank_correlation(known(np.maximum(x, 1e-6), bounds=np.flatnonzero(x < 1e-6)), known(x))
    assert whole is not None
    assert some is not None
    assert whole.value == pytest.approx(1.0)
    assert 0.5 < some.value < 1.0


def test_the_interval_holds_the_truth_as_often_as_it_says():
    # of normal pairs with correlation r Spearman's is (6 / pi) arcsin(r / 2); 200 tables of 40: +- 3 % is 2 sigma
    r = 0.6
    truth = 6 / np.pi * np.arcsin(r / 2)
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        x, e = rng.normal(size=(2, 40))
        found = rank_correlation(known(np.exp(x)), known(np.exp(r * x + np.sqrt(1 - r**2) * e)))
        assert found is not None
        held += found.interval_95[0] <= truth <= found.interval_95[1]
    assert 0.89 <= held / 200 <= 0.99


def test_too_few_rows_and_all_alike_have_no_correlation():
    few = known([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(few, few) is None
    alike = known([2.0] * 6)
    assert rank_correlation(alike, known(range(1, 7))) is None


def test_a_bound_decides_a_factor_only_where_it_leaves_no_doubt():
    predicted = known([1e-3, 1e-3, 1e-6, 1e-3, 1e-5, 1e-7], bounds=[2, 3])
    measured = known([5e-3, 2e-2, 1e-4, 1e-4, 1e-9, 1e-10], bounds=[4, 5])
    # near; 20 times off; bound 100 times below; bound above; value 1e4 above a bound; value 1e3 above a bound
    assert share_within(predicted, measured, 10.0) == Share(1, 4, 1)


def test_share_has_wilsons_interval():
    found = Share(30, 10, 5)
    assert found.value == 0.75
    assert found.interval_95 is not None
    reference = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert found.interval_95 == pytest.approx((reference.low, reference.high))
    assert Share(0, 0, 3).value is None


def test_intervals_and_bounds_that_hold():
    measured = known([1e-3, 1e-3, 1e-6, 1e-6, 1e-4], bounds=[2, 3])
    low, high = np.array([1e-4, 2e-3, 1e-5, 1e-8, 0.0]), np.array([1e-2, 1e-2, 1e-4, 1e-7, 1e-3])
    # holds; misses; begins above a bound: misses; below a bound: open; an upper bound above the value: holds
    assert share_covered(low, high, measured) == Share(2, 2, 1)


def test_numbers_that_are_no_conductivities_are_refused():
    with pytest.raises(InputError, match="no positive number"):
        known([1e-3, 0.0])
