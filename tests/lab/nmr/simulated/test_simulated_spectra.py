"""The simulated powder: held to perturbation theory, to the figures of the bench and to the pulse's own limits."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.nmr.simulated import Flaws, Observation, Site, borohydride_sites, simulate_spectrum


def _one(**of_site: float) -> Site:
    return Site(name="one", shift_ppm=0.0, fraction=1.0, **of_site)


@pytest.mark.parametrize(
    ("cq_MHz", "lost"), [(0.2, 0.02), (0.4, 0.08), (0.6, 0.17), (0.8, 0.27), (1.0, 0.37), (1.5, 0.57)]
)
def test_a_pulse_of_90_degrees_loses_what_the_bench_says(cq_MHz: float, lost: float) -> None:
    """11B, 1.73 us at 145 kHz; the table (design/bench.md, NMR 2) is given to a point."""
    _, truth = simulate_spectrum([_one(cq_MHz=cq_MHz)], Observation())
    assert 1 - truth["sites"][0]["excited_share_of_central_line"] == pytest.approx(lost, abs=0.005)


def test_the_lines_of_spin_three_halves_share_as_3_4_3() -> None:
    """An ideal pulse: (I(I+1) - m(m-1)) / 10 of the signal, whatever the coupling; without it, none is lost."""
    observation = Observation(pulse_us=0, spectral_width_Hz=2e6, n_points=256)
    signal, truth = simulate_spectrum([_one(cq_MHz=0.3, eta=0.4)], observation)
    assert signal.values[0, 0] == pytest.approx(1.0, abs=1e-3)
    assert truth["sites"][0]["excited_share_of_central_line"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_lines_lie_where_second_order_puts_them(eta: float) -> None:
    """Centre of gravity of m - 1 to m: -3/40 Pq^2 / nu0 (I(I+1) - 9 m(m-1) - 3) / (I^2 (2I-1)^2) with Pq^2 =
    Cq^2 (1 + eta^2/3) (Samoson 1985, doi 10.1016/0009-2614(85)85414-2): of spin 3/2 the satellites lie twice as far as
    the central line, on the other side. By their weights, 0.6 and 0.4, the whole decay turns at -0.8 of it.
    """
    coupling = 2e6
    observation = Observation(pulse_us=0, spectral_width_Hz=64e6, n_points=8, spinning_Hz=200_000.0)
    signal, _ = simulate_spectrum([_one(cq_MHz=coupling / 1e6, eta=eta)], observation)
    central_Hz = -3 / 40 * coupling**2 * (1 + eta**2 / 3) / (observation.reference_MHz * 1e6) * 3 / 9
    slope_Hz = np.angle(signal.values[0, 1]) * observation.spectral_width_Hz / (2 * np.pi)
    # 1 %: the mean over 610 directions, and the angle's third moment over a point of 16 ns
    assert slope_Hz == pytest.approx(-0.8 * central_Hz, abs=0.01 * abs(central_Hz))


def test_mixtures_have_boron_12_to_1_and_the_share_that_was_asked() -> None:
    sites = {site.name: site for site in borohydride_sites(metastable=0.61)}
    boron = {name: site.fraction for name, site in sites.items()}
    assert boron["BH4 in o-NBH"] / (boron["BH4 in o-NBH"] + boron["NaBH4"]) == pytest.approx(0.61)
    assert boron["B12H12 in o-NBH"] / boron["BH4 in o-NBH"] == pytest.approx(12)
    assert sum(boron.values()) == pytest.approx(1)
    with pytest.raises(SettingsError, match=r"1\.2 is no fraction"):
        borohydride_sites(metastable=1.2)


def test_a_line_is_where_its_shift_is_and_as_wide_as_told() -> None:
    observation = Observation(carrier_ppm=-30.0, n_points=16_384)
    site = Site(name="one", shift_ppm=-44.3, fraction=1.0, lorentz_Hz=150.0)
    signal, _ = simulate_spectrum([site], observation)
    decay = signal.values[0].copy()
    decay[0] /= 2
    spectrum = np.fft.fftshift(np.fft.fft(decay)).real
    shift_ppm = signal.shift_ppm
    step_ppm = shift_ppm[1] - shift_ppm[0]
    assert shift_ppm[np.argmax(spectrum)] == pytest.approx(-44.3, abs=step_ppm)
    above = shift_ppm[spectrum > spectrum.max() / 2]
    assert np.ptp(above) * observation.reference_MHz == pytest.approx(150.0, abs=2 * step_ppm * 128.4)


def test_flaws_are_those_that_were_asked() -> None:
    observation, site = Observation(n_points=4096), _one(lorentz_Hz=100.0)
    clean, _ = simulate_spectrum([site], observation)
    turned, _ = simulate_spectrum([site], observation, flaws=Flaws(phase_deg=30.0))
    assert np.angle(turned.values[0, 0] / clean.values[0, 0], deg=True) == pytest.approx(30.0)
    late, _ = simulate_spectrum([site], observation, flaws=Flaws(dead_time_us=20.0))
    assert np.allclose(late.values[0, :-2], clean.values[0, 2:], atol=1e-12)  # 20 us are two points of 100 kHz
    noisy, _ = simulate_spectrum([site], observation, flaws=Flaws(noise=0.1), seed=3)
    # 4096 points: the deviation of a standard deviation is 1.1 %, four of them here
    assert np.std((noisy.values - clean.values).real) == pytest.approx(0.1, rel=0.045)
    again, _ = simulate_spectrum([site], observation, flaws=Flaws(noise=0.1), seed=3)
    assert np.array_equal(noisy.values, again.values)


def test_no_sites_are_told() -> None:
    with pytest.raises(SettingsError, match="no site with a share above 0"):
        simulate_spectrum([], Observation())
