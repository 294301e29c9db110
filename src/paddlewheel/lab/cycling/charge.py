"""Charge passed since the start of a test: the counter of the file, or the integral of the current without one.

Between two rows of one step the current goes straight from the one to the other. Where it steps it does not: it has the
one value up to an instant between the rows and the other value from there on, so that it is constant on both sides. The
instant is that of the earlier row in files that write a row as a step ends, that of the later row in files that write
one as a step begins; intervals that a step cut short tell which. Where nothing tells, it is put in the middle. What the
instant may be off by is I dt / 2, dt the time between the rows.
"""

from __future__ import annotations

import numpy as np

from paddlewheel.lab.cycling.faults import usual_current_A
from paddlewheel.lab.table import CellTest

_ZERO_SHARE = 5e-3
_FLAT = 0.1
"""A current is constant beside a step if it changes by less than this share of the step from row to row."""
_CUT_SHORT, _SAME = 0.98, 0.01
_LEAST_INTERVALS = 3
_MOST_WITNESSES = 400


def current_direction(test: CellTest) -> np.ndarray:
    """1 on charge, -1 on discharge, 0 at rest, `[n_rows]`: below 0.5 % of the usual current none flows."""
    least = _ZERO_SHARE * usual_current_A(test.current_A)
    return np.where(np.abs(test.current_A) > least, np.sign(test.current_A), 0).astype(int)


def passed_charge_Ah(test: CellTest) -> np.ndarray:
    """Charge since the start, `[n_rows]`: the counter of the file, or the integral of the current without one.

    The last row of a step has all that the step passed, and the first row what it had passed when that was written.
    """
    current, hours = test.current_A, np.diff(test.time_s) / 3600
    steps = _steps(test)
    ends = _end_of_step(test.time_s, current, steps)
    lead_Ah = current[0] * _lead_s(test.time_s, current, steps, ends) / 3600
    if test.charge_Ah is not None:  # readers count from the first row
        return test.charge_Ah - test.charge_Ah[0] + lead_Ah
    within = np.where(steps, 0.0, 0.5 * (current[1:] + current[:-1]) * hours)
    before, after = (np.where(steps, share * hours, 0.0) for share in (ends, 1 - ends))
    charge = np.zeros(len(test))
    charge[1:] = np.cumsum(within + before * current[:-1] + after * current[1:])
    charge[:-1] += before * current[:-1]  # what flowed on after the last row of a step
    return charge + lead_Ah


def charge_error_Ah(test: CellTest, start: int, end: int) -> float | None:
    """How far the charge of rows `start` to `end - 1`, one direction of the current, may be off for want of a row where
    the current stepped: I dt / 2 at either end, in quadrature. None where the file has a counter.
    """
    if test.charge_Ah is not None:
        return None
    time, size = test.time_s, np.abs(test.current_A)
    began_s = time[start] - time[start - 1] if start else 0.0
    ended_s = time[end] - time[end - 1] if end < len(test) else 0.0
    return float(np.hypot(size[start] * began_s, size[end - 1] * ended_s)) / 7200


def _steps(test: CellTest) -> np.ndarray:
    """Whether the current steps between a row and the next, `[n_rows - 1]`: its direction changes, or it is another
    one that is as constant as the one before."""
    direction, moves = current_direction(test), np.abs(np.diff(test.current_A))
    beside = np.concatenate([[0.0], moves, [0.0]])
    flat = np.maximum(beside[:-2], beside[2:]) < _FLAT * moves
    return (np.diff(direction) != 0) | (flat & (moves > _FLAT * usual_current_A(test.current_A)))


def _end_of_step(time_s: np.ndarray, current_A: np.ndarray, steps: np.ndarray) -> float:
    """Where between the rows on its two sides a step of the current stands: 0 at the earlier, 1 at the later, 0.5 where
    the file does not tell.

    A step ends when it ends, not when a row is due. If the last of its intervals is short and the next one is whole, a
    row was written at its end; if the last one is whole and the next is short, one at the begin of what followed. So it
    is where the two steps have rows at different intervals: the one across belongs to the step whose length it has.
    """
    intervals, places = np.diff(time_s), np.flatnonzero(steps)
    edges = np.concatenate([[-1], places, [len(intervals)]])
    at_end = at_begin = 0
    shown = (
        np.unique(np.linspace(1, len(edges) - 2, min(len(places), _MOST_WITNESSES)).astype(int)) if len(places) else []
    )
    for k in shown:
        earlier, later = intervals[edges[k - 1] + 1 : edges[k]], intervals[edges[k] + 1 : edges[k + 1]]
        if min(len(earlier), len(later)) < _LEAST_INTERVALS:
            continue
        between, last = float(intervals[edges[k]]), float(earlier[-1])
        before, after = float(np.median(earlier)), float(np.median(later))
        at_end += _same(between, after) and (last < _CUT_SHORT * before or not _same(between, before))
        at_begin += (
            _same(last, before) and not _same(between, after) and _SAME * before < between <= before * (1 + _SAME)
        )
    first = intervals[: edges[1]]
    if len(first) >= _LEAST_INTERVALS and current_A[0] != 0:
        at_end += _same(time_s[0], float(np.median(first)))
    return 0.0 if at_end > 2 * at_begin else 1.0 if at_begin > 2 * at_end else 0.5


def _lead_s(time_s: np.ndarray, current_A: np.ndarray, steps: np.ndarray, ends: float) -> float:
    """Time before the first row in which its current flowed, where rows are written as their interval ends."""
    first = next(iter(np.flatnonzero(steps)), len(steps))
    if ends > 0 or first < 1 or current_A[0] == 0:
        return 0.0
    usual = float(np.median(np.diff(time_s[: first + 1])))
    return float(time_s[0]) if 0 < time_s[0] <= (1 + _SAME) * usual else 0.0


def _same(interval_s: float, usual_s: float) -> bool:
    return abs(interval_s - usual_s) <= _SAME * usual_s
