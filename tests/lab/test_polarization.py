"""DC polarization and voltammetry: known currents, conductivities, transference numbers and onsets come back."""

from __future__ import annotations

import numpy as np
import pytest
from uncertainties import ufloat

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.polarization import (
    electronic_conductivity_S_per_cm,
    find_holds,
    steady_resistance_ohm,
    transference_number,
)
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.voltammetry import find_onset, find_sweeps


def polarization(steady_A, *, voltages_V=(0.5,), tau_s=300.0, length_s=6000.0, noise_A=0.0, seed=0) -> CellTest:
    """Holds whose current falls from ten times to the steady one (ohmic: proportional to the voltage)."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, length_s, 10.0)
    current = [v / 0.5 * steady_A * (1 + 9 * np.exp(-t / tau_s)) for v in voltages_V]
    time = np.concatenate([t + k * length_s for k in range(len(voltages_V))])
    return CellTest(
        time_s=time,
        voltage_V=np.repeat(voltages_V, len(t)).astype(float),
        current_A=np.concatenate(current) + rng.normal(0, noise_A, len(time)),
        source="dc.csv",
    )


def test_electronic_conductivity_of_known_current():
    """1 nA at 0.5 V through 0.1 cm over 0.785 cm2: 2.546e-10 S/cm."""
    (hold,) = find_holds(polarization(1e-9))
    assert hold.steady
    sigma = electronic_conductivity_S_per_cm(
        steady_resistance_ohm([hold]), thickness_cm=ufloat(0.1, 0.002), area_cm2=np.pi / 4
    )
    assert sigma.nominal_value == pytest.approx(1e-9 / 0.5 * 0.1 / (np.pi / 4), rel=1e-3)
    assert sigma.std_dev / sigma.nominal_value == pytest.approx(0.02, rel=0.05)


def test_steady_current_is_covered_by_its_interval():
    """95 % intervals (t of six degrees of freedom: 2.45) over 300 noisy holds cover 91 to 98 %."""
    covered = 0
    for seed in range(300):
        (hold,) = find_holds(polarization(1e-9, noise_A=2e-10, seed=seed))
        covered += abs(hold.steady_A.nominal_value - 1e-9) < 2.45 * hold.steady_A.std_dev
    assert 0.91 <= covered / 300 <= 0.99


def test_hold_that_still_drifts_is_not_steady():
    (hold,) = find_holds(polarization(1e-9, tau_s=3000.0))
    assert not hold.steady
    assert hold.drift_share > 0.05


def test_several_voltages_give_one_resistance():
    holds = find_holds(polarization(1e-9, voltages_V=(0.25, 0.5, 1.0), noise_A=1e-11))
    assert len(holds) == 3
    assert steady_resistance_ohm(holds).nominal_value == pytest.approx(0.5e9, rel=0.01)


def test_current_not_told_from_zero_is_refused():
    with pytest.raises(DataError, match="not told from zero"):
        steady_resistance_ohm(find_holds(polarization(0.0, noise_A=1e-9)))


def test_transference_of_known_cell():
    """I_0 = V / (R_b + R_i), I_s = V / (R_b / t + R_i): the formula gives t back."""
    bulk, interface, t = 100.0, 20.0, 0.4
    start, end = 0.01 / (bulk + interface), 0.01 / (bulk / t + interface)
    found = transference_number(
        voltage_V=0.01, initial_A=start, steady_A=ufloat(end, 0.01 * end), initial_resistance_ohm=interface,
        steady_resistance_ohm=interface,
    )  # fmt: skip
    assert found.nominal_value == pytest.approx(t, rel=1e-9)
    # d ln t / d ln I_s = 1 + I_s R / (V - I_s R)
    assert found.std_dev / t == pytest.approx(0.01 * (1 + end * interface / (0.01 - end * interface)), rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"initial_resistance_ohm": 2000.0}, "more than the 0.01 V"), ({"steady_A": 2e-4}, r"t\+ = ")],
)
def test_impossible_transference_is_refused(changed, message):
    given = {"voltage_V": 0.01, "initial_A": 8e-5, "steady_A": 4e-5, "initial_resistance_ohm": 20.0,
             "steady_resistance_ohm": 20.0} | changed  # fmt: skip
    with pytest.raises(SettingsError, match=message):
        transference_number(**given)


def sweep_test(*, onset_V=3.0, slope=2.0, noise=0.0, down=False, seed=0, baseline=0.01) -> CellTest:
    """A baseline and a rise that is a straight line from the onset on, in mA/cm2; one cm2; 0.1 mV/s."""
    rng = np.random.default_rng(seed)
    voltage = np.linspace(2.0, 4.0, 2001)
    density = baseline * (voltage - 2.0) + np.where(voltage > onset_V, slope * (voltage - onset_V), 0.0)
    density = density + rng.normal(0, noise, len(voltage))
    time = np.arange(len(voltage)) * 10.0
    if down:
        voltage, density = -voltage, -density
    return CellTest(time_s=time, voltage_V=voltage, current_A=density / 1000, source="lsv.csv")


@pytest.mark.parametrize("down", [False, True])
def test_onset_of_a_straight_rise_is_found_by_both_definitions(down):
    (sweep,) = find_sweeps(sweep_test(down=down), area_cm2=1.0)
    assert sweep.direction == ("reduction" if down else "oxidation")
    assert sweep.rate_mV_per_s == pytest.approx(0.1)
    onset = find_onset(sweep, threshold_mA_per_cm2=0.1)
    sign = -1 if down else 1
    assert onset.tangent_V.value == pytest.approx(sign * 3.0, abs=0.002)
    assert onset.threshold_V.value == pytest.approx(sign * 3.05, abs=0.002)


def test_onsets_of_noisy_sweeps_are_covered():
    """The truth lies within two of the stated errors in at least 88 of 100 sweeps; a bootstrap is no better."""
    tangent = threshold = 0
    for seed in range(100):
        (sweep,) = find_sweeps(sweep_test(noise=0.01, seed=seed), area_cm2=1.0)
        onset = find_onset(sweep, threshold_mA_per_cm2=0.1, seed=seed)
        tangent += abs(onset.tangent_V.value - 3.0) < 2 * onset.tangent_V.std + 1e-3
        threshold += abs(onset.threshold_V.value - 3.05) < 2 * onset.threshold_V.std + 1e-3
    assert tangent >= 88
    assert threshold >= 88


def test_flat_sweep_has_no_onset():
    (sweep,) = find_sweeps(sweep_test(slope=0.0, noise=0.01), area_cm2=1.0)
    onset = find_onset(sweep, threshold_mA_per_cm2=0.5)
    assert onset.threshold_V is None
    assert onset.tangent_V is None


def test_bad_area_threshold_and_file_are_refused():
    with pytest.raises(SettingsError, match="area_cm2"):
        find_sweeps(sweep_test(), area_cm2=0.0)
    with pytest.raises(SettingsError, match="threshold"):
        find_onset(find_sweeps(sweep_test(), area_cm2=1.0)[0], threshold_mA_per_cm2=-1)
    flat = CellTest(time_s=np.arange(9.0), voltage_V=np.ones(9), current_A=np.zeros(9), source="flat.csv")
    with pytest.raises(DataError, match=r"flat\.csv"):
        find_sweeps(flat, area_cm2=1.0)
    with pytest.raises(DataError, match=r"flat\.csv"):
        find_holds(flat)
