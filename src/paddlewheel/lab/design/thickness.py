"""The line of thickness against loading: density of the composite from its slope, and what it is thicker by anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from uncertainties import correlated_values

from paddlewheel.errors import DataError
from paddlewheel.lab.design.inputs import CellDesign
from paddlewheel.lab.geometry import Uncertain, ideal_density
from paddlewheel.lab.sample import Composite
from paddlewheel.records import Measured


@dataclass(frozen=True, kw_only=True)
class ThicknessLine:
    """thickness = offset + composite mass per area / density, by weighted least squares.

    Attributes
    ----------
    density_g_per_cm3
        Of what each further layer of composite adds.
    offset_um
        Thickness at no loading: of a foil or a carbon layer that is measured along, or of a reading that is too long.
    chi2, degrees_of_freedom
        Of the fit, with the given uncertainties.
    """

    density_g_per_cm3: Uncertain
    offset_um: Uncertain
    chi2: float
    degrees_of_freedom: int

    def thickness_um(self, composite_mg_per_cm2: float) -> Uncertain:
        """Thickness of so much composite."""
        return self.offset_um + composite_mg_per_cm2 * 1e-3 / self.density_g_per_cm3 * 1e4


def composite_mg_per_cm2(loading_mg_per_cm2: float, values: Mapping[str, float]) -> float:
    """Composite per area of a loading of active material."""
    return loading_mg_per_cm2 / values["active_weight_fraction"]


def dense_composite_g_per_cm3(design: CellDesign) -> Uncertain | None:
    """Density of the composite without pores; None without the densities of all components."""
    if not design.components:
        return None
    return ideal_density(Composite(mass_mg=Measured(value=1.0, std=0.0), components=design.composite_components()))


def thickness_line(design: CellDesign, *, where: str | Path = "design") -> ThicknessLine:
    """Through the measured thicknesses, or, without any, through zero with the density of the dense components.

    Raises
    ------
    DataError
        Without either, or as `fit_thickness_line`.
    """
    if design.thicknesses:
        return fit_thickness_line(
            [
                composite_mg_per_cm2(measurement.loading_mg_per_cm2, design.values())
                for measurement in design.thicknesses
            ],
            [measurement.thickness_um.measured() for measurement in design.thicknesses],
        )
    ideal = dense_composite_g_per_cm3(design)
    if ideal is None:
        raise DataError(
            "neither thicknesses nor the densities of all components", where=where, remedy="give one of them"
        )
    return ThicknessLine(density_g_per_cm3=ideal, offset_um=0.0, chi2=0.0, degrees_of_freedom=0)


def fit_thickness_line(composite_mg_per_cm2: Sequence[float], thickness_um: Sequence[Measured]) -> ThicknessLine:
    """The line through measured thicknesses; where no uncertainties are given they are all taken as alike.

    With more than two points the uncertainties are stretched by the root of chi2 over the degrees of freedom where that
    is above 1 (Birge ratio), and with alike weights always.

    Raises
    ------
    DataError
        With fewer than two different loadings, or where more composite is not thicker.
    """
    mass = np.asarray(composite_mg_per_cm2, dtype=float)
    value = np.array([thickness.value for thickness in thickness_um])
    std = np.array([thickness.std for thickness in thickness_um])
    if len(np.unique(mass)) < 2:
        raise DataError("fewer than two loadings", where="thicknesses", remedy="give two or more, or leave them out")
    weighted = bool((std > 0).all())
    weight = 1 / std if weighted else np.ones_like(value)
    matrix = np.stack([np.ones_like(mass), mass], axis=1) * weight[:, None]
    solution, *_ = np.linalg.lstsq(matrix, value * weight, rcond=None)
    covariance = np.linalg.inv(matrix.T @ matrix)
    chi2, freedom = float(np.sum((matrix @ solution - value * weight) ** 2)), len(mass) - 2
    if freedom:
        covariance *= max(1.0, chi2 / freedom) if weighted else chi2 / freedom
    elif not weighted:
        covariance *= 0.0  # two bare numbers: nothing is known of their error
    if solution[1] <= 0:
        raise DataError("more composite is not thicker", where="thicknesses", remedy="check their order and units")
    offset: Uncertain
    slope: Uncertain
    offset, slope = correlated_values(solution, covariance) if covariance.any() else solution
    return ThicknessLine(
        density_g_per_cm3=10 / slope, offset_um=offset, chi2=chi2, degrees_of_freedom=freedom
    )  # 1 mg/cm2 in 1 um is 10 g/cm3
