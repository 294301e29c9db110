"""One cell test as many programs would export it: the same values each time, or a warning that says what is not."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_cell_test

N = 30
CURRENT_A = np.tile(np.concatenate([np.full(N, 1e-3), np.zeros(4), np.full(N, -1e-3), np.zeros(4)]), 2)
TIME_S = np.arange(len(CURRENT_A)) * 120.0
CHARGE_AH = np.concatenate([[0.0], np.cumsum(0.5 * (CURRENT_A[1:] + CURRENT_A[:-1]) * 120 / 3600)])
VOLTAGE_V = 3.0 + 0.5 * CHARGE_AH / CHARGE_AH.max() + 0.02 * np.sign(CURRENT_A)
STEP = np.cumsum(np.diff(np.sign(CURRENT_A), prepend=0) != 0)


DIRECTION = np.repeat([1, -1, 1, -1], N + 4)


def since_step(values: np.ndarray, step: np.ndarray = STEP) -> np.ndarray:
    """What passed since the last row of the step (or half cycle) before."""
    begins = np.flatnonzero(np.diff(step, prepend=step[0]) != 0)
    start = np.zeros(len(values))
    for row in begins:
        start[row:] = values[row - 1]
    return values - start


def clock(seconds: np.ndarray) -> list[str]:
    return [f"{int(s // 3600)}:{int(s // 60) % 60:02d}:{s % 60:05.2f}" for s in seconds]


def export(columns: dict[str, object], *, separator: str = ",", decimal: str = ".", quote: str = "") -> str:
    """The columns as text; numbers with the decimal mark, everything in quotes where there is one."""
    cells = [
        [one if isinstance(one, str) else f"{one:.9g}".replace(".", decimal) for one in column]  # type: ignore[attr-defined]
        for column in columns.values()
    ]
    rows = [list(columns), *(list(row) for row in zip(*cells, strict=True))]
    return "\r\n".join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows) + "\r\n"


STEP_CHARGE = np.abs(since_step(CHARGE_AH))
PLAIN = {"Test Time(s)": TIME_S, "Voltage(V)": VOLTAGE_V, "Current(A)": CURRENT_A}
VARIANTS: dict[str, tuple[str, str]] = {
    "all cells quoted": (export(PLAIN | {"Capacity(Ah)": STEP_CHARGE}, quote='"'), "utf-8"),
    "quoted decimal commas": (
        export(PLAIN | {"Capacity(Ah)": STEP_CHARGE}, separator=";", decimal=",", quote='"'), "utf-8"),
    "net counter, negative on discharge": (export(PLAIN | {"Capacity [Ah]": CHARGE_AH - 1e-3}), "utf-8"),
    "net counter with steps": (export(PLAIN | {"Capacity [Ah]": CHARGE_AH - 1e-3, "Step": STEP}), "utf-8"),
    "net counter, never negative": (export(PLAIN | {"Capacity [Ah]": CHARGE_AH}), "utf-8"),
    "counter of the other sign": (export(PLAIN | {"Capacity [Ah]": -CHARGE_AH}), "utf-8"),
    "with a sign, anew each half": (export(PLAIN | {"Capacity [Ah]": since_step(CHARGE_AH, DIRECTION)}), "utf-8"),
    "Biologic's counter of half cycles": (
        export({"time/s": TIME_S, "Ecell/V": VOLTAGE_V, "<I>/mA": 1e3 * CURRENT_A,
                "Q charge/discharge/mA.h": 1e3 * since_step(CHARGE_AH, DIRECTION)}, separator="\t"), "utf-8"),
    "German": (
        export({"Zeit [h]": TIME_S / 3600, "Spannung [V]": VOLTAGE_V, "Strom [mA]": 1e3 * CURRENT_A,
                "Ladung [mAh]": 1e3 * STEP_CHARGE}, separator=";", decimal=","), "cp1252"),
    "German in words": (
        export({"Zeit in Std": TIME_S / 3600, "Spannung in V": VOLTAGE_V, "Strom in mA": 1e3 * CURRENT_A,
                "Kapazität in mAh": 1e3 * STEP_CHARGE}, separator=";", decimal=","), "utf-8"),
    "Neware, times of the step": (
        export({"Step Index": STEP, "Time": clock(since_step(TIME_S)), "Current(A)": CURRENT_A,
                "Voltage(V)": VOLTAGE_V, "Capacity(Ah)": STEP_CHARGE}), "utf-8"),
}  # fmt: skip
CHINESE = export({
    "循环号": STEP // 4 + 1, "工步号": STEP,
    "工步类型": ["恒流充电" if i > 0 else "恒流放电" if i < 0 else "静置" for i in CURRENT_A],
    "时间": clock(since_step(TIME_S)), "总时间": clock(TIME_S), "电流(mA)": 1e3 * CURRENT_A, "电压(V)": VOLTAGE_V,
    "容量(mAh)": 1e3 * STEP_CHARGE,
})  # fmt: skip
VARIANTS |= {f"Chinese, {name}": (CHINESE, name) for name in ("utf-8", "gbk", "gb18030", "utf-16")}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_export_of_a_test_gives_its_values(tmp_path, name):
    text, encoding = VARIANTS[name]
    path = tmp_path / "cell.csv"
    path.write_bytes(text.encode(encoding))
    test = read_cell_test(path)
    np.testing.assert_allclose(test.time_s, TIME_S, atol=1e-3)
    np.testing.assert_allclose(test.voltage_V, VOLTAGE_V, atol=1e-8)
    np.testing.assert_allclose(test.current_A, CURRENT_A, atol=1e-11)
    np.testing.assert_allclose(test.charge_Ah, CHARGE_AH, atol=1e-10)


def read(tmp_path, table, **settings):
    path = tmp_path / "cell.csv"
    path.write_text(export(table), encoding="utf-8")
    return read_cell_test(path, **settings)


def test_what_was_guessed_of_a_counter_and_a_time_is_said(tmp_path):
    turned = read(tmp_path, PLAIN | {"Capacity [Ah]": -CHARGE_AH})
    assert any("its sign is turned" in one for one in turned.warnings)
    added = read(tmp_path, {"Step": STEP, "Time(s)": since_step(TIME_S), "U(V)": VOLTAGE_V, "I(A)": CURRENT_A})
    assert any("begins anew in the steps" in one for one in added.warnings)


def test_currents_whose_sign_the_voltage_contradicts_are_told(tmp_path):
    unsigned = read(tmp_path, PLAIN | {"Current(A)": np.abs(CURRENT_A)})
    assert any("no sign" in one for one in unsigned.warnings)
    turned = read(tmp_path, PLAIN | {"Current(A)": -CURRENT_A})
    assert any("positive on discharge" in one for one in turned.warnings)
    assert not any("sign" in one or "discharge" in one for one in read(tmp_path, PLAIN).warnings)


def test_a_column_is_named_as_it_stands_in_the_file(tmp_path):
    test = read(tmp_path, PLAIN | {"Current(A)": -CURRENT_A}, columns={"current_A": "-Current(A)"})
    np.testing.assert_allclose(test.current_A, CURRENT_A, atol=1e-11)


def test_a_current_per_mass_is_refused_for_its_unit(tmp_path):
    file = tmp_path / "per-gram.csv"
    file.write_text("time (s),voltage (V),current (mA/g)\n" + "".join(f"{t},3.5,100\n" for t in range(50)))
    with pytest.raises(DataError, match=r"no current_A.*current is not used: mA/g is no unit of A \(multiply it by"):
        read_cell_test(file)
