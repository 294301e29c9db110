"""NumPy .npz trajectories: keys positions_A, cell_A, symbols; if known, frame_interval_fs, time_fs, step, masses_u."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.foreign import array_archive, array_header, parsing
from paddlewheel.trajectories.clock import check_even, even_frames
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REMEDY = "copy the file again"
_REQUIRED = ("positions_A", "cell_A", "symbols")


@dataclass(frozen=True)
class _NpzFrames:
    """Positions streamed out of the archive (its CRC is checked on the way), cells in memory."""

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype
    cell: NDArray[np.float64]

    @property
    def n_frames(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        frame_shape = self.shape[1:]
        frame_bytes = int(np.prod(frame_shape)) * self.dtype.itemsize
        cells = np.broadcast_to(self.cell, (self.n_frames, 3, 3))
        with (
            parsing(self.path, TrajectoryError, problem="damaged or truncated .npz", remedy=_REMEDY),
            zipfile.ZipFile(self.path) as archive,
            archive.open("positions_A.npy") as member,
        ):
            array_header(member)
            member.seek(member.tell() + start * frame_bytes)
            for first in range(start, stop, per_block):
                n = min(per_block, stop - first)
                data = member.read(n * frame_bytes)
                if len(data) < n * frame_bytes:
                    raise EOFError(f"positions_A ends in frame {first + len(data) // frame_bytes}")
                yield np.frombuffer(data, self.dtype).reshape(n, *frame_shape), cells[first : first + n]


def read_npz(path: Path) -> Trajectory:
    """Read a .npz trajectory.

    Parameters
    ----------
    path
        Archive with `positions_A` `[n_frames, n_atoms, 3]`, `cell_A` `[3, 3]` or `[n_frames, 3, 3]`, `symbols`
        `[n_atoms]`; optional `frame_interval_fs` (a number), `time_fs` and `step` `[n_frames]`, `masses_u` `[n_atoms]`.

    Raises
    ------
    TrajectoryError
        If the archive is damaged, lacks a key, or shapes disagree.
    """
    where = str(path)
    with array_archive(path, TrajectoryError, remedy=_REMEDY) as archive:
        missing = [key for key in _REQUIRED if key not in archive]
        if missing:
            raise TrajectoryError(
                f"no key {', '.join(missing)} (there are: {', '.join(archive)})",
                where=path,
                remedy="save positions_A, cell_A and symbols",
            )
        cell = np.asarray(archive["cell_A"], dtype=np.float64)
        symbols = tuple(str(symbol) for symbol in np.atleast_1d(archive["symbols"]))
        interval = float(archive["frame_interval_fs"]) if "frame_interval_fs" in archive else None
        counts = {name: np.asarray(archive[name]) for name in ("time_fs", "step") if name in archive}
        masses = np.asarray(archive["masses_u"], dtype=np.float64) if "masses_u" in archive else None
        with zipfile.ZipFile(path) as members, members.open("positions_A.npy") as member:
            shape, fortran_order, dtype = array_header(member)
        if fortran_order:  # frames are scattered over the member: it cannot be streamed
            positions = archive["positions_A"]
    if fortran_order:
        whole = Trajectory.from_arrays(
            positions_A=positions,
            cell_A=cell,
            symbols=symbols,
            frame_interval_fs=interval,
            masses_u=masses,
            source=where,
        )
        return _by_its_counts(whole, counts, path)
    if len(shape) != 3 or shape[1:] != (len(symbols), 3) or dtype.kind not in "fiu":
        raise TrajectoryError(
            f"positions_A has shape {shape} of {dtype}, not [n_frames, {len(symbols)}, 3] as symbols has it", where=path
        )
    if shape[0] == 0:
        raise TrajectoryError("no frames", where=path, remedy="give a trajectory with at least one frame")
    if cell.shape not in ((3, 3), (shape[0], 3, 3)):
        raise TrajectoryError(f"cell_A has shape {cell.shape}, neither [3, 3] nor [{shape[0]}, 3, 3]", where=path)
    check_symbols(symbols, where=where)
    masses = element_masses_u(symbols) if masses is None else masses
    trajectory = Trajectory(symbols, masses, shape[0], interval, where, _NpzFrames(path, shape, dtype, cell))
    return _by_its_counts(trajectory, counts, path)


def _by_its_counts(trajectory: Trajectory, counts: dict[str, NDArray], path: Path) -> Trajectory:
    """The frames that are equally far apart by `time_fs`, else by `step`."""
    if not counts:
        return trajectory
    for name, values in counts.items():
        if values.shape != (trajectory.n_frames,) or values.dtype.kind not in "fiu":
            raise TrajectoryError(f"{name} has shape {values.shape}, not [{trajectory.n_frames}]", where=path)
    said_fs = trajectory.frame_interval_fs
    first, *others = counts
    even = even_frames(counts[first], "fs" if first == "time_fs" else "steps", path=path)
    for name in others:
        values = counts[name] if even.kept is None else counts[name][even.kept]
        check_even(values, "steps", path=path, beside="their times")
    told_fs = even.clock.stride if even.clock is not None and even.clock.unit == "fs" else None
    if said_fs is not None and told_fs is not None and abs(said_fs * even.thinned_by - told_fs) > 1e-4 * told_fs:
        raise TrajectoryError(
            f"frame_interval_fs is {said_fs:g}, and its time_fs are {told_fs / even.thinned_by:g} apart", where=path,
            remedy="save one of them, the right one",
        )  # fmt: skip
    chosen = trajectory.only(even)
    return chosen if said_fs is None or told_fs is not None else chosen.with_file_interval(said_fs)
