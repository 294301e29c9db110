"""Masses of whole anions, scaled: heavier anions turn more slowly, and nothing else in the crystal changes.

The potential does not see masses, so equilibrium averages (density, mean energy, g(r), occupancies) stay what they are,
and only the dynamics change. The gedankenexperiment of Oh et al., doi 10.1016/j.joule.2025.102130, figure 3c.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.anions import BOND_TOLERANCE_A, BONDING_ELEMENTS, Polyanion, find_polyanions
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms


@dataclass(frozen=True)
class AnionType:
    """All anions of one formula.

    Attributes
    ----------
    formula
        `BH4`, `B12H12`, `PS4`; the symbol for single atoms (`Cl`).
    polyanions
        The molecules; empty for single atoms.
    indices
        Every atom of every one of them, ascending, `[n]`.
    """

    formula: str
    polyanions: tuple[Polyanion, ...]
    indices: np.ndarray

    @property
    def n_anions(self) -> int:
        """How many there are in the cell."""
        return len(self.polyanions) or len(self.indices)


def find_anion_types(atoms: Atoms, *, mobile: str | None = None) -> list[AnionType]:
    """The types of anions in a structure, in alphabetical order.

    Molecules by `find_polyanions`, and single atoms of non-metals that bond to nothing (Cl-, S2-). Networks (SiO2)
    are no anions.

    Parameters
    ----------
    atoms
        A periodic structure.
    mobile
        Symbol of the mobile ion, which is never part of an anion.
    """
    symbols = np.asarray(atoms.get_chemical_symbols())
    still = np.flatnonzero(symbols != mobile)
    polyanions: dict[str, list[Polyanion]] = defaultdict(list)
    members: dict[str, list[int]] = defaultdict(list)
    for found in find_polyanions(atoms[still]) if len(still) else []:
        here = _renumbered(found, still)
        polyanions[here.formula].append(here)
        members[here.formula] += here.indices
    for index in _single_atoms(atoms, still):
        members[str(symbols[index])].append(index)
    return [
        AnionType(formula, tuple(polyanions[formula]), np.array(sorted(members[formula])))
        for formula in sorted(members)
    ]


def scale_anion_masses(atoms: Atoms, factors: Mapping[str, float], *, mobile: str | None = None) -> Atoms:
    """A copy of the structure in which the masses of all atoms of the anions named are multiplied.

    Every atom of an anion gets the same factor, so its mass and its moments of inertia grow by that factor, and its
    shape and centre of mass stay.

    Parameters
    ----------
    atoms
        A periodic structure.
    factors
        Factor of each anion's masses, by its formula (`{"BH4": 4, "B12H12": 10}`).
    mobile
        Symbol of the mobile ion.

    Raises
    ------
    SettingsError
        For a factor that is not a positive finite number, or an anion that is not there (those there are named).
    """
    types = {found.formula: found for found in find_anion_types(atoms, mobile=mobile)}
    masses_u = atoms.get_masses()
    for formula, factor in factors.items():
        if not (math.isfinite(factor) and factor > 0):
            raise SettingsError(f"{factor:g} for {formula}", where="mass factor", remedy="give a number above 0")
        if formula not in types:
            there = ", ".join(types) or "none"
            raise SettingsError(f"no anion {formula} in the structure (there are: {there})", where="anions",
                                remedy="name one of them")  # fmt: skip
        masses_u[types[formula].indices] *= factor
    scaled = atoms.copy()
    scaled.set_masses(masses_u)  # type: ignore[arg-type]
    return scaled


def _renumbered(anion: Polyanion, still: np.ndarray) -> Polyanion:
    """The anion of a subset of atoms, with the indices of the whole structure."""
    return Polyanion(
        indices=tuple(int(index) for index in still[list(anion.indices)]),
        formula=anion.formula,
        centre=None if anion.centre is None else int(still[anion.centre]),
        bonds=still[anion.bonds],
        bond_lengths_A=anion.bond_lengths_A,
        shifts=anion.shifts,
    )


def _single_atoms(atoms: Atoms, still: np.ndarray) -> list[int]:
    """Non-metal atoms among `still` with no other of them in bonding distance."""
    from ase.data import covalent_radii

    symbols = np.asarray(atoms.get_chemical_symbols())
    candidates = still[np.isin(symbols[still], sorted(BONDING_ELEMENTS))]
    if not len(candidates):
        return []
    subset = atoms[candidates]
    radii = covalent_radii[np.asarray(subset.numbers)]
    pairs = pairs_within(subset, cutoff_A=float(2 * radii.max() + BOND_TOLERANCE_A))
    bonded = pairs.distances_A < radii[pairs.first] + radii[pairs.second] + BOND_TOLERANCE_A
    taken = set(pairs.first[bonded].tolist()) | set(pairs.second[bonded].tolist())
    return [int(atom) for i, atom in enumerate(candidates.tolist()) if i not in taken]
