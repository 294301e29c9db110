"""Frames as folders of input files, and the list that binds an output to its frame.

A directory of jobs holds ``manifest.json`` (engine, settings, jobs), ``frames.txt`` (the folders), ``submit.sh``, and
``frames/000000`` for each frame: the input files of the program, and ``frame.json`` with the frame as it was given, its
key and the permutation between it and the program's order. The manifest is written last: without it, the directory is
not complete, and the same call goes on with what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.formats import plain_info
from paddlewheel.errors import DatasetError, RunDirectoryError, SettingsError, StructureError, writing
from paddlewheel.firstprinciples.castep.program import CASTEP
from paddlewheel.firstprinciples.program import Program, SharedFile
from paddlewheel.firstprinciples.setups import CalculationSettings, Engine
from paddlewheel.firstprinciples.submission import submit_script
from paddlewheel.firstprinciples.vasp.program import VASP
from paddlewheel.foreign import read_json
from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    from ase import Atoms

MANIFEST, FRAME = "manifest.json", "frame.json"
_LISTED = 5
_AGAIN = "write the jobs again, which completes them"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One frame's folder.

    Attributes
    ----------
    folder
        Below the directory: ``frames/000000``.
    key
        sha256 over species, positions, cell, engine and settings.
    name
        Of the frame, for people.
    n_atoms
        Of the frame.
    order
        [n_atoms]; the program's atom i is the frame's atom ``order[i]``.
    """

    folder: str
    key: str
    name: str
    n_atoms: int
    order: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a directory of jobs holds.

    Attributes
    ----------
    engine, settings
        Of all its jobs; the settings name the potential of each element where the program takes it from a table.
    jobs
        In the order of the frames.
    remarks
        What a user should know of the files, such as where POTCAR came from.
    """

    engine: Engine
    settings: CalculationSettings
    jobs: tuple[Job, ...]
    remarks: tuple[str, ...] = ()


_PROGRAMS: Mapping[str, Program] = {"vasp": VASP, "castep": CASTEP}


def write_jobs(
    directory: str | Path,
    frames: Sequence[Atoms],
    *,
    engine: Engine,
    settings: CalculationSettings,
    names: Sequence[str] | None = None,
    watch: Callable[[float], None] | None = None,
) -> Manifest:
    """Write a folder for each frame, and what submits them.

    Parameters
    ----------
    directory
        New, or one that the same call began: what is there stays as it is.
    frames
        Periodic, without overlapping atoms, none twice.
    engine
        ``vasp`` or ``castep``; GPAW runs here and has no job folders.
    settings
        As `named_settings.settings_named` gives them for this engine.
    names
        Of the frames, for people; ``frame 0``, ... where there are none.
    watch
        Is told the finished share, from 0 to 1, after each frame.

    Raises
    ------
    SettingsError
        For an engine without job folders.
    DatasetError
        If a frame has no cell, overlapping atoms, or is there twice; all such frames are named, nothing is written.
    RunDirectoryError
        If the directory holds the jobs of other frames or settings, or cannot be written.
    """
    directory = Path(directory)
    program = _program(engine)
    named = [f"frame {index}" for index in range(len(frames))] if names is None else list(names)
    if len(named) != len(frames):
        raise DatasetError(f"{len(named)} names for {len(frames)} frames", where="names", remedy="give one for each")
    jobs = [_job(index, frame, name, engine, settings)
            for index, (frame, name) in enumerate(zip(frames, named, strict=True))]  # fmt: skip
    _refuse_frames(frames, jobs, lambda frame: program.check(frame, settings))
    settings = program.completed(settings, sorted({symbol for frame in frames for symbol in set(frame.symbols)}))
    manifest = Manifest(engine=engine, settings=settings, jobs=tuple(jobs))
    finished = directory / MANIFEST
    complete = finished.exists()
    if complete and _without_remarks(read_manifest(directory)) != manifest:
        raise RunDirectoryError("holds the jobs of other frames or settings", where=directory,
                                remedy="give another directory")  # fmt: skip
    with writing(directory):
        (directory / "frames").mkdir(parents=True, exist_ok=True)
        for left in (directory / "frames").glob(".*.tmp"):  # of a call that was killed
            shutil.rmtree(left)
        remarks: dict[str, None] = {}
        for index, (frame, job) in enumerate(zip(frames, jobs, strict=True)):
            files = program.files(frame[list(job.order)], settings)
            shared, remark = program.shared(files, settings)
            if remark:
                remarks[remark] = None
            if shared is not None:
                _write_shared(directory, shared)
            texts = {**files, FRAME: _frame_document(frame, job)}
            _write_folder(directory, job, texts, shared, complete=complete)
            if watch is not None:
                watch((index + 1) / len(jobs))
        beside = {
            **program.beside,
            "frames.txt": "".join(f"{job.folder}\n" for job in jobs),
            "submit.sh": submit_script(program, len(jobs)),
        }
        for name, text in beside.items():
            if not (complete and (directory / name).exists()):  # a user's own nodes and hours stay in submit.sh
                write_atomically(directory / name, text)
        (directory / "submit.sh").chmod(0o755)
        manifest = replace(manifest, remarks=tuple(remarks))
        write_atomically(finished, json.dumps(asdict(manifest)) + "\n")
    return manifest


def read_manifest(directory: str | Path) -> Manifest:
    """The manifest of a directory of jobs.

    Raises
    ------
    DatasetError
        If there is none, or it is not one of ours.
    """
    path = Path(directory) / MANIFEST
    if not path.is_file():
        raise DatasetError("holds no complete jobs (no manifest.json)", where=directory, remedy=_AGAIN)
    damaged = "remove it and write the jobs again: folders that are there stay"
    found = read_json(path, DatasetError, remedy=damaged)
    try:
        jobs = tuple(Job(**{**job, "order": tuple(map(int, job["order"]))}) for job in found["jobs"])
        return Manifest(engine=found["engine"], settings=CalculationSettings(**found["settings"]), jobs=jobs,
                        remarks=tuple(found["remarks"]))  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"is no list of jobs ({error})", where=path, remedy=damaged) from error


def asked_frame(directory: str | Path, job: Job) -> Atoms:
    """The frame of a job as it was given, bit for bit; `Job.order` leads from it to the program's order.

    Raises
    ------
    DatasetError
        If ``frame.json`` is missing, damaged, or of another frame.
    """
    from ase import Atoms

    path = Path(directory) / job.folder / FRAME
    found = read_json(path, DatasetError, remedy=_AGAIN)
    try:
        atoms = Atoms(
            found["symbols"], positions=found["positions_A"], cell=found["cell_A"], pbc=True, info=found.get("info")
        )
        if any(moments := found.get("magnetic_moments", [])):
            atoms.set_initial_magnetic_moments(moments)
        key = found["key"]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"is no frame ({error})", where=path, remedy=_AGAIN) from error
    if key != job.key or _frame_digest(atoms) != found.get("frame_sha256"):
        raise DatasetError("is not the frame of the manifest", where=path, remedy=_AGAIN)
    return atoms


def rewrite_job(directory: str | Path, job: Job, attempt: int) -> CalculationSettings:
    """Make a folder ready for another attempt at the same label: other ways to the electrons' ground state.

    What the last attempt left is moved to ``attempt-N`` in the folder, with the input files it had; nothing is removed.

    Parameters
    ----------
    directory, job
        As `read_manifest` gives them.
    attempt
        Of the repetition, from 1 (`next_attempt`).

    Returns
    -------
    CalculationSettings
        Those of the attempt.

    Raises
    ------
    SettingsError
        When all ways have been tried.
    RunDirectoryError
        If that attempt was made already, or the folder cannot be written.
    """
    directory = Path(directory)
    manifest = read_manifest(directory)
    program = _program(manifest.engine)
    frame = asked_frame(directory, job)
    try:
        settings = program.again(manifest.settings, attempt)
    except SettingsError as error:
        raise SettingsError(error.problem, where=directory / job.folder, remedy=error.remedy) from error
    files = program.files(frame[list(job.order)], settings)
    folder = directory / job.folder
    kept = folder / f"attempt-{attempt}"
    if kept.exists():
        raise RunDirectoryError(f"attempt {attempt} was made already", where=folder, remedy="give the next number")
    stays = {*files, FRAME, "POTCAR"}
    # under this name until all is done: a call that was killed is gone on with, as the same attempt
    part = folder / f"attempt-{attempt}.part"
    with writing(folder):
        part.mkdir(exist_ok=True)
        for name in files:
            if not (part / name).exists():
                shutil.copy2(folder / name, part / name)
        for path in sorted(folder.iterdir()):
            if path.name not in stays and not path.name.startswith("attempt-"):
                path.rename(part / path.name)
        for name, text in files.items():
            write_atomically(folder / name, text)
        part.rename(kept)
    return settings


def next_attempt(directory: str | Path, job: Job) -> int:
    """Number, from 1, of the next repetition of a job."""
    folder = Path(directory) / job.folder
    attempt = 1
    while (folder / f"attempt-{attempt}").exists():
        attempt += 1
    return attempt


def is_half_rewritten(directory: str | Path, job: Job) -> bool:
    """Whether a call of `rewrite_job` was killed before it had ended."""
    return any((Path(directory) / job.folder).glob("attempt-*.part"))


def _program(engine: str) -> Program:
    if engine not in _PROGRAMS:
        raise SettingsError(f"no jobs are written for {engine}", where="engine",
                            remedy=f"give one of {', '.join(_PROGRAMS)}")  # fmt: skip
    return _PROGRAMS[engine]


def _without_remarks(manifest: Manifest) -> Manifest:
    return replace(manifest, remarks=())


def _job(index: int, frame: Atoms, name: str, engine: Engine, settings: CalculationSettings) -> Job:
    # by atomic number, as CASTEP prints them whatever it is given; the atoms of an element keep their order
    order = np.argsort(frame.numbers, kind="stable").tolist()
    decides = {**asdict(settings), "name": None, "engine": engine, "frame": _frame_digest(frame)}
    text = json.dumps(decides, sort_keys=True)
    return Job(
        folder=f"frames/{index:06d}", key=hashlib.sha256(text.encode()).hexdigest(), name=name, n_atoms=len(frame),
        order=tuple(order),
    )  # fmt: skip


def _frame_digest(frame: Atoms) -> str:
    """sha256 over species, positions and cell, and initial magnetic moments where there are any."""
    digest = hashlib.sha256(np.asarray(frame.numbers, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(frame.get_positions(), dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(frame.cell.array, dtype="<f8").tobytes())
    moments = frame.get_initial_magnetic_moments()
    if moments.any():
        digest.update(np.ascontiguousarray(moments, dtype="<f8").tobytes())
    return digest.hexdigest()


def _refuse_frames(frames: Sequence[Atoms], jobs: Sequence[Job], check: Callable[[Atoms], None]) -> None:
    """Refuse a set in which a frame cannot be labelled, or is there twice."""
    from paddlewheel.crystals.check import check_structure

    if not frames:
        raise DatasetError("no frames", where="frames", remedy="give at least one")
    troubles: list[str] = []
    seen: dict[str, int] = {}
    for index, (frame, job) in enumerate(zip(frames, jobs, strict=True)):
        try:
            check_structure(frame)
            check(frame)
        except StructureError as error:
            troubles.append(f"{index} ({job.name}): {error.problem}")
        if job.key in seen:
            troubles.append(f"{index} ({job.name}): the same as {seen[job.key]}")
        seen.setdefault(job.key, index)
    if troubles:
        more = f"; and {len(troubles) - _LISTED} more" if len(troubles) > _LISTED else ""
        raise DatasetError(f"{len(troubles)} of {len(frames)} frames cannot be labelled: "
                           + "; ".join(troubles[:_LISTED]) + more, where="frames", remedy="remove them")  # fmt: skip


def _write_shared(directory: Path, shared: SharedFile) -> None:
    path = directory / shared.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, shared.text)


def _write_folder(
    directory: Path, job: Job, texts: Mapping[str, str], shared: SharedFile | None, *, complete: bool
) -> None:
    """Write a folder at once; one that is there stays, and what a crash left half written in it is written again."""
    folder = directory / job.folder
    if not folder.exists():
        made = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
        made.mkdir()
        for name, text in texts.items():
            (made / name).write_text(text)
        if shared is not None:
            (made / shared.name).symlink_to(Path(os.path.relpath(directory / shared.path, folder)))
        made.rename(folder)
    elif not complete:
        _refuse_other(folder, job)
        if {path.name for path in folder.iterdir()} - {*texts, *([shared.name] if shared else [])}:
            return  # it was run: its input files belong to its outputs
        for name, text in texts.items():
            if not (folder / name).exists() or (folder / name).read_text(errors="replace") != text:
                write_atomically(folder / name, text)


def _refuse_other(folder: Path, job: Job) -> None:
    try:
        key = read_json(folder / FRAME, RunDirectoryError, remedy=_AGAIN)["key"]
    except (RunDirectoryError, KeyError, TypeError):
        return  # half written
    if key != job.key:
        raise RunDirectoryError("holds another frame, or other settings", where=folder, remedy="give another directory")


def _frame_document(frame: Atoms, job: Job) -> str:
    document = {
        "key": job.key,
        "name": job.name,
        "frame_sha256": _frame_digest(frame),
        "order": job.order,
        "symbols": frame.get_chemical_symbols(),
        "cell_A": frame.cell.array.tolist(),
        "positions_A": frame.get_positions().tolist(),
        "magnetic_moments": frame.get_initial_magnetic_moments().tolist(),
        "info": plain_info(frame),
    }
    return json.dumps(document, default=lambda number: number.item()) + "\n"  # NumPy's numbers
