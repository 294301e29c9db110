"""From the record of `conduct` to what it predicts at the temperature of a measurement: a value, or an upper bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusResult
from paddlewheel.studies.conduct.record import ConductivityRecord, ModelSpread, TemperatureResult
from paddlewheel.units import BOLTZMANN_eV_PER_K

LEAST_PREFACTOR_CM2_PER_S = 1e-4
"""Of the diffusivity of ions that hop: a^2 nu / 6 with hops of 2.5 A tried 10^12 times a second. Where runs saw no
diffusion, no line can be steeper than from here to what they would have seen."""
_S_PER_MS = 1e-3
_BOUNDING = ("not-diffusive", "too-short")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Of one conductor by one potential: the value with its statistical intervals, or an upper bound, S/cm; or
    neither, with the reason."""

    value: Measured | None = None
    upper_bound_S_per_cm: float | None = None
    reason: str | None = None


def predicted(record: ConductivityRecord, *, temperature_K: float) -> Prediction:
    """The line of ln(sigma T) at `temperature_K`; without one the bound of the hottest sane temperature."""
    fit = record.arrhenius
    if fit is not None and fit.conductivity_300K_mS_per_cm is not None:
        value = on_line(fit, temperature_K=temperature_K)
        if value is not None:
            return Prediction(value=value)
    reason = (fit.refused if fit else None) or "no Arrhenius line"
    for row in sorted(record.temperatures, key=lambda row: -row.at_K):
        found = bound_of(row, temperature_K=temperature_K)
        if found is not None:
            return Prediction(upper_bound_S_per_cm=found, reason=reason)
    return Prediction(reason=reason)


def on_line(fit: ArrheniusResult, *, temperature_K: float) -> Measured | None:
    """The value of a fitted line at a temperature, S/cm; None where its parameters are not known.

    The interval at 300 K is carried over: the standard error of ln(sigma T) is that of its two parameters with their
    covariance, var A + var E / (kT)^2 - 2 cov / kT, and intervals of the logarithm go with it.
    """
    at_room, energy, prefactor = fit.conductivity_300K_mS_per_cm, fit.activation_energy_eV, fit.ln_prefactor
    covariance = fit.covariance_ln_prefactor_activation_energy
    if at_room is None or energy is None or prefactor is None or covariance is None or at_room.interval_95 is None:
        return None

    def variance(at_K: float) -> float:
        beta = 1.0 / (BOLTZMANN_eV_PER_K * at_K)
        return prefactor.std**2 + (energy.std * beta) ** 2 - 2 * covariance * beta

    tilt = energy.value / BOLTZMANN_eV_PER_K * (1 / ROOM_K - 1 / temperature_K)
    value = _S_PER_MS * at_room.value * ROOM_K / temperature_K * math.exp(tilt)
    wider = math.sqrt(max(variance(temperature_K), 0.0) / variance(ROOM_K)) if variance(ROOM_K) > 0 else 1.0

    def about(ends: tuple[float, float]) -> tuple[float, float]:
        low, high = (wider * math.log(end / at_room.value) for end in ends)
        return value * math.exp(low), value * math.exp(high)

    interval_68 = about(at_room.interval_68 or at_room.interval_95)
    return Measured(
        value=value, std=0.5 * (interval_68[1] - interval_68[0]), interval_68=interval_68,
        interval_95=about(at_room.interval_95),
    )  # fmt: skip


def bound_of(row: TemperatureResult, *, temperature_K: float) -> float | None:
    """What the conductivity at a lower temperature does not exceed, by the runs at one that gave no line, S/cm.

    The diffusivity there is below its bound (95 %), D <= D_b. A line ln D = ln D0 - E / kT with D0 of
    `LEAST_PREFACTOR_CM2_PER_S` or more passes at or below D0 (D_b / D0)^(T_hot / T): a larger D0 makes it steeper. With
    D_b above it the least that is known is that D does not fall with temperature. None where the temperature tells
    no bound, such as one that broke.
    """
    if row.status == "ok" and row.diffusivity_95_cm2_per_s is not None:
        bound, sigma = row.diffusivity_95_cm2_per_s[1], row.conductivity_95_mS_per_cm
        hot_mS_per_cm = sigma[1] if sigma else None
    elif row.status in _BOUNDING:
        bound, hot_mS_per_cm = row.diffusivity_upper_bound_95_cm2_per_s, row.conductivity_upper_bound_95_mS_per_cm
    else:
        return None
    if bound is None or hot_mS_per_cm is None or row.at_K <= temperature_K:
        return None
    ratio = row.at_K / temperature_K
    falls = min(1.0, (bound / LEAST_PREFACTOR_CM2_PER_S) ** (ratio - 1.0))  # D(T) / D_b
    return _S_PER_MS * hot_mS_per_cm * ratio * falls


def model_factor(spread: ModelSpread | None, *, temperature_K: float) -> float | None:
    """By how much another potential's conductivity at `temperature_K` differs, as a factor of 1 or more.

    A ratio of diffusivities seen at a higher temperature is taken for a difference of barriers with one prefactor, so
    that it grows as ratio^(T_hot / T).
    """
    if spread is None:
        return None
    if spread.quantity == "conductivity_300K_mS_per_cm":
        return spread.model_factor
    return spread.model_factor ** (spread.temperature_K / temperature_K)


def with_model(value: Measured, factor: float, level: str) -> tuple[float, float]:
    """The statistical interval of a value, ``68`` or ``95``, with the other potential's difference as one more error:
    at 95 % the factor itself, at 68 % its root."""
    ends = value.interval_95 if level == "95" else value.interval_68
    assert ends is not None
    reach = math.log(factor) * (1.0 if level == "95" else 0.5)
    low, high = (math.log(end / value.value) for end in ends)
    return value.value * math.exp(-math.hypot(low, reach)), value.value * math.exp(math.hypot(high, reach))
