"""Read trajectories that other programs wrote: what a file is, is told by its contents."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.trajectories.readers.npz import read_npz
from paddlewheel.trajectories.trajectory import Trajectory


def read_trajectory(path: str | Path, *, frame_interval_fs: float | None = None) -> Trajectory:
    path = Path(path)
    t = read_npz(path)
    return t.with_frame_interval(frame_interval_fs) if frame_interval_fs else t
