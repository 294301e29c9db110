"""Lists of atoms without symmetry as phases: spglib finds the symmetry, the phase has the conventional cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import StructureError
from paddlewheel.lab.xrd.laue import crystal_system, laue_rotations
from paddlewheel.lab.xrd.phase import Phase

if TYPE_CHECKING:
    from ase import Atoms

USUAL_B_A2 = 0.6
"""Displacement at room temperature where none is given: 0.3 in corundum, 0.6 in zincite, 0.8 in fluorite."""
USUAL_HYDROGEN_B_A2 = 2.0
_DEUTERIUM_FROM_U = 1.5


def usual_b_iso_A2(element: str) -> float:
    """The displacement that an element is given where its file has none."""
    return USUAL_HYDROGEN_B_A2 if element in ("H", "D", "T") else USUAL_B_A2


def usual_b_warning(what: str = "no B factors in the file") -> str:
    """The line that says so."""
    return f"{what}: B = {USUAL_B_A2:g} Å² is taken, {USUAL_HYDROGEN_B_A2:g} for hydrogen"


def warnings_of_phases(told: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Lines with the name of their phase before each; files without B factors are one line, the first.

    Parameters
    ----------
    told
        Name and warnings of each phase.
    """
    lines: list[str] = []
    without: list[str] = []
    for name, warnings in told:
        for line in warnings:
            if line == usual_b_warning():
                without.append(name)
            else:
                lines.append(f"{name}: {line}")
    if without:
        files = "file" if len(without) == 1 else "files"
        lines.insert(0, usual_b_warning(f"no B factors in the {files} of {', '.join(without)}"))
    return lines


def phase_of_atoms(
    atoms: Atoms, *, name: str, source: str, tolerance_A: float, b_iso_A2: np.ndarray | None = None
) -> Phase:
    """The phase of a full list of atoms; `b_iso_A2` [n_atoms] are its displacements, else the usual ones.

    Raises
    ------
    StructureError
        If spglib finds no symmetry within `tolerance_A`.
    """
    heavy = (np.asarray(atoms.numbers) == 1) & (atoms.get_masses() > _DEUTERIUM_FROM_U)
    elements = ["D" if is_d else symbol for is_d, symbol in zip(heavy, atoms.get_chemical_symbols(), strict=True)]
    warnings: tuple[str, ...] = ()
    if b_iso_A2 is None:
        b_iso_A2, warnings = np.array([usual_b_iso_A2(element) for element in elements]), (usual_b_warning(),)
    return conventional_phase(
        np.asarray(atoms.cell), atoms.get_scaled_positions(), elements, np.ones(len(elements)), b_iso_A2,
        name=name, source=source, tolerance_A=tolerance_A, warnings=warnings,
    )  # fmt: skip


def conventional_phase(
    cell_A: np.ndarray, fractional: np.ndarray, elements: list[str], occupancy: np.ndarray, b_iso_A2: np.ndarray, *,
    name: str, source: str, tolerance_A: float, warnings: tuple[str, ...] = (), formula_units: int | None = None,
) -> Phase:  # fmt: skip
    """The phase in the conventional cell of the symmetry that spglib finds; B is averaged over equivalent atoms.

    Parameters
    ----------
    cell_A, fractional, elements, occupancy, b_iso_A2
        Vectors as rows [3, 3]; [n, 3]; and of each atom.
    tolerance_A
        How far an atom may be from its image.
    formula_units
        Of the cell that is given.

    Raises
    ------
    StructureError
        If spglib finds none.
    """
    import gemmi
    import spglib
    from ase.geometry import cell_to_cellpar

    labels = [(element, round(float(share), 3)) for element, share in zip(elements, occupancy, strict=True)]
    kinds = list(dict.fromkeys(labels))
    points: Any = (cell_A, fractional, [kinds.index(label) for label in labels])
    found = spglib.get_symmetry_dataset(points, symprec=tolerance_A)
    if found is None:
        raise StructureError(
            f"spglib finds no symmetry within {tolerance_A:g} A", where=source, remedy="write a CIF with its symmetry"
        )
    table: Any = spglib.get_symmetry_from_database(found.hall_number)
    mean_b_A2 = {
        primitive: float(np.mean(b_iso_A2[np.isin(found.equivalent_atoms, found.equivalent_atoms[members])]))
        for primitive in np.unique(found.mapping_to_primitive)
        for members in [found.mapping_to_primitive == primitive]
    }
    cell = np.asarray(cell_to_cellpar(found.std_lattice), dtype=float)
    rotations = laue_rotations(np.asarray(table["rotations"]))
    system = crystal_system(rotations, cell)
    assert system is not None  # spglib's standard cells have the usual axes
    operations = gemmi.GroupOps(
        [_operation(*pair) for pair in zip(table["rotations"], table["translations"], strict=True)]
    )
    group = gemmi.find_spacegroup_by_ops(operations)
    symbol = group.xhm() if group else found.international
    stated = f"symmetry found by spglib within {tolerance_A:g} A: {symbol}"
    chosen = [kinds[kind] for kind in found.std_types]
    if formula_units is not None:
        formula_units = round(formula_units * len(chosen) / len(elements)) or None
    return Phase(
        name=name,
        source=source,
        formula=formula_of([element for element, _ in chosen], np.array([share for _, share in chosen]), formula_units),
        cell=cell,
        crystal_system=system,
        space_group=symbol,
        rotations=rotations,
        elements=tuple(element for element, _ in chosen),
        fractional=np.asarray(found.std_positions) % 1.0,
        occupancy=np.array([share for _, share in chosen]),
        b_iso_A2=np.array([mean_b_A2[primitive] for primitive in found.std_mapping_to_primitive]),
        warnings=(stated, *warnings),
        formula_units=formula_units,
    )


def _operation(rotation: np.ndarray, translation: np.ndarray):
    import gemmi

    operation = gemmi.Op()
    operation.rot = (np.asarray(rotation) * gemmi.Op.DEN).tolist()
    operation.tran = np.rint(np.asarray(translation) * gemmi.Op.DEN).astype(int).tolist()
    return operation


def formula_of(elements: list[str], occupancy: np.ndarray, formula_units: int | None = None) -> str:
    """Formula of one of the units of a cell, the smallest where they are not given, metals first; amounts with two
    decimals where sites are partly filled."""
    from ase.formula import Formula

    amounts: dict[str, float] = {}
    for element, share in zip(elements, occupancy, strict=True):
        amounts[element] = amounts.get(element, 0.0) + float(share)
    whole = {element: round(amount) for element, amount in amounts.items()}
    if all(n > 0 and abs(amounts[element] - n) < 0.02 for element, n in whole.items()):
        if formula_units is not None and all(n % formula_units == 0 for n in whole.values()):
            return f"{Formula.from_dict({element: n // formula_units for element, n in whole.items()}):metal}"
        return f"{Formula.from_dict(whole).reduce()[0]:metal}"
    least = min(amounts.values()) if formula_units is None else float(formula_units)
    return "".join(f"{element}{round(amount / least, 2):g}" for element, amount in sorted(amounts.items()))
