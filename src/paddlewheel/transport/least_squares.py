"""Generalized least squares with the covariance of an MSD, whose correlation matrix is close to singular."""

from __future__ import annotations

import numpy as np

_RIDGE = 1e-6
"""Added to the diagonal of a correlation matrix: weights do not feed on its rounding."""


def gls(covariance: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Generalized least squares (Aitken 1935): the estimator `[n_parameters, n_data]` and its covariance."""
    scale, correlation = _scaled(covariance)
    scaled = design / scale[:, None]
    solved = np.linalg.solve(correlation, scaled)
    inverse = np.linalg.inv(scaled.T @ solved)
    return inverse @ solved.T / scale, inverse


def chi2(residual: np.ndarray, covariance: np.ndarray) -> float:
    """Squared residuals `[n_data]` over their covariance."""
    scale, correlation = _scaled(covariance)
    return float((residual / scale) @ np.linalg.solve(correlation, residual / scale))


def line_design(lags: np.ndarray) -> np.ndarray:
    """`[n_lags, 2]` of `MSD = intercept + 6 D t`."""
    return np.stack([np.ones(lags.size), 6.0 * lags], axis=1)


def _scaled(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors, and the correlation matrix with its ridge."""
    scale = np.sqrt(np.diag(covariance))
    return scale, covariance / np.outer(scale, scale) + _RIDGE * np.eye(scale.size)
