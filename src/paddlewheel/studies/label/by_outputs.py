"""Labels collected from a program's outputs: those of job folders, or any that are named."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.formats import plain_info
from paddlewheel.errors import DatasetError, InputError, SettingsError
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.firstprinciples.jobs import (
    Job,
    Manifest,
    asked_frame,
    is_half_rewritten,
    next_attempt,
    read_manifest,
    rewrite_job,
)
from paddlewheel.firstprinciples.judgement import judge, one_setting
from paddlewheel.firstprinciples.readers import files_of, find_outputs, labelled_frames, read_calculation
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.records.seals import digest_of
from paddlewheel.studies.label.judged import Judged, TakenStep, record_of
from paddlewheel.studies.label.record import JudgedLabelsRecord, RefusedFrame
from paddlewheel.studies.label.settings import LabelSettings
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.progress import Progress, Row
from paddlewheel.study.run import Run
from paddlewheel.training.dataset import read_card

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class JobOutputs:
    """Job folders with what came back into them."""

    folder: Path
    manifest: Manifest
    outputs: dict[str, Path]
    take_unsaid: bool
    compare_with: dict[str, Any] | None

    def document(self) -> dict[str, Any]:
        """The frames by the keys of their jobs, the settings, and what came back by its content."""
        keys = "".join(job.key for job in self.manifest.jobs)
        return {
            "frames": {"jobs": len(self.manifest.jobs), "sha256": hashlib.sha256(keys.encode()).hexdigest()},
            "engine": self.manifest.engine,
            "settings": asdict(self.manifest.settings),
            "take_unsaid": self.take_unsaid,
            "compare_with": self.compare_with,
            "outputs": _outputs_digest(list(self.outputs.values())),
        }

    def measured(self, run: Run) -> JudgedLabelsRecord:
        """Judge every output against its frame, and write the set."""
        manifest = self.manifest
        read: list[tuple[int, Job, Atoms, Calculation]] = []
        refused: list[RefusedFrame] = []
        again: list[Job] = []
        holes: list[Atoms] = []
        waiting: list[str] = []
        n_steps = 0

        def refuse(number: int, job: Job, asked: Atoms, reason: str) -> None:
            refused.append(RefusedFrame(frame=number, source=job.name, reason=reason))
            again.append(job)
            holes.append(asked)

        with _progress(run, len(manifest.jobs), "folders") as advance:
            for number, job in enumerate(manifest.jobs):
                advance(number)
                if job.key not in self.outputs:
                    waiting.append(job.name)
                    if is_half_rewritten(self.folder, job):
                        again.append(job)
                    continue
                asked = asked_frame(self.folder, job)
                try:
                    calculation = read_calculation(self.outputs[job.key])
                except InputError as error:
                    refuse(number, job, asked, error.problem)
                    continue
                n_steps += len(calculation.steps)
                if not calculation.steps:
                    refuse(number, job, asked, calculation.cut or "holds no whole ionic step")
                    continue
                step = calculation.steps[0]
                reasons = judge(
                    calculation, step, asked=asked, order=job.order, settings=manifest.settings,
                    take_unknown_convergence=self.take_unsaid,
                )  # fmt: skip
                if len(calculation.steps) > 1:
                    reasons = (*reasons, f"holds {len(calculation.steps)} ionic steps where one was asked for")
                if reasons:
                    refuse(number, job, asked, "; ".join(reasons))
                else:
                    read.append((number, job, asked, replace(calculation, steps=(step,))))
        differing = _differing([calculation for *_, calculation in read])
        taken = []
        for place, (number, job, asked, calculation) in enumerate(read):
            if place in differing:
                refuse(number, job, asked, differing[place])
            else:
                taken.append(TakenStep(
                    name=job.name, step=_in_order(calculation.steps[0], job.order), setup=calculation.setup,
                    number=number, info=plain_info(asked),
                ))  # fmt: skip
        rewritten, told = self._written_again(again) if run.anew else ([], [])
        judged = Judged(
            engine=manifest.engine, source=self.folder.name, n_outputs=len(self.outputs), n_steps=n_steps,
            taken=taken, refused=refused, holes=holes, waiting=waiting, rewritten=rewritten, asked=manifest.settings,
            functional=manifest.settings.functional, warnings=told,
        )  # fmt: skip
        return record_of(judged, run, compare_with=self.compare_with)

    def _written_again(self, jobs: Sequence[Job]) -> tuple[list[str], list[str]]:
        """Names of the jobs whose folders now hold other inputs, and what is told of those without another way."""
        written, told = [], []
        for job in jobs:
            try:
                rewrite_job(self.folder, job, next_attempt(self.folder, job))
            except SettingsError as error:
                told.append(f"{job.name}: {error.problem}")
            else:
                written.append(job.name)
        return written, told

    def forecast(self, cores: int | None) -> Forecast:
        """How many outputs there are to read."""
        n = len(self.manifest.jobs)
        inputs = (("frames asked for", str(n)), ("outputs", f"{len(self.outputs)} of {n} folders have one"))
        return Forecast(inputs=inputs)


@dataclass(frozen=True, kw_only=True)
class NamedOutputs:
    """Outputs and labelled files that were named, and what they are held to."""

    files: tuple[Path, ...]
    asked: CalculationSettings | None
    functional: str | None
    take_unsaid: bool
    compare_with: dict[str, Any] | None

    def document(self) -> dict[str, Any]:
        """The files by name and content; what they are held to."""
        return {
            "files": [path.name for path in self.files],
            "settings": None if self.asked is None else asdict(self.asked),
            "functional": self.functional,
            "take_unsaid": self.take_unsaid,
            "compare_with": self.compare_with,
            "outputs": _outputs_digest(self.files),
        }

    def measured(self, run: Run) -> JudgedLabelsRecord:
        """Judge every ionic step, keep those of one setting, and write the set."""
        read: list[tuple[int, Calculation]] = []
        refused: list[RefusedFrame] = []
        holes: list[Atoms] = []
        n_steps, says = 0, True
        names = _short_names(self.files)
        with _progress(run, len(self.files), "files") as advance:
            for number, path in enumerate(self.files):
                advance(number)
                try:
                    calculation = read_calculation(path)
                    alone = calculation.setup.code == labelled_frames.PROGRAM
                    if alone:
                        calculation = _of_its_card(calculation, path)
                except InputError as error:
                    refused.append(RefusedFrame(frame=0, source=names[number], reason=_why(error, path)))
                    continue
                n_steps += len(calculation.steps)
                says = says and not alone
                calculation = self._functional_of(calculation)
                good = []
                for step in calculation.steps:
                    reasons = judge(
                        calculation, step, settings=self.asked, take_unknown_convergence=self.take_unsaid or alone
                    )
                    if reasons:
                        refused.append(RefusedFrame(
                            frame=step.number, source=f"{names[number]} frame {step.number}", reason="; ".join(reasons)
                        ))  # fmt: skip
                        holes.append(step.atoms)
                    else:
                        good.append(step)
                if calculation.cut is not None:
                    end = f"{names[number]}, its end"
                    refused.append(RefusedFrame(frame=len(calculation.steps), source=end, reason=calculation.cut))
                if good:
                    read.append((number, replace(calculation, steps=tuple(good))))
        differing = _differing([calculation for _, calculation in read])
        _refuse_tie(differing, len(read))
        taken = []
        for place, (number, calculation) in enumerate(read):
            for step in calculation.steps:
                name = f"{names[number]} frame {step.number}"
                if place in differing:
                    refused.append(RefusedFrame(frame=step.number, source=name, reason=differing[place]))
                    holes.append(step.atoms)
                else:
                    info = plain_info(step.atoms)
                    known = str(info.get("source", name))  # of the run that it was taken from: tests are split by it
                    taken.append(
                        TakenStep(name=known, step=step, setup=calculation.setup, number=step.number, info=info)
                    )
        functional = self.functional or next((step.setup.functional for step in taken), None)
        if taken and functional is None:
            raise SettingsError(
                "the density functional is not said by the files", where="functional",
                remedy="give --functional (such as r2SCAN or PBE)",
            )  # fmt: skip
        programs = sorted({step.setup.program for step in taken})
        source = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
        judged = Judged(
            engine=" and ".join(programs) or "none", source=source, n_outputs=len(self.files), n_steps=n_steps,
            taken=taken, refused=refused, holes=holes, asked=self.asked,
            functional=functional, says_convergence=says,
        )  # fmt: skip
        return record_of(judged, run, compare_with=self.compare_with)

    def _functional_of(self, calculation: Calculation) -> Calculation:
        """With the functional that was given, where the file says none; another one than it says is a contradiction."""
        said = calculation.setup.functional
        if self.functional is None or said == self.functional:
            return calculation
        if said is None:
            return replace(calculation, setup=replace(calculation.setup, functional=self.functional))
        told = f"the functional is {said}, {self.functional} was given"
        return replace(calculation, contradictions=(*calculation.contradictions, told))

    def forecast(self, cores: int | None) -> Forecast:
        """How much there is to read."""
        return Forecast(inputs=(("outputs", str(len(self.files))),))


def opened_jobs(settings: LabelSettings, *, compare_with: dict[str, Any] | None) -> JobOutputs:
    """The manifest of job folders, and which of them have an output."""
    assert settings.collect is not None
    folder = Path(settings.collect)
    manifest = read_manifest(folder)
    outputs = {job.key: path for job in manifest.jobs if (path := _output_of(folder / job.folder)) is not None}
    return JobOutputs(
        folder=folder, manifest=manifest, outputs=outputs, take_unsaid=settings.take_unsaid, compare_with=compare_with
    )


def opened_files(
    files: Sequence[Path | str], settings: LabelSettings, *, asked: CalculationSettings | None,
    compare_with: dict[str, Any] | None,
) -> NamedOutputs:  # fmt: skip
    """The outputs that were named, those of folders looked for.

    Raises
    ------
    DatasetError
        Where a file is not there, or a folder holds no output.
    """
    found: list[Path] = []
    for given in map(Path, files):
        if not given.exists():
            raise DatasetError("is not there", where=given, remedy="give outputs, labelled files, or folders of them")
        inside = find_outputs(given)
        if not inside:
            remedy = "give vasprun.xml, OUTCAR, .castep, output of GPAW, CP2K or pw.x, or labelled frames"
            raise DatasetError("holds no output that is known", where=given, remedy=remedy)
        found += inside
    seen: set[Path] = set()
    named: list[Path] = []
    for output in found:  # one that was named by itself and by its folder counts once
        parts = {file.resolve() for file in files_of(output)}
        if not parts & seen:
            named.append(output)
        seen |= parts
    return NamedOutputs(
        files=tuple(named), asked=asked, functional=settings.functional,
        take_unsaid=settings.take_unsaid, compare_with=compare_with,
    )  # fmt: skip


def _output_of(folder: Path) -> Path | None:
    """The output of a job folder, None where there is none yet."""
    return next(iter(find_outputs(folder, deep=False)), None)


def _of_its_card(calculation: Calculation, path: Path) -> Calculation:
    """Labelled frames with what the card beside them says: who made them, by which functional."""
    card = read_card(path)
    if card is None:
        return calculation
    return replace(calculation, setup=replace(calculation.setup, code=card.engine, functional=card.functional))


def _why(error: InputError, path: Path) -> str:
    """Why a file is refused, with the name of the file beside it where that is what is wrong."""
    beside = error.where is not None and Path(error.where).name != path.name
    return f"{Path(str(error.where)).name} {error.problem}" if beside else error.problem


def _refuse_tie(differing: dict[int, str], n_read: int) -> None:
    """Refuse outputs of which as many have another setting as have that of the set: neither is the set's."""
    if not differing:
        return
    [(reason, count)] = Counter(differing.values()).most_common(1)
    if count == n_read - len(differing):
        raise SettingsError(
            f"{count} outputs have one setting and {count} another ({reason})", where="from_files",
            remedy="say which by --settings or --functional, or give those of one alone",
        )  # fmt: skip


def _differing(calculations: Sequence[Calculation]) -> dict[int, str]:
    """By their number, those of another setting than that of the set, and in what they differ."""
    found = one_setting(calculations).differing if calculations else {}
    return {number: "; ".join(reasons) for number, reasons in found.items()}


def _in_order(step: Step, order: Sequence[int]) -> Step:
    """The step with its atoms in the order of the frame that was asked for; `order[k]` is the frame's atom that is the
    output's k-th.
    """
    back = np.argsort(np.asarray(order))
    assert step.forces_eV_per_A is not None
    return replace(step, atoms=step.atoms[back], forces_eV_per_A=step.forces_eV_per_A[back])


def _outputs_digest(paths: Sequence[Path]) -> str:
    """sha256 over the digests of all files: of those up to 16 MB every byte counts, of larger ones sixteen pieces."""
    files = [(path, file) for path in paths for file in files_of(path)]
    told = "".join(f"{path.name} {file.name} {digest_of(file)}\n" for path, file in files)
    return hashlib.sha256(told.encode()).hexdigest()


def _short_names(paths: Sequence[Path]) -> list[str]:
    """Names that tell the files apart: with as many folders as it takes."""
    for parts in range(1, max((len(path.parts) for path in paths), default=1) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


@contextmanager
def _progress(run: Run, total: int, what: str) -> Iterator[Callable[[int], None]]:
    done = 0

    def rows() -> list[Row]:
        return [Row("read", done, total, what)]

    with Progress("reading", rows, shown=run.show_progress, short=True) as progress:

        def advance(count: int) -> None:
            nonlocal done
            done = count
            stop_if_requested()
            progress.update()

        yield advance
