"""Conductivities at several temperatures, fitted together."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records.base import Interval, Measured, Record

TemperatureStatus = Literal["ok", "not-diffusive", "not-stationary", "broken", "too-short", "extrapolating"]
ROOM_K = 300.0
"""Where every fit is read: the temperature that cells work at."""


class ArrheniusModel(Record):
    """One model of the temperature dependence, for the comparison by AICc."""

    name: Literal["arrhenius", "vogel-fulcher", "one-kink"]
    aicc: float | None
    parameters: dict[str, Measured]
    note: str | None = None


class RefusedTemperature(Record):
    """A temperature left out of the fit, by name and with the reason."""

    temperature_K: float
    status: TemperatureStatus
    reason: str


class ArrheniusResult(Record):
    """The fit of ln(sigma*T) (or ln D), and what it says at 300 K; null values come with `refused`.

    `temperatures_bounding_K` gave no value to the fit but an upper bound; `models` are fitted to the values alone.
    `variance_ratio` is that of all variances over what runs give themselves (`paddlewheel.transport.excess`), as
    `variance_ratio_differences` of replicas and of temperatures about the line show it, joined with a prior;
    `variance_ratio_seen` is without it. `prefactor_known_cm2_per_s` is the 68 % interval in which the prefactor of D
    was taken to lie before any run; `conductivity_300K_95_without_prior_mS_per_cm` is without either.
    `unseen_memory_ln_300K` is the mean of ln(sigma / truth) at 300 K that hops back may make which no run was long
    enough to see: the value lies below the points' own line by the median of it (0.69 times), and its errors hold it.
    `chance_above_1_mS_per_cm` is the probability that the conductivity at 300 K is above 1 mS/cm.
    """

    fitted: Literal["ln(sigma*T)", "ln(D)"]
    activation_energy_eV: Measured | None = None
    activation_energy_95_eV: Interval | None = None
    ln_prefactor: Measured | None = None
    covariance_ln_prefactor_activation_energy: float | None = None
    conductivity_300K_mS_per_cm: Measured | None = None
    conductivity_300K_95_mS_per_cm: Interval | None = None
    conductivity_300K_95_without_prior_mS_per_cm: Interval | None = None
    chance_above_1_mS_per_cm: float | None = None
    chi2_per_dof: float | None = None
    variance_ratio: float | None = None
    variance_ratio_seen: float | None = None
    variance_ratio_differences: int | None = None
    unseen_memory_ln_300K: float | None = None
    prefactor_known_cm2_per_s: Interval | None = None
    temperatures_used_K: list[float] = []
    temperatures_bounding_K: list[float] = []
    temperatures_refused: list[RefusedTemperature] = []
    refused: str | None = None
    models: list[ArrheniusModel] = []
