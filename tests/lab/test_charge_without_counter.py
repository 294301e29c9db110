"""Capacities of files without a counter of the charge: the truth is current times the time that a step lasted."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from paddlewheel import cycling
from paddlewheel.lab.cycling import find_half_cycles
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.table import CellTest
from paddlewheel.studies.cycling.record import CyclingRecord

I_A = 1e-3
ROWS = ("as a step ends", "as a step begins", "at both", "by the clock")


def made(steps, *, rows: str, interval_s: float = 60.0, phase_s: float = 0.0) -> CellTest:
    """Rows every `interval_s` of steps (length in s, current in A): counted within the step or, by the clock, from
    `phase_s` on. Steps of a length that is no multiple of the interval end or begin with a row of their own."""
    ends_s = np.cumsum([length for length, _ in steps])
    parts = []
    for (length, current), end_s in zip(steps, ends_s, strict=True):
        count = int(np.ceil(length / interval_s - 1e-9))
        due = np.arange(count + 1) * interval_s
        if rows == "by the clock":
            clock = np.arange(phase_s, ends_s[-1], interval_s)
            own = clock[(clock >= end_s - length) & (clock < end_s)] - (end_s - length)
        elif rows == "as a step begins":
            own = due[:-1]
        else:
            own = np.append(due[:-1] if rows == "at both" else due[1:-1], length)
        parts.append((end_s - length + own, np.full(len(own), current)))
    time, current = (np.concatenate(part) for part in zip(*parts, strict=True))
    time = np.round(time, 6)  # rows of one instant
    return CellTest(time_s=time, voltage_V=3 + 100 * current, current_A=current, source=f"{rows}.csv")


def cell(charge_s: float = 3600.0, efficiency: float = 0.999, rest_s: float = 600.0, cycles: int = 2):
    return [(charge_s, I_A), (rest_s, 0.0), (efficiency * charge_s, -I_A), (rest_s, 0.0)] * cycles


@pytest.mark.parametrize("rows", ROWS[:3])
@pytest.mark.parametrize("rest_s", [600.0, 0.0])
def test_efficiency_is_that_of_the_times_of_the_steps(rows, rest_s):
    """99.90 % at rows every 60 s; the trapezium gave 100.75 % of the first cycle (rows as a step ends)."""
    steps = [step for step in cell(rest_s=rest_s) if step[0]]
    record = cycling(made([*steps, (300.0, 0.0)], rows=rows))
    assert isinstance(record, CyclingRecord)
    assert [row.coulombic_efficiency for row in record.cycles] == pytest.approx([0.999, 0.999], abs=1e-9)
    assert [row.charge_mAh for row in record.cycles] == pytest.approx([1.0, 1.0], rel=1e-9)


def test_error_is_half_a_row_at_either_end_and_holds_the_truth():
    """Rows by a clock that knows of no step: the capacity is I t within I dt / 2 an edge, and right on average.

    An edge is uniform within 60 s, 17.3 s of standard deviation, two of them 24.5 s; the mean of 60 halves within
    three times 24.5 / sqrt(60) = 9.5 s of 3,600.
    """
    off_s = []
    for phase in np.linspace(0, 60, 30, endpoint=False):
        steps = [(617.0, 0.0), *cell(cycles=1, rest_s=633.0)]
        for half in find_half_cycles(made(steps, rows="by the clock", phase_s=phase))[0]:
            truth_s = 3600.0 if half.charging else 3596.4
            off_s.append(half.capacity_Ah / I_A * 3600 - truth_s)
            assert half.charge_error_Ah == pytest.approx(I_A * np.hypot(30, 30) / 3600)
            assert abs(off_s[-1]) <= 60.0 + 1e-6
    assert abs(np.mean(off_s)) < 9.5


def test_error_is_printed(tmp_path, capsys):
    from paddlewheel.cli.main import status_of

    test = made(cell(), rows="as a step ends")
    path = tmp_path / "cell.csv"
    columns = np.column_stack([test.time_s, test.voltage_V, test.current_A])
    np.savetxt(path, columns, delimiter=",", header="time_s,voltage_V,current_A", comments="", fmt="%.8g")
    assert status_of(["cycling", str(path), "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    # 30 s at either end of 3,596.4 s
    assert "no counter of the charge" in told.out + told.err
    assert "1.2 %" in told.out + told.err
    assert "no counter of the charge" in (tmp_path / "run" / "report.html").read_text()
    header, first = itertools.islice((tmp_path / "run" / "cycles.csv").open(), 2)
    row = dict(zip(header.strip().split(","), first.strip().split(","), strict=True))
    assert float(row["discharge_error_mAh"]) == pytest.approx(np.hypot(30, 30) / 3600, rel=1e-4)


def test_a_decay_at_constant_voltage_is_no_step():
    """I0 tau (1 - exp(-t / tau)) of a decay in rows of tau / 10: the trapezium of it is 1/1,200 high, no more."""
    tau, t = 600.0, np.arange(0.0, 1800.0 + 1, 60.0)
    time = np.concatenate([np.arange(60.0, 3601, 60.0), 3600 + t[1:], 5400 + np.arange(60.0, 601, 60.0)])
    current = np.concatenate([np.full(60, I_A), I_A * np.exp(-t[1:] / tau), np.zeros(10)])
    voltage = np.concatenate([np.linspace(3, 3.4, 60), np.full(30, 3.4), np.full(10, 3.3)])
    (half,) = find_half_cycles(CellTest(time_s=time, voltage_V=voltage, current_A=current, source="cccv.csv"))[0]
    truth_s = 3600 + tau * (1 - np.exp(-3))
    # what is left of the current, exp(-3), may flow on for half a row
    assert half.capacity_Ah / I_A * 3600 == pytest.approx(truth_s, abs=tau / 1200 + 30 * np.exp(-3))


def test_a_step_from_one_current_to_another_is_one():
    """1 mA for 1,810 s, 3 mA for 610 s, rows as a step ends: 1,810 + 3 * 610 = 3,640 mA s."""
    steps = [(1810.0, I_A), (610.0, 3 * I_A), (600.0, 0.0)]
    (half,) = find_half_cycles(made(steps, rows="as a step ends"))[0]
    assert half.capacity_Ah * 3.6e6 == pytest.approx(3640.0, rel=1e-9)


def test_the_integral_is_what_a_counter_counts(shared):
    """An instrument's counters (Arbin's layout, rows as a step ends) beside the same file without them.

    The trapezium was off by 0.25 to 0.5 %. The file starts one row after the charge did, which the first row of a
    counter does not show: 1.6667 Ah, of which 1.6583 were counted.
    """
    test = read_cell_test(shared / "data" / "faults" / "lab" / "nav31.csv")
    assert test.charge_Ah is not None
    counted, integrated = (find_half_cycles(each)[0] for each in (test, replace(test, charge_Ah=None)))
    assert [half.capacity_Ah for half in integrated] == pytest.approx([half.capacity_Ah for half in counted], rel=1e-9)
    assert counted[0].capacity_Ah == pytest.approx(counted[2].capacity_Ah, rel=1e-9)
