"""Multigrid on voxels: the preconditioner of the flow solver.

Coarse voxels are blocks of two by two by two; the potential is constant in them, so that every grid has one conductance
a face (Galerkin's coarse grid with aggregation). Such grids are too stiff by two where the body is uniform; their
conductances are multiplied by `_SOFTENING` (over-correction, doi 10.1007/BF02238511). Smoothing is Gauss-Seidel by the
colours of a chessboard, in the opposite order after the coarse correction, so that the whole is symmetric.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.lab.tomography.transport import kernels

_SOFTENING = 0.5
_VISITS = 2
"""Of each coarser grid in a cycle (a W cycle), so that convergence does not suffer from size. With two visits, the
conductances may be halved and no more, or the preconditioner need not stay positive: a visit to a coarse grid moves the
potential up to twice as far as it should, which the second one takes back."""
_COARSEST = 300
"""Voxels that are solved directly."""
_SMALL = 20_000
"""Voxels of a piece of work below which another thread does not pay."""


class Threads:
    """Threads that share the planes of a grid; a context, whose end is theirs."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = ThreadPoolExecutor(count - 1) if count > 1 else None

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, kernel: Callable, *given: Any, first: int = 1, last: int, voxels: int) -> list[Any]:
        """Call a kernel for planes `first` to `last`, the last not included; what each thread gave, in order."""
        pieces = max(1, min(self._count, voxels // _SMALL, last - first))
        if pieces == 1 or self._pool is None:
            return [kernel(*given, first, last)]
        ends = [first + (last - first) * piece // pieces for piece in range(pieces + 1)]
        others = [self._pool.submit(kernel, *given, ends[n], ends[n + 1]) for n in range(1, pieces)]
        return [kernel(*given, ends[0], ends[1]), *(other.result() for other in others)]


@dataclass(frozen=True, eq=False)
class Grid:
    """Conductances of the faces of one grid; padded arrays, float32, axis 0 along the flow.

    Attributes
    ----------
    c0, c1, c2
        Of the faces before each voxel along the three axes.
    periodic
        Whether the sides are joined.
    threads
        Who works on it.
    """

    c0: np.ndarray
    c1: np.ndarray
    c2: np.ndarray
    periodic: bool
    threads: Threads

    @classmethod
    def empty(cls, shape: tuple[int, int, int], *, periodic: bool, threads: Threads) -> Grid:
        """A grid without conductances."""
        c0, c1, c2 = (np.zeros([count + 2 for count in shape], dtype=np.float32) for _ in range(3))
        return cls(c0, c1, c2, periodic, threads)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Counts of voxels, without the padding."""
        n0, n1, n2 = self.c0.shape
        return n0 - 2, n1 - 2, n2 - 2

    def vector(self, dtype: Any = np.float32) -> np.ndarray:
        """Zeros for every voxel, padded."""
        return np.zeros(self.c0.shape, dtype=dtype)

    def run(self, kernel: Callable, *given: Any, first: int = 1, last: int | None = None) -> list[Any]:
        """Call a kernel for all planes of this grid, or for some."""
        return self.threads.run(kernel, *given, first=first, last=last or self.shape[0] + 1, voxels=self.c0.size)

    def wrap(self, x: np.ndarray) -> None:
        """Copy what lies at one side into the padding of the opposite side, where the sides are joined."""
        if self.periodic:
            x[:, 0], x[:, -1] = x[:, -2], x[:, 1]
            x[:, :, 0], x[:, :, -1] = x[:, :, -2], x[:, :, 1]

    def smooth(self, x: np.ndarray, b: np.ndarray, *, colours: tuple[int, int]) -> None:
        """Gauss-Seidel on the voxels of one colour, then on those of the other."""
        for colour in colours:
            self.wrap(x)
            self.run(kernels.smooth, x, b, self.c0, self.c1, self.c2, colour)
        self.wrap(x)

    def smooth_from_zero(self, x: np.ndarray, b: np.ndarray) -> None:
        """The same from x = 0, colours 0 and 1."""
        self.run(kernels.smooth_from_zero, x, b, self.c0, self.c1, self.c2, 0)
        self.wrap(x)
        self.run(kernels.smooth, x, b, self.c0, self.c1, self.c2, 1)
        self.wrap(x)


class Multigrid:
    """The hierarchy of grids above a fine one.

    Parameters
    ----------
    fine
        Its conductances may change later; `refresh` then brings those of all coarser grids up to date.
    """

    def __init__(self, fine: Grid) -> None:
        self.grids = [fine]
        while np.prod(self.grids[-1].shape) > _COARSEST:
            n0, n1, n2 = ((count + 1) // 2 for count in self.grids[-1].shape)
            self.grids.append(Grid.empty((n0, n1, n2), periodic=fine.periodic, threads=fine.threads))
        self._x = [grid.vector() for grid in self.grids[1:]]
        self._b = [grid.vector() for grid in self.grids[1:]]
        self._inverse = np.zeros((0, 0))

    def refresh(self) -> None:
        """Take conductances of the coarser grids from those of the fine one."""
        for fine, coarse in zip(self.grids, self.grids[1:], strict=False):
            own, factor = (coarse.c0, coarse.c1, coarse.c2), np.float32(_SOFTENING)
            coarse.run(kernels.coarsen_faces, *own, fine.c0, fine.c1, fine.c2, factor, last=coarse.shape[0] + 2)
        self._inverse = _inverse(self.grids[-1])

    def precondition(self, x: np.ndarray, b: np.ndarray) -> None:
        """Put about A^-1 b into x; symmetric."""
        self._cycle(0, x, b, from_zero=True)

    def _cycle(self, level: int, x: np.ndarray, b: np.ndarray, *, from_zero: bool) -> None:
        grid = self.grids[level]
        if level == len(self.grids) - 1:
            inner = (slice(1, -1),) * 3
            x[inner] = (self._inverse @ b[inner].reshape(-1)).reshape(grid.shape)
            grid.wrap(x)
            return
        if from_zero:
            grid.smooth_from_zero(x, b)
        else:
            grid.smooth(x, b, colours=(0, 1))
        coarse, coarse_x, coarse_b = self.grids[level + 1], self._x[level], self._b[level]
        coarse.run(kernels.restrict, coarse_b, x, b, grid.c0, grid.c1, grid.c2)
        visits = _VISITS if 0 < level < len(self.grids) - 2 else 1
        for visit in range(visits):
            self._cycle(level + 1, coarse_x, coarse_b, from_zero=visit == 0)
        grid.run(kernels.prolong, x, coarse_x)
        grid.smooth(x, b, colours=(1, 0))


def _inverse(grid: Grid) -> np.ndarray:
    """Of the matrix of a small grid; voxels that do not conduct keep what they have."""
    n0, n1, n2 = grid.shape
    index = np.arange(n0 * n1 * n2).reshape(grid.shape)
    matrix = np.zeros((index.size, index.size))
    for axis, faces in enumerate((grid.c0, grid.c1, grid.c2)):
        inner = faces[1:-1, 1:-1, 1:-1].astype(float)
        before = np.roll(index, 1, axis=axis)
        if axis == 0:  # to the electrodes
            matrix[index[0], index[0]] += inner[0]
            matrix[index[-1], index[-1]] += faces[-1, 1:-1, 1:-1]
            inner[0] = 0
        here, there, value = index.reshape(-1), before.reshape(-1), inner.reshape(-1)
        np.add.at(matrix, (here, here), value)
        np.add.at(matrix, (there, there), value)
        np.add.at(matrix, (here, there), -value)
        np.add.at(matrix, (there, here), -value)
    empty = np.diag(matrix) <= 0
    matrix[empty, empty] = 1.0
    return np.linalg.inv(matrix).astype(np.float32)
