"""`nmr exchange`: simulated folders to record, tables and page; bad input in one line."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import paddlewheel
from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.simulated import ExchangeTruth, Flaws, Observation, bruker_files, simulate_exchange

_SMALL = Observation(nucleus="1H", spectral_width_Hz=8000.0, n_points=256, carrier_ppm=1.0, pulse_us=0)


def _signals(*mixing_s: float) -> list[Signal]:
    signals, _ = simulate_exchange(
        mixing_s, ExchangeTruth(), n_rows=64, observation=_SMALL, flaws=Flaws(noise=0.01), odd_last_row=True
    )
    return signals


def test_folders_to_rates(tmp_path: Path) -> None:
    """In any order; mixing times from the files, phases from the fit."""
    folders = []
    for number, signal in enumerate(_signals(0.02, 1e-4, 0.004, 0.001), start=11):
        folders.append(tmp_path / str(number))
        for name, content in bruker_files(signal).items():
            (folders[-1] / name).parent.mkdir(parents=True, exist_ok=True)
            (folders[-1] / name).write_bytes(content)
    out = tmp_path / "run"
    record = paddlewheel.nmr_exchange(folders, sites={"B12H12": 1.6, "BH4": -0.4}, out=out)
    assert record.mixing_s == [1e-4, 0.001, 0.004, 0.02]
    there = record.rates_per_s[0]
    assert (there.start, there.to) == ("B12H12", "BH4")
    assert there.rate is not None
    assert there.rate.value == pytest.approx(120.0, rel=0.05)
    assert record.domain_size_is == "at most"
    assert record.domain_size_nm == pytest.approx(1.29, rel=0.05)
    assert record.warnings == ["row 63, the last, has no sine beside it and is left out (in 4 of 4 measurements)"]
    written = json.loads((out / "result.json").read_text())
    assert set(written["rates_per_s"][0]) >= {"from", "to", "rate"}
    assert paddlewheel.load(out) == record
    assert (out / "figures/spectrum.svg").is_file()
    assert (out / "figures/buildup.svg").is_file()


def test_one_mixing_time_is_a_bound() -> None:
    record = paddlewheel.nmr_exchange(_signals(0.002))
    assert record.rates_per_s[0].rate is None
    assert "a bound within a decade" in record.notes[0]
    assert set(record.plot()) == {"spectrum"}


def test_a_mixing_time_against_the_file_is_told() -> None:
    record = paddlewheel.nmr_exchange(_signals(0.004), mixing_ms=4000)
    assert record.mixing_s == [4.0]
    assert "the file says a mixing time of 4 ms, --mixing-ms 4000 ms, which is taken" in record.warnings[-1]


def test_bad_input_is_one_line() -> None:
    one, other = _signals(0.001, 0.004)
    with pytest.raises(SettingsError, match="exchange-4ms: the file does not say the mixing time"):
        paddlewheel.nmr_exchange([one, replace(other, mixing_s=None)])
    with pytest.raises(SettingsError, match="mixing_ms: 3 mixing times for 2 measurements"):
        paddlewheel.nmr_exchange([one, other], mixing_ms="1,2,3")
    with pytest.raises(DataError, match="40 x 256 points, where exchange-1ms has 62 x 256"):
        paddlewheel.nmr_exchange([one, replace(other, values=other.values[:40])])
    with pytest.raises(SettingsError, match=r"delays_s: rows of .* have no delays; .*--mixing-ms"):
        paddlewheel.nmr_exchange([one, other], delays_s="0.001,0.004")
    with pytest.raises(DataError, match="no line at 7 ppm"):
        paddlewheel.nmr_exchange([one, other], sites="a=1.6,b=7")
    with pytest.raises(DataError, match=r"one line, at 1\.6 ppm: nothing to exchange with"):
        paddlewheel.nmr_exchange([one, other], sites="a=1.6")


def test_the_cosy_is_refused() -> None:
    shared = os.environ.get("PADDLEWHEEL_SHARED")
    if not shared:
        pytest.skip("PADDLEWHEEL_SHARED is not set")
    with pytest.raises(DataError, match=r"scpy_1H1H_cosy: the indirect dimension is not phase-sensitive \(FnMODE 1"):
        paddlewheel.nmr_exchange(Path(shared) / "data/lab/exchange/scpy_1H1H_cosy")
