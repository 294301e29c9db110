"""Ionic conductivity from diffusivity: of single ions, of their charge together, and the ratio of the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.diffusion import (
    DEFAULT_HOP_DISTANCE_A,
    DiffusivityEstimate,
    Status,
    estimate_diffusivity,
    log_interval,
)
from paddlewheel.transport.msd import checked_positions
from paddlewheel.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, S_PER_M_IN_MS_PER_CM

if TYPE_CHECKING:
    from collections.abc import Sequence


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


@dataclass(frozen=True)
class HavenRatio:
    """Tracer over collective conductivity; None, with a reason, where either is not known."""

    value: float | None
    std: float | None
    interval_95: tuple[float, float] | None
    reason: str | None


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
        Of the mobile ions; or of their charge displacement, for the collective conductivity.
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


def collective_diffusivity(
    replicas: Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    hop_distance_A: float = DEFAULT_HOP_DISTANCE_A,
    minimum_onset_ps: float = 0.0,
) -> DiffusivityEstimate:
    """Diffusivity of the charge: that of `sum_i r_i / sqrt(n_ions)` (all mobile ions bear the same charge).

    Put into `tracer_conductivity` it gives the collective conductivity (Einstein-Helfand; France-Lanord and
    Grossman, doi 10.1103/PhysRevLett.122.136001). It equals the tracer diffusivity where ions move
    independently. There is one such displacement a run, not one an ion, so its error is larger by about
    sqrt(n_ions). Parameters and errors as `estimate_diffusivity`.
    """
    trajectories = [checked_positions(one) for one in replicas]
    sums = [one.sum(axis=1, keepdims=True) / np.sqrt(one.shape[1]) for one in trajectories]
    return estimate_diffusivity(
        sums, frame_interval_fs=frame_interval_fs, hop_distance_A=hop_distance_A, minimum_onset_ps=minimum_onset_ps
    )


def haven_ratio(tracer: DiffusivityEstimate, collective: DiffusivityEstimate) -> HavenRatio:
    """Haven ratio sigma_tracer / sigma_collective = D_tracer / D_collective (Murch, doi 10.1016/0167-2738(82)90050-9).

    The errors of the two are added in the logarithm, as if independent: that of the collective one is the larger by
    far. `std` is half of the 68 % interval.
    """
    for name, one in (("tracer", tracer), ("collective", collective)):
        if one.status != "ok":
            return HavenRatio(None, None, None, f"{name} diffusivity: {one.reason}")
    assert tracer.value_cm2_per_s is not None
    assert tracer.interval_68_cm2_per_s is not None
    assert collective.value_cm2_per_s is not None
    assert collective.interval_68_cm2_per_s is not None
    assert collective.degrees_of_freedom is not None
    value = tracer.value_cm2_per_s / collective.value_cm2_per_s
    logs = [np.log(one[1] / one[0]) / 2 for one in (tracer.interval_68_cm2_per_s, collective.interval_68_cm2_per_s)]
    spread = float(np.hypot(*logs))
    from scipy.special import stdtrit

    student = float(stdtrit(collective.degrees_of_freedom, 0.8413447))
    return HavenRatio(
        value,
        value * float(np.sinh(spread)),
        log_interval(value, value * spread / student, collective.degrees_of_freedom, 0.95),
        None,
    )


def _times(factor: float, number: float | None) -> float | None:
    return None if number is None else factor * number


def _both_times(factor: float, interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (factor * interval[0], factor * interval[1])
