"""The record of `xrd series`: the phases of every pattern, and what their fractions and cells do with temperature."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Measured, Record, StudyRecord
from paddlewheel.records.base import Interval
from paddlewheel.studies.laboratory.xrd_search import XrdIdentification

PATTERNS, FRACTIONS, CELLS, CURVES = "patterns.npz", "fractions.csv", "cells.csv", "fitted_curves.csv"
"""Beside the record: measured and calculated patterns; fractions and cells of every frame; the curves through them."""
Bounds = tuple[float | None, float | None]
CellQuantity = Literal["a_A", "b_A", "c_A", "volume_A3"]


class SeriesCell(Record):
    """The cell of a phase in one pattern with its statistical uncertainties: what all frames have in common, such as
    an error of the wavelength, is not in them. `correlation` is that of the errors of b and c, c and a, a and b."""

    a_A: Measured
    b_A: Measured
    c_A: Measured
    alpha_deg: float
    beta_deg: float
    gamma_deg: float
    correlation: tuple[float, float, float]


class SeriesPhase(Record):
    """A phase in one pattern.

    `weight_fraction` has the whole uncertainty; `statistical_std` is the part that is of each frame alone, by which
    transitions are fitted. `cell` is null where the phase is not seen: then its fraction is below `detection_limit`.
    """

    name: str
    is_present: bool
    weight_fraction: Measured | None
    statistical_std: float
    detection_limit: float
    intensity_share: float
    cell: SeriesCell | None
    volume_A3: Measured | None


class SeriesPattern(Record):
    """One pattern; `start` says from which side the better fit came, `rwp_other_start` is that of the other side."""

    file: str
    temperature_K: float
    exposed_K: tuple[float, float]
    rwp: float
    gof: float
    start: Literal["colder", "hotter"]
    rwp_other_start: float | None
    phases: list[SeriesPhase]
    flags: list[str] = []


class TransitionModelWeight(Record):
    """A model of a transition and its weight among the others by AICc."""

    model: Literal["ramp", "sigmoid", "avrami"]
    aicc: float | None
    weight: float
    exponent: float | None = None


class PhaseTransition(Record):
    """Onset, midpoint and completion of a change of a phase's weight fraction, in the order of time.

    Each frame is taken as the mean over its exposure. Null values come with bounds where the frames hold any, and with
    `refused`. `scatter` is that of the fractions about the curve over their statistical uncertainty.
    """

    phase: str
    direction: Literal["appears", "disappears"] | None
    onset_K: Measured | None
    midpoint_K: Measured | None
    completion_K: Measured | None
    onset_bounds_K: Bounds | None = None
    midpoint_bounds_K: Bounds | None = None
    completion_bounds_K: Bounds | None = None
    fraction_before: float
    fraction_after: float
    frames_inside: int
    scatter: float
    models: list[TransitionModelWeight]
    refused: str | None = None


class Expansion(Record):
    """Thermal expansion of a length or the volume of a phase; `alpha_per_K` is (dL/dT)/L at `temperature_K`.

    `kink_K` are the frames between which its slope or value changes abruptly.
    """

    phase: str
    quantity: CellQuantity
    model: Literal["linear", "quadratic", "debye"]
    alpha_per_K: Measured
    temperature_K: float
    debye_temperature_K: Measured | None = None
    kink_K: Interval | None = None
    aicc: dict[str, float | None]


class MergingAxes(Record):
    """Two axes that become alike on heating, by a power of 1 - T/Tc.

    `bracket_K` is the hottest frame that alone tells the axes apart by three errors, and the next one, which does not:
    the axes may differ there still, so that `temperature_K` can lie above it. `bracket_errors` says by how many errors
    they differ in both. Errors are counted from zero: near the merging a pattern knows the square of the difference,
    and the difference over its own uncertainty is up to twice as many. `is_within_bracket` says whether the 95 %
    interval of the power law lies between both frames.
    """

    phase: str
    axes: tuple[CellQuantity, CellQuantity]
    temperature_K: Measured | None
    bracket_K: Bounds
    bracket_errors: Bounds = (None, None)
    exponent: Measured | None
    is_extrapolated: bool
    is_within_bracket: bool = False
    refused: str | None = None


class SeriesSearch(Record):
    """Which of the phases of `--candidates` are in one pattern of the series."""

    file: str
    temperature_K: float
    identification: XrdIdentification


class XrdSeriesRecord(StudyRecord):
    """The record of `xrd series`; patterns by rising temperature."""

    rows_in: ClassVar[str] = "patterns"
    kind: Literal["xrd-series"] = "xrd-series"
    wavelength_A: float
    direction: Literal["heating", "cooling"]
    rate_K_per_min: float | None
    exposure_s: float | None
    phases: list[str]
    patterns: list[SeriesPattern]
    transitions: list[PhaseTransition]
    expansions: list[Expansion]
    merging_axes: list[MergingAxes]
    searches: list[SeriesSearch] = []
    jumps: list[str] = []
    notes: list[str] = []
    files: dict[str, str]
