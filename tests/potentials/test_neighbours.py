"""Neighbour lists: against ASE, and bit for bit the same whenever they were built."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.neighbours import Bonds, NeighbourList

PERIODIC = (True, True, True)
CELL = np.array([[4.1, 0.0, 0.0], [-1.3, 5.2, 0.0], [0.4, 1.1, 3.7]])


def bonds_of(atoms: Atoms, neighbours: NeighbourList) -> Bonds:
    pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
    return neighbours.update(positions_A=atoms.positions, cell_A=np.array(atoms.cell), pbc=pbc)


def assert_identical(one: Bonds, other: Bonds) -> None:
    for name in ("centre", "neighbour", "shift", "vector_A", "distance_A"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@pytest.mark.parametrize("pbc", [PERIODIC, (True, False, True), (False, False, False)])
def test_same_bonds_as_ase(pbc: tuple[bool, bool, bool]) -> None:
    """Also for atoms far outside a small triclinic cell (several images of each pair)."""
    random = np.random.default_rng(1)
    atoms = Atoms("H9", positions=random.uniform(-9, 12, (9, 3)), cell=CELL, pbc=pbc)
    bonds = bonds_of(atoms, NeighbourList(cutoff_A=4.5))
    i, j, shift, distance = neighbor_list("ijSd", atoms, 4.5)
    order = np.lexsort((*shift.T[::-1], j, i))
    np.testing.assert_array_equal(bonds.centre, i[order])
    np.testing.assert_array_equal(bonds.neighbour, j[order])
    np.testing.assert_array_equal(bonds.shift, shift[order])
    np.testing.assert_allclose(bonds.distance_A, distance[order], rtol=0, atol=1e-12)  # rounding of float64


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    step_A=st.sampled_from([0.01, 0.05, 0.2]),
    strain=st.sampled_from([0.0, 0.003, 0.02]),
    skin_A=st.sampled_from([0.3, 0.8]),
)
def test_bonds_do_not_depend_on_when_the_list_was_built(seed: int, step_A: float, strain: float, skin_A: float) -> None:
    """Along a walk with a breathing, shearing cell, the kept list and a fresh one give the same bytes."""
    random = np.random.default_rng(seed)
    positions, cell = random.uniform(0, 5, (8, 3)), CELL.copy()
    kept = NeighbourList(cutoff_A=4.0, skin_A=skin_A)
    for _ in range(6):
        fresh = NeighbourList(cutoff_A=4.0, skin_A=0.05)
        assert_identical(
            kept.update(positions_A=positions, cell_A=cell, pbc=PERIODIC),
            fresh.update(positions_A=positions, cell_A=cell, pbc=PERIODIC),
        )
        deformation = np.eye(3) + strain * random.normal(size=(3, 3))
        cell = cell @ deformation
        positions = positions @ deformation + random.normal(0, step_A, positions.shape)


def test_list_is_kept_while_atoms_stay_within_the_skin() -> None:
    positions = np.random.default_rng(0).uniform(0, 5, (6, 3))
    neighbours = NeighbourList(cutoff_A=3.0, skin_A=0.6)
    for shift in (0.0, 0.1, 0.25, 7.0):  # all atoms together: no bond changes
        neighbours.update(positions_A=positions + shift, cell_A=CELL, pbc=PERIODIC)
    assert neighbours.n_builds == 1
    positions[0] += 0.5  # 0.87 A, beyond half the skin
    neighbours.update(positions_A=positions, cell_A=CELL, pbc=PERIODIC)
    assert neighbours.n_builds == 2


def test_isolated_atom_has_no_bonds() -> None:
    bonds = NeighbourList(cutoff_A=3.0).update(
        positions_A=np.zeros((1, 3)), cell_A=np.zeros((3, 3)), pbc=(False, False, False)
    )
    assert len(bonds) == 0
    assert bonds.vector_A.shape == (0, 3)


def test_coincident_atoms_and_infinite_positions_are_refused() -> None:
    neighbours = NeighbourList(cutoff_A=3.0)
    with pytest.raises(PotentialError, match=r"atoms 0 and 1 are 0\.0000 A apart"):
        neighbours.update(positions_A=np.ones((2, 3)), cell_A=CELL, pbc=PERIODIC)
    with pytest.raises(PotentialError, match="not finite"):
        neighbours.update(positions_A=np.full((2, 3), np.nan), cell_A=CELL, pbc=PERIODIC)
