"""How a measured quantity goes with a parameter that was varied: a weighted line, and what its slope allows to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

Direction = Literal["falls", "rises", "no change within errors"]

_IMPROBABLE = 0.05


@dataclass(frozen=True)
class Trend:
    """Slope of a quantity against a parameter, with its 68 % error and its 95 % interval.

    Attributes
    ----------
    scale
        What the errors were multiplied by: 1, or the root of chi2/dof where the points scatter about the line more
        than their errors allow (chance under 5 %); the interval is then Student's.
    weights
        `[n]`: the slope is their scalar product with the values.
    """

    slope: float
    std: float
    interval_95: tuple[float, float]
    n_points: int
    chi2_per_dof: float | None
    scale: float
    weights: np.ndarray

    @property
    def direction(self) -> Direction:
        """`falls` or `rises` where the 95 % interval leaves zero out."""
        return direction(self.interval_95)


def direction(interval_95: tuple[float, float]) -> Direction:
    """What an interval of a slope says of its sign."""
    low, high = interval_95
    return "falls" if high < 0 else "rises" if low > 0 else "no change within errors"


def fit_trend(
    x: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    stds: Sequence[float] | np.ndarray,
    *,
    groups: Sequence[float] | np.ndarray | None = None,
) -> Trend:
    """Weighted least squares of values against x, with one common slope and an intercept for each group.

    Parameters
    ----------
    x, values, stds
        `[n]`: the parameter, the quantity and its standard error.
    groups
        `[n]`, which points share an intercept (such as those of one temperature); one group by default.

    Raises
    ------
    InputError
        For lists of different lengths, errors that are not positive, or no group in which x differs.
    """
    from scipy.special import chdtrc, ndtri, stdtrit

    x, y, s = (np.asarray(column, dtype=np.float64).ravel() for column in (x, values, stds))
    label = np.zeros(x.size, dtype=int) if groups is None else np.asarray(groups).ravel()
    if not x.size == y.size == s.size == label.size:
        raise InputError(f"{x.size} parameters, {y.size} values and {s.size} errors", remedy="give as many of each")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise InputError("a point of the trend is not finite, or its error not positive", remedy="leave it out")
    inverse = 1.0 / s**2
    centred = x.copy()
    for group in np.unique(label):
        members = label == group
        centred[members] -= np.average(x[members], weights=inverse[members])
    curvature = float(np.sum(inverse * centred**2))
    if x.size < 2 or curvature <= 1e-12 * np.sum(inverse) * max(float(np.abs(x).max()), 1e-300) ** 2:
        raise InputError("the parameter is the same at all points", remedy="vary it")
    weights = inverse * centred / curvature
    slope = float(weights @ y)
    residual = y - slope * centred
    for group in np.unique(label):
        members = label == group
        residual[members] -= np.average(residual[members], weights=inverse[members])
    freedom = x.size - len(np.unique(label)) - 1
    chi2 = float(np.sum(inverse * residual**2))
    scale, reach = 1.0, float(ndtri(0.975))
    if freedom > 0 and float(chdtrc(freedom, chi2)) < _IMPROBABLE:
        scale, reach = float(np.sqrt(chi2 / freedom)), float(stdtrit(freedom, 0.975))
    std = scale / np.sqrt(curvature)
    return Trend(
        slope=slope,
        std=float(std),
        interval_95=(slope - reach * std, slope + reach * std),
        n_points=x.size,
        chi2_per_dof=chi2 / freedom if freedom > 0 else None,
        scale=scale,
        weights=weights,
    )


def slope_difference(
    first: Trend, second: Trend, *, shared: Sequence[tuple[int, int]], stds: Sequence[float]
) -> tuple[float, float]:
    """Slope of `first` minus that of `second`, and its standard error.

    Parameters
    ----------
    shared
        Pairs of indices, in the one and in the other, of points that both fits share.
    stds
        The standard error of each of these points.
    """
    common = sum(first.weights[i] * second.weights[j] * std**2 for (i, j), std in zip(shared, stds, strict=True))
    variance = first.std**2 + second.std**2 - 2.0 * first.scale * second.scale * common
    return first.slope - second.slope, float(np.sqrt(max(variance, 0.0)))
