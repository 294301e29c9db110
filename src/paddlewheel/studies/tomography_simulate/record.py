"""The record of `tomography simulate`: what was made, and the truth in it."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

STACK, LABELS, BODY = "stack.tif", "labels.tif", "body.tif"
"""Pictures; phases at the surface of each slice, without drift; phases of the body that was sliced, in finer voxels."""
SLICES, VIEWS, FLAWS = "slices.csv", "views.npz", "flaws.npz"
"""Drift and gain of each slice; the three middle planes; the gains that the pictures were multiplied with."""


class SimulatedPhase(Record):
    """One phase: its label and shape, its grey of the full scale, and its share of the volume.

    `asked` is by the recipe, `in_body` what was made, `in_slices` what lies at the surfaces of the slices.
    """

    label: int
    name: str
    role: str
    grey: float
    asked: float
    in_body: float
    in_slices: float


class TomographySimulateRecord(StudyRecord):
    """The record of `tomography simulate`.

    `voxel_nm` and `body_voxel_nm` are edges along x, y, z; shapes are slices, rows, columns. `flaws` are the settings
    of the pictures, `clipped` the share of their voxels at either end of the scale.
    """

    rows_in: ClassVar[str] = "phases"
    kind: Literal["tomography-simulate"] = "tomography-simulate"
    sample: str
    porosity: float
    phases: list[SimulatedPhase]
    voxel_nm: tuple[float, float, float]
    shape: tuple[int, int, int]
    body_voxel_nm: tuple[float, float, float]
    body_shape: tuple[int, int, int]
    bits: int
    seed: int
    flaws: dict[str, float | list[float]]
    clipped: float
    files: dict[str, str]
