"""Thermal functions of a phase against temperature, whatever they come from: phonons, a gas, a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError


@dataclass(frozen=True, eq=False, kw_only=True)
class ThermalFunctions:
    """Thermal functions of one phase, per atom.

    Attributes
    ----------
    temperature_K
        [n] rising, not negative.
    free_energy_eV_per_atom
        [n] free energy above the static energy, zero-point energy included: Helmholtz for a solid at fixed volume
        (physics.md, section 5), Gibbs for a gas at its pressure.
    entropy_eV_per_K_per_atom
        [n] -dF/dT.
    heat_capacity_eV_per_K_per_atom
        [n] at constant volume for a solid, at constant pressure for a gas.
    zero_point_eV_per_atom
        Part of the free energy at 0 K.
    """

    temperature_K: np.ndarray
    free_energy_eV_per_atom: np.ndarray
    entropy_eV_per_K_per_atom: np.ndarray
    heat_capacity_eV_per_K_per_atom: np.ndarray
    zero_point_eV_per_atom: float

    def __post_init__(self) -> None:
        temperature = np.asarray(self.temperature_K, dtype=float)
        if (
            temperature.ndim != 1
            or not len(temperature)
            or (temperature < 0).any()
            or (np.diff(temperature) <= 0).any()
        ):
            raise SettingsError(f"{temperature}", where="temperature_K", remedy="give rising temperatures from 0 K up")
        for name in (
            "free_energy_eV_per_atom", "entropy_eV_per_K_per_atom", "heat_capacity_eV_per_K_per_atom"
        ):  # fmt: skip
            if np.shape(getattr(self, name)) != temperature.shape:
                raise SettingsError(f"{np.shape(getattr(self, name))} values", where=name, remedy="one a temperature")
