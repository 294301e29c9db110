"""GITT and pulses from the rows to the record, the tables and the figures."""

from __future__ import annotations

import numpy as np
import pytest

from made_diffusion import diffusing_cell
from paddlewheel import cycling
from paddlewheel.errors import SettingsError

STEPS = [
    (0.0, 400.0),
    *[step for _ in range(8) for step in ((1e-4, 600.0), (0.0, 60000.0))],
    (0.0, 100.0),
    (-2e-3, 30.0),
]


def test_a_titration_gives_diffusivities_tables_and_figures(tmp_path):
    """Spheres of 3 um: L is 1 um, and D is 1e-4 / s times 1e-8 cm2."""
    test = diffusing_cell(STEPS, rate_per_s=1e-4, sphere=True, interval_s=5)
    record = cycling(test, particle_radius_um=3.0, cell_kind="cathode", out=tmp_path / "run")
    assert [row.method for row in record.diffusion] == ["GITT"] * 8
    for row in record.diffusion:
        assert row.diffusivity_cm2_per_s.value == pytest.approx(1e-12, rel=0.06)
        assert row.over_length2_per_s == pytest.approx(1e-4, rel=0.06)
    (pulse,) = record.pulses
    assert pulse.half == "discharge"
    assert set(pulse.resistance_ohm) == {"10 s", "18 s", "30 s"}  # its rows are 5 s apart
    columns = np.genfromtxt(tmp_path / "run" / "diffusion.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert columns["diffusivity_cm2_per_s"] == pytest.approx(
        [row.diffusivity_cm2_per_s.value for row in record.diffusion]
    )
    assert "resistance_at_10_s_ohm" in (tmp_path / "run" / "pulses.csv").read_text().splitlines()[0]
    assert {"diffusion", "pulses"} <= set(record.plot())
    assert "10.1149/1.2133112" in {citation.doi for citation in record.citations}
    text = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Diffusivity" in text
    assert "Pulse resistance" in text


def test_a_film_has_its_thickness_for_its_length_and_none_is_none():
    test = diffusing_cell(STEPS[:-1], rate_per_s=1e-4, sphere=False, interval_s=5)
    film = cycling(test, film_thickness_um=2.0, cell_kind="cathode")
    assert film.diffusion[0].diffusivity_cm2_per_s.value == pytest.approx(4e-12, rel=0.03)
    bare = cycling(test, cell_kind="cathode")
    assert bare.diffusion[0].diffusivity_cm2_per_s is None
    assert bare.diffusion[0].over_length2_per_s == pytest.approx(1e-4, rel=0.03)
    with pytest.raises(SettingsError, match="film_thickness_um: has no effect beside --particle-radius-um"):
        cycling(test, particle_radius_um=1.0, film_thickness_um=2.0)


def test_energies_are_sums_of_voltage_times_charge():
    """1 mAh up at 3 to 4 V, 1 mAh down at 3.5 to 2.5 V: 3.5 and 3.0 mWh by hand."""
    from paddlewheel.lab.table import CellTest

    share = np.linspace(0, 1, 101)
    voltage = np.concatenate([3 + share, 3.5 - share])
    current = np.repeat([1e-3, -1e-3], 101)
    charge = np.concatenate([1e-3 * share, 1e-3 * (1 - share)])
    time_s = np.concatenate([3600 * share, 3600 + 3600 * share])
    time_s[101:] += 0.001
    (row,) = cycling(CellTest(time_s=time_s, voltage_V=voltage, current_A=current, charge_Ah=charge)).cycles
    assert (row.charge_energy_mWh, row.discharge_energy_mWh) == pytest.approx((3.5, 3.0), rel=1e-9)
    assert row.coulombic_efficiency == pytest.approx(1.0)
    assert row.energy_efficiency == pytest.approx(6 / 7)
