"""Predictions beside measurements, where some of either are bounds: rank correlation, shares, coverage.

A quantity is known as a range, ``low`` to ``high``, with equal ends where it has a value, and ``-inf`` below an upper
bound. Of two ranges one is surely the larger only where it begins at or above the end of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError

FEWEST = 5
"""Of rows for a rank correlation: of four any order comes by chance in one of 24 cases."""
_DRAWS = 4000


@dataclass(frozen=True)
class Known:
    """Logarithms that are values or upper bounds, each `[n]`: `low` to `high`."""

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, is_bound: np.ndarray) -> Known:
        """Of numbers above zero, and whether each is only an upper bound.

        Raises
        ------
        InputError
            For a number that is not positive and finite.
        """
        numbers = np.asarray(values, dtype=float)
        if not (np.isfinite(numbers).all() and (numbers > 0).all()):
            raise InputError("holds a value that is no positive number", where="values", remedy="leave it out")
        logs = np.log(numbers)
        return cls(np.where(is_bound, -np.inf, logs), logs)

    def __len__(self) -> int:
        return len(self.low)

    def order(self) -> np.ndarray:
        """Of each pair 1 where the first is surely above the second, -1 where below, 0 where equal or open, `[n, n]`.

        The sums of its rows are the scores of Gehan (doi 10.1093/biomet/52.1-2.203). Without bounds they are
        ``2 rank - n - 1``, with mean ranks of ties.
        """
        is_value = self.low == self.high
        above = self.low[:, None] > self.high[None, :]
        above |= ~is_value[None, :] & (self.low[:, None] == self.high[None, :])  # a bound is never reached
        return above.astype(float) - above.T


@dataclass(frozen=True)
class RankCorrelation:
    """Correlation of scores: Spearman's where there are no bounds. `interval_95` is of resampled rows."""

    value: float
    interval_95: tuple[float, float]
    n: int


def rank_correlation(predicted: Known, measured: Known, *, seed: int = 1) -> RankCorrelation | None:
    """How well the order of the predictions is that of the measurements.

    Pairs whose order a bound leaves open count for neither side, which draws the correlation towards zero and never
    away from it.

    Returns
    -------
    The correlation with a percentile interval of the bootstrap over rows; None for fewer than `FEWEST` rows, or where
    all of one side are alike.
    """
    n = len(predicted)
    orders = predicted.order(), measured.order()
    value = _correlations(np.ones((1, n)), *orders)[0] if n >= FEWEST else np.nan
    if not np.isfinite(value):
        return None
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    drawn = _correlations(times.astype(float), *orders)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975])
    return RankCorrelation(float(value), (float(low), float(high)), n)


def _correlations(times: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of the scores, whose mean is 0, with each row taken `times` `[n_draws, n]`; nan where one side is all alike."""
    x, y = times @ one.T, times @ other.T
    with np.errstate(invalid="ignore"):
        return (times * x * y).sum(axis=1) / np.sqrt((times * x**2).sum(axis=1) * (times * y**2).sum(axis=1))


@dataclass(frozen=True)
class Share:
    """Rows of which something holds, of which it does not, and that a bound leaves open; with Wilson's 95 % interval
    (doi 10.1080/01621459.1927.10502953) of the share among those that are decided."""

    n_yes: int
    n_no: int
    n_open: int

    @property
    def value(self) -> float | None:
        """Among those that are decided."""
        n = self.n_yes + self.n_no
        return self.n_yes / n if n else None

    @property
    def interval_95(self) -> tuple[float, float] | None:
        """Of the share among those that are decided."""
        n, z = self.n_yes + self.n_no, 1.959963984540054
        if not n:
            return None
        share = self.n_yes / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def share_within(predicted: Known, measured: Known, factor: float) -> Share:
    """Predictions within a factor of what was measured: a bound decides only where it leaves no doubt."""
    reach = np.log(factor)
    both = (predicted.low == predicted.high) & (measured.low == measured.high)
    near = both & (np.abs(predicted.high - measured.high) <= reach)
    far = (predicted.low > measured.high + reach) | (predicted.high < measured.low - reach)
    far |= both & ~near
    return Share(int(near.sum()), int(far.sum()), int((~near & ~far).sum()))


def share_covered(low: np.ndarray, high: np.ndarray, measured: Known) -> Share:
    """Intervals, `[n]` numbers above zero (0 for an end that there is none of), that hold what was measured.

    Of a measured bound it is known only that it is missed, where the interval begins above it.
    """
    with np.errstate(divide="ignore"):
        begin, end = np.log(low), np.log(high)
    is_value = measured.low == measured.high
    missed = (begin > measured.high) | (is_value & (end < measured.high))
    unsure = ~is_value & ~missed
    return Share(int((~missed & ~unsure).sum()), int(missed.sum()), int(unsure.sum()))
