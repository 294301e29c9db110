"""Radial distribution functions of each pair of elements, in periodic cells of any shape and size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


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
