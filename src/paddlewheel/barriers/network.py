"""The network of sites and hops: at which energy it first joins a site to its own periodic images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AXES = ("a", "b", "c")
DIMENSIONS = ("1D", "2D", "3D")


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A way from the site `start` to the site `end` of the cell `shift`."""

    start: int
    end: int
    shift: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Level:
    """Where a direction opens.

    Attributes
    ----------
    level_eV
        Energy of the highest saddle on the lowest way.
    lowest_eV
        Of the sites that are joined to that way without going higher.
    edge
        Place of that saddle among the edges.
    """

    level_eV: float
    lowest_eV: float
    edge: int

    @property
    def barrier_eV(self) -> float:
        """From the lowest site to the highest saddle: what an ion on that way has to climb at most."""
        return self.level_eV - self.lowest_eV


def percolation_levels(
    n_sites: int, edges: Sequence[Edge], saddle_eV: np.ndarray, site_eV: np.ndarray
) -> dict[str, Level]:
    """The lowest levels at which sites and saddles below them connect to their own periodic images.

    Hops are added from the lowest saddle up to a union-find forest in which each site carries its lattice translation
    from its root; two ends that are in one tree already close a loop, whose winding is the difference of their
    translations (Newman and Ziff, doi 10.1103/PhysRevE.64.016706; Machta et al., doi 10.1103/PhysRevE.54.1332).

    Parameters
    ----------
    n_sites
        Of one cell.
    saddle_eV, site_eV
        Energies `[n_edges]` and `[n_sites]` on one scale.

    Returns
    -------
    By ``a``, ``b``, ``c`` (a loop with a component along that vector), ``1D`` (any loop), ``2D``, ``3D`` (two, three
    independent loops in one connected part); what does not percolate is absent.
    """
    forest = _Forest(n_sites, np.asarray(site_eV, dtype=float))
    found: dict[str, Level] = {}
    for place in np.argsort(saddle_eV, kind="stable").tolist():
        edge = edges[place]
        root = forest.join(edge.start, edge.end, np.array(edge.shift))
        loops = forest.loops[root]
        if not loops:
            continue
        names = [AXES[axis] for axis in range(3) if any(loop[axis] for loop in loops)]
        for name in names + list(DIMENSIONS[: len(loops)]):
            found.setdefault(
                name, Level(level_eV=float(saddle_eV[place]), lowest_eV=float(forest.lowest[root]), edge=place)
            )
    return found


class _Forest:
    """Trees of joined sites; `loops` holds independent windings of each, `lowest` the lowest energy in it."""

    def __init__(self, n_sites: int, site_eV: np.ndarray) -> None:
        self._parent = list(range(n_sites))
        self._shift = [np.zeros(3, dtype=int) for _ in range(n_sites)]
        self.loops: list[list[np.ndarray]] = [[] for _ in range(n_sites)]
        self.lowest = site_eV.tolist()

    def _root(self, site: int) -> tuple[int, np.ndarray]:
        """The root of a site, and the cell of the site counted from its root's."""
        shift = np.zeros(3, dtype=int)
        while self._parent[site] != site:
            shift = shift + self._shift[site]
            site = self._parent[site]
        return site, shift

    def join(self, start: int, end: int, shift: np.ndarray) -> int:
        """Join two sites, the second in the cell `shift` from the first's; the root of the tree they are in then."""
        (one, from_one), (other, from_other) = self._root(start), self._root(end)
        step = from_one + shift - from_other
        if one == other:
            self._wind(one, step)
            return one
        self._parent[other], self._shift[other] = one, step
        self.lowest[one] = min(self.lowest[one], self.lowest[other])
        for loop in self.loops[other]:
            self._wind(one, loop)
        return one

    def _wind(self, root: int, loop: np.ndarray) -> None:
        trial = [*self.loops[root], loop]
        if np.linalg.matrix_rank(np.array(trial)) == len(trial):
            self.loops[root] = trial
