"""Supercells: the paper's rule on the paper's structures, explicit repeats, and bad specifications."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.geometry import minkowski_reduce

from paddlewheel.crystals import find_polyanions, make_supercell, read_structure
from paddlewheel.crystals.supercell import (
    as_matrix,
    describe_supercell,
    image_distance_A,
    is_plain,
    n_cells,
    narrowest_width_A,
    nearest_to_cubic,
    repeat_cell,
    repeats_of_atoms,
    repeats_with_images_beyond,
)
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


def _best_width(cell_A: np.ndarray, n_cells: int) -> float:
    """The widest of all superlattices, each reduced by ASE: slow, and another code."""
    best = 0.0
    for a in range(1, n_cells + 1):
        for b in range(1, n_cells // a + 1):
            if n_cells % (a * b):
                continue
            c = n_cells // (a * b)
            for i, j, k in product(range(b), range(c), range(c)):
                dual = np.linalg.inv(np.array([[a, i, j], [0, b, k], [0, 0, c]]) @ cell_A).T
                best = max(best, 1 / np.linalg.norm(minkowski_reduce(dual)[0], axis=1).max())
    return best


_SKEWED = {
    "fcc": np.array(bulk("Al", a=4.05).cell),
    "rhombohedral, 33 degrees": np.array([[1.40, 0.808, 4.68], [-1.40, 0.808, 4.68], [0.0, -1.617, 4.68]]),
    "layered": np.diag([3.0, 3.1, 20.0]),
    "triclinic": np.array([[4.1, 0.0, 0.0], [1.7, 5.2, 0.0], [-2.0, 1.9, 6.3]]),
}


@pytest.mark.parametrize("name", _SKEWED)
@pytest.mark.parametrize("n_cells_wanted", [4, 8])
def test_the_cell_nearest_to_cubic_is_the_widest_of_all_superlattices(name: str, n_cells_wanted: int) -> None:
    cell_A = _SKEWED[name]
    repeats = nearest_to_cubic(cell_A, [n_cells_wanted])
    assert repeats is not None
    assert n_cells(repeats) == n_cells_wanted
    found = narrowest_width_A(as_matrix(repeats) @ cell_A)
    best = _best_width(cell_A, n_cells_wanted)
    # plain repeats may stand in for a matrix that is 5 % wider at most
    assert best * (0.95 if is_plain(repeats) else 1.0) - 1e-9 <= found <= best + 1e-9


def test_a_face_centred_primitive_cell_becomes_the_cube() -> None:
    atoms = bulk("Al", a=4.05)
    repeats = repeats_of_atoms(np.array(atoms.cell), 1, n_atoms=32)
    cell = repeat_cell(atoms, repeats)
    assert len(cell) == 32
    assert narrowest_width_A(np.array(cell.cell)) == pytest.approx(8.1)
    # the same crystal as the conventional cell repeated: the same distances
    cube = bulk("Al", a=4.05, cubic=True).repeat(2)
    distances = [np.sort(each.get_all_distances(mic=True), axis=None) for each in (cell, cube)]
    np.testing.assert_allclose(*distances, atol=1e-9)


def test_a_right_angled_cell_keeps_its_axes() -> None:
    atoms = read_structure("nabh4")
    assert repeats_of_atoms(np.array(atoms.cell), len(atoms), n_atoms=216) == (3, 3, 2)


def test_about_so_many_atoms_is_within_a_tenth_or_the_nearest_number_of_cells() -> None:
    cell_A = np.diag([9.86, 9.86, 9.86])
    for wanted in (52, 60, 100, 130, 208, 500, 1000):
        found = 52 * n_cells(repeats_of_atoms(cell_A, 52, n_atoms=wanted))
        assert abs(found - wanted) <= max(0.1 * wanted, 26), wanted


def test_widths_and_images_are_those_of_the_lattice_whatever_its_vectors() -> None:
    # fcc of edge a: nearest images a / sqrt(2); the widest basis is the primitive rhombohedral one, a / sqrt(3)
    cell_A = np.array(bulk("Al", a=4.0).cell)
    skewed = np.array([[1, 0, 0], [3, 1, 0], [-2, 4, 1]]) @ cell_A
    for given in (cell_A, skewed):
        assert image_distance_A(given) == pytest.approx(4.0 / np.sqrt(2))
        assert narrowest_width_A(given) == pytest.approx(4.0 / np.sqrt(3))


def test_what_nearly_kept_the_rule_is_told_with_its_cost() -> None:
    unit = bulk("NaCl", "rocksalt", a=9.86, cubic=True)
    cell, repeats = make_supercell(unit, "auto")
    choice = describe_supercell(cell, repeats, by_rule=True)
    (other,) = choice.alternatives
    assert (repeats, other.repeats, other.n_atoms) == ((2, 2, 2), (1, 1, 1), 8)
    assert choice.told().endswith("1x1x1 is 1.4 % short of 10 A: 8 atoms, 8 times faster: --supercell 1x1x1")
    assert not describe_supercell(cell, repeats, by_rule=False).alternatives


def test_only_axes_that_nearly_keep_the_rule_are_shortened() -> None:
    cell, repeats = make_supercell(Atoms("Na", cell=[9.9, 8.8, 6.0], pbc=True), "auto")
    told = [
        (each.repeats, round(each.short, 3)) for each in describe_supercell(cell, repeats, by_rule=True).alternatives
    ]
    assert (repeats, told) == ((2, 2, 2), [((1, 2, 2), 0.01), ((1, 1, 2), 0.12)])


@pytest.mark.parametrize("n_atoms", [0, -3, 5, 1_000_001])
def test_numbers_of_atoms_that_no_supercell_has_are_refused(n_atoms: int) -> None:
    atoms = read_structure("nabh4")
    with pytest.raises(SettingsError, match="atoms"):
        repeats_of_atoms(np.array(atoms.cell), len(atoms), n_atoms=n_atoms)


def test_supercells_for_phonons_keep_the_symmetry_and_images_apart() -> None:
    # rhombohedral, 33 degrees: repeats of 2x2x2 have lattice parameters of 10 A and images at 5.6 A
    cell_A = _SKEWED["rhombohedral, 33 degrees"]
    turned = np.array([[[0, 0, 1], [1, 0, 0], [0, 1, 0]]])  # the threefold axis, on fractional columns
    assert image_distance_A(2 * cell_A) == pytest.approx(5.6, abs=0.01)
    repeats = repeats_with_images_beyond(cell_A, 7.0, rotations=turned)
    matrix = as_matrix(repeats)
    assert image_distance_A(matrix @ cell_A) > 7.0
    inside = matrix @ turned[0].T @ np.linalg.inv(matrix)
    np.testing.assert_allclose(inside, np.rint(inside), atol=1e-9)
    fewer = [nearest_to_cubic(cell_A, [count], rotations=turned) for count in range(1, n_cells(repeats))]
    assert all(image_distance_A(as_matrix(each) @ cell_A) <= 7.0 for each in fewer if each is not None)
