"""The streaming interface over arrays: blocks, slices by time, and inputs it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Trajectory

POSITIONS = np.arange(10 * 2 * 3, dtype=float).reshape(10, 2, 3)
CELL = np.diag([5.0, 6.0, 7.0])


def make(**changes) -> Trajectory:
    given = {"positions_A": POSITIONS, "cell_A": CELL, "symbols": ["Na", "Cl"], "frame_interval_fs": 10.0} | changes
    return Trajectory.from_arrays(**given)


def all_positions(trajectory: Trajectory, **options) -> np.ndarray:
    return np.concatenate([block.positions_A for block in trajectory.blocks(**options)])


@pytest.mark.parametrize("max_bytes", [1, 48, 150, 10**6])
def test_blocks_cover_every_frame_once_and_stay_within_the_bound(max_bytes):
    trajectory = make()
    starts = [block.start for block in trajectory.blocks(max_bytes=max_bytes)]
    sizes = [len(block.positions_A) for block in trajectory.blocks(max_bytes=max_bytes)]
    assert starts == np.cumsum([0, *sizes[:-1]]).tolist()
    assert all(size * 48 <= max(max_bytes, 48) for size in sizes)
    np.testing.assert_array_equal(all_positions(trajectory, max_bytes=max_bytes), POSITIONS)


def test_after_keeps_frames_from_that_time_on():
    trajectory = make()
    np.testing.assert_array_equal(all_positions(trajectory.after(0.03)), POSITIONS[3:])
    np.testing.assert_array_equal(all_positions(trajectory.after(0.031)), POSITIONS[4:])
    np.testing.assert_array_equal(all_positions(trajectory.after(0.02).after(0.01), max_bytes=48), POSITIONS[3:])
    assert trajectory.after(0.0).n_frames == 10
    with pytest.raises(TrajectoryError, match=r"nothing is left after the first 0\.1 ps of 0\.09 ps"):
        trajectory.after(0.1)
    with pytest.raises(TrajectoryError, match="time between frames"):
        make(frame_interval_fs=None).after(0.01)


def test_changing_cell_is_kept():
    cells = CELL * np.linspace(1, 1.1, 10)[:, None, None]
    found = np.concatenate([block.cell_A for block in make(cell_A=cells).blocks(max_bytes=100)])
    np.testing.assert_array_equal(found, cells)


def test_masses_are_those_of_the_elements():
    np.testing.assert_allclose(make().masses_u, [22.98976928, 35.45])  # IUPAC


BROKEN = np.where(np.arange(60).reshape(POSITIONS.shape) == 20, np.nan, POSITIONS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions_A": POSITIONS[0]}, r"shape \(2, 3\), not \[n_frames, n_atoms, 3\]"),
        ({"positions_A": POSITIONS[:0]}, "no frames"),
        ({"positions_A": BROKEN}, "frame 3 is not finite"),
        ({"positions_A": POSITIONS.astype(str)}, "must be numbers"),
        ({"positions_A": POSITIONS + 1j}, "must be numbers"),
        ({"positions_A": [[[0, 0, 0], [1, 1]]]}, "must be numbers"),
        ({"cell_A": [5, 6, 7]}, r"shape \(3,\)"),
        ({"cell_A": np.zeros((3, 3))}, "frame 0 has no volume"),
        ({"cell_A": np.full((3, 3), np.inf)}, "frame 0 is not finite"),
        ({"cell_A": np.broadcast_to(CELL, (9, 3, 3))}, r"shape \(9, 3, 3\)"),
        ({"symbols": ["Na"]}, "2 atoms in positions_A, 1 symbols"),
        ({"symbols": ["Na", "Xx"]}, "'Xx' is no chemical element"),
        ({"symbols": ["Na", "X"]}, "'X' is no chemical element"),
        ({"symbols": [], "positions_A": np.zeros((2, 0, 3))}, "no atoms"),
        ({"masses_u": [1.0]}, "2 positive numbers"),
        ({"masses_u": [1.0, 0.0]}, "2 positive numbers"),
        ({"frame_interval_fs": 0.0}, "interval is 0 fs"),
        ({"frame_interval_fs": float("nan")}, "interval is nan fs"),
    ],
)
def test_bad_arrays_are_refused(changes, message):
    with pytest.raises(TrajectoryError, match=message):
        make(**changes)
