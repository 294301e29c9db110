"""Models of ln(sigma T) or ln D against temperature, compared by AICc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from paddlewheel.units import BOLTZMANN_eV_PER_K

_GRID = 80


@dataclass(frozen=True)
class ModelFit:
    """One fitted model. `aicc` is None, and `note` says why, where the points are too few for it.

    `covariance` is of `parameters` in their order; `stds` its diagonal's root.
    """

    name: Literal["arrhenius", "vogel-fulcher", "one-kink"]
    parameters: dict[str, float]
    stds: dict[str, float]
    covariance: np.ndarray
    chi2: float
    aicc: float | None
    note: str | None = None


def aicc(chi2: float, n_points: int, n_parameters: int) -> float | None:
    """Akaike's criterion for known errors, corrected for few points (Hurvich and Tsai, doi 10.1093/biomet/76.2.297)."""
    if n_points <= n_parameters + 1:
        return None
    return chi2 + 2 * n_parameters + 2 * n_parameters * (n_parameters + 1) / (n_points - n_parameters - 1)


def linear_model(
    name: Literal["arrhenius"], x: np.ndarray, y: np.ndarray, error: np.ndarray, names: tuple[str, str]
) -> ModelFit:
    """Weighted straight line `y = p0 - p1 x`."""
    parameters, covariance, chi2 = _weighted(np.stack([np.ones(x.size), -x], axis=1), y, error)
    return _described(name, names, parameters, covariance, chi2, x.size)


def fit_vogel_fulcher(t: np.ndarray, y: np.ndarray, error: np.ndarray) -> ModelFit:
    """`y = ln_prefactor - B / (k (T - T0))`, 0 <= T0 < lowest T (Vogel 1921, Fulcher 1925).

    T0 by search, the rest linear. Needs five points.
    """
    names = ("ln_prefactor", "pseudo_energy_eV", "T0_K")
    if t.size < 5:
        return _too_few("vogel-fulcher", names, 5, t.size)

    def design(t0: float) -> np.ndarray:
        return np.stack([np.ones(t.size), -1.0 / (BOLTZMANN_eV_PER_K * (t - t0))], axis=1)

    grid = np.linspace(0.0, 0.95 * float(t.min()), _GRID)
    t0 = _best(grid, lambda shape: _chi2(design(shape), y, error))
    linear, _, chi2 = _weighted(design(t0), y, error)
    slope = -linear[1] / (BOLTZMANN_eV_PER_K * (t - t0) ** 2)
    covariance = _covariance(np.column_stack([design(t0), slope]), error)
    return _described("vogel-fulcher", names, np.array([*linear, t0]), covariance, chi2, t.size)


def fit_one_kink(t: np.ndarray, y: np.ndarray, error: np.ndarray) -> ModelFit:
    """Two Arrhenius lines that meet at `kink_K`, with at least two points on either side. Needs six points."""
    names = ("ln_prefactor", "activation_energy_low_eV", "activation_energy_high_eV", "kink_K")
    if t.size < 6:
        return _too_few("one-kink", names, 6, t.size)
    x = 1.0 / (BOLTZMANN_eV_PER_K * t)

    def design(kink: float) -> np.ndarray:
        at = 1.0 / (BOLTZMANN_eV_PER_K * kink)
        cold, hot = np.maximum(x - at, 0.0), np.minimum(x - at, 0.0)
        return np.stack([np.ones(t.size), -cold, -hot], axis=1)

    grid = 1.0 / np.linspace(1.0 / t[1], 1.0 / t[-2], _GRID)
    kink = _best(grid, lambda shape: _chi2(design(shape), y, error))
    linear, _, chi2 = _weighted(design(kink), y, error)
    at_kink, low, high = (float(coefficient) for coefficient in linear)
    inverse = 1.0 / (BOLTZMANN_eV_PER_K * kink)
    slope = np.where(x > inverse, low, high) * -inverse / kink
    covariance = _covariance(np.column_stack([design(kink), slope]), error)
    # the prefactor quoted is that of the hot branch: ln A = value at the kink + E_high / (k T_kink)
    change = np.eye(4)
    change[0, 2], change[0, 3] = inverse, -high * inverse / kink
    parameters = np.array([at_kink + high * inverse, low, high, kink])
    return _described("one-kink", names, parameters, change @ covariance @ change.T, chi2, t.size)


def _weighted(design: np.ndarray, y: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    scaled, target = design / error[:, None], y / error
    parameters, *_ = np.linalg.lstsq(scaled, target, rcond=None)
    return parameters, _covariance(design, error), float(np.sum((target - scaled @ parameters) ** 2))


def _chi2(design: np.ndarray, y: np.ndarray, error: np.ndarray) -> float:
    scaled, target = design / error[:, None], y / error
    parameters, *_ = np.linalg.lstsq(scaled, target, rcond=None)
    return float(np.sum((target - scaled @ parameters) ** 2))


def _covariance(design: np.ndarray, error: np.ndarray) -> np.ndarray:
    scaled = design / error[:, None]
    return np.linalg.pinv(scaled.T @ scaled, hermitian=True)


def _best(grid: np.ndarray, chi2) -> float:
    """Point of least chi2: on the grid, then by golden-section search between its neighbours."""
    from scipy.optimize import minimize_scalar

    values = [chi2(float(point)) for point in grid]
    i = int(np.argmin(values))
    low, high = sorted((float(grid[max(i - 1, 0)]), float(grid[min(i + 1, grid.size - 1)])))
    found: Any = minimize_scalar(chi2, bounds=(low, high), method="bounded")
    return float(found.x) if found.fun < values[i] else float(grid[i])


def _described(name, names: tuple[str, ...], parameters, covariance, chi2: float, n_points: int) -> ModelFit:
    value = aicc(chi2, n_points, len(names))
    return ModelFit(
        name=name,
        parameters={key: float(parameter) for key, parameter in zip(names, parameters, strict=True)},
        stds={
            key: float(np.sqrt(max(variance, 0.0))) for key, variance in zip(names, np.diag(covariance), strict=True)
        },
        covariance=covariance,
        chi2=chi2,
        aicc=value,
        note=None if value is not None else f"AICc needs at least {len(names) + 2} temperatures",
    )


def _too_few(name, names: tuple[str, ...], needed: int, n_points: int) -> ModelFit:
    note = f"not fitted: needs at least {needed} temperatures, there are {n_points}"
    return ModelFit(name, {}, {}, np.zeros((len(names), len(names))), float("nan"), None, note)
