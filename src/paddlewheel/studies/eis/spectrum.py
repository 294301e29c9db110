"""One spectrum of an `eis` run: what the fits, the test and the readings say of it, as it stands in the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.assignment import (
    Resistance,
    Role,
    arc_capacitances_F,
    resistances,
)
from paddlewheel.lab.eis.choice import Rival, inflation, neighbour_correlation
from paddlewheel.lab.eis.circuit import SEMI_INFINITE
from paddlewheel.lab.eis.diffusion import Diffusivity, from_concentration, from_slope, from_time
from paddlewheel.lab.eis.fit import CircuitFit, weigh
from paddlewheel.lab.eis.identifiability import untold
from paddlewheel.lab.eis.intervals import profile_intervals
from paddlewheel.lab.eis.kramers_kronig import KramersKronig, kramers_kronig
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.readings import read_resistances
from paddlewheel.lab.eis.relaxation_times import RelaxationTimes, relaxation_times
from paddlewheel.lab.eis.series_view import SeriesView
from paddlewheel.lab.eis.total import NOT_KNOWN, Total, judge_total
from paddlewheel.lab.eis.z_hit import z_hit
from paddlewheel.lab.spectrum import Spectrum
from paddlewheel.records import Measured
from paddlewheel.studies.eis.record import (
    CircuitParameter,
    EisConductivities,
    EisResistances,
    KramersKronigResult,
    RelaxationPeakResult,
    RelaxationResultEis,
    ResistanceReading,
    SpectrumResult,
    WarburgDiffusivity,
    ZHitResult,
)

CORRELATED = 0.3
"""Correlation of neighbouring residuals above which it is told."""
WIDE_SPREAD_PERCENT = 5.0
"""Spread of the readings above which it is told."""
_FAILS = (
    "the spectrum fails the Kramers-Kronig test, and no circuit is that of the sample: measure again, at a smaller "
    "amplitude and when the sample is at rest, leave out what fails by --mask-Hz, or take it for all that by "
    "--allow-violations"
)


@dataclass(frozen=True, kw_only=True)
class Electrode:
    """What a diffusivity needs beside the spectrum, None where not given; and how many equal electrodes there are."""

    dE_dx_V: float | None = None
    molar_volume_cm3_per_mol: float | None = None
    concentration_mol_per_cm3: float | None = None
    diffusion_length_cm: float | None = None
    charge_number: float = 1.0
    electrodes: int = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class AnalysedSpectrum:
    """A spectrum with everything found, and its row of the record.

    Attributes
    ----------
    found
        Resistances by role, errors widened for correlated residuals, without that of the geometry.
    untold
        What the spectrum does not tell of a circuit that was asked for.
    """

    spectrum: Spectrum
    fit: CircuitFit
    test: KramersKronig
    distribution: RelaxationTimes
    found: Mapping[str, Resistance | None]
    row: SpectrumResult
    untold: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What tells it apart in a sentence."""
        return self.row.name if self.row.temperature_K is None else f"{self.row.temperature_K:g} K"


def analyse_spectrum(
    spectrum: Spectrum,
    *,
    file: str,
    data: Weighted,
    test: KramersKronig,
    fit: CircuitFit,
    view: SeriesView,
    roles: dict[str, Role],
    rivals: Sequence[Rival] = (),
    asked: bool = False,
    circuit_asked: bool = False,
    allow_violations: bool = False,
    pellet: Pellet | None,
    electrode: Electrode,
) -> AnalysedSpectrum:
    """Everything of one spectrum.

    Parameters
    ----------
    fit, view
        Of `data`; the same as that of elements in series.
    roles
        Of the resistances of `view`.
    rivals
        Fits by circuits that are nearly as probable.
    asked
        Whether somebody said what is what.
    circuit_asked
        Whether the circuit was asked for.
    allow_violations
        Give a total although the spectrum fails the Kramers-Kronig test.
    """
    modulus = weigh(spectrum.frequency_Hz, spectrum.impedance_ohm)
    distribution = relaxation_times(modulus, noise=test.rms)
    correlation = neighbour_correlation(fit)
    fitted = resistances(view.fit, roles, inflation=inflation(correlation))
    found = {name: _known(resistance) for name, resistance in fitted.items()}
    read = read_resistances(modulus, distribution, pellet)
    judged = judge_total(
        view.fit, data, roles, read, pellet=pellet, inflation=inflation(correlation), asked=asked,
        names=view.names, rivals=rivals,
    )  # fmt: skip
    if not (test.passed or allow_violations):
        judged = Total(None, _FAILS)
    found["total"] = judged.resistance
    readings = [
        ResistanceReading(
            method=reading.method,
            resistance_ohm=reading.resistance_ohm,
            conductivity_mS_per_cm=_conductivity_of(reading.resistance_ohm, pellet),
            note=reading.note,
        )
        for reading in read
    ]
    total = fitted["total"]
    if total is not None:
        by_circuit = ResistanceReading(
            method="circuit",
            resistance_ohm=total.value_ohm,
            conductivity_mS_per_cm=_conductivity_of(total.value_ohm, pellet),
            note=f"{fit.circuit.name}, +- {total.std_ohm:.2g} ohm",
        )
        readings.insert(0, by_circuit)
    relative = (spectrum.impedance_ohm - fit.impedance_ohm) / np.abs(spectrum.impedance_ohm)
    row = SpectrumResult(
        file=file,
        name=spectrum.name,
        temperature_K=spectrum.temperature_K,
        cycle=spectrum.cycle,
        time_s=spectrum.time_s,
        n_points=len(spectrum.frequency_Hz),
        lowest_Hz=float(spectrum.frequency_Hz.min()),
        highest_Hz=float(spectrum.frequency_Hz.max()),
        kramers_kronig=_test_result(test),
        z_hit=_z_hit_result(modulus, test),
        circuit=fit.circuit.name,
        parameters=_parameters(fit, data, view.written(roles), correlation),
        rms_percent=100 * float(np.sqrt(np.mean(np.abs(relative) ** 2) / 2)),
        residual_correlation=correlation,
        resistances_ohm=EisResistances(**{name: _measured(resistance) for name, resistance in found.items()}),
        refused=judged.refused,
        conductivity_mS_per_cm=_conductivities(found, pellet),
        interface_ohm_cm2=_area_specific(found["interface"], pellet, electrode.electrodes),
        capacitances_F=_capacitances_F(view.fit),
        readings=readings,
        spread_percent=_spread(readings, roles),
        relaxation_times=RelaxationResultEis(
            regularization=distribution.regularization,
            rms_percent=100 * distribution.rms,
            series_resistance_ohm=distribution.resistance_ohm,
            series_inductance_H=distribution.inductance_H or None,
            series_capacitance_F=distribution.capacitance_F if np.isfinite(distribution.capacitance_F) else None,
            negative_s=distribution.negative_s,
            peaks=[
                RelaxationPeakResult(
                    tau_s=peak.tau_s,
                    resistance_ohm=peak.resistance_ohm,
                    resistance_std_ohm=peak.resistance_std_ohm,
                    mean_tau_s=peak.mean_tau_s,
                    ln_tau_std=peak.ln_tau_std,
                )
                for peak in distribution.peaks
            ],
        ),
        diffusivity=_diffusivity(view.fit, spectrum, pellet, electrode, inflation(correlation)),
    )
    unknown = [
        name.replace("_", " ")
        for name in fitted
        if name != "total" and fitted[name] is not None and found[name] is None
    ]
    row.warnings = _warnings(row, fit, test)
    told = untold(fit, data, inflation=inflation(correlation)) if circuit_asked else []
    if view.others:
        told.append(f"{', '.join(view.others)}: no role is known of it, and its resistances are in no total")
    told += _inductive(view.fit)
    row.warnings += told
    if unknown:
        row.warnings.append(
            f"{', '.join(unknown)}: the resistance is not known to {100 * NOT_KNOWN:.0f} %, and left out"
        )
    return AnalysedSpectrum(
        spectrum=spectrum, fit=fit, test=test, distribution=distribution, found=found, row=row, untold=tuple(told)
    )


def check_spectrum(spectrum: Spectrum, *, file: str) -> KramersKronig:
    """The Kramers-Kronig test of a spectrum.

    Raises
    ------
    DataError
        If the sign of Z'' is wrong.
    """
    test = kramers_kronig(weigh(spectrum.frequency_Hz, spectrum.impedance_ohm))
    if test.mirrored:
        below = int(np.sum(np.imag(spectrum.impedance_ohm) > 0))
        raise DataError(
            f"Z'' is above 0 at {below} of {len(spectrum.frequency_Hz)} points, and only its mirror image obeys the "
            "Kramers-Kronig relations: its sign is wrong",
            where=file,
            remedy="name the column -Z'' if it holds that",
        )
    return test


def _known(resistance: Resistance | None) -> Resistance | None:
    """Nothing for a resistance that the spectrum does not determine."""
    known = resistance is not None and resistance.std_ohm < NOT_KNOWN * resistance.value_ohm
    return resistance if known else None


def _measured(resistance: Resistance | None) -> Measured | None:
    return None if resistance is None else Measured(value=resistance.value_ohm, std=resistance.std_ohm)


def _conductivity_of(resistance_ohm: float | None, pellet: Pellet | None) -> float | None:
    if pellet is None or resistance_ohm is None or resistance_ohm <= 0:
        return None
    return pellet.conductivity_mS_per_cm(resistance_ohm, 0.0)[0]


def _capacitances_F(fit: CircuitFit) -> dict[str, float]:
    """By C1, C2, ..., C_transfer, C_outer, C_inner."""
    sizes = {name.removesuffix("_ohm"): size for name, size in arc_capacitances_F([fit]).items()}
    return {name.replace("R", "C") if name[0] == "R" else f"C_{name}": size for name, size in sizes.items()}


def _area_specific(interface: Resistance | None, pellet: Pellet | None, electrodes: int) -> Measured | None:
    """R A of one of the electrodes that the interfaces are those of."""
    if interface is None or pellet is None:
        return None
    value = interface.value_ohm * pellet.area_cm2 / electrodes
    relative = np.hypot(interface.std_ohm / interface.value_ohm, 2 * pellet.diameter_std_cm / pellet.diameter_cm)
    return Measured(value=value, std=float(value * relative))


def _conductivities(found: Mapping[str, Resistance | None], pellet: Pellet | None) -> EisConductivities:
    made: dict[str, Measured] = {}
    for name in ("bulk", "grain_boundary", "total"):
        resistance = found[name]
        if pellet is not None and resistance is not None:
            value, std = pellet.conductivity_mS_per_cm(resistance.value_ohm, resistance.std_ohm)
            made[name] = Measured(value=value, std=std)
    return EisConductivities(**made)


def _test_result(test: KramersKronig) -> KramersKronigResult:
    return KramersKronigResult(
        passed=bool(test.passed),
        rms_percent=100 * test.rms,
        violation_percent=100 * test.violation_rms,
        probability=test.probability,
        worst_Hz=test.worst_Hz,
        n_terms=test.n_terms,
        mu=test.mu,
        verdict=test.verdict,
    )


def _z_hit_result(data: Weighted, test: KramersKronig) -> ZHitResult | None:
    found = z_hit(data, test)
    if found is None:
        return None
    return ZHitResult(
        agrees=found.agrees,
        rms_percent=100 * found.rms,
        noise_percent=100 * found.noise,
        worst_Hz=found.worst_Hz,
        verdict=found.verdict,
    )


def _parameters(fit: CircuitFit, data: Weighted, roles: dict[str, Role], correlation: float) -> list[CircuitParameter]:
    widened = float(np.sqrt(inflation(correlation)))
    intervals = profile_intervals(fit, data, correlation=correlation)
    return [
        CircuitParameter(
            name=parameter.name,
            unit=parameter.unit,
            value=fit.value(parameter.name),
            std=fit.std(parameter.name) * widened,
            interval_95=intervals[parameter.name],
            role=roles.get(parameter.name),
        )
        for parameter in fit.circuit.parameters()
    ]


def _spread(readings: list[ResistanceReading], roles: dict[str, Role]) -> float | None:
    """Of the readings that mean the electrolyte as a whole, relative to that of the circuit, in per cent."""
    intercept_counts = roles.get("R_ohm") == "electrolyte"
    whole = [reading for reading in readings if intercept_counts or reading.method != "high-frequency-intercept"]
    values = [reading.resistance_ohm for reading in whole if reading.resistance_ohm is not None]
    if len(values) < 2 or whole[0].method != "circuit":
        return None
    return 100 * (max(values) - min(values)) / values[0]


def _diffusivity(
    fit: CircuitFit, spectrum: Spectrum, pellet: Pellet | None, electrode: Electrode, widened: float
) -> WarburgDiffusivity | None:
    tail, found = fit.circuit.tail, None
    root = float(np.sqrt(widened))
    if tail in SEMI_INFINITE and pellet is not None:
        sigma, std = fit.value("warburg_ohm_per_sqrt_s"), root * fit.std("warburg_ohm_per_sqrt_s")
        area = {"area_cm2": pellet.area_cm2, "area_relative_std": 2 * pellet.diameter_std_cm / pellet.diameter_cm,
                "electrodes": electrode.electrodes}  # fmt: skip
        if electrode.dE_dx_V is not None and electrode.molar_volume_cm3_per_mol is not None:
            found = from_slope(sigma, std, dE_dx_V=electrode.dE_dx_V, charge_number=electrode.charge_number,
                               molar_volume_cm3_per_mol=electrode.molar_volume_cm3_per_mol, **area)  # fmt: skip
        elif electrode.concentration_mol_per_cm3 is not None and spectrum.temperature_K is not None:
            found = from_concentration(sigma, std, temperature_K=spectrum.temperature_K,
                                       concentration_mol_per_cm3=electrode.concentration_mol_per_cm3,
                                       charge_number=electrode.charge_number, **area)  # fmt: skip
    elif tail in ("Ws", "Wo") and electrode.diffusion_length_cm is not None:
        found = from_time(fit.value("tail_tau_s"), root * fit.std("tail_tau_s"),
                          length_cm=electrode.diffusion_length_cm)  # fmt: skip
    return None if found is None else _diffusivity_result(found)


def _diffusivity_result(found: Diffusivity) -> WarburgDiffusivity:
    return WarburgDiffusivity(
        diffusivity_cm2_per_s=Measured(value=found.value_cm2_per_s, std=found.std_cm2_per_s),
        formula=found.formula,
        assumptions=found.assumptions,
    )


def _inductive(fit: CircuitFit) -> list[str]:
    """What of the circuit is inductive, and no resistance of the electrolyte or the interface."""
    words = {"coil": "a resistor beside an inductor", "loop": "a negative arc, which an inductive loop is,"}
    return [
        f"{words[name]} of {fit.value(f'{name}_ohm'):.4g} ohm at "
        f"{1 / (2 * np.pi * fit.value(f'{name}_tau_s')):.3g} Hz is in no resistance"
        for name in words
        if getattr(fit.circuit, name)
    ]


def _warnings(row: SpectrumResult, fit: CircuitFit, test: KramersKronig) -> list[str]:
    said = []
    if not test.passed:
        said.append(test.verdict)
    if not fit.converged:
        said.append(f"the fit of {row.circuit} did not converge: its elements are not determined")
    if row.residual_correlation > CORRELATED:
        factor = np.sqrt(inflation(row.residual_correlation))
        said.append(
            f"neighbouring residuals are correlated ({row.residual_correlation:.2f}): {row.circuit} leaves "
            f"{row.rms_percent:.2g} % where the spectrum's own noise is {row.kramers_kronig.rms_percent:.2g} %; errors "
            f"are widened by {factor:.1f}"
        )
    if row.spread_percent is not None and row.spread_percent > WIDE_SPREAD_PERCENT:
        said.append(f"the ways of reading the total resistance differ by {row.spread_percent:.0f} %")
    return said
