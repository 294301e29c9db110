"""The extrapolation over the size of the cell, against exact lines, exact errors, and how often it says what is not."""

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.transport import LogValue
from paddlewheel.transport.finite_size import size_dependence

SIZES, SLOPE = (128, 432, 1024), 40.0


def on_the_law(temperature_K: float, n: int, std: float = 0.1) -> LogValue:
    """ln D = -1000 / T + 40 / N."""
    return LogValue(-1000.0 / temperature_K + SLOPE / n, std)


def drawn(rng: np.random.Generator, slope: float, *, dof: float = 5.0, std: float = 0.2):
    """Four temperatures and two sizes, with errors estimated from few numbers: what `size_dependence` takes."""
    points = [(t, n) for t in (600.0, 700.0, 800.0, 900.0) for n in (128, 1024)]
    values = [
        LogValue(slope / n + rng.normal(0.0, std), std * np.sqrt(rng.chisquare(dof) / dof), dof) for _, n in points
    ]
    return [t for t, _ in points], [n for _, n in points], values


def test_points_on_the_law_give_it_back():
    points = [(t, n) for t in (600.0, 800.0) for n in reversed(SIZES)]
    found = size_dependence([t for t, _ in points], [n for _, n in points], [on_the_law(t, n) for t, n in points])
    assert found is not None
    assert found.slope.result.log == pytest.approx(SLOPE)
    assert found.slope.chi2 == pytest.approx(0.0, abs=1e-12)
    # sum over the temperatures of the curvature of each: sigma^2 / sum (x - mean)^2
    x = 1.0 / np.array(SIZES)
    assert found.slope.result.std == pytest.approx(0.1 / np.sqrt(2 * np.sum((x - x.mean()) ** 2)))
    for each in found.temperatures:
        assert each.n_atoms == SIZES
        assert each.extrapolated.result.log == pytest.approx(-1000.0 / each.temperature_K)
        expected = 0.1 * np.sqrt(1 / 3 + x.mean() ** 2 / np.sum((x - x.mean()) ** 2))  # an intercept, by the book
        assert each.extrapolated.result.std == pytest.approx(expected)


def test_a_trend_within_the_errors_is_none_and_the_pooled_value_is_given():
    values = [on_the_law(700.0, n, std=0.3) for n in SIZES]
    found = size_dependence([700.0] * 3, SIZES, values)
    assert found is not None
    assert not found.trend  # 40/128 = 0.31 is one error
    (only,) = found.temperatures
    assert only.agree
    assert found.chosen(only).log == pytest.approx(np.mean([value.log for value in values]))
    clear = size_dependence([700.0] * 3, SIZES, [on_the_law(700.0, n, std=0.03) for n in SIZES])
    assert clear is not None
    assert clear.trend
    assert not clear.temperatures[0].agree
    assert clear.chosen(clear.temperatures[0]).log == pytest.approx(-1000.0 / 700.0)


def test_one_size_at_a_temperature_says_nothing():
    assert size_dependence([600.0, 700.0], [128, 1024], [on_the_law(600.0, 128), on_the_law(700.0, 1024)]) is None
    both = size_dependence([600.0, 700.0, 700.0], [128, 128, 1024], [on_the_law(600.0, 128), on_the_law(700.0, 128),
                                                                     on_the_law(700.0, 1024)])  # fmt: skip
    assert both is not None
    assert [each.temperature_K for each in both.temperatures] == [700.0]


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="one size of cell at 600 K"):
        size_dependence([600.0, 600.0], [128, 128], [LogValue(0.0, 0.1)] * 2)
    with pytest.raises(InputError, match="no size"):
        size_dependence([600.0, 600.0], [0, 128], [LogValue(0.0, 0.1)] * 2)
    with pytest.raises(InputError, match="2 sizes"):
        size_dependence([600.0], [1, 128], [LogValue(0.0, 0.1)] * 2)


def test_no_trend_is_seen_where_there_is_none_and_the_interval_holds():
    """400 sets: false trends at their 5 %, and the slope in its 95 % interval where there is one."""
    rng, false, held = np.random.default_rng(3), 0, 0
    for _ in range(400):
        none, some = (size_dependence(*drawn(rng, slope)) for slope in (0.0, SLOPE))
        assert none is not None
        assert some is not None
        false += none.trend
        held += some.interval_95[0] <= SLOPE <= some.interval_95[1]
    # three binomial errors of 1.1 %, and what degrees of freedom by a rule may be off
    assert 0.01 <= false / 400 <= 0.085
    assert 0.915 <= held / 400 <= 0.99
