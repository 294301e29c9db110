"""Time and peak memory of the orientations of all anions, ours and MDAnalysis', in the same run on the same store.

    python benchmarks/rotation_speed.py STORE.zarr [--peer-python /path/to/venv/bin/python] [--peer-frames 200]
        [--out docs/benchmarks/rotation.md]

STORE.zarr is made by `python benchmarks/big_trajectory.py STORE.zarr`. Ours is a process of its own, on one thread: the
store is read, every anion is put together over the periodic boundary and its orientation found in every frame; then the
analysis (speed, equipartition, memory, jumps, map), and coupling to the hops of the Na. Kernels are compiled before the
clock starts. The peer, MDAnalysis.analysis.align.rotation_matrix (QCP), does the alignment alone, anion by anion and
frame by frame, on positions that ours has put together and on a number of frames; its time for all of them is that
times their ratio, the cost of a frame being the same. Both give the same angles, which is checked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = """
import json, resource, sys, time
import numpy as np
from dataclasses import replace
from paddlewheel.crystals import find_polyanions
from paddlewheel.studies.motion import first_atoms
from paddlewheel.trajectories import displacements, read_trajectory
from paddlewheel.transport import rotation as physics

path, subset, n_subset = sys.argv[1], sys.argv[2], int(sys.argv[3])
run = read_trajectory(path)
cell = first_atoms(run)

def follow(n_frames):
    def blocks():
        n = 0
        for block in run.blocks(max_bytes=8 * 1024 * 1024):
            keep = min(len(block.positions_A), n_frames - n)
            yield block.positions_A[:keep], block.cell_A[:keep]
            n += keep
            if n == n_frames:
                return
    cages, _ = physics.cages_of(find_polyanions(cell), symbols=run.symbols, masses_u=run.masses_u,
                                positions_A=cell.positions, cell_A=cell.cell.array)
    return physics.track_cages(blocks, cages, n_frames=n_frames, frame_interval_fs=run.frame_interval_fs)

def analyse(motion, window_ps=None):
    for formula in sorted({cage.formula for cage in motion.cages}):
        members = [[g for g, cage in enumerate(motion.cages) if cage.formula == formula]]
        physics.paper_speed([motion], members)
        physics.angular_velocity([motion], members, temperature_K=600.0)
        physics.orientational_memory([motion], members)
        physics.find_jumps([motion], members)
        physics.direction_map([motion], members)

warm = follow(300)
analyse(warm)
start = time.perf_counter(), time.process_time()
motion = follow(run.n_frames)
tracked = time.perf_counter() - start[0], time.process_time() - start[1]
start = time.perf_counter(), time.process_time()
analyse(motion)
analysed = time.perf_counter() - start[0], time.process_time() - start[1]
start = time.perf_counter(), time.process_time()
paths = displacements(run, specie="Na", drift="none")
hops = physics.find_hops(paths.positions_A, frame_interval_fs=run.frame_interval_fs, window_ps=0.5, hop_length_A=1.5)
ions = paths.positions_A @ np.linalg.inv(paths.mean_cell_A)
del paths
for formula in sorted({cage.formula for cage in motion.cages}):
    members = [g for g, cage in enumerate(motion.cages) if cage.formula == formula]
    window_ps = max(0.25, physics.thermal_time_ps([motion], [members]))
    physics.couple([motion], [members], [hops], [ions], window_ps=window_ps)
coupled = time.perf_counter() - start[0], time.process_time() - start[1]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter()
for block in run.blocks(max_bytes=8 * 1024 * 1024):
    pass
read = time.perf_counter() - start
# the first frames of every anion, put together, for the peer
positions = []
for block in run.blocks(max_bytes=8 * 1024 * 1024):
    positions.append(block.positions_A)
    if sum(map(len, positions)) >= n_subset:
        break
positions = np.concatenate(positions)[:n_subset]
arrays, angles = {}, []
for g, cage in enumerate(motion.cages):
    whole = positions[:, cage.indices] + cage.shifts @ cell.cell.array  # a store is unwrapped
    arrays[f"p{g}"], arrays[f"m{g}"], arrays[f"t{g}"] = whole, cage.masses_u, motion.places_A[g]
    angles.append(physics.quaternions.angle_rad(physics.quaternions.relative(
        motion.quaternions[g, :n_subset][:1], motion.quaternions[g, :n_subset])))
np.savez(subset, angles=np.array(angles), **arrays)
print(json.dumps({"frames": run.n_frames, "atoms": run.n_atoms, "anions": len(motion.cages), "tracked": tracked,
                  "analysed": analysed, "coupled": coupled, "read": read, "peak_MB": peak, "hops": len(hops.ions)}))
"""

PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
from MDAnalysis.analysis.align import rotation_matrix
archive = np.load(sys.argv[1])
angles = archive["angles"]
n_anions, n_frames = angles.shape
bodies = [(archive[f"p{g}"], archive[f"m{g}"], archive[f"t{g}"]) for g in range(n_anions)]
found = np.empty_like(angles)
start = time.perf_counter(), time.process_time()
for g, (positions, masses, template) in enumerate(bodies):
    centres = np.einsum("j,tja->ta", masses, positions) / masses.sum()
    places = positions - centres[:, None]
    for t in range(n_frames):
        matrix, _ = rotation_matrix(places[t], template, weights=masses)
        if t == 0:
            first = matrix
        found[g, t] = np.arccos(np.clip((np.sum(matrix * first) - 1) / 2, -1, 1))
seconds = time.perf_counter() - start[0], time.process_time() - start[1]
print(json.dumps({"seconds": seconds, "frames": n_frames, "apart": float(np.abs(found - angles).max())}))
"""


def run_program(python: str, program: str, *arguments: str) -> dict:
    """Run one program on one thread; its report."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [python, "-c", program, *arguments], capture_output=True, text=True, env={**os.environ, **threads}
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure and print a table; with `--out` replace the one in that file below its mark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--peer-python")
    parser.add_argument("--peer-frames", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subset = str(Path(folder) / "subset.npz")
        ours = run_program(sys.executable, OURS, str(options.store), subset, str(options.peer_frames))
        peer = run_program(options.peer_python, PEER, subset) if options.peer_python else None
    steps = {
        "orientations of all anions (store read included)": "tracked",
        "speed, equipartition, memory, jumps, map": "analysed",
        "paths and hops of Na, coupling": "coupled",
    }
    lines = [
        f"{ours['anions']} anions, {ours['atoms']} atoms, {ours['frames']} frames; {os.cpu_count()} cores, one thread. "
        f"Peak memory {ours['peak_MB']:.0f} MB; reading the store alone takes {ours['read']:.1f} s of the first step; "
        f"{ours['hops']} hops.",
        "",
        "| step | s (wall) | s (CPU) |",
        "|---|---|---|",
        *(f"| {name} | {ours[key][0]:.2f} | {ours[key][1]:.2f} |" for name, key in steps.items()),
        "| all | " + " | ".join(f"{sum(ours[key][i] for key in steps.values()):.2f}" for i in range(2)) + " |",
    ]
    if peer is not None:
        scale = ours["frames"] / peer["frames"]
        wall, cpu = (seconds * scale for seconds in peer["seconds"])
        lines.append(
            f"| MDAnalysis rotation_matrix, alignment alone, {peer['frames']} frames extrapolated to all "
            f"| about {wall:.0f} | about {cpu:.0f} |"
        )
        lines += [
            "",
            f"Ratio of the peer's alignment alone to our first step: {wall / ours['tracked'][0]:.0f} (wall), "
            f"{cpu / ours['tracked'][1]:.0f} (CPU). Largest difference of an angle: {peer['apart']:.1e} rad.",
        ]
    table = "\n".join(lines)
    print(table)
    if options.out:
        mark = "<!-- table: benchmarks/rotation_speed.py -->\n"
        text = options.out.read_text(encoding="utf-8")
        options.out.write_text(text[: text.index(mark) + len(mark)] + "\n" + table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
