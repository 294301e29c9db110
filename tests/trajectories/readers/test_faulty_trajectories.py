"""Trajectories that are not what they seem: steps told by the file, machine-learned steps, labels, missing ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel import analyze
from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Trajectory, read_trajectory
from paddlewheel.trajectories.trajectory import element_symbols


def _faulty(shared: Path, name: str) -> Path:
    return shared / "data/faults/trajectories" / name


def _diffusivity(trajectory: Trajectory) -> tuple[float, float]:
    row = analyze(trajectory, specie="Li", temperature_K=500, charge=1).temperatures[0]
    assert row.diffusivity_cm2_per_s is not None, row.reason
    return row.diffusivity_cm2_per_s.value, row.diffusivity_cm2_per_s.std


def test_configuration_numbers_count_steps(shared: Path) -> None:
    """One walk of 2.0e-5 cm2/s (SOURCES of the faults); with every frame taken as a step the second gave 1.05e-4."""
    full = read_trajectory(_faulty(shared, "XDATCAR_full.gz"), frame_interval_fs=100)
    thinned = read_trajectory(_faulty(shared, "XDATCAR_stride"), frame_interval_fs=100)
    assert thinned.frame_interval_fs == 1000.0
    assert thinned.n_frames == 220
    np.testing.assert_array_equal(thinned.positions()[:21], full.positions()[0:210:10])
    assert "one in 10 is kept" in thinned.notes[0]
    (value, std), (whole, whole_std) = _diffusivity(thinned), _diffusivity(full)
    assert abs(value - whole) < 3 * np.hypot(std, whole_std)
    assert whole == pytest.approx(2.0e-5, rel=0.05)
    assert [len(block.positions_A) for block in thinned.after(100.0).blocks()] == [120]


def test_missing_configurations_are_refused_by_their_numbers(shared: Path) -> None:
    with pytest.raises(TrajectoryError, match="configurations 101 to 115 are missing; give the parts"):
        read_trajectory(_faulty(shared, "xd_gap"), frame_interval_fs=100)


def _xdatcar(path: Path, steps: list[int]) -> Path:
    head = "made\n1.0\n10 0 0\n0 10 0\n0 0 10\nLi S\n1 1\n"
    rows = (f"Direct configuration= {step:5d}\n{step / 2000:.8f} 0.5 0.5\n0.1 0.1 0.1\n" for step in steps)
    path.write_text(head + "".join(rows))
    return path


@given(
    first=st.integers(1, 50), stride=st.integers(1, 7), factor=st.integers(2, 9), n_fine=st.integers(1, 4),
    n_coarse=st.integers(3, 12),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_two_intervals_are_thinned_to_the_longer(tmp_path_factory, first, stride, factor, n_fine, n_coarse) -> None:
    """Whatever the numbers, the kept frames are `factor` of the first intervals apart and the steps are their own."""
    fine = [first + stride * k for k in range(n_fine * factor + 1)]
    steps = fine + [fine[-1] + stride * factor * (k + 1) for k in range(n_coarse)]
    path = _xdatcar(tmp_path_factory.mktemp("x") / "XDATCAR", steps)
    if n_fine * factor < 3:  # too few to be an interval of its own: a hole
        with pytest.raises(TrajectoryError, match="missing"):
            read_trajectory(path, frame_interval_fs=1.0)
        return
    trajectory = read_trajectory(path, frame_interval_fs=10.0)
    assert trajectory.frame_interval_fs == 10.0 * factor
    told = trajectory.positions()[:, 0, 0] / 10 * 2000
    np.testing.assert_allclose(np.diff(told), stride * factor, atol=1e-3)


def test_runs_joined_in_one_file_are_told(tmp_path: Path) -> None:
    joined = read_trajectory(_xdatcar(tmp_path / "XDATCAR", [1, 2, 3, 4, 1, 2, 3, 4]), frame_interval_fs=1.0)
    assert joined.n_frames == 8
    assert "of 2 runs" in joined.notes[0]


@pytest.mark.parametrize("name", ["vasprun_aimd.xml", "vasprun_mltrain.xml", "vasprun_mlrun.xml"])
def test_machine_learned_steps_are_steps(shared: Path, name: str) -> None:
    """One walk of 400 steps of 2 fs in three files; with the calculations alone D came out 4.4 times too large."""
    trajectory = read_trajectory(_faulty(shared, name))
    assert (trajectory.n_frames, trajectory.frame_interval_fs) == (400, 2.0)
    np.testing.assert_array_equal(
        trajectory.positions(), read_trajectory(_faulty(shared, "vasprun_aimd.xml")).positions()
    )
    assert _diffusivity(trajectory)[0] == pytest.approx(1.0e-3, rel=0.05)


def test_ml_outblock_is_the_interval_of_a_pure_run_and_refused_in_training(shared: Path, tmp_path: Path) -> None:
    for name, told in (("vasprun_mlrun.xml", None), ("vasprun_mltrain.xml", "not equally far apart")):
        text = _faulty(shared, name).read_text().replace('"ML_OUTBLOCK"> 1<', '"ML_OUTBLOCK"> 5<')
        path = tmp_path / name
        path.write_text(text)
        if told is None:
            assert read_trajectory(path).frame_interval_fs == 10.0
        else:
            with pytest.raises(TrajectoryError, match=told):
                read_trajectory(path)


def test_the_type_map_wins_over_a_column_of_c(shared: Path) -> None:
    path = _faulty(shared, "c.dump")
    with pytest.raises(TrajectoryError, match=r"all 2 atom types are C.*--type-map"):
        read_trajectory(path, frame_interval_fs=100)
    mapped = read_trajectory(path, frame_interval_fs=100, type_map={1: "Li", 2: "S"})
    labelled = read_trajectory(_faulty(shared, "c1.dump"), frame_interval_fs=100)
    assert set(mapped.symbols) == {"Li", "S"}
    assert labelled.symbols == mapped.symbols
    assert _diffusivity(mapped)[0] == pytest.approx(2.0e-5, rel=0.1)


@given(
    element=st.sampled_from(["Li", "S", "C", "Cl", "Na", "H", "B"]), number=st.integers(0, 200),
    charge=st.sampled_from(["", "+", "-", "2+", "2-", "_3"]),
)  # fmt: skip
def test_labels_with_numbers_and_charges_are_elements(element: str, number: int, charge: str) -> None:
    assert element_symbols([f"{element}{number}", f"{element}{charge}", element]) == (element,) * 3


@pytest.mark.parametrize("label", ["X1", "Qq", "1", "", "Li-Na"])
def test_what_is_no_label_of_an_element_stays(label: str) -> None:
    assert element_symbols([label]) == (label,)


def test_a_missing_last_newline_is_no_truncation(shared: Path) -> None:
    trajectory = read_trajectory(_faulty(shared, "nonl.dump"), frame_interval_fs=100)
    assert trajectory.n_frames == 150
    assert _diffusivity(trajectory)[0] == pytest.approx(2.0e-5, rel=0.15)


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_number_that_lost_digits_is_a_truncation(tmp_path: Path, cut: int) -> None:
    """Eight decimals in every line: whatever is cut off the last line shows, but for its end."""
    whole = (
        _xdatcar(tmp_path / "XDATCAR", [1, 2, 3])
        .read_bytes()
        .replace(b"0.1 0.1 0.1", b"0.11000000 0.22000000 0.33000000")
    )
    whole = whole.replace(b" 0.5 0.5\n", b" 0.50000000 0.50000000\n")
    path = tmp_path / "cut"
    path.write_bytes(whole[:-cut])
    if cut in (1, 2):  # the end of the line, or a last digit that may be a zero left out
        assert read_trajectory(path, frame_interval_fs=1.0).n_frames == 3
    elif whole[:-cut].endswith(b"0.50000000 0.50000000\n0.11000000 0.22000000 0.33000000\n"):
        assert read_trajectory(path, frame_interval_fs=1.0).n_frames == 2
    else:
        with pytest.raises(TrajectoryError, match=r"truncated|line"):
            read_trajectory(path, frame_interval_fs=1.0)


def test_unwrapped_columns_and_the_users_word(shared: Path, tmp_path: Path) -> None:
    """GPUMD's unwrapped positions, 5 ps apart: minimum images would fold every displacement over half a cell."""
    trajectory = read_trajectory(_faulty(shared, "wide_gpumd.xyz"), frame_interval_fs=5000)
    assert trajectory.is_unwrapped
    path = tmp_path / "plain.xyz"
    path.write_text(
        _faulty(shared, "wide_gpumd.xyz").read_text().replace("pos:R:3:unwrapped_position", "wrapped:R:3:pos")
    )
    assert not read_trajectory(path, frame_interval_fs=5000).is_unwrapped
    said = read_trajectory(path, frame_interval_fs=5000, unwrapped=True)
    assert _diffusivity(said) == _diffusivity(trajectory)


def test_box_flips_are_refused_with_the_remedy(shared: Path) -> None:
    trajectory = read_trajectory(_faulty(shared, "flip.dump"), frame_interval_fs=100)
    with pytest.raises(TrajectoryError, match="flip no"):
        _diffusivity(trajectory)


def test_positions_are_those_of_the_source() -> None:
    positions = np.arange(24, dtype=float).reshape(4, 2, 3)
    trajectory = Trajectory.from_arrays(
        positions_A=positions, cell_A=np.eye(3) * 30, symbols=["Li", "S"], frame_interval_fs=1.0
    )
    np.testing.assert_array_equal(trajectory.positions(), positions)
    np.testing.assert_array_equal(trajectory.after(0.002).positions(), positions[2:])
