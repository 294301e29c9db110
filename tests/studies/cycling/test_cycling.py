"""Cycling: synthetic tests with known efficiency, fade and constant-voltage share; faults; dQ/dV of a known peak."""

from __future__ import annotations

import numpy as np
import pytest

from made_cell_test import SAMPLE, cell_test
from paddlewheel import cycling
from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.cycling import differential_capacity, find_and_mend, find_cycles, find_half_cycles, robust_trend
from paddlewheel.lab.sample import make_sample
from paddlewheel.lab.table import CellTest


def test_known_efficiency_fade_and_constant_voltage_share_come_back():
    record = cycling(cell_test(), sample=make_sample(SAMPLE))
    assert len(record.cycles) == 20
    assert record.initial_coulombic_efficiency == pytest.approx(0.995, abs=1e-9)
    assert record.average_coulombic_efficiency == pytest.approx(0.995, abs=1e-9)
    assert [row.retention for row in record.cycles] == pytest.approx(0.998 ** np.arange(20))
    # the first row below the CC level is a step of the decay beyond its begin: one of 100
    assert [row.cv_share for row in record.cycles] == pytest.approx([0.1] * 20, abs=0.003)
    first = record.cycles[0]
    assert first.discharge_mAh == pytest.approx(1.4)
    assert first.discharge_mAh_per_g.value == pytest.approx(1.4 / 0.012)
    assert first.discharge_mAh_per_cm2.value == pytest.approx(1.4 / (np.pi / 4))
    assert first.charge_c_rate_per_h.value == pytest.approx(1.0 / 1.44)  # 1 mA on 12 mg of 120 mAh/g
    assert first.mean_discharge_voltage_V == pytest.approx(3.05, abs=1e-3)
    by_name = {one.quantity: one for one in record.trends}
    assert by_name["polarization_V"].per_cycle == pytest.approx(0, abs=1e-6)
    assert by_name["retention"].interval_95[1] < 0


def test_without_a_counter_the_integral_of_the_current_is_the_charge():
    """Its rows are written as a step ends, which rests with rows at another interval show: nothing is lost."""
    record = cycling(cell_test(counter=False, cv_share=0.0))
    assert record.cycles[0].discharge_mAh == pytest.approx(1.4, rel=1e-9)
    assert record.cycles[0].charge_mAh_per_cm2 is None
    assert record.average_coulombic_efficiency == pytest.approx(0.995, abs=1e-9)


def test_half_cell_of_an_anode_is_charged_last():
    test = cell_test(n_cycles=5, cv_share=0.0)
    turned = CellTest(time_s=test.time_s, voltage_V=test.voltage_V, current_A=-test.current_A,
                      charge_Ah=-test.charge_Ah, source="turned.csv")  # fmt: skip
    record = cycling(turned, cell_kind="anode")
    assert (record.cell_kind, record.opens_with, record.cell_kind_from) == ("anode", "discharge", "given")
    assert record.average_coulombic_efficiency == pytest.approx(0.995)
    wrong = cycling(turned, working="full")  # the option's former name
    assert wrong.cycles[0].charge_mAh is None
    assert all(row.coulombic_efficiency is None for row in wrong.cycles)
    assert wrong.cycles[1].closing_over_opening == pytest.approx(0.998 / 0.995)
    with pytest.raises(DataError, match=r"which electrode works\? the voltage falls where .*--cell-kind"):
        cycling(turned)


def test_steps_named_by_the_file_decide_the_constant_voltage_stage():
    test = cell_test(n_cycles=2, rest=False)
    held = np.abs(test.voltage_V - 3.4) < 1e-9
    kinds = np.where(held & (np.abs(test.current_A) < 0.9999e-3), "CV", "CC")
    named = CellTest(time_s=test.time_s, voltage_V=test.voltage_V, current_A=test.current_A, charge_Ah=test.charge_Ah,
                     step_kind=kinds, source="named.csv")  # fmt: skip
    assert find_half_cycles(named)[0][0].cv_share == pytest.approx(0.1, abs=1e-6)


def test_duplicates_and_clock_jumps_are_mended_and_told():
    test = cell_test(n_cycles=3, points=50)
    rows = np.sort(np.concatenate([np.arange(len(test)), [20, 21, 22]]))
    time = test.time_s[rows].copy()
    time[100:] -= 5000.0
    broken = CellTest(time_s=time, voltage_V=test.voltage_V[rows], current_A=test.current_A[rows],
                      charge_Ah=test.charge_Ah[rows], source="broken.csv")  # fmt: skip
    mended, faults = find_and_mend(broken)
    assert [one.kind for one in faults] == ["duplicated rows", "clock jumps"]
    assert faults[0].count == 3
    assert (np.diff(mended.time_s) >= 0).all()
    assert len(mended) == len(test)
    before, after = (find_cycles(find_half_cycles(one)[0], opens_with="charge") for one in (test, mended))
    assert [one.closing_over_opening("charge") for one in after] == pytest.approx(
        [one.closing_over_opening("charge") for one in before]
    )


def test_gaps_and_rounded_currents_are_told():
    test = cell_test(n_cycles=2, points=200, cv_share=0.0)
    keep = np.ones(len(test), dtype=bool)
    keep[60:120] = False
    gap = CellTest(time_s=test.time_s[keep], voltage_V=test.voltage_V[keep], current_A=test.current_A[keep],
                   charge_Ah=test.charge_Ah[keep], source="gap.csv")  # fmt: skip
    assert [one.kind for one in find_and_mend(gap)[1]] == ["gaps"]
    rng = np.random.default_rng(1)
    rounded = np.round((test.current_A + rng.normal(0, 3e-5, len(test))) / 5e-5) * 5e-5
    coarse = CellTest(time_s=test.time_s, voltage_V=test.voltage_V, current_A=rounded, charge_Ah=test.charge_Ah,
                      source="coarse.csv")  # fmt: skip
    (fault,) = find_and_mend(coarse)[1]
    assert fault.kind == "rounded currents"
    assert "5.0 %" in fault.detail
    assert find_and_mend(test)[1] == []


def test_dq_dv_of_a_known_peak_has_its_place_charge_and_stated_width():
    """A Gaussian step of the charge at 3.1 V, FWHM 20 mV; smoothing by s makes sqrt(20^2 + (2.355 s)^2 + bin^2)."""
    voltage = np.linspace(2.8, 3.4, 6001)
    sigma = 0.020 / 2.3548
    density = np.exp(-0.5 * ((voltage - 3.1) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    charge = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(voltage))])
    found = differential_capacity(voltage, charge, bin_mV=2.0, smoothing_mV=8.0)
    assert found.peaks_V == pytest.approx([3.1], abs=0.001)
    assert (found.value_Ah_per_V.sum() * 0.002) == pytest.approx(1.0, abs=1e-6)  # no charge is lost
    half = found.voltage_V[found.value_Ah_per_V > found.value_Ah_per_V.max() / 2]
    expected = np.hypot(0.020, found.resolution_mV / 1000)
    assert half[-1] - half[0] == pytest.approx(expected, abs=0.004)  # two bins
    assert found.value_Ah_per_V.max() == pytest.approx(density.max() * 0.020 / expected, rel=0.02)


def test_dq_dv_takes_voltages_that_go_back():
    rng = np.random.default_rng(2)
    voltage = np.linspace(3.0, 3.2, 2000) + rng.normal(0, 0.002, 2000)
    charge = np.linspace(0, 1, 2000)
    found = differential_capacity(voltage, charge)
    assert found.value_Ah_per_V.min() >= 0
    assert (found.value_Ah_per_V.sum() * 0.002) == pytest.approx(1.0, abs=1e-6)


def test_one_strange_cycle_does_not_decide_a_trend():
    values = 1 - 0.001 * np.arange(50)
    values[10] = 0.2
    trend = robust_trend(np.arange(50.0), values)
    assert trend is not None
    assert trend.slope_per_cycle == pytest.approx(-0.001, rel=1e-6)


def test_report_and_tables_are_written(tmp_path):
    record = cycling(cell_test(n_cycles=6), sample=make_sample(SAMPLE | {"name": "mine"}), out=tmp_path / "run")
    assert record.sample == "mine"
    text = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "99.50 % on average after" in text
    assert (tmp_path / "run" / "cycles.csv").read_text().count("\n") == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"cell_kind": "both"}, "full, cathode, anode or symmetric"), ({"reference_cycle": 30}, "there are 1 to 20"),
     ({"curves": [99]}, "no cycle 99"), ({"bin_mV": 0}, "bin_mV"), ({"smoothing_mV": -1}, "smoothing_mV")],
)  # fmt: skip
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        cycling(cell_test(points=40), **settings)


def test_a_test_without_current_is_refused():
    flat = CellTest(time_s=np.arange(5.0), voltage_V=np.ones(5), current_A=np.zeros(5), source="flat.csv")
    with pytest.raises(DataError, match=r"flat\.csv: no current flows"):
        cycling(flat)


def test_biologic_file_has_the_half_cycles_of_its_instrument(shared):
    """The counter of each half cycle of the file; galvani reads -0.8794916296882441 mAh in its last row."""
    path = next((shared / "data" / "lab" / "cycling").glob("*.mpr"))
    record = cycling(path)
    assert record.cycles[-1].discharge_mAh == pytest.approx(0.8794916296882441, rel=1e-4)
    assert len(record.cycles) == 7
    assert record.faults == []


def test_a_program_of_rates_is_no_rounded_current():
    """Set currents of 1, 2, 5 and 10 times the smallest, exactly kept: nothing of them is rounded."""
    current = np.concatenate([[0.0] * 5 + [rate] * 40 + [0.0] * 5 + [-rate] * 40 for rate in (2e-4, 4e-4, 1e-3, 2e-3)])
    voltage = 3.5 + 0.5 * np.sign(current)
    test = CellTest(time_s=30.0 * np.arange(len(current)), voltage_V=voltage, current_A=current, source="rates.csv")
    assert find_and_mend(test)[1] == []


@pytest.mark.parametrize("drift", [-0.05, 0.05])
def test_noise_of_a_rest_is_no_current(drift):
    """A cell at rest whose ammeter reads 10 nA of noise: no cycle, whichever way its voltage drifts."""
    rng = np.random.default_rng(4)
    voltage = 3.2 + drift * np.linspace(0, 1, 1200) + rng.normal(0, 2e-4, 1200)
    rest = CellTest(
        time_s=60.0 * np.arange(1200), voltage_V=voltage, current_A=rng.normal(0, 1e-8, 1200), source="rest"
    )
    with pytest.raises(DataError, match="noise of a rest, no current flows"):
        cycling(rest)


def test_pulses_of_two_rows_are_a_current():
    """1 mA forth and back every two rows, the fastest that rows can show, is no noise."""
    current = 1e-3 * np.tile([1, 1, -1, -1], 100)
    half_cycles, _ = find_half_cycles(CellTest(time_s=np.arange(400.0), voltage_V=3 + 100 * current, current_A=current,
                                               source="pulses.csv"))  # fmt: skip
    assert len(half_cycles) == 200


def test_retention_against_a_cycle_at_another_rate_is_told():
    """Two cycles at 0.1 mA of 1 mAh, then three at 1 mA of 0.8 mAh: 80 % against cycle 1, 100 % against cycle 3."""
    time, voltage, current = [0.0], [3.0], [0.0]
    for amperes, charge_Ah in [(1e-4, 1e-3)] * 2 + [(1e-3, 8e-4)] * 3:
        for sign in (1, -1):
            duration = 3600 * charge_Ah / amperes
            time += list(time[-1] + np.linspace(duration / 100, duration, 100))
            voltage += list(np.linspace(3.0, 4.2, 100)[::sign])
            current += [sign * amperes] * 100
    test = CellTest(time_s=np.array(time), voltage_V=np.array(voltage), current_A=np.array(current), source="form.csv")
    (told,) = [warning for warning in cycling(test).warnings if "what the rate costs" in warning]
    assert "cycle 5, 1 mA, is against cycle 1, 0.1 mA" in told
    assert "--reference-cycle 3" in told
    later = cycling(test, reference_cycle=3)
    assert later.cycles[-1].retention == pytest.approx(1.0, abs=0.02)  # I dt / 2 of 100 rows a half cycle
    assert not [warning for warning in later.warnings if "what the rate costs" in warning]
