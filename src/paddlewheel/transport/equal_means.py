"""Do correlated series of several runs have one mean? Time averages with honest errors, and Welch's test of them.

The error of a time average is that of n / g independent numbers, g the statistical inefficiency (twice the integrated
autocorrelation time), summed over the window that Sokal's rule chooses (Wolff, Comput. Phys. Commun. 156, 143 (2004),
doi 10.1016/S0010-4655(03)00467-3). As g itself is known from the run alone, the error has the degrees of freedom of
n / (2 W + 1) numbers, W the window. Means are compared by Welch's test for unequal variances (Biometrika 38, 330
(1951), doi 10.1093/biomet/38.3-4.330).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_WINDOW = 3.0
"""Window in statistical inefficiencies: Sokal's 6 autocorrelation times."""
_FEWEST = 3.0
"""Degrees of freedom under which an error is not known well enough to compare by it."""


@dataclass(frozen=True)
class TimeAverage:
    """Mean of a correlated series, its standard error, and the degrees of freedom of that error."""

    mean: float
    std: float
    freedom: float


@dataclass(frozen=True)
class Homogeneity:
    """How well means agree.

    Attributes
    ----------
    mean
        Of all, weighted by their errors.
    chi2_per_dof
        Squared deviations from it in errors, over one less than the number of means.
    probability
        Chance of a larger spread where all are equal.
    """

    mean: float
    chi2_per_dof: float
    probability: float


def time_average(values: np.ndarray) -> TimeAverage | None:
    """Mean of a correlated series with its error; None where it is constant, or too short for its correlation.

    Parameters
    ----------
    values
        `[n]`, equally spaced in time.
    """
    n = len(values)
    found = _correlation(values) if n >= 2 * _FEWEST else None
    if found is None:
        return None
    variance, inefficiency, window = found
    freedom = n / (2 * window + 1) - 1
    if freedom < _FEWEST:
        return None
    # the mean is taken from the same numbers, which lowers their correlation by g / n
    g = inefficiency * (1 + (2 * window + 1) / n)
    return TimeAverage(float(np.mean(values)), float(np.sqrt(variance * g / (n - g))), freedom)


def statistical_inefficiency(values: np.ndarray) -> float:
    """How many of the numbers of a correlated series count as one: 1 where they are independent or constant, all of
    them where the series is too short to tell.

    Parameters
    ----------
    values
        `[n]`, equally spaced in time.
    """
    found = _correlation(values) if len(values) > 1 else None
    if found is None:
        return 1.0
    _, inefficiency, window = found
    return inefficiency if window < len(values) else float(len(values))


def _correlation(values: np.ndarray) -> tuple[float, float, int] | None:
    """Variance, statistical inefficiency and the window over which that is summed (n where the series is too short for
    its rule); None where it is constant."""
    n = len(values)
    fluctuation = np.asarray(values, dtype=np.float64) - np.mean(values)
    variance = float(np.mean(fluctuation**2))
    if variance <= (1e-12 * abs(float(np.mean(values)))) ** 2:
        return None
    spectrum = np.fft.rfft(fluctuation, 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, 2 * n)[:n] / np.arange(n, 0, -1) / variance
    inefficiency = np.maximum(2 * np.cumsum(correlation) - 1, 1.0)
    within = np.arange(n) >= _WINDOW * inefficiency
    window = int(np.argmax(within)) if within.any() else n
    return variance, float(inefficiency[min(window, n - 1)]), window


def homogeneity(averages: Sequence[TimeAverage]) -> Homogeneity:
    """Welch's test that two or more time averages are of one mean."""
    from scipy.special import fdtrc

    means, stds, freedoms = np.array([(each.mean, each.std, each.freedom) for each in averages]).T
    weights = stds**-2.0
    mean = float(np.average(means, weights=weights))
    between = len(means) - 1
    chi2_per_dof = float(np.sum(weights * (means - mean) ** 2) / between)
    spread = float(np.sum((1 - weights / weights.sum()) ** 2 / freedoms)) / (len(means) ** 2 - 1)
    statistic = chi2_per_dof / (1 + 2 * (len(means) - 2) * spread)
    return Homogeneity(mean, chi2_per_dof, float(fdtrc(between, 1 / (3 * spread), statistic)))
