"""How often the 68 % and 95 % intervals of the diffusivity hold the truth, and how often ions that go nowhere get one.

    python benchmarks/interval_coverage.py [--trajectories 200] [--out docs/benchmarks/coverage.md] [--seed 1]

Every motion has a known diffusivity (tests/transport/synthetic.py). Only trajectories with status `ok` count; the
others are listed. The first table also has the coverage of `value +- std` and `value +- 1.96 std`, for readers who take
those. The motions of the second table have no diffusivity: every `ok` is a false one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from paddlewheel.transport import estimate_diffusivity

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "transport"))
import synthetic as s

MOTIONS = {
    "random walk, 12 ions, 500 frames": partial(s.random_walk, n_ions=12, n_frames=500),
    "random walk, 32 ions, 2,000 frames": partial(s.random_walk, n_ions=32, n_frames=2000),
    "random walk, 12 ions, 20,000 frames": partial(s.random_walk, n_ions=12, n_frames=20000),
    "lattice walk, 12 ions, 1,000 frames": partial(s.lattice_walk, n_ions=12, n_frames=1000),
    "vibration + 1.5 hops an ion, 12 ions, 500 frames": partial(
        s.vibration_and_hops, n_ions=12, n_frames=500, per_ion=1.5
    ),
    "vibration + 3 hops an ion, 12 ions, 500 frames": partial(s.vibration_and_hops, n_ions=12, n_frames=500, per_ion=3),
    "vibration + 2 hops an ion, 32 ions, 2,000 frames": partial(
        s.vibration_and_hops, n_ions=32, n_frames=2000, per_ion=2
    ),
    "vibration + 1 hop an ion, 96 ions, 5,000 frames": partial(
        s.vibration_and_hops, n_ions=96, n_frames=5000, per_ion=1
    ),
    "vibration + 20 hops an ion, 32 ions, 1,000 frames": partial(
        s.vibration_and_hops, n_ions=32, n_frames=1000, per_ion=20
    ),
    "wide slow vibration (0.6 A, 10 frames) + 3 hops, 32 ions, 1,000 frames": partial(
        s.vibration_and_hops, n_ions=32, n_frames=1000, per_ion=3, amplitude_A=0.6, memory=10.0
    ),
    "oscillation + 5 hops an ion, 32 ions, 2,000 frames": partial(
        s.vibration_and_hops, n_ions=32, n_frames=2000, per_ion=5, vibration=s.oscillation
    ),
    "ions hopping in pairs, 32 ions, 1,000 frames": partial(s.paired_hops, n_ions=32, n_frames=1000, per_ion=4),
    "strings of 4 ions hopping together, 32 ions, 2,000 frames": partial(
        s.string_hops, n_ions=32, n_frames=2000, per_ion=5
    ),
    "half of the ions immobile, 32 ions, 1,000 frames": partial(s.partly_immobile, n_ions=32, n_frames=1000, per_ion=8),
    "two thirds immobile, 12 ions, 2,000 frames": partial(
        s.partly_immobile, n_ions=12, n_frames=2000, per_ion=5, immobile=0.67
    ),
    "persistent walk (memory 10 frames), 12 ions, 500 frames": partial(s.persistent_walk, n_ions=12, n_frames=500),
    "persistent walk (memory 30 frames), 32 ions, 2,000 frames": partial(
        s.persistent_walk, n_ions=32, n_frames=2000, memory=30.0
    ),
    "back-hops (60 %), 20 hops an ion, 32 ions, 2,000 frames": partial(
        s.back_hops, n_ions=32, n_frames=2000, per_ion=20
    ),
    "back-hops (60 %), 100 hops an ion, 32 ions, 4,000 frames": partial(
        s.back_hops, n_ions=32, n_frames=4000, per_ion=100
    ),
    **{
        f"vibration + 3 hops an ion, {n_ions} ions, {n_frames:,} frames": partial(
            s.vibration_and_hops, n_ions=n_ions, n_frames=n_frames, per_ion=3
        )
        for n_ions, n_frames in ((8, 3000), (24, 2000), (96, 1000))
    },
    **{
        f"transient (3 times the hops in the first fifth), then 6 hops an ion, {n_ions} ions, 2,000 frames": partial(
            s.transient_hops, n_ions=n_ions, n_frames=2000, per_ion=6
        )
        for n_ions in (8, 24, 96)
    },
    "transient (10 times the hops in the first twentieth), then 6 hops an ion, 24 ions, 2,000 frames": partial(
        s.transient_hops, n_ions=24, n_frames=2000, per_ion=6, factor=10.0, share=0.05
    ),
    **{
        f"random walk, {n_ions} {'ion' if n_ions == 1 else 'ions'}, 2,000 frames": partial(
            s.random_walk, n_ions=n_ions, n_frames=2000
        )
        for n_ions in (1, 2, 3)
    },
    **{
        f"vibration + 20 hops an ion, {n_ions} {'ion' if n_ions == 1 else 'ions'}, 2,000 frames": partial(
            s.vibration_and_hops, n_ions=n_ions, n_frames=2000, per_ion=20
        )
        for n_ions in (1, 2, 3)
    },
}

CONFINED = {
    f"{name}, {n_ions} ions, {n_frames:,} frames": partial(motion, n_ions=n_ions, n_frames=n_frames)
    for name, motion in {
        "channel of 12 A, 5 relaxations": partial(s.reflecting_channel, relaxations=5.1),
        "channel of 12 A, 10 relaxations": partial(s.reflecting_channel, relaxations=10.0),
        "box of 12 A, 5 relaxations": partial(s.reflecting_channel, relaxations=5.0, dimensions=3),
        "wide cage, 6 relaxations": partial(s.slow_cage, relaxations=6.0),
        "5 sites in a row, 20 tries an ion": partial(s.short_channel, per_ion=20),
        "percolation clusters, 30 tries an ion": partial(s.percolation_clusters, per_ion=30),
        "percolation clusters, 200 tries an ion": partial(s.percolation_clusters, per_ion=200),
    }.items()
    for n_ions, n_frames in ((8, 3000), (24, 2000), (96, 1000))
}


def row(name: str, n_trajectories: int, seed: int) -> str:
    """One line of the table."""
    inside, statuses, ratios, errors, started = np.zeros(4), Counter(), [], [], time.perf_counter()
    index = list(MOTIONS).index(name)
    for trajectory in range(n_trajectories):
        positions, per_frame = MOTIONS[name](np.random.default_rng([seed, index, trajectory]))
        truth = per_frame * 0.1  # A^2 per frame of 1 fs in cm^2/s
        found = estimate_diffusivity([positions], frame_interval_fs=1.0)
        statuses[found.status] += 1
        if found.status != "ok":
            continue
        off = abs(found.value_cm2_per_s - truth)
        low68, high68 = found.interval_68_cm2_per_s
        low95, high95 = found.interval_95_cm2_per_s
        std = found.std_cm2_per_s
        inside += [low68 <= truth <= high68, low95 <= truth <= high95, off <= std, off <= 1.96 * std]
        ratios.append(found.value_cm2_per_s / truth)
        errors.append(std / truth)
    share = 100 * inside / max(statuses["ok"], 1)
    refused = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()) if status != "ok")
    seconds = (time.perf_counter() - started) / n_trajectories
    return (
        f"| {name} | {share[0]:.1f} | {share[1]:.1f} | {share[2]:.1f} | {share[3]:.1f} | {np.mean(ratios):.3f} "
        f"| {np.std(ratios):.3f} | {np.mean(errors):.3f} | {refused or '-'} | {seconds:.2f} |"
    )


def confined_row(name: str, n_trajectories: int, seed: int) -> str:
    """One line of the table of motions without a diffusivity."""
    statuses, index = Counter(), list(CONFINED).index(name)
    for trajectory in range(n_trajectories):
        positions, _ = CONFINED[name](np.random.default_rng([seed, 1000 + index, trajectory]))
        statuses[estimate_diffusivity([positions], frame_interval_fs=1.0).status] += 1
    refused = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()) if status != "ok")
    return f"| {name} | {100 * statuses['ok'] / n_trajectories:.1f} | {refused or '-'} |"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trajectories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    started = time.perf_counter()
    with ProcessPoolExecutor(given.processes) as pool:
        rows = list(pool.map(partial(row, n_trajectories=given.trajectories, seed=given.seed), MOTIONS))
        confined = list(pool.map(partial(confined_row, n_trajectories=given.trajectories, seed=given.seed), CONFINED))
    text = "\n".join(
        [
            f"Coverage in percent over {given.trajectories} trajectories each, seed {given.seed} "
            f"(binomial error {100 * np.sqrt(0.683 * 0.317 / given.trajectories):.1f} and "
            f"{100 * np.sqrt(0.95 * 0.05 / given.trajectories):.1f}); {time.perf_counter() - started:.0f} s in all.",
            "",
            "| motion | 68 % interval | 95 % interval | value ± std | value ± 1.96 std | mean of D/truth "
            "| its scatter | mean std/truth | refused | s each |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"Ions that go nowhere (D = 0), {given.trajectories} trajectories each:",
            "",
            "| motion | given a D, % | refused |",
            "|---|---|---|",
            *confined,
        ]
    )
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/interval_coverage.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# Coverage\n\n{mark}\n"
        head = old.split(mark)[0]
        given.out.write_text(f"{head}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
