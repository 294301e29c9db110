"""Steps and times that files give their frames: restarts, holes, two intervals, two counts, whichever the reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Trajectory, read_trajectory
from paddlewheel.trajectories.clock import check_even, even_frames

HERE = Path("run")
PER_STEP_A = 0.004
"""How far the first atom goes in a step, so that a frame's step can be read from its position."""


def _dump(path: Path, steps: list[int]) -> None:
    rows = (
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 10\n0 10\n0 10\n"
        f"ITEM: ATOMS id element xu yu zu\n1 Li {PER_STEP_A * step:.6f} 5 5\n2 S 1 1 1\n"
        for step in steps
    )
    path.write_text("".join(rows))


def _extxyz(path: Path, steps: list[int], comment: Callable[[int], str] = lambda step: f"Timestep={step}") -> None:
    lattice = 'Lattice="10 0 0 0 10 0 0 0 10" Properties=species:S:1:pos:R:3'
    rows = (f"2\n{comment(step)} {lattice}\nLi {PER_STEP_A * step:.6f} 5 5\nS 1 1 1\n" for step in steps)
    path.write_text("".join(rows))


def _xdatcar(path: Path, steps: list[int]) -> None:
    rows = (f"Direct configuration= {step}\n{PER_STEP_A * step / 10:.8f} 0.5 0.5\n0.1 0.1 0.1\n" for step in steps)
    path.write_text("made\n1.0\n10 0 0\n0 10 0\n0 0 10\nLi S\n1 1\n" + "".join(rows))


def _positions(steps: list[int]) -> np.ndarray:
    positions = np.full((len(steps), 2, 3), 5.0)
    positions[:, 0, 0] = PER_STEP_A * np.array(steps)
    return positions


def _npz(path: Path, steps: list[int]) -> None:
    with open(path, "wb") as stream:
        np.savez(stream, positions_A=_positions(steps), cell_A=np.eye(3) * 10, symbols=["Li", "S"], step=steps)


def _h5md(path: Path, steps: list[int]) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("particles/all")
        group.create_dataset("species", data=np.array([b"Li", b"S"]))
        box = group.create_group("box")
        box.attrs["boundary"] = np.array([b"periodic"] * 3)
        box.create_dataset("edges", data=np.full(3, 10.0)).attrs["unit"] = "Angstrom"
        position = group.create_group("position")
        position.create_dataset("value", data=_positions(steps)).attrs["unit"] = "Angstrom"
        position.create_dataset("step", data=np.array(steps))


WRITERS: dict[str, Callable[[Path, list[int]], None]] = {
    "dump": _dump, "extxyz": _extxyz, "XDATCAR": _xdatcar, "npz": _npz, "h5md": _h5md
}  # fmt: skip


def _read(folder: Path, kind: str, steps: list[int], interval_fs: float = 50.0) -> Trajectory:
    path = folder / f"run.{kind}"
    WRITERS[kind](path, steps)
    return read_trajectory(path, frame_interval_fs=interval_fs)


def _steps_read(trajectory: Trajectory) -> np.ndarray:
    return np.rint(trajectory.positions()[:, 0, 0] / PER_STEP_A)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_restart_counts_once_and_is_said(tmp_path: Path, kind: str) -> None:
    """Steps 30 and 40 were written again: by the file's own numbers one run of 0, 10, ..., 60."""
    trajectory = _read(tmp_path, kind, [0, 10, 20, 30, 40, 30, 40, 50, 60])
    np.testing.assert_array_equal(_steps_read(trajectory), range(0, 70, 10))
    assert "restarted (step 30); 2" in trajectory.notes[0]
    doubled = _read(tmp_path, kind, [10, 20, 20, 30, 40])
    np.testing.assert_array_equal(_steps_read(doubled), range(10, 50, 10))
    np.testing.assert_array_equal(_steps_read(doubled.after(0.1)), [30, 40])


@pytest.mark.parametrize("kind", WRITERS)
def test_missing_frames_are_refused_by_their_steps(tmp_path: Path, kind: str) -> None:
    with pytest.raises(TrajectoryError, match=r"30 to 40 are missing; give the parts"):
        _read(tmp_path, kind, [0, 10, 20, 50, 60, 70])


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "XDATCAR"])
def test_a_file_put_behind_itself_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(TrajectoryError, match=r"begin again: step 0 comes after step 30 \(frames 3 and 4\)"):
        _read(tmp_path, kind, [0, 10, 20, 30, 0, 10, 20, 30])


@given(
    kind=st.sampled_from(sorted(WRITERS)), first=st.integers(1, 400), stride=st.integers(1, 50),
    n_fine=st.integers(4, 9), factor=st.sampled_from([1, 2, 5]), n_coarse=st.integers(3, 6),
    back=st.integers(0, 2),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_steps_of_the_file_agree_with_the_interval_whichever_reader(
    tmp_path_factory, kind, first, stride, n_fine, factor, n_coarse, back
) -> None:
    """With a restart within, and a change of the interval later: the frames that come out are as many of the file's
    steps apart as the interval says, when that of the first two frames was given."""
    fine = [first + stride * k for k in range(n_fine)]
    fine += [fine[-1] - stride * (back - 1 - k) for k in range(back)]  # the last `back` frames twice
    steps = fine + [fine[-1] + stride * factor * (k + 1) for k in range(n_coarse)]
    trajectory = _read(tmp_path_factory.mktemp("clock"), kind, steps, interval_fs=2.0 * stride)
    told = _steps_read(trajectory)
    assert trajectory.frame_interval_fs is not None
    np.testing.assert_allclose(np.diff(told) * 2.0, trajectory.frame_interval_fs)
    assert told[0] - first < stride * factor
    assert steps[-1] - told[-1] < stride * factor
    assert bool(trajectory.notes) == (back > 0 or factor > 1)


@given(values=st.lists(st.integers(0, 40), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_numbers_come_out_even_or_are_refused(values: list[int]) -> None:
    try:
        even = even_frames(values, "steps", path=HERE)
    except TrajectoryError:
        assert len(set(np.diff(values))) > 1  # frames at one distance are never refused
        return
    kept = np.array(values) if even.kept is None else np.array(values)[even.kept]
    if even.clock is None:
        assert len(set(values)) == 1
        return
    assert len(set(np.diff(kept))) <= 1
    assert even.clock.first == kept[0]
    assert np.all(np.diff(kept) == (even.clock.stride or 0))


@given(n=st.integers(2, 200), stride_ps=st.floats(1e-3, 1.0), first_ps=st.floats(0, 1000))
@settings(max_examples=60, deadline=None)
def test_single_precision_is_no_unevenness(n: int, stride_ps: float, first_ps: float) -> None:
    times = (first_ps + stride_ps * np.arange(n)).astype(np.float32)
    if np.spacing(times[-1]) > 0.1 * stride_ps:
        return
    clock = even_frames(times, "time", path=HERE).clock
    assert clock is not None
    assert clock.stride == pytest.approx(stride_ps, abs=2 * float(np.spacing(times[-1])), rel=1e-4)


def test_two_counts_that_disagree_are_refused() -> None:
    """LAMMPS with fix dt/reset: equal steps, unequal times."""
    with pytest.raises(TrajectoryError, match="though frames are equally spaced by their steps"):
        check_even([0.0, 1.0, 2.0, 2.5, 3.0], "time", path=HERE, beside="their steps")


@pytest.mark.parametrize(
    ("comment", "told_fs"),
    [
        (lambda step: f"time_ps={step * 0.001:.3f}", 10.0),
        (lambda step: f"time_fs={step}", 10.0),
        (lambda step: f"Time={step / 2:.8f}", None),
        (lambda step: f"time={0.3 + 0.1 * np.sin(step):.4f}", None),
    ],
)
def test_times_in_the_comments(tmp_path: Path, comment: Callable[[int], str], told_fs: float | None) -> None:
    """A key with its unit tells the interval; one without is asked for; what a step took to compute is none."""
    path = tmp_path / "run.xyz"
    _extxyz(path, [10 * k for k in range(12)], comment)
    if told_fs is None:
        assert read_trajectory(path, frame_interval_fs=5.0).frame_interval_fs == 5.0
    else:
        assert read_trajectory(path).frame_interval_fs == told_fs
        with pytest.raises(TrajectoryError, match="as the file says"):
            read_trajectory(path, frame_interval_fs=7.0)


def test_an_interval_in_no_unit_of_the_files_times_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.xyz"
    _extxyz(path, [10 * k for k in range(12)], lambda step: f"Time={step:.8f}")
    assert read_trajectory(path, frame_interval_fs=1e4).frame_interval_fs == 1e4  # ps
    with pytest.raises(TrajectoryError, match="frames are 10 apart by their times, 2 fs were given"):
        read_trajectory(path, frame_interval_fs=2.0)


def test_times_of_an_npz_beside_its_interval(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    keys = {"positions_A": _positions([0, 1, 2]), "cell_A": np.eye(3) * 10, "symbols": ["Li", "S"]}
    np.savez(path, **keys, time_fs=[0.0, 20.0, 40.0])
    assert read_trajectory(path).frame_interval_fs == 20.0
    np.savez(path, **keys, time_fs=[0.0, 20.0, 40.0], frame_interval_fs=10.0)
    with pytest.raises(TrajectoryError, match="frame_interval_fs is 10, and its time_fs are 20 apart"):
        read_trajectory(path)


def test_ase_dynamics_tell_their_interval(tmp_path: Path) -> None:
    from ase.build import bulk
    from ase.calculators.lj import LennardJones
    from ase.md.verlet import VelocityVerlet
    from ase.units import fs

    atoms = bulk("Ar", cubic=True)
    atoms.calc = LennardJones()
    VelocityVerlet(atoms, 2 * fs, trajectory=str(tmp_path / "run.traj"), loginterval=5).run(20)
    assert read_trajectory(tmp_path / "run.traj").frame_interval_fs == 10.0
    with pytest.raises(TrajectoryError, match="frames are 10 fs apart as the file says"):
        read_trajectory(tmp_path / "run.traj", frame_interval_fs=2.0)
