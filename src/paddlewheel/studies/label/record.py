"""The records of `label`: labels of a potential, job folders of a program, and its labels judged step by step."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

DATASET = "dataset.extxyz"
"""The labelled frames, with their card beside them."""
FRAMES = "frames.csv"
"""Per frame of job folders its atoms, volume and k-points, without symmetry."""
DIFFERENCES = "differences.csv"
"""Per frame, the forces of the labels less those of the potential that they are compared with."""
MAP = "map.csv"
"""Per frame asked for, its first two principal components and whether it was taken."""


class WrittenSet(Record):
    """A file of frames: a data set with its card, or frames without labels (engine and functional null)."""

    file: str
    card: str | None = None
    sha256: str
    engine: str | None = None
    functional: str | None = None
    elements: list[str]
    n_frames: int
    n_atoms: int


class RefusedFrame(Record):
    """A frame whose labels cannot enter a data set, and why."""

    frame: int
    source: str | None = None
    reason: str

    @property
    def name(self) -> str:
        """Where the frame comes from, or its number."""
        return self.source or f"frame {self.frame}"


class LabelRange(Record):
    """Smallest and largest labels of a set."""

    energy_eV_per_atom: tuple[float, float]
    largest_force_eV_per_A: float
    pressure_GPa: tuple[float, float]


class LabelRecord(StudyRecord):
    """Labels of a potential."""

    rows_in: ClassVar[str] = "refused"
    kind: Literal["labels"] = "labels"
    potential: str
    source: str
    n_frames: int
    dataset: WrittenSet
    labels: LabelRange
    refused: list[RefusedFrame] = []


class AskedSettings(Record):
    """A static calculation as it is asked for (`paddlewheel.firstprinciples.setups.CalculationSettings`)."""

    name: str
    functional: str
    cutoff_eV: float
    k_spacing_per_A: float
    energy_tolerance_eV_per_atom: float | None = None
    energy_tolerance_eV: float | None = None
    spin_polarized: bool
    smearing: str
    smearing_width_eV: float
    tags: dict[str, Any] = {}


class JobsRecord(StudyRecord):
    """Job folders that were written for a program."""

    kind: Literal["label-jobs"] = "label-jobs"
    engine: str
    source: str
    n_frames: int
    n_atoms: int
    elements: list[str]
    settings: AskedSettings
    pseudopotentials: dict[str, str] = {}
    files: list[str]


class FoundSetup(Record):
    """What the outputs that were taken say of their calculation; ranges over cells."""

    code: list[str]
    functional: str | None = None
    cutoff_eV: float | None = None
    k_spacing_per_A: tuple[float, float] | None = None
    spin_polarized: bool | None = None
    smearing: str | None = None
    energy_tolerance_eV: tuple[float, float] | None = None
    pseudopotentials: dict[str, str] = {}
    corrections: list[str] = []


class ForceOutlierRow(Record):
    """A frame whose forces stand apart from a potential's."""

    frame: int
    source: str
    atom: int
    rms_eV_per_A: float
    largest_eV_per_A: float
    deviations: float


class SetDiagnostics(Record):
    """What a set says of itself.

    Attributes
    ----------
    near_twins
        Frames with another one so alike that it teaches the same; null for sets of one frame.
    covered
        Share of the region of all frames asked for that those taken cover, 0 to 1; null where none was refused.
    potential
        What the forces are compared with; the next three are null without it.
    """

    near_twins: int | None = None
    covered: float | None = None
    potential: str | None = None
    force_mae_eV_per_A: float | None = None
    stress_mae_GPa: float | None = None
    outliers: list[ForceOutlierRow] = []


class JudgedLabelsRecord(StudyRecord):
    """Labels of a program of first principles, every ionic step judged.

    Attributes
    ----------
    n_outputs, n_steps
        Outputs that were read, and ionic steps in them.
    waiting
        Frames of job folders that have no output yet.
    rewritten
        Those whose folders were written again, to be run once more.
    asked
        Settings that the outputs were held to; null where they were not asked for here.
    convergence
        ``judged``, or ``not said`` where files hold labels alone and were taken at their word.
    """

    rows_in: ClassVar[str] = "refused"
    kind: Literal["judged-labels"] = "judged-labels"
    engine: str
    source: str
    n_outputs: int
    n_steps: int
    n_waiting: int = 0
    waiting: list[str] = []
    rewritten: list[str] = []
    asked: AskedSettings | None = None
    found: FoundSetup | None = None
    convergence: Literal["judged", "not said"] = "judged"
    dataset: WrittenSet | None = None
    labels: LabelRange | None = None
    refused: list[RefusedFrame] = []
    diagnostics: SetDiagnostics | None = None


class ConvergencePoint(Record):
    """A calculation beside the finest of its series (`paddlewheel.firstprinciples.gpaw.convergence.ConvergenceRow`)."""

    varied: Literal["cutoff", "k_spacing"]
    cutoff_eV: float
    k_spacing_per_A: float
    k_mesh: tuple[int, int, int]
    is_asked: bool
    energy_meV_per_atom: float
    largest_force_eV_per_A: float
    largest_stress_GPa: float


class ConvergenceRecord(StudyRecord):
    """How the labels of one frame change with the cut-off and the k-points."""

    rows_in: ClassVar[str] = "points"
    kind: Literal["label-convergence"] = "label-convergence"
    engine: str
    source: str
    formula: str
    n_atoms: int
    settings: AskedSettings
    points: list[ConvergencePoint]


AnyLabelRecord = LabelRecord | JobsRecord | JudgedLabelsRecord | ConvergenceRecord
