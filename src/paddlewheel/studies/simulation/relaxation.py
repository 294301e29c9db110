"""The unit that relaxes a structure, cell and positions, with a potential."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import ScienceError, writing
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.simulation.md_unit import structure_document, unit_atoms
from paddlewheel.studies.simulation.potentials import unit_potential
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

RELAX_TASK = "paddlewheel.studies.simulation.relaxation:run_relax_unit"
RELAXATION_STEPS = 500
_KEEP_EVERY_S = 5.0
_STALLED_STEPS = 150
_STALLED_eV_PER_ATOM = 1e-7
"""L-BFGS that gains less than this in so many steps is at the roughness of the potential's surface, and stops."""


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
    with_cell: bool = True,
) -> Unit:
    """A unit that relaxes `atoms` until every force, the cell's included, is under `fmax_eV_per_A`.

    Parameters
    ----------
    optimizer
        FIRE, for structures far from their minimum, or L-BFGS, which needs a tenth of its steps to a tight one.
    symmetry_tolerance_A
        Keep the space group that spglib finds within it (ASE's FixSymmetry); None: whatever the forces do.
    with_cell
        Relax the cell too; else the atoms in the cell as it is.
    """
    relax: dict[str, Any] = {"fmax_eV_per_A": fmax_eV_per_A, "steps": steps}
    if optimizer != "fire":
        relax["optimizer"] = optimizer
    if symmetry_tolerance_A is not None:
        relax["symmetry_tolerance_A"] = symmetry_tolerance_A
    if not with_cell:
        relax["with_cell"] = False
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

    L-BFGS also ends where it stalls, with the structure that had the smallest largest force. A continued relaxation
    starts from the last kept structure, with the optimizer's memory lost: the path may differ, the minimum is looked
    for from there.

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
    target: Any = FrechetCellFilter(atoms) if wanted.get("with_cell", True) else atoms
    optimizer = (LBFGS if wanted.get("optimizer") == "lbfgs" else FIRE)(target, logfile=None)  # type: ignore[arg-type]
    stall = _Stall() if isinstance(optimizer, LBFGS) else None
    next_keep = time.monotonic() + _KEEP_EVERY_S
    with writing(unit.folder), warnings.catch_warnings():
        # scipy's logm complains of 5e-13 at every step of a symmetric cell; ASE's filter asks for it each time
        warnings.filterwarnings("ignore", message="logm result may be inaccurate", category=RuntimeWarning)
        for _ in optimizer.irun(fmax=wanted["fmax_eV_per_A"], steps=wanted["steps"] - steps_before):
            _check(atoms, start_A3, unit.name)
            if stall is not None and stall.is_reached(atoms, target):
                break
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
        if stall is not None:
            stall.restore_best(atoms)
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


class _Stall:
    """Watches whether the energy still falls, and keeps the structure with the smallest largest force."""

    def __init__(self) -> None:
        self._lowest_eV, self._since, self._least_force = np.inf, 0, np.inf
        self._best: tuple[np.ndarray, np.ndarray] | None = None

    def is_reached(self, atoms: Atoms, target: Any) -> bool:
        """True once the energy has not fallen for `_STALLED_STEPS` steps."""
        largest = float(np.linalg.norm(target.get_forces(), axis=1).max())
        if largest < self._least_force:
            self._least_force, self._best = largest, (np.array(atoms.cell), atoms.get_positions())
        energy_eV = float(atoms.get_potential_energy())
        if energy_eV < self._lowest_eV - _STALLED_eV_PER_ATOM * len(atoms):
            self._lowest_eV, self._since = energy_eV, 0
        else:
            self._since += 1
        return self._since >= _STALLED_STEPS

    def restore_best(self, atoms: Atoms) -> None:
        """Put `atoms` where the largest force was smallest."""
        if self._best is not None:
            cell_A, positions_A = self._best
            atoms.set_cell(cell_A, apply_constraint=False)
            atoms.set_positions(positions_A, apply_constraint=False)


def _check(atoms: Atoms, start_A3: float, name: str) -> None:
    ratio = atoms.get_volume() / start_A3
    if not (np.isfinite(atoms.get_positions()).all() and 1 / 3 < ratio < 3):
        raise ScienceError(
            f"the relaxation left the structure (volume {ratio:.3g} of the start)", where=name,
            remedy="give another potential or structure",
        )  # fmt: skip
