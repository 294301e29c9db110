"""Which wavelength a pattern was measured with, by the phases in it: where nobody says it, and for fits that describe
nothing.

The root of the pattern less its lower envelope is correlated with broad lines of all phases, d of at least 1.2 A.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from paddlewheel.lab.xrd.instrument import KA_LINES_A, tube
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase, d_spacing_A

_SHORTEST_A, _LONGEST_A = 0.2, 2.6
_STEP, _FINE_STEP = 2e-3, 2e-4
_LEAST_D_A = 1.2
_NEAR_TUBE = 4e-3
_LEAST_GAIN, _LEAST, _LEAST_USUAL = 0.2, 0.5, 0.4
"""By how much the correlation has to be better than with other wavelengths, and how good it has to be: anywhere, and of
the usual tubes (0.49 in CPD-1a, nearly all fluorite; 0.3 by chance with phases that are not in the pattern)."""
_LARGEST_THETA_DEG = 90.0
_USUAL_TUBES = ("Cu", "Mo", "Co", "Fe", "Cr", "Ag")


def usual_radiation(pattern: Pattern, phases: Sequence[Phase]) -> Radiation | None:
    """Both Ka of the usual tube (Cu, Mo, Co, Fe, Cr, Ag) at which the phases' lines lie on the pattern's.

    None where no tube is clearly better than all others, or where a wavelength of none of them is the best.
    """
    likeness = _likeness(pattern, phases, tube("Cu"))
    of_tubes = {
        element: max(likeness(factor * KA_LINES_A[element][0]) for factor in _near(_NEAR_TUBE))
        for element in _USUAL_TUBES
    }
    first, second = sorted(of_tubes, key=lambda element: -of_tubes[element])[:2]
    if of_tubes[first] < max(of_tubes[second] + _LEAST_GAIN, _LEAST_USUAL):
        return None
    best = _best(likeness)
    if abs(best / KA_LINES_A[first][0] - 1) > _NEAR_TUBE and likeness(best) > of_tubes[first]:
        return None
    return tube(first)


def likelier_wavelength(pattern: Pattern, phases: Sequence[Phase]) -> float | None:
    """The wavelength in A at which the phases' lines lie on the pattern's, where that is far better than at the given.

    A wavelength within 0.4 % of a tube's Ka1 is that one. None where no other is clearly better.
    """
    assert pattern.radiation is not None
    likeness = _likeness(pattern, phases, pattern.radiation)
    best = _best(likeness)
    tubes = [first for first, _ in KA_LINES_A.values() if abs(best / first - 1) < _NEAR_TUBE]
    if likeness(best) < max(likeness(pattern.radiation.wavelength_A) + _LEAST_GAIN, _LEAST):
        return None
    return float(tubes[0] if tubes else best)


def is_of_theta(pattern: Pattern, phases: Sequence[Phase]) -> bool:
    """Whether the angles are theta: the lines lie on twice the angles, far better than on the angles themselves, and
    better than at any other wavelength."""
    assert pattern.radiation is not None
    if pattern.two_theta_deg[-1] >= _LARGEST_THETA_DEG:
        return False
    doubled = replace(pattern, two_theta_deg=2 * pattern.two_theta_deg)
    there = _likeness(doubled, phases, pattern.radiation)(pattern.radiation.wavelength_A)
    likeness = _likeness(pattern, phases, pattern.radiation)
    here = likeness(pattern.radiation.wavelength_A)
    return there >= max(here + _LEAST_GAIN, _LEAST) and there > likeness(_best(likeness))


def _likeness(pattern: Pattern, phases: Sequence[Phase], radiation: Radiation) -> Callable[[float], float]:
    """Correlation of the pattern with the phases' lines, by the wavelength in A; f' and f'' are of `radiation`."""
    from paddlewheel.lab.xrd.structure_factors import reflections

    d_A, strengths = [], []
    for phase in phases:
        found = reflections(phase, radiation, _LEAST_D_A)
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

    return likeness


def _near(reach: float) -> np.ndarray:
    """Factors of a wavelength up to `reach` off."""
    return np.exp(np.arange(-reach, reach + _FINE_STEP / 2, _FINE_STEP))


def _best(likeness: Callable[[float], float]) -> float:
    """The wavelength in A at which the lines lie best on the pattern."""
    coarse = np.exp(np.arange(np.log(_SHORTEST_A), np.log(_LONGEST_A), _STEP))
    best = max(coarse, key=likeness)
    return float(max(best * _near(2 * _STEP), key=likeness))


def _envelope(y: np.ndarray, half: int) -> np.ndarray:
    """What lies under the lines: the running low decile over some degrees."""
    from scipy.ndimage import percentile_filter

    return percentile_filter(y, 10, size=2 * half + 1)
