"""`eis`: from impedance spectra of a pellet to its conductivity, activation energies and interface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.assignment import Role, asked_roles, assign_roles
from paddlewheel.lab.eis.choice import Candidate, Rival, choose_circuit, inflation, is_determined
from paddlewheel.lab.eis.circuit import SEMI_INFINITE, Circuit, Limit
from paddlewheel.lab.eis.fit import CircuitFit, Weighting, fit_circuit, weigh
from paddlewheel.lab.eis.kramers_kronig import KramersKronig
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.limits import with_limits
from paddlewheel.lab.eis.linearity import compare_amplitudes
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.series_view import SeriesView, as_series
from paddlewheel.lab.spectrum import ImpedanceOf
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.eis.beside import read_beside, set_beside
from paddlewheel.studies.eis.inputs import (
    OtherAmplitude,
    ReadSpectra,
    Spectra,
    open_other_amplitude,
    open_spectra,
)
from paddlewheel.studies.eis.masks import masked
from paddlewheel.studies.eis.record import (
    CellKind,
    CircuitCandidate,
    ComparedValue,
    EisGeometry,
    EisRecord,
    InterfaceSeries,
    LinearityResult,
)
from paddlewheel.studies.eis.relaxation_series import follow_peaks
from paddlewheel.studies.eis.series import fit_temperatures_eis, interface_series
from paddlewheel.studies.eis.spectrum import (
    CORRELATED,
    WIDE_SPREAD_PERCENT,
    AnalysedSpectrum,
    Electrode,
    analyse_spectrum,
    check_spectrum,
)
from paddlewheel.studies.laboratory.settings import PelletSettings
from paddlewheel.study.run import Run
from paddlewheel.study.settings import (
    Integers,
    NamedColumns,
    NamedRanges,
    NamedValues,
    Names,
    Numbers,
    Ranges,
    setting,
)
from paddlewheel.study.study import Argument, Study

AUTO, EACH = "auto", "each"
MOST_DRAWN = 28
"""Spectra that markers and lines tell apart (`paddlewheel.page.drawing.series_styles`)."""
_UNTOLD = " (which does not prove them linear: measure at a second amplitude, --other-amplitude)"
_SHOWN_CANDIDATES = 12
_CHOSEN_FROM = 12
"""Spectra of a longer series that the circuit is chosen on."""
_CITATIONS = (
    Citation(
        what="linear Kramers-Kronig test",
        reference="Boukamp, J. Electrochem. Soc. 142, 1885 (1995)",
        doi="10.1149/1.2044210",
    ),
    Citation(
        what="number of its terms, mu",
        reference="Schoenleber, Klotz, Ivers-Tiffee, Electrochim. Acta 131, 20 (2014)",
        doi="10.1016/j.electacta.2014.01.034",
    ),
    Citation(
        what="Z-HIT",
        reference="Schiller, Richter, Guelzow, Wagner, Phys. Chem. Chem. Phys. 3, 374 (2001)",
        doi="10.1039/B007678N",
    ),
    Citation(
        what="variable projection (starts)",
        reference="Golub, Pereyra, SIAM J. Numer. Anal. 10, 413 (1973)",
        doi="10.1137/0710036",
    ),
    Citation(what="BIC", reference="Schwarz, Ann. Statist. 6, 461 (1978)", doi="10.1214/aos/1176344136"),
    Citation(
        what="profile-likelihood intervals",
        reference="Venzon, Moolgavkar, J. R. Stat. Soc. C 37, 87 (1988)",
        doi="10.2307/2347496",
    ),
    Citation(
        what="distribution of relaxation times",
        reference="Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 184, 483 (2015)",
        doi="10.1016/j.electacta.2015.09.097",
    ),
    Citation(
        what="band of relaxation times",
        reference="Ciucci, Chen, Electrochim Acta 167, 439 (2015)",
        doi="10.1016/j.electacta.2015.03.123",
    ),
    Citation(
        what="choice of its regularization",
        reference="Golub, Heath, Wahba, Technometrics 21, 215 (1979)",
        doi="10.1080/00401706.1979.10489751",
    ),
    Citation(
        what="capacitance of bulk, grain boundary and interface",
        reference="Irvine, Sinclair, West, Adv. Mater. 2, 132 (1990)",
        doi="10.1002/adma.19900020304",
    ),
)

_GROWTH_CITED = Citation(
    what="parabolic growth of an interphase",
    reference="Peled, J. Electrochem. Soc. 126, 2047 (1979)",
    doi="10.1149/1.2128859",
)


class EisSettings(PelletSettings):
    """Settings of `eis`."""

    temperatures_K: Numbers = setting(
        (), "K, one for all or one a spectrum, over what the files say.", in_document=False
    )
    columns: NamedColumns | None = setting(
        None,
        "Columns that the reader does not find, such as frequency_Hz=f,real_ohm=Zr,imag_ohm=-Zi.",
        in_document=False,
    )
    impedance_of: ImpedanceOf = setting(
        "Ewe",
        "Whose impedance where a file has several: working electrode, counter electrode, or whole cell",
        in_document=False,
    )
    circuit: str = setting(
        AUTO,
        "auto (one for all spectra), each (chosen for each), or such as R-RQ-RQ-CPE, R0-p(R1,CPE1)-Wo1 or R(RQ)(RQ).",
    )
    electrolyte: Names = setting(
        (), "Resistances of the circuit that are the electrolyte's, such as R,R1, over what their capacitances say."
    )
    fix: NamedValues | None = setting(
        None, "Parameters of the circuit that keep a value: R0=12,CPE1_n=0.9; with units, or as the table has them."
    )
    bound: NamedRanges | None = setting(None, "Parameters between two ends: R1=10:100,Wo1_tau=1:1000.")
    mask_Hz: Ranges = setting((), "Frequencies left out, Hz: 40:60,990:1010.")
    frequency_range_Hz: Ranges = setting((), "Frequencies kept, Hz, the others left out: 1:1e5.")
    weighting: Weighting = setting("modulus", "Weights of the fit")
    allow_violations: bool = setting(
        False, "Give totals of spectra that fail the Kramers-Kronig test, and keep them in the Arrhenius fits."
    )
    cell: CellKind | None = setting(
        None,
        "Kind of cell: blocking or symmetric (two equal electrodes, half of the interface each), or full (two unlike).",
    )
    electrodes: int | None = setting(
        None,
        "Equal electrodes that the interface and the Warburg tail are of, 1 or 2, over what --cell says.",
        ge=1,
        le=2,
    )
    other_amplitude: Path | None = setting(
        None, "A spectrum of the same cell at another amplitude: is it linear? Kramers-Kronig does not tell."
    )
    dE_dx_V: float | None = setting(
        None, "Slope of the electrode's voltage against its content, V: for a diffusivity from a Warburg tail."
    )
    molar_volume_cm3_per_mol: float | None = setting(
        None, "Molar volume of the electrode, cm3/mol; with --dE-dx-V.", only_with={"dE_dx_V": True}
    )
    concentration_mol_per_cm3: float | None = setting(
        None, "Of the diffusing species, mol/cm3; instead of --dE-dx-V.", only_with={"dE_dx_V": False}
    )
    diffusion_length_cm: float | None = setting(None, "Length diffused through, cm; for the tails Ws and Wo.")
    charge_number: float = setting(1.0, "Charge number of the ion, for its diffusivity.")
    drawn: Integers | None = setting(
        None,
        "Spectra in the figures, such as 1,4,9, counted in the order of the table; twelve of all by default.",
        each=(1, 1_000_000),
        distinct="name each spectrum once",
        may_change=True,
    )
    drawn_to_ohm: float | None = setting(
        None,
        "Largest Z' of the Nyquist plots, ohm; by default the electrolyte fills them.",
        ge=1e-9,
        le=1e15,
        may_change=True,
    )
    beside: Path | None = setting(
        None, "Another analysis, point by point beside ours: CSV of part,quantity,temperature_K,value,std."
    )

    @model_validator(mode="after")
    def _of_a_circuit(self) -> Self:
        for name in ("fix", "bound"):
            if getattr(self, name) and self.circuit in (AUTO, EACH):
                raise SettingsError(
                    f"has no effect with --circuit {self.circuit}", where=name, remedy="leave it out, or name a circuit"
                )
        return self

    @model_validator(mode="after")
    def _of_one_cell(self) -> Self:
        if self.cell == "full" and self.electrodes == 2:
            raise SettingsError(
                "2 in a full cell, whose electrodes are not equal", where="electrodes",
                remedy="give 1, and take the interface as the sum of both; or --cell symmetric",
            )  # fmt: skip
        for name in ("dE_dx_V", "concentration_mol_per_cm3"):
            if self.cell == "blocking" and getattr(self, name) is not None:
                raise SettingsError(
                    "nothing diffuses into a blocking electrode", where=name, remedy="leave it out, or --cell symmetric"
                )
        return self

    def counted_electrodes(self) -> int:
        """Equal electrodes that the interface and the diffusion are shared by; one where nothing is told."""
        return self.electrodes or (2 if self.cell in ("blocking", "symmetric") else 1)


@dataclass(frozen=True, kw_only=True)
class EisInputs:
    """The spectra, the pellet, the circuit where one is asked for, and another analysis to stand beside ours."""

    read: ReadSpectra
    sample: str
    pellet: Pellet | None
    circuit: Circuit | None
    beside: list[ComparedValue]
    other: OtherAmplitude | None
    source: str

    def document(self) -> dict[str, Any]:
        """Sizes of the pellet, another analysis and the spectra by their content."""
        return {
            "sample": self.sample or None,
            **({} if self.pellet is None else self.pellet.sizes()),
            **({} if self.circuit is None else {"circuit": self.circuit.name}),
            **({} if self.circuit is None or not self.circuit.limits else {"limits": _told(self.circuit.limits)}),
            "other_amplitude": None if self.other is None else self.other.inputs(),
            "beside": [row.model_dump(exclude_none=True) for row in self.beside],
            "spectra": self.read.inputs(),
        }


def _opens(spectra: Spectra, settings: EisSettings) -> EisInputs:
    asked = None
    if settings.circuit not in (AUTO, EACH):
        asked = with_limits(Circuit.parse(settings.circuit), fixed=settings.fix, bounded=settings.bound)
    name, pellet = settings.pellet()
    named = {"columns": settings.columns, "impedance_of": settings.impedance_of}
    read = open_spectra(spectra, temperatures_K=settings.temperatures_K, **named)
    read = masked(read, mask_Hz=settings.mask_Hz, kept_Hz=settings.frequency_range_Hz)
    _check_drawn(settings.drawn, len(read.spectra))
    return EisInputs(
        circuit=asked,
        sample=name,
        pellet=pellet,
        beside=[] if settings.beside is None else read_beside(settings.beside),
        other=None
        if settings.other_amplitude is None
        else open_other_amplitude(settings.other_amplitude, read, **named),
        read=read,
        source=Path(spectra).name if isinstance(spectra, str | Path) else "",
    )


def _told(limits: Sequence[Limit]) -> dict[str, list[float]]:
    return {limit.name: [limit.low, limit.high] for limit in limits}


def _check_drawn(drawn: Sequence[int] | None, count: int) -> None:
    """Refuse spectra that are not there, and more than can be told apart."""
    if drawn is None:
        return
    if len(drawn) > MOST_DRAWN:
        raise SettingsError(f"{len(drawn)} spectra", where="drawn", remedy=f"name at most {MOST_DRAWN}")
    if max(drawn) > count:
        raise SettingsError(f"no spectrum {max(drawn)}", where="drawn", remedy=f"there are 1 to {count}")


def _measures(inputs: EisInputs, settings: EisSettings, run: Run) -> EisRecord:
    read, pellet = inputs.read, inputs.pellet
    of_settings = {known.name: getattr(settings, known.name) for known in fields(Electrode)}
    electrode = Electrode(**of_settings | {"electrodes": settings.counted_electrodes()})
    tests = [check_spectrum(spectrum, file=file) for spectrum, file in zip(read.spectra, read.files, strict=True)]
    data = [
        weigh(spectrum.frequency_Hz, spectrum.impedance_ohm, weighting=settings.weighting) for spectrum in read.spectra
    ]
    fits, rivals, candidates, reason = _fitted(data, inputs.circuit, each=settings.circuit == EACH, pellet=pellet)
    views = [as_series(fit, points.omega) for fit, points in zip(fits, data, strict=True)]
    roles = _roles(views, pellet, settings.electrolyte)
    analysed = [
        analyse_spectrum(
            spectrum,
            file=file,
            data=points,
            test=test,
            fit=fit,
            roles=role,
            rivals=near,
            view=view,
            asked=bool(settings.electrolyte),
            circuit_asked=inputs.circuit is not None,
            allow_violations=settings.allow_violations,
            pellet=pellet,
            electrode=electrode,
        )
        for spectrum, file, points, test, fit, near, view, role in zip(
            read.spectra, read.files, data, tests, fits, rivals, views, roles, strict=True
        )
    ]
    arrhenius, said = fit_temperatures_eis(analysed, pellet=pellet, allow_violations=settings.allow_violations)
    _keep_tables(analysed, run)
    linearity = None if inputs.other is None else _linearity(inputs.other, read, tests)
    interface = interface_series(analysed, pellet=pellet, electrodes=electrode.electrodes)
    record = EisRecord(
        sample=inputs.sample or inputs.source,
        geometry=None if pellet is None else _geometry(pellet),
        cell=settings.cell,
        electrodes=electrode.electrodes,
        weighting=settings.weighting,
        circuit=", ".join(dict.fromkeys(fit.circuit.name for fit in fits)),
        circuit_reason=reason,
        candidates=candidates,
        spectra=[each.row for each in analysed],
        arrhenius=arrhenius,
        relaxation_peaks=follow_peaks(analysed, allow_violations=settings.allow_violations),
        interface=interface,
        linearity=linearity,
        drawn=None if settings.drawn is None else list(settings.drawn),
        drawn_to_ohm=settings.drawn_to_ohm,
        warnings=[
            *read.warnings,
            *_geometry_warnings(pellet),
            *_row_warnings(analysed),
            *said,
            *_cell_warnings(analysed, settings),
            *([] if linearity is None or linearity.linear else [f"{linearity.file}: {linearity.verdict}"]),
        ],
        citations=[*_CITATIONS, *([] if interface is None else [_GROWTH_CITED])],
        provenance=run.provenance(),
    )
    set_beside(inputs.beside, record)
    return record


def _linearity(other: OtherAmplitude, read: ReadSpectra, tests: Sequence[KramersKronig]) -> LinearityResult:
    """The spectrum at another amplitude beside the one of the same cell, both with modulus weights."""
    ours, theirs = (
        weigh(spectrum.frequency_Hz, spectrum.impedance_ohm) for spectrum in (read.spectra[other.place], other.spectrum)
    )
    found = compare_amplitudes(ours, tests[other.place], theirs, check_spectrum(other.spectrum, file=other.file))
    return LinearityResult(
        file=other.file,
        spectrum=read.spectra[other.place].name,
        linear=found.linear,
        n_points=found.n_points,
        difference_percent=100 * found.difference,
        noise_percent=100 * found.noise,
        probability=found.probability,
        worst_Hz=found.worst_Hz,
        verdict=found.verdict,
    )


def _fitted(
    data: Sequence[Weighted], asked: Circuit | None, *, each: bool, pellet: Pellet | None
) -> tuple[list[CircuitFit], list[list[Rival]], list[CircuitCandidate], str]:
    """Fits, what is nearly as probable beside each of them, the circuits tried, and why."""
    if asked is not None:
        fits = [fit_circuit(asked, points) for points in data]
        known = sum(is_determined(fit) for fit in fits)
        return (
            fits,
            [[]] * len(fits),
            [],
            f"{asked.name} was asked for; its elements are determined in {known} of {len(fits)} spectra",
        )
    if each:
        choices = [choose_circuit([points], pellet=pellet) for points in data]
        rivals = [choice.rivals() for choice in choices]
        return [choice.chosen.fits[0] for choice in choices], rivals, [], "chosen for each spectrum on its own"
    tried = [data[k] for k in sorted({round(x) for x in np.linspace(0, len(data) - 1, min(len(data), _CHOSEN_FROM))})]
    choice = choose_circuit(tried, pellet=pellet)
    lowest = choice.candidates[0].bic
    others = [candidate for candidate in choice.candidates if candidate is not choice.chosen]
    shown = [choice.chosen, *others][:_SHOWN_CANDIDATES]
    fits, rivals = list(choice.chosen.fits), [choice.rivals(k) for k in range(len(tried))]
    reason = choice.reason
    if len(tried) < len(data):
        fits, rivals = [fit_circuit(choice.chosen.circuit, points) for points in data], [[]] * len(data)
        reason += f" (chosen on {len(tried)} of the {len(data)} spectra, evenly spread)"
    return fits, rivals, [_candidate(candidate, lowest) for candidate in shown], reason


def _candidate(candidate: Candidate, lowest: float) -> CircuitCandidate:
    n_points = sum(fit.degrees_of_freedom + fit.circuit.size for fit in candidate.fits)
    return CircuitCandidate(
        circuit=candidate.circuit.name,
        bic_above_lowest=candidate.bic - lowest,
        determined=candidate.determined,
        rms_percent=100 * (sum(fit.chi2 for fit in candidate.fits) / n_points) ** 0.5,
    )


def _roles(views: Sequence[SeriesView], pellet: Pellet | None, electrolyte: Sequence[str]) -> list[dict[str, Role]]:
    """Alike for all spectra of a circuit; those that were asked for, by the names of the circuit as it was written."""
    by_circuit = {
        circuit: assign_roles([view.fit for view in views if view.fit.circuit == circuit], pellet)
        for circuit in {view.fit.circuit for view in views}
    }
    roles = [by_circuit[view.fit.circuit] for view in views]
    if not electrolyte:
        return roles
    asked = [asked_roles(view.written(role), electrolyte) for view, role in zip(views, roles, strict=True)]
    return [view.in_series(role) for view, role in zip(views, asked, strict=True)]


def _keep_tables(analysed: Sequence[AnalysedSpectrum], run: Run) -> None:
    """Every spectrum with its fit, and its relaxation times; the rows name them."""
    for number, each in enumerate(analysed, start=1):
        stem = f"{number:03d}-{re.sub(r'[^A-Za-z0-9._=-]+', '-', Path(each.row.name).stem)[:60]}"
        points = {"frequency_Hz": each.spectrum.frequency_Hz}
        for name, values, unit in (
            ("Z", each.spectrum.impedance_ohm, "ohm"),
            ("fit", each.fit.impedance_ohm, "ohm"),
            ("kramers_kronig", 100 * each.test.residual, "percent"),
        ):
            points |= {f"{name}_real_{unit}": np.real(values), f"{name}_imag_{unit}": np.imag(values)}
        found = each.distribution
        times = {"tau_s": found.tau_s, "gamma_ohm": found.gamma_ohm, "low_ohm": found.low_ohm}
        times["high_ohm"] = found.high_ohm
        each.row.points_file = run.table(f"spectra/{stem}.csv", points)
        each.row.relaxation_file = run.table(f"relaxation_times/{stem}.csv", times)


def _geometry(pellet: Pellet) -> EisGeometry:
    area, constant = pellet.area_cm2, pellet.cell_constant_per_cm
    return EisGeometry(
        diameter_cm=Measured(value=pellet.diameter_cm, std=pellet.diameter_std_cm),
        thickness_cm=Measured(value=pellet.thickness_cm, std=pellet.thickness_std_cm),
        area_cm2=Measured(value=area, std=2 * area * pellet.diameter_std_cm / pellet.diameter_cm),
        cell_constant_per_cm=Measured(value=constant, std=constant * pellet.relative_std),
    )


def _geometry_warnings(pellet: Pellet | None) -> list[str]:
    if pellet is None:
        return ["no geometry: resistances alone; give --diameter-cm and --thickness-cm for conductivities"]
    if pellet.relative_std == 0:
        return [
            "the uncertainty of the geometry is not given (--diameter-std-cm, --thickness-std-cm): errors of "
            "conductivities are those of the resistances alone"
        ]
    return []


def _cell_warnings(analysed: Sequence[AnalysedSpectrum], settings: EisSettings) -> list[str]:
    """What R x area and D take the cell to be, where nobody said it, or where they are a sum."""
    shown = ["the interface's R x area"] if any(each.row.interface_ohm_cm2 for each in analysed) else []
    if any(each.row.diffusivity and each.fit.circuit.tail in SEMI_INFINITE for each in analysed):
        shown.append("D")
    if not shown:
        return []
    if settings.cell == "full":
        return [f"a full cell has two unlike electrodes: {' and '.join(shown)} take the sum of both for one"]
    if settings.cell is None and settings.electrodes is None:
        return [
            f"nobody said what cell it is: one electrode is counted for {' and '.join(shown)}; of two equal ones "
            "(--cell symmetric) R x area is half, and D four times as large"
        ]
    return []


def _row_warnings(analysed: Sequence[AnalysedSpectrum]) -> list[str]:
    """What the rows' own warnings say, those that many rows share in one sentence."""
    said = [f"{each.label}: no total: {each.row.refused}" for each in analysed if each.row.refused]
    said += [f"{each.label}: {each.test.verdict}" for each in analysed if not each.test.passed]
    said += [f"{each.label}: {text}" for each in analysed for text in each.row.warnings if text.endswith("left out")]
    said += [f"{each.label}: {'; '.join(each.untold)}" for each in analysed if each.untold]
    said += [f"{each.label}: the fit did not converge" for each in analysed if not each.fit.converged]
    correlated = [each for each in analysed if each.row.residual_correlation > CORRELATED]
    if correlated:
        worst = max(correlated, key=lambda each: each.row.residual_correlation)
        widened = inflation(worst.row.residual_correlation) ** 0.5
        said.append(
            f"the circuit leaves {worst.row.rms_percent:.2g} % at {worst.label}, where the spectrum's own noise is "
            f"{worst.row.kramers_kronig.rms_percent:.2g} %, and neighbouring residuals are correlated in "
            f"{len(correlated)} of {len(analysed)} spectra: their errors are widened, by up to {widened:.1f}"
        )
    widest = max(analysed, key=lambda each: each.row.spread_percent or 0.0)
    percent = widest.row.spread_percent or 0.0
    if percent > WIDE_SPREAD_PERCENT:
        said.append(f"the ways of reading the total resistance differ by up to {percent:.0f} % ({widest.label})")
    return said


def _says(record: EisRecord) -> list[str]:
    passed = sum(row.kramers_kronig.passed for row in record.spectra)
    lines = [
        f"Kramers-Kronig: {passed} of {len(record.spectra)} spectra pass{_UNTOLD if record.linearity is None else ''}",
        f"circuit: {record.circuit} ({record.circuit_reason})",
    ]
    if record.linearity is not None:
        lines.insert(1, f"amplitude: {record.linearity.verdict}")
    for row in record.spectra:
        at = f"{row.temperature_K:g} K" if row.temperature_K is not None else row.name
        sigma, total = row.conductivity_mS_per_cm.total, row.resistances_ohm.total
        told = _with_error(sigma, "mS/cm") if sigma else _with_error(total, "ohm")
        told = "no total (see the warning)" if row.refused else told
        spread = f", readings differ by {row.spread_percent:.1f} %" if row.spread_percent is not None else ""
        lines.append(f"{at}: {told}{spread}")
    for part in ("total", "grain_boundary", "bulk"):
        fit = getattr(record.arrhenius, part)
        if fit is not None:
            lines.append(f"Ea {part.replace('_', ' ')}: {fit.refused or _with_error(fit.activation_energy_eV, 'eV')}")
    if record.interface is not None:
        lines.append(f"interface: {_growth(record.interface)}")
    return lines


def _growth(series: InterfaceSeries) -> str:
    if series.verdict is None:
        return f"no law of growth: {series.reason}"
    law = next(law for law in series.laws if (law.law == "linear") == (series.verdict == "linear"))
    per = f"{'' if law.law == 'linear' else 'root of '}{'h' if series.against == 'time_h' else 'cycle'}"
    return f"{series.verdict} growth, {_with_error(law.rate_ohm, 'ohm')} per {per}: {series.reason}"


def _with_error(quantity: Measured | None, unit: str) -> str:
    return "none" if quantity is None else f"{quantity.value:.4g} +- {quantity.std:.2g} {unit}"


STUDY = Study(
    command="eis",
    arguments=(
        Argument(
            name="spectra",
            metavar="SPECTRUM...",
            help="files or folders of impedance spectra of one sample",
            many=True,
            alone=True,
            annotation="str | Path | paddlewheel.lab.spectrum.Spectrum"
            " | Sequence[str | Path | paddlewheel.lab.spectrum.Spectrum]",
        ),
    ),
    settings=EisSettings,
    record=EisRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel eis pellet-7/ --diameter-cm 0.8 --thickness-cm 0.21 --out runs/pellet-7",
    notes="Without a geometry there are resistances alone.",
)
