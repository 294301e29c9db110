"""Ordering disordered crystals: against full enumeration, distinct, seeded, and refusing what cannot be ordered."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.ewald import EwaldSummation

from paddlewheel.crystals import OrderedCell, find_polyanions, order_structure
from paddlewheel.errors import SettingsError, StructureError

_CHARGES = {"Mg": 2, "S": -2}


def _half_filled_antifluorite() -> Structure:
    """MgS with Mg on half of the eight tetrahedral sites of the cubic cell: 70 orderings, zinc blende among them."""
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.6), ["S", {"Mg": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]])


def _enumerated() -> list[float]:
    """Ewald energy of each of the 70 orderings, each by its own full sum."""
    parent = _half_filled_antifluorite()
    sulphur = [site.frac_coords for site in parent if site.is_ordered]
    sites = [site.frac_coords for site in parent if not site.is_ordered]
    energies = []
    for chosen in combinations(range(len(sites)), 4):
        coords = [*sulphur, *(sites[i] for i in chosen)]
        ordered = Structure(parent.lattice, ["S2-"] * 4 + ["Mg2+"] * 4, coords)
        energies.append(EwaldSummation(ordered).total_energy)
    return energies


def test_the_lowest_cells_are_those_of_a_full_enumeration() -> None:
    enumerated = np.array(_enumerated())
    levels = np.unique(np.round(enumerated, 3))
    cells = order_structure(_half_filled_antifluorite(), n_cells=50, seed=1, oxidation_states=_CHARGES)
    energies = np.array([cell.ewald_energy_eV for cell in cells])
    # both sums are converged to about 1e-5 eV; the six levels lie 2 eV and more apart
    np.testing.assert_allclose(np.unique(np.round(energies, 3)), levels, atol=2e-3)
    assert (np.diff(energies) >= -1e-3).all()
    # zinc blende, two of the 70, is the lowest: all Mg on one of the two interpenetrating fcc lattices
    assert energies[0] == pytest.approx(enumerated.min(), abs=1e-3)
    positions = cells[0].atoms.get_scaled_positions()[[s == "Mg" for s in cells[0].atoms.get_chemical_symbols()]]
    differences = (positions[:, None] - positions) * 2
    np.testing.assert_allclose(differences, np.round(differences), atol=1e-9)


def test_energies_of_the_cells_are_their_own_ewald_sums() -> None:
    for cell in order_structure(_half_filled_antifluorite(), n_cells=3, seed=1, supercell="2x1x1"):
        assert isinstance(cell, OrderedCell)
        ions = [{"Mg": "Mg2+", "S": "S2-"}[s] for s in cell.atoms.get_chemical_symbols()]
        ordered = Structure(cell.atoms.cell.array, ions, cell.atoms.get_scaled_positions())
        # two Ewald sums of different site sets have different splitting parameters: equal to their convergence
        assert cell.ewald_energy_eV == pytest.approx(EwaldSummation(ordered).total_energy, abs=1e-3)
        assert cell.repeats == (2, 1, 1)
        assert cell.atoms.get_chemical_formula() == "Mg8S8"


def test_a_known_ground_state_rock_salt_cations_order_in_layers_or_rows() -> None:
    # one trivalent and one monovalent cation on rock-salt sites: no like charges beyond what the lattice forces
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.0), [{"Li": 0.5, "Sc": 0.5}, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    cells = order_structure(structure, n_cells=2, seed=2)
    assert cells[0].atoms.get_chemical_formula() == "Li2O4Sc2"
    # in one cubic cell all six ways to place two Li on four sites are the same L1_0 (CuAu) layering
    assert len(cells) == 1


def test_the_seed_decides_and_cells_are_distinct() -> None:
    arguments = {"n_cells": 4, "supercell": "2x2x1", "oxidation_states": _CHARGES}
    first = order_structure(_half_filled_antifluorite(), seed=3, **arguments)
    again = order_structure(_half_filled_antifluorite(), seed=3, **arguments)
    assert [c.ewald_energy_eV for c in first] == [c.ewald_energy_eV for c in again]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.atoms.positions, other.atoms.positions)
    assert len(first) == 4
    for i, j in combinations(range(4), 2):
        distances = [np.sort(first[k].atoms.get_all_distances(mic=True).ravel()) for k in (i, j)]
        apart = abs(first[i].ewald_energy_eV - first[j].ewald_energy_eV) > 1e-3
        assert apart or np.abs(distances[0] - distances[1]).max() > 0.01
    assert first[0].above_lowest_eV_per_atom == 0
    assert all(c.above_lowest_eV_per_atom >= 0 for c in first)


def test_mixed_occupation_and_vacancies_keep_the_composition() -> None:
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.5), [{"Na": 0.5, "Ca": 0.25}, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    (cell, *_) = order_structure(structure, n_cells=1, seed=4, supercell=(2, 1, 1))
    assert cell.atoms.get_chemical_formula() == "Ca2Cl8Na4"
    assert cell.occupancy_change == 0


def test_charges_written_in_the_file_are_used(tmp_path: Path) -> None:
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.6), ["S2-", {"Mg2+": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    structure.to(str(tmp_path / "x.cif"))
    (cell, *_) = order_structure(tmp_path / "x.cif", n_cells=1, seed=1)
    assert cell.ewald_energy_eV == pytest.approx(min(_enumerated()), abs=1e-3)


def test_refined_occupancies_are_rounded_and_the_change_is_said() -> None:
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.6), ["S", {"Mg": 0.497}], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    (cell, *_) = order_structure(structure, n_cells=1, seed=1, oxidation_states=_CHARGES)
    assert cell.atoms.get_chemical_formula() == "Mg4S4"
    assert cell.occupancy_change == pytest.approx(0.003)


def test_an_ordered_structure_is_returned_as_it_is() -> None:
    structure = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3])
    cells = order_structure(structure, n_cells=5, seed=1)
    assert [len(cell.atoms) for cell in cells] == [8]


def test_split_positions_are_never_both_filled() -> None:
    # two half-filled Li positions 0.4 A apart around (0, 0, 0): one of each pair must stay empty
    shift = 0.2 / 4.0
    coords = [[-shift, 0, 0], [shift, 0, 0], [0.5, 0.5, 0.5]]
    structure = Structure(Lattice.cubic(4.0), [{"Li": 0.5}, {"Li": 0.5}, "F"], coords)
    for cell in order_structure(structure, n_cells=3, seed=1, supercell="2x2x1"):
        distances = cell.atoms.get_all_distances(mic=True)
        assert distances[distances > 0].min() > 1.5


def test_polyanions_stay_whole(tmp_path: Path) -> None:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 1.2 / np.sqrt(3) / 6.0
    structure = Structure(
        Lattice.cubic(6.0),
        [{"Na": 0.5}, {"Na": 0.5}, "B", *["H"] * 4],
        [[0.5, 0, 0], [0, 0.5, 0.5], [0.5, 0.5, 0.5], *(corners + 0.5)],
    )
    structure.translate_sites([1], [0, 0, -0.5], to_unit_cell=True)
    cells = order_structure(structure, n_cells=2, seed=1, oxidation_states={"Na": 1, "B": 3, "H": -1})
    assert [anion.formula for anion in find_polyanions(cells[0].atoms)] == ["BH4"]


def test_a_supercell_without_integers_takes_the_nearest_counts_and_names_a_cell_that_has_them() -> None:
    # two sites, 3/8 Na each: 0.75 Na become 1, and four unit cells hold 3 of 8
    structure = Structure(
        Lattice.tetragonal(4.0, 4.1), [{"Na": 0.375, "Ag": 0.625}, "Cl"], [[0] * 3, [0.5] * 3]
    ) * (1, 1, 2)  # fmt: skip
    (cell,) = order_structure(structure, n_cells=1, seed=1, supercell="1x1x1")
    assert cell.atoms.get_chemical_formula() == "AgCl2Na"
    assert cell.occupancy_change == pytest.approx(0.125)
    assert cell.composition_change == pytest.approx(0.25 / 4)
    assert cell.notes == (
        "composition in 1x1x1 unit cells: Ag 1 for 1.25, Na 1 for 0.75 (whole ions, neutral); --supercell 2x2x1 needs "
        "no change",
    )
    (whole,) = order_structure(structure, n_cells=1, seed=1, supercell="2x2x1")
    assert whole.atoms.get_chemical_formula() == "Ag5Cl8Na3"
    assert whole.notes == ()


def test_auto_takes_a_larger_cell_for_whole_numbers() -> None:
    # 11 A along each axis is enough by the rule, but a tenth of one site needs ten cells (11 x 11 x 2 atoms, nearly)
    structure = Structure(
        Lattice.orthorhombic(11.0, 11.5, 12.0), [{"Na": 0.25, "Ag": 0.75}, "Cl"], [[0] * 3, [0.5] * 3]
    )
    (cell,) = order_structure(structure, n_cells=1, seed=1, supercell="auto")
    assert cell.repeats == (2, 2, 1)
    assert cell.atoms.get_chemical_formula() == "Ag3Cl4Na"


def test_hopeless_occupancies_and_charges_are_refused() -> None:
    antifluorite = _half_filled_antifluorite()
    with pytest.raises(StructureError, match=r"with Mg \+3, S -2 the cell carries \+4.00 e; give oxidation states"):
        order_structure(antifluorite, n_cells=1, seed=1, oxidation_states={"Mg": 3, "S": -2})
    with pytest.raises(StructureError, match="there is no Fe in it; name its elements: Mg, S"):
        order_structure(antifluorite, n_cells=1, seed=1, oxidation_states={"Fe": 2})
    metal = Structure(Lattice.cubic(4.0), [{"Na": 0.5, "Ag": 0.5}, "K"], [[0] * 3, [0.5] * 3])
    with pytest.raises(StructureError, match=r"no oxidation states of Ag, K, Na make .* nearly neutral"):
        order_structure(metal, n_cells=1, seed=1)
    without_hydrogen = Structure(Lattice.cubic(4.0), [{"Li": 0.667}, "Br", "O"], [[0] * 3, [0.5] * 3, [0.5, 0, 0]])
    with pytest.raises(StructureError, match=r"look for atoms that the file lacks \(H\?\)"):
        order_structure(without_hydrogen, n_cells=1, seed=1)
    with pytest.raises(SettingsError, match="0 orderings"):
        order_structure(antifluorite, n_cells=0, seed=1)
    with pytest.raises(SettingsError, match="is no supercell"):
        order_structure(antifluorite, n_cells=1, seed=1, supercell="big")


@pytest.mark.parametrize("name", ["missing.cif", "nowhere"])
def test_missing_files_are_refused(name: str) -> None:
    with pytest.raises(StructureError):
        order_structure(name, n_cells=1, seed=1)
