"""Free energies of the phases of a hull: of finished `phonons` runs, of the built-in phases, and of gases."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from paddlewheel.crystals.orderings import reorder_ions
from paddlewheel.errors import InputError, writing
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.records import write_record
from paddlewheel.studies.hull.gas_energies import (
    STANDARD_K,
    gas_entries,
)
from paddlewheel.studies.hull.record import LeftOut
from paddlewheel.studies.phonons.plan import plan_phonons
from paddlewheel.studies.phonons.record import (
    PhononRecord,
    read_phonon_record,
)
from paddlewheel.studies.phonons.study import phonons
from paddlewheel.thermodynamics.phase_entry import PhaseEntry
from paddlewheel.thermodynamics.phase_library import LibraryPhase, known_without_coordinates, library_phases

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
    record: PhononRecord, temperatures_K: Sequence[float], *, name: str, formula: str, origin: str, note: str = ""
) -> PhaseEntry:
    """Static and vibrational free energy of a `phonons` record at these temperatures.

    A record with numbers counts whatever its status: a minimum missed by 0.03 eV/A at most is 0.1 meV/atom off, what
    imaginary modes and small supercells leave open is in the record's std. The status stands in the note.

    Between the record's temperatures by cubic Hermite polynomials with dF/dT = -S, whose error is of fourth order.

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
    values = free if len(known) == 1 else CubicHermiteSpline(known, free, -entropy)(wanted)
    gibbs = record.static_energy_eV_per_atom + np.atleast_1d(values)
    notes = [note] * bool(note) + [f"{record.status}: {record.reason}"] * (record.status != "ok")
    return PhaseEntry(
        name=name, formula=formula, temperatures_K=tuple(wanted.tolist()), gibbs_eV_per_atom=tuple(gibbs.tolist()),
        std_eV_per_atom=tuple(np.interp(wanted, known, std).tolist()), volume_A3_per_atom=record.volume_A3_per_atom,
        engine=_engine(record), origin=origin, note="; ".join(notes),
    )  # fmt: skip


def is_usable(record: PhononRecord) -> bool:
    """Whether a built-in phase has a free energy to compare: numbers, its own space group, and a minimum to shake at.

    With a tenth of its modes imaginary a structure is a saddle, such as cubic NaBH4 with its H at rest, whose harmonic
    free energy would win at high temperature for no reason but that.
    """
    imaginary = 0.0 if record.imaginary is None else record.imaginary.share_of_modes
    return bool(record.thermal) and record.status != "left-symmetry" and imaginary < LARGEST_IMAGINARY_SHARE


def finished_phases(folders: Sequence[Path], temperatures_K: Sequence[float]) -> PhaseEnergies:
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
            entry_of_phonons(record, temperatures_K, name=name, formula=_shortest(record.formula), origin=str(path))
        )
    return found


def built_in_phases(
    elements: Sequence[str], temperatures_K: Sequence[float], *, potential: str, directory: Path | None,
    n_orderings: int, pressure_bar: float, seed: int, cores: int | None, show_progress: bool,
) -> PhaseEnergies:  # fmt: skip
    """Relax and shake the built-in phases of a system with one potential.

    Each is a run of `phonons` in the user's cache, found again by its inputs: `hull`, `window` and other temperatures
    share it, and what was killed goes on. Its record is copied to `directory`/phases.

    A disordered phase is the mean over its orderings, each with the weight exp(-(G_i - G_min)/kT), without the entropy
    of their number; the spread of the orderings is in its std.

    Raises
    ------
    InputError
        As soon as an element has no phase with a free energy.
    """
    found = PhaseEnergies()
    records: dict[str, PhononRecord] = {}
    # the pure elements first: without one of them there is no hull, and the rest would be computed for nothing
    phases = sorted(library_phases(elements), key=lambda one: len(one.elements) > 1)
    for phase in phases:
        if phase.gas is not None:
            continue
        cells = _cells(phase, n_orderings, seed)
        done: list[PhononRecord] = []
        for number, atoms in enumerate(cells):
            slug = re.sub(r"[^A-Za-z0-9]+", "-", phase.name).strip("-") + (f"-{number}" if len(cells) > 1 else "")
            record = _phonons_in_cache(
                atoms, slug, potential=potential, supercell=phase.supercell, fmax_eV_per_A=phase.fmax_eV_per_A,
                cores=cores, show_progress=show_progress,
            )  # fmt: skip
            if directory is not None:
                (directory / "phases").mkdir(exist_ok=True)
                write_record(record, directory / "phases" / f"{slug}.json")
            if is_usable(record):
                done.append(record)
            else:
                found.left_out.append(LeftOut(name=slug, reason=f"{record.status}: {record.reason}"))
        if not done:
            if len(phase.elements) == 1 and sum(one.elements == phase.elements for one in phases) == 1:
                raise InputError(
                    f"no reference for the element {phase.formula}: {found.left_out[-1].reason}", where=potential,
                    remedy="take a potential that knows the elements, or give energies",
                )  # fmt: skip
            continue
        records[phase.formula] = done[0]
        entries = [
            entry_of_phonons(
                one, temperatures_K, name=phase.name, formula=phase.formula, origin=phase.origin, note=phase.note
            )
            for one in done
        ]
        found.entries.append(mean_of_orderings(entries))
        if len(cells) > 1 and len(done) < 2:
            found.warnings.append(
                f"{phase.name}: one ordering alone; what the order of its ions does is not in its error"
            )
    if "H" in elements and records:
        engine = _engine(next(iter(records.values())))
        gases, left_out = gas_entries(
            elements, temperatures_K, records=records, potential=potential, engine=engine, pressure_bar=pressure_bar
        )
        found.entries.extend(gases)
        found.left_out.extend(left_out)
    found.left_out.extend(
        LeftOut(
            name=name, reason=f"known ({origin}), its coordinates are not built in: give its phonons run with --phases"
        )
        for name, origin in known_without_coordinates(elements)
    )
    return found


def _phonons_in_cache(
    atoms: Atoms, slug: str, *, potential: str, supercell: str, fmax_eV_per_A: float, cores: int | None,
    show_progress: bool,
) -> PhononRecord:  # fmt: skip
    """The record of this cell, from the cache or computed into it, on temperatures that every hull can be read from."""
    settings: dict[str, Any] = {
        "potential": potential, "temperatures_K": GRID_K, "supercell": supercell, "max_atoms": MAX_ATOMS,
        "fmax_eV_per_A": fmax_eV_per_A,
    }  # fmt: skip
    defaults = {
        name: parameter.default
        for name, parameter in signature(phonons).parameters.items()
        if name in signature(plan_phonons).parameters and name not in ("structure", *settings)
    }
    inputs = plan_phonons(atoms, **settings, **defaults).inputs()
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    folder = cache_folder() / "phonons" / f"{slug}-{digest[:16]}"
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    return phonons(atoms, out=folder, cores=cores, show_progress=show_progress, **settings)


def mean_of_orderings(entries: Sequence[PhaseEntry]) -> PhaseEntry:
    """One entry of several orderings: their Boltzmann mean, without the entropy of their number.

    Weights are of one formula unit, the least that can be ordered on its own; the std is that of the phonons and the
    spread of the orderings together.
    """
    from paddlewheel.units import BOLTZMANN_eV_PER_K

    first = entries[0]
    if len(entries) == 1:
        return first
    gibbs = np.array([one.gibbs_eV_per_atom for one in entries])
    std = np.array([one.std_eV_per_atom for one in entries])
    atoms = first.composition.num_atoms
    temperature = np.maximum(np.array(first.temperatures_K), 1.0)
    weights = np.exp(-(gibbs - gibbs.min(axis=0)) * atoms / (BOLTZMANN_eV_PER_K * temperature))
    weights /= weights.sum(axis=0)
    mean = (weights * gibbs).sum(axis=0)
    spread = np.sqrt((weights * (gibbs - mean) ** 2).sum(axis=0))
    return PhaseEntry(
        name=first.name, formula=first.formula, temperatures_K=first.temperatures_K,
        gibbs_eV_per_atom=tuple(mean.tolist()),
        std_eV_per_atom=tuple(np.hypot((weights * std).sum(axis=0), spread).tolist()),
        volume_A3_per_atom=float(np.mean([one.volume_A3_per_atom for one in entries if one.volume_A3_per_atom])),
        engine=first.engine, origin=first.origin,
        note=f"{len(entries)} orderings, {1000 * np.ptp(gibbs[:, 0]):.1f} meV/atom apart; {first.note}".rstrip("; "),
    )  # fmt: skip


def _cells(phase: LibraryPhase, n_orderings: int, seed: int) -> list[Atoms]:
    atoms = phase.atoms()
    if phase.ion_sites is None or n_orderings <= 1:
        return [atoms]
    assert phase.specie is not None  # the library's own
    return [atoms, *reorder_ions(atoms, phase.ion_sites, specie=phase.specie, n_orderings=n_orderings - 1, seed=seed)]


def _engine(record: PhononRecord) -> str:
    return record.potential


def _shortest(formula: str) -> str:
    from pymatgen.core import Composition

    composition = Composition(formula).reduced_composition
    return "".join(f"{element}{amount:g}" if amount != 1 else str(element) for element, amount in composition.items())
