"""Intensities of sites over the rows of a relaxation measurement, with the noise that the spectra show.

All rows have one phase, that of the row with the most signal: a row of an inversion is negative. A site is a region
that is integrated, or a line whose shift and widths are common to all rows and whose area is linear in each (variable
projection, doi 10.1137/0710036). The noise of an intensity is that of the points where no row has signal, with the
correlation of neighbours that apodization and zero filling make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.least_squares import Problem, fit
from paddlewheel.lab.nmr.lineshapes import voigt
from paddlewheel.lab.nmr.signal import Signal

_REGION_HEIGHT = 0.25
"""Of the largest point, down to which an automatic region reaches: two thirds of a Lorentzian's area, little noise."""
_LEAST_OVER_NOISE = 5.0
_LEAST_FREE = 0.1
_LAGS = 512
_COMMON_PARTS = 2
_WIDTHS = (1, 3, 9, 27, 81)
_MOST_WINDOW_POINTS = 4000
_OUT_OF_PHASE = 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteIntensities:
    """One site over the rows.

    Attributes
    ----------
    name
        As given, or its shift.
    shift_ppm
        Of the line, or of the middle of the region.
    region_ppm
        What was integrated; None for a fitted line.
    fwhm_ppm
        Of a fitted line; None for a region.
    intensity, std
        [n_rows] with its standard uncertainty by the noise.
    out_of_phase
        [n_rows] what is left out of phase, in the same unit.
    """

    name: str
    shift_ppm: float
    region_ppm: tuple[float, float] | None
    fwhm_ppm: float | None
    intensity: np.ndarray
    std: np.ndarray
    out_of_phase: np.ndarray

    @property
    def phase_drifts(self) -> bool:
        """Whether a row is out of phase with the strongest by more than noise and 15 degrees."""
        largest = np.abs(self.intensity).max()
        return bool(np.any(np.abs(self.out_of_phase) > np.maximum(_OUT_OF_PHASE * self.std, 0.26 * largest)))


def integrate_regions(
    spectra: Signal, regions_ppm: Sequence[tuple[float, float]] = (), names: Sequence[str] = ()
) -> list[SiteIntensities]:
    """Integrals of regions of spectra; without regions of the strongest line, down to a quarter of its height.

    Raises
    ------
    DataError
        For a region that is not in the spectra, or spectra without signal.
    """
    free = _free_of_signal(spectra)
    noise = _autocovariance(spectra, free)
    shifts = spectra.shift_ppm
    found = []
    for place, region in enumerate(list(regions_ppm) or [_strongest_region(spectra, noise)]):
        inside = (shifts >= region[0]) & (shifts <= region[1])
        if inside.sum() < 2:
            raise DataError(
                f"a region from {region[0]:g} to {region[1]:g} ppm", where=spectra.name,
                remedy=f"give one between {shifts[0]:.4g} and {shifts[-1]:.4g} ppm",
            )  # fmt: skip
        weights = inside.astype(complex)
        weights[free & ~inside] = -inside.sum() / max((free & ~inside).sum(), 1)
        sums = spectra.values @ weights
        middle = float(np.mean(region))
        name = names[place] if place < len(names) else f"{middle:.4g} ppm"
        std = np.full(len(sums), _std_of(weights, noise))
        found.append(_site(spectra, name, middle, sums, std, region=(float(region[0]), float(region[1])), fwhm=None))
    return found


def fit_lines(spectra: Signal, shifts_ppm: Sequence[float], names: Sequence[str] = ()) -> list[SiteIntensities]:
    """Areas of lines near the given shifts; Voigt lines with shifts, widths and shares common to all rows.

    Raises
    ------
    DataError
        For a shift outside the spectra, or spectra without signal.
    """
    ppm = spectra.shift_ppm
    for shift in shifts_ppm:
        if not ppm[0] < shift < ppm[-1]:
            raise DataError(
                f"a site at {shift:g} ppm", where=spectra.name,
                remedy=f"give shifts between {ppm[0]:.4g} and {ppm[-1]:.4g} ppm",
            )  # fmt: skip
    noise = _autocovariance(spectra, _free_of_signal(spectra))
    places_ppm = np.array(shifts_ppm, dtype=float)
    starts = [_width_ppm(spectra, shift) for shift in places_ppm]
    reach = max(6 * max(starts), 0.0)
    window = (ppm > places_ppm.min() - reach) & (ppm < places_ppm.max() + reach)
    offsets_Hz = (ppm[window] - places_ppm[0]) * spectra.axis.reference_MHz
    rows = _main_rows(spectra.values[:, window], len(places_ppm) + 1)
    bin_ppm = float(ppm[1] - ppm[0])

    def lines(theta: np.ndarray) -> np.ndarray:
        """[n_points, n_sites + 1]: each line with an area of one over Hz, and a level."""
        made = [
            voigt(
                offsets_Hz - (theta[3 * site] - places_ppm[0]) * spectra.axis.reference_MHz,
                fwhm_Hz=float(np.exp(theta[3 * site + 1])) * spectra.axis.reference_MHz,
                lorentz_share=float(theta[3 * site + 2]),
            )
            for site in range(len(places_ppm))
        ]
        basis = np.stack([*made, np.ones(len(offsets_Hz), dtype=complex)], axis=1)
        return basis if spectra.is_complex else np.real(basis)

    def residual(theta: np.ndarray) -> np.ndarray:
        basis, _ = np.linalg.qr(lines(theta))
        left = rows - (rows @ basis.conj()) @ basis.T
        return np.concatenate([np.real(left).ravel(), np.imag(left).ravel()])

    apart = np.diff(np.sort(places_ppm)).min() / 2 if len(places_ppm) > 1 else np.inf
    free_ppm = [min(apart, max(width, 3 * bin_ppm)) for width in starts]
    begin, lower, upper = [], [], []
    for shift, width, room in zip(places_ppm, starts, free_ppm, strict=True):
        begin += [shift, np.log(width), 0.5]
        lower += [shift - room, np.log(0.3 * bin_ppm), 0.0]
        upper += [shift + room, np.log(max(20 * width, 2 * bin_ppm)), 1.0]
    best = fit(
        Problem(residual=residual, lower=np.array(lower), upper=np.array(upper)), [np.array(begin)]
    ).theta  # fmt: skip
    inverse = np.linalg.pinv(lines(best))
    found = []
    for site, shift in enumerate(places_ppm):
        weights = np.zeros(len(ppm), dtype=complex)
        weights[window] = inverse[site]
        name = names[site] if site < len(names) else f"{shift:.4g} ppm"
        std = np.full(len(spectra.values), _std_of(weights, noise))
        found.append(
            _site(spectra, name, float(best[3 * site]), spectra.values @ weights, std, region=None,
                  fwhm=float(np.exp(best[3 * site + 1])))
        )  # fmt: skip
    return found


def _site(
    spectra: Signal,
    name: str,
    shift: float,
    sums: np.ndarray,
    std: np.ndarray,
    *,
    region: tuple[float, float] | None,
    fwhm: float | None,
) -> SiteIntensities:
    """Turned by the phase of the row of the longest delay, or of the strongest where that has half of it or less."""
    strength = np.abs(sums)
    row = int(np.argmax(strength))
    if spectra.delays_s is not None:
        longest = int(np.argmax(spectra.delays_s))
        row = longest if strength[longest] > 0.5 * strength[row] else row
    if strength.max() < _LEAST_OVER_NOISE * std[row]:
        raise DataError(
            f"no signal at {shift:.4g} ppm: {strength.max():.3g} with a noise of {std[row]:.3g}", where=spectra.name,
            remedy="give the region or the shift of the line, or measure more scans",
        )  # fmt: skip
    turned = sums * np.exp(-1j * np.angle(sums[row])) if spectra.is_complex else np.real(sums).astype(complex)
    return SiteIntensities(
        name=name, shift_ppm=shift, region_ppm=region, fwhm_ppm=fwhm, intensity=np.real(turned), std=std,
        out_of_phase=np.imag(turned),
    )  # fmt: skip


def _power(spectra: Signal) -> np.ndarray:
    """Mean square over rows of each point, [n_points]."""
    return np.mean(np.abs(spectra.values) ** 2, axis=0)


def _smoothed(values: np.ndarray, width: int) -> np.ndarray:
    if width == 1:
        return values
    return np.convolve(values, np.ones(width) / width, mode="same")


def _free_of_signal(spectra: Signal) -> np.ndarray:
    """[n_points] points where no row has signal: what stands out of the rest, with as much around it, is left out."""
    power = _power(spectra)
    width = max(len(power) // 200, 1)
    smooth = _smoothed(power, width)
    free = np.ones(len(power), dtype=bool)
    for _ in range(20):
        level = float(np.median(smooth[free]))
        spread = 1.4826 * float(np.median(np.abs(smooth[free] - level)))
        kept = smooth < level + 4 * spread
        if kept.sum() < _LEAST_FREE * len(power) or np.array_equal(kept, free):
            break
        free = kept
    margin = 2 * width + 1
    free = np.convolve(~free, np.ones(margin), mode="same") < 0.5
    if free.sum() < _LEAST_FREE * len(power):
        free = smooth <= np.quantile(smooth, _LEAST_FREE)
    return free


def _autocovariance(spectra: Signal, free: np.ndarray) -> np.ndarray:
    """Half of the mean of n(k + lag) n*(k) at lags of 0, 1, ... points, [n_lags]: at 0 the variance of the real part.

    It is complex, for decays begin at t = 0, and zeros behind them make real and imaginary part depend on each other.

    What rows have in common, such as the wings of lines, is taken out first: the largest singular parts.
    """
    values = spectra.values[:, free] - spectra.values[:, free].mean(axis=1, keepdims=True)
    common = min(_COMMON_PARTS, (len(values) - 1) // 3)
    if common:
        left, sizes, right = np.linalg.svd(values, full_matrices=False)
        values = values - (left[:, :common] * sizes[:common]) @ right[:common]
        values *= np.sqrt(len(values) / (len(values) - common))
    n_points = values.shape[1]
    lags = max(min(_LAGS, n_points // 4), 1)
    powers = np.mean(np.abs(np.fft.fft(values, 2 * n_points, axis=1)) ** 2, axis=0)
    found = np.fft.ifft(powers)[:lags] / (n_points - np.arange(lags))
    if spectra.is_complex:
        found = 0.5 * found
    found[np.abs(found) < 3 * np.abs(found[0]) / np.sqrt(values.size)] = 0.0
    return found


def _std_of(weights: np.ndarray, autocovariance: np.ndarray) -> float:
    """Standard deviation of the real part of a weighted sum of points, in any phase."""
    variance = np.real(autocovariance[0]) * float(np.sum(np.abs(weights) ** 2))
    for lag in range(1, len(autocovariance)):
        variance += 2 * float(np.real(autocovariance[lag] * np.sum(weights[lag:] * np.conj(weights[:-lag]))))
    return float(np.sqrt(max(variance, 0.0)))


def strongest_shift_ppm(spectra: Signal) -> float:
    """Shift of the point that stands out most when smoothed."""
    _, top = _standing_out(spectra, _autocovariance(spectra, _free_of_signal(spectra)))
    return float(spectra.shift_ppm[top])


def _strongest_region(spectra: Signal, noise: np.ndarray) -> tuple[float, float]:
    """Around the point that stands out most when smoothed, down to a quarter of its height."""
    chosen, top = _standing_out(spectra, noise)
    low = high = top
    while low > 0 and chosen[low - 1] > _REGION_HEIGHT * chosen[top]:
        low -= 1
    while high < len(chosen) - 1 and chosen[high + 1] > _REGION_HEIGHT * chosen[top]:
        high += 1
    ppm = spectra.shift_ppm
    return float(ppm[max(low - 1, 0)]), float(ppm[min(high + 1, len(ppm) - 1)])


def _standing_out(spectra: Signal, noise: np.ndarray) -> tuple[np.ndarray, int]:
    """Magnitude of the strongest row at the smoothing at which a line stands out most of its noise, and its place."""
    row = int(np.argmax(np.sum(np.abs(spectra.values) ** 2, axis=1)))
    values = spectra.values[row]
    best, chosen, top = 0.0, np.abs(values), int(np.argmax(np.abs(values)))
    for width in (each for each in _WIDTHS if each < len(values) // 4):
        smooth = np.abs(_smoothed(values, width))
        over = float(smooth.max()) / _std_of(np.full(width, 1 / width, dtype=complex), noise)
        if over > best * 1.2:
            best, chosen, top = over, smooth, int(np.argmax(smooth))
    return chosen, top


def _width_ppm(spectra: Signal, shift_ppm: float) -> float:
    """Full width at half of the height near a shift, by the root of the power over rows."""
    ppm, height = spectra.shift_ppm, np.sqrt(_power(spectra))
    place = int(np.argmin(np.abs(ppm - shift_ppm)))
    near = slice(max(place - 3, 0), place + 4)
    top = near.start + int(np.argmax(height[near]))
    half = 0.5 * (height[top] - np.median(height)) + np.median(height)
    low, high = top, top
    while low > 0 and height[low] > half:
        low -= 1
    while high < len(height) - 1 and height[high] > half:
        high += 1
    # the magnitude of a line is broader than its absorption, by the root of 3 for a Lorentzian
    return max(float(ppm[high] - ppm[low]) / 1.5, float(ppm[1] - ppm[0]))


def _main_rows(values: np.ndarray, count: int) -> np.ndarray:
    """The first `count` right singular vectors with their weights: what rows of few lines hold, [count, n_points]."""
    if values.shape[1] > _MOST_WINDOW_POINTS:
        step = values.shape[1] // _MOST_WINDOW_POINTS + 1
        values = values.copy()
        values[:, np.arange(values.shape[1]) % step != 0] = 0.0
    _, weights, vectors = np.linalg.svd(values, full_matrices=False)
    return weights[:count, None] * vectors[:count]
