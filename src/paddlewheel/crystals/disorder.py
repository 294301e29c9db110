"""Ordered cells of a disordered crystal: integer occupations, Monte Carlo over the sites, ranked by Ewald energy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.check import check_structure
from paddlewheel.crystals.occupancies import (
    OCCUPANCY_TOLERANCE,
    SMALLEST,
    Counts,
    choose_counts,
    choose_repeats,
    exclusive_pairs,
    find_charges,
    is_ordered,
    site_occupancies,
    smallest_repeats,
)
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.crystals.site_energies import broken_groups, disordered_groups, ewald_matrix, exclusion_matrix
from paddlewheel.crystals.supercell import check_size
from paddlewheel.crystals.trades import VACANT, SharedSites
from paddlewheel.errors import SettingsError, StructureError

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

_SWEEPS = 80
_FEWEST_STARTS = 8
_SAME_ENERGY_EV = 1e-3
_SAME_PAIRS = 1e-2
_VACANT = -1
_OVERLAP_EV, _GROUP_EV = 60.0, 15.0
MOST_SITES = 2500
"""Of one Monte Carlo: its matrices grow with the square. A larger cell repeats a smaller ordered one."""
_MOST_ATOMS_NAMED = 1000
"""Of a cell that is named for its whole numbers."""
_SAID_CHANGE = 1e-3
"""Of all atoms: a change of the composition under it is rounding."""


@dataclass(frozen=True, eq=False)
class OrderedCell:
    """One ordering of a disordered crystal.

    Attributes
    ----------
    atoms
        The ordered cell; vacant sites are gone.
    ewald_energy_eV
        Electrostatic energy of the point charges, whole cell.
    above_lowest_eV_per_atom
        The same above that of the lowest cell found.
    repeats
        Repeats of the unit cell along a, b, c.
    occupancy_change
        Largest change of an occupancy that whole numbers of ions made.
    composition_change
        Largest change of an element's amount that they made, over all atoms.
    charges
        Mean oxidation state of each element that the energy is of, e.
    sites
        All sites of the cell with their occupants; those of groups such as BH4 trade with none.
    notes
        What a reader should know of how the cell was made: a changed composition, ions moved off sites that are too
        near each other, groups that are not whole.
    """

    atoms: Atoms
    ewald_energy_eV: float
    above_lowest_eV_per_atom: float
    repeats: tuple[int, int, int]
    occupancy_change: float
    composition_change: float
    charges: Mapping[str, float]
    sites: SharedSites
    notes: tuple[str, ...] = ()


def is_disordered(source: str | Path | Structure) -> bool:
    """Whether a structure has partly occupied sites.

    Raises
    ------
    StructureError
        If it cannot be read.
    """
    structure, where = _sites(source)
    return not all(map(is_ordered, site_occupancies(structure, where)))


def elements_of(source: str | Path | Structure) -> frozenset[str]:
    """Elements on the sites of a structure, partly occupied ones too.

    Raises
    ------
    StructureError
        If it cannot be read.
    """
    structure, where = _sites(source)
    return frozenset(symbol for row in site_occupancies(structure, where) for symbol in row)


def order_structure(
    source: str | Path | Structure,
    *,
    n_cells: int,
    seed: int,
    supercell: str | Sequence[int] = "1x1x1",
    oxidation_states: Mapping[str, float] | None = None,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> list[OrderedCell]:
    """Turn partial occupancies into ordered cells, lowest Ewald energy first.

    The occupations become whole numbers of ions that leave the cell neutral (see `occupancies.choose_counts`), which
    are distributed by simulated annealing with swaps inside each pool of equally occupied sites. Sites too near each
    other are never filled both, and groups such as BH4 or NH2 with disordered hydrogens keep their number. The Ewald
    matrix of unit charges is built once; a swap is priced from the potentials at its two sites. Of each annealing the
    lowest cell comes first, then the others; cells that symmetry relates are returned once: equal Ewald energy and
    equal pair distances between all elements (mirror images count as equal, too).

    Ewald energies of formal charges rank orderings of hard ions; they know nothing of covalency or of the turning of
    anions. Relax several of the cells with a potential before trusting one.

    Parameters
    ----------
    source
        A file, or a pymatgen Structure with partial occupancies. Isotopes become their element.
    n_cells
        How many distinct cells to return at most; fewer are returned where fewer are found.
    seed
        Seed of the Monte Carlo: the same seed gives the same cells.
    supercell
        As in `make_supercell`; ``auto`` may take a larger cell, for whole numbers, and `SMALLEST` takes the fewest
        unit cells that hold the composition (see `occupancies.choose_repeats`).
    oxidation_states
        Charge of each element, e.g. `{"Na": 1, "B": 3, "H": -1}`; those that are absent are guessed.
    watch
        Called with how many annealings are done, and of how many.

    Raises
    ------
    StructureError
        If the file cannot be read, the charges cannot be guessed or are far from neutral, or every ordering puts
        atoms on top of each other.
    SettingsError
        If `n_cells` or `supercell` is out of range.
    """
    if n_cells < 1:
        raise SettingsError(f"{n_cells} orderings", where="orderings", remedy="ask for one or more")
    structure, where = _sites(source)
    rows = site_occupancies(structure, where)
    lengths_A = np.asarray(structure.lattice.abc)
    charges = find_charges(structure, rows, oxidation_states, where)
    repeats, counts = choose_repeats(rows, lengths_A, supercell, charges)
    check_size(len(rows), repeats)
    block = _block(repeats, len(rows))
    if block != repeats:
        counts = choose_counts(rows, math.prod(block), charges)
    copies = tuple(whole // part for whole, part in zip(repeats, block, strict=True))
    model = _Model(structure, rows, block, counts)
    too_near = _too_near(model, rows, copies)
    said = _said_of_counts(rows, lengths_A, charges, block, counts, names_larger=supercell != SMALLEST)
    if block != repeats:
        said.append(f"ordered in {_times(block)} unit cells, which {_times(repeats)} repeats")
    cells: list[OrderedCell] = []
    problem: StructureError | None = None
    fingerprints: list[tuple[float, dict]] = []
    for state in _orderings(
        model, n_starts=max(_FEWEST_STARTS, 2 * n_cells), rng=np.random.default_rng(seed), watch=watch
    ):
        atoms = model.atoms(state.occupants)
        try:
            check_structure(atoms, where)
        except StructureError as error:
            problem = error
            continue
        fingerprint = _pair_fingerprint(atoms)
        if any(abs(state.energy_eV - e) < _SAME_ENERGY_EV and _same(fingerprint, f) for e, f in fingerprints):
            continue
        fingerprints.append((state.energy_eV, fingerprint))
        notes = [*said, *([f"{state.moved} of the ions moved off sites too near others"] if state.moved else [])]
        if broken := broken_groups(model.groups, state.occupants != _VACANT):
            notes.append(
                f"{broken} of {len(model.groups)} groups with disordered ligands have not their number of them"
            )
        sites = model.sites(state.occupants, copies, too_near)
        cells.append(
            OrderedCell(
                sites.atoms(), state.energy_eV * math.prod(copies), 0.0, repeats, counts.change, counts.share_changed,
                counts.charges, sites, tuple(notes),
            )
        )  # fmt: skip
        if len(cells) == n_cells:
            break
    if not cells:
        raise problem or StructureError(
            "no ordering keeps its atoms apart: too many partly occupied sites are too near each other", where=where,
            remedy="look at the positions and occupancies of its split sites",
        )  # fmt: skip
    cells.sort(key=lambda cell: cell.ewald_energy_eV)
    lowest_eV = cells[0].ewald_energy_eV
    return [
        replace(cell, above_lowest_eV_per_atom=(cell.ewald_energy_eV - lowest_eV) / len(cell.atoms)) for cell in cells
    ]


def _too_near(model: _Model, rows: list[dict[str, float]], copies: Sequence[int]) -> np.ndarray:
    """Pairs of sites of so many copies that are never filled both, `[2, n_pairs]`."""
    scaled = model.repeated(copies)
    every = list(rows) * (len(scaled) // len(rows))
    return np.array(exclusive_pairs(every, model.cell * np.array(copies)[:, None], scaled))


def _times(repeats: Sequence[int]) -> str:
    return "x".join(map(str, repeats))


def mean_cell(source: str | Path | Structure) -> tuple[np.ndarray, float]:
    """Return the vectors of a disordered cell as rows, A, and how many atoms are in it on average."""
    structure, where = _sites(source)
    return np.array(structure.lattice.matrix), sum(sum(row.values()) for row in site_occupancies(structure, where))


def _sites(source: str | Path | Structure) -> tuple[Structure, str | Path | None]:
    if not isinstance(source, (str, Path)):
        return source, None
    from paddlewheel.crystals.formats import read_sites
    from paddlewheel.crystals.library import builtin_path
    from paddlewheel.crystals.read import require_file

    if isinstance(source, str) and (builtin := builtin_path(source)):
        return read_sites(builtin), source
    require_file(Path(source), source)
    return read_sites(Path(source)), source


def _block(repeats: tuple[int, int, int], n_sites: int) -> tuple[int, int, int]:
    """The largest part of the repeats, by whole divisors, that has few enough sites."""
    divisors = [[k for k in range(1, n + 1) if n % k == 0] for n in repeats]
    fitting = [(a, b, c) for a, b, c in itertools.product(*divisors) if n_sites * a * b * c <= MOST_SITES]
    return max(fitting, key=lambda block: (math.prod(block), -np.ptp(block)), default=(1, 1, 1))


def _said_of_counts(rows, lengths_A, charges, repeats, counts: Counts, *, names_larger: bool) -> list[str]:
    """How the whole numbers of ions differ from the occupancies, and which larger supercell needs no change."""
    changed = {
        s: (counts.taken[s], wanted) for s, wanted in counts.wanted.items() if abs(counts.taken[s] - wanted) >= 0.01
    }
    lines = []
    if changed and counts.share_changed > _SAID_CHANGE:
        told = ", ".join(f"{s} {taken} for {wanted:.2f}" for s, (taken, wanted) in changed.items())
        written_e = sum(wanted * charges[s] for s, wanted in counts.wanted.items())
        why = f"the occupancies carry {written_e:+.2g} e" if abs(written_e) > 0.5 else "whole ions, neutral"
        line = f"composition in {_times(repeats)} unit cells: {told} ({why})"
        if (
            names_larger
            and not counts.charge_e
            and counts.change > OCCUPANCY_TOLERANCE
            and (exact := _exact_repeats(rows, lengths_A, charges))
        ):
            line += f"; --supercell {_times(exact)} needs no change"
        lines.append(line)
    if counts.charge_e:
        lines.append(f"the ordered cell carries {counts.charge_e:+.2g} e: no counts near the occupancies are neutral")
    return lines


def _exact_repeats(rows, lengths_A, charges) -> tuple[int, int, int] | None:
    n_atoms = sum(sum(row.values()) for row in rows)
    return smallest_repeats(rows, lengths_A, charges, most_cells=max(1, int(_MOST_ATOMS_NAMED / n_atoms)))


class _Model:
    """The sites of the supercell, what they may hold, and what it costs."""

    def __init__(
        self, structure: Structure, rows: list[dict[str, float]], repeats: Sequence[int], counts: Counts
    ) -> None:
        from ase import Atoms

        offsets = np.array(list(np.ndindex(*repeats)), dtype=float)
        self.cell = structure.lattice.matrix * np.array(repeats)[:, None]
        self.scaled = ((offsets[:, None] + structure.frac_coords) / np.array(repeats)).reshape(-1, 3)
        self.symbols = sorted(counts.charges)
        self.charges = np.array([counts.charges[s] for s in self.symbols] + [0.0])  # the last: vacant (index -1)
        code = {s: i for i, s in enumerate(self.symbols)}
        unit = [code[next(iter(row))] if is_ordered(row) else _VACANT for row in rows]
        self.start = np.tile(np.array(unit), len(offsets))
        self.fillings = [
            np.repeat(
                [*(code[s] for s in pool.symbols), _VACANT], [*pool.counts, len(pool.sites) - sum(pool.counts)]
            ).astype(int)
            for pool in counts.pools
        ]
        self.pools = [pool.sites for pool in counts.pools]
        self.may_hold = {
            code[s]: np.concatenate([pool.sites for pool in counts.pools if s in pool.symbols])
            for s in {s for pool in counts.pools for s in pool.symbols}
        }
        every = list(rows) * len(offsets)
        sites = Atoms(["X"] * len(every), scaled_positions=self.scaled, cell=self.cell, pbc=True)
        self.groups = disordered_groups(every, self.cell, sites.positions)
        self.coulomb_eV = ewald_matrix(self.cell, sites.positions)
        self.exclusion_eV, self.overlapping = exclusion_matrix(
            every, sites, self.groups, overlap_eV=_OVERLAP_EV, group_eV=_GROUP_EV
        )

    def atoms(self, occupants: np.ndarray) -> Atoms:
        return self.sites(occupants, (1, 1, 1), np.zeros((2, 0), dtype=int)).atoms()

    def repeated(self, copies: Sequence[int]) -> np.ndarray:
        """Fractional coordinates of all sites of so many copies, `[n_copies n, 3]`."""
        offsets = np.array(list(np.ndindex(*copies)), dtype=float)
        return ((offsets[:, None] + self.scaled) / np.array(copies)).reshape(-1, 3)

    def sites(self, occupants: np.ndarray, copies: Sequence[int], too_near: np.ndarray) -> SharedSites:
        """The sites of copies of a state, each in the pool of its image."""
        number = math.prod(copies)
        symbols = np.array([*self.symbols, VACANT])[np.tile(occupants, number)]
        in_groups = {site for group in self.groups for site in group.sites}
        shifts = len(occupants) * np.arange(number)[:, None]
        pools = [(shifts + pool).reshape(-1) for pool in self.pools if not in_groups.intersection(pool)]
        return SharedSites(
            cell_A=self.cell * np.array(copies)[:, None], scaled=self.repeated(copies), occupants=symbols,
            pools=pools, too_near=too_near,
        )  # fmt: skip

    def energies_eV(self, occupants: np.ndarray) -> np.ndarray:
        """Coulomb energies of states `[n_states, n]`."""
        q = self.charges[occupants]
        return ((q @ self.coulomb_eV) * q).sum(axis=-1)

    def overlaps(self, occupants: np.ndarray) -> np.ndarray:
        """Numbers of pairs filled that exclude each other, of states `[n_states, n]`."""
        filled = (occupants != _VACANT).astype(float)
        return 0.5 * ((filled @ self.overlapping) * filled).sum(axis=-1)

    def moved_apart(self, occupants: np.ndarray) -> tuple[np.ndarray, int] | None:
        """The state with ions off sites that are too near others, and how many moved; None where there is no room.

        Each goes to the free site, of those that may hold it, where its Coulomb energy is lowest.
        """
        state, moved = occupants.copy(), 0
        partial = np.zeros(len(state), dtype=bool)
        partial[np.concatenate(self.pools)] = True
        while True:
            filled = state != _VACANT
            crowded = np.where(filled & partial, self.overlapping @ filled.astype(float), 0.0)
            if not crowded.any():
                return state, moved
            ion = int(np.argmax(crowded))
            specie = int(state[ion])
            filled[ion] = False
            free = self.may_hold[specie]
            free = free[(state[free] == _VACANT) & ~(self.overlapping[free] & filled).any(axis=1)]
            if not len(free):
                return None
            state[ion] = _VACANT
            field = self.coulomb_eV[free] @ self.charges[state]
            best = self.charges[specie] * (2 * field + self.charges[specie] * self.coulomb_eV[free, free])
            state[free[int(np.argmin(best))]] = specie
            moved += 1


@dataclass(frozen=True, eq=False)
class _State:
    energy_eV: float
    occupants: np.ndarray
    moved: int = 0


def _orderings(
    model: _Model, *, n_starts: int, rng: np.random.Generator, watch: Callable[[int, int], None]
) -> Iterator[_State]:
    """States without overlaps: the lowest of each of several annealings first, then all others by energy."""
    pools = [sites for sites, filling in zip(model.pools, model.fillings, strict=True) if len(set(filling)) > 1]
    if not pools:
        occupants = model.start.copy()
        for sites, filling in zip(model.pools, model.fillings, strict=True):
            occupants[sites] = filling
        yield _State(float(model.energies_eV(occupants[None])[0]), occupants)
        return
    from paddlewheel.crystals.annealing import cool

    sites, ends = np.concatenate(pools), np.cumsum([0, *map(len, pools)])
    fills = np.append(np.ones(len(model.symbols)), 0.0)
    lowest: list[_State] = []
    others: dict[bytes, _State] = {}
    for start in range(n_starts):
        occupants = model.start.copy()
        for members, filling in zip(model.pools, model.fillings, strict=True):
            occupants[members] = rng.permutation(filling)
        states = cool(
            occupants, model.charges, fills, model.coulomb_eV, model.exclusion_eV, sites, ends,
            rng.random((_SWEEPS, len(sites), 3)),
        )  # fmt: skip
        found = _without_overlaps(model, np.unique(states, axis=0)) or _without_overlaps(model, states[-1:], moves=True)
        if found:
            lowest.append(min(found, key=lambda state: _rank(model, state)))
            others |= {state.occupants.tobytes(): state for state in found}
        watch(start + 1, n_starts)
    yield from sorted(lowest, key=lambda state: _rank(model, state))
    yield from sorted(others.values(), key=lambda state: (*_rank(model, state), state.occupants.tobytes()))


def _rank(model: _Model, state: _State) -> tuple[int, float]:
    return broken_groups(model.groups, state.occupants != _VACANT), state.energy_eV


def _without_overlaps(model: _Model, states: np.ndarray, *, moves: bool = False) -> list[_State]:
    """Those of the states, with ions moved where that is allowed and needed."""
    moved = [0] * len(states)
    if moves:
        apart = [found for state in states if (found := model.moved_apart(state)) is not None]
        if not apart:
            return []
        states, moved = np.array([state for state, _ in apart]), [count for _, count in apart]
    sound = model.overlaps(states) < 0.5
    energies_eV = model.energies_eV(states)
    return [
        _State(float(energy), state, count)
        for energy, state, count, keep in zip(energies_eV, states, moved, sound, strict=True)
        if keep
    ]


def _pair_fingerprint(atoms: Atoms) -> dict[tuple[int, int], np.ndarray]:
    """Smooth histogram of the distances up to 8 A of each pair of elements: equal for cells that symmetry relates."""
    cutoff_A, width_A = 8.0, 0.4
    pairs = pairs_within(atoms, cutoff_A=cutoff_A)
    centres = np.arange(0.5, cutoff_A, width_A / 2)
    d = pairs.distances_A[:, None]
    # fades to zero at the cutoff, so that no pair jumps in or out by rounding
    weights = np.exp(-(((d - centres) / width_A) ** 2)) * (0.5 + 0.5 * np.cos(np.pi * d / cutoff_A))
    kinds = np.sort(np.stack([atoms.numbers[pairs.first], atoms.numbers[pairs.second]], axis=1), axis=1)
    return {(a, b): weights[(kinds == (a, b)).all(axis=1)].sum(axis=0) for a, b in np.unique(kinds, axis=0).tolist()}


def _same(one: dict[tuple[int, int], np.ndarray], other: dict[tuple[int, int], np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.abs(one[key] - other[key]).max() < _SAME_PAIRS for key in one)
