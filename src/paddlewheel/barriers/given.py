"""Ends of a hop, and guesses of its path, that a user has: matched atom by atom, and what moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.barriers.ends import Ends
from paddlewheel.barriers.sites import SAME_SITE_A
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    import numpy.typing as npt
    from ase import Atoms

    Floats = npt.NDArray[np.float64]

Match = Literal["nearest", "order"]

_SAME_LENGTH_A, _SAME_ANGLE_DEG = 0.02, 0.2
"""Cells that differ by more are two: files round theirs to three digits, relaxations change them by more."""
_LEAST_DRIFT_A = 0.01
_MOST_MOVED = 8
"""So many atoms may move in any cell; more than a quarter of a larger one are another origin, or structure."""


@dataclass(frozen=True, kw_only=True)
class MovedAtom:
    """An atom that goes from one place to another.

    Attributes
    ----------
    atom, atom_of_end
        Its index in the start and in the end, as their files have them.
    distance_A
        From its first place to its last.
    """

    atom: int
    atom_of_end: int
    distance_A: float


@dataclass(frozen=True, kw_only=True)
class MatchedPath:
    """A start, guesses and an end of one composition and one cell, their atoms in the order of the start.

    Attributes
    ----------
    start
        As it was given.
    positions_A
        Of all, the start first, `[n, n_atoms, 3]`: each atom beside where it was before, not wrapped into the cell.
    moved
        Atoms that end over 0.5 A from where they began, the furthest first.
    n_reordered
        Atoms that the end's file has in another order than the start's.
    drift_A
        By how much the end as a whole was shifted against the start, which is taken out.
    """

    start: Atoms
    positions_A: Floats
    moved: tuple[MovedAtom, ...]
    n_reordered: int
    drift_A: float


def match_path(structures: Sequence[Atoms], names: Sequence[str], *, match: Match = "nearest") -> MatchedPath:
    """Match the atoms of each structure to those of the one before it.

    Parameters
    ----------
    structures
        The start, guesses in between, and the end.
    names
        Of their files, for errors.
    match
        nearest: by element, so that the sum of the squared distances to nearest images is least (the assignment
        problem, doi 10.1002/nav.3800020109); order: as the files list them, for atoms that change places.

    Raises
    ------
    StructureError
        If they are of other compositions or cells, if nothing moves, or more than eight atoms and a quarter of all.
    """
    first = structures[0]
    cell = first.cell.array
    places, order, drift = [first.get_positions()], np.arange(len(first)), np.zeros(3)
    for atoms, name in zip(structures[1:], names[1:], strict=True):
        _refuse_others(first, atoms, names[0], name, match)
        order, moved, drift = _moves(first, places[-1], atoms, match)
        places.append(places[-1] + moved)
    distance = np.linalg.norm(places[-1] - places[0], axis=1)
    far = [int(atom) for atom in np.argsort(-distance, kind="stable") if distance[atom] > SAME_SITE_A]
    ends = f"{names[0]}, {names[-1]}"
    if not far:
        raise StructureError(
            f"no atom is over {SAME_SITE_A:g} A from one of its kind in the other (the furthest "
            f"{distance.max():.2f} A): the ends are one structure", where=ends,
            remedy="give two in which an atom is at another place"
            + ("; atoms that change places: --match order" if match == "nearest" else ""),
        )  # fmt: skip
    if len(far) > max(_MOST_MOVED, len(first) // 4):
        remedy = "write both with the same origin and axes"
        if match == "order":
            remedy += ", or leave out --match order where their atoms are in another order"
        raise StructureError(
            f"{len(far)} of {len(first)} atoms are over {SAME_SITE_A:g} A from their places in the other: that is no "
            "hop", where=ends, remedy=remedy,
        )  # fmt: skip
    return MatchedPath(
        start=first,
        positions_A=np.array(places),
        moved=tuple(
            MovedAtom(atom=atom, atom_of_end=int(order[atom]), distance_A=float(distance[atom])) for atom in far
        ),
        n_reordered=int((order != np.arange(len(order))).sum()),
        drift_A=float(np.linalg.norm(drift @ cell)),
    )


def given_ends(cell: Atoms, positions_A: Floats) -> Ends:
    """The ends of a matched path, with its guesses.

    The places of the elements that move are those of the start, and those of the end that are none of them.
    """
    start, end = cell.copy(), cell.copy()
    end.set_positions(positions_A[-1])
    distance = np.linalg.norm(positions_A[-1] - positions_A[0], axis=1)
    moving, moved = int(distance.argmax()), np.flatnonzero(distance > SAME_SITE_A)
    mobile = np.flatnonzero(np.isin(cell.numbers, cell.numbers[moved]))
    own_start = np.full(len(cell), -1)
    own_start[mobile] = np.arange(len(mobile))
    places, own_end = list(start.positions[mobile]), own_start.copy()
    for atom in moved:
        away = np.linalg.norm(_nearest(np.array(places) - end.positions[atom], cell.cell.array), axis=1)
        if away.min() < SAME_SITE_A:
            own_end[atom] = int(away.argmin())
        else:
            own_end[atom] = len(places)
            places.append(end.positions[atom])
    return Ends(
        start=start, end=end, moving=moving, places_A=np.array(places), own_start=own_start, own_end=own_end,
        guesses_A=positions_A[1:-1],
    )  # fmt: skip


def _refuse_others(first: Atoms, other: Atoms, first_name: str, name: str, match: Match) -> None:
    formulas = [atoms.get_chemical_formula("metal") for atoms in (first, other)]
    if formulas[0] != formulas[1]:
        raise StructureError(
            f"is {formulas[1]}, {first_name} is {formulas[0]}", where=name,
            remedy="give ends of the same atoms: of a vacancy hop both without one ion",
        )  # fmt: skip
    away = np.abs(first.cell.cellpar() - other.cell.cellpar())
    if away[:3].max() > _SAME_LENGTH_A or away[3:].max() > _SAME_ANGLE_DEG:
        told = [", ".join(f"{value:.3f}" for value in atoms.cell.cellpar()) for atoms in (other, first)]
        raise StructureError(
            f"its cell ({told[0]}) is not that of {first_name} ({told[1]})", where=name,
            remedy="write both in one cell (a hop has the volume of its crystal), axes in the same order",
        )  # fmt: skip
    if match == "order" and (first.numbers != other.numbers).any():
        atom = int(np.flatnonzero(first.numbers != other.numbers)[0])
        raise StructureError(
            f"atom {atom + 1} is {other.symbols[atom]}, in {first_name} {first.symbols[atom]}", where=name,
            remedy="list the atoms of both in one order, or leave out --match order",
        )  # fmt: skip


def _moves(first: Atoms, before_A: Floats, after: Atoms, match: Match) -> tuple[np.ndarray, Floats, Floats]:
    """Which atom of `after` each one is, how far it moved (A), and the drift of the whole, fractional, taken out."""
    cell = first.cell.array
    before, there = before_A @ np.linalg.inv(cell), after.get_scaled_positions(wrap=False)
    order, moved = _matched(first.numbers, before, after.numbers, there, cell, match)
    drift = np.median(moved, axis=0) @ np.linalg.inv(cell)
    if np.linalg.norm(drift @ cell) < _LEAST_DRIFT_A:
        return order, moved, np.zeros(3)
    again = _matched(first.numbers, before, after.numbers, there - drift, cell, match)
    fewer = _n_moved(again[1]) < _n_moved(moved) or (
        _n_moved(again[1]) == _n_moved(moved) and _n_moved(moved) < len(first) / 2
    )
    return (*again, drift) if fewer else (order, moved, np.zeros(3))


def _n_moved(moved: Floats) -> int:
    return int((np.linalg.norm(moved, axis=1) > SAME_SITE_A).sum())


def _matched(
    numbers: np.ndarray, before: Floats, others: np.ndarray, after: Floats, cell: Floats, match: Match
) -> tuple[np.ndarray, Floats]:
    from scipy.optimize import linear_sum_assignment

    order = np.arange(len(numbers))
    if match == "nearest":
        for number in np.unique(numbers):
            here, there = np.flatnonzero(numbers == number), np.flatnonzero(others == number)
            squares = [(_nearest((after[there] - before[atom]) @ cell, cell) ** 2).sum(axis=1) for atom in here]
            order[here] = there[linear_sum_assignment(np.array(squares))[1]]
    return order, _nearest((after[order] - before) @ cell, cell)


def _nearest(vectors: Floats, cell: Floats) -> Floats:
    from ase.geometry import find_mic

    return find_mic(vectors, cell, pbc=True)[0]
