"""Relaxation times, readings, roles, geometry, diffusivity and growth."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.assignment import asked_roles, assign_roles, place_of, resistances
from paddlewheel.lab.eis.choice import choose_circuit, inflation, neighbour_correlation
from paddlewheel.lab.eis.circuit import Circuit, impedance
from paddlewheel.lab.eis.diffusion import from_concentration, from_slope, from_time
from paddlewheel.lab.eis.fit import fit_circuit, weigh
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.readings import read_resistances
from paddlewheel.lab.eis.relaxation_times import relaxation_times
from paddlewheel.lab.eis.synthetic import CELLS, random_cell
from paddlewheel.lab.eis.total import judge_total

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
    data = _noisy("L-R-RQ-CPE", {"R_ohm": 40.0, "L_H": 1e-6, "R1_ohm": 100.0, "tau1_s": 4e-5, "n1": 0.98,
                                 "tail_ohm": 0.5, "tail_n": 0.9}, noise=1e-4)  # fmt: skip
    sheet = Pellet(diameter_cm=5.0, thickness_cm=0.1)  # the arc has 0.02 uF/cm2
    read = {one.method: one.resistance_ohm for one in read_resistances(data, relaxation_times(data), sheet)}
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
        # a film of 0.5 uF about 10 uF of a charge transfer: neither counts
        ("R-RRQQ", {"R_ohm": 100.0, "outer_ohm": 200.0, "outer_tau_s": 1e-4, "outer_n": 0.9,
                    "inner_ohm": 300.0, "inner_tau_s": 3e-3, "inner_n": 0.9},
         {"R_ohm": "electrolyte", "outer_ohm": "interface", "inner_ohm": "interface"}),
        # 10 pF about 1 nF: both are of the volume
        ("RRQQ", {"outer_ohm": 1e5, "outer_tau_s": 1e-6, "outer_n": 0.95,
                  "inner_ohm": 2e5, "inner_tau_s": 2e-4, "inner_n": 0.95},
         {"outer_ohm": "bulk", "inner_ohm": "grain_boundary"}),
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


THIN = Pellet(diameter_cm=0.8, thickness_cm=0.04)


@pytest.mark.parametrize(
    ("capacitance_F", "pellet", "bulk_F", "place"),
    [
        # 12.57 1/(cm) of A/L: a permittivity of 25, of 7200 (300 times the bulk's), and 1.5 uF/cm2
        (2.8e-11, THIN, None, "volume"),
        (8.0e-9, THIN, 2.8e-11, "volume"),
        (7.5e-7, THIN, 2.8e-11, "electrode"),
        # 0.2 uF/cm2 in 0.4 mm is a permittivity of 9e4: grain boundaries of a bulk of 90, but not of one of 25
        (1.0e-7, THIN, None, "unclear"),
        (1.0e-7, THIN, 2.8e-11, "electrode"),
        # the same 0.2 uF/cm2 in 3 mm is a permittivity of 7e5, which nothing in a volume has
        (1.0e-7, Pellet(diameter_cm=0.8, thickness_cm=0.3), None, "electrode"),
    ],
)
def test_what_is_at_an_electrode_has_a_capacitance_per_area(
    capacitance_F: float, pellet: Pellet, bulk_F: float | None, place: str
):
    assert place_of(capacitance_F, pellet, bulk_F=bulk_F) == place


def _judged(name: str, values: dict[str, float], pellet: Pellet, *, circuit: str = "", noise: float = 0.002):
    data = _noisy(name, values, noise)
    fit = fit_circuit(Circuit.parse(circuit or name), data)
    roles = assign_roles([fit], pellet)
    return roles, judge_total(
        fit, data, roles, read_resistances(data, relaxation_times(data), pellet), pellet=pellet
    ), fit, data  # fmt: skip


def test_arc_of_a_blocking_electrode_is_no_grain_boundary():
    """1e8 ohm beside 1 uF/cm2 in 0.5 mm: C L / A is 5e-8 F/cm, and sigma came out five decades low."""
    pellet = Pellet(diameter_cm=1.0, thickness_cm=0.05)
    values = {"R1_ohm": 1000.0, "tau1_s": 1000.0 * 2e-9, "n1": 0.95,
              "R2_ohm": 1e8, "tau2_s": 1e8 * 0.785e-6, "n2": 0.97}  # fmt: skip
    roles, total, _, _ = _judged("RQ-RQ", values, pellet)
    assert roles == {"R1_ohm": "electrolyte", "R2_ohm": "interface"}
    assert total.resistance is not None
    assert total.resistance.value_ohm == pytest.approx(1000.0, rel=0.02)


def test_arc_that_may_be_either_gives_no_total_but_both_numbers():
    values = {"R_ohm": 300.0, "R1_ohm": 900.0, "tau1_s": 9e-5, "n1": 0.95}
    roles, total, fit, data = _judged("R-RQ", values, THIN)
    assert roles["R1_ohm"] == "unclear"
    assert total.resistance is None
    assert total.refused is not None
    assert re.search(r"\b(29\d|30\d)(\.\d)? ohm without and 1(19\d|20\d) ohm with", total.refused)
    assert "--electrolyte" in total.refused
    said = asked_roles(roles, ["R", "R1"])
    both = judge_total(fit, data, said, [], pellet=THIN, asked=True)
    assert both.resistance is not None
    assert both.resistance.value_ohm == pytest.approx(1200.0, rel=0.02)
    with pytest.raises(SettingsError, match="R7"):
        asked_roles(roles, ["R7"])


def test_flank_of_the_bulk_arc_is_no_blocking_electrode():
    """1e12 ohm of permittivity 20: above 0.1 Hz only the flank is seen, and no end of the electrolyte."""
    pellet = Pellet(diameter_cm=0.8, thickness_cm=0.1)
    values = {"R_ohm": 100.0, "tail_ohm": 1 / (2 * np.pi * 316 * 9e-12), "tail_n": 0.98}
    _, total, _, _ = _judged("R-CPE", values, pellet)
    assert total.resistance is None
    assert total.refused is not None
    assert "lower frequencies" in total.refused


def test_total_that_the_eye_does_not_see_is_refused_with_both_numbers():
    """Asked for as one arc, bulk and electrode give 23 kohm; the minimum of -Z'' stands at 1 kohm."""
    values = {"R_ohm": 1.0, "R1_ohm": 1000.0, "tau1_s": 1e-5, "n1": 0.95, "R2_ohm": 3e4, "tau2_s": 3e-2, "n2": 0.95}
    data = _noisy("R-RQ-RQ", values)
    fit = fit_circuit(Circuit.parse("R-RQ"), data)
    readings = read_resistances(data, relaxation_times(data), Pellet(diameter_cm=1.128, thickness_cm=0.1))
    by_method = {one.method: one.resistance_ohm for one in readings}
    assert by_method["lowest-imaginary"] == pytest.approx(1000.0, rel=0.1)
    total = judge_total(fit, data, {"R_ohm": "bulk", "R1_ohm": "grain_boundary"}, readings)
    assert total.resistance is None
    assert total.refused is not None
    assert re.search(r"circuit says \d\.?\d*e\+04 ohm", total.refused)
    assert re.search(r"without one (9\d\d|10\d\d)", total.refused)


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


def _fault(shared: Path, name: str, *, sign: int = 1):
    """A spectrum of the faults' folder; `sign` -1 where its third column is -Z''."""
    rows = np.loadtxt(shared / "data" / "faults" / "lab" / name, delimiter=",", skiprows=1)
    return weigh(rows[:, 0], rows[:, 1] + 1j * sign * rows[:, 2])


def _told(data, pellet: Pellet | None = None):
    """The fit that is chosen, its roles and what is said of the total."""
    choice = choose_circuit([data], pellet=pellet)
    fit = choice.chosen.fits[0]
    roles = assign_roles([fit], pellet)
    total = judge_total(
        fit,
        data,
        roles,
        read_resistances(data, relaxation_times(data), pellet),
        pellet=pellet,
        inflation=inflation(neighbour_correlation(fit)),
        rivals=choice.rivals(),
    )
    return fit, roles, total


def test_thin_pellet_of_the_faults(shared: Path):
    """5 + 240 + 820 ohm, then a charge transfer of 22 kohm at 1.5 uF/cm2."""
    _, roles, total = _told(_fault(shared, "thin_pellet.csv"), THIN)
    assert "interface" in roles.values()
    assert total.resistance is not None
    assert total.resistance.value_ohm == pytest.approx(1065, rel=0.005)  # noise of 1 % on some thirty points
    assert THIN.conductivity_mS_per_cm(total.resistance.value_ohm, 0.0)[0] == pytest.approx(0.0747, rel=0.005)


def test_inductive_loop_of_the_faults_is_a_negative_arc(shared: Path):
    """0.05 ohm, an arc of 0.1 ohm, and a loop of -0.02 ohm: the low end stands at 0.13 ohm."""
    fit, roles, total = _told(_fault(shared, "drt12_loop.csv", sign=-1))
    assert fit.circuit.name == "R-RQ-nRQ"
    assert roles["loop_ohm"] == "inductive"
    assert fit.value("loop_ohm") == pytest.approx(0.02, rel=0.05)
    assert total.resistance is not None
    assert total.resistance.value_ohm == pytest.approx(0.05, rel=0.005)
    assert np.sqrt(fit.chi2 / 2 / len(fit.residual)) < 0.003  # the noise; 2.9 % without the loop


def test_resistor_beside_an_inductor_of_the_faults_is_no_part_of_the_electrolyte(shared: Path):
    fit, roles, total = _told(_fault(shared, "imp276_LR.csv", sign=-1))
    assert fit.circuit.name == "RL-R-RQ"
    assert roles["coil_ohm"] == "inductive"
    assert total.resistance is not None
    assert abs(total.resistance.value_ohm - 0.012) < 3 * total.resistance.std_ohm
    assert total.resistance.std_ohm < 1e-4  # 12.96 +- 0.21 mohm before


@pytest.mark.parametrize("kind", CELLS)
def test_total_of_drawn_cells_is_theirs(kind: str):
    """A drawn cell of each kind, of another seed than the benchmark's."""
    cell = random_cell(np.random.default_rng(7), kind=kind)
    _, _, total = _told(weigh(cell.frequency_Hz, cell.impedance_ohm), cell.pellet)
    assert total.resistance is not None
    assert total.resistance.value_ohm == pytest.approx(cell.total_ohm, rel=0.1)
    assert abs(total.resistance.value_ohm - cell.total_ohm) < 4 * total.resistance.std_ohm


def _drawn(kind: str, number: int):
    """The cell of that number of seed 7."""
    random = np.random.default_rng(7)
    for _ in range(number):
        random_cell(random, kind=kind)
    return random_cell(random, kind=kind)


@pytest.mark.parametrize("number", [3, 13])
def test_film_about_a_charge_transfer_leaves_the_total_alone(number: int):
    """As arcs in series the totals were 5.7 and 8.1 % low, with errors of 0.9 and 2.6 %."""
    cell = _drawn("nested-arcs", number)
    fit, _, total = _told(weigh(cell.frequency_Hz, cell.impedance_ohm), cell.pellet)
    assert fit.circuit.name == "RQ-RQ-RRQQ"
    assert total.resistance is not None
    assert abs(total.resistance.value_ohm - cell.total_ohm) < 3 * total.resistance.std_ohm
    assert total.resistance.value_ohm == pytest.approx(cell.total_ohm, rel=0.02)


@pytest.mark.parametrize(("number", "kind"), [(32, "nested-arcs"), (47, "inductive-leads")])
def test_what_looked_like_another_circuit_leaves_the_total_alone(number: int, kind: str):
    """Draws of the benchmark.

    No start of the grid led to the nested arcs: a diffusion path was taken for them, and the total 5.8 % low, said to
    0.3 %. The leads turn within the arc of the grain boundaries: 6.8 % high.
    """
    random = np.random.default_rng(2026)
    for k in range(number):
        random_cell(random, kind=CELLS[k % len(CELLS)])
    cell = random_cell(random, kind=kind)
    _, _, total = _told(weigh(cell.frequency_Hz, cell.impedance_ohm), cell.pellet)
    assert total.resistance is not None
    assert abs(total.resistance.value_ohm - cell.total_ohm) < 3 * total.resistance.std_ohm
    assert total.resistance.value_ohm == pytest.approx(cell.total_ohm, rel=0.03)


def test_film_that_cannot_be_told_from_arcs_in_series_counts_in_the_error():
    """Series and nested arcs differ by less than noise; where the total stands by one its error knows of the other."""
    cell = _drawn("nested-arcs", 9)
    data = weigh(cell.frequency_Hz, cell.impedance_ohm)
    choice = choose_circuit([data], pellet=cell.pellet)
    fit = choice.chosen.fits[0]
    assert fit.circuit.name == "R-RQ-RQ-RQ"
    rivals = choice.rivals()
    assert "R-RQ-RRQQ" in {rival.fit.circuit.name for rival in rivals}
    roles = assign_roles([fit], cell.pellet)
    alone, beside = (judge_total(fit, data, roles, [], pellet=cell.pellet, rivals=each) for each in ([], rivals))
    assert alone.resistance is not None
    assert beside.resistance is not None
    assert beside.resistance.std_ohm > alone.resistance.std_ohm
    assert abs(beside.resistance.value_ohm - cell.total_ohm) < 2 * beside.resistance.std_ohm


def test_no_arc_of_the_volume_is_chosen_about_one_of_an_electrode():
    """Grain boundaries and a charge transfer in series, n = 1: the nested circuit has the same impedance."""
    values = {"R_ohm": 100.0, "R1_ohm": 200.0, "tau1_s": 2e-6, "n1": 1.0,
              "R2_ohm": 300.0, "tau2_s": 3e-3, "n2": 1.0}  # fmt: skip
    choice = choose_circuit([_noisy("R-RQ-RQ", values)])
    assert choice.chosen.circuit.name == "R-RQ-RQ"
    assert "R-RRQQ" not in {candidate.circuit.name for candidate in choice.candidates}


def test_resistor_behind_leads_is_looked_for():
    """A bulk too fast to be seen, and leads: without the resistor the total was 0.8 % high, by 4.4 errors."""
    cell = _drawn("inductive-leads", 8)
    fit, _, total = _told(weigh(cell.frequency_Hz, cell.impedance_ohm), cell.pellet)
    assert fit.circuit.name == "RL-R-RQ-RQ"
    assert total.resistance is not None
    assert total.resistance.value_ohm == pytest.approx(cell.total_ohm, rel=0.005)
