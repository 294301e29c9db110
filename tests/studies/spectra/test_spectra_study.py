"""`spectra` of a salt whose lines are known: record, tables, report, command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import InputError
from paddlewheel.units import SPEED_OF_LIGHT_CM_PER_FS
from walking_salt import B_PER_CM, TURN_PER_CM, check_command, check_refusal, checked_report, walking_salt, write_salt


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
