"""Densities of states against phonopy's own, and their distance where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from paddlewheel.thermodynamics.phonons import (
    PhononModes,
    common_grid,
    compare_dos,
    displaced_supercells,
    gaussian_dos,
    phonon_modes,
)


@pytest.fixture(scope="module")
def copper():
    atoms = bulk("Cu", a=3.59, cubic=True)
    phonon, cells = displaced_supercells(atoms, (2, 2, 2), displacement_A=0.01)
    forces = []
    for cell in cells:
        cell.calc = EMT()
        forces.append(cell.get_forces())
    return phonon, phonon_modes(phonon, np.array(forces))


def test_symmetry_leaves_one_displacement_and_its_opposite():
    _, cells = displaced_supercells(bulk("Cu", a=3.59, cubic=True), (2, 2, 2), displacement_A=0.01)
    assert len(cells) == 2


def test_dos_is_phonopys_and_counts_three_modes_an_atom(copper):
    phonon, modes = copper
    sigma = 5.0
    grid = common_grid([modes], sigma_per_cm=sigma)
    ours = gaussian_dos(modes, grid, sigma_per_cm=sigma)
    assert ours.sum() * (grid[1] - grid[0]) == pytest.approx(12.0, rel=1e-4)
    thz = 33.35640951981521
    phonon.run_total_dos(
        sigma=sigma / thz,
        freq_min=grid[0] / thz,
        freq_max=grid[-1] / thz,
        freq_pitch=(grid[1] - grid[0]) / thz,
        use_tetrahedron_method=False,
    )
    theirs = phonon.total_dos
    np.testing.assert_allclose(np.asarray(theirs.frequency_points)[: len(grid)] * thz, grid, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(np.asarray(theirs.dos)[: len(grid)] / thz, ours, atol=1e-9)


def test_copper_is_stable_and_has_its_highest_mode(copper):
    _, modes = copper
    assert modes.imaginary_share == 0
    # EMT copper: about 8 THz (experiment 7.2 THz, Nicklow 1967); a unit error would be a factor
    assert 200 < modes.wavenumber_per_cm.max() < 300


def test_rigid_shift_is_the_shift():
    rng = np.random.default_rng(1)
    one = PhononModes(rng.uniform(100, 500, (4, 30)), np.full(4, 0.25))
    other = PhononModes(one.wavenumber_per_cm + 12.0, one.weights)
    grid = common_grid([one, other], sigma_per_cm=6.0)
    curves = [gaussian_dos(modes, grid, sigma_per_cm=6.0) for modes in (one, other)]
    difference = compare_dos(grid, *curves)
    assert difference.shift_per_cm == pytest.approx(12.0, rel=1e-3)
    assert 0 < difference.share < 1
    assert compare_dos(grid, curves[0], curves[0]).shift_per_cm == 0


def test_imaginary_modes_are_counted_with_their_weights():
    modes = PhononModes(np.array([[-50.0, 10.0], [20.0, 30.0]]), np.array([0.25, 0.75]))
    assert modes.imaginary_share == pytest.approx(0.125)
    assert modes.lowest_per_cm == -50
