"""One streaming interface for all trajectories, whatever file or array they come from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.clock import Clock, EvenFrames

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SAME_CELL = 1e-3
"""Relative difference of squared lengths up to which a cell that was given is the file's own: rounding."""
BLOCK_BYTES = 64 * 1024 * 1024
"""Default bound on the positions of one block."""


@dataclass(frozen=True)
class Frames:
    """Consecutive frames of a trajectory.

    Attributes
    ----------
    start
        Index in the trajectory of the first of them.
    positions_A
        Cartesian positions, `[n, n_atoms, 3]`, float64; wrapped or not, as the source has them.
    cell_A
        Lattice vectors as rows, `[n, 3, 3]`, float64.
    """

    start: int
    positions_A: NDArray[np.float64]
    cell_A: NDArray[np.float64]


class FrameSource(Protocol):
    """Where frames come from; `Trajectory` checks and numbers what it gives."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        ...

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        """Frames `start` to `stop` in order: positions `[n, n_atoms, 3]` and cells `[n, 3, 3]`, n <= `per_block`."""
        ...


@dataclass(frozen=True)
class Trajectory:
    """A trajectory that is read block by block, as often as needed.

    Attributes
    ----------
    symbols
        Chemical symbol of each atom.
    masses_u
        Masses, `[n_atoms]`, in u.
    n_frames
        Number of frames.
    frame_interval_fs
        Time between frames; None if it is not known.
    source
        The file, or a name, for messages.
    frame_source
        Where the frames come from.
    first_frame
        Number of frames of `frame_source` that are skipped.
    is_unwrapped
        Whether the positions are known to be unwrapped, so that no step between frames is too long to be told.
    clock
        Steps or times of the frames of `frame_source`; None if the file does not say.
    notes
        What the reader found and a user should know, in a sentence each; an analysis warns of it.
    thinned_by
        How many of the file's own first intervals lie between two frames, where a reader left frames out so that all
        are equally far apart; `with_file_interval` counts with it.
    source_energies_eV
        Potential energy of the cell in each frame of `frame_source`; None where the file does not tell that of all.
    """

    symbols: tuple[str, ...]
    masses_u: NDArray[np.float64]
    n_frames: int
    frame_interval_fs: float | None
    source: str
    frame_source: FrameSource
    first_frame: int = 0
    is_unwrapped: bool = False
    clock: Clock | None = None
    notes: tuple[str, ...] = ()
    thinned_by: int = 1
    source_energies_eV: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        check_symbols(self.symbols, where=self.source)
        if self.n_frames < 1:
            raise TrajectoryError("no frames", where=self.source, remedy="give a trajectory with at least one frame")
        if self.masses_u.shape != (self.n_atoms,) or not np.all(self.masses_u > 0):
            raise TrajectoryError(f"masses_u must be {self.n_atoms} positive numbers", where=self.source)
        if self.frame_interval_fs is not None:
            _check_interval(self.frame_interval_fs, where=self.source)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    @property
    def potential_energies_eV(self) -> NDArray[np.float64] | None:
        """Potential energy of the cell in each frame, `[n_frames]`; None where the file does not tell."""
        energies = self.source_energies_eV
        return None if energies is None else energies[self.first_frame : self.first_frame + self.n_frames]

    @classmethod
    def from_arrays(
        cls,
        *,
        positions_A: ArrayLike,
        cell_A: ArrayLike,
        symbols: Sequence[str],
        frame_interval_fs: float | None,
        masses_u: ArrayLike | None = None,
        is_unwrapped: bool = False,
        source: str = "arrays",
    ) -> Trajectory:
        """A trajectory of arrays in memory.

        Parameters
        ----------
        positions_A
            `[n_frames, n_atoms, 3]`, wrapped or unwrapped.
        cell_A
            `[3, 3]` (fixed) or `[n_frames, 3, 3]`, lattice vectors as rows.
        symbols
            One chemical symbol per atom.
        frame_interval_fs
            Time between frames.
        masses_u
            Masses; those of the elements if None.
        is_unwrapped
            Whether the positions are known to be unwrapped; if not, `displacements` takes minimum images.

        Raises
        ------
        TrajectoryError
            If shapes disagree, a number is not finite, a symbol is no element, or a cell has no volume.
        """
        try:
            positions, cell = np.asarray(positions_A), np.asarray(cell_A, dtype=np.float64)
            if positions.dtype.kind not in "fiu":
                raise ValueError(f"positions_A are {positions.dtype}")
        except (TypeError, ValueError) as error:
            raise TrajectoryError(f"positions_A and cell_A must be numbers ({error})", where=source) from error
        if positions.ndim != 3 or positions.shape[2] != 3:
            raise TrajectoryError(f"positions_A has shape {positions.shape}, not [n_frames, n_atoms, 3]", where=source)
        if cell.shape not in ((3, 3), (len(positions), 3, 3)):
            raise TrajectoryError(
                f"cell_A has shape {cell.shape}, neither [3, 3] nor [{len(positions)}, 3, 3]", where=source
            )
        if positions.shape[1] != len(symbols):
            raise TrajectoryError(f"{positions.shape[1]} atoms in positions_A, {len(symbols)} symbols", where=source)
        names = tuple(str(symbol) for symbol in symbols)
        check_symbols(names, where=source)
        masses = element_masses_u(names) if masses_u is None else np.asarray(masses_u, dtype=np.float64)
        arrays = _Arrays(positions, cell)
        trajectory = cls(names, masses, len(positions), frame_interval_fs, source, arrays, is_unwrapped=is_unwrapped)
        for _ in trajectory.blocks():  # runs the checks of every frame now, where the mistake is made
            pass
        return trajectory

    def blocks(self, *, max_bytes: int = BLOCK_BYTES) -> Iterator[Frames]:
        """The frames in order, in blocks whose positions take at most `max_bytes` (at least one frame each).

        Raises
        ------
        TrajectoryError
            If the source is damaged, a coordinate is not finite, or a cell has no volume; the frame is named.
        """
        per_block = max(1, max_bytes // (24 * self.n_atoms))
        start = 0
        stop = self.first_frame + self.n_frames
        for positions, cell in self.frame_source.read(self.first_frame, stop, per_block):
            block = Frames(start, np.asarray(positions, np.float64), np.asarray(cell, np.float64))
            self._check(block)
            yield block
            start += len(block.positions_A)
        if start != self.n_frames:
            raise TrajectoryError(
                f"{start} frames could be read of {self.n_frames}",
                where=self.source,
                remedy="was it changed meanwhile?",
            )

    def positions(self) -> NDArray[np.float64]:
        """All frames at once, `[n_frames, n_atoms, 3]` in A, as the source has them (wrapped or not)."""
        return np.concatenate([block.positions_A for block in self.blocks()])

    def only(self, even: EvenFrames) -> Trajectory:
        """The frames of the file that are equally far apart, as `even_frames` found them, and what they say of time.

        For readers, which call it before anything is skipped.
        """
        interval = self.frame_interval_fs
        if even.clock is not None and even.clock.unit == "fs":
            interval = even.clock.stride
        source, n_frames, energies = self.frame_source, self.n_frames, self.source_energies_eV
        if even.kept is not None:
            source, n_frames = _Chosen(self.frame_source, even.kept), len(even.kept)
            energies = None if energies is None else energies[even.kept]
        return replace(
            self,
            n_frames=n_frames,
            frame_source=source,
            frame_interval_fs=interval,
            clock=even.clock,
            notes=(*self.notes, *even.notes),
            thinned_by=even.thinned_by,
            source_energies_eV=energies,
        )

    def with_file_interval(self, frame_interval_fs: float) -> Trajectory:
        """The same frames, where this is the time between the first two frames of the file."""
        _check_interval(frame_interval_fs, where=self.source)
        return self.with_frame_interval(frame_interval_fs * self.thinned_by)

    def with_frame_interval(self, frame_interval_fs: float) -> Trajectory:
        """The same frames with this time between them."""
        return replace(self, frame_interval_fs=frame_interval_fs)

    def with_cell(self, cell_A: NDArray[np.float64]) -> Trajectory:
        """The same frames in this cell, `[3, 3]`, where the file has none.

        Raises
        ------
        TrajectoryError
            If the first frame has a cell of its own that differs; of later ones when they are read.
        """
        source = _InCell(self.frame_source, cell_A, self.source)
        next(iter(source.read(0, 1, 1)))
        return replace(self, frame_source=source)

    def after(self, ps: float) -> Trajectory:
        """The trajectory without its first `ps` picoseconds (frames at times >= `ps` are kept; frame 0 is time 0).

        Raises
        ------
        TrajectoryError
            If nothing is left, or the frame interval is not known.
        """
        if self.frame_interval_fs is None:
            raise TrajectoryError(
                "the time between frames is not known", where=self.source, remedy="give frame_interval_fs"
            )
        # The small number absorbs the rounding of ps*1000/interval, so that after(1.0) at 10 fs skips 100 frames.
        skipped = max(0, math.ceil(ps * 1000.0 / self.frame_interval_fs - 1e-6))
        if skipped >= self.n_frames:
            length_ps = (self.n_frames - 1) * self.frame_interval_fs / 1000.0
            raise TrajectoryError(
                f"nothing is left after the first {ps:g} ps of {length_ps:g} ps", where=self.source, remedy="skip less"
            )
        return replace(self, first_frame=self.first_frame + skipped, n_frames=self.n_frames - skipped)

    def _check(self, block: Frames) -> None:
        positions, cell = block.positions_A, block.cell_A
        if positions.shape[1:] != (self.n_atoms, 3) or cell.shape != (len(positions), 3, 3):
            raise TrajectoryError(
                f"frame {block.start} has {positions.shape[1]} atoms, the trajectory {self.n_atoms}", where=self.source
            )
        bad = ~(np.isfinite(positions).all(axis=(1, 2)) & np.isfinite(cell).all(axis=(1, 2)))
        if bad.any():
            raise TrajectoryError(
                f"a coordinate of frame {block.start + int(np.argmax(bad))} is not finite",
                where=self.source,
                remedy="cut the trajectory before that frame",
            )
        flat = _is_flat(cell)
        if flat.any():
            raise TrajectoryError(
                f"the cell of frame {block.start + int(np.argmax(flat))} has no volume",
                where=self.source,
                remedy="give a trajectory of a periodic crystal with its lattice vectors, or them with --cell",
            )


@dataclass(frozen=True)
class _Arrays:
    """Frames in memory."""

    positions: NDArray
    cell: NDArray[np.float64]

    @property
    def n_frames(self) -> int:
        return len(self.positions)

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        cells = np.broadcast_to(self.cell, (self.n_frames, 3, 3))
        for first in range(start, stop, per_block):
            last = min(first + per_block, stop)
            yield self.positions[first:last], cells[first:last]


@dataclass(frozen=True)
class _Chosen:
    """Some frames of a source; it is read once through."""

    source: FrameSource
    kept: NDArray[np.int64]

    @property
    def n_frames(self) -> int:
        return len(self.kept)

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        wanted = self.kept[start:stop]
        if not len(wanted):
            return
        first = int(wanted[0])
        for positions, cells in self.source.read(first, int(wanted[-1]) + 1, per_block):
            places = wanted[np.searchsorted(wanted, first) : np.searchsorted(wanted, first + len(positions))] - first
            first += len(positions)
            if len(places):
                yield positions[places], cells[places]


@dataclass(frozen=True)
class _InCell:
    """Frames without a cell, in one that was given."""

    source: FrameSource
    cell_A: NDArray[np.float64]
    name: str

    @property
    def n_frames(self) -> int:
        return self.source.n_frames

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        given = self.cell_A @ self.cell_A.T
        for positions, cells in self.source.read(start, stop, per_block):
            own = np.asarray(cells, dtype=np.float64)
            has_none = _is_flat(own)
            # lengths and angles tell no orientation: the same cell turned is no other
            apart = np.abs(own @ own.transpose(0, 2, 1) - given).max(axis=(1, 2))
            if np.any(~has_none & (apart > _SAME_CELL * np.abs(given).max())):
                raise TrajectoryError(
                    "has a cell of its own, which differs from the one given", where=self.name,
                    remedy="leave --cell out",
                )  # fmt: skip
            yield positions, np.where(has_none[:, None, None], self.cell_A, own)


def cell_of_numbers(numbers: Sequence[float]) -> NDArray[np.float64]:
    """Lattice vectors as rows, `[3, 3]` in A: of nine numbers, row by row, or of a, b, c (A), alpha, beta, gamma
    (degrees), with a along x and b in the xy plane.

    Raises
    ------
    ValueError
        For other numbers of them, or those of no cell.
    """
    from ase.geometry import cellpar_to_cell

    given = np.asarray(numbers, dtype=np.float64)
    if given.shape not in ((6,), (9,)):
        raise ValueError(f"{len(numbers)} numbers, not 6 or 9")
    if len(given) == 6 and not (np.all(given > 0) and np.all(given[3:] < 180)):
        raise ValueError("a length or an angle is none of a cell")
    if len(given) == 6:
        cosines = np.cos(np.radians(given[3:]))
        if 1 + 2 * cosines.prod() - np.sum(cosines**2) <= 0:
            raise ValueError("no cell has these angles")
    cell = given.reshape(3, 3) if len(given) == 9 else cellpar_to_cell(given)
    if not np.isfinite(cell).all() or _is_flat(cell[None])[0]:
        raise ValueError("a cell without volume")
    return cell


def _is_flat(cells_A: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Of which cells `[n, 3, 3]` there is no volume."""
    return np.abs(np.linalg.det(cells_A)) < 1e-3


def element_symbols(labels: Sequence[str]) -> tuple[str, ...]:
    """The elements of atom labels: ``Li1`` and ``S2-`` are Li and S; what is no such label stays as it is."""
    from ase.data import atomic_numbers

    known: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        bare = re.sub(r"[-+_]?\d*[-+]?$", "", label)
        known[label] = label if atomic_numbers.get(label) or not atomic_numbers.get(bare) else bare
    return tuple(known[label] for label in labels)


def check_symbols(symbols: Sequence[str], *, where: str) -> None:
    """Raise TrajectoryError unless every symbol is an element's and there is at least one."""
    from ase.data import atomic_numbers

    if not symbols:
        raise TrajectoryError("no atoms", where=where)
    for symbol in dict.fromkeys(symbols):
        if not atomic_numbers.get(symbol):  # 0 is X, ASE's placeholder
            raise TrajectoryError(
                f"{symbol!r} is no chemical element", where=where, remedy="give the elements' symbols"
            )


def element_masses_u(symbols: Sequence[str]) -> NDArray[np.float64]:
    """Standard atomic masses, `[n_atoms]`, in u (IUPAC 2016 through `ase.data`)."""
    from ase.data import atomic_masses, atomic_numbers

    return np.array([atomic_masses[atomic_numbers[symbol]] for symbol in symbols], dtype=np.float64)


def _check_interval(frame_interval_fs: float, *, where: str) -> None:
    if not (math.isfinite(frame_interval_fs) and frame_interval_fs > 0):
        raise TrajectoryError(f"the frame interval is {frame_interval_fs:g} fs", where=where, remedy="give one above 0")
