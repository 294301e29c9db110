"""The unit that relaxes a structure, cell and positions, with a potential."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import ScienceError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.label_unit import unit_potential
from paddlewheel.studies.md_unit import structure_document, unit_atoms
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

RELAXATION_STEPS = 500
_KEEP_EVERY_S = 5.0


def relax_unit(
    *,
    name: str,
    atoms: Atoms,
    potential: dict[str, Any],
    fmax_eV_per_A: float,
    directory: Path,
    steps: int = RELAXATION_STEPS,
    optimizer: Literal["fire", "lbfgs"] = "fire",
    symmetry_tolerance_A: float | None = None,
) -> Unit:
    """A unit that relaxes `atoms` until every force, the cell's included, is under `fmax_eV_per_A`.

    Parameters
    ----------
    optimizer
        FIRE, for structures far from their minimum, or L-BFGS, which needs a tenth of its steps to a tight one.
    symmetry_tolerance_A
        Keep the space group that spglib finds within it (ASE's FixSymmetry); None: whatever the forces do.
    """
    relax: dict[str, Any] = {"fmax_eV_per_A": fmax_eV_per_A, "steps": steps}
    if optimizer != "fire":
        relax["optimizer"] = optimizer
    if symmetry_tolerance_A is not None:
        relax["symmetry_tolerance_A"] = symmetry_tolerance_A
    contents = {"structure": structure_document(atoms), "relax": relax, "n": steps, "potential": potential}
    return Unit(name=f"relax-{name}", contents=contents, run_directory=directory)


def relaxed_atoms(unit: Unit) -> Atoms:
    """The relaxed structure of a finished unit."""
    result = unit.result()
    assert result is not None
    atoms = unit_atoms(unit)
    atoms.set_cell(result["cell_A"])
    atoms.set_positions(result["positions_A"])
    return atoms


def run_relax_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Relax through ASE's `FrechetCellFilter`; True when finished, False when stopped.

    A continued relaxation starts from the last kept structure, with the optimizer's memory lost: the path may differ,
    the minimum is looked for from there.

    Raises
    ------
    ScienceError
        If forces are not finite, or the cell's volume leaves a third to three times its start.
    PotentialError, RunDirectoryError
        As `run_label_unit`.
    """
    from ase.constraints import FixSymmetry
    from ase.filters import FrechetCellFilter
    from ase.optimize import FIRE, LBFGS

    atoms = unit_atoms(unit)
    wanted = unit.contents["relax"]
    if (tolerance_A := wanted.get("symmetry_tolerance_A")) is not None:
        atoms.set_constraint(FixSymmetry(atoms, symprec=tolerance_A))
    start_A3 = atoms.get_volume()
    steps_before = 0
    if (kept := unit.checkpoint()) is not None:
        atoms.set_cell(kept["cell_A"], apply_constraint=False)
        atoms.set_positions(kept["positions_A"], apply_constraint=False)
        steps_before = int(kept["n_steps"])
    atoms.calc = unit_potential(unit)
    target: Any = FrechetCellFilter(atoms)
    optimizer = (LBFGS if wanted.get("optimizer") == "lbfgs" else FIRE)(target, logfile=None)  # type: ignore[arg-type]
    next_keep = time.monotonic() + _KEEP_EVERY_S
    with writing(unit.folder), warnings.catch_warnings():
        # scipy's logm complains of 5e-13 at every step of a symmetric cell; ASE's filter asks for it each time
        warnings.filterwarnings("ignore", message="logm result may be inaccurate", category=RuntimeWarning)
        for _ in optimizer.irun(fmax=wanted["fmax_eV_per_A"], steps=wanted["steps"] - steps_before):
            _check(atoms, start_A3, unit.name)
            stop = watch.should_stop()
            if stop or time.monotonic() >= next_keep:
                done = steps_before + optimizer.nsteps
                unit.write_checkpoint(
                    {"positions_A": atoms.get_positions(), "cell_A": np.array(atoms.cell), "n_steps": np.array(done)}
                )
                unit.write_progress({"status": "running", "done": done, "of": wanted["steps"]})
                next_keep = time.monotonic() + _KEEP_EVERY_S
            if stop:
                return False
        largest = float(np.linalg.norm(target.get_forces(), axis=1).max())
        unit.write_result(
            {
                "status": "done",
                "positions_A": atoms.get_positions().tolist(),
                "cell_A": np.array(atoms.cell).tolist(),
                "n_steps": steps_before + optimizer.nsteps,
                "largest_force_eV_per_A": largest,
                "converged": bool(largest < wanted["fmax_eV_per_A"]),
                "energy_eV": float(atoms.get_potential_energy()),
                "pressure_GPa": -float(atoms.get_stress()[:3].mean()) * eV_PER_A3_IN_GPA,
                "volume_change": atoms.get_volume() / start_A3 - 1,
            }
        )
    return True


def _check(atoms: Atoms, start_A3: float, name: str) -> None:
    ratio = atoms.get_volume() / start_A3
    if not (np.isfinite(atoms.get_positions()).all() and 1 / 3 < ratio < 3):
        raise ScienceError(
            f"the relaxation left the structure (volume {ratio:.3g} of the start)", where=name,
            remedy="give another potential or structure",
        )  # fmt: skip
