"""Orderings of the mobile ions over a list of sites."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.crystals import find_polyanions, read_structure
from paddlewheel.crystals.orderings import reorder_ions
from paddlewheel.errors import StructureError


def _anions(atoms: Atoms) -> list[str]:
    return sorted(one.formula for one in find_polyanions(atoms))


def test_orderings_of_o_nbh_keep_its_anions_and_have_no_short_contact() -> None:
    atoms = read_structure("o-nbh")
    cells = reorder_ions(atoms, "o-nbh", specie="Na", n_orderings=3, seed=2)
    assert len(cells) == 3
    mobile = [index for index, symbol in enumerate(atoms.get_chemical_symbols()) if symbol == "Na"]
    for cell in cells:
        assert cell.get_chemical_symbols() == atoms.get_chemical_symbols()
        assert _anions(cell) == _anions(atoms)
        distances = cell.get_all_distances(mic=True)
        np.fill_diagonal(distances, 9.0)
        assert distances[mobile].min() > 1.7  # Na-H is 2.2 A in the relaxed cells, and no anion is torn at 1.7
        assert np.abs(cell.positions[mobile] - atoms.positions[mobile]).max() > 1.0
    again = reorder_ions(atoms, "o-nbh", specie="Na", n_orderings=3, seed=2)
    assert all(np.array_equal(one.positions, other.positions) for one, other in zip(cells, again, strict=True))


def test_crystal_without_polyanions_is_refused() -> None:
    with pytest.raises(StructureError, match="neither mobile nor in a polyanion"):
        reorder_ions(Atoms("NaCl", [(0, 0, 0), (2.8, 0, 0)], cell=[5.6] * 3, pbc=True), "o-nbh", specie="Na",
                     n_orderings=1, seed=1)  # fmt: skip
