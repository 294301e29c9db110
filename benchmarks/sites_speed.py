"""Sites and jumps of the big trajectory, ours and the peers', in the same run; writes docs/benchmarks/sites.md.

    python benchmarks/big_trajectory.py /tmp/big.zarr
    python -m venv venv-peers && venv-peers/bin/pip install GEMDAT==1.8.1 site-analysis==1.8.0
    python benchmarks/sites_speed.py /tmp/big.zarr --peer-python venv-peers/bin/python

Each program runs alone, in a process of its own, on one thread. Ours does all of it: reads 1,024 atoms from the store,
takes displacements without drift, finds the sites in the density, follows the ions, and makes occupancies, rates,
survival curves and the correlation factor. The peers get the wrapped positions of the mobile ions alone, in memory, and
our sites, and are timed for the assignment to them and the transitions between: on fewer frames, scaled to all of them,
since their cost is linear in frames. Ours is also timed for that part alone. Seconds are those of the wall, and of the
processor, which other jobs on the machine do not touch.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

OURS = """
import json, resource, sys, time
import numpy as np
from paddlewheel.trajectories import displacements, read_trajectory
from paddlewheel.transport.sites import *
path, specie, positions_file, peer_frames = sys.argv[1:]
compile_on = np.random.default_rng(0).random((60, 2, 3))
made = find_sites([compile_on], cell_A=np.eye(3) * 4, minimum_population=1e-3)
assign([compile_on], sites=made, radii_A=core_radii_A(made), frame_interval_fs=1.0)
stages, last = {}, [time.perf_counter(), time.process_time()]
def stage(name):
    now = [time.perf_counter(), time.process_time()]
    stages[name] = [now[0] - last[0], now[1] - last[1]]
    last[:] = now
run = read_trajectory(path)
paths = displacements(run, specie=specie)
stage("read the store, displacements without drift")
sites = find_sites([paths.positions_A], cell_A=paths.mean_cell_A, symbol=specie)
stage("sites from the density")
radii = core_radii_A(sites)
followed = assign([paths.positions_A], sites=sites, radii_A=radii, frame_interval_fs=run.frame_interval_fs)
jumps = find_jumps(followed)
stage("assignment and jumps")
site_occupancy(followed), pair_rates(followed, jumps), exit_rates(followed, sites.family_index)
[survival(followed, np.arange(len(sites)), k) for k in range(len(sites))], site_volumes_A3(sites)
stage("occupancies, volumes, rates, survival")
factor = correlation_factor(followed, jumps)
stage("tracer diffusivity and correlation factor")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
n = int(peer_frames)
fractional = paths.positions_A[:n] @ np.linalg.inv(paths.mean_cell_A) % 1.0
np.savez(positions_file, fractional=fractional, cell=paths.mean_cell_A, sites=sites.fractional,
         radius=0.5 * sites.nearest[0].min() * 0.5)
print(json.dumps({"stages": stages, "peak_MB": peak, "frames": run.n_frames, "atoms": run.n_atoms, "ions": paths.n_ions,
                  "sites": len(sites), "jumps": len(jumps), "occupancy": float(site_occupancy(followed).mean.mean()),
                  "factor": factor.value, "factor_std": factor.std,
                  "nearest": float(followed.runs[0].nearest.sum(axis=0)[0] / run.n_frames)}))
"""

PEER = """
import json, resource, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
data = np.load(sys.argv[1])
frames = data["fractional"][: int(sys.argv[2])]
cell, places, radius = data["cell"], data["sites"], float(data["radius"])
def report(wall, processor, transitions):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "processor": processor, "frames": len(frames), "peak_MB": peak,
                      "transitions": transitions}))
"""

PROGRAMS = {
    "site-analysis": (
        PEER
        + """
from pymatgen.core import Structure
from site_analysis.builders import create_trajectory_with_spherical_sites
structures = [Structure(cell, ["Na"] * frames.shape[1], one) for one in frames]
trajectory = create_trajectory_with_spherical_sites(structures[0], "Na", places.tolist(), radius)
trajectory.trajectory_from_structures(structures[:2])
trajectory.reset()
start = [time.perf_counter(), time.process_time()]
trajectory.trajectory_from_structures(structures)
end = [time.perf_counter(), time.process_time()]
report(end[0] - start[0], end[1] - start[1], sum(sum(site.transitions.values()) for site in trajectory.sites))
""",
        200,
    ),
    "GEMDAT": (
        PEER
        + """
from gemdat import Trajectory
from gemdat.transitions import Transitions
from pymatgen.core import Element, Lattice, Structure
trajectory = Trajectory(species=[Element("Na")] * frames.shape[1], coords=frames, lattice=Lattice(cell),
                        constant_lattice=True, time_step=5e-14, metadata={"temperature": 600.0})
structure = Structure(Lattice(cell), ["Na"] * len(places), places, labels=["Na"] * len(places))
start = [time.perf_counter(), time.process_time()]
found = Transitions.from_trajectory(trajectory=trajectory, sites=structure, floating_specie="Na", site_radius=radius)
jumps = found.jumps()
end = [time.perf_counter(), time.process_time()]
report(end[0] - start[0], end[1] - start[1], int(jumps.n_jumps))
""",
        2000,
    ),
}


def run(python: str, program: str, *arguments: str) -> dict:
    """Run one program alone; its report."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    environment = os.environ | threads | {"PYTHONPATH": str(REPOSITORY / "src")}
    # -P: this folder holds a file that shadows a package
    command = [python, "-P", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def table(ours: dict, peers: dict[str, dict]) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    wall, processor = (sum(seconds[k] for seconds in ours["stages"].values()) for k in (0, 1))
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')} on {platform.machine()}, {os.cpu_count()} cores, load {load}:",
        f"{ours['atoms']} atoms, {ours['ions']} mobile ions, {ours['frames']} frames, {ours['sites']} sites, "
        f"{ours['jumps']} jumps.",
        "",
        "| ours | wall, s | processor, s |",
        "|---|---|---|",
        *(f"| {name} | {seconds[0]:.2f} | {seconds[1]:.2f} |" for name, seconds in ours["stages"].items()),
        f"| **all** (peak {ours['peak_MB']:.0f} MB) | **{wall:.1f}** | **{processor:.1f}** |",
        "",
        "| assignment to given sites and transitions | frames | wall, s | processor, s | for all frames, processor, s"
        " | ratio to ours |",
        "|---|---|---|---|---|---|",
    ]
    own = ours["stages"]["assignment and jumps"]
    lines.append(f"| paddlewheel | {ours['frames']} | {own[0]:.2f} | {own[1]:.2f} | {own[1]:.2f} | 1 |")
    for name, one in peers.items():
        scaled = one["processor"] * ours["frames"] / one["frames"]
        lines.append(
            f"| {name} | {one['frames']} | {one['wall']:.2f} | {one['processor']:.2f} | about {scaled:.0f} | "
            f"**{scaled / own[1]:.0f}** |"
        )
    lines += [
        "",
        f"Mean occupancy {ours['occupancy']:.6f}; the correlation factor is {ours['factor']:.3f} +- "
        f"{ours['factor_std']:.3f}.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trajectory")
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--specie", default="Na")
    parser.add_argument("--document", type=Path, default=REPOSITORY / "docs/benchmarks/sites.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "positions.npz")
        most = max(frames for _, frames in PROGRAMS.values())
        ours = run(sys.executable, OURS, options.trajectory, options.specie, file, str(most))
        peers = {name: run(options.peer_python, text, file, str(n)) for name, (text, n) in PROGRAMS.items()}
    text = table(ours, peers)
    print(text)
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    before, rest = options.document.read_text(encoding="utf-8").split(begin)
    options.document.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
