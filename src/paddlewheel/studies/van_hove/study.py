"""`van-hove`: how far the mobile ions have gone after each time, and where the others are then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.records import (
    Citation,
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.motion.choices import (
    choose_specie,
)
from paddlewheel.studies.motion.correlation_settings import (
    default_range_A,
    document,
)
from paddlewheel.studies.motion.runs import (
    Trajectories,
    open_runs,
    run_directory,
)
from paddlewheel.studies.van_hove.record import (
    VacatedSite,
    VanHoveLag,
    VanHoveRecord,
)
from paddlewheel.trajectories import displacements
from paddlewheel.trajectories.unwrap import Drift
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


def van_hove(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    lags_ps: Sequence[float] | None = None,
    n_lags: int = 55,
    bin_A: float = 0.05,
    distinct_range_A: float | None = None,
    origin_stride: int = 1,
    drift: Drift = "framework",
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> VanHoveRecord:
    """Self and distinct part of the van Hove function of the mobile ions, and their non-Gaussian parameter.

    Parameters
    ----------
    trajectories
        One or several of the same material at the same temperature: their ions are pooled.
    specie
        Mobile ion; guessed where only one fits.
    temperature_K
        Noted in the record.
    lags_ps
        Times to look at; by default `n_lags` evenly in the logarithm, up to half of the run.
    n_lags, bin_A
        Number of times, and bins of the self part.
    distinct_range_A
        End of the distinct part; by default what the cell allows (its shortest vector), 12 A at most.
    origin_stride
        Every how many frames an origin of the self part; 1 takes all.
    drift
        Which drift is removed: ``framework``, ``all`` or ``none``.
    frame_interval_fs, type_map, skip_ps
        As `open_runs`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie, a time longer than the run, a cell too small for the range, frames too far
        apart, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import van_hove
    >>> van_hove("oNBH_800K.npz", frame_interval_fs=10).alpha_2_peak  # doctest: +SKIP
    """
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = choose_specie(runs.cell, specie)
    shortest = min(run.n_frames for run in runs.runs)
    lags = log_spaced_lags(shortest, n_lags) if lags_ps is None else _lags(lags_ps, runs.frame_interval_fs)
    paths = [displacements(run, specie=ion, drift=drift) for run in runs.runs]
    positions, cells = [one.positions_A for one in paths], [one.mean_cell_A for one in paths]
    range_A = default_range_A(cells) if distinct_range_A is None else distinct_range_A
    own = van_hove_self(
        positions, frame_interval_fs=runs.frame_interval_fs, lags=lags, bin_A=bin_A, origin_stride=origin_stride
    )
    few = np.unique(np.concatenate([[0], lags[np.linspace(0, lags.size - 1, _DISTINCT_LAGS).astype(int)]]))
    others = van_hove_distinct(
        positions, cells, frame_interval_fs=runs.frame_interval_fs, lags=few, range_A=range_A, bin_A=DISTINCT_BIN_A
    )
    settings = {
        "specie": ion, "temperature_K": temperature_K, "lags_ps": None if lags_ps is None else list(lags_ps),
        "n_lags": n_lags, "bin_A": bin_A, "distinct_range_A": range_A, "origin_stride": origin_stride, "drift": drift,
    }  # fmt: skip
    inputs = runs.inputs()
    settings = document("van-hove", settings, inputs, skip_ps=skip_ps)
    record = _record(own, others, specie=ion, temperature_K=temperature_K, origin_stride=origin_stride, bin_A=bin_A,
                     common=runs.common_fields(settings, inputs))  # fmt: skip
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_tables(own, others, directory)
            write_record(record, directory / "result.json")
    return record


def _lags(lags_ps: Sequence[float], frame_interval_fs: float) -> np.ndarray:
    frames = np.round(np.asarray(lags_ps, dtype=np.float64) * 1000 / frame_interval_fs)
    if frames.size == 0 or not np.isfinite(frames).all() or frames.min() < 1:
        raise SettingsError(
            f"a lag under a frame ({frame_interval_fs:g} fs)", where="lags_ps", remedy="give longer times"
        )
    return np.unique(frames.astype(np.int64))


def _record(
    own: VanHoveSelf,
    others: VanHoveDistinct,
    *,
    specie: str,
    temperature_K: float | None,
    origin_stride: int,
    bin_A: float,
    common: dict,
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
        **common,
        specie=specie,
        temperature_K=temperature_K,
        files={"self part": "self.csv", "distinct part": "distinct.csv", "non-Gaussian parameter": "alpha2.csv"},
        citations=list(_CITATIONS),
        n_ions=own.n_ions,
        origin_stride=origin_stride,
        self_bin_A=bin_A,
        distinct_bin_A=DISTINCT_BIN_A,
        distinct_range_A=float(others.edges_A[-1]),
        lags=rows,
        alpha_2_peak=top.alpha_2 if top else None,
        alpha_2_peak_lag_ps=top.lag_ps if top else None,
        within_A=WITHIN_A,
        vacated_site=vacated,
        warnings=[] if own.n_ions > 1 else ["one ion: there is no error of the self part"],
    )


def _write_tables(own: VanHoveSelf, others: VanHoveDistinct, directory: Path) -> None:
    for name, edges, lag_ps, table, std, unit in (
        ("self", own.edges_A, own.lag_ps, own.density_per_A, own.std_per_A, "per_A"),
        ("distinct", others.edges_A, others.lag_ps, others.g, others.std, "relative"),
    ):
        r = 0.5 * (edges[1:] + edges[:-1])
        columns = {
            "lag_ps": np.repeat(lag_ps, r.size),
            "r_A": np.tile(r, lag_ps.size),
            unit: table.ravel(),
            f"std_{unit}": std.ravel(),
        }
        write_table(directory / f"{name}.csv", columns)
    columns = {"lag_ps": own.lag_ps, "msd_A2": own.msd_A2, "alpha_2": own.alpha_2, "std": own.alpha_2_std}
    write_table(directory / "alpha2.csv", columns)
