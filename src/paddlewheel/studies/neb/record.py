"""The records of `neb`: sites, hops with their barriers and percolation of one crystal, or a screen of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from paddlewheel.barriers.computed import HopStatus
from paddlewheel.barriers.ends import Mechanism
from paddlewheel.records import Measured, PotentialRecord, Record

PROFILES, SPLINES = "profiles.csv", "splines.csv"
"""Energies of the images of all hops, and between the images."""

Direction = Literal["a", "b", "c", "1D", "2D", "3D"]
"""A loop with a component along that vector of the cell; any loop; two, three independent ones in one network."""


class NebSite(Record):
    """A family of sites: what the space group maps onto each other.

    `energy_eV` is that of the supercell with its vacancy, or its extra ion, there, over the lowest; null where no hop
    from it was computed.
    """

    name: str
    kind: Literal["lattice", "void", "given"]
    fractional: tuple[float, float, float]
    multiplicity: int
    energy_eV: float | None = None


class DroppedSite(Record):
    """A place for an extra ion that is none, and why."""

    name: str
    fractional: tuple[float, float, float]
    reason: str


class NebHop(Record):
    """A family of hops.

    The barrier is from the site `from`, the reverse one from the site `to`; `std` is what is open for want of
    convergence of the band, not the error of the potential. Null where `status` gives none, with `reason`.

    Attributes
    ----------
    vector
        From site to site, in cells.
    multiplicity
        Hops of the family in a cell.
    saddle_force_eV_per_A
        Largest force on an atom at the highest image.
    curvatures_eV_per_A2
        Lowest two eigenvalues of the Hessian of the ion and the six atoms nearest to it, there.
    dip_eV
        Depth of the deepest minimum between two maxima of the path: a place to stay on the way.
    larger_supercell_barrier_eV
        The barrier in the larger supercell, where that was asked for and the hop decides a direction.
    extrapolation_grade
        The largest on the path, of potentials that give one: over 1 it is outside the domain of the training set.
    path
        The images, as extended XYZ.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True, serialize_by_alias=True)

    name: str
    start: str = Field(alias="from")
    to: str
    vector: tuple[float, float, float]
    length_A: float
    multiplicity: int
    status: HopStatus
    reason: str | None = None
    barrier_eV: Measured | None = None
    reverse_barrier_eV: Measured | None = None
    n_steps: int = 0
    saddle_force_eV_per_A: float | None = None
    curvatures_eV_per_A2: tuple[float, float] | None = None
    dip_eV: float | None = None
    larger_supercell_barrier_eV: float | None = None
    extrapolation_grade: float | None = None
    path: str | None = None


class NebPercolation(Record):
    """The way in a direction whose highest saddle is lowest.

    The barrier is that saddle over the lowest site that the way joins without going higher; null where no hops that
    have a barrier lead that way. `bottleneck` is the hop over that saddle.
    """

    direction: Direction
    barrier_eV: Measured | None = None
    bottleneck: str | None = None


class BesideConductivity(Record):
    """The activation energy of a conductivity record, by dynamics, beside the barriers."""

    source: str
    potential: str
    specie: str
    activation_energy_eV: Measured


class NebRecord(PotentialRecord):
    """The record of `neb`.

    Attributes
    ----------
    shortest_image_distance_A
        Of the supercell: how near the defect comes to its own image.
    farthest_hop_A
        Longest hop that was looked for.
    """

    rows_in: ClassVar[str] = "hops"
    kind: Literal["neb"] = "neb"
    structure: str
    formula: str
    space_group: str
    potential: str
    engine: str
    functional: str | None = None
    specie: str
    mechanism: Mechanism
    n_atoms: int
    supercell: tuple[int, int, int]
    larger_supercell: tuple[int, int, int] | None = None
    shortest_image_distance_A: float
    farthest_hop_A: float
    volume_change: float | None = None
    sites: list[NebSite]
    dropped_sites: list[DroppedSite] = []
    hops: list[NebHop]
    percolation: list[NebPercolation]
    beside: BesideConductivity | None = None
    files: dict[str, str] = {}


class NebMovedAtom(Record):
    """An atom that goes from one place to another between given ends; atoms count from 1, as their files list them."""

    symbol: str
    atom: int
    atom_of_end: int
    distance_A: float


def moved_told(moved: Sequence[NebMovedAtom], *, n_reordered: int, drift_A: float) -> str:
    """What moves between given ends, and what was done to match them, in words."""
    told = ", ".join(f"{atom.symbol} {atom.atom} goes {atom.distance_A:.2f} A" for atom in moved[:4])
    if len(moved) > 4:
        told += f", and {len(moved) - 4} others less"
    if n_reordered:
        told += f"; {n_reordered} atoms of the end were listed in another order"
    if drift_A > 0:
        told += f"; the end was shifted by {drift_A:.2f} A as a whole, which is taken out"
    return told


class NebEndsRecord(PotentialRecord):
    """The record of `neb --ends`: one hop between two ends that were given.

    Attributes
    ----------
    specie
        The element of the atom that moves furthest.
    moved
        Atoms that end over 0.5 A from where they began, the furthest first.
    n_reordered
        Atoms that the file of the end lists in another order than that of the start.
    drift_A
        By how much the end as a whole was shifted against the start, which is taken out.
    n_guesses
        Structures between the ends, through which the first path was laid.
    shortest_image_distance_A
        How near the moving atom comes to its own image.
    """

    rows_in: ClassVar[str] = "hops"
    kind: Literal["neb-ends"] = "neb-ends"
    structure: str
    end: str
    formula: str
    potential: str
    engine: str
    functional: str | None = None
    specie: str
    n_atoms: int
    shortest_image_distance_A: float
    moved: list[NebMovedAtom]
    n_reordered: int
    drift_A: float
    n_guesses: int
    hops: list[NebHop]
    files: dict[str, str] = {}


class ScreenRow(Record):
    """One structure of a screen; barriers by direction are null where nothing percolates, with the `reason`."""

    structure: str
    formula: str
    status: Literal["ok", "does-not-percolate", "failed"]
    reason: str | None = None
    n_sites: int | None = None
    n_hops: int | None = None
    n_hops_refused: int | None = None
    barrier_1D_eV: float | None = None
    barrier_2D_eV: float | None = None
    barrier_3D_eV: float | None = None
    seconds: float | None = None


class NebScreenRecord(PotentialRecord):
    """The record of `neb --screen`: vacancy hops in frameworks that do not move, of many structures."""

    rows_in: ClassVar[str] = "rows"
    kind: Literal["neb-screen"] = "neb-screen"
    potential: str
    rows: list[ScreenRow]
