"""`sample`: relax structures, run them over a grid of strains and temperatures, choose frames by DIRECT, label them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, ScienceError
from paddlewheel.execution import Unit
from paddlewheel.studies.label.labelled_set import disk_bytes, labelled_frames, write_frames, write_labelled
from paddlewheel.studies.label.record import DATASET, RefusedFrame
from paddlewheel.studies.motion.touched import md_damage
from paddlewheel.studies.sample.cut import RunOfGrid, usable_frames
from paddlewheel.studies.sample.features import candidate_frames, features_name, features_of
from paddlewheel.studies.sample.plan import SamplePlan, SampleSettings, of_today, plan_sample
from paddlewheel.studies.sample.record import FRAMES, SamplingRecord
from paddlewheel.studies.sample.summary import Chosen, keep_map, sampling_record
from paddlewheel.studies.simulation.frame_units import TASK as LABEL_TASK
from paddlewheel.studies.simulation.frame_units import evaluate, frames_of_units, label_units, read_rows
from paddlewheel.studies.simulation.potentials import loaded_potential
from paddlewheel.studies.simulation.relaxation import RELAX_TASK, relaxed_atoms
from paddlewheel.studies.simulation.trajectory_frames import TrajectoryFrames
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units
from paddlewheel.study.study import Argument, Study
from paddlewheel.training.dataset import Dataset, card_path
from paddlewheel.training.direct import direct_select

if TYPE_CHECKING:
    from ase import Atoms

_MD_TASK = "paddlewheel.studies.sample.features:run_md_and_features"
_FEATURE_TASK = "paddlewheel.studies.sample.features:run_feature_unit"


def _tries(plan: SamplePlan, settings: SampleSettings) -> None:
    """Load the potential and evaluate each structure, so that what cannot work is told before anything is written."""
    name, calculator = plan.potential["name"], loaded_potential(plan.potential)
    for structure in plan.structures:
        energy_eV, forces, stress = evaluate(structure.atoms, calculator, name=name)
        largest = float(np.abs(forces).max())
        if not (np.isfinite([energy_eV, largest, *stress]).all() and largest < 1000):
            raise InputError(
                f"the largest force is {largest:.3g} eV/A with {name}", where=structure.name,
                remedy="check the structure's distances",
            )  # fmt: skip


def _measures(plan: SamplePlan, settings: SampleSettings, run: Run) -> SamplingRecord:
    relax = plan.relax_units(run.folder)
    _stage(run, relax, RELAX_TASK, "relaxing")
    relaxed = {each.name: relaxed_atoms(unit) for each, unit in zip(plan.structures, relax, strict=True)}
    runs, failed = _dynamics(plan, relaxed, run)
    features, kind = _features(runs, run)
    candidates = [(each, frame) for each in runs for frame in each.frames]
    if len(candidates) < max(2, settings.select):
        raise ScienceError(
            f"{len(candidates)} usable frames, {settings.select} to select", where=run.folder,
            remedy="units/*/result.json say which runs broke; use another --out with smaller strains or --select",
        )  # fmt: skip
    selection = direct_select(features, n_clusters=settings.select, threshold=settings.threshold)
    at_rest = [i for i, (each, frame) in enumerate(candidates) if frame == 0 and each.point.strain == 0]
    chosen = Chosen(
        runs=runs,
        origin=np.array([[runs.index(each), frame] for each, frame in candidates]),
        selection=selection,
        indices=sorted(set(selection.indices.tolist()) | set(at_rest)),
        features=kind,
        n_features=features.shape[1],
    )
    frames = _frames([candidates[index] for index in chosen.indices])
    written = write_frames(run.folder / FRAMES, frames)
    run.hold(FRAMES)
    dataset, refused = _labels(plan, frames, run)
    keep_map(chosen, seed=settings.seed, run=run)
    return sampling_record(plan, run, relax=relax, failed=failed, chosen=chosen, written=written, dataset=dataset,
                           refused=refused)  # fmt: skip


def _stage(run: Run, units: Sequence[Unit], task: str, title: str) -> None:
    troubles = run.units(units, task=task, title=title)
    if troubles:
        raise failed_units(troubles, run.folder)


def _dynamics(plan: SamplePlan, relaxed: dict[str, Atoms], run: Run) -> tuple[list[RunOfGrid], dict[str, str]]:
    """The runs that finished, in the order of the grid, and why others did not."""
    pairs = plan.md_units(relaxed, run.folder)
    failed = run.units([unit for _, unit in pairs], task=_MD_TASK, title="molecular dynamics", check=md_damage)
    runs = [
        RunOfGrid(point, unit, usable_frames(unit), candidate_frames(unit))
        for point, unit in pairs
        if unit.name not in failed
    ]
    order = {each.name: index for index, each in enumerate(plan.structures)}
    runs.sort(key=lambda each: (order[each.point.structure], each.point.strain, each.point.temperature_K))
    return runs, failed


def _features(runs: Sequence[RunOfGrid], run: Run) -> tuple[np.ndarray, str]:
    """Of all candidates, [n_candidates, n_features], and of which kind they are."""
    units = [features for each in runs if (features := features_of(each.unit)) is not None]
    _stage(run, units, _FEATURE_TASK, "features")
    kinds = {str(result["features"]) for unit in units if (result := unit.result()) is not None}
    return np.array([row for unit in units for row in read_rows(unit)]), ", ".join(kinds)


def _frames(chosen: Sequence[tuple[RunOfGrid, int]]) -> list[Atoms]:
    """The chosen frames with where they come from."""
    readers: dict[str, TrajectoryFrames] = {}
    frames = []
    for run, number in chosen:
        reader = readers.setdefault(run.unit.name, TrajectoryFrames(run.unit))
        atoms = reader.atoms(number)
        atoms.wrap()
        atoms.info = {
            "structure": run.point.structure,
            # nothing has moved yet in the frame at step 0
            "temperature_K": run.point.temperature_K if number else 0.0,
            "strain": run.point.strain,
            "source": f"{run.unit.name} frame {number}",
        }
        frames.append(atoms)
    return frames


def _labels(plan: SamplePlan, frames: Sequence[Atoms], run: Run) -> tuple[Dataset | None, list[RefusedFrame]]:
    labeller = plan.labeller
    if labeller is None:
        return None, []
    units = label_units(frames, potential=labeller.potential, directory=run.folder)
    _stage(run, units, LABEL_TASK, "labelling")
    good, refused = labelled_frames(frames, units)
    contents = run.document.contents
    sampled = {key: contents[key] for key in ("strains", "temperatures_K", "select", "seed")}
    path = run.folder / DATASET
    dataset = write_labelled(path, good, labeller=labeller, settings={"sampled": sampled})
    for file in (path, card_path(path)):
        run.hold(file.name)
    return dataset, refused


def _says(record: SamplingRecord) -> list[str]:
    choice, coverage = record.choice, record.choice.coverage
    written = record.dataset or record.frames
    return [
        f"{choice.n_selected} of {choice.n_candidates} frames chosen; coverage {coverage.direct_mean:.0%} (at random "
        f"{coverage.random_mean.value:.0%})",
        f"frames: {(record.directory or Path()) / written.file}",
    ]


_RELAXATION_STEPS = 100
"""What is counted for a relaxation: it takes 50 to 500 steps, which nobody knows before."""
_STORED_BYTES = 6.0
"""Of an atom in a stored frame."""


def _forecasts(plan: SamplePlan, settings: SampleSettings, cores: int | None) -> Forecast:
    from paddlewheel.studies.simulation.cost import Cost

    cost = Cost(plan.potential)
    cells = {each.name: each.atoms for each in plan.structures}
    evaluation_s = cost.evaluation_s(list(cells.values()))
    dynamics = replace(plan.md, relax_above_eV_per_A=0.0)  # a start of high forces is no part of a step
    step_s = {name: cost.step_s(atoms, dynamics) for name, atoms in cells.items()}
    seconds = {f"relax-{name}": _RELAXATION_STEPS * evaluation_s * len(atoms) for name, atoms in cells.items()}
    stored = 0.0
    for point, unit in plan.md_units(cells, Path()):
        n_atoms = len(point.atoms)
        seconds[unit.name] = step_s[point.structure] * n_atoms * plan.md.n_steps
        seconds[features_name(unit.name)] = evaluation_s * n_atoms * plan.md.n_frames
        stored += _STORED_BYTES * n_atoms * plan.md.n_frames
    if plan.labeller is not None:
        mean_atoms = sum(map(len, cells.values())) / len(cells)
        chosen = [next(iter(cells.values()))] * settings.select
        labels = {name: len(frames) * mean_atoms * evaluation_s for name, frames in frames_of_units(chosen).items()}
        seconds |= labels
        stored += disk_bytes(round(settings.select * mean_atoms))
    return Forecast.of_units(
        {name: spent / 3600 for name, spent in seconds.items()},
        cores=cores,
        inputs=(
            ("structures", ", ".join(f"{each.name} ({len(each.atoms)} atoms)" for each in plan.structures)),
            ("potential", plan.potential["name"]),
            ("strains", ", ".join(f"{strain:g}" for strain in settings.strains)),
            ("temperatures", ", ".join(f"{value:g} K" for value in settings.temperatures_K)),
        ),
        n_atoms=max(map(len, cells.values())),
        disk_bytes=stored,
        notes=(f"relaxations count as {_RELAXATION_STEPS} steps; the choice by DIRECT is not in it",),
    )


STUDY = Study(
    command="sample",
    arguments=(
        Argument(
            name="structures",
            metavar="STRUCTURE...",
            help="built-in names (see `structures`) or files",
            many=True,
            annotation="str | Path | Atoms | Sequence[str | Path | Atoms]",
        ),
    ),
    settings=SampleSettings,
    record=SamplingRecord,
    opens=plan_sample,
    tries=_tries,
    measures=_measures,
    says=_says,
    document=lambda plan, _settings: plan.document(),
    of_today=of_today,
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel sample nabh4 na2b12h12 --select 500 --out sets/nabh",
    notes="""
    As the paper does (doi 10.1016/j.joule.2025.102130, Methods, steps 1 and 2): each structure is relaxed, cell
    included, and runs NVT molecular dynamics at every strain and temperature. DIRECT sampling on the potential's own
    features chooses among the frames of all runs; those chosen, and always the relaxed structures, are labelled. Runs
    that break are cut 0.1 ps before the break and named. The run directory gets ``frames.extxyz`` (chosen,
    unlabelled), ``dataset.extxyz`` with its card, and ``map.csv``.
    """,
)
