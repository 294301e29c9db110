"""Time and peak memory of reading a LAMMPS text dump: converted to the store by us, and read by the peers, in one run.

    python benchmarks/readers_speed.py RUN.lammpstrj --peer-python /path/to/venv/bin/python [--peer-frames 400]

Make the dump with `python benchmarks/big_trajectory.py OUT.zarr --dump RUN.lammpstrj`. The peers (MDAnalysis, ASE,
pymatgen) live in an environment of their own, read the first `--peer-frames` frames of the same file, and their time
is extrapolated in proportion to the frames (all three go through the file frame by frame). Each program runs alone in
a process of its own; the time is that of the call. CPU seconds are what its process and its threads used: on a machine
that other processes use too, they tell more than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

COMMON = """
import json, resource, sys, time, warnings
warnings.filterwarnings("ignore")
path, n_frames, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def report(started, frames, check):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall_s": time.perf_counter() - started[0], "cpu_s": time.process_time() - started[1],
                      "frames": frames, "peak_MB": peak, "check": check}))
"""

PROGRAMS = {
    "paddlewheel convert (the store written)": """
from paddlewheel import convert
started = time.perf_counter(), time.process_time()
made = convert(path, out=out, frame_interval_fs=50.0)
from paddlewheel import read_trajectory
first = next(read_trajectory(out).blocks(max_bytes=1))
report(started, made.n_frames, float(first.positions_A[0].sum()))
""",
    "paddlewheel, read as text (checked, then every frame parsed)": """
from paddlewheel import read_trajectory
started = time.perf_counter(), time.process_time()
run = read_trajectory(path, frame_interval_fs=50.0)
frames, check = 0, None
for block in run.blocks():
    check = float(block.positions_A[0].sum()) if check is None else check
    frames += len(block.positions_A)
report(started, frames, check)
""",
    "MDAnalysis LAMMPSDumpReader": """
from MDAnalysis.coordinates.LAMMPS import DumpReader
started = time.perf_counter(), time.process_time()
reader = DumpReader(path, n_atoms=1024, lammps_coordinate_convention="unwrapped")
frames, check = 0, None
for step in reader:
    check = float(step.positions.astype(float).sum()) if check is None else check
    frames += 1
report(started, frames, check)
""",
    "ASE lammps-dump-text": """
from ase.io import iread
started = time.perf_counter(), time.process_time()
frames, check = 0, None
for atoms in iread(path, index=":", format="lammps-dump-text"):
    check = float(atoms.positions.sum()) if check is None else check
    frames += 1
report(started, frames, check)
""",
    "pymatgen parse_lammps_dumps": """
from pymatgen.io.lammps.outputs import parse_lammps_dumps
started = time.perf_counter(), time.process_time()
frames, check = 0, None
for dump in parse_lammps_dumps(path):
    table = dump.data.sort_values("id")[["xu", "yu", "zu"]].to_numpy()
    check = float(table.sum()) if check is None else check
    frames += 1
report(started, frames, check)
""",
}


def measure(python: str, program: str, path: Path, n_frames: int, out: Path, limit_s: float) -> dict | str:
    """Run one program; its report, or why there is none."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [python, "-c", COMMON + PROGRAMS[program], str(path), str(n_frames), str(out)],
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


def head_of(path: Path, n_frames: int, target: Path) -> int:
    """Copy the first frames of a dump; the number of all of them."""
    frames = 0
    with open(path, "rb") as stream, open(target, "wb") as out:
        for line in stream:
            frames += line.startswith(b"ITEM: TIMESTEP")
            if frames <= n_frames:
                out.write(line)
    return frames


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", type=Path)
    parser.add_argument("--peer-python", help="python of the environment with the peers")
    parser.add_argument("--peer-frames", type=int, default=400)
    parser.add_argument("--limit-s", type=float, default=600.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dump.parent) as folder:
        part = Path(folder) / "head.lammpstrj"
        n_frames = head_of(given.dump, given.peer_frames, part)
        size = given.dump.stat().st_size
        lines = [
            f"{n_frames} frames, {size / 1e6:.0f} MB of text; {os.cpu_count()} cores ({platform.machine()}), load "
            f"{os.getloadavg()[0]:.1f} at the start.",
            "",
            "| program | frames read | wall s | CPU s | CPU s, all | ratio to ours | peak MB | sum of frame 0 (A) |",
            "|---|---|---|---|---|---|---|---|",
        ]
        ours = None
        for program in PROGRAMS:
            is_ours = program.startswith("paddlewheel")
            python = sys.executable if is_ours else given.peer_python
            if python is None:
                continue
            path = given.dump if is_ours else part
            found = measure(python, program, path, n_frames, Path(folder) / "run.zarr", given.limit_s)
            if isinstance(found, str):
                lines.append(f"| {program} | {found} | | | | | | |")
                continue
            whole = found["cpu_s"] * n_frames / found["frames"]
            ours = ours or whole
            about = "" if found["frames"] == n_frames else "about "
            lines.append(
                f"| {program} | {found['frames']} | {found['wall_s']:.1f} | {found['cpu_s']:.1f} | {about}{whole:.3g} "
                f"| {whole / ours:.3g} | {found['peak_MB']:.0f} | {found['check']:.2f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join(lines)
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/readers_speed.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# Reading speed\n\n{mark}\n"
        given.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
