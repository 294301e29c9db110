"""The record of `cell`: the design of a stack, with what each number rests on."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, Record, StudyRecord


class CellAssumption(Record):
    """One input; `low` and `high` are what it is swept between, null where its source gives it for this very cell or
    `std` holds its uncertainty. `given_by` begins with "assumed" where no source gives it; "user" is the own file."""

    name: str
    value: float
    std: float
    low: float | None
    high: float | None
    given_by: str
    note: str


class CellRow(Record):
    """One loading with one anode; masses and thicknesses are of one layer, mg/cm2 and um, the anode's when charged."""

    loading_mg_per_cm2: float
    anode: str
    layers: float
    capacity_mAh_per_cm2: float
    masses_mg_per_cm2: dict[str, float]
    thicknesses_um: dict[str, float]
    cell_mass_mg_per_cm2: float
    cell_thickness_um: float
    cell_voltage_V: float
    energy_density_Wh_per_kg: float
    energy_density_Wh_per_L: float


class CellSweep(Record):
    """Energy density of the cell `loading_mg_per_cm2` with `anode` at both ends of an input."""

    name: str
    loading_mg_per_cm2: float
    anode: str
    low: float
    high: float
    energy_density_at_low_Wh_per_kg: float
    energy_density_at_high_Wh_per_kg: float
    energy_density_at_low_Wh_per_L: float
    energy_density_at_high_Wh_per_L: float


class CellResistanceSweep(Record):
    """Ionic resistance of one layer, separator and composite, at both ends of an input."""

    name: str
    loading_mg_per_cm2: float
    temperature_K: float
    low: float
    high: float
    resistance_at_low_ohm_cm2: float
    resistance_at_high_ohm_cm2: float


class CellResistance(Record):
    """Ionic resistances of one layer; `polarization_V` by C-rate per hour."""

    loading_mg_per_cm2: float
    temperature_K: float
    separator_ohm_cm2: float
    composite_ohm_cm2: float
    polarization_V: dict[str, float]


class ThicknessFit(Record):
    """The line of thickness against composite mass per area."""

    density_g_per_cm3: Measured
    offset_um: Measured
    chi2: float
    degrees_of_freedom: int
    density_ideal_g_per_cm3: Measured | None


class CellRecord(StudyRecord):
    """The record of `cell`; the lists of the first fields follow `loadings_mg_per_cm2`, dictionaries are by anode."""

    rows_in: ClassVar[str] = "cells"
    kind: Literal["cell"] = "cell"
    name: str
    loadings_mg_per_cm2: list[float]
    layers: list[float]
    composite_mg: list[float]
    thickness_um: list[Measured]
    porosity: list[Measured | None]
    energy_density_Wh_per_kg: dict[str, list[float]]
    energy_density_Wh_per_L: dict[str, list[float]]
    cells: list[CellRow]
    resistances: list[CellResistance]
    sweeps: list[CellSweep]
    resistance_sweeps: list[CellResistanceSweep]
    thickness_line: ThicknessFit
    assumptions: list[CellAssumption]
    contradictions: list[str]
