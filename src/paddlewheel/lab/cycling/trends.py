"""How a quantity goes with the cycle number: a slope that single strange cycles do not decide, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import theilslopes


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Theil-Sen slope per cycle with its 95 % interval (Sen, J. Am. Stat. Assoc. 1968, doi
    10.1080/01621459.1968.10480934), and the value at the first cycle on the line."""

    slope_per_cycle: float
    low: float
    high: float
    at_first: float


def robust_trend(cycles: np.ndarray, values: np.ndarray) -> Trend | None:
    """The trend of values over cycles; None with fewer than four."""
    if len(cycles) < 4:
        return None
    slope, intercept, low, high = np.asarray(theilslopes(values, cycles, alpha=0.95), dtype=float)
    return Trend(
        slope_per_cycle=float(slope), low=float(low), high=float(high), at_first=float(intercept + slope * cycles[0])
    )
