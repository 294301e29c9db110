"""How many labels a teacher can afford: its own runs and the frames of each round, by what one evaluation costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import RunDirectoryError, SettingsError
from paddlewheel.foreign import read_json
from paddlewheel.studies.simulation.cost import Cost

if TYPE_CHECKING:
    from paddlewheel.studies.distil.explore import Start
    from paddlewheel.studies.distil.settings import DistilOptions
    from paddlewheel.study.run import Run

MOVED_SHARE = 0.25
"""Frames of which an atom is moved, for each that a run passed through."""
_RUNS, _SHARE_OF_RUNS, _SHORTEST_PS = 3, 0.3, 0.05
"""Runs of the teacher of each structure; what they may take of its time; the shortest of them."""
_FEWEST_FRAMES, _FEWEST_OF_STRUCTURE = 10, 4
_FILE = "plan.json"


@dataclass(frozen=True)
class TeacherWork:
    """Evaluations of the teacher, and the core-hours that they take."""

    n_steps: int
    n_labels: int
    core_hours: float


def teacher_work(starts: Sequence[Start], settings: DistilOptions, *, evaluation_s_per_atom: float) -> TeacherWork:
    """What the teacher does if every round is needed."""
    n_atoms = sum(len(start.atoms) for start in starts)
    n_steps = round(_RUNS * 1000 * settings.seed_ps / MDSettings.timestep_fs)  # of each structure
    n_labels = (settings.rounds + 1) * _of_structure(settings.frames_per_round, starts) * (1 + MOVED_SHARE)
    seconds = (n_steps + n_labels) * n_atoms * evaluation_s_per_atom
    return TeacherWork(n_steps * len(starts), round(n_labels * len(starts)), seconds / 3600)


def _of_structure(frames_per_round: int, starts: Sequence[Start]) -> float:
    return max(_FEWEST_OF_STRUCTURE, frames_per_round / len(starts))


def within_hours(starts: Sequence[Start], settings: DistilOptions, *, evaluation_s_per_atom: float) -> DistilOptions:
    """The settings with as long runs of the teacher and as many frames a round as `teacher_hours` allow, at most those
    that were asked for.

    Raises
    ------
    SettingsError
        If the fewest that a student can be made of take longer.
    """
    if settings.teacher_hours is None:
        return settings
    seconds = 3600 * settings.teacher_hours / (sum(len(start.atoms) for start in starts) * evaluation_s_per_atom)
    for_runs = _SHARE_OF_RUNS * seconds * MDSettings.timestep_fs / 1000 / _RUNS
    seed_ps = min(settings.seed_ps, max(_SHORTEST_PS, round(for_runs, 2)))
    left = seconds - _RUNS * 1000 * seed_ps / MDSettings.timestep_fs
    frames = int(left * len(starts) / (settings.rounds + 1) / (1 + MOVED_SHARE))
    fewest = max(_FEWEST_FRAMES, _FEWEST_OF_STRUCTURE * len(starts))
    if frames < fewest:
        least = settings.model_copy(update={"seed_ps": _SHORTEST_PS, "frames_per_round": fewest})
        needed = teacher_work(starts, least, evaluation_s_per_atom=evaluation_s_per_atom).core_hours
        raise SettingsError(
            f"{settings.teacher_hours:g} h are too few: {fewest} frames a round and runs of {_SHORTEST_PS} ps take "
            f"the teacher {needed:.2g} h", where="teacher_hours", remedy="give more, or fewer rounds or structures",
        )  # fmt: skip
    return settings.model_copy(update={"seed_ps": seed_ps, "frames_per_round": min(frames, settings.frames_per_round)})


def planned(starts: Sequence[Start], teacher: dict, settings: DistilOptions, run: Run) -> DistilOptions:
    """`within_hours`, measured once: a run that was killed goes on with the numbers that it began with."""
    if settings.teacher_hours is None:
        return settings
    if not run.has(_FILE):
        second = Cost(teacher).evaluation_s([start.atoms for start in starts])
        chosen = within_hours(starts, settings, evaluation_s_per_atom=second)
        plan = {"seed_ps": chosen.seed_ps, "frames_per_round": chosen.frames_per_round}
        run.text(_FILE, json.dumps(plan | {"evaluation_s_per_atom": second}, indent=1) + "\n")
        run.keep_made(_FILE)
    plan = read_json(run.folder / _FILE, RunDirectoryError, remedy="use another --out")
    return settings.model_copy(update={name: plan[name] for name in ("seed_ps", "frames_per_round")})
