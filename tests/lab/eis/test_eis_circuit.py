"""Circuits: names, closed forms, and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.circuit import Circuit, evaluate, impedance

FREQUENCY_HZ = np.geomspace(1e6, 0.1, 29)
NAMES = ("R", "R-RQ", "L-R-RQ-RQ", "RQ-RQ-CPE", "R-RQ-W", "RQ-Ws", "R-RQ-RQ-RQ-Wo", "R-RWQ", "L-RQ-RWQ",
         "R-RQ-RRQQ")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_name_is_read_back(name: str):
    assert Circuit.parse(name).name == name


@pytest.mark.parametrize("text", ["", "R-R", "RQ-RQ-RQ-RQ", "W-CPE", "L", "RWQ-W", "RQ-RQ-RQ-RWQ", "RQ-RQ-RQ-RRQQ"])
def test_what_is_no_circuit_is_refused(text: str):
    with pytest.raises(SettingsError, match="circuit"):
        Circuit.parse(text)


def test_arc_of_a_resistor_beside_a_capacitor():
    z = impedance(Circuit(arcs=1), {"R1_ohm": 50.0, "tau1_s": 1e-3, "n1": 1.0}, FREQUENCY_HZ)
    np.testing.assert_allclose(z, 1 / (1 / 50.0 + 2j * np.pi * FREQUENCY_HZ * 1e-3 / 50.0), rtol=1e-12)


def test_electrode_of_randles_is_its_closed_form():
    """Randles (doi 10.1039/df9470100011) with a capacitor of 2 uF beside 50 ohm and 30 ohm/s^0.5, added by hand."""
    values = {"transfer_ohm": 50.0, "transfer_tau_s": 1e-4, "transfer_n": 1.0, "warburg_ohm_per_sqrt_s": 30.0}
    omega = 2 * np.pi * FREQUENCY_HZ
    faradaic = 50.0 + 30.0 / np.sqrt(omega) - 30.0j / np.sqrt(omega)
    exact = 20.0 + 1 / (1 / faradaic + 2j * np.pi * FREQUENCY_HZ * 2e-6)
    np.testing.assert_allclose(
        impedance(Circuit.parse("R-RWQ"), {"R_ohm": 20.0} | values, FREQUENCY_HZ), exact, rtol=1e-12
    )
    # without the capacitor a resistor and the Warburg element, without the Warburg element an arc
    slow = values | {"transfer_tau_s": 1e-30}
    np.testing.assert_allclose(impedance(Circuit(tail="RWQ"), slow, FREQUENCY_HZ), faradaic, rtol=1e-12)
    arc = impedance(Circuit(arcs=1), {"R1_ohm": 50.0, "tau1_s": 1e-4, "n1": 1.0}, FREQUENCY_HZ)
    still = values | {"warburg_ohm_per_sqrt_s": 1e-30}
    np.testing.assert_allclose(impedance(Circuit(tail="RWQ"), still, FREQUENCY_HZ), arc, rtol=1e-12)
    assert Circuit.parse("R-RQ").is_part_of(Circuit.parse("R-RWQ"))
    assert Circuit.parse("R-W").is_part_of(Circuit.parse("R-RWQ"))
    assert not Circuit.parse("R-RQ-W").is_part_of(Circuit.parse("R-RWQ"))


def test_arc_inside_an_arc_is_its_closed_form():
    """2 uF beside 50 ohm and, in series with them, 30 ohm beside 1 mF: added by hand."""
    omega = 2 * np.pi * FREQUENCY_HZ
    values = {"outer_ohm": 50.0, "outer_tau_s": 1e-4, "outer_n": 1.0,
              "inner_ohm": 30.0, "inner_tau_s": 0.03, "inner_n": 1.0}  # fmt: skip
    exact = 20.0 + 1 / (2e-6j * omega + 1 / (50.0 + 1 / (1e-3j * omega + 1 / 30.0)))
    found = impedance(Circuit.parse("R-RRQQ"), {"R_ohm": 20.0} | values, FREQUENCY_HZ)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_finite_diffusion_is_semi_infinite_at_high_frequency_and_its_limits_at_low():
    fast, slow = np.array([1e5, 1e4, 1e3]), np.array([1e-6])
    values = {"tail_R_ohm": 20.0, "tail_tau_s": 1.0}
    sigma = 20.0 / np.sqrt(2.0)  # R / sqrt(2 tau)
    warburg = impedance(Circuit(tail="W"), {"warburg_ohm_per_sqrt_s": sigma}, fast)
    for tail in ("Ws", "Wo"):
        np.testing.assert_allclose(impedance(Circuit(tail=tail), values, fast), warburg, rtol=1e-9)
    assert impedance(Circuit(tail="Ws"), values, slow)[0].real == pytest.approx(20.0, rel=1e-6)
    wall = impedance(Circuit(tail="Wo"), values, slow)[0]
    assert wall.real == pytest.approx(20.0 / 3, rel=1e-6)  # the resistance of a blocked layer
    assert wall.imag == pytest.approx(-20.0 / (2 * np.pi * 1e-6), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**31))
def test_derivatives_are_those_of_the_impedance(name: str, seed: int):
    circuit = Circuit.parse(name)
    random = np.random.default_rng(seed)
    theta = np.array(
        [
            random.uniform(0.4, 0.95) if not one.logarithmic
            else random.uniform(-9, 0) if "tau" in one.name
            else random.uniform(-14, -9) if one.name == "L_H"
            else random.uniform(0, 5)
            for one in circuit.parameters()
        ]
    )  # fmt: skip
    omega = 2 * np.pi * FREQUENCY_HZ
    z, slopes = evaluate(circuit, theta[None], omega)
    for k in range(circuit.size):
        step = np.zeros(circuit.size)
        step[k] = 1e-5
        ahead, behind = (evaluate(circuit, (theta + sign * step)[None], omega)[0][0] for sign in (1, -1))
        # central difference: its own error is of the order of step^2 and rounding / step, both about 1e-10 of |Z|
        np.testing.assert_allclose(slopes[0, k], (ahead - behind) / 2e-5, atol=1e-7 * np.abs(z[0]).max())


@pytest.mark.parametrize(
    ("part", "whole", "is_part"),
    [("R-RQ", "R-RQ-RQ", True), ("R-RQ-W", "R-RQ-CPE", True), ("R", "Ws", True), ("R-RQ-CPE", "R-RQ-W", False),
     ("R-RQ", "RQ-RQ", True), ("L-R", "R-RQ", False),
     ("R-RQ", "RRQQ", True), ("R-RQ", "R-RRQQ", True), ("R-RQ-RQ", "R-RRQQ", False)],
)  # fmt: skip
def test_special_cases_are_known(part: str, whole: str, is_part: bool):
    assert Circuit.parse(part).is_part_of(Circuit.parse(whole)) is is_part
