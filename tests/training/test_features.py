"""Features of structures: invariances, the latent space of the M3GNet engine, the radial fallback."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.crystals import read_structure
from paddlewheel.training.features import feature_kind, radial_features, structure_features


def alloy():
    atoms = bulk("Cu", cubic=True) * (2, 2, 2)
    atoms.symbols[::5] = "Al"
    atoms.rattle(0.1, seed=1)
    return atoms


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(0, 360), axis=st.sampled_from("xyz"), shift=st.floats(-20, 20), seed=st.integers(0, 99))
def test_radial_features_are_invariant(angle, axis, shift, seed):
    atoms = alloy()
    expected = structure_features(EMT(), atoms, elements=("Al", "Cu"))
    moved = atoms[np.random.default_rng(seed).permutation(len(atoms))]
    moved.rotate(angle, axis, rotate_cell=True)
    moved.translate([shift, 0, -shift])
    # sums of about 40 neighbours of order 1 in another order
    np.testing.assert_allclose(structure_features(EMT(), moved, elements=("Al", "Cu")), expected, atol=1e-10)


def test_radial_features_of_a_supercell_are_those_of_the_cell():
    atoms = alloy()
    one, eight = (structure_features(EMT(), each, elements=("Al", "Cu")) for each in (atoms, atoms * (2, 1, 1)))
    np.testing.assert_allclose(one, eight, atol=1e-10)


def test_radial_features_of_a_dimer_are_the_gaussians():
    atoms = bulk("Cu", cubic=True)[:1] * (1, 1, 2)
    atoms.set_cell([30, 30, 30])
    atoms.positions[:] = [[0, 0, 0], [0, 0, 2.3]]
    features = radial_features(atoms, elements=("Cu",))
    fade = 0.5 * (1 + np.cos(np.pi * 2.3 / 6))
    np.testing.assert_allclose(features[0], np.exp(-(((2.3 - np.linspace(0.8, 5.6, 17)) / 0.3) ** 2) / 2) * fade)
    assert "radial" in feature_kind(EMT())


def test_latent_space_of_m3gnet_is_invariant_and_tells_structures_apart(shared):
    pytest.importorskip("torch")
    from paddlewheel.potentials.m3gnet import M3GNetCalculator

    folder = shared / "data" / "potentials" / "M3GNet-r2SCAN-NaBH"
    calculator = M3GNetCalculator.from_directory(folder, dtype="float64")
    atoms = read_structure("nabh4")
    atoms.rattle(0.05, seed=2)
    expected = structure_features(calculator, atoms, elements=("B", "H", "Na"))
    assert expected.shape == (128,)
    assert "latent" in feature_kind(calculator)
    moved = atoms[::-1] * (2, 1, 1)
    moved.rotate(33, "x", rotate_cell=True)
    again = structure_features(calculator, moved, elements=("B", "H", "Na"))
    np.testing.assert_allclose(again, expected, atol=1e-8)  # float64 through three blocks of sums
    other = structure_features(calculator, read_structure("na2b12h12"), elements=("B", "H", "Na"))
    assert np.abs(other - expected).max() > 0.1


def test_readout_of_the_features_is_the_energy(shared):
    """The features are those of the very pass that gives the energy: its readout of them has to agree."""
    torch = pytest.importorskip("torch")
    from paddlewheel.potentials.m3gnet import M3GNetCalculator

    folder = shared / "data" / "potentials" / "M3GNet-r2SCAN-NaBH"
    calculator = M3GNetCalculator.from_directory(folder, dtype="float64")
    atoms = read_structure("nabh4")
    atoms.rattle(0.05, seed=3)
    model = calculator.model
    terms = model._network._readout.evaluate(torch.from_numpy(model.atom_features(atoms)))[0].numpy()
    species = [model.elements.index(symbol) for symbol in atoms.get_chemical_symbols()]
    energies = terms * model.checkpoint.data_std_eV + model.checkpoint.offsets_eV.numpy()[species]
    total = energies.sum() + model.checkpoint.data_mean_eV
    atoms.calc = calculator
    assert total == pytest.approx(atoms.get_potential_energy(), abs=1e-8)
