"""`dc` and `lsv` as their users run them: known cells through files, commands, records and reports."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paddlewheel import (
    dc,
    lsv,
)
from paddlewheel.cli.main import run
from paddlewheel.errors import DataError, SettingsError

CONDUCTANCE_S = 1e-8 * np.pi / 4 / 0.1  # 1e-8 S/cm, the 1e-5 mS/cm of o-NBH, in a pellet of 1.0 cm and 0.1 cm


def write_csv(path, time_s, voltage_V, current_A):
    rows = zip(time_s, voltage_V, 1000 * np.asarray(current_A), strict=True)
    path.write_text("time/s,Ewe/V,I/mA\n" + "".join(f"{t:.2f},{v:.6f},{i:.8e}\n" for t, v, i in rows))
    return path


@pytest.fixture
def polarized(tmp_path):
    """Four holds of an hour and a half each."""
    rng, t = np.random.default_rng(1), np.arange(0.0, 5400.0, 10.0)
    voltages = (0.1, 0.2, 0.3, 0.4)
    current = [CONDUCTANCE_S * v * (1 + 12 * np.exp(-t / 300)) + rng.normal(0, 2e-10, len(t)) for v in voltages]
    time = np.concatenate([t + 5400.0 * k for k in range(4)])
    return write_csv(tmp_path / "steel.csv", time, np.repeat(voltages, len(t)), np.concatenate(current))


@pytest.fixture
def swept(tmp_path):
    """Up to 4.8 V with a rise from 3.6 V of 60 uA/cm2 per V, on an electrode of 1 cm2."""
    voltage = np.arange(2.5, 4.8, 0.005)
    density = 0.3 + 60e-4 * np.logaddexp(0.0, (voltage - 3.6) / 1e-4)
    noise = np.random.default_rng(2).normal(0, 0.05, len(voltage))
    return write_csv(tmp_path / "up.csv", (voltage - 2.5) / 1e-4, voltage, 1e-6 * (density + noise))


ONE_CM2 = 2 / np.sqrt(np.pi)


def status_of(arguments):
    with pytest.raises(SystemExit) as ended:
        run([str(one) for one in arguments])
    return ended.value.code


def test_electronic_conductivity_of_a_known_pellet(polarized, tmp_path):
    out = tmp_path / "run"
    arguments = ["dc", polarized, "--diameter-cm", 1, "--thickness-cm", 0.1, "--ionic-mS-per-cm", "4.6,0.1"]
    assert status_of([*arguments, "--out", out]) == 0
    record = json.loads((out / "result.json").read_text())
    sigma = record["electronic"]["conductivity_mS_per_cm"]
    assert abs(sigma["value"] - 1e-5) < 3 * sigma["std"]
    assert sigma["std"] < 0.05e-5
    assert record["ionic_transference"]["value"] == pytest.approx(1 - sigma["value"] / 4.6, abs=1e-9)
    assert record["electronic_transference"]["value"] == pytest.approx(sigma["value"] / 4.6, rel=1e-5)
    page = (out / "report.html").read_text()
    assert "lectronic conductivity" in page
    assert (out / "figures" / "currents.png").stat().st_size > 10_000
    assert status_of([*arguments, "--out", out]) == 0  # the same run again
    assert status_of([*arguments, "--largest-drift", 0.01, "--out", out]) == 2  # another one in its directory


@pytest.mark.parametrize("measures", ["electronic", "hebb-wagner"])
def test_line_of_a_figure_is_that_of_the_record(polarized, tmp_path, measures):
    """Through the equations in the docstring of `lab.ohmic`, at 400 K, from the numbers of the record."""
    out = tmp_path / "run"
    assert status_of(["dc", polarized, "--measures", measures, "--temperature", 400, "--out", out]) == 0
    record = json.loads((out / "result.json").read_text())
    voltage, current = np.loadtxt(out / record["files"]["line"], delimiter=",", skiprows=1).T
    assert voltage[0] == 0.0
    assert voltage[-1] == pytest.approx(0.4)
    if measures == "electronic":
        line = record["electronic"]
        wanted = line["conductance_S"]["value"] * voltage + line["offset_A"]["value"]
    else:
        fitted, kT_V = record["hebb_wagner"], 8.617333262e-5 * 400
        wanted = kT_V * (
            fitted["electron_conductance_S"]["value"] * (1 - np.exp(-voltage / kT_V))
            + fitted["hole_conductance_S"]["value"] * (np.exp(voltage / kT_V) - 1)
        )
    np.testing.assert_allclose(current, wanted, rtol=1e-5, atol=1e-6 * np.abs(wanted).max())  # digits of the table


def test_leaving_out_what_was_given_is_another_run(polarized, tmp_path, capsys):
    arguments = ["dc", polarized, "--diameter-cm", 1, "--thickness-cm", 0.1, "--out", tmp_path / "run"]
    assert status_of([*arguments, "--ionic-mS-per-cm", "4.6,0.1"]) == 0
    assert status_of(arguments) == 2
    told = capsys.readouterr().err
    assert "ionic_conductivity_mS_per_cm is {" in told
    assert "there and None now" in told
    assert status_of([*arguments[:2], "--ionic-mS-per-cm", "4.6,0.1", *arguments[-2:]]) == 2
    assert "no geometry" in capsys.readouterr().err


def test_figures_need_no_directory(polarized, swept):
    assert set(dc(polarized, diameter_cm=1.0, thickness_cm=0.1).plot()) == {"currents"}
    assert set(lsv(swept, diameter_cm=1.0).plot()) == {"sweeps"}


def test_unsteady_hold_is_refused_with_an_upper_bound(tmp_path, capsys):
    t = np.arange(0.0, 3600.0, 10.0)
    current = CONDUCTANCE_S * 0.3 * (1 + 5 * np.exp(-t / 3000))
    file = write_csv(tmp_path / "short.csv", t, np.full(len(t), 0.3), current)
    status = status_of(["dc", file, "--diameter-cm", 1, "--thickness-cm", 0.1, "--json", "--out", tmp_path / "run"])
    record = json.loads(capsys.readouterr().out)
    assert status == 1
    assert record["electronic"] is None
    assert "line" not in record["files"]
    assert "not come to rest" in record["refused"]
    assert record["electronic_upper_bound_95_mS_per_cm"] > 1e-5


def test_transference_number_of_a_known_cell(tmp_path):
    """t+ = 0.4 of a bulk of 80 ohm and interfaces of 30; Watanabe's needs no initial current, and says so of ours."""
    bulk, interface, number, voltage = 80.0, 30.0, 0.4, 0.01
    initial, steady = voltage / (bulk + interface), voltage / (bulk / number + interface)
    t = np.arange(0.0, 7200.0, 1.0)
    current = steady + (initial - steady) * np.exp(-t / 400)
    file = write_csv(tmp_path / "na-na.csv", t, np.full(len(t), voltage), current)
    given = {"measures": "transference", "initial_resistance_ohm": interface, "steady_resistance_ohm": interface}
    record = dc(file, **given, bulk_resistance_ohm=bulk)
    assert record.bruce_vincent is not None
    assert record.watanabe is not None
    assert record.bruce_vincent.value == pytest.approx(number, rel=1e-3)  # eight digits of the file, and the fit
    assert record.watanabe.value == pytest.approx(number, rel=1e-3)
    assert not record.notes
    late = write_csv(tmp_path / "late.csv", t[600:], np.full(len(t) - 600, voltage), current[600:])
    assert any("sampled too late" in one for one in dc(late, **given, bulk_resistance_ohm=bulk).notes)


def test_leak_of_a_cell_is_given_per_area(tmp_path):
    t = np.arange(0.0, 36000.0, 10.0)
    file = write_csv(tmp_path / "cell.csv", t, np.full(len(t), 3.2), 2e-6 * (1 + 40 * np.exp(-t / 1000)))
    record = dc(file, measures="leakage", diameter_cm=ONE_CM2, thickness_cm=0.1)
    (hold,) = record.holds
    assert hold.steady_A_per_cm2 is not None
    assert hold.steady_A_per_cm2.value == pytest.approx(2e-6, rel=1e-4)
    assert record.refused is None


def test_onsets_are_shifted_to_the_wanted_reference(swept, tmp_path):
    out = tmp_path / "run"
    arguments = ["lsv", swept, "--diameter-cm", ONE_CM2, "--measured-against", "Na9Sn4", "--reference", "Na"]
    arguments += ["--reference-shift-V", "0.1,0.02", "--thresholds-uA-per-cm2", "6"]
    assert status_of([*arguments, "--out", out]) == 0
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
        (["--measures", "ionic"], "measures"),
        (["--diameter-cm", "1"], "thickness"),
        (["--thickness-cm", "1", "--diameter-cm", "10"], "10 mm is 1 cm"),
        (["--measures", "transference"], "--initial-resistance-ohm"),
        (["--measures", "hebb-wagner"], "--temperature"),
        (["--ionic-mS-per-cm", "4.6"], "geometry"),
        (["--ionic-mS-per-cm", "-4"], "-4"),
        (["--bulk-resistance-ohm", "80"], "no use"),
        (["--largest-drift", "5"], "below 1"),
        (["--temperature", "25"], "298.15"),
        (["--columns", "time_s"], "field=column"),
    ],
)
def test_bad_settings_of_dc_get_one_line(polarized, tmp_path, capsys, options, message):
    assert status_of(["dc", polarized, *options, "--out", tmp_path / "run"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


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
    assert status_of(["lsv", swept, *options, "--out", tmp_path / "run"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_wrong_kind_of_file_is_told(polarized, swept):
    with pytest.raises(SettingsError, match="none given"):
        dc([])
    with pytest.raises(DataError, match="no stretch"):
        dc(swept)
    with pytest.raises(DataError, match="no sweep"):
        lsv(polarized, diameter_cm=1.0)
