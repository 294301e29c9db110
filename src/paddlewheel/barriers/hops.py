"""Hops between sites: neighbours with no third site between them, and which of them symmetry leaves distinct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.barriers.network import Edge, percolation_levels
from paddlewheel.barriers.sites import SiteMaps, Sites
from paddlewheel.crystals.pairs import pairs_within

FARTHEST_A = 8.0
"""Longer hops are none: an ion that goes so far passes other places to be."""
_BETWEEN = 1.02
"""A third site on the sphere over the hop is between its ends; sites are known within some hundredths of an A."""


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A hop from the site `start` to the site `end` of the cell `shift`.

    Attributes
    ----------
    length_A
        Between the sites.
    family
        Number of its family: hops that the space group maps onto each other, forwards or backwards.
    as_first
        Whether the group maps the first hop of the family onto this one as it stands; otherwise onto its reverse.
    """

    start: int
    end: int
    shift: tuple[int, int, int]
    length_A: float
    family: int
    as_first: bool

    def edge(self) -> Edge:
        """As an edge of the network of sites."""
        return Edge(start=self.start, end=self.end, shift=self.shift)


@dataclass(frozen=True, kw_only=True)
class Hops:
    """All hops of a cell, each once; `symmetric` says of each family whether the group reverses it.

    `farthest_A` is the longest hop that was looked for.
    """

    hops: tuple[Hop, ...]
    symmetric: tuple[bool, ...]
    farthest_A: float

    def first_of(self, family: int) -> Hop:
        """The hop of a family that is computed."""
        return next(hop for hop in self.hops if hop.family == family)

    def multiplicity(self, family: int) -> int:
        """How many hops of the cell are of a family."""
        return sum(hop.family == family for hop in self.hops)


def hops_between(sites: Sites, maps: SiteMaps, cell_A: np.ndarray, *, farthest_A: float | None = None) -> Hops:
    """The hops of a crystal.

    A hop joins two sites between which there is no third: none within the sphere over the hop as its diameter (the
    Gabriel graph, doi 10.2307/2412323), the sphere's surface included. A hop to an image of its own site counts.

    Parameters
    ----------
    maps
        What the operations of the space group do to the sites.
    farthest_A
        Longest hop; by default as far as is needed for all directions to be joined by hops, 8 A at most.
    """
    edges, lengths = _neighbours(sites, cell_A, FARTHEST_A if farthest_A is None else farthest_A)
    if farthest_A is None:
        levels = percolation_levels(len(sites), edges, lengths, np.zeros(len(sites)))
        whole = levels.get("3D")
        farthest_A = FARTHEST_A if whole is None else whole.level_eV * _BETWEEN
        kept = [place for place, length in enumerate(lengths) if length <= farthest_A]
        edges, lengths = [edges[place] for place in kept], lengths[kept]
    return _in_families(edges, lengths, maps, farthest_A)


def _neighbours(sites: Sites, cell_A: np.ndarray, farthest_A: float) -> tuple[list[Edge], np.ndarray]:
    from ase import Atoms

    points = Atoms("X" * len(sites), scaled_positions=sites.fractional, cell=cell_A, pbc=True)
    pairs = pairs_within(points, cutoff_A=farthest_A)
    positions = points.get_positions()
    vectors = positions[pairs.second] + pairs.shifts @ cell_A - positions[pairs.first]
    around: list[list[np.ndarray]] = [[] for _ in range(len(sites))]
    for first, second, vector in zip(pairs.first, pairs.second, vectors, strict=True):
        around[first].append(vector)
        around[second].append(-vector)
    edges, lengths = [], []
    for first, second, shift, vector, length in sorted(
        zip(
            pairs.first.tolist(), pairs.second.tolist(), pairs.shifts.tolist(), vectors, pairs.distances_A, strict=True
        ),
        key=lambda pair: (round(float(pair[4]), 3), pair[:3]),
    ):
        others = np.array(around[first])
        from_middle = np.linalg.norm(others - vector / 2, axis=1)
        between = (from_middle < _BETWEEN * length / 2) & (np.linalg.norm(others - vector, axis=1) > 1e-3)
        if not between.any():
            edges.append(Edge(start=first, end=second, shift=(shift[0], shift[1], shift[2])))
            lengths.append(float(length))
    return edges, np.array(lengths)


def _in_families(edges: Sequence[Edge], lengths: np.ndarray, maps: SiteMaps, farthest_A: float) -> Hops:
    known = {(edge.start, edge.end, edge.shift): place for place, edge in enumerate(edges)}
    family, as_first = np.full(len(edges), -1), np.ones(len(edges), dtype=bool)
    symmetric: list[bool] = []
    for place, edge in enumerate(edges):
        if family[place] >= 0:
            continue
        number, reversed_by_group = len(symmetric), False
        moved = np.einsum("gij,j->gi", maps.rotations, np.array(edge.shift))
        shifts = moved + maps.shift[:, edge.end] - maps.shift[:, edge.start]
        for start, end, shift in zip(
            maps.site[:, edge.start].tolist(), maps.site[:, edge.end].tolist(), shifts.tolist(), strict=True
        ):
            forwards = known.get((start, end, tuple(shift)))
            backwards = known.get((end, start, tuple(-value for value in shift)))
            for image, is_as_first in ((forwards, True), (backwards, False)):
                if image is None:
                    continue
                if family[image] < 0:
                    family[image], as_first[image] = number, is_as_first
                elif image == place and not is_as_first:
                    reversed_by_group = True
        symmetric.append(reversed_by_group)
    hops = tuple(
        Hop(
            start=edge.start, end=edge.end, shift=edge.shift, length_A=float(length), family=int(number),
            as_first=bool(forwards),
        )
        for edge, length, number, forwards in zip(edges, lengths, family, as_first, strict=True)
    )  # fmt: skip
    return Hops(hops=hops, symmetric=tuple(symmetric), farthest_A=float(farthest_A))
