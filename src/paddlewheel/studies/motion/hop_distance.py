"""How far apart two sites of an ion are, told by the material: by the framework that makes the cage of the ion.

Sites that share a face lie on both sides of it. In a close-packed framework the way from a tetrahedron to the next
octahedron is as long as the distance from the middle of the tetrahedron to its corners (sqrt(3)/4 of the cubic edge,
both), from one octahedron to the next sqrt(2) of its own; in fluorite F moves 1.15 times its distance to Ca, in
perovskite O sqrt(2) times that to the small cation, between tetrahedra of bcc anions (AgI) Ag 0.63 times that to I.
So the distance of an ion to the framework is that of its hops within 0.6 to 1.4, in any material, and also where ions
are few, so that the distance between them says nothing. Distances between the ions, or the minimum of the van Hove
function, need full sites or a run with hops.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.anions import BOND_TOLERANCE_A, BONDING_ELEMENTS
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.transport.diffusion import DEFAULT_HOP_DISTANCE_A

if TYPE_CHECKING:
    from paddlewheel.trajectories import Trajectory

FARTHEST_A = 4.2
"""Beyond it nothing holds an ion: Cs is 3.95 A from I in CsI, the largest pair of ions that conduct."""
_FIRST_FRAMES, _FRAMES = 400, 20
"""The cage is looked at in 20 of the first 400 frames: a distance of the structure, which a few picoseconds tell."""


@dataclass(frozen=True)
class HopDistance:
    """Distance of a hop (A), and in words where it comes from."""

    value_A: float
    origin: str


def hop_distance(trajectory: Trajectory, *, specie: str, given_A: float | None = None) -> HopDistance:
    """The distance of a hop of the ions `specie`: as given, else the median distance of one to the nearest other atom.

    An atom that the ion is bonded to (H to O) is no cage: the next one counts, since around its own atom an ion only
    turns. Where no atom is within `FARTHEST_A` of most ions, `DEFAULT_HOP_DISTANCE_A` is taken, and said.

    Parameters
    ----------
    trajectory
        Of one run, without its equilibration.
    given_A
        By hand.
    """
    if given_A is not None:
        return HopDistance(given_A, "given")
    nearest_A, names = _nearest(trajectory, specie)
    median_A = float(np.median(nearest_A))
    if not np.isfinite(median_A):
        return HopDistance(
            DEFAULT_HOP_DISTANCE_A, f"assumed: no other atom is within {FARTHEST_A:g} A of most {specie}"
        )
    return HopDistance(
        round(median_A, 2),
        f"median distance of {specie} to the nearest other atom (mostly {names.most_common(1)[0][0]})",
    )


def _nearest(trajectory: Trajectory, specie: str) -> tuple[np.ndarray, Counter[str]]:
    """Distance to the nearest atom that is not bonded, of every ion in every frame looked at (inf beyond
    `FARTHEST_A`), and of which elements these are."""
    from ase import Atoms
    from ase.data import atomic_numbers, covalent_radii

    symbols = np.array(trajectory.symbols)
    ions = np.flatnonzero(symbols == specie)
    radii_A = covalent_radii[[atomic_numbers[symbol] for symbol in symbols]]
    bonding = np.isin(symbols, sorted(BONDING_ELEMENTS))
    block = next(trajectory.blocks(max_bytes=24 * trajectory.n_atoms * _FIRST_FRAMES))
    found, names = [], Counter()
    for row in np.unique(np.linspace(0, len(block.positions_A) - 1, _FRAMES).astype(int)):
        atoms = Atoms(trajectory.symbols, positions=block.positions_A[row], cell=block.cell_A[row], pbc=True)
        pairs = pairs_within(atoms, cutoff_A=FARTHEST_A)
        ion, other = np.concatenate([[pairs.first, pairs.second], [pairs.second, pairs.first]], axis=1)
        away_A = np.tile(pairs.distances_A, 2)
        bonded = bonding[ion] & bonding[other] & (away_A < radii_A[ion] + radii_A[other] + BOND_TOLERANCE_A)
        kept = (symbols[ion] == specie) & (symbols[other] != specie) & ~bonded
        order = np.flatnonzero(kept)[np.argsort(away_A[kept], kind="stable")]
        first_of, at = np.unique(ion[order], return_index=True)
        nearest_A = np.full(len(symbols), np.inf)
        nearest_A[first_of] = away_A[order][at]
        names.update(symbols[other[order][at]].tolist())
        found.append(nearest_A[ions])
    return np.concatenate(found), names
