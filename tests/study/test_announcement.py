"""What long work says before it begins, and after it: on stderr, and nothing where it is short or a library call."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy import TOY, worked

from paddlewheel.study.forecast import MEASURED_S, Forecast


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("1 2 3")
    return path


@pytest.fixture(autouse=True)
def _idle(monkeypatch: pytest.MonkeyPatch) -> None:
    worked.clear()
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})


def _study(hours: float, seen: list[float] | None = None) -> Any:
    def forecasts(*_args: Any) -> Forecast:
        if seen is not None:
            seen.append(MEASURED_S.get())
        told = {"cell": "2x2x2, 416 atoms", "n_atoms": 416, "steps_per_s": 240.0, "disk_bytes": 4.5e7}
        return Forecast.of_units({"a": hours, "b": hours, "c": hours}, cores=2, **told)

    return replace(TOY, forecasts=forecasts)


def test_long_work_says_what_it_is_before_it_begins_and_what_it_took(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[float] = []
    _study(0.04, seen)([numbers], out=tmp_path / "run", show_progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "paddlewheel: cell: 2x2x2, 416 atoms",
        "paddlewheel: 3 units of work, up to 416 atoms, 240 steps/s a core: about 4 min 48 s, 45 MB of disk",
        "paddlewheel: took under a second, 4 min 48 s were expected",
    ]
    assert seen == [0.5]  # measured for less time than by --dry-run
    assert MEASURED_S.get() == 2.0


def test_other_work_on_the_machine_is_counted(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # two others and our two workers on two cores: everyone has half
    monkeypatch.setattr(os, "getloadavg", lambda: (2.0, 0.0, 0.0))
    _study(0.02)([numbers], out=tmp_path / "run", show_progress=True)
    assert "about 4 min 48 s, 45 MB of disk (other work on this machine counted)" in capsys.readouterr().err


@pytest.mark.parametrize(("hours", "shown"), [(0.002, True), (0.04, False)])
def test_short_work_and_a_library_call_say_nothing(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], hours: float, shown: bool
) -> None:
    _study(hours)([numbers], out=tmp_path / "run", show_progress=shown)
    assert capsys.readouterr().err == ""


def test_a_finished_run_says_nothing_and_measures_nothing(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[float] = []
    study = _study(0.04, seen)
    study([numbers], out=tmp_path / "run")
    study([numbers], out=tmp_path / "run", show_progress=True)
    assert seen == []
    assert capsys.readouterr().err == ""


def test_what_is_finished_of_the_units_is_not_announced_again(
    numbers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = _study(0.04)
    study([numbers], out=tmp_path / "run")
    for name in "ab":
        folder = tmp_path / "run" / "units" / name
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
    study([numbers], out=tmp_path / "run", show_progress=True, again=True)
    assert "about 2 min 24 s" in capsys.readouterr().err
