"""The record of `distil`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records import PreparedRecord, Record


class MeanErrors(Record):
    """Mean absolute errors against the teacher: per frame, per force component, per stress component (nine)."""

    n_frames: int
    energy_meV_per_atom: float
    force_eV_per_A: float
    stress_GPa: float


class StructureErrors(Record):
    """Errors on the frames of one structure that no fit saw."""

    structure: str
    errors: MeanErrors


class DistilRound(Record):
    """One round: what was explored, how much of it was new, and how well the student before it did there.

    `why_broken` has the reason of each of `broken_runs` (none in records of earlier versions). `test_split` says how
    its test frames were chosen: whole runs (`source`), the last frames of every run (`block`), or at random, as earlier
    versions did.
    """

    number: int
    explored_by: str
    n_runs: int
    broken_runs: list[str]
    why_broken: dict[str, str] = Field(default_factory=dict)
    explored_ps: float
    n_candidates: int
    extrapolating_share: float | None
    largest_grade: float | None
    n_labelled: int
    n_refused: int
    errors_before: MeanErrors | None
    errors_before_extrapolating: MeanErrors | None
    n_training_frames: int
    test_split: Literal["source", "block", "random"] = "random"
    fit_steps: int
    fit_seconds: float
    training_errors: MeanErrors


class DistilGate(Record):
    """A limit, what was measured on the frames that no fit saw, and whether it holds."""

    quantity: Literal["energy_meV_per_atom", "force_eV_per_A", "stress_GPa"]
    limit: float
    measured: float
    passed: bool


class DistilRecord(PreparedRecord):
    """The record of `distil` (kind `distillation`).

    Speeds are atoms times steps of NVT in a second of one core, in the largest cell; records of before have none.
    """

    rows_in: ClassVar[str] = "rounds"
    kind: Literal["distillation"] = "distillation"
    potential: str
    potential_sha256: str
    elements: list[str]
    teacher: str
    functional: str
    form: dict[str, float | int]
    rounds: list[DistilRound]
    final_steps: int
    final_seconds: float
    training_errors: MeanErrors
    test_errors: MeanErrors
    test_errors_by_structure: list[StructureErrors]
    gates: list[DistilGate]
    parity_file: str
    n_training_frames: int
    n_training_atoms: int
    start_from: str | None = None
    teacher_atom_steps_per_s: float | None = None
    student_atom_steps_per_s: float | None = None

    @property
    def passed(self) -> bool:
        """Whether every gate holds."""
        return all(gate.passed for gate in self.gates)
