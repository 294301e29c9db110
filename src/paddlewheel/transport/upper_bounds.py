"""Upper bounds in a fit of a line: temperatures that gave no value still say what their value is not.

A temperature is refused more often when its few hops happen to be fewer still. To leave it out selects the large
values, and the line comes out too flat (Tobin 1958, doi 10.2307/1907382). As a censored observation it says that the
value lies below its bound, and nothing of how far: the factor in the likelihood falls from 1 to 0 around the bound, as
a normal law's tail in the logarithm whose width is the largest error with which a value is still taken. On counts of
Poisson events the intervals then hold the truth as often as they say (tests/transport/test_upper_bounds.py); the chance
of an estimate no larger than the one seen, which a bound of 95 % suggests, would pull the line down.

The product of a normal law of the line's two parameters and such tails has no closed form. Expectation propagation
replaces each tail by the normal law that leaves mean and covariance right (Minka 2001, arXiv 1301.2294; Rasmussen and
Williams 2006, ISBN 026218253X, section 3.6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOG_ERROR = 0.5
"""Width of a bound in the logarithm: the largest relative error with which a diffusivity is taken."""
_ROUNDS, _SETTLED = 50, 1e-9


@dataclass(frozen=True)
class UpperBounds:
    """Bounds on a line of two parameters: at `design` `[n, 2]` below `log_bound` `[n]`, give or take `log_error`."""

    design: np.ndarray
    log_bound: np.ndarray
    log_error: float = LOG_ERROR

    def excess(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """How far the line lies above each, `[n]`, in units of both errors; below it is negative."""
        variance = self.log_error**2 + np.einsum("ij,jk,ik->i", self.design, covariance, self.design)
        return (self.design @ mean - self.log_bound) / np.sqrt(variance)

    def joined(self, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean `[2]` and covariance `[2, 2]` of a line's parameters that was known by these before, with the bounds."""
        n = len(self.log_bound)
        precision, shift = np.zeros(n), np.zeros(n)
        known = np.linalg.inv(covariance)
        new_mean, new_covariance = mean, covariance
        for _ in range(_ROUNDS):
            before = new_mean
            for i in range(n):
                row = self.design[i]
                at, spread = float(row @ new_mean), float(row @ new_covariance @ row)
                # what the line is at this bound's temperature by all else
                rest_precision = 1.0 / spread - precision[i]
                rest = (at / spread - shift[i]) / rest_precision
                mean_i, variance_i = _below(rest, 1.0 / rest_precision, self.log_bound[i], self.log_error)
                precision[i] = 1.0 / variance_i - rest_precision
                shift[i] = mean_i / variance_i - rest * rest_precision
                new_covariance = np.linalg.inv(known + (self.design.T * precision) @ self.design)
                new_mean = new_covariance @ (known @ mean + self.design.T @ shift)
            if np.abs(new_mean - before).max() < _SETTLED * (1.0 + np.abs(new_mean).max()):
                break
        return new_mean, new_covariance


def _below(mean: float, variance: float, bound: float, error: float) -> tuple[float, float]:
    """Mean and variance of a normal law times the tail that falls around `bound` within `error`."""
    from scipy.special import log_ndtr

    width = np.sqrt(error**2 + variance)
    z = (bound - mean) / width
    ratio = float(np.exp(-0.5 * z**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(z)))  # density over tail
    pull = ratio * (z + ratio)
    return mean - variance * ratio / width, variance * (1.0 - variance / width**2 * pull)
