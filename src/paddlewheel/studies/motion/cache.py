"""Large text trajectories are converted once to the Zarr store, and found again by their contents.

An entry is a folder named by the sha256 of the file's bytes and of the options it was read with, in
`trajectories` below `PADDLEWHEEL_CACHE` or the user's cache folder; it holds the store and `entry.json`, with the size
and CRC32 of every file of the store. An entry is made aside and renamed when it is complete, under a lock, so that a
kill leaves nothing that could be taken for one, and a second process waits and uses it. An entry that does not match
its checksums is made again. Beyond `PADDLEWHEEL_CACHE_GB` (20 by default) the entries that were used longest ago go,
except those that a living process has opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paddlewheel.errors import RunDirectoryError, SettingsError, TrajectoryError, writing
from paddlewheel.execution.locks import FileLock
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.foreign import DAMAGE, read_json
from paddlewheel.potentials.fetch import cache_folder, sha256_of
from paddlewheel.records import write_atomically
from paddlewheel.study.progress import Progress, Row
from paddlewheel.trajectories import ENERGY, Trajectory, TrajectoryWriter, is_text, open_store, read_trajectory
from paddlewheel.version import __version__

LIMIT_VARIABLE = "PADDLEWHEEL_CACHE_GB"
LARGE_BYTES = 50 * 1000 * 1000
"""Text files from this size on are converted before they are analysed."""

_LAYOUT = 3
"""Raised when a reader gives other frames, or more of them, than before for the same file: old entries are not found
again."""
_WAIT_S = 24 * 3600.0
_BLOCK_BYTES = 8 * 1024 * 1024
_held: list[FileLock] = []
"""Locks on the entries that this process has opened, kept until it ends."""


@dataclass(frozen=True)
class CacheEntry:
    """One converted file: its folder, its source's name, and how many frames and bytes it has."""

    folder: Path
    source: str
    n_frames: int
    n_bytes: int
    last_used: float


def open_trajectory(
    path: str | Path,
    *,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    cell: Sequence[float] | None = None,
) -> Trajectory:
    """Open a trajectory for an analysis: a large text file through the cache, anything else as it is.

    Where the cache cannot be written, the file is read as it is, and a line on stderr says so.

    Raises
    ------
    TrajectoryError
        As `read_trajectory`.
    """
    path = Path(path)
    if not is_text(path) or path.stat().st_size < LARGE_BYTES:
        return read_trajectory(path, frame_interval_fs=frame_interval_fs, type_map=type_map, cell=cell)
    return cached_trajectory(path, frame_interval_fs=frame_interval_fs, type_map=type_map, cell=cell)


def cached_trajectory(
    path: str | Path,
    *,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    cell: Sequence[float] | None = None,
) -> Trajectory:
    """The trajectory of a file out of the cache, after it is converted if it was not.

    Raises
    ------
    TrajectoryError
        As `read_trajectory`.
    """
    path = Path(path)
    options: dict[str, Any] = {"frame_interval_fs": frame_interval_fs, "type_map": type_map, "cell": cell}
    try:
        folder = _cache() / _key(path, options)
        store = _use(folder) or _build(path, folder, options)
    except (RunDirectoryError, OSError) as error:
        print(f"{path.name} is read as text: the cache cannot be used ({error})", file=sys.stderr, flush=True)
        return read_trajectory(path, **options)
    return replace(open_store(store), source=str(path))


def list_cache() -> list[CacheEntry]:
    """The entries, the one used last first."""
    entries = []
    for document in _cache().glob("*/entry.json"):
        try:
            entry = _entry(document.parent)
            n_bytes = sum(size for size, _ in entry["files"].values())
            used = document.stat().st_mtime
            entries.append(CacheEntry(document.parent, entry["source"], entry["n_frames"], n_bytes, used))
        except (TrajectoryError, *DAMAGE):  # damaged, or gone meanwhile
            entries.append(CacheEntry(document.parent, "damaged", 0, 0, 0.0))
    return sorted(entries, key=lambda entry: entry.last_used, reverse=True)


def clear_cache() -> int:
    """Remove all entries that no other process has opened; the bytes that were freed.

    Raises
    ------
    RunDirectoryError
        If they cannot be removed.
    """
    freed = 0
    with writing(_cache()):
        for entry in list_cache():
            freed += entry.n_bytes if _remove(entry.folder) else 0
    return freed


def _cache() -> Path:
    return cache_folder() / "trajectories"


def _key(path: Path, options: Mapping[str, Any]) -> str:
    types = options["type_map"]
    document = {
        "layout": _LAYOUT,
        "contents": sha256_of(path),
        "frame_interval_fs": options["frame_interval_fs"],
        "type_map": sorted(types.items()) if types else None,
        "cell": None if options["cell"] is None else [float(number) for number in options["cell"]],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _use(folder: Path) -> Path | None:
    """The store of an entry that is whole, now held by this process; None if there is none."""
    if not (folder / "entry.json").is_file():
        return None
    _hold(folder)
    if not _is_whole(folder):
        return None
    os.utime(folder / "entry.json")
    return folder / "run.zarr"


def _is_whole(folder: Path) -> bool:
    try:
        files = _entry(folder)["files"]
        return _checksums(folder / "run.zarr") == {name: list(pair) for name, pair in files.items()}
    except (TrajectoryError, *DAMAGE):
        return False


def _entry(folder: Path) -> Any:
    return read_json(folder / "entry.json", TrajectoryError, remedy="remove the entry from the cache")


def _checksums(store: Path) -> dict[str, list[int]]:
    """Size and CRC32 of each file, by its path in the store."""
    found = {}
    for file in sorted(store.rglob("*")):
        if file.is_file():
            crc = 0
            with open(file, "rb") as stream:
                while piece := stream.read(1 << 22):
                    crc = zlib.crc32(piece, crc)
            found[str(file.relative_to(store))] = [file.stat().st_size, crc]
    return found


def _build(path: Path, folder: Path, options: Mapping[str, Any]) -> Path:
    limit = _limit_bytes()
    with writing(folder), _alone(folder):
        if store := _use(folder):  # made by another process while this one waited
            return store
        trajectory = read_trajectory(path, **options)
        aside = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        print(f"{path.name} is converted once, into {folder.parent}; later it is read from there", file=sys.stderr,
              flush=True)  # fmt: skip
        try:
            write_store(trajectory, aside / "run.zarr", metadata={"source": path.name}, show_progress=True)
            document = {
                "source": path.name,
                "paddlewheel_version": __version__,
                "n_frames": trajectory.n_frames,
                "files": _checksums(aside / "run.zarr"),
            }
            write_atomically(aside / "entry.json", json.dumps(document))
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        _hold(folder)
        _shrink(limit, keep=folder)
    return folder / "run.zarr"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the right to make this entry; another process that makes it is waited for."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    if not lock.try_acquire():
        print("another process converts this file: waiting for it", file=sys.stderr, flush=True)
        if not lock.acquire(timeout_s=_WAIT_S, poll_s=0.5):
            raise RunDirectoryError("another process does not finish its conversion", where=folder)
    try:
        yield
    finally:
        lock.release()


def _users(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.users")


def _hold(folder: Path) -> None:
    """Mark an entry as opened by this process, for as long as it lives."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    path = _users(folder) / name
    if any(lock.path == path for lock in _held):
        return
    path.parent.mkdir(exist_ok=True)
    lock = FileLock(path)
    if lock.try_acquire():
        _held.append(lock)


def _remove(folder: Path) -> bool:
    """Remove an entry, unless another process has it open."""
    mine = {lock.path for lock in _held}
    for user in list(_users(folder).glob("*")):
        if user in mine:
            continue
        lock = FileLock(user)
        if not lock.try_acquire():
            return False
        user.unlink(missing_ok=True)
        lock.release()
    gone = folder.with_name(f"{folder.name}.removed-{os.getpid()}")
    try:
        folder.rename(gone)  # at once: nobody finds half of it
    except FileNotFoundError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _shrink(limit_bytes: float, *, keep: Path) -> None:
    entries = list_cache()
    total = sum(entry.n_bytes for entry in entries)
    for entry in reversed(entries):
        if total <= limit_bytes:
            return
        if entry.folder != keep and not any(lock.path.parent == _users(entry.folder) for lock in _held):
            total -= entry.n_bytes if _remove(entry.folder) else 0


def _limit_bytes() -> float:
    text = os.environ.get(LIMIT_VARIABLE, "20")
    try:
        limit = float(text)
    except ValueError:
        limit = float("nan")
    if not limit >= 0:
        raise SettingsError(f"{text!r} is no size", where=LIMIT_VARIABLE, remedy="give gigabytes, such as 20")
    return limit * 1e9


def write_store(
    trajectory: Trajectory, target: Path, *, metadata: Mapping[str, Any], show_progress: bool = False
) -> None:
    """Write a trajectory to a store; it is made aside and appears at `target` when it is complete.

    The caller sees to it that no other process writes the same target. What an earlier one left half done is removed.
    Of a conversion that takes a while, stderr is told how far it is where `show_progress` is set.

    Raises
    ------
    TrajectoryError
        If a frame cannot be read, or the frame interval is not known.
    RunDirectoryError
        If the store cannot be written.
    """
    interval = trajectory.frame_interval_fs
    if interval is None:
        raise TrajectoryError("the time between frames is not known", where=trajectory.source,
                              remedy="give --frame-interval-fs")  # fmt: skip
    aside = target.with_name(f".{target.name}.converting")
    frame = 0

    def so_far() -> list[Row]:
        return [Row(f"converting {Path(trajectory.source).name}", frame, trajectory.n_frames, "frames")]

    with writing(target), Progress("trajectory", so_far, shown=show_progress, short=True) as progress:
        shutil.rmtree(aside, ignore_errors=True)
        try:
            writer = TrajectoryWriter.create(
                aside,
                symbols=trajectory.symbols,
                masses_u=trajectory.masses_u,
                frame_interval_fs=interval,
                precision="float32",
                is_unwrapped=trajectory.is_unwrapped,
                metadata=dict(metadata) | {"notes": list(trajectory.notes)},
            )
            first, stride = _steps(trajectory)
            energies = trajectory.potential_energies_eV
            for block in trajectory.blocks(max_bytes=_BLOCK_BYTES):
                for positions, cell in zip(block.positions_A, block.cell_A, strict=True):
                    thermo = {} if energies is None else {ENERGY: float(energies[frame])}
                    writer.append(positions_A=positions, cell_A=cell, step=first + frame * stride, thermo=thermo)
                    frame += 1
                progress.update()
                stop_if_requested()
            writer.flush()
            aside.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _steps(trajectory: Trajectory) -> tuple[int, int]:
    """MD step of the first frame and between frames where the source counts steps; else the frames are counted."""
    clock = trajectory.clock
    if clock is None or clock.unit != "steps":
        return 0, 1
    stride = round(clock.stride or 1)
    return round(clock.first) + trajectory.first_frame * stride, stride
