"""Impedance as instruments write it: every file of the shared folder, its truth from the same spectrum elsewhere.

Numbers are held to the digits that the file prints. Formats without a real file (.pssession, .ids) are made after their
published description.
"""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
from impedance_samples import FREQUENCY_HZ, Z, ivium, ivium_rows, ods, ods_row, ods_rows, randles, session
from lab_samples import GAMRY_EIS

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_spectra
from paddlewheel.lab.spectrum import Spectrum


def _table(path: Path, *columns: np.ndarray, header: str = "") -> Path:
    rows = ["\t".join(f"{x:.9g}" for x in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(([header] if header else []) + rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "data" / "lab" / "impedance"


@pytest.mark.parametrize("name", ["data.idf", "data.dfr", "data.P00"])
def test_four_formats_of_one_spectrum_agree_within_their_printed_digits(folder: Path, name: str):
    """.i2b and .dfr print all digits, .idf six, .P00 the fourth digit of Z' rounded and the rest to five."""
    (whole,), (one,) = read_spectra(folder / "data.i2b"), read_spectra(folder / name)
    digits = {"data.idf": 5e-6, "data.dfr": 1e-15, "data.P00": 5e-4}[name]
    np.testing.assert_allclose(one.frequency_Hz, whole.frequency_Hz, rtol=digits)
    np.testing.assert_allclose(one.impedance_ohm.real, whole.impedance_ohm.real, rtol=digits)
    np.testing.assert_allclose(one.impedance_ohm.imag, whole.impedance_ohm.imag, rtol=digits)
    lines = (folder / "data.i2b").read_text().split("\n\n", 1)[1].splitlines()[1:]
    numbers = np.array([line.split() for line in lines if line.strip()], dtype=float)
    np.testing.assert_array_equal(whole.frequency_Hz, numbers[:, 0])
    np.testing.assert_array_equal(whole.impedance_ohm, numbers[:, 1] + 1j * numbers[:, 2])


@pytest.mark.parametrize(
    ("name", "n_points", "rows"),
    [
        # frequency, Z', Z'' of a row, as it stands in the file
        ("exampleData.csv", 66, (3.162299999999999833e-03, 4.949989776405060160e-02, -2.043869854441892481e-02)),
        ("exampleDataGamry.DTA", 72, (0.0158898, 17007.49, -6635.557)),
        ("exampleDataPowersuite.txt", 30, (0.1, 423929.46, -49014.063)),
        ("exampleDataVersaStudio.par", 61, (100000, 55.31571, 4.575431)),
    ],
)
def test_files_of_instruments(folder: Path, name: str, n_points: int, rows: tuple[float, float, float]):
    """Numbers of points and all values are those of impedance.py 1.7.1 on the same files; a row stands here."""
    (one,) = read_spectra(folder / name)
    assert len(one.frequency_Hz) == n_points
    at = int(np.argmin(np.abs(one.frequency_Hz - rows[0])))
    assert (one.frequency_Hz[at], one.impedance_ohm[at]) == (rows[0], complex(rows[1], rows[2]))


def test_a_solid_state_cell_of_biologic(folder: Path):
    """Single precision in the file; the first point as galvani 0.5.0 reads it."""
    (one,) = read_spectra(folder / "PEIS_SSB.mpr")
    assert len(one.frequency_Hz) == 89
    assert one.frequency_Hz[0] == pytest.approx(7.0000185e6, rel=1e-7)
    assert one.impedance_ohm[0] == pytest.approx(49.00869 - 16.16077j, rel=1e-6)


def test_ten_loops_are_ten_spectra(folder: Path):
    found = read_spectra(folder / "Sample2_PEIS_AtRest.csv")
    assert [one.cycle for one in found] == list(range(10))
    assert {len(one.frequency_Hz) for one in found} == {89}  # and a row of rest at 0 Hz after each
    first = found[0].impedance_ohm[0]
    assert abs(first) == pytest.approx(50.752583)
    assert np.angle(first, deg=True) == pytest.approx(-20.75998)


def test_loops_without_a_column_are_told_by_their_frequencies(folder: Path, tmp_path: Path):
    lines = (folder / "Sample2_PEIS_AtRest.csv").read_text().splitlines()
    path = tmp_path / "loops.csv"
    path.write_text("\n".join(line.rpartition(",")[0] for line in lines))
    with_column, without = read_spectra(folder / "Sample2_PEIS_AtRest.csv"), read_spectra(path)
    assert [one.cycle for one in without] == list(range(1, 11))
    for one, other in zip(with_column, without, strict=True):
        np.testing.assert_array_equal(one.impedance_ohm, other.impedance_ohm)


def test_down_and_up_again_are_two_sweeps(tmp_path: Path):
    f = np.concatenate([FREQUENCY_HZ, FREQUENCY_HZ[::-1]])
    path = _table(tmp_path / "a.csv", f, randles(f).real, randles(f).imag, header="f (Hz)\tZ' (ohm)\tZ'' (ohm)")
    assert [len(one.frequency_Hz) for one in read_spectra(path)] == [26, 26]


def test_two_ranges_of_one_instrument_are_one_spectrum(tmp_path: Path):
    f = np.concatenate([np.logspace(6, 3, 16), np.logspace(3.3, -1, 23) * 1.01])
    path = _table(tmp_path / "a.csv", f, randles(f).real, randles(f).imag, header="f (Hz)\tZ' (ohm)\tZ'' (ohm)")
    (one,) = read_spectra(path)
    assert len(one.frequency_Hz) == 39


def test_a_point_measured_again_at_the_end_is_told(tmp_path: Path):
    f = np.append(FREQUENCY_HZ, 1e3)
    path = _table(tmp_path / "a.csv", f, randles(f).real, randles(f).imag, header="f (Hz)\tZ' (ohm)\tZ'' (ohm)")
    (one,) = read_spectra(path)
    assert len(one.frequency_Hz) == 26
    assert "1 points left out: 1 sweeps of fewer than 3" in one.warnings


def test_garbled_frequencies_are_refused_with_their_rows(shared: Path):
    """Rows 11 to 20 of the made file hold random frequencies (faults/README.md)."""
    with pytest.raises(DataError, match=r"10 of 66 rows stand out of order, row 11 \(3\.36422e\+06 Hz\), 12 .*, 18 "):
        read_spectra(shared / "data" / "faults" / "lab" / "imp197_garbled.csv")


@pytest.mark.parametrize("row", [4, 12, 20])
def test_one_garbled_row_is_refused(tmp_path: Path, row: int):
    f = FREQUENCY_HZ.copy()
    f[row] = 3.1e6
    path = _table(tmp_path / "a.csv", f, randles(f).real, randles(f).imag, header="f (Hz)\tZ' (ohm)\tZ'' (ohm)")
    with pytest.raises(DataError, match=f"1 of 26 rows stand out of order, row {row + 1} "):
        read_spectra(path)


def test_two_curves_of_gamry_are_two_spectra(tmp_path: Path):
    curve = GAMRY_EIS.partition("ZCURVE")[2]
    path = tmp_path / "two.DTA"
    path.write_text(GAMRY_EIS + "ZCURVE1" + curve.replace("\t30\t", "\t31\t"), encoding="utf-8")
    found = read_spectra(path)
    assert [(one.cycle, len(one.frequency_Hz)) for one in found] == [(1, 3), (2, 3)]
    path.write_text(GAMRY_EIS.partition("\t0\t2")[0], encoding="utf-8")
    with pytest.raises(DataError, match="its ZCURVE has no row"):
        read_spectra(path)


def test_segments_of_versastudio_are_spectra_of_one_series(folder: Path, tmp_path: Path):
    text = (folder / "exampleDataVersaStudio.par").read_text(encoding="utf-8")
    segment = text[text.index("<Segment1>") :].replace("Segment1>", "Segment2>")
    path = tmp_path / "two.par"
    path.write_text(text + segment, encoding="utf-8")
    found = read_spectra(path)
    assert [(one.cycle, len(one.frequency_Hz)) for one in found] == [(1, 61), (2, 61)]
    np.testing.assert_array_equal(found[0].impedance_ohm, found[1].impedance_ohm)
    rows = [line.split(",") for line in text.splitlines()]
    rest = "\n".join(",".join([*row[:9], "0", *row[10:]] if len(row) == 24 and row[0] == "0" else row) for row in rows)
    path.write_text(rest, encoding="utf-8")
    with pytest.raises(DataError, match="no row with a frequency above 0"):
        read_spectra(path)
    path.write_text(text[: text.index("Definition=")], encoding="utf-8")
    with pytest.raises(DataError, match="no segment has a row"):
        read_spectra(path)


def test_an_inductive_loop_is_read(shared: Path):
    (one,) = read_spectra(shared / "data" / "faults" / "lab" / "drt12_loop.csv")
    assert len(one.frequency_Hz) == 71
    assert one.impedance_ohm[-1].imag > 0


@pytest.mark.parametrize("sign", [1, -1], ids=["Z''", "-Z''"])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)])
def test_a_table_without_a_header(tmp_path: Path, sign: int, order: tuple[int, ...]):
    z = randles(FREQUENCY_HZ)
    columns = (FREQUENCY_HZ, z.real, sign * z.imag)
    (one,) = read_spectra(_table(tmp_path / "a.txt", *(columns[k] for k in order)))
    np.testing.assert_allclose(one.impedance_ohm, z, rtol=1e-8)
    assert any("taken as frequency" in text and ("-Z''" in text) == (sign < 0) for text in one.warnings)


def test_a_resistor_without_a_header_keeps_the_sign_it_has(tmp_path: Path):
    """Its noise says nothing of the sign, and the reader says so."""
    noise = np.random.default_rng(1).normal(size=(2, 26))
    (one,) = read_spectra(_table(tmp_path / "a.txt", FREQUENCY_HZ, 100 + 0.01 * noise[0], 0.01 * noise[1]))
    np.testing.assert_allclose(one.impedance_ohm.imag, 0.01 * noise[1], rtol=1e-7)
    assert any("its sign is not told" in text for text in one.warnings)


def test_an_inductor_without_a_header_keeps_its_sign(tmp_path: Path):
    z = 2.0 + 2j * np.pi * FREQUENCY_HZ * 1e-5
    (one,) = read_spectra(_table(tmp_path / "a.txt", FREQUENCY_HZ, z.real, z.imag))
    np.testing.assert_allclose(one.impedance_ohm, z, rtol=1e-8)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ((np.arange(1, 200.0), np.linspace(3, 4, 199), np.full(199, 0.1)), "no frequency among the columns"),
        ((FREQUENCY_HZ, np.abs(Z), np.angle(Z, deg=True)), "magnitude and phase"),
    ],
    ids=["time, voltage and current", "magnitude and phase"],
)  # fmt: skip
def test_other_tables_without_a_header_are_asked_back(tmp_path: Path, columns, told: str):
    with pytest.raises(DataError, match=told) as refused:
        read_spectra(_table(tmp_path / "a.txt", *columns))
    assert "--columns" in str(refused.value)


def test_magnitude_and_phase_by_their_numbers(tmp_path: Path):
    z = randles(FREQUENCY_HZ)
    path = _table(tmp_path / "a.txt", FREQUENCY_HZ, np.abs(z), -np.angle(z, deg=True))
    (one,) = read_spectra(path, columns={"frequency_Hz": "1", "magnitude_ohm": "2", "phase_deg": "-3"})
    np.testing.assert_allclose(one.impedance_ohm, z, rtol=1e-7)


def test_impedance_of_each_electrode(shared: Path, tmp_path: Path):
    """EC-Lab's own columns: Zwe-ce is the sum of Zwe and Zce to the eight digits it prints."""
    packed = shared / "data" / "lab" / "biologic" / "peis.mpt.gz"
    path = tmp_path / "peis.mpt"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    (we,), (ce,), (cell,) = (read_spectra(path, impedance_of=of) for of in ("Ewe", "Ece", "Ewe-Ece"))
    assert (we.impedance_ohm[0], ce.impedance_ohm[0]) == (10.512296 - 0.73047662j, 33.336258 - 0.26499158j)
    np.testing.assert_allclose(we.impedance_ohm + ce.impedance_ohm, cell.impedance_ohm, rtol=1e-6)
    assert any("impedance of Ewe; the file has Ece and Ewe-Ece too" in text for text in we.warnings)
    lines = path.read_text("cp1252").replace("Zwe-ce", "other")
    path.write_text(lines, "cp1252")
    (summed,) = read_spectra(path, impedance_of="Ewe-Ece")
    np.testing.assert_allclose(summed.impedance_ohm, cell.impedance_ohm, rtol=1e-6)


def test_an_electrode_that_is_not_in_the_file_is_refused(folder: Path):
    with pytest.raises(DataError, match="no impedance of Ece; take --impedance-of Ewe"):
        read_spectra(folder / "data.P00", impedance_of="Ece")


def test_ivium_all_impedances_of_a_file(tmp_path: Path):
    z = randles(FREQUENCY_HZ)
    path = tmp_path / "series.ids"
    path.write_bytes(
        ivium(
            ("Impedance", "first", ivium_rows(z)),
            ("Transients", "rest", ivium_rows(z)),
            ("Impedance", "", ivium_rows(2 * z)),
        )
    )
    found = read_spectra(path)
    assert [one.cycle for one in found] == [1, 2]
    np.testing.assert_allclose(found[1].impedance_ohm, 2 * z, rtol=1e-5)
    assert "1 measurements left out (Transients)" in found[0].warnings


def test_exponents_of_fortran_are_numbers_to_every_reader(folder: Path, tmp_path: Path):
    (tmp_path / "a.idf").write_bytes(
        ivium(("Impedance", "a", ivium_rows(Z))).replace(b"E+", b"D+").replace(b"E-", b"d-")
    )
    np.testing.assert_allclose(read_spectra(tmp_path / "a.idf")[0].impedance_ohm, Z, rtol=1e-5)  # printed digits
    lines = (folder / "data.dfr").read_text().splitlines()
    (tmp_path / "a.dfr").write_text("\n".join([*lines[:3], *(f"{line}D+00" for line in lines[3:])]))
    found, whole = (read_spectra(each / name)[0] for each, name in ((tmp_path, "a.dfr"), (folder, "data.dfr")))
    np.testing.assert_array_equal(found.impedance_ohm, whole.impedance_ohm)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ivium(("Impedance", "a", ivium_rows(Z)), cut=90), "of 26 points of the measurement 'a'"),
        (
            ivium(("CyclicVoltammetry", "a", ivium_rows(Z))),
            "holds no impedance but CyclicVoltammetry",
        ),
        (ivium(("Impedance", "a", ivium_rows(Z))).replace(b"\r\n26\r\n", b"\r\n2\xb2\r\n"), "no three columns"),
    ],
)
def test_ivium_refusals(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "a.idf"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_spectra(path)


@pytest.mark.parametrize(("lower", "listed"), [(False, True), (True, True), (False, False)])
def test_palmsens_sessions(tmp_path: Path, lower: bool, listed: bool):
    z = randles(FREQUENCY_HZ)
    path = tmp_path / "a.pssession"
    path.write_bytes(session(z, 3 * z, lower=lower, listed=listed))
    found = read_spectra(path)
    np.testing.assert_array_equal(found[0].frequency_Hz, FREQUENCY_HZ)
    for one, truth in zip(found, (z, 3 * z), strict=True):
        np.testing.assert_array_equal(one.impedance_ohm, truth)
    path.write_bytes(session())
    with pytest.raises(DataError, match="holds 1 measurements, none of impedance"):
        read_spectra(path)


def test_ods_by_its_values_not_by_what_it_shows(tmp_path: Path):
    (one,) = read_spectra(ods(tmp_path / "a.ods", ods_rows()))
    np.testing.assert_array_equal(one.frequency_Hz, FREQUENCY_HZ)
    np.testing.assert_array_equal(one.impedance_ohm, Z)


@pytest.mark.parametrize(
    ("rows", "before", "told"),
    [
        (ods_row([1.0, 2.0], repeated=10**9), "", "million cells"),
        ('<table:table-row><table:table-cell table:number-columns-repeated="1000000000"><text:p>x</text:p>'
         "</table:table-cell></table:table-row>", "", "million cells"),
        (ods_row(["x" * 10**6], repeated=10**5), "", "million cells"),
        (ods_rows(), "<!-- " + "x" * 5000 + ' --><!DOCTYPE a [<!ENTITY b "c">]>', "document type"),
        (ods_rows().replace("</table:table-row>", "", 1), "", "no readable workbook"),
    ],
    ids=["rows", "columns", "texts", "entities", "broken"],
)  # fmt: skip
def test_ods_bombs_and_broken_documents_end(tmp_path: Path, rows: str, before: str, told: str):
    with pytest.raises(DataError, match=told):
        read_spectra(ods(tmp_path / "a.ods", rows, before=before))


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """One way among many to damage a file."""
    way, at = rng.randrange(5), rng.randrange(len(content))
    if way == 0:
        return content[:at]
    if way == 1:
        return content[:at] + content[at + rng.randrange(1, 200) :]
    if way == 2:
        return content[:at] + content[at : at + rng.randrange(200)] + content[at:]
    if way == 3:
        lines = content.splitlines(keepends=True)
        rng.shuffle(lines)
        return b"".join(lines)
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _whole(folder: Path, tmp_path: Path) -> dict[str, bytes]:
    names = ("data.idf", "data.dfr", "data.i2b", "data.P00", "exampleDataGamry.DTA", "exampleDataPowersuite.txt",
             "exampleDataVersaStudio.par", "Sample2_PEIS_AtRest.csv")  # fmt: skip
    real = {name: (folder / name).read_bytes() for name in names}
    return real | {
        "a.pssession": session(Z),
        "a.ids": ivium(
            ("Impedance", "a", ivium_rows(Z)), ("Transients", "b", ivium_rows(Z)), ("Impedance", "c", ivium_rows(Z))
        ),
        "a.ods": ods(tmp_path / "whole.ods", ods_rows()).read_bytes(),
    }


@pytest.mark.parametrize("n_inputs", [12, pytest.param(500, marks=pytest.mark.slow)])
def test_damaged_files_give_spectra_or_one_line(folder: Path, tmp_path: Path, n_inputs: int):
    for name, content in _whole(folder, tmp_path).items():
        rng, path, n_read = random.Random(11), tmp_path / f"damaged-{name}", 0
        for _ in range(n_inputs):
            path.write_bytes(_damaged(content, rng))
            problem = f"{path}"
            try:
                found: list[Spectrum] = read_spectra(path)
            except DataError as error:
                problem, found = str(error), []
            assert path.name in problem
            assert "\n" not in problem
            n_read += bool(found)
            assert all(np.isfinite(one.impedance_ohm).all() for one in found)
        print(f"{name}: {n_read} of {n_inputs} damaged inputs read, the others refused in one line")
