"""`window`: between which voltages a phase is stable against its mobile ion, and what becomes of it beyond."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import field_validator, model_validator

from paddlewheel.crystals import cation_charge
from paddlewheel.errors import InputError, SettingsError
from paddlewheel.records import Citation, Measured
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
    is_structure_file,
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
from paddlewheel.studies.hull.phase_energies import PhaseEnergies, read_own_phase
from paddlewheel.studies.hull.record import PublishedHullValue
from paddlewheel.studies.motion.choices import doubt_of_charge
from paddlewheel.studies.motion.record import UNCHECKED_CHARGE
from paddlewheel.studies.motion.settings import ChargeAnyway
from paddlewheel.studies.window.record import WindowInterface, WindowRecord, WindowStep
from paddlewheel.study.run import Run
from paddlewheel.study.settings import bad_value, setting
from paddlewheel.study.study import Argument, Study
from paddlewheel.thermodynamics.hull import FreeEnergyHull
from paddlewheel.thermodynamics.interface import interface_reactions
from paddlewheel.thermodynamics.phase_entry import common_engine
from paddlewheel.thermodynamics.phase_library import LibraryPhase, all_phases
from paddlewheel.thermodynamics.window import StabilityWindow, stability_window

ALKALI_METALS = ("Li", "Na", "K", "Rb", "Cs")
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


class WindowSettings(EnergySettings, ChargeAnyway):
    """Settings of `window`."""

    system: str | None = setting(
        None, "Elements, such as Li-P-S; needed where energies are given, else those of the phase"
    )
    specie: str | None = setting(
        None,
        "The mobile ion, a cation; its metal is the zero of the voltages. By default the alkali metal of the system.",
        aliases=("ion", "species"),
    )
    charge: float | None = setting(
        None, "Charge of the ion in e; known of alkali metals, Ag, Mg, Ca, Zn, Al and their like", gt=0, le=8
    )
    temperature_K: float = setting(300.0, "K of the free energies; the electrode is at the same")
    reference: str | None = setting(None, "Another reference electrode, such as Na9Sn4")
    reference_potential_V: float | None = setting(None, "Its potential against the metal, V")
    interfaces: tuple[str, ...] = setting(
        (), "A phase that it touches; may be repeated", option="--interface", repeated=True
    )
    voltage_V: float | None = setting(
        None, "For interfaces also in contact with a reservoir of the ion at it, V", only_with={"interfaces": True}
    )

    @field_validator("temperature_K")
    @classmethod
    def _in_range(cls, given: float) -> float:
        return rising_temperatures([given])[0]

    @field_validator("voltage_V")
    @classmethod
    def _above_the_metal(cls, given: float | None) -> float | None:
        if given is not None and given < 0:
            raise bad_value(f"{given:g} V", "give 0 V or more against the metal of the ion")
        return given

    @model_validator(mode="after")
    def _electrode_with_its_potential(self) -> Self:
        if (self.reference is None) != (self.reference_potential_V is None):
            raise SettingsError(
                "a reference electrode without its potential, or the reverse", where="reference",
                remedy="give both, such as Na9Sn4 and 0.1",
            )  # fmt: skip
        return self


@dataclass(frozen=True, kw_only=True)
class WindowInputs:
    """The energies, and the names of the phase and of what it touches among them."""

    asked_for: str
    energies: Energies
    target: str
    ion: str
    charge_e: float
    charge_doubt: str | None
    interfaces: tuple[str, ...]


def _opens(target: str, settings: WindowSettings) -> WindowInputs:
    is_file = Path(target).is_file() and is_structure_file(target) and not _is_built_in(target)
    if is_file and target not in map(str, settings.phases):
        settings = settings.model_copy(update={"phases": (target, *settings.phases)})
    elements = read_system(settings.system) if settings.system else _elements(target, settings, is_file=is_file)
    ion = settings.specie or _alkali_metal(elements)
    charge_e = cation_charge(ion) if settings.charge is None else settings.charge
    if charge_e is None:
        raise SettingsError(f"the charge of {ion} is not known here", where="charge", remedy="give --charge, such as 2")
    doubt = doubt_of_charge(ion, charge_e, where="charge", anyway=settings.charge_anyway)
    energies = open_energies(elements, [settings.temperature_K], settings)
    return WindowInputs(
        asked_for=Path(target).name if is_file else target,
        energies=energies,
        target=name_of(target, energies),
        ion=ion,
        charge_e=charge_e,
        charge_doubt=doubt,
        interfaces=tuple(name_of(other, energies) for other in settings.interfaces),
    )


def _document(inputs: WindowInputs, settings: WindowSettings) -> dict[str, Any]:
    told = settings.document()
    told["charge_e"] = inputs.charge_e
    del told["charge"], told["specie"]
    return {"target": inputs.asked_for, "ion": inputs.ion} | told | inputs.energies.document()


def _of_today(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every ion was of charge 1 before there was a setting for it."""
    return {"charge_e": 1.0} | of_today(found)


def _measures(inputs: WindowInputs, settings: WindowSettings, run: Run) -> WindowRecord:
    found = phase_energies(inputs.energies, settings, run)
    for name in (inputs.target, *inputs.interfaces):
        check_target(name, found)
    diagram = open_hull(found, inputs.energies, inputs.energies.temperatures_K, settings)
    result = stability_window(diagram, inputs.target, ion=inputs.ion, charge_e=inputs.charge_e, temperature=0)
    record = _record(diagram, inputs.target, result, found, run, inputs.energies)
    if inputs.charge_doubt:
        record.unchecked.append(UNCHECKED_CHARGE)
        record.warnings.append(inputs.charge_doubt)
    if settings.reference is not None and settings.reference_potential_V is not None:
        record.reference, record.reference_potential_V = settings.reference, settings.reference_potential_V
        record.reduction_limit_V_vs_reference = _shifted(record.reduction_limit_V, settings.reference_potential_V)
        record.oxidation_limit_V_vs_reference = _shifted(record.oxidation_limit_V, settings.reference_potential_V)
    for other in inputs.interfaces:
        record.interfaces += _interfaces(diagram, inputs.target, other, result, settings.voltage_V)
    return record


def _alkali_metal(elements: Sequence[str]) -> str:
    """The one there is in the system.

    Raises
    ------
    SettingsError
        For none or several.
    """
    found = [symbol for symbol in elements if symbol in ALKALI_METALS]
    if len(found) != 1:
        told = " and ".join(found) or "no alkali metal"
        raise SettingsError(f"{told} in {'-'.join(elements)}", where="specie", remedy="name the mobile ion, such as Mg")
    return found[0]


def _is_built_in(target: str) -> bool:
    return any(target in (phase.name, phase.structure) for phase in all_phases())


def _elements(target: str, settings: WindowSettings, *, is_file: bool) -> list[str]:
    """Of the phase: of its file, or of the one that is built in."""
    if is_file:
        return _in_order(
            read_own_phase(Path(target), n_orderings=1, seed=settings.seed, oxidation=settings.oxidation).phase
        )
    if settings.is_given():
        raise SettingsError("no system for the phases given", where="system", remedy="give --system, such as Na-B-H")
    known = all_phases()
    named = [phase for phase in known if target in (phase.name, phase.structure)]
    named = named or [phase for phase in known if phase.formula == target]
    if not named:
        close = difflib.get_close_matches(target, [phase.structure or phase.name for phase in known], n=3)
        raise InputError(
            f"'{target}' is no file, and not built in", where="target",
            remedy=(f"did you mean {', '.join(close)}? Else give " if close else "give ")
            + "its structure file (CIF, POSCAR, ...), or --energies and --system",
        )  # fmt: skip
    if named[0].elements <= {"Na", "B", "H"}:
        return ["Na", "B", "H"]
    return _in_order(named[0])


def _in_order(phase: LibraryPhase) -> list[str]:
    """Its elements as formulas have them, from the least electronegative: Li-P-S-Cl."""
    from pymatgen.core import Element

    return sorted(phase.elements, key=lambda symbol: Element(symbol).X)


def _record(
    diagram: FreeEnergyHull, name: str, result: StabilityWindow, found: PhaseEnergies, run: Run,
    energies: Energies,
) -> WindowRecord:  # fmt: skip
    error = error_of(found, energies)
    entry, own = diagram.entries[diagram.number(name)], diagram.phase(name, 0)
    strict = result.driving_force_eV_per_atom <= _STRICT_eV_PER_ATOM
    reduction = _limit(result.reduction_limit_V, result.std_reduction_limit_V, result.reduction_intervals_V)
    oxidation = _limit(result.oxidation_limit_V, result.std_oxidation_limit_V, result.oxidation_intervals_V)
    sodium = result.ion == "Na"
    warnings = [*found.warnings, *doubts_of(diagram.entries)]
    warnings += told_of_error(error, found, energies)
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
        system=diagram.elements, engine=common_engine(diagram.entries), potential_note=potential_note_of(energies),
        static=energies.static, target=name, formula=entry.formula,
        ion=result.ion, charge_e=result.charge_e, temperature_K=result.temperature_K,
        energy_error_meV_per_atom=None if error is None else 1000 * error.std_eV_per_atom,
        shared_error=None if error is None else error.shared,
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
        inputs=inputs_of(diagram.entries), prepared=prepared_of(diagram.entries), left_out=found.left_out,
        beside_measured=found.beside_measured, warnings=warnings, citations=list(_CITATIONS),
        provenance=run.provenance(),
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


def _limit(value: float, std: float, intervals: tuple[tuple[float, float], tuple[float, float]] | None) -> Measured:
    of_68, of_95 = intervals or (None, None)
    return Measured(value=value, std=std, interval_68=of_68, interval_95=of_95)


def _shifted(limit: Measured, by_V: float) -> Measured:
    moved = [
        None if ends is None else (ends[0] - by_V, ends[1] - by_V) for ends in (limit.interval_68, limit.interval_95)
    ]
    return Measured(value=limit.value - by_V, std=limit.std, interval_68=moved[0], interval_95=moved[1])


def _interfaces(
    diagram: FreeEnergyHull, name: str, other: str, window: StabilityWindow, voltage_V: float | None
) -> list[WindowInterface]:
    rows = []
    for voltage in (None,) if voltage_V is None else (None, voltage_V):
        found = interface_reactions(
            diagram,
            name,
            other,
            temperature=0,
            ion=None if voltage is None else window.ion,
            charge_e=window.charge_e,
            voltage_V=voltage,
        )
        rows += [
            WindowInterface(
                other=other, voltage_V=voltage, share=mixture.share,
                energy_meV_per_atom=1000 * mixture.energy_eV_per_atom, reaction=mixture.reaction.text,
            )
            for mixture in found
        ]  # fmt: skip
    return rows


def _says(record: WindowRecord) -> list[str]:
    low, high = record.reduction_limit_V, record.oxidation_limit_V
    lines = [
        f"{record.target}: {low.value:.2f} +- {low.std:.2f} to {high.value:.2f} +- {high.std:.2f} V "
        f"against {record.ion}"
    ]
    if record.reduction_limit_V_vs_reference and record.oxidation_limit_V_vs_reference:
        lines.append(
            f"against {record.reference}: {record.reduction_limit_V_vs_reference.value:.2f} to "
            f"{record.oxidation_limit_V_vs_reference.value:.2f} V"
        )
    for step in record.steps:
        volume = "" if step.volume_change is None else f", volume {100 * step.volume_change:+.0f} %"
        lines.append(
            f"  from {step.voltage_V.value:.2f} V: {step.reaction} ({step.capacity_mAh_per_g:+.0f} mAh/g{volume})"
        )
    for contact in record.interfaces:
        at = "" if contact.voltage_V is None else f" at {contact.voltage_V:g} V"
        lines.append(f"with {contact.other}{at}: {contact.reaction} ({contact.energy_meV_per_atom:.0f} meV/atom)")
    return lines


STUDY = Study(
    command="window",
    arguments=(
        Argument(
            name="target", metavar="STRUCTURE", help="a phase: built in (o-nbh), or of the tables and runs given",
            annotation="str",
        ),
    ),
    settings=WindowSettings,
    record=WindowRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    document=_document,
    of_today=_of_today,
    forecasts=lambda inputs, settings, cores: forecast_of(inputs.energies, settings, cores),
    example="paddlewheel window o-nbh --reference Na9Sn4 --reference-potential-V 0.1",
    notes="Free energies are those of `hull`, and so are the options that say where they are from.",
)  # fmt: skip
