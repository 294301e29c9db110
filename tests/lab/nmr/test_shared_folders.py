"""Folders of real spectrometers: shapes by the bytes and parameters of each, and TopSpin's processing beside ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bruker_folders import decays, write_bruker
from paddlewheel.lab.nmr.processing import to_spectrum
from paddlewheel.lab.nmr.readers import read_nmr

SHAPES = {
    "nmr/biffo_17O_satrec_LAMOX": (15, 5000),
    "nmr/biffo_single_peak_10": (1, 10000),
    "nmr/biffo_six_peaks_4": (1, 8192),
    "nmr/scpy_13C_CP_series": (1, 2013),
    "exchange/scpy_1H1H_cosy": (128, 1024),
}
"""Rows by acqu2s, points by half of TD in acqus."""


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_those_of_the_acquisition(shared: Path, name: str):
    signals = read_nmr(shared / "data/lab" / name)
    assert len(signals) == (15 if "series" in name else 1)
    for signal in signals:
        assert signal.values.shape == SHAPES[name]
        assert (signal.values != 0).any(axis=1).all()
        assert np.abs(signal.values[:, -8:]).max() > 0  # what fills rows up to blocks is not in them


def test_delays_and_conditions_of_a_saturation_recovery(shared: Path):
    (signal,) = read_nmr(shared / "data/lab/nmr/biffo_17O_satrec_LAMOX")
    assert signal.delays_s is not None
    assert signal.delays_s[[0, 4, 14]] == pytest.approx([5e-6, 1e-4, 0.3])
    assert (signal.axis.nucleus, signal.axis.reference_MHz) == ("17O", 67.804154)
    assert signal.conditions.temperature_K is None  # TE is 0: not measured
    assert "MASR 4000 Hz and CNST31 20000 Hz" in " ".join(signal.warnings)


def test_a_magnitude_cosy_is_a_plane_without_quadrature(shared: Path):
    (signal,) = read_nmr(shared / "data/lab/exchange/scpy_1H1H_cosy")
    assert signal.delays_s is None
    assert signal.quadrature == "qf"
    assert signal.indirect is not None
    # SW of acqu2s is 10.9942 ppm; its SW_h, 6667 Hz, is of another measurement. TopSpin's SW_p: 5498.55 Hz
    assert signal.indirect.spectral_width_Hz == pytest.approx(5498.554, abs=0.01)


def test_our_spectrum_is_that_of_topspin(shared: Path):
    """Same points, broadening and size as TopSpin's; magnitudes, so that its phases do not matter."""
    folder = shared / "data/lab/nmr/biffo_single_peak_10"
    (raw,), (theirs,) = read_nmr(folder), read_nmr(folder / "pdata/1")
    procs = theirs.metadata["procs"]
    filled = np.zeros((1, procs["SI"]), dtype=complex)
    filled[:, : raw.values.shape[1]] = raw.values
    ours = to_spectrum(replace(raw, values=filled), line_broadening_Hz=procs["LB"])
    # Both axes follow SF; TopSpin's OFFSET has six decimals: 1e-4 ppm
    assert np.allclose(ours.shift_ppm[1:], theirs.shift_ppm[:-1], atol=1e-4)
    a, b = np.abs(ours.values[0, 1:]), np.abs(theirs.values[0, :-1])
    # TopSpin broadens from the first point on, we from t = 0, and its numbers are integers: 0.6 % of the peak at most
    assert np.abs(a * (a @ b) / (a @ a) - b).max() < 0.01 * b.max()
    turn = np.unwrap(np.angle(theirs.values[0, :-1] / ours.values[0, 1:])[a > 0.1 * a.max()])
    places = np.flatnonzero(a > 0.1 * a.max())
    assert np.std(turn - np.polyval(np.polyfit(places, turn, 1), places)) < 0.01  # the phases differ by a line


def test_six_peaks_stand_where_topspin_has_them(shared: Path):
    """TopSpin's first points were predicted backwards, so shapes differ; positions by the largest correlation."""
    folder = shared / "data/lab/nmr/biffo_six_peaks_4"
    (raw,), (theirs,) = read_nmr(folder), read_nmr(folder / "pdata/1")
    ours = to_spectrum(raw, line_broadening_Hz=theirs.metadata["procs"]["LB"], zero_fill=2)
    a, b = np.abs(ours.values[0]), np.interp(ours.shift_ppm, theirs.shift_ppm, np.abs(theirs.values[0]))
    shifts = np.arange(-40, 41)
    best = shifts[np.argmax([np.roll(a, shift) @ b for shift in shifts])]
    assert abs(best) <= 2  # of 0.9 ppm; the lines are 24 ppm wide


@pytest.mark.filterwarnings("ignore:Error reading the pulse program")
def test_nmrglue_beside_it(shared: Path):
    """What nmrglue 0.12 makes of the same folders: padded rows where TD is no multiple of a block."""
    from nmrglue import bruker

    wrong = {}
    for name, shape in SHAPES.items():
        folder = shared / "data/lab" / name
        folder = folder / "85" if "series" in name else folder
        values = np.atleast_2d(bruker.read(str(folder))[1])
        if values.shape != shape:
            wrong[name.split("/")[1]] = values.shape
    assert wrong == {
        "biffo_17O_satrec_LAMOX": (15, 5120), "biffo_single_peak_10": (1, 10048), "scpy_13C_CP_series": (1, 2048),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:Error reading the pulse program", "ignore:.*cannot be shaped")
def test_nmrglue_on_a_truncated_plane_and_without_a_group_delay(tmp_path: Path):
    """nmrglue 0.12 has all rows of a measurement that was stopped, the missing as zeros, and no way without GRPDLY."""
    from nmrglue import bruker

    rows = decays(n_rows=8, n_points=256)
    rows[3:] = 0
    folder = write_bruker(tmp_path / "1", rows, vdlist="1\n2\n3\n4\n5\n6\n7\n8\n",
                          acqus={"GRPDLY": -1, "DSPFVS": 0})  # fmt: skip
    stated, values = bruker.read(str(folder))
    assert (values.shape[0], int((values == 0).all(axis=1).sum())) == (8, 5)
    with pytest.raises(ValueError, match="dspfvs not in lookup table"):
        bruker.remove_digital_filter(stated, values)
    (ours,) = read_nmr(folder)
    assert (ours.values.shape, ours.group_delay_points) == ((3, 256), 0.0)
    assert np.array_equal(ours.values, rows[:3])
