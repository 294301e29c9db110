"""The cells that a study takes of a disordered crystal: by Ewald energy, or by a potential."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from pymatgen.core import Lattice, Structure

from paddlewheel.crystals import order_structure
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.errors import SettingsError
from paddlewheel.studies.simulation.structures import CANDIDATES, choose_structure


def near_cations(atoms: Atoms) -> int:
    """Pairs of Mg within 3 A, of which an Ewald sum wants few."""
    return len(pairs_within(atoms[atoms.numbers == 12], cutoff_A=3.0))


class LikesPairs(Calculator):
    """A potential without forces that wants many such pairs."""

    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, list(properties), system_changes)
        assert atoms is not None
        self.results = {"energy": -float(near_cations(atoms)), "forces": np.zeros((len(atoms), 3))}


def test_a_potential_chooses_among_more_orderings(tmp_path: Path) -> None:
    path = tmp_path / "half.cif"
    Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.6), ["S", {"Mg": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]]).to(
        str(path)
    )
    candidates = order_structure(path, n_cells=CANDIDATES, seed=1)
    by_ewald = choose_structure(path, supercell="1x1x1", orderings=1, seed=1)
    chosen = choose_structure(
        path, supercell="1x1x1", orderings=1, seed=1, potential_of=lambda cell: LikesPairs()
    )  # fmt: skip
    assert near_cations(by_ewald.cells[0]) == min(near_cations(cell.atoms) for cell in candidates)
    assert near_cations(chosen.cells[0]) == max(near_cations(cell.atoms) for cell in candidates)
    assert near_cations(chosen.cells[0]) > near_cations(by_ewald.cells[0])
    assert chosen.notes == ()
    assert chosen.prepared == (
        "oxidation states Mg +2, S -2 (--oxidation for others)",
        "ordering 0: relaxed (best of 4 by the potential) energy 0.0 meV/atom above the lowest",
    )
    assert any(np.array_equal(chosen.cells[0].positions, cell.atoms.positions) for cell in candidates)


def test_options_of_disorder_say_that_they_do_nothing_to_an_ordered_crystal() -> None:
    chosen = choose_structure("nabh4", supercell="1x1x1", orderings=3, seed=1, oxidation={"Na": 1})
    assert chosen.notes == ("no site is partly occupied: without effect are --orderings, --oxidation",)
    assert chosen.told().endswith(chosen.notes[0])
    assert choose_structure("nabh4", supercell="1x1x1", orderings=1, seed=1).notes == ()


@pytest.mark.parametrize("oxidation", [{"Na": 2}, {"Na": -1}, {"O": 2, "Na": 1}])
def test_states_that_no_crystal_has_are_refused(oxidation: dict[str, float]) -> None:
    """Na2+ made Zr and P of Na3Zr2Si2PO12 a 3+ and a 4+ before."""
    with pytest.raises(
        SettingsError, match=r"^oxidation: (Na|O) is not known with [+-]\d, but with .*; give one of these"
    ):
        choose_structure("nabh4", supercell="1x1x1", orderings=1, seed=1, oxidation=oxidation)


def test_trades_find_what_the_potential_wants(tmp_path: Path) -> None:
    """8 of 2 x 2 x 4 sites are filled; most near pairs has a block of two planes: 8 within each plane, 4 between."""
    path = tmp_path / "half.cif"
    Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.6), ["S", {"Mg": 0.5}], [[0, 0, 0], [0.25, 0.25, 0.25]]).to(
        str(path)
    )
    chosen = choose_structure(
        path, supercell="1x1x2", orderings=1, seed=1, potential_of=lambda cell: LikesPairs(), trades=400
    )  # fmt: skip
    assert near_cations(chosen.cells[0]) == 20
    assert any(note.endswith("meV/atom lower") for note in chosen.prepared)
    assert chosen.cells[0].get_chemical_formula() == "Mg8S8"
