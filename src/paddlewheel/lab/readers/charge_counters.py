"""Charge since the start from whatever counters a file has, each checked against the current and the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def joined_charge(
    counters: Mapping[str, np.ndarray | None], fields: Mapping[str, Any], warnings: list[str]
) -> np.ndarray | None:
    """Charge since the start, up on charge, from a net counter, from two, or from one that begins anew each step.

    Parameters
    ----------
    counters
        ``net_charge_Ah``, ``charge_counter_Ah``, ``discharge_counter_Ah``, ``step_charge_Ah``, each `[n_rows]` or None.
    fields
        ``time_s`` and ``current_A`` (positive on charge).
    warnings
        Said here: a counter whose sign is the other than that of the current.
    """
    net, up, down, step = (
        counters.get(name) for name in ("net_charge_Ah", "charge_counter_Ah", "discharge_counter_Ah", "step_charge_Ah")
    )
    current, time = np.asarray(fields["current_A"], dtype=float), np.asarray(fields["time_s"], dtype=float)
    if net is not None and np.isfinite(net).all():
        return _turned(net - net[0], current, warnings)
    if up is not None and down is not None and np.isfinite(up).all() and np.isfinite(down).all():
        return _increments(np.abs(up)).cumsum() - _increments(np.abs(down)).cumsum()
    if step is None or not np.isfinite(step).all():
        return None
    if (step < 0).any() or _falls_on_discharge(step, current):
        return _signed_increments(_turned(step, current, warnings), current, time).cumsum()
    direction = _direction(current)
    return (_increments(step, direction=direction) * direction).cumsum()


def _signed_increments(counter: np.ndarray, current_A: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """What a counter with a sign adds in every row, whether it runs on or begins anew in a step or half cycle.

    It began anew where all that it shows is much nearer to what the current can have passed since the row before than
    its difference from that row is. Between the currents of the two rows lies what can have passed.
    """
    steps = np.diff(counter, prepend=counter[:1])
    before = np.concatenate([current_A[:1], current_A[:-1]])
    hours = np.maximum(np.diff(time_s, prepend=time_s[:1]), 0.0) / 3600
    low, high = np.minimum(before, current_A) * hours, np.maximum(before, current_A) * hours

    def beyond(passed: np.ndarray) -> np.ndarray:
        return np.maximum(np.maximum(low - passed, passed - high), 0.0)

    slip = 1e-3 * max(float(np.abs(counter).max()), 1e-300)
    anew = (beyond(steps) > slip) & (beyond(counter) < 0.5 * beyond(steps))
    anew[0] = False
    return np.where(anew, counter, steps)


def _falls_on_discharge(counter: np.ndarray, current_A: np.ndarray) -> bool:
    """Whether a counter without negative values falls in most rows of discharge: it is a net one."""
    steps, discharging = np.diff(counter), (current_A[1:] < 0) & (current_A[:-1] < 0)
    down, up = int((steps[discharging] < 0).sum()), int((steps[discharging] > 0).sum())
    return down > 2 and down > 2 * up


def _turned(counter: np.ndarray, current_A: np.ndarray, warnings: list[str]) -> np.ndarray:
    """The counter, up where the current is positive; one that goes the other way in most rows is turned and told."""
    agrees = np.sum(np.sign(np.diff(counter)) * np.sign(current_A[1:]) * (current_A[1:] * current_A[:-1] > 0))
    if agrees < 0:
        warnings.append("the charge counter falls where the current is positive: its sign is turned")
        return -counter
    return counter


def _increments(counter: np.ndarray, *, direction: np.ndarray | None = None) -> np.ndarray:
    """What a counter without a sign adds in every row; where it begins anew (nearer to 0) all that it shows."""
    steps = np.diff(counter, prepend=counter[:1])
    anew = np.abs(counter) < np.abs(np.concatenate([counter[:1], counter[:-1]])) * (1 - 1e-6)
    # a slip of the last digit is no new beginning
    anew &= np.abs(steps) > 1e-3 * max(float(np.abs(counter).max()), 1e-300)
    if direction is not None and anew.any():  # one that ever begins anew does so where the current turns
        anew |= np.diff(direction, prepend=direction[:1]) != 0
    return np.where(anew, counter, steps)


def _direction(current: np.ndarray) -> np.ndarray:
    """Sign of the current, that of the last row with a current where there is none."""
    sign = np.sign(current)
    last = np.maximum.accumulate(np.where(sign != 0, np.arange(len(sign)), 0))
    return sign[last]


def sign_warnings(voltage_V: np.ndarray, current_A: np.ndarray) -> list[str]:
    """What the voltage says against the sign of the current: a cell's rises on charge and falls on discharge."""
    within = np.sign(current_A[1:]) * (np.sign(current_A[1:]) == np.sign(current_A[:-1]))
    moves = np.diff(voltage_V)
    rise, fall = (float(np.clip(sign * moves[within > 0], 0, None).sum()) for sign in (1, -1))
    if not (current_A < 0).any():
        if fall > max(_LEAST_FALL_V, _LEAST_SHARE * rise):
            return [
                f"no current is negative, yet the voltage falls by {fall:.3g} V in all while it flows: currents seem "
                "to have no sign, and nothing says which rows discharge"
            ]
        return []
    gained, lost = float(moves[within > 0].sum()), float(moves[within < 0].sum())
    if gained < -_LEAST_FALL_V and lost > _LEAST_FALL_V:
        return [
            "the voltage falls where the current is positive and rises where it is negative: the current seems to be "
            "positive on discharge; turn it (--columns current_A=-NAME)"
        ]
    return []


_LEAST_FALL_V = 0.1
_LEAST_SHARE = 0.3
