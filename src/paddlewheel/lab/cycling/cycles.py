"""Cycles of a cell test: half cycles in pairs, and whether the last was cut short by the end of the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.cycling.cell_kind import Opening
from paddlewheel.lab.cycling.half_cycles import HalfCycle

_END_TOLERANCE_V = 0.01
_LESS = 0.98
_CV_SHARE = 0.01
_END_CURRENT = 1.5


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

    def closing_over_opening(self, opens_with: Opening) -> float | None:
        """Capacity of the half cycle that ends it over that of the one that begins it; None without one of them."""
        if self.charge is None or self.discharge is None:
            return None
        ratio = self.discharge.capacity_Ah / self.charge.capacity_Ah
        return ratio if opens_with == "charge" else 1 / ratio

    @property
    def energy_ratio(self) -> float | None:
        """Energy of the discharge over that of the charge; None without one of them."""
        if self.charge is None or self.discharge is None or self.charge.energy_Wh <= 0:
            return None
        return self.discharge.energy_Wh / self.charge.energy_Wh


def find_cycles(half_cycles: Sequence[HalfCycle], *, opens_with: Opening) -> list[Cycle]:
    """Half cycles paired, each cycle beginning with the given half; one that has no partner is a cycle alone."""
    opens = opens_with == "charge"
    cycles: list[Cycle] = []
    pending: HalfCycle | None = None
    for half in half_cycles:
        if half.charging == opens:
            if pending is not None:
                cycles.append(_pair(len(cycles) + 1, pending, None, opens))
            pending = half
        else:
            cycles.append(_pair(len(cycles) + 1, pending, half, opens))
            pending = None
    if pending is not None:
        cycles.append(_pair(len(cycles) + 1, pending, None, opens))
    return cycles


def _pair(number: int, first: HalfCycle | None, second: HalfCycle | None, opens: bool) -> Cycle:
    return Cycle(number=number, charge=first if opens else second, discharge=second if opens else first)


def is_cut_short(half_cycles: Sequence[HalfCycle]) -> bool:
    """Whether the last half cycle ends before its limit: the test ended within it.

    It passed less than the one before in its direction, and either its voltage ends more than 10 mV (or three robust
    deviations) short of where the earlier ones of its direction end, or its constant-voltage stage ends at more than
    1.5 times the current at which theirs do. Where there is no earlier one: it passed less than the one before
    it, and its voltage ends before the mean voltage of that one, which every half cycle passes that goes to its end.
    """
    if len(half_cycles) < 2:
        return False
    last, before = half_cycles[-1], half_cycles[-2]
    earlier = [half for half in half_cycles[:-1] if half.charging == last.charging]
    if not earlier:
        short = (
            before.mean_voltage_V - last.end_voltage_V if last.charging else last.end_voltage_V - before.mean_voltage_V
        )
        return last.capacity_Ah < _LESS * before.capacity_Ah and short > 0
    if last.capacity_Ah > _LESS * earlier[-1].capacity_Ah:
        return False
    ends = np.array([half.end_voltage_V for half in earlier])
    usual = float(np.median(ends))
    reach = max(_END_TOLERANCE_V, 3 * 1.4826 * float(np.median(np.abs(ends - usual))))
    lacking = usual - last.end_voltage_V if last.charging else last.end_voltage_V - usual
    if lacking > reach:
        return True
    held = [half.end_current_A for half in earlier if half.cv_share > _CV_SHARE]
    return bool(2 * len(held) > len(earlier) and last.end_current_A > _END_CURRENT * float(np.median(held)))
