"""What the spectra of an `eis` run say together: Arrhenius fits, and the interface against time or cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from paddlewheel.lab.eis.growth import fit_growth
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import (
    ROOM_K,
    ArrheniusModel,
    ArrheniusResult,
    RefusedTemperature,
)
from paddlewheel.studies.eis.record import (
    EisArrhenius,
    GrowthLaw,
    InterfacePoint,
    InterfaceSeries,
)
from paddlewheel.studies.eis.spectrum import AnalysedSpectrum
from paddlewheel.transport import fit_arrhenius

_NORMAL_95 = 1.959964
_SAME_K = 2.0
_PARTS: tuple[Literal["bulk", "grain_boundary", "total"], ...] = ("bulk", "grain_boundary", "total")


def fit_temperatures_eis(
    analysed: Sequence[AnalysedSpectrum], *, pellet: Pellet | None, allow_violations: bool = False
) -> tuple[EisArrhenius, list[str]]:
    """Arrhenius fits of bulk, grain boundary and total, and what has to be said of them.

    The errors of the points are those of their resistances alone. That of the geometry is common to all of them: it
    moves the line as a whole, and is added to the error of the prefactor and of the value at 300 K.

    Parameters
    ----------
    analysed
        All spectra; those without a temperature are left out, those that fail the Kramers-Kronig test too.
    pellet
        The geometry; no fit without.
    allow_violations
        Keep spectra that fail the test.
    """
    told = [one for one in analysed if one.spectrum.temperature_K is not None]
    temperatures = {round(one.spectrum.temperature_K or 0.0, 1) for one in told}
    if pellet is None or len(temperatures) < 2:
        return EisArrhenius(), []
    refused = [] if allow_violations else [one for one in told if not one.test.passed]
    kept = [one for one in told if allow_violations or one.test.passed]
    fits: dict[str, ArrheniusResult] = {}
    warnings: list[str] = []
    for part in _PARTS:
        if any(one.found[part] is not None for one in told):
            fits[part], said = _fit(kept, refused, part, pellet)
            warnings += [f"{part.replace('_', ' ')}: {text}" for text in said]
    used = [t for fit in fits.values() for t in fit.temperatures_used_K]
    if used and min(used) > ROOM_K + 50:
        warnings.append(
            f"sigma at {ROOM_K:g} K is extrapolated from {min(used):g} to {max(used):g} K and holds only if no phase "
            "change and no kink lies between"
        )
    return EisArrhenius(**fits), warnings


def _fit(
    kept: Sequence[AnalysedSpectrum], refused: Sequence[AnalysedSpectrum], part: str, pellet: Pellet
) -> tuple[ArrheniusResult, list[str]]:
    points: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for one in kept:
        resistance = one.found[part]
        if resistance is not None and one.spectrum.temperature_K is not None:
            value = pellet.conductivity_mS_per_cm(resistance.value_ohm, 0.0)[0]
            points[one.spectrum.temperature_K].append((value, value * resistance.std_ohm / resistance.value_ohm))
    left_out = [
        RefusedTemperature(temperature_K=one.spectrum.temperature_K or 0.0, status="broken", reason=one.test.verdict)
        for one in refused
    ]
    used = sorted(points)
    if len(used) < 2:
        reason = f"{len(used)} temperatures with a {part.replace('_', ' ')} resistance; measure at two or more"
        empty = ArrheniusResult(
            fitted="ln(sigma*T)", temperatures_used_K=used, temperatures_refused=left_out, refused=reason
        )
        return empty, []
    pooled = [_pooled(points[t]) for t in used]
    fit = fit_arrhenius(used, [p[0] for p in pooled], [p[1] for p in pooled], target_K=ROOM_K)
    shared = pellet.relative_std
    half_68 = float(np.hypot(np.arcsinh(fit.std_at_target / fit.value_at_target), shared))
    half_95 = float(np.hypot(0.5 * np.log(fit.interval_95_at_target[1] / fit.interval_95_at_target[0]),
                             _NORMAL_95 * shared))  # fmt: skip
    value = fit.value_at_target
    result = ArrheniusResult(
        fitted="ln(sigma*T)",
        activation_energy_eV=Measured.or_none(fit.activation_energy_eV, fit.activation_energy_std_eV),
        activation_energy_95_eV=fit.activation_energy_95_eV,
        ln_prefactor=Measured.or_none(fit.ln_prefactor, float(np.hypot(fit.ln_prefactor_std, shared))),
        covariance_ln_prefactor_activation_energy=fit.covariance_ln_prefactor_activation_energy,
        conductivity_300K_mS_per_cm=Measured.or_none(value, value * float(np.sinh(half_68))),
        conductivity_300K_95_mS_per_cm=(float(value * np.exp(-half_95)), float(value * np.exp(half_95))),
        chi2_per_dof=fit.chi2_per_dof,
        temperatures_used_K=used,
        temperatures_refused=left_out,
        models=[
            ArrheniusModel(
                name=model.name,
                aicc=model.aicc,
                parameters={key: Measured(value=size, std=model.stds[key]) for key, size in model.parameters.items()},
                note=model.note,
            )
            for model in fit.models
        ],
    )
    return result, list(fit.warnings)


def _pooled(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """One value of a temperature measured several times: the mean, its error no smaller than their scatter says."""
    values, stds = np.array(points).T
    std = float(np.sqrt(np.sum(stds**2)) / len(values))
    if len(values) > 1:
        std = max(std, float(values.std(ddof=1) / np.sqrt(len(values))))
    return float(values.mean()), std


def interface_series(analysed: Sequence[AnalysedSpectrum], *, pellet: Pellet | None) -> InterfaceSeries | None:
    """The interfacial resistance against time (h) or cycle; None where no interface, time or cycle is known.

    Spectra of several temperatures are no such series.
    """
    shown = [one for one in analysed if one.found["interface"] is not None]
    temperatures = [one.spectrum.temperature_K for one in shown if one.spectrum.temperature_K is not None]
    if len(shown) < 2 or (temperatures and max(temperatures) - min(temperatures) > _SAME_K):
        return None
    times = [one.spectrum.time_s for one in shown]
    cycles = [one.spectrum.cycle for one in shown]
    if all(time is not None for time in times) and len(set(times)) > 1:
        against, x = (
            "time_h",
            [(time - min(t for t in times if t is not None)) / 3600 for time in times if time is not None],
        )
    elif all(cycle is not None for cycle in cycles) and len(set(cycles)) > 1:
        against, x = "cycle", [float(cycle) for cycle in cycles if cycle is not None]
    else:
        return None
    found = [one.found["interface"] for one in shown]
    values = np.array([one.value_ohm for one in found if one is not None])
    stds = np.array([one.std_ohm for one in found if one is not None])
    area = None if pellet is None else pellet.area_cm2
    order = np.argsort(x, kind="stable")
    return InterfaceSeries(
        against=against,
        points=[
            InterfacePoint(
                x=x[i],
                resistance_ohm=Measured(value=float(values[i]), std=float(stds[i])),
                area_specific_resistance_ohm_cm2=None
                if area is None
                else Measured(value=float(values[i] * area), std=float(stds[i] * area)),
            )
            for i in order
        ],
        laws=[
            GrowthLaw(
                law=one.law,
                start_ohm=Measured(value=one.start, std=one.start_std),
                rate_ohm=Measured(value=one.rate, std=one.rate_std),
                chi2_per_dof=one.chi2_per_dof,
            )
            for one in fit_growth(np.array(x) - (min(x) if against == "cycle" else 0.0), values, stds)
        ],
    )
