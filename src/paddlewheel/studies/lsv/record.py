"""The record of `lsv`: the onsets of sweeps, and the window between them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records import Measured, Record, StudyRecord

SWEEPS = "sweeps.csv"
"""The table beside the record."""
Outside = Literal["before", "after"] | None
"""Of an onset that is not in the sweep: it lies before the first voltage, or after the last; each is a bound."""


class ThresholdOnset(Record):
    """Where the density over the background passes a threshold for good; null where it does not."""

    threshold_uA_per_cm2: float = Field(gt=0)
    onset_V: Measured | None
    outside: Outside = None


class LsvSweep(Record):
    """A stretch in which the voltage goes one way; voltages against `reference` of the record, rows count from 0.

    `ohmic_resistance_ohm` is that of a sweep which one line describes: it has no onset.
    """

    file: str
    first_row: int
    last_row: int
    direction: Literal["oxidation", "reduction"]
    first_V: float
    last_V: float
    rate_mV_per_s: float
    tangent_V: Measured | None
    tangent_reason: str | None
    tangent_outside: Outside = None
    ohmic_resistance_ohm: Measured | None = None
    thresholds: list[ThresholdOnset]
    largest_uA_per_cm2: float
    noise_uA_per_cm2: float
    background_at_first_uA_per_cm2: float
    background_slope_uA_per_cm2_V: float

    def told_resistance(self, unit: str = "ohm") -> str | None:
        """The ohmic resistance in words, such as ``4.00 kohm``; None of a sweep that is not ohmic."""
        if self.ohmic_resistance_ohm is None:
            return None
        value = self.ohmic_resistance_ohm.value
        size, prefix = next(pair for pair in ((1e9, "G"), (1e6, "M"), (1e3, "k"), (0.0, "")) if value >= pair[0])
        return f"{value / (size or 1.0):#.3g} {prefix}{unit}"


class LsvWindow(Record):
    """Between the highest onset of reduction and the lowest of oxidation, by one definition of an onset."""

    definition: Literal["tangent", "threshold"]
    threshold_uA_per_cm2: float | None
    reduction_V: Measured | None
    oxidation_V: Measured | None
    width_V: Measured | None


class LsvRecord(StudyRecord):
    """The record of `lsv`; `reference_shift_V` was added to every voltage of the files."""

    rows_in: ClassVar[str] = "sweeps"
    kind: Literal["lsv"] = "lsv"
    sample: str | None
    area_cm2: Measured
    measured_against: str
    reference: str
    reference_shift_V: Measured
    resistance_ohm: Measured | None
    background_subtracted: bool
    sweeps: list[LsvSweep]
    windows: list[LsvWindow]
    drawn_sweeps: list[int] = Field(default=[1, 2, 3, 4])
    drawn_V: tuple[float, float] | None = None
    notes: list[str]
    files: dict[str, str]
