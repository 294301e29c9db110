"""The record of `xrd pattern`: calculated patterns of structures and of trajectories."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Record, StudyRecord

LINES, CURVES, OBSERVED = "reflections.csv", "patterns.csv", "observed.csv"
"""The tables beside the record: all reflections; the curves; what was measured."""


class PatternLine(Record):
    """A set of reflections that fall together by symmetry.

    `hkl` are indices of the cell of the pattern, `structure_factor_squared` is in electrons^2 of that cell (the Bragg
    part of a trajectory), `relative_intensity` is over the strongest line, which has 100.
    """

    hkl: tuple[int, int, int]
    d_A: float
    two_theta_deg: float
    multiplicity: int
    structure_factor_squared: float
    relative_intensity: float


class CalculatedPattern(Record):
    """One pattern.

    `of` says whether the atoms stand still or are those of a trajectory; its `cell` is then the mean one, divided into
    the small cells that it holds. `b_iso_A2` are means over the atoms of each element: put in for a structure; seen in
    the trajectory's displacements, where nothing is put in. `diffuse_share` is what of the scattered intensity in the
    range is not in the Bragg part; `satellite_share` is the share of the Bragg part that the small cell does not have.
    `density_g_per_cm3`, `mass_absorption_cm2_per_g` and `mu_per_cm` are of the crystal without pores.
    """

    name: str
    of: Literal["structure", "trajectory"]
    formula: str
    space_group: str | None
    cell: list[float]
    n_reflections: int
    density_g_per_cm3: float
    mass_absorption_cm2_per_g: float
    mu_per_cm: float
    b_iso_A2: dict[str, float]
    temperature_K: float | None = None
    n_frames: int | None = None
    diffuse_share: float | None = None
    satellite_share: float | None = None
    strongest: list[PatternLine]


class XrdPatternRecord(StudyRecord):
    """The record of `xrd pattern`; `radiation` in words, the wavelength is that of its strongest line."""

    rows_in: ClassVar[str] = "patterns"
    kind: Literal["xrd-pattern"] = "xrd-pattern"
    radiation: str
    wavelength_A: float
    polarization_k: float
    geometry: str
    two_theta_range_deg: tuple[float, float]
    fwhm_deg: float
    observed: str | None = None
    patterns: list[CalculatedPattern]
    files: dict[str, str]
