"""Free energies of the phases of a hull: of finished `phonons` runs, of the built-in phases, and of gases."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from paddlewheel.crystals.occupancies import SMALLEST
from paddlewheel.crystals.orderings import reorder_ions
from paddlewheel.errors import InputError, writing
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.studies.hull.gas_energies import STANDARD_K, Computed, anchors_of, gas_energies
from paddlewheel.studies.hull.record import BesideMeasured, LeftOut
from paddlewheel.studies.phonons.record import PhononRecord, read_phonon_record
from paddlewheel.studies.phonons.study import STUDY as PHONONS
from paddlewheel.studies.simulation.structures import choose_structure
from paddlewheel.study.run import Run
from paddlewheel.thermodynamics.configurations import free_energy_of_orderings
from paddlewheel.thermodynamics.energy_table import at_temperatures
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import LibraryPhase, known_without_coordinates, library_phases
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from ase import Atoms

GRID_K = tuple(sorted({STANDARD_K, *np.arange(0.0, 1501.0, 25.0).tolist()}))
"""Temperatures of the phases computed: fine enough for the interpolation between them to be exact to 1e-6 eV."""
MAX_ATOMS, LEAST_CELLS = 260, 4
"""Atoms of the largest supercell of the phonons; of a large cell of the user's so many cells."""
OWN_FMAX_eV_PER_A = 1e-3
"""Of the user's phases, whose orderings have no symmetry: see `LibraryPhase.fmax_eV_per_A`."""
TWIN_eV_PER_ATOM, TWIN_VOLUME = 5e-4, 5e-3
"""Relaxed cells of one composition and space group that are as near as this are one crystal."""
EMPTY_LAYER_A = 8.0
"""Layers of a crystal lie 3 to 5 A apart from atom to atom; slabs have 10 A and more between them."""
MOST_TOLD = 6
LARGEST_IMAGINARY_SHARE = 0.1


@dataclass(frozen=True)
class PhaseEnergies:
    """Entries, what was left out and why, and what the reader has to know."""

    entries: list[PhaseEntry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    beside_measured: list[BesideMeasured] = field(default_factory=list)


def entry_of_phonons(
    record: PhononRecord, temperatures_K: Sequence[float], *, name: str, formula: str, origin: str, note: str = "",
    prepared: str = "", quasi_harmonic: bool = False,
) -> PhaseEntry:  # fmt: skip
    """Static and vibrational free energy of a `phonons` record at these temperatures.

    A static record has its energy at 0 K, without vibrations; `at_temperatures` puts it at others.

    A record with numbers counts whatever its status: a minimum missed by 0.03 eV/A at most is 0.1 meV/atom off, what
    imaginary modes and small supercells leave open is in the record's std. The status stands in the note.

    Between the record's temperatures by cubic Hermite polynomials with dF/dT = -S, whose error is of fourth order.
    `quasi_harmonic`: the Gibbs energy at zero pressure of that part of the record, by cubic splines; its std is that of
    the fixed volume.

    Raises
    ------
    InputError
        If the record has no numbers (its status says why), or not at these temperatures.
    """
    if record.static_energy_eV_per_atom is None or not (record.thermal or record.static):
        raise InputError(f"no free energy: {record.status} ({record.reason})", where=name, remedy="leave it out")
    notes = [note] * bool(note) + [f"{record.status}: {record.reason}"] * (record.status != "ok")
    if record.static:
        return PhaseEntry(
            name=name, formula=formula, temperatures_K=(0.0,), gibbs_eV_per_atom=(record.static_energy_eV_per_atom,),
            std_eV_per_atom=(0.0,), volume_A3_per_atom=record.volume_A3_per_atom, engine=record.potential,
            origin=origin, prepared=prepared, note="; ".join(notes),
        )  # fmt: skip
    known = np.array([row.temperature_K for row in record.thermal])
    free = np.array([row.free_energy_eV_per_atom.value for row in record.thermal])
    entropy = np.array([row.entropy_eV_per_K_per_atom.value for row in record.thermal])
    std = np.array([row.free_energy_eV_per_atom.std for row in record.thermal])
    wanted = np.asarray(temperatures_K, dtype=float)
    if wanted.min() < known[0] - 1e-9 or wanted.max() > known[-1] + 1e-9:
        raise InputError(
            f"{wanted.min():g} to {wanted.max():g} K asked for, {known[0]:g} to {known[-1]:g} K in the record",
            where=name, remedy="run phonons again with these temperatures",
        )  # fmt: skip
    volume = record.volume_A3_per_atom
    if quasi_harmonic:
        gibbs, volume = _at_their_volumes(record, wanted, name)
        assert record.quasi_harmonic is not None  # refused else
        notes.append(f"quasi-harmonic: {record.quasi_harmonic.note}")
    else:
        values = free if len(known) == 1 else CubicHermiteSpline(known, free, -entropy)(wanted)
        gibbs = record.static_energy_eV_per_atom + np.atleast_1d(values)
    return PhaseEntry(
        name=name, formula=formula, temperatures_K=tuple(wanted.tolist()), gibbs_eV_per_atom=tuple(gibbs.tolist()),
        std_eV_per_atom=tuple(np.interp(wanted, known, std).tolist()), volume_A3_per_atom=volume,
        engine=record.potential, origin=origin, note="; ".join(notes),
    )  # fmt: skip


def _at_their_volumes(record: PhononRecord, wanted_K: np.ndarray, name: str) -> tuple[np.ndarray, float]:
    """Quasi-harmonic Gibbs energies (eV/atom), and the volume at the first of these temperatures.

    Raises
    ------
    InputError
        If the record has none, or not up to these temperatures.
    """
    found = record.quasi_harmonic
    if found is None or not found.rows:
        reason = next((text for text in record.warnings if "quasi-harmonic" in text), "computed without")
        raise InputError(
            f"no quasi-harmonic free energy ({reason})", where=name, remedy="run phonons with --quasi-harmonic"
        )
    known = np.array([row.temperature_K for row in found.rows])
    if wanted_K.min() < known[0] - 1e-9 or wanted_K.max() > known[-1] + 1e-9:
        raise InputError(
            f"quasi-harmonic from {known[0]:g} to {known[-1]:g} K, {wanted_K.min():g} to {wanted_K.max():g} K wanted",
            where=name, remedy="ask for lower temperatures, or leave it out",
        )  # fmt: skip
    columns = np.array([[row.gibbs_energy_eV_per_atom, row.volume_A3_per_atom] for row in found.rows])
    values = columns if len(known) == 1 else CubicSpline(known, columns)(wanted_K)
    return np.atleast_1d(values[:, 0]), float(values[0, 1])


def is_usable(record: PhononRecord) -> bool:
    """Whether a built-in phase has a free energy to compare: numbers, its own space group, and a minimum to shake at.

    With a tenth of its modes imaginary a structure is a saddle, such as cubic NaBH4 with its H at rest, whose harmonic
    free energy would win at high temperature for no reason but that.
    """
    imaginary = 0.0 if record.imaginary is None else record.imaginary.share_of_modes
    has_numbers = bool(record.thermal) or (record.static and record.static_energy_eV_per_atom is not None)
    return has_numbers and record.status != "left-symmetry" and imaginary < LARGEST_IMAGINARY_SHARE


def finished_phases(
    folders: Sequence[Path], temperatures_K: Sequence[float], *, quasi_harmonic: bool = False
) -> PhaseEnergies:
    """Entries of run directories (or records) of `phonons`; phases without numbers are left out, with the reason."""
    found = PhaseEnergies()
    for folder in folders:
        path = Path(folder) / "result.json" if Path(folder).is_dir() else Path(folder)
        record = read_phonon_record(path)
        name = record.structure
        if any(entry.name == name for entry in found.entries):
            name = f"{record.structure} ({path.parent.name})"
        if not record.thermal and record.static_energy_eV_per_atom is None:
            found.left_out.append(LeftOut(name=name, reason=f"{record.status}: {record.reason}"))
            continue
        found.entries.append(
            entry_of_phonons(
                record, temperatures_K, name=name, formula=_shortest(record.formula), origin=str(path),
                quasi_harmonic=quasi_harmonic,
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnPhase:
    """A phase of the user's: what a structure file holds, ordered where its sites are partly occupied."""

    phase: LibraryPhase
    cells: tuple[Atoms, ...]
    path: Path


def read_own_phase(
    path: Path, *, n_orderings: int, seed: int, oxidation: Mapping[str, float] | None = None
) -> OwnPhase:
    """The phase of a structure file, named after it.

    Of a disordered one the orderings of least Ewald energy, by the oxidation states that are given for its
    elements and guesses for the rest. A name that is a formula of something else is told in the phase's note.

    Raises
    ------
    InputError
        If the file cannot be read, or not be ordered.
    """
    from paddlewheel.crystals import elements_of, is_disordered

    if is_disordered(path):
        its = elements_of(path) if oxidation else frozenset()
        states = {symbol: state for symbol, state in (oxidation or {}).items() if symbol in its}
        choice = choose_structure(path, supercell=SMALLEST, orderings=n_orderings, seed=seed, oxidation=states)
    else:
        choice = choose_structure(path, supercell=(1, 1, 1), orderings=None, seed=seed)
    name = path.name.split(".")[0]
    formula = _shortest(choice.cells[0].get_chemical_formula())
    notes = list(choice.notes)
    called = _formula_of(name)
    if called is not None and _shortest(called) != formula:
        notes.append(f"the file is called {name} and holds {formula}: the atoms count")
    empty_A = empty_layer_A(choice.cells[0])
    if empty_A > EMPTY_LAYER_A:
        notes.append(f"{empty_A:.0f} A of its cell are empty: the energy of a slab or a molecule is that of no phase")
    phase = LibraryPhase(
        name=name, formula=formula, origin=str(path), prepared="; ".join(choice.prepared), note="; ".join(notes),
        fmax_eV_per_A=OWN_FMAX_eV_PER_A,
    )  # fmt: skip
    return OwnPhase(phase=phase, cells=choice.cells, path=path)


def empty_layer_A(atoms: Atoms) -> float:
    """Thickness of the thickest layer along a pair of cell vectors that holds no nucleus, A."""
    places = np.sort(atoms.get_scaled_positions(), axis=0)
    gaps = np.diff(np.vstack([places, places[:1] + 1]), axis=0).max(axis=0)
    heights = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
    return float((gaps * heights).max())


def _formula_of(name: str) -> str | None:
    """The formula of a compound that a name begins with, such as Li3PS4 of Li3PS4_beta; None for another name."""
    from pymatgen.core import Composition, Element

    first = re.split(r"[^A-Za-z0-9.]", name)[0]
    if not re.fullmatch(r"(?:[A-Z][a-z]?\d*)+", first):
        return None
    symbols = re.findall(r"[A-Z][a-z]?", first)
    if len(set(symbols)) < 2 or not all(Element.is_valid_symbol(symbol) for symbol in symbols):
        return None
    return first if Composition(first).num_atoms else None


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltInCell:
    """One cell of a phase, built in or the user's, whose phonons are a run in the user's cache.

    The run is found again by its inputs: `hull`, `window` and other temperatures share it, and what was killed goes on.
    """

    phase: LibraryPhase
    slug: str
    atoms: Atoms
    potential: str
    quasi_harmonic: bool = False
    static: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """Of `phonons`: on temperatures that every hull can be read from."""
        told = {
            "potential": self.potential,
            "temperatures_K": GRID_K,
            "fmax_eV_per_A": self.phase.fmax_eV_per_A,
        }
        if self.static:
            return told | {"static": True}
        return told | {
            "supercell": self.phase.supercell,
            "max_atoms": max(MAX_ATOMS, LEAST_CELLS * len(self.atoms)),
            "quasi_harmonic": self.quasi_harmonic,
        }

    @property
    def folder(self) -> Path:
        """The run directory."""
        kind = "static" if self.static else "phonons"
        return cache_folder() / kind / f"{self.slug}-{PHONONS.identity(self.atoms, **self.settings)[:16]}"


def slug_of(name: str) -> str:
    """The name of a phase as that of a folder."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")


def built_in_cells(
    elements: Sequence[str], *, potential: str, n_orderings: int, seed: int, quasi_harmonic: bool = False,
    static: bool = False, own: Sequence[OwnPhase] = (),
) -> Iterator[BuiltInCell]:  # fmt: skip
    """The cells of every built-in solid and of the user's phases, those of a phase together.

    The pure elements come first: without one of them there is no hull, and the rest would be computed for nothing.
    """
    phases = [(phase, None) for phase in library_phases(elements) if phase.gas is None]
    phases += [(each.phase, each.cells) for each in own]
    for phase, given in sorted(phases, key=lambda pair: len(pair[0].elements) > 1):
        cells = list(given) if given is not None else _cells(phase, n_orderings, seed)
        slug = slug_of(phase.name)
        for number, atoms in enumerate(cells):
            name = f"{slug}-{number}" if len(cells) > 1 else slug
            yield BuiltInCell(
                phase=phase, slug=name, atoms=atoms, potential=potential, quasi_harmonic=quasi_harmonic, static=static
            )


def built_in_phases(
    elements: Sequence[str], temperatures_K: Sequence[float], *, potential: str, n_orderings: int, pressure_bar: float,
    quasi_harmonic: bool, seed: int, run: Run, static: bool = False, own: Sequence[OwnPhase] = (),
) -> PhaseEnergies:  # fmt: skip
    """Relax and shake the built-in phases of a system, and the user's, with one potential.

    Each record is copied to ``phases/``. A disordered phase has the free energy of its orderings, `combine_orderings`.

    Raises
    ------
    InputError
        As soon as an element has no phase with a free energy.
    """
    from pymatgen.core import Composition

    found = PhaseEnergies()
    computed: list[Computed] = []
    kept_cells: list[tuple[LibraryPhase, PhononRecord]] = []
    cells = built_in_cells(
        elements, potential=potential, n_orderings=n_orderings, seed=seed, quasi_harmonic=quasi_harmonic,
        static=static, own=own,
    )  # fmt: skip
    for _, of_phase in groupby(cells, key=lambda cell: cell.phase.name):
        cells_of_phase = list(of_phase)
        phase, kept = cells_of_phase[0].phase, list[tuple[BuiltInCell, PhononRecord, PhaseEntry]]()
        for cell in cells_of_phase:
            record = _phonons_in_cache(cell.atoms, cell.slug, cell=cell, run=run)
            run.text(f"phases/{cell.slug}.json", record.model_dump_json(indent=1) + "\n")
            try:
                kept.append((cell, record, _entry_of_cell(cell, record, temperatures_K)))
            except InputError as error:
                found.left_out.append(LeftOut(name=cell.slug, reason=error.problem))
        if kept:
            computed.append(Computed(phase=phase, record=kept[0][1]))
            kept_cells.append((phase, kept[0][1]))
            found.entries.append(
                combine_orderings(
                    [entry for _, _, entry in kept],
                    n_atoms=len(kept[0][0].atoms),
                    degeneracies=[phase.degeneracy(cell.atoms) for cell, _, _ in kept],
                )
            )
            if len(cells_of_phase) > 1 and len(kept) < 2:
                found.warnings.append(
                    f"{phase.name}: one ordering alone; what the order of its ions does is not in its error"
                )
        elif len(phase.elements) == 1 and not _has_other(phase, elements, own):
            raise InputError(
                f"no reference for the element {phase.formula}: {found.left_out[-1].reason}", where=potential,
                remedy="take a potential that knows the elements, or give energies",
            )  # fmt: skip
    if computed:

        def elsewhere(symbol: str) -> list[Computed]:
            return _computed_anchors(symbol, elements, potential=potential, static=static, run=run)

        gases = gas_energies(
            elements, temperatures_K, computed=computed, computed_elsewhere=elsewhere, potential=potential,
            engine=computed[0].record.potential, pressure_bar=pressure_bar, static=static,
        )  # fmt: skip
        found.entries.extend(gases.entries)
        found.left_out.extend(gases.left_out)
        found.beside_measured.extend(gases.beside_measured)
    _leave_out_twins(found, kept_cells, {each.phase.name for each in own})
    there = {entry.composition.reduced_formula for entry in found.entries}
    known = [
        (name, origin)
        for name, origin in known_without_coordinates(elements)
        if Composition(name.split()[0]).reduced_formula not in there
    ]
    found.left_out.extend(
        LeftOut(
            name=name,
            reason=f"known ({origin}), coordinates not built in: give its file or its run of phonons with --phases",
        )
        for name, origin in known
    )
    if known:
        found.warnings.append(
            f"known to exist and not on the list: {', '.join(name for name, _ in known)}. Limits of windows are upper "
            "bounds of their width without them, energies above the hull lower ones: give them with --phases"
        )
    found.warnings.extend(_told_of_gaps(found.entries, elements))
    return found


def _computed_anchors(
    symbol: str, elements: Sequence[str], *, potential: str, static: bool, run: Run
) -> list[Computed]:
    """The compounds of other systems that a gaseous element is counted from, and their elements, as far as they go."""
    found = []
    for phase in anchors_of(symbol, elements):
        slug = slug_of(phase.name)
        cell = BuiltInCell(phase=phase, slug=slug, atoms=phase.atoms(), potential=potential, static=static)
        record = _phonons_in_cache(cell.atoms, slug, cell=cell, run=run)
        if is_usable(record):
            found.append(Computed(phase=phase, record=record))
    return found


def _leave_out_twins(
    found: PhaseEnergies, computed: Sequence[tuple[LibraryPhase, PhononRecord]], own: Collection[str]
) -> None:
    """One crystal twice would make each of both look as stable as the other: the user's stays, or the first."""
    kept: list[tuple[LibraryPhase, PhononRecord]] = []
    for phase, record in sorted(computed, key=lambda pair: pair[0].name not in own):
        first = next((other for other, there in kept if _is_twin(other, there, phase, record)), None)
        if first is None:
            kept.append((phase, record))
            continue
        found.entries[:] = [entry for entry in found.entries if entry.name != phase.name]
        found.entries[:] = [_renamed(entry, phase.name, first.name) for entry in found.entries]
        found.left_out.append(
            LeftOut(name=phase.name, reason=f"the same crystal as {first.name} after relaxation: counted once")
        )


def _is_twin(one: LibraryPhase, first: PhononRecord, other: LibraryPhase, second: PhononRecord) -> bool:
    if _shortest(one.formula) != _shortest(other.formula):
        return False
    if first.space_group is None or first.space_group != second.space_group:
        return False
    energies = (first.static_energy_eV_per_atom or 0.0, second.static_energy_eV_per_atom or 0.0)
    volumes = (first.volume_A3_per_atom or 0.0, second.volume_A3_per_atom or 0.0)
    return abs(energies[0] - energies[1]) < TWIN_eV_PER_ATOM and abs(volumes[0] / volumes[1] - 1) < TWIN_VOLUME


def _renamed(entry: PhaseEntry, old: str, new: str) -> PhaseEntry:
    """A gas that is built on a twin is built on the one that stays."""
    if not any(name == old for name, _ in entry.built_on):
        return entry
    return replace(entry, built_on=tuple((new if name == old else name, share) for name, share in entry.built_on))


def _told_of_gaps(entries: Sequence[PhaseEntry], elements: Sequence[str]) -> list[str]:
    """Which combinations of elements have no compound on the list: what exists there is not known here."""
    there = {entry.elements for entry in entries}
    gaps = [
        "-".join(chosen)
        for n in range(2, len(elements) + 1)
        for chosen in combinations(elements, n)
        if frozenset(chosen) not in there
    ]
    if not gaps:
        return []
    return [
        f"no compound of {first_of(gaps)} is on the list: what is stable there could only put phases higher above the "
        "hull and make windows narrower. Give what you know with --phases"
    ]


def first_of(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join(names[:MOST_TOLD]) + (f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else "")


def _has_other(phase: LibraryPhase, elements: Sequence[str], own: Sequence[OwnPhase]) -> bool:
    """Whether there is another phase of the same elements."""
    others = [*library_phases(elements), *(each.phase for each in own)]
    return any(other.elements == phase.elements and other.name != phase.name for other in others)


def _phonons_in_cache(atoms: Atoms, _slug: str, *, cell: BuiltInCell, run: Run) -> PhononRecord:
    """The record of a cell, from the cache or computed into it."""
    folder = cell.folder
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    return PHONONS(atoms, out=folder, cores=run.cores, show_progress=run.show_progress, **cell.settings)


def _entry_of_cell(cell: BuiltInCell, record: PhononRecord, temperatures_K: Sequence[float]) -> PhaseEntry:
    """Raises InputError, with the reason, for a record that is no phase to compare."""
    if not is_usable(record):
        raise InputError(f"{record.status}: {record.reason}{_missed(cell.phase)}", where=cell.slug)
    phase = cell.phase
    entry = entry_of_phonons(
        record, temperatures_K, name=phase.name, formula=phase.formula, origin=phase.origin, note=phase.note,
        prepared=phase.prepared, quasi_harmonic=cell.quasi_harmonic,
    )  # fmt: skip
    return at_temperatures([entry], temperatures_K)[0]


def _missed(phase: LibraryPhase) -> str:
    """What the disorder of a phase that is left out could do, which lowers no hull then."""
    entropy = sum(kind.entropy_kB_per_atom for kind in phase.disorder)
    if not entropy:
        return ""
    at_300_K = 1000 * BOLTZMANN_eV_PER_K * 300 * entropy
    return f"; its disorder, up to {at_300_K:.1f} meV/atom at 300 K, lowers no hull either"


def combine_orderings(entries: Sequence[PhaseEntry], *, n_atoms: int, degeneracies: Sequence[int]) -> PhaseEntry:
    """One entry of the orderings of a cell of `n_atoms` atoms: F = -kT ln sum g exp(-G/kT) of the cell, per atom.

    See `free_energy_of_orderings`. Its std is that of the phonons, sum p std, as if the errors of the orderings were
    the same; how far the orderings are apart is no error of it. The volume is the mean at the first temperature.
    """
    first = entries[0]
    if len(entries) == 1 and degeneracies[0] == 1:
        return first
    gibbs = np.array([entry.gibbs_eV_per_atom for entry in entries])
    free, shares = free_energy_of_orderings(gibbs, first.temperatures_K, n_atoms=n_atoms, degeneracies=degeneracies)
    std = np.array([entry.std_eV_per_atom for entry in entries])
    volumes = [entry.volume_A3_per_atom for entry in entries]
    told = (
        f"{len(entries)} orderings of {n_atoms} atoms, {sum(degeneracies)} with their images, "
        f"{1000 * np.ptp(gibbs[:, 0]):.1f} meV/atom apart: more of them would lower it"
    )
    return replace(
        first,
        gibbs_eV_per_atom=tuple(free.tolist()),
        std_eV_per_atom=tuple((shares * std).sum(axis=0).tolist()),
        ordered_gibbs_eV_per_atom=tuple(gibbs.min(axis=0).tolist()),
        volume_A3_per_atom=None if None in volumes else float(shares[:, 0] @ np.array(volumes, dtype=float)),
        prepared="; ".join(part for part in (told, first.prepared) if part),
    )


def _cells(phase: LibraryPhase, n_orderings: int, seed: int) -> list[Atoms]:
    atoms = phase.atoms()
    if phase.ion_sites is None or n_orderings <= 1:
        return [atoms]
    assert phase.specie is not None  # the library's own
    return [atoms, *reorder_ions(atoms, phase.ion_sites, specie=phase.specie, n_orderings=n_orderings - 1, seed=seed)]


def _shortest(formula: str) -> str:
    from pymatgen.core import Composition

    # pymatgen's sum formula is in the order of electronegativity: Li6 P1 S5 Cl1
    return re.sub(r"(?<=[A-Za-z])1(?= |$)", "", Composition(formula).reduced_composition.formula).replace(" ", "")
