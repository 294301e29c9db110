"""The angular functions of a NEP on unit vectors, and gradients of sums of them, for blocks of 8 neighbours (numba).

Component (l, m) is Z_lm(z) times the real or imaginary part of (x + iy)^m, in the order l; m = 0, Re 1, Im 1, Re 2, ...
with the whole-number polynomials Z_lm of GPUMD up to l = 4 (the 4-body and 5-body terms depend on their scale) and the
m-th derivative of the Legendre polynomial above. The gradient is that of the polynomials in x, y, z; the caller
projects it onto the tangent plane.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def harmonics(ux, uy, uz, out):  # pragma: no cover
    """Components of l = 1 to 4: `out[24, 8]`."""
    real = out.dtype.type
    one, two, three, five, seven = real(1), real(2), real(3), real(5), real(7)
    for v in range(8):
        x, y, z = ux[v], uy[v], uz[v]
        zz = z * z
        x2, y2 = x * x - y * y, two * x * y
        x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
        out[0, v], out[1, v], out[2, v] = z, x, y
        out[3, v] = three * zz - one
        out[4, v], out[5, v] = x * z, y * z
        out[6, v], out[7, v] = x2, y2
        p = five * zz - one
        out[8, v] = (p - two) * z
        out[9, v], out[10, v] = x * p, y * p
        out[11, v], out[12, v] = x2 * z, y2 * z
        out[13, v], out[14, v] = x3, y3
        p = (seven * zz - three) * z
        out[15, v] = five * z * p - real(15) * zz + three
        out[16, v], out[17, v] = x * p, y * p
        p = seven * zz - one
        out[18, v], out[19, v] = x2 * p, y2 * p
        out[20, v], out[21, v] = x3 * z, y3 * z
        out[22, v], out[23, v] = x3 * x - y3 * y, x3 * y + y3 * x


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def gradient(ux, uy, uz, h, gx, gy, gz):  # pragma: no cover
    """Gradient of sum_c h[c] Y_c over l = 1 to 4, by x, y and z."""
    real = h.dtype.type
    one, two, three, four = real(1), real(2), real(3), real(4)
    five, six, seven = real(5), real(6), real(7)
    for v in range(8):
        x, y, z = ux[v], uy[v], uz[v]
        zz = z * z
        x2, y2 = x * x - y * y, two * x * y
        x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
        p3, p4, p5 = five * zz - one, (seven * zz - three) * z, seven * zz - one
        s4 = real(21) * zz - three
        a1 = h[1, v] + h[4, v] * z + h[9, v] * p3 + h[16, v] * p4
        b1 = h[2, v] + h[5, v] * z + h[10, v] * p3 + h[17, v] * p4
        a2 = h[6, v] + h[11, v] * z + h[18, v] * p5
        b2 = h[7, v] + h[12, v] * z + h[19, v] * p5
        a3, b3 = h[13, v] + h[20, v] * z, h[14, v] + h[21, v] * z
        a4, b4 = h[22, v], h[23, v]
        gx[v] = a1 + two * (a2 * x + b2 * y) + three * (a3 * x2 + b3 * y2) + four * (a4 * x3 + b4 * y3)
        gy[v] = b1 + two * (b2 * x - a2 * y) + three * (b3 * x2 - a3 * y2) + four * (b4 * x3 - a4 * y3)
        first = h[4, v] * x + h[5, v] * y + real(10) * z * (h[9, v] * x + h[10, v] * y)
        first += s4 * (h[16, v] * x + h[17, v] * y)
        second = h[11, v] * x2 + h[12, v] * y2 + real(14) * z * (h[18, v] * x2 + h[19, v] * y2)
        third = h[20, v] * x3 + h[21, v] * y3
        axial = h[0, v] + six * z * h[3, v] + three * p3 * h[8, v] + real(20) * p4 * h[15, v]
        gz[v] = axial + first + second + third


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def higher_harmonics(ux, uy, uz, polynomials, l_max, out):  # pragma: no cover
    """Components of l = 5 to `l_max`, after the first 24; `polynomials[l - 5, m, power]` of z."""
    real = out.dtype.type
    for v in range(8):
        c = 24
        for degree in range(5, l_max + 1):
            re, im = real(1), real(0)
            for m in range(degree + 1):
                p = real(0)
                for power in range(degree - m, -1, -1):
                    p = p * uz[v] + polynomials[degree - 5, m, power]
                out[c, v] = p * re
                if m > 0:
                    out[c + 1, v] = p * im
                c += 1 if m == 0 else 2
                re, im = re * ux[v] - im * uy[v], re * uy[v] + im * ux[v]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def higher_gradient(ux, uy, uz, polynomials, l_max, h, gx, gy, gz):  # pragma: no cover
    """Adds the gradient of sum_c h[c] Y_c over l = 5 to `l_max`."""
    real = h.dtype.type
    for v in range(8):
        c = 24
        for degree in range(5, l_max + 1):
            # (x + iy)^m and (x + iy)^(m - 1)
            re, im, before_re, before_im = real(1), real(0), real(0), real(0)
            for m in range(degree + 1):
                p, slope = real(0), real(0)
                for power in range(degree - m, -1, -1):
                    slope = slope * uz[v] + p
                    p = p * uz[v] + polynomials[degree - 5, m, power]
                a, b = h[c, v], real(0)
                if m > 0:
                    b = h[c + 1, v]
                times = real(m) * p
                gx[v] += times * (a * before_re + b * before_im)
                gy[v] += times * (b * before_re - a * before_im)
                gz[v] += slope * (a * re + b * im)
                c += 1 if m == 0 else 2
                before_re, before_im = re, im
                re, im = re * ux[v] - im * uy[v], re * uy[v] + im * ux[v]
