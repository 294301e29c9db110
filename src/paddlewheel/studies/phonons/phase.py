"""What a tight relaxation did to a phase: did it arrive, in which space group, and with its molecules whole?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_polyanions
from paddlewheel.execution import Unit
from paddlewheel.studies.phonons.inputs import (
    SYMMETRY_TOLERANCE_A,
    PhononInputs,
    PhononSettings,
    space_group_of,
)
from paddlewheel.studies.phonons.record import PhononStatus
from paddlewheel.studies.simulation.relaxation import RELAX_TASK, relax_unit, relaxed_atoms
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units

if TYPE_CHECKING:
    from ase import Atoms

NEAR_MINIMUM_eV_PER_A = 0.03
LARGEST_VOLUME_CHANGE = 0.3
"""Volumes computed for solids are within some per cent of the measured ones."""
LARGEST_BOND_CHANGE = 0.05
"""A crystal that swells by that volume all around has bonds 9 % longer."""
_FAR_A = 5.0
RELAXATION_STEPS = 3000


@dataclass(frozen=True, kw_only=True)
class RelaxedPhase:
    """A relaxed cell; `status` is `ok`, `left-symmetry`, `not-relaxed` or `broken`, and `reason` says why it is not ok.

    A gain of symmetry is no loss: cells come with the noise of another potential.
    """

    status: PhononStatus
    reason: str | None
    space_group_start: str
    space_group: str | None = None
    atoms: Atoms | None = None
    energy_eV: float | None = None
    largest_force_eV_per_A: float | None = None

    @property
    def has_numbers(self) -> bool:
        """Whether there is a minimum to displace atoms from, or one that is near enough.

        A force of 0.03 eV/A on a mode of 5 eV/A^2 is 0.1 meV above its minimum, and displacements both ways take it out
        of the frequencies.
        """
        if self.status == "not-relaxed":
            return self.largest_force_eV_per_A is not None and self.largest_force_eV_per_A < NEAR_MINIMUM_eV_PER_A
        return self.status != "broken"


def relaxation(inputs: PhononInputs, settings: PhononSettings, directory: Path) -> Unit:
    """The unit that relaxes the phase, cell included; from the exact form of its space group where that is kept."""
    return relax_unit(
        name=inputs.name,
        atoms=start_of(inputs, settings),
        potential=inputs.potential,
        fmax_eV_per_A=settings.fmax_eV_per_A,
        directory=directory,
        steps=RELAXATION_STEPS,
        optimizer="lbfgs",
        symmetry_tolerance_A=SYMMETRY_TOLERANCE_A if settings.keep_symmetry else None,
    )


def start_of(inputs: PhononInputs, settings: PhononSettings) -> Atoms:
    """The cell that the relaxation starts from."""
    if not settings.keep_symmetry:
        return inputs.atoms
    from ase.spacegroup.symmetrize import refine_symmetry

    atoms = inputs.atoms.copy()
    refine_symmetry(atoms, symprec=SYMMETRY_TOLERANCE_A)
    return atoms


def run_relaxations(units: Sequence[Unit], run: Run, *, title: str) -> None:
    """Relax; what the potential does to a phase that it does not know is a result, and its reason is kept as one.

    Raises
    ------
    ScienceError
        If a unit failed for another reason.
    """
    troubles = run.units(units, task=RELAX_TASK, title=title, here=True)
    for unit in units:
        if troubles.get(unit.name, "").startswith("ScienceError"):
            reason = troubles.pop(unit.name).removeprefix("ScienceError: ")
            unit.write_result({"status": "broken", "reason": reason})
    if troubles:
        raise failed_units(troubles, run.folder)


def relaxed_phase(inputs: PhononInputs, settings: PhononSettings, unit: Unit) -> RelaxedPhase:
    """Judge a finished relaxation."""
    start = space_group_of(inputs.atoms)
    result = unit.result()
    assert result is not None
    if result["status"] == "broken":
        return RelaxedPhase(status="broken", reason=result["reason"], space_group_start=start.symbol)
    atoms = relaxed_atoms(unit)
    reached = space_group_of(atoms)
    status: PhononStatus = "ok"
    reason = changed_molecules(inputs.atoms, atoms) or changed_volume(inputs.atoms, atoms)
    if reason is not None:
        status = "broken"
    elif not result["converged"]:
        status = "not-relaxed"
        reason = (
            f"{result['largest_force_eV_per_A']:.2g} eV/A left after {result['n_steps']} steps, "
            f"{settings.fmax_eV_per_A:g} wanted"
        )
    elif reached.n_operations < start.n_operations:
        status = "left-symmetry"
        reason = f"came as {start.symbol} and relaxed to {reached.symbol} (within {SYMMETRY_TOLERANCE_A} A)"
    return RelaxedPhase(
        status=status,
        reason=reason,
        space_group_start=start.symbol,
        space_group=reached.symbol,
        atoms=atoms,
        energy_eV=result["energy_eV"],
        largest_force_eV_per_A=result["largest_force_eV_per_A"],
    )


def changed_volume(before: Atoms, after: Atoms) -> str | None:
    """What a potential does with a phase that it does not know; None for a change under `LARGEST_VOLUME_CHANGE`.

    Layers or molecules that move apart with every bond as it was are no such phase: functionals without dispersion hold
    black phosphorus and graphite by little (CHGNet has the first 46 % too large).
    """
    change = after.get_volume() / before.get_volume() - 1
    if abs(change) < LARGEST_VOLUME_CHANGE:
        return None
    bonds = nearest_A(after) / nearest_A(before)
    if change > 0 and np.abs(bonds - 1).max() < LARGEST_BOND_CHANGE:
        return None
    return (
        f"the volume changed by {100 * change:+.0f} % in the relaxation: the potential does not know this phase, "
        "or the start was far off"
    )


def nearest_A(atoms: Atoms) -> np.ndarray:
    """[n_atoms] distance of the nearest neighbour of each atom, A; infinite beyond 5 A."""
    from ase.neighborlist import neighbor_list

    atom, distance_A = neighbor_list("id", atoms, _FAR_A)
    nearest = np.full(len(atoms), np.inf)
    np.minimum.at(nearest, atom, distance_A)
    return nearest


def changed_molecules(before: Atoms, after: Atoms) -> str | None:
    """Which covalent groups of `before` are not the same groups of atoms, bond for bond, in `after`; None for none."""
    groups = [
        {polyanion.indices: (polyanion.formula, frozenset(map(tuple, polyanion.bonds.tolist()))) for polyanion in found}
        for found in (find_polyanions(before), find_polyanions(after))
    ]
    lost = Counter(formula for where, (formula, _) in groups[0].items() if where not in groups[1])
    if lost:
        now = Counter(formula for where, (formula, _) in groups[1].items() if where not in groups[0])
        return f"{_counts(lost)} became {_counts(now) or 'single atoms or a network'} in the relaxation"
    rebonded = Counter(formula for where, (formula, bonds) in groups[0].items() if groups[1][where][1] != bonds)
    return f"{_counts(rebonded)} changed bonds in the relaxation" if rebonded else None


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {formula}" for formula, count in sorted(counter.items()))
