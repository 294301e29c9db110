"""`nmr relaxation`: T1 of every site, and from several temperatures the barrier, the jump rate and the conductivity."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.intensities import SiteIntensities, fit_lines, integrate_regions, strongest_shift_ppm
from paddlewheel.lab.nmr.isotopes import Isotope, isotope
from paddlewheel.lab.nmr.least_squares import Value
from paddlewheel.lab.nmr.narrowing import Widths, fit_narrowing
from paddlewheel.lab.nmr.recovery import Experiment, Model, Recovery, RecoveryFit, Transitions, fit_recoveries
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.spin_lattice import (
    KERNELS,
    Kernel,
    PeakFit,
    Rates,
    diffusivity_cm2_per_s,
    fit_peak,
    flank_slope_eV,
    nernst_einstein_mS_per_cm,
    quadrupolar_coupling_MHz,
)
from paddlewheel.lab.nmr.temperature_table import TemperatureTable, read_temperature_table
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.laboratory.nmr import NMR_MEASUREMENTS, Measurements, NmrSpectrumSettings, signal_inputs
from paddlewheel.studies.nmr_relaxation.record import (
    CURVES,
    PEAK,
    RECOVERIES,
    TIMES,
    WIDTH_CURVE,
    WIDTHS,
    JumpRates,
    KernelFit,
    Narrowing,
    NmrRelaxationRecord,
    RelaxationModel,
    RelaxationSite,
    TemperatureFit,
)
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Names, Numbers, Quantity, Ranges, setting
from paddlewheel.study.study import Argument, Study

_CURVE_POINTS = 120
_FIT_TEMPERATURES = 6
_SAME_FREQUENCY = 0.01
_PROGRAMS: tuple[tuple[Experiment, tuple[str, ...]], ...] = (
    ("saturation", ("sat",)),
    ("inversion", ("t1ir", "invrec", "inv_rec", "irec")),
    ("decay", ("t1rho", "t1r", "cpmg", "t2", "hahn")),
)
"""Parts of the names of pulse programs, by what they measure."""
_CITATIONS = (
    Citation(
        what="relaxation by jumps", reference="Bloembergen, Purcell, Pound, Phys. Rev. 73, 679 (1948)",
        doi="10.1103/PhysRev.73.679",
    ),
    Citation(
        what="two rates of quadrupolar relaxation",
        reference="Andrew, Tunstall, Proc. Phys. Soc. 78, 1 (1961)", doi="10.1088/0370-1328/78/1/302",
    ),
    Citation(
        what="profile intervals", reference="Venzon, Moolgavkar, Appl. Stat. 37, 87 (1988)", doi="10.2307/2347496"
    ),
)  # fmt: skip
_NARROWING = Citation(
    what="motional narrowing",
    reference="Hendrickson, Bray, J. Magn. Reson. 9, 341 (1973)",
    doi="10.1016/0022-2364(73)90176-5",
)


class NmrRelaxationSettings(NmrSpectrumSettings):
    """Settings of `nmr relaxation`."""

    experiment: Literal["auto", "saturation", "inversion", "decay"] = setting(
        "auto", "What was measured; by the pulse program and the rows by default. decay: T1rho or T2."
    )
    model: Literal["auto", "single", "stretched", "two-rates"] = setting(
        "auto", "Model of the recovery; the one by AICc by default, one for all temperatures of a site."
    )
    excited: Transitions = setting(
        "all",
        "Transitions of a half-integer spin that are saturated or inverted: by a comb or hard pulse, or selective.",
    )
    seen: Transitions = setting("central", "Transitions of a half-integer spin whose line is seen.")
    site_shifts_ppm: Numbers = setting(
        (), "Shifts of the sites, whose lines are fitted; the strongest line by default.", each=(-1e5, 1e5),
        distinct="give each site once", aliases=("site_shifts",),
    )  # fmt: skip
    regions_ppm: Ranges = setting(
        (),
        "Regions to integrate instead, from low to high, as 560:590.",
        each=(-1e5, 1e5),
        only_with={"site_shifts_ppm": False},
    )
    site_names: Names = setting((), "Names of the sites or regions, in their order.")
    field_T: float | None = setting(
        None, "Field, for a table of T1 without a column frequency_MHz (with --nucleus).", gt=0, le=60
    )
    eta: float = setting(0.0, "Asymmetry of the fluctuating field gradient, for C_Q.", ge=0, le=1)
    jump_distance_A: float | None = setting(None, "Length of a jump, A: gives a diffusivity.", gt=0.1, le=50)
    carriers_per_cm3: float | None = setting(
        None, "Density of the mobile ions, 1/cm3: gives a conductivity.", ge=1e15, le=1e25,
        only_with={"jump_distance_A": True},
    )  # fmt: skip
    charge_number: float = setting(1.0, "Charge of the mobile ion, e.", only_with={"carriers_per_cm3": True})
    measured_conductivity_mS_per_cm: Quantity | None = setting(
        None, "Conductivity by impedance to set beside it: value or value,std.", only_with={"carriers_per_cm3": True}
    )
    conductivity_temperature_K: float | None = setting(
        None, "Temperature of both; that of the maximum of R1 by default.", only_with={"carriers_per_cm3": True}
    )

    @model_validator(mode="after")
    def _sites_are_named(self) -> Self:
        count = len(self.site_shifts_ppm) or len(self.regions_ppm) or 1
        if self.site_names and len(self.site_names) != count:
            raise SettingsError(
                f"{len(self.site_names)} names for {count} sites", where="site_names", remedy="give one for each"
            )
        if len(set(self.site_names)) < len(self.site_names):
            raise SettingsError("a name is given twice", where="site_names", remedy="give each site its own")
        return self


@dataclass(frozen=True, kw_only=True)
class RelaxationInputs:
    """Measurements with delays, or a table."""

    signals: tuple[Signal, ...]
    tables: tuple[TemperatureTable, ...]
    table_inputs: tuple[dict[str, Any], ...]
    nucleus: Isotope | None

    def document(self) -> dict[str, Any]:
        """Every input by its content."""
        return {"measurements": signal_inputs(self.signals), "tables": list(self.table_inputs)}


def _opens(given: Measurements, settings: NmrRelaxationSettings) -> RelaxationInputs:
    sources = [given] if isinstance(given, str | Path | Signal) else list(given)
    tables, inputs, folders = [], [], []
    for source in sources:
        table = None if isinstance(source, Signal) else read_temperature_table(Path(source))
        if table is None or isinstance(source, Signal):
            folders.append(source)
        else:
            tables.append(table)
            digest = hashlib.sha256(Path(source).read_bytes()).hexdigest()
            inputs.append({"file": Path(source).name, "n_rows": len(table.temperature_K), "sha256": digest})
    if tables and folders:
        raise SettingsError(
            "tables and measurements together", where="measurements", remedy="give either, and run twice"
        )
    if tables and settings.temperatures_K:
        raise SettingsError("given beside a table, which has its own", where="temperatures_K", remedy="leave it out")
    signals = settings.read(folders) if folders or not tables else []
    for signal in signals:
        _check_rows(signal)
    nuclei = {signal.axis.nucleus for signal in signals}
    if len(nuclei) > 1:
        raise DataError(
            f"measurements of {' and '.join(sorted(nuclei))}", where="measurements", remedy="give those of one nucleus"
        )
    symbol = next(iter(nuclei), settings.nucleus)
    return RelaxationInputs(
        signals=tuple(signals),
        tables=tuple(tables),
        table_inputs=tuple(inputs),
        nucleus=None if symbol is None else isotope(symbol),
    )


def _check_rows(signal: Signal) -> None:
    if signal.indirect is not None and signal.delays_s is None:
        raise DataError(
            "a two-dimensional measurement, not rows over delays", where=signal.name,
            remedy="run nmr exchange, or give --delays-s where its rows are a relaxation's",
        )  # fmt: skip
    if signal.delays_s is None:
        raise DataError(
            f"no delays of its {signal.values.shape[0]} rows", where=signal.name,
            remedy="give --delays-s or --delays-file; one spectrum is for nmr spectrum",
        )  # fmt: skip


def _measures(inputs: RelaxationInputs, settings: NmrRelaxationSettings, run: Run) -> NmrRelaxationRecord:
    warnings = [f"{each.name}: {text}" for each in (*inputs.signals, *inputs.tables) for text in each.warnings]
    files: dict[str, str] = {}
    if inputs.signals:
        sites, by_site = _recoveries(inputs, settings, run, files, warnings)
    else:
        sites, by_site = _from_tables(inputs, settings)
    notes: list[str] = []
    fits = [
        found
        for name, rows in by_site.items()
        if (found := _temperatures(name, rows, inputs.nucleus, settings, notes)) is not None
    ]
    if sites:
        files["t1"] = _keep_times(sites, run)
    if fits:
        files["t1_fit"] = _keep_peaks(fits, run)
    widths = [table for table in inputs.tables if table.width_Hz is not None]
    if len(widths) > 1:
        raise DataError(f"{len(widths)} tables of widths", where="measurements", remedy="give one a run")
    narrowing = _narrowing(widths[0], run, files) if widths else None
    if not fits and any(len(rows) > 1 for rows in by_site.values()):
        notes.append(f"fewer than {_FIT_TEMPERATURES} temperatures of a site: no barrier is fitted")
    conductive = settings.measured_conductivity_mS_per_cm
    records = [record for record, *_ in fits]
    return NmrRelaxationRecord(
        nucleus=None if inputs.nucleus is None else inputs.nucleus.symbol,
        sites=sites,
        temperatures=records[0] if records else None,
        temperatures_of_others=records[1:],
        narrowing=narrowing,
        conductivity_temperature_K=settings.conductivity_temperature_K,
        measured_conductivity_mS_per_cm=conductive,
        jump_distance_A=settings.jump_distance_A,
        carriers_per_cm3=settings.carriers_per_cm3,
        notes=notes,
        warnings=list(dict.fromkeys(warnings)),
        files=files,
        citations=[*(_CITATIONS if sites else ()), *((_NARROWING,) if narrowing else ())],
        provenance=run.provenance(),
    )


@dataclass(frozen=True, kw_only=True)
class _Rate:
    """T1 of a site at a temperature."""

    temperature_K: float
    larmor_MHz: float
    t1_s: float
    relative_std: float | None


_BySite = dict[str, list[_Rate]]


def _recoveries(
    inputs: RelaxationInputs,
    settings: NmrRelaxationSettings,
    run: Run,
    files: dict[str, str],
    warnings: list[str],
) -> tuple[list[RelaxationSite], _BySite]:
    assert inputs.nucleus is not None
    found: dict[str, list[tuple[Signal, SiteIntensities, Recovery]]] = {}
    for signal in inputs.signals:
        experiment = _experiment(signal, settings)
        for site in _intensities(signal, settings):
            if site.phase_drifts:
                warnings.append(f"{signal.name}, {site.name}: a row is out of phase with the others by over 15 degrees")
            measured_by = experiment or _by_rows(_delays(signal), site.intensity)
            if experiment is None and measured_by == "decay":
                warnings.append(
                    f"{signal.name}, {site.name}: the intensities fall with the delay: taken for a decay (T1rho or "
                    "T2); if it is a recovery, look at the order of the delays"
                )
            recovery = Recovery(
                delays_s=_delays(signal), intensity=site.intensity, std=site.std, experiment=measured_by,
                spin=inputs.nucleus.spin, excited=settings.excited, seen=settings.seen,
                name=f"{signal.name}, {site.name}",
            )  # fmt: skip
            found.setdefault(_site_name(site, settings, inputs), []).append((signal, site, recovery))
    models: tuple[Model, ...] = ("single", "stretched", "two-rates") if settings.model == "auto" else (settings.model,)
    sites, by_site, rows, curves = [], _BySite(), [], []
    for name, measured in found.items():
        fits = fit_recoveries([recovery for *_, recovery in measured], models)
        for (signal, site, recovery), of_models in zip(measured, fits, strict=True):
            chosen = of_models[0]
            sites.append(_site(name, signal, site, of_models))
            number = len(sites)
            fitted = chosen.intensity(recovery.delays_s)
            rows.append((np.full(len(fitted), number), recovery.delays_s, recovery.intensity, site.std, fitted))
            shortest = float(recovery.delays_s[recovery.delays_s > 0].min())
            fine = np.geomspace(0.7 * shortest, 1.3 * float(recovery.delays_s.max()), _CURVE_POINTS)
            curves.append((np.full(_CURVE_POINTS, number), fine, chosen.intensity(fine)))
            if chosen.best.scale > 3:
                warnings.append(
                    f"{signal.name}, {site.name}: the residuals are {chosen.best.scale:.1f} times the noise of the "
                    "spectra; the intervals are by the residuals"
                )
            kelvin = signal.conditions.temperature_K
            if kelvin is not None:
                by_site.setdefault(name, []).append(
                    _Rate(temperature_K=kelvin, larmor_MHz=abs(signal.axis.carrier_MHz), t1_s=chosen.t1_s.value,
                          relative_std=chosen.t1_s.std / chosen.t1_s.value)
                )  # fmt: skip
    names = ("row", "delay_s", "intensity", "std", "fitted")
    files["recoveries"] = run.table(RECOVERIES, stacked(names, rows))
    files["curves"] = run.table(CURVES, stacked(("row", "delay_s", "fitted"), curves))
    missing = sorted({signal.name for signal in inputs.signals if signal.conditions.temperature_K is None})
    if missing and len(inputs.signals) > 1:
        warnings.append(f"no temperature of {', '.join(missing[:4])}: give --temperatures")
    return sites, by_site


def _delays(signal: Signal) -> np.ndarray:
    assert signal.delays_s is not None  # _check_rows
    return signal.delays_s


def _intensities(signal: Signal, settings: NmrRelaxationSettings) -> list[SiteIntensities]:
    spectra = settings.spectrum(signal)
    if settings.regions_ppm:
        return integrate_regions(spectra, settings.regions_ppm, settings.site_names)
    return fit_lines(spectra, settings.site_shifts_ppm or (strongest_shift_ppm(spectra),), settings.site_names)


def _site_name(site: SiteIntensities, settings: NmrRelaxationSettings, inputs: RelaxationInputs) -> str:
    """As given, or by the given place; the strongest line of each measurement is one site, wherever it moves."""
    if settings.site_names or settings.site_shifts_ppm or settings.regions_ppm or len(inputs.signals) == 1:
        return site.name
    return "strongest line"


def _experiment(signal: Signal, settings: NmrRelaxationSettings) -> Experiment | None:
    if settings.experiment != "auto":
        return settings.experiment
    program = signal.conditions.pulse_program.lower()
    return next((kind for kind, parts in _PROGRAMS if any(part in program for part in parts)), None)


def _by_rows(delays: np.ndarray, intensity: np.ndarray) -> Experiment:
    """A decay falls; of what rises, an inversion begins below zero by more than a tenth of the end."""
    order = np.argsort(delays)
    first, last = float(intensity[order[:2]].mean()), float(intensity[order[-2:]].mean())
    if abs(last) < abs(first) and first * last > -0.1 * first**2:
        return "decay"
    return "inversion" if first < -0.1 * abs(last) else "saturation"


def _site(name: str, signal: Signal, site: SiteIntensities, fits: Sequence[RecoveryFit]) -> RelaxationSite:
    chosen = fits[0]
    return RelaxationSite(
        name=name,
        measurement=signal.name,
        temperature_K=signal.conditions.temperature_K,
        larmor_MHz=abs(signal.axis.carrier_MHz),
        shift_ppm=site.shift_ppm,
        region_ppm=site.region_ppm,
        t1_s=_measured(chosen.t1_s),
        offset=_measured(chosen.offset),
        experiment=chosen.recovery.experiment,
        model=chosen.model,
        stretch=None if chosen.stretch is None else _measured(chosen.stretch),
        w1_per_s=None if chosen.w1_per_s is None else _measured(chosen.w1_per_s),
        w2_per_s=None if chosen.w2_per_s is None else _measured(chosen.w2_per_s),
        models=[RelaxationModel(model=fit.model, t1_s=_measured(fit.t1_s), aicc=_finite(fit.aicc)) for fit in fits],
        aicc_gain_of_offset=_finite(chosen.aicc_without_offset - chosen.aicc),
        noise_ratio=_finite(chosen.best.scale),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _measured(value: Value, factor: float = 1.0) -> Measured:
    """With the intervals whose ends are both known."""
    found = Measured.or_none(
        factor * value.value, factor * value.std,
        interval_68=_both(value.interval_68, factor), interval_95=_both(value.interval_95, factor),
    )  # fmt: skip
    assert found is not None
    return found


def _both(ends: tuple[float | None, float | None], factor: float) -> tuple[float, float] | None:
    low, high = ends
    return None if low is None or high is None else (factor * low, factor * high)


def _from_tables(inputs: RelaxationInputs, settings: NmrRelaxationSettings) -> tuple[list[RelaxationSite], _BySite]:
    sites, by_site = [], _BySite()
    for table in inputs.tables:
        if table.t1_s is None:
            continue
        frequency_MHz = _frequencies_MHz(table, inputs.nucleus, settings)
        # tables of several fields are of one site
        name = settings.site_names[0] if settings.site_names else "site"
        stds = table.t1_std_s
        for place, (kelvin, t1, larmor) in enumerate(zip(table.temperature_K, table.t1_s, frequency_MHz, strict=True)):
            std = None if stds is None else float(stds[place])
            for what, value in (
                ("temperature", kelvin),
                ("T1", t1),
                *((("uncertainty", std),) if std is not None else ()),
            ):
                if not value > 0:
                    raise DataError(
                        f"a {what} of {value:g} in row {place + 1}", where=table.name,
                        remedy="temperatures are in K, T1 in s, all above 0",
                    )  # fmt: skip
            sites.append(
                RelaxationSite(
                    name=name,
                    measurement=table.name,
                    temperature_K=float(kelvin),
                    larmor_MHz=float(larmor),
                    t1_s=Measured(value=float(t1), std=std or 0.0),
                )
            )
            relative = None if std is None else std / float(t1)
            by_site.setdefault(name, []).append(
                _Rate(temperature_K=float(kelvin), larmor_MHz=float(larmor), t1_s=float(t1), relative_std=relative)
            )
    return sites, by_site


def _frequencies_MHz(table: TemperatureTable, nucleus: Isotope | None, settings: NmrRelaxationSettings) -> np.ndarray:
    if table.frequency_Hz is not None:
        return table.frequency_Hz / 1e6
    if settings.frequency_MHz is not None:
        return np.full(len(table.temperature_K), settings.frequency_MHz)
    if nucleus is None or settings.field_T is None:
        raise SettingsError(
            "no frequency of this table of T1", where=table.name,
            remedy="give --nucleus and --field-T, --frequency-MHz, or a column frequency_MHz",
        )  # fmt: skip
    return np.full(len(table.temperature_K), abs(nucleus.gyromagnetic_ratio_MHz_per_T) * settings.field_T)


_Fitted = tuple[TemperatureFit, dict[Kernel, PeakFit], list[Rates]]


def _temperatures(
    name: str, rows: Sequence[_Rate], nucleus: Isotope | None, settings: NmrRelaxationSettings, notes: list[str]
) -> _Fitted | None:
    """The fit of a site's temperatures; None for too few."""
    if len({row.temperature_K for row in rows}) < _FIT_TEMPERATURES:
        return None
    fields = _fields(name, rows)
    peaks: dict[Kernel, PeakFit] = {kernel: fit_peak(kernel, fields) for kernel in KERNELS}
    two, single = peaks["two_J"], peaks["single_J"]
    refused = two.refused
    kernels = [] if refused else [_kernel(peak, nucleus, settings) for peak in (two, single)]
    first = fields[0]
    top = first.temperature_K[np.argmax(first.rate_per_s)]
    spread = float(np.ptp(first.temperature_K))
    flanks = [
        flank_slope_eV(first.temperature_K[side], first.rate_per_s[side]) if side.sum() >= 3 else None
        for side in (first.temperature_K > top + 0.05 * spread, first.temperature_K < top - 0.05 * spread)
    ]
    if two.best.at_limit[3] and not refused:
        notes.append(
            f"{name}: beta is at its end, {two.beta.value:g}: intervals are by profile, from the end to one side, and "
            "the errors of what is derived are by them"
        )
    record = TemperatureFit(
        site=name,
        activation_energy_high_T_eV=None if refused else _measured(two.activation_energy_eV),
        activation_energy_low_T_eV=None if refused else _measured(two.low_T_energy_eV),
        beta=None if refused else _measured(two.beta),
        jump_rate_at_maximum_per_s=JumpRates(
            single_J=None if refused or single.refused else _measured(single.jump_rate_at_maximum_per_s),
            two_J=None if refused else _measured(two.jump_rate_at_maximum_per_s),
        ),
        temperature_at_maximum_K=None if refused else _measured(two.temperature_at_maximum_K),
        flank_high_T_eV=flanks[0],
        flank_low_T_eV=flanks[1],
        larmor_MHz=[each.omega_rad_per_s / (2e6 * math.pi) for each in fields],
        kernels=kernels,
        refused=refused,
    )
    return record, peaks, fields


def _fields(name: str, rows: Sequence[_Rate]) -> list[Rates]:
    """The rates of each Larmor frequency, the lowest first; those within 1 % are one."""
    groups: list[list[_Rate]] = []
    for row in sorted(rows, key=lambda each: each.larmor_MHz):
        if groups and row.larmor_MHz < groups[-1][0].larmor_MHz * (1 + _SAME_FREQUENCY):
            groups[-1].append(row)
        else:
            groups.append([row])
    found = []
    for group in groups:
        group.sort(key=lambda each: each.temperature_K)
        stds = [each.relative_std for each in group if each.relative_std is not None]
        found.append(
            Rates(
                temperature_K=np.array([each.temperature_K for each in group]),
                rate_per_s=np.array([1 / each.t1_s for each in group]),
                omega_rad_per_s=2e6 * math.pi * float(np.mean([each.larmor_MHz for each in group])),
                relative_std=np.array(stds) if len(stds) == len(group) else None,
                name=name,
            )
        )
    return found


def _kernel(peak: PeakFit, nucleus: Isotope | None, settings: NmrRelaxationSettings) -> KernelFit:
    at_K = settings.conductivity_temperature_K or peak.temperature_at_maximum_K.value
    jump = peak.jump_rate_per_s(at_K)
    diffusivity, sigma, haven, coupling = None, None, None, None
    if settings.jump_distance_A is not None:
        per_jump = diffusivity_cm2_per_s(1.0, settings.jump_distance_A)
        diffusivity = _measured(peak.jump_rate_at_maximum_per_s, per_jump)
        if settings.carriers_per_cm3 is not None:
            per_diffusivity = nernst_einstein_mS_per_cm(
                1.0, carriers_per_cm3=settings.carriers_per_cm3, temperature_K=at_K, charge=settings.charge_number
            )
            sigma = _measured(jump, per_jump * per_diffusivity)
            haven = _ratio(sigma, settings.measured_conductivity_mS_per_cm)
    if peak.kernel == "two_J" and nucleus is not None and nucleus.is_quadrupolar:
        coupling = _measured(
            peak.ln_coupling_per_s2.mapped(
                lambda log: quadrupolar_coupling_MHz(math.exp(log), nucleus, eta=settings.eta)
            )
        )
    return KernelFit(
        kernel=peak.kernel,
        activation_energy_eV=_measured(peak.activation_energy_eV),
        activation_energy_low_T_eV=_measured(peak.low_T_energy_eV),
        beta=_measured(peak.beta),
        temperature_at_maximum_K=_measured(peak.temperature_at_maximum_K),
        jump_rate_at_maximum_per_s=_measured(peak.jump_rate_at_maximum_per_s),
        tau0_s=_measured(peak.ln_tau0_s.mapped(math.exp)),
        coupling_per_s2=_measured(peak.ln_coupling_per_s2.mapped(math.exp)),
        fluctuating_cq_MHz=coupling,
        diffusivity_at_maximum_cm2_per_s=diffusivity,
        nernst_einstein_mS_per_cm=sigma,
        haven_ratio=haven,
        aicc=_finite(peak.aicc),
        scatter=peak.scatter,
        refused=peak.refused,
    )


def _ratio(one: Measured, other: Measured | None) -> Measured | None:
    if other is None or other.value <= 0:
        return None
    ratio = one.value / other.value
    return Measured(value=ratio, std=ratio * math.hypot(one.std / one.value, other.std / other.value))


def _narrowing(table: TemperatureTable, run: Run, files: dict[str, str]) -> Narrowing:
    assert table.width_Hz is not None
    widths = Widths(
        temperature_K=table.temperature_K, width_Hz=table.width_Hz, std_Hz=table.width_std_Hz, name=table.name
    )
    found = fit_narrowing(widths)
    files["widths"] = run.table(
        WIDTHS,
        {
            "temperature_K": widths.temperature_K,
            "width_Hz": widths.width_Hz,
            "std_Hz": np.full(len(widths.width_Hz), np.nan) if widths.std_Hz is None else widths.std_Hz,
            "fitted_Hz": found.width_Hz(widths.temperature_K),
        },
    )
    fine = np.linspace(0.97 * widths.temperature_K[0], 1.03 * widths.temperature_K[-1], _CURVE_POINTS)
    reach = found.best.reach(0.95) * found.std_Hz(fine)
    curve = found.width_Hz(fine)
    files["width_fit"] = run.table(
        WIDTH_CURVE,
        {"temperature_K": fine, "width_Hz": curve, "low_95_Hz": curve - reach, "high_95_Hz": curve + reach},
    )
    return Narrowing(
        name=table.name,
        activation_energy_eV=None if found.refused else _measured(found.activation_energy_eV),
        waugh_fedin_eV=None if found.refused else _measured(found.waugh_fedin_eV),
        onset_K=None if found.refused else _measured(found.onset_K),
        midpoint_K=_measured(found.midpoint_K),
        jump_rate_at_midpoint_per_s=found.jump_rate_at_midpoint_per_s,
        rigid_width_Hz=_measured(found.rigid_width_Hz),
        residual_width_Hz=_measured(found.residual_width_Hz),
        ln_attempt_width_Hz=_measured(found.ln_attempt_width_Hz),
        scatter_Hz=found.scatter_Hz,
        refused=found.refused,
    )


def _keep_times(sites: Sequence[RelaxationSite], run: Run) -> str:
    def column(values: Sequence[float | None]) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in values])

    ends = [site.t1_s.interval_95 or (None, None) for site in sites]
    return run.table(
        TIMES,
        {
            "row": np.arange(1, len(sites) + 1),
            "site": [site.name for site in sites],
            "measurement": [site.measurement for site in sites],
            "temperature_K": column([site.temperature_K for site in sites]),
            "larmor_MHz": column([site.larmor_MHz for site in sites]),
            "t1_s": column([site.t1_s.value for site in sites]),
            "std_s": column([site.t1_s.std for site in sites]),
            "low_95_s": column([low for low, _ in ends]),
            "high_95_s": column([high for _, high in ends]),
            "offset": column([None if site.offset is None else site.offset.value for site in sites]),
        },
    )


def _keep_peaks(fits: Sequence[_Fitted], run: Run) -> str:
    """T1 of both kernels with the 95 % band on fine temperatures, for each site and frequency."""
    parts = []
    for number, (_, peaks, fields) in enumerate(fits, start=1):
        for rates in fields:
            fine = 1.0 / np.linspace(
                0.97 / float(rates.temperature_K.max()), 1.03 / float(rates.temperature_K.min()), _CURVE_POINTS
            )
            two, single = (peaks[kernel] for kernel in ("two_J", "single_J"))
            log_t1 = -np.log(two.rate_per_s(fine, rates.omega_rad_per_s))
            reach = two.best.reach(0.95) * two.log_std(fine, rates.omega_rad_per_s)
            parts.append(
                (np.full(_CURVE_POINTS, number), np.full(_CURVE_POINTS, rates.omega_rad_per_s / (2e6 * math.pi)), fine,
                 np.exp(log_t1), np.exp(log_t1 - reach), np.exp(log_t1 + reach),
                 1.0 / single.rate_per_s(fine, rates.omega_rad_per_s))
            )  # fmt: skip
    names = ("site", "larmor_MHz", "temperature_K", "t1_s", "low_95_s", "high_95_s", "t1_single_J_s")
    return run.table(PEAK, stacked(names, parts))


def _says(record: NmrRelaxationRecord) -> list[str]:
    lines = []
    for site in record.sites[:24] if record.temperatures is None else ():
        kelvin = "" if site.temperature_K is None else f", {site.temperature_K:g} K"
        offset = "" if site.offset is None else f", offset {_told(site.offset)}"
        model = "" if site.model is None else f" ({site.model})"
        lines.append(f"{site.name}{kelvin}: T1 = {_told(site.t1_s, 1e3)} ms{model}{offset}")
    for fit in (record.temperatures, *record.temperatures_of_others):
        if fit is None:
            continue
        if fit.refused is not None:
            lines.append(f"{fit.site}: {fit.refused}")
            continue
        for kernel in fit.kernels:
            lines.append(
                f"{fit.site}, {kernel.kernel}: Ea {_told(kernel.activation_energy_eV)} eV (cold flank "
                f"{_told(kernel.activation_energy_low_T_eV)} eV), beta {_told(kernel.beta)}, 1/tau "
                f"{_told(kernel.jump_rate_at_maximum_per_s)} 1/s at {_told(kernel.temperature_at_maximum_K)} K"
            )
            if kernel.nernst_einstein_mS_per_cm is not None:
                haven = f", Haven ratio {_told(kernel.haven_ratio)}" if kernel.haven_ratio is not None else ""
                lines.append(f"  Nernst-Einstein {_told(kernel.nernst_einstein_mS_per_cm)} mS/cm{haven}")
    if (narrowed := record.narrowing) is not None:
        if narrowed.activation_energy_eV is None or narrowed.waugh_fedin_eV is None:
            lines.append(f"{narrowed.name}: {narrowed.refused}")
        else:
            lines.append(
                f"{narrowed.name}: Ea {_told(narrowed.activation_energy_eV)} eV (Hendrickson-Bray), "
                f"{_told(narrowed.waugh_fedin_eV)} eV (Waugh-Fedin, a rule of thumb)"
            )
    return [*lines, *(f"note: {note}" for note in record.notes)]


def _told(value: Measured, factor: float = 1.0) -> str:
    """With its error; with its interval where it is at an end of it, and alone where no error is known."""
    told = f"{factor * value.value:.4g}"
    if value.interval_95 is not None and value.value in value.interval_95:
        low, high = value.interval_95
        return f"{told} (at its end; 95 %: {factor * low:.4g} to {factor * high:.4g})"
    return told if value.std == 0 else f"{told} +- {factor * value.std:.2g}"


STUDY = Study(
    command="nmr relaxation",
    arguments=(
        Argument(
            name=NMR_MEASUREMENTS.name,
            metavar=NMR_MEASUREMENTS.metavar,
            help="of NMR with delays, one a temperature, or a table (CSV) of temperature_K and t1_s or width_Hz",
            many=True,
            annotation=NMR_MEASUREMENTS.annotation,
        ),
    ),
    settings=NmrRelaxationSettings,
    record=NmrRelaxationRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel nmr relaxation 23Na/1 23Na/2 23Na/3 --temperatures 233,253,273",
    notes="Six temperatures or more on both sides of the minimum of T1 give Ea, beta and the jump rate.",
)
