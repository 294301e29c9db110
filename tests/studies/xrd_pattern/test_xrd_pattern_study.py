"""`xrd pattern`: records, tables and lines of structures and trajectories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import InputError
from paddlewheel.lab.xrd.instrument import tube
from paddlewheel.lab.xrd.structure_factors import anomalous, form_factor
from paddlewheel.records.tables import Beside
from paddlewheel.studies.xrd_pattern.lines import curve, lorentz_polarization, merged_signs
from paddlewheel.studies.xrd_pattern.record import CURVES, LINES
from paddlewheel.trajectories import Trajectory


def test_a_page_of_two_phases_beside_a_measured_pattern(tmp_path: Path) -> None:
    angles = np.arange(20.0, 60.0, 0.05)
    measured = tmp_path / "measured.xy"
    measured.write_text("\n".join(f"{x:.3f} {100 + 900 * np.exp(-((x - 28.44) ** 2) / 0.01):.1f}" for x in angles))
    out = tmp_path / "run"
    record = paddlewheel.xrd_pattern(["si", "nabh4"], radiation="CuKa1", observed=measured, out=out)
    silicon = record.patterns[0]
    # SRM 640f's certificate, table 1: 28.441, 47.301, 56.120 degrees at 1.5405929 A
    angles_deg = {line.hkl: line.two_theta_deg for line in silicon.strongest}
    assert angles_deg[1, 1, 1] == pytest.approx(28.441, abs=6e-4)
    assert angles_deg[2, 2, 0] == pytest.approx(47.301, abs=6e-4)
    assert angles_deg[3, 1, 1] == pytest.approx(56.120, abs=6e-4)
    assert silicon.strongest[0].relative_intensity == 100
    assert record.two_theta_range_deg == pytest.approx((20.0, 59.95))
    assert record.patterns[1].b_iso_A2 == pytest.approx({"Na": 2.5, "B": 2.5, "H": 4.0})
    lines = Beside(directory=out).columns(LINES)
    assert (lines["pattern"] == 1).sum() == silicon.n_reflections
    curves = Beside(directory=out).columns(CURVES)
    first = curves["pattern"] == 1
    peak = curves["two_theta_deg"][first][np.argmax(curves["bragg"][first])]
    assert peak == pytest.approx(28.441, abs=0.01)
    assert (out / "report.html").is_file()
    assert record.observed == "measured"


def test_a_trajectory_beside_its_structure() -> None:
    """A crystal at rest in a run of 2 x 1 x 1 cells has the lines of the small cell, nothing diffuse, no satellites."""
    places = np.array([[0, 0, 0], [0.25, 0.5, 0.5], [0.5, 0, 0], [0.75, 0.5, 0.5]])
    cells = np.tile(np.diag([8.2, 4.1, 4.1]), (5, 1, 1))
    moved = Trajectory.from_arrays(
        positions_A=np.tile(places, (5, 1, 1)) * [8.2, 4.1, 4.1], cell_A=cells, symbols=["Cs", "Cl"] * 2,
        frame_interval_fs=1000.0, source="still", is_unwrapped=True,
    )  # fmt: skip
    record = paddlewheel.xrd_pattern(
        moved, small_cells=(2, 1, 1), radiation="CuKa1", two_theta_range_deg=(20, 60), temperature_K=300
    )
    pattern = record.patterns[0]
    assert pattern.of == "trajectory"
    assert pattern.cell[:3] == pytest.approx([4.1] * 3)
    assert pattern.diffuse_share == pytest.approx(0.0, abs=1e-9)
    assert pattern.satellite_share == pytest.approx(0.0, abs=1e-9)
    assert pattern.density_g_per_cm3 == pytest.approx(168.36 / 0.602214 / 4.1**3, rel=1e-4)
    assert record.plot()
    total = {line.hkl: line.structure_factor_squared for line in pattern.strongest}
    assert total[1, 1, 0] == pytest.approx(total[1, 0, 1], rel=1e-6)
    for hkl, sign in (((1, 1, 0), 1), ((1, 0, 0), -1)):  # the sum of both ions, and their difference
        s_per_A = np.array([np.linalg.norm(hkl) / 2 / 4.1])
        cesium, chlorine = (
            form_factor(element, s_per_A)[0] + anomalous(element, record.wavelength_A) for element in ("Cs", "Cl")
        )
        assert total[hkl] == pytest.approx(abs(cesium + sign * chlorine) ** 2, rel=1e-6)


def test_lines_that_differ_in_signs_are_one() -> None:
    cell = np.array([5.0, 6.0, 7.0, 90.0, 90.1, 90.0])
    hkl = np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1], [1, -1, -1], [0, 1, -1], [0, 1, 1], [2, 0, 0]])
    found = merged_signs(hkl, cell, np.arange(7.0), np.zeros(7))
    rows = {tuple(row): (m, f) for row, m, f in zip(found.hkl.tolist(), found.multiplicity, found.squared, strict=True)}
    assert rows == {(1, 1, 1): (8, 1.5), (0, 1, 1): (4, 4.5), (2, 0, 0): (2, 6.0)}


def test_a_curve_has_the_areas_of_its_lines() -> None:
    angles = np.linspace(10, 60, 6000)
    drawn = curve(angles, np.array([3.0]), np.array([7.0]), tube("Cu", "1"), 0.1)
    two_theta = 2 * np.arcsin(tube("Cu").wavelength_A / 6)
    assert np.trapezoid(drawn, angles) == pytest.approx(7 * lorentz_polarization(two_theta, 1.0), rel=2e-3)


@pytest.mark.parametrize(
    ("given", "settings", "problem"),
    [
        ("nothing.cif", {}, "no such file"),
        ("si", {"two_theta_range_deg": (5, 10)}, "no reflection"),
        ("si", {"small_cells": (2, 2)}, "give three"),
        ("si", {"radiation": "CuKa", "wavelength_A": 1.0}, "give one of them"),
    ],
)
def test_bad_input_is_one_line(given: str, settings: dict, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as error:
        paddlewheel.xrd_pattern(given, **settings)
    assert "\n" not in str(error.value)
