"""The quasi-harmonic approximation: the volume that minimizes the free energy at each temperature."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.thermodynamics.thermal import ThermalFunctions

_LEAST_VOLUMES = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class QuasiHarmonic:
    """Equilibrium at zero pressure, per atom; ends where the volume leaves the range of those computed.

    Attributes
    ----------
    temperature_K
        [n]
    gibbs_energy_eV_per_atom, volume_A3_per_atom, bulk_modulus_GPa
        [n] of the minimum of F(V, T), static energy included.
    thermal_expansion_per_K, heat_capacity_eV_per_K_per_atom
        [n] of the volume, and at constant pressure.
    """

    temperature_K: np.ndarray
    gibbs_energy_eV_per_atom: np.ndarray
    volume_A3_per_atom: np.ndarray
    bulk_modulus_GPa: np.ndarray
    thermal_expansion_per_K: np.ndarray
    heat_capacity_eV_per_K_per_atom: np.ndarray


def quasi_harmonic(
    volumes_A3_per_atom: Sequence[float], static_eV_per_atom: Sequence[float], thermal: Sequence[ThermalFunctions]
) -> QuasiHarmonic:
    """Minimize E(V) + F(V, T) by Vinet's equation of state at each temperature (phonopy's `PhonopyQHA`).

    Parameters
    ----------
    volumes_A3_per_atom, static_eV_per_atom, thermal
        [n_volumes], five or more; `thermal` on the same evenly spaced temperatures, from 0 K, the last two of which
        only serve the derivatives and are not in the result.

    Raises
    ------
    ScienceError
        If there are fewer than five volumes, or the minimum is outside their range from the start.
    """
    from phonopy import PhonopyQHA

    if len(volumes_A3_per_atom) < _LEAST_VOLUMES:
        raise ScienceError(f"{len(volumes_A3_per_atom)} volumes for an equation of state: {_LEAST_VOLUMES} are needed")
    kJ = 96.48533212331
    temperatures = thermal[0].temperature_K
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows of its trial fits, and its own deprecations
        found = PhonopyQHA(
            volumes=np.array(volumes_A3_per_atom),
            electronic_energies=np.array(static_eV_per_atom),
            temperatures=temperatures,
            free_energy=np.array([functions.free_energy_eV_per_atom for functions in thermal]).T * kJ,
            cv=np.array([functions.heat_capacity_eV_per_K_per_atom for functions in thermal]).T * kJ * 1000,
            entropy=np.array([functions.entropy_eV_per_K_per_atom for functions in thermal]).T * kJ * 1000,
            eos="vinet",
        )
    volume = np.asarray(found.volume_temperature)
    low, high = min(volumes_A3_per_atom), max(volumes_A3_per_atom)
    n = min(len(volume), len(found.thermal_expansion))
    outside = np.flatnonzero(~((volume[:n] >= low) & (volume[:n] <= high)))
    if len(outside):
        n = int(outside[0])
    if n < 2:
        raise ScienceError(f"at {temperatures[0]:g} K the volume is already outside of those computed")
    return QuasiHarmonic(
        temperature_K=temperatures[:n],
        gibbs_energy_eV_per_atom=np.asarray(found.gibbs_temperature)[:n],
        volume_A3_per_atom=volume[:n],
        bulk_modulus_GPa=np.asarray(found.bulk_modulus_temperature)[:n],
        thermal_expansion_per_K=np.asarray(found.thermal_expansion)[:n],
        heat_capacity_eV_per_K_per_atom=np.asarray(found.heat_capacity_P_numerical)[:n] / kJ / 1000,
    )
