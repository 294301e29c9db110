"""What the records of all analyses of given trajectories share."""

from __future__ import annotations

from paddlewheel.records import Measured, Record, StudyRecord

UNCHECKED_CHARGE = "charge"
"""What nobody checked where the charge of an ion is no oxidation state in which its element is known."""


class TrajectoryInput(Record):
    """One trajectory that was analysed: its file, its frames, and the sha256 over its symbols, positions and cells.

    `left_out_ps` is the time before the first of these frames: equilibration, and what was asked for.
    `kinetic_temperature_K` is that of the speeds of its atoms; null where the frames are too far apart, and then
    `unchecked` names what nobody could hold against it.
    """

    name: str
    n_frames: int
    n_atoms: int
    frame_interval_fs: float
    length_ps: float
    left_out_ps: float = 0.0
    sha256: str
    kinetic_temperature_K: Measured | None = None
    unchecked: list[str] = []


class MotionRecord(StudyRecord):
    """Base of the records of `rotation`, `density`, `sites`, ...: what was analysed, and what made it.

    Subclasses add `kind` and their results. `files` names what lies beside the record in the run directory, by what
    it holds: tables (CSV, units in the column names), volumetric data, arrays. `unchecked` names what nobody could
    check: of a trajectory, or of the charges.
    """

    formula: str
    specie: str | None = None
    temperature_K: float | None = None
    trajectories: list[TrajectoryInput]
    unchecked: list[str] = []
    files: dict[str, str] = {}
