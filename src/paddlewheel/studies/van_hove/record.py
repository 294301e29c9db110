"""The record of `van-hove`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records.base import Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

SELF, DISTINCT, ALPHA_2 = "self.csv", "distinct.csv", "alpha2.csv"
"""The tables beside the record."""


class VanHoveLag(Record):
    """The self part after one lag; `most_probable_A` is where 4 pi r^2 G_s is highest, `beyond` the share of
    displacements that are longer than the range of the table."""

    lag_ps: float
    msd_A2: float
    alpha_2: Measured | None
    most_probable_A: float
    beyond: float


class VacatedSite(Record):
    """The distinct part near its origin: density of other ions within `within_A` of where an ion was a lag before, over
    their mean density; null where none was seen. It rises from 0 as other ions take over the place; over 1 where they
    do so by preference."""

    lag_ps: float
    relative_density: Measured | None


class VanHoveRecord(MotionRecord):
    """The record of `van-hove`; the functions themselves are in the tables that `files` names."""

    rows_in: ClassVar[str] = "lags"
    kind: Literal["van-hove"] = "van-hove"
    n_ions: int
    origin_stride: int
    self_bin_A: float
    distinct_bin_A: float
    distinct_range_A: float
    lags: list[VanHoveLag]
    alpha_2_peak: Measured | None
    alpha_2_peak_lag_ps: float | None
    within_A: float
    vacated_site: list[VacatedSite]
