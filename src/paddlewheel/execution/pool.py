"""Run units through Parsl: on this machine now, on a cluster with another Parsl provider.

Units are handed to worker processes; how far they are is read from their `progress.json`. The driver's death, Ctrl-C
and a worker's death all leave every unit at its last checkpoint.
"""

from __future__ import annotations

import importlib
import os
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError, MachineError, PaddlewheelError, is_out_of_memory, out_of_memory
from paddlewheel.execution.locks import DriverLock, DriverWatch, FileLock
from paddlewheel.execution.scratch import scratch_folder
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.execution.tasks import Unit

FINISHED, STOPPED = "finished", "stopped"

_STOP_PATIENCE_S = 60.0
_MOST_STARTS = 4


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

    def fail(self, unit: Unit, error: BaseException) -> None:
        """Note the error that ended a unit; what the machine refused becomes a line that a user can act on."""
        error = _of_the_machine(error) or error
        self.errors[unit.name] = error
        self.states[unit.name] = str(error) if isinstance(error, PaddlewheelError) else repr(error)

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


def _of_the_machine(error: BaseException) -> MachineError | None:
    if is_out_of_memory(error):
        return out_of_memory(error)
    if type(error).__name__ in ("WorkerLost", "ManagerLost"):  # Parsl's, which is not imported where it does not run
        return MachineError(
            "its worker was killed, twice: by the system, if memory ran out",
            remedy="give it more memory, a smaller cell or fewer --cores; the same command goes on",
        )
    return None


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

    `on_poll` is called about every `poll_s`, for the live table. After a signal, or on KeyboardInterrupt, the workers
    are asked to stop and waited for, and it goes on as KeyboardInterrupt. Where Parsl's interchange or its worker pool
    died, all of it is started again: units go on from their checkpoints.

    Raises
    ------
    MachineError
        If Parsl died `_MOST_STARTS` times.
    """
    outcome = Outcome({unit.name: FINISHED for unit in units if unit.result() is not None})
    starts = 0
    while pending := [unit for unit in units if unit.name not in outcome.states]:
        if starts == _MOST_STARTS:
            raise MachineError(
                f"the processes of its workers were killed {starts} times", where=driver.directory,
                remedy="see what kills them (memory?); the same command goes on",
            )  # fmt: skip
        starts += 1
        with scratch_folder(for_shell=True) as scratch:
            kernel = _start_parsl(scratch, resources)
            try:
                submit = _submitter(kernel, task, driver.token, resources.threads)
                futures = {submit(unit): unit for unit in pending}
                try:
                    _collect(kernel, futures, outcome, on_poll, poll_s)
                except BaseException:
                    driver.ask_workers_to_stop()
                    _wait_for_stop(kernel, futures)
                    raise
            finally:
                _end_parsl(kernel)
        done = [unit for unit in pending if unit.name not in outcome.states and unit.result() is not None]
        outcome.states |= {unit.name: FINISHED for unit in done}  # whose answers were lost with Parsl
    return outcome


def _collect(
    kernel: Any, futures: dict[Future, Unit], outcome: Outcome, on_poll: Callable[[], None], poll_s: float
) -> None:
    """Wait until all futures are done, a signal comes, or Parsl has died: then some units have no state."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=poll_s, return_when=FIRST_COMPLETED)
        stop_if_requested()
        for future in done:
            unit, error = futures[future], future.exception()
            if error is None:
                outcome.states[unit.name] = future.result()
            elif not _is_of_dead_parsl(error):
                outcome.fail(unit, error)
        if not done and not _is_alive(kernel):
            return
        on_poll()


def _wait_for_stop(kernel: Any, futures: dict[Future, Unit]) -> None:
    end, waiting = time.monotonic() + _STOP_PATIENCE_S, set(futures)
    while waiting and time.monotonic() < end and _is_alive(kernel):
        _, waiting = wait(waiting, timeout=0.5)


def _is_alive(kernel: Any) -> bool:
    """Whether Parsl's interchange and its pool of workers run."""
    executor = kernel.executors["units"]
    if executor.interchange_proc is None or executor.interchange_proc.poll() is not None:
        return False
    jobs = executor.provider.status(list(executor.provider.resources))
    return not any(job.terminal for job in jobs)


def _is_of_dead_parsl(error: BaseException) -> bool:
    from parsl.executors.errors import BadStateException

    return isinstance(error, BadStateException)


def _end_parsl(kernel: Any) -> None:
    """Stop Parsl; of a dead one, which would be asked in vain how its workers are, by ending them."""
    import parsl

    if not _is_alive(kernel):
        executor = kernel.executors["units"]
        executor.provider.cancel(list(executor.provider.resources))
        with suppress(InvalidStateError):  # Parsl's own watch may see it at this moment and fail the same tasks
            executor.set_bad_state_and_fail_all(RuntimeError("Parsl died"))
    kernel.cleanup()
    parsl.clear()


def leaves_with(driver: int, *, after_s: float = 60.0) -> str:
    """A line of shell that ends the process group it runs in when a driver has been gone for `after_s`.

    Parsl's pool leaves by itself when its interchange is silent, and sometimes waits for its own threads for ever: a
    killed driver would leave gigabytes behind. Workers stop at a checkpoint long before. The line ends with its shell.
    """
    gone = f"kill -0 {driver} || {{ sleep {after_s:g}; kill -KILL 0; }}"
    return f"( while kill -0 $$; do {gone}; sleep 2; done ) >/dev/null 2>&1 &"


def _start_parsl(scratch: Path, resources: Resources) -> Any:
    import parsl
    from parsl.executors import HighThroughputExecutor
    from parsl.providers import LocalProvider

    threads = str(resources.threads)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    worker_init = "; ".join(f"export {name}={threads}" for name in variables)
    worker_init += f"; export TMPDIR={scratch}"  # what killed workers leave goes with it
    here = shlex.quote(str(Path(sys.executable).parent))  # Parsl starts its worker pool by name
    worker_init += f'; export PATH={here}:"$PATH"; {leaves_with(os.getpid())}'
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
