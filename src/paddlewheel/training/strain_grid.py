"""The grid of strains and temperatures on which a training set is drawn (the paper's Methods, step 2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from ase import Atoms

PAPER_STRAINS = (-0.1, -0.05, 0.0, 0.05, 0.1)
PAPER_TEMPERATURES_K = (300.0, 450.0, 600.0, 750.0, 900.0)
LARGEST_STRAIN = 0.3


@dataclass(frozen=True, kw_only=True)
class GridPoint:
    """One run: a strained structure at a temperature."""

    structure: str
    strain: float
    temperature_K: float
    atoms: Atoms

    @property
    def name(self) -> str:
        """For people and files: ``nabh4_strain-0.05_T=300K``."""
        return f"{self.structure}_strain{self.strain:+g}_T={self.temperature_K:g}K"


def strained(atoms: Atoms, strain: float) -> Atoms:
    """The structure with every lattice vector times 1 + `strain`, fractional coordinates kept.

    The paper gives "5 strains (0, +-0.05, +-0.1)" and not which; this is pymatgen's `Structure.apply_strain` with one
    number, an isotropic strain of the lengths. The volume changes by -27 to +33 %.
    """
    copy = atoms.copy()
    copy.set_cell(np.array(atoms.cell) * (1 + strain), scale_atoms=True)
    return copy


def strain_grid(
    structures: Mapping[str, Atoms],
    *,
    strains: Sequence[float] = PAPER_STRAINS,
    temperatures_K: Sequence[float] = PAPER_TEMPERATURES_K,
) -> tuple[GridPoint, ...]:
    """Every structure at every strain and temperature; by default the paper's five and five (doi
    10.1016/j.joule.2025.102130, Methods).

    Parameters
    ----------
    structures
        Relaxed structures by name.
    strains
        Fractions of the lattice parameters, within +-`LARGEST_STRAIN`.
    temperatures_K
        Above 0.

    Raises
    ------
    SettingsError
        For none or a repeated one, or one outside its range.
    """
    check_grid(strains, temperatures_K)
    return tuple(
        GridPoint(structure=name, strain=float(strain), temperature_K=float(value), atoms=strained(atoms, strain))
        for name, atoms in structures.items()
        for strain in strains
        for value in temperatures_K
    )


def check_grid(strains: Sequence[float], temperatures_K: Sequence[float]) -> None:
    """Refuse a grid that cannot be run; see `strain_grid`."""
    for name, values in (("strains", strains), ("temperatures", temperatures_K)):
        if not values or len(set(values)) != len(values):
            raise SettingsError(f"{list(values)}", where=name, remedy="give at least one, each once")
    for strain in strains:
        if not (math.isfinite(strain) and abs(strain) <= LARGEST_STRAIN):
            raise SettingsError(
                f"{strain:g} is beyond +-{LARGEST_STRAIN:g}", where="strains", remedy="give fractions, 0.05 for 5 %"
            )
    for value in temperatures_K:
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(f"{value:g} K is no temperature", where="temperatures", remedy="give kelvin above 0")
