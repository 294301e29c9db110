"""The record of `train`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

POTENTIAL, PROGRESS = "potential", "progress.csv"
"""The folder of the potential; losses and errors by epoch."""

TrainingPart = Literal["train", "validation", "test"]
TestSplit = Literal["source", "block", "random"]


class TrainingErrors(Record):
    """Errors on one part of the data, of the potential as it was written; stress over nine components."""

    part: TrainingPart
    n_frames: int
    energy_mae_meV_per_atom: float
    energy_rmse_meV_per_atom: float
    force_mae_eV_per_A: float
    force_rmse_eV_per_A: float
    stress_mae_meV_per_A3: float
    stress_rmse_meV_per_A3: float
    stress_mae_GPa: float
    stress_rmse_GPa: float
    parity_file: str


class SourceErrors(Record):
    """Mean absolute errors on the test frames of one source (run, trajectory, structure); `n_fitted`: how many of its
    frames were fitted or chose the epoch."""

    source: str
    n_frames: int
    n_fitted: int
    energy_mae_meV_per_atom: float
    force_mae_eV_per_A: float
    stress_mae_GPa: float


class TrainingData(Record):
    """One data set that went into the fit."""

    name: str
    sha256: str | None
    engine: str
    functional: str
    n_frames: int


class EngineAgreement(Record):
    """Largest differences, in float64, between our engine's reading of the files and matgl's own evaluation."""

    n_frames: int
    energy_meV_per_atom: float
    force_eV_per_A: float
    stress_meV_per_A3: float


class TrainingRecord(StudyRecord):
    """The record of `train` (kind `training`).

    `split` says how the test frames were chosen: whole sources (`source`), the last frames of every source (`block`),
    or frames at random (`random`), each of which may have a neighbour among those fitted.
    """

    rows_in: ClassVar[str] = "errors"
    kind: Literal["training"] = "training"
    architecture: Literal["M3GNet"] = "M3GNet"
    potential: str
    potential_sha256: dict[str, str]
    conventions: dict[str, str]
    elements: list[str]
    element_references_eV: dict[str, float]
    n_parameters: int
    start_from: str | None = None
    datasets: list[TrainingData]
    engine: str
    functional: str
    epochs: int
    best_epoch: int
    progress_file: str
    errors: list[TrainingErrors]
    split: TestSplit = "random"
    errors_by_source: list[SourceErrors] = []
    engine_agreement: EngineAgreement
    seconds: float

    def errors_on(self, part: TrainingPart) -> TrainingErrors:
        """The errors on one part of the data."""
        return next(row for row in self.errors if row.part == part)
