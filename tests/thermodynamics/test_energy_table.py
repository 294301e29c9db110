"""Tables of given energies as spreadsheets and pymatgen write them: each reads as the plain table does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from monty.json import MontyEncoder
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.core.entries import ComputedEntry, ComputedStructureEntry

from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.energy_table import read_energy_table


@pytest.mark.parametrize(
    "text",
    [
        "formula;energy_eV_per_formula;note\nMgCl2;-6,65;chloride, dry\nMg;0;\n",
        "formula;energy_eV_per_formula;note\nMgCl2;-6.65;chloride, dry\nMg;0;\n",
        "formula\tenergy_eV_per_formula\tnote\nMgCl2\t-6.65\tchloride, dry\nMg\t0\t\n",
        'formula,energy_eV_per_formula,note\nMgCl2,-6.65,"chloride, dry"\nMg,0,\n',
    ],
)
def test_separators_of_spreadsheets(text: str, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text(text)
    chloride, metal = read_energy_table(path)
    assert (chloride.formula, chloride.note, metal.formula, metal.note) == ("MgCl2", "chloride, dry", "Mg", "")
    assert chloride.gibbs_eV_per_atom == pytest.approx((-6.65 / 3,), rel=1e-12)


def test_a_decimal_comma_between_commas_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text("formula,energy_eV_per_formula\nMg,0\nMgCl2,-6,65\n")
    with pytest.raises(InputError, match=r"phase 2: 1 values more than the header has columns; write decimal points"):
        read_energy_table(path)


def test_entries_of_structures_with_oxidation_states(tmp_path: Path) -> None:
    """Fe2+ and Fe3+ of magnetite are one element, its energy that of pymatgen."""
    species = ["Fe2+", "Fe3+", "Fe3+", "O2-", "O2-", "O2-", "O2-"]
    magnetite = Structure(Lattice.cubic(6.0), species, [[k / 7, 0, 0] for k in range(7)])
    entry = ComputedStructureEntry(magnetite, -47.0, correction=-1.5, entry_id="mp-19306")
    path = tmp_path / "entries.json"
    path.write_text(json.dumps([entry], cls=MontyEncoder))
    (found,) = read_energy_table(path)
    assert found.composition == Composition("Fe3O4")
    assert found.gibbs_eV_per_atom == pytest.approx((entry.energy_per_atom,), rel=1e-12)


def test_amounts_keep_their_digits(tmp_path: Path) -> None:
    """A third of Li: six digits would move the composition by 3e-7."""
    entry = ComputedEntry(Composition({"Li": 1 / 3, "Co": 1, "O": 2}), -20.0, entry_id="mine")
    path = tmp_path / "entries.json"
    path.write_text(json.dumps([entry], cls=MontyEncoder))
    (found,) = read_energy_table(path)
    assert found.composition.get_atomic_fraction("Li") == pytest.approx(0.1, abs=1e-12)
