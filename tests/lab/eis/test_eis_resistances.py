"""Relaxation times, readings, roles, geometry, diffusivity and growth."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.assignment import assign_roles, resistances
from paddlewheel.lab.eis.circuit import Circuit, impedance
from paddlewheel.lab.eis.diffusion import from_concentration, from_slope, from_time
from paddlewheel.lab.eis.fit import fit_circuit, weigh
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.readings import read_resistances
from paddlewheel.lab.eis.relaxation_times import relaxation_times

FREQUENCY_HZ = np.geomspace(1e6, 0.1, 71)


def _noisy(name: str, values: dict[str, float], noise: float = 0.001):
    z = impedance(Circuit.parse(name), values, FREQUENCY_HZ)
    random = np.random.default_rng(0)
    return weigh(FREQUENCY_HZ, z + noise * np.abs(z) * (random.normal(size=71) + 1j * random.normal(size=71)))


def test_distribution_of_an_arc_is_the_known_one():
    n, tau = 0.8, 1e-3
    found = relaxation_times(_noisy("R-RQ", {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": tau, "n1": n}))
    # Cole and Cole (1941): gamma = R / (2 pi) sin((1 - n) pi) / (cosh(n ln(tau / tau0)) - cos((1 - n) pi))
    angle = (1 - n) * np.pi
    exact = 100 / (2 * np.pi) * np.sin(angle) / (np.cosh(n * np.log(found.tau_s / tau)) - np.cos(angle))
    near = np.abs(np.log10(found.tau_s / tau)) < 1.5
    assert np.abs(found.gamma_ohm - exact)[near].max() < 0.1 * exact.max()  # smoothing lowers the top
    assert found.tau_s[np.argmax(found.gamma_ohm)] == pytest.approx(tau, rel=0.3)  # ten points a decade
    assert found.resistance_ohm + sum(p.resistance_ohm for p in found.peaks) == pytest.approx(120.0, rel=0.02)


def test_every_reading_of_an_arc_and_a_spike():
    data = _noisy("L-R-RQ-CPE", {"R_ohm": 40.0, "L_H": 4e-6, "R1_ohm": 100.0, "tau1_s": 2e-4, "n1": 0.98,
                                 "tail_ohm": 0.5, "tail_n": 0.9}, noise=1e-4)  # fmt: skip
    read = {one.method: one.resistance_ohm for one in read_resistances(data, relaxation_times(data))}
    assert read["high-frequency-intercept"] == pytest.approx(40.0, rel=0.03)
    for method in ("lowest-imaginary", "arc-extrapolation", "spike-extrapolation", "relaxation-times"):
        assert read[method] == pytest.approx(140.0, rel=0.05), method


def test_what_is_not_shown_is_not_read():
    data = _noisy("RQ", {"R1_ohm": 1e6, "tau1_s": 100.0, "n1": 0.95})
    told = {one.method: one for one in read_resistances(data, relaxation_times(data))}
    for method in ("high-frequency-intercept", "lowest-imaginary", "arc-extrapolation"):
        assert told[method].resistance_ohm is None
        assert told[method].note


@pytest.mark.parametrize(
    ("name", "values", "roles"),
    [
        ("RQ-RQ-CPE", {"R1_ohm": 1e5, "tau1_s": 1e-6, "n1": 0.9, "R2_ohm": 1e6, "tau2_s": 1e-3, "n2": 0.9,
                       "tail_ohm": 1e3, "tail_n": 0.8}, {"R1_ohm": "bulk", "R2_ohm": "grain_boundary"}),
        ("R-RQ", {"R_ohm": 100.0, "R1_ohm": 200.0, "tau1_s": 2e-6, "n1": 0.9},
         {"R_ohm": "bulk", "R1_ohm": "grain_boundary"}),
        ("R-RQ", {"R_ohm": 100.0, "R1_ohm": 200.0, "tau1_s": 2e-3, "n1": 0.9},
         {"R_ohm": "electrolyte", "R1_ohm": "interface"}),
    ],
)  # fmt: skip
def test_roles_follow_the_capacitance(name: str, values: dict[str, float], roles: dict[str, str]):
    data = _noisy(name, values)
    fit = fit_circuit(Circuit.parse(name), data)
    assert assign_roles([fit]) == roles
    total = resistances(fit, assign_roles([fit]))["total"]
    assert total is not None
    inside = sum(values[key] for key, role in roles.items() if role != "interface")
    assert total.value_ohm == pytest.approx(inside, rel=0.02)


def test_conductivity_of_a_pellet_by_hand():
    pellet = Pellet(diameter_cm=0.8, thickness_cm=0.21, diameter_std_cm=0.005, thickness_std_cm=0.002)
    value, std = pellet.conductivity_mS_per_cm(2.158e6, 6.98e3)
    # 0.21 / (pi 0.16) = 0.41778; / 2.158e6 ohm = 1.936e-7 S/cm, the authors' value
    assert value == pytest.approx(1.936e-4, rel=5e-4)
    relative = np.sqrt((0.002 / 0.21) ** 2 + (2 * 0.005 / 0.8) ** 2 + (6.98e3 / 2.158e6) ** 2)
    assert std == pytest.approx(value * relative, rel=1e-9)


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"diameter_cm": 8.0, "thickness_cm": 0.21}, r"did you mean 8 mm\? Then give 0\.8 cm"),
        ({"diameter_cm": 0.8, "thickness_cm": -0.2}, "-0.2 cm is not above 0"),
        ({"diameter_cm": 0.8, "thickness_cm": 2.1}, r"did you mean 2\.1 mm"),
        ({"diameter_cm": 0.8, "thickness_cm": 1.9}, r"1\.9 cm thick"),
        ({"diameter_cm": float("nan"), "thickness_cm": 0.2}, "nan"),
        ({"diameter_cm": 0.8, "thickness_cm": 0.2, "thickness_std_cm": 0.2}, "uncertainty of 0.2 cm"),
    ],
)
def test_impossible_geometry_is_refused_with_the_value_and_the_remedy(sizes: dict[str, float], told: str):
    with pytest.raises(SettingsError, match=told):
        Pellet(**sizes)


def test_kilohm_taken_for_ohm_is_refused():
    with pytest.raises(SettingsError, match="kilohm"):
        Pellet(diameter_cm=0.8, thickness_cm=0.21).conductivity_mS_per_cm(0.02, 0.001)


def test_diffusivities_by_hand():
    # 0.5 (22 * 0.5 / (96485.33 * 1 * 10))^2 = 6.499e-11
    slope = from_slope(10.0, 1.0, area_cm2=1.0, dE_dx_V=-0.5, molar_volume_cm3_per_mol=22.0)
    assert slope.value_cm2_per_s == pytest.approx(6.499e-11, rel=1e-3)
    assert slope.std_cm2_per_s == pytest.approx(0.2 * slope.value_cm2_per_s)
    # R T / F^2 = 2478.96 / 9.30942e9 = 2.66285e-7; / (1e-3 * 10): 2.66285e-5; squared, halved: 3.5454e-10
    one = from_concentration(10.0, 0.0, area_cm2=1.0, concentration_mol_per_cm3=1e-3, temperature_K=298.15)
    assert one.value_cm2_per_s == pytest.approx(3.5454e-10, rel=1e-3)
    assert from_time(100.0, 0.0, length_cm=1e-3).value_cm2_per_s == pytest.approx(1e-8)
    # two equal electrodes in series measure twice the sigma of each
    both = from_slope(20.0, 2.0, area_cm2=1.0, dE_dx_V=0.5, molar_volume_cm3_per_mol=20.0, electrodes=2)
    alone = from_slope(10.0, 1.0, area_cm2=1.0, dE_dx_V=0.5, molar_volume_cm3_per_mol=20.0)
    assert both.value_cm2_per_s == pytest.approx(alone.value_cm2_per_s, rel=1e-12)
    two = from_concentration(
        20.0, 0.0, area_cm2=1.0, concentration_mol_per_cm3=1e-3, temperature_K=298.15, electrodes=2
    )
    assert two.value_cm2_per_s == pytest.approx(one.value_cm2_per_s, rel=1e-12)
    assert "sigma / 2" in two.formula
    with pytest.raises(SettingsError, match="molar_volume"):
        from_slope(10.0, 1.0, area_cm2=1.0, dE_dx_V=0.5, molar_volume_cm3_per_mol=0.0)
