"""Areas, contacts and triple lines of bodies whose geometry is known."""

import math

import numpy as np
import pytest

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.surfaces import surfaces
from paddlewheel.lab.tomography.voxels import Labels


def body(labels, voxel_nm=(10.0, 10.0, 10.0)) -> Labels:
    labels = np.asarray(labels, dtype=np.uint8)
    return Labels(labels=labels, voxel_nm=voxel_nm, names={n: f"phase {n}" for n in np.unique(labels)}, source="made")


def places(shape, voxel_nm=(1.0, 1.0, 1.0)):
    """z, y, x of the centres of voxels from the middle of the body, nm."""
    axes = [(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(shape, reversed(voxel_nm), strict=True)]
    return np.meshgrid(*axes, indexing="ij")


def ball(radius, voxel_nm=(1.0, 1.0, 1.0), shift=(0.3, 0.1, -0.2)):
    shape = [math.ceil((2 * radius + 10 * edge) / edge) for edge in reversed(voxel_nm)]
    z, y, x = places(shape, voxel_nm)
    return (z - shift[0]) ** 2 + (y - shift[1]) ** 2 + (x - shift[2]) ** 2 < radius**2


@pytest.mark.parametrize(("radius", "tolerance"), [(5, 0.04), (10, 0.015), (20, 0.015)])
def test_spheres_have_their_area_within_the_stated_bias(radius, tolerance):
    sphere = surfaces(body(ball(radius), (1000.0,) * 3)).phases[1]
    area = 4 * math.pi * radius**2
    assert sphere.area_um2 == pytest.approx(area, rel=tolerance)
    assert abs(sphere.area_um2 - area) < 2 * sphere.std_um2


def test_the_error_of_a_small_sphere_holds_its_bias():
    found = surfaces(body(ball(3), (1000.0,) * 3))
    sphere, area = found.phases[1], 4 * math.pi * 9
    assert abs(sphere.area_um2 - area) < 2 * sphere.std_um2
    assert "about as thin as voxels" in found.warnings[0]


def test_specific_surface_of_a_sphere_is_three_over_its_radius():
    found = surfaces(body(ball(15), (20.0,) * 3), densities_g_per_cm3={1: 4.5}).phases[1]
    radius_um = 15 * 0.02
    assert found.per_phase_volume_per_um == pytest.approx(3 / radius_um, rel=0.02)
    assert found.m2_per_g == pytest.approx(3 / radius_um / 4.5, rel=0.02)


def test_a_laminate_has_the_area_of_its_planes_to_the_outer_faces_of_the_body():
    labels = np.zeros((30, 6, 8))
    labels[10:20] = 1
    labels[20:] = 2
    found = surfaces(body(labels, (10.0, 20.0, 40.0)))
    plane = 8 * 0.01 * 6 * 0.02
    assert found.body_volume_um3 == pytest.approx(plane * 30 * 0.04)
    assert found.contact_um2[0, 1] == pytest.approx(plane, rel=1e-3)  # one plane's Gaussian ends at the next
    assert found.contact_um2[1, 2] == pytest.approx(plane, rel=1e-3)
    assert found.contact_um2[0, 2] == pytest.approx(0, abs=1e-3 * plane)
    assert found.phases[1].area_um2 == pytest.approx(2 * plane, rel=1e-3)
    assert found.phases[1].mesh_area_um2 == pytest.approx(2 * plane, rel=1e-3)
    assert found.covered_share(1, 2) == pytest.approx(0.5, rel=1e-3)
    assert found.line_um[0, 1, 2] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("voxel_nm", [(1000.0, 1000.0, 1000.0), (1000.0, 1000.0, 4000.0)])
def test_oblique_planes(voxel_nm):
    # the plane n.r = 0 cuts columns along z: its area is the area of its shadow over |n_z|
    z, y, x = places((40, 40, 40), voxel_nm)
    for normal in ((1.0, 0.3, 0.2), (1.0, 0.55, -0.4), (0.9, 0.1, 0.7)):
        labels = z * normal[0] + y * normal[1] + x * normal[2] < 0
        area = 40 * 40 * math.sqrt(sum(part**2 for part in normal)) / normal[0]
        found = surfaces(body(labels, voxel_nm)).contact_um2[0, 1]
        # directions: -1 to +2 % for cubes, -1 to +13 % for 4:1
        assert found == pytest.approx(area, rel=0.025 if voxel_nm[2] == 1000 else 0.14)


def test_slabs_do_not_change_anything(monkeypatch):
    labels = np.random.default_rng(3).integers(0, 3, (13, 6, 7)).repeat(2, 0).repeat(3, 1).repeat(2, 2)
    whole = surfaces(body(labels))
    monkeypatch.setattr("paddlewheel.lab.tomography.surfaces._SLAB_VOXELS", 5 * 18 * 14)
    parts = surfaces(body(labels))
    # float32 sums of different lengths
    assert [p.area_um2 for p in parts.phases.values()] == pytest.approx([p.area_um2 for p in whole.phases.values()])
    assert [p.mesh_area_um2 for p in parts.phases.values()] == pytest.approx(
        [p.mesh_area_um2 for p in whole.phases.values()], rel=1e-5
    )
    assert parts.line_um == pytest.approx(whole.line_um)


@pytest.mark.parametrize("angles_deg", [(120.0, 240.0), (90.0, 180.0), (70.0, 200.0)])
@pytest.mark.parametrize("direction", [(1.0, 0.0, 0.0), (1.0, 0.2, 0.1), (1.0, 0.6, -0.5), (1.0, 0.95, 0.9)])
def test_straight_triple_lines_have_their_length_at_any_angle(angles_deg, direction):
    z, y, x = places((40, 48, 48))
    line = np.array(direction) / np.linalg.norm(direction)
    across = np.cross(line, (0.1, 1.0, 0.2))
    across /= np.linalg.norm(across)
    other = np.cross(line, across)
    u, v = (axis[0] * z + axis[1] * y + axis[2] * x for axis in (across, other))
    labels = np.digitize(np.degrees(np.arctan2(u, v)) % 360, angles_deg)
    length_um = 40 / line[0] / 100
    found = surfaces(body(labels)).line_um[0, 1, 2]
    assert found == pytest.approx(length_um, rel=0.03)  # +0.6 % on average over directions, up to 2.1 %


def test_the_ring_of_a_sphere_in_two_phases():
    z, y, x = places((44, 44, 44))
    labels = (0.6 * z + 0.5 * y + 0.62 * x > 0.2).astype(int)
    labels[z**2 + y**2 + x**2 < 15**2] = 2
    found = surfaces(body(labels))
    ring_um = 2 * math.pi * 0.15
    assert found.line_um[0, 1, 2] == pytest.approx(ring_um, rel=0.06)  # +3 to +6 %: half a voxel towards the flat side
    assert abs(found.line_um[0, 1, 2] - ring_um) < 2 * found.line_std_um[0, 1, 2]
    half_um2 = 2 * math.pi * 0.15**2
    assert found.contact_um2[0, 2] == pytest.approx(half_um2, rel=0.04)
    assert found.contact_um2[1, 2] == pytest.approx(half_um2, rel=0.04)


def test_lines_of_four_phases_belong_to_the_three_that_meet():
    labels = np.zeros((12, 30, 30), dtype=int)
    labels[:, :10, 15:] = 1
    labels[:, 10:20] = 2
    labels[:, 20:] = 3
    labels[:, 20:, 15:] = 0
    found = surfaces(body(labels)).line_um
    assert found[0, 1, 2] == pytest.approx(0.12, rel=0.02)
    assert found[0, 2, 3] == pytest.approx(0.12, rel=0.02)
    assert found[0, 1, 3] == pytest.approx(0, abs=1e-4)
    assert found[1, 2, 3] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("voxel_nm", [(1000.0, 1000.0, 1000.0), (1000.0, 1000.0, 2000.0), (2000.0, 1000.0, 1000.0)])
def test_a_wall_on_a_flat_face_has_its_contacts_within_their_errors(voxel_nm):
    labels = np.zeros((12, 40, 40), dtype=int)
    labels[:, 20:, :20] = 1
    labels[:, 20:, 20:] = 2
    found = surfaces(body(labels, voxel_nm))
    x, y, z = (edge / 1000 for edge in voxel_nm)
    for two, area in {(0, 1): 20 * x * 12 * z, (0, 2): 20 * x * 12 * z, (1, 2): 20 * y * 12 * z}.items():
        assert abs(found.contact_um2[two] - area) < 2 * found.contact_std_um2[two]
        assert found.contact_std_um2[two] < 0.1 * area  # the errors say something


def test_phases_that_do_not_touch_have_no_contact_and_no_line():
    z, y, x = places((24, 24, 24))
    radius = np.sqrt(z**2 + y**2 + x**2)
    found = surfaces(body(np.digitize(radius, (5, 8))))  # a core, its shell of three voxels, and the rest
    assert found.contact_um2[0, 2] == found.contact_std_um2[0, 2] == 0
    assert found.line_um[0, 1, 2] == 0
    assert found.contact_um2[0, 1] > 0
    assert found.contact_um2[1, 2] > 0


def test_no_surface_where_there_is_one_phase():
    found = surfaces(body(np.zeros((4, 4, 4))))
    assert found.phases[0].area_um2 == found.phases[0].mesh_area_um2 == 0
    assert not found.warnings


def test_a_slice_and_a_wrong_density_are_refused():
    with pytest.raises(SettingsError, match=r"5 x 4 x 1 voxels have no surfaces"):
        surfaces(body(np.zeros((1, 4, 5))))
    with pytest.raises(SettingsError, match="density -1"):
        surfaces(body(np.zeros((4, 4, 5))), densities_g_per_cm3={0: -1})
