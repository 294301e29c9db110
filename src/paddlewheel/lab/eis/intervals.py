"""Profile-likelihood intervals: where the best fit at a fixed value of one parameter becomes improbably worse.

Unlike value +- t std they follow the curvature of the model, and are not symmetric (Venzon and Moolgavkar, doi
10.2307/2347496). The ends solve chi2_profile(theta) = chi2 (1 + F / dof), F the 95 % quantile of F(1, dof).
"""

from __future__ import annotations

import numpy as np

from paddlewheel.lab.eis.fit import CircuitFit
from paddlewheel.lab.eis.least_squares import Weighted, bounds, minimise

_SEARCHES = 12
_CLOSE = 0.02
_FARTHEST = 6.0


def profile_intervals(
    fit: CircuitFit, data: Weighted, *, level: float = 0.95, correlation: float = 0.0
) -> dict[str, tuple[float | None, float | None]]:
    """Both ends for every parameter in its unit; None where the data set no end on that side, or where it is fixed.
    An end that was asked for is one.

    Parameters
    ----------
    fit, data
        A fit and the weighted spectrum that it is of.
    level
        Probability that the interval holds the truth.
    correlation
        Of neighbouring residuals; it widens the intervals as `inflation` says.
    """
    from scipy.special import stdtrit

    inflation = (1 + correlation) / (1 - correlation)
    freedom = max(fit.degrees_of_freedom / inflation, 1.0)
    reach = float(stdtrit(freedom, 0.5 + level / 2)) * np.sqrt(inflation)
    size = fit.circuit.size
    names = fit.circuit.parameters()
    std = np.sqrt(np.diag(fit.covariance))
    exponents = np.array([not parameter.logarithmic for parameter in names])
    step = np.where(std > 0, np.minimum(std * reach, _FARTHEST), 0.05)
    # two searches a parameter: the lower end, then the upper one
    which = np.repeat(np.arange(size), 2)
    sign = np.tile([-1.0, 1.0], size)
    at = fit.theta[which] + sign * step[which]
    asked = {limit.name for limit in fit.circuit.limits}
    ended = exponents | np.array([parameter.name in asked for parameter in names])
    lowest, highest = bounds(fit.circuit, data)
    low = np.where(ended[which], lowest[which], fit.theta[which] - 2 * _FARTHEST)
    high = np.where(ended[which], highest[which], fit.theta[which] + 2 * _FARTHEST)
    at = np.clip(at, low, high)
    fixed = np.zeros((2 * size, size), dtype=bool)
    fixed[np.arange(2 * size), which] = True
    # the other parameters follow the fixed one along the ridge of the covariance
    ridge = np.where(std[which, None] > 0, fit.covariance[which] / np.maximum(std[which, None] ** 2, 1e-300), 0.0)
    found, done = at.copy(), (low == high)
    inner, inner_height = fit.theta[which].copy(), np.zeros(2 * size)
    outer, outer_height = np.full(2 * size, np.nan), np.full(2 * size, np.nan)
    warm = fit.theta + ridge * (at - fit.theta[which])[:, None]
    for _ in range(_SEARCHES):
        open_ = np.flatnonzero(~done)
        if not len(open_):
            break
        starts = warm[open_].copy()
        starts[np.arange(len(open_)), which[open_]] = at[open_]
        reached = minimise(fit.circuit, data, starts, fixed=fixed[open_], most_steps=25)
        height = np.sqrt(np.maximum(reached.chi2 / fit.chi2 - 1, 0.0) * fit.degrees_of_freedom)
        warm[open_] = reached.theta
        for k, i in enumerate(open_):
            found[i] = at[i]
            stopped = at[i] in (low[i], high[i]) and height[k] < reach
            if abs(height[k] - reach) < _CLOSE * reach or stopped:
                done[i] = True
                found[i] = np.nan if stopped and not ended[which[i]] else at[i]
                continue
            if height[k] < reach:
                inner[i], inner_height[i] = at[i], height[k]
            else:
                outer[i], outer_height[i] = at[i], height[k]
            centre = float(fit.theta[which[i]])
            further = _next(inner[i], inner_height[i], outer[i], outer_height[i], centre, reach)
            at[i] = np.clip(further, low[i], high[i])
    found[low == high] = np.nan
    ends = found.reshape(size, 2)
    signs = np.array([parameter.sign for parameter in names])[:, None]
    values = np.where(exponents[:, None], ends, signs * np.exp(ends))
    values = np.where(signs < 0, values[:, ::-1], values)
    return {parameter.name: (_known(pair[0]), _known(pair[1])) for parameter, pair in zip(names, values, strict=True)}


def _next(inner: float, inner_height: float, outer: float, outer_height: float, centre: float, reach: float) -> float:
    """Between the ends where there are both (the root of chi2 is nearly straight), else farther out."""
    if np.isnan(outer):
        far = centre + (inner - centre) * (reach / max(inner_height, 0.1 * reach)) * 1.05
        return float(np.clip(far - inner, -_FARTHEST, _FARTHEST) + inner)
    share = np.clip((reach - inner_height) / (outer_height - inner_height), 0.05, 0.95)
    return float(inner + share * (outer - inner))


def _known(end: float) -> float | None:
    return float(end) if np.isfinite(end) else None
