"""What a composite was mixed from, and which share of the volume each phase has by that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paddlewheel.errors import DataError
from paddlewheel.lab.sample import Sample
from paddlewheel.records import Measured


@dataclass(frozen=True, kw_only=True)
class RecipePhase:
    """One phase of a recipe.

    Attributes
    ----------
    name
        Such as NCO.
    weight_fraction, density_g_per_cm3
        Of the solid; standard uncertainties 0 where none is given.
    formula
        For the order of grey values by mean atomic number; None where it is not said.
    """

    name: str
    weight_fraction: Measured
    density_g_per_cm3: Measured
    formula: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Phases of a composite without its pores; weight fractions add to 1."""

    phases: tuple[RecipePhase, ...]

    def solid_fractions(self) -> dict[str, float]:
        """Share of each phase in the volume of the solid: w_i/rho_i over the sum."""
        volumes = {phase.name: phase.weight_fraction.value / phase.density_g_per_cm3.value for phase in self.phases}
        total = sum(volumes.values())
        return {name: volume / total for name, volume in volumes.items()}


def recipe_of(sample: Sample, *, where: str) -> Recipe | None:
    """The recipe of a sample record: its composite's components, or those of the sample; None where it has none.

    Components of a composite have the formula of the sample's component of the same name.

    Raises
    ------
    DataError
        Where a component has no weight fraction or no density, or the fractions do not add to 1.
    """
    parts: Sequence[tuple[str, Measured | None, Measured | None, str | None]]
    if sample.composite is not None:
        formulas = {part.name: part.formula for part in sample.components}
        parts = [
            (part.name, Measured(value=part.weight_fraction, std=0.0), part.density_g_per_cm3, formulas.get(part.name))
            for part in sample.composite.components
        ]
    else:
        parts = [(part.name, part.weight_fraction, part.density_g_per_cm3, part.formula) for part in sample.components]
    if not parts:
        return None
    phases = []
    for name, weight, density, formula in parts:
        if weight is None or density is None:
            missing = "weight_fraction" if weight is None else "density_g_per_cm3"
            raise DataError(f"component {name} has no {missing}", where=where, remedy=f"give its {missing}")
        phases.append(RecipePhase(name=name, weight_fraction=weight, density_g_per_cm3=density, formula=formula))
    total = sum(phase.weight_fraction.value for phase in phases)
    if abs(total - 1) > 0.005:
        raise DataError(f"weight fractions add to {total:g}", where=where, remedy="give all components, together 1")
    return Recipe(phases=tuple(phases))
