"""Rates of rare events: a count over the time at risk, with the interval of a Poisson mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rate:
    """`count` events in `time_ps` of ion-time at risk.

    Intervals are those of Garwood (doi 10.1093/biomet/28.3-4.437), from the Gamma distribution: exact for a Poisson
    count, so at least as long as they should be, and one-sided where nothing was seen.
    """

    count: int
    time_ps: float

    @property
    def value_per_ps(self) -> float | None:
        """Events per ion and ps; None where nobody was at risk."""
        return self.count / self.time_ps if self.time_ps > 0 else None

    @property
    def std_per_ps(self) -> float | None:
        """Its standard error, sqrt(count) / time; None without an event."""
        return np.sqrt(self.count) / self.time_ps if self.time_ps > 0 and self.count else None

    def interval_per_ps(self, level: float) -> tuple[float, float] | None:
        """The central interval of this level, such as 0.95; from 0 where nothing was seen."""
        from scipy.stats import gamma

        if self.time_ps <= 0:
            return None
        if self.count == 0:
            return 0.0, float(-np.log(1 - level) / self.time_ps)
        tail = 0.5 * (1 - level)
        low, high = gamma.ppf(tail, self.count), gamma.ppf(1 - tail, self.count + 1)
        return float(low / self.time_ps), float(high / self.time_ps)

    def mean_time_ps(self) -> float | None:
        """Time at risk over events: the mean time to an event, censored intervals included; None without an event."""
        return self.time_ps / self.count if self.count else None

    def mean_time_interval_ps(self, level: float) -> tuple[float, float | None] | None:
        """The interval of the mean time; no upper end where nothing was seen."""
        rates = self.interval_per_ps(level)
        if rates is None:
            return None
        return 1.0 / rates[1], (1.0 / rates[0] if rates[0] > 0 else None)
