"""Temporary folders that a kill -9 leaves behind for one run only: the next one removes them."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.execution.locks import FileLock

_PREFIX = "paddlewheel-"
_LOCK = "in-use.lock"


@contextmanager
def scratch_folder(*, for_shell: bool = False) -> Iterator[Path]:
    """A folder that goes at the end, or with the next run if this process is killed.

    Parameters
    ----------
    for_shell
        Its path must mean itself in a shell: Parsl writes it into scripts without quotes.

    Raises
    ------
    RunDirectoryError
        If there is no place for it.
    """
    place = _plain_place() if for_shell else Path(tempfile.gettempdir())
    remove_left_scratch()
    with writing(place):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        lock = FileLock(folder / _LOCK)
        lock.try_acquire()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def remove_left_scratch() -> None:
    """Remove the scratch folders of this user's processes that are gone."""
    for place in {Path(tempfile.gettempdir()), *map(Path, _PLACES)}:
        for lock_file in place.glob(f"{_PREFIX}*/{_LOCK}"):
            if lock_file.stat().st_uid != os.getuid():
                continue
            lock = FileLock(lock_file)
            if lock.try_acquire():
                shutil.rmtree(lock_file.parent, ignore_errors=True)
                lock.release()


_PLACES = ("/tmp", "/var/tmp")


def _plain_place() -> Path:
    for place in (tempfile.gettempdir(), *_PLACES):
        if shlex.quote(place) == place and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise RunDirectoryError(
        "has signs that a shell reads, and /tmp is not writable", where=tempfile.gettempdir(),
        remedy="set TMPDIR to a folder without spaces, quotes and $",
    )  # fmt: skip
