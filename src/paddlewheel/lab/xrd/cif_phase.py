"""A CIF as a phase: its symmetry, occupancies and displacements, through gemmi."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.cif_statements import (
    ISOTOPE_MASSES_U,
    SMALLEST_VOLUME_A3,
    contents_contradict,
    filled_too_little,
    formula_amounts,
    group_contradicts,
    multiplied_occupancies,
    other_unit,
    stated_formula_units,
)
from paddlewheel.crystals.cif_symmetry import SAME_PLACE_A, check_cell, expand_sites, stated_operations
from paddlewheel.errors import StructureError
from paddlewheel.foreign import read_document
from paddlewheel.lab.xrd.atoms_phase import conventional_phase, formula_of, usual_b_iso_A2, usual_b_warning
from paddlewheel.lab.xrd.laue import crystal_system, laue_rotations
from paddlewheel.lab.xrd.phase import Phase

if TYPE_CHECKING:
    import gemmi

_FULL = 1.01
"""Occupancies of one place may add up to this: three species at 0.3334 exceed 1."""
_LARGEST_B_A2 = 60.0
_LONELY, _WITHOUT_OTHERS = 1.25, 1.6
"""Times the sum of the covalent radii: nearest neighbour, and nearest of another element; 1.05 in NaCl and CsCl."""
_SHORTEST_BOND_A, _WHOLE = 0.6, 0.9
"""Nearer than H2, and atoms of this occupancy cannot take turns."""
_MOST_LOOKED_AT = 500
_NUMBER = re.compile(r"^\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)")
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz")


def read_cif_phase(path: Path, *, tolerance_A: float = 0.05) -> Phase:
    """Read the one structure of a CIF.

    The symmetry is that of the operations, else of the Hall or Hermann-Mauguin symbol; a CIF that has none of them is
    refused, for its atoms may be those of the asymmetric unit alone. In P 1, and on unusual axes, spglib looks for the
    symmetry. Anisotropic displacements become their equivalent; sites without any get the usual ones, and are told.

    Raises
    ------
    StructureError
        No CIF, none or several structures, no or an unknown symmetry, one that the cell contradicts, sites that are no
        element, occupancies outside 0 to 1 or of one place above 1.
    """
    block = _only_block(path)
    small, operations, symbol = _symmetry(block, path)
    cell = np.array(small.cell.parameters)
    if not (np.isfinite(cell).all() and small.cell.is_crystal() and small.cell.volume > 0):
        raise StructureError("gives no cell", where=path, remedy="write its lengths in A and its angles in degrees")
    rotations = np.array([np.array(op.rot) // op.DEN for op in operations])
    check_cell(operations, symbol, cell, path)
    _check_volume(small.cell.volume, len(small.sites), path)
    warnings: list[str] = []
    elements, b_iso_A2 = _elements(small, path), _displacements(small, block, warnings)
    shares = np.array([site.occ for site in small.sites])
    places = np.array([site.fract.tolist() for site in small.sites])
    _check_places(small, shares, places, operations, path)
    orth = np.array(small.cell.orth.mat.tolist())
    site_of, fractional = expand_sites(places, operations, orth)
    occupancy, b_iso_A2 = shares[site_of], b_iso_A2[site_of]
    all_elements = [elements[site] for site in site_of]
    _check_volume(small.cell.volume, float(occupancy.sum()), path)
    _tell_missing(block, set(elements), warnings)
    multiplicities = np.bincount(site_of, minlength=len(places)).tolist()
    multiplied = multiplied_occupancies(shares.tolist(), multiplicities, len(operations))
    if multiplied:
        warnings.append(multiplied)
    else:
        _tell_contradictions(block, all_elements, occupancy, small.cell.volume, warnings)
    if odd := group_contradicts(_sayer(block), _number_of_group(operations) if small.symops else None):
        warnings.append(odd)
    labels = [site.label for site in small.sites]
    _tell_neighbours(labels, site_of, all_elements, occupancy, fractional, orth, warnings)
    units = stated_formula_units(_sayer(block), _contents(all_elements, occupancy), is_list=len(operations) == 1)
    name = path.name.split(".")[0] or block.name
    rotations = laue_rotations(rotations)
    system = None if len(operations) == 1 else crystal_system(rotations, cell)
    if system is None:
        return conventional_phase(
            orth.T, fractional, all_elements, occupancy, b_iso_A2,
            name=name, source=str(path), tolerance_A=tolerance_A, warnings=tuple(warnings), formula_units=units,
        )  # fmt: skip
    return Phase(
        name=name,
        source=str(path),
        formula=formula_of(all_elements, occupancy, units),
        cell=cell,
        crystal_system=system,
        space_group=symbol,
        rotations=rotations,
        elements=tuple(all_elements),
        fractional=fractional,
        occupancy=occupancy,
        b_iso_A2=b_iso_A2,
        warnings=tuple(warnings),
        formula_units=units,
    )


def _only_block(path: Path) -> gemmi.cif.Block:
    import gemmi

    remedy = "give the CIF of one structure"
    content = read_document(path, StructureError, remedy=remedy)
    try:
        document = gemmi.cif.read_string(content.decode("utf-8-sig", errors="replace"))
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise StructureError(f"is no CIF ({reason})", where=path, remedy=remedy) from error
    blocks = [
        block for block in document if block.find_loop("_atom_site_fract_x") or block.find_values("_atom_site_fract_x")
    ]
    if len(blocks) != 1:
        raise StructureError(f"holds {len(blocks) or 'no'} structures", where=path, remedy=remedy)
    return blocks[0]


def _symmetry(block: gemmi.cif.Block, path: Path) -> tuple[gemmi.SmallStructure, list[gemmi.Op], str]:
    """The structure as gemmi reads it, all operations, and the symbol of the setting (empty if it has no name)."""
    import gemmi

    try:
        small = gemmi.make_small_structure_from_block(block)
    except (ValueError, RuntimeError) as error:
        raise StructureError(f"cannot be read ({error})", where=path, remedy="correct the CIF") from error
    if not len(small.sites):
        raise StructureError("has no atoms", where=path, remedy="give a CIF with coordinates")
    places, shares = np.array([site.fract.tolist() for site in small.sites]), [site.occ for site in small.sites]
    elements = [site.element.name for site in small.sites]
    operations, symbol = stated_operations(_sayer(block), small.symops, small.cell, places, elements, shares, path)
    return small, operations, symbol


def _elements(small: gemmi.SmallStructure, path: Path) -> list[str]:
    elements = []
    for site in small.sites:
        symbol = site.element.name
        if symbol == "H" and re.match(r"^[DT]\d*[+-]?$", site.type_symbol or site.label):
            symbol = (site.type_symbol or site.label)[0]
        if site.element.atomic_number == 0 or (site.element.atomic_number > 98 and symbol not in ISOTOPE_MASSES_U):
            raise StructureError(
                f"site {site.label!r} is no element with a form factor", where=path, remedy="name its element"
            )
        elements.append(symbol)
    return elements


def _displacements(small: gemmi.SmallStructure, block: gemmi.cif.Block, warnings: list[str]) -> np.ndarray:
    """B of each site: isotropic, or the equivalent of the anisotropic one, or the usual one; what is odd is told."""
    columns = [f"aniso_B_{pair}" for pair in ("11", "22", "33", "12", "13", "23")]
    anisotropic = {
        row[0]: [_number(text) / (8 * np.pi**2) for text in list(row)[1:]]
        for row in block.find("_atom_site_", ["aniso_label", *columns])
    }
    found, missing, odd = [], [], []
    for site in small.sites:
        u_A2 = small.cell.calculate_u_eq(site.aniso) if site.aniso.nonzero() else site.u_iso
        if not u_A2 and site.label in anisotropic:
            tensor = site.aniso.__class__(*anisotropic[site.label])
            u_A2 = small.cell.calculate_u_eq(tensor)
        b_A2 = 8 * np.pi**2 * u_A2
        if 0 < b_A2 <= _LARGEST_B_A2:
            found.append(b_A2)
            continue
        found.append(usual_b_iso_A2(site.element.name))
        (odd if b_A2 else missing).append(f"{site.label} ({b_A2:.2g} Å²)" if b_A2 else site.label)
    if odd:
        warnings.append(usual_b_warning(f"B of {_listed(odd)} in the file: negative, or above {_LARGEST_B_A2:g} Å²"))
    if missing:
        whole = len(missing) == len(small.sites)
        warnings.append(usual_b_warning() if whole else usual_b_warning(f"no B factors of {_listed(missing)}"))
    return np.array(found)


def _listed(labels: list[str]) -> str:
    return ", ".join(labels[:4]) + (f" and {len(labels) - 4} more" if len(labels) > 4 else "")


def _number(text: str) -> float:
    found = _NUMBER.match(text)
    return float(found[1]) if found else 0.0


def _check_places(
    small: gemmi.SmallStructure, shares: np.ndarray, places: np.ndarray, operations: list[gemmi.Op], path: Path
) -> None:
    """Refuse places that are no numbers, and that hold more than one atom."""
    for site, share, place in zip(small.sites, shares, places, strict=True):
        if not np.isfinite(place).all():
            raise StructureError(f"site {site.label} has no coordinates", where=path, remedy="give them or remove it")
        if not 0 <= share <= _FULL:
            raise StructureError(
                f"site {site.label} has the occupancy {share:g}",
                where=path,
                remedy="write the share of the site, 0 to 1",
            )
    orth = np.array(small.cell.orth.mat.tolist())
    site_of, fractional = expand_sites(places, operations, orth)
    starts = [int(np.flatnonzero(site_of == site)[0]) for site in range(len(places))]
    for start in starts:
        apart = (fractional - fractional[start] + 0.5) % 1.0 - 0.5
        near = np.flatnonzero(np.linalg.norm(apart @ orth.T, axis=1) < SAME_PLACE_A)
        total = shares[site_of[near]].sum()
        if total > _FULL:
            names = ", ".join(dict.fromkeys(small.sites[site].label for site in site_of[near]))
            raise StructureError(
                f"sites {names} are one place filled to {total:g}",
                where=path,
                remedy="remove what is given twice, or correct the occupancies",
            )


def _tell_missing(block: gemmi.cif.Block, elements: set[str], warnings: list[str]) -> None:
    """Warn of elements that the file's formula has and its coordinates lack: the mass is then too small."""
    stated = set(formula_amounts(_sayer(block)("_chemical_formula_sum")))
    have = {"H" if name in ISOTOPE_MASSES_U else name for name in elements}
    if missing := sorted(stated - have):
        warnings.append(f"no coordinates of {', '.join(missing)}: masses and intensities are without")


def _check_volume(volume_A3: float, n_atoms: float, path: Path) -> None:
    """Refuse a cell that is too small for its atoms."""
    of_one_A3 = volume_A3 / n_atoms if n_atoms else np.inf
    if of_one_A3 < SMALLEST_VOLUME_A3:
        raise StructureError(
            f"the cell has {of_one_A3:.2g} A^3 for each of its {n_atoms:.3g} atoms",
            where=path,
            remedy=other_unit(of_one_A3) or "check the cell, its unit and the axes that the space group is on",
        )


def _sayer(block: gemmi.cif.Block) -> Callable[[str], str | None]:
    """What the file says by a tag, without quotes; None for what it does not say."""
    import gemmi

    def said(tag: str) -> str | None:
        value = block.find_value(tag)
        return gemmi.cif.as_string(value) if value else None

    return said


def _number_of_group(operations: list[gemmi.Op]) -> int | None:
    import gemmi

    named = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(operations))
    return named.number if named else None


def _contents(elements: list[str], occupancy: np.ndarray) -> dict[str, float]:
    """Atoms of each element in the cell."""
    contents: dict[str, float] = {}
    for element, share in zip(elements, occupancy, strict=True):
        contents[element] = contents.get(element, 0.0) + float(share)
    return contents


def _tell_contradictions(
    block: gemmi.cif.Block, elements: list[str], occupancy: np.ndarray, volume_A3: float, warnings: list[str]
) -> None:
    """Warn of what the file says against its atoms, and of cells that atoms are missing from."""
    contents = _contents(elements, occupancy)
    said = _sayer(block)
    stated = formula_amounts(said("_chemical_formula_sum"))
    ordered = bool((np.abs(occupancy - 1) < 1e-3).all())
    warnings += contents_contradict(said, stated, contents, volume_A3, is_ordered=ordered)
    if odd := filled_too_little(contents, volume_A3):
        warnings.append(odd)


def _tell_neighbours(
    labels: list[str], site_of: np.ndarray, elements: list[str], occupancy: np.ndarray, fractional: np.ndarray,
    orth: np.ndarray, warnings: list[str],
) -> None:  # fmt: skip
    """Warn of whole atoms on each other and of sites far from all others: another origin, or atoms that are missing."""
    from ase.data import atomic_numbers, covalent_radii

    if not 1 < len(fractional) <= _MOST_LOOKED_AT:
        return
    kinds = np.array(elements)
    radii_A = np.array([covalent_radii[atomic_numbers.get(element, 1)] for element in elements])
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    whole = occupancy > _WHOLE
    crowded, lonely = {}, {}
    for site in dict.fromkeys(site_of.tolist()):
        first = int(np.flatnonzero(site_of == site)[0])
        apart = (fractional - fractional[first] + 0.5) % 1.0 - 0.5
        distances_A = np.linalg.norm((apart[:, None] + shifts) @ orth.T, axis=2)
        distances_A[first][np.argmin(distances_A[first])] = np.inf
        nearest_A = distances_A.min(axis=1)
        if whole[first] and nearest_A[whole].min() < _SHORTEST_BOND_A:
            crowded[labels[site]] = float(nearest_A[whole].min())
        bonds = nearest_A / (radii_A + radii_A[first])
        unlike = kinds != kinds[first]
        if unlike.any() and bonds.min() > _LONELY and bonds[unlike].min() > _WITHOUT_OTHERS:
            lonely[labels[site]] = float(nearest_A.min())
    for found, what in ((crowded, "on another atom ({}: {:.2f} A)"), (lonely, "without neighbours ({}: {:.2f} A)")):
        if found:
            where = what.format(*next(iter(found.items())))
            warnings.append(f"{_listed(list(found))} {where}: are the origin of the group and the atoms right?")
