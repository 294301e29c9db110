"""Whether a body is large enough: errors of fractions and of what else is measured on it, as a sample of a material.

The material is taken as the same everywhere on average (stationary); a gradient through the body is none of the errors
here. Errors of the segmentation are apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.connectivity import checked_phases, conductor
from paddlewheel.lab.tomography.correlations import autocorrelation, distances, pairs_apart
from paddlewheel.lab.tomography.voxels import Labels

_BLOCKS = 4_000_000
_WINDOW_RADII = 3.0
_FEWEST_DEGREES = 4.0
_SHORTEST_EDGE = 8
_FEWEST_VALUES = 6
_LEVELS = (0.6826894921, 0.95)


@dataclass(frozen=True, kw_only=True)
class FractionError:
    """A volume fraction as that of a material of which the body is a sample.

    Attributes
    ----------
    phases
        Numbers of the phases that are counted together.
    value, std
        Fraction, and its standard uncertainty.
    interval_68, interval_95
        By Student's t with `degrees`, on the logit of the fraction, so that they stay between 0 and 1.
    degrees
        Of freedom of the variance: how many windows the body holds.
    integral_range_um3
        A = integral of C(r)/C(0): the body holds V/A independent pieces, the variance is f (1 - f) A/V. None where
        the phases fill the body or are not there.
    window_um
        Up to which distance C(r) was summed.
    warnings
        A line each.
    """

    phases: tuple[int, ...]
    value: float
    std: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]
    degrees: float
    integral_range_um3: float | None
    window_um: float
    warnings: tuple[str, ...] = ()

    def edge_for_um(self, std: float) -> float | None:
        """Edge of a cube whose fraction has the given standard uncertainty; None where there is no integral range."""
        if self.integral_range_um3 is None:
            return None
        return (self.value * (1 - self.value) * self.integral_range_um3 / std**2) ** (1 / 3)


@dataclass(frozen=True, kw_only=True)
class SubVolumes:
    """Values of the measure on parts of one size.

    Attributes
    ----------
    parts
        Into how many each edge is cut, along x, y, z.
    size_um
        Of one, along x, y, z.
    count
        How many were measured.
    without
        Of these, how many gave no finite value, such as no percolating path.
    mean, std
        Of the finite values; None where there are fewer than one or two.
    """

    parts: tuple[int, int, int]
    size_um: tuple[float, float, float]
    count: int
    without: int
    mean: float | None
    std: float | None


@dataclass(frozen=True, kw_only=True)
class Representative:
    """A measure on the whole body, with its error as a sample of the material.

    Attributes
    ----------
    value
        On the whole body.
    std
        From the spread over the largest parts of which there are at least six finite values: their standard deviation
        over the root of the number of such parts in the body (Kanit et al. 2003, doi 10.1016/S0020-7683(03)00143-4,
        with the exponent 1 of a finite integral range). None where there are none.
    interval_68, interval_95
        By Student's t. Parts that touch are not independent: of fractions, the intervals hold 58 to 70 % and 90 to
        94 %, the less the smaller the body (those of `fraction_error` hold what they say).
    degrees
        Of freedom of the spread.
    drift, drift_std
        Mean over these parts less the whole. Small parts are biased: their no-flux sides close paths that leave and
        come back, and paths that are too short for dead ends open; a drift well beyond its error says that the whole is
        biased as well, by less.
    exponent
        a in variance ~ V^-a over the sizes; 1 where parts are larger than what they vary by. None for fewer than two
        sizes with a spread.
    sizes
        From the largest parts to the smallest.
    warnings
        A line each.
    """

    value: float
    std: float | None
    interval_68: tuple[float, float] | None
    interval_95: tuple[float, float] | None
    degrees: int
    drift: float | None
    drift_std: float | None
    exponent: float | None
    sizes: tuple[SubVolumes, ...]
    warnings: tuple[str, ...] = ()


def fraction_error(labels: Labels, phases: Iterable[int]) -> FractionError:
    """A volume fraction with its error from the autocovariance of the body itself.

    The variance of the mean over a body is exactly the sum of C over all pairs of its voxels: sum of C(r) n(r)/N^2
    with n(r) pairs a vector r apart (integral range: Matheron 1971; Kanit et al. 2003, doi
    10.1016/S0020-7683(03)00143-4, section 5). C is summed out to three times the radius of a ball of the integral range
    that this gives. C about the body's own fraction is too low everywhere, by the very variance v that is sought:
    v = a + b v, with a the sum of C within the window and b that of n/N^2 there. The estimate has 1/b degrees of
    freedom, as that of a spectrum at frequency 0 (Priestley, Spectral Analysis and Time Series, 1981, 6.2).

    Bodies of more than four million voxels are averaged over blocks before, which leaves this sum as it is.

    Coverage on Gaussian fields and Boolean spheres of known fraction, bodies of 7 to 27 windows: 68 to 72 % and 94 to
    98 % for 68 and 95 % (docs/benchmarks/tomography_representative.md).

    Raises
    ------
    SettingsError
        Where a phase has no such number.
    """
    chosen = checked_phases(labels, phases)
    counted = conductor(labels, chosen)
    value = float(np.count_nonzero(counted) / counted.size)
    edges_um = np.array(labels.spacing_nm) / 1000
    blocks, edges_um = _averaged(counted, edges_um)
    half_z, half_y, half_x = (count // 2 for count in blocks.shape)
    lags = half_z, half_y, half_x
    covariance = autocorrelation(blocks - np.float32(value), lags).astype(float)
    z, y, x = pairs_apart(blocks.shape, lags)
    weight = z[:, None, None] * y[None, :, None] * x[None, None, :] / blocks.size**2
    distance_um = distances([np.arange(-lag, lag + 1) * edge for lag, edge in zip(lags, edges_um, strict=True)])
    if value in (0.0, 1.0):
        return FractionError(
            phases=chosen,
            value=value,
            std=0.0,
            interval_68=(value, value),
            interval_95=(value, value),
            degrees=0.0,
            integral_range_um3=None,
            window_um=0.0,
            warnings=("all or nothing of the body: what this says of the material cannot be told",),
        )
    order = np.argsort(distance_um, axis=None)
    distance_um = distance_um.reshape(-1)[order]
    share = np.cumsum(weight.reshape(-1)[order])
    summed = np.cumsum((covariance * weight).reshape(-1)[order])
    body_um3 = blocks.size * float(np.prod(edges_um))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(share < 1, summed / (1 - share), np.inf)
    range_um3 = variance * body_um3 / (value * (1 - value))
    radius_um = np.cbrt(np.maximum(range_um3, 0) * 3 / (4 * np.pi))
    enough = np.flatnonzero((distance_um >= _WINDOW_RADII * radius_um) & (distance_um > 0) & (variance > 0))
    warnings = []
    end = int(enough[0]) if enough.size else int(np.argmax(np.where(share < 0.5, variance, 0)))
    degrees = float(1 / share[end])
    if not enough.size or degrees < _FEWEST_DEGREES:
        warnings.append("the body is hardly larger than what it varies by: the error of the fraction is a guess")
    std = math.sqrt(variance[end])
    return FractionError(
        phases=chosen,
        value=value,
        std=std,
        interval_68=_logit_interval(value, std, degrees, _LEVELS[0]),
        interval_95=_logit_interval(value, std, degrees, _LEVELS[1]),
        degrees=degrees,
        integral_range_um3=float(range_um3[end]),
        window_um=float(distance_um[end]),
        warnings=tuple(warnings),
    )


def representative(
    labels: Labels, measure: Callable[[Labels], float], *, parts: Iterable[int] = (2, 3, 4), most: int = 64
) -> Representative:
    """A measure on the whole body and on its parts: error, drift with size, and whether the body is large enough.

    Parameters
    ----------
    labels
        The body.
    measure
        Of a body, such as tau or a fraction; anything that is not finite counts as having none.
    parts
        Into how many each edge is cut, a size each; an edge is cut into fewer where parts would have under 8 voxels.
    most
        Of each size at most so many parts are measured, spread evenly over the body.

    Raises
    ------
    SettingsError
        Where a size is under 2, or the body too small to be cut.
    """
    wanted = sorted(set(parts))
    if not wanted or wanted[0] < 2 or most < 2:
        remedy = "cut edges into 2 or more, and measure 2 or more parts"
        raise SettingsError(f"edges cut into {wanted}, at most {most} parts", remedy=remedy)
    whole = float(measure(labels))
    cuts = []
    for pieces in wanted:
        cut = tuple(min(pieces, max(count // _SHORTEST_EDGE, 1)) for count in labels.shape)
        if math.prod(cut) > 1 and cut not in cuts:
            cuts.append(cut)
    if not cuts:
        size = " x ".join(str(count) for count in reversed(labels.shape))
        remedy = f"give {2 * _SHORTEST_EDGE} voxels along an edge"
        raise SettingsError(f"{size} voxels cannot be cut", where=labels.source, remedy=remedy)
    sizes = tuple(_measured_parts(labels, measure, cut, most) for cut in cuts)
    warnings = [
        f"{size.without} of {size.count} parts of {' x '.join(f'{edge:.3g}' for edge in size.size_um)} um give no value"
        for size in sizes
        if size.without
    ]
    spread = [
        (size, size.mean, size.std)
        for size in sizes
        if size.mean is not None and size.std is not None and size.count - size.without >= _FEWEST_VALUES
    ]
    std = interval_68 = interval_95 = drift = drift_std = None
    degrees = 0
    if spread and math.isfinite(whole):
        largest, mean, deviation = spread[0]
        found = largest.count - largest.without
        degrees = found - 1
        std = deviation / math.sqrt(math.prod(largest.parts))
        low, high = (float(stdtrit(degrees, (1 + level) / 2)) * std for level in _LEVELS)
        interval_68, interval_95 = (whole - low, whole + low), (whole - high, whole + high)
        drift, drift_std = mean - whole, deviation / math.sqrt(found)
        if abs(drift) > 2 * drift_std:
            warnings.append(f"parts differ from the whole by {drift:+.3g}: the whole is biased by its size as well")
    else:
        warnings.append("too few parts give a value: no error from parts")
    return Representative(
        value=whole,
        std=std,
        interval_68=interval_68,
        interval_95=interval_95,
        degrees=degrees,
        drift=drift,
        drift_std=drift_std,
        exponent=_exponent(sizes),
        sizes=sizes,
        warnings=tuple(warnings),
    )


def _averaged(counted: np.ndarray, edges_um: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over blocks of equal edges, float32, until there are few enough; what is left over at an end is cut off."""
    block = max(math.ceil((counted.size / _BLOCKS) ** (1 / 3)), 1)
    each = [min(block, count) for count in counted.shape]
    z, y, x = (count // edge for count, edge in zip(counted.shape, each, strict=True))
    kept = counted[: z * each[0], : y * each[1], : x * each[2]].reshape(z, each[0], y, each[1], x, each[2])
    return kept.mean(axis=(1, 3, 5), dtype=np.float32), edges_um * each


def _logit_interval(value: float, std: float, degrees: float, level: float) -> tuple[float, float]:
    """Symmetric in log(f/(1 - f)), whose standard uncertainty is std/(f (1 - f))."""
    reach = float(stdtrit(degrees, (1 + level) / 2)) * std / (value * (1 - value))
    middle = math.log(value / (1 - value))
    low, high = (0.5 * (1 + math.tanh(place / 2)) for place in (middle - reach, middle + reach))
    return low, high


def _measured_parts(labels: Labels, measure: Callable[[Labels], float], cut: tuple[int, ...], most: int) -> SubVolumes:
    """The measure on parts of equal size; cut is in the order of the array."""
    edges = [count // pieces for count, pieces in zip(labels.shape, cut, strict=True)]
    corners = list(itertools.product(*(range(pieces) for pieces in cut)))
    chosen = np.unique(np.linspace(0, len(corners) - 1, min(most, len(corners))).round().astype(int))
    values = []
    for place in chosen:
        box = tuple(slice(at * edge, (at + 1) * edge) for at, edge in zip(corners[place], edges, strict=True))
        values.append(float(measure(labels.replaced(labels=labels.labels[box]))))
    finite = np.array([value for value in values if math.isfinite(value)])
    z, y, x = (edge * nm / 1000 for edge, nm in zip(edges, labels.spacing_nm, strict=True))
    return SubVolumes(
        parts=(cut[2], cut[1], cut[0]),
        size_um=(x, y, z),
        count=len(values),
        without=len(values) - finite.size,
        mean=float(finite.mean()) if finite.size else None,
        std=float(finite.std(ddof=1)) if finite.size > 1 else None,
    )


def _exponent(sizes: tuple[SubVolumes, ...]) -> float | None:
    """-d ln variance/d ln V over the sizes."""
    known = [(math.prod(size.size_um), size.std) for size in sizes if size.std]
    if len(known) < 2:
        return None
    volumes, stds = np.array(known).T
    return float(-np.polyfit(np.log(volumes), 2 * np.log(stds), 1)[0])
