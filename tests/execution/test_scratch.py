"""Scratch folders: gone at the end, and after a kill -9 with the next run; locks where there are none."""

from __future__ import annotations

import errno
import fcntl
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from paddlewheel.errors import RunDirectoryError
from paddlewheel.execution import FileLock
from paddlewheel.execution.scratch import scratch_folder

_KILLED = """
import os, signal
from paddlewheel.execution.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / 'large').write_text('x')
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_nothing_after_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert subprocess.run([sys.executable, "-c", _KILLED]).returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("paddlewheel-*"))) == 1
    (tmp_path / "of-another-program").mkdir()
    with scratch_folder() as folder:
        assert list(tmp_path.glob("paddlewheel-*")) == [folder]  # its own, in use
    assert [path.name for path in tmp_path.iterdir()] == ["of-another-program"]


def test_a_path_for_the_shell_means_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "a 'b' \"c\" $(touch made)"
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    with scratch_folder(for_shell=True) as folder:
        assert shlex.quote(str(folder)) == str(folder)
    with scratch_folder() as folder:
        assert folder.parent == odd


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks_is_named(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_arguments: object) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "lockf", refuses)
    with pytest.raises(RunDirectoryError, match=r"no POSIX locks.*another disk"):
        FileLock(tmp_path / "lock").try_acquire()
