"""`hull`: what of a chemical system is stable at which temperature, by how much, and what the rest falls into."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.records import (
    Measured,
    write_atomically,
    write_record,
)
from paddlewheel.studies.hull.inputs import (
    CITATIONS,
    PAPER,
    REFERENCE_POTENTIAL,
    check_temperatures,
    digest,
    gather,
    given_tables,
    inputs_of,
    milli,
    read_system,
)
from paddlewheel.studies.hull.record import (
    EntropyBound,
    HullCrossing,
    HullPhase,
    HullRecord,
    HullTemperature,
    PublishedHullValue,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.study.provenance import provenance
from paddlewheel.thermodynamics.gases import find_gas
from paddlewheel.thermodynamics.hull import FreeEnergyHull, first_crossings
from paddlewheel.thermodynamics.phase_entry import common_engine
from paddlewheel.thermodynamics.phase_library import library_phases
from paddlewheel.thermodynamics.reactions import formula_units, reaction
from paddlewheel.units import BOLTZMANN_eV_PER_K

GRID_K = 25.0
_O_NBH = "o-NBH"
_SITES = (12, 36)
"""Na of o-NBH's cell, and the positions they are spread over (Sadikin et al. 2015)."""


def hull(
    system: str,
    *,
    temperatures_K: Sequence[float] = (300.0, 650.0),
    energies: Sequence[str | Path] = (),
    phases: Sequence[str | Path] = (),
    target: str | None = None,
    potential: str | None = None,
    n_orderings: int = 5,
    pressure_bar: float = 1.0,
    out: str | Path | None = None,
    seed: int = 1,
    cores: int | None = None,
    show_progress: bool = False,
) -> HullRecord:
    """Free-energy hulls of a chemical system.

    Parameters
    ----------
    system
        Such as ``Na-B-H``.
    temperatures_K
        Of the tables and diagrams; crossings are sought on a grid of 25 K between the ends.
    energies
        Tables of given energies (`paddlewheel.thermodynamics.energy_table`), or ``materials-project``.
    phases
        Run directories of `phonons`, in place of or beside the tables. Without both, the phases built in are computed.
    target
        Name of a phase to be marked; o-NBH where it is there.
    potential
        For the built-in phases; the reference M3GNet by default.
    n_orderings
        Of each disordered phase that is built in.
    pressure_bar
        Of each gas.
    out
        Run directory; nothing is written without it, but for the phases computed, which the cache keeps.
    seed
        Decides the orderings and the samples of the errors.

    Raises
    ------
    InputError
        For a system without references, energies of two engines, a phase without an energy at a temperature, ...
    """
    elements = read_system(system)
    wanted = check_temperatures(temperatures_K)
    between = np.arange(wanted[0], wanted[-1] + 1e-9, GRID_K).tolist()
    # gases have no data near 0 K: of those temperatures only what is asked for, which is refused if it is not 0 K
    cold_K = max((find_gas(one.gas).lowest_K for one in library_phases(elements) if one.gas), default=0.0)
    grid = sorted({*wanted, *(one for one in between if one == 0 or one >= cold_K)})
    tables, folders = given_tables(energies, elements), [Path(one) for one in phases]
    settings: dict[str, Any] = {
        "command": "hull", "system": elements, "temperatures_K": wanted, "energies": digest(tables),
        "phases": digest(folders), "target": target, "seed": seed, "pressure_bar": pressure_bar,
        "potential": None if tables or folders else potential or REFERENCE_POTENTIAL, "n_orderings": n_orderings,
    }  # fmt: skip
    with run_directory(out, settings) as directory:
        found = gather(
            elements, grid if not tables else wanted, energies=tables, phases=folders, potential=potential,
            directory=directory, n_orderings=n_orderings, pressure_bar=pressure_bar, seed=seed, cores=cores,
            show_progress=show_progress,
        )  # fmt: skip
        at = grid if all(set(grid) <= set(one.temperatures_K) for one in found.entries) else wanted
        diagram = FreeEnergyHull(found.entries, elements, at, seed=seed)
        record = _record(diagram, wanted, target, found.left_out, found.warnings, settings)
        if directory is not None:
            write_atomically(directory / "above_hull.csv", _curves(diagram))
            record.files["above_hull"] = "above_hull.csv"
            write_record(record, directory / "result.json")
    return record


def _record(
    diagram: FreeEnergyHull, wanted: Sequence[float], target: str | None, left_out: list, warnings: list[str],
    settings: dict[str, Any],
) -> HullRecord:  # fmt: skip
    names = [entry.name for entry in diagram.entries]
    marked = target or next((name for name in names if name.startswith(_O_NBH)), None)
    if marked is not None:
        diagram.number(marked)
    record = HullRecord(
        system=diagram.elements,
        engine=common_engine(diagram.entries),
        target=marked,
        temperatures=[_temperature(diagram, diagram.temperatures_K.index(one)) for one in wanted],
        crossings=_crossings(diagram),
        inputs=inputs_of(diagram.entries),
        left_out=left_out,
        warnings=[*warnings, *_warnings(diagram)],
        citations=list(CITATIONS),
        provenance=provenance(settings),
    )
    if marked is not None and marked.startswith(_O_NBH):
        record.entropy_bounds = [_entropy_bound(diagram, marked, wanted)]
        record.beside_published = _beside_published(record, marked)
    return record


def _temperature(diagram: FreeEnergyHull, number: int) -> HullTemperature:
    rows = []
    for entry in diagram.entries:
        found = diagram.phase(entry.name, number)
        parts = {diagram.number(name): share for name, share in found.decomposition.items()}
        units = formula_units(parts, diagram.entries, entry.composition.num_atoms)
        rows.append(
            HullPhase(
                name=entry.name, formula=entry.formula,
                e_above_hull_meV_per_atom=milli(found.e_above_hull_eV_per_atom, found.std_eV_per_atom),
                e_above_others_meV_per_atom=None
                if found.e_above_others_eV_per_atom is None or found.std_above_others_eV_per_atom is None
                else milli(found.e_above_others_eV_per_atom, found.std_above_others_eV_per_atom),
                stable_probability=found.stable_probability, decomposition=found.decomposition,
                reaction=reaction([(entry, 1.0)], [(diagram.entries[k], amount) for k, amount in units.items()]).text,
            )
        )  # fmt: skip
    pymatgen = diagram.diagram(number)
    lines = {
        tuple(sorted((pymatgen.qhull_entries[one].name, pymatgen.qhull_entries[other].name)))
        for facet in pymatgen.facets for one in facet for other in facet if one < other
    }  # fmt: skip
    return HullTemperature(
        temperature_K=diagram.temperatures_K[number], phases=rows, tie_lines=sorted((a, b) for a, b in lines)
    )


def _crossings(diagram: FreeEnergyHull) -> list[HullCrossing]:
    rows = []
    for entry in diagram.entries:
        found = diagram.crossing(entry.name)
        if found is not None:
            rows.append(
                HullCrossing(
                    name=entry.name, temperature_K=Measured(value=found.temperature_K, std=found.std_K),
                    probability=found.probability, becomes_stable=found.becomes_stable,
                )
            )  # fmt: skip
    return rows


def _entropy_bound(diagram: FreeEnergyHull, name: str, wanted: Sequence[float]) -> EntropyBound:
    """Ideal mixing of 12 Na over 36 positions: more than the real one, whose ions avoid each other."""
    ions, positions = _SITES
    share = ions / positions
    per_cell = -positions * (share * np.log(share) + (1 - share) * np.log(1 - share))
    composition = diagram.entries[diagram.number(name)].composition
    per_atom = float(per_cell / (ions / composition["Na"] * composition.num_atoms))
    samples = diagram.samples_above_others(name)
    assert samples is not None
    temperatures = np.array(diagram.temperatures_K)
    nominal = np.array([diagram.phase(name, k).e_above_others_eV_per_atom or 0.0 for k in range(len(temperatures))])
    lowered = nominal - temperatures * BOLTZMANN_eV_PER_K * per_atom
    crossing = first_crossings(temperatures, lowered[:, None])[0] if len(temperatures) > 1 else np.nan
    at = [diagram.temperatures_K.index(one) for one in wanted]
    return EntropyBound(
        name=name, entropy_kB_per_atom=per_atom,
        source=f"{ions} Na at random over {positions} positions of the cell (Sadikin et al. 2015)",
        e_above_hull_meV_per_atom=[milli(max(0.0, float(lowered[k])), float(samples[k].std())) for k in at],
        crossing_K=None if np.isnan(crossing) else float(crossing),
    )  # fmt: skip


def _beside_published(record: HullRecord, name: str) -> list[PublishedHullValue]:
    rows = []
    for one in record.temperatures:
        if one.temperature_K in (300.0, 650.0):
            ours = next(row for row in one.phases if row.name == name).e_above_hull_meV_per_atom
            rows.append(
                PublishedHullValue(
                    quantity=f"o-NBH above the hull at {one.temperature_K:g} K",
                    published="16 meV/atom" if one.temperature_K == 300 else "0 (stable above 650 K)",
                    ours=f"{ours.value:.1f} ± {ours.std:.1f} meV/atom", source=PAPER,
                )
            )  # fmt: skip
    crossing = next((one for one in record.crossings if one.name == name), None)
    rows.append(
        PublishedHullValue(
            quantity="o-NBH becomes stable at", published="650 K",
            ours="not within the temperatures given"
            if crossing is None else f"{crossing.temperature_K.value:.0f} ± {crossing.temperature_K.std:.0f} K",
            source=PAPER,
        )
    )  # fmt: skip
    return rows


def _warnings(diagram: FreeEnergyHull) -> list[str]:
    warnings = [f"{entry.name}: {entry.note}" for entry in diagram.entries if entry.note]
    if len(diagram.temperatures_K) == 2:
        warnings.append("crossings are interpolated between two temperatures: give more where they matter")
    if not diagram.std_eV_per_atom.any():
        warnings.append("no energy has an uncertainty: those of the hull are zero, which no measurement's are")
    return warnings


def _curves(diagram: FreeEnergyHull) -> str:
    """Energy above the other phases against temperature, every phase."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(
        ["temperature_K", "name", "e_above_hull_meV_per_atom", "std_meV_per_atom", "e_above_others_meV_per_atom"]
    )
    for number, temperature in enumerate(diagram.temperatures_K):
        for entry in diagram.entries:
            found = diagram.phase(entry.name, number)
            others = found.e_above_others_eV_per_atom
            writer.writerow(
                [f"{temperature:g}", entry.name, f"{1000 * found.e_above_hull_eV_per_atom:.3f}",
                 f"{1000 * found.std_eV_per_atom:.3f}", "" if others is None else f"{1000 * others:.3f}"]
            )  # fmt: skip
    return stream.getvalue()
