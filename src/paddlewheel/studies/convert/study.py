"""`convert`: trajectories of other programs into the Zarr store, which every analysis reads fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.execution.locks import FileLock
from paddlewheel.potentials.fetch import sha256_of
from paddlewheel.studies.convert.record import (
    ConversionRecord,
    ConvertedFile,
)
from paddlewheel.studies.motion.cache import write_store
from paddlewheel.study.conversion_progress import (
    conversion_progress,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.trajectories import Trajectory, join_parts, read_trajectory


def convert(
    files: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    frame_interval_fs: float | None = None,
    symbols: Sequence[str] | None = None,
    type_map: Mapping[int, str] | None = None,
    topology: str | Path | None = None,
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
    frame_interval_fs, symbols, type_map, topology
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
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(one) for one in files]
    target = Path(out)
    if target.exists():
        raise RunDirectoryError("exists already", where=target, remedy="choose another --out, or remove it")
    options: dict[str, Any] = {
        "frame_interval_fs": frame_interval_fs,
        "symbols": symbols,
        "type_map": dict(type_map) if type_map else None,
        "topology": topology,
    }
    parts = [read_trajectory(path, **options) for path in paths]
    trajectory = join_parts(parts)
    contents = [ConvertedFile(name=path.name, sha256=None if path.is_dir() else sha256_of(path)) for path in paths]
    metadata = {"made_by": "paddlewheel convert", "files": [one.model_dump() for one in contents]}
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f".{target.name}.lock"))
        if not lock.try_acquire():
            raise RunDirectoryError("another paddlewheel writes it", where=target, remedy="wait for it")
        try:
            if show_progress:
                with conversion_progress(Path(trajectory.source).name, trajectory.n_frames) as advance:
                    write_store(trajectory, target, metadata=metadata, advance=advance)
            else:
                write_store(trajectory, target, metadata=metadata)
        finally:
            lock.path.unlink(missing_ok=True)
            lock.release()
    assert trajectory.frame_interval_fs is not None  # read_trajectory refuses files without
    return ConversionRecord(
        store=str(target),
        files=contents,
        formula=_formula(trajectory),
        n_atoms=trajectory.n_atoms,
        n_frames=trajectory.n_frames,
        frames_given=sum(part.n_frames for part in parts),
        frame_interval_fs=trajectory.frame_interval_fs,
        is_unwrapped=trajectory.is_unwrapped,
        store_bytes=sum(file.stat().st_size for file in target.rglob("*") if file.is_file()),
        provenance=provenance(
            {
                "command": "convert",
                "files": [str(path) for path in paths],
                "out": str(target),
                "frame_interval_fs": frame_interval_fs,
                "symbols": list(symbols) if symbols is not None else None,
                "type_map": {str(kind): element for kind, element in type_map.items()} if type_map else None,
                "topology": str(topology) if topology is not None else None,
            }
        ),
    )


def _formula(trajectory: Trajectory) -> str:
    from ase.formula import Formula

    return Formula.from_list(list(trajectory.symbols)).format("metal")
