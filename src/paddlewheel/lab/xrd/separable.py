"""Least squares where scales and background are linear: they are solved exactly at each step of the others.

The columns of the phases have scales that are not negative, the background is free; the rest moves by Levenberg and
Marquardt on the residual that the linear part leaves (variable projection, doi 10.1088/0266-5611/19/2/201), inside its
limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from paddlewheel.lab.xrd.model import PatternModel

_DAMPING = 1e-3
_MOST_DAMPING = 1e8


@dataclass(eq=False)
class Linear:
    """Scales and background at one point: the solution and the sum of squares."""

    columns: np.ndarray
    scales: np.ndarray
    coefficients: np.ndarray
    calculated: np.ndarray
    chi2: float


@dataclass(eq=False)
class SeparableFit:
    """A model, what was measured, and the background's functions.

    Attributes
    ----------
    y, weight
        What was measured, and 1 / variance; 0 leaves a point out; [n_points].
    basis
        [n_functions, n_points].
    stiffness
        What priors are multiplied with: the variance of the residual where it is not that of counts.
    stops
        Asked at every step; the search ends where it says so.
    """

    model: PatternModel
    y: np.ndarray
    weight: np.ndarray
    basis: np.ndarray
    stiffness: float = 1.0
    stops: Callable[[], bool] | None = None
    _root: np.ndarray = field(init=False)
    _weighted_basis: np.ndarray = field(init=False)
    _weighted_y: np.ndarray = field(init=False)
    _inverse: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.reweigh(self.weight)

    def reweigh(self, weight: np.ndarray) -> None:
        """Take other weights."""
        self.weight = weight
        self._root = np.sqrt(weight)
        self._weighted_basis = self.basis * self._root
        self._weighted_y = self.y * self._root
        normal = self._weighted_basis @ self._weighted_basis.T
        self._inverse = np.linalg.pinv(normal, rcond=1e-14, hermitian=True)

    def without_background(self, rows: np.ndarray) -> np.ndarray:
        """Weighted rows less what the background can be of them."""
        return rows - (rows @ self._weighted_basis.T @ self._inverse) @ self._weighted_basis

    def solve(self, columns: np.ndarray) -> Linear:
        """Best scales, not negative, and background for these columns, [n_phases, n_points]."""
        weighted = columns * self._root
        rest = self.without_background(np.vstack([weighted, self._weighted_y[None, :]]))
        sizes = np.sqrt(np.einsum("pi,pi->p", rest[:-1], rest[:-1]))
        sizes[sizes <= 0] = 1.0
        scales = _non_negative(rest[:-1] / sizes[:, None], rest[-1]) / sizes
        left = self._weighted_y - scales @ weighted
        coefficients = self._inverse @ (self._weighted_basis @ left)
        residual = left - coefficients @ self._weighted_basis
        calculated = scales @ columns + coefficients @ self.basis
        return Linear(columns, scales, coefficients, calculated, float(residual @ residual))

    def at(self, theta: np.ndarray) -> Linear:
        """The linear part at the parameters."""
        return self.solve(np.array([self.model.column(p, theta) for p in range(len(self.model.phases))]))

    def _prior(self, theta: np.ndarray) -> float:
        centre, std = self._priors()
        return float(self.stiffness * (((theta - centre) / std) ** 2).sum())

    def _priors(self) -> tuple[np.ndarray, np.ndarray]:
        return (
            np.array([each.prior for each in self.model.parameters]),
            np.array([each.prior_std for each in self.model.parameters]),
        )

    def jacobian(self, theta: np.ndarray, linear: Linear, free: Sequence[int]) -> np.ndarray:
        """Derivatives of the calculated pattern by free parameters at fixed scales; [n_free, n_points]."""
        whole = np.zeros((len(free), self.y.size))
        for phase, scale in enumerate(linear.scales):
            if scale > 0:
                whole += scale * self.model.slopes(phase, theta, free)
        return whole

    def minimise(self, free: Sequence[int], *, most_steps: int = 20, least_gain: float = 1e-5) -> Linear:
        """Move the free parameters to the minimum, and put them into the model's parameters."""
        theta = self.model.theta()
        parameters = self.model.parameters
        low = np.array([each.lower for each in parameters])
        high = np.array([each.upper for each in parameters])
        centre, std = self._priors()
        theta = np.clip(theta, low, high)
        self.model.hold_nodes(theta)
        linear = self.at(theta)
        here = linear.chi2 + self._prior(theta)
        damping, free = _DAMPING, list(free)
        for _ in range(most_steps if free else 0):
            if self.stops is not None and self.stops():
                break
            jacobian = self.without_background(self.jacobian(theta, linear, free) * self._root)
            active = linear.scales > 0
            if active.any():
                inner = self.without_background(linear.columns[active] * self._root)
                orthogonal = np.linalg.qr(inner.T)[0]
                jacobian -= (jacobian @ orthogonal) @ orthogonal.T
            residual = (self.y - linear.calculated) * self._root
            pull = self.stiffness / std[free] ** 2
            gradient = jacobian @ residual - pull * (theta[free] - centre[free])
            normal = jacobian @ jacobian.T + np.diag(pull)
            held = ((theta[free] <= low[free]) & (gradient < 0)) | ((theta[free] >= high[free]) & (gradient > 0))
            normal[held] = 0.0
            normal[:, held] = 0.0
            gradient[held] = 0.0
            diagonal = np.maximum(np.diag(normal), 1e-300)
            root = np.sqrt(np.where(np.diag(normal) > 0, diagonal, 1.0))
            scaled = normal / np.outer(root, root)
            gain = 0.0
            while damping < _MOST_DAMPING:
                step = (
                    np.linalg.lstsq(
                        scaled + damping * np.eye(len(free)) + np.diag(np.where(held, 1.0, 0.0)),
                        gradient / root,
                        rcond=None,
                    )[0]
                    / root
                )
                trial = theta.copy()
                trial[free] = np.clip(theta[free] + step, low[free], high[free])
                tried = self.at(trial)
                there = tried.chi2 + self._prior(trial)
                if np.isfinite(there) and there < here:
                    gain, theta, linear, here = here - there, trial, tried, there
                    damping = max(damping / 10, 1e-9)
                    break
                damping = max(damping * 10, 1e-6)
                if np.abs(trial[free] - theta[free]).max(initial=0.0) < 1e-12:
                    break
            if gain <= least_gain * here:
                break
        for parameter, value in zip(parameters, theta, strict=True):
            parameter.value = float(value)
        return linear

    def covariance(self, theta: np.ndarray, linear: Linear, free: Sequence[int]) -> np.ndarray:
        """Of scales [n_phases], then the free parameters, at unit variance of weight; the background is marginal.

        The scale of a phase that is not there has its error, with the others free.
        """
        std = self._priors()[1]
        jacobian = self.jacobian(theta, linear, free) * self._root
        rows = self.without_background(np.vstack([linear.columns * self._root, jacobian]))
        normal = rows @ rows.T
        n_phases = len(linear.scales)
        for row, place in enumerate(free):
            normal[n_phases + row, n_phases + row] += self.stiffness / std[place] ** 2
        size = np.sqrt(np.diag(normal))
        blind = size <= 0
        size[blind] = 1.0
        inverse = np.linalg.pinv(normal / np.outer(size, size), rcond=1e-13, hermitian=True) / np.outer(size, size)
        inverse[blind] = 0.0
        inverse[:, blind] = 0.0
        return inverse


def _non_negative(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares with factors that are not negative (Lawson and Hanson); columns of size one, [n, n_points]."""
    from scipy.optimize import nnls

    normal = columns @ columns.T
    values, vectors = np.linalg.eigh(normal)
    keep = values > 1e-12 * values.max()
    root = np.sqrt(values[keep])[:, None] * vectors[:, keep].T
    target = (vectors[:, keep].T @ (columns @ y)) / np.sqrt(values[keep])
    return nnls(root, target)[0]
