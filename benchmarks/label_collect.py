"""Time and memory of `label --engine vasp --write` and `label --collect` for a folder of many frames.

python benchmarks/label_collect.py [FRAMES]

Frames of 96 atoms; the answers are made as VASP 6 writes them (tests/helpers/made_vasp.py), a tenth of them broken:
unconverged, of another cut-off, cut off. What is taken has to be the sound nine tenths.
"""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))
from made_vasp import cell_of_NaBH4, static_run, vasprun
from paddlewheel import label

BROKEN_EVERY = 10


def main(n_frames: int) -> None:
    """Write, answer, collect; print what each took."""
    frames = snapshots(n_frames)
    with tempfile.TemporaryDirectory() as folder:
        jobs, run = Path(folder) / "jobs", Path(folder) / "run"
        with Clock(f"{n_frames} frames of {len(frames[0])} atoms written"):
            label(frames, engine="vasp", write=jobs)
        n_bytes = sum(answer(jobs / "frames" / f"{number:06d}", number) for number in range(n_frames))
        with Clock(f"{n_bytes / 1e6:.0f} MB of outputs collected"):
            record = label(collect=jobs, out=run)
    assert record.dataset is not None
    print(f"{record.dataset.n_frames} taken, {len(record.refused)} refused")
    assert len(record.refused) == -(-n_frames // BROKEN_EVERY)
    print(f"peak memory, all frames in it: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


class Clock:
    """Prints the seconds of the clock and of the processor that its block took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_error: object) -> None:
        wall_s, cpu_s = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        print(f"{self._name}: {wall_s:.1f} s ({cpu_s:.1f} s of CPU)", flush=True)


def snapshots(count: int) -> list[Atoms]:
    """Cells of slightly different volumes with moved atoms."""
    rng, cell = np.random.default_rng(1), cell_of_NaBH4().repeat((2, 2, 2))
    frames = []
    for number in range(count):
        atoms = cell.copy()
        atoms.set_cell(atoms.cell * (1 + 1e-4 * (number % 200)), scale_atoms=True)
        atoms.positions += rng.normal(scale=0.03, size=(len(atoms), 3))
        atoms.info = {"source": f"run {number // 100} frame {number % 100}"}
        frames.append(atoms)
    return frames


def answer(folder: Path, number: int) -> int:
    """Write the vasprun.xml of a folder; its size, bytes."""
    atoms = read(folder / "POSCAR", format="vasp")
    assert isinstance(atoms, Atoms)
    mesh = [max(1, math.ceil(2 * math.pi * np.linalg.norm(row) / 0.35)) for row in atoms.cell.reciprocal()]
    run = static_run(atoms, seed=number)
    run = replace(run, mesh=tuple(mesh), titles={**run.titles, "Na": "PAW_PBE Na_pv 19Sep2006"}, n_bands=96)
    fault = number // BROKEN_EVERY % 3 if number % BROKEN_EVERY == 0 else None
    text = vasprun(run.having(**({"NELM": "8"} if fault == 0 else {"ENCUT": "520"} if fault == 1 else {})))
    return (folder / "vasprun.xml").write_text(text[: len(text) // 2] if fault == 2 else text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
