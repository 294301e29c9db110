"""What the record of `conduct` holds of second opinions."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records import Interval, Measured, Record
from paddlewheel.records.arrhenius import ArrheniusResult, TemperatureStatus


class ForceDifference(Record):
    """Forces of the other potential less those of the first, on one element (null: all), by component.

    `rms_force_eV_per_A` is of the first potential, `fraction_of_rms` the rmse over it.
    """

    element: str | None
    n_components: int
    rms_force_eV_per_A: float
    rmse_eV_per_A: float
    fraction_of_rms: float


class OpinionAtTemperature(Record):
    """Labels of one temperature's frames.

    `energy_shift_meV_per_atom` is the mean of the energy with the other potential less that with the first: a
    difference of references. `energy_spread_meV_per_atom` is the standard deviation of the same, and
    `energy_spread_kT` that of the whole cell, which decides the weights: of normal differences exp(-spread^2) of the
    frames are left. `decorrelation_ps` is the statistical inefficiency of the potential energy, `spacing_ps` that of
    the frames. `effective_sample_size` is Kish's, of the frames. `diffusivity_ratio_reweighted` is D of the same paths
    in the ensemble of the other potential over D as they ran, or null with `reweighting_refused`.
    """

    temperature_K: float
    n_frames: int
    spacing_ps: float
    decorrelation_ps: float
    energy_shift_meV_per_atom: float
    energy_spread_meV_per_atom: float
    energy_spread_kT: float
    forces: list[ForceDifference]
    stress_rmse_GPa: float | None = None
    effective_sample_size: float
    diffusivity_ratio_reweighted: Measured | None = None
    reweighting_refused: str | None = None


class OpinionTransport(Record):
    """Transport at one temperature in runs of the other potential."""

    temperature_K: float
    status: TemperatureStatus
    reason: str | None = None
    diffusivity_cm2_per_s: Measured | None = None
    diffusivity_95_cm2_per_s: Interval | None = None


class OpinionRuns(Record):
    """Runs of the other potential; `record` is the whole result, in the run directory."""

    production_ps: float
    record: str
    temperatures: list[OpinionTransport]
    arrhenius: ArrheniusResult | None = None


class SecondOpinion(Record):
    """What another potential says of the runs of the first.

    `forces` and `stress_rmse_GPa` are over the frames of all temperatures; `stress_rmse_GPa` is null where one of the
    two gives no stress. `forces_file` holds components of both, for the figure. `runs_refused` says why runs that were
    asked for gave nothing.
    """

    potential: str
    potential_sha256: str
    n_frames: int
    temperatures: list[OpinionAtTemperature]
    forces: list[ForceDifference]
    stress_rmse_GPa: float | None = None
    forces_file: str
    runs: OpinionRuns | None = None
    runs_refused: str | None = None


class ModelSpread(Record):
    """How far potentials differ in a quantity of transport, apart from the statistical error.

    `model_factor` is the largest ratio of another potential's value to the first one's, upwards or downwards (at least
    1); `statistical_factor_95` is the factor within which the first potential's runs know the value (95 %), and
    `ratio_known_to_factor_95` that within which both runs together know the ratio: a smaller ratio is no difference
    that was seen (`resolved` is false).
    """

    quantity: Literal["conductivity_300K_mS_per_cm", "diffusivity_cm2_per_s"]
    temperature_K: float
    how: Literal["runs of its own", "reweighted"]
    potential: str
    n_potentials: int
    model_factor: float
    statistical_factor_95: float
    ratio_known_to_factor_95: float
    resolved: bool
