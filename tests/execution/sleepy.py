"""A task for the tests: counts, one line a tick, resumes from its checkpoint."""

from __future__ import annotations

import os
import time

import numpy as np

from paddlewheel.errors import PotentialError


def count(unit, watch, threads) -> bool:
    """Append `n` numbered lines to `ticks.txt`, each once, however often it is interrupted."""
    contents = unit.contents
    if contents.get("fail"):
        raise PotentialError("is bad", where="some-potential")
    if contents.get("die") and unit.checkpoint() is None:
        unit.write_checkpoint({"tick": np.array(0)})
        os._exit(7)
    checkpoint = unit.checkpoint()
    tick = int(checkpoint["tick"]) if checkpoint else 0
    path = unit.folder / "ticks.txt"
    lines = path.read_text().splitlines()[:tick] if path.exists() else []
    path.write_text("".join(f"{line}\n" for line in lines))
    while tick < contents["n"]:
        time.sleep(contents["tick_s"])
        with open(path, "a") as stream:
            stream.write(f"{tick} {os.getpid()}\n")
        tick += 1
        unit.write_progress({"tick": tick, "threads": threads, "omp": os.environ.get("OMP_NUM_THREADS")})
        stop = watch.should_stop()
        if stop or tick % 5 == 0:
            unit.write_checkpoint({"tick": np.array(tick)})
        if stop:
            return False
    unit.write_result({"ticks": tick, "pid": os.getpid()})
    return True
