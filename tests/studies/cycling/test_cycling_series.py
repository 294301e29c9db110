"""What cycling leaves out and says so: fragments, impossible efficiencies, cut-short cycles; stages, series, errors."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from made_cell_test import SAMPLE, cell_test, cut, joined
from paddlewheel import cycling, load
from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import differential_capacity, find_half_cycles, robust_trend
from paddlewheel.lab.sample import make_sample
from paddlewheel.lab.table import CellTest

UNCERTAIN = SAMPLE | {
    "die_diameter_mm": {"value": 10, "std": 0.1},
    "composite": SAMPLE["composite"] | {"mass_mg": {"value": 20.0, "std": 0.4}},
}


def with_pulse(test: CellTest, row: int) -> CellTest:
    """A pulse of 0.002 mAh against the discharge after a row, of two rows."""
    before, after = cut(test, slice(None, row)), cut(test, slice(row, None))
    end_s, end_Ah = before.time_s[-1], before.charge_Ah[-1]
    pulse = CellTest(time_s=np.array([end_s + 1, end_s + 8.2]), voltage_V=np.array([3.1, 3.1]),
                     current_A=np.array([1e-3, 1e-3]), charge_Ah=np.array([end_Ah, end_Ah + 2e-6]))  # fmt: skip
    after = replace(after, time_s=after.time_s + 8.2, charge_Ah=after.charge_Ah + 2e-6)
    names = ("time_s", "voltage_V", "current_A", "charge_Ah")
    parts = (before, pulse, after)
    return CellTest(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in names}, source="p.csv")


def test_a_pulse_within_a_discharge_does_not_end_it_and_is_told():
    test = cell_test(n_cycles=3, cv_share=0.0, rest=False)
    row = 401 + 200  # the middle of the first discharge
    record = cycling(with_pulse(test, row))
    assert len(record.cycles) == 3
    assert record.cycles[0].discharge_mAh == pytest.approx(1.4 - 0.002)
    (one,) = record.fragments
    assert (one.half, one.first_row, one.last_row) == ("charge", row, row + 1)
    assert one.charge_mAh == pytest.approx(0.002)
    assert one.share_of_largest == pytest.approx(0.002 / (1.4 / 0.995))
    assert "less than 1 %" in one.why
    assert "within a half cycle" in one.why


def test_a_pulse_between_cycles_is_counted_after_the_cycle_that_it_follows():
    test = cell_test(n_cycles=2, cv_share=0.0)
    tiny = CellTest(time_s=np.array([0.0, 7.2]), voltage_V=np.array([2.8, 2.9]), current_A=np.array([1e-3, 1e-3]),
                    charge_Ah=np.array([0.0, 2e-6]))  # fmt: skip
    rest = CellTest(time_s=np.array([0.0, 60.0]), voltage_V=np.array([2.8, 2.8]), current_A=np.zeros(2),
                    charge_Ah=np.zeros(2))  # fmt: skip
    back = replace(tiny, current_A=-tiny.current_A, charge_Ah=-tiny.charge_Ah)
    record = cycling(joined(test, rest, tiny, rest, back, rest, test))
    assert len(record.cycles) == 4
    assert [(one.half, one.after_cycle) for one in record.fragments] == [("charge", 2), ("discharge", 2)]


def test_the_current_of_a_titration_is_not_that_of_its_rests():
    """Pulses of 1 mA for 60 s, each with 20 rows of rest: the median over all rows is none."""
    n = 30
    current = np.tile(np.concatenate([np.full(3, 1e-3), np.zeros(20)]), n)
    charge = np.cumsum(current) * 20 / 3600
    one = CellTest(time_s=np.arange(len(current)) * 20.0, voltage_V=3.0 + 0.2 * charge / charge[-1], current_A=current,
                   charge_Ah=charge)  # fmt: skip
    ((half,), _) = find_half_cycles(one)
    assert half.current_A == pytest.approx(1e-3)
    assert half.capacity_Ah == pytest.approx(n * 60 * 1e-3 / 3600, rel=0.02)


def test_more_out_than_in_is_no_initial_efficiency():
    """A cell that was charged before the test: the first discharge gives back what went in elsewhere."""
    test = cell_test(n_cycles=4, cv_share=0.0)
    record = cycling(cut(test, slice(300, None)))
    assert record.cycles[0].coulombic_efficiency is None
    assert record.cycles[0].closing_over_opening > 3
    assert record.cycles[0].no_efficiency == "more comes back than went in"
    assert record.initial_coulombic_efficiency is None
    assert "no efficiency" in record.efficiency_note
    assert "not empty at the start" in record.efficiency_note
    assert record.average_coulombic_efficiency == pytest.approx(0.995)
    assert record.average_over_cycles == 3


def test_a_last_cycle_that_is_cut_short_is_not_in_the_average(tmp_path):
    test = cell_test(n_cycles=6, cv_share=0.0)
    whole, short = cycling(test), cycling(cut(test, slice(None, len(test) - 150)), out=tmp_path / "run")
    assert short.cycles[-1].cut_short
    assert short.cycles[-1].closing_over_opening < 0.7
    assert short.cycles[-1].coulombic_efficiency is None
    assert short.average_coulombic_efficiency == pytest.approx(0.995)
    assert short.average_over_cycles == 4
    assert "cycle 6, cut short" in short.efficiency_note
    assert "cycle 6, cut short" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8").replace(
        "Cycle", "cycle"
    )
    assert not any(row.cut_short for row in whole.cycles)
    assert whole.average_over_cycles == 5


def test_mass_and_area_carry_their_uncertainty_into_every_normalized_number():
    """2 % of the mass; 1 % of the diameter are 2 % of the area; ratios have neither."""
    record = cycling(cell_test(n_cycles=3), sample=make_sample(UNCERTAIN))
    row = record.cycles[0]
    for half in ("charge", "discharge"):
        for name in ("mAh_per_g", "mAh_per_cm2", "c_rate_per_h"):
            value = getattr(row, f"{half}_{name}")
            assert value.std / value.value == pytest.approx(0.02, rel=1e-6)
    (stage,) = record.stages
    assert stage.capacity_mAh_per_cm2.std / stage.capacity_mAh_per_cm2.value == pytest.approx(0.02, rel=1e-6)
    assert stage.capacity_mAh_per_g.std / stage.capacity_mAh_per_g.value == pytest.approx(0.02, rel=1e-6)
    assert record.theoretical_capacity_mAh.value == pytest.approx(1.44)


def rate_test() -> CellTest:
    return joined(
        *(cell_test(n_cycles=3, capacity_mAh=capacity, current_mA=current, fade=0.0, cv_share=0.0, points=60)
          for capacity, current in ((1.4, 0.144), (1.2, 1.44), (0.6, 7.2)))
    )  # fmt: skip


def test_rates_of_one_test_are_stages_of_known_capacity(tmp_path):
    record = cycling(rate_test(), sample=make_sample(SAMPLE), out=tmp_path / "run")
    assert [one.c_rate_per_h.value for one in record.stages] == pytest.approx([0.1, 1.0, 5.0])
    assert [one.capacity_mAh for one in record.stages] == pytest.approx([1.4, 1.2, 0.6])
    assert [one.over_first for one in record.stages] == pytest.approx([1, 6 / 7, 3 / 7])
    assert [(one.first_cycle, one.last_cycle) for one in record.stages] == [(1, 3), (4, 6), (7, 9)]
    assert [one.scatter_mAh for one in record.stages] == pytest.approx([0, 0, 0], abs=1e-9)
    assert (tmp_path / "run" / "figures" / "stages.png").is_file()
    with pytest.raises(SettingsError, match=r"currents go from 0\.144 to 7\.2 mA"):
        cycling(rate_test(), c_rates_per_h=[1.0])


def test_a_series_of_files_has_the_paper_s_axis_and_a_report_of_each(tmp_path):
    """The paper's 45 mg cell: 3.1, 2.9, 2.8, 2.5 and 1.5 mAh/cm2 at room temperature, 0, -5, -10 and -15 C."""
    area = np.pi / 4
    published = {298.15: 3.1, 273.15: 2.9, 268.15: 2.8, 263.15: 2.5, 258.15: 1.5}
    tests = [
        cell_test(n_cycles=2, capacity_mAh=one * area, cv_share=0.0, fade=0.0, points=60) for one in published.values()
    ]
    out = tmp_path / "series"
    record = cycling(tests, sample=make_sample(SAMPLE), temperatures_K=list(published), out=out)
    assert [one.temperature_K for one in record.stages] == list(published)
    assert [one.capacity_mAh_per_cm2.value for one in record.stages] == pytest.approx(list(published.values()))
    assert [one.test for one in record.stages] == [1, 2, 3, 4, 5]
    assert {one.temperature_from for one in record.stages} == {"given"}
    assert record.stages[-1].over_first == pytest.approx(1.5 / 3.1)
    assert (out / "stages.csv").read_text().count("\n") == 6
    assert all((out / folder / "report.html").is_file() for folder in record.tests)
    assert "stages" in (out / "report.html").read_text(encoding="utf-8")


def test_a_series_of_which_one_test_is_refused_leaves_nothing(tmp_path):
    tests = [cell_test(n_cycles=4, points=40), cell_test(n_cycles=2, points=40)]
    with pytest.raises(SettingsError, match="no cycle 4"):
        cycling(tests, curves=[4], out=tmp_path / "series")
    assert not (tmp_path / "series").exists()


def test_a_list_of_one_is_a_series_and_a_test_of_it_can_be_loaded(tmp_path):
    out = tmp_path / "series"
    series = cycling([cell_test(n_cycles=2, points=40)], out=out)
    (folder,) = series.tests
    single = load(out / folder)
    assert single.kind == "cycling"
    assert set(single.plot()) == {"cycles", "curves", "dqdv", "dvdq"}
    if find_spec("pandas"):
        assert len(single.to_dataframe()) == 2
    assert cycling([cell_test(n_cycles=2, points=40)], out=out) == series  # kept


def test_temperatures_come_from_the_file_its_name_or_the_sample():
    test = cell_test(n_cycles=2, cv_share=0.0, points=60)
    measured = replace(test, temperature_K=np.full(len(test), 273.15))
    assert cycling(measured).stages[0].temperature_from == "file"
    named = cycling(replace(test, source="cell_-10degC.csv")).stages[0]
    assert (named.temperature_K, named.temperature_from) == (263.15, "name")
    sampled = cycling(test, sample=make_sample(SAMPLE | {"temperature_K": 298.15})).stages[0]
    assert (sampled.temperature_K, sampled.temperature_from) == (298.15, "sample")


def test_a_given_rate_that_the_sample_contradicts_is_told():
    record = cycling(cell_test(n_cycles=2, points=60), sample=make_sample(SAMPLE), c_rates_per_h=[0.1])
    assert record.stages[0].c_rate_per_h.value == 0.1
    assert any("0.1 C is given, 0.694 C follows" in one for one in record.warnings)


@pytest.mark.parametrize(("settings", "message"), [({"c_rates_per_h": [1, 2, 3]}, "3 for 2 files"),
                                                   ({"temperatures_K": [-10]}, "-10 is not between 0")])  # fmt: skip
def test_settings_of_a_series_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        cycling([cell_test(n_cycles=1, points=40)] * 2, **settings)


def test_polarization_growth_is_a_slope_with_its_uncertainty():
    """0.5 mV a cycle on the mean voltage of the charge."""
    rng = np.random.default_rng(4)
    tests = []
    for number in range(30):
        one = cell_test(n_cycles=1, cv_share=0.0, points=60)
        up = one.current_A > 0
        tests.append(replace(one, voltage_V=one.voltage_V + up * (5e-4 * number + rng.normal(0, 1e-3))))
    growth = cycling(joined(*tests)).polarization_growth_mV_per_cycle
    assert abs(growth.value - 0.5) < 3 * growth.std
    # the standard error of a slope of 29 points of 1 mV noise: 1 / sqrt(29^3 / 12) = 0.022
    assert growth.std == pytest.approx(0.022, rel=0.6)


@pytest.mark.parametrize(("correlation", "least"), [(0.0, 0.93), (0.5, 0.90)])
def test_the_interval_of_a_trend_covers_the_slope(correlation, least):
    rng = np.random.default_rng(8)
    cycles, covered = np.arange(2.0, 62.0), 0
    for _ in range(300):
        noise = rng.normal(size=len(cycles))
        for k in range(1, len(noise)):
            noise[k] += correlation * noise[k - 1]
        trend = robust_trend(cycles, 0.1 * cycles + noise)
        covered += trend.low <= 0.1 <= trend.high
    assert covered / 300 >= least


def test_slope_and_interval_are_scipy_s_where_errors_are_independent():
    from scipy.stats import theilslopes

    rng = np.random.default_rng(2)
    x = np.arange(40.0)
    y = np.round(0.3 * x + rng.normal(0, 5, 40))  # with ties
    trend, expected = robust_trend(x, y), theilslopes(y, x, alpha=0.95)
    wider = np.sqrt((1 + trend.correlation) / (1 - trend.correlation))
    assert trend.slope_per_cycle == pytest.approx(expected.slope)
    # scipy takes the slope one place further out at the lower end
    assert trend.low == pytest.approx(trend.slope_per_cycle - wider * (expected.slope - expected.low_slope), abs=0.01)
    assert trend.high == pytest.approx(trend.slope_per_cycle + wider * (expected.high_slope - expected.slope), abs=0.01)


def test_peaks_of_dq_dv_are_scipy_s():
    from scipy.signal import find_peaks

    rng = np.random.default_rng(6)
    voltage = np.linspace(3.0, 3.6, 3000)
    density = sum(
        rng.uniform(0.05, 1) * np.exp(-0.5 * ((voltage - at) / 0.01) ** 2) for at in rng.uniform(3.05, 3.55, 12)
    )
    found = differential_capacity(voltage, np.cumsum(density + rng.uniform(0, 0.1, 3000)))
    value = found.value_Ah_per_V
    expected, _ = find_peaks(value, prominence=0.05 * value.max())
    assert found.peaks_V == pytest.approx(found.voltage_V[expected])
