"""Time and peak memory of the self van Hove function, ours and the peers', in the same run on the same random walk.

    python -m venv venv-peers && venv-peers/bin/pip install mdtraj==1.11.1.post2
    python -m venv venv-pda && venv-pda/bin/pip install pymatgen-analysis-diffusion==2026.9.23
    python benchmarks/van_hove_speed.py --peer-python venv-peers/bin/python --peer-python venv-pda/bin/python
        [--out docs/benchmarks/correlations.md]

192 ions over 20,000 frames, 55 log-spaced lags, all origins. Each program runs alone, in a process of its own, on one
thread but for ours, which uses two; time is that of the call, of the wall and of the processor, memory the peak of the
process with the positions (92 MB) in it. Peers do fewer origins or lags; their cost is linear in both (one distance for
an ion, an origin and a lag), and "all" is their time scaled to as many distances as ours:

- pymatgen-analysis-diffusion: VanHoveAnalysis, which always makes the distinct part too; one still atom as its
  reference and no images make that part as small as it gets.
- mdtraj: no self part of its own; compute_distances_t, the compiled loop under its compute_rdf_t, and numpy's
  histogram of what it gives, lag by lag.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

POSITIONS = """
import json, resource, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
n_ions, n_frames, n_lags = (int(word) for word in sys.argv[1:])
positions = np.random.default_rng(0).normal(scale=0.1, size=(n_frames, n_ions, 3)).cumsum(axis=0)
lags = np.unique(np.round(np.geomspace(1, (n_frames - 1) // 2, n_lags)).astype(int))
clock = lambda: (time.perf_counter(), time.process_time())
def report(start, distances, lag, check):
    wall, cpu = (now - then for now, then in zip(clock(), start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "distances": int(distances), "peak_MB": peak,
                      "lag": int(lag), "mean_A": float(check)}))
"""

PROGRAMS = {
    "paddlewheel": """
from paddlewheel.transport import log_spaced_lags, van_hove_self
lags = log_spaced_lags(n_frames, n_lags)
van_hove_self([positions[:200]], frame_interval_fs=10.0, lags=lags[:2])
start = clock()
found = van_hove_self([positions], frame_interval_fs=10.0, lags=lags)
at = lags.size // 2
report(start, n_ions * (n_frames - lags).sum(), lags[at],
       (found.density_per_A[at] * found.r_A).sum() / found.density_per_A[at].sum())
""",
    "mdtraj": """
import mdtraj
topology = mdtraj.Topology()
residue = topology.add_residue("NA", topology.add_chain())
for _ in range(n_ions):
    topology.add_atom("NA", mdtraj.element.sodium, residue)
trajectory = mdtraj.Trajectory(positions / 10, topology)
pairs = np.repeat(np.arange(n_ions)[:, None], 2, axis=1)
some = lags[lags.size // 2 :: 9][:3]
start, done, check = clock(), 0, None
for lag in some:
    times = np.stack([np.arange(n_frames - lag), np.arange(lag, n_frames)], axis=1)
    distances = mdtraj.compute_distances_t(trajectory, pairs, times, periodic=False)
    counts, edges = np.histogram(distances, bins=2000, range=(0.0, 10.0))
    done += distances.size
    if check is None:
        check = 10 * (counts * 0.5 * (edges[1:] + edges[:-1])).sum() / counts.sum()
report(start, done, some[0], check)
""",
    "pymatgen-analysis-diffusion": """
from pymatgen.core import Lattice, Structure
from pymatgen.analysis.diffusion.aimd.van_hove import VanHoveAnalysis
from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
lag, n_origins = int(lags[lags.size // 2]), 100
structure = Structure(Lattice.cubic(1000.0), ["Na"] * n_ions + ["B"], np.zeros((n_ions + 1, 3)))
moved = np.zeros((n_ions + 1, lag + n_origins, 3))
moved[:n_ions] = (positions[: lag + n_origins] - positions[0]).transpose(1, 0, 2)
analyzer = DiffusionAnalyzer(structure, moved, "Na", 600, 10, 1, smoothed=False)
start = clock()
found = VanHoveAnalysis(analyzer, avg_nsteps=n_origins, ngrid=2001, rmax=100.0, step_skip=lag, cell_range=0,
                        species=["Na"], reference_species=["B"])
density = found.gsrt[1]
report(start, 2 * n_ions * n_origins, lag, (density * found.interval).sum() / density.sum() + 0.025)
""",
}


def measure(python: str, program: str, n_ions: int, n_frames: int, n_lags: int) -> dict | str:
    """Run one program; its report, or why there is none."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, "-c", POSITIONS + PROGRAMS[program], str(n_ions), str(n_frames), str(n_lags)],
        capture_output=True, text=True, env={**os.environ, **threads},
    )  # fmt: skip
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def has(python: str, program: str) -> bool:
    """Whether this python has the package of the program."""
    module = {"pymatgen-analysis-diffusion": "pymatgen.analysis.diffusion.aimd.van_hove"}.get(program, program)
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def main() -> None:
    """Print the table; with `--out` replace the one in that file below its mark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", action="append", default=[], help="python of an environment with peers")
    parser.add_argument("--ions", type=int, default=192)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--lags", type=int, default=62, help="of 62 up to 10,000 frames 55 differ")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines, ours, loads = [], None, [os.getloadavg()[0]]
    for program in PROGRAMS:
        python = sys.executable
        if program != "paddlewheel":
            python = next((one for one in given.peer_python if has(one, program)), None)
        if python is None:
            continue
        found = measure(python, program, given.ions, given.frames, given.lags)
        loads.append(os.getloadavg()[0])
        if isinstance(found, str):
            lines.append(f"| {program} | {found} | | | | | | | |")
            continue
        ours = ours or found
        scale = ours["distances"] / found["distances"]
        about = "" if scale == 1 else "about "
        wall, cpu = found["wall_s"] * scale, found["cpu_s"] * scale
        lines.append(
            f"| {program} | {found['wall_s']:.2f} | {found['cpu_s']:.2f} | {found['distances']:.3g} "
            f"| {about}{wall:.3g} | {about}{cpu:.3g} | {wall / ours['wall_s']:.3g} / {cpu / ours['cpu_s']:.3g} "
            f"| {found['peak_MB']:.0f} | {found['mean_A']:.3f} ({found['lag']}) |"
        )
    text = "\n".join(
        [
            f"{given.ions} ions, {given.frames} frames, {os.cpu_count()} cores ({platform.machine()}). "
            f"Mean load of the machine during the run {min(loads):.1f} to {max(loads):.1f}.",
            "",
            "| program | s (wall) | s (CPU) | distances | all: s (wall) | all: s (CPU) | ratio to ours, wall / CPU "
            "| peak MB | mean displacement, A (at lag) |",
            "|---|---|---|---|---|---|---|---|---|",
            *lines,
        ]
    )
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/van_hove_speed.py -->\n"
        old = given.out.read_text(encoding="utf-8")
        given.out.write_text(old[: old.index(mark) + len(mark)] + "\n" + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
