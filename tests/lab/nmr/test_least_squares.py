"""Least squares with a parameter at its limit: truth by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.lab.nmr.least_squares import Problem, fit, profiled, value_of


def test_what_follows_from_a_parameter_at_its_limit_has_its_error() -> None:
    # a + b is 1 +- 1 and b is 0.5 +- 1 with b <= 0: at the best b is 0 and a is 1. chi2 is (b - 0.5)^2 with a = 1 - b,
    # which is 1 above its least at b = 0.5 - sqrt(1.25) = -0.618, where a is 1.618
    problem = Problem(
        residual=lambda theta: np.array([theta[0] + theta[1] - 1.0, theta[1] - 0.5, 0.0]),
        lower=np.array([-np.inf, -10.0]),
        upper=np.array([np.inf, 0.0]),
    )
    best = fit(problem, [np.array([0.0, -1.0])], known_errors=True)
    assert best.theta == pytest.approx([1.0, 0.0], abs=1e-6)
    moved = math.sqrt(1.25) - 0.5
    limited = profiled(problem, best, 1)
    # ends are found within 0.2 % of the rise
    assert limited.interval_68 == (pytest.approx(-moved, rel=5e-3), 0.0)
    assert limited.std == pytest.approx(moved, rel=5e-3)
    derived = value_of(lambda theta: float(theta[0]), problem, best)
    assert derived.std == pytest.approx(math.hypot(1.0, moved), rel=5e-3)
    low, high = derived.interval_68
    assert low == pytest.approx(0.0, abs=1e-3)
    assert high == pytest.approx(1.0 + math.hypot(1.0, moved), rel=5e-3)
