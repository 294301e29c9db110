"""The cells to simulate: read, ordered where that is asked for, repeated; and the names of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import check_structure, is_disordered, order_structure, read_structure
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
from paddlewheel.study.progress import Progress, Row

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The cells to simulate: one, or one for each ordering of a disordered structure, with their Ewald energies."""

    name: str
    cells: tuple[Atoms, ...]
    repeats: Repeats
    by_rule: bool = False
    notes: tuple[str, ...] = ()
    above_lowest_meV_per_atom: tuple[float, ...] = ()

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
    oxidation: Mapping[str, float] | None = None,
    by_itself: int = 1,
) -> StructureChoice:
    """Read the structure, order it where sites are partly occupied, and repeat it.

    Parameters
    ----------
    structure
        A built-in name, a file, or atoms.
    supercell
        As in `make_supercell`; of disordered crystals as in `order_structure`.
    n_atoms
        About how many atoms it is to have, in place of `supercell`.
    orderings
        How many ordered cells to make. None: one of an ordered structure, `by_itself` of a disordered one.
    seed
        Decides the orderings.
    oxidation
        Oxidation states of elements of a disordered structure; the others are guessed.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    by_rule = n_atoms is None and isinstance(supercell, str) and supercell.strip() == "auto"
    if not isinstance(structure, str | Path):
        unit = check_structure(structure, "structure")
        return _of_ordered(unit, structure.get_chemical_formula("metal"), supercell, n_atoms, by_rule=by_rule)
    if orderings is None and not is_disordered(structure):
        return _of_ordered(read_structure(structure), _label(structure), supercell, n_atoms, by_rule=by_rule)
    if n_atoms is not None:
        vectors_A, in_cell = mean_cell(structure)
        supercell = plain_repeats_of_atoms(vectors_A, in_cell, n_atoms=n_atoms)
    asked = orderings or by_itself
    done = Row("annealings", 0, 1)

    def watch(n_done: int, n_all: int) -> None:
        nonlocal done
        done = Row("annealings", n_done, n_all)
        progress.update()

    with Progress(f"ordering {_label(structure)}", lambda: [done], short=True) as progress:
        found = order_structure(
            structure, n_cells=asked, seed=seed, supercell=supercell, oxidation_states=oxidation, watch=watch
        )
    told = f"partly occupied sites: {len(found)} ordered cells of {len(found[0].atoms)} atoms, taken in turn"
    notes = [] if orderings else [f"{told} (--orderings N for more)"]
    notes += [
        f"ordering {i}: Ewald energy {cell.above_lowest_eV_per_atom * 1000:.1f} meV/atom above the lowest"
        for i, cell in enumerate(found)
    ]
    notes += dict.fromkeys(note for cell in found for note in cell.notes)
    if len(found) < asked:
        notes.append(f"{asked} orderings asked for, {len(found)} distinct ones found")
    return StructureChoice(
        name=_label(structure),
        cells=tuple(cell.atoms for cell in found),
        repeats=found[0].repeats,
        by_rule=by_rule,
        notes=tuple(notes),
        above_lowest_meV_per_atom=tuple(1000 * cell.above_lowest_eV_per_atom for cell in found),
    )


def _of_ordered(
    unit: Atoms, name: str, supercell: str | Sequence[int], n_atoms: int | None, *, by_rule: bool
) -> StructureChoice:
    repeats = cell_repeats(unit, supercell=supercell, n_atoms=n_atoms)
    return StructureChoice(name=name, cells=(repeat_cell(unit, repeats),), repeats=repeats, by_rule=by_rule)


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
