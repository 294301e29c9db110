"""Which wavelength a pattern was measured with, by the phases in it: for fits that describe nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.lab.xrd.instrument import KA_LINES_A
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import Phase, d_spacing_A

_SHORTEST_A, _LONGEST_A = 0.2, 2.6
_STEP, _FINE_STEP = 2e-3, 2e-4
_LEAST_D_A = 1.2
_NEAR_TUBE = 4e-3
_LEAST_GAIN, _LEAST = 0.2, 0.5
"""By how much the correlation has to be better than with the wavelength given, and how good it has to be."""


def likelier_wavelength(pattern: Pattern, phases: Sequence[Phase]) -> float | None:
    """The wavelength in A at which the phases' lines lie on the pattern's, where that is far better than at the given.

    The root of the pattern less its lower envelope is correlated with broad lines of all phases, d of at least 1.2 A;
    a wavelength within 0.4 % of a tube's Ka1 is that one. None where no other is clearly better.
    """
    from paddlewheel.lab.xrd.structure_factors import reflections

    assert pattern.radiation is not None
    d_A, strengths = [], []
    for phase in phases:
        found = reflections(phase, pattern.radiation, _LEAST_D_A)
        at = d_spacing_A(found.hkl, phase.cell)
        size = found.multiplicity * found.structure_factor_squared * at**2
        d_A.append(at)
        strengths.append(np.sqrt(size / size.max()))
    lines, sizes = np.concatenate(d_A), np.concatenate(strengths)
    x, y = pattern.two_theta_deg, np.sqrt(np.maximum(pattern.intensity, 0.0))
    even = np.arange(x[0], x[-1], 0.05)
    above = np.interp(even, x, y)
    above = above - _envelope(above, int(3 / 0.05))

    def likeness(wavelength_A: float) -> float:
        sine = wavelength_A / (2 * lines)
        angle = 2 * np.degrees(np.arcsin(np.minimum(sine, 0.99)))
        last = 2 * np.degrees(np.arcsin(min(wavelength_A / (2 * _LEAST_D_A), 0.99)))
        seen = (sine < 0.99) & (angle > even[0]) & (angle < even[-1])
        here = even < last
        if seen.sum() < 3 or here.sum() < 60:
            return 0.0
        drawn = np.zeros(even.size)
        places = np.clip(np.round((angle[seen] - even[0]) / 0.05).astype(int), 0, even.size - 1)
        np.maximum.at(drawn, places, sizes[seen])
        drawn = np.convolve(drawn, np.array([0.5, 0.8, 1.0, 0.8, 0.5]), mode="same")[here]
        measured = above[here] - above[here].mean()
        drawn = drawn - drawn.mean()
        size = np.linalg.norm(measured) * np.linalg.norm(drawn)
        return float(measured @ drawn / size) if size > 0 else 0.0

    coarse = np.exp(np.arange(np.log(_SHORTEST_A), np.log(_LONGEST_A), _STEP))
    best = max(coarse, key=likeness)
    best = max(best * np.exp(np.arange(-2 * _STEP, 2 * _STEP, _FINE_STEP)), key=likeness)
    tubes = [first for first, _ in KA_LINES_A.values() if abs(best / first - 1) < _NEAR_TUBE]
    given = likeness(pattern.radiation.wavelength_A)
    if likeness(best) < max(given + _LEAST_GAIN, _LEAST):
        return None
    return float(tubes[0] if tubes else best)


def _envelope(y: np.ndarray, half: int) -> np.ndarray:
    """What lies under the lines: the running low decile over some degrees."""
    from scipy.ndimage import percentile_filter

    return percentile_filter(y, 10, size=2 * half + 1)
