"""Resistance of a cell by pulses of current, by the time into the pulse and the charge in the cell (HPPC, DCIR).

R(t) = [E(t) - E before] / I, E before that of the last row of the rest before the pulse (Christophersen, Battery Test
Manual for Electric Vehicles, INL/EXT-15-34184 (2015), doi 10.2172/1186745, where a pulse lasts 10, 18 or 30 s).
What is read at 0.1 s is mostly the electrolyte and the contacts, what is added by 10 s charge transfer and diffusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from paddlewheel.lab.cycling.titration import Stretch, begin_of_current_s
from paddlewheel.lab.table import CellTest

PULSE_TIMES_s = (0.1, 1.0, 10.0, 18.0, 30.0)
_LONGEST_PULSE_s, _LEAST_REST_s = 90.0, 10.0
_AT_LEAST = 0.98


@dataclass(frozen=True, kw_only=True)
class PulseResistance:
    """A pulse and its resistances.

    Attributes
    ----------
    row
        First row of the pulse.
    charging, current_A, duration_s
        What was passed.
    charge_share
        Charge in the cell before it: 0 at the lowest of the test, 1 at the highest.
    rest_V
        Before it.
    resistance_ohm
        By the times of `PULSE_TIMES_s`; those that the pulse does not reach, or before its first row, are left out.
    """

    row: int
    charging: bool
    current_A: float
    duration_s: float
    charge_share: float
    rest_V: float
    resistance_ohm: dict[float, float]


def pulse_resistances(test: CellTest, stretches: Sequence[Stretch], charge_Ah: np.ndarray) -> list[PulseResistance]:
    """Every pulse of 90 s or less that follows a rest of 10 s or more, with its resistances."""
    lowest, width = float(charge_Ah.min()), float(np.ptp(charge_Ah))
    found = []
    for before, pulse in pairwise(stretches):
        short = pulse.sign and pulse.duration_s <= _LONGEST_PULSE_s
        if not short or before.sign or before.duration_s < _LEAST_REST_s or width <= 0:
            continue
        rows = slice(pulse.start, pulse.end)
        began_s = begin_of_current_s(test, pulse, charge_Ah)
        at_s = test.time_s[rows] - began_s
        rest_V = float(test.voltage_V[pulse.start - 1])
        values = (test.voltage_V[rows] - rest_V) / test.current_A[rows]
        reached = {
            time_s: float(np.interp(time_s, at_s, values))
            for time_s in PULSE_TIMES_s
            if at_s[0] <= time_s * (1 + 1e-6) and _AT_LEAST * time_s <= at_s[-1]
        }
        found.append(
            PulseResistance(
                row=pulse.start,
                charging=pulse.sign > 0,
                current_A=abs(pulse.current_A),
                duration_s=float(at_s[-1]),
                charge_share=(float(charge_Ah[pulse.start - 1]) - lowest) / width,
                rest_V=rest_V,
                resistance_ohm=reached,
            )
        )
    return [pulse for pulse in found if pulse.resistance_ohm]
