"""Reading structures: every format gives the same crystal, and every bad file one clear line."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from pymatgen.core import Lattice, Structure

from paddlewheel.crystals import check_structure, list_structures, read_structure
from paddlewheel.errors import StructureError

_SYMBOLS = ["Na", "B", "H", "H", "H", "H"]


def _crystal() -> Atoms:
    """A skewed cell with one BH4, so that no axis, order or handedness can be mixed up unnoticed."""
    b = np.array([2.5, 2.2, 2.9])
    h = b + 1.2 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    return Atoms(
        _SYMBOLS, positions=[[0.1, 0.2, 0.3], b, *h], cell=[[5, 0, 0], [0.5, 4.8, 0], [0.3, -0.4, 6]], pbc=True
    )


def _same_crystal(found: Atoms, expected: Atoms) -> None:
    """Same elements and same distances with periodic images: a rotation of the cell is no difference."""
    assert found.get_chemical_symbols() == expected.get_chemical_symbols()
    # 1e-4 A: POSCAR, LAMMPS data and CIF round to six or more decimals of the cell
    np.testing.assert_allclose(found.cell.cellpar(), expected.cell.cellpar(), atol=1e-4)
    np.testing.assert_allclose(found.get_all_distances(mic=True), expected.get_all_distances(mic=True), atol=1e-4)
    assert found.pbc.all()


@pytest.mark.parametrize(
    ("name", "ase_format"),
    [
        ("x.cif", "cif"),
        ("POSCAR", "vasp"),
        ("CONTCAR.relaxed", "vasp"),
        ("x.vasp", "vasp"),
        ("x.extxyz", "extxyz"),
        ("x.xyz", "extxyz"),
        ("x.traj", "traj"),
        ("x.json", "json"),
        ("named@1.extxyz", "extxyz"),
    ],
)
def test_formats_written_by_ase_give_the_same_crystal(tmp_path: Path, name: str, ase_format: str) -> None:
    path = tmp_path / name
    write(tmp_path / "plain", _crystal(), format=ase_format)
    (tmp_path / "plain").rename(path)
    _same_crystal(read_structure(path), _crystal())
    _same_crystal(read_structure(str(path)), _crystal())


def test_pymatgen_json_and_entry_give_the_same_crystal(tmp_path: Path) -> None:
    crystal = _crystal()
    structure = Structure(crystal.cell.array, _SYMBOLS, crystal.positions, coords_are_cartesian=True)
    structure.to(str(tmp_path / "s.json"))
    (tmp_path / "entry.json").write_text(json.dumps({"@class": "Entry", "structure": structure.as_dict()}))
    _same_crystal(read_structure(tmp_path / "s.json"), crystal)
    _same_crystal(read_structure(tmp_path / "entry.json"), crystal)


@pytest.mark.parametrize("style", ["atomic", "charge", "full"])
def test_lammps_data_gives_the_same_crystal(tmp_path: Path, style: str) -> None:
    path = tmp_path / "data.nbh"
    write(path, _crystal(), format="lammps-data", specorder=["H", "B", "Na"], masses=True, atom_style=style)
    _same_crystal(read_structure(path), _crystal())


def test_lammps_types_without_comments_are_told_by_mass(tmp_path: Path) -> None:
    path = tmp_path / "x.lmp"
    write(path, _crystal(), format="lammps-data", specorder=["H", "B", "Na"], masses=True)
    lines = [
        line.split("#")[0] if "#" in line and "Atoms" not in line else line for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    _same_crystal(read_structure(path), _crystal())


def test_lammps_element_comment_wins_over_a_scaled_mass_which_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.lmp"
    write(path, _crystal(), format="lammps-data", specorder=["H", "B", "Na"], masses=True)
    path.write_text(re.sub(r"^(\s*2\s+)\S+ # B$", r"\g<1>108.1 # B", path.read_text(), flags=re.MULTILINE))
    atoms = read_structure(path)
    assert atoms.get_chemical_symbols() == _SYMBOLS
    assert atoms.get_masses()[1] == pytest.approx(108.1)


def test_lammps_masses_of_no_element_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.lmp"
    text = "comment\n\n1 atoms\n1 atom types\n0 5 xlo xhi\n0 5 ylo yhi\n0 5 zlo zhi\n\n{}Atoms # atomic\n\n1 1 0 0 0\n"
    path.write_text(text.format("Masses\n\n1 9999.0\n\n"))
    with pytest.raises(StructureError, match="atom type 1 with mass 9999 is no element; name the element"):
        read_structure(path)
    path.write_text(text.format(""))
    with pytest.raises(StructureError, match="no Masses section"):
        read_structure(path)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "x.cif", _crystal())
    with gzip.open(tmp_path / "y.cif.gz", "wb") as stream:
        stream.write((tmp_path / "x.cif").read_bytes())
    _same_crystal(read_structure(tmp_path / "y.cif.gz"), _crystal())


def test_cif_symmetry_is_expanded_and_the_order_of_the_file_is_kept(tmp_path: Path) -> None:
    structure = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Cl", "Na"], [[0.5] * 3, [0] * 3])
    structure.to(str(tmp_path / "nacl.cif"), symprec=0.01)
    atoms = read_structure(tmp_path / "nacl.cif")
    assert sorted(atoms.get_chemical_symbols()) == ["Cl"] * 4 + ["Na"] * 4
    reference = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    assert sorted(np.round(atoms.get_all_distances(mic=True).ravel(), 6)) == pytest.approx(
        sorted(np.round(reference.get_all_distances(mic=True).ravel(), 6)), abs=1e-5
    )
    write(tmp_path / "order.cif", _crystal()[[3, 0, 1, 5, 2, 4]])
    assert read_structure(tmp_path / "order.cif").get_chemical_symbols() == ["H", "Na", "B", "H", "H", "H"]


def test_deuterium_is_hydrogen_with_its_own_mass(tmp_path: Path) -> None:
    (tmp_path / "d.cif").write_text(_cif("D1 D 0 0 0 1\nNa1 Na .5 .5 .5 1\nH1 H .5 0 0 1\n", "D H Na"))
    atoms = read_structure(tmp_path / "d.cif")
    assert atoms.get_chemical_symbols() == ["H", "Na", "H"]
    assert atoms.get_masses() == pytest.approx([2.0141, 22.990, 1.008], abs=1e-3)


@pytest.mark.parametrize(("name", "n_atoms", "formula"), [("o-nbh", 128, "H64B52Na12"), ("NaBH4", 12, "H8B2Na2")])
def test_builtin_names_are_read(name: str, n_atoms: int, formula: str) -> None:
    atoms = read_structure(name)
    assert len(atoms) == n_atoms
    assert atoms.get_chemical_formula(mode="hill") == Atoms(formula).get_chemical_formula(mode="hill")


def test_every_builtin_structure_agrees_with_its_card() -> None:
    for card in list_structures():
        atoms = read_structure(card.name)
        assert len(atoms) == card.n_atoms
        reduced = Atoms(card.formula).symbols.formula.reduce()[0]
        assert atoms.symbols.formula.reduce()[0].count() == reduced.count()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nabh", "neither a file nor a built-in structure; did you mean nabh4\\? .*o-nbh, na2b12h12, nabh4"),
        ("zzz", "neither a file nor a built-in structure; built-in structures are"),
        ("missing.cif", "missing.cif: no such file"),
        (Path("nowhere"), "nowhere: no such file"),
    ],
)
def test_a_name_or_file_that_does_not_exist(name: str | Path, message: str) -> None:
    with pytest.raises(StructureError, match=message):
        read_structure(name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.cif", b"this is no structure\n"),
        ("POSCAR", b"1 2 3\nfoo\n"),
        ("x.json", b'{"a": 1}'),
        ("x.json", b"{"),
        ("x.json", b"[1, 2]"),
        ("x.extxyz", b"2\nLattice=nonsense\nH 0 0\n"),
        ("x.lmp", b"nothing here\n"),
        ("x.dat", b"two columns\n1 2\n"),
        ("x.cif", bytes(range(256))),
        ("x.vasp", b"\x80\x81\x82"),
        ("x.cif.gz", b"not gzipped"),
        ("noext", b"\x00\x01\x02\xff"),
    ],
)
def test_a_file_that_is_no_structure(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StructureError) as caught:
        read_structure(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_status == 2


def test_an_empty_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.cif").touch()
    with pytest.raises(StructureError, match="the file is empty"):
        read_structure(tmp_path / "x.cif")
    with pytest.raises(StructureError, match="is a folder"):
        read_structure(tmp_path)


def test_several_structures_in_one_file(tmp_path: Path) -> None:
    write(tmp_path / "x.extxyz", [_crystal(), _crystal()])
    with pytest.raises(StructureError, match="holds 2 structures"):
        read_structure(tmp_path / "x.extxyz")


_SALT = """NaCl
{scale}
5.6 0 0
1.2 5.0 0
0 0 6
Na Cl
1 1
{mode}
0 0 0
{place}
"""
_DIRECT, _CARTESIAN = ("Direct", "0.5 0.4 0.3"), ("Cartesian", "3.28 2.0 1.8")


@pytest.mark.parametrize(("mode", "place"), [_DIRECT, _CARTESIAN])
@pytest.mark.parametrize(
    ("scale", "factors"),
    [
        ("0.5", [0.5] * 3),
        ("2 ! twice", [2.0] * 3),
        ("1.0 1.1 0.9", [1.0, 1.1, 0.9]),
        ("-200", [(200 / 168) ** (1 / 3)] * 3),
    ],
)
def test_every_scale_of_a_poscar(tmp_path: Path, scale: str, factors: list[float], mode: str, place: str) -> None:
    """A factor, three of x, y and z, or minus the volume (the VASP wiki's POSCAR); the cell has 5.6 x 5 x 6 A^3."""
    path = tmp_path / "POSCAR"
    path.write_text(_SALT.format(scale=scale, mode=mode, place=place))
    atoms = read_structure(path)
    assert atoms.cell.array == pytest.approx(np.array([[5.6, 0, 0], [1.2, 5, 0], [0, 0, 6]]) * factors)
    assert atoms.positions[1] == pytest.approx(np.array([3.28, 2, 1.8]) * factors)
    assert atoms.positions[0] == pytest.approx([0, 0, 0])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text.replace("SCALE", "1.0 -1.1 0.9"), "its second line is no scale of a POSCAR"),
        (lambda text: text.replace("SCALE", "1 2"), "its second line is no scale of a POSCAR"),
        (lambda text: text.replace("SCALE", "1")[:33], "ends before the numbers of its atoms"),
        (lambda text: text.replace("SCALE", "1")[:-8], "has the coordinates of 1 of its 2 atoms"),
        (lambda text: text.replace("SCALE", "1").replace("1 1\n", "1 2\n"), "coordinates of 2 of its 3 atoms"),
        (lambda text: text.replace("SCALE", "1").replace("1 1\n", "2\n"), "names 2 elements .Na Cl. and 1 numbers"),
    ],
)
def test_a_poscar_that_is_cut_or_counts_wrong(tmp_path: Path, spoil, told: str) -> None:
    path = tmp_path / "POSCAR"
    path.write_text(spoil(_SALT.format(scale="SCALE", mode="Direct", place="0.5 0.4 0.3")))
    with pytest.raises(StructureError, match=told):
        read_structure(path)


_RES = "TITL salt\nCELL 1.54 4 4 4 90 90 90\nLATT {}\nSFAC Na Cl\nNa 1 0 0 0 1\nCl 2 .5 .5 .5 1\n{}END\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.res", _RES.format("4", ""), "is a SHELX refinement.*give the CIF that SHELXL writes"),
        ("a.res", _RES.format("-1", "HKLF 4\n"), "is a SHELX refinement"),
        ("a.ins", _RES.format("-1", ""), "is a SHELX refinement"),
        ("a.vesta", "#VESTA_FORMAT_VERSION 3.5.4\nCRYSTAL\n", "is a file of VESTA.*Export Data"),
        ("a.cssr", " 5.6 5.6 5.6\n 90 90 90 SPGR = 1 P 1\n", "is a file of Cerius2 or Zeo"),
        ("a.xyz", "1\nNa\nNa 0 0 0\n", "there is no periodic cell; give a crystal.*Lattice="),
    ],
)
def test_files_of_other_programs_have_a_line_of_their_own(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(StructureError, match=told):
        read_structure(tmp_path / name)


def test_the_res_of_airss_holds_all_atoms(tmp_path: Path) -> None:
    (tmp_path / "a.res").write_text(_RES.format("-1", ""))
    assert read_structure(tmp_path / "a.res").get_chemical_formula() == "ClNa"


def test_poscar_without_element_names(tmp_path: Path) -> None:
    path = tmp_path / "POSCAR"
    path.write_text("comment\n1.0\n5 0 0\n0 5 0\n0 0 5\n1 1\nDirect\n0 0 0\n.5 .5 .5\n")
    with pytest.raises(StructureError, match=r"elements are not named .* write the element symbols"):
        read_structure(path)


def _cif(rows: str, formula: str = "") -> str:
    return (
        "data_x\n" + "".join(f"_cell_length_{a} 6.0\n" for a in "abc")
        + "".join(f"_cell_angle_{a} 90\n" for a in ("alpha", "beta", "gamma"))
        + (f"_chemical_formula_sum '{formula}'\n" if formula else "")
        + "loop_\n_symmetry_equiv_pos_as_xyz\n 'x, y, z'\nloop_\n_atom_site_label\n_atom_site_type_symbol\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n" + rows
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cif", "message"),
    [
        (
            _cif("Na1 Na 0 0 0 0.5\nCl1 Cl .5 .5 .5 1\n"),
            "1 of 2 sites are partly occupied .*Na1: Na 0.5.*--orderings N",
        ),
        (_cif("A Na 0 0 0 0.5\nB K 0 0 0 0.5\nCl1 Cl .5 .5 .5 1\n"), "partly occupied"),
        (_cif("Na1 Na 0 0 0 1\nQ1 Q .5 .5 .5 1\n"), "'Q' is no element"),
        (_cif("Na1 Na 0 0 0 1\nB1 B .5 .5 .5 1\n", "Na B H4"), "speaks of H, but gives no coordinates"),
        (_cif("Na1 Na 0 0 0 1\nOH1 OH .5 .5 .5 1\n"), "speaks of H, but gives no coordinates"),
        (_cif("Na1 Na 0 0 0 1\nCl1 Cl .5 .5 .5 1\n", "Na Cl2"), r"its formula is not that of its coordinates .NaCl."),
        (_cif("Na1 Na 0 0 0 1\nCl1 Cl .5 .5 .5 1\n", "Na Cl'\n_cell_formula_units_Z '4"), "1 formula units .*says 4"),
        (_cif("Na1 Na 0 0 0 1\nCl1 Cl .5 .5 .5 1\n").replace(" 6.0\n", " 0.41\n"), "is the cell in nm.*ten times"),
        (_cif("Na1 Na 0 0 0 1\nCl1 Cl .02 0 0 1\n"), "atoms Na1 and Cl2 overlap: 0.12 A apart"),
    ],
)
def test_cifs_that_no_simulation_can_start_from(tmp_path: Path, cif: str, message: str) -> None:
    path = tmp_path / "x.cif"
    path.write_text(cif)
    with pytest.raises(StructureError, match=message):
        read_structure(path)


def test_occupancies_that_only_rounding_takes_off_one_are_full(tmp_path: Path) -> None:
    path = tmp_path / "x.cif"
    path.write_text(_cif("Na1 Na 0 0 0 0.9996\nCl1 Cl .5 .5 .5 1.0004\n"))
    assert read_structure(path).get_chemical_symbols() == ["Na", "Cl"]


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (Atoms(cell=[5, 5, 5], pbc=True), "no atoms"),
        (Atoms("Na", pbc=True), "no periodic cell"),
        (Atoms("Na", cell=[5, 5, 0], pbc=True), "no periodic cell"),
        (Atoms("Na", cell=[[5, 0, 0], [0, 5, 0], [5, 5, 0]], pbc=True), "no periodic cell .*volume 0 A"),
        (Atoms("Na", cell=[5, 5, 5], pbc=(True, True, False)), "periodic along 2 of its 3"),
        (Atoms("NaCl", positions=[[0, 0, 0], [0, 0, np.nan]], cell=[5, 5, 5], pbc=True), "atom 2 .Cl. are not finite"),
        (Atoms("Na", cell=[5, np.inf, 5], pbc=True), "cell vectors are not finite"),
        (Atoms("XNa", positions=[[0, 0, 0], [2.5, 0, 0]], cell=[5, 5, 5], pbc=True), "atom 1 has atomic number 0"),
        (Atoms("H2", positions=[[0, 0, 0], [4.6, 0, 0]], cell=[5, 5, 5], pbc=True), "H1 and H2 overlap: 0.40 A"),
        (Atoms("Cs2", positions=[[0, 0, 0], [1.9, 0, 0]], cell=[9, 9, 9], pbc=True), "Cs1 and Cs2 .* at least 1.95 A"),
        (Atoms("Na", cell=[0.9, 5, 5], pbc=True), "Na1 and its own periodic image overlap: 0.90 A"),
    ],
)
def test_structures_that_are_refused(atoms: Atoms, message: str) -> None:
    with pytest.raises(StructureError, match=message) as caught:
        check_structure(atoms, "made-up")
    assert str(caught.value).startswith("made-up: ")


def test_hydrogen_molecules_and_short_bonds_are_no_overlap() -> None:
    # 0.74 A is the bond of H2: the shortest there is in any solid
    h2 = Atoms("H2", positions=[[0, 0, 0], [0.74, 0, 0]], cell=[5, 5, 5], pbc=True)
    assert check_structure(h2) is h2


def test_reading_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "x.cif").write_text(_cif("Na1 Na 0.3333 0 0 0.9999\nCl1 Cl .5 .5 .5 1.0004\n", "Na Cl"))
    code = f"from paddlewheel.crystals import read_structure; read_structure({str(tmp_path / 'x.cif')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = (
        "import sys, paddlewheel.crystals;"
        "print([m for m in ('torch', 'pymatgen', 'scipy', 'ase', 'vesin', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
