"""The record of `coordination`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records.base import Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

RADIAL, TIME, LIFETIME = "gr.csv", "time.csv", "lifetime.csv"
"""The tables beside the record; only the first where no shell was counted."""


class ShellLifetime(Record):
    """Time after which the correlation of a shell has fallen to 1/e; null, with a reason and a bound, where it has not.

    `lower_bound_ps` is the longest lag looked at.
    """

    time_ps: Measured | None = None
    lower_bound_ps: float | None = None
    reason: str | None = None


class CoordinationResult(Record):
    """Coordination of the mobile ion by one kind of anion, or by all kinds together (`anion` is "all").

    `status` is "no-minimum" where g(r) has no first minimum, so that there is no shell to count; `share[n]` is the
    share of ions and frames with n neighbours.
    """

    anion: str
    n_anions: int
    status: Literal["ok", "no-minimum"]
    reason: str | None = None
    peak_A: float | None = None
    cutoff_A: float | None = None
    cutoff_from: Literal["first minimum of g(r)", "given"] | None = None
    coordination: Measured | None = None
    share: list[float] = Field(default=[], description="of 0, 1, 2, ... neighbours")
    lifetime: ShellLifetime | None = None


class CoordinationRecord(MotionRecord):
    """The record of `coordination`; g(r), time series and correlations are in the tables that `files` names."""

    rows_in: ClassVar[str] = "results"
    kind: Literal["coordination"] = "coordination"
    n_ions: int
    range_A: float
    bin_A: float
    results: list[CoordinationResult]
