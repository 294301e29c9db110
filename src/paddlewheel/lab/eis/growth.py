"""How an interface grows: its resistance against time, or cycle, linear or with the root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError

Law = Literal["linear", "square-root"]
_POWERS: dict[Law, float] = {"linear": 1.0, "square-root": 0.5}


@dataclass(frozen=True)
class Growth:
    """y = start + rate x^p; p = 1 (linear: a reaction sets the pace) or 1/2 (square-root: diffusion through what grew).

    `chi2_per_dof` is None for two points; errors are scaled by its root where it is above 1.
    """

    law: Law
    start: float
    start_std: float
    rate: float
    rate_std: float
    chi2_per_dof: float | None


def fit_growth(x: np.ndarray, values: np.ndarray, stds: np.ndarray) -> list[Growth]:
    """Both laws, the one of lower chi2 first (they have the same number of parameters).

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
    found = []
    for law, power in _POWERS.items():
        design = np.stack([np.ones(len(x)), x**power], axis=1) / stds[:, None]
        covariance = np.linalg.inv(design.T @ design)
        start, rate = covariance @ design.T @ (values / stds)
        chi2 = float(np.sum((values / stds - design @ [start, rate]) ** 2))
        freedom = len(x) - 2
        scale = max(1.0, chi2 / freedom) if freedom else 1.0
        errors = np.sqrt(np.diag(covariance) * scale)
        per_dof = chi2 / freedom if freedom else None
        found.append((chi2, Growth(law, float(start), float(errors[0]), float(rate), float(errors[1]), per_dof)))
    return [growth for _, growth in sorted(found, key=lambda scored: scored[0])]
