"""Lattice gradients against derivatives of pymatgen's Ewald energy and a direct sum; factor and averages."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.ewald import EwaldSummation

from paddlewheel.lab.nmr.tensors.conventions import gradient_of
from paddlewheel.lab.nmr.tensors.point_charges import (
    E_PER_A3_IN_AU,
    average_over,
    fit_factor,
    lattice_gradients_au,
)

_COULOMB_eV_A = 14.3996454784
CUBE = 6.0 * np.eye(3)


def test_gradients_are_derivatives_of_the_energy() -> None:
    """q V_ij = d2E / dx_i dx_j of one ion; in a cube its own images add nothing without a trace."""
    generator = np.random.default_rng(5)
    base = np.array([[0, 0, 0], [0.5, 0.45, 0], [0, 0.5, 0.55], [0.48, 0, 0.5]]) + 0.03 * generator.normal(size=(4, 3))
    charges = np.array([1.0, -2.0, 3.0, -2.0])

    def energy_eV(shift_A: np.ndarray) -> float:
        places = base @ CUBE
        places[0] += shift_A
        crystal = Structure(Lattice(CUBE), ["Na", "O", "Al", "O"], places, coords_are_cartesian=True)
        crystal.add_oxidation_state_by_site(charges.tolist())
        return EwaldSummation(crystal, acc_factor=14).total_energy

    step = 0.02
    derivative = np.empty((3, 3))
    for i, j in np.ndindex(3, 3):
        a, b = step * np.eye(3)[i], step * np.eye(3)[j]
        derivative[i, j] = (energy_eV(a + b) - energy_eV(a - b) - energy_eV(b - a) + energy_eV(-a - b)) / (4 * step**2)
    derivative -= np.eye(3) * np.trace(derivative) / 3
    found = lattice_gradients_au(base @ CUBE, CUBE, charges, np.array([0]))[0] / E_PER_A3_IN_AU * _COULOMB_eV_A
    assert found == pytest.approx(derivative, abs=0.005 * np.abs(derivative).max())  # of the differences


def test_two_charges_far_from_others() -> None:
    """An ion 1.5 A from a charge of -1 e, in a box of 30 A: V along the line is -2 / r^3, eta 0."""
    cell = 30.0 * np.eye(3)
    places = np.array([[0.0, 0, 0], [0, 1.5, 0]])
    found = gradient_of(lattice_gradients_au(places, cell, np.array([1.0, -1.0]), np.array([0]))[0])
    assert found.largest_au == pytest.approx(-2 / (1.5 / 0.529177210544) ** 3, rel=1e-3)
    assert found.eta == pytest.approx(0.0, abs=1e-2)


def test_supercell_and_slanted_cell_have_the_same_gradients() -> None:
    cell = np.array([[5.0, 0, 0], [1.0, 5.5, 0], [0.5, -0.8, 7.0]])
    places = np.array([[0.1, 0.2, 0.1], [0.6, 0.5, 0.4], [0.3, 0.8, 0.7]]) @ cell
    charges = np.array([1.0, 1.0, -2.0])
    small = lattice_gradients_au(places, cell, charges, np.arange(3))
    doubled = np.vstack([places, places + cell[0], places + cell[2], places + cell[0] + cell[2]])
    large = lattice_gradients_au(doubled, cell * np.array([[2.0], [1], [2]]), np.tile(charges, 4), np.arange(3))
    assert large == pytest.approx(small, abs=1e-6)


def test_factor_and_what_it_leaves() -> None:
    lattice = np.array([np.diag([-1.0, -1.0, 2.0]), np.diag([-2.0, 1.0, 1.0])])
    exact = fit_factor(lattice, 5.5 * lattice)
    assert (exact.factor, exact.unexplained, exact.n_tensors) == pytest.approx((5.5, 0.0, 2))
    across = np.array([np.diag([1.0, -1.0, 0.0]), np.diag([0.0, 1.0, -1.0])])  # no part of it is along the lattice's
    half = fit_factor(lattice, 2 * lattice + np.sqrt(12.0) * across)
    assert half.factor == pytest.approx(2.0)
    assert half.unexplained == pytest.approx(0.5)  # 4 x 12 of squares, and 12 x 4


def test_a_tensor_that_turns_has_no_mean() -> None:
    """A tensor along x, y, z in turn: the mean is zero, and all of it fluctuates."""
    along = [np.diag([2.0, -1, -1]), np.diag([-1, 2.0, -1]), np.diag([-1, -1, 2.0])]
    still = np.diag([-1.0, -1.0, 2.0])
    found = average_over(np.array([[tensor, still] for tensor in along]))
    assert found.averaged_au[0] == pytest.approx(np.zeros((3, 3)))
    assert found.averaged_au[1] == pytest.approx(still)
    assert found.instant_square_au2 == pytest.approx([4.0, 4.0])  # Vzz^2 of axial tensors
    assert found.fluctuating_square_au2 == pytest.approx([4.0, 0.0])
