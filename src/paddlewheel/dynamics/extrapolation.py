"""Does the run leave the domain that its potential was trained in? A watch over the grade of every step.

The grade is that of the D-optimality criterion (Podryabinkin and Shapeev, doi 10.1016/j.commatsci.2017.08.031): over 1,
a local environment lies outside the active set of the training set. The two limits are those that MLIP works with
(Novikov et al., doi 10.1088/2632-2153/abc9fe; `select:threshold 2.1`, `select:threshold-break 10` in its input files):
up to 2.1 the extrapolation is harmless, beyond it a configuration is worth a label, beyond 10 the forces are not to be
trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.dynamics.settings import MDSettings
from paddlewheel.records import HealthCheck

MOST_KEPT = 200
"""Frames kept of one run: enough for a round of labels, and a run that only extrapolates fills no disk."""
KEPT_APART_FS = 10.0
"""Frames nearer than this (a stretch of B-H has a period of 14 fs) are the same configuration, hardly moved."""
GIVE_UP_FS = 100.0
"""A run whose grade stays over the break limit this long does not come back; a single collision does."""
TOLERATED_SHARE = 0.01
"""Steps of the production that may extrapolate: what one step in a hundred does wrong, a thermostat heals, and it stays
far under the statistical error of a diffusivity, unless these are the steps of the hops, which `conduct` looks at by
themselves."""

_COUNTS = ("n_steps", "n_over", "n_steps_production", "n_over_production", "n_kept", "last_kept_step", "n_on_end")


@dataclass(frozen=True)
class ExtrapolatingFrame:
    """A configuration worth a label: `positions_A` [n_atoms, 3], `cell_A` [3, 3]."""

    step: int
    grade: float
    temperature_K: float
    positions_A: np.ndarray
    cell_A: np.ndarray


class ExtrapolationWatch:
    """Counts the steps of one run past `settings.extrapolation_threshold` and says which frames to keep.

    Attributes
    ----------
    known
        Whether the potential gives a grade at all.
    max_grade
        The largest of all steps; nan before the first.
    hopeless
        Why the run should stop, once it should.
    """

    def __init__(self, settings: MDSettings) -> None:
        self._threshold, self._break = settings.extrapolation_threshold, settings.extrapolation_break
        self._production_start = settings.production_start_frame * settings.steps_per_frame
        self._apart = max(1, math.ceil(KEPT_APART_FS / settings.timestep_fs - 1e-9))
        self._patience = max(1, math.ceil(GIVE_UP_FS / settings.timestep_fs - 1e-9))
        self._timestep_fs = settings.timestep_fs
        self._counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self.max_grade = self._max_since_frame = math.nan
        self.hopeless: str | None = None

    @property
    def known(self) -> bool:
        """True once a step had a grade."""
        return self._counts["n_steps"] > 0

    @property
    def n_kept(self) -> int:
        """Frames asked for so far."""
        return self._counts["n_kept"]

    def look(self, step: int, grade: float) -> bool:
        """Take note of a step's grade (nan: none is given); True where its frame should be kept."""
        if math.isnan(grade):
            return False
        counts = self._counts
        in_production = step > self._production_start
        counts["n_steps"] += 1
        counts["n_steps_production"] += in_production
        self.max_grade = max(grade, self.max_grade) if self.max_grade == self.max_grade else grade
        latest = self._max_since_frame
        self._max_since_frame = max(grade, latest) if latest == latest else grade
        if grade <= self._threshold:
            counts["n_on_end"] = 0
            return False
        counts["n_over"] += 1
        counts["n_over_production"] += in_production
        counts["n_on_end"] = counts["n_on_end"] + 1 if grade > self._break else 0
        if counts["n_on_end"] >= self._patience:
            self.hopeless = (
                f"extrapolation grade over {self._break:g} for {self._patience * self._timestep_fs:g} fs on end at "
                f"step {step} ({grade:.3g}): the potential knows nothing of such configurations"
            )
        if counts["n_kept"] >= MOST_KEPT or (counts["n_kept"] and step - counts["last_kept_step"] < self._apart):
            return False
        counts["n_kept"] += 1
        counts["last_kept_step"] = step
        return True

    def take_max_since_frame(self) -> float:
        """The largest grade since this was last asked for; nan where none is given."""
        largest, self._max_since_frame = self._max_since_frame, math.nan
        return largest

    def summary(self) -> dict[str, Any]:
        """What the unit's result says: over the production where it has begun, else over all steps."""
        production = self._counts["n_steps_production"] > 0
        n_steps, n_over = (self._counts[f"{name}{'_production' * production}"] for name in ("n_steps", "n_over"))
        return {
            "threshold": self._threshold,
            "max_grade": min(self.max_grade, float(np.finfo(float).max)),
            "n_steps": n_steps,
            "n_steps_over": n_over,
            "n_steps_over_in_equilibration": self._counts["n_over"] - self._counts["n_over_production"],
            "n_kept_frames": self.n_kept,
        }

    def state(self) -> dict[str, np.ndarray]:
        """Everything, for a checkpoint."""
        grades = np.array([self.max_grade, self._max_since_frame])
        counts = np.array([self._counts[name] for name in _COUNTS], dtype=np.int64)
        return {"extrapolation_grades": grades, "extrapolation_counts": counts}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from `state()`."""
        self.max_grade, self._max_since_frame = state["extrapolation_grades"].tolist()
        self._counts = dict(zip(_COUNTS, state["extrapolation_counts"].tolist(), strict=True))


def share_over(summaries: Sequence[Mapping[str, Any]]) -> float:
    """Steps over the threshold as a share of all steps, over several runs' `ExtrapolationWatch.summary()`."""
    return sum(summary["n_steps_over"] for summary in summaries) / max(
        1, sum(summary["n_steps"] for summary in summaries)
    )


def check_extrapolation(summary: Mapping[str, Any]) -> HealthCheck:
    """A warning where any step of the run is over the threshold, with the share; ok else."""
    over, share = summary["n_steps_over"], share_over([summary])
    early = summary["n_steps_over_in_equilibration"]
    detail = f"largest grade {summary['max_grade']:.3g}"
    if over:
        detail += f"; {over} of {summary['n_steps']} steps ({100 * share:.2g} %) over {summary['threshold']:g}"
    if early and early != over:
        detail += f"; {early} steps over {summary['threshold']:g} in the equilibration"
    if summary["n_kept_frames"]:
        detail += f"; {summary['n_kept_frames']} frames kept"
    return HealthCheck(name="extrapolation", status="warning" if over else "ok", detail=detail)
