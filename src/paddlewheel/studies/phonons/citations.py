"""How to cite what `phonons` used."""

from __future__ import annotations

from paddlewheel.potentials.card import PotentialCard
from paddlewheel.records import Citation

_METHODS = (
    Citation(
        what="phonons by finite displacements (phonopy)",
        reference="Togo, J. Phys. Soc. Jpn. 92, 012001 (2023)",
        doi="10.7566/JPSJ.92.012001",
    ),
    Citation(
        what="phonons by finite displacements (phonopy)",
        reference="Togo, Chaput, Tadano, Tanaka, J. Phys.: Condens. Matter 35, 353001 (2023)",
        doi="10.1088/1361-648X/acd831",
    ),
    Citation(
        what="space groups (spglib)",
        reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822 (2024)",
        doi="10.1080/27660400.2024.2384822",
    ),
    Citation(
        what="relaxation and path of the bands (ASE)",
        reference="Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
        doi="10.1088/1361-648X/aa680e",
    ),
)


def phonon_citations(card: PotentialCard) -> list[Citation]:
    """The methods, and the potential where its card says how."""
    potential = (
        [Citation(what=f"potential {card.name}", reference=card.citation, doi=card.doi)] if card.citation else []
    )
    return [*_METHODS, *potential]
