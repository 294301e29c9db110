"""`van-hove` of a salt whose motions are known: record, tables, report, command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel import Trajectory
from paddlewheel.errors import InputError, RunDirectoryError, SettingsError
from walking_salt import INTERVAL_FS, STEP_A, check_command, check_refusal, checked_report, walking_salt, write_salt


@pytest.fixture(scope="module")
def salt() -> Trajectory:
    return walking_salt()


def test_van_hove_of_walking_ions(salt: Trajectory, tmp_path: Path) -> None:
    record = paddlewheel.van_hove(salt, out=tmp_path / "run", temperature_K=600.0)
    assert record.specie == "Na"
    assert record.n_ions == 8
    for row in record.lags[:20]:
        # a random walk: three components of STEP_A a frame; over all origins and eight ions the short lags know it well
        assert row.msd_A2 == pytest.approx(3 * STEP_A**2 * row.lag_ps / (INTERVAL_FS / 1000), rel=0.1)
        assert row.alpha_2 is not None
        assert abs(row.alpha_2.value) < 5 * row.alpha_2.std
    table = np.genfromtxt(tmp_path / "run/self.csv", delimiter=",", names=True)
    first = table[table["lag_ps"] == table["lag_ps"][0]]
    assert first["per_A"].sum() * record.self_bin_A == pytest.approx(1.0, abs=1e-6)
    page = checked_report(tmp_path / "run")
    assert "Gaussian" in page.words()
    assert (tmp_path / "run/figures/van-hove.png").exists()
    assert paddlewheel.van_hove(salt, lags_ps=[0.1, 1.0]).lags[1].lag_ps == pytest.approx(1.0)


def test_another_analysis_in_the_same_directory_is_refused(salt: Trajectory, tmp_path: Path) -> None:
    paddlewheel.van_hove(salt, out=tmp_path / "run", n_lags=5)
    with pytest.raises(RunDirectoryError, match="other inputs"):
        paddlewheel.van_hove(salt, out=tmp_path / "run", n_lags=6)


def test_bad_input_of_the_library(salt: Trajectory, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(InputError, match="longer than the run"):
        paddlewheel.van_hove(salt, lags_ps=[4.0], out=out)
    with pytest.raises(SettingsError, match="'K' is not in the structure"):
        paddlewheel.van_hove(salt, specie="K", out=out)
    assert not out.exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    check_command(["van-hove", str(write_salt(tmp_path))], tmp_path / "run", capsys)


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--lags-ps", "99"], "longer than the run"), (["--specie", "Li"], "'Li' is not in the structure")],
)
def test_bad_input_of_the_command(
    options: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    check_refusal(["van-hove", str(write_salt(tmp_path)), *options], named, tmp_path / "run", capsys)
