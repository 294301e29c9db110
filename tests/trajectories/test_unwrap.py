"""Displacements against walks whose truth is known: offsets, bases, wrapping, breathing cells, drift change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import Trajectory, displacements, fractional_paths, read_trajectory

N_FRAMES, N_IONS, LENGTH_A = 400, 8, 12.0
SYMBOLS = ["Na"] * N_IONS + ["B"] * 4 + ["H"] * 4
CELL = np.diag([LENGTH_A] * 3)
INTERVAL_FS = 10.0
# Accumulated float64 rounding of coordinates up to 200 A: 1e-16 * 200, times a few operations.
ROUNDING_A = 1e-11


def walk(seed: int = 0) -> np.ndarray:
    """Cartesian random walk of the ions (0.3 A per component and frame), framework vibrating by 0.05 A."""
    generator = np.random.default_rng(seed)
    start = generator.uniform(0, LENGTH_A, (len(SYMBOLS), 3))
    positions = np.repeat(start[None], N_FRAMES, axis=0)
    steps = generator.normal(0, 0.3, (N_FRAMES - 1, N_IONS, 3))
    positions[1:, :N_IONS] += np.cumsum(steps, axis=0)
    positions[:, N_IONS:] += generator.normal(0, 0.05, (N_FRAMES, len(SYMBOLS) - N_IONS, 3))
    return positions


def wrap(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    return (positions @ np.linalg.inv(cell) % 1.0) @ cell


def paths(positions, cell, *, specie: str | list[int] = "Na", symbols=SYMBOLS, **options) -> np.ndarray:
    trajectory = Trajectory.from_arrays(
        positions_A=positions, cell_A=cell, symbols=symbols, frame_interval_fs=INTERVAL_FS
    )
    return displacements(trajectory, specie=specie, **options).positions_A


def moved(path: np.ndarray) -> np.ndarray:
    return path - path[0]


def msd_at_lag_1(path: np.ndarray) -> float:
    return float((np.diff(path, axis=0) ** 2).sum(axis=2).mean())


def test_walk_is_recovered_from_wrapped_positions():
    truth = walk()
    path = paths(wrap(truth, CELL), CELL, drift="none")
    np.testing.assert_allclose(moved(path), moved(truth[:, :N_IONS]), atol=ROUNDING_A)


def test_first_frame_is_that_of_the_file_in_the_mean_cell():
    truth = walk()
    np.testing.assert_allclose(paths(truth, CELL)[0], truth[0, :N_IONS], atol=ROUNDING_A)


@pytest.mark.parametrize("offset", [200.0, -200.0])
def test_offset_changes_nothing(offset):
    truth = walk()
    np.testing.assert_allclose(moved(paths(truth + offset, CELL)), moved(paths(truth, CELL)), atol=ROUNDING_A)


@pytest.mark.parametrize("basis", [[[1, 0, 0], [1, 1, 0], [0, 1, 1]], [[1, 0, 0], [3, 1, 0], [-2, 4, 1]]])
def test_basis_of_the_lattice_changes_nothing(basis):
    truth = walk()
    skewed = np.array(basis) @ CELL
    np.testing.assert_allclose(moved(paths(wrap(truth, skewed), skewed)), moved(paths(truth, CELL)), atol=ROUNDING_A)


def test_triclinic_lattice():
    cell = np.array([[11.0, 0.2, -0.1], [4.5, 9.8, 0.0], [-3.0, 2.0, 10.5]])
    truth = walk()
    path = paths(wrap(truth, cell), cell, drift="none")
    np.testing.assert_allclose(moved(path), moved(truth[:, :N_IONS]), atol=ROUNDING_A)


def test_supercell_changes_nothing():
    truth = walk()
    doubled = np.concatenate([truth, truth + CELL[0]], axis=1)
    large = np.diag([2.0, 1.0, 1.0]) @ CELL
    path = paths(wrap(doubled, large), large, symbols=SYMBOLS * 2)
    single = moved(paths(truth, CELL))
    np.testing.assert_allclose(moved(path), np.concatenate([single, single], axis=1), atol=ROUNDING_A)


@pytest.mark.parametrize("amplitude", [0.01, 0.03])
def test_breathing_cell_does_not_inflate_the_msd(amplitude):
    """The same Cartesian steps, taken in a breathing cell, 200 A from the origin that the cell breathes around."""
    truth = walk()
    scale = 1.0 + amplitude * np.sin(2 * np.pi * np.arange(N_FRAMES) / 50.0)  # whole periods: <h> is CELL
    fractional = truth[0] / LENGTH_A + np.concatenate(
        [np.zeros((1, len(SYMBOLS), 3)), np.cumsum(np.diff(truth, axis=0) / (LENGTH_A * scale[1:, None, None]), axis=0)]
    )
    cells = scale[:, None, None] * CELL
    positions = np.matmul(fractional + 200.0 / LENGTH_A, cells)
    ratio = msd_at_lag_1(paths(positions, cells, drift="none")) / msd_at_lag_1(truth[:, :N_IONS])
    # <1/scale^2> = 1 + 1.5 amplitude^2 = 1.0014 at 3 %; physics.md section 4 allows 1.004
    assert ratio == pytest.approx(1.0, abs=0.004)
    naive = msd_at_lag_1(positions[:, :N_IONS]) / msd_at_lag_1(truth[:, :N_IONS])
    assert naive > 1.1  # the trap is in the data: Cartesian increments inflate it


def test_rotating_cell_changes_nothing():
    truth = walk()
    angles = np.radians(2.0) * np.sin(2 * np.pi * np.arange(N_FRAMES) / 100.0)
    rotations = np.zeros((N_FRAMES, 3, 3))
    rotations[:, 0, 0] = rotations[:, 1, 1] = np.cos(angles)
    rotations[:, 0, 1], rotations[:, 1, 0], rotations[:, 2, 2] = np.sin(angles), -np.sin(angles), 1.0
    path = paths(np.matmul(truth, rotations), np.matmul(CELL, rotations), drift="none")
    # <h> shrinks by <angle^2>/2 = 3e-4, so an MSD by twice that
    assert msd_at_lag_1(path) == pytest.approx(msd_at_lag_1(truth[:, :N_IONS]), rel=1e-3)


def test_a_cell_that_turns_by_90_degrees_keeps_its_size():
    """A turning cube: the mean of its lattice vectors as they stand is 10 % short in two edges, and D 13 % low."""
    truth = walk()
    angles = np.linspace(0, np.pi / 2, N_FRAMES)
    rotations = np.zeros((N_FRAMES, 3, 3))
    rotations[:, 0, 0] = rotations[:, 1, 1] = np.cos(angles)
    rotations[:, 0, 1], rotations[:, 1, 0], rotations[:, 2, 2] = np.sin(angles), -np.sin(angles), 1.0
    found = displacements(
        Trajectory.from_arrays(
            positions_A=np.matmul(truth, rotations), cell_A=np.matmul(CELL, rotations), symbols=SYMBOLS,
            frame_interval_fs=INTERVAL_FS,
        ),
        specie="Na", drift="none",
    )  # fmt: skip
    assert np.linalg.det(found.mean_cell_A) == pytest.approx(found.mean_volume_A3, rel=1e-12)
    assert found.largest_strain < 1e-12
    np.testing.assert_allclose(moved(found.positions_A), moved(truth[:, :N_IONS]), atol=1e-10)


def test_shear_without_end_is_a_strain_of_the_cell():
    """Simple shear by g: the principal strains of Green and Lagrange are g^2 / 4 +- g / 2 sqrt(1 + g^2 / 4)."""
    cells = np.repeat(CELL[None], N_FRAMES, axis=0)
    cells[N_FRAMES // 2 :, 1, 0] = 0.4 * LENGTH_A  # from 90 to 68 degrees
    for frame, shear in enumerate(np.linspace(0, 0.4, 11)):  # no jump: a tenth of it a frame
        cells[N_FRAMES // 2 + frame, 1, 0] = shear * LENGTH_A
    found = displacements(
        Trajectory.from_arrays(
            positions_A=np.matmul(walk() / LENGTH_A, cells), cell_A=cells, symbols=SYMBOLS,
            frame_interval_fs=INTERVAL_FS,
        ),
        specie="Na", drift="none",
    )  # fmt: skip
    # the mean lies midway: each half is sheared by 0.2 against it, a strain of 0.11; the stretch is second order
    assert found.largest_strain == pytest.approx(0.2 / 2 + 0.2**2 / 4, abs=0.02)


def test_uniform_drift_is_removed_with_the_framework():
    truth = walk()
    drift = np.linspace(0, 1, N_FRAMES)[:, None, None] * np.array([5.0, -40.0, 90.0])
    np.testing.assert_allclose(paths(wrap(truth + drift, CELL), CELL), paths(wrap(truth, CELL), CELL), atol=ROUNDING_A)
    kept = moved(paths(truth + drift, CELL, drift="none"))
    np.testing.assert_allclose(
        kept - moved(paths(truth, CELL, drift="none")), np.broadcast_to(drift, kept.shape), atol=1e-9
    )


def test_drift_of_all_atoms_is_weighted_by_mass():
    truth = walk()
    trajectory = Trajectory.from_arrays(
        positions_A=truth, cell_A=CELL, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS, masses_u=np.arange(1.0, 17.0)
    )
    everything = displacements(trajectory, specie=list(range(16)), drift="all")
    centre = np.einsum("nai,a->ni", everything.positions_A, trajectory.masses_u)
    np.testing.assert_allclose(centre - centre[0], 0.0, atol=1e-8)  # 136 u times the rounding
    assert everything.drift_removed == "all"


def test_framework_drift_is_that_of_all_other_atoms_weighted_by_mass():
    truth = walk()
    trajectory = Trajectory.from_arrays(positions_A=truth, cell_A=CELL, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS)
    masses = trajectory.masses_u[N_IONS:]
    centre = np.einsum("nai,a->ni", truth[:, N_IONS:], masses) / masses.sum()
    expected = truth[:, :N_IONS] - (centre - centre[0])[:, None]
    found = displacements(trajectory, specie="Na")
    assert found.drift_removed == "framework"
    np.testing.assert_allclose(found.positions_A, expected, atol=ROUNDING_A)


def test_without_other_atoms_there_is_no_framework():
    trajectory = Trajectory.from_arrays(
        positions_A=walk()[:, :N_IONS], cell_A=CELL, symbols=["Na"] * N_IONS, frame_interval_fs=INTERVAL_FS
    )
    assert displacements(trajectory, specie="Na").drift_removed == "none"


def test_blocks_join_without_a_seam(monkeypatch):
    truth = wrap(walk(), CELL)
    whole = paths(truth, CELL)
    monkeypatch.setattr("paddlewheel.trajectories.unwrap._BLOCK_BYTES", 7 * 24 * len(SYMBOLS))
    np.testing.assert_allclose(paths(truth, CELL), whole, atol=ROUNDING_A)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(SYMBOLS))))
def test_permutation_of_the_atoms_permutes_the_paths(order):
    truth = walk()
    ions = [order.index(ion) for ion in range(N_IONS)]
    path = paths(truth[:, order], CELL, symbols=[SYMBOLS[atom] for atom in order], specie=ions)
    # the framework's mean is summed in another order
    np.testing.assert_allclose(path, paths(truth, CELL), atol=ROUNDING_A)


@settings(max_examples=20, deadline=None)
@given(arrays(np.int8, (N_FRAMES, len(SYMBOLS), 3)))
def test_any_lattice_vectors_added_to_any_atom_change_nothing(images):
    truth = walk()
    # up to 128 cells away, 1500 A: float64 keeps 2e-13 A there
    np.testing.assert_allclose(moved(paths(truth + images @ CELL, CELL)), moved(paths(truth, CELL)), atol=1e-10)


def test_mask_indices_and_symbol_choose_the_same_ions():
    truth = walk()
    mask = np.array(SYMBOLS) == "Na"
    for specie in (mask, list(range(N_IONS)), np.arange(N_IONS)):
        np.testing.assert_array_equal(paths(truth, CELL, specie=specie), paths(truth, CELL))


def test_cell_and_density():
    cells = np.repeat(CELL[None], N_FRAMES, axis=0)
    cells[::2, 0, 0] += 0.2
    trajectory = Trajectory.from_arrays(
        positions_A=walk(), cell_A=cells, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS
    )
    found = displacements(trajectory, specie="Na", drift="none")
    np.testing.assert_allclose(found.mean_cell_A, np.diag([12.1, 12.0, 12.0]), atol=1e-12)
    np.testing.assert_allclose(found.cell_lengths_std_A, [0.1, 0, 0], atol=1e-12)
    assert found.mean_volume_A3 == pytest.approx(12.1 * 144)
    mass_u = 8 * 22.98976928 + 4 * 10.81 + 4 * 1.008
    assert found.density_g_per_cm3 == pytest.approx(mass_u * 1.66053906660 / (12.1 * 144), rel=1e-9)


def test_step_of_half_a_cell_is_refused_by_atom_and_frame():
    truth = walk()
    truth[57:, 9] += [0.45 * LENGTH_A, 0, 0]
    with pytest.raises(TrajectoryError, match=r"atom 9 \(B\) moves by 0\.4.* from frame 56 to 57.*more often"):
        paths(truth, CELL)


def test_hops_of_a_third_of_the_cell_pass():
    truth = walk()
    truth[57:, 3] += [0.3 * LENGTH_A, 0, 0]
    truth[99:, 3] -= [0.3 * LENGTH_A, 0, 0]
    np.testing.assert_allclose(
        moved(paths(wrap(truth, CELL), CELL, drift="none")), moved(truth[:, :N_IONS]), atol=1e-11
    )


def test_atoms_that_do_not_count_may_step_further():
    truth = walk()
    truth[57:, 9] += [0.45 * LENGTH_A, 0, 0]  # a framework atom
    np.testing.assert_allclose(moved(paths(truth, CELL, drift="none")), moved(truth[:, :N_IONS]), atol=ROUNDING_A)


def test_positions_known_to_be_unwrapped_may_step_further():
    truth = walk()[::50]
    truth[3:, 2] += [2.7 * LENGTH_A, 0, 0]
    trajectory = Trajectory.from_arrays(
        positions_A=truth, cell_A=CELL, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS, is_unwrapped=True
    )
    path = displacements(trajectory, specie="Na", drift="none").positions_A
    np.testing.assert_allclose(path, truth[:, :N_IONS], atol=ROUNDING_A)
    framework = displacements(trajectory, specie="Na").positions_A
    assert not np.allclose(path, framework)  # the drift is removed all the same


def test_order_of_the_indices_is_kept():
    truth = walk()
    order = np.random.default_rng(3).permutation(len(SYMBOLS))
    for drift in ("none", "all"):
        path = paths(truth, CELL, specie=order, drift=drift)
        np.testing.assert_array_equal(path, paths(truth, CELL, specie=np.arange(16), drift=drift)[:, order])


def test_hydrogen_at_800_K_every_10_fs_in_a_small_cell_passes():
    """Free flight at the speeds of Maxwell (sqrt(kT/m) = 0.026 A/fs per component) bounds the steps from above."""
    speed_A_per_fs = np.sqrt(1.380649e-23 * 800 / (1.008 * 1.66053906660e-27)) * 1e-5
    steps = np.random.default_rng(0).normal(0, 10.0 * speed_A_per_fs, (20_000, 8, 3))
    truth = np.cumsum(steps, axis=0)
    cell = np.diag([4.3] * 3)
    path = paths(wrap(truth, cell), cell, symbols=["H"] * 8, specie="H")
    # the walk goes 40 A far, wrapped positions have the rounding of 4.3 A, and images add none
    np.testing.assert_allclose(moved(path), moved(truth), atol=1e-10)


def test_steps_too_large_on_average_are_refused_before_one_is_caught():
    # 12 steps of a quarter of the cell, up and down: no single one is above 0.4, the next could be
    positions = np.zeros((13, 1, 3))
    positions[1::2] = LENGTH_A / 4
    with pytest.raises(TrajectoryError, match="root mean square"):
        paths(positions, CELL, symbols=["Na"])


@pytest.mark.parametrize("seed", range(5))
def test_uncorrelated_frames_are_refused(seed):
    positions = np.random.default_rng(seed).uniform(0, LENGTH_A, (5, len(SYMBOLS), 3))
    with pytest.raises(TrajectoryError, match="too far apart"):
        paths(positions, CELL)


def test_change_of_cell_basis_is_refused():
    cells = np.repeat(CELL[None], N_FRAMES, axis=0)
    cells[200:] = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]) @ CELL
    with pytest.raises(TrajectoryError, match="lattice vectors jump at frame 200"):
        paths(walk(), cells)


def test_a_flip_of_a_long_vector_by_a_short_one_is_refused():
    """A box flip changes a vector of 60 A by one of 8 A: a seventh of its own length, and a whole lattice vector."""
    cell = np.diag([8.0, 60.0, 12.0])
    cells = np.repeat(cell[None], N_FRAMES, axis=0)
    cells[200:] = np.array([[1, 0, 0], [-1, 1, 0], [0, 0, 1]]) @ cell
    with pytest.raises(TrajectoryError, match="lattice vectors jump at frame 200"):
        paths(walk(), cells)


@pytest.mark.parametrize("specie", ["Li", [], [0, 0], [99], [-1], np.zeros(16, bool), np.ones(5, bool), [0.5]])
def test_absent_specie_is_refused(specie):
    with pytest.raises(TrajectoryError):
        paths(walk(), CELL, specie=specie)


def test_absent_specie_names_those_present():
    with pytest.raises(TrajectoryError, match=r"no Li .*Na, B, H"):
        paths(walk(), CELL, specie="Li")


def test_unknown_interval_and_drift_are_refused():
    trajectory = Trajectory.from_arrays(positions_A=walk(), cell_A=CELL, symbols=SYMBOLS, frame_interval_fs=None)
    with pytest.raises(TrajectoryError, match="time between frames"):
        displacements(trajectory, specie="Na")
    with pytest.raises(TrajectoryError, match="drift is 'centre'"):
        displacements(trajectory.with_frame_interval(1.0), specie="Na", drift="centre")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["oNBH_600K.npz", "oNBH_800K.npz"])
def test_real_run_is_the_same_wrapped(shared, name):
    trajectory = read_trajectory(shared / "data/trajectories" / name, frame_interval_fs=10.0)
    block = next(trajectory.blocks(max_bytes=10**9))
    assert len(block.positions_A) == trajectory.n_frames
    cell = block.cell_A[0]
    wrapped = Trajectory.from_arrays(
        positions_A=wrap(block.positions_A, cell), cell_A=cell, symbols=trajectory.symbols, frame_interval_fs=10.0
    )
    truth = displacements(trajectory, specie="Na")
    np.testing.assert_allclose(
        moved(displacements(wrapped, specie="Na").positions_A), moved(truth.positions_A), atol=ROUNDING_A
    )
    # the file is unwrapped, its cell fixed: minimum images must give back its own displacements
    np.testing.assert_allclose(
        moved(displacements(trajectory, specie="H", drift="none").positions_A),
        moved(block.positions_A[:, np.array(trajectory.symbols) == "H"]),
        atol=ROUNDING_A,
    )


@pytest.mark.parametrize("stride", [300, 600])
def test_real_run_thinned_too_much_is_refused(shared, stride):
    block = next(
        read_trajectory(shared / "data/trajectories/oNBH_800K.npz", frame_interval_fs=10.0).blocks(max_bytes=10**9)
    )
    symbols = np.load(shared / "data/trajectories/oNBH_800K.npz")["symbols"]
    with pytest.raises(TrajectoryError, match="too far apart"):
        paths(block.positions_A[::stride], block.cell_A[::stride], symbols=symbols)


def test_streamed_fractional_paths_are_those_of_displacements():
    rng = np.random.default_rng(8)
    n_frames, n_atoms = 60, 7
    cells = np.array([[6.0, 0.4, 0.0], [2.5, 7.0, 0.3], [0.1, -1.0, 8.0]]) * (
        1 + 0.02 * np.sin(np.arange(n_frames) / 5)[:, None, None]
    )
    fractional = rng.random((1, n_atoms, 3)) + 0.01 * rng.standard_normal((n_frames, n_atoms, 3)).cumsum(axis=0)
    positions = np.einsum("nax,nxy->nay", np.mod(fractional, 1.0), cells)
    trajectory = Trajectory.from_arrays(
        positions_A=positions, cell_A=cells, symbols=["Na"] * 3 + ["Cl"] * 4, frame_interval_fs=10.0
    )
    blocks = list(fractional_paths(trajectory, specie="Na"))
    streamed = np.concatenate([block.fractional for block in blocks])
    found = displacements(trajectory, specie="Na")
    np.testing.assert_allclose(streamed[:, :3] @ found.mean_cell_A, found.positions_A, atol=1e-10)
    np.testing.assert_allclose(np.concatenate([block.cell_A for block in blocks]), cells)
    # without the framework's drift its centre of mass rests
    centre = streamed[:, 3:].mean(axis=1)
    np.testing.assert_allclose(centre, np.broadcast_to(centre[0], centre.shape), atol=1e-12)
