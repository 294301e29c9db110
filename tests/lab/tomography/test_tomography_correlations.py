"""Two-point correlations of random bodies whose S2 is known, and against a sum over all pairs."""

import itertools
import math

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.correlations import autocorrelation, two_point
from paddlewheel.lab.tomography.voxels import Labels


def body(labels, voxel_nm=(1000.0, 1000.0, 1000.0)) -> Labels:
    labels = np.asarray(labels, dtype=np.uint8)
    return Labels(labels=labels, voxel_nm=voxel_nm, names={0: "matrix", 1: "grains"}, source="made")


def spheres(edge: int, *, radius: float, density: float, seed: int = 4):
    """Union of balls of a radius in voxels around Poisson points, whole bodies away from the border."""
    random = np.random.default_rng(seed)
    reach = math.ceil(radius)
    filled = np.zeros((edge + 4 * reach,) * 3, dtype=bool)
    offsets = np.arange(-reach, reach + 1)
    for centre in random.uniform(reach, edge + 3 * reach, (random.poisson(density * (edge + 2 * reach) ** 3), 3)):
        corner = centre.astype(int)
        z, y, x = (offsets + part + 0.5 - exact for part, exact in zip(corner, centre, strict=True))
        box = tuple(slice(part - reach, part + reach + 1) for part in corner)
        filled[box] |= z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2 < radius**2
    return filled[2 * reach : -2 * reach, 2 * reach : -2 * reach, 2 * reach : -2 * reach]


def test_autocorrelation_is_the_mean_over_all_pairs():
    values = np.random.default_rng(0).standard_normal((4, 5, 6))
    found = autocorrelation(values, (2, 2, 3))
    for lag in itertools.product(range(-2, 3), range(-2, 3), range(-3, 4)):
        here = tuple(slice(max(-step, 0), n - max(step, 0)) for step, n in zip(lag, values.shape, strict=True))
        there = tuple(slice(max(step, 0), n - max(-step, 0)) for step, n in zip(lag, values.shape, strict=True))
        expected = (values[here] * values[there]).mean()
        assert found[lag[0] + 2, lag[1] + 2, lag[2] + 3] == pytest.approx(expected, abs=1e-6)  # float32


def test_s2_of_boolean_spheres():
    # P(both outside) = exp(-n V_union(r)) (Matheron; Torquato, eq. 5.30 for S2 of overlapping spheres)
    radius, fraction = 5.0, 0.3
    density = -math.log(1 - fraction) / (4 / 3 * math.pi * radius**3)
    found = two_point(body(spheres(100, radius=radius, density=density), (20.0,) * 3), 1)
    assert found.fraction == pytest.approx(fraction, abs=0.03)  # its standard deviation is 0.011
    r = found.radial_distance_um / 0.02
    lens = np.where(r < 2 * radius, 1 - 3 / 4 * r / radius + (r / radius) ** 3 / 16, 0)
    # with the density that this body happens to have
    log_outside = math.log(1 - found.fraction)
    expected = 2 * found.fraction - 1 + np.exp(log_outside * (2 - lens))
    assert found.radial_s2[: 3 * 5] == pytest.approx(expected[: 3 * 5], abs=0.006)
    surface = 3 / radius * (1 - found.fraction) * -log_outside  # n 4 pi R^2 exp(-n V)
    assert found.specific_surface_per_um * 0.02 == pytest.approx(surface, rel=0.05)
    covariance = np.where(r > 0, expected - found.fraction**2, found.fraction * (1 - found.fraction))
    assert found.length_um == pytest.approx(np.trapezoid(covariance, r * 0.02) / covariance[0], rel=0.15)


def test_white_noise_has_no_correlation():
    noise = np.random.default_rng(1).random((60, 60, 60)) < 0.4
    found = two_point(body(noise), 1)
    for axis in ("x", "y", "z"):
        assert found.axis_s2[axis][0] == pytest.approx(found.fraction)
        assert found.axis_s2[axis][1:] == pytest.approx(found.fraction**2, abs=0.005)  # five standard deviations
    assert found.radial_s2[1:] == pytest.approx(found.fraction**2, abs=0.003)


def test_a_phase_and_all_others_together_are_correlated_over_the_same_lengths():
    """Their deviations from the fraction are each other's negative."""
    balls = spheres(60, radius=6, density=0.3 / (4 / 3 * math.pi * 6**3), seed=1)
    grains, rest = (two_point(body(balls), phase) for phase in (1, 0))
    known = {axis: length for axis, length in grains.axis_length_um.items() if length is not None}
    assert known
    assert {axis: length for axis, length in rest.axis_length_um.items() if length is not None} == pytest.approx(
        known, rel=1e-4
    )  # float32
    assert grains.length_um == pytest.approx(rest.length_um, rel=1e-4)


def test_a_laminate_swings_across_and_stays_along():
    labels = np.zeros((64, 32, 32))
    labels[np.arange(64) % 8 < 4] = 1
    found = two_point(body(labels, (100.0, 100.0, 50.0)), 1)
    lag = np.arange(17) % 8
    assert found.axis_s2["z"][::8] == pytest.approx(0.5)  # whole periods; float32
    assert found.axis_s2["z"][4::8] == pytest.approx(0, abs=1e-6)
    assert found.axis_distance_um["z"] == pytest.approx(np.arange(17) * 0.05)
    assert found.axis_s2["z"] == pytest.approx(0.5 - np.minimum(lag, 8 - lag) / 8, abs=0.05)  # ends of the body
    assert found.axis_s2["x"] == pytest.approx(0.5)
    assert found.axis_length_um["x"] is None
    assert found.axis_length_um["z"] == pytest.approx(0.05, rel=0.15)  # a triangle of one voxel's half height


@pytest.mark.parametrize("voxel_nm", [(1000.0, 1000.0, 1000.0), (1000.0, 1000.0, 2000.0)])
def test_slope_at_0_is_the_surface_of_a_ball(voxel_nm):
    thick = voxel_nm[2] / 1000
    z, y, x = np.meshgrid(*[(np.arange(48) - 23.6) * edge for edge in (thick, 1, 1)], indexing="ij", sparse=True)
    ball = z**2 + y**2 + x**2 < 15**2
    found = two_point(body(ball, voxel_nm), 1).specific_surface_per_um * 48**3 * thick
    # pairs are fewer by a few percent where they would leave the body
    assert found == pytest.approx(4 * math.pi * 15**2, rel=0.06)


def test_a_slice_and_a_short_vector_are_refused():
    with pytest.raises(SettingsError, match="8 x 8 x 1 voxels have no correlations"):
        two_point(body(np.zeros((1, 8, 8))), 1)
    with pytest.raises(SettingsError, match="take at least a voxel"):
        two_point(body(np.zeros((8, 8, 8))), 1, largest_um=0.5)
