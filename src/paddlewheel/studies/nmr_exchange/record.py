"""The record of `nmr exchange`: sites, rates between them, and a bound on the size of domains."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from paddlewheel.records import Measured, Record, StudyRecord

VOLUMES, PLANE = "volumes.csv", "plane.npz"
"""Volumes of all peaks with the fit, and the spectrum that is drawn."""


class ExchangeSite(Record):
    """One line: its shift, widths at half height, share of the magnetization, and 1/T1 (null of one mixing time)."""

    name: str
    shift_ppm: float
    lorentz_Hz: float
    gauss_Hz: float
    population: Measured | None
    leakage_per_s: Measured | None


class ExchangeRate(Record):
    """The rate from one site to another, or its one-sided bounds (95 %).

    A single mixing time bounds a rate within a decade: half a decade to each side of its logarithm.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True, serialize_by_alias=True)

    start: str = Field(alias="from")
    to: str
    rate: Measured | None
    at_least_per_s: float | None = None
    at_most_per_s: float | None = None


class NmrExchangeRecord(StudyRecord):
    """The record of `nmr exchange`; volumes are in units of all magnetization at the shortest mixing time."""

    rows_in: ClassVar[str] = "rates_per_s"
    kind: Literal["nmr-exchange"] = "nmr-exchange"
    name: str
    nucleus: str
    carrier_MHz: float
    n_rows: int
    n_points: int
    mixing_s: list[float]
    sites: list[ExchangeSite]
    rates_per_s: list[ExchangeRate]
    chi2: float | None
    degrees_of_freedom: int
    chi2_probability: float | None
    row_noise: float
    residual_over_noise: float
    direct_phase_deg: float
    direct_phase1_deg: float
    indirect_phase_deg: float
    drawn_mixing_s: float
    domain_size_nm: float | None
    domain_size_is: Literal["at most", "at least"] | None
    domain_time_s: float | None
    domain_because: str | None
    spin_diffusion_nm2_per_ms: float | None
    notes: list[str]
    files: dict[str, str]
