"""Mean occupancies of sites and families, with errors from blocks of the runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.sites.assignment import Assignment

FEWEST_EXCHANGES = 5
"""Arrivals and departures below which the scatter of blocks says nothing about the error of an occupancy."""


@dataclass(frozen=True)
class Occupancy:
    """Ions per site, averaged over time.

    Attributes
    ----------
    mean
        By the core visited last, `[n]`. Time before an ion's first visit to a core is shared out as the rest of the
        block is, so that the sum over sites is the number of ions.
    std
        Standard error over blocks, `[n]`; NaN where fewer than five ions came or went.
    nearest, inside
        By the nearest site (Voronoi cells), and inside the core only, `[n]`.
    """

    mean: np.ndarray
    std: np.ndarray
    nearest: np.ndarray
    inside: np.ndarray


def site_occupancy(assignment: Assignment) -> Occupancy:
    """Occupancy of each site, `[n_sites]`."""
    return _occupancy(assignment, np.arange(len(assignment.sites)))


def family_occupancy(assignment: Assignment) -> Occupancy:
    """Mean occupancy of a site of each family, `[n_families]`, in the order of `Sites.family_names`."""
    return _occupancy(assignment, assignment.sites.family_index)


def _occupancy(assignment: Assignment, groups: np.ndarray) -> Occupancy:
    """Means over all frames of all runs; each block of a run is taken for independent of the others.

    A run holds ten blocks. Where the exchange of ions is slower than a block, the error is too small: the number of
    exchanges, beside it in the tables, tells.
    """
    size = np.bincount(groups)
    frames = np.concatenate([run.block_frames for run in assignment.runs])
    share = frames / frames.sum()

    def by_group(name: str) -> np.ndarray:
        counts = np.concatenate([getattr(run, name) for run in assignment.runs])
        grouped = np.stack([np.bincount(groups, weights=row, minlength=len(size)) for row in counts])
        return grouped / frames[:, None] / size

    blocks = by_group("belonging")
    assigned = blocks @ size
    blocks *= (assignment.n_ions / np.where(assigned > 0, assigned, np.inf))[:, None]
    mean = share @ blocks
    n_blocks = len(blocks)
    std = np.sqrt(share @ (blocks - mean) ** 2 / (n_blocks - 1))
    if len(size) > 1:  # of a single group there is nothing to exchange with
        std[_exchanges(assignment, groups, len(size)) < FEWEST_EXCHANGES] = np.nan
    return Occupancy(mean, std, share @ by_group("nearest"), share @ by_group("inside"))


def _exchanges(assignment: Assignment, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Arrivals from, and departures to, other groups, `[n_groups]`."""
    exchanges = np.zeros(n_groups)
    for run in assignment.runs:
        jumps = np.flatnonzero(~run.is_first)
        origin, destination = groups[run.site[jumps - 1]], groups[run.site[jumps]]
        between = origin != destination
        exchanges += np.bincount(origin[between], minlength=n_groups)
        exchanges += np.bincount(destination[between], minlength=n_groups)
    return exchanges
