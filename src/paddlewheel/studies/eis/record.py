"""The record of `eis`."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from paddlewheel.lab.eis.growth import Kind, Law, grown
from paddlewheel.records import Measured, Record, StudyRecord
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.records.base import Interval

Resistance = Literal["bulk", "grain_boundary", "total"]
CellKind = Literal["blocking", "symmetric", "full"]
"""Two equal electrodes that block ions, two equal ones that do not, or two unlike ones."""
OpenInterval = tuple[float | None, float | None]
"""Lower and upper end; null where the data set no end on that side."""


class EisGeometry(Record):
    """The pellet; `area_cm2` and `cell_constant_per_cm` = L / A follow."""

    diameter_cm: Measured
    thickness_cm: Measured
    area_cm2: Measured
    cell_constant_per_cm: Measured


class KramersKronigResult(Record):
    """The linear Kramers-Kronig test; percentages are of |Z|.

    `violation_percent` is the smooth part that no sum of lawful terms describes, 0 where it is not significant;
    `worst_Hz` the decade in which it (or, without one, the residual) is largest; `mu` that of Schoenleber et al.
    """

    passed: bool
    rms_percent: float
    violation_percent: float
    probability: float
    worst_Hz: tuple[float, float]
    n_terms: int
    mu: float
    verdict: str


class ZHitResult(Record):
    """The modulus as it follows from the phase (Z-HIT), beside the one measured; percentages are of |Z|.

    `noise_percent` is what the noise of the phase alone makes of `rms_percent`; `worst_Hz` the decade of the largest
    difference.
    """

    agrees: bool
    rms_percent: float
    noise_percent: float
    worst_Hz: tuple[float, float]
    verdict: str


class CircuitCandidate(Record):
    """A circuit that was tried on all spectra: summed BIC above the lowest, and whether its elements are known."""

    circuit: str
    bic_above_lowest: float
    determined: bool
    rms_percent: float


class CircuitParameter(Record):
    """A parameter of a circuit in its unit: first-order error, and the 95 % profile-likelihood interval."""

    name: str
    unit: str
    value: float
    std: float
    interval_95: OpenInterval
    role: str | None = None


class EisResistances(Record):
    """Resistances of the electrolyte in ohm, of the interface, and of what may be either
    (`unclear`); null where the circuit has no such element."""

    bulk: Measured | None = None
    grain_boundary: Measured | None = None
    total: Measured | None = None
    interface: Measured | None = None
    unclear: Measured | None = None


class EisConductivities(Record):
    """sigma = L / (A R), mS/cm, the uncertainty of the geometry included; null without a geometry or the resistance."""

    bulk: Measured | None = None
    grain_boundary: Measured | None = None
    total: Measured | None = None


class ResistanceReading(Record):
    """The resistance read in one of the usual ways; null with the reason in `note`."""

    method: str
    resistance_ohm: float | None
    conductivity_mS_per_cm: float | None = None
    note: str


class RelaxationPeakResult(Record):
    """A peak of the distribution of relaxation times, and the resistance under it, negative for an inductive loop.

    `tau_s` is that of its top, `mean_tau_s` the geometric mean over what is above half of it, and `ln_tau_std` the
    error of its logarithm.
    """

    tau_s: float
    resistance_ohm: float
    resistance_std_ohm: float | None = None
    mean_tau_s: float | None = None
    ln_tau_std: float | None = None


class RelaxationResultEis(Record):
    """The distribution of relaxation times: regularization chosen, residual, and peaks from fast to slow.

    Beside it are a resistor, an inductor and a capacitor in series, null where there is none; `negative_s` are the ends
    of the times at which it is negative.
    """

    regularization: float
    rms_percent: float
    series_resistance_ohm: float
    series_inductance_H: float | None = None
    series_capacitance_F: float | None = None
    negative_s: tuple[float, float] | None = None
    peaks: list[RelaxationPeakResult]


class WarburgDiffusivity(Record):
    """A diffusivity from the tail, with its formula and what that assumes."""

    diffusivity_cm2_per_s: Measured
    formula: str
    assumptions: str


class SpectrumResult(Record):
    """One spectrum.

    `residual_correlation` is that of neighbouring residuals of the fit: where it is above 0 the circuit misses
    something, and all errors of this spectrum are widened for it. `refused` says why there is no total, with the
    resistances that differ. `spread_percent` is (largest - smallest) / fit over
    the readings of the total resistance. `interface_ohm_cm2` is the interface's resistance times area, of one of the
    cell's electrodes (half of R A of two equal ones), the uncertainty of the area included.
    """

    file: str
    name: str
    temperature_K: float | None
    cycle: int | None = None
    time_s: float | None = None
    n_points: int
    lowest_Hz: float
    highest_Hz: float
    kramers_kronig: KramersKronigResult
    z_hit: ZHitResult | None = None
    circuit: str
    parameters: list[CircuitParameter]
    rms_percent: float
    residual_correlation: float
    resistances_ohm: EisResistances
    refused: str | None = None
    conductivity_mS_per_cm: EisConductivities
    interface_ohm_cm2: Measured | None = None
    capacitances_F: dict[str, float] = {}
    readings: list[ResistanceReading]
    spread_percent: float | None
    relaxation_times: RelaxationResultEis
    diffusivity: WarburgDiffusivity | None = None
    points_file: str | None = None
    relaxation_file: str | None = None
    warnings: list[str] = []


class EisArrhenius(Record):
    """Arrhenius fits; of the error of the geometry, which all temperatures share, only the prefactor has a part."""

    bulk: ArrheniusResult | None = None
    grain_boundary: ArrheniusResult | None = None
    total: ArrheniusResult | None = None


class FollowedPoint(Record):
    """A peak at one temperature."""

    temperature_K: float
    tau_s: float
    ln_tau_std: float
    resistance_ohm: Measured


class FollowedPeak(Record):
    """A peak of the relaxation times at several temperatures, followed by its capacitance tau / R.

    The activation energies are those of ln(T / R) and of ln(1 / tau) against 1 / T, null of fewer than three
    temperatures.
    """

    capacitance_F: float
    points: list[FollowedPoint]
    resistance_activation_energy_eV: Measured | None = None
    resistance_activation_energy_95_eV: Interval | None = None
    resistance_chi2_per_dof: float | None = None
    tau_activation_energy_eV: Measured | None = None
    tau_activation_energy_95_eV: Interval | None = None
    tau_chi2_per_dof: float | None = None


class InterfacePoint(Record):
    """The interface at one time or cycle: resistance of the cell, and resistance times area of one of its electrodes
    where the geometry is given (half of R A of two equal ones)."""

    x: float
    resistance_ohm: Measured
    area_specific_resistance_ohm_cm2: Measured | None = None


class GrowthLaw(Record):
    """A law of the resistance against x (time in h, or cycles since the first), see `paddlewheel.lab.eis.growth`.

    linear: R = start + rate x. square-root: start + rate sqrt(x). parabolic: R^2 = start^2 + rate^2 x.
    shifted-square-root: start + rate sqrt(x + age). The rate is in ohm per unit of x (linear) or its root, `age` in
    that of x; `probability` is that of so large a chi2, null of as many points as parameters.
    """

    law: Law
    start_ohm: Measured
    rate_ohm: Measured
    age: Measured | None = None
    chi2_per_dof: float | None
    probability: float | None = None

    def resistance_ohm(self, x: np.ndarray) -> np.ndarray:
        """Of the law at x since the first point, `[n]`."""
        age = None if self.age is None else self.age.value
        return grown(self.law, x, start=self.start_ohm.value, rate=self.rate_ohm.value, age=age)


class InterfaceSeries(Record):
    """Interfacial resistance against time or cycle; laws of the lowest BIC first.

    `verdict` is what the points tell: linear growth (a reaction sets the pace), or parabolic (diffusion through what
    grew, in one of its three forms); null where no law fits or both kinds do. `reason` says why.
    """

    against: Literal["time_h", "cycle"]
    points: list[InterfacePoint]
    laws: list[GrowthLaw]
    verdict: Kind | None = None
    reason: str = ""


class LinearityResult(Record):
    """A spectrum of the same cell at another amplitude (`file`) beside ours (`spectrum`); percentages are of |Z|.

    `difference_percent` is over the decade `worst_Hz`, the noise taken off; `probability` that of so large a difference
    by noise alone.
    """

    file: str
    spectrum: str
    linear: bool
    n_points: int
    difference_percent: float
    noise_percent: float
    probability: float
    worst_Hz: tuple[float, float]
    verdict: str


class ComparedValue(Record):
    """A number of another analysis beside ours: (ours - other) over the root of the sum of both squared errors."""

    part: Resistance
    quantity: Literal["conductivity_mS_per_cm", "activation_energy_eV"]
    temperature_K: float | None
    other: Measured
    ours: Measured | None = None
    difference_in_joint_errors: float | None = None


class EisRecord(StudyRecord):
    """The record of `eis`; the interface and the diffusion are those of `electrodes` equal ones in series.

    `drawn` are the numbers from 1 of the spectra in the figures, null for twelve of all; `drawn_to_ohm` is the largest
    Z' of the Nyquist plots, null where the electrolyte fills them.
    """

    rows_in: ClassVar[str] = "spectra"
    kind: Literal["eis"] = "eis"
    sample: str
    geometry: EisGeometry | None
    cell: CellKind | None = None
    electrodes: int = 1
    weighting: str
    circuit: str
    circuit_reason: str
    candidates: list[CircuitCandidate] = []
    spectra: list[SpectrumResult]
    arrhenius: EisArrhenius
    relaxation_peaks: list[FollowedPeak] = []
    interface: InterfaceSeries | None = None
    linearity: LinearityResult | None = None
    beside: list[ComparedValue] = []
    drawn: list[int] | None = None
    drawn_to_ohm: float | None = None
