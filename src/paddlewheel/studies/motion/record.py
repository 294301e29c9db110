"""What the records of all analyses of given trajectories share."""

from __future__ import annotations

from typing import Literal

from paddlewheel.records import Measured, Record, StudyRecord

UNCHECKED_CHARGE = "charge"
"""What nobody checked where the charge of an ion is no oxidation state in which its element is known."""


class EquilibriumCheck(Record):
    """How well a quantity agrees over runs that are in one state at one temperature.

    `probability` is the chance of a larger spread from the errors of the averages alone; null, with `chi2_per_dof`,
    for cells that are fixed. `agrees` unless it is under 0.001 and the difference more than a thermostat is allowed.
    """

    quantity: Literal["density_g_per_cm3", "potential_energy_eV_per_atom"]
    temperature_K: float
    n_runs: int
    mean: float
    largest_difference: float
    chi2_per_dof: float | None
    probability: float | None
    agrees: bool


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
    check: of a trajectory, or of the charges. `equilibrium` says whether several runs are in one state, so far as they
    tell.
    """

    formula: str
    specie: str | None = None
    temperature_K: float | None = None
    trajectories: list[TrajectoryInput]
    unchecked: list[str] = []
    equilibrium: list[EquilibriumCheck] = []
    files: dict[str, str] = {}
