"""Conventions of tensors, against numbers worked by hand, other codes, and published couplings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.tensors.conventions import (
    gradient_of,
    quadrupole_coupling_MHz,
    second_order_shift_ppm,
    shielding_of,
)
from paddlewheel.lab.nmr.tensors.nuclei import chosen_nuclei, usual_nucleus
from paddlewheel.lab.nmr.tensors.references import fit_reference


def _turned(values: list[float], seed: int) -> np.ndarray:
    turn = Rotation.from_rotvec(np.random.default_rng(seed).normal(size=3)).as_matrix()
    return turn @ np.diag(values) @ turn.T


def test_shielding_of_known_principal_values() -> None:
    # iso 100; the farthest, 130, is zz; 95 is nearest to it, so yy: zeta 30, eta (95 - 75)/30; span 55, skew 15/55
    tensor = _turned([75.0, 95.0, 130.0], 1) + np.array([[0, 3.0, 0], [-3.0, 0, 1.0], [0, -1.0, 0]])  # antisymmetric
    found = shielding_of(tensor)
    assert found.isotropic_ppm == pytest.approx(100.0)
    assert found.zeta_ppm == pytest.approx(30.0)
    assert found.anisotropy_ppm == pytest.approx(45.0)
    assert found.eta == pytest.approx(2 / 3)
    assert found.span_ppm == pytest.approx(55.0)
    assert found.skew == pytest.approx(15 / 55)
    assert np.linalg.det(found.axes) == pytest.approx(1.0)


@pytest.mark.parametrize(("values", "skew"), [([90.0, 90.0, 120.0], 1.0), ([80.0, 110.0, 110.0], -1.0)])
def test_axial_shielding_has_no_asymmetry_and_skew_one(values: list[float], skew: float) -> None:
    found = shielding_of(_turned(values, 2))
    assert found.eta == pytest.approx(0.0, abs=1e-10)
    assert found.skew == pytest.approx(skew)


def test_isotropic_shielding_has_no_asymmetry() -> None:
    found = shielding_of(np.eye(3) * 433.8192)
    assert (found.zeta_ppm, found.eta, found.skew) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradient_keeps_its_sign_and_eta_is_between_0_and_1(sign: float) -> None:
    # eta = (xx - yy)/zz = (-0.1 + 0.3)/0.4
    found = gradient_of(sign * _turned([-0.1, -0.3, 0.4], 3))
    assert found.largest_au == pytest.approx(sign * 0.4)
    assert found.eta == pytest.approx(0.5)


def test_the_trace_of_a_gradient_counts_for_nothing() -> None:
    found = gradient_of(np.diag([-0.1, -0.3, 0.4]) + 0.05 * np.eye(3))
    assert found.largest_au == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("nucleus", "largest_au", "MHz"),
    [
        # 234.9647 MHz per a.u. and barn (Pyykko, doi 10.1080/00268970802018367)
        ("23Na", 1.0, 234.9647 * 0.104),
        ("11B", -0.5, -0.5 * 234.9647 * 0.04059),
        ("17O", 1.0, -234.9647 * 0.02558),
        ("1H", 1.0, 0.0),
    ],
)
def test_coupling_has_the_factor_of_the_tables(nucleus: str, largest_au: float, MHz: float) -> None:
    assert quadrupole_coupling_MHz(largest_au, isotope(nucleus)) == pytest.approx(MHz, rel=2e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("nucleus", "cq_MHz", "factor"),
    [("23Na", 2.0, 25_000), ("27Al", 5.0, 6_000), ("45Sc", 10.0, 75e3 * 15 / (12.25 * 36))],
)
def test_second_order_shift_has_the_known_factors(nucleus: str, cq_MHz: float, factor: float) -> None:
    # -25000 (P/nu0)^2 for spin 3/2 and -6000 for 5/2 (MacKenzie, Smith 2002); 7/2 from I(I+1) - 3/4 = 15
    kind = isotope(nucleus)
    larmor = kind.gyromagnetic_ratio_MHz_per_T * 9.4
    expected = -factor * (cq_MHz**2 * (1 + 0.36 / 3)) / larmor**2
    assert second_order_shift_ppm(cq_MHz, 0.6, kind, field_T=9.4) == pytest.approx(expected)


def test_no_second_order_shift_of_integer_spin() -> None:
    with pytest.raises(ValueError, match="no central transition"):
        second_order_shift_ppm(0.2, 0.0, isotope("2H"), field_T=9.4)


@pytest.mark.parametrize(
    ("element", "nucleus"), [("H", "1H"), ("Li", "7Li"), ("B", "11B"), ("Na", "23Na"), ("Cl", "35Cl"), ("O", "17O")]
)
def test_usual_nuclei(element: str, nucleus: str) -> None:
    found = usual_nucleus(element)
    assert found is not None
    assert found.symbol == nucleus


def test_named_nuclei_come_first_and_contradictions_are_refused() -> None:
    found = chosen_nuclei(["B", "Na", "Np"], {"nuclei": ["10B"]})
    assert {element: each and each.symbol for element, each in found.items()} == {"B": "10B", "Na": "23Na", "Np": None}
    with pytest.raises(SettingsError, match="10B and 11B are of one element"):
        chosen_nuclei(["B"], {"nuclei": ["10B"], "reference": ["11B"]})
    with pytest.raises(InputError, match="nucleus '24Na'"):
        chosen_nuclei(["Na"], {"nuclei": ["24Na"]})


def test_fitted_reference_has_the_errors_of_a_line() -> None:
    # scatter of +1, -2, +1 about delta = 550 - 0.9 sigma at equal distances: slope and offset stay, s^2 = 6/1
    sigma = np.array([550.0, 560.0, 570.0])
    line = fit_reference(list(zip(sigma, 550 - 0.9 * sigma + [1.0, -2.0, 1.0], strict=True)), nucleus="23Na")
    assert (line.offset_ppm, line.slope) == pytest.approx((550.0, -0.9))
    assert line.scatter_ppm == pytest.approx(np.sqrt(6))
    assert line.covariance is not None
    assert line.covariance[1, 1] == pytest.approx(6 / 200)
    # at the middle: s^2 (1 + 1/3); 10 ppm off: s^2 (1 + 1/3 + 100/200)
    assert line.shift_std_ppm(560.0) == pytest.approx(np.sqrt(6 * 4 / 3))
    assert line.shift_std_ppm(570.0) == pytest.approx(np.sqrt(6 * (4 / 3 + 0.5)))


def test_two_pairs_give_a_line_without_an_error() -> None:
    line = fit_reference([(560.0, -8.0), (550.0, 2.0)], nucleus="23Na")
    assert line.shift_ppm(555.0) == pytest.approx(-3.0)
    assert line.shift_std_ppm(555.0) is None


@pytest.mark.parametrize(
    ("pairs", "match"),
    [([(560.0, -8.0)], "1 pairs of 23Na"), ([(560.0, -8.0)] * 3, "3 pairs"), ([(-8.0, 560.0), (2.0, 570.0)], "rises")],
)
def test_pairs_that_give_no_line(pairs: list[tuple[float, float]], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        fit_reference(pairs, nucleus="23Na")
