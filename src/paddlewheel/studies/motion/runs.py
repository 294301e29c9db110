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
from paddlewheel.studies.motion.cache import open_trajectory
from paddlewheel.studies.motion.record import TrajectoryInput
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import (
    check_directory,
    start_directory,
)
from paddlewheel.trajectories import Trajectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

Trajectories = Trajectory | str | Path | Sequence[Trajectory | str | Path]
"""What the analyses take: one trajectory or several of the same material, read already or as files."""


@dataclass(frozen=True, kw_only=True)
class MotionRuns:
    """Runs of one material, alike in atoms and frame interval.

    Attributes
    ----------
    runs
        The trajectories, without what is left out at their start.
    cell
        First frame of the first run, as ASE Atoms.
    """

    runs: tuple[Trajectory, ...]
    cell: Atoms

    @property
    def frame_interval_fs(self) -> float:
        """Time between frames, the same in all runs."""
        interval = self.runs[0].frame_interval_fs
        assert interval is not None  # open_runs refuses runs without
        return interval

    def inputs(self) -> list[TrajectoryInput]:
        """The runs as they stand in records; reads every frame once for the digest."""
        return [
            TrajectoryInput(
                name=Path(run.source).name,
                n_frames=run.n_frames,
                n_atoms=run.n_atoms,
                frame_interval_fs=self.frame_interval_fs,
                length_ps=(run.n_frames - 1) * self.frame_interval_fs / 1000,
                sha256=trajectory_digest(run),
            )
            for run in self.runs
        ]

    def common_fields(self, settings: Mapping[str, Any], inputs: Sequence[TrajectoryInput]) -> dict[str, Any]:
        """The fields `formula`, `trajectories` and `provenance` of a `MotionRecord`."""
        return {
            "formula": self.cell.get_chemical_formula("metal"),
            "trajectories": list(inputs),
            "provenance": provenance(dict(settings)),
        }


def open_runs(
    trajectories: Trajectories,
    *,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
) -> MotionRuns:
    """Read and check the trajectories of one analysis.

    Parameters
    ----------
    trajectories
        One or several of the same material; files are read by `open_trajectory`, large text ones through the cache.
    frame_interval_fs, type_map
        For files that do not say, as `read_trajectory` takes them.
    skip_ps
        Time left out at the start of each.

    Raises
    ------
    InputError
        For no trajectory, a negative `skip_ps`, a file that is none, an unknown frame interval, or runs of different
        atoms or frame intervals.
    """
    given = [trajectories] if isinstance(trajectories, Trajectory | str | Path) else list(trajectories)
    if not given:
        raise SettingsError("none given", where="trajectories", remedy="give at least one")
    if not (np.isfinite(skip_ps) and skip_ps >= 0):
        raise SettingsError(f"{skip_ps:g} is negative", where="skip_ps", remedy="give 0 or more")
    runs = [
        one
        if isinstance(one, Trajectory)
        else open_trajectory(one, frame_interval_fs=frame_interval_fs, type_map=type_map)
        for one in given
    ]
    if skip_ps:
        runs = [run.after(skip_ps) for run in runs]
    check_alike(runs)
    return MotionRuns(runs=tuple(runs), cell=first_atoms(runs[0]))


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
