"""What lies under the reflections: Chebyshev polynomials, the scatter of air, and broad humps; all linear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def background_basis(
    two_theta_deg: np.ndarray, order: int, *, humps: Sequence[tuple[float, float]] = (), air: bool = False
) -> np.ndarray:
    """Functions whose sum is the background; [n_functions, n_points].

    Parameters
    ----------
    two_theta_deg
        Rising angles; [n_points].
    order
        Chebyshev polynomials of degrees 0 to `order`.
    humps
        Centre and full width at half maximum of each broad hump (glass, capillary), in degrees.
    air
        Whether 1 / 2theta is among them: scatter of air, which rises towards the primary beam.
    """
    low, high = two_theta_deg[0], two_theta_deg[-1]
    at = (2 * two_theta_deg - low - high) / (high - low)
    parts = [np.polynomial.chebyshev.chebvander(at, order).T]
    if air:
        parts.append((max(abs(low), 1.0) / np.maximum(two_theta_deg, 0.1))[None, :])
    parts += [np.exp(-4 * np.log(2) * ((two_theta_deg - centre) / width) ** 2)[None, :] for centre, width in humps]
    return np.concatenate(parts)
