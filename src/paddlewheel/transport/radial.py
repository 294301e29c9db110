"""Radial distribution functions in periodic cells of any shape and size: of pairs of elements, and of given points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.transport.lattice import checked_range
from paddlewheel.transport.van_hove import count_pairs, shell_volumes_A3


@dataclass(frozen=True)
class RadialDistribution:
    """g(r) of one pair of elements.

    Attributes
    ----------
    pair
        The two elements, sorted.
    r_A
        [n_bins] centres of the bins.
    g
        [n_bins], 1 at long range in a liquid; all images are counted, so that the range may pass half of the cell.
    """

    pair: tuple[str, str]
    r_A: np.ndarray
    g: np.ndarray


def radial_distributions(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], symbols: Sequence[str], *, cutoff_A: float, bin_A: float = 0.05
) -> list[RadialDistribution]:
    """Mean g(r) of each pair of elements over frames.

    g_ab(r) = V / (N_a N_b) <sum_i sum_j delta(r - r_ij)> / (4 pi r^2), the pair of an atom with its own images included
    and with itself left out (Allen, Tildesley, Computer Simulation of Liquids, 2nd ed., section 2.6,
    doi 10.1093/oso/9780198803195.001.0001). For a = b the norm is N_a^2, not N_a (N_a - 1): images of the atom itself
    are there in a periodic cell.

    Parameters
    ----------
    frames
        Pairs of positions [n_atoms, 3] and cell [3, 3], A; each frame is normalized by its own volume.
    symbols
        [n_atoms] chemical symbols.
    cutoff_A, bin_A
        Range and width of the bins.
    """
    import vesin

    elements = sorted(set(symbols))
    kinds = np.array([elements.index(symbol) for symbol in symbols])
    counts = np.bincount(kinds, minlength=len(elements))
    n_bins = max(1, int(np.ceil(cutoff_A / bin_A - 1e-9)))
    edges = np.arange(n_bins + 1) * bin_A
    shells_A3 = 4 / 3 * np.pi * np.diff(edges**3)
    neighbours = vesin.NeighborList(cutoff=float(edges[-1]), full_list=True)
    total = np.zeros((len(elements), len(elements), n_bins))
    n_frames = 0
    for positions_A, cell_A in frames:
        i, j, distance = neighbours.compute(positions_A, cell_A, True, "ijd")
        bins = np.minimum((distance / bin_A).astype(int), n_bins - 1)
        flat = (kinds[i] * len(elements) + kinds[j]) * n_bins + bins
        histogram = np.bincount(flat, minlength=total.size).reshape(total.shape)
        total += histogram * abs(float(np.linalg.det(cell_A)))
        n_frames += 1
    centres = (edges[1:] + edges[:-1]) / 2
    pairs = [(a, b) for a in range(len(elements)) for b in range(a, len(elements))]
    return [
        RadialDistribution(
            pair=(elements[a], elements[b]),
            r_A=centres,
            g=total[a, b] / (max(n_frames, 1) * counts[a] * counts[b] * shells_A3),
        )
        for a, b in pairs
    ]


def radial_difference(one: RadialDistribution, other: RadialDistribution) -> float:
    """Share of the neighbours that are at other distances: integral of |g1 - g2| r^2 over that of g1 + g2.

    0 for equal functions, 1 for those that do not overlap at all.
    """
    weight = one.r_A**2
    together = float(((one.g + other.g) * weight).sum())
    return float((np.abs(one.g - other.g) * weight).sum()) / together if together else 0.0


@dataclass(frozen=True)
class PairDistribution:
    """g(r) of one kind of point around another, with its error and the running coordination number.

    Attributes
    ----------
    edges_A
        [n_bins + 1], from 0.
    g, std
        [n_bins], g(r) and its standard error, from the scatter over stretches of time.
    coordination
        [n_bins], mean number of the second kind within the outer edge of each bin of one of the first.
    """

    edges_A: np.ndarray
    g: np.ndarray
    std: np.ndarray
    coordination: np.ndarray

    @property
    def r_A(self) -> np.ndarray:
        """[n_bins], centres of the bins."""
        return 0.5 * (self.edges_A[1:] + self.edges_A[:-1])


@dataclass(frozen=True)
class FirstShell:
    """The first shell of a g(r): its maximum and the first minimum after it (A), and g(r) there, smoothed."""

    peak_A: float
    peak: float
    minimum_A: float
    minimum: float


def pair_distribution(
    replicas: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    range_A: float,
    bin_A: float = 0.05,
    n_frames: int = 500,
    n_parts: int = 8,
) -> PairDistribution:
    """g(r) of points b around points a, with all periodic images in the mean cell.

    Parameters
    ----------
    replicas
        Of each the paths of a [n_frames, n_a, 3] and of b [n_frames, n_b, 3], A, in the mean cell [3, 3]. Where b is a
        itself (the same array), no point counts itself, only its images.
    range_A, bin_A
        Range, at most the shortest lattice vector, and width of the bins.
    n_frames
        Frames of each replica, evenly spaced (all where there are fewer): neighbouring ones are alike.
    n_parts
        Stretches of each replica whose scatter gives the error.

    Raises
    ------
    InputError
        For a cell too small for the range.
    SettingsError
        A range or bin that is not positive.
    """
    if not (np.isfinite(bin_A) and bin_A > 0 and np.isfinite(range_A) and range_A >= bin_A):
        raise SettingsError(f"g(r) up to {range_A} A in bins of {bin_A} A", remedy="give a positive width and range")
    n_bins = int(np.ceil(range_A / bin_A - 1e-9))
    edges = np.arange(n_bins + 1) * bin_A
    shells_A3 = shell_volumes_A3(edges)
    parts, numbers = [], []
    for a, b, cell_A in replicas:
        checked_range(range_A, cell_A)
        itself = np.arange(a.shape[1]) if b is a else np.full(a.shape[1], -1)
        frames = np.unique(np.linspace(0, a.shape[0] - 1, n_frames).astype(int))
        density = b.shape[1] / abs(np.linalg.det(cell_A))
        for some in np.array_split(frames, min(n_parts, frames.size)):
            around = count_pairs(a[some], b[some], cell_A, edges, itself=itself) / (some.size * a.shape[1])
            parts.append(around / (density * shells_A3))
            numbers.append(around)
    std = np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts)) if len(parts) > 1 else np.full(n_bins, np.nan)
    return PairDistribution(edges, np.mean(parts, axis=0), std, np.cumsum(np.mean(numbers, axis=0)))


def first_shell(distribution: PairDistribution, *, smoothing_A: float = 0.1) -> FirstShell:
    """The first maximum of g(r) and the first minimum after it, both of g(r) smoothed by a Gaussian.

    A maximum counts if g(r) there is over 1 and stands out from both sides by a quarter of it; the minimum is the
    lowest point before the next such maximum, the middle of it where g(r) is 0 over a stretch.

    Raises
    ------
    ScienceError
        Where g(r) has no such maximum, or falls to the end of the range.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    r = distribution.r_A
    step = float(r[1] - r[0]) if r.size > 1 else 1.0
    g = gaussian_filter1d(distribution.g, smoothing_A / step, mode="nearest")
    heights = np.concatenate([[0.0], g])  # a first bin may be a maximum too
    peaks = [p - 1 for p in find_peaks(heights, height=1.0)[0] if _stands_out(heights, p)]
    if not peaks:
        raise ScienceError(
            f"g(r) has no shell within {distribution.edges_A[-1]:g} A", remedy="give a cutoff, or a longer range"
        )
    first, end = int(peaks[0]), int(peaks[1]) if len(peaks) > 1 else g.size - 1
    stretch = g[first : end + 1]
    lowest = np.flatnonzero(stretch <= stretch.min() + 1e-3 * g[first])
    minimum = first + int(lowest[0] + lowest[np.flatnonzero(np.diff(lowest, append=g.size) > 1)[0]]) // 2
    if len(peaks) == 1 and first + lowest[-1] == g.size - 1 and stretch.min() > 1e-3 * g[first]:
        raise ScienceError(
            f"g(r) has no minimum after its maximum at {r[first]:.2f} A within {distribution.edges_A[-1]:g} A",
            remedy="give a cutoff, or a longer range",
        )
    return FirstShell(float(r[first]), float(g[first]), float(r[minimum]), float(g[minimum]))


_STANDS_OUT = 0.25
"""Depth of the valleys on both sides of a shell over its height: noise has less, the second shell of a liquid more."""


def _stands_out(heights: np.ndarray, peak: int) -> bool:
    from scipy.signal import peak_prominences

    return bool(peak_prominences(heights, [peak])[0][0] >= _STANDS_OUT * heights[peak])
