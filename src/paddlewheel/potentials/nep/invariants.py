"""The angular invariants of a NEP, the sums they are made of, and their derivatives (numba).

Three-body: q_l = sum_m w_lm S_lm^2 with the sums S_lm = sum_j g(r_ij) Y_lm(r_ij) and w_lm of the addition theorem, so
that q_l = (2l + 1)/(4 pi) sum_jk g g P_l(cos theta_jik). Four-body (q_222) and five-body (q_1111): Fan et al., J. Chem.
Phys. 157, 114801 (2022), doi 10.1063/5.0106617.

A vector is 8 functions n of one atom in the invariants, and 8 neighbours elsewhere.
"""

from __future__ import annotations

from paddlewheel.potentials.nep.compilation import kernel
from paddlewheel.potentials.nep.simd import load, repeat, store, transpose


@kernel
def radial_functions(c, row, n_blocks, n_basis, basis, slope, g, gp, first):  # pragma: no cover
    """g_n and g_n' of 8 neighbours, into the blocks of `g` and `gp` from `first`.

    `c[row, block, 8, k]` by the blocks k of `basis` and `slope`.
    """
    for n in range(0, 8 * n_blocks, 4):
        place = (row * 8 * n_blocks + n) * n_basis
        value, derivative = load(basis, 0), load(slope, 0)
        c0, c1 = repeat(c, place), repeat(c, place + n_basis)
        c2, c3 = repeat(c, place + 2 * n_basis), repeat(c, place + 3 * n_basis)
        g0, g1, g2, g3 = c0 * value, c1 * value, c2 * value, c3 * value
        d0, d1, d2, d3 = c0 * derivative, c1 * derivative, c2 * derivative, c3 * derivative
        for k in range(1, n_basis):
            value, derivative = load(basis, k), load(slope, k)
            c0, c1 = repeat(c, place + k), repeat(c, place + n_basis + k)
            c2, c3 = repeat(c, place + 2 * n_basis + k), repeat(c, place + 3 * n_basis + k)
            g0, g1, g2, g3 = g0 + c0 * value, g1 + c1 * value, g2 + c2 * value, g3 + c3 * value
            d0, d1, d2, d3 = d0 + c0 * derivative, d1 + c1 * derivative, d2 + c2 * derivative, d3 + c3 * derivative
        store(g, first + n, g0)
        store(g, first + n + 1, g1)
        store(g, first + n + 2, g2)
        store(g, first + n + 3, g3)
        store(gp, first + n, d0)
        store(gp, first + n + 1, d1)
        store(gp, first + n + 2, d2)
        store(gp, first + n + 3, d3)


@kernel
def add_sums(y, first_y, g, first_g, turned, sums, first, count):  # pragma: no cover
    """S_c += sum over 8 neighbours of Y_c g, for `count` components c; `turned` is room for g with n in the vector."""
    transpose(g, first_g, turned, 0)
    t0, t1, t2, t3 = load(turned, 0), load(turned, 1), load(turned, 2), load(turned, 3)
    t4, t5, t6, t7 = load(turned, 4), load(turned, 5), load(turned, 6), load(turned, 7)
    for c in range(count):
        p = 8 * (first_y + c)
        even = load(sums, first + c) + repeat(y, p) * t0 + repeat(y, p + 2) * t2
        even = even + repeat(y, p + 4) * t4 + repeat(y, p + 6) * t6
        odd = repeat(y, p + 1) * t1 + repeat(y, p + 3) * t3 + repeat(y, p + 5) * t5 + repeat(y, p + 7) * t7
        store(sums, first + c, even + odd)


@kernel
def spread(slopes, first, g, gp, first_g, y, first_y, toward, along, count):  # pragma: no cover
    """toward[c] += sum_n dU/dS_cn g_n; returns `along` + sum_cn dU/dS_cn Y_c g_n', for 8 neighbours."""
    g0, g1, g2, g3 = load(g, first_g), load(g, first_g + 1), load(g, first_g + 2), load(g, first_g + 3)
    g4, g5, g6, g7 = load(g, first_g + 4), load(g, first_g + 5), load(g, first_g + 6), load(g, first_g + 7)
    d0, d1, d2, d3 = load(gp, first_g), load(gp, first_g + 1), load(gp, first_g + 2), load(gp, first_g + 3)
    d4, d5, d6, d7 = load(gp, first_g + 4), load(gp, first_g + 5), load(gp, first_g + 6), load(gp, first_g + 7)
    for c in range(count):
        p = 8 * (first + c)
        w0, w1, w2, w3 = repeat(slopes, p), repeat(slopes, p + 1), repeat(slopes, p + 2), repeat(slopes, p + 3)
        w4, w5, w6, w7 = repeat(slopes, p + 4), repeat(slopes, p + 5), repeat(slopes, p + 6), repeat(slopes, p + 7)
        even = load(toward, c) + w0 * g0 + w2 * g2 + w4 * g4 + w6 * g6
        odd = w1 * g1 + w3 * g3 + w5 * g5 + w7 * g7
        store(toward, c, even + odd)
        even = w0 * d0 + w2 * d2 + w4 * d4 + w6 * d6
        odd = w1 * d1 + w3 * d3 + w5 * d5 + w7 * d7
        along += load(y, first_y + c) * (even + odd)
    return along


@kernel
def angular_descriptors(sums, first, weights, l_max, cubic, quartic, q, first_q, step):  # pragma: no cover
    """The invariants of 8 functions n, from the sums of block `first` on, into every `step`-th block of `q`."""
    c = 0
    place = first_q
    for degree in range(l_max):
        value = 0.0 * load(sums, first)
        for _ in range(2 * degree + 3):
            s = load(sums, first + c)
            value += repeat(weights, c) * s * s
            c += 1
        store(q, place, value)
        place += step
    if cubic[0] != 0:
        s0, s1, s2 = load(sums, first + 3), load(sums, first + 4), load(sums, first + 5)
        s3, s4 = load(sums, first + 6), load(sums, first + 7)
        value = s0 * (cubic[0] * s0 * s0 + cubic[1] * (s1 * s1 + s2 * s2) + cubic[2] * (s3 * s3 + s4 * s4))
        value += cubic[3] * s3 * (s2 * s2 - s1 * s1) + cubic[4] * s1 * s2 * s4
        store(q, place, value)
        place += step
    if quartic[0] != 0:
        s0, s1, s2 = load(sums, first), load(sums, first + 1), load(sums, first + 2)
        z, w = s0 * s0, s1 * s1 + s2 * s2
        store(q, place, z * (quartic[0] * z + quartic[1] * w) + quartic[2] * w * w)


@kernel
def angular_slopes(sums, first, weights, l_max, cubic, quartic, dq, first_q, step, out):  # pragma: no cover
    """dU/dS_cn of 8 functions n into the blocks of `out` from `first`, from dU/dq in every `step`-th block of `dq`."""
    c = first
    place = first_q
    for degree in range(l_max):
        d = 2.0 * load(dq, place)
        for _ in range(2 * degree + 3):
            store(out, c, repeat(weights, c - first) * load(sums, c) * d)
            c += 1
        place += step
    if cubic[0] != 0:
        s0, s1, s2 = load(sums, first + 3), load(sums, first + 4), load(sums, first + 5)
        s3, s4 = load(sums, first + 6), load(sums, first + 7)
        d = load(dq, place)
        place += step
        p0 = (3.0 * cubic[0]) * s0 * s0 + cubic[1] * (s1 * s1 + s2 * s2) + cubic[2] * (s3 * s3 + s4 * s4)
        p1 = 2.0 * (cubic[1] * s0 - cubic[3] * s3) * s1 + cubic[4] * s2 * s4
        p2 = 2.0 * (cubic[1] * s0 + cubic[3] * s3) * s2 + cubic[4] * s1 * s4
        p3 = (2.0 * cubic[2]) * s0 * s3 + cubic[3] * (s2 * s2 - s1 * s1)
        p4 = (2.0 * cubic[2]) * s0 * s4 + cubic[4] * s1 * s2
        store(out, first + 3, load(out, first + 3) + d * p0)
        store(out, first + 4, load(out, first + 4) + d * p1)
        store(out, first + 5, load(out, first + 5) + d * p2)
        store(out, first + 6, load(out, first + 6) + d * p3)
        store(out, first + 7, load(out, first + 7) + d * p4)
    if quartic[0] != 0:
        s0, s1, s2 = load(sums, first), load(sums, first + 1), load(sums, first + 2)
        z, w, d = s0 * s0, s1 * s1 + s2 * s2, 2.0 * load(dq, place)
        across = d * (quartic[1] * z + (2.0 * quartic[2]) * w)
        store(out, first, load(out, first) + d * ((2.0 * quartic[0]) * z + quartic[1] * w) * s0)
        store(out, first + 1, load(out, first + 1) + across * s1)
        store(out, first + 2, load(out, first + 2) + across * s2)
