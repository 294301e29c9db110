"""How the diffusivity in a solid depends on the size of its periodic cell, and what is left of that in an infinite one.

`ln D(T, N) = a(T) + b / N`. In fluids D grows as 1/L, by the flow that an ion drags along (Yeh and Hummer, doi
10.1021/jp0477147); a solid has a shear modulus in place of a viscosity, its framework stays where it is: there is no
such law. What a small crystal does change goes as 1/N to leading order: averages in an ensemble of a fixed number of
ions (Lebowitz, Percus and Verlet, doi 10.1103/PhysRev.153.250), and the elastic energy of a defect with its periodic
images, 1/V (Varvenne et al., doi 10.1103/PhysRevB.88.134102). So the line is one in 1/N; slopes may have either sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.transport.log_values import IMPROBABLE, Combination, LogValue, fit_logs


@dataclass(frozen=True)
class SizesAtTemperature:
    """Diffusivities at one temperature in cells of several sizes.

    Attributes
    ----------
    n_atoms, values
        `[n]`, in ascending order: atoms of the cells, and the logarithms of D.
    pooled
        Their weighted mean: D if the size of the cell makes no difference. Its chi2 says whether they agree.
    extrapolated
        Of the line in 1/N at 1/N = 0.
    """

    temperature_K: float
    n_atoms: tuple[int, ...]
    values: tuple[LogValue, ...]
    pooled: Combination
    extrapolated: Combination

    @property
    def agree(self) -> bool:
        """Whether all sizes have one D, within their errors (chance of a larger chi2 5 % or more)."""
        return self.pooled.probability is None or self.pooled.probability >= IMPROBABLE


@dataclass(frozen=True)
class SizeDependence:
    """Of all temperatures with two sizes or more together.

    Attributes
    ----------
    slope
        b of `ln D = a(T) + b / N`, common to the temperatures, in atoms, by fit and error.
    interval_95
        Of it.
    """

    temperatures: tuple[SizesAtTemperature, ...]
    slope: Combination
    interval_95: tuple[float, float]

    @property
    def trend(self) -> bool:
        """Whether D changes with the size of the cell: the 95 % interval of the slope leaves zero out."""
        return not self.interval_95[0] <= 0.0 <= self.interval_95[1]

    def chosen(self, found: SizesAtTemperature) -> LogValue:
        """D of one of the temperatures for an infinite cell: extrapolated if there is a trend, else the pooled one."""
        return (found.extrapolated if self.trend else found.pooled).result


def size_dependence(
    temperatures_K: Sequence[float], n_atoms: Sequence[int], values: Sequence[LogValue]
) -> SizeDependence | None:
    """Fit diffusivities in cells of several sizes; None where no temperature has two.

    The slope is read from all temperatures together: from one of them alone, two runs of 20 % error show a trend only
    where cells differ by more than half. Each temperature has a value at 1/N = 0 of its own line.

    Parameters
    ----------
    temperatures_K, n_atoms, values
        `[n]`, of each diffusivity: temperature, atoms in the cell, and its logarithm. They are independent.

    Raises
    ------
    InputError
        For lists of different lengths, cells without atoms, or one size twice at a temperature.
    """
    if not len(temperatures_K) == len(n_atoms) == len(values):
        raise InputError(f"{len(temperatures_K)} temperatures, {len(n_atoms)} sizes and {len(values)} values")
    if any(n < 1 for n in n_atoms):
        raise InputError(f"a cell of {min(n_atoms)} atoms has no size")
    found = []
    for at in sorted(set(temperatures_K)):
        members = sorted(
            ((n, value) for t, n, value in zip(temperatures_K, n_atoms, values, strict=True) if t == at),
            key=lambda member: member[0],
        )
        sizes = [n for n, _ in members]
        if len(set(sizes)) < len(sizes):
            raise InputError(f"two diffusivities in one size of cell at {at:g} K", remedy="pool them as replicas")
        if len(sizes) < 2:
            continue
        logs = [value for _, value in members]
        line = [[1.0, 1.0 / n] for n in sizes]
        found.append(
            SizesAtTemperature(
                temperature_K=at,
                n_atoms=tuple(sizes),
                values=tuple(logs),
                pooled=fit_logs(logs, [[1.0]] * len(logs), [1.0]),
                extrapolated=fit_logs(logs, line, [1.0, 0.0]),
            )
        )
    if not found:
        return None
    rows, own = [], np.eye(len(found))
    for index, each in enumerate(found):
        rows += [[*own[index], 1.0 / n] for n in each.n_atoms]
    slope = fit_logs([value for each in found for value in each.values], rows, [*np.zeros(len(found)), 1.0])
    reach = slope.result.reach(0.95)
    return SizeDependence(tuple(found), slope, (slope.result.log - reach, slope.result.log + reach))
