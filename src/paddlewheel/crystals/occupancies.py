"""How many ions go on the sites of a disordered crystal: pools of sites, integer counts, charges."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.formats import OCCUPANCY_ROUNDING
from paddlewheel.errors import StructureError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pymatgen.core import Structure

OCCUPANCY_TOLERANCE = 0.01
"""An occupancy may change by this much when a finite cell rounds it: about the standard deviation of a refinement."""

_LARGEST_SEARCHED = 64  # unit cells; a larger ordered cell is beyond what Ewald ranking is useful for


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


def site_occupancies(structure: Structure, where: str | Path | None) -> list[dict[str, float]]:
    """Return `{symbol: occupancy}` of every site; oxidation states, isotopes and rounding of the file are dropped.

    Raises
    ------
    StructureError
        If a site holds something that is no element.
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
            row[specie.symbol] = row.get(specie.symbol, 0.0) + float(share)
        rows.append({symbol: 1.0 if share > 1 - OCCUPANCY_ROUNDING else share for symbol, share in row.items()})
    return rows


def make_pools(
    rows: list[dict[str, float]], n_cells: int, charges: Mapping[str, float] | None
) -> tuple[list[Pool], float] | None:
    """Group the partly occupied sites by their occupation and choose integer counts.

    Sites with the same occupation form one pool, also where symmetry does not relate them, so that the cell need not
    hold an integer number for each crystallographic position.

    Parameters
    ----------
    rows
        Occupation of each site of the unit cell; the sites of `n_cells` copies follow each other, copy by copy.
    n_cells
        Number of unit cells in the supercell.
    charges
        Oxidation state of each element: of the counts within the tolerance the neutral ones nearest to the
        occupancies are taken. None: charges are not looked at.

    Returns
    -------
    The pools and the largest change of an occupancy; None where no counts are within `OCCUPANCY_TOLERANCE`.
    """
    groups: dict[tuple[tuple[str, float], ...], list[int]] = {}
    fixed_charge = 0.0
    for index, row in enumerate(rows):
        if is_ordered(row):
            fixed_charge += n_cells * (charges[next(iter(row))] if charges else 0.0)
        else:
            groups.setdefault(tuple(sorted((s, round(x, 3)) for s, x in row.items())), []).append(index)
    choices, keys = [], list(groups)
    for key in keys:
        n = n_cells * len(groups[key])
        exact = {s: n * np.mean([rows[i][s] for i in groups[key]]) for s, _ in key}
        slack = OCCUPANCY_TOLERANCE * n + 1e-6
        ranges = [range(max(0, int(np.ceil(x - slack))), int(np.floor(x + slack)) + 1) for x in exact.values()]
        options = [c for c in itertools.product(*ranges) if sum(c) <= n]
        # best first, and few enough that the product over pools stays small
        change = {c: max(abs(k - x) / n for k, x in zip(c, exact.values(), strict=True)) for c in options}
        choices.append(sorted((change[c], c) for c in options)[:12])
    best: tuple[float, tuple] | None = None
    for combination in itertools.product(*choices):
        charge = fixed_charge
        for (_, counts), key in zip(combination, keys, strict=True):
            charge += sum(k * charges[s] for k, (s, _) in zip(counts, key, strict=True)) if charges else 0.0
        error = float(max((c for c, _ in combination), default=0.0))
        if abs(charge) < 1e-3 and (best is None or error < best[0]):
            best = (error, combination)
    if best is None:
        return None
    copies = np.arange(n_cells)[:, None] * len(rows)
    return [
        Pool((copies + np.array(groups[key])).ravel(), tuple(s for s, _ in key), counts)
        for key, (_, counts) in zip(keys, best[1], strict=True)
    ], best[0]


def is_ordered(row: dict[str, float]) -> bool:
    """Whether a site holds one element, fully."""
    return len(row) == 1 and next(iter(row.values())) == 1.0


def smallest_supercell(rows: list[dict[str, float]], charges: Mapping[str, float] | None) -> int | None:
    """Return the least number of unit cells whose counts are integers within the tolerance, None above 64."""
    return next((n for n in range(1, _LARGEST_SEARCHED + 1) if make_pools(rows, n, charges)), None)


def compact_repeats(n_cells: int, lengths_A: np.ndarray) -> tuple[int, int, int]:
    """Return repeats along a, b, c with the product `n_cells` that give the most nearly cubic cell."""
    options = [
        (a, b, n_cells // (a * b))
        for a in range(1, n_cells + 1)
        for b in range(1, n_cells + 1)
        if n_cells % (a * b) == 0
    ]
    return min(options, key=lambda r: np.ptp(np.log(np.asarray(r) * lengths_A)))


def find_charges(
    structure: Structure, rows: list[dict[str, float]], given: Mapping[str, float] | None, where: str | Path | None
) -> dict[str, float]:
    """Return the oxidation state of every element: given, else from the file, else guessed by pymatgen.

    Raises
    ------
    StructureError
        If they cannot be guessed, one is missing, or the structure is not neutral with them.
    """
    from pymatgen.core import Composition

    elements = sorted({symbol for row in rows for symbol in row})
    charges = dict(given or {})
    if not given:
        states = {s.symbol: getattr(s, "oxi_state", None) for s in structure.composition}
        charges = {symbol: float(state) for symbol, state in states.items() if state}
        if set(charges) != set(elements):
            charges = {}
            n_cells = smallest_supercell(rows, None) or 1
            totals = {s: n_cells * sum(row.get(s, 0.0) for row in rows) for s in elements}
            counts = Composition({s: max(1, round(x)) for s, x in totals.items()}).reduced_composition
            guesses = counts.oxi_state_guesses(max_sites=-1)
            charges = {s: float(q) for s, q in guesses[0].items()} if guesses else {}
    if lacking := [symbol for symbol in elements if symbol not in charges]:
        example = ", ".join(f'"{symbol}": ...' for symbol in elements)
        raise StructureError(
            f"the oxidation states of {', '.join(lacking)} cannot be guessed",
            where=where,
            remedy=f"give oxidation_states={{{example}}}",
        )
    charge = sum(share * charges[symbol] for row in rows for symbol, share in row.items())
    if abs(charge) > OCCUPANCY_TOLERANCE * len(rows):
        listed = ", ".join(f"{symbol} {charges[symbol]:+g}" for symbol in elements)
        raise StructureError(
            f"with {listed} the cell carries {charge:+.2f} e",
            where=where,
            remedy="give oxidation_states that make it neutral, or correct the occupancies",
        )
    return charges
