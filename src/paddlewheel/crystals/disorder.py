"""Ordered cells of a disordered crystal: integer occupations, Monte Carlo over the sites, ranked by Ewald energy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.check import check_structure
from paddlewheel.crystals.occupancies import (
    Pool,
    compact_repeats,
    find_charges,
    is_ordered,
    make_pools,
    site_occupancies,
    smallest_supercell,
)
from paddlewheel.crystals.pairs import pairs_within
from paddlewheel.crystals.supercell import check_size, supercell_repeats
from paddlewheel.errors import SettingsError, StructureError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms
    from pymatgen.core import Structure

_SWEEPS = 80
_SAME_ENERGY_EV = 1e-3
_SAME_PAIRS = 1e-2
_VACANT = -1


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
        Largest change of an occupancy that rounding to integers made (at most 0.01).
    """

    atoms: Atoms
    ewald_energy_eV: float
    above_lowest_eV_per_atom: float
    repeats: tuple[int, int, int]
    occupancy_change: float


def order_structure(
    source: str | Path | Structure,
    *,
    n_cells: int,
    seed: int,
    supercell: str | Sequence[int] = "1x1x1",
    oxidation_states: Mapping[str, float] | None = None,
) -> list[OrderedCell]:
    """Turn partial occupancies into ordered cells, lowest Ewald energy first.

    The occupations are rounded to integers that leave the cell neutral, then distributed by simulated annealing with
    swaps inside each pool of equally occupied sites. The Ewald matrix of unit charges (pymatgen's EwaldSummation) is
    built once; a swap is priced from the potentials at its two sites. Cells that symmetry relates are returned once:
    equal Ewald energy and equal pair distances between all elements (mirror images count as equal, too).

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
        As in `make_supercell`.
    oxidation_states
        Charge of each element, e.g. `{"Na": 1, "B": 3, "H": -1}`; guessed where absent.

    Raises
    ------
    StructureError
        If the file cannot be read, the charges are unknown or not neutral, the supercell gives no integer
        occupations (the smallest that does is named), or every ordering puts atoms on top of each other.
    SettingsError
        If `n_cells` or `supercell` is out of range.
    """
    if n_cells < 1:
        raise SettingsError(f"{n_cells} orderings", where="orderings", remedy="ask for one or more")
    structure, where = _sites(source)
    rows = site_occupancies(structure, where)
    lengths = np.asarray(structure.lattice.abc)
    repeats = supercell_repeats(supercell, lengths)
    check_size(len(rows), repeats)
    charges = find_charges(structure, rows, oxidation_states, where)
    found = make_pools(rows, int(np.prod(repeats)), charges)
    if found is None:
        raise _no_integers(rows, charges, repeats, lengths, where)
    pools, change = found
    model = _Model(structure, rows, repeats, pools, charges)
    cells, lowest, problem = [], None, None
    fingerprints: list[tuple[float, dict]] = []
    for energy, occupants in _anneal(model, n_cells=n_cells, rng=np.random.default_rng(seed)):
        atoms = model.atoms(occupants)
        try:
            check_structure(atoms, where)
        except StructureError as error:  # split positions that are both filled: another ordering avoids it
            problem = error
            continue
        fingerprint = _pair_fingerprint(atoms)
        if any(abs(energy - e) < _SAME_ENERGY_EV and _same(fingerprint, f) for e, f in fingerprints):
            continue
        fingerprints.append((energy, fingerprint))
        lowest = energy if lowest is None else lowest
        cells.append(OrderedCell(atoms, energy, (energy - lowest) / len(atoms), repeats, change))
        if len(cells) == n_cells:
            break
    if not cells and problem is not None:
        raise problem
    return cells


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


def _no_integers(rows, charges, repeats, lengths, where) -> StructureError:
    name = "x".join(map(str, repeats))
    smallest = smallest_supercell(rows, charges)
    if smallest is None:
        return StructureError(
            f"the occupancies are no integer, neutral numbers of ions in {name} nor in any cell of up to 64 unit cells",
            where=where,
            remedy="round the occupancies in the file to simple fractions",
        )
    best = "x".join(map(str, compact_repeats(smallest, lengths)))
    return StructureError(
        f"the occupancies are no integer, neutral numbers of ions in a {name} supercell",
        where=where,
        remedy=f"the smallest that works has {smallest} unit cells: --supercell {best}",
    )


class _Model:
    """The sites of the supercell, what they may hold, and the Ewald matrix of unit charges."""

    def __init__(self, structure, rows, repeats, pools: list[Pool], charges) -> None:
        from pymatgen.core import Lattice, Species, Structure
        from pymatgen.core.ewald import EwaldSummation

        self.cell = structure.lattice.matrix * np.array(repeats)[:, None]
        offsets = np.array(list(np.ndindex(*repeats)), dtype=float)
        self.scaled = ((offsets[:, None] + structure.frac_coords) / np.array(repeats)).reshape(-1, 3)
        self.pools = pools
        self.symbols = sorted(charges)
        self.charges = np.array([charges[s] for s in self.symbols] + [0.0])  # the last: vacant (index -1)
        code = {s: i for i, s in enumerate(self.symbols)}
        unit = [code[next(iter(row))] if is_ordered(row) else _VACANT for row in rows]
        self.start = np.tile(np.array(unit), len(offsets))
        self.fillings = [
            np.repeat(
                [*(code[s] for s in pool.symbols), _VACANT], [*pool.counts, len(pool.sites) - sum(pool.counts)]
            ).astype(int)
            for pool in pools
        ]
        ions = Structure(Lattice(self.cell), [Species("H", 1)] * len(self.scaled), self.scaled)
        # energy of charges q: q @ matrix @ q, exact for neutral cells (no charged-cell term is left)
        self.matrix = np.asarray(EwaldSummation(ions).total_energy_matrix)

    def atoms(self, occupants: np.ndarray) -> Atoms:
        from ase import Atoms

        filled = np.flatnonzero(occupants != _VACANT)
        symbols = [self.symbols[occupants[i]] for i in filled]
        return Atoms(symbols, scaled_positions=self.scaled[filled], cell=self.cell, pbc=True)

    def energy(self, occupants: np.ndarray) -> float:
        q = self.charges[occupants]
        return float(q @ self.matrix @ q)


def _anneal(model: _Model, *, n_cells: int, rng: np.random.Generator) -> list[tuple[float, np.ndarray]]:
    """Anneal several random starts; return the assignments seen after each sweep, lowest energy first."""
    seen: dict[bytes, tuple[float, np.ndarray]] = {}
    for _ in range(max(8, 2 * n_cells)):
        occupants = model.start.copy()
        for pool, filling in zip(model.pools, model.fillings, strict=True):
            occupants[pool.sites] = rng.permutation(filling)
        for state in _cool(model, occupants, rng):
            seen.setdefault(state.tobytes(), (model.energy(state), state))
    return sorted(seen.values(), key=lambda item: (item[0], item[1].tobytes()))


def _cool(model: _Model, occupants: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    pools = [pool.sites for pool, filling in zip(model.pools, model.fillings, strict=True) if len(set(filling)) > 1]
    if not pools:
        return [occupants]
    matrix, charges = model.matrix, model.charges
    potential = 2 * matrix @ charges[occupants]
    weights = np.array([len(sites) for sites in pools], dtype=float)
    n_moves = int(weights.sum())
    temperature_eV, kept = None, []
    for sweep in range(_SWEEPS):
        changes = []
        chosen = rng.choice(len(pools), size=n_moves, p=weights / weights.sum())
        picks, lots = rng.random((n_moves, 2)), rng.random(n_moves)
        for move in range(n_moves):
            sites = pools[chosen[move]]
            i, j = sites[(picks[move] * len(sites)).astype(int)]
            if occupants[i] == occupants[j]:
                continue
            d = charges[occupants[j]] - charges[occupants[i]]  # gained by i, lost by j
            delta = d * (potential[i] - potential[j]) + d * d * (matrix[i, i] + matrix[j, j] - 2 * matrix[i, j])
            changes.append(abs(delta))
            # the first sweep takes everything and measures the scale of the energies
            if temperature_eV is None or delta <= 0 or lots[move] < np.exp(-delta / temperature_eV):
                occupants[i], occupants[j] = occupants[j], occupants[i]
                potential += 2 * d * (matrix[:, i] - matrix[:, j])
        if sweep == 0:
            scale = max(float(np.median(changes)) if changes else 0.0, 1e-6)
        temperature_eV = scale * 10 ** (-3 * sweep / _SWEEPS)
        kept.append(occupants.copy())  # hot ones too: small cells have few orderings, and those are wanted as well
    return kept


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
