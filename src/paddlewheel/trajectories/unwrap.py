"""Displacements of ions in the mean cell: unwrapped, without the breathing of the cell and the drift of the frame.

The increments of the fractional coordinates between frames, by minimum image, are accumulated and multiplied by the
mean cell <h>: r(t) = [s(0) + sum ds] <h>. Multiplying by h(t), or accumulating Cartesian increments, carries the
breathing of the cell into the displacements, and inflates the MSD of ions far from the origin (a 3 % breathing cell:
1.08 and 3 times at lag 1; this way 1.004). A cell that rotates as a whole, as a flexible cell that is not kept
triangular does, changes no fractional coordinate, and is turned back before the mean: its turning is taken out too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.crystals import largest_strain, mean_cell, reduced_basis
from paddlewheel.errors import TrajectoryError
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from paddlewheel.trajectories.trajectory import Frames, Trajectory

LARGEST_STEP = 0.4
"""Largest step between frames of any atom, as a fraction of the cell; 0.5 is where the minimum image turns wrong."""
LARGEST_RMS_STEP = 0.125
"""Largest root-mean-square step of a species: a normal distribution has 6e-5 of its steps beyond 4 of these, 0.5."""
LARGEST_CELL_CHANGE = 0.2
"""Largest change of a lattice vector between frames, relative to its length."""
LARGEST_CELL_SHEAR = 0.5
"""Largest multiple of another lattice vector that one gains between frames: a change of basis (box flip) adds a whole
one, which may be a small part of its own length."""

_BLOCK_BYTES = 8 * 1024 * 1024  # the temporaries of a block stay in the caches
_REMEDY = "write frames more often, or use a larger supercell"

Drift = Literal["framework", "all", "none"]


@dataclass(frozen=True)
class Displacements:
    """Paths of the mobile ions in the mean cell.

    Attributes
    ----------
    positions_A
        Unwrapped Cartesian positions in the mean cell, `[n_frames, n_ions, 3]`, float64; the first frame's are its
        fractional coordinates times the mean cell.
    mean_cell_A
        Mean over frames of the lattice vectors (rows), each frame turned back onto the first, `[3, 3]`.
    volumes_A3
        Volume of each frame's cell, `[n_frames]`.
    frame_interval_fs
        Time between frames.
    indices
        Indices of the ions in the trajectory, `[n_ions]`.
    symbol
        Their chemical symbol; several are joined by "+".
    density_g_per_cm3
        Mass of all atoms over the mean volume.
    drift_removed
        Which drift was subtracted; "none" also where there is no framework.
    cell_lengths_mean_A, cell_lengths_std_A
        Mean and standard deviation over frames of the lengths of the lattice vectors, `[3]`.
    largest_strain
        Of an eighth of the run against the mean cell (see `paddlewheel.crystals.largest_strain`).
    """

    positions_A: NDArray[np.float64]
    mean_cell_A: NDArray[np.float64]
    volumes_A3: NDArray[np.float64]
    frame_interval_fs: float
    indices: NDArray[np.int64]
    symbol: str
    density_g_per_cm3: float
    drift_removed: Drift
    cell_lengths_mean_A: NDArray[np.float64]
    cell_lengths_std_A: NDArray[np.float64]
    largest_strain: float = 0.0

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.positions_A.shape[0]

    @property
    def n_ions(self) -> int:
        """Number of ions."""
        return self.positions_A.shape[1]

    @property
    def mean_volume_A3(self) -> float:
        """Mean over frames of the cell's volume."""
        return float(self.volumes_A3.mean())


def displacements(
    trajectory: Trajectory, *, specie: str | Sequence[int] | NDArray, drift: Drift = "framework"
) -> Displacements:
    """Unwrapped paths of the ions `specie` in the mean cell, without drift.

    The minimum image is taken in the Minkowski-reduced basis of the first frame's cell, where it holds for the longest
    steps, so the result does not depend on which basis of the lattice the file uses, nor on whether it is wrapped.
    Positions known to be unwrapped (`is_unwrapped`) need no minimum image. Only the paths of the ions are kept in
    memory (24 bytes per ion and frame).

    Parameters
    ----------
    trajectory
        The frames; read once.
    specie
        A chemical symbol, or the indices of ions, or a mask `[n_atoms]` of booleans.
    drift
        What is subtracted from every frame: the displacement of the centre of mass of the "framework" (all atoms that
        are not `specie`; nothing where there is no other atom), of "all" atoms, or "none".

    Raises
    ------
    TrajectoryError
        If the specie is absent, the frame interval is unknown, or frames are so far apart that an atom that counts
        (an ion, or one whose drift is removed) may have crossed half a cell: a step above 0.4 of the cell, or steps of
        an element of more than 0.125 (root mean square).
    """
    where = trajectory.source
    interval = trajectory.frame_interval_fs
    if interval is None:
        raise TrajectoryError("the time between frames is not known", where=where, remedy="give frame_interval_fs")
    if drift not in ("framework", "all", "none"):
        raise TrajectoryError(f"drift is {drift!r}", remedy="give framework, all or none")
    indices = _indices(trajectory, specie)
    weights, removed = _drift_weights(trajectory, indices, drift)
    # Atoms that do not enter the result are not looked at; where paths are unwrapped already, their mean is enough.
    unwraps_all = weights is not None and not trajectory.is_unwrapped
    ions = indices if unwraps_all else np.arange(len(indices))
    steps = _Steps(trajectory, np.arange(trajectory.n_atoms) if unwraps_all else indices)

    paths = np.empty((trajectory.n_frames, len(indices), 3))
    cells = np.empty((trajectory.n_frames, 3, 3))
    for block in trajectory.blocks(max_bytes=_BLOCK_BYTES):
        rows = slice(block.start, block.start + len(block.positions_A))
        unwrapped = steps.unwrap(block)
        cells[rows] = block.cell_A
        paths[rows] = unwrapped[:, ions]
        if weights is not None:
            drifted = steps.drift(unwrapped, weights) if unwraps_all else steps.drift_of_mean(block, weights)
            paths[rows] -= drifted[:, None, :]
    if not trajectory.is_unwrapped:
        steps.check_rms()

    mean_cell_A = mean_cell(cells)
    reduced_mean_cell = steps.basis @ mean_cell_A
    rows_per_block = max(1, _BLOCK_BYTES // (24 * len(indices)))
    for first in range(0, len(paths), rows_per_block):  # in place: no second array of this size
        paths[first : first + rows_per_block] = paths[first : first + rows_per_block] @ reduced_mean_cell
    volumes = np.abs(np.linalg.det(cells))
    lengths = np.linalg.norm(cells, axis=2)
    return Displacements(
        positions_A=paths,
        mean_cell_A=mean_cell_A,
        volumes_A3=volumes,
        frame_interval_fs=interval,
        indices=indices,
        symbol="+".join(dict.fromkeys(trajectory.symbols[index] for index in indices)),
        density_g_per_cm3=float(trajectory.masses_u.sum() / volumes.mean() * U_PER_A3_IN_G_PER_CM3),
        drift_removed=removed,
        cell_lengths_mean_A=lengths.mean(axis=0),
        cell_lengths_std_A=lengths.std(axis=0),
        largest_strain=largest_strain(cells, mean_cell_A),
    )


@dataclass(frozen=True)
class FractionalFrames:
    """Consecutive frames of `fractional_paths`.

    Attributes
    ----------
    start
        Index in the trajectory of the first of them.
    fractional
        Unwrapped fractional coordinates in the file's basis, without drift, `[n, n_atoms, 3]`.
    cell_A
        Lattice vectors as rows, `[n, 3, 3]`.
    """

    start: int
    fractional: NDArray[np.float64]
    cell_A: NDArray[np.float64]


def fractional_paths(
    trajectory: Trajectory, *, specie: str | Sequence[int] | NDArray, drift: Drift = "framework"
) -> Iterator[FractionalFrames]:
    """Unwrapped fractional coordinates of **all** atoms, without drift, block by block.

    The streaming twin of `displacements`, for what needs no whole path (densities, mean structures): memory is that of
    a block. Times a mean cell they are positions in it.

    Parameters
    ----------
    trajectory
        The frames; read once.
    specie, drift
        The mobile ions and the drift to remove, as `displacements` takes them.

    Raises
    ------
    TrajectoryError
        As `displacements`, for a step of any atom that is too long to unwrap.
    """
    indices = _indices(trajectory, specie)
    weights, _ = _drift_weights(trajectory, indices, drift)
    steps = _Steps(trajectory, np.arange(trajectory.n_atoms))
    for block in trajectory.blocks(max_bytes=_BLOCK_BYTES):
        unwrapped = steps.unwrap(block)
        if weights is not None:
            unwrapped = unwrapped - steps.drift(unwrapped, weights)[:, None, :]
        yield FractionalFrames(block.start, unwrapped @ steps.basis, block.cell_A)
    if not trajectory.is_unwrapped:
        steps.check_rms()


class _Steps:
    """Unwraps one block after the other; carries the last frame, and checks that the steps can be unwrapped."""

    def __init__(self, trajectory: Trajectory, atoms: NDArray[np.int64]) -> None:
        self._trajectory, self._atoms = trajectory, atoms
        self._takes_all = np.array_equal(atoms, np.arange(trajectory.n_atoms))
        self.basis = np.eye(3)
        """Rows: reduced lattice vectors in terms of the file's, integers."""
        self._first: NDArray[np.float64] | None = None
        self._first_centre: NDArray[np.float64] | None = None
        self._last = np.zeros((len(atoms), 3))
        self._last_cell = np.zeros((3, 3))
        self._images = np.zeros((len(atoms), 3))
        self._squares = np.zeros((len(atoms), 3))
        self._n_steps = 0

    def unwrap(self, block: Frames) -> NDArray[np.float64]:
        """Unwrapped fractional coordinates in the reduced basis of the atoms that count, `[n, len(atoms), 3]`."""
        if self._first is None:
            self.basis = reduced_basis(block.cell_A[0])
            self._last_cell = block.cell_A[0]
        self._check_cells(block)
        positions = block.positions_A if self._takes_all else block.positions_A[:, self._atoms]
        fractional = np.matmul(positions, np.linalg.inv(self.basis @ block.cell_A))
        if self._first is None:
            self._first = fractional[0].copy()
            self._last = fractional[0]
        last, self._last = self._last, fractional[-1].copy()
        self._last_cell = block.cell_A[-1]
        if self._trajectory.is_unwrapped:
            return fractional
        moves = np.diff(fractional, axis=0, prepend=last[None])
        images = np.rint(moves)
        moves -= images
        self._check_moves(moves, block)
        self._squares += np.einsum("nai,nai->ai", moves, moves)
        self._n_steps += len(moves)
        np.cumsum(images, axis=0, out=images)
        images += self._images
        self._images = images[-1].copy()
        fractional -= images
        return fractional

    def drift(self, unwrapped: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted mean displacement since the first frame, `[n, 3]`, of `weights` `[n_atoms]` that sum to 1."""
        assert self._first is not None
        return np.einsum("nai,a->ni", unwrapped, weights) - weights @ self._first

    def drift_of_mean(self, block: Frames, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same `[n, 3]` from positions that are unwrapped already: one sum a frame, and no atom's own path."""
        centre = np.matmul(weights, block.positions_A)  # [n, 3]
        fractional = np.matmul(centre[:, None, :], np.linalg.inv(self.basis @ block.cell_A))[:, 0]
        if self._first_centre is None:
            self._first_centre = fractional[0].copy()
        return fractional - self._first_centre

    def check_rms(self) -> None:
        """Refuse frames so far apart that steps beyond half a cell are likely, if none was caught in the act."""
        symbols = np.array(self._trajectory.symbols)[self._atoms]
        n_steps = max(1, self._n_steps - 1)  # the first frame is no step
        for symbol in dict.fromkeys(symbols.tolist()):
            rms = np.sqrt(self._squares[symbols == symbol].mean(axis=0) / n_steps)
            if rms.max() > LARGEST_RMS_STEP:
                raise TrajectoryError(
                    f"frames are too far apart to unwrap: {symbol} moves by {rms.max():.2f} of the cell between "
                    f"frames (root mean square; at most {LARGEST_RMS_STEP:g})",
                    where=self._trajectory.source,
                    remedy=_REMEDY,
                )

    def _check_moves(self, moves: NDArray[np.float64], block: Frames) -> None:
        if max(moves.max(), -moves.min()) <= LARGEST_STEP:
            return
        sizes = np.abs(moves).max(axis=2)
        row = int(np.argmax(sizes.max(axis=1) > LARGEST_STEP))
        column = int(np.argmax(sizes[row]))
        atom = int(self._atoms[column])
        raise TrajectoryError(
            f"frames are too far apart to unwrap: atom {atom} ({self._trajectory.symbols[atom]}) moves by "
            f"{sizes[row, column]:.2f} of the cell (at most {LARGEST_STEP:g}) from frame {block.start + row - 1} "
            f"to {block.start + row}",
            where=self._trajectory.source,
            remedy=_REMEDY,
        )

    def _check_cells(self, block: Frames) -> None:
        changes = np.linalg.norm(np.diff(block.cell_A, axis=0, prepend=self._last_cell[None]), axis=2)
        jumps = (changes > LARGEST_CELL_CHANGE * np.linalg.norm(block.cell_A, axis=2)).any(axis=1)
        before = np.concatenate([self._last_cell[None], block.cell_A[:-1]])
        gains = block.cell_A @ np.linalg.inv(before) - np.eye(3)
        jumps |= (np.abs(gains) > LARGEST_CELL_SHEAR).any(axis=(1, 2))
        if jumps.any():
            raise TrajectoryError(
                f"the lattice vectors jump at frame {block.start + int(np.argmax(jumps))} (another choice of cell?)",
                where=self._trajectory.source,
                remedy="write the trajectory with one choice of cell (LAMMPS: flip no), or cut it there",
            )


def _indices(trajectory: Trajectory, specie: str | Sequence[int] | NDArray) -> NDArray[np.int64]:
    where = trajectory.source
    if isinstance(specie, str):
        chosen = np.flatnonzero(np.array(trajectory.symbols) == specie)
        if not len(chosen):
            present = ", ".join(dict.fromkeys(trajectory.symbols))
            raise TrajectoryError(f"no {specie} (there are: {present})", where=where, remedy="give another specie")
        return chosen
    chosen = np.asarray(specie)
    n_atoms = trajectory.n_atoms
    if chosen.dtype == bool:
        if chosen.shape != (n_atoms,):
            raise TrajectoryError(f"the mask has shape {chosen.shape}, not [{n_atoms}]", where=where)
        chosen = np.flatnonzero(chosen)
    if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu":
        raise TrajectoryError("no ions chosen", where=where, remedy="give a symbol, indices or a mask")
    if chosen.min() < 0 or chosen.max() >= n_atoms or len(np.unique(chosen)) < len(chosen):
        raise TrajectoryError(
            f"indices of ions must be different and in 0 to {n_atoms - 1}", where=where, remedy="correct the indices"
        )
    return chosen.astype(np.int64)


def _drift_weights(
    trajectory: Trajectory, indices: NDArray[np.int64], drift: Drift
) -> tuple[NDArray[np.float64] | None, Drift]:
    weights = trajectory.masses_u.copy()
    if drift == "framework":
        weights[indices] = 0.0
    if drift == "none" or not weights.any():
        return None, "none"
    return weights / weights.sum(), drift
