"""The cells to simulate: read, ordered where that is asked for, repeated; and the names of their runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import check_structure, is_disordered, order_structure, read_structure
from paddlewheel.crystals.charges import known_charges
from paddlewheel.crystals.disorder import mean_cell
from paddlewheel.crystals.lost_hydrogen import lost_hydrogen
from paddlewheel.crystals.occupancies import SMALLEST
from paddlewheel.crystals.supercell import (
    CellChoice,
    Repeats,
    check_size,
    describe_supercell,
    plain_repeats_of_atoms,
    repeat_cell,
    repeats_of_atoms,
    supercell_repeats,
)
from paddlewheel.crystals.trades import SharedSites, trade_sites
from paddlewheel.errors import SettingsError
from paddlewheel.execution import array_digest
from paddlewheel.study.progress import Progress, Row

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


CANDIDATES = 4
"""Orderings of low Ewald energy for each one that a potential chooses."""
_RELAXATION_STEPS = 30


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The cells to simulate: one, or one for each ordering of a disordered structure, with their energies.

    Attributes
    ----------
    notes
        What casts a doubt, and belongs among warnings: a changed composition, options without effect.
    prepared
        How partly occupied sites were ordered, which casts none: cells, oxidation states, their energies.
    disorder
        What became of partly occupied sites, of both, in short.
    """

    name: str
    cells: tuple[Atoms, ...]
    repeats: Repeats
    by_rule: bool = False
    notes: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    disorder: tuple[str, ...] = ()
    above_lowest_meV_per_atom: tuple[float, ...] = ()

    @property
    def size(self) -> CellChoice:
        """The supercell, how wide it is, and what nearly did where the rule chose it."""
        return describe_supercell(self.cells[0], self.repeats, by_rule=self.by_rule)

    def told(self) -> str:
        """The supercell, and what became of partly occupied sites, in one line."""
        return "; ".join([self.size.told(), *self.disorder])


def run_name(temperature_K: float, replica: int) -> str:
    """Name of one run, for people and files: ``T=600K_r0``."""
    return f"T={temperature_K:g}K_r{replica}"


def cell_digest(atoms: Atoms) -> str:
    """sha256 of a cell's contents: species, masses, positions and lattice."""
    return array_digest(
        atoms.get_atomic_numbers().astype(np.int64), atoms.get_masses(), atoms.get_positions(), np.array(atoms.cell)
    )


def choose_structure(
    structure: str | Path | Atoms,
    *,
    supercell: str | Sequence[int],
    n_atoms: int | None = None,
    orderings: int | None,
    seed: int,
    oxidation: Mapping[str, float] | None = None,
    by_itself: int = 1,
    to_repeat: bool = False,
    potential_of: Callable[[Atoms], Calculator] | None = None,
    trades: int = 0,
) -> StructureChoice:
    """Read the structure, order it where sites are partly occupied, and repeat it.

    Parameters
    ----------
    structure
        A built-in name, a file, or atoms.
    supercell
        As in `make_supercell`; of disordered crystals as in `order_structure`.
    n_atoms
        About how many atoms it is to have, in place of `supercell`.
    orderings
        How many ordered cells to make. None: one of an ordered structure, `by_itself` of a disordered one.
    seed
        Decides the orderings.
    oxidation
        Oxidation states of elements of a disordered structure; the others are guessed.
    to_repeat
        Whether one cell is wanted, which the study repeats: of a disordered crystal the lowest of the orderings, in the
        smallest cell that holds the composition.
    potential_of
        Gives a potential for a cell: then the orderings are those of lowest energy by it, after a short relaxation of
        `CANDIDATES` times as many of lowest Ewald energy.
    trades
        Trades of sites that are tried in each of these by the potential (`crystals.trades`).

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    by_rule = n_atoms is None and isinstance(supercell, str) and supercell.strip() == "auto"
    if not isinstance(structure, str | Path):
        unit = check_structure(structure, "structure")
        return _of_ordered(unit, structure.get_chemical_formula("metal"), supercell, n_atoms, by_rule=by_rule)
    _check_oxidation(oxidation or {})
    if not is_disordered(structure):
        given = {"orderings": (orderings or 1) > 1, "oxidation": oxidation, "rank-by": potential_of}
        idle = ", ".join(f"--{name}" for name, value in given.items() if value)
        notes = (f"no site is partly occupied: without effect are {idle}",) if idle else ()
        chosen = _of_ordered(read_structure(structure), _label(structure), supercell, n_atoms, by_rule=by_rule)
        return replace(chosen, notes=(*chosen.notes, *notes), disorder=(*chosen.disorder, *notes))
    if n_atoms is not None:
        vectors_A, in_cell = mean_cell(structure)
        supercell = plain_repeats_of_atoms(vectors_A, in_cell, n_atoms=n_atoms)
    if to_repeat:
        supercell = SMALLEST
    asked = orderings or by_itself
    n_cells = asked if potential_of is None else CANDIDATES * asked
    with _Watch(f"ordering {_label(structure)}", "annealings") as watch:
        found = order_structure(
            structure, n_cells=n_cells, seed=seed, supercell=supercell, oxidation_states=oxidation, watch=watch
        )
    cells = [cell.atoms for cell in found]
    above_meV, kind = [1e3 * cell.above_lowest_eV_per_atom for cell in found], "Ewald"
    traded: list[str] = []
    if potential_of is not None:
        calculator = potential_of(cells[0])
        chosen = _lowest([cell.sites for cell in found], calculator)[:asked]
        kind = f"relaxed (best of {len(found)} by the potential)"
        if trades:
            chosen, traded = _traded(chosen, calculator, trades=trades, seed=seed)
        cells = [each.sites.atoms() for each in chosen]
        above_meV = [1e3 * (each.relaxed_eV_per_atom - chosen[0].relaxed_eV_per_atom) for each in chosen]
    few = [f"{asked} orderings asked for, {len(cells)} distinct ones found"] if len(cells) < asked else []
    energies = [
        f"ordering {i}: {kind} energy {above:.1f} meV/atom above the lowest" for i, above in enumerate(above_meV)
    ]
    if to_repeat:
        told = f"partly occupied sites: one ordered cell of {len(cells[0])} atoms stands for all that there may be"
        energies, cells, above_meV = energies if asked > 1 else [], cells[:1], above_meV[:1]
    else:
        told = f"partly occupied sites: {len(cells)} ordered cells of {len(cells[0])} atoms, taken in turn"
        told += " (--orderings N for more)"
    doubts = [*([told] if to_repeat else []), *dict.fromkeys(note for cell in found for note in cell.notes)]
    states = ", ".join(f"{symbol} {state:+.3g}" for symbol, state in found[0].charges.items())
    counted = [told] if not to_repeat and not orderings else []
    done = [*traded, f"oxidation states {states} (--oxidation for others)"]
    return StructureChoice(
        name=_label(structure),
        cells=tuple(cells),
        repeats=found[0].repeats,
        by_rule=by_rule,
        notes=(*doubts, *few),
        prepared=(*counted, *done, *energies),
        disorder=(*counted, *doubts, *done),
        above_lowest_meV_per_atom=tuple(above_meV),
    )


def _check_oxidation(oxidation: Mapping[str, float]) -> None:
    """Refuse states beyond those that an element is known with; a mean may lie between two of them."""
    for symbol, state in oxidation.items():
        known = known_charges(symbol)
        if known and not min(known) <= state <= max(known):
            listed = ", ".join(f"{charge:+d}" for charge in known)
            raise SettingsError(
                f"{symbol} is not known with {state:+g}, but with {listed}", where="oxidation",
                remedy=f"give one of these, such as {symbol}={known[-1]}, or leave {symbol} to be guessed",
            )  # fmt: skip


class _Watch:
    """A display of how many are done, silent where that takes no time."""

    def __init__(self, title: str, what: str) -> None:
        self._row = Row(what, 0, 1)
        self._what = what
        self._display = Progress(title, lambda: [self._row], short=True)

    def __enter__(self) -> Callable[[int, int], None]:
        self._display.__enter__()

        def watch(done: int, total: int) -> None:
            self._row = Row(self._what, done, total)
            self._display.update()

        return watch

    def __exit__(self, kind, error, trace) -> None:
        self._display.__exit__(kind, error, trace)


@dataclass(frozen=True, kw_only=True)
class _Ranked:
    """An ordering, and the energy to which its atoms relax."""

    sites: SharedSites
    relaxed_eV_per_atom: float


def _lowest(orderings: Sequence[SharedSites], calculator: Calculator) -> list[_Ranked]:
    """Lowest energy after a short relaxation of the atoms first."""
    from ase.optimize import FIRE

    ranked = []
    with _Watch("relaxing orderings", "cells") as watch:
        for number, sites in enumerate(orderings, start=1):
            atoms = sites.atoms()
            atoms.calc = calculator
            FIRE(atoms, logfile=None).run(fmax=0.05, steps=_RELAXATION_STEPS)  # type: ignore[arg-type]
            ranked.append(_Ranked(sites=sites, relaxed_eV_per_atom=float(atoms.get_potential_energy()) / len(atoms)))
            watch(number, len(orderings))
    return sorted(ranked, key=lambda each: each.relaxed_eV_per_atom)


def _traded(
    orderings: Sequence[_Ranked], calculator: Calculator, *, trades: int, seed: int
) -> tuple[list[_Ranked], list[str]]:
    """What trades of sites make of orderings where it relaxes lower, lowest first, and what was gained, in words."""

    def energy_eV(atoms: Atoms) -> float:
        atoms.calc = calculator
        return float(atoms.get_potential_energy())

    better, taken = [], 0
    for number, before in enumerate(orderings):
        with _Watch(f"trading sites of ordering {number}", "trades") as watch:
            traded = trade_sites(before.sites, energy_eV, n_tried=trades, seed=seed + number, watch=watch)
        after = _lowest([traded.sites], calculator)[0]
        better.append(min(before, after, key=lambda each: each.relaxed_eV_per_atom))
        taken += traded.n_taken
    gained = [1e3 * (old.relaxed_eV_per_atom - new.relaxed_eV_per_atom)
              for old, new in zip(orderings, better, strict=True)]  # fmt: skip
    told = f"{taken} trades of sites taken: relaxed energies up to {max(gained):.1f} meV/atom lower"
    return sorted(better, key=lambda each: each.relaxed_eV_per_atom), [told]


def _of_ordered(
    unit: Atoms, name: str, supercell: str | Sequence[int], n_atoms: int | None, *, by_rule: bool
) -> StructureChoice:
    repeats = cell_repeats(unit, supercell=supercell, n_atoms=n_atoms)
    lost = lost_hydrogen(unit)
    if lost is not None:
        print(f"paddlewheel: {name}: {lost}", file=sys.stderr, flush=True)
    notes = () if lost is None else (lost,)
    return StructureChoice(
        name=name, cells=(repeat_cell(unit, repeats),), repeats=repeats, by_rule=by_rule, notes=notes, disorder=notes
    )


def cell_repeats(unit: Atoms, *, supercell: str | Sequence[int], n_atoms: int | None) -> Repeats:
    """The repeats that a study was asked for, of a cell without partial occupancies.

    Raises
    ------
    SettingsError
        For what is no supercell of it.
    """
    if n_atoms is not None:
        return repeats_of_atoms(np.array(unit.cell), len(unit), n_atoms=n_atoms)
    repeats = supercell_repeats(supercell, unit.cell.lengths())
    check_size(len(unit), repeats)
    return repeats


def _label(structure: str | Path) -> str:
    """A file goes by its name: the same file from another folder is the same run, and its contents are hashed."""
    return Path(structure).name
