"""Charge since the start from whatever counters a file has, step by step, each row checked against the current.

What a counter adds between two rows is its difference, or, where it began anew between them, all that it shows. Of the
two the one counts that is nearer to what the current can have passed since the row before, which lies between the
currents of the two rows times the time. How large a step is against the whole test plays no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.lab.clock import rising

_MOST_EMPTY = 0.01
"""Share of the rows in which a counter may be empty."""
_BLOCKS = 200
_MOST_WITNESSES = 50_000
_LEAST_BLOCKS = 2
_OTHER_CURRENT = 0.1
"""A current that changes by more than this share of the larger one may have begun another step."""
_SAME = 0.02
"""Share of the difference up to which two charges are one."""
_FAR = 0.01
"""Of a single row that is off: against the counter beside it."""
_ALLOWED = 0.05
"""Share of a stretch's charge by which counter and integral may differ."""
_LEAST_FALL_V = 0.1
_LEAST_SHARE = 0.3
_STANDS_STILL = 1e-3


@dataclass(frozen=True, kw_only=True)
class _Flow:
    """What can have passed between every row and the one before, Ah, and where a counter may begin anew, `[n_rows]`."""

    low_Ah: np.ndarray
    high_Ah: np.ndarray
    entries: tuple[np.ndarray, ...]

    def of(self, direction: int) -> _Flow:
        """What passed in one direction (1 or -1), or in either (0), without a sign."""
        if direction > 0:
            low, high = self.low_Ah.clip(min=0.0), self.high_Ah.clip(min=0.0)
        elif direction < 0:
            low, high = (-self.high_Ah).clip(min=0.0), (-self.low_Ah).clip(min=0.0)
        else:
            low = np.maximum(self.low_Ah, -self.high_Ah).clip(min=0.0)
            high = np.maximum(self.high_Ah, -self.low_Ah)
        return _Flow(low_Ah=low, high_Ah=high, entries=self.entries)

    def at(self, rows: np.ndarray) -> _Flow:
        """Of these rows alone."""
        entries = tuple(one[rows] for one in self.entries)
        return _Flow(low_Ah=self.low_Ah[rows], high_Ah=self.high_Ah[rows], entries=entries)

    def beyond(self, passed_Ah: np.ndarray) -> np.ndarray:
        """How far a charge lies outside what can have passed."""
        return np.maximum(np.maximum(self.low_Ah - passed_Ah, passed_Ah - self.high_Ah), 0.0)

    def is_of_one_current(self, passed_Ah: np.ndarray) -> np.ndarray:
        """Whether a charge is what the current of one of the two rows passes over the whole interval."""
        off = np.minimum(np.abs(passed_Ah - self.low_Ah), np.abs(passed_Ah - self.high_Ah))
        return off <= _SAME * (self.high_Ah - self.low_Ah)

    def factor_to(self, steps_Ah: np.ndarray) -> float | None:
        """What a counter with these steps rose by over what the current passed; None where hardly any passed.

        The median over blocks of rows, so that neither where it begins anew nor single strange rows count.
        """
        passed = 0.5 * (self.low_Ah + self.high_Ah)
        known = steps_Ah * passed >= 0
        edges = np.unique(np.linspace(0, len(passed), min(_BLOCKS, len(passed)), endpoint=False).astype(int))
        counted, flown = (
            np.add.reduceat(np.abs(values) * (known & (passed != 0)), edges) for values in (steps_Ah, passed)
        )
        blocks = (flown > 0) & (counted > 0)
        with np.errstate(over="ignore"):  # of damaged numbers: a ratio beyond all numbers is none
            factors = counted[blocks] / flown[blocks]
        factors = factors[np.isfinite(factors)]
        return float(np.median(factors)) if len(factors) >= _LEAST_BLOCKS else None

    def scaled_to(self, steps_Ah: np.ndarray) -> _Flow:
        """The flow in the units of a counter with these steps: the current may be in mA under a name that says A."""
        rows = _some(len(steps_Ah))
        factor = self.at(rows).factor_to(steps_Ah[rows])
        if factor is None:
            return self
        return _Flow(low_Ah=self.low_Ah * factor, high_Ah=self.high_Ah * factor, entries=self.entries)


def _some(n_rows: int) -> np.ndarray:
    """Rows from all over a test, enough to tell a unit."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, _MOST_WITNESSES)).astype(int))


def _changes(column: np.ndarray) -> np.ndarray:
    """Whether a value is another than that of the row before, `[n_rows]`."""
    other = np.zeros(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=other[1:])
    return other


def _steps(counter: np.ndarray) -> np.ndarray:
    """The difference of every row from the one before, 0 in the first."""
    steps = np.zeros(len(counter))
    np.subtract(counter[1:], counter[:-1], out=steps[1:])
    return steps


def joined_charge(
    counters: Mapping[str, np.ndarray | None], fields: Mapping[str, Any], warnings: list[str]
) -> np.ndarray | None:
    """Charge since the start, up on charge, from a net counter, from two, or from one that begins anew each step.

    Parameters
    ----------
    counters
        ``net_charge_Ah``, ``charge_counter_Ah``, ``discharge_counter_Ah``, ``step_charge_Ah``, each `[n_rows]` or None.
    fields
        ``time_s`` and ``current_A`` (positive on charge); ``step`` and ``cycle`` where the file has them.
    warnings
        Said here: a counter whose sign is the other than that of the current, rows in which one is out of order or
        empty, and steps in which it is not the integral of the current.
    """
    current, time = np.asarray(fields["current_A"], dtype=float), np.asarray(fields["time_s"], dtype=float)
    flow = _flow(current, time, fields)
    filled = {name: None if column is None else _filled(column, name, warnings) for name, column in counters.items()}
    charge = _joined(filled, current, flow, warnings)
    if charge is not None:
        warnings += _contradictions(charge, flow)
    return charge


def counter_over_current(counters: Mapping[str, np.ndarray | None], fields: Mapping[str, Any]) -> float | None:
    """What the counters of a file rise by over the integral of its current, without a sign; None where none tells.

    By rows within a step, where the current is that of the row before, and by so many of them as are needed.
    """
    current, time = fields["current_A"], fields["time_s"]
    rows = _some(len(current))[1:]
    before, now, hours = current[rows - 1], current[rows], (time[rows] - time[rows - 1]) / 3600
    steady = (np.abs(now - before) < _OTHER_CURRENT * np.abs(now)) & (hours > 0)
    rows, passed = rows[steady], np.abs(0.5 * (before + now) * hours)[steady]
    factors = []
    for name in ("net_charge_Ah", "step_charge_Ah", "charge_counter_Ah", "discharge_counter_Ah"):
        counter = counters.get(name)
        if counter is None:
            continue
        steps = counter[rows] - counter[rows - 1]
        steps = np.abs(steps) if name == "net_charge_Ah" or (counter < 0).any() else steps
        counts = np.isfinite(steps) & (steps >= 0)
        if name in ("charge_counter_Ah", "discharge_counter_Ah"):  # which of the two counts is for others to say
            counts &= steps > 0
        flow = _Flow(low_Ah=passed[counts], high_Ah=passed[counts], entries=())
        factors.append(flow.factor_to(np.abs(steps[counts])) if counts.any() else None)
    known = [factor for factor in factors if factor is not None]
    return float(np.median(known)) if known else None


def _joined(
    counters: Mapping[str, np.ndarray | None], current_A: np.ndarray, flow: _Flow, warnings: list[str]
) -> np.ndarray | None:
    net, up, down, step = (
        counters.get(name) for name in ("net_charge_Ah", "charge_counter_Ah", "discharge_counter_Ah", "step_charge_Ah")
    )
    if net is not None:
        return _added(_turned(net, current_A, warnings), flow, warnings).cumsum()
    if up is not None and down is not None:
        charged = _added(np.abs(up), flow.of(1), warnings)
        return (charged - _added(np.abs(down), flow.of(-1), warnings)).cumsum()
    if step is None:
        return None
    if (step < 0).any() or _falls_on_discharge(step, current_A):
        return _added(_turned(step, current_A, warnings), flow, warnings).cumsum()
    return (_added(step, flow.of(0), warnings) * _direction(current_A)).cumsum()


def _flow(current_A: np.ndarray, time_s: np.ndarray, fields: Mapping[str, Any]) -> _Flow:
    """From the currents of neighbouring rows, and the places where the cycle, the direction or the step changes."""
    before = np.concatenate([current_A[:1], current_A[:-1]])
    hours = _steps(rising(time_s)[0]) / 3600
    entries = [_changes(fields["cycle"])] if fields.get("cycle") is not None else []
    entries.append(_changes(_direction(current_A)))
    if fields.get("step") is not None:
        entries.append(_changes(fields["step"]))
    else:
        entries.append(np.abs(current_A - before) > _OTHER_CURRENT * np.maximum(np.abs(current_A), np.abs(before)))
    ends = before * hours, current_A * hours
    return _Flow(low_Ah=np.minimum(*ends), high_Ah=np.maximum(*ends), entries=tuple(entries))


def _filled(counter: np.ndarray, name: str, warnings: list[str]) -> np.ndarray | None:
    """The counter without empty cells; None where too many are empty."""
    empty = ~np.isfinite(counter)
    if not empty.any():
        return counter
    if empty.mean() > _MOST_EMPTY:
        warnings.append(f"{name} is not used: {int(empty.sum())} of {len(empty)} rows are empty")
        return None
    warnings.append(f"{int(empty.sum())} rows without {name}: put between their neighbours")
    rows = np.arange(len(counter))
    return np.where(empty, np.interp(rows, rows[~empty], counter[~empty]), counter)


def _added(counter: np.ndarray, flow: _Flow, warnings: list[str]) -> np.ndarray:
    """What a counter adds in every row, `[n_rows]`, whether it runs on or begins anew in a step, half cycle or cycle.

    A counter may begin anew in any row in which it falls towards 0, and in those that enter another step. Where both
    readings are possible (a rest of hours, then a current), it does what it does at the other entries of that kind.
    """
    flow = flow.scaled_to(_steps(counter))
    counter = _without_glitches(counter, flow, warnings)
    steps, size = _steps(counter), np.abs(counter)
    may = np.zeros(len(counter), dtype=bool)
    np.less(size[1:], size[:-1], out=may[1:])
    for entries in flow.entries:
        may[1:] |= entries[1:]
    rows = np.flatnonzero(may)
    near, on, all_ = flow.at(rows), steps[rows], counter[rows]
    off_on, off_anew = near.beyond(on), near.beyond(all_)
    noise = 1e-9 * np.maximum(size[rows], size[rows - 1])  # of numbers in single precision or of few digits
    anew, clear_on = off_anew + noise < off_on, off_on + noise < off_anew
    of_one = near.is_of_one_current(all_) & ~near.is_of_one_current(on)
    for entries in near.entries:
        known, unclear = entries & (anew | clear_on), entries & ~(anew | clear_on)
        if not known.any():  # rows at the ends of steps have what one current passed between them
            anew |= unclear & of_one
        elif 2 * (anew & entries).sum() > known.sum():
            anew |= unclear
    steps[rows[anew]] = all_[anew]
    return steps


def _without_glitches(counter: np.ndarray, flow: _Flow, warnings: list[str]) -> np.ndarray:
    """The counter with single rows that it leaves and comes back from put between their neighbours.

    It leaves by more than the current can have passed, comes back by as much, and over the two intervals together it is
    right. A slip of the last digit does so too: it does no harm, and stays.
    """
    up, down = counter[1:] > counter[:-1], counter[1:] < counter[:-1]
    rows = np.flatnonzero((up[1:] & down[:-1]) | (down[1:] & up[:-1])) + 1
    if not len(rows):
        return counter
    here, then = flow.at(rows), flow.at(rows + 1)
    out, back = counter[rows] - counter[rows - 1], counter[rows + 1] - counter[rows]
    over = _Flow(low_Ah=here.low_Ah + then.low_Ah, high_Ah=here.high_Ah + then.high_Ah, entries=())
    least = np.minimum(here.beyond(out), then.beyond(back))
    looks_anew = (here.beyond(counter[rows]) < here.beyond(out)) | (then.beyond(counter[rows + 1]) < then.beyond(back))
    far = least > _FAR * np.maximum(np.abs(counter[rows]), np.abs(counter[rows - 1]))
    places = rows[(over.beyond(out + back) < _SAME * least) & (looks_anew | far)]
    if not len(places):
        return counter
    warnings.append(
        f"{len(places)} rows in which the charge counter leaves its course and comes back, the first row "
        f"{places[0] + 1}: put between their neighbours"
    )
    mended = counter.copy()
    mended[places] = 0.5 * (counter[places - 1] + counter[places + 1])
    return mended


def _contradictions(charge_Ah: np.ndarray, flow: _Flow) -> list[str]:
    """A warning where stretches of one current and step did not pass the integral of their current."""
    begins = np.flatnonzero(np.any(flow.entries, axis=0))
    begins = begins if len(begins) and begins[0] == 0 else np.append(0, begins)
    steps = _steps(charge_Ah)
    flow = flow.scaled_to(steps)
    counted, low, high = (np.add.reduceat(column, begins) for column in (steps, flow.low_Ah, flow.high_Ah))
    moves = np.abs(steps[steps != 0])
    digit = float(moves.min()) if len(moves) else 0.0
    off = np.maximum(np.maximum(low - counted, counted - high), 0.0)
    lengths = np.diff(begins, append=len(charge_Ah))
    wrong = np.flatnonzero((off > _ALLOWED * np.maximum(np.abs(low), np.abs(high)) + digit) & (lengths > 2))
    if not len(wrong):
        return []
    worst = wrong[np.argmax(off[wrong])]
    last = begins[worst + 1] if worst + 1 < len(begins) else len(charge_Ah)
    return [
        f"in {len(wrong)} of {len(begins)} stretches of one current the charge counter is not the integral of the "
        f"current, the most in rows {begins[worst] + 1} to {last}: {1000 * counted[worst]:.5g} mAh counted, "
        f"{500 * (low + high)[worst]:.5g} by the current; the counter is kept"
    ]


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


def _direction(current: np.ndarray) -> np.ndarray:
    """Sign of the current, that of the last row with a current where there is none."""
    sign = np.sign(current)
    last = np.maximum.accumulate(np.where(sign != 0, np.arange(len(sign)), 0))
    return sign[last]


def sign_warnings(
    voltage_V: np.ndarray, current_A: np.ndarray, counters: Mapping[str, np.ndarray | None] | None = None
) -> list[str]:
    """What the voltage says against the sign of the current: a cell's rises on charge and falls on discharge.

    A counter of the discharge that stands still beside that of the charge says that there is none.
    """
    within = np.sign(current_A[1:]) * (np.sign(current_A[1:]) == np.sign(current_A[:-1]))
    moves = np.diff(voltage_V)
    rise, fall = (float(np.clip(sign * moves[within > 0], 0, None).sum()) for sign in (1, -1))
    if not (current_A < 0).any():
        up, down = ((counters or {}).get(f"{name}_counter_Ah") for name in ("charge", "discharge"))
        if up is not None and down is not None and np.ptp(down) < _STANDS_STILL * np.ptp(up):
            return []
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
