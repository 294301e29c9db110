"""Linear sweep and cyclic voltammetry: the sweeps of a test, and the ohmic drop taken off them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.geometry import Uncertain, deviation, nominal
from paddlewheel.lab.measured_as import held_instead
from paddlewheel.lab.table import CellTest

_LEAST_ROWS = 30
_LEAST_V = 0.05
_MOST_POINTS = 600


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """A stretch in which the voltage goes one way.

    Attributes
    ----------
    direction
        ``oxidation`` (upwards) or ``reduction``.
    time_s, voltage_V, current_A
        `[n_rows]`, as measured, and averaged to at most 600 rows.
    rate_mV_per_s
        Mean sweep rate.
    rows
        First row of the file and the one after the last.
    """

    direction: Literal["oxidation", "reduction"]
    time_s: np.ndarray
    voltage_V: np.ndarray
    current_A: np.ndarray
    rate_mV_per_s: float
    rows: tuple[int, int]

    @property
    def way(self) -> float:
        """1 upwards, -1 downwards."""
        return 1.0 if self.direction == "oxidation" else -1.0


def find_sweeps(test: CellTest) -> list[Sweep]:
    """The sweeps of a test, holds and turns left out.

    Raises
    ------
    DataError
        If no sweep has 30 rows over 50 mV, as where the voltage does not rise or fall steadily, or the clock goes back.
    """
    step = np.diff(test.voltage_V)
    # the way the voltage goes over a stretch, not from row to row: a noisy file goes back and forth
    width = max(3, min(len(test) // 20, 25))
    smooth = np.convolve(step, np.ones(width) / width, mode="same") if len(step) >= width else step
    typical = float(np.percentile(np.abs(smooth), 90)) if len(smooth) else 0.0
    sign = np.sign(np.where(np.abs(smooth) > 0.2 * typical, smooth, 0.0))
    edges = np.concatenate([[0], np.flatnonzero(np.diff(sign)) + 1, [len(sign)]])
    sweeps = []
    for first, last in itertools.pairwise(edges):
        rows = slice(first, last + 1)
        voltage, time = test.voltage_V[rows], test.time_s[rows]
        if sign[first : first + 1].sum() == 0 or last - first < _LEAST_ROWS:
            continue
        if abs(voltage[-1] - voltage[0]) < _LEAST_V:
            continue
        if not time[-1] > time[0] or np.any(np.diff(time) < 0):
            raise DataError(f"the clock goes back in rows {first} to {last}", where=test.source, remedy="repair it")
        kept = -(-len(voltage) // _MOST_POINTS)
        whole = len(voltage) // kept * kept
        sweeps.append(
            Sweep(
                direction="oxidation" if sign[first] > 0 else "reduction",
                time_s=time[:whole].reshape(-1, kept).mean(axis=1),
                voltage_V=voltage[:whole].reshape(-1, kept).mean(axis=1),
                current_A=test.current_A[rows][:whole].reshape(-1, kept).mean(axis=1),
                rate_mV_per_s=1000 * abs(float(voltage[-1] - voltage[0])) / float(time[-1] - time[0]),
                rows=(int(first), int(last) + 1),
            )
        )
    if not sweeps:
        raise DataError(
            f"{held_instead(test, 'lsv', 'cv')}no sweep: the voltage nowhere goes one way for {_LEAST_ROWS} rows over "
            f"{1000 * _LEAST_V:g} mV",
            where=test.source, remedy="give a linear sweep voltammetry, rows in the order of time, voltages in V",
        )  # fmt: skip
    return sweeps


def corrected_voltage_V(sweep: Sweep, resistance_ohm: Uncertain) -> np.ndarray:
    """V - I R, `[n_rows]`.

    Raises
    ------
    SettingsError
        For a negative resistance, or one that turns the sweep back or leaves less than 50 mV of it: more than there is.
    """
    resistance = nominal(resistance_ohm)
    if not (np.isfinite(resistance) and resistance >= 0 and deviation(resistance_ohm) <= max(resistance, 0.0)):
        raise SettingsError(f"{resistance:g} ohm", where="resistance_ohm", remedy="give the cell's ohmic resistance")
    corrected = sweep.voltage_V - sweep.current_A * resistance
    width = max(3, len(corrected) // 20)
    along = sweep.way * np.convolve(corrected, np.ones(width) / width, mode="valid")
    back = float(np.max(np.maximum.accumulate(along) - along))
    if back > 0.02 * float(np.ptp(sweep.voltage_V)):
        raise SettingsError(
            f"{resistance:g} ohm turn the sweep back by {1000 * back:.3g} mV", where="resistance_ohm",
            remedy="the ohmic resistance is smaller; check that currents are in A",
        )  # fmt: skip
    if float(np.ptp(along)) < _LEAST_V:
        raise SettingsError(
            f"{resistance:g} ohm leave {1000 * float(np.ptp(along)):.3g} mV of the sweep", where="resistance_ohm",
            remedy="the cell is that resistance and nothing else, or the resistance is smaller",
        )  # fmt: skip
    return corrected


def row_noise(y: np.ndarray) -> float:
    """Standard deviation of white noise, from the differences of neighbouring rows."""
    steps = np.diff(y)
    return 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2) if len(steps) else 0.0
