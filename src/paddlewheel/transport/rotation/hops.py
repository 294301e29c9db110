"""Jumps of mobile ions, from their displacements alone: no sites are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.transport.msd import checked_frame_interval, checked_positions

_IONS_AT_ONCE = 16


@dataclass(frozen=True)
class Hops:
    """Hops of the ions of one run: which ion, at which frame, how far; each `[n_hops]`, in the order of time."""

    ions: np.ndarray
    frames: np.ndarray
    lengths_A: np.ndarray


def find_hops(positions_A: np.ndarray, *, frame_interval_fs: float, window_ps: float, hop_length_A: float) -> Hops:
    """Times at which the mean positions of an ion before and after are more than a hop length apart.

    At every frame the mean over the window that ends there is compared with that over the window that begins there; a
    hop is where their distance is the greatest within a window before and after, and over `hop_length_A`. Vibrations
    shorter than the window are averaged out; an ion that hops back within the window is not seen to hop.

    Parameters
    ----------
    positions_A
        `[n_frames, n_ions, 3]`, unwrapped, A.
    frame_interval_fs
        Time between frames.
    window_ps
        Length of each window.
    hop_length_A
        Least distance between the means.

    Raises
    ------
    SettingsError
        A window or length that is not positive.
    InputError
        Positions of another shape, or not finite.
    """
    interval_ps = checked_frame_interval(frame_interval_fs)
    if not (np.isfinite(window_ps) and window_ps > 0 and np.isfinite(hop_length_A) and hop_length_A > 0):
        raise SettingsError(f"hop of {hop_length_A:g} A over {window_ps:g} ps", remedy="give both above 0")
    positions = checked_positions(positions_A)
    window = max(1, round(window_ps / interval_ps))
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    if len(positions) > 2 * window:
        for start in range(0, positions.shape[1], _IONS_AT_ONCE):
            frames, ions, lengths = _hops_of(positions[:, start : start + _IONS_AT_ONCE], window, hop_length_A)
            found.append((frames, ions + start, lengths))
    frames, ions, lengths = (
        np.concatenate([column[i] for column in found]) if found else np.empty(0) for i in range(3)
    )
    order = np.lexsort((ions, frames))
    return Hops(ions[order].astype(np.int64), frames[order].astype(np.int64), lengths[order])


def _hops_of(positions: np.ndarray, window: int, length_A: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from scipy.ndimage import maximum_filter1d

    running = np.concatenate([np.zeros((1, *positions.shape[1:])), np.cumsum(positions - positions[0], axis=0)])
    means = (running[window:] - running[:-window]) / window  # means[t] is over t to t + window - 1
    distances = np.linalg.norm(means[window:] - means[:-window], axis=2)
    is_peak = (distances > length_A) & (distances == maximum_filter1d(distances, 2 * window + 1, axis=0))
    frames, ions = np.nonzero(is_peak)
    return frames + window, ions, distances[frames, ions]
