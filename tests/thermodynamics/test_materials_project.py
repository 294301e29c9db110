"""Entries of the Materials Project: asked for once with the user's key, kept, and read as any table of energies.

The database is not reached here, nor is mp-api installed: a stand-in has the fields of pymatgen's
`ComputedStructureEntry` that are read (composition, uncorrected_energy, correction, parameters, structure, entry_id).
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from pymatgen.core import Lattice, Structure

from paddlewheel import hull
from paddlewheel.errors import InputError
from paddlewheel.thermodynamics.energy_table import read_energy_table
from paddlewheel.thermodynamics.materials_project import fetch_entries


def entry(name, symbols, energy_eV, *, correction_eV=0.0, side_A=5.0):
    places = [[0.1 * k, 0.0, 0.0] for k in range(len(symbols))]
    structure = Structure(Lattice.cubic(side_A), symbols, places)
    return SimpleNamespace(
        entry_id=name, composition=structure.composition, uncorrected_energy=energy_eV, correction=correction_eV,
        parameters={"run_type": "GGA"}, structure=structure,
    )  # fmt: skip


class Database:
    """What `MPRester` does, and what it was asked."""

    db_version = "2026.09.01"
    asked: list = []
    answer: list = []

    def __init__(self, key):
        self.key = key

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def get_entries_in_chemsys(self, elements, additional_criteria=None):
        Database.asked.append((self.key, elements, additional_criteria))
        return Database.answer


@pytest.fixture
def database(monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "key")
    Database.asked = []
    Database.answer = [
        entry("mp-1", ["Na"], -1.3),
        entry("mp-2", ["H", "H"], -6.7, correction_eV=-0.1),
        entry("mp-3", ["Na", "H"], -5.5, correction_eV=-0.2, side_A=3.0),
    ]
    return Database


def test_entries_are_fetched_once_and_read_with_corrections_and_volumes(database, tmp_path):
    path = fetch_entries(["Na", "H"], tmp_path, client=database)
    assert fetch_entries(["H", "Na"], tmp_path, client=database) == path
    assert database.asked == [("key", ["Na", "H"], {"thermo_types": ["GGA_GGA+U"]})]
    assert json.loads(path.read_text())["database_version"] == "2026.09.01"
    entries = {one.formula: one for one in read_energy_table(path)}
    assert entries["NaH"].gibbs_eV_per_atom[0] == pytest.approx(-5.7 / 2)
    assert entries["NaH"].volume_A3_per_atom == pytest.approx(27 / 2)
    assert entries["H2"].gibbs_eV_per_atom[0] == pytest.approx(-6.8 / 2)
    assert {one.engine for one in entries.values()} == {"GGA/GGA+U"}


def test_hull_of_the_kept_entries(database, tmp_path, monkeypatch):
    """NaH is 2 (-2.85) + 1.3 + 3.4 = -1.0 eV a formula below its elements, by hand."""
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path))
    fetch_entries(["Na", "H"], tmp_path / "materials-project", client=database)
    record = hull("Na-H", energies=["materials-project"], temperatures_K=[0.0])
    assert all(row.e_above_hull_meV_per_atom.value == 0 for row in record.temperatures[0].phases)
    (stable,) = [row for row in record.temperatures[0].phases if row.name == "mp-3"]
    assert stable.e_above_others_meV_per_atom is not None
    assert stable.e_above_others_meV_per_atom.value == pytest.approx(-500)


def test_no_key_no_answer_and_no_network_get_one_line(database, tmp_path, monkeypatch):
    database.answer = []
    with pytest.raises(InputError, match="no entry of H-Na"):
        fetch_entries(["Na", "H"], tmp_path, client=database)

    def unreachable(key):
        raise ConnectionError("no route to host\nand more")

    with pytest.raises(InputError, match=r"H-Na could not be fetched \(ConnectionError: no route to host\)"):
        fetch_entries(["Na", "H"], tmp_path, client=unreachable)
    monkeypatch.delenv("MP_API_KEY")
    with pytest.raises(InputError, match="MP_API_KEY is not set"):
        fetch_entries(["Na", "H"], tmp_path, client=database)
    assert not list(tmp_path.iterdir())
