"""What follows from a sample: area, loading, porosity, capacities; and where its numbers do not fit each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uncertainties import ufloat

from paddlewheel.errors import DataError
from paddlewheel.lab.ranges import check_quantity
from paddlewheel.lab.sample import Composite, Pellet, Sample
from paddlewheel.records import Measured

Uncertain = Any
"""A float, or an `AffineScalarFunc` of the package `uncertainties`: a number with its standard uncertainty and its
correlations (it overloads the operators, which no type checker sees)."""

_ROUNDING = 0.02
"""Two numbers of a file that differ by less, relative, are the same number rounded twice."""
_SURE = 2.0
"""Standard uncertainties by which two numbers must differ, or one pass its bound, to count."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Two numbers for the same thing: the one given, and the one that follows from the others."""

    quantity: str
    given: Uncertain
    derived: Uncertain
    explanation: str

    def __str__(self) -> str:
        return f"{self.quantity}: {nominal(self.given):.4g} given, {self.explanation}"


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What follows from a sample; None where its file gives too little.

    Attributes
    ----------
    area_cm2
        Of the die.
    composite_density_ideal_g_per_cm3, porosity
        1 / sum(w_i / rho_i), and 1 - m / (A L rho).
    active_mass_mg, loading_mg_per_cm2
        Of the active material.
    theoretical_capacity_mAh, theoretical_capacity_mAh_per_cm2
        Active mass times its capacity.
    pellet_thickness_cm, pellet_relative_density
        Of the electrolyte.
    contradictions
        Numbers of the file that do not fit each other.
    """

    area_cm2: Uncertain
    composite_density_ideal_g_per_cm3: Uncertain | None
    porosity: Uncertain | None
    active_mass_mg: Uncertain | None
    loading_mg_per_cm2: Uncertain | None
    theoretical_capacity_mAh: Uncertain | None
    theoretical_capacity_mAh_per_cm2: Uncertain | None
    pellet_thickness_cm: Uncertain | None
    pellet_relative_density: Uncertain | None
    contradictions: tuple[Contradiction, ...]


def nominal(value: Uncertain) -> float:
    """The value without its uncertainty."""
    return float(getattr(value, "nominal_value", value))


def deviation(value: Uncertain) -> float:
    """The standard uncertainty; 0 of a plain number."""
    return float(getattr(value, "std_dev", 0.0))


def to_measured(value: Uncertain) -> Measured:
    """For a record."""
    return Measured(value=nominal(value), std=deviation(value))


def as_measured(given: Measured | float) -> Measured:
    """A measured number as it is, a plain one without uncertainty."""
    return given if isinstance(given, Measured) else to_measured(given)


def to_uncertain(given: Measured | None) -> Uncertain:
    assert given is not None
    return ufloat(given.value, given.std) if given.std else given.value


def disc_area_cm2(diameter_cm: Uncertain) -> Uncertain:
    """pi d^2 / 4."""
    return math.pi / 4 * diameter_cm**2


def geometry(sample: Sample, *, where: str | Path = "sample") -> Geometry:
    """Area, loading, porosity and capacities of a sample, with contradictions.

    Raises
    ------
    DataError
        For what cannot be: a density above the ideal one, a porosity below zero, weight fractions that do not sum
        to 1, no area, or a mass over the area that no electrode or pellet has.
    """
    area, contradictions = _area(sample, where)
    composite, pellet = sample.composite, sample.pellet
    for name, part in (("composite", composite), ("pellet", pellet)):
        if part is not None and part.mass_mg is not None:
            over_area = part.mass_mg.value / nominal(area)
            check_quantity(f"{name}.mass_mg_per_cm2", over_area, where=where, size=sample.size)
    ideal = porosity = active = loading = capacity = per_area = None
    if composite is not None:
        fractions = sum(component.weight_fraction for component in composite.components)
        if abs(fractions - 1) > 0.005:
            raise DataError(
                f"weight fractions sum to {fractions:.4g}", where=where, remedy="they sum to 1: correct them"
            )
        mass = to_uncertain(composite.mass_mg)
        ideal = ideal_density(composite)
        porosity = _porosity(composite, ideal, area, where)
        actives = [component for component in composite.components if component.capacity_mAh_per_g is not None]
        if actives:
            share = sum(component.weight_fraction for component in actives)
            active = mass * share
            loading = active / area
            capacity = sum(
                mass * component.weight_fraction * to_uncertain(component.capacity_mAh_per_g) / 1000
                for component in actives
            )
            per_area = capacity / area
            for name, unit, given, derived in (
                ("loading_mg_per_cm2", "mg/cm2", composite.loading_mg_per_cm2, loading),
                ("areal_capacity_mAh_per_cm2", "mAh/cm2", composite.areal_capacity_mAh_per_cm2, per_area),
            ):
                if given is not None:
                    contradictions += compare(
                        name, to_uncertain(given), derived, area=area, active_share=share, unit=unit
                    )
    return Geometry(
        area_cm2=area,
        composite_density_ideal_g_per_cm3=ideal,
        porosity=porosity,
        active_mass_mg=active,
        loading_mg_per_cm2=loading,
        theoretical_capacity_mAh=capacity,
        theoretical_capacity_mAh_per_cm2=per_area,
        pellet_thickness_cm=to_uncertain(pellet.thickness_um) * 1e-4 if pellet and pellet.thickness_um else None,
        pellet_relative_density=_relative_density(pellet, area, where) if pellet else None,
        contradictions=tuple(contradictions),
    )


def compare(
    quantity: str, given: Uncertain, derived: Uncertain, *, area: Uncertain, active_share: float, unit: str
) -> list[Contradiction]:
    """The contradiction of a given and a derived number, with the mistake that explains it; empty where they agree."""
    ratio = nominal(given) / nominal(derived)
    beyond = abs(nominal(given) - nominal(derived)) > _SURE * deviation(given - derived)
    if abs(ratio - 1) <= _ROUNDING or not beyond:
        return []
    area_cm2 = nominal(area)
    mistakes = {
        f"1/{area_cm2:.3g} of it: the area seems to be divided out twice": 1 / area_cm2,
        f"{area_cm2:.3g} of it: the area seems not to be divided out": area_cm2,
        "1/w of it, w the active weight fraction: the composite's mass seems to be taken for the active one":
            1 / active_share,
        "w times it, w the active weight fraction: the active mass seems to be taken for the composite's": active_share,
        "four times it: the diameter seems to be taken for the radius": 4.0,
        "a quarter of it: the radius seems to be taken for the diameter": 0.25,
        "a thousand times it: a unit seems to be wrong": 1000.0,
        "a thousandth of it: a unit seems to be wrong": 0.001,
    }  # fmt: skip
    # the nearest mistake, if it explains the ratio to 3 %: a number of two digits is no better
    nearest = min(mistakes, key=lambda name: abs(math.log(ratio / mistakes[name])))
    known = nearest if abs(math.log(ratio / mistakes[nearest])) < 0.03 else f"{ratio:.3g} times that"
    explanation = f"{nominal(derived):.4g} {unit} follows from mass, fraction and area; the given one is {known}"
    return [Contradiction(quantity=quantity, given=given, derived=derived, explanation=explanation)]


def ideal_density(composite: Composite) -> Uncertain | None:
    """1 / sum(w_i / rho_i) in g/cm3; None where a density is not given."""
    volumes = [
        component.weight_fraction / to_uncertain(component.density_g_per_cm3)
        for component in composite.components
        if component.density_g_per_cm3 is not None
    ]
    return 1 / sum(volumes) if len(volumes) == len(composite.components) else None


def _area(sample: Sample, where: str | Path) -> tuple[Uncertain, list[Contradiction]]:
    given = None if sample.area_cm2 is None else to_uncertain(sample.area_cm2)
    if sample.die_diameter_mm is None:
        if given is None:
            raise DataError("no area", where=where, remedy="give die_diameter_mm or area_cm2")
        return given, []
    area = disc_area_cm2(to_uncertain(sample.die_diameter_mm) / 10)
    return area, [] if given is None else compare("area_cm2", given, area, area=1.0, active_share=1.0, unit="cm2")


def _porosity(composite: Composite, ideal: Uncertain | None, area: Uncertain, where: str | Path) -> Uncertain | None:
    if ideal is None or composite.thickness_um is None:
        return None
    density = to_uncertain(composite.mass_mg) / 1000 / (area * to_uncertain(composite.thickness_um) * 1e-4)
    porosity = 1 - density / ideal
    if nominal(porosity) < -_SURE * deviation(porosity) - _ROUNDING:
        mass_mg, thickness_um = composite.mass_mg.value, composite.thickness_um.value
        raise DataError(
            f"porosity {nominal(porosity):.3f}: {mass_mg:g} mg in {thickness_um:g} um are "
            f"{nominal(density):.3f} g/cm3, above the {nominal(ideal):.3f} of the dense components",
            where=where, remedy="check mass_mg, thickness_um, die_diameter_mm and the densities",
        )  # fmt: skip
    return porosity


def _relative_density(pellet: Pellet, area: Uncertain, where: str | Path) -> Uncertain | None:
    if pellet.mass_mg is None or pellet.thickness_um is None or pellet.ideal_density_g_per_cm3 is None:
        return None
    density = to_uncertain(pellet.mass_mg) / 1000 / (area * to_uncertain(pellet.thickness_um) * 1e-4)
    relative = density / to_uncertain(pellet.ideal_density_g_per_cm3)
    if nominal(relative) > 1 + _SURE * deviation(relative) + _ROUNDING:
        raise DataError(
            f"the pellet has {nominal(density):.3f} g/cm3, {nominal(relative):.2f} times the ideal density",
            where=where, remedy="check mass_mg, thickness_um, die_diameter_mm and ideal_density_g_per_cm3",
        )  # fmt: skip
    return relative
