"""A spectrum as the sum of lines: sites with shifts, widths and areas, while phase and baseline are fitted too.

Variable projection (Golub and Pereyra, doi 10.1088/0266-5611/19/2/201): areas, which are not negative, and a complex
baseline of Legendre polynomials are linear; phases, shifts and shapes are not. The points of a spectrum are correlated
where it was filled with zeros or apodized, so the covariance is that of least squares under the noise that the
residual shows (White, doi 10.2307/1912934; with lags, as Newey and West, doi 10.2307/1913610), and the criteria for the
number of sites count the points that are independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.line_model import (
    Fit,
    Ratio,
    SiteStart,
    Window,
    areas_of_sites,
    at_an_end,
    effective_points,
    evaluate,
    information_criteria,
    model_derivatives,
    noise_correlation,
    phase_factor,
    refine,
    residual_points,
    values_of,
)
from paddlewheel.lab.nmr.lineshapes import Kind, Powder, line
from paddlewheel.lab.nmr.peaks import (
    Peak,
    average_points,
    find_broad,
    find_peaks,
    find_spinning_Hz,
    window_around,
)
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.site_search import MOST_SITES, STRONG_EVIDENCE, Candidate, Search

BASELINE_ORDERS = (2, 3, 4, 6, 8, 12, 16)
"""Orders of the baseline that are tried; sites are looked for over that of `SEARCH_ORDER`. None is lower: a baseline
that hides in the noise of the points shows in the sum over a broad line, and to leave it out takes 10 % of its area."""
_FEW = 0.15
"""Share of independent numbers below which it is told."""
_MOST_POINTS = 40_000
_DELAY_DWELLS = 3.0
"""Standard deviation of the time between pulse and first point, in dwell times: a prior that holds the first-order
phase where a single line does not."""
_BEFORE_PULSE = 4.0
"""Energy of the second half of a decay, over that of the first, from which the imaginary part is of the other sign."""
_STRONG_PEAK = 0.05
"""Norm of a peak, over that of the strongest, from which it is told that no site has it."""
_LEFT = 0.5
"""Share of its norm that is then left by the fit."""


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
    found = find_peaks(offset_Hz, spectrum, signal.is_complex)
    peaks = [peak for peak in found if ends[0] <= peak.offset_Hz <= ends[1]]
    given = [_offset_Hz(signal, start.shift_ppm) for start in starts if start.shift_ppm is not None]
    if not peaks:
        raise DataError(
            "no signal over the noise", where=signal.name,
            remedy="take more scans, or check nucleus, range and receiver",
        )  # fmt: skip
    rate_Hz = find_spinning_Hz(signal, peaks, spinning_Hz)
    chosen = inside if range_ppm is not None else window_around(offset_Hz, peaks, given)
    broad = find_broad(offset_Hz[inside], spectrum[inside], peaks, signal.is_complex)
    if broad is not None and range_ppm is None:
        chosen = chosen | (np.abs(offset_Hz - broad.offset_Hz) <= 4 * broad.fwhm_Hz)
    fine = average_points(offset_Hz[chosen], spectrum[chosen], peaks)
    window = _window(signal, *fine, fit_phase)
    powder = Powder(
        nucleus=signal.axis.nucleus,
        field_T=signal.axis.field_T,
        spinning_Hz=rate_Hz or signal.conditions.spinning_Hz or 0,
    )
    orders = BASELINE_ORDERS if baseline_order is None else (baseline_order,)
    every = [*peaks] if broad is None else [*peaks, broad]
    every.sort(key=lambda peak: -abs(peak.amplitude))
    search = Search(window, powder, line_shape, rate_Hz, every, tuple(ratios), dict(efficiencies or {}), orders,
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


def _told_ratios(fit: Fit) -> list[str]:
    """Ratios that the data contradict, by strong evidence."""
    if not fit.model.ratios:
        return []
    free = refine(evaluate(replace(fit.model, ratios=()), fit.theta))
    effective = effective_points(fit.model.window, noise_correlation(free))
    if information_criteria(fit, effective)[0] - information_criteria(free, effective)[0] < STRONG_EVIDENCE:
        return []
    names = [start.name for start in free.model.starts]
    amounts = areas_of_sites(free) / [free.model.efficiencies.get(name, 1.0) for name in names]
    return [
        f"the data contradict the ratio {each.first}:{each.second} of {each.ratio:g}: without it, it is "
        + (f"{over / under:.3g}" if under > 0 else "without an end")
        for each in fit.model.ratios
        for over, under in [(amounts[names.index(each.first)], amounts[names.index(each.second)])]
    ]


def _told_peaks(signal: Signal, fit: Fit, peaks: Sequence[Peak]) -> list[str]:
    """Strong peaks away from all sites and their sidebands, whose energy the fit leaves."""
    window = fit.model.window
    together = window.spacing_Hz * signal.values.shape[1] / signal.axis.spectral_width_Hz
    rest = residual_points(fit) * window.scale * np.sqrt(together)  # of means, in the size of all points

    def left(peak: Peak) -> float:
        shape = window.seen(line("lorentz", window.offset_Hz - peak.offset_Hz, {"fwhm_Hz": peak.fwhm_Hz}))
        return float(np.abs(np.vdot(shape, rest)) / np.linalg.norm(shape))

    shared, values = values_of(fit.model, fit.theta)
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


def _window(signal: Signal, offset_Hz: np.ndarray, data: np.ndarray, fit_phase: bool) -> Window:
    if len(data) > _MOST_POINTS:
        raise DataError(
            f"{len(data)} points to fit", where=signal.name,
            remedy=f"give a range with fewer than {_MOST_POINTS}, or fill the decay with fewer zeros",
        )  # fmt: skip
    scale = float(np.abs(data).max())
    return Window(
        offset_Hz=offset_Hz,
        data=data / scale,
        spacing_Hz=float(offset_Hz[1] - offset_Hz[0]),
        pivot_Hz=float(offset_Hz[len(offset_Hz) // 2]),
        scale=scale,
        is_complex=signal.is_complex,
        delay_std_s=_DELAY_DWELLS / signal.axis.spectral_width_Hz,
        has_free_phase=fit_phase,
    )


def _covariance(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of nonlinear parameters and areas, nan for those at an end; and the noise's autocovariance.

    Areas of zero have an error as others do.

    Least squares with correlated noise: (J'J)^-1 J'CJ (J'J)^-1.
    """
    model = fit.model
    moves = model_derivatives(fit)
    pull = np.real(moves.conj().T @ fit.residual)
    size = np.linalg.norm(moves, axis=0)
    free = ~at_an_end(fit, np.where(np.abs(pull) > 0, pull, 0)) & (size > 1e-12 * max(size.max(), 1e-300))
    jacobian = np.concatenate([moves[:, free], fit.columns], axis=1)
    normal = np.real(jacobian.conj().T @ jacobian)
    weight = (model.noise / model.window.delay_std_s) ** 2
    if free[1]:
        normal[1, 1] += weight
    n_points = len(model.window.data)
    noise = noise_correlation(fit)
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
    signal: Signal, window: Window, fit: Fit, candidates: tuple[Candidate, ...], of_choice: np.ndarray
) -> Deconvolution:
    covariance, noise = _covariance(fit)
    covariance = covariance + of_choice
    told = _told(signal, fit, window, candidates)
    effective, numbers = effective_points(window, noise), len(window.data) * (2 if window.is_complex else 1)
    if effective < _FEW * numbers:
        told += (
            f"{numbers} numbers know as much as {effective:.0f} independent ones: broadened, zero filled, or lines of "
            "another shape; the errors may be too small: fit the decay as it was measured",
        )
    parameters, n_theta = fit.model.parameters(), len(fit.theta)
    shared, values = values_of(fit.model, fit.theta)
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
    turn = phase_factor(window, shared["phase"], shared["delay_s"])
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


def _are_named(fit: Fit) -> bool:
    return any(start.shift_ppm is not None or not start.name.startswith("site ") for start in fit.model.starts)


def _renamed(site: FittedSite, number: int, fit: Fit) -> FittedSite:
    return site if _are_named(fit) else replace(site, name=f"site {number + 1}")


def _told(signal: Signal, fit: Fit, window: Window, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    told = []
    for start, values in zip(fit.model.starts, values_of(fit.model, fit.theta)[1], strict=True):
        at = _shift_ppm(signal, values["offset_Hz"])
        given = start.shift_ppm
        if given is not None and abs(at - given) * signal.axis.reference_MHz > 3 * values["fwhm_Hz"]:
            told.append(f"{start.name} was looked for at {given:g} ppm and is at {at:.4g} ppm: is it the same site?")
    if not window.is_complex:
        if np.cos(values_of(fit.model, fit.theta)[0]["phase"]) < 0:
            told.append("the lines of the file are negative: they were turned by 180 degrees")
        told.append("the file has the real part alone: real parts were fitted, with the phase by the lines' asymmetry")
    told += [
        f"nothing is left for the site {start.name}: its fraction is an upper bound"
        for start, area in zip(fit.model.starts, areas_of_sites(fit), strict=True)
        if area == 0
    ]
    chosen = len(fit.model.starts)
    for more in (each for each in candidates if not each.are_resolved and each.n_sites > chosen):
        told.append(
            f"{more.n_sites} lines would fit better, but not all are features of their own, and the lines may only be "
            f"of another shape: --sites {more.n_sites} or --shifts-ppm asks for them"
        )
        break
    if len(candidates) == MOST_SITES and len(fit.model.starts) == MOST_SITES:
        told.append(f"the evidence for more sites does not end at {MOST_SITES}: the line shape may be another one")
    return tuple(told)
