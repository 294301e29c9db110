"""`dc` as its users run it: known cells through files, commands, records and reports."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from made_potentiostat import CONDUCTANCE_S, ONE_CM2, exit_status, write_csv, write_holds, write_sweep
from paddlewheel import dc
from paddlewheel.errors import DataError, SettingsError


@pytest.fixture
def polarized(tmp_path):
    return write_holds(tmp_path)


def test_electronic_conductivity_of_a_known_pellet(polarized, tmp_path):
    out = tmp_path / "run"
    arguments = ["dc", polarized, "--diameter-cm", 1, "--thickness-cm", 0.1, "--ionic-mS-per-cm", "4.6,0.1"]
    assert exit_status([*arguments, "--out", out]) == 0
    record = json.loads((out / "result.json").read_text())
    sigma = record["electronic"]["conductivity_mS_per_cm"]
    assert abs(sigma["value"] - 1e-5) < 3 * sigma["std"]
    assert sigma["std"] < 0.05e-5
    assert record["ionic_transference"]["value"] == pytest.approx(1 - sigma["value"] / 4.6, abs=1e-9)
    assert record["electronic_transference"]["value"] == pytest.approx(sigma["value"] / 4.6, rel=1e-5)
    page = (out / "report.html").read_text()
    assert "lectronic conductivity" in page
    assert (out / "figures" / "currents.png").stat().st_size > 10_000
    assert exit_status([*arguments, "--out", out]) == 0  # the same run again
    assert exit_status([*arguments, "--largest-drift", 0.01, "--out", out]) == 2  # another one in its directory


@pytest.mark.parametrize("measures", ["electronic", "hebb-wagner"])
def test_line_of_a_figure_is_that_of_the_record(polarized, tmp_path, measures):
    """Through the equations in the docstring of `lab.ohmic`, at 400 K, from the numbers of the record."""
    out = tmp_path / "run"
    blocking = ["--blocking-electrode", "working"] if measures == "hebb-wagner" else []
    assert exit_status(["dc", polarized, "--measures", measures, "--temperature", 400, *blocking, "--out", out]) == 0
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
    assert exit_status([*arguments, "--ionic-mS-per-cm", "4.6,0.1"]) == 0
    assert exit_status(arguments) == 2
    told = capsys.readouterr().err
    assert "ionic_conductivity_mS_per_cm is {" in told
    assert "there and None now" in told
    assert exit_status([*arguments[:2], "--ionic-mS-per-cm", "4.6,0.1", *arguments[-2:]]) == 2
    assert "no geometry" in capsys.readouterr().err


def test_unsteady_hold_is_refused_with_an_upper_bound(tmp_path, capsys):
    t = np.arange(0.0, 3600.0, 10.0)
    current = CONDUCTANCE_S * 0.3 * (1 + 5 * np.exp(-t / 3000))
    file = write_csv(tmp_path / "short.csv", t, np.full(len(t), 0.3), current)
    status = exit_status(["dc", file, "--diameter-cm", 1, "--thickness-cm", 0.1, "--json", "--out", tmp_path / "run"])
    record = json.loads(capsys.readouterr().out)
    assert status == 1
    assert record["electronic"] is None
    assert "line" not in record["files"]
    assert "not come to rest" in record["refused"]
    assert record["electronic_upper_bound_95_mS_per_cm"] > 1e-5


def test_transference_number_of_a_known_cell(tmp_path):
    """t+ = 0.4 of a bulk of 80 ohm and interfaces of 30; the file's first current is not needed.

    t = Rb / (V / Is - Rs): dt/t = dRb/Rb and (Is Rs / (V - Is Rs)) dRs/Rs = 0.15 dRs/Rs. From the current 600 s late
    the formula of Bruce and Vincent gave 0.775.
    """
    bulk, interface, number, voltage = 80.0, 30.0, 0.4, 0.01
    initial, steady = voltage / (bulk + interface), voltage / (bulk / number + interface)
    t = np.arange(0.0, 7200.0, 1.0)
    current = steady + (initial - steady) * np.exp(-t / 400)
    file = write_csv(tmp_path / "na-na.csv", t, np.full(len(t), voltage), current)
    interfaces = {"initial_resistance_ohm": "30,0.6", "steady_resistance_ohm": "30,0.6"}
    given: dict[str, Any] = {"measures": "transference", **interfaces}
    record = dc(file, **given, bulk_resistance_ohm="80,1.6")
    assert record.bruce_vincent is not None
    assert record.watanabe is not None
    assert record.bruce_vincent.value == pytest.approx(number, rel=1e-3)  # eight digits of the file, and the fit
    assert record.watanabe.value == pytest.approx(number, rel=1e-3)
    assert record.bruce_vincent.std / record.bruce_vincent.value == pytest.approx(0.02 * np.hypot(1, 0.15), rel=1e-3)
    assert len(record.notes) == 1
    assert "V / (Rb + R0)" in record.notes[0]
    late = write_csv(tmp_path / "late.csv", t[600:], np.full(len(t) - 600, voltage), current[600:])
    told = dc(late, **given, bulk_resistance_ohm="80,1.6")
    assert any("sampled too late" in one for one in told.notes)
    assert told.bruce_vincent is not None
    assert told.bruce_vincent.value == pytest.approx(number, rel=1e-3)
    alone = dc(late, **given)  # nothing but the first row to go by, and said
    assert alone.watanabe is None
    assert any("give --bulk-resistance-ohm" in one for one in alone.notes)
    # a resistance without an error has one of 5 %, and that is said
    sizes: dict[str, Any] = {"initial_resistance_ohm": 30, "steady_resistance_ohm": 30, "bulk_resistance_ohm": 80}
    bare = dc(file, measures="transference", **sizes)
    assert bare.bruce_vincent is not None
    assert bare.bruce_vincent.std / bare.bruce_vincent.value == pytest.approx(0.05 * np.hypot(1, 0.15), rel=1e-3)
    assert any("5 % is assumed" in one for one in bare.notes)


def test_transference_above_10_mV_is_told(tmp_path, capsys):
    t = np.arange(0.0, 7200.0, 1.0)
    current = 0.05 / 230 + (0.05 / 110 - 0.05 / 230) * np.exp(-t / 400)
    file = write_csv(tmp_path / "na-na.csv", t, np.full(len(t), 0.05), current)
    given = ["--initial-resistance-ohm", "30,1", "--steady-resistance-ohm", "30,1", "--bulk-resistance-ohm", "80,1"]
    arguments = ["dc", file, "--measures", "transference", *given, "--out", tmp_path / "run"]
    assert exit_status(arguments) == 0
    assert "50 mV is above the 10 mV" in capsys.readouterr().out
    assert "50 mV is above the 10 mV" in (tmp_path / "run" / "report.html").read_text()


def test_blocking_electrode_is_asked_for_and_said(tmp_path, capsys):
    """The same cell with its leads either way gives the same electrons and holes; without being told, none."""
    t, kT = np.arange(0.0, 5400.0, 10.0), 8.617333262e-5 * 400
    voltages, found = (0.1, 0.2, 0.3), {}
    for blocking, sign in (("working", 1.0), ("counter", -1.0)):
        u = np.repeat(voltages, len(t)) / kT
        current = kT * (1e-8 * (1 - np.exp(-u)) + 1e-11 * (np.exp(u) - 1)) * (1 + 5 * np.exp(-np.tile(t, 3) / 300))
        time = np.concatenate([t + 5400.0 * k for k in range(3)])
        file = write_csv(tmp_path / f"{blocking}.csv", time, sign * np.repeat(voltages, len(t)), sign * current)
        arguments = ["dc", file, "--measures", "hebb-wagner", "--temperature", 400]
        assert exit_status([*arguments, "--out", tmp_path / "none"]) == 2
        assert "exchanges electrons and holes" in capsys.readouterr().err
        out = tmp_path / f"run-{blocking}"
        assert exit_status([*arguments, "--blocking-electrode", blocking, "--out", out]) == 0
        assert f"the {blocking} electrode blocks, as was told" in capsys.readouterr().out
        found[blocking] = json.loads((out / "result.json").read_text())["hebb_wagner"]
        assert found[blocking]["electron_conductance_S"]["value"] == pytest.approx(1e-8, rel=1e-3)
        assert found[blocking]["hole_conductance_S"]["value"] == pytest.approx(1e-11, rel=1e-3)


def test_leak_of_a_cell_is_given_per_area(tmp_path):
    t = np.arange(0.0, 36000.0, 10.0)
    file = write_csv(tmp_path / "cell.csv", t, np.full(len(t), 3.2), 2e-6 * (1 + 40 * np.exp(-t / 1000)))
    record = dc(file, measures="leakage", diameter_cm=ONE_CM2, thickness_cm=0.1)
    (hold,) = record.holds
    assert hold.steady_A_per_cm2 is not None
    assert hold.steady_A_per_cm2.value == pytest.approx(2e-6, rel=1e-4)
    assert record.refused is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--measures", "ionic"], "measures"),
        (["--diameter-cm", "1"], "thickness"),
        (["--thickness-cm", "1", "--diameter-cm", "10"], "did you mean 10 mm? Then give 1 cm"),
        (["--measures", "transference"], "--initial-resistance-ohm"),
        (["--measures", "hebb-wagner"], "--blocking-electrode"),
        (["--measures", "hebb-wagner", "--blocking-electrode", "working"], "--temperature"),
        (["--blocking-electrode", "working"], "has no effect with --measures electronic"),
        (["--ionic-mS-per-cm", "4.6"], "geometry"),
        (["--ionic-mS-per-cm", "-4"], "-4"),
        (["--bulk-resistance-ohm", "80"], "has no effect with --measures electronic"),
        (["--largest-drift", "5"], "below 1"),
        (["--temperature", "25"], "298.15"),
        (["--columns", "time_s"], "field=column"),
    ],
)
def test_bad_settings_of_dc_get_one_line(polarized, tmp_path, capsys, options, message):
    assert exit_status(["dc", polarized, *options, "--out", tmp_path / "run"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_figures_need_no_directory(polarized):
    assert set(dc(polarized, diameter_cm=1.0, thickness_cm=0.1).plot()) == {"currents"}


def test_holds_to_draw_are_chosen(tmp_path):
    file = write_holds(tmp_path)
    figure = dc(file, diameter_cm=1.0, thickness_cm=0.1, holds=[2, 4]).plot()["currents"]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["0.2 V", "0.4 V"]
    with pytest.raises(SettingsError, match="holds 1 to 4"):
        dc(file, diameter_cm=1.0, thickness_cm=0.1, holds=5)


def test_wrong_kind_of_file_is_told(tmp_path):
    with pytest.raises(SettingsError, match="none given"):
        dc([])
    with pytest.raises(DataError, match="holds a voltage that is swept one way, which `paddlewheel lsv` takes"):
        dc(write_sweep(tmp_path))


def test_a_rest_before_the_polarization_is_no_hold_of_it(tmp_path):
    """t+ = 0.4, with ten minutes at open circuit before, whose ammeter reads noise: they are left out."""
    rng = np.random.default_rng(2)
    t = np.arange(0.0, 7800.0, 2.0)
    polarized = t >= 600
    current = np.where(polarized, 0.01 / 230 + (0.01 / 110 - 0.01 / 230) * np.exp(-(t - 600) / 400), 0.0)
    current = current + rng.normal(0, 1e-9, len(t))
    file = write_csv(tmp_path / "rest.csv", t, np.where(polarized, 0.01, 2e-5), current)
    sizes: dict[str, Any] = dict.fromkeys(("initial_resistance_ohm", "steady_resistance_ohm"), "30,0.6")
    record = dc(file, measures="transference", **sizes, bulk_resistance_ohm="80,1.6")
    assert record.bruce_vincent is not None
    assert record.bruce_vincent.value == pytest.approx(0.4, rel=2e-3)  # noise of 1e-9 A over many rows
