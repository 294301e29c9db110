"""Instrument files and standards: widths in the units of the fit, radiation, cells of certificates."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.lab.xrd.instrument import named_radiation
from paddlewheel.lab.xrd.instrument_file import read_instrument
from paddlewheel.lab.xrd.standards import find_standard
from paddlewheel.studies.laboratory.xrd import XrdSettings

SHARED = Path(os.environ.get("PADDLEWHEEL_SHARED", "")) / "data" / "lab" / "xrd_qpa"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
INSTPRM = """#GSAS-II instrument parameter file; do not add/delete items!
Type:PXC
Lam1:1.5405
Lam2:1.5443
I(L2)/I(L1):0.5
Zero:0.01
Polariz.:0.5
U:2.0; V:-2.0; W:5.0
X:1.0
Y:3.0
Z:0.0
SH/L:0.002
Gonio. radius:173.0
"""


@needs_shared
def test_gsas_prm_of_11bm():
    """GW 0.063 is a variance in centidegrees squared: sqrt(8 ln 2 x 0.063) / 100 = 0.0059 deg full width."""
    card = read_instrument(SHARED / "11bm_gsas.prm")
    assert card.radiation is not None
    assert card.radiation.lines == ((0.413909, 1.0),)
    assert card.radiation.monochromator_cos2 == pytest.approx(0.01 / 0.99)
    assert card.geometry == "debye-scherrer"
    assert np.sqrt(card.profile["w_deg2"]) == pytest.approx(0.00591, abs=1e-5)
    assert card.profile["x_deg"] == pytest.approx(0.00173)
    assert card.profile["axial"] == pytest.approx(0.0022)


@needs_shared
def test_gsas_prm_of_a_tube():
    """GP 0.1 is P / cos^2 = P (1 + tan^2), in U and in W."""
    card = read_instrument(SHARED / "INST_XRY.PRM")
    assert card.radiation is not None
    assert card.radiation.lines == ((1.5405, pytest.approx(2 / 3)), (1.5443, pytest.approx(1 / 3)))
    assert card.geometry == "bragg-brentano"
    assert card.profile["u_deg2"] == pytest.approx(8 * np.log(2) * 2.1e-4)
    assert card.profile["w_deg2"] == pytest.approx(8 * np.log(2) * 5.1e-4)


def test_gsas2_topas_and_a_record(tmp_path):
    path = tmp_path / "made.txt"
    path.write_text(INSTPRM)
    card = read_instrument(path)
    assert card.profile["v_deg2"] == pytest.approx(-8 * np.log(2) * 2e-4)
    assert (card.profile["y_deg"], card.profile["zero_deg"], card.goniometer_radius_mm) == (0.03, 0.01, 173.0)
    assert card.radiation is not None
    assert card.radiation.monochromator_cos2 == 1.0
    path.write_text("lam ymin_on_max 0.0001\n la 0.3467 lo 1.544493 lh 0.58\n la 0.6533 lo 1.540596 lh 0.5\n")
    radiation = read_instrument(path).radiation
    assert radiation is not None
    assert radiation.lines == ((1.540596, pytest.approx(0.6533)), (1.544493, pytest.approx(0.3467)))
    path.write_text('{"instrument": {"w_deg2": 0.004, "x_deg": 0.02}}')
    assert read_instrument(path).profile["w_deg2"] == 0.004


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nothing\n", "is no instrument file"),
        (INSTPRM.replace("PXC", "PNT"), "type PNT"),
        ("INS   HTYPE   PXCR\nINS  1 ICONS 1.54x5\n", "its wavelength is"),
        ("la 0 lo 1.54\n", "without a weight"),
        ('{"kind": "eis"}', "no instrument with a profile"),
    ],
)
def test_other_files_are_one_line(tmp_path, text, says):
    path = tmp_path / "made.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_instrument(path)


@needs_shared
def test_the_instrument_stands_behind_the_pattern_and_the_user_before_both():
    (pattern,) = XrdSettings(instrument=SHARED / "INST_XRY.PRM").read(SHARED / "FAP.XRA")
    assert pattern.radiation is not None
    assert pattern.radiation.wavelength_A == 1.5405
    (told,) = XrdSettings(instrument=SHARED / "INST_XRY.PRM", radiation="CuKa").read(SHARED / "FAP.XRA")
    assert told.radiation == named_radiation("CuKa")
    # 1.5405929 over 1.5405
    assert any("+60 ppm" in line for line in told.warnings)
    (nac,) = XrdSettings(wavelength_A=0.4141).read(SHARED / "11BM_NAC.fxye.gz")
    assert any("+461 ppm" in line for line in nac.warnings)  # 0.4141 / 0.413909 - 1


def test_a_wavelength_of_ka1_brings_ka2_along():
    radiation, told = XrdSettings(wavelength_A=1.5406).given_radiation()
    assert radiation is not None
    assert len(radiation.lines) == 2
    assert told is not None
    assert "Ka1 of Cu" in told
    mean, _ = XrdSettings(wavelength_A=1.5418).given_radiation()
    assert mean == named_radiation("CuKa")
    synchrotron, _ = XrdSettings(wavelength_A=0.77489).given_radiation()
    assert synchrotron is not None
    assert (synchrotron.lines, synchrotron.monochromator_cos2) == (((0.77489, 1.0),), 0.0)


def test_standards_by_name_and_temperature():
    """SRM 660c is 4.156826(8) A (k = 2) at 22.5 C; 10 K at 6.4e-6 add 0.000266."""
    lengths, std = find_standard("LaB6 SRM 660c").lengths_at()
    assert lengths[0] == 4.156826
    assert std[0] == pytest.approx(0.00004)
    assert find_standard("lab6").name == "lab6-660c"
    warm, _ = find_standard("lab6").lengths_at(305.65)
    assert warm[0] - 4.156826 == pytest.approx(0.000266, abs=1e-6)
    # Okada and Tokumaru's formula: 3.725 (1 - exp(-5.88e-3 (T - 124))) + 5.548e-4 T in 1e-6/K
    for kelvin in (255.0, 320.0, 400.0):
        grid = np.linspace(295.65, kelvin, 2001)
        alpha = (3.725 * (1 - np.exp(-5.88e-3 * (grid - 124))) + 5.548e-4 * grid) * 1e-6
        silicon, error = find_standard("si").lengths_at(kelvin)
        grown = 5.431144 * (1 + np.trapezoid(alpha, grid))
        assert silicon[0] == pytest.approx(grown, abs=4e-6 * 5.4)
        assert error[0] > abs(silicon[0] - grown)
    with pytest.raises(InputError, match="no standard 'iron'; give one of si640c"):
        find_standard("iron")
    with pytest.raises(InputError, match="not at 900 K"):
        find_standard("si").lengths_at(900)
