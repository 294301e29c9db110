"""Biologic's files: the binary ones are what their text forms say, column by column; damaged ones are refused."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from lab_samples import mpr

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_cell_test, read_spectra
from paddlewheel.lab.readers.biologic import read_mpr
from paddlewheel.lab.readers.biologic_columns import name_and_unit
from paddlewheel.lab.readers.biologic_text import read_mpt
from paddlewheel.lab.readers.text_table import TextTable, read_text

PAIRS = {
    "ca": ("CA", 721), "cov.issue_185": ("CoV", 23), "cp": ("CP", 121), "cv": ("CV", 5103),
    "cva.issue_202": ("CVA", 455), "gcpl.issue_149": ("GCPL", 132), "gcpl.issue_226.I": ("GCPL", 15),
    "geis": ("GEIS", 2528), "lsv": ("LSV", 1186), "mb.issue_149": ("MB", 564), "mb.issue_95": ("MB", 33),
    "ocv": ("OCV", 602), "peis": ("PEIS", 32), "peis.issue_225.no_ece": ("PEIS", 32), "vsp_ocv_with": ("OCV", 13),
    "zir": ("ZIR", 1),
}  # fmt: skip
"""Each pair of a binary file and its text: technique and rows, as the text says."""
SINGLE, DOUBLE = 2.0**-24, 1e-15
"""Half a unit in the last place of single precision, which EC-Lab prints in 8 digits and makes some doubles of, and a
unit in the 16th digit, the last in which it prints doubles."""
NO_HEADER = ("vsp_ocv_with",)
"""Texts without a header, that say nothing of the technique and the cell."""


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "data" / "lab" / "biologic"


def text_file(folder: Path, name: str, tmp_path: Path) -> Path:
    """The unpacked text form."""
    path = tmp_path / f"{name}.mpt"
    path.write_bytes(gzip.decompress((folder / f"{name}.mpt.gz").read_bytes()))
    return path


def columns(table: TextTable) -> dict[tuple[str, str], np.ndarray]:
    return {(table.names[place], table.units[place]): values for place, values in table.numbers.items()}


@pytest.mark.parametrize("name", PAIRS)
def test_binary_files_are_what_their_text_forms_say(folder, tmp_path, name):
    binary = read_mpr(folder / f"{name}.mpr")
    text, warnings = read_text(text_file(folder, name, tmp_path))
    read = read_mpt(text, source=name, warnings=warnings)
    assert len(binary) == len(read) == PAIRS[name][1]
    assert binary.warnings == []
    ours, theirs = columns(binary), columns(read)
    if name in NO_HEADER:  # the degrees of the second input once more, under the name that its user gave
        np.testing.assert_array_equal(ours.pop(("Temperatur", "°C")), ours["Analog IN 2", "V"])
    assert ours.keys() <= theirs.keys()
    for label, values in ours.items():
        printed = theirs[label]
        digits = DOUBLE if label[0] in ("time", "dq", "cycle number") else SINGLE
        assert (np.abs(values - printed) <= digits * np.abs(printed)).all(), label
    known = {label for label in theirs if label[0] in ("time", "Ewe", "I", "<I>", "freq", "Re(Z)", "cycle number")}
    assert known - {("Re(Z)", "Ohm")} <= ours.keys()
    if name in NO_HEADER:
        assert binary.settings["inputs"] == {"Analog IN 1": "Force/N", "Analog IN 2": "Temperatur/°C"}
        assert binary.settings["started"] == "2022-02-17"
        assert binary.settings["electrode_area_cm2"] == 0.317
        return
    assert binary.technique == read.technique == PAIRS[name][0]
    assert binary.settings == read.settings
    assert binary.settings["started"][:2] == "20"


def test_text_alone_has_what_a_later_program_makes_of_the_columns(folder, tmp_path):
    """`<I>` of a GCPL is not stored: EC-Lab makes it of the charge between two rows, and so does the reader."""
    text, _ = read_text(text_file(folder, "gcpl.issue_149", tmp_path))
    theirs = columns(read_mpt(text, source="text"))[("<I>", "mA")]
    table = read_mpr(folder / "gcpl.issue_149.mpr")
    np.testing.assert_allclose(columns(table)[("<I>", "mA")], theirs, rtol=1e-12)
    assert theirs.max() == pytest.approx(0.03, rel=1e-3)  # the 30 uA that were set


@pytest.mark.parametrize("suffix", [".mpr", ".mpt"])
def test_no_sweep_of_a_modulo_bat_is_dropped_and_the_rest_is_its_cell_test(folder, tmp_path, suffix):
    """16 times 13 points from 10 kHz to 100 Hz, as the header says; the counter of cycles rises within the fourth."""
    path = folder / "mb.issue_149.mpr" if suffix == ".mpr" else text_file(folder, "mb.issue_149", tmp_path)
    spectra = read_spectra(path)
    assert [len(one.frequency_Hz) for one in spectra] == [13] * 16
    assert [one.cycle for one in spectra] == list(range(1, 17))
    assert all(one.frequency_Hz[0] == pytest.approx(1e4, rel=1e-3) for one in spectra)
    assert all(one.frequency_Hz[-1] == pytest.approx(100, rel=1e-3) for one in spectra)
    starts_s = [one.time_s for one in spectra if one.time_s is not None]
    assert len(starts_s) == 16
    assert np.all(np.diff(starts_s) > 0)
    test = read_cell_test(path)
    assert len(test) == 564 - 16 * 13
    assert test.step_kind is not None
    assert set(test.step_kind) == {"rest", "CC"}
    assert test.current_A[test.step_kind == "CC"].max() == pytest.approx(1e-4, rel=1e-3)  # 100 uA were set


def test_every_cycle_of_a_series_of_spectra_is_kept(folder):
    """29 rows without a frequency stand before the first of 61 sweeps of 41 points (the last is cut off)."""
    spectra = read_spectra(folder / "geis.mpr")
    assert [one.cycle for one in spectra] == list(range(1, 62))
    assert sum(len(one.frequency_Hz) for one in spectra) == 2499
    assert spectra[0].temperature_K == 298.15  # `25°C` in the comments
    assert spectra[0].metadata["technique"] == "GEIS"


@pytest.mark.parametrize(
    ("name", "reader", "told"),
    [
        ("peis", read_cell_test, r"holds PEIS \(Potentio.*which `paddlewheel eis` takes"),
        ("cv", read_spectra, r"holds CV \(Cyclic Voltammetry\), which `paddlewheel cv` takes"),
        ("gcpl.issue_149", read_spectra, r"holds GCPL .*which `paddlewheel cycling` takes"),
        ("ocv", read_cell_test, r"holds OCV \(Open Circuit Voltage\), no command evaluates it"),
        ("zir", read_spectra, r"holds ZIR \(IR compensation \(PEIS\)\), no command evaluates it: no spectrum of three"),
    ],
)
@pytest.mark.parametrize("suffix", [".mpr", ".mpt"])
def test_files_of_another_technique_say_what_they_are(folder, tmp_path, name, reader, told, suffix):
    path = folder / f"{name}.mpr" if suffix == ".mpr" else text_file(folder, name, tmp_path)
    with pytest.raises(DataError, match=told):
        reader(path)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("<Ewe/V>", "<Ewe>", "V"), ("<Ewe>/V", "<Ewe>", "V"), ("control/V/mA", "control", "V/mA"),
        ("Q charge/discharge/mA.h", "Q charge/discharge", "mA.h"), ("ox/red", "ox/red", ""),
        ("Q charge/mA.h/g", "Q charge", "mA.h/g"), ("Re(Conductivity)/mS/cm", "Re(Conductivity)", "mS/cm"),
        ("d(Q-Qo)/dE/mA.h/V", "d(Q-Qo)/dE", "mA.h/V"), ("Ewe-Ece/V", "Ewe-Ece", "V"), ("Ns", "Ns", ""),
    ],
)  # fmt: skip
def test_names_and_units(header, name, unit):
    assert name_and_unit(header) == (name, unit)


ROWS = [(60.0 * row, 3.0 + 0.01 * row, 1.0, 0.5 * row, 7) for row in range(40)]
KNOWN = [(4, "<f8"), (6, "<f4"), (8, "<f4")]


@pytest.mark.parametrize(
    ("unknown", "kinds"),
    [
        ([999], ["<f4"]), ([999], ["<f8"]), ([999], ["<u2"]), ([999, 998], ["<f4", "<f4"]),
        ([999, 998], ["<f8", "<f4"]), ([999, 998], ["<f4", "<f8"]), ([999, 998, 997], ["<f4", "<f8", "<f4"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("last", [False, True])
def test_columns_of_unknown_number_are_kept_by_it(tmp_path, unknown, kinds, last):
    """Their widths follow from that of the rows, where only one way to share it gives numbers."""
    rng = np.random.default_rng(1)
    theirs = [rng.integers(1, 50, 40) if kind == "<u2" else rng.normal(1, 3, 40) for kind in kinds]
    added = list(zip(unknown, kinds, strict=True))
    rows = [(*row[:2], *others, row[2]) if not last else (*row[:3], *others)
            for row, others in zip(ROWS, zip(*theirs, strict=True), strict=True)]  # fmt: skip
    path = tmp_path / "new.mpr"
    path.write_bytes(mpr(rows, [*KNOWN[:2], *added, KNOWN[2]] if not last else [*KNOWN, *added]))
    test = read_cell_test(path)
    np.testing.assert_allclose(test.voltage_V, [row[1] for row in ROWS], rtol=1e-6)
    np.testing.assert_allclose(test.current_A, 1e-3)
    for number, kind, values in zip(unknown, kinds, theirs, strict=True):
        np.testing.assert_allclose(test.other[f"column {number}"], values, rtol=1e-6)
        told = f"column number {number} is not known: kept as column {number}, {np.dtype(kind).itemsize} bytes"
        assert any(told in warning for warning in test.warnings)


def test_counts_are_told_from_numbers_with_a_point(tmp_path):
    path = tmp_path / "new.mpr"
    path.write_bytes(mpr([(*row[:3], row[4]) for row in ROWS], [*KNOWN, (999, "<u4")]))
    assert read_cell_test(path).other["column 999"].tolist() == [7] * 40


def test_columns_whose_bytes_cannot_be_parted_are_left_out_and_those_around_them_kept(tmp_path):
    """10 bytes for two columns that are 0 throughout: 2 and 8 or 8 and 2."""
    rows = [(*row[:2], 0, 0.0, row[2]) for row in ROWS]
    path = tmp_path / "new.mpr"
    path.write_bytes(mpr(rows, [*KNOWN[:2], (999, "<u2"), (998, "<f8"), KNOWN[2]]))
    test = read_cell_test(path)
    np.testing.assert_allclose(test.current_A, 1e-3)
    assert "columns 999, 998 are left out: how they share 10 bytes is not known" in test.warnings


def test_rows_are_counted_where_the_header_counts_others(tmp_path):
    path = tmp_path / "short.mpr"
    path.write_bytes(mpr([row[:3] for row in ROWS], KNOWN, n_rows=39))
    test = read_cell_test(path)
    assert len(test) == 40
    assert "the header says 39 rows, the file has 40: all of them are read" in test.warnings


def test_a_file_truncated_behind_its_rows_is_read(folder, tmp_path):
    content = (folder / "cv.mpr").read_bytes()
    path = tmp_path / "short.mpr"
    path.write_bytes(content[:-100])
    test = read_cell_test(path)
    assert len(test) == 5103
    assert any("VMP LOG has" in warning for warning in test.warnings)
    path.write_bytes(content[:-4000])
    with pytest.raises(DataError, match="VMP data has"):
        read_cell_test(path)


def test_an_ascending_and_several_sequences_are_parted(tmp_path):
    """Two sequences, one falling and one rising from where it ended, then the second again in the next loop."""
    falling = np.geomspace(1e5, 1.0, 11)
    frequency = np.concatenate([falling, falling[::-1], falling[::-1]])
    sequence = np.repeat([0, 1, 1], 11)
    text = "\n".join(f"{f:.6E}\t1.0E+1\t{2 + n:.1E}\t{60 * row}\t{n}\t" for row, (f, n) in
                     enumerate(zip(frequency, sequence, strict=True)))  # fmt: skip
    header = ["EC-Lab ASCII FILE", "Nb header lines : 9", "", "Potentio Electrochemical Impedance Spectroscopy", "",
              "Number of loops : 2", "Loop 0 from point number 0 to 21", "Loop 1 from point number 22 to 32",
              "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\tNs\t"]  # fmt: skip
    path = tmp_path / "three.mpt"
    path.write_text("\n".join(header) + "\n" + text)
    spectra = read_spectra(path)
    assert [len(one.frequency_Hz) for one in spectra] == [11, 11, 11]
    assert [one.impedance_ohm[0].imag for one in spectra] == [-2, -3, -3]


def test_a_thermometer_at_an_analog_input_gives_the_temperature(folder, tmp_path):
    """An OCV with a thermometer at its second input: the text says 27.6 to 27.9, the settings °C. It has no current."""
    content = (folder / "vsp_ocv_with.mpr").read_bytes()
    column = content.index(b"MODULEVMP data") + 57 + 5 + 2 * 4  # the fifth column's number, that of the first input
    path = tmp_path / "with_current.mpr"
    path.write_bytes(content[:column] + (8).to_bytes(2, "little") + content[column + 2 :])  # a current in its place
    test = read_cell_test(path)
    assert test.temperature_K is not None
    text, _ = read_text(text_file(folder, "vsp_ocv_with", tmp_path))
    printed = columns(read_mpt(text, source="text"))["Analog IN 2", "V"]
    np.testing.assert_allclose(test.temperature_K, printed + 273.15, rtol=1e-7)


@pytest.mark.parametrize(
    ("number", "kind", "values", "told"),
    [
        (7, "<f8", [0.0, 1 / 60, 1 / 60], None),  # 1 mA in a minute
        (13, "<f8", [5.0, 5 + 1 / 60, 5 + 2 / 60], "taken as the rise of"),
        (434, "<f4", [0.0, 0.06, 0.12], "taken as the rise of"),  # C
        (70, "<f4", [0.0, 3.0e-3, 3.1e-3], "taken as power over voltage"),
        (20, "<f4", [0.0, 1.0, 1.0], "taken as the one that was set"),
    ],
)
def test_the_current_is_taken_from_what_tells_it(tmp_path, number, kind, values, told):
    rows = list(zip([0.0, 60.0, 120.0], [2.9, 3.0, 3.1], values, strict=True))
    path = tmp_path / "none.mpr"
    path.write_bytes(mpr(rows, [(4, "<f8"), (6, "<f4"), (number, kind)]))
    test = read_cell_test(path)
    np.testing.assert_allclose(test.current_A, [0.0, 1e-3, 1e-3], rtol=1e-6)
    said = [warning for warning in test.warnings if "the file holds no current" in warning]
    assert len(said) == (told is not None)
    assert told is None or told in said[0]


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S"])
def test_dates_for_times_are_counted_from_the_start(folder, tmp_path, form):
    """EC-Lab exports dates on request. Those of this file begin 30.153 s after its acquisition was started."""
    path = text_file(folder, "gcpl.issue_149", tmp_path)
    elapsed_s = read_cell_test(path).time_s
    lines = path.read_bytes().decode("cp1252").splitlines()
    head, rows = lines[:81], lines[81:]
    place = head[80].split("\t").index("time/s")
    started = datetime(2024, 1, 10, 11, 2, 29, 886_000)
    for number, row in enumerate(rows):
        cells = row.split("\t")
        cells[place] = (started + timedelta(seconds=float(cells[place].replace(",", ".")))).strftime(form)
        rows[number] = "\t".join(cells)
    path.write_text("\n".join([*head, *rows]), encoding="cp1252")
    within_s = 1e-5 if form.endswith("f") else 1.0
    np.testing.assert_allclose(read_cell_test(path).time_s, elapsed_s, rtol=0, atol=within_s)


def test_the_oldest_layout_has_numbers_of_one_byte(tmp_path):
    """Data of version 0 before EC-Lab 10, as public descriptions have it: rows from byte 100 on."""
    rows = np.array([(0.0, 3.0, 1.0), (60.0, 3.1, 1.0)], dtype=[("t", "<f8"), ("e", "<f4"), ("i", "<f4")])
    content = bytes([2, 0, 0, 0, 3, 4, 6, 8]).ljust(100, b"\0") + rows.tobytes()
    header = b"MODULE" + b"VMP data  " + b"VMP data".ljust(25) + len(content).to_bytes(4, "little") + bytes(4)
    path = tmp_path / "old.mpr"
    path.write_bytes(b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4) + header + b"10/26/09" + content)
    test = read_cell_test(path)
    np.testing.assert_allclose(test.voltage_V, [3.0, 3.1], rtol=1e-7)
    assert test.metadata["started"] == "2009-10-26"
