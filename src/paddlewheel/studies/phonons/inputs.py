"""What `phonons` is told and what comes of it: settings, the cell, the potential, the supercells to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import field_validator

from paddlewheel.crystals import check_structure
from paddlewheel.crystals.space_group import SpaceGroup, find_space_group
from paddlewheel.crystals.supercell import (
    MOST_ATOMS,
    Repeats,
    check_size,
    n_cells,
    repeats_of_atoms,
    repeats_text,
    repeats_with_images_beyond,
    supercell_repeats,
)
from paddlewheel.errors import SettingsError
from paddlewheel.potentials.card import PotentialCard
from paddlewheel.studies.simulation.potentials import chosen_potential, finest_dtype, loaded_potential
from paddlewheel.studies.simulation.settings import ONE_ORDERING, DisorderSettings, PotentialSettings
from paddlewheel.studies.simulation.structures import cell_digest, choose_structure
from paddlewheel.study.settings import MOST_SEED, Numbers, bad_value, setting
from paddlewheel.thermodynamics.born_charges import read_born_charges

if TYPE_CHECKING:
    from ase import Atoms

SYMMETRY_TOLERANCE_A = 0.03
"""Structures come relaxed to 0.1 eV/A or rounded to three digits: their groups are found within this, not 0.01 A."""
LENGTHS_A = (7.0, 10.0, 13.0, 16.0, 19.0, 23.0, 27.0)
"""Every image of an atom in the supercells of ``auto`` is beyond one of these, in turn."""


class PhononSettings(DisorderSettings, PotentialSettings):
    """Settings of `phonons`."""

    static: bool = setting(
        False, "Relax alone: static energy and volume, without displacements. A static hull is made of such runs"
    )

    temperatures_K: Numbers = setting(
        (0.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0),
        "K from 0 up; may be changed for a finished run",
        may_change=True,
        distinct="give each once",
    )
    supercell: str | tuple[int, int, int] = setting(
        "auto",
        "auto (larger ones until F(300 K) moves by less than the tolerance), or AxBxC, which is compared with one "
        "repeat less each way",
        only_with={"static": False},
    )
    n_atoms: int | None = setting(
        None, "The supercell nearest to cubic of about so many atoms (10 % more or fewer, or as near as the cell "
        "allows), compared with one of half as many", ge=1,
        le=MOST_ATOMS, option="--atoms", aliases=("atoms",),
        only_with={"supercell": ("auto",), "static": False},
    )  # fmt: skip
    max_atoms: int = setting(600, "Largest supercell of auto, atoms", ge=1, may_change=True, le=100_000)
    displacement_A: float = setting(
        0.01, "Length of the displacements, A; twice that is computed beside it in the smallest supercell",
        ge=1e-4, le=0.2,
    )  # fmt: skip
    fmax_eV_per_A: float = setting(
        1e-4, "Largest force left by the relaxation, that of the cell included, eV/A", ge=1e-7, le=0.05,
        aliases=("fmax",),
    )  # fmt: skip
    keep_symmetry: bool = setting(
        True, "Relax within the space group that the structure comes with (within 0.03 A), made exact first"
    )
    tolerance_meV_per_atom: float = setting(
        1.0, "What F(300 K) may move by with supercell, displacement and mesh, meV/atom", ge=1e-3, le=100,
        aliases=("tolerance-meV",),
    )  # fmt: skip
    quasi_harmonic: bool = setting(
        False,
        "Also expand and compress the cell, and let its volume follow the temperature",
        may_change=True,
        only_with={"static": False},
    )

    orderings: int | None = setting(
        None,
        ONE_ORDERING,
        ge=1,
        le=1000,
    )
    rank_by: Literal["ewald", "potential"] = setting(
        "potential",
        "Energy that chooses the ordering: Ewald's of point charges, or the potential's after a short relaxation of "
        "four times as many cells of low Ewald energy.",
    )
    seed: int = setting(1, "Decides the ordering", ge=0, le=MOST_SEED)
    born: Path | None = setting(
        None,
        "File of Born charges in phonopy's BORN format: splits longitudinal and transverse optical modes",
        may_change=True,
        only_with={"static": False},
    )

    dtype: Literal["float32", "float64"] | None = setting(
        None, "Precision; by default float64 where the engine has it: float32 is coarse for small displacements"
    )

    @field_validator("temperatures_K")
    @classmethod
    def _rising(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        listed = sorted(given)
        if not listed or listed[0] < 0:
            raise bad_value(", ".join(f"{value:g}" for value in listed) or "none", "give kelvin from 0 up")
        return tuple(listed)


@dataclass(frozen=True, kw_only=True)
class PhononInputs:
    """The cell and the potential.

    Attributes
    ----------
    potential
        What a unit of work keeps of it.
    supercells
        Repeats, from small to large. The first two are always computed, the others until two agree.
    born
        File of Born charges, which fits the cell; None without.
    notes, prepared
        What became of partly occupied sites: what casts a doubt, and what was settled.
    """

    name: str
    atoms: Atoms
    card: PotentialCard
    potential: dict[str, Any]
    supercells: tuple[Repeats, ...]
    born: Path | None = None
    notes: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()

    @property
    def structure(self) -> dict[str, Any]:
        """The cell by its content."""
        return {
            "name": self.name,
            "formula": self.atoms.get_chemical_formula("metal"),
            "n_atoms": len(self.atoms),
            "sha256": cell_digest(self.atoms),
        }


def open_phonons(structure: str | Path | Atoms, settings: PhononSettings) -> PhononInputs:
    """Read the cell and choose what is not given.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    from paddlewheel.potentials import describe_potential

    if isinstance(structure, str | Path):
        choice = choose_structure(
            structure, supercell=(1, 1, 1), to_repeat=True, orderings=settings.orderings, seed=settings.seed,
            oxidation=settings.oxidation, trades=settings.trades,
            potential_of=(lambda cell: loaded_potential(chosen_potential(settings, cell)))
            if settings.rank_by == "potential" else None,
        )  # fmt: skip
        name, atoms = Path(structure).name, choice.cells[0]
        notes, prepared = choice.notes, choice.prepared
    else:
        name, atoms = structure.get_chemical_formula("metal"), check_structure(structure, "structure")
        notes = prepared = ()
    potential = chosen_potential(settings, atoms)
    card = describe_potential(potential["name"])
    potential["dtype"] = settings.dtype or finest_dtype(card)
    supercells: tuple[Repeats, ...] = ()
    if not settings.static:
        supercells = choose_supercells(
            atoms, settings.supercell, n_atoms=settings.n_atoms, max_atoms=settings.max_atoms
        )
    if settings.born is not None:
        read_born_charges(settings.born, atoms)
    return PhononInputs(
        name=name,
        atoms=atoms,
        card=card,
        potential=potential,
        supercells=supercells,
        born=settings.born,
        notes=notes,
        prepared=prepared,
    )


def phonon_document(inputs: PhononInputs, settings: PhononSettings) -> dict[str, Any]:
    """What `inputs.yaml` holds: potential and supercells as they were chosen, in place of what was asked for."""
    told = settings.document()
    resolved = ["potential", "three_body", "device", "dtype", "supercell", "n_atoms"]
    # the cell has what they lead to, and the absence of supercells what static does
    resolved += [*DisorderSettings.model_fields, "seed", "static"]
    for name in resolved:
        del told[name]
    if settings.born is not None:
        told["born"] = {"file": settings.born.name, "sha256": hashlib.sha256(settings.born.read_bytes()).hexdigest()}
    return {"structure": inputs.structure, "potential": inputs.potential, "supercells": inputs.supercells} | told


def space_group_of(atoms: Atoms) -> SpaceGroup:
    """The space group within `SYMMETRY_TOLERANCE_A`."""
    return find_space_group(
        np.array(atoms.cell), atoms.get_scaled_positions(), atoms.numbers.tolist(), tolerance_A=SYMMETRY_TOLERANCE_A
    )


def choose_supercells(
    atoms: Atoms, supercell: str | Sequence[int], *, n_atoms: int | None = None, max_atoms: int
) -> tuple[Repeats, ...]:
    """Supercells to compare, from small to large.

    ``auto``: the smallest repeats that bring every lattice parameter, and every image of an atom, beyond 7, 10, 13, ...
    A, as long as they have at most `max_atoms` atoms. Repeats that were asked for: those, after the ones with one
    repeat less each way. A number of atoms: that, after half of it.

    Raises
    ------
    SettingsError
        For no supercell, or where not even the first fits.
    """
    lengths, cell_A = atoms.cell.lengths(), np.array(atoms.cell)
    # a supercell of less symmetry than the crystal has would give force constants of that symmetry
    rotations = np.unique(space_group_of(atoms).rotations, axis=0)
    if n_atoms is not None:
        largest = repeats_of_atoms(cell_A, len(atoms), n_atoms=n_atoms, rotations=rotations)
        half = repeats_of_atoms(cell_A, len(atoms), n_atoms=max(n_atoms // 2, len(atoms)), rotations=rotations)
        return (largest,) if n_cells(half) == n_cells(largest) else (half, largest)
    if not (isinstance(supercell, str) and supercell.strip() == "auto"):
        a, b, c = supercell_repeats(supercell, lengths)
        check_size(len(atoms), (a, b, c))
        less = (max(a - 1, 1), max(b - 1, 1), max(c - 1, 1))
        return ((a, b, c),) if less == (a, b, c) else (less, (a, b, c))
    found: list[Repeats] = []
    for length in LENGTHS_A:
        repeats = repeats_with_images_beyond(cell_A, length, rotations=rotations)
        if len(atoms) * n_cells(repeats) > max_atoms:
            break
        if repeats not in found:
            found.append(repeats)
    if not found:
        least = repeats_with_images_beyond(cell_A, LENGTHS_A[0], rotations=rotations)
        raise SettingsError(
            f"the smallest supercell, {repeats_text(least)}, has {len(atoms) * n_cells(least)} atoms",
            where="max_atoms", remedy=f"allow more than {max_atoms}, or name a supercell",
        )  # fmt: skip
    return tuple(found)
