"""The record of `cycling`: every cycle of a cell test, its faults and its trends."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records.base import SCHEMA_VERSION, Citation, Interval, Measured, Provenance, Record


class CyclingFault(Record):
    """A fault of the file, and what was done about it; rows count from 0."""

    kind: str
    count: int
    first_row: int
    detail: str
    action: str


class CycleRow(Record):
    """One cycle; per g of active material and per cm2 where a sample is given, null where a half cycle is missing."""

    cycle: int
    charge_mAh: float | None
    discharge_mAh: float | None
    charge_mAh_per_g: float | None
    discharge_mAh_per_g: float | None
    charge_mAh_per_cm2: float | None
    discharge_mAh_per_cm2: float | None
    coulombic_efficiency: float | None
    retention: float | None
    mean_charge_voltage_V: float | None
    mean_discharge_voltage_V: float | None
    polarization_V: float | None
    cv_share: float | None
    charge_c_rate_per_h: float | None
    discharge_c_rate_per_h: float | None
    temperature_K: float | None


class CyclingTrend(Record):
    """Change per cycle by Theil and Sen, with its 95 % interval, over the cycles from the second on."""

    quantity: str
    per_cycle: float
    interval_95: Interval
    n_cycles: int


class DifferentialCurve(Record):
    """dQ/dV of one half cycle: its peaks; the curve is in the file."""

    cycle: int
    half: Literal["charge", "discharge"]
    resolution_mV: float
    peaks_V: list[float]


class CyclingRecord(Record):
    """The record of `cycling`; `files` are tables beside it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["cycling"] = "cycling"
    file: str
    file_sha256: str
    sample: str | None
    n_rows: int
    working: Literal["cathode", "anode"]
    active_mass_mg: Measured | None
    area_cm2: Measured | None
    cycles: list[CycleRow]
    initial_coulombic_efficiency: float | None
    average_coulombic_efficiency: float | None
    reference_cycle: int | None
    trends: list[CyclingTrend]
    differential: list[DifferentialCurve]
    faults: list[CyclingFault]
    contradictions: list[str]
    warnings: list[str]
    files: dict[str, str]
    citations: list[Citation]
    provenance: Provenance
