"""Trajectories: a crash-safe Zarr store, readers of other programs' files, and displacements of ions."""

from paddlewheel.trajectories.clock import Clock
from paddlewheel.trajectories.parts import join_parts
from paddlewheel.trajectories.readers import is_text, read_trajectory
from paddlewheel.trajectories.store import TrajectoryWriter
from paddlewheel.trajectories.store_reader import ENERGY, open_store, read_metadata, read_thermo
from paddlewheel.trajectories.trajectory import Frames, Trajectory
from paddlewheel.trajectories.unwrap import Displacements, FractionalFrames, displacements, fractional_paths

__all__ = [
    "ENERGY",
    "Clock",
    "Displacements",
    "FractionalFrames",
    "Frames",
    "Trajectory",
    "TrajectoryWriter",
    "displacements",
    "fractional_paths",
    "is_text",
    "join_parts",
    "open_store",
    "read_metadata",
    "read_thermo",
    "read_trajectory",
]
