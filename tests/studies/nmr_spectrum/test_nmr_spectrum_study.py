"""`nmr spectrum` on made spectra: fractions, corrections, compounds, references, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from made_spectra import made_decay
from paddlewheel.errors import DataError, InputError
from paddlewheel.lab.nmr.fractions import Efficiency, amounts, compounds, shares
from paddlewheel.lab.nmr.readers import read_nmr
from paddlewheel.lab.nmr.signal import Signal
from paddlewheel.lab.nmr.simulated.flaws import Flaws
from paddlewheel.lab.nmr.simulated.spinning import Observation, Site, simulate_spectrum
from paddlewheel.studies.nmr_spectrum.study import NmrSpectrumStudySettings, _undetermined

TWO = [(-15.5, 100, 120, 3.0), (-42.1, 90, 100, 1.0)]
NAMED = {"shifts_ppm": (-15.5, -42.1), "names": ("B12H12", "BH4"), "baseline_order": 3}


def _pulsed(signal: Signal, **conditions: float) -> Signal:
    return replace(signal, conditions=replace(signal.conditions, **conditions))


def test_shares_have_the_covariance_of_their_sum():
    """Of independent amounts a and b the share a / (a + b) has the error hypot(b sa, a sb) / (a + b)^2."""
    values, error = np.array([3.0, 1.0]), np.array([0.3, 0.2])
    found = shares(values, np.diag(error**2))
    assert found.values == pytest.approx([0.75, 0.25])
    assert found.std == pytest.approx([np.hypot(1 * 0.3, 3 * 0.2) / 16] * 2)
    assert found.covariance.sum() == pytest.approx(0, abs=1e-12)
    tiny = shares(np.array([1.0, 0.01]), np.diag([0.01, 0.01]) ** 2)
    assert 0 < tiny.intervals_95[1, 0] < tiny.values[1] < tiny.intervals_95[1, 1]
    none = shares(np.array([1.0, 0.0]), np.diag([0.01, 0.02]) ** 2)
    assert none.intervals_95[1] == pytest.approx([0, 1.96 * 0.02], rel=1e-3)


def test_a_share_that_could_be_anything_is_told():
    """91.9 +- 130 %, as a broad line over too soft a baseline had; an error of 5 points is nothing to tell."""
    values = np.array([0.92, 0.08])
    vague, sharp = (shares(values, std**2 * np.diag([1.0, 0.0])) for std in (16.0, 0.05))
    told = _undetermined(["broad", "narrow"], vague)
    assert len(told) == 2
    assert "the share of broad is not determined (92 +- 128 %)" in told[0]
    assert not _undetermined(["broad", "narrow"], sharp)


def test_efficiencies_scale_amounts_and_add_their_error():
    values, covariance = amounts(
        np.array([2.0, 1.0]), np.diag([0.1, 0.1]) ** 2, [Efficiency(value=0.5, std=0.05), Efficiency(value=1.0)]
    )
    assert values == pytest.approx([4, 1])
    assert np.sqrt(np.diag(covariance)) == pytest.approx([np.hypot(0.2, 0.4), 0.1])


def test_compounds_count_nuclei_by_their_formulas():
    """12 B of B12H12 and 1 B of BH4 are one formula unit of Na3(BH4)(B12H12); masses by hand."""
    formulas = {"a": "Na3BH4B12H12", "b": "Na3BH4B12H12", "c": "NaBH4"}
    found = compounds(("a", "b", "c"), np.array([12.0, 1.0, 1.0]), np.eye(3) * 1e-4, formulas=formulas, nucleus="11B")
    assert found.formulas == ("Na3BH4B12H12", "NaBH4")
    assert found.moles.values == pytest.approx([0.5, 0.5])
    mass = 22.98977 + 10.811 + 4 * 1.00794
    whole = 3 * 22.98977 + 13 * 10.811 + 16 * 1.00794
    assert found.masses.values[1] == pytest.approx(mass / (mass + whole), rel=1e-3)
    with pytest.raises(InputError, match="no formula of c"):
        compounds(("c",), np.ones(1), np.eye(1), formulas={}, nucleus="11B")
    with pytest.raises(InputError, match="NaH has no B"):
        compounds(("c",), np.ones(1), np.eye(1), formulas={"c": "NaH"}, nucleus="11B")


def test_a_series_has_fractions_groups_references_and_compounds(tmp_path: Path):
    """The shift moves with the reference of IUPAC: 11B at 32.083974 MHz where TMS is at 100 MHz."""
    given = [made_decay(TWO, seed=seed, name=f"sample {seed}", noise=0.001) for seed in (1, 2)]
    reference = 400.13 * 0.32083974
    expected = ((1 - 15.5e-6) * 128.38 - reference) / reference * 1e6
    record = paddlewheel.nmr_spectrum(
        given, tms_MHz=400.13, reference_std_ppm=0.2, formulas={"B12H12": "Na2B12H12", "BH4": "NaBH4"},
        among=("B12H12", "BH4"), out=tmp_path / "run", export="dmfit",
        **(NAMED | {"shifts_ppm": (expected + 0.3, expected - 26.0)}),
    )  # fmt: skip
    first = record.sites[0]
    assert first.shift_ppm.value == pytest.approx(expected, abs=0.02)
    assert first.shift_ppm.std == pytest.approx(0.2, rel=0.01)
    assert [site.spectrum for site in record.sites] == [1, 1, 2, 2]
    for site, truth in zip(record.sites, (0.75, 0.25) * 2, strict=True):
        assert site.fraction.value == pytest.approx(truth, abs=4 * site.fraction.std)
        assert site.fraction_among == site.fraction
    moles = [each.mole_fraction.value for each in record.compounds[:2]]
    assert moles == pytest.approx([3 / 12 / (3 / 12 + 1), 1 / (3 / 12 + 1)], abs=0.02)
    (again,) = read_nmr(tmp_path / "run/spectrum_1.spe", nucleus="11B")
    assert again.domain == "frequency"
    assert len(record.to_dataframe()) == 4
    assert (tmp_path / "run/report.html").stat().st_size > 10_000


@pytest.mark.parametrize("cq_MHz", [0.3, 0.6, 1.0])
def test_what_pulse_and_satellites_leave_is_corrected(cq_MHz: float):
    """Equal amounts of boron with and without a coupling, simulated by density matrices through a turn of the rotor,
    are found as equal within 2 %, as the issue asks; without the correction the first has 31 to 20 %."""
    sites = [
        Site(name="BO3", shift_ppm=15.0, fraction=0.5, cq_MHz=cq_MHz, eta=0.1, gauss_Hz=100, lorentz_Hz=50),
        Site(name="BH4", shift_ppm=-42.0, fraction=0.5, gauss_Hz=90, lorentz_Hz=40),
    ]
    flaws = Flaws(phase_deg=10, ringing=0.02, noise=0.001)
    signal, _ = simulate_spectrum(sites, Observation(carrier_ppm=-10.0), flaws=flaws)
    known = {"shifts_ppm": (15.0, -42.0), "names": ("BO3", "BH4")}
    record = paddlewheel.nmr_spectrum(
        signal, cq_MHz={"BO3": f"{cq_MHz}+-{0.05 * cq_MHz}", "BH4": 0.0}, asymmetry={"BO3": 0.1}, **known
    )
    first = record.sites[0]
    assert first.fraction.value == pytest.approx(0.5, rel=0.02)
    assert first.excitation is not None
    assert first.excitation.std > 0.005 * first.excitation.value
    plain = paddlewheel.nmr_spectrum(signal, **known)
    assert plain.sites[0].fraction.value < 0.35
    assert any("--cq-MHz" in note for note in plain.notes)


def test_saturation_is_corrected_with_the_error_of_t1():
    saturated = 1 - np.exp(-1.0)
    lines = [(*TWO[0][:3], 3.0 * saturated), TWO[1]]
    signal = _pulsed(made_decay(lines, seed=3, noise=0.001), recycle_delay_s=2.0)
    record = paddlewheel.nmr_spectrum(signal, t1_s={"B12H12": "2.0+-0.2", "BH4": 0.01}, **NAMED)
    first = record.sites[0]
    assert first.fraction.value == pytest.approx(0.75, abs=0.01)
    assert first.saturation is not None
    assert first.saturation.std == pytest.approx(np.exp(-1) * 0.1, rel=0.1)  # d(1 - exp(-d / T1)) = exp(-d / T1) d / T1
    assert first.fraction.std > 0.01


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cq_MHz": {"BH4": 0.3}}, "pulse_us: not in the file"),
        ({"t1_s": {"BH4": 3.0}}, "recycle_delay_s: not in the file"),
        (
            {"t1_s": {"B12H12": 2.0, "BH4": 20.0}, "recycle_delay_s": 0.001},
            "t1_s: B12H12 has 0.05 % of its signal left",  # 1 - exp(-0.001 / 2)
        ),
        (
            {"cq_MHz": {"BH4": 90.0}, "pulse_us": 5.0, "nutation_Hz": 150e3, "spinning_Hz": 1e4},
            "cq_MHz: BH4 has .* % of its signal left",
        ),
        (
            {"cq_MHz": {"BH4": 0.1}, "pulse_us": 0.001, "nutation_Hz": 150e3, "spinning_Hz": 1e4},
            "pulse_us: 0.001 us at 150000 Hz turn by 0.054 degrees",
        ),
        ({"row": 3}, "row: 3"),
        ({"shifts_ppm": (150.0, 120.0)}, "no line at the shifts; the largest peaks lie at -15"),
        ({"range_ppm": (200.0, 300.0), "shifts_ppm": ()}, "0 points from 200 to 300 ppm"),
    ],
)
def test_what_a_correction_lacks_is_told_in_a_line(settings: dict, told: str):
    with pytest.raises(InputError, match=told):
        paddlewheel.nmr_spectrum(made_decay(TWO, seed=1), **(NAMED | settings))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"names": ("a", "b"), "shifts_ppm": (1.0,)}, "names: 2 names for 1 shifts"),
        ({"cq_MHz": {"c": 0.3}}, "cq_MHz: 'c' is no site"),
        ({"names": ("a", "b"), "ratio": ("a:b=12",)}, "ratio: 'a:b=12' is no ratio"),
        ({"names": ("a", "b"), "ratio": ("a:c=12:1",)}, "ratio: 'c' is no site"),
        ({"names": ("a",), "t1_s": {"a": "3+-x"}}, "t1_s: '3[+]-x' is no number"),
        ({"names": ("a",), "t1_s": {"a": -3.0}}, "t1_s: a=-3"),
        ({"names": ("a",), "line_shapes": {"a": "triangle"}}, "line_shapes: a=triangle"),
        ({"names": ("a", "b"), "sites": 1}, "sites: 1 for 2 that are named"),
        ({"names": ("a",), "cq_MHz": {"a": 1000.0}}, "outside 0 to 100.*did you mean .*1000 kHz.* Then give .*1 MHz"),
        ({"nutation_Hz": 145.0}, "outside 1000 to 1e[+]06.*did you mean 145 kHz. Then give 1.45e[+]05 Hz"),
        ({"spinning_Hz": 20.0}, "outside 100 to .*did you mean 20 kHz. Then give 2e[+]04 Hz"),
        ({"shifts_ppm": (10.0,), "range_ppm": (-60.0, 0.0)}, "shifts_ppm: 10 is outside --range-ppm -60 to 0"),
        ({"range_ppm": (1.0,)}, "range_ppm: is not two ends"),
        ({"names": ("a", "b"), "among": ("a",)}, "among: a"),
        ({"tms_MHz": 400.0, "reference_shift_ppm": 2.0}, "tms_MHz: given beside another reference"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict, told: str):
    with pytest.raises(InputError, match=told):
        NmrSpectrumStudySettings.of(**settings)


def test_noise_gives_no_record():
    noise = np.random.default_rng(1).normal(size=(1, 1024, 2)) @ np.array([1, 1j])
    with pytest.raises(DataError, match="no signal over the noise"):
        paddlewheel.nmr_spectrum(replace(made_decay(TWO, seed=1), values=noise))


def test_the_xrd_of_the_sample_stands_beside(tmp_path: Path):
    """BH4 has a quarter of the boron here: 3 B in B12H12 are 0.25 formula units, against 1 of NaBH4."""
    (tmp_path / "xrd").mkdir()
    unseen = {"name": "nabh4", "weight_fraction": {"value": 0.0, "std": 0.002}, "detection_limit": 0.01}
    (tmp_path / "xrd" / "result.json").write_text(json.dumps({"kind": "xrd-fit", "phases": [unseen]}))
    sample = tmp_path / "sample.yaml"
    sample.write_text(
        "components:\n- {name: na2b12h12, formula: Na2B12H12, nmr_sites: {B12H12: 12}}\n"
        "- {name: nabh4, formula: NaBH4, nmr_sites: {BH4: 1}}\nxrd: xrd\n"
    )
    decay = made_decay(TWO, seed=1, name="made", noise=0.001)
    record = paddlewheel.nmr_spectrum([decay], sample=sample, **NAMED)
    nabh4 = next(row for row in record.beside_xrd if row.name == "nabh4")
    assert nabh4.by_nmr is not None
    assert nabh4.by_nmr.value == pytest.approx(37.83 / (37.83 + 187.8 / 4), abs=0.02)
    assert nabh4.verdict == "contradict"
    assert any(warning.startswith("nabh4: ") for warning in record.warnings)
    sample.write_text("name: a\n")
    with pytest.raises(DataError, match="names no xrd record"):
        paddlewheel.nmr_spectrum([decay], sample=sample, **NAMED)
