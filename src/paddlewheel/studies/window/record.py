"""The record of `window`: at which voltages a phase is stable, and what becomes of it beyond."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, PotentialRecord, Record
from paddlewheel.studies.hull.record import BesideMeasured, HullInput, LeftOut, PublishedHullValue


class WindowStep(Record):
    """What is stable from `voltage_V` up to `to_V` (null: without end), and the reaction of the phase to it.

    Voltages are against the metal of the ion; `voltage_V_vs_Na` is the same where that is Na, else null.
    `capacity_mAh_per_g` is of the phase and the ion's charge, positive where it gives off ions; `volume_change` is of
    the solids, without the metal of the ion, null where a volume is not known.
    """

    voltage_V: Measured
    voltage_V_vs_Na: Measured | None
    to_V: float | None
    reaction: str
    products: dict[str, float]
    ions_per_formula: float
    capacity_mAh_per_g: float
    volume_change: float | None


class WindowInterface(Record):
    """A reaction with another phase, per atom of both; without a reservoir, or at a voltage of the ion."""

    other: str
    voltage_V: float | None
    share: float
    energy_meV_per_atom: float
    reaction: str


class WindowRecord(PotentialRecord):
    """The record of `window` (kind `window`).

    Voltages are against the metal of the ion, which carries `charge_e`; those `_vs_Na` are the same where that is Na,
    else null. `reference_potential_V` is that of another electrode against it, and the limits against that one are the
    differences. A metastable phase is lowered onto the hull by
    `driving_force_meV_per_atom`; `strict_window` says whether it has a window without that.
    `energy_error_meV_per_atom` and `shared_error` are those of `hull`.
    """

    rows_in: ClassVar[str] = "steps"
    kind: Literal["window"] = "window"
    system: list[str]
    engine: str
    static: bool = False
    target: str
    formula: str
    ion: str
    charge_e: float = 1.0
    unchecked: list[str] = []
    temperature_K: float
    energy_error_meV_per_atom: float | None = None
    shared_error: float | None = None
    driving_force_meV_per_atom: Measured
    strict_window: bool
    reduction_limit_V: Measured
    oxidation_limit_V: Measured
    reduction_limit_V_vs_Na: Measured | None
    oxidation_limit_V_vs_Na: Measured | None
    reference: str | None = None
    reference_potential_V: float | None = None
    reduction_limit_V_vs_reference: Measured | None = None
    oxidation_limit_V_vs_reference: Measured | None = None
    steps: list[WindowStep]
    interfaces: list[WindowInterface] = []
    inputs: list[HullInput]
    left_out: list[LeftOut] = []
    beside_measured: list[BesideMeasured] = []
    beside_published: list[PublishedHullValue] = []
    files: dict[str, str] = {}
