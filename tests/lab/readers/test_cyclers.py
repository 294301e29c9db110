"""Files of cyclers: real ones against what they say of themselves and what peers read, made ones after descriptions."""

from __future__ import annotations

import bz2
import gzip
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from cycler_samples import MINUTES, SAMPLES, VOLTAGE_V, CURRENT_mA, DOWN_mAh, UP_mAh
from test_damaged_lab_files import damaged_text, read

from paddlewheel.errors import DataError
from paddlewheel.lab.cycling import find_and_mend, find_half_cycles
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.readers.parquet import read_parquet
from paddlewheel.lab.table import CellTest


def check_sample(test: CellTest) -> None:
    np.testing.assert_allclose(test.time_s, 60 * MINUTES, atol=0.01)  # six digits of hours
    np.testing.assert_allclose(test.current_A, CURRENT_mA / 1000, atol=1e-9)
    np.testing.assert_allclose(test.voltage_V, VOLTAGE_V, atol=1e-6)
    if test.charge_Ah is not None:
        np.testing.assert_allclose(test.charge_Ah, (UP_mAh - DOWN_mAh) / 1000, atol=3e-6)  # six digits of Ah
    if test.temperature_K is not None:
        assert 297 < test.temperature_K.mean() < 300


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("packed", [False, True])
def test_made_files_of_cyclers_give_the_test(tmp_path, name, packed):
    path = tmp_path / ("cell.txt.gz" if packed else "cell.txt")
    content = SAMPLES[name].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    check_sample(read_cell_test(path))


def told(test: CellTest, words: str) -> bool:
    return any(words in one for one in test.warnings)


def test_what_contradicts_is_told(tmp_path):
    for name, words in {
        "Maccor in minutes": "the time is in min, as its dates and the charge over the current say",
        "Arbin without units": "the temperature has no unit: 25.2 is taken in degrees Celsius",
        "BDF, current turned": "the current is positive on discharge, as the names of the steps and the counters",
    }.items():
        path = tmp_path / "cell.txt"
        path.write_text(SAMPLES[name], encoding="utf-8")
        assert told(read_cell_test(path), words), name


DATES = [f"2024-01-01 {int(minute // 60):02d}:{int(minute % 60):02d}:00" for minute in range(130)]


def made(folder: Path, **columns: object) -> CellTest:
    """100 rows a minute apart, 1 mA and 3.5 V, with their counter, power, energy and dates, some of them changed."""
    minutes = np.arange(100.0)
    table: dict[str, object] = {
        "Time(s)": 60 * minutes, "Date": DATES[:100], "Current(A)": np.full(100, 1e-3),
        "Voltage(V)": 3.5 + 1e-3 * minutes, "Capacity(Ah)": 1e-3 * minutes / 60, "Power(W)": np.full(100, 3.5e-3),
    } | columns  # fmt: skip
    table = {name: column for name, column in table.items() if column is not None}
    lines = [",".join(table)]
    lines += [",".join(map(str, row)) for row in zip(*table.values(), strict=True)]  # type: ignore[call-overload]
    path = folder / "made.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_cell_test(path)


MINUTES_100 = np.arange(100.0)


@pytest.mark.parametrize("unit", ["", "(s)"])
def test_times_that_dates_and_charge_contradict_are_put_right(tmp_path, unit):
    test = made(tmp_path, **{"Time(s)": None, f"Test Time{unit}": MINUTES_100})
    assert told(test, "the time is in min, as its dates and the charge over the current say")
    assert test.time_s[-1] == 99 * 60


def test_one_witness_is_enough_against_a_unit_that_no_header_states(tmp_path):
    test = made(tmp_path, **{"Time(s)": None, "Test Time": MINUTES_100, "Capacity(Ah)": None, "Power(W)": None})
    assert told(test, "the time is in min, as its dates say")
    assert test.time_s[-1] == 99 * 60
    test = made(tmp_path, **{"Time(s)": None, "Test Time": MINUTES_100 / 60, "Date": None})
    assert told(test, "the time is in h, as the charge over the current say")
    assert test.time_s[-1] == pytest.approx(99 * 60)


def test_a_unit_in_the_header_is_believed_against_one_witness(tmp_path):
    test = made(tmp_path, **{"Time(s)": MINUTES_100, "Capacity(Ah)": None, "Power(W)": None})
    assert told(test, "the time is in min by its dates, in s by its name: the name is believed")
    assert test.time_s[-1] == 99


def test_dates_alone_against_times_and_charge_are_told(tmp_path):
    minutes = [f"2024-01-{1 + minute // 24:02d} {minute % 24:02d}:00:00" for minute in range(100)]  # an hour a minute
    test = made(tmp_path, Date=minutes)
    assert told(test, "the dates of the rows run 60 times as fast as their times, the charge does not")
    assert test.time_s[-1] == 99 * 60


def test_currents_and_counters_a_thousand_off_are_put_right_by_the_power_or_refused(tmp_path):
    wrong_current = made(tmp_path, **{"Current(A)": np.ones(100)})
    assert told(wrong_current, "the current is 0.001 times what its name says, as the charge counter and the power say")
    assert wrong_current.current_A == pytest.approx(1e-3)
    wrong_counter = made(tmp_path, **{"Capacity(Ah)": MINUTES_100 / 60})
    assert told(wrong_counter, "the charge counter is 0.001 times what its name says, as the current and the power say")
    assert wrong_counter.charge_Ah is not None
    assert wrong_counter.charge_Ah[-1] == pytest.approx(1.65e-3)
    by_energy = made(
        tmp_path, **{"Current(A)": np.ones(100), "Power(W)": None, "Energy(Wh)": 3.5e-3 * MINUTES_100 / 60}
    )
    assert by_energy.current_A == pytest.approx(1e-3)
    with pytest.raises(DataError, match="the charge of the current over that of the file's counter 1000"):
        made(tmp_path, **{"Current(A)": np.ones(100), "Power(W)": None})


def test_what_agrees_says_nothing(tmp_path):
    assert made(tmp_path).warnings == ()


@pytest.mark.parametrize(("values", "unit", "kelvin"), [(25.0, "", 298.15), (298.0, "", 298.0), (25.0, "(K)", 298.15)])
def test_temperatures_are_in_the_unit_that_makes_sense_of_them(tmp_path, values, unit, kelvin):
    test = made(tmp_path, **{f"Temperature{unit}": np.full(100, values)})
    assert test.temperature_K == pytest.approx(kelvin)


def test_a_column_that_turns_from_numbers_to_words_drops_no_row(tmp_path):
    words = ["0"] * 40 + ["hold at 3 V"] * 60
    assert len(made(tmp_path, Remark=words)) == 100
    quoted = ["0"] * 60 + ['"hold, then rest"'] * 40
    assert len(made(tmp_path, Remark=quoted)) == 100


def test_a_strange_cell_of_another_column_costs_no_row(tmp_path):
    test = made(tmp_path, Other=["1"] * 50 + ["n.a."] + ["1"] * 49)
    assert len(test) == 100
    assert told(test, "1 cells are no numbers, the first in line 52: 'n.a.'")


def capacities_Ah(test: CellTest) -> list[float]:
    half_cycles, _ = find_half_cycles(find_and_mend(test)[0])
    return [half.capacity_Ah * (1 if half.charging else -1) for half in half_cycles]


REAL = {
    # rows, Ah of the first half cycles, K, and what holds them
    "maccor_002.txt.gz": (7446, [2.44206e-3, -2.25098e-3, 2.27658e-3, -2.25395e-3], None),
    "neware_uio.csv.gz": (9065, [-5.0863e-3, 4.2493e-3], None),
    "nw_regular_export_ife_example.csv.gz": (9295, [0.02256, -0.33067, 0.32780, -0.33172], 299.9),
    "test_Nova_Form-CH01-01_short.csv.gz": (3942, [0.0294675], 312.2),
    "PredictionDiagnostics_000151_test.052": (333, [-4.4769e-3], None),
    "batmo_bdf.csv.gz": (21206, [-0.11690, 0.158948, -0.159789], None),
    "2017-05-09_test-TC-contact_CH33.csv": (287, [0.60309], 299.1),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(shared, name):
    """Capacities as the files' own counters and lines of steps have them, in their digits."""
    n_rows, truth_Ah, kelvin = REAL[name]
    test = read_cell_test(shared / "data" / "lab" / "cyclers" / name)
    assert len(test) == n_rows
    assert capacities_Ah(test)[: len(truth_Ah)] == pytest.approx(truth_Ah, rel=2e-4)
    assert (test.temperature_K is None) == (kelvin is None)
    if kelvin is not None:
        assert np.median(test.temperature_K) == pytest.approx(kelvin, abs=0.2)
    assert not told(test, "not the integral")


def test_maccor_in_minutes_lasts_as_its_dates_say(shared):
    test = read_cell_test(shared / "data" / "lab" / "cyclers" / "maccor_002.txt.gz")
    assert test.time_s[-1] / 3600 == pytest.approx(63.5, abs=0.01)
    assert told(test, "the time is in min, as its dates and the charge over the current say")


def test_first_efficiency_of_the_half_cell_that_discharges_first(shared):
    discharge, charge = capacities_Ah(read_cell_test(shared / "data" / "lab" / "cyclers" / "neware_uio.csv.gz"))[:2]
    assert charge / -discharge == pytest.approx(0.8355, abs=1e-4)


def test_a_rest_of_neware_14_is_read(shared):
    pytest.importorskip("fastnda", reason="fastnda is not installed: pip install 'paddlewheel[neware]'")
    test = read_cell_test(shared / "data" / "lab" / "cyclers" / "filetype14-0.ndax")
    assert len(test) == 67
    assert not test.current_A.any()


@pytest.mark.skipif(shutil.which("mdb-export") is None, reason="mdb-export is not installed: apt-get install mdbtools")
def test_arbin_res_gives_its_counters(shared, tmp_path):
    """Sums of the file's two counters over each cycle, read with mdb-export alone: mAh of the first discharges and
    charges; the counters run on within a cycle."""
    path = shared / "data" / "lab" / "cyclers" / "20160805_test001_45_cc_01.res.gz"
    test = read_cell_test(path)
    assert len(test) == 10261
    assert capacities_Ah(test)[:4] == pytest.approx([-1.7551e-3, 1.6254e-3, -1.5675e-3, 1.6996e-3], rel=1e-4)
    broken = tmp_path / "broken.res"
    broken.write_bytes(gzip.decompress(path.read_bytes())[:8192])
    with pytest.raises(DataError, match=r"broken\.res"):
        read_cell_test(broken)


def test_arbin_res_without_mdbtools_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "cell.res"
    path.write_bytes(b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(200))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"needs mdb-export; apt-get install mdbtools"):
        read_cell_test(path)


def test_parquet_of_bdf_is_read(tmp_path):
    polars = pytest.importorskip("polars", reason="polars is not installed: pip install 'paddlewheel[neware]'")
    frame = polars.DataFrame(
        {"Test Time / s": 60 * MINUTES, "Voltage / V": VOLTAGE_V, "Current / A": CURRENT_mA / 1000,
         "Step Type / 1": ["charge" if one > 0 else "discharge" for one in CURRENT_mA],
         "Charging Capacity / Ah": UP_mAh / 1000, "Discharging Capacity / Ah": DOWN_mAh / 1000}
    )  # fmt: skip
    path = tmp_path / "cell.parquet"
    frame.write_parquet(path)
    check_sample(read_cell_test(path))
    packed = tmp_path / "cell.parquet.bz2"
    packed.write_bytes(bz2.compress(path.read_bytes()))
    test = read_cell_test(packed)
    check_sample(test)
    assert test.source == str(packed)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="no readable Parquet"):
        read_parquet(path)


@pytest.mark.parametrize(("second", "n_rows"), [(21, 40), (1, 25)])
def test_sheets_whose_rows_go_on_are_one_test(tmp_path, second, n_rows):
    """Arbin begins another sheet when one is full; sheets of two cells are two tests, of which the longer is read."""
    from openpyxl import Workbook

    book = Workbook()
    for number, (start, length) in enumerate(((1, 20), (second, 20 if second > 1 else 25)), start=1):
        sheet = book.create_sheet(f"Channel_1-00{number}")
        sheet.append(["Data_Point", "Test_Time(s)", "Current(A)", "Voltage(V)"])
        for row in range(start, start + length):
            sheet.append([row, 10.0 * row, 1e-3, 3 + row / 100])
    book.save(tmp_path / "arbin.xlsx")
    test = read_cell_test(tmp_path / "arbin.xlsx")
    assert len(test) == n_rows
    assert (np.diff(test.time_s) == 10).all()


def test_xls_is_read_or_says_what_to_install(tmp_path):
    path = tmp_path / "cell.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(DataError, match=r"cell\.xls: (reading an \.xls needs xlrd|no readable workbook)"):
        read_cell_test(path)


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_of_cyclers_are_one_clear_error_or_rows_of_numbers(tmp_path, name):
    """A subset of what was tried once: 2,000 inputs a format."""
    rng, path = random.Random(7), tmp_path / "damaged.txt"
    for _ in range(40):
        path.write_bytes(damaged_text(SAMPLES[name], rng))
        for test in read(read_cell_test, path):
            assert np.isfinite(np.stack([test.time_s, test.voltage_V, test.current_A])).all()
            assert test.charge_Ah is None or np.isfinite(test.charge_Ah).all()
