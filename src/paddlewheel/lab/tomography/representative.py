"""Whether a body is large enough: errors of volume fractions, as of a sample of a material; those of flows are in
`transport.errors`.

The material is taken as the same everywhere on average (stationary); a gradient through the body is none of the errors
here. Errors of the segmentation are apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from paddlewheel.lab.tomography.connectivity import checked_phases, conductor
from paddlewheel.lab.tomography.correlations import autocorrelation, distances, pairs_apart
from paddlewheel.lab.tomography.voxels import Labels

_BLOCKS = 4_000_000
_WINDOW_RADII = 3.0
_FEWEST_DEGREES = 4.0
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
