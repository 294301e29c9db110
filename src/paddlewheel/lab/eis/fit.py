"""One circuit fitted to one spectrum, without start values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.circuit import N_HIGHEST, Circuit, Complexes, evaluate
from paddlewheel.lab.eis.least_squares import Weighted, minimise
from paddlewheel.lab.eis.starts import StartGrid

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
        stands at its bound of 1, its row is zero.
    chi2
        Sum of the squared weighted residuals of both parts.
    degrees_of_freedom
        2 n_points - n_parameters.
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
        return float(np.exp(self.theta[at]) if self.circuit.parameters()[at].logarithmic else self.theta[at])

    def std(self, name: str) -> float:
        """Its standard uncertainty, in its unit (first order)."""
        at = self.index(name)
        spread = float(np.sqrt(self.covariance[at, at]))
        return self.value(name) * spread if self.circuit.parameters()[at].logarithmic else spread

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
    freedom = 2 * len(data.omega) - circuit.size
    if freedom < 1:
        raise DataError(
            f"{len(data.omega)} points for the {circuit.size} parameters of {circuit.name}",
            remedy="measure more points, or fit a simpler circuit",
        )
    found = (grid or StartGrid(data)).starts(circuit)
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
    chi2, freedom = float(residual @ residual), 2 * len(data.omega) - circuit.size
    free = np.array([parameter.logarithmic or theta[i] < N_HIGHEST for i, parameter in enumerate(circuit.parameters())])
    covariance = np.zeros((circuit.size, circuit.size))
    covariance[np.ix_(free, free)] = _inverse(jacobian[:, free]) * chi2 / freedom
    weighted = difference.real * data.weight_real + 1j * difference.imag * data.weight_imaginary
    return CircuitFit(circuit, theta, covariance, chi2, freedom, z[0], weighted, converged)


def _inverse(jacobian: np.ndarray) -> np.ndarray:
    """(J^T J)^-1 through the singular values of J with its columns scaled: what is not determined becomes very wide."""
    scale = np.maximum(np.linalg.norm(jacobian, axis=0), 1e-30)
    _, singular, right = np.linalg.svd(jacobian / scale, full_matrices=False)
    singular = np.maximum(singular, 1e-8 * singular[0])
    root = (right.T / singular) / scale[:, None]
    return root @ root.T


def _ordered(circuit: Circuit, theta: np.ndarray) -> np.ndarray:
    first = circuit.resistor + circuit.inductor
    arcs = theta[first : first + 3 * circuit.arcs].reshape(-1, 3)
    ordered = theta.copy()
    ordered[first : first + 3 * circuit.arcs] = arcs[np.argsort(arcs[:, 1], kind="stable")].ravel()
    return ordered
