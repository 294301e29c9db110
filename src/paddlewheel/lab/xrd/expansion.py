"""Lengths of a cell against temperature: thermal expansion, kinks at a transition, axes that merge.

Linear, quadratic and Debye-Grueneisen, L0 + K U(T) with U the energy of Debye's solid (doi 10.1002/andp.19123441404;
Sayetat, Fertey, Kessler, J. Appl. Cryst. 31, 121 (1998)), by AICc. Two axes that a symmetry makes alike differ by a
power of 1 - T/Tc below it; the exponent is free between 0.1 and 0.6, and its spread is in the error of Tc. Fitted is
the square of the difference, for that is what a pattern tells of two axes that have nearly merged: a doublet narrower
than its lines is a line that is wider, by the square. So the error s of the difference d grows as 1/d there,
s^2 = s0^2 + (q0/2d)^2 with s0 of a doublet that is resolved and q0 the error of d^2 of one that has merged, and d lies
above zero not by d/s errors but by the integral of 1/s from zero to d, which is d/(s + sqrt(s^2 - s0^2)): d/s where it
is resolved, half of it near the merging.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.least_squares import Fit, Problem, Value, derivatives, fit
from paddlewheel.lab.xrd.grid_likelihood import Points, linear_chi2, quantiles, search_grid, value_of_spread

ExpansionModel = Literal["linear", "quadratic", "debye"]
_LEAST_TEMPERATURES = 4
_LEAST_BESIDE_A_KINK = 3
_GAIN_OF_A_KINK = 6.0
"""AICc that a kink has to gain over the best smooth model."""
_EXPONENTS = (0.1, 0.6)
_LOOSEST = 0.5
"""Relative uncertainty of a Debye temperature beyond which it is not told."""
_SPLIT = 3.0
"""Standard uncertainties by which axes differ that are told apart."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpansionFit:
    """A length, angle or volume against temperature.

    Attributes
    ----------
    model
        By AICc; `aicc` has that of each that could be fitted.
    alpha_per_K
        Of the model, (dL/dT)/L at `alpha_at_K`, the middle of the temperatures.
    debye_temperature_K
        Of the Debye model where it is chosen and the lengths tell it.
    kink_K
        The frames between which the slope or the length changes abruptly; None where it does not.
    scatter
        Standard deviation of the residuals over the stated uncertainties, or of the residuals where none are stated.
    """

    model: ExpansionModel
    aicc: dict[ExpansionModel, float]
    alpha_per_K: Value
    alpha_at_K: float
    debye_temperature_K: Value | None
    kink_K: tuple[float, float] | None
    scatter: float
    _curve: Callable[[np.ndarray, np.ndarray], np.ndarray]
    _best: Fit
    _problem: Problem

    def length(self, temperature_K: np.ndarray) -> np.ndarray:
        """By the model, [n]."""
        return self._curve(self._best.theta, np.asarray(temperature_K, dtype=float))

    def alpha(self, temperature_K: float) -> Value:
        """Coefficient of expansion at a temperature, 1/K."""
        return _alpha(self._curve, self._best, self._problem, temperature_K)


def fit_expansion(temperature_K: np.ndarray, length: np.ndarray, std: np.ndarray | None = None) -> ExpansionFit:
    """Expansion of a length (or volume), [n], with its standard uncertainties, [n].

    Raises
    ------
    DataError
        For fewer than four temperatures, or values that are no lengths.
    """
    order = np.argsort(temperature_K, kind="stable")
    at, value = np.asarray(temperature_K, dtype=float)[order], np.asarray(length, dtype=float)[order]
    error = None if std is None else np.asarray(std, dtype=float)[order]
    if np.unique(at).size < _LEAST_TEMPERATURES:
        raise DataError(f"{np.unique(at).size} temperatures hold no thermal expansion",
                        remedy=f"give {_LEAST_TEMPERATURES} or more")  # fmt: skip
    if not (np.isfinite(value).all() and (value > 0).all() and np.isfinite(at).all() and (at > 0).all()):
        raise DataError("lengths or temperatures that are not above 0", remedy="leave these frames out")
    middle, unit = float(0.5 * (at[0] + at[-1])), float(value.mean())
    data = Points.of(value / unit, None if error is None else error / unit)
    fits: dict[ExpansionModel, tuple[Fit, Problem, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {}
    for name, curve, starts in _models(at, value / unit, middle):
        if at.size <= len(starts[0]):
            continue
        problem = _problem(curve, data, at, len(starts[0]))
        fits[name] = (fit(problem, starts, known_errors=data.is_known), problem, curve)
    richest = min((found for found, *_ in fits.values()), key=lambda found: found.chi2)
    variance = data.variance(richest.chi2, len(richest.theta))
    aicc: dict[ExpansionModel, float] = {
        name: data.aicc(found.chi2, len(found.theta), variance) for name, (found, *_) in fits.items()
    }
    chosen, _ = min(aicc.items(), key=lambda pair: pair[1])
    best, problem, curve = fits[chosen]
    if variance < 1:  # the scatter tells the errors, so that intervals are Student's
        best = fit(problem, [best.theta])

    def in_unit(theta: np.ndarray, kelvin: np.ndarray) -> np.ndarray:
        return unit * curve(theta, kelvin)

    debye = None
    if chosen == "debye" and best.std[2] < _LOOSEST:
        half = [best.reach(level) * float(best.std[2]) for level in (0.6827, 0.95)]
        logarithm = float(best.theta[2])
        debye = Value(value=logarithm, std=float(best.std[2]), interval_68=(logarithm - half[0], logarithm + half[0]),
                      interval_95=(logarithm - half[1], logarithm + half[1])).mapped(math.exp)  # fmt: skip
    return ExpansionFit(
        model=chosen, aicc=aicc, alpha_per_K=_alpha(curve, best, problem, middle), alpha_at_K=middle,
        debye_temperature_K=debye, kink_K=_kink(at, data, aicc[chosen], variance),
        scatter=math.sqrt(best.chi2 / max(best.freedom, 1)) * (1.0 if data.is_known else unit),
        _curve=in_unit, _best=best, _problem=problem,
    )  # fmt: skip


def debye_energy_K(temperature_K: np.ndarray, debye_temperature_K: float) -> np.ndarray:
    """Energy of Debye's solid over 3 N k, T D3(theta/T), without that of the ground state; K, [n]."""
    nodes, weights = _gauss_legendre()
    reduced = np.minimum(debye_temperature_K / temperature_K, 60.0)[:, None]
    place = 0.5 * reduced * (nodes + 1)
    integral = (place**3 / np.expm1(place) * weights).sum(1) * 0.5 * reduced[:, 0]
    return 3 * temperature_K**4 / debye_temperature_K**3 * integral


@cache
def _gauss_legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(40)


def _models(
    at: np.ndarray, value: np.ndarray, middle: float
) -> list[tuple[ExpansionModel, Callable[[np.ndarray, np.ndarray], np.ndarray], list[np.ndarray]]]:
    """Each model over the mean length, with its starts."""
    line = np.polyfit(at - middle, value, 1)

    def linear(theta: np.ndarray, kelvin: np.ndarray) -> np.ndarray:
        return theta[0] + theta[1] * 1e-5 * (kelvin - middle)

    def quadratic(theta: np.ndarray, kelvin: np.ndarray) -> np.ndarray:
        return linear(theta, kelvin) + theta[2] * 1e-8 * (kelvin - middle) ** 2

    def debye(theta: np.ndarray, kelvin: np.ndarray) -> np.ndarray:
        return theta[0] + theta[1] * 1e-5 * debye_energy_K(kelvin, math.exp(theta[2]))

    slope = float(line[0]) * 1e5
    return [
        ("linear", linear, [np.array([line[1], slope])]),
        ("quadratic", quadratic, [np.array([line[1], slope, 0.0])]),
        ("debye", debye, [np.array([value[0], slope, math.log(theta)]) for theta in (100.0, 300.0, 800.0)]),
    ]


def _problem(
    curve: Callable[[np.ndarray, np.ndarray], np.ndarray], data: Points, at: np.ndarray, count: int
) -> Problem:
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    if curve.__name__ == "debye":
        lower[2], upper[2] = math.log(20.0), math.log(3000.0)
    return Problem(residual=lambda theta: (curve(theta, at) - data.value) * data.weight, lower=lower, upper=upper)


def _alpha(curve: Callable[[np.ndarray, np.ndarray], np.ndarray], best: Fit, problem: Problem, kelvin: float) -> Value:
    step = 0.02 * kelvin
    around = np.array([kelvin - step, kelvin, kelvin + step])

    def alpha(theta: np.ndarray) -> np.ndarray:
        below, there, above = curve(theta, around)
        return np.array([(above - below) / (2 * step * there)])

    value = float(alpha(best.theta)[0])
    std = best.std_of(derivatives(alpha, best.theta, problem, range(len(best.theta)))[0])
    ends = [(value - best.reach(level) * std, value + best.reach(level) * std) for level in (0.6827, 0.95)]
    return Value(value=value, std=std, interval_68=ends[0], interval_95=ends[1])


def _kink(at: np.ndarray, data: Points, smooth: float, variance: float) -> tuple[float, float] | None:
    """The frames between which a new slope (continuous) or a new line begins, if that gains enough."""
    found: list[tuple[float, int]] = []
    for last in range(_LEAST_BESIDE_A_KINK - 1, at.size - _LEAST_BESIDE_A_KINK):
        place = 0.5 * (at[last] + at[last + 1])
        after = (at > place).astype(float)
        bent = np.stack([np.ones_like(at), at - place, after * (at - place)], 1)
        jumped = np.concatenate([bent, after[:, None]], 1)
        found += [(data.aicc(linear_chi2(data, bent), 4, variance), last)]
        found += [(data.aicc(linear_chi2(data, jumped), 5, variance), last)]
    if not found:
        return None
    aicc, last = min(found)
    return (float(at[last]), float(at[last + 1])) if smooth - aicc > _GAIN_OF_A_KINK else None


@dataclass(frozen=True, eq=False, kw_only=True)
class MergingFit:
    """Where two axes become alike.

    Attributes
    ----------
    temperature_K
        Of the transition; None where the frames hold none.
    bracket_K
        The hottest frame that alone tells the axes apart by three errors, and the next, which does not: the axes may
        differ there still; None for an end without a frame.
    bracket_errors
        By how many errors the axes differ in these frames.
    is_within_bracket
        Whether the 95 % interval of the temperature lies between these frames, and so says more than they do.
    exponent
        Median and interval of the power of 1 - T/Tc.
    is_extrapolated
        Whether no frame lies above the transition.
    scatter
        Of the residuals over the stated uncertainties, or of the residuals where none are stated.
    refused
        Why there is no temperature.
    """

    temperature_K: Value | None
    bracket_K: tuple[float | None, float | None]
    bracket_errors: tuple[float | None, float | None]
    exponent: Value | None
    is_extrapolated: bool
    is_within_bracket: bool
    scatter: float
    refused: str | None
    _amplitude: float = 0.0
    _theta: tuple[float, float] = (1.0, 0.5)

    def difference(self, temperature_K: np.ndarray) -> np.ndarray:
        """By the best fit, [n]."""
        return self._amplitude * _order_parameter(np.asarray(temperature_K, dtype=float), np.array([self._theta]))[0]


def fit_merging(temperature_K: np.ndarray, difference: np.ndarray, std: np.ndarray) -> MergingFit:
    """Temperature at which the difference of two axes, [n] with standard uncertainties [n], becomes zero on heating.

    Raises
    ------
    DataError
        For fewer than five temperatures.
    """
    order = np.argsort(temperature_K, kind="stable")
    at, value, error = (np.asarray(array, dtype=float)[order] for array in (temperature_K, difference, std))
    if np.unique(at).size < _LEAST_TEMPERATURES + 1:
        raise DataError(f"{np.unique(at).size} temperatures hold no transition of the axes",
                        remedy=f"give {_LEAST_TEMPERATURES + 1} or more")  # fmt: skip
    errors = errors_apart(value, error)
    apart = np.flatnonzero(errors > _SPLIT)
    last = int(apart[-1]) if apart.size else -1
    bracket, by = _around(at, last), _around(errors, last)
    if not apart.size:
        return _unmerged(at, "the axes are nowhere told apart", bracket, by)
    sizes = np.abs(value[apart])
    if apart.size < 3 or sizes[-1] > 0.8 * float(sizes[: max(apart.size // 2, 1)].max()):
        return _unmerged(at, "the axes do not come nearer by a fifth, so that no transition is seen", bracket, by)
    least = max(math.sqrt(2) * float(error.min()) ** 2,
                2 * float(np.abs(value[last]) * _beyond_resolved(error)[last]))  # fmt: skip
    data = Points.of(value**2, np.maximum(2 * np.abs(value) * error, least))
    reach = float(at[-1] - at[0])

    def design(theta: np.ndarray) -> np.ndarray:
        return _order_parameter(at, theta)[..., None] ** 2

    grid = search_grid(design, data, np.array([[float(at[max(last - 1, 0)]), at[-1] + reach], _EXPONENTS]))
    variance = data.variance(grid.chi2, 3)
    weight = data.likelihood(grid, 3, variance)
    weight = weight / weight.sum()
    ends = quantiles(grid.places[:, 0], weight, (0.025, 0.975))
    wide = float(ends[1] - ends[0]) > 0.5 * reach
    size = math.sqrt(max(float(grid.coefficients[0]), 0.0))
    return MergingFit(
        temperature_K=None if wide else value_of_spread(grid.places[:, 0], weight), bracket_K=bracket,
        bracket_errors=by, is_within_bracket=not wide and _is_within((float(ends[0]), float(ends[1])), bracket),
        exponent=value_of_spread(grid.places[:, 1], weight), is_extrapolated=bool(grid.theta[0] > at[-1]),
        scatter=math.sqrt(grid.chi2 / max(at.size - 3, 1)),
        refused=f"the frames leave it open from {ends[0]:.4g} to {ends[1]:.4g} K" if wide else None,
        _amplitude=math.copysign(size, value[apart].sum()), _theta=(float(grid.theta[0]), float(grid.theta[1])),
    )  # fmt: skip


def errors_apart(difference: np.ndarray, std: np.ndarray) -> np.ndarray:
    """By how many errors two axes differ in each frame, [n], of differences with local standard uncertainties, [n].

    The smallest uncertainty is taken as that of a doublet that is resolved.
    """
    return np.abs(difference) / (std + _beyond_resolved(std))


def _beyond_resolved(std: np.ndarray) -> np.ndarray:
    """q0 / 2 d of each frame, [n]: what its uncertainty has beside that of a doublet that is resolved."""
    return np.sqrt((std - std.min()) * (std + std.min()))


def _around(values: np.ndarray, last: int) -> tuple[float | None, float | None]:
    """The value at a place and the next, None where there is none."""
    return (float(values[last]) if last >= 0 else None, float(values[last + 1]) if last + 1 < values.size else None)


def _is_within(interval: tuple[float, float], bracket: tuple[float | None, float | None]) -> bool:
    low, high = bracket
    return low is not None and high is not None and low <= interval[0] and interval[1] <= high


def _unmerged(
    at: np.ndarray, reason: str, bracket: tuple[float | None, float | None], by: tuple[float | None, float | None]
) -> MergingFit:
    return MergingFit(temperature_K=None, bracket_K=bracket, bracket_errors=by, is_within_bracket=False, exponent=None,
                      is_extrapolated=False, scatter=math.nan, refused=reason,
                      _theta=(float(at[-1]), 0.5))  # fmt: skip


def _order_parameter(at: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """(1 - T/Tc)^beta below Tc, 0 above; of temperatures [n] and pairs (Tc, beta) [p, 2]: [p, n]."""
    return np.maximum(1 - at[None] / theta[:, :1], 0.0) ** theta[:, 1:]
