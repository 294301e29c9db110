"""The command `train`: help, and bad input in one line with exit status 2 and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddlewheel.cli.main import status_of
from paddlewheel.studies.train import plan as train_plan


def test_help_names_the_options_and_gives_an_example(capsys: pytest.CaptureFixture) -> None:
    assert status_of(["train", "--help"]) == 0
    page = capsys.readouterr().out
    for text in ("--start-from", "--cutoff-A", "--three-body-cutoff-A", "--use-smooth", "--stress-weight", "Example:"):
        assert text in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "--epochs: 0 is not at least 1"),
        (["--three-body-cutoff-A", "7"], "three_body_cutoff_A 7 is beyond cutoff_A 5"),
        (["--loss", "l1"], "loss is 'l1'; give one of huber, mse"),
        ([], "absent.extxyz: cannot be read"),
        (["--start-from", "chgnet"], "is a chgnet potential, which matgl cannot train on"),
    ],
)
def test_bad_input_is_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_plan, "check_trainer", lambda: None)  # the line is the same with and without matgl
    if "--start-from" in options:
        pytest.importorskip("torch", reason="torch absent: pip install 'paddlewheel[m3gnet]'")
    out = tmp_path / "run"
    status = status_of(["train", str(tmp_path / "absent.extxyz"), "--out", str(out), *options])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not out.exists()
