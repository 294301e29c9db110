"""Where a series that relaxes has settled: the start that leaves the mean the most effective samples.

Replicas of a quantity, in blocks of time, are a relaxation and stationary noise: ``y(t) = m + a k(t) + noise``. The
shapes k are exponentials (from one block to twice the run, which is a line) and steps. The noise is white with a part
that decays exponentially; its spectrum is estimated beside each shape by restricted maximum likelihood (Patterson and
Thompson, doi 10.1093/biomet/58.3.545), so that a drift is not taken for a long correlation. Whether there is a
relaxation tells the largest likelihood ratio of all shapes, whose distribution without one comes from noise drawn with
the spectra that are likely.

The start is that with the most effective samples in the mean of the rest (Chodera, doi 10.1021/acs.jctc.5b00784), those
being ``variance / (variance of the mean + squared bias)``: Chodera's own count, which takes the relaxation for a
correlation, and the marginal standard error cut stationary series falsely (docs/benchmarks/equilibration.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import logsumexp

MOST_BLOCKS, FEWEST_BLOCKS = 64, 16
LARGEST_CUT = 0.5
"""Most of the run that may be left out."""
_ROUNDING = 1e-9
_TIMES, _STEPS = 12, 32
_ODDS_OF_STEPS = 0.1
"""Of all steps to all decays, before the data: slow fluctuations look like steps, and starts relax."""
_DECAYS, _SHARES = (0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.96), (0.1, 0.3, 0.6, 1.0)
_HARDLY_ANY = 3.0
"""A ratio (see `_Fits`) that noise passes often, whatever its spectrum: nothing is drawn to test it."""
_DRAWN, _SEED, _TAIL = 1000, 20160, 0.1
_LONGER = 1.1
_MOST_TIMES_LONGER = 100.0
_TIMES_IN_REST = 4.0


@dataclass(frozen=True)
class Relaxation:
    """A relaxation at the beginning of replicas, in samples.

    Attributes
    ----------
    p_value
        Chance of one as clear in stationary noise; 1 where there is nothing to test.
    first
        The start that leaves the most effective samples, in the first half.
    time
        Relaxation time, or the end of a step.
    bias
        What the relaxation is expected to leave in the mean from `first` on, in standard errors of that mean.
    is_over
        Whether it ends in the run: less than a standard error is left, in four relaxation times or more.
    needs
        Samples of runs in which it would be over.
    """

    p_value: float = 1.0
    first: int = 0
    time: float = 0.0
    bias: float = 0.0
    is_over: bool = True
    needs: int = 0


def relaxation(series: Sequence[np.ndarray]) -> Relaxation:
    """Look for a relaxation that replicas have in common, each about a mean of its own.

    Parameters
    ----------
    series
        Of each replica `[n_samples]`, all from the same time on and at one interval; shorter ones may end earlier.
    """
    longest = max((len(values) for values in series), default=0)
    n_blocks = min(MOST_BLOCKS, longest // 2)
    if n_blocks < FEWEST_BLOCKS:
        return Relaxation()
    length = longest // n_blocks
    means = [_block_means(values, length) for values in series]
    usable = [
        each - each.mean()
        for each in means
        if len(each) >= FEWEST_BLOCKS and np.ptp(each) > _ROUNDING * np.abs(each).max()
    ]
    if not usable:
        return Relaxation()
    scale = max(float(np.ptp(each)) for each in usable)
    found = _fits([each[None] / scale for each in usable])
    ratios = found.ratios[0]
    best = int(np.argmax(ratios))
    if ratios[best] < _HARDLY_ANY:
        return Relaxation()
    spread = float(np.concatenate(usable).std() / scale)
    for_it = np.exp(0.5 * ratios).sum() / _TIMES * np.sqrt(2.0 * np.pi / sum(map(len, usable))) / (2.0 * spread)
    noise = (found.weights_without[0] + for_it * found.weights[0, :, best]) / (1.0 + for_it)
    p_value = _chance(float(ratios[best]), noise, [len(each) for each in usable])
    return _start(found, best, p_value, n_blocks=max(map(len, usable)), length=length, n_runs=len(usable))


@dataclass(frozen=True)
class _Model:
    """Shapes over blocks, and noise with its whitening.

    Attributes
    ----------
    times, is_step, odds
        `[n_shapes]`: relaxation times, or ends of the steps, in blocks; and how likely each shape is before the data.
    shapes
        `[n_shapes, n_blocks]`.
    roots, whitening
        `[n_noises, n_blocks, n_blocks]`: Cholesky factors of the covariances, and their inverses.
    inefficiencies
        `[n_noises]`: how many blocks count as one.
    """

    times: np.ndarray
    is_step: np.ndarray
    odds: np.ndarray
    shapes: np.ndarray
    roots: np.ndarray
    whitening: np.ndarray
    inefficiencies: np.ndarray


@lru_cache(maxsize=4)
def _model(n_blocks: int) -> _Model:
    times = np.geomspace(0.5, 2.0 * n_blocks, _TIMES)
    ends = np.unique(np.maximum(np.arange(1, _STEPS) * n_blocks // _STEPS, 1))
    at = np.arange(n_blocks + 1)
    shapes = np.array([*_decays(times, at), *(at[:-1] < end for end in ends)], dtype=np.float64)
    odds = np.concatenate([np.full(len(times), 1.0 / len(times)), np.full(len(ends), _ODDS_OF_STEPS / len(ends))])
    apart = np.abs(at[:-1, None] - at[None, :-1])
    covariances = [np.eye(n_blocks)]
    covariances += [share * decay**apart + (1.0 - share) * np.eye(n_blocks) for decay in _DECAYS for share in _SHARES]
    roots = np.linalg.cholesky(np.array(covariances))
    return _Model(
        times=np.concatenate([times, ends]),
        is_step=np.arange(len(shapes)) >= len(times),
        odds=odds / odds.sum(),
        shapes=shapes,
        roots=roots,
        whitening=np.tril(np.linalg.inv(roots)),
        inefficiencies=np.array([each.sum() for each in covariances]) / n_blocks,
    )


def _decays(times: np.ndarray, edges: np.ndarray) -> Iterator[np.ndarray]:
    """Means of `exp(-t / time)` between neighbouring edges."""
    for time in times:
        integral = -time * np.exp(-edges / time)
        yield np.diff(integral) / np.diff(edges)


@dataclass(frozen=True)
class _Fits:
    """Fits of all shapes with all noises to `n_sets` of data.

    Attributes
    ----------
    ratios
        `[n_sets, n_shapes]`: twice the logarithm of the likelihood ratio, averaged over the noises, and of their odds.
    weights
        `[n_sets, n_noises, n_shapes]`: how likely each noise is beside each shape, of sum 1.
    amplitudes, variances
        `[n_sets, n_noises, n_shapes]`, and that of the noise in a block.
    spreads
        `[n_noises, n_shapes]`: variance of an amplitude in units of that of the noise.
    """

    ratios: np.ndarray
    weights: np.ndarray
    weights_without: np.ndarray
    amplitudes: np.ndarray
    variances: np.ndarray
    spreads: np.ndarray


def _fits(replicas: Sequence[np.ndarray]) -> _Fits:
    """Of each replica `[n_sets, n_blocks]`."""
    model = _model(max(values.shape[1] for values in replicas))
    freedom = sum(values.shape[1] - 1 for values in replicas) - 1
    n_sets, n_noises, n_shapes = len(replicas[0]), len(model.whitening), len(model.shapes)
    along, logs = np.empty((n_sets, n_noises, n_shapes)), np.empty((n_sets, n_noises, n_shapes))
    without = np.empty((n_sets, n_noises))
    gains, rests, squares = np.empty_like(along), np.empty_like(along), np.empty((n_noises, n_shapes))
    for k, (whitening, root) in enumerate(zip(model.whitening, model.roots, strict=True)):
        projected, rest = np.zeros((n_sets, n_shapes)), np.zeros(n_sets)
        square, determinant = np.zeros(n_shapes), 0.0
        for values in replicas:
            n = values.shape[1]
            part = whitening[:n, :n]
            white, shapes, constant = values @ part.T, part @ model.shapes[:, :n].T, part.sum(axis=1)
            size = float(constant @ constant)
            white = white - np.outer(white @ constant, constant / size)
            shapes = shapes - np.outer(constant / size, constant @ shapes)
            projected += white @ shapes
            rest += (white**2).sum(axis=1)
            square += (shapes**2).sum(axis=0)
            determinant += 2.0 * float(np.log(np.diag(root)[:n]).sum()) + np.log(size)
        along[:, k], squares[k] = projected / square, square
        gains[:, k] = projected**2 / square
        rests[:, k] = np.maximum(rest[:, None] - gains[:, k], 1e-300)
        logs[:, k] = -0.5 * (freedom * np.log(rests[:, k]) + determinant + np.log(square))
        without[:, k] = -0.5 * ((freedom + 1) * np.log(np.maximum(rest, 1e-300)) + determinant)
    likely = np.asarray(logsumexp(logs, axis=1, keepdims=True))
    likely_without = np.asarray(logsumexp(without, axis=1, keepdims=True))
    norms = np.log((model.shapes - model.shapes.mean(axis=1, keepdims=True)).std(axis=1))
    ratios = 2.0 * (likely[:, 0] + norms + np.log(_TIMES * model.odds) - likely_without)
    return _Fits(ratios, np.exp(logs - likely), np.exp(without - likely_without), along, rests / freedom, 1.0 / squares)


def _chance(ratio: float, weights: np.ndarray, lengths: Sequence[int]) -> float:
    """Share of stationary noise, of spectra drawn by their weights `[n_noises]`, with a ratio as large.

    Beyond nine tenths of what was drawn it falls exponentially, as a likelihood ratio does.
    """
    rng, n_blocks = np.random.default_rng(_SEED), max(lengths)
    counts = rng.multinomial(_DRAWN, weights / weights.sum())
    which = np.repeat(np.arange(len(counts)), counts)
    roots = _model(n_blocks).roots
    drawn: list[np.ndarray] = []
    for length in lengths:
        values = rng.normal(size=(_DRAWN, length))
        for k in np.flatnonzero(counts):
            values[which == k] = values[which == k] @ roots[k, :length, :length].T
        drawn.append(values - values.mean(axis=1, keepdims=True))
    largest = _fits(drawn).ratios.max(axis=1)
    border = float(np.quantile(largest, 1.0 - _TAIL))
    if ratio <= border:
        return float((1 + (largest >= ratio).sum()) / (1 + _DRAWN))
    mean_excess = float((largest[largest > border] - border).mean())
    return _TAIL * float(np.exp(-(ratio - border) / mean_excess))


def _start(found: _Fits, best: int, p_value: float, *, n_blocks: int, length: int, n_runs: int) -> Relaxation:
    """The start with the least mean squared error of the mean of the rest, and what is left there."""
    model = _model(n_blocks)
    shares = np.exp(0.5 * (found.ratios[0] - found.ratios[0].max()))
    shares /= shares.sum()
    noise = found.weights[0]
    squared = (noise * (found.amplitudes[0] ** 2 + found.variances[0] * found.spreads)).sum(axis=0)  # of amplitudes
    variance = (noise * found.variances[0] * model.inefficiencies[:, None]).sum(axis=0)  # of a block that counts
    starts = np.arange(int(LARGEST_CUT * n_blocks) + 1)
    rest = n_blocks - starts
    left = np.array([model.shapes[:, first:].mean(axis=1) for first in starts])
    biases2 = left**2 @ (shares * squared)
    of_mean = float(shares @ variance) / (n_runs * rest)
    first = int(np.argmin(biases2 + of_mean))
    bias = float(left[first] @ (shares * np.sqrt(squared)) / np.sqrt(of_mean[first]))
    is_step = bool(model.is_step[best])
    alike = np.where(model.is_step == is_step, shares, 0.0)
    time = float(np.exp(alike @ np.log(model.times) / alike.sum()))
    in_rest = not is_step and time * _TIMES_IN_REST > n_blocks - first
    amplitude = float(np.sqrt(squared[best] * n_runs / variance[best]))
    return Relaxation(
        p_value=p_value,
        first=first * length,
        time=time * length,
        bias=bias,
        is_over=bias < 1.0 and not in_rest,
        needs=round(length * _blocks_needed(amplitude, time, n_blocks, is_step=is_step)),
    )


def _blocks_needed(amplitude: float, time: float, n_blocks: int, *, is_step: bool) -> float:
    """Blocks of runs of which the second half holds four relaxation times and less than an error of bias.

    `amplitude` is in errors of one block of all runs.
    """
    if is_step:
        return max(n_blocks, time / LARGEST_CUT)
    needed = float(n_blocks)
    while needed < _MOST_TIMES_LONGER * n_blocks:
        rest = (1.0 - LARGEST_CUT) * needed
        bias = amplitude * time * np.exp(-(needed - rest) / time) / np.sqrt(rest)
        if bias < 1.0 and rest >= _TIMES_IN_REST * time:
            break
        needed *= _LONGER
    return needed


def _block_means(values: np.ndarray, length: int) -> np.ndarray:
    n_blocks = len(values) // length
    return np.asarray(values[: n_blocks * length], dtype=np.float64).reshape(n_blocks, length).mean(axis=1)
