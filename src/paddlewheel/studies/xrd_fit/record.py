"""The record of `xrd fit`: phases of powder patterns, how much of each, their cells, and how well it is known."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.lab.phase_amounts import PhaseAmount
from paddlewheel.records import Measured, Record, StudyRecord
from paddlewheel.studies.laboratory.xrd_search import XrdIdentification

CURVES = "curves.csv"
"""Measured, fitted and background intensity of every pattern, and the part of each phase."""
REFLECTIONS = "reflections.csv"
"""Angles, indices and observed intensities of the reflections of every phase."""


def phase_column(name: str) -> str:
    """The column of a phase's part in the curves."""
    return f"phase {name}"


class XrdCell(Record):
    """A cell; an uncertainty of 0 where the symmetry or a setting fixes it."""

    a_A: Measured
    b_A: Measured
    c_A: Measured
    alpha_deg: Measured
    beta_deg: Measured
    gamma_deg: Measured
    volume_A3: Measured


class XrdPhase(Record):
    """A phase of a pattern.

    The variance of `weight_fraction` has three parts: of the counts with their serial correlation (`statistical_std`),
    of intensities as such, 4 % of the ratio of two phases (`systematic_std`), and of other plausible fits
    (`choice_std`). It is null where a phase has free intensities (Le Bail). A phase that `is_present` is false for has
    less than what a blank may give: its fraction is below `detection_limit`. `intensity_share` is its share of the
    intensity of all phases. Sizes and strains are those of Lorentzian widths less the instrument's, and without an
    instrument (`widths_are_bounds`) the size is the least and the strain the largest it can be. `delta_b_A2` was
    added to B of all atoms. `formula` is that of one unit, which `mole_fraction` counts.
    """

    pattern: int
    name: str
    formula: str
    is_present: bool
    weight_fraction: Measured | None
    statistical_std: float
    systematic_std: float
    choice_std: float
    detection_limit: float
    intensity_share: float
    mole_fraction: float | None
    volume_fraction: float | None
    cell: XrdCell
    size_nm: Measured | None
    strain_percent: Measured | None
    widths_are_bounds: bool
    delta_b_A2: Measured | None
    march_dollase_r: Measured | None
    texture_axis: list[int] | None
    r_bragg: float
    absorption_per_cm: float
    density_g_per_cm3: float


class XrdInstrument(Record):
    """Widths and zero as `--instrument` takes them: U, V, W of the Gaussian width squared, X, Y, Z of the Lorentzian
    one, axial divergence, zero."""

    u_deg2: float
    v_deg2: float
    w_deg2: float
    x_deg: float
    y_deg: float
    z_deg: float
    axial: float
    zero_deg: float


class XrdRefit(Record):
    """Weight fractions, in the order of the phases, of a fit with another choice."""

    what: str
    weight_fractions: list[float]


class XrdSwept(Record):
    """Weight fractions corrected by Brindley for particles of a radius."""

    radius_um: float
    weight_fractions: list[float]


class XrdPattern(Record):
    """A pattern and its fit as a whole.

    Errors of least squares were multiplied by `inflation`: misfit (goodness of fit over 1) times serial correlation.
    `amorphous_fraction` is what does not diffract, by a phase that was weighed in.
    """

    file: str
    temperature_K: float | None
    first_deg: float
    last_deg: float
    n_points: int
    n_parameters: int
    wavelength_A: float
    geometry: str
    rwp: float
    rexp: float
    gof: float
    durbin_watson: float
    inflation: float
    shift: str
    zero_deg: Measured | None
    displacement_deg: Measured | None
    displacement_mm: Measured | None
    amorphous_fraction: Measured | None
    worst_range_deg: tuple[float, float]
    instrument: XrdInstrument
    refits: list[XrdRefit]
    brindley: list[XrdSwept]
    flags: list[str]


class XrdFitRecord(StudyRecord):
    """The record of `xrd fit`; `pattern` of a phase counts `patterns` from 1.

    `rwp` and `instrument` are those of the first pattern.
    """

    rows_in: ClassVar[str] = "phases"
    kind: Literal["xrd-fit"] = "xrd-fit"
    rwp: float
    phases: list[XrdPhase]
    patterns: list[XrdPattern]
    instrument: XrdInstrument
    standard: str | None
    identification: XrdIdentification | None = None
    flags: list[str]
    notes: list[str]
    beside_nmr: list[PhaseAmount] = Field(
        default_factory=list,
        description="weight fractions by the sample's NMR record beside those of the first pattern",
    )
    files: dict[str, str]
