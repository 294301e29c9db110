"""CIF of any dialect as pymatgen sites: elements, oxidation states and occupancies, symmetry expanded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.cif_statements import (
    ISOTOPE_MASSES_U,
    Said,
    contents_contradict,
    group_contradicts,
    multiplied_occupancies,
)
from paddlewheel.crystals.cif_symmetry import SAME_PLACE_A, check_cell, expand_sites, stated_operations
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    import gemmi
    from pymatgen.core import Composition, Element, Species, Structure

_OCCUPANCY_SUM = 1.01
"""Occupancies of one place may add up to this: three species at 0.3334 exceed 1."""
_SHARED_A = 0.01
"""Species this close share one place; a refinement that tells two positions apart tells more."""
# type symbols that stand for an oxygen or nitrogen and hydrogens without coordinates
_WITH_HYDROGEN = re.compile(r"O-?H\d*|Wat\d*|H2O\d*|NH\d+", re.IGNORECASE)
_VACANT = ("va", "vac", "vacancy")
"""Type symbols of what is no atom (AFLOW, phase diagrams)."""
_FORMULAS = tuple(f"_chemical_formula_{kind}" for kind in ("sum", "structural", "moiety"))
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\((\d*)\))?")
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_MAGNETIC = ("_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_centering_xyz")


def read_cif(path: Path, text: str) -> Structure:
    """Read a CIF with its symmetry expanded and its partial occupancies kept, sites in the order of the file.

    Positions within 0.1 A of a symmetry element are on it: coordinates such as 0.333 are rounded. Blocks without atoms
    (of a journal, an instrument) are passed over, and so are sites called vacancies (`Va`).

    Raises
    ------
    StructureError
        For no or several structures, sites that are no element or have no coordinates, no or an unknown symmetry, one
        that the cell contradicts, and coordinates that do not make up the file's formula.
        (Whatever the tokens of the file raise is turned into one by `formats`.)
    """
    import gemmi
    from ase.geometry import cellpar_to_cell
    from pymatgen.core import Composition, Structure

    data = _only_block(path, text)
    cell = gemmi.UnitCell(*_cell(data, path))
    labels, symbols, shares, places = _listed_sites(data, path)
    operations = _operations(data, cell, places, symbols, shares, path)
    orth = np.array(cell.orth.mat.tolist())
    site_of, fractional = expand_sites(places, operations, orth)
    vectors_A = cellpar_to_cell(cell.parameters)
    host = _shared_places(labels, shares, _parts(data, len(labels)), site_of, fractional, vectors_A, path)
    contents = [Composition() for _ in host]
    species = _species(data, symbols)
    for place, site in enumerate(site_of):
        contents[host[place]] += Composition({species[site]: shares[site]})
    kept = [place for place in range(len(host)) if host[place] == place and contents[place]]
    structure = Structure(
        vectors_A,
        [contents[place] / max(1.0, contents[place].num_atoms) for place in kept],
        fractional[kept],
        labels=[labels[site_of[place]] for place in kept],
    )
    _refuse_lost_atoms(data, symbols, structure, path)
    multiplicities = np.bincount(site_of, minlength=len(labels)).tolist()
    if odd := multiplied_occupancies(shares, multiplicities, len(operations)):
        raise StructureError(odd, where=path)
    _refuse_contradictions(data, structure, operations, multiplicities, path)
    return structure


def _only_block(path: Path, text: str) -> dict[str, list[str]]:
    """Values by tag of the one block with atoms; tags in small letters, of all dictionaries with underscores alone."""
    from pymatgen.io.cif import CifFile

    try:
        blocks = CifFile.from_str(text).data.values()
    except (ValueError, ZeroDivisionError) as error:  # pymatgen's, of a loop whose values do not fill its columns
        raise StructureError(
            "is no whole CIF: a loop in it has not as many values as its columns take", where=path,
            remedy="write it again, or complete the list that is cut",
        ) from error  # fmt: skip
    found = []
    for block in blocks:
        data = {
            tag.lower().replace(".", "_"): value if isinstance(value, list) else [value]
            for tag, value in block.data.items()
        }
        if any(tag in data for tag in ("_atom_site_fract_x", "_atom_site_cartn_x")):
            found.append(data)
    if len(found) != 1:
        problem = f"holds {len(found) or 'no'} structures"
        raise StructureError(problem, where=path, remedy="write the one to use to a file of its own")
    return found[0]


def _sayer(data: dict[str, list[str]]) -> Said:
    return lambda tag: data[tag][0].strip() if len(data.get(tag, ())) == 1 else None


def _cell(data: dict[str, list[str]], path: Path) -> list[float]:
    said = _sayer(data)
    tags = [f"_cell_length_{axis}" for axis in "abc"] + [f"_cell_angle_{axis}" for axis in ("alpha", "beta", "gamma")]
    values = [_number(said(tag) or "") for tag in tags]
    for tag, value in zip(tags, values, strict=True):
        if not value > 0:
            raise StructureError(f"{tag} is {said(tag) or 'not given'}", where=path, remedy="write the cell in A")
    return values


def _listed_sites(data: dict[str, list[str]], path: Path) -> tuple[list[str], list[str], list[float], np.ndarray]:
    """Labels, type symbols, occupancies and fractional coordinates of the sites that the file lists.

    An occupancy that is ``.`` or ``?`` is the dictionary's default, 1; one over 1 by its uncertainty at most is 1.
    """
    count = max(len(data.get(tag, ())) for tag in ("_atom_site_label", "_atom_site_type_symbol"))
    if "_atom_site_fract_x" not in data:
        raise StructureError("has Cartesian coordinates alone", where=path, remedy="write _atom_site_fract_x, y and z")
    columns = [data.get(f"_atom_site_fract_{axis}", []) for axis in "xyz"]
    labels = data.get("_atom_site_label") or data.get("_atom_site_type_symbol") or []
    symbols = [_bare(text) for text in data.get("_atom_site_type_symbol", labels)]
    shares = data.get("_atom_site_occupancy", ["1"] * count)
    if not count or any(len(column) != count for column in (*columns, labels, symbols, shares)):
        raise StructureError("its list of atoms is cut", where=path, remedy="write it again")
    kept, places = [], []
    for row in range(count):
        if "_atom_site_type_symbol" in data and symbols[row].lower() in _VACANT:
            continue
        place = [_number(column[row]) for column in columns]
        if not np.isfinite(place).all():
            written = next(column[row] for column, value in zip(columns, place, strict=True) if not np.isfinite(value))
            raise StructureError(
                f"site {labels[row]} has no coordinates ({written!r} is no number)", where=path,
                remedy="write decimal fractions of the cell, or remove what has no place",
            )  # fmt: skip
        kept.append(row)
        places.append(place)
    occupancies = [_share(labels[row], shares[row], path) for row in kept]
    for row in kept:
        if _letters(symbols[row]) is None:
            raise StructureError(
                f"site {symbols[row]!r} is no element", where=path, remedy="name its element or remove it"
            )
    return [labels[row] for row in kept], [symbols[row] for row in kept], occupancies, np.array(places)


def _bare(symbol: str) -> str:
    """A type symbol without the mass number of its isotope (``11B``, ``2H``, which is D)."""
    symbol = symbol.strip()
    return {"2H": "D", "3H": "T"}.get(symbol, symbol.lstrip("0123456789") or symbol)


def _share(label: str, text: str, path: Path) -> float:
    if text.strip() in (".", "?"):
        return 1.0
    match = _NUMBER.fullmatch(text.strip())
    share = float(match[1]) if match else float("nan")
    if match and match[2]:
        _, _, decimals = match[1].partition(".")
        uncertainty = int(match[2]) * 10.0 ** -len(decimals)
        share = 1.0 if 1 < share <= 1 + uncertainty + 1e-9 else share
    if not 0 <= share <= _OCCUPANCY_SUM:
        raise StructureError(
            f"site {label} has the occupancy {text if np.isnan(share) else f'{share:g}'}", where=path,
            remedy="write the share of the site, from 0 to 1",
        )  # fmt: skip
    return share


def _operations(
    data: dict[str, list[str]],
    cell: gemmi.UnitCell,
    places: np.ndarray,
    symbols: Sequence[str],
    shares: Sequence[float],
    path: Path,
) -> list[gemmi.Op]:
    """All operations of the group; of a magnetic one those of the atoms, without what they do to the moments."""
    listed = next((data[tag] for tag in _OPERATIONS if tag in data), [])
    turns, centrings = ([",".join(text.split(",")[:3]) for text in data.get(tag, [])] for tag in _MAGNETIC)
    if turns and not listed:
        listed = _products(centrings, turns, path) if centrings else turns
    elements = [_letters(symbol) or symbol for symbol in symbols]
    operations, symbol = stated_operations(_sayer(data), listed, cell, places, elements, shares, path)
    check_cell(operations, symbol, np.array(cell.parameters), path)
    return operations


def _products(centrings: Sequence[str], turns: Sequence[str], path: Path) -> list[str]:
    """Every operation with every centring; a magnetic CIF lists them apart."""
    import gemmi

    try:
        return [(gemmi.Op(centring) * gemmi.Op(turn)).triplet() for centring in centrings for turn in turns]
    except (ValueError, RuntimeError) as error:
        raise StructureError(f"has an operation that is none ({error})", where=path, remedy="correct it") from error


def _shared_places(
    labels: list[str],
    shares: Sequence[float],
    parts: list[str],
    site_of: np.ndarray,
    fractional: np.ndarray,
    vectors_A: np.ndarray,
    path: Path,
) -> np.ndarray:
    """The first of the places that are one, for each place; refuses those that hold more than one atom."""
    from ase import Atoms

    atoms = Atoms(["X"] * len(site_of), scaled_positions=fractional, cell=vectors_A, pbc=True)
    pairs = pairs_within(atoms, cutoff_A=SAME_PLACE_A)
    host, total = np.arange(len(site_of)), np.array(shares)[site_of]
    near: dict[int, dict[int, float]] = {}
    for first, second, distance_A in sorted(
        zip(pairs.first.tolist(), pairs.second.tolist(), pairs.distances_A.tolist(), strict=True)
    ):
        one, other = sorted((first, second))
        if distance_A < _SHARED_A:
            host[other] = min(host[other], host[one])
        if "." in (parts[site_of[one]], parts[site_of[other]]) or parts[site_of[one]] == parts[site_of[other]]:
            for here, there in ((one, other), (other, one)):
                near.setdefault(here, {})[there] = distance_A
    for place, others in sorted(near.items()):
        filled = total[place] + sum(total[other] for other in others)
        if filled > _OCCUPANCY_SUM:
            names = ", ".join(dict.fromkeys(labels[site_of[k]] for k in sorted((place, *others))))
            raise StructureError(
                f"sites {names} are one place ({max(others.values()):.2g} A apart) filled to {filled:g}", where=path,
                remedy="remove the atom that is given twice, or correct the occupancies to a sum of at most 1",
            )  # fmt: skip
    return host


def _species(data: dict[str, list[str]], symbols: Sequence[str]) -> list[Element | Species]:
    """What is on each listed site, with the oxidation state that the file gives its type symbol; isotopes as such."""
    from pymatgen.core import Element, Species

    types = [_bare(text) for text in data.get("_atom_type_symbol", [])]
    states = dict(zip(types, map(_number, data.get("_atom_type_oxidation_number", [])), strict=False))
    found = []
    for symbol in symbols:
        name, state = _letters(symbol) or symbol, states.get(symbol, float("nan"))
        found.append(Species(name, state) if np.isfinite(state) else Element(name))
    return found


def _parts(data: dict[str, list[str]], count: int) -> list[str]:
    """The disorder group of each site, which excludes the other groups; ``.`` is part of all."""
    groups = data.get("_atom_site_disorder_group", ["."] * count)
    return ["." if text in (".", "?", "0") else text for text in groups]


def _number(text: str) -> float:
    """A CIF number, without its uncertainty in parentheses; nan where it is none."""
    match = _NUMBER.fullmatch(text.strip())
    return float(match[1]) if match else float("nan")


def _letters(symbol: str) -> str | None:
    """Return the element that a CIF's type symbol or label begins with (`Na1+`, `O2-`, `D3`), None where it is none."""
    from ase.data import atomic_numbers

    head = re.sub(r"[^A-Za-z].*", "", symbol)[:2].capitalize()
    known = (set(atomic_numbers) | set(ISOTOPE_MASSES_U)) - {"X"}
    return next((name for name in (head, head[:1]) if name in known), None)


def _refuse_lost_atoms(data: dict, symbols: list[str], structure: Structure, path: Path) -> None:
    """Refuse a CIF whose coordinates are not its formula: H that X-rays did not see, or a file that was cut."""
    said = _sayer(data)
    stated = _amounts(said("_chemical_formula_sum") or said("_chemical_formula_structural"))
    present = _amounts(structure.composition)
    named = set(stated).union(*(_elements_in(said(tag) or "") for tag in _FORMULAS))
    missing = sorted(named - set(present))
    attached = any(_number(text) > 0 for text in data.get("_atom_site_attached_hydrogens", []))
    if "H" not in present and (attached or any(map(_WITH_HYDROGEN.fullmatch, symbols))):
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


def _refuse_contradictions(
    data: dict[str, list[str]],
    structure: Structure,
    operations: list[gemmi.Op],
    multiplicities: Sequence[int],
    path: Path,
) -> None:
    """Refuse a CIF that says of its symmetry and its cell what its operations and atoms contradict.

    A measured density is no reason: samples have pores.
    """
    import gemmi

    said = _sayer(data)
    named = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(operations))
    listed = any(tag in data for tag in (*_OPERATIONS, *_MAGNETIC))
    if odd := group_contradicts(said, named.number if listed and named else None):
        raise StructureError(odd, where=path, remedy="correct the one that is wrong")
    if odd := _other_multiplicities(data, multiplicities):
        raise StructureError(odd, where=path, remedy="correct the symmetry or the coordinates")
    stated = _amounts(said("_chemical_formula_sum"))
    for odd in contents_contradict(
        lambda tag: None if tag == "_exptl_crystal_density_meas" else said(tag),
        stated, _amounts(structure.composition), structure.volume, is_ordered=structure.is_ordered,
    ):  # fmt: skip
        raise StructureError(
            odd, where=path, remedy="write all atoms of the cell (or its symmetry), or correct what the file says"
        )


def _other_multiplicities(data: dict[str, list[str]], found: Sequence[int]) -> str | None:
    """A line where the numbers of places that a file gives its sites are not those of its symmetry.

    They may be those of the primitive cell, or, as older programs wrote them, orders of the sites' symmetry, or all 1.
    """
    stated = [_number(text) for text in data.get("_atom_site_symmetry_multiplicity", [])]
    if len(stated) != len(found) or not all(number > 0 for number in stated) or set(stated) == {1.0}:
        return None
    ratios, products = np.array(found) / stated, np.array(found) * stated
    if np.ptp(ratios) < 1e-6 or np.ptp(products) < 1e-6:
        return None
    row = int(np.argmax(np.abs(np.log(ratios / np.median(ratios)))))
    label = data.get("_atom_site_label", data.get("_atom_site_type_symbol", []))[row]
    return f"site {label} has {found[row]} places by the symmetry, the file says {stated[row]:g}"


def _elements_in(formula: str) -> set[str]:
    """Elements of a formula in any notation (``2(H4 N +), Cl``); none where a word of it is no element."""
    from ase.data import atomic_numbers

    words = re.findall(r"[A-Z][a-z]*", formula)
    symbols = {"H" if word in ISOTOPE_MASSES_U else word for word in words}
    return symbols if symbols <= set(atomic_numbers) - {"X"} else set()


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
