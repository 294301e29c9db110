"""Units of work that evaluate displaced supercells, and what comes of their forces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.supercell import Repeats, as_matrix, as_repeats, is_plain, n_cells, repeats_text
from paddlewheel.errors import ScienceError
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.studies.simulation.frame_units import read_rows, unit_potential, work_through
from paddlewheel.studies.simulation.md_unit import structure_document, unit_atoms
from paddlewheel.study.run import Run
from paddlewheel.study.settings import plain
from paddlewheel.study.stage import failed_units
from paddlewheel.thermodynamics.born_charges import read_born_charges
from paddlewheel.thermodynamics.phonons import displaced_supercells, primitive_cell

if TYPE_CHECKING:
    from ase import Atoms

TASK = "paddlewheel.studies.phonons.units:run_displacement_unit"
_ATOMS_PER_UNIT = 5000
"""Atoms evaluated in a unit: seconds of a NEP, half a minute of M3GNet."""


@dataclass(frozen=True, kw_only=True)
class Displacements:
    """All displaced supercells of one choice of supercell and displacement, and the units that evaluate them."""

    repeats: Repeats
    displacement_A: float
    n_displacements: int
    phonon: Any
    units: tuple[Unit, ...]

    @property
    def n_atoms(self) -> int:
        """Atoms of the supercell."""
        return len(self.phonon.supercell)

    def told(self) -> str:
        """In words: ``8 of 2x2x2 (96 atoms) by 0.01 A``."""
        size = f"{repeats_text(self.repeats)} ({self.n_atoms} atoms)"
        return f"{self.n_displacements} of {size} by {self.displacement_A:g} A"

    def evaluated(self) -> dict[str, int]:
        """How many atoms, counted in each of its supercells, a unit evaluates; by its name."""
        return {unit.name: unit.contents["n"] * self.n_atoms for unit in self.units}

    def forces(self) -> np.ndarray:
        """Forces [n_displacements, n_atoms, 3] (eV/A) of the finished units.

        Raises
        ------
        ScienceError
            If one is not finite.
        """
        rows = [row for unit in self.units for row in read_rows(unit)]
        forces = np.array(rows).reshape(len(rows), -1, 3)
        if not np.isfinite(forces).all():
            raise ScienceError("forces of displaced atoms are not finite", where=self.units[0].name)
        return forces


def plan_displacements(
    atoms: Atoms,
    *,
    repeats: Repeats,
    displacement_A: float,
    potential: dict[str, Any],
    directory: Path,
    prefix: str = "",
    born: Path | None = None,
) -> Displacements:
    """The displaced supercells of a relaxed cell, shared out among units of work.

    Modes are those of its primitive cell, in which Born charges count.
    """
    phonon, cells = displaced_supercells(atoms, repeats, displacement_A=displacement_A, primitive="auto")
    if born is not None:
        phonon.nac_params = read_born_charges(born, primitive_cell(phonon))
    share = max(1, _ATOMS_PER_UNIT // (len(atoms) * n_cells(repeats)))
    structure = structure_document(atoms)
    size = repeats_text(repeats) if is_plain(repeats) else "m" + "_".join(map(str, as_matrix(repeats).ravel()))
    units = [
        Unit(
            name=f"{prefix}displace-{size}-{displacement_A:g}A-{first:04d}",
            contents={
                "structure": structure,
                "displace": {"repeats": plain(repeats), "displacement_A": displacement_A, "first": first},
                "n": min(share, len(cells) - first),
                "potential": potential,
            },
            run_directory=directory,
        )
        for first in range(0, len(cells), share)
    ]
    return Displacements(
        repeats=repeats, displacement_A=displacement_A, n_displacements=len(cells), phonon=phonon, units=tuple(units)
    )


def evaluate(displaced: Sequence[Displacements], run: Run, *, title: str = "displacements") -> None:
    """Evaluate what is not evaluated yet, all of it together.

    Raises
    ------
    ScienceError
        If a unit failed.
    """
    units = [unit for displacements in displaced for unit in displacements.units]
    if troubles := run.units(units, task=TASK, title=title, here=True):
        raise failed_units(troubles, run.folder)


def run_displacement_unit(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Forces of a unit's displaced supercells; True when finished, False when it stopped at a checkpoint.

    Raises
    ------
    PotentialError
        If the potential changed since the unit was made.
    RunDirectoryError
        If the disk is full.
    """
    calculator = unit_potential(unit)
    wanted = unit.contents["displace"]
    repeats = as_repeats(wanted["repeats"])
    _, cells = displaced_supercells(unit_atoms(unit), repeats, displacement_A=wanted["displacement_A"])

    def row(index: int) -> np.ndarray:
        cell = cells[wanted["first"] + index]
        cell.calc = calculator
        return cell.get_forces().ravel()

    return work_through(unit, watch, row)
