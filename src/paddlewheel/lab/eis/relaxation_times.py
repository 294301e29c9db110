"""Distribution of relaxation times: the spectrum as a sum of very many RC arcs, without a circuit in mind.

Z = R + i w L + 1/(i w C) + integral of gamma(tau) / (1 + i w tau) d ln tau, gamma >= 0, by least squares with a
penalty lambda |gamma''|^2 on its curvature (Tikhonov; Wan, Saccoccio, Chen, Ciucci, doi
10.1016/j.electacta.2015.09.097). lambda is the largest value whose generalized cross-validation score (Golub, Heath,
Wahba, doi 10.1080/00401706.1979.10489751) is within one standard error, sqrt(2 / N), of the lowest, the degrees of
freedom being those of the time constants at which gamma is not zero: the smoothest distribution that the data do not
speak against.

Inductive loops are negative arcs. Where gamma >= 0 leaves more than the noise of the spectrum, it is taken to be
negative inside one interval of times, that of the least residual, and positive outside.

The band is that of the Gaussian model which the penalty is the prior of (Ciucci and Chen, doi
10.1016/j.electacta.2015.03.123), about the estimate, and no farther than its sign allows. For it lambda is a third of
the one of the largest evidence (MacKay, doi 10.1162/neco.1992.4.3.415): an estimate that is as smooth as the data
allow is biased at its tops, and a band about it too narrow; one less smooth holds the truth where it says. On average
over tau it does, and not at the top of an arc of one time constant, which is narrower than any prior of smoothness
has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
from paddlewheel.lab.eis.least_squares import Weighted

_PER_DECADE = 10
_BEYOND_DECADES = 1.0
_LAMBDAS = np.geomspace(1e-5, 1e3, 17)
_SMALLEST_PEAK = 0.02
_LEAST_KNOWN = 2.0
"""Errors that the resistance of a peak is at least."""
_BEYOND_KNOWN_TO = 0.05
"""Share of the whole that the error of what is beyond the spectrum is at most, where it joins a peak."""
_DEPTH = 1.5
"""Errors by which the minimum between two peaks is lower than the smaller one; ripples of noise stay below that."""
_EVIDENCE_LAMBDAS = np.geomspace(1e-6, 1e2, 33)
_UNDERSMOOTHED = 3.0
_NORMAL_95 = 1.959964
_SEARCH_LAMBDA = 1e-2
_PER_STEP = 5
_LEAST_NOISE = 1e-3
_BESIDE = 3
"""Points of the grid to either side of what is not zero that the error of a peak's resistance may go to."""
_SERIES = 3
"""Columns before those of gamma: R, L, 1 / C."""


@dataclass(frozen=True)
class RelaxationPeak:
    """A peak: where its top is, and what is under it, cut at the minima to either side.

    Attributes
    ----------
    tau_s
        Of the top.
    resistance_ohm, resistance_std_ohm
        Under it; negative for an inductive loop.
    mean_tau_s, ln_tau_std
        exp of the mean of ln tau over what is higher than half of the top, and the error of that mean.
    """

    tau_s: float
    resistance_ohm: float
    resistance_std_ohm: float
    mean_tau_s: float
    ln_tau_std: float


@dataclass(frozen=True, eq=False)
class RelaxationTimes:
    """The distribution.

    Attributes
    ----------
    tau_s
        `[n_tau]`, ascending.
    gamma_ohm
        `[n_tau]`, resistance per unit of ln tau.
    low_ohm, high_ohm
        `[n_tau]`, the band that holds 95 % of the distribution.
    resistance_ohm
        Of the resistor in series (what is faster than the spectrum).
    inductance_H, capacitance_F
        In series; 0, and infinite, where there is none.
    peaks
        From fast to slow; those under 2 % of all whose top is seen, or under two of their errors, are left out.
    negative_s
        Ends of the times at which gamma is negative; None where it is nowhere.
    regularization
        lambda, relative to the squares of the data.
    rms
        Of the residuals, as a share of |Z|.
    impedance_ohm
        `[n_points]`, of the distribution.
    """

    tau_s: np.ndarray
    gamma_ohm: np.ndarray
    low_ohm: np.ndarray
    high_ohm: np.ndarray
    resistance_ohm: float
    inductance_H: float
    capacitance_F: float
    peaks: tuple[RelaxationPeak, ...]
    negative_s: tuple[float, float] | None
    regularization: float
    rms: float
    impedance_ohm: Complexes


@dataclass(frozen=True, eq=False)
class _Problem:
    """Columns `[n_values, 3 + n_tau]` for R, L, 1/C and gamma, times the size of |Z|; the data, and the penalty."""

    columns: np.ndarray
    target: np.ndarray
    penalty: np.ndarray
    tau: np.ndarray

    def solved(self, lambda_: float, signs: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """Sizes of one sign each, their degrees of freedom, and the residuals."""
        turned = self.columns * signs
        sizes, freedom = _nonnegative(
            turned.T @ turned, turned.T @ self.target, lambda_ * (signs[:, None] * self.penalty * signs)
        )
        return signs * sizes, freedom, self.target - turned @ sizes


def relaxation_times(
    data: Weighted, *, regularization: float | None = None, noise: float | None = None
) -> RelaxationTimes:
    """The distribution of a spectrum; `data` must carry modulus weights.

    Parameters
    ----------
    data
        The spectrum, with 1/|Z| as both weights.
    regularization
        lambda; chosen by cross-validation where not given.
    noise
        Of either part, as a share of |Z|; that of the Kramers-Kronig test where not given.
    """
    omega = data.omega
    fast = 10**-_BEYOND_DECADES / omega.max()
    slow = 10**_BEYOND_DECADES / omega.min()
    tau = np.geomspace(fast, slow, int(_PER_DECADE * np.log10(slow / fast)) + 1)
    step = float(np.log(tau[1] / tau[0]))
    rows = [np.ones(len(omega), dtype=complex), 1j * omega / omega.max(), -1j * omega.min() / omega]
    rows += list(1 / (1 + 1j * omega * tau[:, None]))
    complex_columns: Complexes = np.array(rows, dtype=np.complex128).T
    size = float(np.median(np.abs(data.impedance_ohm)))
    curvature = np.zeros((len(tau) - 2, len(rows)))
    for i in range(len(tau) - 2):
        curvature[i, _SERIES + i : _SERIES + 3 + i] = (1.0, -2.0, 1.0)
    curvature /= step
    problem = _Problem(size * data.stacked(np.array(rows)).T, data.stacked(data.impedance_ohm),
                       curvature.T @ curvature, tau)  # fmt: skip
    signs, negative = np.ones(len(rows)), None
    chosen, sizes, left = _smoothest(problem, signs, regularization)
    if noise is None:
        noise = kramers_kronig(data).rms
    clearly = 1 + 5 / np.sqrt(len(problem.target))
    if np.mean(left**2) > clearly * max(noise, _LEAST_NOISE) ** 2:
        turned, ends = _negative_inside(problem)
        others = _smoothest(problem, turned, regularization)
        seen = (tau >= 1 / omega.max()) & (tau <= 1 / omega.min())
        loop = -others[1][_SERIES:][seen & (turned[_SERIES:] < 0)].sum()
        better = left @ left > clearly * (others[2] @ others[2])
        if better and loop > _SMALLEST_PEAK * np.abs(others[1][_SERIES:][seen]).sum():
            signs, negative, (chosen, sizes, left) = turned, ends, others
    band = _band(problem, signs)
    gamma = size * sizes[_SERIES:] / step
    positive = signs[_SERIES:] > 0
    # the band is about the estimate that is less smooth; the smooth one is inside of it
    low, high = size * (band.sizes - band.reach) / step, size * (band.sizes + band.reach) / step
    low, high = (
        np.minimum(np.where(positive, np.maximum(low, 0.0), low), gamma),
        np.maximum(np.where(positive, high, np.minimum(high, 0.0)), gamma),
    )
    return RelaxationTimes(
        tau_s=tau,
        gamma_ohm=gamma,
        low_ohm=low,
        high_ohm=high,
        resistance_ohm=float(size * sizes[0]),
        inductance_H=float(size * sizes[1] / omega.max()),
        capacitance_F=float(1 / (size * sizes[2] * omega.min())) if sizes[2] > 0 else np.inf,
        peaks=_peaks(tau, size * sizes[_SERIES:], band, size, (1 / omega.max(), 1 / omega.min())),
        negative_s=negative,
        regularization=chosen,
        rms=float(np.sqrt(np.mean(left**2))),
        impedance_ohm=np.asarray(complex_columns @ (size * sizes), dtype=np.complex128),
    )


def _smoothest(
    problem: _Problem, signs: np.ndarray, regularization: float | None
) -> tuple[float, np.ndarray, np.ndarray]:
    """lambda, sizes and residuals by cross-validation with one standard error, or for the lambda given."""
    tried = []
    for trial in _LAMBDAS if regularization is None else [regularization]:
        sizes, freedom, left = problem.solved(float(trial), signs)
        score = float(left @ left) / max(len(left) - freedom, 1.0) ** 2
        tried.append((score, float(trial), sizes, left))
    allowed = min(score for score, *_ in tried) * (1 + np.sqrt(2 / len(problem.target)))
    _, chosen, sizes, left = next(trial for trial in reversed(tried) if trial[0] <= allowed)
    return chosen, sizes, left


def _negative_inside(problem: _Problem) -> tuple[np.ndarray, tuple[float, float]]:
    """Signs with one interval of negative gamma, of the least residual of all between steps of half a decade."""
    count = len(problem.tau)
    steps = [*range(0, count, _PER_STEP), count]
    best: tuple[float, np.ndarray, tuple[float, float]] | None = None
    for at, first in enumerate(steps[:-1]):
        for last in steps[at + 1 :]:
            signs = np.ones(_SERIES + count)
            signs[_SERIES + first : _SERIES + last] = -1
            _, _, left = problem.solved(_SEARCH_LAMBDA, signs)
            if best is None or left @ left < best[0]:
                best = float(left @ left), signs, (float(problem.tau[first]), float(problem.tau[last - 1]))
    assert best is not None
    return best[1:]


@dataclass(frozen=True, eq=False)
class _Band:
    """The less smooth sizes `[n_tau]` and how far 95 % reach; covariances `[n_tau, n_tau]`: of the Gaussian model, and
    of what is not zero and beside it alone."""

    sizes: np.ndarray
    reach: np.ndarray
    whole: np.ndarray
    seen: np.ndarray


def _band(problem: _Problem, signs: np.ndarray) -> _Band:
    gram, right = problem.columns.T @ problem.columns, problem.columns.T @ problem.target
    least = 1e-12 * np.trace(gram) / len(gram) * np.eye(len(gram))
    values, rank = len(problem.target), len(problem.tau) - 2
    scores = []
    for trial in _EVIDENCE_LAMBDAS:
        matrix = gram + trial * problem.penalty + least
        left = problem.target @ problem.target - right @ np.linalg.solve(matrix, right)
        scores.append(rank * np.log(trial) - values * np.log(left) - np.linalg.slogdet(matrix)[1])
    lambda_ = float(_EVIDENCE_LAMBDAS[int(np.argmax(scores))]) / _UNDERSMOOTHED
    sizes, freedom, left = problem.solved(lambda_, signs)
    variance = float(left @ left) / max(values - freedom, 1.0)
    matrix = gram + lambda_ * problem.penalty + least
    whole = variance * np.linalg.inv(matrix)
    seen = sizes != 0
    seen[_SERIES:] = np.convolve(seen[_SERIES:], np.ones(2 * _BESIDE + 1), "same") > 0
    covariance = np.zeros_like(matrix)
    covariance[np.ix_(seen, seen)] = variance * np.linalg.inv(matrix[np.ix_(seen, seen)])
    reach = _NORMAL_95 * np.sqrt(np.diag(whole))[_SERIES:]
    return _Band(sizes[_SERIES:], reach, whole[_SERIES:, _SERIES:], covariance[_SERIES:, _SERIES:])


def _nonnegative(gram: np.ndarray, right: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, float]:
    """Nonnegative least squares by its normal equations, and its degrees of freedom (trace over what is not zero)."""
    from scipy.linalg import cholesky
    from scipy.optimize import nnls

    matrix = gram + penalty
    matrix = matrix + 1e-12 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    root = cholesky(matrix)
    sizes, _ = nnls(root, np.linalg.solve(root.T, right), maxiter=20 * len(matrix))
    free = np.flatnonzero(sizes > 0)
    part = np.ix_(free, free)
    return sizes, float(np.trace(np.linalg.solve(matrix[part], gram[part])))


def _peaks(
    tau: np.ndarray, resistances: np.ndarray, band: _Band, size: float, seen_s: tuple[float, float]
) -> tuple[RelaxationPeak, ...]:
    """Of either sign. A peak ends at the minimum to its next one of the same sign, if that is lower than both by 1.5
    errors of the difference: else the two are one, for the data do not tell them apart. `seen_s` is 1 / omega of the
    ends of the spectrum."""
    found: list[tuple[bool, RelaxationPeak]] = []
    seen = (tau >= seen_s[0]) & (tau <= seen_s[1])
    for sign in (1.0, -1.0):
        heights = np.maximum(sign * resistances, 0.0)
        tops, cuts = _told_apart(heights, size**2 * band.whole, size**2 * band.seen, seen)
        for top, low, high in zip(tops, cuts, cuts[1:], strict=False):
            under = np.zeros(len(tau))
            under[low:high] = heights[low:high] > 0
            resistance = float(resistances @ under)
            std = size * float(np.sqrt(under @ band.seen @ under))
            if abs(resistance) > _LEAST_KNOWN * std:
                mean, ln_std = _time_of_top(tau, resistances, heights > 0.5 * heights[top], top, band.seen * size**2)
                found.append((bool(seen[top]), RelaxationPeak(float(tau[top]), resistance, std, mean, ln_std)))
    # an electrode's rise, whose top is beyond the spectrum, makes no arc small
    arcs = sum(abs(peak.resistance_ohm) for inside, peak in found if inside)
    kept = [peak for _, peak in found if abs(peak.resistance_ohm) > _SMALLEST_PEAK * arcs]
    return tuple(sorted(kept, key=lambda peak: peak.tau_s))


def _time_of_top(
    tau: np.ndarray, resistances: np.ndarray, high: np.ndarray, top: int, covariance: np.ndarray
) -> tuple[float, float]:
    """exp of the mean of ln tau over what is above half of the top and joined to it, and the error of that mean."""
    ends = np.flatnonzero(~high)
    low = int(ends[ends < top].max(initial=-1)) + 1
    joined = np.zeros(len(tau))
    joined[low : int(ends[ends > top].min(initial=len(tau)))] = 1
    whole = float(resistances @ joined)
    mean = float(resistances @ (joined * np.log(tau)) / whole)
    apart = joined * (np.log(tau) - mean) / whole
    # of a top of one point nothing but the step of the grid is known
    least = float(np.log(tau[1] / tau[0])) / np.sqrt(12) if joined.sum() == 1 else 0.0
    return float(np.exp(mean)), max(float(np.sqrt(apart @ covariance @ apart)), least)


def _told_apart(
    heights: np.ndarray, covariance: np.ndarray, known: np.ndarray, seen: np.ndarray
) -> tuple[list[int], list[int]]:
    """Places of the tops, and of the cuts between and beyond them; the least certain minimum is filled up first. What
    is beyond the spectrum joins a peak inside only if its resistance is known: with a capacitor in series it is not."""
    padded = np.concatenate([[-1.0], heights, [-1.0]])
    tops = [i for i in range(len(heights)) if padded[i] < padded[i + 1] >= padded[i + 2] and heights[i] > 0]
    while True:
        cuts = [int(a + np.argmin(heights[a : b + 1])) for a, b in pairwise(tops)]
        depths = []
        for (a, b), cut in zip(pairwise(tops), cuts, strict=True):
            lower = a if heights[a] < heights[b] else b
            error = covariance[lower, lower] + covariance[cut, cut] - 2 * covariance[lower, cut]
            depth = float((heights[lower] - heights[cut]) / np.sqrt(max(error, 1e-300)))
            beyond = slice(cut, None) if seen[a] else slice(None, cut)
            unknown = float(np.sqrt(np.maximum(known[beyond, beyond].sum(), 0.0)))
            joins = seen[a] == seen[b] or unknown < _BEYOND_KNOWN_TO * heights.sum()
            depths.append(depth if joins else np.inf)
        if not depths or min(depths) >= _DEPTH:
            return tops, [0, *cuts, len(heights)]
        at = int(np.argmin(depths))
        del tops[at if heights[tops[at]] < heights[tops[at + 1]] else at + 1]
