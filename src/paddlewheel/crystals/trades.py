"""Occupants of a disordered crystal trade sites by any energy: Monte Carlo over the orderings of one cell.

Simulated annealing (Kirkpatrick et al. 1983, doi 10.1126/science.220.4598.671) by Metropolis steps that exchange two
unlike occupants of one pool of sites, vacancies among them. What Ewald energies of formal charges do not know, such as
covalency, an energy by a potential does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

VACANT = ""
_FIRST_TRADES = 20
"""All taken; their median change of the energy is the first temperature."""
_COOLING = 1e-3
"""Of the last temperature over the first, as in `annealing.cool`."""
_DRAWS = 200
"""For a trade that puts no two ions on sites too near each other."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedSites:
    """All sites of an ordered cell, and which of them may trade their occupants.

    Attributes
    ----------
    cell_A
        [3, 3], vectors in rows.
    scaled
        [n_sites, 3].
    occupants
        [n_sites] symbols, `VACANT` where there is none.
    pools
        Numbers of sites with equal occupancies, a pool each.
    too_near
        [2, n_pairs]: sites of which only one may be filled.
    """

    cell_A: np.ndarray
    scaled: np.ndarray
    occupants: np.ndarray
    pools: Sequence[np.ndarray]
    too_near: np.ndarray

    def atoms(self) -> Atoms:
        """Those that are there."""
        from ase import Atoms

        filled = self.occupants != VACANT
        return Atoms(list(self.occupants[filled]), scaled_positions=self.scaled[filled], cell=self.cell_A, pbc=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class Traded:
    """The lowest state that trades met, its energy, and how many were tried and taken."""

    sites: SharedSites
    energy_eV: float
    n_tried: int
    n_taken: int


def trade_sites(
    sites: SharedSites,
    energy_eV: Callable[[Atoms], float],
    *,
    n_tried: int,
    seed: int,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Traded:
    """Anneal the occupation of shared sites.

    Parameters
    ----------
    sites
        Where it begins.
    energy_eV
        Of a whole cell.
    n_tried
        Trades whose energy is looked at; fewer where no trade is possible.
    seed
        Of the trades: the same gives the same cell.
    watch
        Called with how many trades were tried, and of how many.

    Returns
    -------
    Traded
        The start itself where no trade leads lower.
    """
    random = np.random.default_rng(seed)
    occupants = sites.occupants.copy()
    neighbours: dict[int, list[int]] = {}
    for one, other in np.concatenate([sites.too_near.T, sites.too_near.T[:, ::-1]]).tolist():
        neighbours.setdefault(one, []).append(other)
    mixed = [pool for pool in sites.pools if len(set(occupants[pool])) > 1]  # trades leave what a pool holds
    energy = energy_eV(sites.atoms())
    best, lowest = sites, energy
    changes: list[float] = []
    taken = 0
    while len(changes) < n_tried and (trade := _trade(occupants, mixed, neighbours, random)) is not None:
        occupants[list(trade)] = occupants[list(trade[::-1])]
        new = energy_eV(replace(sites, occupants=occupants).atoms())
        change, heat_eV = new - energy, _temperature_eV(changes, n_tried)
        changes.append(abs(change))
        if change <= 0 or random.random() < math.exp(-change / heat_eV):
            energy, taken = new, taken + 1
            if energy < lowest:
                best, lowest = replace(sites, occupants=occupants.copy()), energy
        else:
            occupants[list(trade)] = occupants[list(trade[::-1])]
        watch(len(changes), n_tried)
    return Traded(sites=best, energy_eV=lowest, n_tried=len(changes), n_taken=taken)


def _temperature_eV(changes: Sequence[float], n_tried: int) -> float:
    """kT: without end for the first trades, then falling from the median change that they made."""
    later = len(changes) - _FIRST_TRADES
    if later < 0:
        return math.inf
    first_eV = max(float(np.median(changes[:_FIRST_TRADES])), 1e-6)
    return first_eV * _COOLING ** (later / max(n_tried - _FIRST_TRADES, 1))


def _trade(
    occupants: np.ndarray, pools: Sequence[np.ndarray], neighbours: dict[int, list[int]], random: np.random.Generator
) -> tuple[int, int] | None:
    """Two sites with unlike occupants of one of the pools, which hold several kinds; None where there are none, or each
    would be filled beside a site that is too near."""
    if not pools:
        return None
    sizes = np.array([len(pool) for pool in pools], dtype=float)
    for _ in range(_DRAWS):
        pool = pools[int(random.choice(len(pools), p=sizes / sizes.sum()))]
        first = int(random.choice(pool))
        second = int(random.choice(pool[occupants[pool] != occupants[first]]))
        if all(
            occupants[source] == VACANT
            or all(near == source or occupants[near] == VACANT for near in neighbours.get(site, ()))
            for source, site in ((first, second), (second, first))
        ):
            return first, second
    return None
