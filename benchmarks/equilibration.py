"""What `steady` finds of a beginning that relaxes, on series whose truth is known: python benchmarks/equilibration.py.

A stationary series of 4,000 samples (AR(1) with a correlation time of 1, 10 or 100 samples), of variance 1 and mean 0,
with nothing or `amplitude exp(-t / relaxation)` added. Told of the sets: the share of which over a tenth is left out,
that which is told not to have settled, that which is refused, and the bias of the mean in units of the
standard error of the mean of the whole stationary series: of all sets before, and of those that are given without a
word. Beside it two usual rules, which always give a number: the start of the largest effective sample (Chodera, doi
10.1021/acs.jctc.5b00784) and MSER-5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.signal import lfilter

from paddlewheel.transport import Stationarity, steady

N, STATIONARY_SETS, SETS, OTHER_SETS = 4000, 200, 30, (60, 15)


def series(rng: np.random.Generator, correlation: float) -> np.ndarray:
    """AR(1) of variance 1."""
    decay = np.exp(-1.0 / correlation)
    noise = rng.normal(size=N + 20 * int(correlation)) * np.sqrt(1.0 - decay**2)
    return np.asarray(lfilter([1.0], [1.0, -decay], noise))[-N:]


def inefficiency(values: np.ndarray) -> float:
    """Of the series as it is, drift and all, summed to the first negative correlation."""
    n, apart = len(values), values - values.mean()
    spectrum = np.fft.rfft(apart, 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, 2 * n)[:n]
    correlation /= correlation[0]
    negative = np.flatnonzero(correlation <= 0)
    lags = np.arange(1, negative[0] if len(negative) else n)
    return max(1.0 + 2.0 * float(((1.0 - lags / n) * correlation[lags]).sum()), 1.0)


def chodera(values: np.ndarray) -> int:
    """The start of the largest number of effective samples."""
    starts = np.arange(0, 3 * N // 4, N // 100)
    return int(starts[np.argmax([(N - first) / inefficiency(values[first:]) for first in starts])])


def mser(values: np.ndarray) -> int:
    """The start of the least marginal standard error of means of five, in the first half."""
    means = values.reshape(-1, 5).mean(axis=1)
    errors = [means[first:].var() / (len(means) - first) for first in range(len(means) // 2)]
    return 5 * int(np.argmin(errors))


def sets(correlation: int, amplitude: int, relaxation: int, count: int) -> Iterator[np.ndarray]:
    """Series of one row."""
    for seed in range(count):
        values = series(np.random.default_rng([correlation, amplitude, relaxation, seed]), correlation)
        yield values + amplitude * np.exp(-np.arange(N) / relaxation)


def row(correlation: int, amplitude: int, relaxation: int) -> str:
    """A row of the table."""
    error = np.sqrt(1.0 / np.tanh(0.5 / correlation) / N)
    drawn = list(sets(correlation, amplitude, relaxation, SETS if amplitude else STATIONARY_SETS))
    found: list[Stationarity] = [steady({"energy": [values]}) for values in drawn]
    told = np.array([each.drifts is not None or each.lasts is not None for each in found])
    refused = np.mean([each.drifts is not None for each in found])
    cut = np.mean([each.first_frame > 0.1 * N for each in found])
    before = np.array([values.mean() for values in drawn]) / error
    after = np.array([values[each.first_frame :].mean() for values, each in zip(drawn, found, strict=True)]) / error
    quiet = f"{after[~told].mean():+.1f}" if not told.all() else "-"
    wrong = np.mean(~told & (after > 3.0))
    others = []
    for rule in (chodera, mser):
        few = drawn[: OTHER_SETS[amplitude > 0]]
        starts = [rule(values) for values in few]
        left = np.mean([values[first:].mean() for values, first in zip(few, starts, strict=True)]) / error
        others.append(f"{100 * np.mean(np.array(starts) > 0.1 * N):.0f} %, {left:+.1f}")
    return (
        f"| {correlation} | {amplitude} | {f'{100 * relaxation / N:.0f} %' if amplitude else '-'} | {100 * cut:.0f} % "
        f"| {100 * told.mean():.0f} % | {100 * refused:.0f} % | {before.mean():+.1f} | {quiet} | {100 * wrong:.0f} % "
        f"| {' | '.join(others)} |"
    )


def main() -> None:
    """Print the table."""
    print(
        "| correlation | amplitude | relaxation | over a tenth cut | told | refused | bias before | after, if not "
        "told | over 3 and not told | Chodera: cut, bias | MSER: cut, bias |"
    )
    print("|" + "---|" * 11)
    for correlation in (1, 10, 100):
        print(row(correlation, 0, 1), flush=True)
        for relaxation in (200, 400, 1000, 2000):
            for amplitude in (1, 2, 3):
                print(row(correlation, amplitude, relaxation), flush=True)


if __name__ == "__main__":
    main()
