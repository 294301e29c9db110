"""Cyclic voltammetry held to simulated ones: reversible, quasi-reversible, on a surface, and without a peak."""

from __future__ import annotations

import numpy as np
import pytest

from made_voltammogram import (
    CONCENTRATION_MOL_PER_CM3,
    DIFFUSIVITY_CM2_PER_S,
    as_test,
    diffusing_couple,
    surface_couple,
    triangle,
)
from paddlewheel.lab.cyclic import find_scans
from paddlewheel.lab.reversibility import (
    diffusivity_cm2_per_s,
    judge,
    nicholson_psi,
    rate_constant_cm_per_s,
    thermal_V,
    trend_with_rate,
)
from paddlewheel.lab.voltammetry import find_sweeps
from paddlewheel.records import Measured
from paddlewheel.units import FARADAY_C_PER_MOL

TURNS_V = [-0.3, 0.3, -0.3]


def scans_of(rows, **options):
    return find_scans(find_sweeps(as_test(*rows, **options)))


def couple_of(rows, **options):
    (scan,) = scans_of(rows, **options)
    (couple,) = scan.couples
    return couple


def judged(couple, *, temperature_K=298.15, electrons=1):
    return judge(
        separation_V=couple.separation_V, beyond_peak_V=couple.beyond_peak_V, ratio=couple.ratio,
        half_peak_V=couple.first.half_peak_V, width_V=couple.first.width_V, temperature_K=temperature_K,
        electrons=electrons,
    )  # fmt: skip


def reversible_peak_A(rate_V_per_s, *, electrons=1, temperature_K=298.15):
    """0.4463 n F C sqrt(D v / (RT/nF)) on 1 cm2 (Nicholson and Shain 1964)."""
    scale = electrons * FARADAY_C_PER_MOL * CONCENTRATION_MOL_PER_CM3
    return 0.4463 * scale * np.sqrt(DIFFUSIVITY_CM2_PER_S * rate_V_per_s / thermal_V(temperature_K, electrons))


@pytest.mark.parametrize(
    ("turn_V", "separation_mV"), [(0.2, 58.3), (0.3, 57.8), (0.5, 57.6)], ids=["200 mV", "300 mV", "500 mV"]
)
def test_reversible_couple_is_that_of_nicholson_and_shain(turn_V, separation_mV):
    """Table of separations over the turn; peaks 28.5 mV beside E1/2; a row is 0.5 mV, a peak known to two of them."""
    couple = couple_of(diffusing_couple([-0.3, turn_V, -0.3], rate_V_per_s=0.1))
    assert couple.anodic.potential_V.value == pytest.approx(0.0285, abs=1e-3)
    assert couple.separation_V.value == pytest.approx(1e-3 * separation_mV, abs=1e-3)
    assert couple.half_wave_V.value == pytest.approx(0.0, abs=1e-3)
    assert couple.anodic.current_A.value == pytest.approx(reversible_peak_A(0.1), rel=0.01)  # the foot is tilted
    assert couple.ratio.value == pytest.approx(1.0, abs=0.01)  # the decay comes near 1 / sqrt(t) late
    assert couple.anodic.half_peak_V == pytest.approx(2.20 * thermal_V(298.15, 1), abs=1e-3)
    assert judged(couple).verdict == "reversible"


def test_two_electrons_at_another_temperature_scale_as_thermal_voltage():
    couple = couple_of(diffusing_couple(TURNS_V, rate_V_per_s=0.1, electrons=2, temperature_K=350.0))
    assert couple.separation_V.value == pytest.approx(2.23 * thermal_V(350.0, 2), abs=1e-3)
    expected = reversible_peak_A(0.1, electrons=2, temperature_K=350.0)
    assert couple.anodic.current_A.value == pytest.approx(expected, rel=0.01)
    assert judged(couple, temperature_K=350.0, electrons=2).verdict == "reversible"
    told = judged(couple, temperature_K=350.0)
    assert told.verdict == "unclear"
    assert any("2 e would bring them" in reason for reason in told.reasons)


def test_peaks_of_noisy_scans_are_covered_by_their_intervals():
    """95 % intervals of 12 scans with 1 % of noise: 7 is four binomial errors below."""
    rows = diffusing_couple(TURNS_V, rate_V_per_s=0.1)
    clean, hits = couple_of(rows), np.zeros(3, dtype=int)
    for seed in range(12):
        noisy = couple_of(rows, noise_A=2.5e-6, seed=seed)
        pairs = [(noisy.anodic.potential_V, clean.anodic.potential_V), (noisy.separation_V, clean.separation_V),
                 (noisy.anodic.current_A, clean.anodic.current_A)]  # fmt: skip
        hits += [abs(found.value - truth.value) < 1.96 * found.std for found, truth in pairs]
    assert (hits >= 7).all(), hits


@pytest.mark.parametrize(
    ("psi", "separation_mV", "turn_V"),
    [(4.0, 66.0, 0.141), (1.0, 84.0, 0.141), (0.5, 105.0, 0.141), (0.25, 141.0, 0.3)],
)
def test_quasi_reversible_couple_is_that_of_nicholson(psi, separation_mV, turn_V):
    """His table of 1965, for sweeps that turn 141 mV behind E1/2; the last, whose peak is at 70 mV, turns later."""
    rate = 0.1
    k0 = psi * np.sqrt(np.pi * DIFFUSIVITY_CM2_PER_S * rate / thermal_V(298.15, 1))
    couple = couple_of(diffusing_couple([-0.4, turn_V, -0.4], rate_V_per_s=rate, rate_constant_cm_per_s=k0))
    assert couple.separation_V.value == pytest.approx(1e-3 * separation_mV, abs=2e-3)
    told = judged(couple)
    assert told.verdict == ("reversible" if psi > 3 else "quasi-reversible"), told.reasons
    found = nicholson_psi(couple.separation_V.value, temperature_K=298.15, electrons=1)
    assert found == pytest.approx(psi, rel=0.25 if psi > 2 else 0.1)  # 2 mV are a quarter of psi near 60 mV
    assert rate_constant_cm_per_s(
        psi, diffusivity_cm2_per_s=DIFFUSIVITY_CM2_PER_S, rate_V_per_s=rate, temperature_K=298.15, electrons=1
    ) == pytest.approx(k0, rel=1e-6)  # fmt: skip


def test_very_slow_couple_is_irreversible():
    couple = couple_of(diffusing_couple([-0.6, 0.6, -0.6], rate_V_per_s=0.1, rate_constant_cm_per_s=3e-4), noise_A=1e-7)
    assert couple.separation_V.value > 0.212
    assert judged(couple).verdict == "irreversible"


def test_couple_on_a_surface():
    """Peaks above each other, 3.53 RT/F wide, of n2 F2 v Gamma / 4RT; its charge is F Gamma."""
    (scan,) = scans_of(surface_couple([-0.4, 0.4, -0.4], rate_V_per_s=0.1), noise_A=1e-7)
    (couple,) = scan.couples
    assert couple.separation_V.value == pytest.approx(0.0, abs=3 * couple.separation_V.std)
    assert couple.first.width_V == pytest.approx(0.0906, abs=2e-3)  # two rows and the smoothing
    peak = FARADAY_C_PER_MOL * 1e-9 * 0.1 / (4 * thermal_V(298.15, 1))
    assert couple.anodic.current_A.value == pytest.approx(peak, rel=0.01)
    assert scan.anodic_charge_C.value == pytest.approx(FARADAY_C_PER_MOL * 1e-9, rel=2e-3)
    assert scan.cathodic_charge_C.value == pytest.approx(-FARADAY_C_PER_MOL * 1e-9, rel=2e-3)
    assert judged(couple).verdict == "surface"


@pytest.mark.parametrize("noise_A", [0.0, 1e-5])
def test_resistance_has_no_peak(noise_A):
    time, voltage = triangle(TURNS_V, rate_V_per_s=0.1)
    (scan,) = scans_of((time, voltage, voltage / 100), noise_A=noise_A)
    assert scan.peaks == ()
    assert scan.resistance_ohm is not None
    assert scan.resistance_ohm.value == pytest.approx(100.0, rel=2e-3)


@pytest.mark.parametrize("noise_A", [0.0, 1e-7])
def test_capacitance_has_no_peak_and_comes_from_the_branches(noise_A):
    """100 uF at 0.1 V/s: 10 uA forth and back, charging over a resistance with 0.1 s at each turn."""
    time, voltage = triangle(TURNS_V, rate_V_per_s=0.1)
    since = np.where(time < 6, time, time - 6)
    current = np.where(time < 6, 1e-5 * (1 - np.exp(-since / 0.1)), -1e-5 * (1 - 2 * np.exp(-since / 0.1)))
    (scan,) = scans_of((time, voltage, current), noise_A=noise_A)
    assert scan.peaks == ()
    assert scan.resistance_ohm is None
    assert scan.capacitance_F is not None
    assert not scan.capacitance_is_bound
    assert scan.capacitance_F.value == pytest.approx(1e-4, abs=3 * scan.capacitance_F.std + 1e-7)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", ["kink", "onset"])
def test_noisy_onsets_and_kinks_are_no_peaks(shape, seed):
    """Bumps of the noise stood out of a slope in 6 of 18 such sweeps."""
    time, voltage = triangle([2.5, 4.5, 2.5], rate_V_per_s=1e-3, step_V=2e-3)
    way = np.sign(np.gradient(voltage))
    rises = {"kink": 1e-5 * np.maximum(voltage - 3.8, 0) + 1e-6 * way, "onset": 1e-7 * np.exp((voltage - 4.3) / 0.06)}
    (scan,) = scans_of((time, voltage, rises[shape]), noise_A=3e-7, seed=seed)
    assert scan.peaks == ()


def test_leak_beside_a_couple_changes_no_peak():
    time, voltage, current = diffusing_couple(TURNS_V, rate_V_per_s=0.1)
    clean = couple_of((time, voltage, current))
    leaking = couple_of((time, voltage, current + voltage / 2000 + 1e-5))
    assert leaking.separation_V.value == pytest.approx(clean.separation_V.value, abs=1e-3)
    assert leaking.ratio.value == pytest.approx(clean.ratio.value, abs=0.02)


def test_scans_are_told_apart_by_the_turns():
    """From rest at -0.2 V down, then five full sweeps: three scans, the last without its return."""
    rows = diffusing_couple([-0.2, -0.4, 0.3, -0.4, 0.3, -0.4, 0.3], rate_V_per_s=0.1)
    scans = scans_of(rows, noise_A=1e-6)
    assert [len(scan.sweeps) for scan in scans] == [3, 2, 1]
    assert [scan.complete for scan in scans] == [True, True, False]
    assert scans[0].sweeps[0].direction == "reduction"
    for scan in scans[:2]:
        (couple,) = scan.couples
        assert couple.ratio.value == pytest.approx(1.0, abs=0.06)  # what the first scan left is beside the second
        assert couple.separation_V.value == pytest.approx(0.0578, abs=2e-3)
    assert scans[2].couples == ()
    assert len(scans[2].peaks) == 1


def test_peaks_over_the_rate_give_exponent_and_diffusivity():
    """Sampled at four rates: b = 1/2 and D of diffusion, b = 1 of a surface."""
    rates = (0.02, 0.05, 0.1, 0.2)
    for simulate, exponent, told in ((diffusing_couple, 0.5, "of diffusion"), (surface_couple, 1.0, "of the surface")):
        peaks = [couple_of(simulate(TURNS_V, rate_V_per_s=rate)).anodic.current_A for rate in rates]
        trend = trend_with_rate(rates, peaks)
        assert trend is not None
        assert trend.exponent.value == pytest.approx(exponent, abs=0.01)
        assert trend.n_rates == 4
        assert trend.told == told
        if exponent == 0.5:
            found = diffusivity_cm2_per_s(
                trend.slope_A_per_root_V_per_s, area_cm2=Measured(value=1.0, std=0.0), concentration_mol_per_L=1e-3,
                temperature_K=298.15, electrons=1,
            )  # fmt: skip
            assert found.value == pytest.approx(DIFFUSIVITY_CM2_PER_S, rel=0.02)
    assert trend_with_rate([0.1, 0.1], [Measured(value=1.0, std=0.1)] * 2) is None
