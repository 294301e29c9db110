"""The built-in phases: composition, density, distances and space group of each cell, and its thermal functions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Composition

from paddlewheel.crystals import find_polyanions
from paddlewheel.crystals.space_group import find_space_group
from paddlewheel.thermodynamics.gases import find_gas, gas_functions
from paddlewheel.thermodynamics.phase_library import (
    LibraryPhase,
    all_phases,
    gas_anchors,
    known_without_coordinates,
    library_phases,
)
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

ELEMENTS = ["Na", "B", "H"]
THERMAL = json.loads((Path(__file__).parent / "data" / "phase_thermal.json").read_text(encoding="utf-8"))["phases"]
PHASES = {phase.name: phase for phase in library_phases(ELEMENTS)}
ALL = {phase.name: phase for phase in all_phases()}

#: group, atoms, g/cm3 (measured: CRC Handbook for Na 0.968, B 2.46 of the alpha form, NaH 1.39, NaBH4 1.07 cubic;
#: Z M / V of the cited cells for the others), tolerance, shortest distance (A), and the polyanions in the cell
TRUTH = {
    "Na (bcc)": ("Im-3m", 2, 0.968, 0.01, 3.72, {}),
    "B (alpha)": ("R-3m", 36, 2.46, 0.01, 1.67, None),
    "NaH": ("Fm-3m", 8, 1.39, 0.03, 2.44, {}),
    "NaBH4 (tetragonal)": ("P4_2/nmc", 12, 1.18, 0.02, 1.22, {"BH4": 2}),
    "NaBH4 (cubic, H ordered)": ("F-43m", 24, 1.07, 0.02, 1.24, {"BH4": 4}),
    "Na2B12H12 (monoclinic)": ("P2_1/c", 52, 1.22, 0.02, 1.20, {"B12H12": 2}),
    "Na2B12H12 (cubic, Na ordered)": ("P4_2/mmc", 52, 1.24, 0.01, 1.20, {"B12H12": 2}),
    "o-NBH": ("P1", 128, 1.15, 0.05, 1.19, {"BH4": 4, "B12H12": 4}),
}


#: the same of phases outside Na-B-H; g/cm3 measured (CRC Handbook), within what cells at 298 K differ from it; the
#: shortest distances are S-S 2.05, P-P 2.22, C-C 1.42, C-O 1.28 and O-O 1.54 A where the bond is covalent
OTHERS = {
    "P (black)": ("Cmce", 8, 2.69, 2.224), "S (alpha)": ("Fddd", 128, 2.07, 2.036),
    "C (graphite)": ("P6_3/mmc", 4, 2.26, 1.423), "Li2S": ("Fm-3m", 12, 1.64, 2.472),
    "Li2O": ("Fm-3m", 12, 2.013, 2.000), "Na2O": ("Fm-3m", 12, 2.40, 2.403), "Na2S": ("Fm-3m", 12, 1.856, 2.826),
    "MgO": ("Fm-3m", 8, 3.60, 2.106), "CaO": ("Fm-3m", 8, 3.34, 2.406), "LiF": ("Fm-3m", 8, 2.64, 2.013),
    "NaF": ("Fm-3m", 8, 2.78, 2.317), "CaF2": ("Fm-3m", 12, 3.18, 2.366), "LiCl": ("Fm-3m", 8, 2.07, 2.565),
    "NaCl": ("Fm-3m", 8, 2.17, 2.820), "KCl": ("Fm-3m", 8, 1.988, 3.146), "LiH": ("Fm-3m", 8, 0.78, 2.042),
    "Li3N": ("P6/mmm", 4, 1.27, 1.938), "AlN": ("P6_3mc", 4, 3.255, 1.890), "TiN": ("Fm-3m", 8, 5.40, 2.120),
    "Li3P": ("P6_3/mmc", 8, 1.43, 2.462), "Li2CO3": ("C2/c", 24, 2.11, 1.273), "Li2O2": ("P6_3/mmc", 8, 2.31, 1.538),
    "YCl3": ("C2/m", 16, 2.61, 2.585), "ZrO2 (monoclinic)": ("P2_1/c", 12, 5.82, 2.052),
    "La2O3": ("P-3m1", 5, 6.51, 2.367),
}  # fmt: skip


def test_every_solid_has_a_truth_and_an_origin() -> None:
    assert set(TRUTH) == {name for name, phase in PHASES.items() if phase.gas is None}
    assert set(TRUTH) | set(OTHERS) == {name for name, phase in ALL.items() if phase.gas is None}
    for phase in ALL.values():
        assert phase.origin or phase.gas
        assert phase.formation_enthalpy_kJ_per_mol is None or phase.formation_source


@pytest.mark.parametrize("name", OTHERS)
def test_cell_of_a_phase_of_another_system(name: str) -> None:
    group, n_atoms, density, shortest = OTHERS[name]
    atoms = ALL[name].atoms()
    found = find_space_group(
        atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers.tolist(), tolerance_A=0.03
    )  # fmt: skip
    assert (found.symbol, len(atoms)) == (group, n_atoms)
    assert Composition(atoms.get_chemical_formula()).reduced_formula == Composition(ALL[name].formula).reduced_formula
    assert atoms.get_masses().sum() / atoms.get_volume() * U_PER_A3_IN_G_PER_CM3 == pytest.approx(density, rel=0.025)
    distances = (atoms.repeat(2) if n_atoms < 20 else atoms).get_all_distances(mic=True)
    np.fill_diagonal(distances, 9.0)
    assert distances.min() == pytest.approx(shortest, abs=0.002)


def test_metals_that_are_not_listed_come_in_the_lattice_that_ase_knows() -> None:
    """Y: hcp, 4.47 g/cm3; of bromine, a liquid, no solid is made up. Gases have anchors, each with its enthalpy."""
    (yttrium,) = library_phases(["Y"])
    atoms = yttrium.atoms()
    assert (yttrium.name, len(atoms)) == ("Y (hcp)", 2)
    assert atoms.get_masses().sum() / atoms.get_volume() * U_PER_A3_IN_G_PER_CM3 == pytest.approx(4.47, rel=0.01)
    assert not library_phases(["Br"])
    for symbol in ("O", "N", "F", "Cl", "H"):
        anchors = gas_anchors(symbol)
        assert len(anchors) > 1
        assert all(len(phase.elements) == 2 and phase.formation_enthalpy_kJ_per_mol is not None for phase in anchors)


@pytest.mark.parametrize("name", TRUTH)
def test_cell_of_a_phase(name: str) -> None:
    group, n_atoms, density, within, shortest, anions = TRUTH[name]
    atoms = PHASES[name].atoms()
    found = find_space_group(
        atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers.tolist(), tolerance_A=0.03
    )  # fmt: skip
    assert found.symbol == group
    assert len(atoms) == n_atoms
    formulas = [Composition(text).reduced_formula for text in (atoms.get_chemical_formula(), PHASES[name].formula)]
    assert formulas[0] == formulas[1]
    assert atoms.get_masses().sum() / atoms.get_volume() * U_PER_A3_IN_G_PER_CM3 == pytest.approx(density, rel=within)
    # a cell repeated by 2 sees the images of atoms in short cells
    repeated = atoms.repeat(2) if len(atoms) < 10 else atoms
    distances = repeated.get_all_distances(mic=True)
    np.fill_diagonal(distances, 9.0)
    assert distances.min() == pytest.approx(shortest, abs=0.02)
    if anions is not None:
        counted = [one.formula for one in find_polyanions(atoms)]
        assert {kind: counted.count(kind) for kind in counted} == anions


def test_boron_is_icosahedra_in_cubic_packing() -> None:
    """Each B has 5 neighbours in its icosahedron and 1 or 2 outside: 6 at 1.65 to 1.82 A, half of them one at 2.0 A."""
    atoms = PHASES["B (alpha)"].atoms().repeat((2, 2, 1))
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, 9.0)
    bonded = (distances < 1.9).sum(axis=1)
    assert sorted(set(bonded.tolist())) == [5, 6]
    assert ((distances < 2.1).sum(axis=1) - bonded == np.where(bonded == 5, 2, 0)).all()


@pytest.mark.parametrize("name", THERMAL)
def test_entropy_and_heat_capacity_are_derivatives_on_every_phase(name: str) -> None:
    """-dF/dT = S and T dS/dT = Cv on the rows, 25 K apart, that `phonons` gave the phase.

    Integrals over 50 K by Simpson's rule, whose error, h^5 / 90 times the fourth derivative, is under 1e-4 of the
    integral from 150 K up.
    """
    temperature, free, entropy, capacity = np.array(THERMAL[name]).T
    start = int(np.searchsorted(temperature, 150.0))
    middle = np.arange(start + 1, len(temperature) - 1)
    by_temperature = np.divide(capacity, temperature, out=np.zeros_like(capacity), where=temperature > 0)
    for function, minus_slope in ((free, entropy), (-entropy, by_temperature)):
        step = temperature[middle + 1] - temperature[middle - 1]
        integral = step / 6 * (minus_slope[middle - 1] + 4 * minus_slope[middle] + minus_slope[middle + 1])
        assert function[middle - 1] - function[middle + 1] == pytest.approx(integral, rel=1e-4)


@pytest.mark.parametrize("name", [phase.gas for phase in PHASES.values() if phase.gas is not None])
def test_gases_are_known_at_the_temperatures_of_a_hull(name: str) -> None:
    gas = find_gas(name)
    assert gas.lowest_K <= 298.15
    at = gas_functions(name, [649.0, 650.0, 651.0], zero_point_eV_per_molecule=1.0)
    free = at.free_energy_eV_per_atom
    assert -(free[2] - free[0]) / 2 == pytest.approx(at.entropy_eV_per_K_per_atom[1], rel=1e-5)


def test_known_phases_without_coordinates_are_named_with_their_numbers() -> None:
    listed = dict(known_without_coordinates(ELEMENTS))
    assert "1511411" in listed["NaB15"]
    assert "4337144" in listed["NaB3H8"]
    assert not set(listed) & set(PHASES)
    assert known_without_coordinates(["Na", "H"]) == []


def test_phases_of_a_smaller_system() -> None:
    names = [phase.name for phase in library_phases(["Na", "H"])]
    assert names == ["Na (bcc)", "NaH", "H2 (gas)"]
    assert all(isinstance(phase, LibraryPhase) for phase in library_phases(ELEMENTS))
