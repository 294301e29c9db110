"""Mean squared displacement over all time origins, per ion, per component and of the charge displacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_IONS_PER_BLOCK = 16
_BLOCK_BYTES = 64 * 1024 * 1024
"""Bound on the spectra of a block of ions: long runs are transformed ion by ion (48 bytes a frame)."""


@dataclass(frozen=True)
class MSD:
    """Mean squared displacements against lag.

    Attributes
    ----------
    lag_ps
        `[n_lags]`, ps.
    msd_A2
        `[n_lags]`, A^2, the mean over ions and over all time origins.
    per_ion_A2
        `[n_lags, n_ions]`, A^2.
    by_component_A2
        `[n_lags, 3]`, A^2, the mean over ions of the x, y and z parts; they add up to `msd_A2`.
    collective_A2
        `[n_lags]`, A^2, `<|sum_i dr_i|^2> / n_ions`: equal to `msd_A2` where ions move independently.
    """

    lag_ps: np.ndarray
    msd_A2: np.ndarray
    per_ion_A2: np.ndarray
    by_component_A2: np.ndarray
    collective_A2: np.ndarray


def checked_positions(positions_A: np.ndarray) -> np.ndarray:
    """Return positions as float64 `[n_frames, n_ions, 3]`, or say what is wrong with them.

    Raises
    ------
    InputError
        Wrong shape, no ion, fewer than two frames, or values that are not finite.
    """
    try:
        positions = np.asarray(positions_A, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"positions are not one array of numbers ({error})") from error
    if positions.ndim != 3 or positions.shape[2] != 3:
        raise InputError(
            f"positions have shape {positions.shape}, not (n_frames, n_ions, 3)", remedy="give unwrapped positions"
        )
    if positions.shape[1] == 0:
        raise InputError("no mobile ion in the trajectory", remedy="check the specie asked for")
    if positions.shape[0] < 2:
        raise InputError(f"{positions.shape[0]} frame(s): a displacement needs two", remedy="give a longer trajectory")
    if not np.isfinite(positions).all():
        frame = int(np.argwhere(~np.isfinite(positions))[0, 0])
        raise InputError(f"a position in frame {frame} is not a finite number", remedy="check the trajectory")
    return positions


def checked_frame_interval(frame_interval_fs: float) -> float:
    """Return the frame interval in ps.

    Raises
    ------
    SettingsError
        If it is not a finite positive number.
    """
    if not (np.isfinite(frame_interval_fs) and frame_interval_fs > 0):
        raise SettingsError(f"frame interval {frame_interval_fs} fs", remedy="give a positive time between frames")
    return float(frame_interval_fs) * 1e-3


def mean_squared_displacement(
    positions_A: np.ndarray, *, frame_interval_fs: float, lags: Sequence[int] | np.ndarray | None = None
) -> MSD:
    """MSD over every time origin, by the Wiener-Khinchin theorem (Calandrini et al., doi 10.1051/sfn/201112010).

    The time mean of each ion is taken off before the transform: the MSD does not depend on it, the rounding
    of the transform does. Arithmetic is float64 throughout.

    Parameters
    ----------
    positions_A
        `[n_frames, n_ions, 3]`, A: unwrapped positions in the mean cell, drift removed.
    frame_interval_fs
        Time between frames.
    lags
        Lags in frames, each from 0 to `n_frames - 1`; all of them by default.

    Raises
    ------
    InputError
        Positions of another shape, or not finite.
    SettingsError
        A frame interval that is not positive, or a lag outside the trajectory.
    """
    step_ps = checked_frame_interval(frame_interval_fs)
    positions = checked_positions(positions_A)
    n_frames, n_ions, _ = positions.shape
    wanted = np.arange(n_frames) if lags is None else np.asarray(lags)
    if wanted.ndim != 1 or not np.issubdtype(wanted.dtype, np.integer) or wanted.size == 0:
        raise SettingsError("lags are not a list of whole numbers of frames")
    if wanted.min() < 0 or wanted.max() >= n_frames:
        raise SettingsError(f"lags {wanted.min()} to {wanted.max()} outside a trajectory of {n_frames} frames")

    per_ion = np.empty((wanted.size, n_ions))
    by_component = np.zeros((wanted.size, 3))
    total = np.zeros((3, 1, n_frames))
    ions_per_block = int(np.clip(_BLOCK_BYTES // (48 * n_frames), 1, _IONS_PER_BLOCK))
    for start in range(0, n_ions, ions_per_block):
        block = np.ascontiguousarray(positions[:, start : start + ions_per_block].transpose(2, 1, 0))
        block -= block.mean(axis=2, keepdims=True)
        total += block.sum(axis=1, keepdims=True)
        ions, components = _msd_of_block(block, wanted)
        per_ion[:, start : start + ions.shape[1]] = ions
        by_component += components
    by_component /= n_ions
    return MSD(
        lag_ps=wanted * step_ps,
        msd_A2=by_component.sum(axis=1),
        per_ion_A2=per_ion,
        by_component_A2=by_component,
        collective_A2=_msd_of_block(total, wanted)[0][:, 0] / n_ions,
    )


def _msd_of_block(block: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MSD of `[3, n, n_frames]`: summed over components `[n_lags, n]`, and over ions `[n_lags, 3]`."""
    from scipy import fft

    n_frames = block.shape[2]
    size = int(fft.next_fast_len(2 * n_frames, real=True) or 2 * n_frames)
    spectrum = np.asarray(fft.rfft(block, n=size, axis=2), dtype=np.complex128)
    power = np.square(np.abs(spectrum))
    del spectrum
    square = block * block
    return (
        _from_power(power.sum(axis=0), square.sum(axis=0), n_frames, size, lags),
        _from_power(power.sum(axis=1), square.sum(axis=1), n_frames, size, lags),
    )


def _from_power(power: np.ndarray, square: np.ndarray, n_frames: int, size: int, lags: np.ndarray) -> np.ndarray:
    """`[n_lags, n]` from the power spectra `[n, n_frequencies]` and squared positions `[n, n_frames]`."""
    from scipy import fft

    n_origins = n_frames - lags
    correlation = np.asarray(fft.irfft(power, n=size, axis=1))[:, lags]
    running = np.concatenate([np.zeros((square.shape[0], 1)), np.cumsum(square, axis=1)], axis=1)
    squares = running[:, n_origins] + running[:, -1:] - running[:, lags]
    msd = ((squares - 2.0 * correlation) / n_origins).T
    msd[lags == 0] = 0.0
    return np.maximum(msd, 0.0)
