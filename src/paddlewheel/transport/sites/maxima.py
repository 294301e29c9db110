"""Sites from the trajectory itself: the maxima of the density of the mobile ions in the mean cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.msd import checked_positions
from paddlewheel.transport.sites.site import MINIMUM_DISTANCE_A, Sites, image_shells

FEWEST_FRAMES = 50
DEFAULT_SMOOTHING_A = 0.3
"""About the vibration of an ion along an axis at 600 K: a peak is widened by less than half, noise is averaged."""
DEFAULT_BARRIER_KT = 0.5
DEFAULT_POPULATION = 0.02
_VOXEL_A = 0.25
_FLOOR = 1e-4
"""Densities below this, over the highest, are nobody's: a site of 0.02 ions spread out ten times as wide is above."""
_MOST_VOXELS = 20_000_000


def find_sites(
    replicas: Sequence[np.ndarray],
    *,
    cell_A: np.ndarray,
    symbol: str = "S",
    smoothing_A: float = DEFAULT_SMOOTHING_A,
    barrier_kT: float = DEFAULT_BARRIER_KT,
    minimum_population: float = DEFAULT_POPULATION,
    minimum_distance_A: float = MINIMUM_DISTANCE_A,
) -> Sites:
    """Sites at the maxima of the ions' density p, in fractional coordinates of the mean cell.

    The density, on a grid of voxels of at most 0.25 A, is convolved with a Gaussian. Every maximum is followed
    downhill: where two basins meet at p_s, the one with the lower maximum p_m is joined to the other if the free
    energy between, kT ln(p_m / p_s), is under `barrier_kT`. Basins that hold fewer than `minimum_population` ions on
    average are no sites, and of maxima closer than the minimum distance the higher one stays. A site is at the top of
    the parabola through ln p about its maximum. Nothing is taken for symmetric: equivalent places that were not
    visited are not found.

    Parameters
    ----------
    replicas
        Positions in the mean cell of each run, `[n_frames, n_ions, 3]`, A, free of drift.
    cell_A
        The mean cell, `[3, 3]`, lattice vectors as rows.
    symbol
        Start of the labels: Na makes Na1, Na2, ..., the most populated first.
    smoothing_A
        Standard deviation of the Gaussian.

    Returns
    -------
    Sites
        Each a family of its own.

    Raises
    ------
    InputError
        Fewer than 50 frames in all, positions of a wrong shape, or no maximum.
    SettingsError
        A setting that is not positive, or a cell of more than 2e7 voxels.
    """
    from paddlewheel.transport.sites import kernels

    for name, value in (("smoothing", smoothing_A), ("barrier", barrier_kT), ("minimum population", minimum_population),
                        ("minimum distance", minimum_distance_A)):  # fmt: skip
        if not (np.isfinite(value) and value > 0):
            raise SettingsError(f"{name} {value:g}", where="sites", remedy="give a positive number")
    runs = [checked_positions(paths) for paths in replicas]
    n_frames = sum(len(run) for run in runs)
    if n_frames < FEWEST_FRAMES:
        raise InputError(
            f"{n_frames} frames are too few for a density (at least {FEWEST_FRAMES})",
            remedy="give a longer trajectory, or the sites in a file",
        )
    cell = np.asarray(cell_A, dtype=np.float64)
    shape = tuple(int(n) for n in np.maximum(4, np.ceil(np.linalg.norm(cell, axis=1) / _VOXEL_A)))
    if np.prod(shape, dtype=float) > _MOST_VOXELS:
        raise SettingsError(f"a cell of {' x '.join(map(str, shape))} voxels", remedy="give the sites in a file")
    counts = np.zeros(shape, dtype=np.float64)
    for run in runs:
        kernels.count_positions(run, np.linalg.inv(cell), counts)
    density = _smooth(counts, cell, smoothing_A)
    density /= n_frames  # ions in a voxel, on average

    floor = _FLOOR * density.max()
    log_density = np.log(np.maximum(density, floor))
    order = np.flatnonzero(density > floor)
    order = order[np.argsort(-density.ravel()[order], kind="stable")]
    owner = kernels.flood(log_density, order, float(barrier_kT))
    tops, basin = np.unique(owner[owner >= 0], return_inverse=True)
    population = np.bincount(basin, weights=density.ravel()[owner >= 0])
    kept = population >= minimum_population
    if not kept.any():
        raise InputError(
            f"no place holds {minimum_population:g} ions on average", remedy="give a lower minimum population"
        )
    tops, population = tops[kept], population[kept]
    fractional = _refined(log_density, tops, np.array(shape))
    chosen = _apart(fractional, cell, log_density.ravel()[tops], minimum_distance_A)
    chosen = chosen[np.argsort(-population[chosen], kind="stable")]
    labels = tuple(f"{symbol}{index + 1}" for index in range(len(chosen)))
    return Sites(fractional[chosen], cell, labels, labels)


def _smooth(counts: np.ndarray, cell: np.ndarray, width_A: float) -> np.ndarray:
    """The periodic convolution with a Gaussian, exact in any cell."""
    from scipy import fft

    shape = counts.shape
    waves = np.stack(
        np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in shape[:2]), np.fft.rfftfreq(shape[2], 1 / shape[2]),
                    indexing="ij"), axis=-1,
    )  # fmt: skip
    squares = ((2 * np.pi * waves @ np.linalg.inv(cell).T) ** 2).sum(axis=-1)
    spectrum = np.asarray(fft.rfftn(counts))
    return np.asarray(fft.irfftn(spectrum * np.exp(-0.5 * width_A**2 * squares), s=shape))


def _refined(log_density: np.ndarray, tops: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Fractional coordinates `[n, 3]` of the tops of the parabolas through each maximum and its six neighbours."""
    index = np.stack(np.unravel_index(tops, tuple(shape)), axis=1)
    middle = log_density[tuple(index.T)]
    offset = np.zeros((len(tops), 3))
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        below, above = (log_density[tuple(((index + sign * step) % shape).T)] for sign in (-1, 1))
        bend = below + above - 2 * middle
        offset[:, axis] = np.where(bend < 0, 0.5 * (below - above) / np.where(bend < 0, bend, 1.0), 0.0)
    return (index + 0.5 + np.clip(offset, -0.5, 0.5)) / shape


def _apart(fractional: np.ndarray, cell: np.ndarray, height: np.ndarray, distance_A: float) -> np.ndarray:
    """Indices of the maxima that are left when those too near to a higher one are taken out."""
    shells = image_shells(cell, distance_A)
    chosen: list[int] = []
    for index in np.argsort(-height, kind="stable"):
        between = fractional[chosen] - fractional[index]
        between -= np.rint(between)
        images = (between[:, None] + shells[None]) @ cell
        if not chosen or np.linalg.norm(images, axis=2).min() >= distance_A:
            chosen.append(int(index))
    return np.array(chosen)
