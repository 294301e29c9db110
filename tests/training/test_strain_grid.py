"""The grid of strains and temperatures."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from paddlewheel.errors import SettingsError
from paddlewheel.training.strain_grid import strain_grid, strained


def test_paper_grid_has_five_strains_by_five_temperatures():
    points = strain_grid({"cu": bulk("Cu", cubic=True)})
    assert len({point.name for point in points}) == 25
    assert sorted({point.temperature_K for point in points}) == [300, 450, 600, 750, 900]
    assert sorted({point.strain for point in points}) == [-0.1, -0.05, 0, 0.05, 0.1]


@pytest.mark.parametrize("strain", [-0.1, 0.0, 0.05])
def test_strain_scales_every_length_and_keeps_fractional_coordinates(strain):
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=1)
    other = strained(atoms, strain)
    np.testing.assert_allclose(other.cell.lengths(), atoms.cell.lengths() * (1 + strain))
    np.testing.assert_allclose(other.get_scaled_positions(), atoms.get_scaled_positions(), atol=1e-12)
    assert other.get_volume() == pytest.approx(atoms.get_volume() * (1 + strain) ** 3)


@pytest.mark.parametrize(
    ("strains", "temperatures_K", "named"),
    [([5.0], [300.0], "5 is beyond"), ([], [300.0], "strains"), ([0.0], [300.0, 300.0], "temperatures"),
     ([0.0], [-5.0], "-5 K")],
)  # fmt: skip
def test_grid_that_cannot_be_run_is_refused(strains, temperatures_K, named):
    with pytest.raises(SettingsError, match=named):
        strain_grid({"cu": bulk("Cu")}, strains=strains, temperatures_K=temperatures_K)
