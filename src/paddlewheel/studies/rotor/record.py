"""The record of `rotor`: transport against the mass of the anions."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Interval, Measured, PotentialRecord, Record
from paddlewheel.records.arrhenius import ArrheniusResult, TemperatureStatus
from paddlewheel.studies.conduct.record import CellSize, CollectiveAtRoom, CollectiveResult, Conditions
from paddlewheel.studies.motion.record import EquilibriumCheck

PointStatus = Literal["ok", "no-fit", "broken"]
TrendQuantity = Literal[
    "conductivity_300K", "conductivity_simulated", "activation_energy", "active_fraction", "rotation"
]
TrendVerdict = Literal["falls", "rises", "no change within errors"]


class AnionRotation(Record):
    """How fast the anions of one formula turn, over all of them and all frames; the error is from their spread, and
    null values are those of a single anion, which has none.

    Attributes
    ----------
    rms_angular_velocity_rad_per_ps
        Root mean square of the angle turned between frames, over their time.
    chord_speed_per_ps
        The paper's equation 5 (mean chord of the atoms over the radius, per frame) per unit time.
    rotational_temperature_K
        What equipartition fixes: the temperature of the rotation with the inertia of the scaled masses.
    """

    anion: str
    n_anions: int
    rms_angular_velocity_rad_per_ps: Measured | None
    chord_speed_per_ps: Measured | None
    rotational_temperature_K: Measured | None


class RotorTemperature(Record):
    """One run of the grid at one temperature. The density is that of the natural masses.

    `temperature_ran_K` is the mean of runs without a thermostat (NVE), which conductivity, rotation and fit take in
    place of `temperature_K`.
    """

    temperature_K: float
    temperature_ran_K: float | None = None
    status: TemperatureStatus
    reason: str | None = None
    diffusivity_cm2_per_s: Measured | None = None
    conductivity_mS_per_cm: Measured | None = None
    conductivity_95_mS_per_cm: Interval | None = None
    conductivity_upper_bound_95_mS_per_cm: float | None = None
    conductivity_collective_mS_per_cm: Measured | None = None
    conductivity_collective_upper_bound_95_mS_per_cm: float | None = None
    density_g_per_cm3: Measured | None = None
    conditions: Conditions | None = None
    potential_energy_eV_per_atom: Measured | None = None
    active_fraction: Measured | None = None
    active_window_ps: float | None = None
    rotation: list[AnionRotation] = []


class RotorRun(Record):
    """One choice of masses, simulated once however many points share it.

    `scale` holds the factor of each anion that differs from 1; `record` is its conductivity record, beside this one.
    """

    name: str
    scale: dict[str, float]
    temperatures: list[RotorTemperature]
    arrhenius: ArrheniusResult | None
    collective: CollectiveResult | None = None
    cell: CellSize | None = None
    record: str


class RotorPoint(Record):
    """One point of the curves: the anions `anion` (`all` of them, or several joined by "+") with their mass times
    `mass_factor`, null where several have different factors (see `scale` of the run).

    The conductivity is that of the tracer, by Nernst-Einstein; `collective_300K` is the preferred one of all ions
    together. `active_fraction` and `rotation_rad_per_ps` are at the reference temperature; the latter is the root mean
    square angular velocity of the anions scaled, its mean over them where there are several types. Null values: see
    `status` and `reason`.
    """

    anion: str
    mass_factor: float | None
    run: str
    status: PointStatus
    reason: str | None = None
    activation_energy_eV: Measured | None = None
    activation_energy_95_eV: Interval | None = None
    conductivity_300K_mS_per_cm: Measured | None = None
    conductivity_300K_95_mS_per_cm: Interval | None = None
    collective_300K: CollectiveAtRoom | None = None
    active_fraction: Measured | None = None
    rotation_rad_per_ps: Measured | None = None


class RotorTrend(Record):
    """Slope of a quantity against ln(mass factor) of one anion: of ln sigma, ln omega, Ea (eV) or the fraction.

    `conductivity_simulated` is the slope common to all simulated temperatures, which needs no extrapolation to 300 K.
    """

    anion: str
    quantity: TrendQuantity
    n_points: int
    slope: Measured
    interval_95: Interval
    verdict: TrendVerdict
    expected_slope: float | None = None
    paper: str | None = None
    beside_paper: str | None = None


class RotorComparison(Record):
    """Slope of one anion minus slope of another, the point that both share accounted for."""

    first: str
    second: str
    quantity: TrendQuantity
    difference: Measured
    interval_95: Interval
    verdict: str
    paper: str | None = None
    beside_paper: str | None = None


class RotorRecord(PotentialRecord):
    """The record of `rotor`; `unchecked` as in that of `conduct`.

    Masses cannot move equilibrium averages: `equilibrium` says how well they agree over all choices of masses.
    """

    rows_in: ClassVar[str] = "points"
    kind: Literal["rotor"] = "rotor"
    specie: str
    charge_e: float
    unchecked: list[str] = []
    potential: str | None
    structure: str
    formula: str
    anions: dict[str, int]
    temperatures_K: list[float]
    reference_temperature_K: float
    active_window_ps: float
    active_threshold_A2: float
    active_is_paper_definition: bool
    points: list[RotorPoint]
    runs: list[RotorRun]
    trends: list[RotorTrend]
    comparisons: list[RotorComparison] = []
    equilibrium: list[EquilibriumCheck] = []
    files: dict[str, str] = {}
