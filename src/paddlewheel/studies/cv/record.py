"""The record of `cv`: scans, their peaks and couples, and the laws over the sweep rate."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records import Measured, Record, StudyRecord

SWEEPS = "sweeps.csv"
"""The table beside the record."""
Verdict = Literal["reversible", "quasi-reversible", "irreversible", "surface", "unclear"]


class CvScan(Record):
    """The sweeps between two turns at the same end, told apart by where the voltage turns; rows count from 0.

    The charges are integrals over the time of the positive and the negative current, from zero. The capacitance is half
    of what the branches differ over the rate: the median where it is even, otherwise the least, an upper bound. A
    resistance is that of a scan of straight lines, which has no peak.
    """

    number: int = Field(ge=1)
    file: str
    first_row: int
    last_row: int
    n_sweeps: int
    complete: bool
    begins_with: Literal["oxidation", "reduction"]
    lowest_V: float
    highest_V: float
    rate_mV_per_s: float
    anodic_charge_mC: Measured
    cathodic_charge_mC: Measured
    capacitance_uF: Measured | None
    capacitance_is_bound: bool
    resistance_ohm: Measured | None


class CvPeak(Record):
    """A peak: its height over the baseline (the line through the foot, or the decay of the sweep before).

    `half_peak_V` is how far before the peak the current is half of it, `width_V` its full width at half height, null
    where it does not fall to half.
    """

    scan: int
    direction: Literal["anodic", "cathodic"]
    potential_V: Measured
    current_mA: Measured
    current_density_mA_per_cm2: Measured | None
    half_peak_V: float | None
    width_V: float | None
    baseline: Literal["foot", "decay"]


class CvCouple(Record):
    """An anodic and a cathodic peak of one scan, and what they say.

    `current_ratio` is the later peak over the earlier. `psi` is Nicholson's, of a separation inside his table;
    `explaining_resistance_ohm` would set the peaks of a reversible couple as far apart.
    """

    scan: int
    rate_mV_per_s: float
    anodic_V: Measured
    cathodic_V: Measured
    half_wave_V: Measured
    separation_V: Measured
    reversible_separation_V: float
    current_ratio: Measured
    verdict: Verdict
    reasons: list[str]
    psi: float | None
    rate_constant_cm_per_s: float | None
    explaining_resistance_ohm: float | None


class CvTrend(Record):
    """The law i = a v^b of the largest anodic or cathodic peaks over the sweep rate, and that through sqrt(v).

    Of the first scan at each rate of each file: later ones begin in what it has left.
    """

    direction: Literal["anodic", "cathodic"]
    n_scans: int
    n_rates: int
    exponent: Measured
    meaning: str
    slope_mA_per_root_V_per_s: Measured
    diffusivity_cm2_per_s: Measured | None


class CvRecord(StudyRecord):
    """The record of `cv`; `reference_shift_V` was added to every voltage of the files."""

    rows_in: ClassVar[str] = "scans"
    kind: Literal["cv"] = "cv"
    sample: str | None
    area_cm2: Measured | None
    temperature_K: float
    electrons: int
    measured_against: str
    reference: str
    reference_shift_V: Measured
    resistance_ohm: Measured | None
    drawn_scans: list[int]
    drawn_V: tuple[float, float] | None
    scans: list[CvScan]
    peaks: list[CvPeak]
    couples: list[CvCouple]
    trends: list[CvTrend]
    notes: list[str]
    files: dict[str, str]
