"""`van-hove`: how far the mobile ions have gone after each time, and where the others are then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.motion.choices import choose_specie, default_range_A
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, DriftSettings
from paddlewheel.studies.van_hove.record import ALPHA_2, DISTINCT, SELF, VacatedSite, VanHoveLag, VanHoveRecord
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Numbers, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import displacements
from paddlewheel.transport import VanHoveDistinct, VanHoveSelf, log_spaced_lags, van_hove_distinct, van_hove_self

WITHIN_A = 1.0
"""How near to where an ion was another one has taken its place: about the width of a site."""
DISTINCT_BIN_A = 0.1
_DISTINCT_LAGS = 13
_CITATIONS = (
    Citation(what="van Hove functions", reference="van Hove, Phys. Rev. 95, 249 (1954)", doi="10.1103/PhysRev.95.249"),
    Citation(
        what="non-Gaussian parameter", reference="Rahman, Phys. Rev. 136, A405 (1964)", doi="10.1103/PhysRev.136.A405"
    ),
)


class VanHoveSettings(DriftSettings):
    """Settings of `van-hove`."""

    lags_ps: Numbers | None = setting(None, "Times to look at, ps; by default evenly in the logarithm")
    n_lags: int = setting(55, "Number of times, up to half of the run", ge=1, le=10_000, only_with={"lags_ps": False})
    bin_A: float = setting(0.05, "Width of the bins of the self part, A", gt=0)
    distinct_range_A: float | None = setting(
        None, "End of the distinct part, A; by default what the cell allows, 12 A at most", gt=0
    )
    origin_stride: int = setting(1, "Every how many frames an origin of the self part", ge=1, le=1_000_000)


@dataclass(frozen=True, kw_only=True)
class VanHoveInputs:
    """The runs, and what was resolved from them."""

    runs: MotionRuns
    specie: str
    range_A: float

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {
            "specie": self.specie,
            "distinct_range_A": self.range_A,
            **self.runs.document("name", "n_frames", "frame_interval_fs", "sha256"),
        }


def _opens(trajectories: Trajectories, settings: VanHoveSettings) -> VanHoveInputs:
    runs = open_runs(trajectories, settings)
    specie = choose_specie(runs.cell, runs.specie)
    range_A = settings.distinct_range_A or default_range_A(runs.mean_cells_A)
    return VanHoveInputs(runs=runs, specie=specie, range_A=range_A)


def _measures(inputs: VanHoveInputs, settings: VanHoveSettings, run: Run) -> VanHoveRecord:
    interval_fs = inputs.runs.frame_interval_fs
    shortest = min(trajectory.n_frames for trajectory in inputs.runs.runs)
    lags = (
        log_spaced_lags(shortest, settings.n_lags) if settings.lags_ps is None else _lags(settings.lags_ps, interval_fs)
    )
    paths = [displacements(trajectory, specie=inputs.specie, drift=settings.drift) for trajectory in inputs.runs.runs]
    positions, cells = [path.positions_A for path in paths], [path.mean_cell_A for path in paths]
    own = van_hove_self(
        positions, frame_interval_fs=interval_fs, lags=lags, bin_A=settings.bin_A,
        origin_stride=settings.origin_stride,
    )  # fmt: skip
    few = np.unique(np.concatenate([[0], lags[np.linspace(0, lags.size - 1, _DISTINCT_LAGS).astype(int)]]))
    others = van_hove_distinct(
        positions, cells, frame_interval_fs=interval_fs, lags=few, range_A=inputs.range_A, bin_A=DISTINCT_BIN_A
    )
    _keep_tables(own, others, run)
    return _record(own, others, inputs, settings, run)


def _lags(lags_ps: Sequence[float], frame_interval_fs: float) -> np.ndarray:
    frames = np.round(np.asarray(lags_ps, dtype=np.float64) * 1000 / frame_interval_fs)
    if frames.size == 0 or not np.isfinite(frames).all() or frames.min() < 1:
        raise SettingsError(
            f"a lag under a frame ({frame_interval_fs:g} fs)", where="lags_ps", remedy="give longer times"
        )
    return np.unique(frames.astype(np.int64))


def _record(
    own: VanHoveSelf, others: VanHoveDistinct, inputs: VanHoveInputs, settings: VanHoveSettings, run: Run
) -> VanHoveRecord:
    rows = [
        VanHoveLag(
            lag_ps=float(lag),
            msd_A2=float(own.msd_A2[k]),
            alpha_2=Measured.or_none(own.alpha_2[k], own.alpha_2_std[k]),
            most_probable_A=float(own.r_A[np.argmax(own.density_per_A[k])]),
            beyond=float(own.beyond[k]),
        )
        for k, lag in enumerate(own.lag_ps)
    ]
    known = [row for row in rows if row.alpha_2 is not None]
    top = max(known, key=lambda row: row.alpha_2.value if row.alpha_2 else 0.0, default=None)
    inside = others.edges_A[1:] <= WITHIN_A + 1e-9
    volumes = np.diff(others.edges_A[: inside.sum() + 1] ** 3)
    share = volumes / volumes.sum()
    vacated = [
        VacatedSite(
            lag_ps=float(lag),
            # the bins' errors are of the same stretches: an upper estimate adds them as they are
            relative_density=Measured.or_none(others.g[k, inside] @ share, others.std[k, inside] @ share)
            if others.g[k, inside].any()
            else None,
        )
        for k, lag in enumerate(others.lag_ps)
        if np.isfinite(others.std[k]).all()
    ]
    return VanHoveRecord(
        **inputs.runs.common_fields(run),
        specie=inputs.specie,
        files={"self part": SELF, "distinct part": DISTINCT, "non-Gaussian parameter": ALPHA_2},
        citations=list(_CITATIONS),
        n_ions=own.n_ions,
        origin_stride=settings.origin_stride,
        self_bin_A=settings.bin_A,
        distinct_bin_A=DISTINCT_BIN_A,
        distinct_range_A=float(others.edges_A[-1]),
        lags=rows,
        alpha_2_peak=top.alpha_2 if top else None,
        alpha_2_peak_lag_ps=top.lag_ps if top else None,
        within_A=WITHIN_A,
        vacated_site=vacated,
        warnings=[
            *inputs.runs.warnings,
            *([] if own.n_ions > 1 else ["one ion: there is no error of the self part"]),
        ],
    )


def _keep_tables(own: VanHoveSelf, others: VanHoveDistinct, run: Run) -> None:
    for name, edges, lag_ps, table, std, unit in (
        (SELF, own.edges_A, own.lag_ps, own.density_per_A, own.std_per_A, "per_A"),
        (DISTINCT, others.edges_A, others.lag_ps, others.g, others.std, "relative"),
    ):
        r = 0.5 * (edges[1:] + edges[:-1])
        columns = {
            "lag_ps": np.repeat(lag_ps, r.size),
            "r_A": np.tile(r, lag_ps.size),
            unit: table.ravel(),
            f"std_{unit}": std.ravel(),
        }
        run.table(name, columns)
    columns = {"lag_ps": own.lag_ps, "msd_A2": own.msd_A2, "alpha_2": own.alpha_2, "std": own.alpha_2_std}
    run.table(ALPHA_2, columns)


def _says(record: VanHoveRecord) -> list[str]:
    last = record.lags[-1]
    lines = [f"{record.n_ions} {record.specie}: after {last.lag_ps:g} ps {last.most_probable_A:.3g} A most probably"]
    if record.alpha_2_peak is not None and record.alpha_2_peak_lag_ps is not None:
        peak = record.alpha_2_peak
        lines.append(
            f"non-Gaussian parameter: largest {peak.value:.3g} +- {peak.std:.2g} at {record.alpha_2_peak_lag_ps:g} ps"
        )
    return lines


STUDY = Study(
    command="van-hove",
    arguments=(TRAJECTORIES,),
    settings=VanHoveSettings,
    record=VanHoveRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel van-hove oNBH_800K.npz --frame-interval-fs 10",
)
