"""The record of `conduct` and `analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import model_validator

from paddlewheel.records import HealthCheck, Interval, Measured, PotentialRecord, Record, read_record
from paddlewheel.records.arrhenius import ArrheniusResult, TemperatureStatus
from paddlewheel.studies.conduct.second_opinion.record import ModelSpread, SecondOpinion
from paddlewheel.studies.motion.record import EquilibriumCheck


class Extrapolation(Record):
    """How far the runs at one temperature left the domain of the potential's training set (grade over 1: outside).

    `fraction_of_steps` is over `threshold`; `files` hold the kept frames, extended XYZ in the run directory.
    `fraction_of_hops` is the share of the `n_hops` of ions during which the grade is over it (0.1 ps before to 0.1 ps
    after), `fraction_of_hops_by_chance` what it would be if hops and grades had nothing to do with each other; null
    where there is no hop, or the grades of the frames are not known.
    `n_frames_outside` of the `n_frames` kept in the production are those with a grade over 1 in a step since the frame
    before; null where the grades of the frames are not known, and in records of before.
    """

    threshold: float
    max_grade: float
    fraction_of_steps: float
    n_kept_frames: int
    files: list[str] = []
    n_hops: int | None = None
    fraction_of_hops: float | None = None
    fraction_of_hops_by_chance: float | None = None
    n_frames: int | None = None
    n_frames_outside: int | None = None


class Conditions(Record):
    """What the runs at one temperature were held at.

    `ensemble` is null where the files do not tell it, `pressure_asked_GPa` where there is no barostat, and
    `mean_pressure_GPa` (over the production, with the error of its blocks) where no thermodynamics are known.
    """

    ensemble: Literal["npt", "nvt", "nve", "langevin"] | None = None
    pressure_asked_GPa: float | None = None
    mean_pressure_GPa: Measured | None = None
    volume_is_fixed: bool


class Equilibration(Record):
    """Where the runs at one temperature had settled, by the data, for all replicas together.

    `before_ps` is what the setting left out before the production (null where nobody knows), `t0_ps` where the data
    say that it begins, from the start of the production, and `fraction_discarded` that of it. `by` are the quantities
    that changed there (empty: none did, of those in `tested`), `probability` the chance of it in a run without one.
    `lasts` is a quantity that changes, or may change, beyond what is left out; `needs_ps` the length of runs in
    which that would be over, where it can be told.
    """

    before_ps: float | None = None
    t0_ps: float = 0.0
    fraction_discarded: float = 0.0
    by: list[str] = []
    probability: float | None = None
    tested: list[str] = []
    lasts: str | None = None
    lasts_probability: float | None = None
    needs_ps: float | None = None


class TemperatureResult(Record):
    """Transport at one temperature, over all replicas.

    `temperature_ran_K` is the mean of runs without a thermostat (NVE), which conductivity and fit take in place of
    `temperature_K`, that asked for. `kinetic_temperature_K` is that of the speeds of the atoms of trajectories made
    elsewhere; where their frames are too far apart to tell, it is null, and `unchecked` names what nobody could check.
    `equilibrium` says whether several runs are in one state, so far as they tell.
    `left_out_ps` is the beginning of each production that the analysis left out, because the pace of the ions, the
    energy or the volume changed there; `equilibration` says by what (null in records of before).
    `production_ps` is the mean of runs of different lengths.
    `hop_distance_A` is that of a hop, under whose square an MSD is no diffusion, and `hop_distance_from` says where it
    comes from (null in records of before, which took 2 A).
    `unseen_memory_ln` is the mean of ln(D / truth) that hops back beyond the longest lag of the fit may make, by the
    hops that an ion makes in it: the intervals of D and of the tracer's conductivity reach down by it.
    `conductivity_mS_per_cm` is that of the tracer, by Nernst-Einstein; the collective one has an upper bound where its
    error is too large for a value.
    """

    temperature_K: float
    status: TemperatureStatus
    reason: str | None = None
    n_replicas: int = 1
    production_ps: float
    left_out_ps: float | None = None
    equilibration: Equilibration | None = None
    n_ions: int
    mean_temperature_K: float | None = None
    temperature_ran_K: float | None = None
    kinetic_temperature_K: Measured | None = None
    unchecked: list[str] = []
    equilibrium: list[EquilibriumCheck] = []
    density_g_per_cm3: float
    mean_volume_A3: float
    conditions: Conditions | None = None
    diffusivity_cm2_per_s: Measured | None = None
    diffusivity_95_cm2_per_s: Interval | None = None
    diffusivity_upper_bound_95_cm2_per_s: float | None = None
    diffusivity_xyz_cm2_per_s: tuple[Measured, Measured, Measured] | None = None
    conductivity_mS_per_cm: Measured | None = None
    conductivity_95_mS_per_cm: Interval | None = None
    conductivity_upper_bound_95_mS_per_cm: float | None = None
    conductivity_collective_mS_per_cm: Measured | None = None
    conductivity_collective_upper_bound_95_mS_per_cm: float | None = None
    haven_ratio: Measured | None = None
    haven_ratio_95: Interval | None = None
    active_fraction: float | None = None
    active_window_ps: float | None = None
    active_threshold_A2: float | None = None
    unseen_memory_ln: float | None = None
    loglog_slope: Measured | None = None
    fit_onset_ps: float | None = None
    fit_last_lag_ps: float | None = None
    msd_intercept_A2: float | None = None
    msd_final_A2: float | None = None
    hop_distance_A: float | None = None
    hop_distance_from: str | None = None
    extrapolation: Extrapolation | None = None
    health: list[HealthCheck] = []
    warnings: list[str] = []
    msd_file: str | None = None
    thermo_files: list[str] = []

    @property
    def at_K(self) -> float:
        """The temperature at which it was measured."""
        return self.temperature_ran_K or self.temperature_K


class CollectiveAtRoom(Record):
    """Conductivity at 300 K of all ions together.

    `how`: the Arrhenius line of the collective conductivities at `temperatures_K`, or the line of the tracer over the
    Haven ratio of those temperatures, which is then taken for that at 300 K.
    """

    how: Literal["own line", "Haven ratio"]
    conductivity_300K_mS_per_cm: Measured
    conductivity_300K_95_mS_per_cm: Interval
    temperatures_K: list[float]


class CollectiveResult(Record):
    """What is known of the motion of all ions together: the Haven ratio over all temperatures that have one, and the
    conductivity at 300 K, the preferred one first; both empty where these runs do not tell."""

    haven_ratio: Measured | None = None
    haven_ratio_95: Interval | None = None
    haven_temperatures_K: list[float] = []
    at_300K: list[CollectiveAtRoom] = []


_Row = tuple[int, int, int]


class SmallerCell(Record):
    """A smaller cell that nearly keeps the rule: `short` is the share of 10 A that its shortest parameter lacks."""

    repeats: tuple[int, int, int]
    n_atoms: int
    short: float


class CellSize(Record):
    """The simulated cell: number of its atoms, and the lengths of its vectors at the start.

    `repeats` of the cell that was given are along a, b and c, or the rows of a matrix of integers, whose product with
    its vectors are the supercell's; null in records of before and of trajectories made elsewhere.
    `narrowest_width_A` is between the nearest opposite faces, in the basis in which they are farthest apart.
    `alternatives` are smaller cells that nearly keep the rule of 10 A, where it chose the cell.
    """

    n_atoms: int
    lengths_A: tuple[float, float, float]
    repeats: _Row | tuple[_Row, _Row, _Row] | None = None
    narrowest_width_A: float | None = None
    alternatives: list[SmallerCell] = []


class SizeValue(Record):
    """Diffusivity in one size of cell, such as `2x2x2`; null values come with the reason."""

    size: str
    n_atoms: int
    status: TemperatureStatus
    reason: str | None = None
    diffusivity_cm2_per_s: Measured | None = None


class SizesAtTemperature(Record):
    """Diffusivities at one temperature side by side, smallest cell first.

    `pooled_cm2_per_s` is their weighted mean, `extrapolated_cm2_per_s` that of an infinite cell by the line of ln D in
    1/N, `probability` the chance of a larger difference if all had one D: null unless two sizes have a diffusivity.
    """

    temperature_K: float
    cells: list[SizeValue]
    pooled_cm2_per_s: Measured | None = None
    extrapolated_cm2_per_s: Measured | None = None
    chi2_per_dof: float | None = None
    probability: float | None = None


class SizeResult(Record):
    """How D depends on the size of the cell: `ln D = a(T) + slope_atoms / N`, from all temperatures together.

    `trend` says whether the 95 % interval of the slope leaves zero out; then `arrhenius` is that of the extrapolated
    diffusivities. Null values where no temperature has a diffusivity in two sizes. `records` are those of the smaller
    cells, beside this one.
    """

    temperatures: list[SizesAtTemperature]
    slope_atoms: Measured | None = None
    slope_95_atoms: Interval | None = None
    trend: bool | None = None
    arrhenius: ArrheniusResult | None = None
    records: dict[str, str] = {}


class OrderingAtTemperature(Record):
    """What the runs of one ordered cell alone give at one temperature; null values come with the reason."""

    temperature_K: float
    n_replicas: int
    status: TemperatureStatus
    reason: str | None = None
    conductivity_mS_per_cm: Measured | None = None


class OrderingValue(Record):
    """One ordered cell of a disordered crystal, its energy above that of the lowest one, and its own runs."""

    ordering: int
    formula: str
    above_lowest_meV_per_atom: float
    temperatures: list[OrderingAtTemperature]


class OrderingResult(Record):
    """The ordered cells of a disordered crystal side by side.

    `spread_factor` is e to the standard deviation of `ln D` between orderings beyond the errors of their runs (1: none
    is seen), over `temperatures_compared_K`, where two orderings or more have a diffusivity; `probability` the chance
    of a larger scatter if all had one D. Null values where no temperature has two. The intervals of the record hold
    the differences between replicas, which are of different orderings.
    """

    cells: list[OrderingValue]
    spread_factor: float | None = None
    temperatures_compared_K: list[float] = []
    chi2_per_dof: float | None = None
    probability: float | None = None


class DecidedRun(Record):
    """A run that a decision added, by its name in the run directory."""

    name: str
    temperature_K: float
    production_ps: float


class KnownAtDecision(Record):
    """What was known at one temperature: `production_ps` is of all its runs together."""

    temperature_K: float
    status: TemperatureStatus
    n_replicas: int
    production_ps: float
    conductivity_mS_per_cm: Measured | None = None


class Decision(Record):
    """Where a round of runs went, and why.

    `factor` is the half-width of the 95 % interval of sigma at 300 K before it (upper end over value; null without a
    fit), `predicted_factor` what the runs were predicted to leave, `spent_s` the time of the clock before it, and
    `cost_s` the time that they were predicted to take.
    """

    round: int
    spent_s: float
    known: list[KnownAtDecision]
    factor: float | None
    predicted_factor: float
    runs: list[DecidedRun]
    cost_s: float


class AdaptiveRuns(Record):
    """Runs that were added until the goal or the budget was reached; `reason` says which, null while it goes on."""

    until: float | None
    budget_s: float
    n_cores: int
    spent_s: float
    factor: float | None
    decisions: list[Decision]
    reason: str | None = None


class PublishedComparison(Record):
    """A published number beside ours; `ours` is null, and `note` says why, where this run gives none."""

    quantity: Literal["conductivity_mS_per_cm", "activation_energy_eV"]
    temperature_K: float | None = None
    published: float
    how: str
    doi: str
    ours: float | None = None
    ours_95: Interval | None = None
    note: str


class ConductivityRecord(PotentialRecord):
    """The record of `conduct` and `analyze`.

    `unchecked` names what nobody could check: temperature and frame interval where the frames of a trajectory made
    elsewhere do not tell, the charge where it is no oxidation state in which the element is known. `arrhenius` is of
    the tracer (Nernst-Einstein), `collective` of all ions together; `cell` is null in records of before.
    Where several sizes of cell were simulated all but `sizes` is of the largest. `orderings` is of a crystal with
    partly occupied sites that was simulated in several ordered cells.
    `second_opinions` are what other potentials say of the runs, where they were asked, and `model_spread` how far the
    potentials differ in transport, null where nothing tells it.
    """

    rows_in: ClassVar[str] = "temperatures"
    kind: Literal["conductivity"] = "conductivity"
    specie: str
    charge_e: float
    unchecked: list[str] = []
    potential: str | None
    structure: str
    formula: str
    temperatures: list[TemperatureResult]
    arrhenius: ArrheniusResult | None
    collective: CollectiveResult | None = None
    cell: CellSize | None = None
    sizes: SizeResult | None = None
    orderings: OrderingResult | None = None
    adaptive: AdaptiveRuns | None = None
    published: list[PublishedComparison] = []
    second_opinions: list[SecondOpinion] = []
    model_spread: ModelSpread | None = None

    @model_validator(mode="after")
    def _sorted(self) -> ConductivityRecord:
        self.temperatures.sort(key=lambda row: row.temperature_K)
        return self


def read_conductivity_record(path: Path) -> ConductivityRecord:
    """Read a `conductivity` record.

    Raises
    ------
    InputError
        If the file is no such record.
    """
    return read_record(path, ConductivityRecord, made_by="conduct or analyze")
