"""The two ends of a hop in a supercell: a vacancy that an ion hops into, or an extra ion; and whether they last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

Mechanism = Literal["vacancy", "interstitial"]

LARGEST_FRAMEWORK_MOVE_A = 1.5
"""An atom that is not of the mobile element and goes further has left its place: the framework is another one."""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Both ends of a hop, with the atoms in one order and the hop as it is, not wrapped into the cell.

    Attributes
    ----------
    start, end
        Supercells without the ion at the end of the hop (vacancy), or with an extra ion (interstitial).
    moving
        Index of the ion that hops.
    places_A
        Every site of the mobile element in the supercell, `[n_sites, 3]`.
    own_start, own_end
        The place of each ion of the mobile element at the start and at the end, as indices of `places_A`; -1 for
        other atoms, `[n_atoms]`.
    guesses_A
        Positions of all atoms at places of the path in between, `[n, n_atoms, 3]`, where somebody has a guess.
    """

    start: Atoms
    end: Atoms
    moving: int
    places_A: np.ndarray
    own_start: np.ndarray
    own_end: np.ndarray
    guesses_A: np.ndarray | None = None


def vacancy_ends(
    cell: Atoms, repeats: tuple[int, int, int], *, specie: str, start: int, end: int, shift: tuple[int, int, int]
) -> Ends:
    """An ion of the cell hops to the place of another, which is taken out.

    Parameters
    ----------
    cell
        One cell of the crystal; `repeats` of it make the supercell.
    start, end, shift
        The hop, between sites counted as the ions of `specie` are in the cell.
    """
    ions = np.flatnonzero(cell.symbols == specie)
    whole = cell.repeat(repeats)
    taken = _index(int(ions[end]), shift, repeats, len(cell))
    mover = int(ions[start])
    assert taken != mover, "a hop to an image of the ion itself needs a larger supercell"
    target_A = cell.positions[ions[end]] + np.array(shift) @ cell.cell.array
    before = whole.copy()
    del before[taken]
    moving = mover - (taken < mover)
    after = before.copy()
    after.positions[moving] = target_A
    all_ions = np.flatnonzero(whole.symbols == specie)
    place = np.full(len(whole), -1)
    place[all_ions] = np.arange(len(all_ions))
    own_start = np.delete(place, taken)
    own_end = own_start.copy()
    own_end[moving] = place[taken]
    return Ends(
        start=before, end=after, moving=moving, places_A=whole.positions[all_ions], own_start=own_start, own_end=own_end
    )


def interstitial_ends(
    cell: Atoms,
    repeats: tuple[int, int, int],
    *,
    specie: str,
    sites: np.ndarray,
    start: int,
    end: int,
    shift: tuple[int, int, int],
) -> Ends:
    """An extra ion hops from one empty site to another.

    Parameters
    ----------
    sites
        Empty sites of the cell, fractional `[n, 3]`.
    """
    from ase import Atom

    whole = cell.repeat(repeats)
    ions = np.flatnonzero(whole.symbols == specie)
    cells = np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 3)
    empty_A = ((cells[:, None] + sites[None]).reshape(-1, 3)) @ cell.cell.array
    ends = []
    for site, where in ((start, (0, 0, 0)), (end, shift)):
        atoms = whole.copy()
        atoms.append(Atom(specie, (sites[site] + np.array(where)) @ cell.cell.array))
        ends.append(atoms)
    own = np.full(len(whole) + 1, -1)
    own[ions] = np.arange(len(ions))
    own_start, own_end = own.copy(), own.copy()
    own_start[-1] = len(ions) + start
    own_end[-1] = len(ions) + _index(end, shift, repeats, len(sites))
    return Ends(
        start=ends[0], end=ends[1], moving=len(whole), places_A=np.concatenate([whole.positions[ions], empty_A]),
        own_start=own_start, own_end=own_end,
    )  # fmt: skip


def strayed(relaxed: Atoms, before: Atoms, own: np.ndarray, places_A: np.ndarray) -> str | None:
    """Why a relaxed end is not what it was; None where every ion is nearest to its own place, and the framework stands.

    Parameters
    ----------
    before
        The end before its relaxation.
    own, places_A
        As `Ends` has them.
    """
    from ase.geometry import find_mic

    moved = relaxed.positions - before.positions
    others = own < 0 if (own < 0).any() else np.ones(len(own), dtype=bool)
    drift = np.median(moved[others], axis=0)
    far = np.linalg.norm(moved - drift, axis=1)
    if (own < 0).any() and far[own < 0].max() > LARGEST_FRAMEWORK_MOVE_A:
        atom = int(np.argmax(np.where(own < 0, far, 0.0)))
        return f"{relaxed.symbols[atom]} {atom + 1} of the framework went {far[atom]:.2f} A"
    for ion in np.flatnonzero(own >= 0):
        vectors = places_A - (relaxed.positions[ion] - drift)
        distance = find_mic(vectors, before.cell.array, pbc=True)[1]
        if int(distance.argmin()) != own[ion]:
            return f"{relaxed.symbols[ion]} {ion + 1} went {far[ion]:.2f} A, to another site"
    return None


def _index(atom: int, shift: tuple[int, int, int], repeats: tuple[int, int, int], n_atoms: int) -> int:
    """Where `Atoms.repeat` puts an atom of the cell `shift`."""
    a, b, c = (int(value) % n for value, n in zip(shift, repeats, strict=True))
    return ((a * repeats[1] + b) * repeats[2] + c) * n_atoms + atom
