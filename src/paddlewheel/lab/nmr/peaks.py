"""Peaks of a spectrum before any fit: by matched filters, of any phase, narrow and broad, and the rate of spinning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.nmr.lineshapes import line
from paddlewheel.lab.nmr.signal import Signal

SEARCH_ORDER = 6
_FALSE_ALARM = 1e-4
"""Chance that noise alone is taken for a signal."""
_POINTS_OF_A_LINE = 10
"""Points over the width at half height that a fit keeps where it averages neighbours."""
_FINE_POINTS = 4096
"""Number of points from which on neighbours are averaged."""
_BROAD_POINTS = 512
"""Means of the spectrum over which broad lines are looked for."""
_BROAD_WIDTHS = 2.0 ** np.arange(-5, -1.6, 0.5)
"""Their widths, over that of the spectrum."""
_BROAD_GAIN = 0.3
"""Share of what narrow lines and wrong first points leave that a broad line must explain, to be looked at."""


@dataclass(frozen=True, eq=False)
class Peak:
    """A peak as matched filters find it: offset, width, and what it has of a line of unit energy."""

    offset_Hz: float
    fwhm_Hz: float
    amplitude: complex


def average_points(offset_Hz: np.ndarray, data: np.ndarray, peaks: Sequence[Peak]) -> tuple[np.ndarray, np.ndarray]:
    """Means of neighbouring points where these are more than the lines need; both [n_means].

    A mean over a tenth of the width at half height widens a line by some parts in a thousand. Peaks within the width of
    a stronger one may be what its shape leaves, and are no lines to keep.
    """
    narrowest = min(
        peak.fwhm_Hz
        for place, peak in enumerate(peaks)
        if all(abs(peak.offset_Hz - other.offset_Hz) > 2 * other.fwhm_Hz for other in peaks[:place])
    )
    most = int(narrowest / (offset_Hz[1] - offset_Hz[0]) / _POINTS_OF_A_LINE)
    together = min(most, len(data) // _FINE_POINTS)
    if together < 2:
        return offset_Hz, data
    n_means = len(data) // together
    offset, means = (each[: n_means * together].reshape(n_means, together).mean(axis=1) for each in (offset_Hz, data))
    return offset, means


def filter_transforms(spacing_Hz: float, n_points: int, widths_Hz: np.ndarray, is_complex: bool) -> np.ndarray:
    """Transforms of lines of unit energy at the first point, for correlations by FFT; [n_widths, n_points]."""
    offset = np.fft.fftfreq(n_points, 1 / n_points) * spacing_Hz
    lines = np.stack([line("lorentz", offset, {"fwhm_Hz": width}) for width in widths_Hz])
    lines = lines if is_complex else np.real(lines).astype(complex)
    return np.fft.fft(lines / np.linalg.norm(lines, axis=1, keepdims=True), axis=1)


def filter_widths(spacing_Hz: float, n_points: int) -> np.ndarray:
    return spacing_Hz * 2.0 ** np.arange(1, max(2, np.log2(n_points / 24)))


def find_peaks(offset_Hz: np.ndarray, data: np.ndarray, is_complex: bool) -> list[Peak]:
    """Peaks of any phase over the noise, the strongest first.

    Lines of several widths are correlated with the spectrum at every place, and the strongest is taken away, as CLEAN
    does. The noise of each width is told by the quietest tenth of the places, so its correlation needs no model.
    """
    n_points, spacing = len(data), float(offset_Hz[1] - offset_Hz[0])
    place = np.linspace(-1, 1, n_points)
    smooth = np.linalg.qr(np.polynomial.legendre.legvander(place, min(SEARCH_ORDER, n_points // 4)))[0]
    left = data - smooth @ (smooth.T @ data)
    if not np.any(np.abs(left) > 1e-12 * max(float(np.abs(data).max()), 1e-300)):
        return []
    widths = filter_widths(spacing, n_points)
    templates = filter_transforms(spacing, n_points, widths, is_complex)
    from scipy.stats import chi2

    degrees = 2 if is_complex else 1
    quiet = chi2.ppf(0.1, degrees) / degrees
    level = chi2.isf(_FALSE_ALARM / (n_points * 2), degrees) / degrees
    peaks: list[Peak] = []
    noise = np.full(len(widths), np.inf)
    for _ in range(24):
        matched = np.fft.ifft(np.fft.fft(left)[None, :] * np.conj(templates), axis=1)
        power = np.abs(matched) ** 2
        noise = np.minimum(noise, np.quantile(power, 0.1, axis=1) / quiet)
        power[power < level * noise[:, None]] = 0
        which, where = np.unravel_index(int(np.argmax(power)), power.shape)
        if power[which, where] == 0 or (peaks and power[which, where] < 1e-5 * abs(peaks[0].amplitude) ** 2):
            break
        amplitude = matched[which, where]
        peaks.append(Peak(float(offset_Hz[where]), float(widths[which]), complex(amplitude)))
        shape = np.fft.ifft(templates[which])
        left = left - amplitude * np.roll(shape, where)
    return peaks


def find_broad(offset_Hz: np.ndarray, data: np.ndarray, peaks: Sequence[Peak], is_complex: bool) -> Peak | None:
    """A line of a 30th to a third of the spectrum, which the polynomial under the search for peaks would take; or None.

    It is what explains most of what is left of the spectrum beside the narrow peaks, and beside the waves of the first
    three points of a decay, which are often wrong; a broad line has decayed only later.
    """
    together = max(1, len(data) // _BROAD_POINTS)
    n_means = len(data) // together
    offset, means = (each[: n_means * together].reshape(n_means, together).mean(axis=1) for each in (offset_Hz, data))
    spacing, span = float(offset[1] - offset[0]), float(offset[-1] - offset[0])
    least = max(_BROAD_WIDTHS[0] * span, 2 * spacing)
    known = [np.exp(2j * np.pi * turns * np.arange(n_means) / n_means) for turns in (-2, -1, 0, 1, 2)]
    known += [np.linspace(-1, 1, n_means).astype(complex)]
    known = known if is_complex else [part for each in known for part in (np.real(each), np.imag(each))]
    for peak in peaks:
        for width in {min(factor * peak.fwhm_Hz, least) for factor in (0.7, 1.0, 1.5)}:
            shape = line("gauss", offset - peak.offset_Hz, {"fwhm_Hz": max(width, 2 * spacing)})
            other = line("lorentz", offset - peak.offset_Hz, {"fwhm_Hz": max(width, 2 * spacing)})
            for each in (shape, other):
                known += [each] if is_complex else [np.real(each), np.imag(each)]
    columns = np.stack(known, axis=1)
    size = np.linalg.norm(columns, axis=0)
    vectors, values, _ = np.linalg.svd(columns[:, size > 0] / size[size > 0], full_matrices=False)
    base = vectors[:, values > 1e-6 * values[0]]
    left = means - base @ (base.conj().T @ means)
    whole = float(np.sum(np.abs(left) ** 2))
    best: Peak | None = None
    best_gain = _BROAD_GAIN * whole
    for width in span * _BROAD_WIDTHS:
        for at in np.arange(offset[0] + 0.25 * width, offset[-1], 0.25 * width):
            shape = line("gauss", offset - at, {"fwhm_Hz": width})
            shape = shape if is_complex else np.real(shape).astype(complex)
            shape = shape / np.linalg.norm(shape)
            seen = shape - base @ (base.conj().T @ shape)
            energy = float(np.sum(np.abs(seen) ** 2))
            if energy < 0.1:
                continue
            amplitude = complex(np.vdot(seen, left) / energy)
            gain = abs(amplitude) ** 2 * energy
            if gain > best_gain:
                best, best_gain = Peak(float(at), float(width), amplitude * np.sqrt(together)), gain
    return best


def window_around(offset_Hz: np.ndarray, peaks: Sequence[Peak], given_Hz: Sequence[float]) -> np.ndarray:
    """The points within some widths of the peaks, at least 256."""
    spacing = offset_Hz[1] - offset_Hz[0]
    reach = max(15 * peaks[0].fwhm_Hz, 64 * spacing)
    low = min([peak.offset_Hz - max(reach, 8 * peak.fwhm_Hz) for peak in peaks] + [at - reach for at in given_Hz])
    high = max([peak.offset_Hz + max(reach, 8 * peak.fwhm_Hz) for peak in peaks] + [at + reach for at in given_Hz])
    return (offset_Hz >= low) & (offset_Hz <= high)


def find_spinning_Hz(signal: Signal, peaks: Sequence[Peak], given_Hz: float | None) -> float | None:
    """Rate of spinning whose sidebands are among the peaks; None without sidebands.

    Without a rate in the file, it is the distance at which the largest peaks stand on both sides of the largest of all.
    """
    rate = given_Hz if given_Hz is not None else signal.conditions.spinning_Hz
    if rate == 0 or len(peaks) < 2:
        return None
    middle = peaks[0]
    tolerance = max(0.3 * middle.fwhm_Hz, 2 * signal.axis.spectral_width_Hz / signal.values.shape[1])
    apart = np.array([peak.offset_Hz - middle.offset_Hz for peak in peaks[1:]])
    if rate is not None:
        order = np.rint(apart / rate)
        found = (order != 0) & (np.abs(apart - order * rate) < tolerance * np.maximum(1, np.abs(order)) + 0.005 * rate)
        return rate if found.any() else None
    size = np.array([abs(peak.amplitude) for peak in peaks[1:]])
    best, largest = None, 0.0
    for distance, amplitude in zip(apart, size, strict=True):
        opposite = np.abs(apart + distance) < 4 * tolerance
        if distance > 8 * middle.fwhm_Hz and opposite.any():
            smaller = min(amplitude, float(size[opposite].max()))
            if smaller > largest:
                best, largest = float(distance), smaller
    return best
