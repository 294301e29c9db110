"""The likelihood of two parameters on a grid that zooms in to where it is; linear parameters are solved for.

For fits of few frames whose sum of squares has flats and corners: a transition between two frames leaves its place open
over the whole gap, which derivatives at a minimum do not tell. Intervals integrate the likelihood over the grid, with a
flat prior inside the limits; where the scatter is beyond what the stated errors allow, or none are stated, it is
Student's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.nmr.least_squares import Value

_GRID = 44
_ROUNDS = 7
_FAR = 32.0
"""Rise of chi2 beyond which a point of the grid weighs nothing: e^-16."""
_CHANCE = 0.05
"""Of a chi2 as large by chance, below which the scatter widens the stated errors."""
_CHANCE_BELOW = 0.005
"""Of one as small, below which it narrows them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """chi2 over the last grid.

    Attributes
    ----------
    places, heights
        Both parameters and the chi2 there; [p, 2], [p].
    chi2, theta, coefficients
        The least, the parameters there [2], and the linear ones [k].
    """

    places: np.ndarray
    heights: np.ndarray
    chi2: float
    theta: np.ndarray
    coefficients: np.ndarray


@dataclass(frozen=True, eq=False)
class Points:
    """What is fitted: values [n], one over their standard uncertainties [n] (ones where not known).

    `is_known` says that the uncertainties are stated.
    """

    value: np.ndarray
    weight: np.ndarray
    is_known: bool

    @classmethod
    def of(cls, value: np.ndarray, std: np.ndarray | None) -> Points:
        """Values with their uncertainties, or None where the scatter has to tell them."""
        return cls(value=value, weight=np.ones(value.size) if std is None else 1 / std, is_known=std is not None)

    def variance(self, chi2: float, n_parameters: int) -> float:
        """Of the residuals over stated uncertainties: 1 unless chi2 is too large or too small for chance.

        Too small is what errors that all frames have in common bring: they do not move one frame against another.
        """
        from scipy.special import chdtr, chdtrc

        freedom = self.value.size - n_parameters
        if not self.is_known or freedom < 1:
            return 1.0
        if chdtrc(freedom, chi2) < _CHANCE or (freedom > 2 and chdtr(freedom, chi2) < _CHANCE_BELOW):
            return max(chi2, 1e-12) / freedom
        return 1.0

    def aicc(self, chi2: float, n_parameters: int, variance: float) -> float:
        """Akaike's criterion, corrected for few points; the size of unknown errors counts as a parameter."""
        n, k = self.value.size, n_parameters + (not self.is_known)
        penalty = 2 * k + (2 * k * (k + 1) / (n - k - 1) if n - k > 1 else math.inf)
        return penalty + (chi2 / variance if self.is_known else n * math.log(max(chi2, 1e-300) / n))

    def likelihood(self, grid: Grid, n_parameters: int, variance: float) -> np.ndarray:
        """At the places of a grid, [p]: normal, or Student's by the scatter."""
        rise = grid.heights - grid.chi2
        freedom = max(self.value.size - n_parameters, 1)
        if self.is_known and variance == 1.0:
            return np.exp(-0.5 * rise)
        spread = variance if self.is_known else max(grid.chi2 / freedom, 1e-300)
        return (1 + rise / (freedom * spread)) ** (-0.5 * (freedom + 2))


def search_grid(design: Callable[[np.ndarray], np.ndarray], data: Points, box: np.ndarray) -> Grid:
    """chi2 over two parameters within the limits `box` [2, 2], zoomed in to where it is low.

    `design` gives the columns of the linear parameters [p, n, k] of places [p, 2].
    """
    box = box.astype(float).copy()
    limits = box.copy()
    places = heights = np.empty(0)
    solved = np.empty((0, 2))
    for _ in range(_ROUNDS):
        axes = [np.linspace(float(side[0]), float(side[1]), _GRID) for side in box]
        places = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
        heights, solved = _solve(design(places), data)
        least = float(heights.min())
        spread = max(least / max(data.value.size - 4, 1), 1.0 if data.is_known else 1e-300)
        near = places[heights - least < _FAR * spread]
        cell = np.array([axis[1] - axis[0] for axis in axes])
        closer = np.stack([near.min(0) - cell, near.max(0) + cell], 1)
        closer = np.clip(closer, limits[:, :1], limits[:, 1:])
        if (np.diff(closer)[:, 0] > 0.75 * np.diff(box)[:, 0]).all():
            break
        box = closer
    at = int(heights.argmin())
    return Grid(
        places=places, heights=heights, chi2=float(heights[at]), theta=places[at], coefficients=solved[at]
    )  # fmt: skip


def _solve(basis: np.ndarray, data: Points) -> tuple[np.ndarray, np.ndarray]:
    """chi2 [p] and linear coefficients [p, k] of designs [p, n, k]; nearly dependent ones are held by a small ridge."""
    weighted = basis * data.weight[None, :, None]
    target = data.value * data.weight
    normal = np.einsum("pnk,pnl->pkl", weighted, weighted)
    ridge = 1e-10 * np.einsum("pkk->p", normal)[:, None, None] * np.eye(normal.shape[-1])
    solved = np.linalg.solve(normal + ridge, np.einsum("pnk,n->pk", weighted, target)[..., None])[..., 0]
    left = target[None] - np.einsum("pnk,pk->pn", weighted, solved)
    return np.einsum("pn,pn->p", left, left), solved


def linear_chi2(data: Points, basis: np.ndarray) -> float:
    """Of a linear model with these columns, [n, k]."""
    return float(_solve(basis[None], data)[0][0])


def quantiles(values: np.ndarray, weight: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """Of values with probabilities, both [p]."""
    order = np.argsort(values)
    cumulative = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.interp(at, cumulative / weight.sum(), values[order])


def value_of_spread(values: np.ndarray, weight: np.ndarray) -> Value:
    """Median, standard deviation and intervals of values with probabilities, both [p]."""
    low95, low68, middle, high68, high95 = quantiles(values, weight, (0.025, 0.15865, 0.5, 0.84135, 0.975))
    mean = float((values * weight).sum() / weight.sum())
    std = math.sqrt(max(float((weight * (values - mean) ** 2).sum() / weight.sum()), 0.0))
    return Value(value=float(middle), std=std, interval_68=(float(low68), float(high68)),
                 interval_95=(float(low95), float(high95)))  # fmt: skip
