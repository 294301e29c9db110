"""Read trajectories that other programs wrote: what a file is, is told by its contents, not by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from paddlewheel.crystals.ulm import MAGIC
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.foreign import compression
from paddlewheel.trajectories.clock import Clock
from paddlewheel.trajectories.parts import join_parts
from paddlewheel.trajectories.readers.ase_traj import read_ase_traj
from paddlewheel.trajectories.readers.extxyz import read_extxyz
from paddlewheel.trajectories.readers.h5md import read_h5md
from paddlewheel.trajectories.readers.lammps_dump import read_lammps_dump
from paddlewheel.trajectories.readers.mdanalysis import binary_format, read_mdanalysis
from paddlewheel.trajectories.readers.npz import read_npz
from paddlewheel.trajectories.readers.text import open_bytes
from paddlewheel.trajectories.readers.vasprun import read_vasprun
from paddlewheel.trajectories.readers.xdatcar import read_xdatcar
from paddlewheel.trajectories.store_reader import open_store
from paddlewheel.trajectories.trajectory import Trajectory, cell_of_numbers

_KNOWN = "extxyz, ASE .traj, LAMMPS dump, XDATCAR, vasprun.xml, .npz, .zarr, H5MD, .xtc, .trr, AMBER .nc, DCD"

CELL_REMEDY = "give a,b,c,alpha,beta,gamma in A and degrees, or the nine numbers of the vectors in A"

_TIME_UNITS_FS = {
    "fs": 1.0,
    "ps": 1e3,
    "ns": 1e6,
    "s": 1e15,
    "a.u.": 0.024188843,
    "A (u/eV)^1/2": 10.180506,
    "AKMA": 48.888213,
}
"""Units in which programs write times: those of SI, of atoms (CODATA 2022), of ASE and GPUMD, of CHARMM and NAMD."""
_UNIT_TOLERANCE = 0.01
_SHORTEST_STEP_FS, _LONGEST_STEP_FS = 0.05, 20.0
"""Time steps of molecular dynamics: light atoms at high temperatures, and coarse-grained ones, and some more."""

_HDF5 = b"\x89HDF\r\n\x1a\n"


def read_trajectory(
    path: str | Path | Sequence[str | Path],
    *,
    frame_interval_fs: float | None = None,
    symbols: Sequence[str] | None = None,
    type_map: Mapping[int, str] | None = None,
    topology: str | Path | None = None,
    unwrapped: bool = False,
    cell: Sequence[float] | None = None,
) -> Trajectory:
    """Open a trajectory: extxyz, ASE .traj, LAMMPS dump, XDATCAR, vasprun.xml, H5MD, .npz, .zarr, .xtc, .trr, .nc, DCD.

    Text formats may be compressed by gzip, bzip2 or xz, and are gone through once here, so that a truncated file is
    found before the work begins. Several files, in the order of time, are one trajectory (see `join_parts`).

    Parameters
    ----------
    frame_interval_fs
        Time between frames; required where the file does not say it (all but .zarr, vasprun.xml, GROMACS and AMBER,
        and .npz, H5MD and dumps that hold it).
    symbols
        One chemical symbol per atom, where the file does not name elements (LAMMPS types, VASP 4, .xtc, ...).
    type_map
        Element of each LAMMPS atom type, or of each integer species of H5MD.
    topology
        File that names the atoms of a GROMACS, AMBER or DCD file: a structure, a topology, a LAMMPS data file.
    unwrapped
        Whether the positions are unwrapped though the file does not say so: no minimum images are taken then.
    cell
        That of a file without one (XYZ, DCD): a, b, c (A), alpha, beta, gamma (degrees), or nine numbers, A.

    Raises
    ------
    TrajectoryError
        If the file is missing, empty, truncated, damaged or of no known kind, the frame interval is missing or
        contradicts the file, or files do not join.

    Examples
    --------
    >>> trajectory = read_trajectory("XDATCAR.gz", frame_interval_fs=100.0)  # doctest: +SKIP
    >>> trajectory = read_trajectory(["run.1.dump", "run.2.dump"], frame_interval_fs=50.0)  # doctest: +SKIP
    """
    if not isinstance(path, str | Path):
        options = {"frame_interval_fs": frame_interval_fs, "symbols": symbols, "type_map": type_map}
        parts = [read_trajectory(part, topology=topology, unwrapped=unwrapped, cell=cell, **options) for part in path]
        return join_parts(parts)
    path = Path(path)
    trajectory = _open(path, symbols, type_map, topology, needs_cell=cell is None)
    if cell is not None:
        try:
            trajectory = trajectory.with_cell(cell_of_numbers(cell))
        except ValueError as error:
            raise SettingsError(str(error), where="cell", remedy=CELL_REMEDY) from error
    if unwrapped:
        trajectory = replace(trajectory, is_unwrapped=True)
    if symbols is not None and tuple(symbols) != trajectory.symbols:
        raise TrajectoryError("the symbols given are not those of the file", where=path, remedy="leave them out")
    known = trajectory.frame_interval_fs
    if frame_interval_fs is None:
        if known is None:
            raise TrajectoryError(
                "the file does not say the time between its frames", where=path, remedy="give --frame-interval-fs"
            )
        return trajectory
    given = trajectory.with_file_interval(frame_interval_fs)
    of_file = None if known is None else known / trajectory.thinned_by
    if of_file is not None and abs(of_file - frame_interval_fs) > 1e-6 * of_file:
        raise TrajectoryError(
            f"frames are {of_file:g} fs apart as the file says, {frame_interval_fs:g} fs were given",
            where=path,
            remedy="leave --frame-interval-fs out",
        )
    if given.clock is not None:
        _check_unit(given.clock, given.frame_interval_fs, path)
    return given


def _check_unit(clock: Clock, interval_fs: float | None, path: Path) -> None:
    """Refuse an interval that the file's times do not give in any unit of time, or that makes no sense of its steps."""
    if clock.unit == "steps" and clock.stride is not None and interval_fs is not None:
        step_fs = interval_fs / clock.stride
        # VASP numbers configurations, and programs without steps their frames: only other strides are of MD steps
        is_of_steps = clock.stride > 1 and not clock.begins_anew
        if step_fs < _SHORTEST_STEP_FS or (is_of_steps and step_fs > _LONGEST_STEP_FS):
            raise TrajectoryError(
                f"frames are {clock.stride:g} steps apart, and {interval_fs:g} fs were given: {step_fs:.3g} fs a step",
                where=path, remedy="give --frame-interval-fs as the time between frames, not that of an MD step",
            )  # fmt: skip
    if clock.unit != "time" or clock.stride is None or interval_fs is None:
        return
    ratios = {unit: interval_fs / (clock.stride * unit_fs) for unit, unit_fs in _TIME_UNITS_FS.items()}
    if all(abs(ratio - 1) > _UNIT_TOLERANCE for ratio in ratios.values()):
        raise TrajectoryError(
            f"frames are {clock.stride:g} apart by their times, {interval_fs:g} fs were given: that is neither fs nor "
            "ps nor another unit of time", where=path, remedy="give the time between frames that the file tells",
        )  # fmt: skip


def is_text(path: str | Path) -> bool:
    """Whether a file is of a text format, compressed or not: slow to read, worth converting.

    Raises
    ------
    TrajectoryError
        If it is missing or cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise TrajectoryError("no such file", where=path, remedy="check the path")
    return path.is_file() and _is_text(_head(path))


def _is_text(head: bytes) -> bool:
    starts = (b"PK\x03\x04", MAGIC, _HDF5)
    return bool(head.strip()) and not head.startswith(starts) and binary_format(head) is None


def _open(
    path: Path,
    symbols: Sequence[str] | None,
    type_map: Mapping[int, str] | None,
    topology: str | Path | None,
    *,
    needs_cell: bool,
) -> Trajectory:
    if not path.exists():
        raise TrajectoryError("no such file", where=path, remedy="check the path")
    if path.is_dir():
        return open_store(path)
    head = _head(path)
    if not head.strip():
        raise TrajectoryError("the file is empty", where=path, remedy="give a trajectory")
    if not _is_text(head) and (packed := compression(path)):
        raise TrajectoryError(f"a binary trajectory in {packed}", where=path, remedy="decompress it first")
    if head.startswith(_HDF5):
        return read_h5md(path, symbols=symbols, type_map=type_map)
    if kind := binary_format(head):
        return read_mdanalysis(path, kind, symbols=symbols, topology=topology, type_map=type_map)
    lines = head.split(b"\n")
    if head.startswith(b"PK\x03\x04"):
        return read_npz(path)
    if head.startswith(MAGIC):
        return read_ase_traj(path)
    if head.lstrip().startswith(b"<") and b"<modeling" in head:
        return read_vasprun(path)
    if head.lstrip().startswith(b"ITEM:"):
        return read_lammps_dump(path, symbols=symbols, type_map=type_map)
    if _is_poscar_header(lines):
        return read_xdatcar(path, symbols=symbols)
    if lines[0].strip().isdigit():
        return read_extxyz(path, needs_cell=needs_cell)
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
