"""`nmr relaxation`: measured and made series from folders, signals and tables, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import InputError
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.nmr.simulated import Flaws, RelaxationTruth, simulate_recoveries, simulate_recovery
from paddlewheel.records import Measured
from paddlewheel.studies.nmr_relaxation.study import STUDY

_K = 8.617333262e-5


def _there(value: Measured | None) -> Measured:
    assert value is not None
    return value


def test_17O_with_its_offset(shared: Path) -> None:
    record = paddlewheel.nmr_relaxation(shared / "data/lab/nmr/biffo_17O_satrec_LAMOX")
    (site,) = record.sites
    # SOURCES.md and bench.md: 4.74(20) ms, 18 % offset, AICc better by 58; TopSpin says 2.66 ms without it
    assert (site.experiment, site.model) == ("saturation", "single")
    assert site.t1_s.value == pytest.approx(4.74e-3, abs=0.3e-3)
    assert _there(site.offset).value == pytest.approx(0.18, abs=0.015)
    assert site.aicc_gain_of_offset == pytest.approx(58, abs=12)
    assert record.temperatures is None
    region = paddlewheel.nmr_relaxation(shared / "data/lab/nmr/biffo_17O_satrec_LAMOX", regions_ppm=((565.0, 583.0),))
    assert region.sites[0].t1_s.value == pytest.approx(4.74e-3, abs=0.3e-3)


@pytest.fixture(scope="module")
def series() -> list[Signal]:
    truth = RelaxationTruth.of_maximum(maximum_at_K=303.0, jump_rate_at_maximum_per_s=7e8)
    signals, _ = simulate_recoveries(
        truth,
        temperatures_K=[233, 253, 273, 288, 303, 318, 343, 373],
        flaws=Flaws(noise=0.01, phase_deg=25.0),
        seed=3,
        completeness=0.95,
    )
    return signals


def test_a_series_of_temperatures_gives_barrier_and_jump_rate(series: list[Signal]) -> None:
    record = paddlewheel.nmr_relaxation(
        series, jump_distance_A=3.5, carriers_per_cm3=8.8e21, measured_conductivity_mS_per_cm="4.6,0.2",
        conductivity_temperature_K=303.0,
    )  # fmt: skip
    assert {site.model for site in record.sites} == {"two-rates"}
    assert all(site.offset is not None and abs(site.offset.value - 0.05) < 0.02 for site in record.sites)
    fit = record.temperatures
    assert fit is not None
    assert fit.refused is None
    for value, truth in (
        (fit.activation_energy_high_T_eV, 0.23), (fit.activation_energy_low_T_eV, 0.54 * 0.23), (fit.beta, 1.54),
        (fit.jump_rate_at_maximum_per_s.two_J, 7e8), (fit.temperature_at_maximum_K, 303.0),
    ):  # fmt: skip
        assert abs(_there(value).value - truth) < 3.5 * _there(value).std
        assert _there(value).std < 0.1 * truth
    assert _there(fit.jump_rate_at_maximum_per_s.single_J).value == pytest.approx(4.6e8, rel=0.1)
    two = fit.kernels[0]
    # bench.md: T1 of 0.56 ms is a fluctuating C_Q of 0.99 MHz; n, a and 1/tau give the conductivity
    assert _there(two.fluctuating_cq_MHz).value == pytest.approx(0.99, abs=0.02)
    expected = 8.8e21 * (1.602177e-19) ** 2 * (3.5e-8) ** 2 * 7e8 / 6 / (1.380649e-23 * 303) * 1e3
    assert _there(two.nernst_einstein_mS_per_cm).value == pytest.approx(expected, rel=0.1)
    assert _there(two.haven_ratio).value == pytest.approx(expected / 4.6, rel=0.15)
    assert {"t1", "recoveries"} <= set(record.plot())


def _table(path: Path, temperatures: np.ndarray, *, header: str = "Temperature (degC),T1 (ms),T1 std (ms)") -> Path:
    """T1 of the paper's kind with 2 % noise, in degrees Celsius and ms."""
    tau = np.exp(0.23 / _K * (1 / temperatures - 1 / 303.0)) / 7e8
    omega = 2 * math.pi * 105.84e6
    rates = 7.8e11 * (tau / (1 + (omega * tau) ** 1.54) + 4 * tau / (1 + (2 * omega * tau) ** 1.54))
    t1_ms = 1e3 / rates * np.exp(0.02 * np.random.default_rng(1).normal(size=len(rates)))
    rows = [f"{t - 273.15:.2f},{t1:.6g},{0.02 * t1:.3g}" for t, t1 in zip(temperatures, t1_ms, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_table_of_t1(tmp_path: Path) -> None:
    table = _table(tmp_path / "t1.csv", np.linspace(233, 373, 12))
    record = paddlewheel.nmr_relaxation(table, nucleus="23Na", field_T=9.4)
    fit = record.temperatures
    assert fit is not None
    assert _there(fit.activation_energy_high_T_eV).value == pytest.approx(0.23, abs=0.04)  # 3 sigma at 2 %
    by_frequency = paddlewheel.nmr_relaxation(table, nucleus="23Na", frequency_MHz=record.sites[0].larmor_MHz)
    assert by_frequency.temperatures == fit
    assert record.sites[0].temperature_K == pytest.approx(233.0)
    assert record.sites[0].t1_s.std == pytest.approx(0.02 * record.sites[0].t1_s.value, rel=0.01)


def test_a_window_that_decides_nothing_is_refused(tmp_path: Path) -> None:
    table = _table(tmp_path / "t1.csv", np.linspace(263, 333, 12))
    record = paddlewheel.nmr_relaxation(table, nucleus="23Na", field_T=9.4, out=tmp_path / "run")
    fit = record.temperatures
    assert fit is not None
    assert fit.activation_energy_high_T_eV is None
    assert fit.refused is not None
    assert "decide nothing" in fit.refused
    assert "measure also from" in fit.refused
    assert "decide nothing" in (tmp_path / "run/report.html").read_text()
    assert paddlewheel.load(tmp_path / "run") == record


def test_bisnf_widths(shared: Path) -> None:
    record = paddlewheel.nmr_relaxation(shared / "data/lab/nmr/biffo_19F_VT_BiSnF/lineshapelineshape_data.csv")
    found = record.narrowing
    assert found is not None
    assert _there(found.activation_energy_eV).value == pytest.approx(0.434, abs=1e-3)
    assert _there(found.activation_energy_eV).std == pytest.approx(0.008, abs=5e-4)
    assert _there(found.waugh_fedin_eV).value == pytest.approx(1.617e-3 * _there(found.onset_K).value)


def _signal(values: np.ndarray, delays: np.ndarray | None) -> Signal:
    axis = Axis(nucleus="23Na", carrier_MHz=105.84, reference_MHz=105.84, spectral_width_Hz=2e4)
    return Signal(values=values, domain="time", axis=axis, name="rows", delays_s=delays)


def test_what_cannot_be_is_refused_in_one_line(shared: Path, tmp_path: Path, series: list[Signal]) -> None:
    lab = shared / "data/lab"
    negative = tmp_path / "negative.csv"
    negative.write_text("temperature_K,t1_s\n" + "".join(f"{t},0.01\n" for t in (-20, 250, 270, 290, 310, 330)))
    widths = tmp_path / "widths.csv"
    widths.write_text("temperature_K,width_Hz\n" + "".join(f"{t},{1000}\n" for t in range(250, 330, 10)))
    noise = np.random.default_rng(0).normal(size=(10, 512, 2)) @ np.array([1, 1j])
    turning = np.exp(1j * np.random.default_rng(1).uniform(0, 6.3, size=(10, 1))) * noise
    delays = np.geomspace(1e-4, 0.1, 10)
    cases: tuple[tuple[Any, dict[str, Any], str], ...] = (
        (lab / "exchange/scpy_1H1H_cosy", {}, "two-dimensional"),
        (lab / "nmr/biffo_single_peak_10", {}, "no delays of its 1 rows"),
        (lab / "nmr/biffo_17O_satrec_LAMOX", {"delays_s": "0.001,0.01,0.1"}, "3 delays for 15 rows"),
        (series[0], {"delays_s": ",".join(["0"] * 16)}, "every delay is zero"),
        (series[0], {"site_shifts_ppm": "9000"}, "a site at 9000 ppm"),
        (negative, {"nucleus": "23Na", "field_T": 9.4}, "temperature of -20"),
        (negative, {}, "give --nucleus and --field-T"),
        (widths, {}, "no motional narrowing"),
        (_signal(noise, delays), {}, "no signal"),
        (_signal(turning, delays), {}, "no signal"),
        ([*series[:2], widths], {}, "tables and measurements together"),
    )
    for given, more, said in cases:
        with pytest.raises(InputError, match=said) as caught:
            paddlewheel.nmr_relaxation(given, out=tmp_path / "run", **more)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "run/result.json").exists()


def test_an_inversion_is_told_from_its_rows() -> None:
    truth = RelaxationTruth.of_maximum(maximum_at_K=303.0, jump_rate_at_maximum_per_s=7e8)
    signal, _ = simulate_recovery(
        np.geomspace(1e-5, 1e-2, 20), truth, temperature_K=303, preparation="inversion", flaws=Flaws(noise=0.003)
    )
    record = paddlewheel.nmr_relaxation(signal)
    assert record.sites[0].experiment == "inversion"
    assert _there(record.sites[0].offset).value == pytest.approx(-1.0, abs=0.02)


def test_what_is_at_its_end_is_told_so_and_no_error_is_zero(tmp_path: Path) -> None:
    # beta 2, the end of its range; 2 %
    temperatures = np.arange(213.0, 394.0, 20.0)
    omega = 2e6 * math.pi * 105.84
    tau = 0.616 / omega * np.exp(0.3 / _K * (1 / temperatures - 1 / 381.0))
    rates = 2.5e9 * (tau / (1 + (omega * tau) ** 2) + 4 * tau / (1 + (2 * omega * tau) ** 2))
    t1 = np.exp(0.02 * np.random.default_rng(0).normal(size=10)) / rates
    table = tmp_path / "t1.csv"
    rows = (f"{kelvin:g},{time:.6g},{0.02 * time:.4g}" for kelvin, time in zip(temperatures, t1, strict=True))
    table.write_text("\n".join(["temperature_K,t1_s,t1_std_s", *rows]))
    record = paddlewheel.nmr_relaxation(
        table, frequency_MHz=105.84, nucleus="23Na", jump_distance_A=3.5, carriers_per_cm3=1e22,
        conductivity_temperature_K=300.0,
    )  # fmt: skip
    assert record.temperatures is not None
    beta = _there(record.temperatures.beta)
    assert beta.value == 2.0
    assert _there(record.temperatures.activation_energy_high_T_eV).value == pytest.approx(0.3, abs=0.02)
    told = "\n".join(STUDY.says(record))
    assert "beta 2 (at its end; 95 %:" in told
    assert "+- 0 " not in told
