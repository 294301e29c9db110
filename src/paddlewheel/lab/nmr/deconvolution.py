"""A spectrum as the sum of lines: sites with shifts, widths and areas, while phase and baseline are fitted too.

Variable projection (Golub and Pereyra, doi 10.1088/0266-5611/19/2/201): areas, which are not negative, and a complex
baseline of Legendre polynomials are linear; phases, shifts and shapes are not. The points of a spectrum are correlated
where it was filled with zeros or apodized, so the covariance is that of least squares under the noise that the
residual shows (White, doi 10.2307/1912934; with lags, as Newey and West, doi 10.2307/1913610), and the criteria for the
number of sites count the points that are independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.lineshapes import PARAMETERS, Kind, Powder, line
from paddlewheel.lab.nmr.signal import Signal

BASELINE_ORDERS = (2, 3, 4, 6, 8, 12, 16)
"""Orders of the baseline that are tried; sites are looked for over that of `_SEARCH_ORDER`. None is lower: a baseline
that hides in the noise of the points shows in the sum over a broad line, and to leave it out takes 10 % of its area."""
_SEARCH_ORDER = 6
_STRONG_EVIDENCE = 6.0
"""Difference of BIC from which evidence is called strong (Kass and Raftery, doi 10.1080/01621459.1995.10476572)."""
_FALSE_ALARM = 1e-4
"""Chance that noise alone is taken for a signal."""
_FEW = 0.15
"""Share of independent numbers below which it is told."""
_MOST_SITES = 8
_BROADER = 4.0
"""How many times wider a line under another is, to be a site of its own without a feature of its own."""
_LEAST_HEIGHT = 0.03
"""Height of such a line over that of the line on it; what a wrong shape leaves has less."""
_POINTS_OF_A_LINE = 10
"""Points over the width at half height that a fit keeps where it averages neighbours."""
_FINE_POINTS = 4096
"""Number of points from which on neighbours are averaged."""
_MOST_POINTS = 40_000
_DELAY_DWELLS = 3.0
"""Standard deviation of the time between pulse and first point, in dwell times: a prior that holds the first-order
phase where a single line does not."""
_BROAD_POINTS = 512
"""Means of the spectrum over which broad lines are looked for."""
_BROAD_WIDTHS = 2.0 ** np.arange(-5, -1.6, 0.5)
"""Their widths, over that of the spectrum."""
_BROAD_GAIN = 0.3
"""Share of what narrow lines and wrong first points leave that a broad line must explain, to be looked at."""
_STIFFNESS = 3.0
"""Widths of the widest line over which the baseline may bend once."""
_BEFORE_PULSE = 4.0
"""Energy of the second half of a decay, over that of the first, from which the imaginary part is of the other sign."""
_STRONG_PEAK = 0.05
"""Norm of a peak, over that of the strongest, from which it is told that no site has it."""
_LEFT = 0.5
"""Share of its norm that is then left by the fit."""
_STIFF = 1e3
"""Weight of a ratio of areas that is given, over that of the data."""


@dataclass(frozen=True, kw_only=True)
class SiteStart:
    """Where the fit of a site begins.

    Attributes
    ----------
    name, kind
        Its name and line shape.
    shift_ppm
        None where the data decide.
    values
        Parameters of the shape that are known roughly, by their names in `PARAMETERS`.
    """

    name: str
    kind: Kind
    shift_ppm: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of amounts that a compound has by itself.

    Attributes
    ----------
    first, second
        Names of sites.
    ratio
        Nuclei of the first over nuclei of the second.
    """

    first: str
    second: str
    ratio: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedSite:
    """A site of a spectrum.

    Attributes
    ----------
    name, kind
        Its name and line shape.
    shift_ppm
        Of its centre band, with its standard deviation.
    values
        The shape's parameters, each with its standard deviation; of one at the end of its range this is nan.
    orders, areas
        Orders of its bands under magic angle spinning, 0 the centre, and the area of each, in the file's unit times Hz.
    areas_std
        Standard deviations.
    """

    name: str
    kind: Kind
    shift_ppm: tuple[float, float]
    values: dict[str, tuple[float, float]]
    orders: tuple[int, ...]
    areas: np.ndarray
    areas_std: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A number of sites that was tried, with the criteria over the independent points; lower is better.

    `are_resolved` is False where a line is no feature of its own in the sum of the lines.
    """

    n_sites: int
    bic: float
    aicc: float
    residual_std: float
    are_resolved: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Deconvolution:
    """What `deconvolve` finds.

    Attributes
    ----------
    sites
        By falling shift unless names or shifts were given.
    areas, covariance
        Of each site with its sidebands: [n_sites], [n_sites, n_sites].
    phase_deg, delay_us
        Phase at `pivot_ppm`, and the time from the pulse's effective middle to the first point, which turns the phase
        along the spectrum; each with its standard deviation.
    pivot_ppm
        Middle of the window.
    spinning_Hz
        Rate of spinning as the sidebands have it, with its standard deviation; None without sidebands.
    baseline_order
        Of the polynomial.
    noise
        Standard deviation of the residual of a real point.
    n_points, n_effective
        Real numbers that were fitted, and how many independent ones carry as much.
    candidates
        The numbers of sites that were tried.
    shift_ppm
        Of the points of the window; [n_points].
    measured, baseline, lines
        Real parts after the fitted phase: [n_points], [n_points], [n_sites, n_points].
    is_complex
        Whether real and imaginary parts were fitted.
    warnings
        Sentences for the user.
    """

    sites: tuple[FittedSite, ...]
    areas: np.ndarray
    covariance: np.ndarray
    phase_deg: tuple[float, float]
    delay_us: tuple[float, float]
    pivot_ppm: float
    spinning_Hz: tuple[float, float] | None
    baseline_order: int
    noise: float
    n_points: int
    n_effective: float
    candidates: tuple[Candidate, ...]
    shift_ppm: np.ndarray
    measured: np.ndarray
    baseline: np.ndarray
    lines: np.ndarray
    is_complex: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Peak:
    """A peak as matched filters find it: offset, width, and what it has of a line of unit energy."""

    offset_Hz: float
    fwhm_Hz: float
    amplitude: complex


@dataclass(frozen=True, eq=False)
class _Window:
    """The points that are fitted: offsets from the carrier, data of a size near one, what scaled them."""

    offset_Hz: np.ndarray
    data: np.ndarray
    spacing_Hz: float
    pivot_Hz: float
    scale: float
    is_complex: bool
    delay_std_s: float
    has_free_phase: bool

    def seen(self, columns: np.ndarray) -> np.ndarray:
        """Columns as the data show them: without the imaginary part where it is not known."""
        return columns if self.is_complex else np.real(columns).astype(complex)

    def basis(self, order: int) -> np.ndarray:
        """Orthonormal polynomials over the window; [n_points, order + 1]."""
        place = np.linspace(-1, 1, len(self.offset_Hz))
        return np.linalg.qr(np.polynomial.legendre.legvander(place, order))[0]


def deconvolve(
    signal: Signal,
    *,
    row: int = 0,
    line_shape: Kind = "voigt",
    starts: Sequence[SiteStart] = (),
    n_sites: int | None = None,
    range_ppm: tuple[float, float] | None = None,
    spinning_Hz: float | None = None,
    ratios: Sequence[Ratio] = (),
    efficiencies: Mapping[str, float] | None = None,
    fit_phase: bool = True,
    baseline_order: int | None = None,
) -> Deconvolution:
    """Sites of a spectrum, their shifts, widths and areas with covariance.

    Parameters
    ----------
    signal
        In the frequency domain.
    row
        Of the signal.
    line_shape
        Of sites that `starts` does not have.
    starts
        Sites that are known; those without a shift are taken from the largest lines that remain.
    n_sites
        How many; where None and no starts, by evidence (BIC over the independent points, from strong evidence on) among
        lines that are features of their own.
    range_ppm
        Ends of what is fitted; by the signals where None.
    spinning_Hz
        Rate of spinning where sidebands are looked for; by `signal.conditions` or the data where None, 0 for none.
    ratios
        Between sites of `starts`.
    efficiencies
        Share of its full signal that each named site gives, for the ratios.
    fit_phase
        False where the phase of the file is to be kept, as programs do that fit a processed spectrum.
    baseline_order
        Of the polynomial; by AICc over `BASELINE_ORDERS` where None.

    Raises
    ------
    DataError
        For no signal over the noise or at the shifts, fewer points than parameters, or a range without points.
    """
    spectrum, turned = _causal(signal.values[row], signal.is_complex)
    offset_Hz = (np.arange(len(spectrum)) - len(spectrum) // 2) * signal.axis.spectral_width_Hz / len(spectrum)
    inside = np.ones(len(spectrum), dtype=bool)
    if range_ppm is not None:
        inside = (signal.shift_ppm >= min(range_ppm)) & (signal.shift_ppm <= max(range_ppm))
        if inside.sum() < 16:
            raise DataError(
                f"{int(inside.sum())} points from {min(range_ppm):g} to {max(range_ppm):g} ppm", where=signal.name,
                remedy=f"the spectrum goes from {signal.shift_ppm[0]:.5g} to {signal.shift_ppm[-1]:.5g} ppm",
            )  # fmt: skip
    ends = offset_Hz[inside][[0, -1]]
    found = _find_peaks(offset_Hz, spectrum, signal.is_complex)
    peaks = [peak for peak in found if ends[0] <= peak.offset_Hz <= ends[1]]
    given = [_offset_Hz(signal, start.shift_ppm) for start in starts if start.shift_ppm is not None]
    if not peaks:
        raise DataError(
            "no signal over the noise", where=signal.name,
            remedy="take more scans, or check nucleus, range and receiver",
        )  # fmt: skip
    rate_Hz = _spinning_Hz(signal, peaks, spinning_Hz)
    chosen = inside if range_ppm is not None else _around(offset_Hz, peaks, given)
    broad = _find_broad(offset_Hz[inside], spectrum[inside], peaks, signal.is_complex)
    if broad is not None and range_ppm is None:
        chosen = chosen | (np.abs(offset_Hz - broad.offset_Hz) <= 4 * broad.fwhm_Hz)
    fine = _averaged(offset_Hz[chosen], spectrum[chosen], peaks)
    window = _window(signal, *fine, fit_phase)
    powder = Powder(
        nucleus=signal.axis.nucleus,
        field_T=signal.axis.field_T,
        spinning_Hz=rate_Hz or signal.conditions.spinning_Hz or 0,
    )
    orders = BASELINE_ORDERS if baseline_order is None else (baseline_order,)
    every = [*peaks] if broad is None else [*peaks, broad]
    every.sort(key=lambda peak: -abs(peak.amplitude))
    search = _Search(window, powder, line_shape, rate_Hz, every, tuple(ratios), dict(efficiencies or {}), orders,
                     signal.name)  # fmt: skip
    wanted = n_sites or (len(starts) or None)
    placed = [(each, None if each.shift_ppm is None else _offset_Hz(signal, each.shift_ppm)) for each in starts]
    fit, candidates = search.grow(placed, wanted)
    fit, of_choice = search.over_baselines(fit)
    told = _told_ratios(fit)
    told = (*(told or (_told_peaks(signal, fit, peaks) if given else [])), *turned)
    result = _result(signal, window, fit, candidates, of_choice)
    result = replace(result, warnings=(*result.warnings, *told))
    if not (result.areas > 3 * np.sqrt(np.diag(result.covariance))).any():
        there = ", ".join(f"{_shift_ppm(signal, peak.offset_Hz):.4g}" for peak in peaks[:3])
        raise DataError(
            "no line at the shifts" if given else "its lines cannot be told apart", where=signal.name,
            remedy=f"the largest peaks lie at {there} ppm" + ("" if given else ": give --shifts-ppm or --sites"),
        )  # fmt: skip
    return result


def _causal(spectrum: np.ndarray, is_complex: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """The spectrum of a decay, whose imaginary part is turned where it is that of a signal before the pulse, and this
    in words."""
    if not is_complex:
        return spectrum, ()
    energy = np.abs(np.fft.ifft(np.fft.ifftshift(spectrum))) ** 2
    half = len(energy) // 2
    if energy[half:].sum() < _BEFORE_PULSE * energy[:half].sum():
        return spectrum, ()
    return spectrum.conj(), ("the imaginary part has the other sign, as of a signal before the pulse: it was turned",)


def _told_ratios(fit: _Fit) -> list[str]:
    """Ratios that the data contradict, by strong evidence."""
    if not fit.model.ratios:
        return []
    free = _refine(_evaluate(replace(fit.model, ratios=()), fit.theta))
    effective = _n_effective(fit.model.window, _correlation(free))
    if _criteria(fit, effective)[0] - _criteria(free, effective)[0] < _STRONG_EVIDENCE:
        return []
    names = [start.name for start in free.model.starts]
    amounts = _of_sites(free) / [free.model.efficiencies.get(name, 1.0) for name in names]
    return [
        f"the data contradict the ratio {each.first}:{each.second} of {each.ratio:g}: without it, it is "
        + (f"{over / under:.3g}" if under > 0 else "without an end")
        for each in fit.model.ratios
        for over, under in [(amounts[names.index(each.first)], amounts[names.index(each.second)])]
    ]


def _told_peaks(signal: Signal, fit: _Fit, peaks: Sequence[_Peak]) -> list[str]:
    """Strong peaks away from all sites and their sidebands, whose energy the fit leaves."""
    window = fit.model.window
    together = window.spacing_Hz * signal.values.shape[1] / signal.axis.spectral_width_Hz
    rest = _sum_of_points(fit) * window.scale * np.sqrt(together)  # of means, in the size of all points

    def left(peak: _Peak) -> float:
        shape = window.seen(line("lorentz", window.offset_Hz - peak.offset_Hz, {"fwhm_Hz": peak.fwhm_Hz}))
        return float(np.abs(np.vdot(shape, rest)) / np.linalg.norm(shape))

    shared, values = _split(fit.model, fit.theta)
    rate = shared.get("spinning_Hz", 0.0)
    bands = [
        (own["offset_Hz"] + order * rate, own["fwhm_Hz"] + own.get("sideband_broadening_Hz", 0.0))
        for own, orders in zip(values, fit.model.orders, strict=True)
        for order in orders
    ]
    alone = [
        f"{_shift_ppm(signal, peak.offset_Hz):.4g}"
        for peak in peaks
        if abs(peak.amplitude) > _STRONG_PEAK * abs(peaks[0].amplitude)
        and all(abs(peak.offset_Hz - at) > max(1.5 * width, peak.fwhm_Hz) for at, width in bands)
        and left(peak) > _LEFT * abs(peak.amplitude)
    ]
    if not alone:
        return []
    return [f"peaks at {', '.join(alone)} ppm belong to no site: is one missing, or the rate of spinning another?"]


def _offset_Hz(signal: Signal, shift_ppm: float) -> float:
    return (shift_ppm - signal.axis.carrier_ppm) * signal.axis.reference_MHz


def _shift_ppm(signal: Signal, offset_Hz: float) -> float:
    return signal.axis.carrier_ppm + offset_Hz / signal.axis.reference_MHz


def _averaged(offset_Hz: np.ndarray, data: np.ndarray, peaks: Sequence[_Peak]) -> tuple[np.ndarray, np.ndarray]:
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


def _window(signal: Signal, offset_Hz: np.ndarray, data: np.ndarray, fit_phase: bool) -> _Window:
    if len(data) > _MOST_POINTS:
        raise DataError(
            f"{len(data)} points to fit", where=signal.name,
            remedy=f"give a range with fewer than {_MOST_POINTS}, or fill the decay with fewer zeros",
        )  # fmt: skip
    scale = float(np.abs(data).max())
    return _Window(
        offset_Hz=offset_Hz,
        data=data / scale,
        spacing_Hz=float(offset_Hz[1] - offset_Hz[0]),
        pivot_Hz=float(offset_Hz[len(offset_Hz) // 2]),
        scale=scale,
        is_complex=signal.is_complex,
        delay_std_s=_DELAY_DWELLS / signal.axis.spectral_width_Hz,
        has_free_phase=fit_phase,
    )


def _templates(spacing_Hz: float, n_points: int, widths_Hz: np.ndarray, is_complex: bool) -> np.ndarray:
    """Transforms of lines of unit energy at the first point, for correlations by FFT; [n_widths, n_points]."""
    offset = np.fft.fftfreq(n_points, 1 / n_points) * spacing_Hz
    lines = np.stack([line("lorentz", offset, {"fwhm_Hz": width}) for width in widths_Hz])
    lines = lines if is_complex else np.real(lines).astype(complex)
    return np.fft.fft(lines / np.linalg.norm(lines, axis=1, keepdims=True), axis=1)


def _filter_widths(spacing_Hz: float, n_points: int) -> np.ndarray:
    return spacing_Hz * 2.0 ** np.arange(1, max(2, np.log2(n_points / 24)))


def _find_peaks(offset_Hz: np.ndarray, data: np.ndarray, is_complex: bool) -> list[_Peak]:
    """Peaks of any phase over the noise, the strongest first.

    Lines of several widths are correlated with the spectrum at every place, and the strongest is taken away, as CLEAN
    does. The noise of each width is told by the quietest tenth of the places, so its correlation needs no model.
    """
    n_points, spacing = len(data), float(offset_Hz[1] - offset_Hz[0])
    place = np.linspace(-1, 1, n_points)
    smooth = np.linalg.qr(np.polynomial.legendre.legvander(place, min(_SEARCH_ORDER, n_points // 4)))[0]
    left = data - smooth @ (smooth.T @ data)
    if not np.any(np.abs(left) > 1e-12 * max(float(np.abs(data).max()), 1e-300)):
        return []
    widths = _filter_widths(spacing, n_points)
    templates = _templates(spacing, n_points, widths, is_complex)
    from scipy.stats import chi2

    degrees = 2 if is_complex else 1
    quiet = chi2.ppf(0.1, degrees) / degrees
    level = chi2.isf(_FALSE_ALARM / (n_points * 2), degrees) / degrees
    peaks: list[_Peak] = []
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
        peaks.append(_Peak(float(offset_Hz[where]), float(widths[which]), complex(amplitude)))
        shape = np.fft.ifft(templates[which])
        left = left - amplitude * np.roll(shape, where)
    return peaks


def _find_broad(offset_Hz: np.ndarray, data: np.ndarray, peaks: Sequence[_Peak], is_complex: bool) -> _Peak | None:
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
    best: _Peak | None = None
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
                best, best_gain = _Peak(float(at), float(width), amplitude * np.sqrt(together)), gain
    return best


def _around(offset_Hz: np.ndarray, peaks: Sequence[_Peak], given_Hz: Sequence[float]) -> np.ndarray:
    """The points within some widths of the peaks, at least 256."""
    spacing = offset_Hz[1] - offset_Hz[0]
    reach = max(15 * peaks[0].fwhm_Hz, 64 * spacing)
    low = min([peak.offset_Hz - max(reach, 8 * peak.fwhm_Hz) for peak in peaks] + [at - reach for at in given_Hz])
    high = max([peak.offset_Hz + max(reach, 8 * peak.fwhm_Hz) for peak in peaks] + [at + reach for at in given_Hz])
    return (offset_Hz >= low) & (offset_Hz <= high)


def _spinning_Hz(signal: Signal, peaks: Sequence[_Peak], given_Hz: float | None) -> float | None:
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


@dataclass(frozen=True, eq=False)
class _Parameter:
    """A nonlinear parameter: its name, the site that it belongs to, its ends, and the step of its derivative."""

    name: str
    site: int | None
    low: float
    high: float
    step: float


@dataclass(frozen=True, eq=False)
class _Model:
    """Phases, spinning and sites over a window; parameters are `phase`, `delay_s`, `spinning_Hz`, then the sites'."""

    window: _Window
    powder: Powder
    starts: tuple[SiteStart, ...]
    orders: tuple[tuple[int, ...], ...]
    basis: np.ndarray
    ratios: tuple[Ratio, ...]
    efficiencies: Mapping[str, float]
    noise: float

    @property
    def has_sidebands(self) -> bool:
        return any(len(orders) > 1 for orders in self.orders)

    def parameters(self) -> list[_Parameter]:
        """All of them, in the order of the vector."""
        window, tiny = self.window, 1e-3 * self.window.spacing_Hz
        low, high = float(window.offset_Hz[0]), float(window.offset_Hz[-1])
        reach = np.inf if window.has_free_phase else 0.0
        found = [
            _Parameter("phase", None, -reach, reach, 1e-4),
            _Parameter(
                "delay_s", None, *((-reach, reach) if window.is_complex else (0.0, 0.0)), 1e-4 * window.delay_std_s
            ),
        ]
        if self.has_sidebands:
            found.append(_Parameter("spinning_Hz", None, window.spacing_Hz, np.inf, tiny))
        for site, start in enumerate(self.starts):
            found.append(_Parameter("offset_Hz", site, low, high, tiny))
            for each in PARAMETERS[start.kind]:
                width = each.name == "fwhm_Hz"
                ends = (0.5 * window.spacing_Hz, 0.5 * (high - low)) if width else (each.low, each.high)
                found.append(_Parameter(each.name, site, *ends, tiny if width else 1e-3 * each.scale))
            if len(self.orders[site]) > 1:
                found.append(_Parameter("sideband_broadening_Hz", site, 0.0, 0.5 * (high - low), tiny))
        return found

    def bands(self, site: int, theta: Mapping[str, float], rate_Hz: float) -> np.ndarray:
        """Lines of a site's bands without phase; [n_points, n_orders]."""
        kind = self.starts[site].kind
        values = {each.name: theta[each.name] for each in PARAMETERS[kind]}
        columns = []
        for order in self.orders[site]:
            shape = dict(values)
            if order:
                shape["fwhm_Hz"] += theta["sideband_broadening_Hz"]
            at = self.window.offset_Hz - theta["offset_Hz"] - order * rate_Hz
            columns.append(line(kind, at, shape, self.powder))
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A model with the values that fit, its columns with phase (less the baseline) and the residual."""

    model: _Model
    theta: np.ndarray
    amplitudes: np.ndarray
    columns: np.ndarray
    residual: np.ndarray
    cost: float

    def of_site(self, site: int | None) -> dict[str, float]:
        """Values by name, of a site or of the whole."""
        pairs = zip(self.model.parameters(), self.theta, strict=True)
        return {parameter.name: float(value) for parameter, value in pairs if parameter.site == site}

    @property
    def n_parameters(self) -> int:
        """Real numbers that were fitted, the baseline's among them."""
        linear = self.model.basis.shape[1] * (2 if self.model.window.is_complex else 1)
        return len(self.theta) + len(self.amplitudes) + linear - len(self.model.ratios)


def _turn(window: _Window, phase: float, delay_s: float) -> np.ndarray:
    return np.exp(1j * (phase + 2 * np.pi * delay_s * (window.offset_Hz - window.pivot_Hz)))


def _project(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return columns - basis @ (basis.T @ columns)


def _split(model: _Model, theta: np.ndarray) -> tuple[dict[str, float], list[dict[str, float]]]:
    shared: dict[str, float] = {}
    sites: list[dict[str, float]] = [{} for _ in model.starts]
    for parameter, value in zip(model.parameters(), theta, strict=True):
        (shared if parameter.site is None else sites[parameter.site])[parameter.name] = float(value)
    return shared, sites


def _evaluate(model: _Model, theta: np.ndarray) -> _Fit:
    """Areas that are not negative at given nonlinear parameters."""
    window = model.window
    shared, sites = _split(model, theta)
    rate = shared.get("spinning_Hz", 0.0)
    turn = _turn(window, shared["phase"], shared["delay_s"])
    bare = np.concatenate([model.bands(site, values, rate) for site, values in enumerate(sites)], axis=1)
    columns = np.concatenate([_project(model.basis, window.seen(turn[:, None] * bare)), _stiff_rows(model, bare)])
    prior = model.noise * shared["delay_s"] / window.delay_std_s
    data = np.concatenate([_project(model.basis, window.data), np.zeros(len(columns) - len(bare))])
    amplitudes = _not_negative(np.real(columns.conj().T @ columns), np.real(columns.conj().T @ data))
    residual = data - columns @ amplitudes
    return _Fit(model, theta, amplitudes, columns, residual, float(np.sum(np.abs(residual) ** 2) + prior**2))


def _stiff_rows(model: _Model, bare: np.ndarray) -> np.ndarray:
    """A row for each ratio that is given, which is zero where the areas have it; [n_ratios, n_columns]."""
    names = [start.name for start in model.starts for _ in model.orders[model.starts.index(start)]]
    size = _STIFF * float(np.linalg.norm(bare, axis=0).max())
    rows = np.zeros((len(model.ratios), len(names)), dtype=complex)
    for row, ratio in zip(rows, model.ratios, strict=True):
        for column, name in enumerate(names):
            if name == ratio.first:
                row[column] = size / (ratio.ratio * model.efficiencies.get(name, 1.0))
            elif name == ratio.second:
                row[column] = -size / model.efficiencies.get(name, 1.0)
    return rows


def _not_negative(gram: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Least squares without negative values by an active set; two lines that have merged leave it well-defined."""
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled, wanted = gram * scale[:, None] * scale + 1e-12 * np.eye(len(gram)), against * scale
    used = np.ones(len(gram), dtype=bool)
    found = np.zeros(len(gram))
    for _ in range(4 * len(gram) + 4):
        found[:] = 0
        found[used] = np.linalg.solve(scaled[np.ix_(used, used)], wanted[used])
        if found.min() < 0:
            used[np.argmin(found)] = False
            continue
        pull = np.where(used, -np.inf, wanted - scaled @ found)
        if pull.max() < 1e-8 * np.abs(wanted).max():
            break
        used[np.argmax(pull)] = True
    return np.maximum(found, 0) * scale


def _derivatives(fit: _Fit) -> np.ndarray:
    """Of the model in the nonlinear parameters, areas held; [n_rows, n_parameters]."""
    model, window = fit.model, fit.model.window
    shared, sites = _split(model, fit.theta)
    rate = shared.get("spinning_Hz", 0.0)
    turn = _turn(window, shared["phase"], shared["delay_s"])
    ends = np.cumsum([0, *(len(orders) for orders in model.orders)])
    areas = [fit.amplitudes[first:last] for first, last in pairwise(ends)]
    sums = [model.bands(site, values, rate) @ areas[site] for site, values in enumerate(sites)]
    whole = turn * np.sum(sums, axis=0)
    rows = []
    for parameter, value in zip(model.parameters(), fit.theta, strict=True):
        if parameter.name == "phase":
            rows.append(1j * whole)
        elif parameter.name == "delay_s":
            rows.append(2j * np.pi * (window.offset_Hz - window.pivot_Hz) * whole)
        elif parameter.site is None:
            moved = [
                model.bands(site, values, rate + parameter.step) @ areas[site] for site, values in enumerate(sites)
            ]
            rows.append(turn * (np.sum(moved, axis=0) - np.sum(sums, axis=0)) / parameter.step)
        else:
            step = parameter.step if value + parameter.step <= parameter.high else -parameter.step
            values = sites[parameter.site] | {parameter.name: float(value) + step}
            moved = model.bands(parameter.site, values, rate) @ areas[parameter.site]
            rows.append(turn * (moved - sums[parameter.site]) / step)
    columns = _project(model.basis, window.seen(np.stack(rows, axis=1)))
    return np.concatenate([columns, np.zeros((len(model.ratios), columns.shape[1]))])


def _at_an_end(fit: _Fit, pull: np.ndarray) -> np.ndarray:
    """Which parameters are at an end of their range and would leave it."""
    ends = np.array([(parameter.low, parameter.high) for parameter in fit.model.parameters()])
    low, high = fit.theta <= ends[:, 0], fit.theta >= ends[:, 1]
    return (low & (pull < 0)) | (high & (pull > 0)) | (low & high)


def _refine(fit: _Fit, most_steps: int = 60, hold: frozenset[str] = frozenset()) -> _Fit:
    """Levenberg and Marquardt on the projected problem (Kaufman's Jacobian), inside the ends; `hold` stays."""
    parameters = fit.model.parameters()
    held = np.array([parameter.name in hold for parameter in parameters])
    ends = np.array([(parameter.low, parameter.high) for parameter in parameters])
    damping, small = 1e-3, 0
    for _ in range(most_steps):
        used = fit.amplitudes > 0
        columns, moves = fit.columns[:, used], _derivatives(fit)
        gram = np.real(columns.conj().T @ columns) if used.any() else np.zeros((0, 0))
        if used.any():
            size = 1 / np.sqrt(np.diag(gram))
            cross = np.real(columns.conj().T @ moves)
            solved = np.linalg.lstsq(gram * size[:, None] * size, cross * size[:, None], rcond=1e-11)[0]
            moves = moves - columns @ (solved * size[:, None])
        normal, pull = np.real(moves.conj().T @ moves), np.real(moves.conj().T @ fit.residual)
        weight = (fit.model.noise / fit.model.window.delay_std_s) ** 2
        normal[1, 1] += weight
        pull[1] -= weight * fit.theta[1]
        free = ~_at_an_end(fit, pull) & ~held & (np.diag(normal) > 1e-300)
        scale = 1 / np.sqrt(np.diag(normal)[free])
        scaled = normal[np.ix_(free, free)] * scale[:, None] * scale
        while True:
            step = np.zeros(len(parameters))
            damped = scaled + damping * np.eye(len(scale))
            step[free] = scale * np.linalg.solve(damped, pull[free] * scale)
            trial = _evaluate(fit.model, np.clip(fit.theta + step, ends[:, 0], ends[:, 1]))
            if trial.cost < fit.cost or damping > 1e8:
                break
            damping *= 5
        if trial.cost >= fit.cost:
            return fit
        gained = (fit.cost - trial.cost) / fit.cost
        fit, damping = trial, max(damping / 5, 1e-9)
        small = small + 1 if gained < 1e-6 else 0
        if small == 2 or gained < 1e-10:
            return fit
    return fit


def _correlation(fit: _Fit) -> np.ndarray:
    """Autocovariance of the noise at lags from 0, tapered; of one lag where the noise is white by its own test.

    What the fit took of the noise is given back by the numbers that are independent, less the parameters.
    """
    residual = _sum_of_points(fit)
    n_points = len(residual)
    size = 2 ** int(np.ceil(np.log2(2 * n_points)))
    power = np.abs(np.fft.fft(residual, size)) ** 2
    lags = int(np.clip(n_points // 16, 4, 128))
    found = np.fft.ifft(power)[:lags] / n_points
    rho = np.abs(found[1:] / found[0]) ** 2
    expected = lags / n_points
    if rho[:8].sum() < 8 / n_points * 3 and rho.sum() < expected + 4 * np.sqrt(lags) / n_points:
        found = found[:1]
    else:
        found = found * np.cos(0.5 * np.pi * np.arange(lags) / lags) ** 2
    effective = _n_effective(fit.model.window, found)
    return found * effective / max(effective - fit.n_parameters, 0.25 * effective)


def _n_effective(window: _Window, covariance: np.ndarray) -> float:
    """How many independent real numbers have a sum of squares of the same relative variance."""
    share = 1 + 2 * float(np.sum(np.abs(covariance[1:] / covariance[0]) ** 2))
    return len(window.data) * (2 if window.is_complex else 1) / share


def _criteria(fit: _Fit, n_effective: float) -> tuple[float, float]:
    """BIC and AICc over the independent numbers."""
    numbers = len(fit.model.window.data) * (2 if fit.model.window.is_complex else 1)
    k, n = fit.n_parameters, n_effective
    misfit = n * np.log(max(float(np.sum(np.abs(fit.residual) ** 2)), 1e-300) / numbers)
    return misfit + k * np.log(n), misfit + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1.0)


def _of_sites(fit: _Fit) -> np.ndarray:
    """Area of each site, bands together; [n_sites]."""
    ends = np.cumsum([0, *(len(orders) for orders in fit.model.orders)])
    return np.add.reduceat(fit.amplitudes, ends[:-1])


def _sum_of_points(fit: _Fit) -> np.ndarray:
    return fit.residual[: len(fit.model.window.data)]


@dataclass(frozen=True, eq=False)
class _Search:
    """How many sites, and where."""

    window: _Window
    powder: Powder
    line_shape: Kind
    rate_Hz: float | None
    peaks: Sequence[_Peak]
    ratios: tuple[Ratio, ...]
    efficiencies: Mapping[str, float]
    baseline_orders: tuple[int, ...]
    name: str

    def grow(
        self, placed: Sequence[tuple[SiteStart, float | None]], wanted: int | None
    ) -> tuple[_Fit, tuple[Candidate, ...]]:
        """The fit with the number of sites that is wanted, or that the evidence asks for."""
        known = [(start, at) for start, at in placed if at is not None]
        fit: _Fit | None = None
        if known:
            fit = self._from_known(known)
        names = [start for start, at in placed if at is None]
        candidates: list[Candidate] = [] if fit is None else [self._candidate(fit)]
        while True:
            count = 0 if fit is None else len(fit.model.starts)
            if count >= (wanted or _MOST_SITES):
                break
            start = names.pop(0) if names else SiteStart(name=f"site {count + 1}", kind=self.line_shape)
            if wanted is not None:
                fit = self._with_another(fit, start)
                candidates.append(self._candidate(fit))
                continue
            trial = self._with_another(fit, start)
            tried = self._candidate(trial)
            if fit is not None and not tried.are_resolved and self._is_better(trial, fit):
                candidates.append(tried)  # told; a site may still lie where no line is
                other = self._with_peak_apart(fit, start)
                if other is None:
                    break
                trial, tried = other, self._candidate(other)
            if fit is not None and not (self._is_better(trial, fit) and tried.are_resolved):
                candidates.append(tried)
                break
            fit = trial
            candidates.append(tried)
        assert fit is not None
        return fit, tuple(candidates)

    def _is_better(self, trial: _Fit, fit: _Fit) -> bool:
        """Whether the evidence for the trial is strong, by BIC over the points that are independent under it."""
        effective = _n_effective(self.window, _correlation(trial))
        better = _criteria(fit, effective)[0] - _criteria(trial, effective)[0]
        return better >= _STRONG_EVIDENCE and bool((_of_sites(trial) > 0).all())

    def _from_known(self, known: Sequence[tuple[SiteStart, float]]) -> _Fit:
        """The fit of sites that are known; begun with other widths where one of them was lost to its neighbour."""
        best: _Fit | None = None
        for factor in (1.0, 0.6, 1.6, 0.35):
            sites = []
            for start, at in known:
                values = self._values(start, at)
                if "fwhm_Hz" not in start.values:
                    values["fwhm_Hz"] *= factor
                sites.append((start, values))
            fit = _refine(_refine(self._begin(sites, self._phases()), 12, frozenset(("offset_Hz", "lorentz_share"))))
            best = fit if best is None or fit.cost < best.cost else best
            if (_of_sites(fit) > 0).all():
                break
        assert best is not None
        return best

    def over_baselines(self, fit: _Fit) -> tuple[_Fit, np.ndarray]:
        """The same sites over the baseline of lowest AICc, and the covariance that the choice adds.

        It is the spread of the other orders' values around the chosen ones, by their Akaike weights (Burnham and
        Anderson, doi 10.1177/0049124104268644).
        """
        covariance = _correlation(fit)
        effective = _n_effective(self.window, covariance)
        noise = float(np.sqrt(covariance[0].real * len(self.window.data) * (1 + self.window.is_complex) / effective))
        fit = _refine(_evaluate(replace(fit.model, noise=noise), fit.theta))
        fits = []
        lowest = min(self.baseline_orders)
        stiff = self._most_bends(max(values["fwhm_Hz"] for values in _split(fit.model, fit.theta)[1]))
        for order in self.baseline_orders:
            if order <= min(max(len(self.window.data) // 16, lowest), stiff):
                there = order == fit.model.basis.shape[1] - 1
                start = _evaluate(replace(fit.model, basis=self.window.basis(order)), fit.theta)
                fits.append(fit if there else _refine(start, 15))
        values = np.array([_criteria(each, effective)[1] for each in fits])
        best = fits[int(np.argmin(values))]
        weights = np.exp(-0.5 * (values - values.min()))
        away = np.array([np.concatenate([each.theta, each.amplitudes]) for each in fits])
        away -= np.concatenate([best.theta, best.amplitudes])
        return best, (away.T * (weights / weights.sum())) @ away

    def _candidate(self, fit: _Fit) -> Candidate:
        effective = _n_effective(self.window, _correlation(fit))
        bic, aicc = _criteria(fit, effective)
        numbers = len(self.window.data) * (2 if self.window.is_complex else 1)
        rms = np.sqrt(np.sum(np.abs(_sum_of_points(fit)) ** 2) / numbers)
        return Candidate(
            n_sites=len(fit.model.starts), bic=bic, aicc=aicc, residual_std=float(rms * self.window.scale),
            are_resolved=_are_resolved(fit),
        )  # fmt: skip

    def _phases(self) -> tuple[float, float]:
        """Phase at the pivot and delay from the peaks' phases; the shortest delay among those that fit as well."""
        if not self.window.has_free_phase:
            return 0.0, 0.0
        if not self.window.is_complex:
            return (0.0 if self.peaks[0].amplitude.real > 0 else np.pi), 0.0
        strong = [peak for peak in self.peaks if abs(peak.amplitude) > 0.1 * abs(self.peaks[0].amplitude)]
        weights = np.array([peak.amplitude for peak in strong])
        at = np.array([peak.offset_Hz for peak in strong]) - self.window.pivot_Hz
        delays = np.linspace(-1, 1, 201) * 2 * self.window.delay_std_s
        sums = np.exp(-2j * np.pi * delays[:, None] * at) @ weights
        score = np.abs(sums) / np.abs(weights).sum() - 0.05 * (delays / self.window.delay_std_s) ** 2
        best = int(np.argmax(score))
        return float(np.angle(sums[best])), float(delays[best])

    def _values(self, start: SiteStart, at_Hz: float, fwhm_Hz: float | None = None) -> dict[str, float]:
        near = min(self.peaks, key=lambda peak: abs(peak.offset_Hz - at_Hz))
        width = fwhm_Hz or near.fwhm_Hz
        values = {"offset_Hz": at_Hz, "sideband_broadening_Hz": 0.0}
        for each in PARAMETERS[start.kind]:
            values[each.name] = float(start.values.get(each.name, width if each.start is None else each.start))
        return values

    def _orders(self, at_Hz: float) -> tuple[int, ...]:
        """Bands of a site in the window, as far from the centre as peaks are found at every one of them."""
        if self.rate_Hz is None:
            return (0,)
        found = set()
        for peak in self.peaks:
            order = round((peak.offset_Hz - at_Hz) / self.rate_Hz)
            off = abs(peak.offset_Hz - at_Hz - order * self.rate_Hz)
            slack = min(0.5 * self.peaks[0].fwhm_Hz, 0.1 * self.rate_Hz)  # lines as wide as the rate hide their bands
            if peak.fwhm_Hz < self.rate_Hz and off < 0.01 * self.rate_Hz * max(1, abs(order)) + slack:
                found.add(abs(order))
        reach = next(order for order in count() if order + 1 not in found)
        low, high = self.window.offset_Hz[0], self.window.offset_Hz[-1]
        return tuple(order for order in range(-reach, reach + 1) if low <= at_Hz + order * self.rate_Hz <= high)

    def _begin(self, sites: Sequence[tuple[SiteStart, dict[str, float]]], phases: tuple[float, float]) -> _Fit:
        """A model at its start."""
        starts = tuple(start for start, _ in sites)
        powder = {"csa", "quadrupolar"}
        orders = tuple((0,) if start.kind in powder else self._orders(values["offset_Hz"]) for start, values in sites)
        present = {start.name for start in starts}
        model = _Model(
            self.window, self.powder, starts, orders, self._search_basis(),
            tuple(ratio for ratio in self.ratios if {ratio.first, ratio.second} <= present), self.efficiencies,
            self._noise(),
        )  # fmt: skip
        parameters = model.parameters()
        numbers = len(self.window.data) * (2 if self.window.is_complex else 1)
        n_unknown = len(parameters) + sum(map(len, orders)) + model.basis.shape[1] * (1 + self.window.is_complex)
        if n_unknown >= numbers:
            raise DataError(
                f"{numbers} numbers for {n_unknown} parameters", where=self.name,
                remedy="give a wider range or fewer sites",
            )  # fmt: skip
        shared = {"phase": phases[0], "delay_s": phases[1], "spinning_Hz": self.rate_Hz or 0.0}
        theta = [shared[each.name] if each.site is None else sites[each.site][1][each.name] for each in parameters]
        ends = np.array([(each.low, each.high) for each in parameters])
        return _evaluate(model, np.clip(theta, ends[:, 0], ends[:, 1]))

    def _search_basis(self) -> np.ndarray:
        """The baseline over which sites are looked for."""
        given = self.baseline_orders[0] if len(self.baseline_orders) == 1 else _SEARCH_ORDER
        widest = max(peak.fwhm_Hz for peak in self.peaks)
        return self.window.basis(min(given, len(self.window.data) // 16, self._most_bends(widest)))

    def _most_bends(self, fwhm_Hz: float) -> int:
        """The highest order of a baseline that is stiffer than a line of a width; a given order is kept."""
        if len(self.baseline_orders) == 1:
            return self.baseline_orders[0]
        span = self.window.offset_Hz[-1] - self.window.offset_Hz[0]
        return max(min(self.baseline_orders), int(span / (_STIFFNESS * fwhm_Hz)))

    def _noise(self) -> float:
        """A rough standard deviation of a point, from second differences: too small where zeros were filled in."""
        bends = np.abs(np.diff(self.window.data, n=2))
        return float(np.median(bends) / np.sqrt(6 * np.log(2)))

    def _with_peak_apart(self, fit: _Fit, start: SiteStart) -> _Fit | None:
        """A site more at the strongest peak of the data that is away from all lines and their sidebands; None without
        one, or where the line leaves its peak for what the shape of another leaves."""
        peak = self._peak_apart(fit)
        if peak is None:
            return None
        known, phases = _known_of(fit)
        values = self._values(start, peak.offset_Hz, peak.fwhm_Hz)
        trial = _refine(self._begin([*known, (start, values)], phases))
        own = _split(trial.model, trial.theta)[1][-1]
        stays = abs(own["offset_Hz"] - peak.offset_Hz) < peak.fwhm_Hz and own["fwhm_Hz"] < _BROADER * peak.fwhm_Hz
        return trial if stays else None

    def _peak_apart(self, fit: _Fit) -> _Peak | None:
        """The strongest peak of the data away from all lines and their sidebands."""
        near = self.window.offset_Hz[_near_lines(fit)]
        for peak in self.peaks:
            if np.abs(near - peak.offset_Hz).min() > self.window.spacing_Hz:
                return peak
        return None

    def _with_another(self, fit: _Fit | None, start: SiteStart) -> _Fit:
        """A site more: at the largest peak of the residual, of two halves of the site there, or at a peak of the data.

        The last begins with the phases of all peaks: one broad line alone does not tell the delay, and may leave it
        where no second line fits. The best of these fits.
        """
        if fit is None:
            at, width = self.peaks[0].offset_Hz, self.peaks[0].fwhm_Hz
            return _refine(self._begin([(start, self._values(start, at, width))], self._phases()))
        known, phases = _known_of(fit)
        at, width = self._largest_residual(fit)
        trials = [[*known, (start, self._values(start, at, width))]]
        worst = min(range(len(known)), key=lambda site: abs(known[site][1]["offset_Hz"] - at))
        old, values = known[worst]
        away = 0.4 * values["fwhm_Hz"]
        if abs(values["offset_Hz"] - at) < 3 * values["fwhm_Hz"]:
            halves = [values | {"offset_Hz": values["offset_Hz"] + sign * away, "fwhm_Hz": 0.7 * values["fwhm_Hz"]}
                      for sign in (1, -1)]  # fmt: skip
            trials.append([*known[:worst], (old, halves[0]), *known[worst + 1 :], (start, halves[1])])
        fits = [_refine(self._begin(sites, phases)) for sites in trials]
        if (peak := self._peak_apart(fit)) is not None:
            values = self._values(start, peak.offset_Hz, peak.fwhm_Hz)
            fits.append(_refine(self._begin([*known, (start, values)], self._phases())))
        return min(fits, key=lambda each: each.cost)

    def _largest_residual(self, fit: _Fit) -> tuple[float, float]:
        """Offset and width of the line that takes most from the residual with the fitted phase."""
        window = self.window
        shared, _ = _split(fit.model, fit.theta)
        flat = _sum_of_points(fit) * np.conj(_turn(window, shared["phase"], shared["delay_s"]))
        widths = _filter_widths(window.spacing_Hz, len(flat))
        templates = _templates(window.spacing_Hz, len(flat), widths, window.is_complex)
        matched = np.fft.ifft(np.fft.fft(flat)[None, :] * np.conj(templates), axis=1).real
        which, where = np.unravel_index(int(np.argmax(matched)), matched.shape)
        return float(window.offset_Hz[where]), float(widths[which])


def _known_of(fit: _Fit) -> tuple[list[tuple[SiteStart, dict[str, float]]], tuple[float, float]]:
    """Sites with their values, and the phases, to begin another fit with."""
    shared, sites = _split(fit.model, fit.theta)
    for values in sites:
        values.setdefault("sideband_broadening_Hz", 0.0)
    return list(zip(fit.model.starts, sites, strict=True)), (shared["phase"], shared["delay_s"])


def _near_lines(fit: _Fit) -> np.ndarray:
    """Points within four widths of a line or of where a sideband of it may be; [n_points]."""
    shared, sites = _split(fit.model, fit.theta)
    rate = shared.get("spinning_Hz") or fit.model.powder.spinning_Hz
    near = np.zeros(len(fit.model.window.offset_Hz), dtype=bool)
    for values in sites:
        away = fit.model.window.offset_Hz - values["offset_Hz"]
        if rate > 0:
            away = away - rate * np.rint(away / rate)
        near = near | (np.abs(away) < 4 * max(values["fwhm_Hz"], fit.model.window.spacing_Hz))
    return near


def _are_resolved(fit: _Fit) -> bool:
    """Whether each line is a feature of its own in the sum: a lobe of negative curvature that no other line has.

    A measured line is never quite of the shape of the model, and where the noise is small, further lines under it have
    the strongest evidence. Who knows of sites that are no features gives their number. A line is taken that is much
    wider than another on it and not too low: mobile and rigid nuclei of one shift. Powder patterns have features of
    their own and are taken as they are.
    """
    values = _split(fit.model, fit.theta)[1]
    if len(values) < 2 or any(start.kind in ("csa", "quadrupolar") for start in fit.model.starts):
        return True
    window, areas = fit.model.window, _of_sites(fit)
    ends = np.cumsum([0, *(len(orders) for orders in fit.model.orders)])
    total = np.zeros(len(window.offset_Hz))
    for site, each in enumerate(values):
        middle = fit.model.orders[site].index(0)
        total += np.real(fit.model.bands(site, each, 0.0)[:, middle]) * fit.amplitudes[ends[site] + middle]
    curvature = np.diff(total, n=2)
    inner = curvature[1:-1]
    lobes = window.offset_Hz[2:-2][(inner < 0) & (inner <= curvature[:-2]) & (inner < curvature[2:])]
    taken: set[int] = set()
    for site in np.argsort([each["fwhm_Hz"] for each in values]):
        own = values[site]
        near = [
            place
            for place in np.argsort(np.abs(lobes - own["offset_Hz"]))
            if abs(lobes[place] - own["offset_Hz"]) < max(0.5 * own["fwhm_Hz"], 2 * window.spacing_Hz)
        ]
        free = [int(place) for place in near if int(place) not in taken]
        if free:
            taken.add(free[0])
            continue
        heights = areas / np.array([each["fwhm_Hz"] for each in values])
        if not any(
            own["fwhm_Hz"] > _BROADER * other["fwhm_Hz"]
            and abs(other["offset_Hz"] - own["offset_Hz"]) < 0.25 * own["fwhm_Hz"]
            and heights[site] > _LEAST_HEIGHT * height
            for other, height in zip(values, heights, strict=True)
        ):
            return False
    return True


def _covariance(fit: _Fit) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of nonlinear parameters and areas, nan for those at an end; and the noise's autocovariance.

    Areas of zero have an error as others do.

    Least squares with correlated noise: (J'J)^-1 J'CJ (J'J)^-1.
    """
    model = fit.model
    moves = _derivatives(fit)
    pull = np.real(moves.conj().T @ fit.residual)
    size = np.linalg.norm(moves, axis=0)
    free = ~_at_an_end(fit, np.where(np.abs(pull) > 0, pull, 0)) & (size > 1e-12 * max(size.max(), 1e-300))
    jacobian = np.concatenate([moves[:, free], fit.columns], axis=1)
    normal = np.real(jacobian.conj().T @ jacobian)
    weight = (model.noise / model.window.delay_std_s) ** 2
    if free[1]:
        normal[1, 1] += weight
    n_points = len(model.window.data)
    noise = _correlation(fit)
    seen = jacobian[:n_points]
    if len(noise) == 1:
        spread = np.real(seen.conj().T @ seen) * noise[0].real
    else:
        length = 2 ** int(np.ceil(np.log2(n_points + 2 * len(noise))))
        kernel = np.zeros(length, dtype=complex)
        kernel[: len(noise)] = noise
        kernel[-(len(noise) - 1) :] = np.conj(noise[1:][::-1])
        moved = np.fft.ifft(np.fft.fft(seen, length, axis=0) * np.fft.fft(kernel)[:, None], axis=0)[:n_points]
        spread = np.real(seen.conj().T @ moved)
    spread *= 0.5 if model.window.is_complex else 1.0
    if free[1]:
        spread[1, 1] += weight * model.noise**2
    scale = 1 / np.sqrt(np.diag(normal))
    inverse = np.linalg.pinv(normal * scale[:, None] * scale, rcond=1e-13, hermitian=True) * scale[:, None] * scale
    whole = np.full((len(free) + len(fit.amplitudes),) * 2, np.nan)
    places = np.flatnonzero(np.concatenate([free, np.ones(len(fit.amplitudes), dtype=bool)]))
    whole[np.ix_(places, places)] = inverse @ spread @ inverse
    return whole, noise


def _result(
    signal: Signal, window: _Window, fit: _Fit, candidates: tuple[Candidate, ...], of_choice: np.ndarray
) -> Deconvolution:
    covariance, noise = _covariance(fit)
    covariance = covariance + of_choice
    told = _told(signal, fit, window, candidates)
    effective, numbers = _n_effective(window, noise), len(window.data) * (2 if window.is_complex else 1)
    if effective < _FEW * numbers:
        told += (
            f"{numbers} numbers know as much as {effective:.0f} independent ones: broadened, zero filled, or lines of "
            "another shape; the errors may be too small: fit the decay as it was measured",
        )
    parameters, n_theta = fit.model.parameters(), len(fit.theta)
    shared, values = _split(fit.model, fit.theta)
    std = np.sqrt(np.diag(covariance))
    ends = np.cumsum([0, *(len(orders) for orders in fit.model.orders)])
    of_areas = covariance[n_theta:, n_theta:]
    sums = np.zeros((len(values), len(fit.amplitudes)))
    sites = []
    for site, start in enumerate(fit.model.starts):
        first, last = ends[site], ends[site + 1]
        sums[site, first:last] = 1
        own = {
            each.name: (float(value), float(error))
            for each, value, error in zip(parameters, fit.theta, std, strict=False)
            if each.site == site
        }
        at, at_std = own.pop("offset_Hz")
        sites.append(
            FittedSite(
                name=start.name,
                kind=start.kind,
                shift_ppm=(_shift_ppm(signal, at), at_std / signal.axis.reference_MHz),
                values=own,
                orders=fit.model.orders[site],
                areas=fit.amplitudes[first:last] * window.scale,
                areas_std=std[n_theta + first : n_theta + last] * window.scale,
            )
        )
    turn = _turn(window, shared["phase"], shared["delay_s"])
    rate = shared.get("spinning_Hz", 0.0)
    bare = [
        fit.model.bands(site, each, rate) @ fit.amplitudes[ends[site] : ends[site + 1]]
        for site, each in enumerate(values)
    ]
    rest = window.data - window.seen(turn * np.sum(bare, axis=0))
    baseline = fit.model.basis @ (fit.model.basis.T @ rest)
    back = np.conj(turn) if window.is_complex else np.ones(len(turn))
    shown = [window.scale * np.real(each if window.is_complex else turn * each) for each in bare]
    order = np.argsort([-site.shift_ppm[0] for site in sites]) if not _are_named(fit) else np.arange(len(sites))
    phase = (np.rad2deg(shared["phase"]) + 180) % 360 - 180
    found = Deconvolution(
        sites=tuple(_renamed(sites[place], number, fit) for number, place in enumerate(order)),
        areas=(sums @ fit.amplitudes)[order] * window.scale,
        covariance=(sums @ of_areas @ sums.T)[np.ix_(order, order)] * window.scale**2,
        phase_deg=(float(phase), float(np.rad2deg(std[0]))),
        delay_us=(1e6 * shared["delay_s"], 1e6 * float(std[1])),
        pivot_ppm=_shift_ppm(signal, window.pivot_Hz),
        spinning_Hz=(rate, float(std[2])) if fit.model.has_sidebands else None,
        baseline_order=fit.model.basis.shape[1] - 1,
        noise=float(np.sqrt(noise[0].real * (0.5 if window.is_complex else 1))) * window.scale,
        n_points=numbers,
        n_effective=effective,
        candidates=candidates,
        shift_ppm=signal.axis.carrier_ppm + window.offset_Hz / signal.axis.reference_MHz,
        measured=np.real(back * window.data) * window.scale,
        baseline=np.real(back * baseline) * window.scale,
        lines=np.array(shown)[order],
        is_complex=window.is_complex,
        warnings=told,
    )
    return found


def _are_named(fit: _Fit) -> bool:
    return any(start.shift_ppm is not None or not start.name.startswith("site ") for start in fit.model.starts)


def _renamed(site: FittedSite, number: int, fit: _Fit) -> FittedSite:
    return site if _are_named(fit) else replace(site, name=f"site {number + 1}")


def _told(signal: Signal, fit: _Fit, window: _Window, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    told = []
    for start, values in zip(fit.model.starts, _split(fit.model, fit.theta)[1], strict=True):
        at = _shift_ppm(signal, values["offset_Hz"])
        given = start.shift_ppm
        if given is not None and abs(at - given) * signal.axis.reference_MHz > 3 * values["fwhm_Hz"]:
            told.append(f"{start.name} was looked for at {given:g} ppm and is at {at:.4g} ppm: is it the same site?")
    if not window.is_complex:
        if np.cos(_split(fit.model, fit.theta)[0]["phase"]) < 0:
            told.append("the lines of the file are negative: they were turned by 180 degrees")
        told.append("the file has the real part alone: real parts were fitted, with the phase by the lines' asymmetry")
    told += [
        f"nothing is left for the site {start.name}: its fraction is an upper bound"
        for start, area in zip(fit.model.starts, _of_sites(fit), strict=True)
        if area == 0
    ]
    chosen = len(fit.model.starts)
    for more in (each for each in candidates if not each.are_resolved and each.n_sites > chosen):
        told.append(
            f"{more.n_sites} lines would fit better, but not all are features of their own, and the lines may only be "
            f"of another shape: --sites {more.n_sites} or --shifts-ppm asks for them"
        )
        break
    if len(candidates) == _MOST_SITES and len(fit.model.starts) == _MOST_SITES:
        told.append(f"the evidence for more sites does not end at {_MOST_SITES}: the line shape may be another one")
    return tuple(told)
