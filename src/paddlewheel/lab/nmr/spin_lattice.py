"""Spin-lattice relaxation against temperature: activation energies, stretching and jump rate from the whole peak.

R1 = C [J(w0) + 4 J(2 w0)], or C J(w0), with J(w) = tau / (1 + (w tau)^beta) and tau = tau0 exp(Ea / kT). Far above the
maximum ln R1 against 1/T has the slope Ea / k, far below -(beta - 1) Ea / k; near it neither, so that lines through the
flanks of a window of usual width are wrong by a factor of up to two and the whole peak is fitted (Bloembergen, Purcell,
Pound, doi 10.1103/PhysRev.73.679; Kuechler, Kanert and others for beta, doi 10.1016/j.pnmrs.2011.10.001).

The fit's own parameters are the largest rate, the temperature of the maximum at the first frequency, Ea and beta: they
are nearly independent, where tau0 and C are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.lab.nmr.least_squares import Fit, Problem, Value, aicc, derivatives, fit, moved, profiled, value_of
from paddlewheel.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, BOLTZMANN_eV_PER_K

Kernel = Literal["two_J", "single_J"]
KERNELS: tuple[Kernel, ...] = ("two_J", "single_J")
BETA_LIMITS = (1.02, 2.0)
_ENERGY_LIMITS_eV = (0.005, 5.0)
_LEAST_TEMPERATURES = 6
_WIDE_FACTOR = 2.5
"""Of T1 over its minimum, that a window of some twelve temperatures should reach on both sides."""
_WIDEST_SHARE = 0.30
"""Half of the 95 % interval of the activation energy over its value, beyond which a window decides nothing."""

_LEAST_CHANCE = 0.01
"""Of a constant T1 to scatter so, above which no dependence on temperature is there."""
_LEAST_SCATTER = 1e-9


def spectral_density_s(omega_rad_per_s: np.ndarray | float, tau_s: np.ndarray, beta: float) -> np.ndarray:
    """J = tau / (1 + (omega tau)^beta); beta 2 is Bloembergen, Purcell and Pound's."""
    return tau_s / (1.0 + (omega_rad_per_s * tau_s) ** beta)


@lru_cache(maxsize=4096)
def phase_at_maximum(kernel: Kernel, beta: float) -> float:
    """w0 tau at which R1 is largest: (1 / (beta - 1))^(1 / beta) for a single J; 1.492 and 0.953 for beta 1.54."""
    single = (1.0 / (beta - 1.0)) ** (1.0 / beta)
    if kernel == "single_J":
        return single
    # the derivative of x/(1+x^b) + 4x/(1+(2x)^b) changes its sign between the maxima of the two terms
    from scipy.optimize import brentq

    return cast("float", brentq(_slope, 0.5 * single, single, args=(beta,), xtol=1e-13 * single))


def _slope(x: float, beta: float) -> float:
    one, two = x**beta, (2.0 * x) ** beta
    return (1.0 + (1.0 - beta) * one) / (1.0 + one) ** 2 + 4.0 * (1.0 + (1.0 - beta) * two) / (1.0 + two) ** 2


def jump_rate_at_maximum_per_s(kernel: Kernel, *, omega_rad_per_s: float, beta: float) -> float:
    """1 / tau where R1 is largest."""
    return omega_rad_per_s / phase_at_maximum(kernel, beta)


def quadrupolar_coupling_MHz(coupling_per_s2: float, nucleus: Isotope, *, eta: float = 0.0) -> float:
    """The fluctuating Cq of a relaxation constant C of R1 = C [J(w0) + 4 J(2 w0)].

    C = (3/200) (2I + 3) / (I^2 (2I - 1)) (1 + eta^2 / 3) (2 pi Cq)^2, (1/50) ... for spin 3/2 (Abragam 1961, VIII).

    Raises
    ------
    InputError
        For a nucleus without a quadrupole moment.
    """
    if not nucleus.is_quadrupolar:
        raise InputError(f"{nucleus.symbol} has no quadrupole moment", remedy="ask no quadrupolar coupling of it")
    spin = nucleus.spin
    factor = 3.0 / 200.0 * (2 * spin + 3) / (spin**2 * (2 * spin - 1)) * (1 + eta**2 / 3)
    return math.sqrt(coupling_per_s2 / factor) / (2 * math.pi * 1e6)


def diffusivity_cm2_per_s(jump_rate_per_s: float, jump_distance_A: float) -> float:
    """a^2 / (6 tau) of a walk in three dimensions without memory."""
    return (jump_distance_A * 1e-8) ** 2 * jump_rate_per_s / 6.0


def nernst_einstein_mS_per_cm(
    diffusivity_cm2_per_s: float, *, carriers_per_cm3: float, temperature_K: float, charge: float = 1.0
) -> float:
    """n (q e)^2 D / (kT)."""
    charge_C = charge * ELEMENTARY_CHARGE_C
    siemens_per_cm = carriers_per_cm3 * charge_C**2 * diffusivity_cm2_per_s / (BOLTZMANN_J_PER_K * temperature_K)
    return 1e3 * siemens_per_cm


@dataclass(frozen=True, eq=False, kw_only=True)
class Rates:
    """Spin-lattice relaxation rates of one site in one field.

    Attributes
    ----------
    temperature_K, rate_per_s
        [n] of the sample, and 1 / T1.
    relative_std
        [n] standard uncertainty of a rate over the rate; None where it is not known.
    omega_rad_per_s
        2 pi times the Larmor frequency.

    Raises
    ------
    DataError
        For values that cannot be.
    """

    temperature_K: np.ndarray
    rate_per_s: np.ndarray
    omega_rad_per_s: float
    relative_std: np.ndarray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        temperatures, rates = np.asarray(self.temperature_K, dtype=float), np.asarray(self.rate_per_s, dtype=float)
        if temperatures.ndim != 1 or temperatures.shape != rates.shape:
            raise DataError(
                f"{rates.size} rates for {temperatures.size} temperatures", where=self.name, remedy="give as many"
            )
        for what, values in (("temperature", temperatures), ("rate", rates)):
            bad = ~(np.isfinite(values) & (values > 0))
            if bad.any():
                raise DataError(
                    f"a {what} of {values[bad][0]:g}", where=self.name,
                    remedy="temperatures are in K, and T1 in s, both above 0",
                )  # fmt: skip
        if not self.omega_rad_per_s > 0:
            raise DataError(f"a frequency of {self.omega_rad_per_s:g} rad/s", where=self.name, remedy="give the field")
        if self.relative_std is not None:
            relative = np.asarray(self.relative_std, dtype=float)
            if relative.shape != rates.shape or not (np.isfinite(relative) & (relative > 0)).all():
                raise DataError("uncertainties of T1 that are not all above 0", where=self.name,
                                remedy="give one for every temperature, or none")  # fmt: skip
            object.__setattr__(self, "relative_std", relative)
        object.__setattr__(self, "temperature_K", temperatures)
        object.__setattr__(self, "rate_per_s", rates)


@dataclass(frozen=True, eq=False, kw_only=True)
class PeakFit:
    """The fit of one kernel; every quantity with its uncertainty.

    Attributes
    ----------
    activation_energy_eV, low_T_energy_eV
        Ea, and (beta - 1) Ea.
    beta
        Of the spectral density.
    temperature_at_maximum_K, jump_rate_at_maximum_per_s
        At the first frequency.
    ln_tau0_s
        Logarithm of tau0.
    ln_coupling_per_s2
        Logarithm of C, tau0 and Ea following.
    covariance
        [4, 4] of ln of the largest rate, temperature of the maximum, ln Ea and beta.
    chi2, aicc, scatter
        Of the logarithms; the scatter is a relative standard deviation.
    refused
        Why the window decides nothing, and what is to be measured; None where it does.
    """

    kernel: Kernel
    activation_energy_eV: Value
    low_T_energy_eV: Value
    beta: Value
    temperature_at_maximum_K: Value
    jump_rate_at_maximum_per_s: Value
    ln_tau0_s: Value
    ln_coupling_per_s2: Value
    best: Fit
    problem: Problem
    omega_rad_per_s: float
    chi2: float
    aicc: float
    scatter: float
    refused: str | None = None

    @property
    def covariance(self) -> np.ndarray:
        """[4, 4] of ln of the largest rate, temperature of the maximum, ln Ea and beta."""
        return self.best.covariance

    def rate_per_s(self, temperatures_K: np.ndarray, omega_rad_per_s: float | None = None) -> np.ndarray:
        """R1 at any temperature, [n]."""
        omega = self.omega_rad_per_s if omega_rad_per_s is None else omega_rad_per_s
        return np.exp(_log_rates(self.kernel, self.best.theta, temperatures_K, omega, self.omega_rad_per_s))

    def log_std(self, temperatures_K: np.ndarray, omega_rad_per_s: float | None = None) -> np.ndarray:
        """Standard uncertainty of ln R1 of the fit at any temperature, [n]."""
        omega = self.omega_rad_per_s if omega_rad_per_s is None else omega_rad_per_s
        gradient = derivatives(
            lambda theta: _log_rates(self.kernel, theta, temperatures_K, omega, self.omega_rad_per_s),
            self.best.theta, self.problem, range(4),
        )  # fmt: skip
        return np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", gradient, self.best.covariance, gradient), 0.0))

    def jump_rate_per_s(self, temperature_K: float) -> Value:
        """1 / tau at a temperature, by the covariance."""
        return value_of(
            lambda theta: -_log_tau(self.kernel, theta, temperature_K, self.omega_rad_per_s), self.problem, self.best,
            logarithmic=True,
        )  # fmt: skip


def fit_peak(kernel: Kernel, rates: Sequence[Rates]) -> PeakFit:
    """Fit the peak of one site, measured in one field or several.

    Raises
    ------
    DataError
        For fewer than six temperatures.
    """
    temperatures = np.concatenate([each.temperature_K for each in rates])
    if len(np.unique(temperatures)) < _LEAST_TEMPERATURES:
        raise DataError(
            f"{len(np.unique(temperatures))} temperatures for four parameters", where=rates[0].name,
            remedy=f"measure {_LEAST_TEMPERATURES} or more, on both sides of the minimum of T1",
        )  # fmt: skip
    first = rates[0].omega_rad_per_s
    omega = np.concatenate([np.full(len(each.rate_per_s), each.omega_rad_per_s) for each in rates])
    logs = np.log(np.concatenate([each.rate_per_s for each in rates]))
    known = all(each.relative_std is not None for each in rates)
    stds = [each.relative_std for each in rates if each.relative_std is not None] if known else []
    weight = 1.0 / np.concatenate(stds) if known else np.ones(len(logs))

    def residual(theta: np.ndarray) -> np.ndarray:
        return weight * (logs - _log_rates(kernel, theta, temperatures, omega, first))

    def residual_of_low(theta: np.ndarray) -> np.ndarray:
        """With ln (beta - 1) Ea in the place of ln Ea."""
        high = theta.copy()
        high[2] -= math.log(theta[3] - 1.0)
        return residual(high)

    span = (0.3 * float(temperatures.min()), 3.0 * float(temperatures.max()))
    lower = np.array([-np.inf, span[0], math.log(_ENERGY_LIMITS_eV[0]), BETA_LIMITS[0]])
    upper = np.array([np.inf, span[1], math.log(_ENERGY_LIMITS_eV[1]), BETA_LIMITS[1]])
    problem = Problem(residual=residual, lower=lower, upper=upper)
    best = fit(problem, _starts(temperatures, logs), known_errors=known)
    low = Problem(
        residual=residual_of_low,
        lower=np.array([-np.inf, span[0], math.log(_ENERGY_LIMITS_eV[0] / 50), BETA_LIMITS[0]]), upper=upper,
    )  # fmt: skip
    made = _quantities(kernel, problem, low, best, first)
    scatter = float(np.std((logs - _log_rates(kernel, best.theta, temperatures, omega, first)), ddof=4))
    return PeakFit(
        kernel=kernel,
        best=best,
        problem=problem,
        omega_rad_per_s=first,
        chi2=best.chi2,
        aicc=aicc(best),
        scatter=scatter,
        refused=_refused(kernel, best, made, rates, _is_constant(best, logs, weight, omega)),
        **made,
    )


def _log_tau(kernel: Kernel, theta: np.ndarray, temperature_K: Any, first: float) -> Any:
    """ln tau at one temperature or several: known at the maximum of the first frequency, activated elsewhere."""
    at_maximum = math.log(phase_at_maximum(kernel, float(theta[3])) / first)
    return at_maximum + math.exp(theta[2]) / BOLTZMANN_eV_PER_K * (1.0 / temperature_K - 1.0 / theta[1])


def _log_rates(
    kernel: Kernel, theta: np.ndarray, temperatures_K: np.ndarray, omega: np.ndarray | float, first: float
) -> np.ndarray:
    """ln R1 of ln of the largest rate, temperature of the maximum, ln Ea and beta; in logarithms against overflow."""
    beta = float(theta[3])
    phase = _log_tau(kernel, theta, temperatures_K, first) + np.log(omega)
    peak = math.log(phase_at_maximum(kernel, beta))
    shape = _log_shape(kernel, phase, beta) - np.log(omega) - (_log_shape(kernel, peak, beta) - math.log(first))
    return theta[0] + shape


def _log_shape(kernel: Kernel, log_phase: np.ndarray | float, beta: float) -> np.ndarray:
    """ln of w0 times the kernel, of ln (w0 tau)."""
    log_phase = np.asarray(log_phase)
    single = log_phase - np.logaddexp(0.0, beta * log_phase)
    if kernel == "single_J":
        return single
    double = math.log(4.0) + log_phase - np.logaddexp(0.0, beta * (log_phase + math.log(2.0)))
    return np.logaddexp(single, double)


def _starts(temperatures: np.ndarray, logs: np.ndarray) -> list[np.ndarray]:
    """From the largest rate, and from either side of the window where it lies at its edge."""
    top = int(np.argmax(logs))
    middle = float(temperatures[top])
    return [
        np.array([logs[top], place, math.log(energy), 1.6])
        for place in dict.fromkeys((middle, 1.15 * middle, 0.87 * middle))
        for energy in (0.15, 0.4)
    ]


def _quantities(kernel: Kernel, problem: Problem, low: Problem, best: Fit, first: float) -> dict[str, Value]:
    theta = best.theta
    to_low = np.eye(4)
    to_low[2, 3] = 1.0 / (theta[3] - 1.0)
    of_low = np.array([*theta[:2], theta[2] + math.log(theta[3] - 1.0), theta[3]])
    beta = profiled(problem, best, 3)

    def log_tau0(vector: np.ndarray) -> float:
        return _log_tau(kernel, vector, np.inf, first)

    def log_coupling(vector: np.ndarray) -> float:
        peak = math.log(phase_at_maximum(kernel, float(vector[3])))
        return float(vector[0] - _log_shape(kernel, peak, float(vector[3])) + math.log(first))

    return {
        "activation_energy_eV": profiled(problem, best, 2, logarithmic=True),
        "low_T_energy_eV": profiled(low, moved(best, of_low, to_low), 2, logarithmic=True),
        "beta": beta,
        "temperature_at_maximum_K": profiled(problem, best, 1),
        "jump_rate_at_maximum_per_s": beta.mapped(
            lambda value: jump_rate_at_maximum_per_s(kernel, omega_rad_per_s=first, beta=value)
        ),
        "ln_tau0_s": value_of(log_tau0, problem, best),
        "ln_coupling_per_s2": value_of(log_coupling, problem, best),
    }


def _is_constant(best: Fit, logs: np.ndarray, weight: np.ndarray, omega: np.ndarray) -> bool:
    """Whether one T1 in each field does as well as the peak: by the F test, or chi square where errors are known."""
    from scipy.special import chdtrc, fdtrc

    chi2 = 0.0
    fields = np.unique(omega)
    for each in fields:
        here = omega == each
        mean = np.average(logs[here], weights=weight[here] ** 2)
        chi2 += float(np.sum((weight[here] * (logs[here] - mean)) ** 2))
    saved = max(len(best.theta) - len(fields), 1)
    over = max(chi2 - best.chi2, 0.0) / max(best.scale, _LEAST_SCATTER) ** 2
    chance = fdtrc(saved, best.freedom, over / saved) if best.is_scatter else chdtrc(saved, over)
    return float(chance) > _LEAST_CHANCE


def _refused(
    kernel: Kernel, best: Fit, made: dict[str, Value], rates: Sequence[Rates], is_constant: bool
) -> str | None:
    """Why the window decides nothing, with the temperatures that are missing."""
    temperatures = np.concatenate([each.temperature_K for each in rates])
    lowest, highest = float(temperatures.min()), float(temperatures.max())
    if is_constant:
        return (
            f"T1 does not depend on temperature here ({lowest:.4g} to {highest:.4g} K), within its errors: Ea, beta "
            "and the jump rate are not known; measure where it changes"
        )
    top = made["temperature_at_maximum_K"]
    if not lowest < top.value < highest:
        # where it lies is not in a flank: that needs C and beta
        side = f"above {highest:.4g}" if top.value >= highest else f"below {lowest:.4g}"
        return (
            f"T1 has no minimum between {lowest:.4g} and {highest:.4g} K: it lies {side} K, where is not known, and "
            f"Ea, beta and the jump rate are not; measure {side} K until T1 has doubled past its minimum"
        )
    energy = made["activation_energy_eV"]
    width = energy.half_width_95
    if width <= _WIDEST_SHARE:
        return None
    said = f"{lowest:.4g} to {highest:.4g} K decide nothing: "
    said += (
        f"Ea is {energy.value:.3g} eV with half of its 95 % interval {100 * width:.0f} % of it; "
        if math.isfinite(width)
        else "the interval of Ea has no end; "
    )
    cold, hot = _wide_window(kernel, best, rates[0].omega_rad_per_s)
    reached_cold, reached_hot = _reached(rates)
    missing = [
        *([f"from {cold:.0f} to {lowest:.4g} K"] if cold < lowest and not reached_cold else []),
        *([f"from {highest:.4g} to {hot:.0f} K"] if hot > highest and not reached_hot else []),
    ]
    if not missing:
        return said + "measure more temperatures, or T1 with a smaller error"
    return (
        f"{said}measure also {' and '.join(missing)}, where T1 becomes {_WIDE_FACTOR:g} times its minimum by this fit, "
        "and on until it does"
    )


def _reached(rates: Sequence[Rates]) -> tuple[bool, bool]:
    """Whether T1 of a field becomes `_WIDE_FACTOR` times its smallest at its coldest, and at its hottest."""
    cold, hot = (
        any(each.rate_per_s[pick(each.temperature_K)] * _WIDE_FACTOR <= each.rate_per_s.max() for each in rates)
        for pick in (np.argmin, np.argmax)
    )
    return cold, hot


def _wide_window(kernel: Kernel, best: Fit, first: float) -> tuple[float, float]:
    """Between which temperatures the fitted T1 is within `_WIDE_FACTOR` of its minimum."""
    top = float(best.theta[1])
    ends = []
    for factors in (np.linspace(1.0, 0.2, 401), np.linspace(1.0, 5.0, 801)):
        logs = _log_rates(kernel, best.theta, top * factors, first, first)
        fallen = logs < best.theta[0] - math.log(_WIDE_FACTOR)
        ends.append(top * float(factors[np.argmax(fallen)] if fallen.any() else factors[-1]))
    return ends[0], ends[1]


def flank_slope_eV(temperatures_K: np.ndarray, rates_per_s: np.ndarray) -> float:
    """Slope of ln R1 against -1/kT through the points of a flank: what an Arrhenius line reads, not Ea."""
    x = 1.0 / (BOLTZMANN_eV_PER_K * np.asarray(temperatures_K))
    return abs(float(np.polyfit(x, np.log(rates_per_s), 1)[0]))
