"""The record of `onsager`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records.base import Interval, Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

MSD = "msd.csv"
"""The table beside the record."""


class SpeciesResult(Record):
    """One mobile species: its self-diffusivity, what its single ions alone would add to L_aa, and its share of the
    current (transference number); the distance of a hop, under whose square an MSD is no diffusion, and its origin."""

    specie: str
    charge_e: float
    n_ions: int
    hop_distance_A: float | None = None
    hop_distance_from: str | None = None
    diffusivity_cm2_per_s: Measured | None
    diffusivity_95_cm2_per_s: Interval | None
    self_per_J_m_s: Measured | None = None
    transference: Measured | None = None
    transference_95: Interval | None = None


class PairResult(Record):
    """L_ab of a pair of species, its distinct part (without that of single ions), and z_a z_b e^2 L_ab, which counts
    twice in the conductivity where a and b differ."""

    first: str
    second: str
    coefficient_per_J_m_s: Measured
    coefficient_95_per_J_m_s: Interval
    distinct_per_J_m_s: Measured
    distinct_95_per_J_m_s: Interval
    conductivity_mS_per_cm: Measured
    conductivity_95_mS_per_cm: Interval


class OnsagerRecord(MotionRecord):
    """The record of `onsager`; null, with a status and a reason, where the run does not determine the coefficients."""

    rows_in: ClassVar[str] = "species"
    kind: Literal["onsager"] = "onsager"
    status: Literal["ok", "not-diffusive", "not-stationary", "too-short"]
    reason: str | None
    mean_volume_A3: float
    species: list[SpeciesResult]
    pairs: list[PairResult]
    conductivity_mS_per_cm: Measured | None
    conductivity_95_mS_per_cm: Interval | None
    nernst_einstein_mS_per_cm: Measured | None
    nernst_einstein_95_mS_per_cm: Interval | None
    haven_ratio: Measured | None
    haven_ratio_68: Interval | None
    haven_ratio_95: Interval | None
    fit_onset_ps: float | None
    fit_last_lag_ps: float | None
