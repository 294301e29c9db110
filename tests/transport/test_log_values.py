"""Logarithms with errors of Student's kind: sums, means and lines against exact mathematics, and their coverage."""

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.transport import LogValue, fit_logs, sum_of
from paddlewheel.transport.log_values import ONE_SIGMA


def test_an_interval_goes_in_and_out():
    for dof in (4.0, 30.0, np.inf):
        value = LogValue.of(3.0, 0.6, dof)
        low, high = value.interval(ONE_SIGMA)
        assert value.value == pytest.approx(3.0)
        assert 0.5 * (high - low) == pytest.approx(0.6, rel=1e-6)  # the std of a record is half of its 68 % interval
        assert low * high == pytest.approx(9.0)


def test_a_ratio_adds_variances():
    ratio = sum_of([LogValue(np.log(6.0), 0.3), LogValue(np.log(2.0), 0.4)], [1.0, -1.0])
    assert ratio.value == pytest.approx(3.0)
    assert ratio.std == pytest.approx(0.5)
    assert np.isinf(ratio.degrees_of_freedom)
    # Welch and Satterthwaite: (0.09 + 0.16)^2 / (0.09^2 / 5 + 0.16^2 / 10)
    few = sum_of([LogValue(0.0, 0.3, 5.0), LogValue(0.0, 0.4, 10.0)], [1.0, -1.0])
    assert few.degrees_of_freedom == pytest.approx(0.25**2 / (0.09**2 / 5 + 0.16**2 / 10))


def test_a_weighted_mean_is_the_textbook_one():
    values = [LogValue(1.0, 0.1), LogValue(1.2, 0.2)]
    mean = fit_logs(values, [[1.0], [1.0]], [1.0])
    assert mean.result.log == pytest.approx((1.0 / 0.01 + 1.2 / 0.04) / (1 / 0.01 + 1 / 0.04))
    assert mean.result.std == pytest.approx((1 / 0.01 + 1 / 0.04) ** -0.5)
    assert mean.chi2 == pytest.approx(0.2**2 / (0.1**2 + 0.2**2))  # of two values: their difference in its errors


def test_a_line_through_two_points_is_exact():
    x, values = (1 / 128, 1 / 1024), [LogValue(0.5, 0.1, 7.0), LogValue(0.1, 0.2, 9.0)]
    end = fit_logs(values, [[1.0, value] for value in x], [1.0, 0.0])
    first, second = -x[1] / (x[0] - x[1]), x[0] / (x[0] - x[1])
    assert end.result.log == pytest.approx(first * 0.5 + second * 0.1)
    assert end.result.std == pytest.approx(np.hypot(first * 0.1, second * 0.2))
    assert (end.freedom, end.probability) == (0, None)


def test_a_scatter_beyond_the_errors_scales_them():
    values = [LogValue(log, 0.1) for log in (0.0, 1.0, 2.0)]
    mean = fit_logs(values, [[1.0]] * 3, [1.0])
    assert mean.is_doubtful
    assert mean.result.std == pytest.approx(np.std([0.0, 1.0, 2.0], ddof=1) / np.sqrt(3))
    assert mean.result.degrees_of_freedom == 2


def test_the_interval_of_a_mean_of_few_numbers_holds():
    """Three means of 6 normal numbers each, of unlike spread: 1,000 sets."""
    rng, held, spreads = np.random.default_rng(1), 0, np.array([0.1, 0.2, 0.4])
    for _ in range(1000):
        drawn = rng.normal(0.0, spreads[:, None], (3, 6))
        values = [LogValue(float(x.mean()), float(x.std(ddof=1) / np.sqrt(6)), 5.0) for x in drawn]
        low, high = fit_logs(values, [[1.0]] * 3, [1.0]).result.interval(0.95)
        held += low <= 1.0 <= high
    assert (
        930 <= held <= 980
    )  # 95 % +- three binomial errors (0.7 %); the rule for its degrees of freedom is approximate


def test_what_is_not_determined_is_refused():
    with pytest.raises(InputError, match="do not determine"):
        fit_logs([LogValue(0.0, 0.1), LogValue(0.0, 0.1)], [[1.0, 2.0], [1.0, 2.0]], [1.0, 0.0])
    with pytest.raises(InputError, match="no logarithm"):
        LogValue.of(0.0, 0.1)
