"""Time and peak memory of a density on a grid of 0.2 A, ours and the peers', in the same run on the same positions.

    python benchmarks/density_speed.py --peer-python /path/to/venv/bin/python [--ions 192] [--frames 20000] [--out FILE]

The peers (GEMDAT, MDAnalysis, pymatgen-analysis-diffusion) live in an environment of their own. Each program runs
alone, in a process of its own, on one thread, on positions in memory (92 MB); time is that of the call, as CPU seconds
(other processes may have the cores too) and by the clock, the better of two. A program too slow for all frames is
timed on the first of them and its time scaled up: all of these are linear in frames. The last column compares the
counts: the largest number of ions found in a voxel, over its mean over the cell (peers place their voxels differently).
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
import json, resource, sys, time
import numpy as np
n_ions, n_frames = int(sys.argv[1]), int(sys.argv[2])
cell = np.diag([22.0, 24.0, 26.0])
rng = np.random.default_rng(0)
sites = np.mod(np.arange(n_ions)[:, None] * np.array([0.754877666, 0.569840291, 0.618033989]), 1.0) @ cell
positions = np.mod(sites + rng.normal(scale=0.4, size=(n_frames, n_ions, 3)), np.diag(cell))
def measure(call, used_frames=n_frames):
    best = (1e9, 1e9)
    for _ in range(2):
        cpu, clock = time.process_time(), time.perf_counter()
        grid = call()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - clock))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": best[0], "clock_s": best[1], "frames": used_frames, "peak_MB": peak,
                      "shape": list(grid.shape), "peak_over_mean": float(grid.max() / grid.mean())}))
"""

PROGRAMS = {
    "paddlewheel": """
from paddlewheel.transport.density import ion_density
ion_density(positions[:100], cell_A=cell)
measure(lambda: ion_density(positions, cell_A=cell, spacing_A=0.2).total())
""",
    "GEMDAT": """
import warnings
warnings.filterwarnings("ignore")
from gemdat import Trajectory
from gemdat.volume import trajectory_to_volume
run = Trajectory(species=["Na"] * n_ions, coords=positions / np.diag(cell), lattice=cell, time_step=1e-14,
                 constant_lattice=True, metadata={"temperature": 600})
measure(lambda: trajectory_to_volume(run, resolution=0.2).data)
""",
    "MDAnalysis": """
import warnings
warnings.filterwarnings("ignore")
import MDAnalysis
from MDAnalysis.analysis.density import DensityAnalysis
used = max(1, n_frames // 20)
universe = MDAnalysis.Universe.empty(n_ions, trajectory=True)
universe.load_new(positions[:used].astype(np.float32), dimensions=np.tile([22, 24, 26, 90, 90, 90], (used, 1)))
def call():
    found = DensityAnalysis(universe.atoms, delta=0.2, gridcenter=[11, 12, 13], xdim=22, ydim=24, zdim=26).run()
    return found.results.density.grid
measure(call, used)
""",
    "pymatgen-analysis-diffusion": """
import warnings
warnings.filterwarnings("ignore")
from pymatgen.core import Lattice, Structure
from pymatgen.analysis.diffusion.aimd.pathway import ProbabilityDensityAnalysis
used = max(1, n_frames // 2000)
fractional = positions[:used] / np.diag(cell)
structure = Structure(Lattice(cell), ["Na"] * n_ions, fractional[0])
measure(lambda: ProbabilityDensityAnalysis(structure, fractional, interval=0.2, species=("Na",)).Pr, used)
""",
}


def measure(python: str, program: str, n_ions: int, n_frames: int, limit_s: float) -> dict | str:
    """Run one program; its report, or why there is none."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [python, "-c", POSITIONS + PROGRAMS[program], str(n_ions), str(n_frames)],
            capture_output=True,
            text=True,
            timeout=limit_s,
            env={**os.environ, **threads},
        )
    except subprocess.TimeoutExpired:
        return f"not done in {limit_s:.0f} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="python of the environment with the peers")
    parser.add_argument("--ions", type=int, default=192)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--limit-s", type=float, default=300.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines = [
        f"{given.ions} ions, {given.frames} frames, {os.cpu_count()} cores ({platform.machine()}), one thread each; "
        f"load {os.getloadavg()[0]:.1f} at the start.",
        "",
        "| program | frames timed | CPU s | clock s | CPU s, all | ratio to ours | peak MB | grid | peak over mean |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    ours = None
    for program in PROGRAMS:
        python = sys.executable if program == "paddlewheel" else given.peer_python
        if python is None:
            continue
        found = measure(python, program, given.ions, given.frames, given.limit_s)
        if isinstance(found, str):
            lines.append(f"| {program} | {found} | | | | | | | |")
            continue
        whole = found["cpu_s"] * given.frames / found["frames"]
        ours = ours or whole
        lines.append(
            f"| {program} | {found['frames']} | {found['cpu_s']:.3g} | {found['clock_s']:.3g} "
            f"| {'' if found['frames'] == given.frames else 'about '}{whole:.3g} | {whole / ours:.3g} "
            f"| {found['peak_MB']:.0f} | {' x '.join(map(str, found['shape']))} | {found['peak_over_mean']:.1f} |"
        )
    text = "\n".join(lines)
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/density_speed.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# Density speed\n\n{mark}\n"
        given.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
