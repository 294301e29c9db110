"""Time of a flow through 100^3 labelled voxels, ours and the peers' in the same run, and our cost against size.

    python benchmarks/tomography_flow.py STACK.tif [--peer-python /path/to/venv/bin/python]
        [--sizes 50 100 200 350 500] [--out docs/benchmarks/tomography_flow.md]

STACK.tif is openimpala_2phase_100.tif, whose tortuosity factors are known. The peers, TauFactor (torch on the CPU) and
PoreSpy (with OpenPNM and PyAMG), by their default criteria, live in an environment of their own. Each program is a
process of its own and has all cores; it solves a flow through a small body first, so that nothing is compiled in the
clock. Times are medians of three, per axis. The bodies of the second table are blurred noise, cut at a volume fraction
of 0.4: one process a size, all three axes, with the memory of the process at its largest, the body's making included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

TRUTH = {1: (3.16617, 3.09869, 3.15599), 0: (1.70704, 1.71321, 1.70649)}
"""Of the phases of openimpala_2phase_100, along z, y, x."""

TIMED = """
import contextlib, io, json, statistics, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, tifffile
labels = tifffile.imread(sys.argv[1]).astype(np.uint8)
def measure(call):
    call(labels[:30, :30, :30] * 0 + 1, 1, 0)
    rows = []
    for phase in (1, 0):
        for axis in range(3):
            clock, cpu = [], []
            for _ in range(3):
                start, used = time.perf_counter(), time.process_time()
                with contextlib.redirect_stdout(io.StringIO()):
                    tau = call(labels, phase, axis)
                clock.append(time.perf_counter() - start)
                cpu.append(time.process_time() - used)
            rows.append([phase, axis, float(tau), statistics.median(clock), statistics.median(cpu)])
    print(json.dumps(rows))
"""

PROGRAMS = {
    "paddlewheel": """
from paddlewheel.lab.tomography.transport.solver import flow
measure(lambda body, phase, axis: flow(body, (1, 1, 1), {phase: 1.0}, "zyx"[axis]).tortuosity_factor)
""",
    "paddlewheel, one thread": """
from paddlewheel.lab.tomography.transport.solver import flow
measure(lambda body, phase, axis: flow(body, (1, 1, 1), {phase: 1.0}, "zyx"[axis], threads=1).tortuosity_factor)
""",
    "TauFactor": """
import taufactor as tau
def call(body, phase, axis):
    solver = tau.Solver(np.moveaxis(body == phase, axis, 0), device="cpu")
    solver.solve(verbose=False)
    return np.asarray(solver.tau).item()
measure(call)
""",
    "PoreSpy": """
import porespy
def call(body, phase, axis):
    found = porespy.simulations.tortuosity_fd(body == phase, axis)
    return found.tortuosity * found.original_porosity / found.effective_porosity
measure(call)
""",
}

SIZED = """
import json, resource, sys
import numpy as np
from scipy import ndimage
from paddlewheel.lab.tomography.transport.solver import flow, memory_bytes
n = int(sys.argv[1])
flow(np.ones((30, 30, 30), np.uint8), (1, 1, 1), {1: 1.0}, "z")
noise = np.random.default_rng(0).standard_normal((n, n, n), dtype=np.float32)
ndimage.gaussian_filter(noise, 2.5, mode="wrap", output=noise)
body = (noise > np.quantile(noise[::2, ::2, ::2], 0.6)).astype(np.uint8)
del noise
found = [flow(body, (1, 1, 1), {1: 1.0}, axis) for axis in "zyx"]
print(json.dumps({
    "tau": [one.tortuosity_factor for one in found],
    "iterations": [one.iterations for one in found],
    "seconds": [one.seconds for one in found],
    "peak_GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    "stated_GB": memory_bytes(body.shape) / 1e9,
}))
"""


def _run(python: str, program: str, given: str, limit_s: float) -> list | dict | str:
    """What a program reports, or why there is nothing."""
    try:
        done = subprocess.run([python, "-c", program, given], capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return f"not done in {limit_s:.0f} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def _compared(stack: Path, peer_python: str | None, limit_s: float) -> list[str]:
    """The first table."""
    lines = [
        "| program | load | s an axis, phase 1: z y x | phase 0 | sum, s | ratio to ours | CPU s, sum | error of tau |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ours = None
    for name, program in PROGRAMS.items():
        python = sys.executable if name.startswith("paddlewheel") else peer_python
        if python is None:
            continue
        load = os.getloadavg()[0]
        rows = _run(python, TIMED + program, str(stack), limit_s)
        if isinstance(rows, str):
            lines.append(f"| {name} | {load:.1f} | {rows} | | | | | |")
            continue
        clock = {phase: [row[3] for row in rows if row[0] == phase] for phase in (1, 0)}
        total, cpu = sum(row[3] for row in rows), sum(row[4] for row in rows)
        ours = ours or total
        error = max(abs(row[2] / TRUTH[row[0]][row[1]] - 1) for row in rows)
        cells = [" ".join(f"{seconds:.2f}" for seconds in clock[phase]) for phase in (1, 0)]
        lines.append(
            f"| {name} | {load:.1f} | {cells[0]} | {cells[1]} | {total:.3g} | {total / ours:.3g} | {cpu:.3g} "
            f"| {error:.1e} |"
        )
    return lines


def _against_size(sizes: list[int], limit_s: float) -> list[str]:
    """The second table."""
    lines = [
        "| voxels | load | tau: z y x | iterations | s an axis | sum, s | us a voxel | peak GB | stated GB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        load = os.getloadavg()[0]
        found = _run(sys.executable, SIZED, str(size), limit_s)
        if not isinstance(found, dict):
            lines.append(f"| {size}^3 | {load:.1f} | {found} | | | | | | |")
            continue
        total = sum(found["seconds"])
        lines.append(
            f"| {size}^3 | {load:.1f} | {' '.join(f'{tau:.3f}' for tau in found['tau'])} "
            f"| {' '.join(map(str, found['iterations']))} | {' '.join(f'{value:.3g}' for value in found['seconds'])} "
            f"| {total:.3g} | {total / 3 / size**3 * 1e6:.2f} | {found['peak_GB']:.2f} | {found['stated_GB']:.2f} |"
        )
    return lines


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", type=Path)
    parser.add_argument("--peer-python", help="python of the environment with the peers")
    parser.add_argument("--sizes", type=int, nargs="*", default=[50, 100, 200, 350, 500])
    parser.add_argument("--limit-s", type=float, default=1800.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lines = [
        f"{os.cpu_count()} cores ({platform.machine()}); load is that of the machine when the program began.",
        "",
        *_compared(given.stack, given.peer_python, given.limit_s),
        "",
        *_against_size(given.sizes, given.limit_s),
    ]
    text = "\n".join(lines)
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/tomography_flow.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# Flow through voxels\n\n{mark}\n"
        given.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
