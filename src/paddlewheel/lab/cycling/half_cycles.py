"""Half cycles of a cell test: what each passed, its mean voltage, and how much of it at constant voltage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.cycling.charge import charge_error_Ah, current_direction, passed_charge_Ah
from paddlewheel.lab.table import CellTest

_CV_TOLERANCE_V = 3e-3
_CV_BELOW = 0.985
_LEAST_NOISY_ROWS, _TURNING_OF_NOISE, _SPREAD_OF_NOISE = 30, 0.35, 0.3
"""White noise changes its sign in half of its rows, and its size spreads by 0.76 of the mean; pulses do neither."""
LEAST_SHARE = 0.01
"""A stretch of current that passes less than this share of the largest is a fragment, not a half cycle."""


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
    charge_error_Ah
        How far the capacity may be off where it is the integral of the current; None where the file counts the charge.
    mean_voltage_V
        Energy over charge.
    cv_share
        Share of the charge passed after the constant-current stage, at constant voltage; 0 where there is no such.
    current_A
        Median size of the current at constant current, rests left out.
    n_held
        Rows at its end that are at constant voltage.
    end_voltage_V, end_current_A
        Voltage and size of the current in its last row.
    duration_s, temperature_K
        Its length, and its mean temperature where the file has one.
    """

    charging: bool
    rows: tuple[int, int]
    capacity_Ah: float
    charge_error_Ah: float | None
    energy_Wh: float
    mean_voltage_V: float
    cv_share: float
    n_held: int
    current_A: float
    end_voltage_V: float
    end_current_A: float
    duration_s: float
    temperature_K: float | None


def find_half_cycles(test: CellTest) -> tuple[list[HalfCycle], list[HalfCycle]]:
    """The half cycles, and the fragments: stretches that pass less than `LEAST_SHARE` of the largest.

    A stretch has one direction of the current; rests belong to none. A fragment belongs to no half cycle, but what
    stands on both sides of it with one direction is one half cycle: a pulse during a discharge does not end it.

    Raises
    ------
    DataError
        If no current flows but the noise of a rest, or no charge passes.
    """
    sign = current_direction(test)
    if not sign.any():
        raise DataError("no current flows", where=test.source, remedy="give a cycling test")
    flowing = np.flatnonzero(sign)
    _refuse_noise(test, sign[flowing])
    turns = np.flatnonzero(np.diff(sign[flowing]) != 0)
    starts = flowing[np.concatenate([[0], turns + 1])]
    ends = flowing[np.concatenate([turns, [len(flowing) - 1]])] + 1
    charge = passed_charge_Ah(test)
    passed = np.abs(charge[ends - 1] - np.where(starts > 0, charge[starts - 1], 0.0))
    if passed.max() <= 0:
        raise DataError("no charge passes", where=test.source, remedy="give a cycling test")
    whole = passed > LEAST_SHARE * passed.max()
    spans: list[list[int]] = []
    for start, end, direction in zip(starts[whole], ends[whole], sign[starts[whole]], strict=True):
        if spans and spans[-1][2] == direction:
            spans[-1][1] = int(end)
        else:
            spans.append([int(start), int(end), int(direction)])
    fragments = zip(starts[~whole], ends[~whole], strict=True)
    return (
        [_half_cycle(test, charge, sign, start, end) for start, end, _ in spans],
        [_half_cycle(test, charge, sign, int(start), int(end)) for start, end in fragments],
    )


def _refuse_noise(test: CellTest, sign: np.ndarray) -> None:
    """Raises DataError where what flows is the noise of a rest: of either sign from row to row, and of any size."""
    size = np.abs(test.current_A)
    turning = np.mean(np.diff(sign) != 0) if len(sign) >= _LEAST_NOISY_ROWS else 0.0
    if turning > _TURNING_OF_NOISE and np.std(size) > _SPREAD_OF_NOISE * np.mean(size):
        raise DataError(
            f"the current changes its sign from row to row, about 0 within {np.median(size):.2g} A: the noise of a "
            "rest, no current flows", where=test.source, remedy="give a cycling test"
        )  # fmt: skip


def _half_cycle(test: CellTest, charge: np.ndarray, sign: np.ndarray, start: int, end: int) -> HalfCycle:
    # the row before a stretch is where its charge is counted from
    first = max(start - 1, 0)
    q, v = np.append(charge_before(charge, start), charge[start:end]), test.voltage_V[start:end]
    v = np.append(v[0], v)  # the voltage at rest is not that under current
    net = float(q[-1] - q[0])
    passed = np.diff(q) * np.sign(net)  # what a pulse against the direction passed is taken off again
    capacity = abs(net)
    energy = float(np.sum(passed * 0.5 * (v[1:] + v[:-1])))
    charging = bool(test.current_A[start] > 0)
    flows = sign[start:end] != 0
    size = np.abs(test.current_A[start:end])
    held = _constant_voltage(test, start, end, charging=charging, level=float(np.median(size[flows][: _third(flows)])))
    at_cv = abs(charge[end - 1] - charge_before(charge, held)) if held < end else 0.0
    constant = size[: held - start][flows[: held - start]] if held > start else size[flows]
    temperature = None if test.temperature_K is None else test.temperature_K[start:end]
    return HalfCycle(
        charging=charging,
        rows=(start, end),
        capacity_Ah=capacity,
        charge_error_Ah=charge_error_Ah(test, start, end),
        energy_Wh=energy,
        mean_voltage_V=energy / capacity if capacity > 0 else float(v.mean()),
        cv_share=float(at_cv / capacity) if capacity > 0 else 0.0,
        n_held=end - held,
        current_A=float(np.median(constant if len(constant) else size[flows])),
        end_voltage_V=float(test.voltage_V[end - 1]),
        end_current_A=float(size[-1]),
        duration_s=float(test.time_s[end - 1] - test.time_s[first]),
        temperature_K=None
        if temperature is None or not np.isfinite(temperature).any()
        else float(np.nanmean(temperature)),
    )


def charge_before(charge_Ah: np.ndarray, row: int) -> float:
    """Charge since the start when a row's interval began: that of the row before, none before the first."""
    return float(charge_Ah[row - 1]) if row else 0.0


def _third(flows: np.ndarray) -> int:
    return max(3, int(flows.sum()) // 3)


def _constant_voltage(test: CellTest, start: int, end: int, *, charging: bool, level: float) -> int:
    """First row of the constant-voltage stage at the end of a half cycle; `end` where there is none.

    By the step's kind where the file says CC and CV; else by the rows: the voltage stays within 3 mV of its end while
    the current has fallen below `level` (A), that of the constant-current stage, to the last row.
    """
    if test.step_kind is not None:
        kinds = test.step_kind[start:end]
        if (kinds == "CV").any() and (kinds == "CC").any():
            return start + int(np.argmax(kinds == "CV"))
    voltage, size = test.voltage_V[start:end], np.abs(test.current_A[start:end])
    if len(voltage) < 5:
        return end
    edge = float(np.max(voltage) if charging else np.min(voltage))
    held = (np.abs(voltage - edge) < _CV_TOLERANCE_V) & (size < _CV_BELOW * level)
    if not held[-1] or size[-1] > 0.9 * level:  # a stage at constant voltage ends with a current that has fallen
        return end
    broken = np.flatnonzero(~held)
    return start + (int(broken[-1]) + 1 if len(broken) else 0)
