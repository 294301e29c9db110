"""How well a flow through one body stands for the material: the spread of sub-volumes and of segmentations.

Where the variance of a body of volume V goes as V^-a (Kanit et al. 2003, doi 10.1016/S0020-7683(03)00143-4), that of
the whole, v, is n^a times smaller than that of one of n blocks, and blocks vary about the mean of their own body by
s^2 = v (n^a - 1) n/(n - 1): touching blocks are alike. Independent blocks (a = 1, v = s^2/n) hold the
truth in 87 % of 95 % intervals; a = 0.7, measured on two composites, in 95 to 97 %
(docs/benchmarks/tomography_tau_coverage.md). Blocks in which nothing reaches across count with sigma = 0. tau and the
exponent are functions of sigma and the volume fraction eps: their errors are of first order in both, with the
correlation that the blocks have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from paddlewheel.records import Measured

_EXPONENT = 0.7
"""a of variance ~ V^-a from blocks to a body."""
_MISSED = 0.04
"""Of ln tau: what all segmentations of a family have in common, the root mean square of 24 synthetic stacks with known
phases beyond the spread of their families (docs/benchmarks/tomography_segmentation.md)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Deviations:
    """Of blocks or segmentations from the whole: relative deviations of sigma_eff, of eps and of <sigma>, [n] each.

    Attributes
    ----------
    scale
        By which their standard deviation becomes that of the whole: sqrt(v)/s for blocks, 1 for segmentations.
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
        scale=block_scale(len(relative[0])) if of_blocks else 1.0,
    )


def block_scale(count: int) -> float:
    """Standard deviation of a body over that of `count` touching blocks of it about their own mean."""
    return math.sqrt((count - 1) / (count * (count**_EXPONENT - 1)))


def of_method(tortuosity_factor: float) -> float:
    """Standard deviation of ln sigma_eff by what labels of `segment` miss whichever member is taken: necks and rims
    thinner than the image shows. It goes with ln tau: nothing is missed where nothing is in the way."""
    return _MISSED * math.log(max(tortuosity_factor, 1.0))


def with_errors(
    value: float,
    parts: Sequence[tuple[float, float]],
    *,
    logarithmic: bool = True,
    between: tuple[float, float] | None = None,
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
    between
        Ends between which the value lies whatever its other errors, each of them as likely as all between: intervals
        begin at these ends, and the standard deviation has that of an even distribution.
    lowest, highest
        Beyond which the value cannot be: intervals end there.
    """
    variance = sum(std**2 for std, _ in parts)
    below = sum(std**4 / freedom for std, freedom in parts)
    freedom = variance**2 / below if below else math.inf
    first, last = between or (value, value)

    def ends(level: float) -> tuple[float, float]:
        reach = float(t.ppf(0.5 + level / 2, freedom)) * math.sqrt(variance) if variance else 0.0
        low, high = (first * math.exp(-reach), last * math.exp(reach)) if logarithmic else (first - reach, last + reach)
        return min(max(low, lowest), value), max(min(high, highest), value)

    width = math.log(last / first) if logarithmic else last - first
    std = math.sqrt(variance + width**2 / 12) * (abs(value) if logarithmic else 1.0)
    if std == 0:
        return Measured(value=value, std=0.0)
    one, two = float(2 * norm.cdf(1) - 1), 0.95
    return Measured(value=value, std=std, interval_68=ends(one), interval_95=ends(two))
