"""Relaxation times with their band, signed and beside a blocking electrode, and Z-HIT, against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.lab.eis.circuit import Circuit, impedance
from paddlewheel.lab.eis.fit import weigh
from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.relaxation_times import relaxation_times
from paddlewheel.lab.eis.z_hit import z_hit

FREQUENCY_HZ = np.geomspace(1e6, 0.1, 71)
OMEGA = 2 * np.pi * FREQUENCY_HZ


def _data(name: str, values: dict[str, float], *, seed: int = 0, noise: float = 0.003, drift: float = 0.0) -> Weighted:
    z = impedance(Circuit.parse(name), values, FREQUENCY_HZ) * (1 + drift * np.linspace(0, 1, len(FREQUENCY_HZ)))
    random = np.random.default_rng(seed)
    scatter = random.normal(size=len(z)) + 1j * random.normal(size=len(z))
    return weigh(FREQUENCY_HZ, z + noise * np.abs(z) * scatter)


def _cole_cole(tau: np.ndarray, r: float, tau_0: float, n: float) -> np.ndarray:
    """Of R / (1 + (i w tau)^n) per unit of ln tau (Cole and Cole, doi 10.1063/1.1750906)."""
    return r / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * np.log(tau / tau_0)) - np.cos((1 - n) * np.pi))


@pytest.mark.parametrize(("n1", "n2", "noise"), [(0.85, 0.8, 0.003), (0.85, 0.8, 0.01), (0.7, 0.75, 0.002)])
def test_band_holds_the_known_distribution_of_two_arcs(n1: float, n2: float, noise: float):
    """On average over the times of the spectrum and six draws, as bands of smoothing priors do (Wahba, doi
    10.1111/j.2517-6161.1983.tb01239.x); neighbours are correlated, so that six draws are some 60 values."""
    values = {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": 1e-4, "n1": n1, "R2_ohm": 60.0, "tau2_s": 2e-2, "n2": n2}
    inside, widths, errors = [], [], []
    for seed in range(6):
        found = relaxation_times(_data("R-RQ-RQ", values, seed=seed, noise=noise), noise=noise)
        exact = _cole_cole(found.tau_s, 100.0, 1e-4, n1) + _cole_cole(found.tau_s, 60.0, 2e-2, n2)
        seen = (found.tau_s > 1 / OMEGA.max()) & (found.tau_s < 1 / OMEGA.min())
        inside.append(np.mean(((exact >= found.low_ohm) & (exact <= found.high_ohm))[seen]))
        widths.append(np.median((found.high_ohm - found.low_ohm)[seen]) / exact.max())
        errors.append(sum(peak.resistance_ohm for peak in found.peaks) - 160.0)
    assert np.mean(inside) >= 0.90
    assert np.mean(widths) < 0.4  # a band that holds everything by being wide is none
    assert np.abs(np.mean(errors)) < 0.02 * 160


def test_peak_of_a_blocking_cell_has_its_resistance():
    """R-RQ-C: the capacitor is in series, and is no peak; R1 within two of its errors in nine of ten draws."""
    values = {"R0_ohm": 20.0, "R1_ohm": 100.0, "CPE1_Q": 1e-6, "CPE1_n": 0.9, "C1_F": 1e-3}
    within = 0
    for seed in range(10):
        found = relaxation_times(_data("R0-p(R1,CPE1)-C1", values, seed=seed), noise=0.003)
        (peak,) = [one for one in found.peaks if one.mean_tau_s < 1.0]
        within += abs(peak.resistance_ohm - 100.0) < 2 * peak.resistance_std_ohm
        assert peak.resistance_std_ohm < 6.0
        assert found.capacitance_F == pytest.approx(1e-3, rel=0.01)
        # Q = tau^n / R; ten points a decade are 12 % either way, the mean over the top is better than that
        assert peak.mean_tau_s == pytest.approx((100.0 * 1e-6) ** (1 / 0.9), rel=0.1)
        assert found.negative_s is None
    assert within >= 9


def test_inductive_loop_is_a_negative_peak_of_its_area():
    values = {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": 1e-4, "n1": 0.9, "loop_ohm": 40.0, "loop_tau_s": 0.05,
              "loop_n": 0.9}  # fmt: skip
    for seed in range(3):
        found = relaxation_times(_data("R-RQ-nRQ", values, seed=seed), noise=0.003)
        assert found.negative_s is not None
        assert found.negative_s[0] < 0.05 < found.negative_s[1]
        (loop,) = [one for one in found.peaks if one.resistance_ohm < 0]
        assert abs(loop.resistance_ohm + 40.0) < 3 * loop.resistance_std_ohm
        assert loop.resistance_std_ohm < 5.0
        assert loop.mean_tau_s == pytest.approx(0.05, rel=0.2)
        (arc,) = [one for one in found.peaks if one.resistance_ohm > 0]
        assert arc.resistance_ohm == pytest.approx(100.0, rel=0.06)
        # the band keeps the sign
        negative = found.gamma_ohm < 0
        assert (found.high_ohm[negative] <= 0).all()
        assert (found.low_ohm[found.gamma_ohm > 0] >= 0).all()


def test_inductor_of_the_leads_is_in_series():
    values = {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": 1e-3, "n1": 0.9, "L_H": 1e-6}
    found = relaxation_times(_data("L-R-RQ", values), noise=0.003)
    assert found.inductance_H == pytest.approx(1e-6, rel=0.03)
    assert found.negative_s is None
    assert [round(peak.resistance_ohm, -1) for peak in found.peaks] == [100.0]


def test_noise_makes_no_second_peak_and_real_ones_stay_two():
    values = {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": 1e-4, "n1": 0.85, "R2_ohm": 20.0, "tau2_s": 1e-2, "n2": 0.9}
    for seed in range(3):
        two = relaxation_times(_data("R-RQ-RQ", values, seed=seed), noise=0.003)
        one = relaxation_times(_data("R-RQ", {k: values[k] for k in ("R_ohm", "R1_ohm", "tau1_s", "n1")}, seed=seed),
                               noise=0.003)  # fmt: skip
        assert [len(found.peaks) for found in (one, two)] == [1, 2]
        assert two.peaks[1].resistance_ohm == pytest.approx(20.0, rel=0.25)  # the arcs' flanks lie on one another


LAWFUL = {"R_ohm": 20.0, "R1_ohm": 100.0, "tau1_s": 1e-4, "n1": 0.85, "tail_ohm": 30.0, "tail_n": 0.85}


def test_z_hit_makes_the_modulus_of_the_phase():
    data = _data("R-RQ-CPE", LAWFUL, noise=0.0)
    found = z_hit(data, kramers_kronig(data))
    assert found is not None
    # without noise what remains is what the lawful fit misses
    np.testing.assert_allclose(found.modulus_ohm, np.abs(data.impedance_ohm), rtol=1e-3)
    assert found.agrees


def test_z_hit_sees_a_drift_that_is_lawful():
    """4 % over the sweep pass the Kramers-Kronig test, of which 0.2 % of |Z| are left; Z-HIT sees them, and their sign:
    |Z| grows towards low frequency, so that it is too small at the high end by the part of the drift since then."""
    for seed in range(3):
        still, moved = (_data("R-RQ-CPE", LAWFUL, seed=seed, drift=drift) for drift in (0.0, 0.04))
        calm, seen = (z_hit(data, kramers_kronig(data)) for data in (still, moved))
        assert kramers_kronig(moved).passed
        assert calm is not None
        assert seen is not None
        assert calm.agrees
        assert not seen.agrees
        assert "changed during the sweep" in seen.verdict
        # the middle, 1 Hz to 1 kHz, is 5/7 down the sweep on average: 0.6 * 4 % at the first points
        assert -0.040 < seen.residual[:8].mean() < -0.010


def test_z_hit_of_few_points_is_none():
    data = weigh(FREQUENCY_HZ[::12], impedance(Circuit.parse("R-RQ-CPE"), LAWFUL, FREQUENCY_HZ[::12]))
    assert z_hit(data, kramers_kronig(data)) is None
