"""`active`: which ions move, how many over any window and threshold, and where they start."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.records import (
    Measured,
    write_atomically,
    write_record,
)
from paddlewheel.studies.active.record import (
    ActiveCurveRow,
    ActiveIon,
    ActivePoint,
    ActiveRecord,
)
from paddlewheel.studies.active.starts import (
    Starts,
    start_groups,
    starts_of,
)
from paddlewheel.studies.motion.choices import (
    choose_ion,
)
from paddlewheel.studies.motion.runs import (
    MotionRuns,
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.study.citations import analysis_citations
from paddlewheel.trajectories import displacements
from paddlewheel.transport import (
    DEFAULT_THRESHOLD_A2,
    PAPER_WINDOW_PS,
    ActiveFraction,
    active_fraction,
    active_fraction_curve,
)

_WINDOW_SHARES = (0.1, 0.2, 0.5, 1.0)
_THRESHOLDS_A2 = (1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 21.0, 28.0, 36.0, 50.0, 70.0, 100.0, 150.0, 200.0)


def active_ions(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    windows_ps: Sequence[float] | None = None,
    thresholds_A2: Sequence[float] | None = None,
    window_ps: float | None = None,
    threshold_A2: float = DEFAULT_THRESHOLD_A2,
    drift: str = "framework",
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> ActiveRecord:
    """Active ions: the fraction over windows and thresholds, which ions they are, and where they start.

    An ion is active whose MSD over the window, averaged over all time origins, is at least the threshold. The paper
    (Oh et al., doi 10.1016/j.joule.2025.102130) counts with 21 A^2 over 1 ns, which is one point of the curve.

    Parameters
    ----------
    trajectories
        One or several runs of the same material at the same temperature (replicas).
    specie
        Mobile ion; asked for where the chemistry leaves doubt.
    temperature_K
        For the record.
    windows_ps
        Windows of the curve; by default a tenth, a fifth, a half and the whole of the shortest run, and the paper's
        where the runs are that long.
    thresholds_A2
        Thresholds of the curve; by default from 1 to 200 A^2. `threshold_A2` is always among them.
    window_ps, threshold_A2
        The point whose ions are listed: by default the paper's, over the whole run where that is shorter.
    drift
        Which drift is removed: ``framework`` (all other atoms, mass-weighted), ``all`` or ``none``.
    frame_interval_fs, type_map, skip_ps
        As in `analyze`.
    out
        Run directory for the record, `ions.csv`, `curve.csv` and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie, a window longer than the runs, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import active_ions
    >>> record = active_ions("T=600K_r0.zarr", specie="Na", temperature_K=600)  # doctest: +SKIP
    >>> record.counted.fraction  # doctest: +SKIP
    """
    if drift not in ("framework", "all", "none"):
        raise SettingsError(f"'{drift}'", where="drift", remedy="use framework, all or none")
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = _choose_ion(runs, specie)
    paths = [displacements(run, specie=ion, drift=drift) for run in runs.runs]  # type: ignore[arg-type]
    positions = [one.positions_A for one in paths]
    interval_fs = runs.frame_interval_fs
    run_ps = (min(len(one) for one in positions) - 1) * interval_fs / 1000
    if run_ps <= 0:
        raise TrajectoryError("one frame: no ion moves in it", where=runs.runs[0].source, remedy="give more frames")
    chosen_ps = window_ps if window_ps is not None else min(PAPER_WINDOW_PS, run_ps)
    windows = _windows(windows_ps, chosen_ps, run_ps, interval_ps=interval_fs / 1000)
    thresholds = sorted({*(thresholds_A2 or _THRESHOLDS_A2), threshold_A2})
    counted = active_fraction(positions, frame_interval_fs=interval_fs, window_ps=chosen_ps, threshold_A2=threshold_A2)
    curve = active_fraction_curve(
        positions, frame_interval_fs=interval_fs, windows_ps=windows, thresholds_A2=thresholds
    )
    starts = starts_of(runs.runs, mobile=ion)
    settings: dict[str, Any] = {
        "command": "active", "specie": ion, "temperature_K": temperature_K, "windows_ps": list(windows),
        "thresholds_A2": thresholds, "window_ps": chosen_ps, "threshold_A2": threshold_A2, "drift": drift,
        "skip_ps": skip_ps,
    }  # fmt: skip
    inputs = runs.inputs()
    settings["trajectories"] = [one.model_dump() for one in inputs]
    record = ActiveRecord(
        **runs.common_fields(settings, inputs),
        specie=ion,
        temperature_K=temperature_K,
        paper=_paper_point(positions, interval_fs, run_ps),
        counted=_point(counted),
        curves=[
            ActiveCurveRow(
                window_ps=float(window),
                thresholds_A2=[float(value) for value in curve.thresholds_A2],
                fraction=[Measured(value=f, std=s) for f, s in zip(fractions.tolist(), stds.tolist(), strict=True)],
            )
            for window, fractions, stds in zip(curve.windows_ps, curve.fractions, curve.stds, strict=True)
        ],
        starts=start_groups(starts, counted),
        coordination_cutoffs_A=starts.cutoffs_A,
        ions=_ions(starts, counted),
        anion_centres=starts.anion_centres,
        files={"ions": "ions.csv", "curve": "curve.csv"} if out is not None else {},
        warnings=_warnings(counted, run_ps, len(positions)),
        citations=analysis_citations(),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            write_atomically(directory / "ions.csv", _ion_table(record))
            write_atomically(directory / "curve.csv", _curve_table(record))
            write_record(record, directory / "result.json")
    return record


def _choose_ion(runs: MotionRuns, specie: str | None) -> str:
    symbols = sorted(set(runs.runs[0].symbols))
    if specie is not None and specie not in symbols:
        raise TrajectoryError(f"no '{specie}' in it (there are {', '.join(symbols)})", where=runs.runs[0].source,
                              remedy="name one of them with --specie")  # fmt: skip
    return choose_ion(runs.cell, specie=specie, charge=1.0)[0]  # the charge plays no part here


def _windows(windows_ps: Sequence[float] | None, chosen_ps: float, run_ps: float, *, interval_ps: float) -> list[float]:
    """The windows of the curve, ascending; of those that round to the same number of frames one."""
    wanted = list(windows_ps) if windows_ps is not None else [share * run_ps for share in _WINDOW_SHARES]
    if windows_ps is None and run_ps >= PAPER_WINDOW_PS:
        wanted.append(PAPER_WINDOW_PS)
    return [value for _, value in sorted({round(value / interval_ps): value for value in [*wanted, chosen_ps]}.items())]


def _paper_point(positions: Sequence[np.ndarray], interval_fs: float, run_ps: float) -> ActivePoint:
    if run_ps < PAPER_WINDOW_PS:
        return ActivePoint(
            window_ps=PAPER_WINDOW_PS, threshold_A2=DEFAULT_THRESHOLD_A2, fraction=None,
            reason=f"the runs last {run_ps:g} ps, the paper's window is {PAPER_WINDOW_PS:g} ps",
        )  # fmt: skip
    return _point(active_fraction(positions, frame_interval_fs=interval_fs, window_ps=PAPER_WINDOW_PS))


def _point(found: ActiveFraction) -> ActivePoint:
    return ActivePoint(
        window_ps=found.window_ps, threshold_A2=found.threshold_A2,
        fraction=Measured(value=found.fraction, std=found.std), n_active=found.n_active, n_ions=found.n_ions,
    )  # fmt: skip


def _ions(starts: Starts, counted: ActiveFraction) -> list[ActiveIon]:
    ions = []
    for run, msd_A2 in enumerate(counted.per_ion_A2):
        for place, one in enumerate(starts.ions[run]):
            value = float(msd_A2[place])
            ions.append(
                ActiveIon(
                    run=run, index=one.index, msd_A2=value, active=value >= counted.threshold_A2,
                    start_fractional=one.fractional, nearest_anion=one.nearest_anion,
                    nearest_distance_A=one.nearest_distance_A, coordination=one.coordination,
                )
            )  # fmt: skip
    return ions


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


def _ion_table(record: ActiveRecord) -> str:
    anions = list(record.coordination_cutoffs_A)
    header = [
        "run",
        "index",
        "msd_A2",
        "active",
        "start_a",
        "start_b",
        "start_c",
        "nearest_anion",
        "nearest_distance_A",
    ]
    rows = [
        [ion.run, ion.index, f"{ion.msd_A2:.6g}", int(ion.active), *(f"{x:.6f}" for x in ion.start_fractional),
         ion.nearest_anion or "", "" if ion.nearest_distance_A is None else f"{ion.nearest_distance_A:.4f}",
         *(ion.coordination.get(name, 0) for name in anions)]
        for ion in record.ions
    ]  # fmt: skip
    return _csv([[*header, *(f"coordination_{name}" for name in anions)], *rows])


def _curve_table(record: ActiveRecord) -> str:
    rows = [
        [f"{row.window_ps:g}", f"{threshold:g}", f"{one.value:.6g}", f"{one.std:.6g}"]
        for row in record.curves
        for threshold, one in zip(row.thresholds_A2, row.fraction, strict=True)
    ]
    return _csv([["window_ps", "threshold_A2", "fraction", "std"], *rows])


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
