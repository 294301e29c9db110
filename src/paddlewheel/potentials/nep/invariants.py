"""The angular invariants of a NEP and their derivatives (numba).

Three-body: q_l = sum_m w_lm S_lm^2 with the sums S_lm = sum_j g(r_ij) Y_lm(r_ij) and w_lm of the addition theorem, so
that q_l = (2l + 1)/(4 pi) sum_jk g g P_l(cos theta_jik). Four-body (q_222) and five-body (q_1111): Fan et al., J. Chem.
Phys. 157, 114801 (2022), doi 10.1063/5.0106617.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def angular_descriptors(sums, weights, l_max, cubic, quartic, q):  # pragma: no cover
    """The invariants of one block of 8 functions n: `sums[c, 8]` to `q[term, 8]` (3-body, 4-body, 5-body)."""
    real = sums.dtype.type
    c = 0
    for degree in range(l_max):
        for v in range(8):
            q[degree, v] = real(0)
        for _ in range(2 * degree + 3):
            for v in range(8):
                q[degree, v] += weights[c] * sums[c, v] * sums[c, v]
            c += 1
    term = l_max
    if cubic[0] != real(0):
        for v in range(8):
            s0, s1, s2, s3, s4 = sums[3, v], sums[4, v], sums[5, v], sums[6, v], sums[7, v]
            q[term, v] = (
                cubic[0] * s0 * s0 * s0
                + cubic[1] * s0 * (s1 * s1 + s2 * s2)
                + cubic[2] * s0 * (s3 * s3 + s4 * s4)
                + cubic[3] * s3 * (s2 * s2 - s1 * s1)
                + cubic[4] * s1 * s2 * s4
            )
        term += 1
    if quartic[0] != real(0):
        for v in range(8):
            z, w = sums[0, v] * sums[0, v], sums[1, v] * sums[1, v] + sums[2, v] * sums[2, v]
            q[term, v] = quartic[0] * z * z + quartic[1] * z * w + quartic[2] * w * w


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def angular_slopes(sums, weights, l_max, cubic, quartic, dq, out):  # pragma: no cover
    """Derivative of the energy by the sums: `out[c, 8]` from that by the invariants, `dq[term, 8]`."""
    real = sums.dtype.type
    two, three = real(2), real(3)
    c = 0
    for degree in range(l_max):
        for _ in range(2 * degree + 3):
            for v in range(8):
                out[c, v] = two * weights[c] * sums[c, v] * dq[degree, v]
            c += 1
    term = l_max
    if cubic[0] != real(0):
        for v in range(8):
            s0, s1, s2, s3, s4 = sums[3, v], sums[4, v], sums[5, v], sums[6, v], sums[7, v]
            d = dq[term, v]
            out[3, v] += d * (
                three * cubic[0] * s0 * s0 + cubic[1] * (s1 * s1 + s2 * s2) + cubic[2] * (s3 * s3 + s4 * s4)
            )
            out[4, v] += d * (two * (cubic[1] * s0 - cubic[3] * s3) * s1 + cubic[4] * s2 * s4)
            out[5, v] += d * (two * (cubic[1] * s0 + cubic[3] * s3) * s2 + cubic[4] * s1 * s4)
            out[6, v] += d * (two * cubic[2] * s0 * s3 + cubic[3] * (s2 * s2 - s1 * s1))
            out[7, v] += d * (two * cubic[2] * s0 * s4 + cubic[4] * s1 * s2)
        term += 1
    if quartic[0] != real(0):
        for v in range(8):
            z, w = sums[0, v] * sums[0, v], sums[1, v] * sums[1, v] + sums[2, v] * sums[2, v]
            d = two * dq[term, v]
            out[0, v] += d * sums[0, v] * (two * quartic[0] * z + quartic[1] * w)
            out[1, v] += d * sums[1, v] * (quartic[1] * z + two * quartic[2] * w)
            out[2, v] += d * sums[2, v] * (quartic[1] * z + two * quartic[2] * w)
