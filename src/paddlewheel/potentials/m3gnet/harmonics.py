"""Real spherical harmonics of unit vectors, with their gradients, for any degree."""

from __future__ import annotations

from math import comb, factorial, sqrt

import torch


def racah_harmonics(unit: torch.Tensor, max_l: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Real spherical harmonics C_lm, normalized so that sum_m C_lm(a) C_lm(b) = P_l(a . b), for l < max_l.

    C_lm = Pi_lm(z) Re or Im (x + iy)^m with Pi_lm the polynomial part of the associated Legendre function (Racah's
    normalization; e.g. Helgaker, Jorgensen, Olsen, Molecular Electronic-Structure Theory, section 6.4,
    doi 10.1002/9781119019572).

    Parameters
    ----------
    unit
        `[n, 3]` unit vectors.
    max_l
        Number of degrees.

    Returns
    -------
    values
        `[n, max_l**2]`, ordered by l, then m from -l to l.
    gradients
        `[n, max_l**2, 3]`, of the polynomials in x, y, z; their radial part is arbitrary, so project it out.
    """
    x, y, z = unit.unbind(dim=1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    cosine, sine = [one], [zero]  # Re and Im of (x + iy)^m
    for _ in range(1, max_l):
        cosine.append(x * cosine[-1] - y * sine[-1])
        sine.append(x * sine[-1] + y * cosine[-2])
    values = unit.new_empty((len(unit), max_l**2))
    gradients = unit.new_empty((len(unit), max_l**2, 3))
    for degree in range(max_l):
        for order in range(degree + 1):
            legendre, slope = _evaluate(_legendre_coefficients(degree, order), z)
            for sign, part, other in ((1, cosine, sine), (-1, sine, cosine)):
                if order == 0 and sign == -1:
                    continue
                column = degree**2 + degree + sign * order
                values[:, column] = legendre * part[order]
                gradients[:, column, 2] = slope * part[order]
                if order == 0:
                    gradients[:, column, :2] = 0.0
                else:
                    gradients[:, column, 0] = legendre * (order * part[order - 1])
                    gradients[:, column, 1] = legendre * (-sign * order * other[order - 1])
    return values, gradients


def _legendre_coefficients(degree: int, order: int) -> dict[int, float]:
    """Powers of z and their coefficients in Pi_lm(z), for unit vectors."""
    norm = sqrt(factorial(degree - order) / factorial(degree + order)) * (sqrt(2.0) if order else 1.0)
    return {
        degree - 2 * k - order: norm
        * (-1) ** k
        * 2.0**-degree
        * comb(degree, k)
        * comb(2 * degree - 2 * k, degree)
        * factorial(degree - 2 * k)
        / factorial(degree - 2 * k - order)
        for k in range((degree - order) // 2 + 1)
    }


def _evaluate(coefficients: dict[int, float], z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    value, slope = torch.zeros_like(z), torch.zeros_like(z)
    for power, coefficient in coefficients.items():
        value += coefficient * z**power
        if power:
            slope += coefficient * power * z ** (power - 1)
    return value, slope
