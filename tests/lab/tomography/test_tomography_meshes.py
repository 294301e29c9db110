"""Meshes for pictures, and errors of flows from blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paddlewheel.lab.tomography.electrode import areal_resistance
from paddlewheel.lab.tomography.meshes import surface_meshes
from paddlewheel.lab.tomography.transport.errors import deviations, with_errors
from paddlewheel.lab.tomography.voxels import Labels
from paddlewheel.records import Measured


def _volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Of a closed mesh, positive where its triangles turn outward."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_a_ball_in_anisotropic_voxels_is_a_closed_mesh_of_its_volume() -> None:
    z, y, x = np.meshgrid(np.arange(24) * 2 + 1, np.arange(48) + 0.5, np.arange(48) + 0.5, indexing="ij")
    ball = ((x - 24) ** 2 + (y - 24) ** 2 + (z - 24) ** 2 < 18**2).astype(np.uint8)
    labels = Labels(labels=ball, voxel_nm=(100, 100, 200), names={0: "pore", 1: "ball"}, source="test")
    outside, inside = surface_meshes(labels, [0, 1], most_triangles=40_000)
    assert len(outside.faces) + len(inside.faces) <= 40_000
    # to 2 %: the coarse grid and its smoothing
    exact = 4 / 3 * math.pi * 1.8**3
    assert _volume(inside.vertices_um.astype(float), inside.faces) == pytest.approx(
        exact, rel=0.02
    )  # grid and smoothing
    assert _volume(outside.vertices_um.astype(float), outside.faces) == pytest.approx(4.8**3 - exact, rel=0.02)
    few = surface_meshes(labels, [0, 1], most_triangles=4000)
    assert 2000 < sum(len(mesh.faces) for mesh in few) <= 4000


@pytest.mark.parametrize("parts", [2, 3])
def test_blocks_give_the_variance_of_a_body_of_which_they_are_touching_parts(parts: int) -> None:
    """Blocks of variance 1 with one covariance, so that their mean has the variance n^-0.7."""
    count = parts**3
    body = 1 / count**0.7
    random = np.random.default_rng(3)
    stated = []
    for _ in range(4000):
        # every two blocks with the covariance that gives their mean the variance `body`, of blocks of variance 1
        covariance = (body - 1 / count) / (1 - 1 / count)
        blocks = np.sqrt(covariance) * random.normal() + np.sqrt(1 - covariance) * random.normal(size=count)
        found = deviations(1 + 1e-3 * blocks, np.ones(count), np.ones(count), of_blocks=True)
        assert found is not None
        stated.append((1e3 * found.std(1, 0, 0)) ** 2)
    # 4000 variances of 7 or 26 degrees of freedom: 0.8 or 0.4 % of error, five of them
    assert np.mean(stated) == pytest.approx(body, rel=0.04)


def test_fraction_and_conductivity_share_their_errors() -> None:
    """Where sigma is 3 eps in every block, tau = eps/sigma has no error; with one block more, nothing is known."""
    eps = np.array([0.3, 0.4, 0.5])
    found = deviations(3 * eps, eps, eps, of_blocks=True)
    assert found is not None
    assert found.std(-1, 0, 1) == pytest.approx(0, abs=1e-12)
    assert found.std(1, 0, 0) == pytest.approx(0.25 * math.sqrt(2 / 3 / (3**0.7 - 1)))
    assert deviations([1.0], [1.0], [1.0], of_blocks=True) is None


def test_intervals_end_where_the_value_cannot_be() -> None:
    found = with_errors(1.1, [(0.3, math.inf)], lowest=1.0)
    assert found.interval_95 is not None
    assert found.interval_95[0] == 1.0
    assert found.interval_95[1] == pytest.approx(1.1 * math.exp(1.96 * 0.3), rel=1e-3)


def test_intervals_begin_at_the_ends_between_which_a_value_lies() -> None:
    found = with_errors(2.0, [(0.1, math.inf)], between=(1.5, 3.0))
    reach = math.exp(1.959964 * 0.1)
    assert found.interval_95 == pytest.approx((1.5 / reach, 3.0 * reach))
    assert found.std == pytest.approx(2 * math.hypot(0.1, math.log(2) / math.sqrt(12)))  # of an even distribution
    assert with_errors(2.0, [], between=(1.5, 3.0)).interval_68 == pytest.approx((1.5, 3.0))


def test_the_resistance_turns_the_interval_around() -> None:
    sigma = Measured(value=1.0, std=0.2, interval_68=(0.8, 1.25), interval_95=(0.6, 1.7))
    found = areal_resistance(Measured(value=100.0, std=0.0), sigma)
    assert found.through.value == pytest.approx(10.0)  # 0.01 cm over 0.001 S/cm
    assert found.through.interval_95 == pytest.approx((10 / 1.7, 10 / 0.6))
    assert found.finite_length.value == pytest.approx(10 / 3)
