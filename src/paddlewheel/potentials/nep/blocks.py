"""Parts of the NEP kernel that know nothing of angles: packing neighbours, radial functions, products, tanh (numba).

The arithmetic runs in blocks of 8 neighbours (or 8 radial functions, or 8 neurons), in inner loops of exactly 8 steps
that the compiler turns into vector instructions; everything is padded to that.

Radial functions: g_n(r) = fc(r) sum_k c'_nk T_k(x), x = 2 (r/rc - 1)^2 - 1, fc = (1 + cos(pi r/rc))/2, which is the
format's sum_k c_nk (T_k(x) + 1)/2 fc(r) with c' folded in `tables`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

FAR_A = 1.0e3
"""Distance of what fills up a block: beyond every cutoff, so that its radial functions vanish."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def radial_basis(r, rc_inverse, basis, slope):  # pragma: no cover
    """T_k(x) fc and its derivative for 8 distances: `basis[k, 8]`, `slope[k, 8]`."""
    real = r.dtype.type
    one, two, four, half = real(1), real(2), real(4), real(0.5)
    half_pi = real(math.pi / 2)
    n_basis = basis.shape[0]
    for v in range(8):
        u = min(r[v] * rc_inverse, one)
        # fc = (1 + sin w)/2, with w = pi/2 - pi u in [-pi/2, pi/2]; Taylor series to 1e-16
        w = half_pi - two * half_pi * u
        q = w * w
        s = real(-8.22063524662433e-18)
        s = s * q + real(2.8114572543455206e-15)
        s = s * q + real(-7.647163731819816e-13)
        s = s * q + real(1.6059043836821613e-10)
        s = s * q + real(-2.505210838544172e-08)
        s = s * q + real(2.7557319223985893e-06)
        s = s * q + real(-0.0001984126984126984)
        s = s * q + real(0.008333333333333333)
        s = s * q + real(-0.16666666666666666)
        s = (s * q + one) * w
        c = real(4.110317623312165e-19)
        c = c * q + real(-1.5619206968586225e-16)
        c = c * q + real(4.779477332387385e-14)
        c = c * q + real(-1.1470745597729725e-11)
        c = c * q + real(2.08767569878681e-09)
        c = c * q + real(-2.755731922398589e-07)
        c = c * q + real(2.48015873015873e-05)
        c = c * q + real(-0.001388888888888889)
        c = c * q + real(0.041666666666666664)
        c = c * q + real(-0.5)
        c = c * q + one
        inside = one if u < one else real(0)
        fc = (half + half * s) * inside
        fcp = -half_pi * c * rc_inverse * inside
        x = two * (u - one) * (u - one) - one
        xp = four * (u - one) * rc_inverse * fc
        x2 = two * x
        basis[0, v] = fc
        slope[0, v] = fcp
        t1 = x
        basis[1, v] = x * fc
        slope[1, v] = x * fcp + xp
        t2, d2 = x2 * t1 - one, two * x2
        basis[2, v] = t2 * fc
        slope[2, v] = t2 * fcp + d2 * xp
        t3, d3 = x2 * t2 - t1, two * t2 + x2 * d2 - one
        basis[3, v] = t3 * fc
        slope[3, v] = t3 * fcp + d3 * xp
        t4, d4 = x2 * t3 - t2, two * t3 + x2 * d3 - d2
        basis[4, v] = t4 * fc
        slope[4, v] = t4 * fcp + d4 * xp
        t5, d5 = x2 * t4 - t3, two * t4 + x2 * d4 - d3
        basis[5, v] = t5 * fc
        slope[5, v] = t5 * fcp + d5 * xp
        t6, d6 = x2 * t5 - t4, two * t5 + x2 * d5 - d4
        basis[6, v] = t6 * fc
        slope[6, v] = t6 * fcp + d6 * xp
        t7, d7 = x2 * t6 - t5, two * t6 + x2 * d6 - d5
        basis[7, v] = t7 * fc
        slope[7, v] = t7 * fcp + d7 * xp
        t8, d8 = x2 * t7 - t6, two * t7 + x2 * d7 - d6
        basis[8, v] = t8 * fc
        slope[8, v] = t8 * fcp + d8 * xp
    for k in range(9, n_basis):
        # the same recursion on the products: T_k fc, and T_k fc' + T_k' x' fc
        for v in range(8):
            u = min(r[v] * rc_inverse, one)
            x2 = two * (two * (u - one) * (u - one) - one)
            x2p = two * four * (u - one) * rc_inverse
            basis[k, v] = x2 * basis[k - 1, v] - basis[k - 2, v]
            slope[k, v] = x2 * slope[k - 1, v] + x2p * basis[k - 1, v] - slope[k - 2, v]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def multiply(x, matrix, out):  # pragma: no cover
    """out += x . matrix; `x[a, 8]`, `matrix[a, 8, b, 8]`, `out[b, 8]`."""
    for b in range(out.shape[0]):
        for a in range(x.shape[0]):
            x0, x1, x2, x3 = x[a, 0], x[a, 1], x[a, 2], x[a, 3]
            x4, x5, x6, x7 = x[a, 4], x[a, 5], x[a, 6], x[a, 7]
            for v in range(8):
                out[b, v] += (
                    x0 * matrix[a, 0, b, v]
                    + x1 * matrix[a, 1, b, v]
                    + x2 * matrix[a, 2, b, v]
                    + x3 * matrix[a, 3, b, v]
                    + x4 * matrix[a, 4, b, v]
                    + x5 * matrix[a, 5, b, v]
                    + x6 * matrix[a, 6, b, v]
                    + x7 * matrix[a, 7, b, v]
                )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def hyperbolic_tangent(x, powers, out):  # pragma: no cover
    """tanh by 1 - 2/(exp(2x) + 1); exp(2x) = 2^k 2^f with 2^k from `powers` (k from -64 to 64), 2^f by its series."""
    real = x.dtype.type
    one, two = real(1), real(2)
    for b in range(x.shape[0]):
        for v in range(8):
            y = min(max(x[b, v], real(-22)), real(22)) * real(2 / math.log(2))
            k = np.floor(y + real(0.5))
            f = (y - k) * real(math.log(2))
            e = real(1.6059043836821613e-10)
            e = e * f + real(2.08767569878681e-09)
            e = e * f + real(2.505210838544172e-08)
            e = e * f + real(2.755731922398589e-07)
            e = e * f + real(2.7557319223985893e-06)
            e = e * f + real(2.48015873015873e-05)
            e = e * f + real(0.0001984126984126984)
            e = e * f + real(0.001388888888888889)
            e = e * f + real(0.008333333333333333)
            e = e * f + real(0.041666666666666664)
            e = e * f + real(0.16666666666666666)
            e = e * f + real(0.5)
            e = e * f + one
            e = e * f + one
            e = e * powers[np.int32(k) + np.int32(64)]
            out[b, v] = one - two / (e + one)


@njit(cache=True, nogil=True, error_model="numpy")
def pack(
    i, positions, images, starts, neighbours, image_of, cutoffs_squared, species, position, atom, block_species
):  # pragma: no cover
    """Vectors to the neighbours of `i` within the cutoff, by species, each species filled up to whole blocks of 8.

    Returns the number of blocks; `position[3, block, 8]`, `atom[slot]`, `block_species[block]` are filled.
    """
    n_atoms = positions.shape[0]
    real = position.dtype.type
    xi, yi, zi = positions[i, 0], positions[i, 1], positions[i, 2]
    slot = 0
    for t in range(starts.shape[1] - 1):
        first = slot
        limit = cutoffs_squared[species[i], t]
        for p in range(starts[i, t], starts[i, t + 1]):
            j, s = neighbours[p], image_of[p]
            dx = positions[j, 0] - xi + images[s, 0]
            dy = positions[j, 1] - yi + images[s, 1]
            dz = positions[j, 2] - zi + images[s, 2]
            # written always and counted if near enough: a branch here would be mispredicted for every third atom
            position[0, slot >> 3, slot & 7] = real(dx)
            position[1, slot >> 3, slot & 7] = real(dy)
            position[2, slot >> 3, slot & 7] = real(dz)
            atom[slot] = j
            slot += dx * dx + dy * dy + dz * dz < limit
        while slot % 8 != 0:
            position[0, slot >> 3, slot & 7] = real(0)
            position[1, slot >> 3, slot & 7] = real(0)
            position[2, slot >> 3, slot & 7] = real(FAR_A)
            atom[slot] = n_atoms
            slot += 1
        for b in range(first // 8, slot // 8):
            block_species[b] = t
    return slot // 8
