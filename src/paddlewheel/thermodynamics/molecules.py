"""A molecule as an ideal gas by statistical mechanics: translation, rotation and harmonic vibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.thermodynamics.gases import STANDARD_PRESSURE_BAR
from paddlewheel.thermodynamics.harmonic import harmonic_functions
from paddlewheel.thermodynamics.thermal import ThermalFunctions
from paddlewheel.units import (
    ATOMIC_MASS_KG,
    BOLTZMANN_J_PER_K,
    ELEMENTARY_CHARGE_C,
    PLANCK_J_S,
    SPEED_OF_LIGHT_CM_PER_S,
    BOLTZMANN_eV_PER_K,
    PER_CM_IN_eV,
)

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_LINEAR = 1e-3
"""Smallest over largest moment of inertia under which a molecule is linear."""
_COLD = 3.0
"""Rotational temperatures below which half of all J is not the same as the even and the odd ones: 0.1 % of S of H2."""
_BOX_A = 20.0
_LARGEST_FORCE_eV_PER_A = 1e-3


def molecule_functions(
    masses_u: ArrayLike,
    positions_A: ArrayLike,
    wavenumber_per_cm: ArrayLike,
    temperatures_K: ArrayLike,
    *,
    symmetry_number: int,
    nuclear_spin: float | None = None,
    pressure_bar: float = STANDARD_PRESSURE_BAR,
) -> ThermalFunctions:
    """Gibbs energy above the static energy, entropy and Cp per atom of an ideal gas of rigid rotors.

    Translation by Sackur and Tetrode, vibration harmonic (`harmonic_functions`), rotation classical for a molecule with
    three moments of inertia and the exact sum over J for a linear one, which H2 needs: its rotation is not classical
    at room temperature (McQuarrie, Statistical Mechanics, ch. 5 to 8). Nuclear spins only through the symmetry number,
    without the k ln(2I + 1) a nucleus that they always add; electronic ground states without degeneracy.

    That takes J even and odd as equally many, which light molecules with two equal ends are not when it is cold. With
    `nuclear_spin` I the states are counted one by one: of half-integer spin, even J (para) have I / (2I + 1) and odd J
    (ortho) (I + 1) / (2I + 1) of the spin states, in equilibrium with each other; of whole spin the reverse.

    Parameters
    ----------
    masses_u, positions_A
        [n_atoms] and [n_atoms, 3]; two atoms or more.
    wavenumber_per_cm
        [3 n - 6] or [3 n - 5] of the vibrations, all real.
    temperatures_K
        [n] rising, above 0: near 0 K there is no classical gas.
    symmetry_number
        Rotations that leave the molecule as it is: 2 for H2, 4 for B2H6.
    nuclear_spin
        Of the two nuclei that the turn of a linear molecule exchanges: 1/2 for H, 1 for D, 0 for 16O.

    Raises
    ------
    SettingsError
        For a pressure or temperatures that are not above 0, vibrations that are not, or the wrong number of them; for a
        spin that is none, or that is needed: below `_COLD` rotational temperatures (263 K for H2) of a linear molecule
        with two equal ends.
    """
    masses, positions = np.asarray(masses_u, dtype=float), np.asarray(positions_A, dtype=float)
    numbers, temperatures = np.asarray(wavenumber_per_cm, dtype=float), np.asarray(temperatures_K, dtype=float)
    if not (math.isfinite(pressure_bar) and pressure_bar > 0):
        raise SettingsError(f"{pressure_bar:g} bar", where="pressure", remedy="give a pressure above 0")
    if not (temperatures > 0).all():
        raise SettingsError(f"{temperatures.min():g} K", where="temperatures", remedy="give temperatures above 0")
    moments = _moments_u_A2(masses, positions)
    linear = moments[0] < _LINEAR * moments[2]
    expected = 3 * len(masses) - (5 if linear else 6)
    if len(numbers) != expected or not (numbers > 0).all():
        raise SettingsError(
            f"{int((numbers > 0).sum())} real vibrations of {len(masses)} atoms", where="wavenumber_per_cm",
            remedy=f"give {expected}",
        )  # fmt: skip
    weights = _spin_weights(nuclear_spin, linear, symmetry_number)
    coldest, theta = float(temperatures.min()), float(_temperatures_K(moments)[2])
    if linear and symmetry_number == 2 and nuclear_spin is None and coldest < _COLD * theta:
        raise SettingsError(
            f"{coldest:g} K is cold for a rotation of {theta:.0f} K: even and odd J differ", where="nuclear_spin",
            remedy=f"give the spin of the two nuclei that are equal, or {_COLD * theta:.0f} K and more",
        )  # fmt: skip
    vibration = harmonic_functions(numbers[None, :], temperatures, weights=[1.0])
    free, entropy, capacity = (np.zeros(len(temperatures)) for _ in range(3))
    for i, T in enumerate(temperatures):
        translation = _translation(float(masses.sum()), T, pressure_bar)
        rotation = _linear_rotation(theta, T, weights) if linear else _rotation(moments, T, symmetry_number)
        # both in units of k: entropy, enthalpy / kT, heat capacity at constant pressure
        total = np.array(translation) + np.array(rotation)
        entropy[i] = BOLTZMANN_eV_PER_K * total[0]
        free[i] = BOLTZMANN_eV_PER_K * T * (total[1] - total[0])
        capacity[i] = BOLTZMANN_eV_PER_K * total[2]
    n = len(masses)
    return ThermalFunctions(
        temperature_K=temperatures,
        free_energy_eV_per_atom=(free + vibration.free_energy_eV_per_atom) / n,
        entropy_eV_per_K_per_atom=(entropy + vibration.entropy_eV_per_K_per_atom) / n,
        heat_capacity_eV_per_K_per_atom=(capacity + vibration.heat_capacity_eV_per_K_per_atom) / n,
        zero_point_eV_per_atom=vibration.zero_point_eV_per_atom / n,
    )


def molecule_vibrations(
    molecule: Atoms, calculator: Calculator, *, displacement_A: float = 0.005
) -> tuple[Atoms, np.ndarray]:
    """Relax a molecule in a large box and compute its harmonic vibrations with a potential.

    The second derivatives are central differences of the forces; translations and rotations are projected out.

    Returns
    -------
    The relaxed molecule (with its energy), and the wavenumbers [3 n - 6] or [3 n - 5] (1/cm), rising, imaginary ones
    negative.

    Raises
    ------
    ScienceError
        If it cannot be relaxed.
    """
    from ase.optimize import BFGS

    atoms = molecule.copy()
    atoms.set_cell([_BOX_A] * 3)
    atoms.set_pbc(True)
    atoms.center()
    atoms.calc = calculator
    BFGS(atoms, logfile=None).run(fmax=_LARGEST_FORCE_eV_PER_A / 10, steps=500)  # type: ignore[arg-type]
    largest = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    if not largest < _LARGEST_FORCE_eV_PER_A:
        raise ScienceError(f"{molecule.get_chemical_formula()} is not relaxed: {largest:.2g} eV/A left")
    start, n = atoms.get_positions(), len(atoms)
    second = np.zeros((3 * n, 3 * n))
    for k in range(3 * n):
        for sign in (1, -1):
            moved = start.copy()
            moved.ravel()[k] += sign * displacement_A
            atoms.set_positions(moved)
            second[k] -= sign * atoms.get_forces().ravel() / (2 * displacement_A)
    atoms.set_positions(start)
    atoms.get_potential_energy()
    roots = np.repeat(np.sqrt(atoms.get_masses()), 3)
    dynamical = (second + second.T) / 2 / np.outer(roots, roots)
    rigid = _rigid_motions(atoms.get_masses(), start)
    projector = np.eye(3 * n) - rigid @ rigid.T
    squares = np.linalg.eigvalsh(projector @ dynamical @ projector)
    kept = np.delete(squares, np.argsort(np.abs(squares))[: rigid.shape[1]])
    to_wavenumber = math.sqrt(ELEMENTARY_CHARGE_C * 1e20 / ATOMIC_MASS_KG) / (2 * math.pi * SPEED_OF_LIGHT_CM_PER_S)
    return atoms, np.sort(np.sign(kept) * np.sqrt(np.abs(kept))) * to_wavenumber


def _moments_u_A2(masses: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Principal moments of inertia [3], rising."""
    away = positions - masses @ positions / masses.sum()
    tensor = (masses[:, None, None] * ((away**2).sum(axis=1)[:, None, None] * np.eye(3))).sum(axis=0)
    return np.linalg.eigvalsh(tensor - np.einsum("i,ia,ib->ab", masses, away, away))


def _rigid_motions(masses: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Orthonormal mass-weighted translations and rotations [3 n, 5 or 6]."""
    roots = np.sqrt(masses)
    away = positions - masses @ positions / masses.sum()
    motions = [np.outer(roots, axis).ravel() for axis in np.eye(3)]
    motions += [(roots[:, None] * np.cross(axis, away)).ravel() for axis in np.eye(3)]
    vectors, sizes, _ = np.linalg.svd(np.array(motions).T, full_matrices=False)
    return vectors[:, sizes > 1e-6 * sizes.max()]


def _translation(mass_u: float, temperature_K: float, pressure_bar: float) -> tuple[float, float, float]:
    thermal = BOLTZMANN_J_PER_K * temperature_K
    states = (2 * math.pi * mass_u * ATOMIC_MASS_KG * thermal / PLANCK_J_S**2) ** 1.5 * thermal / (pressure_bar * 1e5)
    return math.log(states) + 2.5, 2.5, 2.5


def _rotation(moments: np.ndarray, temperature_K: float, symmetry_number: int) -> tuple[float, float, float]:
    states = math.sqrt(math.pi * float(np.prod(temperature_K / _temperatures_K(moments)))) / symmetry_number
    return math.log(states) + 1.5, 1.5, 1.5


def _spin_weights(nuclear_spin: float | None, linear: bool, symmetry_number: int) -> tuple[float, float]:
    """Share of the nuclear spin states that go with even and with odd J; half and half where they do not matter."""
    if nuclear_spin is None:
        return (1 / symmetry_number, 1 / symmetry_number)
    if nuclear_spin < 0 or 2 * nuclear_spin != round(2 * nuclear_spin):
        raise SettingsError(f"{nuclear_spin:g}", where="nuclear_spin", remedy="give 0, 0.5, 1, ...")
    if not linear or symmetry_number != 2:
        raise SettingsError(
            "the molecule has no two equal ends", where="nuclear_spin", remedy="leave it out, or give symmetry_number=2"
        )
    states = 2 * nuclear_spin + 1
    symmetric, antisymmetric = (nuclear_spin + 1) / states, nuclear_spin / states
    half_integer = round(2 * nuclear_spin) % 2 == 1
    return (antisymmetric, symmetric) if half_integer else (symmetric, antisymmetric)


def _linear_rotation(
    theta: float, temperature_K: float, spin_weights: tuple[float, float]
) -> tuple[float, float, float]:
    levels = np.arange(2 + int(12 * math.sqrt(temperature_K / theta)))
    energies = levels * (levels + 1) * theta / temperature_K
    weights = np.where(levels % 2 == 0, *spin_weights) * (2 * levels + 1) * np.exp(-energies)
    states = float(weights.sum())
    mean, square = float(weights @ energies) / states, float(weights @ energies**2) / states
    return math.log(states) + mean, mean, square - mean**2


def _temperatures_K(moments: np.ndarray) -> np.ndarray:
    """Rotational temperatures [3] of moments of inertia (u A^2)."""
    inertia = np.maximum(moments, 1e-12) * ATOMIC_MASS_KG * 1e-20
    return PLANCK_J_S**2 / (8 * math.pi**2 * inertia * BOLTZMANN_J_PER_K)


def zero_point_eV(wavenumber_per_cm: ArrayLike) -> float:
    """Half the sum of harmonic vibrations."""
    return float(np.sum(wavenumber_per_cm)) / 2 * PER_CM_IN_eV
