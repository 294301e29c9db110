"""Several files as one trajectory: overlaps are dropped by step or time, gaps are refused."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Clock, Trajectory, TrajectoryWriter, displacements, join_parts, read_trajectory
from trajectory_files import frame_positions, write_dump, write_xdatcar

CELL = np.eye(3) * 6.0
PATH = np.cumsum(np.random.default_rng(0).normal(0, 0.05, (40, 2, 3)), axis=0)
"""A run of 40 frames of two atoms."""


def part(first: int, last: int, *, clock: bool = True, shift: float = 0.0, is_unwrapped: bool = False) -> Trajectory:
    from dataclasses import replace

    made = Trajectory.from_arrays(
        positions_A=PATH[first:last] + shift, cell_A=CELL, symbols=["Na", "Cl"], frame_interval_fs=10.0,
        source=f"part-{first}", is_unwrapped=is_unwrapped,
    )  # fmt: skip
    stride = 5.0 if last - first > 1 else None
    return replace(made, clock=Clock(100.0 + 5 * first, stride, "steps") if clock else None)


def positions(trajectory: Trajectory, max_bytes: int = 10**6) -> np.ndarray:
    return np.concatenate([block.positions_A for block in trajectory.blocks(max_bytes=max_bytes)])


@pytest.mark.parametrize(
    "cuts",
    [
        [(0, 40)],
        [(0, 20), (20, 40)],
        [(0, 21), (20, 40)],
        [(0, 30), (11, 33), (32, 40)],
        [(0, 30), (29, 30), (30, 40)],
    ],
)
def test_parts_give_the_run_back(cuts):
    joined = join_parts([part(*cut) for cut in cuts])
    assert joined.n_frames == 40
    for max_bytes in (1, 200, 10**6):
        np.testing.assert_array_equal(positions(joined, max_bytes), PATH)
    np.testing.assert_array_equal(positions(joined.after(0.15)), PATH[15:])


def test_after_a_restart_the_later_file_counts():
    """The frames of the branch that the restart left are dropped, not those of the run that went on."""
    joined = join_parts([part(0, 30, shift=1.0), part(20, 40)])
    np.testing.assert_array_equal(positions(joined), np.concatenate([PATH[:20] + 1.0, PATH[20:]]))


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ([(0, 20), (21, 40)], "begins at 205 steps, part-0 ends at 195: 1 frames are missing"),
        ([(20, 40), (0, 20)], "not after part-20"),
        ([(0, 20), (0, 20)], "not after part-0"),
    ],
)
def test_gap_and_disorder_are_refused(cuts, message):
    with pytest.raises(TrajectoryError, match=message):
        join_parts([part(*cut) for cut in cuts])


def test_files_without_a_clock_follow_each_other_and_a_doubled_frame_is_dropped():
    for cuts in ([(0, 20), (20, 40)], [(0, 21), (20, 40)]):
        np.testing.assert_array_equal(positions(join_parts([part(*cut, clock=False) for cut in cuts])), PATH)


def test_images_counted_anew_make_the_whole_wrapped():
    """The second file of an unwrapped run begins in the first cell again: minimum images heal the seam."""
    same = join_parts([part(0, 20, is_unwrapped=True), part(20, 40, is_unwrapped=True)])
    assert same.is_unwrapped
    shifted = join_parts([part(0, 20, is_unwrapped=True), part(20, 40, shift=12.0, is_unwrapped=True)])
    assert not shifted.is_unwrapped
    found = displacements(shifted, specie="Na", drift="none").positions_A[:, 0]
    np.testing.assert_allclose(found - found[0], PATH[:, 0] - PATH[0, 0], atol=1e-12)


def test_other_atoms_or_intervals_are_refused():
    from dataclasses import replace

    with pytest.raises(TrajectoryError, match="other atoms"):
        join_parts([part(0, 20), replace(part(20, 40), symbols=("Cl", "Na"))])
    with pytest.raises(TrajectoryError, match="frames are 20 fs apart, 10 fs in part-0"):
        join_parts([part(0, 20), part(20, 40).with_frame_interval(20.0)])
    with pytest.raises(TrajectoryError, match="frames are 10 steps apart, 5 in part-0"):
        join_parts([part(0, 20), replace(part(20, 40), clock=Clock(200.0, 10.0, "steps"))])
    with pytest.raises(TrajectoryError, match="between two frames"):
        join_parts([part(0, 20), replace(part(20, 40), clock=Clock(197.0, 5.0, "steps"))])
    with pytest.raises(TrajectoryError, match="no files"):
        join_parts([])


def test_files_are_joined_by_their_steps(tmp_path):
    write_dump(tmp_path / "a.dump")
    write_dump(tmp_path / "b.dump", steps=(20, 30, 40, 50))
    joined = read_trajectory([tmp_path / "a.dump", tmp_path / "b.dump"], frame_interval_fs=10.0)
    assert joined.n_frames == 6
    expected = np.concatenate([frame_positions()[:2], frame_positions()])
    np.testing.assert_allclose(positions(joined), expected, atol=2e-8)
    write_dump(tmp_path / "b.dump", steps=(50, 60, 70, 80))
    with pytest.raises(TrajectoryError, match="1 frames are missing"):
        read_trajectory([tmp_path / "a.dump", tmp_path / "b.dump"], frame_interval_fs=10.0)


def test_files_of_different_kinds_join(tmp_path):
    write_xdatcar(tmp_path / "XDATCAR")
    writer = TrajectoryWriter.create(
        tmp_path / "run.zarr", symbols=["Na", "Na", "Cl", "H", "H"], masses_u=np.ones(5), frame_interval_fs=10.0
    )
    writer.append(positions_A=frame_positions()[0], cell_A=np.eye(3) * 6, step=0, thermo={})
    writer.flush()
    joined = read_trajectory([tmp_path / "run.zarr", tmp_path / "XDATCAR"], frame_interval_fs=10.0)
    assert (joined.n_frames, joined.is_unwrapped) == (5, False)
