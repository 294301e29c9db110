"""Laws of growth: 50 seeded series of each truth, of 12 spectra over 100 h with errors of 1 %.

Truths are the solutions of dL/dt = const and of dL/dt ~ 1/L (Peled, doi 10.1149/1.2128859), with the layer that stood
at the first spectrum, and with a constant resistance beside it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.growth import FITS, fit_growth, grown

HOURS = np.linspace(0, 100, 12)
TRUTHS = {
    "linear": lambda t: 40 + 0.6 * t,
    "parabolic": lambda t: np.sqrt(40**2 + 84 * t),
    "square-root": lambda t: 40 + 6 * np.sqrt(t),
    "shifted-square-root": lambda t: 30 + 6 * np.sqrt(t + 4),
}


def verdicts(truth, *, scatter: float = 1.0):
    """Of 50 series whose errors are 1 % and whose scatter is `scatter` times that."""
    found = []
    for seed in range(50):
        noise = 0.01 * truth(HOURS) * np.random.default_rng(seed).normal(size=len(HOURS))
        found.append(fit_growth(HOURS, truth(HOURS) + scatter * noise, 0.01 * truth(HOURS)))
    return found


@pytest.mark.parametrize("law", TRUTHS)
def test_the_law_of_the_truth_wins(law):
    """None of 50 is told of the other kind; linear won 50 of 50 of the parabolic ones (R^2 = R0^2 + k t).

    A true law fits with p > 0.01 in 99 %, and a straight one is told from a bent one with an age only by the BIC: 5 of
    50 may go without a verdict. The law itself is named by the lowest BIC, two of three parabolic ones lying near.
    """
    kind = "linear" if law == "linear" else "parabolic"
    found = verdicts(TRUTHS[law])
    told = Counter(each.kind for each in found)
    assert set(told) <= {kind, None}
    assert told[kind] >= 45
    assert Counter(each.laws[0].law for each in found).most_common(1)[0][0] == law


def test_parameters_of_the_parabolic_laws_are_covered():
    """R0 = 40, k = sqrt(84); 30, 6 and 4 h with an age. Three errors hold 99.7 % of a straight model; an age bends."""
    squares = [next(law for law in each.laws if law.law == "parabolic") for each in verdicts(TRUTHS["parabolic"])]
    assert sum(abs(law.start - 40) < 3 * law.start_std for law in squares) >= 46
    assert sum(abs(law.rate - np.sqrt(84)) < 3 * law.rate_std for law in squares) >= 46
    aged = [law for each in verdicts(TRUTHS["shifted-square-root"]) for law in each.laws if law.age is not None]
    assert len(aged) == 50
    assert sum(abs(law.start - 30) < 3 * law.start_std for law in aged) >= 45
    assert sum(abs((law.age or 0) - 4) < 3 * (law.age_std or 0) for law in aged) >= 45


def test_no_verdict_without_a_law_that_fits():
    """A sigmoid has chi2/dof of some 200, scatter of 15 errors 225: the best law was called linear without a word."""
    for truth, scatter in ((lambda t: 40 + 60 / (1 + np.exp(-(t - 50) / 8)), 1.0), (TRUTHS["parabolic"], 15.0)):
        for each in verdicts(truth, scatter=scatter):
            assert each.kind is None
            best = each.laws[0]
            assert best.chi2_per_dof is not None
            assert best.chi2_per_dof > 10
            assert (best.probability or 0) < FITS
            assert f"no law fits: chi2/dof of the best, {best.law}, is {best.chi2_per_dof:.3g}" in each.reason


def test_what_may_be_both_is_not_told():
    slow = fit_growth(HOURS, 40 + 0.05 * HOURS, np.full(12, 0.4))
    assert slow.kind is None
    assert "both fit" in slow.reason
    still = fit_growth(HOURS, np.full(12, 40.0) + 0.1 * (-1.0) ** np.arange(12), np.full(12, 0.4))
    assert still.kind is None
    assert "does not change" in still.reason
    two = fit_growth(HOURS[:2], np.array([40.0, 60.0]), np.full(2, 0.4))
    assert two.kind is None
    assert "any law" in two.reason


def test_growth_with_the_root_of_time_is_told_from_linear():
    hours = np.array([0.0, 1.0, 4.0, 9.0, 16.0, 25.0])
    first = fit_growth(hours, 30 + 2 * np.sqrt(hours), np.full(6, 0.1)).laws[0]
    assert first.law == "square-root"
    assert (first.start, first.rate) == (pytest.approx(30.0), pytest.approx(2.0))


def test_formulas_and_their_input():
    assert grown("parabolic", np.array([0.0, 9.0]), start=4.0, rate=1.0) == pytest.approx([4.0, 5.0])
    assert grown("shifted-square-root", np.array([5.0]), start=1.0, rate=2.0, age=4.0) == pytest.approx([7.0])
    with pytest.raises(DataError, match="two times"):
        fit_growth(np.zeros(3), np.ones(3), np.ones(3))
