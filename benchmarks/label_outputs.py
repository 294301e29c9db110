"""Time of reading and judging many VASP outputs, beside ASE's and pymatgen's readers of the same files.

    python benchmarks/label_outputs.py [--outputs 5000] [--peer-outputs 50]

Outputs are made (tests/helpers/made_vasp.py): 96 atoms, 22 electronic steps, 9 k-points of 160 bands in two spins. The
peers are run on the first `--peer-outputs` files; pymatgen without the density of states, potentials and bands.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ase.io

from paddlewheel.firstprinciples.judgement import judge, one_setting
from paddlewheel.firstprinciples.readers import read_calculation

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
import made_vasp  # pyright: ignore[reportMissingImports]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=int, default=5000)
    parser.add_argument("--peer-outputs", type=int, default=50)
    given = parser.parse_args()
    cell = made_vasp.cell_of_NaBH4().repeat((2, 2, 2))
    atoms = cell[[int(n) for symbol in ("Na", "B", "H") for n in (cell.symbols == symbol).nonzero()[0]]]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:06d}" / "vasprun.xml" for number in range(given.outputs)]
        for number, path in enumerate(paths):
            path.parent.mkdir()
            run = made_vasp.static_run(atoms, seed=number)
            step = made_vasp.made_step(atoms, seed=number, n_electronic=22)
            path.write_text(made_vasp.vasprun(replace(run, steps=(step,), mesh=(3, 3, 2), n_bands=160)))
        started = time.process_time()
        calculations = [read_calculation(path.parent) for path in paths]
        refused = sum(bool(judge(one, one.steps[0], asked=atoms)) for one in calculations)
        setting = one_setting(calculations)
        cpu_s = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = paths[0].stat().st_size / 1e3
        print(f"{given.outputs} outputs of {size:.0f} kB read and judged: {cpu_s:.1f} s of CPU, at most {peak:.0f} MB")
        print(f"{refused} refused, {len(setting.differing)} of another setting")
        each_s = cpu_s / given.outputs
        for name, read in (("ASE", ase.io.read), ("pymatgen", read_by_pymatgen)):
            peer_s = time_of(read, paths[: given.peer_outputs])
            print(f"{name}: {1e3 * peer_s:.1f} ms a file, {peer_s / each_s:.1f} times as long")


def time_of(read: Callable[[Path], object], paths: list[Path]) -> float:
    """CPU time a file, after a first one that loads what is loaded once."""
    read(paths[0])
    started = time.process_time()
    for path in paths:
        read(path)
    return (time.process_time() - started) / len(paths)


def read_by_pymatgen(path: Path) -> object:
    from pymatgen.io.vasp import Vasprun

    warnings.simplefilter("ignore")
    return Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)


if __name__ == "__main__":
    main()
