"""Profiles of powder reflections, painted into a pattern with their derivatives.

The Thompson-Cox-Hastings pseudo-Voigt (doi 10.1107/S0021889887087090) with the asymmetry of axial divergence of Finger,
Cox and Jephcoat (doi 10.1107/S0021889894004218). Their convolution is an integral over the height h on the detector,
in units of the goniometer's radius: cos(phi) = cos(2theta) sqrt(1 + h^2), with the weight (h_max - h) / ((1 + h^2) sin
phi) where sample and detector are equally high and h_max is the sum of both half heights. This integrand is smooth, so
that few Gauss-Legendre nodes do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

_MOST_NODES = 16
_CORE_FWHM, _TAIL_FWHM = 6.0, 34.0
"""How far a profile is painted: widths of a Gaussian, and so many more of a Lorentzian, whose tails beyond 40 widths
hold 0.8 %."""
_GAUSS_HEIGHT = 2 * math.sqrt(math.log(2) / math.pi)
_FOUR_LN2 = 4 * math.log(2)


def _compiled(function: Callable) -> Any:
    """Compile at the first call; the code is kept for the next process where there is a place for it."""
    options: dict[str, Any] = {
        "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    }  # fmt: skip
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it
        return njit(**options)(function)


@dataclass(frozen=True, eq=False)
class AxialDivergence:
    """Nodes of the convolution with axial divergence; [n_reflections, n_nodes].

    Attributes
    ----------
    offset_deg, weight
        Place of each node against the reflection; the weights of a reflection sum to one.
    n_nodes
        How many of them count; [n_reflections].
    """

    offset_deg: np.ndarray
    weight: np.ndarray
    n_nodes: np.ndarray


def thompson_cox_hastings(gauss_fwhm: np.ndarray, lorentz_fwhm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Width and Lorentzian share of the pseudo-Voigt that stands for a Voigt function, of the widths of its parts."""
    g, lorentz = gauss_fwhm, lorentz_fwhm
    fwhm = (
        g**5 + 2.69269 * g**4 * lorentz + 2.42843 * g**3 * lorentz**2 + 4.47163 * g**2 * lorentz**3
        + 0.07842 * g * lorentz**4 + lorentz**5
    ) ** 0.2  # fmt: skip
    ratio = lorentz / fwhm
    return fwhm, np.clip(1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3, 0.0, 1.0)


@lru_cache(maxsize=_MOST_NODES)
def _gauss_legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)


def axial_divergence(two_theta_deg: np.ndarray, height: float, n_nodes: np.ndarray) -> AxialDivergence:
    """Nodes of reflections at the angles, for `height` = (half heights of sample and detector) / radius."""
    offset = np.zeros((two_theta_deg.size, _MOST_NODES))
    weight = np.zeros_like(offset)
    weight[:, 0] = 1.0
    angle = np.radians(two_theta_deg)
    for count in np.unique(n_nodes):
        if count < 2:
            continue
        rows = np.flatnonzero(n_nodes == count)
        nodes, shares = _gauss_legendre(int(count))
        h = height * (0.5 * (nodes + 1))[None, :]
        cosine = np.clip(np.cos(angle[rows])[:, None] * np.sqrt(1 + h**2), -1 + 1e-12, 1 - 1e-12)
        phi = np.arccos(cosine)
        some = shares[None, :] * (1 - 0.5 * (nodes + 1))[None, :] / ((1 + h**2) * np.sin(phi))
        offset[rows, :count] = np.degrees(phi - angle[rows][:, None])
        weight[rows, :count] = some / some.sum(axis=1, keepdims=True)
    return AxialDivergence(offset, weight, n_nodes.astype(np.int64))


def nodes_needed(two_theta_deg: np.ndarray, height: float, fwhm_deg: np.ndarray) -> np.ndarray:
    """How many nodes carry the convolution to about 1e-3 of the profile's maximum; [n_reflections], integers."""
    angle = np.radians(two_theta_deg)
    cosine = np.clip(np.cos(angle) * math.sqrt(1 + height**2), -1.0, 1.0)
    extent = np.abs(np.degrees(np.arccos(cosine) - angle))
    return np.where(extent < 0.02 * fwhm_deg, 1, np.clip(np.ceil(3 + 3 * extent / fwhm_deg), 3, _MOST_NODES)).astype(
        np.int64
    )


@_compiled
def paint(
    x: np.ndarray,
    position: np.ndarray,
    fwhm: np.ndarray,
    eta: np.ndarray,
    area: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    n_nodes: np.ndarray,
    y: np.ndarray,
) -> None:
    """Add the profiles of reflections to `y`, [n_points], at the rising angles `x`.

    `position`, `fwhm`, `eta` and `area` are [n_reflections], angles in the unit of `x`; the rest is an
    `AxialDivergence`.
    """
    for i in range(position.size):
        width, share, whole = fwhm[i], eta[i], area[i]
        if whole == 0.0:
            continue
        reach = width * (_CORE_FWHM + _TAIL_FWHM * share)
        first = np.searchsorted(x, position[i] - reach + min(0.0, offset[i, n_nodes[i] - 1]))
        last = np.searchsorted(x, position[i] + reach + max(0.0, offset[i, n_nodes[i] - 1]))
        inverse = 1.0 / width
        lorentz, gauss = share * 2.0 / math.pi * inverse * whole, (1.0 - share) * _GAUSS_HEIGHT * inverse * whole
        for m in range(n_nodes[i]):
            centre, part = position[i] + offset[i, m], weight[i, m]
            for j in range(first, last):
                u = (x[j] - centre) * inverse
                square = u * u
                value = lorentz / (1.0 + 4.0 * square)
                if square < 9.0:
                    value += gauss * math.exp(-_FOUR_LN2 * square)
                y[j] += part * value


@_compiled
def paint_with_slopes(
    x: np.ndarray,
    position: np.ndarray,
    fwhm: np.ndarray,
    eta: np.ndarray,
    area: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    n_nodes: np.ndarray,
    slopes: np.ndarray,
    offset_slope: np.ndarray,
    weight_slope: np.ndarray,
    axial: int,
    y: np.ndarray,
    dy: np.ndarray,
) -> None:
    """As `paint`, and add the derivatives by the parameters to `dy`, [n_parameters, n_points].

    `slopes` are those of position, width, Lorentzian share and area of each reflection by each parameter,
    [n_reflections, 4, n_parameters]; `offset_slope` and `weight_slope` those of the nodes by the parameter `axial`,
    -1 where it is not among them.
    """
    n_parameters = slopes.shape[2]
    size = 0
    for i in range(position.size):
        reach = fwhm[i] * (_CORE_FWHM + _TAIL_FWHM * eta[i])
        first = np.searchsorted(x, position[i] - reach + min(0.0, offset[i, n_nodes[i] - 1]))
        last = np.searchsorted(x, position[i] + reach + max(0.0, offset[i, n_nodes[i] - 1]))
        size = max(size, last - first)
    kernels = np.empty((5, size))
    for i in range(position.size):
        width, share, whole = fwhm[i], eta[i], area[i]
        reach = width * (_CORE_FWHM + _TAIL_FWHM * share)
        first = np.searchsorted(x, position[i] - reach + min(0.0, offset[i, n_nodes[i] - 1]))
        last = np.searchsorted(x, position[i] + reach + max(0.0, offset[i, n_nodes[i] - 1]))
        inverse = 1.0 / width
        count = last - first
        for c in range(5):
            for j in range(count):
                kernels[c, j] = 0.0
        for m in range(n_nodes[i]):
            centre, part = position[i] + offset[i, m], weight[i, m]
            part_slope, centre_slope = weight_slope[i, m], offset_slope[i, m]
            for j in range(count):
                u = (x[first + j] - centre) * inverse
                square = u * u
                down = 1.0 / (1.0 + 4.0 * square)
                lorentz = 2.0 / math.pi * inverse * down
                gauss = 0.0
                if square < 9.0:
                    gauss = _GAUSS_HEIGHT * inverse * math.exp(-_FOUR_LN2 * square)
                value = share * lorentz + (1.0 - share) * gauss
                by_place = u * inverse * (share * lorentz * 8.0 * down + (1.0 - share) * gauss * 2.0 * _FOUR_LN2)
                kernels[0, j] += part * by_place
                kernels[1, j] += part * (u * by_place - value * inverse)
                kernels[2, j] += part * (lorentz - gauss)
                kernels[3, j] += part * value
                if axial >= 0:
                    kernels[4, j] += part_slope * value + part * by_place * centre_slope
        for j in range(count):
            y[first + j] += whole * kernels[3, j]
        for k in range(n_parameters):
            by_position = whole * slopes[i, 0, k]
            by_width = whole * slopes[i, 1, k]
            by_share = whole * slopes[i, 2, k]
            by_area = slopes[i, 3, k]
            if by_position != 0.0 or by_width != 0.0 or by_share != 0.0 or by_area != 0.0:
                for j in range(count):
                    dy[k, first + j] += (
                        by_position * kernels[0, j] + by_width * kernels[1, j] + by_share * kernels[2, j]
                        + by_area * kernels[3, j]
                    )  # fmt: skip
        if axial >= 0:
            for j in range(count):
                dy[axial, first + j] += whole * kernels[4, j]


@_compiled
def apportion(
    x: np.ndarray,
    position: np.ndarray,
    fwhm: np.ndarray,
    eta: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    n_nodes: np.ndarray,
    ratio: np.ndarray,
    part: np.ndarray,
    whole: np.ndarray,
) -> None:
    """Sums over the points of each reflection's profile of area 1, into `whole`, and of it times `ratio`, into `part`.

    `ratio`, [n_points], is measured over calculated, both above the background: `part / whole` times the calculated
    intensity is Rietveld's observed one.
    """
    for i in range(position.size):
        width, share = fwhm[i], eta[i]
        reach = width * 4.0
        first = np.searchsorted(x, position[i] - reach + min(0.0, offset[i, n_nodes[i] - 1]))
        last = np.searchsorted(x, position[i] + reach + max(0.0, offset[i, n_nodes[i] - 1]))
        inverse = 1.0 / width
        for m in range(n_nodes[i]):
            centre = position[i] + offset[i, m]
            for j in range(first, last):
                square = ((x[j] - centre) * inverse) ** 2
                value = share * 2.0 / math.pi / (1.0 + 4.0 * square)
                if square < 9.0:
                    value += (1.0 - share) * _GAUSS_HEIGHT * math.exp(-_FOUR_LN2 * square)
                value *= weight[i, m] * inverse
                whole[i] += value
                part[i] += value * ratio[j]
