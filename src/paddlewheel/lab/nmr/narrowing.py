"""Motional narrowing of line widths against temperature.

Hendrickson and Bray (doi 10.1016/0022-2364(73)90176-5): width(T) = A / [1 + (A / B - 1) exp(-Ea / kT)] + D, with A the
width of the rigid lattice less D, B the width that motion of the rate of attempts would leave, and D a width that no
motion removes. Waugh and Fedin (Sov. Phys. Solid State 4, 1633 (1963)): Ea = 1.617 meV/K times the temperature at which
the narrowing begins; a rule of thumb, good to some tenths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.least_squares import Fit, Problem, Value, derivatives, fit, profiled, value_of
from paddlewheel.units import BOLTZMANN_eV_PER_K

WAUGH_FEDIN_eV_PER_K = 1.617e-3
_LEAST_TEMPERATURES = 6
_LEAST_NARROWING = 1.5
"""Largest over smallest width, below which no motion shows."""
_WIDEST_SHARE = 0.30


@dataclass(frozen=True, eq=False, kw_only=True)
class Widths:
    """Line widths (full width at half maximum) of one line.

    Attributes
    ----------
    temperature_K, width_Hz
        [n]
    std_Hz
        [n] standard uncertainties; None where not known.

    Raises
    ------
    DataError
        For values that cannot be, or too few temperatures.
    """

    temperature_K: np.ndarray
    width_Hz: np.ndarray
    std_Hz: np.ndarray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        temperatures, widths = np.asarray(self.temperature_K, dtype=float), np.asarray(self.width_Hz, dtype=float)
        if temperatures.ndim != 1 or temperatures.shape != widths.shape:
            raise DataError(f"{widths.size} widths for {temperatures.size} temperatures", where=self.name,
                            remedy="give as many")  # fmt: skip
        for what, values in (("temperature", temperatures), ("width", widths)):
            bad = ~(np.isfinite(values) & (values > 0))
            if bad.any():
                raise DataError(f"a {what} of {values[bad][0]:g}", where=self.name,
                                remedy="temperatures are in K, and widths in Hz, both above 0")  # fmt: skip
        if len(np.unique(temperatures)) < _LEAST_TEMPERATURES:
            raise DataError(
                f"{len(np.unique(temperatures))} temperatures for four parameters", where=self.name,
                remedy=f"measure {_LEAST_TEMPERATURES} or more, from the rigid lattice to the narrow line",
            )  # fmt: skip
        if self.std_Hz is not None:
            std = np.asarray(self.std_Hz, dtype=float)
            if std.shape != widths.shape or not (np.isfinite(std) & (std >= 0)).all():
                raise DataError("uncertainties of widths that are not all 0 or above", where=self.name,
                                remedy="give one for every temperature, or none")  # fmt: skip
            object.__setattr__(self, "std_Hz", std)
        order = np.argsort(temperatures, kind="stable")
        for name, values in (("temperature_K", temperatures), ("width_Hz", widths), ("std_Hz", self.std_Hz)):
            if values is not None:
                object.__setattr__(self, name, values[order])


@dataclass(frozen=True, eq=False, kw_only=True)
class NarrowingFit:
    """The curve of Hendrickson and Bray, and the rule of Waugh and Fedin beside it.

    Attributes
    ----------
    activation_energy_eV
        Of Hendrickson and Bray.
    rigid_width_Hz, residual_width_Hz, ln_attempt_width_Hz
        A, D and ln B of the curve.
    onset_K
        Where the tangent at the steepest fall meets the width of the rigid lattice.
    waugh_fedin_eV
        By that temperature; its uncertainty is that of the onset alone.
    midpoint_K
        Where half of A is left; there the jump rate is about 2 pi A.
    jump_rate_at_midpoint_per_s
        2 pi A.
    scatter_Hz
        Standard deviation of the widths about the curve.
    refused
        Why the temperatures decide nothing, and which are missing; None where they do.
    """

    activation_energy_eV: Value
    rigid_width_Hz: Value
    residual_width_Hz: Value
    ln_attempt_width_Hz: Value
    onset_K: Value
    waugh_fedin_eV: Value
    midpoint_K: Value
    jump_rate_at_midpoint_per_s: float
    scatter_Hz: float
    best: Fit
    problem: Problem
    unit_Hz: float
    refused: str | None

    def width_Hz(self, temperatures_K: np.ndarray) -> np.ndarray:
        """Width of the fit at any temperature, [n]."""
        return self.unit_Hz * _curve(self.best.theta, np.asarray(temperatures_K, dtype=float))

    def std_Hz(self, temperatures_K: np.ndarray) -> np.ndarray:
        """Its standard uncertainty, [n]."""
        at = np.asarray(temperatures_K, dtype=float)
        gradient = derivatives(lambda theta: _curve(theta, at), self.best.theta, self.problem, range(4))
        return self.unit_Hz * np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", gradient, self.best.covariance, gradient), 0))


def fit_narrowing(widths: Widths) -> NarrowingFit:
    """Fit the widths; all count alike, for a curve of four parameters misses real widths by more than their errors.

    Where uncertainties are given they are added to that common misfit, so that a width known ten times less well than
    the others counts less.

    Raises
    ------
    DataError
        For widths that do not fall with temperature.
    """
    temperatures, unit = widths.temperature_K, float(widths.width_Hz.max())
    values = widths.width_Hz / unit
    third = max(len(values) // 3, 1)
    cold, hot = float(np.mean(values[:third])), float(np.mean(values[-third:]))
    if cold < _LEAST_NARROWING * hot:
        raise DataError(
            f"the widths fall from {cold * unit:.3g} to {hot * unit:.3g} Hz from the coldest third to the hottest",
            where=widths.name, remedy="no motional narrowing shows: measure a wider range of temperatures",
        )  # fmt: skip
    known = np.zeros(len(values)) if widths.std_Hz is None else widths.std_Hz / unit
    weight, misfit = np.ones(len(values)), 0.0
    problem = _problem(temperatures, values, weight)
    for _ in range(6):
        best = fit(problem, _starts(temperatures, values))
        misfit = math.sqrt(float(np.mean((values - _curve(best.theta, temperatures)) ** 2)))
        size = np.sqrt(known**2 + misfit**2)
        weight = float(size.min()) / size if misfit > 0 else weight
        problem = _problem(temperatures, values, weight)
        if np.all(known <= 0.1 * misfit):
            break
    best = fit(problem, _starts(temperatures, values))
    theta = best.theta
    energy, onset = profiled(problem, best, 2, logarithmic=True), value_of(_onset_K, problem, best)
    return NarrowingFit(
        activation_energy_eV=energy,
        rigid_width_Hz=profiled(problem, best, 0).mapped(lambda share: unit * share),
        residual_width_Hz=profiled(problem, best, 3).mapped(lambda share: unit * share),
        ln_attempt_width_Hz=value_of(lambda vector: _ln_attempt(vector) + math.log(unit), problem, best),
        onset_K=onset,
        waugh_fedin_eV=onset.mapped(lambda kelvin: WAUGH_FEDIN_eV_PER_K * kelvin),
        midpoint_K=profiled(problem, best, 1),
        jump_rate_at_midpoint_per_s=2 * math.pi * unit * float(theta[0]),
        scatter_Hz=unit * float(np.sqrt(np.sum((values - _curve(theta, temperatures)) ** 2) / max(best.freedom, 1))),
        best=best,
        problem=problem,
        unit_Hz=unit,
        refused=_refused(temperatures, energy, float(theta[1])),
    )


def _curve(theta: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    """A, the temperature at which half of it is left, ln Ea, D: with B the two fix each other, and B spans decades."""
    exponent = np.exp(theta[2]) / BOLTZMANN_eV_PER_K * (1.0 / theta[1] - 1.0 / temperatures)
    return theta[0] / (1.0 + np.exp(np.clip(exponent, -500, 500))) + theta[3]


def _ln_attempt(theta: np.ndarray) -> float:
    """Ln B: (A / B - 1) exp(-Ea / k T_half) = 1."""
    return math.log(theta[0]) - float(np.logaddexp(0.0, math.exp(theta[2]) / (BOLTZMANN_eV_PER_K * theta[1])))


def _onset_K(theta: np.ndarray) -> float:
    """Where the tangent at the midpoint, nearly the steepest, meets A + D: T_half (1 - 2 k T_half / Ea)."""
    return float(theta[1] * (1.0 - 2.0 * BOLTZMANN_eV_PER_K * theta[1] / math.exp(theta[2])))


def _problem(temperatures: np.ndarray, values: np.ndarray, weight: np.ndarray) -> Problem:
    return Problem(
        residual=lambda theta: weight * (values - _curve(theta, temperatures)),
        lower=np.array([1e-6, 0.5 * temperatures.min(), math.log(0.01), 0.0]),
        upper=np.array([10.0, 2.0 * temperatures.max(), math.log(5.0), 1.0]),
    )


def _starts(temperatures: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    half = float(temperatures[np.argmin(np.abs(values - 0.5 * (values.max() + values.min())))])
    height = float(values.max() - values.min())
    return [np.array([height, half, math.log(energy), float(values.min())]) for energy in (0.15, 0.4, 0.8)]


def _refused(temperatures: np.ndarray, energy: Value, midpoint: float) -> str | None:
    lowest, highest = float(temperatures.min()), float(temperatures.max())
    if not lowest < midpoint < highest:
        side = f"above {highest:.4g}" if midpoint >= highest else f"below {lowest:.4g}"
        return f"half of the narrowing is not between {lowest:.4g} and {highest:.4g} K; measure also {side} K"
    width = energy.half_width_95
    if width <= _WIDEST_SHARE:
        return None
    told = f"{100 * width:.0f} % of it" if math.isfinite(width) else "without an end"
    reach = 4 * BOLTZMANN_eV_PER_K * midpoint**2 / energy.value
    return (
        f"half of the 95 % interval of Ea ({energy.value:.3g} eV) is {told}; measure more temperatures from "
        f"{max(midpoint - reach, 20.0):.0f} to {midpoint + 1.5 * reach:.0f} K"
    )
