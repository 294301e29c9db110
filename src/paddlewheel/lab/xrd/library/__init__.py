"""Phases that come with the package, each with the sources of its cell and of its atoms.

Anions that turn are drawn by what is known of them. BH4 in NaBH4 has two orientations in a cubic field, refined as half
filled sites: split sites. BH4 and B12H12 in o-NBH tumble at the temperatures where it forms, and nobody has refined in
which orientations: each atom is spread evenly over a sphere about the centre (`Phase.shell_radius_A`), the mean over
all orientations, which invents none. The first term that an icosahedron adds to it is of sixth order: small below
q r = 6, so B12H12 (H at 2.9 A) is drawn well to d = 3 A. B12H12 in Na2B12H12 stands still: atoms at their places.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from paddlewheel.crystals.cif_symmetry import expand_sites
from paddlewheel.errors import StructureError
from paddlewheel.lab.xrd.atoms_phase import formula_of
from paddlewheel.lab.xrd.laue import crystal_system, laue_rotations
from paddlewheel.lab.xrd.phase import Phase

_FILE = Path(__file__).resolve().parent / "phases.json"


@dataclass(frozen=True)
class PhaseCard:
    """What is known about a built-in phase.

    Attributes
    ----------
    name, aliases
        Names that `read_phase` takes (upper and lower case are the same).
    space_group, cell
        Symbol of the setting; a, b, c in A and angles in degrees.
    cell_source, doi, atoms_source
        Where the cell is from, and where the coordinates.
    unknown
        What is not known about it: read this before quoting a number found with it. Empty where all is.
    formula_units
        Formula units in the cell; None where the unit is the smallest whole formula.
    """

    name: str
    aliases: tuple[str, ...]
    title: str
    space_group: str
    cell: tuple[float, ...]
    sites: tuple[dict[str, Any], ...]
    cell_source: str
    doi: str | None
    atoms_source: str
    unknown: str
    formula_units: int | None = None


@cache
def _cards() -> tuple[PhaseCard, ...]:
    documents = json.loads(_FILE.read_text(encoding="utf-8"))
    for document in documents:
        document.update({key: tuple(document[key]) for key in ("aliases", "cell", "sites")})
    return tuple(PhaseCard(**document) for document in documents)


def list_phases() -> list[PhaseCard]:
    """The cards of all built-in phases."""
    return list(_cards())


def builtin_phase(name: str) -> Phase | None:
    """A built-in phase by its name or an alias; None where there is none of that name."""
    key = name.strip().lower()
    card = next((card for card in _cards() if key in (card.name, *card.aliases)), None)
    return None if card is None else _phase(card.name)


def refuse_phase_name(name: str) -> NoReturn:
    """Say which built-in phases there are.

    Raises
    ------
    StructureError
        Always.
    """
    names = [card.name for card in _cards()]
    close = difflib.get_close_matches(name.strip().lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise StructureError(
        f"{name!r} is neither a file nor a built-in phase", remedy=f"{hint}there are {', '.join(names)}; or give a file"
    )


@cache
def _phase(name: str) -> Phase:
    import gemmi

    card = next(card for card in _cards() if card.name == name)
    group = gemmi.find_spacegroup_by_name(card.space_group)
    assert group is not None
    operations, cell = list(group.operations()), np.array(card.cell)
    rotations = laue_rotations(np.array([np.array(op.rot) // op.DEN for op in operations]))
    system = crystal_system(rotations, cell)
    assert system is not None
    places = np.array([site["fractional"] for site in card.sites])
    site_of, fractional = expand_sites(places, operations, np.array(gemmi.UnitCell(*card.cell).orth.mat.tolist()))
    elements = tuple(card.sites[site]["element"] for site in site_of)
    occupancy, b_iso_A2, radii_A = (
        np.array([card.sites[site].get(key, 0.0) for site in site_of], dtype=float)
        for key in ("occupancy", "b_iso_A2", "shell_radius_A")
    )
    return Phase(
        name=card.name,
        source=f"built-in phase {card.name}",
        formula=formula_of(list(elements), occupancy, card.formula_units),
        cell=cell,
        crystal_system=system,
        space_group=group.xhm(),
        rotations=rotations,
        elements=elements,
        fractional=fractional,
        occupancy=occupancy,
        b_iso_A2=b_iso_A2,
        shell_radius_A=radii_A if radii_A.any() else None,
        warnings=(card.unknown,) if card.unknown else (),
        formula_units=card.formula_units,
    )
