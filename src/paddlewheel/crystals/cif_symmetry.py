"""The symmetry that a CIF states, and all places of its sites in the cell; for diffraction and simulations alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.cif_statements import Said, formula_amounts, stated_group, stated_number, times_formula
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    import gemmi

SAME_PLACE_A = 0.1
"""Images of a site this close are one special position; nearer than refined positions of a split site."""
EQUAL_LENGTHS = 2e-3
"""Relative: lengths of a cell that a refinement calls equal agree this well; metric terms twice as well."""
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall", "_space_group.name_hall")
_WRITE = "write its operations (_space_group_symop_operation_xyz)"


def expand_sites(places: np.ndarray, operations: list[gemmi.Op], orth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All places of one cell by the operations of its group; images that meet are one, at their mean.

    Parameters
    ----------
    places
        Fractional coordinates of the sites; [n_sites, 3].
    operations
        All operations of the group, centring included.
    orth
        Matrix [3, 3] that turns fractional columns into A.

    Returns
    -------
    The site of each place [n] and the places [n, 3].
    """
    rotations = np.array([np.array(op.rot) / op.DEN for op in operations])
    shifts = np.array([np.array(op.tran) / op.DEN for op in operations])
    site_of, found = [], []
    for site, place in enumerate(places):
        images = (rotations @ place + shifts) % 1.0
        while len(images):
            apart = (images - images[0] + 0.5) % 1.0 - 0.5
            together = np.linalg.norm(apart @ orth.T, axis=1) < SAME_PLACE_A
            found.append((images[0] + apart[together].mean(axis=0)) % 1.0)
            site_of.append(site)
            images = images[~together]
    return np.array(site_of), np.array(found)


def cell_has(rotations: np.ndarray, cell: np.ndarray) -> bool:
    """Whether rotations on fractional columns, [n, 3, 3], leave a cell (a, b, c in A, angles in degrees) as it is."""
    from ase.geometry import cellpar_to_cell

    vectors_A = cellpar_to_cell(cell)
    metric = vectors_A @ vectors_A.T
    turned = np.swapaxes(rotations, 1, 2) @ metric @ rotations
    scale = np.sqrt(np.outer(np.diag(metric), np.diag(metric)))
    return bool((np.abs(turned - metric) < 2 * EQUAL_LENGTHS * scale).all())


def check_cell(operations: list[gemmi.Op], symbol: str, cell: np.ndarray, where: str | Path) -> None:
    """Refuse a cell (a, b, c in A, angles in degrees) that the operations do not leave as it is."""
    if not cell_has(np.array([np.array(op.rot) // op.DEN for op in operations]), cell):
        raise StructureError(
            f"the space group {symbol or 'of its operations'} contradicts the cell "
            f"({', '.join(f'{value:.6g}' for value in cell)})",
            where=where,
            remedy="correct the one that is wrong",
        )


def stated_operations(
    said: Said,
    listed: Sequence[str],
    cell: gemmi.UnitCell,
    places: np.ndarray,
    elements: Sequence[str],
    shares: Sequence[float],
    where: str | Path,
) -> tuple[list[gemmi.Op], str]:
    """All operations of the group that a CIF states, and the symbol of the setting (empty if it has no name).

    Those that it lists, else those of the Hall symbol, of the Hermann-Mauguin symbol, of the number alone. Of a group
    with two origins, where the symbol does not say which, the one that puts the file's formula into the cell.

    Parameters
    ----------
    said
        What the file says by a tag, in small letters.
    listed
        Its operations, such as ``-x,y+1/2,z``; empty for none.
    cell
        Its angles tell rhombohedral from hexagonal axes, and the unique axis of a monoclinic cell.
    places, elements, shares
        Fractional coordinates of the sites, [n_sites, 3], and what is on them, for the choice of the origin.

    Raises
    ------
    StructureError
        If there is no symmetry, an unknown one, operations that are no group, or an origin that is not told.
    """
    import gemmi

    if listed:
        return _of_list(listed, where)
    name, number = stated_group(said)
    if hall := next((text for tag in _HALL if (text := said(tag)) and text not in ".?"), ""):
        try:
            group = gemmi.symops_from_hall(hall)
        except (ValueError, RuntimeError) as error:
            if not (name or number):
                raise StructureError(
                    f"its Hall symbol {hall!r} is unknown ({error})", where=where, remedy=_WRITE
                ) from error
        else:
            named = gemmi.find_spacegroup_by_ops(group)
            return list(group), named.xhm() if named else ""
    named = _by_symbol(name, number, cell)
    if named is None:
        problem = f"the space group {name or number!r} is unknown" if name or number else "gives no symmetry"
        listing = "" if name or number else ", or the group 'P 1' where all atoms of the cell are listed"
        raise StructureError(problem, where=where, remedy=_WRITE + listing)
    if named.ext and named.ext in "12" and not re.search(r":\s*[12]$|[SZ]$", name):
        named = _origin(said, cell, places, elements, shares, named, where)
    return list(named.operations()), named.xhm()


def _of_list(listed: Sequence[str], where: str | Path) -> tuple[list[gemmi.Op], str]:
    import gemmi

    try:
        stated = [gemmi.Op(text) for text in listed]
        group = gemmi.GroupOps(stated)
        group.add_missing_elements()
    except (ValueError, RuntimeError) as error:
        raise StructureError(f"has an operation that is none ({error})", where=where, remedy="correct it") from error
    operations = list(group)
    if len(operations) != len({op.wrap().triplet() for op in stated}):
        raise StructureError(
            f"its {len(listed)} operations are no group (they make {len(operations)})",
            where=where,
            remedy="write all of them, or the space group alone",
        )
    named = gemmi.find_spacegroup_by_ops(group)
    return operations, named.xhm() if named else ""


def _by_symbol(name: str, number: int, cell: gemmi.UnitCell) -> gemmi.SpaceGroup | None:
    """The group of a symbol, also as ICSD, older programs and users write it (P2_1/c, R-3cH, Fd-3mZ); of a number."""
    import gemmi

    if not name:
        by_number = gemmi.find_spacegroup_by_number(number) if number else None
        name = by_number.hm if by_number else ""
    text = re.sub(
        r"(?<=[a-z0-9])\s*([HRSZ])$",
        lambda found: {"S": ":1", "Z": ":2"}.get(found[1], f":{found[1]}"),
        name.replace("_", "").strip(),
    )
    return gemmi.find_spacegroup_by_name(text, alpha=cell.alpha, gamma=cell.gamma) if text else None


def _origin(
    said: Said,
    cell: gemmi.UnitCell,
    places: np.ndarray,
    elements: Sequence[str],
    shares: Sequence[float],
    named: gemmi.SpaceGroup,
    where: str | Path,
) -> gemmi.SpaceGroup:
    """The origin choice with which the contents of the cell are those of the formula."""
    import gemmi

    choices = [group for choice in "12" if (group := gemmi.find_spacegroup_by_name(f"{named.hm}:{choice}"))]
    units = stated_number(said("_cell_formula_units_z"))
    formula = formula_amounts(said("_chemical_formula_sum"))
    orth = np.array(cell.orth.mat.tolist())
    fitting = []
    for choice in choices:
        contents: dict[str, float] = dict.fromkeys(elements, 0.0)
        for site in expand_sites(places, list(choice.operations()), orth)[0]:
            contents[elements[int(site)]] += shares[int(site)]
        times = times_formula(formula, contents)
        if times and (not units or any(abs(times - z) < 0.1 * z for z in (1, units))):
            fitting.append(choice)
    if len(fitting) != 1:
        raise StructureError(
            f"does not say which origin of {named.hm} it has (1 or 2)", where=where,
            remedy=f"write '{named.hm}:2' or the operations (_space_group_symop_operation_xyz)",
        )  # fmt: skip
    return fitting[0]
