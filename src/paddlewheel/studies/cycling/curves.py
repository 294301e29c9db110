"""Voltage, dQ/dV and dV/dQ of the half cycles that `cycling` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import Cycle, HalfCycle, differential_capacity, differential_voltage
from paddlewheel.lab.cycling.charge import passed_charge_Ah
from paddlewheel.lab.cycling.half_cycles import charge_before
from paddlewheel.lab.table import CellTest

_MOST_CURVES = 6
_MOST_POINTS = 1200


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A half cycle of which voltage, dQ/dV and dV/dQ are shown."""

    cycle: int
    half: Literal["charge", "discharge"]
    capacity_mAh: np.ndarray
    voltage_V: np.ndarray
    dq_voltage_V: np.ndarray
    dq_mAh_per_V: np.ndarray
    dv_capacity_mAh: np.ndarray
    dv_V_per_mAh: np.ndarray
    resolution_mV: float
    peaks_V: list[float]


def shown_curves(
    test: CellTest, cycles: Sequence[Cycle], wanted: Sequence[int] | None, *, bin_mV: float, smoothing_mV: float
) -> list[Curve]:
    """The curves of the `wanted` cycles, by default six over the test.

    Raises
    ------
    SettingsError
        For a cycle that is not there.
    """
    numbers = [cycle.number for cycle in cycles]
    if wanted is None:
        places = np.unique(np.linspace(0, len(numbers) - 1, min(_MOST_CURVES, len(numbers))).astype(int))
        chosen = [numbers[place] for place in places]
    else:
        absent = [number for number in wanted if number not in numbers]
        if absent:
            raise SettingsError(
                f"no cycle {absent[0]}", where="curves", remedy=f"there are {numbers[0]} to {numbers[-1]}"
            )
        chosen = list(wanted)
    charge_mAh = 1000 * passed_charge_Ah(test)
    shown: list[Curve] = []
    for number in chosen:
        cycle = cycles[numbers.index(number)]
        halves: tuple[tuple[HalfCycle | None, Literal["charge", "discharge"]], ...] = (
            (cycle.charge, "charge"),
            (cycle.discharge, "discharge"),
        )
        for half, name in halves:
            if half is None or half.rows[1] - half.rows[0] < 3:
                continue
            rows = slice(*half.rows)
            curve = differential_capacity(
                test.voltage_V[rows], charge_mAh[rows] / 1000, bin_mV=bin_mV, smoothing_mV=smoothing_mV
            )
            passed = np.abs(charge_mAh[rows] - charge_before(charge_mAh, half.rows[0]))
            at_current = slice(0, max(len(passed) - half.n_held, 2))
            slope_mAh, slope = differential_voltage(test.voltage_V[rows][at_current], passed[at_current])
            kept = _corners(passed, test.voltage_V[rows])
            shown.append(
                Curve(
                    cycle=number,
                    half=name,
                    capacity_mAh=passed[kept],
                    voltage_V=test.voltage_V[rows][kept],
                    dq_voltage_V=curve.voltage_V,
                    dq_mAh_per_V=1000 * curve.value_Ah_per_V,
                    dv_capacity_mAh=slope_mAh,
                    dv_V_per_mAh=slope,
                    resolution_mV=curve.resolution_mV,
                    peaks_V=[float(peak) for peak in curve.peaks_V],
                )
            )
    return shown


def _corners(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rows that draw the same line: evenly spread along the curve's length, both axes scaled to their ranges."""
    if len(x) <= _MOST_POINTS:
        return np.arange(len(x))
    steps = np.abs(np.diff(x)) / max(float(np.ptp(x)), 1e-300) + np.abs(np.diff(y)) / max(float(np.ptp(y)), 1e-300)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.searchsorted(length, np.linspace(0, length[-1], _MOST_POINTS))
    return np.unique(np.concatenate([[0], np.minimum(places, len(x) - 1), [len(x) - 1]]))
