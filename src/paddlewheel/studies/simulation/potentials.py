"""The potential of a study: chosen, tried, kept by content in units of work, and cited."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.crystals.supercell import THIN_A, CellChoice
from paddlewheel.errors import InputError, PotentialError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.records import Citation

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from paddlewheel.potentials import PotentialCard
    from paddlewheel.studies.simulation.settings import PotentialSettings


def chosen_potential(settings: PotentialSettings, atoms: Atoms) -> dict[str, Any]:
    """The potential asked for, or else the default for these elements, as `potential_document` has it.

    Its files are fetched where they are not at hand, which is said on stderr.

    Raises
    ------
    PotentialError
        If it is unknown, was not trained for an element of `atoms`, or cannot be fetched.
    """
    from paddlewheel.potentials import check_elements, default_potential, describe_potential

    name = settings.potential or default_potential(atoms)
    card = describe_potential(name)
    check_elements(card, atoms)
    _fetch(card, by_default=settings.potential is None)
    return potential_document(name, three_body=settings.three_body, device=settings.device, dtype=settings.dtype)


def _fetch(card: PotentialCard, *, by_default: bool) -> None:
    from paddlewheel.potentials import fetch_potential, is_at_hand

    if is_at_hand(card):
        return
    source = f"the package {card.package.name} {card.package.version}, by pip" if card.package else card.url
    why = "no potential is named, and this is the default: " if by_default else ""
    size_MB = sum(file.n_bytes for file in card.files) / 1e6
    said = f"{why}fetching {card.name} once ({size_MB:.0f} MB, {card.licence}) from {source}"
    print(f"paddlewheel: {said}", file=sys.stderr, flush=True)
    fetch_potential(card.name)


def potential_note(name: str, *, by_default: bool) -> str | None:
    """What a reader must know of the potential before any number; None where there is nothing to say.

    Parameters
    ----------
    name
        As `potential_document` has it.
    by_default
        Whether none was asked for.
    """
    from paddlewheel.potentials import describe_potential

    card, said = describe_potential(name), []
    if by_default and card.is_universal:
        said.append(
            f"{card.name} was taken, for no potential was named and none for these elements in particular is known: a "
            "first guess. Ask a second one (conduct --second-opinion), or name a better one (--potential), before a "
            "number is relied on."
        )
    if card.has_grade is False:
        which = "It" if said else card.name
        said.append(f"{which} has no extrapolation grade: whether atoms leave what it was trained on is not known.")
    return " ".join(said) or None


def potential_document(name: str, *, three_body: str, device: str, dtype: str) -> dict[str, Any]:
    """What a unit of work keeps of a potential."""
    from paddlewheel.potentials import identify_potential, plain_name

    plain = plain_name(name)
    return {
        "name": str(Path(name).resolve()) if Path(name).exists() else plain,
        "identity": identify_potential(plain),
        "three_body": three_body,
        "device": device,
        "dtype": dtype,
    }


def finest_dtype(card: PotentialCard) -> Literal["float32", "float64"]:
    """The precision for curvatures and small differences of energies, where the potential has a choice."""
    return "float64" if card.has_float64 else "float32"


def loaded_potential(document: Mapping[str, Any]) -> Calculator:
    """The potential of such a document, loaded.

    Raises
    ------
    PotentialError
        If it is damaged, or a package that it needs is absent.
    """
    from paddlewheel.potentials import load_potential

    return load_potential(
        document["name"], three_body=document["three_body"], device=document["device"], dtype=document["dtype"]
    )


def unit_potential(unit: Unit) -> Calculator:
    """The potential of a unit of work, loaded.

    Raises
    ------
    PotentialError
        If its files changed since the unit was made.
    """
    from paddlewheel.potentials import identify_potential

    wanted = unit.contents["potential"]
    if identify_potential(wanted["name"]) != wanted["identity"]:
        raise PotentialError("changed since this run began", where=wanted["name"], remedy="use another --out")
    return loaded_potential(wanted)


def try_potential(potential: Mapping[str, Any], cell: Atoms, *, where: str) -> Calculator:
    """Load the potential and evaluate the cell, so that a bad checkpoint or cell is told before a run begins.

    Returns
    -------
    The potential.

    Raises
    ------
    InputError
        If the potential cannot be loaded or evaluated, or gives forces that no run can start from.
    """
    calculator = loaded_potential(potential)
    try_calculator(calculator, cell, name=potential["name"], where=where)
    return calculator


def try_calculator(calculator: Calculator, cell: Atoms, *, name: str, where: str) -> None:
    """Evaluate the cell with a potential that is loaded (see `try_potential`)."""
    atoms = cell.copy()
    atoms.calc = calculator
    try:
        largest = float(np.abs(atoms.get_forces()).max())
    except InputError:
        raise
    except Exception as error:  # calculators of other packages fail in any way: an element, a number of atoms
        said = (str(error).strip().splitlines() or [""])[0][:200]
        raise PotentialError(
            f"{name} cannot evaluate {atoms.get_chemical_formula('metal')} ({type(error).__name__}: "
            f"{said})", where=where, remedy="take another potential",
        ) from error  # fmt: skip
    if not np.isfinite(largest) or largest > 1000:
        raise InputError(
            f"the largest force is {largest:.3g} eV/A with {name}",
            where=where,
            remedy="relax the structure, or check its distances",
        )


def check_width(size: CellChoice, potential: str) -> None:
    """Refuse a cell, chosen by a number of atoms, in which an atom is its own neighbour.

    Raises
    ------
    SettingsError
        For one that is narrower than the potential reaches.
    """
    from paddlewheel.potentials import describe_potential

    reach_A = describe_potential(potential).cutoff_A
    if reach_A is not None and size.narrowest_A < reach_A:
        enough = size.n_atoms * (reach_A / size.narrowest_A) ** 3
        raise SettingsError(
            f"{size.n_atoms} atoms are {size.narrowest_A:.1f} A across at their narrowest, and {potential} reaches "
            f"{reach_A:g} A: an atom would be its own neighbour", where="n_atoms",
            remedy=f"give {10 * math.ceil(enough / 10)} or more, or name a --supercell",
        )  # fmt: skip


def thin_warnings(size: CellChoice, potential: str) -> list[str]:
    """What to know of a cell that is narrower than the potential reaches, or than a cage of ions and its image need."""
    from paddlewheel.potentials import describe_potential

    reach_A = describe_potential(potential).cutoff_A
    if reach_A is not None and size.narrowest_A < reach_A:
        return [
            f"the cell is {size.narrowest_A:.1f} A across at its narrowest and the potential reaches {reach_A:g} A: "
            "atoms are their own neighbours"
        ]
    if size.narrowest_A < THIN_A:
        return [
            f"the cell is {size.narrowest_A:.1f} A across at its narrowest, under {THIN_A:g} A: the cages of an ion "
            "and of its image touch"
        ]
    return []


def potential_citations(name: str) -> list[Citation]:
    """How to cite the potential, and the kind of model that it is."""
    from paddlewheel.potentials import describe_potential

    card = describe_potential(name)
    citations = [Citation(what=f"potential {card.name}", reference=card.citation or card.title, doi=card.doi)]
    if card.kind == "m3gnet":
        citations.append(
            Citation(
                what="M3GNet architecture",
                reference="Chen, Ong, Nat. Comput. Sci. 2, 718 (2022)",
                doi="10.1038/s43588-022-00349-3",
            )
        )
    return citations
