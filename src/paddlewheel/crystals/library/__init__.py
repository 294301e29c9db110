"""Structures that come with the package, each with a card that says where it is from."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from paddlewheel.errors import StructureError

_FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class PublishedNumber:
    """A published number of a material: `quantity` names it with its unit, `how` says how it was found and by whom."""

    quantity: Literal["conductivity_mS_per_cm", "activation_energy_eV"]
    temperature_K: float | None
    value: float
    how: str
    doi: str


@dataclass(frozen=True)
class StructureCard:
    """What is known about a built-in structure.

    Attributes
    ----------
    name
        The name that `read_structure` takes.
    title, formula, n_atoms
        What it is, its reduced formula and the atoms in its cell.
    file
        The CIF inside the package.
    source, derivation
        Where the cell comes from, and what was done to it.
    unknown
        What is not known about it: read this before quoting a number computed with it.
    doi
        Of the experimental cell, or None where there is none.
    licence
        Terms of the file.
    published
        What others measured or computed for it, to stand beside our numbers.
    """

    name: str
    title: str
    formula: str
    n_atoms: int
    file: str
    source: str
    derivation: str
    unknown: str
    doi: str | None
    licence: str
    published: tuple[PublishedNumber, ...] = ()


@cache
def _cards() -> tuple[StructureCard, ...]:
    documents = json.loads((_FOLDER / "cards.json").read_text(encoding="utf-8"))
    for document in documents:
        document["published"] = tuple(PublishedNumber(**number) for number in document["published"])
    return tuple(StructureCard(**document) for document in documents)


def list_structures() -> list[StructureCard]:
    """Return the cards of all built-in structures."""
    return list(_cards())


def structure_card(name: str) -> StructureCard:
    """Return the card of a built-in structure (upper and lower case are the same).

    Raises
    ------
    StructureError
        If there is none of that name.
    """
    for card in _cards():
        if card.name == name.strip().lower():
            return card
    names = [card.name for card in _cards()]
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise StructureError(f"{name!r} is no built-in structure", remedy=f"{hint}there are {', '.join(names)}")


def builtin_path(name: str) -> Path | None:
    """Return the CIF of a built-in structure, or None where `name` is none of them."""
    for card in _cards():
        if card.name == name.strip().lower():
            return _FOLDER / card.file
    return None


def builtin_sites_path(name: str) -> Path | None:
    """Return the list of the mobile ion's sites of a built-in structure, or None where there is none of that name."""
    path = _FOLDER / f"{name.strip().lower()}-sites.txt"
    return path if builtin_path(name) is not None and path.exists() else None
