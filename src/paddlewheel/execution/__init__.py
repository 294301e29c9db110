"""Units of work: keys, checkpoints, locks, and their run through Parsl."""

from __future__ import annotations

from paddlewheel.execution.here import run_units_here
from paddlewheel.execution.locks import DriverLock, DriverWatch, FileLock
from paddlewheel.execution.pool import FINISHED, STOPPED, Outcome, Resources, run_units
from paddlewheel.execution.tasks import Unit, array_digest, content_key

__all__ = [
    "DriverLock", "DriverWatch", "FINISHED", "FileLock", "Outcome", "Resources", "STOPPED", "Unit", "array_digest",
    "content_key", "run_units", "run_units_here",
]  # fmt: skip
