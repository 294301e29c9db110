"""How to cite what a validation used."""

from __future__ import annotations

from collections.abc import Sequence

from paddlewheel.records import Citation
from paddlewheel.studies.validate.settings import ValidateSettings
from paddlewheel.study.citations import (
    analysis_citations,
    dynamics_citations,
)


def validation_citations(settings: ValidateSettings, potentials: Sequence[str]) -> list[Citation]:
    """References of both potentials and of the methods of the parts that are not left out."""
    from paddlewheel.potentials import describe_potential

    cards = [describe_potential(name) for name in dict.fromkeys(potentials)]
    citations = [
        Citation(what=f"potential {card.name}", reference=card.citation or card.title, doi=card.doi) for card in cards
    ]
    if settings.npt_ps or settings.bond_ps:
        citations += dynamics_citations("npt")
    if settings.eos_points:
        citations.append(
            Citation(
                what="equation of state", reference="Birch, Phys. Rev. 71, 809 (1947)", doi="10.1103/PhysRev.71.809"
            )
        )
    if settings.phonon_displacement_A:
        citations.append(
            Citation(
                what="phonons by finite displacements (phonopy)",
                reference="Togo, J. Phys. Soc. Jpn. 92, 012001 (2023)",
                doi="10.7566/JPSJ.92.012001",
            )
        )
    if settings.diffusion_ps:
        citations += [one for one in analysis_citations() if "active ions" not in one.what]
    return citations
