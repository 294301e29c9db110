"""Rotation of rigid polyanions: orientations, angular velocity, memory, jumps, maps, and coupling to hopping ions.

Functions of arrays that return frozen dataclasses; they know nothing of files. Everything begins with `track_cages`.
"""

from __future__ import annotations

from paddlewheel.transport.rotation.average import Estimate
from paddlewheel.transport.rotation.cages import Cage, cages_of
from paddlewheel.transport.rotation.correlation import Correlation, Memory, Relaxation, orientational_memory
from paddlewheel.transport.rotation.coupling import Coupling, couple
from paddlewheel.transport.rotation.hops import Hops, find_hops
from paddlewheel.transport.rotation.jumps import Jumps, find_jumps, thermal_time_ps
from paddlewheel.transport.rotation.maps import DirectionMap, direction_map, map_edges
from paddlewheel.transport.rotation.speed import AngularVelocity, PaperSpeed, angular_velocity, paper_speed
from paddlewheel.transport.rotation.tracking import CageMotion, track_cages

__all__ = [
    "AngularVelocity", "Cage", "CageMotion", "Correlation", "Coupling", "DirectionMap", "Estimate", "Hops", "Jumps",
    "Memory", "PaperSpeed", "Relaxation", "angular_velocity", "cages_of", "couple", "direction_map", "find_hops",
    "find_jumps", "map_edges", "orientational_memory", "paper_speed", "thermal_time_ps", "track_cages",
]  # fmt: skip
