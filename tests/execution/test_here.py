"""Units in the driver's own process: finished ones are skipped, and an error ends its unit alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from paddlewheel.errors import ScienceError
from paddlewheel.execution import FINISHED, DriverLock, DriverWatch, FileLock, Outcome, Unit, run_units_here
from paddlewheel.study.stage import run_stage


def work(unit: Unit, watch: DriverWatch, threads: int) -> bool:
    """Fails where it is told to."""
    assert not watch.should_stop()
    assert threads == 1
    if unit.contents["fails"]:
        raise ScienceError("told to fail")
    unit.write_result({"runs": unit.contents["runs"]})
    return True


def test_each_unit_ends_on_its_own(tmp_path: Path) -> None:
    units = [
        Unit(name=name, contents={"fails": fails, "runs": 1}, run_directory=tmp_path)
        for name, fails in (("done", False), ("bad", True), ("good", False))
    ]
    for unit in units:
        unit.prepare()
    units[0].write_result({"runs": 0})
    with DriverLock(tmp_path):
        outcome = run_units_here(units, task=f"{__name__}:work", on_poll=lambda: None, poll_s=0.01)
        assert (tmp_path / "driver.json").exists()
    assert outcome.states["done"] == outcome.states["good"] == FINISHED
    assert isinstance(outcome.errors["bad"], ScienceError)
    assert units[0].result() == {"runs": 0}
    assert units[1].result() is None
    assert units[2].result() == {"runs": 1}
    assert FileLock(units[1].folder / "lock").try_acquire()


@pytest.mark.parametrize(("is_short", "place"), [(True, "here"), (False, "workers")])
def test_short_stages_start_no_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_short: bool, place: str
) -> None:
    begun = []

    def in_workers(units: Sequence[Unit], *, task: str, on_poll: Callable[[], None], **_: object) -> Outcome:
        begun.append("workers")
        return run_units_here(units, task=task, on_poll=on_poll)

    monkeypatch.setattr("paddlewheel.study.stage.run_units", in_workers)
    units = [Unit(name=name, contents={"fails": False, "runs": 1}, run_directory=tmp_path) for name in ("one", "two")]
    with DriverLock(tmp_path) as driver:
        troubles = run_stage(
            units, task=f"{__name__}:work", title="", driver=driver, cores=2, show_progress=False, here=True,
            is_short=is_short,
        )  # fmt: skip
    assert (not troubles, begun) == (True, [] if place == "here" else ["workers"])
    assert all(unit.result() == {"runs": 1} for unit in units)
