"""The error tree: what went wrong, where, and what to do about it, in one line each.

The command line turns every `PaddlewheelError` into one line on stderr and its `exit_status`;
anything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class PaddlewheelError(Exception):
    """An error whose message a user can act on.

    Parameters
    ----------
    problem
        What is wrong, with the value that is wrong in it.
    where
        The file, folder or option that it was found in.
    remedy
        What to do about it, as an imperative.
    """

    exit_status = 1

    def __init__(self, problem: str, *, where: str | Path | None = None, remedy: str | None = None) -> None:
        self.problem, self.where, self.remedy = problem, where, remedy
        text = problem if where is None else f"{where}: {problem}"
        if remedy:
            text = f"{text}; {remedy}"
        super().__init__(" ".join(text.split()))

    def __reduce__(self):  # keyword-only arguments: keep them when a worker process sends the error back
        return _rebuild, (type(self), self.problem, self.where, self.remedy)


def _rebuild(kind: type[PaddlewheelError], problem: str, where, remedy) -> PaddlewheelError:
    return kind(problem, where=where, remedy=remedy)


class InputError(PaddlewheelError):
    """Bad input: exit status 2, nothing written."""

    exit_status = 2


class StructureError(InputError):
    """A structure that cannot be read, or that no simulation can start from."""


class PotentialError(InputError):
    """An unknown, damaged or unsuitable potential."""


class TrajectoryError(InputError):
    """A trajectory that cannot be read or analysed."""


class DatasetError(InputError):
    """A training set that cannot be read, or whose labels cannot be what they are said to be."""


class DataError(InputError):
    """A lab file that cannot be read, or whose numbers cannot be what they are said to be."""


class SettingsError(InputError):
    """A setting outside its range, or settings that contradict each other."""


class RunDirectoryError(InputError):
    """A run directory that belongs to other inputs, is in use, or cannot be written (full disk, permissions)."""


class MachineError(InputError):
    """What the machine refused and a user can mend: no memory, workers that something kills."""


class ScienceError(PaddlewheelError):
    """The input was good and the science failed (every run broken, nothing diffusive): exit status 1."""


_REMEDIES = {
    errno.ENOSPC: "free some space and run the same command again",
    errno.EDQUOT: "free some of your quota and run the same command again",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that is not read-only",
    errno.EFBIG: "raise the limit of the size of files (ulimit -f) and run the same command again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "choose a folder, not a path below a file",
}


def is_refused_write(error: OSError) -> bool:
    """Whether the operating system refused to write for a reason that a user can mend (full disk, permissions)."""
    return error.errno in _REMEDIES


def cannot_write(error: OSError, path: str | Path) -> RunDirectoryError:
    """The error of one line for what the operating system refused at `path` (or at the file that it names)."""
    where = error.filename if isinstance(error.filename, str) else path
    remedy = _REMEDIES.get(error.errno or 0, "check the disk and run the same command again")
    return RunDirectoryError(f"cannot be written ({error.strerror or error})", where=where, remedy=remedy)


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what the operating system refuses while writing at `path` into a RunDirectoryError of one line."""
    try:
        yield
    except OSError as error:
        raise cannot_write(error, path) from error


_NO_MEMORY = ("can't allocate memory", "cannot allocate memory", "can't start new thread", "failed to map segment")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a limit of memory or of threads ended the work, however Python, a library or the loader calls it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError | ImportError) and any(words in text for words in _NO_MEMORY)


def out_of_memory(error: BaseException) -> MachineError:
    """The error of one line for it."""
    said = (str(error).splitlines() or [""])[0]
    return MachineError(
        "no memory left" + (f" ({said})" if said else ""),
        remedy="give it more (ulimit -v), or take a smaller cell, fewer frames or fewer --cores",
    )


_LONGEST_NAME_BYTES = 255


def check_name(path: str | Path) -> None:
    """Refuse a path that no file system takes, or that no record could name.

    Raises
    ------
    InputError
        If a part of it is longer than 255 bytes, or it is no UTF-8.
    """
    text = str(path)
    try:
        longest = max(len(part.encode()) for part in text.split("/"))
    except UnicodeEncodeError as error:
        shown = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise InputError("the name is not UTF-8, and no record could hold it", where=shown,
                         remedy="rename the file") from error  # fmt: skip
    if longest > _LONGEST_NAME_BYTES:
        raise InputError(f"a name of {longest} bytes: no file has over {_LONGEST_NAME_BYTES}", where=f"{text[:40]}...",
                         remedy="check the path")  # fmt: skip
