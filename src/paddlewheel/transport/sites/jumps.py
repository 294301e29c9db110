"""Jumps between sites: a table, rates by ion, by pair of sites and by pair of families, and jump lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.sites.assignment import Assignment
from paddlewheel.transport.sites.rate import Rate


@dataclass(frozen=True)
class Jumps:
    """All jumps of all runs, ordered by run, ion and time; every array is `[n_jumps]`.

    Attributes
    ----------
    run, ion, frame
        Which ion of which run arrives, and when.
    origin, destination
        Site left and site reached; the same one where an ion reached another image of its own site.
    vector_A
        From site to site, `[n_jumps, 3]`.
    length_A
        Its length.
    transit_ps
        Time between the last frame in the core left and the first in the one reached.
    is_return
        Whether the ion's next jump takes it back to where it came from.
    has_next
        Whether the ion jumps again before its run ends.
    """

    run: np.ndarray
    ion: np.ndarray
    frame: np.ndarray
    origin: np.ndarray
    destination: np.ndarray
    vector_A: np.ndarray
    length_A: np.ndarray
    transit_ps: np.ndarray
    is_return: np.ndarray
    has_next: np.ndarray

    def __len__(self) -> int:
        return len(self.ion)


def find_jumps(assignment: Assignment) -> Jumps:
    """The table of jumps of an assignment."""
    columns: list[tuple[np.ndarray, ...]] = []
    sites = assignment.sites
    for number, run in enumerate(assignment.runs):
        at = np.flatnonzero(~run.is_first)
        origin, destination = run.site[at - 1], run.site[at]
        steps = sites.fractional[destination] - sites.fractional[origin] + run.image[at] - run.image[at - 1]
        vector = steps @ sites.cell_A
        has_next = np.zeros(len(at), dtype=bool)
        back = np.zeros(len(at), dtype=bool)
        if len(at):
            has_next[:-1] = run.ion[at][1:] == run.ion[at][:-1]
            # the sum of two jumps that cancel is zero but for rounding; two sites are never that near
            back[:-1] = has_next[:-1] & (np.linalg.norm(vector[1:] + vector[:-1], axis=1) < 1e-6)
        columns.append(
            (
                np.full(len(at), number), run.ion[at], run.frame[at], origin, destination, vector,
                np.linalg.norm(vector, axis=1), (run.frame[at] - run.left_frame[at]) * assignment.step_ps,
                back, has_next,
            )
        )  # fmt: skip
    return Jumps(*(np.concatenate(column) for column in zip(*columns, strict=True)))


@dataclass(frozen=True)
class PairRate:
    """Jumps from one site (or family) to another; the rate is per ion on the first."""

    origin: int
    destination: int
    rate: Rate
    length_A: float
    """Root mean square."""


def site_times_ps(assignment: Assignment) -> np.ndarray:
    """Ion-time that belongs to each site, `[n_sites]`, ps."""
    return assignment.step_ps * np.concatenate([run.belonging for run in assignment.runs]).sum(axis=0)


def pair_rates(assignment: Assignment, jumps: Jumps) -> list[PairRate]:
    """Rates between sites, one for each pair seen, the most frequent first."""
    return _pairs(jumps, np.arange(len(assignment.sites)), site_times_ps(assignment))


def family_rates(assignment: Assignment, jumps: Jumps) -> list[PairRate]:
    """Rates between families, one for each pair seen, the most frequent first."""
    groups = assignment.sites.family_index
    times = np.bincount(groups, weights=site_times_ps(assignment))
    return _pairs(jumps, groups, times)


def jump_matrix(jumps: Jumps, *, n_sites: int) -> np.ndarray:
    """Number of jumps from each site (row) to each other, `[n_sites, n_sites]`."""
    flat = np.bincount(jumps.origin * n_sites + jumps.destination, minlength=n_sites * n_sites)
    return flat.reshape(n_sites, n_sites)


def counts_by_ion(assignment: Assignment, jumps: Jumps) -> np.ndarray:
    """Jumps of each ion of each run, `[n_runs * n_ions]`."""
    size = assignment.n_ions
    return np.bincount(jumps.run * size + jumps.ion, minlength=len(assignment.runs) * size)


def dispersion(assignment: Assignment, jumps: Jumps) -> float | None:
    """Variance over mean of the number of jumps of an ion in a run: 1 if they come independently and all ions alike.

    Ions on different kinds of sites, bursts and returns make it larger, and then a Poisson interval of a total is too
    short by its square root. None where fewer than two jumps were seen, or there is one ion.
    """
    counts = counts_by_ion(assignment, jumps)
    return float(counts.var(ddof=1) / counts.mean()) if len(counts) > 1 and counts.sum() > 1 else None


def _pairs(jumps: Jumps, groups: np.ndarray, times_ps: np.ndarray) -> list[PairRate]:
    size = int(groups.max()) + 1
    keys = groups[jumps.origin] * size + groups[jumps.destination]
    found, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    squares = np.bincount(inverse, weights=jumps.length_A**2, minlength=len(found))
    return [
        PairRate(
            origin=int(found[row] // size),
            destination=int(found[row] % size),
            rate=Rate(int(counts[row]), float(times_ps[found[row] // size])),
            length_A=float(np.sqrt(squares[row] / counts[row])),
        )
        for row in np.argsort(-counts, kind="stable")
    ]
