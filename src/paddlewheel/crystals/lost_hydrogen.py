"""Hydrogens that a crystal seems to lack: X-rays do not see them, and files without a formula do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.anions import BOND_TOLERANCE_A, find_polyanions
from paddlewheel.crystals.pairs import Pairs, pairs_within
from paddlewheel.crystals.valences import (
    BOND_CUTOFF_A,
    bond_valence_sums,
    bond_valences,
    guess_oxidation,
    sum_of_radii,
)

if TYPE_CHECKING:
    from ase import Atoms

_ALONE_A = 0.3
"""Beyond the sum of the covalent radii: an atom without any neighbour that near is no boride."""
_BARE, _SHORT = {"O": 0.7, "N": 0.7}, {"O": 1.3, "N": 1.8}
"""Sums of bond valences below which O of an oxide (2) or N of a nitride (3) is none: of water or ammonia whatever the
charges, of OH or NH2 where the crystal is not neutral with oxide and nitride either."""
_STATES = {"O": -2.0, "N": -3.0}
_FEWEST_IN_CAGE = 4


def lost_hydrogen(atoms: Atoms) -> str | None:
    """Why an ordered crystal seems to lack hydrogens, in words; None where nothing says so.

    Told from O, N and B that bond to hardly anything (water, NH4, BH4), from O and N of low bond valence in a crystal
    that is not neutral with oxide and nitride (OH, NH2), and from cages of bare B. Where the metals take up the charge
    (FeO2 for FeOOH) it is not seen.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    if not set(symbols) & {"O", "N", "B"}:
        return None
    pairs = pairs_within(atoms, cutoff_A=BOND_CUTOFF_A)
    sums, alone, catenated = _surroundings(symbols, pairs)
    found = alone & (symbols == "B")
    for symbol, least in _BARE.items():
        found |= (symbols == symbol) & (sums < least) & ~catenated
    if not _is_neutral(symbols, pairs):
        for symbol, least in _SHORT.items():
            found |= (symbols == symbol) & (sums < least) & ~catenated
    for group in find_polyanions(atoms):
        if len(group.indices) >= _FEWEST_IN_CAGE and set(symbols[list(group.indices)]) == {"B"}:
            found[list(group.indices)] = True
    if not found.any():
        return None
    first = int(np.flatnonzero(found)[0])
    counts = ", ".join(f"{int((found & (symbols == s)).sum())} {s}" for s in sorted(set(symbols[found])))
    return (
        f"hydrogens seem to be missing: {counts} (the first: {symbols[first]} {first + 1}) with too few bonds; take a "
        "structure with its H atoms located, or add them"
    )


def _surroundings(symbols: np.ndarray, pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each atom: its bond valence, whether nothing is near, and whether it is bonded to its own element."""
    n = len(symbols)
    sums, alone, catenated = np.zeros(n), np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    ends = np.stack([symbols[pairs.first], symbols[pairs.second]], axis=1)
    for one, other in {tuple(sorted(pair)) for pair in ends.tolist()}:
        of_these = ((ends == (one, other)).all(axis=1)) | ((ends == (other, one)).all(axis=1))
        first, second, lengths_A = pairs.first[of_these], pairs.second[of_these], pairs.distances_A[of_these]
        touching = lengths_A < sum_of_radii(one, other) + _ALONE_A
        for atoms in (first, second):
            alone[atoms[touching]] = False
        if one == other:
            bonded = lengths_A < sum_of_radii(one, other) + BOND_TOLERANCE_A
            catenated[first[bonded]] = catenated[second[bonded]] = True
            continue
        values = bond_valences(one, other, lengths_A)
        np.add.at(sums, first, values)
        np.add.at(sums, second, values)
    return sums, alone, catenated


def _is_neutral(symbols: np.ndarray, pairs: Pairs) -> bool:
    """Whether the crystal is neutral with oxide and nitride, the other elements in any state."""
    elements = sorted(set(symbols.tolist()))
    occupancies = (symbols[:, None] == np.array(elements)).astype(float)
    amounts = {symbol: float((symbols == symbol).sum()) for symbol in elements}
    given = {symbol: state for symbol, state in _STATES.items() if symbol in amounts}
    valences = bond_valence_sums(elements, occupancies, pairs)
    return guess_oxidation(amounts, valences, given) is not None
