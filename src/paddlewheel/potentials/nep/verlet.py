"""Candidate neighbours for the NEP kernels: a Verlet list in one canonical order, built by a compiled cell list.

The list holds for each atom its candidates by species, then index, then lattice shift. The kernels prune it to the
cutoff on every call, so that what they sum, and in which order, is a function of the positions and the cell alone and
not of when the list was built (as `paddlewheel.potentials.neighbours` promises). Vesin with a sort of all bonds gives
the same list, and took as long as ten evaluations.
"""

from __future__ import annotations

import numpy as np

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.neighbours import NeighbourList
from paddlewheel.potentials.nep.compilation import kernel

_BINS_PER_CUTOFF = 2
_SMALLEST_VOLUME_A3 = 1e-3
_MOST_BINS = 64
"""Along one lattice vector; a sparse cell of many bins would cost more to walk than its atoms."""


@kernel
def _search(fractional, wraps, cell, order, n_bins, reach, periodic, cutoff_squared):  # pragma: no cover
    """All pairs within the cutoff, in the order of the bins: `(offsets, neighbours, shifts)`."""
    n = fractional.shape[0]
    total = n_bins[0] * n_bins[1] * n_bins[2]
    where = np.empty((n, 3), np.int64)
    head, fill = np.zeros(total + 1, np.int64), np.zeros(total, np.int64)
    for i in range(n):
        for a in range(3):
            b = int(np.floor(fractional[i, a] * n_bins[a]))
            where[i, a] = min(max(b, 0), n_bins[a] - 1)
        head[(where[i, 0] * n_bins[1] + where[i, 1]) * n_bins[2] + where[i, 2] + 1] += 1
    for b in range(total):
        head[b + 1] += head[b]
    members = np.empty(n, np.int64)
    cartesian = np.empty((n, 3))
    for i in order:
        b = (where[i, 0] * n_bins[1] + where[i, 1]) * n_bins[2] + where[i, 2]
        members[head[b] + fill[b]] = i
        fill[b] += 1
        for a in range(3):
            cartesian[i, a] = (
                fractional[i, 0] * cell[0, a] + fractional[i, 1] * cell[1, a] + fractional[i, 2] * cell[2, a]
            )
    offsets = np.zeros(n + 1, np.int64)
    capacity = 64 * n + 64
    neighbours = np.empty(capacity, np.int32)
    shifts = np.empty((capacity, 3), np.int32)
    count = 0
    shift = np.empty(3, np.int64)
    for i in range(n):
        for ox in range(-reach[0], reach[0] + 1):
            bx = where[i, 0] + ox
            shift[0] = bx // n_bins[0]
            if shift[0] != 0 and not periodic[0]:
                continue
            for oy in range(-reach[1], reach[1] + 1):
                by = where[i, 1] + oy
                shift[1] = by // n_bins[1]
                if shift[1] != 0 and not periodic[1]:
                    continue
                for oz in range(-reach[2], reach[2] + 1):
                    bz = where[i, 2] + oz
                    shift[2] = bz // n_bins[2]
                    if shift[2] != 0 and not periodic[2]:
                        continue
                    b = ((bx - shift[0] * n_bins[0]) * n_bins[1] + by - shift[1] * n_bins[1]) * n_bins[2]
                    b += bz - shift[2] * n_bins[2]
                    tx = shift[0] * cell[0, 0] + shift[1] * cell[1, 0] + shift[2] * cell[2, 0] - cartesian[i, 0]
                    ty = shift[0] * cell[0, 1] + shift[1] * cell[1, 1] + shift[2] * cell[2, 1] - cartesian[i, 1]
                    tz = shift[0] * cell[0, 2] + shift[1] * cell[1, 2] + shift[2] * cell[2, 2] - cartesian[i, 2]
                    if count + head[b + 1] - head[b] > capacity:
                        grown = capacity + capacity // 2 + n
                        longer, wider = np.empty(grown, np.int32), np.empty((grown, 3), np.int32)
                        # loops, here and in the kernels: numba compiles an assignment of slices for seconds
                        for p in range(count):
                            longer[p] = neighbours[p]
                            for a in range(3):
                                wider[p, a] = shifts[p, a]
                        neighbours, shifts, capacity = longer, wider, grown
                    for m in range(head[b], head[b + 1]):
                        j = members[m]
                        dx, dy, dz = cartesian[j, 0] + tx, cartesian[j, 1] + ty, cartesian[j, 2] + tz
                        if dx * dx + dy * dy + dz * dz > cutoff_squared:
                            continue
                        if j == i and shift[0] == 0 and shift[1] == 0 and shift[2] == 0:
                            continue
                        neighbours[count] = j
                        for a in range(3):
                            shifts[count, a] = shift[a] + wraps[i, a] - wraps[j, a]
                        count += 1
        offsets[i + 1] = count
    return offsets, neighbours, shifts


@kernel
def _transpose(offsets, neighbours, images, n_images, order, species, n_species):  # pragma: no cover
    """The same pairs seen from the other end, which sorts them: centres are walked by species and index.

    The images of one neighbour follow from the walk over the bins, which is the lexical order of the shifts; image
    `k` and image `n_images - 1 - k` are opposite.
    """
    n = len(offsets) - 1
    starts = np.zeros((n, n_species + 1), np.int64)
    counts = np.zeros((n, n_species), np.int64)
    for i in range(n):
        for p in range(offsets[i], offsets[i + 1]):
            counts[neighbours[p], species[i]] += 1
    total = 0
    for i in range(n):
        for t in range(n_species):
            starts[i, t] = total
            total += counts[i, t]
        starts[i, n_species] = total
    fill = np.zeros((n, n_species), np.int64)
    sorted_neighbours = np.empty(total, np.int32)
    sorted_images = np.empty(total, np.int32)
    for i in order:
        for p in range(offsets[i], offsets[i + 1]):
            j = neighbours[p]
            slot = starts[j, species[i]] + fill[j, species[i]]
            sorted_neighbours[slot] = i
            sorted_images[slot] = n_images - 1 - images[p]
            fill[j, species[i]] += 1
    return starts, sorted_neighbours, sorted_images


class VerletList(NeighbourList):
    """Candidates within cutoff + skin, kept until an atom may have crossed the skin.

    Attributes
    ----------
    starts
        `[n_atoms, n_species + 1]`: where the candidates of each species begin and end.
    neighbours, images
        `[n_candidates]` int32: atom, and row of the table of lattice translations.
    """

    def __init__(self, *, cutoff_A: float, skin_A: float, n_species: int) -> None:
        super().__init__(cutoff_A=cutoff_A, skin_A=skin_A)
        self.n_species = n_species
        self._species: np.ndarray | None = None

    def candidates(self, positions: np.ndarray, cell: np.ndarray, pbc: tuple[bool, bool, bool], species: np.ndarray):
        """Bring the list up to date and return the translations of its images, `[n_images, 3]` (A).

        Parameters
        ----------
        positions, cell
            `[n_atoms, 3]` and `[3, 3]`, finite; rows of directions without periodicity are zero.
        pbc, species
            Periodic directions, and the index of each atom's element.

        Raises
        ------
        PotentialError
            If the cell has no volume.
        """
        if self._species is None or not np.array_equal(species, self._species) or self._is_stale(positions, cell, pbc):
            self._species = species.copy()
            self._build(positions, cell, pbc)
        return self._shift_table @ cell

    def _build(self, positions: np.ndarray, cell: np.ndarray, pbc: tuple[bool, bool, bool]) -> None:
        assert self._species is not None
        reach_A = self.cutoff_A + self.skin_A
        box, origin = _enclosing_box(positions, cell, pbc)
        if abs(np.linalg.det(box)) < _SMALLEST_VOLUME_A3:
            raise PotentialError(f"the cell {cell.tolist()} has no volume", remedy="check the structure")
        fractional = np.linalg.solve(box.T, (positions - origin).T).T
        wraps = np.where(pbc, np.floor(fractional), 0.0).astype(np.int64)
        heights = 1.0 / np.linalg.norm(np.linalg.inv(box), axis=0)
        n_bins = np.clip((heights * _BINS_PER_CUTOFF / reach_A).astype(np.int64), 1, _MOST_BINS)
        # one more than a bin's share of the reach: rounding must not lose a pair
        reach = np.floor(reach_A / heights * n_bins * (1 + 1e-12)).astype(np.int64) + 1
        order = np.argsort(self._species, kind="stable")
        offsets, found, shifts = _search(
            np.ascontiguousarray(fractional - wraps), wraps, box, order, n_bins, reach, np.array(pbc), reach_A**2
        )
        neighbours, shifts = found[: offsets[-1]], shifts[: offsets[-1]]
        most = np.abs(shifts).max(axis=0, initial=0).astype(np.int64)
        span = 2 * most + 1
        images = ((shifts[:, 0] + most[0]) * span[1] + shifts[:, 1] + most[1]) * span[2] + shifts[:, 2] + most[2]
        keys, images = _compact(images, int(np.prod(span)))
        x, yz = np.divmod(keys, span[1] * span[2])
        self._shift_table = np.stack([x, *np.divmod(yz, span[2])], axis=1).astype(np.float64) - most
        self.starts, self.neighbours, self.images = _transpose(
            offsets, neighbours, images, len(self._shift_table), order, self._species, self.n_species
        )
        self.most_candidates = int((self.starts[:, -1] - self.starts[:, 0]).max(initial=0))
        self._positions, self._cell, self._pbc = positions.copy(), cell.copy(), pbc
        self.n_builds += 1


def _compact(images: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The images that occur (with the opposite of each), and their places in that table.

    Positions that were never wrapped have many translations between them, and few of those between neighbours.
    """
    if count > 20_000_000:
        used = np.unique(images)
        used = np.union1d(used, count - 1 - used)
        return used, np.searchsorted(used, images)
    occurs = np.zeros(count, dtype=bool)
    occurs[images] = True
    occurs |= occurs[::-1].copy()
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[images]


def _enclosing_box(
    positions: np.ndarray, cell: np.ndarray, pbc: tuple[bool, bool, bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Three vectors that span a volume around all atoms: the periodic ones as they are, the others made up."""
    box = cell.copy()
    if all(pbc):
        return box, np.zeros(3)
    free = [axis for axis in range(3) if not pbc[axis]]
    # directions orthogonal to the periodic vectors, from the null space of those
    periodic = cell[[axis for axis in range(3) if pbc[axis]]]
    basis = np.linalg.svd(periodic if len(periodic) else np.zeros((1, 3)))[2][len(periodic) :]
    along = positions @ basis.T
    low, high = along.min(axis=0), along.max(axis=0)
    for axis, vector, length in zip(free, basis, high - low + 1.0, strict=True):
        box[axis] = vector * length
    return box, (low - 0.5) @ basis
