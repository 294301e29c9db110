"""Which CIFs of a folder start: each is read, ordered and evaluated once with a potential, in a process of its own.

    python benchmarks/obelix_starts.py CIFS --potential nep89.txt --stated all.csv.gz --out TABLE.md

`--stated` is the table of OBELiX (CC-BY-4.0, arXiv 2502.14234), whose "True Composition" is compared with the cells.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import multiprocessing
import statistics
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core import Composition, Lattice, Structure

from paddlewheel.crystals import is_disordered, order_structure
from paddlewheel.crystals.formats import read_sites
from paddlewheel.errors import InputError
from paddlewheel.potentials import load_potential
from paddlewheel.studies.motion.choices import choose_ion
from paddlewheel.studies.simulation.structures import choose_structure

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def start(path: str, calculator: Calculator, orderings: int | None, told_to: Connection) -> None:
    """Send time and outcome of one file, as `conduct FILE --dry-run` begins."""
    told_to.send(outcome(path, calculator, orderings))


def outcome(path: str, calculator: Calculator, orderings: int | None) -> dict:
    """Time and outcome of one file."""
    began, began_cpu = time.perf_counter(), time.process_time()
    told: dict = {}
    try:
        told["disordered"] = is_disordered(path)
        told["file"] = {str(s): float(x) for s, x in _amounts(read_sites(Path(path)).composition).items()}
        chosen = choose_structure(path, supercell="auto", orderings=orderings, seed=1, by_itself=2)
        atoms = chosen.cells[0]
        told |= {"atoms": len(atoms), "formula": atoms.get_chemical_formula("metal"), "notes": list(chosen.notes)}
        told |= {"cells": len(chosen.cells), "repeats": "x".join(map(str, chosen.repeats))}
        symbols = atoms.get_chemical_symbols()
        told["cell"] = {s: symbols.count(s) for s in sorted(set(symbols))}
    except InputError as error:
        told["refused"] = str(error).replace(f"{path}: ", "")
    # without the potential, which loads once a study
    told |= {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - began_cpu}
    if "refused" in told:
        return told
    try:
        choose_ion(atoms, specie=None, charge=None, anyway=False)
    except InputError as error:
        told["notes"].append(str(error))
        told["asks"] = str(error)
    largest = []
    for cell in chosen.cells:
        cell.calc = calculator
        largest.append(float(np.abs(cell.get_forces()).max()))
    told["force_eV_per_A"] = max(largest)
    if not np.isfinite(largest).all():
        told["refused"] = "forces are not finite"
    return told


def _amounts(composition) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for element, amount in composition.items():
        amounts[element.symbol] = amounts.get(element.symbol, 0.0) + amount
    return amounts


def away(cell: dict[str, float], stated: dict[str, float]) -> float:
    """Largest difference of two compositions in an element's share of all atoms."""
    one, other = sum(cell.values()), sum(stated.values())
    return max(abs(cell.get(s, 0.0) / one - stated.get(s, 0.0) / other) for s in set(cell) | set(stated))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--potential", required=True)
    parser.add_argument("--stated")
    parser.add_argument("--orderings", type=int)
    parser.add_argument("--only", help="IDs, separated by commas")
    parser.add_argument("--limit-s", type=float, default=120.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--json", type=Path, help="outcomes, kept file by file; those that are there are not done again"
    )
    given = parser.parse_args()
    stated = {}
    if given.stated:
        with gzip.open(given.stated, "rt") as stream:
            stated = {row["ID"]: _amounts(Composition(row["True Composition"])) for row in csv.DictReader(stream)}
    done = json.loads(given.json.read_text()) if given.json and given.json.exists() else {}
    wanted = given.only.split(",") if given.only else None
    warnings.simplefilter("ignore")
    # what loads and compiles once a study is done before the first file
    forked, calculator = multiprocessing.get_context("fork"), load_potential(given.potential)
    mixed = Structure(Lattice.cubic(4.0), [{"Li": 0.5, "Na": 0.5}, "Cl"], [[0] * 3, [0.5] * 3])
    order_structure(mixed, n_cells=1, seed=1, supercell=(2, 1, 1))
    for path in sorted(Path(given.folder).glob("*.cif")):
        if path.stem in done or (wanted and path.stem not in wanted):
            continue
        began = time.perf_counter()
        here, there = forked.Pipe(duplex=False)
        child = forked.Process(target=start, args=(str(path), calculator, given.orderings, there))
        child.start()
        there.close()
        told: dict = {"refused": f"no end within {given.limit_s:g} s"}
        if here.poll(given.limit_s):
            try:
                told = here.recv()
            except EOFError:
                told = {"refused": "fails, see above"}
        child.kill()
        child.join()
        told["process_s"] = time.perf_counter() - began
        done[path.stem] = told
        line = [told.get("refused") or told["formula"], *told.get("notes", [])]
        print(path.stem, f"{told.get('seconds', 0):.1f} s", *line, sep=" | ", flush=True)
        if given.json:
            given.json.write_text(json.dumps(done, indent=1))
    print(summary(done, stated))
    if given.out:
        given.out.write_text(page(done, stated))


def summary(done: dict[str, dict], stated: dict[str, dict[str, float]]) -> str:
    """The figures in one paragraph."""
    starting = {name: told for name, told in done.items() if "refused" not in told}
    seconds = [told["seconds"] for told in done.values() if "seconds" in told]
    cpu_s = [told["cpu_s"] for told in done.values() if "cpu_s" in told]
    lines = [
        f"{len(starting)} of {len(done)} files start ({100 * len(starting) / len(done):.1f} %); median "
        f"{statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s from the file to the ordered cells "
        f"({statistics.median(cpu_s):.1f} s and {max(cpu_s):.1f} s of CPU)."
    ]
    near_file = sum(away(told["cell"], told["file"]) <= 0.02 for told in starting.values())
    lines.append(f"Composition of the cell within 2 % of all atoms of the file's: {near_file} of {len(starting)}.")
    known = {name: told for name, told in starting.items() if name in stated}
    if known:
        near = sum(away(told["cell"], stated[name]) <= 0.02 for name, told in known.items())
        files = sum(away(told["file"], stated[name]) <= 0.02 for name, told in known.items())
        lines.append(
            f"Within 2 % of the stated composition: {near} of {len(known)} cells (of the files themselves: {files})."
        )
    large = sum(told["force_eV_per_A"] > 50 for told in starting.values())
    asking = [told["asks"] for told in starting.values() if "asks" in told]
    several = sum("may all be mobile" in asked for asked in asking)
    bare = len(starting) - len(asking)
    lines.append(
        f"`conduct FILE` without an option goes on with {bare} of {len(done)} ({100 * bare / len(done):.1f} %): "
        f"{len(done) - len(starting)} are refused, and {len(asking)} ask which ion is the mobile one (`--specie`): "
        f"{several} hold several that may be, {len(asking) - several} none."
    )
    lines.append(f"Forces are finite in all; over 50 eV/A at the start in {large}.")
    return "\n".join(lines)


def page(done: dict[str, dict], stated: dict[str, dict[str, float]]) -> str:
    """The table."""
    head = ["ID", "cell", "atoms", "s", "from the file, %", "from the stated, %", "largest force, eV/A", "told"]
    rows = [head, ["---"] * len(head)]
    for name, told in sorted(done.items()):
        if "refused" in told:
            rows.append([name, "refused", "", f"{told.get('seconds', 0):.1f}", "", "", "", told["refused"]])
            continue
        from_stated = f"{100 * away(told['cell'], stated[name]):.1f}" if name in stated else ""
        notes = [note for note in told["notes"] if not note.startswith(("ordering ", "partly occupied"))]
        rows.append([
            name, told["formula"], str(told["atoms"]), f"{told['seconds']:.1f}",
            f"{100 * away(told['cell'], told['file']):.1f}", from_stated, f"{told['force_eV_per_A']:.0f}",
            "; ".join(notes),
        ])  # fmt: skip
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return (
        "# Which of OBELiX's structures start\n\n"
        "Made by `benchmarks/obelix_starts.py` of the 200 CIFs of [OBELiX](https://github.com/NRC-Mila/OBELiX) "
        "(CC-BY-4.0, arXiv 2502.14234; lattice constants randomized by its authors). Each file is read, its partly "
        "occupied sites are ordered (two cells), and each cell is evaluated once with nep89. Seconds are from the file "
        "to the cells, on one core of a shared machine, without the start of Python and of the potential. "
        "Differences of compositions are "
        "those of the element that differs most, in per cent of all atoms.\n\n"
        f"{summary(done, stated)}\n\n{table}\n"
    )


if __name__ == "__main__":
    main()
