"""Intensities of sites over rows: made rows with known areas and known noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.intensities import fit_lines, integrate_regions, strongest_shift_ppm
from paddlewheel.lab.nmr.processing import to_spectrum
from paddlewheel.lab.nmr.signal import Axis, Signal

_AXIS = Axis(nucleus="23Na", carrier_MHz=105.84, reference_MHz=105.84, spectral_width_Hz=20_000.0)
_DELAYS = np.geomspace(1e-4, 0.1, 16)


def _rows(sites: dict[float, np.ndarray], noise: float, seed: int = 0, phase: float = 0.7, **more: Any) -> Signal:
    """Decays of 100 Hz wide lines at shifts with their areas over the rows."""
    times = np.arange(1024) / 20_000.0
    values = np.zeros((16, 1024), dtype=complex)
    for shift, areas in sites.items():
        values += np.outer(areas, np.exp((2j * np.pi * shift * 105.84 - np.pi * 100.0) * times))
    random = np.random.default_rng(seed)
    values = values + noise * (random.normal(size=values.shape) + 1j * random.normal(size=values.shape))
    return Signal(values=values * np.exp(1j * phase), domain="time", axis=_AXIS, name="rows", delays_s=_DELAYS, **more)


def _recovered(t1: float, start: float = 0.0) -> np.ndarray:
    return 1 - (1 - start) * np.exp(-_DELAYS / t1)


def test_lines_have_the_areas_that_made_them() -> None:
    first, second = _recovered(3e-3, -1.0), 0.5 * _recovered(2e-2)
    spectra = to_spectrum(_rows({-11.2: first, -7.8: second}, noise=0.002))
    one, two = fit_lines(spectra, (-11.0, -8.0), ("framework", "salt"))
    assert (one.name, two.name) == ("framework", "salt")
    # the discrete transform of a decay of 100 Hz over 20 kHz keeps shifts to a tenth of a point (0.02 ppm)
    assert one.shift_ppm == pytest.approx(-11.2, abs=0.02)
    assert two.shift_ppm == pytest.approx(-7.8, abs=0.02)
    for site, truth in ((one, first), (two, second)):
        scale = site.intensity[-1] / truth[-1]
        assert site.intensity / scale == pytest.approx(truth, abs=0.02)
        assert not site.phase_drifts


@pytest.mark.parametrize("broadening_Hz", [0.0, 100.0])
def test_the_noise_of_an_intensity_is_what_repeats_scatter_by(broadening_Hz: float) -> None:
    areas = _recovered(5e-3)
    ratios = []
    for seed in range(20):
        signal = _rows({-11.2: areas}, noise=0.05, seed=seed)
        spectra = to_spectrum(signal, line_broadening_Hz=broadening_Hz, zero_fill=2)
        for site in (fit_lines(spectra, (-11.2,))[0], integrate_regions(spectra, ((-13.5, -9.0),))[0]):
            # the width, fitted anew each time, scales all rows alike
            left = site.intensity - areas * (site.intensity @ areas) / (areas @ areas)
            ratios.append(float(left @ left) / 15 / site.std[0] ** 2)
    # 20 x 15 degrees of freedom give each mean of squares to 8 %; broadened noise is correlated over more points than
    # are summed. 35 % of a square are 16 % of an uncertainty, and intervals are by the residuals where those are larger
    assert np.mean(ratios[0::2]) == pytest.approx(1.0, abs=0.35)
    assert np.mean(ratios[1::2]) == pytest.approx(1.0, abs=0.35)


def test_the_strongest_line_is_found_under_noise() -> None:
    spectra = to_spectrum(_rows({-11.2: _recovered(5e-3), 30.0: 0.3 * _recovered(5e-3)}, noise=0.2))
    assert strongest_shift_ppm(spectra) == pytest.approx(-11.2, abs=0.7)  # the line is 0.94 ppm wide
    low, high = integrate_regions(spectra)[0].region_ppm or (0.0, 0.0)
    assert low < -11.2 < high < 20.0


def test_a_row_out_of_phase_is_told() -> None:
    signal = _rows({-11.2: _recovered(5e-3)}, noise=0.002)
    signal.values[-3] *= np.exp(0.6j)
    assert fit_lines(to_spectrum(signal), (-11.2,))[0].phase_drifts


def test_noise_alone_and_places_outside_are_refused() -> None:
    noise = to_spectrum(_rows({0.0: np.zeros(16)}, noise=0.1))
    with pytest.raises(DataError, match="no signal"):
        integrate_regions(noise, ((-20.0, -10.0),))
    with pytest.raises(DataError, match="a site at 500 ppm"):
        fit_lines(noise, (500.0,))
    with pytest.raises(DataError, match="a region from 400"):
        integrate_regions(noise, ((400.0, 410.0),))
