"""`xrd fit --candidates`: phases of a folder are found, fitted, and told with their evidence."""

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

_CUBIC = """data_{name}
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
{sites}
"""
_STRUCTURES = {
    "halite": (5.6402, "F m -3 m", "Na1 Na 0 0 0 1.0\nCl1 Cl 0.5 0.5 0.5 1.0"),
    "sylvite": (6.2931, "F m -3 m", "K1 K 0 0 0 1.0\nCl1 Cl 0.5 0.5 0.5 1.0"),
    "caesium": (4.123, "P m -3 m", "Cs1 Cs 0 0 0 1.0\nCl1 Cl 0.5 0.5 0.5 1.0"),
    "fluorite": (5.463, "F m -3 m", "Ca1 Ca 0 0 0 0.5\nF1 F 0.25 0.25 0.25 0.7"),
}


def _folder(path: Path) -> Path:
    path.mkdir()
    for name, (a, group, sites) in _STRUCTURES.items():
        (path / f"{name}.cif").write_text(_CUBIC.format(name=name, a=a, group=group, sites=sites))
    (path / "broken.cif").write_text("data_broken\n_cell_length_a 5\n")
    return path


def _pattern(folder: Path) -> Pattern:
    """Halite with a third of fluorite by height; Gaussian lines of 0.12 degrees, Cu Ka1."""
    random, radiation = np.random.default_rng(4), named_radiation("CuKa1")
    x = np.arange(20.0, 80.0, 0.03)
    y = np.full(x.size, 60.0)
    for name, height in (("halite", 1.0), ("fluorite", 0.33)):
        phase = read_phase(folder / f"{name}.cif")
        found = reflections(phase, radiation, 1.19)
        theta = np.arcsin(radiation.wavelength_A / (2 * d_spacing_A(found.hkl, phase.cell)))
        area = found.multiplicity * found.structure_factor_squared * (1 + np.cos(2 * theta) ** 2)
        area = area / (np.sin(theta) ** 2 * np.cos(theta))
        lines = np.exp(-4 * np.log(2) * ((x[:, None] - np.degrees(2 * theta)) / 0.12) ** 2) @ area
        y = y + 6000 * height * lines / lines.max()
    counts = random.poisson(y).astype(float)
    return Pattern(name="mixture", source="mixture.xy", two_theta_deg=x, intensity=counts,
                   std=np.sqrt(np.maximum(counts, 1)), counts=True, radiation=radiation,
                   geometry="bragg-brentano")  # fmt: skip


def test_phases_of_the_folder_are_found_and_fitted(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "cifs")
    record = load_study("xrd fit")(_pattern(folder), candidates=folder, shift="none", refits=False)
    assert {phase.name for phase in record.phases} == {"halite", "fluorite"}
    found = record.identification
    assert found is not None
    assert found.n_candidates == 4
    assert [each.name for each in found.candidates if each.is_found] == ["halite", "fluorite"]
    assert all(each.reason for each in found.candidates if not each.is_found)
    assert [line.split(":")[0] for line in found.left_out] == ["broken.cif"]
    assert not found.unexplained


def test_what_is_no_folder_of_cifs_is_one_line(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "cifs")
    pattern = _pattern(folder)
    (tmp_path / "empty").mkdir()
    for given, told in ((tmp_path / "none", "no folder"), (tmp_path / "empty", "no CIF")):
        with pytest.raises(SettingsError, match=told):
            load_study("xrd fit")(pattern, candidates=given)
