"""Second opinions of finished runs: frames labelled by all potentials, compared; runs of their own where asked for."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paddlewheel.errors import ScienceError
from paddlewheel.execution import Unit
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.runs import TemperatureRuns
from paddlewheel.studies.conduct.second_opinion.compare import (
    Compared,
    compare_temperature,
    force_columns,
    force_differences,
    model_spread,
    stress_rmse_GPa,
)
from paddlewheel.studies.conduct.second_opinion.frames import ChosenFrames, choose_frames
from paddlewheel.studies.conduct.second_opinion.plan import FOLDER, Opinion, potential_slug
from paddlewheel.studies.conduct.second_opinion.record import OpinionRuns, OpinionTransport, SecondOpinion
from paddlewheel.studies.simulation.frame_units import TASK, label_units, unit_labels
from paddlewheel.study.progress import duration
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units
from paddlewheel.training.dataset import format_frames
from paddlewheel.training.validation import Labels

OwnRuns = Callable[[Opinion, Run], ConductivityRecord]
"""Runs another potential in the folder of second opinions, and gives the record of its runs."""


def with_second_opinions(
    record: ConductivityRecord,
    runs: Sequence[TemperatureRuns],
    units: Sequence[Unit],
    run: Run,
    *,
    opinions: Sequence[Opinion],
    first: Mapping[str, Any],
    frames_a_temperature: int,
    seconds_a_frame: Mapping[str, float],
    own_runs: OwnRuns | None,
) -> ConductivityRecord:
    """The record of the first potential's runs with what the other potentials say of them.

    Parameters
    ----------
    runs, units
        The runs of each temperature of the record, and the finished units behind them.
    first
        The document of the potential that ran.
    seconds_a_frame
        What a label costs, by name of the potential.
    own_runs
        Runs another potential; None where that was not asked for.

    Raises
    ------
    ScienceError
        If labels fail.
    """
    if not opinions:
        return record
    chosen = _chosen(record, runs, units, frames_a_temperature)
    if not chosen:
        return record.model_copy(
            update={"warnings": [*record.warnings, "second opinion: every run is broken, and no frame was labelled"]}
        )
    ensemble = units[0].contents["md"]["ensemble"]
    said: list[SecondOpinion] = []
    with run.within(FOLDER) as inside:
        labels = _labels([first, *(each.potential for each in opinions)], chosen, inside, seconds_a_frame)
        for opinion, theirs in zip(opinions, labels[1:], strict=True):
            compared = [
                Compared(row, here, chosen[row.temperature_K], labels[0][row.temperature_K], theirs[row.temperature_K])
                for row, here in zip(record.temperatures, _sorted(runs), strict=True)
                if row.temperature_K in chosen
            ]
            told, refused = _own(opinion, own_runs, inside)
            said.append(
                _opinion(opinion, compared, run, canonical=ensemble != "nve", runs=told, runs_refused=refused)
            )  # fmt: skip
    return record.model_copy(update={"second_opinions": said, "model_spread": model_spread(record, said)})


def _sorted(runs: Sequence[TemperatureRuns]) -> list[TemperatureRuns]:
    return sorted(runs, key=lambda each: each.temperature_K)


def _chosen(
    record: ConductivityRecord, runs: Sequence[TemperatureRuns], units: Sequence[Unit], count: int
) -> dict[float, ChosenFrames]:
    """The frames by temperature; of those where every run is broken there are none."""
    by_name = {unit.name: unit for unit in units}
    pairs = zip(record.temperatures, _sorted(runs), strict=True)
    found = {
        row.temperature_K: choose_frames(here, by_name, left_out_ps=row.left_out_ps or 0.0, count=count)
        for row, here in pairs
    }
    return {temperature_K: frames for temperature_K, frames in found.items() if frames is not None}


def _labels(
    potentials: Sequence[Mapping[str, Any]],
    chosen: Mapping[float, ChosenFrames],
    inside: Run,
    seconds_a_frame: Mapping[str, float],
) -> list[dict[float, list[Labels]]]:
    """Of each potential, by temperature. Other frames (more runs, another number) are other units."""
    frames = [atoms for each in chosen.values() for atoms in each.atoms]
    which = hashlib.sha256(format_frames(frames).encode()).hexdigest()[:8]
    units = [
        label_units(
            frames, potential=potential, directory=inside.folder, prefix=f"{potential_slug(potential)}-{which}-",
            stress_may_lack=True,
        )
        for potential in potentials
    ]  # fmt: skip
    for potential, group in zip(potentials[1:], units[1:], strict=True):
        if any(unit.result() is None for unit in group):
            spent = duration(len(frames) * seconds_a_frame[potential["name"]])
            print(f"paddlewheel: {potential['name']} labels {len(frames)} frames: {spent} of one core", file=sys.stderr)
    together = [unit for group in units for unit in group]
    troubles = inside.units(together, task=TASK, title="second opinion", here=True)
    if troubles:
        raise failed_units(troubles, inside.folder)
    found = []
    for group in units:
        each = iter([Labels(*label) for unit in group for label in unit_labels(unit)])
        found.append({value: [next(each) for _ in part.atoms] for value, part in chosen.items()})
    return found


def _own(opinion: Opinion, own_runs: OwnRuns | None, inside: Run) -> tuple[OpinionRuns | None, str | None]:
    """What the other potential's own runs gave, or why they gave nothing."""
    if own_runs is None:
        return None, None
    try:
        record = own_runs(opinion, inside)
    except ScienceError as error:
        return None, str(error)
    return OpinionRuns(
        production_ps=max(row.production_ps for row in record.temperatures),
        record=f"{FOLDER}/{opinion.slug}/result.json",
        temperatures=[
            OpinionTransport(
                temperature_K=row.temperature_K, status=row.status, reason=row.reason,
                diffusivity_cm2_per_s=row.diffusivity_cm2_per_s, diffusivity_95_cm2_per_s=row.diffusivity_95_cm2_per_s,
            )
            for row in record.temperatures
        ],
        arrhenius=record.arrhenius,
    ), None  # fmt: skip


def _opinion(
    opinion: Opinion,
    compared: Sequence[Compared],
    run: Run,
    *,
    canonical: bool,
    runs: OpinionRuns | None,
    runs_refused: str | None,
) -> SecondOpinion:
    symbols = [frame for each in compared for frame in each.symbols]
    first = [labels for each in compared for labels in each.first]
    other = [labels for each in compared for labels in each.other]
    return SecondOpinion(
        potential=opinion.name,
        potential_sha256=str(opinion.potential["identity"]),
        n_frames=len(symbols),
        temperatures=[compare_temperature(each, canonical=canonical) for each in compared],
        forces=force_differences(symbols, first, other),
        stress_rmse_GPa=stress_rmse_GPa(first, other),
        forces_file=run.table(f"{FOLDER}/{opinion.slug}/forces.csv", force_columns(compared)),
        runs=runs,
        runs_refused=runs_refused,
    )
