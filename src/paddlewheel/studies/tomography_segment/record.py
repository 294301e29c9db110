"""The record of `tomography segment`: phases with intervals, what was corrected, and the family of segmentations."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import HealthCheck, Measured, Record, StudyRecord

LABELS, HISTOGRAM, SLICES, PLANES = "labels.tif", "histogram.csv", "slices.csv", "planes.npz"
"""Beside the record: the labels; the histogram with its model; what was found slice by slice; planes for figures."""


class SegmentedPhase(Record):
    """One phase; `label` is its number in the files.

    `fraction` is of the volume, with the spread of the family and of the thresholds; `solid_share` of the solid, beside
    `recipe_solid_share`. `level` is its grey value, `upper_threshold` what divides it from the next brighter phase.
    `otsu_fraction` is what multi-Otsu thresholds would have given.
    """

    label: int
    name: str
    fraction: Measured
    solid_share: float | None
    recipe_solid_share: Measured | None
    level: float
    upper_threshold: float | None
    otsu_fraction: float


class FamilyMember(Record):
    """One segmentation of the family, in `path`: the fractions it was held to and those it has, dark to bright."""

    path: str
    targets: list[float]
    fractions: list[float]
    potts_strength: float
    blur_voxels: tuple[float, float, float]


class TomographySegmentationRecord(StudyRecord):
    """The record of `tomography segment`.

    Sizes are x, y, z; `blur_voxels` are along z, y, x, as standard deviations. `window_voxels` are the first and the
    last-but-one column and row of the stack that every slice shows. `recipe_tension` is by how many standard
    uncertainties the fractions of the image alone are off the recipe. Slices are numbered from 0.
    """

    rows_in: ClassVar[str] = "phases"
    kind: Literal["tomography-segmentation"] = "tomography-segmentation"
    stack: str
    shape_voxels: tuple[int, int, int]
    voxel_nm: tuple[float, float, float]
    voxel_from: str
    window_voxels: tuple[tuple[int, int], tuple[int, int]]
    contrast: Literal["normal", "inverted"]
    phases: list[SegmentedPhase]
    porosity: Measured | None
    sample_porosity: Measured | None
    recipe_tension: float | None
    noise: float
    blur_voxels: tuple[float, float, float]
    potts_strength: float
    drift_range_nm: tuple[float, float]
    drift_removed_nm: tuple[float, float]
    drift_error_nm: tuple[float, float]
    straight_drift_nm_per_slice: tuple[Measured, Measured]
    brightness_range: float
    shadow_range: float
    curtain_rms: float
    odd_slices: list[int]
    broken_slices: list[int]
    family: list[FamilyMember]
    checks: list[HealthCheck]
    files: dict[str, str]
