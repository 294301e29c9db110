"""Relaxation of one site from intensities against delays: recovery after saturation or inversion, and decays.

I(t) = M [1 - (1 - o) g(t)], with g(0) = 1 and the offset o = I(0) / I(infinite) always free: a saturation or an
inversion is never complete. Decays (T1rho, T2) are I(t) = M [o + (1 - o) g(t)]. g is one exponential, a stretched one,
or, for a half-integer spin with the two rates W1 and W2 of quadrupolar relaxation, the sum of exponentials that the
rate matrix of its levels gives for the transitions that are excited and seen (Andrew and Tunstall, doi
10.1088/0370-1328/78/1/302; Suter, Mali, Roos, Brinkmann, doi 10.1088/0953-8984/10/26/022).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.least_squares import Fit, Problem, Value, aicc, by_covariance, fit, moved, profiled

Experiment = Literal["saturation", "inversion", "decay"]
Transitions = Literal["all", "central"]
Model = Literal["single", "stretched", "two-rates"]
_BETTER_BY_AICC = 4.0
"""A model with one parameter more must be better by as much."""
_LEAST_DELAYS = 5
_STRETCH_LIMITS = (0.2, 1.0)
_RATIO_LIMITS = (0.25, 1.0)
"""Of W2 over W1, J(2 w0) over J(w0): 1/4 far below the maximum of a Lorentzian, 1 far above."""
_OFFSET_LIMITS = {"saturation": (-0.9, 0.99), "inversion": (-2.0, 0.9), "decay": (-0.9, 0.99)}
_MOST_OVER_NOISE = 10.0
"""Of residuals, above which another model than that of the nucleus says nothing: its time may be off by threefold."""
_LEAST_CONTRAST = 5.0
"""Of the change over the delays to its noise, below which there is nothing to fit."""


def rate_matrix(spin: float, w1_per_s: float, w2_per_s: float) -> np.ndarray:
    """d n / dt = A n of the deviations of the populations from equilibrium; levels from m = I down to -I, [2I+1, 2I+1].

    Transitions between m and m + 1 have the rate W1 (2m+1)^2 (I-m) (I+m+1) / (2I (2I-1)^2), those between m and m + 2
    W2 (I-m) (I-m-1) (I+m+1) (I+m+2) / (2I (2I-1)^2): the squares of the matrix elements of the quadrupolar coupling. W1
    and W2 stand for J(w0) and J(2 w0) with the same factor; for spin 3/2 they are the transition probabilities.

    Raises
    ------
    SettingsError
        For a spin that is not half-integer and above 1/2.
    """
    one, two = _unit_matrices(spin)
    return w1_per_s * one + w2_per_s * two


@lru_cache(maxsize=8)
def _unit_matrices(spin: float) -> tuple[np.ndarray, np.ndarray]:
    if not (spin > 0.5 and float(2 * spin).is_integer() and int(2 * spin) % 2 == 1):
        raise SettingsError(
            f"two rates for a spin of {spin:g}", where="model", remedy="they are those of spins 3/2, 5/2, 7/2 and 9/2"
        )
    levels = np.arange(spin, -spin - 1, -1)
    norm = 2 * spin * (2 * spin - 1) ** 2
    found = []
    for step in (1, 2):
        matrix = np.zeros((len(levels), len(levels)))
        for upper in range(len(levels) - step):
            m = levels[upper + step]
            if step == 1:
                rate = (2 * m + 1) ** 2 * (spin - m) * (spin + m + 1) / norm
            else:
                rate = (spin - m) * (spin - m - 1) * (spin + m + 1) * (spin + m + 2) / norm
            lower = upper + step
            matrix[[upper, lower], [lower, upper]] += rate
            matrix[[upper, lower], [upper, lower]] -= rate
        found.append(matrix)
    return found[0], found[1]


def rate_of_spin_temperature_per_s(spin: float, w1_per_s: float, w2_per_s: float) -> float:
    """1 / T1 of populations that keep one temperature: C [J(w0) + 4 J(2 w0)]; (2 W1 + 8 W2) / 5 for spin 3/2."""
    one, two = _unit_rates(spin)
    return w1_per_s * one + w2_per_s * two


@lru_cache(maxsize=8)
def _unit_rates(spin: float) -> tuple[float, float]:
    levels = np.arange(spin, -spin - 1, -1)
    one, two = (-float(levels @ matrix @ levels) / float(levels @ levels) for matrix in _unit_matrices(spin))
    return one, two


@dataclass(frozen=True, kw_only=True)
class Modes:
    """g(t) = sum of coefficients exp(- rates t); the coefficients add up to 1.

    `depth` is 1 - I(0) / I(infinite) of the ideal experiment.
    """

    coefficients: np.ndarray
    rates_per_s: np.ndarray
    depth: float

    def of(self, delays_s: np.ndarray) -> np.ndarray:
        """g at each delay."""
        return np.exp(-np.outer(delays_s, self.rates_per_s)) @ self.coefficients


def modes(
    spin: float,
    w1_per_s: float,
    w2_per_s: float,
    *,
    experiment: Experiment,
    excited: Transitions,
    seen: Transitions,
) -> Modes:
    """The recovery of what is seen after what was excited, from the rate matrix.

    Parameters
    ----------
    experiment
        "saturation": the populations of the excited levels are made equal. "inversion": they are reversed.
    excited
        "all" transitions by a hard pulse or comb, or the "central" one alone by a short selective one.
    seen
        The "central" transition (its population difference), or "all" (the magnetization).

    Raises
    ------
    SettingsError
        For a spin without two rates, or a decay, which has none.
    """
    if experiment == "decay":
        raise SettingsError("two rates of a decay", where="model", remedy="they are those of recoveries")
    unit = _unit_modes(spin, w2_per_s / w1_per_s, experiment, excited, seen)
    return Modes(coefficients=unit.coefficients, rates_per_s=w1_per_s * unit.rates_per_s, depth=unit.depth)


@lru_cache(maxsize=512)
def _unit_modes(spin: float, ratio: float, experiment: str, excited: str, seen: str) -> Modes:
    """Of W1 = 1 and W2 = `ratio`: the modes depend on that alone, and a fit asks for the same ones many times."""
    levels = np.arange(spin, -spin - 1, -1)
    after = levels.copy()
    touched = np.abs(levels) == 0.5 if excited == "central" else np.ones(len(levels), dtype=bool)
    after[touched] = 0.0 if experiment == "saturation" else -levels[touched]
    detector = np.where(levels == 0.5, 1.0, np.where(levels == -0.5, -1.0, 0.0)) if seen == "central" else levels
    rates, vectors = np.linalg.eigh(-rate_matrix(spin, 1.0, ratio))
    weights = (detector @ vectors) * (vectors.T @ (levels - after))
    kept = np.abs(weights) > 1e-9 * np.abs(weights).max()
    total = float(weights.sum())
    return Modes(
        coefficients=weights[kept] / total, rates_per_s=np.maximum(rates[kept], 0.0),
        depth=total / float(detector @ levels),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Recovery:
    """Intensities of one site against the delay.

    Attributes
    ----------
    delays_s, intensity
        [n] in any order; equal delays are repeats.
    std
        [n] standard uncertainty of each intensity; None where it is not known.
    experiment
        What was done before the delay.
    spin
        Of the nucleus.
    excited, seen
        Transitions of a half-integer spin.

    Raises
    ------
    DataError
        For numbers that cannot be a recovery.
    """

    delays_s: np.ndarray
    intensity: np.ndarray
    experiment: Experiment
    std: np.ndarray | None = None
    spin: float = 0.5
    excited: Transitions = "all"
    seen: Transitions = "central"
    name: str = ""

    def __post_init__(self) -> None:
        delays, values = np.asarray(self.delays_s, dtype=float), np.asarray(self.intensity, dtype=float)
        if delays.ndim != 1 or delays.shape != values.shape:
            raise DataError(
                f"{values.size} intensities for {delays.size} delays", where=self.name,
                remedy="give the list of delays of this measurement",
            )  # fmt: skip
        if not np.isfinite(values).all():
            raise DataError("intensities that are not finite", where=self.name, remedy="look at the rows")
        bad = ~(np.isfinite(delays) & (delays >= 0))
        if bad.any():
            raise DataError(f"a delay of {delays[bad][0]:g} s", where=self.name, remedy="delays are zero or positive")
        different = len(np.unique(delays))
        if different < _LEAST_DELAYS:
            raise DataError(
                f"{different} different delays", where=self.name,
                remedy=f"a recovery needs {_LEAST_DELAYS} or more, from a tenth of T1 to five times T1",
            )  # fmt: skip
        if self.std is not None:
            std = np.asarray(self.std, dtype=float)
            if std.shape != values.shape or not (np.isfinite(std) & (std > 0)).all():
                raise DataError("uncertainties that are not all above 0", where=self.name,
                                remedy="give one for every intensity, or none")  # fmt: skip
            object.__setattr__(self, "std", std)
        object.__setattr__(self, "delays_s", delays)
        object.__setattr__(self, "intensity", values)

    @property
    def has_two_rates(self) -> bool:
        """Whether W1 and W2 may show: a recovery of a half-integer spin above 1/2."""
        return self.experiment != "decay" and self.spin > 1 and int(2 * self.spin) % 2 == 1


@dataclass(frozen=True, eq=False, kw_only=True)
class RecoveryFit:
    """One model of a recovery.

    Attributes
    ----------
    t1_s
        T1 (of a decay T1rho or T2): for two rates that of one spin temperature, for a stretched exponential the time at
        which it has fallen to 1/e.
    offset
        I(0) / I(infinite) of a recovery, I(infinite) / I(0) of a decay.
    stretch
        Exponent; None where there is none.
    w1_per_s, w2_per_s
        Of two rates.
    aicc, aicc_without_offset
        Of the model, and of the same with an ideal start; the difference says what the offset is worth.
    scale
        Standard deviation of the residuals over the given uncertainties, or of the residuals in units of the largest
        intensity.
    """

    model: Model
    recovery: Recovery
    best: Fit
    amplitude: float
    t1_s: Value
    offset: Value
    stretch: Value | None
    w1_per_s: Value | None
    w2_per_s: Value | None
    aicc: float
    aicc_without_offset: float
    scale: float
    unit: float

    @property
    def has_time(self) -> bool:
        """Whether the data hold the time at all: its standard uncertainty is a number, and 68 % have an upper end."""
        return math.isfinite(self.t1_s.std) and (self.t1_s.interval_68[1] is not None)

    def intensity(self, delays_s: np.ndarray) -> np.ndarray:
        """Of the fit at any delay, [n]."""
        return self.unit * _curve(self.recovery, self.model, self.best.theta, np.asarray(delays_s, dtype=float))


def fit_recoveries(
    recoveries: Sequence[Recovery], models: Sequence[Model] = ("single", "stretched", "two-rates")
) -> list[list[RecoveryFit]]:
    """The fits of all models that apply, the chosen one first, for each recovery of a site.

    One model is chosen for all of them (one temperature or several), so that their times can be compared: the first
    unless another is better by 4 in the sum of AICc. The chosen one has profile intervals, the others those of the
    covariance. A model is passed over where its time has no end by the covariance, as of two rates that are alike.

    Raises
    ------
    DataError
        For intensities that do not change beyond their noise, or fall in a recovery, delays that do not reach the time,
        and residuals over ten times the noise of a half-integer spin whose two rates could not be fitted.
    """
    first = recoveries[0]
    for recovery in recoveries:
        _check_changes(recovery)
    apply: list[Model] = [
        model
        for model in models
        if (model != "two-rates" or first.has_two_rates) and all(_has_enough(each, model) for each in recoveries)
    ]
    if not apply:
        raise DataError(
            f"no model of {', '.join(models)} for {len(first.delays_s)} delays of spin {first.spin:g}",
            where=first.name, remedy="measure more delays, or take one exponential",
        )  # fmt: skip
    fits = {model: [fit_model(recovery, model, profiles=False) for recovery in recoveries] for model in apply}
    apply = [model for model in apply if all(each.has_time for each in fits[model])]
    if not apply:
        raise DataError(
            f"no time of {', '.join(fits)}: its interval has no end", where=first.name,
            remedy="look at the intensities, and say what was measured by --experiment, --excited and --seen",
        )  # fmt: skip
    totals = {model: sum(each.aicc for each in fits[model]) for model in apply}
    best = min(apply, key=lambda model: totals[model])
    chosen = best if totals[best] < totals[apply[0]] - _BETTER_BY_AICC else apply[0]
    others = [model for model in apply if model != chosen]
    found = [
        [fit_model(recovery, chosen), *(fits[model][place] for model in others)]
        for place, recovery in enumerate(recoveries)
    ]
    for recovery, of_models in zip(recoveries, found, strict=True):
        _check_reached(recovery, of_models[0])
        if "two-rates" in models and first.has_two_rates and chosen != "two-rates":
            _check_described(recovery, of_models[0])
    return found


def fit_recovery(
    recovery: Recovery, models: Sequence[Model] = ("single", "stretched", "two-rates")
) -> list[RecoveryFit]:
    """As `fit_recoveries`, of one."""
    return fit_recoveries([recovery], models)[0]


def fit_model(recovery: Recovery, model: Model, *, profiles: bool = True) -> RecoveryFit:
    """Fit one model; without `profiles` the intervals are those of the covariance, and the ideal start is not tried."""
    unit = float(np.abs(recovery.intensity).max())
    values = recovery.intensity / unit
    weight = np.ones(len(values)) if recovery.std is None else unit / recovery.std
    known = recovery.std is not None

    def residual(theta: np.ndarray) -> np.ndarray:
        return weight * (values - _curve(recovery, model, theta, recovery.delays_s))

    low, high = _OFFSET_LIMITS[recovery.experiment]
    positive = recovery.delays_s[recovery.delays_s > 0]
    times = math.log(positive.min()) - 5.0, math.log(positive.max()) + 5.0
    extra = {"single": (), "stretched": _STRETCH_LIMITS, "two-rates": _RATIO_LIMITS}[model]
    problem = Problem(
        residual=residual,
        lower=np.array([-np.inf, low, times[0], *extra[:1]]),
        upper=np.array([np.inf, high, times[1], *extra[1:]]),
    )
    best = fit(problem, _starts(recovery, model, values, weight, times), known_errors=known)
    ideal = _ideal_offset(recovery, model, best.theta)
    quantity = profiled if profiles else by_covariance

    def residual_of_ideal(theta: np.ndarray) -> np.ndarray:
        return residual(np.array([theta[0], ideal, *theta[1:]]))

    kept = [0, *range(2, len(best.theta))]
    without = Problem(residual=residual_of_ideal, lower=problem.lower[kept], upper=problem.upper[kept])
    return RecoveryFit(
        model=model,
        recovery=recovery,
        best=best,
        amplitude=unit * float(best.theta[0]),
        t1_s=quantity(problem, best, 2, logarithmic=True),
        offset=quantity(problem, best, 1),
        stretch=quantity(problem, best, 3) if model == "stretched" else None,
        **_two_rates(recovery, best, problem, is_asked=profiles and model == "two-rates"),
        aicc=aicc(best),
        aicc_without_offset=(
            aicc(fit(without, _starts(recovery, model, values, weight, times, ideal=ideal), known_errors=known))
            if profiles
            else math.nan
        ),
        scale=best.scale,
        unit=unit,
    )


def _curve(recovery: Recovery, model: Model, theta: np.ndarray, delays_s: np.ndarray) -> np.ndarray:
    """Amplitude, offset, ln T1, and stretch or W2 / W1."""
    amplitude, offset, time = theta[0], theta[1], math.exp(theta[2])
    if model == "two-rates":
        w1, w2 = _w1_w2(recovery.spin, time, theta[3])
        shape = _modes(recovery, w1, w2).of(delays_s)
    elif model == "stretched":
        shape = np.exp(-((delays_s / time) ** theta[3]))
    else:
        shape = np.exp(-delays_s / time)
    if recovery.experiment == "decay":
        return amplitude * (offset + (1 - offset) * shape)
    return amplitude * (1 - (1 - offset) * shape)


def _modes(recovery: Recovery, w1: float, w2: float) -> Modes:
    return modes(recovery.spin, w1, w2, experiment=recovery.experiment, excited=recovery.excited, seen=recovery.seen)


def _w1_w2(spin: float, t1_s: float, ratio: float) -> tuple[float, float]:
    w1 = 1.0 / (t1_s * rate_of_spin_temperature_per_s(spin, 1.0, float(ratio)))
    return w1, float(ratio) * w1


def _ideal_offset(recovery: Recovery, model: Model, theta: np.ndarray) -> float:
    if recovery.experiment == "decay":
        return 0.0
    if model == "two-rates":
        return 1.0 - _modes(recovery, *_w1_w2(recovery.spin, math.exp(theta[2]), theta[3])).depth
    return 0.0 if recovery.experiment == "saturation" else -1.0


def _starts(
    recovery: Recovery,
    model: Model,
    values: np.ndarray,
    weight: np.ndarray,
    times: tuple[float, float],
    *,
    ideal: float | None = None,
) -> list[np.ndarray]:
    """Amplitude and offset, or that alone with an `ideal` offset, by linear least squares at times on a grid.

    The best for each of the model's further parameters.
    """
    extras = {"single": [()], "stretched": [(0.9,), (0.5,)], "two-rates": [(0.9,), (0.35,)]}[model]
    low, high = _OFFSET_LIMITS[recovery.experiment]
    starts = []
    for extra in extras:
        found = []
        for time in np.linspace(*times, 41):
            none, one = (
                _curve(recovery, model, np.array([1.0, o, time, *extra]), recovery.delays_s) for o in (0.0, 1.0)
            )
            # the curve is linear in M and M o
            columns = [none, one - none] if ideal is None else [none + ideal * (one - none)]
            design = np.stack(columns, axis=1) * weight[:, None]
            solved, *_ = np.linalg.lstsq(design, values * weight, rcond=None)
            misfit = float(np.sum((design @ solved - values * weight) ** 2))
            offset = [] if ideal is not None else [np.clip(solved[1] / solved[0] if solved[0] else 0.0, low, high)]
            found.append((misfit, np.array([solved[0], *offset, time, *extra])))
        starts.append(min(found, key=lambda pair: pair[0])[1])
    return starts


def _two_rates(recovery: Recovery, best: Fit, problem: Problem, *, is_asked: bool) -> dict[str, Value | None]:
    """W1 and W2, each with its profile: ln W in the place of ln T1."""
    if not is_asked:
        return {"w1_per_s": None, "w2_per_s": None}
    found: dict[str, Value | None] = {}
    for name, power in (("w1_per_s", 0), ("w2_per_s", 1)):

        def to_time(log_w: float, ratio: float, power: int = power) -> float:
            """Ln T1 of ln W1 or ln W2, and W2 / W1."""
            return (
                -log_w
                + power * math.log(ratio)
                - math.log(rate_of_spin_temperature_per_s(recovery.spin, 1.0, float(ratio)))
            )

        def residual(theta: np.ndarray, to_time=to_time) -> np.ndarray:
            return problem.residual(np.array([theta[0], theta[1], to_time(theta[2], theta[3]), theta[3]]))

        w1, w2 = _w1_w2(recovery.spin, math.exp(best.theta[2]), best.theta[3])
        theta = np.array([best.theta[0], best.theta[1], math.log((w1, w2)[power]), best.theta[3]])
        step = 1e-5
        slope = (to_time(0.0, theta[3] + step) - to_time(0.0, theta[3] - step)) / (2 * step)
        turn = np.eye(4)
        turn[2, 2:] = -1.0, slope
        lower, upper = problem.lower.copy(), problem.upper.copy()
        lower[2], upper[2] = theta[2] - 8.0, theta[2] + 8.0
        other = Problem(residual=residual, lower=lower, upper=upper)
        found[name] = profiled(other, moved(best, theta, turn), 2, logarithmic=True)
    return found


def _has_enough(recovery: Recovery, model: Model) -> bool:
    return len(recovery.delays_s) >= (_LEAST_DELAYS if model == "single" else _LEAST_DELAYS + 2)


def _check_changes(recovery: Recovery) -> None:
    order = np.argsort(recovery.delays_s)
    values = recovery.intensity[order]
    third = max(len(values) // 3, 1)
    first, last = float(np.mean(values[:third])), float(np.mean(values[-third:]))
    change = abs(last - first)
    if recovery.std is not None:
        noise = float(np.sqrt(np.mean(recovery.std**2)))
    else:  # second differences of a smooth curve are those of its noise
        noise = float(np.std(values[2:] - 2 * values[1:-1] + values[:-2])) / math.sqrt(6)
    noise_of_change = noise * math.sqrt(2.0 / third)
    if not change > _LEAST_CONTRAST * noise_of_change or not np.any(values):
        raise DataError(
            f"no signal that changes with the delay (by {change:.3g}, noise {noise_of_change:.3g})",
            where=recovery.name,
            remedy="give the region of the line, more scans, or delays from a tenth of T1 to five times T1",
        )  # fmt: skip
    if last < first and recovery.experiment != "decay":
        raise DataError(
            f"the intensities fall with the delay, from {first:.3g} to {last:.3g}, and a recovery's rise",
            where=recovery.name,
            remedy="look at the order of the delays (--delays-s), or say --experiment decay",
        )  # fmt: skip


def _check_described(recovery: Recovery, chosen: RecoveryFit) -> None:
    if recovery.std is None or chosen.scale <= _MOST_OVER_NOISE:
        return
    if _has_enough(recovery, "two-rates"):
        remedy = "say what was excited and seen by --excited and --seen, or take one model by --model"
    else:
        remedy = (
            f"measure {_LEAST_DELAYS + 2} delays or more for the two rates of spin {recovery.spin:g} "
            f"({len(recovery.delays_s)} are there), or take one model by --model"
        )
    raise DataError(
        f"the residuals of {chosen.model} are {chosen.scale:.0f} times the noise: its time says nothing",
        where=recovery.name, remedy=remedy,
    )  # fmt: skip


def _check_reached(recovery: Recovery, chosen: RecoveryFit) -> None:
    longest, shortest = float(recovery.delays_s.max()), float(recovery.delays_s[recovery.delays_s > 0].min())
    time, (low, high) = chosen.t1_s.value, chosen.t1_s.interval_95
    if time > 2 * longest or (high is None and chosen.t1_s.std > 0.5 * time):
        raise DataError(
            f"the delays end at {longest:.3g} s, before the time that they are to show", where=recovery.name,
            remedy="measure delays up to five times T1",
        )  # fmt: skip
    if time < 0.5 * shortest or (low is None and chosen.t1_s.std > 0.5 * time):
        raise DataError(
            f"the delays begin at {shortest:.3g} s, after the time that they are to show", where=recovery.name,
            remedy="measure shorter delays",
        )  # fmt: skip
