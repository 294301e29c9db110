"""`xrd series --candidates`: what is found in the first, middle or last pattern is fitted in all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.xrd.instrument import named_radiation
from paddlewheel.lab.xrd.pattern import Pattern
from paddlewheel.lab.xrd.phase import d_spacing_A
from paddlewheel.lab.xrd.structure_factors import read_phase, reflections
from paddlewheel.studies.table import load_study

_CIF = """data_{name}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt '{group}'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_B_iso_or_equiv
A {one} 0 0 0 1.0
B {two} {at} {at} {at} 1.0
"""
_STRUCTURES = {
    "halite": (5.6402, "F m -3 m", "Na", "Cl", 0.5),
    "sylvite": (6.2931, "F m -3 m", "K", "Cl", 0.5),
    "caesium": (4.123, "P m -3 m", "Cs", "Cl", 0.5),
    "fluorite": (5.463, "F m -3 m", "Ca", "F", 0.25),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four structures, and a file that is none."""
    path = tmp_path / "cifs"
    path.mkdir()
    for name, (a, group, one, two, at) in _STRUCTURES.items():
        (path / f"{name}.cif").write_text(_CIF.format(name=name, a=a, group=group, one=one, two=two, at=at))
    (path / "broken.cif").write_text("data_broken\n_cell_length_a 5\n")
    return path


def _frame(folder: Path, kelvin: float, heights: dict[str, float]) -> Pattern:
    """Phases with the heights of their strongest lines, counts; Gaussian lines of 0.12 degrees, Cu Ka1."""
    radiation, x = named_radiation("CuKa1"), np.arange(20.0, 80.0, 0.03)
    y = np.full(x.size, 60.0)
    for name, height in heights.items():
        phase = read_phase(folder / f"{name}.cif")
        found = reflections(phase, radiation, 1.19)
        theta = np.arcsin(radiation.wavelength_A / (2 * d_spacing_A(found.hkl, phase.cell)))
        area = found.multiplicity * found.structure_factor_squared * (1 + np.cos(2 * theta) ** 2)
        area = area / (np.sin(theta) ** 2 * np.cos(theta))
        lines = np.exp(-4 * np.log(2) * ((x[:, None] - np.degrees(2 * theta)) / 0.12) ** 2) @ area
        y = y + height * lines / lines.max()
    counts = np.random.default_rng(int(kelvin)).poisson(y).astype(float)
    return Pattern(name=f"{kelvin:g}", source=f"{kelvin:g}.xy", two_theta_deg=x, intensity=counts,
                   std=np.sqrt(np.maximum(counts, 1)), counts=True, radiation=radiation, geometry="bragg-brentano",
                   temperature_K=kelvin)  # fmt: skip


def test_a_phase_of_one_end_alone_is_found_and_fitted_in_all(folder: Path, tmp_path: Path) -> None:
    frames = [_frame(folder, 300, {"halite": 6000}), _frame(folder, 350, {"halite": 6000}),
              _frame(folder, 400, {"halite": 5000, "fluorite": 2500})]  # fmt: skip
    record = load_study("xrd series")(frames, candidates=folder, shift="none", cores=1, out=tmp_path / "run")
    assert record.phases == ["halite", "fluorite"]
    assert [each.temperature_K for each in record.searches] == [300, 350, 400]
    found = [[one.name for one in each.identification.candidates if one.is_found] for each in record.searches]
    assert found[:2] == [["halite"], ["halite"]]
    assert sorted(found[2]) == ["fluorite", "halite"]
    assert [line.split(":")[0] for line in record.searches[0].identification.left_out] == ["broken.cif"]
    assert [pattern.phases[1].is_present for pattern in record.patterns] == [False, False, True]
    text = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Which phases there are" in text
    assert "broken.cif" in text
    assert "fluorite is seen in 1 of 3 patterns" in text


def test_no_phase_at_all_is_one_line(folder: Path, tmp_path: Path) -> None:
    frames = [_frame(folder, kelvin, {"halite": 6000}) for kelvin in (300.0, 350.0)]
    with pytest.raises(SettingsError, match="no folder"):
        load_study("xrd series")(frames, candidates=tmp_path / "none", out=tmp_path / "run")
