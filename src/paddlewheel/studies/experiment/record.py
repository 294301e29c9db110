"""The record of `validate --experiment`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Interval, Measured, Record, StudyRecord
from paddlewheel.studies.experiment.conductors import MeasuredPart

RowStatus = Literal["predicted", "bounded", "no-result", "no-start"]


class ExperimentRow(Record):
    """One conductor by one potential, S/cm at `temperature_K`, that of the measurement.

    `measured_S_per_cm` is what an experiment could have seen at least where `measured_is_bound`. `predicted` holds the
    statistical intervals of its runs, `predicted_upper_bound_95_S_per_cm` stands where they saw too little diffusion
    for a line (`status` ``bounded``). ``no-result``: the runs told nothing, ``no-start``: there was no cell, or the
    potential does not know it; `reason` says why. `left_out` are temperatures that gave no value, with the reason.
    `model_factor` is how far another potential is from it at this temperature (1 or more; `model_how` and `model_by`:
    by which and from what, `model_is_resolved`: whether the difference is beyond the errors), `interval_68_with_model`
    and `interval_95_with_model` hold both. `record` is that of `conduct`, beside this one.
    """

    id: str
    formula: str
    family: str
    doi: str
    potential: str
    temperature_K: float
    measured_S_per_cm: float
    measured_is_bound: bool
    measured_part: MeasuredPart
    status: RowStatus
    reason: str | None = None
    predicted: Measured | None = None
    predicted_upper_bound_95_S_per_cm: float | None = None
    activation_energy_eV: Measured | None = None
    model_factor: float | None = None
    model_by: str | None = None
    model_how: Literal["runs of its own", "reweighted"] | None = None
    model_is_resolved: bool | None = None
    interval_68_with_model: Interval | None = None
    interval_95_with_model: Interval | None = None
    force_difference: float | None = None
    cell: str | None = None
    n_atoms: int | None = None
    temperatures_used_K: list[float] = []
    left_out: list[str] = []
    notes: list[str] = []
    core_hours: float = 0.0
    record: str | None = None


class MeasuredShare(Record):
    """Rows of which something holds, does not, or is left open by a bound; the share among those that are decided."""

    n_yes: int
    n_no: int
    n_open: int
    share: float | None
    share_95: Interval | None


class Ranking(Record):
    """How one potential does on all conductors, or on those of a family (null: all).

    `spearman` is of values and bounds (scores of Gehan, pairs that a bound leaves open count for nothing), with the
    interval of resampled rows. `within_10` is of those that have a prediction; `within_10_of_all` counts conductors
    without one, or with a bound that leaves it open, as not within. `covered_68` and `covered_95` are of the
    statistical intervals, `covered_95_with_model` of the rows that another potential was asked about; `bounds_hold`
    are upper bounds of predictions that lie above the measurement. `log10_ratio` is the median of
    log10(predicted / measured) over the rows with both values, and `log10_scatter` half of the width that holds the
    middle 68 %.
    """

    potential: str
    family: str | None
    n_conductors: int
    n_predicted: int
    n_bounded: int
    n_without: int
    spearman: float | None = None
    spearman_95: Interval | None = None
    n_ranked: int
    within_10: MeasuredShare
    within_10_of_all: float
    covered_68: MeasuredShare
    covered_95: MeasuredShare
    covered_95_with_model: MeasuredShare | None = None
    bounds_hold: MeasuredShare | None = None
    log10_ratio: float | None = None
    log10_scatter: float | None = None


class LeftOut(Record):
    """A conductor of the table that is not among those drawn from, and why."""

    id: str
    formula: str
    reason: str


class ExperimentRecord(StudyRecord):
    """The record of `validate --experiment`.

    `n_in_table` are all rows of the table, `n_with_structure` those with a file of the crystal, `n_drawn_from` those
    of them that pass the checks; `left_out` are the others. `core_hours` is the time of all runs.
    """

    rows_in: ClassVar[str] = "rows"
    kind: Literal["experiment"] = "experiment"
    table: str
    potentials: list[str]
    n_in_table: int
    n_with_structure: int
    n_drawn_from: int
    n_conductors: int
    rows: list[ExperimentRow]
    rankings: list[Ranking]
    left_out: list[LeftOut]
    core_hours: float
