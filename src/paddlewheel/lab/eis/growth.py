"""How an interface grows: its resistance against time, or cycle; which law fits, if one does.

A layer that a reaction makes grows in proportion to the time. One that ions or electrons must diffuse through grows by
the inverse of its thickness, dL/dt ~ 1/L, parabolically (Peled, J. Electrochem. Soc. 126, 2047 (1979), doi
10.1149/1.2128859): its resistance is R^2 = R0^2 + k^2 t from the R0 of the first spectrum on, and R0 + k sqrt(t + t0)
if a constant resistance lies in series with a layer of the age t0. R0 + k sqrt(t) is the special case of a layer that
begins at the first spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError

Law = Literal["linear", "square-root", "parabolic", "shifted-square-root"]
Kind = Literal["linear", "parabolic"]
FITS = 0.01
"""Probability of so large a chi2 below which a law does not fit."""
_TOLD = 6.0
"""Difference of the BIC from which on the lower one is strong evidence (odds of 20)."""
_OLDEST = 100.0
"""An age t0 beyond so many lengths of the series is a straight line."""
_AGES = 60


@dataclass(frozen=True)
class Growth:
    """A law and its fit; errors are scaled by the root of chi2 per degree of freedom where that is above 1.

    Attributes
    ----------
    law
        linear: start + rate x. square-root: start + rate sqrt(x). parabolic: sqrt(start^2 + rate^2 x).
        shifted-square-root: start + rate sqrt(x + age).
    start, rate, age
        In the unit of the values, that over x or its root, and that of x; None for a law without an age.
    chi2, chi2_per_dof, probability
        Of the fit, per degree of freedom, and that of so large a one; None where no freedom is left.
    bic
        chi2 + n_parameters ln(n).
    """

    law: Law
    start: float
    start_std: float
    rate: float
    rate_std: float
    age: float | None
    age_std: float | None
    chi2: float
    chi2_per_dof: float | None
    probability: float | None
    bic: float

    @property
    def kind(self) -> Kind:
        """What sets the pace: a reaction (linear), or diffusion through what grew (parabolic)."""
        return "linear" if self.law == "linear" else "parabolic"

    @property
    def fits(self) -> bool:
        """Whether the values scatter about the law no more than their errors say."""
        return self.probability is not None and self.probability >= FITS


@dataclass(frozen=True)
class GrowthVerdict:
    """Laws by BIC, the lowest first; the kind that the values tell, None where they tell none; and why."""

    laws: tuple[Growth, ...]
    kind: Kind | None
    reason: str


def grown(law: Law, x: np.ndarray, *, start: float, rate: float, age: float | None = None) -> np.ndarray:
    """Values of a law at `x`, `[n]`, in the unit of `start`."""
    if law == "parabolic":
        return np.sqrt(np.maximum(start**2 + rate**2 * x, 0.0))
    return start + rate * (x if law == "linear" else np.sqrt(x + (age or 0.0)))


def fit_growth(x: np.ndarray, values: np.ndarray, stds: np.ndarray) -> GrowthVerdict:
    """Fit every law, and tell which one, if one fits and the others are far worse.

    Parameters
    ----------
    x
        `[n]`, time since the first spectrum or cycle number, not negative.
    values, stds
        `[n]`.

    Raises
    ------
    DataError
        For fewer than two distinct x.
    """
    x, values, stds = (np.asarray(column, dtype=float) for column in (x, values, stds))
    if len(np.unique(x)) < 2:
        raise DataError("fewer than two times", remedy="give spectra of two times or more")
    found = [
        _straight("linear", x, values, stds),
        _straight("square-root", x, values, stds),
        _parabolic(x, values, stds),
        _shifted(x, values, stds),
    ]
    laws = tuple(sorted((growth for growth in found if growth is not None), key=lambda growth: growth.bic))
    kind, reason = _verdict(laws, values, stds)
    return GrowthVerdict(laws, kind, reason)


def _verdict(laws: tuple[Growth, ...], values: np.ndarray, stds: np.ndarray) -> tuple[Kind | None, str]:
    flat = float(np.sum(((values - np.average(values, weights=stds**-2)) / stds) ** 2))
    best = laws[0]
    if _probability(flat, len(values) - 1) >= FITS and flat + np.log(len(values)) <= best.bic:
        return None, "the resistance does not change by more than its errors"
    if best.probability is None:
        return None, f"{len(values)} spectra fit any law: measure more"
    fitting = [law for law in laws if law.fits]
    if not fitting:
        return None, (
            f"no law fits: chi2/dof of the best, {best.law}, is {best.chi2_per_dof:.3g} (p = {best.probability:.1g}); "
            "the resistances scatter by more than their errors, or grow in another way"
        )
    # the law with an age has the others as its limits: it counts where it is better than all of them
    simple = [law for law in fitting if law.age is None]
    if simple and fitting[0].age is None:
        fitting = simple
    likely = [law for law in fitting if law.bic < fitting[0].bic + _TOLD]
    kinds = {law.kind for law in likely}
    names = ", ".join(law.law for law in likely)
    if len(kinds) > 1:
        return None, f"linear and parabolic growth both fit ({names}): measure longer, or more often"
    chi2 = f"chi2/dof {fitting[0].chi2_per_dof:.2g}, p = {fitting[0].probability:.2g}"
    kind = fitting[0].kind
    return kind, f"{names} fits ({chi2}), and {'parabolic' if kind == 'linear' else 'linear'} growth does not"


def _straight(law: Literal["linear", "square-root"], x: np.ndarray, values: np.ndarray, stds: np.ndarray) -> Growth:
    design = np.stack([np.ones(len(x)), grown(law, x, start=0.0, rate=1.0)], axis=1) / stds[:, None]
    covariance = np.linalg.inv(design.T @ design)
    start, rate = covariance @ design.T @ (values / stds)
    errors = np.sqrt(np.diag(covariance))
    return _described(law, x, values, stds, (start, errors[0]), (rate, errors[1]))


def _parabolic(x: np.ndarray, values: np.ndarray, stds: np.ndarray) -> Growth | None:
    """R^2 = start^2 + rate^2 x, by its squares; None where they do not grow."""
    from scipy.optimize import least_squares

    if (values <= 0).any():
        return None
    scale = float(np.mean(values) ** 2)
    over = x / float(np.ptp(x))

    def curve(squares: np.ndarray) -> np.ndarray:
        return np.sqrt(scale * np.maximum(squares[0] + squares[1] * over, 1e-12))

    def residual(squares: np.ndarray) -> np.ndarray:
        return (curve(squares) - values) / stds

    first = np.maximum(np.polyfit(over, values**2 / scale, 1)[::-1], 1e-6)
    found = least_squares(residual, first, bounds=([0.0, 0.0], np.inf), xtol=1e-12, ftol=1e-12)
    spread = np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac)))
    if found.x[1] < spread[1]:
        return None
    units = scale, scale / float(np.ptp(x))
    sides = [
        (float(np.sqrt(unit * square)), float(np.sqrt(unit * (square + std)) - np.sqrt(unit * square)))
        for unit, square, std in zip(units, found.x, spread, strict=True)
    ]
    return _described("parabolic", x, values, stds, *sides)


def _shifted(x: np.ndarray, values: np.ndarray, stds: np.ndarray) -> Growth | None:
    """start + rate sqrt(x + age); None where one of the simpler laws is as good, or the layer shrinks."""
    from scipy.optimize import minimize_scalar

    if len(x) < 4:
        return None
    span = float(np.ptp(x))

    def solved(log_age: float) -> tuple[np.ndarray, float]:
        design = np.stack([np.ones(len(x)), np.sqrt(x + span * np.exp(log_age))], axis=1) / stds[:, None]
        sizes = np.linalg.lstsq(design, values / stds, rcond=None)[0]
        return sizes, float(np.sum((values / stds - design @ sizes) ** 2))

    grid = np.linspace(np.log(1e-4), np.log(_OLDEST), _AGES)
    place = int(np.argmin([solved(log_age)[1] for log_age in grid]))
    if place in (0, _AGES - 1):
        return None
    ends = grid[place - 1], grid[place + 1]
    found: Any = minimize_scalar(lambda log_age: solved(log_age)[1], bounds=ends, method="bounded")
    log_age = float(found.x)
    (start, rate), _ = solved(log_age)
    age = span * np.exp(log_age)
    root = np.sqrt(x + age)
    slopes = np.stack([np.ones(len(x)), root, rate / (2 * root)], axis=1) / stds[:, None]
    errors = np.sqrt(np.diag(np.linalg.pinv(slopes.T @ slopes)))
    if rate <= 0 or start < -2 * errors[0]:
        return None
    return _described("shifted-square-root", x, values, stds, (start, errors[0]), (rate, errors[1]), (age, errors[2]))


def _described(
    law: Law,
    x: np.ndarray,
    values: np.ndarray,
    stds: np.ndarray,
    start: tuple[float, float],
    rate: tuple[float, float],
    age: tuple[float, float] | None = None,
) -> Growth:
    curve = grown(law, x, start=start[0], rate=rate[0], age=None if age is None else age[0])
    chi2, size = float(np.sum(((values - curve) / stds) ** 2)), 2 if age is None else 3
    freedom = len(values) - size
    scale = float(np.sqrt(max(1.0, chi2 / freedom))) if freedom else 1.0
    return Growth(
        law=law,
        start=float(start[0]),
        start_std=float(start[1]) * scale,
        rate=float(rate[0]),
        rate_std=float(rate[1]) * scale,
        age=None if age is None else float(age[0]),
        age_std=None if age is None else float(age[1]) * scale,
        chi2=chi2,
        chi2_per_dof=chi2 / freedom if freedom else None,
        probability=_probability(chi2, freedom) if freedom else None,
        bic=chi2 + size * float(np.log(len(values))),
    )


def _probability(chi2: float, freedom: int) -> float:
    from scipy.special import gammaincc

    return float(gammaincc(freedom / 2, chi2 / 2))
