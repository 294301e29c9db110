"""A cell can be given for files that have none, and only for those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io.trajectory import Trajectory as AseTrajectory

from paddlewheel import analyze
from paddlewheel.cli.main import status_of
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.trajectories import read_trajectory
from paddlewheel.trajectories.trajectory import cell_of_numbers

_TRICLINIC = (11.0, 12.0, 13.0, 80.0, 95.0, 110.0)


def _positions(n_frames: int = 200) -> np.ndarray:
    """8 Na that walk at random beside a lattice of 8 Cl, wrapped into a cube of 10 A, `[n_frames, 16, 3]`."""
    rng = np.random.default_rng(1)
    steps = rng.normal(0, 0.3, (n_frames, 8, 3))
    start = rng.uniform(0, 10, (16, 3))
    start[8:] = 5 * np.stack(np.meshgrid(*[np.arange(2)] * 3), axis=-1).reshape(-1, 3)
    walked = [np.cumsum(steps, axis=0), rng.normal(0, 0.1, (n_frames, 8, 3))]
    return (start + np.concatenate(walked, axis=1)) % 10


def _xyz(path: Path, positions: np.ndarray, comment: str = "frame") -> Path:
    names = ["Na"] * 8 + ["Cl"] * 8
    lines = []
    for frame in positions:
        lines += ["16", comment]
        lines += [f"{name} {x:.6f} {y:.6f} {z:.6f}" for name, (x, y, z) in zip(names, frame, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_plain_xyz_in_a_given_cell_is_the_extended_one(tmp_path: Path) -> None:
    given = {"specie": "Na", "temperature_K": 600, "frame_interval_fs": 100}
    plain = _xyz(tmp_path / "plain.xyz", _positions())
    own = _xyz(tmp_path / "own.xyz", _positions(), 'Lattice="10 0 0 0 10 0 0 0 10" Properties=species:S:1:pos:R:3')
    expected = analyze(own, **given).temperatures[0]
    for cell in ("10,10,10,90,90,90", (10, 0, 0, 0, 10, 0, 0, 0, 10)):
        row = analyze(plain, cell=cell, **given).temperatures[0]
        assert row.diffusivity_cm2_per_s is not None
        assert expected.diffusivity_cm2_per_s is not None
        assert row.diffusivity_cm2_per_s.value == pytest.approx(expected.diffusivity_cm2_per_s.value, rel=1e-9)
    with pytest.raises(TrajectoryError, match=r"no Lattice in the comment.*--cell"):
        read_trajectory(plain, frame_interval_fs=100)


def test_lengths_and_angles_make_the_lattice(tmp_path: Path) -> None:
    path = _xyz(tmp_path / "plain.xyz", _positions(3))
    cell = next(iter(read_trajectory(path, frame_interval_fs=1, cell=_TRICLINIC).blocks())).cell_A[0]
    lengths = np.linalg.norm(cell, axis=1)
    np.testing.assert_allclose(lengths, _TRICLINIC[:3])
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = [cell[i] @ cell[j] / (lengths[i] * lengths[j]) for i, j in pairs]
    np.testing.assert_allclose(np.degrees(np.arccos(cosines)), _TRICLINIC[3:])


def test_atoms_of_ase_without_a_cell(tmp_path: Path) -> None:
    with AseTrajectory(tmp_path / "run.traj", "w") as writer:
        for frame in _positions(3):
            writer.write(Atoms("Na8Cl8", positions=frame))
    with pytest.raises(TrajectoryError, match=r"has no volume.*--cell"):
        list(read_trajectory(tmp_path / "run.traj", frame_interval_fs=1).blocks())
    read = read_trajectory(tmp_path / "run.traj", frame_interval_fs=1, cell=(10, 10, 10, 90, 90, 90))
    np.testing.assert_allclose(next(iter(read.blocks())).cell_A, np.broadcast_to(10 * np.eye(3), (3, 3, 3)), atol=1e-9)


def test_a_cell_of_the_file_that_differs_is_refused_and_one_that_is_turned_is_kept(tmp_path: Path) -> None:
    turned = 'Lattice="0 10 0 0 0 10 10 0 0" Properties=species:S:1:pos:R:3'
    path = _xyz(tmp_path / "own.xyz", _positions(3), turned)
    with pytest.raises(TrajectoryError, match=r"has a cell of its own, which differs.*leave --cell out"):
        read_trajectory(path, frame_interval_fs=1, cell=(11, 10, 10, 90, 90, 90))
    kept = next(iter(read_trajectory(path, frame_interval_fs=1, cell=(10, 10, 10, 90, 90, 90)).blocks())).cell_A[0]
    np.testing.assert_array_equal(kept, [[0, 10, 0], [0, 0, 10], [10, 0, 0]])


@pytest.mark.parametrize(
    "numbers",
    [
        (10, 10, 10),
        (10, 10, 10, 90, 90, 180),
        (10, -10, 10, 90, 90, 90),
        (10, 10, 10, 30, 30, 120),  # no three vectors have these angles
        (10, 0, 0, 20, 0, 0, 0, 0, 10),
        (float("nan"),) * 6,
    ],
)
def test_numbers_of_no_cell_are_refused(tmp_path: Path, numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"cell|numbers"):
        cell_of_numbers(numbers)
    path = _xyz(tmp_path / "plain.xyz", _positions(3))
    with pytest.raises(SettingsError, match="a,b,c,alpha,beta,gamma"):
        read_trajectory(path, frame_interval_fs=1, cell=numbers)


def test_convert_takes_a_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = _xyz(tmp_path / "plain.xyz", _positions(5)), tmp_path / "run.zarr"
    command = ["convert", str(path), "--frame-interval-fs", "10", "--out", str(out)]
    assert status_of([*command, "--cell", "10,10"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not out.exists()
    assert status_of([*command, "--cell", "10,10,10,90,90,90"]) == 0
    np.testing.assert_allclose(next(iter(read_trajectory(out).blocks())).cell_A[0], 10 * np.eye(3), atol=1e-9)
