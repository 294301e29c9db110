"""The clock of a test: rows whose time falls out of the order of their neighbours, and clocks that begin anew."""

from __future__ import annotations

import numpy as np

_LONGEST_GLITCH = 20
"""Rows in a row that a stuck clock may have written."""
_MADE_UP = 0.5
"""A clock that falls by so much and makes it up at once, but for this share of it, has not begun anew."""


def usual_interval_s(time_s: np.ndarray) -> float:
    """The median of the intervals between rows that are above 0; 1 s where there is none."""
    steps = np.diff(time_s)
    rising = steps[steps > 0]
    return float(np.median(rising)) if len(rising) else 1.0


def without_glitches(time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The times with single rows that fall out of order put between their neighbours, and which rows those were.

    A row is out of order where the time falls (or leaps) and the next row goes on as if it had not: instruments write
    0 for the first row of a step, or for a row that they lost. A time that falls and then counts on from there has
    begun anew; it stays as it is.
    """
    out = np.zeros(len(time_s), dtype=bool)
    falls = np.flatnonzero(np.diff(time_s) < 0) + 1
    if not len(falls):
        return time_s, out
    for row in falls.tolist():
        first, end = _glitch(time_s, row)
        if first < end and time_s[end] - time_s[first - 1] <= _MADE_UP * abs(time_s[first] - time_s[first - 1]):
            out[first:end] = True
    if not out.any():
        return time_s, out
    rows = np.arange(len(time_s))
    return np.where(out, np.interp(rows, rows[~out], time_s[~out]), time_s), out


def _glitch(time_s: np.ndarray, row: int) -> tuple[int, int]:
    """The rows, first and one after the last, that may make the time fall at `row`; none where it goes on from there.

    A time of each step that passes that of a short step before looks alike; it does not make up for its fall at once.
    """
    before = time_s[row - 1]
    for end in range(row + 1, min(row + 1 + _LONGEST_GLITCH, len(time_s))):
        if time_s[end] >= before:
            return row, end
        if time_s[end] != time_s[row]:
            break
    if row >= 2 and time_s[row - 2] <= time_s[row]:  # the row before leapt up
        return row - 1, row
    return row, row


def rising(time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The times with later rows moved on wherever the clock begins anew, a usual interval after the row before, and at
    which rows it does."""
    steps = np.diff(time_s)
    anew = np.concatenate([[False], steps < 0])
    if not anew.any():
        return time_s, anew
    steps = np.where(steps < 0, usual_interval_s(time_s), steps)
    return time_s[0] + np.concatenate([[0.0], np.cumsum(steps)]), anew
