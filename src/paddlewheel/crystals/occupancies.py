"""How many ions go on the sites of a disordered crystal: pools of sites, integer counts, charges."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.formats import OCCUPANCY_ROUNDING
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.crystals.supercell import supercell_repeats
from paddlewheel.crystals.valences import (
    BOND_CUTOFF_A,
    LARGEST_IMBALANCE,
    bond_valence_sums,
    guess_oxidation,
    sum_of_radii,
    takes_up_charge,
)
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

OCCUPANCY_TOLERANCE = 0.01
"""An occupancy may change by this much when a finite cell rounds it: about the standard deviation of a refinement."""
SMALLEST = "smallest"
"""In place of a supercell: the fewest unit cells that hold the composition."""
_COMPOSITION_TOLERANCE = 0.02
"""Of an element's amount, over all atoms, in the smallest cell."""
MOST_ATOMS_FOR_INTEGERS = 300
"""Up to so many atoms a cell grows by itself until its counts are integers."""

_SEPARATION, _SEPARATION_OF_LIKE = 0.6, 0.42
"""Of the sum of the covalent radii: positions nearer than that are never filled both (Li-O 1.2 A, P-S 1.3, B-H 0.7;
of one element Na-Na 1.4)."""
_SPLIT_A = 1.0
"""Nor are any two positions nearer than that, but of hydrogen."""
_SPLIT_H_A = 0.7
_SLENDER = 2.1
"""Longest over shortest axis of a cell that is taken for its whole numbers."""
_COUNT_WEIGHT = 1e-3
_CHARGE_WEIGHT, _MIXED_WEIGHT = 25.0, 1.0
"""Of an e of charge that is left, where an atom weighs as many as it has electrons: neutrality is worth light ions and
a La more or less, not the exchange of heavy ions (Al for Ti 35, Ta for Zr 113). Of an element whose mean oxidation
state may change, little."""


@dataclass(frozen=True)
class Pool:
    """Sites that share one partial occupation, and the numbers of ions to distribute over them.

    Attributes
    ----------
    sites
        Indices of the sites, `[n]`.
    symbols
        The elements that the sites may hold.
    counts
        How many of each; the remaining sites stay vacant.
    """

    sites: np.ndarray
    symbols: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """Integer numbers of ions in a supercell.

    Attributes
    ----------
    pools
        Of the partly occupied sites.
    change
        Largest change of an occupancy that it took.
    wanted, taken
        Atoms of each element by the occupancies, and the integers.
    charge_e
        What is left of charge; 0 unless nothing takes it up.
    charges
        Mean oxidation states, of an element with several as the counts need it.
    """

    pools: tuple[Pool, ...]
    change: float
    wanted: Mapping[str, float]
    taken: Mapping[str, int]
    charge_e: float
    charges: Mapping[str, float]

    @property
    def share_changed(self) -> float:
        """Largest change of an element's amount, over all atoms."""
        total = sum(self.wanted.values())
        return max((abs(self.taken[s] - wanted) / total for s, wanted in self.wanted.items()), default=0.0)


def site_occupancies(structure: Structure, where: str | Path | None) -> list[dict[str, float]]:
    """Return `{symbol: occupancy}` of every site; oxidation states, isotopes and rounding of the file are dropped.

    Raises
    ------
    StructureError
        If a site holds something that is no element, or its occupancies are negative or add up to over 1.
    """
    from pymatgen.core import Element, Species

    rows = []
    for site in structure:
        row: dict[str, float] = {}
        for specie, share in site.species.items():
            if not isinstance(specie, (Element, Species)):
                raise StructureError(
                    f"{specie} (site {site.label}) is no element", where=where, remedy="name its element"
                )
            if share > 0:
                row[specie.symbol] = row.get(specie.symbol, 0.0) + float(share)
        if not row or not sum(row.values()) <= 1 + OCCUPANCY_TOLERANCE or min(site.species.values()) < 0:
            content = ", ".join(f"{specie} {share:.4g}" for specie, share in site.species.items())
            raise StructureError(
                f"site {site.label} cannot be filled so ({content})", where=where,
                remedy="write occupancies above 0 that add up to 1 at most",
            )  # fmt: skip
        rows.append({symbol: 1.0 if share > 1 - OCCUPANCY_ROUNDING else share for symbol, share in row.items()})
    return rows


def is_ordered(row: Mapping[str, float]) -> bool:
    """Whether a site holds one element, fully."""
    return len(row) == 1 and next(iter(row.values())) == 1.0


def exclusive_pairs(
    rows: Sequence[Mapping[str, float]], cell_A: np.ndarray, scaled: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of sites that are never filled both, `[n_pairs]` each; one of the two at least is partly occupied.

    A site near its own image is left out: only another cell could help it.
    """
    from ase import Atoms

    sites = Atoms(["X"] * len(rows), scaled_positions=scaled, cell=cell_A, pbc=True)
    pairs = pairs_within(sites, cutoff_A=2.5)
    nearest: dict[tuple[frozenset, frozenset, bool], float] = {}
    first, second = [], []
    for i, j, distance in zip(pairs.first, pairs.second, pairs.distances_A, strict=True):
        if i == j or (is_ordered(rows[i]) and is_ordered(rows[j])):
            continue
        key = frozenset(rows[i]), frozenset(rows[j]), is_ordered(rows[i]) or is_ordered(rows[j])
        if key not in nearest:
            # that a full site is near is the file's word; it excludes only what no structure has
            share = _SEPARATION_OF_LIKE if key[2] else _SEPARATION
            nearest[key] = max(_nearest_A(a, b, share) for a, b in itertools.product(*key[:2]))
        if distance < nearest[key]:
            first.append(i)
            second.append(j)
    return np.array(first, dtype=int), np.array(second, dtype=int)


def _nearest_A(first: str, second: str, share: float) -> float:
    least = _SPLIT_H_A if "H" in (first, second) else _SPLIT_A
    return max(least, (_SEPARATION_OF_LIKE if first == second else share) * sum_of_radii(first, second))


def _pools_of(rows: Sequence[Mapping[str, float]]) -> dict[tuple[tuple[str, float], ...], list[int]]:
    groups: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for index, row in enumerate(rows):
        if not is_ordered(row):
            groups.setdefault(tuple(sorted((s, round(x, 3)) for s, x in row.items())), []).append(index)
    return groups


def choose_counts(rows: Sequence[Mapping[str, float]], n_cells: int, charges: Mapping[str, float]) -> Counts:
    """Group the partly occupied sites by their occupation and choose integer counts.

    Sites with the same occupation form one pool, also where symmetry does not relate them, so that the cell need not
    hold an integer number for each crystallographic position. An integer programme takes the neutral counts whose
    elements have the amounts nearest to the occupancies, each atom weighted by its electrons: X-rays are least sure of
    the lightest. No element of the file is left out if the sites suffice. Only where neutral counts are far from the
    occupancies is a charge left.

    Parameters
    ----------
    rows
        Occupation of each site of the unit cell; the sites of `n_cells` copies follow each other, copy by copy.
    n_cells
        Number of unit cells in the supercell.
    charges
        Mean oxidation state of each element; a mean between two states takes up what is left of charge.
    """
    groups = _pools_of(rows)
    keys = list(groups)
    elements = sorted({symbol for row in rows for symbol in row})
    fixed = {s: n_cells * sum(1 for row in rows if is_ordered(row) and s in row) for s in elements}
    wanted = {s: n_cells * sum(row.get(s, 0.0) for row in rows) for s in elements}
    columns = [(p, s) for p, key in enumerate(keys) for s, _ in key]
    places = np.array([n_cells * len(groups[key]) for key in keys])
    exact = np.array([n_cells * sum(rows[i][s] for i in groups[keys[p]]) for p, s in columns])
    mixed = [s for s in elements if takes_up_charge(s, charges[s])]
    chosen = np.zeros(0, dtype=int)
    if columns:
        chosen = _integers(columns, exact, places, fixed, wanted, charges, _MIXED_WEIGHT if mixed else _CHARGE_WEIGHT)
    taken = {s: fixed[s] + sum(int(k) for k, (_, t) in zip(chosen, columns, strict=True) if t == s) for s in elements}
    left = sum(taken[s] * charges[s] for s in elements)
    if mixed and taken[mixed[0]]:
        charges = dict(charges) | {mixed[0]: charges[mixed[0]] - left / taken[mixed[0]]}
        left = 0.0
    copies = np.arange(n_cells)[:, None] * len(rows)
    pools = tuple(
        Pool(
            (copies + np.array(groups[key])).ravel(),
            tuple(s for s, _ in key),
            tuple(int(k) for k, (q, _) in zip(chosen, columns, strict=True) if q == p),
        )
        for p, key in enumerate(keys)
    )
    changes = [abs(k - x) / places[p] for k, x, (p, _) in zip(chosen, exact, columns, strict=True)]
    change = float(max(changes, default=0.0))
    return Counts(pools, change, wanted, taken, 0.0 if abs(left) < 1e-6 else left, charges)


def _integers(
    columns: Sequence[tuple[int, str]],
    exact: np.ndarray,
    places: np.ndarray,
    fixed: Mapping[str, int],
    wanted: Mapping[str, float],
    charges: Mapping[str, float],
    charge_weight: float,
) -> np.ndarray:
    """The counts, one a column: pool and element."""
    from ase.data import atomic_numbers
    from scipy.optimize import milp

    elements = list(wanted)
    n, n_elements = len(columns), len(elements)
    of_element = np.array([[float(s == element) for _, s in columns] for element in elements])
    of_pool = np.array([[float(p == pool) for p, _ in columns] for pool in range(len(places))])
    charge = np.array([[charges[s] for _, s in columns]])
    free = np.array([wanted[s] - fixed[s] for s in elements])
    # unknowns: the counts, how far each is off, how far each element is off, the charge that is too much or too little
    cost = np.concatenate(
        [np.zeros(n), np.full(n, _COUNT_WEIGHT), [atomic_numbers[s] for s in elements], np.full(2, charge_weight)]
    )

    def block(counts: np.ndarray, off: float = 0.0, element_off: float = 0.0) -> np.ndarray:
        parts = [counts, np.zeros((len(counts), n)), np.zeros((len(counts), n_elements)), np.zeros((len(counts), 2))]
        if off:
            parts[1] = off * np.eye(n)
        if element_off:
            parts[2] = element_off * np.eye(n_elements)
        return np.hstack(parts)

    balance = block(charge)
    balance[0, -2:] = -1.0, 1.0
    carried = -sum(fixed[s] * charges[s] for s in elements)
    constraints = [
        (np.vstack([block(np.eye(n), off=-1), block(-np.eye(n), off=-1)]), -np.inf, np.concatenate([exact, -exact])),
        (
            np.vstack([block(of_element, element_off=-1), block(-of_element, element_off=-1)]),
            -np.inf,
            np.concatenate([free, -free]),
        ),
        (block(of_pool), -np.inf, places),
        (balance, carried, carried),
    ]
    kept = (block(of_element), np.array([float(not fixed[s]) for s in elements]), np.inf)
    whole = np.arange(len(cost)) < n
    upper = np.where(whole, np.resize([places[p] for p, _ in columns], len(cost)), np.inf)
    for limits in ([*constraints, kept], constraints):  # a pool of few sites cannot hold one of each element
        found = milp(cost, constraints=limits, integrality=whole, bounds=(0, upper))
        if found.x is not None:
            return np.rint(found.x[:n]).astype(int)
    raise AssertionError("empty sites satisfy all constraints")


def choose_repeats(
    rows: Sequence[Mapping[str, float]], lengths_A: np.ndarray, spec: str | Sequence[int], charges: Mapping[str, float]
) -> tuple[tuple[int, int, int], Counts]:
    """Repeats of the cell along a, b, c and the counts in it.

    Explicit repeats are taken as they are. ``auto`` is what it is for ordered crystals, or the smallest larger cell up
    to `MOST_ATOMS_FOR_INTEGERS` atoms in which no occupancy changes by more than `OCCUPANCY_TOLERANCE`; `SMALLEST` the
    smallest in which no element's amount changes by more than 2 % of the atoms. Where there is none, it is the one of
    these that changes them least. Of equally many unit cells the most nearly cubic cell is taken.
    """
    smallest = isinstance(spec, str) and spec == SMALLEST

    def change(counts: Counts) -> float:
        return counts.share_changed if smallest else counts.change

    repeats = (1, 1, 1) if smallest else supercell_repeats(spec, lengths_A)
    tolerance = _COMPOSITION_TOLERANCE if smallest else OCCUPANCY_TOLERANCE
    counts = choose_counts(rows, int(np.prod(repeats)), charges)
    if not (smallest or (isinstance(spec, str) and spec.strip() == "auto")) or change(counts) <= tolerance:
        return repeats, counts
    n_atoms = sum(sum(row.values()) for row in rows)
    for larger in _larger_cells(repeats, lengths_A, int(MOST_ATOMS_FOR_INTEGERS / n_atoms)):
        found = choose_counts(rows, int(np.prod(larger)), charges)
        if change(found) < change(counts) - 1e-9:
            repeats, counts = larger, found
        if change(counts) <= tolerance:
            break
    return repeats, counts


def smallest_repeats(
    rows: Sequence[Mapping[str, float]], lengths_A: np.ndarray, charges: Mapping[str, float], most_cells: int
) -> tuple[int, int, int] | None:
    """Repeats of the smallest compact cell, up to `most_cells`, in which no occupancy changes by more than 0.01."""
    for repeats in _larger_cells((1, 1, 1), lengths_A, most_cells):
        found = choose_counts(rows, int(np.prod(repeats)), charges)
        if found.change <= OCCUPANCY_TOLERANCE:
            return repeats
    return None


def _larger_cells(least: Sequence[int], lengths_A: np.ndarray, most_cells: int) -> list[tuple[int, int, int]]:
    """Repeats of at least `least`, for each number of cells up to `most_cells` the most nearly cubic, none slender."""
    best: dict[int, tuple[float, tuple[int, int, int]]] = {}
    for a, b, c in itertools.product(*(range(k, most_cells + 1) for k in least)):
        n = a * b * c
        if n <= most_cells:
            entry = float(np.ptp(np.log(np.array([a, b, c]) * lengths_A))), (a, b, c)
            best[n] = min(best.get(n, entry), entry)
    slenderest = max(np.log(_SLENDER), float(np.ptp(np.log(np.asarray(least) * lengths_A))))
    return [best[n][1] for n in sorted(best) if best[n][0] <= slenderest]


def find_charges(
    structure: Structure, rows: list[dict[str, float]], given: Mapping[str, float] | None, where: str | Path | None
) -> dict[str, float]:
    """Return the mean oxidation state of every element: given, else from the file, else guessed.

    They only rank orderings and keep counts neutral; see `valences.guess_oxidation` for the guess.

    Raises
    ------
    StructureError
        If they cannot be guessed, or the structure is far from neutral with them.
    """
    from ase import Atoms

    elements = sorted({symbol for row in rows for symbol in row})
    known = dict(given or {})
    if strange := sorted(set(known) - set(elements)):
        raise StructureError(
            f"there is no {strange[0]} in it", where=where, remedy=f"name its elements: {', '.join(elements)}"
        )
    if not given:
        amounts = dict.fromkeys(elements, 0.0)
        states = dict.fromkeys(elements, 0.0)
        for specie, amount in structure.composition.items():
            amounts[specie.symbol] += amount
            states[specie.symbol] += amount * (getattr(specie, "oxi_state", None) or 0.0)
        written = {symbol: states[symbol] / amounts[symbol] for symbol in elements}
        if all(written.values()):
            known = written
    totals = {symbol: sum(row.get(symbol, 0.0) for row in rows) for symbol in elements}
    charges: dict[str, float] | None = known
    if set(known) != set(elements):
        occupancies = np.array([[row.get(symbol, 0.0) for symbol in elements] for row in rows])
        sites = Atoms(
            ["X"] * len(rows), scaled_positions=structure.frac_coords, cell=structure.lattice.matrix, pbc=True
        )
        valences = bond_valence_sums(elements, occupancies, pairs_within(sites, cutoff_A=BOND_CUTOFF_A))
        charges = guess_oxidation(totals, valences, known)
    lacking = [symbol for symbol in elements if symbol not in known]
    if charges is None:
        example = ",".join(f"{symbol}=..." for symbol in lacking)
        amounts_told = " ".join(f"{symbol}{amount:.4g}" for symbol, amount in totals.items())
        raise StructureError(
            f"no oxidation states of {', '.join(lacking)} make {amounts_told} nearly neutral", where=where,
            remedy=f"look for atoms that the file lacks (H?) or wrong occupancies, or give --oxidation {example}",
        )  # fmt: skip
    contents = {symbol: totals[symbol] * charges[symbol] for symbol in elements}
    positive = sum(content for content in contents.values() if content > 0)
    charge = sum(contents.values())
    if abs(charge) > max(LARGEST_IMBALANCE * positive, 1e-6):
        listed = ", ".join(f"{symbol} {charges[symbol]:+g}" for symbol in elements)
        raise StructureError(
            f"with {listed} the cell carries {charge:+.2f} e", where=where,
            remedy="give oxidation states (--oxidation) that make it neutral, or correct the occupancies",
        )  # fmt: skip
    return charges
