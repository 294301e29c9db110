"""LAMMPS data files: which element is each atom type?"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms

_MASS_TOLERANCE_U = 0.3  # files round masses to one decimal; neighbours that differ by less (Co, Ni) take the nearest
_LABELS = {"D": "H", "T": "H"}
_REMEDY = "name the element after each mass, e.g. '1 22.990 # Na'"
_SECTION = re.compile(r"\s*([A-Z][A-Za-z0-9]*(?: [A-Z][A-Za-z0-9]*)*)\s*(?:#\s*(.*?)\s*)?")


def is_lammps_data(text: str) -> bool:
    """Whether a text begins as a LAMMPS data file does: it says its number of atom types."""
    return re.search(r"^\s*\d+\s+atom types", text[:4000], re.MULTILINE) is not None


def read_lammps_data(path: Path, text: str, *, type_map: Mapping[int, str] | None = None) -> Atoms:
    """Read a LAMMPS data file (units metal or real: lengths in A).

    The element of a type is what `Atom Type Labels` or the comment behind its mass says, else the element
    of that mass within 0.3 u. ASE alone would take any nearest mass, or the type's number for the atomic number.
    A `type_map` wins over all of these.

    Raises
    ------
    StructureError
        If the element of a type or the atom style cannot be told.
    """
    import ase.io.lammpsdata

    sections = _sections(text)
    if "Atoms" not in sections:
        raise StructureError("there is no Atoms section in it", where=path, remedy="give a LAMMPS data file")
    style, rows = sections["Atoms"]
    elements = _mapped(type_map, sections, path) if type_map else _elements_of_types(sections, path)
    style = style.split()[0] if style else _style_of(rows, path)
    return ase.io.lammpsdata.read_lammps_data(
        io.StringIO(text), Z_of_type=elements, atom_style=style, units="metal", read_image_flags=False
    )


def _mapped(type_map: Mapping[int, str], sections: dict[str, tuple[str, list[str]]], path: Path) -> dict[int, int]:
    from ase.data import atomic_numbers

    unknown = [element for element in type_map.values() if not atomic_numbers.get(element)]
    if unknown:
        raise StructureError(f"{unknown[0]!r} of the type map is no element", where=path, remedy="correct it")
    masses = [row.split()[0] for row in sections.get("Masses", ("", []))[1]]
    lacking = sorted({int(kind) for kind in masses if kind.isdigit()} - set(type_map))
    if lacking:
        raise StructureError(f"the type map has no element for type {lacking[0]}", where=path, remedy="add it")
    return {kind: atomic_numbers[element] for kind, element in type_map.items()}


def _sections(text: str) -> dict[str, tuple[str, list[str]]]:
    """Split the body into `{section: (comment on its title, lines)}`."""
    found: dict[str, tuple[str, list[str]]] = {}
    rows: list[str] = []
    for line in text.splitlines()[1:]:  # the first line is always a comment
        if (match := _SECTION.fullmatch(line)) and not line.strip().startswith("#"):
            rows = []
            found[match.group(1)] = (match.group(2) or "", rows)
        elif line.split("#")[0].strip():
            rows.append(line)
    return found


def _elements_of_types(sections: dict[str, tuple[str, list[str]]], path: Path) -> dict[int, int]:
    from ase.data import atomic_masses, atomic_numbers

    labels = {int(row.split()[0]): row.split()[1] for row in sections.get("Atom Type Labels", ("", []))[1]}
    masses: dict[int, tuple[float, str]] = {}
    for row in sections.get("Masses", ("", []))[1]:
        values, _, comment = row.partition("#")
        key, mass = values.split()[:2]
        kind = next((n for n, label in labels.items() if label == key), None) or int(key)
        masses[kind] = (float(mass), comment.strip())
    if not masses and not labels:
        raise StructureError("there is no Masses section, so the elements are unknown", where=path, remedy=_REMEDY)
    elements = {}
    for kind in sorted(set(masses) | set(labels)):
        mass, comment = masses.get(kind, (np.nan, ""))
        words = [labels.get(kind, ""), *comment.split()[:1]]
        named = next((_LABELS.get(w, w) for w in words if _LABELS.get(w, w) in atomic_numbers and w != "X"), None)
        if named is not None:
            elements[kind] = atomic_numbers[named]
            continue
        nearest = int(np.nanargmin(np.abs(atomic_masses[1:] - mass))) + 1 if np.isfinite(mass) else 0
        if nearest == 0 or abs(atomic_masses[nearest] - mass) > _MASS_TOLERANCE_U:
            raise StructureError(f"atom type {kind} with mass {mass:g} is no element", where=path, remedy=_REMEDY)
        elements[kind] = nearest
    return elements


def _style_of(rows: list[str], path: Path) -> str:
    n_columns = len(rows[0].split("#")[0].split()) if rows else 0
    style = {5: "atomic", 8: "atomic", 7: "full", 10: "full"}.get(n_columns)
    if style is None:
        raise StructureError(
            f"the atom style is not said and cannot be told from {n_columns} columns",
            where=path,
            remedy="write it behind the section's name, e.g. 'Atoms # charge'",
        )
    return style
