"""Signals that ask the program to stop: a flag that the waiting loops read, never an exception in foreign code.

SIGINT, SIGTERM and SIGHUP set the flag. Loops of ours read it at places of their own choice (`stop_if_requested`, or
`DriverWatch.should_stop` within a unit): an exception out of a handler could come up in a callback that swallows it.
Where no loop has read it after `PATIENCE_S`, or at a second signal, the process ends at once: every file is replaced
atomically and every unit has its checkpoint, so that this loses no more than a kill -9 does, which is nothing.

Only the command line listens. In a program that calls the library, signals are that program's own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_S = 3.0
STOPPED_LINE = "stopped; the same command goes on from here"

_received: int | None = None
_timer: threading.Timer | None = None


def listen() -> None:
    """Let the signals set the flag from now on, but for those that are ignored, as after nohup."""
    global _received
    _received = None
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def stop_requested() -> bool:
    """Whether a signal came; who asks is taken to stop in good order, however long that takes."""
    if _received is not None and _timer is not None:
        _timer.cancel()
    return _received is not None


def stop_if_requested() -> None:
    """Stop here if a signal came.

    Raises
    ------
    KeyboardInterrupt
        In the caller, which is a loop or a step of ours.
    """
    if stop_requested():
        raise KeyboardInterrupt


def exit_status() -> int:
    """What a shell calls the signal that came: 130, 143 or 129; 130 for an interrupt without one."""
    return 128 + (_received if _received is not None else signal.SIGINT)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global _received, _timer
    if _received is not None:
        _end_at_once()
    _received = number
    _timer = threading.Timer(PATIENCE_S, _end_at_once)
    _timer.daemon = True
    _timer.start()


def _end_at_once() -> None:
    with contextlib.suppress(OSError):  # a terminal that is gone, after SIGHUP
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"paddlewheel: {STOPPED_LINE}\n".encode())
    os._exit(exit_status())
