"""Write MD trajectories to a Zarr v3 store that is readable after kill -9 at any moment.

Layout of the group: `positions` `[n_frames, n_atoms, 3]` (int32 in units of 0.001 A, or float32 in A; unwrapped,
unless the attribute `is_unwrapped` is false),
`cell` `[n_frames, 3, 3]` (float64, A), `step` `[n_frames]` (int64), `thermo` `[n_frames, n_columns]` (float64), all in
chunks of the same frames, compressed (bitshuffle + zstd) with a CRC32C; symbols, masses, frame interval, thermo column
names and the committed number of frames are attributes of the group.

Order of a flush: array shapes grow, chunks are written (each file atomically: written aside, renamed), all are synced
to the disk, and last the attribute `n_frames` is replaced atomically. Readers trust only that number, so what was
flushed stays readable, and what was not is not seen.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import RunDirectoryError, TrajectoryError, writing
from paddlewheel.trajectories.store_files import FORMAT_VERSION, chunk_file, create_array, resize, sync
from paddlewheel.trajectories.store_reader import committed_frames, open_array, open_group, read_array, thermo_columns
from paddlewheel.trajectories.trajectory import check_symbols

if TYPE_CHECKING:
    import zarr
    from numpy.typing import ArrayLike, NDArray

QUANTUM_A = 0.001
"""Positions are stored to this; rounding adds QUANTUM_A**2/12 per component to a variance, nothing to a diffusivity."""

_CHUNK_BYTES = 2 * 1024 * 1024

Precision = Literal["quantized", "float32"]


class TrajectoryWriter:
    """Appends frames to a store; `create` or `resume` makes one.

    Frames are buffered until a chunk is full or `flush` is called; only then are they safe. Nothing is flushed on
    deletion: a writer that dies loses what its last flush does not hold, and no more.
    """

    def __init__(self, path: Path, group: zarr.Group) -> None:
        self.path = path
        self._group = group
        self._precision = group.attrs["precision"]
        self._chunk_frames, self._n_atoms, _ = open_array(group, "positions", path).chunks
        columns = thermo_columns(group, path)
        # not known before the first frame; frames without thermo stay so
        self._columns = columns if columns or committed_frames(group, path) else None
        self._committed = 0
        self._first_buffered = 0
        self._buffer: dict[str, list] = {"positions": [], "cell": [], "step": [], "thermo": []}
        self._last_steps: list[int] = []

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        symbols: Sequence[str],
        masses_u: ArrayLike,
        frame_interval_fs: float,
        precision: Precision = "quantized",
        is_unwrapped: bool = True,
        metadata: Mapping[str, Any] | None = None,
    ) -> TrajectoryWriter:
        """Make an empty store at `path`.

        Parameters
        ----------
        symbols, masses_u
            Chemical symbol and mass (u) of each atom.
        frame_interval_fs
            Time between frames.
        precision
            `quantized` (0.001 A in int32) or `float32`.
        is_unwrapped
            Whether the positions will be unwrapped; those of a converted file may not be.
        metadata
            Anything JSON can hold; kept in the attribute `metadata`.

        Raises
        ------
        RunDirectoryError
            If something is there already, the folder cannot be written, or the disk is full.
        """
        import zarr
        from zarr.storage import LocalStore

        path = Path(path)
        names = [str(symbol) for symbol in symbols]
        check_symbols(names, where=str(path))
        masses = np.asarray(masses_u, dtype=np.float64)
        if masses.shape != (len(names),) or not np.all(masses > 0):
            raise TrajectoryError(f"masses_u must be {len(names)} positive numbers", where=path)
        if path.exists():
            raise RunDirectoryError("exists already", where=path, remedy="resume it, or choose another folder")
        chunk_frames = int(np.clip(_CHUNK_BYTES // (12 * len(names)), 1, 8192))
        # Made aside and renamed: a kill in between leaves nothing at `path`.
        aside = path.with_name(f".{path.name}.partial")
        with writing(path):
            shutil.rmtree(aside, ignore_errors=True)
            store = LocalStore(aside)
            attributes = {
                "paddlewheel_trajectory": FORMAT_VERSION,
                "symbols": names,
                "masses_u": masses.tolist(),
                "frame_interval_fs": float(frame_interval_fs),
                "precision": precision,
                "quantum_A": QUANTUM_A,
                "is_unwrapped": is_unwrapped,
                "metadata": dict(metadata or {}),
                "n_frames": 0,
            }
            zarr.create_group(store, zarr_format=3, attributes=attributes)
            dtype = "int32" if precision == "quantized" else "float32"
            create_array(store, "positions", (len(names), 3), dtype, chunk_frames)
            create_array(store, "cell", (3, 3), "float64", chunk_frames)
            create_array(store, "step", (), "int64", chunk_frames)
            aside.rename(path)
            return cls(path, zarr.open_group(path, mode="r+", zarr_format=3))

    @classmethod
    def resume(cls, path: str | Path, *, n_frames: int) -> TrajectoryWriter:
        """Go on after the first `n_frames` frames, which a checkpoint knows of; later frames are dropped.

        Raises
        ------
        RunDirectoryError
            If the store holds fewer frames, or cannot be written.
        TrajectoryError
            If it is damaged, or no store.
        """
        import zarr

        path = Path(path)
        held = committed_frames(open_group(path), path)
        if held < n_frames or n_frames < 0:
            raise RunDirectoryError(
                f"holds {held} frames, the checkpoint knows of {n_frames}",
                where=path,
                remedy="restore the files, or start again in another folder",
            )
        with writing(path):
            for leftover in path.rglob("*.partial"):  # of writes that a kill cut short
                leftover.unlink()
            group = zarr.open_group(path, mode="r+", zarr_format=3)
            writer = cls(path, group)
            writer._commit(n_frames)
            # Shrinking deletes the chunks beyond; what is beyond in the last chunk is overwritten by the next flush.
            for name in writer._array_names():
                resize(open_array(group, name, path), n_frames)
        writer._first_buffered = n_frames // writer._chunk_frames * writer._chunk_frames
        for name in writer._array_names():
            writer._buffer[name] = list(read_array(group, name, writer._first_buffered, n_frames, path))
        writer._last_steps = read_array(group, "step", max(0, n_frames - 2), n_frames, path).tolist()
        return writer

    @property
    def n_frames(self) -> int:
        """Number of frames appended, those not flushed included."""
        return self._first_buffered + len(self._buffer["step"])

    @property
    def n_flushed(self) -> int:
        """Number of frames that a reader sees."""
        return self._committed

    def append(self, *, positions_A: ArrayLike, cell_A: ArrayLike, step: int, thermo: Mapping[str, float]) -> None:
        """Append one frame.

        Parameters
        ----------
        positions_A, cell_A
            Unwrapped positions `[n_atoms, 3]` and lattice vectors `[3, 3]`.
        step
            MD step of the frame; the steps of a store are equally spaced.
        thermo
            Columns such as `temperature_K`, `potential_energy_eV`, `pressure_GPa`; the same in every frame.

        Raises
        ------
        TrajectoryError
            If a shape, the thermo columns or the step do not continue the store, or a number is not finite or too far
            from the origin to be stored.
        RunDirectoryError
            If a full chunk cannot be written.
        """
        positions, cell = np.asarray(positions_A, np.float64), np.asarray(cell_A, np.float64)
        frame = self.n_frames
        if positions.shape != (self._n_atoms, 3) or cell.shape != (3, 3):
            raise TrajectoryError(
                f"frame {frame}: shapes {positions.shape}, {cell.shape} where [{self._n_atoms}, 3], [3, 3] belong",
                where=self.path,
            )
        if not (np.isfinite(positions).all() and np.isfinite(cell).all()):
            raise TrajectoryError(f"frame {frame}: a coordinate is not finite", where=self.path)
        self._check_step(step)
        columns = tuple(thermo)
        if self._columns is None:
            self._columns = columns
        elif set(columns) != set(self._columns):
            raise TrajectoryError(
                f"frame {frame}: thermo columns {sorted(columns)}, the store has {sorted(self._columns)}",
                where=self.path,
            )
        row = np.array([float(thermo[column]) for column in self._columns])
        encoded = self._encode(positions, frame)
        for name, value in (("positions", encoded), ("cell", cell.copy()), ("step", step), ("thermo", row)):
            self._buffer[name].append(value)
        self._last_steps = [*self._last_steps[-1:], step]
        if len(self._buffer["step"]) >= self._chunk_frames:
            self.flush()

    def flush(self) -> None:
        """Write all appended frames; on return they survive a kill, and a crash of the machine.

        Raises
        ------
        RunDirectoryError
            If the disk is full or the folder cannot be written; what was flushed before stays readable, and the
            frames stay in the buffer, so that flush may be called again.
        """
        n_frames = self.n_frames
        if n_frames == self._committed:
            return
        with writing(self.path):
            if self._columns and "thermo" not in self._group:
                row = (len(self._columns),)
                attributes = {"columns": list(self._columns)}
                create_array(self._group.store, "thermo", row, "float64", self._chunk_frames, attributes)
            for name in self._array_names():
                array = open_array(self._group, name, self.path)
                resize(array, n_frames)
                array[self._first_buffered : n_frames] = np.array(self._buffer[name], dtype=array.dtype)
                chunks = range(self._first_buffered // self._chunk_frames, -(-n_frames // self._chunk_frames))
                for file in ("zarr.json", *(chunk_file(array, index) for index in chunks)):
                    sync(self.path / name / file)
            self._commit(n_frames)
        complete = (n_frames - self._first_buffered) // self._chunk_frames * self._chunk_frames
        self._first_buffered += complete
        for rows in self._buffer.values():
            del rows[:complete]

    def _array_names(self) -> list[str]:
        return [name for name in self._buffer if name in self._group]

    def _commit(self, n_frames: int) -> None:
        self._group.update_attributes({"n_frames": n_frames})
        sync(self.path / "zarr.json")
        self._committed = n_frames

    def _check_step(self, step: int) -> None:
        known = self._last_steps
        late = len(known) >= 1 and step <= known[-1]
        uneven = len(known) == 2 and step - known[1] != known[1] - known[0]
        if late or uneven:
            raise TrajectoryError(
                f"frame {self.n_frames} is of step {step} after {', '.join(map(str, known))}",
                where=self.path,
                remedy="append frames at equal intervals, each once",
            )

    def _encode(self, positions: NDArray[np.float64], frame: int) -> NDArray:
        if self._precision == "float32":
            return positions.astype(np.float32)
        counts = np.rint(positions / QUANTUM_A)
        if np.abs(counts).max() > np.iinfo(np.int32).max:
            raise TrajectoryError(
                f"frame {frame}: a coordinate of {np.abs(positions).max():.3g} A is too large to be stored",
                where=self.path,
                remedy="has the run exploded?",
            )
        return counts.astype(np.int32)
