"""`conduct`: molecular dynamics at several temperatures, conductivity, Arrhenius, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import field_validator, model_validator

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.files import keep_run
from paddlewheel.studies.conduct.measure import analyse_temperature, conductivity_record
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import Analysed, TemperatureRuns, read_temperature, units_by_temperature
from paddlewheel.studies.conduct.second_opinion.measure import with_second_opinions
from paddlewheel.studies.conduct.second_opinion.plan import (
    FOLDER,
    Opinion,
    chosen_opinions,
    label_costs,
    opinion_document,
    own_prefix,
    try_opinions,
)
from paddlewheel.studies.conduct.second_opinion.settings import OpinionSettings
from paddlewheel.studies.conduct.sizes import size_result
from paddlewheel.studies.conduct.verdict import is_failed, verdict_lines
from paddlewheel.studies.motion.choices import ChosenIon, choose_ion
from paddlewheel.studies.simulation.md_runs import MINIMUM_ONSET_PS, forecast_md, run_md_units
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.simulation.potentials import chosen_potential, potential_citations, try_potential
from paddlewheel.studies.simulation.settings import (
    STRUCTURE,
    CellSettings,
    DynamicsSettings,
    IonSettings,
    PotentialSettings,
    SeedSettings,
)
from paddlewheel.studies.simulation.structures import StructureChoice, cell_digest, choose_structure, run_name
from paddlewheel.study.citations import analysis_citations, dynamics_citations
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Names, Numbers, Settings, bad_value, setting
from paddlewheel.study.study import Study

if TYPE_CHECKING:
    from ase import Atoms


class FitSettings(Settings):
    """How diffusion is told from rattling, and which temperatures are fitted."""

    hop_distance_A: float | None = setting(
        None,
        "Distance of a hop, A: an MSD under its square is no diffusion; by default that of an ion to the atoms around "
        "it. May be given later.",
        gt=0,
        le=20,
        may_change=True,
    )

    allow_extrapolating: bool = setting(
        False,
        "Fit temperatures at which the potential extrapolates in more than 1 % of the steps, too; may be added later.",
        may_change=True,
    )

    def fitted(self) -> dict[str, Any]:
        """These in the document of a run."""
        return {"allow_extrapolating": self.allow_extrapolating, "hop_distance_A": self.hop_distance_A}


class PlanSettings(FitSettings, PotentialSettings, DynamicsSettings, CellSettings, IonSettings, SeedSettings):
    """Settings of runs at several temperatures."""

    temperatures_K: Numbers = setting(
        (600.0, 700.0, 800.0),
        "Temperatures, K; the Arrhenius fit needs two, and wants more.",
        distinct="use --replicas for more runs",
    )
    replicas: int = setting(
        2,
        "Independent runs at each temperature, each equilibrated by itself: one run cannot tell how far another would "
        "differ. More may be asked for later.",
        ge=1,
        le=10_000,
        may_grow=True,
    )
    orderings: int | None = setting(
        None, "Ordered cells to make of a structure with partial occupancies; a replica each.", ge=1, le=1000
    )
    arrhenius: bool = setting(True, "Fit ln(sigma T) over the temperatures.")
    minimum_onset_ps: float = setting(
        MINIMUM_ONSET_PS, "Earliest lag of the MSD's fit, ps; a run has to be ten times as long.", ge=0
    )

    def may_change(self) -> frozenset[str]:
        """As declared, and the seeds: they follow from `seed`, the temperatures and the replicas."""
        return super().may_change() | {"seeds"}

    @field_validator("temperatures_K")
    @classmethod
    def _are_temperatures(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        for value in values:
            if value <= 0:
                raise bad_value(f"{value:g} K is no temperature", "give kelvin above 0")
        return values

    @model_validator(mode="after")
    def _are_enough(self) -> Self:
        if len(self.temperatures_K) < (2 if self.arrhenius else 1):
            raise SettingsError(
                f"an Arrhenius fit needs at least two temperatures, {len(self.temperatures_K)} given",
                where="temperatures_K",
                remedy="give more, or --no-arrhenius",
            )
        return self


class ConductSettings(OpinionSettings, PlanSettings):
    """Settings of `conduct`: those of the runs, and whom to ask beside their potential."""

    sizes: Names | None = setting(
        None,
        "Two or more supercells, such as 1x1x1,2x2x2: all is measured in the largest, and D is compared over the "
        "others and extrapolated. May be added later to runs of the largest.",
        only_with={"supercell": ("auto",), "orderings": False},
        may_change=True,
    )


@dataclass(frozen=True, kw_only=True)
class ConductPlan:
    """A checked plan: cells, potential, mobile ion, runs (number of the replica, and its dynamics).

    `smaller` are the plans of the smaller sizes of cell, where several are compared, in ascending order; `opinions`
    are other potentials to be asked.
    """

    structure: StructureChoice
    potential: dict[str, Any]
    ion: ChosenIon
    runs: tuple[tuple[int, MDSettings], ...]
    arrhenius: bool
    minimum_onset_ps: float
    seed: int
    smaller: tuple[ConductPlan, ...] = ()
    opinions: tuple[Opinion, ...] = ()

    @property
    def size(self) -> str:
        """The repeats of the cell: ``2x2x1``."""
        return "x".join(map(str, self.structure.repeats))

    @property
    def formula(self) -> str:
        """Of the cell."""
        return self.structure.cells[0].get_chemical_formula("metal")

    @property
    def temperatures_K(self) -> list[float]:
        """In ascending order."""
        return sorted({dynamics.temperature_K for _, dynamics in self.runs})

    def inputs(self) -> dict[str, Any]:
        """What decides whether a directory holds these runs."""
        per_run = ("temperature_K", "seed")
        return {
            "structure": {
                "name": self.structure.name,
                "formula": self.formula,
                "n_atoms": len(self.structure.cells[0]),
                "repeats": list(self.structure.repeats),
                "sha256": [cell_digest(cell) for cell in self.structure.cells],
            },
            "potential": dict(self.potential),
            "specie": self.ion.specie,
            "charge_e": self.ion.charge_e,
            "temperatures_K": self.temperatures_K,
            "replicas": 1 + max(replica for replica, _ in self.runs),
            "dynamics": {key: value for key, value in self.runs[0][1].document().items() if key not in per_run},
            "arrhenius": self.arrhenius,
            "minimum_onset_ps": self.minimum_onset_ps,
            "seed": self.seed,
            "seeds": {run_name(dynamics.temperature_K, replica): dynamics.seed for replica, dynamics in self.runs},
        }

    def units(self, directory: Path, *, prefix: str = "") -> list[Unit]:
        """The units of work, the highest temperatures first: they show trouble soonest; `prefix` begins their names."""
        cells = self.structure.cells
        return [
            md_unit(
                name=prefix + run_name(dynamics.temperature_K, replica),
                atoms=cells[replica % len(cells)],
                mobile=self.ion.specie,
                potential=self.potential,
                settings=dynamics,
                replica=replica,
                directory=directory,
            )
            for replica, dynamics in sorted(self.runs, key=lambda run: (run[0], -run[1].temperature_K))
        ]

    def by_another(self, opinion: Opinion, *, production_ps: float) -> ConductPlan:
        """The same runs with another potential, of another length."""
        runs = tuple((replica, replace(dynamics, production_ps=production_ps)) for replica, dynamics in self.runs)
        return replace(self, potential=dict(opinion.potential), runs=runs, opinions=(), smaller=())

    def told(self) -> tuple[tuple[str, str], ...]:
        """What will be run, for people: name and value."""
        dynamics = self.runs[0][1]
        times = f"{dynamics.equilibrate_ps:g} + {dynamics.production_ps:g} ps, {dynamics.timestep_fs:g} fs a step"
        by = " by cell rescaling" if dynamics.ensemble == "npt" and dynamics.barostat == "rescaling" else ""
        return (
            ("structure", f"{self.structure.name}, {self.formula}"),
            ("potential", self.potential["name"]),
            ("mobile ion", f"{self.ion.specie}, {self.ion.charge_e:g} e"),
            *((("sizes", ", ".join(plan.size for plan in (*self.smaller, self))),) if self.smaller else ()),
            ("temperatures", f"{', '.join(f'{value:g}' for value in self.temperatures_K)} K"),
            ("each run", f"{dynamics.ensemble}{by}, {times}"),
        )


def _of_sizes(structure: str | Path | Atoms, settings: ConductSettings) -> ConductPlan:
    """The plan of the largest cell, with those of the smaller ones."""
    if not settings.sizes:
        return plan_conduct(structure, settings)
    plans = [plan_conduct(structure, settings.model_copy(update={"supercell": size})) for size in settings.sizes]
    plans.sort(key=lambda plan: len(plan.structure.cells[0]))
    atoms = [len(plan.structure.cells[0]) for plan in plans]
    if len(set(atoms)) < len(atoms) or len(atoms) < 2:
        told = ", ".join(f"{plan.size} ({n} atoms)" for plan, n in zip(plans, atoms, strict=True))
        raise SettingsError(f"{told}: no two sizes to compare", where="sizes",
                            remedy="give supercells of different numbers of atoms, such as 1x1x1,2x2x2")  # fmt: skip
    return replace(plans[-1], smaller=tuple(plans[:-1]))


def _opens(structure: str | Path | Atoms, settings: ConductSettings) -> ConductPlan:
    """The plan of the runs, with whom to ask beside their potential."""
    plan = _of_sizes(structure, settings)
    cell = plan.structure.cells[0]
    return replace(plan, opinions=chosen_opinions(settings.second_opinion, settings, plan.potential, cell))


def plan_conduct(structure: str | Path | Atoms, settings: PlanSettings) -> ConductPlan:
    """Resolve every setting.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    dynamics = [settings.dynamics(temperature_K=value) for value in sorted(settings.temperatures_K)]
    choice = choose_structure(structure, supercell=settings.supercell, orderings=settings.orderings, seed=settings.seed)
    ion = choose_ion(choice.cells[0], specie=settings.specie, charge=settings.charge, anyway=settings.charge_anyway)
    potential = chosen_potential(settings, choice.cells[0])
    if settings.potential and Path(settings.potential).is_file():
        potential["name"] = settings.potential  # as it was typed: so it stands in the keys of runs of before
    runs = [
        (replica, replace(each, seed=_run_seed(settings.seed, each.temperature_K, replica)))
        for each in dynamics
        for replica in range(max(settings.replicas, len(choice.cells)))
    ]
    return ConductPlan(
        structure=choice,
        potential=potential,
        ion=ion,
        runs=tuple(runs),
        arrhenius=settings.arrhenius,
        minimum_onset_ps=settings.minimum_onset_ps,
        seed=settings.seed,
    )


def _run_seed(seed: int, temperature_K: float, replica: int) -> int:
    return int(np.random.SeedSequence([seed, round(temperature_K * 1000), replica]).generate_state(1)[0])


def try_start(plan: ConductPlan, _settings: PlanSettings) -> None:
    """Evaluate the first cell.

    Raises
    ------
    InputError
        If the potential cannot be loaded, or no run can start.
    """
    try_potential(plan.potential, plan.structure.cells[0], where=plan.structure.name)


def _tries(plan: ConductPlan, settings: ConductSettings) -> None:
    try_start(plan, settings)
    _try_opinions(plan, settings)


def _try_opinions(plan: ConductPlan, settings: ConductSettings) -> dict[str, float]:
    own_npt = settings.second_opinion_ps > 0 and settings.ensemble == "npt"
    return try_opinions(plan.opinions, plan.structure.cells[0], needs_stress=own_npt, where=plan.structure.name)


def settings_warnings(plan: ConductPlan) -> list[str]:
    """What the settings allow and a reader should know."""
    dynamics, cell = plan.runs[0][1], plan.structure.cells[0]
    warnings = [*plan.structure.notes, *([plan.ion.doubt] if plan.ion.doubt else [])]
    if dynamics.timestep_fs > 1 and "H" in cell.get_chemical_symbols():
        warnings.append(f"time step {dynamics.timestep_fs:g} fs with hydrogen: 1 fs or less resolves its vibrations")
    if dynamics.ensemble == "langevin":
        warnings.append(
            f"Langevin has a friction of {dynamics.friction_per_ps:g}/ps after the equilibration: 10/ps would lower D "
            "several times, this by about 5 % at most"
        )
    if dynamics.ensemble == "nve" and not dynamics.n_equilibration_steps:
        warnings.append("nve without equilibration: no thermostat sets the temperature")
    short = [f"{length:.1f}" for length in cell.cell.lengths() if length <= 10]
    if short:
        warnings.append(
            f"cell lengths of {', '.join(short)} A are not above 10 A (the paper's rule): ions feel their own images"
        )
    if plan.potential["three_body"] == "as_trained":
        warnings.append("three-body form as_trained: the energy is not smooth and depends on the order of the atoms")
    return warnings


def _measures(plan: ConductPlan, settings: ConductSettings, run: Run) -> ConductivityRecord:
    seconds_a_frame = _try_opinions(plan, settings)  # may be asked for when the runs have begun
    units, warnings = run_md_units(plan.units(run.folder), run)
    analysed, record, runs = _analysed(plan, settings, run, units, warnings)

    def own_runs(opinion: Opinion, inside: Run) -> ConductivityRecord:
        other = plan.by_another(opinion, production_ps=settings.second_opinion_ps)
        units, warnings = run_md_units(other.units(inside.folder, prefix=own_prefix(opinion, settings)), inside)
        part = run.part(f"{FOLDER}/{opinion.slug}", other.inputs() | settings.fitted())
        _, told, _ = _analysed(other, settings, part, units, warnings)
        run.keep(part, told)
        return told

    record = with_second_opinions(
        record, runs, units, run, opinions=plan.opinions, first=plan.potential,
        frames_a_temperature=settings.second_opinion_frames, seconds_a_frame=seconds_a_frame,
        own_runs=own_runs if settings.second_opinion_ps else None,
    )  # fmt: skip
    return _compared(plan, settings, run, analysed, record) if plan.smaller else record


def _analysed(
    plan: ConductPlan, settings: ConductSettings, run: Run, units: Sequence[Unit], warnings: Sequence[str]
) -> tuple[list[Analysed], ConductivityRecord, list[TemperatureRuns]]:
    """What finished units say: each temperature, the record with its tables beside it, and the runs behind it."""
    groups = units_by_temperature(units)
    runs = [
        read_temperature(value, members, plan.ion.specie, hop_distance_A=settings.hop_distance_A)
        for value, members in groups.items()
    ]
    analysed = [
        analyse_temperature(each, charge_e=plan.ion.charge_e, minimum_onset_ps=plan.minimum_onset_ps) for each in runs
    ]
    keep_run(runs, analysed, cell=plan.structure.cells[0], run=run)
    record = conductivity_record(
        analysed,
        ion=plan.ion,
        potential=plan.potential["name"],
        structure=plan.structure.name,
        cell=plan.structure.cells[0],
        arrhenius=plan.arrhenius,
        allow_extrapolating=settings.allow_extrapolating,
        warnings=[*settings_warnings(plan), *warnings],
        citations=[
            *potential_citations(plan.potential["name"]),
            *dynamics_citations(plan.runs[0][1].ensemble, plan.runs[0][1].barostat),
            *analysis_citations(),
        ],
        provenance=run.provenance(
            structure_sha256=cell_digest(plan.structure.cells[0]), potential_sha256=plan.potential["identity"]
        ),
    )
    return analysed, record, runs


def _compared(
    plan: ConductPlan, settings: ConductSettings, run: Run, analysed: Sequence[Analysed], record: ConductivityRecord
) -> ConductivityRecord:
    """The record of the largest cell with what the smaller ones, run now, say of the size; each has its own record."""
    finished, warnings = run_md_units(_smaller_units(plan, run.folder), run)
    cells: dict[str, tuple[int, Sequence[Analysed]]] = {}
    records: dict[str, str] = {}
    for smaller in plan.smaller:
        units = [unit for unit in finished if unit.name.startswith(_prefix(smaller))]
        within = run.part(f"sizes/{smaller.size}", smaller.inputs() | settings.fitted())
        found, own, _ = _analysed(smaller, settings, within, units, [])
        run.keep(within, own)
        cells[smaller.size] = len(smaller.structure.cells[0]), found
        records[smaller.size] = f"sizes/{smaller.size}/result.json"
    cells[plan.size] = len(plan.structure.cells[0]), analysed
    entering = ("ok", "extrapolating") if settings.allow_extrapolating else ("ok",)
    sizes = size_result(cells, entering=entering, records=records)
    return record.model_copy(update={"sizes": sizes, "warnings": [*record.warnings, *warnings]})


def _prefix(smaller: ConductPlan) -> str:
    return f"{smaller.size}_"


def _smaller_units(plan: ConductPlan, directory: Path) -> list[Unit]:
    return [unit for smaller in plan.smaller for unit in smaller.units(directory, prefix=_prefix(smaller))]


def _forecasts(plan: ConductPlan, settings: ConductSettings, cores: int | None) -> Forecast:
    units = [*plan.units(Path()), *_smaller_units(plan, Path())]
    for opinion in plan.opinions if settings.second_opinion_ps else ():
        other = plan.by_another(opinion, production_ps=settings.second_opinion_ps)
        units += other.units(Path(FOLDER), prefix=own_prefix(opinion, settings))
    n_frames = settings.second_opinion_frames * len(plan.temperatures_K)
    labels, told = label_costs(plan.potential, plan.opinions, plan.structure.cells, n_frames=n_frames)
    return forecast_md(units, cores=cores, inputs=(*plan.told(), *told), also=labels)


STUDY = Study(
    command="conduct",
    arguments=(STRUCTURE,),
    settings=ConductSettings,
    record=ConductivityRecord,
    opens=_opens,
    tries=_tries,
    measures=_measures,
    says=verdict_lines,
    failed=is_failed,
    document=lambda plan, settings: (
        plan.inputs()
        | settings.fitted()
        | opinion_document(plan.opinions, settings)
        | {"sizes": [each.size for each in (*plan.smaller, plan)] if plan.smaller else None}
    ),
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel conduct o-nbh --temperatures 600,700,800 --out runs/o-nbh",
    notes="Independent runs share the cores. The same command again goes on with what was killed and keeps what is "
    "finished.",
)
