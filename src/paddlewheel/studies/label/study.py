"""`label`: energy, forces and stress of frames, by a potential or a program of first principles, as a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.named_settings import settings_named
from paddlewheel.studies.label.by_convergence import Convergence, opened_for_convergence
from paddlewheel.studies.label.by_gpaw import ByGpaw, opened_for_gpaw
from paddlewheel.studies.label.by_jobs import JobFolders, opened_for_jobs
from paddlewheel.studies.label.by_outputs import JobOutputs, NamedOutputs, opened_files, opened_jobs
from paddlewheel.studies.label.by_potential import ByPotential, opened_for_potential
from paddlewheel.studies.label.labelled_set import without_release
from paddlewheel.studies.label.record import (
    AnyLabelRecord,
    ConvergencePoint,
    ConvergenceRecord,
    JobsRecord,
    JudgedLabelsRecord,
    LabelRecord,
    RefusedFrame,
)
from paddlewheel.studies.label.settings import LabelSettings
from paddlewheel.studies.simulation.potentials import potential_document
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study

_MOST_LISTED = 20
_USUAL = "paper"

Inputs = ByPotential | JobFolders | JobOutputs | NamedOutputs | ByGpaw | Convergence


def _opens(frames: Any, settings: LabelSettings) -> Inputs:
    _check_together(frames, settings)
    compare_with = None
    if settings.compare_with is not None:
        compare_with = potential_document(
            settings.compare_with, three_body=settings.three_body, device=settings.device, dtype=settings.dtype
        )
    if settings.collect is not None:
        return opened_jobs(settings, compare_with=compare_with)
    if settings.from_files:
        named, engine = settings.settings, settings.engine or "vasp"
        asked = None if named is None else settings_named(named, engine=engine)
        return opened_files([*settings.from_files, *_listed(frames)], settings, asked=asked, compare_with=compare_with)
    if settings.engine is None:
        return opened_for_potential(frames, settings)
    asked = settings_named(settings.settings or _USUAL, engine=settings.engine)
    if settings.functional not in (None, asked.functional):
        raise SettingsError(
            f"{settings.functional} was given, the settings {asked.name} are of {asked.functional}", where="functional",
            remedy="leave it out, or give other --settings",
        )  # fmt: skip
    if settings.converge:
        return opened_for_convergence(frames, settings, asked=asked)
    if settings.engine == "gpaw":
        return opened_for_gpaw(frames, asked=asked, compare_with=compare_with)
    return opened_for_jobs(frames, settings, asked=asked)


def _check_together(frames: Any, settings: LabelSettings) -> None:
    """Refuse what does not belong together, and say what is missing."""
    ways = {
        "collect": settings.collect is not None, "from_files": bool(settings.from_files),
        "engine": settings.engine is not None, "potential": settings.potential is not None,
    }  # fmt: skip
    if ways["from_files"] and ways["engine"]:
        ways["engine"] = False  # it names the settings that the outputs are held to
    given = [name for name, is_given in ways.items() if is_given]
    if len(given) > 1:
        raise SettingsError(
            "labels come from one place", where=given[1],
            remedy="give one of --potential, --engine, --collect and --from",
        )  # fmt: skip
    has_frames = frames is not None and not (isinstance(frames, list | tuple) and not frames)
    if settings.collect is not None and has_frames:
        raise SettingsError("takes no frames", where="collect", remedy="leave FRAMES out: the folder holds its own")
    if not has_frames and not settings.collect and not settings.from_files:
        raise SettingsError("none given", where="FRAMES", remedy="give a file of frames, or --collect or --from")
    if settings.engine in ("vasp", "castep") and settings.write is None and not settings.from_files:
        raise SettingsError(
            f"{settings.engine} does not run here", where="engine",
            remedy="give --write DIR for its inputs; what it made of them comes back by --collect DIR",
        )  # fmt: skip
    if settings.write is not None and (settings.from_files or settings.collect):
        raise SettingsError("has no effect beside --from and --collect", where="write", remedy="leave it out")
    if settings.engine == "gpaw" and settings.write is not None:
        raise SettingsError("has no effect with --engine gpaw", where="write", remedy="leave it out: GPAW runs here")
    if settings.settings is not None and not (settings.engine or settings.from_files):
        raise SettingsError(
            "has no effect without a program", where="settings", remedy="leave it out, or give --engine or --from"
        )


def _listed(frames: Any) -> Sequence[str | Path]:
    """Files that stand after those of --from, as a shell writes out a pattern."""
    if frames is None:
        return ()
    return [frames] if isinstance(frames, str | Path) else list(frames)


def _of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "engine": without_release(str(found.get("engine")))}


def _measures(inputs: Inputs, settings: LabelSettings, run: Run) -> AnyLabelRecord:
    return inputs.measured(run)


def _says(record: AnyLabelRecord) -> list[str]:
    folder = record.directory or Path()
    if isinstance(record, JobsRecord):
        return [
            f"{record.n_frames} frames written for {record.engine}, settings {record.settings.name}",
            f"submit them: cd {folder} && sbatch submit.sh",
            f"collect them: paddlewheel label --collect {folder}",
        ]
    if isinstance(record, ConvergenceRecord):
        return [f"{record.formula} by {record.engine}, settings {record.settings.name}", *map(_point, record.points)]
    if isinstance(record, LabelRecord):
        written, of, by = record.dataset, record.n_frames, record.dataset.engine
    else:
        written, by = record.dataset, record.engine if record.found is None else " and ".join(record.found.code)
        of = (written.n_frames if written else 0) + len(record.refused)
    of_what = f", {written.functional}" if written else ""
    taken = f"{written.n_frames if written else 0} of {of} frames labelled by {by}{of_what}"
    said = [taken, *_refusals(record.refused)]
    if isinstance(record, JudgedLabelsRecord):
        if record.n_waiting:
            said.append(f"{record.n_waiting} frames have no output yet")
        if record.rewritten:
            said.append(f"{len(record.rewritten)} folders were written again: run submit.sh once more")
    if written:
        said.append(f"data set: {folder / written.file}")
    return said


def _point(point: ConvergencePoint) -> str:
    mesh = "x".join(map(str, point.k_mesh))
    return (
        f"{point.cutoff_eV:g} eV, {mesh} k-points: {point.energy_meV_per_atom:+.3g} meV/atom, "
        f"{point.largest_force_eV_per_A:.2g} eV/A, {point.largest_stress_GPa:.2g} GPa"
        + (" (as asked for)" if point.is_asked else "")
    )


def _refusals(refused: Sequence[RefusedFrame]) -> list[str]:
    shown = [f"refused: {frame.name} {frame.reason}" for frame in refused[:_MOST_LISTED]]
    left = len(refused) - _MOST_LISTED
    return [*shown, f"refused: {left} more, in the report"] if left > 0 else shown


def _places(settings: LabelSettings) -> Path | None:
    if settings.write is not None:
        return Path(settings.write)
    if settings.collect is not None:
        return Path(f"label-{Path(settings.collect).name}")
    return Path(f"label-{Path(settings.from_files[0]).name.split('.')[0]}") if settings.from_files else None


STUDY = Study(
    command="label",
    arguments=(
        Argument(
            name="frames",
            metavar="FRAMES",
            help="a file of frames in any format that ASE reads; labels in it are left aside",
            annotation="str | Path | Sequence[Atoms] | paddlewheel.training.dataset.Dataset",
            many=True,
            alone=True,
            required=False,
        ),
    ),
    settings=LabelSettings,
    record=(LabelRecord, JobsRecord, JudgedLabelsRecord, ConvergenceRecord),
    opens=_opens,
    measures=_measures,
    says=_says,
    failed=lambda record: isinstance(record, JudgedLabelsRecord) and record.dataset is None,
    document=lambda inputs, _settings: inputs.document(),
    of_today=_of_today,
    forecasts=lambda inputs, _settings, cores: inputs.forecast(cores),
    places=_places,
    needs_directory=True,
    example="paddlewheel label frames.extxyz --potential m3gnet-nabh-r2scan --out sets/l",
    notes="""
    The run directory gets ``dataset.extxyz`` with its card: frames whose labels no data set may hold are refused by
    name. Frames are labelled in units of work that survive a kill; the same call goes on. ``--engine vasp --write DIR``
    writes a folder a frame, ``--collect DIR`` judges every ionic step that came back, and ``--from FILE...`` does so
    with any outputs.
    """,
)
