"""The runs of one conductor by one potential: a run directory of `conduct`, and the row that is read from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError, MachineError, RunDirectoryError, ScienceError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.adaptive import seconds_of
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.study import STUDY as CONDUCT
from paddlewheel.studies.experiment.cells import Crystal, Start, start_cell
from paddlewheel.studies.experiment.conductors import MeasuredConductor
from paddlewheel.studies.experiment.prediction import model_factor, predicted, with_model
from paddlewheel.studies.experiment.record import ExperimentRow
from paddlewheel.studies.experiment.settings import ExperimentSettings
from paddlewheel.study.run import Run

FOLDER = "conductors"
_STOPS_ALL = (MachineError, RunDirectoryError, SettingsError)
"""What the next conductor would meet, too."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A conductor of the draw, with its family as the record names it and its crystal."""

    conductor: MeasuredConductor
    family: str
    crystal: Crystal


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one: its row, and the record of `conduct` where there is one."""

    task: Task
    row: ExperimentRow
    record: ConductivityRecord | None = None


def run_conductor(
    task: Task, potential: dict[str, Any], *, slug: str, settings: ExperimentSettings, run: Run,
    opinions: Sequence[str] = (), opinion_ps: float = 0.0,
) -> Outcome:  # fmt: skip
    """Run what is not there yet, and read the row.

    Parameters
    ----------
    potential, slug
        Its document, and the name of its folder.
    opinions, opinion_ps
        Other potentials that label frames, and the length of runs of their own (0: none).

    Raises
    ------
    InputError
        Of what ends the whole command: the machine, the run directory, the settings; with `opinions` of any kind, for
        then the runs themselves are done, and what another potential lacks is no reason to lose them.
    """
    folder = run.folder / FOLDER / task.conductor.id
    try:
        start = start_cell(task.conductor, task.crystal, folder, most_atoms=settings.atoms, seed=settings.seed)
    except _STOPS_ALL:
        raise
    except InputError as error:
        return Outcome(task=task, row=_without(task, potential, "no-start", str(error)))
    out = folder / slug
    try:
        record = CONDUCT(
            start.path, out=out, again=run.anew, cores=run.cores,
            potential=potential["name"], specie=settings.specie or task.conductor.specie or None,
            charge=settings.charge,
            charge_anyway=settings.charge_anyway, supercell="1x1x1",
            **settings.of_conduct(has_hydrogen="H" in start.atoms.get_chemical_symbols()),
            **(
                {"second_opinion": tuple(opinions), "second_opinion_frames": settings.second_opinion_frames,
                 "second_opinion_ps": opinion_ps}
                if opinions
                else {}
            ),
        )  # fmt: skip
    except _STOPS_ALL:
        raise
    except InputError as error:
        if opinions:
            raise
        return Outcome(task=task, row=_without(task, potential, "no-start", str(error), start))
    except ScienceError as error:
        return Outcome(task=task, row=_without(task, potential, "no-result", str(error), start))
    row = _row(task, potential, start, record).model_copy(
        update={"record": f"{FOLDER}/{task.conductor.id}/{slug}/result.json", "core_hours": _core_hours(out)}
    )
    return Outcome(task=task, row=row, record=record)


def _measured(task: Task, potential: dict[str, Any]) -> dict[str, Any]:
    conductor = task.conductor
    return {
        "id": conductor.id, "formula": conductor.formula.strip(), "family": task.family, "doi": conductor.doi,
        "potential": potential["name"], "temperature_K": conductor.temperature_K,
        "measured_S_per_cm": conductor.conductivity_S_per_cm, "measured_is_bound": conductor.is_bound,
        "measured_part": conductor.measured_part,
    }  # fmt: skip


def _without(
    task: Task, potential: dict[str, Any], status: Any, reason: str, start: Start | None = None
) -> ExperimentRow:
    return ExperimentRow(**_measured(task, potential), status=status, reason=reason, **_cell(start))


def _cell(start: Start | None) -> dict[str, Any]:
    if start is None:
        return {}
    return {
        "cell": start.atoms.get_chemical_formula("metal"), "n_atoms": len(start.atoms), "notes": list(start.notes),
    }  # fmt: skip


def _row(task: Task, potential: dict[str, Any], start: Start, record: ConductivityRecord) -> ExperimentRow:
    at_K = task.conductor.temperature_K
    found, fit = predicted(record, temperature_K=at_K), record.arrhenius
    used = fit.temperatures_used_K if fit else []
    row = ExperimentRow(
        **_measured(task, potential),
        status="predicted" if found.value else "bounded" if found.upper_bound_S_per_cm else "no-result",
        reason=found.reason,
        predicted=found.value,
        predicted_upper_bound_95_S_per_cm=found.upper_bound_S_per_cm,
        activation_energy_eV=fit.activation_energy_eV if fit else None,
        temperatures_used_K=used,
        left_out=[f"{row.temperature_K:g} K: {row.status}" for row in record.temperatures
                  if row.temperature_K not in used],
        **_cell(start),
    )  # fmt: skip
    return row.model_copy(update=_model(row, record))


def _model(row: ExperimentRow, record: ConductivityRecord) -> dict[str, Any]:
    """What other potentials say of a row; nothing where none was asked."""
    if not record.second_opinions:
        return {}
    whole = [each for opinion in record.second_opinions for each in opinion.forces if each.element is None]
    told: dict[str, Any] = {
        "force_difference": max((each.fraction_of_rms for each in whole), default=None),
        "model_by": ", ".join(opinion.potential for opinion in record.second_opinions),
    }
    spread = record.model_spread
    factor = model_factor(spread, temperature_K=row.temperature_K)
    if spread is None or factor is None or not math.isfinite(factor):
        return told
    told |= {
        "model_factor": factor, "model_by": spread.potential, "model_how": spread.how,
        "model_is_resolved": spread.resolved,
    }  # fmt: skip
    if row.predicted is not None:
        told |= {f"interval_{level}_with_model": with_model(row.predicted, factor, level) for level in ("68", "95")}
    return told


def _core_hours(out: Path) -> float:
    """Of all units of a run directory, those of other potentials too."""
    folders = [path.parent for path in out.glob("**/units/*/unit.json")]
    return sum(seconds_of(Unit.of_folder(folder))[0] for folder in folders) / 3600
