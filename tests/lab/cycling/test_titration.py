"""GITT and ICI on exact solutions of diffusion with a known D; resistances of a cell of known resistors."""

from __future__ import annotations

import numpy as np
import pytest

from made_diffusion import diffusing_cell, surface
from paddlewheel.lab.cycling.charge import passed_charge_Ah
from paddlewheel.lab.cycling.pulses import pulse_resistances
from paddlewheel.lab.cycling.titration import DiffusionPoint, diffusion_points, find_stretches
from paddlewheel.lab.table import CellTest


def points_of(test: CellTest) -> list[DiffusionPoint]:
    return diffusion_points(test, find_stretches(test), passed_charge_Ah(test))


def titration(pulse_s: float, rest_s: float, n: int = 6) -> list[tuple[float, float]]:
    return [(0.0, 0.6 * pulse_s), *[step for _ in range(n) for step in ((1e-4, pulse_s), (0.0, rest_s))]]


def test_the_made_diffusion_is_that_of_its_short_and_long_times():
    """sqrt(4 theta / pi) at first (+ theta / 3 in a sphere, whose surface curves), the mean and a constant late."""
    theta = np.array([1e-4, 1e-3])
    assert surface(theta, sphere=False) == pytest.approx(2 * np.sqrt(theta / np.pi), rel=2e-2)
    assert surface(theta, sphere=True) == pytest.approx(2 * np.sqrt(theta / np.pi) + theta / 3, rel=3e-2)
    assert surface(np.array([5.0]), sphere=False) == pytest.approx([5 + 1 / 3], rel=1e-2)
    assert surface(np.array([50.0]), sphere=True) == pytest.approx([50 + 9 / 15], rel=1e-2)


@pytest.mark.parametrize("sphere", [False, True])
@pytest.mark.parametrize("rate_per_s", [1e-5, 1e-4])
def test_gitt_gives_the_d_of_the_cell(sphere, rate_per_s):
    test = diffusing_cell(titration(600, 6 / rate_per_s), rate_per_s=rate_per_s, sphere=sphere, interval_s=5.0)
    points = points_of(test)
    assert [point.method for point in points] == ["GITT"] * 6
    for point in points:
        assert point.problem is None
        # a sphere's next term, t^1.5, is left: 3 % of the slope at theta = 0.06
        assert point.per_length2_per_s == pytest.approx(rate_per_s, rel=0.06)
        assert point.resistance_ohm == pytest.approx(25.0, rel=0.02)


def test_gitt_with_noise_states_an_error_that_holds():
    off = []
    for seed in range(5):
        test = diffusing_cell(
            titration(600, 60000), rate_per_s=1e-4, sphere=False, interval_s=10, noise_V=5e-5, seed=seed
        )
        for point in points_of(test):
            assert point.problem is None
            off.append((point.per_length2_per_s / 1e-4 - 1) / point.relative_std)
    assert 0.5 < np.std(off) < 1.6  # 30 points: the standard deviation of a unit normal is known to 13 %


def test_conditions_of_gitt_that_are_not_met_are_told():
    short_rests = diffusing_cell(titration(600, 900), rate_per_s=1e-5, sphere=False, interval_s=5)
    assert all("before equilibrium" in (point.problem or "") for point in points_of(short_rests))
    too_long = diffusing_cell(titration(36000, 36000), rate_per_s=1e-3, sphere=False, interval_s=120)
    assert all("too long for its rows" in (point.problem or "") for point in points_of(too_long))
    plateau = diffusing_cell(
        titration(600, 60000), rate_per_s=1e-4, sphere=False, interval_s=10, window_V=1e-4, noise_V=1e-4
    )
    assert all(point.per_length2_per_s is None for point in points_of(plateau))


def test_a_long_pulse_is_used_as_long_as_sqrt_t_holds():
    """D t / L^2 is 3.6 at the end of the pulse: the whole of it would give D too high by far."""
    test = diffusing_cell(titration(3600, 36000), rate_per_s=1e-3, sphere=False, interval_s=5)
    for point in points_of(test):
        assert point.problem is None
        assert point.per_length2_per_s == pytest.approx(1e-3, rel=0.03)


@pytest.mark.parametrize("sphere", [False, True])
def test_ici_gives_the_d_of_the_cell(sphere):
    """Interruptions of 10 s every 300 s, after the profile in the particle has settled."""
    steps = [step for _ in range(40) for step in ((1e-4, 300.0), (0.0, 10.0))]
    test = diffusing_cell(
        [(0.0, 30.0), *steps, (1e-4, 300.0)], rate_per_s=2e-4, sphere=sphere, fine_s=0.1, interval_s=5
    )
    points = points_of(test)
    assert {point.method for point in points} == {"ICI"}
    # the profile in the particle settles as exp(-pi^2 D t / L^2), in a sphere as exp(-20.2 D t / R^2): told before
    assert all("not flowed long enough" in (point.problem or "") for point in points[:15])
    settled = [point for point in points if point.charge_Ah > 1e-4 * 8500 / 3600]
    assert len(settled) > 10
    for point in settled:
        assert point.problem is None
        assert point.per_length2_per_s == pytest.approx(2e-4, rel=0.05)
        assert point.resistance_ohm == pytest.approx(25.0, rel=0.01)


def resistors(sampling_s: float) -> CellTest:
    """10 mohm, and 15 mohm beside 400 F (6 s): pulses of 30 s at 2 A down and 18 s at 1.5 A up, at four charges."""
    steps, currents = [(0.0, 60.0)], []
    for _ in range(4):
        steps += [(-2.0, 30.0), (0.0, 40.0), (1.5, 18.0), (0.0, 40.0), (-1.0, 600.0), (0.0, 120.0)]
    time_s, current, voltage, over, at_s = [0.0], [0.0], [3.7], 0.0, 0.0
    for amps, duration in steps:
        dt = sampling_s if duration <= 40 else 5.0
        for k in range(1, round(duration / dt) + 1):
            level = 0.015 * amps + (over - 0.015 * amps) * np.exp(-k * dt / 6.0)
            time_s.append(at_s + k * dt)
            current.append(amps)
            voltage.append(3.7 + 0.010 * amps + level)
        over = 0.015 * amps + (over - 0.015 * amps) * np.exp(-duration / 6.0)
        at_s += duration
        currents.append(amps)
    return CellTest(
        time_s=np.array(time_s), voltage_V=np.array(voltage), current_A=np.array(current), source="made.csv"
    )


def test_pulses_give_the_resistances_of_the_cell():
    test = resistors(0.1)
    pulses = pulse_resistances(test, find_stretches(test), passed_charge_Ah(test))
    assert [(pulse.charging, pulse.current_A) for pulse in pulses] == [(False, 2.0), (True, 1.5)] * 4
    shares = [pulse.charge_share for pulse in pulses]
    assert shares[0] == 1.0
    assert shares[::2] == sorted(shares[::2], reverse=True)
    for pulse in pulses:
        expected = {t: 0.010 + 0.015 * (1 - np.exp(-t / 6.0)) for t in (0.1, 1.0, 10.0, 18.0, 30.0)}
        left = np.exp(-40 / 6.0)  # of the last pulse, 1.3e-3
        assert set(pulse.resistance_ohm) == {t for t in expected if t <= pulse.duration_s * 1.01}
        for t, ohm in pulse.resistance_ohm.items():
            assert ohm == pytest.approx(expected[t], rel=2 * left)


def test_rows_that_come_late_give_no_resistance_of_earlier_times():
    test = resistors(2.0)
    for pulse in pulse_resistances(test, find_stretches(test), passed_charge_Ah(test)):
        assert min(pulse.resistance_ohm) == 10.0
