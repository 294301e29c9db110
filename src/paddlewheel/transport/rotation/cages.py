"""Rigid anions as bodies: which atoms, their masses, and which of them are the outer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from paddlewheel.crystals import Polyanion

LINEAR_WIDTH_A = 0.2
"""An anion whose atoms are all nearer than this to one axis is linear: its turning about that axis is not defined."""


@dataclass(frozen=True)
class Cage:
    """One anion to follow.

    Attributes
    ----------
    formula
        Its kind, such as B12H12.
    indices
        Its atoms, `[n]`.
    symbols
        Their chemical symbols.
    masses_u
        Their masses, `[n]`, in u, as the run had them.
    shifts
        `[n, 3]` lattice translations that bring its atoms together in the first frame.
    is_outer
        `[n]`, the atoms of the element that is farthest from the centre of mass (H of BH4 and B12H12, S of PS4).
    """

    formula: str
    indices: np.ndarray
    symbols: tuple[str, ...]
    masses_u: np.ndarray
    shifts: np.ndarray
    is_outer: np.ndarray


def cages_of(
    polyanions: Sequence[Polyanion],
    *,
    symbols: Sequence[str],
    masses_u: np.ndarray,
    positions_A: np.ndarray,
    cell_A: np.ndarray,
) -> tuple[list[Cage], list[str]]:
    """The polyanions that can be followed as rigid bodies, and the formulas of the linear ones that cannot.

    Parameters
    ----------
    polyanions
        As `crystals.find_polyanions` finds them in the first frame.
    symbols, masses_u
        Of all atoms.
    positions_A, cell_A
        The first frame, `[n_atoms, 3]` and `[3, 3]`.
    """
    cages, linear = [], []
    for anion in polyanions:
        indices = np.array(anion.indices)
        masses = np.asarray(masses_u, dtype=np.float64)[indices]
        places = positions_A[indices] + anion.shifts @ cell_A
        places = places - masses @ places / masses.sum()
        # the second singular value over sqrt(n) is the rms width perpendicular to the long axis
        if len(indices) < 3 or np.linalg.svd(places)[1][1] / np.sqrt(len(indices)) < LINEAR_WIDTH_A:
            linear.append(anion.formula)
            continue
        names = tuple(str(symbols[index]) for index in indices)
        distances = np.linalg.norm(places, axis=1)
        means = {name: distances[np.array(names) == name].mean() for name in names}
        outer = max(sorted(means), key=lambda name: means[name])
        cages.append(Cage(anion.formula, indices, names, masses, np.asarray(anion.shifts), np.array(names) == outer))
    return cages, sorted(set(linear))
