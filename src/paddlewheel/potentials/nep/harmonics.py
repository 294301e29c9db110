"""The angular functions of a NEP on unit vectors, and gradients of sums of them, for blocks of 8 neighbours (numba).

Component (l, m) is Z_lm(z) times the real or imaginary part of (x + iy)^m, in the order l; m = 0, Re 1, Im 1, Re 2, ...
with the whole-number polynomials Z_lm of GPUMD up to l = 4 (the 4-body and 5-body terms depend on their scale) and the
m-th derivative of the Legendre polynomial above. The gradient is that of the polynomials in x, y, z; the caller
projects it onto the tangent plane.
"""

from __future__ import annotations

from paddlewheel.potentials.nep.compilation import kernel
from paddlewheel.potentials.nep.simd import load, store


@kernel
def harmonics(x, y, z, out, first):  # pragma: no cover
    """Components of l = 1 to 4 into the 24 blocks of `out` from `first`."""
    zz = z * z
    x2, y2 = x * x - y * y, 2.0 * x * y
    x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
    store(out, first, z)
    store(out, first + 1, x)
    store(out, first + 2, y)
    store(out, first + 3, 3.0 * zz - 1.0)
    store(out, first + 4, x * z)
    store(out, first + 5, y * z)
    store(out, first + 6, x2)
    store(out, first + 7, y2)
    p = 5.0 * zz - 1.0
    store(out, first + 8, (p - 2.0) * z)
    store(out, first + 9, x * p)
    store(out, first + 10, y * p)
    store(out, first + 11, x2 * z)
    store(out, first + 12, y2 * z)
    store(out, first + 13, x3)
    store(out, first + 14, y3)
    store(out, first + 15, (35.0 * zz - 30.0) * zz + 3.0)
    p = (7.0 * zz - 3.0) * z
    store(out, first + 16, x * p)
    store(out, first + 17, y * p)
    p = 7.0 * zz - 1.0
    store(out, first + 18, x2 * p)
    store(out, first + 19, y2 * p)
    store(out, first + 20, x3 * z)
    store(out, first + 21, y3 * z)
    store(out, first + 22, x3 * x - y3 * y)
    store(out, first + 23, x3 * y + y3 * x)


@kernel
def gradient(x, y, z, h):  # pragma: no cover
    """Gradient of sum_c h[c] Y_c over l = 1 to 4, by x, y and z."""
    zz = z * z
    x2, y2 = x * x - y * y, 2.0 * x * y
    x3, y3 = x2 * x - y2 * y, x2 * y + y2 * x
    p3, p4, p5 = 5.0 * zz - 1.0, (7.0 * zz - 3.0) * z, 7.0 * zz - 1.0
    h9, h10, h16, h17, h18, h19 = load(h, 9), load(h, 10), load(h, 16), load(h, 17), load(h, 18), load(h, 19)
    h4, h5, h11, h12, h20, h21 = load(h, 4), load(h, 5), load(h, 11), load(h, 12), load(h, 20), load(h, 21)
    a1 = load(h, 1) + h4 * z + h9 * p3 + h16 * p4
    b1 = load(h, 2) + h5 * z + h10 * p3 + h17 * p4
    a2, b2 = load(h, 6) + h11 * z + h18 * p5, load(h, 7) + h12 * z + h19 * p5
    a3, b3 = load(h, 13) + h20 * z, load(h, 14) + h21 * z
    a4, b4 = load(h, 22), load(h, 23)
    gx = a1 + 2.0 * (a2 * x + b2 * y) + 3.0 * (a3 * x2 + b3 * y2) + 4.0 * (a4 * x3 + b4 * y3)
    gy = b1 + 2.0 * (b2 * x - a2 * y) + 3.0 * (b3 * x2 - a3 * y2) + 4.0 * (b4 * x3 - a4 * y3)
    gz = load(h, 0) + 6.0 * z * load(h, 3) + 3.0 * p3 * load(h, 8) + 20.0 * p4 * load(h, 15)
    gz += h4 * x + h5 * y + 10.0 * z * (h9 * x + h10 * y) + (21.0 * zz - 3.0) * (h16 * x + h17 * y)
    gz += h11 * x2 + h12 * y2 + 14.0 * z * (h18 * x2 + h19 * y2) + h20 * x3 + h21 * y3
    return gx, gy, gz


@kernel
def higher_harmonics(x, y, z, polynomials, l_max, out, first):  # pragma: no cover
    """Components of l = 5 to `l_max` from the block `first`; `polynomials[l - 5, m, power]` of z."""
    c = first
    for degree in range(5, l_max + 1):
        re, im = 0.0 * x + 1.0, 0.0 * x
        for m in range(degree + 1):
            p = 0.0 * z
            for power in range(degree - m, -1, -1):
                p = p * z + polynomials[degree - 5, m, power]
            store(out, c, p * re)
            c += 1
            if m > 0:
                store(out, c, p * im)
                c += 1
            re, im = re * x - im * y, re * y + im * x


@kernel
def higher_gradient(x, y, z, polynomials, l_max, h):  # pragma: no cover
    """The gradient of sum_c h[c] Y_c over l = 5 to `l_max` (h counts from l = 1)."""
    gx, gy, gz = 0.0 * x, 0.0 * x, 0.0 * x
    c = 24
    for degree in range(5, l_max + 1):
        # (x + iy)^m and (x + iy)^(m - 1)
        re, im, before_re, before_im = 0.0 * x + 1.0, 0.0 * x, 0.0 * x, 0.0 * x
        for m in range(degree + 1):
            p, slope = 0.0 * z, 0.0 * z
            for power in range(degree - m, -1, -1):
                slope = slope * z + p
                p = p * z + polynomials[degree - 5, m, power]
            a, b = load(h, c), 0.0 * x
            c += 1
            if m > 0:
                b = load(h, c)
                c += 1
            p = p * m
            gx += p * (a * before_re + b * before_im)
            gy += p * (b * before_re - a * before_im)
            gz += slope * (a * re + b * im)
            before_re, before_im = re, im
            re, im = re * x - im * y, re * y + im * x
    return gx, gy, gz
