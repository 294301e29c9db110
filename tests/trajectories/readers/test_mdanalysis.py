"""GROMACS, AMBER and DCD files that MDAnalysis wrote come back; without MDAnalysis one line says what to install."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "data"))
from make_binary_files import INTERVAL_FS, N_FRAMES, SYMBOLS, frames

from paddlewheel.errors import StructureError, TrajectoryError
from paddlewheel.trajectories import Trajectory, read_trajectory

DATA = Path(__file__).parent / "data"
BINARY = ("run.xtc", "run.trr", "run.nc", "run.dcd")
FLOAT32_A = 2e-6
"""Single precision of 10 A, after a conversion to nm and back."""


@pytest.fixture
def data(tmp_path) -> Path:
    """A copy: MDAnalysis writes an index beside what it reads."""
    pytest.importorskip("MDAnalysis", reason="MDAnalysis (the extra md) is not installed")
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path / "data"


def read(path: Path, **options) -> Trajectory:
    if path.name.startswith("run.dcd"):
        options["frame_interval_fs"] = INTERVAL_FS
    return read_trajectory(path, **options)


def check(trajectory: Trajectory) -> None:
    expected, cells = frames()
    assert trajectory.symbols == SYMBOLS
    assert trajectory.frame_interval_fs == INTERVAL_FS
    for max_bytes in (1, 10**6):
        blocks = list(trajectory.blocks(max_bytes=max_bytes))
        np.testing.assert_allclose(np.concatenate([block.positions_A for block in blocks]), expected, atol=FLOAT32_A)
        np.testing.assert_allclose(np.concatenate([block.cell_A for block in blocks]), cells, atol=FLOAT32_A)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("topology", ["run.pdb", "run.gro"])
def test_frames_come_back(data, name, topology):
    check(read(data / name, topology=data / topology))
    check(read(data / name, symbols=SYMBOLS))


def test_topology_that_only_ase_reads(data):
    from ase import Atoms

    Atoms(SYMBOLS, positions=frames()[0][0], cell=frames()[1][0], pbc=True).write(data / "POSCAR", format="vasp")
    check(read(data / "run.xtc", topology=data / "POSCAR"))


TYPES = {"Na": 1, "Cl": 2, "B": 3, "H": 4}
MASSES = "Masses\n\n1 22.99\n2 35.45\n3 10.81\n4 1.008\n\n"


def write_data_file(path: Path, *, masses: str = MASSES) -> Path:
    """The data file of the run for LAMMPS, its atoms in another order than their ids."""
    rows = [f"{k + 1} {TYPES[name]} 1.0 2.0 {k}.0\n" for k, name in enumerate(SYMBOLS)]
    head = f"made\n\n{len(SYMBOLS)} atoms\n4 atom types\n\n0 8 xlo xhi\n0 8 ylo yhi\n0 9 zlo zhi\n\n"
    path.write_text(f"{head}{masses}Atoms # atomic\n\n{''.join(reversed(rows))}")
    return path


@pytest.mark.parametrize("name", ["run.dcd", "run.xtc"])
def test_the_data_file_of_lammps_names_the_atoms(data, name):
    """By its masses, or by the type map where it has none; MDAnalysis gave a traceback."""
    path = write_data_file(data / "run.data")
    check(read(data / name, topology=path))
    bare = write_data_file(data / "system.lmp", masses="")
    check(read(data / name, topology=bare, type_map={number: symbol for symbol, number in TYPES.items()}))
    with pytest.raises(StructureError, match="no Masses section"):
        read(data / name, topology=bare)
    with pytest.raises(StructureError, match="no element for type 4; add it"):
        read(data / name, topology=path, type_map={1: "Na", 2: "Cl", 3: "B"})


def test_amber_times_that_are_all_zero_are_none(data):
    """As cpptraj writes them: the interval is asked for, and taken."""
    netCDF4 = pytest.importorskip("netCDF4", reason="netCDF4 writes the file")
    with netCDF4.Dataset(data / "run.nc", "a") as file:
        file["time"][:] = 0.0
    with pytest.raises(TrajectoryError, match="give --frame-interval-fs"):
        read_trajectory(data / "run.nc", symbols=SYMBOLS)
    check(read_trajectory(data / "run.nc", symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS))


def test_h5md_that_mdanalysis_wrote():
    """By h5py, so without MDAnalysis: this one is never skipped."""
    check(read_trajectory(DATA / "run.h5md", symbols=SYMBOLS))


def test_parts_join_by_their_times(data):
    joined = read_trajectory([data / "run.xtc"], symbols=SYMBOLS)
    check(joined)
    with pytest.raises(TrajectoryError, match="not after"):
        read_trajectory([data / "run.xtc", data / "run.trr"], symbols=SYMBOLS)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("run.xtc", {}, "does not name its atoms; paddlewheel convert run.xtc --topology"),
        ("run.dcd", {"symbols": SYMBOLS}, "--frame-interval-fs"),
        ("run.xtc", {"symbols": SYMBOLS[:5]}, "12 atoms, 5 in symbols"),
        ("run.nc", {"topology": "absent.pdb"}, "no such topology file"),
        ("run.trr", {"symbols": SYMBOLS, "frame_interval_fs": 10.0}, "frames are 20 fs apart as the file says"),
    ],
)
def test_bad_input_is_told(data, name, options, message):
    with pytest.raises(TrajectoryError, match=message):
        read_trajectory(data / name, **options)


def test_a_proteins_names_are_no_elements(data):
    text = (data / "run.gro").read_text().replace("NBH", "ALA")
    (data / "run.gro").write_text(text)
    with pytest.raises(TrajectoryError, match="a protein's names do not say"):
        read_trajectory(data / "run.xtc", topology=data / "run.gro")


@pytest.mark.parametrize("name", BINARY)
def test_files_cut_anywhere_give_whole_frames_or_one_line(data, tmp_path, name):
    """MDAnalysis finds a cut in some of these; where it cannot (between frames), the frames that are left are right."""
    whole = (data / name).read_bytes()
    for index, cut in enumerate(range(4, len(whole), max(1, len(whole) // 40))):
        path = tmp_path / f"{index}-{name}"
        path.write_bytes(whole[:cut])
        try:
            blocks = list(read_trajectory(path, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS).blocks())
        except TrajectoryError:
            continue
        positions = np.concatenate([block.positions_A for block in blocks])
        assert len(positions) < N_FRAMES
        np.testing.assert_allclose(positions, frames()[0][: len(positions)], atol=FLOAT32_A)


@pytest.mark.parametrize("name", BINARY)
def test_without_mdanalysis_the_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "MDAnalysis", None)
    with pytest.raises(TrajectoryError, match=r"pip install 'paddlewheel\[md\]'") as caught:
        read_trajectory(DATA / name, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS)
    assert len(str(caught.value).splitlines()) == 1


def test_compressed_binary_is_refused(tmp_path):
    import gzip

    (tmp_path / "run.xtc.gz").write_bytes(gzip.compress((DATA / "run.xtc").read_bytes()))
    with pytest.raises(TrajectoryError, match="a binary trajectory in gzip; decompress it first"):
        read_trajectory(tmp_path / "run.xtc.gz", symbols=SYMBOLS)
