"""`convert`: trajectories of other programs into the Zarr store, which every analysis reads fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import RunDirectoryError, TrajectoryError, check_name, writing
from paddlewheel.execution.locks import FileLock
from paddlewheel.potentials.fetch import sha256_of
from paddlewheel.studies.convert.record import ConversionRecord, ConvertedFile
from paddlewheel.studies.motion.cache import write_store
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.run_directory import Document
from paddlewheel.trajectories import Trajectory, join_parts, read_trajectory
from paddlewheel.trajectories.store_files import packed_size

_SAMPLE_BYTES = 8 * 1024 * 1024


def convert(
    files: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    frame_interval_fs: float | None = None,
    symbols: Sequence[str] | None = None,
    type_map: Mapping[int, str] | None = None,
    topology: str | Path | None = None,
    cell: Sequence[float] | None = None,
    show_progress: bool = False,
) -> ConversionRecord:
    """Convert a trajectory, or several files that are parts of one, into a Zarr store.

    Positions are kept in single precision (1e-6 A at 20 A), wrapped or not as they are; nothing appears at `out`
    before it is complete.

    Parameters
    ----------
    files
        Any that `read_trajectory` reads; several, in the order of time, become one trajectory.
    out
        The store to make, by custom `something.zarr`.
    frame_interval_fs, symbols, type_map, topology, cell
        As `read_trajectory` takes them.
    show_progress
        Whether progress goes to stderr.

    Raises
    ------
    InputError
        For a file that cannot be read, files that do not join, or an `out` that exists or cannot be written.

    Examples
    --------
    >>> from paddlewheel import convert
    >>> convert("run.lammpstrj", out="run.zarr", frame_interval_fs=50.0)  # doctest: +SKIP
    """
    given = _open(files, out, frame_interval_fs, symbols, type_map, topology, cell)
    target, trajectory = given.target, given.trajectory
    contents = [
        ConvertedFile(name=path.name, sha256=None if path.is_dir() else sha256_of(path)) for path in given.paths
    ]
    metadata = {"made_by": "paddlewheel convert", "files": [file.model_dump() for file in contents]}
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f".{target.name}.lock"))
        if not lock.try_acquire():
            raise RunDirectoryError("another paddlewheel writes it", where=target, remedy="wait for it")
        try:
            write_store(trajectory, target, metadata=metadata, show_progress=show_progress)
        finally:
            lock.path.unlink(missing_ok=True)
            lock.release()
    settings = {
        "command": "convert",
        "files": [str(path) for path in given.paths],
        "out": str(target),
        "frame_interval_fs": frame_interval_fs,
        "symbols": list(symbols) if symbols is not None else None,
        "type_map": {str(kind): element for kind, element in type_map.items()} if type_map else None,
        "topology": str(topology) if topology is not None else None,
        "cell": list(cell) if cell is not None else None,
    }
    return ConversionRecord(
        store=str(target),
        files=contents,
        formula=given.formula,
        n_atoms=trajectory.n_atoms,
        n_frames=trajectory.n_frames,
        frames_given=given.frames_given,
        frame_interval_fs=given.interval_fs,
        is_unwrapped=trajectory.is_unwrapped,
        store_bytes=sum(file.stat().st_size for file in target.rglob("*") if file.is_file()),
        provenance=Run(document=Document(contents=settings)).provenance(),
    )


def forecast_conversion(
    files: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    frame_interval_fs: float | None = None,
    symbols: Sequence[str] | None = None,
    type_map: Mapping[int, str] | None = None,
    topology: str | Path | None = None,
    cell: Sequence[float] | None = None,
) -> Forecast:
    """What `convert` would write of these files, its size from the first frames; nothing is written.

    Raises
    ------
    InputError
        As `convert`, but for frames that only the conversion reads.
    """
    given = _open(files, out, frame_interval_fs, symbols, type_map, topology, cell)
    trajectory = given.trajectory
    first = next(iter(trajectory.blocks(max_bytes=_SAMPLE_BYTES)))
    sample = packed_size(first.positions_A.astype(np.float32)) + packed_size(first.cell_A)
    dropped = given.frames_given - trajectory.n_frames
    frames = f"{trajectory.n_frames} of {given.formula}, {given.interval_fs:g} fs apart"
    return Forecast(
        inputs=(
            ("store", str(given.target)),
            ("frames", frames + (f"; {dropped} that two files share are dropped" if dropped else "")),
        ),
        n_atoms=trajectory.n_atoms,
        disk_bytes=sample / len(first.positions_A) * trajectory.n_frames,
    )


@dataclass(frozen=True, kw_only=True)
class _Given:
    """The parts of one trajectory, joined, and where it is to go."""

    paths: list[Path]
    target: Path
    trajectory: Trajectory
    frames_given: int

    @property
    def interval_fs(self) -> float:
        assert self.trajectory.frame_interval_fs is not None  # `_open` refuses files without
        return self.trajectory.frame_interval_fs

    @property
    def formula(self) -> str:
        from ase.formula import Formula

        return Formula.from_list(list(self.trajectory.symbols)).format("metal")


def _open(
    files: str | Path | Sequence[str | Path],
    out: str | Path,
    frame_interval_fs: float | None,
    symbols: Sequence[str] | None,
    type_map: Mapping[int, str] | None,
    topology: str | Path | None,
    cell: Sequence[float] | None,
) -> _Given:
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    target = Path(out)
    for path in (*paths, target, *([topology] if topology else [])):
        check_name(path)
    if target.exists():
        raise RunDirectoryError("exists already", where=target, remedy="choose another --out, or remove it")
    options: dict[str, Any] = {
        "frame_interval_fs": frame_interval_fs,
        "symbols": symbols,
        "type_map": dict(type_map) if type_map else None,
        "topology": topology,
        "cell": cell,
    }
    parts = [read_trajectory(path, **options) for path in paths]
    trajectory = join_parts(parts)
    if trajectory.frame_interval_fs is None:
        raise TrajectoryError("the time between frames is not known", where=trajectory.source,
                              remedy="give --frame-interval-fs")  # fmt: skip
    return _Given(paths=paths, target=target, trajectory=trajectory, frames_given=sum(part.n_frames for part in parts))
