"""Least squares of few parameters inside limits, with the covariance, profile intervals and AICc of the fit.

Levenberg-Marquardt with parameters held at a limit where the descent leads across it (doi 10.1137/0111030). A fit of
some ten points takes a millisecond, so that intervals come from profiles: the parameter is held, all others are fitted
again, until the sum of squares is t^2 s^2 above the smallest (Venzon and Moolgavkar, doi 10.2307/2347496).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

Residual = Callable[[np.ndarray], np.ndarray]
"""Parameters [k] -> differences over their standard uncertainty [n]."""

Ends = tuple[float | None, float | None]
"""Of an interval; None where the data set no end on that side."""
LEVELS = (0.6827, 0.95)
_MOST_STEPS = 80
_LEAST_GAIN = 1e-11
_SEARCHES = 30
_FARTHEST_STD = 12.0
_FARTHER_AT_LIMIT = 10.0
"""Times as far where a parameter is at its limit: the covariance without it is too small by as much."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """What is fitted.

    Attributes
    ----------
    residual
        Differences over their standard uncertainty.
    lower, upper
        [k] limits of the parameters; infinite where there is none.
    """

    residual: Residual
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Value:
    """A quantity of a fit: its standard uncertainty, and the ends of its 68 and 95 % intervals."""

    value: float
    std: float
    interval_68: Ends
    interval_95: Ends

    @property
    def half_width_95(self) -> float:
        """Half of the 95 % interval over the value; infinite where an end is missing."""
        low, high = self.interval_95
        return math.inf if low is None or high is None else 0.5 * (high - low) / abs(self.value)

    def mapped(self, function: Callable[[float], float]) -> Value:
        """The rising function of it; the uncertainty by the function's slope over one standard uncertainty.

        An end whose function leaves the numbers is none, and an uncertainty that does is infinite.
        """

        def at(place: float) -> float:
            try:
                return function(place)
            except OverflowError:
                return math.inf

        def end(place: float | None) -> float | None:
            found = math.nan if place is None else at(place)
            return found if math.isfinite(found) else None

        ends = [(end(low), end(high)) for low, high in (self.interval_68, self.interval_95)]
        least, most = 1e-9 * max(abs(self.value), 1e-9), 1e-3 * max(abs(self.value), 1.0)
        step = min(max(1e-4 * self.std, least), most)
        slope = (at(self.value + step) - at(self.value - step)) / (2 * step)
        std = abs(slope) * self.std
        return Value(
            value=at(self.value), std=std if math.isfinite(std) else math.inf, interval_68=ends[0], interval_95=ends[1]
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """The best parameters.

    Attributes
    ----------
    theta
        [k]
    covariance
        [k, k], times `scale` squared; zero for a parameter at its limit.
    chi2
        Sum of the squared residuals.
    n_points
        Number of residuals.
    scale
        Standard deviation of the residuals: by their scatter, or at least 1 where their uncertainty was known.
    at_limit
        [k] whether a parameter ended at a limit.
    is_scatter
        Whether the scale came from the residuals, so that intervals are Student's.
    """

    theta: np.ndarray
    covariance: np.ndarray
    chi2: float
    n_points: int
    scale: float
    at_limit: np.ndarray
    is_scatter: bool

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return self.n_points - len(self.theta)

    @property
    def std(self) -> np.ndarray:
        """[k] standard uncertainties."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def reach(self, level: float) -> float:
        """Half width of the interval of `level` in standard uncertainties: Student's t, or normal."""
        from scipy.special import ndtri, stdtrit

        if self.is_scatter:
            return float(stdtrit(self.freedom, 0.5 + level / 2))
        return float(ndtri(0.5 + level / 2))

    def std_of(self, gradient: np.ndarray) -> float:
        """Standard uncertainty of a function of the parameters with this gradient."""
        return math.sqrt(max(float(gradient @ self.covariance @ gradient), 0.0))


def fit(problem: Problem, starts: Sequence[np.ndarray], *, known_errors: bool = False) -> Fit:
    """The best of the minima that the starts lead to; there are more points than parameters.

    `known_errors` says that the residuals are over known uncertainties: then their scatter only widens intervals.
    """
    free = np.ones(len(problem.lower), dtype=bool)
    found = [minimise(problem, start, free=free) for start in starts]
    theta, chi2 = min(found, key=lambda pair: pair[1])
    n_points = len(problem.residual(theta))
    freedom = n_points - len(theta)
    scatter = math.sqrt(chi2 / freedom) if freedom > 0 else math.inf
    scale = max(1.0, scatter) if known_errors else scatter
    at_limit = (theta <= problem.lower) | (theta >= problem.upper)
    covariance = np.zeros((len(theta), len(theta)))
    inside = np.flatnonzero(~at_limit)
    jacobian = derivatives(problem.residual, theta, problem, inside)
    size = np.linalg.norm(jacobian, axis=0)
    size[size == 0] = 1.0
    inverse = np.linalg.pinv((jacobian / size).T @ (jacobian / size), rcond=1e-14)
    covariance[np.ix_(inside, inside)] = inverse / np.outer(size, size) * scale**2
    return Fit(
        theta=theta, covariance=covariance, chi2=chi2, n_points=n_points, scale=scale, at_limit=at_limit,
        is_scatter=not known_errors or scatter > 1.0,
    )  # fmt: skip


def minimise(
    problem: Problem, start: np.ndarray, *, free: np.ndarray, least_gain: float = _LEAST_GAIN
) -> tuple[np.ndarray, float]:
    """The parameters of the least sum of squares, and that sum; those that are not `free` stay."""
    theta = np.clip(np.asarray(start, dtype=float), problem.lower, problem.upper)
    residual = problem.residual(theta)
    chi2 = float(residual @ residual)
    damping = 1e-3
    for _ in range(_MOST_STEPS):
        places = np.flatnonzero(free)
        jacobian = derivatives(problem.residual, theta, problem, places)
        gradient = jacobian.T @ residual
        stuck = ((theta[places] <= problem.lower[places]) & (gradient > 0)) | (
            (theta[places] >= problem.upper[places]) & (gradient < 0)
        )
        places, jacobian, gradient = places[~stuck], jacobian[:, ~stuck], gradient[~stuck]
        if not len(places):
            break
        normal = jacobian.T @ jacobian
        weight = np.maximum(np.diag(normal), 1e-300)
        gain = 0.0
        while damping < 1e12:
            step = np.linalg.lstsq(normal + damping * np.diag(weight), -gradient, rcond=None)[0]
            trial = theta.copy()
            trial[places] = np.clip(theta[places] + step, problem.lower[places], problem.upper[places])
            tried = problem.residual(trial)
            height = float(tried @ tried)
            if math.isfinite(height) and height < chi2:
                gain, theta, residual, chi2 = chi2 - height, trial, tried, height
                damping = max(damping / 10, 1e-12)
                break
            damping *= 10
        if gain <= least_gain * chi2:
            break
    return theta, chi2


def profile_interval(problem: Problem, best: Fit, place: int, *, level: float) -> Ends:
    """Both ends for the parameter `place`; None where the data set no end on that side, within the limits.

    A parameter at its limit has the limit as its end.
    """
    low, high = (_profile_end(problem, best, place, sign, best.reach(level)) for sign in (-1, 1))
    if best.theta[place] >= problem.upper[place]:
        high = float(problem.upper[place])
    if best.theta[place] <= problem.lower[place]:
        low = float(problem.lower[place])
    return low, high


def _profile_end(problem: Problem, best: Fit, place: int, sign: int, reach: float) -> float | None:
    """Where the root of the rise of chi2 over s^2 meets `reach`: bracketed from the covariance, then by secants."""
    centre = float(best.theta[place])
    limit = float((problem.lower, problem.upper)[sign > 0][place])
    std = float(best.std[place]) or _std_alone(problem, best, place)
    free = np.ones(len(best.theta), dtype=bool)
    free[place] = False
    warm = best.theta.copy()
    ridge = best.covariance[place] / best.covariance[place, place] if best.covariance[place, place] > 0 else 0.0 * warm
    farthest = _FARTHEST_STD * (_FARTHER_AT_LIMIT if best.at_limit.any() else 1.0)
    inner, inner_height, outer, outer_height = centre, 0.0, math.nan, math.nan
    at = _inside(centre + sign * reach * std, limit, sign)
    warm = best.theta + ridge * (at - centre)
    for _ in range(_SEARCHES):
        warm[place] = at
        warm, chi2 = minimise(problem, warm, free=free, least_gain=1e-6)
        height = math.sqrt(max(chi2 - best.chi2, 0.0)) / best.scale if best.scale > 0 else math.inf
        if abs(height - reach) < 2e-3 * reach:
            return at
        if height < reach:
            if at == limit:
                return None
            inner, inner_height = at, height
        else:
            outer, outer_height = at, height
        if math.isnan(outer):
            if abs(at - centre) > farthest * reach * std:
                return None
            stretch = min(max(reach / max(height, 0.2 * reach), 1.1), 3.0)
            at = _inside(centre + (at - centre) * stretch, limit, sign)
        else:
            share = min(max((reach - inner_height) / (outer_height - inner_height), 0.05), 0.95)
            if abs(outer - inner) < 1e-9 * std:
                return at
            at = inner + share * (outer - inner)
    return at


def _std_alone(problem: Problem, best: Fit, place: int) -> float:
    """Of a parameter at its limit, with all others held: a first step."""
    slope = float(np.linalg.norm(derivatives(problem.residual, best.theta, problem, [place])))
    return best.scale / slope if best.scale > 0 and slope > 0 else 0.1 * max(abs(float(best.theta[place])), 1e-3)


def _inside(at: float, limit: float, sign: int) -> float:
    return min(at, limit) if sign > 0 else max(at, limit)


def derivatives(
    function: Residual, theta: np.ndarray, problem: Problem, places: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Of a function of the parameters [n], by central differences, one-sided at a limit; [n, len(places)]."""
    columns = []
    for place in places:
        step = 1e-6 * max(abs(theta[place]), 1e-2)
        above, below = theta.copy(), theta.copy()
        above[place] = min(theta[place] + step, problem.upper[place])
        below[place] = max(theta[place] - step, problem.lower[place])
        width = above[place] - below[place]
        columns.append((function(above) - function(below)) / (width or 1.0))
    return np.array(columns).T


def value_of(
    function: Callable[[np.ndarray], float], problem: Problem, best: Fit, *, logarithmic: bool = False
) -> Value:
    """A function of the parameters with its uncertainty by the covariance; `logarithmic` for the exponential of it.

    The covariance leaves out a parameter at its limit: what the function does between the limit and the other end of
    its profile interval, all others fitted again, is added.
    """
    centre, std = function(best.theta), _std_of(function, problem, best)
    moves = {level: [function(theta) - centre for theta in _from_limits(problem, best, level)] for level in LEVELS}
    ends = [
        (centre - math.hypot(best.reach(level) * std, *(min(move, 0.0) for move in moves[level])),
         centre + math.hypot(best.reach(level) * std, *(max(move, 0.0) for move in moves[level])))
        for level in LEVELS
    ]  # fmt: skip
    return _value(centre, math.hypot(std, *moves[LEVELS[0]]), ends, logarithmic=logarithmic)


def _std_of(function: Callable[[np.ndarray], float], problem: Problem, best: Fit) -> float:
    slope = derivatives(lambda theta: np.array([function(theta)]), best.theta, problem, range(len(best.theta)))[0]
    return best.std_of(slope)


def _from_limits(problem: Problem, best: Fit, level: float) -> list[np.ndarray]:
    """For each parameter at its limit the best of the others where it is at the other end of its interval.

    Where its interval has no other end, at its other limit.
    """
    found = []
    for place in np.flatnonzero(best.at_limit):
        side = 0 if best.theta[place] >= problem.upper[place] else 1
        end = profile_interval(problem, best, int(place), level=level)[side]
        start, free = best.theta.copy(), np.ones(len(best.theta), dtype=bool)
        start[place], free[place] = (problem.lower, problem.upper)[side][place] if end is None else end, False
        if math.isfinite(start[place]):
            found.append(minimise(problem, start, free=free)[0])
    return found


def profiled(problem: Problem, best: Fit, place: int, *, logarithmic: bool = False) -> Value:
    """A parameter with its profile intervals; `logarithmic` for the exponential of it.

    Where a parameter is at its limit, the standard uncertainty is by the 68 % interval, half of it or to its one end.
    """
    ends = [profile_interval(problem, best, place, level=level) for level in LEVELS]
    centre, std = float(best.theta[place]), float(best.std[place])
    if best.at_limit.any():
        low, high = ends[0]
        if best.at_limit[place] or low is None or high is None:
            known = [abs(end - centre) for end in ends[0] if end is not None and end != centre]
            std = max([*known, std]) if known else value_of(lambda theta: float(theta[place]), problem, best).std
        else:
            std = 0.5 * (high - low)
    return _value(centre, std, ends, logarithmic=logarithmic)


def by_covariance(problem: Problem, best: Fit, place: int, *, logarithmic: bool = False) -> Value:
    """As `profiled`, with the intervals of the covariance alone."""
    centre, std = float(best.theta[place]), float(best.std[place])
    ends = [(centre - best.reach(level) * std, centre + best.reach(level) * std) for level in LEVELS]
    return _value(centre, std, ends, logarithmic=logarithmic)


def _value(centre: float, std: float, ends: Sequence[Ends], *, logarithmic: bool) -> Value:
    if not logarithmic:
        return Value(value=centre, std=std, interval_68=ends[0], interval_95=ends[1])
    return Value(value=centre, std=std, interval_68=ends[0], interval_95=ends[1]).mapped(math.exp)


def moved(best: Fit, theta: np.ndarray, turn: np.ndarray) -> Fit:
    """The same minimum in other parameters, of which `turn` is the derivative by the old ones; [k, k]."""
    return replace(best, theta=theta, covariance=turn @ best.covariance @ turn.T)


def aicc(best: Fit) -> float:
    """Akaike's criterion of Gaussian residuals of unknown size, corrected for few points; infinite for too few.

    The size of the residuals counts as a parameter (Hurvich and Tsai, doi 10.1093/biomet/76.2.297).
    """
    n, k = best.n_points, len(best.theta) + 1
    if n - k - 1 <= 0:
        return math.inf
    return n * math.log(max(best.chi2, 1e-300) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
