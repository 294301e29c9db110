"""The three cathode composites of Oh et al., Joule 9, 102130 (2025), doi 10.1016/j.joule.2025.102130.

Methods: NCO : solid electrolyte : VGCF is 60:38:2 by weight; in the third, (NCO/NZC) : o-NBH : VGCF is (60:20):18:2.
NZC is milled onto NCO, the rest mixed by hand; all are pressed at 275 MPa. The text gives the densities of NZC (about
2.4 g/cm3) and o-NBH (about 1.2); those of NCO (from its cell) and VGCF are assumed, and so is that NCO is 3 to 5 um.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from paddlewheel.lab.tomography.generators.composites import Role
from paddlewheel.lab.tomography.recipe import Recipe, RecipePhase
from paddlewheel.records import Measured

PaperComposite = Literal["nco-nbh", "nco-nzc", "nco-nzc-nbh"]

NBH_MS_PER_CM, NZC_MS_PER_CM = 4.6, 0.06
"""Ionic conductivities at 30 C: of o-NBH from the text, of NZC that of ball-milled Na2ZrCl6, assumed; mS/cm."""

_ROLES: dict[str, Role] = {"NCO": "particles", "NZC": "coating", "VGCF": "fibres", "NBH": "matrix"}
_DENSITIES = {"NCO": (4.35, 0.05), "NZC": (2.4, 0.1), "NBH": (1.2, 0.1), "VGCF": (2.0, 0.1)}
_FORMULAS = {"NCO": "NaCrO2", "NZC": "Na2ZrCl6", "NBH": "Na3B13H16", "VGCF": "C"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A composite of the paper.

    Attributes
    ----------
    title
        As the paper calls it.
    recipe, roles
        What it is mixed from, and the shape of each phase.
    tortuosity
        The paper's ionic tortuosity.
    conductivities_mS_per_cm
        Of the phases that conduct ions.
    """

    title: str
    recipe: Recipe
    roles: dict[str, Role]
    tortuosity: float
    conductivities_mS_per_cm: dict[str, float] = field(default_factory=dict)


def _made(title: str, tortuosity: float, **weights: float) -> Made:
    phases = tuple(
        RecipePhase(
            name=name,
            weight_fraction=Measured(value=weight / 100, std=0.0),
            density_g_per_cm3=Measured(value=_DENSITIES[name][0], std=_DENSITIES[name][1]),
            formula=_FORMULAS[name],
        )
        for name, weight in weights.items()
    )
    conducting = {"NBH": NBH_MS_PER_CM, "NZC": NZC_MS_PER_CM}
    return Made(
        title=title,
        recipe=Recipe(phases=phases),
        roles={name: _ROLES[name] for name in weights},
        tortuosity=tortuosity,
        conductivities_mS_per_cm={name: value for name, value in conducting.items() if name in weights},
    )


PAPER: dict[PaperComposite, Made] = {
    "nco-nbh": _made("NCO/NBH", 1.53, NCO=60, NBH=38, VGCF=2),
    "nco-nzc": _made("NCO/NZC", 4.91, NCO=60, NZC=38, VGCF=2),
    "nco-nzc-nbh": _made("NCO/NZC/NBH", 3.46, NCO=60, NZC=20, NBH=18, VGCF=2),
}
