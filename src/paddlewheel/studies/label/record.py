"""The record of `label` (kind `labels`): frames with energies, forces and stresses."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from paddlewheel.records.base import SCHEMA_VERSION, Citation, Provenance, Record, read_record


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


class LabelRange(Record):
    """Smallest and largest labels of a set."""

    energy_eV_per_atom: tuple[float, float]
    largest_force_eV_per_A: float
    pressure_GPa: tuple[float, float]


class LabelRecord(Record):
    """The record of `label`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["labels"] = "labels"
    potential: str
    source: str
    n_frames: int
    dataset: WrittenSet
    labels: LabelRange
    refused: list[RefusedFrame] = []
    warnings: list[str] = []
    citations: list[Citation] = []
    provenance: Provenance


def read_label_record(path: Path) -> LabelRecord:
    """Read a `labels` record.

    Raises
    ------
    InputError
        If the file is no such record.
    """
    return read_record(path, LabelRecord, made_by="label")
