"""nep89 by our engine and by calorine's CPUNEP on ten chemistries: agreement in float64, and processor time a step.

    python benchmarks/nep_chemistries.py --peer-python venv-peers/bin/python [--document docs/benchmarks/nep_engine.md]

The relative deviation is the largest difference over the largest value of its kind in that structure (the energy, the
forces, the stress). Times are of one thread, the median of turns between which all atoms move by 0.01 A.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
_BEGIN, _END = "<!-- chemistries: begin -->", "<!-- chemistries: end -->"
_TURNS = 3
_LEAST_ATOMS = 100


def chemistries() -> dict[str, Any]:
    """Ten crystals of textbook structures and lattice constants, off their minima, of 100 atoms or more."""
    from ase.build import bulk
    from ase.spacegroup import crystal

    found = {
        "Al, metal": bulk("Al", "fcc", a=4.05, cubic=True),
        "Fe, metal": bulk("Fe", "bcc", a=2.87, cubic=True),
        "Si, covalent": bulk("Si", "diamond", a=5.43, cubic=True),
        "MgO, oxide": bulk("MgO", "rocksalt", a=4.21, cubic=True),
        "TiO2, oxide": crystal(
            ("Ti", "O"), [(0, 0, 0), (0.305, 0.305, 0)], spacegroup=136, cellpar=[4.59, 4.59, 2.96, 90, 90, 90]
        ),
        "SrTiO3, oxide": crystal(
            ("Sr", "Ti", "O"), [(0.5, 0.5, 0.5), (0, 0, 0), (0.5, 0, 0)], spacegroup=221, cellpar=[3.905] * 3 + [90] * 3
        ),
        "Li2S, sulfide": crystal(
            ("S", "Li"), [(0, 0, 0), (0.25, 0.25, 0.25)], spacegroup=225, cellpar=[5.71] * 3 + [90] * 3
        ),
        "NaCl, halide": bulk("NaCl", "rocksalt", a=5.64, cubic=True),
        "LiH, hydride": bulk("LiH", "rocksalt", a=4.08, cubic=True),
        "CaCO3, polyanion": crystal(
            ("Ca", "C", "O"),
            [(0, 0, 0), (0, 0, 0.25), (0.257, 0, 0.25)],
            spacegroup=167,
            cellpar=[4.99, 4.99, 17.06, 90, 90, 120],
        ),
    }
    for seed, (name, atoms) in enumerate(found.items()):
        while len(atoms) < _LEAST_ATOMS:
            shortest = int(np.argmin(atoms.cell.lengths()))
            atoms = atoms.repeat([2 if axis == shortest else 1 for axis in range(3)])
        atoms.rattle(0.1, seed=seed)
        found[name] = atoms
    return found


def evaluate(engine: str, potential: str, structures: str, results: str) -> None:
    """Evaluate the structures of a file with one engine, in this process."""
    from ase.io import read

    if engine == "calorine":
        from calorine.calculators import CPUNEP  # pyright: ignore[reportMissingImports]

        def made() -> Any:
            return CPUNEP(potential)
    else:
        sys.path.insert(0, str(REPOSITORY / "src"))
        from paddlewheel.potentials import load_potential

        calculator = load_potential(potential, dtype="float32" if engine == "ours32" else "float64", threads=1)

        def made() -> Any:
            return calculator

    told = []
    for atoms in read(structures, ":"):
        atoms.calc = made()  # calorine's is for the elements that it sees first
        atoms.get_forces()
        kept = {
            "energy": float(atoms.get_potential_energy()),
            "forces": atoms.get_forces().tolist(),
            "stress": atoms.get_stress().tolist(),
        }
        seconds, rng = [], np.random.default_rng(1)
        for _ in range(_TURNS):
            atoms.positions += rng.normal(scale=0.01, size=atoms.positions.shape)
            start = time.process_time()
            atoms.get_forces()
            seconds.append(time.process_time() - start)
        told.append(kept | {"us_per_atom": 1e6 * float(np.median(seconds)) / len(atoms)})
    Path(results).write_text(json.dumps(told))


def deviation(ours: dict[str, Any], theirs: dict[str, Any], quantity: str) -> float:
    """The largest difference over the largest value."""
    first, second = np.array(ours[quantity]), np.array(theirs[quantity])
    return float(np.abs(first - second).max() / np.abs(second).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python")
    parser.add_argument("--document", type=Path)
    parser.add_argument("--evaluate", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.evaluate:
        evaluate(*options.evaluate)
        return
    if not options.peer_python:
        parser.error("--peer-python is needed: a Python with calorine")
    sys.path.insert(0, str(REPOSITORY / "src"))
    from ase.io import write

    from paddlewheel.potentials import fetch_potential

    potential, found = str(fetch_potential("nep89") / "nep89.txt"), chemistries()
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/structures.json", list(found.values()))
        for engine in ("ours64", "ours32", "calorine"):
            python = options.peer_python if engine == "calorine" else sys.executable
            call = [
                python,
                __file__,
                "--evaluate",
                engine,
                potential,
                f"{folder}/structures.json",
                f"{folder}/{engine}",
            ]
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
            told[engine] = json.loads(Path(folder, engine).read_text())
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')}, one thread, processor time; deviations in float64, relative.",
        "",
        "| | atoms | energy | forces | stress | ours float64, us/atom | float32 | calorine | ratio 64, 32 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, atoms), ours, single, theirs in zip(
        found.items(), told["ours64"], told["ours32"], told["calorine"], strict=True
    ):
        apart = " | ".join(f"{deviation(ours, theirs, quantity):.1e}" for quantity in ("energy", "forces", "stress"))
        times = [each["us_per_atom"] for each in (ours, single, theirs)]
        ratios = f"**{times[2] / times[0]:.1f}**, **{times[2] / times[1]:.1f}**"
        shown = " | ".join(f"{value:.1f}" for value in times)
        lines.append(f"| {name} | {len(atoms)} | {apart} | {shown} | {ratios} |")
    table = "\n".join(lines)
    print(table)
    if options.document:
        text = options.document.read_text()
        before, after = text.split(_BEGIN)[0], text.split(_END)[1]
        options.document.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}")


if __name__ == "__main__":
    main()
