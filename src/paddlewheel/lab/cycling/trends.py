"""How a quantity goes with the cycle number: a slope that single strange cycles do not decide, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NORMAL_95 = 1.959963985
_MOST_CYCLES = 3000
"""Slopes of all pairs of more cycles would fill the memory: of a longer series evenly spread cycles are taken."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Theil-Sen slope per cycle with its 95 % interval, the value at the first cycle on the line, and the correlation
    of neighbouring residuals that the interval was widened for."""

    slope_per_cycle: float
    low: float
    high: float
    at_first: float
    correlation: float


def robust_trend(cycles: np.ndarray, values: np.ndarray) -> Trend | None:
    """The trend of values `[n]` over cycles `[n]`, all different; None with fewer than four.

    The median of the slopes of all pairs, its interval from the distribution of Kendall's S (Sen, J. Am. Stat. Assoc.
    63, 1379 (1968), doi 10.1080/01621459.1968.10480934), which holds for independent errors. Those of a cell go on from
    cycle to cycle: the interval is widened by sqrt((1 + r) / (1 - r)), r the correlation of neighbouring residuals
    (Yue and Wang, Water Resour. Manag. 18, 201 (2004), doi 10.1023/B:WARM.0000043140.61082.60). `scipy.stats` has the
    slope without that; it takes longer to import than a test of a million rows to analyse.
    """
    if len(cycles) < 4:
        return None
    if len(cycles) > _MOST_CYCLES:
        kept = np.unique(np.linspace(0, len(cycles) - 1, _MOST_CYCLES).astype(int))
        cycles, values = cycles[kept], values[kept]
    n = len(cycles)
    first, second = np.triu_indices(n, 1)
    slopes = np.sort((values[second] - values[first]) / (cycles[second] - cycles[first]))
    slope = float(np.median(slopes))
    _, ties = np.unique(values, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))) / 18
    reach = _NORMAL_95 * np.sqrt(max(variance, 0.0))
    low = slopes[max(round((len(slopes) - reach) / 2), 0)]
    high = slopes[min(round((len(slopes) + reach) / 2), len(slopes) - 1)]
    residual = values - slope * cycles
    residual = residual - np.median(residual)
    power = float(np.sum(residual**2))
    found = float(np.sum(residual[1:] * residual[:-1])) / power if power > 0 else 0.0
    # a trend taken off n values lowers the correlation that is left by about (1 + 4 r) / n (Kendall)
    correlation = min(max((n * found + 1) / (n - 4), 0.0), 0.95) if n > 5 else 0.0
    wider = float(np.sqrt((1 + correlation) / (1 - correlation)))
    return Trend(
        slope_per_cycle=slope,
        low=slope - wider * (slope - float(low)),
        high=slope + wider * (float(high) - slope),
        at_first=float(np.median(values - slope * (cycles - cycles[0]))),
        correlation=correlation,
    )
