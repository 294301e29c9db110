"""Read trajectories that other programs wrote: what a file is, is told by its contents, not by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.readers.ase_traj import read_ase_traj
from paddlewheel.trajectories.readers.extxyz import read_extxyz
from paddlewheel.trajectories.readers.lammps_dump import read_lammps_dump
from paddlewheel.trajectories.readers.npz import read_npz
from paddlewheel.trajectories.readers.text import open_bytes
from paddlewheel.trajectories.readers.vasprun import read_vasprun
from paddlewheel.trajectories.readers.xdatcar import read_xdatcar
from paddlewheel.trajectories.store_reader import open_store
from paddlewheel.trajectories.trajectory import Trajectory

_KNOWN = "extxyz, ASE .traj, LAMMPS dump, XDATCAR, vasprun.xml, .npz, .zarr"


def read_trajectory(
    path: str | Path,
    *,
    frame_interval_fs: float | None = None,
    symbols: Sequence[str] | None = None,
    type_map: Mapping[int, str] | None = None,
) -> Trajectory:
    """Open a trajectory: extxyz, ASE .traj, LAMMPS dump, XDATCAR, vasprun.xml, .npz or .zarr.

    Text formats may be compressed by gzip, bzip2 or xz, and are gone through once here, so that a truncated file is
    found before the work begins.

    Parameters
    ----------
    frame_interval_fs
        Time between frames; required where the file does not say it (all but .zarr, vasprun.xml, and .npz and dumps
        that hold it).
    symbols
        One chemical symbol per atom, where the file does not name elements (LAMMPS types, VASP 4).
    type_map
        Element of each LAMMPS atom type.

    Raises
    ------
    TrajectoryError
        If the file is missing, empty, truncated, damaged or of no known kind, or the frame interval is missing or
        contradicts the file.

    Examples
    --------
    >>> trajectory = read_trajectory("XDATCAR.gz", frame_interval_fs=100.0)  # doctest: +SKIP
    """
    path = Path(path)
    trajectory = _open(path, symbols, type_map)
    if symbols is not None and tuple(symbols) != trajectory.symbols:
        raise TrajectoryError("the symbols given are not those of the file", where=path, remedy="leave them out")
    known = trajectory.frame_interval_fs
    if frame_interval_fs is None:
        if known is None:
            raise TrajectoryError(
                "the file does not say the time between its frames", where=path, remedy="give --frame-interval-fs"
            )
        return trajectory
    if known is not None and abs(known - frame_interval_fs) > 1e-6 * known:
        raise TrajectoryError(
            f"frames are {known:g} fs apart as the file says, {frame_interval_fs:g} fs were given",
            where=path,
            remedy="leave --frame-interval-fs out",
        )
    return trajectory.with_frame_interval(frame_interval_fs)


def _open(path: Path, symbols: Sequence[str] | None, type_map: Mapping[int, str] | None) -> Trajectory:
    if not path.exists():
        raise TrajectoryError("no such file", where=path, remedy="check the path")
    if path.is_dir():
        return open_store(path)
    head = _head(path)
    if not head.strip():
        raise TrajectoryError("the file is empty", where=path, remedy="give a trajectory")
    lines = head.split(b"\n")
    if head.startswith(b"PK\x03\x04"):
        return read_npz(path)
    if head.startswith(b"- of Ulm"):
        return read_ase_traj(path)
    if head.lstrip().startswith(b"<") and b"<modeling" in head:
        return read_vasprun(path)
    if head.lstrip().startswith(b"ITEM:"):
        return read_lammps_dump(path, symbols=symbols, type_map=type_map)
    if _is_poscar_header(lines):
        return read_xdatcar(path, symbols=symbols)
    if lines[0].strip().isdigit():
        return read_extxyz(path)
    raise TrajectoryError("no trajectory of a known kind", where=path, remedy=f"give one of: {_KNOWN}")


def _head(path: Path) -> bytes:
    with open_bytes(path) as stream:
        return stream.read(4096)


def _is_poscar_header(lines: list[bytes]) -> bool:
    """A comment, a scale, three rows of three numbers."""
    try:
        shape = [len([float(word) for word in line.split()]) for line in lines[1:5]]
    except ValueError:
        return False
    return shape == [1, 3, 3, 3]
