"""The cell that a conductor starts from: held to the table's composition, ordered, repeated, and kept as a file."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import check_structure, guess_charge, guess_mobile_specie, order_structure
from paddlewheel.crystals.formats import read_sites, structure_to_atoms
from paddlewheel.errors import DataError, StructureError
from paddlewheel.foreign import read_json
from paddlewheel.records import write_atomically
from paddlewheel.studies.experiment.conductors import MeasuredConductor
from paddlewheel.training.dataset import format_frames

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

_LENGTH_A = 10.0
"""Above which every lattice parameter is to be, where the atoms allow it."""
_OTHER_MATERIAL = 0.02
"""Share of the atoms by which a crystal may differ from the composition that was measured."""
_CENTRING_A = 0.01
_MADE = "cell.json"


@dataclass(frozen=True, kw_only=True)
class Crystal:
    """What a file holds of a conductor: its sites in the smallest cell that has to be taken, and their atoms."""

    structure: Structure
    n_atoms: float

    def repeats(self, most_atoms: int) -> tuple[int, int, int]:
        """Of its cell, see `repeats_within`."""
        return repeats_within(self.n_atoms, np.array(self.structure.lattice.abc), most_atoms)


@dataclass(frozen=True, kw_only=True)
class Start:
    """A cell to start from: its file, what had to be changed, and its atoms."""

    path: Path
    notes: tuple[str, ...]
    atoms: Atoms


def repeats_within(n_atoms: float, lengths_A: np.ndarray, most_atoms: int) -> tuple[int, int, int]:
    """Repeats of the fewest atoms that bring every lattice parameter above 10 A; where these are more than
    `most_atoms`, those within it whose shortest parameter is the longest, and of these the most atoms."""
    counts = [int(_LENGTH_A // length) + 1 for length in lengths_A]
    if n_atoms * math.prod(counts) <= most_atoms:
        return counts[0], counts[1], counts[2]
    a, b, c = (range(1, count + 1) for count in counts)
    found = [each for each in itertools.product(a, b, c) if n_atoms * math.prod(each) <= most_atoms] or [(1, 1, 1)]
    return max(found, key=lambda repeats: (min(np.array(repeats) * lengths_A), math.prod(repeats)))


def read_crystal(
    conductor: MeasuredConductor, folder: Path, *, specie: str, most_atoms: int, charge: float | None = None
) -> Crystal:
    """The crystal of a conductor, of its primitive cell where the one in the file has more than `most_atoms`.

    Parameters
    ----------
    folder
        To write the file to, for readers.
    specie, charge
        The mobile ion and its charge, where they are known.

    Raises
    ------
    StructureError
        If it cannot be read, holds no mobile ion or none that is obvious, differs from the composition that was
        measured in more than 2 % of the atoms, or is larger than `most_atoms` even so.
    """
    path = folder / conductor.structure
    path.write_bytes(conductor.content)
    structure = read_sites(path)
    differs = composition_difference(structure, conductor.composition)
    if specie and specie not in {element.symbol for element in structure.composition.elements}:
        raise StructureError(f"holds no {specie}", where=conductor.structure, remedy="give the whole crystal")
    _check_ion(structure, conductor.structure, specie=specie, charge=charge)
    if differs > _OTHER_MATERIAL:
        raise StructureError(
            f"is {structure.composition.reduced_formula}, another composition than {conductor.composition} (in "
            f"{100 * differs:.0f} % of the atoms)", where=conductor.structure, remedy="correct the file or the table",
        )  # fmt: skip
    if structure.composition.num_atoms > most_atoms:
        structure = structure.get_primitive_structure(tolerance=_CENTRING_A)
    n_atoms = float(structure.composition.num_atoms)
    if n_atoms > most_atoms:
        raise StructureError(f"has {n_atoms:g} atoms a cell, more than {most_atoms}", where=conductor.structure,
                             remedy="give more --atoms")  # fmt: skip
    return Crystal(structure=structure, n_atoms=n_atoms)


def _check_ion(structure: Structure, where: str, *, specie: str, charge: float | None) -> None:
    """Refuse what `conduct` would ask for only once it is this conductor's turn."""
    from ase import Atoms

    most = [max(site.species.items(), key=lambda item: item[1])[0].symbol for site in structure]
    atoms = Atoms(most, positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=True)
    ion = specie if specie in most else guess_mobile_specie(atoms)
    if ion is None and not specie:
        raise StructureError("has no obvious mobile ion", where=where, remedy="fill the column specie")
    if ion is not None and charge is None and guess_charge(atoms, ion) is None:
        raise StructureError(f"holds {ion}, whose charge is not obvious there", where=where, remedy="give --charge")


def composition_difference(structure: Structure, formula: str) -> float:
    """The share of the atoms in which a crystal differs from a formula; 0 where there is none.

    Raises
    ------
    DataError
        If it is no formula.
    """
    from pymatgen.core import Composition

    if not formula:
        return 0.0
    try:
        wanted = Composition(formula).fractional_composition
    except ValueError as error:
        raise DataError(f"'{formula}' is no formula ({error})", where="formula", remedy="write Li6PS5Cl") from error
    found = structure.composition.fractional_composition
    elements = {element.symbol for element in [*wanted, *found]}
    return 0.5 * float(sum(abs(wanted[element] - found[element]) for element in elements))


def start_cell(conductor: MeasuredConductor, crystal: Crystal, folder: Path, *, most_atoms: int, seed: int) -> Start:
    """The cell in `folder`, made where it is not there yet: a later version that would order it otherwise goes on
    with this one.

    Raises
    ------
    StructureError
        If there is no ordered cell without overlaps.
    DataError
        If the folder holds a cell of another crystal or of other settings, or was changed.
    """
    path, said = folder / f"{conductor.id}.extxyz", folder / _MADE
    wanted = {
        "structure_sha256": hashlib.sha256(conductor.content).hexdigest(), "most_atoms": most_atoms, "seed": seed,
    }  # fmt: skip
    if said.is_file() and path.is_file():
        made = read_json(said, DataError, remedy="remove the folder of this conductor to begin it anew")
        kept = {name: made.get(name) for name in wanted}
        if kept != wanted or made.get("sha256") != hashlib.sha256(path.read_bytes()).hexdigest():
            raise DataError(
                "holds the cell of another file, of other settings, or one that was changed", where=folder,
                remedy="remove the folder to begin this conductor anew, or use another --out",
            )  # fmt: skip
        return Start(path=path, notes=tuple(made["notes"]), atoms=_read(path))
    atoms, notes = _ordered(conductor, crystal, most_atoms=most_atoms, seed=seed)
    content = format_frames([atoms]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    made = wanted | {"notes": notes, "sha256": hashlib.sha256(content).hexdigest()}
    write_atomically(said, json.dumps(made, indent=1))
    return Start(path=path, notes=tuple(notes), atoms=_read(path))


def _read(path: Path) -> Atoms:
    from paddlewheel.crystals import read_structure

    return read_structure(path)


def _ordered(conductor: MeasuredConductor, crystal: Crystal, *, most_atoms: int, seed: int) -> tuple[Atoms, list[str]]:
    repeats, structure = crystal.repeats(most_atoms), crystal.structure
    if structure.is_ordered:
        return check_structure(structure_to_atoms(structure, conductor.structure), conductor.structure).repeat(
            repeats
        ), []
    cell = order_structure(structure, n_cells=1, seed=seed, supercell=repeats)[0]
    return cell.atoms, list(cell.notes)
