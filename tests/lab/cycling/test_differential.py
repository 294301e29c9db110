"""dV/dQ of known lines and steps, and axes that the first cycle does not decide."""

from __future__ import annotations

import numpy as np
import pytest

import made_electrodes as made
from made_electrodes import MadeCell
from paddlewheel import cycling
from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import differential_voltage


def test_a_straight_line_keeps_its_slope_to_the_ends():
    charge = np.sort(np.random.default_rng(1).uniform(0, 2.0, 300))
    for voltage in (3.0 + 0.25 * charge, 4.0 - 0.25 * charge):
        at, slope = differential_voltage(voltage, charge)
        assert slope == pytest.approx(np.full(500, 0.25), rel=1e-9)
        assert (at[0] > charge[0], at[-1] < charge[-1]) == (True, True)


def test_a_step_between_plateaus_is_a_peak_of_its_height_and_width():
    """0.3 V over a Gaussian of 1 % of the capacity; smoothed by 0.5 %, the widths add in quadrature."""
    from math import erf

    charge = np.linspace(0, 1, 4000)
    voltage = np.array([3.0 + 0.15 * erf((q - 0.6) / (0.01 * np.sqrt(2))) for q in charge])
    at, slope = differential_voltage(voltage, charge, smoothing_share=0.005)
    width = np.hypot(0.01, 0.005)
    # an eighth of a width between the points: the top of a Gaussian is met to 0.2 %
    assert slope.max() == pytest.approx(0.3 / (width * np.sqrt(2 * np.pi)), rel=0.01)
    assert at[np.argmax(slope)] == pytest.approx(0.6, abs=0.002)
    assert float(np.sum(slope) * (at[1] - at[0])) == pytest.approx(0.3, rel=1e-3)


def test_a_pulse_against_the_charge_is_passed_over():
    charge = np.array([0.0, 0.1, 0.2, 0.19, 0.2, 0.3, 0.4])
    at, slope = differential_voltage(3.0 + charge + np.array([0, 0, 0, -0.5, 0, 0, 0]), charge, smoothing_share=0)
    assert slope == pytest.approx(np.ones(500), rel=1e-6)
    assert len(at) == 500
    assert len(differential_voltage(np.array([3.0, 3.1]), np.array([0.0, 0.1]))[0]) == 0
    with pytest.raises(SettingsError, match="smoothing_share"):
        differential_voltage(charge, charge, smoothing_share=1)


def test_the_first_cycle_does_not_flatten_the_others():
    """Graphite that loses 60 % at first, on a plateau at its begin: the axes are those of the cycles after it."""
    cell = MadeCell(working=made.GRAPHITE)
    cell.half(-1, 0.02, 0.01)
    cell.half(1, 0.2, 1.5)
    for _ in range(3):
        cell.half(-1, 0.2, 0.01)
        cell.half(1, 0.2, 1.5)
    first_only = cycling(cell.test(), curves=[1]).plot()["dqdv"].axes[0]
    axes = cycling(cell.test()).plot()["dqdv"].axes[0]
    heights = [np.abs(line.get_ydata()).max() for line in axes.lines[2:-1]]
    assert -axes.get_ylim()[0] <= 1.2 * max(heights)
    assert max(heights) > 0.4 * -axes.get_ylim()[0]
    assert axes.get_xlim()[1] < first_only.get_xlim()[1]  # it began at 2.8 V
    dashes = {str(line.get_linestyle()) + str(line._dash_pattern) for line in axes.lines[:-1]}
    assert len(dashes) == 4  # a kind of line for each cycle, for prints in grey
