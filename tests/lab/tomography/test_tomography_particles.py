"""Chords, thickness and particles of plates and balls."""

import numpy as np
import pytest
from scipy import ndimage

from paddlewheel.lab.tomography.particles import chord_lengths, particles, thickness
from paddlewheel.lab.tomography.surfaces import surfaces
from paddlewheel.lab.tomography.voxels import Labels


def body(labels, voxel_nm=(1000.0, 1000.0, 1000.0)) -> Labels:
    labels = np.asarray(labels, dtype=np.uint8)
    return Labels(labels=labels, voxel_nm=voxel_nm, names={0: "matrix", 1: "grains"}, source="made")


def balls(shape, centres, radii, voxel_nm=(1000.0, 1000.0, 1000.0)):
    axes = [(np.arange(n) + 0.5) * edge / 1000 for n, edge in zip(shape, reversed(voxel_nm), strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    filled = np.zeros(shape, dtype=bool)
    for (c_z, c_y, c_x), radius in zip(centres, radii, strict=True):
        filled |= (z - c_z) ** 2 + (y - c_y) ** 2 + (x - c_x) ** 2 < radius**2
    return filled


def test_chords_of_a_drawn_line_are_counted_and_cut_ones_apart():
    line = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1], dtype=bool).reshape(1, 1, -1)
    along = chord_lengths(body(line, (20.0, 10.0, 10.0)), 1).along["x"]
    assert along.length_um == pytest.approx([0.02, 0.06])
    assert list(along.count) == [1, 1]
    assert along.cut == 2
    assert along.mean_um == pytest.approx(9 * 0.02 / 3)  # six ends: three chords


def test_chords_of_a_laminate_and_of_an_endless_direction():
    labels = np.zeros((24, 4, 4))
    labels[np.arange(24) % 8 < 3] = 1
    found = chord_lengths(body(labels, (100.0, 100.0, 300.0)), 1)
    assert found.along["z"].mean_um == pytest.approx(3 * 0.3, rel=0.2)  # the first layer has one end in the body
    assert list(found.along["z"].length_um) == pytest.approx([0.9])
    assert found.along["x"].mean_um is None
    assert found.mean_um == pytest.approx(3 * found.along["z"].mean_um)


@pytest.mark.parametrize("voxel_nm", [(1000.0, 1000.0, 1000.0), (1000.0, 1000.0, 2000.0)])
def test_mean_chord_of_a_ball_is_four_thirds_of_its_radius_and_four_volumes_over_its_surface(voxel_nm):
    labels = body(balls((40, 40, 40), [(20.3 * voxel_nm[2] / 1000, 20.1, 19.8)], [12.0], voxel_nm), voxel_nm)
    area_um2 = surfaces(labels).phases[1].area_um2
    found = chord_lengths(labels, 1, area_um2=area_um2)
    assert found.mean_um == pytest.approx(4 / 3 * 12, rel=0.04)  # single voxels at the rim of the ball
    assert found.from_surface_um == pytest.approx(found.mean_um, rel=0.06)
    assert not found.warnings


def test_chords_that_contradict_the_surface_are_told():
    plates = np.zeros((40, 20, 20))
    plates[10:20] = plates[30:35] = 1
    labels = body(plates)
    found = chord_lengths(labels, 1, area_um2=surfaces(labels).phases[1].area_um2)
    assert found.mean_um / found.from_surface_um == pytest.approx(1.5, rel=0.02)  # all chords along z: 3/(2 |n_z|)
    assert "mean chord of grains" in found.warnings[0]


@pytest.mark.parametrize(("voxels", "diameter"), [(3, 4), (4, 4), (7, 8), (8, 8)])
def test_plates_are_thick_to_a_voxel(voxels, diameter):
    plate = np.zeros((12, 12, 24))
    plate[:, :, 6 : 6 + voxels] = 1
    found = thickness(body(plate), 1)
    assert (found.d10_um, found.d50_um, found.d90_um, found.mean_um) == pytest.approx((diameter,) * 4)
    assert found.share.sum() == pytest.approx(1)


def test_thickness_tells_large_from_small_balls_by_volume():
    found = thickness(body(balls((40, 40, 70), [(20, 20, 20), (20, 20, 50)], [15, 8])), 1)
    assert found.d90_um == pytest.approx(30, abs=1.5)
    small = 8**3 / (8**3 + 15**3)
    assert found.share[found.diameter_um[1:] <= 17].sum() == pytest.approx(small, abs=0.03)


@pytest.mark.parametrize("radius", [5, 8, 12, 20])
def test_thickness_of_a_ball_is_off_by_no_more_than_is_said(radius):
    edge = 2 * radius + 6
    found = thickness(body(balls((edge,) * 3, [(edge / 2 + 0.3,) * 3], [radius])), 1)
    assert found.d50_um == pytest.approx(2 * radius, abs=1.1 * found.resolution_um)


def test_thickness_knows_the_edges_of_voxels():
    plate = np.zeros((20, 12, 12))
    plate[5:9] = 1
    assert thickness(body(plate, (1000.0, 1000.0, 4000.0)), 1).mean_um == pytest.approx(16)


def test_every_voxel_has_the_largest_ball_that_holds_it():
    # by definition: over all voxels q, the largest distance at q of those balls that hold p
    random = np.random.default_rng(2)
    inside = ndimage.gaussian_filter(random.standard_normal((9, 10, 12)), 1.5) > -0.02
    edges = np.array([2.0, 1.0, 1.0])
    distance = ndimage.distance_transform_edt(inside, sampling=edges)
    places = np.argwhere(inside) * edges
    radii = distance[inside]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    expected = 2 * np.where(apart < 0.99995 * radii[None], radii[None], 0).max(axis=1)
    found = thickness(body(inside, (1000.0, 1000.0, 2000.0)), 1)
    assert found.mean_um == pytest.approx(expected.mean(), rel=1e-5)
    assert found.d90_um == pytest.approx(np.quantile(expected, 0.9), rel=1e-5)


def test_no_thickness_of_what_fills_the_body_or_is_not_there():
    assert thickness(body(np.ones((4, 4, 4))), 1) is None
    assert thickness(body(np.zeros((4, 4, 4))), 1) is None


def test_balls_that_touch_are_two_particles_and_cut_ones_are_apart():
    labels = body(balls((40, 40, 90), [(20, 20, 20), (20, 20, 39), (20, 20, 70), (0, 0, 60)], [10, 10, 6, 8]))
    found = particles(labels, 1)
    assert found.diameter_um == pytest.approx([12, 20, 20], rel=0.02)
    assert found.cut == 1
    assert found.cut_share == pytest.approx(8**3 / 4 / (2 * 1000 + 216 + 8**3 / 4), rel=0.05)
    assert found.d90_um == pytest.approx(20, rel=0.02)


def test_particles_weigh_by_the_chance_to_lie_wholly_in_the_body():
    found = particles(body(balls((42, 42, 42), [(15, 15, 15), (34, 34, 34)], [12, 5])), 1)
    # of 40 places inside the border, a cube of 24 fits in 17 along each axis, one of 10 in 31
    weights = np.array([5**3 / 31**3, 12**3 / 17**3])
    assert found.weight == pytest.approx(weights / weights.sum(), rel=0.08)  # the small one has 5 % more voxels


def test_slices_of_four_pixels_give_the_same_particles():
    found = particles(
        body(balls((14, 50, 50), [(28, 25, 25)], [14], (1000.0, 1000.0, 4000.0)), (1000.0, 1000.0, 4000.0)), 1
    )
    assert found.diameter_um == pytest.approx([28], rel=0.02)


def test_large_bodies_are_taken_at_every_second_voxel_and_say_so(monkeypatch):
    monkeypatch.setattr("paddlewheel.lab.tomography.particles._WATERSHED_VOXELS", 10_000)
    found = particles(body(balls((40, 40, 40), [(20, 20, 20)], [12])), 1)
    assert found.diameter_um == pytest.approx([24], rel=0.05)
    assert "every 2. voxel" in found.warnings[0]


def test_two_slices_have_no_whole_particles(recwarn):
    found = particles(body(balls((2, 30, 30), [(1, 8, 8), (1, 20, 20)], [4, 5])), 1)
    assert found.d50_um is None
    assert found.cut_share == 1.0
    assert not recwarn.list


def test_no_particles_of_an_absent_phase():
    found = particles(body(np.zeros((8, 8, 8))), 1)
    assert (found.diameter_um.size, found.d50_um, found.cut, found.cut_share) == (0, None, 0, 0)
