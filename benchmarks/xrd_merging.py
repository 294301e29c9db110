"""Coverage of the temperature at which two axes merge, of made series with the errors that patterns give.

python benchmarks/xrd_merging.py [SETS]

The errors are those of the series of CuCr2O4 (11-BM): of the difference of two axes that are resolved, and of its
square where the doublet is narrower than its lines; a prior of 0.25 % of the length holds what has merged.
"""

from __future__ import annotations

import sys

import numpy as np

from paddlewheel.lab.xrd.expansion import fit_merging

RESOLVED_A, SQUARE_A2, PRIOR_A, SPLIT_A = 1.2e-4, 8e-7, 7e-3, 6.5e-3
SPACINGS_K = (7.0, 13.0, 20.0)


def errors_from_zero(difference_A: np.ndarray) -> np.ndarray:
    """Integral of 1/s from zero to a difference, with s^2 = RESOLVED^2 + (SQUARE / 2 d)^2."""
    return (np.sqrt(4 * (difference_A * RESOLVED_A) ** 2 + SQUARE_A2**2) - SQUARE_A2) / (2 * RESOLVED_A**2)


def made(random: np.random.Generator, spacing_K: float) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The true temperature; temperatures of the frames, differences as found and their errors by the curvature."""
    at = np.arange(10.0, 170.0, spacing_K) + random.uniform(0, spacing_K)
    true, exponent = random.uniform(100, 140), random.uniform(0.2, 0.5)
    told = errors_from_zero(SPLIT_A * np.maximum(1 - at / true, 0) ** exponent) + random.normal(size=at.size)
    root = np.sqrt(np.maximum((2 * RESOLVED_A**2 * np.maximum(told, 0) + SQUARE_A2) ** 2 - SQUARE_A2**2, 0))
    found = np.maximum(root / (2 * RESOLVED_A), 1e-5)
    return true, at, found, np.minimum(np.hypot(RESOLVED_A, SQUARE_A2 / (2 * found)), PRIOR_A)


def main(sets: int) -> None:
    """Print a row for each spacing."""
    print("| frames every | told | less truth, K | its std, K | in 68 % | in 95 % | median width of 95 %, K"
          " | last frame apart below truth |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for spacing_K in SPACINGS_K:
        random = np.random.default_rng(33)
        off, wide, held = [], [], np.zeros(3)
        for _ in range(sets):
            true, at, difference, std = made(random, spacing_K)
            found = fit_merging(at, difference, std)
            if found.temperature_K is None:
                continue
            off.append(found.temperature_K.value - true)
            ends = [found.temperature_K.interval_68, found.temperature_K.interval_95]
            for level, (low, high) in enumerate(ends):
                assert low is not None
                assert high is not None
                held[level] += low <= true <= high
                if level:
                    wide.append(high - low)
            held[2] += (found.bracket_K[0] or 0.0) < true
        shares = " | ".join(f"{100 * count / len(off):.0f} %" for count in held[:2])
        print(f"| {spacing_K:g} K | {len(off)} of {sets} | {np.mean(off):+.1f} | {np.std(off):.1f} | {shares} | "
              f"{np.median(wide):.1f} | {100 * held[2] / len(off):.0f} % |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
