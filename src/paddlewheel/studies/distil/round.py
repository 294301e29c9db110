"""One round of `distil`, from the runs to the fitted student, each step kept on disk and skipped where it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import RunDirectoryError, ScienceError
from paddlewheel.execution import Unit
from paddlewheel.foreign import read_json
from paddlewheel.studies.distil.explore import MOVED, Start, exploring_units, next_starts, picked_frames
from paddlewheel.studies.distil.fit_unit import PARAMETERS, POTENTIAL, fit_unit
from paddlewheel.studies.distil.fit_unit import TASK as FIT_TASK
from paddlewheel.studies.distil.record import DistilGate, DistilRound, MeanErrors
from paddlewheel.studies.distil.settings import DistilOptions, form_document
from paddlewheel.studies.label.record import LabelRecord
from paddlewheel.studies.label.study import STUDY as LABEL
from paddlewheel.studies.motion.touched import md_damage
from paddlewheel.studies.simulation.md_runs import TASK as MD_TASK
from paddlewheel.studies.simulation.potentials import potential_document
from paddlewheel.study.run import Run
from paddlewheel.study.stage import failed_units

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from paddlewheel.training import Dataset
    from paddlewheel.training.student.settings import StudentSettings

_PICKED = "picked.extxyz"
_SPLIT = "split.json"
_MOST_EXTRAPOLATING = 0.05
"""The gates count as held only where at most this share of the frames passed through is extrapolated."""


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """What all rounds share: the run, the teacher, the student's form and first weights, and what is asked for."""

    run: Run
    teacher: dict[str, Any]
    functional: str
    student: StudentSettings
    begin_with: Path | None
    settings: DistilOptions

    @property
    def elements(self) -> tuple[str, ...]:
        """Of the student."""
        return self.student.elements

    @property
    def form(self) -> dict[str, Any]:
        """The student's form besides the elements."""
        return form_document(self.student)

    def judge(self, errors: MeanErrors) -> list[DistilGate]:
        """The gates on some errors."""
        return [
            DistilGate.model_validate(
                {"quantity": name, "limit": limit, "measured": (measured := getattr(errors, name)),
                 "passed": measured <= limit}
            )
            for name, limit in self.settings.limits.items()
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round that is done: its frames, its students (the first one explores), and where the next one starts."""

    train: Path
    test: Path
    students: tuple[Path, ...]
    next_starts: list[Start]
    gates_held: bool
    record: DistilRound


def run_round(whole: Distillation, *, number: int, starts: list[Start], before: Sequence[Round]) -> Round:
    """Explore, label and fit; what is finished already is only read."""
    settings, name = whole.settings, f"round-{number}"
    potential = whole.teacher if not before else student_document(before[-1].students[0] / POTENTIAL)
    with whole.run.within(name) as stage:
        directory = stage.folder
        units = exploring_units(
            starts, number=number, potential=potential, exploration=settings, seed=settings.seed, directory=directory
        )
        troubles = stage.units(units, task=MD_TASK, title=f"round {number}: exploring", check=md_damage)
        finished = [unit for unit in units if unit.result() is not None]
        if not finished:
            raise ScienceError("no run of this round finished", where=directory, remedy="see units/*/error.txt")
        explored = _explored(stage, finished, starts, before, whole)
    labels = LABEL(
        directory / _PICKED, out=directory / "labels", potential=whole.teacher["name"],
        functional=whole.functional, three_body=whole.teacher["three_body"], device=whole.teacher["device"],
        dtype=whole.teacher["dtype"], cores=whole.run.cores, show_progress=whole.run.show_progress,
    )  # fmt: skip
    assert isinstance(labels, LabelRecord)  # those of a potential
    train, test = _split(stage, settings)
    errors = _errors_before(directory, before, settings)
    students, results = fit_stage(
        whole, name, steps=settings.steps, train=[*(done.train for done in before), train],
        before=before[-1].students if before else (), ensemble=settings.ensemble,
    )  # fmt: skip
    results_of = {unit.name: unit.result() or {} for unit in finished}
    broken = troubles | {
        name: result.get("reason") or "" for name, result in results_of.items() if result["status"] == "broken"
    }
    record = DistilRound(
        number=number,
        explored_by="teacher" if not before else f"student of round {number - 1}",
        n_runs=len(units),
        broken_runs=sorted(broken),
        why_broken=dict(sorted(broken.items())),
        explored_ps=float(sum(unit.contents["md"]["production_ps"] for unit in finished)),
        n_labelled=labels.dataset.n_frames,
        n_refused=len(labels.refused),
        errors_before=errors.get("usual"),
        errors_before_extrapolating=errors.get("extrapolating"),
        n_training_frames=results[0]["n_frames"],
        test_split=_split_of(directory),
        fit_steps=settings.steps,
        fit_seconds=results[0]["seconds"],
        training_errors=MeanErrors(n_frames=results[0]["n_frames"], **results[0]["train_errors"]),
        **explored,
    )
    share = record.extrapolating_share
    held = (
        record.errors_before is not None
        and all(gate.passed for gate in whole.judge(record.errors_before))
        and not broken
        and share is not None
        and share <= _MOST_EXTRAPOLATING
    )
    return Round(
        train=train,
        test=test,
        students=tuple(students),
        next_starts=next_starts(starts, finished),
        gates_held=held,
        record=record,
    )


def student_document(potential: Path) -> dict[str, Any]:
    """What a unit of work keeps of a student."""
    return potential_document(str(potential), three_body="parent", device="cpu", dtype="float32")


def _explored(
    stage: Run, units: Sequence[Unit], starts: Sequence[Start], before: Sequence[Round], whole: Distillation
) -> dict[str, Any]:
    """Choose the frames to label, into picked.extxyz; what is known of the candidates."""
    from ase.io import write

    from paddlewheel.potentials.nep import NEPCalculator

    directory, summary = stage.folder, "explored.json"
    if stage.has(summary, _PICKED):
        return read_json(directory / summary, RunDirectoryError, remedy="use another --out")
    students = [NEPCalculator.from_file(student / POTENTIAL) for student in (before[-1].students if before else ())]
    picked, known = picked_frames(
        units, starts, students, elements=whole.elements, exploration=whole.settings, seed=whole.settings.seed
    )
    if not picked:
        raise ScienceError("no frame of this round can be labelled", where=directory)
    temporary = directory / ".picked.tmp.extxyz"
    write(temporary, picked)
    temporary.replace(directory / _PICKED)
    stage.text(summary, json.dumps(known, indent=1) + "\n")
    stage.keep_made(summary, _PICKED)
    return known


def _split(stage: Run, settings: DistilOptions) -> tuple[Path, Path]:
    """The labelled frames to fit as train.extxyz, and those to test as test.extxyz (see `split_runs`)."""
    from paddlewheel.training import read_dataset, write_dataset
    from paddlewheel.training.dataset import card_path, select_frames
    from paddlewheel.training.dataset_checks import LARGEST_ENERGY_RESIDUAL_eV, stray_energies

    paths = stage.folder / "train.extxyz", stage.folder / "test.extxyz"
    made = [file.name for path in paths for file in (path, card_path(path))]
    if not stage.has(*made):
        dataset = read_dataset(stage.folder / "labels" / "dataset.extxyz")
        card = dataset.card
        # they teach nothing, and beside the frames of other rounds they would be refused
        strays = stray_energies(dataset.frames, limit_eV_per_atom=LARGEST_ENERGY_RESIDUAL_eV / 2)
        dataset = select_frames(dataset, [index for index in range(len(dataset.frames)) if index not in strays])
        *parts, how = split_runs(dataset, test_fraction=settings.test_fraction, seed=settings.seed)
        for path, frames in zip(paths, parts, strict=True):
            write_dataset(path, frames, engine=card.engine, functional=card.functional, settings=dict(card.settings))
        stage.text(_SPLIT, json.dumps({"split": how}) + "\n")
        stage.keep_made(_SPLIT, *made)
    return paths


def split_runs(
    dataset: Dataset, *, test_fraction: float, seed: int
) -> tuple[list[Atoms], list[Atoms], Literal["source", "block"]]:
    """Labelled frames to fit and to test, such that no fitted frame is a neighbour of a test frame but at a seam.

    Whole runs are kept for the test where they are of every structure, else the last frames of every run. A frame in
    which an atom was moved is fitted, unless the run of its frame is kept: it is that frame but for one atom.
    """
    from paddlewheel.training import split_by_block, split_by_source
    from paddlewheel.training.dataset import frame_sources, select_frames

    moved = np.array([str(atoms.info["source"]).endswith(MOVED) for atoms in dataset.frames])
    passed = select_frames(dataset, np.flatnonzero(~moved).tolist())
    train, test, how = split_by_source(passed, fraction=1 - test_fraction, seed=seed)
    if how == "source" and _structures(test.frames) != _structures(passed.frames):
        (train, test), how = split_by_block(passed, fraction=1 - test_fraction), "block"
    kept = set(frame_sources(test.frames)) if how == "source" else set()
    walls = [atoms for atoms, flag in zip(dataset.frames, moved, strict=True) if flag]
    fitted = [atoms for atoms, source in zip(walls, frame_sources(walls), strict=True) if source not in kept]
    return [*train.frames, *fitted], list(test.frames), how


def _structures(frames: Sequence[Atoms]) -> set[str]:
    return {str(atoms.info.get("structure")) for atoms in frames}


def _split_of(directory: Path) -> Literal["source", "block", "random"]:
    """How the test frames of a round were chosen; rounds of before, which say nothing, drew them at random."""
    path = directory / _SPLIT
    return read_json(path, RunDirectoryError, remedy="use another --out")["split"] if path.exists() else "random"


def _errors_before(directory: Path, before: Sequence[Round], settings: DistilOptions) -> dict[str, MeanErrors]:
    """Errors of the student of the round before on this round's frames, which it has not seen."""
    from paddlewheel.potentials.nep import NEPCalculator
    from paddlewheel.training import read_dataset

    if not before:
        return {}
    student = NEPCalculator.from_file(before[-1].students[0] / POTENTIAL, dtype="float64")
    labelled = read_dataset(directory / "labels" / "dataset.extxyz").frames
    frames = [atoms for atoms in labelled if "extrapolation_grade" in atoms.info]
    parts = {
        "usual": [atoms for atoms in frames if atoms.info["extrapolation_grade"] <= settings.grade_limit],
        "extrapolating": [atoms for atoms in frames if atoms.info["extrapolation_grade"] > settings.grade_limit],
    }
    return {name: mean_errors_on(part, student) for name, part in parts.items() if part}


def mean_errors_on(frames: Sequence[Atoms], calculator: Calculator) -> MeanErrors:
    """Mean absolute errors of a calculator on labelled frames."""
    from paddlewheel.training.parity import compare_with_labels, errors_of

    errors = errors_of(compare_with_labels(frames, calculator))
    return MeanErrors(
        n_frames=errors.n_frames,
        energy_meV_per_atom=errors.energy_mae_meV_per_atom,
        force_eV_per_A=errors.force_mae_eV_per_A,
        stress_GPa=errors.stress_mae_GPa,
    )


def fit_stage(
    whole: Distillation, name: str, *, steps: int, train: Sequence[Path], before: Sequence[Path], ensemble: int
) -> tuple[list[Path], list[dict[str, Any]]]:
    """Fit `ensemble` students to the data sets `train`, each from the student of its place in `before`, if there, else
    from the weights that all begin with.

    A fit takes one core: its matrices are too small to be shared.

    Parameters
    ----------
    name
        Folder of the stage in the run directory.

    Returns
    -------
    The units' folders, with nep.txt, its domain and the parameters; and the units' results.
    """
    settings = whole.settings
    with whole.run.within(name) as stage:
        units = [
            fit_unit(
                name=f"fit-{member}",
                datasets=list(train),
                elements=whole.elements,
                form=whole.form,
                fit=settings.fit | {"steps": steps, "seed": settings.seed + 1000 * member},
                device=settings.device,
                start=before[member] / PARAMETERS if member < len(before) else whole.begin_with,
                directory=stage.folder,
            )
            for member in range(ensemble)
        ]
        troubles = replace(stage, cores=ensemble).units(units, task=FIT_TASK, title=f"{name}: fitting")
        if troubles:
            raise failed_units(troubles, stage.folder)
        return [unit.folder for unit in units], [unit.result() or {} for unit in units]
