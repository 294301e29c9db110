"""Ends of a user's own: matched atom by atom, whatever their order, origin and image; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from paddlewheel.barriers.band import band_through
from paddlewheel.barriers.given import given_ends, match_path
from paddlewheel.errors import StructureError

NAMES = ("start.vasp", "end.vasp")


def _crystal() -> Atoms:
    return bulk("NaCl", "rocksalt", a=5.6, cubic=True).repeat((2, 2, 2))


def _vacancy_ends() -> tuple[Atoms, Atoms, int]:
    """The first Na missing, the nearest Na in its place, and which atom that is in the start."""
    whole = _crystal()
    ions = np.flatnonzero(whole.symbols == "Na")
    near = int(ions[1:][whole.get_distances(int(ions[0]), ions[1:], mic=True).argmin()])
    start, end = whole.copy(), whole.copy()
    end.positions[near] = whole.positions[ions[0]]
    del start[int(ions[0])], end[int(ions[0])]
    return start, end, near - 1


def test_shuffled_shifted_and_wrapped_ends_are_matched() -> None:
    start, end, mover = _vacancy_ends()
    rng = np.random.default_rng(1)
    order = rng.permutation(len(end))
    end.positions += np.array([0.4, -0.3, 0.2]) + rng.normal(0, 0.03, (len(end), 3))  # as a relaxation may leave it
    end.wrap()
    path = match_path((start, end[order]), NAMES)
    (moved,) = path.moved
    assert (moved.atom, order[moved.atom_of_end]) == (mover, mover)
    assert moved.distance_A == pytest.approx(5.6 / np.sqrt(2), abs=0.15)  # three sigma of each end of a displacement
    assert path.n_reordered == int((np.argsort(order) != np.arange(len(order))).sum())
    assert path.drift_A == pytest.approx(np.linalg.norm([0.4, -0.3, 0.2]), abs=0.03)
    others = np.delete(path.positions_A[-1] - start.positions, mover, axis=0)
    assert np.linalg.norm(others, axis=1).max() < 0.2


def test_a_hop_out_of_the_cell_goes_the_short_way() -> None:
    start, end, mover = _vacancy_ends()
    end.positions[mover] += 3 * end.cell.array[0]
    (moved,) = match_path((start, end), NAMES).moved
    assert moved.distance_A == pytest.approx(5.6 / np.sqrt(2))


def test_a_chain_that_pushes_on() -> None:
    """Each of two ions goes to the next place: their own places at the end are that of the other, and a new one."""
    framework = [[x, 4, z] for x in (0, 4, 8) for z in (0, 4)]
    start = Atoms("Na2Cl6", positions=[[0, 0, 0], [3, 0, 0], *framework], cell=[12, 8, 8], pbc=True)
    end = start.copy()
    end.positions[:2, 0] += 3
    path = match_path((start, end), NAMES, match="order")
    assert [moved.distance_A for moved in path.moved] == pytest.approx([3, 3])
    ends = given_ends(path.start, path.positions_A)
    assert ends.own_start.tolist() == [0, 1, *[-1] * 6]
    assert ends.own_end.tolist() == [1, 2, *[-1] * 6]
    assert ends.places_A[2] == pytest.approx([6, 0, 0])
    assert len(match_path((start, end), NAMES).moved) == 2  # 3^2 + 3^2 is less than 6^2 + 0


def test_atoms_that_change_places_by_the_order_of_the_files() -> None:
    start = _crystal()
    end = start.copy()
    ions = np.flatnonzero(start.symbols == "Na")[:2]
    end.positions[ions] = start.positions[ions[::-1]]
    with pytest.raises(StructureError, match=r"the ends are one structure.*--match order"):
        match_path((start, end), NAMES)
    moved = match_path((start, end), NAMES, match="order").moved
    assert {each.atom for each in moved} == set(ions.tolist())


def test_guesses_are_followed_in_equal_steps() -> None:
    """Round a corner: from (0, 0) by (3, 0) to (3, 3); five images between, 1 A apart."""
    start, end = (
        Atoms("NaCl", positions=[place, [6, 6, 6]], cell=[12] * 3, pbc=True) for place in ([0, 0, 0], [3, 3, 0])
    )
    guess = start.copy()
    guess.positions[0] = [3 + 12, 0, 0]
    path = match_path((start, guess, end), ("a", "b", "c"))
    ends = given_ends(path.start, path.positions_A)
    assert ends.guesses_A is not None
    images = band_through(ends.start, ends.end, ends.guesses_A, n_images=5)
    expected = [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3]]
    assert np.array([image.positions[0, :2] for image in images]) == pytest.approx(np.array(expected))
    same = band_through(ends.start, ends.end, path.positions_A, n_images=5)  # the ends over again as guesses
    assert np.array([image.positions for image in same]) == pytest.approx(np.array([i.positions for i in images]))


def _other_count(end: Atoms) -> Atoms:
    return end[1:]


def _other_element(end: Atoms) -> Atoms:
    end.symbols[0] = "K"
    return end


def _other_cell(end: Atoms) -> Atoms:
    end.set_cell(end.cell.array * 1.01, scale_atoms=True)
    return end


def _other_origin(end: Atoms) -> Atoms:
    """One sublattice shifted against the other: half of all atoms, whichever of them counts as the rest."""
    end.positions[end.numbers == 17] += [1.4, 0, 0]
    return end


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_other_count, r"end.vasp: is Na31Cl31, start.vasp is Na31Cl32; give ends of the same atoms"),
        (_other_element, r"end.vasp: is \w*K\w*, start.vasp is Na31Cl32"),
        (_other_cell, r"its cell \(11.312, 11.312, 11.312, .*\) is not that of start.vasp"),
        (_other_origin, "3[12] of 63 atoms are over 0.5 A from their places"),
    ],
)
def test_ends_that_do_not_fit_are_refused(spoil: Callable[[Atoms], Atoms], told: str) -> None:
    start, end, _ = _vacancy_ends()
    with pytest.raises(StructureError, match=told):
        match_path((start, spoil(end)), NAMES)


def test_an_order_that_is_none_is_refused() -> None:
    start, end, _ = _vacancy_ends()
    with pytest.raises(StructureError, match=r"end.vasp: atom 1 is \w+, in start.vasp \w+; list the atoms of both"):
        match_path((start, end[np.argsort(end.numbers)]), NAMES, match="order")
