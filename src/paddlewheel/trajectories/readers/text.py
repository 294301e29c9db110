"""What the readers of text formats share: transparent decompression, whole lines, frames streamed in blocks."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file that may be compressed by gzip, bzip2 or xz, as its first bytes say.

    Raises
    ------
    TrajectoryError
        If it cannot be read, or the compressed data end early or are damaged.
    """
    import bz2
    import gzip
    import lzma

    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
    try:
        with open(path, "rb") as stream:
            magic = stream.read(6)
        opener = next((found for start, found in openers.items() if magic.startswith(start)), open)
        with opener(path, "rb") as stream:
            yield stream
    except (EOFError, zlib.error, LZMAError) as error:
        raise TrajectoryError(
            f"truncated or damaged compressed file ({error})", where=path, remedy="copy the file again"
        ) from error
    except OSError as error:  # gzip.BadGzipFile too
        raise TrajectoryError(f"cannot be read ({error.strerror or error})", where=path) from error


class Lines:
    """Lines of a file, with errors that name the frame and the line.

    A last line without its end is an error: nobody can say whether its last number is whole.
    """

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self.path = stream, path
        self.frame = 0
        """Number of the frame that is being read."""
        self.number = 0
        """Number of lines read."""

    def next(self) -> bytes | None:
        """The next line, or None at the end of the file."""
        line = self._stream.readline()
        if not line:
            return None
        self.number += 1
        if not line.endswith(b"\n"):
            self.fail_truncated()
        return line

    def need(self) -> bytes:
        """The next line, which must be there."""
        line = self.next()
        return self.fail_truncated() if line is None else line

    def take(self, n_lines: int) -> list[bytes]:
        """The next lines, which must be there."""
        lines = list(islice(self._stream, n_lines))
        self.number += len(lines)
        if len(lines) < n_lines or not lines[-1].endswith(b"\n"):
            self.fail_truncated()
        return lines

    def next_filled(self) -> bytes | None:
        """The next line that is not blank, or None at the end of the file."""
        line = self.next()
        while line is not None and not line.strip():
            line = self.next()
        return line

    def fail_truncated(self) -> NoReturn:
        """The file ends where it should not."""
        last = f"frame {self.frame - 1} is the last whole one" if self.frame else "no frame is whole"
        raise TrajectoryError(
            f"truncated: the file ends in frame {self.frame}, line {self.number} ({last})",
            where=self.path,
            remedy="copy it again, or cut it after the last whole frame",
        )

    def fail(self, problem: str, *, remedy: str | None = None) -> NoReturn:
        """The current frame is wrong."""
        raise TrajectoryError(f"frame {self.frame}, line {self.number}: {problem}", where=self.path, remedy=remedy)


@dataclass(frozen=True)
class RawFrame:
    """One frame, its atoms not parsed yet.

    Attributes
    ----------
    lines
        One line per atom.
    cell_A
        Lattice vectors, `[3, 3]`.
    line_number
        Number of the last line.
    layout
        What the format needs to parse the lines.
    """

    lines: list[bytes]
    cell_A: NDArray[np.float64]
    line_number: int
    layout: object = None


class TextFrames(ABC):
    """Frames of a text file; a subclass says how the file is divided into frames, and how one is parsed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_frames = 0

    @abstractmethod
    def split(self, lines: Lines) -> Iterator[RawFrame]:
        """The frames of the file, not parsed; each is checked for its number of atoms."""

    @abstractmethod
    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        """Cartesian positions of a frame, `[n_atoms, 3]`, in A; ValueError if a number is none."""

    def raw_frames(self) -> Iterator[RawFrame]:
        """All frames, not parsed."""
        with open_bytes(self.path) as stream:
            lines = Lines(stream, self.path)
            try:
                for raw in self.split(lines):
                    yield raw
                    lines.frame += 1
            except ValueError as error:
                lines.fail(str(error))

    def count(self) -> None:
        """Go through the whole file once: finds where it is truncated, sets `n_frames`."""
        self.n_frames = sum(1 for _ in self.raw_frames())
        if self.n_frames == 0:
            raise TrajectoryError("no frames", where=self.path, remedy="give a trajectory with at least one frame")

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        frames = enumerate(islice(self.raw_frames(), stop))
        chosen = ((index, raw) for index, raw in frames if index >= start)
        while block := list(islice(chosen, per_block)):
            yield (
                np.array([self._parse(index, raw) for index, raw in block]),
                np.array([raw.cell_A for _, raw in block]),
            )

    def first_frame(self) -> RawFrame:
        """The first frame, not parsed.

        Raises
        ------
        TrajectoryError
            If there is none.
        """
        for raw in self.raw_frames():
            return raw
        raise TrajectoryError("no frames", where=self.path, remedy="give a trajectory with at least one frame")

    def _parse(self, index: int, raw: RawFrame) -> NDArray[np.float64]:
        try:
            return self.parse(raw)
        except ValueError as error:
            first = raw.line_number - len(raw.lines) + 1
            raise TrajectoryError(
                f"frame {index}, lines {first} to {raw.line_number}: {error}",
                where=self.path,
                remedy="cut the trajectory before that frame",
            ) from error


def columns(lines: list[bytes], indices: Sequence[int]) -> NDArray[np.float64]:
    """Numbers of some columns of the lines, `[n_lines, n_columns]`; ValueError if one is missing or not finite."""
    table = np.loadtxt(lines, dtype=np.float64, comments=None, usecols=tuple(indices), ndmin=2)
    if len(table) != len(lines):
        raise ValueError("a blank line among the atoms")
    if not np.isfinite(table).all():
        raise ValueError("a number is not finite")
    return table


def words(lines: list[bytes], index: int) -> tuple[str, ...]:
    """One column of the lines as text; ValueError if it is missing."""
    try:
        return tuple(line.split(None, index + 1)[index].decode("ascii", "replace") for line in lines)
    except IndexError:
        raise ValueError(f"a line has no column {index + 1}") from None


def numbers(line: bytes, count: int) -> list[float]:
    """The first `count` numbers of a line; ValueError if they are not there."""
    values = [float(word) for word in line.split()[:count]]
    if len(values) < count:
        raise ValueError(f"{count} numbers expected, not {line.decode('ascii', 'replace').strip()[:60]!r}")
    return values
