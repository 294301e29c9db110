"""What a `phonons` run will do: every setting resolved and checked before anything is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import check_structure, read_structure
from paddlewheel.crystals.supercell import supercell_repeats
from paddlewheel.errors import SettingsError
from paddlewheel.potentials.card import PotentialCard
from paddlewheel.studies.simulation.potentials import (
    potential_document,
)
from paddlewheel.studies.simulation.structures import (
    cell_digest,
)

if TYPE_CHECKING:
    from ase import Atoms

LENGTHS_A = (7.0, 10.0, 13.0, 16.0, 19.0, 23.0, 27.0)
"""Every lattice parameter of the supercells of ``auto`` is above one of these, in turn."""
STRAINS = (-0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.045, 0.06)
"""Linear strains of the volumes of a quasi-harmonic run: heat expands more than it contracts."""

_WITH_FLOAT64 = ("nep", "m3gnet", "mace")
"""Engines that have a choice; any other computes in the precision it has."""


@dataclass(frozen=True, kw_only=True)
class PhononPlan:
    """A checked plan.

    Attributes
    ----------
    supercells
        Repeats, from small to large. The first two are always computed, the others until two agree.
    """

    name: str
    atoms: Atoms
    card: PotentialCard
    potential: dict[str, Any]
    temperatures_K: tuple[float, ...]
    supercells: tuple[tuple[int, int, int], ...]
    displacement_A: float
    fmax_eV_per_A: float
    keep_symmetry: bool
    tolerance_meV_per_atom: float
    quasi_harmonic: bool

    def inputs(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run; temperatures are no part of it."""
        return {
            "command": "phonons",
            "structure": {
                "name": self.name,
                "formula": self.atoms.get_chemical_formula("metal"),
                "n_atoms": len(self.atoms),
                "sha256": cell_digest(self.atoms),
            },
            "potential": self.potential,
            "supercells": [list(repeats) for repeats in self.supercells],
            "displacement_A": self.displacement_A,
            "fmax_eV_per_A": self.fmax_eV_per_A,
            "keep_symmetry": self.keep_symmetry,
            "tolerance_meV_per_atom": self.tolerance_meV_per_atom,
        }

    def settings(self) -> dict[str, Any]:
        """The inputs, and what may be changed for a finished run."""
        return self.inputs() | {
            "temperatures_K": list(self.temperatures_K), "quasi_harmonic": self.quasi_harmonic,
        }  # fmt: skip


def plan_phonons(
    structure: str | Path | Atoms,
    *,
    potential: str | None,
    temperatures_K: Sequence[float],
    supercell: str | Sequence[int],
    max_atoms: int,
    displacement_A: float,
    fmax_eV_per_A: float,
    keep_symmetry: bool,
    tolerance_meV_per_atom: float,
    quasi_harmonic: bool,
    three_body: str,
    device: str,
    dtype: str | None,
) -> PhononPlan:
    """Resolve every setting of `phonons`; see there for their meaning.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    from paddlewheel.potentials import check_elements, default_potential, describe_potential

    named = isinstance(structure, str | Path)
    atoms = read_structure(structure) if named else check_structure(structure, "structure")
    chosen = potential or default_potential(atoms)
    card = describe_potential(chosen)
    check_elements(card, atoms)
    for value, where, low, high in (
        (displacement_A, "displacement", 1e-4, 0.2),
        (fmax_eV_per_A, "fmax", 1e-7, 0.05),
        (tolerance_meV_per_atom, "tolerance", 1e-3, 100.0),
    ):
        if not (math.isfinite(value) and low <= value <= high):
            raise SettingsError(f"{value:g}", where=where, remedy=f"give a value from {low:g} to {high:g}")
    return PhononPlan(
        name=Path(structure).name if named else structure.get_chemical_formula("metal"),
        atoms=atoms,
        card=card,
        potential=potential_document(
            chosen,
            three_body=three_body,
            device=device,
            dtype=dtype or ("float64" if card.kind in _WITH_FLOAT64 else "float32"),
        ),
        temperatures_K=check_phonon_temperatures(temperatures_K),
        supercells=choose_supercells(atoms, supercell, max_atoms=max_atoms),
        displacement_A=float(displacement_A),
        fmax_eV_per_A=float(fmax_eV_per_A),
        keep_symmetry=bool(keep_symmetry),
        tolerance_meV_per_atom=float(tolerance_meV_per_atom),
        quasi_harmonic=bool(quasi_harmonic),
    )


def choose_supercells(
    atoms: Atoms, supercell: str | Sequence[int], *, max_atoms: int
) -> tuple[tuple[int, int, int], ...]:
    """Supercells to compare, from small to large.

    ``auto``: the smallest repeats that bring every lattice parameter above 7, 10, 13, ... A, as long as they have at
    most `max_atoms` atoms. Repeats that were asked for: those, after the ones with one repeat less each way.

    Raises
    ------
    SettingsError
        For no supercell, or where not even the first fits.
    """
    lengths = atoms.cell.lengths()
    if not (isinstance(supercell, str) and supercell.strip() == "auto"):
        a, b, c = supercell_repeats(supercell, lengths)
        less = (max(a - 1, 1), max(b - 1, 1), max(c - 1, 1))
        return ((a, b, c),) if less == (a, b, c) else (less, (a, b, c))
    found: list[tuple[int, int, int]] = []
    for length in LENGTHS_A:
        repeats = supercell_repeats("auto", lengths, min_length_A=length)
        if repeats not in found and len(atoms) * int(np.prod(repeats)) <= max_atoms:
            found.append(repeats)
    if not found:
        least = supercell_repeats("auto", lengths, min_length_A=LENGTHS_A[0])
        raise SettingsError(
            f"the smallest supercell, {'x'.join(map(str, least))}, has {len(atoms) * int(np.prod(least))} atoms",
            where="max_atoms", remedy=f"allow more than {max_atoms}, or name a supercell",
        )  # fmt: skip
    return tuple(found)


def check_phonon_temperatures(temperatures_K: Sequence[float]) -> tuple[float, ...]:
    """The temperatures, sorted.

    Raises
    ------
    SettingsError
        For none, one below 0 K or given twice.
    """
    listed = sorted(float(value) for value in temperatures_K)
    if not listed or not np.isfinite(listed).all() or listed[0] < 0 or len(set(listed)) != len(listed):
        told = ", ".join(f"{value:g}" for value in listed) or "none"
        raise SettingsError(told, where="temperatures", remedy="give kelvin from 0 up, each once")
    return tuple(listed)
