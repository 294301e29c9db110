"""Volumes of the peaks of exchange spectra, by line shapes that are products of a line in each dimension.

A measurement is Y = sum_ij V_ij A_j D_i: A_j is the decay of site j over the indirect times, cosine and sine, D_i the
spectrum of site i over the direct dimension as the transform of its decay gives it. All mixing times share the sites'
shifts and widths and the phases, which are fitted to the sum of the measurements; the volumes follow by linear least
squares. Nothing is transformed in the indirect dimension, so a measurement that ends early has no wiggles, and the
noise is white. Boxes instead of lines leak 11 % of a Lorentzian diagonal into its neighbours.

The covariance holds the noise of the residuals and that of the gain from row to row (t1 noise), each by its variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.planes import Pairs, check_alike

Shape = Literal["lorentz", "gauss", "voigt"]
"""Of the lines: the decay is exponential, Gaussian, or the product of both."""
_WINDOW_WIDTHS = 12.0
"""The direct dimension is fitted to so many half widths on both sides of the outer lines."""
_FEWEST_WINDOW_POINTS = 24
_LEAST_SIGNAL = 6.0
"""A line is one that rises over so many standard deviations of the noise."""
_LEAST_HEIGHT = 0.03
"""And over this share of the highest."""
_LINE_WIDTHS = 4.0
"""A site lies within so many full widths of a line that is seen: closer ones may be one hump."""
_LEAST_RISE = 10.0
"""A site that was given can be a line that rises over so many standard deviations: a hump of noise rises over 8."""
_LEAST_SHARE = 5e-3
"""And over this share of the highest."""
_FEWEST_QUIET_POINTS = 16
"""Points beside the window from which the noise is taken; where there are fewer, it is that between neighbours."""
_MOST_TOLD = 4
_NO_WIDTH_HZ = 1e-9
"""Of a kind of width that the shape has not."""
_NUISANCES = 4
"""A level and a slope, real and imaginary, in the direct dimension of each row."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Volumes:
    """Volumes of a series of mixing times.

    Attributes
    ----------
    values
        [n_mixing, n_sites, n_sites]: magnetization that was at the last place and is at the one before, in units of all
        that there is at the first mixing time.
    covariance
        [n, n] of `values` as they lie in memory.
    shift_ppm, lorentz_Hz, gauss_Hz
        Of each site: widths at half height.
    direct_phase_deg, direct_phase1_deg, indirect_phase_deg
        That bring the spectra to absorption (see `to_plane`).
    row_noise
        Standard deviation of the relative gain from row to row, which the residuals have beyond their noise.
    residual_over_noise
        Root mean square of what the lines leave over the noise far from them: 1 where the shape is right.
    """

    values: np.ndarray
    covariance: np.ndarray
    shift_ppm: np.ndarray
    lorentz_Hz: np.ndarray
    gauss_Hz: np.ndarray
    direct_phase_deg: float
    direct_phase1_deg: float
    indirect_phase_deg: float
    row_noise: float
    residual_over_noise: float

    @property
    def std(self) -> np.ndarray:
        """Standard uncertainty of each volume."""
        return np.sqrt(np.diag(self.covariance)).reshape(self.values.shape)


def find_shifts(series: Sequence[Pairs]) -> np.ndarray:
    """Shifts of the lines of the direct dimension, ppm, falling: maxima of the mean magnitude of the first rows.

    Raises
    ------
    DataError
        Where nothing rises over the noise.
    """
    from scipy.signal import find_peaks

    spectrum = np.abs(np.mean([pairs.cosine[0] for pairs in series], axis=0))
    noise = float(np.median(spectrum)) / 1.177  # of a magnitude of noise, its median in standard deviations
    floor = max(_LEAST_SIGNAL * noise, _LEAST_HEIGHT * float(spectrum.max()))
    found, _ = find_peaks(spectrum, height=floor, prominence=floor)
    if not found.size or spectrum.max() < _LEAST_SIGNAL * noise:
        raise DataError("no signal over the noise", where=series[0].name, remedy="check the measurement")
    return series[0].shift_ppm[found][::-1]


def fit_volumes(
    series: Sequence[Pairs], *, shifts_ppm: Sequence[float] | np.ndarray, shape: Shape = "voigt"
) -> Volumes:
    """Volumes of all peaks between sites, for measurements that differ in their mixing time.

    Parameters
    ----------
    series
        Of each mixing time.
    shifts_ppm
        Of the sites, about; each is fitted within its width.
    shape
        Of the lines.

    Raises
    ------
    DataError
        For measurements that are not alike, a shift outside the spectrum or far from every line, and where no line
        rises over the noise.
    """
    from scipy.optimize import least_squares

    check_alike(series)
    fit = _Fit.of(series, np.asarray(shifts_ppm, dtype=float), shape)
    total = fit.data.sum(axis=0)
    scale = float(np.abs(total).max())
    starts = [fit.start(turn) for turn in (0.0, 0.5 * np.pi, -0.5 * np.pi, np.pi)]
    begin = min(starts, key=lambda start: float((fit.residuals(start, total) ** 2).sum()))
    found = least_squares(
        lambda theta: fit.residuals(theta, total).ravel() / scale, begin, bounds=fit.bounds(), x_scale=fit.scales(),
        xtol=1e-9, ftol=1e-10,
    )  # fmt: skip
    return fit.volumes(found.x)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Fit:
    """The data and what lines they are fitted with.

    The parameters are, for each site, its offset (Hz), Lorentzian and Gaussian width (Hz) as the shape has them; then
    the indirect dimension's further offset and width (Hz), the phases of the direct dimension (rad, and a delay in
    points) and that of the indirect one (rad).
    """

    data: np.ndarray
    noise: float
    window: np.ndarray
    offsets_Hz: np.ndarray
    widths_Hz: np.ndarray
    phase_rad: float
    n_points: int
    dwell_s: float
    times_s: np.ndarray
    carrier_shift_Hz: float
    shape: Shape
    first: Pairs

    @classmethod
    def of(cls, series: Sequence[Pairs], shifts_ppm: np.ndarray, shape: Shape) -> _Fit:
        first = series[0]
        shift = first.shift_ppm
        if not shifts_ppm.size or shifts_ppm.min() < shift[0] or shifts_ppm.max() > shift[-1]:
            outside = ", ".join(f"{value:g}" for value in shifts_ppm) or "none"
            raise DataError(
                f"sites at {outside} ppm", where=first.name,
                remedy=f"give shifts within the spectrum, {shift[0]:.4g} to {shift[-1]:.4g} ppm",
            )  # fmt: skip
        mean = np.mean([pairs.cosine[0] for pairs in series], axis=0)
        magnitude = np.abs(mean)
        step_Hz = first.axis.spectral_width_Hz / shift.size
        places = [int(np.argmin(np.abs(shift - value))) for value in shifts_ppm]
        noise_of_mean = float(np.median(magnitude)) / 1.177
        if max(magnitude[place] for place in places) < _LEAST_SIGNAL * noise_of_mean:
            raise DataError("no signal over the noise at these sites", where=first.name, remedy="check the shifts")
        _check_places(places, shifts_ppm, magnitude, first)
        widths = np.array([_width_points(magnitude, place) for place in places]) * step_Hz
        low = min(place - _WINDOW_WIDTHS * width / step_Hz for place, width in zip(places, widths, strict=True))
        high = max(place + _WINDOW_WIDTHS * width / step_Hz for place, width in zip(places, widths, strict=True))
        middle = 0.5 * (low + high)
        half = max(0.5 * (high - low), 0.5 * _FEWEST_WINDOW_POINTS)
        window = np.arange(max(int(middle - half), 0), min(int(middle + half) + 1, shift.size))
        rows = np.stack([np.concatenate([pairs.cosine, pairs.sine])[:, window] for pairs in series])
        outside = np.setdiff1d(np.arange(shift.size), window)
        every = np.stack([np.concatenate([pairs.cosine, pairs.sine]) for pairs in series])
        quiet = np.real(every[:, :, outside])
        if outside.size < _FEWEST_QUIET_POINTS:  # of white noise, the second difference has six times the variance
            quiet = np.diff(np.real(every), n=2, axis=2) / np.sqrt(6.0)
        return cls(
            data=np.concatenate([np.real(rows), np.imag(rows)], axis=2),
            noise=float(np.median(np.abs(quiet)) / 0.6745),
            window=window,
            offsets_Hz=(shifts_ppm - first.axis.carrier_ppm) * first.axis.reference_MHz,
            widths_Hz=widths,
            phase_rad=float(np.angle(mean[places[int(np.argmax(magnitude[places]))]])),
            n_points=shift.size,
            dwell_s=1 / first.axis.spectral_width_Hz,
            times_s=first.times_s,
            carrier_shift_Hz=1e6 * (first.axis.carrier_MHz - first.indirect.carrier_MHz),
            shape=shape,
            first=first,
        )

    @property
    def n_sites(self) -> int:
        return self.offsets_Hz.size

    def start(self, indirect_phase_rad: float) -> np.ndarray:
        """Where the fit begins."""
        share = {"lorentz": (1.0, 0.0), "gauss": (0.0, 1.0), "voigt": (0.6, 0.5)}[self.shape]
        sites = [self.offsets_Hz, *(np.maximum(self.widths_Hz * part, 0.5 * _NO_WIDTH_HZ) for part in share)]
        return np.concatenate([np.stack(sites, axis=1).ravel(), [0.0, 0.0, self.phase_rad, 0.0, indirect_phase_rad]])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends of each parameter: a site stays within its width, and widths do not get negative."""
        width, zero = self.widths_Hz, np.zeros(self.n_sites)
        lorentz = 5 * width if self.shape != "gauss" else zero + _NO_WIDTH_HZ
        gauss = 5 * width if self.shape != "lorentz" else zero + _NO_WIDTH_HZ
        low = np.stack([self.offsets_Hz - width, zero, zero], axis=1).ravel()
        high = np.stack([self.offsets_Hz + width, lorentz, gauss], axis=1).ravel()
        common = np.array([width.max(), 5 * width.max(), 10.0, 3.0, 10.0])
        lowest = np.concatenate([[-common[0], -0.5 * width.min()], -common[2:]])
        return np.concatenate([low, lowest]), np.concatenate([high, common])

    def scales(self) -> np.ndarray:
        """Sizes of a step in each parameter."""
        width = float(self.widths_Hz.mean())
        return np.concatenate([np.full(3 * self.n_sites, width), [width, width, 1.0, 1.0, 1.0]])

    def lines(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A, [2 n_times, n_sites], and D with the nuisances behind, [2 n_window, n_sites + 4]."""
        offset, lorentz, gauss = theta[: 3 * self.n_sites].reshape(-1, 3).T
        further_Hz, wider_Hz, phase, delay, indirect_phase = theta[3 * self.n_sites :]
        indirect = _decays(offset + further_Hz + self.carrier_shift_Hz, lorentz + wider_Hz, gauss, self.times_s)
        indirect = indirect * np.exp(1j * indirect_phase)
        decays = _decays(offset, lorentz, gauss, np.arange(self.n_points) * self.dwell_s)
        decays[0] *= 0.5
        spectra = np.fft.fftshift(np.fft.fft(decays, axis=0), axes=0)[self.window] * self.dwell_s
        place = (self.window - self.n_points // 2) / self.n_points
        spectra = spectra * np.exp(1j * (phase + 2 * np.pi * delay * place))[:, None]
        level = np.linspace(-1.0, 1.0, self.window.size)
        flat = np.zeros((2 * self.window.size, _NUISANCES))
        flat[: self.window.size, 0], flat[self.window.size :, 1] = 1.0, 1.0
        flat[: self.window.size, 2], flat[self.window.size :, 3] = level, level
        direct = np.concatenate(
            [np.concatenate([np.real(spectra), np.imag(spectra)]), flat * np.abs(spectra).max()], axis=1
        )
        return np.concatenate([np.real(indirect), np.imag(indirect)]), direct

    def residuals(self, theta: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """What the best volumes leave of one measurement, [2 n_times, 2 n_window]."""
        indirect, direct = self.lines(theta)
        across = np.linalg.lstsq(indirect, measured, rcond=None)[0]
        volumes = np.linalg.lstsq(direct, across.T, rcond=None)[0]
        return measured - indirect @ (direct @ volumes).T

    def volumes(self, theta: np.ndarray) -> Volumes:
        """Volumes of every measurement with their covariance."""
        n_sites, n_mixing = self.n_sites, self.data.shape[0]
        indirect, direct = self.lines(theta)
        from_rows, from_points = np.linalg.pinv(indirect), np.linalg.pinv(direct)
        amounts = np.einsum("jr,mrp,ip->mij", from_rows, self.data, from_points, optimize=True)
        model = np.einsum("rj,mij,pi->mrp", indirect, amounts, direct, optimize=True)
        left = self.data - model
        degrees = left.size - amounts.size - theta.size
        variance = float((left**2).sum()) / degrees
        slopes = self._slopes(theta)
        shared, inverse = self._shared(slopes, amounts.sum(axis=0), indirect, direct)
        moved = np.stack(
            [
                np.einsum("jr,rk,mik->mij", from_rows, rows, amounts)
                + np.einsum("ip,pk,mkj->mij", from_points, points, amounts)
                for rows, points in slopes
            ]
        )[:, :, :n_sites]
        # white noise moves the volumes of its own measurement, and by the shared parameters those of all: what moves
        # these lies outside what the volumes take up, so that the two are independent
        own = np.einsum("jl,ik->ijkl", from_rows @ from_rows.T, (from_points @ from_points.T)[:n_sites, :n_sites])
        of_all = moved.reshape(theta.size, -1)
        covariance = variance * n_mixing * of_all.T @ inverse @ of_all
        blocks = covariance.reshape(n_mixing, n_sites**2, n_mixing, n_sites**2)
        blocks[np.arange(n_mixing), :, np.arange(n_mixing)] += variance * own.reshape(n_sites**2, -1)
        # a row whose gain is off by 1 moves them so:
        own_rows = np.einsum("jr,mrp,ip->mrij", from_rows, model, from_points[:n_sites], optimize=True)
        rows = -np.einsum("tmij,tnr->nrmij", moved, np.einsum("trp,mrp->tmr", shared, model, optimize=True))
        rows[np.arange(n_mixing), :, np.arange(n_mixing)] += own_rows
        scores = rows.reshape(n_mixing * indirect.shape[0], -1)
        leverage = np.einsum("rj,jr->r", indirect, from_rows)
        gain = _gain_variance(left, model, leverage, variance)
        covariance += gain * scores.T @ scores
        values = amounts[:, :n_sites]
        scale = float(values[0].sum())
        if not abs(scale) > 0:
            raise DataError("no signal at the first mixing time", where=self.first.name, remedy="check the shifts")
        if scale < 0:
            theta = theta.copy()
            theta[-3] += np.pi
        parameters = theta[: 3 * n_sites].reshape(-1, 3)
        return Volumes(
            values=values / scale,
            covariance=covariance / scale**2,
            row_noise=float(np.sqrt(gain)),
            shift_ppm=self.first.axis.carrier_ppm + parameters[:, 0] / self.first.axis.reference_MHz,
            lorentz_Hz=parameters[:, 1],
            gauss_Hz=parameters[:, 2],
            direct_phase_deg=-float(np.rad2deg(theta[-3])),
            direct_phase1_deg=-360.0 * float(theta[-2]),
            indirect_phase_deg=-float(np.rad2deg(theta[-1])),
            residual_over_noise=float(np.sqrt(variance)) / self.noise,
        )

    def _slopes(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Derivatives of A and D by each parameter, by central differences (forward at the end of its range)."""
        found = []
        for place, size in enumerate(self.scales() * 1e-4):
            is_width = place < 3 * self.n_sites and place % 3 > 0
            ahead, behind = theta.copy(), theta.copy()
            ahead[place] += size
            behind[place] -= 0.0 if is_width and theta[place] < size else size
            span = ahead[place] - behind[place]
            (rows, points), (rows_0, points_0) = self.lines(ahead), self.lines(behind)
            found.append(((rows - rows_0) / span, (points - points_0) / span))
        return found

    def _shared(
        self,
        slopes: Sequence[tuple[np.ndarray, np.ndarray]],
        total: np.ndarray,
        indirect: np.ndarray,
        direct: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """How each point of the sum moves the shared parameters, [n_theta, n_rows, n_points], and the inverse of their
        normal matrix."""
        rows_basis, points_basis = np.linalg.qr(indirect)[0], np.linalg.qr(direct)[0]
        columns = []
        for rows, points in slopes:
            column = rows @ total.T @ direct.T + indirect @ total.T @ points.T
            column -= rows_basis @ (rows_basis.T @ column @ points_basis) @ points_basis.T  # what volumes take up
            columns.append(column)
        stacked = np.stack(columns)
        flat = stacked.reshape(len(columns), -1)
        size = np.linalg.norm(flat, axis=1)
        size[size < 1e-12 * size.max()] = np.inf  # a width that the shape has not
        gram = (flat / size[:, None]) @ (flat / size[:, None]).T
        inverse = np.linalg.pinv(gram, rcond=1e-8, hermitian=True) / np.outer(size, size)
        return np.einsum("tu,urp->trp", inverse, stacked), inverse


def _gain_variance(left: np.ndarray, model: np.ndarray, leverage: np.ndarray, variance: float) -> float:
    """Variance of the relative gain of the rows: what the residuals have along the rows of the model beyond the noise.

    A row of norm |y| has along itself the variance s2 + g2 |y|^2, and the fit takes up the share `leverage` of it.
    """
    square = (model**2).sum(axis=2)
    along = (left * model).sum(axis=2) ** 2 / np.maximum(square, 1e-300) / (1 - np.minimum(leverage, 0.9))
    excess = float(((along - variance) * square).sum() / (square**2).sum())
    return max(excess, 0.0)


def _decays(offset_Hz: np.ndarray, lorentz_Hz: np.ndarray, gauss_Hz: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Decays of lines, [n_times, n_sites]; widths at half height."""
    time = times_s[:, None]
    width = -np.pi * lorentz_Hz * time - (np.pi * gauss_Hz * time) ** 2 / (4 * np.log(2))
    return np.exp(2j * np.pi * offset_Hz * time + width)


def _check_places(places: Sequence[int], shifts_ppm: np.ndarray, magnitude: np.ndarray, first: Pairs) -> None:
    """Refuse a site that is on no line, nor on the flank of one: what lies in tails alone has no volume."""
    from scipy.signal import find_peaks

    between = float(np.median(np.abs(np.diff(magnitude, n=2)))) / 0.6745 / np.sqrt(6.0)  # without lines' tails
    least = max(_LEAST_RISE * between, _LEAST_SHARE * float(magnitude.max()))
    lines, _ = find_peaks(magnitude, height=least, prominence=least)
    reach = [max(_LINE_WIDTHS * _width_points(magnitude, line), _LINE_WIDTHS) for line in lines]
    for place, asked in zip(places, shifts_ppm, strict=True):
        if not any(abs(place - line) <= far for line, far in zip(lines, reach, strict=True)):
            largest = sorted(lines, key=lambda line: -magnitude[line])[:_MOST_TOLD]
            told = ", ".join(f"{first.shift_ppm[line]:.3g}" for line in largest)
            raise DataError(
                f"no line at {asked:g} ppm", where=first.name,
                remedy=f"the largest lie at {told} ppm" if told else "check the shifts",
            )  # fmt: skip


def _width_points(magnitude: np.ndarray, place: int) -> float:
    """Full width at half height of the line at a point, in points, by its magnitude: of a Lorentzian 1.7 times less."""
    half = 0.5 * magnitude[place]
    below = np.flatnonzero(magnitude < half)
    left, right = below[below < place], below[below > place]
    sides = [float(place - left[-1])] if left.size else []
    sides += [float(right[0] - place)] if right.size else []
    return max(2 * min(sides, default=4.0) / 1.73, 1.0)
