"""The kinds of disorder that files hold: charges, counts, split sites, groups, cells too large for one Monte Carlo."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase.build import bulk
from pymatgen.core import Lattice, Structure
from pymatgen.core.ewald import EwaldSummation

from paddlewheel.crystals import disorder, order_structure
from paddlewheel.crystals.occupancies import choose_counts, find_charges, site_occupancies
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.crystals.site_energies import ewald_matrix
from paddlewheel.crystals.valences import BOND_CUTOFF_A, bond_valence_sums, guess_oxidation
from paddlewheel.units import COULOMB_eV_A


def test_the_ewald_matrix_has_the_madelung_constant_of_rock_salt() -> None:
    edge_A = 5.64
    atoms = bulk("NaCl", "rocksalt", a=edge_A, cubic=True)
    charges = np.where(atoms.numbers == 11, 1.0, -1.0)
    energy_eV = charges @ ewald_matrix(atoms.cell.array, atoms.positions) @ charges
    # 1.747564594633 (OEIS A085469) over the nearest distance, for each of four pairs; the sums end at e^-16 = 1e-7
    assert energy_eV == pytest.approx(-4 * 1.747564594633 * COULOMB_eV_A / (edge_A / 2), rel=1e-6)


def test_the_ewald_matrix_is_that_of_a_skewed_cell_of_random_charges() -> None:
    rng = np.random.default_rng(1)
    lattice = Lattice.from_parameters(6.0, 7.0, 9.0, 75, 80, 110)
    places = (np.array(list(np.ndindex(2, 2, 2))) + rng.uniform(-0.2, 0.2, (8, 3))) / 2
    charges = np.array([1, 1, 2, -1, -1, -2, 3, -3])
    structure = Structure(lattice, [f"H{abs(q)}{'+' if q > 0 else '-'}" for q in charges], places)
    found = charges @ ewald_matrix(lattice.matrix, places @ lattice.matrix) @ charges
    assert found == pytest.approx(EwaldSummation(structure, acc_factor=14).total_energy, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "edge_A", "structure", "valence"), [("NaCl", 5.64, "rocksalt", 1), ("CaF2", 5.463, "fluorite", 2)]
)
def test_bond_valence_sums_of_textbook_crystals(kind: str, edge_A: float, structure: str, valence: int) -> None:
    atoms = bulk(kind, structure, a=edge_A, cubic=True)
    symbols = sorted(set(atoms.get_chemical_symbols()))
    occupancies = np.array([[float(s == symbol) for symbol in symbols] for s in atoms.get_chemical_symbols()])
    found = bond_valence_sums(symbols, occupancies, pairs_within(atoms, cutoff_A=BOND_CUTOFF_A))
    # the method is good to some tenths of a valence unit
    assert found[atoms.get_chemical_symbols()[0]] == pytest.approx(valence, abs=0.25)
    amounts = occupancies.sum(axis=0)
    assert sum(amounts[k] * found[s] for k, s in enumerate(symbols)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("amounts", "valences", "given", "states"),
    [
        ({"Li": 1, "Fe": 1, "P": 1, "O": 4}, {"Fe": 2, "P": 5, "O": -2}, {}, {"Fe": 2, "P": 5}),
        ({"Fe": 1, "P": 1, "O": 4}, {"Fe": 2.6, "P": 5, "O": -2}, {}, {"Fe": 3, "P": 5}),
        ({"Li": 0.5, "Fe": 1, "P": 1, "O": 4}, {"Fe": 2.4, "P": 5, "O": -2}, {}, {"Fe": 2.5, "P": 5}),
        ({"Li": 1, "Mn": 2, "O": 4}, {"Mn": 3.4, "O": -2}, {}, {"Mn": 3.5}),
        ({"Li": 10, "Ge": 1, "P": 2, "S": 12}, {"Ge": 4, "P": 5, "S": -2}, {}, {"Ge": 4, "P": 5, "S": -2}),
        ({"Li": 1, "Ce": 1, "B": 3, "H": 12, "Cl": 1}, {"B": 3, "H": -1, "Cl": -1, "Ce": 3}, {}, {"Ce": 3, "H": -1}),
        ({"Li": 1, "N": 1, "H": 2}, {"N": -3, "H": 1}, {}, {"N": -3, "H": 1}),
        # lithium that a refinement missed is no reason for Ta 4.2
        ({"Li": 6.4, "La": 3, "Zr": 1.7, "Ta": 0.3, "O": 12}, {"Zr": 4, "Ta": 5, "O": -2}, {}, {"Ta": 5, "Zr": 4}),
        ({"Fe": 2, "O": 3}, {"Fe": 3, "O": -2}, {"Fe": 2}, None),
        ({"Li": 2, "Br": 1, "O": 1}, {"Br": -1, "O": -2}, {}, None),
    ],
)  # fmt: skip
def test_oxidation_states_by_composition_and_valence(amounts, valences, given, states) -> None:
    found = guess_oxidation(amounts, valences, given)
    if states is None:
        assert found is None
    else:
        assert found is not None
        assert {symbol: found[symbol] for symbol in states} == pytest.approx(states)


def test_counts_are_the_nearest_neutral_ones() -> None:
    """Li7-xLa3Zr2-xTaxO12 at x = 0.4 in one cell of 8 formulas: of the neutral counts those of least change."""
    rows = [
        *[{"Li": 0.96}] * 24, *[{"Li": 0.31}] * 96, *[{"Ta": 0.2, "Zr": 0.8}] * 16, *[{"La": 1.0}] * 24,
        *[{"O": 1.0}] * 96,
    ]  # fmt: skip
    charges = {"Li": 1.0, "La": 3.0, "Zr": 4.0, "Ta": 5.0, "O": -2.0}
    found = choose_counts(rows, 1, charges)
    choices = [
        (3 * abs(li - 52.8) + 73 * abs(ta - 3.2) + 40 * abs(zr - 12.8), li, ta, zr)
        for li, ta, zr in itertools.product(range(40, 60), range(17), range(17))
        if ta + zr <= 16 and li + 72 + 4 * zr + 5 * ta == 192
    ]
    _, *best = min(choices)
    assert [found.taken[s] for s in ("Li", "Ta", "Zr")] == best == [53, 3, 13]
    assert found.charge_e == 0
    assert sum(sum(pool.counts) for pool in found.pools if pool.symbols == ("Li",)) == 53


def test_lithium_takes_up_what_refined_occupancies_carry() -> None:
    rows = [*[{"Li": 0.49}] * 12, *[{"Ce": 1.0}] * 8, *[{"Cl": 1.0}] * 32]
    found = choose_counts(rows, 1, {"Li": 1.0, "Ce": 3.0, "Cl": -1.0})
    assert found.taken["Li"] == 8


def test_a_rare_element_is_not_rounded_away() -> None:
    rows = [{"Na": 0.48, "Li": 0.02, "La": 0.5}, {"Nb": 1.0}, {"Nb": 1.0}, *[{"O": 1.0}] * 6]
    charges = {"Li": 1.0, "Na": 1.0, "La": 3.0, "Nb": 5.0, "O": -2.0}
    assert choose_counts(rows, 8, charges).taken == {"La": 4, "Li": 1, "Na": 3, "Nb": 16, "O": 48}
    assert choose_counts(rows, 1, charges).taken["Nb"] == 2  # one site cannot hold one of each


def test_mixed_valence_takes_up_the_charge_of_rounding() -> None:
    rows = [{"Li": 0.55}, {"Fe": 1.0}, {"P": 1.0}, *[{"O": 1.0}] * 4]
    found = choose_counts(rows, 4, {"Li": 1.0, "Fe": 2.45, "P": 5.0, "O": -2.0})
    assert found.taken["Li"] == 2
    assert found.charges["Fe"] == pytest.approx(2.5)
    assert found.charge_e == 0


def test_charges_of_a_disordered_crystal_come_from_its_bonds() -> None:
    """Cation-disordered rock salt Li0.5Fe0.5O: Fe is 3+ by neutrality; the other sum rule is the bonds'."""
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.16), [{"Li": 0.5, "Fe": 0.5}, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    assert find_charges(structure, site_occupancies(structure, None), None, None) == {"Fe": 3.0, "Li": 1.0, "O": -2.0}


def test_an_ion_with_no_room_on_its_split_sites_goes_to_a_free_one() -> None:
    """Pairs of Li sites 0.7 A apart, filled to 0.625: five ions for four pairs; the fifth takes the spare site."""
    shift = 0.35 / 12.0
    pairs = [[x + sign * shift, 0, 0] for x in (0.0, 0.25, 0.5, 0.75) for sign in (-1, 1)]
    spare = [[x + 0.125, 0.5, 0.5] for x in (0.0, 0.25, 0.5, 0.75)]
    halides = [[x + 0.125, 0.0, 0.5] for x in (0.0, 0.25, 0.5, 0.75)] + [[0.125, 0.5, 0.0], [0.625, 0.5, 0.0]]
    structure = Structure(
        Lattice.orthorhombic(12.0, 6.0, 6.0), [{"Li": 0.625}] * 8 + [{"Li": 0.25}] * 4 + ["F"] * 6,
        pairs + spare + halides,
    )  # fmt: skip
    for cell in order_structure(structure, n_cells=2, seed=1):
        assert cell.atoms.get_chemical_formula() == "F6Li6"
        lithium = cell.atoms[cell.atoms.numbers == 3]
        distances_A = lithium.get_all_distances(mic=True)
        assert distances_A[distances_A > 0].min() > 1.0
        assert any("moved off sites too near others" in note for note in cell.notes)


def test_disordered_hydrogens_leave_whole_groups() -> None:
    """Each N of an amide has three places for two H, 1.0 A away: every N keeps two, none has one or three."""
    around = [[1.0 * np.cos(a), 1.0 * np.sin(a), 0.0] for a in np.radians([0, 120, 240])]
    lattice = Lattice.orthorhombic(4.0, 4.0, 4.0)
    places = [[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], *(np.array(around) / 4.0)]
    structure = Structure(lattice, ["Li", "N", *[{"H": 2 / 3}] * 3], places)
    for cell in order_structure(structure, n_cells=3, seed=1, supercell="2x2x2"):
        bonds = pairs_within(cell.atoms, cutoff_A=1.2)
        nitrogen = np.where(cell.atoms.numbers[bonds.first] == 7, bonds.first, bonds.second)
        assert np.bincount(nitrogen, minlength=len(cell.atoms))[cell.atoms.numbers == 7].tolist() == [2] * 8
        assert not any("groups" in note for note in cell.notes)


def test_a_large_cell_repeats_a_smaller_ordered_one(monkeypatch) -> None:
    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.6), ["S", {"Mg": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    monkeypatch.setattr(disorder, "MOST_SITES", 30)
    (cell,) = order_structure(structure, n_cells=1, seed=1, supercell="2x2x2")
    assert cell.atoms.get_chemical_formula() == "Mg32S32"
    assert cell.repeats == (2, 2, 2)
    assert "ordered in 1x1x2 unit cells, which 2x2x2 repeats" in cell.notes
    charges = np.where(cell.atoms.numbers == 12, 2.0, -2.0)
    own_eV = charges @ ewald_matrix(cell.atoms.cell.array, cell.atoms.positions) @ charges
    assert cell.ewald_energy_eV == pytest.approx(own_eV, rel=1e-6)


def test_impossible_occupancies_are_one_line() -> None:
    from paddlewheel.errors import StructureError

    crowded = Structure(Lattice.cubic(4.0), [{"Na": 0.6}, "Cl"], [[0] * 3, [0.5] * 3])
    crowded.sites[0]._species = crowded.sites[0].species + crowded.sites[0].species
    with pytest.raises(StructureError, match=r"cannot be filled so .*; write occupancies above 0 that add up to 1"):
        order_structure(crowded, n_cells=1, seed=1)


def test_a_full_site_excludes_only_what_no_structure_has() -> None:
    """A partial site 1.03 A from a full anion is the file's word: it is kept, and told by the forces."""
    structure = Structure(
        Lattice.cubic(5.0), [{"Li": 0.5}, {"Li": 0.5}, "F"], [[0.206, 0, 0], [-0.206, 0, 0], [0, 0, 0]]
    )
    for cell in order_structure(structure, n_cells=2, seed=1, supercell="1x1x2"):
        assert cell.atoms.get_chemical_formula() == "F2Li2"
        assert cell.notes == ()
