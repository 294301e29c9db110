"""What the spectra of an `eis` run say together: Arrhenius fits, and the interface against time or cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from paddlewheel.lab.eis.growth import fit_growth
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusModel, ArrheniusResult, RefusedTemperature
from paddlewheel.studies.eis.record import EisArrhenius, GrowthLaw, InterfacePoint, InterfaceSeries
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
    told = [each for each in analysed if each.spectrum.temperature_K is not None]
    temperatures = {round(each.spectrum.temperature_K or 0.0, 1) for each in told}
    if pellet is None or len(temperatures) < 2:
        return EisArrhenius(), []
    kept = [each for each in told if allow_violations or each.test.passed]
    refused = [each for each in told if each not in kept]
    fits: dict[str, ArrheniusResult] = {}
    warnings: list[str] = []
    for part in _PARTS:
        if any(each.found[part] is not None for each in told) or (part == "total" and refused):
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
    for each in kept:
        resistance, kelvin = each.found[part], each.spectrum.temperature_K
        if resistance is not None and kelvin is not None:
            value = pellet.conductivity_mS_per_cm(resistance.value_ohm, 0.0)[0]
            points[kelvin].append((value, value * resistance.std_ohm / resistance.value_ohm))
    left_out = [
        RefusedTemperature(temperature_K=each.spectrum.temperature_K or 0.0, status="broken", reason=each.test.verdict)
        for each in refused
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
    at_room = Measured.or_none(
        value, value * np.sinh(half_68), interval_68=_around(value, half_68), interval_95=_around(value, half_95)
    )
    result = ArrheniusResult(
        fitted="ln(sigma*T)",
        activation_energy_eV=Measured.or_none(fit.activation_energy_eV, fit.activation_energy_std_eV),
        activation_energy_95_eV=fit.activation_energy_95_eV,
        ln_prefactor=Measured.or_none(fit.ln_prefactor, float(np.hypot(fit.ln_prefactor_std, shared))),
        covariance_ln_prefactor_activation_energy=fit.covariance_ln_prefactor_activation_energy,
        conductivity_300K_mS_per_cm=at_room,
        conductivity_300K_95_mS_per_cm=at_room.interval_95 if at_room is not None else None,
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


def _around(value: float, half: float) -> tuple[float, float]:
    """The interval whose logarithm reaches `half` to either side."""
    return float(value * np.exp(-half)), float(value * np.exp(half))


def _pooled(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """One value of a temperature measured several times: the mean, its error no smaller than their scatter says."""
    values, stds = np.array(points).T
    std = float(np.sqrt(np.sum(stds**2)) / len(values))
    if len(values) > 1:
        std = max(std, float(values.std(ddof=1) / np.sqrt(len(values))))
    return float(values.mean()), std


def interface_series(
    analysed: Sequence[AnalysedSpectrum], *, pellet: Pellet | None, electrodes: int
) -> InterfaceSeries | None:
    """The interfacial resistance against time (h) or cycle; None where no interface, time or cycle is known.

    Spectra of several temperatures are no such series.
    """
    shown = [each for each in analysed if each.found["interface"] is not None]
    temperatures = [each.spectrum.temperature_K for each in shown if each.spectrum.temperature_K is not None]
    if len(shown) < 2 or (temperatures and max(temperatures) - min(temperatures) > _SAME_K):
        return None
    seconds = [each.spectrum.time_s for each in shown if each.spectrum.time_s is not None]
    cycles = [each.spectrum.cycle for each in shown if each.spectrum.cycle is not None]
    against: Literal["time_h", "cycle"]
    if len(seconds) == len(shown) and len(set(seconds)) > 1:
        against, x = "time_h", (np.array(seconds) - min(seconds)) / 3600
    elif len(cycles) == len(shown) and len(set(cycles)) > 1:
        against, x = "cycle", np.array(cycles, dtype=float)
    else:
        return None
    found = [each.found["interface"] for each in shown]
    values = np.array([resistance.value_ohm for resistance in found if resistance is not None])
    stds = np.array([resistance.std_ohm for resistance in found if resistance is not None])
    area = None if pellet is None else pellet.area_cm2 / electrodes
    growth = fit_growth(x - (x.min() if against == "cycle" else 0.0), values, stds)
    return InterfaceSeries(
        against=against,
        points=[
            InterfacePoint(
                x=float(x[i]),
                resistance_ohm=Measured(value=float(values[i]), std=float(stds[i])),
                area_specific_resistance_ohm_cm2=None
                if area is None
                else Measured(value=float(values[i] * area), std=float(stds[i] * area)),
            )
            for i in np.argsort(x, kind="stable")
        ],
        laws=[
            GrowthLaw(
                law=law.law,
                start_ohm=Measured(value=law.start, std=law.start_std),
                rate_ohm=Measured(value=law.rate, std=law.rate_std),
                age=None if law.age is None or law.age_std is None else Measured(value=law.age, std=law.age_std),
                chi2_per_dof=law.chi2_per_dof,
                probability=law.probability,
            )
            for law in growth.laws
        ],
        verdict=growth.kind,
        reason=growth.reason,
    )
