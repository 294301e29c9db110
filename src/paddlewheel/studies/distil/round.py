"""One round of `distil`, from the runs to the fitted student, each step kept on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.execution import DriverLock
from paddlewheel.studies.distil.fit_unit import (
    PARAMETERS,
    POTENTIAL,
    fit_unit,
)
from paddlewheel.studies.distil.record import (
    DistilGate,
    DistilRound,
    MeanErrors,
)
from paddlewheel.studies.distil.settings import DistilSettings
from paddlewheel.studies.distil.steps import (
    MOVED,
    Start,
    exploring_units,
    judge,
    moved_atoms,
    next_starts,
    passed_frames,
    pick,
    write_json,
)
from paddlewheel.studies.label.study import STUDY as label
from paddlewheel.studies.simulation.potentials import (
    potential_document,
)
from paddlewheel.study.stage import run_stage

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_MD = "paddlewheel.studies.simulation.md_unit:run_md_unit"
_FIT = "paddlewheel.studies.distil.fit_unit:run_fit_unit"
_MOST_EXTRAPOLATING = 0.05
"""The gates count as held only where at most this share of the frames passed through is extrapolated."""


@dataclass(frozen=True, kw_only=True)
class RoundContext:
    """What all rounds share."""

    directory: Path
    teacher: dict[str, Any]
    functional: str
    elements: tuple[str, ...]
    settings: DistilSettings
    cores: int | None
    show_progress: bool

    def form_document(self) -> dict[str, Any]:
        """Every field of the student's form besides the elements."""
        from paddlewheel.training.student.settings import StudentSettings

        document = asdict(StudentSettings(elements=self.elements, **self.settings.form))
        return {name: value for name, value in document.items() if name != "elements"}

    def judge(self, errors: MeanErrors) -> list[DistilGate]:
        """The gates on some errors."""
        gates = []
        for name, limit in asdict(self.settings.gates).items():
            measured = getattr(errors, name)
            document = {"quantity": name, "limit": limit, "measured": measured, "passed": measured <= limit}
            gates.append(DistilGate.model_validate(document))
        return gates


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round that is done: its frames, its students (the first one explores), and where the next one starts."""

    train: Path
    test: Path
    students: tuple[Path, ...]
    next_starts: list[Start]
    gates_held: bool
    record: DistilRound


def run_round(context: RoundContext, *, number: int, starts: list[Start], before: Sequence[Round]) -> Round:
    """Explore, label and fit; what is finished already is only read."""
    directory = context.directory / f"round-{number}"
    directory.mkdir(exist_ok=True)
    potential = context.teacher if not before else _document(before[-1].students[0] / POTENTIAL)
    explorer = "teacher" if not before else f"student of round {number - 1}"
    with DriverLock(directory) as driver:
        units = exploring_units(
            starts, number=number, potential=potential, exploration=context.settings.exploration,
            seed=context.settings.seed, directory=directory,
        )  # fmt: skip
        troubles = run_stage(
            units, task=_MD, title=f"round {number}: exploring", driver=driver, cores=context.cores,
            show_progress=context.show_progress,
        )  # fmt: skip
        finished = [unit for unit in units if unit.result() is not None]
        if not finished:
            raise ScienceError("no run of this round finished", where=directory, remedy="see units/*/error.txt")
        explored = _explored(directory, finished, starts, before, context)
    labels = label(
        directory / "picked.extxyz", out=directory / "labels", potential=context.teacher["name"],
        functional=context.functional, three_body=context.teacher["three_body"],
        device=context.teacher["device"], dtype=context.teacher["dtype"], cores=context.cores,
        show_progress=context.show_progress,
    )  # fmt: skip
    train, test = _split(directory, context)
    errors = _errors_before(directory, before, context)
    students, results = fit_stage(
        context, directory=directory, steps=context.settings.steps, train=[*(one.train for one in before), train],
        before=before[-1].students if before else (), ensemble=context.settings.ensemble,
    )  # fmt: skip
    broken = sorted([unit.name for unit in finished if (unit.result() or {})["status"] == "broken"] + list(troubles))
    record = DistilRound(
        number=number,
        explored_by=explorer,
        n_runs=len(units),
        broken_runs=broken,
        explored_ps=float(sum(unit.contents["md"]["production_ps"] for unit in finished)),
        n_labelled=labels.dataset.n_frames,
        n_refused=len(labels.refused),
        errors_before=errors.get("usual"),
        errors_before_extrapolating=errors.get("extrapolating"),
        n_training_frames=results[0]["n_frames"],
        fit_steps=context.settings.steps,
        fit_seconds=results[0]["seconds"],
        training_errors=MeanErrors(n_frames=results[0]["n_frames"], **results[0]["train_errors"]),
        **explored,
    )
    share = record.extrapolating_share
    held = (
        record.errors_before is not None
        and all(gate.passed for gate in context.judge(record.errors_before))
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


def _document(potential: Path) -> dict[str, Any]:
    return potential_document(str(potential), three_body="parent", device="cpu", dtype="float32")


def _explored(
    directory: Path, units: Sequence[Any], starts: Sequence[Start], before: Sequence[Round], context: RoundContext
) -> dict[str, Any]:
    """Choose the frames to label, into picked.extxyz; what is known of the candidates."""
    from ase.io import write

    from paddlewheel.potentials.nep import NEPCalculator

    summary = directory / "explored.json"
    if summary.exists():
        return json.loads(summary.read_text(encoding="utf-8"))
    exploration = context.settings.exploration
    per_structure = max(4, round(exploration.frames_per_round / len(starts)))
    students: list[Calculator] = [
        NEPCalculator.from_file(student / POTENTIAL) for student in (before[-1].students if before else ())
    ]
    picked: list[Atoms] = []
    grades: list[float] = []
    n_candidates = 0
    for start in starts:
        runs = [unit for unit in units if unit.name.rsplit("-", 2)[0] == start.name]
        if not students:  # the teacher's runs are short: even intervals of each
            share = max(1, per_structure // max(1, len(runs)))
            frames = [atoms for unit in runs for atoms in passed_frames(unit, structure=start.name, most=share)]
            n_candidates += len(frames)
        else:
            # frame 0 is where the round before ended, and has its label
            passed = [atoms for unit in runs for atoms in passed_frames(unit, structure=start.name, first=1)]
            candidates = judge(passed, students, elements=context.elements)
            grades += [one.grade for one in candidates]
            n_candidates += len(candidates)
            frames = pick(candidates, n_frames=per_structure, exploration=exploration)
        picked += frames
        picked += moved_atoms(frames, start, n_frames=per_structure // 4, seed=context.settings.seed + len(picked))
    if not picked:
        raise ScienceError("no frame of this round can be labelled", where=directory)
    temporary = directory / ".picked.tmp.extxyz"
    write(temporary, picked)
    temporary.replace(directory / "picked.extxyz")
    values = np.array(grades)
    known = {
        "n_candidates": n_candidates,
        "extrapolating_share": float((values > exploration.grade_limit).mean()) if len(values) else None,
        "largest_grade": float(values.max()) if len(values) else None,
    }
    write_json(summary, known)
    return known


def _split(directory: Path, context: RoundContext) -> tuple[Path, Path]:
    """The labelled frames as train.extxyz, with all those in which an atom was moved, and test.extxyz."""
    from paddlewheel.training import read_dataset, split_dataset, write_dataset
    from paddlewheel.training.dataset import select_frames

    paths = directory / "train.extxyz", directory / "test.extxyz"
    if not all(path.with_suffix(".card.json").exists() for path in paths):
        dataset = read_dataset(directory / "labels" / "dataset.extxyz")
        card = dataset.card
        moved = [str(atoms.info["source"]).endswith(MOVED) for atoms in dataset.frames]
        passed = select_frames(dataset, np.flatnonzero(~np.array(moved)).tolist())
        parts = split_dataset(passed, fraction=1 - context.settings.test_fraction, seed=context.settings.seed)
        walls = [atoms for atoms, flag in zip(dataset.frames, moved, strict=True) if flag]
        for path, frames in zip(paths, ([*parts[0].frames, *walls], parts[1].frames), strict=True):
            write_dataset(path, frames, engine=card.engine, functional=card.functional, settings=dict(card.settings))
    return paths


def _errors_before(directory: Path, before: Sequence[Round], context: RoundContext) -> dict[str, MeanErrors]:
    """Errors of the student of the round before on this round's frames, which it has not seen."""
    from paddlewheel.potentials.nep import NEPCalculator
    from paddlewheel.training import read_dataset

    if not before:
        return {}
    student = NEPCalculator.from_file(before[-1].students[0] / POTENTIAL, dtype="float64")
    labelled = read_dataset(directory / "labels" / "dataset.extxyz").frames
    frames = [atoms for atoms in labelled if "extrapolation_grade" in atoms.info]
    limit = context.settings.exploration.grade_limit
    parts = {
        "usual": [atoms for atoms in frames if atoms.info["extrapolation_grade"] <= limit],
        "extrapolating": [atoms for atoms in frames if atoms.info["extrapolation_grade"] > limit],
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
    context: RoundContext, *, directory: Path, steps: int, train: Sequence[Path], before: Sequence[Path], ensemble: int
) -> tuple[list[Path], list[dict[str, Any]]]:
    """Fit `ensemble` students to the data sets `train`, each from the student of its place in `before`, if there.

    A fit takes one core: its matrices are too small to be shared.

    Returns
    -------
    The units' folders, with nep.txt, its domain and the parameters; and the units' results.
    """
    directory.mkdir(exist_ok=True)
    settings = context.settings
    with DriverLock(directory) as driver:
        units = [
            fit_unit(
                name=f"fit-{member}",
                datasets=list(train),
                elements=context.elements,
                form=context.form_document(),
                fit=settings.fit | {"steps": steps, "seed": settings.seed + 1000 * member},
                device=settings.device,
                start=before[member] / PARAMETERS if member < len(before) else None,
                directory=directory,
            )
            for member in range(ensemble)
        ]
        troubles = run_stage(
            units, task=_FIT, title=f"{directory.name}: fitting", driver=driver, cores=ensemble,
            show_progress=context.show_progress,
        )  # fmt: skip
        if troubles:
            name, problem = next(iter(troubles.items()))
            raise ScienceError(f"{name}: {problem}", where=directory, remedy="see units/*/error.txt")
        return [unit.folder for unit in units], [unit.result() or {} for unit in units]
