"""Temperatures that gave no value but an upper bound, in the fit of all: coverage, bias, and bounds that contradict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport import fit_arrhenius
from paddlewheel.transport.upper_bounds import UpperBounds
from paddlewheel.units import BOLTZMANN_eV_PER_K


def test_joined_has_the_mean_and_covariance_of_the_product():
    """One bound: expectation propagation is exact; the truth is a sum over a grid of the product itself."""
    mean, covariance = np.array([1.0, 0.3]), np.array([[0.4, 0.1], [0.1, 0.05]])
    bounds = UpperBounds(np.array([[1.0, -3.0]]), np.array([-0.6]), 0.3)
    found_mean, found_covariance = bounds.joined(mean, covariance)
    a, b = np.meshgrid(np.linspace(-4, 5, 901), np.linspace(-1.5, 2.0, 901), indexing="ij")
    weights = multivariate_normal(mean, covariance).pdf(np.stack([a, b], axis=-1)) * norm.cdf((-0.6 - a + 3 * b) / 0.3)
    weights /= weights.sum()
    true_mean = np.array([np.sum(weights * a), np.sum(weights * b)])
    off = np.stack([a - true_mean[0], b - true_mean[1]])
    # 1e-3: the grid's ends and steps
    np.testing.assert_allclose(found_mean, true_mean, rtol=1e-3)
    np.testing.assert_allclose(found_covariance, np.einsum("iab,jab,ab->ij", off, off, weights), rtol=1e-3)


def test_bounds_far_above_change_nothing_and_their_order_does_not_matter():
    t, values = np.array([600.0, 700.0, 800.0]), np.array([1.0, 4.0, 12.0])
    without = fit_arrhenius(t, values, 0.2 * values)
    far = fit_arrhenius(t, values, 0.2 * values, upper_bounds={500.0: 1e4})
    # the tail of a normal law at 10 of its errors is under 1e-20
    assert far.value_at_target == pytest.approx(without.value_at_target, rel=1e-9)
    assert far.warnings == without.warnings
    one = fit_arrhenius(t, values, 0.2 * values, upper_bounds={450.0: 0.02, 500.0: 0.1})
    two = fit_arrhenius(t, values, 0.2 * values, upper_bounds={500.0: 0.1, 450.0: 0.02})
    assert one.value_at_target == pytest.approx(two.value_at_target, rel=1e-6)  # to what the rounds settle to
    assert one.value_at_target < without.value_at_target
    assert one.activation_energy_eV > without.activation_energy_eV


def test_a_bound_that_contradicts_the_line_is_said_and_widens_the_interval():
    """0.3 eV through 600, 700 and 800 K; a hundredth of the line as a bound at 500 K."""
    t = np.array([600.0, 700.0, 800.0])
    inverse = 1.0 / (BOLTZMANN_eV_PER_K * t)
    values = np.exp(14 - 0.3 * inverse) / t
    bound = 0.01 * np.exp(14 - 0.3 / (BOLTZMANN_eV_PER_K * 500.0)) / 500.0
    without = fit_arrhenius(t, values, 0.1 * values)
    found = fit_arrhenius(t, values, 0.1 * values, upper_bounds={500.0: bound})
    assert any("the upper bound at 500 K contradicts the line" in text for text in found.warnings)
    assert found.scale > 1
    low, high = found.interval_95_at_target
    assert high / low > without.interval_95_at_target[1] / without.interval_95_at_target[0]


@pytest.mark.parametrize(
    ("bounds", "error", "what"),
    [
        ({-5.0: 1.0}, SettingsError, "-5 K of an upper bound"),
        ({500.0: -1.0}, InputError, "500 K is not positive"),
        ({600.0: 1.0}, SettingsError, "a value and an upper bound"),
    ],
)
def test_what_is_no_bound_is_refused(bounds, error, what):
    with pytest.raises(error, match=what):
        fit_arrhenius([600.0, 700.0], [1.0, 2.0], [0.1, 0.1], upper_bounds=bounds)


def _counted(rng: np.random.Generator, n_temperatures: int, n_hops: float):
    """A fit to counts of independent hops, `n_hops` expected at the highest temperature; fewer than 8 are a bound.

    The bound is the product's: that of the value and its error at 95 %, and three unseen events.
    """
    t, energy = np.linspace(500, 800, n_temperatures), rng.uniform(0.2, 0.5)
    inverse = 1.0 / (BOLTZMANN_eV_PER_K * t)
    counts = rng.poisson(n_hops * np.exp(-energy * (inverse - inverse[-1])))
    taken = counts >= 8
    if taken.sum() < 2:
        return None
    few = counts[~taken].astype(float)
    upper = np.where(few >= 4, few * np.exp(1.645 / np.sqrt(np.maximum(few, 1))), few + 1.645 * np.sqrt(few)) + 3
    found = fit_arrhenius(
        t[taken], counts[taken] / n_hops, counts[taken] / n_hops * np.sinh(1 / np.sqrt(counts[taken])),
        quantity="ln(D)", upper_bounds=dict(zip(t[~taken], upper / n_hops, strict=True)),
    )  # fmt: skip
    return found, energy, float(np.exp(-energy * (1 / (BOLTZMANN_eV_PER_K * 300.0) - inverse[-1])))


@pytest.mark.slow
@pytest.mark.parametrize("n_temperatures", [3, 5, 8])
def test_intervals_with_bounds_cover_the_truth(n_temperatures):
    rng, n_draws = np.random.default_rng(n_temperatures), 300
    hits, off = np.zeros(4), []
    while len(off) < n_draws:
        made = _counted(rng, n_temperatures, 60.0)
        if made is None:
            continue
        found, energy, target = made
        hits += [
            abs(found.activation_energy_eV - energy) < found.activation_energy_std_eV,
            found.activation_energy_95_eV[0] < energy < found.activation_energy_95_eV[1],
            found.interval_68_at_target[0] < target < found.interval_68_at_target[1],
            found.interval_95_at_target[0] < target < found.interval_95_at_target[1],
        ]
        off.append(found.activation_energy_eV - energy)
    for index, level in ((0, 0.683), (1, 0.95), (2, 0.683), (3, 0.95)):
        # three binomial errors of 2.7 and 1.3 %; and 2 % for counts that are no normal law
        assert abs(hits[index] / n_draws - level) < 3 * np.sqrt(level * (1 - level) / n_draws) + 0.02
    # a bias of a fifth of the scatter makes the error 2 % larger; without the bounds it is up to twice that
    assert abs(np.mean(off)) < (0.2 + 3 / np.sqrt(n_draws)) * np.std(off)
