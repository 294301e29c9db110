"""Coverage of onset and completion of made ramps: frames of 20 K, 60 s exposure at 5 K/min, 200 sets a row.

python benchmarks/xrd_series.py [SETS]
"""

from __future__ import annotations

import sys

import numpy as np

from paddlewheel.lab.xrd.evolution import Frames, exposed_range_K, fit_transition

SPACING_K, RATE_K_PER_MIN, EXPOSURE_S, FRAMES = 20.0, 5.0, 60.0, 16
LEVEL = 0.9


def converted(kind: str, place: np.ndarray) -> np.ndarray:
    """Share that is converted where the tangent at the steepest point runs from 0 to 1."""
    if kind == "ramp":
        return np.clip(place, 0, 1)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-4 * (place - 0.5)))
    steepest = np.sqrt(0.5)  # 1 - exp(-u^2): the steepest point, and the tangent there
    slope = 2 * steepest * np.exp(-0.5)
    onset = steepest - (1 - np.exp(-0.5)) / slope
    return 1 - np.exp(-(np.maximum(place / slope + onset, 0) ** 2))


def made(random: np.random.Generator, kind: str, width_K: float, noise: float) -> tuple[float, Frames]:
    """The true onset, and frames that average over their exposure."""
    onset = 480 + random.uniform(0, SPACING_K)
    low, high = exposed_range_K(
        380 + SPACING_K * np.arange(FRAMES), exposure_s=EXPOSURE_S, rate_K_per_min=RATE_K_PER_MIN, stated="start"
    )
    within = low[:, None] + (high - low)[:, None] * (np.arange(200) + 0.5) / 200
    share = converted(kind, (within - onset) / width_K).mean(1)
    std = np.full(FRAMES, noise)
    return onset, Frames(low=low, high=high, value=LEVEL * share + noise * random.normal(size=FRAMES), std=std)


def main(sets: int) -> None:
    """Print a row for each kind of transition."""
    print(
        "| transition | error of a fraction | onset less truth, K | its std, K | stated std, K "
        "| onset in 68 % | in 95 % | completion in 68 % | in 95 % | first frame above 3 % less truth, K |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind, width_K, noise in (("ramp", 60, 0.005), ("ramp", 60, 0.02), ("sigmoid", 60, 0.01), ("avrami", 60, 0.01)):
        random = np.random.default_rng(21)
        off, stated, first, held = [], [], [], np.zeros(4)
        for _ in range(sets):
            truth, frames = made(random, kind, width_K, noise)
            found = fit_transition(frames)
            first.append(frames.low[np.argmax(frames.value > 0.03)] - truth)
            if found.onset is None or found.completion is None:
                continue
            off.append(found.onset.value - truth)
            stated.append(found.onset.std)
            for place, (value, true) in enumerate(((found.onset, truth), (found.completion, truth + width_K))):
                for level, (low, high) in enumerate((value.interval_68, value.interval_95)):
                    assert low is not None
                    assert high is not None
                    held[2 * place + level] += low <= true <= high
        shares = " | ".join(f"{100 * count / len(off):.0f} %" for count in held)
        print(f"| {kind}, {width_K} K | {100 * noise:.1f} % | {np.mean(off):+.2f} | {np.std(off):.2f} | "
              f"{np.mean(stated):.2f} | {shares} | {np.mean(first):+.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
