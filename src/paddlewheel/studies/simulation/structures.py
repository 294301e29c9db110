"""The cells to simulate: read, ordered where that is asked for, repeated; and the names of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import check_structure, make_supercell, order_structure, read_structure
from paddlewheel.execution import array_digest

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The cells to simulate: one, or one for each ordering of a disordered structure."""

    name: str
    cells: tuple[Atoms, ...]
    repeats: tuple[int, int, int]
    notes: tuple[str, ...] = ()


def run_name(temperature_K: float, replica: int) -> str:
    """Name of one run, for people and files: ``T=600K_r0``."""
    return f"T={temperature_K:g}K_r{replica}"


def cell_digest(atoms: Atoms) -> str:
    """sha256 of a cell's contents: species, masses, positions and lattice."""
    return array_digest(
        atoms.get_atomic_numbers().astype(np.int64), atoms.get_masses(), atoms.get_positions(), np.array(atoms.cell)
    )


def choose_structure(
    structure: str | Path | Atoms, *, supercell: str | Sequence[int], orderings: int | None, seed: int
) -> StructureChoice:
    """Read, order if asked, and repeat the structure."""
    if not isinstance(structure, str | Path):
        atoms, repeats = make_supercell(check_structure(structure, "structure"), supercell)
        return StructureChoice(name=structure.get_chemical_formula("metal"), cells=(atoms,), repeats=repeats)
    if orderings is None:
        atoms, repeats = make_supercell(read_structure(structure), supercell)
        return StructureChoice(name=_label(structure), cells=(atoms,), repeats=repeats)
    found = order_structure(structure, n_cells=orderings, seed=seed, supercell=supercell)
    notes = [
        f"ordering {i}: Ewald energy {cell.above_lowest_eV_per_atom * 1000:.1f} meV/atom above the lowest"
        for i, cell in enumerate(found)
    ]
    if len(found) < orderings:
        notes.append(f"{orderings} orderings asked for, {len(found)} distinct ones found")
    return StructureChoice(
        name=_label(structure), cells=tuple(cell.atoms for cell in found), repeats=found[0].repeats, notes=tuple(notes)
    )


def _label(structure: str | Path) -> str:
    """A file goes by its name: the same file from another folder is the same run, and its contents are hashed."""
    return Path(structure).name
