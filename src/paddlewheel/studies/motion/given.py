"""What an analysis was given: trajectories, files, or run directories of `conduct`, which know what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import RunDirectoryError, SettingsError
from paddlewheel.studies.motion.cache import open_trajectory
from paddlewheel.study.run_directory import INPUTS, read_inputs
from paddlewheel.trajectories import Trajectory

Trajectories = Trajectory | str | Path | Sequence[Trajectory | str | Path]
"""What the analyses take: one or several of the same material, read already, as files, or as run directories."""


@dataclass(frozen=True, kw_only=True)
class GivenRun:
    """One trajectory without its equilibration, and what its run directory knows of it (None for other files)."""

    trajectory: Trajectory
    temperature_K: float | None = None
    specie: str | None = None
    charge_e: float | None = None


@dataclass(frozen=True, kw_only=True)
class Given:
    """All that was given, and what has to be said of it."""

    runs: tuple[GivenRun, ...]
    warnings: tuple[str, ...] = ()


def open_given(
    trajectories: Trajectories,
    *,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
) -> Given:
    """Open everything that was given; run directories become their finished runs, without their equilibration.

    Parameters
    ----------
    trajectories
        Large text files are read through the cache (`open_trajectory`).
    frame_interval_fs, type_map
        For files that do not say, as `read_trajectory` takes them.
    skip_ps
        Time left out at the start of each, after the equilibration where that is known.

    Raises
    ------
    InputError
        For nothing given, a file that is no trajectory, or a directory that holds no run of `conduct`.
    """
    several = [trajectories] if isinstance(trajectories, Trajectory | str | Path) else list(trajectories)
    if not several:
        raise SettingsError("none given", where="trajectories", remedy="give at least one")
    runs: list[GivenRun] = []
    warnings: list[str] = []
    for one in several:
        if isinstance(one, Trajectory):
            runs.append(GivenRun(trajectory=one))
        elif (Path(one) / INPUTS).is_file():
            runs += _of_directory(Path(one), warnings)
        elif (unit := Path(one).parent.parent / "units" / Path(one).stem).is_dir() and (unit / "unit.json").is_file():
            runs.append(_of_unit(unit, Path(one)))
        else:
            opened = open_trajectory(one, frame_interval_fs=frame_interval_fs, type_map=type_map)
            runs.append(GivenRun(trajectory=opened))
    if skip_ps:
        runs = [_after(run, skip_ps) for run in runs]
    return Given(runs=tuple(runs), warnings=tuple(warnings))


def _of_directory(directory: Path, warnings: list[str]) -> Iterator[GivenRun]:
    inputs = read_inputs(directory)
    if inputs.get("command") != "conduct":
        raise RunDirectoryError(
            f"is a run of {inputs.get('command')}", where=directory,
            remedy="give a run directory of conduct, or files of its trajectories/",
        )  # fmt: skip
    names = sorted(path.parent.name for path in (directory / "units").glob("*/unit.json"))
    found = 0
    for name in names:
        state = _state(directory / "units" / name)
        if state is not None:
            warnings.append(f"{directory.name}: {name} is left out ({state})")
            continue
        found += 1
        yield _of_unit(directory / "units" / name, directory / "trajectories" / f"{name}.zarr")
    if not found:
        raise RunDirectoryError("holds no finished run", where=directory, remedy="let conduct finish first")


def _state(unit: Path) -> str | None:
    """Why the run of a unit cannot be analysed; None where it can."""
    result = unit / "result.json"
    if not result.is_file():
        return "it is not finished"
    document = _read(result)
    return f"it broke: {document.get('reason')}" if document.get("status") == "broken" else None


def _of_unit(unit: Path, store: Path) -> GivenRun:
    contents = _read(unit / "unit.json")["contents"]
    dynamics = MDSettings(**contents["md"])
    start_ps = dynamics.production_start_frame * dynamics.frame_interval_fs / 1000
    inputs = unit.parent.parent / INPUTS
    charge = read_inputs(inputs.parent).get("charge_e") if inputs.is_file() else None
    run = GivenRun(
        trajectory=open_trajectory(store), temperature_K=dynamics.temperature_K, specie=contents["mobile"],
        charge_e=charge,
    )  # fmt: skip
    return _after(run, start_ps) if start_ps else run


def _after(run: GivenRun, skip_ps: float) -> GivenRun:
    return replace(run, trajectory=run.trajectory.after(skip_ps))


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunDirectoryError(
            f"cannot be read ({type(error).__name__})", where=path, remedy="give the trajectory file itself"
        ) from error
