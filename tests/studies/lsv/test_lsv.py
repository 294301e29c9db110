"""`lsv` as its users run it: known sweeps through files, commands, records and reports."""

from __future__ import annotations

import json

import numpy as np
import pytest

from made_potentiostat import ONE_CM2, exit_status, write_holds, write_sweep
from paddlewheel import lsv
from paddlewheel.errors import DataError, SettingsError


@pytest.fixture
def swept(tmp_path):
    return write_sweep(tmp_path)


def test_onsets_are_shifted_to_the_wanted_reference(swept, tmp_path):
    out = tmp_path / "run"
    arguments = ["lsv", swept, "--diameter-cm", ONE_CM2, "--measured-against", "Na9Sn4", "--reference", "Na"]
    arguments += ["--reference-shift-V", "0.1,0.02", "--thresholds-uA-per-cm2", "6"]
    assert exit_status([*arguments, "--out", out]) == 0
    record = json.loads((out / "result.json").read_text())
    (sweep,) = record["sweeps"]
    (threshold,) = sweep["thresholds"]
    assert sweep["tangent_V"]["value"] == pytest.approx(3.7, abs=0.01)  # two rows
    assert threshold["onset_V"]["value"] == pytest.approx(3.8, abs=0.01)
    assert sweep["tangent_V"]["std"] > 0.02  # that of the reference is in it
    assert record["reference"] == "Na"
    assert any("one edge alone" in one for one in record["notes"])
    assert "V against Na" in (out / "report.html").read_text()


def test_a_sweep_without_an_onset_is_drawn_whole(shared):
    """The first sweep of this voltammetry has no rise above the noise of its background: there is no foot to draw."""
    record = lsv(shared / "data" / "lab" / "biologic" / "cv.mpr", diameter_cm=1.0)
    assert record.sweeps[0].tangent_V is None
    assert record.plot()["sweeps"].axes[1].get_title(loc="left") == "No onset"


def test_resistor_is_told_as_one(shared, capsys, tmp_path):
    """The line of the README of faults: 4 kohm, no onset; it gave 2.79 +- 0.64 V."""
    out = tmp_path / "run"
    file = shared / "data" / "faults" / "lab" / "resistor_lsv.csv"
    assert exit_status(["lsv", file, "--diameter-cm", "1.0", "--out", out]) == 0
    assert "no onset: ohmic, R = 4.00 kohm" in capsys.readouterr().out
    record = json.loads((out / "result.json").read_text())
    (sweep,) = record["sweeps"]
    assert sweep["tangent_V"] is None
    assert {found["onset_V"] for found in sweep["thresholds"]} == {None}
    assert sweep["ohmic_resistance_ohm"]["value"] == pytest.approx(4000.0, rel=1e-4)
    assert "No onset: ohmic, R = 4.00 kΩ" in (out / "report.html").read_text()


def test_area_error_moves_a_threshold_as_calculated(swept):
    """A threshold of 6 on a rise of 60 per V: 10 % of area are 0.6 uA/cm2, and 0.01 V; 5 % of diameter."""
    exact = lsv(swept, diameter_cm=ONE_CM2, thresholds_uA_per_cm2=[6.0])
    rough = lsv(swept, diameter_cm=ONE_CM2, diameter_std_cm=0.05 * ONE_CM2, thresholds_uA_per_cm2=[6.0])
    a, b = (one.sweeps[0].thresholds[0].onset_V for one in (exact, rough))
    assert a is not None
    assert b is not None
    assert np.sqrt(b.std**2 - a.std**2) == pytest.approx(0.01, rel=0.15)  # the local slope is read over 20 mV


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--diameter-cm"),
        (["--diameter-cm", "0"], "--diameter-cm"),
        (["--diameter-cm", "1", "--thresholds-uA-per-cm2", "0"], "above 0"),
        (["--diameter-cm", "1", "--reference-shift-V", "0.1"], "reference"),
        (["--diameter-cm", "1", "--reference-shift-V", "100", "--reference", "Na"], "100 V"),
        (["--diameter-cm", "1", "--resistance-ohm", "1e6"], "turn the sweep back"),
    ],
)
def test_bad_settings_of_lsv_get_one_line(swept, tmp_path, capsys, options, message):
    assert exit_status(["lsv", swept, *options, "--out", tmp_path / "run"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_figures_need_no_directory(swept):
    assert set(lsv(swept, diameter_cm=1.0).plot()) == {"sweeps"}


def test_sweeps_and_range_are_chosen(swept):
    figure = lsv(swept, diameter_cm=1.0, sweeps=1, voltage_range_V=(3.0, 4.0)).plot()["sweeps"]
    assert figure.axes[0].get_xlim() == (3.0, 4.0)
    with pytest.raises(SettingsError, match="sweeps 1 to 1"):
        lsv(swept, diameter_cm=1.0, sweeps=2)


def test_wrong_kind_of_file_is_told(tmp_path):
    with pytest.raises(DataError, match="holds constant voltages, which `paddlewheel dc` takes"):
        lsv(write_holds(tmp_path), diameter_cm=1.0)
