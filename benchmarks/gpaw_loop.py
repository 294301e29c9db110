"""The loop of training on NaBH4, as docs/labels.md states it: sampled frames, GPAW labels, a fine-tuned M3GNet, errors.

Frames come from molecular dynamics with the built-in potential in cells of 6 and 12 atoms, at 300, 450 and 600 K
and strains of up to 3 % along an axis. GPAW labels them (r2SCAN at the reduced settings below), `train --start-from`
fine-tunes m3gnet-nabh-r2scan on them, with whole runs of dynamics kept for the test, and the errors of both are
printed. Everything is in FOLDER: a second call goes on where the first one ended. About half an hour of a core; the
labels are also in docs/benchmarks/gpaw_nabh4.extxyz, from which ``--labels`` repeats the rest.

    OMP_NUM_THREADS=1 python benchmarks/gpaw_loop.py FOLDER [--labels docs/benchmarks/gpaw_nabh4.extxyz] [--epochs 40]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from gpaw_meshes import primitive

from paddlewheel.api import train
from paddlewheel.crystals import read_structure
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.potentials import load_potential
from paddlewheel.records import write_atomically
from paddlewheel.studies.simulation.gpaw_units import gpaw_labels, gpaw_units, run_gpaw_unit
from paddlewheel.studies.train.plan import TrainSettings, plan_train
from paddlewheel.studies.train.record import POTENTIAL
from paddlewheel.training import write_dataset
from paddlewheel.training.dataset import format_frames, parse_frames
from paddlewheel.training.element_references import fit_element_references
from paddlewheel.training.parity import Errors, compare_with_labels, errors_of

START = "m3gnet-nabh-r2scan"
SETTINGS = CalculationSettings(
    name="reduced", functional="r2SCAN", cutoff_eV=500.0, k_spacing_per_A=0.75, energy_tolerance_eV_per_atom=1e-5
)
TEMPERATURES_K = (300, 450, 600)
FRAMES_OF_RUN = 3


def starts() -> list[tuple[str, Atoms, float, np.ndarray]]:
    """Runs of dynamics: structure, cell, temperature (K) and strain [3, 3] of each."""
    generator = np.random.default_rng(1)
    small, tetragonal = primitive(), read_structure("nabh4")
    runs: list[tuple[str, Atoms, float, np.ndarray]] = []
    for name, cell, n_runs in (("primitive", small, 13), ("tetragonal", tetragonal, 6), ("primitive", small, 1)):
        for number in range(n_runs):
            strain = np.zeros((3, 3))
            if number % 4:  # one in four is not strained
                strain = np.diag([generator.uniform(-0.03, 0.03)] * 3) + generator.uniform(-0.015, 0.015, (3, 3))
            strain = (strain + strain.T) / 2
            runs.append((name, cell, TEMPERATURES_K[number % 3], strain))
    return runs


def sampled() -> list[Atoms]:
    """Frames of the runs, 0.25 ps apart after 0.5 ps."""
    frames = []
    for number, (name, cell, temperature_K, strain) in enumerate(starts()):
        atoms = cell.copy()
        atoms.set_cell(np.array(cell.cell) @ (np.eye(3) + strain), scale_atoms=True)
        atoms.calc = load_potential("nep-nabh")
        generator = np.random.default_rng(number)
        MaxwellBoltzmannDistribution(atoms, temperature_K=2 * temperature_K, rng=generator)
        dynamics = Langevin(
            atoms, 0.5 * units.fs, temperature_K=temperature_K, friction=0.02 / units.fs, fixcm=False, rng=generator
        )
        dynamics.run(500)
        for turn in range(FRAMES_OF_RUN):
            dynamics.run(500)
            frame = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
            volume = 100 * (np.linalg.det(np.eye(3) + strain) - 1)
            frame.info = {
                "structure": f"NaBH4 {name}", "temperature_K": temperature_K, "volume_strain_percent": round(volume, 2),
                "source": f"run-{number:02d} frame {turn}",
            }  # fmt: skip
            frames.append(frame)
    return frames


class Alone(DriverWatch):
    """A watch that never stops a unit."""

    def __init__(self) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def label(unit: Unit) -> str:
    """Label a unit's frame, unless it is done."""
    if unit.result() is None:
        run_gpaw_unit(unit, Alone(), 1)
    result = unit.result()
    assert result is not None
    return f"{unit.name} {len(unit.contents['structure']['symbols'])} atoms {result['seconds']:.0f} s"


def labelled(folder: Path) -> Path:
    """The labelled set of the sampled frames."""
    kept = folder / "frames.extxyz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, format_frames(sampled()))
    frames = parse_frames(kept.read_bytes(), where=kept)
    work = gpaw_units(frames, SETTINGS, folder)
    with ProcessPoolExecutor(2) as pool:
        for said in pool.map(label, work):
            print(said, flush=True)
    good = []
    for frame, unit in zip(frames, work, strict=True):
        calculation = gpaw_labels(unit)
        step = calculation.steps[0] if calculation.steps else None
        if step is None or not step.converged:
            print(f"refused: {unit.name}: {calculation.cut or (step and step.electronic)}")
            continue
        frame.calc = SinglePointCalculator(
            frame, energy=step.energy_eV, forces=step.forces_eV_per_A, stress=step.stress_eV_per_A3
        )
        good.append(frame)
    setup = gpaw_labels(work[0]).setup
    settings: dict[str, Any] = {
        "cutoff_eV": SETTINGS.cutoff_eV, "k_spacing_per_A": SETTINGS.k_spacing_per_A, "smearing": setup.smearing,
        "energy_tolerance_eV_per_atom": SETTINGS.energy_tolerance_eV_per_atom,
        "pseudopotentials": [list(pair) for pair in setup.pseudopotentials],
    }  # fmt: skip
    path = folder / "gpaw_nabh4.extxyz"
    write_dataset(path, good, engine=setup.code, functional=SETTINGS.functional, settings=settings)
    return path


def errors_of_start(fitted: Sequence[Atoms], test: Sequence[Atoms]) -> Errors:
    """Errors on `test` of the potential that the fit begins with, its element references moved to the fitted labels.

    So does `train`: GPAW's energies are relative to its own atoms, eV per atom away from those of the checkpoint.
    """
    calculator = load_potential(START, dtype="float64")
    left = compare_with_labels(fitted, calculator).energy_eV_per_atom
    n_atoms = np.array([len(frame) for frame in fitted])
    moved = fit_element_references(fitted, (left[:, 0] - left[:, 1]) * n_atoms, elements=["H", "B", "Na"])
    parity = compare_with_labels(test, calculator)
    parity.energy_eV_per_atom[:, 1] += moved.total_eV(test) / [len(frame) for frame in test]
    return errors_of(parity)


def row(name: str, errors: Errors) -> str:
    """A line of the table, in the layout of the paper's."""
    return (
        f"| {name} | {errors.n_frames} | {errors.energy_mae_meV_per_atom:.2f} | {errors.force_mae_eV_per_A:.3f} | "
        f"{errors.stress_mae_meV_per_A3:.2f} | {errors.stress_mae_GPa:.3f} |"
    )


def main() -> None:
    """The loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--epochs", type=int, default=40)
    chosen = parser.parse_args()
    path = chosen.labels or labelled(chosen.folder)
    asked = TrainSettings.of(
        start_from=START, epochs=chosen.epochs, batch_size=4, train_fraction=0.8, validation_fraction=0.1
    )
    parts = plan_train(path, asked).parts
    train(path, out=chosen.folder / "train", **asked.model_dump(exclude_unset=True))
    tuned = load_potential(chosen.folder / "train" / POTENTIAL, dtype="float64")
    print("| potential | frames | energy (meV/atom) | force (eV/A) | stress (meV/A^3) | stress (GPa) |")
    print("|---|---|---|---|---|---|")
    for part in ("train", "test"):
        frames = parts[part].frames
        print(row(f"{START}, {part}", errors_of_start(parts["train"].frames, frames)))
        print(row(f"fine-tuned, {part}", errors_of(compare_with_labels(frames, tuned))))


if __name__ == "__main__":
    main()
