"""The angular functions of NEP: real solid harmonics of the bond direction, and their gradients."""

from __future__ import annotations

import numpy as np

# polynomials in z that multiply (x + iy)^m, by increasing power, for l = 1 to 4 and m = 0 to l (GPUMD, nep_utilities)
_Z_POLYNOMIALS = (
    ((0, 1), (1,)),
    ((-1, 0, 3), (0, 1), (1,)),
    ((0, -3, 0, 5), (-1, 0, 5), (0, 1), (1,)),
    ((3, 0, -30, 0, 35), (0, -3, 0, 7), (-1, 0, 7), (0, 1), (1,)),
)


def angular_functions(direction: np.ndarray, *, l_max: int) -> tuple[np.ndarray, np.ndarray]:
    """The functions Y_c of unit vectors [n, 3] and their gradients on the unit sphere.

    c runs over l = 1 to `l_max`; for each l over m = 0 and the real and imaginary parts of m = 1 to l, as in GPUMD.

    Returns
    -------
    values [n, l_max (l_max + 2)] and gradients [n, 3, l_max (l_max + 2)], tangential: divided by the length of the
    bond they are the derivatives with respect to its vector.
    """
    x, y, z = direction.T
    powers = [np.ones_like(x) + 0j]
    while len(powers) <= l_max:
        powers.append(powers[-1] * (x + 1j * y))
    values, gradients = [], []
    for polynomials in _Z_POLYNOMIALS[:l_max]:
        for m, coefficients in enumerate(polynomials):
            along = np.polynomial.polynomial.polyval(z, coefficients)
            along_slope = np.polynomial.polynomial.polyval(z, np.polynomial.polynomial.polyder(coefficients))
            around = powers[m]
            around_slope = m * powers[m - 1] if m else np.zeros_like(powers[0])
            for part in (np.real, np.imag)[: 1 if m == 0 else 2]:
                values.append(along * part(around))
                gradients.append(
                    np.stack([along * part(around_slope), along * part(1j * around_slope), along_slope * part(around)])
                )
    value = np.stack(values, axis=1)
    gradient = np.moveaxis(np.stack(gradients), 2, 0)  # [n, n_lm, 3]
    outward = np.einsum("ncx,nx->nc", gradient, direction)
    tangential = gradient - outward[:, :, None] * direction[:, None, :]
    return value, np.ascontiguousarray(np.moveaxis(tangential, 1, 2))
