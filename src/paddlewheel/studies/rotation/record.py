"""The record of `rotation`: how the anions of each kind turn, and whether they turn when ions hop nearby."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records.base import Interval, Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

MAPS = "maps.npz"
"""Where the outer atoms have been: `latitude_edges_rad`, `longitude_edges_rad`, and of each anion `BH4_density`."""


class EquipartitionResult(Record):
    """The angular velocity beside its equilibrium distribution.

    `ratio` is <L_k^2/I_k>/kT about the three principal axes (moments ascending) without the bias of the frame interval,
    `bias` the share of <w^2> that the interval of the frames takes away; 1 and null mean what they say, null with a
    `status` other than ok why.
    """

    status: Literal["ok", "frames-too-far-apart", "too-short", "no-temperature", "one-anion"]
    reason: str | None = None
    rotational_temperature_K: Measured | None
    ratio: tuple[Measured, Measured, Measured] | None
    bias: float | None
    excess_kurtosis: Measured | None


class RelaxationResult(Record):
    """The integral relaxation time of one orientational autocorrelation: C_1 or C_2 of the bonds or of the body."""

    correlation: Literal["C1 bonds", "C1 body", "C2 bonds", "C2 body"]
    status: Literal["ok", "too-short", "frames-too-far-apart", "one-anion"]
    reason: str | None = None
    time_ps: Measured | None


class OrientationJumps(Record):
    """Jumps between orientations in which the anion dwells."""

    status: Literal["ok", "no-jumps", "not-settled", "too-short", "frames-too-far-apart", "one-anion"]
    reason: str | None = None
    window_ps: float
    count: int
    rate_per_ps: Measured | None
    upper_rate_per_ps: float | None = Field(description="95 % upper bound where no jump was seen")
    mean_angle_deg: Measured | None
    settled_share: Measured | None


class HopCoupling(Record):
    """Turns of the anions around hops of the mobile ion, against circular shifts of the time.

    `excess_near` is the share by which the turn at the time of a hop exceeds the null in the nearest shell with enough
    pairs, `near_A`; its std is the spread of the null. `p_value` is that of `largest_score` over all shells and lags.
    """

    status: Literal["ok", "too-few-hops", "too-short", "frames-too-far-apart", "no-specie", "ions-not-followed"]
    reason: str | None = None
    n_hops: int
    window_ps: float | None
    near_A: Interval | None
    excess_near: Measured | None
    largest_score: float | None
    p_value: float | None
    n_shifts: int = Field(description="shifts of the null; p_value cannot be less than 1 / (n_shifts + 1)")


class TurningAnion(Record):
    """All anions of one kind, of all runs.

    Attributes
    ----------
    outer_element, radius_A
        The atoms that bonds go to from the centre of mass, and their mean distance from it: the R of eq. 5.
    inertia_uA2
        Principal moments, ascending, with the masses of the run.
    deviation_A
        Root-mean-square distance of the atoms from their places in the rigid anion, mean over the anions.
    paper_speed_per_frame, paper_speed_per_ps
        Eq. 5 of the paper; it depends on the frame interval. Per ps it is the same number over the interval.
    rigid_speed_per_ps
        The same of the rigid anion, without the vibrations of the atoms.
    rotation_rad_per_ps, rms_rotation_rad_per_ps
        Mean and root-mean-square magnitude of the angular velocity at the frame interval.
    plateau_msd_A2, rotational_msd_A2
        2 R^2, where the squared displacement of the outer atoms by rotation ends, and what it is after
        `rotational_msd_lag_ps`, a quarter of the shortest run.
    map_information_nats
        How uneven the map of the outer atoms is: 0 for all directions alike.
    """

    formula: str
    n_anions: int
    outer_element: str
    radius_A: float
    inertia_uA2: tuple[float, float, float]
    deviation_A: float
    paper_speed_per_frame: Measured | None
    paper_speed_per_ps: Measured | None
    rigid_speed_per_ps: float | None
    rotation_rad_per_ps: Measured | None
    rms_rotation_rad_per_ps: Measured | None
    equipartition: EquipartitionResult
    relaxation: list[RelaxationResult]
    plateau_msd_A2: float
    rotational_msd_A2: Measured | None
    rotational_msd_lag_ps: float
    jumps: OrientationJumps
    map_information_nats: Measured | None
    coupling: HopCoupling

    def relaxation_of(self, correlation: str) -> RelaxationResult:
        """That of one correlation, such as `C1 bonds`."""
        return next(found for found in self.relaxation if found.correlation == correlation)


class RotationRecord(MotionRecord):
    """The record of `rotation`; `files` names the maps, and the tables of each anion: `memory BH4`, ..."""

    rows_in: ClassVar[str] = "anions"
    kind: Literal["rotation"] = "rotation"
    frame_interval_fs: float
    anions: list[TurningAnion]
