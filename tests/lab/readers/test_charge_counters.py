"""The charge from counters of every habit: where they begin anew, single strange rows, steps of any length; the
truth is the current times the time of the program that made the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.clock import rising, without_glitches
from paddlewheel.lab.cycling import find_and_mend, find_half_cycles
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.readers.charge_counters import joined_charge

HABITS = ("never", "cycle", "half", "step", "in the rest")


def program(seed: int, *, short_s: float = 3.0) -> dict[str, np.ndarray]:
    """Rows, each at the end of its interval, of charges, discharges, rests and pulses as short as `short_s`."""
    random = np.random.default_rng(seed)
    steps: list[tuple[float, float, int]] = []  # seconds, A, cycle
    for cycle in range(1, 4):
        rate = 10 ** random.uniform(-1, 1)
        steps += [(3600 / rate, rate, cycle), (random.choice([0.0, 60.0, 5000.0]), 0.0, cycle)]
        for _ in range(random.integers(0, 6)):
            steps += [(short_s, -random.uniform(0.5, 2), cycle), (40.0, 0.0, cycle)]
        steps += [(3400 / rate, -rate, cycle), (random.choice([0.0, 60.0, 5000.0]), 0.0, cycle)]
    parts = []
    for number, (seconds, current, cycle) in enumerate((step for step in steps if step[0] > 0), start=1):
        rows = int(random.integers(3, 60))
        parts.append(np.array([[seconds / rows, current, number, cycle]] * rows))
    interval, current, step, cycle = np.concatenate(parts).T
    return {
        "time_s": np.cumsum(interval), "current_A": current, "passed_Ah": interval * current / 3600,
        "step": step.astype(int), "cycle": cycle.astype(int),
    }  # fmt: skip


def counted(rows: dict[str, np.ndarray], passed_Ah: np.ndarray, habit: str) -> np.ndarray:
    """What a counter shows that adds up `passed_Ah` and begins anew where its habit is."""
    direction = np.sign(rows["current_A"])
    last = direction[np.maximum.accumulate(np.where(direction != 0, np.arange(len(direction)), 0))]
    resting = (direction == 0) & (np.append(0, direction[:-1]) == 0)
    anew = {
        "never": np.zeros(len(last), dtype=bool),
        "cycle": np.diff(rows["cycle"], prepend=1) != 0,
        "half": np.diff(last, prepend=last[:1]) != 0,
        "step": np.diff(rows["step"], prepend=1) != 0,
        "in the rest": resting & (np.diff(resting, prepend=False) != 0),
    }[habit]
    total = np.cumsum(passed_Ah)
    base = np.zeros(len(total))
    for row in np.flatnonzero(anew):
        base[row:] = total[row - 1]
    return total - base


def counters(rows: dict[str, np.ndarray], kind: str, habit: str) -> dict[str, np.ndarray]:
    passed = rows["passed_Ah"]
    if kind == "two":
        return {"charge_counter_Ah": counted(rows, passed.clip(min=0), habit),
                "discharge_counter_Ah": counted(rows, (-passed).clip(min=0), habit)}  # fmt: skip
    if kind == "one":
        return {"step_charge_Ah": counted(rows, np.abs(passed), habit)}
    return {"step_charge_Ah" if kind == "with a sign" else "net_charge_Ah": counted(rows, passed, habit)}


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("kind", ["two", "one", "with a sign", "net"])
@pytest.mark.parametrize("with_steps", [True, False])
def test_charge_is_that_of_the_program_whatever_the_counter_does(kind, habit, with_steps):
    for seed in range(6):
        rows = program(seed)
        fields = rows if with_steps else {name: rows[name] for name in ("time_s", "current_A", "cycle")}
        warnings: list[str] = []
        charge = joined_charge(counters(rows, kind, habit), fields, warnings)
        truth = np.cumsum(rows["passed_Ah"]) - rows["passed_Ah"][0]
        np.testing.assert_allclose(charge, truth, atol=1e-9, err_msg=f"seed {seed}")
        assert warnings == []


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("factor", [0.0, 2.0, 1000.0])
def test_single_strange_rows_of_a_counter_are_mended_and_told(habit, factor):
    """The row itself may be off by what its interval passed; the rows after it are right."""
    rows = program(3)
    single = counters(rows, "one", habit)["step_charge_Ah"]
    within = np.diff(rows["step"], append=0) == 0
    places = np.flatnonzero(within & (rows["passed_Ah"] != 0) & (single > 20 * np.abs(rows["passed_Ah"])))[10::25]
    single[places] *= factor
    warnings: list[str] = []
    charge = joined_charge({"step_charge_Ah": single}, rows, warnings)
    truth = np.cumsum(rows["passed_Ah"]) - rows["passed_Ah"][0]
    others = np.setdiff1d(np.arange(len(truth)), places)
    np.testing.assert_allclose(charge[others], truth[others], atol=1e-9)
    assert any(one.startswith(f"{len(places)} rows in which the charge counter leaves") for one in warnings)


def test_a_single_empty_cell_does_not_cost_the_counter():
    rows = program(1)
    net = np.cumsum(rows["passed_Ah"])
    holed = np.where(np.arange(len(net)) == 30, np.nan, net)
    warnings: list[str] = []
    charge = joined_charge({"net_charge_Ah": holed}, rows, warnings)
    assert charge is not None
    assert charge[-1] == pytest.approx(net[-1] - net[0], abs=1e-12)
    assert any("1 rows without net_charge_Ah" in one for one in warnings)


def test_a_counter_that_stands_still_is_told():
    rows = program(2)
    passed = np.where(rows["step"] == 1, 0.0, rows["passed_Ah"])
    warnings: list[str] = []
    joined_charge({"net_charge_Ah": np.cumsum(passed)}, rows, warnings)
    assert any("in 1 of" in one and "is not the integral" in one for one in warnings)


def test_counters_in_another_unit_than_the_current_begin_anew_where_they_do():
    """The current in mA under a name that says A: which of the two is wrong is for others to say."""
    rows = program(4)
    fields = rows | {"current_A": 1000 * rows["current_A"]}
    charge = joined_charge(counters(rows, "one", "step"), fields, [])
    np.testing.assert_allclose(charge, np.cumsum(rows["passed_Ah"]) - rows["passed_Ah"][0], atol=1e-9)


def test_a_clock_that_begins_anew_with_the_counter():
    """Two files, one behind the other, as some programs export a test that was stopped."""
    first, second = program(5), program(6)
    fields = {name: np.concatenate([first[name], second[name]]) for name in ("time_s", "current_A")}
    single = np.concatenate([counters(rows, "one", "step")["step_charge_Ah"] for rows in (first, second)])
    charge = joined_charge({"step_charge_Ah": single}, fields, [])
    passed = np.concatenate([first["passed_Ah"], second["passed_Ah"]])
    np.testing.assert_allclose(charge, np.cumsum(passed) - passed[0], atol=1e-9)


@pytest.mark.parametrize(
    ("times", "mended"),
    [
        ([0, 10, 20, 0, 30, 40], [0, 10, 20, 25, 30, 40]),
        ([0, 100, 200, 0, 0, 215, 300], [0, 100, 200, 205, 210, 215, 300]),
        ([0, 10, 1e6, 20, 30], [0, 10, 15, 20, 30]),
        ([0, 10, 20, 0, 10, 20, 30], [0, 10, 20, 0, 10, 20, 30]),
        ([0, 10, 0, 3600, 7200], [0, 10, 0, 3600, 7200]),
        ([0, 10, 20], [0, 10, 20]),
    ],
)
def test_rows_out_of_order_are_told_from_a_clock_that_begins_anew(times, mended):
    found, out = without_glitches(np.array(times, dtype=float))
    assert found.tolist() == mended
    assert out.tolist() == [a != b for a, b in zip(times, mended, strict=True)]


def test_a_clock_that_begins_anew_goes_on_after_the_usual_interval():
    found, anew = rising(np.array([0.0, 10, 20, 0, 10]))
    assert found.tolist() == [0, 10, 20, 30, 40]
    assert np.flatnonzero(anew).tolist() == [3]


def capacities_mAh(path: Path) -> list[float]:
    half_cycles, _ = find_half_cycles(find_and_mend(read_cell_test(path))[0])
    return [1000 * half.capacity_Ah * (1 if half.charging else -1) for half in half_cycles]


@pytest.mark.parametrize(
    ("name", "truth_mAh"),
    [
        ("pulses.csv", [1000, -250]),  # 1 A for an hour, 300 times 3 s
        ("battetl41.csv", [2500, -2483.33] * 3),  # 100 min at 1 A and 100 at 0.5 A; 149 min at 1 A
        ("nav31.csv", [1.66667, -1.63333] * 3),  # 6000 s at 1 mA and at 0.98 mA
    ],
)
def test_faults_of_counters(shared, name, truth_mAh):
    path = shared / "data" / "faults" / "lab" / name
    assert capacities_mAh(path) == pytest.approx(truth_mAh, rel=1e-5)  # the counters have six or seven digits


def test_millivolts_under_a_name_of_volts_are_refused(shared):
    with pytest.raises(DataError, match=r"voltage_V .* 3000 V is outside -20 to 20 .*did you mean 3000 mV"):
        read_cell_test(shared / "data" / "faults" / "lab" / "millivolt.csv")


def test_rows_with_time_0_do_not_count_as_hours(shared):
    """Every discharge is 7.2 to 7.3 Ah (SOURCES.md); the file has no counter, so that the time decides; the discharge
    at 60 A, the last, ends with the file's short steps and is a little less."""
    test = read_cell_test(next((shared / "data" / "lab" / "cyclers").glob("SINTEF*")))
    assert any(one.startswith("19 rows whose time is out of order") for one in test.warnings)
    half_cycles, _ = find_half_cycles(find_and_mend(test)[0])
    discharges = [half.capacity_Ah for half in half_cycles if not half.charging]
    assert all(7.19 < one < 7.30 for one in discharges)
    assert len(discharges) == 5
