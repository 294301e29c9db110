"""Line shapes against the Fourier transform of decays, and against mrsimulator."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.lab.nmr.lineshapes import Powder, line, powder_line, voigt, widths_of_voigt

SPACING_Hz, POINTS = 5.0, 16384


def _transformed(decay) -> tuple[np.ndarray, np.ndarray]:
    """Offsets, and the spectrum of a decay of a line at zero, with an area of one."""
    width_Hz = SPACING_Hz * POINTS
    time_s = np.arange(POINTS) / width_Hz
    signal = decay(time_s).astype(complex)
    signal[0] *= 0.5
    offset = (np.arange(POINTS) - POINTS // 2) * SPACING_Hz
    return offset, np.fft.fftshift(np.fft.fft(signal)) * 2 / width_Hz


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_voigt_is_the_transform_of_its_decay(share):
    of_lorentz, of_gauss = widths_of_voigt(fwhm_Hz=120.0, lorentz_share=share)
    offset, truth = _transformed(
        lambda t: np.exp(-np.pi * of_lorentz * t - (np.pi * of_gauss * t) ** 2 / (4 * np.log(2)))
    )
    ours = voigt(offset, fwhm_Hz=120.0, lorentz_share=share)
    near = np.abs(offset) < 2000  # beyond, the transform of samples repeats itself, which lines do not
    assert np.abs(ours - truth)[near].max() < 2e-3 * np.abs(truth).max()
    height = np.real(ours).max()
    inside = offset[np.real(ours) > 0.5 * height]
    assert inside[-1] - inside[0] == pytest.approx(120.0, abs=2 * SPACING_Hz)


@pytest.mark.parametrize("kind", ["voigt", "pseudo-voigt", "gauss", "lorentz"])
def test_areas_are_one(kind):
    offset = np.arange(-2e5, 2e5, 2.0)
    values = {"fwhm_Hz": 80.0} | ({"lorentz_share": 0.4} if "voigt" in kind else {})
    # a Lorentzian of 80 Hz has 1 - (2 / pi) atan(2e5 / 40) = 1.3e-4 of its area beyond the grid
    assert np.sum(np.real(line(kind, offset, values))) * 2.0 == pytest.approx(1.0, abs=2e-4)


@pytest.mark.slow
def test_a_quadrupolar_pattern_under_fast_spinning_has_its_edges_and_centre_of_gravity():
    """The centre of gravity lies at -(3/40) (C_Q^2 / nu0) (I (I + 1) - 3/4) / (I^2 (2 I - 1)^2) (1 + eta^2/3)."""
    powder, nu0 = Powder(nucleus="11B", field_T=9.4, spinning_Hz=1e6), 13.6629814 * 9.4e6
    offset = np.arange(-8000.0, 8000.0, 4.0)
    for cq, eta in ((1.4, 0.0), (1.9037, 0.613)):
        found = powder_line(
            len(offset), 4.0, at_Hz=8000.0, powder=powder, kind="quadrupolar", fwhm_Hz=60.0, asymmetry=eta, cq_MHz=cq
        )
        found = np.real(found)
        expected = -(3 / 40) * (cq * 1e6) ** 2 / nu0 * 3 / 9 * (1 + eta**2 / 3)
        assert np.sum(found) * 4.0 == pytest.approx(1.0, abs=0.005)
        assert np.sum(offset * found) / np.sum(found) == pytest.approx(expected, rel=0.02)
