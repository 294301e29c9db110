"""Follow rigid anions through a trajectory: where they are, how they are oriented, and whether they stay whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.crystals import reduced_basis
from paddlewheel.errors import InputError
from paddlewheel.transport.msd import checked_frame_interval
from paddlewheel.transport.rotation.cages import Cage
from paddlewheel.transport.rotation.lattice import heights_A, lattice_cells

Blocks = Iterable[tuple[np.ndarray, np.ndarray]]
"""Consecutive frames: positions `[n, n_atoms, 3]` and cells `[n, 3, 3]`, A."""

TEMPLATE_FRAMES = 200
"""Frames at the start over which the shape of each anion is averaged; its mean over all frames is reported."""
BROKEN_DEVIATION_A = 0.8
"""An atom this far from its place in the rigid anion is no vibration (B-H at 800 K stays under 0.5 A) ..."""
BROKEN_FOR_PS = 0.2
"""... and the anion is broken when one is out of its place in every frame of this time."""
RIGID_SHARE, RIGID_A = 0.2, 0.4
"""A cage is rigid when its atoms deviate by at most this share of its radius, and this much (root mean square)."""
MAP_ROWS, MAP_COLUMNS = 36, 72
"""Bins of the map of directions, equal in cos(theta) and in phi, so in area: 4.8e-3 sr each."""


@dataclass(frozen=True)
class CageMotion:
    """Orientations and centres of the anions of one run.

    Attributes
    ----------
    cages
        The anions, `n_cages` of them.
    frame_interval_fs
        Time between frames.
    quaternions
        `[n_cages, n_frames, 4]` (w, x, y, z): turn the principal axes of the anion into the frame of the lattice. The
        sign is continuous in time.
    centres
        `[n_frames, n_cages, 3]`, unwrapped fractional coordinates of the centres of mass.
    cell_A
        `[3, 3]`, mean cell in the frame of the lattice.
    places_A
        For each anion the mean places of its atoms in its principal axes, `[n, 3]`.
    inertia_uA2
        `[n_cages, 3]`, principal moments of inertia of the mean shape, ascending, u A^2.
    chord_A
        `[n_cages]`, mean distance that an atom moves from one frame to the next, the motion of the centre taken off.
    deviation_A
        `[n_cages]`, root-mean-square distance of the atoms from their places in the rigid anion.
    counts
        `[n_cages, MAP_ROWS, MAP_COLUMNS]`: how often an outer atom was seen from the centre in each direction of the
        frame of the lattice (rows cos(theta) from -1 to 1, columns phi from -pi to pi).
    """

    cages: tuple[Cage, ...]
    frame_interval_fs: float
    quaternions: np.ndarray
    centres: np.ndarray
    cell_A: np.ndarray
    places_A: tuple[np.ndarray, ...]
    inertia_uA2: np.ndarray
    chord_A: np.ndarray
    deviation_A: np.ndarray
    counts: np.ndarray

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.quaternions.shape[1]

    def outer_places_A(self, cage: int) -> np.ndarray:
        """Places of the outer atoms of an anion, `[n_outer, 3]`."""
        return self.places_A[cage][self.cages[cage].is_outer]

    def radius_A(self, cage: int) -> float:
        """Mean distance of the outer atoms of an anion from its centre of mass."""
        return float(np.linalg.norm(self.outer_places_A(cage), axis=1).mean())


def track_cages(
    blocks: Callable[[], Blocks],
    cages: Sequence[Cage],
    *,
    n_frames: int,
    frame_interval_fs: float,
    where: str | None = None,
) -> CageMotion:
    """Orientation of every anion in every frame, by the proper rotation of least mass-weighted squares.

    Each atom is taken in the image nearest to the centre of its anion in the frame before (in a cell too narrow for
    that, nearest to its own last place relative to the centre), in fractional coordinates, so that neither wrapping nor
    a breathing cell matters. The rotation (Kabsch, doi 10.1107/S0567739476001873, with masses: Eckart's frame) is that
    from the mean shape over the first frames; atoms are told apart by their index, so that the symmetry of the anion
    leaves no choice, and reordering them changes nothing.

    Parameters
    ----------
    blocks
        Gives the frames from the start, each time it is called; read once and a little.
    cages
        The anions, of `cages_of`.
    n_frames
        Number of frames.
    frame_interval_fs
        Time between frames.
    where
        The file, for messages.

    Raises
    ------
    InputError
        If an anion breaks, or is not rigid: which, when, and by how much.
    """
    interval_ps = checked_frame_interval(frame_interval_fs)
    follower = _Follower(cages, max(1, round(BROKEN_FOR_PS / interval_ps)), where)
    follower.learn(blocks, min(TEMPLATE_FRAMES, n_frames))
    quaternions = np.empty((len(cages), n_frames, 4))
    centres = np.empty((n_frames, len(cages), 3))
    start, mean_cell = 0, np.zeros((3, 3))
    for positions, cells in blocks():
        rows = slice(start, start + len(positions))
        orientation, centre, lattices = follower.follow(positions, cells)
        quaternions[:, rows], centres[rows] = orientation.transpose(1, 0, 2), centre @ follower.basis
        mean_cell += lattices.sum(axis=0)
        start = rows.stop
    if start != n_frames:
        raise InputError(f"{start} frames of {n_frames} given", where=where)
    follower.check_rigid(n_frames)
    places, inertia = [], np.empty((len(cages), 3))
    for g, cage in enumerate(cages):
        mean = follower.structure[follower.rows(g)] / n_frames
        inertia[g] = principal_axes(mean, cage.masses_u)[0]
        places.append(mean)
    return CageMotion(
        cages=tuple(cages),
        frame_interval_fs=frame_interval_fs,
        quaternions=quaternions,
        centres=centres,
        cell_A=mean_cell / n_frames,
        places_A=tuple(places),
        inertia_uA2=inertia,
        chord_A=follower.chords / max(1, n_frames - 1),
        deviation_A=np.sqrt(follower.deviations / n_frames),
        counts=follower.counts,
    )


def principal_axes(places_A: np.ndarray, masses_u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Principal moments of inertia (ascending, `[3]`, u A^2) of `[n, 3]` places, and the axes as columns `[3, 3]`."""
    places = places_A - masses_u @ places_A / masses_u.sum()
    squares = (masses_u * (places**2).sum(axis=1)).sum()
    moments, axes = np.linalg.eigh(squares * np.eye(3) - np.einsum("j,ja,jb->ab", masses_u, places, places))
    if np.linalg.det(axes) < 0:
        axes[:, 2] *= -1
    return moments, axes


class _Follower:
    """Carries the state of all cages from block to block."""

    def __init__(self, cages: Sequence[Cage], broken_frames: int, where: str | None) -> None:
        self._cages, self._broken_frames, self._where = cages, broken_frames, where
        self._atoms = np.concatenate([cage.indices for cage in cages]).astype(np.int64)
        self._offsets = np.concatenate([[0], np.cumsum([len(cage.indices) for cage in cages])]).astype(np.int64)
        self._weights = np.concatenate([cage.masses_u / cage.masses_u.sum() for cage in cages])
        self._is_outer = np.concatenate([cage.is_outer for cage in cages])
        self._template = np.zeros((len(self._atoms), 3))
        self._keeps_place = np.zeros(len(cages))
        self.basis = np.eye(3)
        """Rows: reduced lattice vectors in terms of the file's, integers."""
        self._first_cell = np.eye(3)
        self._fractional, self._centre = np.zeros((len(self._atoms), 3)), np.zeros((len(cages), 3))
        self._restart()

    def rows(self, cage: int) -> slice:
        """Where the atoms of a cage stand."""
        return slice(self._offsets[cage], self._offsets[cage + 1])

    def learn(self, blocks: Callable[[], Blocks], n_frames: int) -> None:
        """The shape of each anion in its principal axes, from the first frames; the state is that of the start."""
        positions, cells = _first_frames(blocks(), n_frames)
        self._begin(positions[0], cells[0])
        at_start = self._fractional.copy(), self._centre.copy()
        for _ in range(3):  # the mean shape in the orientation of the last one: converged to the vibrations' square
            self.follow(positions, cells)
            self._template = self.structure / n_frames
            self._fractional[:], self._centre[:] = at_start
            self._restart()
        for g, cage in enumerate(self._cages):
            axes = principal_axes(self._template[self.rows(g)], cage.masses_u)[1]
            self._template[self.rows(g)] = self._template[self.rows(g)] @ axes

    def follow(self, positions: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Quaternions `[n, n_cages, 4]`, centres in `basis` and the cells in the frame of the lattice of a block."""
        from paddlewheel.transport.rotation.kernels import follow

        lattices = lattice_cells(cells, self._first_cell)
        quaternions = np.empty((len(positions), len(self._cages), 4))
        quaternions[-1] = self._last
        centres = np.empty((len(positions), len(self._cages), 3))
        cage, atom, deviation = follow(
            np.ascontiguousarray(positions, dtype=np.float64), np.linalg.inv(self.basis @ cells), self.basis @ lattices,
            self._atoms, self._offsets, self._weights, self._template, self._keeps_place, self._is_outer,
            self._n_followed, BROKEN_DEVIATION_A, self._broken_frames,
            self._fractional, self._centre, self._before, self._streak,
            quaternions, centres, self.chords, self.deviations, self.structure, self.counts,
        )  # fmt: skip
        if cage >= 0:
            self._refuse_broken(cage, atom, deviation)
        self._last = quaternions[-1].copy()
        self._n_followed += len(positions)
        return quaternions, centres, lattices

    def check_rigid(self, n_frames: int) -> None:
        """Refuse the cage that deviates most, if by too much."""
        deviation = np.sqrt(self.deviations / n_frames)
        outer = [self._template[self.rows(g)][cage.is_outer] for g, cage in enumerate(self._cages)]
        radius = np.array([np.linalg.norm(places, axis=1).mean() for places in outer])
        limit = np.minimum(RIGID_SHARE * radius, RIGID_A)
        worst = int(np.argmax(deviation / limit))
        if deviation[worst] > limit[worst]:
            raise InputError(
                f"{self._name(worst)} is not rigid: its atoms deviate by {deviation[worst]:.2f} A (root mean square) "
                f"from their places in the mean shape, at most {limit[worst]:.2f} A is allowed for its radius of "
                f"{radius[worst]:.2f} A",
                where=self._where,
                remedy="its rotation is not defined; leave this run or this kind of anion out",
            )

    def _begin(self, positions: np.ndarray, cell: np.ndarray) -> None:
        self.basis = reduced_basis(cell)
        self._first_cell = cell
        inverse = np.linalg.inv(self.basis @ cell)
        to_lattice = lattice_cells(cell[None], cell)[0]
        narrowest = heights_A(self.basis @ cell).min()
        for g, cage in enumerate(self._cages):
            places = (positions[cage.indices] + cage.shifts @ cell) @ inverse
            self._centre[g] = cage.masses_u @ places / cage.masses_u.sum()
            self._fractional[self.rows(g)] = places - self._centre[g]
            body = (places - self._centre[g]) @ (self.basis @ to_lattice)
            self._template[self.rows(g)] = body
            # a third of the radius is left for vibrations and the motion of the centre between two frames
            self._keeps_place[g] = float(1.33 * np.linalg.norm(body, axis=1).max() > 0.5 * narrowest)

    def _restart(self) -> None:
        n_cages = len(self._cages)
        self._n_followed = 0
        self._before = np.zeros((len(self._atoms), 3))
        self._streak = np.zeros(n_cages, dtype=np.int64)
        self._last = np.tile([1.0, 0.0, 0.0, 0.0], (n_cages, 1))
        self.chords, self.deviations = np.zeros(n_cages), np.zeros(n_cages)
        self.structure = np.zeros((len(self._atoms), 3))
        self.counts = np.zeros((n_cages, MAP_ROWS, MAP_COLUMNS), dtype=np.int64)

    def _name(self, cage: int) -> str:
        indices = self._cages[cage].indices
        shown = ", ".join(str(index) for index in indices[:5]) + (", ..." if len(indices) > 5 else "")
        return f"{self._cages[cage].formula} (atoms {shown})"

    def _refuse_broken(self, cage: int, atom: int, deviation: float) -> None:
        member = int(np.flatnonzero(self._cages[cage].indices == atom)[0])
        raise InputError(
            f"{self._name(cage)} breaks or changes its shape: atom {atom} ({self._cages[cage].symbols[member]}) is "
            f"{deviation:.2f} A from its place in it, after {self._broken_frames} frame(s) in a row with an atom over "
            f"{BROKEN_DEVIATION_A:g} A",
            where=self._where,
            remedy="cut the trajectory before that, or leave it out",
        )


def _first_frames(blocks: Blocks, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    positions, cells, n = [], [], 0
    for block_positions, block_cells in blocks:
        positions.append(block_positions[: n_frames - n])
        cells.append(block_cells[: n_frames - n])
        n += len(positions[-1])
        if n >= n_frames:
            break
    return np.concatenate(positions), np.concatenate(cells)
