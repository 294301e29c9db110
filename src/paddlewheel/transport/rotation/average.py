"""Means over anions: each anion of each run is one independent unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A value with its standard uncertainty (68 %); `std` is None where a single anion gives no spread."""

    value: float
    std: float | None


def mean_over_units(values: Sequence[float] | np.ndarray) -> Estimate:
    """Mean of `[n_units]` values, with the standard error from their spread."""
    given = np.asarray(values, dtype=np.float64)
    std = float(given.std(ddof=1) / np.sqrt(len(given))) if len(given) > 1 else None
    return Estimate(float(given.mean()), std)


def jackknife(units: np.ndarray, function: Callable[[np.ndarray], float]) -> Estimate:
    """`function` of the mean of `units` `[n_units, ...]`, with its delete-one uncertainty (Efron and Stein 1981)."""
    n = len(units)
    total = units.sum(axis=0)
    value = function(total / n)
    if n < 2:
        return Estimate(value, None)
    without = np.array([function((total - unit) / (n - 1)) for unit in units])
    return Estimate(value, float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())))
