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


def test_blocks_give_the_error_of_their_mean() -> None:
    """2000 bodies of 27 independent blocks: the 95 % interval holds the mean in 93 to 97 % (binomial, 3.5 sigma)."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        blocks = rng.gamma(40.0, 1 / 40.0, size=27)
        found = deviations(blocks, np.ones(27), np.ones(27), of_blocks=True)
        assert found is not None
        low, high = with_errors(float(blocks.mean()), [(found.std(1, 0, 0), 26)]).interval_95 or (0, 0)
        held += low < 1 < high
    assert 0.93 < held / 2000 < 0.97


def test_fraction_and_conductivity_share_their_errors() -> None:
    """Where sigma is 3 eps in every block, tau = eps/sigma has no error; with one block more, nothing is known."""
    eps = np.array([0.3, 0.4, 0.5])
    found = deviations(3 * eps, eps, eps, of_blocks=True)
    assert found is not None
    assert found.std(-1, 0, 1) == pytest.approx(0, abs=1e-12)
    assert found.std(1, 0, 0) == pytest.approx(0.1 / 0.4 / math.sqrt(3))
    assert deviations([1.0], [1.0], [1.0], of_blocks=True) is None


def test_intervals_end_where_the_value_cannot_be() -> None:
    found = with_errors(1.1, [(0.3, math.inf)], lowest=1.0)
    assert found.interval_95 is not None
    assert found.interval_95[0] == 1.0
    assert found.interval_95[1] == pytest.approx(1.1 * math.exp(1.96 * 0.3), rel=1e-3)


def test_the_resistance_turns_the_interval_around() -> None:
    sigma = Measured(value=1.0, std=0.2, interval_68=(0.8, 1.25), interval_95=(0.6, 1.7))
    found = areal_resistance(Measured(value=100.0, std=0.0), sigma)
    assert found.through.value == pytest.approx(10.0)  # 0.01 cm over 0.001 S/cm
    assert found.through.interval_95 == pytest.approx((10 / 1.7, 10 / 0.6))
    assert found.finite_length.value == pytest.approx(10 / 3)
