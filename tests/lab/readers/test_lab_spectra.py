"""Spectra in plain text: names, units, signs, separators; and nothing but a clear error for anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_spectra

FREQUENCY_HZ = np.array([1e5, 1e4, 1e3, 1e2, 10.0])
Z = np.array([10 - 1j, 12 - 5j, 20 - 9j, 30 - 4j, 33 - 0.5j])


def _written(folder: Path, header: str, columns, *, separator: str = ",", name: str = "one.csv", comma=False) -> Path:
    rows = [separator.join(f"{x:.6e}" for x in row) for row in zip(*columns, strict=True)]
    text = "\n".join([header, *(row.replace(".", ",") if comma else row for row in rows)])
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("header", "columns", "layout"),
    [
        ("Frequency (Hz),Z' (ohm),Z'' (ohm)", (FREQUENCY_HZ, Z.real, Z.imag), {}),
        ("freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm", (FREQUENCY_HZ, Z.real, -Z.imag), {"separator": "\t"}),
        ("freq (kHz);Z' (kohm);-Z'' (kohm)", (FREQUENCY_HZ / 1e3, Z.real / 1e3, -Z.imag / 1e3),
         {"separator": ";", "comma": True}),
        ("f (Hz),|Z| (ohm),Phase (deg)", (FREQUENCY_HZ, np.abs(Z), np.angle(Z, deg=True)), {}),
        ("   Freq.[Hz]   \tZs'[ohm]  \tZs''[ohm]", (FREQUENCY_HZ, Z.real, Z.imag), {"separator": "\t"}),
        ("Z' (ohm),Cycle,Z'' (ohm),Frequency (Hz)", (Z.real, np.ones(5), Z.imag, FREQUENCY_HZ), {}),
        ("freq / Hz,neg. Phase / °,Z / Ohm", (FREQUENCY_HZ, -np.angle(Z, deg=True), np.abs(Z)), {}),  # PalmSens' CSV
        ("Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm", (FREQUENCY_HZ, Z.real, Z.imag), {}),
        ("Frequenz [Hz];Realteil [Ohm];Imaginärteil [Ohm]", (FREQUENCY_HZ, Z.real, Z.imag),
         {"separator": ";", "comma": True}),
    ],
)  # fmt: skip
def test_columns_are_found_by_name(tmp_path: Path, header: str, columns, layout):
    (one,) = read_spectra(_written(tmp_path, header, columns, **layout))
    np.testing.assert_allclose(one.frequency_Hz, FREQUENCY_HZ, rtol=1e-5)
    np.testing.assert_allclose(one.impedance_ohm, Z, rtol=1e-5)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Frequency (Hz),Z' (ohm cm2),Z'' (ohm cm2)", "area"),
        ("Frequency (Hz),voltage (V),current (A)", "no impedance among the columns"),
        ("Frequency (Hz),Z' (S),Z'' (S)", "S is no unit of ohm"),
    ],
)
def test_wrong_columns_and_units_are_refused(tmp_path: Path, header: str, told: str):
    with pytest.raises(DataError, match=told):
        read_spectra(_written(tmp_path, header, (FREQUENCY_HZ, Z.real, Z.imag)))


@pytest.mark.parametrize(
    ("name", "kelvin"),
    [
        ("a-140deg.csv", 413.15),
        ("b_25C.csv", 298.15),
        ("c 300K.csv", 300.0),
        ("cell7.csv", None),
        ("x_-20C.csv", 253.15),
    ],
)
def test_temperature_of_the_name(tmp_path: Path, name: str, kelvin: float | None):
    path = _written(tmp_path, "Frequency (Hz),Z' (ohm),Z'' (ohm)", (FREQUENCY_HZ, Z.real, Z.imag), name=name)
    found = read_spectra(path)[0].temperature_K
    assert found == (None if kelvin is None else pytest.approx(kelvin))


def test_sweeps_of_one_file_are_told_apart(tmp_path: Path):
    columns = [np.tile(part, 2) for part in (FREQUENCY_HZ, Z.real, Z.imag)]
    found = read_spectra(_written(tmp_path, "Frequency (Hz),Z' (ohm),Z'' (ohm)", columns))
    assert [one.cycle for one in found] == [1, 2]


def test_seven_spectra_and_two_reports(shared: Path):
    for path in sorted((shared / "data" / "lab" / "eis").iterdir()):
        if "Report" in path.name:
            with pytest.raises(DataError):
                read_spectra(path)
            continue
        (one,) = read_spectra(path)
        lines = path.read_text().splitlines()[3:]
        assert len(one.frequency_Hz) == sum(bool(line.strip()) for line in lines)
        assert one.temperature_K == float(path.stem[-6:-3]) + 273.15
        assert one.impedance_ohm[0] == complex(*map(float, lines[0].split()[1:]))


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_a_spectrum_or_one_clear_error(tmp_path: Path, data: st.DataObject):
    rows = zip(FREQUENCY_HZ, Z.real, Z.imag, strict=True)
    whole = "Freq.[Hz]\tZs'[ohm]\tZs''[ohm]\n" + "\n".join("\t".join(f"{x:.5e}" for x in row) for row in rows)
    content = data.draw(
        st.one_of(
            st.binary(max_size=200),
            st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
            st.integers(0, len(whole)).map(lambda cut: whole[:cut].encode()),
            st.permutations(whole.splitlines()).map(lambda lines: "\n".join(lines).encode("utf-16")),
            st.tuples(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=3)).map(
                lambda at: whole[: at[0]].encode() + at[1] + whole[at[0] + 1 :].encode()
            ),
        )
    )
    path = tmp_path / "damaged.txt"
    path.write_bytes(content)
    try:
        found = read_spectra(path)
    except DataError as error:
        found = []
        told = str(error)
    else:
        told = path.name
    assert path.name in told
    assert all(len(one.frequency_Hz) >= 3 for one in found)


@pytest.mark.parametrize("header", ["omega (rad/s)", "omega/rad/s", "Angular frequency [rad/s]", "omega", "omega_rad/s",
                                    "omega / 1/s", "Frequency (rad/s)"])  # fmt: skip
def test_an_angular_frequency_is_divided_by_2_pi(tmp_path, header):
    file = tmp_path / "omega.csv"
    rows = [f"{2 * np.pi * f:.10g},{100 + 1 / f:.10g},{-1 / f:.10g}\n" for f in (1000.0, 100.0, 10.0, 1.0)]
    file.write_text(f"{header},Z' (ohm),Z'' (ohm)\n" + "".join(rows))
    (one,) = read_spectra(file)
    np.testing.assert_allclose(one.frequency_Hz, [1000, 100, 10, 1], rtol=1e-9)  # ten digits printed
    assert any("divided by 2 pi" in warning for warning in one.warnings)
