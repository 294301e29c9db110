"""Phonons by finite displacements (phonopy), and how far two densities of states are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.crystals.supercell import Repeats, as_matrix
from paddlewheel.units import THZ_IN_PER_CM

if TYPE_CHECKING:
    from ase import Atoms

IMAGINARY_BELOW_PER_CM = -5.0
"""Acoustic modes at Gamma come out a little off zero; only modes below this count as imaginary."""


@dataclass(frozen=True)
class PhononModes:
    """Frequencies on a mesh of wave vectors.

    Attributes
    ----------
    wavenumber_per_cm
        [n_q, 3 n_atoms], imaginary ones negative.
    weights
        [n_q], which sum to 1.
    """

    wavenumber_per_cm: np.ndarray
    weights: np.ndarray

    @property
    def imaginary_share(self) -> float:
        """Share of the modes that are imaginary."""
        below = (self.wavenumber_per_cm < IMAGINARY_BELOW_PER_CM).mean(axis=1)
        return float(self.weights @ below)

    @property
    def lowest_per_cm(self) -> float:
        """The lowest frequency."""
        return float(self.wavenumber_per_cm.min())


@dataclass(frozen=True)
class DOSDifference:
    """How far two densities of states are apart.

    Attributes
    ----------
    share
        Share of the modes whose place the other has elsewhere: half of the integral of |g1 - g2| over that of g1.
    shift_per_cm
        Mean distance by which modes have to be moved to turn one into the other (the Wasserstein distance).
    """

    share: float
    shift_per_cm: float


def displaced_supercells(
    atoms: Atoms, repeats: Repeats, *, displacement_A: float, primitive: Literal["P", "auto"] = "P"
) -> tuple[Any, list[Atoms]]:
    """Supercells with one atom displaced, as few as the symmetry allows.

    Parameters
    ----------
    atoms
        The relaxed unit cell.
    repeats
        Of the supercell: along a, b, c, or a matrix of integers.
    displacement_A
        Length of the displacements.
    primitive
        The cell that modes are counted in: the one given (P), or one that is primitive, which phonopy finds in it.

    Returns
    -------
    phonopy's object, for `phonon_modes`, and the supercells whose forces it needs.
    """
    from ase import Atoms as ASEAtoms
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms
    from phonopy.structure.cells import guess_primitive_matrix

    cell = PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(),
        cell=np.array(atoms.cell),
        scaled_positions=atoms.get_scaled_positions(),
        masses=atoms.get_masses(),
    )
    # phonopy's matrix acts on vectors as columns
    matrix: Any = "P"
    if primitive == "auto":
        found = guess_primitive_matrix(cell)
        matrix = "P" if np.linalg.det(found) > 1 - 1e-6 else found  # a primitive cell stays what it is
    phonon = Phonopy(cell, supercell_matrix=as_matrix(repeats).T, primitive_matrix=matrix)
    # plus and minus: the part of the force that is even in the displacement, and what is left at the minimum, cancel
    phonon.generate_displacements(distance=displacement_A, is_plusminus=True)
    cells = [
        ASEAtoms(symbols=cell.symbols, scaled_positions=cell.scaled_positions, cell=cell.cell, pbc=True)
        for cell in phonon.supercells_with_displacements or []
        if cell is not None
    ]
    return phonon, cells


def primitive_cell(phonon: Any) -> Atoms:
    """The cell that phonopy counts modes in."""
    from ase import Atoms as ASEAtoms

    cell = phonon.primitive
    return ASEAtoms(symbols=cell.symbols, scaled_positions=cell.scaled_positions, cell=cell.cell, pbc=True)


def phonon_modes(phonon: Any, forces_eV_per_A: np.ndarray, *, mesh_length_A: float = 40.0) -> PhononModes:
    """Frequencies from the forces [n_supercells, n_atoms, 3] of `displaced_supercells`, in its order.

    The mesh of wave vectors is phonopy's for `mesh_length_A`: about that length divided by each lattice parameter. The
    acoustic sum rule and the symmetry of the force constants are imposed.
    """
    phonon.forces = forces_eV_per_A
    phonon.produce_force_constants()
    phonon.symmetrize_force_constants()
    return modes_on_mesh(phonon, mesh_length_A=mesh_length_A)


def modes_on_mesh(phonon: Any, *, mesh_length_A: float) -> PhononModes:
    """Frequencies on phonopy's mesh for `mesh_length_A` of a crystal whose force constants are known.

    The three modes at Gamma that are nearest to zero are the translations: they are set to zero.
    """
    phonon.run_mesh(mesh_length_A)
    weights = np.asarray(phonon.mesh.weights, dtype=float)
    numbers = np.array(phonon.mesh.frequencies) * THZ_IN_PER_CM
    for point in np.flatnonzero(np.abs(phonon.mesh.qpoints).max(axis=1) < 1e-9):
        numbers[point, np.argsort(np.abs(numbers[point]))[:3]] = 0.0
    return PhononModes(numbers, weights / weights.sum())


def gaussian_dos(modes: PhononModes, grid_per_cm: np.ndarray, *, sigma_per_cm: float) -> np.ndarray:
    """Density of states [n_grid] (modes per 1/cm of the cell): each mode a Gaussian; the integral is 3 n_atoms."""
    dos = np.zeros(len(grid_per_cm))
    for weight, wavenumbers in zip(modes.weights, modes.wavenumber_per_cm, strict=True):
        distance = (grid_per_cm[:, None] - wavenumbers) / sigma_per_cm
        dos += weight * np.exp(-0.5 * distance**2).sum(axis=1)
    return dos / (sigma_per_cm * np.sqrt(2 * np.pi))


def common_grid(modes: Sequence[PhononModes], *, sigma_per_cm: float) -> np.ndarray:
    """Wavenumbers over all modes, five widths beyond them, in steps of a third of the width."""
    low = min(mode.wavenumber_per_cm.min() for mode in modes) - 5 * sigma_per_cm
    high = max(mode.wavenumber_per_cm.max() for mode in modes) + 5 * sigma_per_cm
    return np.arange(low, high + sigma_per_cm, sigma_per_cm / 3)


def compare_dos(grid_per_cm: np.ndarray, one: np.ndarray, other: np.ndarray) -> DOSDifference:
    """Compare two densities of states [n_grid] on the same evenly spaced grid.

    The mean shift is the integral of the distance of the two cumulated distributions, both normalized to 1
    (Wasserstein's first distance in one dimension).
    """
    step = float(grid_per_cm[1] - grid_per_cm[0])
    one, other = one / (one.sum() * step), other / (other.sum() * step)
    cumulated = np.abs(np.cumsum(one - other)) * step
    return DOSDifference(
        share=float(0.5 * np.abs(one - other).sum() * step), shift_per_cm=float(cumulated.sum() * step)
    )
