"""The record of `label` (kind `labels`): frames with energies, forces and stresses."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

DATASET = "dataset.extxyz"
"""The labelled frames, with their card beside them."""


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
    """The record of `label`."""

    rows_in: ClassVar[str] = "refused"
    kind: Literal["labels"] = "labels"
    potential: str
    source: str
    n_frames: int
    dataset: WrittenSet
    labels: LabelRange
    refused: list[RefusedFrame] = []
