"""Eco Chemie's .dfr (Autolab's FRA): every number on a line of its own, nine lines a point.

`VERSION8.0`, the number of points, a number of unknown meaning, then for each point frequency, Z', -Z'' and six further
numbers (facts from files; the sign is that of the same spectrum in other formats).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable, number_of

_BEGIN = re.compile(r"VERSION\d+\.\d+\s*$", re.IGNORECASE)
_LINES_A_POINT = 9


def is_dfr(text: str) -> bool:
    """Whether a text is a .dfr."""
    lines = [line.strip() for line in text[:400].splitlines() if line.strip()]
    return len(lines) > 2 and bool(_BEGIN.match(lines[0])) and lines[1].isascii() and lines[1].isdigit()


def read_dfr(text: str, *, source: str, warnings: Sequence[str]) -> TextTable:
    """The points of the file.

    Raises
    ------
    DataError
        If it has fewer points than it says, or a line that is no number.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    count, body = int(lines[1][:9]), lines[3:]
    if len(body) < count * _LINES_A_POINT:
        raise DataError(
            f"{len(body) // _LINES_A_POINT} of {count} points", where=source, remedy="it is truncated: copy it again"
        )
    body = [line.replace(",", ".") for line in body[: count * _LINES_A_POINT]]
    values = [number_of(line) for line in body]
    strange = next((line for line, value in zip(body, values, strict=True) if value is None), None)
    if strange is not None:
        raise DataError(f"{strange[:40]!r} stands where a number should", where=source, remedy="copy it again")
    points = np.array(values, dtype=float).reshape(count, _LINES_A_POINT)
    return TextTable(
        names=["frequency", "Z'", "-Z''"], units=["Hz", "ohm", "ohm"], numbers=dict(enumerate(points[:, :3].T)),
        texts={}, preamble=[lines[0]], source=source, warnings=list(warnings),
    )  # fmt: skip
