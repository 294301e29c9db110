"""Run one command again and again in children of this process, killed -9 at random moments, until one ends by itself.

`python tests/helpers/killed_job.py SEED N_KILLS CHECKPOINT_S ARGUMENTS...`, in the folder of the job; the output of the
killed runs goes to `killed` (with what `--out` ends on), that of a run that nobody kills to `whole`.

A first child tells what modules the job needs: this process imports them, so that the moments fall into the work of
the children after it. It does no work itself: threads of OpenMP and Rust do not survive a fork. Units run in the child,
so that a kill of its process group ends all at once; they write a checkpoint every CHECKPOINT_S.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_FEWEST = 2


def _in_this_process(units: Sequence[Any], *, task: str, on_poll: Callable[[], None], **_: Any) -> Any:
    from paddlewheel.execution import run_units_here

    return run_units_here(units, task=task, on_poll=on_poll, poll_s=0.05)


def _prepare(checkpoint_s: float) -> None:
    """Let units write a checkpoint more often than it takes to be killed, in this process; draw no pages."""
    import paddlewheel.page.write as page
    import paddlewheel.studies.distil.fit_unit as fit_unit
    import paddlewheel.studies.simulation.frame_units as frame_units
    import paddlewheel.studies.simulation.md_unit as md_unit
    import paddlewheel.study.stage as stage

    stage.run_units = _in_this_process  # type: ignore[assignment]
    md_unit.CHECKPOINT_EVERY_S = checkpoint_s
    frame_units._CHECKPOINT_EVERY_S = checkpoint_s
    fit_unit._CHECKPOINT_EVERY_S = checkpoint_s
    page.write_report = _no_page


def _no_page(*_: Any) -> None:
    """Drawing takes longer than the work of these jobs, and starts anew whenever it is cut."""


def _job(arguments: list[str], name: str) -> int:
    """Exit status of the job with its own cache and `--out`."""
    from paddlewheel.cli.main import status_of

    os.environ["PADDLEWHEEL_CACHE"] = str(Path(f"{name}-cache").resolve())
    out = f"{name}.zarr" if arguments[0] == "convert" else name
    return status_of([*arguments, "--out", out])


def _child(arguments: list[str], name: str) -> int:
    process = os.fork()
    if process == 0:
        os.setsid()
        status = _job(arguments, name)
        if name == "warm":
            Path("modules.txt").write_text("\n".join(sys.modules))
        os._exit(status)
    return process


def _wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _import_all() -> None:
    for name in Path("modules.txt").read_text().splitlines():
        with contextlib.suppress(Exception):  # of packages that make their modules in other ways
            importlib.import_module(name)


def _ended_within(process: int, seconds: float) -> int | None:
    """The exit status of a child that ends in time, else None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def main() -> None:
    """See above; the exit status says whether the killed run ended as the whole one."""
    seed, n_kills, checkpoint_s = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    arguments, rng, killed = sys.argv[4:], random.Random(seed), 0
    _prepare(checkpoint_s)
    _wait(_child(arguments, "warm"))
    _import_all()
    began = time.monotonic()
    wanted = _wait(_child(arguments, "whole"))
    whole_s = time.monotonic() - began
    status = None
    while killed < n_kills and status is None:
        process = _child(arguments, "killed")
        status = _ended_within(process, rng.uniform(0.02, 0.5) * whole_s)
        if status is None:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            killed += 1
        elif killed < _FEWEST:  # the machine has become faster meanwhile
            status, killed, whole_s = None, 0, whole_s / 2
            for left in Path.cwd().glob("killed*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    if status is None:
        status = _wait(_child(arguments, "killed"))
    print(f"{killed} kills of a job of {whole_s:.2f} s")
    sys.exit(0 if status == wanted else 3)


if __name__ == "__main__":
    main()
