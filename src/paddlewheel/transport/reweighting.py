"""Averages of one potential from the runs of another: importance weights, and how many frames they leave.

Frames x of a canonical run with the energy U1 stand for the canonical ensemble of U2 with the weights
exp(-(U2(x) - U1(x)) / kT) (Torrie and Valleau, J. Comput. Phys. 23, 187 (1977), doi 10.1016/0021-9991(77)90121-8). A
constant between the two energies cancels. Uneven weights leave few frames: Kish's effective sample size,
(sum w)^2 / sum w^2 (Survey Sampling, Wiley 1965). Where U2 - U1 is normal with a standard deviation of s kT it is
exp(-s^2) of the frames, and s grows as the root of the number of atoms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.units import BOLTZMANN_eV_PER_K

FEWEST_EFFECTIVE = 10.0
"""Effective sample size under which nothing is reweighted: the error of a mean is then itself known to a quarter only
(1 / sqrt(2 (n - 1))), and the largest weights, which come up late, are likely still to come."""


@dataclass(frozen=True)
class ReweightedRatio:
    """The weighted mean of a quantity over its plain mean, and its standard error (jackknife, both of the same frames).

    Attributes
    ----------
    ratio, std
        Dimensionless.
    effective_sample_size
        Kish's.
    """

    ratio: float
    std: float
    effective_sample_size: float


def importance_weights(energy_difference_eV: np.ndarray, *, temperature_K: float) -> np.ndarray:
    """Weights of frames for another potential, which add up to one.

    Parameters
    ----------
    energy_difference_eV
        `[n]`, energy of the whole cell with the other potential less that with the one that ran.

    Raises
    ------
    ValueError
        If a number is not finite, or there is none.
    """
    difference = np.asarray(energy_difference_eV, dtype=np.float64)
    if not difference.size or not np.isfinite(difference).all():
        raise ValueError("weights need finite energies of at least one frame")
    exponent = -difference / (BOLTZMANN_eV_PER_K * temperature_K)
    weights = np.exp(exponent - exponent.max())  # the largest is one: no overflow, whatever the reference energies
    return weights / weights.sum()


def effective_sample_size(weights: np.ndarray) -> float:
    """Kish's effective sample size of `[n]` weights: n where all are equal, 1 where one has all."""
    weights = np.asarray(weights, dtype=np.float64)
    return float(weights.sum() ** 2 / (weights**2).sum())


def reweighted_ratio(values: np.ndarray, weights: np.ndarray) -> ReweightedRatio:
    """How a mean changes from the ensemble that ran to that of the other potential.

    Parameters
    ----------
    values
        `[n]`, of independent frames or blocks of time, with a mean over zero.
    weights
        `[n]`, as `importance_weights` has them.
    """
    values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    n = len(values)
    without = (weights @ values - weights * values) / (weights.sum() - weights)
    plain = (values.sum() - values) / (n - 1)
    left_out = without / plain
    std = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    ratio = float(weights @ values / weights.sum() / values.mean())
    return ReweightedRatio(ratio, std, effective_sample_size(weights))
