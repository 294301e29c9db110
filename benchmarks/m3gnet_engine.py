"""Our M3GNet engine beside matgl's, in the same run; writes docs/benchmarks/m3gnet_engine.md.

Energy, forces and stress of o-NBH (128 atoms, and its 2x2x2 supercell of 1024) by M3GNet-r2SCAN-NaBH: each engine in
its own process, the two taking turns of five evaluations, positions moved before each, medians and minima of all turns.
Beside them the share of the bound that the matrix products set (0.29 MFLOP per bond for the energy and as much again
for the forces, over the measured rate of a float32 product by a 64-by-64 matrix), and the peak memory against bonds.

    python benchmarks/m3gnet_engine.py --peer-python /path/to/venv-with-matgl-4.1.2/bin/python
    python benchmarks/m3gnet_engine.py --nve parent        (drift of the energy, 2 ps at 0.5 fs, o-NBH, 300 K)

matgl 4.1.2 cannot open the checkpoint itself (`calc_site_wise` in model.json, no model.pt in the mirror), so the peer's
Potential is built from the same model.json and state.pt. It sums messages at the other end of the bonds than these
weights were trained with, so its energies are wrong; the work it does is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
POTENTIAL = "M3GNet-r2SCAN-NaBH"
BURST = 5
"""Evaluations in a row: the first ones after the other engine's turn find the caches full of its arrays."""
MFLOP_PER_BOND = 2 * 0.29  # energy, and as much again for forces: design/physics.md, section 2


def shared() -> Path:
    return Path(os.environ.get("PADDLEWHEEL_SHARED", REPOSITORY.parent / "shared")) / "data"


def structure(repeat: int):
    from ase.io import read

    return read(shared() / "structures/oNBH_128_ordered_m3gnetNaBH.cif").repeat(repeat)


def our_calculator(three_body: str = "parent"):
    from paddlewheel.potentials.m3gnet import M3GNetCalculator

    return M3GNetCalculator.from_directory(shared() / "potentials" / POTENTIAL, three_body=three_body)


def peer_calculator():
    import torch
    from matgl.apps.pes import Potential
    from matgl.ext.ase import PESCalculator
    from matgl.models import M3GNet

    folder = shared() / "potentials" / POTENTIAL
    arguments = json.loads((folder / "model.json").read_text())["kwargs"]["model"]["init_args"]
    state = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    potential = Potential(
        M3GNet(**arguments),
        data_mean=state["data_mean"],
        data_std=state["data_std"],
        element_refs=state.get("element_refs.property_offset"),
    )
    potential.load_state_dict(state)
    return PESCalculator(potential, stress_unit="eV/A3")


def serve(engine: str, threads: int, repeat: int) -> None:
    """A worker: for each line on stdin, evaluate `BURST` times, as dynamics would, and print the median."""
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    calculator = our_calculator() if engine == "ours" else peer_calculator()
    atoms, random = structure(repeat), np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in sys.stdin:
        walls = []
        for _ in range(BURST):
            atoms.positions += random.normal(0, 0.002, atoms.positions.shape)
            start = time.perf_counter()
            calculator.calculate(atoms, ["energy", "forces", "stress"])
            walls.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        row = {"wall_s": statistics.median(walls), "peak_MB": peak / 1024, "grown_MB": (peak - before) / 1024}
        print(json.dumps(row), flush=True)


def gemm_rate() -> float:
    """FLOP/s of a float32 product [1024, 64] x [64, 64] on one thread."""
    import torch

    torch.set_num_threads(1)
    a, b, out = torch.randn(1024, 64), torch.randn(64, 64), torch.empty(1024, 64)
    best = float("inf")
    for _ in range(200):
        start = time.perf_counter()
        for _ in range(10):
            torch.mm(a, b, out=out)
        best = min(best, (time.perf_counter() - start) / 10)
    return 2 * 1024 * 64 * 64 / best


def take_turns(peer_python: str, *, threads: int, repeat: int, turns: int) -> dict[str, dict[str, float]]:
    """Time both engines, turn by turn; the first of each is warm-up."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    workers = {
        engine: subprocess.Popen(
            [python, __file__, "--serve", engine, "--threads", str(threads), "--repeat", str(repeat)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        for engine, python in (("ours", sys.executable), ("matgl", peer_python))
    }
    rows: dict[str, list[dict[str, float]]] = {engine: [] for engine in workers}
    for turn in range(turns + 1):
        for engine, worker in workers.items():
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            while line and not line.startswith("{"):
                line = worker.stdout.readline()
            if not line:
                raise SystemExit(f"the worker of {engine} died; run it alone: --serve {engine}")
            if turn >= 1:
                rows[engine].append(json.loads(line))
    for worker in workers.values():
        assert worker.stdin is not None
        worker.stdin.close()
        worker.wait()
    return {
        engine: {
            "median_s": statistics.median(row["wall_s"] for row in some),
            "min_s": min(row["wall_s"] for row in some),
            "peak_MB": some[-1]["peak_MB"],
            "grown_MB": some[-1]["grown_MB"],
        }
        for engine, some in rows.items()
    }


def count_bonds(repeat: int) -> int:
    from paddlewheel.potentials.neighbours import NeighbourList

    atoms = structure(repeat)
    bonds = NeighbourList(cutoff_A=5.0, skin_A=0.0).update(
        positions_A=atoms.positions, cell_A=atoms.cell.array, pbc=(True, True, True)
    )
    return len(bonds)


def memory_rows() -> list[tuple[int, int, float]]:
    """(atoms, bonds, MB grown over a loaded model) of ours, a fresh process each."""
    rows = []
    for repeat in (1, 2, 3):
        answer = subprocess.run(
            [sys.executable, __file__, "--serve", "ours", "--repeat", str(repeat)],
            input="\n\n",
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        rows.append((128 * repeat**3, count_bonds(repeat), json.loads(answer.stdout.splitlines()[-1])["grown_MB"]))
    return rows


def nve_drift(three_body: str, *, picoseconds: float = 2.0) -> float:
    """Slope of the total energy over NVE at 0.5 fs, about 300 K, in meV per atom and ps."""
    import numpy as np
    from ase import units
    from ase.md.velocitydistribution import Stationary, thermalize_momenta
    from ase.md.verlet import VelocityVerlet

    atoms = structure(1)
    atoms.calc = our_calculator(three_body)
    # twice the temperature: half of it goes into the potential energy of the crystal at rest
    thermalize_momenta(atoms, 600, rng=np.random.default_rng(1))
    Stationary(atoms)
    dynamics, energies, temperatures = VelocityVerlet(atoms, 0.5 * units.fs), [], []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy() / len(atoms)), interval=4)
    dynamics.attach(lambda: temperatures.append(atoms.get_temperature()), interval=4)
    dynamics.run(int(picoseconds * 2000))
    times = np.arange(len(energies)) * 0.002
    slope = float(np.polyfit(times, energies, 1)[0]) * 1e3
    spread = float(np.std(np.array(energies) - np.polyval(np.polyfit(times, energies, 1), times))) * 1e3
    print(
        f"NVE {three_body}: {slope:+.4f} meV/atom/ps over {picoseconds} ps at 0.5 fs, spread about the line "
        f"{spread:.4f} meV/atom, mean temperature {np.mean(temperatures):.0f} K"
    )
    return slope


def report(peer_python: str, turns: int) -> str:
    rate = gemm_rate()
    lines = [
        "| atoms | bonds | threads | ours, s (min) | matgl 4.1.2, s (min) | ratio (of minima) | bound, s | share |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for repeat, threads, n_turns in (
        (1, 1, turns),
        (2, 1, max(2, turns // 4)),
        (1, 2, turns),
        (2, 2, max(2, turns // 4)),
    ):
        n_bonds = count_bonds(repeat)
        times = take_turns(peer_python, threads=threads, repeat=repeat, turns=n_turns)
        ours, matgl = times["ours"], times["matgl"]
        bound = n_bonds * MFLOP_PER_BOND * 1e6 / (rate * threads)
        lines.append(
            f"| {128 * repeat**3} | {n_bonds} | {threads} | {ours['median_s']:.3f} ({ours['min_s']:.3f}) "
            f"| {matgl['median_s']:.3f} ({matgl['min_s']:.3f}) "
            f"| **{matgl['median_s'] / ours['median_s']:.2f}** ({matgl['min_s'] / ours['min_s']:.2f}) "
            f"| {bound:.3f} | {100 * bound / ours['median_s']:.0f} % |"
        )
        print(lines[-1], f"peak memory MB: ours {ours['peak_MB']:.0f}, matgl {matgl['peak_MB']:.0f}", flush=True)
    memory = ["| atoms | bonds | peak over a loaded model, MB | kB per bond |", "|---|---|---|---|"]
    for n_atoms, n_bonds, grown in memory_rows():
        memory.append(f"| {n_atoms} | {n_bonds} | {grown:.0f} | {1024 * grown / n_bonds:.1f} |")
        print(memory[-1], flush=True)
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    head = (
        f"Measured {time.strftime('%Y-%m-%d')} on {platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, load {loads} at the end; 64-by-64 GEMM {rate / 1e9:.0f} GFLOP/s a thread."
    )
    return "\n".join([head, "", *lines, "", *memory])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="python of an environment with matgl 4.1.2")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--nve", choices=("parent", "as_trained"))
    parser.add_argument("--serve", choices=("ours", "matgl"), help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.threads, arguments.repeat)
    elif arguments.nve:
        nve_drift(arguments.nve)
    elif arguments.peer_python:
        page = REPOSITORY / "docs/benchmarks/m3gnet_engine.md"
        begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
        text = page.read_text(encoding="utf-8")
        before, after = text.split(begin)[0], text.split(end)[1]
        table = report(arguments.peer_python, arguments.turns)
        page.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
    else:
        parser.error("give --peer-python or --nve")


if __name__ == "__main__":
    main()
