"""Chemical diffusivity from a Warburg element, with the assumptions that its formula makes.

The formulas are those of one electrode. Two equal ones stand in series: half of the sigma measured is that of each, and
D, which goes as 1 / sigma^2, is four times as large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.units import FARADAY_C_PER_MOL, GAS_CONSTANT_J_PER_MOL_K

_SIGMA = {1: "sigma", 2: "sigma / 2"}
_OF_WHAT = {1: "all of sigma is that of one electrode", 2: "two equal electrodes, sigma / 2 each"}


@dataclass(frozen=True)
class Diffusivity:
    """A chemical diffusivity in cm2/s, its standard uncertainty, and how it was found."""

    value_cm2_per_s: float
    std_cm2_per_s: float
    formula: str
    assumptions: str


def from_slope(
    warburg_ohm_per_sqrt_s: float,
    std_ohm_per_sqrt_s: float,
    *,
    area_cm2: float,
    area_relative_std: float = 0.0,
    dE_dx_V: float,
    molar_volume_cm3_per_mol: float,
    charge_number: float = 1.0,
    electrodes: int = 1,
) -> Diffusivity:
    """D = [V_m |dE/dx| / (z F A sigma)]^2 / 2 for an insertion electrode (Weppner and Huggins, doi 10.1149/1.2133112).

    Parameters
    ----------
    warburg_ohm_per_sqrt_s, std_ohm_per_sqrt_s
        sigma of Z = sigma (1 - i) / sqrt(w).
    area_cm2, area_relative_std
        Contact area of electrode and electrolyte.
    dE_dx_V
        Slope of the open-circuit voltage against the content x of the formula unit.
    molar_volume_cm3_per_mol
        Of the electrode's formula unit.
    charge_number
        Of the ion.
    electrodes
        1, or 2 equal ones in series, each with half of sigma.

    Raises
    ------
    SettingsError
        For an input that is not above zero.
    """
    _check(area_cm2=area_cm2, molar_volume_cm3_per_mol=molar_volume_cm3_per_mol, charge_number=charge_number,
           dE_dx_V=abs(dE_dx_V))  # fmt: skip
    ratio = electrodes * molar_volume_cm3_per_mol * abs(dE_dx_V) / (
        charge_number * FARADAY_C_PER_MOL * area_cm2 * warburg_ohm_per_sqrt_s
    )  # fmt: skip
    return _diffusivity(
        ratio,
        std_ohm_per_sqrt_s / warburg_ohm_per_sqrt_s,
        area_relative_std,
        f"D = [V_m |dE/dx| / (z F A {_SIGMA[electrodes]})]^2 / 2",
        "semi-infinite diffusion in one dimension into the electrode, of which the whole contact area takes part; "
        "dE/dx at this composition; no phase change; the electrolyte supplies no diffusion impedance of its own; "
        + _OF_WHAT[electrodes],
    )


def from_concentration(
    warburg_ohm_per_sqrt_s: float,
    std_ohm_per_sqrt_s: float,
    *,
    area_cm2: float,
    area_relative_std: float = 0.0,
    concentration_mol_per_cm3: float,
    temperature_K: float,
    charge_number: float = 1.0,
    electrodes: int = 1,
) -> Diffusivity:
    """D = [R T / (z^2 F^2 A c sigma)]^2 / 2 for one diffusing species of concentration c (Bard and Faulkner, ch. 10).

    Raises
    ------
    SettingsError
        For an input that is not above zero.
    """
    _check(area_cm2=area_cm2, concentration_mol_per_cm3=concentration_mol_per_cm3, charge_number=charge_number)
    ratio = electrodes * GAS_CONSTANT_J_PER_MOL_K * temperature_K / (
        (charge_number * FARADAY_C_PER_MOL) ** 2 * area_cm2 * concentration_mol_per_cm3 * warburg_ohm_per_sqrt_s
    )  # fmt: skip
    return _diffusivity(
        ratio,
        std_ohm_per_sqrt_s / warburg_ohm_per_sqrt_s,
        area_relative_std,
        f"D = [R T / (z^2 F^2 A c {_SIGMA[electrodes]})]^2 / 2",
        "semi-infinite diffusion in one dimension of one species of ideal activity (thermodynamic factor 1), "
        "reversible transfer at the electrode, the whole contact area taking part; " + _OF_WHAT[electrodes],
    )


def from_time(tau_s: float, std_s: float, *, length_cm: float) -> Diffusivity:
    """D = l^2 / tau of a finite-length element (Ws, Wo), l the length that is diffused through.

    Raises
    ------
    SettingsError
        For a length that is not above zero.
    """
    _check(length_cm=length_cm)
    value = length_cm**2 / tau_s
    return Diffusivity(
        value, value * std_s / tau_s, "D = l^2 / tau", "diffusion in one dimension over the length l given"
    )


def _diffusivity(
    ratio: float, sigma_relative: float, area_relative: float, formula: str, assumptions: str
) -> Diffusivity:
    value = 0.5 * ratio**2
    return Diffusivity(value, value * 2 * float(np.hypot(sigma_relative, area_relative)), formula, assumptions)


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise SettingsError(f"{value:g} is not above zero", where=name, remedy="give it in the unit of its name")
