"""`hull`: what of a chemical system is stable at which temperature, by how much, and what the rest falls into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from paddlewheel.records import Measured
from paddlewheel.studies.hull.inputs import (
    CITATIONS,
    PAPER,
    Energies,
    EnergySettings,
    check_target,
    doubts_of,
    error_of,
    forecast_of,
    inputs_of,
    milli,
    name_of,
    of_today,
    open_energies,
    open_hull,
    phase_energies,
    potential_note_of,
    prepared_of,
    read_system,
    rising_temperatures,
    told_of_error,
)
from paddlewheel.studies.hull.record import (
    ABOVE_HULL,
    EntropyBound,
    HullCrossing,
    HullPhase,
    HullRecord,
    HullTemperature,
    PublishedHullValue,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.study.study import Argument, Study
from paddlewheel.thermodynamics.gases import find_gas
from paddlewheel.thermodynamics.hull import LEVEL_68, LEVEL_95, FreeEnergyHull, PhaseOnHull
from paddlewheel.thermodynamics.phase_entry import common_engine
from paddlewheel.thermodynamics.phase_library import library_phases
from paddlewheel.thermodynamics.reactions import formula_units, reaction
from paddlewheel.units import BOLTZMANN_eV_PER_K

GRID_K = 25.0
_O_NBH = "o-NBH"


class HullSettings(EnergySettings):
    """Settings of `hull`."""

    temperatures_K: Numbers = setting(
        (300.0, 650.0),
        "K of the tables and diagrams; crossings are sought on a grid of 25 K between the ends",
    )
    target: str | None = setting(None, "Name of the phase to be marked; o-NBH where it is there")

    @field_validator("temperatures_K")
    @classmethod
    def _rising(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        return rising_temperatures(given)


@dataclass(frozen=True, kw_only=True)
class HullInputs:
    """The energies, on a grid of temperatures; those of the tables, and the name of the phase to be marked."""

    energies: Energies
    wanted_K: tuple[float, ...]
    target: str | None


def _opens(system: str, settings: HullSettings) -> HullInputs:
    elements, wanted = read_system(system), settings.temperatures_K
    at = list(wanted) if settings.energies or settings.static else _grid(elements, wanted)
    energies = open_energies(elements, at, settings)
    target = None if settings.target is None else name_of(settings.target, energies)
    return HullInputs(energies=energies, wanted_K=wanted, target=target)


def _grid(elements: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """The temperatures, and a grid between them.

    Gases have no data near 0 K: of those temperatures only what is asked for, which is refused if it is not 0 K.
    """
    between = np.arange(wanted[0], wanted[-1] + 1e-9, GRID_K).tolist()
    cold_K = max((find_gas(phase.gas).lowest_K for phase in library_phases(elements) if phase.gas), default=0.0)
    return sorted({*wanted, *(temperature for temperature in between if temperature == 0 or temperature >= cold_K)})


def _document(inputs: HullInputs, settings: HullSettings) -> dict[str, Any]:
    return settings.document() | inputs.energies.document()


def _measures(inputs: HullInputs, settings: HullSettings, run: Run) -> HullRecord:
    found = phase_energies(inputs.energies, settings, run)
    if inputs.target is not None:
        check_target(inputs.target, found)
    grid, wanted = inputs.energies.temperatures_K, inputs.wanted_K
    known_on_grid = all(set(grid) <= set(entry.temperatures_K) for entry in found.entries)
    at = grid if known_on_grid else list(wanted)
    diagram = open_hull(found, inputs.energies, at, settings)
    error, names = error_of(found, inputs.energies), [entry.name for entry in diagram.entries]
    marked = inputs.target or next((name for name in names if name.startswith(_O_NBH)), None)
    if marked is not None:
        diagram.number(marked)
    record = HullRecord(
        system=diagram.elements,
        engine=common_engine(diagram.entries),
        potential_note=potential_note_of(inputs.energies),
        static=inputs.energies.static,
        target=marked,
        temperatures=[_temperature(diagram, diagram.temperatures_K.index(temperature)) for temperature in wanted],
        energy_error_meV_per_atom=None if error is None else 1000 * error.std_eV_per_atom,
        shared_error=None if error is None else error.shared,
        crossings=_crossings(diagram),
        entropy_bounds=_entropy_bounds(diagram, wanted),
        inputs=inputs_of(diagram.entries),
        prepared=prepared_of(diagram.entries),
        left_out=found.left_out,
        beside_measured=found.beside_measured,
        files={"above_hull": _keep_curves(diagram, run)},
        warnings=[*found.warnings, *_warnings(diagram), *told_of_error(error, found, inputs.energies)],
        citations=list(CITATIONS),
        provenance=run.provenance(),
    )
    if marked is not None and marked.startswith(_O_NBH):
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
                e_above_hull_meV_per_atom=_above_hull(diagram, entry.name, number, found),
                e_above_others_meV_per_atom=None
                if found.e_above_others_eV_per_atom is None or found.std_above_others_eV_per_atom is None
                else milli(found.e_above_others_eV_per_atom, found.std_above_others_eV_per_atom),
                stable_probability=found.stable_probability, decomposition=found.decomposition,
                reaction=reaction([(entry, 1.0)], [(diagram.entries[k], amount) for k, amount in units.items()]).text,
            )
        )  # fmt: skip
    pymatgen = diagram.diagram(number)
    lines = {
        tuple(sorted((pymatgen.qhull_entries[first].name, pymatgen.qhull_entries[second].name)))
        for facet in pymatgen.facets for first in facet for second in facet if first < second
    }  # fmt: skip
    return HullTemperature(
        temperature_K=diagram.temperatures_K[number], phases=rows, tie_lines=sorted((a, b) for a, b in lines)
    )


def _above_hull(diagram: FreeEnergyHull, name: str, number: int, found: PhaseOnHull) -> Measured:
    """In meV/atom; near the hull, below which nothing lies, the intervals are those of the samples."""
    value = milli(found.e_above_hull_eV_per_atom, found.std_eV_per_atom)
    samples = diagram.samples_above_others(name)
    if samples is not None and 0 < found.stable_probability < 1:
        low_68, high_68, low_95, high_95 = np.quantile(
            1000 * np.maximum(samples[number], 0.0), (*LEVEL_68, *LEVEL_95)
        ).tolist()
        value.interval_68, value.interval_95 = (low_68, high_68), (low_95, high_95)
    return value


def _crossings(diagram: FreeEnergyHull) -> list[HullCrossing]:
    rows = []
    for entry in diagram.entries:
        found = diagram.crossing(entry.name)
        if found is not None:
            rows.append(
                HullCrossing(
                    name=entry.name,
                    temperature_K=Measured(
                        value=found.temperature_K, std=found.std_K, interval_68=found.interval_68_K,
                        interval_95=found.interval_95_K,
                    ),
                    probability=found.probability, becomes_stable=found.becomes_stable,
                )
            )  # fmt: skip
    return rows


def _entropy_bounds(diagram: FreeEnergyHull, wanted: Sequence[float]) -> list[EntropyBound]:
    """Ideal mixing of every disordered phase: alone, and with that of all the others granted as well."""
    kinds = {
        entry.name: phase.disorder
        for entry in diagram.entries
        for phase in library_phases(diagram.elements)
        if phase.disorder and entry.name.startswith(phase.name)
    }
    entropies = {name: sum(kind.entropy_kB_per_atom for kind in disorder) for name, disorder in kinds.items()}
    lower_by = {name: _not_in_yet(diagram, name, entropy) for name, entropy in entropies.items()}
    all_granted = diagram.lowered(lower_by)
    at = [diagram.temperatures_K.index(temperature) for temperature in wanted]
    bounds = []
    for name, disorder in kinds.items():
        granted = diagram.lowered({name: lower_by[name]})
        crossing = granted.crossing(name)
        alone, beside_all = ([hull.phase(name, k) for k in at] for hull in (granted, all_granted))
        bounds.append(
            EntropyBound(
                name=name, entropy_kB_per_atom=entropies[name], source="; ".join(kind.what for kind in disorder),
                e_above_hull_meV_per_atom=[_milli_above(found) for found in alone],
                e_above_hull_all_granted_meV_per_atom=[_milli_above(found) for found in beside_all],
                crossing_K=None if crossing is None else crossing.temperature_K,
            )
        )  # fmt: skip
    return bounds


def _not_in_yet(diagram: FreeEnergyHull, name: str, entropy_kB_per_atom: float) -> NDArray[np.float64]:
    """T S of ideal mixing [n_temperatures], eV/atom, less what the orderings computed have of it already."""
    entry = diagram.entries[diagram.number(name)]
    columns = [entry.column(temperature_K) for temperature_K in diagram.temperatures_K]
    ideal = np.array(diagram.temperatures_K) * BOLTZMANN_eV_PER_K * entropy_kB_per_atom
    if not entry.ordered_gibbs_eV_per_atom:
        return ideal
    lowest, free = np.array(entry.ordered_gibbs_eV_per_atom)[columns], np.array(entry.gibbs_eV_per_atom)[columns]
    return ideal - (lowest - free)


def _milli_above(found: PhaseOnHull) -> Measured:
    return milli(found.e_above_hull_eV_per_atom, found.std_eV_per_atom)


def _beside_published(record: HullRecord, name: str) -> list[PublishedHullValue]:
    rows = []
    for hull in record.temperatures:
        if hull.temperature_K in (300.0, 650.0):
            ours = next(row for row in hull.phases if row.name == name).e_above_hull_meV_per_atom
            rows.append(
                PublishedHullValue(
                    quantity=f"o-NBH above the hull at {hull.temperature_K:g} K",
                    published="16 meV/atom" if hull.temperature_K == 300 else "0 (stable above 650 K)",
                    ours=f"{ours.value:.1f} ± {ours.std:.1f} meV/atom", source=PAPER,
                )
            )  # fmt: skip
    crossing = next((crossing for crossing in record.crossings if crossing.name == name), None)
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
    warnings = doubts_of(diagram.entries)
    if len(diagram.temperatures_K) == 2:
        warnings.append("crossings are interpolated between two temperatures: give more where they matter")
    return warnings


def _keep_curves(diagram: FreeEnergyHull, run: Run) -> str:
    """Energy above the hull and above the other phases against temperature, every phase."""
    rows = [
        (temperature, entry.name, diagram.phase(entry.name, number))
        for number, temperature in enumerate(diagram.temperatures_K)
        for entry in diagram.entries
    ]
    return run.table(
        ABOVE_HULL,
        {
            "temperature_K": [temperature for temperature, _, _ in rows],
            "name": [name for _, name, _ in rows],
            "e_above_hull_meV_per_atom": [1000 * found.e_above_hull_eV_per_atom for _, _, found in rows],
            "std_meV_per_atom": [1000 * found.std_eV_per_atom for _, _, found in rows],
            "e_above_others_meV_per_atom": [
                None if found.e_above_others_eV_per_atom is None else 1000 * found.e_above_others_eV_per_atom
                for _, _, found in rows
            ],
            "std_above_others_meV_per_atom": [
                None if found.std_above_others_eV_per_atom is None else 1000 * found.std_above_others_eV_per_atom
                for _, _, found in rows
            ],
        },
    )


def _says(record: HullRecord) -> list[str]:
    lines = []
    for hull in record.temperatures:
        lines.append(f"{hull.temperature_K:g} K")
        for row in sorted(hull.phases, key=lambda row: row.e_above_hull_meV_per_atom.value):
            above = row.e_above_hull_meV_per_atom
            told = (
                "on the hull" if above.value == 0 else f"{above.value:.1f} +- {above.std:.1f} meV/atom: {row.reaction}"
            )
            lines.append(f"  {row.name}: {told}")
    for crossing in record.crossings:
        verb = "becomes stable" if crossing.becomes_stable else "is no longer stable"
        lines.append(
            f"{crossing.name} {verb} at {crossing.temperature_K.value:.0f} +- {crossing.temperature_K.std:.0f} K"
        )
    return lines + [f"left out: {phase.name} ({phase.reason})" for phase in record.left_out]


STUDY = Study(
    command="hull",
    arguments=(Argument(name="system", metavar="SYSTEM", help="elements, such as Na-B-H", annotation="str"),),
    settings=HullSettings,
    record=HullRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    document=_document,
    of_today=of_today,
    forecasts=lambda inputs, settings, cores: forecast_of(inputs.energies, settings, cores),
    example="paddlewheel hull Na-B-H --temperatures 300,650 --out runs/hull",
    notes="""
    Without tables of energies and runs of `phonons`, the phases built in are computed, each once: the user's cache
    keeps them. Nothing else is written without a run directory.
    """,
)
