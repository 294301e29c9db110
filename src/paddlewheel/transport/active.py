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


@dataclass(frozen=True)
class ActiveFraction:
    """Share of active ions. The window and the threshold belong to the number; `per_ion_A2` is `[n_ions]`."""

    fraction: float
    n_active: int
    n_ions: int
    window_ps: float
    threshold_A2: float
    per_ion_A2: np.ndarray


@dataclass(frozen=True)
class ActiveCurve:
    """`fractions[i, j]` is the share of ions whose MSD over `windows_ps[i]` is at least `thresholds_A2[j]`."""

    windows_ps: np.ndarray
    thresholds_A2: np.ndarray
    fractions: np.ndarray


def active_fraction(
    positions_A: np.ndarray,
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
    positions_A
        `[n_frames, n_ions, 3]`, A, unwrapped in the mean cell and free of drift.
    frame_interval_fs
        Time between frames.
    window_ps
        Lag of the MSD, rounded to whole frames.
    threshold_A2
        Least MSD of an active ion.

    Raises
    ------
    InputError
        A window longer than the run.
    SettingsError
        A window shorter than a frame, or a negative threshold.
    """
    curve, per_ion = _counted(positions_A, frame_interval_fs, [window_ps], [threshold_A2])
    n_ions = per_ion.shape[1]
    n_active = round(float(curve.fractions[0, 0]) * n_ions)
    window = float(curve.windows_ps[0])
    return ActiveFraction(n_active / n_ions, n_active, n_ions, window, float(threshold_A2), per_ion[0])


def active_fraction_curve(
    positions_A: np.ndarray,
    *,
    frame_interval_fs: float,
    windows_ps: Sequence[float],
    thresholds_A2: Sequence[float],
) -> ActiveCurve:
    """`active_fraction` over several windows and thresholds; the same parameters and errors."""
    return _counted(positions_A, frame_interval_fs, windows_ps, thresholds_A2)[0]


def _counted(
    positions_A: np.ndarray, frame_interval_fs: float, windows_ps: Sequence[float], thresholds_A2: Sequence[float]
) -> tuple[ActiveCurve, np.ndarray]:
    step_ps = checked_frame_interval(frame_interval_fs)
    positions = checked_positions(positions_A)
    thresholds = np.asarray(thresholds_A2, dtype=np.float64)
    if not (np.isfinite(thresholds).all() and (thresholds >= 0).all()):
        raise SettingsError(f"active-ion threshold {thresholds.min()} A^2", remedy="give a squared distance")
    run_ps = (positions.shape[0] - 1) * step_ps
    lags = []
    for window_ps in windows_ps:
        lag = round(window_ps / step_ps) if np.isfinite(window_ps) else 0
        if lag < 1:
            raise SettingsError(f"active-ion window {window_ps} ps is shorter than a frame ({step_ps:g} ps)")
        if lag > positions.shape[0] - 1:
            raise InputError(
                f"active-ion window {window_ps:g} ps is longer than the run ({run_ps:g} ps)",
                remedy="give a window inside the run",
            )
        lags.append(lag)
    per_ion = mean_squared_displacement(positions, frame_interval_fs=frame_interval_fs, lags=lags).per_ion_A2
    fractions = np.array([[np.mean(row >= threshold) for threshold in thresholds] for row in per_ion])
    return ActiveCurve(np.array(lags) * step_ps, thresholds, fractions), per_ion
