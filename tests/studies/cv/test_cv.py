"""`cv` as its users run it: simulated voltammograms through files, records and the command."""

from __future__ import annotations

import json

import pytest

from made_potentiostat import ONE_CM2, exit_status, write_csv
from made_voltammogram import as_test, diffusing_couple, triangle
from paddlewheel import cv
from paddlewheel.errors import InputError


def test_rates_through_the_command(tmp_path, capsys):
    """D = 1e-5 cm2/s and b = 1/2 of 1 mmol/l on 1 cm2; the files print times to 0.01 s."""
    files = []
    for rate in (0.025, 0.1):
        rows = diffusing_couple([-0.3, 0.3, -0.3], rate_V_per_s=rate)
        files.append(tmp_path / f"{1000 * rate:g}.csv")
        write_csv(files[-1], *rows)
    out = tmp_path / "run"
    arguments = ["cv", *files, "--diameter-cm", ONE_CM2, "--concentration-mol-per-L", "0.001", "--out", out]
    assert exit_status(arguments) == 0
    told = capsys.readouterr().out
    assert told.count(": reversible") == 2
    assert "of diffusion" in told
    record = json.loads((out / "result.json").read_text())
    assert [scan["rate_mV_per_s"] for scan in record["scans"]] == pytest.approx([25, 100], rel=0.01)
    anodic, cathodic = record["trends"]
    assert anodic["exponent"]["value"] == pytest.approx(0.5, abs=0.01)
    for trend in (anodic, cathodic):
        assert trend["diffusivity_cm2_per_s"]["value"] == pytest.approx(1e-5, rel=0.03)
    page = (out / "report.html").read_text()
    assert "A reversible couple at" in page
    assert {figure.stem for figure in (out / "figures").iterdir()} == {"voltammograms", "rates"}


def test_ohmic_drop_is_warned_of_and_taken_off():
    """100 ohm and peaks of 0.25 mA set them farther apart, as a slow transfer would; taken off, most of it is gone.

    A quarter of the drop of 50 mV may stay, for the electrode was swept at another rate while it was there.
    """
    test = as_test(*diffusing_couple([-0.4, 0.4, -0.4], rate_V_per_s=0.1, resistance_ohm=100.0))
    drop = cv(test)
    (couple,) = drop.couples
    assert couple.verdict == "quasi-reversible"
    assert couple.explaining_resistance_ohm == pytest.approx(100.0, rel=0.25)
    assert any("uncompensated resistance" in note for note in drop.notes)
    (mended,) = cv(test, resistance_ohm=100.0).couples
    assert couple.separation_V.value > 0.11
    assert mended.separation_V.value == pytest.approx(0.0577, abs=2 * mended.separation_V.std)
    assert mended.separation_V.std == pytest.approx(0.25 * 0.05, rel=0.1)
    assert mended.verdict == "reversible"


def test_reference_is_shifted_and_its_error_kept():
    test = as_test(*diffusing_couple([-0.3, 0.3, -0.3], rate_V_per_s=0.1))
    record = cv(test, reference_shift_V="0.1,0.02", reference="Na", temperature_K=298.15)
    (couple,) = record.couples
    assert couple.half_wave_V.value == pytest.approx(0.1, abs=1e-3)
    assert couple.half_wave_V.std == pytest.approx(0.02, rel=0.05)
    assert couple.separation_V.std < 2e-3


def test_resistor_is_told_as_one():
    time, voltage = triangle([-0.3, 0.3, -0.3], rate_V_per_s=0.1)
    record = cv(as_test(time, voltage, voltage / 100, noise_A=1e-6))
    assert record.peaks == []
    assert record.couples == []
    (scan,) = record.scans
    assert scan.resistance_ohm is not None
    assert scan.resistance_ohm.value == pytest.approx(100.0, rel=1e-3)
    assert set(record.plot()) == {"voltammograms"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scans": 4}, "scans 1 to 1"),
        ({"voltage_range_V": "0.2,0.1"}, "lowest and the highest"),
        ({"concentration_mol_per_L": 1e-3}, "no area"),
        ({"electrons": 0}, "electrons"),
        ({"reference_shift_V": 0.1}, "reference"),
    ],
)
def test_bad_settings_get_one_line(options, message):
    time, voltage = triangle([-0.3, 0.3, -0.3], rate_V_per_s=0.1)
    with pytest.raises(InputError, match=message):
        cv(as_test(time, voltage, voltage / 100), **options)


def test_real_voltammetry_of_a_shorted_cell(shared):
    """Two turns at 1.5 and 5.5 V after the rest; what its cell does is no couple, and it is evaluated all the same."""
    record = cv(shared / "data" / "lab" / "biologic" / "cv.mpr")
    assert [scan.n_sweeps for scan in record.scans] == [3, 1]
    assert record.scans[0].lowest_V == pytest.approx(1.5, abs=0.01)
    assert record.scans[0].highest_V == pytest.approx(5.5, abs=0.01)
    assert record.scans[0].rate_mV_per_s == pytest.approx(0.1, rel=0.01)
    assert record.scans[0].capacitance_uF is None  # the branches cross; it was -2e7 uF


def test_later_scans_do_not_lower_the_diffusivity():
    """Two scans each at two rates, D = 1e-5 cm2/s: Randles and Sevcik hold for the first alone."""
    tests = [as_test(*diffusing_couple([-0.3, 0.3, -0.3, 0.3, -0.3], rate_V_per_s=rate)) for rate in (0.025, 0.1)]
    record = cv(tests, diameter_cm=ONE_CM2, concentration_mol_per_L=0.001)
    assert len(record.scans) == 4
    for trend in record.trends:
        assert trend.n_scans == 2
        assert trend.diffusivity_cm2_per_s is not None
        assert trend.diffusivity_cm2_per_s.value == pytest.approx(1e-5, rel=0.03)  # as of single scans, above
