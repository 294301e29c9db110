"""Thermal functions of independent harmonic oscillators."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from paddlewheel.thermodynamics.thermal import ThermalFunctions
from paddlewheel.units import BOLTZMANN_eV_PER_K, PER_CM_IN_eV


def harmonic_functions(
    wavenumber_per_cm: ArrayLike, temperatures_K: ArrayLike, *, weights: ArrayLike, n_atoms: float = 1.0
) -> ThermalFunctions:
    """Free energy, entropy and heat capacity of harmonic modes, divided by `n_atoms`.

    With e = hc times the wavenumber, x = e / kT and n = 1 / (exp(x) - 1), summed over the modes with their weights::

        F  = e / 2 + kT ln(1 - exp(-x))
        S  = -k ln(1 - exp(-x)) + e n / T
        Cv = k x^2 n (n + 1)

    F is eq. 1 of Oh et al. (doi 10.1016/j.joule.2025.102130) without the static energy. Their eq. 2 prints the last
    term of S with a minus; it has to be a plus, or S is not -dF/dT and Cv not T dS/dT.

    Parameters
    ----------
    wavenumber_per_cm
        [n_q, n_modes] or [n_q], all above 0: what to do with imaginary modes is the caller's to say.
    temperatures_K
        [n] rising, from 0 up.
    weights
        [n_q], how often each row counts.

    Raises
    ------
    SettingsError
        For temperatures that do not rise from 0 K up.
    """
    temperatures = np.asarray(temperatures_K, dtype=float)
    energies = np.asarray(wavenumber_per_cm, dtype=float) * PER_CM_IN_eV
    energies = energies.reshape(len(energies), -1)
    shares = np.asarray(weights, dtype=float) / n_atoms
    zero_point = float(shares @ (energies / 2).sum(axis=1))
    free = np.full(len(temperatures), zero_point)
    entropy, capacity = np.zeros(len(temperatures)), np.zeros(len(temperatures))
    for i, temperature in enumerate(temperatures):
        if temperature <= 0:
            continue
        kT = BOLTZMANN_eV_PER_K * temperature
        x = energies / kT
        # beyond 700 the exponential leaves float64; such a mode is in its ground state
        decay = np.exp(-np.minimum(x, 700.0))
        occupation = decay / -np.expm1(-x)
        logarithm = np.log(-np.expm1(-x))
        free[i] += shares @ (kT * logarithm).sum(axis=1)
        entropy[i] = shares @ (BOLTZMANN_eV_PER_K * (x * occupation - logarithm)).sum(axis=1)
        capacity[i] = shares @ (BOLTZMANN_eV_PER_K * x**2 * occupation * (occupation + 1)).sum(axis=1)
    return ThermalFunctions(
        temperature_K=temperatures,
        free_energy_eV_per_atom=free,
        entropy_eV_per_K_per_atom=entropy,
        heat_capacity_eV_per_K_per_atom=capacity,
        zero_point_eV_per_atom=zero_point,
    )
