"""A bend of the MSD that hides in the noise: its final slope, averaged over the ways in which it may relax.

A line is fitted to an MSD from a lag on at which no bend is seen. Where a cage relaxes exponentially little is left of
it there; where ions hop back and forth among slow anions the slope falls as a power of time for decades, and a line,
whose weight is at short lags, is too steep (o-NBH, 800 K: by 30 % from 1 to 8 ps). Each way is fitted as

    MSD = c + 6 D t + b k(t),   k = tau (1 - exp(-t / tau))   or   k'(t) = (1 + t / t0)^-g,

by generalized least squares: it is linear in c, D and b. The weight of a fit is its likelihood times the ratio of the
error of b to what b might have been before the data, a slope twice the final one where the fit begins (Laplace's
approximation; MacKay, ISBN 0521642981, chapter 28). Only bends downwards count (b > 0). The slope is the mean over all
fits, and what they differ by is part of its error (Hoeting et al., doi 10.1214/ss/1009212519).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.least_squares import chi2, gls, line_design

_EXPONENTIAL = (0.125, 0.25, 0.5, 1.0)
_POWERS, _SINCE = (0.5, 1.0), (0.1, 1.0)
_PRIOR_LINE, _PRIOR_EXPONENTIAL, _PRIOR_POWER = 0.5, 0.2, 0.3


@dataclass(frozen=True)
class Slopes:
    """Ways to read the final slope of an MSD.

    Attributes
    ----------
    weights
        `[n_models]`, of sum 1.
    estimators
        `[n_models, n_lags]`: each times the MSD is D.
    """

    weights: np.ndarray
    estimators: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """`[n_lags]`: times the MSD, the mean over the models."""
        return self.weights @ self.estimators

    def covariance(self, msds: np.ndarray) -> np.ndarray:
        """`[n, n]`, between the models, of the slopes of `msds` `[n, n_lags]`."""
        apart = self.estimators @ msds.T
        apart = apart - self.weights @ apart
        return apart.T @ (self.weights[:, None] * apart)


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
    estimators = [straight[1]]
    for prior, relaxed, steepness in _relaxations(t / first):
        design = np.column_stack([line_design(t), relaxed * first])
        estimator, inverse = gls(errors, design)
        values = estimator @ y
        if not (values[2] > 0.0 and inverse[2, 2] > 0.0):
            continue
        spread, before = float(np.sqrt(inverse[2, 2])), slope / steepness
        logs.append(np.log(prior * spread / np.hypot(spread, before)) - 0.5 * chi2(y - design @ values, errors))
        estimators.append(estimator[1])
    weights = np.exp(np.array(logs) - max(logs))
    whole = np.zeros((len(estimators), lags.size))
    whole[:, used] = estimators
    return Slopes(weights / weights.sum(), whole)


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
