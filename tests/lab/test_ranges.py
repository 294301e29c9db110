"""Ranges of sense: what a wrong unit makes of each quantity is asked back, with the unit that makes sense of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made_cell_test import SAMPLE, cell_test
from made_potentiostat import exit_status
from paddlewheel import cell, cycling
from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.design import template
from paddlewheel.lab.pellets import given_pellet
from paddlewheel.lab.ranges import FIELDS, RANGES, check_quantity, range_of
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.sample import make_sample
from paddlewheel.lab.spectrum import Spectrum

FAULTS = Path("data/faults/lab")


def fault_line(capsys: pytest.CaptureFixture) -> str:
    told = capsys.readouterr().err
    assert told.count("\n") == 1, told
    return told


@pytest.mark.parametrize("name", FIELDS)
def test_number_in_another_unit_that_makes_no_sense_is_asked_back_with_that_unit(name):
    """Across the table: a number that makes sense in one of the other units alone is asked back with this one."""
    limits, unit = range_of(name) or pytest.fail(name)
    middle = np.sqrt(limits.low * limits.high) if limits.low > 0 else limits.high / 2
    for other, scale in limits.units.items():
        number = middle / scale
        if limits.holds(number * limits.units.get(unit, 1.0)):
            continue  # the wrong unit makes sense too: nothing can tell
        with pytest.raises(DataError, match="did you mean") as told:
            check_quantity(name, number)
        assert f"{number:g} {other}" in str(told.value)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_no_quantity_is_beyond_all(name, value):
    with pytest.raises(DataError):
        check_quantity(name, value)


@pytest.mark.parametrize("name", FIELDS)
def test_uncertainty_larger_than_the_value_is_asked_back(name):
    limits, unit = range_of(name) or pytest.fail(name)
    middle = (np.sqrt(limits.low * limits.high) if limits.low > 0 else limits.high / 2) / limits.units.get(unit, 1.0)
    check_quantity(name, middle, middle)
    with pytest.raises(DataError, match="the uncertainty is larger than the value"):
        check_quantity(name, middle, 1.01 * middle)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"diameter_cm": 0.008}, r"--diameter-cm: diameter 0\.008 cm is outside 0\.2 to 5 .*did you mean 0\.008 m\? "
         r"Then give 0\.8 cm; say size micro"),
        ({"thickness_cm": 0.008}, r"--thickness-cm: thickness 0\.008 cm .*did you mean 0\.008 m.*say size micro"),
        ({"thickness_cm": 2.1e-4}, r"thickness 0\.00021 cm is outside 0\.01 to 2 .*did you mean 0\.00021 m\?"),
        ({"thickness_cm": 2.1}, r"did you mean 2\.1 mm\? Then give 0\.21 cm"),
        ({"diameter_cm": 0.1}, r"diameter 0\.1 cm is outside 0\.2 to 5 .*; say size micro for a microelectrode"),
        ({"diameter_cm": 10}, r"did you mean 10 mm\? Then give 1 cm; say size large"),
        ({"diameter_cm": float("nan")}, "finite"),
        ({"diameter_std_cm": 1.2}, r"diameter 0\.8 cm \+- 1\.2: the uncertainty is larger than the value"),
    ],
)  # fmt: skip
def test_sizes_of_options_are_asked_back(tmp_path, capsys, sizes, message):
    """Of the command and of the Python API; before any file is read."""
    whole = {"diameter_cm": 0.8, "thickness_cm": 0.1} | sizes
    options = [text for name, value in whole.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    assert exit_status(["eis", "none.csv", *options, "--out", tmp_path / "run"]) == 2
    told = fault_line(capsys)
    assert re.search(message, told), told
    assert not (tmp_path / "run").exists()


def test_films_and_microelectrodes_are_taken_with_their_flag():
    sizes = {"sample": None, "diameter_cm": 0.01, "thickness_cm": 1e-4, "diameter_std_cm": 0, "thickness_std_cm": 0}
    _, film = given_pellet(**sizes, size="micro")
    assert film is not None
    assert film.cell_constant_per_cm == pytest.approx(1e-4 / (np.pi / 4 * 1e-4))
    with pytest.raises(SettingsError, match="say size micro"):
        given_pellet(**sizes, size="usual")


def test_millivolts_under_a_name_that_says_volts_are_asked_back_at_once(shared, capsys, tmp_path):
    assert exit_status(["cycling", shared / FAULTS / "millivolt.csv", "--out", tmp_path / "run"]) == 2
    told = fault_line(capsys)
    assert "voltage 3000 V is outside -20 to 20" in told
    assert "did you mean 3000 mV? Then give 3 V" in told


def test_single_overloads_of_the_instrument_are_left_out_and_told(tmp_path):
    rows = [f"{10 * k},{3 + k / 1000},0.001" for k in range(400)]
    rows[7] = "70,9.9e9,0.001"
    path = tmp_path / "spike.csv"
    path.write_text("time_s,voltage_V,current_A\n" + "\n".join(rows))
    test = read_cell_test(path)
    assert len(test) == 399
    assert any("1 rows hold a voltage_V of 9.9e+09" in text for text in test.warnings)


def test_currents_a_thousand_times_too_small_are_told_by_the_counter_and_by_the_sample():
    made = cell_test()
    with pytest.raises(DataError, match=r"the charge of the current over that of the file's counter 0\.001"):
        replace(made, current_A=made.current_A / 1000)
    with pytest.raises(DataError, match="is the current or the counter in mA"):
        replace(made, current_A=made.current_A * 1000)
    alone = cell_test(counter=False)
    sample = make_sample(SAMPLE)
    for factor, told in ((1e-3, "currents a thousand times too small"), (1e3, "currents a thousand times too large")):
        with pytest.raises(DataError, match=f"largest capacity over the theoretical one .*{told}"):
            cycling(replace(alone, current_A=factor * alone.current_A), sample=sample)
    assert cycling(alone, sample=sample).kind == "cycling"


def test_spectra_outside_all_frequencies_are_asked_back():
    with pytest.raises(DataError, match="frequency 1e"):
        Spectrum(frequency_Hz=np.array([1e18, 1e15, 1e12]), impedance_ohm=np.ones(3) * (1 - 1j), name="GHz")


def test_cell_with_a_renamed_anode_is_computed_and_says_what_it_did_not_compare(tmp_path):
    """The whole template with another name of the anode: what the paper says of tin is no input of this design."""
    path = tmp_path / "mine.yaml"
    path.write_text(template().replace("- name: Sn\n", "- name: tin\n"), encoding="utf-8")
    record = cell(path)
    assert record.energy_density_Wh_per_kg["tin"] == cell().energy_density_Wh_per_kg["Sn"]
    assert any(text.startswith("Sn capacity_mAh_per_g is stated by paper") for text in record.warnings)


def test_every_range_says_why_and_is_used_by_a_field():
    assert {quantity for quantity, _ in FIELDS.values()} == set(RANGES)
    assert all(limits.why and limits.low < limits.high for limits in RANGES.values())
