"""Monte Carlo over the sites of a disordered cell: swaps inside pools of sites, cooled down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def _compiled(function: Callable) -> Any:
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # nowhere to keep the code: a home that cannot be written
        return njit(nogil=True)(function)


@_compiled
def cool(
    occupants: np.ndarray,
    charges: np.ndarray,
    fills: np.ndarray,
    coulomb_eV: np.ndarray,
    exclusion_eV: np.ndarray,
    sites: np.ndarray,
    starts: np.ndarray,
    lots: np.ndarray,
) -> np.ndarray:
    """States after each sweep of a simulated annealing, `[n_sweeps, n]`; a swap is priced from two fields at its sites.

    The first sweep takes every swap and measures the scale of the energies (their median); the temperature then falls
    from it by three decades.

    Parameters
    ----------
    occupants
        Of each site at the start, indices into `charges` and `fills`, `[n]`.
    charges, fills
        Of each occupant: its charge, e, and whether the site is filled, `[n_occupants]`.
    coulomb_eV, exclusion_eV
        Energies of pairs, `[n, n]`: `q @ coulomb @ q + f @ exclusion @ f`.
    sites, starts
        The sites of each pool one after another, and where each pool begins, its end last.
    lots
        Random numbers from 0 to 1 for the two sites and the acceptance of each swap, `[n_sweeps, n_swaps, 3]`.
    """
    n, n_sweeps, n_moves = len(occupants), lots.shape[0], lots.shape[1]
    state = occupants.copy()
    kept = np.empty((n_sweeps, n), dtype=occupants.dtype)
    potential, crowding = np.zeros(n), np.zeros(n)
    for i in range(n):
        q, f = charges[state[i]], fills[state[i]]
        if q != 0.0 or f != 0.0:
            for j in range(n):
                potential[j] += 2 * q * coulomb_eV[i, j]
                crowding[j] += 2 * f * exclusion_eV[i, j]
    changes = np.zeros(n_moves)
    scale = 1.0
    for sweep in range(n_sweeps):
        n_changes = 0
        temperature_eV = scale * 10.0 ** (-3.0 * sweep / n_sweeps)
        for move in range(n_moves):
            place = int(lots[sweep, move, 0] * len(sites))  # a pool by the number of its sites
            pool = np.searchsorted(starts, place, side="right") - 1
            i = sites[place]
            j = sites[starts[pool] + int(lots[sweep, move, 1] * (starts[pool + 1] - starts[pool]))]
            if state[i] == state[j]:
                continue
            d = charges[state[j]] - charges[state[i]]
            g = fills[state[j]] - fills[state[i]]
            delta = d * (potential[i] - potential[j])
            delta += d * d * (coulomb_eV[i, i] + coulomb_eV[j, j] - 2 * coulomb_eV[i, j])
            if g != 0.0:
                delta += g * (crowding[i] - crowding[j])
                delta += g * g * (exclusion_eV[i, i] + exclusion_eV[j, j] - 2 * exclusion_eV[i, j])
            changes[n_changes] = abs(delta)
            n_changes += 1
            if sweep == 0 or delta <= 0 or lots[sweep, move, 2] < np.exp(-delta / temperature_eV):
                state[i], state[j] = state[j], state[i]
                for k in range(n):
                    potential[k] += 2 * d * (coulomb_eV[i, k] - coulomb_eV[j, k])
                if g != 0.0:
                    for k in range(n):
                        crowding[k] += 2 * g * (exclusion_eV[i, k] - exclusion_eV[j, k])
        if sweep == 0:
            scale = max(np.median(changes[:n_changes]), 1e-6) if n_changes else 1.0
        kept[sweep] = state  # hot ones too: small cells have few orderings, and those are wanted as well
    return kept
