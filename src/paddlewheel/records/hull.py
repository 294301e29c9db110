"""The records of `hull` and `window`: what is stable at which temperature, and at which voltage."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records.base import SCHEMA_VERSION, Citation, Measured, Provenance, Record


class HullPhase(Record):
    """One phase at one temperature.

    `e_above_others_meV_per_atom` is against what the other phases make of its composition: negative by how much it is
    stable, null for the only phase of an element. `decomposition` are shares of the atoms by the name of the phase, and
    `reaction` the same in formula units.
    """

    name: str
    formula: str
    e_above_hull_meV_per_atom: Measured
    e_above_others_meV_per_atom: Measured | None
    stable_probability: float
    decomposition: dict[str, float]
    reaction: str


class HullTemperature(Record):
    """The hull at one temperature; `tie_lines` are pairs of phases that coexist."""

    temperature_K: float
    phases: list[HullPhase]
    tie_lines: list[tuple[str, str]] = []


class HullCrossing(Record):
    """Where a phase comes onto the hull (`becomes_stable`) or leaves it.

    `probability` is the share of the samples of the energies' errors that cross within the temperatures given.
    """

    name: str
    temperature_K: Measured
    probability: float
    becomes_stable: bool


class HullInput(Record):
    """A phase that is on the hull's list: its energies and where they are from."""

    name: str
    formula: str
    state: Literal["solid", "gas"]
    temperatures_K: list[float]
    gibbs_eV_per_atom: list[Measured]
    volume_A3_per_atom: float | None
    origin: str
    note: str


class LeftOut(Record):
    """A phase that is not on the list, and why."""

    name: str
    reason: str


class EntropyBound(Record):
    """What the ideal entropy of mixing of a disordered phase would do: a bound, in no other number of the record."""

    name: str
    entropy_kB_per_atom: float
    source: str
    e_above_hull_meV_per_atom: list[Measured]
    crossing_K: float | None


class PublishedHullValue(Record):
    """A number of the paper beside ours."""

    quantity: str
    published: str
    ours: str
    source: str


class HullRecord(Record):
    """The record of `hull` (kind `hull`)."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["hull"] = "hull"
    system: list[str]
    engine: str
    target: str | None
    temperatures: list[HullTemperature]
    crossings: list[HullCrossing]
    entropy_bounds: list[EntropyBound] = []
    inputs: list[HullInput]
    left_out: list[LeftOut] = []
    beside_published: list[PublishedHullValue] = []
    files: dict[str, str] = {}
    warnings: list[str] = []
    citations: list[Citation] = []
    provenance: Provenance


class WindowStep(Record):
    """What is stable from `voltage_V` up to `to_V` (null: without end), and the reaction of the phase to it.

    Voltages are against the metal of the ion; `voltage_V_vs_Na` is the same where that is Na, else null.
    `capacity_mAh_per_g` is of the phase, positive where it gives off ions; `volume_change` is of the solids, without
    the metal of the ion, null where a volume is not known.
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


class WindowRecord(Record):
    """The record of `window` (kind `window`).

    Voltages are against the metal of the ion; those `_vs_Na` are the same where that is Na, else null.
    `reference_potential_V` is that of another electrode against it, and the
    limits against that one are the differences. A metastable phase is lowered onto the hull by
    `driving_force_meV_per_atom`; `strict_window` says whether it has a window without that.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["window"] = "window"
    system: list[str]
    engine: str
    target: str
    formula: str
    ion: str
    temperature_K: float
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
    beside_published: list[PublishedHullValue] = []
    files: dict[str, str] = {}
    warnings: list[str] = []
    citations: list[Citation] = []
    provenance: Provenance
