"""Radial functions of M3GNet and their derivatives, as Chebyshev series exact to float64 rounding."""

from __future__ import annotations

from itertools import pairwise
from math import pi, sqrt

import numpy as np
import torch


class RadialBasis:
    """The max_l * max_n radial functions, evaluated for all bonds by one matrix product.

    Plain (`use_smooth` false): sqrt(2/rc^3) j_l(z_ln r/rc) / |j_(l+1)(z_ln)|, ordered by l, then n (Chen and Ong, Nat.
    Comput. Sci. 2, 718 (2022), doi 10.1038/s43588-022-00349-3). Smooth: the orthogonalized sums of two sinc functions
    whose first and second derivatives vanish at the cutoff (Kocer et al., J. Chem. Phys. 150, 154102 (2019),
    doi 10.1063/1.5086167).

    Parameters
    ----------
    max_n, max_l
        Numbers of radial functions per degree and of degrees.
    cutoff_A
        rc.
    smooth
        The checkpoint's `use_smooth`.
    """

    def __init__(self, *, max_n: int, max_l: int, cutoff_A: float, smooth: bool) -> None:
        closed_form = _smooth_functions if smooth else _bessel_functions
        self.cutoff_A, self.n_functions = float(cutoff_A), max_n * max_l
        # The series of sin(kx) ends when its index has passed k; the rest is the width of that edge at 1e-16.
        highest = (max_n * max_l + 1) * pi / 2 if smooth else _bessel_roots(max_l, max_n)[-1][-1] / 2
        n_terms = int(highest + 12.0 * highest ** (1 / 3) + 16.0)
        nodes = np.cos(pi * (np.arange(n_terms) + 0.5) / n_terms)
        transform = np.cos(np.outer(np.arange(n_terms), np.arccos(nodes))) * (2.0 / n_terms)
        transform[0] *= 0.5
        series = transform @ closed_form(0.5 * cutoff_A * (nodes + 1.0), max_n, max_l, cutoff_A)
        n_kept = int(np.flatnonzero(np.abs(series).max(axis=1) > 1e-15 * np.abs(series).max()).max()) + 1
        slope = np.polynomial.chebyshev.chebder(series[:n_kept]) * (2.0 / cutoff_A)
        slope = np.vstack([slope, np.zeros((n_kept - len(slope), series.shape[1]))])
        self._coefficients = torch.from_numpy(np.hstack([series[:n_kept], slope]))

    def to(self, device: torch.device) -> RadialBasis:
        """Move the coefficients to a device; returns self."""
        self._coefficients = self._coefficients.to(device)
        return self

    def evaluate(self, distance_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Values and derivatives (1/A), each `[n_bonds, max_l * max_n]` float64, at distances in [0, cutoff_A]."""
        x = distance_A * (2.0 / self.cutoff_A) - 1.0
        n_terms = len(self._coefficients)
        polynomials = x.new_empty((n_terms, len(x)))
        polynomials[0] = 1.0
        polynomials[1] = x
        x = 2.0 * x
        for k in range(2, n_terms):
            torch.mul(x, polynomials[k - 1], out=polynomials[k])
            polynomials[k].sub_(polynomials[k - 2])
        both = polynomials.T @ self._coefficients
        return both[:, : self.n_functions], both[:, self.n_functions :]


def polynomial_cutoff(distance_A: torch.Tensor, cutoff_A: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The envelope 1 - 10 x^3 + 15 x^4 - 6 x^5, x = r/cutoff, and its derivative (1/A); zero beyond; `[n_bonds]`."""
    x = (distance_A / cutoff_A).clamp(max=1.0)
    cube = x * x * x
    value = 1.0 + cube * (-10.0 + x * (15.0 - 6.0 * x))
    slope = -30.0 / cutoff_A * x * x * (1.0 - x) * (1.0 - x)
    return value, slope


def _bessel_functions(r: np.ndarray, max_n: int, max_l: int, cutoff: float) -> np.ndarray:
    """`[len(r), max_l * max_n]` spherical Bessel functions with a node at the cutoff."""
    from scipy.special import spherical_jn

    columns = []
    for degree, roots in enumerate(_bessel_roots(max_l, max_n)):
        norm = sqrt(2.0 / cutoff**3) / np.abs(spherical_jn(degree + 1, roots))
        columns.append(spherical_jn(degree, r[:, None] * roots / cutoff) * norm)
    return np.hstack(columns)


def _bessel_roots(max_l: int, max_n: int) -> list[np.ndarray]:
    """First max_n positive roots of j_l for each l < max_l: those of j_l lie between those of j_(l-1)."""
    from scipy.optimize import brentq
    from scipy.special import spherical_jn

    between = np.arange(1, max_l + max_n + 1) * pi
    roots = [between[:max_n]]
    for degree in range(1, max_l):
        between = np.array(
            [
                brentq(lambda x, order=degree: spherical_jn(order, x), low, high, xtol=1e-14)
                for low, high in pairwise(between)
            ]
        )
        roots.append(between[:max_n])
    return roots


def _smooth_functions(r: np.ndarray, max_n: int, max_l: int, cutoff: float) -> np.ndarray:
    """`[len(r), max_l * max_n]` smooth functions, n running on through all of them."""
    functions: list[np.ndarray] = []
    d_before = 1.0
    for n in range(max_n * max_l):
        f = (-1) ** n * sqrt(2.0) * pi / cutoff**1.5 * (n + 1) * (n + 2) / sqrt((n + 1) ** 2 + (n + 2) ** 2)
        f = f * (np.sinc(r * (n + 1) / cutoff) + np.sinc(r * (n + 2) / cutoff))
        if n:
            e = n**2 * (n + 2) ** 2 / (4 * (n + 1) ** 4 + 1)
            d = 1.0 - e / d_before
            f = (f + sqrt(e / d_before) * functions[-1]) / sqrt(d)
            d_before = d
        functions.append(f)
    return np.stack(functions, axis=1)
