"""Every reader gives back the frames that were written, and says clearly what it cannot read."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Trajectory, displacements, read_trajectory
from paddlewheel.trajectories.readers import text
from trajectory_files import (
    N_FRAMES,
    SYMBOLS,
    atoms_list,
    frame_cells,
    frame_positions,
    write_dump,
    write_extxyz,
    write_npz,
    write_traj,
    write_vasprun,
    write_xdatcar,
)

# What the formats' own digits leave: extxyz and dumps have 8 to 10 digits of coordinates below 20 A.
DIGITS_A = 2e-8


def check(trajectory: Trajectory, *, fixed: bool = False, wrapped: bool = False, atol: float = DIGITS_A) -> None:
    assert trajectory.symbols == SYMBOLS
    assert trajectory.n_frames == N_FRAMES
    for max_bytes in (1, 200, 10**6):  # read several times, in blocks of 1 frame, 1 frame and all
        blocks = list(trajectory.blocks(max_bytes=max_bytes))
        positions = np.concatenate([block.positions_A for block in blocks])
        cells = np.concatenate([block.cell_A for block in blocks])
        np.testing.assert_allclose(cells, frame_cells(fixed=fixed), atol=atol)
        difference = positions - frame_positions(fixed=fixed)
        if wrapped:
            fractions = np.matmul(difference, np.linalg.inv(frame_cells(fixed=fixed)))
            difference = np.matmul(fractions - np.rint(fractions), frame_cells(fixed=fixed))
        np.testing.assert_allclose(difference, 0.0, atol=atol)
    skipped = trajectory.with_frame_interval(1000.0).after(2.0)
    np.testing.assert_array_equal(next(skipped.blocks()).positions_A, positions[2:])


def test_extxyz(tmp_path):
    write_extxyz(tmp_path / "run.extxyz")
    check(read_trajectory(tmp_path / "run.extxyz", frame_interval_fs=10.0))


def test_ase_traj(tmp_path):
    write_traj(tmp_path / "run.traj")
    check(read_trajectory(tmp_path / "run.traj", frame_interval_fs=10.0))


def test_ase_traj_keeps_the_masses(tmp_path):
    from ase.io import write

    frames = atoms_list()
    for atoms in frames:
        atoms.set_masses([1, 2, 3, 4, 5])
    write(tmp_path / "run.traj", frames)
    trajectory = read_trajectory(tmp_path / "run.traj", frame_interval_fs=10.0)
    np.testing.assert_array_equal(trajectory.masses_u, [1, 2, 3, 4, 5])


@pytest.mark.parametrize("fixed", [True, False])
def test_xdatcar_with_one_header_or_many(tmp_path, fixed):
    write_xdatcar(tmp_path / "XDATCAR", fixed=fixed)
    check(read_trajectory(tmp_path / "XDATCAR", frame_interval_fs=10.0), fixed=fixed)


def test_xdatcar_written_by_pymatgen(tmp_path):
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp import Xdatcar

    write_xdatcar(tmp_path / "XDATCAR", fixed=True)
    xdatcar = Xdatcar(str(tmp_path / "XDATCAR"))
    assert isinstance(xdatcar.structures[0], Structure)
    assert isinstance(xdatcar.structures[0].lattice, Lattice)
    xdatcar.write_file(str(tmp_path / "XDATCAR2"), significant_figures=10)
    # pymatgen writes lattice vectors with 6 digits
    check(read_trajectory(tmp_path / "XDATCAR2", frame_interval_fs=10.0), fixed=True, wrapped=True, atol=2e-6)


def test_xdatcar_of_vasp_4_needs_symbols(tmp_path):
    write_xdatcar(tmp_path / "XDATCAR", fixed=True)
    text = (tmp_path / "XDATCAR").read_text().replace("  Na  Cl  H\n", "").replace("Direct", "Konfig=1\n#")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n"
    (tmp_path / "XDATCAR").write_text(text)
    check(read_trajectory(tmp_path / "XDATCAR", frame_interval_fs=10.0, symbols=SYMBOLS), fixed=True)
    with pytest.raises(TrajectoryError, match="does not name its species"):
        read_trajectory(tmp_path / "XDATCAR", frame_interval_fs=10.0)
    with pytest.raises(TrajectoryError, match="1 symbols for 5 atoms"):
        read_trajectory(tmp_path / "XDATCAR", frame_interval_fs=10.0, symbols=["Na"])


def test_xdatcar_potcar_names_and_volume_scale(tmp_path):
    write_xdatcar(tmp_path / "XDATCAR", fixed=True)
    volume = abs(np.linalg.det(frame_cells(fixed=True)[0]))
    text = (
        (tmp_path / "XDATCAR")
        .read_text()
        .replace("  2.0\n", f"  {-volume:.12f}\n")
        .replace("Na  Cl  H", "Na_pv Cl H/a1")
    )
    (tmp_path / "XDATCAR").write_text(text)
    check(read_trajectory(tmp_path / "XDATCAR", frame_interval_fs=10.0), fixed=True)


def test_vasprun_knows_its_time_step(tmp_path):
    write_vasprun(tmp_path / "vasprun.xml")
    trajectory = read_trajectory(tmp_path / "vasprun.xml")
    assert trajectory.frame_interval_fs == 2.0
    check(trajectory)


def test_vasprun_agrees_with_pymatgen(tmp_path):
    """The hand-made file is one that pymatgen's parser of structures reads alike."""
    from xml.etree import ElementTree

    from pymatgen.io.vasp.outputs import Vasprun

    write_vasprun(tmp_path / "vasprun.xml")
    parser = Vasprun.__new__(Vasprun)
    parser.atomic_symbols = list(SYMBOLS)
    steps = ElementTree.parse(tmp_path / "vasprun.xml").findall("calculation/structure")
    theirs = [parser._parse_structure(step).cart_coords for step in steps]
    ours = next(read_trajectory(tmp_path / "vasprun.xml").blocks()).positions_A
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_vasprun_of_a_relaxation_has_no_time_step(tmp_path):
    write_vasprun(tmp_path / "vasprun.xml", ibrion=2)
    with pytest.raises(TrajectoryError, match="--frame-interval-fs"):
        read_trajectory(tmp_path / "vasprun.xml")


@pytest.mark.parametrize(
    ("columns", "wrapped", "unwrapped"),
    [
        ("id type element xu yu zu", False, True),
        ("id element x y z", True, False),
        ("element x y z ix iy iz id", False, True),
        ("id type xs ys zs element vx", True, False),
        ("id type xs ys zs ix iy iz element", False, True),
        ("xsu ysu zsu id element", False, True),
        ("id element x y z xu yu zu", False, True),
    ],
)
@pytest.mark.parametrize("general", [False, True])
def test_lammps_dump(tmp_path, columns, wrapped, unwrapped, general):
    write_dump(tmp_path / "run.dump", columns=columns, general=general)
    trajectory = read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0)
    check(trajectory, wrapped=wrapped)
    assert trajectory.is_unwrapped == unwrapped


def test_lammps_dump_of_an_orthogonal_box_agrees_with_ase(tmp_path):
    from ase.io import read

    write_dump(tmp_path / "run.dump", columns="id element x y z")
    ours = next(read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0).blocks())
    theirs = read(tmp_path / "run.dump", index=":", format="lammps-dump-text")
    for frame, atoms in enumerate(theirs):
        np.testing.assert_allclose(ours.cell_A[frame], atoms.cell.array, atol=1e-9)
        shift = frame_positions()[frame] - ours.positions_A[frame]
        fractions = shift @ np.linalg.inv(frame_cells()[frame])
        np.testing.assert_allclose(fractions, np.rint(fractions), atol=1e-8)


def test_lammps_dump_types_need_a_map(tmp_path):
    write_dump(tmp_path / "run.dump", columns="id type x y z")
    with pytest.raises(TrajectoryError, match=r"atom type 1, 2, 3 is not known; give --type-map 1=\?,2=\?,3=\?"):
        read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0)
    with pytest.raises(TrajectoryError, match="atom type 3 is not known"):
        read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0, type_map={1: "Na", 2: "Cl"})
    types = {1: "Na", 2: "Cl", 3: "H"}
    check(read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0, type_map=types), wrapped=True)
    check(read_trajectory(tmp_path / "run.dump", frame_interval_fs=10.0, symbols=SYMBOLS), wrapped=True)


def test_lammps_dump_that_knows_its_time(tmp_path):
    write_dump(tmp_path / "run.dump", units="metal")
    trajectory = read_trajectory(tmp_path / "run.dump")
    assert trajectory.frame_interval_fs == pytest.approx(20.0)  # 10 steps of 0.002 ps
    check(trajectory)
    write_dump(tmp_path / "run.dump", units="lj")
    with pytest.raises(TrajectoryError, match="units lj"):
        read_trajectory(tmp_path / "run.dump")


def test_npz_knows_its_interval_where_it_has_the_key(tmp_path):
    write_npz(tmp_path / "run.npz")
    check(read_trajectory(tmp_path / "run.npz"), atol=1e-12)
    assert read_trajectory(tmp_path / "run.npz").frame_interval_fs == 20.0
    assert read_trajectory(tmp_path / "run.npz", frame_interval_fs=20.0).frame_interval_fs == 20.0
    with pytest.raises(TrajectoryError, match="20 fs apart as the file says, 10 fs were given"):
        read_trajectory(tmp_path / "run.npz", frame_interval_fs=10.0)
    write_npz(tmp_path / "run.npz", frame_interval_fs=None)
    with pytest.raises(TrajectoryError, match="give --frame-interval-fs"):
        read_trajectory(tmp_path / "run.npz")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f8", "<f8"])
def test_npz_array_layouts(tmp_path, order, dtype):
    positions = np.asarray(frame_positions(), dtype=dtype, order=order)
    write_npz(tmp_path / "run.npz", positions_A=positions, masses_u=np.arange(1.0, 6.0))
    trajectory = read_trajectory(tmp_path / "run.npz")
    check(trajectory, atol=1e-12)
    np.testing.assert_array_equal(trajectory.masses_u, np.arange(1.0, 6.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions_A": None}, "no key positions_A"),
        ({"symbols": None}, "no key symbols"),
        ({"positions_A": np.zeros((4, 5, 2))}, "not .n_frames, 5, 3."),
        ({"positions_A": np.zeros((4, 3, 3))}, "not .n_frames, 5, 3."),
        ({"positions_A": np.zeros((0, 5, 3))}, "no frames"),
        ({"positions_A": frame_positions() * np.nan}, "frame 0 is not finite"),
        ({"cell_A": np.zeros((2, 3, 3))}, "cell_A has shape"),
        ({"cell_A": np.zeros((3, 3))}, "no volume"),
        ({"symbols": np.array(["Na", "Na", "Q", "H", "H"])}, "'Q' is no chemical element"),
        ({"symbols": np.array([object()] * 5)}, "damaged"),
        ({"frame_interval_fs": -1.0}, "interval is -1 fs"),
    ],
)
def test_npz_of_another_make_is_refused(tmp_path, changes, message):
    write_npz(tmp_path / "run.npz", **changes)
    with pytest.raises(TrajectoryError, match=message):
        list(read_trajectory(tmp_path / "run.npz").blocks())


@pytest.mark.parametrize("write", [write_extxyz, write_xdatcar, write_dump, write_vasprun])
@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress])
def test_text_formats_are_read_compressed(tmp_path, write, compress):
    write(tmp_path / "plain")
    (tmp_path / "XDATCAR.compressed").write_bytes(compress((tmp_path / "plain").read_bytes()))
    interval = 2.0  # that of the vasprun.xml
    check(read_trajectory(tmp_path / "XDATCAR.compressed", frame_interval_fs=interval))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"hello\nworld\n", "no trajectory of a known kind"),
        (b"\x00\xff" * 100, "no trajectory of a known kind"),
        (b"<?xml version='1.0'?><html></html>", "no trajectory of a known kind"),
        (b"c\n1.0\n5 0 0\n0 5 0\n0 0 5\nNa\n1\n", "no frames"),
        (b"c\n1.0\n5 0 0\n0 5 0\n5 5 0\nNa\n1\nDirect\n0 0 0\n", "no volume"),
        (b"1\nno lattice here\nNa 0 0 0\n", "no Lattice"),
        (b'1\nLattice="5 0 0 0 5 0 0 0"\nNa 0 0 0\n', "Lattice has 8 numbers"),
        (b'1\nLattice="5 0 0 0 5 0 0 0 x"\nNa 0 0 0\n', "frame 0, line 2: .*float"),
        (b"ITEM: TIMESTEP\n0\nITEM: ATOMS id\n", "is missing before ATOMS"),
    ],
)
def test_other_files_are_refused(tmp_path, contents, message):
    (tmp_path / "file").write_bytes(contents)
    with pytest.raises(TrajectoryError, match=message) as caught:
        read_trajectory(tmp_path / "file", frame_interval_fs=10.0)
    assert str(tmp_path / "file") in str(caught.value)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "run.dump"
    path.write_text("ITEM: TIMESTEP\n0\n")

    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(text, "compression", denied)  # the tests may run as root, who reads everything
    with pytest.raises(TrajectoryError, match=r"run\.dump: cannot be read \(Permission denied\)"):
        read_trajectory(path)


def test_missing_files_and_plain_folders_are_refused(tmp_path):
    with pytest.raises(TrajectoryError, match="no such file"):
        read_trajectory(tmp_path / "absent.traj")
    with pytest.raises(TrajectoryError, match="no readable trajectory store"):
        read_trajectory(tmp_path)


@pytest.mark.parametrize(
    ("write", "old", "new", "message"),
    [
        (write_extxyz, "Cl ", "Br ", "frame 2, .*symbols, or their order"),
        (write_extxyz, "5\nLattice", "4\nLattice", "frame 2, .*: 4 atoms, the frames before have 5"),
        (write_extxyz, "Lattice", "Latice", "frame 2, .*no Lattice"),
        (write_xdatcar, "  Na  Cl  H", "  Na  Br  H", "frame 2, .*not those of the first frame"),
        (write_xdatcar, "   2  1  2", "   2  1  3", "frame 2, .*not those of the first frame"),
        (write_dump, "NUMBER OF ATOMS\n5", "NUMBER OF ATOMS\n6", "frame 2, .*6 atoms, the frames before have 5"),
        (write_dump, "\n12 1 ", "\n22 1 ", "frame 2, .*ids are not those"),
        (write_vasprun, "<v> ", "<v> **** ", "step 3: "),
    ],
)
def test_change_in_the_third_frame_is_named(tmp_path, write, old, new, message):
    write(tmp_path / "file")
    text = (tmp_path / "file").read_text()
    mark = {
        write_extxyz: "5\nLattice",
        write_xdatcar: "some",
        write_dump: "ITEM: TIMESTEP",
        write_vasprun: "<calculation>",
    }
    pieces = text.split(mark[write])
    third = (mark[write] + pieces[3]).replace(old, new)
    assert third != mark[write] + pieces[3]
    (tmp_path / "file").write_text(mark[write].join(pieces[:3]) + third + mark[write] + pieces[4])
    with pytest.raises(TrajectoryError, match=message):
        list(read_trajectory(tmp_path / "file", frame_interval_fs=2.0).blocks())


@pytest.mark.parametrize("write", [write_extxyz, write_xdatcar, write_dump])
@pytest.mark.parametrize("word", ["nan", "inf", "********", "1.0.0"])
def test_coordinate_that_is_no_number_is_refused_with_its_frame(tmp_path, write, word):
    write(tmp_path / "file")
    lines = (tmp_path / "file").read_text().splitlines()
    lines[-1] = " ".join([*lines[-1].split()[:-1], word])  # of the last atom of frame 3
    if write is write_extxyz:
        words = lines[-1].split()
        lines[-1] = " ".join([*words[:3], word, *words[4:]])
    (tmp_path / "file").write_text("\n".join(lines) + "\n")
    with pytest.raises(TrajectoryError, match="frame 3"):
        list(read_trajectory(tmp_path / "file", frame_interval_fs=10.0).blocks())


def test_ase_traj_whose_atoms_change_is_refused(tmp_path):
    from ase.io import write

    frames = atoms_list()
    frames[2].symbols[0] = "K"
    write(tmp_path / "run.traj", frames)
    with pytest.raises(TrajectoryError, match="atoms of frame 2"):
        list(read_trajectory(tmp_path / "run.traj", frame_interval_fs=10.0).blocks())


def test_symbols_that_contradict_the_file_are_refused(tmp_path):
    write_extxyz(tmp_path / "run.xyz")
    with pytest.raises(TrajectoryError, match="not those of the file"):
        read_trajectory(tmp_path / "run.xyz", frame_interval_fs=10.0, symbols=["Na"] * 5)


def test_real_xdatcar_agrees_with_pymatgen(shared):
    from pymatgen.io.vasp import Xdatcar

    path = shared / "data/trajectories/kinisi_example_XDATCAR.gz"
    trajectory = read_trajectory(path, frame_interval_fs=100.0)
    assert (trajectory.n_frames, trajectory.n_atoms) == (140, 416)
    structures = Xdatcar(str(path)).structures
    start = 0
    for block in trajectory.blocks(max_bytes=10**6):
        for positions in block.positions_A:
            np.testing.assert_allclose(positions, structures[start].cart_coords, atol=1e-10)
            start += 1
    found = displacements(trajectory, specie="Li")
    assert found.n_ions == 192
    assert found.density_g_per_cm3 == pytest.approx(1.70, abs=0.01)  # Li6PS5Cl at a = 10.156 A
