"""`eis`: from impedance spectra of a pellet to its conductivity, activation energies and interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.assignment import Role, assign_roles
from paddlewheel.lab.eis.choice import Candidate, choose_circuit, inflation, is_determined
from paddlewheel.lab.eis.circuit import Circuit
from paddlewheel.lab.eis.fit import WEIGHTINGS, CircuitFit, Weighting, fit_circuit
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.pellets import given_pellet
from paddlewheel.records import (
    Measured,
    write_record,
)
from paddlewheel.studies.eis.beside import (
    read_beside,
    set_beside,
)
from paddlewheel.studies.eis.files import write_tables
from paddlewheel.studies.eis.inputs import (
    Spectra,
    open_spectra,
)
from paddlewheel.studies.eis.record import (
    CircuitCandidate,
    EisGeometry,
    EisRecord,
)
from paddlewheel.studies.eis.series import (
    fit_temperatures_eis,
    interface_series,
)
from paddlewheel.studies.eis.spectrum import (
    CORRELATED,
    WIDE_SPREAD_PERCENT,
    AnalysedSpectrum,
    Electrode,
    analyse_spectrum,
    check_spectrum,
    weighted,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.study.citations import eis_citations
from paddlewheel.study.provenance import provenance
from paddlewheel.study.run_directory import check_directory

AUTO, EACH = "auto", "each"
_SHOWN_CANDIDATES = 12
_CHOSEN_FROM = 12
"""Spectra of a longer series that the circuit is chosen on."""


def eis(
    spectra: Spectra,
    *,
    diameter_cm: float | None = None,
    thickness_cm: float | None = None,
    diameter_std_cm: float = 0.0,
    thickness_std_cm: float = 0.0,
    temperatures_K: Sequence[float] = (),
    circuit: str = AUTO,
    weighting: Weighting = "modulus",
    allow_violations: bool = False,
    dE_dx_V: float | None = None,
    molar_volume_cm3_per_mol: float | None = None,
    concentration_mol_per_cm3: float | None = None,
    diffusion_length_cm: float | None = None,
    charge_number: float = 1.0,
    sample: str | Path | None = None,
    beside: str | Path | None = None,
    out: str | Path | None = None,
) -> EisRecord:
    """Test, fit and read impedance spectra; conductivities and Arrhenius fits with the geometry of the pellet.

    Parameters
    ----------
    spectra
        Files, folders or spectra read already, of one sample at several temperatures, times or cycles.
    diameter_cm, thickness_cm, diameter_std_cm, thickness_std_cm
        Of the pellet, with standard uncertainties; without the first two there are resistances alone.
    temperatures_K
        Over what the files say: one for all, or one a spectrum.
    circuit
        "auto": chosen, one for all spectra. "each": chosen for each. Otherwise such as "R-RQ-RQ-CPE".
    weighting
        "modulus", "proportional" or "unit".
    allow_violations
        Keep spectra that fail the Kramers-Kronig test in the Arrhenius fits.
    dE_dx_V, molar_volume_cm3_per_mol, concentration_mol_per_cm3, diffusion_length_cm, charge_number
        For a diffusivity from a Warburg tail: the first two, or the third, or the fourth for a finite tail.
    sample
        File of the sample (`paddlewheel.lab.sample`), for the geometry instead of the first four.
    beside
        CSV of another analysis of the same spectra (`paddlewheel.studies.eis.beside`), to stand beside ours.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For files that are no spectra, bad settings, an impossible geometry, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import eis
    >>> eis("pellet-7/", diameter_cm=0.8, thickness_cm=0.21).arrhenius.total  # doctest: +SKIP
    """
    if weighting not in WEIGHTINGS:
        raise SettingsError(f"'{weighting}'", where="weighting", remedy=f"give one of {', '.join(WEIGHTINGS)}")
    asked = None if circuit in (AUTO, EACH) else Circuit.parse(circuit)
    name, pellet = given_pellet(
        sample=sample,
        diameter_cm=diameter_cm,
        thickness_cm=thickness_cm,
        diameter_std_cm=diameter_std_cm,
        thickness_std_cm=thickness_std_cm,
    )
    electrode = Electrode(
        dE_dx_V=dE_dx_V,
        molar_volume_cm3_per_mol=molar_volume_cm3_per_mol,
        concentration_mol_per_cm3=concentration_mol_per_cm3,
        diffusion_length_cm=diffusion_length_cm,
        charge_number=charge_number,
    )
    others = [] if beside is None else read_beside(beside)
    read = open_spectra(spectra, temperatures_K=temperatures_K)
    settings: dict[str, Any] = {
        "command": "eis",
        "sample": None if sample is None else str(sample),
        **({} if pellet is None else vars(pellet)),
        "circuit": asked.name if asked else circuit,
        "weighting": weighting,
        "allow_violations": allow_violations,
        **{name: value for name, value in vars(electrode).items() if value is not None},
        "beside": [one.model_dump(exclude_none=True) for one in others],
        "spectra": read.inputs(),
    }
    if out is not None:
        check_directory(Path(out), settings)
    tests = [check_spectrum(one, file=file) for one, file in zip(read.spectra, read.files, strict=True)]
    data = [weighted(one, weighting) for one in read.spectra]
    fits, candidates, reason = _fitted(data, asked, each=circuit == EACH)
    roles = _roles(fits, pellet)
    analysed = [
        analyse_spectrum(
            one, file=file, data=points, test=test, fit=fit, roles=role, pellet=pellet, electrode=electrode
        )
        for one, file, points, test, fit, role in zip(read.spectra, read.files, data, tests, fits, roles, strict=True)
    ]
    arrhenius, said = fit_temperatures_eis(analysed, pellet=pellet, allow_violations=allow_violations)
    names = list(dict.fromkeys(fit.circuit.name for fit in fits))
    record = EisRecord(
        sample=name or _sample_name(spectra),
        geometry=None if pellet is None else _geometry(pellet),
        weighting=weighting,
        circuit=", ".join(names),
        circuit_reason=reason,
        candidates=candidates,
        spectra=[one.row for one in analysed],
        arrhenius=arrhenius,
        interface=interface_series(analysed, pellet=pellet),
        warnings=[*read.warnings, *_geometry_warnings(pellet), *_row_warnings(analysed), *said],
        citations=eis_citations(),
        provenance=provenance(settings),
    )
    set_beside(others, record)
    with run_directory(out, settings) as directory:
        if directory is not None:
            write_tables(analysed, directory)
            write_record(record, directory / "result.json")
    return record


def _fitted(
    data: Sequence[Weighted], asked: Circuit | None, *, each: bool
) -> tuple[list[CircuitFit], list[CircuitCandidate], str]:
    if asked is not None:
        fits = [fit_circuit(asked, one) for one in data]
        known = sum(is_determined(fit) for fit in fits)
        return fits, [], f"{asked.name} was asked for; its elements are determined in {known} of {len(fits)} spectra"
    if each:
        chosen = [choose_circuit([one]).chosen.fits[0] for one in data]
        return chosen, [], "chosen for each spectrum on its own"
    tried = [data[k] for k in sorted({round(x) for x in np.linspace(0, len(data) - 1, min(len(data), _CHOSEN_FROM))})]
    choice = choose_circuit(tried)
    lowest = choice.candidates[0].bic
    shown = [choice.chosen, *(one for one in choice.candidates if one is not choice.chosen)][:_SHOWN_CANDIDATES]
    fits = list(choice.chosen.fits)
    reason = choice.reason
    if len(tried) < len(data):
        fits = [fit_circuit(choice.chosen.circuit, one) for one in data]
        reason += f" (chosen on {len(tried)} of the {len(data)} spectra, evenly spread)"
    return fits, [_candidate(one, lowest) for one in shown], reason


def _candidate(one: Candidate, lowest: float) -> CircuitCandidate:
    rms = sum(fit.chi2 for fit in one.fits) / sum(fit.degrees_of_freedom + fit.circuit.size for fit in one.fits)
    return CircuitCandidate(
        circuit=one.circuit.name,
        bic_above_lowest=one.bic - lowest,
        determined=one.determined,
        rms_percent=100 * rms**0.5,
    )


def _roles(fits: Sequence[CircuitFit], pellet: Pellet | None) -> list[dict[str, Role]]:
    """Alike for all spectra of a circuit."""
    constant = 1.0 if pellet is None else pellet.cell_constant_per_cm
    by_circuit = {
        circuit: assign_roles([fit for fit in fits if fit.circuit == circuit], cell_constant_per_cm=constant)
        for circuit in {fit.circuit for fit in fits}
    }
    return [by_circuit[fit.circuit] for fit in fits]


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


def _row_warnings(analysed: Sequence[AnalysedSpectrum]) -> list[str]:
    """What the rows' own warnings say, those that many rows share in one sentence."""
    said = [f"{_label(one)}: {one.test.verdict}" for one in analysed if not one.test.passed]
    said += [f"{_label(one)}: {text}" for one in analysed for text in one.row.warnings if text.endswith("left out")]
    said += [f"{_label(one)}: the fit did not converge" for one in analysed if not one.fit.converged]
    correlated = [one for one in analysed if one.row.residual_correlation > CORRELATED]
    if correlated:
        worst = max(correlated, key=lambda one: one.row.residual_correlation)
        widened = inflation(worst.row.residual_correlation) ** 0.5
        said.append(
            f"the circuit leaves {worst.row.rms_percent:.2g} % at {_label(worst)}, where the spectrum's own noise is "
            f"{worst.row.kramers_kronig.rms_percent:.2g} %, and neighbouring residuals are correlated in "
            f"{len(correlated)} of {len(analysed)} spectra: their errors are widened, by up to {widened:.1f}"
        )
    spread = [(one.row.spread_percent, one) for one in analysed if one.row.spread_percent is not None]
    if spread and max(spread, key=lambda pair: pair[0])[0] > WIDE_SPREAD_PERCENT:
        percent, worst = max(spread, key=lambda pair: pair[0])
        said.append(f"the ways of reading the total resistance differ by up to {percent:.0f} % ({_label(worst)})")
    return said


def _label(one: AnalysedSpectrum) -> str:
    return one.row.name if one.row.temperature_K is None else f"{one.row.temperature_K:g} K"


def _sample_name(spectra: Spectra) -> str:
    return Path(spectra).name if isinstance(spectra, str | Path) else ""
