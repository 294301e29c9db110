"""Tables of measured conductors: OBELiX as it is published, and a CSV of one's own."""

from __future__ import annotations

import gzip
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError, StructureError
from paddlewheel.studies.experiment.cells import composition_difference, read_crystal, repeats_within, start_cell
from paddlewheel.studies.experiment.conductors import MeasuredConductor, drawing_order, family_names
from paddlewheel.studies.experiment.tables import read_table

OBELIX = Path(os.environ.get("PADDLEWHEEL_SHARED", "/nowhere")) / "data" / "obelix"
_ROCK_SALT = """data_x
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_cell_length_a 5.0
_cell_length_b 5.0
_cell_length_c 5.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Li1 Li 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""
_HEAD = "ID,Reduced Composition,True Composition,Ionic conductivity (S cm-1),IC (Total),IC (Bulk),Family,DOI\n"


def conductor(name: str, value: float, family: str = "halides", **more) -> MeasuredConductor:
    return MeasuredConductor(
        id=name, formula="LiCl", conductivity_S_per_cm=value, family=family, structure=f"{name}.cif",
        content=_ROCK_SALT.encode(), **more,
    )  # fmt: skip


@pytest.mark.skipif(not OBELIX.is_dir(), reason="needs the shared table of OBELiX (PADDLEWHEEL_SHARED)")
def test_obelix_as_published_is_read_with_its_bounds_and_grains():
    table = read_table(OBELIX)
    found = {each.id: each for each in table.conductors}
    assert (table.n_rows, len(found)) == (599, 200)
    assert sum(each.is_bound for each in found.values()) == 18
    # counted with pandas in the published table: its text begins with '<' in 18 rows that have one of the 200 CIFs
    assert found["kbo"].is_bound
    assert found["kbo"].conductivity_S_per_cm == 1e-10
    assert (found["0o6"].conductivity_S_per_cm, found["0o6"].measured_part) == (2.51e-3, "bulk")
    assert found["jy6"].measured_part == "as reported"
    assert "2502.14234" in table.citations[0].reference


def test_a_folder_like_obelix_may_be_packed_or_not(tmp_path):
    rows = (
        _HEAD + "aaa,LiCl,Li4.0Cl4.0,<1E-10,,,halides,10.1/x\nbbb,LiCl,Li4.0Cl4.0,2e-3,,1e-2,halides,\nccc,X,X,1,,,,\n"
    )
    with gzip.open(tmp_path / "all.csv.gz", "wt") as stream:
        stream.write(rows)
    (tmp_path / "aaa.cif").write_text(_ROCK_SALT)
    with tarfile.open(tmp_path / "cifs.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "aaa.cif", "cifs/bbb.cif")
    table = read_table(tmp_path)
    assert [(each.id, each.conductivity_S_per_cm, each.is_bound) for each in table.conductors] == [
        ("aaa", 1e-10, True), ("bbb", 1e-2, False),
    ]  # fmt: skip
    assert table.n_rows == 3


def test_a_table_of_ones_own(tmp_path):
    (tmp_path / "salt.cif").write_text(_ROCK_SALT)
    path = tmp_path / "mine.csv"
    path.write_text(
        "structure,conductivity_mS_per_cm,temperature_K,id,family\nsalt.cif,<0.5,310,a b,x\nsalt.cif,2,,c,\n,3,,d,\n"
    )
    one, other = read_table(path).conductors
    assert (one.id, one.conductivity_S_per_cm, one.is_bound, one.temperature_K) == ("a-b", 5e-4, True, 310.0)
    assert (other.id, other.conductivity_S_per_cm, other.temperature_K) == ("c", 2e-3, 298.15)
    path.write_text("structure,conductivity_S_per_cm,conductivity_mS_per_cm\nsalt.cif,,2\n")  # whichever is filled
    assert read_table(path).conductors[0].conductivity_S_per_cm == pytest.approx(2e-3)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("structure,conductivity_S_per_cm\nsalt.cif,fast\n", "'fast' is no conductivity"),
        ("structure,conductivity_S_per_cm\nsalt.cif,-1e-3\n", "no conductivity"),
        ("structure,conductivity_S_per_cm\nsalt.cif,1e-3\nsalt.cif,2e-3\n", "there twice"),
        ("structure,conductivity_S_per_cm\nnone.cif,1e-3\n", "line 2 of mine.csv"),
        ("structure,conductivity_S_per_cm,temperature_K\nsalt.cif,1e-3,warm\n", "no temperature"),
        ("structure,conductivity_S_per_cm\n,1e-3\n", "none of its 1 rows"),
        ("name,sigma\nx,1\n", "has the columns name, sigma"),
        ("structure,conductivity_S_per_cm\nsalt.cif,12\n", "'12' is no conductivity of a solid"),
        ("structure,conductivity_S_per_cm,conductivity_mS_per_cm\nsalt.cif,1e-3,2\n", "line 2 has two cond"),
        ("structure,conductivity_S_per_cm,conductivity_mS_per_cm\nsalt.cif,,\n", "line 2 has no conductivity"),
        ("structure,conductivity_S_per_cm,id\nsalt.cif,1e-3,..\n", "'..' is no id"),
        ('structure,conductivity_S_per_cm\n"salt.cif,1e-3\n', "cannot be read as CSV"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path, rows, said):
    (tmp_path / "salt.cif").write_text(_ROCK_SALT)
    path = tmp_path / "mine.csv"
    path.write_text(rows)
    with pytest.raises(DataError, match=said):
        read_table(path)


def test_a_folder_of_several_tables_names_none(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("structure,conductivity_S_per_cm\nsalt.cif,1e-3\n")
    with pytest.raises(DataError, match="holds 2 tables"):
        read_table(tmp_path)


def test_more_conductors_leave_those_before_as_they_were():
    rng = np.random.default_rng(2)
    pool = [
        conductor(
            f"c{place:02d}", 10.0 ** -rng.integers(2, 9), ["garnet", "argyrodites", "argyrodite", "rare"][place % 4]
        )
        for place in range(40)
    ]
    order = [each.id for each in drawing_order(pool, seed=4)]
    assert order == [each.id for each in drawing_order(pool[::-1], seed=4)]
    assert order != [each.id for each in drawing_order(pool, seed=5)]
    assert sorted(order) == [each.id for each in pool]
    families = family_names(pool)
    assert set(families.values()) == {"garnet", "argyrodite", "rare"}
    strata = {(families[each.id], each.decade) for each in pool}
    first = drawing_order(pool, seed=4)[: len(strata)]
    assert {(families[each.id], each.decade) for each in first} == strata  # one of each before a second of any


def test_a_cell_is_as_large_as_its_atoms_allow():
    assert repeats_within(8, np.array([5.0, 5.0, 5.0]), 1000) == (3, 3, 3)  # 5 A twice is 10 A, not above
    assert repeats_within(8, np.array([5.1, 5.1, 5.1]), 130) == (2, 2, 2)
    assert repeats_within(30, np.array([4.0, 8.0, 12.0]), 130) == (2, 2, 1)  # 3x2x1 has 180 atoms
    assert repeats_within(120, np.array([4.0, 8.0, 12.0]), 130) == (1, 1, 1)


def test_a_crystal_is_held_to_what_was_measured(tmp_path):
    good = conductor("a", 1e-3, composition="Li2.0Cl2.0")
    crystal = read_crystal(good, tmp_path, specie="Li", most_atoms=130)
    assert crystal.n_atoms == 8
    assert composition_difference(crystal.structure, "LiCl") == 0
    assert composition_difference(crystal.structure, "LiCl3") == pytest.approx(0.25)
    for row, specie, most, said in (
        (conductor("b", 1e-3, composition="LiBr"), "Li", 130, "another composition"),
        (good, "Na", 130, "holds no Na"),
        (good, "Li", 1, "more than 1"),
    ):
        with pytest.raises(StructureError, match=said):
            read_crystal(row, tmp_path, specie=specie, most_atoms=most)
    # what conduct would ask for only when it is its turn
    either = replace(good, content=_ROCK_SALT.replace("Li", "Ca").encode(), composition="")
    with pytest.raises(StructureError, match="no obvious mobile ion"):
        read_crystal(either, tmp_path, specie="", most_atoms=130)
    # the primitive cell where the conventional one is too large
    assert read_crystal(good, tmp_path, specie="Li", most_atoms=4).n_atoms == 2


def test_a_cell_that_was_made_stays_and_another_is_refused(tmp_path):
    row = conductor("a", 1e-3)
    crystal = read_crystal(row, tmp_path, specie="Li", most_atoms=130)
    first = start_cell(row, crystal, tmp_path / "a", most_atoms=130, seed=1)
    assert len(first.atoms) == 96
    assert first.notes == ()
    written = first.path.stat().st_mtime_ns
    assert start_cell(row, crystal, tmp_path / "a", most_atoms=130, seed=1).path.stat().st_mtime_ns == written
    with pytest.raises(DataError, match="other settings"):
        start_cell(row, crystal, tmp_path / "a", most_atoms=100, seed=1)
    first.path.write_text(first.path.read_text().replace("Cl", "Br", 1))
    with pytest.raises(DataError, match="was changed"):
        start_cell(row, crystal, tmp_path / "a", most_atoms=130, seed=1)
