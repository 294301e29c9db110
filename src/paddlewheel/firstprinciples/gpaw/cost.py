"""What a frame costs GPAW, from its atoms, plane waves, bands and k-points: for ``--dry-run``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.firstprinciples.gpaw.calculator import valence_electrons
from paddlewheel.firstprinciples.setups import CalculationSettings, mesh_of_spacing

if TYPE_CHECKING:
    from ase import Atoms

# fitted to the processor seconds of ten r2SCAN labels of NaBH4 (docs/labels.md), from which it is 16 % off at most:
# a start, the spheres of the atoms, the density on its grid, and the bands at each k-point
_START_S, _ATOM_S, _PLANE_WAVE_S, _BAND_S = 2.15, 0.0433, 1.29e-4, 8.42e-5

_eV_A2 = 3.80998
"""hbar^2 / 2 m of an electron, eV A^2."""


def gpaw_cost_s(atoms: Atoms, settings: CalculationSettings) -> float:
    """Processor seconds of energy, forces and stress of a structure without symmetry, in nine electronic steps.

    Other machines, other elements and electrons that take longer to converge make it a matter of a factor of two; PBE
    is cheaper. Above some hundred bands their orthogonality, which is not in it, comes to count.

    Raises
    ------
    SettingsError
        As `calculator.check_gpaw`.
    """
    n_bands = math.ceil(valence_electrons(atoms.get_chemical_symbols(), settings) / 2)
    spins = 2 if settings.spin_polarized else 1
    mesh = np.array(mesh_of_spacing(atoms.cell, settings.k_spacing_per_A))
    # a point and its opposite are one, but for those that are their own opposite: in even divisions the edge, too
    n_k = (mesh.prod() + np.where(mesh % 2 == 0, 2, 1).prod()) // 2
    n_waves = _plane_waves(atoms.get_volume(), settings.cutoff_eV)
    return float(_START_S + _ATOM_S * len(atoms) + spins * n_waves * (_PLANE_WAVE_S + _BAND_S * n_bands * n_k))


def _plane_waves(volume_A3: float, cutoff_eV: float) -> float:
    """How many plane waves of a kinetic energy (hbar k)^2 / 2 m up to the cutoff the cell has: V k^3 / (6 pi^2)."""
    return volume_A3 * (cutoff_eV / _eV_A2) ** 1.5 / (6 * math.pi**2)
