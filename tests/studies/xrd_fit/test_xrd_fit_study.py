"""`xrd fit` as a call: an instrument by a standard, and what is refused in one line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import InputError
from paddlewheel.lab.xrd import simulated
from paddlewheel.lab.xrd.instrument import tube
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.simulated import Background, SimulatedPhase, simulate_pattern
from paddlewheel.lab.xrd.structure_factors import read_phase
from paddlewheel.studies.xrd_fit.study import is_poor

_LAB = simulated.Instrument(
    radiation=tube("Cu"), displacement_mm=-0.05, goniometer_radius_mm=217.5, sample_height=0.01, slit_height=0.01
)


def _made(*names: str, size_A: float, seed: int) -> Pattern:
    mixture = [SimulatedPhase(phase=read_phase(name), weight_fraction=1.0, size_A=size_A) for name in names]
    return simulate_pattern(
        mixture, _LAB, np.arange(20, 110, 0.03), background=Background(polynomial=(80.0,)), counts_at_maximum=10_000,
        seed=seed,
    ).pattern  # fmt: skip


def test_a_standard_makes_the_instrument_of_the_next_fit(tmp_path: Path) -> None:
    """The built-in lab6 has the certified cell of 660c. Grains of 20 um are the standard, of 60 nm the sample."""
    first = paddlewheel.xrd_fit(_made("lab6", size_A=2e5, seed=1), standard="lab6-660c", out=tmp_path / "standard")
    pattern = first.patterns[0]
    assert pattern.displacement_mm is not None
    assert pattern.displacement_mm.value == pytest.approx(-0.05, abs=0.01)
    assert first.phases[0].cell.a_A.std == 0
    record = paddlewheel.xrd_fit(
        _made("si", size_A=600, seed=2), phases=("si",), instrument=tmp_path / "standard" / "result.json"
    )
    phase = record.phases[0]
    assert phase.size_nm is not None
    assert phase.size_nm.value == pytest.approx(60, rel=0.06)
    assert not phase.widths_are_bounds
    assert phase.weight_fraction is not None
    assert phase.weight_fraction.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "no phase"),
        ({"phases": ("si",), "standard": "si640f"}, "given beside standard"),
        ({"phases": ("si",), "spike": {"corundum": 0.2}}, "no phase is called 'corundum'"),
        ({"phases": ("si",), "texture": {"si": "11"}}, "write three indices"),
        ({"phases": ("si", "si")}, "two phases are called si"),
    ],
)
def test_what_cannot_be_is_refused(settings, told) -> None:
    with pytest.raises(InputError, match=told):
        paddlewheel.xrd_fit(_made("si", size_A=600, seed=2), **settings)


def test_noise_alone_has_no_peaks() -> None:
    counts = np.random.default_rng(2).poisson(200, 3000).astype(float)
    pattern = Pattern(name="noise", source="noise.xy", two_theta_deg=np.linspace(20, 100, 3000), intensity=counts,
                      std=np.sqrt(counts), counts=True, radiation=tube("Cu"))  # fmt: skip
    for phases in (("si",), ("si", "corundum")):
        with pytest.raises(InputError, match="no peaks"):
            paddlewheel.xrd_fit(pattern, phases=phases)


@pytest.mark.parametrize(
    ("rwp", "rexp", "poor"),
    [(0.112, 0.052, True), (0.30, 0.28, True), (0.083, 0.036, False), (0.130, 0.091, False)],
)
def test_a_fit_is_judged_by_its_counts_too(rwp: float, rexp: float, poor: bool) -> None:
    """A hump that the background half took; any at 30 %; the fit of NAC at 11-BM; CPD-1b, whose fractions are right."""
    assert is_poor(rwp, rexp) is poor


def test_a_second_line_of_the_tube_is_told() -> None:
    """Both Ka, where Ka1 alone is said."""
    pattern = _made("si", size_A=1000, seed=1)
    assert not paddlewheel.xrd_fit(pattern, phases=("si",), refits=False).flags
    alone = paddlewheel.xrd_fit(pattern, phases=("si",), radiation="CuKa1", refits=False)
    assert any("Ka2 is in the pattern" in flag for flag in alone.flags)
    assert any("does not describe the pattern" in flag for flag in alone.flags)


def test_a_wavelength_that_nobody_says_is_that_of_the_phases() -> None:
    """The numbers of --radiation CuKa, and a line that says so; other phases decide nothing.

    The search ends where steps gain nothing: how arrays lie in memory rounds sums differently, which moves a
    fraction by some 1e-5 of itself.
    """
    pattern = _made("si", "corundum", size_A=1000, seed=1)
    silent = replace(pattern, radiation=None)
    said = paddlewheel.xrd_fit(silent, phases=("si", "corundum"), radiation="CuKa", refits=False)
    found = paddlewheel.xrd_fit(silent, phases=("si", "corundum"), refits=False)
    for phase, other in zip(found.phases, said.phases, strict=True):
        assert phase.weight_fraction is not None
        assert other.weight_fraction is not None
        assert phase.weight_fraction.value == pytest.approx(other.weight_fraction.value, rel=1e-3)
        assert phase.cell.a_A.value == pytest.approx(other.cell.a_A.value, rel=1e-6)
    assert sum("nothing says its wavelength: Cu Ka" in line for line in found.warnings) == 1
    with pytest.raises(InputError, match="does not say its wavelength"):
        paddlewheel.xrd_fit(silent, phases=("nabh4",), refits=False)


def test_angles_that_are_theta_are_told() -> None:
    pattern = _made("si", "corundum", size_A=1000, seed=1)
    halved = replace(pattern, two_theta_deg=pattern.two_theta_deg / 2)
    flags = paddlewheel.xrd_fit(halved, phases=("si", "corundum"), refits=False).flags
    assert any("--abscissa theta-deg" in flag for flag in flags)
    assert not any("--wavelength-A" in flag for flag in flags)


def test_cells_alone_are_withheld_where_the_shift_of_all_lines_is_as_good() -> None:
    """Two lines of silicon and some of corundum, 40 to 50 degrees: half of each was weighed, whatever the cells are."""
    mixture = [SimulatedPhase(phase=read_phase(name), weight_fraction=0.5) for name in ("si", "corundum")]
    made = simulate_pattern(mixture, _LAB, np.arange(42, 50, 0.02), counts_at_maximum=20_000, seed=1).pattern
    given = {"phases": ("si", "corundum"), "cell_percent": 1.0}
    record = paddlewheel.xrd_fit(made, **given)
    assert any("no cells are given" in flag for flag in record.flags)
    for phase in record.phases:
        assert phase.cell.a_A.std == 0
        assert phase.weight_fraction is not None
        low, high = phase.weight_fraction.interval_95 or (0.0, 0.0)
        assert low < 0.5 < high
    with pytest.raises(InputError, match="cannot be told apart"):
        paddlewheel.xrd_fit(made, shift="both", **given)
