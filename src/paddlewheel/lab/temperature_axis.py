"""One temperature axis for what was measured apart: a calorimeter's temperatures and those that diffraction was set to.

T_sample = a + b T_set from the events that both have seen. An event that is activated comes later at a faster rate:
this shift is no error of an axis, so it is taken off before the axis is fitted, and given by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.kinetics import shift_K
from paddlewheel.records import Measured

_FURTHEST_K = 60.0
"""That one event may be apart on two axes."""
_LEVER = 0.1
"""Error of the slope above which the events lie too close together for one."""
_ROUNDS = 4
USUAL_BARRIERS_KJ_PER_MOL = (100.0, 300.0)
"""Between which most solid-state transformations are: what an unknown barrier would shift by."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """T_sample = offset + slope T_set, in degrees Celsius.

    Attributes
    ----------
    offset_K, slope
        The slope is None where the events decide none: then it is 1.
    covariance
        Of offset and slope, [2, 2].
    residuals_K
        Of the events: what the calorimeter says less the axis.
    """

    offset_K: Measured
    slope: Measured | None
    covariance: np.ndarray
    residuals_K: tuple[float, ...]

    def to_sample_C(self, set_C: np.ndarray | float) -> np.ndarray:
        """The temperature of the sample where it was set to one."""
        slope = 1.0 if self.slope is None else self.slope.value
        return self.offset_K.value + slope * np.asarray(set_C, dtype=float)

    def std_K(self, set_C: float) -> float:
        """Standard error of that by the axis alone."""
        row = np.array([1.0, set_C])
        return float(np.sqrt(max(row @ self.covariance @ row, 0.0)))


def match_events(dsc_C: Sequence[float], xrd_C: Sequence[float]) -> list[tuple[int, int]]:
    """Pairs of places of events that are one: as many as can be, in one order, least apart; none over 60 K."""
    hot, other = np.argsort(dsc_C), np.argsort(xrd_C)
    count, width = len(hot), len(other)
    # cost of the best matching of the first i and j: number of pairs first, then the distances
    best: list[list[tuple[int, float]]] = [[(0, 0.0)] * (width + 1) for _ in range(count + 1)]
    for i in range(1, count + 1):
        for j in range(1, width + 1):
            apart = abs(dsc_C[hot[i - 1]] - xrd_C[other[j - 1]])
            pairs, distance = best[i - 1][j - 1]
            options = [best[i - 1][j], best[i][j - 1]]
            if apart <= _FURTHEST_K:
                options.append((pairs - 1, distance + apart))
            best[i][j] = min(options)
    found, i, j = [], count, width
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((int(hot[i]), int(other[j])))
    return found[::-1]


def shift_by_barrier(
    temperature_C: float, barrier_kJ_per_mol: Measured, rate_K_per_min: float, other_rate_K_per_min: float
) -> Measured:
    """By how much an activated event comes later at its rate than at another (Kissinger), with the barrier's error."""
    energy = barrier_kJ_per_mol.value
    later_K = -shift_K(temperature_C, energy, rate_K_per_min, other_rate_K_per_min)
    return Measured(value=later_K, std=abs(later_K) * barrier_kJ_per_mol.std / energy)  # it goes as 1 / E


def fit_axis(set_C: Sequence[Measured], sample_C: Sequence[Measured]) -> Axis:
    """The axis by the events seen by both, errors of both temperatures weighed in.

    Two events or more give a slope where it is known to 0.1; otherwise it is 1. Where events scatter by more than
    their errors, these are widened.

    Raises
    ------
    DataError
        For no event.
    """
    if not set_C:
        raise DataError("no event was seen by both", where="axis", remedy="measure a transition with both")
    x, y = (np.array([each.value for each in values]) for values in (set_C, sample_C))
    x_std, y_std = (np.array([each.std for each in values]) for values in (set_C, sample_C))
    centre = float(x.mean())
    slope, slope_std, covariance = 1.0, np.inf, np.zeros((2, 2))
    parameters = np.zeros(2)
    if x.size > 1 and np.ptp(x) > 0:
        for _ in range(_ROUNDS):
            sigma = np.maximum(np.hypot(y_std, slope * x_std), 1e-6)
            design = np.c_[np.ones(x.size), x - centre] / sigma[:, None]
            inverse = np.linalg.inv(design.T @ design)
            parameters = inverse @ (design.T @ (y / sigma))
            slope = float(parameters[1])
            chi2 = float((((y - parameters[0] - slope * (x - centre)) / sigma) ** 2).sum())
            covariance = inverse * max(1.0, chi2 / (x.size - 2) if x.size > 2 else 1.0)
        slope_std = float(np.sqrt(covariance[1, 1]))
    if slope_std > _LEVER:
        sigma = np.maximum(np.hypot(y_std, x_std), 1e-6)
        weights = sigma**-2 / (sigma**-2).sum()
        offset = float(weights @ (y - x))
        scatter = float((((y - x - offset) / sigma) ** 2).sum()) / max(x.size - 1, 1)
        std = float(np.sqrt(max(1.0, scatter) / (sigma**-2).sum()))
        return Axis(
            offset_K=Measured(value=offset, std=std), slope=None, covariance=np.array([[std**2, 0.0], [0.0, 0.0]]),
            residuals_K=tuple((y - x - offset).tolist()),
        )  # fmt: skip
    turned = np.array([[1.0, -centre], [0.0, 1.0]])
    covariance = turned @ covariance @ turned.T
    offset = float(parameters[0] - slope * centre)
    return Axis(
        offset_K=Measured(value=offset, std=float(np.sqrt(covariance[0, 0]))),
        slope=Measured(value=slope, std=slope_std), covariance=covariance,
        residuals_K=tuple((y - offset - slope * x).tolist()),
    )  # fmt: skip
