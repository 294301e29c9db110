"""`nmr exchange`: volumes, rates and a bound on the size of domains from two-dimensional exchange spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.exchange import (
    SPIN_DIFFUSION_NM2_PER_MS,
    DomainBound,
    Exchange,
    Rate,
    domain_bound,
    fit_rates,
)
from paddlewheel.lab.nmr.planes import Pairs, check_alike, to_pairs, to_plane
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.volumes import Shape, Volumes, find_shifts, fit_volumes
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import Columns
from paddlewheel.studies.laboratory.nmr import NMR_MEASUREMENTS, Measurements, NmrSettings, signal_inputs
from paddlewheel.studies.nmr_exchange.record import PLANE, VOLUMES, ExchangeRate, ExchangeSite, NmrExchangeRecord
from paddlewheel.study.run import Run
from paddlewheel.study.settings import NamedNumbers, Numbers, setting
from paddlewheel.study.study import Study

_DRAWN_HALF_WIDTHS = 6.0
_MOST_DRAWN = 256
_SHAPE_IS_WRONG = 1.5
"""Residual over the noise from which lines of another shape are told."""
_MISFIT = 0.01
_CONTRADICTS = 2.0
"""A mixing time that is given is told where it differs from the file's by more than this factor."""
_CITATIONS = (
    Citation(what="exchange in two dimensions",
             reference="Jeener, Meier, Bachmann, Ernst, J. Chem. Phys. 71, 4546 (1979)", doi="10.1063/1.438208"),
    Citation(what="States method",
             reference="States, Haberkorn, Ruben, J. Magn. Reson. 48, 286 (1982)", doi="10.1016/0022-2364(82)90279-7"),
    Citation(what="spin diffusion coefficient",
             reference="Clauss, Schmidt-Rohr, Spiess, Acta Polym. 44, 1 (1993)", doi="10.1002/actp.1993.010440101"),
)  # fmt: skip


class NmrExchangeSettings(NmrSettings):
    """Settings of `nmr exchange`."""

    mixing_ms: Numbers = setting((), "Mixing time of each measurement, ms, over what the files say.", each=(0.0, 1e6))
    sites: NamedNumbers = setting(
        {}, "Names and shifts of the lines, ppm; by default those that the first rows show.", each=(-1e5, 1e5)
    )
    shape: Shape = setting("voigt", "Of the lines; voigt has a Lorentzian and a Gaussian width.")
    spin_diffusion_nm2_per_ms: float | None = setting(
        None,
        "Coefficient for the bound on domains, sqrt(D tm); by default 0.8 for protons (Clauss 1993: rigid, static), "
        "no bound for others.",
        gt=0,
        le=1e6,
    )

    @model_validator(mode="after")
    def _planes_have_no_delays(self) -> Self:
        for name in ("delays_s", "delays_file"):
            if getattr(self, name):
                raise SettingsError(
                    "rows of an exchange spectrum have no delays", where=name,
                    remedy="give the mixing time of each measurement by --mixing-ms",
                )  # fmt: skip
        return self


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """The measurements in the order of their mixing times, these, and what is told of them."""

    signals: Sequence[Signal]
    series: Sequence[Pairs]
    mixing_s: np.ndarray
    warnings: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Mixing times, and the measurements by their content."""
        return {
            "mixing_ms": [float(1e3 * time) for time in self.mixing_s],
            "measurements": signal_inputs(self.signals),
        }


def _opens(measurements: Measurements, settings: NmrExchangeSettings) -> _Inputs:
    signals = settings.read(measurements)
    series = [to_pairs(signal) for signal in signals]
    check_alike(series)
    if settings.mixing_ms and len(settings.mixing_ms) != len(series):
        raise SettingsError(
            f"{len(settings.mixing_ms)} mixing times for {len(series)} measurements", where="mixing_ms",
            remedy="give one for each, in their order",
        )  # fmt: skip
    told = [1e-3 * time for time in settings.mixing_ms] or [pairs.mixing_s for pairs in series]
    known = [time for time in told if time is not None]
    if len(known) < len(series):
        name = next(pairs.name for pairs, time in zip(series, told, strict=True) if time is None)
        raise SettingsError(
            f"{name}: the file does not say the mixing time", where="mixing_ms",
            remedy="give it of each measurement, in their order",
        )  # fmt: skip
    order = np.argsort(known, kind="stable")
    return _Inputs(
        signals=[signals[place] for place in order],
        series=[series[place] for place in order],
        mixing_s=np.array(known)[order],
        warnings=_contradictions(series, known),
    )


def _contradictions(series: Sequence[Pairs], mixing_s: Sequence[float]) -> list[str]:
    """Mixing times that were given, against what the files say."""
    found = []
    for pairs, used in zip(series, mixing_s, strict=True):
        said = pairs.mixing_s
        if said is not None and not (said <= _CONTRADICTS * used and used <= _CONTRADICTS * said):
            found.append(
                f"{pairs.name}: the file says a mixing time of {1e3 * said:.4g} ms, --mixing-ms {1e3 * used:.4g} ms, "
                "which is taken"
            )
    return found


def _measures(inputs: _Inputs, settings: NmrExchangeSettings, run: Run) -> NmrExchangeRecord:
    series, mixing_s = inputs.series, inputs.mixing_s
    first = series[0]
    shifts = np.array(list(settings.sites.values())) if settings.sites else find_shifts(series)
    if shifts.size < 2:
        raise DataError(
            f"one line, at {shifts[0]:.4g} ppm: nothing to exchange with", where=first.name,
            remedy="give two or more --sites",
        )  # fmt: skip
    names = list(settings.sites) or [f"{shift:.2f} ppm" for shift in shifts]
    volumes = fit_volumes(series, shifts_ppm=shifts, shape=settings.shape)
    found = fit_rates(mixing_s, volumes.values, volumes.covariance)
    diffusivity = settings.spin_diffusion_nm2_per_ms
    if diffusivity is None and first.axis.nucleus == "1H":
        diffusivity = SPIN_DIFFUSION_NM2_PER_MS
    bound = None
    if diffusivity is not None:
        bound = domain_bound(found, mixing_s, volumes.values, volumes.std, diffusivity_nm2_per_ms=diffusivity)
    drawn = int(np.argmax([_cross(values) for values in volumes.values]))
    return NmrExchangeRecord(
        name=first.name if len(series) == 1 else f"{first.name} to {series[-1].name}",
        nucleus=first.axis.nucleus,
        carrier_MHz=first.axis.carrier_MHz,
        n_rows=2 * first.cosine.shape[0],
        n_points=first.cosine.shape[1],
        mixing_s=mixing_s.tolist(),
        sites=_sites(names, volumes, found),
        rates_per_s=[_rate(rate, names) for rate in found.rates],
        chi2=found.chi2,
        degrees_of_freedom=found.degrees,
        chi2_probability=found.probability,
        row_noise=volumes.row_noise,
        residual_over_noise=volumes.residual_over_noise,
        direct_phase_deg=volumes.direct_phase_deg,
        direct_phase1_deg=volumes.direct_phase1_deg,
        indirect_phase_deg=volumes.indirect_phase_deg,
        drawn_mixing_s=float(mixing_s[drawn]),
        domain_size_nm=None if bound is None else bound.size_nm,
        domain_size_is=None if bound is None else "at most" if bound.is_upper else "at least",
        domain_time_s=None if bound is None else bound.time_s,
        domain_because=None if bound is None else bound.because,
        spin_diffusion_nm2_per_ms=diffusivity,
        notes=_notes(found, mixing_s, volumes, bound),
        warnings=[*_warnings(series), *inputs.warnings],
        files={
            "volumes": run.table(VOLUMES, _volume_table(names, mixing_s, volumes, found)),
            "plane": run.arrays(PLANE, _drawn(series[drawn], volumes)),
        },
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )


def _warnings(series: Sequence[Pairs]) -> list[str]:
    """What readers and processing tell, once where it is the same of several measurements."""
    told: dict[str, list[str]] = {}
    for pairs in series:
        for warning in pairs.warnings:
            text = warning.removeprefix(f"{pairs.name}: ")
            told.setdefault(text, []).append(pairs.name)
    return [
        f"{names[0]}: {text}" if len(names) == 1 else f"{text} (in {len(names)} of {len(series)} measurements)"
        for text, names in told.items()
    ]


def _cross(values: np.ndarray) -> float:
    """Of what is not on the diagonal."""
    return float(values.sum() - np.trace(values))


def _sites(names: Sequence[str], volumes: Volumes, found: Exchange) -> list[ExchangeSite]:
    rows = []
    for place, name in enumerate(names):
        leakage = None
        if found.leakage_per_s is not None and found.leakage_std_per_s is not None:
            leakage = Measured.or_none(found.leakage_per_s[place], found.leakage_std_per_s[place])
        population = None
        if found.populations_std is not None:
            population = Measured.or_none(found.populations[place], found.populations_std[place])
        rows.append(
            ExchangeSite(
                name=name,
                shift_ppm=float(volumes.shift_ppm[place]),
                lorentz_Hz=float(volumes.lorentz_Hz[place]),
                gauss_Hz=float(volumes.gauss_Hz[place]),
                population=population,
                leakage_per_s=leakage,
            )
        )
    return rows


def _rate(rate: Rate, names: Sequence[str]) -> ExchangeRate:
    measured = None
    if rate.rate_per_s is not None and rate.std_per_s is not None:
        measured = Measured(
            value=rate.rate_per_s, std=rate.std_per_s, interval_68=rate.interval_68, interval_95=rate.interval_95
        )
    return ExchangeRate.model_validate(
        {
            "from": names[rate.start],
            "to": names[rate.end],
            "rate": measured,
            "at_least_per_s": rate.at_least_per_s,
            "at_most_per_s": rate.at_most_per_s,
        }
    )


def _notes(found: Exchange, mixing_s: np.ndarray, volumes: Volumes, bound: DomainBound | None) -> list[str]:
    notes = []
    if np.unique(mixing_s).size < 2:
        notes.append(
            "One mixing time gives a bound within a decade, not a rate: what leaks to the lattice and what was there "
            "before it cannot be told apart. Measure at three or more, from 1/10 to 3 times the inverse of the rate"
        )
    elif any(rate.rate_per_s is None for rate in found.rates):
        low, high = 1e3 * float(mixing_s.min()), 1e3 * float(mixing_s.max())
        notes.append(
            f"Mixing times of {low:.3g} to {high:.3g} ms do not enclose every rate: where only a lower bound stands "
            "they are too long, where only an upper one too short"
        )
    if found.probability is not None and found.probability < _MISFIT:
        notes.append(
            f"Constant rates do not describe the volumes (chi2 {found.chi2:.3g} of {found.degrees} degrees of "
            "freedom): errors are widened. Spin diffusion through domains grows as the root of time instead"
        )
    if found.leakage_per_s is not None and found.leakage_std_per_s is not None:
        falling = found.leakage_per_s < -3 * found.leakage_std_per_s
        if falling.any():
            notes.append(
                "Volumes grow with the mixing time: the measurements are not of one gain, or not of one series"
            )
    if volumes.residual_over_noise > _SHAPE_IS_WRONG:
        notes.append(
            f"The lines leave {volumes.residual_over_noise:.2g} times the noise: their shape, or the number of sites, "
            "is not right, and volumes may be off by more than their error"
        )
    if volumes.row_noise > 0.001:
        notes.append(
            f"The gain differs by {100 * volumes.row_noise:.2g} % from row to row (t1 noise); the errors hold it"
        )
    if bound is not None and bound.is_upper:
        notes.append("The size of domains is an upper bound: fast spinning slows spin diffusion")
    return notes


def _volume_table(names: Sequence[str], mixing_s: np.ndarray, volumes: Volumes, found: Exchange) -> Columns:
    rows: dict[str, list[Any]] = {
        name: [] for name in ("mixing_s", "from", "to", "volume", "std", "fitted", "residual_over_std")
    }
    std = volumes.std
    for place, time in enumerate(mixing_s):
        for start, begins in enumerate(names):
            for end, ends in enumerate(names):
                value, error = volumes.values[place, end, start], std[place, end, start]
                fitted = np.nan if found.fitted is None else found.fitted[place, end, start]
                row = (time, begins, ends, value, error, fitted, (value - fitted) / error)
                for column, cell in zip(rows.values(), row, strict=True):
                    column.append(cell)
    return {name: np.array(column) for name, column in rows.items()}


def _drawn(pairs: Pairs, volumes: Volumes) -> dict[str, np.ndarray]:
    """The spectrum around the lines, at most 256 points each way."""
    plane = to_plane(
        pairs,
        direct_phase_deg=volumes.direct_phase_deg,
        direct_phase1_deg=volumes.direct_phase1_deg,
        indirect_phase_deg=volumes.indirect_phase_deg,
    )
    width = float((volumes.lorentz_Hz + volumes.gauss_Hz).max()) / pairs.axis.reference_MHz
    apart = float(np.ptp(volumes.shift_ppm))
    margin = max(_DRAWN_HALF_WIDTHS * 0.5 * width, 0.35 * apart)
    low, high = float(volumes.shift_ppm.min()) - margin, float(volumes.shift_ppm.max()) + margin
    parts = {}
    places = []
    for name, shifts in (("indirect_ppm", plane.indirect_ppm), ("direct_ppm", plane.direct_ppm)):
        inside = np.flatnonzero((shifts >= low) & (shifts <= high))
        places.append(inside[:: max(1, -(-inside.size // _MOST_DRAWN))])
        parts[name] = shifts[places[-1]]
    return parts | {"values": plane.values[np.ix_(*places)]}


def _says(record: NmrExchangeRecord) -> list[str]:
    lines = []
    for rate in record.rates_per_s:
        way = f"{rate.start} to {rate.to}"
        if rate.rate is not None:
            lines.append(f"{way}: {rate.rate.value:.4g} +- {rate.rate.std:.2g} 1/s")
        else:
            lines.append(f"{way}: no rate{_bounds(rate)}")
    if record.domain_size_nm is not None:
        lines.append(
            f"domains: {record.domain_size_is} {record.domain_size_nm:.2g} nm (sqrt(D t), D = "
            f"{record.spin_diffusion_nm2_per_ms:g} nm2/ms, t = {record.domain_time_s:.2g} s: {record.domain_because})"
        )
    return [*lines, *record.notes]


def _bounds(rate: ExchangeRate) -> str:
    ends = [("at least", rate.at_least_per_s), ("at most", rate.at_most_per_s)]
    told = [f"{words} {value:.2g} 1/s" for words, value in ends if value is not None]
    return ", " + ", ".join(told) if told else ": nothing is known of it"


STUDY = Study(
    command="nmr exchange",
    arguments=(NMR_MEASUREMENTS,),
    settings=NmrExchangeSettings,
    record=NmrExchangeRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel nmr exchange 11 12 13 14 15 --sites B12H12=1.6,BH4=-0.4",
)
