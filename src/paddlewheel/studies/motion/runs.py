"""What all analyses of given trajectories share: the runs, checked to be alike, and how they stand in a record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import SettingsError, TrajectoryError, writing
from paddlewheel.execution import DriverLock
from paddlewheel.studies.motion.given import GivenRun, Trajectories, open_given
from paddlewheel.studies.motion.record import TrajectoryInput
from paddlewheel.studies.motion.settings import MotionSettings
from paddlewheel.study.run import Run
from paddlewheel.study.run_directory import (
    check_directory,
    start_directory,
)
from paddlewheel.trajectories import Trajectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms


@dataclass(frozen=True, kw_only=True)
class MotionRuns:
    """Runs of one material, alike in atoms and frame interval.

    Attributes
    ----------
    runs
        The trajectories, without what is left out at their start.
    digests
        `trajectory_digest` of each.
    cell
        First frame of the first run, as ASE Atoms.
    temperature_K
        As given, or as the run directory says.
    specie
        The mobile ion, as given or as the run directory says; None where neither does.
    warnings
        What has to be said of the runs.
    """

    runs: tuple[Trajectory, ...]
    digests: tuple[str, ...]
    cell: Atoms
    temperature_K: float | None = None
    specie: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def frame_interval_fs(self) -> float:
        """Time between frames, the same in all runs."""
        interval = self.runs[0].frame_interval_fs
        assert interval is not None  # open_runs refuses runs without
        return interval

    def documents(self, *keys: str) -> list[dict[str, Any]]:
        """The runs as they stand in `inputs.yaml`: these fields of their `TrajectoryInput`, or all."""
        return [one.model_dump(include=set(keys) or None) for one in self.inputs()]

    def inputs(self) -> list[TrajectoryInput]:
        """The runs as they stand in records."""
        return [
            TrajectoryInput(
                name=Path(run.source).name,
                n_frames=run.n_frames,
                n_atoms=run.n_atoms,
                frame_interval_fs=self.frame_interval_fs,
                length_ps=(run.n_frames - 1) * self.frame_interval_fs / 1000,
                sha256=digest,
            )
            for run, digest in zip(self.runs, self.digests, strict=True)
        ]

    def common_fields(self, run: Run) -> dict[str, Any]:
        """The fields of a `MotionRecord` that say what was analysed and what made it."""
        return {
            "formula": self.cell.get_chemical_formula("metal"),
            "temperature_K": self.temperature_K,
            "trajectories": self.inputs(),
            "provenance": run.provenance(),
        }


def open_runs(trajectories: Trajectories, settings: MotionSettings) -> MotionRuns:
    """Read and check the trajectories of one analysis, at one temperature.

    Of a run directory of `conduct` the replicas of `settings.temperature_K` are taken, without their equilibration; a
    run that was given twice counts once, and a warning says so.

    Raises
    ------
    InputError
        For no trajectory, a file that is none, a run directory of several temperatures of which none is chosen, an
        unknown frame interval, or runs of different atoms or frame intervals.
    """
    given = open_given(
        trajectories, frame_interval_fs=settings.frame_interval_fs, type_map=settings.type_map, skip_ps=settings.skip_ps
    )
    chosen = at_one_temperature(given.runs, settings.temperature_K)
    check_alike([run.trajectory for run in chosen])
    kept, twice = once_each(chosen)
    runs = list(kept.values())
    species = {run.specie for run in runs}
    return MotionRuns(
        runs=tuple(run.trajectory for run in runs),
        digests=tuple(kept),
        cell=first_atoms(runs[0].trajectory),
        temperature_K=runs[0].temperature_K if settings.temperature_K is None else settings.temperature_K,
        specie=settings.specie or (species.pop() if len(species) == 1 else None),
        warnings=(*given.warnings, *twice),
    )


def at_one_temperature(runs: Sequence[GivenRun], temperature_K: float | None) -> list[GivenRun]:
    """Those runs that are at the temperature asked for, or do not know theirs.

    Raises
    ------
    SettingsError
        For runs at several temperatures of which none is asked for, or none at the one that is.
    """
    there = sorted({run.temperature_K for run in runs if run.temperature_K is not None})
    told = ", ".join(f"{value:g}" for value in there)
    if temperature_K is None and len(there) > 1:
        raise SettingsError(
            f"the runs are at {told} K", where="temperature_K", remedy="choose one of them with --temperature"
        )
    chosen = [run for run in runs if temperature_K is None or run.temperature_K in (None, temperature_K)]
    if not chosen:
        raise SettingsError(f"no run is at {temperature_K:g} K", where="temperature_K", remedy=f"give one of {told}")
    return chosen


def once_each(runs: Sequence[GivenRun]) -> tuple[dict[str, GivenRun], list[str]]:
    """Each run once, by its digest, and what has to be said of those that were given twice."""
    kept: dict[str, GivenRun] = {}
    warnings = []
    for run in runs:
        digest = trajectory_digest(run.trajectory)
        if digest in kept:
            first, again = (Path(one.trajectory.source).name for one in (kept[digest], run))
            what = f"{again} was given twice" if first == again else f"{again} holds the same frames as {first}"
            warnings.append(f"{what}: it counts once")
        kept.setdefault(digest, run)
    return kept, warnings


@contextmanager
def run_directory(out: str | Path | None, settings: Mapping[str, Any]) -> Iterator[Path | None]:
    """The locked run directory of an analysis, made if absent, refused if it holds other inputs; None without `out`.

    Compute before entering: nothing may be written of a run that fails.

    Raises
    ------
    RunDirectoryError
        If it holds something else, is in use, or cannot be written.
    """
    if out is None:
        yield None
        return
    directory = Path(out)
    check_directory(directory, settings)
    start_directory(directory, settings)
    with writing(directory), DriverLock(directory):
        yield directory


def check_alike(runs: Sequence[Trajectory]) -> None:
    """Refuse runs without a frame interval, or of different atoms or frame intervals.

    Raises
    ------
    TrajectoryError
        Naming the first run that differs.
    """
    for run in runs:
        if run.frame_interval_fs is None:
            raise TrajectoryError("the time between frames is not known", where=run.source,
                                  remedy="give --frame-interval-fs")  # fmt: skip
        if sorted(run.symbols) != sorted(runs[0].symbols):
            raise TrajectoryError(f"has other atoms than {runs[0].source}", where=run.source,
                                  remedy="analyze different materials apart")  # fmt: skip
        if abs(run.frame_interval_fs - (runs[0].frame_interval_fs or 0)) > 1e-9 * run.frame_interval_fs:
            raise TrajectoryError(
                f"frames are {run.frame_interval_fs:g} fs apart, {runs[0].frame_interval_fs:g} fs in {runs[0].source}",
                where=run.source,
                remedy="analyze them apart",
            )


def first_atoms(run: Trajectory) -> Atoms:
    """The first frame, periodic in all directions."""
    from ase import Atoms

    block = next(iter(run.blocks(max_bytes=1)))
    return Atoms(
        symbols=list(run.symbols), positions=block.positions_A[0], cell=block.cell_A[0], pbc=True, masses=run.masses_u
    )


def trajectory_digest(run: Trajectory) -> str:
    """sha256 over symbols, positions and cells: the same frames in another file format are the same input."""
    digest = hashlib.sha256(" ".join(run.symbols).encode())
    for block in run.blocks():
        digest.update(np.ascontiguousarray(block.positions_A).tobytes())
        digest.update(np.ascontiguousarray(block.cell_A).tobytes())
    return digest.hexdigest()
