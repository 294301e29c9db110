"""What is said beside the files of NMR wins over them, and what does not fit is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bruker_folders import decays, write_bruker
from paddlewheel.errors import InputError, SettingsError
from paddlewheel.studies.laboratory.nmr import NmrSettings, NmrSpectrumSettings, signal_inputs


def test_what_is_given_wins_over_the_file(tmp_path: Path):
    folder = write_bruker(tmp_path / "7", decays(n_rows=3), acqus={"NUC1": "<off>"}, vdlist="1\n")
    (tmp_path / "times").write_text("100u\n1m\n0.5\n")
    settings = NmrSettings(nucleus="23Na", sr_Hz=264.588, delays_file=tmp_path / "times", temperatures_K=(250.0,),
                           spinning_Hz=12000.0, pulse_us=2.5, nutation_Hz=1e5)  # fmt: skip
    (signal,) = settings.read(folder)
    assert signal.axis.nucleus == "23Na"
    assert signal.axis.reference_MHz == pytest.approx(132.294264588, abs=1e-9)
    assert np.allclose(signal.delays_s, [1e-4, 1e-3, 0.5], rtol=1e-12)
    told = signal.conditions
    assert (told.temperature_K, told.spinning_Hz, told.pulse_us, told.nutation_Hz) == (250.0, 12000.0, 2.5, 1e5)
    assert told.scans == 16


def test_a_reference_shift_moves_every_shift(tmp_path: Path):
    folder = write_bruker(tmp_path / "7", decays())
    (plain,), (moved,) = NmrSettings().read(folder), NmrSettings(reference_shift_ppm=7.2).read(folder)
    # the spacing of points changes by 7 parts in a million, over +-76 ppm: 1e-3 ppm
    assert np.allclose(moved.shift_ppm - plain.shift_ppm, 7.2, atol=2e-3)
    assert signal_inputs([plain])[0]["sha256"] != signal_inputs([moved])[0]["sha256"]


def test_measurements_of_one_row_become_rows_by_their_delays(tmp_path: Path):
    for number in (1, 2, 3):
        write_bruker(tmp_path / str(number), decays(seed=number))
    (signal,) = NmrSettings(delays_s=(0.1, 1.0, 10.0)).read(tmp_path)
    assert signal.values.shape == (3, 200)
    assert np.array_equal(signal.values[1], decays(seed=2)[0])
    assert NmrSpectrumSettings(zero_fill=2).spectrum(signal).values.shape == (3, 400)
    with pytest.raises(InputError, match="2 delays for 3 measurements"):
        NmrSettings(delays_s=(0.1, 1.0)).read(tmp_path)
    write_bruker(tmp_path / "4", decays(n_points=300))
    with pytest.raises(InputError, match="4: another nucleus, width, transmitter or size than 1"):
        NmrSettings(delays_s=(0.1, 1.0, 10.0, 20.0)).read(tmp_path)


def test_rows_of_unlike_numbers_of_scans_are_compared_per_scan(tmp_path: Path):
    write_bruker(tmp_path / "1", decays(), acqus={"NS": 16, "RG": 100})
    write_bruker(tmp_path / "2", 4 * decays(), acqus={"NS": 64, "RG": 50})
    (signal,) = NmrSettings(delays_s=(0.1, 1.0)).read(tmp_path)
    assert np.allclose(signal.values[0], signal.values[1])
    assert "16 to 64 scans: scaled to 16" in signal.warnings[0]
    assert "receiver gain" in signal.warnings[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nucleus": "Na23"}, "nucleus 'Na23'"),
        ({"temperatures_K": (-20.0,)}, "temperatures_K"),
        ({"temperatures_K": (25.0,)}, "temperatures_K"),
        ({"delays_s": (0.0, 0.0)}, "every delay is zero"),
        ({"delays_s": (-1.0, 1.0)}, "delays_s"),
        ({"zero_fill": 1000}, "zero_fill"),
    ],
)
def test_what_makes_no_sense_is_one_line(given: dict, said: str):
    with pytest.raises(InputError, match=said):
        NmrSpectrumSettings(**given)


def test_temperatures_are_one_or_as_many_as_the_measurements(tmp_path: Path):
    for number in (1, 2, 3):
        write_bruker(tmp_path / str(number), decays())
    found = NmrSettings(temperatures_K=(250.0, 300.0, 350.0)).read(tmp_path)
    assert [signal.conditions.temperature_K for signal in found] == [250.0, 300.0, 350.0]
    with pytest.raises(SettingsError, match="2 temperatures for 3 measurements"):
        NmrSettings(temperatures_K=(250.0, 300.0)).read(tmp_path)
