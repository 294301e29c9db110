"""Occupants that trade sites: the lowest ordering, sites that exclude each other, what stays as it was."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms
from pymatgen.core import Lattice, Structure

from paddlewheel.crystals import order_structure
from paddlewheel.crystals.trades import VACANT, SharedSites, trade_sites


def ring(n_sites: int, n_filled: int, too_near: np.ndarray | None = None) -> SharedSites:
    """Sites on a line of 2 A steps that repeats, the first of them filled."""
    scaled = np.zeros((n_sites, 3))
    scaled[:, 0] = np.arange(n_sites) / n_sites
    return SharedSites(
        cell_A=np.diag([2.0 * n_sites, 10, 10]),
        scaled=scaled,
        occupants=np.array(["Li"] * n_filled + [VACANT] * (n_sites - n_filled), dtype="<U2"),
        pools=[np.arange(n_sites)],
        too_near=np.zeros((2, 0), dtype=int) if too_near is None else too_near,
    )


def levels(n_sites: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies of sites and between them, eV."""
    random = np.random.default_rng(seed)
    between = random.normal(0, 1, (n_sites, n_sites))
    return random.normal(0, 1, n_sites), np.triu(between, 1)


def energy_of(atoms: Atoms, n_sites: int, seed: int) -> float:
    """Of the filled sites of a ring."""
    alone, between = levels(n_sites, seed)
    filled = np.zeros(n_sites)
    filled[np.rint(atoms.positions[:, 0] / 2).astype(int)] = 1
    return float(filled @ alone + filled @ between @ filled)


@pytest.mark.parametrize("seed", range(5))
def test_the_lowest_of_all_orderings_is_found(seed: int) -> None:
    """Of a random glass of 5 ions on 10 sites, which are 252 orderings, all of them enumerated."""
    sites = ring(10, 5)
    best = min(
        energy_of(Atoms(["Li"] * 5, [[2 * site, 0, 0] for site in chosen]), 10, seed)
        for chosen in itertools.combinations(range(10), 5)
    )
    found = trade_sites(sites, lambda atoms: energy_of(atoms, 10, seed), n_tried=600, seed=1)
    assert found.energy_eV == pytest.approx(best)
    assert energy_of(found.sites.atoms(), 10, seed) == pytest.approx(best)
    assert found.n_tried == 600
    assert 20 <= found.n_taken < 600
    assert list(sites.occupants[:5]) == ["Li"] * 5


def test_sites_too_near_each_other_are_never_filled_both() -> None:
    """Pairs of sites 0 1, 2 3, ... hold one ion at most, though neighbours would be lowest."""
    pairs = np.array([[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]])
    sites = ring(10, 0, pairs)
    sites.occupants[[0, 2, 4]] = "Li"
    seen = []

    def energy_eV(atoms: Atoms) -> float:
        filled = np.rint(atoms.positions[:, 0] / 2).astype(int)
        seen.append(len({site // 2 for site in filled}))
        return float(np.ptp(filled))

    found = trade_sites(sites, energy_eV, n_tried=300, seed=2)
    assert set(seen) == {3}
    assert found.energy_eV == 3  # 1 2 4 or 3 4 6 and their like: three pairs within four sites
    assert trade_sites(ring(4, 4), energy_eV, n_tried=10, seed=1).n_tried == 0


def test_ordered_cells_say_their_sites_whatever_was_repeated() -> None:
    """Both anions and vacancies of a copied cell trade in all copies; the atoms of the sites are those of the cell."""
    crystal = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.6), [{"S": 0.5, "Se": 0.5}, {"Mg": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    (cell,) = order_structure(crystal, n_cells=1, seed=1, supercell="2x1x1")
    assert cell.sites.atoms() == cell.atoms
    assert sorted(len(pool) for pool in cell.sites.pools) == [8, 16]
    traded = trade_sites(cell.sites, lambda atoms: 0.0, n_tried=50, seed=1).sites.atoms()
    assert traded.get_chemical_formula() == cell.atoms.get_chemical_formula()
