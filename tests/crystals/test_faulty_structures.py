"""Structures that were read wrongly in silence once: what must come out, and their whole kind."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel import foreign
from paddlewheel.crystals import check_structure, formats, read_structure
from paddlewheel.errors import StructureError

CIF = """data_x
_symmetry_space_group_name_H-M 'P 1'
_cell_length_a 4.2
_cell_length_b 4.2
_cell_length_c 4.2
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
x,y,z
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
{rows}
"""


def _cif(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "x.cif"
    path.write_text(CIF.format(rows="\n".join(rows)))
    return path


@pytest.mark.parametrize(("name", "formula"), [("dot.cif", "ClNa2"), ("nabh4_dot.cif", "H4BNa")])
def test_an_occupancy_that_is_not_given_is_one(shared: Path, name: str, formula: str) -> None:
    """CIF core dictionary: `_atom_site_occupancy` defaults to 1.0; pymatgen takes `.` for 0 and drops the atom."""
    atoms = read_structure(shared / "data/faults/structures" / name)
    assert atoms.get_chemical_formula(empirical=True, mode="hill") == formula


@pytest.mark.parametrize("absent", [".", "?"])
def test_absent_occupancies_of_made_files(tmp_path: Path, absent: str) -> None:
    atoms = read_structure(_cif(tmp_path, f"Na1 Na 0 0 0 {absent}", "Cl1 Cl .5 .5 .5 1", f"Cl2 Cl .5 0 0 {absent}"))
    assert atoms.get_chemical_symbols() == ["Na", "Cl", "Cl"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("over.cif", r"sites Na, Li are one place .* filled to 1\.2; .*occupancies to a sum of at most 1"),
        ("dup.cif", r"sites Na1, Na2 are one place \(0\.00018 A apart\) filled to 2; remove the atom"),
        ("shrunk_number.vasp", r"a lattice vector of 9\.85e\+13 A is no crystal's; look for a number that lost"),
    ],
)
def test_what_cannot_be_is_told_with_site_and_remedy(shared: Path, name: str, told: str) -> None:
    with pytest.raises(StructureError, match=told) as error:
        read_structure(shared / "data/faults/structures" / name)
    assert "\n" not in str(error.value)


def test_occupancies_over_one_of_a_single_site(tmp_path: Path) -> None:
    with pytest.raises(StructureError, match=r"site Na1 has the occupancy 1\.4"):
        read_structure(_cif(tmp_path, "Na1 Na 0 0 0 1.4(2)", "Cl1 Cl .5 .5 .5 1"))


def test_split_sites_and_disorder_groups_are_no_duplicates(tmp_path: Path) -> None:
    """Two half-filled positions 0.3 A apart are a split site, which needs orderings, not a correction."""
    path = _cif(tmp_path, "Na1 Na 0 0 0 0.5", "Na2 Na .07 0 0 0.5", "Cl1 Cl .5 .5 .5 1")
    with pytest.raises(StructureError, match="partly occupied"):
        read_structure(path)


def test_reading_json_builds_no_class_that_it_names(shared: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    atoms = read_structure(shared / "data/faults/security/makesfolder.json")
    assert atoms.get_chemical_formula() == "ClNa"
    assert list(tmp_path.iterdir()) == []


def test_json_of_pymatgen_is_read_from_lattice_species_and_coordinates(tmp_path: Path) -> None:
    """The same structure as pymatgen itself gives, oxidation states, partial occupancies and labels among it."""
    from pymatgen.core import Lattice, Structure

    whole = Structure(
        Lattice.from_parameters(4, 5, 6, 80, 95, 100),
        ["Na+", "Cl-", {"Na+": 0.5, "Li+": 0.25}],
        [[0.1, 0.2, 0.3], [0.6, 0.7, 0.8], [0.4, 0.4, 0.9]],
        site_properties={"magmom": [0, 1, 2]},
    )
    path = tmp_path / "x.json"
    path.write_text(json.dumps(whole.as_dict()))
    found = formats.read_sites(path)
    assert [site.species for site in found] == [site.species for site in whole]
    np.testing.assert_allclose(found.frac_coords, whole.frac_coords, atol=1e-12)
    np.testing.assert_allclose(found.lattice.matrix, whole.lattice.matrix, atol=1e-12)
    document = whole.as_dict()
    for site in document["sites"]:
        del site["abc"]  # coordinates in A alone
    path.write_text(json.dumps(document))
    np.testing.assert_allclose(formats.read_sites(path).frac_coords, whole.frac_coords, atol=1e-9)


@pytest.mark.parametrize(
    "broken", [{"sites": [{}]}, {"sites": [{"species": [{"element": "Qq", "occu": 1}], "abc": [0, 0, 0]}]},
               {"sites": [{"species": [], "abc": [0, 0, 0]}]}, {"sites": 3}, {"lattice": {"matrix": "x"}}],
)  # fmt: skip
def test_damaged_json_is_one_line(tmp_path: Path, broken: dict) -> None:
    from pymatgen.core import Lattice, Structure

    document = Structure(Lattice.cubic(4), ["Na"], [[0, 0, 0]]).as_dict() | broken
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    with pytest.raises(StructureError, match="pymatgen") as error:
        read_structure(path)
    assert "\n" not in str(error.value)


def test_a_bomb_ends_with_one_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(foreign, "LARGEST_DOCUMENT", 1_000_000)
    path = tmp_path / "bomb.cif.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b"0" * 50_000_000)
    assert path.stat().st_size < 60_000
    with pytest.raises(StructureError, match=r"unpacks from .* MB to more than"):
        read_structure(path)


@given(scale=st.floats(min_value=1.1e4, max_value=1e300), axis=st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_numbers_beyond_a_crystal_are_refused_before_any_neighbour_list(scale: float, axis: int) -> None:
    """The neighbour list died of SIGFPE on such a cell: it must never see one."""
    for what in ("cell", "position"):
        atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
        cell, positions = atoms.cell.array.copy(), atoms.positions.copy()
        (cell if what == "cell" else positions)[axis, axis] *= scale
        (cell if what == "cell" else positions)[axis, axis] += scale
        with pytest.raises(StructureError, match="no crystal's"):
            check_structure(Atoms(atoms.symbols, positions=positions, cell=cell, pbc=True))


def test_crushed_cells_are_refused_and_molecules_in_vacuum_are_legal() -> None:
    crushed = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    crushed.set_cell(crushed.cell * 0.4, scale_atoms=True)
    with pytest.raises(StructureError, match=r"A\^3 for each of its 8 atoms"):
        check_structure(crushed)
    alone = molecule("CH4", vacuum=20.0)
    alone.pbc = True
    assert check_structure(alone) is alone
