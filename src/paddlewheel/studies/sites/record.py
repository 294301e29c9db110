"""The record of `sites`: where the mobile ions rest, and their jumps."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records.base import Interval, Measured, Record
from paddlewheel.studies.motion.record import MotionRecord

FamiliesBy = Literal["label", "symmetry", "site"]

SITES, SITE_LIST, JUMPS, PAIRS, IONS, SURVIVAL = (
    "sites.csv", "sites.txt", "jumps.csv", "pairs.csv", "ions.csv", "survival.csv"
)  # fmt: skip
"""Beside the record: the list is for other runs of the same crystal (`crystals.read_site_list`)."""
PAIR_NAMES, SURVIVAL_NAMES = ("origin", "destination"), ("family",)
"""Columns of text in those tables."""


class SiteFamily(Record):
    """Equivalent sites.

    `occupancy_seen` is the mean over the run of ions per site, by the core visited last; `occupancy` is the same with
    its error, null where fewer than five ions came or went. `occupancy_nearest` counts an ion on the nearest site,
    `occupancy_core` only inside a core. Residence time and exit rate are those of one ion on one site; null without an
    exit, and the interval of the rate is then from 0.
    """

    name: str
    n_sites: int
    volume_A3: float
    core_radius_A: float
    occupancy_seen: float
    occupancy: Measured | None
    occupancy_nearest: float
    occupancy_core: float
    exits: int
    exit_rate_per_ps: Measured | None
    exit_rate_95_per_ps: Interval | None
    residence_time_ps: Measured | None
    residence_time_95_ps: Interval | None


class SiteResult(Record):
    """One site, in fractional coordinates of the mean cell; the rest as in `SiteFamily`."""

    label: str
    family: str
    fractional: tuple[float, float, float]
    volume_A3: float
    core_radius_A: float
    occupancy_seen: float
    occupancy: Measured | None
    occupancy_nearest: float
    occupancy_core: float
    exits: int
    residence_time_ps: Measured | None


class FamilyJumps(Record):
    """Jumps from the sites of one family to those of another (or the same): how often an ion on the first makes one.

    `activation_free_energy_eV` is the rate read by Eyring's equation, kT ln(kT / (h rate)), whose prefactor is
    assumed; null without a temperature.
    """

    origin: str
    destination: str
    count: int
    rate_per_ps: Measured
    rate_95_per_ps: Interval
    length_A: float
    activation_free_energy_eV: Measured | None


class SitesRecord(MotionRecord):
    """What `sites` found.

    `unassigned_share` is the share of ion-time before an ion's first visit to any core; `core_share` that inside of
    cores; `unseen_share` the share of jumps between two consecutive frames, whose way nobody saw; `return_share` that
    of jumps undone by the ion's next one, among those that have a next one. `dispersion` is variance over mean of the
    jumps of an ion (1: independent, all ions alike); the error of the jump rate is widened by its square root, which no
    interval of a Poisson count allows for.
    """

    rows_in: ClassVar[str] = "families"
    kind: Literal["sites"] = "sites"
    site_source: str = Field(description="density, or the list of sites")
    families_by: FamiliesBy
    space_group: str | None
    repeats: tuple[int, int, int] | None
    mean_cell_A: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    n_ions: int
    n_sites: int
    families: list[SiteFamily]
    sites: list[SiteResult]
    family_jumps: list[FamilyJumps]
    n_jumps: int
    jump_rate_per_ps: Measured | None
    jump_rate_95_per_ps: Interval | None
    dispersion: float | None
    jump_length_A: float | None = Field(description="root mean square")
    return_share: float | None
    unseen_share: float | None
    core_share: float
    unassigned_share: float
    jump_diffusivity_cm2_per_s: Measured | None
    tracer_diffusivity_cm2_per_s: Measured | None
    correlation_factor: Measured | None
    correlation_factor_95: Interval | None
    correlation_status: str = Field(description="ok, or why there is no correlation factor")
