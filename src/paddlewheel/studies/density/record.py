"""The record of `density`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records.base import Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

Vector = tuple[float, float, float]

AXES = ("a", "b", "c")
GRID, STRUCTURE = "density.npz", "framework.cif"
"""Beside the record: the grid with the framework that it stands in, and that framework for other programs."""


class IsoSurface(Record):
    """A level of the density, and what lies inside: the share of the ions (with its error), and of the cell."""

    level_per_A3: float
    ion_share: Measured
    volume_share: float


class DensitySymmetry(Record):
    """The space group that the density was averaged over.

    `origin_fractional` is where its origin lies in the trajectory's cell; everything written is counted from there.
    `asymmetry` is half of the integral of |density - symmetrized| over the number of ions: 0 where nothing changed,
    1 where nothing was kept; noise makes it larger than 0.
    """

    symbol: str
    number: int
    n_operations: int
    source: str
    tolerance_A: float
    origin_fractional: Vector
    asymmetry: float


class FreeEnergyBarrier(Record):
    """The free energy up to which a region must be filled to connect to its own periodic images.

    `direction`: `a`, `b`, `c` (a loop with a component along that vector), or `1D`, `2D`, `3D` (loops in so many
    independent directions). `barrier_eV` is null unless `status` is `ok`; then `reason` says why, and
    `at_least_eV` is the lower bound (95 %) where the region between was never visited.
    """

    direction: str
    status: Literal["ok", "not-visited", "not-converged"]
    reason: str = ""
    barrier_eV: Measured | None = None
    at_least_eV: float | None = None
    winding: tuple[int, int, int] | None = None
    path_A: float | None = None
    saddle_fractional: Vector | None = None


class SmoothedBarrier(Record):
    """The barriers (eV) by direction at another smoothing, to see how much it decides; null where not reached."""

    smoothing_A: float
    barrier_eV: dict[str, float | None]


class DensityFreeEnergy(Record):
    """-kT ln(p / p_max): barriers by direction, and `floor_eV`, up to which the statistics reach."""

    floor_eV: float
    frames_per_visit: float
    barriers: list[FreeEnergyBarrier]
    sensitivity: list[SmoothedBarrier] = []


class DensityRecord(MotionRecord):
    """The record of `density`.

    `files` names `density` (npz: `density_per_A3`, `std_per_A3`, `ions_per_voxel` `[n_a, n_b, n_c]` at the grid points
    (i, j, k) / n, `cell_A`, the framework's atoms and the centres of its anions), `cube`, `chgcar`, `vti`, `vts` (of
    skew cells), `structure`, `free_energy` (cube, eV), and `path_a`, `path_b`, `path_c` (CSV).
    """

    rows_in: ClassVar[str] = "isosurfaces"
    kind: Literal["density"] = "density"
    n_ions: int
    mean_cell_A: tuple[Vector, Vector, Vector]
    largest_cell_change: float
    grid: tuple[int, int, int]
    voxel_A3: float
    smoothing_A: float
    integral_ions: float
    maximum_per_A3: float
    samples_per_visited_voxel: float
    symmetry: DensitySymmetry | None = None
    isosurfaces: list[IsoSurface]
    free_energy: DensityFreeEnergy | None = None
