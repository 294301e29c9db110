"""Frames that are in a file twice, and intervals that make no sense of its steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel import analyze, van_hove
from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import read_trajectory


def _walk(n_frames: int, seed: int = 1) -> np.ndarray:
    """24 Na that walk at random beside a lattice of 24 Cl that vibrate, `[n_frames, 48, 3]` in A."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 12, (48, 3))
    start[24:] = 12 * np.stack(np.meshgrid(*(np.arange(n) / n for n in (4, 3, 2))), axis=-1).reshape(-1, 3)
    steps = rng.normal(0, 0.3, (n_frames, 24, 3))
    walked = np.concatenate([np.cumsum(steps, axis=0), rng.normal(0, 0.1, (n_frames, 24, 3))], axis=1)
    return start + walked


def _save(path: Path, positions: np.ndarray) -> Path:
    symbols = ["Na"] * 24 + ["Cl"] * (positions.shape[1] - 24)
    np.savez(path, positions_A=positions, cell_A=12 * np.eye(3), symbols=symbols)
    return path


_GIVEN = {"specie": "Na", "temperature_K": 600, "frame_interval_fs": 100}


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (np.repeat(np.arange(200), 2), "200 of 400 frames repeat an earlier one"),  # every frame twice: D is halved
        (np.tile(np.arange(200), 2), "200 of 400 frames"),  # a file put behind itself
        (np.r_[0:120, 100:200], "20 of 220 frames repeat an earlier one \\(frame 120 is frame 100\\)"),  # a restart
    ],
)
def test_a_file_that_holds_frames_twice_is_refused(tmp_path: Path, frames: np.ndarray, told: str) -> None:
    path = _save(tmp_path / "run.npz", _walk(200)[frames])
    for analysis in (analyze, van_hove):
        with pytest.raises(TrajectoryError, match=told):
            analysis(path, **_GIVEN)


def test_the_seam_of_two_runs_is_told_and_a_clean_run_is_not(tmp_path: Path) -> None:
    positions = _walk(400)
    clean = analyze(_save(tmp_path / "clean.npz", positions), **_GIVEN)
    assert not any("repeat" in text for text in clean.warnings)
    seam = analyze(_save(tmp_path / "seam.npz", positions[np.r_[0:200, 199:400]]), **_GIVEN)
    assert any("1 of 401 frames repeat an earlier one (frame 200 is frame 199)" in text for text in seam.warnings)


def test_hops_between_sites_come_back_and_are_no_fault(tmp_path: Path) -> None:
    """Of kinetic Monte Carlo: in a frame three ions of 24 hop, in many none, and configurations return."""
    rng = np.random.default_rng(2)
    hops = np.zeros((400, 24, 3))
    hops[np.arange(400), rng.integers(24, size=400), rng.integers(3, size=400)] = rng.choice([-3.0, 0.0, 3.0], 400)
    sites = np.concatenate([np.cumsum(hops, axis=0), np.zeros((400, 24, 3))], axis=1) + _walk(1)[0]
    record = analyze(_save(tmp_path / "kmc.npz", sites), **_GIVEN)
    assert not any("repeat" in text for text in record.warnings)


@pytest.mark.parametrize(
    ("stride", "interval_fs", "is_refused"),
    [(1000, 10, True), (1000, 1000, False), (100, 5, False), (10, 1000, True), (10, 100, False), (1, 100, False)],
)
def test_an_interval_is_held_against_the_steps_of_a_dump(
    tmp_path: Path, stride: int, interval_fs: float, is_refused: bool
) -> None:
    """0.01 fs and 100 fs a step are no molecular dynamics; 0.05 to 20 fs may be."""
    frames = [
        f"ITEM: TIMESTEP\n{index * stride}\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 5\n0 5\n"
        f"ITEM: ATOMS id element x y z\n1 Na {index % 5} 0 0\n"
        for index in range(6)
    ]
    path = tmp_path / "run.dump"
    path.write_text("".join(frames), encoding="utf-8")
    if is_refused:
        told = f"{stride} steps apart, and {interval_fs} fs were given: .* fs a step"
        with pytest.raises(TrajectoryError, match=told):
            read_trajectory(path, frame_interval_fs=interval_fs)
    else:
        assert read_trajectory(path, frame_interval_fs=interval_fs).frame_interval_fs == interval_fs
