"""g(r) of an ideal gas is 1; that of a crystal is its shells."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.training.validation import radial_difference, radial_distributions


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
