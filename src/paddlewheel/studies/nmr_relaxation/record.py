"""The record of `nmr relaxation`: T1 of each site and measurement, and what their temperatures say of the motion."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, Record, StudyRecord

RECOVERIES, CURVES, TIMES, PEAK, WIDTHS, WIDTH_CURVE = (
    "recoveries.csv", "recovery_curves.csv", "t1.csv", "t1_fit.csv", "widths.csv", "width_fit.csv"
)  # fmt: skip
"""The tables beside the record: intensities, fitted curves, T1 against temperature, its fit, widths, their fit."""
ModelName = Literal["single", "stretched", "two-rates"]


class RelaxationModel(Record):
    """One model of a recovery and what it costs; `aicc` is null for too few delays."""

    model: ModelName
    t1_s: Measured
    aicc: float | None


class RelaxationSite(Record):
    """One site of one measurement.

    `offset` is I(0) / I(infinite) of a recovery, I(infinite) / I(0) of a decay; `aicc_gain_of_offset` is by how much it
    betters the fit. `noise_ratio` is the scatter of the residuals over the noise of the spectra. Of a table of T1 only
    the time is known.
    """

    name: str
    measurement: str
    temperature_K: float | None
    larmor_MHz: float | None
    shift_ppm: float | None = None
    region_ppm: tuple[float, float] | None = None
    t1_s: Measured
    offset: Measured | None = None
    experiment: Literal["saturation", "inversion", "decay"] | None = None
    model: ModelName | None = None
    stretch: Measured | None = None
    w1_per_s: Measured | None = None
    w2_per_s: Measured | None = None
    models: list[RelaxationModel] = []
    aicc_gain_of_offset: float | None = None
    noise_ratio: float | None = None


class JumpRates(Record):
    """1 / tau at the maximum of R1, by each kernel: its fit's own beta."""

    single_J: Measured | None
    two_J: Measured | None


class KernelFit(Record):
    """The peak of R1 by one kernel: `two_J` is C [J(w0) + 4 J(2 w0)], `single_J` C J(w0).

    `tau0_s` and `coupling_per_s2` (C) have log-normal intervals. `fluctuating_cq_MHz` is that of C, of `two_J` alone.
    `nernst_einstein_mS_per_cm` is at `conductivity_temperature_K` of the record, or at the maximum; `haven_ratio` is
    that over the measured conductivity.
    """

    kernel: Literal["two_J", "single_J"]
    activation_energy_eV: Measured
    activation_energy_low_T_eV: Measured
    beta: Measured
    temperature_at_maximum_K: Measured
    jump_rate_at_maximum_per_s: Measured
    tau0_s: Measured
    coupling_per_s2: Measured
    fluctuating_cq_MHz: Measured | None = None
    diffusivity_at_maximum_cm2_per_s: Measured | None = None
    nernst_einstein_mS_per_cm: Measured | None = None
    haven_ratio: Measured | None = None
    aicc: float | None
    scatter: float
    refused: str | None = None


class TemperatureFit(Record):
    """What the temperatures say of one site; null values come with `refused`.

    The energies are those of the fit of the whole peak by `two_J`: `activation_energy_high_T_eV` is Ea, which the hot
    flank would show far from the maximum, `activation_energy_low_T_eV` is (beta - 1) Ea of the cold one. The
    `flank_*` are what lines through the measured flanks read.
    """

    site: str
    activation_energy_high_T_eV: Measured | None
    activation_energy_low_T_eV: Measured | None
    beta: Measured | None
    jump_rate_at_maximum_per_s: JumpRates
    temperature_at_maximum_K: Measured | None
    flank_high_T_eV: float | None = None
    flank_low_T_eV: float | None = None
    larmor_MHz: list[float]
    kernels: list[KernelFit] = []
    refused: str | None = None


class Narrowing(Record):
    """Line widths against temperature: Hendrickson and Bray's curve, and Waugh and Fedin's rule beside it."""

    name: str
    activation_energy_eV: Measured | None
    waugh_fedin_eV: Measured | None
    onset_K: Measured | None
    midpoint_K: Measured
    jump_rate_at_midpoint_per_s: float
    rigid_width_Hz: Measured
    residual_width_Hz: Measured
    ln_attempt_width_Hz: Measured
    scatter_Hz: float
    refused: str | None = None


class NmrRelaxationRecord(StudyRecord):
    """The record of `nmr relaxation`; `temperatures` is of the first site, `temperatures_of_others` of the rest."""

    rows_in: ClassVar[str] = "sites"
    kind: Literal["nmr-relaxation"] = "nmr-relaxation"
    nucleus: str | None
    sites: list[RelaxationSite]
    temperatures: TemperatureFit | None = None
    temperatures_of_others: list[TemperatureFit] = []
    narrowing: Narrowing | None = None
    conductivity_temperature_K: float | None = None
    measured_conductivity_mS_per_cm: Measured | None = None
    jump_distance_A: float | None = None
    carriers_per_cm3: float | None = None
    notes: list[str] = []
    files: dict[str, str]
