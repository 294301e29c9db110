"""Simulated spectra: the convention of relative axes against a powder average of our own, and the centre of gravity."""

from __future__ import annotations

import numpy as np
import pytest

from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.tensors.conventions import (
    gradient_of,
    quadrupole_coupling_MHz,
    second_order_shift_ppm,
    shielding_of,
)
from paddlewheel.lab.nmr.tensors.spectrum import SpectrumSite, simulate_spectra

pytest.importorskip("mrsimulator")


def test_axes_of_shielding_and_gradient_stand_as_in_the_crystal() -> None:
    """Static deuterium: nu = nu0 (shift along the field) +- 3/4 C_Q (gradient along it), over a sphere."""
    from scipy.spatial.transform import Rotation

    deuterium = isotope("2H")
    field_T, isotropic_ppm = 9.4, 40.0
    larmor_MHz = deuterium.gyromagnetic_ratio_MHz_per_T * field_T
    turns = Rotation.from_rotvec(2 * np.random.default_rng(7).normal(size=(2, 3))).as_matrix()
    gradient = turns[0] @ np.diag([-0.01, -0.02, 0.03]) @ turns[0].T
    shielding = turns[1] @ np.diag([-150.0, -50.0, 200.0]) @ turns[1].T
    site = SpectrumSite(
        isotropic_shift_ppm=isotropic_ppm, weight=2.0, shielding=shielding_of(shielding), gradient=gradient_of(gradient)
    )
    shift, spectra = simulate_spectra(
        [site], deuterium, field_T=field_T, spinning_Hz=0.0, line_width_Hz=100.0, range_ppm=(-560.0, 640.0)
    )
    assert spectra.sum() == pytest.approx(2.0)
    z = np.linspace(-1, 1, 4001)
    golden = np.pi * (3 - np.sqrt(5)) * np.arange(len(z))
    directions = np.column_stack([np.sqrt(1 - z**2) * np.cos(golden), np.sqrt(1 - z**2) * np.sin(golden), z])
    moved = isotropic_ppm - np.einsum("ni,ij,nj->n", directions, shielding, directions)
    per_au_ppm = quadrupole_coupling_MHz(1.0, deuterium) / larmor_MHz * 1e6
    split = 0.75 * per_au_ppm * np.einsum("ni,ij,nj->n", directions, gradient, directions)
    expected = np.concatenate([moved + split, moved - split])
    weights = spectra[0] / spectra[0].sum()
    mean = (weights * shift).sum()
    assert mean == pytest.approx(expected.mean(), abs=1.0)
    for power in (2, 3):  # the third moment has the cross term, which the angles decide: without them it is -9e5
        found = (weights * (shift - mean) ** power).sum()
        assert found == pytest.approx(((expected - expected.mean()) ** power).mean(), rel=0.04)  # tails of the line


@pytest.mark.parametrize("nucleus", ["23Na", "17O"])  # 17O has a negative gyromagnetic ratio and moment
def test_centre_of_the_central_transition_is_shifted_as_calculated(nucleus: str) -> None:
    kind = isotope(nucleus)
    gradient = gradient_of(np.diag([0.02, 0.06, -0.08]))
    cq_MHz = quadrupole_coupling_MHz(gradient.largest_au, kind)
    expected = second_order_shift_ppm(cq_MHz, gradient.eta, kind, field_T=9.4)
    site = SpectrumSite(
        isotropic_shift_ppm=5.0, weight=1.0, shielding=shielding_of(np.eye(3)), gradient=gradient, slope=-0.9
    )
    shift, spectra = simulate_spectra(
        [site], kind, field_T=9.4, spinning_Hz=60_000.0, line_width_Hz=20.0, range_ppm=(-80.0, 60.0)
    )
    # sidebands beyond the range and the tails of the line: 0.3 ppm of 9
    assert (shift * spectra[0]).sum() / spectra.sum() == pytest.approx(5.0 + expected, abs=0.3)
