"""Read the Zarr stores that `TrajectoryWriter` makes, chunk by chunk."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.foreign import LARGEST_CHUNK, parsing, read_json, refuse_links
from paddlewheel.trajectories.clock import even_frames
from paddlewheel.trajectories.store_files import FORMAT_VERSION, chunk_file
from paddlewheel.trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    import zarr
    from numpy.typing import NDArray


ENERGY = "potential_energy_eV"
"""The thermo column of potential energies."""


@dataclass(frozen=True)
class _StoreFrames:
    """The committed frames of a store."""

    path: Path
    group: zarr.Group
    n_frames: int
    quantum_A: float | None

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        """Blocks in order; while one is worked on, a thread unpacks the next (codecs and numpy let go of the lock)."""
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as ahead:
            following: Future[tuple[NDArray, NDArray]] | None = None
            for first, last in self._blocks(start, stop, per_block):
                ready, following = following, ahead.submit(self._read_block, first, last)
                if ready is not None:
                    yield ready.result()
            if following is not None:
                yield following.result()

    def _blocks(self, start: int, stop: int, per_block: int) -> Iterator[tuple[int, int]]:
        chunk = open_array(self.group, "positions", self.path).chunks[0]
        first = start
        while first < stop:
            # Blocks end with a chunk where one fits, so that no chunk is decompressed twice.
            last = min(first + per_block, stop)
            if last < stop and last // chunk * chunk > first:
                last = last // chunk * chunk
            yield first, last
            first = last

    def _read_block(self, first: int, last: int) -> tuple[NDArray, NDArray]:
        stored = read_array(self.group, "positions", first, last, self.path)
        positions = np.multiply(stored, 1.0 if self.quantum_A is None else self.quantum_A, dtype=np.float64)
        return positions, read_array(self.group, "cell", first, last, self.path)


def open_store(path: str | Path) -> Trajectory:
    """Open a store for reading; it may be in writing still, then the frames committed by now are seen.

    Raises
    ------
    TrajectoryError
        If it is no store, is damaged, or holds no frames.
    """
    path = Path(path)
    group = open_group(path)
    attributes = group.attrs.asdict()
    n_frames = committed_frames(group, path)
    if n_frames == 0:
        raise TrajectoryError("holds no frames yet", where=path, remedy="run the simulation longer")
    try:
        symbols = tuple(cast("list[str]", attributes["symbols"]))
        masses = np.array(attributes["masses_u"], dtype=np.float64)
        interval = float(cast("float", attributes["frame_interval_fs"]))
        quantum = float(cast("float", attributes["quantum_A"])) if attributes["precision"] == "quantized" else None
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"attribute {error}") from error
    frames = _StoreFrames(path, group, n_frames, quantum)
    steps = read_array(group, "step", 0, n_frames, path)
    trajectory = Trajectory(
        symbols,
        masses,
        n_frames,
        interval,
        str(path),
        frames,
        is_unwrapped=bool(attributes.get("is_unwrapped", True)),
        notes=_notes(attributes.get("metadata")),
        source_energies_eV=_energies(group, n_frames, path),
    )
    return trajectory.only(even_frames(steps, "steps", path=path))


def _notes(metadata: Any) -> tuple[str, ...]:
    """What the reader of the file that was converted had to say; none in stores of simulations."""
    notes = metadata.get("notes", ()) if isinstance(metadata, dict) else ()
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()


def _energies(group: zarr.Group, n_frames: int, path: Path) -> NDArray | None:
    """The potential energies of all frames; None where they were not kept."""
    columns = thermo_columns(group, path)
    if ENERGY not in columns:
        return None
    energies = read_array(group, "thermo", 0, n_frames, path)[:, columns.index(ENERGY)]
    return energies if np.isfinite(energies).all() else None


def read_thermo(path: str | Path) -> dict[str, NDArray]:
    """The thermo columns, each `[n_frames]`, with `step` (int64) and `time_ps` (0 at the first frame).

    Raises
    ------
    TrajectoryError
        If it is no store, or is damaged.
    """
    path = Path(path)
    group = open_group(path)
    n_frames = committed_frames(group, path)
    interval_ps = float(cast("float", group.attrs["frame_interval_fs"])) / 1000.0
    columns: dict[str, NDArray] = {
        "step": read_array(group, "step", 0, n_frames, path),
        "time_ps": np.arange(n_frames) * interval_ps,
    }
    names = thermo_columns(group, path)
    if not names:
        return columns
    table = read_array(group, "thermo", 0, n_frames, path)
    return columns | {name: table[:, column] for column, name in enumerate(names)}


def read_metadata(path: str | Path) -> dict[str, Any]:
    """What `TrajectoryWriter.create` was given as `metadata`."""
    return dict(cast("dict", open_group(Path(path)).attrs["metadata"]))


def store_attributes(path: str | Path) -> dict[str, Any]:
    """All attributes of a store: symbols, masses_u, frame_interval_fs, precision, n_frames, metadata, ...

    Raises
    ------
    TrajectoryError
        If it is no store.
    """
    return dict(open_group(Path(path)).attrs)


def committed_digest(path: str | Path, n_frames: int) -> str:
    """sha256 over the first `n_frames` frames of a store, whatever comes after them.

    Of each array its name, the length and checksum of its full chunks, and the rows of the last one that is not full.
    A chunk ends with the CRC32C of its bytes, which zarr compares when it reads them: no full chunk is unpacked.

    Raises
    ------
    TrajectoryError
        If it is no store, is damaged, or holds fewer frames.
    """
    path = Path(path)
    group = open_group(path)
    held = committed_frames(group, path)
    if held < n_frames:
        raise TrajectoryError(f"holds {held} frames, the checkpoint knows of {n_frames}", where=path)
    digest = hashlib.sha256()
    for name in ("positions", "cell", "step", "thermo"):
        if not path.joinpath(name).exists():
            continue
        array = open_array(group, name, path)
        n_full = n_frames // array.chunks[0]
        for index in range(n_full):
            digest.update(f"{name} {index} ".encode() + _checksum(path / name / chunk_file(array, index), path))
        digest.update(read_array(group, name, n_full * array.chunks[0], n_frames, path).tobytes())
    return digest.hexdigest()


def _checksum(chunk: Path, path: Path) -> bytes:
    """Length and CRC32C of a chunk's file."""
    try:
        with chunk.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 4))
            return size.to_bytes(8, "little") + stream.read()
    except OSError as error:
        raise _damaged(path, f"{chunk.parent.name}/{chunk.name}: {error.strerror}") from error


def open_group(path: Path) -> zarr.Group:
    """The group of a store, read-only.

    Raises
    ------
    TrajectoryError
        If there is none, or it is of another kind or version.
    """
    import zarr

    if not path.is_dir():
        raise TrajectoryError("no such trajectory store", where=path, remedy="give the path of a .zarr folder")
    refuse_links(path, TrajectoryError, remedy="copy the store with its files (cp -rL)")
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3, use_consolidated=False)
        version = group.attrs.get("paddlewheel_trajectory")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrajectoryError(
            f"no readable trajectory store ({type(error).__name__})",
            where=path,
            remedy="give a folder that conduct wrote",
        ) from error
    if version != FORMAT_VERSION:
        raise TrajectoryError(
            f"trajectory store of version {version}, this program reads {FORMAT_VERSION}",
            where=path,
            remedy="give a folder that conduct wrote",
        )
    return group


def committed_frames(group: zarr.Group, path: Path) -> int:
    """The number of frames that were flushed: the only number of frames to trust."""
    n_frames = group.attrs.get("n_frames")
    if not isinstance(n_frames, int) or n_frames < 0:
        raise _damaged(path, f"n_frames is {n_frames!r}")
    return n_frames


def open_array(group: zarr.Group, name: str, path: Path) -> zarr.Array:
    """An array of a store.

    Raises
    ------
    TrajectoryError
        If it is not there, or its metadata are damaged.
    """
    _check_array(path / name / "zarr.json")
    try:
        return cast("zarr.Array", group[name])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"array {name}: {type(error).__name__}") from error


_CODECS = {"bytes", "blosc", "crc32c"}
_TYPES = {"int32", "int64", "float32", "float64"}


def _check_array(metadata: Path) -> None:
    """Refuse an array that a `TrajectoryWriter` does not write, before zarr looks up what its metadata name."""
    document = read_json(metadata, TrajectoryError, remedy="restore the files from a copy")
    with parsing(metadata, TrajectoryError, problem="is no array", remedy="restore the files from a copy"):
        codecs = {codec["name"] for codec in document["codecs"]}
        kind, chunk = document["data_type"], document["chunk_grid"]["configuration"]["chunk_shape"]
        if not codecs <= _CODECS or kind not in _TYPES or document.get("storage_transformers"):
            raise ValueError(f"of {kind} by {', '.join(sorted(codecs))}, which no store of ours holds")
        if math.prod(int(length) for length in chunk) * 8 > LARGEST_CHUNK:
            raise ValueError(f"chunks of {chunk}")


def thermo_columns(group: zarr.Group, path: Path) -> tuple[str, ...]:
    """Names of the columns of `thermo`, in order; none where it is not written yet."""
    if not path.joinpath("thermo").exists():
        return ()
    columns = open_array(group, "thermo", path).attrs.get("columns")
    if not isinstance(columns, list):
        raise _damaged(path, "thermo has no columns")
    return tuple(str(column) for column in columns)


def read_array(group: zarr.Group, name: str, start: int, stop: int, path: Path) -> NDArray:
    """Rows `start` to `stop` of an array, with missing and damaged chunks found.

    Raises
    ------
    TrajectoryError
        If a chunk is missing or does not pass its checksum, or the array is too short.
    """
    array = open_array(group, name, path)
    if array.shape[0] < stop:
        raise _damaged(path, f"{name} has {array.shape[0]} of {stop} frames")
    for index in range(start // array.chunks[0], -(-stop // array.chunks[0])):
        # zarr takes a missing chunk for one full of fill values
        if not path.joinpath(name, chunk_file(array, index)).is_file():
            raise _damaged(path, f"chunk {index} of {name} is missing")
    try:
        return np.asarray(array[start:stop])
    except Exception as error:  # zarr's codecs raise what their C libraries give them: RuntimeError, ValueError, ...
        raise _damaged(path, f"{name}, frames {start} to {stop - 1}: {type(error).__name__}") from error


def _damaged(path: Path, detail: str) -> TrajectoryError:
    return TrajectoryError(f"damaged trajectory store ({detail})", where=path, remedy="restore the files from a copy")
