"""The record of `nmr spectrum`: the sites of spectra, their shifts, widths and fractions, and their compounds."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.lab.phase_amounts import PhaseAmount
from paddlewheel.records import Measured, Record, StudyRecord

CURVES = "curves.csv"
"""The spectra with what was fitted, after the fitted phase."""


def line_column(name: str) -> str:
    """The column of a site's line in the curves."""
    return f"line {name}"


class Sideband(Record):
    """A band of a site under magic angle spinning; the centre has order 0. Areas in units of the centre band's."""

    order: int
    area: Measured


class NmrSite(Record):
    """A site of a spectrum.

    `fraction` is its share of the nuclei, sidebands counted in, after the corrections: `excitation` and `saturation`
    are the shares of its signal that pulse and satellites, and the recycle delay, leave in these lines; null where not
    corrected for.
    `fraction_among` is its share of the group of sites that was asked for. `parameters` are those of the line
    shape beside its width; what ran into the end of its range has an uncertainty of 0 and stands in `at_an_end`.
    """

    spectrum: int
    name: str
    line_shape: str
    shift_ppm: Measured
    fwhm_Hz: Measured
    parameters: dict[str, Measured]
    at_an_end: list[str]
    area: Measured
    fraction: Measured
    fraction_among: Measured | None
    sidebands: list[Sideband]
    excitation: Measured | None
    saturation: Measured | None


class NmrCompound(Record):
    """A compound of a spectrum by the nuclei of its sites: shares of formula units and of mass."""

    spectrum: int
    formula: str
    mole_fraction: Measured
    mass_fraction: Measured


class NmrCandidate(Record):
    """A number of sites that was tried; criteria over the independent points, lower is better."""

    n_sites: int
    bic: float
    aicc: float
    residual_std: float


class NmrSpectrum(Record):
    """One spectrum: how it was measured, and the fit as a whole.

    `covariance` is that of the fractions, in the order of the sites. `signal_to_noise` is the largest line over the
    standard deviation of the residual.
    """

    file: str
    nucleus: str
    temperature_K: float | None
    spinning_Hz: Measured | None
    reference_MHz: float
    first_ppm: float
    last_ppm: float
    phase_deg: Measured
    phase_at_ppm: float
    delay_us: Measured
    baseline_order: int
    noise: float
    signal_to_noise: float
    n_points: int
    n_independent: float
    candidates: list[NmrCandidate]
    covariance: list[list[float]]


class NmrSpectrumRecord(StudyRecord):
    """The record of `nmr spectrum`; `spectrum` of a site or compound counts `spectra` from 1."""

    rows_in: ClassVar[str] = "sites"
    kind: Literal["nmr-spectrum"] = "nmr-spectrum"
    sites: list[NmrSite]
    compounds: list[NmrCompound]
    spectra: list[NmrSpectrum]
    beside_xrd: list[PhaseAmount] = Field(
        default_factory=list, description="weight fractions of the sample's XRD record beside those of these nuclei"
    )
    sites_by: Literal["evidence", "given"] = Field(description="who said how many sites")
    notes: list[str]
    files: dict[str, str]
