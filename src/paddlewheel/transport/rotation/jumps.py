"""Jumps between orientations in which an anion dwells: how far, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.rotation.average import Estimate, mean_over_units
from paddlewheel.transport.rotation.quaternions import angle_rad, relative
from paddlewheel.transport.rotation.tracking import CageMotion

SETTLED_RAD = np.radians(25.0)
"""An orientation is settled while the smoothed one stays this near to its mean."""
JUMP_RAD = np.radians(40.0)
"""A settled orientation this far from the last is another one; the least turn of an icosahedron onto itself is 72."""
DWELL_POINTS = 4
"""Points of the smoothed orientation, half a window apart, that must be settled together: 2.5 windows."""
BINS_DEG = np.linspace(0.0, 180.0, 37)

JumpStatus = Literal["ok", "no-jumps", "not-settled", "too-short", "frames-too-far-apart"]


@dataclass(frozen=True)
class Jumps:
    """Jumps of the anions of one kind.

    Attributes
    ----------
    status, reason
        ``not-settled`` where less than half of the time is spent in settled orientations: it turns rather than jumps.
    window_ps
        Time over which orientations are averaged.
    count, rate_per_ps
        All jumps, and jumps per anion and ps; visits of less than about 2.5 windows are not seen.
    upper_rate_per_ps
        95 % upper bound where none was seen.
    settled_share
        Share of the time in settled orientations.
    mean_angle_deg
        Mean angle between the mean orientations of one dwell and the next.
    density_per_deg
        Its distribution over `BINS_DEG`, `[36]`, integral 1; None without jumps.
    times_ps
        Time of each jump, per unit (anion of a run).
    """

    status: JumpStatus
    reason: str | None
    window_ps: float
    count: int
    rate_per_ps: Estimate | None
    upper_rate_per_ps: float | None
    settled_share: Estimate | None
    mean_angle_deg: Estimate | None
    density_per_deg: np.ndarray | None
    times_ps: tuple[np.ndarray, ...]


def thermal_time_ps(runs: Sequence[CageMotion], members: Sequence[Sequence[int]]) -> float:
    """Time in which an anion turns by one radian about one axis at its root-mean-square angular velocity."""
    interval_ps = runs[0].frame_interval_fs / 1000
    turned = [
        (angle_rad(relative(run.quaternions[g, :-1], run.quaternions[g, 1:])) ** 2).mean()
        for run, chosen in zip(runs, members, strict=True)
        for g in chosen
    ]
    return float(interval_ps / max(np.sqrt(np.mean(turned) / 3), 1e-12))


def isotropic_density_per_deg(angle_deg: np.ndarray) -> np.ndarray:
    """Density of the angle between two orientations at random: (1 - cos(angle)) / 180 degrees."""
    return (1 - np.cos(np.radians(angle_deg))) / 180.0


def find_jumps(
    runs: Sequence[CageMotion], members: Sequence[Sequence[int]], *, window_ps: float | None = None
) -> Jumps:
    """Jumps between settled orientations.

    Orientations are averaged over a window, which takes the librations out; one is settled while this mean stays within
    25 degrees of itself for 2.5 windows. A settled orientation more than 40 degrees from that in which the anion dwelt
    is a jump, with the angle between the means over the two dwells. Slow turning without dwells shows as jumps of
    little more than 40 degrees, and as a small `settled_share`.

    Parameters
    ----------
    runs, members
        The runs, and for each the anions that count.
    window_ps
        Time over which orientations are averaged; by default that in which the anion turns by one radian at its thermal
        angular velocity, which grows with the root of a scaled mass.

    Raises
    ------
    SettingsError
        A window that is not positive.
    """
    from paddlewheel.transport.rotation.kernels import find_dwells, smooth

    if window_ps is not None and not (np.isfinite(window_ps) and window_ps > 0):
        raise SettingsError(f"jump window {window_ps:g} ps", remedy="give a time above 0")
    interval_ps = runs[0].frame_interval_fs / 1000
    wanted_ps = window_ps or thermal_time_ps(runs, members)
    n_frames = min(run.n_frames for run in runs)
    window = round(wanted_ps / interval_ps) if wanted_ps < n_frames * interval_ps else n_frames
    if window < 2:
        return _none("frames-too-far-apart", f"a window of {wanted_ps:.3g} ps holds less than two frames", wanted_ps)
    if 10 * window > n_frames:
        return _none("too-short", f"the run is shorter than ten windows of {wanted_ps:.3g} ps", wanted_ps)
    stride = max(1, window // 2)
    counts, lengths, shares, angles, times = [], [], [], [], []
    for run, chosen in zip(runs, members, strict=True):
        for g in chosen:
            smoothed = smooth(run.quaternions[g], window, stride)
            means, first, last, n_settled = find_dwells(smoothed, DWELL_POINTS, SETTLED_RAD, JUMP_RAD)
            n_tried = len(smoothed) - DWELL_POINTS + 1
            middle = 0.5 * (last[:-1] + first[1:] + DWELL_POINTS - 1) * stride + 0.5 * window
            times.append(middle * interval_ps)
            angles.append(np.degrees(angle_rad(relative(means[:-1], means[1:]))))
            counts.append(max(0, len(means) - 1))
            lengths.append((run.n_frames - 1) * interval_ps)
            shares.append(n_settled / n_tried)
    share = mean_over_units(shares)
    count = int(np.sum(counts))
    common = {"window_ps": window * interval_ps, "count": count, "settled_share": share, "times_ps": tuple(times)}
    if count == 0:
        status: JumpStatus = "no-jumps" if share.value >= 0.5 else "not-settled"
        upper_rate_per_ps = float(-np.log(0.05) / np.sum(lengths))
        return Jumps(status=status, reason="no jump was seen", rate_per_ps=None, mean_angle_deg=None,
                     upper_rate_per_ps=upper_rate_per_ps, density_per_deg=None, **common)  # fmt: skip
    rates = mean_over_units(np.array(counts) / np.array(lengths))
    poisson = float(np.sqrt(count) / np.sum(lengths))  # the spread of a few anions may be small by chance
    together = np.concatenate(angles)
    per_unit = mean_over_units([turned.mean() for turned in angles if len(turned)])
    status, reason = "ok", None
    if share.value < 0.5:
        status = "not-settled"
        reason = f"settled for {100 * share.value:.0f} % of the time only: it turns rather than jumps"
    return Jumps(
        status=status,
        reason=reason,
        rate_per_ps=Estimate(rates.value, None if rates.std is None else max(rates.std, poisson)),
        upper_rate_per_ps=None,
        mean_angle_deg=Estimate(float(together.mean()), per_unit.std),
        density_per_deg=np.histogram(together, bins=BINS_DEG)[0] / (len(together) * np.diff(BINS_DEG)),
        **common,
    )


def _none(status: JumpStatus, reason: str, window_ps: float) -> Jumps:
    return Jumps(status=status, reason=reason, window_ps=window_ps, count=0, rate_per_ps=None, upper_rate_per_ps=None,
                 settled_share=None, mean_angle_deg=None, density_per_deg=None, times_ps=())  # fmt: skip
