"""`window`: between which voltages a phase is stable against its mobile ion, and what becomes of it beyond."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.records import (
    Citation,
    Measured,
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
from paddlewheel.studies.hull.phase_energies import PhaseEnergies
from paddlewheel.studies.hull.record import (
    PublishedHullValue,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.studies.window.record import (
    WindowInterface,
    WindowRecord,
    WindowStep,
)
from paddlewheel.study.provenance import provenance
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.interface import interface_reactions
from paddlewheel.thermodynamics.phase_entry import common_engine
from paddlewheel.thermodynamics.phase_library import library_phases
from paddlewheel.thermodynamics.window import StabilityWindow, stability_window

_STRICT_eV_PER_ATOM = 1e-6
_CITATIONS = [
    *CITATIONS,
    Citation(
        what="stability windows", reference="Zhu, He and Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015)",
        doi="10.1021/acsami.5b07517",
    ),
    Citation(
        what="metastable phases and interfaces", reference="Richards et al., Chem. Mater. 28, 266 (2016)",
        doi="10.1021/acs.chemmater.5b04082",
    ),
]  # fmt: skip


def window(
    target: str,
    *,
    system: str | None = None,
    ion: str = "Na",
    temperature_K: float = 300.0,
    energies: Sequence[str | Path] = (),
    phases: Sequence[str | Path] = (),
    reference: str | None = None,
    reference_potential_V: float | None = None,
    interfaces: Sequence[str] = (),
    voltage_V: float | None = None,
    potential: str | None = None,
    n_orderings: int = 5,
    pressure_bar: float = 1.0,
    out: str | Path | None = None,
    seed: int = 1,
    cores: int | None = None,
    show_progress: bool = False,
) -> WindowRecord:
    """The electrochemical stability window of a phase.

    Parameters
    ----------
    target
        Name of a phase: of the tables or runs given, or built in (o-nbh, nabh4, ...).
    system
        Elements; by default those of the phases given, or of the target.
    ion
        The mobile ion, of charge 1; its metal is the zero of the voltages.
    temperature_K
        Of the free energies; the electrode is at the same.
    energies, phases, potential, n_orderings, pressure_bar, seed
        As in `hull`.
    reference, reference_potential_V
        Another electrode, such as Na9Sn4, and its potential against the metal.
    interfaces, voltage_V
        Names of phases that the target touches; with a voltage also in contact with a reservoir at it.
    out
        Run directory; nothing is written without it, but for the phases computed, which the cache keeps.

    Raises
    ------
    InputError
        For a phase that is not there, a voltage below 0, a system without references, ...
    """
    temperature = check_temperatures([temperature_K])[0]
    if (reference is None) != (reference_potential_V is None):
        raise SettingsError(
            "a reference electrode without its potential, or the reverse", where="reference",
            remedy="give both, such as Na9Sn4 and 0.1",
        )  # fmt: skip
    if voltage_V is not None and voltage_V < 0:
        raise SettingsError(f"{voltage_V:g} V", where="voltage", remedy=f"give 0 V or more against {ion}")
    elements = read_system(system) if system else _elements(target, [*energies, *phases])
    tables, folders = given_tables(energies, elements), [Path(one) for one in phases]
    settings: dict[str, Any] = {
        "command": "window", "target": target, "system": elements, "ion": ion, "temperature_K": temperature,
        "energies": digest(tables), "phases": digest(folders), "reference": reference,
        "reference_potential_V": reference_potential_V, "interfaces": list(interfaces), "voltage_V": voltage_V,
        "seed": seed, "pressure_bar": pressure_bar, "n_orderings": n_orderings,
        "potential": None if tables or folders else potential or REFERENCE_POTENTIAL,
    }  # fmt: skip
    with run_directory(out, settings) as directory:
        found = gather(
            elements, [temperature], energies=tables, phases=folders, potential=potential, directory=directory,
            n_orderings=n_orderings, pressure_bar=pressure_bar, seed=seed, cores=cores, show_progress=show_progress,
        )  # fmt: skip
        diagram = FreeEnergyHull(found.entries, elements, [temperature], seed=seed)
        name = _name_of(diagram, target)
        result = stability_window(diagram, name, ion=ion, temperature=0)
        record = _record(diagram, name, result, found, settings)
        if reference is not None and reference_potential_V is not None:
            record.reference, record.reference_potential_V = reference, reference_potential_V
            record.reduction_limit_V_vs_reference = _shifted(record.reduction_limit_V, reference_potential_V)
            record.oxidation_limit_V_vs_reference = _shifted(record.oxidation_limit_V, reference_potential_V)
        for other in interfaces:
            record.interfaces += _interfaces(diagram, name, _name_of(diagram, other), ion, voltage_V)
        if directory is not None:
            write_record(record, directory / "result.json")
    return record


def _elements(target: str, given: Sequence[str | Path]) -> list[str]:
    if given:
        raise SettingsError("no system for the phases given", where="system", remedy="give --system, such as Na-B-H")
    known = next((phase for phase in library_phases(["Na", "B", "H"]) if target in (phase.name, phase.structure)), None)
    if known is None:
        names = ", ".join(phase.structure or phase.name for phase in library_phases(["Na", "B", "H"]))
        raise InputError(
            f"'{target}' is not built in (there are: {names})", where="target",
            remedy="name one, or give --energies or --phases and --system",
        )  # fmt: skip
    return ["Na", "B", "H"]


def _name_of(diagram: FreeEnergyHull, target: str) -> str:
    """A phase by its name, the built-in name of its structure, or its formula where one phase alone has it."""
    if any(entry.name == target for entry in diagram.entries):
        return target
    built_in = next((phase.name for phase in library_phases(diagram.elements) if phase.structure == target), None)
    if built_in is not None and any(entry.name == built_in for entry in diagram.entries):
        return built_in
    by_formula = [entry.name for entry in diagram.entries if entry.formula == target]
    if len(by_formula) == 1:
        return by_formula[0]
    diagram.number(target)
    raise AssertionError("number() refuses unknown names")


def _record(
    diagram: FreeEnergyHull, name: str, result: StabilityWindow, found: PhaseEnergies, settings: dict[str, Any]
) -> WindowRecord:
    entry, own = diagram.entries[diagram.number(name)], diagram.phase(name, 0)
    strict = result.driving_force_eV_per_atom <= _STRICT_eV_PER_ATOM
    reduction = Measured(value=result.reduction_limit_V, std=result.std_reduction_limit_V)
    oxidation = Measured(value=result.oxidation_limit_V, std=result.std_oxidation_limit_V)
    sodium = result.ion == "Na"
    warnings = [*found.warnings, *(f"{one.name}: {one.note}" for one in diagram.entries if one.note)]
    if not strict:
        warnings.append(
            f"{name} is {1000 * result.driving_force_eV_per_atom:.1f} meV/atom above the hull and has no window of its "
            "own: lowered onto it, its limits are those of what it would fall into without exchanging ions"
        )
    if oxidation.value - reduction.value < 1e-6:
        warnings.append("the composition takes up or gives off ions at every voltage but one: the window has no width")
    if result.reduction_limit_V == 0:
        warnings.append(f"nothing takes up {result.ion} down to 0 V: stable against the metal by these energies")
    record = WindowRecord(
        system=diagram.elements, engine=common_engine(diagram.entries), target=name, formula=entry.formula,
        ion=result.ion, temperature_K=result.temperature_K,
        driving_force_meV_per_atom=milli(max(0.0, result.driving_force_eV_per_atom), own.std_eV_per_atom),
        strict_window=strict, reduction_limit_V=reduction, oxidation_limit_V=oxidation,
        reduction_limit_V_vs_Na=reduction if sodium else None, oxidation_limit_V_vs_Na=oxidation if sodium else None,
        steps=[
            WindowStep(
                voltage_V=Measured(value=step.low_V, std=step.std_low_V or 0.0),
                voltage_V_vs_Na=Measured(value=step.low_V, std=step.std_low_V or 0.0) if sodium else None,
                to_V=None if step.high_V == float("inf") else step.high_V, reaction=step.reaction.text,
                products=step.reaction.products, ions_per_formula=step.ions_per_formula,
                capacity_mAh_per_g=step.capacity_mAh_per_g, volume_change=step.volume_change,
            )
            for step in result.steps
        ],
        inputs=inputs_of(diagram.entries), left_out=found.left_out, warnings=warnings, citations=list(_CITATIONS),
        provenance=provenance(settings),
    )  # fmt: skip
    if name.startswith("o-NBH"):
        record.beside_published = [
            PublishedHullValue(
                quantity="oxidation limit against Na, 300 K", published="3.8 V, to Na2B12H12 (and B2H5)",
                ours=f"{oxidation.value:.2f} ± {oxidation.std:.2f} V: {_after(result)}", source=PAPER,
            )
        ]  # fmt: skip
    return record


def _after(result: StabilityWindow) -> str:
    """The reaction just above the oxidation limit."""
    later = [
        step for step in result.steps if step.low_V >= result.oxidation_limit_V - 1e-6 and step.ions_per_formula > 0
    ]
    return later[0].reaction.text if later else "nothing is oxidized"


def _shifted(limit: Measured, by_V: float) -> Measured:
    return Measured(value=limit.value - by_V, std=limit.std)


def _interfaces(
    diagram: FreeEnergyHull, name: str, other: str, ion: str, voltage_V: float | None
) -> list[WindowInterface]:
    rows = []
    for voltage in (None,) if voltage_V is None else (None, voltage_V):
        found = interface_reactions(
            diagram, name, other, temperature=0, ion=None if voltage is None else ion, voltage_V=voltage
        )
        rows += [
            WindowInterface(
                other=other, voltage_V=voltage, share=one.share, energy_meV_per_atom=1000 * one.energy_eV_per_atom,
                reaction=one.reaction.text,
            )
            for one in found
        ]  # fmt: skip
    return rows
