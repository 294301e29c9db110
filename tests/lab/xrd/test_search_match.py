"""Phases are found among others: in made patterns, in the mixtures of the CPD round robin, in real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import named_radiation
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import d_spacing_A
from paddlewheel.lab.xrd.readers import read_patterns
from paddlewheel.lab.xrd.search_match import identify
from paddlewheel.lab.xrd.structure_factors import read_phase, reflections

_BUILT_IN = ("nabh4", "si", "lab6", "corundum", "ceo2", "zno", "magnetite")


def _made(shares: dict[str, float], *, stretch: float = 1.0, texture: float = 0.0, seed: int = 0) -> Pattern:
    """Cu Ka1, Gaussian lines of 0.12 degrees; `shares` of the highest line of each phase."""
    random = np.random.default_rng(seed)
    radiation = named_radiation("CuKa1")
    x = np.arange(18.0, 72.0, 0.03)
    y = np.full(x.size, 80.0)
    for name, height in shares.items():
        phase = read_phase(name)
        found = reflections(phase, radiation, 1.32)
        theta = np.arcsin(radiation.wavelength_A / (2 * stretch * d_spacing_A(found.hkl, phase.cell)))
        area = found.multiplicity * found.structure_factor_squared
        area = area * (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        area = area / area.max() * np.exp(texture * random.normal(size=area.size))
        lines = np.exp(-4 * np.log(2) * ((x[:, None] - np.degrees(2 * theta)) / 0.12) ** 2) @ area
        y = y + 5000 * height * lines / lines.max()
    counts = random.poisson(y).astype(float)
    return Pattern(name="made", source="made", two_theta_deg=x, intensity=counts, std=np.sqrt(np.maximum(counts, 1)),
                   counts=True, radiation=radiation)  # fmt: skip


def _names(pattern: Pattern) -> list[str]:
    return [each.name for each in identify(pattern, [read_phase(name) for name in _BUILT_IN]).found]


def test_phases_of_a_mixture_are_found_and_no_others() -> None:
    """Corundum with a tenth of the height, every intensity off by 20 %, cells larger by 0.6 %."""
    found = _names(_made({"zno": 1.0, "ceo2": 0.4, "corundum": 0.1}, stretch=1.006, texture=0.2))
    assert set(found) == {"zno", "ceo2", "corundum"}
    assert found[0] == "zno"


def test_what_no_candidate_explains_is_listed() -> None:
    pattern = _made({"zno": 1.0, "lab6": 0.5})
    found = identify(pattern, [read_phase(name) for name in ("zno", "si", "corundum", "y2o3")])
    assert [each.name for each in found.found] == ["zno"]
    # LaB6 at 1.5406 A (SRM 660): 100 at 21.36, 110 at 30.39, 111 at 37.44 degrees
    for angle in (21.36, 30.39, 37.44):
        assert min(abs(peak.two_theta_deg - angle) for peak in found.unexplained) < 0.08
    assert found.unexplained_share > 0.1


def test_same_structure_twice_is_one_phase() -> None:
    from dataclasses import replace

    zinc = read_phase("zno")
    twin = replace(zinc, name="twin", cell=zinc.cell * np.array([1.001, 1.001, 1.001, 1, 1, 1]))
    found = identify(_made({"zno": 1.0}), [zinc, twin, read_phase("si")])
    assert len(found.found) == 1
    assert {found.found[0].name, *found.found[0].alike} == {"zno", "twin"}


def test_a_pattern_without_peaks_is_refused() -> None:
    random = np.random.default_rng(0)
    x = np.arange(10.0, 80.0, 0.02)
    y = random.poisson(100.0, x.size).astype(float)
    flat = Pattern(name="flat", source="flat.xy", two_theta_deg=x, intensity=y, std=np.sqrt(y), counts=True,
                   radiation=named_radiation("CuKa"))  # fmt: skip
    with pytest.raises(DataError, match="no peaks"):
        identify(flat, [read_phase("si")])


def test_traces_of_a_cpd_mixture(shared: Path) -> None:
    """1a holds 1.15 wt% corundum and 4.04 zincite (SOURCES.md); CeO2 and Si have the lines of its fluorite."""
    folder = shared / "data/lab/xrd_qpa"
    pattern = read_patterns(folder / "cpd-1a.prn.gz", radiation=named_radiation("CuKa"))[0]
    names = ("corundum", "zincite", "fluorite", "brucite")
    phases = [read_phase(folder / f"{name}.cif") for name in names]
    phases += [read_phase(name) for name in _BUILT_IN if name not in ("corundum", "zno")]
    found = identify(pattern, phases).found
    assert {each.name for each in found} == {"corundum", "zincite", "fluorite"}
