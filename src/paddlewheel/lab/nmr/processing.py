"""From free induction decays to spectra: the digital filter's delay, apodization, zero filling, transform, phase.

A spectrum is S(nu) = integral of s(t) exp(-2 pi i nu t) dt over the times that were measured, so that its scale depends
neither on zero filling nor on the dwell time: a line of amplitude A integrates to A / 2 over its real part (Hz).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.signal import Signal

MOST_POINTS = 2**24
"""Of a row after zero filling."""
_SEARCHED_POINTS = 2048


def to_spectrum(
    signal: Signal, *, line_broadening_Hz: float = 0.0, gaussian_Hz: float = 0.0, zero_fill: int = 1
) -> Signal:
    """The spectra of decays, each row by itself; spectra are given back as they are.

    The delay of a digital filter is removed by its exact phase, whole points and fraction alike. The points before
    t = 0 are the filter's rise, half of which belongs to the signal: they stay. Without such a filter the first point
    is halved, for the transform is an integral that begins at it (Otting et al., J. Magn. Reson. 66, 187 (1986)).

    Parameters
    ----------
    signal
        In either domain of its rows; rows of an indirect dimension stay in time.
    line_broadening_Hz
        Full width at half maximum of the Lorentzian that lines are convolved with.
    gaussian_Hz
        That of a Gaussian.
    zero_fill
        Points of the spectrum over points of the decay. At 1 the noise of the points is independent, and real and
        imaginary part together hold all there is.

    Raises
    ------
    DataError
        For more than 2^24 points.
    """
    if signal.domain == "frequency":
        return signal
    n_points = signal.values.shape[1]
    if n_points * zero_fill > MOST_POINTS:
        raise DataError(f"{n_points} points x {zero_fill}", where=signal.name, remedy="fill with fewer zeros")
    time_s = (np.arange(n_points) - signal.group_delay_points) / signal.axis.spectral_width_Hz
    decays = signal.values * apodization(
        time_s, line_broadening_Hz=line_broadening_Hz, gaussian_Hz=gaussian_Hz
    )  # fmt: skip
    if signal.group_delay_points == 0:
        decays[:, 0] *= 0.5
    transformed = np.fft.fft(decays, n_points * zero_fill, axis=1) / signal.axis.spectral_width_Hz
    if signal.group_delay_points:
        transformed *= np.exp(2j * np.pi * np.fft.fftfreq(n_points * zero_fill) * signal.group_delay_points)
    return replace(
        signal, values=np.fft.fftshift(transformed, axes=1), domain="frequency", group_delay_points=0.0
    )  # fmt: skip


def apodization(time_s: np.ndarray, *, line_broadening_Hz: float = 0.0, gaussian_Hz: float = 0.0) -> np.ndarray:
    """What decays are multiplied with; [n_points]. 1 at t = 0, and even in time."""
    lorentzian = np.pi * line_broadening_Hz * np.abs(time_s)
    gaussian = (np.pi * gaussian_Hz * time_s) ** 2 / (4 * np.log(2))
    return np.exp(-lorentzian - gaussian)


def phased(spectrum: Signal, *, phase0_deg: float = 0.0, phase1_deg: float = 0.0) -> Signal:
    """A spectrum turned by phase0 + phase1 x (nu - nu of the carrier) / spectral width.

    Raises
    ------
    DataError
        For decays, and for a spectrum without its imaginary part.
    """
    _check_complex_spectrum(spectrum)
    n_points = spectrum.values.shape[1]
    return replace(spectrum, values=spectrum.values * _turn(phase0_deg, phase1_deg, _offsets(n_points)))


def autophase(spectrum: Signal, *, row: int | None = None, linear: bool = True) -> tuple[float, float]:
    """The two phases, degrees, that bring a spectrum close to absorption: a start for a fit, which refines them.

    What is minimized is the entropy of the real part's derivative with a penalty on what is negative
    (doi 10.1006/jmre.2002.2595), over a grid and then by simplex. The sign is the one that makes the sum positive.

    Parameters
    ----------
    spectrum
        Complex, in the frequency domain.
    row
        Which row to look at; the one of the longest delay, else of the largest sum of squares by default.
    linear
        Whether to look for the phase that is linear in frequency too.

    Raises
    ------
    DataError
        As `phased` does.
    """
    from scipy.optimize import minimize

    _check_complex_spectrum(spectrum)
    if row is None:
        strength = (np.abs(spectrum.values) ** 2).sum(axis=1) if spectrum.delays_s is None else spectrum.delays_s
        row = int(np.argmax(strength))
    values = _smoothed(spectrum.values[row])
    values = values / np.abs(values).max()
    offsets = _offsets(len(values))

    def cost(phases_deg: np.ndarray) -> float:
        return _unevenness((values * _turn(phases_deg[0], phases_deg[1] if linear else 0.0, offsets)).real)

    slopes = np.arange(-720.0, 721.0, 40.0) if linear else [0.0]
    starts = [np.array([phase0, slope]) for slope in slopes for phase0 in np.arange(-180.0, 180.0, 20.0)]
    best = sorted(starts, key=cost)[:3]
    found = min(
        (minimize(cost, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 1e-9}) for start in best),
        key=lambda result: result.fun,
    )
    phase0, phase1 = float(found.x[0]), float(found.x[1]) if linear else 0.0
    if (values * _turn(phase0, phase1, offsets)).real.sum() < 0:
        phase0 += 180.0
    return (phase0 + 180.0) % 360.0 - 180.0, phase1


def _smoothed(values: np.ndarray) -> np.ndarray:
    """A long spectrum with fewer points, each the mean of some."""
    times = len(values) // _SEARCHED_POINTS
    if times < 2:
        return values
    return values[: len(values) // times * times].reshape(-1, times).mean(axis=1)


def _unevenness(real: np.ndarray) -> float:
    """Entropy of the derivative's magnitude, with a penalty on negative points."""
    slope = np.abs(np.diff(real))
    share = slope / max(slope.sum(), 1e-300)
    entropy = -float((share[share > 0] * np.log(share[share > 0])).sum())
    negative = real[real < 0]
    return entropy + 1000.0 * float((negative**2).sum()) / len(real)


def _offsets(n_points: int) -> np.ndarray:
    """Offset of each point from the carrier over the spectral width; [n_points]."""
    return (np.arange(n_points) - n_points // 2) / n_points


def _turn(phase0_deg: float, phase1_deg: float, offsets: np.ndarray) -> np.ndarray:
    return np.exp(1j * np.deg2rad(phase0_deg + phase1_deg * offsets))


def _check_complex_spectrum(spectrum: Signal) -> None:
    if spectrum.domain != "frequency":
        raise DataError("a decay has no phase to set", where=spectrum.name, remedy="transform it")
    if not spectrum.is_complex:
        raise DataError(
            "only the real part is there, whose phase cannot be changed", where=spectrum.name,
            remedy="give the raw data, or the imaginary part",
        )  # fmt: skip
