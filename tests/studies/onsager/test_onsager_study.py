"""`onsager` of ions that walk on their own, and of those that do not diffuse: record, report, command."""

from __future__ import annotations

from pathlib import Path

import pytest

import paddlewheel
from paddlewheel.errors import SettingsError
from walking_salt import INTERVAL_FS, L, check_command, check_refusal, checked_report, walking_salt, write_salt


def test_onsager_of_independent_ions(tmp_path: Path) -> None:
    step_A = 0.06
    runs = [walking_salt(seed, walk_A=step_A) for seed in (1, 2)]
    record = paddlewheel.onsager(runs, species={"Na": 1.0}, temperature_K=600.0, out=tmp_path / "run")
    assert record.status == "ok", record.reason
    assert record.haven_ratio is not None
    assert record.haven_ratio_95 is not None
    assert record.haven_ratio_95[0] < 1 < record.haven_ratio_95[1]
    assert record.haven_ratio.interval_95 == record.haven_ratio_95
    assert record.haven_ratio.interval_68 == record.haven_ratio_68
    assert record.nernst_einstein_mS_per_cm is not None
    # n e^2 D / k T by hand, D = step^2 / 2 per frame
    diffusivity = step_A**2 / 2 * 1e-20 / (INTERVAL_FS * 1e-15)
    by_hand = 8 / (L * 1e-10) ** 3 * 1.602176634e-19**2 * diffusivity / (1.380649e-23 * 600.0) * 10
    assert record.nernst_einstein_95_mS_per_cm is not None
    low, high = record.nernst_einstein_95_mS_per_cm
    assert low < by_hand < high
    assert "Haven ratio" in checked_report(tmp_path / "run").words()


def test_what_does_not_diffuse_has_a_reason_and_a_report(tmp_path: Path) -> None:
    record = paddlewheel.onsager(
        walking_salt(), species={"Na": 1.0, "Cl": -1.0}, temperature_K=600.0, drift="none", out=tmp_path / "run"
    )
    assert record.status == "not-diffusive"
    assert record.haven_ratio is None
    assert "does not determine" in checked_report(tmp_path / "run").words()


def test_bad_input_of_the_library(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(SettingsError, match="no K here"):
        paddlewheel.onsager(walking_salt(), species={"K": 1.0}, temperature_K=600.0, out=out)
    assert not out.exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["onsager", str(write_salt(tmp_path)), "--species", "Na=1", "--temperature", "600"]
    check_command(arguments, tmp_path / "run", capsys)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--species", "Na=1"], "--temperature"),
        (["--temperature", "600"], "--species"),
        (["--species", "Na=0", "--temperature", "600"], "carries no current"),
        (["--species", "Na=1", "--temperature", "600", "--hop-distance-A", "Li=3"], "Li is none of the mobile species"),
    ],
)
def test_bad_input_of_the_command(
    options: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    check_refusal(["onsager", str(write_salt(tmp_path)), *options], named, tmp_path / "run", capsys)
