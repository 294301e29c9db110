"""How often the 68 % and 95 % intervals of the Haven ratio hold the truth, on synthetic trajectories.

    python benchmarks/collective_coverage.py [--trajectories 200] [--seed 1]

Every motion has a known ratio (tests/transport/synthetic.py). Only trajectories with a ratio count; the others are
listed.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from paddlewheel.transport import onsager_coefficients

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "transport"))
import synthetic as s

CELL = {"mean_volume_A3": 1000.0, "temperature_K": 600.0, "frame_interval_fs": 1.0}

HAVEN = {
    "random walk, 12 ions, 500 frames": (partial(s.random_walk, n_ions=12, n_frames=500), 1.0),
    "random walk, 12 ions, 2,000 frames": (partial(s.random_walk, n_ions=12, n_frames=2000), 1.0),
    "random walk, 2 ions, 2,000 frames": (partial(s.random_walk, n_ions=2, n_frames=2000), 1.0),
    "vibration + 20 hops an ion, 16 ions, 1,000 frames": (
        partial(s.vibration_and_hops, n_ions=16, n_frames=1000, per_ion=20), 1.0),
    "vibration + 10 hops an ion, 16 ions, 5,000 frames": (
        partial(s.vibration_and_hops, n_ions=16, n_frames=5000, per_ion=10), 1.0),
    "ions hopping in pairs, 40 hops an ion, 16 ions, 2,000 frames": (
        partial(s.paired_hops, n_ions=16, n_frames=2000, per_ion=40), 0.5),
    "strings of 4 ions hopping together, 20 hops an ion, 16 ions, 2,000 frames": (
        partial(s.string_hops, n_ions=16, n_frames=2000, per_ion=20), 0.25),
}  # fmt: skip


def haven_row(name: str, n_trajectories: int, seed: int) -> str:
    """One line of the table."""
    make, truth = HAVEN[name]
    inside, refused, values, started = np.zeros(2), 0, [], time.perf_counter()
    for trajectory in range(n_trajectories):
        positions, _ = make(np.random.default_rng([seed, list(HAVEN).index(name), trajectory]))
        coefficients = onsager_coefficients([[positions]], charges_e=[1.0], **CELL)
        found = coefficients.haven_ratio
        if found is None:
            refused += 1
            continue
        low, high = found.interval_68
        inside += [low <= truth <= high, found.interval_95[0] <= truth <= found.interval_95[1]]
        values.append(found.value / truth)
    share = 100 * inside / len(values)
    seconds = (time.perf_counter() - started) / n_trajectories
    return (
        f"| {name} | {truth:g} | {share[0]:.1f} | {share[1]:.1f} | {np.median(values):.3f} "
        f"| {np.std(np.log(values)):.3f} | {refused} | {seconds:.2f} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trajectories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name in HAVEN:
        print(haven_row(name, given.trajectories, given.seed), flush=True)
