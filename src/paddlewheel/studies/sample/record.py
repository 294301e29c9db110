"""The record of `sample` (kind `sampling`): what was run, what was chosen, what was labelled."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, PotentialRecord, Record
from paddlewheel.studies.label.record import LabelRange, RefusedFrame, WrittenSet

FRAMES, MAP = "frames.extxyz", "map.csv"
"""The chosen frames without labels; where each candidate is in the first two components, and whether it was chosen."""

RunStatus = Literal["ok", "cut", "broken"]


class RelaxedStructure(Record):
    """A structure that the sampling starts from, at its minimum under the potential."""

    name: str
    formula: str
    n_atoms: int
    repeats: tuple[int, int, int]
    relaxation_steps: int
    converged: bool
    largest_force_eV_per_A: float
    energy_eV_per_atom: float
    volume_A3: float
    volume_change: float


class SampledRun(Record):
    """One point of the grid: `broken` gave no frames, `cut` those before it broke."""

    name: str
    structure: str
    strain: float
    temperature_K: float
    status: RunStatus
    reason: str | None = None
    n_frames: int
    n_used: int
    n_selected: int
    mean_temperature_K: float | None = None
    mean_pressure_GPa: float | None = None


class CoverageScore(Record):
    """Feature coverage (Qi et al. 2024) of the choice and of as many frames at random, by component and their mean."""

    n_bins: int
    direct: list[float]
    random: list[Measured]
    direct_mean: float
    random_mean: Measured
    n_random_draws: int


class DirectChoice(Record):
    """What DIRECT worked with and found."""

    features: str
    n_features: int
    n_candidates: int
    explained_variance: list[float]
    threshold_asked: float
    threshold: float
    n_clusters: int
    n_selected: int
    n_relaxed_added: int
    coverage: CoverageScore


class SamplingRecord(PotentialRecord):
    """The record of `sample`."""

    rows_in: ClassVar[str] = "runs"
    kind: Literal["sampling"] = "sampling"
    potential: str
    structures: list[RelaxedStructure]
    runs: list[SampledRun]
    choice: DirectChoice
    frames: WrittenSet
    dataset: WrittenSet | None = None
    labels: LabelRange | None = None
    refused: list[RefusedFrame] = []
    map_file: str
