"""Positive quantities by their logarithms, with errors of Student's kind: sums, weighted means and lines of them.

A diffusivity from few stretches of a run has an error that is known from few numbers. Sums of such logarithms get the
degrees of freedom of Welch and Satterthwaite (doi 10.1093/biomet/34.1-2.28), and weights that come from estimated
errors what Meier adds to the variance (doi 10.2307/3001633), with leverages in the place of weights for a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError

ONE_SIGMA = 0.6826894921370859
IMPROBABLE = 0.05
"""Chance of a larger chi2 under which errors are scaled to the scatter, and means are not taken for equal."""


@dataclass(frozen=True)
class LogValue:
    """The logarithm of a positive quantity, its standard error, and the degrees of freedom of that error."""

    log: float
    std: float
    degrees_of_freedom: float = np.inf

    @classmethod
    def of(cls, value: float, std: float, degrees_of_freedom: float = np.inf) -> LogValue:
        """Of a value whose `std` is half of a log-normal 68 % interval with Student's quantile, as the estimates of
        `diffusion.py` and `onsager.py` are.

        Raises
        ------
        InputError
            For a value or an error that is not positive and finite.
        """
        if not (np.isfinite(value) and np.isfinite(std) and value > 0 and std > 0):
            raise InputError(f"{value:g} +- {std:g} has no logarithm with an error", remedy="give positive numbers")
        error = float(np.arcsinh(std / value)) / quantile(degrees_of_freedom, ONE_SIGMA)
        return cls(float(np.log(value)), error, degrees_of_freedom)

    @property
    def value(self) -> float:
        """The quantity itself: its median."""
        return float(np.exp(self.log))

    def interval(self, level: float) -> tuple[float, float]:
        """Of the quantity, with this confidence."""
        reach = self.reach(level)
        return float(np.exp(self.log - reach)), float(np.exp(self.log + reach))

    def reach(self, level: float) -> float:
        """Half width of the interval of the logarithm."""
        return quantile(self.degrees_of_freedom, level) * self.std


@dataclass(frozen=True)
class Combination:
    """A linear function of the parameters of a weighted fit to logarithms.

    Attributes
    ----------
    result
        Its value and error.
    chi2, freedom
        Of the fit: squared residuals in errors, and points less parameters.
    probability
        Chance of a larger chi2 where the model holds; None without freedom.
    """

    result: LogValue
    chi2: float
    freedom: int
    probability: float | None

    @property
    def is_doubtful(self) -> bool:
        """Whether the points scatter more than their errors allow, by which the error is scaled."""
        return self.probability is not None and self.probability < IMPROBABLE


def sum_of(values: Sequence[LogValue], factors: Sequence[float] | np.ndarray) -> LogValue:
    """`sum_i factors_i values_i` of independent logarithms: 1 and -1 are a ratio of the quantities."""
    parts = np.array([each.std for each in values]) * np.asarray(factors, dtype=np.float64)
    freedoms = np.array([each.degrees_of_freedom for each in values])
    variance = float(np.sum(parts**2))
    spread = float(np.sum(parts**4 / freedoms))
    log = float(np.dot(factors, [each.log for each in values]))
    return LogValue(log, float(np.sqrt(variance)), variance**2 / spread if spread > 0 else np.inf)


def fit_logs(
    values: Sequence[LogValue], design: Sequence[Sequence[float]] | np.ndarray, functional: Sequence[float] | np.ndarray
) -> Combination:
    """Weighted least squares `logs = design @ parameters`, and `functional @ parameters` with its error.

    A mean has a design of ones. Where chi2 is improbable (5 %; Fisher's F for estimated errors) the error is scaled by
    the root of chi2 over its freedom, and Student's t has that freedom.

    Parameters
    ----------
    values
        `[n]`, independent.
    design, functional
        `[n, n_parameters]` of full rank, and `[n_parameters]`.

    Raises
    ------
    InputError
        If the design does not determine the parameters.
    """
    matrix, at = np.asarray(design, dtype=np.float64), np.asarray(functional, dtype=np.float64)
    logs, stds = np.array([each.log for each in values]), np.array([each.std for each in values])
    freedoms = np.array([each.degrees_of_freedom for each in values])
    scaled = matrix / stds[:, None]
    columns = np.linalg.norm(scaled, axis=0)  # parameters of different units: compare their columns, not their numbers
    if (columns == 0).any() or np.linalg.matrix_rank(scaled / columns) < matrix.shape[1]:
        raise InputError("the points do not determine the parameters", remedy="give more, or vary what is fitted")
    covariance = np.linalg.inv((scaled / columns).T @ (scaled / columns)) / np.outer(columns, columns)
    weights = covariance @ (scaled / stds[:, None]).T  # [n_parameters, n]
    parameters = weights @ logs
    leverage = np.einsum("ij,jk,ik->i", scaled, covariance, scaled)
    carried = at @ weights * stds
    variance = float(np.sum(carried**2 * (1.0 + 4.0 / freedoms * np.maximum(1.0 - leverage, 0.0))))
    spread = float(np.sum(carried**4 / freedoms))
    dof = float(np.sum(carried**2)) ** 2 / spread if spread > 0 else np.inf
    chi2 = float(np.sum(((logs - matrix @ parameters) / stds) ** 2))
    freedom = matrix.shape[0] - matrix.shape[1]
    probability = chance_of_more(chi2, freedom, freedoms) if freedom > 0 else None
    if probability is not None and probability < IMPROBABLE:
        variance, dof = variance * chi2 / freedom, float(freedom)
    return Combination(LogValue(float(at @ parameters), float(np.sqrt(variance)), dof), chi2, freedom, probability)


def quantile(degrees_of_freedom: float, level: float) -> float:
    """Two-sided quantile of Student's t; the normal one for infinitely many degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    half = 0.5 + level / 2.0
    return float(ndtri(half) if np.isinf(degrees_of_freedom) else stdtrit(degrees_of_freedom, half))


def chance_of_more(chi2: float, freedom: int, freedoms: np.ndarray) -> float:
    """Chance of a larger chi2 where a model holds; with errors of as many degrees of freedom `[n]` it is Fisher's F."""
    from scipy.special import chdtrc, fdtrc

    known = float(np.mean(1.0 / freedoms))
    return float(chdtrc(freedom, chi2) if known == 0.0 else fdtrc(freedom, 1.0 / known, chi2 / freedom))
