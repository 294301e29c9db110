"""One circuit fitted to one spectrum, without start values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.circuit import N_HIGHEST, Circuit, Complexes, evaluate
from paddlewheel.lab.eis.least_squares import Weighted, bounds, minimise
from paddlewheel.lab.eis.starts import StartGrid
from paddlewheel.lab.eis.tree_starts import ordered_tree, tree_starts

Weighting = Literal["modulus", "proportional", "unit"]
_HEAT, _FINALISTS = 12, 2
WEIGHTINGS: tuple[Weighting, ...] = ("modulus", "proportional", "unit")


@dataclass(frozen=True, eq=False)
class CircuitFit:
    """A circuit at its minimum.

    Attributes
    ----------
    circuit
        The circuit; its arcs are in the order of their time constants, the fastest first.
    theta, covariance
        `[n_parameters]` and `[n_parameters, n_parameters]`: logarithms of sizes and times, exponents as they are; the
        covariance is chi2 / (2 n_points - n_parameters) times the inverse of J^T J (Gauss-Newton). Where an exponent
        stands at its bound of 1, or a parameter is fixed or at an end that was asked for, its row is zero.
    chi2
        Sum of the squared weighted residuals of both parts.
    degrees_of_freedom
        2 n_points - n_parameters, fixed ones not counted.
    impedance_ohm
        `[n_points]`, of the fit.
    residual
        `[n_points]`, complex, (measured - fit) times the weights: relative to |Z| under modulus weighting.
    converged
        Whether the search ended at a minimum.
    """

    circuit: Circuit
    theta: np.ndarray
    covariance: np.ndarray
    chi2: float
    degrees_of_freedom: int
    impedance_ohm: Complexes
    residual: Complexes
    converged: bool

    @property
    def variance(self) -> float:
        """chi2 per degree of freedom: the squared noise in units of 1 / weight."""
        return self.chi2 / self.degrees_of_freedom

    def value(self, name: str) -> float:
        """A parameter by name, in its unit."""
        at = self.index(name)
        parameter = self.circuit.parameters()[at]
        return float(parameter.sign * np.exp(self.theta[at]) if parameter.logarithmic else self.theta[at])

    def std(self, name: str) -> float:
        """Its standard uncertainty, in its unit (first order)."""
        at = self.index(name)
        spread = float(np.sqrt(self.covariance[at, at]))
        return abs(self.value(name)) * spread if self.circuit.parameters()[at].logarithmic else spread

    def index(self, name: str) -> int:
        """Where a parameter stands in `theta`."""
        return [parameter.name for parameter in self.circuit.parameters()].index(name)


def weigh(frequency_Hz: np.ndarray, impedance_ohm: Complexes, *, weighting: Weighting = "modulus") -> Weighted:
    """A spectrum with weights: 1/|Z| for both parts, 1/|Z'| and 1/|Z''| ("proportional"), or one for all points.

    Modulus weighting is the right one for an analyser whose error is a share of |Z|, the same in both parts.
    """
    omega, z = 2 * np.pi * np.asarray(frequency_Hz, dtype=float), np.asarray(impedance_ohm, dtype=np.complex128)
    modulus = np.abs(z)
    if (modulus == 0).any():
        raise DataError("an impedance of zero", remedy="remove the point")
    if weighting == "modulus":
        return Weighted(omega, z, 1 / modulus, 1 / modulus)
    if weighting == "proportional":
        floor = 1e-3 * modulus
        return Weighted(omega, z, 1 / np.maximum(np.abs(z.real), floor), 1 / np.maximum(np.abs(z.imag), floor))
    equal = np.full(len(z), 1 / modulus.mean())
    return Weighted(omega, z, equal, equal)


def fit_circuit(
    circuit: Circuit, data: Weighted, *, grid: StartGrid | None = None, starts: np.ndarray | None = None
) -> CircuitFit:
    """Fit `circuit`: from the best combinations of a grid, and from `starts` `[n, n_parameters]` where given.

    Raises
    ------
    DataError
        If the spectrum has fewer numbers than the circuit has parameters, and one to spare.
    """
    if 2 * len(data.omega) - circuit.n_free < 1:
        raise DataError(
            f"{len(data.omega)} points for the {circuit.n_free} parameters of {circuit.name}",
            remedy="measure more points, or fit a simpler circuit",
        )
    found = (grid or StartGrid(data)).starts(circuit) if circuit.tree is None else tree_starts(circuit, data)
    if starts is not None:
        found = np.concatenate([starts, found])
    # a few steps for all, then the two that are ahead to the end
    heat = minimise(circuit, data, found, most_steps=_HEAT)
    ahead = np.argsort(heat.chi2, kind="stable")[:_FINALISTS]
    minimum = heat if heat.converged[ahead[0]] else minimise(circuit, data, heat.theta[ahead])
    best = int(np.argmin(minimum.chi2))
    return described(circuit, data, _ordered(circuit, minimum.theta[best]), converged=bool(minimum.converged[best]))


def described(circuit: Circuit, data: Weighted, theta: np.ndarray, *, converged: bool) -> CircuitFit:
    """The fit at `theta` with its covariance."""
    z, slopes = evaluate(circuit, theta[None], data.omega)
    jacobian = data.stacked(slopes[0]).T
    difference = data.impedance_ohm - z[0]
    residual = data.stacked(difference)
    chi2, freedom = float(residual @ residual), 2 * len(data.omega) - circuit.n_free
    free = np.array([parameter.logarithmic or theta[i] < N_HIGHEST for i, parameter in enumerate(circuit.parameters())])
    if circuit.limits:
        free &= ~at_limits(circuit, data, theta)
    covariance = np.zeros((circuit.size, circuit.size))
    covariance[np.ix_(free, free)] = _inverse(jacobian[:, free]) * chi2 / freedom
    weighted = difference.real * data.weight_real + 1j * difference.imag * data.weight_imaginary
    return CircuitFit(circuit, theta, covariance, chi2, freedom, z[0], weighted, converged)


def at_limits(circuit: Circuit, data: Weighted, theta: np.ndarray) -> np.ndarray:
    """`[n_parameters]`: those that are fixed, or stand at an end that was asked for."""
    asked = {limit.name for limit in circuit.limits}
    low, high = bounds(circuit, data)
    near = 1e-6 * (high - low)
    limited = np.array([parameter.name in asked for parameter in circuit.parameters()])
    return limited & ((theta <= low + near) | (theta >= high - near))


def _inverse(jacobian: np.ndarray) -> np.ndarray:
    """(J^T J)^-1 through the singular values of J with its columns scaled: what is not determined becomes very wide."""
    scale = np.maximum(np.linalg.norm(jacobian, axis=0), 1e-30)
    _, singular, right = np.linalg.svd(jacobian / scale, full_matrices=False)
    singular = np.maximum(singular, 1e-8 * singular[0])
    root = (right.T / singular) / scale[:, None]
    return root @ root.T


def _ordered(circuit: Circuit, theta: np.ndarray) -> np.ndarray:
    """Arcs from fast to slow: alike ones are told apart by nothing else, unless one of them has limits."""
    if circuit.limits:
        return theta
    if circuit.tree is not None:
        return ordered_tree(circuit.tree, theta)
    first = circuit.resistor + circuit.inductor
    arcs = theta[first : first + 3 * circuit.arcs].reshape(-1, 3)
    ordered = theta.copy()
    ordered[first : first + 3 * circuit.arcs] = arcs[np.argsort(arcs[:, 1], kind="stable")].ravel()
    return ordered
