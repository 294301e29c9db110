"""`nmr spectrum`: spectra to sites, shifts, widths, and fractions of nuclei, moles and mass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.deconvolution import Deconvolution, FittedSite, deconvolve
from paddlewheel.lab.nmr.excitation import satellites_apart_Hz, saturation, visible_share
from paddlewheel.lab.nmr.fractions import Compounds, Efficiency, Shares, amounts, compounds, shares
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.line_model import Ratio, SiteStart
from paddlewheel.lab.nmr.lineshapes import PARAMETERS, Kind
from paddlewheel.lab.nmr.readers import write_spectrum
from paddlewheel.lab.nmr.signal import Conditions, Signal
from paddlewheel.lab.ranges import question
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.laboratory.amounts_table import amounts_lines
from paddlewheel.studies.laboratory.nmr import (
    NMR_MEASUREMENTS,
    Measurements,
    NmrSpectrumSettings,
    signal_inputs,
)
from paddlewheel.studies.laboratory.sample_records import beside_diffraction, check_names
from paddlewheel.studies.nmr_spectrum.record import (
    CURVES,
    NmrCandidate,
    NmrCompound,
    NmrSite,
    NmrSpectrum,
    NmrSpectrumRecord,
    Sideband,
    line_column,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import NamedColumns, NamedNumbers, NamedValues, Names, Numbers, setting
from paddlewheel.study.study import Study

_CITATIONS = (
    Citation(
        what="variable projection",
        reference="Golub, Pereyra, Inverse Probl. 19, R1 (2003)",
        doi="10.1088/0266-5611/19/2/201",
    ),
    Citation(
        what="covariance under correlated noise",
        reference="Newey, West, Econometrica 55, 703 (1987)",
        doi="10.2307/1913610",
    ),
    Citation(
        what="excitation of half-integer spins",
        reference="Samoson, Lippmaa, Chem. Phys. Lett. 100, 205 (1983)",
        doi="10.1016/0009-2614(83)80058-6",
    ),
    Citation(
        what="frequency ratios of shift references",
        reference="Harris et al., Pure Appl. Chem. 73, 1795 (2001)",
        doi="10.1351/pac200173111795",
    ),
)
_LOSS_TOLD = 0.02
"""Loss of signal from which it is told that the correction was made."""
_VAGUE, _EVERYTHING = 0.5, (0.025, 0.975)
"""Standard deviation of a share, or ends of its 95 % interval, from which it is told that it is not determined."""
_LEAST_SEEN, _LEAST_RELAXED, _LEAST_FLIP_deg = 0.05, 0.01, 1.0
"""Below this share of a site's signal a correction is refused: what is left tells more of the correction than of it."""
_NEAR, _USUAL_WIDTH_Hz = 1.5, 150.0
"""Satellites lie under a line whose width times this is over their distance; and the width before one is fitted."""


class NmrSpectrumStudySettings(NmrSpectrumSettings):
    """Settings of `nmr spectrum`."""

    sites: int | None = setting(None, "How many sites; by the evidence (BIC) by default.", ge=1, le=8)
    shifts_ppm: Numbers = setting(
        (),
        "Where sites are looked for, ppm, as many as there are known.",
        each=(-1e5, 1e5),
        distinct="name a site once",
    )
    names: Names = setting((), "Names of the sites, in the order of the shifts (falling without shifts).")
    line_shape: Kind = setting("voigt", "Shape of the lines; powder patterns need mrsimulator.")
    line_shapes: NamedColumns = setting({}, "Another shape for some sites: BO3=quadrupolar.")
    ratio: Names = setting((), "Ratio of nuclei that compounds have: B12H12:BH4=12:1.")
    range_ppm: Numbers = setting((), "Ends of what is fitted, ppm; around the signals by default.", each=(-1e5, 1e5))
    phase: Literal["fit", "file"] = setting("fit", "Fit the phase, or keep the file's, as other programs do.")
    baseline_order: int | None = setting(
        None, "Order of the polynomial under the lines; by AICc by default.", ge=0, le=30
    )
    row: int | None = setting(
        None, "Row of a measurement of several, from 1; the strongest by default.", ge=1, le=1_000_000
    )
    cq_MHz: NamedValues = setting(
        {}, "Quadrupole coupling of sites, to correct for pulse and satellites: BH4=0.1,B12H12=0.3+-0.05."
    )
    asymmetry: NamedNumbers = setting({}, "Its asymmetry, 0 by default.", each=(0.0, 1.0), only_with={"cq_MHz": True})
    t1_s: NamedValues = setting({}, "T1 of sites, to correct for the recycle delay: BH4=2.0+-0.1.")
    recycle_delay_s: float | None = setting(
        None, "Delay between scans, s, over what the file says.", gt=0, le=1e6, only_with={"t1_s": True}
    )
    formulas: NamedColumns = setting({}, "Compound of each site, for mole and mass fractions: BH4=NaBH4.")
    among: Names = setting((), "Sites whose fractions among themselves are told too, such as the BH4 of all phases.")
    tms_MHz: float | None = setting(
        None, "Frequency of tetramethylsilane's protons in the same field: 0 ppm by IUPAC's ratio.", gt=1, le=3000
    )
    reference_std_ppm: float = setting(0.0, "Standard uncertainty of the shift reference, ppm.", ge=0, le=1000)
    sample: Path | None = setting(
        None,
        "Sample file that names an XRD record: its weight fractions stand beside those of these nuclei.",
        may_change=True,
    )
    export: Literal["dmfit"] | None = setting(None, "Write the spectra for another program too.")

    @model_validator(mode="after")
    def _spectrum_is_consistent(self) -> Self:
        if self.names and self.shifts_ppm and len(self.names) != len(self.shifts_ppm):
            raise SettingsError(
                f"{len(self.names)} names for {len(self.shifts_ppm)} shifts", where="names", remedy="give one for each"
            )
        if len(set(self.names)) < len(self.names):
            raise SettingsError("a name is given twice", where="names", remedy="give each site its own")
        if self.sites is not None and self.sites < max(len(self.names), len(self.shifts_ppm)):
            raise SettingsError(
                f"{self.sites} for {max(len(self.names), len(self.shifts_ppm))} that are named", where="sites",
                remedy="give as many or more",
            )  # fmt: skip
        if self.range_ppm and (len(self.range_ppm) != 2 or self.range_ppm[0] == self.range_ppm[1]):
            raise SettingsError("is not two ends", where="range_ppm", remedy="give both, as -60,0")
        for shift in self.shifts_ppm if self.range_ppm else ():
            if not min(self.range_ppm) <= shift <= max(self.range_ppm):
                raise SettingsError(
                    f"{shift:g} is outside --range-ppm {min(self.range_ppm):g} to {max(self.range_ppm):g}",
                    where="shifts_ppm", remedy="widen the range, or leave out the site",
                )  # fmt: skip
        if self.tms_MHz is not None and (self.sr_Hz is not None or self.reference_shift_ppm):
            raise SettingsError("given beside another reference", where="tms_MHz", remedy="give one of them")
        for name, shape in self.line_shapes.items():
            if shape not in PARAMETERS:
                raise SettingsError(
                    f"{name}={shape}", where="line_shapes", remedy=f"shapes are {', '.join(PARAMETERS)}"
                )
        for field in ("line_shapes", "cq_MHz", "asymmetry", "t1_s", "formulas"):
            for name in getattr(self, field):
                self._check_named(name, field)
        for name in self.among:
            self._check_named(name, "among")
        if len(self.among) == 1 or len(set(self.among)) < len(self.among):
            raise SettingsError(",".join(self.among), where="among", remedy="name two or more sites, each once")
        for ratio in self.ratios():
            self._check_named(ratio.first, "ratio")
            self._check_named(ratio.second, "ratio")
        for field in ("cq_MHz", "t1_s"):
            for name, text in getattr(self, field).items():
                value, _ = _with_error(text, where=field)
                if value < 0 or (field == "t1_s" and value == 0):
                    raise SettingsError(f"{name}={text}", where=field, remedy="give a positive number")
                if (asked := question(field, value)) is not None:
                    raise SettingsError(f"{name}: {asked[0]}", where=field, remedy=asked[1])
        return self

    def _check_named(self, name: str, field: str) -> None:
        if name not in self.names:
            known = ", ".join(self.names) or "none"
            raise SettingsError(
                f"'{name}' is no site (named are {known})", where=field, remedy="give --names, with --shifts-ppm"
            )

    def ratios(self) -> list[Ratio]:
        """The ratios that were given."""
        found = []
        for text in self.ratio:
            try:
                names, _, numbers = text.partition("=")
                first, second = (name.strip() for name in names.split(":"))
                over, under = (float(number) for number in numbers.split(":"))
                value = over / under
            except (ValueError, ZeroDivisionError):
                value, first, second = -1.0, "", ""
            if not (value > 0 and math.isfinite(value) and first != second):
                raise SettingsError(f"'{text}' is no ratio", where="ratio", remedy="write B12H12:BH4=12:1")
            found.append(Ratio(first=first, second=second, ratio=value))
        return found

    def starts(self) -> list[SiteStart]:
        """The sites that are known."""
        shifts = self.shifts_ppm or (None,) * len(self.names)
        names = self.names or tuple(f"{shift:g} ppm" for shift in self.shifts_ppm)
        found = []
        for name, shift in zip(names, shifts, strict=True):
            kind: Any = self.line_shapes.get(name, self.line_shape)
            values = {}
            if kind == "quadrupolar" and name in self.cq_MHz:
                values["cq_MHz"] = _with_error(self.cq_MHz[name], where="cq_MHz")[0]
            found.append(SiteStart(name=name, kind=kind, shift_ppm=shift, values=values))
        return found


def _with_error(text: str | float, *, where: str) -> tuple[float, float]:
    """A number with its standard uncertainty, as 0.3 or 0.3+-0.05."""
    value, _, error = str(text).partition("+-")
    try:
        numbers = float(value), float(error or 0.0)
    except ValueError:
        numbers = (math.nan, math.nan)
    if not (math.isfinite(numbers[0]) and numbers[1] >= 0):
        raise SettingsError(f"'{text}' is no number", where=where, remedy="write 0.3, or 0.3+-0.05")
    return numbers


@dataclass(frozen=True, kw_only=True)
class SpectrumInputs:
    """The spectra, one row each."""

    signals: list[Signal]

    def document(self) -> dict[str, Any]:
        """Every spectrum by its content, with the conditions that corrections and sidebands rest on."""
        names = ("spinning_Hz", "pulse_us", "nutation_Hz", "recycle_delay_s")
        return {
            "measurements": [
                entry | {name: getattr(signal.conditions, name) for name in names}
                for signal, entry in zip(self.signals, signal_inputs(self.signals), strict=True)
            ]
        }


def _opens(given: Measurements, settings: NmrSpectrumStudySettings) -> SpectrumInputs:
    if settings.sample is not None:
        check_names(settings.sample, "xrd")
    signals = [_one_row(signal, settings) for signal in settings.read(given)]
    for signal in signals:
        _check_conditions(signal, settings)
    return SpectrumInputs(signals=signals)


def _one_row(signal: Signal, settings: NmrSpectrumStudySettings) -> Signal:
    """The row that is looked at, with the reference of IUPAC where it is asked for."""
    if signal.indirect is not None:
        raise SettingsError("is two-dimensional", where=signal.name, remedy="give it to nmr exchange, or one row of it")
    n_rows = len(signal.values)
    if settings.row is not None and settings.row > n_rows:
        raise SettingsError(f"{settings.row}", where="row", remedy=f"{signal.name} has rows 1 to {n_rows}")
    row = settings.row - 1 if settings.row else int(np.argmax(np.sum(np.abs(signal.values) ** 2, axis=1)))
    told = signal if n_rows == 1 else signal.told(f"{signal.name}: row {row + 1} of {n_rows} is fitted")
    axis = signal.axis
    if settings.tms_MHz is not None:
        ratio = isotope(axis.nucleus).frequency_ratio_percent
        if ratio is None:
            raise SettingsError(
                f"IUPAC gives no frequency ratio of {axis.nucleus}", where="tms_MHz",
                remedy="give --reference-shift-ppm",
            )  # fmt: skip
        axis = replace(axis, reference_MHz=settings.tms_MHz * ratio / 100)
    return replace(told, values=signal.values[row : row + 1], delays_s=None, axis=axis)


def _check_conditions(signal: Signal, settings: NmrSpectrumStudySettings) -> None:
    """Refuse a correction without what it rests on."""
    made = signal.conditions
    if any(_with_error(text, where="cq_MHz")[0] for text in settings.cq_MHz.values()):
        needed = ("pulse_us", "nutation_Hz", "spinning_Hz")
        for name, value in ((name, getattr(made, name)) for name in needed):
            if value is None:
                raise SettingsError(
                    f"not in the file of {signal.name}, so excitation cannot be corrected", where=name,
                    remedy="give it, or leave out --cq-MHz",
                )  # fmt: skip
    if (flip := _flip_angle_deg(made)) is not None and (settings.cq_MHz or settings.t1_s) and flip < _LEAST_FLIP_deg:
        raise SettingsError(
            f"{made.pulse_us:g} us at {made.nutation_Hz:g} Hz turn by {flip:.2g} degrees", where="pulse_us",
            remedy="check the units: us and Hz are wanted",
        )  # fmt: skip
    if settings.t1_s and _recycle_delay_s(made, settings) is None:
        raise SettingsError(
            f"not in the file of {signal.name}, so saturation cannot be corrected", where="recycle_delay_s",
            remedy="give it, or leave out --t1-s",
        )  # fmt: skip


def _flip_angle_deg(made: Conditions) -> float | None:
    """By how much the pulse turns spins without a coupling; None where it is not known."""
    return None if made.pulse_us is None or made.nutation_Hz is None else 360e-6 * made.pulse_us * made.nutation_Hz


def _check_what_is_left(name: str, left: float, least: float, *, where: str, remedy: str) -> None:
    """Refuse a correction by more than a factor, which is of a wrong unit or leaves nothing to measure."""
    if not left >= least:
        raise SettingsError(
            f"{name} has {100 * left:.2g} % of its signal left, too little to correct", where=where, remedy=remedy
        )


def _recycle_delay_s(made: Conditions, settings: NmrSpectrumStudySettings) -> float | None:
    return settings.recycle_delay_s if settings.recycle_delay_s is not None else made.recycle_delay_s


def _of_excitation(
    name: str, signal: Signal, settings: NmrSpectrumStudySettings, fitted: FittedSite | None = None
) -> Efficiency | None:
    """What is seen of a site, by the coupling that was given or fitted; None where there is none."""
    made, spin = signal.conditions, signal.axis.isotope.spin
    values = {} if fitted is None else fitted.values
    if name in settings.cq_MHz:
        cq, std = _with_error(settings.cq_MHz[name], where="cq_MHz")
        eta = settings.asymmetry.get(name, 0.0)
    elif "cq_MHz" in values:
        (cq, std), (eta, _) = values["cq_MHz"], values["asymmetry"]
    else:
        return None
    if made.pulse_us is None or made.nutation_Hz is None or made.spinning_Hz is None or spin % 1 == 0:
        return None
    width_Hz = _USUAL_WIDTH_Hz if fitted is None else fitted.values["fwhm_Hz"][0]
    share = partial(
        visible_share, spin=spin, pulse_us=made.pulse_us, nutation_Hz=made.nutation_Hz, spinning_Hz=made.spinning_Hz,
        asymmetry=eta, orders=(0,) if fitted is None else fitted.orders,
        with_satellites=_NEAR * width_Hz
        > satellites_apart_Hz(spin=spin, cq_MHz=cq, carrier_MHz=signal.axis.carrier_MHz, asymmetry=eta),
    )  # fmt: skip
    std = 0.0 if math.isnan(std) else std
    spread = 0.5 * abs(share(cq_MHz=cq + std) - share(cq_MHz=max(cq - std, 0.0))) if std else 0.0
    value = share(cq_MHz=cq)
    _check_what_is_left(
        name, value, _LEAST_SEEN, where="cq_MHz",
        remedy="check the units of --cq-MHz, --pulse-us and --nutation-Hz, or leave out --cq-MHz",
    )  # fmt: skip
    return Efficiency(value=value, std=spread)


def _of_saturation(name: str, signal: Signal, settings: NmrSpectrumStudySettings) -> Efficiency | None:
    """What the recycle delay leaves of a site; the flip angle is that of the pulse where both are known, else 90."""
    if name not in settings.t1_s:
        return None
    made, delay = signal.conditions, _recycle_delay_s(signal.conditions, settings)
    assert delay is not None
    t1, std = _with_error(settings.t1_s[name], where="t1_s")
    flip = 90.0 if (known := _flip_angle_deg(made)) is None else known
    ends = [
        saturation(t1_s=max(t1 + way * std, 1e-3 * t1), recycle_delay_s=delay, flip_angle_deg=flip)
        for way in (-1, 0, 1)
    ]
    _check_what_is_left(
        name, ends[1], _LEAST_RELAXED, where="t1_s",
        remedy=f"check --t1-s and the recycle delay of {delay:g} s: both are in s",
    )  # fmt: skip
    return Efficiency(value=ends[1], std=0.5 * abs(ends[2] - ends[0]))


def _together(first: Efficiency | None, second: Efficiency | None) -> Efficiency:
    one, other = first or Efficiency(value=1.0), second or Efficiency(value=1.0)
    value = one.value * other.value
    return Efficiency(value=value, std=value * math.hypot(one.std / one.value, other.std / other.value))


def _measures(inputs: SpectrumInputs, settings: NmrSpectrumStudySettings, run: Run) -> NmrSpectrumRecord:
    sites: list[NmrSite] = []
    found_compounds: list[NmrCompound] = []
    spectra: list[NmrSpectrum] = []
    curves: list[Deconvolution] = []
    warnings: list[str] = []
    notes: list[str] = []
    files = {}
    for number, signal in enumerate(inputs.signals, start=1):
        spectrum = settings.spectrum(signal)
        given = {
            start.name: _together(
                _of_excitation(start.name, signal, settings), _of_saturation(start.name, signal, settings)
            ).value
            for start in settings.starts()
        }
        found = deconvolve(
            spectrum,
            line_shape=settings.line_shape,
            starts=settings.starts(),
            n_sites=settings.sites,
            range_ppm=(settings.range_ppm[0], settings.range_ppm[1]) if settings.range_ppm else None,
            spinning_Hz=settings.spinning_Hz,
            ratios=settings.ratios(),
            efficiencies=given,
            fit_phase=settings.phase == "fit",
            baseline_order=settings.baseline_order,
        )
        pulses = [_of_excitation(site.name, signal, settings, site) for site in found.sites]
        delays = [_of_saturation(site.name, signal, settings) for site in found.sites]
        nuclei, covariance = amounts(
            found.areas, found.covariance, [_together(*pair) for pair in zip(pulses, delays, strict=True)]
        )
        parts = shares(nuclei, covariance)
        inner = [place for place, site in enumerate(found.sites) if site.name in settings.among]
        group = shares(nuclei[inner], covariance[np.ix_(inner, inner)]) if inner else None
        among = {} if group is None else {place: _shared(group, rank) for rank, place in enumerate(inner)}
        sites += [
            _site(number, site, found, place, parts, (pulses[place], delays[place]), settings, among.get(place))
            for place, site in enumerate(found.sites)
        ]
        if settings.formulas:
            whole = compounds(
                [site.name for site in found.sites], nuclei, covariance, formulas=settings.formulas,
                nucleus=signal.axis.nucleus,
            )  # fmt: skip
            found_compounds += _compounds(number, whole)
        spectra.append(_spectrum(signal, found, parts))
        curves.append(found)
        told = (*found.warnings, *_undetermined([site.name for site in found.sites], parts))
        warnings += [*spectrum.warnings, *(f"{signal.name}: {warning}" for warning in told)]
        notes += _notes(signal, found, pulses, settings)
        if settings.export is not None and run.directory is not None:
            name = f"spectrum_{number}.spe"
            write_spectrum(run.directory / name, spectrum)
            run.hold(name)
            files[f"dmfit {number}"] = name
    record = NmrSpectrumRecord(
        sites=sites,
        compounds=found_compounds,
        spectra=spectra,
        sites_by="evidence" if settings.sites is None and not settings.starts() else "given",
        notes=list(dict.fromkeys(notes)),
        warnings=list(dict.fromkeys(warnings)),
        files={"curves": _keep_curves(curves, run)} | files,
        citations=list(_CITATIONS),
        provenance=run.provenance(),
    )
    if settings.sample is None:
        return record
    rows = beside_diffraction(settings.sample, record.model_dump(mode="json"))
    told = [f"{row.says}" for row in rows if row.verdict == "contradict"]
    return record.model_copy(update={"beside_xrd": rows, "warnings": record.warnings + told})


def _undetermined(names: Sequence[str], parts: Shares) -> list[str]:
    """Which shares could be anything."""
    return [
        f"the share of {name} is not determined ({100 * part:.0f} +- {100 * std:.0f} %): its line cannot be told from "
        "its neighbours or the baseline; give a wider --range-ppm, fewer sites or a narrower --line-shape"
        for name, part, std, (low, high) in zip(names, parts.values, parts.std, parts.intervals_95, strict=True)
        if std > _VAGUE or (low < _EVERYTHING[0] and high > _EVERYTHING[1])
    ]


def _measured(value: float, std: float) -> Measured:
    """A value with its deviation; 0 of one at the end of its range."""
    return Measured(value=value, std=0.0 if math.isnan(std) else std)


def _shared(parts: Shares, place: int) -> Measured:
    """One of several shares, with its intervals."""
    (low, high), (lower, higher) = parts.intervals_68[place], parts.intervals_95[place]
    return Measured(
        value=float(parts.values[place]),
        std=float(parts.std[place]),
        interval_68=(float(low), float(high)),
        interval_95=(float(lower), float(higher)),
    )


def _site(
    number: int,
    site: FittedSite,
    found: Deconvolution,
    place: int,
    parts: Shares,
    corrections: tuple[Efficiency | None, Efficiency | None],
    settings: NmrSpectrumStudySettings,
    among: Measured | None,
) -> NmrSite:
    centre = float(site.areas[site.orders.index(0)]) or 1.0
    shift, std = site.shift_ppm
    given = [None if each is None else Measured(value=each.value, std=each.std) for each in corrections]
    return NmrSite(
        spectrum=number,
        name=site.name,
        line_shape=site.kind,
        shift_ppm=_measured(float(shift), math.hypot(0.0 if math.isnan(std) else std, settings.reference_std_ppm)),
        fwhm_Hz=_measured(*site.values["fwhm_Hz"]),
        parameters={name: _measured(*pair) for name, pair in site.values.items() if name != "fwhm_Hz"},
        at_an_end=[name for name, (_, error) in site.values.items() if math.isnan(error)],
        area=Measured(value=float(found.areas[place]), std=float(np.sqrt(found.covariance[place, place]))),
        fraction=_shared(parts, place),
        fraction_among=among,
        sidebands=[
            Sideband(order=order, area=Measured(value=float(area) / centre, std=float(error) / centre))
            for order, area, error in zip(site.orders, site.areas, site.areas_std, strict=True)
            if len(site.orders) > 1
        ],
        excitation=given[0],
        saturation=given[1],
    )


def _compounds(number: int, found: Compounds) -> list[NmrCompound]:
    return [
        NmrCompound(
            spectrum=number,
            formula=formula,
            mole_fraction=_shared(found.moles, place),
            mass_fraction=_shared(found.masses, place),
        )
        for place, formula in enumerate(found.formulas)
    ]


def _spectrum(signal: Signal, found: Deconvolution, parts: Shares) -> NmrSpectrum:
    return NmrSpectrum(
        file=signal.name,
        nucleus=signal.axis.nucleus,
        temperature_K=signal.conditions.temperature_K,
        spinning_Hz=None if found.spinning_Hz is None else _measured(*found.spinning_Hz),
        reference_MHz=signal.axis.reference_MHz,
        first_ppm=float(found.shift_ppm[0]),
        last_ppm=float(found.shift_ppm[-1]),
        phase_deg=_measured(*found.phase_deg),
        phase_at_ppm=found.pivot_ppm,
        delay_us=_measured(*found.delay_us),
        baseline_order=found.baseline_order,
        noise=found.noise,
        signal_to_noise=float(found.lines.max() / found.noise) if found.noise else 0.0,
        n_points=found.n_points,
        n_independent=found.n_effective,
        candidates=[
            NmrCandidate(n_sites=each.n_sites, bic=each.bic, aicc=each.aicc, residual_std=each.residual_std)
            for each in found.candidates
        ],
        covariance=parts.covariance.tolist(),
    )


def _notes(
    signal: Signal, found: Deconvolution, pulses: Sequence[Efficiency | None], settings: NmrSpectrumStudySettings
) -> list[str]:
    told = []
    spin = signal.axis.isotope.spin
    if len(found.sites) > 1 and spin > 1 and spin % 1 == 0.5 and None in pulses:
        told.append(
            f"{signal.axis.nucleus} has a spin of {spin:g}: sites with different quadrupole couplings have "
            "other shares of their signal in these lines (satellites, pulse); areas are corrected with --cq-MHz for "
            "each site, --pulse-us, --nutation-Hz and --spinning-Hz"
        )
    for site, kept in zip(found.sites, pulses, strict=True):
        if kept is not None and kept.value < 1 - _LOSS_TOLD:
            told.append(f"{signal.name}, {site.name}: the lines have {100 * kept.value:.0f} % of its signal: corrected")
    if len(found.sites) > 1 and not settings.t1_s:
        told.append("saturation is not corrected: the recycle delay is taken as long against every T1 (--t1-s)")
    return told


def _keep_curves(curves: Sequence[Deconvolution], run: Run) -> str:
    names = list(dict.fromkeys(site.name for found in curves for site in found.sites))
    parts = []
    for number, found in enumerate(curves, start=1):
        lines: Mapping[str, np.ndarray] = {site.name: line for site, line in zip(found.sites, found.lines, strict=True)}
        whole = found.baseline + found.lines.sum(axis=0)
        rest = found.measured - whole
        absent = np.full(len(whole), np.nan)
        parts.append(
            (np.full(len(whole), number), found.shift_ppm, found.measured, found.baseline, whole, rest,
             *(lines.get(name, absent) for name in names))
        )  # fmt: skip
    columns = ("spectrum", "shift_ppm", "measured", "baseline", "fit", "residual", *map(line_column, names))
    return run.table(CURVES, stacked(columns, parts))


def _says(record: NmrSpectrumRecord) -> list[str]:
    lines = []
    for number, spectrum in enumerate(record.spectra, start=1):
        where = spectrum.file + (f", {spectrum.temperature_K:g} K" if spectrum.temperature_K is not None else "")
        lines.append(f"{where} ({spectrum.nucleus}):")
        for site in [site for site in record.sites if site.spectrum == number]:
            shift, width, part = site.shift_ppm, site.fwhm_Hz, site.fraction
            lines.append(
                f"  {site.name}: {shift.value:.2f} +- {shift.std:.2g} ppm, {width.value:.4g} Hz wide, "
                f"{100 * part.value:.1f} +- {100 * part.std:.1f} % of the nuclei" + _told_among(site.fraction_among)
            )
        lines.extend(
            f"  {each.formula}: {100 * each.mole_fraction.value:.1f} +- {100 * each.mole_fraction.std:.1f} mol%, "
            f"{100 * each.mass_fraction.value:.1f} +- {100 * each.mass_fraction.std:.1f} wt%"
            for each in record.compounds
            if each.spectrum == number
        )
    return [*lines, *amounts_lines(record.beside_xrd), *(f"note: {note}" for note in record.notes)]


def _told_among(part: Measured | None) -> str:
    return "" if part is None else f", {100 * part.value:.1f} +- {100 * part.std:.1f} % of the group"


STUDY = Study(
    command="nmr spectrum",
    arguments=(NMR_MEASUREMENTS,),
    settings=NmrSpectrumStudySettings,
    record=NmrSpectrumRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel nmr spectrum 11B/1 11B/2 --shifts-ppm=-15.5,-44.3,-42.1 --names B12H12,o-BH4,BH4 "
    "--cq-MHz BH4=0.1,o-BH4=0.2+-0.05,B12H12=0.3 --pulse-us 1.73 --nutation-Hz 145000",
    notes="Decays or processed spectra of one row each; phase and baseline are part of the fit.",
)
