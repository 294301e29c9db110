"""Units in the driver's own process: finished ones are skipped, and an error ends its unit alone."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.errors import ScienceError
from paddlewheel.execution import FINISHED, DriverLock, DriverWatch, FileLock, Unit, run_units_here


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
