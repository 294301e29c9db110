"""Time and peak memory of an all-origins MSD, ours and the peers', in the same run on the same positions.

    python benchmarks/msd_speed.py --peer-python /path/to/venv/bin/python [--ions 192] [--frames 20000]
        [--store STORE.zarr] [--out FILE]

The peers (kinisi, MDAnalysis with tidynamics, pymatgen-analysis-diffusion) live in an environment of their own.
Each program runs alone, in a process of its own, on one thread; time is that of the MSD call, memory the peak of
the process with the positions (92 MB) in it. A program that works lag by lag is timed on log-spaced lags, and the
time for all of them is that times their number (the cost of a lag falls with it at most by half: an upper estimate
is halved).

With STORE.zarr, made by `python benchmarks/big_trajectory.py STORE.zarr`, ours is also measured from the store on, in
one process: all atoms are read, the mobile ions' paths freed of the drift, and the MSD of each made.
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
positions = np.random.default_rng(0).normal(scale=0.1, size=(n_frames, n_ions, 3)).cumsum(axis=0)
def report(seconds, lags, per_ion, check):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "lags": int(lags), "per_ion": per_ion, "peak_MB": peak, "msd_at_100": check}))
"""

PROGRAMS = {
    "paddlewheel": """
from paddlewheel.transport import mean_squared_displacement
mean_squared_displacement(positions[:100], frame_interval_fs=10.0)
start = time.perf_counter()
found = mean_squared_displacement(positions, frame_interval_fs=10.0)
report(time.perf_counter() - start, n_frames, True, found.msd_A2[100])
""",
    "MDAnalysis": """
import warnings
warnings.filterwarnings("ignore")
import MDAnalysis
from MDAnalysis.analysis.msd import EinsteinMSD
universe = MDAnalysis.Universe.empty(n_ions, trajectory=True)
universe.load_new(positions.astype(np.float32))
start = time.perf_counter()
found = EinsteinMSD(universe, select="all", msd_type="xyz", fft=True).run()
report(time.perf_counter() - start, n_frames, True, float(found.results.timeseries[100]))
""",
    "kinisi": """
import scipp as sc
from kinisi.parser import Parser
from kinisi.displacement import calculate_msd
cell = 1000.0  # wide enough that no ion wraps
coords = sc.array(dims=["time", "particle", "dimension"], values=np.mod(positions / cell + 0.5, 1.0))
latt = sc.array(dims=["time", "dimension1", "dimension2"], values=np.repeat(cell * np.eye(3)[None], n_frames, 0),
                unit="angstrom")
lags = np.unique(np.append(np.geomspace(1, n_frames // 2, 12).astype(int), 100))
parser = Parser(coords, latt, time_step=10.0 * sc.Unit("fs"), step_skip=1 * sc.Unit("dimensionless"),
                dt=sc.array(dims=["time interval"], values=lags * 10.0, unit="fs"),
                specie_indices=sc.array(dims=["particle"], values=np.arange(n_ions)),
                drift_indices=sc.array(dims=["particle"], values=np.array([], dtype=int)))
start = time.perf_counter()
found = calculate_msd(parser, progress=False)["da"]
report(time.perf_counter() - start, lags.size, False, float(found.values[list(lags).index(100)]))
""",
    "pymatgen-analysis-diffusion": """
import warnings
warnings.filterwarnings("ignore")
from pymatgen.core import Lattice, Structure
from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
structure = Structure(Lattice.cubic(1000.0), ["Na"] * n_ions + ["B"], np.zeros((n_ions + 1, 3)))
moved = np.zeros((n_ions + 1, n_frames, 3))
moved[:n_ions] = (positions - positions[0]).transpose(1, 0, 2)
start = time.perf_counter()
found = DiffusionAnalyzer(structure, moved, "Na", 600, 10, 1, smoothed="max")
at = found.msd[np.argmin(np.abs(np.array(found.dt) - 1000))]
report(time.perf_counter() - start, len(found.dt), False, float(at))
""",
}


FROM_STORE = """
import json, resource, sys, time
import numpy as np
from paddlewheel.trajectories import displacements, read_trajectory
from paddlewheel.transport import mean_squared_displacement
mean_squared_displacement(np.random.default_rng(0).random((100, 2, 3)), frame_interval_fs=10.0)
clock = lambda: np.array([time.perf_counter(), time.process_time()])
marks = [clock()]
run = read_trajectory(sys.argv[1])
paths = displacements(run, specie=sys.argv[2])
marks.append(clock())
found = mean_squared_displacement(paths.positions_A, frame_interval_fs=run.frame_interval_fs)
marks.append(clock())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"steps": np.diff(marks, axis=0).tolist(), "shape": found.per_ion_A2.shape, "peak_MB": peak,
                  "atoms": run.n_atoms}))
"""


def from_store(store: Path, specie: str) -> list[str]:
    """Lines of a table: ours from the store on, in one process on one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", FROM_STORE, str(store), specie],
        capture_output=True, text=True, env={**os.environ, **threads},
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    (read_wall, read_cpu), (msd_wall, msd_cpu) = found["steps"]
    n_lags, n_ions = found["shape"]
    return [
        "",
        f"From the store, {found['atoms']} atoms, {n_lags} frames: per-ion MSD of {n_ions} {specie}, all lags, "
        f"in one process, peak {found['peak_MB']:.0f} MB; mean load {os.getloadavg()[0]:.1f}.",
        "",
        "| step | s (wall) | s (CPU) |",
        "|---|---|---|",
        f"| store to paths free of drift | {read_wall:.2f} | {read_cpu:.2f} |",
        f"| per-ion MSD | {msd_wall:.2f} | {msd_cpu:.2f} |",
        f"| both | {read_wall + msd_wall:.2f} | {read_cpu + msd_cpu:.2f} |",
    ]


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
    parser.add_argument("--limit-s", type=float, default=240.0)
    parser.add_argument("--store", type=Path, help="trajectory of benchmarks/big_trajectory.py")
    parser.add_argument("--specie", default="Na", help="its mobile ions")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines = [
        f"{given.ions} ions, {given.frames} frames, {os.cpu_count()} cores ({platform.machine()}), one thread each.",
        "",
        "| program | s | lags | per ion | s for all lags | ratio to ours | peak MB | MSD at lag 100 (A^2) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ours = None
    for program in PROGRAMS:
        python = sys.executable if program == "paddlewheel" else given.peer_python
        if python is None:
            continue
        found = measure(python, program, given.ions, given.frames, given.limit_s)
        if isinstance(found, str):
            lines.append(f"| {program} | {found} | | | | | | |")
            continue
        whole = found["seconds"] * (1.0 if found["lags"] == given.frames else 0.5 * given.frames / found["lags"])
        ours = ours or whole
        lines.append(
            f"| {program} | {found['seconds']:.2f} | {found['lags']} | {'yes' if found['per_ion'] else 'no'} "
            f"| {'' if found['lags'] == given.frames else 'about '}{whole:.3g} | {whole / ours:.3g} "
            f"| {found['peak_MB']:.0f} | {found['msd_at_100']:.4f} |"
        )
    if given.store:
        lines += from_store(given.store, given.specie)
    text = "\n".join(lines)
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/msd_speed.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# MSD speed\n\n{mark}\n"
        given.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
