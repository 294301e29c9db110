"""Faults of cycling files: duplicated rows, rows out of order, clock jumps, gaps, rounded currents; mended and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paddlewheel.lab.clock import rising, usual_interval_s, without_glitches
from paddlewheel.lab.table import CellTest

_GAP_STEPS = 20.0
"""A pause in the rows of more than so many of the usual intervals is a gap, if a current flows on both its sides."""
_COARSE = 0.02
"""A current is rounded coarsely where its smallest step is more than this share of the usual current."""
_LEAST_SINGLE_STEPS = 0.01
"""Of the rows under current: share that goes on by one smallest step, from which on a current counts as rounded."""
_ZERO_SHARE = 1e-3
"""Currents below this share of the usual one count as none."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of a file: what, how often, where first (a row counted from 0), and what was done about it."""

    kind: str
    count: int
    first_row: int
    detail: str
    action: str


def usual_current_A(current_A: np.ndarray) -> float:
    """The median of the currents that are not next to nothing; 0 where none flows."""
    size = np.abs(current_A)
    flowing = size[size > _ZERO_SHARE * size.max()] if len(size) and size.max() > 0 else size[:0]
    return float(np.median(flowing)) if len(flowing) else 0.0


def find_and_mend(test: CellTest) -> tuple[CellTest, list[Fault]]:
    """The test without duplicated rows and with a time that only rises, and every fault that was found.

    Duplicates (all columns alike) are dropped. Where the clock goes back or the day turns, the later rows are moved on,
    so that the usual interval lies between; gaps and coarse currents are told and left.
    """
    faults: list[Fault] = []
    test = _without_duplicates(test, faults)
    time = _rising_time(test.time_s, faults)
    if time is not test.time_s:
        test = replace(test, time_s=time)
    _gaps(test, faults)
    _coarse_current(test, faults)
    return test, faults


def _without_duplicates(test: CellTest, faults: list[Fault]) -> CellTest:
    columns = [test.time_s, test.voltage_V, test.current_A]
    columns += [column for column in (test.charge_Ah, test.step) if column is not None]
    alike = np.ones(len(test), dtype=bool)
    alike[0] = False
    for column in columns:
        alike[1:] &= column[1:] == column[:-1]
    if not alike.any():
        return test
    faults.append(
        Fault(kind="duplicated rows", count=int(alike.sum()), first_row=int(np.argmax(alike)),
              detail="time, voltage, current and counters as in the row before", action="dropped")
    )  # fmt: skip
    return _rows(test, ~alike)


def _rows(test: CellTest, keep: np.ndarray) -> CellTest:
    names = ("time_s", "voltage_V", "current_A", "charge_Ah", "step", "step_kind", "cycle", "temperature_K")
    changed: dict[str, Any] = {name: column[keep] for name in names if (column := getattr(test, name)) is not None}
    return replace(test, **changed, other={name: column[keep] for name, column in test.other.items()})


def _rising_time(time_s: np.ndarray, faults: list[Fault]) -> np.ndarray:
    ordered, out = without_glitches(time_s)
    if out.any():
        faults.append(
            Fault(kind="rows out of order", count=int(out.sum()), first_row=int(np.argmax(out)),
                  detail=f"single rows whose time leaves its order, the first with {time_s[np.argmax(out)]:.6g} s",
                  action="put between their neighbours")
        )  # fmt: skip
    mended, anew = rising(ordered)
    if anew.any():
        faults.append(
            Fault(kind="clock jumps", count=int(anew.sum()), first_row=int(np.argmax(anew)),
                  detail=f"the time goes back, by {-np.diff(ordered).min():.6g} s at most",
                  action=f"later rows moved on, {usual_interval_s(ordered):.6g} s after the row before")
        )  # fmt: skip
    return mended


def _gaps(test: CellTest, faults: list[Fault]) -> None:
    if len(test) < 3:
        return
    steps = np.diff(test.time_s)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    flowing = np.abs(test.current_A) > _ZERO_SHARE * max(np.abs(test.current_A).max(), 1e-300)
    # rows are often written by the change of the voltage, so that an interval is long where nothing happens: a gap is
    # one over which the voltage changed far more than it does from row to row
    moves = np.abs(np.diff(test.voltage_V))
    within = flowing[1:] & flowing[:-1]
    usual_move = float(np.median(moves[within])) if within.any() else 0.0
    gaps = within & (steps > _GAP_STEPS * usual) & (moves > max(_GAP_STEPS * usual_move, 5e-3))
    if gaps.any() and usual > 0:
        faults.append(
            Fault(kind="gaps", count=int(gaps.sum()), first_row=int(np.argmax(gaps)) + 1,
                  detail=f"up to {steps[gaps].max():.6g} s without a row while a current flows (usual: {usual:.6g} s)",
                  action="left: the charge over them is the counter's, or that of a straight line where there is none")
        )  # fmt: skip


def _coarse_current(test: CellTest, faults: list[Fault]) -> None:
    usual = usual_current_A(test.current_A)
    if usual == 0.0:
        return
    levels = np.unique(np.abs(test.current_A))
    if len(levels) < 3 or len(levels) > 2000:
        return
    differences = np.diff(levels)
    smallest = float(differences[differences > 1e-9 * usual].min(initial=np.inf))
    ratios = levels / smallest
    if not smallest > _COARSE * usual or np.abs(ratios - np.round(ratios)).max() >= 1e-3:
        return
    # rates of a program are multiples of the smallest too: rounding shows where a current goes on in single steps
    moves = np.diff(test.current_A)[(test.current_A[1:] * test.current_A[:-1]) > 0]
    if np.mean((np.abs(moves) > 0.5 * smallest) & (np.abs(moves) < 1.5 * smallest)) > _LEAST_SINGLE_STEPS:
        left = "those from the current are no better than this"
        action = f"left: capacities are the counter's; {left}" if test.charge_Ah is not None else f"left: {left}"
        faults.append(
            Fault(kind="rounded currents", count=len(test), first_row=0,
                  detail=f"currents in steps of {smallest:.3g} A, {100 * smallest / usual:.1f} % of the usual one",
                  action=action)
        )  # fmt: skip
