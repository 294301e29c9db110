"""What an analysis was given: trajectories, files, or run directories of `conduct`, which know what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.dynamics import TOLERATED_SHARE, TRANSPORT_FRICTION_PER_PS, MDSettings, share_over
from paddlewheel.errors import RunDirectoryError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.cache import open_trajectory
from paddlewheel.studies.motion.free_runs import ran_at_K
from paddlewheel.studies.motion.touched import HOT_CELL, has_hot_cell, md_damage, store_path
from paddlewheel.study.run_directory import INPUTS, read_inputs
from paddlewheel.trajectories import Trajectory, read_thermo
from paddlewheel.trajectories.kinetic import KineticTemperature

Trajectories = Trajectory | str | Path | Sequence[Trajectory | str | Path]
"""What the analyses take: one or several of the same material, read already, as files, or as run directories."""

_MOST_NAMED = 4
_REMEDY = "run conduct again with the options of its inputs.yaml: it computes anew what was touched"


@dataclass(frozen=True, kw_only=True)
class GivenRun:
    """One trajectory without its equilibration, and what its run directory knows of it (None for other files).

    Attributes
    ----------
    given_as
        The file or directory that it was given as.
    note
        What has to be said of it.
    extrapolation
        `ExtrapolationWatch.summary()` of it, where the potential gives a grade.
    grades
        Largest extrapolation grade since the frame before, `[n_frames]`; None where the potential gives none.
    thermo
        Columns of its thermodynamics, frame by frame, that its run directory keeps.
    inputs
        What `inputs.yaml` of its run directory tells.
    mean_cell_A
        Mean over its frames of the lattice vectors, `[3, 3]`; None before they were read (`once_each`).
    ran_K
        The mean temperature that it had, where no thermostat ruled (NVE); None elsewhere.
    volumes_A3
        Of its frames, `[n_frames]`; None before they were read.
    heat
        The kinetic temperature of its frames; None where they are too far apart, or were not looked at (`with_heat`).
    """

    trajectory: Trajectory
    given_as: str
    temperature_K: float | None = None
    specie: str | None = None
    charge_e: float | None = None
    note: str | None = None
    extrapolation: Mapping[str, Any] | None = None
    grades: np.ndarray | None = None
    thermo: Mapping[str, np.ndarray] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    mean_cell_A: np.ndarray | None = None
    volumes_A3: np.ndarray | None = None
    heat: KineticTemperature | None = None
    ran_K: float | None = None


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A run of a run directory that cannot be analysed: not finished, or broken."""

    name: str
    given_as: str
    temperature_K: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """All that was given: runs, and those that are left out."""

    runs: tuple[GivenRun, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def temperatures_K(self) -> tuple[float, ...]:
        """The temperatures that run directories tell, ascending; of runs that are left out as well."""
        return tuple(sorted({run.temperature_K for run in (*self.runs, *self.left_out) if run.temperature_K}))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be said of the runs, and which are left out, each once."""
        by_reason: dict[str, list[str]] = {}
        for run in self.left_out:
            by_reason.setdefault(run.reason, []).append(run.name)
        told = []
        for reason, names in by_reason.items():
            if len(names) == 1:
                told.append(f"{names[0]} is left out ({reason})")
            else:
                why = reason.removeprefix("it is ").removeprefix("it ")
                told.append(f"{len(names)} runs are left out ({why}): {', '.join(names)}")
        notes = [note for run in self.runs for note in (run.note, *run.trajectory.notes) if note]
        return tuple(dict.fromkeys([*told, *notes]))

    def at(self, temperature_K: float | None) -> Given:
        """Only what is at one temperature, or does not know its own; None for the only one that there is.

        Raises
        ------
        SettingsError
            For runs at several temperatures of which none is asked for, or for something given that is not at the one
            that is asked for.
        RunDirectoryError
            If every run at that temperature is left out.
        """
        places: dict[str, set[float]] = {}
        for run in (*self.runs, *self.left_out):
            if run.temperature_K is not None:
                places.setdefault(run.given_as, set()).add(run.temperature_K)
        if temperature_K is None and len(self.temperatures_K) > 1:
            raise SettingsError(
                f"the runs are at {_kelvin(self.temperatures_K)}", where="temperature_K", remedy="choose one of them"
            )
        for name, own in places.items():
            if temperature_K is not None and temperature_K not in own:
                raise SettingsError(
                    f"{temperature_K:g} K was given, and {name} is at {_kelvin(own)}", where="temperature_K",
                    remedy="give the temperature of the run, or leave it out",
                )  # fmt: skip
        wanted = (None, *(self.temperatures_K if temperature_K is None else (temperature_K,)))
        return _checked(
            [run for run in self.runs if run.temperature_K in wanted],
            [run for run in self.left_out if run.temperature_K in wanted],
        )


def open_given(
    trajectories: Trajectories,
    *,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    unwrapped: bool = False,
    cell: Sequence[float] | None = None,
) -> Given:
    """Open everything that was given; run directories become their finished runs, without their equilibration.

    A file of a run directory is one of its runs: it knows as much.

    Parameters
    ----------
    trajectories
        Large text files are read through the cache (`open_trajectory`).
    frame_interval_fs, type_map
        For files that do not say, as `read_trajectory` takes them.
    skip_ps
        Time left out at the start of each, after the equilibration where that is known.
    unwrapped
        Whether positions of files are unwrapped though they do not say so.
    cell
        Of files without one, as `read_trajectory` takes it.

    Raises
    ------
    InputError
        For nothing given, a file that is no trajectory, or a directory that holds no finished run of `conduct`.
    """
    several = [trajectories] if isinstance(trajectories, Trajectory | str | Path) else list(trajectories)
    if not several:
        raise SettingsError("none given", where="trajectories", remedy="give at least one")
    runs: list[GivenRun] = []
    left_out: list[LeftOut] = []
    for given in several:
        for found in _opened(given, frame_interval_fs, type_map, cell):
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                trajectory = found.trajectory.after(skip_ps) if skip_ps else found.trajectory
                n_frames = trajectory.n_frames
                grades = None if found.grades is None else found.grades[-n_frames:]
                thermo = {name: values[-n_frames:] for name, values in found.thermo.items()}
                if unwrapped:
                    trajectory = replace(trajectory, is_unwrapped=True)
                runs.append(replace(found, trajectory=trajectory, grades=grades, thermo=thermo))
    return _checked(runs, left_out)


def known_grades(columns: Mapping[str, np.ndarray], n_frames: int) -> np.ndarray | None:
    """The extrapolation grades of the last `n_frames` frames, of a run's thermodynamic columns; None where a frame
    has none."""
    grades = columns.get("extrapolation_grade", np.empty(0))[-n_frames:]
    return grades if len(grades) == n_frames and np.isfinite(grades).all() else None


def _checked(runs: Sequence[GivenRun], left_out: Sequence[LeftOut]) -> Given:
    if not runs:
        told = [f"{run.name}: {run.reason}" for run in left_out[:_MOST_NAMED]]
        told += [f"and {len(left_out) - _MOST_NAMED} more"] if len(left_out) > _MOST_NAMED else []
        raise RunDirectoryError(
            f"no finished run ({'; '.join(told)})", where=left_out[0].given_as,
            remedy="let conduct finish, or `convert` a run to analyse what there is of it",
        )  # fmt: skip
    return Given(runs=tuple(runs), left_out=tuple(left_out))


def _opened(
    given: Trajectory | str | Path,
    frame_interval_fs: float | None,
    type_map: Mapping[int, str] | None,
    cell: Sequence[float] | None,
) -> Iterator[GivenRun | LeftOut]:
    if isinstance(given, Trajectory):
        yield GivenRun(trajectory=given, given_as=given.source)
        return
    path, name = Path(given).resolve(), str(given)
    if (path / INPUTS).is_file():
        yield from _of_directory(path, name, frame_interval_fs)
    elif (unit := path.parent.parent / "units" / path.stem).is_dir() and _dynamics_of(unit) is not None:
        inputs = read_inputs(path.parent.parent) if (path.parent.parent / INPUTS).is_file() else {}
        yield _of_unit(unit, name, inputs, frame_interval_fs)
    else:
        opened = open_trajectory(given, frame_interval_fs=frame_interval_fs, type_map=type_map, cell=cell)
        yield GivenRun(trajectory=opened, given_as=name)


def _of_directory(directory: Path, name: str, frame_interval_fs: float | None) -> Iterator[GivenRun | LeftOut]:
    inputs = read_inputs(directory)
    if inputs.get("command") != "conduct":
        raise RunDirectoryError(
            f"is a run directory of {inputs.get('command')}", where=name,
            remedy="give one of conduct, or trajectory files",
        )  # fmt: skip
    units = [unit.parent for unit in sorted((directory / "units").glob("*/unit.json"))]
    if not units:
        raise RunDirectoryError("holds no run yet", where=name, remedy="let conduct finish first")
    smaller = tuple(f"{size}_" for size in (inputs.get("sizes") or [])[:-1])
    found = [_of_unit(unit, name, inputs, frame_interval_fs) for unit in units if not unit.name.startswith(smaller)]
    yield from sorted(found, key=lambda run: run.temperature_K or 0.0)


def _of_unit(
    folder: Path, given_as: str, inputs: Mapping[str, Any], frame_interval_fs: float | None
) -> GivenRun | LeftOut:
    unit = Unit.of_folder(folder)
    directory, contents = unit.run_directory, unit.contents
    if trouble := md_damage(unit):
        raise RunDirectoryError(trouble, where=given_as, remedy=_REMEDY)
    dynamics, name = MDSettings(**contents["md"]), f"{directory.name}/{unit.name}"
    result = unit.result()
    if result is None or result.get("status") == "broken":
        reason = "it is not finished" if result is None else f"it broke: {result.get('reason')}"
        return LeftOut(name=name, given_as=given_as, temperature_K=dynamics.temperature_K, reason=reason)
    trajectory = open_trajectory(store_path(unit), frame_interval_fs=frame_interval_fs)
    production = trajectory.after(dynamics.production_start_frame * dynamics.frame_interval_fs / 1000)
    columns = read_thermo(store_path(unit))
    grades = None
    if result.get("extrapolation") is not None:
        grades = known_grades(columns, production.n_frames)
    return GivenRun(
        trajectory=production,
        given_as=given_as,
        temperature_K=dynamics.temperature_K,
        specie=contents.get("mobile"),
        charge_e=inputs.get("charge_e"),
        note=_note(name, result.get("extrapolation"), dynamics, hot=has_hot_cell(unit, result)),
        extrapolation=result.get("extrapolation"),
        grades=grades,
        thermo={name: values[-production.n_frames :] for name, values in columns.items()},
        inputs=inputs,
        ran_K=ran_at_K(store_path(unit), dynamics),
    )


def _note(name: str, extrapolation: Mapping[str, Any] | None, dynamics: MDSettings, *, hot: bool) -> str | None:
    notes = [f"it was run by {HOT_CELL}"] if hot else []
    if dynamics.ensemble == "langevin" and dynamics.friction_per_ps > TRANSPORT_FRICTION_PER_PS:
        notes.append(
            f"a friction of {dynamics.friction_per_ps:g}/ps (Langevin) slows every ion: its diffusivity is several "
            "times too low, run nvt for one"
        )
    share = share_over([extrapolation]) if extrapolation else 0.0
    if share > TOLERATED_SHARE:
        notes.append(f"the potential extrapolates in {100 * share:.2g} % of the steps: it was not trained for them")
    return f"{name}: {'; '.join(notes)}" if notes else None


def _dynamics_of(unit: Path) -> Mapping[str, Any] | None:
    """The settings of a unit's dynamics; None where it is no unit, or one of other work."""
    return Unit.of_folder(unit).contents.get("md") if (unit / "unit.json").is_file() else None


def _kelvin(temperatures_K: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(temperatures_K)) + " K"
