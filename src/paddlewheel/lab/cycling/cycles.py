"""Cycles of a cell test: half cycles in pairs, and whether the last was cut short by the end of the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

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

    def efficiency(self, working: Literal["cathode", "anode"]) -> float | None:
        """Coulombic efficiency: what comes back over what went in; a cathode is charged first, an anode discharged."""
        if self.charge is None or self.discharge is None:
            return None
        out, into = self.discharge.capacity_Ah, self.charge.capacity_Ah
        return out / into if working == "cathode" else into / out


def find_cycles(half_cycles: Sequence[HalfCycle], *, working: Literal["cathode", "anode"]) -> list[Cycle]:
    """Half cycles paired, the first half of a cycle being the charge of a cathode, the discharge of an anode.

    A half cycle that has no partner is a cycle alone.
    """
    opens = working == "cathode"
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
    1.5 times the current at which theirs do. False where there is no earlier one to compare with.
    """
    if not half_cycles:
        return False
    last = half_cycles[-1]
    earlier = [half for half in half_cycles[:-1] if half.charging == last.charging]
    if not earlier or last.capacity_Ah > _LESS * earlier[-1].capacity_Ah:
        return False
    ends = np.array([half.end_voltage_V for half in earlier])
    usual = float(np.median(ends))
    reach = max(_END_TOLERANCE_V, 3 * 1.4826 * float(np.median(np.abs(ends - usual))))
    lacking = usual - last.end_voltage_V if last.charging else last.end_voltage_V - usual
    if lacking > reach:
        return True
    held = [half.end_current_A for half in earlier if half.cv_share > _CV_SHARE]
    return bool(2 * len(held) > len(earlier) and last.end_current_A > _END_CURRENT * float(np.median(held)))
