"""Glass steps by a model of the whole curve: two lines, an edge between them, and an overshoot behind it.

A step that is as wide as half of a ramp departs from no noise of its own, so it is held against a polynomial: of a
drift both describe the curve, of a step the polynomial does not. The overshoot is enthalpy relaxation (ASTM E1356
draws its tangents beside it). Edges are Richards' curves, (1 + exp(-(x - c) / w))^-nu, which may rise slowly and end
sharply or the reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ndtr

from paddlewheel.lab.dsc.baselines import noise_of

_POINTS = 200
_FEWEST_POINTS = 40
_POLYNOMIAL = 6
_BETTER = 6.0
"""Residuals of the polynomial over those of the step, as squares, of what is a step; of noise that walks and drifts at
most 2.4 (400 curves), of measured glass steps at least 10."""
_CENTRES, _WIDTHS, _LEANS = np.linspace(-0.7, 0.7, 29), np.geomspace(0.012, 0.16, 8), (0.4, 1.0, 2.5)
_NORMAL = 0.0
"""The lean by which the integral of a Gaussian is meant, an edge of shorter tails."""
_WIDEST, _FARTHEST = 0.3, 0.8
"""Of half a window: width of an edge, and its distance from the middle."""
_DESCRIBED = 0.05
"""Of the step: a model that leaves more does not describe the curve."""
_SURE = 3.0
"""Standard errors of the height of a step."""
_BEHIND, _FARTHEST_BEHIND = 1.5, 5.0
"""Widths of the overshoot that its top lies behind the middle of the edge: a step under a melting peak lies within it.
"""
_MOST_OVERSHOOT = 4.0
_RULED_OUT = 12.0
"""In chi-squared: shapes of the edge that fit worse by more are no further opinion."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GlassStep:
    """A step in a curve, places in points.

    Attributes
    ----------
    height, height_std
        Of the upper line over the lower at the midpoint, unit of the signal, with sign.
    onset, midpoint, inflection, end
        Places and standard errors by noise and by the shapes of the edge that the curve allows: tangent at the steepest
        point with both lines, half height.
    overshoot
        Height of what lies on the upper line, over the step; zero without.
    low, high
        First point of the edge and the one after the last of it or of its overshoot.
    before, after
        The lines; [n_points].
    """

    height: float
    height_std: float
    onset: tuple[float, float]
    midpoint: tuple[float, float]
    inflection: tuple[float, float]
    end: tuple[float, float]
    overshoot: float
    low: int
    high: int
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class _Fit:
    shape: np.ndarray
    linear: np.ndarray
    covariance: np.ndarray
    residuals: np.ndarray


def glass_step(signal: np.ndarray) -> GlassStep | None:
    """The one glass step of a curve at even times that holds nothing else; None where it holds none; [n_points]."""
    if signal.size < _FEWEST_POINTS:
        return None
    count = min(_POINTS, signal.size)
    edges = np.linspace(0, signal.size, count + 1).astype(int)
    values = np.add.reduceat(signal, edges[:-1]) / np.diff(edges)
    centres = 0.5 * (edges[:-1] + edges[1:] - 1)
    middle, half = 0.5 * (signal.size - 1), 0.5 * (signal.size - 1)
    place = (centres - middle) / half
    design = np.polynomial.legendre.legvander(place, _POLYNOMIAL)
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    smooth = float(left @ left)
    tried = [_best(place, values, overshoots=overshoots, smooth=smooth) for overshoots in (False, True)]
    fits = [fit for fit in tried if fit is not None]
    if not fits:
        return None
    best = min(fits, key=lambda fit: float(fit.residuals @ fit.residuals))
    misfit = float(best.residuals @ best.residuals)
    if smooth < _BETTER * misfit:
        return None
    noise = noise_of(best.residuals, best.shape.size + best.linear.size)
    variance = max(noise.std**2 * noise.correlated_points, 1e-30)
    opinions = _opinions(place, values, [best, *fits], variance)
    if not opinions:
        return None
    weights = np.array([weight for weight, *_ in opinions])
    weights = weights / weights.sum()
    rows = np.array([row for _, row, *_ in opinions])
    stds = np.array([std for *_, std in opinions])
    mean = weights @ rows
    errors = np.sqrt(weights @ (stds**2 + (rows - mean) ** 2))
    height, height_std, over = float(mean[0]), float(errors[0]), float(mean[5])
    rms = float(np.sqrt(misfit / count))
    if abs(height) < _SURE * height_std or rms > _DESCRIBED * abs(height) or over > _MOST_OVERSHOOT:
        return None
    onset, midpoint, inflection, end = ((middle + half * float(mean[k]), half * float(errors[k])) for k in (1, 2, 3, 4))
    reach = end[0] - onset[0]
    if reach <= 0 or onset[0] - 0.5 * reach < 0 or end[0] + 0.5 * reach > signal.size - 1:
        return None  # no line lies beside it
    last = end[0] + 0.5 * reach
    if best.linear.size > 4:
        last = max(last, middle + half * float(_half(best.shape) + (best.shape[3] + 2.5) * best.shape[4]))
    low, high = int(onset[0] - 0.5 * reach), min(int(np.ceil(last)) + 1, signal.size)
    away = (np.arange(signal.size) - middle) / half - best.shape[0]
    before = best.linear[0] + best.linear[1] * away
    return GlassStep(
        height=height, height_std=height_std, onset=onset, midpoint=midpoint, inflection=inflection, end=end,
        overshoot=over, low=low, high=high, before=before, after=before + best.linear[2] + best.linear[3] * away,
    )  # fmt: skip


def _edge(place: np.ndarray, centre: float, width: float, lean: float) -> np.ndarray:
    if lean == _NORMAL:
        return ndtr((place - centre) / width)
    return np.exp(-lean * np.logaddexp(0.0, -(place - centre) / width))


def _design(place: np.ndarray, shape: np.ndarray) -> np.ndarray:
    edge, away = _edge(place, shape[0], shape[1], shape[2]), place - shape[0]
    columns = [np.ones(place.size), away, edge, edge * away]
    if shape.size > 3:
        columns.append(np.exp(-0.5 * ((place - _half(shape)) / shape[4] - shape[3]) ** 2))
    return np.stack(columns, axis=1)


def _projected(place: np.ndarray, values: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    design = _design(place, shape)
    linear = np.linalg.lstsq(design, values, rcond=None)[0]
    return linear, values - design @ linear


def _best(place: np.ndarray, values: np.ndarray, *, overshoots: bool, smooth: float) -> _Fit | None:
    """The best edge, from the best of a grid; None where that is no better than a polynomial, or its overshoot is none
    of a glass."""
    found = []
    for centre in _CENTRES:
        for width in _WIDTHS:
            for lean in _LEANS:
                shape = np.array([centre, width, lean] + ([2.5, 1.4 * width] if overshoots else []))
                linear, residuals = _projected(place, values, shape)
                if not overshoots or linear[2] * linear[4] > 0:
                    found.append((float(residuals @ residuals), shape))
    if not found:
        return None
    least, start = min(found, key=lambda each: each[0])
    if least > smooth:
        return None
    low, high = [-_FARTHEST, 0.004, 0.15], [_FARTHEST, _WIDEST, 6.0]
    if overshoots:
        low, high = [*low, _BEHIND, 0.01], [*high, _FARTHEST_BEHIND, 0.4]
    solved = least_squares(
        lambda shape: _projected(place, values, shape)[1], np.clip(start, np.add(low, 1e-6), np.subtract(high, 1e-6)),
        bounds=(low, high), x_scale=np.maximum(np.abs(start), 0.02), max_nfev=60,
    )  # fmt: skip
    return _fit(place, values, solved.x)


def _fit(place: np.ndarray, values: np.ndarray, shape: np.ndarray) -> _Fit | None:
    linear, residuals = _projected(place, values, shape)
    if shape.size > 3 and linear[2] * linear[4] <= 0:
        return None
    steps = 1e-5
    columns = [_design(place, shape)]
    for number in range(shape.size):
        moved = shape.copy()
        if number == 2 and moved[2] == _NORMAL:
            continue
        moved[number] += steps
        columns.append(((_design(place, moved) - columns[0]) @ linear / steps)[:, None])
    jacobian = np.concatenate(columns, axis=1)
    turned = np.linalg.pinv(jacobian, rcond=1e-10)
    return _Fit(shape=shape, linear=linear, covariance=turned @ turned.T, residuals=residuals)


def _half(shape: np.ndarray) -> float:
    """Place where an edge is half-way up."""
    if shape[2] == _NORMAL:
        return float(shape[0])
    return float(shape[0] - shape[1] * np.log(2.0 ** (1.0 / shape[2]) - 1.0))


def _read(shape: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Height at half-way, onset, half-way, steepest, end, and overshoot over the step."""
    centre, width, lean = shape[:3]
    if lean == _NORMAL:
        steepest, value, slope = centre, 0.5, 1.0 / (np.sqrt(2.0 * np.pi) * width)
    else:
        steepest = centre + width * np.log(lean)
        value = (lean / (1.0 + lean)) ** lean
        slope = value * lean / width / (1.0 + lean)
    height = linear[2] + linear[3] * (_half(shape) - centre)
    return np.array([
        height, steepest - value / slope, _half(shape), steepest, steepest + (1.0 - value) / slope,
        linear[4] / height if linear.size > 4 else 0.0,
    ])  # fmt: skip


def _opinions(
    place: np.ndarray, values: np.ndarray, fits: Sequence[_Fit], variance: float
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """What each shape of the edge that the curve allows reads, its weight and its errors by noise."""
    best = fits[0]
    least = float(best.residuals @ best.residuals)
    tried = [*fits[1:]]
    leans = [float(np.clip(best.shape[2] * factor, 0.15, 6.0)) for factor in (0.5, 2.0)]
    for base, lean in [(best, lean) for lean in leans] + [(fit, _NORMAL) for fit in fits[1:]]:
        shape = base.shape.copy()
        shape[2] = lean
        if lean == _NORMAL:
            shape[:2] = _half(base.shape), 1.6 * base.shape[1]
        free = [0, 1, *range(3, shape.size)]

        def residuals(moved: np.ndarray, shape: np.ndarray = shape, free: list[int] = free) -> np.ndarray:
            whole = shape.copy()
            whole[free] = moved
            whole[1] = abs(whole[1]) + 1e-4
            return _projected(place, values, whole)[1]

        shape[free] = least_squares(residuals, shape[free], max_nfev=30).x
        shape[1] = abs(shape[1]) + 1e-4
        other = _fit(place, values, shape)
        if other is not None:
            tried.append(other)
    opinions = []
    for fit in tried:
        worse = (float(fit.residuals @ fit.residuals) - least) / variance
        if worse > _RULED_OUT:
            continue
        row = _read(fit.shape, fit.linear)
        count = fit.linear.size
        gradients = []
        whole = np.r_[fit.linear, fit.shape]
        for number, value in enumerate(whole):
            if number == count + 2 and value == _NORMAL:
                continue
            moved = whole.copy()
            step = 1e-6 * max(abs(value), 1e-2)
            moved[number] += step
            gradients.append((_read(moved[count:], moved[:count]) - row) / step)
        gradient = np.stack(gradients, axis=1)
        errors = np.sqrt(np.einsum("ij,jk,ik->i", gradient, fit.covariance * variance, gradient).clip(0.0))
        opinions.append((float(np.exp(-0.5 * max(worse, 0.0))), row, errors))
    return opinions
