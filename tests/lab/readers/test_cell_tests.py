"""Cell tests of every format: columns, units, signs, counters put together; and what oracles read of the real files."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from lab_samples import ARBIN, BDF, GAMRY, GAMRY_EIS, LANDT, MACCOR, MPR, MPT, ZPLOT, mpr

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_cell_test, read_spectra, write_bdf, write_parquet
from paddlewheel.lab.readers.cell_tests import seconds_of
from paddlewheel.lab.table import CellTest


def written(folder: Path, text: str, name: str = "cell.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "charge_mAh"),
    [
        (MPT, [0, 1, 0.1]),
        (ARBIN, [0, 1, 0.1, 1.1]),
        (MACCOR, [0, 1, 0.1, 0.1]),
        (LANDT, [0, 1, 0.1]),
        (BDF, None),
    ],
    ids=["mpt", "arbin", "maccor", "landt", "bdf"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_text_exports_give_the_same_cell(tmp_path, text, charge_mAh, encoding):
    test = read_cell_test(written(tmp_path, text, encoding=encoding))
    assert test.time_s[:3] == pytest.approx([0, 3600, 7200])
    assert test.voltage_V[:3] == pytest.approx([3.0, 3.4, 2.9])
    assert test.current_A[:3] == pytest.approx([1e-3, 1e-3, -1e-3])
    if charge_mAh is None:
        assert test.charge_Ah is None
        assert test.temperature_K == pytest.approx([298.15, 298.15, 299.15])
    else:
        assert test.charge_Ah == pytest.approx(np.array(charge_mAh) / 1000, abs=1e-12)


def test_decimal_commas_days_and_states_are_said(tmp_path):
    commas = read_cell_test(written(tmp_path, MPT))
    assert "decimal commas" in commas.warnings
    assert commas.cycle.tolist() == [1, 1, 1]
    maccor = read_cell_test(written(tmp_path, MACCOR))
    assert maccor.time_s[3] == 93600  # 1 d 2 h
    assert maccor.step_kind.tolist() == ["CC", "CC", "CC", "rest"]
    assert any("no sign" in one for one in maccor.warnings)


def test_gamry_units_stand_in_a_row_of_their_own(tmp_path):
    test = read_cell_test(written(tmp_path, GAMRY, "one.DTA", "latin-1"))
    assert test.current_A.tolist() == [1e-3, 1e-3, -1e-3]
    assert test.voltage_V.tolist() == [1.5, 1.6, 1.7]


@pytest.mark.parametrize(("text", "name"), [(GAMRY_EIS, "z.DTA"), (ZPLOT, "z.z")])
def test_impedance_of_gamry_and_zplot(tmp_path, text, name):
    (one,) = read_spectra(written(tmp_path, text, name, "latin-1"))
    assert one.frequency_Hz.tolist() == [1e5, 1e4, 1e3]
    assert one.impedance_ohm.tolist() == [10 - 1j, 12 - 5j, 20 - 9j]


def test_user_names_columns_by_name_number_and_sign(tmp_path):
    path = written(tmp_path, "a;b;c\n0;3,0;-1,0\n10;3,1;-1,0\n20;3,2;-1,0\n", "own.csv")
    with pytest.raises(DataError, match=r"no time_s, voltage_V, current_A among the columns \(a, b, c\)"):
        read_cell_test(path)
    test = read_cell_test(path, columns={"time_s": "a", "voltage_V": "2", "current_A": "-c"})
    assert test.current_A.tolist() == [1.0, 1.0, 1.0]
    assert test.voltage_V.tolist() == [3.0, 3.1, 3.2]
    with pytest.raises(DataError, match="no field speed"):
        read_cell_test(path, columns={"speed": "a"})
    with pytest.raises(DataError, match="no column 'd'"):
        read_cell_test(path, columns={"time_s": "d"})


def test_damaged_lines_are_left_out_and_counted_and_the_rest_kept(tmp_path):
    lines = ["time/s\tEwe/V\tI/mA", *(f"{k}\t3.{k}\t1.0" for k in range(9))]
    lines[4] = "3\t#?!\t1.0"
    lines.append("9\t3.")  # truncated
    test = read_cell_test(written(tmp_path, "\n".join(lines)))
    assert test.time_s.tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
    for words in ("1 lines left out", "1 cells are no numbers, the first in line 5: '#?!'", "1 rows left out"):
        assert any(words in one for one in test.warnings), words


def test_unknown_columns_are_kept_under_their_names(tmp_path):
    test = read_cell_test(written(tmp_path, "time/s\tEwe/V\tI/mA\tstrange\n0\t3\t1\t7\n1\t3\t1\t8\n"))
    assert test.other["strange"].tolist() == [7, 8]


def test_counters_that_begin_anew_each_step_are_put_together(tmp_path):
    """Charge 1, 2, discharge 1.5 in two steps, charge 0.5: 0.5 + 0.5 mAh more than the start."""
    rows = [(0, 1, 0, 1), (1, 1, 1.0, 1), (2, 1, 2.0, 1), (3, -1, 1.0, 2), (4, -1, 0.5, 3), (5, 1, 0.5, 4)]
    text = "time/s\tVoltage/V\tCurrent/mA\tCapacity/mAh\tStep\n" + "\n".join(
        f"{t}\t3\t{i}\t{q}\t{s}" for t, i, q, s in rows
    )
    test = read_cell_test(written(tmp_path, text))
    assert test.charge_Ah * 1000 == pytest.approx([0, 1, 2, 1, 0.5, 1.0])


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [(["00:00:01", "00:01:00.5"], [1, 60.5]), (["1-02:00:00", "2d 00:00:00"], [93600, 172800]),
     (["0d 00:00:01,5"], [1.5]), (["noon"], None)],
)  # fmt: skip
def test_clock_times(texts, seconds):
    found = seconds_of(texts)
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_mpr_of_known_rows(tmp_path):
    path = tmp_path / "one.mpr"
    path.write_bytes(MPR)
    test = read_cell_test(path)
    assert test.time_s.tolist() == [0, 3600, 7200]
    assert test.current_A == pytest.approx([1e-3, 1e-3, -1e-3])
    assert test.charge_Ah * 1000 == pytest.approx([0, 1, 0.1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (MPR[:-5], "truncated"),
        (mpr([(1.0, 2.0)], [(4, "<f8"), (6, "<f8")]), "not 1 rows of 12"),
        (mpr([(1.0,)], [(4, "<f8")], version=9), "version 9"),
        (mpr([], [(4, "<f8")]), "no row"),
        (MPR[:60], "no data module"),
    ],
)
def test_mpr_that_is_not_whole_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.mpr"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_cell_test(path)


def test_workbook_gives_the_sheet_with_the_table(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["only a remark"])
    sheet = book.create_sheet("record")
    for row in (["Test Time(s)", "Voltage(V)", "Current(mA)", "Cycle"], [0, 3.0, 1.0, 1], [10, 3.1, 1.0, 1]):
        sheet.append(row)
    book.save(tmp_path / "landt.xlsx")
    test = read_cell_test(tmp_path / "landt.xlsx")
    assert test.current_A == pytest.approx([1e-3, 1e-3])
    assert test.cycle.tolist() == [1, 1]


def test_bdf_written_is_bdf_read(tmp_path):
    columns = {"time_s": [0.0, 1.5], "voltage_V": [3.0, 3.1], "current_A": [1e-3, -1e-3], "charge_Ah": [0.0, 0.5],
               "cycle": [1, 2], "temperature_K": [298.15, 299.15]}  # fmt: skip
    test = CellTest(**{name: np.array(values) for name, values in columns.items()})
    back = read_cell_test(write_bdf(test, tmp_path / "out.bdf.csv"))
    for name in ("time_s", "voltage_V", "current_A", "charge_Ah", "temperature_K", "cycle"):
        np.testing.assert_allclose(getattr(back, name), getattr(test, name), rtol=1e-11)


def test_parquet_has_every_column(tmp_path):
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow is not installed: pip install 'paddlewheel[parquet]'"
    )
    test = read_cell_test(written(tmp_path, ARBIN))
    table = parquet.read_table(write_parquet(test, tmp_path / "out.parquet"))
    assert table.column_names == list(test.columns())
    assert table.num_rows == 4


def test_biologic_file_is_read_as_galvani_reads_it(shared):
    """galvani 0.5.0 (GPL, in an environment of its own) gave: 46102 rows, last time 456309.58615131397 s, last (Q-Qo)
    0.2761686039399662 mAh, last Ewe 1.9999602 V, half cycle 13 at the end."""
    path = next((shared / "data" / "lab" / "cycling").glob("*.mpr"))
    test = read_cell_test(path)
    assert len(test) == 46102
    assert test.time_s[-1] == 456309.58615131397
    assert test.charge_Ah[-1] * 1000 == pytest.approx(0.2761686039399662, rel=1e-12)
    assert test.voltage_V[-1] == np.float32(1.9999602)
    assert test.other["half cycle"][-1] == 13
    # the file holds no current: the charge of a row over its time is the one that was set, -0.088796 mA
    assert test.current_A[-1] * 1000 == pytest.approx(-0.088796, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "rows", "first_V"), [("navani_test.nda", 439, -0.0911), ("navani_test.ndax", 1464, 3.4666)]
)
def test_neware_files_are_read_as_fastnda_reads_them(shared, name, rows, first_V):
    fastnda = pytest.importorskip("fastnda", reason="fastnda is not installed: pip install 'paddlewheel[neware]'")
    path = shared / "data" / "lab" / "cycling" / name
    test = read_cell_test(path)
    frame = fastnda.read(path)
    assert len(test) == rows == len(frame)
    assert test.voltage_V[0] == pytest.approx(first_V, abs=1e-4)
    capacity_mAh = frame["capacity_mAh"].to_numpy()
    last = np.flatnonzero(np.diff(frame["step_count"].to_numpy(), append=-1))
    assert test.charge_Ah[-1] * 1000 == pytest.approx(capacity_mAh[last].sum(), abs=1e-6)
    with pytest.raises(zlib.error):  # fastnda puts isal's zlib, with errors of its own, in the place of Python's
        zlib.decompress(b"not compressed")


@pytest.mark.parametrize("content", [b"", b"   \n", b"\x00\x01\x02" * 50, b"only words here\nand here\n"])
@pytest.mark.parametrize("suffix", [".csv", ".mpr", ".nda", ".ndax", ".xlsx", ".dta"])
def test_what_is_no_data_is_one_clear_error(tmp_path, content, suffix):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"bad{suffix}"):
        read_cell_test(path)
    with pytest.raises(DataError, match=f"bad{suffix}"):
        read_spectra(path)


def test_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: cannot be read"):
        read_cell_test(tmp_path / "none.csv")
