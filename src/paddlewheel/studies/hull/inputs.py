"""What `hull` and `window` are told of energies, the phases that come of it, and how they stand in a record."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import InputError, ScienceError, SettingsError
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.hull.phase_energies import (
    OwnPhase,
    PhaseEnergies,
    built_in_cells,
    built_in_phases,
    finished_phases,
    first_of,
    read_own_phase,
    slug_of,
)
from paddlewheel.studies.hull.record import HullInput
from paddlewheel.studies.phonons.inputs import PhononSettings, open_phonons
from paddlewheel.studies.phonons.study import RELAXED_ALONE, seconds_measured, work_of
from paddlewheel.studies.phonons.study import STUDY as PHONONS
from paddlewheel.studies.simulation.potentials import chosen_potential, potential_note
from paddlewheel.studies.simulation.settings import PotentialSettings
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.settings import MOST_SEED, NamedNumbers, Paths, Settings, bad_value, setting
from paddlewheel.thermodynamics.energy_error import SHARED, STD_OVER_MAE, EnergyError
from paddlewheel.thermodynamics.energy_table import at_temperatures, read_energy_table
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.materials_project import fetch_entries
from paddlewheel.thermodynamics.phase_entry import PhaseEntry, check_system, common_engine
from paddlewheel.thermodynamics.phase_library import library_phases

if TYPE_CHECKING:
    from pymatgen.core import Composition

MATERIALS_PROJECT = "materials-project"
"""In place of a table: the entries of that database, with the user's key."""
REFERENCE_POTENTIAL, REFERENCE_ELEMENTS = "m3gnet-nabh-r2scan", {"Na", "B", "H"}
CITATIONS = [
    Citation(
        what="phase diagrams", reference="Ong et al., Chem. Mater. 20, 1798 (2008), by pymatgen",
        doi="10.1021/cm702327g",
    ),
]  # fmt: skip
PAPER = "Oh et al. 2025, doi 10.1016/j.joule.2025.102130"
_HIGHEST_K = 3000.0


class EnergySettings(Settings):
    """Where the free energies of the phases are from."""

    energies: Paths = setting(
        (),
        "Table of given energies: CSV, YAML, computed entries as JSON, or materials-project (with a key in "
        "MP_API_KEY); may be repeated",
        repeated=True,
    )
    phases: Paths = setting(
        (),
        "A phase of your own: a structure file (CIF, POSCAR, ...), computed beside those built in, or a run directory "
        "of `phonons`; may be repeated",
        repeated=True,
    )
    potential: str | None = setting(
        None,
        f"For what is computed; by default {REFERENCE_POTENTIAL} for Na-B-H, else the one made for the elements or "
        "nep89, a first guess",
    )
    static: bool = setting(
        False, "Static energies: phases are relaxed alone, without phonons; gases keep their entropy"
    )
    n_orderings: int = setting(
        5, "Orderings of each disordered phase, built in or of a file", ge=1, option="--orderings", le=10_000
    )
    energy_error_meV_per_atom: float | None = setting(
        None,
        "Standard error of the energies themselves (of the potential, of the functional), meV/atom, in every interval; "
        "by default that of the potential's card, none where it has none and of given energies",
        ge=0,
    )
    shared_error: float = setting(
        SHARED, "Share of the variance of that error that phases of the same elements have in common", ge=0, le=1
    )
    quasi_harmonic: bool = setting(
        False,
        "Free energies at the volume of each temperature, at zero pressure: those of `phonons --quasi-harmonic`, which "
        "the built-in phases then are computed with",
        only_with={"static": False},
    )
    pressure_bar: float = setting(1.0, "Pressure of each gas that is built in, bar", gt=0)
    oxidation: NamedNumbers | None = setting(
        None,
        "Oxidation states of elements of phases with partly occupied sites, such as Fe=3,Ti=4; those that are absent "
        "are guessed",
        each=(-8, 8),
    )
    seed: int = setting(1, "Decides orderings and samples of the errors", ge=0, le=MOST_SEED)

    def may_change(self) -> frozenset[str]:
        """What is for the built-in phases decides nothing where energies are given."""
        for_built_in = {"potential", "n_orderings", "pressure_bar", "static"}
        return super().may_change() | (for_built_in if self.is_given() else set())

    def is_given(self) -> bool:
        """Whether tables and runs hold all energies, so that nothing is computed."""
        return bool(self.energies or self.phases) and not any(is_structure_file(path) for path in self.phases)


@dataclass(frozen=True, kw_only=True)
class Energies:
    """The system and the energies that are given.

    Attributes
    ----------
    temperatures_K
        Rising; those that energies are sought at.
    given
        Phases of tables and of runs of `phonons`.
    own
        Phases of structure files.
    is_computed
        Whether those and the ones built in are to be computed.
    potential
        For those; `by_default` where none was asked for.
    error
        Of the energies themselves; None where it is not known.
    """

    elements: list[str]
    temperatures_K: list[float]
    tables: list[Path]
    folders: list[Path]
    given: PhaseEnergies | None
    own: tuple[OwnPhase, ...] = ()
    is_computed: bool = True
    static: bool = False
    potential: str
    by_default: bool = False
    notes: tuple[str, ...] = ()
    error: EnergyError | None
    shared: float = SHARED

    @property
    def formulas(self) -> dict[str, str]:
        """Formula of each phase that is there, by its name."""
        built_in = [*library_phases(self.elements), *(each.phase for each in self.own)] if self.is_computed else []
        given = self.given.entries if self.given is not None else []
        return {phase.name: phase.formula for phase in [*built_in, *given]}

    def document(self) -> dict[str, Any]:
        """The system, and every file by its content."""
        return {
            "system": self.elements,
            "energies": [_by_content(path) for path in self.tables],
            "phases": [_by_content(path) for path in self.folders],
            "potential": _potential_by_content(self.potential) if self.is_computed else None,
            "orderings": "partition sum" if self.is_computed else None,
            "energy_error_meV_per_atom": None if self.error is None else round(1000 * self.error.std_eV_per_atom, 6),
        }


def open_energies(elements: Sequence[str], temperatures_K: Sequence[float], settings: EnergySettings) -> Energies:
    """Read the energies that are given, and check that there is a hull.

    Entries of the Materials Project are fetched, once, into the user's cache.

    Raises
    ------
    InputError
        As the readers say, and where nothing is given and nothing is built in.
    """
    tables = [
        fetch_entries(elements, cache_folder() / MATERIALS_PROJECT) if str(path) == MATERIALS_PROJECT else Path(path)
        for path in settings.energies
    ]
    folders = [Path(path) for path in settings.phases]
    files = [path for path in folders if is_structure_file(path)]
    runs = [path for path in folders if path not in files]
    is_computed = not settings.is_given()
    if settings.oxidation and not files:
        raise SettingsError(
            "no structure file is given that they could be of", where="oxidation",
            remedy="leave it out, or see --phases",
        )  # fmt: skip
    own, notes = _own_phases(files, elements, settings) if files else ((), ())
    potential = _potential_for(elements, settings) if is_computed else settings.potential or REFERENCE_POTENTIAL
    given = None
    if tables or runs:
        given = _given(
            elements, temperatures_K, tables, runs, quasi_harmonic=settings.quasi_harmonic, is_all=not is_computed
        )
    if is_computed:
        _check_elements(elements, own, given)
        if given is not None:
            _check_engine(given, potential, static=settings.static)
    return Energies(
        elements=list(elements), temperatures_K=list(temperatures_K), tables=tables, folders=folders, given=given,
        own=own, is_computed=is_computed, static=settings.static, potential=potential,
        by_default=is_computed and settings.potential is None and potential != REFERENCE_POTENTIAL, notes=notes,
        shared=settings.shared_error,
        error=_error(settings, potential if given is None else common_engine(given.entries)),
    )  # fmt: skip


def is_structure_file(path: str | Path) -> bool:
    """Whether a phase is given as a structure, not as a run of `phonons` or its record."""
    path = Path(path)
    return not path.is_dir() and path.suffix.lower() != ".json"


def _potential_for(elements: Sequence[str], settings: EnergySettings) -> str:
    """The one asked for, or the default of these elements; fetched, and refused where it does not know one of them.

    Raises
    ------
    PotentialError
        If it is unknown, does not know an element, or cannot be fetched.
    """
    from ase import Atoms

    one_of_each = Atoms(list(elements))
    name = settings.potential
    if name is None and set(elements) <= REFERENCE_ELEMENTS:
        name = REFERENCE_POTENTIAL
    return str(chosen_potential(PotentialSettings.of(potential=name), one_of_each)["name"])


def _own_phases(
    files: Sequence[Path], elements: Sequence[str], settings: EnergySettings
) -> tuple[tuple[OwnPhase, ...], tuple[str, ...]]:
    """The phases of structure files, each file once, and what a reader has to know of that.

    Raises
    ------
    InputError
        If one cannot be read, holds an element that is not of the system, or two files have one name.
    """
    for symbol in settings.oxidation or {}:
        if symbol not in elements:
            raise SettingsError(
                f"{symbol} is not of {'-'.join(elements)}", where="oxidation", remedy="name elements of the system"
            )
    by_content: dict[str, Path] = {}
    phases: dict[str, OwnPhase] = {}
    notes = []
    for path in files:
        content = _by_content(path)["sha256"]
        if content in by_content:
            notes.append(f"{path.name} has the content of {by_content[content].name}: counted once")
            continue
        by_content[content] = path
        own = read_own_phase(path, n_orderings=settings.n_orderings, seed=settings.seed, oxidation=settings.oxidation)
        foreign = sorted(own.phase.elements - set(elements))
        if foreign:
            raise InputError(
                f"{', '.join(foreign)} in {own.phase.formula} is not of {'-'.join(elements)}", where=path,
                remedy="leave the phase out, or name the element in the system",
            )  # fmt: skip
        taken = {phase.name for phase in library_phases(elements)} | set(phases)
        if own.phase.name in taken:
            named = f"{own.phase.name} ({path.resolve().parent.name}/{path.name})"
            if named in taken:
                raise InputError(f"another phase is called {named}", where=path, remedy="rename one file")
            own = replace(own, phase=replace(own.phase, name=named))
        phases[own.phase.name] = own
    if settings.oxidation and not any(own.phase.prepared for own in phases.values()):
        notes.append("no phase that is given has partly occupied sites: --oxidation is without effect")
    return tuple(phases.values()), tuple(notes)


def _check_elements(elements: Sequence[str], own: Sequence[OwnPhase], given: PhaseEnergies | None) -> None:
    """Refuse a system of which an element has no phase, before anything is computed."""
    entries = given.entries if given is not None else []
    phases = [*library_phases(elements), *(each.phase for each in own), *entries]
    for element in elements:
        if not any(phase.elements == {element} for phase in phases):
            raise InputError(
                f"no phases of {'-'.join(elements)} are built in ({element} lacks its element)", where="system",
                remedy=f"give a crystal of {element} with --phases (a structure file), or all energies with --energies",
            )  # fmt: skip


def _check_engine(given: PhaseEnergies, potential: str, *, static: bool) -> None:
    """Refuse phases of another engine, or of another kind of energy, beside those that are to be computed."""
    engine = common_engine(given.entries)
    if engine != potential:
        raise InputError(
            f"energies of {engine} beside phases that {potential} is to compute", where="phases",
            remedy=f"name it with --potential, or give all phases by {engine}",
        )  # fmt: skip
    for entry in given.entries:
        if (entry.temperatures_K == (0.0,)) != static:
            told = (
                "a free energy, and --static is given" if static else "a static energy alone, and --static is not given"
            )
            raise InputError(
                f"{entry.name} has {told} given", where="phases",
                remedy="run it again with phonons, or all with --static" if not static else "leave out --static",
            )  # fmt: skip


def _error(settings: EnergySettings, engine: str) -> EnergyError | None:
    """The one that is given, or that of the potential's card: its mean absolute error as a standard error."""
    from paddlewheel.potentials import list_potentials

    if settings.energy_error_meV_per_atom is not None:
        return EnergyError(std_eV_per_atom=settings.energy_error_meV_per_atom / 1000, shared=settings.shared_error)
    for card in list_potentials():
        if card.name == engine and card.energy_mae_meV_per_atom is not None:
            std = STD_OVER_MAE * card.energy_mae_meV_per_atom / 1000
            return EnergyError(std_eV_per_atom=std, shared=settings.shared_error)
    return None


def of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    """Runs of before knew no error of a potential, and took a mean over the orderings of built-in phases."""
    return {"orderings": None, "energy_error_meV_per_atom": None} | dict(found)


def open_hull(
    found: PhaseEnergies, energies: Energies, temperatures_K: Sequence[float], settings: EnergySettings
) -> FreeEnergyHull:
    """The hull of these phases, with the error of their energies."""
    return FreeEnergyHull(
        found.entries, energies.elements, temperatures_K, energy_error=error_of(found, energies), seed=settings.seed
    )


def potential_note_of(energies: Energies) -> str | None:
    """What a reader must know of the potential before any number; None where energies are given."""
    return potential_note(energies.potential, by_default=energies.by_default) if energies.is_computed else None


def _counted(n: int) -> str:
    return "the one measured enthalpy of formation is" if n == 1 else f"{n} measured enthalpies of formation are"


def told_of_error(error: EnergyError | None, found: PhaseEnergies, energies: Energies) -> list[str]:
    """A warning where intervals lack the error of the energies themselves, or where it is what few compounds show."""
    rows = [row for row in found.beside_measured if not row.is_anchor]
    if error is not None and energies.error is None:
        worst = max(rows, key=lambda row: abs(row.difference_meV_per_atom))
        return [
            f"no error of {energies.potential} is known: {1000 * error.std_eV_per_atom:.0f} meV/atom is taken, the "
            f"root mean square by which {_counted(len(rows))} missed here (most by {worst.name}, "
            f"{worst.computed_kJ_per_mol:.0f} for {worst.measured_kJ_per_mol:.0f} kJ/mol)"
        ]
    if error is not None:
        return []
    entries = found.entries
    if any(value for entry in entries for value in entry.std_eV_per_atom):
        what = "the error of the potential or functional itself is in no interval"
    else:
        what = "no energy has an uncertainty: those of the results are zero, which no measurement's are"
    return [f"{what}: give --energy-error-meV-per-atom"]


def name_of(wanted: str, energies: Energies) -> str:
    """A phase by its name, the built-in name of its structure, or its formula where one phase alone has it.

    Raises
    ------
    InputError
        For none of these.
    """
    formulas = energies.formulas
    built_in = [phase.name for phase in library_phases(energies.elements) if phase.structure == wanted]
    built_in += [each.phase.name for each in energies.own if str(each.path) == wanted]
    composition = _compound(wanted)
    by_formula = [
        name
        for name, formula in formulas.items()
        if formula == wanted or (composition is not None and _compound(formula) == composition)
    ]
    for found in ([wanted], built_in, by_formula):
        if len(found) == 1 and found[0] in formulas:
            return found[0]
    if len(by_formula) > 1:
        raise InputError(
            f"{len(by_formula)} phases are {wanted}: {', '.join(by_formula)}", where="target", remedy="name one of them"
        )
    raise InputError(
        f"no phase '{wanted}' (there are: {', '.join(formulas)})", where="target",
        remedy="name one of them" + (", or give its structure file with --phases" if energies.is_computed else ""),
    )  # fmt: skip


def _compound(formula: str) -> Composition | None:
    """Na1Cr1O2, NaCrO2 and Na2Cr2O4 are one; None for what is no formula of a compound."""
    from pymatgen.core import Composition

    try:
        composition = Composition(formula).reduced_composition
    except (ValueError, KeyError):
        return None
    return composition if len(composition) > 1 else None


def _given(
    elements: Sequence[str], temperatures_K: Sequence[float], tables: Sequence[Path], folders: Sequence[Path], *,
    quasi_harmonic: bool, is_all: bool,
) -> PhaseEnergies:  # fmt: skip
    found = finished_phases(folders, temperatures_K, quasi_harmonic=quasi_harmonic)
    found.entries[:0] = [entry for path in tables for entry in read_energy_table(path)]
    kept = [entry for entry in found.entries if entry.elements <= set(elements)]
    if not kept:
        first = found.entries[0].formula if found.entries else "not there"
        raise InputError(
            f"no phase of {'-'.join(elements)} (the first is {first})", where="phases",
            remedy="name the system of the phases",
        )  # fmt: skip
    others = [entry.name for entry in found.entries if not entry.elements <= set(elements)]
    if others:
        found.warnings.append(
            f"given and left out, for elements that are not of {'-'.join(elements)}: {first_of(others)}"
        )
    if not is_all:
        return PhaseEnergies(kept, found.left_out, found.warnings)
    if all(entry.temperatures_K == (0.0,) for entry in kept) and any(temperatures_K):
        found.warnings.append("static energies at every temperature: vibrations, and with them gases, are left out")
    entries = at_temperatures(kept, temperatures_K)
    check_system(entries, elements)
    return PhaseEnergies(entries, found.left_out, found.warnings)


def phase_energies(energies: Energies, settings: EnergySettings, run: Run) -> PhaseEnergies:
    """The phases that are given, or those built in, computed.

    Raises
    ------
    InputError
        If an element has no phase with a free energy.
    """
    given = energies.given
    if not energies.is_computed:
        assert given is not None
        return given
    computed = built_in_phases(
        energies.elements, energies.temperatures_K, potential=energies.potential, n_orderings=settings.n_orderings,
        pressure_bar=settings.pressure_bar, quasi_harmonic=settings.quasi_harmonic, seed=settings.seed, run=run,
        static=energies.static, own=energies.own,
    )  # fmt: skip
    computed.warnings[:0] = energies.notes
    if given is not None:
        computed.entries.extend(at_temperatures(given.entries, energies.temperatures_K))
        computed.left_out.extend(given.left_out)
        computed.warnings.extend(given.warnings)
    if energies.static:
        computed.warnings.append(
            "static energies of solids at every temperature: their vibrations are left out, those of gases are not"
        )
    check_system(computed.entries, energies.elements)
    return computed


def error_of(found: PhaseEnergies, energies: Energies) -> EnergyError | None:
    """The error of the energies: given, of the potential's card, or what measured enthalpies of formation show.

    The latter is the root mean square of the differences of compounds that nothing is counted from.
    """
    rows = [row.difference_meV_per_atom for row in found.beside_measured if not row.is_anchor]
    if energies.error is not None or not rows:
        return energies.error
    rms = math.sqrt(sum(value**2 for value in rows) / len(rows))
    return EnergyError(std_eV_per_atom=rms / 1000, shared=energies.shared)


def check_target(name: str, found: PhaseEnergies) -> None:
    """Raise ScienceError, with the reason, for a phase asked about that was left out."""
    if any(entry.name == name for entry in found.entries):
        return
    slug = slug_of(name)
    reasons = [
        phase.reason for phase in found.left_out if phase.name in (name, slug) or phase.name.startswith(f"{slug}-")
    ]
    raise ScienceError(
        f"no energy of {name}: {reasons[0] if reasons else 'it was left out'}", where="target",
        remedy="take another potential, or a structure that it relaxes",
    )  # fmt: skip


def read_system(text: str) -> list[str]:
    """Elements of a system such as Na-B-H.

    Raises
    ------
    SettingsError
        For what is no element, one named twice, or fewer than two.
    """
    from pymatgen.core import Element

    parts = [part for part in re.split(r"[-\s,]+", text.strip()) if part]
    for part in parts:
        if not Element.is_valid_symbol(part):
            raise SettingsError(f"'{part}' is no element", where="system", remedy="write such as Na-B-H")
    if len(set(parts)) != len(parts) or len(parts) < 2:
        raise SettingsError(f"'{text}'", where="system", remedy="name two elements or more, each once")
    return parts


def rising_temperatures(given: Sequence[float]) -> tuple[float, ...]:
    """Sorted, each once; for a validator of settings."""
    found = sorted(set(given))
    if not found or found[0] < 0 or found[-1] > _HIGHEST_K:
        raise bad_value(", ".join(f"{value:g}" for value in found) or "none", f"give 0 to {_HIGHEST_K:g} K")
    return tuple(found)


def forecast_of(energies: Energies, settings: EnergySettings, cores: int | None) -> Forecast:
    """Phases that are given, or which of those built in are in the cache and what the others cost."""
    if not energies.is_computed:
        return Forecast(inputs=(("phases given", ", ".join(energies.formulas)),))
    hours: dict[str, float] = {}
    in_cache, missing, largest, atom_s = [], [], 0, dict[str, float]()
    for cell in built_in_cells(
        energies.elements,
        potential=energies.potential,
        n_orderings=settings.n_orderings,
        seed=settings.seed,
        quasi_harmonic=settings.quasi_harmonic,
        static=energies.static,
        own=energies.own,
    ):
        if PHONONS.read(cell.folder) is not None:
            in_cache.append(cell.slug)
            continue
        told = PhononSettings.of(**cell.settings)
        opened = open_phonons(cell.atoms, told)
        if energies.static:
            largest = max(largest, len(cell.atoms))
            missing.append(f"{cell.slug} ({len(cell.atoms)} atoms)")
            continue
        work, phase = work_of(opened, told), cell.phase.name
        atom_s[phase] = atom_s.get(phase) or seconds_measured(opened, told)[1]
        for displaced in work:
            largest = max(largest, displaced.n_atoms)
            hours |= {f"{cell.slug} {unit}": n * atom_s[phase] / 3600 for unit, n in displaced.evaluated().items()}
        missing.append(f"{cell.slug} ({sum(displaced.n_displacements for displaced in work)} displaced supercells)")
    phases = (("potential", energies.potential), ("in the cache", ", ".join(in_cache) or "none"))
    if not missing:
        return Forecast(inputs=phases)
    if energies.static:
        told_of = (*phases, ("to be relaxed", ", ".join(missing)))
        return Forecast(inputs=told_of, n_atoms=largest, notes=(RELAXED_ALONE,))
    return Forecast.of_units(
        hours, cores=cores, inputs=(*phases, ("to be computed", ", ".join(missing))), n_atoms=largest,
        notes=(
            "relaxing each phase comes first, and larger supercells may follow: neither is in the time",
            *["nor are the volumes of the quasi-harmonic part"] * settings.quasi_harmonic,
        ),
    )  # fmt: skip


def inputs_of(entries: Sequence[PhaseEntry]) -> list[HullInput]:
    """As they stand in a record."""
    return [
        HullInput(
            name=entry.name, formula=entry.formula, state=entry.state, temperatures_K=list(entry.temperatures_K),
            gibbs_eV_per_atom=[
                Measured(value=value, std=std)
                for value, std in zip(entry.gibbs_eV_per_atom, entry.std_eV_per_atom, strict=True)
            ],
            volume_A3_per_atom=entry.volume_A3_per_atom, origin=entry.origin,
            note="; ".join(part for part in (entry.prepared, entry.note) if part),
        )
        for entry in entries
    ]  # fmt: skip


def prepared_of(entries: Sequence[PhaseEntry]) -> list[str]:
    """How each phase came to its energy where that takes words, for a record."""
    return [f"{entry.name}: {entry.prepared}" for entry in entries if entry.prepared]


def doubts_of(entries: Sequence[PhaseEntry]) -> list[str]:
    """What casts a doubt on a phase, for the warnings of a record."""
    return [f"{entry.name}: {entry.note}" for entry in entries if entry.note]


def milli(value: float, std: float) -> Measured:
    """eV to meV."""
    return Measured(value=1000 * value, std=1000 * std)


def _by_content(path: Path) -> dict[str, str]:
    """Name and sha256 of a file, or of the record in a run directory."""
    file = path / "result.json" if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=file, remedy="give a file that is there"
        ) from error
    return {"file": path.name or path.resolve().name, "sha256": hashlib.sha256(content).hexdigest()}


def _potential_by_content(name: str) -> str | dict[str, str]:
    """The name of a potential of the list, which stays what it is; a file by its content."""
    if not Path(name).exists():
        return name
    from paddlewheel.potentials import identify_potential

    return {"name": Path(name).name, "sha256": identify_potential(name)}
