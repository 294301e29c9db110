"""How well a flow through one body stands for the material: the spread of sub-volumes and of segmentations.

Of n = k^3 blocks the mean of a quantity varies by s/sqrt(n), which is how the whole body varies where blocks are
larger than what is correlated (Kanit et al. 2003, doi 10.1016/S0020-7683(03)00143-4). Blocks in which nothing reaches
across count with sigma = 0. tau and the exponent are functions of sigma and the volume fraction eps: their errors are
of first order in both, with the correlation that the blocks have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from paddlewheel.records import Measured


@dataclass(frozen=True, eq=False, kw_only=True)
class Deviations:
    """Of blocks or segmentations from the whole: relative deviations of sigma_eff, of eps and of <sigma>, [n] each.

    Attributes
    ----------
    scale
        By which their standard deviation becomes that of the whole: 1/sqrt(n) for blocks, 1 for segmentations.
    """

    conductivity: np.ndarray
    fraction: np.ndarray
    mean_conductivity: np.ndarray
    scale: float

    def std(self, conductivity: float, fraction: float, mean_conductivity: float) -> float:
        """Standard deviation, for the whole, of a sum of the three relative deviations with these weights."""
        deviations = (
            conductivity * self.conductivity + fraction * self.fraction + mean_conductivity * self.mean_conductivity
        )
        return float(np.std(deviations, ddof=1)) * self.scale


def deviations(
    conductivities: Sequence[float], fractions: Sequence[float], means: Sequence[float], *, of_blocks: bool
) -> Deviations | None:
    """Of blocks (or segmentations) from their mean; None of fewer than two, or where nothing flows in any."""
    columns = [np.asarray(column, dtype=float) for column in (conductivities, fractions, means)]
    if len(columns[0]) < 2 or min(column.mean() for column in columns) <= 0:
        return None
    relative = [column / column.mean() - 1 for column in columns]
    return Deviations(
        conductivity=relative[0],
        fraction=relative[1],
        mean_conductivity=relative[2],
        scale=1 / math.sqrt(len(relative[0])) if of_blocks else 1.0,
    )


def with_errors(
    value: float,
    parts: Sequence[tuple[float, float]],
    *,
    logarithmic: bool = True,
    lowest: float = -math.inf,
    highest: float = math.inf,
) -> Measured:
    """A value with independent errors, and intervals by Student's t with the degrees of freedom of their sum.

    Parameters
    ----------
    value
        What was measured.
    parts
        Standard deviation and degrees of freedom (infinity for what is known) of each; relative ones where
        `logarithmic`.
    logarithmic
        Whether the logarithm has the errors.
    lowest, highest
        Beyond which the value cannot be: intervals end there.
    """
    variance = sum(std**2 for std, _ in parts)
    if variance == 0:
        return Measured(value=value, std=0.0)
    below = sum(std**4 / freedom for std, freedom in parts)
    freedom = variance**2 / below if below else math.inf
    std = math.sqrt(variance)

    def ends(level: float) -> tuple[float, float]:
        reach = float(t.ppf(0.5 + level / 2, freedom)) * std
        low, high = (
            (value * math.exp(-reach), value * math.exp(reach)) if logarithmic else (value - reach, value + reach)
        )
        return min(max(low, lowest), value), max(min(high, highest), value)

    one, two = float(2 * norm.cdf(1) - 1), 0.95
    return Measured(
        value=value, std=std * abs(value) if logarithmic else std, interval_68=ends(one), interval_95=ends(two)
    )
