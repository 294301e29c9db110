"""The record of `dsc`: segments with their events, what undoes what, several rates, and the axis shared with others."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, Record, StudyRecord

CURVES, BASELINES, CAPACITIES = "curves.csv", "baselines.csv", "heat_capacities.csv"
CALIBRATION = "calibration.yaml"
"""Measured standards, where the runs are of such."""
AXIS_FRACTIONS, AXIS_ENERGIES = "axis_fractions.csv", "axis_free_energies.csv"
"""The tables beside the record: heat flow, baselines with tangents, heat capacities; fractions of XRD and free energies
on the axis."""


class DscBaseline(Record):
    """One baseline of an event: what it gives in the unit of the event's area, and how far the flanks believe it."""

    kind: str
    area: Measured
    weight: float


class DscPart(Record):
    """A part of overlapping events by drop lines at the minima between their tops, which is a convention.

    `area` is in the unit of the enthalpy that the event has: J/g, else mJ, else uV s.
    """

    start_C: float
    top_C: float
    end_C: float
    area: Measured
    unit: Literal["J/g", "mJ", "uV s"]


class DscEvent(Record):
    """One event. Of a glass step `onset_C`, `midpoint_C`, `peak_C` (inflection) and `offset_C` are Tg by ASTM E1356.

    Enthalpies are positive where heat flows in. `enthalpy_mJ` is of the whole sample, `area_uV_s` where the
    sensitivity is unknown. `disagreement` is between areas by the baselines and windows that the data allow, over the
    area. `refused` says why there is no area; of one that was cut, or lacks points, `kind` is unnamed and `thermal`
    unknown. In a hold there are times (`onset_s`, `peak_s`) and no temperatures of onset and peak.
    """

    kind: str
    because: str
    thermal: Literal["endothermic", "exothermic", "step", "unknown"]
    onset_C: Measured | None
    peak_C: Measured | None
    offset_C: Measured | None
    midpoint_C: Measured | None = None
    start_C: float
    end_C: float
    onset_s: float | None = None
    peak_s: float | None = None
    enthalpy_J_per_g: Measured | None = None
    enthalpy_mJ: Measured | None = None
    area_uV_s: Measured | None = None
    heat_capacity_step_J_per_g_K: Measured | None = None
    step: Measured | None = None
    height: float | None = None
    half_width_K: float | None = None
    half_width_s: float | None = None
    leading_half_width_K: float | None = None
    trailing_half_width_K: float | None = None
    overlaps_at_C: list[float] = []
    parts: list[DscPart] = []
    overshoot: float | None = None
    baselines: list[DscBaseline] = []
    disagreement: float | None = None
    refused: str | None = None


class DscSegment(Record):
    """One piece of a run's programme; the rate is negative on cooling. `window_C` is what of it was looked at."""

    run: str
    direction: Literal["heating", "isothermal", "cooling"]
    rate_K_per_min: Measured
    start_C: float
    end_C: float
    start_s: float
    end_s: float
    window_C: tuple[float, float] | None = None
    events: list[DscEvent] = []


class DscRun(Record):
    """One run: `signal_unit` is of its curve; `mass_mg` null where neither file nor option says it."""

    name: str
    source: str
    instrument: str | None
    mass_mg: float | None
    signal_unit: Literal["mW", "uV"]
    calibrated: bool


class DscPair(Record):
    """A transition on heating and what undoes it on cooling; places are those of `segments` and of its events."""

    kind: str
    heating: tuple[int, int]
    cooling: tuple[int, int]
    hysteresis_K: Measured | None
    cooling_over_heating: Measured | None
    differ: bool


class DscBarrier(Record):
    """An activation energy by one method; `conversion` of Friedman's. `without_sense` says why it is none."""

    method: str
    energy_kJ_per_mol: Measured
    ln_prefactor_per_s: Measured | None = None
    reduced_chi2: float | None = None
    conversion: float | None = None
    without_sense: str | None = None


class DscZeroRate(Record):
    """A temperature extrapolated to no rate; `lag_K` is at 1 K/min, `form` how it grows with the rate."""

    what: Literal["onset", "peak"]
    temperature_C: Measured
    form: str
    lag_K: Measured
    reduced_chi2: float | None = None


class DscRates(Record):
    """One event at several rates; `events` are places in `segments` and of its events."""

    kind: str
    direction: Literal["heating", "cooling"]
    rates_K_per_min: list[float]
    onsets_C: list[Measured | None]
    peaks_C: list[Measured | None]
    enthalpies_J_per_g: list[Measured | None] = []
    events: list[tuple[int, int]]
    zero_rate: list[DscZeroRate] = []
    barriers: list[DscBarrier] = []


class DscHeatStep(Record):
    """A ramp between two holds: the mean heat capacity over it by areas, and how far the run is from the empty one.

    `refused` says why there is none.
    """

    start_C: float
    end_C: float
    rate_K_per_min: float
    mean_J_per_g_K: Measured | None
    offsets_mW: tuple[float, float]
    signal_mW: float
    refused: str | None = None


class DscHeatCapacity(Record):
    """The heat capacity of a run by three runs; against temperature it is in `heat_capacities.csv`, by the run's place.

    `doubts` are what speaks against it.
    """

    run: str
    sapphire_mass_mg: float
    steps: list[DscHeatStep]
    doubts: list[str] = []


class SharedEvent(Record):
    """An event seen by calorimetry and by diffraction; both temperatures are onsets.

    `shift_K` is by how much the event comes later at the calorimeter's rate than at that of diffraction, by the rates
    alone (`shift_from` says how it is known), `dsc_at_xrd_rate_C` the calorimeter's temperature without it, by which
    the axis is fitted; `residual_K` is what the axis leaves. Null where the shift is not known: then `shift_bounds_K`
    has what usual barriers would give, and the axis holds it.
    """

    name: str
    phases: list[str]
    direction: Literal["heating", "cooling"]
    dsc_C: Measured
    xrd_set_C: Measured
    dsc_rate_K_per_min: float
    xrd_rate_K_per_min: float | None
    shift_K: Measured | None
    shift_bounds_K: tuple[float, float] | None = None
    shift_from: str
    dsc_at_xrd_rate_C: Measured
    residual_K: float | None = None


class AxisCrossing(Record):
    """Where free energies cross, by a `hull` record; `event` and `away_K` are the nearest shared or measured onset on
    heating and how far it lies above."""

    name: str
    temperature_C: Measured
    becomes_stable: bool
    event: str | None = None
    away_K: Measured | None = None


class SharedAxis(Record):
    """T_sample = a + b T_set, C: from the temperatures that XRD was set to, to those of the calorimeter.

    `slope` is null where one event, or events close together, give an offset alone (b = 1); `offset_K` where no event
    was seen by both: then fractions stand at the temperatures that were set.
    """

    offset_K: Measured | None
    slope: Measured | None
    events: list[SharedEvent]
    crossings: list[AxisCrossing] = []
    records: list[str]
    notes: list[str] = []


class DscRecord(StudyRecord):
    """The record of `dsc`."""

    rows_in: ClassVar[str] = "rows"
    kind: Literal["dsc"] = "dsc"
    runs: list[DscRun]
    segments: list[DscSegment]
    pairs: list[DscPair] = []
    rates: list[DscRates] = []
    heat_capacities: list[DscHeatCapacity] = []
    axis: SharedAxis | None = None
    notes: list[str] = []
    files: dict[str, str]

    @property
    def rows(self) -> list[DscRow]:
        """Every event with its run and ramp."""
        return [
            DscRow(run=segment.run, direction=segment.direction, rate_K_per_min=segment.rate_K_per_min.value,
                   **{name: getattr(event, name) for name in DscEvent.model_fields})
            for segment in self.segments
            for event in segment.events
        ]  # fmt: skip


class DscRow(DscEvent):
    """An event with its run and ramp: a row of the record as a table."""

    run: str
    direction: str
    rate_K_per_min: float
