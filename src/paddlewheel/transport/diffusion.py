"""Diffusivity with an honest error, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.confinement import LEAST_LOG_RATIO, confinement
from paddlewheel.transport.excess import NO_EXCESS, ExcessVariance
from paddlewheel.transport.lagged import Pool
from paddlewheel.transport.least_squares import chi2, gls
from paddlewheel.transport.log_values import ONE_SIGMA, quantile
from paddlewheel.transport.msd import checked_frame_interval, checked_positions
from paddlewheel.transport.regression import (
    LONGEST_ONSET,
    RESIDUAL_THRESHOLD,
    SLOPE_TOLERANCE,
    Line,
    exponent,
    fit_line,
    lag_grid,
    worst_residual,
)
from paddlewheel.transport.stationarity import LEAST_P_VALUE, NO_CHANGE, Stationarity, pace
from paddlewheel.transport.unseen_memory import reach, unseen_memory_of
from paddlewheel.units import A2_PER_PS_IN_CM2_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Status = Literal["ok", "not-diffusive", "not-stationary", "too-short"]

FEWEST_FRAMES = 30
DEFAULT_HOP_DISTANCE_A = 2.0
"""Short for a hop in any solid electrolyte (Li between tetrahedron and octahedron: 1.8 to 2.2 A)."""
CAGE_PS = 1.0
"""Ions in solids vibrate and explore their cages for about a picosecond, and over a run of a few picoseconds the MSD
inside the cages looks straight (o-NBH at 1100 K: 1.4 ps gave five times the diffusivity). A fit begins before a tenth
of the run or not at all, so a run under 10 ps has no diffusivity. With 0.5 ps the D of runs of 25 ps was 17 % too large
and held by 85 % of the 95 % intervals, with 1 ps 3 % and 94 % (o-NBH, docs/benchmarks/real_coverage.md)."""
LARGEST_RELATIVE_ERROR = 0.5
_LARGEST_IN_CAGES = 1.0
"""The same where ions leave cages. There the error is mostly that of how far the slope of the MSD falls, and sets with
a larger error have a smaller D. A limit of a half refused 43 % of those of Li6PS5Cl (700 K, 100 ps), whose D was half
an error too small, and left the others too large."""
_SLOPE_TELLS = 1.0
"""An exponent with an error above this says nothing, and is not reported."""
_VIBRATION = 0.1
_BETTER_BY_CHI2 = 6.0
"""Two parameters too many lower a chi2 by as much in one case of twenty."""
_FEW_HOPS = 2.0
"""Hops of an ion in the longest lag of a fit under which a longer memory of hops back is told as a danger."""
_REPLICAS_DISAGREE = 0.01
_UNSEEN_EVENTS_95 = 3.0
"""No event seen: fewer than 3 expected, at 95 % (Poisson)."""


@dataclass(frozen=True)
class Curve:
    """The MSD that was fitted: lag (ps), MSD and its 68 % standard uncertainty (A^2), each `[n_lags]`, log-spaced."""

    lag_ps: np.ndarray
    msd_A2: np.ndarray
    std_A2: np.ndarray


@dataclass(frozen=True)
class DiffusivityEstimate:
    """Self-diffusivity of one specie over all replicas, in cm^2/s.

    `value`, `std` (half of the 68 % interval) and the intervals are None unless `status` is "ok"; then
    `upper_bound_95` holds what can be said (None where nothing can: a motion still speeding up).
    `by_component` and `std_by_component` are D_xx, D_yy, D_zz; unseen memory is in their errors as it is in `std`.
    `loglog_slope` is the exponent a of `MSD = intercept + B t^a` from `fit_onset_ps` on: 1 for diffusion, whatever
    vibration adds as an intercept. `left_out_ps` is the beginning of each replica that was left out, because ions had
    another pace there, or an energy or volume relaxed; `stationarity` says by what. `std` holds the `ratio` of
    `excess`, what the replicas tell of their differences; `degrees_of_freedom` are those of both, of the scatter within
    the runs alone they are `degrees_within`.
    """

    status: Status
    reason: str | None
    value_cm2_per_s: float | None
    std_cm2_per_s: float | None
    interval_68_cm2_per_s: tuple[float, float] | None
    interval_95_cm2_per_s: tuple[float, float] | None
    upper_bound_95_cm2_per_s: float | None
    by_component_cm2_per_s: tuple[float, float, float] | None
    std_by_component_cm2_per_s: tuple[float, float, float] | None
    degrees_of_freedom: float | None
    loglog_slope: float | None
    loglog_slope_std: float | None
    intercept_A2: float | None
    fit_onset_ps: float | None
    fit_last_lag_ps: float | None
    chi2_per_dof: float | None
    msd_final_A2: float | None
    curve: Curve
    degrees_within: float | None = None
    excess: ExcessVariance = NO_EXCESS
    unseen_memory: float = 0.0
    left_out_ps: float = 0.0
    stationarity: Stationarity = NO_CHANGE
    notes: tuple[str, ...] = ()

    def wider(self, excess: ExcessVariance, level: float) -> float:
        """By how much the logarithm of the interval of `level` is wider with this excess than by the runs alone."""
        within = self.degrees_within or np.inf
        return float(np.sqrt(excess.ratio)) * quantile(excess.joined(within), level) / quantile(within, level)

    @property
    def onset_ps(self) -> float | None:
        """Lag from which the MSD may be straight: the fit begins at twice that (None without a fit)."""
        return None if self.fit_onset_ps is None else 0.5 * self.fit_onset_ps


def estimate_diffusivity(
    replicas: Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    hop_distance_A: float = DEFAULT_HOP_DISTANCE_A,
    minimum_onset_ps: float | None = 0.0,
) -> DiffusivityEstimate:
    """Self-diffusivity D from `MSD = intercept + 6 D t` by generalized least squares, with its error.

    Einstein's relation, fitted over log-spaced lags with the full covariance of the MSD (see `covariance.py` and
    docs/statistics.md). The intercept is what vibration or persistence at short times leaves. Intervals are
    `D exp(+-q s / D)` with q from Student's t and s from the scatter over stretches of time: like those of a
    count, they are longer upwards, and never below zero.

    A beginning in which ions have another pace is left out (`stationarity.py`); a run whose pace changes later is
    `not-stationary`. Motion whose slow modes are those of confined ions is `not-diffusive` (`confinement.py`).

    Parameters
    ----------
    replicas
        Independent trajectories of the same material at the same temperature, each `[n_frames, n_ions, 3]`, A,
        unwrapped in the mean cell and free of drift; they may differ in length.
    frame_interval_fs
        Time between frames, the same in all.
    hop_distance_A
        Least distance between the sites of a hop. A run over which 6 D t stays under its square is `not-diffusive`;
        so is one whose MSD shows vibration (the fit begins after the first lag, or its intercept is over a tenth of
        the square) and, without it, has not reached the square at three quarters of the run: its slope is that of
        ions that explore their cages.
    minimum_onset_ps
        Do not let the fit begin before this lag; a run under ten times as long is `too-short`. None: `CAGE_PS` where
        the MSD bends or vibration shows in its intercept, 0 where it is straight from its first lags on.

    Raises
    ------
    InputError
        No replica, or positions of a wrong shape or not finite.
    SettingsError
        A frame interval or hop distance that is not positive.
    """
    step_ps = checked_frame_interval(frame_interval_fs)
    check_hop_distance(hop_distance_A)
    if len(replicas) == 0:
        raise InputError("no trajectory to analyse")
    trajectories = [checked_positions(paths) for paths in replicas]
    found = pace(trajectories, hop_distance_A=hop_distance_A)
    return estimate_settled(
        trajectories, found, step_ps=step_ps, hop_distance_A=hop_distance_A, minimum_onset_ps=minimum_onset_ps
    )


def check_hop_distance(hop_distance_A: float) -> None:
    """Refuse a hop distance that is not positive.

    Raises
    ------
    SettingsError
        If it is not.
    """
    if not (np.isfinite(hop_distance_A) and hop_distance_A > 0):
        raise SettingsError(f"hop distance {hop_distance_A} A", remedy="give a positive distance")


def settled(trajectories: Sequence[np.ndarray], found: Stationarity) -> list[np.ndarray]:
    """What is left of the replicas, at least two frames each, without the beginning that is left out."""
    return [paths[found.first_frame :] for paths in trajectories if paths.shape[0] > found.first_frame + 1]


def estimate_settled(
    replicas: Sequence[np.ndarray],
    found: Stationarity,
    *,
    step_ps: float,
    hop_distance_A: float,
    minimum_onset_ps: float | None,
) -> DiffusivityEstimate:
    """`estimate_diffusivity` of checked positions `[n_frames, n_ions, 3]` whose pace is known."""
    estimate = _estimated(
        settled(replicas, found), found, step_ps=step_ps, hop_distance_A=hop_distance_A,
        minimum_onset_ps=minimum_onset_ps,
    )  # fmt: skip
    return replace(estimate, stationarity=found)


def _estimated(
    trajectories: Sequence[np.ndarray],
    found: Stationarity,
    *,
    step_ps: float,
    hop_distance_A: float,
    minimum_onset_ps: float | None,
) -> DiffusivityEstimate:
    left_out_ps = step_ps * found.first_frame
    longest = max(paths.shape[0] for paths in trajectories)
    pool = Pool.of(trajectories, lag_grid(longest))
    ion_time_ps = step_ps * sum(paths.shape[0] * paths.shape[1] for paths in trajectories)
    unseen = _UNSEEN_EVENTS_95 * hop_distance_A**2 / (6.0 * ion_time_ps)

    if longest < FEWEST_FRAMES:
        reason = f"{longest} frames: a fit needs at least {FEWEST_FRAMES}"
        return _refused("too-short", reason, None, pool, step_ps, None, left_out_ps)
    if not np.any(pool.msd > 0):
        return _refused("not-diffusive", "no ion moves at all", unseen, pool, step_ps, None, left_out_ps)
    if minimum_onset_ps is None:
        free = fit_line(pool)
        in_cages = free.onset > pool.lags[1] or free.intercept > _VIBRATION * hop_distance_A**2
        minimum_onset_ps = CAGE_PS if in_cages else 0.0
    line = fit_line(pool, minimum_onset=max(1, int(np.ceil(minimum_onset_ps / step_ps - 1e-6))))
    if longest * step_ps < LONGEST_ONSET * minimum_onset_ps:
        reason = (
            f"the run of {longest * step_ps:.3g} ps is under {LONGEST_ONSET:g} times {minimum_onset_ps:g} ps, "
            "before which ions still explore their cages"
        )
        bound = _bound_from_last_lag(line, pool, step_ps) + unseen
        return _refused("too-short", reason, bound, pool, step_ps, line, left_out_ps)
    return _judged(line, pool, trajectories, found, step_ps, hop_distance_A, unseen, past_cages=minimum_onset_ps > 0.0)


def log_interval(
    value: float, std: float, degrees_of_freedom: float, level: float, *, unseen_memory: float = 0.0
) -> tuple[float, float]:
    """Interval `value * exp(+-q std / value)`, q the two-sided Student quantile of `level`.

    What memory is unseen adds to the lower side as the independent error that it is.
    """
    within = quantile(degrees_of_freedom, level) * std / value
    return value * float(np.exp(-np.hypot(within, reach(unseen_memory, level)))), value * float(np.exp(within))


def _judged(
    line: Line,
    pool: Pool,
    trajectories: Sequence[np.ndarray],
    found: Stationarity,
    step_ps: float,
    hop_distance_A: float,
    unseen: float,
    *,
    past_cages: bool,
) -> DiffusivityEstimate:
    run_ps = step_ps * max(paths.shape[0] for paths in trajectories)
    left_out_ps = step_ps * found.first_frame

    def refused(status: Status, reason: str, bound_A2_per_ps: float | None) -> DiffusivityEstimate:
        return _refused(status, reason, bound_A2_per_ps, pool, step_ps, line, left_out_ps)

    value, std = line.diffusivity / step_ps, float(np.sqrt(line.variance)) / step_ps
    fitted = pool.lags >= line.first
    covariance = line.covariance[np.ix_(fitted, fitted)]
    slope, slope_std = exponent(pool.lags[fitted], pool.msd.sum(axis=1)[fitted], covariance)
    q95 = quantile(line.degrees_of_freedom, 0.9)  # of one side
    if value > 0 and std < LARGEST_RELATIVE_ERROR * value:  # a logarithm has an error yet
        bound = value * np.exp(q95 * std / value) + unseen
    else:
        bound = max(value, 0.0) + q95 * std + unseen
    hops = max(6.0 * line.diffusivity * float(pool.lags[-1]) / hop_distance_A**2, 1e-9)
    memory = unseen_memory_of(hops) if past_cages else 0.0
    limit = _LARGEST_IN_CAGES if past_cages else LARGEST_RELATIVE_ERROR
    error = float(np.hypot(std / value, memory)) if value > 0.0 else np.inf
    if not line.linear and not (past_cages and error <= limit):
        raw, raw_std = _raw_exponent(line, pool)
        where = f"no straight part of the MSD begins before 1/{LONGEST_ONSET:.0f} of the run"
        text = f"{where} (log-log slope {raw:.2f} +- {raw_std:.2f} at the end)"
        if raw > 1.0 + SLOPE_TOLERANCE:
            return refused("too-short", text, None)
        status: Status = "not-diffusive" if raw + raw_std < 1.0 - SLOPE_TOLERANCE else "too-short"
        return refused(status, text, _bound_from_last_lag(line, pool, step_ps) + unseen)
    if 6.0 * value * run_ps < hop_distance_A**2:
        text = (
            f"6 D t over the run is {max(6.0 * value * run_ps, 0.0):.2g} A^2, "
            f"under one hop of {hop_distance_A:g} A squared"
        )
        return refused("not-diffusive", text, bound)
    vibrates = line.first > 1 or line.intercept > _VIBRATION * hop_distance_A**2
    travelled_A2 = _msd_late(trajectories) - max(line.intercept, 0.0)
    if vibrates and travelled_A2 < hop_distance_A**2:
        text = (
            f"beyond vibration the MSD grows by {travelled_A2:.2g} A^2 in three quarters of the run, under one hop of "
            f"{hop_distance_A:g} A squared: ions have hardly left their cages"
        )
        return refused("not-diffusive", text, bound)
    if line.linear and abs(slope - 1.0) > SLOPE_TOLERANCE + 2.0 * slope_std:
        text = f"log-log slope {slope:.2f} +- {slope_std:.2f} is not 1"
        return refused("not-diffusive", text, bound)
    power, power_std, worst = _power_law(line, pool)
    is_power = power + 2.0 * power_std < 1.0 - SLOPE_TOLERANCE and worst < RESIDUAL_THRESHOLD
    if is_power and not _leaves_its_cage(line, pool):
        text = f"the MSD grows as a power {power:.2f} +- {power_std:.2f} of time at all lags: subdiffusive"
        return refused("not-diffusive", text, bound)
    if error > limit:
        text = f"the error of D is {100 * error:.0f} % of it"
        return refused("too-short", text, bound)
    slow = confinement(trajectories, first_lag=line.first, intercept_A2=line.intercept)
    if slow.log_ratio < LEAST_LOG_RATIO:
        confined = slow.log_ratio < -LEAST_LOG_RATIO
        text = (
            f"the slowest motion of the ions falls short of diffusion {'as' if confined else 'no less likely than'} "
            f"that of confined ions does (relaxation in {slow.relaxation_frames * step_ps:.2g} ps; "
            f"ln of the ratio of likelihoods {slow.log_ratio:.1f})"
        )
        return refused("not-diffusive" if confined else "too-short", text, bound)
    if found.drifts is not None:
        text = f"a change of the {found.drifts} comes too late to leave it out ({_chance(found.drift_p_value)})"
        text += _takes(found, step_ps)
        return refused("not-stationary", text, bound)

    scale = A2_PER_PS_IN_CM2_PER_S
    low68, high68 = log_interval(value, std, line.degrees_of_freedom, ONE_SIGMA, unseen_memory=memory)
    low95, high95 = log_interval(value, std, line.degrees_of_freedom, 0.95, unseen_memory=memory)
    q68 = quantile(line.degrees_of_freedom, ONE_SIGMA)
    components = line.by_component / step_ps * scale
    within = q68 * np.sqrt(line.variance_by_component) / step_ps * scale
    errors = 0.5 * (within + np.hypot(within, reach(memory, ONE_SIGMA) * components))
    return DiffusivityEstimate(
        status="ok",
        reason=None,
        value_cm2_per_s=value * scale,
        std_cm2_per_s=0.5 * (high68 - low68) * scale,
        interval_68_cm2_per_s=(low68 * scale, high68 * scale),
        interval_95_cm2_per_s=(low95 * scale, high95 * scale),
        upper_bound_95_cm2_per_s=None,
        by_component_cm2_per_s=(float(components[0]), float(components[1]), float(components[2])),
        std_by_component_cm2_per_s=(float(errors[0]), float(errors[1]), float(errors[2])),
        loglog_slope=slope if slope_std < _SLOPE_TELLS else None,
        loglog_slope_std=slope_std if slope_std < _SLOPE_TELLS else None,
        unseen_memory=memory,
        left_out_ps=left_out_ps,
        notes=tuple(_notes(line, found, step_ps, hops=hops, counted=memory > 0.0)),
        **_description(line, pool, step_ps),
    )


def _notes(line: Line, found: Stationarity, step_ps: float, *, hops: float, counted: bool) -> Iterator[str]:
    from scipy.special import chdtrc

    if hops < _FEW_HOPS:
        yield (
            f"over the longest lag of the fit an ion makes {hops:.2g} hops: where it hops back for longer than that, D "
            f"is smaller{', for which the interval reaches down' if counted else ''}; a longer run tells"
        )

    if found.cut_by is not None:
        yield (
            f"the first {step_ps * found.first_frame:.3g} ps are left out for a change of the {found.cut_by} "
            f"({_chance(found.cut_p_value)})"
        )
    if found.lasts is not None:
        yield (
            f"a change of the {found.lasts} may go on beyond what is left out ({_chance(found.lasts_p_value)}), and "
            f"then the mean is not that of equilibrium{_takes(found, step_ps)}"
        )
    if line.excess.differences and chdtrc(line.excess.differences, line.excess.chi2) < _REPLICAS_DISAGREE:
        yield (
            f"replicas differ more than their scatter in time allows (chi2/dof {line.excess.seen:.1f}): the error "
            "holds their differences; they may be caught in different disorder"
        )


def _takes(found: Stationarity, step_ps: float) -> str:
    """How long runs have to be for the change to be over, where that is known."""
    needed_ps = step_ps * found.needs_frames
    return f": it would be over in runs of about {needed_ps:.2g} ps" if needed_ps else ""


def _chance(p_value: float | None) -> str:
    return f"chance in a stationary run {max(p_value or 0.0, LEAST_P_VALUE):.1g}"


def _msd_late(trajectories: Sequence[np.ndarray]) -> float:
    """MSD at a lag of three quarters of each run, over its ions and origins, mean over the runs by their ion-time."""
    sums, weights = 0.0, 0
    for paths in trajectories:
        lag = 3 * paths.shape[0] // 4
        squares = ((paths[lag:] - paths[:-lag]) ** 2).sum(axis=2)
        sums += float(squares.mean()) * paths.shape[0] * paths.shape[1]
        weights += paths.shape[0] * paths.shape[1]
    return sums / weights


def _refused(
    status: Status,
    reason: str,
    bound_A2_per_ps: float | None,
    pool: Pool,
    step_ps: float,
    line: Line | None,
    left_out_ps: float,
) -> DiffusivityEstimate:
    slope, slope_std = (None, None) if line is None else _raw_exponent(line, pool)
    return DiffusivityEstimate(
        status=status,
        reason=reason,
        value_cm2_per_s=None,
        std_cm2_per_s=None,
        interval_68_cm2_per_s=None,
        interval_95_cm2_per_s=None,
        upper_bound_95_cm2_per_s=None if bound_A2_per_ps is None else float(bound_A2_per_ps) * A2_PER_PS_IN_CM2_PER_S,
        by_component_cm2_per_s=None,
        std_by_component_cm2_per_s=None,
        loglog_slope=slope,
        loglog_slope_std=slope_std,
        left_out_ps=left_out_ps,
        **_description(line, pool, step_ps),
    )


def _description(line: Line | None, pool: Pool, step_ps: float) -> dict:
    msd = pool.msd.sum(axis=1)
    std = np.full(msd.size, np.nan) if line is None else np.sqrt(np.diag(line.covariance))
    return {
        "degrees_of_freedom": None if line is None else line.degrees_of_freedom,
        "degrees_within": None if line is None else line.degrees_within,
        "excess": NO_EXCESS if line is None else line.excess,
        "intercept_A2": None if line is None else line.intercept,
        "fit_onset_ps": None if line is None else line.first * step_ps,
        "fit_last_lag_ps": None if line is None else float(pool.lags[-1]) * step_ps,
        "chi2_per_dof": None if line is None else _chi2_per_dof(line, pool),
        "msd_final_A2": float(msd[-1]),
        "curve": Curve(pool.lags * step_ps, msd, std),
    }


def _chi2_per_dof(line: Line, pool: Pool) -> float:
    """Squared residuals of the fit, over what the covariance expects of them."""
    fitted = pool.lags >= line.first
    lags = pool.lags[fitted]
    residual = pool.msd.sum(axis=1)[fitted] - line.intercept - 6.0 * line.diffusivity * lags
    scale = np.sqrt(np.diag(line.covariance)[fitted])
    correlation = line.covariance[np.ix_(fitted, fitted)] / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-4 * values[-1]  # directions finer than the stored model of the covariance
    projected = vectors.T @ (residual / scale)
    return float(np.sum(projected[kept] ** 2 / values[kept]) / max(kept.sum() - 2, 1))


def _raw_exponent(line: Line, pool: Pool) -> tuple[float, float]:
    """Slope of ln MSD against ln t over the last quarter of the lags, and its error."""
    late = slice(-6, None)
    msd = pool.msd.sum(axis=1)[late]
    log_t = np.log(pool.lags[late])
    covariance = line.covariance[late, late] / np.outer(msd, msd)
    estimator, errors = gls(covariance, np.stack([np.ones(log_t.size), log_t], axis=1))
    return float(estimator[1] @ np.log(msd)), float(np.sqrt(errors[1, 1]))


def _power_law(line: Line, pool: Pool) -> tuple[float, float, float]:
    """Exponent of `MSD = B t^a` from a sixteenth of the fit's first lag on, its error, and the worst residual.

    Vibration and hops also have a log-log slope under 1, but one that changes with t: no power of t describes them at
    short lags, where the MSD is precise. A subdiffusive motion is one power of t throughout.
    """
    lags, msd, covariance = _from_the_cage_on(line, pool)
    design = np.stack([np.ones(lags.size), np.log(lags)], axis=1)
    relative = covariance / np.outer(msd, msd)
    estimator, errors = gls(relative, design)
    worst = worst_residual(design, np.log(msd), relative)
    error = float(np.sqrt(errors[1, 1])) if errors[1, 1] > 0.0 else np.inf  # rounding of a covariance close to singular
    return float(estimator[1] @ np.log(msd)), error, worst


def _leaves_its_cage(line: Line, pool: Pool) -> bool:
    """Whether a cage that relaxes and diffusion describe the MSD better than any power of t, over the same lags.

    `MSD = c (1 - exp(-(t / tau)^b)) + 6 D t`, b 0.5 to 1, against `B t^a`: a chi2 lower by `_BETTER_BY_CHI2`, for two
    parameters more. Where ions that move in bursts leave the MSD uncertain, one power may lie within its errors from
    the cage to the end and yet not be what they do.
    """
    lags, msd, covariance = _from_the_cage_on(line, pool)
    relative = covariance / np.outer(msd, msd)
    design = np.stack([np.ones(lags.size), np.log(lags)], axis=1)
    power = chi2(msd - np.exp(design @ (gls(relative, design)[0] @ np.log(msd))), covariance)
    best = np.inf
    for tau in np.geomspace(lags[0], lags[-1], 12):
        for stretch in (0.5, 0.75, 1.0):
            design = np.stack([-np.expm1(-((lags / tau) ** stretch)), 6.0 * lags], axis=1)
            size, diffusivity = gls(covariance, design)[0] @ msd
            if size > 0.0 and diffusivity > 0.0:
                best = min(best, chi2(msd - design @ np.array([size, diffusivity]), covariance))
    return best < power - _BETTER_BY_CHI2


def _from_the_cage_on(line: Line, pool: Pool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags from a sixteenth of the fit's first one on, the MSD there, and its covariance."""
    used = pool.lags >= line.first / 16
    return pool.lags[used], pool.msd.sum(axis=1)[used], line.covariance[np.ix_(used, used)]


def _bound_from_last_lag(line: Line, pool: Pool, step_ps: float) -> float:
    """MSD / 6 t at the longest lag, at its 95 % upper end: above D as long as the MSD bends downwards."""
    msd, error = float(pool.msd[-1].sum()), float(np.sqrt(line.covariance[-1, -1]))
    return msd * float(np.exp(1.645 * error / msd)) / (6.0 * float(pool.lags[-1]) * step_ps)
