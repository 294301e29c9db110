"""`active`: which ions move, how many over any window and threshold, and where they start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.records import Measured
from paddlewheel.studies.active.record import CURVE, IONS, ActiveCurveRow, ActiveIon, ActivePoint, ActiveRecord
from paddlewheel.studies.active.starts import Starts, start_groups, starts_of
from paddlewheel.studies.motion.choices import mobile_ion
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, DriftSettings
from paddlewheel.study.citations import analysis_citations
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import displacements
from paddlewheel.transport import (
    DEFAULT_THRESHOLD_A2,
    PAPER_WINDOW_PS,
    ActiveCurve,
    ActiveFraction,
    active_fraction,
    active_fraction_curve,
)

_WINDOW_SHARES = (0.1, 0.2, 0.5, 1.0)
_THRESHOLDS_A2 = (1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 21.0, 28.0, 36.0, 50.0, 70.0, 100.0, 150.0, 200.0)


class ActiveSettings(DriftSettings):
    """Settings of `active`."""

    windows_ps: Numbers | None = setting(
        None,
        "Windows of the curve, ps; by default a tenth, a fifth, a half and the whole of the shortest run, and 1000 in "
        "runs of that length",
    )
    thresholds_A2: Numbers | None = setting(
        None, "Thresholds of the curve, A^2; by default 1 to 200, and always the one of the listed ions"
    )
    window_ps: float | None = setting(
        None, "Window of the ions that are listed, ps; by default 1000, or the run if that is shorter", gt=0
    )
    threshold_A2: float = setting(DEFAULT_THRESHOLD_A2, "Their least MSD over that window, A^2", ge=0)


@dataclass(frozen=True, kw_only=True)
class ActiveInputs:
    """The runs, and the windows and thresholds to count with."""

    runs: MotionRuns
    specie: str
    windows_ps: list[float]
    thresholds_A2: list[float]
    window_ps: float
    run_ps: float

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {
            "specie": self.specie,
            "windows_ps": self.windows_ps,
            "thresholds_A2": self.thresholds_A2,
            "window_ps": self.window_ps,
            **self.runs.document(),
        }


def _opens(trajectories: Trajectories, settings: ActiveSettings) -> ActiveInputs:
    runs = open_runs(trajectories, settings)
    specie = mobile_ion(runs)
    run_ps = (min(run.n_frames for run in runs.runs) - 1) * runs.frame_interval_fs / 1000
    if run_ps <= 0:
        raise TrajectoryError("one frame: no ion moves in it", where=runs.runs[0].source, remedy="give more frames")
    window_ps = settings.window_ps if settings.window_ps is not None else min(PAPER_WINDOW_PS, run_ps)
    return ActiveInputs(
        runs=runs,
        specie=specie,
        windows_ps=_windows(settings.windows_ps, window_ps, run_ps, interval_ps=runs.frame_interval_fs / 1000),
        thresholds_A2=sorted({*(settings.thresholds_A2 or _THRESHOLDS_A2), settings.threshold_A2}),
        window_ps=window_ps,
        run_ps=run_ps,
    )


def _windows(windows_ps: Sequence[float] | None, chosen_ps: float, run_ps: float, *, interval_ps: float) -> list[float]:
    """The windows of the curve, ascending; of those that round to the same number of frames one."""
    wanted = list(windows_ps) if windows_ps is not None else [share * run_ps for share in _WINDOW_SHARES]
    if windows_ps is None and run_ps >= PAPER_WINDOW_PS:
        wanted.append(PAPER_WINDOW_PS)
    return [value for _, value in sorted({round(value / interval_ps): value for value in [*wanted, chosen_ps]}.items())]


def _measures(inputs: ActiveInputs, settings: ActiveSettings, run: Run) -> ActiveRecord:
    runs, interval_fs = inputs.runs, inputs.runs.frame_interval_fs
    positions = [
        displacements(trajectory, specie=inputs.specie, drift=settings.drift).positions_A for trajectory in runs.runs
    ]
    counted = active_fraction(
        positions, frame_interval_fs=interval_fs, window_ps=inputs.window_ps, threshold_A2=settings.threshold_A2
    )
    curve = active_fraction_curve(
        positions, frame_interval_fs=interval_fs, windows_ps=inputs.windows_ps, thresholds_A2=inputs.thresholds_A2
    )
    starts = starts_of(runs.runs, mobile=inputs.specie)
    curves, ions = _curves(curve), _ions(starts, counted)
    return ActiveRecord(
        **runs.common_fields(run),
        specie=inputs.specie,
        paper=_paper_point(positions, interval_fs, inputs.run_ps),
        counted=_point(counted),
        curves=curves,
        starts=start_groups(starts, counted),
        coordination_cutoffs_A=starts.cutoffs_A,
        ions=ions,
        anion_centres=starts.anion_centres,
        files={"ions": _keep_ions(ions, list(starts.cutoffs_A), run), "curve": _keep_curve(curves, run)},
        warnings=[*runs.warnings, *_warnings(counted, inputs.run_ps, len(positions))],
        citations=analysis_citations(),
    )


def _curves(curve: ActiveCurve) -> list[ActiveCurveRow]:
    return [
        ActiveCurveRow(
            window_ps=float(window),
            thresholds_A2=[float(value) for value in curve.thresholds_A2],
            fraction=[
                Measured(value=fraction, std=std)
                for fraction, std in zip(fractions.tolist(), stds.tolist(), strict=True)
            ],
        )
        for window, fractions, stds in zip(curve.windows_ps, curve.fractions, curve.stds, strict=True)
    ]


def _paper_point(positions: Sequence[np.ndarray], interval_fs: float, run_ps: float) -> ActivePoint:
    if run_ps < PAPER_WINDOW_PS:
        return ActivePoint(
            window_ps=PAPER_WINDOW_PS,
            threshold_A2=DEFAULT_THRESHOLD_A2,
            fraction=None,
            reason=f"the runs last {run_ps:g} ps, the paper's window is {PAPER_WINDOW_PS:g} ps",
        )
    return _point(active_fraction(positions, frame_interval_fs=interval_fs, window_ps=PAPER_WINDOW_PS))


def _point(found: ActiveFraction) -> ActivePoint:
    return ActivePoint(
        window_ps=found.window_ps,
        threshold_A2=found.threshold_A2,
        fraction=Measured(value=found.fraction, std=found.std),
        n_active=found.n_active,
        n_ions=found.n_ions,
    )


def _ions(starts: Starts, counted: ActiveFraction) -> list[ActiveIon]:
    return [
        ActiveIon(
            run=run,
            index=ion.index,
            msd_A2=value,
            active=value >= counted.threshold_A2,
            start_fractional=ion.fractional,
            nearest_anion=ion.nearest_anion,
            nearest_distance_A=ion.nearest_distance_A,
            coordination=ion.coordination,
        )
        for run, (started, msd_A2) in enumerate(zip(starts.ions, counted.per_ion_A2, strict=True))
        for ion, value in zip(started, msd_A2.tolist(), strict=True)
    ]


def _warnings(counted: ActiveFraction, run_ps: float, n_runs: int) -> list[str]:
    notes = []
    if counted.window_ps != PAPER_WINDOW_PS or counted.threshold_A2 != DEFAULT_THRESHOLD_A2:
        notes.append(
            f"counted with {counted.threshold_A2:g} A^2 over {counted.window_ps:g} ps, not with the paper's "
            f"{DEFAULT_THRESHOLD_A2:g} A^2 over {PAPER_WINDOW_PS:g} ps: the two numbers cannot be compared"
        )
    if counted.window_ps > 0.5 * run_ps:
        notes.append(
            f"a window of {counted.window_ps:g} ps in runs of {run_ps:g} ps averages over few time origins: the MSD of "
            "an ion is close to one squared displacement, and which ions count is partly chance"
        )
    if n_runs == 1:
        notes.append(
            "one run: the error takes the ions for independent and is too small where they move together; replicas "
            "would show it"
        )
    return notes


def _keep_ions(ions: Sequence[ActiveIon], anions: Sequence[str], run: Run) -> str:
    columns: dict[str, list[Any]] = {
        "run": [ion.run for ion in ions],
        "index": [ion.index for ion in ions],
        "msd_A2": [ion.msd_A2 for ion in ions],
        "active": [ion.active for ion in ions],
        **{f"start_{axis}": [ion.start_fractional[place] for ion in ions] for place, axis in enumerate("abc")},
        "nearest_anion": [ion.nearest_anion for ion in ions],
        "nearest_distance_A": [ion.nearest_distance_A for ion in ions],
        **{f"coordination_{name}": [ion.coordination.get(name, 0) for ion in ions] for name in anions},
    }
    return run.table(IONS, columns)


def _keep_curve(curves: Sequence[ActiveCurveRow], run: Run) -> str:
    points = [
        (row.window_ps, threshold, share.value, share.std)
        for row in curves
        for threshold, share in zip(row.thresholds_A2, row.fraction, strict=True)
    ]
    names = ("window_ps", "threshold_A2", "fraction", "std")
    return run.table(CURVE, dict(zip(names, np.array(points).T, strict=True)))


def _says(record: ActiveRecord) -> list[str]:
    counted = record.counted
    assert counted.fraction is not None
    return [
        f"{counted.n_active} of {counted.n_ions} {record.specie} active ({counted.fraction.value:.3g} +- "
        f"{counted.fraction.std:.2g}): MSD of {counted.threshold_A2:g} A^2 or more over {counted.window_ps:g} ps",
        *(f"  starting nearest to {row.nearest_anion}: {row.n_active} of {row.n_ions}" for row in record.starts),
    ]


STUDY = Study(
    command="active",
    arguments=(TRAJECTORIES,),
    settings=ActiveSettings,
    record=ActiveRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel active runs/o-nbh --temperature 600 --out active",
    notes="""
    An ion is active whose MSD over the window, averaged over all time origins, is at least the threshold. The paper
    (Oh et al., doi 10.1016/j.joule.2025.102130) counts with 21 A^2 over 1 ns, which is one point of the curve.
    """,
)
