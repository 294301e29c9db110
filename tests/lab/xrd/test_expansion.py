"""Thermal expansion of made cells, and axes that merge."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.expansion import debye_energy_K, errors_apart, fit_expansion, fit_merging

_STD_A = 1e-4


def test_debye_energy_has_its_limits() -> None:
    # hot: T - 3/8 theta; cold: pi^4/5 T (T/theta)^3
    assert debye_energy_K(np.array([3000.0]), 300.0)[0] == pytest.approx(3000 - 112.5, rel=1e-3)
    assert debye_energy_K(np.array([5.0]), 400.0)[0] == pytest.approx(np.pi**4 / 5 * 5 * (5 / 400) ** 3, rel=1e-3)


def test_models_are_told_apart_and_alpha_is_right() -> None:
    at, random = np.arange(20.0, 420.0, 20.0), np.random.default_rng(0)
    for model, lengths in (
        ("linear", 8 * (1 + 1e-5 * (at - 210))),
        ("quadratic", 8 * (1 + 1e-5 * (at - 210) + 2e-8 * (at - 210) ** 2)),
        ("debye", 8 * (1 + 1e-5 * debye_energy_K(at, 400.0))),
    ):
        found = fit_expansion(at, lengths + _STD_A * random.normal(size=at.size), np.full(at.size, _STD_A))
        assert found.model == model
        assert found.kink_K is None
        alpha = found.alpha(210.0)
        true = 1e-5 if model != "debye" else 1e-5 * np.diff(debye_energy_K(np.array([209.0, 211.0]), 400.0))[0] / 2
        assert alpha.value == pytest.approx(true, abs=4 * alpha.std)
        assert alpha.std < 0.03 * true  # 1e-4 A over 400 K of 8 A is 3e-8 1/K, times some for curvature


def test_kink_is_between_its_frames() -> None:
    at, random = np.arange(20.0, 320.0, 20.0), np.random.default_rng(1)
    lengths = 8 * (1 + 1e-5 * at + 2e-5 * np.maximum(at - 155, 0)) + _STD_A * random.normal(size=at.size)
    assert fit_expansion(at, lengths, np.full(at.size, _STD_A)).kink_K == (140.0, 160.0)


def test_merging_intervals_hold_the_truth() -> None:
    random, at = np.random.default_rng(2), np.arange(20.0, 200.0, 15.0)
    held = 0
    for _ in range(20):
        true, exponent = random.uniform(124, 132), random.uniform(0.2, 0.5)
        split = 0.1 * np.maximum(1 - at / true, 0) ** exponent + 1e-3 * random.normal(size=at.size)
        found = fit_merging(at, split, np.full(at.size, 1e-3))
        assert found.temperature_K is not None
        low, high = found.temperature_K.interval_95
        assert low is not None
        assert high is not None
        held += low <= true <= high
        assert found.bracket_K[0] is not None
        assert found.bracket_K[0] < true
    assert held >= 16  # of 20 at 95 %: fewer has a chance of 0.3 %


def _as_patterns_tell(random: np.random.Generator, at: np.ndarray, split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences as found and their errors by the curvature, where a doublet narrower than its lines tells d^2.

    1.2e-4 A where it is resolved, 8e-7 A^2 of the square where it has merged, held by a prior of 7e-3 A.
    """
    resolved, square = 1.2e-4, 8e-7
    told = (np.hypot(2 * split * resolved, square) - square) / (2 * resolved**2) + random.normal(size=at.size)
    found = np.sqrt(np.maximum((2 * resolved**2 * np.maximum(told, 0) + square) ** 2 - square**2, 0)) / (2 * resolved)
    found = np.maximum(found, 1e-5)
    return found, np.minimum(np.hypot(resolved, square / (2 * found)), 7e-3)


def test_merging_intervals_hold_where_a_pattern_tells_the_square() -> None:
    random, held, below = np.random.default_rng(5), 0, 0
    for number in range(24):
        at = np.arange(10.0, 170.0, (7.0, 13.0, 20.0)[number % 3]) + random.uniform(0, 7)
        true = random.uniform(100, 140)
        split = 6.5e-3 * np.maximum(1 - at / true, 0) ** random.uniform(0.2, 0.5)
        found = fit_merging(at, *_as_patterns_tell(random, at, split))
        assert found.temperature_K is not None
        low, high = found.temperature_K.interval_95
        assert low is not None
        assert high is not None
        held += low <= true <= high
        below += (found.bracket_K[0] or np.inf) < true
    assert held >= 20  # of 24 at 95 %: fewer has a chance of 0.6 %; 16 to 20 were held by errors counted from d
    assert below >= 23  # three errors from zero are one in 700


def test_errors_are_counted_from_zero() -> None:
    # a frame of OH_22 (CuCr2O4, 111 K): c = b costs 17.7 in chi2 over variances of 1.253 * 1.777^2: 2.1 errors
    by = errors_apart(np.array([6.37e-3, 1.348e-3, 1e-5]), np.array([1.2e-4, 3.2e-4, 7e-3]))
    assert by[0] == pytest.approx(53, abs=0.5)
    assert by[1] == pytest.approx((17.68 / (1.253 * 1.777**2)) ** 0.5, abs=0.15)
    assert by[2] < 0.01


def test_axes_that_stay_apart_have_no_transition() -> None:
    at = np.arange(20.0, 200.0, 20.0)
    found = fit_merging(at, np.full(at.size, 0.1), np.full(at.size, 1e-3))
    assert found.temperature_K is None
    assert found.bracket_K == (180.0, None)
    assert found.refused is not None


def test_too_few_temperatures_are_refused() -> None:
    with pytest.raises(DataError, match="3 temperatures"):
        fit_expansion(np.array([100.0, 200.0, 300.0]), np.array([5.0, 5.1, 5.2]))
