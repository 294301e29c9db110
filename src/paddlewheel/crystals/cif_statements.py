"""What a CIF says of its contents besides the atoms: formula, formula units, density, space group; and if it holds.

Files are read by gemmi (diffraction) and by pymatgen (simulations); both ask here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from paddlewheel.units import AVOGADRO_PER_MOL

ISOTOPE_MASSES_U = {"D": 2.01410178, "T": 3.01604928}
SMALLEST_VOLUME_A3 = 2.0
"""Volume an atom: diamond, the densest of all crystals, has 5.7 A^3; LiH has 8."""

Said = Callable[[str], str | None]
"""The value of a tag (in small letters), None or ``?`` where the file has none."""

_LARGEST_VOLUME_A3 = 300.0
"""Volume an atom: Cs has 117 A^3."""
_SAME, _SAME_DISORDERED = 0.02, 0.1
"""Relative: whole atoms; partial occupancies, whose formulas are rounded and idealized."""
_SAME_MEASURED = 0.15
"""Relative, of a density that was measured: pycnometers see closed pores."""
_WHOLE = 0.02
"""How far a number of atoms or formula units is from a whole one."""
_LEAST_FILLED = 0.6
"""Of the cell, by van der Waals spheres (doi 10.1039/c3dt50599e): 2.5 in CaF2, 2.0 in NaCl,
0.96 in faujasite, 0.9 in ice."""
_TOKENS = re.compile(r"(?:[A-Z][a-z]?\s*\d*\.?\d*\s*)+")
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
_NAMES = ("_space_group_name_h-m_alt", "_symmetry_space_group_name_h-m", "_space_group.name_h-m_alt")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number", "_space_group.it_number")


def formula_amounts(text: str | None) -> dict[str, float]:
    """Atoms of each element (D and T are H) by a sum formula such as ``Al2 Ca3 F14``; empty where it is none."""
    amounts: dict[str, float] = {}
    bare = (text or "").strip(" '\"")
    if not _TOKENS.fullmatch(bare):
        return {}
    for name, amount in re.findall(r"([A-Z][a-z]?)\s*(\d*\.?\d*)", bare):
        element = "H" if name in ISOTOPE_MASSES_U else name
        amounts[element] = amounts.get(element, 0.0) + float(amount or 1)
    return amounts


def stated_formula_units(said: Said, contents: Mapping[str, float], *, is_list: bool) -> int | None:
    """Formula units in a cell (Z) as a file says them; None where it does not, or where its atoms are not so many.

    Z itself where it divides the atoms, or where so many formulas are the atoms (partial occupancies); else the number
    of the file's formulas, sum or structural, in the cell. One unit in a cell of several smallest formulas is not
    believed where programs write it for any list of atoms.

    Parameters
    ----------
    contents
        Atoms of one cell, by element (``D`` for deuterium).
    is_list
        Whether the file is a list of atoms in P 1.
    """
    have = _protium(contents)
    formulas = [formula_amounts(said(f"_chemical_formula_{kind}")) for kind in ("sum", "structural")]
    stated = stated_number(said("_cell_formula_units_z"))
    units = round(stated)
    if units and abs(stated - units) < _WHOLE and not (units == 1 and is_list):
        divides = all(_is_whole(amount / units) for amount in have.values())
        if divides or any(abs(times_formula(formula, have) / units - 1) < _SAME_DISORDERED for formula in formulas):
            return units
    for formula in formulas:
        times = times_formula(formula, have)
        if times > 1 + _SAME and _is_whole(times) and all(map(_is_whole, formula.values())):
            return round(times)
    return None


def _is_whole(amount: float) -> bool:
    return round(amount) > 0 and abs(amount - round(amount)) < _WHOLE


def _protium(contents: Mapping[str, float]) -> dict[str, float]:
    """Atoms by element, D and T as H."""
    have: dict[str, float] = {}
    for name, amount in contents.items():
        element = "H" if name in ISOTOPE_MASSES_U else name
        have[element] = have.get(element, 0.0) + amount
    return have


def times_formula(formula: Mapping[str, float], contents: Mapping[str, float]) -> float:
    """How many formulas the atoms of a cell are; 0 where they are none."""
    have = _protium(contents)
    if not formula or set(formula) != set(have) or min(formula.values()) <= 0:
        return 0.0
    ratios = [have[element] / amount for element, amount in formula.items()]
    return float(np.median(ratios)) if max(ratios) <= (1 + _SAME_DISORDERED) * min(ratios) else 0.0


def contents_contradict(
    said: Said, formula: Mapping[str, float], contents: Mapping[str, float], volume_A3: float, *, is_ordered: bool
) -> list[str]:
    """What formula, formula units and density of a file say against its atoms, a line each.

    Parameters
    ----------
    formula
        Atoms that the file's formula has; empty for none. With elements that have no coordinates nothing is compared.
    contents
        Atoms of one cell, by element (``D`` for deuterium).
    volume_A3, is_ordered
        Of the cell; whether no site is partly occupied.
    """
    within = _SAME if is_ordered else _SAME_DISORDERED
    have = _protium(contents)
    if not all(have.get(element) for element in formula):
        return []
    found = []
    ratios = [have[element] / amount for element, amount in formula.items() if amount > 0]
    units = stated_number(said("_cell_formula_units_z"))
    if ratios and (max(ratios) > (1 + within) * min(ratios) or set(have) - set(formula)):
        found.append(f"its formula is {_written(formula)}, its atoms are {_written(have)} a cell")
    elif ratios and units:
        there = float(np.median(ratios))
        # some programs write the contents of the cell as formula, and then the number of the units in it
        whole = not is_ordered or all(abs(amount / units - round(amount / units)) < 0.01 for amount in formula.values())
        if not any(abs(there / expected - 1) <= within for expected in ([1.0, units] if whole else [units])):
            found.append(f"its atoms are {there:.3g} formula units a cell, the file says {units:g}")
    density = _density_g_per_cm3(contents, volume_A3)
    for tag, allowed in (("diffrn", within), ("meas", _SAME_MEASURED)):
        stated = stated_number(said(f"_exptl_crystal_density_{tag}"))
        if stated and density and abs(density / stated - 1) > allowed:
            kind = "measured" if tag == "meas" else "calculated"
            found.append(f"its atoms have a density of {density:.4g} g/cm3, the file says {stated:g} ({kind})")
    return found


def stated_group(said: Said) -> tuple[str, int]:
    """The Hermann-Mauguin symbol of a file's space group, and its number; empty and 0 where it has none."""
    name = next((text for tag in _NAMES if (text := said(tag)) and text not in ".?"), "")
    return name, next((int(value) for tag in _NUMBERS if (value := stated_number(said(tag)))), 0)


def group_contradicts(said: Said, of_operations: int | None = None) -> str | None:
    """What name and number of the space group say against each other, or against the operations' number."""
    import gemmi

    name, number = stated_group(said)
    bare = re.sub(r"(?<=[a-z0-9])\s*:?\s*[HRSZ12]?$", "", name.replace("_", "").strip()) if name else ""
    named = (gemmi.find_spacegroup_by_name(name) or gemmi.find_spacegroup_by_name(bare)) if bare else None
    if of_operations is not None:
        for other in (number, named.number if named else 0):
            if other and other != of_operations:
                return f"its operations are those of space group {of_operations}, the file says {name or other}"
    elif named is not None and number and named.number != number:
        return f"its space group {name} is number {named.number}, the file says {number}"
    return None


def multiplied_occupancies(occupancies: Sequence[float], multiplicities: Sequence[int], order: int) -> str | None:
    """A line where occupancies are multiplied by the share of their site's multiplicity in the general one's (SHELX).

    That is where it explains every occupancy, no site is full, and the sites are of two multiplicities at least.

    Parameters
    ----------
    occupancies, multiplicities
        Of the sites of the asymmetric unit; how many places each has in the cell.
    order
        Operations of the space group, with centrings.
    """
    shares = np.asarray(multiplicities, dtype=float) / order
    if len(set(multiplicities)) < 2 or shares.max() >= 1 or not np.allclose(occupancies, shares, rtol=0.01, atol=1e-4):
        return None
    return (
        f"its occupancies are multiplied by the multiplicities of their sites over {order} (the first, "
        f"{occupancies[0]:.3g}, is {multiplicities[0]}/{order}): write the share of each site that is filled"
    )


def filled_too_little(contents: Mapping[str, float], volume_A3: float) -> str | None:
    """A line where the atoms cannot be all of the cell: less than crystals' by their van der Waals spheres."""
    from ase.data import atomic_numbers
    from ase.data.vdw_alvarez import vdw_radii

    numbers = [atomic_numbers.get("H" if name in ISOTOPE_MASSES_U else name, 0) for name in contents]
    radii_A = np.array(vdw_radii)[numbers]
    filled = float(4 / 3 * np.pi * (radii_A**3 * np.array(list(contents.values()))).sum()) / volume_A3
    if np.isnan(filled) or filled >= _LEAST_FILLED:
        return None
    return (
        f"its atoms fill {100 * filled:.2g} % of the cell (van der Waals spheres; crystals 90 % and more): are they"
        " those of the asymmetric unit alone, or is the cell not in A?"
    )


def other_unit(volume_A3: float) -> str | None:
    """The remedy where lengths are too small by a factor of ten: ``volume_A3`` is that of an atom."""
    if volume_A3 < SMALLEST_VOLUME_A3 and SMALLEST_VOLUME_A3 < 1000 * volume_A3 < _LARGEST_VOLUME_A3:
        return "is the cell in nm? write its lengths in A (ten times)"
    return None


def _density_g_per_cm3(contents: Mapping[str, float], volume_A3: float) -> float:
    from ase.data import atomic_masses, atomic_numbers

    mass = sum(
        amount * (ISOTOPE_MASSES_U.get(name) or float(atomic_masses[atomic_numbers.get(name, 0)]))
        for name, amount in contents.items()
    )
    return mass / AVOGADRO_PER_MOL / (volume_A3 * 1e-24)


def stated_number(text: str | None) -> float:
    """The positive number that a text begins with or holds; 0 where there is none."""
    match = _NUMBER.search(text or "")
    value = float(match[0]) if match else 0.0
    return value if np.isfinite(value) and value > 0 else 0.0


def _written(amounts: Mapping[str, float]) -> str:
    return " ".join(f"{name}{round(amount, 2):g}" for name, amount in sorted(amounts.items()))
