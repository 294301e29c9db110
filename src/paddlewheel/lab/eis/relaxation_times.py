"""Distribution of relaxation times: the spectrum as a sum of very many RC arcs, without a circuit in mind.

Z = R + i w L + 1/(i w C) + integral of gamma(tau) / (1 + i w tau) d ln tau, gamma >= 0, by least squares with a penalty
lambda |gamma''|^2 on its curvature (Tikhonov; Wan, Saccoccio, Chen, Ciucci, doi 10.1016/j.electacta.2015.09.097).
lambda is the largest value whose generalized cross-validation score (Golub, Heath, Wahba, doi
10.1080/00401706.1979.10489751) is within one standard error, sqrt(2 / N), of the lowest, the degrees of freedom being
those of the time constants at which gamma is not zero: the smoothest distribution that the data do not speak against.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.least_squares import Weighted

_PER_DECADE = 10
_BEYOND_DECADES = 1.0
_LAMBDAS = np.geomspace(1e-5, 1e3, 17)
_SMALLEST_PEAK = 0.02


@dataclass(frozen=True)
class RelaxationPeak:
    """A peak: where it is, and the resistance under it, cut at the minima to either side."""

    tau_s: float
    resistance_ohm: float


@dataclass(frozen=True, eq=False)
class RelaxationTimes:
    """The distribution.

    Attributes
    ----------
    tau_s
        `[n_tau]`, ascending.
    gamma_ohm
        `[n_tau]`, resistance per unit of ln tau.
    resistance_ohm
        Of the resistor in series (what is faster than the spectrum).
    peaks
        From fast to slow; those under 2 % of the whole are left out.
    regularization
        lambda, relative to the squares of the data.
    rms
        Of the residuals, as a share of |Z|.
    impedance_ohm
        `[n_points]`, of the distribution.
    """

    tau_s: np.ndarray
    gamma_ohm: np.ndarray
    resistance_ohm: float
    peaks: tuple[RelaxationPeak, ...]
    regularization: float
    rms: float
    impedance_ohm: Complexes


def relaxation_times(data: Weighted, *, regularization: float | None = None) -> RelaxationTimes:
    """The distribution of a spectrum; `data` must carry modulus weights.

    Parameters
    ----------
    data
        The spectrum, with 1/|Z| as both weights.
    regularization
        lambda; chosen by cross-validation where not given.
    """
    omega = data.omega
    fast = 10**-_BEYOND_DECADES / omega.max()
    slow = 10**_BEYOND_DECADES / omega.min()
    tau = np.geomspace(fast, slow, int(_PER_DECADE * np.log10(slow / fast)) + 1)
    step = float(np.log(tau[1] / tau[0]))
    rows = [np.ones(len(omega), dtype=complex), 1j * omega / omega.max(), -1j * omega.min() / omega]
    rows += list(1 / (1 + 1j * omega * tau[:, None]))
    complex_columns = np.array(rows).T
    size = float(np.median(np.abs(data.impedance_ohm)))
    columns = size * data.stacked(np.array(rows)).T
    target = data.stacked(data.impedance_ohm)
    curvature = np.zeros((len(tau) - 2, columns.shape[1]))
    for i in range(len(tau) - 2):
        curvature[i, 3 + i : 6 + i] = (1.0, -2.0, 1.0)
    curvature /= step
    gram, right, penalty = columns.T @ columns, columns.T @ target, curvature.T @ curvature
    tried = []
    for trial in _LAMBDAS if regularization is None else [regularization]:
        sizes, freedom = _nonnegative(gram, right, float(trial) * penalty)
        left = target - columns @ sizes
        tried.append((float(left @ left) / max(len(target) - freedom, 1.0) ** 2, float(trial), sizes))
    allowed = min(score for score, _, _ in tried) * (1 + np.sqrt(2 / len(target)))
    _, chosen, sizes = next(trial for trial in reversed(tried) if trial[0] <= allowed)
    left = target - columns @ sizes
    sizes = size * sizes
    gamma = sizes[3:] / step
    return RelaxationTimes(
        tau_s=tau,
        gamma_ohm=gamma,
        resistance_ohm=float(sizes[0]),
        peaks=_peaks(tau, sizes[3:]),
        regularization=chosen,
        rms=float(np.sqrt(np.mean(left**2))),
        impedance_ohm=complex_columns @ sizes,
    )


def _nonnegative(gram: np.ndarray, right: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, float]:
    """Nonnegative least squares by its normal equations, and its degrees of freedom (trace over what is not zero)."""
    from scipy.linalg import cholesky
    from scipy.optimize import nnls

    matrix = gram + penalty
    matrix = matrix + 1e-12 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    root = cholesky(matrix)
    sizes, _ = nnls(root, np.linalg.solve(root.T, right), maxiter=20 * len(matrix))
    free = np.flatnonzero(sizes > 0)
    part = np.ix_(free, free)
    return sizes, float(np.trace(np.linalg.solve(matrix[part], gram[part])))


def _peaks(tau: np.ndarray, resistances: np.ndarray) -> tuple[RelaxationPeak, ...]:
    whole = resistances.sum()
    if whole <= 0:
        return ()
    padded = np.concatenate([[-1.0], resistances, [-1.0]])
    tops = [i for i in range(len(tau)) if padded[i] < padded[i + 1] >= padded[i + 2] and resistances[i] > 0]
    cuts = [0, *(int(a + np.argmin(resistances[a : b + 1])) for a, b in pairwise(tops)), len(tau)]
    found = [
        RelaxationPeak(float(tau[top]), float(resistances[low:high].sum()))
        for top, low, high in zip(tops, cuts, cuts[1:], strict=False)
    ]
    return tuple(peak for peak in found if peak.resistance_ohm > _SMALLEST_PEAK * whole)
