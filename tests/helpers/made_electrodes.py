"""Cells made of electrodes: potentials against the metal, an inventory of ions, side reactions, resistance, programs.

Nothing here knows how a kind of cell is told from its rows: a cell is two electrodes (or one against metal), each with
its potential curve, and a program of steps with voltage limits. What is lost is lost by side reactions: ions that stay
where they were inserted (in the SEI of an anode, in what V2O5 becomes below 2.5 V), more in the first cycle, or charge
that oxidizes the electrolyte or shuttles while a cathode is emptied. The half of a cycle in which an electrode loses is
the one that its efficiency begins with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from paddlewheel.lab.table import CellTest

Potential = Callable[[np.ndarray], np.ndarray]


def _plateaus(*steps: tuple[float, float], width: float = 0.02, begin_V: float = 1.0, end_V: float = 0.4) -> Potential:
    """Potential over the ions inserted, 0 to 1: plateaus (voltage, until which filling), soft steps, steep ends."""

    def potential(x: np.ndarray) -> np.ndarray:
        value = np.full_like(x, steps[0][0])
        for (before, until), (after, _) in pairwise(steps):
            value += (after - before) / (1 + np.exp(-(x - until) / width))
        return (
            value + begin_V * np.exp(-np.maximum(x, -0.05) / 0.012) - end_V * np.exp((np.minimum(x, 1.05) - 1) / 0.02)
        )

    return potential


def _slope(high_V: float, low_V: float, *, begin_V: float = 0.3, end_V: float = 0.8) -> Potential:
    def potential(x: np.ndarray) -> np.ndarray:
        ends = begin_V * np.exp(-np.maximum(x, -0.05) / 0.02) - end_V * np.exp((np.minimum(x, 1.05) - 1) / 0.02)
        return high_V + (low_V - high_V) * x + ends

    return potential


@dataclass(frozen=True, kw_only=True)
class Electrode:
    """Potential over filling, the filling as made, the hysteresis between filling and emptying, side reactions.

    `loss` is the share of the inserted charge (where it `keeps_ions`) or of the extracted charge that a side reaction
    takes, `first_loss` the share of the capacity that the first insertion loses.
    """

    potential: Potential
    keeps_ions: bool
    made_at: float
    hysteresis_V: float = 0.02
    loss: float = 0.002
    first_loss: float = 0.0


GRAPHITE = Electrode(keeps_ions=True, made_at=0.0, first_loss=0.1,
                     potential=_plateaus((0.21, 0.2), (0.12, 0.55), (0.085, 1), begin_V=2.6, end_V=0.09))  # fmt: skip
HARD_CARBON = Electrode(keeps_ions=True, made_at=0.0, first_loss=0.18, hysteresis_V=0.05,
                        potential=lambda x: 0.06 + 0.9 * np.clip(0.5 - x, 0, None) ** 1.2
                        + 1.8 * np.exp(-np.maximum(x, -0.02) / 0.02)
                        - 0.06 * np.exp((np.minimum(x, 1.02) - 1) / 0.02))  # fmt: skip
SILICON = Electrode(keeps_ions=True, made_at=0.0, first_loss=0.12, hysteresis_V=0.25, loss=0.006,
                    potential=lambda x: 0.42 - 0.32 * x + 2.0 * np.exp(-np.maximum(x, -0.02) / 0.015))  # fmt: skip
OXIDE = Electrode(keeps_ions=True, made_at=0.0, first_loss=0.28, hysteresis_V=0.7, loss=0.008,
                  potential=lambda x: 1.45 - 0.9 * x + 1.2 * np.exp(-np.maximum(x, -0.02) / 0.02)
                  - 0.4 * np.exp((np.minimum(x, 1.02) - 1) / 0.03))  # fmt: skip
TITANATE = Electrode(keeps_ions=True, made_at=0.0, first_loss=0.03, loss=0.001,
                     potential=_plateaus((1.56, 1), begin_V=1.2, end_V=0.5))  # fmt: skip
NMC = Electrode(keeps_ions=False, made_at=0.97, potential=_slope(4.35, 3.5))
NASICON = Electrode(keeps_ions=False, made_at=0.98, potential=_plateaus((3.38, 1), begin_V=0.6, end_V=1.2))
PHOSPHATE = Electrode(keeps_ions=False, made_at=0.98, potential=_plateaus((3.43, 1), begin_V=0.6, end_V=0.9))
EMPTY_PHOSPHATE = replace(PHOSPHATE, made_at=0.02)
P2_OXIDE = Electrode(keeps_ions=False, made_at=0.55, potential=_slope(4.2, 2.2), loss=0.004)
VANADIA = Electrode(keeps_ions=True, made_at=0.03, loss=0.004, first_loss=0.05,
                    potential=_plateaus((3.38, 0.5), (3.19, 1), begin_V=0.4, end_V=0.8), hysteresis_V=0.05)  # fmt: skip
SULFUR = Electrode(keeps_ions=True, made_at=0.02, first_loss=0.08, loss=0.004, hysteresis_V=0.12,
                   potential=_plateaus((2.35, 0.25), (2.1, 1), begin_V=0.3, end_V=0.5))  # fmt: skip
SHUTTLING_SULFUR = replace(SULFUR, keeps_ions=False, loss=0.05)


@dataclass(kw_only=True)
class MadeCell:
    """A cell and its rows so far. `negative` is None against a metal, which has all the ions that are asked for."""

    working: Electrode
    negative: Electrode | None = None
    capacity_mAh: float = 2.0
    resistance_ohm: float = 15.0
    excess: float = 1.1
    """Capacity of the negative electrode over that of the working one."""
    interval_s: float = 60.0
    noise_V: float = 2e-4
    seed: int = 0
    halves: list[tuple[int, float]] = field(default_factory=list)
    """Sign and charge (mAh) that each half cycle of the program passed."""

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.filling = self.working.made_at
        self.opposite = 0.0 if self.negative is None else self.negative.made_at
        self.sei = [self.working.first_loss, 0.0 if self.negative is None else self.negative.first_loss]
        self.rows: list[tuple[np.ndarray, ...]] = []
        self.time_s, self.step = 0.0, 0

    def _after(self, sign: int, passed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fillings of both electrodes after a charge in units of the working one's capacity, `[n]`."""
        working = self.filling - sign * _taken(passed, self.working, -sign, self.sei[0])
        if self.negative is None:
            return working, np.zeros_like(passed)
        over = passed / self.excess
        return working, self.opposite + sign * _taken(over, self.negative, sign, self.sei[1])

    def voltage_V(
        self, sign: int, working: np.ndarray, opposite: np.ndarray, current_mA: np.ndarray | float
    ) -> np.ndarray:
        """Of the cell under a current of that sign; at rest half of the hysteresis remains."""
        value = self.working.potential(working) + 0.5 * sign * self.working.hysteresis_V
        if self.negative is not None:
            value = value - self.negative.potential(opposite) + 0.5 * sign * self.negative.hysteresis_V
        return value + 1e-3 * self.resistance_ohm * np.asarray(current_mA)

    def _add(self, time_s: np.ndarray, voltage_V: np.ndarray, current_mA: np.ndarray, charge_mAh: np.ndarray) -> None:
        if len(time_s):
            self.step += 1
            noisy = voltage_V + self.random.normal(0, self.noise_V, len(time_s))
            self.rows.append((self.time_s + time_s, noisy, current_mA, charge_mAh, np.full(len(time_s), self.step)))
            self.time_s += float(time_s[-1])

    def rest(self, minutes: float) -> None:
        """No current; the voltage relaxes to what it is without resistance."""
        time_s = np.arange(1, max(2, int(60 * minutes / self.interval_s)) + 1) * self.interval_s
        level = self.voltage_V(0, np.array([self.filling]), np.array([self.opposite]), 0.0)
        self._add(time_s, np.repeat(level, len(time_s)), np.zeros(len(time_s)), np.zeros(len(time_s)))

    def pulse(self, sign: int, c_rate: float, seconds: float) -> None:
        """A short current and none after it."""
        time_s = np.linspace(0, seconds, 6)[1:]
        current = sign * c_rate * self.capacity_mAh
        self._pass(sign, time_s, np.full(5, current), np.abs(current) * time_s / 3600)
        self.rest(3)

    def _pass(self, sign: int, time_s: np.ndarray, current_mA: np.ndarray, charge_mAh: np.ndarray) -> None:
        working, opposite = self._after(sign, charge_mAh / self.capacity_mAh)
        self._add(time_s, self.voltage_V(sign, working, opposite, current_mA), current_mA, sign * charge_mAh)
        self._settle(sign, charge_mAh[-1] / self.capacity_mAh)

    def _settle(self, sign: int, passed: float) -> None:
        working, opposite = self._after(sign, np.array([passed]))
        self.sei = [
            _sei_left(passed, self.working, -sign, self.sei[0]),
            0.0 if self.negative is None else _sei_left(passed / self.excess, self.negative, sign, self.sei[1]),
        ]
        self.filling, self.opposite = float(working[0]), float(opposite[0])

    def half(
        self, sign: int, c_rate: float, until_V: float, *, share: float = 2.0, pulses: int = 0, hold: bool = False
    ) -> None:
        """A charge (1) or discharge (-1) to a voltage, or to a share of the capacity; interrupted by rests with pulses;
        then, if `hold`, at constant voltage to a tenth of the current."""
        current = sign * c_rate * self.capacity_mAh
        passed_mAh = 0.0
        pieces = pulses + 1
        done = False
        while not done:
            most = min(share * self.capacity_mAh - passed_mAh, share * self.capacity_mAh / pieces if pulses else np.inf)
            time_s = np.arange(1, int(most / abs(current) * 3600 / self.interval_s) + 2) * self.interval_s
            charge = np.minimum(abs(current) * time_s / 3600, most)
            working, opposite = self._after(sign, charge / self.capacity_mAh)
            voltage = self.voltage_V(sign, working, opposite, current)
            over = np.flatnonzero(sign * (voltage - until_V) >= 0)
            n = int(over[0]) + 1 if len(over) else len(time_s)
            done = bool(len(over)) or passed_mAh + charge[n - 1] >= share * self.capacity_mAh * (1 - 1e-9)
            self._pass(sign, time_s[:n], np.full(n, current), charge[:n])
            passed_mAh += float(charge[n - 1])
            if pulses and not done:
                self.rest(10)
        if hold:
            tau_s = 1200.0
            time_s = np.linspace(0, np.log(10) * tau_s, 40)[1:]
            decay = np.exp(-time_s / tau_s)
            charge = abs(current) * tau_s / 3600 * (1 - decay)
            working, opposite = self._after(sign, charge / self.capacity_mAh)
            self._add(time_s, np.full(len(time_s), until_V), current * decay, sign * charge)
            self._settle(sign, float(charge[-1]) / self.capacity_mAh)
            passed_mAh += float(charge[-1])
        self.halves.append((sign, passed_mAh))

    def test(self, *, counter: bool = True) -> CellTest:
        """The rows, with the instrument's counter or without."""
        time_s, voltage_V, current_mA, _, _ = (np.concatenate(column) for column in zip(*self.rows, strict=True))
        return CellTest(time_s=time_s, voltage_V=voltage_V, current_A=current_mA / 1000,
                        charge_Ah=self._counter_mAh() / 1000 if counter else None, source="made.csv")  # fmt: skip

    def _counter_mAh(self) -> np.ndarray:
        total, columns = 0.0, []
        for row in self.rows:
            columns.append(total + row[3])
            total = float(columns[-1][-1])
        return np.concatenate(columns)

    def csv(self, *, anew_every_steps: int) -> str:
        """The rows as a cycler exports them, its counters of charge and discharge set to 0 every few steps."""
        lines = ["Test_Time(s),Step_Index,Current(A),Voltage(V),Charge_Capacity(Ah),Discharge_Capacity(Ah)"]
        sums = [0.0, 0.0]
        for number, (time_s, voltage_V, current_mA, charge_mAh, _) in enumerate(self.rows):
            if number and number % anew_every_steps == 0:
                sums = [0.0, 0.0]
            for t, v, i, q in zip(time_s, voltage_V, current_mA, charge_mAh, strict=True):
                up, down = sums[0] + max(q, 0.0) / 1000, sums[1] + max(-q, 0.0) / 1000
                lines.append(f"{t:.3f},{number + 1},{i / 1000:.9g},{v:.5f},{up:.9g},{down:.9g}")
            sums = [sums[0] + max(charge_mAh[-1], 0.0) / 1000, sums[1] + max(-charge_mAh[-1], 0.0) / 1000]
        return "\n".join(lines) + "\n"


def _taken(passed: np.ndarray, electrode: Electrode, filling: int, sei: float) -> np.ndarray:
    """What of the charge passed goes into (filling 1) or comes out of (-1) the electrode itself."""
    if electrode.keeps_ions and filling > 0:
        return (passed - sei * (1 - np.exp(-passed / max(2 * sei, 1e-9)))) * (1 - electrode.loss)
    if not electrode.keeps_ions and filling < 0:
        return passed * (1 - electrode.loss)
    return passed


def _sei_left(passed: float, electrode: Electrode, filling: int, sei: float) -> float:
    return sei * float(np.exp(-passed / max(2 * sei, 1e-9))) if electrode.keeps_ions and filling > 0 else sei
