"""Parsl's interchange, in a session of its own and gone when its driver is.

Parsl starts the interchange as a plain child: Ctrl-C on the terminal would kill it before the driver has stopped the
units in order, and after a kill -9 of the driver it would serve its idle workers for ever. Run as a module, with
Parsl's pickled configuration on standard input (see `HighThroughputExecutor(interchange_launch_cmd=...)`).
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time


def _leave_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Serve until the driver stops or dies."""
    parent = os.getppid()
    os.setsid()
    threading.Thread(target=_leave_with_parent, args=(parent,), daemon=True).start()
    from parsl.executors.high_throughput.interchange import Interchange

    configuration = pickle.load(sys.stdin.buffer)
    Interchange(**configuration).start()


if __name__ == "__main__":
    main()
