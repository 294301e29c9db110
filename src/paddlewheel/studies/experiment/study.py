"""`validate --experiment`: predicted conductivities of many crystals beside measured ones, and how they rank."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import DataError, InputError, SettingsError
from paddlewheel.records import Citation
from paddlewheel.studies.conduct.second_opinion.plan import FOLDER as OPINIONS
from paddlewheel.studies.conduct.second_opinion.plan import Opinion, own_prefix, potential_slug
from paddlewheel.studies.experiment.cells import read_crystal, start_cell
from paddlewheel.studies.experiment.conductors import drawing_order, family_names
from paddlewheel.studies.experiment.ranking import rankings
from paddlewheel.studies.experiment.record import ExperimentRecord, LeftOut, Ranking
from paddlewheel.studies.experiment.runs import FOLDER, Outcome, Task, run_conductor
from paddlewheel.studies.experiment.settings import ExperimentSettings
from paddlewheel.studies.experiment.tables import MeasuredTable, read_table
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.frame_units import frames_of_units
from paddlewheel.studies.simulation.potentials import loaded_potential, potential_citations, potential_document
from paddlewheel.studies.simulation.structures import run_name
from paddlewheel.study.citations import analysis_citations, dynamics_citations
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import duration
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study

if TYPE_CHECKING:
    from ase import Atoms

_MOST_AT_ROOM_S_PER_CM, _ROOM_UP_TO_K = 0.3, 350.0
"""RbAg4I5 has 0.27 S/cm at room temperature, and nothing that is known has more."""
_SCORES = Citation(
    what="rank correlation with bounds",
    reference="Gehan, Biometrika 52, 203 (1965)",
    doi="10.1093/biomet/52.1-2.203",
)


@dataclass(frozen=True, kw_only=True)
class ExperimentPlan:
    """What is to be predicted by what: the table, the conductors in their order, those left out, the potentials."""

    table: MeasuredTable
    sha256: str
    tasks: tuple[Task, ...]
    n_drawn_from: int
    left_out: tuple[LeftOut, ...]
    potentials: tuple[dict[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """What was resolved."""
        return {
            "table": {"name": self.table.name, "sha256": self.sha256},
            "potential": [dict(potential) for potential in self.potentials],
            "drawn": [task.conductor.id for task in self.tasks],
        }


def _opens(source: str | Path, settings: ExperimentSettings) -> ExperimentPlan:
    table = read_table(source)
    chosen, left_out = [], []
    with tempfile.TemporaryDirectory() as folder:
        crystals = {}
        for conductor in table.conductors:
            try:
                crystals[conductor.id] = read_crystal(
                    conductor, Path(folder), specie=settings.specie or conductor.specie, most_atoms=settings.atoms,
                    charge=settings.charge,
                )  # fmt: skip
            except InputError as error:
                left_out.append(LeftOut(id=conductor.id, formula=conductor.formula.strip(), reason=error.problem))
    fit = [conductor for conductor in table.conductors if conductor.id in crystals]
    families = family_names(table.conductors)
    if settings.ids:
        chosen = _named(settings.ids, fit, left_out, table)
    else:
        chosen = drawing_order(fit, seed=settings.seed)[: settings.conductors]
    if not chosen:
        raise DataError(
            f"none of its {len(table.conductors)} crystals can be taken; {left_out[0].id}: {left_out[0].reason}",
            where=source, remedy="correct the table or the files, or see --specie, --charge and --atoms",
        )  # fmt: skip
    return ExperimentPlan(
        table=table,
        sha256=_digest(table),
        tasks=tuple(Task(conductor=each, family=families[each.id], crystal=crystals[each.id]) for each in chosen),
        n_drawn_from=len(fit),
        left_out=tuple(left_out),
        potentials=tuple(_document_of(name, settings) for name in settings.potential),
    )


def _named(ids: Sequence[str], fit: Sequence[Any], left_out: Sequence[LeftOut], table: MeasuredTable) -> list[Any]:
    known, reasons = {each.id: each for each in fit}, {each.id: each.reason for each in left_out}
    for name in ids:
        if name not in known:
            problem = f"{name} {reasons[name]}" if name in reasons else f"{table.name} has no {name} with a structure"
            raise SettingsError(problem, where="ids", remedy="name others")
    return [known[name] for name in dict.fromkeys(ids)]


def _digest(table: MeasuredTable) -> str:
    whole = hashlib.sha256()
    for each in table.conductors:
        whole.update(repr((each.id, each.conductivity_S_per_cm, each.is_bound, each.temperature_K)).encode())
        whole.update(each.content)
    return whole.hexdigest()


def _document_of(name: str, settings: ExperimentSettings) -> dict[str, Any]:
    from paddlewheel.potentials import describe_potential

    is_m3gnet = describe_potential(name).kind == "m3gnet"
    return potential_document(
        name, three_body=settings.three_body if is_m3gnet else "parent", device=settings.device, dtype=settings.dtype
    )


def _tries(plan: ExperimentPlan, settings: ExperimentSettings) -> None:
    """Load every potential, so that a package that is missing is told before any work."""
    for potential in [*plan.potentials, *(_document_of(name, settings) for name in settings.second_opinion)]:
        loaded_potential(potential)


def _measures(plan: ExperimentPlan, settings: ExperimentSettings, run: Run) -> ExperimentRecord:
    outcomes: list[Outcome] = []
    for potential in plan.potentials:
        own = [_told(run, place, plan, run_conductor(task, potential, slug=potential_slug(potential),
                                                    settings=settings, run=run))
               for place, task in enumerate(plan.tasks, start=1)]  # fmt: skip
        outcomes += _with_opinions(own, potential, settings, run)
    rows = [outcome.row for outcome in outcomes]
    return ExperimentRecord(
        table=plan.table.name,
        potentials=[potential["name"] for potential in plan.potentials],
        n_in_table=plan.table.n_rows,
        n_with_structure=len(plan.table.conductors),
        n_drawn_from=plan.n_drawn_from,
        n_conductors=len(plan.tasks),
        rows=rows,
        rankings=rankings(rows),
        left_out=list(plan.left_out),
        core_hours=sum(row.core_hours for row in rows),
        warnings=_warnings(plan, settings),
        citations=[
            *plan.table.citations,
            *(each for potential in plan.potentials for each in potential_citations(potential["name"])),
            *dynamics_citations(settings.ensemble, settings.barostat),
            *analysis_citations(),
            _SCORES,
        ],
        provenance=run.provenance(),
    )


def _with_opinions(
    outcomes: list[Outcome], potential: dict[str, Any], settings: ExperimentSettings, run: Run
) -> list[Outcome]:
    """The same with what other potentials say of the first conductors that have a prediction."""
    if not settings.second_opinion:
        return outcomes
    asked = [each for each in outcomes if each.row.predicted is not None][: settings.opinion_conductors]
    smallest = sorted(asked, key=lambda each: each.row.n_atoms or 0)[: settings.own_run_conductors]
    run_by_it = {each.row.id for each in smallest} if settings.second_opinion_ps else set()
    again = {
        each.row.id: run_conductor(
            each.task, potential, slug=potential_slug(potential), settings=settings, run=run,
            opinions=settings.second_opinion,
            opinion_ps=settings.second_opinion_ps if each.row.id in run_by_it else 0.0,
        )
        for each in asked
    }  # fmt: skip
    return [again.get(each.row.id, each) for each in outcomes]


def _told(run: Run, place: int, plan: ExperimentPlan, outcome: Outcome) -> Outcome:
    if run.show_progress:
        print(f"paddlewheel: {place} of {len(plan.tasks)}, {row_line(outcome.row)}", file=sys.stderr, flush=True)
    return outcome


def row_line(row: Any) -> str:
    """One conductor in a line, for the terminal."""
    bound = "<" if row.measured_is_bound else ""
    measured = f"measured {bound}{row.measured_S_per_cm:.2g} S/cm"
    if row.predicted is not None:
        low, high = row.predicted.interval_95
        said = f"{row.predicted.value:.2g} S/cm ({low:.1g} to {high:.1g}, 95 %)"
    elif row.predicted_upper_bound_95_S_per_cm is not None:
        said = f"< {row.predicted_upper_bound_95_S_per_cm:.1g} S/cm"
    else:
        said = f"{row.status}: {row.reason}"
    return f"{row.formula} ({row.id}), {row.potential}: {said}, {measured}"


def _warnings(plan: ExperimentPlan, settings: ExperimentSettings) -> list[str]:
    said = []
    if plan.left_out:
        said.append(
            f"{len(plan.left_out)} of {len(plan.table.conductors)} crystals are left out before the draw: see the list"
        )
    better = [
        each.conductor.id
        for each in plan.tasks
        if each.conductor.conductivity_S_per_cm > _MOST_AT_ROOM_S_PER_CM
        and each.conductor.temperature_K <= _ROOM_UP_TO_K
    ]
    if better:
        said.append(
            f"measured over {_MOST_AT_ROOM_S_PER_CM:g} S/cm near room temperature, better than any known solid: "
            f"{', '.join(better[:5])}; look at the unit"
        )
    if len(plan.tasks) < settings.conductors and not settings.ids:
        said.append(f"{settings.conductors} conductors asked for, {len(plan.tasks)} there")
    return said


def _says(record: ExperimentRecord) -> list[str]:
    lines = [row_line(row) for row in record.rows]
    return [*lines, *(ranking_line(each) for each in record.rankings if each.family is None)]


def ranking_line(found: Ranking) -> str:
    """How a potential does, in a line."""
    parts = [
        f"{found.potential}: {found.n_conductors} conductors, {found.n_predicted} predicted, "
        f"{found.n_bounded} bounded, {found.n_without} without"
    ]
    if found.spearman is not None and found.spearman_95 is not None:
        low, high = found.spearman_95
        parts.append(f"rank correlation {found.spearman:.2f} ({low:.2f} to {high:.2f}, 95 %)")
    within = found.within_10
    parts.append(f"within a factor of 10: {within.n_yes} yes, {within.n_no} no, {within.n_open} open")
    covered = found.covered_95
    parts.append(f"95 % intervals hold {covered.n_yes} of {covered.n_yes + covered.n_no}")
    return "; ".join(parts)


def _forecasts(plan: ExperimentPlan, settings: ExperimentSettings, cores: int | None) -> Forecast:
    """By a few steps of the first conductor that starts, for all by their atoms."""
    first, hours, n_most = _first_start(plan, settings), dict[str, float](), 0
    for potential in plan.potentials:
        atom_step_s = Cost(potential).step_s(first, _hottest(settings))
        for task in plan.tasks:
            n_atoms = _atoms_of(task, settings)
            n_most = max(n_most, round(n_atoms))
            each = _run_hours(task, settings, settings.production_ps, atom_step_s)
            hours |= {f"{_folder(task, potential)}/{name}": value for name, value in each.items()}
    labels, told_of_them = _opinion_hours(plan, settings, first)
    told = (
        ("table", f"{plan.table.name}: {len(plan.tasks)} conductors of {plan.n_drawn_from} that pass"),
        ("potentials", ", ".join(potential["name"] for potential in plan.potentials)),
        ("temperatures", f"{', '.join(f'{value:g}' for value in settings.temperatures_K)} K"),
        *told_of_them,
    )
    return Forecast.of_units(hours | labels, cores=cores, inputs=told, n_atoms=n_most)


def _opinion_hours(
    plan: ExperimentPlan, settings: ExperimentSettings, first: Atoms
) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Core-hours of each unit of other potentials, as if every conductor had a prediction, and a line for each."""
    asked = plan.tasks[: settings.opinion_conductors]
    n_own = settings.own_run_conductors if settings.second_opinion_ps else 0
    run_by_it = sorted(asked, key=lambda task: _atoms_of(task, settings))[:n_own]
    names = frames_of_units([first] * (settings.second_opinion_frames * len(settings.temperatures_K)))
    hours, told = dict[str, float](), []
    for name in settings.second_opinion:
        other = Opinion(_document_of(name, settings))
        cost = Cost(other.potential)
        labels, own = dict[str, float](), dict[str, float]()
        frame_s = cost.evaluation_s([first])
        step_s = cost.step_s(first, _hottest(settings)) if n_own else 0.0
        for potential in plan.potentials:
            for task in asked:
                folder = f"{_folder(task, potential)}/{OPINIONS}/{other.slug}-"
                each_s = _atoms_of(task, settings) * frame_s
                labels |= {f"{folder}{unit}": len(frames) * each_s / 3600 for unit, frames in names.items()}
            for task in run_by_it:
                folder = f"{_folder(task, potential)}/{OPINIONS}/{own_prefix(other, settings)}"
                each = _run_hours(task, settings, settings.second_opinion_ps, step_s)
                own |= {f"{folder}{unit}": value for unit, value in each.items()}
        said = f"labels {sum(map(len, names.values()))} frames of each of {len(asked)} conductors"
        said += f", {duration(3600 * sum(labels.values()))} of one core"
        if run_by_it:
            said += f"; runs {len(run_by_it)} of them itself, {duration(3600 * sum(own.values()))}"
        told.append((f"second opinion, {other.name}", said))
        hours |= labels | own
    return hours, told


def _folder(task: Task, potential: dict[str, Any]) -> str:
    return f"{FOLDER}/{task.conductor.id}/{potential_slug(potential)}"


def _atoms_of(task: Task, settings: ExperimentSettings) -> float:
    repeats = task.crystal.repeats(settings.atoms)
    return task.crystal.n_atoms * repeats[0] * repeats[1] * repeats[2]


def _run_hours(task: Task, settings: ExperimentSettings, production_ps: float, atom_step_s: float) -> dict[str, float]:
    """Core-hours of each run of a conductor, by its name."""
    chosen = settings.of_conduct(has_hydrogen="H" in task.crystal.structure.symbol_set)
    n_steps = 1000 * (settings.left_out_ps + production_ps) / chosen["timestep_fs"]
    return {
        run_name(temperature_K, replica): _atoms_of(task, settings) * n_steps * atom_step_s / 3600
        for temperature_K in settings.temperatures_K
        for replica in range(settings.replicas)
    }


def _hottest(settings: ExperimentSettings) -> MDSettings:
    return MDSettings(temperature_K=max(settings.temperatures_K), ensemble=settings.ensemble)


def _first_start(plan: ExperimentPlan, settings: ExperimentSettings) -> Atoms:
    """The cell of the first conductor that starts."""
    with tempfile.TemporaryDirectory() as folder:
        for task in plan.tasks:
            try:
                return start_cell(
                    task.conductor, task.crystal, Path(folder), most_atoms=settings.atoms, seed=settings.seed
                ).atoms
            except InputError:
                continue
    raise SettingsError("none of the conductors starts", where="conductors", remedy="name some by --ids")


STUDY = Study(
    command="validate --experiment",
    arguments=(
        Argument(
            name="table",
            metavar="TABLE",
            help="a folder of OBELiX, or a CSV with the columns structure and conductivity_S_per_cm",
        ),
    ),
    settings=ExperimentSettings,
    record=ExperimentRecord,
    opens=_opens,
    tries=_tries,
    measures=_measures,
    says=_says,
    failed=lambda record: not any(row.status in ("predicted", "bounded") for row in record.rows),
    document=lambda plan, settings: settings.document() | plan.document(),
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel validate --experiment obelix --potential nep89 --conductors 48 --out runs/obelix",
    notes="""
    Each conductor is a run directory of `conduct` in ``conductors/ID/``: all that reads such directories reads it. The
    same command again goes on after a kill, and more conductors, potentials or second opinions are added to what is
    there. A CSV of your own may have the columns id, formula, specie, temperature_K, family and doi, too; ``<1e-10``
    is a bound.
    """,
)
