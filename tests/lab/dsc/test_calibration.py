"""Calibrations give back the shift, slope, lag and factor of made standards, and say what they cannot tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from paddlewheel.errors import InputError
from paddlewheel.lab.dsc.calibration import MeasuredStandard, calibrate, calibration_document, read_calibration
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.standards import STANDARDS, find_standard
from paddlewheel.records import Measured

SHIFT_K, SLOPE, LAG_MIN, FACTOR = 0.8, 2e-3, 0.05, 1.12


def made(names: str, rates: tuple[float, ...], *, noise_K: float = 0.0, seed: int = 0) -> list[MeasuredStandard]:
    """Onsets read with a known shift at 0 degrees Celsius, slope and lag, and heats that are too small by `FACTOR`."""
    noise = np.random.default_rng(seed)
    found = []
    for name in names.split():
        standard = find_standard(name)
        for rate in rates:
            read = standard.temperature_C * (1 + SLOPE) + SHIFT_K + LAG_MIN * rate + noise_K * noise.normal()
            found.append(
                MeasuredStandard(
                    standard=standard, rate_K_per_min=rate, onset_C=Measured(value=read, std=noise_K or 0.02),
                    enthalpy_J_per_g=Measured(value=standard.enthalpy_J_per_g / FACTOR, std=0.05),
                )
            )  # fmt: skip
    return found


def test_shift_slope_lag_and_factor_come_back(tmp_path: Path) -> None:
    path = tmp_path / "calibration.yaml"
    path.write_text(yaml.safe_dump(calibration_document(made("In Sn Zn", (5, 10, 20)))))
    calibration = read_calibration(path)
    for rate in (2.0, 10.0):
        true = 200.0
        read = true * (1 + SLOPE) + SHIFT_K + LAG_MIN * rate
        assert calibration.true_temperature_C(read, rate) == pytest.approx(true, abs=1e-6)
    assert calibration.heat_factor(200.0) == pytest.approx(FACTOR, rel=1e-9)
    assert not calibration.warnings


def test_errors_hold_over_repeated_calibrations() -> None:
    """Of 200 the true value lies within one standard uncertainty in 68 %: 57 to 79 % is three of its own errors (3.3 %)
    and what the spread, which widens the errors where it is large, adds."""
    inside = []
    for seed in range(200):
        calibration = calibrate(made("In Sn Bi Zn", (5, 10, 20), noise_K=0.1, seed=seed))
        read = 350.0 * (1 + SLOPE) + SHIFT_K + LAG_MIN * 10
        off = float(calibration.true_temperature_C(read, 10.0)) - 350.0
        inside.append(abs(off) < calibration.temperature_std_C(350.0, 10.0))
    assert 0.57 < np.mean(inside) < 0.79


def test_what_the_standards_cannot_tell_is_said() -> None:
    one = calibrate(made("In", (10,)))
    assert any("one standard, In" in line for line in one.warnings)
    assert any("one rate" in line for line in one.warnings)
    indium = STANDARDS["In"]
    read = indium.temperature_C * (1 + SLOPE) + SHIFT_K + LAG_MIN * 10
    assert one.true_temperature_C(read, 10.0) == pytest.approx(indium.temperature_C, abs=1e-9)
    together = calibrate([*made("In", (5,)), *made("Sn", (20,))])  # standard and rate change together
    assert any("cannot be told" in line for line in together.warnings)


def test_a_run_is_corrected_on_heating_and_said_beyond_the_standards() -> None:
    time_s = np.arange(0.0, 3000.0, 2.0)
    true = 100.0 + time_s / 6.0  # 10 K/min to 600
    scan = ThermalScan(
        name="made", source="made.txt", time_s=time_s, signal=np.ones(time_s.size),
        temperature_C=true * (1 + SLOPE) + SHIFT_K + LAG_MIN * 10 * (1 + SLOPE), mass_mg=5.0,
    )  # fmt: skip
    done = calibrate(made("In Sn Zn", (5, 10, 20))).applied(scan)
    np.testing.assert_allclose(done.temperature_C, true, atol=2e-3)  # the rate is read from the shifted temperatures
    np.testing.assert_allclose(done.signal, FACTOR)
    assert done.calibration is not None
    assert any("calibrated from 156.6 to 419.5" in line for line in done.warnings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("standards: []", "no list of standards"),
        ("- In", "no list of standards"),
        ("standards: [{standard: Xx, rate_K_per_min: 10, onset_C: 1}]", "no standard 'Xx'"),
        ("standards: [{standard: In, rate_K_per_min: 10}]", "without onset_C"),
        ("standards: [{standard: In, rate_K_per_min: -10, onset_C: 156}]", "-10 K/min"),
        ("standards: [{standard: In, rate_K_per_min: 10, onset_C: 429.7}]", "has its melting at 156.599"),
        ("standards: [{standard: In, rate_K_per_min: 10, enthalpy_J_per_g: -28}]", "endothermic positive"),
        ("standards: [{standard: In, rate_K_per_min: ten, onset_C: 156}]", "'ten' is no number"),
        ("standards: [{standard: In, rate: 10, onset_C: 156}]", "unknown rate"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_calibration(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
