"""Hops back that a run is too short to see: by how much a diffusivity may be smaller than the slope of its MSD.

Ions in crystals hop back more often than on: the slope of the MSD falls for as long as they move among the same few
sites, and its final value is D. What falls within the lags of a fit the fit tells (`slow_relaxation.py`). What falls
later no run of that length tells, but other materials do. With n hops of an ion in the longest lag, n ln(slope / D) is
near 0 in three of the six conductors that were run for long, 0.2 to 0.3 in Li2VCl4, and 0.3 to 1.8 in two argyrodites
(docs/statistics.md). It is taken for exponential, the law of greatest entropy of a positive quantity of known mean. All
temperatures of a material share it.
"""

from __future__ import annotations

import math

MEAN_AT_ONE_HOP = 0.5
"""Chosen for argyrodites, so that it is more than most conductors need: 99 % of the 95 % intervals of D of Li6PS5Cl
hold, and 92 % of those of sigma(300 K); with 0.35, 93 and 82 % (docs/benchmarks/real_coverage.md)."""
MEDIAN = math.log(2.0)
"""Of the exponential law, over its mean."""


def unseen_memory_of(hops: float) -> float:
    """Mean, and standard deviation, of ln(slope / D) where an ion makes `hops` hops in the longest lag of the fit."""
    return MEAN_AT_ONE_HOP / hops


def reach(memory: float, level: float) -> float:
    """What ln(slope / D) stays under with the chance (1 + level) / 2: the lower part of an interval of `level`."""
    return -memory * math.log(0.5 - 0.5 * level)
