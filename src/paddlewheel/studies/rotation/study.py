"""`rotation`: how rigid polyanions turn, and whether they turn when ions hop nearby."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.studies.motion.choices import known_mobile_ion
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, MotionSettings
from paddlewheel.studies.rotation.follow import CITATIONS, follow_anions
from paddlewheel.studies.rotation.record import RotationRecord
from paddlewheel.studies.rotation.results import AnionResults, anion_record, keep_files, warnings_of
from paddlewheel.study.run import Run
from paddlewheel.study.settings import MOST_SEED, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import displacements
from paddlewheel.transport import rotation as physics


class RotationSettings(MotionSettings):
    """Settings of `rotation`."""

    jump_window_ps: float | None = setting(
        None, "ps over which orientations are averaged to find jumps; by default a radian's at thermal speed", gt=0
    )
    hop_length_A: float = setting(
        1.5, "Least distance between an ion's mean places before and after a hop, A", gt=0, aliases=("hop-length",)
    )
    hop_window_ps: float = setting(0.5, "ps before and after a hop over which the ion's place is averaged", gt=0)
    seed: int = setting(0, "Of the time shifts of the coupling's null", ge=0, le=MOST_SEED)


@dataclass(frozen=True, kw_only=True)
class RotationInputs:
    """The runs, and their mobile ion where it is known."""

    runs: MotionRuns
    specie: str | None

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {"specie": self.specie, **self.runs.document()}


def _opens(trajectories: Trajectories, settings: RotationSettings) -> RotationInputs:
    runs = open_runs(trajectories, settings)
    return RotationInputs(runs=runs, specie=known_mobile_ion(runs))


def _measures(inputs: RotationInputs, settings: RotationSettings, run: Run) -> RotationRecord:
    runs = inputs.runs
    followed = [follow_anions(trajectory, inputs.specie) for trajectory in runs.runs]
    motions = [motion for motion, _ in followed]
    hops = _hops(runs, inputs.specie, settings)
    formulas = sorted({cage.formula for motion in motions for cage in motion.cages})
    results = [_anion(motions, formula, hops, runs.temperature_K, settings) for formula in formulas]
    anions = [anion_record(found, hops_missing=hops.missing) for found in results]
    linear = sorted({name for _, names in followed for name in names})
    return RotationRecord(
        **runs.common_fields(run),
        specie=inputs.specie,
        frame_interval_fs=runs.frame_interval_fs,
        anions=anions,
        files=keep_files(results, run),
        warnings=[*runs.warnings, *warnings_of(anions, linear, hops.warning)],
        citations=list(CITATIONS),
    )


@dataclass(frozen=True)
class _Hops:
    """Hops and fractional paths of the ions of each run; none where `missing` (status and reason) says why."""

    hops: Sequence[physics.Hops]
    ions: Sequence[np.ndarray]
    window_ps: float
    missing: tuple[str, str] | None = None
    warning: str | None = None


def _hops(runs: MotionRuns, ion: str | None, settings: RotationSettings) -> _Hops:
    window_ps = settings.hop_window_ps
    if ion is None:
        return _Hops([], [], window_ps, ("no-specie", "which ion is mobile is not obvious; name it with --specie"))
    hops, ions = [], []
    for run in runs.runs:
        try:
            paths = displacements(run, specie=ion, drift="none")
        except TrajectoryError as error:  # the anions were followed all the same
            return _Hops([], [], window_ps, ("ions-not-followed", error.problem), f"no coupling: {error.problem}")
        hops.append(
            physics.find_hops(
                paths.positions_A, frame_interval_fs=runs.frame_interval_fs, window_ps=window_ps,
                hop_length_A=settings.hop_length_A,
            )
        )  # fmt: skip
        ions.append(paths.positions_A @ np.linalg.inv(paths.mean_cell_A))
    return _Hops(hops, ions, window_ps)


def _anion(
    motions: Sequence[physics.CageMotion],
    formula: str,
    hops: _Hops,
    temperature_K: float | None,
    settings: RotationSettings,
) -> AnionResults:
    members = [[g for g, cage in enumerate(motion.cages) if cage.formula == formula] for motion in motions]
    runs = [motion for motion, chosen in zip(motions, members, strict=True) if chosen]
    members = [chosen for chosen in members if chosen]
    jumps = physics.find_jumps(runs, members, window_ps=settings.jump_window_ps)
    coupling = None
    if hops.missing is None:
        # the time of a hop is known to about half of its window: no use in a finer one
        window = max(jumps.window_ps, 0.5 * hops.window_ps)
        coupling = physics.couple(runs, members, hops.hops, hops.ions, window_ps=window, seed=settings.seed)
    return AnionResults(
        formula=formula,
        runs=runs,
        members=members,
        paper=physics.paper_speed(runs, members),
        velocity=physics.angular_velocity(runs, members, temperature_K=temperature_K),
        memory=physics.orientational_memory(runs, members),
        jumps=jumps,
        directions=physics.direction_map(runs, members),
        coupling=coupling,
    )


def _says(record: RotationRecord) -> list[str]:
    lines = []
    for anion in record.anions:
        speed, memory = anion.rotation_rad_per_ps, anion.relaxation_of("C1 bonds")
        told = f"{speed.value:.3g} +- {speed.std:.2g} rad/ps" if speed else "speed not determined"
        forgets = f"{memory.time_ps.value:.3g} +- {memory.time_ps.std:.2g} ps" if memory.time_ps else memory.status
        lines.append(f"{anion.formula} ({anion.n_anions}): turns at {told}, relaxation time of C1 {forgets}")
    return lines


STUDY = Study(
    command="rotation",
    arguments=(TRAJECTORIES,),
    settings=RotationSettings,
    record=RotationRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel rotation runs/o-nbh --temperature 600 --out runs/rotation-600K",
    notes="""
    Each anion of each run counts as one independent unit; uncertainties come from their spread. The temperature is
    needed for the test of equipartition alone.
    """,
)
