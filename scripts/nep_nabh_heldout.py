"""Frames that no step of making `nep-nabh` saw: other orderings and seeds, 300 and 700 K, from the teacher's own runs.

`python scripts/nep_nabh_heldout.py OUT.extxyz --student nep.txt`: each cell is brought to its temperature by a student
(2 ps, NPT), then runs on with the teacher (0.2 ps, NVT), whose frames every 20 fs are kept with its labels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from nep_nabh_structures import cubic_na2b12h12, cubic_nabh4, o_nbh_ordering

from paddlewheel.crystals import make_supercell, read_structure
from paddlewheel.dynamics import MDRun, MDSettings
from paddlewheel.potentials import load_potential
from paddlewheel.training import write_dataset

TEMPERATURES_K = (300.0, 700.0)
TEACHER = "m3gnet-nabh-r2scan"


def cells() -> dict[str, Atoms]:
    """Cells with seeds that `nep_nabh_structures.cells` does not use, and the three ordered phases."""
    return {
        "nabh4": make_supercell(read_structure("nabh4"), "2x2x2")[0],
        "na2b12h12": make_supercell(read_structure("na2b12h12"), "2x1x1")[0],
        "o-nbh": read_structure("o-nbh"),
        "nabh4-cubic": cubic_nabh4(101),
        "na2b12h12-cubic": cubic_na2b12h12(101),
        "o-nbh-ordering-101": o_nbh_ordering(101),
        "o-nbh-ordering-102": o_nbh_ordering(102),
    }


def run(atoms: Atoms, calculator, *, keep: bool, **settings) -> tuple[Atoms, list[Atoms]]:
    """The last structure of a run, and its frames with the calculator's labels where `keep`."""
    md = MDRun(atoms, calculator, MDSettings(equilibrate_ps=0.0, frame_interval_fs=20.0, **settings))
    frames = []
    last = atoms.copy()
    while not md.finished:
        frame = md.step()
        if frame is None:
            continue
        last.set_cell(frame.cell_A)
        last.set_positions(frame.positions_A)
        if keep:
            kept = last.copy()
            labels = {name: calculator.results[name].copy() for name in ("forces", "stress")}
            kept.calc = SinglePointCalculator(kept, energy=calculator.results["energy"], **labels)
            frames.append(kept)
    return last, frames


def write_heldout(out: Path, *, student: Path) -> None:
    """Write the data set; nothing where it is there already."""
    if out.exists():
        return
    warm_up, teacher = load_potential(str(student)), load_potential(TEACHER)
    frames = []
    for index, (name, atoms) in enumerate(cells().items()):
        for temperature_K in TEMPERATURES_K:
            seed = 7000 + 10 * index + int(temperature_K) // 100
            common = {"temperature_K": temperature_K, "seed": seed}
            warm, _ = run(atoms, warm_up, keep=False, ensemble="npt", production_ps=2.0, **common)
            _, kept = run(warm, teacher, keep=True, ensemble="nvt", production_ps=0.2, **common)
            for one in kept:
                one.info |= {"structure": name, "temperature_K": temperature_K, "source": "teacher's run, held out"}
            frames += kept
            print(f"{name} at {temperature_K:g} K: {len(kept)} frames", flush=True)
    write_dataset(out, frames, engine=f"{TEACHER} (three_body parent)", functional="r2SCAN")


def main() -> None:
    """Write the data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--student", type=Path, required=True)
    options = parser.parse_args()
    write_heldout(options.out, student=options.student)


if __name__ == "__main__":
    main()
