"""Supercells: the paper's rule on the paper's structures, explicit repeats, and bad specifications."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.crystals import find_polyanions, make_supercell, read_structure
from paddlewheel.errors import SettingsError


@pytest.mark.parametrize(("name", "expected"), [("o-nbh", (2, 1, 2)), ("na2b12h12", (2, 1, 2)), ("nabh4", (3, 3, 2))])
def test_automatic_repeats_are_the_smallest_with_every_length_above_10_A(name: str, expected: tuple) -> None:
    atoms = read_structure(name)
    cell, repeats = make_supercell(atoms, "auto")
    assert repeats == expected
    assert (cell.cell.lengths() > 10).all()
    shrunk = np.array(repeats) - 1
    assert ((shrunk == 0) | (shrunk * atoms.cell.lengths() <= 10)).all()
    assert len(cell) == len(atoms) * np.prod(repeats)


def test_a_length_of_exactly_the_minimum_is_not_above_it() -> None:
    assert make_supercell(Atoms("Na", cell=[10, 10.001, 5], pbc=True))[1] == (2, 1, 3)
    assert make_supercell(Atoms("Na", cell=[10, 10.001, 5], pbc=True), min_length_A=9.9)[1] == (1, 1, 2)


@pytest.mark.parametrize("spec", ["2x1x3", "2X1X3", " 2 x 1 x 3 ", "2×1×3", (2, 1, 3), [2, 1, 3], np.array([2, 1, 3])])
def test_explicit_repeats(spec: object) -> None:
    cell, repeats = make_supercell(read_structure("nabh4"), spec)  # pyright: ignore[reportArgumentType]
    assert repeats == (2, 1, 3)
    assert len(find_polyanions(cell)) == 2 * 6  # two BH4 in each of the six cells


@pytest.mark.parametrize(
    "spec", ["2x2", "0x1x1", "-1x1x1", "axbxc", "", "2x2x2x2", "1.5x1x1", (1, 2), (1, 2, 0), (1, 2, 2.5), 3, None]
)
def test_bad_specifications_are_refused(spec: object) -> None:
    with pytest.raises(SettingsError, match="is no supercell; write"):
        make_supercell(read_structure("nabh4"), spec)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_minimum_lengths_are_refused(length: float) -> None:
    with pytest.raises(SettingsError, match="minimum length"):
        make_supercell(read_structure("nabh4"), min_length_A=length)


def test_a_supercell_beyond_reason_is_refused_before_it_is_made() -> None:
    with pytest.raises(SettingsError, match=r"1\.2e\+10 atoms"):
        make_supercell(read_structure("nabh4"), "1000x1000x1000")
