"""Cost of the analyses against the number of frames (1e3 to 1e6, out of core at the top) and of atoms.

    python benchmarks/scaling.py [--folder DIR] [--frames 1000,10000,100000,1000000] [--cages 4,8,27,64] [--out FILE]

Stores are made of random numbers: B12H12 cages on a cubic lattice of 8 A, each turning about its own axis by rotational
diffusion, and three Na a cage that vibrate about the edge midpoints and hop to the next along one axis; the cell
breathes by 1 %. 27 atoms a cage. Over frames: 4 cages (108 atoms; a million frames are 2.6 GB of float64). Over
atoms: 2,000 frames. Every analysis runs alone, in a process of its own on one thread, from the store; kernels are
compiled on a small store before the clock starts. An exponent p is that of cost ~ n^p, fitted to the CPU seconds
(logarithms) of the three largest sizes. Peak memory is that of the process.

What is held in memory and grows with the frames: the paths of the mobile ions (24 bytes an ion and frame; per-ion MSD,
density, van Hove, sites, where the FFT of the MSD takes some ions at a time) and the orientations of the cages. The
positions of all atoms never are.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FRAME_INTERVAL_FS = 50.0
SPACING_A = 8.0
GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = np.array([np.roll([0.0, a, b * GOLDEN], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)])
CAGE_A = np.concatenate([1.70 * ICOSAHEDRON, 2.90 * ICOSAHEDRON]) / np.hypot(1, GOLDEN)
LATTICES = {1: (1, 1, 1), 4: (1, 2, 2), 8: (2, 2, 2), 27: (3, 3, 3), 64: (4, 4, 4), 125: (5, 5, 5), 216: (6, 6, 6)}


def make_store(path: Path, *, n_cages: int, n_frames: int) -> None:
    """Write the store block by block."""
    from paddlewheel.trajectories import TrajectoryWriter
    from paddlewheel.trajectories.trajectory import element_masses_u

    generator = np.random.default_rng(1)
    lattice = np.array(LATTICES[n_cages])
    centres = np.array(list(np.ndindex(*lattice))) * SPACING_A
    symbols = ["Na"] * (3 * n_cages) + (["B"] * 12 + ["H"] * 12) * n_cages
    writer = TrajectoryWriter.create(
        path, symbols=symbols, masses_u=element_masses_u(symbols), frame_interval_fs=FRAME_INTERVAL_FS
    )
    axes = generator.normal(size=(n_cages, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    cross = np.cross(np.eye(3)[None], axes[:, None, :])  # the generators of the turns
    angle = np.zeros(n_cages)
    sites = (centres[:, None] + 0.5 * SPACING_A * np.eye(3)).reshape(-1, 3)
    hops = np.zeros(len(sites))
    along = np.tile(np.eye(3), (n_cages, 1))
    for first in range(0, n_frames, 1000):
        n = min(1000, n_frames - first)
        strain = 1 + 0.01 * np.sin(2 * np.pi * np.arange(first, first + n) / 1000)
        angles = angle + np.cumsum(0.05 * generator.normal(size=(n, n_cages)), axis=0)
        steps = (generator.random((n, len(sites))) < 0.005) * generator.choice([-1.0, 1.0], (n, len(sites)))
        places = hops + np.cumsum(steps, axis=0)
        angle, hops = angles[-1], places[-1]
        sine, cosine = np.sin(angles)[..., None, None], 1 - np.cos(angles)[..., None, None]
        turns = np.eye(3) + sine * cross + cosine * (cross @ cross)
        cages = (CAGE_A @ turns.swapaxes(-1, -2) + (centres * strain[:, None, None])[:, :, None]).reshape(n, -1, 3)
        ions = (sites + SPACING_A * places[..., None] * along) * strain[:, None, None]
        positions = np.concatenate([ions, cages], axis=1)
        positions += np.concatenate([np.full(len(sites), 0.3), np.full(24 * n_cages, 0.03)])[:, None] * (
            generator.normal(size=positions.shape)
        )
        cells = np.diag(lattice * SPACING_A) * strain[:, None, None]
        for frame in range(n):
            writer.append(positions_A=positions[frame], cell_A=cells[frame], step=first + frame, thermo={})
    writer.flush()


def msd(path: Path) -> None:
    """Per-ion MSD at all lags."""
    from paddlewheel.trajectories import displacements, open_store
    from paddlewheel.transport import mean_squared_displacement

    paths = displacements(open_store(path), specie="Na")
    mean_squared_displacement(paths.positions_A, frame_interval_fs=paths.frame_interval_fs)


def density(path: Path) -> None:
    """Density of the ions at 0.3 A: at 0.2 A the grid of the largest crystals is refused."""
    from paddlewheel.trajectories import displacements, open_store
    from paddlewheel.transport.density import ion_density

    paths = displacements(open_store(path), specie="Na")
    ion_density(paths.positions_A, cell_A=paths.mean_cell_A, spacing_A=0.3)


def van_hove(path: Path) -> None:
    """Self part of the van Hove function at 55 lags."""
    from paddlewheel.trajectories import displacements, open_store
    from paddlewheel.transport.van_hove import log_spaced_lags, van_hove_self

    paths = displacements(open_store(path), specie="Na")
    lags = log_spaced_lags(paths.n_frames, 55)
    van_hove_self([paths.positions_A], frame_interval_fs=paths.frame_interval_fs, lags=lags)


def rotation(path: Path) -> None:
    """Orientations of all cages."""
    from paddlewheel.crystals import find_polyanions
    from paddlewheel.studies.motion.runs import first_atoms
    from paddlewheel.trajectories import open_store
    from paddlewheel.transport.rotation import cages_of, track_cages

    run = open_store(path)
    cell = first_atoms(run)
    cages, _ = cages_of(
        find_polyanions(cell),
        symbols=run.symbols,
        masses_u=run.masses_u,
        positions_A=cell.positions,
        cell_A=cell.cell.array,
    )
    track_cages(
        lambda: ((block.positions_A, block.cell_A) for block in run.blocks(max_bytes=8 * 1024 * 1024)),
        cages,
        n_frames=run.n_frames,
        frame_interval_fs=FRAME_INTERVAL_FS,
    )


def sites(path: Path) -> None:
    """Sites out of the density, the ions' ways between them, and jumps."""
    from paddlewheel.trajectories import displacements, open_store
    from paddlewheel.transport.sites import assign, core_radii_A, find_jumps, find_sites

    paths = displacements(open_store(path), specie="Na")
    found = find_sites([paths.positions_A], cell_A=paths.mean_cell_A, symbol="Na")
    find_jumps(
        assign([paths.positions_A], sites=found, radii_A=core_radii_A(found), frame_interval_fs=FRAME_INTERVAL_FS)
    )


ANALYSES: dict[str, Callable[[Path], None]] = {
    "per-ion MSD": msd,
    "density": density,
    "van Hove": van_hove,
    "rotation": rotation,
    "sites and jumps": sites,
}


def measure_here(name: str, small: Path, store: Path) -> None:
    """Run one analysis and print its report; in a process of its own."""
    ANALYSES[name](small)  # compiles what numba has to
    started = time.perf_counter(), time.process_time()
    ANALYSES[name](store)
    report = {"wall_s": time.perf_counter() - started[0], "cpu_s": time.process_time() - started[1]}
    print(json.dumps(report | {"peak_MB": peak_MB()}))


def peak_MB() -> float:
    """Of this program alone: the peak of getrusage begins with that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(name: str, small: Path, store: Path, limit_s: float) -> dict[str, Any]:
    """The report of one analysis, with `failed` where there is none."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--measure", name, str(small), str(store)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, env={**os.environ, **threads})
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {limit_s:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1][:100]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def exponent(sizes: list[int], seconds: list[float]) -> str:
    """p of cost ~ n^p over the three largest sizes."""
    if len(sizes) < 2:
        return "-"
    return f"{np.polyfit(np.log(sizes[-3:]), np.log(seconds[-3:]), 1)[0]:.2f}"


def table(what: str, sizes: list[int], stores: list[Path], small: Path, limit_s: float) -> list[str]:
    """Rows of all analyses over these stores."""
    lines = [
        f"| CPU s (peak MB) at {what} | {' | '.join(f'{size:,}' for size in sizes)} | exponent |",
        f"|---|{'---|' * (len(sizes) + 1)}",
    ]
    for name in ANALYSES:
        cells, seen, seconds = [], [], []
        for size, store in zip(sizes, stores, strict=True):
            found = measure(name, small, store, limit_s)
            if "cpu_s" in found:
                cells.append(f"{found['cpu_s']:.3g} ({found['peak_MB']:.0f})")
                seen.append(size)
                seconds.append(found["cpu_s"])
            else:
                cells.append(found["failed"])
        lines.append(f"| {name} | {' | '.join(cells)} | {exponent(seen, seconds)} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the stores are made (about 1 GB) and kept; a temporary one")
    parser.add_argument("--frames", default="1000,10000,100000,1000000")
    parser.add_argument("--cages", default="4,8,27,64,125,216")
    parser.add_argument("--limit-s", type=float, default=1200.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure_here(given.measure[0], Path(given.measure[1]), Path(given.measure[2]))
        return
    frames = [int(word) for word in given.frames.split(",")]
    cages = [int(word) for word in given.cages.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)

        def store(n_cages: int, n_frames: int) -> Path:
            path = folder / f"{n_cages}-cages-{n_frames}-frames.zarr"
            if not path.exists():
                make_store(path, n_cages=n_cages, n_frames=n_frames)
            return path

        small = store(4, 300)
        over_frames = table("frames", frames, [store(4, n) for n in frames], small, given.limit_s)
        atoms = [27 * n for n in cages]
        over_atoms = table("atoms", atoms, [store(n, 2000) for n in cages], small, given.limit_s)
    head = f"{os.cpu_count()} cores ({platform.machine()}), one thread; load {os.getloadavg()[0]:.1f} at the end."
    title = f"108 atoms (12 Na, 4 cages), {frames[0]:,} to {frames[-1]:,} frames:"
    text = "\n".join([head, "", title, "", *over_frames, "", "2,000 frames:", "", *over_atoms])
    print(text)
    if given.out:
        mark = "<!-- table: benchmarks/scaling.py -->"
        old = given.out.read_text(encoding="utf-8") if given.out.exists() else f"# Scaling\n\n{mark}\n"
        given.out.write_text(f"{old.split(mark)[0]}{mark}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
