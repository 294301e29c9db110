"""DC polarization and voltammetry: known currents, conductivities, transference numbers and onsets come back."""

from __future__ import annotations

import numpy as np
import pytest
from uncertainties import ufloat

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.geometry import deviation, nominal
from paddlewheel.lab.ohmic import (
    bruce_vincent,
    conductivity_S_per_cm,
    first_current_A,
    fit_hebb_wagner,
    fit_ohmic_line,
    transference_number,
    watanabe,
)
from paddlewheel.lab.onset import find_onset
from paddlewheel.lab.polarization import find_holds
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.voltammetry import corrected_voltage_V, find_sweeps
from paddlewheel.units import BOLTZMANN_eV_PER_K


def polarization(steady_A, *, voltages_V=(0.5,), decay=None, length_s=18000.0, step_s=10.0, noise_A=0.0, seed=0):
    """Holds whose steady current is `steady_A(voltage)`; `decay(t)` is what comes on top, over the steady current."""
    rng = np.random.default_rng(seed)
    t = np.arange(0.0, length_s, step_s)
    falling = (lambda t: 9 * np.exp(-t / 300)) if decay is None else decay
    current = np.concatenate([steady_A(v) * (1 + falling(t)) for v in voltages_V])
    return CellTest(
        time_s=np.concatenate([t + k * length_s for k in range(len(voltages_V))]),
        voltage_V=np.repeat(voltages_V, len(t)).astype(float),
        current_A=current + rng.normal(0, noise_A, len(current)),
        source="dc.csv",
    )


def test_electronic_conductivity_of_known_current():
    """1 nA at 0.5 V through 0.1 cm over 0.785 cm2 is 2.546e-10 S/cm; an offset of the instrument is not in it."""
    test = polarization(lambda v: 2e-9 * v + 3e-11, voltages_V=(0.1, 0.3, 0.5))
    line = fit_ohmic_line(find_holds(test))
    sigma = conductivity_S_per_cm(line.conductance_S, thickness_cm=ufloat(0.1, 0.002), area_cm2=np.pi / 4)
    assert nominal(sigma) == pytest.approx(2e-9 * 0.1 / (np.pi / 4), rel=1e-4)
    assert deviation(sigma) == pytest.approx(0.02 * nominal(sigma), rel=1e-2)  # the thickness, 2 %
    assert nominal(line.offset_A) == pytest.approx(3e-11, rel=1e-2)
    assert nominal(transference_number(4.6e-3, sigma)) == pytest.approx(1 - nominal(sigma) / 4.6e-3, rel=1e-6)


@pytest.mark.parametrize(
    "decay",
    [
        lambda t: 9 * np.exp(-t / 600),
        lambda t: 300 * np.exp(-t / 15) + 12 * np.exp(-t / 600),  # the first over within two rows
        lambda t: 0 * t,
    ],
    ids=["one decay", "fast and slow", "none"],
)
def test_steady_currents_are_covered_by_their_intervals(decay):
    """95 % intervals of 80 noisy holds: 91 to 98 % would be 73 to 79; bounds at three binomial errors below."""
    covered = 0
    for seed in range(80):
        (hold,) = find_holds(polarization(lambda v: 1e-8, decay=decay, noise_A=2e-10, seed=seed))
        assert hold.steady, hold.reason
        covered += abs(nominal(hold.steady_A) - 1e-8) < 1.96 * deviation(hold.steady_A)
    assert covered >= 69


def test_hold_that_still_falls_is_not_steady():
    (slow,) = find_holds(polarization(lambda v: 1e-8, decay=lambda t: 3 * np.exp(-t / 9000), noise_A=1e-10))
    assert not slow.steady
    assert "still decays" in slow.reason
    (diffusive,) = find_holds(polarization(lambda v: 1e-8, decay=lambda t: 30 / np.sqrt(1 + t / 10), noise_A=2e-11))
    assert not diffusive.steady


def test_rests_sweeps_and_short_stretches_are_no_holds():
    test = polarization(lambda v: 1e-8)
    with pytest.raises(DataError, match="no stretch of 40 rows"):
        find_holds(CellTest(time_s=test.time_s, voltage_V=np.linspace(0, 1, len(test)), current_A=test.current_A))
    with pytest.raises(DataError, match="no stretch"):
        find_holds(CellTest(time_s=np.arange(20.0), voltage_V=np.full(20, 0.1), current_A=np.ones(20)))
    with pytest.raises(DataError, match="clock goes back"):
        find_holds(CellTest(time_s=test.time_s[::-1], voltage_V=test.voltage_V, current_A=test.current_A))


def test_electrons_and_holes_of_known_conductance():
    """Hebb and Wagner at 600 K; the truth is the equation itself."""
    kT = BOLTZMANN_eV_PER_K * 600
    electrons, holes = 1e-8, 1e-13

    def current(v):
        return kT * (electrons * -np.expm1(-v / kT) + holes * np.expm1(v / kT))

    test = polarization(current, voltages_V=(0.1, 0.2, 0.3, 0.4, 0.5), noise_A=1e-12)
    found = fit_hebb_wagner(find_holds(test), temperature_K=600, blocking="working")
    assert found is not None
    assert nominal(found.electrons_S) == pytest.approx(electrons, abs=4 * deviation(found.electrons_S))
    assert nominal(found.holes_S) == pytest.approx(holes, abs=4 * deviation(found.holes_S))
    assert deviation(found.holes_S) < 0.05 * holes
    assert fit_ohmic_line(find_holds(test)).straight is False  # this current is not ohmic, and the line says so


def test_swapped_leads_give_the_same_electrons_and_holes():
    """Voltage and current against the other electrode have the other sign; the cell is the same.

    Taken the other way round the current is -kT [n (exp(u) - 1) + p (1 - exp(-u))] of the same n and p: electrons and
    holes in turn, without a sign of it in the fit.
    """
    kT = BOLTZMANN_eV_PER_K * 600
    electrons, holes = 1e-8, 1e-13
    test = polarization(
        lambda v: -kT * (electrons * -np.expm1(v / kT) + holes * np.expm1(-v / kT)),
        voltages_V=(-0.1, -0.2, -0.3, -0.4, -0.5), noise_A=1e-12,
    )  # fmt: skip
    found = fit_hebb_wagner(find_holds(test), temperature_K=600, blocking="counter")
    assert found is not None
    assert nominal(found.electrons_S) == pytest.approx(electrons, abs=4 * deviation(found.electrons_S))
    assert nominal(found.holes_S) == pytest.approx(holes, abs=4 * deviation(found.holes_S))
    steady = np.array([nominal(hold.steady_A) for hold in find_holds(test)])
    assert found.current_A(np.array([-0.1, -0.2, -0.3, -0.4, -0.5])) == pytest.approx(steady, rel=1e-2)
    wrong = fit_hebb_wagner(find_holds(test), temperature_K=600, blocking="working")
    assert wrong is not None
    assert nominal(wrong.electrons_S) == pytest.approx(nominal(found.holes_S), rel=1e-9)
    assert nominal(wrong.holes_S) == pytest.approx(nominal(found.electrons_S), rel=1e-9)


def test_first_current_of_the_resistances_makes_both_transference_numbers_one():
    """(V - I0 R0) / I0 = Rb where I0 = V / (Rb + R0): algebra."""
    bulk, before, after, steady, voltage = 80.0, 30.0, 45.0, 3.1e-5, 0.01
    first = first_current_A(voltage_V=voltage, bulk_resistance_ohm=bulk, initial_resistance_ohm=before)
    given = {"voltage_V": voltage, "steady_A": steady, "steady_resistance_ohm": after}
    number = bruce_vincent(initial_A=first, initial_resistance_ohm=before, **given)
    assert number == pytest.approx(watanabe(bulk_resistance_ohm=bulk, **given), rel=1e-12)


def test_transference_of_known_cell():
    """A cell of t+ = 0.4: I0 = V / (R_bulk + R_i), I_s = V / (R_bulk / t+ + R_i), so both formulas give 0.4."""
    bulk, interface, number, voltage = 80.0, 30.0, 0.4, 0.01
    initial, steady = voltage / (bulk + interface), voltage / (bulk / number + interface)
    given = {"voltage_V": voltage, "steady_A": steady, "steady_resistance_ohm": interface}
    assert nominal(watanabe(bulk_resistance_ohm=bulk, **given)) == pytest.approx(number, rel=1e-12)
    # Bruce and Vincent's initial current is that of the whole of the ions
    assert nominal(bruce_vincent(initial_A=initial, initial_resistance_ohm=interface, **given)) == pytest.approx(
        number, rel=1e-12
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"steady_A": 2e-4}, "take more than"), ({"initial_A": -1e-4}, "-0.0001"), ({"initial_A": 1e-5}, r"t\+ = ")],
)
def test_impossible_transference_is_refused(changed, message):
    given = {
        "voltage_V": 0.01, "initial_A": 9e-5, "steady_A": 4e-5, "initial_resistance_ohm": 30.0,
        "steady_resistance_ohm": 100.0,
    }  # fmt: skip
    with pytest.raises(SettingsError, match=message):
        bruce_vincent(**(given | changed))


def rise(voltage_V, *, onset_V=3.6, slope=60.0, rounding_V=1e-4, background=0.3):
    """A background and a rise that is straight from `onset_V` on."""
    x = (voltage_V - onset_V) / rounding_V
    return background + slope * rounding_V * np.logaddexp(0.0, x)


@pytest.mark.parametrize("way", [1.0, -1.0], ids=["oxidation", "reduction"])
def test_onsets_of_a_straight_rise(way):
    """The tangent of a straight rise meets the background at its foot; 6 uA/cm2 are reached 0.1 V after it."""
    voltage = np.linspace(2.5, 4.5, 500)
    found = find_onset(way * voltage, way * rise(voltage), way=way, thresholds=(6.0,))
    (threshold,) = found.thresholds_V
    assert found.tangent_V is not None
    assert threshold is not None
    spacing = 2.0 / 499
    assert way * found.tangent_V.value == pytest.approx(3.6, abs=spacing)
    assert way * threshold.value == pytest.approx(3.7, abs=spacing)


def test_onsets_of_noisy_sweeps_are_covered():
    """95 % intervals of 25 sweeps against the onsets of the same curve without noise: three binomial errors below."""
    voltage, covered = np.linspace(2.5, 4.5, 600), np.zeros(3, dtype=int)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        clean = rise(voltage, onset_V=rng.uniform(3.4, 4.0), rounding_V=rng.uniform(0.02, 0.06)) + 0.2 * voltage
        truth, noisy = (
            find_onset(voltage, one, way=1.0, thresholds=(1.0, 10.0))
            for one in (clean, clean + rng.normal(0, 0.3, len(voltage)))
        )
        pairs = zip((truth.tangent_V, *truth.thresholds_V), (noisy.tangent_V, *noisy.thresholds_V), strict=True)
        covered += [abs(a.value - b.value) < 1.96 * b.std for a, b in pairs]
    assert (covered >= 20).all(), covered


def test_flat_sweep_has_no_onset_and_says_why():
    voltage = np.linspace(2.5, 4.5, 500)
    flat = 0.3 + np.random.default_rng(0).normal(0, 0.05, 500)
    found = find_onset(voltage, flat, way=1.0, thresholds=(10.0,))
    assert found.tangent_V is None
    assert found.thresholds_V == (None,)
    assert "no rise" in found.reason
    with pytest.raises(SettingsError, match="-1"):
        find_onset(voltage, flat, way=1.0, thresholds=(-1.0,))


def test_cyclic_voltammetry_is_cut_into_its_sweeps():
    up = np.linspace(1.0, 4.0, 400)
    voltage = np.concatenate([up, up[::-1], up])
    test = CellTest(time_s=np.arange(1200) * 75.0, voltage_V=voltage, current_A=np.full(1200, 1e-6), source="cv.mpt")
    sweeps = find_sweeps(test)
    assert [one.direction for one in sweeps] == ["oxidation", "reduction", "oxidation"]
    assert sweeps[0].rate_mV_per_s == pytest.approx(0.1, rel=1e-2)
    with pytest.raises(DataError, match="no sweep"):
        find_sweeps(CellTest(time_s=np.arange(100.0), voltage_V=np.full(100, 1.0), current_A=np.zeros(100)))


def test_ohmic_drop_is_taken_off_and_one_that_is_too_large_refused():
    voltage = np.linspace(2.5, 4.5, 400)
    test = CellTest(time_s=np.arange(400) * 50.0, voltage_V=voltage, current_A=(voltage - 2.5) * 1e-3, source="x")
    (sweep,) = find_sweeps(test)
    corrected = corrected_voltage_V(sweep, 100.0)
    assert corrected[-1] == pytest.approx(sweep.voltage_V[-1] - 0.1 * (sweep.voltage_V[-1] - 2.5), rel=1e-9)
    with pytest.raises(SettingsError, match="turn the sweep back"):
        corrected_voltage_V(sweep, 2000.0)
