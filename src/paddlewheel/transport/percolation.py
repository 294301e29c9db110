"""Percolation of a periodic region: the threshold at which it first connects to its own images, and the path there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

AXES = ("a", "b", "c")
DIMENSIONS = ("1D", "2D", "3D")
_SHARES = (0.05, 0.3, 1.0)
"""Shares of the voxels that are sorted, more of them only where fewer do not percolate: sorting is half of the work."""
_MEAN_OVER = 7
_REACH = (2, 5, 12)
"""Cells that the search for a path may leave the first one by: more of them only where fewer give no path."""


@dataclass(frozen=True)
class Percolation:
    """When the region of the highest values of a grid first percolates.

    Attributes
    ----------
    levels
        Value of the last voxel needed, by ``a``, ``b``, ``c`` (a loop with a component along that vector), ``1D``
        (any loop), ``2D``, ``3D`` (two, three independent loops in one connected region); absent where the voxels that
        were looked at do not percolate so.
    voxels
        Flat index of that voxel, by the same names.
    windings
        How often the first loop along each axis goes around the cell along a, b and c.
    """

    levels: dict[str, float]
    voxels: dict[str, int]
    windings: dict[str, tuple[int, int, int]]


def percolation(values: np.ndarray, *, known: np.ndarray | None = None) -> Percolation:
    """The highest levels at which `{values >= level}` connects to its own periodic images.

    Voxels are added from the highest value down to a union-find forest over face neighbours in which each carries its
    lattice translation relative to its root (Newman and Ziff, doi 10.1103/PhysRevE.64.016706, with the wrapping
    criterion of Machta et al., doi 10.1103/PhysRevE.54.1332). One pass; exact for the grid given.

    Parameters
    ----------
    values
        `[n_a, n_b, n_c]`.
    known
        `[n_a, n_b, n_c]`, voxels that may take part; all by default.
    """
    from paddlewheel.transport._density_kernels import percolate

    flat = np.ascontiguousarray(values, dtype=np.float64).ravel()
    taking_part = np.arange(flat.size) if known is None else np.flatnonzero(known.ravel())
    order, at, windings = taking_part, np.full(6, -1), np.zeros((3, 3), dtype=int)
    for share in _SHARES:
        order = _highest(flat, taking_part, math.ceil(share * taking_part.size))
        at, windings = percolate(order, values.shape)
        if (at >= 0).all():
            break
    names = (*AXES, *DIMENSIONS)
    voxels = {name: int(order[place]) for name, place in zip(names, at, strict=True) if place >= 0}
    return Percolation(
        levels={name: float(flat[voxel]) for name, voxel in voxels.items()},
        voxels=voxels,
        windings={
            axis: (int(row[0]), int(row[1]), int(row[2]))
            for axis, row in zip(AXES, windings, strict=True)
            if axis in voxels
        },
    )


def _highest(flat: np.ndarray, taking_part: np.ndarray, count: int) -> np.ndarray:
    """The `count` voxels of the highest values, in falling order; of equal values the first voxel first."""
    if count < taking_part.size:
        lowest = -np.partition(-flat[taking_part], count)[count]
        taking_part = taking_part[flat[taking_part] >= lowest]  # with all that are equal to the last
    return taking_part[np.argsort(-flat[taking_part], kind="stable")]


@dataclass(frozen=True)
class Path:
    """A closed path through a periodic grid.

    Attributes
    ----------
    fractional
        `[n, 3]`, grid points, not wrapped: from the highest density on the path to a periodic image of it.
    voxels
        `[n]`, their flat indices.
    distance_A
        `[n]`, along the path after a running mean over seven of its points: steps go along the cell vectors, and a
        diagonal would else be up to 1.7 times too long.
    winding
        How often it goes around the cell along a, b and c.
    """

    fractional: np.ndarray
    voxels: np.ndarray
    distance_A: np.ndarray
    winding: tuple[int, int, int]


def least_resistance_path(density: np.ndarray, found: Percolation, axis: str, *, cell_A: np.ndarray) -> Path | None:
    """The path along `axis` of the least sum of length / density that stays above the percolation level.

    Its highest free energy is the percolation threshold, so it is one of the minimum-free-energy paths; among those it
    is the one that a current would take (the resistance of a channel is the integral of 1/p along it).

    Returns
    -------
    None where the density does not percolate along `axis`, or only by a loop that leaves the cell by over 12 cells.
    """
    from paddlewheel.transport._density_kernels import least_resistance

    if axis not in found.levels:
        return None
    shape = density.shape
    lengths = np.linalg.norm(cell_A, axis=1) / np.array(shape)
    flat = np.ascontiguousarray(density, dtype=np.float64).ravel()
    steps = np.zeros((0, 4), dtype=np.int64)
    for reach in _REACH:
        if not len(steps):
            start, level = found.voxels[axis], found.levels[axis]
            steps = least_resistance(flat, shape, lengths, start, level, AXES.index(axis), reach)
    if not len(steps):
        return None
    points = np.stack(np.unravel_index(steps[:, 0], shape), axis=1) / np.array(shape) + steps[:, 1:]
    winding = steps[-1, 1:] - steps[0, 1:]
    first = int(np.argmax(flat[steps[:-1, 0]]))
    points = np.concatenate([points[first:-1], points[: first + 1] + winding])
    return Path(
        fractional=points,
        voxels=np.concatenate([steps[first:-1, 0], steps[: first + 1, 0]]),
        distance_A=_along(points, winding, cell_A),
        winding=(int(winding[0]), int(winding[1]), int(winding[2])),
    )


def _along(points: np.ndarray, winding: np.ndarray, cell_A: np.ndarray) -> np.ndarray:
    """Distance `[n]` along the running mean of a closed path of fractional `points` `[n, 3]`."""
    period = len(points) - 1
    reach = min(_MEAN_OVER // 2, period - 1)
    extended = np.concatenate([points[period - reach : period] - winding, points, points[1 : reach + 1] + winding])
    window = np.ones(2 * reach + 1) / (2 * reach + 1)
    mean = np.stack([np.convolve(column, window, mode="valid") for column in extended.T], axis=1)
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(mean, axis=0) @ cell_A, axis=1))])
