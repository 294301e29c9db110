"""Fits, intervals and the choice of a circuit against circuits that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.choice import choose_circuit
from paddlewheel.lab.eis.circuit import Circuit
from paddlewheel.lab.eis.fit import fit_circuit, weigh
from paddlewheel.lab.eis.intervals import profile_intervals
from paddlewheel.lab.eis.synthetic import KINDS, random_spectrum


@pytest.mark.parametrize("kind", KINDS)
def test_noiseless_spectra_give_their_parameters_back(kind: str):
    truth = random_spectrum(np.random.default_rng(7), kind=kind, noise=0.0)
    fit = fit_circuit(truth.circuit, weigh(truth.frequency_Hz, truth.impedance_ohm))
    for name, value in truth.values.items():
        # the search ends where a step gains less than 1e-9 of chi2
        assert fit.value(name) == pytest.approx(value, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(factor=st.floats(1e-4, 1e4), stretch=st.floats(1e-3, 1e3))
def test_a_change_of_units_changes_nothing_else(factor: float, stretch: float):
    truth = random_spectrum(np.random.default_rng(3), kind="R-RQ-RQ")
    plain = fit_circuit(truth.circuit, weigh(truth.frequency_Hz, truth.impedance_ohm))
    scaled = fit_circuit(truth.circuit, weigh(truth.frequency_Hz * stretch, truth.impedance_ohm * factor))
    assert scaled.chi2 == pytest.approx(plain.chi2, rel=1e-6)
    assert scaled.value("R2_ohm") == pytest.approx(factor * plain.value("R2_ohm"), rel=1e-4)
    assert scaled.value("tau1_s") == pytest.approx(plain.value("tau1_s") / stretch, rel=1e-4)
    assert scaled.std("n1") == pytest.approx(plain.std("n1"), rel=1e-3)


def test_interval_of_a_resistor_is_students():
    random = np.random.default_rng(5)
    frequency = np.geomspace(1e5, 1, 40)
    z = 100 + random.normal(size=40) + 1j * random.normal(size=40)
    data = weigh(frequency, z, weighting="unit")
    fit = fit_circuit(Circuit(resistor=True), data)
    mean = z.real.mean()
    variance = (np.sum((z.real - mean) ** 2) + np.sum(z.imag**2)) / 79
    half = stdtrit(79, 0.975) * np.sqrt(variance / 40)
    low, high = profile_intervals(fit, data)["R_ohm"]
    # chi2 is exactly quadratic in R: the profile ends are mean +- t s / sqrt(n), found to 2 % of the half width
    assert fit.value("R_ohm") == pytest.approx(mean, rel=1e-6)
    assert low == pytest.approx(mean - half, abs=0.03 * half)
    assert high == pytest.approx(mean + half, abs=0.03 * half)


def test_authors_parameters_are_found_without_starts(shared: Path):
    lines = (shared / "data/lab/eis/EIS_Data_Example-3-4_s04147-140deg.txt").read_text().splitlines()[3:]
    rows = np.array([[float(x) for x in line.split()] for line in lines if line.strip()])
    fit = fit_circuit(Circuit.parse("RQ-RQ-CPE"), weigh(rows[:, 0], rows[:, 1] + 1j * rows[:, 2]))
    assert fit.chi2 == pytest.approx(7.332255e-3, rel=1e-5)
    # value and error as the report prints them: four and three figures
    assert fit.value("R1_ohm") == pytest.approx(1.462e5, rel=5e-4)
    assert fit.std("R1_ohm") == pytest.approx(1.250e4, rel=5e-3)
    assert fit.value("R2_ohm") == pytest.approx(2.012e6, rel=5e-4)
    assert fit.std("R2_ohm") == pytest.approx(1.658e4, rel=5e-3)
    assert fit.value("tau1_s") ** fit.value("n1") / fit.value("R1_ohm") == pytest.approx(6.515e-11, rel=1e-3)
    assert fit.value("tail_n") == pytest.approx(0.5442, rel=1e-3)


def test_too_few_points_are_refused():
    with pytest.raises(DataError, match="3 points for the 7 parameters"):
        fit_circuit(Circuit.parse("R-RQ-RQ"), weigh(np.array([3.0, 2.0, 1.0]), np.array([1, 2 - 1j, 3])))


def test_circuits_are_found_and_their_intervals_hold():
    """The 300 of benchmarks/eis_synthetic.py in small: 16 draws, two of each kind."""
    random = np.random.default_rng(20)
    right, inside, parameters = 0, 0, 0
    for kind in KINDS * 2:
        truth = random_spectrum(random, kind=kind)
        data = weigh(truth.frequency_Hz, truth.impedance_ohm)
        choice = choose_circuit([data])
        if choice.chosen.circuit != truth.circuit:
            continue
        right += 1
        for name, (low, high) in profile_intervals(choice.chosen.fits[0], data).items():
            inside += (low or 0.0) <= truth.values[name] <= (high or np.inf)
            parameters += 1
    assert right >= 14
    # 16 spectra have some 80 parameters: 95 % of them are 76 +- 2 (and correlated within a spectrum)
    assert inside / parameters >= 0.85
