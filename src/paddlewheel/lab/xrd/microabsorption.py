"""What absorption inside its particles does to a phase's intensity (Brindley, Phil. Mag. 36, 347 (1945))."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_N_POINTS = 4000


@lru_cache(maxsize=1)
def _paths() -> np.ndarray:
    """Way of the beam in and out of a sphere of radius 1 to points spread evenly over it, at 2theta = 90 degrees."""
    number = np.arange(_N_POINTS) + 0.5
    radius = (number / _N_POINTS) ** (1 / 3)
    polar = 2 * ((number * 0.7548776662466927) % 1) - 1
    azimuth = 2 * np.pi * ((number * 0.5698402909980532) % 1)
    flat = np.sqrt(1 - polar**2)
    points = radius[:, None] * np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), polar], axis=1)
    inside = radius**2
    along = [-points[:, axis] + np.sqrt(1 - inside + points[:, axis] ** 2) for axis in (0, 1)]
    return along[0] + along[1]


def particle_absorption(mu_less_mean_per_cm: float, radius_um: float) -> float:
    """tau: the intensity of a sphere in a medium of mean absorption, over that without contrast."""
    return float(np.exp(-mu_less_mean_per_cm * radius_um * 1e-4 * _paths()).mean())


def corrected_fractions(
    weight_fraction: np.ndarray, mu_per_cm: np.ndarray, density_g_per_cm3: np.ndarray, radius_um: np.ndarray
) -> np.ndarray:
    """Weight fractions with each divided by its tau and normed again; the mean absorption follows them.

    [n_phases] each; `radius_um` that of the particles of each phase.
    """
    found = weight_fraction
    for _ in range(50):
        volumes = found / density_g_per_cm3
        mean = float((volumes * mu_per_cm).sum() / volumes.sum())
        tau = np.array([particle_absorption(mu - mean, r) for mu, r in zip(mu_per_cm, radius_um, strict=True)])
        new = weight_fraction / tau
        new /= new.sum()
        if np.abs(new - found).max() < 1e-7:
            break
        found = new
    return found
