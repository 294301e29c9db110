"""The straight part of an MSD: where it begins, its slope and intercept, and the error of both.

The slope is a generalized least squares fit, `MSD = intercept + 6 D t`, so it is a weighted sum of MSD values. Its
weights come from a model of the covariance (`covariance.py`); its error does not rest on that model. It comes from
the scatter of the same weighted sum over stretches of time, which sees ions that move together, ions that do not
move, and few hops; the model only mends what windows reaching from one stretch into the next do to the scatter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.transport.excess import NO_EXCESS, ExcessVariance
from paddlewheel.transport.least_squares import gls, line_design
from paddlewheel.transport.slow_relaxation import Slopes, final_slopes

if TYPE_CHECKING:
    from paddlewheel.transport.lagged import Pool

LAGS_PER_OCTAVE = 3
LONGEST_LAG = 3.0
"""The run length over the longest lag used; beyond it the MSD has fewer than three independent windows."""
LONGEST_ONSET = 10.0
"""The run length over the longest lag at which the search lets the straight part begin."""
_SAFETY = 2.0
"""The fit begins at this multiple of the lag found: what bends the MSD decays, so what hid in the noise is gone."""
_SLOPE_THRESHOLD, RESIDUAL_THRESHOLD = 2.6, 4.0
_FEW_IONS = 0.3
"""What few ions add to the error, over their number: it is known by few and the gates choose (calibrated likewise)."""
SLOPE_TOLERANCE = 0.1
"""How far from 1 a log-log slope may be, its error (95 %) apart."""
_ROUNDS = 3
_MOST_PARTS, _FEWEST_PARTS, _PART_OVER_ONSET = 32, 8, 4.0
_INDEPENDENCE = 0.7
"""Degrees of freedom per part: neighbouring parts share windows (calibrated on docs/benchmarks/coverage.md)."""


@dataclass(frozen=True)
class Line:
    """A fit of the straight part; lags in frames, the slope as D in A^2 per frame.

    `weights @ MSD` is `diffusivity`. `covariance` is of the MSD at all lags, A^4. `linear` says whether a straight
    part was found; if not, the fit begins at the last lag allowed and its error means little. `excess` is how much the
    replicas differ, in errors of their own; the variance holds its ratio, and `degrees_of_freedom` its uncertainty,
    those of the scatter in time alone are `degrees_within`.
    `stretches` has for each replica the number of stretches of time, and the factor that makes the variance of any sum
    with these `weights` out of that of its mean over the stretches (0: the replica is shorter than every lag used).
    """

    linear: bool
    onset: int
    first: int
    diffusivity: float
    variance: float
    by_component: np.ndarray
    variance_by_component: np.ndarray
    degrees_of_freedom: float
    degrees_within: float
    intercept: float
    excess: ExcessVariance
    stretches: tuple[tuple[int, float], ...]
    weights: np.ndarray
    slopes: Slopes
    covariance: np.ndarray


def lag_grid(n_frames: int) -> np.ndarray:
    """Lags in frames, three to the octave, from one frame to a third of the run."""
    longest = max(int(n_frames / LONGEST_LAG), 1)
    octaves = np.arange(0.0, np.log2(longest) + 1e-9, 1.0 / LAGS_PER_OCTAVE)
    return np.unique(np.round(2.0**octaves).astype(int))


def fit_line(pool: Pool, *, minimum_onset: int = 1) -> Line:
    """Find the straight part of the pooled MSD and fit it.

    Three rounds: the fit gives the model of the displacements, the model gives the covariance, the covariance the fit;
    the scatter in time gives the strength of the shot noise in that covariance.
    """
    lags, msd = pool.lags, pool.msd.sum(axis=1)
    n_frames = max(replica.n_frames for replica in pool.replicas)
    n_ions = sum(replica.n_ions for replica in pool.replicas)
    known = min(int(np.searchsorted(lags, n_frames / 20)), lags.size - 2)
    last = max(int(np.searchsorted(lags, n_frames / LONGEST_ONSET, side="right")), 1)
    start = min(int(np.searchsorted(lags, minimum_onset)), last - 1)
    first, slope, shot = known, _slope(lags[known:], msd[known:]), 0.0
    line = None
    for _ in range(_ROUNDS):
        memory = int(lags[max(first, known)])
        variance = _variance(lags, msd / 3.0, n_frames, memory, slope / 3.0)
        parts = pool.covariances(variance, memory)
        gaussian = np.sum([p.gaussian for p in parts], axis=0)
        unit_shot = np.sum([p.shot for p in parts], axis=0)
        covariance = gaussian + shot * unit_shot
        onset, linear = _onset(lags, msd, covariance, range(start, last))
        first = _first(lags, onset)
        estimator, _ = gls(covariance[first:, first:], line_design(lags[first:]))
        intercept = float(estimator[0] @ msd[first:])
        # what bends upwards (persistence) at short lags is none of the relaxations, and would hide in their noise
        slopes = final_slopes(lags, msd, covariance, int(lags[onset if intercept > 0 else first]))
        weights = slopes.mean
        errors, degrees, stretches = _variance_from_parts(
            pool, weights, [p.gaussian + shot * p.shot for p in parts], variance, memory, int(lags[first]), shot
        )
        between = np.diag(slopes.covariance(pool.msd.T)), float(slopes.covariance(msd[None])[0, 0])
        own = (1.0 + _FEW_IONS / n_ions) ** 2
        excess = _excess(pool, weights, intercept, own * errors[:, 3], degrees / len(pool.replicas))
        inflation = own * excess.ratio
        error = inflation * errors.sum(axis=0)
        line = Line(
            linear=linear,
            onset=int(lags[onset]),
            first=int(lags[first]),
            diffusivity=float(weights @ msd),
            variance=float(error[3]) + between[1],
            by_component=3.0 * weights @ pool.msd,
            variance_by_component=9.0 * (error[:3] + between[0]),
            slopes=slopes,
            degrees_of_freedom=excess.joined(degrees),
            degrees_within=degrees,
            intercept=intercept,
            excess=excess,
            stretches=tuple((n_parts, inflation * factor) for n_parts, factor in stretches),
            weights=weights,
            covariance=covariance,
        )
        slope = max(6.0 * line.diffusivity, 0.0)
        excess = float(errors[:, 3].sum()) - float(weights @ gaussian @ weights)
        shot = max(0.0, excess / float(weights @ unit_shot @ weights))
    assert line is not None
    return line


def _first(lags: np.ndarray, onset: int) -> int:
    """Index of the lag that a fit begins at: the onset with its margin, three lags left at least."""
    return min(int(np.searchsorted(lags, _SAFETY * lags[onset])), lags.size - 3)


def _slope(lags: np.ndarray, msd: np.ndarray) -> float:
    return max(float(np.polyfit(lags, msd, 1)[0]), 0.0)


def _variance(lags: np.ndarray, measured: np.ndarray, n_frames: int, memory: int, slope: float) -> np.ndarray:
    """V(n) for n = 0 to n_frames: as measured up to `memory`, then straight, and never quite flat."""
    inside = lags <= memory
    n = np.arange(n_frames + 1.0)
    at = np.interp(n, np.concatenate([[0], lags[inside]]), np.concatenate([[0.0], measured[inside]]))
    last, value = lags[inside][-1], measured[inside][-1]
    return np.where(n > last, value + max(slope, 1e-3 * value / n_frames) * (n - last), at)


def _onset(lags: np.ndarray, msd: np.ndarray, covariance: np.ndarray, allowed: range) -> tuple[int, bool]:
    """Index of the first lag from which a line describes the MSD, and whether there is one.

    A line from lag n is accepted if its slope agrees with that of the lines from 2 n and 4 n (Hausman's test of a
    precise estimate against robust ones; doi 10.2307/1913827), no MSD value lies off it, and the power of t is 1
    within its error, there and where the fit will begin.
    """
    weights = []
    for j in range(lags.size - 2):
        estimator, _ = gls(covariance[j:, j:], line_design(lags[j:]))
        weights.append(np.concatenate([np.zeros(j), estimator[1]]))
    for j in allowed:
        if j >= len(weights):
            break
        agrees = True
        for factor in (2, 4):
            later = int(np.searchsorted(lags, factor * lags[j]))
            if later < len(weights):
                difference = weights[j] - weights[later]
                error = np.sqrt(max(difference @ covariance @ difference, 0.0))
                agrees &= abs(difference @ msd) <= _SLOPE_THRESHOLD * error
        if not agrees or worst_residual(line_design(lags[j:]), msd[j:], covariance[j:, j:]) > RESIDUAL_THRESHOLD:
            continue
        begins = (j, _first(lags, j))
        powers = [exponent(lags[k:], msd[k:], covariance[k:, k:]) for k in begins]
        if all(abs(power - 1.0) <= SLOPE_TOLERANCE + 2.0 * error for power, error in powers):
            return j, True
    return min(allowed[-1], lags.size - 3), False


def exponent(lags: np.ndarray, msd: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """Exponent a of `MSD = intercept + B t^a` and its error, to first order in a - 1.

    `t^a = t + (a - 1) t ln t`, so a - 1 is the coefficient of `t ln t` over that of t in a linear fit.
    """
    t = lags / np.sqrt(float(lags[0]) * float(lags[-1]))
    estimator, errors = gls(covariance, np.stack([np.ones(t.size), t, t * np.log(t)], axis=1))
    _, growth, bend = estimator @ msd
    if growth <= 0:
        return 0.0, float("inf")
    return 1.0 + float(bend / growth), float(np.sqrt(errors[2, 2]) / growth)


def worst_residual(design: np.ndarray, data: np.ndarray, covariance: np.ndarray) -> float:
    """Largest residual of the generalized least squares fit over its error."""
    estimator, _ = gls(covariance, design)
    off = np.eye(data.size) - design @ estimator
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", off, covariance, off), 0.0))
    error = np.maximum(error, 1e-3 * np.sqrt(np.diag(covariance)))  # the ridge leaves this much undecided
    return float(np.max(np.abs(off @ data) / error))


def _variance_from_parts(
    pool: Pool,
    weights: np.ndarray,
    covariances: list[np.ndarray],
    variance: np.ndarray,
    memory: int,
    first: int,
    shot: float,
) -> tuple[np.ndarray, float, list[tuple[int, float]]]:
    """`[n_replicas, 4]`, what each replica adds to the variance of `weights @ MSD` (x, y, z and their sum); the degrees
    of freedom of the whole; and of each replica the stretches and the factor to their scatter (see `Line`)."""
    found, degrees, stretches = np.zeros((len(pool.replicas), 4)), 0.0, []
    for which, replica in enumerate(pool.replicas):
        n_parts = int(np.clip(replica.n_frames / (_PART_OVER_ONSET * first), _FEWEST_PARTS, _MOST_PARTS))
        whole = float(weights @ covariances[which] @ weights)
        if whole <= 0.0:  # shorter than every lag of the fit: it has no part in it
            stretches.append((n_parts, 0.0))
            continue
        part = pool.part_variance(which, weights, variance=variance, memory=memory, n_parts=n_parts, shot=shot)
        values = pool.scatter(which, weights, n_parts)
        values = np.concatenate([values, values.sum(axis=1, keepdims=True)], axis=1)
        scatter = np.var(values, axis=0, ddof=1) / n_parts
        stretches.append((n_parts, whole * (n_parts - 1) / (part - whole)))
        found[which] = scatter * stretches[-1][1]
        degrees += _INDEPENDENCE * (n_parts - 1)
    return found, degrees, stretches


def _excess(
    pool: Pool, weights: np.ndarray, intercept: float, variances: np.ndarray, degrees_of_one: float
) -> ExcessVariance:
    """How much the replicas' own slopes differ from their mean, in errors of their own.

    The squares are those of Student's t with the degrees of freedom of one replica's error, f: their mean is
    f / (f - 2) times that of normal ones, and is taken back to it.
    """
    slopes, errors = [], []
    for replica, shares, variance in zip(pool.replicas, pool.shares, variances, strict=True):
        own = (weights * shares)[: replica.lags.size]
        level = float(6.0 * own @ replica.lags)
        if level > 0.0 and variance > 0.0:
            slopes.append((float(own @ replica.msd.sum(axis=1)) - intercept * float(own.sum())) / level)
            errors.append(float(np.sqrt(variance)) / level)
    if len(slopes) < 2:
        return NO_EXCESS
    precision = 1.0 / np.square(errors)
    mean = float(np.sum(precision * slopes) / np.sum(precision))
    chi2 = float(np.sum(precision * np.square(np.array(slopes) - mean)))
    return ExcessVariance(chi2 * max(1.0 - 2.0 / degrees_of_one, 0.0), len(slopes) - 1)
