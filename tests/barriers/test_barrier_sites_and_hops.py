"""Sites and hops of crystals whose geometry is in every textbook, and their invariance."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.barriers.hops import Hops, hops_between
from paddlewheel.barriers.sites import Sites, lattice_sites, orbits_of, site_maps, void_sites
from paddlewheel.crystals.space_group import SpaceGroup, find_space_group

ALUMINIUM_A = 4.0


def _group(atoms: Atoms) -> SpaceGroup:
    return find_space_group(atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers.tolist(), tolerance_A=0.03)


def _hops(atoms: Atoms, specie: str, **chosen: float) -> tuple[Sites, Hops]:
    group = _group(atoms)
    sites = lattice_sites(atoms, group, specie=specie)
    return sites, hops_between(sites, site_maps(sites, group, atoms.cell.array), atoms.cell.array, **chosen)


def _families(hops: Hops) -> list[tuple[float, int]]:
    return sorted((round(hops.first_of(k).length_A, 3), hops.multiplicity(k)) for k in range(len(hops.symmetric)))


@pytest.mark.parametrize(
    ("atoms", "specie", "expected"),
    [
        (bulk("Al", a=4.0), "Al", [(2.828, 6)]),  # 12 neighbours, each hop shared by two atoms
        (bulk("Al", a=4.0, cubic=True), "Al", [(2.828, 24)]),
        (bulk("Fe", a=2.8), "Fe", [(2.425, 4)]),
        (bulk("NaCl", "rocksalt", a=5.6), "Na", [(3.96, 6)]),
        (bulk("Mg", a=3.2, c=5.3), "Mg", [(3.2, 6), (3.23, 6)]),  # in the layer, between layers: (a^2/3 + c^2/4)^(1/2)
        (Atoms("Na", cell=[3, 4, 5], pbc=True), "Na", [(3.0, 1), (4.0, 1), (5.0, 1)]),  # to its own images
    ],
)  # fmt: skip
def test_hops_of_textbook_lattices(atoms: Atoms, specie: str, expected: list[tuple[float, int]]) -> None:
    sites, hops = _hops(atoms, specie)
    assert len(sites.names) == 1
    assert _families(hops) == expected
    assert all(hops.symmetric)  # inversion at the middle of each turns it round


def test_layers_are_joined_by_the_longest_hop_that_is_needed() -> None:
    layers = Atoms("Na", cell=[3, 3, 6.5], pbc=True)
    _, hops = _hops(layers, "Na")
    assert _families(hops) == [(3.0, 2), (6.5, 1)]
    _, near = _hops(layers, "Na", farthest_A=4.0)
    assert _families(near) == [(3.0, 2)]


def test_a_hop_between_two_families_is_not_turned_round() -> None:
    chain = Atoms("NaNaCl", scaled_positions=[[0, 0, 0], [0.4, 0, 0], [0.1, 0.5, 0.3]], cell=[7, 9, 8], pbc=True)
    sites, hops = _hops(chain, "Na", farthest_A=5.0)
    assert sites.names == ("Na1", "Na2")
    assert [(round(hop.length_A, 3), hop.start, hop.end, hop.shift) for hop in hops.hops] == [
        (2.8, 0, 1, (0, 0, 0)),
        (4.2, 0, 1, (-1, 0, 0)),
    ]
    assert hops.symmetric == (False, False)


@settings(max_examples=6, deadline=None)
@given(st.tuples(*[st.floats(0, 1)] * 3), st.permutations(range(4)))
def test_hops_do_not_depend_on_origin_or_order(shift: tuple[float, float, float], order: list[int]) -> None:
    atoms = bulk("Al", a=ALUMINIUM_A, cubic=True)[order]
    atoms.positions += np.array(shift) @ atoms.cell.array
    _, hops = _hops(atoms, "Al")
    assert _families(hops) == [(2.828, 24)]


def test_a_supercell_has_all_hops_in_more_families() -> None:
    """Of the operations of the crystal only those count that the supercell has: 2x1x1 is tetragonal."""
    _, hops = _hops(bulk("Al", a=ALUMINIUM_A, cubic=True).repeat((2, 1, 1)), "Al")
    assert _families(hops) == [(2.828, 16), (2.828, 32)]


def test_voids_of_fcc_are_its_octahedra_and_tetrahedra() -> None:
    atoms = bulk("Al", a=ALUMINIUM_A, cubic=True)
    voids = void_sites(atoms, _group(atoms), smallest_A=1.0)
    assert voids.names == ("i1", "i2")
    assert [voids.multiplicity(k) for k in range(2)] == [4, 8]
    octahedra = {tuple(np.mod(np.round(4 * row), 4)) for row in voids.fractional[voids.family == 0]}
    assert octahedra == {(2, 2, 2), (2, 0, 0), (0, 2, 0), (0, 0, 2)}
    tetrahedra = np.mod(voids.fractional[voids.family == 1], 0.5)
    np.testing.assert_allclose(tetrahedra, 0.25, atol=1e-9)
    # a/2 and sqrt(3)/4 a from the nearest atom: with 1.9 A asked for only the octahedra are left
    assert void_sites(atoms, _group(atoms), smallest_A=1.9).names == ("i1",)


def test_a_point_beside_a_symmetry_element_becomes_the_site_on_it() -> None:
    atoms = bulk("Al", a=ALUMINIUM_A, cubic=True)
    sites = orbits_of(np.array([[0.52, 0.49, 0.51]]), _group(atoms), atoms.cell.array, prefix="i")
    assert len(sites) == 4
    np.testing.assert_allclose(np.mod(2 * sites.fractional + 0.5, 1.0), 0.5, atol=1e-9)
