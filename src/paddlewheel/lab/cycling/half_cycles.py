"""Half cycles and cycles of a cell test: what each passed, its mean voltage, and how much of it at constant voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.cycling.faults import usual_current_A
from paddlewheel.lab.table import CellTest

_ZERO_SHARE = 5e-3
_CV_TOLERANCE_V = 3e-3
_CV_BELOW = 0.985
_LEAST_SHARE = 0.01
"""A half cycle that passes less than this share of the largest is a pulse, not a half cycle."""


@dataclass(frozen=True, kw_only=True)
class HalfCycle:
    """A charge or a discharge.

    Attributes
    ----------
    charging
        Which.
    rows
        First row and the one after the last.
    capacity_Ah, energy_Wh
        What it passed, positive.
    mean_voltage_V
        Energy over charge.
    cv_share
        Share of the charge passed after the constant-current stage, at constant voltage; 0 where there is no such.
    current_A
        Mean size of the current at constant current.
    duration_s, temperature_K
        Its length, and its mean temperature where the file has one.
    """

    charging: bool
    rows: tuple[int, int]
    capacity_Ah: float
    energy_Wh: float
    mean_voltage_V: float
    cv_share: float
    current_A: float
    duration_s: float
    temperature_K: float | None


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A charge with a discharge; one of them may be missing at the beginning or the end of a test."""

    number: int
    charge: HalfCycle | None
    discharge: HalfCycle | None

    @property
    def polarization_V(self) -> float | None:
        """Mean voltage of the charge less that of the discharge."""
        if self.charge is None or self.discharge is None:
            return None
        return self.charge.mean_voltage_V - self.discharge.mean_voltage_V

    def efficiency(self, working: Literal["cathode", "anode"]) -> float | None:
        """Coulombic efficiency: what comes back over what went in; a cathode is charged first, an anode discharged."""
        if self.charge is None or self.discharge is None:
            return None
        out, into = self.discharge.capacity_Ah, self.charge.capacity_Ah
        return out / into if working == "cathode" else into / out


def passed_charge_Ah(test: CellTest) -> np.ndarray:
    """Charge since the start, `[n_rows]`: the counter of the file, or the integral of the current without one."""
    if test.charge_Ah is not None:
        return test.charge_Ah
    steps = np.diff(test.time_s) * 0.5 * (test.current_A[1:] + test.current_A[:-1]) / 3600
    return np.concatenate([[0.0], np.cumsum(steps)])


def find_half_cycles(test: CellTest) -> list[HalfCycle]:
    """The stretches in which the current has one direction, rests left out, and pulses.

    Raises
    ------
    DataError
        If no current flows.
    """
    usual = usual_current_A(test.current_A)
    if usual == 0.0:
        raise DataError("no current flows", where=test.source, remedy="give a cycling test")
    sign = np.where(np.abs(test.current_A) > _ZERO_SHARE * usual, np.sign(test.current_A), 0).astype(int)
    flowing = np.flatnonzero(sign)
    turns = np.flatnonzero(np.diff(sign[flowing]) != 0)
    starts = flowing[np.concatenate([[0], turns + 1])]
    ends = flowing[np.concatenate([turns, [len(flowing) - 1]])] + 1
    charge = passed_charge_Ah(test)
    found = [_half_cycle(test, charge, int(start), int(end), usual) for start, end in zip(starts, ends, strict=True)]
    largest = max(one.capacity_Ah for one in found)
    if largest <= 0:
        raise DataError("no charge passes", where=test.source, remedy="give a cycling test")
    return [one for one in found if one.capacity_Ah > _LEAST_SHARE * largest]


def _half_cycle(test: CellTest, charge: np.ndarray, start: int, end: int, usual_A: float) -> HalfCycle:
    # the row before a stretch is where its charge is counted from
    first = max(start - 1, 0)
    q, v = charge[first:end], test.voltage_V[first:end].copy()
    if first < start:
        v[0] = v[1] if len(v) > 1 else v[0]  # the voltage at rest is not that under current
    passed = np.abs(np.diff(q))
    capacity = float(abs(q[-1] - q[0]))
    energy = float(np.sum(passed * 0.5 * (v[1:] + v[:-1])))
    charging = bool(test.current_A[start] > 0)
    held = _constant_voltage(test, start, end, charging=charging, usual_A=usual_A)
    at_cv = abs(charge[end - 1] - charge[max(held - 1, 0)]) if held < end else 0.0
    size = np.abs(test.current_A[start:held]) if held > start else np.abs(test.current_A[start:end])
    temperature = None if test.temperature_K is None else test.temperature_K[start:end]
    return HalfCycle(
        charging=charging,
        rows=(start, end),
        capacity_Ah=capacity,
        energy_Wh=energy,
        mean_voltage_V=energy / float(passed.sum()) if passed.sum() > 0 else float(v.mean()),
        cv_share=float(at_cv / capacity) if capacity > 0 else 0.0,
        current_A=float(np.median(size)),
        duration_s=float(test.time_s[end - 1] - test.time_s[first]),
        temperature_K=None
        if temperature is None or not np.isfinite(temperature).any()
        else float(np.nanmean(temperature)),
    )


def _constant_voltage(test: CellTest, start: int, end: int, *, charging: bool, usual_A: float) -> int:
    """First row of the constant-voltage stage at the end of a half cycle; `end` where there is none.

    By the step's kind where the file says CC and CV; else by the rows: the voltage stays within 3 mV of its end while
    the current has fallen below that of the constant-current stage, to the last row.
    """
    if test.step_kind is not None:
        kinds = test.step_kind[start:end]
        if (kinds == "CV").any() and (kinds == "CC").any():
            return start + int(np.argmax(kinds == "CV"))
    voltage, size = test.voltage_V[start:end], np.abs(test.current_A[start:end])
    if len(voltage) < 5:
        return end
    edge = float(np.max(voltage) if charging else np.min(voltage))
    level = float(np.median(size[: max(3, len(size) // 3)]))
    held = (np.abs(voltage - edge) < _CV_TOLERANCE_V) & (size < _CV_BELOW * level)
    if not held[-1] or size[-1] > 0.9 * level:  # a stage at constant voltage ends with a current that has fallen
        return end
    broken = np.flatnonzero(~held)
    return start + (int(broken[-1]) + 1 if len(broken) else 0)


def find_cycles(half_cycles: Sequence[HalfCycle], *, working: Literal["cathode", "anode"]) -> list[Cycle]:
    """Half cycles paired, the first half of a cycle being the charge of a cathode, the discharge of an anode.

    Two half cycles of one direction that follow each other (a rest or a change of rate between) are one of each cycle.
    """
    opens = working == "cathode"
    cycles: list[Cycle] = []
    pending: HalfCycle | None = None
    for one in half_cycles:
        if one.charging == opens:
            if pending is not None:
                cycles.append(_pair(len(cycles) + 1, pending, None, opens))
            pending = one
        else:
            cycles.append(_pair(len(cycles) + 1, pending, one, opens))
            pending = None
    if pending is not None:
        cycles.append(_pair(len(cycles) + 1, pending, None, opens))
    return cycles


def _pair(number: int, first: HalfCycle | None, second: HalfCycle | None, opens: bool) -> Cycle:
    return Cycle(number=number, charge=first if opens else second, discharge=second if opens else first)
