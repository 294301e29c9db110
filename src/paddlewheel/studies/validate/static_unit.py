"""What a worker does without dynamics: equation of state, phonons, labels of a set; each from one potential."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import ScienceError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.simulation.md_unit import structure_document, unit_atoms
from paddlewheel.studies.simulation.potentials import unit_potential

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

TASK = "paddlewheel.studies.validate.static_unit:run_static_unit"
SET_FILE = "set.extxyz"
FORCE_TOLERANCE_eV_PER_A = 0.01
STRESS_TOLERANCE_eV_PER_A3 = 6e-6
"""0.001 GPa: 0.04 % of the volume of a solid as soft as argon (2.5 GPa), whose frequencies it moves by 0.1 %."""
RELAXATION_STEPS = 600
PROGRESS_EVERY = 10
"""Evaluations between two checkpoints."""


def static_unit(
    *, name: str, atoms: Atoms | None, potential: dict[str, Any], static: dict[str, Any], directory: Path
) -> Unit:
    """A unit of work without dynamics; `static` holds its ``kind`` (eos, phonons or labels) and its settings.

    `atoms` is the unit cell, None for labels: their frames are in the run directory's `set.extxyz`, whose sha256 is
    among the settings.
    """
    contents: dict[str, Any] = {"potential": potential, "static": static}
    if atoms is not None:
        contents["structure"] = structure_document(atoms)
    return Unit(name=name, contents=contents, run_directory=directory)


def run_static_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Do a unit; True when it is finished, False when it stopped at a checkpoint.

    What the potential cannot do (no minimum, no stress, forces that are not finite) is a result too: status ``failed``
    with the reason.

    Raises
    ------
    PotentialError
        If the potential's files changed since the unit was made.
    RunDirectoryError
        If the disk is full or not writable.
    """
    from ase.calculators.calculator import PropertyNotImplementedError

    calculator = unit_potential(unit)
    static = unit.contents["static"]
    work = {"eos": _equation_of_state, "phonons": _phonons, "labels": _labels}[static["kind"]]
    with writing(unit.folder):
        try:
            result = work(unit, static, calculator, watch)
        except (ScienceError, PropertyNotImplementedError, np.linalg.LinAlgError) as error:
            result = {"status": "failed", "reason": str(error) or type(error).__name__}
        if result is None:
            return False
        unit.write_result(result)
    return True


def relax(atoms: Atoms, calculator: Calculator, *, with_cell: bool) -> Atoms:
    """A copy at the nearest minimum: forces and, with the cell, stresses under their tolerances.

    Raises
    ------
    ScienceError
        If forces are not finite, or the minimum is not reached in `RELAXATION_STEPS` within a factor of five.
    """
    from ase.filters import FrechetCellFilter
    from ase.optimize import FIRE

    relaxed = atoms.copy()
    relaxed.set_constraint()
    relaxed.calc = calculator
    target: Any = FrechetCellFilter(relaxed) if with_cell else relaxed
    worst = np.inf
    # ASE's own criterion for the cell is a force by atom, far too wide for a soft crystal: hence fmax 0 and ours
    for _ in FIRE(target, logfile=None).irun(fmax=0.0, steps=RELAXATION_STEPS):  # type: ignore[arg-type]
        volume = relaxed.get_volume() / atoms.get_volume()
        if not (np.isfinite(relaxed.get_positions()).all() and 0.3 < volume < 3):
            raise ScienceError(f"the relaxation left the structure (volume {volume:.2g} of the start)")
        worst = float(np.linalg.norm(relaxed.get_forces(), axis=1).max()) / FORCE_TOLERANCE_eV_PER_A
        if with_cell:
            worst = max(worst, float(np.abs(relaxed.get_stress()).max()) / STRESS_TOLERANCE_eV_PER_A3)
        if worst < 1:
            break
    if not worst < 5:
        raise ScienceError(f"not relaxed after {RELAXATION_STEPS} steps: {worst:.3g} times the tolerance is left")
    return relaxed


def _equation_of_state(
    unit: Unit, static: dict[str, Any], calculator: Calculator, watch: DriverWatch
) -> dict[str, Any] | None:
    """Energies over volumes around the relaxed one: cell scaled, atoms relaxed at each."""
    start = relax(unit_atoms(unit), calculator, with_cell=True)
    volumes, energies = [], []
    for scale in np.linspace(1 - static["strain"], 1 + static["strain"], static["points"]):
        if watch.should_stop():
            return None
        atoms = start.copy()
        atoms.set_cell(np.array(start.cell) * scale, scale_atoms=True)
        atoms = relax(atoms, calculator, with_cell=False)
        volumes.append(float(atoms.get_volume()))
        energies.append(float(atoms.get_potential_energy()))
        unit.write_progress({"status": "running", "done": len(volumes), "of": static["points"]})
    return {
        "status": "done",
        "cellpar": start.cell.cellpar().tolist(),
        "volumes_A3": volumes,
        "energies_eV": energies,
    }


def _phonons(unit: Unit, static: dict[str, Any], calculator: Calculator, watch: DriverWatch) -> dict[str, Any] | None:
    """Frequencies of the relaxed cell, from displacements in the supercell that the dynamics have too."""
    from paddlewheel.thermodynamics.phonons import displaced_supercells, phonon_modes

    checkpoint = unit.checkpoint() or {}
    atoms = unit_atoms(unit)
    if checkpoint:
        atoms.set_cell(checkpoint["cell_A"])
        atoms.set_positions(checkpoint["positions_A"])
    else:
        atoms = relax(atoms, calculator, with_cell=True)
    phonon, cells = displaced_supercells(atoms, static["repeats"], displacement_A=static["displacement_A"])
    relaxed = {"cell_A": np.array(atoms.cell), "positions_A": atoms.get_positions()}
    forces = list(checkpoint.get("forces", []))

    def displaced(index: int) -> None:
        cells[index].calc = calculator
        forces.append(cells[index].get_forces())

    def state() -> dict[str, np.ndarray]:
        return relaxed | {"forces": np.array(forces)}

    if not _each(unit, watch, displaced, done=forces, total=len(cells), state=state):
        return None
    if not np.isfinite(forces).all():
        raise ScienceError("forces of displaced atoms are not finite")
    modes = phonon_modes(phonon, np.array(forces))
    return {
        "status": "done",
        "wavenumber_per_cm": np.round(modes.wavenumber_per_cm, 3).tolist(),
        "weights": modes.weights.tolist(),
        "n_displacements": len(cells),
    }


def _labels(unit: Unit, static: dict[str, Any], calculator: Calculator, watch: DriverWatch) -> dict[str, Any] | None:
    """Energy, forces and stress of every frame of the run directory's set."""
    from paddlewheel.training.dataset import parse_frames

    path = unit.run_directory / SET_FILE
    frames = parse_frames(path.read_bytes(), where=path)
    checkpoint = unit.checkpoint() or {}
    energies, stresses = list(checkpoint.get("energies", [])), list(checkpoint.get("stresses", []))
    flat = [checkpoint["forces"]] if checkpoint else []

    def label(index: int) -> None:
        frames[index].calc = calculator
        flat.append(frames[index].get_forces())
        stresses.append(frames[index].get_stress(voigt=True))
        energies.append(float(frames[index].get_potential_energy()))

    def state() -> dict[str, np.ndarray]:
        return {
            "energies": np.array(energies), "stresses": np.array(stresses), "forces": np.concatenate(flat),
        }  # fmt: skip

    if not _each(unit, watch, label, done=energies, total=len(frames), state=state):
        return None
    arrays = state()
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ScienceError("a label is not finite")
    return {"status": "done", **{name: array.tolist() for name, array in arrays.items()}}


def _each(
    unit: Unit,
    watch: DriverWatch,
    work: Callable[[int], None],
    *,
    done: list,
    total: int,
    state: Callable[[], dict[str, np.ndarray]],
) -> bool:
    """Do `work` for every index not in `done` yet, with checkpoints; False when asked to stop before the end."""
    while len(done) < total:
        work(len(done))
        stop = watch.should_stop()
        if stop or len(done) % PROGRESS_EVERY == 0:
            unit.write_checkpoint(state())
            unit.write_progress({"status": "running", "done": len(done), "of": total})
        if stop and len(done) < total:
            return False
    return True
