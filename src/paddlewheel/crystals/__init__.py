"""Crystals: reading, checking, supercells, ordering, polyanions, charges. Structures are ASE Atoms throughout."""

from paddlewheel.crystals.anions import Polyanion, find_polyanions, gather
from paddlewheel.crystals.check import check_structure
from paddlewheel.crystals.library import StructureCard, list_structures, structure_card
from paddlewheel.crystals.read import read_structure
from paddlewheel.crystals.supercell import make_supercell

__all__ = [
    "Polyanion",
    "StructureCard",
    "check_structure",
    "find_polyanions",
    "gather",
    "list_structures",
    "make_supercell",
    "read_structure",
    "structure_card",
]
