"""Neighbour lists with a skin (vesin), whose bonds are a pure function of the positions and the cell.

Between two builds the candidates are only pruned, and what comes out is bit for bit what a fresh build gives: the
candidates are held in one canonical order (centre, neighbour, shift), the shifts refer to the positions as they are
given (not wrapped), and every vector is computed in the same way on every call. A run that was killed and resumes from
its checkpoint, where the list is built anew, therefore continues on the identical trajectory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import PotentialError

_COINCIDENT_A = 1e-3
"""Two atoms nearer than this are the same atom twice; no potential has a meaning there."""


@dataclass(frozen=True)
class Bonds:
    """Directed bonds of a full list (each pair in both directions), sorted by centre, neighbour and shift.

    Attributes
    ----------
    centre, neighbour
        `[n_bonds]` int64, atoms i and j.
    shift
        `[n_bonds, 3]` int64, lattice translations of j, relative to the positions as given.
    vector_A
        `[n_bonds, 3]` float64, r_j + shift @ cell - r_i.
    distance_A
        `[n_bonds]` float64.
    """

    centre: np.ndarray
    neighbour: np.ndarray
    shift: np.ndarray
    vector_A: np.ndarray
    distance_A: np.ndarray

    def __len__(self) -> int:
        return len(self.centre)


class NeighbourList:
    """Bonds within a cutoff; the candidates within cutoff + skin are kept until an atom may have crossed the skin.

    Parameters
    ----------
    cutoff_A
        Bonds with distance <= cutoff_A are returned.
    skin_A
        Candidates are collected within cutoff_A + skin_A. The list is rebuilt when, after the deformation of the cell
        is taken out, an atom has moved so far that a bond could be missed.

    Examples
    --------
    >>> import numpy as np
    >>> bonds = NeighbourList(cutoff_A=1.5).update(
    ...     positions_A=np.zeros((1, 3)), cell_A=np.eye(3), pbc=(True, True, True)
    ... )
    >>> len(bonds)
    18
    """

    def __init__(self, *, cutoff_A: float, skin_A: float = 0.6) -> None:
        self.cutoff_A, self.skin_A = float(cutoff_A), float(skin_A)
        self.n_builds = 0
        self._positions: np.ndarray | None = None

    def update(self, *, positions_A: np.ndarray, cell_A: np.ndarray, pbc: tuple[bool, bool, bool]) -> Bonds:
        """The bonds at these positions.

        Parameters
        ----------
        positions_A
            `[n_atoms, 3]`, wrapped or not.
        cell_A
            `[3, 3]`, lattice vectors as rows; rows of non-periodic directions are ignored.
        pbc
            Periodic or not, along each lattice vector.

        Raises
        ------
        PotentialError
            If a position is not finite, or two atoms coincide.
        """
        positions = np.ascontiguousarray(positions_A, dtype=np.float64)
        cell = np.where(np.asarray(pbc, dtype=bool)[:, None], np.asarray(cell_A, dtype=np.float64), 0.0)
        if not (np.isfinite(positions).all() and np.isfinite(cell).all()):
            raise PotentialError("positions or cell are not finite", remedy="check the structure, or the run before it")
        pbc = (bool(pbc[0]), bool(pbc[1]), bool(pbc[2]))
        if self._is_stale(positions, cell, pbc):
            self._build(positions, cell, pbc)
        vector, distance_squared = self._vectors(positions, cell)
        keep = np.flatnonzero(distance_squared <= self.cutoff_A**2)
        distance = np.sqrt(distance_squared[keep])
        centre, neighbour = self._centre[keep], self._neighbour[keep]
        if len(distance) and distance.min() < _COINCIDENT_A:
            first = int(distance.argmin())
            raise PotentialError(
                f"atoms {centre[first]} and {neighbour[first]} are {distance[first]:.4f} A apart",
                remedy="remove one of them",
            )
        return Bonds(centre, neighbour, self._shift[keep], vector[:, keep].T, distance)

    def _vectors(self, positions: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors `[3, n]` and squared distances `[n]` of all candidates.

        Element by element, never by a matrix product: BLAS rounds a row differently depending on where in the matrix
        it stands, and the bonds would then depend on when the list was built.
        """
        vector = np.empty((3, len(self._centre)))
        for axis in range(3):
            column = np.ascontiguousarray(positions[:, axis])
            np.subtract(column[self._neighbour], column[self._centre], out=vector[axis])
            for row in range(3):
                if cell[row, axis] != 0.0:
                    vector[axis] += self._shift_float[row] * cell[row, axis]
        return vector, vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]

    def _is_stale(self, positions: np.ndarray, cell: np.ndarray, pbc: tuple[bool, bool, bool]) -> bool:
        """True when a bond within the cutoff might not be among the candidates.

        With the deformation F of the cell since the build (h = h0 F) and u what each atom moved beyond it, a bond
        within the cutoff now was at the build no longer than (cutoff + 2 max|u|) ||F^-1||.
        """
        if self._positions is None or positions.shape != self._positions.shape or pbc != self._pbc:
            return True
        stretch, carried = 1.0, self._positions
        if not np.array_equal(cell, self._cell):
            if not all(pbc):
                return True
            deformation = np.linalg.solve(self._cell, cell)
            carried = self._positions @ deformation
            stretch = float(np.linalg.norm(np.linalg.inv(deformation), 2))
        moved = positions - carried
        moved -= moved.mean(axis=0)  # only differences between atoms matter
        farthest = float(np.sqrt((moved * moved).sum(axis=1).max(initial=0.0)))
        # 1e-9 A of room for the rounding of all this
        return (self.cutoff_A + 2.0 * farthest) * stretch > self.cutoff_A + self.skin_A - 1e-9

    def _build(self, positions: np.ndarray, cell: np.ndarray, pbc: tuple[bool, bool, bool]) -> None:
        import vesin

        finder = vesin.NeighborList(cutoff=self.cutoff_A + self.skin_A, full_list=True, n_threads=1)
        centre, neighbour, shift = finder.compute(points=positions, box=cell, periodic=list(pbc), quantities="ijS")
        order = np.lexsort((shift[:, 2], shift[:, 1], shift[:, 0], neighbour, centre))
        self._centre = np.asarray(centre, dtype=np.int64)[order]
        self._neighbour = np.asarray(neighbour, dtype=np.int64)[order]
        self._shift = np.asarray(shift, dtype=np.int64)[order]
        self._shift_float = np.ascontiguousarray(self._shift.T, dtype=np.float64)
        self._positions, self._cell, self._pbc = positions.copy(), cell.copy(), pbc
        self.n_builds += 1
