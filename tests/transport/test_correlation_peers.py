"""g(r), the MSD and the self van Hove function beside MDAnalysis, freud and pymatgen-analysis-diffusion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.trajectories import displacements, read_trajectory
from paddlewheel.transport import mean_squared_displacement, pair_distribution, radial_distributions, van_hove_self
from paddlewheel.transport.van_hove import shell_volumes_A3

REFERENCE = json.loads((Path(__file__).parent / "data/correlation_peers.json").read_text())
BIN_A = REFERENCE["range_A"] / REFERENCE["n_bins"]
N_LI, N_S, N_FRAMES = 192, 160, 140


@pytest.mark.parametrize("other", ["Li", "S"])
def test_pairs_by_distance_are_those_of_mdanalysis(shared: Path, other: str) -> None:
    run = read_trajectory(shared / "data/trajectories/kinisi_example_XDATCAR.gz", frame_interval_fs=100.0)
    # the peer takes positions as they are; the cell is constant, so that the mean cell is the cell
    li = displacements(run, specie="Li", drift="none")
    a = li.positions_A
    b = a if other == "Li" else displacements(run, specie=other, drift="none").positions_A
    assert (a.shape[:2], b.shape[1]) == ((N_FRAMES, N_LI), N_LI if other == "Li" else N_S)
    found = pair_distribution([(a, b, li.mean_cell_A)], range_A=REFERENCE["range_A"], bin_A=BIN_A, n_parts=1)
    volume = abs(np.linalg.det(li.mean_cell_A))
    shells = shell_volumes_A3(found.edges_A)
    counts = found.g * shells * (N_FRAMES * N_LI * b.shape[1] / volume)
    theirs = REFERENCE["pairs"][f"Li-{other}"]
    # MDAnalysis reads positions in float32, 1e-6 A off at 20 A: of 60,000 pairs in a bin of 0.1 A one or two lie so
    # near to an edge (both ways, each counted twice), and one that crosses it is off in two bins
    assert np.abs(counts - theirs["counts"]).max() <= 4
    assert np.abs(counts - theirs["counts"]).sum() <= 20
    # with the atom itself left out MDAnalysis divides by N (N - 1) pairs, we by N^2: images of an atom are neighbours
    same = N_LI / (N_LI - 1) if other == "Li" else 1.0
    # g(r) is off by as many counts, which is most where shells are small: 4 of the ideal count at 2 A
    ideal = N_FRAMES * N_LI * b.shape[1] / volume * shells
    beyond = found.r_A > 2.0
    assert found.g[~beyond].max() == max(theirs["g"][: int((~beyond).sum())]) == 0.0
    assert (np.abs(found.g * same - theirs["g"]) <= 4 * same / ideal)[beyond].all()


def test_radial_distributions_of_elements_are_those_of_mdanalysis(shared: Path) -> None:
    run = read_trajectory(shared / "data/trajectories/kinisi_example_XDATCAR.gz", frame_interval_fs=100.0)
    frames = [
        (positions, cell)
        for block in run.blocks()
        for positions, cell in zip(block.positions_A, block.cell_A, strict=True)
    ]
    table = {
        one.pair: one.g for one in radial_distributions(frames, run.symbols, cutoff_A=REFERENCE["range_A"], bin_A=BIN_A)
    }
    # as above: a count or two of the 4,000 of an ideal gas in a bin at 2 A
    theirs = {name: np.array(pair["g"]) for name, pair in REFERENCE["pairs"].items()}
    assert table["Li", "S"] == pytest.approx(theirs["Li-S"], abs=1e-3)
    assert table["Li", "Li"] * N_LI / (N_LI - 1) == pytest.approx(theirs["Li-Li"], abs=1e-3)


def test_msd_of_single_ions_is_that_of_freud() -> None:
    found = mean_squared_displacement(np.array(REFERENCE["walk_A"]), frame_interval_fs=10.0)
    theirs = np.array(REFERENCE["msd_A2"])
    assert theirs.shape == found.per_ion_A2.shape
    # freud holds positions in float32 and takes sums of squares, up to 120 x 20 A^2, from one another: 1e-7 of those
    np.testing.assert_allclose(found.per_ion_A2, theirs, atol=3e-4, rtol=0)


def test_self_van_hove_function_is_that_of_pymatgen() -> None:
    walk = np.array(REFERENCE["walk_A"])
    edges = np.arange(REFERENCE["n_bins"] + 1) * BIN_A
    for lag, theirs in zip(REFERENCE["lags"], REFERENCE["van_hove_per_A"], strict=True):
        found = van_hove_self(
            [walk[: lag + REFERENCE["n_origins"]]], frame_interval_fs=10.0, lags=np.array([lag]), bin_A=BIN_A,
            range_A=REFERENCE["range_A"],
        )  # fmt: skip
        # theirs is ours with every bin replaced by a Gaussian at its lower edge
        sigma = REFERENCE["sigma_A"]
        kernel = np.exp(-0.5 * ((edges[:, None] - edges[:-1]) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        # both in float64: the rounding of the reference to nine decimals is left
        np.testing.assert_allclose(kernel @ found.density_per_A[0] * BIN_A, theirs, atol=1e-9, rtol=0)
