"""Trajectories: a crash-safe Zarr store, readers of other programs' files, and displacements of ions."""

from paddlewheel.trajectories.readers import read_trajectory
from paddlewheel.trajectories.store import TrajectoryWriter
from paddlewheel.trajectories.store_reader import open_store, read_metadata, read_thermo
from paddlewheel.trajectories.trajectory import Frames, Trajectory
from paddlewheel.trajectories.unwrap import Displacements, displacements

__all__ = [
    "Displacements",
    "Frames",
    "Trajectory",
    "TrajectoryWriter",
    "displacements",
    "open_store",
    "read_metadata",
    "read_thermo",
    "read_trajectory",
]
