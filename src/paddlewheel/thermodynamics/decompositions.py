"""All ways a composition can be put together from phases, found once, so that a hull costs one product of matrices.

The convex hull over a composition is the least energy over the basic feasible solutions of a linear programme: sets of
at most as many phases as elements that hold the composition with no negative amount. They depend on the compositions
alone. So energies that differ by their errors, or with the temperature or a chemical potential, are each one row of a
matrix product and a minimum, exactly as the hull itself would give it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from paddlewheel.errors import InputError

_TINY = 1e-9
_AT_ONCE = 200_000
_MOST = 20_000_000


@dataclass(frozen=True)
class Decompositions:
    """Ways to put one composition together.

    Attributes
    ----------
    phases
        [m, k] numbers of the phases, -1 where a way has fewer.
    amounts
        [m, k] of each, in the unit of the vectors given; 0 where there is no phase.
    """

    phases: NDArray[np.int64]
    amounts: NDArray[np.float64]

    def totals(self, per_phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """[..., m] of a quantity [..., n] that each phase has per unit of amount."""
        values = np.asarray(per_phase, dtype=float)
        rows = values.reshape(-1, values.shape[-1])
        there = self.phases >= 0
        matrix = csr_array(
            (self.amounts[there], self.phases[there], np.concatenate([[0], np.cumsum(there.sum(axis=1))])),
            shape=(len(self), rows.shape[1]),
        )
        return (matrix @ rows.T).T.reshape(*values.shape[:-1], len(self))

    def without(self, phase: int) -> Decompositions:
        """The ways in which one phase has no part."""
        keep = ~(self.phases == phase).any(axis=1)
        return Decompositions(self.phases[keep], self.amounts[keep])

    def __len__(self) -> int:
        return len(self.phases)

    def parts(self, way: int) -> dict[int, float]:
        """Amount by phase of one of the ways."""
        return {
            int(phase): float(amount)
            for phase, amount in zip(self.phases[way], self.amounts[way], strict=True)
            if phase >= 0
        }


def decompositions(vectors: NDArray[np.float64], target: NDArray[np.float64]) -> Decompositions:
    """Find the basic feasible solutions of sum_i x_i vectors_i = target, x >= 0.

    Parameters
    ----------
    vectors
        [n, d] what each phase holds of each element; phases that hold none of them (a reservoir) have no part.
    target
        [d] what is to be held.

    Raises
    ------
    InputError
        If the phases cannot hold the target, or are too many for all ways to be listed.
    """
    used = np.flatnonzero(target > _TINY)
    # a phase with an element that the target lacks can have no part
    able = np.flatnonzero(
        (vectors[:, used] > _TINY).any(axis=1) & ~(np.delete(vectors, used, axis=1) > _TINY).any(axis=1)
    )
    columns, wanted = vectors[np.ix_(able, used)], target[used]
    size = len(used)
    count = 1.0
    for step in range(size):
        count *= (len(able) - step) / (step + 1)
    if count > _MOST:
        raise InputError(
            f"{len(able)} phases of {size} elements make {count:.1g} sets", where="phases",
            remedy="leave out the polymorphs that lie high",
        )  # fmt: skip
    found: dict[tuple[int, ...], tuple[float, ...]] = {}
    sets = combinations(range(len(able)), size)
    while chunk := list(islice(sets, _AT_ONCE)):
        chosen = np.array(chunk)
        matrices = columns[chosen].swapaxes(1, 2)
        scale = np.prod(np.linalg.norm(matrices, axis=1), axis=1)
        sound = np.abs(np.linalg.det(matrices)) > 1e-8 * scale
        if not sound.any():
            continue
        chosen = chosen[sound]
        amounts = np.linalg.solve(matrices[sound], np.broadcast_to(wanted[:, None], (len(chosen), size, 1)))[..., 0]
        feasible = (amounts > -_TINY).all(axis=1)
        for row, values in zip(chosen[feasible], amounts[feasible], strict=True):
            there = values > _TINY
            key = tuple(int(phase) for phase in able[row[there]])
            found.setdefault(key, tuple(float(share) for share in values[there]))
    if not found:
        raise InputError("no phases that can hold the composition", where="phases", remedy="give all references")
    phases = np.full((len(found), size), -1, dtype=np.int64)
    amounts_of = np.zeros((len(found), size))
    for row, (key, values) in enumerate(found.items()):
        phases[row, : len(key)] = key
        amounts_of[row, : len(key)] = values
    return Decompositions(phases, amounts_of)
