"""A NEPModel arranged for the kernels: padded to blocks of 8, scales folded in, in single or double precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.polynomial import Legendre, Polynomial

from paddlewheel.potentials.nep.model import NEPModel

if TYPE_CHECKING:
    from paddlewheel.potentials.nep.domain import NEPDomain

DType = Literal["float32", "float64"]

# q_222 and q_1111 in the scale of `harmonics`: Fan et al., J. Chem. Phys. 157, 114801 (2022)
FOUR_BODY = (-0.007499480826664, -0.134990654879954, 0.067495327439977, 0.404971964639861, -0.809943929279723)
FIVE_BODY = (0.026596810706114, 0.053193621412227, 0.026596810706114)
# what GPUMD's whole-number polynomials are, in d^m P_l / dz^m
_SCALES = {1: (1, 1), 2: (2, 1 / 3, 1 / 3), 3: (2, 2 / 3, 1 / 15, 1 / 15), 4: (8, 2 / 5, 2 / 15, 1 / 105, 1 / 105)}


@dataclass(frozen=True)
class Tables:
    """Arrays of a model as `kernels.evaluate` takes them.

    Attributes
    ----------
    l_max
        Highest degree of the angular functions.
    cutoffs
        `[3, n_elements, n_elements]` float64: radial, angular, and the square of the radial one.
    radial_c
        `[centre, neighbour, k, block, 8]`, the n of `c'_nk` in blocks of 8.
    angular_c
        `[centre, neighbour, block, 8, k]`.
    weights, polynomials
        w_lm of each component, and the Z_lm of l = 5 and more.
    cubic, quartic
        Coefficients of the 4-body and the 5-body term; zero where there is none.
    w0, w0_back
        `[element, block, 8, neurons, 8]` and its transpose `[element, neurons, 8, block, 8]`, times the scale of q.
    b0, w1, bias
        `[element, neurons, 8]`, and a float.
    zbl
        See `repulsion.repulsion_table`.
    domain
        `[element, block + 1, 8, block + 1, 8]`, the inverse of the active set; the last row is that of the constant.
    columns
        Places of the descriptors of the file in the padded ones.
    """

    l_max: int
    cutoffs: np.ndarray
    radial_c: np.ndarray
    angular_c: np.ndarray
    weights: np.ndarray
    polynomials: np.ndarray
    cubic: np.ndarray
    quartic: np.ndarray
    w0: np.ndarray
    w0_back: np.ndarray
    b0: np.ndarray
    w1: np.ndarray
    bias: float
    zbl: np.ndarray
    domain: np.ndarray
    columns: np.ndarray

    def arguments(self) -> tuple:
        """The part of the kernel's arguments that is the model."""
        return (
            self.l_max,
            self.cutoffs,
            self.radial_c,
            self.angular_c,
            self.weights,
            self.polynomials,
            self.cubic,
            self.quartic,
            self.w0,
            self.w0_back,
            self.b0,
            self.w1,
            self.bias,
            self.zbl,
            self.domain,
        )


def build_tables(model: NEPModel, *, dtype: DType, domain: NEPDomain | None = None) -> Tables:
    """Arrange a model (and the domain of its training set) for the kernels."""
    from paddlewheel.potentials.nep.repulsion import repulsion_table

    n = len(model.elements)
    l_max = model.l_max[0]
    n_radial, n_angular = math.ceil((model.n_max[0] + 1) / 8), math.ceil((model.n_max[1] + 1) / 8)
    columns = _columns(model, n_radial, n_angular)
    n_blocks, n_neurons = n_radial + n_angular * model.n_angular_terms, math.ceil(model.w0.shape[1] / 8)
    w0 = np.zeros((n, 8 * n_blocks, 8 * n_neurons))
    w0[:, columns, : model.w0.shape[1]] = (model.w0 * model.q_scaler).transpose(0, 2, 1)
    b0, w1 = np.zeros((n, 8 * n_neurons)), np.zeros((n, 8 * n_neurons))
    b0[:, : model.w0.shape[1]], w1[:, : model.w0.shape[1]] = model.b0, model.w1
    # at least two functions: the recursion starts with two
    radial = np.zeros((n, n, max(2, model.basis_size[0] + 1), 8 * n_radial))
    radial[:, :, : model.basis_size[0] + 1, : model.n_max[0] + 1] = _chebyshev(model.radial_coefficients).transpose(
        0, 1, 3, 2
    )
    angular = np.zeros((n, n, 8 * n_angular, max(2, model.basis_size[1] + 1)))
    angular[:, :, : model.n_max[1] + 1, : model.basis_size[1] + 1] = _chebyshev(model.angular_coefficients)
    pairs = [(cut[:, None] + cut[None]) / 2 for cut in (model.radial_cutoffs_A, model.angular_cutoffs_A)]
    arrays = {
        "radial_c": radial.reshape(n, n, -1, n_radial, 8),
        "angular_c": angular.reshape(n, n, n_angular, 8, -1),
        "weights": component_weights(l_max),
        "polynomials": _polynomials(l_max),
        "cubic": np.array(FOUR_BODY) * (model.l_max[1] > 0),
        "quartic": np.array(FIVE_BODY) * (model.l_max[2] > 0),
        "w0": w0.reshape(n, n_blocks, 8, n_neurons, 8),
        "w0_back": w0.transpose(0, 2, 1).reshape(n, n_neurons, 8, n_blocks, 8),
        "b0": b0.reshape(n, n_neurons, 8),
        "w1": w1.reshape(n, n_neurons, 8),
        "domain": _domain(model, domain, columns, n_blocks),
    }
    return Tables(
        l_max=l_max,
        cutoffs=np.stack([*pairs, pairs[0] ** 2]),
        bias=model.bias,
        zbl=repulsion_table(model),
        columns=columns,
        **{name: np.ascontiguousarray(array, dtype=dtype) for name, array in arrays.items()},
    )


def _columns(model: NEPModel, n_radial: int, n_angular: int) -> np.ndarray:
    terms = [np.arange(model.n_max[0] + 1)]
    firsts = [8 * (n_radial + term * n_angular) for term in range(model.n_angular_terms)]
    terms += [first + np.arange(model.n_max[1] + 1) for first in firsts]
    return np.concatenate(terms)


def _chebyshev(coefficients: np.ndarray) -> np.ndarray:
    """Coefficients of T_k from those of the format's functions: 1 for k = 0, (T_k + 1)/2 above (k is the last axis)."""
    folded = coefficients / 2
    folded[..., 0] = coefficients[..., 0] + coefficients[..., 1:].sum(axis=-1) / 2
    return folded


def component_weights(l_max: int) -> np.ndarray:
    """w_lm with sum_m w_lm Y_lm(u) Y_lm(v) = (2l + 1)/(4 pi) P_l(u.v); at least the 24 components of l = 1 to 4."""
    weights = []
    for degree in range(1, max(l_max, 4) + 1):
        scales = _SCALES.get(degree, (1,) * (degree + 1))
        for m in range(degree + 1):
            norm = (2 * degree + 1) / (4 * math.pi) * (2 if m else 1)
            norm *= math.factorial(degree - m) / math.factorial(degree + m) / scales[m] ** 2
            weights += [norm if degree <= l_max else 0.0] * (2 if m else 1)
    return np.array(weights)


def _polynomials(l_max: int) -> np.ndarray:
    table = np.zeros((max(l_max - 4, 1), l_max + 1, l_max + 1))
    for degree in range(5, l_max + 1):
        legendre = Legendre.basis(degree).convert(kind=Polynomial)
        for m in range(degree + 1):
            derivative = legendre.deriv(m).coef if m else legendre.coef
            table[degree - 5, m, : len(derivative)] = derivative
    return table


def _domain(model: NEPModel, domain: NEPDomain | None, columns: np.ndarray, n_blocks: int) -> np.ndarray:
    n, size = len(model.elements), model.n_descriptors
    if domain is None:
        return np.zeros((0, n_blocks + 1, 8, n_blocks + 1, 8))
    padded = np.zeros((n, 8 * (n_blocks + 1), 8 * (n_blocks + 1)))
    padded[:, columns, : size + 1] = domain.inverses[:, :size] * model.q_scaler[:, None]
    padded[:, 8 * n_blocks, : size + 1] = domain.inverses[:, size]
    return padded.reshape(n, n_blocks + 1, 8, n_blocks + 1, 8)
