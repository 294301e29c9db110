"""What `steady` finds of a beginning that relaxes, on series whose truth is known: python benchmarks/equilibration.py.

A stationary series of 4,000 samples (white noise, or AR(1) with a correlation time of 10 or 100 samples), of variance 1
and mean 0, with nothing or `amplitude exp(-t / relaxation)` added. Told of 200 sets: the share in which a beginning is
left out, that in which a drift is told, the median of what is left out, and the bias of the mean before and after in
units of the standard error of the mean of the whole stationary series.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from paddlewheel.transport import steady

N, SETS = 4000, 200


def series(rng: np.random.Generator, correlation: float) -> np.ndarray:
    """AR(1) of variance 1; white noise for a correlation time of zero."""
    decay = np.exp(-1.0 / correlation) if correlation else 0.0
    noise = rng.normal(size=N + 20 * int(correlation)) * np.sqrt(1.0 - decay**2)
    return np.asarray(lfilter([1.0], [1.0, -decay], noise))[-N:]


def main() -> None:
    """Print the table."""
    print(
        "| correlation time | amplitude | relaxation | left out | drift told | median left out | bias before | after |"
    )
    print("|---|---|---|---|---|---|---|---|")
    cases = [(0, 0, 1), (10, 0, 1), (100, 0, 1)]
    cases += [(c, a, r) for c in (0, 10, 100) for a, r in ((1, 200), (3, 200), (3, 50), (1, 1000))]
    for correlation, amplitude, relaxation in cases:
        error = np.sqrt((1.0 + 2.0 * correlation) / N)
        cut, drift, first, before, after = 0, 0, [], [], []
        for seed in range(SETS):
            values = series(np.random.default_rng([correlation, amplitude, relaxation, seed]), correlation)
            values = values + amplitude * np.exp(-np.arange(N) / relaxation)
            found = steady({"energy": [values]})
            cut += found.first_frame > 0
            drift += found.drifts is not None
            first.append(found.first_frame)
            before.append(values.mean())
            after.append(values[found.first_frame :].mean())
        print(
            f"| {correlation} | {amplitude} | {relaxation if amplitude else '-'} | {100 * cut / SETS:.0f} % | "
            f"{100 * drift / SETS:.0f} % | {np.median(first):.0f} | {np.mean(before) / error:+.1f} | "
            f"{np.mean(after) / error:+.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
