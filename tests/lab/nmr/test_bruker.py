"""Raw and processed data of Bruker: every row and point as it stands in the file, and one line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bruker_folders import decays, parameter_text, write_bruker
from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.nmr.processing import to_spectrum
from paddlewheel.lab.nmr.readers import read_nmr

DELAYS = "\n".join(("100u", "1m", "10m", "0.1s", "1"))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("code", [0, 1, 2])
@pytest.mark.parametrize("padded", [True, False])
def test_every_type_order_and_padding_gives_the_numbers_written(tmp_path: Path, code: int, order: int, padded: bool):
    rows = decays(n_rows=5)  # 400 numbers: 1600 or 3200 bytes, no multiple of 1024
    write_bruker(tmp_path / "7", rows, padded=padded, acqus={"DTYPA": code, "BYTORDA": order}, vdlist=DELAYS)
    (signal,) = read_nmr(tmp_path / "7")
    assert np.array_equal(signal.values, rows)
    assert np.allclose(signal.delays_s, [1e-4, 1e-3, 1e-2, 0.1, 1.0], rtol=1e-12)
    assert not signal.warnings


def test_a_line_stands_at_its_shift(tmp_path: Path):
    write_bruker(tmp_path / "1", decays(n_points=2000, offset_Hz=2500.0))
    (signal,) = read_nmr(tmp_path / "1")
    spectrum = to_spectrum(signal)
    found = spectrum.shift_ppm[np.argmax(np.abs(spectrum.values[0]))]
    # O1 1323 Hz and the offset 2500 Hz over BF1; the spacing of points is 10 Hz, 0.076 ppm
    assert found == pytest.approx((1323.0 + 2500.0) / 132.294, abs=0.04)


@pytest.mark.parametrize("padded", [True, False])
def test_rows_that_are_not_there_are_not_made_up(tmp_path: Path, padded: bool):
    rows = decays(n_rows=5)
    folder = write_bruker(tmp_path / "7", rows, padded=padded, vdlist=DELAYS)
    content = (folder / "ser").read_bytes()
    (folder / "ser").write_bytes(content[: 2 * len(content) // 5 + 300])
    (signal,) = read_nmr(folder)
    assert np.array_equal(signal.values, rows[:2])
    assert np.allclose(signal.delays_s, [1e-4, 1e-3])
    assert "2 whole rows of 5" in signal.warnings[0]


def test_rows_of_zeros_at_the_end_are_left_out(tmp_path: Path):
    rows = decays(n_rows=5)
    rows[3:] = 0
    (signal,) = read_nmr(write_bruker(tmp_path / "7", rows, vdlist=DELAYS))
    assert np.array_equal(signal.values, rows[:3])
    assert "rows 4 to 5 hold zeros alone" in signal.warnings[0]


def test_a_group_delay_that_the_file_does_not_give_is_from_the_table(tmp_path: Path):
    for stated, expected in (
        ({"GRPDLY": -1, "DIGMOD": 1, "DSPFVS": 10, "DECIM": 4}, 66.625),
        ({"GRPDLY": 67.98, "DIGMOD": 1, "DSPFVS": 20, "DECIM": 3637.3}, 67.98),
        ({"GRPDLY": -1, "DIGMOD": 0}, 0.0),
    ):
        folder = write_bruker(tmp_path / "1", decays(), acqus=stated)
        (signal,) = read_nmr(folder)
        assert signal.group_delay_points == expected
        assert not signal.warnings
    (signal,) = read_nmr(write_bruker(tmp_path / "2", decays(), acqus={"GRPDLY": -1, "DIGMOD": 1, "DECIM": 7}))
    assert "digital filter is not known" in signal.warnings[0]


def test_states_tppi_rows_have_an_axis_and_no_delays(tmp_path: Path):
    folder = write_bruker(tmp_path / "3", decays(n_rows=6), acqu2s={"FnMODE": 5},
                          acqus={"INF": "(0..7)\n0 50 0 0 0 0 0 0", "D": "(0..9)\n0 1 0 0 0 0 0 0 0.1 0"})  # fmt: skip
    (folder / "pulseprogram").write_text(
        "1 ze\n2 d1\n p1 ph1\n d0\n p1 ph2\n d8\n p1 ph3\n go=2 ph31\n; d8 : mixing time\n"
    )
    (signal,) = read_nmr(folder)
    assert signal.quadrature == "states-tppi"
    assert signal.delays_s is None
    assert signal.indirect is not None
    assert signal.indirect.spectral_width_Hz == 20000.0
    assert signal.mixing_s == 0.1
    assert "13229.5 Hz; the first is taken" in signal.warnings[0]


def test_a_folder_of_experiments_is_in_the_order_of_their_numbers(tmp_path: Path):
    for name in ("10", "9", "100", "mix-16ms", "mix-0.5ms", "mix-2ms"):
        write_bruker(tmp_path / name, decays())
    names = [signal.name for signal in read_nmr(tmp_path)]
    assert names == ["9", "10", "100", "mix-0.5ms", "mix-2ms", "mix-16ms"]
    write_bruker(tmp_path / "another sample" / "1", decays())
    assert "hold further measurements, which are not read: another sample" in read_nmr(tmp_path)[0].warnings[0]


def _damage(folder: Path, kind: str) -> None:
    acqus = (folder / "acqus").read_text()
    if kind == "no acqus":
        (folder / "acqus").unlink()
    elif kind == "cut acqus":
        (folder / "acqus").write_text(acqus[:60])
    elif kind == "nucleus":
        (folder / "acqus").write_text(acqus.replace("<23Na>", "<off>"))
    elif kind == "field":
        (folder / "acqus").write_text(acqus.replace("132.29", "0.13229"))
    elif kind == "few delays":
        (folder / "vdlist").write_text("1\n2\n")
    elif kind == "negative delay":
        (folder / "vdlist").write_text("1\n2\n-3\n4\n5\n")
    elif kind == "zero delays":
        (folder / "vdlist").write_text("0\n" * 5)
    elif kind == "words for delays":
        (folder / "vdlist").write_text("soon\nlater\n")
    elif kind == "short ser":
        (folder / "ser").write_bytes(b"\x01" * 100)
    elif kind == "no points":
        (folder / "ser").write_bytes(bytes(5 * 2048))
    elif kind == "no data":
        (folder / "ser").unlink()
    elif kind == "dtype":
        (folder / "acqus").write_text(acqus.replace("DTYPA= 0", "DTYPA= 3"))
    elif kind == "no width":
        (folder / "acqus").write_text(acqus.replace("SW_h= 20000", "SW_h= none"))
    elif kind == "one channel":
        (folder / "acqus").write_text(acqus.replace("AQ_mod= 3", "AQ_mod= 0"))
    elif kind == "nan":
        (folder / "acqus").write_text(acqus.replace("DTYPA= 0", "DTYPA= 2"))
        (folder / "ser").write_bytes(np.full(5 * 512, np.nan).tobytes())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no acqus", "raw data without acqus"),
        ("cut acqus", "no TD"),
        ("nucleus", "NUC1 is 'off', no nucleus; give it, as --nucleus"),
        ("field", "is a field of 0.0117 T"),
        ("few delays", "2 delays for 5 rows"),
        ("negative delay", "a delay of -3 s"),
        ("zero delays", "every delay is zero"),
        ("words for delays", "line 1 is 'soon', no time"),
        ("short ser", "ends after 24 of the 400 numbers"),
        ("no points", "no signal: every point is zero"),
        ("no data", "neither fid, ser nor a spectrum"),
        ("dtype", "DTYPA 3"),
        ("no width", "SW_h is 'none', no number"),
        ("one channel", "AQ_mod 0"),
        ("nan", "not finite"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, kind: str, said: str):
    folder = write_bruker(tmp_path / "7", decays(n_rows=5), vdlist=DELAYS)
    _damage(folder, kind)
    with pytest.raises(InputError) as caught:
        read_nmr(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(folder.name) in str(caught.value)


def test_a_folder_of_another_technique_says_what_is_in_it(tmp_path: Path):
    (tmp_path / "eis.mpr").write_bytes(b"BIO-LOGIC MODULAR FILE")
    with pytest.raises(DataError, match=r"no measurement of NMR in it \(eis.mpr\)"):
        read_nmr(tmp_path)


def test_a_processed_spectrum_has_its_points_in_rising_ppm(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays())
    inner = folder / "pdata" / "1"
    inner.mkdir(parents=True)
    points = np.arange(1, 65, dtype="<i4")
    (inner / "1r").write_bytes(points.tobytes())
    (inner / "procs").write_text(parameter_text(
        {"TITLE": "Parameter file", "SI": 64, "SF": 132.294, "SW_p": 12800.0, "OFFSET": 50.0, "NC_proc": -1}
    ))  # fmt: skip
    (signal,) = read_nmr(inner)
    assert np.array_equal(signal.values[0], 0.5 * points[::-1])
    assert not signal.is_complex
    # TopSpin: point k stands at OFFSET - k SW_p / (SI SF)
    assert np.allclose(signal.shift_ppm[::-1], 50.0 - np.arange(64) * 200.0 / 132.294, atol=1e-9)
    (folder / "fid").unlink()
    (told,) = read_nmr(folder)
    assert "processed spectrum pdata/1" in told.warnings[-1]
    (inner / "1r").write_bytes(points.tobytes()[:-8])
    with pytest.raises(DataError, match="62 points, its parameters say 1 x 64"):
        read_nmr(inner)


def test_a_processed_plane_is_put_together_from_its_blocks(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=4))
    inner = folder / "pdata" / "1"
    inner.mkdir(parents=True)
    plane = np.arange(4 * 8, dtype="<i4").reshape(4, 8)
    blocks = [plane[r : r + 2, c : c + 4].tobytes() for r in (0, 2) for c in (0, 4)]
    (inner / "2rr").write_bytes(b"".join(blocks))
    stated = {"TITLE": "Parameter file", "SF": 132.294, "SW_p": 12800.0, "OFFSET": 50.0}
    (inner / "procs").write_text(parameter_text(stated | {"SI": 8, "XDIM": 4, "PH_mod": 2}))
    (inner / "proc2s").write_text(parameter_text(stated | {"SI": 4, "XDIM": 2}))
    (signal,) = read_nmr(inner)
    assert np.array_equal(signal.values.real, plane[::-1, ::-1])
    assert signal.indirect is not None
    assert signal.indirect_domain == "frequency"
    assert signal.quadrature == "magnitude"
    assert "magnitude or power" in signal.warnings[0]


def test_rows_that_were_transformed_alone_keep_their_order_and_delays(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=3), vdlist="1m\n1\n10\n")
    inner = folder / "pdata" / "1"
    inner.mkdir(parents=True)
    rows = np.zeros((4, 8), dtype="<i4")  # SI of F1 is 4, TD 3
    rows[:3] = np.arange(1, 25).reshape(3, 8)
    (inner / "2rr").write_bytes(rows.tobytes())
    (inner / "2ii").write_bytes((2 * rows).tobytes())
    stated = {"TITLE": "Parameter file", "SF": 132.294, "SW_p": 12800.0, "OFFSET": 50.0}
    (inner / "procs").write_text(parameter_text(stated | {"SI": 8, "FT_mod": 6}))
    (inner / "proc2s").write_text(parameter_text(stated | {"SI": 4, "FT_mod": 0}))
    (signal,) = read_nmr(inner)
    assert np.array_equal(signal.values, (1 - 2j) * rows[:3, ::-1])
    assert np.allclose(signal.delays_s, [1e-3, 1.0, 10.0])
    (inner / "procs").write_text(parameter_text(stated | {"SI": 8, "FT_mod": 0}))
    with pytest.raises(DataError, match="not transformed"):
        read_nmr(inner)


def test_numbers_are_scaled_by_their_exponent(tmp_path: Path):
    (signal,) = read_nmr(write_bruker(tmp_path / "1", decays(), acqus={"NC": -3}))
    assert np.array_equal(signal.values, decays() / 8)


def test_delays_are_of_the_list_that_the_pulse_program_takes(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=3), acqus={"VDLIST": "<mine>"})
    (folder / "pulseprogram").write_text("define list<delay> recovery=<$VDLIST>\n1 ze\n2 d1\n recovery p1 ph1\n go=2\n")
    (signal,) = read_nmr(folder)
    assert signal.delays_s is None
    assert "takes a vdlist, which is not in the folder" in signal.warnings[0]
    (folder / "lists" / "vd").mkdir(parents=True)
    (folder / "lists" / "vd" / "mine").write_text("1m\n20m\n300m\n")
    (signal,) = read_nmr(folder)
    assert np.allclose(signal.delays_s, [1e-3, 2e-2, 0.3])
    (signal,) = read_nmr(folder, delays_s=[1.0, 2.0, 3.0])
    assert np.allclose(signal.delays_s, [1.0, 2.0, 3.0])


def test_lists_of_pulses_are_in_microseconds_and_counts_are_no_delays(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=2))
    (folder / "vplist").write_text("100\n2m\n")
    (signal,) = read_nmr(folder)
    assert np.allclose(signal.delays_s, [1e-4, 2e-3])
    assert "taken as microseconds" in signal.warnings[0]
    (folder / "vplist").rename(folder / "vclist")
    (folder / "vclist").write_text("2\n40\n")
    (signal,) = read_nmr(folder)
    assert signal.delays_s is None
    assert "counts loops" in signal.warnings[0]


def test_the_nucleus_of_early_xwin_nmr_and_a_second_sensor(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(), acqus={"TE": 0, "TE1": 323.9})
    acqus = (folder / "acqus").read_text()
    (folder / "acqus").write_text(acqus.replace("##$NUC1=", "##$NUCLEUS="))
    (signal,) = read_nmr(folder)
    assert signal.axis.nucleus == "23Na"
    assert signal.conditions.temperature_K is None
    assert "TE1 says 323.9 K" in signal.warnings[0]


def test_another_channel_in_another_field_is_told(tmp_path: Path):
    (signal,) = read_nmr(write_bruker(tmp_path / "1", decays(), acqus={"NUC2": "<1H>", "BF2": 400.13}))
    assert "is the nucleus right?" in signal.warnings[0]
    (signal,) = read_nmr(write_bruker(tmp_path / "2", decays(), acqus={"NUC2": "<1H>", "BF2": 500.13}))
    assert not signal.warnings


def test_spinning_is_cnst31_where_the_pulse_program_takes_it(tmp_path: Path):
    constants = "(0..31)\n" + "1 " * 31 + "20000"
    folder = write_bruker(tmp_path / "1", decays(), acqus={"CNST": constants})
    (signal,) = read_nmr(folder)
    assert signal.conditions.spinning_Hz == 10000.0
    assert "MASR 10000 Hz and CNST31 20000 Hz; 10000 Hz is taken" in signal.warnings[0]
    (folder / "pulseprogram").write_text('"d6=1s/cnst31"\n1 ze\n2 d1\n p3 ph1\n d6\n go=2\n')
    (signal,) = read_nmr(folder)
    assert signal.conditions.spinning_Hz == 20000.0


def test_an_odd_td_loses_its_half_point_with_a_word(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(), acqus={"TD": 399})
    (signal,) = read_nmr(folder)
    assert np.array_equal(signal.values, decays()[:, :199])
    assert "TD 399 is odd" in signal.warnings[0]


def test_more_rows_than_the_parameters_say_are_read_and_told(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=5), acqu2s={"TD": 3}, vdlist=DELAYS)
    (signal,) = read_nmr(folder)
    assert np.array_equal(signal.values, decays(n_rows=5))
    assert "holds 5 rows, its parameters say 3: all are read" in signal.warnings[0]


def test_a_decay_that_ends_early_has_the_points_that_are_there(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(), padded=False)
    (folder / "fid").write_bytes((folder / "fid").read_bytes()[:1000])
    (signal,) = read_nmr(folder)
    assert np.array_equal(signal.values, decays()[:, :125])
    assert "fid ends early: 250 numbers of 400" in signal.warnings[0]


def test_three_dimensions_are_refused(tmp_path: Path):
    folder = write_bruker(tmp_path / "1", decays(n_rows=4))
    (folder / "acqu3s").write_text(parameter_text({"TITLE": "Parameter file", "TD": 8}))
    with pytest.raises(DataError, match="three dimensions"):
        read_nmr(folder)
