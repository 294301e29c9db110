"""Files that mean harm: nothing that they name is built, nothing that they lead to is read, and bombs end soon."""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import pickle
import sqlite3
import sys
import zipfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

import paddlewheel
from paddlewheel import foreign
from paddlewheel.crystals import read_structure
from paddlewheel.errors import DataError, InputError
from paddlewheel.foreign import read_json, read_yaml
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.sample import load_sample
from paddlewheel.potentials.m3gnet.checkpoint import read_checkpoint
from paddlewheel.thermodynamics.energy_table import read_energy_table
from paddlewheel.training.dataset import read_dataset
from paddlewheel.trajectories import read_trajectory
from trajectory_files import write_npz

SOURCE = Path(paddlewheel.__file__).parent
FORBIDDEN = {
    "pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "joblib.load",
    "Structure.from_dict", "Structure.from_file", "Structure.from_str", "MontyDecoder", "loadfn", "dict2constraint",
    "eval", "exec", "extractall", "TrajectoryReader", "io.read",
}  # fmt: skip
ALLOWED = {
    ("foreign.py", "yaml.load"),  # with the safe loader
    ("crystals/formats.py", "ase.io.read"),  # of formats that build nothing
    ("training/dataset.py", "ase.io.read"),  # of extended XYZ
    ("execution/interchange.py", "pickle.load"),  # Parsl's own configuration, from the process that started it
}


def _calls(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {key.arg: ast.unparse(key.value) for key in node.keywords}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_source_file_builds_what_a_file_names(path: Path) -> None:
    for name, keywords in _calls(ast.parse(path.read_text(encoding="utf-8"))):
        where = (str(path.relative_to(SOURCE)), name)
        assert keywords.get("allow_pickle", "False") == "False", where
        assert keywords.get("weights_only", "True") == "True", where
        if name == "torch.load":
            assert "weights_only" in keywords, where
        if name == "np.load":
            assert keywords.get("allow_pickle") == "False", where
        ends = {name, ".".join(name.split(".")[-2:])}
        assert not (ends & FORBIDDEN) or where in ALLOWED, where


class _MakesFolder:
    """A pickle of it makes the folder in which `made` is looked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    made = tmp_path / "made"
    harm = np.array([_MakesFolder(made)], dtype=object)
    np.savez(tmp_path / "x.npz", positions_A=harm, cell_A=harm, symbols=harm, allow_pickle=True)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text(json.dumps(
        {"@class": "Potential", "@module": "os", "kwargs": {"model": {"@class": "M3GNet", "@module": "os", "init_args":
         {"element_types": ["Na"], "is_intensive": False}}}}))  # fmt: skip
    (tmp_path / "model" / "state.pt").write_bytes(pickle.dumps(_MakesFolder(made)))
    for name in ("x.traj", "x.dat", "x.nep"):
        (tmp_path / name).write_bytes(pickle.dumps(_MakesFolder(made)))
    with pytest.raises(InputError, match="Python objects"):
        read_trajectory(tmp_path / "x.npz", frame_interval_fs=1.0)
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / "model")
    for name in ("x.traj", "x.dat", "x.nep"):
        with pytest.raises(InputError):
            read_structure(tmp_path / name)
        with pytest.raises(InputError):
            read_trajectory(tmp_path / name, frame_interval_fs=1.0)
    assert not made.exists()


def test_yaml_builds_no_object(tmp_path: Path) -> None:
    made = tmp_path / "made"
    path = tmp_path / "x.yaml"
    path.write_text(f"!!python/object/apply:os.mkdir ['{made}']\n")
    for read in (load_sample, read_energy_table):
        with pytest.raises(InputError, match="YAML"):
            read(path)
    assert not made.exists()


@pytest.mark.parametrize("name", ["security/makesfolder.json"])
def test_structures_build_no_class(tmp_path: Path, shared: Path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    read_structure(shared / "data" / "faults" / name)
    assert not list(tmp_path.iterdir())


def test_ase_json_is_numbers_alone(tmp_path: Path, monkeypatch) -> None:
    import ase.io
    import ase.io.jsonio
    from ase.build import bulk

    def builds(*_: object) -> None:
        raise AssertionError("ASE was asked to build what the file names")

    monkeypatch.setattr(ase.io.jsonio, "create_ase_object", builds)
    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    path = tmp_path / "x.json"
    row = {name: {"__ndarray__": [list(values.shape), str(values.dtype), values.ravel().tolist()]}
           for name, values in (("numbers", salt.numbers), ("positions", salt.positions), ("cell", salt.cell.array))
           }  # fmt: skip
    harm = {"__ase_objtype__": "bandpath", "labelseq": "GX"}
    path.write_text(json.dumps({"1": row | {"data": harm}, "ids": [1], "nextid": 2}))
    found = read_structure(path)
    np.testing.assert_allclose(found.positions, salt.positions)
    path.write_text(json.dumps(row | {"__ase_objtype__": "atoms", "info": harm}))
    assert read_structure(path).get_chemical_formula() == "Cl4Na4"
    sqlite3.connect(tmp_path / "x.db").execute("create table systems (id integer)").connection.commit()
    with pytest.raises(InputError):
        read_structure(tmp_path / "x.db")


def test_constraints_of_a_traj_are_not_built(tmp_path: Path, monkeypatch) -> None:
    from ase.build import bulk
    from ase.constraints import FixAtoms
    from ase.io import write

    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    salt.set_constraint(FixAtoms([0]))
    salt.arrays["masses"] = np.full(8, 23.5)
    write(tmp_path / "x.traj", [salt, salt])
    monkeypatch.setattr(FixAtoms, "__init__", lambda *_, **__: pytest.fail("a constraint was built"))
    trajectory = read_trajectory(tmp_path / "x.traj", frame_interval_fs=1.0)
    np.testing.assert_array_equal(trajectory.positions()[1], salt.positions)
    np.testing.assert_array_equal(trajectory.masses_u, salt.get_masses())


def _h5md(path: Path, put) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("h5md")
        atoms = file.create_group("particles/all")
        put(atoms)
        atoms["species"] = np.array([b"Na", b"Cl"])
        box = atoms.create_group("box")
        box.attrs["boundary"] = ["periodic"] * 3
        box["edges"] = np.eye(3) * 5.0
        box["edges"].attrs["unit"] = "Angstrom"


def _links_out(atoms: h5py.Group) -> None:
    atoms["position"] = h5py.ExternalLink("other.h5", "/position")


def _stores_out(atoms: h5py.Group) -> None:
    atoms.create_dataset("position/value", (4, 2, 3), "f8", external=[("other.bin", 0, h5py.h5f.UNLIMITED)])


def _is_virtual(atoms: h5py.Group) -> None:
    layout = h5py.VirtualLayout((4, 2, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "position/value", (4, 2, 3))
    atoms.create_virtual_dataset("position/value", layout)


@pytest.mark.parametrize("put", [_links_out, _stores_out, _is_virtual])
def test_h5md_is_one_file(tmp_path: Path, monkeypatch, put) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.bin").write_bytes(bytes(4 * 2 * 3 * 8))
    with h5py.File("other.h5", "w") as other:
        other["position/value"] = np.ones((4, 2, 3))
    _h5md(tmp_path / "x.h5", put)
    with pytest.raises(InputError, match=r"x\.h5: .*(leads to the file|another file)"):
        read_trajectory(tmp_path / "x.h5", frame_interval_fs=1.0)


def test_h5md_that_kills_the_library_is_refused(tmp_path: Path, monkeypatch) -> None:
    """A damaged text attribute made HDF5 2.0 read address nowhere (input 87 of the seed 310 of the fuzz run)."""
    from paddlewheel.trajectories.readers import hdf5

    program = tmp_path / "dies.py"
    program.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(hdf5, "PROBE", program)
    _h5md(tmp_path / "x.h5", _links_out)
    with pytest.raises(InputError, match=r"x\.h5: .*signal 11"):
        read_trajectory(tmp_path / "x.h5", frame_interval_fs=1.0)


def test_h5md_bombs_end(tmp_path: Path) -> None:
    def put(atoms: h5py.Group) -> None:
        atoms.create_dataset("position/value", (10**6, 10**6, 3), "f8", chunks=(1, 1000, 3), compression="gzip")

    _h5md(tmp_path / "x.h5", put)
    with pytest.raises(InputError, match="unpacks from"):
        read_trajectory(tmp_path / "x.h5", frame_interval_fs=1.0)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    from paddlewheel.trajectories.store import TrajectoryWriter

    path = tmp_path / "x.zarr"
    writer = TrajectoryWriter.create(path, symbols=["Na", "Cl"], masses_u=[23.0, 35.0], frame_interval_fs=10.0)
    for step in range(4):
        writer.append(step=step, positions_A=np.full((2, 3), 0.1 * step), cell_A=np.eye(3) * 5, thermo={"t": 1.0})
    writer.flush()
    return path


def test_stores_lead_nowhere(store: Path) -> None:
    assert read_trajectory(store).n_frames == 4
    chunk = next((store / "positions").glob("c.*"))
    moved = chunk.rename(store.parent / "moved")
    chunk.symlink_to(moved)
    with pytest.raises(InputError, match="holds a link"):
        read_trajectory(store)


@pytest.mark.parametrize(
    "change",
    [
        {"codecs": [{"name": "numcodecs.pickle", "configuration": {}}]},
        {"data_type": "variable_length_bytes"},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**9, 2, 3]}}},
        {"storage_transformers": [{"name": "elsewhere"}]},
        {"codecs": 3},
    ],
)
def test_stores_name_no_codec_of_their_own(store: Path, change: dict) -> None:
    metadata = store / "positions" / "zarr.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | change))
    with pytest.raises(InputError, match="is no array"):
        list(read_trajectory(store).blocks())


def _npz_with(path: Path, name: str, header: dict, data: bytes) -> None:
    write_npz(path)
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    members[name] = buffer.getvalue() + data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


@pytest.mark.parametrize("name", ["positions_A.npy", "cell_A.npy"])
def test_a_shape_is_not_believed(tmp_path: Path, name: str) -> None:
    header = {"descr": "<f8", "fortran_order": name == "positions_A.npy", "shape": (10**12, 5, 3)}
    _npz_with(tmp_path / "x.npz", name, header, b"0" * 120)
    with pytest.raises(InputError, match="declares"):
        read_trajectory(tmp_path / "x.npz", frame_interval_fs=1.0)


def test_archives_that_unpack_without_end(tmp_path: Path) -> None:
    for name in ("x.npz", "x.xlsx", "x.ndax"):
        with (
            zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.npy", "w") as member,
        ):
            for _ in range(250):
                member.write(bytes(10**6))
        assert (tmp_path / name).stat().st_size < 10**6
    for name, read in (("x.npz", lambda path: read_trajectory(path, frame_interval_fs=1.0)), ("x.xlsx", read_cell_test),
                       ("x.ndax", read_cell_test)):  # fmt: skip
        with pytest.raises(InputError, match="unpacks from"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x"])
def test_archives_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.ndax", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(DataError, match="leads elsewhere"):
        read_cell_test(tmp_path / "x.ndax")


def _workbook(path: Path, replaced: dict[str, tuple[str, str]]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["time/s", "Voltage/V", "Current/A"], *([n, 3.0 + 0.01 * n, 0.001] for n in range(20))):
        book.active.append(row)
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member).decode() for member in archive.namelist()}
    for member, (old, new) in replaced.items():
        assert old in members[member]
        members[member] = members[member].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_does_not_say_how_large_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    _workbook(path, {SHEET: ('ref="A1:C21"', 'ref="A1:XFD1048576"')})
    assert len(read_cell_test(path).time_s) == 20


def test_workbook_bombs_end(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(30, 2000))
    _workbook(path, {SHEET: ("</sheetData>", rows + "</sheetData>")})
    with pytest.raises(DataError, match="million cells"):
        read_cell_test(path)
    laughs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    _workbook(path, {SHEET: ("<worksheet", laughs + "<worksheet")})
    with pytest.raises(DataError, match="document type"):
        read_cell_test(path)


def test_laughs_of_vasprun_end(tmp_path: Path) -> None:
    path = tmp_path / "vasprun.xml"
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    path.write_text(f'<?xml version="1.0"?><!DOCTYPE modeling [<!ENTITY e0 "ha">{entities}]><modeling>&e11;</modeling>')
    with pytest.raises(InputError) as caught:
        read_trajectory(path)
    assert "\n" not in str(caught.value)


def test_text_bombs_of_trajectories_end(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(foreign, "LARGEST_DOCUMENT", 5_000_000)
    path = tmp_path / "x.dump.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b"ITEM: TIMESTEP\n")
        stream.write(b"0" * 50_000_000)
    with pytest.raises(InputError, match="unpacks from"):
        read_trajectory(path, frame_interval_fs=1.0)


@pytest.mark.parametrize("frames", [1000, 100_000])  # symfc, which phonopy imports, sets the second for the process
def test_deep_and_laughing_documents_end(frames: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(frames)
    deep, laughs = tmp_path / "x.json", tmp_path / "x.yaml"
    deep.write_text("[" * 200_000 + "]" * 200_000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_json(deep, InputError, remedy="write it anew")
    for text in ("[" * 200_000, "a: " + "{b: " * 500):
        laughs.write_text(text)
        with pytest.raises(InputError, match="nested too deeply"):
            read_yaml(laughs, InputError, remedy="write it anew")
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    laughs.write_text("\n".join(lines))
    with pytest.raises(InputError, match="aliases"):
        read_yaml(laughs, InputError, remedy="write it anew")
    laughs.write_text("a: &a [*a]")
    with pytest.raises(InputError, match="alias a"):
        read_yaml(laughs, InputError, remedy="write it anew")
    for read in (read_structure, read_energy_table):
        with pytest.raises(InputError):
            read(deep)


def test_plain_documents_are_read_as_they_are(tmp_path: Path) -> None:
    document = {"a": [1, 2.5, None, True, "x"], "b": {"c": "2026-01-01"}}
    shared_list = [1, 2]
    document |= {"d": shared_list, "e": shared_list}  # dumped with an alias
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(document))
    assert "&id001" in path.read_text()
    assert read_yaml(path, InputError, remedy="") == document
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    assert read_json(path, InputError, remedy="") == document


def test_numbers_of_atoms_and_columns_are_not_believed(tmp_path: Path) -> None:
    path, head = tmp_path / "x.xyz", 'Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:'
    for count, width in (("1" * 30, 3), ("1", 99999999999), ("99999999", 3)):
        path.write_text(f"{count}\n{head}{width}\nNa 0 0 0\n")
        for read in (read_structure, lambda path: read_dataset(path, engine="e", functional="f")):
            with pytest.raises(InputError, match=r"x\.xyz: .*(atoms in|columns)"):
                read(path)


def test_what_no_instrument_measures_is_an_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{n},{3 + n / 100},{0.001 if n != 4 else '1e300'}" for n in range(20)]
    path.write_text("\n".join(["time/s,Voltage/V,Current/A", *rows]))
    found = read_cell_test(path)
    assert any("beyond 1e+30" in warning for warning in found.warnings)
    assert np.nanmax(np.abs(found.current_A)) == 0.001


def test_frames_to_label_build_nothing(tmp_path: Path) -> None:
    from ase.build import bulk
    from ase.io import write

    from paddlewheel.crystals.formats import read_frames

    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    write(tmp_path / "x.traj", [salt, salt])
    assert [len(frame) for frame in read_frames(tmp_path / "x.traj")] == [8, 8]
    write(tmp_path / "x.db", salt)
    with pytest.raises(InputError, match="is not read"):
        read_frames(tmp_path / "x.db")
    (tmp_path / "x.extxyz").write_text("1\nno lattice\n")
    with pytest.raises(InputError):
        read_dataset(tmp_path / "x.extxyz", engine="e", functional="f")
