"""Temperature dependence: the Arrhenius fit, its value at another temperature, and the models that may fit better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.excess import ExcessVariance, joined_degrees
from paddlewheel.transport.log_values import IMPROBABLE, ONE_SIGMA, LogValue, chance_of_more, quantile
from paddlewheel.transport.temperature_models import ModelFit, fit_one_kink, fit_vogel_fulcher, linear_model
from paddlewheel.transport.unseen_memory import MEDIAN
from paddlewheel.transport.upper_bounds import UpperBounds
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Quantity = Literal["ln(sigma*T)", "ln(D)"]
_BETTER_BY_AICC = 2.0
_STRANGE = 2.0
"""Errors, of the line and of what was known together, from which a prefactor is told as strange."""
_CONTRADICTS = 1.6448536269514722
"""Errors by which the line lies above an upper bound in one of twenty cases where both are right."""
PREFACTOR_CM2_PER_S = LogValue(float(np.log(1e-3)), 1.5 * float(np.log(10.0)))
"""What is known of the prefactor of a diffusivity before any run: 1e-3 cm^2/s within a factor of 30, one sigma.

It is a^2 nu exp(dS / k) / 6: jumps a of 2 to 4 A, attempts nu of 1 to 10 THz, entropies dS up to 5 k give 1e-4 to 0.4.
20 conductors by one universal potential have 10^(-3.0 +- 0.7) (docs/statistics.md).
"""


@dataclass(frozen=True)
class Band:
    """The fit at `temperatures_K`: value and 95 % interval in the unit of the values fitted, each `[n]`."""

    temperatures_K: np.ndarray
    value: np.ndarray
    low_95: np.ndarray
    high_95: np.ndarray


@dataclass(frozen=True)
class ArrheniusFit:
    """`ln(sigma T)` (or `ln D`) = `ln_prefactor - activation_energy_eV / (k T)`, and what it says at `target_K`.

    Every `std` is half of a 68 % interval, with Student's t of `degrees_of_freedom`, and the covariance goes with it:
    95 % intervals are wider by the ratio of the two quantiles; `degrees_within` are those of the errors of the points
    alone. The value at `target_K` is log-normal. `chi2_per_dof` is None for two temperatures, where the line is exact
    and its error is that of the points alone. `scale` multiplies all errors: the root of the ratio of `excess`, of
    replicas and points about the line, where it was given; else 1, or the root of chi2/dof where the points scatter
    more than their errors allow (Student's t of n - 2). `without_prior` is the same fit without what was known of the
    prefactor before. `unseen_memory` is the mean of ln(value / truth) that hops back which no run saw make at the
    target: the line lies below its points by the median of it.
    """

    quantity: Quantity
    temperatures_K: np.ndarray
    activation_energy_eV: float
    activation_energy_std_eV: float
    activation_energy_95_eV: tuple[float, float]
    ln_prefactor: float
    ln_prefactor_std: float
    covariance_ln_prefactor_activation_energy: float
    chi2_per_dof: float | None
    scale: float
    target_K: float
    value_at_target: float
    std_at_target: float
    interval_68_at_target: tuple[float, float]
    interval_95_at_target: tuple[float, float]
    degrees_of_freedom: float
    models: tuple[ModelFit, ...]
    warnings: tuple[str, ...]
    degrees_within: float = np.inf
    excess: ExcessVariance | None = None
    without_prior: ArrheniusFit | None = None
    unseen_memory: float = 0.0

    @property
    def interval_95_without_prior(self) -> tuple[float, float] | None:
        """The 95 % interval at `target_K` without what was known of the prefactor, and with the ratio that the
        differences show alone, where there are any; None where neither prior is in the fit."""
        if self.without_prior is not None:
            return self.without_prior.interval_95_without_prior or self.without_prior.interval_95_at_target
        if self.excess is None or self.excess.seen is None:
            return None
        low, high = self.interval_95_at_target
        alone = joined_degrees(self.degrees_within, self.excess.differences)
        wider = np.sqrt(self.excess.seen / self.excess.ratio)
        wider *= quantile(alone, 0.95) / quantile(self.degrees_of_freedom, 0.95)
        return _around(float(np.log(self.value_at_target)), 0.5 * float(np.log(high / low)) * float(wider))

    def chance_above(self, value: float) -> float:
        """Probability that the quantity at `target_K` is above `value`."""
        from scipy.special import stdtr

        spread = float(self._log_value(np.array(self.target_K))[1]) / quantile(self.degrees_of_freedom, ONE_SIGMA)
        return float(stdtr(min(self.degrees_of_freedom, 1e9), np.log(self.value_at_target / value) / spread))

    def band(self, temperatures_K: Sequence[float] | np.ndarray) -> Band:
        """The line with its 95 % band, for plots."""
        at = np.asarray(temperatures_K, dtype=np.float64)
        if not (np.isfinite(at).all() and (at > 0).all()):
            raise SettingsError("a temperature of the band is not positive")
        log, spread = self._log_value(at)
        reach = spread * quantile(self.degrees_of_freedom, 0.95) / quantile(self.degrees_of_freedom, ONE_SIGMA)
        return Band(at, np.exp(log), np.exp(log - reach), np.exp(log + reach))

    def _log_value(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = 1.0 / (BOLTZMANN_eV_PER_K * at)
        variance = (
            self.ln_prefactor_std**2
            + x**2 * self.activation_energy_std_eV**2
            - 2.0 * x * self.covariance_ln_prefactor_activation_energy
        )
        log = self.ln_prefactor - self.activation_energy_eV * x - _log_of_factor(self.quantity, at)
        return log, np.sqrt(np.maximum(variance, 0.0))


def fit_arrhenius(
    temperatures_K: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    stds: Sequence[float] | np.ndarray,
    *,
    quantity: Quantity = "ln(sigma*T)",
    target_K: float = 300.0,
    degrees_of_freedom: Sequence[float] | np.ndarray | None = None,
    upper_bounds: Mapping[float, float] | None = None,
    excess: ExcessVariance | None = None,
    prefactor: LogValue | None = None,
    unseen_memory: Sequence[float] | np.ndarray | None = None,
) -> ArrheniusFit:
    """Weighted fit of ln(sigma T) or ln D against 1/(k T), with the covariance carried to `target_K`.

    A relative error becomes one of the logarithm by asinh(std / value): for a value whose interval is log-normal
    and `std` half of the 68 % interval, as `estimate_diffusivity` gives it, this is exact. An error from few parts
    holds Student's quantile for its degrees of freedom, which is taken out before the fit: the intervals of the fit
    have one of their own, and the chi2 is judged as Fisher's F.

    Parameters
    ----------
    temperatures_K, values, stds
        `[n]`: at least two different temperatures; positive values (mS/cm or cm^2/s) and their standard uncertainties.
    quantity
        `ln(sigma*T)` for conductivities, `ln(D)` for diffusivities.
    target_K
        Where the fit is read off.
    degrees_of_freedom
        `[n]`, of the errors, where they come from few parts of a run and `stds` are halves of 68 % intervals with
        Student's t: the interval is then Student's (Welch and Satterthwaite, doi 10.1093/biomet/34.1-2.28).
    upper_bounds
        Temperature (K) -> 95 % upper bound, in the unit of the values, where no value was taken: censored observations
        (`paddlewheel.transport.upper_bounds`). One that lies below the line counts in the chi2, and is told.
    excess
        How much the runs at the same temperatures differ, in errors of their own (`paddlewheel.transport.excess`);
        `stds` are then those of the runs themselves. With the chi2 of the line it gives the ratio of all variances.
    prefactor
        What is known of the prefactor before (the unit of the values, times K for conductivities), a normal law of its
        logarithm: a point of the line at 1/T = 0, which keeps short runs from barriers that no crystal has. It takes no
        part in the chi2; where the points put the prefactor over twice both errors off, that is told.
    unseen_memory
        `[n]`, of each value the mean of ln(value / truth) that hops back beyond its runs may make
        (`paddlewheel.transport.unseen_memory`): an error of one sign that all values share, and no part of `stds`.

    Raises
    ------
    SettingsError
        Fewer than two temperatures, two the same, or one (or the target) not above zero.
    InputError
        A value or error that is not positive and finite, or lists of different lengths.
    """
    t, y, error = _checked(temperatures_K, values, stds, quantity, target_K)
    x = 1.0 / (BOLTZMANN_eV_PER_K * t)
    memory = np.zeros(t.size) if unseen_memory is None else _in_order(unseen_memory, temperatures_K)
    y = y - MEDIAN * memory
    dofs = np.full(t.size, np.inf)
    if degrees_of_freedom is not None:
        dofs = _in_order(degrees_of_freedom, temperatures_K)
        error = error / [quantile(value, ONE_SIGMA) for value in dofs]
    model = linear_model("arrhenius", x, y, error, ("ln_prefactor", "activation_energy_eV"))
    covariance, chi2, freedom = model.covariance, model.chi2, t.size - 2
    warnings: list[str] = []
    within = _satterthwaite(x, error, dofs, target_K)
    covariance = covariance + _of_uncertain_weights(x, error, dofs, covariance)
    scale, dof = 1.0, within
    mean = np.array([model.parameters["ln_prefactor"], model.parameters["activation_energy_eV"]])
    bounds = _upper_bounds(upper_bounds, t, quantity)
    above = np.maximum(bounds.excess(mean, covariance), 0.0)
    of_replicas = excess
    strained = chi2 + float(np.sum(above**2)), freedom + int(np.sum(above > 0))
    if freedom == 0:
        warnings.append("two temperatures: the line passes through both points, nothing tests that it is straight")
    if strained[1] > 0 and chance_of_more(*strained, dofs) < IMPROBABLE:
        ratio = f"chi2/dof {strained[0] / strained[1]:.2g}"
        who = "points and upper bounds" if above.any() else "points"
        told = f"{who} scatter more than their errors allow ({ratio}): "
        if excess is None:
            scale, dof = float(np.sqrt(strained[0] / strained[1])), float(strained[1])
            told += f"errors scaled by {scale:.2g}"
        else:
            told += "the errors of all hold it"
        warnings.append(told)
    if excess is not None:
        excess += ExcessVariance(_as_normal(strained[0], dofs), strained[1])
        scale, dof = float(np.sqrt(excess.ratio)), excess.joined(within)
    warnings += [
        f"the upper bound at {at:g} K contradicts the line of the other temperatures, which lies {errors:.1f} of its "
        "errors above it: a longer run there tells which is wrong"
        for at, errors in zip(upper_bounds or (), above, strict=True)
        if errors > _CONTRADICTS
    ]
    at_target = np.array([1.0, -1.0 / (BOLTZMANN_eV_PER_K * target_K)])
    covariance = covariance * scale**2
    moved = model.covariance @ np.stack([np.ones(t.size), -x]) @ (memory / error**2)
    own = float(at_target @ covariance @ at_target)
    covariance = covariance + np.outer(moved, moved)
    dof *= (float(at_target @ covariance @ at_target) / own) ** 2  # of the points alone (Welch and Satterthwaite)
    if prefactor is not None:
        off = (mean[0] - prefactor.log) / np.sqrt(covariance[0, 0] + prefactor.std**2)
        if abs(off) > _STRANGE:
            warnings.append(
                f"the points put the prefactor {abs(off):.1f} of both errors {'above' if off > 0 else 'below'} what "
                "crystals have: two mechanisms, or a temperature that is off"
            )
        mean, covariance, dof = _joined_prefactor(mean, covariance, prefactor, dof, at_target)
    inner = quantile(dof, ONE_SIGMA)
    mean, covariance = replace(bounds, log_error=bounds.log_error * scale).joined(mean, covariance)
    covariance = covariance * inner**2
    wider = quantile(dof, 0.95) / inner
    if excess is not None:
        error = error * scale
        model = linear_model("arrhenius", x, y, error, ("ln_prefactor", "activation_energy_eV"))
    models = (model, fit_vogel_fulcher(t, y, error), fit_one_kink(t, y, error))
    warnings += _preferences(models, float(t.min()), float(t.max()), target_K)

    energy, energy_std = float(mean[1]), float(np.sqrt(covariance[1, 1]))
    reach = energy_std * wider
    log = float(at_target @ mean) - float(_log_of_factor(quantity, np.array(target_K)))
    spread = float(np.sqrt(at_target @ covariance @ at_target))
    low68, high68 = _around(log, spread)
    return ArrheniusFit(
        quantity=quantity,
        temperatures_K=t,
        activation_energy_eV=energy,
        activation_energy_std_eV=energy_std,
        activation_energy_95_eV=(energy - reach, energy + reach),
        ln_prefactor=float(mean[0]),
        ln_prefactor_std=float(np.sqrt(covariance[0, 0])),
        covariance_ln_prefactor_activation_energy=float(covariance[0, 1]),
        chi2_per_dof=None if freedom == 0 else chi2 / freedom,
        scale=scale,
        target_K=float(target_K),
        value_at_target=float(np.exp(log)),
        std_at_target=0.5 * (high68 - low68),
        interval_68_at_target=(low68, high68),
        interval_95_at_target=_around(log, spread * wider),
        degrees_of_freedom=float(dof),
        models=models,
        warnings=tuple(warnings),
        degrees_within=float(within),
        excess=excess,
        without_prior=None
        if prefactor is None
        else fit_arrhenius(
            temperatures_K, values, stds, quantity=quantity, target_K=target_K,
            degrees_of_freedom=degrees_of_freedom, upper_bounds=upper_bounds, excess=of_replicas,
            unseen_memory=unseen_memory,
        ),
        unseen_memory=float(at_target @ moved),
    )  # fmt: skip


def _joined_prefactor(
    mean: np.ndarray, covariance: np.ndarray, prefactor: LogValue, dof: float, at_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean `[2]` and covariance `[2, 2]` of the line with a point at 1/T = 0, and the degrees of freedom at the target.

    The line's own part of the variance has `dof`, the point's none that is estimated (Welch and Satterthwaite).
    """
    known = np.linalg.inv(covariance)
    joined = np.linalg.inv(known + np.diag([prefactor.std**-2, 0.0]))
    shift = known @ mean + np.array([prefactor.log * prefactor.std**-2, 0.0])
    carried = joined @ at_target
    of_line = float(carried @ known @ carried)
    return joined @ shift, joined, dof * (float(at_target @ carried) / of_line) ** 2


def _as_normal(chi2: float, dofs: np.ndarray) -> float:
    """A chi2 with estimated errors, taken back to that with known ones: the mean of t^2 of f degrees is f / (f - 2)."""
    return chi2 * max(1.0 - 2.0 * float(np.mean(1.0 / dofs)), 0.0)


def _checked(
    temperatures_K: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    stds: Sequence[float] | np.ndarray,
    quantity: Quantity,
    target_K: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Temperatures in ascending order, and the logarithm of the quantity and its error at each."""
    t, v, s = (np.asarray(column, dtype=np.float64).ravel() for column in (temperatures_K, values, stds))
    if not t.size == v.size == s.size:
        raise InputError(f"{t.size} temperatures, {v.size} values and {s.size} errors", remedy="give as many of each")
    if t.size < 2:
        raise SettingsError(
            f"an Arrhenius fit needs at least two temperatures, not {t.size}", remedy="give two or more, well apart"
        )
    for temperature in (*t, target_K):
        if not (np.isfinite(temperature) and temperature > 0):
            raise SettingsError(f"temperature {temperature:g} K is not above zero")
    if np.unique(t).size != t.size:
        twice = next(value for value in t if np.sum(t == value) > 1)
        raise SettingsError(f"temperature {twice:g} K is given twice", remedy="pool its runs as replicas")
    for name, numbers in (("value", v), ("error", s)):
        if not (np.isfinite(numbers).all() and (numbers > 0).all()):
            raise InputError(f"a {name} of the Arrhenius fit is not positive ({numbers.min():g})")
    if quantity not in ("ln(sigma*T)", "ln(D)"):
        raise SettingsError(f"quantity {quantity!r}", remedy="fit ln(sigma*T) or ln(D)")
    order = np.argsort(t)
    t, v, s = t[order], v[order], s[order]
    return t, np.log(v) + _log_of_factor(quantity, t), np.arcsinh(s / v)


def _upper_bounds(upper_bounds: Mapping[float, float] | None, t: np.ndarray, quantity: Quantity) -> UpperBounds:
    at = np.array(list(upper_bounds or ()), dtype=np.float64)
    bounds = np.array(list((upper_bounds or {}).values()), dtype=np.float64)
    for temperature, bound in zip(at, bounds, strict=True):
        if not (np.isfinite(temperature) and temperature > 0):
            raise SettingsError(f"temperature {temperature:g} K of an upper bound is not above zero")
        if not (np.isfinite(bound) and bound > 0):
            raise InputError(f"the upper bound at {temperature:g} K is not positive ({bound:g})")
        if temperature in t:
            raise SettingsError(f"temperature {temperature:g} K has a value and an upper bound", remedy="give one")
    design = np.stack([np.ones(at.size), -1.0 / (BOLTZMANN_eV_PER_K * at)], axis=1)
    return UpperBounds(design, np.log(bounds) + _log_of_factor(quantity, at))


def _log_of_factor(quantity: Quantity, t: np.ndarray) -> np.ndarray:
    return np.log(t) if quantity == "ln(sigma*T)" else np.zeros_like(t)


def _around(log: float, reach: float) -> tuple[float, float]:
    return float(np.exp(log - reach)), float(np.exp(log + reach))


def _of_uncertain_weights(x: np.ndarray, error: np.ndarray, dofs: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """What weights of estimated errors add to the covariance `[2, 2]`.

    Meier (doi 10.2307/3001633) for a weighted mean, 4/f_i w_i (1 - w_i) of the variance, with the leverages of a line
    in the place of the weights: half of it is the scatter that the weights bring, half the plain covariance's bias.
    """
    design = np.stack([np.ones(x.size), -x], axis=1) / error[:, None]
    carried = design @ covariance
    leverage = np.einsum("ij,ij->i", carried, design)
    return np.einsum("i,ij,ik->jk", 4.0 / dofs * np.maximum(1.0 - leverage, 0.0), carried, carried)


def _in_order(numbers: Sequence[float] | np.ndarray, temperatures_K: Sequence[float] | np.ndarray) -> np.ndarray:
    """Numbers of temperatures, in ascending order of these."""
    return np.asarray(numbers, dtype=np.float64).ravel()[np.argsort(np.asarray(temperatures_K).ravel())]


def _satterthwaite(x: np.ndarray, error: np.ndarray, dofs: np.ndarray, target_K: float) -> float:
    """Degrees of freedom of the value at the target: points weigh by what they add to its variance."""
    design = np.stack([np.ones(x.size), -x], axis=1)
    weighted = design / error[:, None] ** 2
    estimator = np.linalg.solve(design.T @ weighted, weighted.T)
    at = np.array([1.0, -1.0 / (BOLTZMANN_eV_PER_K * target_K)])
    shares = (at @ estimator * error) ** 2
    spread = float(np.sum(shares**2 / dofs))
    return float(shares.sum()) ** 2 / spread if spread > 0 else np.inf


def _preferences(models: tuple[ModelFit, ...], lowest_K: float, highest_K: float, target_K: float) -> list[str]:
    """A warning for each model that AICc prefers to the straight line."""
    straight = models[0].aicc
    notes = []
    if straight is None:
        return notes
    for model in models[1:]:
        if model.aicc is None or model.aicc > straight - _BETTER_BY_AICC:
            continue
        text = f"{model.name} fits better than one Arrhenius line (AICc {model.aicc:.1f} against {straight:.1f})"
        if model.name == "one-kink":
            kink = model.parameters["kink_K"]
            text += f": kink at {kink:.0f} K"
            if min(target_K, lowest_K) <= kink <= max(target_K, highest_K):
                text += f", which the extrapolation to {target_K:g} K crosses"
        elif not lowest_K <= target_K <= highest_K:
            text += f": the line is curved, and its value at {target_K:g} K an extrapolation of a chord"
        notes.append(text)
    return notes
