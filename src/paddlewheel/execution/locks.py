"""Locks between processes: one driver a run directory, one worker a unit, and a sign of life of the driver.

POSIX record locks (`fcntl.lockf`) are used: the kernel drops them when their process dies, kill -9 included, and a
forked child does not inherit them.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

from paddlewheel.errors import RunDirectoryError
from paddlewheel.foreign import read_json
from paddlewheel.records import write_atomically

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


class FileLock:
    """An exclusive lock on a file, held by this process until `release` or its death."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if nobody holds it.

        Raises
        ------
        RunDirectoryError
            Where the file system has no such locks.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            if error.errno in _NO_LOCKS:
                raise RunDirectoryError(
                    f"its file system has no POSIX locks ({error.strerror})",
                    where=self.path.parent,
                    remedy="use a folder on another disk, or mount this one with locks",
                ) from error
            raise
        self._descriptor = descriptor
        return True

    def acquire(self, *, timeout_s: float, poll_s: float = 0.1) -> bool:
        """Wait up to `timeout_s` for the lock; False when it was not to be had."""
        end = time.monotonic() + timeout_s
        while not self.try_acquire():
            if time.monotonic() >= end:
                return False
            time.sleep(poll_s)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class DriverLock:
    """The driver's hold on a run directory, as a context manager.

    Raises
    ------
    RunDirectoryError
        On entry, when another driver works in the directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.token = uuid.uuid4().hex
        self._lock = FileLock(directory / "driver.lock")

    def __enter__(self) -> DriverLock:
        # a worker looking whether its driver lives holds the lock for a moment: hence the wait
        if not self._lock.acquire(timeout_s=3.0):
            raise RunDirectoryError(
                f"another paddlewheel works here ({_driver_label(self.directory)})",
                where=self.directory,
                remedy="wait for it, stop it, or use another --out",
            )
        (self.directory / "stop").unlink(missing_ok=True)
        document = {"token": self.token, "pid": os.getpid(), "host": socket.gethostname()}
        write_atomically(self.directory / "driver.json", json.dumps(document) + "\n")
        return self

    def ask_workers_to_stop(self) -> None:
        """Make every worker stop at its next checkpoint, which it takes at once."""
        write_atomically(self.directory / "stop", self.token + "\n")

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        (self.directory / "driver.json").unlink(missing_ok=True)
        self._lock.release()


def _driver(directory: Path) -> dict[str, Any]:
    path, remedy = directory / "driver.json", "start again"
    document = read_json(path, RunDirectoryError, remedy=remedy)
    if not isinstance(document, dict):
        raise RunDirectoryError("names no driver", where=path, remedy=remedy)
    return document


def _driver_label(directory: Path) -> str:
    try:
        document = _driver(directory)
    except RunDirectoryError:
        return "just starting"
    return f"process {document.get('pid')} on {document.get('host')}"


class DriverWatch:
    """A worker's view of its driver: is the one that started it still there, and does it want the work?"""

    def __init__(self, directory: Path, token: str, *, poll_s: float = 1.0) -> None:
        self._directory, self._token, self._poll_s = directory, token, poll_s
        self._lock = FileLock(directory / "driver.lock")
        self._next_look = 0.0
        self._gone = False

    def should_stop(self) -> bool:
        """True once the driver asked to stop, died, or was replaced by another; looks at most every `poll_s`."""
        now = time.monotonic()
        if not self._gone and now >= self._next_look:
            self._next_look = now + self._poll_s
            self._gone = self._look()
        return self._gone

    def _look(self) -> bool:
        try:
            if _driver(self._directory).get("token") != self._token:
                return True
            if (self._directory / "stop").exists():
                return True
        except (RunDirectoryError, OSError):
            return True
        if self._lock.try_acquire():
            self._lock.release()
            return True
        return False
