"""The cells to simulate: read, ordered where that is asked for, repeated; and the names of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import check_structure, order_structure, read_structure
from paddlewheel.crystals.disorder import mean_cell
from paddlewheel.crystals.supercell import (
    CellChoice,
    Repeats,
    check_size,
    describe_supercell,
    plain_repeats_of_atoms,
    repeat_cell,
    repeats_of_atoms,
    supercell_repeats,
)
from paddlewheel.execution import array_digest

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The cells to simulate: one, or one for each ordering of a disordered structure."""

    name: str
    cells: tuple[Atoms, ...]
    repeats: Repeats
    by_rule: bool = False
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> CellChoice:
        """The supercell, how wide it is, and what nearly did where the rule chose it."""
        return describe_supercell(self.cells[0], self.repeats, by_rule=self.by_rule)


def run_name(temperature_K: float, replica: int) -> str:
    """Name of one run, for people and files: ``T=600K_r0``."""
    return f"T={temperature_K:g}K_r{replica}"


def cell_digest(atoms: Atoms) -> str:
    """sha256 of a cell's contents: species, masses, positions and lattice."""
    return array_digest(
        atoms.get_atomic_numbers().astype(np.int64), atoms.get_masses(), atoms.get_positions(), np.array(atoms.cell)
    )


def choose_structure(
    structure: str | Path | Atoms,
    *,
    supercell: str | Sequence[int],
    n_atoms: int | None = None,
    orderings: int | None,
    seed: int,
) -> StructureChoice:
    """Read, order if asked, and repeat the structure: as `supercell` says, or to about `n_atoms` atoms."""
    by_rule = n_atoms is None and isinstance(supercell, str) and supercell.strip() == "auto"
    if orderings is None or not isinstance(structure, str | Path):
        if isinstance(structure, str | Path):
            name, unit = _label(structure), read_structure(structure)
        else:
            name, unit = structure.get_chemical_formula("metal"), check_structure(structure, "structure")
        repeats = cell_repeats(unit, supercell=supercell, n_atoms=n_atoms)
        return StructureChoice(name=name, cells=(repeat_cell(unit, repeats),), repeats=repeats, by_rule=by_rule)
    if n_atoms is not None:
        vectors_A, in_cell = mean_cell(structure)
        supercell = plain_repeats_of_atoms(vectors_A, in_cell, n_atoms=n_atoms)
    found = order_structure(structure, n_cells=orderings, seed=seed, supercell=supercell)
    notes = [
        f"ordering {i}: Ewald energy {cell.above_lowest_eV_per_atom * 1000:.1f} meV/atom above the lowest"
        for i, cell in enumerate(found)
    ]
    if len(found) < orderings:
        notes.append(f"{orderings} orderings asked for, {len(found)} distinct ones found")
    return StructureChoice(
        name=_label(structure), cells=tuple(cell.atoms for cell in found), repeats=found[0].repeats,
        by_rule=by_rule, notes=tuple(notes),
    )  # fmt: skip


def cell_repeats(unit: Atoms, *, supercell: str | Sequence[int], n_atoms: int | None) -> Repeats:
    """The repeats that a study was asked for, of a cell without partial occupancies.

    Raises
    ------
    SettingsError
        For what is no supercell of it.
    """
    if n_atoms is not None:
        return repeats_of_atoms(np.array(unit.cell), len(unit), n_atoms=n_atoms)
    repeats = supercell_repeats(supercell, unit.cell.lengths())
    check_size(len(unit), repeats)
    return repeats


def _label(structure: str | Path) -> str:
    """A file goes by its name: the same file from another folder is the same run, and its contents are hashed."""
    return Path(structure).name
