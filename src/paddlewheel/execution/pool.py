"""Run units through Parsl: on this machine now, on a cluster with another Parsl provider.

Units are handed to worker processes; how far they are is read from their `progress.json`. The driver's death, Ctrl-C
and a worker's death all leave every unit at its last checkpoint.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError, PaddlewheelError
from paddlewheel.execution.locks import DriverLock, DriverWatch, FileLock
from paddlewheel.execution.tasks import Unit

FINISHED, STOPPED = "finished", "stopped"

_STOP_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Resources:
    """How the cores are shared: `workers` units at a time with `threads` threads each."""

    workers: int
    threads: int

    @classmethod
    def share(cls, *, n_units: int, cores: int | None = None) -> Resources:
        """As many units at a time as there are cores, and the cores left over as threads of each."""
        cores = cores or len(os.sched_getaffinity(0))
        workers = max(1, min(n_units, cores))
        return cls(workers=workers, threads=max(1, cores // workers))


@dataclass
class Outcome:
    """What became of each unit, by name: `finished`, `stopped`, or the error that ended it."""

    states: dict[str, str] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)

    def keep_errors(self, units: Sequence[Unit]) -> dict[str, Path]:
        """Write the traceback of each unit that an error ended into `error.txt` in its folder; the files, by unit.

        Raises
        ------
        InputError
            The first that a user can mend, in the order of the units.
        """
        kept: dict[str, Path] = {}
        for unit in units:
            error = self.errors.get(unit.name)
            if isinstance(error, InputError):
                raise error
            if error is not None:
                kept[unit.name] = unit.folder / "error.txt"
                kept[unit.name].write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        return kept


def work_on_unit(task: str, unit: Unit, token: str, threads: int) -> str:
    """What a worker does: hold the unit's lock, run `task` ("package.module:function") on it unless it is finished.

    The function is called as `function(unit, watch, threads)` with a `DriverWatch`, and returns True when the unit is
    finished, False when it stopped at a checkpoint.
    """
    watch = DriverWatch(unit.run_directory, token)
    lock = FileLock(unit.folder / "lock")
    while not lock.try_acquire():  # a worker of a killed driver may still hold it, up to its next checkpoint
        if watch.should_stop():
            return STOPPED
        time.sleep(0.2)
    try:
        if unit.result() is not None:
            return FINISHED
        module, _, name = task.partition(":")
        function = getattr(importlib.import_module(module), name)
        return FINISHED if function(unit, watch, threads) else STOPPED
    finally:
        lock.release()


def run_units(
    units: Sequence[Unit],
    *,
    task: str,
    driver: DriverLock,
    resources: Resources,
    on_poll: Callable[[], None],
    poll_s: float = 0.5,
) -> Outcome:
    """Run the units that are not finished; return when all have ended.

    `on_poll` is called about every `poll_s`, for the live table. On KeyboardInterrupt the workers are asked to stop,
    waited for, and the interrupt goes on.
    """
    outcome = Outcome({unit.name: FINISHED for unit in units if unit.result() is not None})
    pending = [unit for unit in units if unit.name not in outcome.states]
    if not pending:
        return outcome
    with tempfile.TemporaryDirectory(prefix="paddlewheel-parsl-") as scratch:
        kernel = _start_parsl(Path(scratch), resources)
        try:
            submit = _submitter(kernel, task, driver.token, resources.threads)
            futures = {submit(unit): unit for unit in pending}
            try:
                _collect(futures, outcome, on_poll, poll_s)
            except BaseException:
                driver.ask_workers_to_stop()
                wait(futures, timeout=_STOP_PATIENCE_S)
                raise
        finally:
            kernel.cleanup()
            _forget_parsl()
    return outcome


def _collect(futures: dict[Future, Unit], outcome: Outcome, on_poll: Callable[[], None], poll_s: float) -> None:
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=poll_s, return_when=FIRST_COMPLETED)
        for future in done:
            unit = futures[future]
            error = future.exception()
            if error is None:
                outcome.states[unit.name] = future.result()
            else:
                outcome.errors[unit.name] = error
                outcome.states[unit.name] = str(error) if isinstance(error, PaddlewheelError) else repr(error)
        on_poll()


def _start_parsl(scratch: Path, resources: Resources) -> Any:
    import parsl
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider

    threads = str(resources.threads)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    worker_init = "; ".join(f"export {name}={threads}" for name in variables)
    here = str(Path(sys.executable).parent)  # Parsl starts its worker pool by name
    worker_init += f'; export PATH="{here}:$PATH"'
    executor = HighThroughputExecutor(
        label="units",
        address="127.0.0.1",
        loopback_address="127.0.0.1",
        max_workers_per_node=resources.workers,
        cores_per_worker=1e-3,  # the number of workers is decided by max_workers_per_node alone
        encrypted=False,
        heartbeat_period=5,
        heartbeat_threshold=30,
        interchange_launch_cmd=[sys.executable, "-m", "paddlewheel.execution.interchange"],
        worker_logdir_root=str(scratch),
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1, worker_init=worker_init),
    )
    config = parsl.Config(
        executors=[executor],
        run_dir=str(scratch),
        strategy="none",
        retries=1,
        retry_handler=_retry_cost,
        usage_tracking=0,
        exit_mode="skip",
    )
    return parsl.load(config)


def _retry_cost(error: BaseException, _task: Any) -> float:
    """A lost worker is worth another try (the unit goes on from its checkpoint); an error of the work itself is not."""
    from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

    return 1.0 if isinstance(error, ManagerLost | WorkerLost) else 100.0


def _submitter(kernel: Any, task: str, token: str, threads: int) -> Callable[[Unit], Future]:
    from parsl import python_app

    app = python_app(work_on_unit, data_flow_kernel=kernel, executors=["units"])
    return lambda unit: app(task, unit, token, threads)


def _forget_parsl() -> None:
    import parsl

    parsl.clear()
