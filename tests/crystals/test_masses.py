"""Masses of whole anions scaled: every atom of the type and no other, and nothing but the masses."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_masses
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.crystals import find_anion_types, read_structure, scale_anion_masses
from paddlewheel.errors import SettingsError


def test_every_atom_of_the_anion_and_no_other_gets_heavier():
    cell = read_structure("o-nbh")
    scaled = scale_anion_masses(cell, {"BH4": 4.0})
    ratio = scaled.get_masses() / cell.get_masses()
    # 4 BH4 of 5 atoms in 128
    assert (ratio == 4.0).sum() == 20
    assert (ratio == 1.0).sum() == 108
    symbols = np.array(cell.get_chemical_symbols())[ratio == 4.0]
    assert sorted(symbols) == ["B"] * 4 + ["H"] * 16
    np.testing.assert_array_equal(scaled.get_positions(), cell.get_positions())
    np.testing.assert_array_equal(cell.get_masses(), atomic_masses[cell.numbers])  # the given cell is left alone


def test_moments_of_inertia_grow_by_the_factor():
    cell = read_structure("o-nbh")
    cage = next(one for one in find_anion_types(cell) if one.formula == "B12H12").polyanions[0]
    cell.pbc = False  # the moments of one image of the atoms, whatever it looks like
    light = cell[list(cage.indices)].get_moments_of_inertia()
    scaled = scale_anion_masses(read_structure("o-nbh"), {"B12H12": 10.0})
    scaled.pbc = False
    heavy = scaled[list(cage.indices)].get_moments_of_inertia()
    np.testing.assert_allclose(heavy, 10 * light, rtol=1e-12)


def test_single_atoms_are_anions_and_metals_and_networks_are_none():
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    assert [(one.formula, one.n_anions) for one in find_anion_types(salt)] == [("Cl", 4)]
    ratio = scale_anion_masses(salt, {"Cl": 2.0}).get_masses() / salt.get_masses()
    np.testing.assert_array_equal(ratio, np.where(salt.symbols == "Cl", 2.0, 1.0))
    diamond = bulk("C", "diamond", a=3.57, cubic=True)
    assert find_anion_types(diamond) == []


def test_the_mobile_ion_is_no_anion():
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    assert find_anion_types(salt, mobile="Cl") == []


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), factor=st.floats(0.1, 50))
def test_neither_order_nor_origin_nor_wrapping_matters(seed: int, factor: float):
    cell = read_structure("nabh4")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(cell))
    moved = cell[order]
    moved.translate(rng.uniform(-20, 20, 3))
    moved.wrap()
    expected = scale_anion_masses(cell, {"BH4": factor}).get_masses()[order]
    np.testing.assert_allclose(scale_anion_masses(moved, {"BH4": factor}).get_masses(), expected, rtol=1e-12)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_positive_number_is_refused(factor: float):
    with pytest.raises(SettingsError, match="mass factor"):
        scale_anion_masses(read_structure("nabh4"), {"BH4": factor})


def test_an_anion_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(SettingsError, match=r"no anion PS4 .*B12H12, BH4"):
        scale_anion_masses(read_structure("o-nbh"), {"PS4": 2.0})
    with pytest.raises(SettingsError, match="none"):
        scale_anion_masses(Atoms("Na", cell=[4, 4, 4], pbc=True), {"Cl": 2.0})
