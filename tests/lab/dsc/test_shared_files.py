"""Real files of calorimeters: what is read beside lines of their text, and what they are known to hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers import read_scans
from paddlewheel.studies.laboratory.dsc import DscSettings

FOLDER = "data/lab/dsc"


def point(scan, place: int) -> tuple[float, float, float]:
    return scan.time_s[place], scan.temperature_C[place], scan.signal[place]


def test_ta(shared: Path) -> None:
    (scan,) = read_scans(shared / FOLDER / "ta2920_eicosane_1Cmin.txt")
    # lines 40 and the last but one: 188.0528 -21.18221 -10.46164; 370.9860 -20.73705 -10.24684, exothermic up, minutes
    assert point(scan, 6) == pytest.approx((188.0528 * 60, -21.18221, 10.46164))
    assert point(scan, -1) == pytest.approx((370.9860 * 60, -20.73705, 10.24684))
    assert (scan.name, scan.mass_mg, scan.exothermic_known) == ("Eicosane", 9.0, True)
    assert str(scan.started) == "2017-01-25 17:45:00"
    heating = (scan.time_s < 250 * 60) & (scan.temperature_C > 30) & (scan.temperature_C < 41)
    assert scan.temperature_C[heating][np.argmax(scan.signal[heating])] == pytest.approx(37.14, abs=0.02)  # SOURCES.md


def test_setaram(shared: Path) -> None:
    (zero,) = read_scans(shared / FOLDER / "setaram_cp_zero.txt.gz")
    # line 1013: 1000;999;100.038109;101.978158;240.908142;-11.406063
    assert point(zero, 999) == pytest.approx((999.0, 101.978158, -11.406063))
    assert (zero.mass_mg, zero.exothermic_known, zero.time_s.size) == (None, False, 22801)
    (duran,) = read_scans(shared / FOLDER / "setaram_duran_MAC250.txt.gz")
    # line 513, without units in its header: 500 149.7 50.028893 53.46929 240.908142 -11.228817
    assert point(duran, 499) == pytest.approx((149.7, 53.46929, -11.228817))
    assert (duran.mass_mg, duran.time_s.size) == (34.04, 13002)


def test_netzsch(shared: Path) -> None:
    (scan,) = read_scans(shared / FOLDER / "netzsch_STA449F5_export.csv")
    # 30,458;1,57633;8,44E-02 mW/mg of 5,28 mg, exothermic -1 (down)
    assert point(scan, 1) == pytest.approx((1.57633 * 60, 30.458, 8.44e-2 * 5.28))
    assert (scan.exothermic_known, scan.mass_mg, scan.instrument) == (True, 5.28, "NETZSCH STA 449F5")


def test_netzsch_binary_is_pyngb_s_signal_over_the_sensitivity_in_the_file(shared: Path) -> None:
    pyngb = pytest.importorskip("pyngb")
    path = shared / FOLDER / "01_Messung_Probe_G_300_Grad_Ar.ngb-ds3"
    (scan,) = read_scans(path)
    table = pyngb.read_ngb(str(path))
    microvolts, degrees = (table[name].to_numpy() for name in ("dsc_signal", "sample_temperature"))
    # p0 to p3 of the file; p4 and p5 are 0. Its indium has an area of -33 uV s/mg
    z = (degrees - 156.6) / 553.5524292
    sensitivity = (1.16152036 - 0.13263597 * z) * np.exp(-(z**2))
    np.testing.assert_allclose(scan.signal, -microvolts / sensitivity, rtol=1e-6)
    assert (scan.mass_mg, scan.signal_unit, scan.exothermic_known) == (10.848, "mW", True)
    (given,) = read_scans(path, sensitivity_uV_per_mW=2.0, exothermic="down")
    np.testing.assert_allclose(given.signal, microvolts / 2)


def test_netzsch_s_own_correction_is_subtracted_where_it_is_asked(shared: Path) -> None:
    pyngb = pytest.importorskip("pyngb")
    path = shared / FOLDER / "01_Messung_Probe_G_300_Grad_Ar.ngb-ds3"
    (scan,) = DscSettings(blank=path, sensitivity_uV_per_mW=1.0, exothermic="down").read(path)
    corrected = pyngb.read_ngb(str(path), run="corrected")["dsc_signal"].to_numpy()
    # pyngb aligns ramps by temperature, we by time: 0.1 uV of 5, but where the ramps turn
    assert np.median(np.abs(scan.signal - corrected)) < 0.1
    with pytest.raises(DataError, match="holds no correction"):
        read_scans(shared / FOLDER / "Red_Oak_STA_10K_250731_R7.ngb-ss3", correction=True)


@pytest.mark.parametrize("rate", [1.25, 2.5, 5.0, 10.0])
def test_fpex0_s_heats_are_those_of_its_source(shared: Path, rate: float) -> None:
    """Integral of the apparent heat capacity over temperature, of the file's own columns."""
    import json

    path = shared / FOLDER / f"fpex0_ID407/ID407-rate_{rate:.2f}.json"
    document = json.loads(path.read_text())
    (scan,) = read_scans(path)
    heat = np.trapezoid(scan.signal, scan.time_s) / scan.mass_mg
    assert heat == pytest.approx(np.trapezoid(document["latentdata"], document["T"]), rel=2e-3)  # even times
    assert (scan.mass_is_nominal, scan.exothermic_known) == (True, True)


def test_perkin_elmer(shared: Path) -> None:
    folder = shared / FOLDER / "perkinelmer_calorimeter"
    with pytest.raises(DataError, match="no time, and no rate"):
        read_scans(folder / "7HAW104.csv")
    with pytest.raises(DataError, match="no temperature among its columns"):
        read_scans(folder / "7HAW012.csv")
    (scan,) = read_scans(folder / "7HAW104.csv", rate_K_per_min=10.0)
    # lines 100 and 101: -4.484, -0.4286 and -4.314, -0.4310, a second apart: 0.17 K
    place = int(np.flatnonzero(np.isclose(scan.temperature_C, -4.484))[0])
    assert scan.signal[place : place + 2] == pytest.approx([-0.4286, -0.4310])
    assert np.diff(scan.time_s) == pytest.approx(1.0, abs=0.05)
