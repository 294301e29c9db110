"""Several rates: activation energies by Kissinger, Ozawa-Flynn-Wall and Friedman, and onset and peak at zero rate.

Kissinger's and Ozawa's lines belong to what is activated: crystallization from a glass, decomposition, a reaction. A
melting peak moves with the rate because heat must flow to it (thermal lag); a barrier has no meaning there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.lab.dsc.events import Found
from paddlewheel.units import GAS_CONSTANT_J_PER_MOL_K, ZERO_CELSIUS_K

LagForm = Literal["linear", "square root"]
_R_KJ = 1e-3 * GAS_CONSTANT_J_PER_MOL_K
_DOYLE = 1.052
_DOYLE_ROUNDS = 6
_FEWEST_RATES = 3
_STRAIGHT = 3.0
"""Reduced chi2 beyond which the points are on no line."""
_NO_BARRIER_KJ_PER_MOL = 400.0
"""Barriers beyond this are those of no single step: melting, whose peak hardly moves, gives thousands."""


@dataclass(frozen=True, kw_only=True)
class Barrier:
    """An activation energy by one method, with the goodness of its line.

    Attributes
    ----------
    method
        ``Kissinger`` (Anal. Chem. 29, 1702 (1957), doi 10.1021/ac60131a045), ``Ozawa-Flynn-Wall``
        (doi 10.1246/bcsj.38.1881, corrected for Doyle's approximation), ``Friedman``
        (doi 10.1002/polc.5070060121).
    energy_kJ_per_mol
        With the error of the line, widened where the points scatter more than their errors.
    ln_prefactor_per_s
        Kissinger's ln A for a first-order step.
    reduced_chi2
        Of the line; None for too few points.
    conversion
        Of Friedman: the share at which it was taken.
    """

    method: str
    energy_kJ_per_mol: Found
    ln_prefactor_per_s: Found | None = None
    reduced_chi2: float | None = None
    conversion: float | None = None


@dataclass(frozen=True, kw_only=True)
class ZeroRate:
    """A temperature extrapolated to no rate.

    Attributes
    ----------
    temperature_C
        At zero rate, with the error of the fit and of the choice of form.
    form
        How the lag grows with the rate: by the rate, or its root; the better by AICc.
    lag
        Kelvin at 1 K/min.
    weights
        How far each form is believed.
    reduced_chi2
        Of the chosen form.
    """

    temperature_C: Found
    form: LagForm
    lag: Found
    weights: dict[str, float]
    reduced_chi2: float | None


def kissinger(rates_K_per_min: np.ndarray, peaks_C: np.ndarray, stds_K: np.ndarray) -> Barrier | None:
    """ln(beta / Tp^2) = ln(A R / E) - E / (R Tp); None for fewer than three rates."""
    rates, peaks_K = np.abs(rates_K_per_min) / 60.0, peaks_C + ZERO_CELSIUS_K
    if np.unique(rates).size < _FEWEST_RATES:
        return None
    inverse = 1.0 / (_R_KJ * peaks_K)
    fitted = _line(inverse, np.log(rates / peaks_K**2), stds_K, lambda slope: _slope_of_error(slope, peaks_K))
    if fitted is None:
        return None
    slope, offset, covariance, chi2 = fitted
    energy = -slope
    if energy <= 0:
        return None
    gradient = np.array([-1.0 / energy, 1.0])  # of ln A = offset + ln(E/R) by slope and offset
    return Barrier(
        method="Kissinger",
        energy_kJ_per_mol=Found(value=energy, std=float(np.sqrt(covariance[0, 0]))),
        ln_prefactor_per_s=Found(
            value=float(offset + np.log(energy / _R_KJ)), std=float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
        ),
        reduced_chi2=chi2,
    )


def ozawa(rates_K_per_min: np.ndarray, peaks_C: np.ndarray, stds_K: np.ndarray) -> Barrier | None:
    """ln beta = const - 1.052 E / (R Tp), its factor iterated with the exact temperature integral."""
    rates, peaks_K = np.abs(rates_K_per_min) / 60.0, peaks_C + ZERO_CELSIUS_K
    if np.unique(rates).size < _FEWEST_RATES:
        return None
    inverse = 1.0 / (_R_KJ * peaks_K)
    fitted = _line(inverse, np.log(rates), stds_K, lambda slope: _slope_of_error(slope, peaks_K))
    if fitted is None or fitted[0] >= 0:
        return None
    slope, _, covariance, chi2 = fitted
    factor = _DOYLE
    for _ in range(_DOYLE_ROUNDS):
        factor = _doyle(-slope / factor * float(inverse.mean()))
    return Barrier(
        method="Ozawa-Flynn-Wall",
        energy_kJ_per_mol=Found(value=-slope / factor, std=float(np.sqrt(covariance[0, 0])) / factor),
        reduced_chi2=chi2,
    )


def friedman(
    rates_K_per_min: np.ndarray,
    temperatures_C: np.ndarray,
    conversion_rates_per_s: np.ndarray,
    conversion: float,
    stds_K: np.ndarray,
) -> Barrier | None:
    """ln(d alpha / dt) = const - E / (R T) at one conversion, one entry a rate."""
    kelvin = temperatures_C + ZERO_CELSIUS_K
    if np.unique(rates_K_per_min).size < _FEWEST_RATES or not (conversion_rates_per_s > 0).all():
        return None
    fitted = _line(
        1.0 / (_R_KJ * kelvin), np.log(conversion_rates_per_s), stds_K, lambda slope: _slope_of_error(slope, kelvin)
    )
    if fitted is None:
        return None
    slope, _, covariance, chi2 = fitted
    return Barrier(
        method="Friedman", energy_kJ_per_mol=Found(value=-slope, std=float(np.sqrt(covariance[0, 0]))),
        reduced_chi2=chi2, conversion=conversion,
    )  # fmt: skip


def at_zero_rate(rates_K_per_min: np.ndarray, temperatures_C: np.ndarray, stds_K: np.ndarray) -> ZeroRate | None:
    """The temperature without lag, by a lag that grows with the rate or with its root; None for fewer than three rates.

    Of the two forms the mean by AICc is taken, and what they differ by is part of the error.
    """
    rates = np.abs(rates_K_per_min)
    if np.unique(rates).size < _FEWEST_RATES:
        return None
    found: dict[LagForm, tuple[float, float, np.ndarray, float]] = {}
    forms: tuple[tuple[LagForm, np.ndarray], ...] = (("linear", rates), ("square root", np.sqrt(rates)))
    for name, lag in forms:
        fitted = _line(lag, temperatures_C, stds_K, lambda _: 1.0)
        if fitted is None:
            return None
        found[name] = fitted
    degrees = max(rates.size - 2, 1)
    widened = max(1.0, min(chi2 for *_, chi2 in found.values()))
    scores = np.array([chi2 * degrees / widened for *_, chi2 in found.values()])
    weights = np.exp(-0.5 * (scores - scores.min()))
    weights = weights / weights.sum()
    values = np.array([offset for _, offset, _, _ in found.values()])
    variances = np.array([covariance[1, 1] for _, _, covariance, _ in found.values()])
    mean = float(weights @ values)
    best = tuple(found)[int(np.argmax(weights))]
    slope, _, covariance, chi2 = found[best]
    return ZeroRate(
        temperature_C=Found(value=mean, std=float(np.sqrt(weights @ (variances + (values - mean) ** 2)))),
        form=best,
        lag=Found(value=slope, std=float(np.sqrt(covariance[0, 0]))),
        weights={name: float(weight) for name, weight in zip(found, weights, strict=True)},
        reduced_chi2=chi2 if rates.size > 2 else None,
    )


def why_no_barrier(kind: str, barrier: Barrier) -> str | None:
    """Why the barrier of a line means nothing for an event of this kind; None where it may."""
    if kind in ("melting", "solid-solid"):
        return (
            f"{kind} moves with the rate because heat must flow to it (thermal lag), not by a barrier: Kissinger and "
            "Ozawa do not hold; take the temperature at zero rate"
        )
    energy = barrier.energy_kJ_per_mol.value
    if energy > _NO_BARRIER_KJ_PER_MOL:
        return f"{energy:.3g} kJ/mol is no barrier of one step: the event is close to equilibrium, or not one step"
    if barrier.reduced_chi2 is not None and barrier.reduced_chi2 > _STRAIGHT**2:
        return f"the points are on no line (reduced chi2 {barrier.reduced_chi2:.2g}): more than one step, or lag"
    return None


def shift_K(
    temperature_C: float, energy_kJ_per_mol: float, rate_K_per_min: float, other_rate_K_per_min: float
) -> float:
    """By how much Kissinger's peak moves from one rate to another: of beta / T^2 = const exp(-E / (R T))."""
    start = temperature_C + ZERO_CELSIUS_K
    kelvin = start
    ratio = np.log(abs(rate_K_per_min) / abs(other_rate_K_per_min))
    for _ in range(60):
        inverse = 1.0 / start + (_R_KJ / energy_kJ_per_mol) * (ratio - 2.0 * np.log(start / kelvin))
        kelvin = 1.0 / inverse
    return float(kelvin - start)


def _line(
    x: np.ndarray, y: np.ndarray, stds_K: np.ndarray, per_K: Callable[[float], np.ndarray | float]
) -> tuple[float, float, np.ndarray, float] | None:
    """Slope, offset, covariance and reduced chi2; errors of the temperatures go into `y`, twice iterated."""
    if np.ptp(x) <= 0:
        return None
    sigma = np.ones(x.size)
    centre = float(x.mean())
    design = np.c_[x - centre, np.ones(x.size)]
    parameters, covariance, chi2 = np.zeros(2), np.zeros((2, 2)), 1.0
    for turn in range(3):
        weighted = design / sigma[:, None]
        inverse = np.linalg.pinv(weighted.T @ weighted)
        parameters = inverse @ (weighted.T @ (y / sigma))
        residuals = (y - design @ parameters) / sigma
        chi2 = float(residuals @ residuals) / max(x.size - 2, 1)
        covariance = inverse * (max(1.0, chi2) if turn else chi2)
        sigma = np.maximum(np.abs(per_K(float(parameters[0]))) * np.maximum(stds_K, 1e-6), 1e-12)
    turned = np.array([[1.0, 0.0], [-centre, 1.0]])
    slope, offset = turned @ parameters
    return float(slope), float(offset), turned @ covariance @ turned.T, chi2


def _slope_of_error(slope: float, kelvin: np.ndarray) -> np.ndarray:
    """By how much a line's ordinate moves for 1 K, at abscissas 1 / (R T)."""
    return np.abs(slope) / (_R_KJ * kelvin**2)


def _doyle(x: float) -> float:
    """-d ln p / dx of the temperature integral at x = E / (R T): 1.052 in Doyle's approximation."""
    step = 1e-3 * x
    return float(-(_log_p(x + step) - _log_p(x - step)) / (2 * step))


def _log_p(x: float) -> float:
    """ln p(x), p = exp(-x) / x - E1(x), by Senum and Yang's fourth-degree approximation (doi 10.1007/BF01903696)."""
    top = x**3 + 18 * x**2 + 86 * x + 96
    bottom = x**4 + 20 * x**3 + 120 * x**2 + 240 * x + 120
    return -x - float(np.log(x)) + float(np.log(top / bottom))
