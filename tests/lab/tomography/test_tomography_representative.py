"""Errors of fractions from the body itself, against known bodies."""

import math

import numpy as np
import pytest
from scipy import ndimage

from paddlewheel.lab.tomography.representative import fraction_error
from paddlewheel.lab.tomography.voxels import Labels


def body(labels, voxel_nm=(10.0, 10.0, 10.0)) -> Labels:
    labels = np.asarray(labels, dtype=np.uint8)
    return Labels(labels=labels, voxel_nm=voxel_nm, names={0: "a", 1: "b"}, source="made")


def test_independent_voxels_have_the_error_of_a_binomial():
    random = np.random.default_rng(3)
    stds = [fraction_error(body(random.random((40, 40, 40)) < 0.2), [1]).std for _ in range(20)]
    # each has the spread of its degrees of freedom
    assert np.sqrt(np.mean(np.square(stds))) == pytest.approx(math.sqrt(0.2 * 0.8 / 40**3), rel=0.25)


def test_blocks_have_an_integral_range_of_their_own_volume():
    # cubes of 4 voxels of random phase at a random place: C(r) is f (1 - f) times a product of triangles; its integral
    # is the volume of a cube
    random = np.random.default_rng(8)
    found = []
    for _ in range(12):
        whole = (random.random((18, 18, 18)) < 0.5).repeat(4, 0).repeat(4, 1).repeat(4, 2)
        z, y, x = random.integers(0, 4, 3)
        found.append(fraction_error(body(whole[z : z + 64, y : y + 64, x : x + 64], (10.0, 10.0, 20.0)), [1]))
    volume_um3 = 4**3 * 0.01 * 0.01 * 0.02
    assert np.mean([one.integral_range_um3 for one in found]) == pytest.approx(volume_um3, rel=0.3)
    edge_um = found[0].edge_for_um(0.01)
    assert edge_um**3 == pytest.approx(found[0].integral_range_um3 * found[0].value * (1 - found[0].value) / 0.01**2)


@pytest.mark.parametrize("fraction", [0.5, 0.15])
def test_intervals_of_a_fraction_hold_the_truth_as_often_as_they_say(fraction):
    # a Gaussian field cut at its quantile: the fraction is exact. The larger study is in benchmarks.
    random = np.random.default_rng(17)
    noise = ndimage.gaussian_filter(random.standard_normal((176, 176, 176)).astype(np.float32), 2, mode="wrap")
    threshold = np.quantile(noise, fraction)
    held, runs = np.zeros(2), 0
    for z, y, x in np.ndindex(4, 4, 4):
        part = noise[z * 44 : z * 44 + 44, y * 44 : y * 44 + 44, x * 44 : x * 44 + 44] < threshold
        found = fraction_error(body(part), [1])
        held += [low <= fraction <= high for low, high in (found.interval_68, found.interval_95)]
        runs += 1
    # 64 bodies: the share that is found has a standard deviation of 6 and 2.7 %; three of them
    assert held[0] / runs == pytest.approx(0.68, abs=0.18)
    assert held[1] / runs >= 0.86


def test_averaging_over_blocks_leaves_the_error(monkeypatch):
    noise = ndimage.gaussian_filter(np.random.default_rng(6).standard_normal((64, 64, 64)), 3)
    fine = fraction_error(body(noise > 0), [1])
    monkeypatch.setattr("paddlewheel.lab.tomography.representative._BLOCKS", 64**3 // 8)
    coarse = fraction_error(body(noise > 0), [1])
    assert coarse.std == pytest.approx(fine.std, rel=0.1)  # the window moves by a block
    assert coarse.value == fine.value


def test_a_body_as_large_as_its_grains_says_so():
    z, y, x = np.mgrid[:20, :20, :20]
    found = fraction_error(body(z + 0.3 * y + 0.2 * x < 15), [1])
    assert "hardly larger than what it varies by" in found.warnings[0]
    assert found.interval_95[0] < 0.3
    assert found.interval_95[1] > 0.7


def test_a_full_body_tells_nothing_of_the_material():
    found = fraction_error(body(np.ones((8, 8, 8))), [1])
    assert (found.value, found.std, found.integral_range_um3, found.edge_for_um(0.01)) == (1, 0, None, None)
    assert "cannot be told" in found.warnings[0]


def test_phases_together():
    labels = np.random.default_rng(1).integers(0, 2, (16, 16, 16))
    assert fraction_error(body(labels), [0, 1]).value == 1
