"""Parameter files of Bruker: `acqus`, `acqu2s`, `procs`, and the lists of delays beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_document

Value = str | float | bool | list[Any]
_ENTRY = re.compile(r"^##\$?([^=\n]+)=", re.MULTILINE)
_ARRAY = re.compile(r"^\(\d+\.\.\d+\)")
_WORDS = re.compile(r"<([^>]*)>|([^<>\s]+)")
_DELAY = re.compile(r"^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(n|u|m|s|ns|us|ms|min)?$")
_SECONDS = {"n": 1e-9, "ns": 1e-9, "u": 1e-6, "us": 1e-6, "m": 1e-3, "ms": 1e-3, "s": 1.0, "min": 60.0}


class Parameters:
    """The values of one parameter file, asked for by name and kind.

    Parameters
    ----------
    values
        Name -> text, number, yes or no, or list of these.
    path
        The file, for errors.
    """

    def __init__(self, values: dict[str, Value], path: Path) -> None:
        self.values, self.path = values, path

    def number(self, name: str, default: float | None = None) -> float:
        """A number.

        Raises
        ------
        DataError
            If it is missing and there is no `default`, or is no finite number.
        """
        value = self.values.get(name, default)
        if value is None:
            raise DataError(f"no {name}", where=self.path, remedy="copy the folder of the measurement again")
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise DataError(f"{name} is {str(value)[:40]!r}, no number", where=self.path, remedy="copy it again")
        return float(value)

    def integer(self, name: str, default: int | None = None, *, low: int = -(2**31), high: int = 2**31) -> int:
        """An integer between two ends, included; errors as of `number`."""
        value = self.number(name, default)
        if value != int(value) or not low <= value <= high:
            raise DataError(f"{name} is {value:g}", where=self.path, remedy=f"an integer of {low} to {high} is meant")
        return int(value)

    def text(self, name: str) -> str:
        """A text; empty where it is missing."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else str(value)

    def element(self, name: str, place: int) -> float | None:
        """One number of a list such as `D`; None where it is not there."""
        value = self.values.get(name)
        if not isinstance(value, list) or place >= len(value):
            return None
        found = value[place]
        return float(found) if isinstance(found, int | float) and np.isfinite(found) else None


def read_parameters(path: Path) -> Parameters:
    """The parameters of a file in Bruker's JCAMP-DX.

    Raises
    ------
    DataError
        If it cannot be read or holds no parameters.
    """
    content = read_document(path, DataError, remedy="give the folder of a measurement as the spectrometer wrote it",
                            largest=20_000_000)  # fmt: skip
    text = as_text(content)
    entries = list(_ENTRY.finditer(text))
    if not entries:
        raise DataError("no parameters of a spectrometer", where=path, remedy="give the file as TopSpin wrote it")
    ends = [entry.start() for entry in entries[1:]] + [len(text)]
    values = {
        entry[1].strip(): _value(text[entry.end() : end]) for entry, end in zip(entries, ends, strict=True)
    }  # fmt: skip
    return Parameters(values, path)


def as_text(content: bytes) -> str:
    """Text of a file that may be in UTF-8 or in the code page of a spectrometer's computer."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _value(raw: str) -> Value:
    if "$$" in raw:
        raw = "\n".join(line.split("$$")[0] for line in raw.splitlines())
    text = raw.strip()
    if text.startswith("<"):
        return text[1:].rpartition(">")[0] if ">" in text else text[1:]
    begin = _ARRAY.match(text)
    if begin is None:
        return _scalar(text)
    content = text[begin.end() :]
    try:
        return [float(word) for word in content.split()]
    except ValueError:  # texts among them
        return [_scalar(words[2]) if words[1] is None else words[1] for words in _WORDS.finditer(content)]


def _scalar(text: str) -> str | float | bool:
    if text in ("yes", "no"):
        return text == "yes"
    try:
        return int(text)
    except ValueError:
        pass  # a number with a point, or a text
    try:
        return float(text)
    except ValueError:
        return text


def read_times(path: Path, *, unit_s: float = 1.0) -> tuple[np.ndarray, bool]:
    """The times of a list, s, one a line, with their units (n, u, m, s) or in `unit_s`; and whether a unit was missing.

    Raises
    ------
    DataError
        For a line that is no time, and for an empty list.
    """
    text = as_text(read_document(path, DataError, remedy="give a list of times, one a line", largest=1_000_000))
    times: list[float] = []
    bare = False
    for number, line in enumerate(text.splitlines(), 1):
        entry = re.split(r"[;#]", line)[0].strip().rstrip(",")
        if not entry:
            continue
        found = _DELAY.match(entry)
        if found is None:
            raise DataError(
                f"line {number} is {entry[:30]!r}, no time", where=path,
                remedy="give one time a line, as 100u, 5m or 0.5s",
            )  # fmt: skip
        bare = bare or found[2] is None
        times.append(float(found[1]) * (unit_s if found[2] is None else _SECONDS[found[2]]))
    if not times:
        raise DataError("an empty list of times", where=path, remedy="give one time a line, as 100u, 5m or 0.5s")
    return np.array(times), bare
