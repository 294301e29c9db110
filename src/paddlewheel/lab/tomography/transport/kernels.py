"""Loops over voxels of the flow solver (numba): smoothing, residuals, transfers between grids, fluxes.

Every array of a grid is padded by one voxel on all sides, so that no loop asks whether a neighbour is there. The
conductance `c0[i, j, k]` belongs to the face between (i - 1, j, k) and (i, j, k), `c1` and `c2` likewise; it is 0 where
either does not conduct. Axis 0 is that of the flow. `first` and `last` bound the planes of a call, first included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

_TINY = np.float32(1e-30)
"""Added to sums of conductances: those of voxels that do not conduct are 0, and so is what is divided by them."""


def _compiled(function: Callable) -> Any:
    """Compile at the first call, free of the interpreter's lock; the code is kept for the next process."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it
        return njit(**options)(function)


@_compiled
def smooth(x, b, c0, c1, c2, colour, first, last):
    """Gauss-Seidel on the voxels of one colour of a chessboard."""
    n1, n2 = x.shape[1] - 2, x.shape[2] - 2
    for i in range(first, last):
        for j in range(1, n1 + 1):
            start = (i + j + colour) % 2
            here, right, rhs = x[i, j, 1:], x[i, j, 2:], b[i, j, 1:]
            left, below, above = x[i, j, :n2], x[i - 1, j, 1:], x[i + 1, j, 1:]
            front, back = x[i, j - 1, 1:], x[i, j + 1, 1:]
            f0, f0_next, f1, f1_next = c0[i, j, 1:], c0[i + 1, j, 1:], c1[i, j, 1:], c1[i, j + 1, 1:]
            f2, f2_next = c2[i, j, 1:], c2[i, j, 2:]
            for k in range(start, n2, 2):
                total = f0[k] + f0_next[k] + f1[k] + f1_next[k] + f2[k] + f2_next[k] + _TINY
                inflow = f0[k] * below[k] + f0_next[k] * above[k] + f1[k] * front[k] + f1_next[k] * back[k]
                here[k] = (rhs[k] + inflow + f2[k] * left[k] + f2_next[k] * right[k]) / total


@_compiled
def smooth_from_zero(x, b, c0, c1, c2, colour, first, last):
    """The same where x is 0 and has not been set."""
    n1, n2 = x.shape[1] - 2, x.shape[2] - 2
    for i in range(first, last):
        for j in range(1, n1 + 1):
            start = (i + j + colour) % 2
            here, rhs = x[i, j, 1:], b[i, j, 1:]
            f0, f0_next, f1, f1_next = c0[i, j, 1:], c0[i + 1, j, 1:], c1[i, j, 1:], c1[i, j + 1, 1:]
            f2, f2_next = c2[i, j, 1:], c2[i, j, 2:]
            for k in range(start, n2, 2):
                here[k] = rhs[k] / (f0[k] + f0_next[k] + f1[k] + f1_next[k] + f2[k] + f2_next[k] + _TINY)
            for k in range(1 - start, n2, 2):
                here[k] = 0


@_compiled
def restrict(coarse_b, x, b, c0, c1, c2, first, last):
    """Sum the residual b - A x of each two by two by two voxels into the right side of the coarse grid."""
    n0, n1, n2 = x.shape[0] - 2, x.shape[1] - 2, x.shape[2] - 2
    for big_i in range(first, last):
        for big_j in range(1, coarse_b.shape[1] - 1):
            sums = coarse_b[big_i, big_j, 1:]
            sums[:] = 0
            for i in range(2 * big_i - 1, min(2 * big_i, n0) + 1):
                for j in range(2 * big_j - 1, min(2 * big_j, n1) + 1):
                    here, right, rhs = x[i, j, 1:], x[i, j, 2:], b[i, j, 1:]
                    left, below, above = x[i, j, :n2], x[i - 1, j, 1:], x[i + 1, j, 1:]
                    front, back = x[i, j - 1, 1:], x[i, j + 1, 1:]
                    f0, f0_next, f1, f1_next = c0[i, j, 1:], c0[i + 1, j, 1:], c1[i, j, 1:], c1[i, j + 1, 1:]
                    f2, f2_next = c2[i, j, 1:], c2[i, j, 2:]
                    for k in range(n2):
                        inflow = f0[k] * (below[k] - here[k]) + f0_next[k] * (above[k] - here[k])
                        inflow += f1[k] * (front[k] - here[k]) + f1_next[k] * (back[k] - here[k])
                        inflow += f2[k] * (left[k] - here[k]) + f2_next[k] * (right[k] - here[k])
                        sums[k // 2] += rhs[k] + inflow


@_compiled
def prolong(x, coarse_x, first, last):
    """Add the coarse correction to each two by two by two voxels."""
    n1, n2 = x.shape[1] - 2, x.shape[2] - 2
    for i in range(first, last):
        for j in range(1, n1 + 1):
            here, coarse = x[i, j, 1:], coarse_x[(i + 1) // 2, (j + 1) // 2, 1:]
            for k in range(n2):
                here[k] += coarse[k // 2]


@_compiled
def apply(q, p, c0, c1, c2, first, last):
    """q = A p; returns the sum of p q."""
    n1, n2 = p.shape[1] - 2, p.shape[2] - 2
    product = 0.0
    for i in range(first, last):
        for j in range(1, n1 + 1):
            here, right, out = p[i, j, 1:], p[i, j, 2:], q[i, j, 1:]
            left, below, above = p[i, j, :n2], p[i - 1, j, 1:], p[i + 1, j, 1:]
            front, back = p[i, j - 1, 1:], p[i, j + 1, 1:]
            f0, f0_next, f1, f1_next = c0[i, j, 1:], c0[i + 1, j, 1:], c1[i, j, 1:], c1[i, j + 1, 1:]
            f2, f2_next = c2[i, j, 1:], c2[i, j, 2:]
            row = np.float32(0)
            for k in range(n2):
                outflow = f0[k] * (here[k] - below[k]) + f0_next[k] * (here[k] - above[k])
                outflow += f1[k] * (here[k] - front[k]) + f1_next[k] * (here[k] - back[k])
                outflow += f2[k] * (here[k] - left[k]) + f2_next[k] * (here[k] - right[k])
                out[k] = outflow
                row += outflow * here[k]
            product += row
    return product


@_compiled
def dot(a, b, first, last):
    """The sum of a b."""
    n1, n2 = a.shape[1] - 2, a.shape[2] - 2
    product = 0.0
    for i in range(first, last):
        for j in range(1, n1 + 1):
            left, right = a[i, j, 1:], b[i, j, 1:]
            row = np.float32(0)
            for k in range(n2):
                row += left[k] * right[k]
            product += row
    return product


@_compiled
def turn(p, z, beta, first, last):
    """p = z + beta p."""
    n1, n2 = p.shape[1] - 2, p.shape[2] - 2
    factor = np.float32(beta)
    for i in range(first, last):
        for j in range(1, n1 + 1):
            out, new = p[i, j, 1:], z[i, j, 1:]
            for k in range(n2):
                out[k] = new[k] + factor * out[k]


@_compiled
def step(x, r, p, q, alpha, first, last):
    """x += alpha p, in 64 bits; r -= alpha q."""
    n1, n2 = p.shape[1] - 2, p.shape[2] - 2
    factor = np.float32(alpha)
    for i in range(first, last):
        for j in range(1, n1 + 1):
            potential, residual, along, change = x[i, j, 1:], r[i, j, 1:], p[i, j, 1:], q[i, j, 1:]
            for k in range(n2):
                potential[k] += alpha * along[k]
                residual[k] -= factor * change[k]


@_compiled
def residual_and_power(r, x, c0, c1, c2, first, last):
    """r = -A x in 64 bits, the electrodes in the outer planes of x; returns what the faces before each dissipate."""
    n1, n2 = x.shape[1] - 2, x.shape[2] - 2
    power = 0.0
    for i in range(first, last):
        for j in range(1, n1 + 1):
            here, right, out = x[i, j, 1:], x[i, j, 2:], r[i, j, 1:]
            left, below, above = x[i, j, :n2], x[i - 1, j, 1:], x[i + 1, j, 1:]
            front, back = x[i, j - 1, 1:], x[i, j + 1, 1:]
            f0, f0_next, f1, f1_next = c0[i, j, 1:], c0[i + 1, j, 1:], c1[i, j, 1:], c1[i, j + 1, 1:]
            f2, f2_next = c2[i, j, 1:], c2[i, j, 2:]
            row = 0.0
            for k in range(n2):
                d0, d1, d2 = here[k] - below[k], here[k] - front[k], here[k] - left[k]
                outflow = f0[k] * d0 + f0_next[k] * (here[k] - above[k]) + f1[k] * d1
                outflow += f1_next[k] * (here[k] - back[k]) + f2[k] * d2 + f2_next[k] * (here[k] - right[k])
                out[k] = -outflow
                row += f0[k] * d0 * d0 + f1[k] * d1 * d1 + f2[k] * d2 * d2
            power += row
    return power


@_compiled
def fill_faces(c0, c1, c2, phases, table, scale0, scale1, scale2, first, last):
    """Conductances of all faces between voxels; `phases` is padded, `table[a, b]` the conductivity of a face."""
    n0, n1, n2 = phases.shape[0] - 2, phases.shape[1] - 2, phases.shape[2] - 2
    for i in range(first, last):
        factor = 2 * scale0 if i in (1, n0 + 1) else scale0
        for j in range(1, n1 + 2):
            for k in range(1, n2 + 2):
                own = phases[i, j, k]
                c0[i, j, k] = factor * table[own, phases[i - 1, j, k]]
                c1[i, j, k] = scale1 * table[own, phases[i, j - 1, k]]
                c2[i, j, k] = scale2 * table[own, phases[i, j, k - 1]]


@_compiled
def coarsen_faces(big0, big1, big2, c0, c1, c2, factor, first, last):
    """Conductances between blocks of two by two by two voxels: sums over the faces between them, times `factor`."""
    n0, n1, n2 = c0.shape[0] - 2, c0.shape[1] - 2, c0.shape[2] - 2
    for big_i in range(first, last):
        i = min(2 * big_i - 1, n0 + 1)
        for big_j in range(1, big0.shape[1]):
            j = min(2 * big_j - 1, n1 + 1)
            for big_k in range(1, big0.shape[2]):
                k = min(2 * big_k - 1, n2 + 1)
                sum0, sum1, sum2 = np.float32(0), np.float32(0), np.float32(0)
                for a in range(2):
                    for b in range(2):
                        if j + a <= n1 and k + b <= n2:
                            sum0 += c0[i, j + a, k + b]
                        if i + a <= n0 and k + b <= n2:
                            sum1 += c1[i + a, j, k + b]
                        if i + a <= n0 and j + b <= n1:
                            sum2 += c2[i + a, j + b, k]
                big0[big_i, big_j, big_k] = factor * sum0
                big1[big_i, big_j, big_k] = factor * sum1
                big2[big_i, big_j, big_k] = factor * sum2


@_compiled
def flux_density(out, x, c0, c1, c2, width1, width2, first, last):
    """|flux density| of each voxel by the means of its two faces a direction; faces across axis 0 have the area 1."""
    n1, n2 = x.shape[1] - 2, x.shape[2] - 2
    for i in range(first, last):
        for j in range(1, n1 + 1):
            for k in range(1, n2 + 1):
                here = x[i, j, k]
                along0 = c0[i, j, k] * (x[i - 1, j, k] - here) + c0[i + 1, j, k] * (here - x[i + 1, j, k])
                along1 = c1[i, j, k] * (x[i, j - 1, k] - here) + c1[i, j + 1, k] * (here - x[i, j + 1, k])
                along2 = c2[i, j, k] * (x[i, j, k - 1] - here) + c2[i, j, k + 1] * (here - x[i, j, k + 1])
                out[i, j, k] = 0.5 * np.sqrt(along0**2 + (along1 * width1) ** 2 + (along2 * width2) ** 2)
