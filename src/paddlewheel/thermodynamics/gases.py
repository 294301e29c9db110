"""Gases as ideal gases: free energy, entropy and heat capacity from NASA's nine-coefficient polynomials."""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from paddlewheel.errors import SettingsError
from paddlewheel.thermodynamics.thermal import ThermalFunctions
from paddlewheel.units import KJ_PER_MOL_IN_eV, PER_CM_IN_eV

_TABLE = Path(__file__).resolve().parent / "gases.json"
STANDARD_PRESSURE_BAR = 1.0
_REFERENCE_K = 298.15


@dataclass(frozen=True, kw_only=True)
class GasSegment:
    """One range of temperatures of the polynomial: seven coefficients of Cp/R, then the constants of H and of S."""

    low_K: float
    high_K: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Gas:
    """What is known about a molecule as an ideal gas.

    Attributes
    ----------
    name, n_atoms
        Its formula, and the atoms in it.
    formation_enthalpy_kJ_per_mol
        From the elements at 298.15 K.
    enthalpy_increment_kJ_per_mol
        H(298.15 K) - H(0 K).
    zero_point_per_cm
        Zero-point energy, hc per cm, with its source; None where the caller has to give one.
    segments
        Rising in temperature.
    source
        Of the polynomial.
    """

    name: str
    n_atoms: int
    formation_enthalpy_kJ_per_mol: float
    enthalpy_increment_kJ_per_mol: float
    zero_point_per_cm: float | None
    zero_point_source: str | None
    segments: tuple[GasSegment, ...]
    source: str

    @property
    def lowest_K(self) -> float:
        """Lowest temperature of the polynomial."""
        return self.segments[0].low_K

    @property
    def highest_K(self) -> float:
        """Highest temperature of the polynomial."""
        return self.segments[-1].high_K

    def entropy_J_per_mol_K(self, temperature_K: float, *, pressure_bar: float = STANDARD_PRESSURE_BAR) -> float:
        """S(T, p) of one mole; 0 at 0 K."""
        if temperature_K == 0:
            return 0.0
        a = self._segment(temperature_K).coefficients
        t = temperature_K
        s = -a[0] / 2 / t**2 - a[1] / t + a[2] * math.log(t) + a[3] * t + a[4] / 2 * t**2 + a[5] / 3 * t**3
        s += a[6] / 4 * t**4 + a[8]
        return _GAS_CONSTANT * (s - math.log(pressure_bar / STANDARD_PRESSURE_BAR))

    def heat_capacity_J_per_mol_K(self, temperature_K: float) -> float:
        """Cp(T) of one mole."""
        a = self._segment(temperature_K).coefficients
        t = temperature_K
        return _GAS_CONSTANT * sum(a[k] * t ** (k - 2) for k in range(7))

    def enthalpy_kJ_per_mol(self, temperature_K: float) -> float:
        """H(T) - H(0 K) of one mole; 0 at 0 K, whatever the range of the polynomial."""
        if temperature_K == 0:
            return 0.0
        a = self._segment(temperature_K).coefficients
        t = temperature_K
        h = -a[0] / t + a[1] * math.log(t) + sum(a[k] / (k - 1) * t ** (k - 1) for k in range(2, 7)) + a[7]
        above_298 = _GAS_CONSTANT * h / 1000 - self.formation_enthalpy_kJ_per_mol
        return above_298 + self.enthalpy_increment_kJ_per_mol

    def _segment(self, temperature_K: float) -> GasSegment:
        for segment in self.segments:
            if segment.low_K <= temperature_K <= segment.high_K:
                return segment
        raise SettingsError(
            f"{temperature_K:g} K is outside the data of {self.name}",
            where="temperature",
            remedy=f"stay between {self.lowest_K:g} and {self.highest_K:g} K",
        )


_GAS_CONSTANT = 8.314510
"""J/(mol K), of CODATA 1986, with which the polynomials were made."""


@cache
def _gases() -> dict[str, Gas]:
    document = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        name: Gas(
            name=name,
            segments=tuple(
                GasSegment(low_K=s["low_K"], high_K=s["high_K"], coefficients=tuple(s["coefficients"]))
                for s in entry.pop("segments")
            ),
            **entry,
        )
        for name, entry in document["gases"].items()
    }


def list_gases() -> list[Gas]:
    """The gases that come with the package."""
    return list(_gases().values())


def find_gas(name: str) -> Gas:
    """A gas by its formula, such as H2 or B2H6.

    Raises
    ------
    SettingsError
        If there is none of that name.
    """
    known = _gases()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise SettingsError(f"{name!r} is no gas known here", where="gas", remedy=f"{hint}there are {', '.join(known)}")
    return known[name]


def gas_functions(
    name: str,
    temperatures_K: ArrayLike,
    *,
    pressure_bar: float = STANDARD_PRESSURE_BAR,
    zero_point_eV_per_molecule: float | None = None,
) -> ThermalFunctions:
    """Gibbs energy above the static energy of the molecule, entropy and Cp of an ideal gas, per atom.

    G = zero point + H(T) - H(0) - T S(T, p), with S(T, p) = S(T) - k ln(p / 1 bar); pV = kT is in H.

    Parameters
    ----------
    name
        See `find_gas`.
    temperatures_K
        [n] rising, within the range of the polynomial; 0 K is let in and gives the zero-point energy.
    pressure_bar
        Partial pressure of the gas.
    zero_point_eV_per_molecule
        In place of that of the table, such as half the sum of the potential's own frequencies.

    Raises
    ------
    SettingsError
        For an unknown gas, temperatures outside its data, a pressure that is not above 0, or no zero-point energy.
    """
    gas = find_gas(name)
    if not (math.isfinite(pressure_bar) and pressure_bar > 0):
        raise SettingsError(f"{pressure_bar:g} bar", where="pressure", remedy="give a pressure above 0")
    zero_point = zero_point_eV_per_molecule
    if zero_point is None:
        if gas.zero_point_per_cm is None:
            raise SettingsError(f"no zero-point energy of {name} is known here", where="gas", remedy="give one")
        zero_point = gas.zero_point_per_cm * PER_CM_IN_eV
    temperatures = np.asarray(temperatures_K, dtype=float)
    free, entropy, capacity = (np.zeros(len(temperatures)) for _ in range(3))
    free += zero_point
    for i, temperature in enumerate(temperatures):
        if temperature == 0:
            continue
        entropy[i] = gas.entropy_J_per_mol_K(temperature, pressure_bar=pressure_bar) / 1000 * KJ_PER_MOL_IN_eV
        capacity[i] = gas.heat_capacity_J_per_mol_K(temperature) / 1000 * KJ_PER_MOL_IN_eV
        free[i] += gas.enthalpy_kJ_per_mol(temperature) * KJ_PER_MOL_IN_eV - temperature * entropy[i]
    return ThermalFunctions(
        temperature_K=temperatures,
        free_energy_eV_per_atom=free / gas.n_atoms,
        entropy_eV_per_K_per_atom=entropy / gas.n_atoms,
        heat_capacity_eV_per_K_per_atom=capacity / gas.n_atoms,
        zero_point_eV_per_atom=zero_point / gas.n_atoms,
    )
