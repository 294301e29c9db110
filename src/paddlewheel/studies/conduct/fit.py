"""The temperatures of a record fitted together: the Arrhenius part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusModel, ArrheniusResult, RefusedTemperature, TemperatureStatus
from paddlewheel.transport import ArrheniusFit, DiffusivityEstimate, fit_arrhenius
from paddlewheel.transport.arrhenius import PREFACTOR_CM2_PER_S
from paddlewheel.transport.excess import NO_EXCESS, ExcessVariance
from paddlewheel.transport.log_values import ONE_SIGMA, LogValue

if TYPE_CHECKING:
    from paddlewheel.studies.conduct.record import TemperatureResult
    from paddlewheel.studies.conduct.runs import Analysed


_BOUNDING: tuple[TemperatureStatus, ...] = ("not-diffusive", "too-short")
"""Statuses whose upper bound holds for the steady motion of the ions."""


@dataclass(frozen=True)
class TemperatureFit:
    """The Arrhenius part of the record, and what has to be said of it."""

    result: ArrheniusResult
    warnings: tuple[str, ...] = ()
    fit: ArrheniusFit | None = None


def excess_of(analysed: Sequence[Analysed]) -> ExcessVariance:
    """How much the replicas differ, at all temperatures that have a diffusivity together."""
    return sum((each.tracer.excess for each in analysed if each.tracer and each.tracer.value_cm2_per_s is not None),
               start=NO_EXCESS)  # fmt: skip


def log_above(found: Measured) -> float:
    """The upper half of the 68 % interval, of the logarithm: the lower one holds what hops back may take beyond the
    runs, too."""
    return float(np.log1p(found.bar_68[1] / found.value))


def _std_within(sigma: Measured, tracer: DiffusivityEstimate) -> float:
    """Half of the 68 % interval of a conductivity by the scatter within its runs alone."""
    return float(sigma.value * np.sinh(log_above(sigma) / tracer.wider(tracer.excess, ONE_SIGMA)))


def prefactor_known(rows: Sequence[TemperatureResult]) -> LogValue:
    """What is known before of the prefactor of sigma*T (mS K/cm): that of D, at the mean density of these rows."""
    per_diffusivity = [
        row.conductivity_mS_per_cm.value * row.at_K / row.diffusivity_cm2_per_s.value
        for row in rows
        if row.conductivity_mS_per_cm is not None and row.diffusivity_cm2_per_s is not None
    ]
    return replace(PREFACTOR_CM2_PER_S, log=PREFACTOR_CM2_PER_S.log + float(np.mean(np.log(per_diffusivity))))


def line_fields(fit: ArrheniusFit) -> dict[str, Any]:
    """What a line of ln(sigma*T) tells, as fields of an `ArrheniusResult`."""
    return {
        "fitted": fit.quantity,
        "activation_energy_eV": Measured.or_none(
            fit.activation_energy_eV, fit.activation_energy_std_eV, interval_95=fit.activation_energy_95_eV
        ),
        "activation_energy_95_eV": fit.activation_energy_95_eV,
        "ln_prefactor": Measured.or_none(fit.ln_prefactor, fit.ln_prefactor_std),
        "covariance_ln_prefactor_activation_energy": fit.covariance_ln_prefactor_activation_energy,
        "conductivity_300K_mS_per_cm": Measured.or_none(
            fit.value_at_target,
            fit.std_at_target,
            interval_68=fit.interval_68_at_target,
            interval_95=fit.interval_95_at_target,
        ),
        "conductivity_300K_95_mS_per_cm": fit.interval_95_at_target,
        "chi2_per_dof": fit.chi2_per_dof,
    }


def fit_temperatures(
    analysed: Sequence[Analysed], *, entering: Sequence[TemperatureStatus] = ("ok",)
) -> TemperatureFit:
    """Fit ln(sigma*T) over temperatures of the statuses `entering`, with the bounds of those that ions hardly moved at.

    With fewer than two values, say why there is no fit.
    """
    good = sorted((each for each in analysed if each.row.status in entering), key=lambda each: each.row.temperature_K)
    refused = [
        RefusedTemperature(temperature_K=row.temperature_K, status=row.status, reason=row.reason or row.status)
        for row in (each.row for each in analysed)
        if row.status not in entering
    ]
    used_K = [each.row.temperature_K for each in good]
    bounding = [
        (each.row, each.row.conductivity_upper_bound_95_mS_per_cm)
        for each in sorted(analysed, key=lambda each: each.row.temperature_K)
        if each.row.status in _BOUNDING and each.row.status not in entering
    ]
    if len(good) < 2:
        what = "no temperature" if not good else f"only one temperature ({used_K[0]:g} K)"
        reason = f"{what} gave a conductivity; run longer, or at higher temperatures"
        strange = ", ".join(f"{row.temperature_K:g}" for row in refused if row.status == "extrapolating")
        if strange:
            reason = (
                f"{what} gave a conductivity inside the domain of the potential; at {strange} K it extrapolates: "
                "--allow-extrapolating fits them all the same"
            )
        result = ArrheniusResult(
            fitted="ln(sigma*T)", temperatures_used_K=used_K, temperatures_refused=refused, refused=reason
        )
        return TemperatureFit(result)
    sigmas = [each.row.conductivity_mS_per_cm for each in good]
    fit = fit_arrhenius(
        [each.row.at_K for each in good],
        [sigma.value for sigma in sigmas if sigma],
        [_std_within(sigma, each.tracer) for sigma, each in zip(sigmas, good, strict=True) if sigma and each.tracer],
        quantity="ln(sigma*T)",
        target_K=ROOM_K,
        degrees_of_freedom=[each.tracer.degrees_within or np.inf for each in good if each.tracer],
        upper_bounds={row.at_K: bound for row, bound in bounding if bound is not None},
        excess=excess_of(analysed),
        prefactor=prefactor_known([each.row for each in good]),
        unseen_memory=[each.tracer.unseen_memory for each in good if each.tracer],
    )
    warnings = list(fit.warnings)
    strange = ", ".join(f"{each.row.temperature_K:g}" for each in good if each.row.status == "extrapolating")
    if strange:
        warnings.append(f"the potential extrapolates at {strange} K, which are in the fit as asked")
    lowest_K = used_K[0]
    if lowest_K > ROOM_K + 50:
        warnings.append(
            f"sigma at {ROOM_K:g} K is extrapolated from {lowest_K:g} to {used_K[-1]:g} K and holds only if no phase "
            "change and no kink lies between"
        )
    result = ArrheniusResult(
        **line_fields(fit),
        conductivity_300K_95_without_prior_mS_per_cm=fit.interval_95_without_prior,
        chance_above_1_mS_per_cm=fit.chance_above(1.0),
        variance_ratio=fit.excess.ratio if fit.excess else None,
        variance_ratio_seen=fit.excess.seen if fit.excess else None,
        variance_ratio_differences=fit.excess.differences if fit.excess else None,
        unseen_memory_ln_300K=fit.unseen_memory,
        prefactor_known_cm2_per_s=PREFACTOR_CM2_PER_S.interval(ONE_SIGMA),
        temperatures_used_K=used_K,
        temperatures_bounding_K=[row.temperature_K for row, bound in bounding if bound is not None],
        temperatures_refused=refused,
        models=[
            ArrheniusModel(
                name=model.name,
                aicc=model.aicc,
                parameters={key: Measured(value=value, std=model.stds[key]) for key, value in model.parameters.items()},
                note=model.note,
            )
            for model in fit.models
        ],
    )
    return TemperatureFit(result, tuple(warnings), fit)
