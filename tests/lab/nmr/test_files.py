"""Files of other programs, written as they document it or by themselves, and one line for what is wrong."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nmr_files import jeol_file, varian_folder
from paddlewheel.errors import DataError, InputError, SettingsError
from paddlewheel.lab.nmr.processing import to_spectrum
from paddlewheel.lab.nmr.readers import read_nmr, write_spectrum
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.nmr.simulated import ExchangeTruth, Flaws, Observation, csdm_text, simulate_exchange

AXIS = Axis(nucleus="23Na", carrier_MHz=132.2960, reference_MHz=132.2940, spectral_width_Hz=20000.0)


def _spectrum(n_points: int = 64) -> Signal:
    """A line at +2000 Hz from the carrier, which is 2000 Hz from 0 ppm: 30.236 ppm."""
    time_s = np.arange(n_points) / 20000.0
    decay = np.exp(2j * np.pi * 2000.0 * time_s - time_s / 1e-3)
    return to_spectrum(Signal(values=decay[None, :], domain="time", axis=AXIS, name="made"))


@pytest.mark.parametrize("n_points", [64, 65])
@pytest.mark.parametrize("suffix", [".spe", ".txt", ".csdf"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str, n_points: int):
    spectrum = _spectrum(n_points)
    path = write_spectrum(tmp_path / f"a{suffix}", spectrum)
    (found,) = read_nmr(path)
    assert found.axis.nucleus == "23Na"
    assert np.allclose(found.shift_ppm, spectrum.shift_ppm, atol=1e-6)
    expected = spectrum.values.real if suffix == ".txt" else spectrum.values
    assert np.allclose(found.values, expected, rtol=1e-7, atol=1e-12)
    assert found.is_complex == (suffix != ".txt")


def test_csdmpy_reads_what_is_written(tmp_path: Path):
    csdmpy = pytest.importorskip("csdmpy")
    spectrum = _spectrum()
    data = csdmpy.load(str(write_spectrum(tmp_path / "a.csdf", spectrum)))
    data.x[0].to("ppm", "nmr_frequency_ratio")
    assert np.allclose(data.x[0].coordinates.value, spectrum.shift_ppm, atol=1e-9)
    assert np.allclose(data.y[0].components[0], spectrum.values[0])


@pytest.mark.parametrize("suffix", ["csdf", "csdfe"])
def test_files_of_csdmpy_are_read(tmp_path: Path, suffix: str):
    csdmpy = pytest.importorskip("csdmpy")
    values = (np.arange(16) + 1j * np.arange(16)[::-1]).reshape(2, 8).astype("complex64")
    data = csdmpy.as_csdm(values)
    data.x[0] = csdmpy.LinearDimension(count=8, increment="0.1 kHz", coordinates_offset="500 Hz",
                                       origin_offset="132.294 MHz", complex_fft=True, label="23Na")  # fmt: skip
    data.x[1] = csdmpy.MonotonicDimension(coordinates=["1 ms", "3 s"])
    path = tmp_path / f"a.{suffix}"
    data.save(str(path))
    (found,) = read_nmr(path)
    assert np.array_equal(found.values, values)
    assert np.allclose(found.delays_s, [1e-3, 3.0])
    data.x[0].to("ppm", "nmr_frequency_ratio")
    assert np.allclose(found.shift_ppm, data.x[0].coordinates.value, atol=1e-9)


def test_an_indirect_time_of_csdm_is_no_delay(tmp_path: Path):
    csdmpy = pytest.importorskip("csdmpy")
    for label, offset, is_indirect in (("t1", "0 s", True), ("recovery", "0 s", False), ("", "1 ms", False)):
        data = csdmpy.as_csdm(np.ones((3, 8), dtype="complex64"))
        reciprocal = {"coordinates_offset": "500 Hz", "origin_offset": "132.294 MHz"}
        data.x[0] = csdmpy.LinearDimension(count=8, increment="50 us", label="23Na", reciprocal=reciprocal)
        data.x[1] = csdmpy.LinearDimension(count=3, increment="0.1 ms", coordinates_offset=offset, label=label)
        data.save(str(tmp_path / "a.csdf"))
        (found,) = read_nmr(tmp_path / "a.csdf")
        assert (found.delays_s is None) == is_indirect
        assert (found.indirect is not None) == is_indirect
        if found.indirect is not None:
            assert found.indirect.spectral_width_Hz == pytest.approx(10000.0)
            assert found.indirect.carrier_ppm == pytest.approx(500.0 / 132.294)


def test_values_of_a_csdf_are_beside_it_and_nowhere_else(tmp_path: Path):
    path = write_spectrum(tmp_path / "a.csdf", _spectrum())
    document = json.loads(path.read_text())
    variable = document["csdm"]["dependent_variables"][0]
    del variable["components"]
    variable |= {"type": "external", "components_url": "file:./a.dat"}
    (tmp_path / "a.dat").write_bytes(_spectrum().values.astype("<c16").tobytes())
    path.write_text(json.dumps(document))
    assert np.allclose(read_nmr(path)[0].values, _spectrum().values)
    for address in ("file:../a.dat", "https://x/a.dat", "/etc/passwd"):
        variable["components_url"] = address
        path.write_text(json.dumps(document))
        with pytest.raises(DataError, match="its values are at"):
            read_nmr(path)


def _ssnake(**changed: object) -> dict:
    spectrum = _spectrum()
    values = spectrum.values
    return {
        "dataReal": values.real.tolist(), "dataImag": values.imag.tolist(), "hyper": [0], "freq": [132.2960e6],
        "sw": [20000.0], "spec": [1.0], "wholeEcho": [0.0], "ref": [132.2940e6], "history": [],
        "metaData": {"# Scans": "16", "Recycle Delay [s]": "-"}, "xaxArray": [list(range(64))],
    } | changed  # fmt: skip


def test_json_of_ssnake_is_read(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(_ssnake()))
    (found,) = read_nmr(tmp_path / "a.json", nucleus="23Na")
    assert np.allclose(found.values, _spectrum().values)
    assert np.allclose(found.shift_ppm, _spectrum().shift_ppm, atol=1e-9)
    assert found.conditions.scans == 16
    with pytest.raises(DataError, match="does not say the nucleus"):
        read_nmr(tmp_path / "a.json")


def test_rows_of_ssnake_are_a_plane_or_have_delays(tmp_path: Path):
    rows = np.arange(2 * 3 * 8.0).reshape(2, 3, 8)
    plane = _ssnake(dataReal=rows.tolist(), dataImag=(0 * rows).tolist(), hyper=[0, 1], freq=[132.296e6] * 2,
                    sw=[5000.0, 20000.0], spec=[0.0, 0.0], wholeEcho=[0, 0], ref=[float("nan")] * 2)  # fmt: skip
    (tmp_path / "plane.json").write_text(json.dumps(plane))
    (found,) = read_nmr(tmp_path / "plane.json", nucleus="23Na")
    assert found.quadrature == "states"
    assert np.array_equal(found.values[:4].real, [rows[0, 0], rows[1, 0], rows[0, 1], rows[1, 1]])
    array = plane | {"dataReal": rows[:1].tolist(), "dataImag": (0 * rows[:1]).tolist(), "hyper": [0],
                     "xaxArray": [[0.1, 1.0, 10.0], list(range(8))]}  # fmt: skip
    (tmp_path / "array.json").write_text(json.dumps(array))
    (found,) = read_nmr(tmp_path / "array.json", nucleus="23Na")
    assert np.allclose(found.delays_s, [0.1, 1.0, 10.0])


def test_spectra_and_decays_of_simpson_are_read(tmp_path: Path):
    """SIMPSON writes spectra from -SW / 2 upwards; dmfit's X0 begins at the highest frequency."""
    spectrum = _spectrum()
    lines = "\n".join(f"{value.real!r} {value.imag!r}" for value in spectrum.values[0].tolist())
    text = f"SIMP\nNP=64\nSW=20000\nTYPE=SPE\nDATA\n{lines}\nEND\n"
    (tmp_path / "a.spe").write_text(text)
    (found,) = read_nmr(tmp_path / "a.spe", nucleus="23Na", frequency_MHz=132.294)
    assert np.array_equal(found.values, spectrum.values)
    assert found.axis.carrier_ppm == 0.0
    (tmp_path / "a.fid").write_text(text.replace("SPE", "FID"))
    assert read_nmr(tmp_path / "a.fid", nucleus="23Na", frequency_MHz=132.294)[0].domain == "time"
    with pytest.raises(DataError, match="does not say the frequency"):
        read_nmr(tmp_path / "a.spe", nucleus="23Na")
    (tmp_path / "a.spe").write_text(text.replace("NP=64", "NP=65"))
    with pytest.raises(DataError, match="64 points, NP x NI is 65"):
        read_nmr(tmp_path / "a.spe", nucleus="23Na", frequency_MHz=132.294)
    (tmp_path / "a.spe").write_text(text[:900])
    with pytest.raises(DataError, match="no line END"):
        read_nmr(tmp_path / "a.spe", nucleus="23Na", frequency_MHz=132.294)


def test_binary_simpson_is_as_nmrglue_reads_it(tmp_path: Path):
    from nmrglue.fileio import simpson

    letters = "".join(chr(33 + (7 * place + place // 5) % 64) for place in range(4 * 32))
    # 128 letters are 96 bytes, 24 numbers, 12 points
    (tmp_path / "a.fid").write_text(f"SIMP\nNP=12\nSW=20000\nFORMAT=BINARY\nTYPE=FID\nDATA\n{letters}\nEND")
    (found,) = read_nmr(tmp_path / "a.fid", nucleus="23Na", frequency_MHz=132.294)
    expected = simpson.read_binary(str(tmp_path / "a.fid"))[1]
    assert np.allclose(found.values, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("ppm,re,im", ("ppm", "re", "im")),
        ("Hz re im", ("Hz", "re", "im")),
        ("# 23Na\nFrequency (kHz);Real;Imaginary", ("kHz", "re", "im")),
        ("index\tHz\tppm\treal", ("index", "Hz", "ppm", "re")),
        ("", ("index", "re", "Hz", "ppm")),
    ],
)
@pytest.mark.parametrize("falling", [False, True])
def test_columns_are_known_by_names_and_numbers(tmp_path: Path, header: str, columns: tuple[str, ...], falling: bool):
    spectrum = _spectrum()
    offset_Hz = spectrum.shift_ppm * 132.294
    held = {"ppm": spectrum.shift_ppm, "Hz": offset_Hz, "kHz": offset_Hz / 1e3, "re": spectrum.values[0].real,
            "im": spectrum.values[0].imag}  # fmt: skip
    table = np.stack([held.get(name, np.arange(64) + 1) for name in columns], axis=1)
    if falling:
        table = table[::-1].copy()
        if "index" in columns:
            table[:, columns.index("index")] = np.arange(64) + 1
    separator = ";" if ";" in header else ","
    lines = [separator.join(f"{value:.10g}" for value in row) for row in table]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    (found,) = read_nmr(tmp_path / "a.csv.gz", nucleus="23Na", frequency_MHz=132.294)
    assert np.allclose(found.shift_ppm, spectrum.shift_ppm, atol=1e-5)
    assert np.allclose(found.values.real, spectrum.values.real, rtol=1e-6, atol=1e-9)
    assert found.is_complex == ("im" in columns)


def test_a_decay_of_columns_is_read(tmp_path: Path):
    time_ms = np.arange(32) * 0.05
    lines = [f"{time:.6g} {np.cos(time):.6g} {np.sin(time):.6g}" for time in time_ms]
    (tmp_path / "a.txt").write_text("\n".join(["time_ms re im", *lines]))
    (found,) = read_nmr(tmp_path / "a.txt", nucleus="23Na", frequency_MHz=132.294)
    assert found.domain == "time"
    assert found.axis.spectral_width_Hz == pytest.approx(20000.0, rel=1e-9)


def test_kbr_stands_at_its_shift(shared: Path):
    """SOURCES.md: 60.34 ppm, fwhm 76 Hz, sidebands of the satellites at 0.15 of the centre."""
    signals = read_nmr(shared / "data/lab/nmr/spinach_79Br_KBr")
    assert [signal.conditions.spinning_Hz for signal in signals] == [2000.0, 10000.0]
    fast = signals[1]
    assert (fast.axis.nucleus, fast.values.shape) == ("79Br", (1, 32768))
    assert fast.axis.field_T == pytest.approx(9.37, abs=0.01)
    assert (fast.conditions.pulse_us, fast.conditions.recycle_delay_s, fast.conditions.scans) == (4.5, 4.0, 8)
    real = fast.values[0].real
    # the spacing of points is 0.030 ppm
    assert fast.shift_ppm[np.argmax(real)] == pytest.approx(60.34, abs=0.05)
    above = np.flatnonzero(real > real.max() / 2)
    assert (above[-1] - above[0]) * 100000.0 / 32768 == pytest.approx(76.0, abs=8.0)  # no fit: two points


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"nothing here\n", "no columns of numbers"),
        ("a.txt", b"ppm re\n" + b"1 2\n" * 9, "not evenly spaced"),
        ("a.txt", b"ppm re\n" + b"\n".join(b"%d 1" % place for place in range(9)) + b"\n3\n", "row 10 of its numbers"),
        ("a.txt", b"\n".join(b"%d 1" % (1000 * place) for place in range(9)), "in Hz or ppm"),
        ("a.json", b"{}", "neither of ssNake nor CSDM"),
        ("a.json", b"{", "cannot be read as JSON"),
        ("a.csdf", b'{"csdm": {}}', "is no data set of NMR"),
        ("a.csdf", b'{"csdm": {"dimensions": [{"type": "labeled"}], "dependent_variables": [1]}}', "'labeled'"),
        ("a.spe", b"SIMP\nNP=4\n", "no line DATA"),
        ("a.jdf", b"JEOL.NMR" + bytes(20), "cannot be read as JEOL"),
        ("a.dat", bytes(100), "no file of NMR that is known"),
        ("a.txt", b"ppm re\n" + b"\n".join(b"%d 1" % place for place in range(9)), "does not say the nucleus"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, name: str, content: bytes, said: str):
    (tmp_path / name).write_bytes(content)
    for given in (tmp_path / name, tmp_path):
        with pytest.raises(InputError) as caught:
            read_nmr(given)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_of_a_folder_is_no_measurement_is_told(tmp_path: Path):
    write_spectrum(tmp_path / "a.spe", _spectrum())
    (tmp_path / "notes.txt").write_text("filled on Monday\n")
    (found,) = read_nmr(tmp_path)
    assert "1 files of the folder are no measurements and left out: notes.txt" in found.warnings


def test_what_cannot_be_written_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"known are \.spe, \.txt, \.csdf"):
        write_spectrum(tmp_path / "a.xlsx", _spectrum())
    with pytest.raises(SettingsError, match="row 3"):
        write_spectrum(tmp_path / "a.spe", _spectrum(), row=3)


def test_folders_of_varian_are_read(tmp_path: Path):
    rows = (np.arange(3 * 16) + 1j * np.arange(1, 3 * 16 + 1)).reshape(3, 16)
    folder = varian_folder(tmp_path / "a.fid", rows)
    (found,) = read_nmr(folder)
    assert np.array_equal(found.values, rows.conj())
    assert np.allclose(found.delays_s, [1e-3, 1e-2, 0.1])
    assert (found.axis.nucleus, found.axis.carrier_MHz, found.axis.reference_MHz) == ("23Na", 132.296, 132.294)
    assert (found.conditions.temperature_K, found.conditions.pulse_us, found.conditions.scans) == (298.15, 3.5, 16)
    (folder / "fid").write_bytes((folder / "fid").read_bytes()[:-40])
    (found,) = read_nmr(folder)
    assert np.array_equal(found.values, rows[:2].conj())
    assert "2 whole blocks of 3" in found.warnings[0]
    with pytest.raises(DataError, match="tn is 'lk', no nucleus"):
        read_nmr(varian_folder(tmp_path / "b.fid", rows, tn=("2", ['"lk"'])))
    with pytest.raises(DataError, match="2 delays for 3 rows"):
        read_nmr(varian_folder(tmp_path / "c.fid", rows, d2=("3", ["0.001", "0.01"])))
    (folder / "procpar").write_text("sfrq 1")
    with pytest.raises(DataError, match="procpar"):
        read_nmr(folder)


def test_decays_of_jeol_are_read(tmp_path: Path):
    rows = (np.arange(32) + 1j * np.arange(32)[::-1]).astype(complex)
    path = tmp_path / "a.jdf"
    path.write_bytes(jeol_file(rows))
    (found,) = read_nmr(path)
    assert np.array_equal(found.values[0], rows)
    assert (found.axis.nucleus, found.axis.spectral_width_Hz) == ("23Na", 20000.0)
    assert found.axis.carrier_ppm == pytest.approx(15.118, abs=1e-9)
    # half of (16 - 1) over the 4 x 5 still to come, and of (31 - 1) over the 5
    assert found.group_delay_points == pytest.approx((15 / 20 + 30 / 5) / 2)
    assert (found.conditions.scans, found.conditions.recycle_delay_s) == (16, 2.0)
    path.write_bytes(jeol_file(rows)[:-8])
    with pytest.raises(DataError, match="ends early"):
        read_nmr(path)
    path.write_bytes(jeol_file(rows, {"X_DOMAIN": "Unobtain12"}))
    with pytest.raises(DataError, match="'Unobtain12'; give it, as --nucleus"):
        read_nmr(path)
    path.write_bytes(jeol_file(rows, {"ORDERS": "", "X_DOMAIN": "Proton"}))
    (found,) = read_nmr(path, nucleus="23Na")
    assert "digital filter is not known" in found.warnings[0]


@pytest.mark.parametrize("quadrature", ["states", "states-tppi", "echo-antiecho"])
def test_a_plane_comes_back_from_csdm(tmp_path: Path, quadrature: Any):
    """With how its rows hold the phase, the mixing time, both axes and the conditions, which CSDM has no word for."""
    observation = Observation(nucleus="1H", spectral_width_Hz=8000.0, n_points=32, carrier_ppm=1.0)
    (made,), _ = simulate_exchange(
        [2e-3], ExchangeTruth(), n_rows=8, observation=observation, acquired=quadrature, flaws=Flaws(noise=0.01)
    )
    path = tmp_path / "a.csdf"
    path.write_text(csdm_text(made))
    (found,) = read_nmr(path)
    assert found.values == pytest.approx(made.values)
    assert (found.quadrature, found.mixing_s, found.warnings) == (quadrature, 2e-3, ())
    assert asdict(found.conditions) == asdict(made.conditions)
    assert found.indirect is not None
    assert made.indirect is not None
    for ours, theirs in ((found.axis, made.axis), (found.indirect, made.indirect)):
        assert ours.nucleus == theirs.nucleus
        assert ours.reference_MHz == pytest.approx(theirs.reference_MHz, abs=1e-8)
        assert ours.carrier_MHz == pytest.approx(theirs.carrier_MHz, abs=1e-8)
        assert ours.spectral_width_Hz == pytest.approx(theirs.spectral_width_Hz)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"quadrature": "odd"}, "quadrature 'odd' under application"), ({"mixing_s": -1}, "mixing_s -1 under application"),
     ({"mixing_s": "long"}, "is no data set of NMR")],
)  # fmt: skip
def test_what_csdm_says_wrong_under_application_is_refused(tmp_path: Path, wrong: dict[str, Any], told: str):
    (made,), _ = simulate_exchange([2e-3], ExchangeTruth(), n_rows=8)
    document = json.loads(csdm_text(made))
    document["csdm"]["application"]["paddlewheel.nmr"] |= wrong
    (tmp_path / "a.csdf").write_text(json.dumps(document))
    with pytest.raises(DataError, match=told):
        read_nmr(tmp_path / "a.csdf")
