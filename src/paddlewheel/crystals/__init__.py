"""Crystals: reading, checking, supercells, ordering, polyanions, charges. Structures are ASE Atoms throughout."""

from paddlewheel.crystals.anions import Polyanion, find_polyanions, gather
from paddlewheel.crystals.charges import (
    cation_charge,
    conducting_cations,
    guess_charge,
    guess_mobile_specie,
    known_charges,
)
from paddlewheel.crystals.check import check_structure
from paddlewheel.crystals.disorder import OrderedCell, elements_of, is_disordered, order_structure
from paddlewheel.crystals.formats import data_file_symbols
from paddlewheel.crystals.library import StructureCard, list_structures, structure_card
from paddlewheel.crystals.masses import AnionType, find_anion_types, scale_anion_masses
from paddlewheel.crystals.mean_cell import LARGEST_STRAIN, largest_strain, mean_cell
from paddlewheel.crystals.read import read_structure
from paddlewheel.crystals.reduced import reduced_basis
from paddlewheel.crystals.site_list import PlacedSites, SiteList, place_in_cell, read_site_list
from paddlewheel.crystals.supercell import make_supercell

__all__ = [
    "LARGEST_STRAIN",
    "AnionType",
    "OrderedCell",
    "PlacedSites",
    "Polyanion",
    "SiteList",
    "StructureCard",
    "check_structure",
    "data_file_symbols",
    "find_anion_types",
    "find_polyanions",
    "gather",
    "cation_charge",
    "guess_charge",
    "conducting_cations",
    "guess_mobile_specie",
    "elements_of",
    "is_disordered",
    "known_charges",
    "largest_strain",
    "list_structures",
    "make_supercell",
    "mean_cell",
    "order_structure",
    "place_in_cell",
    "read_site_list",
    "read_structure",
    "reduced_basis",
    "scale_anion_masses",
    "structure_card",
]
