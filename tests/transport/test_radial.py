"""g(r) of an ideal gas is 1; that of a crystal is its shells."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import InputError, ScienceError, SettingsError
from paddlewheel.transport import first_shell, pair_distribution, radial_difference, radial_distributions


def _ideal_gas(n_frames: int, seed: int = 3) -> tuple[list, list[str]]:
    rng = np.random.default_rng(seed)
    cell = np.array([[9.0, 0, 0], [1.5, 10.0, 0], [-1.0, 2.0, 8.0]])  # skewed on purpose
    frames = [(rng.random((100, 3)) @ cell, cell) for _ in range(n_frames)]
    return frames, ["Na"] * 40 + ["H"] * 60


def test_ideal_gas_is_one_everywhere_and_beyond_half_of_the_cell():
    frames, symbols = _ideal_gas(60)
    found = {one.pair: one for one in radial_distributions(frames, symbols, cutoff_A=7.0, bin_A=0.5)}
    mixed = found["H", "Na"]
    # each bin beyond 3 A counts over 10,000 pairs: 1 % of noise; four times that, and images of an atom itself are
    # at lattice vectors only, so that equal pairs lose (N - 1)/N until the first of them
    np.testing.assert_allclose(mixed.g[mixed.r_A > 3], 1.0, atol=0.04)
    hydrogen = found["H", "H"]
    inside = (hydrogen.r_A > 3) & (hydrogen.r_A < 6.5)
    np.testing.assert_allclose(hydrogen.g[inside], 59 / 60, atol=0.04)


def test_crystal_has_its_coordination_numbers():
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    found = radial_distributions(
        [(atoms.positions, np.array(atoms.cell))], atoms.get_chemical_symbols(), cutoff_A=6.0, bin_A=0.1
    )
    table = {one.pair: one for one in found}
    density = 1 / atoms.get_volume()
    shells = 4 / 3 * np.pi * np.diff((np.arange(61) * 0.1) ** 3)
    neighbours = table["Cl", "Na"].g * density * shells
    assert neighbours[28] == pytest.approx(6)  # at 2.82 A
    assert neighbours[48] == pytest.approx(8)  # at 4.885 A
    assert neighbours.sum() == pytest.approx(14)
    assert (table["Na", "Na"].g * density * shells).sum() == pytest.approx(12 + 6)  # 3.99 and 5.64 A, in one-atom cells


@settings(max_examples=10, deadline=None)
@given(angle=st.floats(0, 6), shift=st.floats(-5, 5))
def test_rotation_translation_and_supercell_change_nothing(angle: float, shift: float):
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    atoms.rattle(0.05, seed=1)
    moved = atoms.copy()
    moved.rotate(np.degrees(angle), (1, 2, 3), rotate_cell=True)
    moved.translate([shift, 0, 0])
    moved = moved.repeat((2, 1, 1))
    one, other = (
        # shells of single distances fall on bin edges under rotation: a coarse and odd bin keeps them off
        radial_distributions(
            [(a.get_positions(), np.array(a.cell))], a.get_chemical_symbols(), cutoff_A=5.0, bin_A=0.2371
        )
        for a in (atoms, moved)
    )
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left.g, right.g, atol=1e-9)


def test_difference_is_zero_for_the_same_and_one_without_overlap():
    near, far = bulk("Cu", a=3.6), bulk("Cu", a=4.0)
    one, other = (radial_distributions([(a.positions, np.array(a.cell))], ["Cu"], cutoff_A=3.0)[0] for a in (near, far))
    assert radial_difference(one, one) == 0
    assert radial_difference(one, other) == pytest.approx(1.0)


def _crystal(n_frames: int = 9, rattle_A: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True).repeat((2, 2, 2))
    kinds = np.array(atoms.get_chemical_symbols())
    noise = np.random.default_rng(0).normal(scale=rattle_A, size=(n_frames, len(atoms), 3))
    paths = atoms.positions + noise
    return paths[:, kinds == "Na"], paths[:, kinds == "Cl"], np.array(atoms.cell)


def test_shells_of_a_crystal_and_the_running_number():
    na, cl, cell = _crystal()
    found = pair_distribution([(na, cl, cell)], range_A=6.0, bin_A=0.1)
    assert found.coordination[28] == pytest.approx(6)  # at 2.82 A
    assert found.coordination[48] == pytest.approx(14)  # and 8 at 4.885 A
    shell = first_shell(found)
    assert shell.peak_A == pytest.approx(2.85)
    assert 3.2 < shell.minimum_A < 4.4  # nothing between 2.82 and 4.89 A: in the middle of it
    assert shell.minimum < 1e-6
    same = pair_distribution([(na, na, cell)], range_A=6.0, bin_A=0.1)
    assert same.coordination[-1] == pytest.approx(12 + 6)  # 3.99 and 5.64 A, itself left out


def test_it_is_the_radial_distribution_of_elements():
    na, cl, cell = _crystal(rattle_A=0.2)
    frames = [(np.concatenate([a, b]), cell) for a, b in zip(na, cl, strict=True)]
    table = {one.pair: one for one in radial_distributions(frames, ["Na"] * 32 + ["Cl"] * 32, cutoff_A=6.0, bin_A=0.1)}
    found = pair_distribution([(na, cl, cell)], range_A=6.0, bin_A=0.1, n_parts=9)
    # two programs' counts of the same pairs (vesin's and ours): equal but for distances on an edge to rounding
    np.testing.assert_allclose(found.g, table["Cl", "Na"].g, atol=1e-9)
    assert (found.std[25:30] > 0).all()


def test_a_liquid_like_minimum_is_found_and_none_in_a_gas():
    rng = np.random.default_rng(5)
    cell = np.eye(3) * 12.0
    gas = rng.random((200, 40, 3)) @ cell
    with pytest.raises(ScienceError, match="no shell within 6 A"):
        first_shell(pair_distribution([(gas[:, :20], gas[:, 20:], cell)], range_A=6.0))
    na, cl, cell = _crystal(200, rattle_A=0.35)
    found = first_shell(pair_distribution([(na, cl, cell)], range_A=8.0))
    assert found.peak_A == pytest.approx(2.82, abs=0.15)
    assert 3.5 < found.minimum_A < 4.3
    with pytest.raises(ScienceError, match=r"no minimum after its maximum at 2\.\d+ A"):
        first_shell(pair_distribution([(na, cl, cell)], range_A=3.2))


def test_cell_too_small_for_the_range_is_refused():
    na, cl, cell = _crystal()
    with pytest.raises(InputError, match=r"cell is too small for a range of 11\.4 A"):
        pair_distribution([(na, cl, cell)], range_A=11.4)
    with pytest.raises(SettingsError, match="bins of 0"):
        pair_distribution([(na, cl, cell)], range_A=5.0, bin_A=0.0)
