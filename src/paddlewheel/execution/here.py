"""Run units in this process, one after the other: for work too small to be worth a start of Parsl."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence

from paddlewheel.errors import RunDirectoryError
from paddlewheel.execution.locks import DriverWatch, FileLock
from paddlewheel.execution.pool import FINISHED, STOPPED, Outcome
from paddlewheel.execution.signals import stop_if_requested, stop_requested
from paddlewheel.execution.tasks import Unit


class _OwnDriver(DriverWatch):
    """The watch of a worker that is its own driver: it stops when the process is asked to."""

    def __init__(self) -> None:
        pass

    def should_stop(self) -> bool:
        return stop_requested()


def run_units_here(units: Sequence[Unit], *, task: str, on_poll: Callable[[], None], poll_s: float = 0.5) -> Outcome:
    """As `run_units`, in this process and thread; `on_poll` is called from another thread meanwhile.

    A signal stops the unit at a checkpoint, and goes on as KeyboardInterrupt.
    """
    outcome = Outcome({unit.name: FINISHED for unit in units if unit.result() is not None})
    module, _, name = task.partition(":")
    function = getattr(importlib.import_module(module), name)
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(poll_s):
            on_poll()

    poller = threading.Thread(target=poll, daemon=True)
    poller.start()
    try:
        for unit in units:
            if unit.name not in outcome.states:
                stop_if_requested()
                _work(function, unit, outcome)
        stop_if_requested()
    finally:
        ended.set()
        poller.join()
    return outcome


def _work(function: Callable[[Unit, DriverWatch, int], bool], unit: Unit, outcome: Outcome) -> None:
    lock = FileLock(unit.folder / "lock")
    if not lock.acquire(timeout_s=60.0):  # a worker of a killed driver, up to its next checkpoint
        raise RunDirectoryError("a worker of another run is still at it", where=unit.folder, remedy="try again")
    try:
        outcome.states[unit.name] = FINISHED if function(unit, _OwnDriver(), 1) else STOPPED
    except Exception as error:
        outcome.fail(unit, error)
    finally:
        lock.release()
