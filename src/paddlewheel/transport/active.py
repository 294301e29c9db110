"""Active ions: those whose mean squared displacement over a stated window reaches a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.msd import checked_frame_interval, checked_positions, mean_squared_displacement

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_THRESHOLD_A2 = 21.0
"""The paper's: the mean MSD that its sigma at 300 K needs (doi 10.1016/j.joule.2025.102130)."""
PAPER_WINDOW_PS = 1000.0
"""The length of the paper's runs, over which it counts."""


@dataclass(frozen=True)
class ActiveFraction:
    """Share of active ions. The window and the threshold belong to the number.

    Attributes
    ----------
    std
        68 % standard error, see `fraction_std`.
    n_active, n_ions
        Over all runs.
    per_ion_A2
        `[n_runs, n_ions of a run]`.
    """

    fraction: float
    std: float
    n_active: int
    n_ions: int
    window_ps: float
    threshold_A2: float
    per_ion_A2: np.ndarray


@dataclass(frozen=True)
class ActiveCurve:
    """`fractions[i, j]`, with `stds[i, j]`: the share of ions whose MSD over `windows_ps[i]` is at least
    `thresholds_A2[j]`."""

    windows_ps: np.ndarray
    thresholds_A2: np.ndarray
    fractions: np.ndarray
    stds: np.ndarray


def active_fraction(
    runs: np.ndarray | Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    window_ps: float,
    threshold_A2: float = DEFAULT_THRESHOLD_A2,
) -> ActiveFraction:
    """Share of ions whose MSD over the window, averaged over all time origins, is at least the threshold.

    The default threshold is the paper's, which goes with its window of 1 ns; the run's own length may be given
    as the window instead, and the number then means something else.

    Parameters
    ----------
    runs
        `[n_frames, n_ions, 3]`, A, unwrapped in the mean cell and free of drift; or several, replicas of each other.
    frame_interval_fs
        Time between frames.
    window_ps
        Lag of the MSD, rounded to whole frames.
    threshold_A2
        Least MSD of an active ion.

    Raises
    ------
    InputError
        A window longer than a run, or runs of different numbers of ions.
    SettingsError
        A window shorter than a frame, or a negative threshold.
    """
    curve, per_ion = _counted(runs, frame_interval_fs, [window_ps], [threshold_A2])
    ions = per_ion[:, 0]
    fraction = float(curve.fractions[0, 0])
    return ActiveFraction(
        fraction=fraction,
        std=float(curve.stds[0, 0]),
        n_active=round(fraction * ions.size),
        n_ions=ions.size,
        window_ps=float(curve.windows_ps[0]),
        threshold_A2=float(threshold_A2),
        per_ion_A2=ions,
    )


def active_fraction_curve(
    runs: np.ndarray | Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    windows_ps: Sequence[float],
    thresholds_A2: Sequence[float] | np.ndarray,
) -> ActiveCurve:
    """`active_fraction` over several windows and thresholds; the same parameters and errors."""
    return _counted(runs, frame_interval_fs, windows_ps, thresholds_A2)[0]


def fraction_std(n_active: np.ndarray, n_ions: int) -> np.ndarray:
    """Standard error of a share counted in runs: `n_active` `[n_runs, ...]` of `n_ions` each.

    The larger of two: that of independent ions, the width of the Beta posterior with Jeffreys' prior (Brown, Cai,
    DasGupta, doi 10.1214/ss/1009213286), which is not zero where all or none are active; and the spread of the runs,
    which alone sees ions that move together. One run has only the first, which is then a lower bound.
    """
    counts = np.asarray(n_active, dtype=np.float64)
    n_runs = counts.shape[0]
    total = n_runs * n_ions
    a, b = counts.sum(axis=0) + 0.5, total - counts.sum(axis=0) + 0.5
    binomial = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))
    if n_runs == 1:
        return binomial
    return np.maximum(binomial, (counts / n_ions).std(axis=0, ddof=1) / np.sqrt(n_runs))


def _counted(
    runs: np.ndarray | Sequence[np.ndarray],
    frame_interval_fs: float,
    windows_ps: Sequence[float],
    thresholds_A2: Sequence[float] | np.ndarray,
) -> tuple[ActiveCurve, np.ndarray]:
    """The curve, and the MSD of each ion `[n_runs, n_windows, n_ions]`."""
    step_ps = checked_frame_interval(frame_interval_fs)
    several = [runs] if isinstance(runs, np.ndarray) and runs.ndim == 3 else list(runs)
    positions = [checked_positions(paths) for paths in several]
    if not positions:
        raise InputError("no run to count active ions in", remedy="give at least one")
    if len({paths.shape[1] for paths in positions}) > 1:
        raise InputError("the runs have different numbers of ions", remedy="count them apart")
    thresholds = np.asarray(thresholds_A2, dtype=np.float64)
    if not (np.isfinite(thresholds).all() and (thresholds >= 0).all()):
        raise SettingsError(f"active-ion threshold {thresholds.min()} A^2", remedy="give a squared distance")
    shortest = min(paths.shape[0] for paths in positions) - 1
    lags = []
    for window_ps in windows_ps:
        lag = round(window_ps / step_ps) if np.isfinite(window_ps) else 0
        if lag < 1:
            raise SettingsError(f"active-ion window {window_ps} ps is shorter than a frame ({step_ps:g} ps)")
        if lag > shortest:
            raise InputError(
                f"active-ion window {window_ps:g} ps is longer than the run ({shortest * step_ps:g} ps)",
                remedy="give a window inside the run",
            )
        lags.append(lag)
    per_ion = np.stack(
        [
            mean_squared_displacement(paths, frame_interval_fs=frame_interval_fs, lags=lags).per_ion_A2
            for paths in positions
        ]
    )
    counts = (per_ion[..., None] >= thresholds).sum(axis=2)
    n_ions = per_ion.shape[2]
    curve = ActiveCurve(
        np.array(lags) * step_ps, thresholds, counts.mean(axis=0) / n_ions, fraction_std(counts, n_ions)
    )
    return curve, per_ion
