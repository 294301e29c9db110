"""`spectra` of a salt whose lines are known: record, tables, report, command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel import Trajectory
from paddlewheel.errors import InputError
from paddlewheel.units import SPEED_OF_LIGHT_CM_PER_FS
from walking_salt import (
    B_PER_CM,
    INTERVAL_FS,
    SYMBOLS,
    TURN_PER_CM,
    L,
    check_command,
    check_refusal,
    checked_report,
    positions_of,
    walking_salt,
    write_salt,
)


def test_spectra_have_the_lines_of_the_motion(tmp_path: Path) -> None:
    record = paddlewheel.spectra(walking_salt(), out=tmp_path / "run", segment_fs=700.0)
    by_element = {row.element: row for row in record.elements}
    assert by_element["B"].peak_per_cm is not None
    assert by_element["H"].peak_per_cm is not None
    assert by_element["B"].peak_per_cm.value == pytest.approx(B_PER_CM, abs=record.resolution_per_cm / 10)
    assert by_element["H"].peak_per_cm.value == pytest.approx(TURN_PER_CM, abs=record.resolution_per_cm / 10)
    # B: mass 10.81 u, mean squared velocity (0.05 A x 500 1/cm)^2 / 2, over 3 k; 1 u A^2/fs^2 = 1.66054e-17 J
    speed = 0.05 * 2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * B_PER_CM
    expected_K = 10.81 * speed**2 / 2 * 1.66053907e-17 / (3 * 1.380649e-23)
    assert by_element["B"].temperature_K is not None
    assert by_element["B"].temperature_K.value == pytest.approx(expected_K, rel=0.02)
    turning = record.orientations[0]
    assert turning.anion == "BH4"
    assert turning.n_vectors == 16
    assert turning.peak_per_cm is not None
    assert turning.peak_per_cm.value == pytest.approx(TURN_PER_CM, abs=record.resolution_per_cm / 10)
    assert turning.mobile_share is not None
    assert turning.mobile_share.value == pytest.approx(2 / 3, abs=0.01)  # all but the third along the axis turns
    assert record.warnings == []
    checked_report(tmp_path / "run")


def test_runs_may_differ_in_the_order_of_their_atoms_and_in_their_origin() -> None:
    first, second = walking_salt(1), walking_salt(2)
    order = np.random.default_rng(3).permutation(len(SYMBOLS))
    moved = Trajectory.from_arrays(
        positions_A=np.mod(positions_of(second)[:, order] + [1.0, 5.0, 2.0], L), cell_A=np.eye(3) * L,
        symbols=[SYMBOLS[index] for index in order], frame_interval_fs=INTERVAL_FS,
    )  # fmt: skip
    found = [paddlewheel.spectra([first, other], segment_fs=700.0) for other in (second, moved)]
    for name in ("peak_per_cm", "mobile_share", "low_share"):
        plain, other = (getattr(record.orientations[0], name) for record in found)
        assert other.value == pytest.approx(plain.value, rel=1e-9)


def test_bad_input_of_the_library(tmp_path: Path) -> None:
    out, salt = tmp_path / "run", walking_salt()
    with pytest.raises(InputError, match="longer than the run"):
        paddlewheel.spectra(salt, segment_fs=5000.0, out=out)
    with pytest.raises(InputError, match="a frame every 100 fs shows nothing above 167 1/cm"):
        paddlewheel.spectra(salt.with_frame_interval(100.0), out=out)
    assert not out.exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    check_command(["spectra", str(write_salt(tmp_path))], tmp_path / "run", capsys)


def test_bad_input_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["spectra", str(write_salt(tmp_path)), "--segment-fs", "1"]
    check_refusal(arguments, "fewer than 8 frames", tmp_path / "run", capsys)
