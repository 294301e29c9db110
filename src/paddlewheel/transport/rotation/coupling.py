"""Do anions turn when ions hop nearby? Against the same record with its times shifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.crystals import reduced_basis
from paddlewheel.transport.rotation.average import Estimate
from paddlewheel.transport.rotation.hops import Hops
from paddlewheel.transport.rotation.quaternions import angle_rad, relative
from paddlewheel.transport.rotation.tracking import CageMotion

DISTANCES_A = (0.0, 3.5, 5.0, 6.5, 9.0)
"""Edges of the bins of the distance from the ion at its hop to the centre of the anion."""
LAGS = 6
"""Lags looked at before and after the hop, each half a window of the anion's turning."""
LEAST_HOPS = 20
_SHUFFLES = 1000
_LEAST_LENGTH = 6

CouplingStatus = Literal["ok", "too-few-hops", "too-short", "frames-too-far-apart"]


@dataclass(frozen=True)
class Coupling:
    """How far the anions turn around the hops of nearby ions.

    Attributes
    ----------
    status, reason
        Why there is nothing, where there is nothing.
    window_ps
        The turn at a time is the angle between the mean orientations over the window before and the window after it.
    n_hops
        Hops that count: not so near to the ends that a lag would leave the run.
    lag_ps
        `[n_lags]`, time of the turn after the hop; negative where the anion turns first.
    distance_edges_A
        `[n_bins + 1]`; `n_pairs` `[n_bins]` counts the pairs of a hop and an anion.
    turn_deg, null_deg, null_std_deg
        `[n_bins, n_lags]`, mean turn, its mean under circular shifts of the times of the turns, and its spread under
        these; NaN in a bin without pairs.
    score
        (turn - null) / spread.
    largest_score, p_value
        The score furthest from zero, and the share of shifts that have one at least as far in any bin and lag.
    n_shifts
        Shifts of the null: `p_value` cannot be less than 1 / (n_shifts + 1).
    excess_near
        Share by which the turn at lag zero exceeds the null in the nearest bin with at least `LEAST_HOPS` pairs.
    """

    status: CouplingStatus
    reason: str | None
    window_ps: float
    n_hops: int
    lag_ps: np.ndarray
    distance_edges_A: np.ndarray
    n_pairs: np.ndarray
    turn_deg: np.ndarray
    null_deg: np.ndarray
    null_std_deg: np.ndarray
    score: np.ndarray
    largest_score: float | None
    p_value: float | None
    n_shifts: int
    excess_near: Estimate | None
    near_A: tuple[float, float] | None


def couple(
    runs: Sequence[CageMotion],
    members: Sequence[Sequence[int]],
    hops: Sequence[Hops],
    ions: Sequence[np.ndarray],
    *,
    window_ps: float,
    seed: int = 0,
) -> Coupling:
    """Mean turn of the anions around hops of ions, by time lag and distance, against a null without coupling.

    The null shifts the times of all turns of a run by one random amount, circularly and by more than the lags looked
    at: what each anion does, what anions do together, and which anions have ions near them all stay as they are; only
    the coincidence with the hops is lost. The turns of a run that warms up or ages would pass for a coupling.

    Parameters
    ----------
    runs, members
        The runs, and for each the anions that count.
    hops, ions
        For each run its hops, and the fractional coordinates of the ions `[n_frames, n_ions, 3]` (any image).
    window_ps
        Window of the turns; `thermal_time_ps` is the natural one.
    seed
        Of the shifts.
    """
    from paddlewheel.transport.rotation.kernels import smooth

    interval_ps = runs[0].frame_interval_fs / 1000
    stride = round(0.5 * window_ps / interval_ps)
    edges = np.array(DISTANCES_A)
    if stride < 1:
        return _none("frames-too-far-apart", f"a window of {window_ps:.3g} ps holds less than two frames", window_ps, 0)
    sums, pairs, n_hops = [], [], 0
    for run, chosen, jumps, path in zip(runs, members, hops, ions, strict=True):
        turns = np.array([_turns(smooth(run.quaternions[g], 2 * stride, stride)) for g in chosen])
        n_times = turns.shape[1]
        if n_times < _LEAST_LENGTH * (2 * LAGS + 1):
            needed_ps = (_LEAST_LENGTH * (2 * LAGS + 1) + 4) * stride * interval_ps
            reason = f"windows of {2 * stride * interval_ps:.3g} ps need a run of {needed_ps:.3g} ps"
            return _none("too-short", reason, window_ps, 0)
        times = np.rint((jumps.frames - 2 * stride) / stride).astype(int)
        inside = (times >= LAGS) & (times < n_times - LAGS)
        n_hops += int(inside.sum())
        distances = _distances_A(run, chosen, path[jumps.frames[inside], jumps.ions[inside]], jumps.frames[inside])
        row = np.digitize(distances, edges) - 1  # [n_hops, n_chosen]
        events = np.zeros((len(edges), len(chosen), n_times))
        np.add.at(events, (np.minimum(row, len(edges) - 1), np.arange(len(chosen)), times[inside][:, None]), 1.0)
        events = events[:-1]  # those beyond the last edge
        sums.append(_shifted_sums(events, turns))
        pairs.append(events.sum(axis=(1, 2)))
    if n_hops < LEAST_HOPS:
        return _none("too-few-hops", f"{n_hops} hops, {LEAST_HOPS} are needed: run longer or hotter", window_ps, n_hops)
    n_pairs = np.sum(pairs, axis=0)
    seen = np.where(n_pairs > 0, n_pairs, np.nan)[:, None]
    lags = np.arange(-LAGS, LAGS + 1)
    turn = np.sum([summed[:, lags] for summed in sums], axis=0) / seen
    rng = np.random.default_rng(seed)
    free = [np.arange(2 * LAGS + 1, summed.shape[1] - 2 * LAGS) for summed in sums]
    if len(sums) == 1:  # no more than there are
        shifts = rng.permutation(free[0])[:_SHUFFLES, None]
    else:
        shifts = np.stack([rng.choice(places, _SHUFFLES) for places in free], axis=1)
    null = np.array(
        [
            np.sum([summed[:, (lags + s) % summed.shape[1]] for summed, s in zip(sums, shift, strict=True)], axis=0)
            for shift in shifts
        ]
    ) / seen  # fmt: skip
    middle, spread = null.mean(axis=0), null.std(axis=0, ddof=1)
    enough = n_pairs >= LEAST_HOPS
    spread = np.where(spread > 0, spread, np.nan)
    score = (turn - middle) / spread
    largest = float(score[enough].flat[np.argmax(np.abs(score[enough]))]) if enough.any() else None
    p_value = excess = near = None
    if largest is not None:
        extremes = np.abs((null - middle) / spread)[:, enough].max(axis=(1, 2))
        p_value = float((1 + (extremes >= abs(largest)).sum()) / (1 + len(extremes)))
        first = int(np.argmax(enough))
        usual = middle[first, LAGS]
        excess = Estimate(float(turn[first, LAGS] / usual - 1), float(spread[first, LAGS] / usual))
        near = (float(edges[first]), float(edges[first + 1]))
    return Coupling(
        status="ok",
        reason=None,
        window_ps=2 * stride * interval_ps,
        n_hops=n_hops,
        lag_ps=lags * stride * interval_ps,
        distance_edges_A=edges,
        n_pairs=n_pairs,
        turn_deg=turn,
        null_deg=middle,
        null_std_deg=spread,
        score=score,
        largest_score=largest,
        p_value=p_value,
        n_shifts=len(shifts),
        excess_near=excess,
        near_A=near,
    )


def _turns(smoothed: np.ndarray) -> np.ndarray:
    """Angle (degrees) between the means over one window and the next, every half window: `[m - 2]` of `[m, 4]`."""
    return np.degrees(angle_rad(relative(smoothed[:-2], smoothed[2:])))


def _distances_A(run: CageMotion, chosen: Sequence[int], ions: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """From ions at `[n, 3]` (fractional) to the nearest image of each anion at that frame, `[n, n_chosen]`."""
    basis = reduced_basis(run.cell_A)
    apart = (run.centres[frames][:, list(chosen)] - ions[:, None, :]) @ np.linalg.inv(basis)
    apart -= np.rint(apart)
    return np.linalg.norm(apart @ (basis @ run.cell_A), axis=2)


def _shifted_sums(events: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Sum over anions and times of events times the turns that many steps later, circularly: `[n_bins, n_times]`."""
    from scipy import fft

    n_times = turns.shape[1]
    product = np.conj(np.asarray(fft.rfft(events, axis=2))) * np.asarray(fft.rfft(turns, axis=1))
    return np.asarray(fft.irfft(product.sum(axis=1), n=n_times, axis=1))


def _none(status: CouplingStatus, reason: str, window_ps: float, n_hops: int) -> Coupling:
    nothing = np.empty(0)
    return Coupling(
        status=status, reason=reason, window_ps=window_ps, n_hops=n_hops, lag_ps=nothing, distance_edges_A=nothing,
        n_pairs=nothing, turn_deg=nothing, null_deg=nothing, null_std_deg=nothing, score=nothing, largest_score=None,
        p_value=None, n_shifts=0, excess_near=None, near_A=None,
    )  # fmt: skip
