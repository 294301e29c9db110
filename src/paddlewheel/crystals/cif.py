"""CIF through pymatgen, with what pymatgen leaves out or reorders put right."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.cif_statements import (
    ISOTOPE_MASSES_U,
    contents_contradict,
    group_contradicts,
    multiplied_occupancies,
)
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Composition, Structure

# pymatgen's own default is exactly 1, which three species at 0.3334 already exceed
_OCCUPANCY_SUM = 1.01
_SAME_SITE_A = 0.1
"""Sites this close are one place: nearer than any two refined positions of a split site."""
# type symbols that stand for an oxygen and hydrogens without coordinates
_WITH_HYDROGEN = re.compile(r"O-?H\d*|Wat\d*|H2O\d*", re.IGNORECASE)


def read_cif(path: Path, text: str) -> Structure:
    """Read a CIF with its symmetry expanded and its partial occupancies kept, sites in the order of the file.

    Raises
    ------
    StructureError
        For several structures, sites that are no element, and coordinates that do not make up the file's formula.
        (Whatever pymatgen raises besides is turned into one by `formats`.)
    """
    from ase.geometry import cellpar_to_cell
    from pymatgen.core import Structure
    from pymatgen.io.cif import CifFile, CifParser

    file = CifFile.from_str(text)
    for block in file.data.values():
        if "_atom_site_label" in block.data:
            _fill_default_occupancies(block.data)
            _refuse_crowded_sites(block.data, path)
    parser = CifParser(io.StringIO(str(file)), occupancy_tolerance=_OCCUPANCY_SUM, check_cif=False)
    structures = parser.parse_structures(primitive=False, on_error="raise")
    if len(structures) != 1:
        raise StructureError(
            f"holds {len(structures)} structures", where=path, remedy="write the one to use to a file of its own"
        )
    found = structures[0]
    data = next(block for block in parser.as_dict().values() if "_atom_site_label" in block)
    symbols = data.get("_atom_site_type_symbol", data["_atom_site_label"])
    _refuse_lost_atoms(data, symbols, found, path)
    _refuse_contradictions(data, found, len(parser.symmetry_operations), path)
    # pymatgen sorts the sites and turns c to z; here: the order of the file, and a along x as ASE and LAMMPS have it
    place = {label: row for row, label in reversed(list(enumerate(data["_atom_site_label"])))}
    sites = sorted(found, key=lambda site: place.get(site.label, len(place)))
    return Structure(
        cellpar_to_cell(found.lattice.parameters),
        [_own_isotope(site.species, symbols[place[site.label]]) for site in sites],
        [site.frac_coords for site in sites],
        labels=[site.label for site in sites],
    )


def _fill_default_occupancies(block: dict) -> None:
    """Give sites whose occupancy is ``.`` or ``?`` the dictionary's default, 1; pymatgen reads 0 and drops them."""
    given = block.get("_atom_site_occupancy")
    if isinstance(given, list):
        block["_atom_site_occupancy"] = ["1" if text.strip() in (".", "?") else text for text in given]


def _refuse_crowded_sites(block: dict, path: Path) -> None:
    """Refuse sites of the list that hold more than one atom: occupancies that add up to over 1, atoms given twice."""
    from ase.geometry import cellpar_to_cell

    labels = block["_atom_site_label"]
    shares = [_number(text) for text in block.get("_atom_site_occupancy", ["1"] * len(labels))]
    try:
        places = np.array([[_number(text) for text in block[f"_atom_site_fract_{axis}"]] for axis in "xyz"]).T
        cell = [_number(block[f"_cell_length_{axis}"]) for axis in "abc"]
        cell += [_number(block[f"_cell_angle_{angle}"]) for angle in ("alpha", "beta", "gamma")]
        cell_A = cellpar_to_cell(cell)
    except (KeyError, ValueError, ZeroDivisionError, AssertionError):  # what is missing is told by what reads it
        return
    for label, share in zip(labels, shares, strict=False):
        if share > _OCCUPANCY_SUM or share < 0:  # pymatgen drops negative ones in silence
            raise StructureError(
                f"site {label} has the occupancy {share:g}", where=path,
                remedy="write the share of the site, from 0 to 1",
            )  # fmt: skip
    groups = _parts(block, len(labels))
    for row, place in enumerate(places):
        apart = (places - place + 0.5) % 1.0 - 0.5
        distances_A = np.linalg.norm(apart @ cell_A, axis=1)
        near = [k for k in np.flatnonzero(distances_A < _SAME_SITE_A) if groups[k] in (groups[row], ".")]
        total = sum(shares[k] for k in near)
        if len(near) > 1 and total > _OCCUPANCY_SUM:
            names = ", ".join(labels[k] for k in near)
            widest_A = max(distances_A[k] for k in near)
            raise StructureError(
                f"sites {names} are one place ({widest_A:.2g} A apart) filled to {total:g}", where=path,
                remedy="remove the atom that is given twice, or correct the occupancies to a sum of at most 1",
            )  # fmt: skip


def _parts(block: dict, count: int) -> list[str]:
    """The disorder group of each site, which excludes the other groups; ``.`` is part of all."""
    groups = block.get("_atom_site_disorder_group", ["."] * count)
    return ["." if text in (".", "?", "0") else text for text in groups]


def _number(text: str) -> float:
    """A CIF number, without its uncertainty in parentheses; nan where it is none."""
    try:
        return float(re.sub(r"\(.*\)", "", text))
    except ValueError:
        return float("nan")


def _own_isotope(species: Composition, symbol: str) -> Composition:
    """Undo pymatgen's taking H for D where a CIF holds both (it groups sites of equal composition, and H equals D)."""
    from pymatgen.core import Composition, Element

    if len(species) != 1 or species.elements[0].Z != 1:
        return species
    name = _letters(symbol)
    return Composition({Element(name if name in ISOTOPE_MASSES_U else "H"): species.num_atoms})


def _letters(symbol: str) -> str | None:
    """Return the element that a CIF's type symbol or label begins with (`Na1+`, `O2-`, `D3`), None where it is none."""
    from ase.data import atomic_numbers

    head = re.sub(r"[^A-Za-z].*", "", symbol)[:2].capitalize()
    known = (set(atomic_numbers) | set(ISOTOPE_MASSES_U)) - {"X"}
    return next((name for name in (head, head[:1]) if name in known), None)


def _refuse_lost_atoms(data: dict, symbols: list[str], structure: Structure, path: Path) -> None:
    """Refuse a CIF whose coordinates are not its formula: H that X-rays did not see, or a file that was cut."""
    for symbol in symbols:
        if _letters(symbol) is None:
            raise StructureError(f"site {symbol!r} is no element", where=path, remedy="name its element or remove it")
    stated = _amounts(data.get("_chemical_formula_sum") or data.get("_chemical_formula_structural"))
    present = _amounts(structure.composition)
    missing = sorted(set(stated) - set(present))
    hydroxyl = "H" not in present and any(map(_WITH_HYDROGEN.fullmatch, symbols))
    if hydroxyl or "implicit_hydrogens" in structure.site_properties:
        missing = ["H"]
    remedy = "take a CIF with all atoms located, or correct its formula"
    if missing:
        raise StructureError(
            f"the file speaks of {', '.join(missing)}, but gives no coordinates of it", where=path, remedy=remedy
        )
    ratios = [present[symbol] / amount for symbol, amount in stated.items()]
    # with partial occupancies the formula is rounded its own way
    if ratios and structure.is_ordered and max(ratios) > 1.01 * min(ratios):
        found = structure.composition.reduced_formula
        raise StructureError(f"its formula is not that of its coordinates ({found})", where=path, remedy=remedy)


def _refuse_contradictions(data: dict, structure: Structure, order: int, path: Path) -> None:
    """Refuse a CIF that says of its cell what its atoms contradict (see `cif_statements`).

    A measured density is no reason: samples have pores. The group's name and number are compared where no operations
    stand beside them.
    """
    values = {tag.lower(): value for tag, value in data.items() if isinstance(value, str)}
    labels = data["_atom_site_label"]
    places = [sum(site.label == label for site in structure) for label in labels]
    shares = [_number(text) for text in data.get("_atom_site_occupancy", ["1"] * len(labels))]
    if all(places) and len(set(labels)) == len(labels) and (odd := multiplied_occupancies(shares, places, order)):
        raise StructureError(odd, where=path)
    has_operations = any("symop" in tag.lower() or "equiv_pos" in tag.lower() for tag in data)
    if not has_operations and (odd := group_contradicts(values.get)):
        raise StructureError(odd, where=path, remedy="correct the one that is wrong")
    values.pop("_exptl_crystal_density_meas", None)
    stated = _amounts(data.get("_chemical_formula_sum"))
    for odd in contents_contradict(
        values.get, stated, _amounts(structure.composition), structure.volume, is_ordered=structure.is_ordered
    ):
        raise StructureError(
            odd, where=path, remedy="write all atoms of the cell (or its symmetry), or correct what the file says"
        )


def _amounts(formula: str | Composition | None) -> dict[str, float]:
    """Return `{symbol: amount}`, isotopes under their element; empty where the formula cannot be read."""
    from pymatgen.core import Composition

    try:
        composition = Composition(formula or {})
    except ValueError:  # "?", or a notation of its own
        return {}
    amounts: dict[str, float] = {}
    for element, amount in composition.items():
        amounts[element.symbol] = amounts.get(element.symbol, 0.0) + amount
    return amounts
