"""How many sites a spectrum has: lines are added while evidence is strong and each is a feature of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.line_model import (
    Fit,
    Model,
    Ratio,
    SiteStart,
    Window,
    areas_of_sites,
    effective_points,
    evaluate,
    information_criteria,
    noise_correlation,
    phase_factor,
    refine,
    residual_points,
    values_of,
)
from paddlewheel.lab.nmr.lineshapes import PARAMETERS, Kind, Powder
from paddlewheel.lab.nmr.peaks import SEARCH_ORDER, Peak, filter_transforms, filter_widths

STRONG_EVIDENCE = 6.0
"""Difference of BIC from which evidence is called strong (Kass and Raftery, doi 10.1080/01621459.1995.10476572)."""
MOST_SITES = 8
_BROADER = 4.0
"""How many times wider a line under another is, to be a site of its own without a feature of its own."""
_LEAST_HEIGHT = 0.03
"""Height of such a line over that of the line on it; what a wrong shape leaves has less."""
_STIFFNESS = 3.0
"""Widths of the widest line over which the baseline may bend once."""


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


@dataclass(frozen=True, eq=False)
class Search:
    """How many sites, and where."""

    window: Window
    powder: Powder
    line_shape: Kind
    rate_Hz: float | None
    peaks: Sequence[Peak]
    ratios: tuple[Ratio, ...]
    efficiencies: Mapping[str, float]
    baseline_orders: tuple[int, ...]
    name: str

    def grow(
        self, placed: Sequence[tuple[SiteStart, float | None]], wanted: int | None
    ) -> tuple[Fit, tuple[Candidate, ...]]:
        """The fit with the number of sites that is wanted, or that the evidence asks for."""
        known = [(start, at) for start, at in placed if at is not None]
        fit: Fit | None = None
        if known:
            fit = self._from_known(known)
        names = [start for start, at in placed if at is None]
        candidates: list[Candidate] = [] if fit is None else [self._candidate(fit)]
        while True:
            count = 0 if fit is None else len(fit.model.starts)
            if count >= (wanted or MOST_SITES):
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

    def _is_better(self, trial: Fit, fit: Fit) -> bool:
        """Whether the evidence for the trial is strong, by BIC over the points that are independent under it."""
        effective = effective_points(self.window, noise_correlation(trial))
        better = information_criteria(fit, effective)[0] - information_criteria(trial, effective)[0]
        return better >= STRONG_EVIDENCE and bool((areas_of_sites(trial) > 0).all())

    def _from_known(self, known: Sequence[tuple[SiteStart, float]]) -> Fit:
        """The fit of sites that are known; begun with other widths where one of them was lost to its neighbour."""
        best: Fit | None = None
        for factor in (1.0, 0.6, 1.6, 0.35):
            sites = []
            for start, at in known:
                values = self._values(start, at)
                if "fwhm_Hz" not in start.values:
                    values["fwhm_Hz"] *= factor
                sites.append((start, values))
            fit = refine(refine(self._begin(sites, self._phases()), 12, frozenset(("offset_Hz", "lorentz_share"))))
            best = fit if best is None or fit.cost < best.cost else best
            if (areas_of_sites(fit) > 0).all():
                break
        assert best is not None
        return best

    def over_baselines(self, fit: Fit) -> tuple[Fit, np.ndarray]:
        """The same sites over the baseline of lowest AICc, and the covariance that the choice adds.

        It is the spread of the other orders' values around the chosen ones, by their Akaike weights (Burnham and
        Anderson, doi 10.1177/0049124104268644).
        """
        covariance = noise_correlation(fit)
        effective = effective_points(self.window, covariance)
        noise = float(np.sqrt(covariance[0].real * len(self.window.data) * (1 + self.window.is_complex) / effective))
        fit = refine(evaluate(replace(fit.model, noise=noise), fit.theta))
        fits = []
        lowest = min(self.baseline_orders)
        stiff = self._most_bends(max(values["fwhm_Hz"] for values in values_of(fit.model, fit.theta)[1]))
        for order in self.baseline_orders:
            if order <= min(max(len(self.window.data) // 16, lowest), stiff):
                there = order == fit.model.basis.shape[1] - 1
                start = evaluate(replace(fit.model, basis=self.window.basis(order)), fit.theta)
                fits.append(fit if there else refine(start, 15))
        values = np.array([information_criteria(each, effective)[1] for each in fits])
        best = fits[int(np.argmin(values))]
        weights = np.exp(-0.5 * (values - values.min()))
        away = np.array([np.concatenate([each.theta, each.amplitudes]) for each in fits])
        away -= np.concatenate([best.theta, best.amplitudes])
        return best, (away.T * (weights / weights.sum())) @ away

    def _candidate(self, fit: Fit) -> Candidate:
        effective = effective_points(self.window, noise_correlation(fit))
        bic, aicc = information_criteria(fit, effective)
        numbers = len(self.window.data) * (2 if self.window.is_complex else 1)
        rms = np.sqrt(np.sum(np.abs(residual_points(fit)) ** 2) / numbers)
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

    def _begin(self, sites: Sequence[tuple[SiteStart, dict[str, float]]], phases: tuple[float, float]) -> Fit:
        """A model at its start."""
        starts = tuple(start for start, _ in sites)
        powder = {"csa", "quadrupolar"}
        orders = tuple((0,) if start.kind in powder else self._orders(values["offset_Hz"]) for start, values in sites)
        present = {start.name for start in starts}
        model = Model(
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
        return evaluate(model, np.clip(theta, ends[:, 0], ends[:, 1]))

    def _search_basis(self) -> np.ndarray:
        """The baseline over which sites are looked for."""
        given = self.baseline_orders[0] if len(self.baseline_orders) == 1 else SEARCH_ORDER
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

    def _with_peak_apart(self, fit: Fit, start: SiteStart) -> Fit | None:
        """A site more at the strongest peak of the data that is away from all lines and their sidebands; None without
        one, or where the line leaves its peak for what the shape of another leaves."""
        peak = self._peak_apart(fit)
        if peak is None:
            return None
        known, phases = _known_of(fit)
        values = self._values(start, peak.offset_Hz, peak.fwhm_Hz)
        trial = refine(self._begin([*known, (start, values)], phases))
        own = values_of(trial.model, trial.theta)[1][-1]
        stays = abs(own["offset_Hz"] - peak.offset_Hz) < peak.fwhm_Hz and own["fwhm_Hz"] < _BROADER * peak.fwhm_Hz
        return trial if stays else None

    def _peak_apart(self, fit: Fit) -> Peak | None:
        """The strongest peak of the data away from all lines and their sidebands."""
        near = self.window.offset_Hz[_near_lines(fit)]
        for peak in self.peaks:
            if np.abs(near - peak.offset_Hz).min() > self.window.spacing_Hz:
                return peak
        return None

    def _with_another(self, fit: Fit | None, start: SiteStart) -> Fit:
        """A site more: at the largest peak of the residual, of two halves of the site there, or at a peak of the data.

        The last begins with the phases of all peaks: one broad line alone does not tell the delay, and may leave it
        where no second line fits. The best of these fits.
        """
        if fit is None:
            at, width = self.peaks[0].offset_Hz, self.peaks[0].fwhm_Hz
            return refine(self._begin([(start, self._values(start, at, width))], self._phases()))
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
        fits = [refine(self._begin(sites, phases)) for sites in trials]
        if (peak := self._peak_apart(fit)) is not None:
            values = self._values(start, peak.offset_Hz, peak.fwhm_Hz)
            fits.append(refine(self._begin([*known, (start, values)], self._phases())))
        return min(fits, key=lambda each: each.cost)

    def _largest_residual(self, fit: Fit) -> tuple[float, float]:
        """Offset and width of the line that takes most from the residual with the fitted phase."""
        window = self.window
        shared, _ = values_of(fit.model, fit.theta)
        flat = residual_points(fit) * np.conj(phase_factor(window, shared["phase"], shared["delay_s"]))
        widths = filter_widths(window.spacing_Hz, len(flat))
        templates = filter_transforms(window.spacing_Hz, len(flat), widths, window.is_complex)
        matched = np.fft.ifft(np.fft.fft(flat)[None, :] * np.conj(templates), axis=1).real
        which, where = np.unravel_index(int(np.argmax(matched)), matched.shape)
        return float(window.offset_Hz[where]), float(widths[which])


def _known_of(fit: Fit) -> tuple[list[tuple[SiteStart, dict[str, float]]], tuple[float, float]]:
    """Sites with their values, and the phases, to begin another fit with."""
    shared, sites = values_of(fit.model, fit.theta)
    for values in sites:
        values.setdefault("sideband_broadening_Hz", 0.0)
    return list(zip(fit.model.starts, sites, strict=True)), (shared["phase"], shared["delay_s"])


def _near_lines(fit: Fit) -> np.ndarray:
    """Points within four widths of a line or of where a sideband of it may be; [n_points]."""
    shared, sites = values_of(fit.model, fit.theta)
    rate = shared.get("spinning_Hz") or fit.model.powder.spinning_Hz
    near = np.zeros(len(fit.model.window.offset_Hz), dtype=bool)
    for values in sites:
        away = fit.model.window.offset_Hz - values["offset_Hz"]
        if rate > 0:
            away = away - rate * np.rint(away / rate)
        near = near | (np.abs(away) < 4 * max(values["fwhm_Hz"], fit.model.window.spacing_Hz))
    return near


def _are_resolved(fit: Fit) -> bool:
    """Whether each line is a feature of its own in the sum: a lobe of negative curvature that no other line has.

    A measured line is never quite of the shape of the model, and where the noise is small, further lines under it have
    the strongest evidence. Who knows of sites that are no features gives their number. A line is taken that is much
    wider than another on it and not too low: mobile and rigid nuclei of one shift. Powder patterns have features of
    their own and are taken as they are.
    """
    values = values_of(fit.model, fit.theta)[1]
    if len(values) < 2 or any(start.kind in ("csa", "quadrupolar") for start in fit.model.starts):
        return True
    window, areas = fit.model.window, areas_of_sites(fit)
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
