"""Signals set a flag that loops read; a second one, or one that nobody reads, ends the process at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

LINE = "paddlewheel: stopped; the same command goes on from here\n"
_START = "import sys, time\nfrom paddlewheel.execution import signals\nsignals.listen()\n"
_END = "\nexcept KeyboardInterrupt:\n    print(signals.STOPPED_LINE)\n    sys.exit(signals.exit_status())\n"


def _hear_all() -> None:
    """Whoever started the tests may ignore some (nohup, a shell's background), which a child inherits."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _program(work: str) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", _START + "try:\n" + work + _END], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_all,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_loop_stops_where_it_looks(number: int, status: int) -> None:
    work = (
        "    print('begun', flush=True)\n    while True:\n        time.sleep(0.1)\n        signals.stop_if_requested()"
    )
    process = _program(work)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (status, "stopped; the same command goes on from here\n", "")


def test_a_signal_in_a_callback_of_foreign_code_is_not_lost() -> None:
    # an exception in a weakref's callback is printed and forgotten: the flag is not
    work = """
    import os, signal, weakref
    class Thing: pass
    thing = Thing()
    reference = weakref.ref(thing, lambda _gone: os.kill(os.getpid(), signal.SIGTERM))
    print('begun', flush=True)
    del thing
    signals.stop_if_requested()
    print('went on')
"""
    process = _program(work)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (143, "stopped; the same command goes on from here\n", "")


def test_a_signal_that_nobody_reads_ends_the_process() -> None:
    process = _program("    print('begun', flush=True)\n    time.sleep(60)")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (143, LINE)
    assert 2 < time.monotonic() - began < 15  # 3 s of patience


def test_a_second_signal_ends_the_process_at_once_even_where_it_stops_in_good_order() -> None:
    work = "    print('begun', flush=True)\n    while not signals.stop_requested():\n        time.sleep(0.05)\n"
    process = _program(work + "    print('stopping', flush=True)\n    time.sleep(60)")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, LINE)


def test_a_signal_that_was_ignored_at_the_start_stays_so() -> None:
    command = _START + "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nprint(signals.stop_requested())"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, timeout=30, env=os.environ,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "False\n")
