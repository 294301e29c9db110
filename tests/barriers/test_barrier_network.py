"""Percolation of networks of hops: by hand, and against the percolation of grids, which is other code."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from paddlewheel.barriers.network import Edge, percolation_levels
from paddlewheel.transport.percolation import percolation


def test_a_chain_of_two_sites_by_hand() -> None:
    """0 and 1 along a: the way goes over the higher of two saddles, from the lower of two sites."""
    edges = [Edge(start=0, end=1, shift=(0, 0, 0)), Edge(start=1, end=0, shift=(1, 0, 0))]
    levels = percolation_levels(2, edges, np.array([0.5, 0.3]), np.array([0.0, 0.1]))
    assert set(levels) == {"a", "1D"}
    assert levels["a"].barrier_eV == pytest.approx(0.5)
    assert levels["a"].edge == 0


def test_the_lowest_site_of_another_part_does_not_count() -> None:
    """A deep site that cannot be reached below the saddle is no start of the way; one that can is, though off it."""
    edges = [
        Edge(start=0, end=0, shift=(0, 1, 0)),
        Edge(start=0, end=1, shift=(0, 0, 0)),
        Edge(start=0, end=2, shift=(0, 0, 0)),
    ]
    levels = percolation_levels(3, edges, np.array([0.4, 0.2, 0.9]), np.array([0.0, -0.1, -0.7]))
    assert levels["b"].barrier_eV == pytest.approx(0.5)  # from site 1, in a pocket beside the way


def test_diagonal_loops_count_for_both_axes_and_one_dimension() -> None:
    edges = [Edge(start=0, end=0, shift=(1, 1, 0)), Edge(start=0, end=0, shift=(1, -1, 0))]
    levels = percolation_levels(1, edges, np.array([0.1, 0.2]), np.zeros(1))
    assert {name: level.level_eV for name, level in levels.items()} == {"a": 0.1, "b": 0.1, "1D": 0.1, "2D": 0.2}


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_percolation_of_a_grid(seed: int) -> None:
    """Voxels of random energies joined to their neighbours: each saddle is the higher of its two voxels."""
    shape = (3, 4, 5)
    energy = np.random.default_rng(seed).random(shape)
    number = np.arange(energy.size).reshape(shape)
    edges, saddles = [], []
    for place in itertools.product(*map(range, shape)):
        for axis in range(3):
            other = list(place)
            other[axis] += 1
            shift = [int(value == n) for value, n in zip(other, shape, strict=True)]
            wrapped = tuple(value % n for value, n in zip(other, shape, strict=True))
            edges.append(Edge(start=int(number[place]), end=int(number[wrapped]), shift=(shift[0], shift[1], shift[2])))
            saddles.append(max(energy[place], energy[wrapped]))
    found = percolation_levels(energy.size, edges, np.array(saddles), energy.ravel())
    peer = percolation(-energy).levels
    assert found.keys() == peer.keys()
    for name, level in found.items():
        assert level.level_eV == pytest.approx(-peer[name], abs=1e-12)
