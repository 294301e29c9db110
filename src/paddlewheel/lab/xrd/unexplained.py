"""What a fitted pattern leaves over: sharp peaks that no phase has a line for, and broad humps.

The residual is filtered by Gaussians of the width of the lines (sharp) and of many times that (broad). A place counts
where the filtered residual is far above both the noise and its own scatter over the pattern, which grows where
neighbouring residuals are alike: what is wrong everywhere is a matter of the goodness of fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

_SHARP_STD, _BROAD_STD = 8.0, 12.0
"""Standard deviations of the filtered residual from which a peak, a hump is told."""
_BROAD_WIDTHS = (12, 24, 48, 96, 192)
"""Widths of humps over that of the lines."""
_WIDEST_OF_RANGE = 0.15
_BASELINE_WIDTHS = 8
"""Length, in widths of a line, over which the median is taken away under sharp peaks."""
_OF_A_LINE, _ON_A_LINE_WIDTHS, _BESIDE_A_LINE, _NEAR_WIDTHS = 4.0, 2.0, 0.1, 5.0
"""A peak is no phase's where it is four times as high as the lines within two widths (else misplaced or too weak), and
higher than a tenth of those within five (their feet)."""
_ON_BACKGROUND = 0.2
"""Calculated lines over the background from which on a point says nothing of humps; the least height of a hump."""
_BIN_WIDTHS, _AROUND_WIDTHS, _LEAST_BETWEEN = 3.0, 3.0, 0.2
"""Bins for humps, in widths of a line; half of the stretch, in widths of a hump, whose median is taken away; share of
the bins that must have points between the lines."""
_LEAST_MEASURED = 0.3
"""Share of the points under a Gaussian that must count."""
_ABOVE_TREND, _TREND_STEPS, _WIDEST_IN_BACKGROUND = 0.02, 30, 0.25
"""Weight of what lies above the trend of a background, steps of its weights, and width of a hump over the range."""
_MOST, _HUMPS_TOLD = 12, 2


@dataclass(frozen=True)
class Unexplained:
    """Intensity that nothing in the model explains.

    Attributes
    ----------
    two_theta_deg, width_deg
        Place and full width at half maximum; that of a sharp peak is the lines'.
    over_background
        Height over the background.
    std
        Height over its standard deviation, with the scatter of the residual.
    """

    kind: Literal["sharp", "broad"]
    two_theta_deg: float
    width_deg: float
    over_background: float
    std: float


def find_unexplained(
    two_theta_deg: np.ndarray,
    residual: np.ndarray,
    weight: np.ndarray,
    lines: np.ndarray,
    background: np.ndarray,
    fwhm_deg: float,
) -> tuple[Unexplained, ...]:
    """Sharp peaks, highest first, then humps.

    Parameters
    ----------
    two_theta_deg, residual, weight, lines, background
        Angles, measured less calculated, 1 / variance (0 for points left out), and the calculated lines and background;
        [n_points].
    fwhm_deg
        Typical width of the lines.
    """
    if (weight > 0).sum() < _BASELINE_WIDTHS:
        return ()
    step = float(np.median(np.diff(two_theta_deg)))
    level = np.maximum(background, 0.02 * float(np.median(np.abs(background))) + 1e-12)
    found = _sharp(two_theta_deg, residual, weight, lines, level, fwhm_deg, step)
    clear = weight.copy()
    for each in found:
        clear[np.abs(two_theta_deg - each.two_theta_deg) < _NEAR_WIDTHS * fwhm_deg] = 0.0
    return (*found, *_broad(two_theta_deg, residual, clear, lines, level, fwhm_deg))


def _matched(values: np.ndarray, weight: np.ndarray, fwhm_points: float) -> tuple[np.ndarray, np.ndarray]:
    """Best height of a Gaussian at every point, and its standard deviation; [n_points]."""
    from scipy.ndimage import gaussian_filter1d

    sigma = fwhm_points / 2.3548
    product = np.sqrt(2 * np.pi) * sigma * gaussian_filter1d(values * weight, sigma, mode="constant")
    square = np.sqrt(np.pi) * sigma * gaussian_filter1d(weight, sigma / np.sqrt(2), mode="constant")
    measured = gaussian_filter1d((weight > 0).astype(float), sigma / np.sqrt(2), mode="constant")
    square = np.where(measured > _LEAST_MEASURED, square, np.inf)
    return product / square, 1 / np.sqrt(square)


def _in_std(height: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Height over its standard deviation, or over the scatter of these where that is larger; [n_points]."""
    known = std > 0
    reduced = np.where(known, height / np.where(known, std, 1.0), 0.0)
    scatter = 1.4826 * float(np.median(np.abs(reduced[known] - np.median(reduced[known])))) if known.any() else 1.0
    return reduced / max(1.0, scatter)


def _sharp(
    x: np.ndarray, residual: np.ndarray, weight: np.ndarray, lines: np.ndarray, level: np.ndarray, fwhm: float,
    step: float,
) -> list[Unexplained]:  # fmt: skip
    from scipy.ndimage import maximum_filter1d, median_filter

    points = max(fwhm / step, 1.0)
    size = min(2 * round(0.5 * _BASELINE_WIDTHS * points) + 1, x.size)
    height, std = _matched(residual - median_filter(residual, size, mode="nearest"), weight, points)
    height[~np.isfinite(height)] = 0.0
    reduced = _in_std(height, std)
    nearby = maximum_filter1d(lines, 2 * round(_NEAR_WIDTHS * points) + 1)
    there = maximum_filter1d(lines, 2 * round(_ON_A_LINE_WIDTHS * points) + 1)
    is_peak = (reduced > _SHARP_STD) & (height > _OF_A_LINE * there) & (height > _BESIDE_A_LINE * nearby)
    is_peak &= reduced >= maximum_filter1d(reduced, 2 * round(2 * points) + 1)
    places = np.flatnonzero(is_peak)
    order = places[np.argsort(-height[places], kind="stable")][:_MOST]
    return [Unexplained("sharp", float(x[at]), fwhm, float(height[at] / level[at]), float(reduced[at])) for at in order]


def _broad(
    x: np.ndarray, residual: np.ndarray, weight: np.ndarray, lines: np.ndarray, level: np.ndarray, fwhm: float
) -> list[Unexplained]:
    """Humps in the means of bins of a few widths, between the lines."""
    from scipy.ndimage import median_filter

    between = np.where(lines > _ON_BACKGROUND * level, 0.0, weight)
    bin_deg = max(_BIN_WIDTHS * fwhm, float(np.median(np.diff(x))))
    place = np.floor((x - x[0]) / bin_deg).astype(int)
    sums = np.bincount(place, between)
    if (sums > 0).mean() < _LEAST_BETWEEN:
        return []
    mean, under = (
        np.bincount(place, between * each) / np.where(sums > 0, sums, np.inf) for each in (residual, level)
    )  # fmt: skip
    at = x[0] + (np.arange(sums.size) + 0.5) * bin_deg
    mean, under = (np.interp(at, at[sums > 0], each[sums > 0]) for each in (mean, under))
    best: list[Unexplained] = []
    for widths in _BROAD_WIDTHS:
        width = widths * fwhm
        if width > _WIDEST_OF_RANGE * (x[-1] - x[0]):
            break
        around = median_filter(mean, 2 * round(_AROUND_WIDTHS * width / bin_deg) + 1, mode="nearest")
        above = np.maximum(around, 0.0)  # a background that swings beside a hump lies above the data: that is no rise
        height, std = _matched(mean - above, sums, width / bin_deg)
        reduced = np.where(height > _ON_BACKGROUND * under, _in_std(height, std), 0.0)
        while reduced.max() > _BROAD_STD:
            top = int(np.argmax(reduced))
            best.append(
                Unexplained("broad", float(at[top]), width, float(height[top] / under[top]), float(reduced[top]))
            )
            reduced[np.abs(at - at[top]) < 1.5 * width] = 0.0
    found: list[Unexplained] = []
    for each in sorted(best, key=lambda hump: -hump.std):  # of one hump at several widths that which fits best
        if all(abs(each.two_theta_deg - other.two_theta_deg) > other.width_deg + each.width_deg for other in found):
            found.append(each)
    return sorted(found[:_MOST], key=lambda hump: -hump.over_background)


def background_hump(two_theta_deg: np.ndarray, background: np.ndarray) -> tuple[float, float, float] | None:
    """The largest hump of a fitted background above its smooth trend: place, width (FWHM), and height over the trend.

    None where it is lower than a fifth of the trend, wider than a quarter of the range or not whole in it. The trend is
    a parabola with 1 / 2theta for air under the background, by asymmetric least squares.
    """
    low, high = two_theta_deg[0], two_theta_deg[-1]
    at = (2 * two_theta_deg - low - high) / (high - low)
    basis = np.array([np.ones(at.size), at, at**2, max(abs(low), 1.0) / np.maximum(two_theta_deg, 0.1)])
    weight = np.ones(at.size)
    trend = background
    for _ in range(_TREND_STEPS):
        root = np.sqrt(weight)
        trend = np.linalg.lstsq((basis * root).T, background * root, rcond=None)[0] @ basis
        weight = np.where(background > trend, _ABOVE_TREND, 1.0)
    above = background - trend
    top = int(np.argmax(above))
    if trend[top] <= 0 or above[top] < _ON_BACKGROUND * trend[top]:
        return None
    under = np.flatnonzero(above < above[top] / 2)
    if not (under < top).any() or not (under > top).any():
        return None
    first, last = two_theta_deg[under[under < top][-1]], two_theta_deg[under[under > top][0]]
    place, width = float(two_theta_deg[top]), float(last - first)
    if width > _WIDEST_IN_BACKGROUND * (high - low) or place - width < low or place + width > high:
        return None
    return place, width, float(above[top] / trend[top])


def told_unexplained(found: tuple[Unexplained, ...], *, has_candidates: bool = False) -> list[str]:
    """In words, a line for peaks and one for each of the largest humps, with what to do."""
    told = []
    sharp = [each for each in found if each.kind == "sharp"]
    if sharp:
        places = ", ".join(
            f"{each.two_theta_deg:.2f}" for each in sorted(sharp[:6], key=lambda peak: peak.two_theta_deg)
        )
        what = "another phase?" if has_candidates else "another phase? --candidates FOLDER looks for it"
        told.append(f"sharp peaks at {places} deg belong to none of the phases: {what}")
    for each in [hump for hump in found if hump.kind == "broad"][:_HUMPS_TOLD]:
        low, high = max(each.two_theta_deg - each.width_deg, 0.0), each.two_theta_deg + each.width_deg
        told.append(
            f"a broad hump at {each.two_theta_deg:.3g} deg, {each.width_deg:.2g} deg wide, that no phase explains"
            f" (glass, capillary, foil?): --humps-deg {low:.3g}:{high:.3g} fits it, --exclude {low:.3g}:{high:.3g}"
            " leaves it out"
        )
    return told
