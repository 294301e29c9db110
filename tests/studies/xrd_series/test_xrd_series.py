"""`xrd series` on a made ramp: the phases, the transition, the expansion; what cannot be a series is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.phase import d_spacing_A
from paddlewheel.lab.xrd.structure_factors import cell_mass_g_per_mol, read_phase, reflections
from paddlewheel.studies.table import load_study
from paddlewheel.studies.xrd_series.record import XrdSeriesRecord

_RADIATION = Radiation(lines=((0.77489, 1.0),), monochromator_cos2=0.0)
_ONSET_K, _WIDTH_K, _EXPANSION_PER_K = 447.0, 70.0, 1.5e-5


def _frame(temperature_K: float) -> Pattern:
    """Silicon that turns into CeO2 by a ramp, averaged over 60 s at 5 K/min; Gaussian lines of 0.08 degrees."""
    random = np.random.default_rng(int(temperature_K))
    x = np.arange(13.0, 29.0, 0.02)
    within = temperature_K + 5 * (np.arange(50) + 0.5) / 50
    turned = float(np.clip((within - _ONSET_K) / _WIDTH_K, 0, 1).mean())
    y = np.full(x.size, 100.0)
    for name, share in (("si", 1 - turned), ("ceo2", turned)):
        phase = read_phase(name)
        cell = phase.cell.copy()
        cell[:3] *= 1 + _EXPANSION_PER_K * (temperature_K + 2.5 - 300)
        found = reflections(phase, _RADIATION, 1.2)
        theta = np.arcsin(_RADIATION.wavelength_A / (2 * d_spacing_A(found.hkl, cell)))
        area = found.multiplicity * found.structure_factor_squared / (np.sin(theta) ** 2 * np.cos(theta))
        scale = share / (cell_mass_g_per_mol(phase) * float(np.prod(cell[:3])))
        y = y + 30 * scale * np.exp(-4 * np.log(2) * ((x[:, None] - np.degrees(2 * theta)) / 0.08) ** 2) @ area
    counts = random.poisson(y).astype(float)
    return Pattern(
        name=f"frame {temperature_K:g}", source=f"{temperature_K:g}.xye", two_theta_deg=x, intensity=counts,
        std=np.sqrt(np.maximum(counts, 1)), counts=True, radiation=_RADIATION, geometry="debye-scherrer",
        temperature_K=temperature_K,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> XrdSeriesRecord:
    """Eight frames of 20 K, 60 s at 5 K/min."""
    frames = [_frame(400.0 + 20 * number) for number in range(8)]
    folder = tmp_path_factory.mktemp("ramp")
    return load_study("xrd series")(
        frames,
        phases="si,ceo2",
        exposure_s=60.0,
        rate_K_per_min=5.0,
        stated="start",
        shift="none",
        cores=1,
        out=folder / "run",
    )


def test_the_onset_is_within_its_error_and_a_kelvin(ramp: XrdSeriesRecord) -> None:
    appears = next(each for each in ramp.transitions if each.phase == "ceo2")
    assert appears.direction == "appears"
    assert appears.onset_K is not None
    assert appears.completion_K is not None
    assert appears.onset_K.value == pytest.approx(_ONSET_K, abs=max(4 * appears.onset_K.std, 0.3))
    assert abs(appears.onset_K.value - _ONSET_K) < 1.5  # the 0 +- 1 K; "first frame above 3 %" is 13 K late
    assert abs(appears.completion_K.value - _ONSET_K - _WIDTH_K) < 1.5


def test_absent_phases_have_limits_and_no_cell(ramp: XrdSeriesRecord) -> None:
    first, last = ramp.patterns[0], ramp.patterns[-1]
    for pattern, absent in ((first, "ceo2"), (last, "si")):
        phase = next(each for each in pattern.phases if each.name == absent)
        assert not phase.is_present
        assert phase.cell is None
        assert 0 < phase.detection_limit < 0.2  # silicon scatters 25 times less than CeO2


def test_expansion_is_what_it_was_made_with(ramp: XrdSeriesRecord) -> None:
    for phase in ("si", "ceo2"):
        found = next(each for each in ramp.expansions if (each.phase, each.quantity) == (phase, "a_A"))
        alpha = found.alpha_per_K
        assert alpha.value == pytest.approx(_EXPANSION_PER_K, abs=5 * alpha.std)
        assert alpha.std < 0.4 * _EXPANSION_PER_K


def test_frames_are_ordered_and_exposed_from_the_start(ramp: XrdSeriesRecord) -> None:
    assert [each.temperature_K for each in ramp.patterns] == sorted(each.temperature_K for each in ramp.patterns)
    assert ramp.patterns[0].exposed_K == (400.0, 405.0)


def test_no_series_is_one_line(tmp_path: Path) -> None:
    frames = [_frame(360.0), _frame(400.0)]
    study = load_study("xrd series")
    cases = [
        (frames, {}, "phases"),
        (frames[:1], {"phases": "si"}, "no series"),
        ([replace(each, temperature_K=300.0) for each in frames], {"phases": "si"}, "all patterns are at 300"),
        ([replace(each, temperature_K=None) for each in frames], {"phases": "si"}, "temperature"),
    ]
    for given, settings, told in cases:
        with pytest.raises(InputError, match=told):
            study(given, out=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()
