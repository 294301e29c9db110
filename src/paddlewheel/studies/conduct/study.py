"""`conduct`: molecular dynamics at several temperatures, conductivity, Arrhenius, report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import field_validator, model_validator

from paddlewheel.crystals.supercell import RULE_LENGTH_A, repeats_text
from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.records.arrhenius import TemperatureStatus
from paddlewheel.studies.conduct.adaptive import (
    Goal,
    State,
    prediction,
    read_decisions,
    run_rounds,
    wall_s,
)
from paddlewheel.studies.conduct.files import keep_run
from paddlewheel.studies.conduct.fit import fit_temperatures
from paddlewheel.studies.conduct.measure import analyse_temperature, conductivity_record
from paddlewheel.studies.conduct.orderings import ordering_result
from paddlewheel.studies.conduct.record import ConductivityRecord, DecidedRun, OrderingResult
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
from paddlewheel.studies.simulation.md_runs import forecast_md, run_md_units
from paddlewheel.studies.simulation.md_unit import md_unit
from paddlewheel.studies.simulation.potentials import (
    check_width,
    chosen_potential,
    loaded_potential,
    potential_citations,
    potential_note,
    thin_warnings,
    try_potential,
)
from paddlewheel.studies.simulation.settings import (
    STRUCTURE,
    CellSettings,
    DisorderSettings,
    DynamicsSettings,
    IonSettings,
    PotentialSettings,
    SeedSettings,
)
from paddlewheel.studies.simulation.structures import StructureChoice, cell_digest, choose_structure, run_name
from paddlewheel.study.citations import analysis_citations, dynamics_citations
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import duration
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Factor, Names, Numbers, Settings, Time, bad_value, setting
from paddlewheel.study.study import Study
from paddlewheel.transport import CAGE_PS

if TYPE_CHECKING:
    from ase import Atoms


ORDERINGS_BY_ITSELF = 2
"""Ordered cells of a disordered structure where nobody asks for a number: as many as there are replicas by default."""


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

    def entering(self) -> tuple[TemperatureStatus, ...]:
        """Statuses of the temperatures that are fitted."""
        return ("ok", "extrapolating") if self.allow_extrapolating else ("ok",)


class PlanSettings(
    FitSettings, PotentialSettings, DynamicsSettings, CellSettings, DisorderSettings, IonSettings, SeedSettings
):
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
    arrhenius: bool = setting(True, "Fit ln(sigma T) over the temperatures.")
    minimum_onset_ps: float = setting(
        CAGE_PS,
        "Earliest lag of the MSD's fit, ps; a run has to be ten times as long.",
        ge=0,
        may_change=True,
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
        only_with={"supercell": ("auto",), "n_atoms": False, "orderings": False},
        may_change=True,
    )

    until: Factor | None = setting(
        None,
        "Add runs, after those asked for, until the 95 % interval of sigma at 300 K reaches no further than this "
        "factor either way, such as 1.5x; needs --budget. May be given later.",
        gt=1,
        le=1000,
        may_change=True,
    )
    budget_s: Time | None = setting(
        None,
        "Time of the clock for all runs, such as 90s, 30min or 2h: what those asked for leave of it goes where it "
        "tells most of sigma at 300 K. May be given later.",
        gt=0,
        le=1e9,
        option="--budget",
        aliases=("budget",),
        may_change=True,
    )

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.until is not None and self.budget_s is None:
            raise SettingsError(
                "would have no end where it cannot be reached", where="until", remedy="give a --budget, such as 2h"
            )
        if self.budget_s is not None and not self.arrhenius:
            raise SettingsError("is for sigma at 300 K, which --no-arrhenius leaves out", where="budget_s",
                                remedy="give one of them")  # fmt: skip
        return self

    def goal(self, cores: int | None) -> Goal | None:
        """What ends the rounds of added runs; None without a budget."""
        if self.budget_s is None:
            return None
        return Goal(until=self.until, budget_s=self.budget_s, n_cores=cores or len(os.sched_getaffinity(0)))


@dataclass(frozen=True, kw_only=True)
class ConductPlan:
    """A checked plan: cells, potential, mobile ion, runs (number of the replica, and its dynamics).

    `smaller` are the plans of the smaller sizes of cell, where several are compared, in ascending order; `opinions`
    are other potentials to be asked; `potential_note` is what a reader must know of the potential first.
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
    potential_note: str | None = None

    @property
    def size(self) -> str:
        """The repeats of the cell: ``2x2x1``."""
        return repeats_text(self.structure.repeats)

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
        note = potential_note(opinion.potential["name"], by_default=False)
        return replace(self, potential=dict(opinion.potential), runs=runs, opinions=(), smaller=(), potential_note=note)

    def decided_units(self, runs: Sequence[DecidedRun], directory: Path) -> list[Unit]:
        """The units of runs that were decided on the way: with seeds of their own, from the cells in turn."""
        cells, dynamics = self.structure.cells, self.runs[0][1]
        return [
            md_unit(
                name=run.name,
                atoms=cells[place % len(cells)],
                mobile=self.ion.specie,
                potential=self.potential,
                settings=replace(
                    dynamics,
                    temperature_K=run.temperature_K,
                    production_ps=run.production_ps,
                    seed=int(np.random.SeedSequence([self.seed, *run.name.encode()]).generate_state(1)[0]),
                ),
                replica=place,
                directory=directory,
            )
            for place, run in enumerate(runs)
        ]

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
    choice = choose_structure(
        structure,
        supercell=settings.supercell,
        n_atoms=settings.n_atoms,
        orderings=settings.orderings,
        seed=settings.seed,
        oxidation=settings.oxidation,
        by_itself=min(settings.replicas, ORDERINGS_BY_ITSELF),
        potential_of=(
            (lambda cell: loaded_potential(chosen_potential(settings, cell)))
            if settings.rank_by == "potential"
            else None
        ),
        trades=settings.trades,
    )
    ion = choose_ion(choice.cells[0], specie=settings.specie, charge=settings.charge, anyway=settings.charge_anyway)
    potential = chosen_potential(settings, choice.cells[0])
    if settings.n_atoms is not None:
        check_width(choice.size, potential["name"])
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
        potential_note=potential_note(potential["name"], by_default=settings.potential is None),
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
    short = [f"{length:.1f}" for length in cell.cell.lengths() if length <= RULE_LENGTH_A]
    if short:
        warnings.append(
            f"cell lengths of {', '.join(short)} A are not above 10 A (the paper's rule): ions feel their own images"
        )
    warnings += thin_warnings(plan.structure.size, plan.potential["name"])
    if plan.potential["three_body"] == "as_trained":
        warnings.append("three-body form as_trained: the energy is not smooth and depends on the order of the atoms")
    return warnings


def _measures(plan: ConductPlan, settings: ConductSettings, run: Run) -> ConductivityRecord:
    seconds_a_frame = _try_opinions(plan, settings)  # may be asked for when the runs have begun
    pilots, goal = plan.units(run.folder), settings.goal(run.cores)
    if goal is not None and not any(unit.folder.exists() for unit in pilots):
        _check_budget(pilots, goal)
    analysis, warnings, adaptive = run_rounds(
        pilots,
        goal=goal,
        run=run,
        units_of=lambda runs: plan.decided_units(runs, run.folder),
        measure=lambda units: _analysis(plan, settings, units),
        state_of=lambda found: _state(found, settings),
        equilibrate_ps=settings.left_out_ps,
        minimum_onset_ps=plan.minimum_onset_ps,
    )
    record = _record(plan, settings, run, analysis, warnings).model_copy(
        update={"adaptive": adaptive, "orderings": _of_orderings(plan, settings, analysis.units)}
    )

    def own_runs(opinion: Opinion, inside: Run) -> ConductivityRecord:
        other = plan.by_another(opinion, production_ps=settings.second_opinion_ps)
        units, warnings = run_md_units(other.units(inside.folder, prefix=own_prefix(opinion, settings)), inside)
        part = run.part(f"{FOLDER}/{opinion.slug}", other.inputs() | settings.fitted())
        told = _record(other, settings, part, _analysis(other, settings, units), warnings)
        run.keep(part, told)
        return told

    record = with_second_opinions(
        record, analysis.runs, analysis.units, run, opinions=plan.opinions, first=plan.potential,
        frames_a_temperature=settings.second_opinion_frames, seconds_a_frame=seconds_a_frame,
        own_runs=own_runs if settings.second_opinion_ps else None,
    )  # fmt: skip
    return _compared(plan, settings, run, analysis.analysed, record) if plan.smaller else record


@dataclass(frozen=True)
class _Analysis:
    """Finished units, all temperatures of their runs, and what was found at each."""

    units: Sequence[Unit]
    runs: list[TemperatureRuns]
    analysed: list[Analysed]


def _analysis(plan: ConductPlan, settings: ConductSettings, units: Sequence[Unit]) -> _Analysis:
    runs = [
        read_temperature(value, members, plan.ion.specie, hop_distance_A=settings.hop_distance_A)
        for value, members in units_by_temperature(units).items()
    ]
    found = [
        analyse_temperature(each, charge_e=plan.ion.charge_e, minimum_onset_ps=plan.minimum_onset_ps) for each in runs
    ]
    return _Analysis(units, runs, found)


def _of_orderings(plan: ConductPlan, settings: ConductSettings, units: Sequence[Unit]) -> OrderingResult | None:
    """What each of several ordered cells gives by its own runs; None of one cell."""
    cells = plan.structure.cells
    if len(cells) < 2:
        return None
    members = [[unit for unit in units if unit.contents["replica"] % len(cells) == k] for k in range(len(cells))]
    return ordering_result(
        [_analysis(plan, settings, own).analysed for own in members],
        formulas=[cell.get_chemical_formula("metal") for cell in cells],
        above_lowest_meV_per_atom=plan.structure.above_lowest_meV_per_atom,
        entering=settings.entering(),
    )


def _state(analysis: _Analysis, settings: ConductSettings) -> State:
    longest_ps = {
        each.temperature_K: max((1e-3 * (paths.n_frames - 1) * paths.frame_interval_fs for paths in each.displacements),
                                default=0.0)
        for each in analysis.runs
    }  # fmt: skip
    entering = settings.entering()
    return State(
        rows=[each.row for each in analysis.analysed],
        fit=fit_temperatures(analysis.analysed, entering=entering).result,
        longest_ps=longest_ps,
        hopeless=("broken",) if "extrapolating" in entering else ("broken", "extrapolating"),
    )


def _record(
    plan: ConductPlan, settings: ConductSettings, run: Run, analysis: _Analysis, warnings: Sequence[str]
) -> ConductivityRecord:
    """The record of finished units, with its tables beside it."""
    keep_run(analysis.runs, analysis.analysed, cell=plan.structure.cells[0], run=run)
    return conductivity_record(
        analysis.analysed,
        ion=plan.ion,
        potential=plan.potential["name"],
        potential_note=plan.potential_note,
        prepared=plan.structure.prepared,
        structure=plan.structure.name,
        cell=plan.structure.cells[0],
        size=plan.structure.size,
        arrhenius=plan.arrhenius,
        entering=settings.entering(),
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


def _check_budget(pilots: Sequence[Unit], goal: Goal) -> None:
    needed_s = 3600 * (forecast_md(pilots, cores=goal.n_cores).wall_hours or 0.0)
    if needed_s > goal.budget_s:
        raise SettingsError(
            f"{duration(goal.budget_s)} is less than the {duration(needed_s)} that the first {len(pilots)} runs take",
            where="budget_s",
            remedy="give more, or a shorter --production-ps, fewer --temperatures, a smaller --supercell",
        )


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
        found = _analysis(smaller, settings, units)
        run.keep(within, _record(smaller, settings, within, found, []))
        cells[smaller.size] = len(smaller.structure.cells[0]), found.analysed
        records[smaller.size] = f"sizes/{smaller.size}/result.json"
    cells[plan.size] = len(plan.structure.cells[0]), analysed
    sizes = size_result(cells, entering=settings.entering(), records=records)
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
    return forecast_md(units, cores=cores, inputs=(*plan.told(), *told), cell=plan.structure.told(), also=labels)


def _predicts(
    plan: ConductPlan, settings: ConductSettings, cores: int | None, directory: Path | None, forecast: Forecast
) -> list[str]:
    """What a budget is predicted to give; from the runs of the directory where some are finished."""
    goal = settings.goal(cores)
    if goal is None:
        return []
    pilots, decided, spent_s, state = plan.units(directory or Path()), [], 0.0, None
    steps_ps = sum(dynamics.equilibrate_ps + dynamics.production_ps for _, dynamics in plan.runs)
    s_per_ps = 3600 * (forecast.core_hours or 0.0) / steps_ps
    if directory is not None:
        kept = read_decisions(directory)
        decided = [plan.decided_units(each.runs, directory) for each in kept.decisions] if kept else []
        spent_s = sum(wall_s(stage, goal.n_cores) for stage in (pilots, *decided))
        finished = [unit for stage in (pilots, *decided) for unit in stage if unit.result() is not None]
        state = _state(_analysis(plan, settings, finished), settings) if finished else None
    if state is None:
        spent_s = 3600 * (forecast.wall_hours or 0.0)
    told = prediction(
        goal,
        state=state,
        spent_s=spent_s,
        s_per_ps=s_per_ps,
        n_ions=plan.structure.cells[0].get_chemical_symbols().count(plan.ion.specie),
        equilibrate_ps=settings.left_out_ps,
        minimum_onset_ps=plan.minimum_onset_ps,
        asked_K=plan.temperatures_K,
    )
    return [told, "the units, time and disk above are those of the runs asked for; the budget goes on from them"]


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
        | {"until": settings.until, "budget_s": settings.budget_s}
    ),
    forecasts=_forecasts,
    predicts=_predicts,
    needs_directory=True,
    example="paddlewheel conduct o-nbh --temperatures 600,700,800 --out runs/o-nbh",
    notes="Independent runs share the cores. The same command again goes on with what was killed and keeps what is "
    "finished.",
)
