"""A crystalline phase as diffraction sees it, and its reflections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

CrystalSystem = Literal["triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic"]
"""What lengths and angles of the cell are free; trigonal on hexagonal axes is ``hexagonal``, ``trigonal`` has
rhombohedral axes; monoclinic has its unique axis where the angle is not 90 degrees (b where all are)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Phase:
    """The atoms of one cell, all of them (symmetry applied).

    Attributes
    ----------
    cell
        a, b, c in A and alpha, beta, gamma in degrees; [6].
    space_group
        Hermann-Mauguin symbol of the setting.
    rotations
        Rotations of the point group with inversion added (the Laue group), on fractional reciprocal indices:
        hkl' = hkl @ R; [n_operations, 3, 3], integers.
    elements
        Symbol of each atom, ``D`` for deuterium; neutral atoms.
    fractional, occupancy
        Places; share of the place that this atom takes (with a shell: how many atoms it has); [n_atoms, 3], [n_atoms].
    b_iso_A2
        Isotropic displacement, B = 8 pi^2 <u^2>; [n_atoms].
    formula, formula_units
        Formula of one unit, and how many units the cell has (Z) where file or card say it; None: the unit is the
        smallest whole formula.
    shell_radius_A
        Radius of the sphere that the atom is spread over evenly, about its place: an anion that turns freely.
        0 for an atom at its place; None where all are; [n_atoms].
    """

    name: str
    source: str
    formula: str
    cell: np.ndarray
    crystal_system: CrystalSystem
    space_group: str
    rotations: np.ndarray
    elements: tuple[str, ...]
    fractional: np.ndarray
    occupancy: np.ndarray
    b_iso_A2: np.ndarray
    shell_radius_A: np.ndarray | None = None
    warnings: tuple[str, ...] = ()
    formula_units: int | None = None

    @property
    def volume_A3(self) -> float:
        """Volume of the cell."""
        return cell_volume_A3(self.cell)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reflections:
    """Reflections of a phase that differ in d or in intensity, by falling d.

    Attributes
    ----------
    hkl
        One of each set of equivalent ones (Friedel pairs are equivalent); [n, 3], integers.
    multiplicity
        How many the set has; [n].
    structure_factor_squared
        Mean |F|^2 of the set with f0 + f' + i f'' and exp(-B s^2), in electrons^2 of one cell; [n].
    """

    hkl: np.ndarray
    multiplicity: np.ndarray
    structure_factor_squared: np.ndarray


def metric_of(cell: np.ndarray) -> np.ndarray:
    """Metric tensor [3, 3] in A^2 of a cell a, b, c, alpha, beta, gamma."""
    cosines = np.cos(np.radians(cell[3:]))
    angles = np.array([[1, cosines[2], cosines[1]], [cosines[2], 1, cosines[0]], [cosines[1], cosines[0], 1]])
    return np.outer(cell[:3], cell[:3]) * angles


def cell_volume_A3(cell: np.ndarray) -> float:
    """Volume of a cell a, b, c, alpha, beta, gamma."""
    cosines = np.cos(np.radians(cell[3:]))
    return float(np.prod(cell[:3]) * np.sqrt(1 - (cosines**2).sum() + 2 * cosines.prod()))


def d_spacing_A(hkl: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Distance of the planes hkl, [n, 3], of a cell (a, b, c in A; angles in degrees); [n]."""
    return 1 / np.sqrt(np.einsum("ni,ij,nj->n", hkl, np.linalg.inv(metric_of(cell)), hkl))
