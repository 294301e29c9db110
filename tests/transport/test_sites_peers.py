"""Occupancies of Li6PS5Cl beside site-analysis and GEMDAT: the same sites, the same frames, the same counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.crystals import place_in_cell, read_site_list
from paddlewheel.trajectories import displacements, read_trajectory
from paddlewheel.transport.sites import Sites, assign, core_radii_A

DATA = Path(__file__).parent / "data"


def test_ion_frames_on_every_site_are_those_of_site_analysis_and_gemdat(shared: Path) -> None:
    reference = json.loads((DATA / "site_occupancies.json").read_text())
    run = read_trajectory(shared / "data/trajectories/kinisi_example_XDATCAR.gz", frame_interval_fs=100.0)
    paths = displacements(run, specie="Li", drift="none")  # the peers take positions as they are
    placed = place_in_cell(read_site_list(DATA / "li6ps5cl_48h.txt", specie="Li"), paths.mean_cell_A)
    assert placed.repeats == (2, 2, 2)
    sites = Sites(placed.fractional, paths.mean_cell_A, placed.labels, placed.families)
    radii = core_radii_A(sites, core_radius_A=reference["radius_A"])
    found = assign([paths.positions_A], sites=sites, radii_A=radii, frame_interval_fs=100.0).runs[0]
    assert found.n_frames == reference["n_frames"]
    order = _order(np.array(reference["fractional"]), sites.fractional)
    nearest, inside = found.nearest.sum(axis=0)[order], found.inside.sum(axis=0)[order]
    assert nearest.sum() == sum(reference["nearest"]) == 192 * 140
    # positions have eight decimals: a handful of 26,880 may lie on a border within rounding and go either way
    assert np.abs(nearest - reference["nearest"]).sum() <= 4
    assert np.abs(inside - reference["inside"]).sum() <= 4


def test_the_sites_are_refused_in_another_cell() -> None:
    from paddlewheel.errors import StructureError

    with pytest.raises(StructureError, match=r"li6ps5cl_48h.txt: its cell .10.16, 10.16, 10.16 A.* does not fit"):
        place_in_cell(read_site_list(DATA / "li6ps5cl_48h.txt", specie="Li"), np.diag([20.3, 20.3, 15.0]))


def _order(wanted: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Row of each wanted site in our own list."""
    between = wanted[:, None] - own
    distance = np.abs(between - np.rint(between)).max(axis=2)
    assert distance.min(axis=1).max() < 1e-5
    return distance.argmin(axis=1)
