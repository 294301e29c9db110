"""The record of `cycling`: every cycle of a cell test, its faults and its trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from paddlewheel.lab.cycling import Kind, Opening
from paddlewheel.records import Interval, Measured, Record, StudyRecord

CYCLES, STAGES, CURVES, DQDV, DVDQ = "cycles.csv", "stages.csv", "curves.csv", "dqdv.csv", "dvdq.csv"
DIFFUSION, PULSES, GROUP = "diffusion.csv", "pulses.csv", "cells.csv"
"""The tables beside a record."""


def of_today(found: Mapping[str, Any]) -> dict[str, Any]:
    """A document or record of before, which told the half that a cycle begins with by the electrode that works."""
    told = {name: value for name, value in found.items() if name != "working"}
    if "working" in found and "opens_with" not in found:
        told["opens_with"] = "discharge" if found["working"] == "anode" else "charge"
    return told


class CyclingFault(Record):
    """A fault of the file, and what was done about it; rows count from 0."""

    kind: str
    count: int
    first_row: int
    detail: str
    action: str


class CycleRow(Record):
    """One cycle; per g of active material and per cm2 where a sample is given, null where a half cycle is missing.

    The uncertainty of a normalized number is that of the mass, the area or the theoretical capacity: one error, common
    to all cycles, which no ratio of two cycles has. `charge_error_mAh` and `discharge_error_mAh` are how far a charge
    that is integrated from the current may be off, null where the file counts it.

    `closing_over_opening` is the capacity of the half cycle that ends the cycle over that of the one that begins it.
    Where it tells what is lost it is the `coulombic_efficiency` too; otherwise that is null, and `no_efficiency` says
    why: more came back than went in, the cycle ends at another current or temperature than the one before, so that it
    does not end where it began, or the end of the test cut it short. `energy_efficiency`, the energy of the discharge
    over that of the charge, is given with it.
    """

    cycle: int
    charge_mAh: float | None
    discharge_mAh: float | None
    charge_mAh_per_g: Measured | None
    discharge_mAh_per_g: Measured | None
    charge_mAh_per_cm2: Measured | None
    discharge_mAh_per_cm2: Measured | None
    coulombic_efficiency: float | None
    retention: float | None
    mean_charge_voltage_V: float | None
    mean_discharge_voltage_V: float | None
    polarization_V: float | None
    cv_share: float | None
    charge_current_mA: float | None
    discharge_current_mA: float | None
    charge_c_rate_per_h: Measured | None
    discharge_c_rate_per_h: Measured | None
    temperature_K: float | None
    cut_short: bool
    charge_error_mAh: float | None = None
    discharge_error_mAh: float | None = None
    closing_over_opening: float | None = None
    no_efficiency: str | None = None
    charge_energy_mWh: float | None = None
    discharge_energy_mWh: float | None = None
    energy_efficiency: float | None = None


class CyclingFragment(Record):
    """A stretch of current that is no half cycle: what it passed, where, and why it was left out."""

    half: Literal["charge", "discharge"]
    first_row: int
    last_row: int
    after_cycle: int
    duration_s: float
    charge_mAh: float
    share_of_largest: float
    why: str


class CyclingStage(Record):
    """Cycles at one rate and temperature, those cut short left out.

    `test` counts the files from 1. `capacity_mAh` is the mean of what comes back (the half that ends a cycle),
    `scatter_mAh` the standard deviation of one cycle about it, null for a single cycle. Normalized numbers carry the
    uncertainty of mass and area alone, which is common to all stages of a sample.
    """

    test: int
    file: str
    first_cycle: int
    last_cycle: int
    n_cycles: int
    current_mA: float
    c_rate_per_h: Measured | None
    c_rate_from: Literal["given", "sample"] | None
    temperature_K: float | None
    temperature_from: Literal["given", "file", "name", "sample"] | None
    capacity_mAh: float
    scatter_mAh: float | None
    capacity_mAh_per_g: Measured | None
    capacity_mAh_per_cm2: Measured | None
    over_first: float
    coulombic_efficiency: float | None
    mean_voltage_V: float
    polarization_V: float | None


class CyclingTrend(Record):
    """Change per cycle by Theil and Sen, with its 95 % interval, over `n_cycles` from `first_cycle` to `last_cycle`.

    The interval is widened for errors that go on from cycle to cycle, by sqrt((1 + r) / (1 - r)), r the correlation of
    neighbouring residuals.
    """

    quantity: str
    per_cycle: float
    interval_95: Interval
    n_cycles: int
    first_cycle: int
    last_cycle: int


class DifferentialCurve(Record):
    """dQ/dV of one half cycle: its peaks; the curve is in the file."""

    cycle: int
    half: Literal["charge", "discharge"]
    resolution_mV: float
    peaks_V: list[float]


class DiffusionRow(Record):
    """A pulse of a titration (GITT) or an interruption (ICI), from `row` on, counted from 0.

    `over_length2_per_s` is the diffusivity over the square of the diffusion length, the volume of a particle over its
    surface (a third of a sphere's radius), and the diffusivity is given where that length is. Its uncertainty is that
    of the scatter of the rows. Both are null where `problem` says which condition is not met.
    """

    method: Literal["GITT", "ICI"]
    half: Literal["charge", "discharge"]
    row: int
    charge_mAh: float
    voltage_V: float
    diffusivity_cm2_per_s: Measured | None
    over_length2_per_s: float | None
    resistance_ohm: float | None
    problem: str | None


class PulseRow(Record):
    """A pulse of current after a rest, from `row` on: its resistance by the time into it ("0.1 s", "10 s").

    `charge_share` is the charge in the cell: 0 at the lowest of the test, 1 at the highest.
    """

    half: Literal["charge", "discharge"]
    row: int
    current_mA: float
    duration_s: float
    charge_share: float
    rest_V: float
    resistance_ohm: dict[str, float]


def times_of(pulses: Sequence[PulseRow]) -> list[str]:
    """The times into a pulse for which any has a resistance, in order."""
    return sorted({time for row in pulses for time in row.resistance_ohm}, key=lambda time: float(time.split()[0]))


class CyclingRecord(StudyRecord):
    """The record of `cycling` of one file; `files` are tables beside it.

    `cell_kind` is null where a full cell and the half cell of a cathode cannot be told apart; `opens_with` is the half
    with which a cycle begins, and `cell_kind_from` what both are told from. The initial and the average efficiency are
    null where they would mean nothing; `efficiency_note` says why, and what was left out of the average.
    """

    rows_in: ClassVar[str] = "cycles"
    kind: Literal["cycling"] = "cycling"
    file: str
    file_sha256: str
    sample: str | None
    n_rows: int
    cell_kind: Kind | None = None
    opens_with: Opening
    cell_kind_from: str = "given"
    active_mass_mg: Measured | None
    area_cm2: Measured | None
    theoretical_capacity_mAh: Measured | None
    cycles: list[CycleRow]
    initial_coulombic_efficiency: float | None
    average_coulombic_efficiency: float | None
    average_over_cycles: int
    efficiency_note: str | None
    reference_cycle: int | None
    polarization_growth_mV_per_cycle: Measured | None
    trends: list[CyclingTrend]
    stages: list[CyclingStage]
    differential: list[DifferentialCurve]
    diffusion: list[DiffusionRow] = []
    pulses: list[PulseRow] = []
    fragments: list[CyclingFragment]
    faults: list[CyclingFault]
    contradictions: list[str]
    files: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, found: Any) -> Any:
        return of_today(found) if isinstance(found, dict) else found


_KINDS: Mapping[Kind | None, str] = {
    "full": "full cell", "cathode": "half cell of a cathode", "anode": "half cell of an anode",
    "symmetric": "symmetric cell", None: "full cell or half cell of a cathode",
}  # fmt: skip


def kind_in_words(record: CyclingRecord) -> str:
    """What the cell is, as far as it is told."""
    if record.cell_kind is None and not any(row.closing_over_opening for row in record.cycles):
        return "not told, nothing to pair"
    return _KINDS[record.cell_kind]


class GroupRow(Record):
    """A cycle of cells alike: means over the `n_cells` that have it, and standard deviations from cell to cell.

    The capacity is that of the half that ends a cycle. Spreads are null of one cell, efficiencies where none has one.
    """

    cycle: int
    n_cells: int
    capacity_mAh: float
    capacity_spread_mAh: float | None
    retention: float | None
    retention_spread: float | None
    coulombic_efficiency: float | None
    coulombic_efficiency_spread: float | None


class CyclingSeriesRecord(StudyRecord):
    """The record of `cycling` of several files of one cell, or of cells alike: capacity against rate and temperature.

    `cells` has a row a cycle where the tests are repeats of one: the mean over the cells, and their spread.
    `tests` are the directories, beside this record, of the records of the single files.
    """

    rows_in: ClassVar[str] = "stages"
    kind: Literal["cycling-series"] = "cycling-series"
    sample: str | None
    opens_with: Opening
    active_mass_mg: Measured | None
    area_cm2: Measured | None
    theoretical_capacity_mAh: Measured | None
    stages: list[CyclingStage]
    cells: list[GroupRow] = []
    tests: dict[str, str]
    contradictions: list[str]
    files: dict[str, str]

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, found: Any) -> Any:
        return of_today(found) if isinstance(found, dict) else found
