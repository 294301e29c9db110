"""Free energies of the phases of a hull: of finished `phonons` runs, of the built-in phases, and of gases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from paddlewheel.crystals.orderings import reorder_ions
from paddlewheel.errors import InputError, writing
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.studies.hull.gas_energies import STANDARD_K, gas_entries
from paddlewheel.studies.hull.record import LeftOut
from paddlewheel.studies.phonons.record import PhononRecord, read_phonon_record
from paddlewheel.studies.phonons.study import STUDY as PHONONS
from paddlewheel.study.run import Run
from paddlewheel.thermodynamics.configurations import free_energy_of_orderings
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import LibraryPhase, known_without_coordinates, library_phases
from paddlewheel.units import BOLTZMANN_eV_PER_K

if TYPE_CHECKING:
    from ase import Atoms

GRID_K = tuple(sorted({STANDARD_K, *np.arange(0.0, 1501.0, 25.0).tolist()}))
"""Temperatures of the phases computed: fine enough for the interpolation between them to be exact to 1e-6 eV."""
MAX_ATOMS = 260
LARGEST_IMAGINARY_SHARE = 0.1


@dataclass(frozen=True)
class PhaseEnergies:
    """Entries, what was left out and why, and what the reader has to know."""

    entries: list[PhaseEntry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def entry_of_phonons(
    record: PhononRecord, temperatures_K: Sequence[float], *, name: str, formula: str, origin: str, note: str = "",
    quasi_harmonic: bool = False,
) -> PhaseEntry:  # fmt: skip
    """Static and vibrational free energy of a `phonons` record at these temperatures.

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
    if record.static_energy_eV_per_atom is None or not record.thermal:
        raise InputError(f"no free energy: {record.status} ({record.reason})", where=name, remedy="leave it out")
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
    notes = [note] * bool(note) + [f"{record.status}: {record.reason}"] * (record.status != "ok")
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
    return bool(record.thermal) and record.status != "left-symmetry" and imaginary < LARGEST_IMAGINARY_SHARE


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
        if not record.thermal:
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
class BuiltInCell:
    """One cell of a built-in phase, whose phonons are a run in the user's cache.

    The run is found again by its inputs: `hull`, `window` and other temperatures share it, and what was killed goes on.
    """

    phase: LibraryPhase
    slug: str
    atoms: Atoms
    potential: str
    quasi_harmonic: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """Of `phonons`: on temperatures that every hull can be read from."""
        return {
            "potential": self.potential,
            "temperatures_K": GRID_K,
            "supercell": self.phase.supercell,
            "max_atoms": MAX_ATOMS,
            "fmax_eV_per_A": self.phase.fmax_eV_per_A,
            "quasi_harmonic": self.quasi_harmonic,
        }

    @property
    def folder(self) -> Path:
        """The run directory."""
        return cache_folder() / "phonons" / f"{self.slug}-{PHONONS.identity(self.atoms, **self.settings)[:16]}"


def built_in_cells(
    elements: Sequence[str], *, potential: str, n_orderings: int, seed: int, quasi_harmonic: bool = False
) -> Iterator[BuiltInCell]:
    """The cells of every built-in solid, those of a phase together.

    The pure elements come first: without one of them there is no hull, and the rest would be computed for nothing.
    """
    for phase in sorted(library_phases(elements), key=lambda phase: len(phase.elements) > 1):
        if phase.gas is not None:
            continue
        slug, cells = re.sub(r"[^A-Za-z0-9]+", "-", phase.name).strip("-"), _cells(phase, n_orderings, seed)
        for number, atoms in enumerate(cells):
            name = f"{slug}-{number}" if len(cells) > 1 else slug
            yield BuiltInCell(phase=phase, slug=name, atoms=atoms, potential=potential, quasi_harmonic=quasi_harmonic)


def built_in_phases(
    elements: Sequence[str], temperatures_K: Sequence[float], *, potential: str, n_orderings: int, pressure_bar: float,
    quasi_harmonic: bool, seed: int, run: Run,
) -> PhaseEnergies:  # fmt: skip
    """Relax and shake the built-in phases of a system with one potential; each record is copied to ``phases/``.

    A disordered phase has the free energy of its orderings, `combine_orderings`.

    Raises
    ------
    InputError
        As soon as an element has no phase with a free energy.
    """
    found = PhaseEnergies()
    computed: dict[str, tuple[str, PhononRecord]] = {}
    cells = built_in_cells(
        elements, potential=potential, n_orderings=n_orderings, seed=seed, quasi_harmonic=quasi_harmonic
    )
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
            computed[phase.formula] = phase.name, kept[0][1]
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
        elif len(phase.elements) == 1 and not any(_is_other(phase, other) for other in library_phases(elements)):
            raise InputError(
                f"no reference for the element {phase.formula}: {found.left_out[-1].reason}", where=potential,
                remedy="take a potential that knows the elements, or give energies",
            )  # fmt: skip
    if "H" in elements and computed:
        _, record = next(iter(computed.values()))
        gases, left_out = gas_entries(
            elements, temperatures_K, elements_computed=computed, potential=potential, engine=record.potential,
            pressure_bar=pressure_bar,
        )  # fmt: skip
        found.entries.extend(gases)
        found.left_out.extend(left_out)
    found.left_out.extend(
        LeftOut(
            name=name, reason=f"known ({origin}), its coordinates are not built in: give its phonons run with --phases"
        )
        for name, origin in known_without_coordinates(elements)
    )
    return found


def _is_other(phase: LibraryPhase, other: LibraryPhase) -> bool:
    """Whether it is another phase of the same elements."""
    return other.elements == phase.elements and other.name != phase.name


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
    return entry_of_phonons(
        record, temperatures_K, name=phase.name, formula=phase.formula, origin=phase.origin, note=phase.note,
        quasi_harmonic=cell.quasi_harmonic,
    )  # fmt: skip


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
        note="; ".join(part for part in (told, first.note) if part),
    )


def _cells(phase: LibraryPhase, n_orderings: int, seed: int) -> list[Atoms]:
    atoms = phase.atoms()
    if phase.ion_sites is None or n_orderings <= 1:
        return [atoms]
    assert phase.specie is not None  # the library's own
    return [atoms, *reorder_ions(atoms, phase.ion_sites, specie=phase.specie, n_orderings=n_orderings - 1, seed=seed)]


def _shortest(formula: str) -> str:
    from pymatgen.core import Composition

    composition = Composition(formula).reduced_composition
    return "".join(f"{element}{amount:g}" if amount != 1 else str(element) for element, amount in composition.items())
