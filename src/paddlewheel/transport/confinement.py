"""Whether slow motion goes on, or ends at walls that the run is long enough to see.

The MSD of confined ions is straight for long before it bends, and its late lags are few and noisy: the slope of a line
through them is no test. The modes of the paths are one. With X_p the cosine transform of a path of T frames
(p half waves over the run), ions that diffuse have, without any correlation between modes,

    <X_p^2> = B / (4 sin^2(pi p / 2 T)) + a^2        (a free end on both sides, and vibration of variance a^2),

which grows as 1 / p^2 down to the slowest mode; ions that relax in a time tau towards where they belong have

    <X_p^2> = B / (4 sin^2(pi p / 2 T) + (1 / tau)^2) + a^2,

which stops growing below p = T / (pi tau) (Ornstein and Uhlenbeck; the slowest mode of a channel with reflecting ends
is of the same form, tau = L^2 / (pi^2 D)). Both are fitted to the powers by Whittle's likelihood (Arkiv Mat. 2, 423
(1953), doi 10.1007/BF02590998), which for powers of free Gaussian paths is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_LOG_RATIO = 1.0
"""Diffusion has to be likelier than confinement by this (natural logarithm; calibrated, see docs/statistics.md)."""
_FEWEST_MODES, _MOST_MODES = 4, 24
_SLOWEST = 1.5
"""Confinement that a run can see relaxes within T / (1.5 pi): a fifth of it. What is slower looks like diffusion."""
_PER_OCTAVE, _OCTAVES = 4, 6
_CAGES = 1.5 * 2.0 ** np.arange(6)
"""Runs over pi times the relaxation of a cage that ions leave."""
_SHARES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Strength of the cage over that of the diffusion; 0 is a motion without."""
_VIBRATIONS = np.linspace(0.0, 1.0, 5)
"""Shares of the intercept of the MSD that are tried as vibration; the rest of it may be the confinement itself."""
_SCORING_ROUNDS = 12
_IMPROBABLE = 0.05


@dataclass(frozen=True)
class Confinement:
    """How much likelier the slow modes are for ions that diffuse than for ions that are confined.

    Attributes
    ----------
    log_ratio
        Natural logarithm of the ratio of the two greatest likelihoods; negative where confinement is the likelier.
    relaxation_frames
        The relaxation time of the best confinement.
    """

    log_ratio: float
    relaxation_frames: float


def confinement(trajectories: Sequence[np.ndarray], *, first_lag: int, intercept_A2: float) -> Confinement:
    """Compare diffusion with confinement on the slow modes of the paths.

    Only modes slower than the first lag of the fit are used: faster ones know of cages and of hops back.
    The scatter of the powers about the better description, ion by ion, gives the weight of the likelihood: a few
    hops make powers scatter more than Gaussian paths do, ions that move together count once.

    Parameters
    ----------
    trajectories
        Each `[n_frames, n_ions, 3]`, A.
    first_lag
        First lag of the straight part of the MSD, in frames.
    intercept_A2
        Intercept of the straight part; six times the variance of the vibration, and part of any confinement.
    """
    powers, rates, ions = [], [], []
    for paths in trajectories:
        found, rate = _mode_powers(paths, first_lag)
        powers.append(found)
        rates.append(rate)
        ions.append(np.full(rate.size, paths.shape[1]))
    rate, weight = np.concatenate(rates), np.concatenate(ions)
    mean = np.concatenate([found.mean(axis=(1, 2)) for found in powers])
    longest = max(paths.shape[0] for paths in trajectories)
    vibration = _VIBRATIONS * intercept_A2 / 6.0 if intercept_A2 > 0 else np.zeros(1)
    slowness = _SLOWEST * 2.0 ** (np.arange(_PER_OCTAVE * _OCTAVES + 1) / _PER_OCTAVE)
    relaxation = longest / (np.pi * slowness)
    cages = 1.0 / (rate + (np.pi * _CAGES[:, None, None] / longest) ** 2)
    walls = 1.0 / (rate + 1.0 / relaxation[:, None, None] ** 2)
    leaving = np.concatenate([1.0 / rate + share * cages for share in _SHARES])
    free, (_, model) = _best(mean, leaving, weight, vibration)
    confined, (which, confined_model) = _best(mean, walls, weight, vibration)
    better = model if free > confined else confined_model
    return Confinement(
        log_ratio=(free - confined) / _scatter(powers, rates, better, mean, weight),
        relaxation_frames=float(relaxation[which]),
    )


def _mode_powers(paths: np.ndarray, first_lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Powers `[n_modes, n_ions, 3]` of the slowest modes, A^2, and the rates `4 sin^2(pi p / 2 T)` of each."""
    n_frames, n_ions, _ = paths.shape
    n_modes = int(np.clip(n_frames / (np.pi * first_lag), _FEWEST_MODES, _MOST_MODES))
    phase = np.pi * np.arange(1, n_modes + 1) / n_frames
    waves = np.sqrt(2.0 / n_frames) * np.cos(np.outer(phase, np.arange(n_frames) + 0.5))
    found = (waves @ (paths - paths.mean(axis=0)).reshape(n_frames, -1)).reshape(n_modes, n_ions, 3)
    return found**2, 4.0 * np.sin(0.5 * phase) ** 2


def _best(
    power: np.ndarray, shape: np.ndarray, weight: np.ndarray, vibration: np.ndarray
) -> tuple[float, tuple[int, np.ndarray]]:
    """Greatest log-likelihood over shapes `[n, 1, n_modes]` and vibrations; which shape, and its model `[n_modes]`.

    `B` is found by scoring: for each pair of the two it is a weighted mean of `(power - a^2) / shape`.
    """
    white = vibration[None, :, None]
    size = np.average(np.maximum(power - white, 0.05 * power) / shape, axis=2, weights=weight)[..., None]
    for _ in range(_SCORING_ROUNDS):
        weights = weight * (shape / (size * shape + white)) ** 2
        new = (weights * (power - white) / shape).sum(axis=2, keepdims=True) / weights.sum(axis=2, keepdims=True)
        size = np.maximum(new, 1e-3 * size)
    model = size * shape + white
    likelihood = -0.5 * (weight * (np.log(model) + power / model)).sum(axis=2)
    k, a = np.unravel_index(int(np.argmax(likelihood)), likelihood.shape)
    return float(likelihood[k, a]), (int(k), model[k, a])


def _scatter(
    powers: list[np.ndarray], rates: list[np.ndarray], model: np.ndarray, mean: np.ndarray, weight: np.ndarray
) -> float:
    """Variance of an ion's power over twice its squared mean, 1 for one Gaussian component of each ion.

    It is that between the modes of one ion: how ions differ in their mobility says nothing of the shape of a spectrum.
    """
    from scipy.special import chdtrc

    squares, count, at = 0.0, 0, 0
    for found, rate in zip(powers, rates, strict=True):
        relative = found.mean(axis=2) / model[at : at + rate.size, None]
        squares += float(((relative - relative.mean(axis=0)) ** 2).sum())
        count += relative.shape[1] * (rate.size - 1)
        at += rate.size
    along = np.zeros(3)
    for found, rate in zip(powers, rates, strict=True):
        along += (found * rate[:, None, None]).sum(axis=(0, 1))
    gaussian = 2.0 * float((along**2).sum() / along.sum() ** 2)
    variance = max(gaussian, squares / count)
    chi2 = float((weight * (mean / model - 1.0) ** 2).sum() / variance)
    freedom = mean.size - 2
    together = chi2 / freedom if chdtrc(freedom, chi2) < _IMPROBABLE else 1.0
    return 0.5 * variance * together
