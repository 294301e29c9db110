"""What `hull` and `window` share: the system, its phases from wherever they come, and how they stand in a record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.records import (
    Citation,
    Measured,
)
from paddlewheel.studies.hull.phase_energies import (
    PhaseEnergies,
    built_in_phases,
    finished_phases,
)
from paddlewheel.studies.hull.record import HullInput
from paddlewheel.thermodynamics.energy_table import at_temperatures, read_energy_table
from paddlewheel.thermodynamics.materials_project import fetch_entries
from paddlewheel.thermodynamics.phase_entry import PhaseEntry, check_system
from paddlewheel.thermodynamics.phase_library import library_phases

MATERIALS_PROJECT = "materials-project"
"""In place of a table: the entries of that database, with the user's key."""
REFERENCE_POTENTIAL = "m3gnet-nabh-r2scan"
CITATIONS = [
    Citation(
        what="phase diagrams", reference="Ong et al., Chem. Mater. 20, 1798 (2008), by pymatgen",
        doi="10.1021/cm702327g",
    ),
]  # fmt: skip
PAPER = "Oh et al. 2025, doi 10.1016/j.joule.2025.102130"


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


def check_temperatures(temperatures_K: Sequence[float]) -> list[float]:
    """Sorted, each once.

    Raises
    ------
    SettingsError
        For none, or what is no temperature.
    """
    found = sorted({float(one) for one in temperatures_K})
    if not found or not np.isfinite(found).all() or found[0] < 0 or found[-1] > 3000:
        raise SettingsError(f"{list(temperatures_K)}", where="temperatures", remedy="give 0 to 3000 K")
    return found


def given_tables(energies: Sequence[str | Path], elements: Sequence[str]) -> list[Path]:
    """Files of the energies; what is called materials-project is fetched, once, into the user's cache.

    Raises
    ------
    InputError
        As `fetch_entries`.
    """
    return [
        fetch_entries(elements, cache_folder() / MATERIALS_PROJECT) if str(one) == MATERIALS_PROJECT else Path(one)
        for one in energies
    ]


def gather(
    elements: Sequence[str], temperatures_K: Sequence[float], *, energies: Sequence[Path], phases: Sequence[Path],
    potential: str | None, directory: Path | None, n_orderings: int, pressure_bar: float, seed: int,
    cores: int | None, show_progress: bool,
) -> PhaseEnergies:  # fmt: skip
    """The phases of the system: of tables and `phonons` runs where they are given, else those built in, computed.

    Raises
    ------
    InputError
        As the readers say, and where nothing is given and nothing is built in.
    """
    found = PhaseEnergies()
    for path in energies:
        found.entries.extend(read_energy_table(path))
    if phases:
        given = finished_phases(phases, temperatures_K)
        found.entries.extend(given.entries)
        found.left_out.extend(given.left_out)
    if energies or phases:
        foreign = [entry for entry in found.entries if not entry.elements <= set(elements)]
        if len(foreign) == len(found.entries):
            raise InputError(
                f"no phase of {'-'.join(elements)} (the first is {foreign[0].formula if foreign else 'not there'})",
                where="phases", remedy="name the system of the phases",
            )  # fmt: skip
        kept = [entry for entry in found.entries if entry not in foreign]
        if kept and all(entry.temperatures_K == (0.0,) for entry in kept) and any(temperatures_K):
            found.warnings.append("static energies at every temperature: vibrations, and with them gases, are left out")
        entries = at_temperatures(kept, temperatures_K)
        check_system(entries, elements)
        return PhaseEnergies(entries, found.left_out, found.warnings)
    missing = [
        one for one in elements if not any(phase.formula.strip("2") == one for phase in library_phases(elements))
    ]
    if missing:
        raise InputError(
            f"no phases of {'-'.join(elements)} are built in ({missing[0]} lacks its element)", where="system",
            remedy="give --energies (a table) or --phases (run directories of phonons)",
        )  # fmt: skip
    computed = built_in_phases(
        elements, temperatures_K, potential=potential or REFERENCE_POTENTIAL, directory=directory,
        n_orderings=n_orderings, pressure_bar=pressure_bar, seed=seed, cores=cores, show_progress=show_progress,
    )  # fmt: skip
    check_system(computed.entries, elements)
    return computed


def inputs_of(entries: Sequence[PhaseEntry]) -> list[HullInput]:
    """As they stand in a record."""
    return [
        HullInput(
            name=one.name, formula=one.formula, state=one.state, temperatures_K=list(one.temperatures_K),
            gibbs_eV_per_atom=[
                Measured(value=value, std=std)
                for value, std in zip(one.gibbs_eV_per_atom, one.std_eV_per_atom, strict=True)
            ],
            volume_A3_per_atom=one.volume_A3_per_atom, origin=one.origin, note=one.note,
        )
        for one in entries
    ]  # fmt: skip


def digest(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Name and sha256 of each file, or of the record in a run directory."""
    rows = []
    for path in files:
        file = Path(path) / "result.json" if Path(path).is_dir() else Path(path)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror})", where=file, remedy="give a file that is there"
            ) from error
        rows.append({"file": str(path), "sha256": hashlib.sha256(content).hexdigest()})
    return rows


def milli(value: float, std: float) -> Measured:
    """eV to meV."""
    return Measured(value=1000 * value, std=1000 * std)


def plain_json(document: dict[str, Any]) -> dict[str, Any]:
    """As JSON would give it back."""
    return json.loads(json.dumps(document))
