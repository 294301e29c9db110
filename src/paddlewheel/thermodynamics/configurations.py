"""Free energy of a crystal that can be ordered in several ways, and the most that its disorder can do.

The orderings i of one cell of N atoms, each with the Gibbs energy G_i of the **whole cell** and g_i images under the
symmetry of the disordered crystal, have the free energy (Grau-Crespo et al., J. Phys.: Condens. Matter 19, 256201
(2007), doi 10.1088/0953-8984/19/25/256201)

    F = -kT ln sum_i g_i exp(-G_i / kT),

which lies below the lowest G_i and falls with the temperature. A list of some orderings is a part of the sum: its F is
an upper bound of the cell's. A lower bound is the lowest energy with the entropy of ideal mixing, as if no ordering
had a higher energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paddlewheel.units import BOLTZMANN_eV_PER_K


@dataclass(frozen=True, kw_only=True)
class Disorder:
    """One kind of disorder of a phase: ions over positions, or anions over orientations.

    Attributes
    ----------
    what
        In words, with the source.
    n_atoms
        Of the piece of crystal that `positions` or one anion belong to.
    filled, positions
        Ions, and the positions that they are spread over at random.
    orientations
        Of each anion that the symmetry of the phase holds equal.
    """

    what: str
    n_atoms: int
    filled: int = 0
    positions: int = 0
    orientations: int = 1

    @property
    def entropy_kB_per_atom(self) -> float:
        """Of ideal mixing, in a crystal without end: the most that this disorder has, since real ions avoid each other.

        -[x ln x + (1 - x) ln(1 - x)] a position that is filled by x, and ln(orientations) an anion.
        """
        total = float(np.log(self.orientations))
        if self.positions:
            share = self.filled / self.positions
            total -= self.positions * sum(x * np.log(x) for x in (share, 1 - share) if x > 0)
        return float(total) / self.n_atoms


def free_energy_of_orderings(
    gibbs_eV_per_atom: NDArray[np.float64], temperatures_K: Sequence[float], *, n_atoms: int,
    degeneracies: Sequence[float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """F of the orderings of one cell, per atom, and the probability of each; see the module.

    Parameters
    ----------
    gibbs_eV_per_atom
        [n_orderings, n_temperatures].
    temperatures_K
        [n_temperatures]; at 0 K F is the lowest energy.
    n_atoms
        Of the cell that was ordered: its size decides how an energy per atom weighs against kT.
    degeneracies
        [n_orderings] g_i.

    Returns
    -------
    F [n_temperatures] in eV/atom, and [n_orderings, n_temperatures], whose columns sum to 1. dF/dG_i is the probability
    of i, so that errors dG_i of the orderings make sum_i p_i dG_i.
    """
    kT = BOLTZMANN_eV_PER_K * np.maximum(np.asarray(temperatures_K, dtype=float), 1e-3)
    lowest = gibbs_eV_per_atom.min(axis=0)
    terms = np.asarray(degeneracies, dtype=float)[:, None] * np.exp(-(gibbs_eV_per_atom - lowest) * n_atoms / kT)
    total = terms.sum(axis=0)
    return lowest - kT / n_atoms * np.log(total), terms / total
