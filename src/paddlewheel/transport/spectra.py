"""Spectra from the motion of atoms: the power of their velocities, and of the directions of bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError, ScienceError
from paddlewheel.units import SPEED_OF_LIGHT_CM_PER_FS


@dataclass(frozen=True)
class Spectrum:
    """Power of the velocities, [n] by wavenumber.

    Attributes
    ----------
    wavenumber_per_cm
        [n], from 0 up.
    power
        [n], whose integral over the wavenumber is the mean squared velocity, A^2/fs^2 (times the mass, where masses
        were given).
    resolution_per_cm
        Distance of two lines that can still be told apart: that of the window.
    """

    wavenumber_per_cm: np.ndarray
    power: np.ndarray
    resolution_per_cm: float


@dataclass(frozen=True)
class SpectralBand:
    """A band of a spectrum: the highest point of its smoothed power, its centre of mass, and its share of the power."""

    peak_per_cm: float
    centre_per_cm: float
    share: float


def power_spectrum(
    positions_A: np.ndarray,
    *,
    frame_interval_fs: float,
    masses_u: np.ndarray | None = None,
    segment_fs: float = 1000.0,
    quantum_A: float = 0.0,
) -> Spectrum:
    """Power spectrum of the velocities of some atoms from frames that resolve their vibrations.

    Welch's mean of Hann-windowed segments that overlap by half (Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967),
    doi 10.1109/TAU.1967.1161901). Velocities are differences of successive positions; what this takes from the
    amplitude, (sin(w dt/2) / (w dt/2))^2, is put back, so that the spectrum is right up to the Nyquist frequency.

    The frequencies are those of the trajectory: velocity Verlet with a step of 1 fs raises that of a B-H stretch
    (2400 1/cm) by (w dt)^2/24, 0.9 %.

    Parameters
    ----------
    positions_A
        [n_frames, n_atoms, 3], unwrapped.
    frame_interval_fs
        Time between frames; vibrations faster than twice this cannot be seen.
    masses_u
        [n_atoms] weights of the atoms: with their masses the spectrum is the vibrational density of states.
    segment_fs
        Length of a segment: the resolution is about 2 / segment (67 1/cm for 1 ps).
    quantum_A
        What the positions are rounded to. Rounding is white noise of variance quantum_A^2 / 12 in the positions, and in
        the velocities rises with the square of the frequency; it is taken off.

    Raises
    ------
    ScienceError
        If the trajectory is shorter than a segment.
    """
    from scipy.signal import welch

    velocities = np.diff(positions_A, axis=0) / frame_interval_fs
    n_segment = _segment(len(velocities), frame_interval_fs, segment_fs)
    weights = np.ones(velocities.shape[1]) if masses_u is None else masses_u
    per_fs, density = welch(
        velocities - velocities.mean(axis=0), fs=1 / frame_interval_fs, nperseg=n_segment, axis=0, detrend="constant"
    )
    power = np.einsum("fax,a->f", density, weights) / velocities.shape[1]
    steps_per_fs = 2 * np.sin(np.pi * per_fs * frame_interval_fs) / frame_interval_fs
    rounding = 3 * float(np.mean(weights)) * quantum_A**2 / 12 * 2 * frame_interval_fs * steps_per_fs**2
    power = np.maximum(power - rounding, 0.0)
    lost = np.sinc(per_fs * frame_interval_fs) ** 2  # numpy's sinc is sin(pi x) / (pi x)
    return Spectrum(
        wavenumber_per_cm=per_fs / SPEED_OF_LIGHT_CM_PER_FS,
        power=power / lost * SPEED_OF_LIGHT_CM_PER_FS,
        resolution_per_cm=2 / (n_segment * frame_interval_fs) / SPEED_OF_LIGHT_CM_PER_FS,
    )


def highest_wavenumber(frame_interval_fs: float) -> float:
    """The Nyquist wavenumber, 1/cm: what vibrates faster is folded back below it."""
    return 0.5 / frame_interval_fs / SPEED_OF_LIGHT_CM_PER_FS


def orientation_spectrum(
    bonds_A: np.ndarray, *, frame_interval_fs: float, segment_fs: float = 1000.0
) -> tuple[Spectrum, float]:
    """Power spectrum of the directions of bonds, and how much of it there is.

    Of the unit vectors u(t), less their mean over the run: turning of the anion is at the lowest wavenumbers, libration
    at its own, and what stretches a bond is not in it. By Welch's method, as `power_spectrum`. The integral over the
    wavenumber is the mean of |u - <u>|^2 = 1 - |<u>|^2 but for what is slower than a segment, which is in the first
    points.

    Parameters
    ----------
    bonds_A
        [n_frames, n_bonds, 3], each from the centre of an anion to one of its atoms.
    frame_interval_fs, segment_fs
        As `power_spectrum`.

    Returns
    -------
    The spectrum, mean over bonds, and the mean of 1 - |<u>|^2.

    Raises
    ------
    InputError
        A bond of no length.
    ScienceError
        If the trajectory is shorter than a segment.
    """
    from scipy.signal import welch

    units = unit_vectors(bonds_A)
    mean = units.mean(axis=0)
    n_segment = _segment(len(units), frame_interval_fs, segment_fs)
    per_fs, density = welch(units - mean, fs=1 / frame_interval_fs, nperseg=n_segment, axis=0, detrend=False)  # type: ignore[arg-type]
    spectrum = Spectrum(
        wavenumber_per_cm=per_fs / SPEED_OF_LIGHT_CM_PER_FS,
        power=density.sum(axis=2).mean(axis=1) * SPEED_OF_LIGHT_CM_PER_FS,
        resolution_per_cm=2 / (n_segment * frame_interval_fs) / SPEED_OF_LIGHT_CM_PER_FS,
    )
    return spectrum, float(1.0 - np.square(mean).sum(axis=1).mean())


def unit_vectors(bonds_A: np.ndarray) -> np.ndarray:
    """Bonds [n_frames, n_bonds, 3] over their lengths.

    Raises
    ------
    InputError
        A bond of no length.
    """
    lengths = np.linalg.norm(bonds_A, axis=2, keepdims=True)
    if not (lengths > 0).all():
        raise InputError("an atom sits on the centre of its anion", remedy="check the trajectory")
    return bonds_A / lengths


def _segment(n_frames: int, frame_interval_fs: float, segment_fs: float) -> int:
    n_segment = round(segment_fs / frame_interval_fs)
    if n_frames < n_segment or n_segment < 8:
        raise ScienceError(
            f"{n_frames * frame_interval_fs:g} fs with a frame every {frame_interval_fs:g} fs are too short for "
            f"a spectrum in segments of {segment_fs:g} fs"
        )
    return n_segment


def find_band(spectrum: Spectrum, *, low_per_cm: float, high_per_cm: float) -> SpectralBand | None:
    """The band of a spectrum between two wavenumbers; None where there is no power in between.

    The peak is the highest point of the power smoothed over the resolution, refined by a parabola. Where two modes of
    like height share the band it may be either; the centre, the mean wavenumber weighted by the power, does not jump.
    """
    from scipy.ndimage import gaussian_filter1d

    x, power = spectrum.wavenumber_per_cm, spectrum.power
    inside = (x >= low_per_cm) & (x <= high_per_cm)
    total = float(power.sum())
    if inside.sum() < 3 or not power[inside].sum() > 1e-6 * total:
        return None
    step = float(x[1] - x[0])
    smooth = gaussian_filter1d(power, spectrum.resolution_per_cm / step / 4)
    top = int(np.flatnonzero(inside)[np.argmax(smooth[inside])])
    peak = float(x[top])
    if 0 < top < len(x) - 1:
        left, middle, right = smooth[top - 1 : top + 2]
        curvature = left - 2 * middle + right
        if curvature < 0:
            peak += float(np.clip((left - right) / (2 * curvature), -0.5, 0.5)) * step
    centre = float((x[inside] * power[inside]).sum() / power[inside].sum())
    return SpectralBand(peak_per_cm=peak, centre_per_cm=centre, share=float(power[inside].sum()) / total)
