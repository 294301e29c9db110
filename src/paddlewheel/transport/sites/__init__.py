"""Sites of mobile ions and the jumps between them: where, how full, how long, how often, how far, how correlated."""

from __future__ import annotations

from paddlewheel.transport.sites.assignment import Assignment, Followed, assign, site_paths_A
from paddlewheel.transport.sites.correlation import (
    CorrelationFactor,
    JumpDiffusivity,
    correlation_factor,
    jump_diffusivity,
)
from paddlewheel.transport.sites.families import group_by_symmetry
from paddlewheel.transport.sites.jumps import (
    Jumps,
    PairRate,
    counts_by_ion,
    dispersion,
    family_rates,
    find_jumps,
    jump_matrix,
    pair_rates,
    site_times_ps,
)
from paddlewheel.transport.sites.lookup import site_volumes_A3
from paddlewheel.transport.sites.maxima import find_sites
from paddlewheel.transport.sites.occupancy import Occupancy, family_occupancy, site_occupancy
from paddlewheel.transport.sites.rate import Rate
from paddlewheel.transport.sites.residence import Survival, exit_rates, survival
from paddlewheel.transport.sites.site import MINIMUM_DISTANCE_A, Sites, check_overlap, core_radii_A

__all__ = [
    "MINIMUM_DISTANCE_A",
    "Assignment",
    "CorrelationFactor",
    "Followed",
    "JumpDiffusivity",
    "Jumps",
    "Occupancy",
    "PairRate",
    "Rate",
    "Sites",
    "Survival",
    "assign",
    "check_overlap",
    "core_radii_A",
    "correlation_factor",
    "counts_by_ion",
    "dispersion",
    "exit_rates",
    "family_occupancy",
    "family_rates",
    "find_jumps",
    "find_sites",
    "group_by_symmetry",
    "jump_diffusivity",
    "jump_matrix",
    "pair_rates",
    "site_occupancy",
    "site_paths_A",
    "site_times_ps",
    "site_volumes_A3",
    "survival",
]
