"""The records of `hull` and `window`: what is stable at which temperature, and at which voltage."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, PotentialRecord, Record

ABOVE_HULL = "above_hull.csv"
"""The table beside the record: energies of every phase over the grid of temperatures."""


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
    """What the ideal entropy of mixing of a disordered phase would do: a bound, in no other number of the record.

    `e_above_hull_meV_per_atom` (a row a temperature of the record) and `crossing_K` are of this phase's entropy alone,
    `e_above_hull_all_granted_meV_per_atom` with that of all disordered phases, its competitors among them.
    """

    name: str
    entropy_kB_per_atom: float
    source: str
    e_above_hull_meV_per_atom: list[Measured]
    e_above_hull_all_granted_meV_per_atom: list[Measured] = []
    crossing_K: float | None


class PublishedHullValue(Record):
    """A number of the paper beside ours."""

    quantity: str
    published: str
    ours: str
    source: str


class BesideMeasured(Record):
    """An enthalpy of formation computed here beside the measured one, kJ a mole of formula units at 298.15 K.

    Those of anchors (`is_anchor`), from which the energy of a gas is counted, agree by that, or by how far several are
    apart.
    """

    name: str
    formula: str
    measured_kJ_per_mol: float
    computed_kJ_per_mol: float
    difference_meV_per_atom: float
    is_anchor: bool
    source: str


class HullRow(HullPhase):
    """A phase with the temperature of its hull: a row of the record as a table."""

    temperature_K: float


class HullRecord(PotentialRecord):
    """The record of `hull` (kind `hull`).

    `energy_error_meV_per_atom` is the standard error of the potential or functional that is in every interval, and
    `shared_error` the share of its variance that phases of the same elements have in common; null where it is unknown.
    The stds of `inputs` are without it.
    """

    rows_in: ClassVar[str] = "phases"
    kind: Literal["hull"] = "hull"
    system: list[str]
    engine: str
    static: bool = False
    target: str | None
    temperatures: list[HullTemperature]
    energy_error_meV_per_atom: float | None = None
    shared_error: float | None = None
    crossings: list[HullCrossing]
    entropy_bounds: list[EntropyBound] = []
    inputs: list[HullInput]
    left_out: list[LeftOut] = []
    beside_measured: list[BesideMeasured] = []
    beside_published: list[PublishedHullValue] = []
    files: dict[str, str] = {}

    @property
    def phases(self) -> list[HullRow]:
        """Every phase at every temperature."""
        return [
            HullRow(temperature_K=hull.temperature_K, **dict(phase))
            for hull in self.temperatures
            for phase in hull.phases
        ]
