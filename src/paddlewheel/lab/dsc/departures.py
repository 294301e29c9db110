"""Where a curve departs from a smooth baseline: its second derivative over many widths against the noise of each.

At every width the second derivative of the parabola through the stretch is compared with its own scatter over the
curve, which holds noise, correlated noise and slow drift alike; no level is set by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SURE = 5.5
_FAINT = 3.0
"""Standard deviations of the second derivative: what makes an event, and how far it reaches from there."""
_NARROWEST, _WIDEST_SHARE, _RATIO = 3, 10, 1.4
_LOW_QUANTILE, _OF_NORMAL = 0.3, 0.3853
"""The scatter is that of the quietest points, which events that fill half of a segment leave alone; of a normal
distribution 30 % lie within 0.3853 standard deviations."""


_BLURRED = 1.25
"""Digits that a point scatters by where noise blurs the rounding; stairs by themselves scatter by up to 1.2."""
_OF_FLOATS = 1e-9
"""Of the range of a curve: the digit of values that were not rounded."""


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A stretch of points that no smooth baseline has.

    Attributes
    ----------
    low, high
        First point, and the one after the last.
    significance
        The largest second derivative over its noise.
    half_width
        Half the width, in points, at which it is largest.
    """

    low: int
    high: int
    significance: float
    half_width: int


def find_departures(signal: np.ndarray, digit: float = 0.0, widest: int | None = None) -> tuple[Departure, ...]:
    """The departures of a curve at even times, in their order; [n_points].

    `widest` is the most half-width to look with, in points; by default a tenth of the curve.

    `digit` is what its values were rounded to. Where noise does not blur it, rounding makes stairs of a slope; each
    lies within half a digit, so that the scatter has a floor which no stairs exceed by 5.5, and none is zero.
    """
    size = signal.size
    digit = max(digit, _OF_FLOATS * float(np.ptp(signal)))
    if is_blurred(signal, digit):
        digit = 0.0
    found: list[Departure] = []
    half, least = _NARROWEST, 0.0
    while half <= min(size // _WIDEST_SHARE, size if widest is None else widest):
        curvature = _curvature(signal, half)
        centre = float(np.median(curvature))
        scatter = float(np.quantile(np.abs(curvature - centre), _LOW_QUANTILE)) / _OF_NORMAL
        windows = size / (2 * half + 1)
        scatter = max(scatter * (1.0 + 2.0 / np.sqrt(windows)), least, 0.5 * digit * float(_sums(half).max()))
        least = scatter * (half / (half + max(1, int(half * (_RATIO - 1))))) ** 2.5
        if scatter > 0.0:
            found += _stretches((curvature - centre) / scatter, half)
        half += max(1, int(half * (_RATIO - 1)))
    return _united(found)


def _curvature(signal: np.ndarray, half: int) -> np.ndarray:
    """Second derivative of the parabola through 2 half + 1 points, for the centres where these are; over a norm."""
    return np.convolve(signal, _weights(half), mode="valid")


def _weights(half: int) -> np.ndarray:
    offsets = np.arange(-half, half + 1, dtype=float)
    weights = offsets**2 - (offsets**2).mean()
    return weights / np.sqrt(weights @ weights)


def _sums(half: int) -> np.ndarray:
    """What a stair of height one at each place of a stretch gives."""
    return np.abs(np.cumsum(_weights(half)))


def is_blurred(signal: np.ndarray, digit: float) -> bool:
    """Whether noise blurs the rounding of a signal, so that it is noise like any other."""
    return point_noise(signal) > _BLURRED * digit


def point_noise(signal: np.ndarray) -> float:
    """Scatter of a point about the line through its neighbours; zero where most lie on it."""
    return float(np.median(np.abs(np.diff(signal, n=2)))) / 0.6745 / float(np.sqrt(6.0)) if signal.size > 2 else 0.0


def _stretches(ratio: np.ndarray, half: int) -> list[Departure]:
    """Stretches of one width: where the ratio is sure, as far as it is faint."""
    strong = np.abs(ratio)
    edges = np.flatnonzero(np.diff(np.r_[False, strong > _FAINT, False].astype(int)))
    found = []
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        top = float(strong[low:high].max())
        if top > _SURE:
            inward = min(half // 2, (high - low - 1) // 2)
            reach = (half - inward) // 2
            found.append(Departure(low=low + half - reach, high=high + half + reach, significance=top, half_width=half))
    return found


def _united(found: Sequence[Departure]) -> tuple[Departure, ...]:
    """Those that touch as one; between the flanks and the top of one peak the curvature is zero for a moment."""
    united: list[Departure] = []
    for each in sorted(found, key=lambda departure: departure.low):
        last = united[-1] if united else None
        if last is not None and each.low <= last.high + min(last.half_width, each.half_width):
            best = max(last, each, key=lambda departure: departure.significance)
            united[-1] = Departure(low=last.low, high=max(last.high, each.high), significance=best.significance,
                                   half_width=best.half_width)  # fmt: skip
        else:
            united.append(each)
    return tuple(united)
