"""Levenberg-Marquardt on many starts at once: a spectrum is small, and the cost of a step is that of calling numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.eis.circuit import N_HIGHEST, N_LOWEST, Circuit, Complexes, evaluate

_TOLERANCE = 1e-9
_LARGEST_STEP = 3.0


@dataclass(frozen=True)
class Minimum:
    """What the search ended at.

    Attributes
    ----------
    theta
        `[n_starts, n_parameters]`.
    chi2
        `[n_starts]`, sum of the squared weighted residuals.
    converged
        `[n_starts]`.
    """

    theta: np.ndarray
    chi2: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True)
class Weighted:
    """A spectrum with its weights, as the search takes it.

    Attributes
    ----------
    omega
        `[n_points]`, rad/s.
    impedance_ohm
        `[n_points]`.
    weight_real, weight_imaginary
        `[n_points]`, 1 / ohm: residuals of either part are multiplied by them.
    """

    omega: np.ndarray
    impedance_ohm: Complexes
    weight_real: np.ndarray
    weight_imaginary: np.ndarray

    def stacked(self, values: Complexes) -> np.ndarray:
        """Weighted real parts, then imaginary parts, along the last axis of `values` `[..., n_points]`."""
        return np.concatenate([values.real * self.weight_real, values.imag * self.weight_imaginary], axis=-1)


def bounds(circuit: Circuit, data: Weighted) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest `theta`: what no spectrum of this range could tell lies outside; limits of the circuit."""
    size = np.log(np.abs(data.impedance_ohm).max())
    slow, fast = -np.log(data.omega.min()), -np.log(data.omega.max())
    by_unit = {
        "": (N_LOWEST, N_HIGHEST),
        "ohm": (size - 18, size + 9),
        "s": (fast - 7, slow + 7),
        "H": (size + fast - 25, size + fast + 5),
        "F": (fast - size - 5, slow - size + 25),
        "S s^n": (min(fast, N_LOWEST * fast) - size - 5, max(slow, N_LOWEST * slow) - size + 25),
        "ohm/s^0.5": (size - fast / 2 - 35, size - fast / 2 + 9),
    }
    limits = {limit.name: limit for limit in circuit.limits}
    ends = []
    for parameter in circuit.parameters():
        limit = limits.get(parameter.name)
        if limit is None:
            ends.append(by_unit[parameter.unit])
        elif parameter.logarithmic:
            ends.append(sorted((np.log(parameter.sign * limit.low), np.log(parameter.sign * limit.high))))
        else:
            ends.append((limit.low, limit.high))
    low, high = np.array(ends).T
    return low, high


def minimise(
    circuit: Circuit, data: Weighted, starts: np.ndarray, *, fixed: np.ndarray | None = None, most_steps: int = 60
) -> Minimum:
    """Follow every start to its minimum (Levenberg and Marquardt, with the analytic Jacobian).

    Parameters
    ----------
    circuit, data
        The circuit and the weighted spectrum.
    starts
        `[n_starts, n_parameters]`.
    fixed
        `[n_starts, n_parameters]`, parameters that stay where the start has them.
    most_steps
        Where a search is given up.
    """
    low, high = bounds(circuit, data)
    theta = np.clip(starts, low, high)
    if fixed is not None:
        theta = np.where(fixed, starts, theta)
    held = np.zeros_like(theta, dtype=bool) if fixed is None else fixed
    target = data.stacked(data.impedance_ohm)
    size = theta.shape[1]
    eye = np.eye(size)

    def state(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z, slopes = evaluate(circuit, at, data.omega)
        residual = target - data.stacked(z)
        jacobian = data.stacked(slopes)
        gradient = np.matmul(jacobian, residual[:, :, None])[:, :, 0]
        return np.einsum("bi,bi->b", residual, residual), gradient, np.matmul(jacobian, jacobian.swapaxes(1, 2))

    chi2, gradient, normal = state(theta)
    damping = np.full(len(theta), 1e-2)
    open_ = np.ones(len(theta), dtype=bool)
    for _ in range(most_steps):
        index = np.flatnonzero(open_)
        if not len(index):
            break
        here = theta[index]
        away = ((here <= low) & (gradient[index] < 0)) | ((here >= high) & (gradient[index] > 0)) | held[index]
        matrix = np.where(away[:, :, None] | away[:, None, :], 0.0, normal[index])
        slope = np.where(away, 0.0, gradient[index])
        scale = np.maximum(np.einsum("bii->bi", matrix), 1e-14 * np.maximum(chi2[index], 1e-30)[:, None])
        matrix = matrix + eye * (damping[index, None] * scale + np.where(away, 1.0, 1e-12 * scale))[:, :, None]
        step = np.clip(np.linalg.solve(matrix, slope[:, :, None])[:, :, 0], -_LARGEST_STEP, _LARGEST_STEP)
        tried = np.where(away, here, np.clip(here + step, low, high))
        new_chi2, new_gradient, new_normal = state(tried)
        better = new_chi2 < chi2[index]
        gain = chi2[index] - new_chi2
        small = (np.abs(tried - here).max(axis=1) < 1e-9) | (
            better & (gain < _TOLERANCE * chi2[index]) & (damping[index] < 1.0)
        )
        taken = index[better]
        theta[taken], chi2[taken] = tried[better], new_chi2[better]
        gradient[taken], normal[taken] = new_gradient[better], new_normal[better]
        damping[index] = np.where(better, np.maximum(damping[index] * 0.15, 1e-10), damping[index] * 5.0)
        open_[index[small | (damping[index] > 1e9)]] = False
    return Minimum(theta, chi2, ~open_)
