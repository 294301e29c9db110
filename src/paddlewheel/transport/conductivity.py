"""Ionic conductivity from the diffusivity of single ions (that of their charge together: `onsager.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.diffusion import DiffusivityEstimate, Status
from paddlewheel.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, S_PER_M_IN_MS_PER_CM


@dataclass(frozen=True)
class Conductivity:
    """Conductivity in mS/cm with the errors of the diffusivity it comes from; None where that has none."""

    status: Status
    reason: str | None
    value_mS_per_cm: float | None
    std_mS_per_cm: float | None
    interval_68_mS_per_cm: tuple[float, float] | None
    interval_95_mS_per_cm: tuple[float, float] | None
    upper_bound_95_mS_per_cm: float | None


def conductivity_per_diffusivity(*, n_ions: int, mean_volume_A3: float, charge_e: float, temperature_K: float) -> float:
    """Nernst-Einstein factor n (Z e)^2 / (k T), in mS/cm per cm^2/s.

    Raises
    ------
    SettingsError
        A temperature, volume or number of ions that is not positive, or no charge.
    """
    for name, number in (("temperature", temperature_K), ("mean volume", mean_volume_A3), ("number of ions", n_ions)):
        if not (np.isfinite(number) and number > 0):
            raise SettingsError(f"{name} {number} is not positive")
    if not (np.isfinite(charge_e) and charge_e != 0):
        raise SettingsError(f"charge {charge_e} e carries no current", remedy="give the oxidation state of the ion")
    per_m3 = n_ions / (mean_volume_A3 * 1e-30)
    siemens_per_m = per_m3 * (charge_e * ELEMENTARY_CHARGE_C) ** 2 / (BOLTZMANN_J_PER_K * temperature_K)
    return siemens_per_m * 1e-4 * S_PER_M_IN_MS_PER_CM  # D from cm^2/s to m^2/s


def tracer_conductivity(
    diffusivity: DiffusivityEstimate, *, n_ions: int, mean_volume_A3: float, charge_e: float, temperature_K: float
) -> Conductivity:
    """Nernst-Einstein conductivity n (Z e)^2 D / (k T).

    Parameters
    ----------
    diffusivity
        Of the mobile ions.
    n_ions, mean_volume_A3
        Number of mobile ions in the cell and the mean volume of the cell.
    charge_e
        Oxidation state of the ion.
    temperature_K
        Temperature of the run.

    Raises
    ------
    SettingsError
        As `conductivity_per_diffusivity`.
    """
    factor = conductivity_per_diffusivity(
        n_ions=n_ions, mean_volume_A3=mean_volume_A3, charge_e=charge_e, temperature_K=temperature_K
    )
    return Conductivity(
        status=diffusivity.status,
        reason=diffusivity.reason,
        value_mS_per_cm=_times(factor, diffusivity.value_cm2_per_s),
        std_mS_per_cm=_times(factor, diffusivity.std_cm2_per_s),
        interval_68_mS_per_cm=_both_times(factor, diffusivity.interval_68_cm2_per_s),
        interval_95_mS_per_cm=_both_times(factor, diffusivity.interval_95_cm2_per_s),
        upper_bound_95_mS_per_cm=_times(factor, diffusivity.upper_bound_95_cm2_per_s),
    )


def _times(factor: float, number: float | None) -> float | None:
    return None if number is None else factor * number


def _both_times(factor: float, interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (factor * interval[0], factor * interval[1])
