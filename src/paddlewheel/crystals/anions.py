"""Polyanions from bonds: BH4, B12H12, PS4, ClO4, NH2, ... in any structure, with their periodic images put together."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ase import Atoms

# Non-metals and metalloids in the order of IUPAC's element sequence (Red Book 2005, table VI): the order in formulas.
_FORMULA_ORDER = ("B", "Si", "C", "Ge", "Sb", "As", "P", "N", "H", "Te", "Se", "S", "I", "Br", "Cl", "O", "F")
BONDING_ELEMENTS = frozenset(_FORMULA_ORDER)
"""Elements that bond covalently to each other here; all others are taken for metals and bond to nothing."""

BOND_TOLERANCE_A = 0.45
"""A bond is shorter than the sum of the covalent radii plus this: the margin that Open Babel perceives molecules with.

It holds at MD temperatures too: B-H up to 1.60 A (1.2 at rest), B-B up to 2.13 A (1.78; next in the cage 2.88)."""

# usual names that the sequence above does not give
_USUAL = {"HO": "OH", "CNS": "SCN", "CNO": "OCN"}


@dataclass(frozen=True)
class Polyanion:
    """One covalently bonded group of atoms.

    Attributes
    ----------
    indices
        The atoms, ascending, `n` of them.
    formula
        In the usual order of elements: `B12H12`, `BH4`, `PS4`, `OH`, `ClO4`, ...
    centre
        Index of the atom bonded to all others (B of BH4); None where there is none (B12H12, CN).
    bonds
        Pairs of atom indices, `[n_bonds, 2]`, ascending.
    bond_lengths_A
        Their lengths in the structure that was searched, `[n_bonds]`.
    shifts
        Lattice translations that bring the atoms together, integers `[n, 3]`, zero for the first atom: the group is
        `positions[indices] + shifts @ cell` (see `gather`).
    """

    indices: tuple[int, ...]
    formula: str
    centre: int | None
    bonds: np.ndarray
    bond_lengths_A: np.ndarray
    shifts: np.ndarray


def find_polyanions(
    atoms: Atoms, *, tolerance_A: float = BOND_TOLERANCE_A, also_bonding: Collection[str] = ()
) -> list[Polyanion]:
    """Find the finite groups of two or more covalently bonded atoms.

    Two non-metal atoms (metalloids included) are bonded when they are closer than the sum of their covalent radii
    (Cordero et al., doi 10.1039/b801115j) plus `tolerance_A`. Metals never bond, so that Na-H contacts join nothing;
    a complex of a metal (AlH4, SnS4) is found when its metal is named in `also_bonding`.

    Not reported: single atoms (Cl-, S2-), and networks that reach their own periodic image (SiO2, chains of
    metaphosphate), which are no molecules. The charge is not looked at: H2O, NH3 or NH4+ are found as well.

    Parameters
    ----------
    atoms
        A periodic structure. Frames of an MD run will do, as long as no bond is broken.
    tolerance_A
        Margin over the covalent radii, A.
    also_bonding
        Symbols of metals that are to bond like non-metals (to non-metals and to each other).

    Returns
    -------
    Ordered by the first atom of each.

    Raises
    ------
    SettingsError
        If `tolerance_A` is not between 0 and 1 A, or `also_bonding` names no element.
    """
    from ase.data import atomic_numbers, covalent_radii

    if not 0 <= tolerance_A <= 1:
        raise SettingsError(f"bond tolerance {tolerance_A} A", remedy="give a value from 0 to 1 A (0.45 is usual)")
    if unknown := sorted(set(also_bonding) - set(atomic_numbers)):
        raise SettingsError(f"{unknown[0]!r} is no element", where="also_bonding", remedy="give chemical symbols")
    symbols = np.asarray(atoms.get_chemical_symbols())
    candidates = np.flatnonzero(np.isin(symbols, sorted(BONDING_ELEMENTS | set(also_bonding))))
    if len(candidates) < 2:
        return []
    subset = atoms[candidates]
    radii = covalent_radii[np.asarray(subset.numbers)]
    pairs = pairs_within(subset, cutoff_A=float(2 * radii.max() + tolerance_A))
    bonded = pairs.distances_A < radii[pairs.first] + radii[pairs.second] + tolerance_A
    first, second = candidates[pairs.first[bonded]], candidates[pairs.second[bonded]]
    shifts, lengths = pairs.shifts[bonded], pairs.distances_A[bonded]

    neighbours: dict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for i, j, shift in zip(first.tolist(), second.tolist(), shifts.tolist(), strict=True):
        neighbours[i].append((j, tuple(shift)))
        neighbours[j].append((i, tuple(-s for s in shift)))
    groups = _finite_groups(neighbours)
    owner = {atom: number for number, group in enumerate(groups) for atom in group}
    members: list[list[int]] = [[] for _ in groups]
    for bond, atom in enumerate(first.tolist()):
        if atom in owner:
            members[owner[atom]].append(bond)
    return [
        _polyanion(group, np.sort(np.stack([first[b], second[b]], axis=1), axis=1), lengths[b], symbols)
        for group, b in zip(groups, members, strict=True)
    ]


def gather(atoms: Atoms, polyanion: Polyanion) -> np.ndarray:
    """Return the positions of a polyanion's atoms as one molecule, not cut by the cell, A, `[n, 3]`.

    Parameters
    ----------
    atoms
        The structure in which the polyanion was found (same cell and images).
    polyanion
        One of `find_polyanions`; the rows follow `polyanion.indices`.
    """
    return atoms.get_positions()[list(polyanion.indices)] + polyanion.shifts @ atoms.cell.array


def _finite_groups(neighbours: dict[int, list[tuple[int, tuple[int, ...]]]]) -> list[dict[int, tuple[int, ...]]]:
    """Walk along the bonds: every connected group as `{atom: shift}`; groups that reach their own image left out."""
    seen: set[int] = set()
    groups = []
    for start in sorted(neighbours):
        if start in seen:
            continue
        placed: dict[int, tuple[int, ...]] = {start: (0, 0, 0)}
        stack, infinite = [start], False
        while stack:
            atom = stack.pop()
            for other, shift in neighbours[atom]:
                image = tuple(a + b for a, b in zip(placed[atom], shift, strict=True))
                if other not in placed:
                    placed[other] = image
                    stack.append(other)
                elif placed[other] != image:
                    infinite = True
        seen.update(placed)
        if not infinite:
            groups.append(dict(sorted(placed.items())))
    return groups


def _polyanion(
    group: dict[int, tuple[int, ...]], bonds: np.ndarray, lengths: np.ndarray, symbols: np.ndarray
) -> Polyanion:
    indices = tuple(group)
    order = np.lexsort((bonds[:, 1], bonds[:, 0]))
    return Polyanion(
        indices=indices,
        formula=_formula(indices, bonds, symbols),
        centre=_centre(indices, bonds, symbols),
        bonds=bonds[order],
        bond_lengths_A=lengths[order],
        shifts=np.array([group[i] for i in indices], dtype=int),
    )


def _centre(indices: tuple[int, ...], bonds: np.ndarray, symbols: np.ndarray) -> int | None:
    if len(indices) == 2:  # each is bonded to all others: take the heavy atom of OH or SH, none in CN or S2
        heavy = [i for i in indices if symbols[i] != "H"]
        return heavy[0] if len(heavy) == 1 else None
    degree = Counter(bonds.ravel().tolist())
    hubs = [i for i in indices if degree[i] == len(indices) - 1]
    return hubs[0] if len(hubs) == 1 else None


def _formula(indices: tuple[int, ...], bonds: np.ndarray, symbols: np.ndarray) -> str:
    counts = Counter(symbols[list(indices)].tolist())
    order = [s for s in counts if s not in BONDING_ELEMENTS] + [s for s in _FORMULA_ORDER if s in counts]
    if {"B", "C", "H"} <= set(order):  # carboranes: CB11H12
        order.remove("C")
        order.insert(order.index("B"), "C")
    if "O" in counts and "H" in counts and len(counts) > 2 and _only_on_oxygen(bonds, symbols):
        order.remove("H")  # acids: HSO4, H2PO4, HCO3
        order.insert(0, "H")
    text = "".join(f"{s}{counts[s] if counts[s] > 1 else ''}" for s in order)
    return _USUAL.get(text, text)


def _only_on_oxygen(bonds: np.ndarray, symbols: np.ndarray) -> bool:
    kinds = symbols[bonds]
    partners = np.where(kinds[:, 0] == "H", kinds[:, 1], kinds[:, 0])[(kinds == "H").any(axis=1)]
    return bool((partners == "O").all())
