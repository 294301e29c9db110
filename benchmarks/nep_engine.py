"""Our NEP engine beside calorine's CPUNEP and nep-adapters, in the same run; writes docs/benchmarks/nep_engine.md.

Energy, forces and stress of o-NBH (128 atoms, and supercells of 1024 and 8192) with one `nep.txt`. All engines are ASE
calculators in workers of their own, which take turns; before each evaluation the atoms move as in a step of dynamics.
Ratios are of the medians of all turns. The peers compute in double precision and share atoms among threads by OpenMP.

    python -m venv venv-peers && venv-peers/bin/pip install calorine==4.1 nep-adapters==1.0.3
    python benchmarks/nep_engine.py --peer-python venv-peers/bin/python [--potential nep.txt] [--sizes 128,1024,8192]

Without --potential the model has random weights and the size of a serious one: cutoffs 6 and 4.5 A, n_max 7 7, basis 8
8, l_max 4 2 1, 40 neurons. Give the domain's price with --domain: the extrapolation grade switched on in our engine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
STEP_A = 0.01
"""Rms displacement along an axis in 1 fs: of H at 600 K it is 0.02, of Na and B less."""


def random_potential(path: Path) -> None:
    from paddlewheel.potentials.nep import NEPModel, write_nep

    random = np.random.default_rng(0)
    size = 8 + 8 * 6
    write_nep(
        path,
        NEPModel(
            elements=("Na", "B", "H"),
            radial_cutoffs_A=np.full(3, 6.0),
            angular_cutoffs_A=np.full(3, 4.5),
            max_neighbours=(200, 100),
            n_max=(7, 7),
            basis_size=(8, 8),
            l_max=(4, 2, 1),
            w0=random.normal(size=(3, 40, size)) / np.sqrt(size),
            b0=random.normal(size=(3, 40)),
            w1=random.normal(size=(3, 40)) / 10,
            bias=3.0,
            radial_coefficients=random.normal(size=(3, 3, 8, 9)) / 3,
            angular_coefficients=random.normal(size=(3, 3, 8, 9)) / 3,
            q_scaler=random.uniform(0.05, 0.3, size=size),
        ),
    )


def random_domain(path: Path) -> None:
    """A domain of made-up environments: its price does not depend on what is in it."""
    from paddlewheel.potentials.nep import domain_path, fit_domain, read_nep, write_domain

    model, random = read_nep(path), np.random.default_rng(0)
    made_up = {symbol: random.normal(size=(400, model.n_descriptors)) for symbol in model.elements}
    write_domain(domain_path(path), fit_domain(made_up), potential=path)


def structure(repeat: tuple[int, int, int]):
    from ase.io import read

    atoms: Any = read(REPOSITORY / "src/paddlewheel/crystals/library/o-nbh.cif")
    return atoms.repeat(repeat)


def calculator(engine: str, potential: str, threads: int):
    if engine == "calorine":
        from calorine.calculators import CPUNEP  # pyright: ignore[reportMissingImports]

        return CPUNEP(potential)
    if engine == "nep-adapters":
        from nep_adapters.ase import NepAseCalculator  # pyright: ignore[reportMissingImports]

        return NepAseCalculator(potential)
    from paddlewheel.potentials.nep import NEPCalculator

    dtype: Any = engine.removeprefix("ours ")
    return NEPCalculator.from_file(potential, dtype=dtype, threads=threads)


def serve(engine: str, potential: str, threads: int, structure_file: str) -> None:
    """A worker: for each line on stdin evaluate that many times, and print the seconds of each."""
    from ase.io import read

    atoms: Any = read(structure_file)
    random = np.random.default_rng(0)
    start = time.perf_counter()
    atoms.calc = calculator(engine, potential, threads)
    atoms.get_forces()
    print(json.dumps({"first_s": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            atoms.positions += STEP_A * random.normal(size=(len(atoms), 3))
            begin = time.perf_counter()
            # as dynamics ask, without ASE's comparison with the last configuration
            atoms.calc.calculate(atoms, ["energy", "forces", "stress"], ["positions"])
            seconds.append(time.perf_counter() - begin)
        print(json.dumps(seconds), flush=True)


class Worker:
    def __init__(self, engine: str, python: str, potential: Path, threads: int, structure_file: Path) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(REPOSITORY / "src")}
        # -P: benchmarks/interval_coverage.py is not the package that numba looks for
        command = [python, "-P", __file__, "--serve", engine, str(potential), str(threads), str(structure_file)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.seconds: list[float] = []
        self.first_s = self._answer()["first_s"]

    def take_turn(self, count: int) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        self.seconds += self._answer()

    def close(self) -> None:
        self._process.communicate()

    def _answer(self):
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended: {self._process.args}")
        return json.loads(line)


def measure(options: argparse.Namespace, potential: Path, folder: Path) -> list[dict]:
    from ase.io import write

    rows = []
    repeats = {128: (1, 1, 1), 1024: (2, 2, 2), 8192: (4, 4, 4)}
    for size in (int(text) for text in options.sizes.split(",")):
        atoms = structure(repeats[size])
        assert len(atoms) == size
        file = folder / f"{size}.extxyz"
        write(file, atoms)
        engines = ["ours float32", "ours float64", "calorine", "nep-adapters"]
        peer = {"calorine", "nep-adapters"}
        workers = {
            (engine, threads): Worker(
                engine, options.peer_python if engine in peer else sys.executable, potential, threads, file
            )
            for engine in engines
            for threads in (1, 2)
        }
        for _ in range(options.turns):
            for (engine, _), worker in workers.items():
                # as long a turn for each, and enough of them for a median
                worker.take_turn(max(1, (512 if engine in peer else 4096) // size))
        for (engine, threads), worker in workers.items():
            worker.close()
            median, least = statistics.median(worker.seconds), min(worker.seconds)
            row = {"atoms": size, "engine": engine, "threads": threads}
            rows.append(row | {"median_us": 1e6 * median / size, "min_us": 1e6 * least / size})
            print(f"{size:6d} {engine:14s} {threads} {1e6 * median / size:8.2f} us/atom ({1e6 * least / size:.2f})")
    return rows


def table(rows: list[dict], domain: bool) -> str:
    def of(atoms: int, engine: str, threads: int, key: str = "median_us") -> float:
        (row,) = [r for r in rows if (r["atoms"], r["engine"], r["threads"]) == (atoms, engine, threads)]
        return row[key]

    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    grade = "with the extrapolation grade" if domain else "without an extrapolation grade"
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')} on {platform.machine()}, {os.cpu_count()} cores, load {load} at the",
        f"end; ours {grade}. Median over all turns (minimum), microseconds per atom and evaluation.",
        "",
        "| atoms | threads | ours float32 | ours float64 | calorine | nep-adapters | calorine / ours 32, 64"
        " | nep-adapters / ours 32, 64 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    sizes = sorted({row["atoms"] for row in rows})
    for atoms in sizes:
        for threads in (1, 2):
            names = ("ours float32", "ours float64", "calorine", "nep-adapters")
            cells = [f"{of(atoms, n, threads):.2f} ({of(atoms, n, threads, 'min_us'):.2f})" for n in names]
            for peer in names[2:]:
                ratios = [of(atoms, peer, threads) / of(atoms, ours, threads) for ours in names[:2]]
                cells.append(", ".join(f"**{ratio:.1f}**" for ratio in ratios))
            lines.append(f"| {atoms} | {threads} | " + " | ".join(cells) + " |")
    lines += ["", "| atoms | one thread over two, float32 | float64 (of minima) |", "|---|---|---|"]
    for atoms in sizes:
        cells = []
        for name in ("ours float32", "ours float64"):
            ratio, best = (of(atoms, name, 1, key) / of(atoms, name, 2, key) for key in ("median_us", "min_us"))
            cells.append(f"**{ratio:.2f}** ({best:.2f})")
        lines.append(f"| {atoms} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python")
    parser.add_argument("--potential", type=Path)
    parser.add_argument("--domain", action="store_true")
    parser.add_argument("--sizes", default="128,1024,8192")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--document", type=Path, default=REPOSITORY / "docs/benchmarks/nep_engine.md")
    parser.add_argument("--serve", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        engine, potential, threads, file = options.serve
        serve(engine, potential, int(threads), file)
        return
    if not options.peer_python:
        parser.error("--peer-python is needed: a Python with calorine and nep-adapters")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        potential = folder / "nep.txt"
        if options.potential:
            potential.write_bytes(options.potential.read_bytes())
        else:
            random_potential(potential)
        if options.domain:
            random_domain(potential)
        text = table(measure(options, potential, folder), options.domain)
    print(text)
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    before, rest = options.document.read_text().split(begin)
    after = rest.split(end)[1]
    options.document.write_text(f"{before}{begin}\n{text}\n{end}{after}")


if __name__ == "__main__":
    main()
