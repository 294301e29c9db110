"""A file cut anywhere is refused, unless the cut leaves whole frames."""

from __future__ import annotations

import gzip
import lzma
import random
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import read_trajectory
from trajectory_files import (
    N_FRAMES,
    frame_positions,
    write_dump,
    write_extxyz,
    write_npz,
    write_traj,
    write_vasprun,
    write_xdatcar,
)


def write_fixed_xdatcar(path: Path) -> None:
    write_xdatcar(path, fixed=True)


FRAME_STARTS = {
    write_extxyz: b"5\nLattice",
    write_xdatcar: b"some salt",
    write_fixed_xdatcar: b"Direct",
    write_dump: b"ITEM: TIMESTEP",
}
"""Text with which each frame begins, of the formats that may be cut between frames."""


def frames_of(path: Path) -> int:
    blocks = read_trajectory(path, frame_interval_fs=None if path.suffix == ".xml" else 20.0).blocks()
    positions = np.concatenate([block.positions_A for block in blocks])
    fixed = "fixed" in path.name
    np.testing.assert_allclose(positions, frame_positions(fixed=fixed)[: len(positions)], atol=1e-7)
    return len(positions)


@pytest.mark.parametrize("write", FRAME_STARTS)
def test_text_cut_anywhere(tmp_path, write):
    path = tmp_path / ("fixed" if write is write_fixed_xdatcar else "breathing")
    write(path)
    whole = path.read_bytes()
    boundaries = {
        start: frame
        for frame, start in enumerate(
            [index for index in range(len(whole)) if whole.startswith(FRAME_STARTS[write], index)] + [len(whole)]
        )
        if frame
    }
    assert len(boundaries) == N_FRAMES
    generator = random.Random(3)
    last_line = range(whole[:-1].rindex(b"\n") + 1, len(whole))  # where a number may be cut and still be one
    cuts = {*boundaries, *last_line, *(generator.randrange(len(whole)) for _ in range(150))}
    for cut in sorted(cuts):
        path.write_bytes(whole[:cut])
        if cut in boundaries:
            assert frames_of(path) == boundaries[cut]
            continue
        refused, found = None, np.empty((0, 5, 3))
        try:
            found = read_trajectory(path, frame_interval_fs=20.0).positions()
        except TrajectoryError as error:
            refused = str(error)
        # what is read: only the end of a frame's last line is missing, or a last digit that may be a zero left out
        assert refused is None or str(path) in refused
        np.testing.assert_allclose(found, frame_positions(fixed="fixed" in path.name)[: len(found)], atol=1e-5)


@pytest.mark.parametrize(
    ("write", "name"), [(write_vasprun, "vasprun.xml"), (write_traj, "run.traj"), (write_npz, "run.npz")]
)
def test_file_that_has_an_end_cut_anywhere(tmp_path, write, name):
    path = tmp_path / name
    write(path)
    whole = path.read_bytes()
    assert frames_of(path) == N_FRAMES
    generator = random.Random(4)
    ends = len(whole.rstrip())  # the end of line after </modeling> is no part of the document
    for cut in {*(generator.randrange(ends) for _ in range(150)), *range(ends - 30, ends)}:
        path.write_bytes(whole[:cut])
        with pytest.raises(TrajectoryError) as caught:
            frames_of(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_compressed_text_cut_anywhere(tmp_path, compress):
    path = tmp_path / "fixed"
    write_fixed_xdatcar(path)
    whole = compress(path.read_bytes())
    for cut in {*range(0, len(whole), 7), len(whole) - 1}:
        path.write_bytes(whole[:cut])
        with pytest.raises(TrajectoryError):
            frames_of(path)


def test_truncated_vasprun_names_the_last_complete_step(tmp_path):
    path = tmp_path / "vasprun.xml"
    write_vasprun(path)
    whole = path.read_text()
    path.write_text(whole[: whole.rindex("<calculation>") + 200])
    with pytest.raises(TrajectoryError, match="step 3 is the last complete one"):
        read_trajectory(path)


def test_truncated_text_names_the_last_whole_frame(tmp_path):
    path = tmp_path / "fixed"
    write_fixed_xdatcar(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(TrajectoryError, match=r"ends in frame 3, line 31 \(frame 2 is the last whole one\)"):
        read_trajectory(path, frame_interval_fs=20.0)


@pytest.mark.parametrize("write", [write_vasprun, write_traj, write_npz, *FRAME_STARTS])
def test_bytes_that_flip_raise_nothing_else(tmp_path, write):
    """A flipped bit may make another valid number in a text; anything but frames or a TrajectoryError is a defect."""
    path = tmp_path / "file"
    write(path)
    whole = path.read_bytes()
    generator = random.Random(6)
    refused = 0
    for _ in range(150):
        broken = bytearray(whole)
        broken[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(bytes(broken))
        try:
            list(read_trajectory(path, frame_interval_fs=None if write is write_vasprun else 20.0).blocks())
        except TrajectoryError:
            refused += 1
    assert refused > 10
