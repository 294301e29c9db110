"""A bend of the MSD that hides in the noise: its final slope, averaged over the ways in which it may relax.

A line is fitted to an MSD from a lag on at which no bend is seen. Where a cage relaxes exponentially little is left of
it there; where ions hop back and forth among slow anions the slope falls as a power of time for decades, and a line,
whose weight is at short lags, is too steep (o-NBH, 800 K: by 30 % from 1 to 8 ps). Each way is fitted as

    MSD = c + 6 D t + b k(t),   k = tau (1 - exp(-t / tau))   or   k'(t) = (1 + t / t0)^-g,

by generalized least squares: it is linear in c, D and b. Before the data b has a normal law about 0, whose standard
deviation makes half of the slope at the first lag relax. Without that law a t^-1/2 that the noise hides takes all of
the slope: D of Li6PS5Cl at 700 K was refused, or 2 to 7 times too small, in a third of the sets. The weight of a fit is
its evidence: its likelihood times the ratio of the errors of b after and before (exact, for it is linear; MacKay, ISBN
0521642981, chapter 28). Only bends downwards count (b > 0). The slope is the mean over all fits; what they differ by,
and what each leaves to the law of b, is part of its error (Hoeting et al., doi 10.1214/ss/1009212519).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.least_squares import chi2, gls, line_design

_EXPONENTIAL = (0.125, 0.25, 0.5, 1.0)
_POWERS, _SINCE = (0.5, 1.0), (0.1, 1.0)
_SHARE_BEFORE = 0.5
"""Standard deviation, before the data, of the share of the slope at the first lag of a fit that relaxes yet."""
_PRIOR_LINE, _PRIOR_EXPONENTIAL, _PRIOR_POWER = 0.5, 0.2, 0.3


@dataclass(frozen=True)
class Slopes:
    """Ways to read the final slope of an MSD.

    Attributes
    ----------
    weights
        `[n_models]`, of sum 1.
    estimators
        `[n_models, n_lags]`: each times the MSD is D; the first is that of a line.
    unknown
        Variance of the slope, over the square of the line's, that comes from what was known of the bends before.
    """

    weights: np.ndarray
    estimators: np.ndarray
    unknown: float

    @property
    def mean(self) -> np.ndarray:
        """`[n_lags]`: times the MSD, the mean over the models."""
        return self.weights @ self.estimators

    def covariance(self, msds: np.ndarray) -> np.ndarray:
        """`[n, n]`, between the models and within what they take from before, of the slopes of `msds` `[n, n_lags]`."""
        slopes = self.estimators @ msds.T
        apart = slopes - self.weights @ slopes
        return apart.T @ (self.weights[:, None] * apart) + self.unknown * np.outer(slopes[0], slopes[0])


def final_slopes(lags: np.ndarray, msd: np.ndarray, covariance: np.ndarray, first: int) -> Slopes:
    """The final slope of an MSD from lag `first` on, by a line and by lines with what relaxes yet.

    Parameters
    ----------
    lags
        `[n_lags]`, frames.
    msd, covariance
        `[n_lags]` and `[n_lags, n_lags]`.
    first
        The lag from which a line describes the MSD.
    """
    used = lags >= first
    t, y, errors = lags[used].astype(float), msd[used], covariance[np.ix_(used, used)]
    straight, _ = gls(errors, line_design(t))
    slope = max(6.0 * float(straight[1] @ y), 1e-12)
    logs = [np.log(_PRIOR_LINE) - 0.5 * chi2(y - line_design(t) @ (straight @ y), errors)]
    estimators, unknown = [straight[1]], [0.0]
    for prior, relaxed, steepness in _relaxations(t / first):
        design = np.column_stack([line_design(t), relaxed * first])
        estimator, inverse = gls(errors, design)
        values = estimator @ y
        if not (values[2] > 0.0 and inverse[2, 2] > 0.0):
            continue
        variance, before = float(inverse[2, 2]), (_SHARE_BEFORE * slope / steepness) ** 2
        share = inverse[:, 2] / (variance + before)  # of b, by which what was known before moves each parameter
        misfit = chi2(y - design @ values, errors) + values[2] ** 2 / (variance + before)
        logs.append(np.log(prior * np.sqrt(variance / (variance + before))) - 0.5 * misfit)
        estimators.append(estimator[1] - share[1] * estimator[2])
        unknown.append(share[1] ** 2 * before / (slope / 6.0) ** 2)
    weights = np.exp(np.array(logs) - max(logs))
    whole = np.zeros((len(estimators), lags.size))
    whole[:, used] = estimators
    weights /= weights.sum()
    return Slopes(weights, whole, float(weights @ unknown))


def _relaxations(t: np.ndarray) -> list[tuple[float, np.ndarray, float]]:
    """Of each: its prior weight, k at times `t` in units of the first lag of the fit, and k' there."""
    found = [
        (_PRIOR_EXPONENTIAL / len(_EXPONENTIAL), -tau * np.expm1(-t / tau), float(np.exp(-1.0 / tau)))
        for tau in _EXPONENTIAL
    ]
    share = _PRIOR_POWER / len(_POWERS) / len(_SINCE)
    for power in _POWERS:
        for since in _SINCE:
            grown = np.log1p(t / since) if power == 1.0 else np.expm1((1 - power) * np.log1p(t / since)) / (1 - power)
            found.append((share, since * grown, float((1 + 1 / since) ** -power)))
    return found
