"""The density of ions against a Gaussian of known width, and under all that must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.density import DensityCounter, grid_shape, ion_density, smoothed
from paddlewheel.transport.density_symmetry import grid_constraints, orbits_on_grid

seeds = st.integers(0, 2**32 - 1)
SKEW = np.array([[7.0, 0.0, 0.0], [-2.1, 6.4, 0.0], [0.7, 1.1, 8.2]])


def _walk(seed: int, n_frames: int = 40, n_ions: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 9 * rng.random((1, n_ions, 3)) + rng.normal(scale=0.4, size=(n_frames, n_ions, 3)).cumsum(axis=0)


def _in_voxels(width_A: float, n: int, length_A: float, centre_A: float) -> np.ndarray:
    """Share of a periodic one-dimensional Gaussian in each voxel, `[n]`: differences of the error function."""
    edges = (np.arange(n + 1) - 0.5) * length_A / n
    images = centre_A + length_A * np.arange(-3, 4)
    return np.diff(0.5 * (1 + erf((edges[:, None] - images) / (np.sqrt(2) * width_A))), axis=0).sum(axis=1)


def test_harmonic_ion_is_a_gaussian_of_its_width():
    rng, width, length, n = np.random.default_rng(0), 0.6, 8.0, 16
    centre = np.array([1.0, 7.8, 4.1])  # the second across the face of the cell
    positions = centre + rng.normal(scale=width, size=(200_000, 1, 3))
    found = ion_density(positions, cell_A=length * np.eye(3), shape=(n, n, n))
    parts = [_in_voxels(width, n, length, x) for x in centre]
    expected = np.einsum("i,j,k->ijk", *parts)
    counts = found.total() * found.voxel_A3
    seen = expected * 200_000 > 25
    pulls = (counts[seen] - expected[seen]) / np.sqrt(expected[seen] / 200_000)
    # independent draws: the counts are Poisson, so the pulls have a standard deviation of 1 (over 300 voxels: +-0.04)
    assert seen.sum() > 250
    assert np.std(pulls) == pytest.approx(1.0, abs=0.12)
    assert counts.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.std()[seen] * found.voxel_A3 == pytest.approx(np.sqrt(expected[seen] / 200_000), rel=1.2)
    assert np.median(found.std()[seen] * found.voxel_A3 / np.sqrt(expected[seen] / 200_000)) == pytest.approx(
        1, abs=0.1
    )


def test_smoothing_adds_its_variance_and_keeps_the_integral():
    rng, n, length = np.random.default_rng(1), 40, 10.0
    positions = 5.0 + rng.normal(scale=0.5, size=(50_000, 1, 3))
    found = ion_density(positions, cell_A=length * np.eye(3), shape=(n, n, n))
    smooth = found.total(smoothing_A=0.4)
    x = np.arange(n) * length / n - 5.0
    profile = smooth.sum(axis=(1, 2)) * found.voxel_A3
    assert profile.sum() == pytest.approx(1.0, abs=1e-12)
    # voxels add their own h^2 / 12; the sample variance of 50,000 draws is known to 0.6 %
    assert (profile * x**2).sum() == pytest.approx(0.25 + 0.16 + 0.25**2 / 12, rel=0.02)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_order_wrapping_rotation_and_a_move_by_whole_voxels(seed):
    rng = np.random.default_rng(seed)
    positions, shape = _walk(seed), (9, 8, 11)
    found = ion_density(positions, cell_A=SKEW, shape=shape).total()
    order = rng.permutation(positions.shape[1])
    np.testing.assert_array_equal(ion_density(positions[:, order], cell_A=SKEW, shape=shape).total(), found)
    wrapped = np.mod(positions @ np.linalg.inv(SKEW), 1.0) @ SKEW
    # rounding may carry a position on a border into the next voxel: at most one of 200
    assert np.abs(ion_density(wrapped, cell_A=SKEW, shape=shape).total() - found).sum() <= 2.01 * found.max()
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turned = ion_density(positions @ rotation, cell_A=SKEW @ rotation, shape=shape).total()
    assert np.abs(turned - found).sum() <= 2.01 * found.max()
    steps = rng.integers(-20, 20, 3)
    moved = ion_density(positions + steps / np.array(shape) @ SKEW, cell_A=SKEW, shape=shape).total()
    assert np.abs(moved - np.roll(found, steps, axis=(0, 1, 2))).sum() <= 2.01 * found.max()


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_supercell_is_the_cell_repeated(seed):
    positions, shape = _walk(seed), (8, 7, 9)
    found = ion_density(positions, cell_A=SKEW, shape=shape).total()
    inside = np.mod(positions @ np.linalg.inv(SKEW), 1.0) @ SKEW
    doubled = np.concatenate([inside, inside + SKEW[0]], axis=1)
    large = ion_density(doubled, cell_A=SKEW * np.array([[2], [1], [1]]), shape=(16, 7, 9)).total()
    assert np.abs(large - np.tile(found, (2, 1, 1))).sum() <= 4.01 * found.max()


def test_runs_add_up_and_streaming_changes_nothing():
    first, second = _walk(1), _walk(2, n_frames=90)
    cell, shape = 9 * np.eye(3), (10, 10, 10)
    both = ion_density([first, second], cell_A=cell, shape=shape)
    apart = [ion_density(one, cell_A=cell, shape=shape).total() for one in (first, second)]
    np.testing.assert_allclose(both.total(), (40 * apart[0] + 90 * apart[1]) / 130, rtol=1e-12)
    counter = DensityCounter(cell_A=cell, shape=shape, n_frames=130, n_ions=5)
    for run in (first, second):
        counter.start_run()
        for start in range(0, len(run), 17):
            counter.add(run[start : start + 17] / 9.0)
    streamed = counter.finish()
    np.testing.assert_array_equal(streamed.by_block, both.by_block)
    np.testing.assert_array_equal(streamed.by_group, both.by_group)
    assert streamed.rms_step_A == pytest.approx(both.rms_step_A, rel=1e-12)
    # steps of 0.4 A along each of three axes; 640 of them are known to 2 %
    assert both.rms_step_A == pytest.approx(0.4 * np.sqrt(3), rel=0.07)


def test_parts_left_out_are_those_left_out():
    positions = _walk(3, n_frames=50, n_ions=6)
    cell, shape = 9 * np.eye(3), (6, 6, 6)
    found = ion_density(positions, cell_A=cell, shape=shape)
    frames = np.repeat(np.arange(10), 5) != 4
    np.testing.assert_allclose(
        found.without_block(4), ion_density(positions[frames], cell_A=cell, shape=shape).total(), rtol=1e-12
    )
    others = ion_density(np.delete(positions, 2, axis=1), cell_A=cell, shape=shape).total()
    np.testing.assert_allclose(found.without_group(2), others * 6 / 5, rtol=1e-12)


def test_symmetrized_density_is_that_of_all_images():
    positions = _walk(4)
    cell, shape = 9 * np.eye(3), (12, 12, 12)
    # a four-fold screw along c, an inversion: P4_1 with all that follows is found by repeating them
    screw = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    rotations = np.array([np.linalg.matrix_power(screw, k) for k in range(4)])
    translations = np.array([[0, 0, k / 4] for k in range(4)])
    assert grid_constraints(rotations, translations) == ([1, 1, 4], [0, 0, 2])
    orbits = orbits_on_grid(rotations, translations, shape)
    found = ion_density(positions, cell_A=cell, shape=shape).symmetrized(orbits).total()
    images = [positions @ w.T + 9 * t for w, t in zip(rotations, translations, strict=True)]
    expected = np.mean([ion_density(one, cell_A=cell, shape=shape).total() for one in images], axis=0)
    # a position on a border of a voxel may go to either side: one or two of 200
    assert np.abs(found - expected).sum() * found[0, 0, 0].size <= 0.02 * expected.sum()
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-12)
    with pytest.raises(SettingsError, match="does not map"):
        orbits_on_grid(rotations, translations, (12, 12, 10))


def test_grid():
    assert grid_shape(np.diag([12.0, 7.9, 10.01]), spacing_A=0.2) == (60, 40, 51)
    assert grid_shape(np.diag([12.0, 7.9, 10.0]), spacing_A=0.2, multiples=(1, 12, 4), equal=(0, 0, 2)) == (60, 60, 52)
    with pytest.raises(SettingsError, match=r"12 A is more than half of the cell \(10 A\)"):
        grid_shape(10 * np.eye(3), spacing_A=12.0)
    with pytest.raises(SettingsError, match=r"voxels \(at most"):
        grid_shape(30 * np.eye(3), spacing_A=0.01)
    for spacing in (0.0, -1.0, np.nan):
        with pytest.raises(SettingsError, match="spacing"):
            grid_shape(30 * np.eye(3), spacing_A=spacing)
    with pytest.raises(SettingsError, match="smoothing"):
        smoothed(np.ones((2, 2, 2)), cell_A=np.eye(3), smoothing_A=-0.1)


def test_bad_positions():
    with pytest.raises(InputError, match="not a finite number"):
        ion_density(np.full((5, 2, 3), np.nan), cell_A=9 * np.eye(3))
    with pytest.raises(InputError, match="runs of 2, 3 ions"):
        ion_density([np.zeros((5, 2, 3)), np.zeros((5, 3, 3))], cell_A=9 * np.eye(3))
