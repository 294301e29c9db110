"""Differences between runs, joined with what was known before any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from paddlewheel.transport import fit_arrhenius
from paddlewheel.transport.excess import NO_EXCESS, PRIOR_DEGREES, PRIOR_RATIO, ExcessVariance
from paddlewheel.units import BOLTZMANN_eV_PER_K


def test_nothing_seen_is_the_prior():
    assert NO_EXCESS.ratio == PRIOR_RATIO
    assert NO_EXCESS.degrees_of_freedom == PRIOR_DEGREES
    assert NO_EXCESS.seen is None


def test_many_differences_outweigh_the_prior():
    seen = ExcessVariance(1500.0, 1000)
    assert seen.seen == 1.5
    assert seen.ratio == pytest.approx(1.5, rel=0.01)  # the prior weighs as 8 of 1,008
    assert ExcessVariance(1.0, 2) + ExcessVariance(3.0, 4) == ExcessVariance(4.0, 6)


def test_differences_beyond_the_prior_count_alone():
    """Three runs that lie 30 errors apart: no prior of 8 differences may speak against them."""
    seen = ExcessVariance(1800.0, 2)
    assert seen.ratio == 900.0
    assert seen.degrees_of_freedom == 2
    assert not ExcessVariance(6.0, 2).beyond_prior


@pytest.mark.parametrize("differences", [0, 1, 5])
def test_intervals_hold_for_ratios_of_the_prior(differences: int):
    """The inverse chi2 law is conjugate: over ratios drawn from it Student's interval holds as often as it says."""
    random = np.random.default_rng(3)
    draws, levels, held = 4000, (0.6826895, 0.95), np.zeros(2)
    for _ in range(draws):
        ratio = PRIOR_DEGREES * PRIOR_RATIO / random.chisquare(PRIOR_DEGREES)
        seen = ExcessVariance(ratio * random.chisquare(differences) if differences else 0.0, differences)
        off = abs(random.normal()) * np.sqrt(ratio)
        reach = [stdtrit(seen.degrees_of_freedom, 0.5 + level / 2) * np.sqrt(seen.ratio) for level in levels]
        held += off <= np.array(reach)
    assert held / draws == pytest.approx(levels, abs=0.02)  # three binomial errors are 0.022 and 0.010


@pytest.mark.parametrize("ratio", [1.0, 1.6])
def test_line_holds_where_replicas_differ_more_than_their_errors(ratio: float):
    """Two replicas at five temperatures, all variances `ratio` times those stated: coverage of sigma(300 K)."""
    random = np.random.default_rng(11)
    temperatures_K, energy_eV, error = np.array([600.0, 650.0, 700.0, 750.0, 800.0]), 0.3, 0.25
    truth = np.exp(10.0 - energy_eV / (BOLTZMANN_eV_PER_K * temperatures_K))
    at_300 = float(np.exp(10.0 - energy_eV / (BOLTZMANN_eV_PER_K * 300.0)))
    held, sets = np.zeros(2), 1000
    for _ in range(sets):
        logs = np.log(truth) + random.normal(size=(2, 5)) * error * np.sqrt(ratio)
        excess = ExcessVariance(float(np.sum((logs[0] - logs[1]) ** 2) / 2 / error**2), 5)
        values = np.exp(logs.mean(axis=0))
        fit = fit_arrhenius(
            temperatures_K, values, values * np.sinh(error / np.sqrt(2)), quantity="ln(D)", excess=excess
        )
        ends = (fit.interval_68_at_target, fit.interval_95_at_target)
        held += [low <= at_300 <= high for low, high in ends]
    # the bands of the design, and half a binomial error of 1,000 (0.7 and 0.3 %) for the luck of the draw
    assert 0.60 - 0.007 <= held[0] / sets <= 0.76 + 0.007
    assert 0.91 - 0.003 <= held[1] / sets <= 0.98 + 0.003


def test_chance_above_is_that_of_the_interval():
    """At the ends of the 95 % interval the chance of more is 97.5 and 2.5 %."""
    fit = fit_arrhenius([600.0, 700.0, 800.0], [10.0, 20.0, 30.0], [1.0, 2.0, 3.0], excess=ExcessVariance(4.0, 3))
    low, high = fit.interval_95_at_target
    assert fit.chance_above(low) == pytest.approx(0.975, abs=1e-6)
    assert fit.chance_above(high) == pytest.approx(0.025, abs=1e-6)
    assert fit.interval_95_without_prior is not None
