"""The record of `active`: which ions move, over windows and thresholds."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records.base import Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

IONS, CURVE = "ions.csv", "curve.csv"
"""The tables beside the record."""


class ActivePoint(Record):
    """Share of ions whose MSD over a window is at least a threshold; null, with a reason, where it has none."""

    window_ps: float
    threshold_A2: float
    fraction: Measured | None
    n_active: int | None = None
    n_ions: int | None = None
    reason: str | None = None


class ActiveCurveRow(Record):
    """The share over one window, at each threshold."""

    window_ps: float
    thresholds_A2: list[float]
    fraction: list[Measured]


class ActiveIon(Record):
    """One ion of one run: its MSD over the window of the counted point, and where it starts.

    Attributes
    ----------
    run, index
        Number of the run, and the ion's index in it (from 0).
    start_fractional
        Fractional coordinates in the first frame, in [0, 1).
    nearest_anion, nearest_distance_A
        Type of the anion nearest to it there, and the distance of its centre; null without anions. Nearest in units
        of `coordination_cutoffs_A`, for the centre of a large anion is always farther away.
    coordination
        Number of anion centres of each type within its `coordination_cutoffs_A`.
    """

    run: int
    index: int
    msd_A2: float
    active: bool
    start_fractional: tuple[float, float, float]
    nearest_anion: str | None
    nearest_distance_A: float | None
    coordination: dict[str, int]


class StartGroup(Record):
    """The ions that start nearest to one type of anion, and the share of them that is active."""

    nearest_anion: str
    n_ions: int
    n_active: int
    fraction: Measured


class ActiveRecord(MotionRecord):
    """The record of `active` (kind `active`).

    Attributes
    ----------
    paper
        The paper's definition, 21 A^2 over 1 ns.
    coordination_cutoffs_A
        Radius of the first shell of each type of anion: 1.3 times the median nearest distance at the start.
    counted
        The point whose ions are listed: the paper's where the runs are long enough, else what was asked for.
    anion_centres
        Fractional coordinates of the anion centres in the first frame of the first run, by type.
    """

    rows_in: ClassVar[str] = "ions"
    kind: Literal["active"] = "active"
    paper: ActivePoint
    counted: ActivePoint
    curves: list[ActiveCurveRow]
    starts: list[StartGroup]
    coordination_cutoffs_A: dict[str, float]
    ions: list[ActiveIon]
    anion_centres: dict[str, list[tuple[float, float, float]]]
