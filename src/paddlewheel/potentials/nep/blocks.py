"""Parts of the NEP kernel that know nothing of angles: packing neighbours, radial functions, products, tanh (numba).

Neighbours come in blocks of 8 of one species, descriptors and neurons in blocks of 8; what fills up a block of
neighbours is far away, where all functions vanish.

Radial functions: g_n(r) = fc(r) sum_k c'_nk T_k(x), x = 2 (r/rc - 1)^2 - 1, fc = (1 + cos(pi r/rc))/2, which is the
format's sum_k c_nk (T_k(x) + 1)/2 fc(r) with c' folded in `tables`.
"""

from __future__ import annotations

import math

from paddlewheel.potentials.nep.compilation import kernel
from paddlewheel.potentials.nep.simd import floor, load, power_of_two, repeat, store, where_below

FAR_A = 1.0e3
"""Distance of what fills up a block."""


@kernel
def pack(
    i, positions, images, starts, neighbours, image_of, cutoffs_squared, species, position, atom, block_species
):  # pragma: no cover
    """Vectors to the neighbours of `i` within the cutoff, by species in whole blocks of 8.

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
        while slot & 7 != 0:
            position[0, slot >> 3, slot & 7] = real(0)
            position[1, slot >> 3, slot & 7] = real(0)
            position[2, slot >> 3, slot & 7] = real(FAR_A)
            atom[slot] = n_atoms
            slot += 1
        for b in range(first >> 3, slot >> 3):
            block_species[b] = t
    return slot >> 3


@kernel
def select_nearer(n_blocks, block_species, distance, limits, near, near_species):  # pragma: no cover
    """Slots within the angular cutoff, by species in whole blocks of 8; the filling is the last slot of all."""
    count, first = 0, 0
    for b in range(n_blocks):
        t = block_species[b]
        limit = distance.dtype.type(limits[t])
        for v in range(8):
            near[count] = 8 * b + v
            count += distance[b, v] < limit
        if b == n_blocks - 1 or block_species[b + 1] != t:
            while count & 7 != 0:
                near[count] = 8 * len(distance) - 1
                count += 1
            for a in range(first >> 3, count >> 3):
                near_species[a] = t
            first = count
    return count >> 3


@kernel
def radial_basis(r, rc_inverse, count, basis, slope, first):  # pragma: no cover
    """T_k(x) fc of 8 distances into the blocks 0 to count - 1 of `basis`, their derivatives into `slope` from `first`.

    At least 9 blocks are written.
    """
    one = 0.0 * r + 1.0
    u = r * rc_inverse
    u = where_below(u, one, u, one)
    # fc = (1 + sin w)/2, with w = pi/2 - pi u in [-pi/2, pi/2]; Taylor series to 1e-16
    w = math.pi / 2 - math.pi * u
    p = w * w
    s = p * -8.22063524662433e-18 + 2.8114572543455206e-15
    s = s * p + -7.647163731819816e-13
    s = s * p + 1.6059043836821613e-10
    s = s * p + -2.505210838544172e-08
    s = s * p + 2.7557319223985893e-06
    s = s * p + -0.0001984126984126984
    s = s * p + 0.008333333333333333
    s = s * p + -0.16666666666666666
    s = (s * p + 1.0) * w
    c = p * 4.110317623312165e-19 + -1.5619206968586225e-16
    c = c * p + 4.779477332387385e-14
    c = c * p + -1.1470745597729725e-11
    c = c * p + 2.08767569878681e-09
    c = c * p + -2.755731922398589e-07
    c = c * p + 2.48015873015873e-05
    c = c * p + -0.001388888888888889
    c = c * p + 0.041666666666666664
    c = c * p + -0.5
    c = c * p + 1.0
    zero = 0.0 * one
    fc = where_below(u, one, 0.5 + 0.5 * s, zero)
    fcp = where_below(u, one, c * (-math.pi / 2 * rc_inverse), zero)
    x = 2.0 * (u - 1.0) * (u - 1.0) - 1.0
    xp = (u - 1.0) * (4.0 * rc_inverse)
    x2, x2p = 2.0 * x, 2.0 * xp
    # the recursion of T_k on the products: T_k fc, and its derivative
    before, before_slope = fc, fcp
    store(basis, 0, fc)
    store(slope, first, fcp)
    now, now_slope = x * fc, x * fcp + xp * fc
    store(basis, 1, now)
    store(slope, first + 1, now_slope)
    for k in range(2, count):
        after = x2 * now - before
        after_slope = x2 * now_slope + (x2p * now - before_slope)
        store(basis, k, after)
        store(slope, first + k, after_slope)
        before, before_slope, now, now_slope = now, now_slope, after, after_slope


@kernel
def multiply(x, matrix, first, out):  # pragma: no cover
    """out += x . matrix; `x[a, 8]`, `out[b, 8]`, and the matrix `[a, 8, b, 8]` from the block `first` of its array."""
    n_out = out.shape[0]
    for b in range(n_out):
        even, odd = load(out, b), 0.0 * load(out, b)
        for a in range(x.shape[0]):
            row = first + 8 * a * n_out + b
            even += repeat(x, 8 * a) * load(matrix, row)
            odd += repeat(x, 8 * a + 1) * load(matrix, row + n_out)
            even += repeat(x, 8 * a + 2) * load(matrix, row + 2 * n_out)
            odd += repeat(x, 8 * a + 3) * load(matrix, row + 3 * n_out)
            even += repeat(x, 8 * a + 4) * load(matrix, row + 4 * n_out)
            odd += repeat(x, 8 * a + 5) * load(matrix, row + 5 * n_out)
            even += repeat(x, 8 * a + 6) * load(matrix, row + 6 * n_out)
            odd += repeat(x, 8 * a + 7) * load(matrix, row + 7 * n_out)
        store(out, b, even + odd)


@kernel
def hyperbolic_tangent(x):  # pragma: no cover
    """tanh of 8 numbers by 1 - 2/(exp(2x) + 1), with exp(2x) = 2^k exp(f)."""
    high = 0.0 * x + 22.0
    y = where_below(x, high, x, high)
    y = where_below(y, -1.0 * high, -1.0 * high, y) * (2.0 / math.log(2.0))
    k = floor(y + 0.5)
    f = (y - k) * math.log(2.0)
    e = f * 1.6059043836821613e-10 + 2.08767569878681e-09
    e = e * f + 2.505210838544172e-08
    e = e * f + 2.755731922398589e-07
    e = e * f + 2.7557319223985893e-06
    e = e * f + 2.48015873015873e-05
    e = e * f + 0.0001984126984126984
    e = e * f + 0.001388888888888889
    e = e * f + 0.008333333333333333
    e = e * f + 0.041666666666666664
    e = e * f + 0.16666666666666666
    e = e * f + 0.5
    e = e * f + 1.0
    e = e * f + 1.0
    return 1.0 - 2.0 / (e * power_of_two(k) + 1.0)
